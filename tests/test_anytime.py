"""A band that may be looked at always: against integrals, and over whole paths."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from forecast.report import anytime
from forecast.report.anytime import ALPHA, PRIOR, Anytime, band, evidence

CERTAIN = math.log(1.0 / ALPHA)
Draw = Callable[[np.random.Generator, int], np.ndarray]


def overlapping(values: np.ndarray, h: int = 24) -> np.ndarray:
    """Sums of h values in a row: as the errors of questions h steps ahead."""
    upto = np.concatenate(([0.0], np.cumsum(values)))
    return (upto[h:] - upto[:-h]) / math.sqrt(h)


# differences of mean 0: horizon, and how they are drawn
KINDS: dict[str, tuple[int, Draw]] = {
    "normal": (1, lambda rng, n: rng.normal(size=n)),
    "Student t, 3 degrees": (1, lambda rng, n: rng.standard_t(3, size=n)),
    "exponential": (1, lambda rng, n: rng.exponential(size=n) - 1.0),
    "lognormal": (1, lambda rng, n: rng.lognormal(size=n) - math.exp(0.5)),
    "mostly equal": (1, lambda rng, n: (rng.random(n) < 0.05) * rng.exponential(size=n) - 0.05),
    "overlapping": (24, lambda rng, n: overlapping(rng.normal(size=n + 23))),
    "overlapping squares": (24, lambda rng, n: overlapping(rng.normal(size=n + 23)) ** 2 - 1.0),
    "an hour's own mean": (
        24,
        lambda rng, n: rng.normal(size=n) + 3.0 * np.sin(np.arange(n) * 2.0 * np.pi / 24.0),
    ),
}


def missed(kind: str, paths: int, points: int) -> float:
    """The share of paths that leave the band of their mean, 0, at any time."""
    horizon, draw = KINDS[kind]
    rng = np.random.default_rng(11)
    left = [
        (np.abs(seen.mean) > seen.radius).any()
        for seen in (Anytime(horizon).add(draw(rng, points)) for _ in range(paths))
    ]
    return float(np.mean(left))


def test_evidence_is_the_integral_over_all_means_and_variances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(anytime, "GUARD", 0.0)
    x = np.random.default_rng(3).normal(0.8, 2.0, size=9)
    n = len(x)

    def likelihood(log_scale: float, effect: float) -> float:
        """Of x with means of effect x scale, the effect normal: int over it by its covariance."""
        covariance = np.exp(2.0 * log_scale) * (np.eye(n) + effect)
        return float(multivariate_normal.pdf(x, np.zeros(n), covariance))

    # d scale / scale is d log scale
    above, below = (
        quad(likelihood, -3.0, 8.0, (effect,), epsabs=0.0, epsrel=1e-11)[0]
        for effect in (np.ones((n, n)) / PRIOR, np.zeros((n, n)))
    )
    monkeypatch.setattr(anytime, "MOVES", 0)
    watch = Anytime()
    watch.add(x)
    assert watch.log_e == pytest.approx(math.log(above / below), abs=1e-10)


@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0])
def test_evidence_by_a_plain_loop(mean: float) -> None:
    d = np.random.default_rng(2).exponential(size=200)
    seen = Anytime().add(d - mean)  # a mean that is tested is a shift
    c, g = 100.0, 4.0
    for n in (41, 77, 200):
        x = d[:n] - mean
        furthest = max((x[i] - x[:i].mean()) ** 2 for i in range(1, n))
        u = x.sum() ** 2 / ((x**2).sum() + g * furthest)
        e = math.sqrt(c / (n + c)) * (1.0 - u / (n + c)) ** (-n / 2)
        assert seen.log_e[n - 1] == pytest.approx(math.log(e), abs=1e-10)


@pytest.mark.parametrize("horizon", [1, 12])
def test_the_band_ends_where_the_evidence_is_one_in_twenty(horizon: int) -> None:
    rng = np.random.default_rng(4)
    watch = Anytime(horizon)
    watch.add(overlapping(rng.normal(size=900), horizon) + 3.0)
    n, f, spread, largest = (
        np.array([float(v)]) for v in (watch.n, watch.counted, watch.spread, watch.largest)
    )
    (radius,) = band(n, f, spread, largest)
    assert watch.radius == radius < math.inf
    (at_end,) = evidence(n, f, np.array([radius]), spread, largest)
    assert at_end == pytest.approx(CERTAIN, abs=1e-9)
    low, high = watch.interval
    assert (low + high) / 2.0 == pytest.approx(watch.mean, abs=1e-12)
    assert high - low == pytest.approx(2.0 * radius, abs=1e-12)


@pytest.mark.parametrize("horizon", [1, 7])
def test_blocks_are_one_pass(horizon: int) -> None:
    d = np.random.default_rng(5).standard_t(3, size=1200) + 0.3
    whole = Anytime(horizon)
    seen = whole.add(d)
    pieces = Anytime(horizon)
    parts = [pieces.add(part) for part in np.split(d, [1, 2, 5, 300, 300, 301, 1199])]
    for name in seen._fields:
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(together, getattr(seen, name), rtol=1e-10, atol=1e-12)
    assert pieces.n == whole.n == 1200
    assert (pieces.mean, pieces.radius) == pytest.approx((whole.mean, whole.radius), rel=1e-10)
    assert whole.mean == pytest.approx(d.mean(), rel=1e-12)
    assert whole.spread == pytest.approx(((d - d.mean()) ** 2).sum(), rel=1e-12)


def test_memory_does_not_grow() -> None:
    watch = Anytime(24)
    for _ in range(50):
        watch.add(np.random.default_rng(0).normal(size=100))
    assert watch.recent.shape == (23,)
    assert len(vars(watch)) == 12


def test_of_how_many_answers_one_counts() -> None:
    from statsmodels.tsa.stattools import acf

    rng = np.random.default_rng(6)
    for d, least, most in (
        (overlapping(rng.normal(size=60_023)) + 1.0, 21.0, 24.0),
        (rng.normal(size=60_000), 1.0, 1.5),
    ):
        watch = Anytime(24)
        watch.add(d)
        long_run = 1.0 + 2.0 * acf(d, nlags=23, adjusted=False)[1:].sum()
        assert watch.counted == pytest.approx(np.clip(long_run, 1.0, 24.0), rel=0.01)
        assert least <= watch.counted <= most


def test_scale_and_sign_go_through() -> None:
    d = np.random.default_rng(7).normal(0.2, 1.0, size=700)
    for horizon in (1, 5):
        plain, other = Anytime(horizon), Anytime(horizon)
        plain.add(d)
        other.add(-1e6 * d)
        assert other.log_e == pytest.approx(plain.log_e, rel=1e-9)
        assert other.radius == pytest.approx(1e6 * plain.radius, rel=1e-9)
        assert other.mean == pytest.approx(-1e6 * plain.mean, rel=1e-9)
        assert other.shown == plain.shown


@pytest.mark.parametrize("kind", KINDS)
def test_the_band_holds_at_every_time(kind: str) -> None:
    # 5 % and two standard errors; the whole of it, 1,000 paths of 10,000 points, is the slow one
    assert missed(kind, 150, 4000) <= 0.05 + 2.0 * math.sqrt(0.05 * 0.95 / 150)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_band_holds_at_every_time_of_long_paths(kind: str) -> None:
    assert missed(kind, 1000, 10_000) <= 0.05


def test_a_band_made_for_one_look_does_not_hold() -> None:
    rng = np.random.default_rng(8)
    n = np.arange(1.0, 4001.0)
    x = rng.normal(size=(150, 4000))
    outside = np.abs(np.cumsum(x, axis=1)) > 1.96 * np.sqrt(n)
    assert outside[:, 20:].any(axis=1).mean() > 0.4


@pytest.mark.parametrize(("horizon", "least", "most"), [(1, 600, 1100), (24, 600, 1500)])
def test_a_tenth_of_a_deviation_is_seen(horizon: int, least: int, most: int) -> None:
    rng = np.random.default_rng(9)
    first = []
    for _ in range(100):
        seen = Anytime(horizon).add(rng.normal(0.1, 1.0, size=6000))
        shown = seen.mean > seen.radius
        first.append(int(shown.argmax()) if shown.any() else 6000)
    assert least <= np.median(first) <= most
    assert np.quantile(first, 0.95) < 4000


def test_answers_needed_are_those_that_would_do() -> None:
    d = np.random.default_rng(10).normal(size=400)
    watch = Anytime()
    watch.add(d - d.mean() + 0.08)
    needed = watch.answers_needed()
    assert needed is not None
    assert not watch.shown
    for share, shown in ((0.97, False), (1.03, True)):
        n = np.array([share * needed])
        spread, largest = n * watch.spread / watch.n, np.array([watch.largest])
        assert (band(n, np.ones(1), spread, largest)[0] < 0.08) == shown
    hopeless = Anytime()
    hopeless.add(d - d.mean() + 1e-4)
    assert hopeless.answers_needed() is None


def test_nothing_is_said_of_what_never_differed_or_is_too_short() -> None:
    same = Anytime()
    seen = same.add(np.zeros(500))
    assert not seen.log_e.any()
    assert same.interval == (-math.inf, math.inf)
    assert not same.shown
    short = Anytime(24)
    assert np.isinf(short.add(np.random.default_rng(1).normal(9.0, 1.0, 479)).radius).all()
    assert not short.shown
    short.add([9.0])
    assert short.shown
    rare = Anytime()
    few = np.resize([0.0] * 99 + [1.0], 2000)  # 20 times 1, and 0 again
    assert np.isinf(rare.add(few).radius).all()
    assert rare.moves == 39
    rare.add([0.5])
    assert rare.shown
    assert Anytime().add([]).mean.shape == (0,)


@pytest.mark.parametrize("bad", [[math.nan], [1.0, math.inf], [1e200]])
def test_what_has_no_square_is_refused(bad: list[float]) -> None:
    watch = Anytime()
    with pytest.raises(ValueError, match="must be finite"):
        watch.add(bad)
    assert watch.n == 0


def test_a_horizon_counts_from_one() -> None:
    with pytest.raises(ValueError, match="from 1 up"):
        Anytime(0)
