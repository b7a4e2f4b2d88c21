"""Whole numbers, or whole multiples of a pitch: the lattice that all values so far lie on.

The pitch is the greatest common divisor of their differences. Two values always lie on a lattice:
it is believed after ``KNOWN`` more that changed nothing, and given up for good once its pitch is
finer than anything is measured by. A forecast then says points of it: the nearest to each quantile,
which is the quantile of the masses of the cells around the points. Surprise was their mass before,
and stays what it was.
"""

import math

from forecast.arrays import Floats
from forecast.compiled import compiled

# the last value; the pitch, nan before there are two, 0 for no lattice; values that kept it
ORIGIN, PITCH, KEPT = range(3)
LATTICE_FLOATS = 3

KNOWN = 10.0  # values that change no pitch
NEAR = 1e-6  # pitches: so near a point a value lies on it
FINEST = 1e-9  # of the values: below it, floats do not tell the points apart
DIVISIONS = 64


def lattice_begin(f: Floats) -> None:
    """No value yet."""
    f[ORIGIN], f[PITCH], f[KEPT] = math.nan, math.nan, 0.0


@compiled
def lattice_learn(f, y, least):
    """Take a value into the pitch, of which ``least`` is the finest."""
    if math.isnan(f[ORIGIN]):
        f[ORIGIN] = y
    if f[PITCH] == 0.0 or y == f[ORIGIN]:
        return
    away = abs(y - f[ORIGIN])
    if math.isnan(f[PITCH]):
        f[PITCH], f[ORIGIN] = away, y
        return
    points = away / f[PITCH]
    nearest = math.floor(points + 0.5)
    # another value than the last one is another point, unless rounding made it
    apart = nearest > 0.0 or away <= FINEST * abs(y)
    if apart and abs(points - nearest) <= NEAR:
        f[KEPT] += 1.0
        f[ORIGIN] = y
        return
    # beside a step so small the pitch so far tells nothing: it was that of a glitch
    pitch = away if away <= NEAR * f[PITCH] else _common(away, f[PITCH])
    f[PITCH] = pitch if pitch > max(least, FINEST * max(abs(y), away)) else 0.0
    f[KEPT], f[ORIGIN] = 0.0, y


@compiled
def _common(a, b):
    """The greatest common divisor (Euclid), of lengths that were rounded."""
    for _ in range(DIVISIONS):
        if b <= NEAR * a:
            break
        a, b = b, abs(a - b * math.floor(a / b + 0.5))
    return a


@compiled
def lattice_pitch(f):
    """The pitch, once it is known; else 0."""
    return f[PITCH] if f[KEPT] >= KNOWN else 0.0
