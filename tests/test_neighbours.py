"""Neighbours: distances, nearest instants and what came after them, against definitions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast.neighbours import (
    DISTANCES,
    FADE,
    GROUPS,
    KEPT,
    LEAST,
    NEIGHBOURS_FLOATS,
    NEIGHBOURS_INTS,
    latest,
    neighbours_few,
    neighbours_near,
    neighbours_note,
    sample_quantile,
    successors,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def noted(ys: Floats) -> tuple[Floats, Ints]:
    """The memory after a series."""
    f, i = np.zeros(NEIGHBOURS_FLOATS), np.zeros(NEIGHBOURS_INTS, np.int64)
    for y in ys:
        neighbours_note(f, i, y)
    return f, i


def walk(n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_t(3, n).cumsum()


def distance(ys: Floats, lag: int) -> float:
    """From now to so long ago, with the whole past as context, each pair of values by itself."""
    apart = np.abs(ys[lag:] - ys[: len(ys) - lag])[::-1]
    return float(np.sum(FADE ** np.arange(len(apart)) * apart))


def near(f: Floats, i: Ints, many: int, least: int, room: int = KEPT) -> Ints:
    lags = np.full(room, -1)
    return lags[: neighbours_near(f, i, many, least, lags)]


# ------------------------------------------------------------------------------------ distances


@pytest.mark.parametrize("n", [2, 60, KEPT - 1, KEPT, KEPT + 1, KEPT + 300])
def test_every_distance_is_the_faded_sum_over_the_whole_past(n: int) -> None:
    """Also at the edge of the window: a lag remembers pairs that are older than what is kept."""
    ys = walk(n)
    f, _ = noted(ys)
    lags = np.arange(1, min(n, KEPT))
    expected = [distance(ys, lag) for lag in lags]
    np.testing.assert_allclose(f[DISTANCES + KEPT - lags], expected, rtol=1e-9)


def test_distances_hold_at_each_instant_on_the_way() -> None:
    ys = walk(40, 1)
    f, i = noted(ys[:1])
    for t in range(1, 40):
        neighbours_note(f, i, ys[t])
        for lag in range(1, t + 1):
            expected = distance(ys[: t + 1], lag)
            assert f[DISTANCES + KEPT - lag] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [KEPT + 40, 2 * KEPT + 500])
def test_the_oldest_instant_is_still_found_and_the_one_before_it_is_not(n: int) -> None:
    for lag in (KEPT - 1, KEPT):
        ys = walk(n)
        ys[-30:] = ys[-30 - lag : -lag]  # now is what was then
        found = near(*noted(ys), 1, 1)
        assert list(found) == [lag] if lag < KEPT else found.max() < KEPT


# ---------------------------------------------------------------------------------- the nearest


@pytest.mark.parametrize("n", [LEAST + 1, 30, 140, 400, KEPT, KEPT + 77])
@pytest.mark.parametrize("least", [1, 7])
def test_the_nearest_are_those_that_sorting_finds(n: int, least: int) -> None:
    ys = walk(n, n)
    f, i = noted(ys)
    usable = np.arange(least, min(n, KEPT))
    found = near(f, i, 36, least)
    if len(usable) < LEAST:
        assert len(found) == 0
        return
    wanted = min(36, max(3, len(usable) // 4))
    apart = np.array([distance(ys, lag) for lag in usable])
    in_order = usable[np.argsort(apart)]
    assert set(found) == set(in_order[: len(found)])
    assert len(set(found)) == len(found) >= wanted
    # "seldom many more": they are those that lie within the smallest of so many groups
    groups = min(GROUPS, len(usable))
    assert len({(usable[-1] - lag) % groups for lag in found}) == wanted


def test_few_more_are_found_than_wanted() -> None:
    counts = [len(near(*noted(walk(KEPT, seed)), 36, 1)) for seed in range(12)]
    assert min(counts) >= 36
    assert np.mean(counts) < 1.3 * 36


def test_none_are_found_before_there_are_some() -> None:
    ys = walk(LEAST + 1)
    assert len(near(*noted(ys[:LEAST]), 36, 1)) == 0
    assert len(near(*noted(ys), 36, 1)) == 3
    assert len(near(*noted(ys), 36, 2)) == 0


def test_of_ties_that_are_too_many_the_later_ones_are_taken() -> None:
    """A series that repeats itself exactly: a third of the past is at no distance."""
    ys = np.tile([2.0, 5.0, 11.0], 500)
    found = near(*noted(ys), 36, 1, room=64)
    np.testing.assert_array_equal(found, 3 * np.arange(1, 65))
    for least in (9, 10):
        later = 3 * (np.arange(64) + (least + 2) // 3)
        np.testing.assert_array_equal(near(*noted(ys), 36, least, room=64), later)


def test_ties_that_fit_are_all_taken() -> None:
    found = near(*noted(np.tile([2.0, 5.0, 11.0], 500)), 36, 1)
    np.testing.assert_array_equal(np.sort(found), 3 * np.arange(1, 334))


@pytest.mark.parametrize("many", [1, 4, 10, 40])
def test_the_nearest_of_the_near_in_the_order_that_they_came_in(many: int) -> None:
    ys = walk(700, 5)
    f, i = noted(ys)
    lags = near(f, i, 36, 1)
    apart = np.array([distance(ys, lag) for lag in lags])
    out = np.full(len(lags), -1)
    count = neighbours_few(f, many, lags, out)
    nearest = np.sort(np.argsort(apart)[:many])
    np.testing.assert_array_equal(out[:count], lags[nearest])


def test_of_none_few_are_none() -> None:
    f, _ = noted(walk(20))
    assert neighbours_few(f, 10, np.empty(0, np.int64), np.empty(4, np.int64)) == 0


# ------------------------------------------------------------------------------- what came after


@pytest.mark.parametrize("n", [50, KEPT + 123])
@pytest.mark.parametrize("h", [1, 3, 12])
def test_successors_in_rising_order_with_their_repeats(n: int, h: int) -> None:
    rng = np.random.default_rng(h)
    ys = rng.integers(-3, 4, n).astype(float)
    f, i = noted(ys)
    lags = rng.permutation(np.arange(h, min(n, KEPT)))[:30]
    t, out = n - 1, np.empty(30)
    successors(f, i, lags, h, False, out)
    np.testing.assert_array_equal(out, np.sort(ys[t - lags + h]))
    successors(f, i, lags, h, True, out)
    np.testing.assert_array_equal(out, np.sort(ys[t] + ys[t - lags + h] - ys[t - lags]))


def test_successors_of_numbers_that_never_repeat() -> None:
    ys = walk(400, 9)
    f, i = noted(ys)
    lags, out = np.arange(5, 45), np.empty(40)
    successors(f, i, lags, 5, True, out)
    np.testing.assert_allclose(out, np.sort(ys[399] + ys[404 - lags] - ys[399 - lags]), rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 64])
def test_sample_quantiles_are_hazens(n: int) -> None:
    values = np.sort(np.random.default_rng(n).normal(size=n))
    beyond = np.concatenate([values, [1e9, 1e9]])  # room that holds nothing
    for p in (0.001, 0.025, 0.05, 0.31, 0.5, 0.75, 0.95, 0.975, 0.999):
        expected = np.quantile(values, p, method="hazen")
        assert sample_quantile(beyond, n, p) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("n", [5, KEPT, KEPT + 1, 2 * KEPT + 17])
def test_the_latest_are_the_last_ones_wherever_the_ring_stands(n: int) -> None:
    ys = walk(n)
    f, i = noted(ys)
    for many in (1, 4, min(n, KEPT)):
        np.testing.assert_array_equal(latest(f, i, many), ys[-many:])
