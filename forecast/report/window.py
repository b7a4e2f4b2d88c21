"""Scores of late: sums over a sliding window of rows, and sums that fade.

Both forget in bounded memory, and neither depends on the blocks in which the answers come.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW = 500  # rows that the window holds at least
BLOCK = 50  # rows by which it slides
SLOTS = WINDOW // BLOCK + 1  # of them the last is being filled
FADING = 1.0 - 1.0 / WINDOW  # all weights together come to WINDOW in the end


class Window:
    """Sums of named measures over the answers of the last 500 rows, one for each cell.

    The window slides by blocks of 50 rows. At row r it holds the answers of the rows from
    50 (r // 50 - 10), or 0, to r: the last 500 rows and up to 50 more. Blocks are counted from
    row 0, not from the first answer, so that windows over parts of a stream merge in any order.

    Parameters
    ----------
    names : sequence of str
        Of the measures; a NaN of one is not counted.
    cells : int

    Examples
    --------
    >>> window = Window(["error"], cells=1)
    >>> rows = np.arange(1000)
    >>> window.add(rows, np.zeros(1000, np.int64), {"error": rows.astype(float)})
    >>> window.first_row, window.last_row, window.counted("error", 0), window.mean("error", 0)
    (450, 999, 550, 724.5)
    """

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self.names, self.cells = tuple(names), cells
        self.last_row = -1
        self.total = np.zeros((len(self.names), SLOTS * cells))  # slot * cells + cell
        self.count = np.zeros((len(self.names), SLOTS * cells), np.int64)

    @property
    def first_row(self) -> int:
        """The first row whose answers the window holds."""
        return max(0, self.last_row // BLOCK - WINDOW // BLOCK) * BLOCK

    def add(self, row: Ints, cell: Ints, values: Mapping[str, Floats]) -> None:
        """Add ``values`` [n] of every name; ``row`` [n] ascends."""
        if not len(row):
            return
        self._reach(int(row[-1]))
        late = slice(int(np.searchsorted(row, self.first_row)), None)  # the others are past already
        at = row[late] // BLOCK % SLOTS * self.cells + cell[late]
        for name, total, count in zip(self.names, self.total, self.count, strict=True):
            value = values[name][late]
            defined = ~np.isnan(value)
            total += np.bincount(at[defined], value[defined], minlength=len(total))
            count += np.bincount(at[defined], minlength=len(count))

    def _reach(self, row: int) -> None:
        """Slide to a row; the slots of blocks that are new begin empty."""
        newest, block = self.last_row // BLOCK, row // BLOCK
        for new in range(max(newest, block - SLOTS) + 1, block + 1):
            self.total[:, self._slot(new)] = 0.0
            self.count[:, self._slot(new)] = 0
        self.last_row = max(self.last_row, row)

    def _slot(self, block: int) -> slice:
        start = block % SLOTS * self.cells
        return slice(start, start + self.cells)

    def merge(self, other: "Window") -> None:
        """Add what another part of the same stream has seen; in any order."""
        self._reach(other.last_row)
        first, last = max(self.first_row, other.first_row), other.last_row
        for block in range(first // BLOCK, last // BLOCK + 1):
            self.total[:, self._slot(block)] += other.total[:, self._slot(block)]
            self.count[:, self._slot(block)] += other.count[:, self._slot(block)]

    def mean(self, name: str, cell: int) -> float:
        """The mean over the window; NaN where nothing was counted."""
        total = self.total[self.names.index(name), cell :: self.cells].sum()
        return divided(float(total), self.counted(name, cell))

    def counted(self, name: str, cell: int) -> int:
        """How many answers of the window the measure is defined on."""
        return int(self.count[self.names.index(name), cell :: self.cells].sum())


class Fading:
    """Sums of named measures that fade with each answer, one for each cell.

    S_t = x_t + a S_(t-1),  N_t = 1 + a N_(t-1),  a = 0.998; the score is S_t / N_t. N_t goes to
    1 / (1 - a) = 500 answers, as many as the window has of a series without gaps. Where a
    measure is undefined (NaN) both sums fade and nothing is added.

    Source: Gama, Sebastiao and Rodrigues (2013), On evaluating stream learning algorithms.

    Parameters
    ----------
    names : sequence of str
    cells : int

    Examples
    --------
    >>> fading = Fading(["error"], cells=1)
    >>> fading.add(np.zeros(2, np.int64), {"error": np.array([3.0, 1.0])})
    >>> fading.mean("error", 0) == (1.0 + 0.998 * 3.0) / (1.0 + 0.998)
    True
    """

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self.names, self.cells = tuple(names), cells
        self.answers = np.zeros(cells, np.int64)
        self.total = np.zeros((len(self.names), cells))
        self.weight = np.zeros((len(self.names), cells))

    def add(self, cell: Ints, values: Mapping[str, Floats]) -> None:
        """Add ``values`` [n] of every name, in the order of the answers."""
        new = np.bincount(cell, minlength=self.cells)
        # a block fades all before it by a^n, and each of its answers by a^(answers after it)
        powers = FADING ** np.arange(int(new.max(initial=0)) + 1)
        weight, fade = powers[answers_after(cell, new)], powers[new]
        self.answers += new
        for name, total, weights in zip(self.names, self.total, self.weight, strict=True):
            value = values[name]
            defined = ~np.isnan(value)
            seen, w = (cell, weight) if defined.all() else (cell[defined], weight[defined])
            weighted = np.bincount(seen, w * value[defined], minlength=self.cells)
            total[:] = fade * total + weighted
            weights[:] = fade * weights + np.bincount(seen, w, minlength=self.cells)

    def merge(self, later: "Fading") -> None:
        """Add what was seen after the last answer of this; the order matters."""
        fade = FADING**later.answers
        self.total = fade * self.total + later.total
        self.weight = fade * self.weight + later.weight
        self.answers = self.answers + later.answers

    def mean(self, name: str, cell: int) -> float:
        """The faded mean; NaN where nothing was counted."""
        return divided(float(self.total[self.names.index(name), cell]), self.counted(name, cell))

    def counted(self, name: str, cell: int) -> float:
        """All weights together: how many answers the mean is worth."""
        return float(self.weight[self.names.index(name), cell])


def answers_after(cell: Ints, count: Ints) -> Ints:
    """How many answers of the same cell stand after each; ``count`` of each cell.

    Examples
    --------
    >>> answers_after(np.array([0, 1, 0, 0]), np.array([3, 1]))
    array([2, 0, 1, 0])
    """
    order = np.argsort(cell, kind="stable")
    after = np.empty(len(cell), np.int64)
    after[order] = np.cumsum(count)[cell[order]] - 1 - np.arange(len(cell))
    return after


def divided(total: float, count: float) -> float:
    """A mean; NaN where nothing was counted."""
    return total / count if count > 0.0 else math.nan
