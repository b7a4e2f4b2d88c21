"""The likeliest words, found exactly without looking at every word.

A word's probability is a sum of faded counts, each times a factor that all words share. So a block
of words has a bound: that of a word which had the largest count of the block in every copy. Blocks
that cannot hold one of the likeliest are passed over.
"""

from forecast.compiled import compiled
from forecast.words.counts import count_floats, count_lift, weighed
from forecast.words.vocabulary import KNOWN, SEEN, discount, word_times

BLOCK = 64  # words; the first ones to be seen lie together, and the most frequent among them
# floats of a block: the largest times that one of its words was seen, then a count like any other:
# the largest of its words' in each copy
MOST = 0
COUNT = 1


@compiled
def block_floats(K: int) -> int:
    """Floats of a block."""
    return COUNT + count_floats(K)


def blocks_floats(K: int, vocabulary: int) -> int:
    """Floats of the blocks of so many words."""
    return (vocabulary + BLOCK - 1) // BLOCK * block_floats(K)


@compiled
def block_of(f, K, w):
    """The block of a word."""
    at = w // BLOCK * block_floats(K)
    return f[at : at + block_floats(K)]


@compiled
def block_lift(block, context, count, times):
    """A word of the block was counted: its largest counts are at least this word's."""
    block[MOST] = max(block[MOST], times)
    count_lift(context, block[COUNT:], count)


@compiled
def offer(ids, ps, w, p):
    """Put a word among the likeliest, most likely first, if it belongs there and is not there."""
    last = len(ids) - 1
    if p <= ps[last]:
        return
    for place in range(len(ids)):
        if ids[place] == w:
            return
    while last > 0 and ps[last - 1] < p:
        ids[last], ps[last] = ids[last - 1], ps[last - 1]
        last -= 1
    ids[last], ps[last] = w, p


@compiled
def nobody(ids, ps):
    """Nobody is among the likeliest."""
    for place in range(len(ids)):
        ids[place], ps[place] = -1, -1.0


@compiled
def likeliest_recent(words, context, counts, blocks, factors, ground, ids, ps):
    """The words of the largest  b(w) = sum_k factor_k c_k(w) + ground (n_w - d) / t.

    ``counts`` holds a count for each word, ``words`` is the vocabulary; ids and ps are written.
    """
    nobody(ids, ps)
    K = len(factors)
    size = count_floats(K)
    share = ground / max(words[SEEN], 1)
    d = discount(words)
    for first in range(0, words[KNOWN], BLOCK):
        block = block_of(blocks, K, first)
        bound = weighed(context, block[COUNT:], factors) + share * (block[MOST] - d)
        if bound <= ps[len(ps) - 1]:
            continue
        for w in range(first, min(first + BLOCK, words[KNOWN])):
            count = counts[w * size : (w + 1) * size]
            b = weighed(context, count, factors) + share * (word_times(words, w) - d)
            offer(ids, ps, w, b)
