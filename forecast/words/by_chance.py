"""Words of bytes that come by chance: what is believed of a stream that is no text.

Every byte is as likely as any other, and they are cut into words as a text is: a word is a run of
letters, of digits or of marks, maybe after a space, or of what lies between words; so it goes on
by a byte of its kind, and the next one begins with a byte of another. A little is left for what is
cut otherwise, as tags are. Nothing of this is learned but its weight v beside the model of words:
by Bayes' rule, within bounds, so that neither of the two is ever given up.

    p(y) = (1 - v) m(y) + v c(y),   v <- v c(y) / p(y)

The weights of the model of words are moved by the share that it had in what was said, so that in
the mean a forecast moves none of them.
"""

import math
import string

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Floats
from forecast.words.vocabulary import LONGEST

# kinds of bytes, and by the same numbers the forms of a word so far: a run of letters, of digits,
# of marks, of what lies between words, or one space; where no word came before, none
LETTER, DIGIT, MARK, BETWEEN, SPACE = range(5)
NONE = SPACE
KINDS = np.full(256, LETTER, np.uint8)
KINDS[[*range(32), 127]] = BETWEEN
for _kind, _bytes in ((DIGIT, string.digits), (MARK, string.punctuation), (SPACE, " ")):
    KINDS[list(_bytes.encode())] = _kind
# the form of a word that has more before this byte
FORMS = np.where(KINDS == SPACE, np.uint8(BETWEEN), KINDS)

# which kinds of bytes a word of a form goes on with, and which begin the next one after it
_GOES_ON = np.eye(5, dtype=bool)
_GOES_ON[BETWEEN, SPACE] = _GOES_ON[SPACE] = True
_BEGINS = ~_GOES_ON
_BEGINS[BETWEEN, SPACE] = _BEGINS[NONE] = True
_BYTES = np.bincount(KINDS)  # of each kind
LEFT = 2.0**-9  # for what is cut otherwise


def _of_bytes(may: np.ndarray) -> np.ndarray:
    """Probability of each byte of a kind, [form, kind], where those that may come are alike."""
    return LEFT / 256 + (1.0 - LEFT) * may / (may @ _BYTES)[:, None]


BEGINS = _of_bytes(_BEGINS)  # the word after one of this form with such a byte, [form, kind]
ENDS = LEFT / 2 + (1.0 - LEFT) * (1.0 - _GOES_ON @ _BYTES / 256)  # a word of this form, [form]
GOES_ON = (1.0 - ENDS)[:, None] * _of_bytes(_GOES_ON)  # with such a byte, [form, kind]
LIKELIEST = BEGINS.max(axis=1) * ENDS.max()  # no word after one of this form has more

# floats: v; then the sums over known words that begin with each kind of what follows their first
WEIGHT, KNOWN = 0, 1
CHANCE_FLOATS = KNOWN + 5
LEAST, LARGEST = 1e-4, 0.999  # of v


def chance_begin(f: Floats) -> None:
    """No word is known, in floats that are all 0."""
    f[WEIGHT] = LEAST


@compiled
def rest_by_chance(y, n):
    """Probability of a word, n bytes y, whose first byte is there."""
    form, p = KINDS[y[0]], 1.0
    for j in range(1, n):
        p *= GOES_ON[form, KINDS[y[j]]]
        form = FORMS[y[j]]
    return p if n == LONGEST else p * ENDS[form]


@compiled
def by_chance(y, n, before):
    """Probability of a word, n bytes y, after one of form ``before``."""
    return BEGINS[before, KINDS[y[0]]] * rest_by_chance(y, n)


@compiled
def new_by_chance(f, before):
    """Probability of all words that are not known."""
    known = 0.0
    for kind in range(5):
        known += BEGINS[before, kind] * f[KNOWN + kind]
    return 1.0 - known


@compiled
def form_of(y):
    """The form of a word as the next one finds it: its end tells."""
    return FORMS[y[len(y) - 1]]


@compiled
def chance_knows(f, y):
    """A word is known from now on."""
    f[KNOWN + KINDS[y[0]]] += rest_by_chance(y, len(y))


@compiled
def blended(v, model, chance):
    """p = (1 - v) m + v c."""
    return (1.0 - v) * model + v * chance


@compiled
def weight_after(share):
    """v <- v c / p = 1 - share of the model,  within its bounds."""
    return min(max(1.0 - share, LEAST), LARGEST)


def draw(before: int, rng: np.random.Generator) -> bytes:
    """Draw a word after one of form ``before``, byte after byte."""
    word = bytearray()
    ways = np.append(BEGINS[before][KINDS], 0.0)  # of each byte, and of the end
    while len(word) < LONGEST:
        byte = int(rng.choice(257, p=ways / math.fsum(ways)))
        if byte == 256:
            break
        form = FORMS[byte] if word else KINDS[byte]
        word.append(byte)
        ways = np.append(GOES_ON[form][KINDS], ENDS[form])
    return bytes(word)
