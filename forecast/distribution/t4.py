"""Student's t with 4 degrees of freedom, in closed form; the levels of a forecast.

With w = z / sqrt(4 + z^2) its distribution function is a cubic:  T = (1 + w)^2 (2 - w) / 4.
"""

import math

import numpy as np

from forecast.compiled import compiled

# The levels at which a forecast of a number is kept and printed.
LEVELS = (0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975)
N = len(LEVELS)


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
