"""Blends: every step by hand, the bound over any stream, and the martingale laws."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.blend import (
    ALIVE,
    BAYES,
    EM_FLOORS,
    FIRST_EM,
    MANAGERS,
    PAST_SHARES,
    boa_blend,
    boa_floats,
    boa_learn,
    memories_begin,
    memories_floats,
    memories_learn,
)

Floats = NDArray[np.float64]


def new_memories(K: int) -> Floats:
    f = np.empty(memories_floats(K))
    memories_begin(f, K)
    return f


def parts(f: Floats, K: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Mixed weights [K], managers [A], the weights of each [A, K], past [A, K]."""
    W = K + MANAGERS
    PAST = W + MANAGERS * K
    return f[:K], f[K:W], f[W:PAST].reshape(MANAGERS, K), f[PAST:].reshape(MANAGERS, K)


def learned(stream: Iterable[Iterable[float]], K: int) -> tuple[Floats, float]:
    """The state after a stream of likelihoods, and the blend's total surprise."""
    f, total = new_memories(K), 0.0
    for t, likelihood in enumerate(stream):
        total -= math.log(memories_learn(f, np.array(likelihood, float), t))
    return f, total


# ------------------------------------------------- memories, by hand


def test_managers_are_bayes_four_shares_of_the_past_and_three_em() -> None:
    assert (BAYES, FIRST_EM, MANAGERS) == (0, 5, 8)
    assert memories_floats(3) == 3 + 8 + 2 * 8 * 3
    for part in parts(new_memories(4), 4):
        assert (part == (0.125 if part.shape == (MANAGERS,) else 0.25)).all()


# two memories; the first point had likelihood 3 and 1, the second 1 and 2
FIRST, SECOND = np.array([3.0, 1.0]), np.array([1.0, 2.0])


def test_first_step_by_hand() -> None:
    f = new_memories(2)
    # all weights are 1/2: m = (3 + 1)/2, and every posterior is (3/4, 1/4)
    assert memories_learn(f, FIRST, 0) == pytest.approx(2.0, rel=1e-15)
    mixed, managers, weights, past = parts(f, 2)
    np.testing.assert_allclose(managers, 0.125, rtol=1e-15)
    np.testing.assert_allclose(weights[BAYES], [0.75, 0.25], rtol=1e-15)
    # mean of the uniform start and one posterior: (1/2 + 3/4)/2 = 5/8
    for a in range(4):
        share = (0.001, 0.01, 0.1, 0.3)[a]
        np.testing.assert_allclose(past[1 + a], [0.625, 0.375], rtol=1e-15)
        first = (1.0 - share) * 0.75 + share * 0.625
        np.testing.assert_allclose(weights[1 + a], [first, 1.0 - first], rtol=1e-14)
    # em: half of the way from 1/2 to 0.999 (3/4) + 0.001/2 = 0.74975
    np.testing.assert_allclose(weights[FIRST_EM:], [[0.624875, 0.375125]] * 3, rtol=1e-14)
    np.testing.assert_allclose(mixed, weights.mean(axis=0), rtol=1e-14)


def test_second_step_by_hand() -> None:
    f = new_memories(2)
    memories_learn(f, FIRST, 0)
    m = memories_learn(f, SECOND, 1)
    mixed, managers, weights, past = parts(f, 2)
    before = np.array([0.75, *(0.75 - s * 0.125 for s in (0.001, 0.01, 0.1, 0.3)), *[0.624875] * 3])
    # q = w 1 + (1 - w) 2 = 2 - w,  posterior of the first = w / (2 - w)
    q = 2.0 - before
    posterior = before / q
    assert m == pytest.approx(q.mean(), rel=1e-14)
    np.testing.assert_allclose(managers, q / q.sum(), rtol=1e-14)
    assert weights[BAYES, 0] == pytest.approx(0.6, rel=1e-14)  # 3 : 2
    for a in range(1, FIRST_EM):
        share = (0.001, 0.01, 0.1, 0.3)[a - 1]
        mean = 0.625 + (posterior[a] - 0.625) / 3.0
        assert past[a, 0] == pytest.approx(mean, rel=1e-14)
        expected = (1.0 - share) * posterior[a] + share * mean
        assert weights[a, 0] == pytest.approx(expected, rel=1e-14)
    for a in range(FIRST_EM, MANAGERS):
        alive = 0.999 * posterior[a] + 0.0005
        expected = before[a] + (alive - before[a]) / 3.0
        assert weights[a, 0] == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(mixed, managers @ weights, rtol=1e-14)


@pytest.mark.parametrize("floor", range(3))
def test_em_steps_never_fall_below_their_floor(floor: int) -> None:
    # at t = 998 the step 1/(t + 2) is 0.001
    f = new_memories(2)
    memories_learn(f, FIRST, 998)
    step = (0.001, 0.01, 0.05)[floor]
    _, _, weights, _ = parts(f, 2)
    expected = 0.5 + step * (0.74975 - 0.5)
    assert weights[FIRST_EM + floor, 0] == pytest.approx(expected, rel=1e-13)


def reference(stream: Floats) -> tuple[Floats, Floats, float]:
    """Mixed weights, managers and total surprise, matrix by matrix from the module's equations."""
    K = stream.shape[1]
    shares = np.array([0.001, 0.01, 0.1, 0.3])[:, None]
    floors = np.array([0.0, 0.01, 0.05])[:, None]
    v, w, posteriors = np.full(8, 1 / 8), np.full((8, K), 1 / K), [np.full((8, K), 1 / K)]
    total = 0.0
    for t, p in enumerate(stream):
        q = w @ p
        total -= math.log(v @ q)
        v = v * q / (v @ q)
        post = w * p / q[:, None]
        posteriors.append(post)
        past = np.mean(posteriors, axis=0)  # all posteriors so far, the start among them
        alive = 0.999 * post[5:] + 0.001 / K
        em = w[5:] + np.maximum(floors, 1 / (t + 2)) * (alive - w[5:])
        w = np.vstack([post[:1], (1 - shares) * post[1:5] + shares * past[1:5], em])
    return v @ w, v, total


@pytest.mark.parametrize("K", [1, 2, 7])
def test_a_stream_against_matrices(K: int) -> None:
    stream = np.random.default_rng(K).gamma(0.4, 1.0, (120, K)) + 1e-9
    f, total = learned(stream, K)
    mixed, managers, reference_total = *reference(stream)[:2], reference(stream)[2]
    np.testing.assert_allclose(f[:K], mixed, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(parts(f, K)[1], managers, rtol=1e-9, atol=1e-14)
    assert total == pytest.approx(reference_total, rel=1e-10)


# ------------------------------------------------- memories, laws

likelihoods = st.integers(1, 6).flatmap(
    lambda K: st.lists(
        st.lists(st.floats(1e-12, 1e6), min_size=K, max_size=K), min_size=1, max_size=60
    )
)


def assert_bound(stream: Floats) -> None:
    """-sum log m <= min_k -sum log p_k + ln(MANAGERS K)."""
    K = stream.shape[1]
    _, total = learned(stream, K)
    best = min(math.fsum(-np.log(stream[:, k])) for k in range(K))
    assert total <= best + math.log(MANAGERS * K) + 1e-9


@given(stream=likelihoods)
def test_the_bound_over_any_stream(stream: list[list[float]]) -> None:
    assert_bound(np.array(stream))


def adversary(kind: str, K: int, n: int = 1000) -> Floats:
    """Streams made to mislead; the last likes least what the blend likes most."""
    rng = np.random.default_rng(7)
    stream = np.ones((n, K))
    if kind == "one good":
        stream[:, 0] = 1.2
    elif kind == "heavy":
        stream = np.exp(rng.standard_t(2, (n, K)).clip(-25.0, 25.0))
    elif kind == "late":
        stream[: n // 2, 0], stream[n // 2 :, -1] = 3.0, 3.3
    elif kind == "alternate":
        stream[np.arange(n), np.arange(n) % K] = 20.0
    else:
        f = new_memories(K)
        for t in range(n):
            stream[t, f[:K].argmax()] = 0.01
            memories_learn(f, stream[t].copy(), t)
    return stream


@pytest.mark.parametrize("kind", ["one good", "heavy", "late", "alternate", "against"])
@pytest.mark.parametrize("K", [2, 9])
def test_the_bound_against_an_adversary(kind: str, K: int) -> None:
    assert_bound(adversary(kind, K))


def test_the_bound_is_nearly_reached() -> None:
    # only the first memory is ever right: every other weight is paid for once
    stream = np.full((50, 6), 1e-9)
    stream[:, 0] = 1.0
    _, total = learned(stream, 6)
    assert math.log(6) - 1e-6 < total <= math.log(MANAGERS * 6)


@given(stream=likelihoods)
def test_weights_sum_to_1_and_no_em_memory_dies(stream: list[list[float]]) -> None:
    K = len(stream[0])
    f, _ = learned(stream, K)
    assert (f >= 0.0).all()
    mixed, managers, weights, past = parts(f, K)
    for whole in (mixed.sum(), managers.sum(), *weights.sum(axis=1), *past[1:5].sum(axis=1)):
        assert whole == pytest.approx(1.0, abs=1e-10)
    assert weights[FIRST_EM:].min() >= ALIVE / K * (1.0 - 1e-9)


@given(stream=likelihoods, power=st.integers(-200, 200))
def test_a_common_factor_of_the_likelihood_moves_nothing(
    stream: list[list[float]], power: int
) -> None:
    K = len(stream[0])
    f, total = learned(stream, K)
    g, moved = learned([[math.ldexp(p, power) for p in row] for row in stream], K)
    np.testing.assert_allclose(f, g, rtol=1e-12, atol=1e-300)
    expected = total - len(stream) * power * math.log(2.0)
    assert moved == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("likelihood", [[0.0, 0.0], [math.inf, 1.0], [math.nan, 1.0]])
def test_a_point_of_which_no_memory_can_tell_moves_nothing(likelihood: list[float]) -> None:
    f, _ = learned([FIRST, SECOND], 2)
    before = f.copy()
    memories_learn(f, np.array(likelihood), 2)
    np.testing.assert_array_equal(f, before)


def test_a_manager_whose_memories_all_failed_keeps_its_weights() -> None:
    f, _ = learned([[1.0, 0.0]], 2)
    # Bayes believes in the first alone, which now fails; the managers of the past carry on
    m = memories_learn(f, np.array([0.0, 1.0]), 1)
    mixed, managers, weights, _ = parts(f, 2)
    assert 0.0 < m < 1.0
    assert managers[BAYES] == 0.0
    np.testing.assert_array_equal(weights[BAYES], [1.0, 0.0])
    assert managers.sum() == pytest.approx(1.0, rel=1e-14)
    assert mixed.sum() == pytest.approx(1.0, rel=1e-14)


@settings(max_examples=50)
@given(
    stream=likelihoods,
    outcomes=st.integers(2, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_weights_do_not_drift_under_the_blend_own_forecast(
    stream: list[list[float]], outcomes: int, seed: int
) -> None:
    # y in 1..n follows the blend, sum_k f_k p_k(y):  the mean of v and of v_bayes w_bayes stay
    K = len(stream[0])
    f, _ = learned(stream, K)
    p = np.random.default_rng(seed).dirichlet(np.ones(outcomes), K).T  # [outcomes, K]
    after, bayes, drawn = np.zeros(MANAGERS), np.zeros(K), 0.0
    for y in range(outcomes):
        g = f.copy()
        chance = memories_learn(g, p[y].copy(), len(stream))
        drawn += chance
        _, managers, weights, _ = parts(g, K)
        after += chance * managers
        bayes += chance * managers[BAYES] * weights[BAYES]
    _, managers, weights, _ = parts(f, K)
    assert drawn == pytest.approx(1.0, abs=1e-10)
    np.testing.assert_allclose(after, managers, atol=1e-10)
    np.testing.assert_allclose(bayes, managers[BAYES] * weights[BAYES], atol=1e-10)


def test_each_manager_does_not_drift_under_its_own_forecast() -> None:
    # y follows q_a(y): the mean posterior of manager a is what it believed
    f, _ = learned(np.random.default_rng(2).gamma(1.0, 1.0, (30, 3)), 3)
    p = np.random.default_rng(3).dirichlet(np.ones(4), 3).T
    _, _, before, past = parts(f, 3)
    n = 31.0  # posteriors in the past, the start among them
    for a in range(MANAGERS):
        after = np.zeros(3)
        for y in range(4):
            g = f.copy()
            memories_learn(g, p[y].copy(), 30)
            after += (before[a] @ p[y]) * parts(g, 3)[2][a]
        expected = before[a].copy()
        if BAYES < a < FIRST_EM:
            mean = past[a] + (before[a] - past[a]) / (n + 1.0)
            expected += PAST_SHARES[a - 1] * (mean - before[a])
        elif a >= FIRST_EM:
            step = max(EM_FLOORS[a - FIRST_EM], 1.0 / (n + 1.0))
            expected += step * ALIVE * (1.0 / 3.0 - before[a])
        np.testing.assert_allclose(after, expected, atol=1e-13)


def test_memories_follow_a_change_of_the_best() -> None:
    f, _ = learned([[2.0, 1.0]] * 2000, 2)
    assert f[0] > 0.99
    for t in range(2000, 2060):
        memories_learn(f, np.array([1.0, 2.0]), t)
    # Bayes alone would need 2,000 points to come back
    assert f[1] > 0.95


# ------------------------------------------------- boa


def blended(f: Floats, experts: Floats) -> float:
    """The blend of one aggregation alone."""
    out = np.empty(1)
    boa_blend(f.reshape(4, -1, 1), experts[:, None], out)
    return float(out[0])


def taught(
    f: Floats, experts: Floats, x: float, gradient: float, forget: float, overlap: float
) -> None:
    """One aggregation alone, whose experts begin alike."""
    one, prior = f.reshape(4, -1, 1), np.ones(len(experts))
    boa_learn(
        one, experts[:, None], np.array([x]), np.array([gradient]), prior, 0.0, forget, overlap
    )


def new_boa(K: int) -> Floats:
    f = np.zeros(boa_floats(K, 1))
    f[:K] = 1.0 / K
    return f


class Aggregation:
    """The docstring's five lines, a vector at a time."""

    def __init__(self, K: int, forget: float) -> None:
        self.w, self.keep = np.full(K, 1.0 / K), 1.0 - forget
        self.R, self.V, self.E = np.zeros((3, K))

    def learn(self, experts: Floats, gradient: float) -> None:
        r = gradient * (self.w @ experts - experts)
        self.V = self.keep * self.V + r**2
        self.E = np.maximum(self.keep * self.E, abs(r))
        eta = np.minimum(1.0 / (2.0 * self.E), np.sqrt(math.log(len(r)) / self.V))
        self.R = self.keep * self.R + r - eta * r**2
        raw = np.log(eta) + eta * self.R
        w = np.exp(raw - raw.max())
        self.w = w / w.sum()


@pytest.mark.parametrize("forget", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("K", [2, 5])
def test_boa_against_vectors(K: int, forget: float) -> None:
    rng = np.random.default_rng(K)
    f, expected = new_boa(K), Aggregation(K, forget)
    for _ in range(300):
        experts, gradient = rng.normal(0.0, 2.0, K), rng.standard_t(3)
        blend = blended(f, experts)
        assert blend == pytest.approx(expected.w @ experts, rel=1e-9, abs=1e-10)
        taught(f, experts, blend, gradient, forget, 1.0)
        expected.learn(experts, gradient)
        state = np.concatenate([expected.w, expected.R, expected.V, expected.E])
        np.testing.assert_allclose(f, state, rtol=1e-9, atol=1e-10)


def test_boa_first_step_by_hand() -> None:
    f = new_boa(2)
    experts = np.array([0.0, 2.0])
    assert blended(f, experts) == 1.0
    # r = 3 (1 - x) = (3, -3); V = 9, E = 3; eta = min(1/6, sqrt(ln 2)/3 = 0.2775) = 1/6
    # R = 3 - 9/6 = 1.5 and -3 - 1.5 = -4.5; w ~ exp(0.25), exp(-0.75)
    taught(f, experts, 1.0, 3.0, 0.0, 1.0)
    first = 1.0 / (1.0 + math.exp(-1.0))
    expected = [first, 1.0 - first, 1.5, -4.5, 9.0, 9.0, 3.0, 3.0]
    np.testing.assert_allclose(f, expected, rtol=1e-14)


draws = st.integers(2, 6).flatmap(
    lambda K: st.lists(
        st.tuples(
            st.lists(st.floats(-1e3, 1e3), min_size=K, max_size=K),
            st.floats(-1e3, 1e3).filter(lambda g: g == 0.0 or abs(g) > 1e-9),
        ),
        min_size=1,
        max_size=40,
    )
)


@given(stream=draws, forget=st.sampled_from([0.0, 0.01, 0.3]))
def test_boa_weights_sum_to_1(stream: list[tuple[list[float], float]], forget: float) -> None:
    K = len(stream[0][0])
    f = new_boa(K)
    for said, gradient in stream:
        experts = np.array(said)
        blend = blended(f, experts)
        assert experts.min() - 1e-9 <= blend <= experts.max() + 1e-9
        taught(f, experts, blend, gradient, forget, 1.0)
        assert f[:K].sum() == pytest.approx(1.0, abs=1e-12)
        assert f[:K].min() >= 0.0


@given(seed=st.integers(0, 2**32 - 1), power=st.integers(-60, 60))
def test_boa_does_not_know_the_unit_of_the_loss(seed: int, power: int) -> None:
    a = 2.0**power
    rng = np.random.default_rng(seed)
    f, g = new_boa(4), new_boa(4)
    for _ in range(40):
        experts, gradient = rng.normal(size=4), rng.normal()
        x = blended(f, experts)
        taught(f, experts, x, gradient, 0.01, 1.0)
        taught(g, experts, x, a * gradient, 0.01, 1.0)
        np.testing.assert_allclose(f[:4], g[:4], rtol=1e-12, atol=1e-300)


def pinball_gradient(x: float, y: float, level: float) -> float:
    """d/dx of the pinball loss."""
    return (1.0 if y < x else 0.0) - level


@pytest.mark.parametrize("best", [0, 2])
def test_boa_converges_to_the_best_expert(best: int) -> None:
    rng = np.random.default_rng(1)
    # absolute loss; the best expert says the median, 0, and the others say it too high
    experts = np.array([0.7, 0.7, 0.7])
    experts[best] = 0.0
    f = new_boa(3)
    for _ in range(3000):
        x = blended(f, experts)
        taught(f, experts, x, pinball_gradient(x, rng.normal(), 0.5), 0.0, 1.0)
    assert f[best] > 0.97
    assert f[:3].argmax() == best


def test_boa_regret_is_small_against_the_best_expert() -> None:
    rng = np.random.default_rng(4)
    f, loss, lost, squares = new_boa(5), 0.0, np.zeros(5), np.zeros(5)
    for t in range(4000):
        y = rng.normal()
        experts = rng.normal(0.0, 1.0, 5) + (t < 2000) * np.arange(5)
        x = blended(f, experts)
        gradient = 2.0 * (x - y)
        loss, lost = loss + (x - y) ** 2, lost + (experts - y) ** 2
        squares += (gradient * (x - experts)) ** 2
        taught(f, experts, x, gradient, 0.0, 1.0)
    # O(sqrt(V ln K)): with a constant of 3 it holds by far, and a blend of equals would not
    best = lost.argmin()
    assert loss <= lost[best] + 3.0 * math.sqrt(squares[best] * math.log(5))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_linear_regret_has_mean_0_under_its_own_forecast(level: float) -> None:
    # y below the blend's quantile with probability exactly level: mean of r, by enumeration
    f = new_boa(3)
    rng = np.random.default_rng(9)
    for _ in range(20):
        experts = rng.normal(size=3)
        x = blended(f, experts)
        taught(f, experts, x, pinball_gradient(x, rng.normal(), level), 0.01, 1.0)
    experts = rng.normal(size=3)
    x = blended(f, experts)
    drift, swing = np.zeros(3), np.zeros(3)
    for y, chance in ((x - 1.0, level), (x + 1.0, 1.0 - level)):
        g = f.copy()
        taught(g, experts, x, pinball_gradient(x, y, level), 0.01, 1.0)
        # R' - keep R + eta r^2 = r, read from the state alone
        V, E = g[6:9], g[9:12]
        eta = np.minimum(0.5 / E, np.sqrt(math.log(3) / V))
        squared = V - 0.99 * f[6:9]
        r = g[3:6] - 0.99 * f[3:6] + eta * squared
        drift += chance * r
        swing += chance * abs(r)
    np.testing.assert_allclose(drift, 0.0, atol=1e-14)
    assert swing.min() > 1e-3


def test_boa_experts_that_always_agree_keep_their_weights() -> None:
    f = new_boa(3)
    for _ in range(5):
        experts = np.full(3, 2.0)
        taught(f, experts, blended(f, experts), 1.0, 0.01, 1.0)
    np.testing.assert_allclose(f[:3], 1.0 / 3.0, rtol=1e-15)


def test_boa_ignores_a_gradient_of_0() -> None:
    f = new_boa(2)
    taught(f, np.array([0.0, 2.0]), 1.0, 3.0, 0.0, 1.0)
    before = f.copy()
    taught(f, np.array([0.0, 2.0]), blended(f, np.array([0.0, 2.0])), 0.0, 0.0, 1.0)
    np.testing.assert_array_equal(f, before)


def test_boa_order_of_the_experts_does_not_matter() -> None:
    rng = np.random.default_rng(12)
    f, g, order = new_boa(4), new_boa(4), np.array([2, 0, 3, 1])
    for _ in range(50):
        experts, gradient = rng.normal(size=4), rng.normal()
        x = blended(f, experts)
        assert blended(g, experts[order]) == pytest.approx(x, abs=1e-12)
        taught(f, experts, x, gradient, 0.01, 1.0)
        taught(g, experts[order], x, gradient, 0.01, 1.0)
    for a, b in itertools.pairwise(range(0, 17, 4)):
        np.testing.assert_allclose(f[a:b][order], g[a:b], rtol=1e-10)


def test_boa_side_by_side_is_each_alone() -> None:
    rng = np.random.default_rng(10)
    K, M = 5, 3
    together, alone = np.zeros((4, K, M)), [new_boa(K) for _ in range(M)]
    together[0] = 1.0 / K
    prior, blends = np.ones(K), np.empty(M)
    for _ in range(40):
        experts, gradients = rng.normal(size=(K, M)), rng.normal(size=M)
        boa_blend(together, experts, blends)
        for m in range(M):
            assert blends[m] == blended(alone[m], experts[:, m].copy())
            taught(alone[m], experts[:, m].copy(), blends[m], gradients[m], 0.01, 1.0)
        boa_learn(together, experts, blends, gradients, prior, 0.0, 0.01, 1.0)
        for m in range(M):
            np.testing.assert_array_equal(together[:, :, m].ravel(), alone[m])


def test_boa_prior_and_overlap_by_hand() -> None:
    f, experts = np.zeros((4, 2, 1)), np.array([[0.0], [2.0]])
    f[0] = 0.5
    # r = 3 (1 - x) = (3, -3), overlap 4: V = 2 * 9, E = 2 * 3
    # eta = min(1/12, sqrt(ln 2/18)) = 1/12
    # R = 3 - 2 * 9/12 = 1.5 and -4.5; w ~ prior exp(eta R) with prior (1, 5)
    boa_learn(f, experts, np.array([1.0]), np.array([3.0]), np.array([1.0, 5.0]), 0.0, 0.0, 4.0)
    second = 5.0 * math.exp(-0.5)
    expected = [1.0 / (1.0 + second), second / (1.0 + second), 1.5, -4.5, 18.0, 18.0, 6.0, 6.0]
    np.testing.assert_allclose(f.ravel(), expected, rtol=1e-14)


def test_boa_takes_rounding_for_agreement() -> None:
    f, experts = np.zeros((4, 3, 1)), np.array([[1.0], [1.0 + 1e-15], [2.0]])
    f[0] = 1.0 / 3.0
    for _ in range(3):
        x = np.array([1.0 + 4e-16])
        boa_learn(f, experts, x, np.array([0.5]), np.ones(3), 1e-9, 0.0, 1.0)
    assert f[1:, :2].max() == 0.0  # neither has gained or lost
    assert f[0, 0, 0] == f[0, 1, 0] < 0.5
