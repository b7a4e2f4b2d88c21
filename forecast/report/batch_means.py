"""How sure a skill is: batch means of the losses of forecaster and rival, in bounded memory.

Losses of answers that lie near each other are alike, so that n of them tell less than n. Means of
batches much longer than the horizon are nearly independent: their spread gives the standard error
of the whole (Conway 1963; Law and Carson 1979). At most 32 batches are kept, twice as long each
time the stream outgrows them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from forecast.report.scores import Floats, Ints, beside
from forecast.report.traces import Bins

BATCHES = 32
FEWEST = 8  # batches; fewer say nothing of their spread
LONGER = 4  # a batch spans so many horizons at least
CONFIDENCE = 0.95


class SkillIntervals:
    """Confidence intervals of the skills against the rivals, of every series and horizon.

    Parameters
    ----------
    series : sequence of str
    horizons : sequence of int
    rivals : iterable of str
    """

    def __init__(
        self, series: Sequence[str], horizons: Sequence[int], rivals: Iterable[str]
    ) -> None:
        self.names = [(name, horizon) for name in series for horizon in horizons]
        self.rivals = tuple(rivals)
        means = [f"{whose}_{rival}" for rival in self.rivals for whose in ("own", "rival")]
        self.bins = Bins(len(self.names), means, most=BATCHES)

    def add(self, row: Ints, cell: Ints, own: Floats, rivals: Mapping[str, Floats]) -> None:
        """Add the losses [n] of answers, and of each rival, in order of rows; NaN if it was silent.

        ``cell`` [n] as for the scores.
        """
        if not len(row):
            return
        values = {f"rival_{name}": rivals[name] for name in self.rivals}
        values |= {f"own_{name}": beside(own, rivals[name]) for name in self.rivals}
        self.bins.add(cell, self.bins.of(row), values)

    def entries(self) -> list[dict[str, Any]]:
        """Of each series and horizon the interval of each skill: [low, high] or None."""
        return [
            {"series": series, "horizon": horizon}
            | {f"skill_{rival}": self._interval(cell, horizon, rival) for rival in self.rivals}
            for cell, (series, horizon) in enumerate(self.names)
        ]

    def _interval(self, cell: int, horizon: int, rival: str) -> tuple[float, float] | None:
        part = slice(cell * BATCHES, (cell + 1) * BATCHES)
        count = self.bins.count[f"rival_{rival}"][part]
        own, other = (self.bins.total[f"{whose}_{rival}"][part] for whose in ("own", "rival"))
        length = self.bins.length
        while length < LONGER * horizon and len(count) > 1:
            count, own, other = (pairs.reshape(-1, 2).sum(axis=1) for pairs in (count, own, other))
            length *= 2
        return interval_of_ratio(count, own, other)


def interval_of_ratio(count: Floats, own: Floats, other: Floats) -> tuple[float, float] | None:
    """The 95 % interval of 1 - (sum of own) / (sum of other), from the sums of each batch.

    With r = own / other, the residuals own_b - r other_b of the batches have mean 0, and

        se(r)^2 = B / (B - 1) sum_b (own_b - r other_b)^2 / (sum_b other_b)^2

    None where there are too few batches, or nothing to divide by.

    Examples
    --------
    >>> low, high = interval_of_ratio(np.ones(9), np.ones(9), np.full(9, 2.0))
    >>> low, high
    (0.5, 0.5)
    """
    from scipy.special import stdtrit

    filled = count > 0.0
    count, own, other = count[filled], own[filled], other[filled]
    if len(own) > 1 and count[-1] < 0.5 * count.max():  # one that has only just begun
        own, other = (np.append(part[:-2], part[-2:].sum()) for part in (own, other))
    batches = len(own)
    if batches < FEWEST or not other.sum() > 0.0 or not math.isfinite(own.sum() + other.sum()):
        return None
    ratio = own.sum() / other.sum()
    square = batches / (batches - 1) * ((own - ratio * other) ** 2).sum() / other.sum() ** 2
    reach = float(stdtrit(batches - 1, 0.5 + 0.5 * CONFIDENCE)) * math.sqrt(square)
    return float(1.0 - ratio - reach), float(1.0 - ratio + reach)


def interval_for(sure: Sequence[Mapping[str, Any]], series: str, horizon: int) -> Mapping[str, Any]:
    """The intervals of one series and horizon among ``entries``; empty where there are none."""
    found = (e for e in sure if e["series"] == series and e["horizon"] == horizon)
    return next(found, {})
