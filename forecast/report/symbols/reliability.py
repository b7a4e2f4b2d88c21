"""Whether a probability can be taken at its word: how often what was said came true."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecast.report.calibration import band
from forecast.report.scores import Floats, Sums
from forecast.report.verdict import percent

BARS = 10  # of the probabilities that were said
NEAR = 0.02  # off by less than this is as good as right, however many answers there are

Bar = Mapping[str, Any]


class Reliability:
    """Of probabilities, how often each tenth was said, and how often it came true.

    Examples
    --------
    >>> seen = Reliability()
    >>> seen.add(np.array([0.2, 0.25, 0.9, np.nan]), np.array([0.0, 1.0, 1.0, 1.0]))
    >>> [(bar["n"], bar["said"], bar["was"]) for bar in seen.told()]
    [(2, 0.225, 0.5), (1, 0.9, 1.0)]
    """

    def __init__(self) -> None:
        self.sums = Sums(("said", "was"), BARS)

    def add(self, said: Floats, was: Floats) -> None:
        """Add probabilities [n] and whether it was so, 0 or 1; NaN where none was said."""
        known = ~np.isnan(said)
        said, was = said[known], was[known]
        bar = np.minimum((BARS * said).astype(np.int64), BARS - 1)
        self.sums.add("said", bar, said)
        self.sums.add("was", bar, was)

    def merge(self, other: "Reliability") -> None:
        """Add what another part of the same stream has seen; in any order."""
        self.sums.merge(other.sums)

    def told(self) -> list[dict[str, Any]]:
        """Of each tenth that was said: answers, mean probability, share, and the band of chance.

        The band is binomial: between ``low`` and ``high`` the share falls 95 times in 100 where
        what was said is right.
        """
        filled = np.flatnonzero(self.sums.count["said"]).tolist()
        n = np.array([self.sums.counted("said", bar) for bar in filled], float)
        said, was = (
            np.array([self.sums.mean(name, bar) for bar in filled]) for name in ("said", "was")
        )
        if not filled:
            return []
        low, high = band(said, n)
        columns = (n.astype(np.int64), said, was, low, high)
        return [
            dict(zip(("n", "said", "was", "low", "high"), bar, strict=True))
            for bar in zip(*(column.tolist() for column in columns), strict=True)
        ]


def held(bars: Sequence[Bar]) -> str:
    """Whether the probabilities held, in words.

    Examples
    --------
    >>> bar = {"n": 400, "said": 0.25, "was": 0.26, "low": 0.21, "high": 0.29}
    >>> held([bar])
    'the probabilities held, 1.0 points off on average'
    >>> held([bar, {**bar, "said": 0.91, "was": 0.8, "low": 0.88, "high": 0.94}])
    'the probabilities were off in 1 of 2 tenths: where 91 % was said, it was 80 % of 400'
    """
    off = [bar for bar in bars if is_off(bar)]
    if not off:
        n = sum(bar["n"] for bar in bars)
        apart = sum(bar["n"] * abs(bar["was"] - bar["said"]) for bar in bars) / n
        return f"the probabilities held, {100.0 * apart:.1f} points off on average"
    worst = max(off, key=lambda bar: float(bar["n"] * abs(bar["was"] - bar["said"])))
    return (
        f"the probabilities were off in {len(off)} of {len(bars)} tenths: where "
        f"{percent(worst['said'])} was said, it was {percent(worst['was'])} of {worst['n']:,}"
    )


def is_off(bar: Bar) -> bool:
    """Whether a share is off by more than chance and more than 2 points."""
    by_chance = bar["low"] <= bar["was"] <= bar["high"]
    return not by_chance and abs(bar["was"] - bar["said"]) > NEAR
