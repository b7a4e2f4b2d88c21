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
    count_lift,
    count_likelihood,
)
from forecast.words.lexicon import (
    lexicon_begin,
    lexicon_ints,
    lexicon_learn,
    lexicon_probability,
    vocabulary_of,
)
from forecast.words.table import USED, table_add, table_begin, table_find, table_ints
from forecast.words.vocabulary import word_find

RATES = 4.0 ** -np.arange(6.0)
GROUND = 5.0  # words that the ground counts for in each context

GROUP = 16  # pairs of one context that are passed over together by who looks for the likeliest

# ints of pairs: room for words and for pairs, the word before, groups; for each context (a
# word; the last one is of all that are not known) how many pairs it has, and the newest + 1; for
# each group the pair + 1 that came before it in its context; for each pair its second word, the
# pair + 1 that came before it in its context, and its group + 1; then the table
WORDS, ROOM, BEFORE, GROUPS = range(4)
CONTEXTS = 4
WORD, NEXT, OF = range(3)
PAIR = 3  # ints of a pair
# floats of pairs: the contexts, a count for each pair, and for each group the largest of its pairs'


@compiled
def groups_for(pairs: int) -> int:
    """Groups that so many pairs may have: the first pairs of a context are in none."""
    return pairs // GROUP


def pairs_floats(K: int, vocabulary: int, pairs: int) -> int:
    """Floats of so many pairs of words, K-fold."""
    return (vocabulary + 1) * context_floats(K) + (pairs + groups_for(pairs)) * count_floats(K)


def pairs_ints(vocabulary: int, pairs: int) -> int:
    """Ints of so many pairs of words."""
    return CONTEXTS + 2 * (vocabulary + 1) + groups_for(pairs) + PAIR * pairs + table_ints(pairs)


def pairs_begin(i: Ints, vocabulary: int, pairs: int) -> None:
    """No pair was seen, and the word before the first is not known; in ints that are all 0."""
    i[WORDS] = vocabulary
    i[BEFORE] = vocabulary
    table_begin(i[pairs_ints(vocabulary, pairs) - table_ints(pairs) :], pairs)
    i[ROOM] = pairs


@compiled
def _context(i):
    """Where the ints of the context of the word before begin."""
    return CONTEXTS + 2 * i[BEFORE]


@compiled
def _group(i, group):
    """Where the int of a group is."""
    return CONTEXTS + 2 * (i[WORDS] + 1) + group


@compiled
def _pair(i, entry):
    """Where the ints of a pair begin."""
    return _group(i, groups_for(i[ROOM])) + PAIR * entry


@compiled
def _table(i):
    return i[_pair(i, i[ROOM]) :]


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
def group_count(f, i, K, group):
    """The largest counts of a group."""
    return pair_count(f, i, K, i[ROOM] + group)


@compiled
def newest(i):
    """The pair that came new last of those of the word before; -1 if there is none."""
    return i[_context(i) + 1] - 1


@compiled
def pair_word(i, entry):
    """The second word of a pair."""
    return i[_pair(i, entry) + WORD]


@compiled
def pair_next(i, entry):
    """The pair of the same first word that came new before this one; -1 if there is none."""
    return i[_pair(i, entry) + NEXT] - 1


@compiled
def pair_group(i, entry):
    """The group of a pair; -1 if it is in none."""
    return i[_pair(i, entry) + OF] - 1


@compiled
def group_next(i, group):
    """The pair that came before all of a group; -1 if there is none."""
    return i[_group(i, group)] - 1


@compiled
def _key(i, w):
    return i[BEFORE] * i[WORDS] + w


@compiled
def pairs_likelihood(f, i, w, ground, p):
    """p_k(w | word before), of a word which the ground gives that probability."""
    K = len(p)
    entry = table_find(_table(i), _key(i, w)) if w >= 0 else -1
    count_likelihood(pair_context(f, i, K), pair_count(f, i, K, entry), GROUND, ground, p)


@compiled
def _join(i, entry, w):
    """A new pair joins its context, and every sixteenth opens a group."""
    context, pair = _context(i), _pair(i, entry)
    before = i[context + 1]
    i[pair + WORD] = w
    i[pair + NEXT] = before
    i[context] += 1
    i[context + 1] = entry + 1
    if i[context] % GROUP == 0:
        i[_group(i, i[GROUPS])] = before
        i[GROUPS] += 1
        i[pair + OF] = i[GROUPS]
    elif before > 0:
        i[pair + OF] = i[_pair(i, before - 1) + OF]


@compiled
def pairs_move(f, i, w, rates):
    """All pairs of the word before fade, and this one came; then it is the word before."""
    K = len(rates)
    context, table = pair_context(f, i, K), _table(i)
    context_fade(context, rates)
    known = table[USED]
    entry = table_add(table, _key(i, w)) if w >= 0 else -1
    if entry == known:
        _join(i, entry, w)
    if entry >= 0:
        count = pair_count(f, i, K, entry)
        count_add(context, count)
        group = pair_group(i, entry)
        if group >= 0:
            count_lift(context, group_count(f, i, K, group), count)
    i[BEFORE] = w if w >= 0 else i[WORDS]


# ints of the model: the pairs' begin, then the lexicon, then the pairs


def bigram_floats(K: int, vocabulary: int, pairs: int) -> int:
    """Floats of the model: its pairs."""
    return pairs_floats(K, vocabulary, pairs)


def bigram_ints(K: int, vocabulary: int, pairs: int) -> int:
    """Ints of the model."""
    return 1 + lexicon_ints(vocabulary) + pairs_ints(vocabulary, pairs)


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
