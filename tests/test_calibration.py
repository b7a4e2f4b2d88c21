"""Calibration by simulation: where the data are drawn from a model that a learner knows.

The PIT of its answers is uniform and its 90 % intervals hold 88 to 92 % on the mean over 100 seeds;
over ten of them, in the quick suite, within what ten seeds can tell.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from forecast import Level, LightForecaster, NumberForecaster, Regression, run

Floats = NDArray[np.float64]
POINTS, FROM = 1500, 500  # of a stream; from where on it is judged
FEW, MANY = 10, 100  # seeds


def walk_and_noise(rng: np.random.Generator, n: int) -> Floats:
    """A level that walks, seen through noise."""
    ys: Floats = 0.3 * rng.normal(size=n).cumsum() + rng.normal(size=n)
    return ys


def autoregression(rng: np.random.Generator, n: int) -> Floats:
    """AR(2) with a slow swing."""
    e = rng.normal(size=n + 50)
    ys = np.zeros(n + 50)
    for t in range(2, n + 50):
        ys[t] = 1.2 * ys[t - 1] - 0.5 * ys[t - 2] + e[t]
    return ys[50:]


def heavy_noise(rng: np.random.Generator, n: int) -> Floats:
    """A constant seen through Student's t of 4 degrees."""
    ys: Floats = 10.0 + rng.standard_t(4, n)
    return ys


def season(rng: np.random.Generator, n: int) -> Floats:
    """A season of twelve, in noise."""
    profile = 5.0 * np.sin(2.0 * np.pi * np.arange(12) / 12.0) + 2.0 * (np.arange(12) % 4 == 0)
    ys: Floats = np.resize(profile, n) + rng.normal(size=n)
    return ys


class Case(NamedTuple):
    """Data, a learner that knows their kind, and a horizon."""

    data: Callable[[np.random.Generator, int], Floats]
    learner: Callable[[int], Any]
    horizon: int


CASES: dict[str, Case] = {
    "level, walk and noise": Case(walk_and_noise, lambda h: Level((h,)), 1),
    "level, walk and noise, 12 ahead": Case(walk_and_noise, lambda h: Level((h,)), 12),
    "level, heavy noise": Case(heavy_noise, lambda h: Level((h,)), 1),
    "regression, AR(2)": Case(autoregression, lambda h: Regression(6, horizons=(h,)), 1),
    "regression, AR(2), 6 ahead": Case(autoregression, lambda h: Regression(6, horizons=(h,)), 6),
    "light, AR(2)": Case(autoregression, lambda h: LightForecaster((h,)), 1),
    "light, walk and noise, 12 ahead": Case(walk_and_noise, lambda h: LightForecaster((h,)), 12),
    "default, AR(2)": Case(autoregression, lambda h: NumberForecaster((h,)), 1),
    "default, season": Case(season, lambda h: NumberForecaster((h,), season=12), 1),
    "default, season, 12 ahead": Case(season, lambda h: NumberForecaster((h,), season=12), 12),
}


def pits(case: Case, seeds: range) -> Floats:
    """PIT of the late answers, [seeds, answers]."""
    found = []
    for seed in seeds:
        ys = case.data(np.random.default_rng(seed), POINTS)
        answers = run(case.learner(case.horizon), ys)
        found.append(answers.pit[answers.row >= FROM])
    return np.array(found)


def covered(pit: Floats) -> Floats:
    """The share of answers within the 90 % interval, of each seed."""
    share: Floats = ((pit >= 0.05) & (pit <= 0.95)).mean(axis=1)
    return share


def assert_calibrated(pit: Floats, horizon: int, low: float, high: float) -> None:
    """Coverage within bounds on the mean, and no tenth of the PIT far from a tenth of it.

    Answers that lie less than a horizon apart hang together: a seed counts for so many fewer.
    """
    assert low <= covered(pit).mean() <= high
    tenths = np.array([np.histogram(one, 10, (0.0, 1.0))[0] / len(one) for one in pit])
    alone = len(pit) * pit.shape[1] / (2.0 * horizon)
    # 5 sd of a share of a tenth, and the two points that an interval may be off
    bound = 0.02 + 5.0 * math.sqrt(0.09 / alone)
    assert np.abs(tenths.mean(axis=0) - 0.1).max() < bound
    # Kolmogorov's distance of all from the uniform, at a level of 1e-6, and the same two points
    distance = stats.kstest(pit.ravel(), "uniform").statistic
    assert distance < 0.02 + stats.kstwobign.isf(1e-6) / math.sqrt(alone)


# the quantiles of a level are sought one by one, which takes long
SOUGHT = ("level, walk and noise", "level, walk and noise, 12 ahead")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SOUGHT)) for name in CASES]
)
def test_calibrated_on_ten_seeds(name: str) -> None:
    """88 to 92 %, widened by 4 sd of a binomial of as many answers as stand alone."""
    case = CASES[name]
    pit = pits(case, range(FEW))
    more = 4.0 * math.sqrt(0.09 * 2.0 * case.horizon / pit.size)
    assert_calibrated(pit, case.horizon, 0.88 - more, 0.92 + more)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_calibrated_on_a_hundred_seeds(name: str) -> None:
    case = CASES[name]
    assert_calibrated(pits(case, range(MANY)), case.horizon, 0.88, 0.92)


def test_what_is_too_sure_is_told() -> None:
    """A PIT of intervals a fifth too narrow does not pass for uniform."""
    z = np.random.default_rng(0).normal(size=(FEW, POINTS - FROM))
    narrow = stats.norm.cdf(z / 0.8)
    with pytest.raises(AssertionError):
        assert_calibrated(narrow, 1, 0.88, 0.92)
    assert_calibrated(stats.norm.cdf(z), 1, 0.88, 0.92)
    # one that covers and leans to one side
    leaning = np.clip(stats.norm.cdf(z) ** 1.3, 0.0, 1.0)
    with pytest.raises(AssertionError):
        assert_calibrated(leaning, 1, 0.0, 1.0)
