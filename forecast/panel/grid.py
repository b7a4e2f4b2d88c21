"""Where the rows of many series stand in time: each series on a grid of its own, all of one step.

What ``forecast.stream.grid`` says of one series, said of all at once: rows come in any order of
series, and of each series in the order of its times.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.clock import DAY, Step
from forecast.stream.grid import (
    DUPLICATE,
    EARLIER,
    KEPT,
    OFF,
    Whole,
    calendar_day,
    coordinate,
    step_between,
    whole_numbers,
)
from forecast.stream.times import Stamps, month_of, month_start

APART = 4  # a second time that lies not one step after the first, where nobody named the step
FIRST, SECOND, LATER = range(3)  # times of a series that were kept, of which no more is told


class Placed(NamedTuple):
    """Where rows stand.

    Attributes
    ----------
    fate : ndarray [n]
        KEPT, DUPLICATE, EARLIER, OFF, or APART.
    kept : ndarray [kept]
        Which rows are kept, one series after the other, each in order of time.
    ahead : ndarray [kept]
        Whole steps since the row of the series before it; 1 for its first.
    """

    fate: NDArray[np.int8]
    kept: NDArray[np.intp]
    ahead: Whole


class Grids:
    """Places the times of many series on instants one step apart.

    Parameters
    ----------
    step
        The step; None to find it from the first two times of the series that has two first.
    numbers : bool
        Whether times are plain numbers.
    """

    def __init__(self, step: Step | None, numbers: bool) -> None:
        self.step, self.named = step, step is not None
        at = np.float64 if numbers else np.int64
        whole = ("first_offset", "offset", "day", "clock", "ends", "seen")
        fields = [("first", at), ("at", at), *((name, np.int64) for name in whole)]
        self.of = np.zeros(0, np.dtype(fields))  # a row for each series
        self.offsets = False  # whether times have one

    def room(self, series: int) -> None:
        """Make room for so many series."""
        if series > len(self.of):
            more = max(series, 2 * len(self.of)) - len(self.of)
            self.of = np.concatenate([self.of, np.zeros(more, self.of.dtype)])

    def place(self, who: Whole, stamps: Stamps) -> Placed:
        """Place the next rows, of these series."""
        self.room(int(who.max(initial=-1)) + 1)
        self.offsets = stamps.offset is not None
        order = np.argsort(who, kind="stable")
        who, stamps = who[order], stamps.pick(order)
        if self.step is None:
            self._find(who, stamps, order)
        fate = np.empty(len(who), np.int8)
        late = self._fate(who, stamps)
        fate[order] = late
        rows = np.flatnonzero(late == KEPT)
        ahead = self._ahead(who[rows], stamps.pick(rows), fate, order[rows])
        return Placed(fate, order[rows], ahead)

    def _known(self, who: Whole) -> Stamps:
        """The newest time of each of these series."""
        return Stamps(self.of["at"][who], self.of["offset"][who] if self.offsets else None)

    def _fate(self, who: Whole, stamps: Stamps) -> NDArray[np.int8]:
        """Which of the rows, one series after the other, are later than all before them."""
        at = coordinate(stamps, self.step)
        known, new = coordinate(self._known(who), self.step), self.of["seen"][who] == 0
        begins = first_of_each(who)
        latest = np.where(begins, known, np.roll(at, 1))
        fresh = begins & new
        if ((at <= latest) & ~fresh).any():
            starts = np.append(np.flatnonzero(begins), len(who))
            wrong = np.unique(
                np.searchsorted(starts, np.flatnonzero((at <= latest) & ~fresh), "right")
            )
            for group in wrong - 1:
                part = slice(starts[group], starts[group + 1])
                low = at[part][:1] if new[part][0] else known[part][:1]
                latest[part] = np.maximum.accumulate(np.concatenate([low, at[part][:-1]]))
        fate = np.full(len(who), KEPT, np.int8)
        fate[~fresh & (at < latest)] = EARLIER
        fate[~fresh & (at == latest)] = DUPLICATE
        return fate

    def _find(self, who: Whole, stamps: Stamps, order: NDArray[np.intp]) -> None:
        """Find the step from the first row of the file that is a second time of its series."""
        later = np.flatnonzero(self._fate(who, stamps) == KEPT)
        begins = first_of_each(who[later]) & (self.of["seen"][who[later]] == 0)
        seconds = np.flatnonzero(~begins)
        if len(seconds):
            second = seconds[np.argmin(order[later[seconds]])]
            row = later[second]
            inside = second > 0 and who[later[second - 1]] == who[row]
            first = stamps.pick(later[second - 1 : second]) if inside else self._known(who[[row]])
            self.step = step_between(first, stamps.pick(slice(row, row + 1)))

    def _ahead(
        self, who: Whole, stamps: Stamps, fate: NDArray[np.int8], rows: NDArray[np.intp]
    ) -> Whole:
        """Steps from each kept row to the next of its series; remembers the last of each."""
        begins = first_of_each(who)
        known = self._known(who)
        before = Stamps(
            np.where(begins, known.at, np.roll(stamps.at, 1)),
            None
            if stamps.offset is None or known.offset is None
            else np.where(begins, known.offset, np.roll(stamps.offset, 1)),
        )
        seen = self.of["seen"][who] + place_in_each(begins)
        fresh, seconds = seen == FIRST, seen == SECOND
        self._remember(who, stamps, fresh, seconds)
        ahead = np.ones(len(who), np.int64)
        if self.step is not None:
            steps, fits = self._steps(who, before, stamps)
            ahead = np.where(fresh, 1, steps)
            fate[rows[~fresh & ~fits]] = OFF
            if not self.named:
                fate[rows[seconds & fits & (steps != 1)]] = APART
        ends = np.append(begins[1:], True) if len(who) else begins
        last = who[ends]
        self.of["at"][last] = stamps.at[ends]
        self.of["seen"][last] = np.minimum(seen[ends] + 1, LATER)
        if stamps.offset is not None:
            self.of["offset"][last] = stamps.offset[ends]
        return ahead

    def _remember(
        self, who: Whole, stamps: Stamps, fresh: NDArray[np.bool_], seconds: NDArray[np.bool_]
    ) -> None:
        """Note the first time of each series, and the day on which a calendar step falls."""
        self.of["first"][who[fresh]] = stamps.at[fresh]
        if stamps.offset is not None:
            self.of["first_offset"][who[fresh]] = stamps.offset[fresh]
        if stamps.at.dtype == np.int64:
            day, length, clock = calendar_day(stamps.at[fresh].astype(np.int64))
            self.of["day"][who[fresh]], self.of["clock"][who[fresh]] = day, clock
            self.of["ends"][who[fresh]] = day == length
            day, length, _ = calendar_day(stamps.at[seconds].astype(np.int64))
            self.of["ends"][who[seconds]] &= day == length

    def _steps(self, who: Whole, before: Stamps, at: Stamps) -> tuple[Whole, NDArray[np.bool_]]:
        """Whole steps from one time to the other, and whether they are whole."""
        assert self.step is not None
        if self.step.unit == "month":
            month = month_of(at.at.astype(np.int64))
            months = month - month_of(before.at.astype(np.int64))
            whole, rest = np.divmod(months, int(self.step.size))
            return whole, (rest == 0) & (at.at == self._calendar(who, month))
        apart = coordinate(at, self.step) - coordinate(before, self.step)
        if self.step.unit == "second":
            whole, rest = np.divmod(apart.astype(np.int64), int(self.step.size))
            return whole, rest == 0
        return whole_numbers(apart / self.step.size)

    def _calendar(self, who: Whole, months: Whole) -> Whole:
        """The instant of each month on which the step of a series falls."""
        of = self.of[who]
        start = month_start(months)
        length = month_start(months + 1) - start
        day = np.where(of["ends"] > 0, length, np.minimum(of["day"], length))
        found: Whole = (start + day - 1) * DAY + of["clock"]
        return found

    def times(self, who: Whole, steps: Whole, newest: bool) -> Stamps:
        """The instants so many steps after the newest time of each series, or after its first."""
        assert self.step is not None
        of = self.of[who]
        at, offset = of["at" if newest else "first"], of["offset" if newest else "first_offset"]
        kept = offset if self.offsets else None
        if self.step.unit == "month":
            return Stamps(self._calendar(who, month_of(at) + steps * int(self.step.size)), kept)
        return Stamps(at + (steps * self.step.size).astype(at.dtype), kept)


def first_of_each(who: Whole) -> NDArray[np.bool_]:
    """Whether each row is the first of its series, of rows that lie one series after the other."""
    begins = np.ones(len(who), np.bool_)
    begins[1:] = who[1:] != who[:-1]
    return begins


def place_in_each(begins: NDArray[np.bool_]) -> Whole:
    """Which row of its series each is, from 0.

    Examples
    --------
    >>> place_in_each(np.array([True, False, False, True, False]))
    array([0, 1, 2, 0, 1])
    """
    rows = np.arange(len(begins))
    starts: Whole = rows - np.maximum.accumulate(np.where(begins, rows, 0))
    return starts
