"""What followed the last time: a pointer into the words so far, where the last ones stood before.

Three words that stood together before, in the same order, and every further one that agreed, tell
how far what followed then may be trusted now (Mahoney's match model, 2005, on words).
"""

from forecast.compiled import compiled
from forecast.learner import Ints

LEAST = 3  # words
LENGTHS = 16
PLACES = 2**16

# ints: words kept, words that came, where the repeat goes on (+ 1, 0 for none) and how long it has
# agreed; where three words last stood (+ 1); the words kept
KEPT, CAME, POINTER, AGREED = range(4)
FOUND = 4
HISTORY = FOUND + PLACES


def history_for(nodes: int) -> int:
    """Words that are kept beside so many nodes: a power of two, an eighth of them."""
    kept = 64
    while kept < nodes // 8:
        kept *= 2
    return kept


def repeats_ints(kept: int) -> int:
    """Ints of what is repeated in so many words, a power of two."""
    return HISTORY + kept


def repeats_begin(i: Ints, kept: int) -> None:
    """Nothing has come yet, in ints that are all 0."""
    i[KEPT] = kept


@compiled
def _word(i, t):
    return i[HISTORY + (t & (i[KEPT] - 1))]


@compiled
def repeated(i):
    """The word that followed the last time; -1 if there was none."""
    return _word(i, i[POINTER] - 1) if i[POINTER] > 0 else -1


@compiled
def agreed(i):
    """How many words have agreed, up to 15; -1 where nothing is repeated."""
    return min(i[AGREED], LENGTHS - 1) if i[POINTER] > 0 else -1


@compiled
def _place(i):
    """Where the last three words are looked for."""
    mixed = 0
    for back in range(1, LEAST + 1):
        mixed = (mixed + _word(i, i[CAME] - back) + 1) * -7046029254386353131
    return FOUND + ((mixed ^ (mixed >> 32)) & (PLACES - 1))


@compiled
def _agreement(i, t):
    """How many words before t agree with the last ones, up to 15."""
    same = 0
    while (
        same < LENGTHS - 1
        and same < t
        and i[CAME] - t + same + 1 < i[KEPT]
        and _word(i, t - 1 - same) == _word(i, i[CAME] - 1 - same)
    ):
        same += 1
    return same


@compiled
def repeats_learn(i, w):
    """Word w came: the repeat goes on, or is over and another is looked for."""
    goes_on = i[POINTER] > 0 and repeated(i) == w
    i[HISTORY + (i[CAME] & (i[KEPT] - 1))] = w
    i[CAME] += 1
    if goes_on:
        i[AGREED] += 1
        i[POINTER] += 1
    else:
        i[POINTER] = 0
    if i[CAME] < LEAST:
        return
    place = _place(i)
    t = i[place]
    if i[POINTER] == 0 and t > 0 and i[CAME] - t + LENGTHS < i[KEPT]:
        same = _agreement(i, t)
        if same >= LEAST:
            i[POINTER] = t + 1
            i[AGREED] = same
    i[place] = i[CAME]
