"""Whether probabilities are right: where in its forecast each truth fell, counted.

The PIT, cdf(y), is uniform where forecasts are right; of the quantile of level p, a share p of the
truths lies at it or below. Counts alone are kept, so that parts of a stream merge in any order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIT_BARS = 20


@dataclass(frozen=True)
class Calibrated:
    """The counts of one series at one horizon."""

    series: str
    horizon: int
    pit: Ints  # [PIT_BARS] answers by their PIT
    below: Floats  # [21] share of truths below each quantile
    upto: Floats  # [21] share of truths below it or at it: more, where values repeat
    n: int  # answers

    def band(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        """Between which shares of PITs from ``lower`` to ``upper`` [k] chance alone stays."""
        return band(upper - lower, self.n / overlap(lower, upper, self.horizon))


class Calibration:
    """Counts of the PIT and of the truths that each quantile left below, for each cell.

    Parameters
    ----------
    cells : int

    Examples
    --------
    >>> counted = Calibration(cells=1)
    >>> q = np.array(LEVELS)[:, None] * np.ones(3)
    >>> y = np.array([0.11, 0.5, 0.97])
    >>> counted.add(y, y, q, np.zeros(3, np.int64))
    >>> shown = counted.of(0, "a series", 1)
    >>> shown.pit[[2, 10, 19]], shown.below[10].round(2), shown.upto[10].round(2)
    (array([1, 1, 1]), np.float64(0.33), np.float64(0.67))
    """

    def __init__(self, cells: int) -> None:
        self.pit = np.zeros((cells, PIT_BARS), np.int64)
        # answers by how many of their quantiles lie below the truth, and by how many not above it
        self.passed = np.zeros((cells, len(LEVELS) + 1), np.int64)
        self.reached = np.zeros((cells, len(LEVELS) + 1), np.int64)

    def add(self, pit: Floats, y: Floats, q: Floats, cell: Ints) -> None:
        """Count a block of answers; ``q`` [21, n] ascends with the levels."""
        defined = np.isfinite(pit)
        bar = np.minimum((pit[defined] * PIT_BARS).astype(np.int64), PIT_BARS - 1)
        count(self.pit, cell[defined], bar)
        count(self.passed, cell, passed(q < y))
        count(self.reached, cell, passed(q <= y))

    def merge(self, other: "Calibration") -> None:
        """Add what another part of the same stream has seen; in any order."""
        self.pit += other.pit
        self.passed += other.passed
        self.reached += other.reached

    def of(self, cell: int, series: str, horizon: int) -> Calibrated:
        """The counts of a cell, as shares of its answers."""
        n = int(self.passed[cell].sum())
        # y <= q_p where at most p - 1 quantiles, counted from 1, lie below y; y < q_p where at
        # most p - 1 do not lie above it
        upto, below = (
            np.cumsum(counts[cell, :-1]) / max(1, n) for counts in (self.passed, self.reached)
        )
        return Calibrated(series, horizon, self.pit[cell], below, upto, n)


def passed(flags: NDArray[np.bool_]) -> Ints:
    """How many of the ``flags`` [21, n] are set; bytes are enough to count 21."""
    number: Ints = np.add.reduce(flags.view(np.uint8), axis=0, dtype=np.uint8).astype(np.int64)
    return number


def count(counts: Ints, cell: Ints, column: Ints) -> None:
    """Count each answer in its column of its cell's row of ``counts``."""
    flat = cell * counts.shape[1] + column
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)


def band(share: Floats, independent: Floats) -> tuple[Floats, Floats]:
    """Between which frequencies something of probability ``share`` falls 95 times in 100.

    Binomial, each by itself: of 20 bars one lies outside by chance.

    Parameters
    ----------
    share, independent : ndarray of float [k]
        Probability, and how many independent trials it had.

    Source: Broecker and Smith (2007), consistency bars; here in closed form.

    Examples
    --------
    >>> band(np.array([0.05]), np.array([1000.0]))
    (array([0.037]), array([0.064]))
    """
    from scipy.stats import binom  # late: it takes a while

    n = np.maximum(np.floor(independent), 1.0)
    low, high = (binom.ppf(p, n, share) / n for p in (0.025, 0.975))
    return low, high


MOST_LAGS = 256
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def overlap(lower: Floats, upper: Floats, horizon: int) -> Floats:
    """How many answers count as one, for the share of PITs from ``lower`` to ``upper`` [k].

    Answers h steps ahead overlap. Where each step brings an independent Normal shock, as in a
    random walk, the errors k steps apart correlate by rho_k = 1 - k/h, and the variance of the
    share is that of independent answers times

        1 + 2 sum_(k < h) cov_k / (p (1 - p)),   p = upper - lower,
        cov_k = int_0^rho_k [phi_r(a, a) - 2 phi_r(a, b) + phi_r(b, b)] dr

    with phi_r the density of two Normals that correlate by r, at the scores a and b of ``lower``
    and ``upper``. Where shocks fade sooner than in a walk the answers depend less on each other.

    Source: Plackett (1954) for the integral; r = sin(t) makes it smooth.

    Examples
    --------
    >>> share = np.array([0.0]), np.array([0.5])
    >>> overlap(*share, 1), overlap(*share, 48).round(1)
    (array([1.]), array([34.9]))
    """
    from scipy.special import ndtri  # late: it takes a while

    lags = min(horizon, MOST_LAGS)
    a, b = (ndtri(share)[:, None, None] for share in (lower, upper))
    end = np.arcsin(1.0 - np.arange(1, lags) / lags)[:, None]
    r = np.sin(0.5 * end * (NODES + 1.0))  # [lags, nodes]

    def phi(u: Floats, v: Floats) -> Floats:
        """phi_r(u, v) sqrt(1 - r^2); 0 at a score that is infinite."""
        u, v = np.broadcast_arrays(u, v)
        finite = np.isfinite(u) & np.isfinite(v)
        u, v = np.where(finite, u, 0.0), np.where(finite, v, 0.0)
        # (u^2 - 2 r u v + v^2) / (1 - r^2), without cancelling where r is near 1
        square = (u - v) ** 2 / (1.0 - r**2) + 2.0 * u * v / (1.0 + r)
        return np.where(finite, np.exp(-0.5 * square) / (2.0 * np.pi), 0.0)

    inside = phi(a, a) - 2.0 * phi(a, b) + phi(b, b)
    covariance = (0.5 * end * WEIGHTS * inside).sum(axis=(1, 2))
    p = upper - lower
    counted: Floats = 1.0 + 2.0 * covariance / (p * (1.0 - p))
    # beyond that many lags the sum is proportional to the horizon
    return counted if horizon == lags else counted * horizon / lags
