"""A mixture of Student's t, and one of them alone."""

import math
from collections.abc import Sequence

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.held import Floats, NumberForecast, checked_level
from forecast.distribution.student import student_far, student_mass, student_pdf, student_upper
from forecast.distribution.t4 import LEVEL, N


@compiled
def mixture_mean(weights, locations):
    """sum_k w_k m_k."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * locations[k]
    return total


@compiled
def mixture_cdf(weights, locations, scales, nus, x):
    """sum_k w_k F_k(x)."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * student_upper((locations[k] - x) / scales[k], nus[k])
    return total


@compiled
def mixture_pdf(weights, locations, scales, nus, x):
    """sum_k w_k p_k(x)."""
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * student_pdf((x - locations[k]) / scales[k], nus[k]) / scales[k]
    return total


@compiled
def mixture_surprise(weights, locations, scales, nus, cell, y):
    """-log of the mass of the cell around y, over its width; finite however far y is."""
    if math.isnan(cell) or math.isnan(y):
        return math.nan
    density = 0.0
    for k in range(len(weights)):
        over = 1.0 / scales[k]
        z = (y - locations[k]) * over
        if cell > 0.0:
            density += weights[k] * student_mass(z, cell * over, nus[k])
        else:
            density += weights[k] * student_pdf(z, nus[k]) * over
    if cell > 0.0:
        density /= cell
    if density > 1e-300:
        return -math.log(density)
    # all of them far away, and the density too small for a float: add up in logs
    total = math.inf
    for k in range(len(weights)):
        if weights[k] > 0.0:
            far = student_far(locations[k], scales[k], nus[k], cell, y) - math.log(weights[k])
            apart = abs(total - far) if far < math.inf else math.inf
            total = min(total, far) - math.log1p(math.exp(-apart))
    return total


@compiled
def mixture_quantile(weights, locations, scales, nus, p):
    """x with F(x) = p, by Newton steps inside a shrinking bracket."""
    # no part's quantile is further out than that of 2 degrees of freedom
    widest = (2.0 * p - 1.0) / math.sqrt(2.0 * p * (1.0 - p))
    low, high = math.inf, -math.inf
    for k in range(len(weights)):
        low = min(low, locations[k] + scales[k] * min(0.0, widest))
        high = max(high, locations[k] + scales[k] * max(0.0, widest))
    x, step = low, 0.0
    # a bracket 1e150 wide, that of p = 1e-300, is halved 500 times before a Newton step helps
    for _ in range(1200):
        x = x - step if low < x - step < high else 0.5 * (low + high)
        error = mixture_cdf(weights, locations, scales, nus, x) - p
        if error > 0.0:
            high = x
        else:
            low = x
        density = mixture_pdf(weights, locations, scales, nus, x)
        step = error / density if density > 0.0 else math.inf
        if abs(step) <= 1e-14 * (abs(x) + high - low):
            return x - step
    return x


@compiled
def mixture_quantiles(weights, locations, scales, nus, levels, out):
    """x with F(x) = p for each of some levels, to ``out``."""
    for k in range(len(levels)):
        out[k] = mixture_quantile(weights, locations, scales, nus, levels[k])


class Mixture(NumberForecast):
    """Mixture of Student-t distributions; one of infinite degrees of freedom is a Normal.

    Parameters
    ----------
    weights, locations, scales, nus : array_like, [n]
        Weights sum to 1; degrees of freedom are 2, 4, 8 or inf, where all is algebraic.
    cell : float
        See ``NumberForecast``.

    Raises
    ------
    ValueError
        If a part is none of those.

    Examples
    --------
    >>> forecast = Mixture([0.5, 0.5], [0.0, 10.0], [1.0, 1.0], [4.0, math.inf])
    >>> forecast.mean, round(forecast.cdf(5.0), 3)
    (5.0, 0.498)
    """

    __slots__ = ("locations", "nus", "scales", "weights")

    def __init__(
        self,
        weights: Sequence[float] | Floats,
        locations: Sequence[float] | Floats,
        scales: Sequence[float] | Floats,
        nus: Sequence[float] | Floats,
        cell: float = 0.0,
    ) -> None:
        parts = np.array([weights, locations, scales, nus], float)
        w, _, s, nu = parts
        if not (np.isfinite(parts[:3]).all() and (w >= 0).all() and abs(w.sum() - 1.0) < 1e-9):
            raise ValueError(f"weights must be positive and sum to 1; got {w}")
        if not ((s > 0).all() and np.isin(nu, (2.0, 4.0, 8.0, math.inf)).all()):
            raise ValueError(f"scales must be positive, nus 2, 4, 8 or inf; got {s}, {nu}")
        self._keep(parts, cell)

    def _keep(self, parts: Floats, cell: float) -> None:
        self.weights, self.locations, self.scales, self.nus = parts
        self.cell = cell

    @classmethod
    def of(cls, parts: Floats, cell: float) -> "Mixture":
        """The mixture of checked parts, [4, n]; they are not copied."""
        forecast = cls.__new__(cls)
        forecast._keep(parts, cell)
        return forecast

    @property
    def _parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.weights, self.locations, self.scales, self.nus

    @property
    def mean(self) -> float:
        return float(mixture_mean(self.weights, self.locations))

    def surprise(self, y: float) -> float:
        return float(mixture_surprise(*self._parts, self.cell, y))

    def expected_surprise(self) -> float:
        if math.isnan(self.cell):
            return math.nan
        # the mean over 2,000 evenly spaced quantiles
        levels = (np.arange(2000) + 0.5) / 2000
        return math.fsum(-math.log(self.pdf(self.quantile(p))) for p in levels) / 2000

    def quantile(self, level: float) -> float:
        return float(mixture_quantile(*self._parts, checked_level(level)))

    def at_levels(self) -> Floats:
        found = np.empty(N)
        mixture_quantiles(*self._parts, LEVEL, found)
        return found

    def cdf(self, y: float) -> float:
        return float(mixture_cdf(*self._parts, y))

    def pdf(self, y: float) -> float:
        return float(mixture_pdf(*self._parts, y))

    def __repr__(self) -> str:
        return f"Mixture of {len(self.weights)} (mean={self.mean:.6g})"


class StudentT(Mixture):
    """Student's t, of 2, 4, 8 or infinitely many degrees of freedom.

    Examples
    --------
    >>> round(StudentT(0.0, 1.0, 4.0).quantile(0.95), 4)
    2.1318
    """

    __slots__ = ()

    def __init__(self, location: float, scale: float, nu: float, cell: float = 0.0) -> None:
        super().__init__([1.0], [location], [scale], [nu], cell)

    def __repr__(self) -> str:
        location, scale, nu = self.locations[0], self.scales[0], self.nus[0]
        return f"StudentT(location={location:.6g}, scale={scale:.6g}, nu={nu:.6g})"
