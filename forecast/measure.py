"""How a forecast is measured against its answer, in one row of floats.

One kernel for each family of forecasts; the loop is bound to that of its learner.
"""

import math
from statistics import NormalDist

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.bent import quantiles_crps, quantiles_expected_surprise
from forecast.distribution.bounded import bounded_cdf, bounded_surprise, within
from forecast.distribution.hinged import hinged_cdf, hinged_quantile, hinged_surprise
from forecast.distribution.lattice import lattice_nearest
from forecast.distribution.mixture import (
    mixture_cdf,
    mixture_mean,
    mixture_quantile,
    mixture_surprise,
)
from forecast.distribution.normal import normal_cdf, normal_surprise
from forecast.distribution.t4 import LEVEL, LEVELS, SCORES
from forecast.learner import (
    BOUNDS,
    CELL,
    FAMILY,
    HINGE,
    HINGED,
    HINGED_MIXTURE,
    LATTICE,
    LOCATION,
    MIXTURE,
    N_LEVELS,
    NORMAL,
    QUANTILES,
    RATE,
    SPREAD,
    VALUES,
)

NORMAL_SCORES = np.array([NormalDist().inv_cdf(p) for p in LEVELS])
# columns of what the loop writes for each answer
Y, MEAN, SURPRISE, EXPECTED, CRPS, PIT, ASKED_RATE = range(7)
QUANTILE = 7
SHORT = SURPRISE + 1  # columns where only the surprise is asked for
LONG = QUANTILE + N_LEVELS


@compiled
def answers(row, y):
    """Whether y is scored: a number, within the bounds, of which something was known when asked."""
    if not abs(y) < math.inf or math.isnan(row[LOCATION]):
        return False
    return row[FAMILY] != QUANTILES or row[BOUNDS] <= y <= row[BOUNDS + 1]


@compiled
def never_fall(values):
    """Take what lies below the quantile before it for that one."""
    for p in range(1, len(values)):
        values[p] = max(values[p - 1], values[p])


@compiled
def score_normal(row, y, out):
    """Measure a Normal against its answer; ``out`` is [SHORT] or [LONG]."""
    if row[FAMILY] != NORMAL:
        score_quantiles(row, y, out)
        return
    mean, sd = row[LOCATION], row[SPREAD]
    out[Y], out[MEAN] = y, mean
    out[SURPRISE] = normal_surprise(mean, sd, row[CELL], y)
    if len(out) == LONG:
        out[PIT] = normal_cdf(mean, sd, y)
        for p in range(N_LEVELS):
            out[QUANTILE + p] = mean + sd * NORMAL_SCORES[p]
        judge(row, y, out)


@compiled
def score_mixture(row, y, out):
    """Measure a mixture of Student's t against its answer."""
    if row[FAMILY] != MIXTURE:
        score_quantiles(row, y, out)
        return
    n = int(row[SPREAD])
    parts = row[SPREAD + 1 : SPREAD + 1 + 4 * n]
    w, m, s, nu = parts[:n], parts[n : 2 * n], parts[2 * n : 3 * n], parts[3 * n :]
    out[Y], out[MEAN] = y, mixture_mean(w, m)
    out[SURPRISE] = mixture_surprise(w, m, s, nu, row[CELL], y)
    if len(out) == LONG:
        out[PIT] = mixture_cdf(w, m, s, nu, y)
        for p in range(N_LEVELS):
            out[QUANTILE + p] = mixture_quantile(w, m, s, nu, LEVEL[p])
        never_fall(out[QUANTILE:LONG])
        judge(row, y, out)


@compiled
def score_hinged(row, y, out):
    """Measure a mixture with a hinge against its answer."""
    if row[FAMILY] != HINGED:
        score_quantiles(row, y, out)
        return
    n = int(row[HINGED_MIXTURE])
    parts = row[HINGED_MIXTURE + 1 : HINGED_MIXTURE + 1 + 4 * n]
    w, m, s, nu = parts[:n], parts[n : 2 * n], parts[2 * n : 3 * n], parts[3 * n :]
    hinge, before, below = row[HINGE], row[HINGE + 1], row[HINGE + 2]
    out[Y], out[MEAN] = y, row[LOCATION]
    out[SURPRISE] = hinged_surprise(w, m, s, nu, row[CELL], hinge, before, below, y)
    if len(out) == LONG:
        out[PIT] = hinged_cdf(w, m, s, nu, hinge, before, below, y)
        for p in range(N_LEVELS):
            out[QUANTILE + p] = hinged_quantile(w, m, s, nu, hinge, before, below, LEVEL[p])
        never_fall(out[QUANTILE:LONG])
        judge(row, y, out)


@compiled
def score_quantiles(row, y, out):
    """Measure quantiles against their answer."""
    values, left, right = row[VALUES:BOUNDS], row[SPREAD], row[SPREAD + 1]
    low, high = row[BOUNDS], row[BOUNDS + 1]
    out[Y], out[MEAN] = y, row[LOCATION]
    out[SURPRISE] = bounded_surprise(values, left, right, low, high, row[CELL], y)
    if len(out) == LONG:
        out[PIT] = bounded_cdf(values, left, right, low, high, y)
        for p in range(N_LEVELS):
            out[QUANTILE + p] = values[p]
        judge(row, y, out)
        if row[LATTICE + 1] > 0.0:
            judge_points(row, y, out)


@compiled
def judge(row, y, out):
    """CRPS and expected surprise of the quantile function that a report prints; the rate."""
    values = out[QUANTILE:LONG]
    left = (values[1] - values[0]) / (SCORES[1] - SCORES[0])
    right = (values[N_LEVELS - 1] - values[N_LEVELS - 2]) / (SCORES[1] - SCORES[0])
    out[CRPS] = quantiles_crps(values, left, right, y)
    out[EXPECTED] = quantiles_expected_surprise(values, left, right, row[CELL])
    out[ASKED_RATE] = row[RATE]


@compiled
def judge_points(row, y, out):
    """Quantiles that are points of a lattice, and their CRPS.

    The PIT stays what it was without one: about the middle of the step that the cdf makes at y.
    """
    values = out[QUANTILE:LONG]
    for p in range(N_LEVELS):
        point = lattice_nearest(values[p], row[LATTICE], row[LATTICE + 1])
        values[p] = within(point, row[BOUNDS], row[BOUNDS + 1])
    never_fall(values)
    left = (values[1] - values[0]) / (SCORES[1] - SCORES[0])
    right = (values[N_LEVELS - 1] - values[N_LEVELS - 2]) / (SCORES[1] - SCORES[0])
    out[CRPS] = quantiles_crps(values, left, right, y)


SCORE = {
    NORMAL: score_normal,
    MIXTURE: score_mixture,
    QUANTILES: score_quantiles,
    HINGED: score_hinged,
}
