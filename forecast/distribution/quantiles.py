"""A forecast by its 21 quantiles, bounds and lattice."""

import math
from collections.abc import Sequence

import numpy as np

from forecast.distribution.bent import quantiles_expected_surprise
from forecast.distribution.bounded import (
    bounded_cdf,
    bounded_crps,
    bounded_mean,
    bounded_pdf,
    bounded_quantile,
    bounded_surprise,
    within,
)
from forecast.distribution.held import Floats, NumberForecast, checked_level
from forecast.distribution.lattice import lattice_edge, lattice_nearest
from forecast.distribution.t4 import SCORES, N


class Quantiles(NumberForecast):
    """Student's t with 4 degrees of freedom, bent to pass through 21 quantiles.

    Between its quantiles and beyond them the distribution is a stretch of Student's t: continuous,
    with a density everywhere and tails that no outlier falls out of. Two quantiles that tie are an
    atom of the mass between their levels.

    Parameters
    ----------
    values : array_like, [21]
        The quantiles at ``LEVELS``, rising.
    tails : (float, float), optional
        Scale of Student's t beyond the first and the last value, in units of y; that of the
        neighbouring stretch where not given. 0 puts the tail's mass on the value itself.
    cell : float
        See ``NumberForecast``. A forecast with atoms needs one: without it the density, and so
        the surprise, is infinite there.
    mean : float, optional
        What the square loss asks for, where that was learned on its own: how far the tails reach
        beyond the last quantile is said by these only roughly. That of the values and tails where
        not given.
    bounds : (float, float), optional
        No value lies beyond them: the part of a tail that would is an atom on the bound.
    lattice : (float, float), optional
        A point, and its pitch, the distance of the next one: what comes lies on such a point. The
        mass of its cell is on it, and quantiles are points; a pitch of 0 is no lattice.

    Raises
    ------
    ValueError
        If there are not 21 rising values, a tail or a pitch is negative, or a value lies beyond a
        bound.

    Examples
    --------
    >>> from forecast.distribution.t4 import SCORES
    >>> forecast = Quantiles(100.0 + 3.0 * SCORES)
    >>> round(forecast.mean, 6), round(forecast.quantile(0.99), 4), round(forecast.cdf(100.0), 6)
    (100.0, 111.2408, 0.5)
    """

    __slots__ = ("_mean", "bounds", "lattice", "tails", "values")

    def __init__(
        self,
        values: Sequence[float] | Floats,
        tails: tuple[float, float] | None = None,
        cell: float = 0.0,
        mean: float | None = None,
        bounds: tuple[float, float] = (-math.inf, math.inf),
        lattice: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        values = np.array(values, float)
        rising = values.shape == (N,) and (np.diff(values) >= 0.0).all()
        if not (rising and np.isfinite(values).all()):
            raise ValueError(f"expected {N} rising values; got {values}")
        if tails is None:
            left = float((values[1] - values[0]) / (SCORES[1] - SCORES[0]))
            right = float((values[-1] - values[-2]) / (SCORES[-1] - SCORES[-2]))
            tails = left, right
        if not all(0.0 <= tail < math.inf for tail in tails):
            raise ValueError(f"tails must not be negative; got {tails}")
        if not bounds[0] <= values[0] <= values[-1] <= bounds[1]:
            raise ValueError(f"no value may lie beyond the bounds {bounds}; got {values}")
        if not 0.0 <= lattice[1] < math.inf:
            raise ValueError(f"a pitch must not be negative; got {lattice[1]}")
        self.values = values
        self.tails = tails
        self.bounds = bounds
        self.lattice = lattice
        self.cell = cell
        self._mean = float(bounded_mean(*self._parts) if mean is None else mean)

    @classmethod
    def of(
        cls,
        values: Floats,
        tails: Floats,
        bounds: Floats,
        lattice: Floats,
        cell: float,
        mean: float,
    ) -> "Quantiles":
        """The forecast of checked values, [21], and pairs; values are not copied."""
        forecast = cls.__new__(cls)
        forecast.values = values
        forecast.tails = float(tails[0]), float(tails[1])
        forecast.bounds = float(bounds[0]), float(bounds[1])
        forecast.lattice = float(lattice[0]), float(lattice[1])
        forecast.cell = cell
        forecast._mean = mean
        return forecast

    @property
    def _parts(self) -> tuple[Floats, float, float, float, float]:
        return self.values, *self.tails, *self.bounds

    @property
    def mean(self) -> float:
        return self._mean

    @property
    def median(self) -> float:
        return self._point(self.values[N // 2])

    def _point(self, x: float) -> float:
        """What is said of a value of X, which lies between the bounds."""
        return float(within(lattice_nearest(x, *self.lattice), *self.bounds))

    def surprise(self, y: float) -> float:
        return float(bounded_surprise(*self._parts, self.cell, y))

    def expected_surprise(self) -> float:
        return float(quantiles_expected_surprise(self.values, *self.tails, self.cell))

    def quantile(self, level: float) -> float:
        return self._point(bounded_quantile(*self._parts, checked_level(level)))

    def cdf(self, y: float) -> float:
        low, high = self.bounds
        edge = lattice_edge(y, *self.lattice) if low <= y < high else y
        return float(bounded_cdf(*self._parts, edge))

    def pdf(self, y: float) -> float:
        return float(bounded_pdf(*self._parts, y))

    def crps(self, y: float) -> float:
        """Continuous ranked probability score, in units of y (Matheson and Winkler, 1976).

        On a lattice it is that of the points that the 21 values stand for.
        """
        if self.lattice[1] > 0.0:
            points = [self._point(value) for value in self.values]
            return Quantiles(points, bounds=self.bounds).crps(y)
        return float(bounded_crps(*self._parts, y))

    def __repr__(self) -> str:
        low, high = self.values[1], self.values[-2]
        return f"Quantiles(median={self.median:.6g}, 90 % in [{low:.6g}, {high:.6g}])"
