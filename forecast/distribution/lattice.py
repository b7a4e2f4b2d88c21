"""The bent one on a lattice.

Y is the point nearest to X, of origin + k pitch: P(Y = point) is the mass of X in its cell, and a
quantile of Y is the point nearest to that of X. A pitch of 0 is no lattice.
"""

import math

from forecast.compiled import compiled

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
