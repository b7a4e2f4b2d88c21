"""Which of several probabilities to believe: weights that depend on where each stands.

A weight is a product of factors, one from each of several tables, each looked up by something that
is known beforehand: how much its context has seen, which contexts are known at all, the class of
the last word. All factors that took part are moved by how much better than the mean their part
saw the word coming (Kivinen and Warmuth, 1997, exponentiated gradient, to first order).
"""

import math

from forecast.compiled import compiled

STEP, FIRST_STEP = 0.05, 1.0
LEAST, LARGEST = 0.01, 100.0  # of a factor


@compiled
def mixed(weights, p, n):
    """sum_k w_k p_k."""
    total = 0.0
    for k in range(n):
        total += weights[k] * p[k]
    return total


@compiled
def factor_move(f, at, step, better):
    """a <- a (1 + step (r - w)):  r - w is 0 in the mean if p was right."""
    f[at] = min(max(f[at] * (1.0 + step * better), LEAST), LARGEST)


@compiled
def step_after(words):
    """How far factors move: 1 / sqrt(t + 1) at first, and at least a twentieth."""
    return max(STEP, FIRST_STEP / math.sqrt(words + 1.0))
