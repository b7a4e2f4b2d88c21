"""How frequent a word is after the word before it: a count for each pair, at K rates.

A pair fades when its first word comes again, not when time passes: what followed a rare word the
last time is remembered until it comes again.
"""

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Ints
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
from forecast.words.table import table_add, table_begin, table_find, table_ints
from forecast.words.vocabulary import word_find

RATES = 4.0 ** -np.arange(6.0)
GROUND = 5.0  # words that the ground counts for in each context

# ints of pairs: room for words, the word before; then the table. What is not known is a word too.
WORDS, BEFORE = range(2)
TABLE = 2
# floats of pairs: the contexts, one for each word that may come before, and a count for each pair


def pairs_floats(K: int, vocabulary: int, pairs: int) -> int:
    """Floats of so many pairs of words, K-fold."""
    return (vocabulary + 1) * context_floats(K) + pairs * count_floats(K)


def pairs_ints(pairs: int) -> int:
    """Ints of so many pairs of words."""
    return TABLE + table_ints(pairs)


def pairs_begin(i: Ints, vocabulary: int, pairs: int) -> None:
    """No pair was seen, and the word before the first is not known; in ints that are all 0."""
    i[WORDS] = vocabulary
    i[BEFORE] = vocabulary
    table_begin(i[TABLE:], pairs)


@compiled
def pair_context(f, i, K):
    """The context of the word before."""
    size = context_floats(K)
    return f[i[BEFORE] * size : (i[BEFORE] + 1) * size]


@compiled
def pair_count(f, i, K, entry):
    """The count of a pair; empty for -1."""
    size = count_floats(K)
    at = (i[WORDS] + 1) * context_floats(K) + entry * size
    return f[at : at + size] if entry >= 0 else f[:0]


@compiled
def _key(i, w):
    return i[BEFORE] * i[WORDS] + w


@compiled
def pairs_likelihood(f, i, w, ground, p):
    """p_k(w | word before), of a word which the ground gives that probability."""
    K = len(p)
    entry = table_find(i[TABLE:], _key(i, w)) if w >= 0 else -1
    count_likelihood(pair_context(f, i, K), pair_count(f, i, K, entry), GROUND, ground, p)


@compiled
def pairs_move(f, i, w, rates):
    """All pairs of the word before fade, and this one came; then it is the word before."""
    context = pair_context(f, i, len(rates))
    context_fade(context, rates)
    entry = table_add(i[TABLE:], _key(i, w)) if w >= 0 else -1
    if entry >= 0:
        count_add(context, pair_count(f, i, len(rates), entry))
    i[BEFORE] = w if w >= 0 else i[WORDS]


# ints of the model: the pairs' begin, then the lexicon, then the pairs


def bigram_floats(K: int, vocabulary: int, pairs: int) -> int:
    """Floats of the model: its pairs."""
    return pairs_floats(K, vocabulary, pairs)


def bigram_ints(K: int, vocabulary: int, pairs: int) -> int:
    """Ints of the model."""
    return 1 + lexicon_ints(vocabulary) + pairs_ints(pairs)


def bigram_begin(f, i, K, vocabulary, pairs):
    """A model that has seen no word, in arrays that are all 0."""
    i[0] = 1 + lexicon_ints(vocabulary)
    lexicon_begin(i[1:], vocabulary)
    pairs_begin(i[i[0] :], vocabulary, pairs)


@compiled
def bigram_likelihood(f, i, x, y, p):
    """p_k(y), the probability of a word after the one before it, at each rate."""
    w = word_find(vocabulary_of(i[1:]), y)
    pairs_likelihood(f, i[i[0] :], w, lexicon_probability(i[1:], w, y), p)


@compiled
def bigram_move(f, i, x, y, rates):
    """Copy k of the context forgets by 1 - rate_k and counts the word."""
    pairs_move(f, i[i[0] :], lexicon_learn(i[1:], y), rates)
