"""What people hold: a distribution over what comes next, that can be asked and can be surprised."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS

Floats = NDArray[np.float64]


class Forecast(ABC):
    """A distribution over what comes next. It never changes."""

    __slots__ = ()

    @abstractmethod
    def surprise(self, y: Any) -> float:
        """-log p(y), nats."""

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
        """Expected value."""

    @property
    def median(self) -> float:
        """The value that is exceeded half of the time."""
        return self.quantile(0.5)

    @abstractmethod
    def quantile(self, level: float) -> float:
        """The smallest value that is not exceeded with probability ``level``, in (0, 1)."""

    def at_levels(self) -> Floats:
        """Its quantiles at ``LEVELS``, float64 [21]."""
        return np.array([self.quantile(level) for level in LEVELS])

    @abstractmethod
    def cdf(self, y: float) -> float:
        """P(Y <= y)."""

    @abstractmethod
    def pdf(self, y: float) -> float:
        """Density at y, per unit of y."""

    def interval(self, coverage: float) -> tuple[float, float]:
        """The central interval that holds Y with probability ``coverage``, in (0, 1)."""
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
