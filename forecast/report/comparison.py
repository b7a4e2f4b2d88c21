"""Which of two forecasters is better, by how much, and how sure: tests, many of them, and words.

Everything is about the *paired difference* of losses, ``loss of the first - loss of the other`` on
the same questions: above 0 the other is better. ``forecast.report.anytime`` may be looked at
always; the test of Diebold and Mariano is for one look, at the end.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.report.anytime import ALPHA, PER_STEP
from forecast.report.verdict import number, percent, shown_name

LISTED = 4  # comparisons that a sentence names


class DieboldMariano(NamedTuple):
    """What the test of Diebold and Mariano says.

    Attributes
    ----------
    statistic : float
        Mean difference over its standard error, corrected for small samples.
    error : float
        That standard error, in units of the loss.
    p : float
        Two-sided, by Student's t with n - 1 degrees of freedom.
    kernel : str
        "uniform", or "Bartlett" where that one gave no positive variance.
    """

    statistic: float
    error: float
    p: float
    kernel: str


def diebold_mariano(differences: ArrayLike, horizon: int) -> DieboldMariano:
    """Test whether the mean of paired differences of losses is 0.

    d = a + e by least squares on a constant; its variance with h - 1 autocovariances of equal
    weight (questions h steps ahead overlap h - 1 others), corrected for small samples:

    statistic = a / se(a) sqrt((n + 1 - 2h + h(h - 1)/n) / n)

    Equal weights hold their size best where answers overlap, though not perfectly: 24 steps ahead
    a test at 5 % claims 7 to 13 % with 20 h answers, 5 to 9 % with 50 h
    (``experiments/comparison.py``).

    Parameters
    ----------
    differences : array_like of float [n]
        In order of time.
    horizon : int
        Steps ahead.

    Raises
    ------
    ValueError
        If there are fewer than 20 h differences, or all of them are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> test = diebold_mariano(rng.normal(0.1, 1.0, size=500), horizon=1)
    >>> round(test.statistic, 2), round(test.p, 3), test.kernel
    (1.57, 0.116, 'uniform')

    References
    ----------
    Diebold and Mariano (1995), Comparing predictive accuracy, Journal of Business and Economic
    Statistics 13; Harvey, Leybourne and Newbold (1997), Testing the equality of prediction mean
    squared errors, International Journal of Forecasting 13.
    """
    d = np.asarray(differences, np.float64)
    if why := untestable(d, horizon):
        raise ValueError(why)
    from scipy.special import stdtr
    from statsmodels.regression.linear_model import OLS

    n, h = len(d), horizon
    variance, kernel = 0.0, ""
    for kernel in ("uniform", "Bartlett"):  # equal weights may give a variance below 0
        how = {"maxlags": h - 1, "kernel": kernel.lower(), "use_correction": False}
        fitted = OLS(d, np.ones(n)).fit(cov_type="HAC", cov_kwds=how)
        variance = float(fitted.cov_params()[0, 0])
        if variance > 0.0:
            break
    error = math.sqrt(variance * n / (n + 1 - 2 * h + h * (h - 1) / n))
    statistic = float(fitted.params[0]) / error
    return DieboldMariano(statistic, error, float(2.0 * stdtr(n - 1, -abs(statistic))), kernel)


def untestable(differences: NDArray[np.float64], horizon: int) -> str:
    """Why the test of Diebold and Mariano is refused; empty where it is not.

    Examples
    --------
    >>> print(untestable(np.arange(100.0), horizon=24))
    100 answers are fewer than 20 x 24: at this horizon the test would claim too much
    """
    n = len(differences)
    if n < PER_STEP * horizon:
        few = f"{n:,} answers are fewer than {PER_STEP} x {horizon}"
        return f"{few}: at this horizon the test would claim too much"
    if np.ptp(differences) == 0.0:
        return "all differences are equal, so that there is nothing to test"
    return ""


# ---- many comparisons ----------------------------------------------------------------------------


def holm(p: Sequence[float]) -> list[float]:
    """p-values so corrected that *any* false claim among them has a chance of at most theirs.

    Valid under any dependence.  Source: Holm (1979).

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    if not p:
        return []
    from statsmodels.stats.multitest import multipletests

    corrected: list[float] = multipletests(p, method="holm")[1].tolist()
    return corrected


def e_bh(log_e: Sequence[float], alpha: float = ALPHA) -> list[bool]:
    """Which of many comparisons show a difference: of the claims at most a share alpha is false.

    The k largest of K e-values are claimed, for the largest k with  e_(k) >= K / (alpha k).
    The share holds on average and under any dependence.  Source: Wang and Ramdas (2022), False
    discovery rate control with e-values, JRSS B 84.

    Examples
    --------
    >>> e_bh([math.log(e) for e in (90.0, 1.0, 35.0, 19.0)])
    [True, False, False, False]
    >>> e_bh([math.log(e) for e in (70.0, 1.0, 41.0, 28.0)])
    [True, False, True, True]
    """
    order = sorted(range(len(log_e)), key=lambda i: -log_e[i])
    enough = [math.log(len(log_e) / (alpha * (rank + 1))) for rank in range(len(order))]
    claimed = [rank + 1 for rank, i in enumerate(order) if log_e[i] >= enough[rank]]
    shown = set(order[: max(claimed, default=0)])
    return [i in shown for i in range(len(log_e))]


def combined(log_e: Sequence[float]) -> float:
    """Log of the mean of e-values: evidence, in all, that there is any difference.

    A mean of e-values is one itself, whatever they depend on: Vovk and Wang (2021), E-values:
    calibration, combination and applications, Annals of Statistics 49.

    Examples
    --------
    >>> round(math.exp(combined([math.log(30.0), math.log(10.0)])), 9)
    20.0
    """
    top = max(log_e)
    return top + math.log(sum(math.exp(one - top) for one in log_e) / len(log_e))


# ---- in words ------------------------------------------------------------------------------------


class Compared(NamedTuple):
    """Two forecasters on the same questions, as far as words need it."""

    first: str
    other: str
    label: str  # of the loss
    unit: str  # "nats", or empty for that of the data
    n: int
    losses: tuple[float, float]
    low: float
    high: float  # of the band of the difference
    claimed: bool  # as one of all comparisons
    needed: int | None  # answers that would show this difference
    series: str = ""
    horizon: int = 1

    @property
    def difference(self) -> float:
        """Above 0 the other is better."""
        return self.losses[0] - self.losses[1]

    @property
    def skill(self) -> float | None:
        """1 - loss of the other / loss of the first; none for nats, which may be negative."""
        first, other = self.losses
        return None if self.unit == "nats" or first <= 0.0 else 1.0 - other / first

    @property
    def shown(self) -> bool:
        """Whether the band leaves 0 out."""
        return self.low > 0.0 or self.high < 0.0


def sentence(case: Compared) -> str:
    """Who is better, by how much, how sure, and whether one may stop now.

    Examples
    --------
    >>> case = Compared("plain", "seasonal", "MAE", "", 2224, (0.47, 0.35), 0.08, 0.16, True, 900)
    >>> print(sentence(case))
    seasonal is better than plain: over 2,224 questions its MAE was 0.3500 against 0.4700, 25.5 % \
less. Whenever one looks, the true difference lies between 0.08000 and 0.1600 with 95 % \
confidence: one may stop now.
    """
    names = shown_name(case.first), shown_name(case.other)
    winner = int(case.difference > 0.0)
    better, worse = names[winner], names[1 - winner]
    losses = f"{case.label} was {number(case.losses[winner])} against "
    losses += number(case.losses[1 - winner]) + (" nats" if case.unit == "nats" else "")
    over = f"over {case.n:,} question{'s' if case.n > 1 else ''}"
    if case.difference == 0.0:
        return f"{names[1]} and {names[0]} were equally good {over} ({case.label})."
    if not case.shown:
        return (
            f"It is open whether {better} is better than {worse}: {over} its {losses}. "
            f"{band_words(case)} {more_answers(case)}"
        )
    skill = 1.0 - case.losses[winner] / case.losses[1 - winner] if case.skill is not None else None
    by = "" if skill is None else f", {percent(skill, 1)} less"
    stop = (
        "one may stop now."
        if case.claimed
        else "enough for this comparison alone, not for one picked from so many."
    )
    return (
        f"{better} is better than {worse}: {over} its {losses}{by}. {band_words(case)[:-1]}: {stop}"
    )


def band_words(case: Compared) -> str:
    """What the band holds, as it was seen by the better one."""
    if math.isinf(case.low):
        return "There are too few answers yet to say how large the true difference is."
    low, high = (case.low, case.high) if case.difference > 0.0 else (-case.high, -case.low)
    between = f"between {number(low)} and {number(high)}"
    return f"Whenever one looks, the true difference lies {between} with 95 % confidence."


def more_answers(case: Compared) -> str:
    """How many answers would show a difference that was not shown yet."""
    if case.needed is None:
        return "If it is as small as that, no number of answers worth waiting for would show it."
    return (
        f"If it is as large as it looks, about {rough(case.needed)} answers in all would show it."
    )


def rough(count: int) -> str:
    """A count to two digits.

    Examples
    --------
    >>> rough(12_345), rough(68)
    ('12,000', '68')
    """
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{round(count / step) * step:,}"


def summary(first: str, other: str, cases: Sequence[Compared], log_e: float) -> str:
    """Many comparisons of two forecasters, of different series, horizons or losses, in words.

    Parameters
    ----------
    first, other : str
        Their names.
    cases : sequence of Compared
    log_e : float
        All of them together: log of the mean of their e-values.
    """
    names = shown_name(first), shown_name(other)
    claimed = [case for case in cases if case.claimed]
    won = [case for case in claimed if case.difference > 0.0]
    lost = [case for case in claimed if case.difference < 0.0]
    all_alike = len(cases) in (len(won), len(lost))
    better, worse = (counted(each, not all_alike) for each in (won, lost))
    count = f"Of {len(cases)} comparisons with {names[0]}, {names[1]} is better in {better}, worse "
    any_at_all = ""
    if log_e >= -math.log(ALPHA):
        any_at_all = " Together they show that there is a difference."
    elif not claimed:
        any_at_all = " Together they do not show any difference yet."
    fair = " (e-BH: of the claims, at most 5 % are false on average)"
    left = len(cases) - len(claimed)
    return f"{count}in {worse}, and {left} are open{fair}.{any_at_all}"


def counted(cases: Sequence[Compared], listed: bool) -> str:
    """How many, and which, as far as they can be listed."""
    if not cases or not listed:
        return f"{len(cases)}"
    shown = "; ".join(
        f"{case.label} of {shown_name(case.series)} at horizon {case.horizon}"
        for case in cases[:LISTED]
    )
    more = f"; and {len(cases) - LISTED} more" if len(cases) > LISTED else ""
    return f"{len(cases)} ({shown}{more})"
