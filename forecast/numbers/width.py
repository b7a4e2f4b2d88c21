"""How wide: whether the outer quantiles are left as often as they say, and a step if they are not.

    theta <- theta + RATE (1[y beyond the quantile] - 0.05)       (Gibbs and Candes, 2021)

for each side of the median, whose quantiles lie ``exp(theta)`` times as far from it. An answer that
lies on the quantile itself, where values repeat themselves, tells nothing.
"""

import math

from forecast.compiled import compiled
from forecast.distribution.t4 import LEVELS

N = len(LEVELS)
LOW, MIDDLE, HIGH = 1, N // 2, N - 2  # 5, 50 and 95 %
TAIL = LEVELS[LOW]
RATE = 0.015
LEAST, MOST = -0.5, 1.0  # of theta
BELOW, ABOVE = 0, 1  # floats: theta of each side
WIDTH_FLOATS = 2


@compiled
def width_learn(f, values, overlap, y):
    """Step each side by the answer to quantiles that were widened; late answers by less."""
    rate = RATE / math.sqrt(overlap)
    if y != values[LOW]:
        step = rate * ((1.0 if y < values[LOW] else 0.0) - TAIL)
        f[BELOW] = max(LEAST, min(MOST, f[BELOW] + step))
    if y != values[HIGH]:
        step = rate * ((1.0 if y > values[HIGH] else 0.0) - TAIL)
        f[ABOVE] = max(LEAST, min(MOST, f[ABOVE] + step))


@compiled
def widen(f, values):
    """Move rising quantiles [N] away from their median, or closer to it."""
    below, above = math.exp(f[BELOW]), math.exp(f[ABOVE])
    median = values[MIDDLE]
    for p in range(N):
        values[p] = median + (values[p] - median) * (below if p < MIDDLE else above)
