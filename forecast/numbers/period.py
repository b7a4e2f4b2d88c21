"""After how many instants it comes back: found from the past alone.

    x_t = y_t - mean(y[t-P+1..t]),   r_P = the correlation of x_t and x_{t-P}

What is left of a value after the mean of one period looks like what was left a period ago, if there
is such a period. Of a random walk, of noise, of a trend r_P is near 0: the two stretches share
nothing. Steps are bounded, so that neither an outlier nor a shift passes for a season.
"""

import math

from forecast.compiled import compiled
from forecast.rate import bounded

SHORTEST, LONGEST = 6, 400  # periods that are looked for; shorter ones the lags see
TIMES = 3  # a period is looked for once it was seen so often
ALIKE = 0.4  # r of a season, at least
SURE = 3.0  # and in standard errors
BETTER = 0.05  # by so much a longer one must be more alike
STEP_BOUND = 8.0  # mean steps
INDEPENDENT = 3.0  # of the stretches that are compared, so many in a period are worth one each
TINY = 1e-9  # mean steps, squared: less than this is nothing
WEEK = 7  # days
CLEAR = 0.9  # where a day leaves less than a tenth unsaid, no week is looked for
LEFT = 0.4  # of what the day leaves unsaid, a week leaves at most so much


@compiled
def path_of(changes, unit, path):
    """Write the sums of bounded steps, [n], and the sums of these, [n + 1]."""
    n = len(changes)
    y, total = 0.0, 0.0
    sums = path[n:]
    sums[0] = 0.0
    for t in range(n):
        y += bounded(changes[t] / unit, STEP_BOUND)
        total += y
        path[t] = y
        sums[t + 1] = total


@compiled
def alike(path, n, P):
    """r_P of the path that ``path_of`` wrote."""
    y, sums = path[:n], path[n:]
    over, count = 1.0 / P, n - 2 * P + 1
    both, now, then, sum_now, sum_then = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(2 * P - 1, n):
        a = y[t] - (sums[t + 1] - sums[t + 1 - P]) * over
        b = y[t - P] - (sums[t + 1 - P] - sums[t + 1 - 2 * P]) * over
        both += a * b
        now += a * a
        then += b * b
        sum_now += a
        sum_then += b
    # what a trend leaves is the same everywhere, and is no likeness
    both -= sum_now * sum_then / count
    now -= sum_now * sum_now / count
    then -= sum_then * sum_then / count
    return both / math.sqrt(now * then) if now > TINY and then > TINY else 0.0


@compiled
def surer(path, n, P, r):
    """By how many standard errors r_P differs from 0."""
    return r * math.sqrt(INDEPENDENT * (n - 2 * P + 1) / P)


@compiled
def period_of(path, n):
    """The shortest period that is about as alike as any, and its r; 0 where there is none."""
    best, best_r = 0, 0.0
    before, here = -1.0, -1.0
    for P in range(SHORTEST, min(LONGEST, n // TIMES) + 1):
        after = alike(path, n, P)
        # a season is better than those a little longer and shorter
        peak = P - 1
        peaks = peak > SHORTEST and before < here >= after
        better = here >= ALIKE and here > best_r + BETTER
        if peaks and better and surer(path, n, peak, here) >= SURE:
            best, best_r = peak, here
        before, here = here, after
    return best, best_r


@compiled
def week_of(path, n, day):
    """The week of a day, where it says much that the day leaves unsaid; else 0."""
    P = WEEK * day
    if P > LONGEST or n < TIMES * P - P // 2:
        return 0
    r = alike(path, n, day)
    worth = r < CLEAR and 1.0 - alike(path, n, P) <= LEFT * (1.0 - r)
    return P if worth else 0
