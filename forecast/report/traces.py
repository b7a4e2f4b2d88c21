"""What the figures need of a stream, in bounded memory: envelopes and the last rows.

A stream is cut into at most 300 bins of equal length in rows, each with the lowest, highest and
mean value of what it holds. When the stream outgrows them, neighbours are merged and the bins are
twice as long: a bin's content never depends on the blocks in which the answers came.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import MEDIAN, Bools, Floats, Ints, interval

if TYPE_CHECKING:
    from forecast.prequential import Answers

BINS = 300
RECENT = 100  # last rows of a series that are drawn before the next values
MOST_SERIES = 32  # series that are traced: figures show some of them, scores count all
MEANS = ("y", "median", "surprise", "expected", "rate", "covered", "width50", "width90")
LOWEST = ("y", "low")
HIGHEST = ("y", "high", "surprise")


@dataclass(frozen=True)
class Trace:
    """One series at one horizon over the whole stream, at most 300 points; NaN breaks a line."""

    series: str
    horizon: int
    rows: Floats  # [points] middle of each bin
    length: int  # rows in a bin
    count: Floats  # [points] answers in each bin
    mean: dict[str, Floats]  # of each name in MEANS
    lowest: dict[str, Floats]
    highest: dict[str, Floats]


@dataclass(frozen=True)
class Recent:
    """The last answers of one series at its first horizon."""

    series: str
    horizon: int
    rows: Ints  # [points]
    y: Floats
    median: Floats
    low: Floats
    high: Floats


class Bins:
    """Envelopes of a few traces of a stream, in so many bins of equal length in rows at most.

    Parameters
    ----------
    traces : int
    means, lowest, highest : sequence of str
        Names of values of which a bin keeps the mean, the lowest and the highest; the first of
        ``means`` says by its count how many answers a bin holds.
    most : int
        Bins there are at most; even.
    """

    def __init__(
        self,
        traces: int,
        means: Sequence[str],
        lowest: Sequence[str] = (),
        highest: Sequence[str] = (),
        most: int = BINS,
    ) -> None:
        self.first = -1  # row of the first answer
        self.length = 1  # rows in a bin
        self.most = most
        size = traces * most
        self.count = {name: np.zeros(size) for name in means}
        self.total = {name: np.zeros(size) for name in means}
        self.lowest = {name: np.full(size, np.inf) for name in lowest}
        self.highest = {name: np.full(size, -np.inf) for name in highest}

    def of(self, row: Ints) -> Ints:
        """The bin of each answer by its row, ascending, after making the bins long enough."""
        if self.first < 0:
            self.first = int(row[0])
        while int(row[-1]) - self.first >= self.most * self.length:
            self._merge()
        return (row - self.first) // self.length

    def add(self, trace: Ints, bins: Ints, values: Mapping[str, Floats]) -> None:
        """Add values [n] of every name to the bins of their traces; NaN is not counted."""
        index = trace * self.most + bins
        for name, lows in self.lowest.items():
            np.fmin.at(lows, index, values[name])
        for name, highs in self.highest.items():
            np.fmax.at(highs, index, values[name])
        for name in self.total:
            defined = np.isfinite(values[name])
            at, value = index[defined], values[name][defined]
            np.add.at(self.total[name], at, value)
            np.add.at(self.count[name], at, 1.0)

    def _merge(self) -> None:
        """Merge neighbouring bins:  mean by sums and counts, lowest by min, highest by max."""
        self.length *= 2
        for sums in (*self.count.values(), *self.total.values()):
            sums[:] = merged(sums, np.add, 0.0, self.most)
        for lows in self.lowest.values():
            lows[:] = merged(lows, np.minimum, np.inf, self.most)
        for highs in self.highest.values():
            highs[:] = merged(highs, np.maximum, -np.inf, self.most)

    def drawn(
        self, trace: int
    ) -> tuple[Floats, Floats, dict[str, Floats], dict[str, Floats], dict[str, Floats]]:
        """Of the bins that are drawn: middle row, answers, and mean, lowest and highest values."""
        part = slice(trace * self.most, (trace + 1) * self.most)
        count = next(iter(self.count.values()))[part]
        shown = unbroken(count > 0)
        mean = {}
        for name, total in self.total.items():
            with np.errstate(invalid="ignore"):  # a bin without any is 0/0: NaN, a gap
                mean[name] = (total[part] / self.count[name][part])[shown]
        middles = np.arange(self.most, dtype=np.float64) + 0.5
        rows: Floats = self.first + middles * self.length - 0.5
        lowest = {name: finite(values[part][shown]) for name, values in self.lowest.items()}
        highest = {name: finite(values[part][shown]) for name, values in self.highest.items()}
        return rows[shown], count[shown], mean, lowest, highest


class Instants:
    """Row and time of the first answer of each bin."""

    def __init__(self) -> None:
        self.length = 1  # rows in a bin
        self.begun: dict[int, tuple[int, str]] = {}

    def note(self, row: Ints, bins: Ints, length: int, times: Callable[[int], str]) -> None:
        """Note where bins begin; ``bins`` [n] of ``length`` rows are those of ``row``, rising."""
        if length > self.length:
            longer, begun = length // self.length, self.begun
            self.length, self.begun = length, {}
            for old, instant in begun.items():  # of bins that became one, the first
                self.begun.setdefault(old // longer, instant)
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        for new, first in zip(bins[starts].tolist(), row[starts].tolist(), strict=True):
            if new not in self.begun:
                self.begun[new] = (first, times(first))


class Traces:
    """Envelopes of the first and last horizon of the first series, streamed.

    Parameters
    ----------
    series : sequence of str
    horizons : sequence of int
    """

    def __init__(self, series: Sequence[str], horizons: Sequence[int]) -> None:
        self.series, self.horizons = tuple(series)[:MOST_SERIES], tuple(horizons)
        ends = sorted({0, len(self.horizons) - 1})
        cells = len(series) * len(self.horizons)
        traced = [s * len(self.horizons) + h for s in range(len(self.series)) for h in ends]
        self.place = np.full(cells, -1, np.int64)  # of a cell among those traced
        self.place[traced] = np.arange(len(traced))
        self.bins = Bins(len(traced), MEANS, LOWEST, HIGHEST)
        self.began = Instants()
        empty = np.empty((5, 0))
        self.last = {s * len(self.horizons): empty for s in range(len(self.series))}
        self.last_times: dict[int, str] = {}

    def add(self, answers: "Answers", cell: Ints, times: Callable[[int], str]) -> None:
        """Add a block of answers; ``cell`` [n] as for the scores."""
        q = answers.quantiles
        low, high = interval(q.T, 90)
        low50, high50 = interval(q.T, 50)
        covered = ((low <= answers.y) & (answers.y <= high)).astype(float)
        self._remember(np.stack((answers.row, answers.y, q[:, MEDIAN], low, high)), cell)
        self._remember_times(answers.row, times)
        place = self.place[cell]
        bins = self._bins(answers.row, times)
        traced = place >= 0
        values = {name: getattr(answers, name) for name in ("y", "surprise", "expected", "rate")}
        values |= {"median": q[:, MEDIAN], "low": low, "high": high, "covered": covered}
        with np.errstate(over="ignore"):
            values |= {"width50": high50 - low50, "width90": high - low}
        kept = {name: value[traced] for name, value in values.items()}
        self.bins.add(place[traced], bins[traced], kept)

    def _remember(self, columns: Floats, cell: Ints) -> None:
        for own, before in self.last.items():
            new = columns[:, cell == own][:, -RECENT:]
            self.last[own] = np.concatenate((before, new), axis=1)[:, -RECENT:]

    def _remember_times(self, row: Ints, times: Callable[[int], str]) -> None:
        rows = distinct(row)[-RECENT:].tolist()
        self.last_times |= {r: times(r) for r in rows}
        self.last_times = dict(list(self.last_times.items())[-RECENT:])

    def _bins(self, row: Ints, times: Callable[[int], str]) -> Ints:
        """The bin of each answer; notes when a bin began."""
        bins = self.bins.of(row)
        self.began.note(row, bins, self.bins.length, times)
        return bins

    def trace(self, series: str, horizon: int) -> Trace:
        """What was kept of a traced series (one of ``series``) at the first or last horizon."""
        cell = self.series.index(series) * len(self.horizons) + self.horizons.index(horizon)
        rows, count, mean, lowest, highest = self.bins.drawn(int(self.place[cell]))
        parts = (mean, lowest, highest)
        return Trace(series, horizon, rows, self.bins.length, count, *parts)

    def recent(self, series: str) -> Recent:
        """The last answers of a series at the first horizon."""
        rows, *values = self.last[self.series.index(series) * len(self.horizons)]
        return Recent(series, self.horizons[0], rows.astype(np.int64), *values)

    def instants(self) -> list[tuple[float, str]]:
        """Rows over the whole stream with the text of their time, for the axes."""
        return [(float(row), text) for _, (row, text) in sorted(self.began.begun.items())]


def distinct(ascending: Ints) -> Ints:
    """The distinct values of an ascending array, without the sort of np.unique."""
    first = np.ones(len(ascending), bool)
    first[1:] = ascending[1:] != ascending[:-1]
    return ascending[first]


def merged(flat: Floats, merge: np.ufunc, empty: float, bins: int) -> Floats:
    """Merge the bins of each trace two by two; the second half becomes empty."""
    pairs = flat.reshape(-1, bins // 2, 2)
    result = np.full((len(pairs), bins), empty)
    result[:, : bins // 2] = merge(pairs[:, :, 0], pairs[:, :, 1])
    return result.ravel()


def unbroken(filled: Bools) -> Bools:
    """Which bins are drawn: those filled, and of a gap of two or more enough to break the line."""
    after_empty = np.concatenate(([False], ~filled[:-1]))
    shown = filled | after_empty
    if filled.any():
        first, last = np.flatnonzero(filled)[[0, -1]]
        shown[:first] = False
        shown[last + 1 :] = False
    return shown


def finite(values: Floats) -> Floats:
    """Infinities as NaN: nothing to draw."""
    return np.where(np.isfinite(values), values, np.nan)
