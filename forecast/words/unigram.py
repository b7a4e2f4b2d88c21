"""How frequent a word is of late: one count, fading at each word, at K rates."""

import numpy as np

from forecast.compiled import compiled
from forecast.words.counts import (
    context_fade,
    context_floats,
    count_add,
    count_floats,
    count_likelihood,
)
from forecast.words.lexicon import (
    lexicon_begin,
    lexicon_ints,
    lexicon_learn,
    lexicon_probability,
    vocabulary_of,
)
from forecast.words.vocabulary import word_find

RATES = 4.0 ** -np.arange(2.0, 8.0)
GROUND = 100.0  # words that the cumulative frequency counts for

# floats of what was recent: the context of all words, then a count for each word


def recent_floats(K: int, vocabulary: int) -> int:
    """Floats of recent counts of so many words, K-fold."""
    return context_floats(K) + vocabulary * count_floats(K)


@compiled
def recent_count(f, K, w):
    """The count of a word; empty for -1."""
    size = count_floats(K)
    at = context_floats(K) + w * size
    return f[at : at + size] if w >= 0 else f[:0]


@compiled
def recent_likelihood(f, w, ground, p):
    """p_k(w), of a word which the ground gives that probability."""
    K = len(p)
    count_likelihood(f[: context_floats(K)], recent_count(f, K, w), GROUND, ground, p)


@compiled
def recent_move(f, w, rates):
    """All words fade, and this one came."""
    K = len(rates)
    context = f[: context_floats(K)]
    context_fade(context, rates)
    if w >= 0:
        count_add(context, recent_count(f, K, w))


def unigram_floats(K: int, vocabulary: int) -> int:
    """Floats of the model: what was recent."""
    return recent_floats(K, vocabulary)


def unigram_ints(K: int, vocabulary: int) -> int:
    """Ints of the model: its lexicon."""
    return lexicon_ints(vocabulary)


def unigram_begin(f, i, K, vocabulary):
    """A model that has seen no word, in arrays that are all 0."""
    lexicon_begin(i, vocabulary)


@compiled
def unigram_likelihood(f, i, x, y, p):
    """p_k(y), the probability of a word at each rate."""
    w = word_find(vocabulary_of(i), y)
    recent_likelihood(f, w, lexicon_probability(i, w, y), p)


@compiled
def unigram_move(f, i, x, y, rates):
    """Copy k forgets by 1 - rate_k and counts the word."""
    recent_move(f, lexicon_learn(i, y), rates)
