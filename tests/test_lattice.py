"""Whole numbers: found causally, given up at once, and what a forecast says on them."""

import math

import numpy as np
import pytest

from forecast import NumberForecaster, run
from forecast.distribution.lattice import lattice_nearest
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import LEVELS, SCORES
from forecast.numbers.lattice import (
    KNOWN,
    LATTICE_FLOATS,
    PITCH,
    lattice_begin,
    lattice_learn,
    lattice_pitch,
)
from forecast.prequential import Run, prequential


def sales(n: int, seed: int = 0) -> np.ndarray:
    """A week of counts."""
    rng = np.random.default_rng(seed)
    return rng.poisson(3.0 + 2.5 * np.sin(2.0 * np.pi * np.arange(n) / 7.0)).astype(float)


def learned(ys: np.ndarray | list[float], least: float = 0.0) -> np.ndarray:
    f = np.zeros(LATTICE_FLOATS)
    lattice_begin(f)
    for y in ys:
        lattice_learn(f, y, least)
    return f


def pinball(quantiles: np.ndarray, ys: np.ndarray) -> float:
    above, levels = ys[:, None] - quantiles, np.array(LEVELS)
    return float(np.maximum(levels * above, (levels - 1.0) * above).mean())


# ---- the pitch -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "shift"), [(1.0, 0.0), (0.1, 0.0), (0.25, 1e6), (3.0, -7.0), (0.37, 2.2), (-5.0, 1.0)]
)
def test_the_pitch_is_the_common_divisor(scale: float, shift: float) -> None:
    steps = [0, 6, 10, 4, 15, *np.random.default_rng(1).integers(-50, 50, 40).tolist()]
    f = learned([shift + scale * k for k in steps])
    assert lattice_pitch(f) == pytest.approx(abs(scale), rel=1e-6)


def test_a_value_beside_the_last_one_is_another_point() -> None:
    # a glitch of a million gives a pitch of a million; what moves by hundredths lies on no such
    rest = [2.0] * 20 + [1e6 + 2.0] + [2.0] * 20
    f = learned([*rest, 2.02, 1.99, *[2.0, 2.01, 2.03] * 10])
    assert f[PITCH] < 0.1


def test_a_lattice_is_believed_late_and_given_up_at_once() -> None:
    f = learned([0.0, 2.0, *[4.0, 0.0] * 4, 4.0])
    assert (f[PITCH], lattice_pitch(f)) == (2.0, 0.0)
    lattice_learn(f, 0.0, 0.0)
    lattice_learn(f, 2.0, 0.0)
    assert lattice_pitch(f) == 2.0
    # a finer one has to be kept as long; one too fine is none, for good
    lattice_learn(f, 1.0, 0.0)
    assert (f[PITCH], lattice_pitch(f)) == (1.0, 0.0)
    lattice_learn(f, 1.003, 0.01)
    assert f[PITCH] == 0.0
    for y in [5.0, 6.0] * int(KNOWN):
        lattice_learn(f, y, 0.01)
    assert lattice_pitch(f) == 0.0


def test_noise_lies_on_no_lattice() -> None:
    ys = np.random.default_rng(2).normal(size=300)
    assert learned(ys, 1e-3)[PITCH] == 0.0
    assert learned(1e9 + 1e-7 * ys, 1e-10)[PITCH] == 0.0
    learner = NumberForecaster()
    run(learner, ys)
    assert learner.predict().lattice[1] == 0.0


# ---- a distribution on a lattice -----------------------------------------------------------------


def test_points_are_the_floats_that_a_file_gives() -> None:
    for k in range(-30, 31):
        assert lattice_nearest(k / 10 + 0.03, 0.7, 0.1) == float(f"{k / 10:.1f}")
    assert lattice_nearest(1.4, 1.3, 0.0) == 1.4
    # what differs in the last bit alone is what it was
    assert lattice_nearest(0.1 + 0.2, 0.7, 0.1) == 0.1 + 0.2
    assert lattice_nearest(0.301, 0.1 + 0.2, 0.1) == 0.1 + 0.2
    assert lattice_nearest(2.0, 0.0, 1.0 / 3.0) == 2.0


def test_the_mass_of_a_cell_is_on_its_point() -> None:
    values = 3.2 + 1.7 * SCORES
    free = Quantiles(values, cell=1.0)
    whole = Quantiles(values, cell=1.0, lattice=(7.0, 1.0))
    for k in range(-5, 12):
        mass = whole.cdf(k) - whole.cdf(k - 0.5)
        assert mass == pytest.approx(math.exp(-whole.surprise(k)), rel=1e-9)
        assert whole.surprise(k) == free.surprise(k)
        assert whole.cdf(k + 0.9) == whole.cdf(k) == pytest.approx(free.cdf(k + 0.5), rel=1e-12)
    assert whole.median == 3.0
    for level in np.linspace(0.01, 0.99, 197):
        point = whole.quantile(level)
        assert point == round(free.quantile(level))
        assert whole.cdf(point - 1.0) < level <= whole.cdf(point) + 1e-12
    assert Quantiles(values, lattice=(0.0, 2.0), bounds=(-9.0, 13.0)).quantile(1 - 1e-9) == 13.0
    assert Quantiles(np.round(values)).crps(2.0) == whole.crps(2.0)
    with pytest.raises(ValueError, match="pitch"):
        Quantiles(values, lattice=(0.0, -1.0))


# ---- the forecaster ------------------------------------------------------------------------------


def test_quantiles_of_counts_are_counts_and_err_less() -> None:
    ys = sales(700)
    steps = [s for s in prequential(ys.tolist(), NumberForecaster(season=7)) if s.time > 100]
    said: list[Quantiles] = [step.forecast for step in steps]  # type: ignore[misc]
    points = np.array([[one.quantile(p) for p in LEVELS] for one in said])
    between = np.array([one.values for one in said])
    y = np.array([step.y for step in steps])
    assert (points == np.round(points)).all()
    assert pinball(points, y) < 0.99 * pinball(between, y)
    # the loop says the same
    answers = run(NumberForecaster(season=7), ys)
    late = answers.row > 100
    assert np.array_equal(answers.quantiles[late], points)
    crps = np.array([one.crps(step.y) for one, step in zip(said, steps, strict=True)])
    assert np.allclose(answers.crps[late], crps, rtol=1e-9)
    assert np.abs(answers.pit[late].mean() - 0.5) < 0.05


def test_a_value_between_ends_whole_numbers() -> None:
    ys = sales(300)
    ys[200:] += np.random.default_rng(3).normal(size=100)
    answers = run(NumberForecaster(season=7), ys)
    whole = (answers.quantiles == np.round(answers.quantiles)).all(axis=1)
    assert whole[(answers.row > 50) & (answers.row <= 200)].all()
    assert whole[answers.row > 203].mean() < 0.1


@pytest.mark.parametrize(("a", "b"), [(1000.0, 0.0), (0.01, 3.0), (2.0, -500.0), (0.37, 0.0)])
def test_scale_and_shift_go_through(a: float, b: float) -> None:
    ys = sales(300)
    plain = Run(NumberForecaster(season=7)).feed(ys)
    other = Run(NumberForecaster(season=7)).feed(a * ys + b)
    # a quantile that lies halfway between two points may fall on either
    off = np.abs((other.quantiles - b) / a - plain.quantiles)
    assert (off > 1e-6).mean() < 1e-3
    assert np.nanmax(np.abs(other.surprise - plain.surprise - math.log(a))) < 1e-5


def test_chunks_change_nothing() -> None:
    ys = 0.1 * sales(300)
    whole, pieces = Run(NumberForecaster()).feed(ys), Run(NumberForecaster())
    blocks = [pieces.feed(block) for block in np.split(ys, [1, 2, 57, 200])]
    for name in ("mean", "surprise", "quantiles", "crps", "pit"):
        joined = np.concatenate([getattr(block, name) for block in blocks])
        assert np.array_equal(getattr(whole, name), joined, equal_nan=True)
