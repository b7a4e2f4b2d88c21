"""The naive learners: against the rivals of the report, statsmodels and what a hand computes."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecast import Naive, Scale, run
from forecast.distribution.t4 import LEVELS
from forecast.numbers.scale import TAIL_RATES, TAILS
from forecast.numbers.series import SERIES_FLOATS

HORIZONS = (1, 5, 13)
MEDIAN = LEVELS.index(0.5)
DRIFT = SERIES_FLOATS + 1


def walk(n: int = 300, seed: int = 0) -> np.ndarray:
    """A random walk with a season of 12, and a few values missing, two of them a season apart."""
    rng = np.random.default_rng(seed)
    ys = rng.normal(size=n).cumsum() + 5.0 * np.sin(np.arange(n) * 2.0 * np.pi / 12.0)
    ys[[3, 40, 52, 53, 170]] = math.nan
    return ys


@pytest.mark.parametrize(("season", "rival"), [(0, "last"), (12, "seasonal"), (7, "seasonal")])
def test_its_median_and_mean_are_the_rival_of_the_report(season: int, rival: str) -> None:
    answers = run(Naive(HORIZONS, season), walk(), season)
    said = getattr(answers, rival)
    known = ~np.isnan(said)
    assert known.all() == (season == 0)
    said = np.where(known, said, answers.last)  # a phase that never came is as the last value
    np.testing.assert_allclose(answers.mean, said, rtol=0, atol=1e-12)
    np.testing.assert_allclose(answers.quantiles[:, MEDIAN], said, rtol=0, atol=1e-12)


def test_the_last_value_is_that_of_scale() -> None:
    ys = walk()
    naive, scale = run(Naive(), ys), run(Scale(), ys)
    np.testing.assert_allclose(naive.quantiles[:, MEDIAN], scale.quantiles[:, MEDIAN], atol=1e-12)


def test_a_drift_is_the_line_from_the_first_value_to_the_last() -> None:
    """y_T + h (y_T - y_1) / (T - 1), whatever is missing in between."""
    ys = walk()
    answers = run(Naive(HORIZONS, drift=True), ys)
    for row, h, mean in zip(answers.issued, answers.horizon, answers.mean, strict=True):
        if row == 0 or math.isnan(ys[row]):
            continue
        assert mean == pytest.approx(ys[row] + h * (ys[row] - ys[0]) / row, abs=1e-11)


def test_the_drift_of_a_line_is_the_slope_that_statsmodels_finds() -> None:
    n = np.arange(50.0)
    line = 3.0 + 0.25 * n
    theta = ThetaModel(line, period=1, deseasonalize=False).fit()
    learner = Naive((1, 4), drift=True)
    learner.learn_many(line)
    assert learner.view("drift")[1] == pytest.approx(theta.params["b0"], rel=1e-6)
    assert learner.predict(horizon=4).mean == pytest.approx(3.0 + 0.25 * 53.0, rel=1e-12)


def test_a_seasonal_drift_is_the_mean_change_over_a_season() -> None:
    ys = np.arange(40.0) ** 1.1 + 3.0 * np.sin(np.arange(40.0))
    learner = Naive((1, 4, 9), season=4, drift=True)
    learner.learn_many(ys)
    change = (ys[4:] - ys[:-4]).mean()
    for h, seasons in ((1, 1), (4, 1), (9, 3)):
        expected = ys[39 + h - 4 * seasons] + seasons * change
        assert learner.predict(horizon=h).mean == pytest.approx(expected, rel=1e-12)


def test_one_glitch_moves_the_drift_by_little() -> None:
    rng = np.random.default_rng(2)
    ys = rng.normal(size=400).cumsum()
    ys[200:] += 1e6
    learner = Naive(drift=True)
    learner.learn_many(ys)
    assert abs(learner.view("drift")[1]) < 0.2  # (y_T - y_1) / (T - 1) would be 2,500


def test_its_intervals_are_those_of_its_own_errors() -> None:
    """Of independent steps Student's t at three scales is close to the steps' own distribution."""
    rng = np.random.default_rng(5)
    for steps, quantile in (
        (rng.normal(size=6000), stats.norm.ppf(0.95)),
        (rng.standard_t(4, 6000), stats.t(4).ppf(0.95)),
    ):
        answers = run(Naive(), steps.cumsum())
        late = answers.row > 500
        y, low, high = answers.y[late], answers.quantiles[late, 1], answers.quantiles[late, 19]
        assert ((low <= y) & (y <= high)).mean() == pytest.approx(0.9, abs=0.015)
        assert np.mean(high - low) / 2.0 == pytest.approx(quantile, rel=0.08)


def test_the_mixture_is_weighed_by_hand() -> None:
    """After a first change of 4 the unit is 4, then 2.5: errors of 1/4 and 3/2.5 units.

    Every scale is their mean, over the mean |error| of its tail, and no weight has moved yet.
    """
    learner = Naive()
    learner.learn_many([0.0, 4.0, 5.0, 8.0])
    said = learner.predict()
    unit = (4.0 + 1.0 + 3.0) / 3.0
    np.testing.assert_allclose(said.weights, 1.0 / (len(TAIL_RATES) * len(TAILS)))
    assert set(said.nus) == set(TAILS) and set(said.locations) == {8.0}
    means = [stats.norm.expect(abs) if nu == math.inf else stats.t(nu).expect(abs) for nu in TAILS]
    expected = unit * 0.5 * (1.0 / 4.0 + 3.0 / 2.5) / np.array(means)
    np.testing.assert_allclose(said.scales, np.tile(expected, len(TAIL_RATES)), rtol=1e-6)


@pytest.mark.parametrize("season", [1, -1, 2.5, "auto", None])
def test_what_is_no_season_is_refused(season: object) -> None:
    with pytest.raises(ValueError, match="season must be 0 for none, or 2 and more"):
        Naive(season=season)  # type: ignore[arg-type]
