"""What is known beside a series, and how far it moves the forecast: a second regression.

    (y[t+h] - r[t+h]) / unit_t  ~
        w' [x_t, c_t, c_t - c_(t-1), k_(t+h), k_(t+h) - k_t, k_(t+h) - s_t]

with r what the first regression said and x_t what it saw; c_t what is seen beside the series now,
k_(t+h) what is known ahead of the row of the answer, and s_t its slow levels, those that the first
regression holds the series against. What that one saw is among the features, so that the fit is
that of both together (Frisch and Waugh, 1933; Lovell, 1963). The values of a column are measured in
their own spread so far, its moves in that of its changes: a price may wander far, and move the
sales by its steps.

A column that is missing is taken for usual if it is of now; of a row that is not known ahead
nothing is said, and nothing is learned from it.
"""

import math

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import compiled
from forecast.numbers.regression import ERROR_BOUND, ERROR_RATE, HUBER, SLOW
from forecast.numbers.rls import PRIOR, dot, rls_gain, rls_move
from forecast.numbers.series import turn
from forecast.rate import bounded, one_over_n

BOUND = 16.0  # spreads: a holiday is rare, and is no outlier
EXACT = 0.02  # units: no answer is taken for more exact
OVER_MEAN_ABS = math.sqrt(0.5 * math.pi)  # spread of a Normal over its mean |error|

# integers: what the first regression sees, columns of now, columns ahead, all features, answers
# that wait at most, and the length of a band
SEEN, NOW, AHEAD, FEATURES, LONGEST, BAND, CONTEXT_INTS = range(7)
# of each column of now, the last of which are known ahead: values seen, their mean, the sum of
# squared differences from it; changes, their squares; the value that it has, its last change, its
# slow levels
N, MEAN, SQUARES, CHANGES, CHANGE_SQUARES, VALUE, CHANGE, LEVELS = range(8)
COLUMN = LEVELS + len(SLOW)
OF_NOW, OF_AHEAD = 2, 2 + len(SLOW)  # features of a column
# of a band: the mean |error|, then weights, covariance with its last change, questions
SIZE, WEIGHTS = range(2)


def context_features(seen: int, now: int, ahead: int) -> int:
    """How many features there are; zeros round them up to whole vector registers."""
    features = seen + OF_NOW * now + OF_AHEAD * ahead
    return features + -features % 4


def context_floats(seen: int, now: int, ahead: int, bands: int, longest: int) -> int:
    """Floats of what is known beside a series; none where nothing is."""
    if now == 0:
        return 0
    D = context_features(seen, now, ahead)
    return now * COLUMN + bands * _band(D, longest)


def _band(D: int, longest: int) -> int:
    """Floats of a band."""
    return 1 + D + D * D + D + longest * (2 * D + 2)


def context_begin(f: Floats, i: Floats, seen: int, now: int, ahead: int, longest: int) -> None:
    """Nothing was seen, and every weight is doubted alike."""
    if now == 0:
        return
    f[: now * COLUMN].reshape(now, COLUMN)[:, VALUE] = math.nan
    D = context_features(seen, now, ahead)
    i[:CONTEXT_INTS] = seen, now, ahead, D, longest, _band(D, longest)
    for band in f[now * COLUMN :].reshape(-1, _band(D, longest)):
        covariance = band[WEIGHTS + D : WEIGHTS + D + D * D].reshape(D, D)
        np.fill_diagonal(covariance, PRIOR)


@compiled
def _column(f, k):
    return f[k * COLUMN : (k + 1) * COLUMN]


@compiled
def _in_spreads(column, value):
    """How far a value lies from the mean of its column, in spreads; 0 if that is not known."""
    if column[SQUARES] <= 0.0 or not abs(value) < math.inf:
        return 0.0
    return bounded((value - column[MEAN]) / math.sqrt(column[SQUARES] / column[N]), BOUND)


@compiled
def _in_changes(column, change):
    """A change in the root mean square of those so far; 0 if that or the change is not known."""
    if column[CHANGE_SQUARES] <= 0.0 or not abs(change) < math.inf:
        return 0.0
    return bounded(change / math.sqrt(column[CHANGE_SQUARES] / column[CHANGES]), BOUND)


@compiled
def context_see(f, i, x):
    """Take the columns of now: m <- m + (v - m)/n, S <- S + (v - m_old)(v - m_new) (Welford, 1962).

    A missing value stays missing; the next change is counted from the next value on.
    """
    for k in range(i[NOW]):
        column, value = _column(f, k), x[k]
        column[CHANGE] = value - column[VALUE]
        column[VALUE] = value
        if not abs(value) < math.inf:
            continue
        column[N] += 1.0
        for s in range(len(SLOW)):
            level = LEVELS + s
            column[level] += one_over_n(column[N], SLOW[s]) * (value - column[level])
        off = value - column[MEAN]
        column[MEAN] += off / column[N]
        column[SQUARES] += off * (value - column[MEAN])
        if abs(column[CHANGE]) < math.inf:
            column[CHANGES] += 1.0
            column[CHANGE_SQUARES] += column[CHANGE] ** 2


@compiled
def context_features_of(f, i, seen, ahead, out):
    """Write the features of an answer, [FEATURES]; whether its row is known ahead."""
    d = i[SEEN]
    for k in range(len(out)):
        out[k] = seen[k] if k < d else 0.0
    for k in range(i[NOW]):
        column = _column(f, k)
        out[d] = _in_spreads(column, column[VALUE])
        out[d + 1] = _in_changes(column, column[CHANGE])
        d += OF_NOW
    for k in range(i[AHEAD]):
        if not abs(ahead[k]) < math.inf:
            return False
        column = _column(f, i[NOW] - i[AHEAD] + k)
        out[d] = _in_spreads(column, ahead[k])
        out[d + 1] = _in_changes(column, ahead[k] - column[VALUE])
        for s in range(len(SLOW)):
            out[d + 2 + s] = _in_changes(column, ahead[k] - column[LEVELS + s])
        d += OF_AHEAD
    return True


@compiled
def _parts(f, i, band):
    """The floats of a band, its weights, covariance, last change of it, and questions."""
    D = i[FEATURES]
    first = i[NOW] * COLUMN + band * i[BAND]
    own = f[first : first + i[BAND]]
    P, u = WEIGHTS + D, WEIGHTS + D + D * D
    asked = u + D
    return own, own[WEIGHTS:P], own[P:u].reshape((D, D)), own[u:asked], own[asked:]


@compiled
def _question(i, asked, time):
    """What waits for the answer of an instant: what was said, unit, features, gain."""
    D = i[FEATURES]
    at = turn(time, i[LONGEST]) * (2 * D + 2)
    return asked[at : at + 2], asked[at + 2 : at + 2 + D], asked[at + 2 + D : at + 2 + 2 * D]


@compiled
def context_says(f, i, band, features):
    """How far the answer is expected from what the first regression said, in units."""
    _, w, _, _, _ = _parts(f, i, band)
    return dot(features, w)


@compiled
def context_ask(f, i, band, time, said, unit, features, known):
    """Keep a question that the instant ``time`` answers; without a unit it teaches nothing."""
    own, _, P, u, asked = _parts(f, i, band)
    question, x, gain = _question(i, asked, time)
    question[0], question[1] = said, unit if known else 0.0
    if not known or unit <= 0.0:
        return
    # an answer counts by how exact the last ones were: what is known may leave little to chance
    weight = 1.0 / (OVER_MEAN_ABS * max(own[SIZE], EXACT)) if own[SIZE] > 0.0 else 1.0
    for d in range(len(x)):
        x[d] = weight * features[d]
    rls_gain(P, u, x, gain)
    for d in range(len(x)):
        x[d] = features[d]
        gain[d] *= weight


@compiled
def context_learn(f, i, band, time, overlap, y):
    """Learn from ``y`` as the answer to the question that waits for this instant."""
    own, w, _, _, asked = _parts(f, i, band)
    question, x, gain = _question(i, asked, time)
    said, unit = question[0], question[1]
    if unit <= 0.0:
        return
    question[1] = 0.0
    size = own[SIZE]
    error = rls_move(w, x, gain, (y - said) / unit, HUBER * size if size > 0.0 else math.inf)
    seen = bounded(abs(error), ERROR_BOUND * max(size, EXACT))
    rate = one_over_n(time + 1.0, ERROR_RATE / overlap)
    own[SIZE] += rate * (seen - size) if size > 0.0 else seen


def in_columns(beside: Floats, n: int) -> Floats:
    """What stands beside n observations, [n or more, columns]; one column may come as [n].

    Examples
    --------
    >>> in_columns(np.array([1.0, 2.0]), 2)
    array([[1.],
           [2.]])
    """
    rows = np.asarray(beside, float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) < n:
        found = list(np.shape(beside))
        raise ValueError(f"expected columns beside {n} observations, [{n}, columns]; got {found}")
    return rows


def context_of(
    n: int, horizons: tuple[int, ...], known: Floats | None, late: Floats | None
) -> Floats:
    """What a learner is told beside each of n observations, [n, columns of x].

    Parameters
    ----------
    n : int
    horizons : tuple of int
    known : ndarray [n or more, columns], or [n or more] of one column, or None
        Known ahead, row by row; rows past the last observation are the future.
    late : ndarray [n, columns] or None
        Seen together with the observation, not before.

    Returns
    -------
    ndarray
        Of each row: the late columns, the known ones, and those of the row of the answer of each
        horizon; NaN where nothing is known.

    Examples
    --------
    >>> context_of(2, (1,), np.array([[1.0], [2.0]]), None)
    array([[ 1.,  2.],
           [ 2., nan]])
    """
    ahead = np.empty((n, 0)) if known is None else in_columns(known, n)
    columns = [] if late is None else [in_columns(late, n)[:n]]
    columns.append(ahead[:n])
    if ahead.shape[1]:
        beyond = np.full((horizons[-1], ahead.shape[1]), math.nan)
        rows = np.concatenate([ahead, beyond])
        columns += [rows[h : h + n] for h in horizons]
    return np.concatenate(columns, axis=1)
