"""What is known of the next word before it comes: every part's probability, and its weight.

The parts: discounted counts after the last words, from none to five; the memories of what was
recent; the word that came last, and last but one, after each of these contexts; counts after
contexts that leave a word out or know only its class; and what followed the last time that the
last words stood together. The weights sum to 1 and know nothing of the word to come, so the sum
over all words is 1 too.
"""

from forecast.compiled import compiled
from forecast.learner import Floats
from forecast.words.discounted import confidence, discounted
from forecast.words.grams import (
    follower_key,
    gram_find,
    gram_first,
    gram_window,
    last,
    last_but_one,
    run,
    total,
)
from forecast.words.mixing import factor_move
from forecast.words.recent import CACHES, contexts_surprised, recent_shares
from forecast.words.shape import CLASSES

MOST_ORDERS, MOST_SIDES, SECONDS = 5, 3, 2

# nodes in hand: the contexts of each order, from none (0), the side contexts; then, in the same
# order, what of the word to come is counted there
SIDE = MOST_ORDERS + 1
IN_HAND = SIDE + MOST_SIDES
FOLLOWING = IN_HAND

# parts by number
NONE = 0  # contexts that a word surprised; then each order, to
CACHE = MOST_ORDERS + 1
LAST = CACHE + CACHES - 1  # and an order
SECOND = LAST + MOST_ORDERS  # and an order
BESIDE = SECOND + SECONDS + 1
REPEAT = BESIDE + MOST_SIDES
PARTS = REPEAT + 1

NAMES = (
    "commonness",
    *(f"counts, after {o}" for o in range(1, MOST_ORDERS + 1)),
    *(f"recent, memory {k + 1}" for k in range(CACHES)),
    *(f"came last, after {o}" for o in range(1, MOST_ORDERS + 1)),
    *(f"came before that, after {o}" for o in range(1, SECONDS + 1)),
    *(f"counts beside, {s + 1}" for s in range(MOST_SIDES)),
    "repeats",
)

# floats: factors of each part by how sure its context is, by how far the contexts reach, and by
# the class of the last word
SURENESSES = 16
BY_SURENESS = 0
BY_REACH = PARTS * SURENESSES
BY_CLASS = BY_REACH + PARTS * (MOST_ORDERS + 1)
PARTS_FLOATS = BY_CLASS + PARTS * CLASSES
# by sureness, from that part on: most must earn their weight
FIRST = {CACHE: 0.5, LAST + 1: 0.5, SECOND + 1: 0.25, BESIDE: 0.5, REPEAT: 1.0}


def parts_begin(f: Floats) -> None:
    """Factors that have learned nothing, in floats that are all 0."""
    f[:] = 1.0
    for part, factor in FIRST.items():
        f[BY_SURENESS + part * SURENESSES : BY_REACH] = factor


@compiled
def reach(grams, nodes):
    """The largest order of which the context has counted anything; 0 if there is none."""
    for o in range(MOST_ORDERS, 0, -1):
        if nodes[o] > 0 and total(grams, nodes[o]) > 0:
            return o
    return 0


@compiled
def look(grams, nodes, repeat, spots):
    """Where each part stands: how sure its context is, from 0; -1 if it says nothing."""
    for k in range(PARTS):
        spots[k] = -1
    spots[NONE] = 0
    for k in range(CACHES):
        spots[CACHE + k] = 0
    for o in range(1, MOST_ORDERS + 1):
        context = nodes[o]
        if context > 0 and total(grams, context) > 0:
            spots[o] = confidence(grams, context)
            spots[LAST + o] = run(grams, context)
            if o <= SECONDS and last_but_one(grams, context) >= 0:
                spots[SECOND + o] = run(grams, context)
    for s in range(MOST_SIDES):
        context = nodes[SIDE + s]
        if context > 0 and total(grams, context) > 0:
            spots[BESIDE + s] = confidence(grams, context)
    spots[REPEAT] = repeat


@compiled
def weigh(f, spots, far, last_class, weights):
    """w_k = a_k b_k c_k / sum_j a_j b_j c_j,  over the parts that say something."""
    whole = 0.0
    for k in range(PARTS):
        weights[k] = 0.0
        if spots[k] >= 0:
            weights[k] = (
                f[BY_SURENESS + k * SURENESSES + spots[k]]
                * f[BY_REACH + far * PARTS + k]
                * f[BY_CLASS + last_class * PARTS + k]
            )
            whole += weights[k]
    for k in range(PARTS):
        weights[k] /= whole


@compiled
def follow(grams, nodes, w):
    """The nodes in hand that count word w; 0 where there is none."""
    # each first place is read before any is compared: then memory answers all of them together
    for n in range(IN_HAND):
        nodes[FOLLOWING + n] = gram_first(grams, follower_key(nodes[n], w))
    for n in range(IN_HAND):
        key = follower_key(nodes[n], w)
        if nodes[n] == 0:
            nodes[FOLLOWING + n] = 0
        elif nodes[FOLLOWING + n] == key:
            nodes[FOLLOWING + n] = gram_window(grams, key)
        else:
            nodes[FOLLOWING + n] = gram_find(grams, key) if nodes[FOLLOWING + n] != 0 else 0


@compiled
def say(grams, recent, shares, blocks, nodes, spots, repeated, w, p):
    """What each part gives to the known word w, whose nodes are in hand; written to p [PARTS]."""
    for k in range(PARTS):
        p[k] = 0.0
    share = contexts_surprised(recent, blocks, w)
    p[NONE] = share
    beside = share
    for o in range(1, MOST_ORDERS + 1):
        if spots[o] < 0:
            continue
        context = nodes[o]
        share = discounted(grams, context, nodes[FOLLOWING + o], share)
        p[o] = share
        if o == 1:
            beside = share
        p[LAST + o] = 1.0 if last(grams, context) == w else 0.0
        if o <= SECONDS:
            p[SECOND + o] = 1.0 if last_but_one(grams, context) == w else 0.0
    for s in range(SIDE, IN_HAND):
        if spots[BESIDE + s - SIDE] >= 0:
            p[BESIDE + s - SIDE] = discounted(grams, nodes[s], nodes[FOLLOWING + s], beside)
    p[REPEAT] = 1.0 if repeated == w else 0.0
    recent_shares(shares, recent, blocks, w, p[CACHE:])


@compiled
def parts_move(f, spots, far, last_class, weights, p, said, step):
    """Each factor that took part moves by r_k - w_k,  r_k = w_k p_k / sum_j w_j p_j."""
    for k in range(PARTS):
        if spots[k] >= 0:
            better = weights[k] * p[k] / said - weights[k]
            factor_move(f, BY_SURENESS + k * SURENESSES + spots[k], step, better)
            factor_move(f, BY_REACH + far * PARTS + k, step, better)
            factor_move(f, BY_CLASS + last_class * PARTS + k, step, better)


@compiled
def parts_rate(grams, nodes, spots, weights, fades):
    """The weighted mean of the parts' rates: how much each thinks of the last that came.

    1 of what came last, 1 / (N + 1) of counts, what it forgets at a word of a memory.
    """
    rate = weights[REPEAT]
    for k in range(CACHES):
        rate += weights[CACHE + k] * (1.0 - fades[k])
    for o in range(1, MOST_ORDERS + 1):
        if spots[o] >= 0:
            rate += weights[LAST + o] + weights[o] / (total(grams, nodes[o]) + 1.0)
            if o <= SECONDS:
                rate += 0.5 * weights[SECOND + o]
    for s in range(MOST_SIDES):
        if spots[BESIDE + s] >= 0:
            rate += weights[BESIDE + s] / (total(grams, nodes[SIDE + s]) + 1.0)
    return rate
