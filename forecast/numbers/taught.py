"""What a new series begins with: what the learners of similar ones have in common.

Everything that a light learner believes, but its values and its scale, is in units of its own
series, and so can be compared with what others believe. A new one begins with the mean of

- the weights of their regressions, as unsure as they differ from each other and doubt themselves;
- the shapes of their errors;
- the weights of their experts, as far as they agree, for as long as their own regrets are few.

Its unit, its scale and its memory of cases are found from its own values.
"""

import math
from collections.abc import Iterable

import numpy as np

from forecast.arrays import Floats
from forecast.numbers.light import EXPERTS, MEDIAN, MIX, SEEN, SHAPE, LightForecaster
from forecast.numbers.regression import regression_parts
from forecast.numbers.rls import PRIOR
from forecast.numbers.series import LONG, UNIT

OLD_ENOUGH = 100  # answers, at the nearest horizon, before a learner teaches
FEWEST = 4  # that teach: of fewer nobody knows how much they differ
HELD = 0.03  # of the squares of their regrets: so soon its own regrets weigh more
LEAST_LOG = -6.0  # of the weight of an expert
SMALLEST = 1e-12  # square of regrets, in units


def taught(pattern: LightForecaster, others: Iterable[Floats]) -> LightForecaster | None:
    """A new learner that begins with what others have in common.

    Parameters
    ----------
    pattern : LightForecaster
        As it is before it has learned anything.
    others : iterable of float64 [n, floats]
        States of learners with the same horizons, in parts.

    Returns
    -------
    LightForecaster or None
        None where fewer than four of them have had a hundred answers.

    References
    ----------
    Robbins (1956), An empirical Bayes approach to statistics: the prior of one is that of many.

    Examples
    --------
    Four series have taught that what went up comes down; a fifth, of which one change was seen,
    knows it.

    >>> rng = np.random.default_rng(0)
    >>> old = [LightForecaster() for _ in range(4)]
    >>> for learner in old:
    ...     for y in rng.normal(size=300):
    ...         learner.learn(y)
    >>> new = taught(LightForecaster(), [learner.floats[None] for learner in old])
    >>> for y in (100.0, 101.0):
    ...     new.learn(y)
    >>> 100.0 < new.predict().median < 100.8
    True
    """
    H = len(pattern.horizons)
    known = [_believed(pattern, floats) for floats in others]
    n = sum(len(each) for each in known)
    if n < FEWEST:
        return None
    new = pattern.copy()
    weights, doubts, shapes, heard, squares = np.split(
        np.concatenate(known), np.cumsum(_sizes(pattern))[:-1], axis=1
    )
    _, covariance, _, own = regression_parts(new.view("regression"), new.view("sizes"))
    D = len(covariance)
    own[:] = weights.mean(axis=0).reshape(H, D)
    # the variance of one more that is Normal as they are: of Student's t, n - 1 degrees of freedom;
    # at the nearest horizon, whose errors are about a unit
    apart = (1.0 + 1.0 / n) * (n - 1.0) / (n - 3.0) * weights[:, :D].var(axis=0, ddof=1)
    covariance[:] = np.diag(np.minimum(PRIOR, apart + doubts.mean(axis=0)))
    bands = new.view("bands")
    bands[:, SHAPE:MIX] = shapes.mean(axis=0).reshape(H, -1)
    # log w, nearer to what is alike for all the more they differ:  m <- m m^2 / (m^2 + var)
    mean, vary = heard.mean(axis=0), heard.var(axis=0, ddof=1)
    logs = mean * mean**2 / np.maximum(mean**2 + vary, SMALLEST)
    V = HELD * np.exp(squares.mean(axis=0))
    for band, log, v in zip(bands, logs.reshape(H, -1), V.reshape(H, -1), strict=True):
        band[MIX:MEDIAN] = _mix(log, v)
    return new


def _mix(logs: Floats, V: Floats) -> Floats:
    """An aggregation that begins with these weights, from w ~ eta exp(eta R): see ``boa_learn``."""
    weights = np.exp(logs - logs.max())
    eta = np.sqrt(math.log(EXPERTS) / V)
    gained = logs - np.log(eta)
    R = (gained - gained.mean()) / eta
    return np.concatenate([weights / weights.sum(), R, V, np.zeros(EXPERTS)])


def _sizes(pattern: LightForecaster) -> list[int]:
    """How many numbers ``_believed`` says of weights, doubts, shapes, and of the experts."""
    H = len(pattern.horizons)
    _, covariance, _, weights = regression_parts(pattern.view("regression"), pattern.view("sizes"))
    return [weights.size, len(covariance), H * (MIX - SHAPE), H * EXPERTS, H * EXPERTS]


def _believed(pattern: LightForecaster, floats: Floats) -> Floats:
    """What learners that are old enough believe, in units, a row for each.

    Weights of the regressions and how much they are doubted, shapes of the errors, log weights of
    the experts, around 0, and log squares of their regrets.
    """
    floats = floats[_part(pattern, floats, "bands")[:, 0, SEEN] >= OLD_ENOUGH]
    n, sizes = len(floats), _sizes(pattern)
    measures = _part(pattern, floats, "measures")
    regression = _part(pattern, floats, "regression")
    bands = _part(pattern, floats, "bands")
    places = regression_parts(np.arange(float(regression.shape[1])), pattern.view("sizes"))
    _, P, change, W = (place.astype(np.int64) for place in places)
    H = len(pattern.horizons)
    w, _, V, _ = np.moveaxis(bands[:, :, MIX:MEDIAN].reshape(n, H, 4, EXPERTS), 2, 0)
    log_w = np.log(np.maximum(w, math.exp(LEAST_LOG)))
    unit = np.maximum(measures[:, UNIT], measures[:, LONG])[:, None, None]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        squares = np.log(np.maximum(V / unit / unit, SMALLEST))
    parts = (
        regression[:, W.ravel()],
        regression[:, np.diag(P)] - regression[:, change] ** 2,
        bands[:, :, SHAPE:MIX].reshape(n, sizes[2]),
        (log_w - log_w.mean(axis=2, keepdims=True)).reshape(n, sizes[3]),
        squares.reshape(n, sizes[4]),
    )
    believed = np.concatenate(parts, axis=1)
    sound: Floats = believed[np.isfinite(believed).all(axis=1)]
    return sound


def _part(pattern: LightForecaster, floats: Floats, name: str) -> Floats:
    """A named part of the state of each learner, [n, ...]."""
    _, at, shape = pattern.places[name]
    return floats[:, at : at + math.prod(shape)].reshape(len(floats), *shape)
