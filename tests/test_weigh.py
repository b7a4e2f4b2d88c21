"""Weighing memories, each way alone, and beliefs in a change: by hand, by brute force, by scipy."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from forecast.blend import memories_begin, memories_floats, memories_learn
from forecast.changepoint import MOST_RUNS, changepoint
from forecast.gate import gated_begin, gated_floats, gated_learn
from forecast.weigh import WEIGHINGS, best_mixture, weigh

Floats = NDArray[np.float64]
# ln 3 and 0, then 0 and ln 2, in nats: likelihoods 1/3 and 1, then 1 and 1/2
TWO = np.array([[math.log(3.0), 0.0], [0.0, math.log(2.0)], [0.0, 0.0]])


def nats(seed: int, n: int = 200, K: int = 4) -> Floats:
    return np.random.default_rng(seed).gamma(2.0, 1.0, (n, K))


# ------------------------------------------------- each way by hand
# p = (1/3, 1) from (1/2, 1/2): q = 2/3, posterior (1/4, 3/4). Then p = (1, 1/2).

BY_HAND: dict[str, tuple[float, float]] = {
    # weight of the first memory after one point, after two
    "Bayes": (0.25, 0.4),  # 1/4 : 3/8
    "fixed share .01": (0.99 * 0.25 + 0.005, 0.99 * 0.2525 / 0.62625 + 0.005),
    "fixed share 1/t": (0.5 * 0.25 + 0.25, 2 / 3 * 0.375 / 0.6875 + 1 / 6),
    # the past is (1/2 + 1/4) / 2 = 3/8, then two thirds of that and a third of the posterior
    "past posteriors .01": (
        0.99 * 0.25 + 0.01 * 0.375,
        0.99 * 0.25125 / 0.625625 + 0.01 * (0.25 + 0.25125 / 0.625625 / 3),
    ),
    # half of the way to 0.999 of the posterior and 0.001 of uniform, then a third of it
    "online EM 1/t": (0.375125, 0.375125 * 2 / 3 + (0.999 * 0.375125 / 0.6875625 + 0.0005) / 3),
    "online EM .05": (0.375125, 0.375125 * 2 / 3 + (0.999 * 0.375125 / 0.6875625 + 0.0005) / 3),
}


@pytest.mark.parametrize("by", BY_HAND)
def test_two_points_by_hand(by: str) -> None:
    surprise, weights = weigh(TWO, by)
    first, second = BY_HAND[by]
    np.testing.assert_allclose(weights[:, 0], [0.5, first, second], rtol=1e-14)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-14)
    heard = [2 / 3, first + 0.5 * (1.0 - first), 1.0]
    np.testing.assert_allclose(surprise, -np.log(heard), rtol=1e-13, atol=1e-15)


def test_every_way_is_tested_here() -> None:
    assert WEIGHINGS.keys() == {*BY_HAND, "managers", "managers and gate"}


@pytest.mark.parametrize("late", [1, 10, 500])
def test_the_steps_of_em_fall_to_their_floor(late: int) -> None:
    # all alike, then one point that the first memory alone can tell
    surprises = np.zeros((late + 2, 2))
    surprises[late, 1] = 400.0
    for by, floor in (("online EM 1/t", 0.0), ("online EM .05", 0.05)):
        _, weights = weigh(surprises, by)
        step = max(floor, 1.0 / (late + 2.0))
        assert weights[-1, 0] == pytest.approx(0.5 + step * 0.999 * 0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("by", "floats", "begin", "learn"),
    [
        ("managers", memories_floats, memories_begin, memories_learn),
        ("managers and gate", gated_floats, gated_begin, gated_learn),
    ],
)
def test_managers_are_those_that_learners_use(
    by: str,
    floats: Callable[[int], int],
    begin: Callable[[Floats, int], None],
    learn: Callable[[Floats, Floats, int], float],
) -> None:
    told = nats(0)
    surprise, weights = weigh(told, by)
    f = np.empty(floats(4))
    begin(f, 4)
    for t, row in enumerate(told):
        np.testing.assert_array_equal(weights[t], f[:4])
        assert surprise[t] == -math.log(learn(f, np.exp(-row), t))


@pytest.mark.parametrize("by", WEIGHINGS)
def test_the_blend_is_surprised_by_its_own_mixture(by: str) -> None:
    told = nats(1)
    surprise, weights = weigh(told, by)
    np.testing.assert_allclose(surprise, -np.log((weights * np.exp(-told)).sum(axis=1)), rtol=1e-12)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    assert weights.min() > 0.0
    assert (surprise >= told.min(axis=1) - 1e-12).all()


@pytest.mark.parametrize(
    ("by", "managers"), [("Bayes", 1), ("managers", 8), ("managers and gate", 9)]
)
def test_bounds(by: str, managers: int) -> None:
    for seed in range(20):
        told = nats(seed, n=300)
        surprise, _ = weigh(told, by)
        assert surprise.sum() <= told.sum(axis=0).min() + math.log(managers * 4) + 1e-9


def test_bayes_is_the_mean_of_whole_likelihoods() -> None:
    told = nats(3, n=60)
    surprise, _ = weigh(told, "Bayes")
    whole = -np.log(np.exp(-told.sum(axis=0)).mean())
    assert surprise.sum() == pytest.approx(whole, rel=1e-12)


def test_fixed_share_is_the_mean_over_all_paths() -> None:
    """With share s, from each point to the next any memory takes over with probability s/K."""
    told = nats(4, n=7, K=2)
    total = 0.0
    for path in itertools.product(range(2), repeat=7):
        chance = 0.5
        for a, b in itertools.pairwise(path):
            chance *= 0.99 * (a == b) + 0.01 / 2
        total += chance * math.exp(-told[np.arange(7), path].sum())
    surprise, _ = weigh(told, "fixed share .01")
    assert surprise.sum() == pytest.approx(-math.log(total), rel=1e-12)


def test_points_that_are_very_surprising_are_still_told_apart() -> None:
    # exp(-1000) is 0: the common factor is taken out first
    told = np.array([[1000.0, 1001.0], [2000.0, 2000.0], [1e5, 1e5 + 1.0]])
    surprise, weights = weigh(told, "Bayes")
    near = told - np.array([[1000.0], [2000.0], [1e5]])
    expected, same = weigh(near, "Bayes")
    np.testing.assert_allclose(weights, same, rtol=1e-11)
    np.testing.assert_allclose(surprise - [1000.0, 2000.0, 1e5], expected, atol=1e-10)


@pytest.mark.parametrize("by", WEIGHINGS)
def test_nothing_is_weighed_where_nothing_came(by: str) -> None:
    surprise, weights = weigh(np.empty((0, 3)), by)
    assert surprise.shape == (0,) and weights.shape == (0, 3)


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(KeyError, match="Thompson"):
        weigh(TWO, "Thompson")


# ------------------------------------------------- the best standing mixture


@pytest.mark.parametrize("seed", range(4))
def test_the_best_mixture_against_scipy(seed: int) -> None:
    told = nats(seed, n=300, K=3 + seed % 2) * 2.0
    told[:, 0] += 0.5 * seed

    def surprise_of(weights: Floats) -> float:
        return float(-np.log(np.exp(-told) @ weights).mean())

    K = told.shape[1]
    found = optimize.minimize(
        surprise_of,
        np.full(K, 1.0 / K),
        method="SLSQP",
        bounds=[(0.0, 1.0)] * K,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    surprise, weights = best_mixture(told, rounds=2000)
    assert surprise == pytest.approx(found.fun, abs=1e-6)
    assert surprise == pytest.approx(surprise_of(weights), abs=1e-12)
    np.testing.assert_allclose(weights, found.x, atol=2e-3)
    # as many rounds as usual come close, and never below
    usual, _ = best_mixture(told)
    assert surprise - 1e-12 <= usual <= surprise + 1e-4


def test_the_best_mixture_of_huge_surprises() -> None:
    surprise, weights = best_mixture(np.array([[1e4, 1e4 + 50.0], [2e4, 2e4 - 50.0]]))
    assert weights == pytest.approx([0.5, 0.5], rel=1e-12)
    assert surprise == pytest.approx(15_000.0 - 25.0 + math.log(2.0), rel=1e-12)


# ------------------------------------------------- changes, by brute force


def by_brute_force(ys: list[int], hazard: float) -> float:
    """-log p of labels: the sum over every way to part them, each part a KT estimate."""

    def part(labels: list[int]) -> float:
        p, counts = 1.0, [0.5, 0.5]
        for label in labels:
            p *= counts[label] / sum(counts)
            counts[label] += 1.0
        return p

    total = 0.0
    for changes in itertools.product([False, True], repeat=len(ys) - 1):
        cuts = [0, *(t for t, change in enumerate(changes, 1) if change), len(ys)]
        p = hazard ** sum(changes) * (1.0 - hazard) ** (len(changes) - sum(changes))
        for a, b in itertools.pairwise(cuts):
            p *= part(ys[a:b])
        total += p
    return -math.log(total)


@pytest.mark.parametrize("hazard", [1e-3, 0.1, 0.5, 0.999])
def test_changes_of_a_frequency_by_brute_force(hazard: float) -> None:
    """All 2^9 segmentations of ten labels; and of each shorter stream, so that each point is."""
    ys = [0, 0, 0, 0, 1, 1, 1, 0, 1, 1]
    got = changepoint("frequency", np.array(ys, float), hazard)
    totals = [by_brute_force(ys[: n + 1], hazard) for n in range(10)]
    np.testing.assert_allclose(np.cumsum(got), totals, rtol=1e-12)


def test_without_a_change_a_frequency_is_that_of_krichevsky_and_trofimov() -> None:
    ys = (np.random.default_rng(0).random(90) < 0.8).astype(float)
    got = changepoint("frequency", ys, 1e-300)
    p, ones = [], 0.0
    for n, y in enumerate(ys):
        one = (ones + 0.5) / (n + 1.0)
        p.append(one if y else 1.0 - one)
        ones += y
    np.testing.assert_allclose(got, -np.log(p), rtol=1e-12)


def test_runs_are_dropped_where_there_are_too_many() -> None:
    """Near the exact belief, which keeps them all: plain recursions over growing lists."""
    rng = np.random.default_rng(1)
    ys = (rng.random(400) < np.repeat([0.1, 0.9, 0.5, 0.2], 100)).astype(float)
    assert len(ys) > MOST_RUNS
    w, n, ones = np.array([1.0]), np.zeros(1), np.zeros(1)
    exact = []
    for y in ys:
        p = (ones + 0.5) / (n + 1.0) if y else (n - ones + 0.5) / (n + 1.0)
        exact.append(-math.log(w @ p))
        w = np.append(0.99 * w * p / (w @ p), 0.01)
        n, ones = np.append(n + 1.0, 0.0), np.append(ones + y, 0.0)
    got = changepoint("frequency", ys, 0.01)
    np.testing.assert_allclose(got[:MOST_RUNS], exact[:MOST_RUNS], rtol=1e-12)
    np.testing.assert_allclose(got, exact, atol=0.01)
    assert abs(got - exact).max() > 0.0


def test_a_level_without_changes_is_the_conjugate_one() -> None:
    """Normal and inverse gamma (Murphy, 2007): kappa = 1, alpha = 1, beta = s^2/2 at the start.

    The scale of the prior is the mean difference so far, of which the newest point is no part.
    """
    ys = np.random.default_rng(2).normal(3.0, 2.0, 60)
    got = changepoint("level", ys, 1e-300)
    differences = np.abs(np.diff(ys, prepend=ys[:1]))
    for t in range(2, 60):
        past, s = ys[:t], differences[:t].mean()
        kappa, alpha = 1.0 + t, 1.0 + t / 2.0
        mu = (ys[0] + past.sum()) / kappa
        spread = ((past - past.mean()) ** 2).sum() + t / kappa * (past.mean() - ys[0]) ** 2
        beta = 0.5 * s**2 + 0.5 * spread
        scale = math.sqrt(beta * (kappa + 1.0) / (alpha * kappa))
        expected = -stats.t(2.0 * alpha).logpdf((ys[t] - mu) / scale) + math.log(scale)
        assert got[t] == pytest.approx(expected, rel=1e-11), t


def test_a_level_that_changes_at_every_point_knows_the_last_value_only() -> None:
    ys = np.random.default_rng(3).normal(size=40)
    got = changepoint("level", ys, 1.0 - 1e-16)
    differences = np.abs(np.diff(ys, prepend=ys[:1]))
    for t in range(2, 40):
        s = differences[:t].mean()
        # kappa = alpha = 1: Student's t of 2 degrees of freedom, scale s sqrt(beta 2)
        expected = -stats.t(2).logpdf((ys[t] - ys[t - 1]) / s) + math.log(s)
        assert got[t] == pytest.approx(expected, rel=1e-9), t


def test_a_change_of_level_is_found() -> None:
    rng = np.random.default_rng(4)
    ys = rng.normal(size=400) + np.repeat([0.0, 10.0], 200)
    got = changepoint("level", ys, 0.01)
    deaf = changepoint("level", ys, 1e-300)
    assert got[205:].sum() < deaf[205:].sum() - 50.0
    # at home again: the entropy of a standard Normal, and a little for what is not known
    assert got[210:].mean() == pytest.approx(0.5 * math.log(2.0 * math.pi * math.e), abs=0.15)


def test_a_level_goes_through_scale_and_shift() -> None:
    ys = np.random.default_rng(5).normal(size=100)
    got, other = changepoint("level", ys, 0.02), changepoint("level", 1000.0 * ys + 7.0, 0.02)
    np.testing.assert_allclose(other[2:], got[2:] + math.log(1000.0), rtol=1e-8)


def test_a_level_has_no_surprise_before_its_first_change_of_value() -> None:
    got = changepoint("level", np.array([500.0, 500.0, 501.0, 502.0, 500.0]), 0.02)
    assert np.isnan(got).tolist() == [True, True, True, False, False]
    assert got[3] < 3.0
    assert changepoint("level", np.empty(0), 0.02).shape == (0,)


def test_a_constant_level_has_no_surprise_at_all() -> None:
    assert np.isnan(changepoint("level", np.full(5, 500.0), 0.02)).all()


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError, match="trend"):
        changepoint("trend", np.zeros(3), 0.1)
