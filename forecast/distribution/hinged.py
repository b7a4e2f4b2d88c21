"""A hinge: of another distribution F, so much below a point as is believed.

Below the hinge all of F is weighed by  below / F(hinge),
above it by                            (1 - below) / (1 - F(hinge)).
"""

import math

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.held import Floats, NumberForecast, checked_level
from forecast.distribution.mixture import (
    Mixture,
    mixture_cdf,
    mixture_mean,
    mixture_quantile,
    mixture_surprise,
)
from forecast.distribution.student import student_lower_mean, student_upper
from forecast.distribution.t4 import LEVEL, N

# A hinge: of another distribution F, so much below a point as is believed.
#   below the hinge all of F is weighed by  below / F(hinge),
#   above it by                             (1 - below) / (1 - F(hinge))


@compiled
def hinged_sides(before, below):
    """What the two sides of a hinge are weighed by; ``before`` is F(hinge)."""
    return below / before, (1.0 - below) / (1.0 - before)


@compiled
def hinged_cdf(weights, locations, scales, nus, hinge, before, below, x):
    """P(Y <= x) of a mixture with a hinge."""
    left, right = hinged_sides(before, below)
    under = mixture_cdf(weights, locations, scales, nus, x)
    return left * under if x <= hinge else 1.0 - right * (1.0 - under)


@compiled
def hinged_quantile(weights, locations, scales, nus, hinge, before, below, p):
    """x with P(Y <= x) = p."""
    left, right = hinged_sides(before, below)
    under = p / left if p <= below else 1.0 - (1.0 - p) / right
    return mixture_quantile(weights, locations, scales, nus, under)


@compiled
def hinged_mean(weights, locations, scales, nus, hinge, before, below):
    """E[Y] = left E[Y; Y <= hinge] + right E[Y; Y > hinge]."""
    left, right = hinged_sides(before, below)
    lower = 0.0
    for k in range(len(weights)):
        z = (hinge - locations[k]) / scales[k]
        under = student_upper(-z, nus[k])
        part = locations[k] * under + scales[k] * student_lower_mean(z, nus[k])
        lower += weights[k] * part
    return left * lower + right * (mixture_mean(weights, locations) - lower)


@compiled
def hinged_side(weights, locations, scales, nus, cell, hinge, before, below, y):
    """What the mass of the cell around y is weighed by."""
    left, right = hinged_sides(before, below)
    if y + 0.5 * cell <= hinge:
        return left
    if y - 0.5 * cell >= hinge:
        return right
    # the hinge parts the cell: the share of it that lies below
    low = before - mixture_cdf(weights, locations, scales, nus, y - 0.5 * cell)
    high = mixture_cdf(weights, locations, scales, nus, y + 0.5 * cell) - before
    share = low / (low + high) if low + high > 0.0 else 0.5
    return share * left + (1.0 - share) * right


@compiled
def hinged_surprise(weights, locations, scales, nus, cell, hinge, before, below, y):
    """-log of the mass of the cell around y, over its width."""
    smooth = mixture_surprise(weights, locations, scales, nus, cell, y)
    side = hinged_side(weights, locations, scales, nus, cell, hinge, before, below, y)
    return smooth - math.log(side)


@compiled
def hinged_quantiles(weights, locations, scales, nus, hinge, before, below, levels, out):
    """x with P(Y <= x) = p for each of some levels, to ``out``."""
    for k in range(len(levels)):
        out[k] = hinged_quantile(weights, locations, scales, nus, hinge, before, below, levels[k])


class Hinged(NumberForecast):
    """A mixture that holds so much below a point as is believed: there its two sides are hinged.

    A mixture weighed by ``-log p`` has the shape that surprises least, and not always the median
    that errs least. The hinge moves its median and keeps its shape on either side.

    Parameters
    ----------
    mixture : Mixture
    hinge : float
        The point, strictly inside the mixture.
    below : float
        P(Y <= hinge), in (0, 1).

    Raises
    ------
    ValueError
        If all of the mixture, or nothing, lies below the hinge.

    Examples
    --------
    >>> from forecast.distribution.mixture import StudentT
    >>> forecast = Hinged(StudentT(10.0, 2.0, 4.0), hinge=11.0, below=0.5)
    >>> round(forecast.median, 12), round(forecast.cdf(11.0), 12)
    (11.0, 0.5)
    """

    __slots__ = ("before", "below", "hinge", "mixture")

    def __init__(self, mixture: Mixture, hinge: float, below: float) -> None:
        before = mixture.cdf(hinge)
        if not (0.0 < before < 1.0 and 0.0 < below < 1.0):
            raise ValueError(f"a hinge has a part on both sides; got {before} and {below}")
        self.mixture, self.hinge, self.before, self.below = mixture, hinge, before, below
        self.cell = mixture.cell

    @classmethod
    def of(cls, mixture: Mixture, hinge: float, before: float, below: float) -> "Hinged":
        """The same from checked parts; ``before`` is the mixture's cdf at the hinge."""
        forecast = cls.__new__(cls)
        forecast.mixture, forecast.hinge = mixture, hinge
        forecast.before, forecast.below = before, below
        forecast.cell = mixture.cell
        return forecast

    @property
    def _hinge(self) -> tuple[float, float, float]:
        return self.hinge, self.before, self.below

    @property
    def mean(self) -> float:
        return float(hinged_mean(*self.mixture._parts, *self._hinge))

    def surprise(self, y: float) -> float:
        return float(hinged_surprise(*self.mixture._parts, self.cell, *self._hinge, y))

    def expected_surprise(self) -> float:
        if math.isnan(self.cell):
            return math.nan
        # the mean over 2,000 evenly spaced quantiles
        levels = (np.arange(2000) + 0.5) / 2000
        return math.fsum(-math.log(self.pdf(self.quantile(p))) for p in levels) / 2000

    def quantile(self, level: float) -> float:
        return float(hinged_quantile(*self.mixture._parts, *self._hinge, checked_level(level)))

    def at_levels(self) -> Floats:
        found = np.empty(N)
        hinged_quantiles(*self.mixture._parts, *self._hinge, LEVEL, found)
        return found

    def cdf(self, y: float) -> float:
        return float(hinged_cdf(*self.mixture._parts, *self._hinge, y))

    def pdf(self, y: float) -> float:
        left, right = hinged_sides(self.before, self.below)
        return float(self.mixture.pdf(y) * (left if y <= self.hinge else right))

    def __repr__(self) -> str:
        return f"Hinged({self.mixture!r}, hinge={self.hinge:.6g}, below={self.below:.6g})"
