"""What lies between the quantiles: three ways to say it, and the one that surprises least.

The experts' quantiles are mixed level by level, each for its own sake. How they lie to one another
is what makes the density:

    SMOOTH   each was tracked on its own, so that their distances are noisier than their places
    PLAIN    as they are
    SNAPPED  one that lies near a value that keeps coming back is that value, an atom

Their log scores are remembered, and the best one speaks.
"""

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.bounded import bounded_surprise
from forecast.distribution.t4 import LEVELS, SCORES
from forecast.measure import never_fall
from forecast.numbers.bounds import bounds_told, bounds_write
from forecast.rate import bounded, one_over_n

N = len(LEVELS)
SMOOTH, PLAIN, SNAPPED = range(3)
GRAINS = 3
SMOOTHINGS = 3  # of the slopes between the quantiles
REACH = 0.05  # of the distance between the outermost quantiles
RATE = 0.015  # of the mean log scores
YOUNG, SELDOM = 100, 3  # all of so many answers are judged by, then one in three: it tells as much
LARGEST = 50.0  # nats of one of them
CLOSE = 1e-3  # nats

# floats: answers, how many were judged by, mean surprise of each way
ANSWERS, JUDGED, SURPRISES = 0, 1, 2
GRAIN_FLOATS = SURPRISES + GRAINS


@compiled
def rise(values):
    """Put quantiles that are nearly in order into order."""
    for p in range(1, len(values)):
        value, place = values[p], p
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def grain_learn(f, values, atoms, bounds, least, cell, y):
    """Ask each way, between the bounds, how surprising ``y`` was."""
    f[ANSWERS] += 1.0
    if f[ANSWERS] > YOUNG and f[ANSWERS] % SELDOM != 0.0:
        return
    f[JUDGED] += 1.0
    room = np.empty(N)
    low, high = bounds_told(bounds)
    for grain in range(GRAINS):
        left, right = grain_write(grain, values, atoms, least, room)
        left, right = bounds_write(bounds, room, left, right, cell)
        nats = bounded(bounded_surprise(room, left, right, low, high, cell, y), LARGEST)
        f[SURPRISES + grain] += one_over_n(f[JUDGED], RATE) * (nats - f[SURPRISES + grain])


@compiled
def grain_of(f):
    """The way that surprised least; the first of those that are about as good."""
    best = 0
    for grain in range(1, GRAINS):
        if f[SURPRISES + grain] < f[SURPRISES + best] - CLOSE:
            best = grain
    return best


@compiled
def grain_write(grain, values, atoms, least, out):
    """Write rising ``values`` [N] as that grain has them; returns the scales of the two tails.

    ``atoms`` are values that came back, rising; no scale is smaller than ``least``.
    """
    for p in range(N):
        out[p] = values[p]
    if grain == SMOOTH:
        return _smooth(out, least)
    if grain == SNAPPED:
        _snap(out, atoms)
    left = (out[1] - out[0]) / (SCORES[1] - SCORES[0])
    right = (out[N - 1] - out[N - 2]) / (SCORES[N - 1] - SCORES[N - 2])
    return max(left, least), max(right, least)


@compiled
def _smooth(values, least):
    """Smooth how fast the quantiles rise, and keep the median.

    s_p = dv/dz between neighbours;  s <- (s_{p-1} + 2 s_p + s_{p+1}) / 4,  never below ``least``
    """
    slopes = np.empty(N - 1)
    for p in range(N - 1):
        slopes[p] = (values[p + 1] - values[p]) / (SCORES[p + 1] - SCORES[p])
    for _ in range(SMOOTHINGS):
        before = slopes[0]
        for p in range(N - 1):
            here = slopes[p]
            after = slopes[min(p + 1, N - 2)]
            slopes[p] = 0.25 * (before + 2.0 * here + after)
            before = here
    for p in range(N // 2, N - 1):
        values[p + 1] = values[p] + max(slopes[p], least) * (SCORES[p + 1] - SCORES[p])
    for p in range(N // 2 - 1, -1, -1):
        values[p] = values[p + 1] - max(slopes[p], least) * (SCORES[p + 1] - SCORES[p])
    return max(slopes[0], least), max(slopes[N - 2], least)


@compiled
def _snap(values, atoms):
    """Move each quantile to the nearest atom within reach; they still rise."""
    if len(atoms) == 0:
        return
    reach = REACH * (values[N - 1] - values[0])
    a = 0
    for p in range(N):
        value = values[p]
        while a + 1 < len(atoms) and abs(atoms[a + 1] - value) <= abs(atoms[a] - value):
            a += 1
        if abs(atoms[a] - value) <= reach:
            values[p] = atoms[a]
    never_fall(values)


@compiled
def repeated(values, out):
    """Write which of rising ``values`` stand there more than once; returns how many."""
    count = 0
    for k in range(1, len(values)):
        if values[k] == values[k - 1] and (count == 0 or out[count - 1] != values[k]):
            out[count] = values[k]
            count += 1
    return count
