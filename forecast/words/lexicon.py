"""Every word there is: the known by how often they were seen, the new by how they are spelled.

It never forgets; the paced models of words (`forecast.paced`), which do, fall back on it.
"""

import math

from forecast.compiled import compiled
from forecast.learner import Ints
from forecast.words.spelling import SPELLING_INTS, spelled, spelling_begin, spelling_learn
from forecast.words.vocabulary import (
    KNOWN,
    frequency,
    vocabulary_begin,
    vocabulary_ints,
    word_add,
    word_count,
)

# ints of a lexicon: the spelling, then the vocabulary


def lexicon_ints(vocabulary: int) -> int:
    """Ints of a lexicon of so many words."""
    return SPELLING_INTS + vocabulary_ints(vocabulary)


def lexicon_begin(i: Ints, vocabulary: int) -> None:
    """A lexicon that knows no word, in ints that are all 0."""
    spelling_begin(i)
    vocabulary_begin(i[SPELLING_INTS:], vocabulary)


@compiled
def vocabulary_of(i):
    """The vocabulary in a lexicon."""
    return i[SPELLING_INTS:]


@compiled
def lexicon_probability(i, w, y):
    """p(w), by its frequency; of a new word, w = -1, the share of the new times its spelling."""
    p = frequency(vocabulary_of(i), w)
    return p if w >= 0 else p * math.exp(-spelled(i, y))


@compiled
def lexicon_learn(i, y):
    """Count a word and, if it is new, learn how it is spelled; returns its number or -1."""
    words = vocabulary_of(i)
    known = words[KNOWN]
    w = word_add(words, y)
    if w < 0 or w == known:
        spelling_learn(i, y)
    word_count(words, w)
    return w
