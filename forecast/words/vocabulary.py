"""Words and their numbers, and how often each was seen: a table that is bounded and exact.

A word is looked for by a hash of its bytes and compared byte by byte, so no two are confused. When
the table is full no new word enters: it stays new each time that it comes, and is spelled again.
"""

from forecast.compiled import compiled
from forecast.learner import Ints
from forecast.words.table import slots_for

LONGEST = 40  # bytes of a word

# ints of a vocabulary: words it may hold, slots, words it holds, words seen once and twice, words
# that came when there was no room, all words that came; then (word + 1) of each slot; then for each
# word its length, how often it was seen, and its bytes, eight in an int
CAPACITY, SLOTS, KNOWN, ONCE, TWICE, HOMELESS, SEEN = range(7)
HEAD = 7
LENGTH, TIMES, BYTES = range(3)
WORD = BYTES + LONGEST // 8

# FNV-1a (Fowler, Noll and Vo), its offset as a signed number
OFFSET, PRIME = -3750763034362895579, 1099511628211


def vocabulary_ints(capacity: int) -> int:
    """Ints of a vocabulary of so many words."""
    return HEAD + slots_for(capacity) + capacity * WORD


def vocabulary_begin(i: Ints, capacity: int) -> None:
    """A vocabulary without a word, in ints that are all 0."""
    i[CAPACITY] = capacity
    i[SLOTS] = slots_for(capacity)


@compiled
def _record(i, w):
    """Where the record of a word begins."""
    return HEAD + i[SLOTS] + w * WORD


@compiled
def word_length(i, w):
    """Bytes of a word."""
    return i[_record(i, w) + LENGTH]


@compiled
def word_times(i, w):
    """How often a word was seen."""
    return i[_record(i, w) + TIMES]


@compiled
def word_byte(i, w, j):
    """Byte j of a word."""
    return (i[_record(i, w) + BYTES + j // 8] >> (8 * (j % 8))) & 255


@compiled
def word_read(i, w, y):
    """Write the bytes of a word to y [40]; returns how many."""
    for j in range(word_length(i, w)):
        y[j] = word_byte(i, w, j)
    return word_length(i, w)


def word_bytes(i: Ints, w: int) -> bytes:
    """The bytes of a word."""
    at = HEAD + int(i[SLOTS]) + w * WORD
    packed = i[at + BYTES : at + WORD].astype("<i8").tobytes()
    return packed[: i[at + LENGTH]]


@compiled
def _is(i, w, y):
    """Whether word w is spelled as the bytes y."""
    if word_length(i, w) != len(y):
        return False
    same = 0
    while same < len(y) and word_byte(i, w, same) == y[same]:
        same += 1
    return same == len(y)


@compiled
def _place(i, y):
    """Where the slot of a word lies, or the free one where it would."""
    mixed = OFFSET
    for j in range(len(y)):
        mixed = (mixed ^ y[j]) * PRIME
    mask = i[SLOTS] - 1
    slot = (mixed ^ (mixed >> 32)) & mask
    while i[HEAD + slot] != 0 and not _is(i, i[HEAD + slot] - 1, y):
        slot = (slot + 1) & mask
    return HEAD + slot


@compiled
def word_find(i, y):
    """Number of a word, bytes y, 0 or more; -1 if it is not known."""
    return i[_place(i, y)] - 1


@compiled
def word_add(i, y):
    """Number of a word, bytes y, which becomes known if there is room; -1 if there is none."""
    place = _place(i, y)
    if i[place] == 0:
        if i[KNOWN] == i[CAPACITY]:
            return -1
        w = i[KNOWN]
        i[place] = w + 1
        i[KNOWN] += 1
        record = _record(i, w)
        i[record + LENGTH] = len(y)
        for j in range(len(y)):
            i[record + BYTES + j // 8] |= int(y[j]) << (8 * (j % 8))
    return i[place] - 1


@compiled
def word_count(i, w):
    """Count a word that came; -1 stands for one that is not known."""
    i[SEEN] += 1
    if w < 0:
        i[HOMELESS] += 1
        return
    record = _record(i, w)
    i[record + TIMES] += 1
    if i[record + TIMES] == 1:
        i[ONCE] += 1
    elif i[record + TIMES] == 2:
        i[ONCE] -= 1
        i[TWICE] += 1
    elif i[record + TIMES] == 3:
        i[TWICE] -= 1


@compiled
def discount(i):
    """d in (0, 1), taken from each known word and given to the new: what a sighting overstates.

    d = (n_1 + 1) / (n_1 + 2 n_2 + 2),  n_1 and n_2 words seen once and twice
    Source: Ney, Essen and Kneser (1994), drawn to 1/2 while few words are known.
    """
    return (i[ONCE] + 1.0) / (i[ONCE] + 2.0 * i[TWICE] + 2.0)


@compiled
def frequency(i, w):
    """Share of a word in all that came; for -1 that of all new words together.

        p(w) = (n_w - d) / t,   p(new) = (d V + h) / t

    h counts the words that came new and found no room. With t = sum_w n_w + h these sum to 1.
    """
    if i[SEEN] == 0:
        return 1.0 if w < 0 else 0.0
    d = discount(i)
    if w < 0:
        return (d * i[KNOWN] + i[HOMELESS]) / i[SEEN]
    return (word_times(i, w) - d) / i[SEEN]
