"""Forecasts against scipy, quadrature and hand computation: near, far out and on atoms."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, special, stats

from forecast.distribution.bent import mass_between, quantiles_surprise
from forecast.distribution.categories import Bernoulli, Categorical
from forecast.distribution.held import NumberForecast
from forecast.distribution.hinged import Hinged, hinged_side
from forecast.distribution.mixture import Mixture, StudentT
from forecast.distribution.normal import Normal, normal_surprise
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.student import (
    student_lower_mean,
    student_mass,
    student_pdf,
    student_upper,
)
from forecast.distribution.t4 import LEVELS, SCORES, t4_cdf, t4_mass, t4_pdf, t4_quantile, t4_square

Floats = NDArray[np.float64]
INF = math.inf
NUS = (2.0, 4.0, 8.0, INF)
GAUSS_X, GAUSS_W = np.polynomial.legendre.leggauss(80)
# |z| from 1e-12 to 1e12
FAR = np.concatenate([-np.logspace(12, -12, 97), [0.0], np.logspace(-12, 12, 97)])


def law(nu: float) -> Any:
    """The reference of a standard Student's t."""
    return stats.norm if nu == INF else stats.t(nu)


def integral(f: Callable[[float], float], low: float, high: float, cuts: Any = ()) -> float:
    """Adaptive quadrature between cuts, so that no kink lies inside a panel."""
    edges = [low, *sorted({float(c) for c in cuts if low < c < high}), high]
    panels = itertools.pairwise(edges)
    return math.fsum(integrate.quad(f, a, b, epsabs=1e-13, limit=200)[0] for a, b in panels)


def bent(seed: int = 0, ties: tuple[int, ...] = ()) -> Floats:
    """21 rising numbers of uneven gaps; the gap above each index in ``ties`` is 0."""
    gaps = np.random.default_rng(seed).gamma(0.8, 1.0, 20) + 0.02
    gaps[list(ties)] = 0.0
    return np.concatenate([[-7.0], -7.0 + np.cumsum(gaps)])


MIXTURE = Mixture([0.2, 0.3, 0.1, 0.4], [-3.0, 0.0, 5.0, 1.0], [1.0, 0.3, 2.0, 1.5], NUS)
SMOOTH: dict[str, NumberForecast] = {
    "normal": Normal(3.0, 2.5),
    "t2": StudentT(-2.0, 0.7, 2.0),
    "t4": StudentT(1.0, 3.0, 4.0),
    "t8": StudentT(100.0, 0.1, 8.0),
    "mixture": MIXTURE,
    "quantiles": Quantiles(bent()),
    "quantiles, tails": Quantiles(bent(1), tails=(3.0, 0.2)),
    "hinged": Hinged(MIXTURE, hinge=1.5, below=0.5),
    "hinged t8": Hinged(StudentT(100.0, 0.1, 8.0), hinge=99.95, below=0.9),
}


def cuts_of(forecast: NumberForecast) -> list[float]:
    """Where a density may bend, and where its bulk lies."""
    bends = list(forecast.values) if isinstance(forecast, Quantiles) else []
    bulk = [forecast.quantile(p) for p in (1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6)]
    if isinstance(forecast, Hinged):
        # a median at the hinge may differ from it by one bit: no panel for that
        bends = [forecast.hinge]
        bulk = [x for x in bulk if abs(x - forecast.hinge) > 1e-9]
    return bends + bulk


# ------------------------------------------------- kernels


@pytest.mark.parametrize("nu", NUS)
def test_student_tails_and_density_against_scipy(nu: float) -> None:
    # beyond 37 the Normal's tail is below the smallest float with full precision
    z = FAR[np.abs(FAR) < 37.0] if nu == INF else FAR
    upper = [student_upper(x, nu) for x in z]
    density = [student_pdf(x, nu) for x in z]
    np.testing.assert_allclose(upper, law(nu).sf(z), rtol=5e-13)
    np.testing.assert_allclose(density, law(nu).pdf(z), rtol=5e-13)


def test_student_upper_of_8_is_continuous_where_its_series_changes() -> None:
    # s = 8 / (8 + z^2) = 0.2
    z = math.sqrt(32.0)
    for x in (np.nextafter(z, 0.0), z, np.nextafter(z, 9.0), z - 1e-9, z + 1e-9):
        assert student_upper(x, 8.0) == pytest.approx(stats.t(8).sf(x), rel=5e-13)


def test_t4_against_scipy() -> None:
    p = np.concatenate([np.logspace(-290, -2, 145), np.linspace(0.01, 0.99, 197)])
    z = np.array([t4_quantile(x) for x in p])
    np.testing.assert_allclose(z, stats.t(4).ppf(p), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose([t4_cdf(x) for x in z], p, rtol=1e-13)
    np.testing.assert_allclose([t4_pdf(x) for x in FAR], stats.t(4).pdf(FAR), rtol=5e-13)
    np.testing.assert_allclose(stats.t(4).cdf(SCORES), LEVELS, rtol=1e-13)
    assert t4_cdf(INF) == 1.0
    assert t4_cdf(-INF) == 0.0


def test_levels() -> None:
    assert len(LEVELS) == 21
    assert LEVELS[:2] == (0.025, 0.05)
    assert LEVELS[10] == 0.5
    assert LEVELS[-2:] == (0.95, 0.975)
    np.testing.assert_allclose(np.add(LEVELS, LEVELS[::-1]), 1.0, rtol=1e-15)


@pytest.mark.parametrize("z", [-40.0, -2.0, -0.3, 0.0, 0.7, 5.0])
def test_t4_square_is_the_integral_of_the_squared_distribution_function(z: float) -> None:
    reference = integral(lambda x: stats.t(4).cdf(x) ** 2, -INF, z, [-20.0, -2.0])
    assert t4_square(z) == pytest.approx(reference, rel=1e-7, abs=1e-11)


@pytest.mark.parametrize("nu", NUS)
def test_mass_of_a_cell_on_both_sides_of_every_branch(nu: float) -> None:
    # 80-point Gauss quadrature is exact to rounding for cells no wider than the bulk
    for z in (0.0, 0.4, -1.0, 3.0, -20.0, 1e3, -1e6, 1e12):
        if nu == INF and abs(z) > 30.0:
            continue
        scale = 1.0 / (1.0 + abs(z)) if nu == INF else 1.0 + abs(z)
        for width in scale * np.array([1e-9, 1e-4, 9.9999e-3, 1.00001e-2, 0.02, 0.3]):
            points = z + 0.5 * width * GAUSS_X
            reference = 0.5 * width * GAUSS_W @ law(nu).pdf(points)
            assert student_mass(z, width, nu) == pytest.approx(reference, rel=1e-7)
            if nu == 4.0:
                assert t4_mass(z, width) == pytest.approx(reference, rel=1e-7)


def normal_reference(z: float, width: float) -> float:
    """-log(mass / width) by scipy's log of the tail, or by Gauss quadrature of a narrow cell."""
    if width * max(1.0, z) < 10.0:
        t = z + 0.5 * width * GAUSS_X
        inside = 0.5 * GAUSS_W @ np.exp(-0.5 * (t * t - z * z))
        return 0.5 * z * z + 0.5 * math.log(2.0 * math.pi) - math.log(inside)
    upper, lower = special.log_ndtr(-(z - 0.5 * width)), special.log_ndtr(-(z + 0.5 * width))
    # beyond 40 nats the far side of the cell adds nothing, and upper - lower may round to 0
    inside = -math.expm1(lower - upper) if width * z < 40.0 else 1.0
    return float(math.log(width) - upper - math.log(inside))


def test_normal_surprise_agrees_in_every_branch_and_across_every_seam() -> None:
    zs = [0.0, 1e-3, 0.5, 1.0, 1.001, 7.0, 24.9, 25.0, 25.0001, 25.2, 26.0, 40.0, 300.0, 1e4]
    widths = [1e-9, 1e-4, 0.0199999, 0.0200001, 0.1, 0.5, 1.0, 5.0, 48.0]
    narrow = [0.0199999 / z for z in zs if z > 1.0] + [0.0200001 / z for z in zs if z > 1.0]
    for z, width in itertools.product(zs, widths + narrow):
        got = normal_surprise(0.0, 1.0, width, z)
        assert got == pytest.approx(normal_reference(z, width), rel=1e-12, abs=2e-9), (z, width)
        # scale and side: y in other units, on the other side of the mean
        mirrored = normal_surprise(10.0, 3.0, 3.0 * width, 10.0 - 3.0 * z)
        assert mirrored == pytest.approx(got + math.log(3.0), rel=1e-9, abs=1e-9)


# ------------------------------------------------- smooth forecasts of numbers


@pytest.mark.parametrize("name", SMOOTH)
def test_mass_mean_and_expected_surprise_by_quadrature(name: str) -> None:
    f = SMOOTH[name]
    cuts = cuts_of(f)
    assert integral(f.pdf, -INF, INF, cuts) == pytest.approx(1.0, abs=1e-8)
    centred = integral(lambda x: (x - f.median) * f.pdf(x), -INF, INF, cuts)
    assert f.mean == pytest.approx(f.median + centred, rel=1e-7, abs=1e-7)

    def surprising(x: float) -> float:
        p = f.pdf(x)
        return -p * math.log(p) if p > 0.0 else 0.0

    # where it is not exact it is the mean over 2,000 quantiles: short of the last half of 1/2000
    exact = isinstance(f, Normal | Quantiles)
    reference = integral(surprising, -INF, INF, cuts)
    assert f.expected_surprise() == pytest.approx(reference, abs=1e-7 if exact else 2e-3)


@pytest.mark.parametrize("name", SMOOTH)
def test_distribution_function_is_the_integral_of_the_density(name: str) -> None:
    f = SMOOTH[name]
    points = [f.quantile(p) for p in (0.001, 0.02, 0.025, 0.3, 0.5, 0.77, 0.975, 0.99, 0.9999)]
    for low, high in itertools.pairwise(points):
        mass = integral(f.pdf, low, high, cuts_of(f))
        assert f.cdf(high) - f.cdf(low) == pytest.approx(mass, rel=1e-8, abs=1e-14)


@pytest.mark.parametrize("name", SMOOTH)
def test_quantile_inverts_the_distribution_function(name: str) -> None:
    f = SMOOTH[name]
    for p in [1e-9, 1e-4, *LEVELS, 0.123, 0.4999, 0.9999, 1.0 - 1e-9]:
        assert f.cdf(f.quantile(p)) == pytest.approx(p, rel=1e-9, abs=1e-15)
    assert f.median == pytest.approx(f.quantile(0.5), rel=1e-12)
    low, high = f.interval(0.9)
    assert f.cdf(low) == pytest.approx(0.05, rel=1e-9)
    assert f.cdf(high) == pytest.approx(0.95, rel=1e-9)


@pytest.mark.parametrize("name", SMOOTH)
def test_surprise_is_of_the_density_or_of_the_cell(name: str) -> None:
    f = SMOOTH[name]
    spread = f.quantile(0.75) - f.quantile(0.25)
    for p in (1e-4, 0.0251, 0.21, 0.5, 0.66, 0.97, 0.9998):
        y = f.quantile(p)
        f.cell = 0.0
        assert f.surprise(y) == pytest.approx(-math.log(f.pdf(y)), rel=1e-12, abs=1e-12)
        for cell in (1e-4 * spread, 0.01 * spread, 0.4 * spread, 5.0 * spread, 1e3 * spread):
            f.cell = cell
            low, high = y - 0.5 * cell, y + 0.5 * cell
            mass = integral(f.pdf, low, high, cuts_of(f))
            assert f.surprise(y) == pytest.approx(-math.log(mass / cell), abs=2e-7)
    f.cell = math.nan
    assert math.isnan(f.surprise(f.median))
    assert math.isnan(f.expected_surprise())
    f.cell = 0.0


@pytest.mark.parametrize("name", SMOOTH)
def test_samples_follow_the_distribution(name: str) -> None:
    f = SMOOTH[name]
    drawn = f.sample(np.random.default_rng(11), 4000)
    assert drawn.shape == (4000,)
    distance = stats.kstest(drawn, np.vectorize(f.cdf)).statistic
    assert distance < 1.63 / math.sqrt(4000)  # the 1 % point
    again = f.sample(np.random.default_rng(11), 4000)
    np.testing.assert_array_equal(drawn, again)


@pytest.mark.parametrize(
    ("forecast", "reference"),
    [
        (SMOOTH["normal"], stats.norm(3.0, 2.5)),
        (SMOOTH["t2"], stats.t(2, -2.0, 0.7)),
        (SMOOTH["t4"], stats.t(4, 1.0, 3.0)),
        (SMOOTH["t8"], stats.t(8, 100.0, 0.1)),
        (StudentT(5.0, 2.0, INF), stats.norm(5.0, 2.0)),
        (Quantiles(1.0 + 3.0 * SCORES), stats.t(4, 1.0, 3.0)),
    ],
)
def test_against_scipy(forecast: NumberForecast, reference: Any) -> None:
    for p in (1e-8, 0.01, 0.2, 0.5, 0.8, 0.99, 1.0 - 1e-8):
        x = reference.ppf(p)
        assert forecast.quantile(p) == pytest.approx(x, rel=1e-7)
        assert forecast.cdf(x) == pytest.approx(p, rel=1e-7)
        assert forecast.pdf(x) == pytest.approx(reference.pdf(x), rel=1e-11)
        assert forecast.surprise(x) == pytest.approx(-reference.logpdf(x), rel=1e-11, abs=1e-12)
    assert forecast.mean == pytest.approx(reference.mean(), rel=1e-12)
    assert forecast.interval(0.8) == pytest.approx(reference.interval(0.8), rel=1e-10)
    assert forecast.expected_surprise() == pytest.approx(float(reference.entropy()), abs=2e-3)


def test_mixture_against_scipy() -> None:
    parts = list(zip(*MIXTURE._parts, strict=True))
    for x in (-1e9, -30.0, -3.0, 0.1, 2.0, 44.0, 1e9):
        cdf = math.fsum(w * law(nu).cdf((x - m) / s) for w, m, s, nu in parts)
        pdf = math.fsum(w * law(nu).pdf((x - m) / s) / s for w, m, s, nu in parts)
        assert MIXTURE.cdf(x) == pytest.approx(cdf, rel=1e-12)
        assert MIXTURE.pdf(x) == pytest.approx(pdf, rel=1e-12)
    # 0.2 (-3) + 0.3 (0) + 0.1 (5) + 0.4 (1)
    assert MIXTURE.mean == pytest.approx(0.3, rel=1e-14)


def test_mixture_of_far_apart_parts_has_its_median_between_them() -> None:
    f = Mixture([0.5, 0.5], [-1e6, 1e6], [1.0, 1.0], [INF, INF])
    assert f.cdf(f.quantile(0.25)) == pytest.approx(0.25, rel=1e-9)
    assert f.quantile(0.25) == pytest.approx(-1e6, abs=1e-3)
    assert f.quantile(0.75) == pytest.approx(1e6, abs=1e-3)


# ------------------------------------------------- far out


@pytest.mark.parametrize("z", [1e2, 1e4, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("cell", [0.0, 1e-6, 1.0])
def test_surprise_far_out(z: float, side: float, cell: float) -> None:
    y = side * z
    # a cell of at most 1 is narrow beyond 100 for Student's t, and the density tells
    for nu in (2.0, 4.0, 8.0):
        expected = -stats.t(nu).logpdf(y)
        assert StudentT(0.0, 1.0, nu, cell).surprise(y) == pytest.approx(expected, abs=5e-4)
    t4 = -stats.t(4).logpdf(y)
    assert Quantiles(SCORES, cell=cell).surprise(y) == pytest.approx(t4, abs=2e-4)
    mixed = Mixture([0.25, 0.75], [0.0, 0.0], [1.0, 1.0], [4.0, INF], cell)
    assert mixed.surprise(y) == pytest.approx(t4 - math.log(0.25), abs=2e-4)
    normal = normal_reference(z, cell) if cell > 0.0 else -stats.norm.logpdf(y)
    assert Normal(0.0, 1.0, cell).surprise(y) == pytest.approx(normal, rel=1e-10)
    assert StudentT(0.0, 1.0, INF, cell).surprise(y) == pytest.approx(normal, rel=1e-10)


@pytest.mark.parametrize("y", [1e3, -1e6, 1e12, -1e20, 1e60])
def test_the_narrowest_cell_far_out_is_the_density(y: float) -> None:
    # y +- cell/2 is y in floats; the surprise must not be infinite for that
    f = Quantiles(100.0 + 3.0 * SCORES, cell=1e-9)
    expected = math.log(3.0) - stats.t(4).logpdf((y - 100.0) / 3.0)
    assert f.surprise(y) == pytest.approx(expected, rel=1e-12)


def test_a_cell_lost_in_rounding_on_a_quantile_is_the_density() -> None:
    values = 1e6 + bent()
    for y in values:
        expected = -math.log(Quantiles(values).pdf(y))
        assert Quantiles(values, cell=1e-30).surprise(y) == pytest.approx(expected, rel=1e-12)


def test_mixture_surprise_where_no_float_holds_the_density() -> None:
    halves = Mixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0], [INF, INF])
    for z in (36.5, 37.1, 37.2, 38.5, 39.0, 1e3, 1e12):
        assert halves.surprise(z) == pytest.approx(-stats.norm.logpdf(z), rel=1e-14)
    for nu, z in itertools.product((2.0, 4.0, 8.0), (1e30, 1e33, 1e40, 1e90, 1e120)):
        constant = -stats.t(nu).logpdf(1e20) - (nu + 1.0) * math.log(1e20)
        expected = constant + (nu + 1.0) * math.log(z)
        assert StudentT(0.0, 1.0, nu).surprise(z) == pytest.approx(expected, rel=1e-12)


def test_distribution_functions_far_out() -> None:
    for y in (1e3, 1e6, 1e12):
        for nu in (2.0, 4.0, 8.0):
            reference = stats.t(nu).cdf(-y)
            assert StudentT(0.0, 1.0, nu).cdf(-y) == pytest.approx(reference, rel=1e-12)
            assert StudentT(0.0, 1.0, nu).cdf(y) == pytest.approx(1.0, abs=1e-5)
        tail = stats.t(4).cdf(-y)
        assert Quantiles(SCORES).cdf(-y) == pytest.approx(tail, rel=1e-12)
    assert Normal(0.0, 1.0).cdf(-37.0) == pytest.approx(stats.norm.cdf(-37.0), rel=1e-11)
    assert Normal(0.0, 1.0).cdf(1e12) == 1.0


# ------------------------------------------------- laws of scale and shift

values21 = st.lists(st.floats(0.01, 5.0), min_size=20, max_size=20).map(
    lambda gaps: np.concatenate([[0.0], np.cumsum(gaps)]) - 0.5 * sum(gaps)
)


@given(
    values=values21,
    power=st.integers(-20, 20),
    shift=st.floats(-1e3, 1e3),
    y=st.floats(-100.0, 100.0),
    cell=st.sampled_from([0.0, 0.03, 1.0, 40.0]),
    tails=st.tuples(st.floats(0.1, 5.0), st.floats(0.1, 5.0)),
)
def test_quantiles_keep_the_law_of_scale_and_shift(
    values: Floats, power: int, shift: float, y: float, cell: float, tails: tuple[float, float]
) -> None:
    scale = 2.0**power
    f = Quantiles(values, tails, cell)
    # exactly so, as a power of 2 rounds nothing
    g = Quantiles(scale * values, (scale * tails[0], scale * tails[1]), scale * cell)
    assert g.surprise(scale * y) == pytest.approx(
        f.surprise(y) + math.log(scale), rel=1e-13, abs=1e-12
    )
    assert g.cdf(scale * y) == f.cdf(y)
    assert g.crps(scale * y) == scale * f.crps(y)
    assert g.mean == scale * f.mean
    assert g.quantile(0.31) == scale * f.quantile(0.31)
    h = Quantiles(values + shift, tails, cell)
    assert h.mean == pytest.approx(f.mean + shift, abs=1e-9)
    assert h.quantile(0.999) == pytest.approx(f.quantile(0.999) + shift, abs=1e-9)
    assert h.crps(y + shift) == pytest.approx(f.crps(y), abs=1e-8)
    assert h.cdf(y + shift) == pytest.approx(f.cdf(y), abs=1e-9)
    # a shift that moves y across a bend moves the density
    assume(cell > 0.0 and np.abs(values - y).min() > 1e-6)
    assert h.surprise(y + shift) == pytest.approx(f.surprise(y), abs=1e-6)


@given(
    location=st.floats(-50.0, 50.0),
    power=st.integers(-20, 20),
    z=st.floats(-1e4, 1e4),
    nu=st.sampled_from(NUS),
    cell=st.sampled_from([0.0, 0.001, 0.3, 7.0]),
)
def test_student_keeps_the_law_of_scale(
    location: float, power: int, z: float, nu: float, cell: float
) -> None:
    scale = 2.0**power
    f, g = StudentT(0.0, 1.0, nu, cell), StudentT(0.0, scale, nu, scale * cell)
    assert g.surprise(scale * z) == pytest.approx(
        f.surprise(z) + math.log(scale), rel=1e-12, abs=1e-11
    )
    assert g.cdf(scale * z) == f.cdf(z)
    assert g.quantile(0.9) == pytest.approx(scale * f.quantile(0.9), rel=1e-12)
    h = StudentT(location, 1.0, nu)
    assert h.quantile(0.9) == pytest.approx(location + f.quantile(0.9), abs=1e-10)
    assert h.cdf(location + z) == pytest.approx(f.cdf(z), abs=1e-10)


@given(values=values21, y=st.floats(-200.0, 200.0), other=st.floats(-200.0, 200.0))
def test_quantiles_distribution_function_rises_and_passes_through(
    values: Floats, y: float, other: float
) -> None:
    f = Quantiles(values)
    low, high = min(y, other), max(y, other)
    assert 0.0 <= f.cdf(low) <= f.cdf(high) <= 1.0
    np.testing.assert_allclose([f.cdf(v) for v in values], LEVELS, rtol=1e-12)
    np.testing.assert_allclose([f.quantile(p) for p in LEVELS], values, atol=1e-10)


# ------------------------------------------------- the continuous ranked probability score


def crps_reference(f: Quantiles, y: float) -> float:
    """int (F - 1[y <= x])^2 dx, panel by panel."""
    cuts = [*f.values, y - 100.0, y + 100.0]
    below = integral(lambda x: f.cdf(x) ** 2, -INF, y, cuts)
    return below + integral(lambda x: (1.0 - f.cdf(x)) ** 2, y, INF, cuts)


@pytest.mark.parametrize(
    "f",
    [
        Quantiles(bent(2)),
        Quantiles(bent(3), tails=(0.01, 4.0)),
        Quantiles(bent(4, ties=(3, 9, 10, 17))),
        Quantiles(bent(5, ties=(0, 19))),  # the whole of each tail in an atom
        Quantiles(bent(6), tails=(0.0, 0.0)),
    ],
    ids=["bent", "tails", "ties", "ends", "no tails"],
)
def test_crps_by_quadrature(f: Quantiles) -> None:
    values = f.values
    inside = 0.5 * (values[4] + values[5])
    for y in (values[0] - 9.0, values[0], inside, values[10], values[-1], values[-1] + 0.5, 60.0):
        assert f.crps(float(y)) == pytest.approx(crps_reference(f, float(y)), rel=1e-7, abs=1e-9)


def test_crps_against_scoringrules() -> None:
    import scoringrules

    for y in (-1e6, -40.0, 0.0, 2.0, 3.3, 11.0, 1e4):
        expected = float(scoringrules.crps_t(y, 4, location=2.0, scale=3.0))
        assert Quantiles(2.0 + 3.0 * SCORES).crps(y) == pytest.approx(expected, rel=1e-9)


def test_crps_of_a_point_is_the_distance() -> None:
    point = Quantiles(np.full(21, 4.0))
    assert [point.crps(y) for y in (1.0, 4.0, 9.5)] == [3.0, 0.0, 5.5]


# ------------------------------------------------- atoms


def test_atoms_by_hand() -> None:
    # levels .40 to .55 tie at 2: an atom of 0.15 in an otherwise straight t4
    values = SCORES.copy()
    values[8:12] = 0.0
    f = Quantiles(values, cell=0.1)
    assert f.cdf(0.0) == pytest.approx(0.55, rel=1e-14)
    left = np.nextafter(0.0, -1.0)
    assert f.cdf(left) == pytest.approx(0.40, rel=1e-12)
    assert [f.quantile(p) for p in (0.41, 0.5, 0.549)] == [0.0, 0.0, 0.0]
    assert f.pdf(0.0) == INF
    # the cell holds the atom and a stretch of the segments on both sides of it
    slopes = [SCORES[7] / (SCORES[7] - SCORES[8]), SCORES[12] / (SCORES[12] - SCORES[11])]
    t = stats.t(4)
    low, high = SCORES[8] - 0.05 / slopes[0], SCORES[11] + 0.05 / slopes[1]
    mass = t.cdf(high) - t.cdf(low)
    assert f.surprise(0.0) == pytest.approx(-math.log(mass / 0.1), rel=1e-12)
    # an atom at the end of the cell counts whole
    edge = f.surprise(0.05)
    high = SCORES[11] + 0.1 / slopes[1]
    assert edge == pytest.approx(-math.log((t.cdf(high) - 0.40) / 0.1), rel=1e-9)
    # the narrower the cell, the nearer the mass of the atom alone
    f.cell = 1e-9
    assert f.surprise(0.0) == pytest.approx(-math.log(0.15 / 1e-9), abs=1e-7)
    f.cell = 0.0
    assert f.surprise(0.0) == -INF
    # mean: the tied stretch gives 0, two stretches are steeper
    mean = integral(f.quantile, 1e-13, 1.0 - 1e-13, LEVELS)
    assert f.mean == pytest.approx(mean, abs=1e-6)


def test_a_narrow_tail_is_no_atom() -> None:
    f = Quantiles(bent(6), tails=(0.25, 0.25))
    # the right tail begins at the last value, with the slope of the tail: t4(z) / .25
    assert f.pdf(f.values[-1]) == pytest.approx(4.0 * stats.t(4).pdf(SCORES[-1]), rel=1e-12)
    assert f.pdf(f.values[0] - 1e-12) == pytest.approx(4.0 * stats.t(4).pdf(SCORES[0]), rel=1e-9)


def test_tails_of_no_width_are_atoms() -> None:
    f = Quantiles(bent(6), tails=(0.0, 0.0), cell=1e-6)
    first, last = f.values[0], f.values[-1]
    assert [f.cdf(first - 1.0), f.cdf(last), f.cdf(last + 1.0), f.cdf(1e12)] == [0.0, 1.0, 1.0, 1.0]
    assert f.cdf(first) == pytest.approx(0.025, rel=1e-13)
    assert f.cdf(np.nextafter(last, 0.0)) == pytest.approx(0.975, rel=1e-12)
    assert f.quantile(1e-6) == first
    assert f.quantile(1.0 - 1e-6) == last
    assert f.pdf(first) == f.pdf(last) == INF
    assert f.pdf(last + 1.0) == 0.0
    assert f.surprise(first) == pytest.approx(-math.log(0.025 / 1e-6), abs=1e-4)
    assert f.surprise(last) == pytest.approx(-math.log(0.025 / 1e-6), abs=1e-4)
    assert f.surprise(last + 1.0) == INF
    f.cell = 0.0
    assert f.surprise(first - 1.0) == INF
    whole = integral(f.pdf, first, last, f.values)
    assert whole == pytest.approx(0.95, rel=1e-10)


def test_everything_in_one_atom() -> None:
    f = Quantiles(np.full(21, 7.0), cell=0.5)
    assert f.mean == pytest.approx(7.0, rel=1e-14)
    assert f.surprise(7.0) == pytest.approx(math.log(0.5), rel=1e-14)
    assert f.surprise(7.25) == pytest.approx(math.log(0.5), rel=1e-14)
    assert f.surprise(7.3) == INF
    assert f.expected_surprise() == pytest.approx(
        math.log(0.5) + float(stats.t(4).entropy()), abs=1e-9
    )
    assert f.sample(np.random.default_rng(0), 5).tolist() == [7.0] * 5


def test_mass_adds_up_over_cells() -> None:
    values = bent(7, ties=(5, 12))
    # edges that are no atom, or an atom would count twice
    edges = np.linspace(values[0] - 5.0, values[-1] + 5.0, 400)
    width = float(edges[1] - edges[0])
    f = Quantiles(values, (1.0, 0.5), cell=width)
    parts = [width * math.exp(-f.surprise(0.5 * (a + b))) for a, b in itertools.pairwise(edges)]
    assert math.fsum(parts) == pytest.approx(f.cdf(edges[-1]) - f.cdf(edges[0]), rel=1e-7)


@pytest.mark.parametrize("side", [-1, 1])
def test_surprise_is_continuous_where_the_cell_first_touches_a_bend(side: int) -> None:
    values, cell = bent(8), 0.01
    for bend in values[1:-1]:
        apart = bend + side * 0.5 * cell
        near = [quantiles_surprise(values, 1.0, 1.0, cell, apart + e) for e in (-1e-9, 1e-9)]
        assert near[0] == pytest.approx(near[1], abs=1e-5)


def test_expected_surprise_of_quantiles_has_no_slope_below_the_cell() -> None:
    values, cell = bent(9), 0.8
    slopes = np.diff(values) / np.diff(SCORES)
    mass = np.diff(np.array(LEVELS))
    logs = np.log(np.maximum(slopes, cell))
    ends = 0.025 * (logs[0] + logs[-1])
    expected = stats.t(4).entropy() + mass @ logs + ends
    assert (slopes < cell).any()
    assert (slopes > cell).any()
    assert Quantiles(values, cell=cell).expected_surprise() == pytest.approx(expected, rel=1e-12)


# ------------------------------------------------- what is refused


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, math.nan])
@pytest.mark.parametrize("name", SMOOTH)
def test_a_level_lies_between_0_and_1(name: str, level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        SMOOTH[name].quantile(level)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Normal(0.0, 0.0), "sd"),
        (lambda: Normal(0.0, -1.0), "sd"),
        (lambda: Normal(0.0, math.nan), "sd"),
        (lambda: StudentT(0.0, 1.0, 3.0), "nus"),
        (lambda: StudentT(0.0, 0.0, 4.0), "scales"),
        (lambda: StudentT(math.nan, 1.0, 4.0), "weights"),
        (lambda: Mixture([0.5, 0.6], [0, 0], [1, 1], [4, 4]), "sum to 1"),
        (lambda: Mixture([1.5, -0.5], [0, 0], [1, 1], [4, 4]), "sum to 1"),
        (lambda: Quantiles(np.arange(20.0)), "21 rising"),
        (lambda: Quantiles(-SCORES), "21 rising"),
        (lambda: Quantiles(np.full(21, math.nan)), "21 rising"),
        (lambda: Quantiles([*SCORES[:20], INF]), "21 rising"),
        (lambda: Quantiles(SCORES, tails=(1.0, -1.0)), "tails"),
        (lambda: Quantiles(SCORES, tails=(1.0, math.nan)), "tails"),
        (lambda: Categorical({"a": 0.5, "b": 0.6}), "sum to 1"),
        (lambda: Categorical({"a": 1.5, "b": -0.5}), "sum to 1"),
        (lambda: Bernoulli(1.2), "sum to 1"),
        (lambda: Bernoulli(math.nan), "sum to 1"),
    ],
)
def test_refused(made: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        made()


# ------------------------------------------------- words and labels


def test_categorical_by_hand_and_by_scipy() -> None:
    ps = [0.5, 0.2, 0.3, 0.0]
    f = Categorical(dict(zip("abcd", ps, strict=True)))
    assert [f.p(y) for y in "abcdz"] == [0.5, 0.2, 0.3, 0.0, 0.0]
    assert f.top(2) == [("a", 0.5), ("c", 0.3)]
    assert f.surprise("b") == pytest.approx(math.log(5.0), rel=1e-15)
    assert f.surprise("d") == f.surprise("unheard of") == INF
    assert f.expected_surprise() == pytest.approx(float(stats.entropy(ps)), rel=1e-14)


def test_categorical_samples() -> None:
    f = Categorical({"a": 0.5, "b": 0.2, "c": 0.3})
    drawn = f.sample(np.random.default_rng(5), 5000)
    counts = [drawn.count(y) for y in "abc"]
    assert sum(counts) == 5000
    assert stats.chisquare(counts, [2500, 1000, 1500]).pvalue > 0.001
    assert drawn == f.sample(np.random.default_rng(5), 5000)


@given(p=st.floats(0.0, 1.0))
def test_bernoulli(p: float) -> None:
    f = Bernoulli(p)
    assert f.p(True) == p
    assert f.p(False) == 1.0 - p
    assert f.expected_surprise() == pytest.approx(float(stats.bernoulli(p).entropy()), abs=1e-12)
    for y, q in ((True, p), (False, 1.0 - p)):
        assert f.surprise(y) == (-math.log(q) if q > 0.0 else INF)


# ------------------------------------------------- a mixture with a hinge


HINGES = [(hinge, below) for hinge in (-8.0, -0.2, 0.9, 6.0) for below in (0.02, 0.5, 0.93)]


@pytest.mark.parametrize("nu", NUS)
def test_the_part_of_a_mean_below_a_point(nu: float) -> None:
    pdf = law(nu).pdf
    for z in (-30.0, -0.1, 0.4, 25.0):
        below = integral(lambda x: x * pdf(x), -INF, z, [-100.0, -10.0, -1.0, 0.0, 1.0])
        assert student_lower_mean(z, nu) == pytest.approx(below, rel=1e-7, abs=1e-12)
        # all of it has the mean 0: what lies below z lies, mirrored, above it
        assert student_lower_mean(-z, nu) == pytest.approx(student_lower_mean(z, nu), rel=1e-14)


@pytest.mark.parametrize(("hinge", "below"), HINGES)
def test_a_hinge_holds_what_is_believed_and_keeps_the_shape(hinge: float, below: float) -> None:
    f = Hinged(MIXTURE, hinge, below)
    assert f.cdf(hinge) == pytest.approx(below, rel=1e-13)
    assert f.quantile(below) == pytest.approx(hinge, rel=1e-9)
    assert f.median == pytest.approx(f.quantile(0.5), rel=1e-15)
    if below == 0.5:
        assert f.median == pytest.approx(hinge, rel=1e-9)
    # on either side it is the mixture given that side
    before = MIXTURE.cdf(hinge)
    for x in (hinge - 3.0, hinge - 0.1, hinge):
        assert f.cdf(x) / below == pytest.approx(MIXTURE.cdf(x) / before, rel=1e-13)
        assert f.pdf(x) / below == pytest.approx(MIXTURE.pdf(x) / before, rel=1e-13)
    for x in (hinge + 1e-9, hinge + 0.1, hinge + 3.0):
        rest, whole = (1.0 - f.cdf(x)) / (1.0 - below), 1.0 - before
        assert rest == pytest.approx((1.0 - MIXTURE.cdf(x)) / whole, rel=1e-10)
        assert f.pdf(x) / (1.0 - below) == pytest.approx(MIXTURE.pdf(x) / whole, rel=1e-13)


@pytest.mark.parametrize(("hinge", "below"), HINGES)
def test_mean_of_a_hinge_by_quadrature(hinge: float, below: float) -> None:
    f = Hinged(MIXTURE, hinge, below)
    expected = integral(lambda x: x * f.pdf(x), -INF, INF, cuts_of(f))
    assert f.mean == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize(("hinge", "below"), HINGES)
@pytest.mark.parametrize("cell", [1e-3, 0.4, 3.0])
def test_surprise_of_a_cell_that_the_hinge_parts(hinge: float, below: float, cell: float) -> None:
    """To 1e-9: by Gauss quadrature of the density on either side."""

    def mass(low: float, high: float) -> float:
        edges = np.linspace(low, high, 9)
        halves, middles = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        points = (middles[:, None] + halves[:, None] * GAUSS_X).ravel()
        weights = (halves[:, None] * GAUSS_W).ravel()
        return float(weights @ [f.pdf(x) for x in points])

    f = Hinged(Mixture(*MIXTURE._parts, cell=cell), hinge, below)
    assert f.cell == cell
    for share in (1e-6, 0.2, 0.5, 0.9):
        y = hinge + (0.5 - share) * cell
        low, high = y - 0.5 * cell, y + 0.5 * cell
        assert low < hinge < high
        whole = mass(low, hinge) + mass(np.nextafter(hinge, INF), high)
        assert f.surprise(y) == pytest.approx(-math.log(whole / cell), abs=1e-9)
    # a cell on one side only
    for y in (hinge - 0.5 * cell, hinge + 0.5 * cell + 1e-12):
        whole = mass(y - 0.5 * cell, y + 0.5 * cell)
        assert f.surprise(y) == pytest.approx(-math.log(whole / cell), abs=1e-7)


def test_a_hinge_where_the_mixture_has_its_own_changes_nothing() -> None:
    f = Hinged(MIXTURE, 0.9, MIXTURE.cdf(0.9))
    for p in (1e-6, 0.3, 0.5, 0.99):
        assert f.quantile(p) == pytest.approx(MIXTURE.quantile(p), rel=1e-12)
    for y in (-1e12, -2.0, 0.9, 4.0, 1e12):
        assert f.surprise(y) == pytest.approx(MIXTURE.surprise(y), rel=1e-13)
    assert f.mean == pytest.approx(MIXTURE.mean, rel=1e-13)


@pytest.mark.parametrize("cell", [0.0, 0.3])
def test_a_hinge_goes_through_scale_and_shift(cell: float) -> None:
    f = Hinged(Mixture(*MIXTURE._parts, cell=cell), 0.9, 0.4)
    for a, b in ((1000.0, 0.0), (0.01, 3.0), (4.0, -500.0)):
        weights, locations, scales, nus = MIXTURE._parts
        moved = Mixture(weights, a * locations + b, a * scales, nus, a * cell)
        g = Hinged(moved, a * 0.9 + b, 0.4)
        assert g.mean == pytest.approx(a * f.mean + b, rel=1e-9)
        for y in (-4.0, 0.0, 0.85, 0.95, 7.0):
            assert g.surprise(a * y + b) == pytest.approx(f.surprise(y) + math.log(a), abs=1e-9)
            assert g.cdf(a * y + b) == pytest.approx(f.cdf(y), rel=1e-9)
        for p in LEVELS:
            assert g.quantile(p) == pytest.approx(a * f.quantile(p) + b, rel=1e-7, abs=1e-9)


def test_a_hinge_of_checked_parts_is_the_same() -> None:
    f = Hinged(MIXTURE, 0.9, 0.4)
    g = Hinged.of(MIXTURE, 0.9, MIXTURE.cdf(0.9), 0.4)
    assert (g.mean, g.median, g.before, g.cell) == (f.mean, f.median, f.before, f.cell)
    assert repr(f) == "Hinged(Mixture of 4 (mean=0.3), hinge=0.9, below=0.4)"


@pytest.mark.parametrize("z", [1e3, 1e12, 1e60])
def test_a_hinge_far_out_weighs_one_side(z: float) -> None:
    t4 = StudentT(0.0, 1.0, 4.0)
    f = Hinged(t4, 0.0, 0.2)
    assert f.surprise(-z) == pytest.approx(t4.surprise(z) - math.log(0.4), rel=1e-12)
    assert f.surprise(z) == pytest.approx(t4.surprise(z) - math.log(1.6), rel=1e-12)


def test_a_hinge_inside_a_cell_that_holds_nothing_weighs_both_sides_alike() -> None:
    parts = [np.array(part) for part in ([1.0], [0.0], [1.0], [INF])]
    # 60 standard deviations out, no float holds the mass of either half of the cell
    assert hinged_side(*parts, 1.0, 60.0, 1.0, 0.5, 60.0) != hinged_side(
        *parts, 1.0, 0.0, 0.5, 0.5, 60.0
    )
    assert hinged_side(*parts, 1.0, -60.0, 0.25, 0.5, -60.0) == pytest.approx(
        0.5 * 2.0 + 0.5 * 2.0 / 3.0, rel=1e-14
    )


@pytest.mark.parametrize(
    ("hinge", "below"),
    [
        *((0.9, below) for below in (0.0, 1.0, -0.1, 1.1, math.nan)),
        *((hinge, 0.5) for hinge in (INF, -INF, 1e300, math.nan)),
    ],
)
def test_a_hinge_has_a_part_on_both_sides(hinge: float, below: float) -> None:
    with pytest.raises(ValueError, match="both sides"):
        Hinged(MIXTURE, hinge, below)


# ---- both bounds, and what is asked seldom -------------------------------------------------------


def test_mean_and_crps_where_each_tail_reaches_a_bound() -> None:
    """E[Y] = low + int P(Y > x),  CRPS = int (P(Y <= x) - [y <= x])^2, each from low to high."""
    values = bent(2)
    low, high = values[0] - 0.7, values[-1] + 1.9
    f = Quantiles(values, tails=(1.5, 2.5), bounds=(low, high))
    cuts = [*values]
    mean = low + integral(lambda x: 1.0 - f.cdf(x), low, high, cuts)
    assert f.mean == pytest.approx(mean, rel=1e-11)
    for y in (low, values[3], 0.5 * (values[10] + values[11]), high):
        below = integral(lambda x: f.cdf(x) ** 2, low, y, cuts) if y > low else 0.0
        above = integral(lambda x: (1.0 - f.cdf(x)) ** 2, y, high, cuts) if y < high else 0.0
        assert f.crps(y) == pytest.approx(below + above, rel=1e-10)


def test_density_on_a_bound_is_that_of_the_mass_beyond_it() -> None:
    bounds = (-9.0, 9.0)
    for tail, there in ((0.5, INF), (0.0, 0.0)):  # no width of a tail, nothing beyond
        f = Quantiles(SCORES, tails=(tail, tail), bounds=bounds)
        assert [f.pdf(y) for y in (*bounds, -9.1, 9.1)] == [there, there, 0.0, 0.0]


def test_below_the_lowest_point_of_a_lattice_nothing_lies() -> None:
    f = Quantiles(5.0 + SCORES, bounds=(0.0, INF), lattice=(0.0, 1.0))
    assert f.cdf(-1e-7) == 0.0 < f.cdf(0.0)


def test_tails_that_are_not_told_go_on_as_the_last_stretch() -> None:
    for shift in (-100.0, 0.0, 100.0):
        assert Quantiles(shift + 3.0 * SCORES).tails == pytest.approx((3.0, 3.0), rel=1e-12)


def test_a_forecast_of_checked_parts_is_the_same() -> None:
    parts = bent(3), (0.5, 0.25), (-9.0, 99.0), (0.5, 2.0)
    f = Quantiles(parts[0], parts[1], 0.1, None, parts[2], parts[3])
    pairs = [np.array(pair) for pair in parts[1:]]
    g = Quantiles.of(parts[0], *pairs, 0.1, f.mean)
    assert (g.tails, g.bounds, g.lattice) == parts[1:]
    assert [g.quantile(p) for p in LEVELS] == [f.quantile(p) for p in LEVELS]
    assert (g.mean, g.cell, g.cdf(0.0)) == (f.mean, f.cell, f.cdf(0.0))


def test_how_quantiles_show_themselves() -> None:
    low, high = 100.0 + 3.0 * stats.t(4).ppf([0.05, 0.95])
    said = f"Quantiles(median=100, 90 % in [{low:.6g}, {high:.6g}])"
    assert repr(Quantiles(100.0 + 3.0 * SCORES)) == said


def test_one_value_is_drawn_if_no_number_is_said() -> None:
    assert Normal(0.0, 1.0).sample(np.random.default_rng(0)).shape == (1,)


def test_a_part_of_no_weight_is_heard_by_nobody() -> None:
    one, two = StudentT(1.0, 2.0, 4.0), Mixture([0.0, 1.0], [9.0, 1.0], [1.0, 2.0], [2.0, 4.0])
    for y in (-3.0, 1.0, 9.0):
        assert two.cdf(y) == pytest.approx(one.cdf(y), rel=1e-15)
        assert two.surprise(y) == pytest.approx(one.surprise(y), rel=1e-15)


def test_a_power_law_far_out_at_any_distance() -> None:
    for z, scale in itertools.product((3.7e120, 1.9e200), (1.0, 50.0)):
        said = StudentT(0.0, scale, 2.0).surprise(z)
        # t with 2 degrees of freedom:  p(z) = (2 + z^2)^(-3/2), and a scale s gives s^2 / z^3
        expected = 3.0 * math.log(z) - 2.0 * math.log(scale)
        assert said == pytest.approx(expected, rel=1e-14)


def test_a_hinge_at_the_edge_of_a_cell_weighs_the_side_that_holds_it() -> None:
    parts = [np.array(part) for part in ([1.0], [0.0], [1.0], [INF])]
    before = float(stats.norm.cdf(1.0))
    y = math.nextafter(1.0, 0.0) + 0.25  # less than a rounding of the cell lies below the hinge
    side = hinged_side(*parts, 0.5, 1.0, before, 0.2, y)
    assert side == pytest.approx((1.0 - 0.2) / (1.0 - before), rel=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_all_levels_at_once_are_the_quantiles_to_the_bit(name: str) -> None:
    found = SMOOTH[name].at_levels()
    assert found.tolist() == [SMOOTH[name].quantile(level) for level in LEVELS]


def test_between_two_scores_lies_what_scipy_says_and_nothing_where_they_are_turned() -> None:
    edges = (-INF, -30.0, -1.5, 0.25, 2.0, INF)
    for a, b in itertools.product(edges, edges):
        expected = max(0.0, float(law(4.0).cdf(b) - law(4.0).cdf(a)))
        assert mass_between(a, b) == pytest.approx(expected, rel=1e-12, abs=1e-15)
