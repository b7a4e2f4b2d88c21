"""What one series is measured in: its last value, its unit, its smallest gap, its range, its clock.

Everything that a model of numbers believes is in units of the series' own differences, found
causally; so ``a*y + b`` gives ``a*forecast + b``, and no setting has a scale of its own.
"""

import math

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Floats
from forecast.compiled import compiled
from forecast.rate import bounded, one_over_n

Counts = NDArray[np.int64]

# floats of a series, in this order
(
    LAST,  # last value, or what stands in for a missing one
    BEFORE,  # the one before it
    UNIT,  # running mean |difference|, about the last hundred
    LONG,  # the same about the last thousands: the floor of every scale hangs on it
    GAP,  # smallest difference between two consecutive values that is not 0; nan before the first
    DOUBT,  # a refused value that waits for a second one to agree; nan if none
    USUAL,  # mean of log |difference| of the first hundred that are not 0
) = range(7)
MEASURES = 7  # of a series whose range is not kept
BLOCKS = 8  # the recent range is that of this many blocks of values
LOWEST = MEASURES
HIGHEST = LOWEST + BLOCKS
SERIES_FLOATS = HIGHEST + BLOCKS
# integers of a series
# instants, counts; how many values a block of the range has, how many of them are left, which
TIME, OBSERVED, MISSING, REFUSED, CHANGED, BLOCK, LEFT, WHICH = range(8)
COUNTS = 5  # of a series whose range is not kept
SERIES_INTS = 8

UNIT_RATE = 0.01
LONG_RATE = 0.0003
UNIT_BOUND = 8.0  # one difference counts for at most this many units
FIRST_CHANGES = 100  # differences that are not 0, while which
UNUSUAL = 100.0  # usual ones are the most that a unit may be
ABSURD = 1e12  # units: further away is refused until a second value agrees
LARGEST = 1e300
LEAST = 1e-307  # below it a share of a difference is 0, and the difference counts as none
FLOOR = 1e-3  # of LONG: no scale and no cell is smaller

LEARN, SKIP = 1, 0


@compiled
def turn(time, length):
    """Where an instant stands in a ring: time modulo length, without a division where it is 1.

    Examples
    --------
    >>> turn(7, 5), turn(7, 1)
    (2, 0)
    """
    return time % length if length > 1 else 0


def series_begin(f: Floats, i: Counts, block: int) -> None:
    """An empty series; its range is that of the last ``BLOCKS * block`` values."""
    f[:] = 0.0
    f[GAP] = math.nan
    f[DOUBT] = math.nan
    f[LOWEST:HIGHEST] = math.inf
    f[HIGHEST:] = -math.inf
    i[:] = 0
    i[BLOCK] = block
    i[LEFT] = block


@compiled
def screen(f, i, y):
    """Whether ``y`` is to be learned from; a missing or absurd value is counted instead.

    Infinite values, and those further away than ``ABSURD`` units, are refused as outliers. A
    second absurd value that agrees with the first is a shift of level, and is learned.
    """
    if math.isnan(y):
        i[MISSING] += 1
        return SKIP
    if abs(y) > LARGEST:
        i[REFUSED] += 1
        return SKIP
    away = abs(y - f[LAST])
    agrees = abs(y - f[DOUBT]) <= 0.5 * away
    if i[OBSERVED] > 0 and f[LONG] > 0.0 and away > ABSURD * f[LONG] and not agrees:
        i[REFUSED] += 1
        f[DOUBT] = y
        return SKIP
    f[DOUBT] = math.nan
    return LEARN


@compiled
def measure(f, i, y):
    """Take an observed value into the unit and the gap."""
    if i[OBSERVED] == 0:
        f[LAST] = y
    else:
        difference = abs(y - f[LAST])
        difference = difference if difference >= LEAST else 0.0
        n = i[OBSERVED]
        # unit <- unit + rate (min(|y - last|, 8 unit) - unit); the first points count in full
        seen = bounded(difference, UNIT_BOUND * f[UNIT]) if n > 30 and f[UNIT] > 0 else difference
        f[UNIT] += one_over_n(n, UNIT_RATE) * (seen - f[UNIT])
        seen = bounded(difference, UNIT_BOUND * f[LONG]) if n > 30 and f[LONG] > 0 else difference
        f[LONG] += one_over_n(n, LONG_RATE) * (seen - f[LONG])
        if difference > 0.0 and i[CHANGED] < FIRST_CHANGES:
            _usual(f, i, difference)
        if difference > 0.0 and not f[GAP] <= difference:
            f[GAP] = difference
    i[OBSERVED] += 1


@compiled
def _usual(f, i, difference):
    """Let no unit lie far above the usual difference while there are few.

    A mean of thousands that began with a glitch, after a rest, would hold to it for thousands.
    """
    i[CHANGED] += 1
    # usual <- usual + (log |y - last| - usual) / n
    f[USUAL] += (math.log(difference) - f[USUAL]) / i[CHANGED]
    most = UNUSUAL * math.exp(f[USUAL])
    f[UNIT] = min(f[UNIT], most)
    f[LONG] = min(f[LONG], most)


@compiled
def move_on(f, i, y):
    """Let an instant pass: ``y`` is its value, or stands in for it."""
    f[BEFORE] = f[LAST]
    f[LAST] = y
    i[TIME] += 1


@compiled
def series_learn(f, i, y):
    """Take an observed value into the unit, the gap and the range, and move the clock."""
    measure(f, i, y)
    _widen(f, i, y)
    _tick(f, i, y)


@compiled
def series_pass(f, i, stand_in):
    """Let an instant pass that brought no value: ``stand_in`` takes its place in the lags.

    The range is that of values: it does not grow old while there are none.
    """
    if i[OBSERVED] > 0:
        move_on(f, i, stand_in)
    else:
        i[TIME] += 1


@compiled
def _tick(f, i, y):
    move_on(f, i, y)
    i[LEFT] -= 1
    if i[LEFT] == 0:
        i[LEFT] = i[BLOCK]
        i[WHICH] = i[WHICH] + 1 if i[WHICH] + 1 < BLOCKS else 0
        f[LOWEST + i[WHICH]] = math.inf
        f[HIGHEST + i[WHICH]] = -math.inf


@compiled
def _widen(f, i, y):
    """The range of recent values, kept by blocks so that an old extreme is forgotten."""
    f[LOWEST + i[WHICH]] = min(f[LOWEST + i[WHICH]], y)
    f[HIGHEST + i[WHICH]] = max(f[HIGHEST + i[WHICH]], y)


@compiled
def recent_range(f, margin):
    """The lowest and the highest of the recent values, a share of their distance further apart."""
    low = f[LOWEST]
    high = f[HIGHEST]
    for b in range(1, BLOCKS):
        low = min(low, f[LOWEST + b])
        high = max(high, f[HIGHEST + b])
    wide = margin * (high - low)
    return low - wide, high + wide


@compiled
def unit_of(f):
    """The larger of the running means: what is quiet now is not measured by its quiet.

    0 before the first change of value.
    """
    return max(f[UNIT], f[LONG])


@compiled
def cell_of(f):
    """Width of the cell that a value stands for: the smallest gap seen, floored; nan before it."""
    return max(f[GAP], FLOOR * f[LONG]) if f[GAP] > 0.0 else math.nan
