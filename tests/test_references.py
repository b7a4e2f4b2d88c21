"""Numbers against references that are not ours: mpmath, statsmodels, NIST's certified digits."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.typing import NDArray

from forecast import LEVELS, Normal, Paced, Quantiles, StudentT, run
from forecast.distribution.hinged import Hinged
from forecast.distribution.mixture import Mixture
from forecast.distribution.t4 import SCORES
from forecast.numbers import rls
from forecast.numbers.local import level_move
from forecast.prequential import Answers
from forecast.rate import one_over_n
from forecast.rivals import Rivals

Floats = NDArray[np.float64]
INF = math.inf
NUS = (2.0, 4.0, 8.0, INF)


@pytest.fixture(autouse=True)
def _fifty_digits() -> Any:
    with mpmath.workdps(50):
        yield


# ------------------------------------------------- distributions, at 50 digits


def upper(z: Any, nu: float) -> Any:
    """P(Z > z) of a standard Student's t, by the incomplete beta function; a Normal's by erfc."""
    z = mpf(z)
    if nu == INF:
        return mpmath.erfc(z / mpmath.sqrt(2)) / 2
    if z < 0:
        return 1 - upper(-z, nu)
    half = mpf(1) / 2
    return mpmath.betainc(nu * half, half, 0, nu / (nu + z * z), regularized=True) / 2


def density(z: Any, nu: float) -> Any:
    z = mpf(z)
    if nu == INF:
        return mpmath.npdf(z)
    peak = mpmath.gamma((nu + 1) / mpf(2)) / mpmath.gamma(nu / mpf(2)) / mpmath.sqrt(nu * mpmath.pi)
    return peak * (1 + z * z / nu) ** (-(nu + 1) / mpf(2))


def mass(low: Any, high: Any, nu: float) -> Any:
    """P(low < Z < high), taken in the tail where the two differ."""
    if low > 0:
        return upper(low, nu) - upper(high, nu)
    return upper(-high, nu) - upper(-low, nu)


def off(got: float, expected: Any) -> float:
    """The error, as a share of what is expected."""
    return float(abs(mpf(float(got)) / expected - 1))


def standard(nu: float, cell: float) -> list[Any]:
    """The standard Student's t in every spelling that there is of it."""
    spelled: list[Any] = [StudentT(0.0, 1.0, nu, cell)]
    spelled += [Normal(0.0, 1.0, cell)] if nu == INF else []
    spelled += [Quantiles(SCORES, cell=cell)] if nu == 4.0 else []
    return spelled


OUT = [0.0, 1e-8, 1e-3, 0.3, 1.0, 2.5, 5.6, 5.7, 9.0, 20.0, 36.0, 100.0, 1e4, 1e8, 1e15]


@pytest.mark.parametrize("nu", NUS)
def test_distribution_function_and_density_to_1e_12(nu: float) -> None:
    for z in OUT:
        if nu == INF and z > 37.0:
            continue  # no float with all its digits is as small
        for f in standard(nu, 0.0):
            for y in (-z, z):
                assert off(f.cdf(y), upper(-mpf(y), nu)) < 1e-12, (f, y)
                assert off(f.pdf(y), density(y, nu)) < 1e-12, (f, y)


@pytest.mark.parametrize("nu", NUS)
def test_surprise_without_a_cell_to_1e_12(nu: float) -> None:
    for z in [*OUT, 1e30, 1e60]:
        for f in standard(nu, 0.0):
            assert off(f.surprise(z), -mpmath.log(density(z, nu))) < 1e-12, (f, z)


@pytest.mark.parametrize("nu", NUS)
@pytest.mark.parametrize(
    "share", [1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 3e-3, 9e-3, 1.1e-2, 1.9e-2, 2.1e-2, 0.1, 0.5, 3.0]
)
def test_surprise_of_a_cell_to_1e_12(nu: float, share: float) -> None:
    """The mass of a cell, on both sides of every branch, and far out."""
    for z in OUT:
        for cell in {share * (1.0 + z), share / max(1.0, z)}:
            if z > 40.0 and nu == INF and cell * z > 1e3:
                continue
            with mpmath.workdps(120):  # the two tails may agree in 45 digits
                width = mpf(cell)
                expected = -mpmath.log(mass(mpf(z) - width / 2, mpf(z) + width / 2, nu) / width)
            for f in standard(nu, cell):
                # where a cell lies across a quantile, its ends are as exact as the scores there
                bent = 3e-16 / cell if isinstance(f, Quantiles) and z < cell else 0.0
                assert off(f.surprise(z), expected) < 1e-12 + bent, (f, z, cell)
                assert off(f.surprise(-z), expected) < 1e-12 + bent, (f, -z, cell)


TAILS = [1e-300, 1e-200, 1e-100, 1e-60, 1e-30, 1e-12, 1e-6, 1e-3, 0.025]


@pytest.mark.parametrize("nu", NUS)
def test_quantiles_of_the_deep_tails_to_1e_12(nu: float) -> None:
    """x within 1e-12 of where the reference has p, by a Newton step from there."""
    for f in standard(nu, 0.0):
        for p in [*TAILS, *LEVELS, 0.4999, 0.5001, 0.999, 1.0 - 1e-9, 1.0 - 1e-15]:
            x = f.quantile(p)
            below = mpf(p) if p < 0.5 else 1 - mpf(p)
            there = upper(-mpf(x), nu) if p < 0.5 else upper(mpf(x), nu)
            step = (there - below) / density(x, nu)
            # near 1 the levels themselves are 1e-16 apart
            apart = 3e-16 / density(x, nu) if p > 0.5 else 1e-15
            assert abs(step) < 1e-12 * abs(mpf(x)) + apart, (f, p)


def test_mixtures_and_hinges_to_1e_12() -> None:
    weights, locations, scales = [0.2, 0.3, 0.1, 0.4], [-3.0, 0.0, 5.0, 1.0], [1.0, 0.3, 2.0, 1.5]
    parts = list(zip(weights, locations, scales, NUS, strict=True))
    f = Mixture(weights, locations, scales, NUS)

    def below(y: float) -> Any:
        return sum(mpf(w) * upper((mpf(m) - mpf(y)) / mpf(s), nu) for w, m, s, nu in parts)

    def dense(y: float) -> Any:
        return sum(mpf(w) * density((mpf(y) - m) / mpf(s), nu) / mpf(s) for w, m, s, nu in parts)

    hinge, share = 1.5, 0.45
    g = Hinged(f, hinge, share)
    left, right = mpf(share) / below(hinge), (1 - mpf(share)) / (1 - below(hinge))
    for y in (-1e12, -1e3, -4.0, -3.0, 0.1, 1.4, 1.6, 5.0, 1e3, 1e12):
        assert off(f.cdf(y), below(y)) < 1e-12
        assert off(f.surprise(y), -mpmath.log(dense(y))) < 1e-12
        side = left if y <= hinge else right
        assert off(g.surprise(y), -mpmath.log(dense(y) * side)) < 1e-12
        expected = left * below(y) if y <= hinge else 1 - right * (1 - below(y))
        assert off(g.cdf(y), expected) < 1e-12
    for p in (1e-100, 1e-30, 1e-6, 0.1, 0.5, 0.9):
        assert off(below(f.quantile(p)), mpf(p)) < 1e-11


def test_bent_quantiles_to_1e_12() -> None:
    """Between two of its quantiles it is a stretch of Student's t, in the scale of that stretch."""
    values = np.cumsum(np.random.default_rng(0).gamma(0.8, 1.0, 21) + 0.02) - 9.0
    scores = [mpf(str(score)) for score in map(_t4_score, LEVELS)]
    f = Quantiles(values)
    for k in range(20):
        slope = (mpf(values[k + 1]) - mpf(values[k])) / (scores[k + 1] - scores[k])
        for at in (0.1, 0.5, 0.99):
            y = float(values[k] + at * (values[k + 1] - values[k]))
            z = scores[k] + (mpf(y) - mpf(values[k])) / slope
            assert off(f.cdf(y), upper(-z, 4.0)) < 1e-12
            assert off(f.pdf(y), density(z, 4.0) / slope) < 1e-12
            assert abs(f.surprise(y) + mpmath.log(density(z, 4.0) / slope)) < 1e-12


def _t4_score(level: float) -> Any:
    """z with T(z) = level, at 50 digits."""
    return mpmath.findroot(lambda z: upper(-z, 4.0) - mpf(str(level)), mpf("0.1"))


# ------------------------------------------------- the univariate sets of NIST, certified digits


def around(first: float, second: float, third: float, n: int) -> list[float]:
    """A value, and then two others in turn: how NIST makes NumAcc2, 3 and 4."""
    return [first, *(second if k % 2 == 0 else third for k in range(n - 1))]


# The speed of light, km/s less 299,000, as Michelson measured it in 1879 (Michelson, 1882).
MICHELSON = """
850 740 900 1070 930 850 950 980 980 880 1000 980 930 650 760 810 1000 1000 960 960
960 940 960 940 880 800 850 880 900 840 830 790 810 880 880 830 800 790 760 800
880 880 880 860 720 720 620 860 970 950 880 910 850 870 840 840 850 840 840 840
890 810 810 820 800 770 760 740 750 760 910 920 890 860 880 720 840 850 850 780
890 840 780 810 760 810 790 810 820 850 870 870 810 740 810 940 950 800 810 870
"""


# name: data, certified mean, standard deviation and lag-1 autocorrelation
NIST: dict[str, tuple[Callable[[], list[float]], str, str, str]] = {
    "Michelso": (
        lambda: [299.0 + float(word) / 1000.0 for word in MICHELSON.split()],
        *("299.852400000000", "0.0790105478190518", "0.535199668621283"),
    ),
    "NumAcc1": (
        lambda: [10000001.0, 10000003.0, 10000002.0],
        *("10000002", "1", "-0.5"),
    ),
    "NumAcc2": (lambda: around(1.2, 1.1, 1.3, 1001), *("1.2", "0.1", "-0.999")),
    "NumAcc3": (
        lambda: around(1000000.2, 1000000.1, 1000000.3, 1001),
        *("1000000.2", "0.1", "-0.999"),
    ),
    "NumAcc4": (
        lambda: around(10000000.2, 10000000.1, 10000000.3, 1001),
        *("10000000.2", "0.1", "-0.999"),
    ),
}


@pytest.mark.parametrize("name", NIST)
def test_running_mean_and_variance_to_the_certified_digits(name: str) -> None:
    """By the updates that every learner makes: m <- m + (y - m)/n, v <- v + (e e' - v)/n.

    The tolerance is what the data, as floats, leave of the certified digits.
    """
    made, mean, sd, lag = NIST[name]
    ys = made()
    level = variance = 0.0
    for n, y in enumerate(ys, 1):
        rate = one_over_n(float(n), 0.0)
        before = y - level
        level += rate * before
        variance += rate * (before * (y - level) - variance)
    found = math.sqrt(variance * len(ys) / (len(ys) - 1))
    assert level == pytest.approx(float(mean), rel=2e-15)
    # a value of 1e7 is known to 1e-9: to 1e-8 of a spread of 0.1
    rounding = max(abs(y) for y in ys) * 2.0**-53 / float(sd)
    assert found == pytest.approx(float(sd), rel=1e-13 + 2.0 * rounding)
    errors = np.array(ys) - level
    r1 = float(errors[1:] @ errors[:-1] / (errors @ errors))
    assert r1 == pytest.approx(float(lag), rel=1e-12 + 20.0 * rounding)


@pytest.mark.parametrize("name", NIST)
def test_means_that_the_library_keeps_to_the_certified_digits(name: str) -> None:
    made, mean, _, _ = NIST[name]
    ys = np.array(made())
    rivals = Rivals(1, 1, 0)
    rivals.see(ys[:, None])
    last = rivals.running(np.array([len(ys) - 1]), np.array([0]))[0]
    assert last == pytest.approx(float(mean), rel=2e-15)


# ------------------------------------------------- statsmodels


def walk(n: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    values: Floats = 20.0 + rng.normal(size=n).cumsum() + 2.0 * rng.normal(size=n)
    return values


def assert_late(answers: Answers, expected: Floats, rate: float) -> None:
    """The means agree to 1e-8 once nothing is left of where they began, (1 - rate)^n < 1e-10."""
    late = answers.row > math.log(1e-10) / math.log(1.0 - rate)
    assert late.sum() > 300
    np.testing.assert_allclose(answers.mean[late], expected[answers.row[late]], rtol=1e-8)


@pytest.mark.parametrize("q", [0.003, 0.1, 1.0, 10.0])
def test_a_level_at_one_rate_is_the_local_level_model_in_its_steady_state(q: float) -> None:
    """y = level + noise, level a random walk of q times its variance: the filter's gain is a rate.

    K = (sqrt(q^2 + 4 q) - q) / 2
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    ys = walk(1500, 1)
    gain = 0.5 * (math.sqrt(q * q + 4.0 * q) - q)
    model = UnobservedComponents(ys, "local level")
    # of the first value such a variance that the gain is the steady one at once
    model.ssm.initialize_known(np.array([ys[0]]), np.array([[gain / (1.0 - gain)]]))
    filtered = model.filter([1.0, q], transformed=True)
    expected = filtered.forecasts[0]
    assert_late(run(Paced("level", "constant", rate=gain), ys), expected, gain)


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_a_level_at_one_rate_is_simple_exponential_smoothing(rate: float) -> None:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    ys = walk(1500, 2)
    model = ETSModel(ys, initialization_method="known", initial_level=ys[0])
    expected = model.smooth([rate]).fittedvalues
    assert_late(run(Paced("level", "constant", rate=rate), ys), np.asarray(expected), rate)


@pytest.mark.parametrize("rate", [0.01, 0.25])
def test_a_fading_mean_is_weighted_least_squares(rate: float) -> None:
    import statsmodels.api as sm

    ys = walk(200, 3)
    state = np.zeros(2)
    for n, y in enumerate(ys, 1):
        level_move(state, np.empty(0), y, np.empty(1), np.array([rate]))
        if n in (1, 2, 30, 200):
            weights = (1.0 - rate) ** np.arange(n - 1, -1, -1)
            fitted = sm.WLS(ys[:n], np.ones(n), weights=weights).fit()
            assert state[1] == pytest.approx(fitted.params[0], rel=1e-10)


def regression_data(n: int, seed: int) -> tuple[Floats, Floats]:
    """Features and targets, the weights being a random walk."""
    rng = np.random.default_rng(seed)
    xs = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    weights = np.array([0.5, -0.2, 0.1, 0.3]) + 0.02 * rng.normal(size=(n, 4)).cumsum(axis=0)
    return xs, (xs * weights).sum(axis=1) + rng.normal(size=n)


def weights_of(xs: Floats, ys: Floats, P: Floats, plain: bool = False) -> Floats:
    """Our weights after each point, [n, D]."""
    gain_of, move = rls.rls_gain, rls.rls_move
    if plain:
        gain_of, move = gain_of.py_func, move.py_func  # type: ignore[attr-defined]
    D = xs.shape[1]
    u, w, gain = np.zeros(D), np.zeros(D), np.empty(D)
    found = []
    for x, y in zip(xs, ys, strict=True):
        gain_of(P, u, x, gain)
        move(w, x, gain, y, INF)
        found.append(w.copy())
    return np.array(found)


def test_regression_is_the_kalman_filter_of_weights_that_walk() -> None:
    """y = x'w + noise of variance 1, w a random walk of variance DRIFT."""
    from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

    xs, ys = regression_data(400, 4)
    D, start = xs.shape[1], 0.6 * rls.PRIOR
    ours = weights_of(xs, ys, start * np.eye(D))
    filter_ = KalmanFilter(k_endog=1, k_states=D)
    filter_.bind(np.ascontiguousarray(ys[:, None]))
    filter_["design"] = np.ascontiguousarray(xs.T[None])
    filter_["transition"] = filter_["selection"] = np.eye(D)
    filter_["obs_cov"] = np.eye(1)
    filter_["state_cov"] = rls.DRIFT * np.eye(D)
    filter_.initialize_known(np.zeros(D), (start + rls.DRIFT) * np.eye(D))
    expected = filter_.filter().filtered_state.T
    np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-10)


def test_without_drift_and_prior_it_is_recursive_least_squares(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from statsmodels.regression.recursive_ls import RecursiveLS

    monkeypatch.setattr(rls, "DRIFT", 0.0)
    monkeypatch.setattr(rls, "PRIOR", INF)
    xs, ys = regression_data(200, 5)
    D, start = xs.shape[1], 1e6
    ours = weights_of(xs, ys, start * np.eye(D), plain=True)
    for n in (1, 3, 10, 200):
        known = xs[:n].T @ xs[:n] + np.eye(D) / start
        by_ridge = np.linalg.solve(known, xs[:n].T @ ys[:n])
        np.testing.assert_allclose(ours[n - 1], by_ridge, rtol=1e-7 if n < D else 1e-8)
    expected = RecursiveLS(ys, xs).fit().recursive_coefficients.filtered.T
    # what is left of the prior is 1e-6 / n of a weight
    np.testing.assert_allclose(ours[100:], expected[100:], rtol=0.0, atol=1e-8)
