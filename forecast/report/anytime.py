"""Is one forecaster better, seen by a person who looks after every answer?

A test made for one look is wrong when it is looked at a hundred times. What stands here may be
looked at always: the band of ``Anytime`` holds the mean difference of losses *at every time* with
95 % confidence, and its e-value, the wealth of one who bets against "no difference" from a wealth
of 1, exceeds 20 at any time with a chance of at most 5 %.

Differences of losses are bounded by nothing that is known in advance, so that the sequences made
for bounded scores (Choe and Ramdas, 2024) are of no use. Their unknown variance is integrated out
instead. For differences d_i, a mean m that is tested and horizon h,

    E_n(m) = sqrt(c / (k + c)) (1 - u / (k + c))^(-k/2)       k = n / f
    u      = S^2 / (f V)                                      S = sum (d_i - m)
    V      = sum (d_i - m)^2 + g f max_i (d_i - mean_{i-1})^2

and the band is where E_n(m) < 20. Of f answers one counts: f = 1 at horizon 1.

*Horizon 1.* With g = 0 this is Lai's (1976) mixture, in the form of Wang and Ramdas (2025): the
coverage is exact if the differences are independent and normal, whatever their variance. For any
others of finite variance it is asymptotic: E_n then nears the normal mixture of Waudby-Smith et al.
(2024), and if the expected difference moves, the band is about its running average.

*Rare large differences.* While a skewed distribution has not yet shown its largest values, the
variance of a sample is too small. The guard, g = 4, counts the difference that lay furthest from
the mean before it four times more; it lowers E_n only, and so keeps what was exact. That 95 % hold
for heavy and skewed tails rests on simulation: ``experiments/comparison.py``. Forecasters that
mostly agree differ by a value that repeats and rarely by another: until 40 differences were unlike
the one before, nothing is said.

*Horizons above 1.* Questions that overlap have dependent answers; those h apart make h interleaved
streams without that, whose e-processes may be averaged (Choe and Ramdas, 2024), at any time at
which one stops *asking* and waits for the answers still open. Their geometric mean is never above
their average, and for one bet L on all streams it is

    prod_s exp(L S_s - L^2 V_s / 2)^(1/h) = exp((L S - L^2 V / 2) / h)

which needs no streams at all: f = h is enough however the answers depend on each other, and where
the streams have means of their own, as the hours of a day have. It is far too much where they
hardly depend on each other. So f is measured, as the long-run variance over the variance,

    f = 1 + 2 sum_{l<h} autocorrelation at lag l,   kept between 1 and h

and before 20 h answers, when it cannot be, nothing is said. This is asymptotic.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ALPHA = 0.05  # the band is missed with this chance
PRIOR = 100.0  # c: the band is tightest, against others, near 8 c answers
GUARD = 4.0  # g
MOVES = 40  # differences unlike the one before, before which nothing is said
PER_STEP = 20  # answers for each step of the horizon before which nothing is said
LARGEST = 1e140  # a difference beyond it has no square that could be summed
HUNDREDFOLD = 100  # answers beyond so many times those seen are not told


class Watched(NamedTuple):
    """What was known after each of a block of answers, each [n]."""

    mean: Floats  # running mean of the differences
    radius: Floats  # of the band about it; infinite while nothing can be said
    log_e: Floats  # nats
    counted: Floats  # f: of so many answers one counted


class Anytime:
    """The mean of a stream of differences, with a band and an e-value that hold at every time.

    Parameters
    ----------
    horizon : int
        Steps ahead of the questions: answers less far apart may depend on each other.

    Attributes
    ----------
    n : int
        Differences so far.
    mean, radius : float
        The band is ``mean - radius`` to ``mean + radius``.
    log_e : float
        Log of the e-value against a mean of 0, in nats; 3.0 and more is evidence at 5 %.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> watch = Anytime()
    >>> seen = watch.add(rng.normal(0.5, 1.0, size=400))
    >>> watch.n, round(watch.mean, 2), round(watch.radius, 2), watch.shown
    (400, 0.42, 0.15, True)
    >>> int(np.argmax(seen.mean > seen.radius))  # one could have stopped here
    89

    References
    ----------
    Choe and Ramdas (2024), Comparing sequential forecasters, Operations Research 72.
    Lai (1976), On confidence sequences, Annals of Statistics 4.
    Wang and Ramdas (2025), Anytime-valid t-tests and confidence sequences for Gaussian means with
    unknown variance, Sequential Analysis 44.
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and
    asymptotic confidence sequences, Annals of Statistics 52.
    """

    def __init__(self, horizon: int = 1) -> None:
        if horizon < 1:
            raise ValueError(f"horizon is {horizon}: it counts steps ahead, from 1 up")
        self.horizon = horizon
        self.n = 0
        self.mean = 0.0
        self.spread = 0.0  # sum of squares about the mean
        self.largest = 0.0  # square of the largest distance from the mean before
        self.moves = 0  # differences unlike the one before
        self.last = math.nan
        self.products = 0.0  # sum of d_i (d_i + 2 (d_{i-1} + ... + d_{i-h+1}))
        self.recent = np.zeros(horizon - 1)
        self.counted = 1.0  # f: of so many answers one counts
        self.radius = math.inf
        self.log_e = 0.0

    def add(self, differences: ArrayLike) -> Watched:
        """Take a block of differences, in order of time; returns what was known after each.

        Parameters
        ----------
        differences : array_like of float [n]

        Raises
        ------
        ValueError
            If one is not finite, or too large for a sum of squares.
        """
        d = np.atleast_1d(np.asarray(differences, np.float64))
        if not (np.abs(d) < LARGEST).all():
            raise ValueError(f"differences must be finite, and below {LARGEST:g}")
        if not len(d):
            return Watched(d, d, d, d)
        n = self.n + np.arange(1.0, len(d) + 1.0)
        # these sums are about the mean before the block: little is lost in rounding
        centre = self.mean if self.n else d[0]
        x = d - centre
        moved = np.cumsum(x) / n
        before = np.concatenate(([0.0], moved[:-1]))
        # sum (d - mean_n)^2 = sum (d - centre)^2 - n (mean_n - centre)^2
        spread = np.maximum(self.spread + np.cumsum(x * x) - n * moved**2, 0.0)
        largest = np.maximum.accumulate(np.maximum((x - before) ** 2, self.largest))
        mean = centre + moved
        f = self._counted(d, n, mean, spread)
        known = self._known(d, n)
        radius = np.where(known, band(n, f, spread, largest), np.inf)
        log_e = np.where(known, evidence(n, f, mean, spread, largest), 0.0)
        self.n = int(n[-1])
        last = (float(each[-1]) for each in (mean, spread, largest, f, radius, log_e))
        self.mean, self.spread, self.largest, self.counted, self.radius, self.log_e = last
        return Watched(mean, radius, log_e, f)

    def _known(self, d: Floats, n: Floats) -> NDArray[np.bool_]:
        """Where enough is known to say something: how the differences vary, and depend."""
        unlike = np.concatenate(([self.last], d[:-1])) != d
        moves = self.moves - (self.n == 0) + np.cumsum(unlike)  # the first has none before it
        self.moves, self.last = int(moves[-1]), float(d[-1])
        enough: NDArray[np.bool_] = (moves >= MOVES) & (n >= self._least)
        return enough

    @property
    def _least(self) -> int:
        """Answers before which nothing is said."""
        return PER_STEP * self.horizon if self.horizon > 1 else 1

    def _counted(self, d: Floats, n: Floats, mean: Floats, spread: Floats) -> Floats:
        """Of how many answers one counts, after each [n].

        f = (sum d_i (d_i + 2 sum_{l<h} d_{i-l}) - (2h - 1) n mean^2) / spread
        """
        h = self.horizon
        if h == 1:
            return np.ones(len(d))
        line = np.concatenate((self.recent, d))
        upto = np.concatenate(([0.0], np.cumsum(line)))
        past = upto[h - 1 : -1] - upto[: len(d)]  # the h - 1 before each
        products = self.products + np.cumsum(d * (d + 2.0 * past))
        self.products, self.recent = float(products[-1]), line[-(h - 1) :].copy()
        with np.errstate(invalid="ignore", divide="ignore"):
            f = (products - (2 * h - 1) * n * mean**2) / spread
        counted: Floats = np.clip(np.where(spread > 0.0, f, h), 1.0, h)
        return counted

    @property
    def interval(self) -> tuple[float, float]:
        """The band now; from -inf to inf while nothing can be said."""
        return self.mean - self.radius, self.mean + self.radius

    @property
    def shown(self) -> bool:
        """Whether the band leaves 0 out: a difference is shown, and one may stop."""
        return abs(self.mean) > self.radius

    def answers_needed(self) -> int | None:
        """About how many answers in all would show a difference as large as that seen so far.

        None for more than a hundred times those there are.
        """
        now = max(self.n, 1)
        n = np.unique(np.geomspace(now, HUNDREDFOLD * now, 400).round())
        f, largest = np.full(len(n), self.counted), np.full(len(n), self.largest)
        radius = band(n, f, n * (self.spread / now), largest)
        enough = (np.abs(self.mean) > radius) & (n >= self._least)
        return int(n[enough.argmax()]) if enough.any() else None


def evidence(n: Floats, f: Floats, mean: Floats, spread: Floats, largest: Floats) -> Floats:
    """Log of E_n against a mean of 0, in nats, of the sums of ``Anytime`` after n differences.

    u = n^2 mean^2 / (f V),   V = spread + n mean^2 + g f largest
    """
    k = n / f
    squares = spread + n * mean**2 + GUARD * f * largest
    with np.errstate(invalid="ignore"):
        u = np.where(squares > 0.0, (n * mean) ** 2 / (f * squares), 0.0)
    log_e: Floats = 0.5 * np.log(PRIOR / (k + PRIOR)) - 0.5 * k * np.log1p(-u / (k + PRIOR))
    return log_e


def band(n: Floats, f: Floats, spread: Floats, largest: Floats) -> Floats:
    """The radius within which E_n(m) < 1/alpha, solved for m.

    u < q = (k + c) (1 - (alpha^2 c / (k + c))^(1/k))
    radius^2 = q f (spread + g f largest) / (n (n - q f));   infinite while q f >= n
    """
    k = n / f
    q = -(k + PRIOR) * np.expm1(np.log(ALPHA**2 * PRIOR / (k + PRIOR)) / k)
    room = n - q * f
    squares = q * f * (spread + GUARD * f * largest)
    radius = np.full(len(n), np.inf)
    narrow = room > 0.0
    radius[narrow] = np.sqrt(squares[narrow] / (n * room)[narrow])
    return radius
