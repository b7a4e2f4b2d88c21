"""What is believed of a label, given the places of what its message shows.

Six members in one blend. Three logistic regressions at different rates; the frequencies of what is
present, under two priors; and a logistic mixture of these five. The gate of the house weighs the
six by ``-log p``. A message that was told its label lately is known again: that label counts as
``AGAIN`` forecasts beside each member's own, so that one click is enough for the very message.

A row of floats belongs to each place: a weight and the sum of its squared gradients for each rate,
then how often it came with either label. ``d`` are the floats that every message shares. The file
needs no numpy: a mail that is delivered alone is scored by these functions as they stand.
"""

import math

from forecast.arrays import Floats, floats, table
from forecast.compiled import compiled
from forecast.gate import gated_begin, gated_floats, gated_learn

RATES = table([2.0, 0.5, 0.125])
PRIORS = table([0.02, 0.1])  # counts of either label that a place is given before it is seen
L, B = 3, 2
MIXED = L + B
MEMBERS = MIXED + 1  # the mixture is the last
NAMES = (
    *("regression, quick", "regression, steady", "regression, slow"),
    *("frequencies, bold", "frequencies, careful", "mixture of these"),
)

LARGEST = 15.0  # logit: no member is surer than 1 in 3 million
HEARD = 8.0  # logit, of a member in the mixture
FIRST_SQUARE = 0.01
KEEP = 0.98  # of a place's squares and counts whenever it comes: it remembers fifty sightings
MIX_RATE = 0.005
# a label is learned in up to so many steps, until each regression gives it this logit
MARGIN = 2.0
STEPS = 5
AGAIN = 2.0
UNKNOWN = -1  # label of a message that was not told lately

# a row; and what all messages share
COUNTS = 2 * L
ROW = COUNTS + 2
POSITIVE, NEGATIVE = range(2)
MIXTURE = 2
BLEND = MIXTURE + MIXED
SHARED = BLEND + gated_floats(MEMBERS)


@compiled
def squash(z):
    """p = 1 / (1 + exp(-z))."""
    return 1.0 / (1.0 + math.exp(-z))


@compiled
def clipped(z, largest):
    """z within +-largest."""
    return max(-largest, min(largest, z))


def belief_begin(d: Floats) -> None:
    """Nothing is known: each of the mixture's five speaks for a fifth, and none is preferred."""
    for at in range(BLEND):
        d[at] = 0.0
    for k in range(MIXED):
        d[MIXTURE + k] = 1.0 / MIXED
    gated_begin(d[BLEND:], MEMBERS)


@compiled
def belief_logits(d, w, places, told, n, z):
    """Write each member's logit of the positive label, into ``z`` [MEMBERS].

    The first ``told`` of the n places are of words, pairs and looks.

    regression k   z = sum over the n places of w_k / sqrt(n)
    frequencies b  z = log (N1 + 1) / (N0 + 1)
                       + sum over the ``told`` that came before of log (c1 + b) / (c0 + b)
                                                                  - log (N1 + 2b) / (N0 + 2b)
    mixture        z = sum over these five of m z
    """
    for k in range(MEMBERS):
        z[k] = 0.0
    for j in range(n):
        row = places[j] * ROW
        for k in range(L):
            z[k] += w[row + 2 * k]
    for k in range(L):
        z[k] = clipped(z[k] / math.sqrt(n), LARGEST)
    N1, N0 = d[POSITIVE], d[NEGATIVE]
    for b in range(B):
        usual = math.log((N1 + 2.0 * PRIORS[b]) / (N0 + 2.0 * PRIORS[b]))
        total = math.log((N1 + 1.0) / (N0 + 1.0))
        for j in range(told):
            total += presence(w, places[j], PRIORS[b], usual)
        z[L + b] = clipped(total, LARGEST)
    for k in range(MIXED):
        z[MIXED] += d[MIXTURE + k] * clipped(z[k], HEARD)
    z[MIXED] = clipped(z[MIXED], LARGEST)


@compiled
def presence(w, place, prior, usual):
    """What it says that a place is present, in nats of log odds: nothing if it never was."""
    c1, c0 = w[place * ROW + COUNTS + POSITIVE], w[place * ROW + COUNTS + NEGATIVE]
    if c1 + c0 == 0.0:
        return 0.0
    return math.log((c1 + prior) / (c0 + prior)) - usual


@compiled
def member_probability(z, y, known):
    """p_k(y) = squash(+-z_k);  where the message is known (p_k(y) + again [y]) / (1 + again)."""
    p = squash(z if y == 1 else -z)
    if known == UNKNOWN:
        return p
    return (p + (AGAIN if y == known else 0.0)) / (1.0 + AGAIN)


@compiled
def belief_probability(d, z, y, known):
    """p(y) = sum_k w_k p_k(y)."""
    p = 0.0
    for k in range(MEMBERS):
        p += d[BLEND + k] * member_probability(z[k], y, known)
    return p


@compiled
def belief_rate(d, t):
    """Effective rate: the weighted mean of the members' rates; ``t`` labels were learned.

    That of the frequencies is 1/t, and at the end that of what a place keeps; that of the mixture
    is the mean of those that it mixes.
    """
    counted = max(1.0 / (t + 1.0), 1.0 - KEEP)
    rate, mixed, weight = 0.0, 0.0, 1e-9
    for k in range(MIXED):
        own = min(1.0, RATES[k]) if k < L else counted
        rate += d[BLEND + k] * own
        mixed += abs(d[MIXTURE + k]) * own
        weight += abs(d[MIXTURE + k])
    return rate + d[BLEND + MIXED] * mixed / weight


@compiled
def belief_learn(d, w, places, told, n, y, t, known):
    """Weigh the members by what they gave to label y, and let each of them learn it.

    ``t`` counts the labels before this one; ``known`` is the message's own label of lately.
    Where that was another, it was wrong, and is counted no more.
    """
    z, likelihood = floats(MEMBERS), floats(MEMBERS)
    belief_logits(d, w, places, told, n, z)
    for k in range(MEMBERS):
        likelihood[k] = member_probability(z[k], y, known)
    gated_learn(d[BLEND:], likelihood, t)
    # m_k <- m_k + rate (y - p) z_k
    error = y - squash(z[MIXED])
    for k in range(MIXED):
        d[MIXTURE + k] += MIX_RATE * error * clipped(z[k], HEARD)
    for k in range(L):
        regression_learn(w, places, n, k, y, z[k])
    if known != UNKNOWN and known != y:
        belief_take_back(d, w, places, told, known)
    side = POSITIVE if y == 1 else NEGATIVE
    d[side] += 1.0
    for j in range(told):
        row = places[j] * ROW + COUNTS
        w[row + POSITIVE] *= KEEP
        w[row + NEGATIVE] *= KEEP
        w[row + side] += 1.0


@compiled
def regression_learn(w, places, n, k, y, z):
    """Step along the gradient, each weight at a rate of its own, until y is believed.

    G <- keep G + g^2,   w <- w + rate g / sqrt(first + G),   g = y - p    (Duchi et al., 2011)

    The first sight of a place is a full step: one click is enough.
    """
    sign = 1.0 if y == 1 else -1.0
    for step in range(STEPS):
        if step > 0 and sign * z >= MARGIN:
            break
        g = y - squash(clipped(z, LARGEST))
        moved = 0.0
        for j in range(n):
            at = places[j] * ROW + 2 * k
            w[at + 1] = KEEP * w[at + 1] + g * g
            change = RATES[k] * g / math.sqrt(FIRST_SQUARE + w[at + 1])
            w[at] += change
            moved += change
        z += moved / math.sqrt(n)


@compiled
def belief_take_back(d, w, places, told, y):
    """A label that was counted is counted no more."""
    side = POSITIVE if y == 1 else NEGATIVE
    d[side] = max(0.0, d[side] - 1.0)
    for j in range(told):
        at = places[j] * ROW + COUNTS + side
        w[at] = max(0.0, w[at] - 1.0)


@compiled
def belief_evidence(d, w, places, told, n, nats):
    """Write what each place adds to the log odds of the positive label, into ``nats`` [n].

    The sum of them all is sum_k w_k z_k, before any is clipped. What is so without a message, the
    habit of the labels, is the first place's.
    """
    heard = floats(MIXED)
    for k in range(MIXED):
        heard[k] = d[BLEND + k] + d[BLEND + MIXED] * d[MIXTURE + k]
    N1, N0 = d[POSITIVE], d[NEGATIVE]
    for j in range(n):
        nats[j] = 0.0
        for k in range(L):
            nats[j] += heard[k] * w[places[j] * ROW + 2 * k] / math.sqrt(n)
    for b in range(B):
        usual = math.log((N1 + 2.0 * PRIORS[b]) / (N0 + 2.0 * PRIORS[b]))
        nats[0] += heard[L + b] * math.log((N1 + 1.0) / (N0 + 1.0))
        for j in range(told):
            nats[j] += heard[L + b] * presence(w, places[j], PRIORS[b], usual)
