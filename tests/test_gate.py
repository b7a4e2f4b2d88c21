"""The gate: against a second reading, its bound, the martingale law, and what it learns to see."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.blend import MANAGERS, memories_begin, memories_floats, memories_learn
from forecast.gate import (
    ALL,
    CONTEXT,
    CONTEXTS,
    LAST,
    LATELY,
    OWN,
    PER_MEMORY,
    ROWS,
    SHARED,
    SQUARES,
    STANDING,
    TRACES,
    TRUST,
    TWICE,
    USUAL,
    WEIGHED,
    gated_begin,
    gated_floats,
    gated_learn,
)

Floats = NDArray[np.float64]
STREAMS = 300  # of each property


def new_gate(K: int) -> Floats:
    f = np.empty(gated_floats(K))
    gated_begin(f, K)
    return f


def part(f: Floats, K: int, name: str) -> Floats:
    """A named part of the state, sharing its memory."""
    start = K + PER_MEMORY
    places = {
        "mixed": (0, (K,)),
        "weighed": (K + WEIGHED, (2,)),
        "shared": (K + SHARED, (MANAGERS,)),
        "context": (K + CONTEXT, (CONTEXTS,)),
        "usual": (K + USUAL, ()),
        "last": (K + LAST, ()),
        "squares": (K + SQUARES, (TRACES + CONTEXTS,)),
        "trust": (K + TRUST, (TRACES,)),
        "start": (start, (K,)),
        "gate": (start + K, (K,)),
        "traces": (start + 2 * K, (TRACES, K)),
        "turns": (start + (2 + TRACES) * K, (CONTEXTS, K)),
        "managers": (start + ROWS * K, (memories_floats(K),)),
    }
    at, shape = places[name]
    return f[at : at + math.prod(shape)].reshape(shape)


NAMES = (
    *("mixed", "weighed", "shared", "context", "usual", "last", "squares", "trust"),
    *("start", "gate", "traces", "turns", "managers"),
)


def learned(stream: Iterable[Floats], K: int) -> tuple[Floats, float]:
    """The state after a stream of likelihoods, and the total surprise."""
    f, total = new_gate(K), 0.0
    for t, likelihood in enumerate(stream):
        m = gated_learn(f, np.array(likelihood, float), t)
        total += -math.log(m) if m > 0.0 else math.inf
    return f, total


# ------------------------------------------------- layout and start


@pytest.mark.parametrize("K", [1, 2, 6])
def test_the_parts_are_the_whole_state(K: int) -> None:
    f = new_gate(K)
    assert sum(part(f, K, name).size for name in NAMES) == len(f)
    marked = np.zeros(len(f))
    for name in NAMES:
        part(marked, K, name)[...] += 1.0
    assert (marked == 1.0).all()


def test_it_starts_with_every_manager_alike_and_prefers_no_memory() -> None:
    f = new_gate(4)
    assert ALL == MANAGERS + 1 == 9
    for name in ("mixed", "start", "gate"):
        assert (part(f, 4, name) == 0.25).all()
    assert part(f, 4, "weighed") == pytest.approx([8 / 9, 1 / 9], rel=1e-15)
    assert (part(f, 4, "shared") == 1 / 8).all()
    assert part(f, 4, "context").tolist() == [1.0, 0.0, 0.0, 0.0]
    assert (STANDING, OWN, TWICE, LATELY) == (0, 1, 2, 3)
    for name in ("usual", "last", "trust", "traces", "turns"):
        assert not part(f, 4, name).any()


# ------------------------------------------------- a second reading


class Gate:
    """The docstrings' equations, with names for things and one vector a line."""

    def __init__(self, K: int) -> None:
        self.mixed = self.start = self.w = np.full(K, 1.0 / K)
        self.of_managers, self.of_gate = 8 / 9, 1 / 9
        self.u = np.full(MANAGERS, 1.0 / MANAGERS)
        self.context = {"standing": 1.0, "own": 0.0, "twice": 0.0, "lately": 0.0}
        self.usual, self.last = math.nan, 0.0
        self.square_of = dict.fromkeys(["now", "mean", *self.context], 0.1)
        self.trust = {"now": 0.0, "mean": 0.0}
        self.trace = {"now": np.zeros(K), "mean": np.zeros(K)}
        self.turn = {name: np.zeros(K) for name in self.context}
        self.managers = np.empty(memories_floats(K))
        memories_begin(self.managers, K)

    def learn(self, p: Floats, t: int) -> float:
        K = len(p)
        # the managers are blend.memories, which has a second reading of its own
        each = self.managers[K + MANAGERS : K + MANAGERS + MANAGERS * K].reshape(MANAGERS, K)
        q_each, m_gate, m = each @ p, float(self.w @ p), float(self.mixed @ p)
        # the gate's own step
        g = self.w * p / m_gate - self.w
        for name, trace in self.trace.items():
            G = float(g @ trace)
            self.square_of[name] = 0.999 * self.square_of[name] + G**2
            self.trust[name] += 0.4 * G / math.sqrt(self.square_of[name])
        for name, seen in self.context.items():
            size = seen**2 * float(g @ g)
            self.square_of[name] = 0.999 * self.square_of[name] + size
            self.turn[name] = self.turn[name] + 0.4 * seen * g / math.sqrt(self.square_of[name])
        # who is to be believed
        expected = float(self.u @ q_each)
        self.u = 0.99 * self.u * q_each / expected + 0.01 / MANAGERS
        of_managers = self.of_managers * memories_learn(self.managers, p, t)
        self.of_managers, self.of_gate = of_managers / m, self.of_gate * m_gate / m
        # what there is to see
        relative = 2.0 * (p - expected) / (p + expected)
        self.trace = {"now": relative, "mean": 0.9 * self.trace["mean"] + 0.1 * relative}
        surprise = -math.log(expected)
        self.usual = surprise if math.isnan(self.usual) else self.usual
        excess = surprise - self.usual
        self.usual += max(1.0 / (t + 1), 0.01) * excess
        excess = min(3.0, max(-3.0, excess))
        self.context["own"], self.context["twice"] = excess, min(excess, self.last)
        self.context["lately"] += 0.2 * (excess - self.context["lately"])
        self.last = excess
        # what it makes of that
        each = self.managers[K + MANAGERS : K + MANAGERS + MANAGERS * K].reshape(MANAGERS, K)
        self.start = self.u @ each
        z = sum(self.trust[name] * self.trace[name] for name in self.trust)
        z = z + sum(self.turn[name] * self.context[name] for name in self.context)
        tilted = self.start * np.exp(z - np.max(z))
        self.w = 0.9 * tilted / tilted.sum() + 0.1 * self.start
        self.mixed = self.of_managers * self.managers[:K] + self.of_gate * self.w
        return m

    def state(self) -> dict[str, Floats]:
        """By the names of the parts."""
        return {
            "mixed": self.mixed,
            "weighed": np.array([self.of_managers, self.of_gate]),
            "shared": self.u,
            "context": np.array([*self.context.values()]),
            "usual": np.array(self.usual),
            "last": np.array(self.last),
            "squares": np.array([*self.square_of.values()]),
            "trust": np.array([*self.trust.values()]),
            "start": self.start,
            "gate": self.w,
            "traces": np.array([*self.trace.values()]),
            "turns": np.array([*self.turn.values()]),
            "managers": self.managers,
        }


@pytest.mark.parametrize("K", [1, 2, 6])
def test_against_a_second_reading(K: int) -> None:
    rng = np.random.default_rng(K)
    f, gate = new_gate(K), Gate(K)
    best = np.repeat(rng.integers(0, K, 10), 20)
    for t in range(200):
        p = rng.gamma(0.7, 1.0, K) + 0.01
        p[best[t]] += 1.0
        assert gated_learn(f, p, t) == pytest.approx(gate.learn(p, t), rel=1e-12)
        for name, expected in gate.state().items():
            np.testing.assert_allclose(
                part(f, K, name), expected, rtol=1e-10, atol=1e-12, err_msg=f"{name} at {t}"
            )
    if K > 1:
        assert abs(part(f, K, "trust")).min() > 0.01
        assert np.ptp(part(f, K, "turns"), axis=1).min() > 0.01


# ------------------------------------------------- the bound


def assert_bound(stream: Floats) -> None:
    """-sum log m <= min_k -sum log p_k + ln((MANAGERS + 1) K)."""
    n, K = stream.shape
    f, total = learned(stream, K)
    assert np.isfinite(f).all()
    with np.errstate(divide="ignore"):
        best = min(-np.log(stream).sum(axis=0))
    assert total <= best + math.log((MANAGERS + 1) * K) + 1e-9 + 1e-13 * n


nats = st.one_of(
    st.floats(-30.0, 30.0), st.floats(-1.0, 1.0), st.sampled_from([0.0, 0.0, 5.0, -5.0, 250.0])
)
in_nats = st.integers(1, 6).flatmap(
    lambda K: st.lists(st.lists(nats, min_size=K, max_size=K), min_size=1, max_size=60)
)
repeated = st.tuples(in_nats, st.integers(1, 40), st.integers(1, 4))


@settings(max_examples=STREAMS)
@given(stream=repeated)
def test_the_bound_over_any_stream_of_likelihoods(
    stream: tuple[list[list[float]], int, int],
) -> None:
    rows, times, rounds = stream
    # each point several times over, and all of them several times: regimes that come again
    surprises = np.tile(np.repeat(np.array(rows), times, axis=0), (rounds, 1))[:1500]
    assert_bound(np.exp(-surprises))


@settings(max_examples=STREAMS)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda K: st.lists(
            st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e3)), min_size=K, max_size=K),
            min_size=1,
            max_size=50,
        )
    )
)
def test_the_bound_where_memories_fail_altogether(rows: list[list[float]]) -> None:
    assert_bound(np.array(rows))


@pytest.mark.parametrize("K", [2, 6])
def test_the_bound_against_an_adversary(K: int) -> None:
    """A stream that likes least what the blend likes most; and one that likes what it left."""
    f, g = new_gate(K), new_gate(K)
    streams = np.ones((2, 1500, K))
    for t in range(1500):
        streams[0, t, f[:K].argmax()] = 0.02
        streams[1, t, g[:K].argmin()] = 50.0
        gated_learn(f, streams[0, t].copy(), t)
        gated_learn(g, streams[1, t].copy(), t)
    for stream in streams:
        assert_bound(stream)


def test_the_bound_is_nearly_reached() -> None:
    stream = np.full((50, 6), 1e-9)
    stream[:, 0] = 1.0
    _, total = learned(stream, 6)
    assert math.log(6) - 1e-6 < total <= math.log(ALL * 6)


# ------------------------------------------------- laws


@settings(max_examples=STREAMS)
@given(stream=in_nats)
def test_all_weights_sum_to_1_and_none_is_negative(stream: list[list[float]]) -> None:
    K = len(stream[0])
    f, _ = learned(np.exp(-np.array(stream)), K)
    for name in ("mixed", "weighed", "shared", "start", "gate"):
        assert part(f, K, name).min() >= 0.0
        assert part(f, K, name).sum() == pytest.approx(1.0, abs=1e-10), name
    # the gate stays near what it starts from, and every manager is heard by it
    assert (part(f, K, "gate") >= 0.1 * part(f, K, "start") * (1.0 - 1e-12)).all()
    assert part(f, K, "shared").min() >= 0.01 / MANAGERS * (1.0 - 1e-12)


def test_weights_of_a_long_stream_still_sum_to_1() -> None:
    rng = np.random.default_rng(0)
    f, _ = learned(rng.gamma(0.5, 1.0, (20_000, 3)) + 1e-6, 3)
    for name in ("mixed", "weighed", "shared", "start", "gate"):
        assert part(f, 3, name).sum() == pytest.approx(1.0, abs=1e-13)


@settings(max_examples=100)
@given(stream=in_nats, outcomes=st.integers(2, 5), seed=st.integers(0, 2**32 - 1))
def test_nothing_drifts_under_its_own_forecast(
    stream: list[list[float]], outcomes: int, seed: int
) -> None:
    """An exact sum over all that can come: sum_y q(y) step = 0."""
    K, n = len(stream[0]), len(stream)
    f, _ = learned(np.exp(-np.array(stream)), K)
    p = np.random.default_rng(seed).dirichlet(np.ones(outcomes), K).T  # [outcomes, K]
    weighed, trusts, turns = np.zeros(2), np.zeros(TRACES), np.zeros((CONTEXTS, K))
    drawn = 0.0
    for chances in p:
        g = f.copy()
        chance = gated_learn(g, chances.copy(), n)
        drawn += chance
        weighed += chance * part(g, K, "weighed")
        # the gate's gradient, of log of its own forecast: steps are taken back to it
        own = float(part(f, K, "gate") @ chances)
        paces = np.sqrt(part(g, K, "squares")) / 0.4
        trusts += own * paces[:TRACES] * (part(g, K, "trust") - part(f, K, "trust"))
        turned = part(g, K, "turns") - part(f, K, "turns")
        turns += own * paces[TRACES:, None] * turned
    assert drawn == pytest.approx(1.0, abs=1e-10)
    np.testing.assert_allclose(weighed, part(f, K, "weighed"), atol=1e-12)
    np.testing.assert_allclose(trusts, 0.0, atol=1e-9)
    np.testing.assert_allclose(turns, 0.0, atol=1e-9)


def test_a_gradient_that_is_swayed_does_not_sum_to_0() -> None:
    """The law above can fail: with the chances of one memory alone the gate learns of it."""
    f, _ = learned(np.random.default_rng(0).gamma(1.0, 1.0, (40, 3)), 3)
    p = np.random.default_rng(1).dirichlet(np.ones(4), 3).T
    drift = np.zeros(3)
    for chances in p:
        g = f.copy()
        gated_learn(g, chances.copy(), 40)
        drift += chances[2] * (part(g, 3, "turns") - part(f, 3, "turns"))[STANDING]
    assert drift[2] > 0.002
    assert drift.sum() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("factor", [1000.0, 0.01, 1e-60])
def test_a_common_factor_of_the_likelihood_moves_nothing(factor: float) -> None:
    """The unit of a density: the gate, too, hears ratios and differences only."""
    stream = np.random.default_rng(0).gamma(1.0, 1.0, (40, 3)) + 0.01
    (f, total), (g, moved) = learned(stream, 3), learned(factor * stream, 3)
    assert moved == pytest.approx(total - 40 * math.log(factor), rel=1e-12)
    for name in ("mixed", "gate", "traces", "turns", "trust"):
        np.testing.assert_allclose(part(f, 3, name), part(g, 3, name), rtol=1e-9)


@pytest.mark.parametrize("likelihood", [[0.0, 0.0], [math.inf, 1.0], [math.nan, 1.0]])
def test_a_point_of_which_no_memory_can_tell_moves_nothing(likelihood: list[float]) -> None:
    f, _ = learned(np.array([[3.0, 1.0], [1.0, 2.0]]), 2)
    before = f.copy()
    m = gated_learn(f, np.array(likelihood), 2)
    assert m == 0.0 or not math.isfinite(m)
    np.testing.assert_array_equal(f, before)


def test_a_memory_that_gave_0_lives_on() -> None:
    f, total = learned(np.array([[1.0, 0.0]] * 5), 2)
    assert total <= math.log(18.0)
    assert part(f, 2, "managers")[2:10].min() > 0.0
    assert 0.0 < f[1] < 0.2
    for t in range(5, 60):
        gated_learn(f, np.array([0.0, 1.0]), t)
    assert f[1] > 0.95
    assert np.isfinite(f).all()


@pytest.mark.parametrize("smallest", [1e-298, 1e-306, 1e-310, 5e-324])
def test_likelihoods_at_the_end_of_the_floats_do_no_harm(smallest: float) -> None:
    f, _ = learned(np.array([[3.0, 1.0], [1.0, 2.0]]), 2)
    gated_learn(f, np.array([smallest, 0.5 * smallest]), 2)
    assert np.isfinite(f).all()
    assert f[:2].sum() == pytest.approx(1.0, abs=1e-10)


# ------------------------------------------------- what a gate is for


RATES = 4.0 ** -np.arange(6.0)


def levels(ys: Floats, scale: float = 1.0) -> Floats:
    """Likelihoods [n, 6] that levels at six rates give, as Student's t; plain recursions."""
    means, counts, found = np.zeros(6), np.zeros(6), []
    for y in ys:
        z = (y - means) / scale
        found.append(0.375 * (1.0 + z * z / 4.0) ** -2.5)
        counts = (1.0 - RATES) * counts + 1.0
        means += (y - means) / counts
    return np.array(found)


def effective_rates(ys: Floats) -> Floats:
    """Of the blend, as it stands after each point."""
    f, found = new_gate(6), []
    for t, likelihood in enumerate(levels(ys)):
        gated_learn(f, likelihood, t)
        found.append(float(f[:6] @ RATES))
    return np.array(found)


def test_after_a_change_the_fast_memories_rise_and_fall_back() -> None:
    ys = np.random.default_rng(0).normal(size=900)
    ys[600:] += 12.0
    rate = effective_rates(ys)
    assert rate[500:600].mean() < 0.03
    assert rate[600:606].max() > 0.3
    assert rate[850:].mean() < 0.1


def test_it_learns_what_a_surprise_means() -> None:
    """The 20th outlier no longer wakes it where all were outliers; the 20th shift does."""
    rng = np.random.default_rng(1)
    calm, at = rng.normal(size=21 * 60), 60 * np.arange(1, 21)
    outliers, shifts = calm.copy(), calm.copy()
    outliers[at] += 12.0
    for k, t in enumerate(at):
        shifts[t:] += 12.0 if k % 2 == 0 else -12.0
    of_outliers, of_shifts = effective_rates(outliers), effective_rates(shifts)
    late = at[-5:]
    assert of_outliers[late].max() < 0.05
    assert of_shifts[late].min() > 0.4
    # one point after, the first time, they looked alike
    assert of_outliers[at[0]] == pytest.approx(of_shifts[at[0]], rel=1e-12)
    assert of_outliers[late].mean() < 0.3 * of_outliers[at[0]]
    assert of_shifts[late].mean() > 3.0 * of_shifts[at[0]]
    # and before the next one comes both are calmer
    assert of_shifts[late].mean() > 2.0 * of_shifts[late - 1].mean()
    assert of_outliers[late - 1].max() < 0.05
