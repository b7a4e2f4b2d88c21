"""What lies between the quantiles: each way written again, and the one that speaks."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from forecast.distribution.t4 import LEVELS, SCORES, N
from forecast.numbers.bounds import BOUNDS_FLOATS, bounds_begin
from forecast.numbers.grain import (
    CLOSE,
    GRAIN_FLOATS,
    JUDGED,
    LARGEST,
    PLAIN,
    RATE,
    REACH,
    SMOOTH,
    SNAPPED,
    SURPRISES,
    grain_learn,
    grain_of,
    grain_write,
    repeated,
)

Floats = NDArray[np.float64]
NONE = np.empty(0)
T4 = stats.t(4)


def unbounded() -> Floats:
    bounds = np.empty(BOUNDS_FLOATS)
    bounds_begin(bounds, (None, None))
    return bounds


def written(grain: int, values: Floats, atoms: Floats = NONE, least: float = 1e-6) -> Floats:
    """The quantiles, and the scales of the two tails."""
    out = np.empty(N)
    return np.array([*grain_write(grain, values, atoms, least, out), *out])


def plain(values: Floats, least: float) -> Floats:
    slopes = np.diff(values) / np.diff(SCORES)
    return np.array([max(slopes[0], least), max(slopes[-1], least), *values])


def smooth(values: Floats, least: float) -> Floats:
    slopes = np.diff(values) / np.diff(SCORES)
    for _ in range(3):
        padded = np.pad(slopes, 1, mode="edge")
        slopes = padded[:-2] / 4 + padded[1:-1] / 2 + padded[2:] / 4
    slopes = np.maximum(slopes, least)
    rising = np.concatenate([[0.0], np.cumsum(slopes * np.diff(SCORES))])
    return np.array([slopes[0], slopes[-1], *(values[N // 2] + rising - rising[N // 2])])


def snapped(values: Floats, atoms: Floats, least: float) -> Floats:
    reach = REACH * (values[-1] - values[0])
    nearest = atoms[np.argmin(np.abs(atoms - values[:, None]), axis=1)]
    moved = np.where(np.abs(nearest - values) <= reach, nearest, values)
    return plain(np.maximum.accumulate(moved), least)


def quantiles(seed: int) -> Floats:
    return np.sort(np.random.default_rng(seed).standard_t(3, N)) * 10.0


@pytest.mark.parametrize("least", [1e-6, 3.0])
@pytest.mark.parametrize("seed", range(6))
def test_each_way_written_again(seed: int, least: float) -> None:
    values = quantiles(seed)
    atoms = np.sort(np.random.default_rng(seed + 100).normal(0.0, 12.0, 1 + 4 * seed))
    got = {grain: written(grain, values, atoms, least) for grain in (SMOOTH, PLAIN, SNAPPED)}
    np.testing.assert_allclose(got[SMOOTH], smooth(values, least), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(got[PLAIN], plain(values, least), rtol=1e-12)
    np.testing.assert_allclose(got[SNAPPED], snapped(values, atoms, least), rtol=1e-12)
    assert got[SMOOTH][2 + N // 2] == values[N // 2]
    for said in got.values():
        assert (np.diff(said[2:]) >= 0.0).all()


def test_quantiles_move_onto_atoms_within_reach_and_no_further() -> None:
    values = np.linspace(0.0, 100.0, N)  # reach 5, and 5 apart
    said = written(SNAPPED, values, np.array([-30.0, 22.0, 24.0, 71.0, 140.0]))[2:]
    expected = values.copy()
    # of 20 and 25 each has one within reach; so have 70 and 75; nothing reaches -30 or 140
    expected[[4, 5, 14, 15]] = [22.0, 24.0, 71.0, 71.0]
    np.testing.assert_array_equal(said, expected)
    np.testing.assert_array_equal(written(SNAPPED, values)[2:], values)


def surprise(said: Floats, cell: float, y: float) -> float:
    """-log of the mass around y over its width, by scipy's Student's t bent through quantiles."""
    left, right, values = said[0], said[1], said[2:]

    def score(x: float) -> float:
        if x < values[0]:
            return float(SCORES[0] - (values[0] - x) / left)
        if x > values[-1]:
            return float(SCORES[-1] + (x - values[-1]) / right)
        return float(np.interp(x, values, SCORES))

    mass = T4.cdf(score(y + 0.5 * cell)) - T4.cdf(score(y - 0.5 * cell))
    return min(-math.log(mass / cell), LARGEST)


def test_the_mean_surprises_are_those_of_the_distributions_said() -> None:
    rng = np.random.default_rng(3)
    cell, bounds, f = 0.5, unbounded(), np.zeros(GRAIN_FLOATS)
    expected = np.zeros(3)
    atoms = np.array([-4.1, 2.3])
    judged = 0
    for n in range(1, 301):
        values, y = quantiles(n), 12.0 * rng.normal()
        grain_learn(f, values, atoms, bounds, 1e-3, cell, y)
        if n > 100 and n % 3 != 0:
            continue
        judged += 1
        said = smooth(values, 1e-3), plain(values, 1e-3), snapped(values, atoms, 1e-3)
        seen = np.array([surprise(way, cell, y) for way in said])
        expected += max(1.0 / judged, RATE) * (seen - expected)
    assert f[JUDGED] == judged == 100 + 67
    np.testing.assert_allclose(f[SURPRISES:], expected, rtol=1e-7)


def chosen(truth: Floats, noise: float, atoms: Floats, ys: Floats) -> int:
    """The grain after quantiles that were tracked with so much noise."""
    rng, f, bounds = np.random.default_rng(8), np.zeros(GRAIN_FLOATS), unbounded()
    for y in ys:
        values = np.sort(truth + noise * rng.normal(size=N))
        grain_learn(f, values, atoms, bounds, 1e-4, 1e-3, y)
    best = int(grain_of(f))
    assert f[SURPRISES + best] <= f[SURPRISES:].min() + CLOSE
    return best


def test_of_a_smooth_density_noisy_quantiles_are_smoothed() -> None:
    ys = T4.rvs(400, random_state=np.random.default_rng(0))
    assert chosen(SCORES, 0.12, NONE, ys) == SMOOTH


def test_two_peaks_are_left_as_they_are() -> None:
    rng = np.random.default_rng(1)
    ys = np.where(rng.random(400) < 0.5, -5.0, 5.0) + 0.1 * rng.normal(size=400)
    levels = np.array(LEVELS)
    peaks = np.where(levels < 0.5, -5.0, 5.0)
    inside = np.where(levels < 0.5, 2.0 * levels, 2.0 * levels - 1.0)
    truth = peaks + 0.1 * stats.norm.ppf(np.clip(inside, 0.02, 0.98))
    assert chosen(truth, 0.0, NONE, ys) == PLAIN


def test_values_that_come_back_are_atoms() -> None:
    rng = np.random.default_rng(2)
    ys = np.where(rng.random(400) < 0.6, 1.0, 3.0 * rng.normal(size=400))
    truth = np.quantile(ys, LEVELS)
    assert chosen(truth, 0.1, np.array([1.0]), ys) == SNAPPED


def test_the_first_of_those_that_are_about_as_good_speaks() -> None:
    f = np.zeros(GRAIN_FLOATS)
    assert grain_of(f) == SMOOTH
    for surprises, best in (
        ([1.0, 1.0 - 0.9 * CLOSE, 1.0], SMOOTH),
        ([1.0, 1.0 - 1.1 * CLOSE, 1.0], PLAIN),
        ([1.0, 0.9, 0.9 - 0.9 * CLOSE], PLAIN),
        ([1.0, 0.9, 0.8], SNAPPED),
        ([1.0, 1.5, 0.8], SNAPPED),
    ):
        f[SURPRISES:] = surprises
        assert grain_of(f) == best


@pytest.mark.parametrize("seed", range(5))
def test_repeated_values_are_told_once_each(seed: int) -> None:
    values = np.sort(np.random.default_rng(seed).integers(0, 12, 5 * seed)).astype(float)
    out = np.empty(len(values))
    count = repeated(values, out)
    different, counts = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(out[:count], different[counts > 1])
