"""Tests of which forecaster is better: against other people's, by hand, and their size."""

import math

import numpy as np
import pytest
from scipy import stats

from forecast.report.comparison import (
    Compared,
    combined,
    diebold_mariano,
    e_bh,
    holm,
    sentence,
    summary,
    untestable,
)


def by_hand(d: np.ndarray, h: int, weights: np.ndarray) -> tuple[float, float]:
    """Statistic and p by the formulas of Harvey, Leybourne and Newbold."""
    n = len(d)
    x = d - d.mean()
    gamma = np.array([x[k:] @ x[: n - k] / n for k in range(h)])
    variance = (gamma[0] + 2.0 * (weights * gamma[1:]).sum()) / n
    statistic = d.mean() / math.sqrt(variance)
    statistic *= math.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return statistic, 2.0 * stats.t.sf(abs(statistic), n - 1)


def test_one_step_ahead_it_is_the_t_test() -> None:
    d = np.random.default_rng(1).standard_t(5, size=300) + 0.1
    test = diebold_mariano(d, 1)
    reference = stats.ttest_1samp(d, 0.0)
    assert test.statistic == pytest.approx(reference.statistic, rel=1e-10)
    assert test.p == pytest.approx(reference.pvalue, rel=1e-10)
    assert test.error == pytest.approx(stats.sem(d), rel=1e-10)
    assert test.kernel == "uniform"


@pytest.mark.parametrize("h", [2, 5, 24])
def test_many_steps_ahead_it_is_the_textbook_formula(h: int) -> None:
    rng = np.random.default_rng(2)
    d = np.convolve(rng.normal(size=30 * h), np.ones(h), "valid") + 0.7
    test = diebold_mariano(d, h)
    statistic, p = by_hand(d, h, np.ones(h - 1))
    assert test.kernel == "uniform"
    assert test.statistic == pytest.approx(statistic, rel=1e-10)
    assert test.p == pytest.approx(p, rel=1e-9)


def test_a_variance_below_zero_falls_back_on_falling_weights() -> None:
    d = np.resize([1.0, -1.0], 80) + np.random.default_rng(3).normal(0.1, 0.05, size=80)
    test = diebold_mariano(d, 2)
    statistic, p = by_hand(d, 2, np.array([0.5]))
    assert test.kernel == "Bartlett"
    assert test.statistic == pytest.approx(statistic, rel=1e-10)
    assert test.p == pytest.approx(p, rel=1e-9)


def test_its_size_one_step_ahead() -> None:
    rng = np.random.default_rng(4)
    p = np.array([diebold_mariano(rng.normal(size=500), 1).p for _ in range(1000)])
    error = math.sqrt(0.05 * 0.95 / 1000)
    assert abs((p < 0.05).mean() - 0.05) <= 2.0 * error
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_it_is_refused_where_its_size_is_wrong() -> None:
    d = np.random.default_rng(5).normal(size=480)
    diebold_mariano(d, 24)
    with pytest.raises(ValueError, match=r"479 answers are fewer than 20 x 24"):
        diebold_mariano(d[:479], 24)
    with pytest.raises(ValueError, match="nothing to test"):
        diebold_mariano(np.full(100, 0.25), 1)
    assert untestable(d, 24) == ""


def test_holm_is_the_step_down() -> None:
    p = np.array([0.04, 0.001, 0.3, 0.02])
    # in rising order: 4 x .001, 3 x .02, 2 x .04, 1 x .3, each at least that before
    assert holm(p.tolist()) == pytest.approx([0.08, 0.004, 0.3, 0.06], rel=1e-12)
    assert holm([]) == []
    assert holm([0.5]) == [0.5]


def test_e_bh_is_its_definition() -> None:
    rng = np.random.default_rng(6)
    for _ in range(200):
        K = int(rng.integers(1, 9))
        log_e = rng.normal(3.5, 2.0, size=K)
        falling = np.sort(log_e)[::-1]
        enough = [k for k in range(1, K + 1) if falling[k - 1] >= math.log(K / (0.05 * k))]
        wanted = log_e >= falling[max(enough) - 1] if enough else np.zeros(K, bool)
        assert e_bh(log_e.tolist()) == wanted.tolist()


def test_e_bh_claims_few_that_are_false() -> None:
    """Bets on normal points, each worth 1 on average if there is no difference."""
    rng = np.random.default_rng(7)
    false, claimed = [], []
    for _ in range(2000):
        true = np.arange(20) < 5
        x = rng.normal(size=20) + 5.0 * true
        claims = np.array(e_bh((3.0 * x - 4.5).tolist()))
        false.append((claims & ~true).sum() / max(1, claims.sum()))
        claimed.append((claims & true).mean() * 4.0)
    assert np.mean(false) <= 0.05
    assert np.mean(claimed) > 0.8


def test_a_mean_of_evidence() -> None:
    assert combined([0.0, 0.0]) == 0.0
    assert combined([1000.0, 1001.0]) == pytest.approx(1000.0 + np.log((1.0 + np.e) / 2.0))
    assert combined([5.0]) == 5.0


# ---- in words ------------------------------------------------------------------------------------


def case(**how: object) -> Compared:
    usual = {
        "first": "plain", "other": "seasonal", "label": "MAE", "unit": "", "n": 500,
        "losses": (2.0, 1.5), "low": 0.25, "high": 0.75, "claimed": True, "needed": None,
    }  # fmt: skip
    return Compared(**{**usual, **how})  # type: ignore[arg-type]


def test_the_better_one_is_named_first() -> None:
    said = sentence(case())
    assert said.startswith("seasonal is better than plain: over 500 questions its MAE was 1.500 ")
    assert "against 2.000, 25.0 % less" in said
    assert "between 0.2500 and 0.7500" in said
    assert said.endswith("one may stop now.")
    turned = sentence(case(losses=(1.5, 2.0), low=-0.75, high=-0.25))
    assert turned == said.replace("seasonal is better than plain", "plain is better than seasonal")


def test_nats_have_no_per_cent() -> None:
    said = sentence(case(label="surprise", unit="nats", losses=(-0.5, -1.0)))
    assert "surprise was -1.000 against -0.5000 nats." in said
    assert "less" not in said


def test_what_is_open_says_how_long_to_watch() -> None:
    said = sentence(case(low=-0.25, high=1.25, claimed=False, needed=1234))
    assert said.startswith("It is open whether seasonal is better than plain")
    assert "about 1,200 answers in all would show it" in said
    assert "stop" not in said
    never = sentence(case(low=-math.inf, high=math.inf, claimed=False))
    assert "too few answers yet" in never
    assert "no number of answers worth waiting for" in never
    assert sentence(case(losses=(2.0, 2.0))) == (
        "seasonal and plain were equally good over 500 questions (MAE)."
    )


def test_one_of_many_is_no_reason_to_stop() -> None:
    said = sentence(case(claimed=False))
    assert said.startswith("seasonal is better than plain")
    assert "not for one picked from so many" in said
    assert "may stop" not in said


def test_many_in_one_sentence() -> None:
    worse = case(losses=(1.0, 2.0), low=-2.0, high=-0.5, series="so2")
    cases = [case(series="co2"), case(series="no2", horizon=7), worse, case(claimed=False)]
    said = summary("plain", "seasonal", cases, 9.0)
    assert said.startswith(
        "Of 4 comparisons with plain, seasonal is better in 2 (MAE of co2 at horizon 1; MAE of no2 "
        "at horizon 7), worse in 1 (MAE of so2 at horizon 1), and 1 are open"
    )
    many = summary("plain", "seasonal", [case(series=name) for name in "abcdef"] + [worse], 9.0)
    assert "MAE of d at horizon 1; and 2 more), worse in 1" in many
    alike = summary("plain", "seasonal", cases[:2], 9.0)
    assert "is better in 2, worse in 0, and 0 are open" in alike
    assert "Together they show that there is a difference" in said
    assert "Together" not in summary("plain", "seasonal", cases, 2.0)  # yet some are claimed
    assert "do not show" in summary("plain", "seasonal", cases[-1:], 2.0)
