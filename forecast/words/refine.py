"""A last look at a probability: what came of it where it was said before.

Where mixers said p after these bytes, or in this word, how often did a one come? Each of these
contexts keeps the answer for 16 steps of the logit and draws a line between them. The mixture and
all three answers are mixed once more, by a mixer of their own, and what it says is paid for.
Source: secondary symbol estimation, Shkarin (2002); adaptive probability maps, Mahoney (2005).
"""

import math

import numpy as np

from forecast.compiled import compiled, prefetch
from forecast.words.bits import bounded, squash, stretch
from forecast.words.rows import hashed

KNOTS = 16
WIDEST = 8.0  # logit of the outer knots
STEP = 2.0 * WIDEST / (KNOTS - 1)
RATE = 0.02
MAPS = 3  # by the byte so far alone; with the last two bytes; with the word
SAYERS = MAPS + 1  # and the mixture itself
MAP_BITS = (8, 16, 16)
LAST_RATE = 0.002
FIRST_WEIGHTS = (0.4, 0.1, 0.25, 0.25)


def curves() -> np.ndarray:
    """The curves of all maps, before they have seen a bit: what was said came true."""
    line = [1.0 / (1.0 + math.exp(WIDEST - STEP * knot)) for knot in range(KNOTS)]
    return np.tile(np.array(line, np.float32), sum(1 << bits for bits in MAP_BITS))


@compiled
def curves_find(curves, bytes_key, word_key, path, at):
    """Write where the curves of this bit lie to ``at`` [MAPS], and have them on their way."""
    at[0] = path * KNOTS
    at[1] = ((1 << 8) + (hashed(bytes_key, path) & 0xFFFF)) * KNOTS
    at[2] = ((1 << 8) + (1 << 16) + (hashed(word_key, path) & 0xFFFF)) * KNOTS
    for c in range(1, MAPS):
        prefetch(curves, at[c])


@compiled
def curves_say(curves, at, logit, x):
    """Read the curves at a logit; writes all logits to x [SAYERS], the given one first.

    Moves ``at`` to the knot below, and returns how far beyond it the logit lies, 0 to 1.
    """
    x[0] = logit
    place = (min(max(logit, -WIDEST), WIDEST - 1e-6) + WIDEST) / STEP
    knot = int(place)
    beyond = place - knot
    for c in range(MAPS):
        at[c] += knot
        p = (1.0 - beyond) * curves[at[c]] + beyond * curves[at[c] + 1]
        x[1 + c] = stretch(p)
    return beyond


@compiled
def curves_learn(curves, at, beyond, bit):
    """The knots on both sides move towards the bit, each by its share."""
    for c in range(MAPS):
        curves[at[c]] += np.float32(RATE * (1.0 - beyond) * (bit - curves[at[c]]))
        curves[at[c] + 1] += np.float32(RATE * beyond * (bit - curves[at[c] + 1]))


@compiled
def last_say(weights, path, x):
    """The probability that is paid for: p = squash(sum_k w_k x_k), the weights by the byte so far."""
    logit = 0.0
    for k in range(SAYERS):
        logit += weights[path * SAYERS + k] * x[k]
    return squash(bounded(logit))


@compiled
def last_learn(weights, path, x, p, bit):
    """w_k += rate (bit - p) x_k."""
    step = LAST_RATE * (bit - p)
    for k in range(SAYERS):
        weights[path * SAYERS + k] += step * x[k]
