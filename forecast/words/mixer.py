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

from forecast.compiled import compiled, dot
from forecast.words.bits import bounded, squash, squash_nearly

LANES = 16  # inputs come in so many: what one pass of a vector sum takes
RATE, FIRST_RATE, SETTLED = 0.002, 0.03, 3.0
SECOND_RATE = 0.003


def lanes_for(inputs: int) -> int:
    """Inputs, and zeros that fill their lanes."""
    return -(-inputs // LANES) * LANES


@compiled
def mixers_say(weights, selected, x, n, mixers, logits):
    """Write to ``logits`` what each mixer says, by its selected set, of the n inputs x."""
    for s in range(mixers):
        logits[s] = bounded(float(dot(weights, np.int64(selected[s]) * n, x, n)))


@compiled
def mixers_learn(weights, uses, selected, x, n, mixers, logits, bit):
    """The selected set of each mixer steps down the gradient of its own -log p."""
    for s in range(mixers):
        used = uses[selected[s]] + np.float32(1.0)
        uses[selected[s]] = used
        rate = RATE + FIRST_RATE / math.sqrt(used + SETTLED - 1.0)
        step = np.float32((bit - squash_nearly(logits[s])) * rate)
        first = np.int64(selected[s]) * n
        for k in range(n):
            weights[first + k] += step * x[k]


@compiled
def seconds_say(weights, selected, x, n, mixers, logits):
    """Write what each mixer of the second layer says of the n logits x; returns their mean."""
    total = 0.0
    for s in range(mixers):
        logit = 0.0
        for k in range(n):
            logit += weights[selected[s] * n + k] * x[k]
        logits[s] = bounded(logit)
        total += logits[s]
    return total / mixers


@compiled
def seconds_learn(weights, selected, x, n, mixers, logits, bit):
    """The selected sets of the second layer step down the gradient of their own -log p."""
    for s in range(mixers):
        step = (bit - squash(logits[s])) * SECOND_RATE
        for k in range(n):
            weights[selected[s] * n + k] += step * x[k]
