"""Returns: against a closed form, against least squares on whole returns, and by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from forecast import ReturnForecaster, run
from forecast.arrays import Floats
from forecast.checks import LAWS
from forecast.learner import Learner
from forecast.numbers.returns import return_regression_ask, return_regression_learn, trace_move
from forecast.numbers.rls import PRIOR
from forecast.prequential import Run, prequential
from forecast.truth import Truth

DATA = Path(__file__).parent.parent / "data"
CHAIN = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.1, 0.5, 0.4]])


def walked(chain: Floats, n: int, seed: int = 0) -> np.ndarray:
    """States of a Markov chain."""
    rng = np.random.default_rng(seed)
    states, cumulated = [0], chain.cumsum(axis=1)
    for u in rng.random(n - 1):
        states.append(int(np.searchsorted(cumulated[states[-1]], u)))
    return np.array(states)


def learned(xs: Floats, rewards: Floats, discount: float) -> Floats:
    """The weights of the regression after each step of a walk."""
    D = xs.shape[1]
    covariance, change = np.eye(D) * PRIOR, np.zeros(D)
    weights, credit, path = np.zeros(D), np.zeros(D), []
    return_regression_ask(covariance, change, credit, xs[0], discount)
    for before, x, reward in zip(xs[:-1], xs[1:], rewards[1:], strict=True):
        step = float(reward - weights @ before)
        return_regression_learn(weights, credit, x, step, discount, 1.0, math.inf)
        return_regression_ask(covariance, change, credit, x, discount)
        path.append(weights.copy())
    return np.array(path)


def test_the_values_of_a_markov_chain() -> None:
    """v = P r + discount P v,  so  v = (I - discount P)^-1 P r."""
    discount, r = 0.8, np.array([0.0, 1.0, 3.0])
    states = walked(CHAIN, 20_000)
    weights = learned(np.eye(3)[states], r[states], discount)
    exact = np.linalg.solve(np.eye(3) - discount * CHAIN, CHAIN @ r)
    # they go on walking about it
    np.testing.assert_allclose(weights[5000:].mean(axis=0), exact, rtol=0.02)
    assert np.ptp(exact) > 0.5  # states differ by more than is allowed


@pytest.mark.parametrize("discount", [0.3, 0.8])
def test_it_is_least_squares_on_returns(discount: float) -> None:
    """That on every return from its own features, which had to keep them all.

    A return that is not over is completed by the forecast of now:  the weights that solve
    sum_t x_t (x_t'w - sum_k discount^k r_(t+1+k) - discount^(n-t) x_n'w) + w / prior = 0.
    """
    rng = np.random.default_rng(1)
    n, D = 60, 4
    xs, rewards = rng.normal(size=(n, D)), rng.normal(size=n)
    weights = learned(xs, rewards, discount)[-1]
    A, b = np.eye(D) / PRIOR, np.zeros(D)
    for t in range(n - 1):
        steps = np.arange(n - 1 - t)
        b += xs[t] * (discount**steps @ rewards[t + 1 :])
        A += np.outer(xs[t], xs[t] - discount ** (n - 1 - t) * xs[-1])
    # to what the random walk of the weights adds to their variance in 60 steps
    np.testing.assert_allclose(weights, np.linalg.solve(A, b), rtol=2e-3, atol=1e-4)


def test_errors_of_steps_add_up_to_that_of_the_return() -> None:
    rng = np.random.default_rng(2)
    discount, n = 0.7, 12
    ys, said = rng.normal(size=n), rng.normal(size=n)  # A_t, whatever they are
    errors = [
        trace_move(0.0, ys[t], said[t], said[t - 1], discount) / (1.0 - discount)
        for t in range(1, n)
    ]
    values = said / (1.0 - discount)
    whole = discount ** np.arange(n - 1) @ ys[1:] + discount ** (n - 1) * values[-1]
    assert whole - values[0] == pytest.approx(discount ** np.arange(n - 1) @ np.array(errors))


def noise_that_lasts(n: int, seed: int = 3) -> Floats:
    """An autoregression: y_t = 0.8 y_t-1 + e_t."""
    ys = np.random.default_rng(seed).normal(size=n)
    for t in range(1, n):
        ys[t] += 0.8 * ys[t - 1]
    return ys


def test_traces_are_as_large_as_the_errors_of_returns() -> None:
    """The one looks back and the other ahead: their mean squares are the same."""
    ys = noise_that_lasts(4000)
    learner, traces = ReturnForecaster(0.9), []
    for y in ys:
        learner.learn(y)
        traces.append(float(learner.view("trace")) / 0.1)
    answers = run(ReturnForecaster(0.9), ys)
    late = answers.issued >= 500
    errors = (answers.y - answers.mean)[late]
    trace = math.sqrt(np.square(traces[500:]).mean())
    assert trace == pytest.approx(math.sqrt(np.square(errors).mean()), rel=0.03)


def test_an_autoregression_is_forecast_as_well_as_by_one_who_knows_it() -> None:
    """E G = 0.8 y / (1 - 0.9 0.8),  and its variance is that of e times sum_k s_k^2."""
    ys = noise_that_lasts(6000)
    answers = run(ReturnForecaster(0.9), ys)
    late = answers.issued >= 1000
    exact = 0.8 * ys[answers.issued] / (1.0 - 0.9 * 0.8)
    best, ours = (
        np.sqrt(np.square(answers.y - said)[late].mean()) for said in (exact, answers.mean)
    )
    assert ours < 1.05 * best
    low, high = answers.quantiles[late, 1], answers.quantiles[late, 19]
    inside = (low <= answers.y[late]) & (answers.y[late] <= high)
    assert 0.86 < inside.mean() < 0.94


def test_a_steady_stream_returns_itself_as_often_as_it_reaches() -> None:
    learner = ReturnForecaster(0.75)
    for _ in range(30):
        learner.learn(3.0)
    said = learner.predict()
    assert said.mean == said.quantile(0.01) == said.quantile(0.99) == 12.0


def test_the_loop_scores_sums_of_what_comes() -> None:
    ys = noise_that_lasts(80)
    answers = run(ReturnForecaster(0.5), ys)  # 99 % of the weight: 7 values
    weights = 0.5 ** np.arange(7)
    sums = [weights @ ys[t + 1 : t + 8] / (1.0 - 0.5**7) for t in range(len(ys) - 7)]
    np.testing.assert_allclose(answers.y, sums, rtol=1e-12)
    assert (answers.row == answers.issued + 7).all() and answers.issued[0] == 0
    # what a person would say who takes the last value, or the mean so far, for all that comes
    np.testing.assert_allclose(answers.last, 2.0 * ys[:-7], rtol=1e-12)
    np.testing.assert_allclose(answers.running[3], 2.0 * ys[:4].mean(), rtol=1e-12)


def test_a_sum_with_a_missing_term_is_not_scored_nor_is_the_gap_learned() -> None:
    ys = noise_that_lasts(60)
    gap = ys.copy()
    gap[30:33] = math.nan
    answers = run(ReturnForecaster(0.5), gap)
    assert set(range(7, 60)) - set(answers.row) == set(range(30, 39))
    without, over = ReturnForecaster(0.5), ReturnForecaster(0.5)
    for y in np.concatenate([ys[:30], ys[33:]]):
        without.learn(y)
    for y in gap:
        over.learn(y)
    assert over.predict().mean == pytest.approx(without.predict().mean, rel=1e-12)


class Steady(Learner):
    """Says that each of two channels stays, and asks for two weighted terms."""

    horizons = (2,)
    rate = 1.0
    channels = 2
    window = np.array([2.0, 1.0])

    def __init__(self) -> None:
        self.inner = ReturnForecaster()

    def predict(self, x: object = None, horizon: int | None = None) -> object:
        said = self.inner.predict()
        return said, said

    def learn(self, y: object, x: object = None) -> None:
        assert isinstance(y, list)
        self.inner.learn(y[0])


def test_any_learner_may_ask_for_sums() -> None:
    ys = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]])
    found = [(s.time, s.series, s.issued, s.y) for s in prequential(ys.tolist(), Steady())]
    assert found == [(2, 0, 0, 8.0), (2, 1, 0, 80.0), (3, 0, 1, 16.0), (3, 1, 1, 160.0)]
    in_pieces = Run(Steady())
    parts = [in_pieces.feed(block) for block in (ys[:1], ys[1:])]
    assert np.concatenate([part.y for part in parts]).tolist() == [8.0, 80.0, 16.0, 160.0]


@pytest.mark.slow
def test_no_edge_leaves_a_scar_on_returns_that_reach_far() -> None:
    LAWS["edges leave no scar"](ReturnForecaster)


def test_a_window_of_one_is_the_row_itself() -> None:
    ys = np.array([[1.0], [math.nan]])
    truth = Truth(None, 1)
    assert truth.see(ys) is ys
    assert (truth.whole, truth.spread, truth.overlap) == (1.0, 1.0, 1)


def test_sums_overlap() -> None:
    """Of the last four, equal: whole 4, spread sqrt(4), four of them share their terms."""
    truth = Truth(np.ones(4), 1)
    assert (truth.whole, truth.spread, truth.overlap) == (4.0, 2.0, 4)
    returns = Truth(ReturnForecaster(0.9).window, 1)
    assert returns.overlap == 10
    assert returns.spread == pytest.approx(1.0 / math.sqrt(1.0 - 0.9**2), rel=0.02)


def test_memory_does_not_grow_with_the_reach() -> None:
    sizes = {len(ReturnForecaster(discount).floats) for discount in (0.5, 0.9, 0.99, 0.999)}
    assert len(sizes) == 1 and sizes.pop() < 1300


@pytest.mark.parametrize("discount", [0.9, 0.95])
def test_it_is_better_than_any_average(discount: float) -> None:
    """At most 0.85 of the error of the best window in hindsight, the last value being one."""
    rows = (DATA / "co2.csv").read_text().split()[1:]
    ys = np.array([float(row.split(",")[1] or "nan") for row in rows])
    ys = ys[np.isfinite(ys)]
    answers = run(ReturnForecaster(discount), ys)
    late = answers.issued >= 300
    y, issued = answers.y[late], answers.issued[late]
    sums = np.concatenate([[0.0], ys.cumsum()])
    errors = []
    for length in (1, 2, 4, 8, 16, 32, 64, 128, 256, len(ys)):
        first = np.maximum(0, issued + 1 - length)
        mean = (sums[issued + 1] - sums[first]) / (issued + 1 - first)
        errors.append(np.abs(y - mean / (1.0 - discount)).mean())
    assert np.abs(y - answers.quantiles[late, 10]).mean() < 0.85 * min(errors)


@pytest.mark.parametrize("discount", [0.0, 1.0, -0.5, 1.5, math.nan, 0.99999])
def test_a_discount_that_is_none(discount: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 0\.9999; got"):
        ReturnForecaster(discount)
