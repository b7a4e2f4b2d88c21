"""Bounds: nothing beyond those that were told, and those that a stream shows by itself."""

import math
from pathlib import Path

import numpy as np
import pytest

from forecast import NumberForecaster, load, run, save
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import LEVELS, SCORES
from forecast.numbers.bounds import (
    ABOVE,
    BACK,
    BELOW,
    BOUNDS_FLOATS,
    MORE,
    NEEDED,
    VISITS,
    bounds_begin,
    bounds_known,
    bounds_learn,
)
from forecast.numbers.series import OBSERVED, REFUSED
from forecast.prequential import Answers, Run, prequential

pytestmark = pytest.mark.usefixtures("undrawn")


def sales(n: int, seed: int = 0) -> np.ndarray:
    """A week of counts, none of them below 0."""
    rng = np.random.default_rng(seed)
    return rng.poisson(1.5 + 1.4 * np.sin(2.0 * np.pi * np.arange(n) / 7.0)).astype(float)


def learned(ys: np.ndarray) -> np.ndarray:
    """The state of bounds that nobody told, after some values."""
    f = np.zeros(BOUNDS_FLOATS)
    bounds_begin(f, (None, None))
    for before, y in zip([math.nan, *ys], ys, strict=False):
        bounds_learn(f, y, before)
    return f


# ---- a distribution between bounds ---------------------------------------------------------------


@pytest.fixture
def bounded() -> Quantiles:
    """Student's t about 1 between -1 and 7: both tails reach a bound."""
    values = np.clip(1.0 + 2.0 * SCORES, -1.0, 7.0)
    return Quantiles(values, tails=(0.0, 2.0), bounds=(-1.0, 7.0), cell=0.5)


def test_what_lies_beyond_is_an_atom_on_the_bound(bounded: Quantiles) -> None:
    free = Quantiles(1.0 + 2.0 * SCORES, cell=0.5)
    assert bounded.cdf(-1.0001) == 0.0
    assert 0.15 - 1e-12 < bounded.cdf(-1.0) < free.cdf(-1.0) < 0.2  # the levels beside it
    assert bounded.cdf(6.999) == pytest.approx(free.cdf(6.999), rel=1e-12)
    assert bounded.cdf(7.0) == 1.0
    levels = np.linspace(1e-6, 1.0 - 1e-6, 1001)
    quantiles = np.array([bounded.quantile(p) for p in levels])
    assert (np.diff(quantiles) >= 0.0).all()
    assert (quantiles[0], quantiles[-1]) == (-1.0, 7.0)
    assert bounded.pdf(7.0) == math.inf
    assert bounded.pdf(7.1) == bounded.pdf(-1.1) == 0.0


def test_the_mass_of_an_atom_is_what_surprises(bounded: Quantiles) -> None:
    for y in (-1.0, 7.0):
        low, high = y - 0.25, y + 0.25
        mass = bounded.cdf(high) - (bounded.cdf(low) if low > -1.0 else 0.0)
        assert bounded.surprise(y) == pytest.approx(-math.log(mass / 0.5), rel=1e-12)
    # cells side by side hold all of it
    cells = np.arange(-1.0, 7.01, 0.5)
    masses = [0.5 * math.exp(-bounded.surprise(y)) for y in cells]
    assert math.fsum(masses) == pytest.approx(1.0, abs=1e-12)
    assert bounded.surprise(7.3) == math.inf


def test_mean_and_crps_are_those_of_the_quantiles(bounded: Quantiles) -> None:
    levels = (np.arange(200_000) + 0.5) / 200_000
    quantiles = np.array([bounded.quantile(p) for p in levels])
    assert bounded.mean == pytest.approx(quantiles.mean(), abs=1e-5)
    for y in (-1.0, 0.3, 7.0):
        above = y - quantiles
        pinball = np.maximum(levels * above, (levels - 1.0) * above).mean()
        assert bounded.crps(y) == pytest.approx(2.0 * pinball, abs=1e-5)


def test_values_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="beyond the bounds"):
        Quantiles(SCORES, bounds=(-1.0, math.inf))


# ---- bounds that were told -----------------------------------------------------------------------


def between(answers: Answers, low: float, high: float) -> bool:
    said = np.column_stack([answers.mean, answers.quantiles])
    return bool(low <= said.min() and said.max() <= high)


def test_nothing_lies_beyond_bounds_that_were_told() -> None:
    ys = np.minimum(sales(600), 4.0)
    learner = NumberForecaster((1, 7), season=7, bounds=(0, 4))
    answers = run(learner, ys)
    assert between(answers, 0.0, 4.0)
    assert np.isfinite(answers.surprise[answers.row > 9]).all()
    forecast = learner.predict()
    assert [forecast.quantile(p) for p in (1e-9, 1.0 - 1e-9)] == [0.0, 4.0]
    free = run(NumberForecaster((1, 7), season=7), ys)
    assert not between(free, 0.0, 4.0)


def test_bounds_that_are_told_surprise_less() -> None:
    gains = []
    for seed in range(6):
        ys = np.minimum(sales(600, seed), 4.0)
        told = run(NumberForecaster((1, 7), season=7, bounds=(0, 4)), ys)
        free = run(NumberForecaster((1, 7), season=7), ys)
        gains += [
            (free.surprise - told.surprise)[(told.row > 100) & (told.horizon == horizon)].mean()
            for horizon in (1, 7)
        ]
    assert np.mean(gains) > 0.0
    assert sum(gain > 0.0 for gain in gains) >= 10


def test_far_bounds_change_no_bit() -> None:
    ys = np.random.default_rng(1).normal(size=300).cumsum()
    one, other = run(NumberForecaster(), ys), run(NumberForecaster(bounds=(-1e12, 1e12)), ys)
    for name in ("mean", "surprise", "quantiles", "pit", "crps"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


@pytest.mark.parametrize("bad", [-3.0, 12.0, math.inf])
def test_a_value_beyond_them_is_refused_and_not_scored(bad: float) -> None:
    ys = sales(100)
    ys[50] = bad
    missing = ys.copy()
    missing[50] = math.nan
    learner, other = NumberForecaster(bounds=(0, 11)), NumberForecaster(bounds=(0, 11))
    found, expected = run(learner, ys), run(other, missing)
    assert 50 not in found.row
    assert np.array_equal(found.quantiles, expected.quantiles)
    counts = learner.view("counts")[0]
    assert (counts[OBSERVED], counts[REFUSED]) == (99, 1)
    steps = list(prequential(ys.tolist(), NumberForecaster(bounds=(0, 11))))
    assert [step.time for step in steps] == found.row.tolist()
    surprise = np.array([step.surprise for step in steps])
    assert np.array_equal(surprise, found.surprise, equal_nan=True)


def test_bounds_are_kept_by_a_checkpoint(tmp_path: Path) -> None:
    learner = NumberForecaster(bounds=(0, 10**9))
    for y in sales(60):
        learner.learn(y)
    save(tmp_path / "sales", learner)
    again = load(tmp_path / "sales")
    assert isinstance(again, NumberForecaster)
    assert again.bounds == learner.bounds == (0.0, 1e9)
    assert np.array_equal(again.predict().values, learner.predict().values)


def test_before_the_first_value_nothing_is_known() -> None:
    for bounds in ((None, None), (0, 10)):
        forecast = NumberForecaster(bounds=bounds).predict()
        found = [forecast.median, forecast.mean, *forecast.interval(0.9), forecast.cdf(3.0)]
        assert np.isnan(found).all()


@pytest.mark.parametrize("wrong", [(1, 0), (2, 2), (0,), 3, ("a", None), (math.nan, 1), (0, 1, 2)])
def test_wrong_bounds_say_what_is_wrong(wrong: object) -> None:
    with pytest.raises(ValueError, match="bound"):
        NumberForecaster(bounds=wrong)  # type: ignore[arg-type]


def test_infinite_bounds_are_none() -> None:
    assert NumberForecaster(bounds=(-math.inf, math.inf)).bounds == (None, None)
    assert NumberForecaster().options()["bounds"] == (None, None)


# ---- bounds that the stream shows ----------------------------------------------------------------


def test_visits_show_a_bound_and_a_value_beyond_ends_it() -> None:
    there_and_back = [0.0, 1.0] * int(BACK)
    f = learned(np.array(there_and_back))
    assert bounds_known(f) == (0.0, 1.0)
    f = learned(np.array(there_and_back[:-2]))
    assert bounds_known(f) == (-math.inf, math.inf)
    # a value that stays is one visit
    assert learned(np.zeros(100))[VISITS + BELOW] == 1.0
    f = learned(np.array([*there_and_back, -2.0]))
    assert bounds_known(f) == (-math.inf, 1.0)
    assert f[NEEDED + BELOW] == MORE * BACK
    assert f[NEEDED + ABOVE] == BACK
    f = learned(np.array([*there_and_back, *[-2.0, 1.0] * int(BACK)]))
    assert bounds_known(f)[0] == -math.inf
    f = learned(np.array([*there_and_back, *[-2.0, 1.0] * int(MORE * BACK)]))
    assert bounds_known(f)[0] == -2.0


def test_no_quantile_lies_beyond_a_bound_that_was_shown() -> None:
    ys = sales(800)
    answers = run(NumberForecaster((1, 7), season=7), ys)
    late = answers.row > 100
    assert answers.quantiles[late].min() == 0.0
    assert answers.mean[late].min() >= 0.0
    # something is left beyond it, so that a value from there is no infinite surprise
    ys[700] = -5.0
    answers = run(NumberForecaster((1, 7), season=7), ys)
    (then,) = np.flatnonzero((answers.row == 700) & (answers.horizon == 1))
    assert 10.0 < answers.surprise[then] < 60.0
    assert answers.quantiles[answers.row > 707].min() < 0.0


def test_a_meter_that_is_full_and_one_upside_down() -> None:
    t = np.arange(600)
    rng = np.random.default_rng(2)
    ys = np.minimum(100.0, np.round(80.0 + 30.0 * np.sin(t / 5.0) + 4.0 * rng.normal(size=600), 1))
    up, down = run(NumberForecaster(), ys), run(NumberForecaster(), -ys)
    late = up.row > 300
    assert up.quantiles[late].max() == 100.0
    assert down.quantiles[late].min() == -100.0


def test_a_stream_that_shows_bounds_keeps_the_laws() -> None:
    ys = sales(400)
    whole = Run(NumberForecaster(season=7)).feed(ys)
    pieces = Run(NumberForecaster(season=7))
    blocks = [pieces.feed(block) for block in np.split(ys, [1, 57, 200, 201])]
    for name in ("mean", "surprise", "quantiles", "pit"):
        joined = np.concatenate([getattr(block, name) for block in blocks])
        assert np.array_equal(getattr(whole, name), joined, equal_nan=True)
    steps = list(prequential(ys.tolist(), NumberForecaster(season=7)))
    one_by_one = np.array([step.surprise for step in steps])
    assert np.array_equal(whole.surprise, one_by_one, equal_nan=True)
    said = np.array([[step.forecast.quantile(p) for p in LEVELS] for step in steps])  # type: ignore[attr-defined]
    assert np.allclose(said, whole.quantiles, rtol=0.0, atol=1e-12)
    for a, b in ((1024.0, 0.0), (0.5, 3.0)):
        other = Run(NumberForecaster(season=7)).feed(a * ys + b)
        assert np.abs((other.quantiles - b) / a - whole.quantiles).max() < 1e-6
        assert np.nanmax(np.abs(other.surprise - whole.surprise - math.log(a))) < 1e-5
