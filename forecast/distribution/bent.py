"""Student's t bent through 21 quantiles."""

import math

from forecast.compiled import compiled
from forecast.distribution.t4 import (
    LEVEL,
    MOMENT,
    SCORES,
    SQUARE_ABOVE,
    SQUARE_BELOW,
    T4_ENTROPY,
    t4_cdf,
    t4_mass,
    t4_pdf,
    t4_quantile,
    t4_square,
    t4_upper,
)


@compiled
def quantiles_slope(values, left, right, segment):
    """dx/dz on a segment: 0 is the left tail, N the right one."""
    if segment == 0:
        return left
    if segment == len(values):
        return right
    return (values[segment] - values[segment - 1]) / (SCORES[segment] - SCORES[segment - 1])


@compiled
def quantiles_score(values, left, right, segment, x, offset):
    """z with g(z) = x + offset on a segment of positive slope.

    Beside a large x a small offset would be lost in their sum; beside x - value it is not.
    """
    at = max(segment - 1, 0)
    return SCORES[at] + (x - values[at] + offset) / quantiles_slope(values, left, right, segment)


@compiled
def _segment_above(values, x, offset):
    """How many values are <= x + offset: the segment that begins at the last of them."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] - x <= offset:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def score_up_to(values, left, right, x, offset):
    """The largest z with g(z) <= x + offset."""
    segment = _segment_above(values, x, offset)
    if segment == 0 and left <= 0.0:
        return -math.inf
    if segment == len(values) and right <= 0.0:
        return math.inf
    return quantiles_score(values, left, right, segment, x, offset)


@compiled
def score_from(values, left, right, x, offset):
    """The smallest z with g(z) >= x + offset."""
    segment = _segment_above(values, x, offset)
    while segment > 0 and values[segment - 1] - x == offset:
        segment -= 1
    if segment == 0 and left <= 0.0:
        return -math.inf
    if segment == len(values) and right <= 0.0:
        return math.inf
    return quantiles_score(values, left, right, segment, x, offset)


@compiled
def quantiles_cdf(values, left, right, x):
    """P(Y <= x)."""
    return t4_upper(-score_up_to(values, left, right, x, 0.0))


@compiled
def mass_between(a, b):
    """P(a <= Z <= b), where a tail of no width ends in an atom: its score is infinite."""
    if not b > a:
        return 0.0
    if math.isinf(a):
        return t4_cdf(b)
    if math.isinf(b):
        return t4_upper(a)
    return t4_mass(0.5 * (a + b), b - a)


@compiled
def _mass_around(values, left, right, y, half):
    """P(y - half <= Y <= y + half), however small half is beside y; 0 if lost beside a score."""
    a = score_from(values, left, right, y, -half)
    b = score_up_to(values, left, right, y, half)
    return mass_between(a, b) if b - a > 1e-12 else 0.0


@compiled
def quantiles_surprise(values, left, right, cell, y):
    """-log of the mass of the cell around y, over its width; of the density where it is 0."""
    half = 0.5 * cell
    segment = _segment_above(values, y, 0.0)
    at = max(segment - 1, 0)
    slope = quantiles_slope(values, left, right, segment)
    alone = segment == len(values) or values[segment] - y > half
    if slope > 0.0 and alone and (segment == 0 or y - values[at] > half):
        # the whole cell lies on one segment: its width in z is exact, however small
        z = quantiles_score(values, left, right, segment, y, 0.0)
        width = cell / slope
        if width == 0.0:
            return -math.log(t4_pdf(z) / slope)
        return -math.log(t4_mass(z, width) / cell)
    if math.isnan(cell) or math.isnan(y):
        return math.nan
    mass = _mass_around(values, left, right, y, half) if cell > 0.0 else 0.0
    if mass > 0.0:
        return -math.log(mass / cell)
    # a cell lost in rounding, or none, leaves the density
    return -math.log(quantiles_pdf(values, left, right, y))


@compiled
def quantiles_pdf(values, left, right, x):
    """t4(z) / g'(z); infinite on an atom."""
    segment = _segment_above(values, x, 0.0)
    if segment > 0 and values[segment - 1] == x:
        tie = segment > 1 and values[segment - 2] == x
        if tie or (segment == 1 and left <= 0.0) or (segment == len(values) and right <= 0.0):
            return math.inf
    slope = quantiles_slope(values, left, right, segment)
    if slope <= 0.0:
        return 0.0
    return t4_pdf(quantiles_score(values, left, right, segment, x, 0.0)) / slope


@compiled
def quantiles_quantile(values, left, right, p):
    """The smallest x with P(Y <= x) >= p."""
    z = t4_quantile(p)
    n = len(values)
    if z <= SCORES[0]:
        return values[0] + left * (z - SCORES[0]) if left > 0.0 else values[0]
    if z >= SCORES[n - 1]:
        return values[n - 1] + right * (z - SCORES[n - 1]) if right > 0.0 else values[n - 1]
    segment = _segment_above(SCORES, z, 0.0)
    at = segment - 1
    return values[at] + quantiles_slope(values, left, right, segment) * (z - SCORES[at])


@compiled
def quantiles_mean(values, left, right):
    """sum over segments of int g(z) t4(z) dz, exactly; counted from the median."""
    n = len(values)
    median = values[n // 2]
    # left tail: int (v_0 + left (z - z_0)) t4 dz
    mean = (values[0] - median) * LEVEL[0] + left * (MOMENT[0] - SCORES[0] * LEVEL[0])
    for s in range(1, n):
        slope = (values[s] - values[s - 1]) / (SCORES[s] - SCORES[s - 1])
        mass = LEVEL[s] - LEVEL[s - 1]
        mean += (values[s - 1] - median) * mass
        mean += slope * (MOMENT[s] - MOMENT[s - 1] - SCORES[s - 1] * mass)
    mass = 1.0 - LEVEL[n - 1]
    mean += (values[n - 1] - median) * mass + right * (-MOMENT[n - 1] - SCORES[n - 1] * mass)
    return median + mean


@compiled
def quantiles_expected_surprise(values, left, right, cell):
    """h(Y) = h(t4) + sum over segments of their mass times log slope; no slope below the cell."""
    if math.isnan(cell):
        return math.nan
    n = len(values)
    total = T4_ENTROPY + LEVEL[0] * (math.log(max(left, cell)) + math.log(max(right, cell)))
    for s in range(1, n):
        slope = (values[s] - values[s - 1]) / (SCORES[s] - SCORES[s - 1])
        total += (LEVEL[s] - LEVEL[s - 1]) * math.log(max(slope, cell))
    return total


@compiled
def quantiles_crps(values, left, right, y):
    """int (F(x) - 1[y <= x])^2 dx, exactly: F^2 below y and (1 - F)^2 above it."""
    n = len(values)
    segment = _segment_above(values, y, 0.0)
    total = 0.0
    for s in range(1, n):
        slope = (values[s] - values[s - 1]) / (SCORES[s] - SCORES[s - 1])
        if s < segment:
            total += slope * (SQUARE_BELOW[s] - SQUARE_BELOW[s - 1])
        elif s > segment:
            total += slope * (SQUARE_ABOVE[s - 1] - SQUARE_ABOVE[s])
    if segment > 0:
        total += left * SQUARE_BELOW[0]
    if segment < n:
        total += right * SQUARE_ABOVE[n - 1]
    # the segment of y itself
    slope = quantiles_slope(values, left, right, segment)
    if slope <= 0.0:
        # beyond a tail of no width: nothing is there but the distance
        return total + (values[0] - y if segment == 0 else y - values[n - 1])
    z = quantiles_score(values, left, right, segment, y, 0.0)
    below = t4_square(z) - (SQUARE_BELOW[segment - 1] if segment > 0 else 0.0)
    above = t4_square(-z) - (SQUARE_ABOVE[segment] if segment < n else 0.0)
    return total + slope * (below + above)
