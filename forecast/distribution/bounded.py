"""The bent one between two bounds.

Y = max(low, min(high, X)), X being bent through quantiles of which none lies beyond a bound: the
part of a tail that does is an atom on it.
"""

import math

from forecast.compiled import compiled
from forecast.distribution.bent import (
    mass_between,
    quantiles_cdf,
    quantiles_crps,
    quantiles_mean,
    quantiles_pdf,
    quantiles_quantile,
    quantiles_surprise,
    score_from,
    score_up_to,
)
from forecast.distribution.t4 import SCORES, t4_cdf, t4_moment, t4_square


@compiled
def within(x, low, high):
    """x, or the bound that it passes; what is not known stays nan."""
    if x < low:
        return low
    return high if x > high else x


@compiled
def bounded_cdf(values, left, right, low, high, x):
    """P(Y <= x)."""
    if x < low:
        return 0.0
    return quantiles_cdf(values, left, right, x) if x < high else 1.0


@compiled
def bounded_quantile(values, left, right, low, high, p):
    """The smallest x with P(Y <= x) >= p."""
    return within(quantiles_quantile(values, left, right, p), low, high)


@compiled
def bounded_pdf(values, left, right, low, high, x):
    """Density between the bounds; infinite on the atom of one that a tail reaches."""
    if x < low or x > high:
        return 0.0
    if (x == low and left > 0.0) or (x == high and right > 0.0):
        return math.inf
    return quantiles_pdf(values, left, right, x)


@compiled
def bounded_surprise(values, left, right, low, high, cell, y):
    """-log of the mass of the cell around y, over its width; a cell on a bound has all beyond."""
    if y < low or y > high:
        return math.inf
    half = 0.5 * cell
    on_low, on_high = y - low <= half, high - y <= half
    if not (on_low or on_high):
        return quantiles_surprise(values, left, right, cell, y)
    a = -math.inf if on_low else score_from(values, left, right, y, -half)
    b = math.inf if on_high else score_up_to(values, left, right, y, half)
    mass = mass_between(a, b)
    if mass > 0.0:
        return -math.log(mass / cell)
    return -math.log(bounded_pdf(values, left, right, low, high, y))


@compiled
def _score_of_tail(value, scale, score, bound):
    """How far out, z < 0, a bound lies on the tail that begins at a value; -inf if on none."""
    return score - abs(value - bound) / scale if scale > 0.0 else -math.inf


@compiled
def _beyond(values, left, right, low, high):
    """z < 0 of the two bounds: how far out on its tail each of them lies."""
    n = len(values)
    below = _score_of_tail(values[0], left, SCORES[0], low)
    return below, _score_of_tail(values[n - 1], right, -SCORES[n - 1], high)


@compiled
def bounded_mean(values, left, right, low, high):
    """E[Y] = E[X] + E[low - X; X < low] - E[X - high; X > high].

    E[low - X; X < low] = int_-inf^low P(X <= x) dx = left (z T(z) - M(z)),  M the moment
    """
    mean = quantiles_mean(values, left, right)
    below, above = _beyond(values, left, right, low, high)
    if below > -math.inf:
        mean += left * (below * t4_cdf(below) - t4_moment(below))
    if above > -math.inf:
        mean -= right * (above * t4_cdf(above) - t4_moment(above))
    return within(mean, low, high)


@compiled
def bounded_crps(values, left, right, low, high, y):
    """That of X less what lies beyond the bounds, of a y between them."""
    total = quantiles_crps(values, left, right, y)
    below, above = _beyond(values, left, right, low, high)
    # int_-inf^low P(X <= x)^2 dx
    if below > -math.inf:
        total -= left * t4_square(below)
    if above > -math.inf:
        total -= right * t4_square(above)
    return total
