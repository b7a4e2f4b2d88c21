"""Student's t with 2, 4 or 8 degrees of freedom, or infinitely many."""

import math

from forecast.compiled import compiled
from forecast.distribution.normal import (
    LOG_ROOT_2PI,
    OVER_24,
    OVER_1920,
    ROOT_2,
    normal_bend,
    normal_surprise,
)
from forecast.distribution.t4 import t4_upper


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
def student_far(location, scale, nu, cell, y):
    """Surprise of one Student's t where y is very far away: its density is a power law there."""
    if nu == math.inf:
        return normal_surprise(location, scale, cell, y)
    out = 1e30
    z = abs(y - location) / scale
    return math.log(scale) - math.log(student_pdf(out, nu)) + (nu + 1.0) * math.log(z / out)


@compiled
def student_lower_mean(z, nu):
    """E[Z; Z <= z]: the part of the mean that lies below z.

    -(nu + z^2)/(nu - 1) p(z),  and -p(z) for a Normal
    """
    if nu == math.inf:
        return -student_pdf(z, nu)
    return -(nu + z * z) / (nu - 1.0) * student_pdf(z, nu)
