"""Logits mixed by weights that learn: gated logistic mixing, in two layers.

    p_s = squash(sum_k w_sk x_k),        w_sk += rate (bit - p_s) x_k
    q_l = squash(sum_s v_ls logit(p_s)), v_ls += rate (bit - q_l) logit(p_s)
    logit(p) = mean_l logit(q_l)

Each mixer s has many sets of weights, and what is known of the text selects one: so the weights of
a place learn from like places only. Each step descends the gradient of -log p: the error is in it,
and no rate of its own is needed. The rate of a set falls with the times it was used.
Sources: Mahoney (2005); gated in layers, Veness et al. (2017).
"""

import math

import numpy as np

from forecast.compiled import inlined
from forecast.vectors import add_scaled, dot
from forecast.words.bits import bounded, squash, squash_nearly

LANES = 16  # inputs come in so many: what one pass of a vector sum takes
RATE, FIRST_RATE, SETTLED = 0.002, 0.03, 3.0
SECOND_RATE = 0.003


def lanes_for(inputs: int) -> int:
    """Inputs, and zeros that fill their lanes."""
    return -(-inputs // LANES) * LANES


@inlined
def mixer_says(weights, first, x, begin, n):
    """The logit of n inputs, from ``begin`` in x on, by the set of weights from ``first`` on."""
    return bounded(float(dot(weights, first, x, begin, n)))


@inlined
def mixer_learns(weights, first, uses, used, x, begin, n, logit, bit):
    """The set steps down the gradient of -log p, at the rate of one that was used so often."""
    times = uses[used] + np.float32(1.0)
    uses[used] = times
    rate = RATE + FIRST_RATE / math.sqrt(times + SETTLED - 1.0)
    step = np.float32((bit - squash_nearly(logit)) * rate)
    add_scaled(weights, first, x, begin, n, step)


@inlined
def second_says(weights, first, x, begin, n):
    """The logit of n logits, from ``begin`` in x on, by the set of weights from ``first`` on."""
    logit = 0.0
    for k in range(n):
        logit += weights[first + k] * x[begin + k]
    return bounded(logit)


@inlined
def second_learns(weights, first, x, begin, n, logit, bit):
    """The set steps down the gradient of -log p."""
    step = (bit - squash(logit)) * SECOND_RATE
    for k in range(n):
        weights[first + k] += step * x[begin + k]
