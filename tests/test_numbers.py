"""The parts of the forecaster against references, and the whole against the best possible."""

import math

import numpy as np
import pytest
from scipy import signal, stats

from forecast import Answers, Level, NumberForecaster, Regression, run
from forecast.checks.numbers import stream
from forecast.clock import Step, season_of
from forecast.numbers.level import (
    MEANS,
    RATES,
    level_begin,
    level_floats,
    level_learn,
    level_median,
    level_rate,
    level_stand,
    level_weigh,
)
from forecast.numbers.regression import regression_floats
from forecast.numbers.rls import DRIFT, PRIOR, dot, rls_move
from forecast.numbers.scale import MEAN_ABS, PEAK, TAILS, scale_learn, t_density
from forecast.numbers.season import (
    season_change,
    season_expects,
    season_floats,
    season_learn,
    season_value,
)
from forecast.numbers.series import (
    GAP,
    LAST,
    LEARN,
    LONG,
    MISSING,
    REFUSED,
    SERIES_FLOATS,
    SERIES_INTS,
    SKIP,
    recent_range,
    screen,
    series_begin,
    series_learn,
)
from forecast.numbers.shape import shape_learn


def series() -> tuple[np.ndarray, np.ndarray]:
    f, i = np.zeros(SERIES_FLOATS), np.zeros(SERIES_INTS, np.int64)
    series_begin(f, i, 48)
    return f, i


def test_densities_of_students_t() -> None:
    for tail, nu in enumerate(TAILS):
        reference = stats.norm if nu == math.inf else stats.t(nu)
        for z in (-30.0, -2.5, 0.0, 0.7, 12.0):
            assert t_density(tail, z) == pytest.approx(reference.pdf(z), rel=1e-12)
        assert PEAK[tail] == pytest.approx(reference.pdf(0.0), rel=1e-14)
        assert MEAN_ABS[tail] == pytest.approx(reference.expect(abs), rel=1e-6)


def test_a_scale_is_the_mean_error_then_forgets() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=8))
    scale = 0.0
    for n, error in enumerate(errors, 1):
        scale = scale_learn(scale, error, 0.01, float(n))
    assert scale == pytest.approx(errors.mean(), rel=1e-12)
    assert scale_learn(1.0, 1e9, 0.1, 100.0) == pytest.approx(1.0 + 0.1 * 7.0, rel=1e-12)


def test_a_shape_finds_the_quantiles_of_any_errors() -> None:
    rng = np.random.default_rng(1)
    from forecast.distribution.t4 import LEVELS, SCORES

    shape = SCORES.copy()
    for n, error in enumerate(rng.exponential(size=60_000), 1):
        shape_learn(shape, error, n, 1)
    share = stats.expon.cdf(shape)
    assert share == pytest.approx(LEVELS, abs=0.04)


def test_a_series_is_screened() -> None:
    f, i = series()
    for y in (3.0, 5.0, 5.0, 4.5):
        assert screen(f, i, y) == LEARN
        series_learn(f, i, y)
    assert f[LAST] == 4.5
    assert f[GAP] == 0.5
    assert f[LONG] == pytest.approx(2.5 / 3.0, rel=1e-15)
    assert [screen(f, i, y) for y in (math.nan, math.inf, -math.inf, 1e15)] == [SKIP] * 4
    assert (i[MISSING], i[REFUSED]) == (1, 3)
    assert screen(f, i, -1e15) == SKIP  # it does not agree with the one before
    assert screen(f, i, -1.1e15) == LEARN  # a second one that agrees is a shift
    assert recent_range(f, 0.25) == (3.0 - 0.25 * 2.0, 5.0 + 0.25 * 2.0)


def test_the_levels_are_running_means() -> None:
    ys = np.random.default_rng(2).normal(size=400)
    f = np.zeros(level_floats(1, 1))
    level_begin(f, 1)
    for t, y in enumerate(ys):
        if t > 0:
            level_weigh(f, 1, 0, t - 1, 1.0, y)
        level_learn(f, y)
        level_stand(f, 1, t)
    means = f[MEANS : MEANS + len(RATES)]
    for rate, mean in zip(RATES, means, strict=True):
        expected = 0.0
        for n, y in enumerate(ys, 1):
            expected += max(1.0 / n, rate) * (y - expected)
        assert mean == pytest.approx(expected, rel=1e-12)
    assert means[0] == ys[-1]
    assert means[-1] == pytest.approx(ys.mean(), rel=1e-12)
    # a median and a rate between those of the memories; of noise without a level, slow ones
    assert means.min() <= level_median(f, 0) <= means.max()
    assert abs(level_median(f, 0)) < 0.2
    assert 1.0 / 400 < level_rate(f, 0) < 0.1


def test_recursive_least_squares_is_ridge_regression() -> None:
    ys = np.random.default_rng(3).normal(size=61)
    learner = Regression(lags=3, scale="normal")
    for y in ys:
        learner.learn(y)
    # the same by one batch solution, in the units that were in force, with all errors bounded none
    weights = learner.view("weights")[0]
    moved = ridge_of(ys, lags=3)
    assert weights == pytest.approx(moved, abs=0.02)
    assert regression_floats(4, 3, 1, 1) > 0


def test_a_first_step_that_is_small_is_no_measure_of_what_follows() -> None:
    learner = Regression(lags=6)
    ys = stream(learner, 700)  # its second step is a hundred times the first
    assert abs(ys[2] - ys[1]) > 100.0 * abs(ys[1] - ys[0])
    later = np.concatenate([[math.nan], ys[1:]])
    errors = [np.abs(told.y - told.quantiles[:, 10])[-680:] for told in map(walked, (ys, later))]
    assert errors[0].mean() == pytest.approx(errors[1].mean(), rel=0.05)


def walked(ys: np.ndarray) -> Answers:
    """What a new regression answers."""
    return run(Regression(lags=6), ys)


def ridge_of(ys: np.ndarray, lags: int) -> np.ndarray:
    """Kalman filter of drifting weights with Huber's step, by matrices: the definition again."""
    differences = np.concatenate([[0.0], np.diff(ys)])
    P, w = PRIOR * np.eye(lags + 1), np.zeros(lags + 1)
    unit = fast = slow = size = 0.0
    x = gain = np.zeros(lags + 1)
    for t in range(1, len(ys)):
        if unit > 0.0:
            target = (ys[t] - ys[t - 1]) / unit
            error = target - x @ w
            bound = 3.0 * size if size > 0.0 else 3.0
            w = w + gain * max(-bound, min(bound, error))
            seen = min(abs(error), 8.0 * max(size, 0.1))
            size += max(1.0 / t, 0.01) * (seen - size) if size > 0.0 else seen
        n = t
        difference = abs(differences[t])
        fast += max(1.0 / n, 0.01) * (bounded(difference, 8.0 * fast, n) - fast)
        slow += max(1.0 / n, 0.0003) * (bounded(difference, 8.0 * slow, n) - slow)
        unit = max(fast, slow)
        recent = [differences[t - k] if t - k >= 0 else 0.0 for k in reversed(range(lags))]
        raw = np.array([unit, *recent]) / unit
        x = np.clip(raw, -4.0, 4.0)
        weight = 6.0 / max(6.0, np.abs(raw).max())
        gain = weight * (P @ x) / (1.0 + weight**2 * (x @ P @ x)) * weight
        P = P - np.outer(gain, P @ x) + DRIFT * np.eye(lags + 1)
    return w


def bounded(difference: float, bound: float, n: int) -> float:
    """The first thirty differences count in full."""
    return min(difference, bound) if n > 30 else difference


def test_dot_and_move() -> None:
    rng = np.random.default_rng(4)
    for d in (1, 3, 4, 7, 25):
        a, b = rng.normal(size=(2, d))
        assert dot(a, b) == pytest.approx(float(a @ b), rel=1e-12)
        w = np.zeros(d)
        assert rls_move(w, a, b, 2.0, 1.5) == 2.0
        assert w == pytest.approx(1.5 * b, rel=1e-15)


def test_a_season_repeats_what_it_saw() -> None:
    S, longest = 4, 6
    f = np.zeros(season_floats(S, longest))
    ys = np.random.default_rng(5).normal(size=30)
    for t, y in enumerate(ys):
        season_learn(f, S, t, y, True)
    t = len(ys) - 1
    for h, back in ((1, 4), (4, 4), (5, 8), (6, 8)):
        assert season_change(f, S, t, h) == ys[t + h - back] - ys[t - back]
    # the base moves once a season, a phase by a tenth; the first ones count in full
    base, deviations, visits = 0.0, np.zeros(S), np.zeros(S)
    for t, y in enumerate(ys):
        base += max(1.0 / (t + 1), 1.0 / S) * (y - base)
        visits[t % S] += 1
        deviations[t % S] += max(1.0 / visits[t % S], 0.1) * (y - base - deviations[t % S])
    for t in range(S):
        assert season_value(f, S, t, 7.0) == pytest.approx(base + deviations[t], rel=1e-12)
        assert season_expects(f, S, t) == season_value(f, S, t, 7.0)
    young = np.zeros(season_floats(S, longest))
    season_learn(young, S, 2, 5.0, True)
    assert (season_value(young, S, 2, 7.0), season_value(young, S, 3, 7.0)) == (5.0, 7.0)
    assert (season_expects(young, S, 3), season_change(young, S, 2, 1)) == (5.0, 0.0)
    assert season_of(Step.named("1 week")) == 52


def test_nearly_as_good_as_knowing_the_process() -> None:
    """An autoregression with Student's t noise: within 3 % of the forecaster that knows it."""
    rng = np.random.default_rng(6)
    noise = rng.standard_t(5, 6000)
    ys = np.zeros(6000)
    for t in range(2, 6000):
        ys[t] = 1.2 * ys[t - 1] - 0.5 * ys[t - 2] + noise[t]
    answers = run(NumberForecaster(), ys)
    late = answers.row >= 1000
    y, quantiles = answers.y[late], answers.quantiles[late]
    mae = np.abs(y - quantiles[:, 10]).mean()
    assert mae < 1.03 * np.abs(noise[1000:]).mean()
    covered = (quantiles[:, 1] <= y) & (y <= quantiles[:, 19])
    assert covered.mean() == pytest.approx(0.9, abs=0.015)
    entropy = float(stats.t(5).entropy())
    # 21 tracked quantiles do not make the density for nothing: a twentieth of a nat
    assert np.nanmean(answers.surprise[late]) < entropy + 0.05
    # where it is calibrated, it is on average as surprised as it expected to be
    assert np.mean(answers.surprise[late] - answers.expected[late]) == pytest.approx(0.0, abs=0.03)


def test_a_season_named_is_a_season_found() -> None:
    rng = np.random.default_rng(7)
    t = np.arange(1200)
    ys = 10.0 * (t % 7 == 3) + 0.05 * t + rng.normal(size=1200)
    season = NumberForecaster(step="1 day")
    assert season.season == 7
    answers = run(season, ys, 7)
    late = answers.row >= 400
    assert np.abs(answers.y - answers.quantiles[:, 10])[late].mean() < 1.12 * math.sqrt(2 / math.pi)
    assert NumberForecaster().season == 0
    for wrong in (1, -3, 2.5):
        with pytest.raises(ValueError, match="season"):
            NumberForecaster(season=wrong)  # type: ignore[arg-type]


def test_wrong_arguments_say_what_is_wrong() -> None:
    learner = NumberForecaster(horizons=(1, 3), channels=2)
    with pytest.raises(ValueError, match=r"horizon 2 is none of .*\(1, 3\)"):
        learner.predict(horizon=2)
    with pytest.raises(ValueError, match="expected 2 values"):
        learner.learn(1.0)
    with pytest.raises(ValueError, match="no context"):
        learner.learn([1.0, 2.0], x={"a": 1})
    for horizons in ((), (0,), (2, 1), (1, 1), (1.5,)):
        with pytest.raises(ValueError, match="horizons"):
            Level(horizons)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lags"):
        Regression(lags=0)
    with pytest.raises(ValueError, match="scale"):
        Regression(scale="cauchy")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, 7.5, -1e200])
def test_a_constant_is_forecast_as_that_constant(value: float) -> None:
    answers = run(NumberForecaster(), np.full(50, value))
    assert (answers.quantiles == value).all()
    assert (answers.mean == value).all()
    assert np.isnan(answers.surprise).all()


def test_missing_channels_are_each_their_own() -> None:
    rng = np.random.default_rng(8)
    ys = rng.normal(size=(200, 2))
    ys[50:60, 1] = math.nan
    learner = NumberForecaster(channels=2)
    answers = run(learner, ys)
    assert (answers.series == 0).sum() == 199
    assert (answers.series == 1).sum() == 189
    assert learner.view("counts")[:, MISSING].tolist() == [0, 10]


@pytest.mark.parametrize("kind", ["walk", "day"])
def test_intervals_hold_at_every_horizon_of_an_octave(kind: str) -> None:
    """Of a walk those far ahead are twice as wide as those near; of a day they go up and down."""
    rng, t = np.random.default_rng(5), np.arange(6_000)
    walk = rng.normal(size=6_000).cumsum()
    fading = signal.lfilter([1.0], [1.0, -0.9], rng.normal(size=6_000))
    ys = walk if kind == "walk" else 10.0 * np.sin(t * 2.0 * np.pi / 24.0) + fading
    answers = run(NumberForecaster(range(1, 33), season=0 if kind == "walk" else 24), ys)
    covered = answers.quantiles[:, 1] <= answers.y
    covered &= answers.y <= answers.quantiles[:, 19]
    late = answers.row > 1_000
    shares = [covered[late & (answers.horizon == h)].mean() for h in range(1, 33)]
    np.testing.assert_allclose(shares, 0.9, atol=0.025)


@pytest.mark.parametrize("begun", range(4))
def test_what_grew_and_then_is_noise_is_covered_soon_from_wherever_it_began(begun: int) -> None:
    """A doubling every seven points, then noise a millionth of the last value.

    In the steps of the doubling rounding makes the search find a season, here one, there another.
    """
    grown = 2.0 ** (0.15 * np.arange(1_000, 1_500 - begun))
    noise = 1e-6 * grown[-1] * np.random.default_rng(11).normal(size=700)
    answers = run(NumberForecaster(horizons=(7,)), np.concatenate([grown, grown[-1] + noise]))
    low, high = answers.quantiles[-400:, 1], answers.quantiles[-400:, 19]
    covered = ((low <= answers.y[-400:]) & (answers.y[-400:] <= high)).mean()
    assert 0.78 <= covered <= 0.97
    assert np.median(high - low) < 5.0 * 2.0 * 1.645 * 1e-6 * grown[-1]


def test_weights_are_those_that_the_mean_of_the_levels_gives() -> None:
    """Each expert by name, summing to 1; the one that knows the series is listened to."""
    t = np.arange(600)
    rng = np.random.default_rng(2)
    walk, day = rng.normal(size=600).cumsum(), 9.0 * np.sin(t * 2.0 * np.pi / 12.0)
    learner = NumberForecaster((1, 6, 24), season=12, channels=2)
    for row in np.column_stack((walk, day + 0.1 * rng.normal(size=600))):
        learner.learn(row)
    for channel in (0, 1):
        for horizon in (1, 6, 24):
            weights = learner.weights(channel, horizon)
            assert len(weights) == 4 + 3 + 3 and min(weights.values()) >= 0.0
            assert sum(weights.values()) == pytest.approx(1.0, abs=1e-9)
    assert learner.weights() == learner.weights(0, 1) != learner.weights(0, 24)
    # of a walk the last value says it all; of a day, those that know the season
    walked, daily = learner.weights(0), learner.weights(1)
    assert walked["last value"] > 0.4 > 0.05 > daily["last value"]
    assert sum(weight for name, weight in daily.items() if name.endswith("season 12")) > 0.5
    with pytest.raises(ValueError, match="horizon 2 is none"):
        learner.weights(0, 2)


def test_far_horizons_and_plain_series_hear_fewer() -> None:
    assert list(NumberForecaster((1, 200), season=0).weights(0, 200)) == [
        *("last value", "drift", "level", "regression")
    ]
    assert len(NumberForecaster(season=0).weights()) == 7
