"""Normal distribution: its surprise by cells, and as a forecast."""

import math
from statistics import NormalDist

from forecast.compiled import compiled
from forecast.distribution.held import NumberForecast, checked_level

ROOT_2 = math.sqrt(2.0)
OVER_24 = 1.0 / 24.0
OVER_1920 = 1.0 / 1920.0
LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


@compiled
def normal_cdf(mean, sd, x):
    """P(Y <= x)."""
    return 0.5 * math.erfc((mean - x) / (sd * ROOT_2))


@compiled
def normal_tail_over_density(z):
    """Mills's ratio m(z) = Q(z)/phi(z) ~ 1/z (1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8).

    To 1e-11 from 25 on.
    """
    v = 1.0 / (z * z)
    return (1.0 - v * (1.0 - 3.0 * v * (1.0 - 5.0 * v * (1.0 - 7.0 * v)))) / z


@compiled
def normal_bend(z, width):
    """By how much more than width phi(z) a narrow cell around z holds, as a share of that.

    (z^2 - 1) width^2/24 + (z^4 - 6 z^2 + 3) width^4/1920 + ...
    """
    z2, w2 = z * z, width * width
    return w2 * ((z2 - 1.0) * OVER_24 + w2 * ((z2 - 6.0) * z2 + 3.0) * OVER_1920)


@compiled
def normal_surprise(mean, sd, cell, y):
    """-log of the mass of the cell around y, over its width; finite however far y is."""
    z = abs(y - mean) / sd
    width = cell / sd
    if math.isnan(cell):
        return math.nan
    if width * max(1.0, z) < 0.02:
        return 0.5 * z * z + LOG_ROOT_2PI + math.log(sd) - math.log1p(normal_bend(z, width))
    a, b = z - 0.5 * width, z + 0.5 * width
    if a < 25.0:
        return -math.log(0.5 * (math.erfc(a / ROOT_2) - math.erfc(b / ROOT_2)) / cell)
    # far out:  Q(a) - Q(b) = Q(a) (1 - Q(b)/Q(a)),  Q(b)/Q(a) = exp(-width (a + b)/2) m(b)/m(a)
    kept = math.exp(-width * z) * normal_tail_over_density(b) / normal_tail_over_density(a)
    log_upper = -0.5 * a * a - LOG_ROOT_2PI + math.log(normal_tail_over_density(a))
    return -log_upper - math.log1p(-kept) + math.log(cell)


class Normal(NumberForecast):
    """Normal distribution.

    Examples
    --------
    >>> forecast = Normal(mean=10.0, sd=2.0)
    >>> round(forecast.surprise(10.0), 4), [round(x, 2) for x in forecast.interval(0.9)]
    (1.6121, [6.71, 13.29])
    """

    __slots__ = ("_mean", "sd")

    def __init__(self, mean: float, sd: float, cell: float = 0.0) -> None:
        if not sd > 0.0:
            raise ValueError(f"sd must be positive; got {sd!r}")
        self._mean = mean
        self.sd = sd
        self.cell = cell

    @property
    def mean(self) -> float:
        return float(self._mean)

    @property
    def median(self) -> float:
        return float(self._mean)

    def surprise(self, y: float) -> float:
        return float(normal_surprise(self._mean, self.sd, self.cell, y))

    def expected_surprise(self) -> float:
        return math.nan if math.isnan(self.cell) else math.log(self.sd) + LOG_ROOT_2PI + 0.5

    def quantile(self, level: float) -> float:
        return float(self._mean + self.sd * NormalDist().inv_cdf(checked_level(level)))

    def cdf(self, y: float) -> float:
        return float(normal_cdf(self._mean, self.sd, y))

    def pdf(self, y: float) -> float:
        return math.exp(-0.5 * ((y - self._mean) / self.sd) ** 2 - LOG_ROOT_2PI) / self.sd

    def __repr__(self) -> str:
        return f"Normal(mean={self._mean:.6g}, sd={self.sd:.6g})"
