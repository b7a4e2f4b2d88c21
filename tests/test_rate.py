"""Rates: by hand, against a second reading, within their bounds, and the law that they keep."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

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
    SLOWEST,
    SURPRISE,
    bounded,
    constant,
    one_over_n,
    within_bounds,
)

Floats = NDArray[np.float64]

rates = st.floats(1e-9, 1.0)
numbers = st.floats(-1e12, 1e12)


def test_by_hand() -> None:
    assert constant(0.2) == 0.2
    assert [one_over_n(n, 0.2) for n in (1.0, 2.0, 4.0, 5.0, 6.0, 1e9)] == [
        *(1.0, 0.5, 0.25, 0.2, 0.2, 0.2)
    ]
    assert [bounded(e, 2.0) for e in (-9.0, -2.0, -1.5, 0.0, 1.5, 2.0, 9.0)] == [
        *(-2.0, -2.0, -1.5, 0.0, 1.5, 2.0, 2.0)
    ]


def test_the_rate_of_1_over_n_makes_the_mean() -> None:
    y = np.random.default_rng(0).normal(5.0, 2.0, 300)
    level = 0.0
    for n, value in enumerate(y, start=1):
        level += one_over_n(float(n), 0.0) * (value - level)
        assert level == pytest.approx(y[:n].mean(), rel=1e-12)


def test_with_a_floor_it_becomes_exponential_smoothing() -> None:
    y = np.random.default_rng(1).normal(size=60)
    level = 0.0
    for n, value in enumerate(y, start=1):
        level += one_over_n(float(n), 0.1) * (value - level)
    # the mean of the first 10, then 0.9 of the old and 0.1 of the new
    weights = 0.1 * 0.9 ** np.arange(49, -1, -1)
    assert level == pytest.approx(0.9**50 * y[:10].mean() + weights @ y[10:], rel=1e-12)


@given(rate=rates, n=st.floats(1.0, 1e12), later=st.floats(0.0, 1e12))
def test_one_over_n_lies_between_its_floor_and_1_and_falls(
    rate: float, n: float, later: float
) -> None:
    got = one_over_n(n, rate)
    assert rate <= got <= 1.0
    assert got == rate or got == 1.0 / n
    assert one_over_n(n + later, rate) <= got


@given(rate=rates)
def test_constant_is_what_it_was_given(rate: float) -> None:
    assert constant(rate) == rate


@given(error=numbers, bound=st.floats(0.0, 1e12), other=numbers)
def test_bounded_by_its_bound_odd_rising_and_never_larger(
    error: float, bound: float, other: float
) -> None:
    got = bounded(error, bound)
    assert abs(got) == min(abs(error), bound)
    assert got * error >= 0.0
    assert bounded(-error, bound) == -got
    assert (bounded(other, bound) - got) * (other - error) >= 0.0
    # no step is longer than the error's own
    assert abs(bounded(other, bound) - got) <= abs(other - error) * (1.0 + 1e-12) + 1e-300


def test_bounded_at_infinity() -> None:
    assert bounded(math.inf, 3.0) == 3.0
    assert bounded(-math.inf, 3.0) == -3.0


# ------------------------------------------------- rules: a second reading of each equation
# Every reading is told the whole stream so far as columns and gives all rates; where it can be, it
# is a closed form over the past and not the recursion again.


class Past(NamedTuple):
    """What a rule is told, column by column."""

    surprise: Floats
    expected: Floats
    reference: Floats
    faster: Floats
    slower: Floats
    error: Floats

    @property
    def excess(self) -> Floats:
        return np.clip(self.surprise - self.expected, -3.0, 3.0)


Reading = Callable[[Past, float, float], Any]


def fading(xs: Floats, rate: float) -> Floats:
    """sum_j rate (1 - rate)^(t - j) x_j, all terms of it."""
    t = np.arange(len(xs))
    weights = np.where(t[:, None] >= t, rate * (1.0 - rate) ** np.abs(t[:, None] - t), 0.0)
    return weights @ xs  # type: ignore[no-any-return]


def young_fading(xs: Floats, rate: float) -> Iterator[float]:
    """The plain mean of the first 1/rate, forgetting from then on."""
    young = round(1.0 / rate)
    for t in range(1, len(xs) + 1):
        fades = (1.0 - rate) ** np.arange(max(0, t - young) - 1, -1, -1.0)
        start = xs[: min(t, young)].mean()
        yield start * (1.0 - rate) ** len(fades) + rate * float(fades @ xs[young:t])


def reading_of_a_mean(past: Past, base: float, strength: float) -> Floats:
    return base * np.exp(strength * fading(past.excess, 0.1))


def reading_of_the_last(past: Past, base: float, strength: float) -> Floats:
    return base * np.exp(strength * np.concatenate([[0.0], past.excess[:-1]]))


def reading_of_two_means(past: Past, base: float, strength: float) -> Floats:
    short, long = (np.array([*young_fading(past.surprise, r)]) for r in (0.1, 0.01))
    return base * np.exp(strength * np.clip(short - long, -3.0, 3.0))


def reading_of_relative_surprise(past: Past, base: float, strength: float) -> Floats:
    gained = fading(np.clip(past.slower - past.faster, -3.0, 3.0), 0.1)
    return base * np.exp(10.0 * strength * np.clip(gained, -0.4, 0.4))


def reading_of_the_bayes_factor(past: Past, base: float, strength: float) -> Floats:
    # the posterior odds of a change are the prior odds times the factor
    odds = strength / (1.0 - strength) * np.exp(past.surprise - past.reference)
    changed = odds / (1.0 + odds)
    return changed + (1.0 - changed) * base


def reading_of_nassar(past: Past, base: float, strength: float) -> Iterator[float]:
    run = 0.0
    for new, old in zip(np.exp(-past.reference), np.exp(-past.surprise), strict=True):
        change = new * strength / (new * strength + old * (1.0 - strength))
        yield change + (1.0 - change) / (1.0 + run)
        run = min(1.0 / base, (1.0 - change) * (run + 1.0) + change)


def reading_of_a_hypergradient(past: Past, base: float, strength: float) -> Iterator[float]:
    log_rate, square = math.log(base), 0.0
    for c in past.slower - past.faster:
        square = 0.99 * square + 0.01 * c**2
        log_rate += strength * min(3.0, max(-3.0, c / math.sqrt(square + 1e-12)))
        log_rate = min(0.0, max(math.log(1e-5), log_rate))
        yield math.exp(log_rate)


def reading_of_trigg_and_leach(past: Past, base: float, strength: float) -> Floats:
    return abs(fading(past.error, strength)) / fading(abs(past.error), strength)


def reading_of_sutton(past: Past, base: float, strength: float) -> Iterator[float]:
    """Figure 2 of the paper, for x = 1: beta, alpha = exp(beta), h."""
    beta, h = math.log(base), 0.0
    for delta in np.clip(past.error, -3.0, 3.0):
        beta = min(0.0, beta + strength * delta * h)  # he has no bound; a rate is at most 1
        alpha = math.exp(beta)
        h = h * max(0.0, 1.0 - alpha) + alpha * delta
        yield alpha


def reading_of_mahmood(past: Past, base: float, strength: float) -> Iterator[float]:
    """Table 1 of the paper, for x = 1 and tau = 10^4."""
    alpha, h, v = base, 0.0, 0.0
    for delta in np.clip(past.error, -3.0, 3.0):
        v = max(abs(delta * h), v + alpha / 1e4 * (abs(delta * h) - v))
        alpha *= math.exp(strength * delta * h / v) if v > 0.0 else 1.0
        alpha /= max(alpha, 1.0)
        h = h * (1.0 - alpha) + alpha * delta
        yield alpha


READINGS: dict[str, Reading] = {
    "constant": lambda past, base, strength: np.full(len(past.error), base),
    "1/n with a floor": lambda past, base, strength: np.maximum(
        1.0 / np.arange(1, len(past.error) + 1), base
    ),
    "own surprise": lambda past, base, strength: base * np.exp(strength * past.excess),
    "last surprise": reading_of_the_last,
    "mean surprise": reading_of_a_mean,
    "fast over slow surprise": reading_of_two_means,
    "relative surprise": reading_of_relative_surprise,
    "Bayes factor": reading_of_the_bayes_factor,
    "change point": reading_of_nassar,
    "hypergradient": reading_of_a_hypergradient,
    "Trigg-Leach": reading_of_trigg_and_leach,
    "bounded": lambda past, base, strength: base / np.maximum(1.0, abs(past.error) / strength),
    "IDBD": reading_of_sutton,
    "Autostep": reading_of_mahmood,
    "AdaGrad": lambda past, base, strength: (
        10.0 * base / np.sqrt(np.cumsum(np.minimum(past.error**2, 25.0)) + 1e-9)
    ),
}


def a_past(seed: int, n: int = 260) -> Past:
    """Calm, then three times as wild, then calm; a faster and a slower belief that differ."""
    rng = np.random.default_rng(seed)
    wild = np.where((np.arange(n) // 80) % 2 == 1, 3.0, 1.0)
    error = rng.standard_t(4, n) * wild + 0.3 * rng.normal()
    surprise = 0.5 * np.log1p(error**2) * 4.0 - rng.uniform(0.0, 2.0)
    others = surprise[:, None] + rng.normal(0.0, 0.7, (n, 3))
    return Past(surprise, np.full(n, 1.3), *others.T, error)


def rates_of(name: str, past: Past, base: float, strength: float) -> Floats:
    """What the rule itself gives, point after point."""
    memory, seen, found = np.zeros(MEMORY), np.zeros(SEEN), []
    rate = base
    for row in np.transpose(past):
        seen[[SURPRISE, EXPECTED, REFERENCE, FASTER, SLOWER, ERROR]] = row
        seen[RATE] = rate
        found.append(RULES[name].step(memory, seen, base, strength))
        rate = within_bounds(found[-1])
    return np.array(found)


def test_every_rule_has_a_second_reading() -> None:
    assert READINGS.keys() == RULES.keys()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_against_a_second_reading(name: str) -> None:
    for seed, strength in enumerate(RULES[name].strengths):
        for base in (0.03, 0.3):
            past = a_past(seed)
            expected = np.fromiter(READINGS[name](past, base, strength), float)
            got = rates_of(name, past, base, strength)
            np.testing.assert_allclose(got, expected, rtol=1e-9)
            if name not in ("constant", "1/n with a floor"):
                assert np.ptp(got) > 0.01 * base


@pytest.mark.parametrize("name", RULES)
def test_strengths_are_valid(name: str) -> None:
    strengths = RULES[name].strengths
    assert len(set(strengths)) == len(strengths) > 0
    assert all(0.0 < strength < math.inf for strength in strengths)
    if name in ("Bayes factor", "change point", "Trigg-Leach"):  # probabilities, and a rate
        assert max(strengths) < 1.0


def test_which_rules_look_at_shadows_and_which_at_the_error() -> None:
    """Told another shadow or another error, only those rules move that say that they look."""
    past = a_past(0)
    for name, rule in RULES.items():
        before = rates_of(name, past, 0.1, rule.strengths[0])
        shadows = past._replace(faster=past.faster - 0.2)
        moved = rates_of(name, shadows, 0.1, rule.strengths[0])
        assert np.array_equal(before, moved) != rule.shadows, name
        errors = past._replace(error=2.0 * past.error + 1.0)
        moved = rates_of(name, errors, 0.1, rule.strengths[0])
        assert np.array_equal(before, moved) != rule.error, name


told = st.floats(-800.0, 800.0)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(told, told, told, told, told, st.floats(-1e150, 1e150)), min_size=1, max_size=30
    ),
    base=st.floats(1e-5, 1.0),
)
def test_rates_stay_within_their_bounds(
    name: str, rows: list[tuple[float, ...]], base: float
) -> None:
    past = Past(*np.array(rows).T)
    for strength in RULES[name].strengths:
        raw = rates_of(name, past, base, strength)
        assert (raw >= 0.0).all() and not np.isnan(raw).any()
        bounded_rates = np.array([within_bounds(rate) for rate in raw])
        assert ((bounded_rates >= SLOWEST) & (bounded_rates <= 1.0)).all()


def test_within_bounds_by_hand() -> None:
    assert [within_bounds(rate) for rate in (-1.0, 0.0, 1e-6, 0.2, 1.0, 7.0, math.inf)] == [
        *(1e-5, 1e-5, 1e-5, 0.2, 1.0, 1.0, 1.0)
    ]


# ------------------------------------------------- rules: what they are for


def as_expected(n: int = 50, **columns: Any) -> Past:
    """Every point as surprising as expected, to the belief, its shadows and the reference."""
    given = {name: np.full(n, 1.3) for name in Past._fields} | {"error": np.zeros(n)}
    return Past(
        **given | {name: np.broadcast_to(v, n).astype(float) for name, v in columns.items()}
    )


@pytest.mark.parametrize(
    "name",
    [
        *("own surprise", "last surprise", "mean surprise", "fast over slow surprise"),
        *("relative surprise", "hypergradient"),
    ],
)
def test_what_was_expected_is_learned_at_the_base_rate(name: str) -> None:
    got = rates_of(name, as_expected(), 0.07, RULES[name].strengths[0])
    np.testing.assert_allclose(got, 0.07, rtol=1e-14)


@pytest.mark.parametrize("strength", [0.001, 0.01, 0.1])
def test_a_bayes_factor_of_1_leaves_the_prior_chance_of_a_change(strength: float) -> None:
    m = strength / (1.0 - strength)
    got = rates_of("Bayes factor", as_expected(3), 0.07, strength)
    np.testing.assert_allclose(got, 1.0 - (1.0 - 0.07) * (1.0 - m / (1.0 + m)), rtol=1e-14)
    # that chance is the strength itself
    np.testing.assert_allclose(got, 1.0 - (1.0 - 0.07) * (1.0 - strength), rtol=1e-14)


def test_a_surprise_that_the_reference_did_not_have_is_a_change() -> None:
    for name in ("Bayes factor", "change point"):
        changed = rates_of(name, as_expected(surprise=21.3), 0.07, 0.01)
        usual = rates_of(name, as_expected(reference=21.3), 0.07, 0.01)
        assert changed.min() > 1.0 - 1e-5, name
        assert usual[-1] < 0.08, name


def test_the_run_of_nassar_is_the_number_of_points_where_nothing_changes() -> None:
    # S = 0: the rate is that of a mean, 1/n, down to 1/(1/base + 1)
    got = rates_of("change point", as_expected(reference=750.0), 0.05, 0.01)
    np.testing.assert_allclose(got[:20], 1.0 / np.arange(1.0, 21.0), rtol=1e-9)
    np.testing.assert_allclose(got[20:], 1.0 / 21.0, rtol=1e-9)
    # one change by hand: S = 1 and H = 1/2 make w = 1/2; the run goes 0, 1, 3/2
    by_hand = rates_of("change point", as_expected(3), 0.05, 0.5)
    np.testing.assert_allclose(by_hand, [1.0, 0.75, 0.5 + 0.5 / 2.5], rtol=1e-15)


def test_trigg_and_leach_hear_the_sign() -> None:
    one_sign = as_expected(error=np.abs(a_past(1).error[:50]) + 0.1)
    np.testing.assert_allclose(rates_of("Trigg-Leach", one_sign, 0.1, 0.1), 1.0, rtol=1e-9)
    alternating = as_expected(400, error=np.where(np.arange(400) % 2 == 0, 2.0, -2.0))
    got = rates_of("Trigg-Leach", alternating, 0.1, 0.1)
    # |a| of +-1 in turn settles at phi / (2 - phi)
    assert got[-1] == pytest.approx(0.1 / 1.9, rel=1e-9)


def test_a_hypergradient_follows_the_shadow_that_wins() -> None:
    rises = rates_of("hypergradient", as_expected(300, faster=1.2), 0.05, 0.03)
    falls = rates_of("hypergradient", as_expected(300, slower=1.2), 0.05, 0.03)
    assert (np.diff(rises) >= 0.0).all() and rises[-1] == 1.0
    assert (np.diff(falls) <= 0.0).all() and falls[-1] < 1e-3
    # at the end of its range it turns at once: nothing was wound up
    turned = np.concatenate([np.full(900, 1.2), np.full(1, 1.4)])
    got = rates_of("hypergradient", as_expected(901, faster=turned), 0.05, 0.03)
    assert got[-2] == 1.0 and got[-1] < 0.98


def test_a_gradient_on_the_log_of_the_rate_rises_with_errors_of_one_sign() -> None:
    for name in ("IDBD", "Autostep"):
        one_sign = rates_of(name, as_expected(error=1.0), 0.05, 0.03)
        in_turn = rates_of(name, as_expected(error=np.resize([1.0, -1.0], 50)), 0.05, 0.03)
        assert one_sign[-1] > 0.06 and in_turn[-1] < 0.05, name


@pytest.mark.parametrize("name", ["IDBD", "Autostep"])
def test_no_log_rate_is_wound_up(name: str) -> None:
    # Mahmood divides alpha by what it is above 1: errors that alternate turn it at once
    error = np.concatenate([np.ones(1000), np.resize([1.0, -1.0], 100)])
    past = as_expected(1100, error=error)
    expected = np.fromiter(READINGS[name](past, 0.05, 0.03), float)
    assert expected[990] == 1.0 and expected[1010] < 0.9
    np.testing.assert_allclose(rates_of(name, past, 0.05, 0.03), expected, rtol=1e-9)


# ------------------------------------------------- the law: a rate is predictable or centred


GAUSS, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(200)
LEVEL_OF = 0.5 * (GAUSS + 1.0)
DRAWS = stats.t(4).ppf(LEVEL_OF)  # with these weights, a quadrature of Student's t, symmetric
CHANCES = 0.5 * GAUSS_WEIGHTS


def surprise_of(errors: Floats) -> Floats:
    """Of Student's t of 4 degrees of freedom."""
    return -stats.t(4).logpdf(errors)  # type: ignore[no-any-return]


def mean_step(name: str, before: Past, reference: float = 0.0) -> tuple[float, float]:
    """The mean step of a level, rate * e, at one frozen memory; and how large its steps are.

    The error e follows the belief's own Student's t of 4 degrees of freedom; the reference is the
    same law around another place.
    """
    memory, seen = np.zeros(MEMORY), np.zeros(SEEN)
    rule = RULES[name]
    base, strength = 0.05, rule.strengths[0]
    for row in np.transpose(before):
        seen[[SURPRISE, EXPECTED, REFERENCE, FASTER, SLOWER, ERROR]] = row
        rule.step(memory, seen, base, strength)
    columns = np.array([DRAWS, *(surprise_of(DRAWS - at) for at in (0.0, reference, 0.5, -0.1))])
    steps = []
    for row in columns.T:
        seen[[ERROR, SURPRISE, REFERENCE, FASTER, SLOWER]] = row
        rate = within_bounds(rule.step(memory.copy(), seen, base, strength))
        # the level is a fading mean of 20 points
        steps.append(row[0] / ((1.0 - rate) * 20.0 + 1.0))
    mean = math.fsum(c * step for c, step in zip(CHANCES, steps, strict=True))
    size = math.fsum(c * abs(step) for c, step in zip(CHANCES, steps, strict=True))
    return mean, size


SYMMETRIC = [
    *("constant", "1/n with a floor", "own surprise", "last surprise", "mean surprise"),
    *("fast over slow surprise", "Bayes factor", "change point", "bounded", "AdaGrad"),
]
SIGNED = ["Trigg-Leach", "IDBD", "Autostep"]
SHADOWED = ["relative surprise", "hypergradient"]


def test_each_rule_is_judged() -> None:
    assert {*SYMMETRIC, *SIGNED, *SHADOWED} == RULES.keys()
    assert {name for name, rule in RULES.items() if rule.shadows} == {*SHADOWED}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_what_was_expected_moves_nothing(name: str) -> None:
    """Whatever came before, were it of one sign only: the rate hears no sign of the error."""
    for before in (a_past(0), as_expected(error=2.0), as_expected(surprise=4.0, error=-1.0)):
        mean, size = mean_step(name, before)
        assert abs(mean) < 1e-12 * size
        assert size > 1e-3


@pytest.mark.parametrize("name", ["Bayes factor", "change point"])
def test_a_reference_elsewhere_pulls_the_level_away_from_it(name: str) -> None:
    # points on the reference's side look like a change, and move the level more
    for reference in (-6.0, 6.0):
        mean, size = mean_step(name, as_expected(), reference)
        assert mean * reference > 0.0
        assert abs(mean) > 0.005 * size


@pytest.mark.parametrize("name", SIGNED)
def test_a_rate_that_hears_the_sign_drifts(name: str) -> None:
    """Known of them: the rate is signed by the same error, and goes on where it was going."""
    for sign in (-1.0, 1.0):
        mean, size = mean_step(name, as_expected(error=2.0 * sign))
        assert mean * sign > 0.0
        assert abs(mean) > 1e-4 * size  # exact to 1e-12


@pytest.mark.parametrize("name", SHADOWED)
def test_shadows_on_two_sides_drift(name: str) -> None:
    """The faster one stands above here and the slower one below: points above it raise the rate."""
    mean, size = mean_step(name, as_expected())
    assert mean > 0.002 * size
