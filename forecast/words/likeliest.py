"""The likeliest words, found exactly without looking at every word.

A word's probability is what the contexts that it followed add to what is recent, and to what it
has by chance. Those that followed are looked at one by one; of all others, blocks of words have a
bound, and are passed over where they cannot hold one of the likeliest.
"""

import numpy as np

from forecast.compiled import compiled
from forecast.words.by_chance import LIKELIEST, by_chance
from forecast.words.discounted import discount, given_back
from forecast.words.grams import (
    counted,
    first_after,
    gram_word,
    last,
    last_but_one,
    next_after,
    total,
)
from forecast.words.mixing import mixed
from forecast.words.parts import (
    BESIDE,
    IN_HAND,
    LAST,
    MOST_ORDERS,
    NONE,
    SECOND,
    SECONDS,
    SIDE,
)
from forecast.words.recent import (
    BLOCK,
    CACHES,
    KNOWN,
    block_shares,
    contexts_surprised,
    recent_shares,
)
from forecast.words.vocabulary import word_read


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
def in_order(ids, ps):
    """Put the likeliest first."""
    for n in range(1, len(ids)):
        place = n
        while place > 0 and ps[place - 1] < ps[place]:
            ids[place - 1], ids[place] = ids[place], ids[place - 1]
            ps[place - 1], ps[place] = ps[place], ps[place - 1]
            place -= 1


@compiled
def _add_followers(grams, context, weight, extra):
    """Add w (c - d) / N to every word that came after a context; returns w sum d / N."""
    share = weight / total(grams, context)
    node = first_after(grams, context)
    while node > 0:
        times = counted(grams, node)
        extra[gram_word(grams, node)] += share * (times - discount(times))
        node = next_after(grams, node)
    return share * given_back(grams, context)


@compiled
def followed(grams, nodes, spots, weights, extra):
    """Add to each word what the contexts in hand say of it; returns the weight of what is below."""
    beside = 0.0
    for s in range(SIDE, IN_HAND):
        if spots[BESIDE + s - SIDE] >= 0:
            beside += _add_followers(grams, nodes[s], weights[BESIDE + s - SIDE], extra)
    below = 0.0
    for o in range(MOST_ORDERS, 0, -1):
        if spots[o] < 0:
            continue
        if o == 1:
            below += beside
            beside = 0.0
        below = _add_followers(grams, nodes[o], weights[o] + below, extra)
        extra[last(grams, nodes[o])] += weights[LAST + o]
        if spots[SECOND + o] >= 0 and o <= SECONDS:
            extra[last_but_one(grams, nodes[o])] += weights[SECOND + o]
    return weights[NONE] + below + beside


@compiled
def likeliest_words(
    f, recent, blocks, weights, ground, extra, words, before, odds, spelled, ids, ps
):
    """The words of the largest  p(w) = extra(w) + ground s(w) + sum_k w_k p_k(w) + odds c(w).

    s is the share of contexts that w surprised, p_k what memory k holds of it, of weight w_k, and
    c(w) what it has by chance after a word of form ``before``; ``spelled`` has room for a word.
    """
    nobody(ids, ps)
    shares, most = np.empty(CACHES), odds * LIKELIEST[before]
    for w in range(len(extra)):
        if extra[w] > ps[len(ps) - 1]:
            p = extra[w] + _ground(f, recent, blocks, weights, ground, w, shares)
            offer(ids, ps, w, p + odds * _chance(words, before, w, spelled))
    for block in range((recent[KNOWN] + BLOCK - 1) // BLOCK):
        bound = ground * block_shares(f, recent, block, shares)
        largest = 0.0
        first, past = block * BLOCK, min((block + 1) * BLOCK, recent[KNOWN])
        for w in range(first, past):
            largest = max(largest, extra[w])
        if bound + mixed(weights, shares, CACHES) + largest + most > ps[len(ps) - 1]:
            for w in range(first, past):
                p = extra[w] + _ground(f, recent, blocks, weights, ground, w, shares)
                if p + most > ps[len(ps) - 1]:
                    offer(ids, ps, w, p + odds * _chance(words, before, w, spelled))


@compiled
def _ground(f, recent, blocks, weights, ground, w, shares):
    """What a word has without any context:  ground s(w) + sum_k w_k p_k(w)."""
    recent_shares(f, recent, blocks, w, shares)
    return ground * contexts_surprised(recent, blocks, w) + mixed(weights, shares, CACHES)


@compiled
def _chance(words, before, w, spelled):
    """c(w), what a known word has by chance."""
    return by_chance(spelled, word_read(words, w, spelled), before)
