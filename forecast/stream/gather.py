"""Rows whose times lie on no grid, gathered into one number for each step.

A row belongs to the step that began last, and a step is handed on once a row of a later one came:
never before all of it is known. A step without rows is missing.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.clock import Step
from forecast.stream.grid import coordinate
from forecast.stream.times import Stamps

Floats = NDArray[np.float64]
How = Literal["mean", "sum", "last"]
HOWS: tuple[How, ...] = ("mean", "sum", "last")


class Gather:
    """Gathers the rows of each step.

    Parameters
    ----------
    step : Step
        A length of time, or a number where times are plain numbers.
    how : {"mean", "sum", "last"}
        What stands for the numbers of a step; missing ones are left out of it.

    Attributes
    ----------
    unfinished : int
        Rows of the last step, if the data ended before it did.

    Examples
    --------
    >>> gather = Gather(Step("number", 10.0), "mean")
    >>> at, y = gather.add(Stamps(np.array([1.0, 4.0, 12.0])), np.array([[1.0], [3.0], [7.0]]))
    >>> at.at, y[:, 0]
    (array([0.]), array([2.]))
    """

    def __init__(self, step: Step, how: How) -> None:
        if step.unit not in ("second", "number"):
            raise ValueError(f"rows are gathered by a length of time, not by {step}")
        self.step, self.how = step, how
        self.unfinished = 0
        self._held = Stamps(np.empty(0, np.int64)), np.empty((0, 0))
        self._apart = 0.0  # how far the last two times lay apart

    def late(self, stamps: Stamps) -> NDArray[np.bool_]:
        """Which rows are earlier than one before them."""
        at = coordinate(self._with_held(stamps), self.step)
        latest = np.maximum.accumulate(at)
        earlier = np.concatenate([[False], at[1:] < latest[:-1]])
        late: NDArray[np.bool_] = earlier[len(at) - len(stamps.at) :]
        return late

    def add(self, stamps: Stamps, numbers: Floats) -> tuple[Stamps, Floats]:
        """Take the next rows, none of them late; returns the steps that are over by them."""
        if len(self._held[1]):
            numbers = np.concatenate([self._held[1], numbers])
            stamps = self._with_held(stamps)
        apart = np.diff(coordinate(stamps, self.step))
        if (apart > 0).any():
            self._apart = float(apart[apart > 0][-1])
        begins = self._begins(stamps)
        over = int(np.searchsorted(begins, begins[-1])) if len(begins) else 0
        self._held = stamps.pick(slice(over, None)), numbers[over:]
        return self._gathered(stamps.pick(slice(0, over)), begins[:over], numbers[:over])

    def end(self) -> tuple[Stamps, Floats]:
        """The last step, if it was over when the data ended.

        It was if its end is no further from its last row than the last two times were apart.
        """
        stamps, numbers = self._held
        at, begins = coordinate(stamps, self.step), self._begins(stamps)
        self._held = stamps.pick(slice(0, 0)), numbers[:0]
        if not len(at) or begins[-1] + self.step.size - at[-1] > self._apart:
            self.unfinished = len(at)
            return self._gathered(stamps.pick(slice(0, 0)), begins[:0], numbers[:0])
        return self._gathered(stamps, begins, numbers)

    def _with_held(self, stamps: Stamps) -> Stamps:
        held = self._held[0]
        return held.then(stamps) if len(held.at) else stamps

    def _begins(self, stamps: Stamps) -> NDArray[np.int64] | Floats:
        """When the step of each row began."""
        at = coordinate(stamps, self.step)
        size = int(self.step.size) if self.step.unit == "second" else self.step.size
        return np.floor_divide(at, size) * size

    def _gathered(
        self, stamps: Stamps, begins: NDArray[np.int64] | Floats, numbers: Floats
    ) -> tuple[Stamps, Floats]:
        """One row for each step that has any."""
        first = np.flatnonzero(np.concatenate([[True], begins[1:] != begins[:-1]]))
        first = first[: len(begins)]
        at, offset = begins[first], None
        if stamps.offset is not None:
            offset = stamps.offset[first]
            at = at + (stamps.at[first] - coordinate(stamps.pick(first), self.step))
        return Stamps(at, offset), self._number(first, numbers)

    def _number(self, first: NDArray[np.intp], numbers: Floats) -> Floats:
        """What stands for the rows from each of the first ones on; NaN where all are missing."""
        if not len(first):
            return numbers[:0]
        seen = ~np.isnan(numbers)
        if self.how == "last":
            rows = np.where(seen, np.arange(len(numbers))[:, None], -1)
            last = np.maximum.reduceat(rows, first, axis=0)
            return np.where(last < 0, np.nan, np.take_along_axis(numbers, last, axis=0))
        count = np.add.reduceat(seen.astype(float), first, axis=0)
        total = np.add.reduceat(np.where(seen, numbers, 0.0), first, axis=0)
        shares = np.where(count > 0.0, count, np.nan)
        return total / shares if self.how == "mean" else total + 0.0 * shares
