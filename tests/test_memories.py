"""Memories: against plain recursions and lstsq, and their bound over any stream of numbers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from forecast import (
    GradientRegression,
    LeastSquaresRegression,
    Level,
    Run,
    Scale,
    run,
)
from forecast.blend import weighted_median
from forecast.distribution.hinged import Hinged
from forecast.distribution.mixture import StudentT
from forecast.distribution.quantiles import Quantiles
from forecast.gate import gated_begin, gated_floats, gated_learn
from forecast.numbers.autoregression import FEATURES, ORDER
from forecast.numbers.memories import RATES, Memories
from forecast.numbers.paced import paced, surprises
from forecast.numbers.series import MISSING, REFUSED

Floats = NDArray[np.float64]
STREAMS = 300  # of numbers, for each learner, on which the bound is examined
T4 = stats.t(4)
MEMORIES: dict[str, type[Memories]] = {
    "level": Level,
    "scale": Scale,
    "gradient": GradientRegression,
    "least squares": LeastSquaresRegression,
}
SIX = 4.0 ** -np.arange(6.0)


def rates_of(name: str) -> Floats:
    return 0.5 * SIX if name == "least squares" else SIX


def a_series(seed: int, n: int = 300) -> Floats:
    """Autoregression around a level that shifts, a few repeats, three outliers."""
    rng = np.random.default_rng(seed)
    ys = np.zeros(n)
    for t in range(1, n):
        ys[t] = 0.7 * ys[t - 1] + rng.standard_t(5)
    ys = (ys + np.where(np.arange(n) < n // 3, 0.0, 8.0)).round(2)
    ys[rng.integers(5, n, 3)] += 40.0
    return ys


@pytest.mark.parametrize("name", MEMORIES)
def test_rates_are_six_a_factor_of_four_apart(name: str) -> None:
    learner = MEMORIES[name]()
    np.testing.assert_array_equal(learner.floats[RATES : RATES + 6], rates_of(name))


# ------------------------------------------------- the bound over any stream of numbers
# 9 managers (the gate is one) of 6 memories, each with the same weight at the start; and the hinge
# beside the mixture, each with one half. Neither is ever trusted less than 1e-9.

EXCESS = math.log(9 * 6) + math.log(2.0)


def assert_bound(name: str, ys: Floats) -> None:
    """The surprise of the run is at most that of the best memory, measured alone, + EXCESS."""
    answers = Run(MEMORIES[name](), measure=False).feed(ys)
    alone, _ = surprises(name, ys, rates_of(name))
    scored = np.isfinite(alone[:, 0])
    total = answers.surprise[np.isin(answers.row, np.flatnonzero(scored))]
    assert len(total) == scored.sum()
    assert np.isfinite(total).all()
    best = min(math.fsum(alone[scored, k]) for k in range(6))
    slack = 1e-9 + 2e-9 * scored.sum() + 1e-13 * np.abs(alone[scored]).sum()
    assert math.fsum(total) <= best + EXCESS + slack


wide = st.tuples(st.floats(-10.0, 10.0), st.integers(-60, 60)).map(lambda x: x[0] * 10.0 ** x[1])
values = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1.0, 1.0),
    wide,
    st.sampled_from([0.0, 1e-60, 1.0, 1.0 + 1e-9, 1e6, -1e6, 1e15, -1e60, math.nan, math.inf]),
)


def drawn(kind: str, scale: float, seed: int, n: int) -> Floats:
    """A stretch of a stream; nothing in it is left to hypothesis but its kind and scale."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    stretch = {
        "noise": lambda: rng.normal(size=n),
        "heavy": lambda: rng.standard_cauchy(n).clip(-1e9, 1e9),
        "walk": lambda: rng.normal(size=n).cumsum(),
        "constant": lambda: np.full(n, rng.normal()),
        "alternating": lambda: np.where(t % 2 == 0, 1.0, -1.0),
        "steps": lambda: np.repeat(rng.normal(size=n // 7 + 1), 7)[:n],
        "spikes": lambda: np.where(rng.random(n) < 0.1, 1e3, rng.integers(0, 2, n)),
        "ramp": lambda: t.astype(float),
        "wave": lambda: np.sin(t / 2.0),
        "growth": lambda: np.exp(np.minimum(t / 3.0, 40.0)),
    }
    return scale * stretch[kind]()


KINDS = (
    *("noise", "heavy", "walk", "constant", "alternating", "steps", "spikes"),
    *("ramp", "wave", "growth"),
)
scales = st.one_of(st.just(1.0), st.integers(-40, 40).map(lambda e: 10.0**e))
stretches = st.builds(
    drawn, st.sampled_from(KINDS), scales, st.integers(0, 2**32 - 1), st.integers(1, 80)
)
one_by_one = st.lists(values, min_size=1, max_size=60).map(np.array)
streams = st.lists(st.one_of(stretches, one_by_one), min_size=1, max_size=5).map(np.concatenate)


@pytest.mark.parametrize("name", MEMORIES)
@settings(max_examples=STREAMS, deadline=None)
@given(ys=streams)
@example(ys=np.array([]))
@example(ys=np.array([0.0, 0.0, 1e60, -1e60, 1e-60, 0.0, 1e60, 1e60]))
@example(ys=np.array([0.0, 1e-139, 0.125, 0.125]))  # p is smaller than any float
@example(ys=np.array([0.0, 1e-300, 1.0, 1e-300, 0.0, 2e-300, 1e9, 3.0, 1.0]))
def test_the_bound_over_300_streams(name: str, ys: Floats) -> None:
    assert_bound(name, ys)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_over_long_streams(name: str, kind: str) -> None:
    assert_bound(name, np.concatenate([drawn(kind, 1.0, 0, 3000), drawn("noise", 0.1, 1, 2000)]))


def test_the_bound_is_one_of_the_best_and_no_more() -> None:
    """Of another than the best it says little: the bound is held against what it should be."""
    ys = a_series(0)
    alone, _ = surprises("level", ys, SIX)
    total = np.nansum(run(Level(), ys).surprise)
    sums = np.sort(np.nansum(alone, axis=0))
    assert total < sums[0] + EXCESS
    assert sums[2] > sums[0] + EXCESS


@pytest.mark.parametrize("name", MEMORIES)
def test_each_memory_is_the_model_paced_at_its_rate(name: str) -> None:
    """What the bound is measured against is what is weighed, to 1e-9 on every scored row."""
    ys = a_series(9, 200)
    alone, forecasts, _ = paced(name, ys, rates_of(name))
    learner = MEMORIES[name]()
    for t, y in enumerate(ys):
        said = learner.predict()
        assert isinstance(said, Hinged) != math.isnan(alone[t, 0])
        if isinstance(said, Hinged):
            of = said.mixture
            np.testing.assert_allclose(of.locations, forecasts[t], rtol=1e-12, atol=1e-12)
            each = [
                StudentT(at, scale, 4.0, said.cell).surprise(y)
                for at, scale in zip(of.locations, of.scales, strict=True)
            ]
            np.testing.assert_allclose(each, alone[t], atol=1e-9)
        learner.learn(y)


# ------------------------------------------------- a level, by a second reading


class PlainMemory:
    """One level at one rate for one horizon: weighted means of all that it saw, no recursion."""

    def __init__(self, rate: float, h: int) -> None:
        self.rate, self.h, self.ys = rate, h, []
        self.sizes: list[float] = []
        self.scale = 0.0

    def location(self) -> float:
        """The mean of all values, weighted by (1 - rate)^age."""
        fades = (1.0 - self.rate) ** np.arange(len(self.ys) - 1, -1, -1.0)
        return float(fades @ self.ys / fades.sum())

    def scale_now(self, long: float) -> float:
        if not self.sizes:
            return long * math.sqrt(self.h)
        return max(self.scale, 0.1 * long)

    def see_error(self, size: float, long: float) -> None:
        """Fading mean of |error|, at a rate of at most .1/h; an error counts for 8 scales."""
        if len(self.sizes) >= 10:
            size = min(size, 8.0 * max(self.scale, 0.1 * long))
        self.sizes.append(size)
        fades = (1.0 - min(self.rate, 0.1 / self.h)) ** np.arange(len(self.sizes) - 1, -1, -1.0)
        self.scale = float(fades @ self.sizes / fades.sum())


class PlainLevel:
    """Level at one horizon, without missing values; its gates are ``gate``'s, tested alone."""

    def __init__(self, h: int = 1) -> None:
        self.h, self.ys = h, []
        self.memories = [PlainMemory(rate, h) for rate in SIX]
        self.believed, self.pointed = (np.empty(gated_floats(6)) for _ in range(2))
        gated_begin(self.believed, 6)
        gated_begin(self.pointed, 6)
        self.trust, self.median_error, self.answered, self.judged = 0.5, 0.0, 0, 0
        self.asked: list[Floats] = []

    @property
    def long(self) -> float:
        return float(np.abs(np.diff(self.ys)).mean()) if len(self.ys) > 1 else 0.0

    @property
    def cell(self) -> float:
        gaps = np.abs(np.diff(self.ys))
        return max(gaps[gaps > 0.0].min(), 1e-3 * self.long)

    def hinge(self, locations: Floats, scales: Floats) -> tuple[float, float]:
        """Halfway between the weighted median and a step of Newton's from it; the mass below."""
        w = self.pointed[:6]
        order = np.argsort(locations, kind="stable")
        heard = np.cumsum(w[order])
        middle = locations[order][min(5, int(np.argmax(heard >= 0.5)) if heard[4] >= 0.5 else 5)]
        z = (middle - locations) / scales
        glided = middle - (w @ T4.cdf(z) - 0.5) / (w @ (T4.pdf(z) / scales))
        hinge = 0.5 * (middle + np.clip(glided, locations.min(), locations.max()))
        return hinge, float(self.believed[:6] @ T4.cdf((hinge - locations) / scales))

    def learn(self, y: float) -> None:
        if len(self.asked) >= self.h:
            locations = self.asked[-self.h]
            self.answered += 1
            if self.long > 0.0:
                self.judge(locations, y)
            for memory, location in zip(self.memories, locations, strict=True):
                memory.see_error(abs(y - location), self.long)
        self.ys.append(y)
        for memory in self.memories:
            memory.ys.append(y)
        self.asked.append(np.array([memory.location() for memory in self.memories]))

    def judge(self, locations: Floats, y: float) -> None:
        scales = np.array([memory.scale_now(self.long) for memory in self.memories])
        hinge, before = self.hinge(locations, scales)
        half = 0.5 * self.cell
        low, at, high = ((x - locations) / scales for x in (y - half, hinge, y + half))
        masses = T4.cdf(high) - T4.cdf(low)
        if 1e-6 <= before <= 1.0 - 1e-6:
            under = self.believed[:6] @ (T4.cdf(np.clip(at, low, high)) - T4.cdf(low))
            whole = self.believed[:6] @ masses
            hinged = 0.5 / before * under + 0.5 / (1.0 - before) * (whole - under)
            odds = self.trust / (1.0 - self.trust) * hinged / whole
            self.trust = min(1.0 - 1e-9, max(1e-9, odds / (1.0 + odds)))
        gated_learn(self.believed, masses / (2.0 * half), self.judged)
        b = self.median_error
        if b > 0.0:
            near = np.exp(-np.minimum(10.0, np.abs(y - locations) / b))
            gated_learn(self.pointed, near, self.judged)
        size = abs(y - hinge)
        if self.answered > 10 and b > 0.0:
            size = min(size, 8.0 * b)
        self.median_error += max(1.0 / self.answered, 0.01) * (size - b)
        self.judged += 1

    def forecast(self) -> dict[str, Any]:
        locations = self.asked[-1]
        scales = np.array([memory.scale_now(self.long) for memory in self.memories])
        hinge, before = self.hinge(locations, scales)
        weights = self.believed[:6].copy()
        rate = weights @ np.maximum(SIX, 1.0 / len(self.ys))
        below = before + self.trust * (0.5 - before)
        return {
            **{"weights": weights, "locations": locations, "scales": scales, "hinge": hinge},
            **{"before": before, "below": below, "cell": self.cell, "rate": rate},
        }


@pytest.mark.parametrize("h", [1, 5])
def test_a_level_against_a_second_reading(h: int) -> None:
    level, plain = Level((1, 5)), PlainLevel(h)
    for t, y in enumerate(a_series(1, 150)):
        level.learn(y)
        plain.learn(y)
        said, expected = level.predict(horizon=h), plain.forecast() if t > 0 else {}
        if t == 0:
            assert said.median == y
            continue
        assert isinstance(said, Hinged)
        assert level.rate_of(0, h) == pytest.approx(expected.pop("rate"), rel=1e-7)
        for name in ("hinge", "before", "below", "cell"):
            got = getattr(said, name)
            assert got == pytest.approx(expected.pop(name), rel=1e-7, abs=1e-9), (name, t)
        for name, value in expected.items():
            got = getattr(said.mixture, name)
            np.testing.assert_allclose(got, value, rtol=1e-7, atol=1e-9, err_msg=f"{name}, {t}")
        assert (said.mixture.nus == 4.0).all()
    # all of it was exercised
    assert abs(plain.trust - 0.5) > 1e-3 and np.ptp(plain.believed[:6]) > 0.1


def test_the_median_is_the_hinge_where_it_is_trusted() -> None:
    level = Level()
    for y in a_series(2):
        level.learn(y)
    said = level.predict()
    trust = (said.below - said.before) / (0.5 - said.before)
    assert 0.0 < trust < 1.0
    low, high = sorted([said.hinge, said.mixture.median])
    assert low <= said.median <= high


def test_a_weighted_median_by_hand() -> None:
    values = np.array([5.0, 1.0, 3.0, 2.0])
    for weights, median in (
        ([0.1, 0.2, 0.3, 0.4], 2.0),  # 1: .2, 2: .6
        ([0.6, 0.2, 0.1, 0.1], 5.0),
        ([0.25, 0.25, 0.25, 0.25], 2.0),  # half is reached there
        ([0.0, 0.0, 1.0, 0.0], 3.0),
        ([0.0, 1.0, 0.0, 0.0], 1.0),
    ):
        assert weighted_median(np.array(weights), values) == median
    assert weighted_median(np.array([1.0]), np.array([7.0])) == 7.0
    assert weighted_median(np.full(3, 1 / 3), np.array([2.0, 2.0, 1e300])) == 2.0


# ------------------------------------------------- regressions, by a second reading


def unit_walk(ys: Floats) -> list[tuple[float, Floats]]:
    """Before each value: the unit, and the features 1 and the last eight differences in units.

    A difference that there was no unit for is none.
    """
    found: list[tuple[float, Floats]] = []
    means, differences = [0.0, 0.0], [0.0] * 9
    for t in range(len(ys)):
        floor = max(means)
        lags = differences[:-9:-1]
        x = [1.0, *(min(8.0, max(-8.0, d / floor)) if floor > 0.0 else 0.0 for d in lags)]
        found.append((floor, np.array(x)))
        differences.append(ys[t] - ys[t - 1] if floor > 0.0 else 0.0)
        if t > 0:
            for k, rate in enumerate((0.01, 0.0003)):
                size = abs(ys[t] - ys[t - 1])
                if t > 30 and means[k] > 0.0:
                    size = min(size, 8.0 * means[k])
                means[k] += max(1.0 / t, rate) * (size - means[k])
    return found


def forecasts_by_lstsq(ys: Floats, rate: float) -> Floats:
    """Each forecast by its own least squares over the whole past, faded; the prior fades, too."""
    rows: list[Floats] = []
    targets: list[float] = []
    found = np.full(len(ys), math.nan)
    for t, (unit, x) in enumerate(unit_walk(ys)):
        if t == 0:
            continue
        n = len(rows)
        w = np.zeros(9)
        if n > 0:
            fades = (1.0 - rate) ** (0.5 * np.arange(n - 1, -1, -1.0))
            prior = (1.0 - rate) ** (0.5 * n) * np.eye(9)
            A = np.vstack([prior, fades[:, None] * np.array(rows)])
            b = np.concatenate([np.zeros(9), fades * targets])
            w = np.linalg.lstsq(A, b, rcond=None)[0]
        said = min(8.0, max(-8.0, float(w @ x)))
        found[t] = ys[t - 1] + unit * said
        if unit > 0.0:
            # the error that is learned from is that of what was said, and at most 8 units
            rows.append(x)
            error = (ys[t] - ys[t - 1]) / unit - said
            targets.append(float(w @ x) + min(8.0, max(-8.0, error)))
    return found


@pytest.mark.parametrize("rate", [1e-5, 0.01, 0.05])
def test_least_squares_are_those_of_lstsq(rate: float) -> None:
    ys = a_series(3, 120)
    _, forecasts, _ = paced("least squares", ys, np.array([rate]))
    np.testing.assert_allclose(forecasts[1:, 0], forecasts_by_lstsq(ys, rate)[1:], rtol=1e-6)


def test_least_squares_stop_forgetting_where_nothing_excites_them() -> None:
    ys = np.concatenate([a_series(4, 60), np.full(3000, 5.0), a_series(4, 60)])
    learner = LeastSquaresRegression()
    answers = run(learner, ys)
    assert np.isfinite(answers.mean).all()
    assert np.isfinite(learner.floats[-(ORDER + 6 * FEATURES + 10 + 6 * 81) :]).all()
    # P of each rate stays symmetric and positive
    P = learner.floats[-6 * 81 :].reshape(6, 9, 9)
    np.testing.assert_array_equal(P, P.transpose(0, 2, 1))
    assert np.linalg.eigvalsh(P).min() > 0.0


def test_normalised_least_mean_squares_by_a_second_reading() -> None:
    ys = a_series(5, 200)
    rates = np.array([1.0, 0.25, 0.01])
    _, forecasts, _ = paced("gradient", ys, rates)
    w = np.zeros((3, 9))
    for t, (unit, x) in enumerate(unit_walk(ys)):
        if t == 0:
            continue
        said = np.clip(w @ x, -8.0, 8.0)
        np.testing.assert_allclose(forecasts[t], ys[t - 1] + unit * said, rtol=1e-9, atol=1e-12)
        if unit > 0.0:
            error = np.clip((ys[t] - ys[t - 1]) / unit - said, -3.0, 3.0)
            w += np.outer(rates * error, x) / (x @ x)


def test_the_gradient_s_weights_stand_where_they_are_looked_for() -> None:
    learner = GradientRegression()
    for t in range(600):
        learner.learn(math.sin(t))
    K = 6
    at = len(learner.floats) - (ORDER + FEATURES * K)
    weights = learner.floats[at + ORDER :].reshape(FEATURES, K)
    # one harmonic:  d[t+1] = 2 cos(1) d[t] - d[t-1], or whatever agrees with it on this wave
    lags = np.array([2.0 * math.cos(1.0), -1.0])
    wave = np.diff(np.sin(np.arange(600.0, 640.0)))
    for k in range(2):
        said = [float(weights[1:, k] @ wave[t - 8 : t][::-1]) for t in range(8, 39)]
        truth = [float(lags @ wave[t - 2 : t][::-1]) for t in range(8, 39)]
        np.testing.assert_allclose(said, truth, atol=0.02)


# ------------------------------------------------- what all of them owe


@pytest.mark.parametrize("name", MEMORIES)
def test_other_horizons_change_no_forecast(name: str) -> None:
    ys = a_series(6)
    one, both = run(MEMORIES[name](), ys), run(MEMORIES[name]((1, 5)), ys)
    first = both.horizon == 1
    for field in ("row", "surprise", "mean", "rate", "quantiles"):
        np.testing.assert_array_equal(getattr(one, field), getattr(both, field)[first])
    assert (both.row - both.issued == both.horizon).all()
    # further ahead is more surprising, of a series with a memory
    fifth = ~first & (both.row > 100)
    assert np.mean(both.surprise[fifth]) > np.mean(both.surprise[first & (both.row > 100)])


@pytest.mark.parametrize("name", MEMORIES)
def test_missing_and_refused_values_are_passed_over(name: str) -> None:
    ys = a_series(7)
    holes = np.insert(ys, [1, 5, 50, 50, 50, 200], [math.nan] * 3 + [math.inf, 1e290, math.nan])
    whole, other = MEMORIES[name](), MEMORIES[name]()
    expected, got = run(whole, ys), run(other, holes)
    learned = np.isfinite(got.y) & (np.abs(got.y) < 1e100)
    np.testing.assert_array_equal(got.y[learned], expected.y)
    np.testing.assert_array_equal(got.surprise[learned], expected.surprise)
    np.testing.assert_array_equal(got.quantiles[learned], expected.quantiles)
    assert other.view("counts")[[MISSING, REFUSED]].tolist() == [4, 2]
    assert whole.predict().quantile(0.9) == other.predict().quantile(0.9)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("value", [0.0, 7.5, -1e200])
def test_a_constant_is_forecast_as_that_constant(name: str, value: float) -> None:
    learner = MEMORIES[name]((1, 5))
    answers = run(learner, np.full(60, value))
    assert (answers.quantiles == value).all() and (answers.mean == value).all()
    assert np.isnan(answers.surprise).all()
    assert isinstance(learner.predict(horizon=5), Quantiles)
    # and one other value makes it a forecast like any
    learner.learn(value + 1.0 if abs(value) < 1e9 else 0.5 * value)
    learner.learn(value)
    assert isinstance(learner.predict(), Hinged)
    assert np.isfinite([learner.predict().quantile(p) for p in (0.05, 0.5, 0.95)]).all()


@pytest.mark.parametrize("name", MEMORIES)
def test_before_the_first_value_nothing_is_known(name: str) -> None:
    learner = MEMORIES[name]()
    assert math.isnan(learner.predict().mean)
    learner.learn(None)
    assert math.isnan(learner.predict().mean)
    assert learner.rate == 1.0


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("a", [1000.0, 0.01])
def test_scale_and_shift_go_through(name: str, a: float) -> None:
    """Of series that begin in the usual way; ``checks`` looks at one of another kind."""
    ys = np.random.default_rng(5).normal(size=300) + np.repeat([0.0, 5.0, 0.0], 100)
    plain, other = run(MEMORIES[name](), ys), run(MEMORIES[name](), a * ys)
    np.testing.assert_allclose(other.quantiles / a, plain.quantiles, atol=1e-6)
    np.testing.assert_allclose(other.surprise[2:], plain.surprise[2:] + math.log(a), atol=1e-6)


def test_units_near_the_end_of_the_floats_leave_the_state_finite() -> None:
    ys = 1e260 * np.random.default_rng(0).normal(size=200)
    ys[100] = 1e271
    learner = Level()
    run(learner, ys)
    assert np.isfinite(learner.floats).mean() > 0.95  # what has no value yet is nan or inf


@pytest.mark.parametrize("horizons", [(), (0,), (2, 1), (1, 1), (1.5,)])
def test_bad_horizons_are_refused(horizons: Any) -> None:
    with pytest.raises(ValueError, match="horizons"):
        LeastSquaresRegression(horizons)


def test_bad_questions_are_refused() -> None:
    level = Level((1, 5))
    with pytest.raises(ValueError, match=r"horizon 2 is none of .*\(1, 5\)"):
        level.predict(horizon=2)
    with pytest.raises(ValueError, match="no context"):
        level.predict(x=1)
    with pytest.raises(ValueError, match="expected 1 values"):
        level.learn([1.0, 2.0])
    assert repr(level) == "Level(horizons=(1, 5))"


# ------------------------------------------------- what they are for


def test_each_is_good_at_what_it_is_for() -> None:
    rng = np.random.default_rng(8)
    noise = rng.normal(size=3000)
    usual = {
        "level": noise,
        "scale": np.cumsum(np.repeat([1.0, 5.0, 0.2], 1000) * noise),
        "gradient": None,
        "least squares": None,
    }
    entropy = 0.5 * math.log(2.0 * math.pi * math.e)
    walk_entropy = entropy + math.log(1.0 * 5.0 * 0.2) / 3.0
    level, walk = usual["level"], usual["scale"]
    assert level is not None and walk is not None
    assert run(Level(), level).surprise[500:].mean() < entropy + 0.06
    assert run(Scale(), walk).surprise[500:].mean() < walk_entropy + 0.12
    # an autoregression, of differences too
    ys = np.zeros(3000)
    for t in range(2, 3000):
        ys[t] = ys[t - 1] + 0.8 * (ys[t - 1] - ys[t - 2]) + noise[t]
    by = {name: run(MEMORIES[name](), ys).surprise[1000:].mean() for name in MEMORIES}
    assert by["least squares"] < entropy + 0.06
    assert by["gradient"] < entropy + 0.1
    assert min(by["level"], by["scale"]) > entropy + 0.3


def test_after_a_shift_the_rate_rises_and_falls_back() -> None:
    ys = np.random.default_rng(9).normal(size=900)
    ys[600:] += 12.0
    answers = run(Level(), ys)
    rate = dict(zip(answers.row.tolist(), answers.rate.tolist(), strict=True))
    assert np.mean([rate[t] for t in range(500, 600)]) < 0.03
    assert max(rate[t] for t in range(601, 606)) > 0.3
    assert np.mean([rate[t] for t in range(850, 900)]) < 0.1
    late = answers.row >= 610
    assert np.abs(answers.y - answers.quantiles[:, 10])[late].mean() < 1.1 * math.sqrt(2 / math.pi)


def test_it_is_calibrated() -> None:
    answers = run(Level(), np.random.default_rng(10).normal(size=4000))
    late = answers.row >= 500
    assert stats.kstest(answers.pit[late], "uniform").statistic < 0.03
    for level, column in ((0.05, 1), (0.5, 10), (0.95, 19)):
        under = (answers.y <= answers.quantiles[:, column])[late].mean()
        assert under == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("outlier", [1e4, 1e6])
def test_one_outlier_does_not_widen_the_forecasts_for_good(outlier: float) -> None:
    # the mean |difference| since the start is 20,000 times the usual one for long after the larger
    ys = np.random.default_rng(0).normal(size=1200)
    calm = run(Level(), ys)
    ys[100] += outlier
    shaken = run(Level(), ys)
    width, usual = (a.quantiles[:, 19] - a.quantiles[:, 1] for a in (shaken, calm))
    late = shaken.row >= 300
    assert width[late].mean() < 1.1 * usual[late].mean()
