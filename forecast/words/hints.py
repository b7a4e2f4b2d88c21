"""What a model of words knows of the next bit: the known words that the bits so far may become.

Before a word, ``forecast.words.wordwise`` gives each known word a probability, and what is left to
a new one. Every bit that comes leaves fewer of them. Of those that are left, with the word that may
have ended here and the new one that begins so, how many go on by a one? That is a hint to who mixes
bits, beside all its contexts of bytes: no claim, for it is weighed like all other inputs, and a
word's probability need not be paid for. Nothing has to sum to one but the bit.

While a word is spelled the model of words stands still; it learns when the next word begins.
"""

import math

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Floats, Ints
from forecast.words.ordered import (
    HELD,
    begins_word,
    ordered_add,
    ordered_begin,
    ordered_came,
    ordered_floats,
    ordered_ints,
    ordered_weigh,
    split,
    weight_between,
)
from forecast.words.recent import KNOWN
from forecast.words.repeats import repeated
from forecast.words.tokens import FORMS, NO_WORD, form_after, form_begun
from forecast.words.vocabulary import LONGEST
from forecast.words.wordwise import (
    BLOCKS,
    grams_of,
    in_hand,
    recent_of,
    repeats_of,
    shares_of,
    survey,
    vocabulary_of,
    word_came,
)

# ints: the form of the word so far, how many bytes it has, the places of the words that it may
# become, its bytes; where the words in order begin, the model of words, and its floats
FORM, LENGTH, LOW, HIGH, SPELLED = range(5)
STANDING = SPELLED + LONGEST // 8  # ints that say where the word stands
AT_ORDERED, AT_WORDS, OF_WORDS = range(STANDING, STANDING + 3)
HEAD = STANDING + 3
# floats: the probability that a new word comes and begins so; how often new words began with each
# byte, and in all; what is known of the bits after a word that has ended, by its form
NEW, BEGAN, BEGAN_IN_ALL, ENDED = 0, 1, 257, 258
OF_ORDERED = ENDED + 256 * FORMS

# the desk. For each path of bits: in ints the places that are left; in floats their weight, that of
# the word that may have ended before, and the probability of the path
PATHS = 512
D_LOW, D_HIGH = 0, PATHS
D_PATHS = 2 * PATHS
G_LEFT, G_ENDED, G_PATH = 0, PATHS, 2 * PATHS
G_PATHS = 3 * PATHS

# what selects a set of weights: how sure a hint is, what it says, and which bit it is about
SURENESSES = np.array([0.2, 0.5, 0.8, 0.93, 0.98, 0.995])
LOGITS = 16
HINT_SETS = (len(SURENESSES) + 2) * LOGITS * 8
LEAST = 1e-5  # of a probability
SMOOTHED = 0.02  # of the weight of known words, for either bit
BEGAN_FIRST = 0.05  # how often each byte began a new word before any came
ENDED_RATE = 0.02
NOTHING = 1e-30  # a weight that is none


def hints_begin(f: Floats, i: Ints, vocabulary: int, words: tuple[Floats, Ints]) -> None:
    """No word so far, beside a model of words that knows none; in arrays that are all 0."""
    i[AT_ORDERED] = HEAD
    i[AT_WORDS], i[OF_WORDS] = hints_ints(vocabulary, 0), hints_floats(vocabulary, 0)
    ordered_begin(i[HEAD : i[AT_WORDS]], vocabulary)
    f[BEGAN:BEGAN_IN_ALL] = BEGAN_FIRST
    f[BEGAN_IN_ALL] = 256 * BEGAN_FIRST
    f[ENDED:OF_ORDERED] = 0.5
    f[i[OF_WORDS] :], i[i[AT_WORDS] :] = words  # it lies in these arrays as it lay in its own


def hints_ints(vocabulary: int, words: int) -> int:
    """Ints of hints from so many words, and a model of them that has so many ints."""
    # the model begins on a line of memory
    return -(-(HEAD + ordered_ints(vocabulary)) // 8) * 8 + words


def hints_floats(vocabulary: int, words: int) -> int:
    """Floats of hints from so many words, and a model of them that has so many floats."""
    return OF_ORDERED + ordered_floats(vocabulary) + words


@compiled
def _ordered(i):
    return i[i[AT_ORDERED] : i[AT_WORDS]]


@compiled
def _weights(f, i):
    return f[OF_ORDERED : i[OF_WORDS]]


@compiled
def _vocabulary(i):
    return vocabulary_of(i[i[AT_WORDS] :])


# ---- asked for a byte --------------------------------------------------------------------------


@compiled
def hints_lay_out(f, i, d, at, g, to):
    """What is left before the first bit of a byte, from ``at`` on in d and from ``to`` on in g."""
    ordered, weights = _ordered(i), _weights(f, i)
    low, high, ended = i[LOW], i[HIGH], 0.0
    if begins_word(_vocabulary(i), ordered, low, high, i[LENGTH]):
        ended = weight_between(weights, ordered, low, low + 1)
        low += 1
    d[at + D_LOW + 1], d[at + D_HIGH + 1] = low, high
    g[to + G_LEFT + 1] = weight_between(weights, ordered, low, high)
    g[to + G_ENDED + 1] = ended
    g[to + G_PATH + 1] = 1.0


@compiled
def hint_says(f, i, d, at, g, to, x, r, path, bit):
    """Write to x[r] and x[r + 1] what the words say of a bit; returns the set that it selects.

    p(1) = (ones + ended e_1 + new / 2) / (ones + zeros + ended + new)
    """
    ordered = _ordered(i)
    low, high = np.int64(d[at + D_LOW + path]), np.int64(d[at + D_HIGH + path])
    middle = split(_vocabulary(i), ordered, low, high, i[LENGTH], bit)
    zeros = weight_between(_weights(f, i), ordered, low, middle)
    ones = max(g[to + G_LEFT + path] - zeros, 0.0)
    ended = g[to + G_ENDED + path]
    ended_one = ended * f[ENDED + 256 * i[FORM] + path]
    for way in range(2):
        on = 2 * path + way
        d[at + D_LOW + on] = middle if way else low
        d[at + D_HIGH + on] = high if way else middle
        g[to + G_LEFT + on] = ones if way else zeros
        g[to + G_ENDED + on] = ended_one if way else ended - ended_one
    known = ones + zeros + ended
    if known < NOTHING:
        x[r], x[r + 1] = 0.0, 0.0
        return bit
    new = f[NEW] * g[to + G_PATH + path]
    one = ones + ended_one + 0.5 * new
    logit = _logit(one / (known + new))
    x[r] = logit
    x[r + 1] = _logit((one + SMOOTHED * known) / (known + new + 2.0 * SMOOTHED * known))
    return (_sureness(known / (known + new)) * LOGITS + _step(logit)) * 8 + bit


@compiled
def _logit(p):
    p = min(max(p, LEAST), 1.0 - LEAST)
    return math.log(p / (1.0 - p))


@compiled
def _step(logit):
    """A logit as one of 16 steps."""
    return min(max(int(1.5 * logit + LOGITS // 2), 0), LOGITS - 1)


@compiled
def _sureness(share):
    """The share of known words in what is left, as one of 7 numbers from 1."""
    k = 0
    while k < len(SURENESSES) and share >= SURENESSES[k]:
        k += 1
    return k + 1


@compiled
def path_goes_on(g, to, path, p):
    """The probability of a path with either bit after it, p being that of a one."""
    g[to + G_PATH + 2 * path + 1] = g[to + G_PATH + path] * p
    g[to + G_PATH + 2 * path] = g[to + G_PATH + path] * (1.0 - p)


# ---- a byte came -------------------------------------------------------------------------------


@compiled
def hints_learn(f, i, d, at, g, to, y):
    """Byte y came, of which was spoken: the word goes on, or is learned and the next begins."""
    if _goes_on(f, i, d, at, g, to, y):
        return
    if i[LENGTH] > 0:
        _end(f, i, y)
    _begin(f, i, y)


@compiled
def hints_follow(f, i, d, at, g, to, y):
    """Go on along byte y and learn nothing: after the end of this word the words are silent."""
    if not _goes_on(f, i, d, at, g, to, y):
        i[FORM], i[LENGTH], i[LOW], i[HIGH] = NO_WORD, 0, 0, 0


@compiled
def _goes_on(f, i, d, at, g, to, y):
    """Whether the word goes on by byte y, of whose bits was spoken; if so, it does."""
    form = form_after(i[FORM], y) if i[LENGTH] < LONGEST else NO_WORD
    if form == NO_WORD:
        return False
    path = 256 | y
    i[FORM], i[LOW], i[HIGH] = form, d[at + D_LOW + path], d[at + D_HIGH + path]
    f[NEW] *= g[to + G_PATH + path]
    _spell(i, y)
    return True


@compiled
def _spell(i, y):
    """The word so far has one more byte."""
    i[SPELLED + i[LENGTH] // 8] |= y << (8 * (i[LENGTH] % 8))
    i[LENGTH] += 1


@compiled
def _end(f, i, y):
    """The word has ended, as byte y tells: the model learns it."""
    path = 1
    for bit in range(8):
        one = (y >> (7 - bit)) & 1
        chance = ENDED + 256 * i[FORM] + path
        f[chance] += ENDED_RATE * (one - f[chance])
        path = path << 1 | one
    words, floats = i[i[AT_WORDS] :], f[i[OF_WORDS] :]
    word = i[SPELLED:STANDING].view(np.uint8)[: i[LENGTH]]
    known = recent_of(words)[KNOWN]
    w = word_came(floats, words, word)
    if w < 0 or w == known:
        f[BEGAN + word[0]] += 1.0
        f[BEGAN_IN_ALL] += 1.0
    if w == known:
        ordered_add(_weights(f, i), _ordered(i), vocabulary_of(words), w, word)
    if w >= 0:
        recent, shares = recent_of(words), shares_of(floats, words)
        ordered_came(_weights(f, i), _ordered(i), recent, shares, words[BLOCKS], w)


@compiled
def _begin(f, i, y):
    """A word begins with byte y: what the model says of it is written for each word in order."""
    words, floats = i[i[AT_WORDS] :], f[i[OF_WORDS] :]
    ordered, vocabulary = _ordered(i), vocabulary_of(words)
    nodes, spots, weights = in_hand()
    new = survey(floats, words, nodes, spots, weights)
    if ordered[HELD] > 0:
        again, known = repeated(repeats_of(words)), 1.0 - new
        recent, shares, grams = recent_of(words), shares_of(floats, words), grams_of(words)
        said = _weights(f, i)
        ordered_weigh(said, ordered, recent, shares, grams, nodes, spots, weights, again, known)
    f[NEW] = new * f[BEGAN + y] / f[BEGAN_IN_ALL]
    low, high = 0, ordered[HELD]
    for bit in range(8):
        middle = split(vocabulary, ordered, low, high, 0, bit)
        if (y >> (7 - bit)) & 1:
            low = middle
        else:
            high = middle
    i[FORM], i[LENGTH], i[LOW], i[HIGH] = form_begun(y), 0, low, high
    for k in range(SPELLED, STANDING):
        i[k] = 0
    _spell(i, y)
