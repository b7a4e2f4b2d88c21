"""Instance memory: the last thousand instants, and which of them are most like now.

How far now is from the instant ``l`` points ago, with the whole past as context, fading:

    d_t(l) = |y[t] - y[t-l]| + FADE d_{t-1}(l)

One addition for each instant that is kept. What came after the nearest ones is a forecast that
needs no model: it lands on values that repeat themselves, and is wide where they were wide.
"""

import math

import numpy as np

from forecast.compiled import compiled

KEPT = 1000  # instants
FADE = 0.7  # of the distance, one point further back
LEAST = 8  # instants before there are any
SHARE = 4  # while little is kept, one in so many is a neighbour
GROUPS = 128  # of distances, to find out where the nearest end
HALVINGS = 20

# floats: the values twice, KEPT apart, so that the last ones always lie side by side; distances
VALUES, DISTANCES = 0, 2 * KEPT
NEIGHBOURS_FLOATS = 2 * KEPT + KEPT
# integers; all are zeros while nothing is remembered
HELD, NEWEST = 0, 1  # how many values, and where the newest stands
NEIGHBOURS_INTS = 2


@compiled
def neighbours_note(f, i, y):
    """Take the value of an instant, and bring the distances of all others up to it.

    The distance from ``l`` points ago stands at ``DISTANCES + KEPT - l``.
    """
    newest = i[NEWEST] + 1 if i[NEWEST] + 1 < KEPT else 0
    i[NEWEST] = newest
    f[VALUES + newest] = y
    f[VALUES + newest + KEPT] = y
    earlier = min(i[HELD], KEPT - 1)
    past = f[VALUES + newest + KEPT - earlier : VALUES + newest + KEPT]
    distances = f[DISTANCES + KEPT - earlier : DISTANCES + KEPT]
    for u in range(earlier):
        distances[u] = abs(past[u] - y) + FADE * distances[u]
    i[HELD] = min(i[HELD] + 1, KEPT)


@compiled
def neighbours_near(f, i, many, least, lags):
    """Write how long ago the instants were that are nearest to now; returns how many there are.

    None is later than ``least`` ago. There are so many, or a few more that are about as near; where
    those are more than ``lags`` has room for, the later ones.
    """
    earlier = i[HELD] - 1
    usable = earlier - least + 1
    if usable < LEAST:
        return 0
    distances = f[DISTANCES + KEPT - earlier : DISTANCES + KEPT - least + 1]
    minima = np.empty(min(GROUPS, usable))
    limit = _limit(distances, min(many, max(3, usable // SHARE)), minima)
    count, room = 0, len(lags)
    for g in range(len(minima)):
        if minima[g] <= limit:
            for u in range(g, usable, len(minima)):
                if distances[u] <= limit:
                    if count < room:
                        lags[count] = earlier - u
                    count += 1
    if count <= room:
        return count
    count, u = 0, usable - 1
    while count < room:
        if distances[u] <= limit:
            lags[count] = earlier - u
            count += 1
        u -= 1
    return room


@compiled
def neighbours_few(f, many, lags, out):
    """Write which of them are the nearest, in the same order; returns how many."""
    if len(lags) == 0:
        return 0
    apart = np.empty(len(lags))
    for k in range(len(lags)):
        apart[k] = f[DISTANCES + KEPT - lags[k]]
    limit = _limit(apart, min(many, len(lags)), np.empty(len(lags)))
    count = 0
    for k in range(len(lags)):
        out[count] = lags[k]
        count += apart[k] <= limit
    return count


@compiled
def _limit(distances, most, minima):
    """A distance within which at least ``most`` of them lie, and seldom many more.

    They are dealt out to groups. Where that many groups have a smallest member within a
    distance, so many members lie within it; it is found by halving. Writes these ``minima``.
    """
    groups = len(minima)
    for g in range(groups):
        minima[g] = distances[g]
    for start in range(groups, len(distances), groups):
        row = distances[start : start + groups]
        for g in range(len(row)):
            minima[g] = row[g] if row[g] < minima[g] else minima[g]
    low, high = minima[0], minima[0]
    for g in range(groups):
        low, high = min(low, minima[g]), max(high, minima[g])
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        within = 0
        for g in range(groups):
            within += minima[g] <= middle
        if within < most:
            low = middle
            continue
        high = middle
        if within == most:
            break
    return high


@compiled
def _smaller(values, value):
    """How many are smaller: so many comparisons are faster than a sort, where none is a branch."""
    count = 0
    for k in range(len(values)):
        count += values[k] < value
    return count


@compiled
def successors(f, i, lags, h, anchored, out):
    """What came ``h`` points after those instants, in rising order, [len(lags)].

    Anchored it is the change since then, from the newest value on:  y[t] + y[t-l+h] - y[t-l].
    """
    newest = VALUES + i[NEWEST] + KEPT
    values = np.empty(len(lags))
    for k in range(len(lags)):
        values[k] = f[newest - lags[k] + h]
        if anchored:
            values[k] += f[newest] - f[newest - lags[k]]
        out[k] = math.nan
    for value in values:
        rank = _smaller(values, value)
        while out[rank] == value:
            rank += 1
        out[rank] = value


@compiled
def latest(f, i, n):
    """The last ``n`` values that are remembered, the newest last."""
    newest = VALUES + i[NEWEST] + KEPT
    return f[newest - n + 1 : newest + 1]


@compiled
def sample_quantile(values, n, p):
    """The quantile of ``n`` rising values, linear between their midpoints (Hazen, 1914)."""
    x = p * n - 0.5
    if x <= 0.0:
        return values[0]
    if x >= n - 1.0:
        return values[n - 1]
    below = int(x)
    return values[below] + (x - below) * (values[below + 1] - values[below])
