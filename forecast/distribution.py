"""What a forecast is: a distribution that can be asked, and can be surprised.

Numbers: Normal, StudentT, Mixture, Quantiles. Words and labels: Bernoulli, Categorical.
The compiled kernels come first; the classes and the whole-stream loop call the same ones.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.compiled import compiled

Floats = NDArray[np.float64]

# The levels at which a forecast of a number is kept and printed.
LEVELS = (0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975)
N = len(LEVELS)

# ------------------------------------------------- Student's t with 4 degrees of freedom
# With w = z / sqrt(4 + z^2) its distribution function is a cubic:  T = (1 + w)^2 (2 - w) / 4.


def _t4_quantile(p: float) -> float:
    """z with T(z) = p, by the cubic's trigonometric root (Shaw, 2006)."""
    tail = min(p, 1.0 - p)
    # u = 1 + w solves u^2 (3 - u) = 4 tail
    third = math.asin(math.sqrt(tail)) * 2.0 / 3.0
    u = 2.0 * math.sin(0.5 * third) ** 2 + math.sqrt(3.0) * math.sin(third)
    z = 2.0 * (1.0 - u) / math.sqrt(u * (2.0 - u)) if u > 0.0 else math.inf
    return -z if p < 0.5 else z


t4_quantile = compiled(_t4_quantile)
SCORES = np.array([_t4_quantile(level) for level in LEVELS])


@compiled
def t4_pdf(z):
    """Density: 3/8 (1 + z^2/4)^(-5/2)."""
    u = 1.0 + 0.25 * z * z
    return 0.375 / (u * u * math.sqrt(u))


def _t4_upper(z: float) -> float:
    """P(Z > z), to full precision in both tails."""
    root = math.sqrt(4.0 + z * z)
    w = abs(z) / root if root < math.inf else 1.0
    u = 4.0 / ((4.0 + z * z) * (1.0 + w))  # 1 - w
    tail = 0.25 * u * u * (3.0 - u)
    return tail if z > 0.0 else 1.0 - tail


t4_upper = compiled(_t4_upper)


@compiled
def t4_cdf(z):
    """P(Z <= z)."""
    return t4_upper(-z)


def _t4_moment(z: float) -> float:
    """int_-inf^z x t4(x) dx = -1/2 (1 + z^2/4)^(-3/2)."""
    u = 1.0 + 0.25 * z * z
    return -0.5 / (u * math.sqrt(u))


def _t4_square(z: float) -> float:
    """int_-inf^z T(x)^2 dx = z T^2 - 2 M T - 3/8 int_-inf^z (1 + x^2/4)^-4 dx, M the moment."""
    root = math.sqrt(4.0 + z * z)
    sine, cosine = z / root, 2.0 / root  # of phi, where z = 2 tan(phi)
    phi = math.atan(0.5 * z)
    s2, c2 = 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine
    s4, c4 = 2.0 * s2 * c2, 1.0 - 2.0 * s2 * s2
    s6 = s4 * c2 + c4 * s2
    sixth = 0.625 * (phi + 0.5 * math.pi) + 0.46875 * s2 + 0.09375 * s4 + s6 / 96.0
    u = 1.0 - abs(sine)
    below = 0.25 * u * u * (3.0 - u)
    if z > 0.0:
        below = 1.0 - below
    moment = -0.5 * cosine * cosine * cosine
    return z * below * below - 2.0 * moment * below - 0.375 * sixth


t4_square = compiled(_t4_square)
T4_ENTROPY = 2.5 * 0.2803723055467761 + math.log(8.0 / 3.0)  # -int t4 log t4
t4_moment = compiled(_t4_moment)
SQUARE_BELOW = np.array([_t4_square(z) for z in SCORES])
SQUARE_ABOVE = np.array([_t4_square(-z) for z in SCORES])
MOMENT = np.array([_t4_moment(z) for z in SCORES])
LEVEL = np.array(LEVELS)


@compiled
def t4_mass(z, width):
    """P(z - width/2 <= Z <= z + width/2), to full precision however narrow or far out."""
    if width < 0.01 * (1.0 + abs(z)):
        # z +- width/2 may not differ in floats:  as student_mass, for nu = 4
        v = 1.0 / (4.0 + z * z)
        bend, square = z * z * v, width * width * v
        second = 5.0 * (7.0 * bend - 1.0)
        fourth = 35.0 * (99.0 * bend * bend - 54.0 * bend + 3.0)
        return width * t4_pdf(z) * (1.0 + square * (second / 24.0 + square * fourth / 1920.0))
    a, b = z - 0.5 * width, z + 0.5 * width
    if a > 0.0:
        return t4_upper(a) - t4_upper(b)
    return t4_upper(-b) - t4_upper(-a)


# ------------------------------------------------- Student's t bent through 21 quantiles
# x = g(z) is linear between the points (score_i, value_i) and beyond them with the slopes of the
# two tails; Z is Student's t. A tie of two values is an atom.


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
def _score_up_to(values, left, right, x, offset):
    """The largest z with g(z) <= x + offset."""
    segment = _segment_above(values, x, offset)
    if segment == 0 and left <= 0.0:
        return -math.inf
    if segment == len(values) and right <= 0.0:
        return math.inf
    return quantiles_score(values, left, right, segment, x, offset)


@compiled
def _score_from(values, left, right, x, offset):
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
    return t4_upper(-_score_up_to(values, left, right, x, 0.0))


@compiled
def _mass_between(a, b):
    """P(a <= Z <= b), where a tail of no width ends in an atom: its score is infinite."""
    if not b > a:
        return 0.0
    if math.isinf(a):
        return t4_cdf(b)
    if math.isinf(b):
        return t4_upper(a)
    return t4_mass(0.5 * (a + b), b - a)


@compiled
def quantiles_mass(values, left, right, low, high):
    """P(low <= Y <= high); an atom at either end counts whole."""
    a = _score_from(values, left, right, low, 0.0)
    return _mass_between(a, _score_up_to(values, left, right, high, 0.0))


@compiled
def _mass_around(values, left, right, y, half):
    """P(y - half <= Y <= y + half), however small half is beside y; 0 if lost beside a score."""
    a = _score_from(values, left, right, y, -half)
    b = _score_up_to(values, left, right, y, half)
    return _mass_between(a, b) if b - a > 1e-12 else 0.0


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


# ------------------------------------------------- the same between two bounds
# Y = max(low, min(high, X)), X being bent through quantiles of which none lies beyond a bound: the
# part of a tail that does is an atom on it.


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
    a = -math.inf if on_low else _score_from(values, left, right, y, -half)
    b = math.inf if on_high else _score_up_to(values, left, right, y, half)
    mass = _mass_between(a, b)
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


# ------------------------------------------------- the same on a lattice
# Y is the point nearest to X, of origin + k pitch: P(Y = point) is the mass of X in its cell, and a
# quantile of Y is the point nearest to that of X. A pitch of 0 is no lattice.

SAME_POINT = 1e-6  # pitches
LAST_BITS = 1e-14  # of a value: so far apart two floats are the same number, rounded
DIGITS = 9
EXACT = 9e15  # whole numbers below it are floats


@compiled
def lattice_nearest(x, origin, pitch):
    """The point nearest to x: the float of its shortest decimal, as it would be read.

    Where values differ in their last bit, x or the origin is rather the value that comes again.
    """
    if not pitch > 0.0:
        return x
    away = math.floor((x - origin) / pitch + 0.5)
    if away == 0.0:
        return origin
    point = origin + away * pitch
    if abs(x - point) <= LAST_BITS * max(abs(x), abs(origin)):
        return x
    tens = 1.0
    for _ in range(DIGITS):
        whole = math.floor(point * tens + 0.5)
        if abs(whole) > EXACT:
            break
        if abs(whole - point * tens) <= SAME_POINT * pitch * tens:
            return whole / tens
        tens *= 10.0
    return point


@compiled
def lattice_edge(x, origin, pitch):
    """Where the cell ends of the last point that is not above x."""
    if not pitch > 0.0:
        return x
    return origin + (math.floor((x - origin) / pitch + SAME_POINT) + 0.5) * pitch


# ------------------------------------------------- Normal and Student's t with few degrees

ROOT_2 = math.sqrt(2.0)
OVER_24 = 1.0 / 24.0
OVER_1920 = 1.0 / 1920.0
LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


@compiled
def normal_cdf(mean, sd, x):
    """P(Y <= x)."""
    return 0.5 * math.erfc((mean - x) / (sd * ROOT_2))


@compiled
def normal_tail_over_density(z):
    """Mills's ratio m(z) = Q(z)/phi(z) ~ 1/z (1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8).

    To 1e-11 from 25 on.
    """
    v = 1.0 / (z * z)
    return (1.0 - v * (1.0 - 3.0 * v * (1.0 - 5.0 * v * (1.0 - 7.0 * v)))) / z


@compiled
def normal_bend(z, width):
    """By how much more than width phi(z) a narrow cell around z holds, as a share of that.

    (z^2 - 1) width^2/24 + (z^4 - 6 z^2 + 3) width^4/1920 + ...
    """
    z2, w2 = z * z, width * width
    return w2 * ((z2 - 1.0) * OVER_24 + w2 * ((z2 - 6.0) * z2 + 3.0) * OVER_1920)


@compiled
def normal_surprise(mean, sd, cell, y):
    """-log of the mass of the cell around y, over its width; finite however far y is."""
    z = abs(y - mean) / sd
    width = cell / sd
    if math.isnan(cell):
        return math.nan
    if width * max(1.0, z) < 0.02:
        return 0.5 * z * z + LOG_ROOT_2PI + math.log(sd) - math.log1p(normal_bend(z, width))
    a, b = z - 0.5 * width, z + 0.5 * width
    if a < 25.0:
        return -math.log(0.5 * (math.erfc(a / ROOT_2) - math.erfc(b / ROOT_2)) / cell)
    # far out:  Q(a) - Q(b) = Q(a) (1 - Q(b)/Q(a)),  Q(b)/Q(a) = exp(-width (a + b)/2) m(b)/m(a)
    kept = math.exp(-width * z) * normal_tail_over_density(b) / normal_tail_over_density(a)
    log_upper = -0.5 * a * a - LOG_ROOT_2PI + math.log(normal_tail_over_density(a))
    return -log_upper - math.log1p(-kept) + math.log(cell)


@compiled
def student_pdf(z, nu):
    """Density for nu in {2, 4, 8, inf}."""
    if nu == math.inf:
        return math.exp(-0.5 * z * z - LOG_ROOT_2PI)
    return _student_peaked(nu / (nu + z * z), nu)


@compiled
def _student_peaked(v, nu):
    """Density for nu in {2, 4, 8}:  peak v^((nu + 1)/2),  v = 1 / (1 + z^2/nu)."""
    root = math.sqrt(v)
    if nu == 2.0:
        return 0.35355339059327373 * v * root
    if nu == 4.0:
        return 0.375 * v * v * root
    return 0.38669902096139315 * v * v * v * v * root


@compiled
def student_upper(z, nu):
    """P(Z > z) for nu in {2, 4, 8, inf}, to full precision in the upper tail.

    With w = z / sqrt(nu + z^2) and s = 1 - w^2, the odd part is w/2 (1 + s/2 + 3/8 s^2 + ...).
    """
    if nu == math.inf:
        return 0.5 * math.erfc(z / ROOT_2)
    if z < 0.0:
        return 1.0 - student_upper(-z, nu)
    if nu == 4.0:
        return t4_upper(z)
    s = nu / (nu + z * z)
    w = z / math.sqrt(nu + z * z) if s > 0.0 else 1.0
    if nu == 2.0:
        return 0.5 * s / (1.0 + w)
    if s > 0.2:
        return 0.5 - 0.5 * w * (1.0 + s * (0.5 + s * (0.375 + s * 0.3125)))
    # the tail of that series:  w/2 (35/128 s^4 + 63/256 s^5 + ...)
    term = 0.2734375 * s * s * s * s
    total = 0.0
    j = 4.0
    while term > 1e-17 * total:
        total += term
        j += 1.0
        term *= s * (2.0 * j - 1.0) / (2.0 * j)
    return 0.5 * w * total


@compiled
def student_mass(z, width, nu):
    """P(z - width/2 <= Z <= z + width/2)."""
    if nu == math.inf:
        if width * (1.0 + abs(z)) < 0.01:
            return width * student_pdf(z, nu) * (1.0 + normal_bend(z, width))
    elif width < 0.01 * (1.0 + abs(z)):
        # mass = width p(z) (1 + D2 width^2/24 + D4 width^4/1920),  Dn the n-th derivative over p
        #   D2 = c v ((c + 2) z^2 v - 1),  c = nu + 1,  v = 1 / (nu + z^2)
        #   D4 = c (c + 2) v^2 ((c + 4) z^2 v ((c + 6) z^2 v - 6) + 3)
        over = 1.0 / (nu + z * z)
        c = nu + 1.0
        bend, square = z * z * over, width * width * over
        second = c * ((c + 2.0) * bend - 1.0) * OVER_24
        fourth = c * (c + 2.0) * ((c + 4.0) * bend * ((c + 6.0) * bend - 6.0) + 3.0) * OVER_1920
        peak = _student_peaked(nu * over, nu)
        return width * peak * (1.0 + square * (second + square * fourth))
    a, b = z - 0.5 * width, z + 0.5 * width
    if a > 0.0:
        return student_upper(a, nu) - student_upper(b, nu)
    return student_upper(-b, nu) - student_upper(-a, nu)


@compiled
def mixture_mean(weights, locations):
    """sum_k w_k m_k."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * locations[k]
    return total


@compiled
def mixture_cdf(weights, locations, scales, nus, x):
    """sum_k w_k F_k(x)."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * student_upper((locations[k] - x) / scales[k], nus[k])
    return total


@compiled
def mixture_pdf(weights, locations, scales, nus, x):
    """sum_k w_k p_k(x)."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * student_pdf((x - locations[k]) / scales[k], nus[k]) / scales[k]
    return total


@compiled
def student_far(location, scale, nu, cell, y):
    """Surprise of one Student's t where y is very far away: its density is a power law there."""
    if nu == math.inf:
        return normal_surprise(location, scale, cell, y)
    out = 1e30
    z = abs(y - location) / scale
    return math.log(scale) - math.log(student_pdf(out, nu)) + (nu + 1.0) * math.log(z / out)


@compiled
def mixture_surprise(weights, locations, scales, nus, cell, y):
    """-log of the mass of the cell around y, over its width; finite however far y is."""
    if math.isnan(cell) or math.isnan(y):
        return math.nan
    density = 0.0
    for k in range(len(weights)):
        over = 1.0 / scales[k]
        z = (y - locations[k]) * over
        if cell > 0.0:
            density += weights[k] * student_mass(z, cell * over, nus[k])
        else:
            density += weights[k] * student_pdf(z, nus[k]) * over
    if cell > 0.0:
        density /= cell
    if density > 1e-300:
        return -math.log(density)
    # all of them far away, and the density too small for a float: add up in logs
    total = math.inf
    for k in range(len(weights)):
        if weights[k] > 0.0:
            far = student_far(locations[k], scales[k], nus[k], cell, y) - math.log(weights[k])
            apart = abs(total - far) if far < math.inf else math.inf
            total = min(total, far) - math.log1p(math.exp(-apart))
    return total


@compiled
def mixture_quantile(weights, locations, scales, nus, p):
    """x with F(x) = p, by Newton steps inside a shrinking bracket."""
    # no part's quantile is further out than that of 2 degrees of freedom
    widest = (2.0 * p - 1.0) / math.sqrt(2.0 * p * (1.0 - p))
    low, high = math.inf, -math.inf
    for k in range(len(weights)):
        low = min(low, locations[k] + scales[k] * min(0.0, widest))
        high = max(high, locations[k] + scales[k] * max(0.0, widest))
    x = 0.5 * (low + high)
    # a bracket 1e150 wide, that of p = 1e-300, is halved 500 times before a Newton step helps
    for _ in range(1200):
        error = mixture_cdf(weights, locations, scales, nus, x) - p
        if error > 0.0:
            high = x
        else:
            low = x
        density = mixture_pdf(weights, locations, scales, nus, x)
        step = error / density if density > 0.0 else math.inf
        if abs(step) <= 1e-14 * (abs(x) + high - low):
            return x - step
        x = x - step if low < x - step < high else 0.5 * (low + high)
    return x


# A hinge: of another distribution F, so much below a point as is believed.
#   below the hinge all of F is weighed by  below / F(hinge),
#   above it by                             (1 - below) / (1 - F(hinge))


@compiled
def hinged_sides(before, below):
    """What the two sides of a hinge are weighed by; ``before`` is F(hinge)."""
    return below / before, (1.0 - below) / (1.0 - before)


@compiled
def hinged_cdf(weights, locations, scales, nus, hinge, before, below, x):
    """P(Y <= x) of a mixture with a hinge."""
    left, right = hinged_sides(before, below)
    under = mixture_cdf(weights, locations, scales, nus, x)
    return left * under if x <= hinge else 1.0 - right * (1.0 - under)


@compiled
def hinged_quantile(weights, locations, scales, nus, hinge, before, below, p):
    """x with P(Y <= x) = p."""
    left, right = hinged_sides(before, below)
    under = p / left if p <= below else 1.0 - (1.0 - p) / right
    return mixture_quantile(weights, locations, scales, nus, under)


@compiled
def student_lower_mean(z, nu):
    """E[Z; Z <= z]: the part of the mean that lies below z.

    -(nu + z^2)/(nu - 1) p(z),  and -p(z) for a Normal
    """
    if nu == math.inf:
        return -student_pdf(z, nu)
    return -(nu + z * z) / (nu - 1.0) * student_pdf(z, nu)


@compiled
def hinged_mean(weights, locations, scales, nus, hinge, before, below):
    """E[Y] = left E[Y; Y <= hinge] + right E[Y; Y > hinge]."""
    left, right = hinged_sides(before, below)
    lower = 0.0
    for k in range(len(weights)):
        z = (hinge - locations[k]) / scales[k]
        under = student_upper(-z, nus[k])
        part = locations[k] * under + scales[k] * student_lower_mean(z, nus[k])
        lower += weights[k] * part
    return left * lower + right * (mixture_mean(weights, locations) - lower)


@compiled
def hinged_side(weights, locations, scales, nus, cell, hinge, before, below, y):
    """What the mass of the cell around y is weighed by."""
    left, right = hinged_sides(before, below)
    if y + 0.5 * cell <= hinge:
        return left
    if y - 0.5 * cell >= hinge:
        return right
    # the hinge parts the cell: the share of it that lies below
    low = before - mixture_cdf(weights, locations, scales, nus, y - 0.5 * cell)
    high = mixture_cdf(weights, locations, scales, nus, y + 0.5 * cell) - before
    share = low / (low + high) if low + high > 0.0 else 0.5
    return share * left + (1.0 - share) * right


@compiled
def hinged_surprise(weights, locations, scales, nus, cell, hinge, before, below, y):
    """-log of the mass of the cell around y, over its width."""
    smooth = mixture_surprise(weights, locations, scales, nus, cell, y)
    side = hinged_side(weights, locations, scales, nus, cell, hinge, before, below, y)
    return smooth - math.log(side)


# ------------------------------------------------- what people hold


class Forecast(ABC):
    """A distribution over what comes next. It never changes."""

    __slots__ = ()

    @abstractmethod
    def surprise(self, y: Any) -> float:
        """-log p(y), nats."""

    @abstractmethod
    def expected_surprise(self) -> float:
        """The mean surprise, were y drawn from this forecast; nats."""


class NumberForecast(Forecast):
    """A distribution over the next number.

    Attributes
    ----------
    cell : float
        Width of the cell that an observation stands for, in units of y: ``surprise`` is
        ``-log(P(y - cell/2 <= Y <= y + cell/2) / cell)``, so that values that repeat themselves
        are never infinitely likely. At 0 it is ``-log`` of the density; NaN where the series has
        shown no unit yet, and the surprise is NaN too.
    """

    __slots__ = ("cell",)
    cell: float

    @property
    @abstractmethod
    def mean(self) -> float:
        """Expected value."""

    @property
    def median(self) -> float:
        """The value that is exceeded half of the time."""
        return self.quantile(0.5)

    @abstractmethod
    def quantile(self, level: float) -> float:
        """The smallest value that is not exceeded with probability ``level``, in (0, 1)."""

    @abstractmethod
    def cdf(self, y: float) -> float:
        """P(Y <= y)."""

    @abstractmethod
    def pdf(self, y: float) -> float:
        """Density at y, per unit of y."""

    def interval(self, coverage: float) -> tuple[float, float]:
        """The central interval that holds Y with probability ``coverage``, in (0, 1)."""
        tail = 0.5 * (1.0 - coverage)
        return self.quantile(tail), self.quantile(1.0 - tail)

    def sample(self, rng: np.random.Generator, n: int = 1) -> Floats:
        """Draw n values, float64 [n]."""
        # away from 0 and 1, where a quantile may be infinite
        levels = rng.uniform(1e-12, 1.0 - 1e-12, n)
        return np.array([self.quantile(level) for level in levels])


def _checked_level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level lies between 0 and 1; got {level!r}")
    return level


class Normal(NumberForecast):
    """Normal distribution.

    Examples
    --------
    >>> forecast = Normal(mean=10.0, sd=2.0)
    >>> round(forecast.surprise(10.0), 4), [round(x, 2) for x in forecast.interval(0.9)]
    (1.6121, [6.71, 13.29])
    """

    __slots__ = ("_mean", "sd")

    def __init__(self, mean: float, sd: float, cell: float = 0.0) -> None:
        if not sd > 0.0:
            raise ValueError(f"sd must be positive; got {sd!r}")
        self._mean = mean
        self.sd = sd
        self.cell = cell

    @property
    def mean(self) -> float:
        return float(self._mean)

    @property
    def median(self) -> float:
        return float(self._mean)

    def surprise(self, y: float) -> float:
        return float(normal_surprise(self._mean, self.sd, self.cell, y))

    def expected_surprise(self) -> float:
        return math.nan if math.isnan(self.cell) else math.log(self.sd) + LOG_ROOT_2PI + 0.5

    def quantile(self, level: float) -> float:
        return float(self._mean + self.sd * NormalDist().inv_cdf(_checked_level(level)))

    def cdf(self, y: float) -> float:
        return float(normal_cdf(self._mean, self.sd, y))

    def pdf(self, y: float) -> float:
        return math.exp(-0.5 * ((y - self._mean) / self.sd) ** 2 - LOG_ROOT_2PI) / self.sd

    def __repr__(self) -> str:
        return f"Normal(mean={self._mean:.6g}, sd={self.sd:.6g})"


class Mixture(NumberForecast):
    """Mixture of Student-t distributions; one of infinite degrees of freedom is a Normal.

    Parameters
    ----------
    weights, locations, scales, nus : array_like, [n]
        Weights sum to 1; degrees of freedom are 2, 4, 8 or inf, where all is algebraic.
    cell : float
        See ``NumberForecast``.

    Raises
    ------
    ValueError
        If a part is none of those.

    Examples
    --------
    >>> forecast = Mixture([0.5, 0.5], [0.0, 10.0], [1.0, 1.0], [4.0, math.inf])
    >>> forecast.mean, round(forecast.cdf(5.0), 3)
    (5.0, 0.498)
    """

    __slots__ = ("locations", "nus", "scales", "weights")

    def __init__(
        self,
        weights: Sequence[float] | Floats,
        locations: Sequence[float] | Floats,
        scales: Sequence[float] | Floats,
        nus: Sequence[float] | Floats,
        cell: float = 0.0,
    ) -> None:
        parts = np.array([weights, locations, scales, nus], float)
        w, _, s, nu = parts
        if not (np.isfinite(parts[:3]).all() and (w >= 0).all() and abs(w.sum() - 1.0) < 1e-9):
            raise ValueError(f"weights must be positive and sum to 1; got {w}")
        if not ((s > 0).all() and np.isin(nu, (2.0, 4.0, 8.0, math.inf)).all()):
            raise ValueError(f"scales must be positive, nus 2, 4, 8 or inf; got {s}, {nu}")
        self._keep(parts, cell)

    def _keep(self, parts: Floats, cell: float) -> None:
        self.weights, self.locations, self.scales, self.nus = parts
        self.cell = cell

    @classmethod
    def of(cls, parts: Floats, cell: float) -> "Mixture":
        """The mixture of checked parts, [4, n]; they are not copied."""
        forecast = cls.__new__(cls)
        forecast._keep(parts, cell)
        return forecast

    @property
    def _parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.weights, self.locations, self.scales, self.nus

    @property
    def mean(self) -> float:
        return float(mixture_mean(self.weights, self.locations))

    def surprise(self, y: float) -> float:
        return float(mixture_surprise(*self._parts, self.cell, y))

    def expected_surprise(self) -> float:
        if math.isnan(self.cell):
            return math.nan
        # the mean over 2,000 evenly spaced quantiles
        levels = (np.arange(2000) + 0.5) / 2000
        return math.fsum(-math.log(self.pdf(self.quantile(p))) for p in levels) / 2000

    def quantile(self, level: float) -> float:
        return float(mixture_quantile(*self._parts, _checked_level(level)))

    def cdf(self, y: float) -> float:
        return float(mixture_cdf(*self._parts, y))

    def pdf(self, y: float) -> float:
        return float(mixture_pdf(*self._parts, y))

    def __repr__(self) -> str:
        return f"Mixture of {len(self.weights)} (mean={self.mean:.6g})"


class StudentT(Mixture):
    """Student's t, of 2, 4, 8 or infinitely many degrees of freedom.

    Examples
    --------
    >>> round(StudentT(0.0, 1.0, 4.0).quantile(0.95), 4)
    2.1318
    """

    __slots__ = ()

    def __init__(self, location: float, scale: float, nu: float, cell: float = 0.0) -> None:
        super().__init__([1.0], [location], [scale], [nu], cell)

    def __repr__(self) -> str:
        location, scale, nu = self.locations[0], self.scales[0], self.nus[0]
        return f"StudentT(location={location:.6g}, scale={scale:.6g}, nu={nu:.6g})"


class Hinged(NumberForecast):
    """A mixture that holds so much below a point as is believed: there its two sides are hinged.

    A mixture weighed by ``-log p`` has the shape that surprises least, and not always the median
    that errs least. The hinge moves its median and keeps its shape on either side.

    Parameters
    ----------
    mixture : Mixture
    hinge : float
        The point, strictly inside the mixture.
    below : float
        P(Y <= hinge), in (0, 1).

    Raises
    ------
    ValueError
        If all of the mixture, or nothing, lies below the hinge.

    Examples
    --------
    >>> forecast = Hinged(StudentT(10.0, 2.0, 4.0), hinge=11.0, below=0.5)
    >>> round(forecast.median, 12), round(forecast.cdf(11.0), 12)
    (11.0, 0.5)
    """

    __slots__ = ("before", "below", "hinge", "mixture")

    def __init__(self, mixture: Mixture, hinge: float, below: float) -> None:
        before = mixture.cdf(hinge)
        if not (0.0 < before < 1.0 and 0.0 < below < 1.0):
            raise ValueError(f"a hinge has a part on both sides; got {before} and {below}")
        self.mixture, self.hinge, self.before, self.below = mixture, hinge, before, below
        self.cell = mixture.cell

    @classmethod
    def of(cls, mixture: Mixture, hinge: float, before: float, below: float) -> "Hinged":
        """The same from checked parts; ``before`` is the mixture's cdf at the hinge."""
        forecast = cls.__new__(cls)
        forecast.mixture, forecast.hinge = mixture, hinge
        forecast.before, forecast.below = before, below
        forecast.cell = mixture.cell
        return forecast

    @property
    def _hinge(self) -> tuple[float, float, float]:
        return self.hinge, self.before, self.below

    @property
    def mean(self) -> float:
        return float(hinged_mean(*self.mixture._parts, *self._hinge))

    def surprise(self, y: float) -> float:
        return float(hinged_surprise(*self.mixture._parts, self.cell, *self._hinge, y))

    def expected_surprise(self) -> float:
        if math.isnan(self.cell):
            return math.nan
        # the mean over 2,000 evenly spaced quantiles
        levels = (np.arange(2000) + 0.5) / 2000
        return math.fsum(-math.log(self.pdf(self.quantile(p))) for p in levels) / 2000

    def quantile(self, level: float) -> float:
        return float(hinged_quantile(*self.mixture._parts, *self._hinge, _checked_level(level)))

    def cdf(self, y: float) -> float:
        return float(hinged_cdf(*self.mixture._parts, *self._hinge, y))

    def pdf(self, y: float) -> float:
        left, right = hinged_sides(self.before, self.below)
        return float(self.mixture.pdf(y) * (left if y <= self.hinge else right))

    def __repr__(self) -> str:
        return f"Hinged({self.mixture!r}, hinge={self.hinge:.6g}, below={self.below:.6g})"


class Quantiles(NumberForecast):
    """Student's t with 4 degrees of freedom, bent to pass through 21 quantiles.

    Between its quantiles and beyond them the distribution is a stretch of Student's t: continuous,
    with a density everywhere and tails that no outlier falls out of. Two quantiles that tie are an
    atom of the mass between their levels.

    Parameters
    ----------
    values : array_like, [21]
        The quantiles at ``LEVELS``, rising.
    tails : (float, float), optional
        Scale of Student's t beyond the first and the last value, in units of y; that of the
        neighbouring stretch where not given. 0 puts the tail's mass on the value itself.
    cell : float
        See ``NumberForecast``. A forecast with atoms needs one: without it the density, and so
        the surprise, is infinite there.
    mean : float, optional
        What the square loss asks for, where that was learned on its own: how far the tails reach
        beyond the last quantile is said by these only roughly. That of the values and tails where
        not given.
    bounds : (float, float), optional
        No value lies beyond them: the part of a tail that would is an atom on the bound.
    lattice : (float, float), optional
        A point, and its pitch, the distance of the next one: what comes lies on such a point. The
        mass of its cell is on it, and quantiles are points; a pitch of 0 is no lattice.

    Raises
    ------
    ValueError
        If there are not 21 rising values, a tail or a pitch is negative, or a value lies beyond a
        bound.

    Examples
    --------
    >>> forecast = Quantiles(100.0 + 3.0 * SCORES)
    >>> round(forecast.mean, 6), round(forecast.quantile(0.99), 4), round(forecast.cdf(100.0), 6)
    (100.0, 111.2408, 0.5)
    """

    __slots__ = ("_mean", "bounds", "lattice", "tails", "values")

    def __init__(
        self,
        values: Sequence[float] | Floats,
        tails: tuple[float, float] | None = None,
        cell: float = 0.0,
        mean: float | None = None,
        bounds: tuple[float, float] = (-math.inf, math.inf),
        lattice: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        values = np.array(values, float)
        rising = values.shape == (N,) and (np.diff(values) >= 0.0).all()
        if not (rising and np.isfinite(values).all()):
            raise ValueError(f"expected {N} rising values; got {values}")
        if tails is None:
            left = float((values[1] - values[0]) / (SCORES[1] - SCORES[0]))
            right = float((values[-1] - values[-2]) / (SCORES[-1] - SCORES[-2]))
            tails = left, right
        if not all(0.0 <= tail < math.inf for tail in tails):
            raise ValueError(f"tails must not be negative; got {tails}")
        if not bounds[0] <= values[0] <= values[-1] <= bounds[1]:
            raise ValueError(f"no value may lie beyond the bounds {bounds}; got {values}")
        if not 0.0 <= lattice[1] < math.inf:
            raise ValueError(f"a pitch must not be negative; got {lattice[1]}")
        self.values = values
        self.tails = tails
        self.bounds = bounds
        self.lattice = lattice
        self.cell = cell
        self._mean = float(bounded_mean(*self._parts) if mean is None else mean)

    @classmethod
    def of(
        cls,
        values: Floats,
        tails: Floats,
        bounds: Floats,
        lattice: Floats,
        cell: float,
        mean: float,
    ) -> "Quantiles":
        """The forecast of checked values, [21], and pairs; values are not copied."""
        forecast = cls.__new__(cls)
        forecast.values = values
        forecast.tails = float(tails[0]), float(tails[1])
        forecast.bounds = float(bounds[0]), float(bounds[1])
        forecast.lattice = float(lattice[0]), float(lattice[1])
        forecast.cell = cell
        forecast._mean = mean
        return forecast

    @property
    def _parts(self) -> tuple[Floats, float, float, float, float]:
        return self.values, *self.tails, *self.bounds

    @property
    def mean(self) -> float:
        return self._mean

    @property
    def median(self) -> float:
        return self._point(self.values[N // 2])

    def _point(self, x: float) -> float:
        """What is said of a value of X, which lies between the bounds."""
        return float(within(lattice_nearest(x, *self.lattice), *self.bounds))

    def surprise(self, y: float) -> float:
        return float(bounded_surprise(*self._parts, self.cell, y))

    def expected_surprise(self) -> float:
        return float(quantiles_expected_surprise(self.values, *self.tails, self.cell))

    def quantile(self, level: float) -> float:
        return self._point(bounded_quantile(*self._parts, _checked_level(level)))

    def cdf(self, y: float) -> float:
        low, high = self.bounds
        edge = lattice_edge(y, *self.lattice) if low <= y < high else y
        return float(bounded_cdf(*self._parts, edge))

    def pdf(self, y: float) -> float:
        return float(bounded_pdf(*self._parts, y))

    def crps(self, y: float) -> float:
        """Continuous ranked probability score, in units of y (Matheson and Winkler, 1976).

        On a lattice it is that of the points that the 21 values stand for.
        """
        if self.lattice[1] > 0.0:
            points = [self._point(value) for value in self.values]
            return Quantiles(points, bounds=self.bounds).crps(y)
        return float(bounded_crps(*self._parts, y))

    def __repr__(self) -> str:
        low, high = self.values[1], self.values[-2]
        return f"Quantiles(median={self.median:.6g}, 90 % in [{low:.6g}, {high:.6g}])"


class Categorical(Forecast):
    """Probabilities of the words or labels that may come next.

    Parameters
    ----------
    probabilities : mapping
        From what may come to its probability; they sum to 1.

    Raises
    ------
    ValueError
        If they are negative or do not sum to 1.

    Examples
    --------
    >>> forecast = Categorical({"sun": 0.5, "rain": 0.25, "snow": 0.25})
    >>> forecast.top(1), round(forecast.surprise("rain"), 4), forecast.p("fog")
    ([('sun', 0.5)], 1.3863, 0.0)
    """

    __slots__ = ("probabilities",)

    def __init__(self, probabilities: Mapping[Any, float]) -> None:
        ps = probabilities.values()
        if not (all(p >= 0.0 for p in ps) and abs(math.fsum(ps) - 1.0) < 1e-9):
            raise ValueError(f"probabilities must be positive and sum to 1; got {probabilities}")
        self.probabilities = dict(probabilities)

    def p(self, y: Any) -> float:
        """Probability of y; 0 where it was not thought of."""
        p: float = self.probabilities.get(y, 0.0)
        return p

    def top(self, k: int) -> list[tuple[Any, float]]:
        """The k most probable, with their probabilities."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:k]

    def surprise(self, y: Any) -> float:
        p = self.p(y)
        return -math.log(p) if p > 0.0 else math.inf

    def expected_surprise(self) -> float:
        return -math.fsum(p * math.log(p) for p in self.probabilities.values() if p > 0.0)

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[Any]:
        """Draw n of them."""
        labels, ps = zip(*self.probabilities.items(), strict=True)
        return [labels[k] for k in rng.choice(len(labels), n, p=np.array(ps) / math.fsum(ps))]

    def __repr__(self) -> str:
        likely = ", ".join(f"{label!r}: {p:.3g}" for label, p in self.top(3))
        return f"Categorical({likely}{', ...' if len(self.probabilities) > 3 else ''})"


class Bernoulli(Categorical):
    """True with probability p, False otherwise.

    Examples
    --------
    >>> round(Bernoulli(0.9).surprise(False), 4)
    2.3026
    """

    __slots__ = ()

    def __init__(self, p: float) -> None:
        super().__init__({True: p, False: 1.0 - p})
