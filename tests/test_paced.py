"""One model at one rate, paced by a rule: numbers, words and labels, against a second reading."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from forecast import Level, Paced, run
from forecast.distribution.mixture import Mixture
from forecast.distribution.quantiles import Quantiles
from forecast.labels.features import features_of
from forecast.learner import Symbols
from forecast.numbers.paced import COPIES, ENTROPY, MODELS, USUAL, paced, surprises
from forecast.paced import MODELS as SYMBOL_MODELS
from forecast.paced import symbol_surprises
from forecast.rate import (
    ERROR,
    EXPECTED,
    FASTER,
    MEMORY,
    RATE,
    REFERENCE,
    RULES,
    SEEN,
    SLOWER,
    SURPRISE,
    within_bounds,
)

Floats = NDArray[np.float64]
T4 = stats.t(4)


def a_series(seed: int = 0, n: int = 150) -> Floats:
    """Noise of two decimals around a level that shifts, with an outlier."""
    rng = np.random.default_rng(seed)
    ys = (rng.standard_t(5, n) + np.where(np.arange(n) < n // 2, 0.0, 6.0)).round(2)
    ys[n // 4] += 30.0
    return ys


# ------------------------------------------------- numbers, by a second reading


class Copy:
    """A fading mean with a fading mean |error| around it; weighted sums instead of recursions."""

    def __init__(self) -> None:
        self.fades, self.slow_fades = np.empty(0), np.empty(0)
        self.ys, self.sizes = np.empty(0), np.empty(0)

    def location(self) -> float:
        return float(self.fades @ self.ys / self.fades.sum())

    def scale(self, long: float) -> float:
        if len(self.sizes) == 0:
            return long
        return max(float(self.slow_fades @ self.sizes / self.slow_fades.sum()), 0.1 * long)

    def learn(self, y: float, rate: float, long: float) -> None:
        if len(self.ys) > 0:
            size = abs(y - self.location())
            if len(self.sizes) >= 10:
                size = min(size, 8.0 * self.scale(long))
            self.slow_fades = np.append((1.0 - min(0.1, rate)) * self.slow_fades, 1.0)
            self.sizes = np.append(self.sizes, size)
        self.fades = np.append((1.0 - rate) * self.fades, 1.0)
        self.ys = np.append(self.ys, y)


def level_by_hand(ys: Floats, rule: str, base: float) -> tuple[list[float], list[float]]:
    """Surprises and rates of a level; the rule itself has a second reading of its own."""
    chosen = RULES[rule]
    copies = [Copy() for _ in range(3 if chosen.shadows else 1)]
    memory, seen = np.zeros(MEMORY), np.zeros(SEEN)
    rate, usual, usual_error = base, 0.0, 0.0
    nats, rates = [], []
    for t, y in enumerate(ys):
        gaps = np.abs(np.diff(ys[:t]))
        long = float(gaps.mean()) if t > 1 else 0.0
        nats.append(math.nan)
        if long > 0.0:
            cell = max(float(gaps[gaps > 0.0].min()), 1e-3 * long)

            def surprise(at: float, scale: float, y: float = y, cell: float = cell) -> float:
                low, high = (y - 0.5 * cell - at) / scale, (y + 0.5 * cell - at) / scale
                sign = -1.0 if low > 0.0 else 1.0  # in the tail that is not near 1
                mass = T4.cdf(max(sign * low, sign * high)) - T4.cdf(min(sign * low, sign * high))
                return -math.log(mass / cell)

            each = [surprise(copy.location(), copy.scale(long)) for copy in copies]
            nats[-1] = each[0]
            scale = copies[0].scale(long)
            seen[SURPRISE], seen[RATE] = each[0], rate
            seen[EXPECTED] = max(float(T4.entropy()) + math.log(scale), math.log(cell))
            seen[ERROR] = (y - copies[0].location()) / scale
            seen[REFERENCE] = surprise(usual, max(usual_error, 0.1 * long))
            if chosen.shadows:
                seen[FASTER], seen[SLOWER] = each[1:]
            rate = within_bounds(chosen.step(memory, seen, base, chosen.strengths[0]))
        for copy, moved in zip(copies, (rate, min(1.0, 2.0 * rate), 0.5 * rate), strict=False):
            copy.learn(y, moved, long)
        usual_error += max(1.0 / (t + 1.0), 0.001) * (abs(y - usual) - usual_error)
        usual += max(1.0 / (t + 1.0), 0.001) * (y - usual)
        rates.append(rate)
    return nats, rates


# one rule of each kind: deaf, of its surprise and a reference, of the error
@pytest.mark.parametrize("rule", ["constant", "Bayes factor", "bounded"])
def test_a_level_by_every_kind_of_rule(rule: str) -> None:
    ys = a_series()
    for base in (0.03, 0.3):
        nats, rates = level_by_hand(ys, rule, base)
        got, paced_rates = surprises("level", ys, np.array([base]), rule)
        np.testing.assert_allclose(paced_rates[:, 0], rates, rtol=1e-6)
        np.testing.assert_allclose(got[:, 0], nats, rtol=1e-6, atol=1e-7)


def test_a_level_with_shadows() -> None:
    ys = a_series()
    nats, rates = level_by_hand(ys, "relative surprise", 0.1)
    got, paced_rates = surprises("level", ys, np.array([0.1]), "relative surprise")
    np.testing.assert_allclose(paced_rates[:, 0], rates, rtol=1e-6)
    np.testing.assert_allclose(got[:, 0], nats, rtol=1e-6, atol=1e-7)


def test_entropy_is_that_of_students_t() -> None:
    assert pytest.approx(float(T4.entropy()), rel=1e-9) == ENTROPY


@pytest.mark.parametrize("model", MODELS)
def test_copies_do_not_hear_of_each_other(model: str) -> None:
    ys, bases = a_series(1), np.array([0.5, 0.05, 0.001])
    together = paced(model, ys, bases)
    for k in range(3):
        alone = paced(model, ys, bases[k : k + 1])
        for one, all_of_them in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[:, 0], all_of_them[:, k])


@pytest.mark.parametrize("model", ["level", "least squares"])
def test_the_learner_is_the_loop_one_point_at_a_time(model: str) -> None:
    ys = a_series(2)
    ys[40:43] = math.nan
    nats, forecasts, rates = paced(model, ys, np.array([0.1]))
    learner = Paced(model, rate=0.1)
    answers = run(learner, ys)
    scored = ~np.isnan(nats[answers.row, 0])
    np.testing.assert_allclose(
        answers.surprise[scored], nats[answers.row, 0][scored], rtol=1e-12, atol=1e-12
    )
    np.testing.assert_array_equal(answers.mean[scored], forecasts[answers.row, 0][scored])
    assert learner.rate == rates[-1, 0] == 0.1
    assert np.isnan(nats[40:43]).all()


def test_its_forecast_is_a_students_t() -> None:
    learner = Paced("level", rate=0.5)
    assert math.isnan(learner.predict().mean)
    for y in (0.0, 0.0):
        learner.learn(y)
    assert isinstance(learner.predict(), Quantiles) and learner.predict().mean == 0.0
    learner.learn(7.0)
    said = learner.predict()
    assert isinstance(said, Mixture)
    # 0, 0, 7 weighted by 1/4, 1/2, 1; errors 0 and 7, the older one of weight .9 (of no unit yet)
    assert said.mean == pytest.approx(4.0, rel=1e-14)
    assert said.scales[0] == pytest.approx(7.0 / 1.9, rel=1e-14)
    assert (said.nus[0], said.cell) == (4.0, 7.0)


@pytest.mark.parametrize("rate", [1e-4, 0.3, 1.0])
def test_the_scale_model_forecasts_the_last_value(rate: float) -> None:
    ys = a_series(3)
    _, forecasts, _ = paced("scale", ys, np.array([rate]))
    np.testing.assert_array_equal(forecasts[2:, 0], ys[1:-1])


@pytest.mark.parametrize(("made", "says"), [
    (lambda: Paced("trend"), "model must be one of level, scale.* got 'trend'"),
    (lambda: Paced(rule="faith"), "rule must be one of constant.* got 'faith'"),
    *((lambda rate=rate: Paced(rate=rate), r"rate must lie in \(0, 1\]") for rate in (
        0.0, -0.1, 1.5, math.nan, math.inf
    )),
])  # fmt: skip
def test_bad_arguments_are_refused(made: Callable[[], Paced], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        made()


def test_bad_names_of_a_loop_are_refused() -> None:
    for call in (
        lambda: surprises("trend", a_series(), np.array([0.1])),
        lambda: surprises("level", a_series(), np.array([0.1]), "faith"),
    ):
        with pytest.raises(KeyError):
            call()


# ------------------------------------------------- the law, of whole learners


def mean_step(learner: Paced) -> tuple[float, float]:
    """The mean step of its level where y follows its own forecast, and the mean size of steps.

    By quadrature over the levels of its quantiles, which lie symmetric around its middle.
    """
    points, weights = np.polynomial.legendre.leggauss(60)
    said, steps = learner.predict(), []
    for point in points:
        after = learner.copy()
        after.learn(said.quantile(0.5 * (point + 1.0)))
        steps.append(after.moved(learner)[0])
    return 0.5 * float(weights @ steps), 0.5 * float(weights @ np.abs(steps))


def told(rule: str, ys: Floats) -> Paced:
    learner = Paced("level", rule, rate=0.1)
    for y in ys:
        learner.learn(y)
    return learner


RISING = np.concatenate([a_series(4, 400), a_series(5, 8) + np.arange(8.0) + 12.0])


def test_what_was_expected_moves_no_level() -> None:
    """As for every rule alone in test_rate."""
    mean, size = mean_step(told("bounded", RISING))
    assert abs(mean) < 1e-10 * size
    assert size > 0.05


def test_a_bayes_factor_is_centred_where_its_reference_is() -> None:
    learner = told("Bayes factor", RISING)
    mean, size = mean_step(learner)
    assert abs(mean) > 0.01 * size  # the reference lags behind
    learner.floats[USUAL] = learner.predict().mean
    mean, size = mean_step(learner)
    assert abs(mean) < 1e-9 * size


def test_a_level_whose_errors_had_one_sign_drifts() -> None:
    """Known: the rate is signed by the same error. Of IDBD and Autostep, too: see test_rate."""
    mean, size = mean_step(told("Trigg-Leach", RISING))
    assert mean > 0.001 * size


def test_moved_is_the_step_of_what_is_believed() -> None:
    for model, rule, beliefs in (
        ("level", "constant", 1),
        ("level", "relative surprise", 1),
        ("scale", "constant", 1),
        ("least squares", "constant", 9),
    ):
        learner = Paced(model, rule, rate=0.2)
        for y in a_series(6, 400):
            learner.learn(y)
        after = learner.copy()
        after.learn(100.0)
        step = after.moved(learner)
        assert step.shape == (beliefs,)
        assert (step != 0.0).all()
        assert not learner.moved(learner).any()
    # of a level it is that of the mean
    level = Paced(rate=0.2)
    for y in a_series(6, 400):
        level.learn(y)
    after = level.copy()
    after.learn(100.0)
    assert after.moved(level)[0] == pytest.approx(
        after.predict().mean - level.predict().mean, rel=1e-12
    )


@pytest.mark.parametrize("made", [Paced, Level])
def test_a_young_learner_tells_how_it_moved(made: Callable[[], Any]) -> None:
    learner = made()
    for y in (1.0, 2.0, 1.0, 3.0):
        learner.learn(y)
    after = learner.copy()
    after.learn(9.0)
    assert np.isfinite(after.moved(learner)).all()


def test_options_make_it_again() -> None:
    learner = Paced("level", "hypergradient", rate=0.25, strength=0.01)
    assert repr(learner) == "Paced(rule='hypergradient', rate=0.25, strength=0.01)"
    assert Paced(**learner.options()).floats.tobytes() == learner.floats.tobytes()
    assert Paced(rule="own surprise").strength == 0.5
    # paced: the base, and the rate of the copy
    assert (learner.floats[COPIES], learner.base) == (0.25, 0.25)


# ------------------------------------------------- labels and words


def symbols(ys: list[bytes], xs: list[bytes] | None = None) -> Symbols:
    xs = [b""] * len(ys) if xs is None else xs
    ends = [np.array([0, *itertools.accumulate(map(len, of))]) for of in (xs, ys)]
    x, y = (np.frombuffer(bytearray(b"".join(of)), np.uint8) for of in (xs, ys))
    return Symbols(0, x, ends[0], y, ends[1])


def labels_of(seed: int, n: int = 200) -> list[int]:
    rng = np.random.default_rng(seed)
    return (rng.random(n) < np.where(np.arange(n) < n // 2, 0.2, 0.7)).astype(int).tolist()


def frequency_by_hand(labels: list[int], rule: str, base: float) -> tuple[Floats, Floats]:
    """Surprises and rates; counts of each copy as a list, faded anew at each point."""
    chosen = RULES[rule]
    counts = [[0.0, 0.0] for _ in range(4)]  # the belief, its two shadows, the reference
    memory, seen, rate = np.zeros(MEMORY), np.zeros(SEEN), base
    nats, rates = [], []
    for y in labels:
        each = [(c[y] + 0.5) / (sum(c) + 1.0) for c in counts]
        p = each[0]
        seen[[SURPRISE, FASTER, SLOWER, REFERENCE]] = -np.log(each)
        seen[EXPECTED] = float(stats.bernoulli(p).entropy())
        seen[ERROR] = (1.0 - p) * (1.0 if y == 1 else -1.0)
        seen[RATE] = rate
        rate = within_bounds(chosen.step(memory, seen, base, chosen.strengths[0]))
        for c, moved in zip(counts, (rate, min(1.0, 2.0 * rate), 0.5 * rate, 1e-5), strict=True):
            for label in (0, 1):
                c[label] = (1.0 - moved) * c[label] + (label == y)
        nats.append(-math.log(p))
        rates.append(rate)
    return np.array(nats), np.array(rates)


# as above, and one that looks at its shadows
@pytest.mark.parametrize("rule", ["constant", "relative surprise", "IDBD"])
def test_the_frequency_of_a_label(rule: str) -> None:
    labels, bases = labels_of(0), np.array([0.02, 0.2])
    block = symbols([bytes([y]) for y in labels])
    nats, rates = symbol_surprises("frequency", block, bases, rule)
    for k, base in enumerate(bases):
        expected, paced_at = frequency_by_hand(labels, rule, base)
        np.testing.assert_allclose(nats[:, k], expected, rtol=1e-9)
        np.testing.assert_allclose(rates[:, k], paced_at, rtol=1e-9)


def test_logistic_regression_at_a_constant_rate() -> None:
    words = [b"win", b"cash", b"now", b"lunch", b"home", b"later", b"call"]
    rng = np.random.default_rng(1)
    labels = labels_of(1, 120)
    xs = [b" ".join(words[j] for j in rng.choice(4, 3) + 3 * (1 - y)) for y in labels]
    rates = np.array([0.5, 0.03])
    nats, _ = symbol_surprises("logistic", symbols([bytes([y]) for y in labels], xs), rates)
    for k, rate in enumerate(rates):
        weights: defaultdict[int, float] = defaultdict(float)
        for t, (x, y) in enumerate(zip(xs, labels, strict=True)):
            slots = np.empty(2000, np.int64)
            found = slots[: features_of(np.frombuffer(x, np.uint8).copy(), 16, slots)].tolist()
            z = min(15.0, max(-15.0, sum(weights[slot] for slot in found)))
            p = 1.0 / (1.0 + math.exp(-z))
            assert nats[t, k] == pytest.approx(-math.log(p if y else 1.0 - p), rel=1e-9)
            for slot in found:
                weights[slot] += rate * (y - p)
    assert nats[100:, 0].mean() < 0.1


TEXT = [*b"the rain the wind the rain and the sea".split(b" "), b"the", b"rain"] * 6


def test_words_at_two_rates() -> None:
    """By the rates: base exp(strength (s - h)), where h is the mean of the surprises before."""
    block, bases = symbols(TEXT), np.array([1 / 16, 1e-3])
    nats, rates = symbol_surprises("bigram", block, bases, "own surprise")
    assert np.isfinite(nats).all() and nats.min() > 0.0
    # what comes again surprises less
    assert (nats[-11:].mean(axis=0) < 0.8 * nats[:11].mean(axis=0)).all()
    for k, base in enumerate(bases):
        s = nats[:, k]
        usual = np.concatenate([[s[0]], np.cumsum(s)[:-1] / np.arange(1, len(s))])
        expected = base * np.exp(0.5 * np.clip(s - usual, -3.0, 3.0))
        np.testing.assert_allclose(rates[:, k], np.maximum(1e-5, expected), rtol=1e-9)
        # each copy is alone
        alone, _ = symbol_surprises("bigram", block, bases[k : k + 1], "own surprise")
        np.testing.assert_array_equal(alone[:, 0], s)


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if rule.error])
def test_a_word_has_no_error(rule: str) -> None:
    for model in ("unigram", "bigram"):
        with pytest.raises(ValueError, match="a word has none"):
            symbol_surprises(model, symbols(TEXT), np.array([0.1]), rule)


def test_no_words_no_surprises() -> None:
    nats, rates = symbol_surprises("frequency", symbols([]), np.array([0.5, 0.1]))
    assert nats.shape == rates.shape == (0, 2)
    with pytest.raises(KeyError):
        symbol_surprises("trigram", symbols([]), np.array([0.5]))


def test_models_say_how_fast_they_may_be() -> None:
    for model in SYMBOL_MODELS.values():
        assert 0.0 < model.fastest <= 1.0
    fastest: dict[str, Any] = {name: model.fastest for name, model in MODELS.items()}
    assert fastest == {"level": 1.0, "scale": 1.0, "gradient": 1.0, "least squares": 0.5}
