"""A belief for every time at which things may last have changed (Adams and MacKay, 2007).

The rival of memories: not one model at several rates, but one model begun anew at each point, its
runs weighed by ``-log p``. Exact for conjugate models: a level with an unknown scale (Normal and
inverse gamma), the frequency of a label (Bernoulli and beta). The run that is believed least is
dropped when there are too many.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import bound, compiled

MOST_RUNS = 100
STATISTICS = 3  # of a run: how many points, and two sums that its model keeps


@compiled
def level_surprise(run, prior, y):
    """Student's t of a Normal whose mean and scale are unknown.

    ``run`` holds n, the mean, half the sum of squares; ``prior`` a location and a scale, which
    count as one point and as one half.
    """
    n, mean, half = run[0] + 1.0, run[1], run[2] + 0.5 * prior[1] * prior[1]
    nu = n + 1.0
    spread = math.sqrt(2.0 * half / nu * (n + 1.0) / n)
    z = (y - mean) / spread
    norm = math.lgamma(0.5 * nu) - math.lgamma(0.5 * (nu + 1.0)) + 0.5 * math.log(nu * math.pi)
    return norm + math.log(spread) + 0.5 * (nu + 1.0) * math.log1p(z * z / nu)


@compiled
def level_begin(run, prior):
    """A run of no points believes the prior."""
    run[0], run[1], run[2] = 0.0, prior[0], 0.0


@compiled
def level_move(run, prior, y):
    """Mean and squares, by Welford (1962)."""
    before = y - run[1]
    run[0] += 1.0
    run[1] += before / (run[0] + 1.0)
    run[2] += 0.5 * before * (y - run[1])


@compiled
def frequency_surprise(run, prior, y):
    """p(1) = (c + 1/2) / (n + 1)."""
    p = (run[1] + 0.5) / (run[0] + 1.0)
    return -math.log(p if y == 1.0 else 1.0 - p)


@compiled
def frequency_begin(run, prior):
    """A run of no points."""
    run[0], run[1], run[2] = 0.0, 0.0, 0.0


@compiled
def frequency_move(run, prior, y):
    """Count."""
    run[0] += 1.0
    run[1] += y


MODELS: dict[str, dict[str, Any]] = {
    "level": {"surprise": level_surprise, "begin": level_begin, "move": level_move},
    "frequency": {
        "surprise": frequency_surprise, "begin": frequency_begin, "move": frequency_move
    },
}  # fmt: skip


def _unbound(*_: Any) -> None:
    raise TypeError("runs are bound to a model before they learn")


surprise = begin = move = _unbound  # what the loop's free names stand for, before `bound`


def changepoint_walk(ys, hazard, floor, nats):
    """Weigh the runs by each point in turn, and begin a new one; ``nats`` [n] is written.

    growth_r = (1 - hazard) w_r p_r(y) / p(y),   w_new = hazard,   p(y) = sum_r w_r p_r(y)
    """
    runs = np.zeros((MOST_RUNS + 1, STATISTICS))
    logs, weights = np.zeros(MOST_RUNS + 1), np.zeros(MOST_RUNS + 1)
    prior = np.zeros(2)
    prior[0], prior[1] = ys[0], floor[0]
    count = 1
    weights[0] = 1.0
    begin(runs[0], prior)
    for t in range(len(ys)):
        y = ys[t]
        best = -math.inf
        for r in range(count):
            logs[r] = -surprise(runs[r], prior, y)
            best = max(best, logs[r])
        p = 0.0
        for r in range(count):
            weights[r] *= math.exp(logs[r] - best)
            p += weights[r]
        nats[t] = -best - math.log(p)
        least = 0
        for r in range(count):
            weights[r] *= (1.0 - hazard) / p
            move(runs[r], prior, y)
            if weights[r] < weights[least]:
                least = r
        # the prior follows the stream: the last value, its usual difference
        prior[0] = y
        prior[1] = floor[t]
        place = count
        if count > MOST_RUNS - 1:
            place = least
        else:
            count += 1
        begin(runs[place], prior)
        weights[place] = hazard
        total = 0.0
        for r in range(count):
            total += weights[r]
        for r in range(count):
            weights[r] /= total


@cache
def _walk_of(model: str) -> Any:
    return bound(changepoint_walk, **MODELS[model])


def changepoint(model: str, ys: np.ndarray, hazard: float) -> Floats:
    """The surprises of a belief that expects a change at each point with some probability.

    Parameters
    ----------
    model : {"level", "frequency"}
    ys : ndarray [n]
        Values, or 0 and 1.
    hazard : float
        Probability of a change at each point, in (0, 1).

    Returns
    -------
    ndarray [n]
        Nats; of the density, where y is a number. Up to the first change of value a level has no
        scale, and no surprise: nan.

    Examples
    --------
    >>> ys = np.array([0.0, 1.0] * 50 + [8.0, 9.0] * 50)
    >>> nats = changepoint("level", ys, 0.01)
    >>> nats[[100, -1]].round(1).tolist()  # surprised by the change, and at home soon after
    [10.4, 0.7]
    """
    ys = np.asarray(ys, float)
    if not len(ys):
        return np.empty(0)
    differences = np.abs(np.diff(ys, prepend=ys[:1]))
    usual = np.cumsum(differences) / np.arange(1, len(ys) + 1)
    nats = np.empty(len(ys))
    _walk_of(model)(ys, hazard, np.maximum(usual, 1e-12), nats)
    if model == "level":
        # before the first change of value there is no scale to have a prior of
        changed = np.flatnonzero(differences)
        nats[: 1 + changed[0] if len(changed) else len(ys)] = np.nan
    return nats
