"""A pool against a slow one, written again from the equations, and what it promises."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS, SCORES, N
from forecast.numbers.bounds import BOUNDS_FLOATS, bounds_begin
from forecast.numbers.grain import GRAIN_FLOATS, JUDGED, PLAIN, SURPRISES
from forecast.numbers.pool import (
    DRIFT,
    FIRST,
    FORGET,
    JOINED,
    LAST_VALUE,
    MEAN,
    MIXED,
    NEIGHBOURS,
    PATIENCE,
    REGRESSION,
    SAID,
    SQUARE_BOUND,
    pool_begin,
    pool_floats,
    pool_join,
    pool_learn,
    pool_mix,
    pool_mixes,
    pool_spreads,
    pool_write,
)
from forecast.numbers.scale import (
    BOUND,
    SCALES,
    SMALLEST,
    SPREAD_FLOATS,
    SPREAD_RATES,
    SPREAD_SHARE,
    WEIGHTS,
    spread_begin,
    spread_learn,
    spread_of,
)
from forecast.numbers.shape import FLOOR, PRIOR
from forecast.numbers.width import RATE as WIDTH_RATE
from forecast.numbers.width import WIDTH_FLOATS

Floats = NDArray[np.float64]
MOST = FIRST + 3  # experts that give a location
HORIZON = 9  # of the questions
NONE = np.empty(0)
UNITS = np.linspace(0.5, 2.0, MOST)  # that the spread of each expert counts in
LEARNED = np.arange(0, N, 2)  # the levels that have weights of their own
P = np.array(LEVELS)


def t4(z: Floats) -> Floats:
    """Density of Student's t with 4 degrees of freedom."""
    density: Floats = 0.375 * (1.0 + z**2 / 4.0) ** -2.5
    return density


# -------------------------------------------------------------------------- a pool, written again


class Spread:
    """Scales at several rates, each a running mean |error|, by a fixed share of their densities."""

    def __init__(self) -> None:
        K = len(SPREAD_RATES)
        self.n, self.scales, self.weights = 0, np.zeros(K), np.full(K, 1.0 / K)

    def mean(self) -> float:
        return float(self.weights @ self.scales)

    def learn(self, error: float, overlap: float, unseen: float) -> None:
        if self.n == 0:
            self.scales[:] = unseen
        prior = (1.0 - SPREAD_SHARE) * self.weights + SPREAD_SHARE / len(self.weights)
        posterior = prior * t4(error / self.scales) / self.scales
        self.weights = posterior / posterior.sum()
        self.n += 1
        seen = np.full(len(self.scales), abs(error))
        if self.n + overlap > 10:
            seen = np.minimum(seen, BOUND * self.scales)
        rates = np.maximum(1.0 / (self.n + overlap), SPREAD_RATES / overlap)
        self.scales = np.maximum(SMALLEST, self.scales + rates * (seen - self.scales))


class Slow:
    """What a pool believes, and every step of it, over whole arrays."""

    def __init__(self, near: bool, overlap: float) -> None:
        self.near, self.overlap = near, overlap
        heard = FIRST + NEIGHBOURS * near
        self.weights = np.full((heard, MIXED), 1.0 / heard)
        self.R: Floats = np.zeros((heard, MIXED))
        self.V, self.E = self.R.copy(), self.R.copy()
        self.spreads = [Spread() for _ in range(FIRST)]
        self.shapes = np.tile(SCORES, (FIRST, 1))
        self.theta = np.zeros(2)

    def join(self, more: int) -> None:
        before = len(self.weights)
        share = JOINED / (before + more * JOINED)
        late = np.full((more, MIXED), share)
        self.weights = np.vstack([self.weights * (1.0 - more * share), late])
        self.R, self.V, self.E = (np.vstack([x, 0.0 * late]) for x in (self.R, self.V, self.E))
        self.spreads += [Spread() for _ in range(more)]
        self.shapes = np.vstack([self.shapes, np.tile(SCORES, (more, 1))])

    def mean_errors(self, unseen: float) -> Floats:
        return np.array([max(s.mean(), SMALLEST) if s.n else unseen for s in self.spreads])

    def said(self, asked: Floats, found: Floats) -> Floats:
        """What each says at every level, and of the mean: the first, the neighbours, the late."""
        locations, scales = asked[:, :1], asked[:, 1:]
        located = np.hstack([locations + scales * self.shapes, locations])
        neighbours = found if self.near else found[:0]
        return np.vstack([located[:FIRST], neighbours, located[FIRST:]])

    def every_weight(self) -> Floats:
        """The weights at all levels, those between two learned ones halfway, and of the mean."""
        own = [np.interp(np.arange(N), LEARNED, w[:-1]) for w in self.weights]
        return np.hstack([own, self.weights[:, -1:]])

    def mix(self, asked: Floats, found: Floats) -> Floats:
        return (self.every_weight() * self.said(asked, found)).sum(axis=0)

    def widened(self, mixed: Floats) -> Floats:
        rising = np.sort(mixed[:N])
        median = rising[N // 2]
        factor = np.exp(np.where(np.arange(N) < N // 2, *self.theta))
        return median + (rising - median) * factor

    def learn(self, asked: Floats, found: Floats, units: Floats, error: float, y: float) -> None:
        said = self.said(asked, found)
        values = self.widened(self.mix(asked, found))
        self._weigh(said[:, [*LEARNED, MEAN]], error, y)
        beyond = np.array([y < values[1], y > values[N - 2]])
        self.theta = self.theta + WIDTH_RATE / math.sqrt(self.overlap) * (beyond - 0.05)
        for k, (location, scale) in enumerate(asked):
            self.spreads[k].learn((y - location) / units[k], self.overlap, error / units[k])
            begun = PRIOR * (PATIENCE * self.overlap if k == LAST_VALUE else 1.0)
            rate = max(1.0 / (self.spreads[k].n + begun), FLOOR / self.overlap)
            below = (y - location) / scale < self.shapes[k]
            self.shapes[k] += rate * (P - below) / t4(SCORES)

    def _weigh(self, said: Floats, error: float, y: float) -> None:
        """Second-order Bernstein aggregation, of the levels and of the mean."""
        blends = (self.weights * said).sum(axis=0)
        gradients = (y < blends) - np.append(P[LEARNED], 0.0)
        bound = SQUARE_BOUND * error
        gradients[-1] = np.clip(blends[-1] - y, -bound, bound)
        counts, keep = math.sqrt(self.overlap), 1.0 - FORGET / self.overlap
        r = gradients * (blends - said)
        self.V = keep * self.V + counts * r**2
        self.E = np.maximum(keep * self.E, counts * np.abs(r))
        eta = np.minimum(0.5 / self.E, np.sqrt(np.log(len(said)) / self.V))
        self.R = keep * self.R + r - eta * counts * r**2
        prior = np.ones((len(said), 1))
        first = FIRST + NEIGHBOURS * self.near
        prior[[LAST_VALUE, DRIFT]] = math.sqrt(HORIZON) / 2.0
        prior[first:] = JOINED * math.sqrt(HORIZON)
        if len(said) > first:
            prior[REGRESSION] = JOINED
        weights = prior * eta * np.exp(eta * self.R - (eta * self.R).max(axis=0))
        self.weights = weights / weights.sum(axis=0)


# --------------------------------------------------------------------------------- the pool itself


class Pool(NamedTuple):
    """The floats of a pool, and whether it has neighbours."""

    f: Floats
    near: bool
    overlap: float

    @classmethod
    def begin(cls, near: bool = True, overlap: float = 1.0) -> "Pool":
        f = np.zeros(pool_floats(MOST))
        pool_begin(f, MOST, near)
        return cls(f, near, overlap)

    def weights(self, located: int) -> Floats:
        weights: Floats = pool_mixes(self.f, MOST)[0, : located + NEIGHBOURS * self.near]
        return weights

    def mix(self, asked: Floats, found: Floats) -> Floats:
        out = np.empty(SAID)
        pool_mix(self.f, MOST, len(asked), self.near, asked.ravel(), found, out)
        return out

    def learn(
        self, asked: Floats, found: Floats, error: float, y: float, cell: float = 0.0
    ) -> None:
        bounds = np.empty(BOUNDS_FLOATS)
        bounds_begin(bounds, (None, None))
        pool_learn(
            *(self.f, MOST, len(asked), self.near, asked.ravel(), found, NONE),
            *(bounds, UNITS, error, HORIZON, self.overlap, 1e-6, cell, y),
        )

    def write(self, asked: Floats, found: Floats) -> tuple[float, Floats]:
        """The mean and the quantiles that it says."""
        values = np.empty(N)
        said = (len(asked), self.near, asked.ravel(), found, NONE)
        mean, _, _ = pool_write(self.f, MOST, *said, 1e-6, values)
        return mean, values


def answers(seed: int, n: int, located: int) -> list[tuple[Floats, Floats, float, float]]:
    """Locations, what neighbours say, a mean error and an answer with heavy tails."""
    rng = np.random.default_rng(seed)
    off = rng.normal(0.0, 2.0, located)
    found = []
    for _ in range(n):
        centre = 5.0 * rng.normal()
        locations = centre + off + rng.normal(size=located)
        samples = np.sort(centre + 3.0 * rng.standard_t(3, (NEIGHBOURS, SAID)), axis=1)
        found.append((locations, samples, rng.uniform(0.5, 2.0), centre + rng.standard_t(2)))
    return found


@pytest.mark.parametrize("overlap", [1.0, 6.0])
@pytest.mark.parametrize("near", [True, False])
def test_a_pool_is_the_slow_one(near: bool, overlap: float) -> None:
    """Through 200 answers, with three experts that join after half of them."""
    pool, slow = Pool.begin(near, overlap), Slow(near, overlap)
    grain = len(pool.f) - GRAIN_FLOATS
    pool.f[grain + SURPRISES + PLAIN] = -1.0  # quantiles are said as they are
    # widths so far off that many answers lie between the quantiles before and after widening
    begun, furthest = np.array([-0.45, 0.8]), np.zeros(2)
    pool.f[grain - WIDTH_FLOATS : grain] = slow.theta = begun
    located = FIRST
    for step, (locations, found, error, y) in enumerate(answers(4, 200, MOST)):
        if step == 100:
            pool_join(pool.f, MOST, located, near, MOST - located)
            slow.join(MOST - located)
            located = MOST
        spreads = np.empty(located)
        pool_spreads(pool.f, located, 3.0, spreads)
        np.testing.assert_allclose(spreads, slow.mean_errors(3.0), rtol=1e-8)
        asked = np.column_stack([locations[:located], UNITS[:located] * spreads])
        mixed = slow.mix(asked, found)
        np.testing.assert_allclose(pool.mix(asked, found), mixed, rtol=1e-7, atol=1e-9)
        mean, quantiles = pool.write(asked, found)
        assert mean == pytest.approx(mixed[MEAN], rel=1e-7, abs=1e-9)
        np.testing.assert_allclose(quantiles, slow.widened(mixed), rtol=1e-7, atol=1e-9)
        pool.learn(asked, found, error, y)
        slow.learn(asked, found, UNITS, error, y)
        np.testing.assert_allclose(pool.weights(located), slow.weights, rtol=1e-6, atol=1e-12)
        furthest = np.maximum(furthest, np.abs(slow.theta - begun))
    # what was compared has moved: weights, widths and shapes
    assert slow.weights.max() > 2.0 / len(slow.weights)
    assert (furthest > 0.01).all()
    assert np.abs(slow.shapes - SCORES).max() > 0.1


def test_a_scale_that_nothing_speaks_for_is_not_heard() -> None:
    """Errors a millionth as large as before; the slowest scale forgets in 1,700 of them."""
    f = np.empty(SPREAD_FLOATS)
    spread_begin(f)
    errors = np.random.default_rng(3).standard_t(4, size=2_000)
    errors[:500] *= 1e6
    for error in errors:
        spread_learn(f, error, 7.0, 1.0)
    assert f[SCALES:WEIGHTS].max() > 1e5
    assert 0.5 < spread_of(f) < 2.0  # the mean |error| is 1


@pytest.mark.parametrize(("overlap", "errors"), [(1.0, [4.0, -1.0]), (6.0, [4.0, -1.0, 2.0])])
def test_a_spread_begins_as_if_it_had_seen_one_error(overlap: float, errors: list[float]) -> None:
    """Of the size that was expected; as many that overlap tell no more than one."""
    f = np.empty(SPREAD_FLOATS)
    spread_begin(f)
    for n, error in enumerate(errors, 1):
        spread_learn(f, error, overlap, 3.0)
        mean = (3.0 * overlap + np.abs(errors[:n]).sum()) / (overlap + n)
        assert spread_of(f) == pytest.approx(mean, rel=1e-12)


def test_quantiles_that_cross_are_sorted_and_widened() -> None:
    pool = Pool.begin(near=True)
    found = np.zeros((NEIGHBOURS, SAID))
    # neighbours that fall where the others rise, and are fewer
    found[:, :N] = -(FIRST + FIRST + NEIGHBOURS) / NEIGHBOURS * SCORES
    asked = np.array([[0.0, 1.0]] * FIRST)
    mixed = pool.mix(asked, found)
    np.testing.assert_allclose(mixed[:N], -SCORES, atol=1e-12)
    _, values = pool.write(asked, found)
    assert (np.diff(values) > 0.0).all()
    rising = np.sort(mixed[:N])
    slopes = np.diff(rising) / np.diff(SCORES)
    np.testing.assert_allclose(slopes, 1.0, atol=1e-9)  # so that smoothing changes nothing
    np.testing.assert_allclose(values, rising, atol=1e-9)


def test_grains_are_judged_by_answers_that_have_a_cell() -> None:
    pool = Pool.begin()
    for cell in (0.0, math.nan, 0.5, 0.5):
        pool.learn(np.array([[0.0, 1.0]] * FIRST), np.ones((NEIGHBOURS, SAID)), 1.0, 0.3, cell)
    assert pool.f[len(pool.f) - GRAIN_FLOATS + JUDGED] == 2.0


def test_an_answer_on_a_quantile_teaches_its_level_nothing() -> None:
    pool = Pool.begin(near=False)
    asked = np.array([[-2.0, 1.0], [1.0, 1.0], [4.0, 1.0], [6.0, 1.0]])
    found = np.zeros((NEIGHBOURS, SAID))
    _, R, V, _ = pool_mixes(pool.f, MOST)
    pool.learn(asked, found, 1.0, 2.5)
    y = float(pool.mix(asked, found)[8])
    before_R, before_V = R.copy(), V.copy()
    pool.learn(asked, found, 1.0, y)
    taught = (np.abs(V / (1.0 - FORGET) - before_V) > 1e-12).any(axis=0)
    assert list(np.flatnonzero(~taught)) == [4]  # the eighth level is the fifth that is learned
    np.testing.assert_allclose(R[:, 4], (1.0 - FORGET) * before_R[:, 4], rtol=1e-12)


@pytest.mark.parametrize("near", [True, False])
def test_who_joins_gets_the_share_of_a_weak_prior(near: bool) -> None:
    pool = Pool.begin(near)
    for locations, found, error, y in answers(2, 50, FIRST):
        pool.learn(np.column_stack([locations, np.full(FIRST, error)]), found, error, y)
    before = pool.weights(FIRST).copy()
    pool_join(pool.f, MOST, FIRST, near, 3)
    after = pool.weights(MOST)
    np.testing.assert_allclose(after.sum(axis=0), 1.0, rtol=1e-12)
    # the newcomers as if each had JOINED of a weight of 1 among those that were there
    heard = len(before)
    share = JOINED / (heard + 3 * JOINED)
    np.testing.assert_allclose(after[heard:], share, rtol=1e-12)
    np.testing.assert_allclose(after[:heard], before * (1.0 - 3 * share), rtol=1e-12)


def taught(right: int, seed: int) -> tuple[Floats, Floats]:
    """Weights of the right one, and the quantiles of a pool, after 600 answers that are its own."""
    rng, pool = np.random.default_rng(seed), Pool.begin()
    truth = np.append(SCORES, 0.0)
    for _ in range(600):
        centre = 10.0 * rng.normal()
        locations = centre + 6.0 * rng.normal(size=FIRST)
        found = centre + 6.0 * rng.normal(size=(NEIGHBOURS, 1)) + truth
        if right < FIRST:
            locations[right] = centre
        else:
            found[right - FIRST] = centre + truth
        asked = np.column_stack([locations, np.ones(FIRST)])
        pool.learn(asked, found, 1.0, centre + rng.standard_t(4))
    asked = np.column_stack([np.zeros(FIRST), np.ones(FIRST)])
    mean, values = pool.write(asked, np.tile(truth, (NEIGHBOURS, 1)))
    assert abs(mean) < 0.2
    return pool.weights(FIRST)[right].copy(), values


@pytest.mark.parametrize("right", range(FIRST + NEIGHBOURS))
def test_a_pool_converges_to_the_one_that_is_right(right: int) -> None:
    """On the mean of ten: the outer quantiles of each alone are off by .2 by chance."""
    weights, values = zip(*(taught(right, seed) for seed in range(10)), strict=True)
    assert weights[right].min() > 0.8
    assert weights[right].mean() > 0.93
    assert np.mean(weights, axis=0).min() > 0.9
    assert np.mean(weights) > 0.95
    np.testing.assert_allclose(np.mean(values, axis=0)[1:-1], SCORES[1:-1], atol=0.15)


@pytest.mark.parametrize("joined", [False, True])
def test_experts_that_are_absurd_are_no_harm(joined: bool) -> None:
    rng, pool, located = np.random.default_rng(0), Pool.begin(), FIRST
    for step in range(400):
        if joined and step == 50:
            pool_join(pool.f, MOST, FIRST, pool.near, 3)
            located = MOST
        locations = 1e12 * rng.choice([-1.0, 1.0], located)
        found = np.tile(1e12 * rng.choice([-1.0, 1.0], (NEIGHBOURS, 1)), SAID)
        locations[1] = 0.0
        asked = np.column_stack([locations, np.ones(located)])
        pool.learn(asked, found, 1.0, rng.normal())
        weights = pool.weights(located)
        assert np.isfinite(weights).all()
        np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-9)
    assert np.isfinite(pool.f).all()
    assert (pool.weights(located)[1] > 1.0 - 1e-4).all()
