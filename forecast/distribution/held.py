"""What people hold: a distribution over what comes next, that can be asked and can be surprised."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS

Floats = NDArray[np.float64]


class Forecast(ABC):
    """A distribution over what comes next. It never changes.

    What ``predict`` returns. All say how much an answer would surprise; of numbers there are
    ``mean``, ``median``, ``quantile(level)``, ``interval(coverage)``, ``cdf(y)``, ``pdf(y)`` and
    ``sample(rng, n)`` beside, in the units of the series; of words and labels ``p(y)`` and
    ``top(k)``. Before anything was learned the numbers are NaN.

    Examples
    --------
    >>> from forecast import Normal
    >>> forecast = Normal(mean=20.0, sd=2.0)
    >>> forecast.median, [round(end, 1) for end in forecast.interval(0.9)]
    (20.0, [16.7, 23.3])
    >>> forecast.surprise(20.0) < forecast.expected_surprise() < forecast.surprise(30.0)
    True
    """

    __slots__ = ()

    @abstractmethod
    def surprise(self, y: Any) -> float:
        """How surprising y would be: -log p(y), nats; less than 0 where a density is above 1."""

    @abstractmethod
    def expected_surprise(self) -> float:
        """The mean surprise, were y drawn from this forecast; nats."""


class NumberForecast(Forecast):
    """A distribution over the next number.

    Attributes
    ----------
    cell : float
        Width of the cell that an observation stands for, in units of y: ``surprise`` is
        ``-log(P(y - cell/2 <= Y <= y + cell/2) / cell)``, so that values that repeat themselves
        are never infinitely likely. At 0 it is ``-log`` of the density; NaN where the series has
        shown no unit yet, and the surprise is NaN too.
    """

    __slots__ = ("cell",)
    cell: float

    @property
    @abstractmethod
    def mean(self) -> float:
        """Expected value, in units of y."""

    @property
    def median(self) -> float:
        """The value that is exceeded half of the time, in units of y."""
        return self.quantile(0.5)

    @abstractmethod
    def quantile(self, level: float) -> float:
        """The smallest value that is not exceeded with probability ``level``, in (0, 1)."""

    def at_levels(self) -> Floats:
        """Its quantiles at ``LEVELS``, float64 [21]."""
        return np.array([self.quantile(level) for level in LEVELS])

    @abstractmethod
    def cdf(self, y: float) -> float:
        """P(Y <= y), from 0 to 1."""

    @abstractmethod
    def pdf(self, y: float) -> float:
        """Density at y, per unit of y."""

    def interval(self, coverage: float) -> tuple[float, float]:
        """The central interval that holds Y with probability ``coverage``.

        Parameters
        ----------
        coverage : float
            In (0, 1): 0.9 for from the 5 % quantile to the 95 % quantile.

        Returns
        -------
        (float, float)
            Its ends, in units of y.

        Raises
        ------
        ValueError
            If the coverage does not lie between 0 and 1.
        """
        if not 0.0 < coverage < 1.0:
            raise ValueError(f"a coverage lies between 0 and 1, as 0.9; got {coverage!r}")
        tail = 0.5 * (1.0 - coverage)
        return self.quantile(tail), self.quantile(1.0 - tail)

    def sample(self, rng: np.random.Generator, n: int = 1) -> Floats:
        """Draw n values, float64 [n]."""
        # away from 0 and 1, where a quantile may be infinite
        levels = rng.uniform(1e-12, 1.0 - 1e-12, n)
        return np.array([self.quantile(level) for level in levels])


def checked_level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level lies between 0 and 1; got {level!r}")
    return level
