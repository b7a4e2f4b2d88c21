"""The worst of a stream: its ten worst points, and the lowest coverage in a row of answers."""

import math
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TEN = 10  # worst points that are kept of each cell
WORST = 500  # consecutive answers over which the worst coverage is looked for


class Placed(Protocol):
    """An answer that was among the worst: it knows its row."""

    @property
    def row(self) -> int: ...


Worst = TypeVar("Worst", bound=Placed)


class Point(NamedTuple):
    """A number that was among the worst answers."""

    time: str
    row: int
    y: float
    median: float
    low90: float
    high90: float
    surprise: float  # nats
    expected_surprise: float
    error_ratio: float  # |y - median| over what the forecast itself expected of it

    def told(self) -> dict[str, Any]:
        """The point as a mapping; None for what is not finite."""
        return {name: finite(value) for name, value in self._asdict().items()}


def finite(value: Any) -> Any:
    """A value, or None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class WorstPoints(Generic[Worst]):
    """The ten answers of each cell at which one measure was highest, the worst first.

    Of equal ones the earlier is the worse, so that neither blocks nor the order of merging tell.

    Parameters
    ----------
    cells : int
    by : str
        The field of a point that is the measure.

    Examples
    --------
    >>> worst: WorstPoints[Point] = WorstPoints(cells=1, by="surprise")
    >>> surprise = np.array([0.5, 3.0, 1.0])
    >>> nan = math.nan
    >>> worst.add(surprise.astype(int) * 0, surprise,
    ...           lambda t: Point(f"day {t}", t, nan, nan, nan, nan, float(surprise[t]), nan, nan))
    >>> [point.time for point in worst.points[0]]
    ['day 1', 'day 2', 'day 0']
    """

    def __init__(self, cells: int, by: str) -> None:
        self.by = by
        self.points: list[list[Worst]] = [[] for _ in range(cells)]
        self.floor = np.full(cells, -np.inf)  # to be among the ten a point must lie above

    def add(self, cell: Ints, badness: Floats, point: Callable[[int], Worst]) -> None:
        """Look through a block of answers in order of rows, of each its cell and the measure [n].

        ``point`` makes the point of an answer at a place of the block.
        """
        candidates = np.flatnonzero(badness > self.floor[cell])
        if not len(candidates):
            return
        found = candidates[ten_of_each(cell[candidates], badness[candidates])]
        for k, place in zip(cell[found].tolist(), found.tolist(), strict=True):
            self.points[k].append(point(place))
        for k in set(cell[found].tolist()):
            self._keep_ten(k)

    def _keep_ten(self, k: int) -> None:
        worst = sorted(self.points[k], key=lambda point: (-getattr(point, self.by), point.row))
        self.points[k] = worst[:TEN]
        if len(worst) >= TEN:
            self.floor[k] = getattr(worst[TEN - 1], self.by)

    def merge(self, other: "WorstPoints[Worst]") -> None:
        """Add what another part of the same stream has seen; in any order."""
        for k, points in enumerate(other.points):
            self.points[k] += points
            self._keep_ten(k)


def ten_of_each(cell: Ints, badness: Floats) -> Ints:
    """Places of the ten highest of each cell; of equal ones the first.

    Examples
    --------
    >>> ten_of_each(np.array([0, 1, 0]), np.array([1.0, 5.0, 2.0]))
    array([2, 0, 1])
    """
    order = np.lexsort((-badness, cell))
    _, start, count = np.unique(cell[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(start, count)
    return order[place < TEN]


class WorstCoverage:
    """The lowest coverage over any 500 answers in a row, for each cell."""

    def __init__(self, cells: int) -> None:
        nothing = np.empty(0, bool)
        self.first: list[Bools] = [nothing] * cells  # the first 499 of each cell, to be merged by
        self.recent: list[Bools] = [nothing] * cells  # the last 499
        self.fewest = np.full(cells, WORST + 1, np.int64)

    def add(self, cell: Ints, covered: Bools) -> None:
        """Add whether each answer of a block was covered, in order of rows."""
        if not len(cell):
            return
        # a stable sort by cell keeps the order of rows inside each; 16 bits sort by radix
        short = cell.astype(np.int16) if len(self.recent) < 2**15 else cell
        order = np.argsort(short, kind="stable")
        present, starts = np.unique(short[order], return_index=True)
        parts = np.split(covered[order], starts[1:])
        for k, part in zip(present.tolist(), parts, strict=True):
            self._extend(k, part)

    def _extend(self, k: int, covered: Bools) -> None:
        room = WORST - 1 - len(self.first[k])
        if room:
            self.first[k] = np.concatenate((self.first[k], covered[:room]))
        hits = np.concatenate((self.recent[k], covered))
        if len(hits) >= WORST:
            # hits in the window that ends at i = hits up to i - hits up to i - 500
            upto = np.concatenate(([0], np.cumsum(hits)))
            fewest = int((upto[WORST:] - upto[:-WORST]).min())
            self.fewest[k] = min(int(self.fewest[k]), fewest)
        self.recent[k] = hits[-(WORST - 1) :].copy()

    def merge(self, later: "WorstCoverage") -> None:
        """Add what was seen after the last answer of this; the order matters."""
        for k, first in enumerate(later.first):
            whole = len(first) < WORST - 1  # then it is all that the later part has seen
            self._extend(k, first)  # every window that lies in both parts
            if not whole:
                self.recent[k] = later.recent[k]
        self.fewest = np.minimum(self.fewest, later.fewest)

    def lowest(self, k: int) -> float:
        """The lowest share covered; NaN before the first 500 answers."""
        fewest = int(self.fewest[k])
        return fewest / WORST if fewest <= WORST else math.nan
