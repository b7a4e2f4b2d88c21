"""How a stream went: block means of the surprise, and the weights of the experts, as time passed.

Of a few series, at their first and last horizon, the stream is kept in at most 8192 blocks of
equal length in rows: rows themselves while there are no more, then twos, fours and so on. All that
is said about changes and what came after them is read from these blocks when the run is over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Floats, Ints
from forecast.report.traces import Bins, Instants

if TYPE_CHECKING:
    from forecast.prequential import Answers

BLOCKS = 8192
MOST_WATCHED = 8  # series
MOST_SAMPLES = 300  # of weights
CLIP = 6.0  # nats by which one answer can count as more or less surprising than expected
MEANS = ("surprise", "expected", "excess", "y")

Pair = tuple[str, int]  # series and horizon


@dataclass(frozen=True)
class Blocks:
    """One series at one horizon, block by block; NaN where a block has no answer."""

    series: str
    horizon: int
    length: int  # rows in a block
    rows: Ints  # [blocks] first row of each
    times: Sequence[str]  # [blocks] of its first answer
    count: Floats  # [blocks] answers whose surprise is known
    surprise: Floats  # [blocks] nats
    expected: Floats  # [blocks] the surprise that the forecasts themselves expected
    excess: Floats  # [blocks] surprise less expected, each answer's within 6 nats
    y: Floats  # [blocks]

    @property
    def wide(self) -> int:
        """Blocks that a horizon spans: answers that lie nearer share what was not foreseen."""
        return max(1, -(-self.horizon // self.length))


class Course:
    """Watches the first series of a run, at their first and last horizon.

    Parameters
    ----------
    series : sequence of str
    horizons : sequence of int
    """

    def __init__(self, series: Sequence[str], horizons: Sequence[int]) -> None:
        ends = sorted({0, len(horizons) - 1})
        names = list(enumerate(series))[:MOST_WATCHED]
        self.watched = [(name, horizons[end]) for _, name in names for end in ends]
        cells = [s * len(horizons) + end for s, _ in names for end in ends]
        self.place = np.full(len(series) * len(horizons), -1, np.int64)
        self.place[cells] = np.arange(len(cells))
        self.bins = Bins(len(cells), MEANS, most=BLOCKS)
        self.began = Instants()
        self.weights = Samples()

    def add(self, answers: "Answers", cell: Ints, times: Callable[[int], str]) -> None:
        """Add a block of answers; ``cell`` [n] as for the scores."""
        place = self.place[cell]
        self.see(answers.row, place, (answers.surprise, answers.expected, answers.y), times)

    def see(
        self,
        row: Ints,
        place: Ints,
        values: tuple[Floats, Floats, Floats],
        times: Callable[[int], str],
    ) -> None:
        """Add surprise, expected surprise and y of rows; ``place`` [n] among the watched, or -1."""
        if not len(row):
            return
        bins = self.bins.of(row)
        self.began.note(row, bins, self.bins.length, times)
        kept = slice(None) if (place >= 0).all() else place >= 0
        surprise, expected, y = (value[kept] for value in values)
        excess = np.clip(surprise - expected, -CLIP, CLIP)
        means = dict(zip(MEANS, (surprise, expected, excess, y), strict=True))
        self.bins.add(place[kept], bins[kept], means)

    def blocks(self) -> list[Blocks]:
        """What was seen of each watched series and horizon that was answered."""
        found = (self._blocks(place, *pair) for place, pair in enumerate(self.watched))
        return [blocks for blocks in found if blocks.count.any()]

    def _blocks(self, place: int, series: str, horizon: int) -> Blocks:
        part = slice(place * BLOCKS, (place + 1) * BLOCKS)
        count = self.bins.count["surprise"][part]
        last = int(np.flatnonzero(count)[-1]) + 1 if count.any() else 0
        part = slice(part.start, part.start + last)
        with np.errstate(invalid="ignore"):  # a block without answers is 0/0: NaN
            mean = {
                name: self.bins.total[name][part] / self.bins.count[name][part] for name in MEANS
            }
        if not np.isfinite(mean["expected"]).any():  # words: a new one is spelled, at any length
            mean["excess"] = above_usual(mean["surprise"])
        rows = self.bins.first + self.bins.length * np.arange(last)
        times = [self.began.begun.get(block, (0, ""))[1] for block in range(last)]
        counts = self.bins.count["surprise"][part]
        return Blocks(series, horizon, self.bins.length, rows, times, counts, **mean)


def above_usual(surprise: Floats) -> Floats:
    """What is above the mean, within three standard deviations: where none was expected.

    Examples
    --------
    >>> round(float(above_usual(np.array([0.0] * 99 + [100.0]))[-1]), 3)
    29.85
    """
    known = surprise[np.isfinite(surprise)]
    if not len(known):
        return surprise
    reach = 3.0 * float(known.std())
    above: Floats = np.clip(surprise - known.mean(), -reach, reach)
    return above


class Samples:
    """The weights of experts at a few hundred rows, evenly apart, however long the stream.

    Examples
    --------
    >>> samples = Samples()
    >>> for row in range(1000):
    ...     if row % samples.apart == 0:
    ...         samples.add(row, {("y", 1): {"level": 1.0}})
    >>> samples.apart, len(samples.kept), samples.kept[-1][0]
    (8, 125, 992)
    """

    def __init__(self) -> None:
        self.apart = 8  # rows
        self.kept: list[tuple[int, Mapping[Pair, Mapping[str, float]]]] = []

    def add(self, row: int, weights: Mapping[Pair, Mapping[str, float]]) -> None:
        """Keep the weights that each watched series and horizon had before a row."""
        self.kept.append((row, weights))
        if len(self.kept) > MOST_SAMPLES:
            self.apart *= 2
            self.kept = [sample for sample in self.kept if sample[0] % self.apart == 0]

    def parts(
        self, first: int, n: int, weights: Callable[[], Mapping[Pair, Mapping[str, float]]]
    ) -> Iterator[tuple[int, int]]:
        """Parts of the next n rows, before which the weights are asked for where it is time.

        Examples
        --------
        >>> samples = Samples()
        >>> list(samples.parts(0, 20, lambda: {("y", 1): {"level": 1.0}})), len(samples.kept)
        ([(0, 8), (8, 16), (16, 20)], 3)
        """
        start = 0
        while start < n:
            row = first + start
            if row % self.apart == 0:
                self.add(row, weights())
            stop = min(n, start + self.apart - row % self.apart)
            yield start, stop
            start = stop

    def of(self, series: str, horizon: int) -> tuple[Ints, dict[str, Floats]]:
        """Rows, and of each expert its weight there; 0 where it was not heard yet."""
        found = [(row, weights.get((series, horizon), {})) for row, weights in self.kept]
        found = [(row, weights) for row, weights in found if weights]
        names = dict.fromkeys(name for _, weights in found for name in weights)
        rows = np.array([row for row, _ in found], np.int64)
        return rows, {n: np.array([weights.get(n, 0.0) for _, weights in found]) for n in names}
