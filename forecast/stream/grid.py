"""The grid of a stream: instants one step apart, found from the first two times alone."""

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.clock import DAY, SECOND, Step
from forecast.stream.times import Stamps, month_of, month_start

Whole = NDArray[np.int64]

KEPT, DUPLICATE, EARLIER, OFF = 0, 1, 2, 3  # what becomes of a row
NEAR = 0.01  # decimal fractions are rounded in files: a hundredth of a step is none


class Placed(NamedTuple):
    """Where rows stand on the grid.

    Attributes
    ----------
    fate : ndarray [n]
        KEPT, DUPLICATE, EARLIER (than a row before it), or OFF the grid.
    ahead : ndarray [kept or off]
        Whole steps since the row kept before.
    before, at : Stamps [kept or off]
        The time of that row, and of this one.
    """

    fate: NDArray[np.int8]
    ahead: Whole
    before: Stamps
    at: Stamps


def coordinate(stamps: Stamps, step: Step | None) -> NDArray[np.int64] | NDArray[np.float64]:
    """What orders times, and what steps are counted on.

    Whole days and months are counted on the wall clock, which a change to summer time does not
    move; shorter steps, and times before the step is known, as instants of UTC.
    """
    if stamps.offset is None or (step is not None and _on_the_wall(step)):
        return stamps.at
    return stamps.at - stamps.offset


class Grid:
    """Places times on instants one step apart.

    Parameters
    ----------
    step
        The step; None to find it from the first two times.

    Attributes
    ----------
    step : Step or None
        None before two times were seen.
    last : Stamps [1] or None
        The last time kept.
    """

    def __init__(self, step: Step | None = None) -> None:
        self.step = step
        self.last: Stamps | None = None
        self._anchored = False
        self._day = 1  # day of the month on which a calendar step falls ...
        self._ends = False  # ... or its last
        self._clock = 0  # and the time of that day

    def place(self, stamps: Stamps) -> Placed:
        """Place the next rows, and remember the last that was kept."""
        lead = 0 if self.last is None else 1
        if self.last is not None:
            stamps = self.last.then(stamps)
        if not self._anchored:
            self._anchor(stamps)
        at = coordinate(stamps, self.step)
        fate = np.zeros(len(at), np.int8)
        latest = np.maximum.accumulate(at)
        fate[1:][at[1:] < latest[:-1]] = EARLIER
        fate[1:][at[1:] == latest[:-1]] = DUPLICATE
        kept = np.flatnonzero(fate == KEPT)
        after = stamps.pick(kept)
        ahead, fits = self._steps(after)
        fate[kept[1:][~fits]] = OFF
        self.last = after.pick(slice(-1, None))
        before = after.pick(slice(None, -1))
        here = after.pick(slice(lead, None))
        if lead == 0:  # the first row of all stands one step after nothing
            ahead = np.concatenate([np.ones(1, np.int64), ahead])
            before = after.pick(slice(0, 1)).then(before)
        return Placed(fate[lead:], ahead, before, here)

    def follow(self, at: float, offset: int | None) -> bool:
        """Take a time that is plainly one step after the last; any other is left to `place`."""
        if self.step is None or self.last is None:
            return False
        apart, size = at - self.last.at.item(), self.step.size
        if self.step.unit == "number":
            follows = abs(apart / size - 1.0) <= NEAR
        elif self.step.unit == "second":
            if offset is not None and self.last.offset is not None and not _on_the_wall(self.step):
                apart -= offset - self.last.offset.item()
            follows = apart == size
        else:
            follows = False
        if follows:
            ahead = None if offset is None else np.array([offset])
            self.last = Stamps(np.array([at]), ahead)
        return follows

    def advance(self, stamps: Stamps, steps: Whole) -> Stamps:
        """The instants so many steps after these."""
        assert self.step is not None
        if self.step.unit == "month":
            months = month_of(stamps.at.astype(np.int64)) + steps * int(self.step.size)
            return Stamps(self._calendar(months), stamps.offset)
        return Stamps(stamps.at + (steps * self.step.size).astype(stamps.at.dtype), stamps.offset)

    def finer(self, before: Stamps, at: Stamps) -> Step | None:
        """The longest step that leads to a row off the grid as well; None below a second."""
        if self.step is None or self.step.unit != "second":
            return None
        apart = int((coordinate(at, self.step) - coordinate(before, self.step))[0])
        common = math.gcd(apart, int(self.step.size))
        return Step("second", common) if common % SECOND == 0 else None

    def _anchor(self, stamps: Stamps) -> None:
        """Find the step, and the day of a calendar step, from the first two times."""
        at = coordinate(stamps, self.step)
        later = np.flatnonzero(at > at[0])
        if self.step is None and len(later):
            first, second = stamps.pick(slice(0, 1)), stamps.pick(later[:1])
            self.step = step_between(first, second)
        if self.step is not None and self.step.unit == "month":
            wall = stamps.at.astype(np.int64)
            day, length, clock = day_of(wall[:1])
            self._day, self._clock, self._ends = day, clock, day == length
            if len(later):
                day, length, _ = day_of(wall[later[:1]])
                self._ends &= day == length
        self._anchored = len(later) > 0

    def _calendar(self, months: Whole) -> Whole:
        """The instant of each month on which a calendar step falls."""
        start = month_start(months)
        length = month_start(months + 1) - start
        day = length if self._ends else np.minimum(self._day, length)
        return (start + day - 1) * DAY + self._clock

    def _steps(self, stamps: Stamps) -> tuple[Whole, NDArray[np.bool_]]:
        """Whole steps from each time to the next, and whether they are whole."""
        if self.step is None:
            return np.zeros(0, np.int64), np.zeros(0, np.bool_)
        if self.step.unit == "month":
            months = month_of(stamps.at.astype(np.int64))
            whole, rest = np.divmod(np.diff(months), int(self.step.size))
            fits = stamps.at == self._calendar(months)
            return whole, (rest == 0) & fits[1:]
        if self.step.unit == "second":
            apart = np.diff(coordinate(stamps, self.step))
            whole, rest = np.divmod(apart, int(self.step.size))
            return whole.astype(np.int64), rest == 0
        with np.errstate(over="ignore", invalid="ignore"):  # times as far apart as floats can be
            apart = np.diff(stamps.at)
            return whole_numbers(apart / self.step.size)


def _on_the_wall(step: Step) -> bool:
    return step.unit == "month" or (step.unit == "second" and step.size % DAY == 0)


def whole_numbers(steps: NDArray[np.float64]) -> tuple[Whole, NDArray[np.bool_]]:
    """The whole numbers that these steps are, but for rounding, and whether they are any."""
    ratio = np.nan_to_num(steps, nan=0.0, posinf=2.0**62)
    nearest = np.rint(ratio)
    whole = np.minimum(nearest, 2**62).astype(np.int64)
    return whole, (nearest >= 1) & (np.abs(ratio - nearest) <= NEAR)


def calendar_day(wall: Whole) -> tuple[Whole, Whole, Whole]:
    """Day of the month, length of the month, and microseconds since midnight of each time."""
    month = month_of(wall)
    start = month_start(month)
    day, clock = np.divmod(wall, DAY)
    return day - start + 1, month_start(month + 1) - start, clock


def day_of(wall: Whole) -> tuple[int, int, int]:
    """The same of one time."""
    day, length, clock = calendar_day(wall)
    return int(day[0]), int(length[0]), int(clock[0])


def step_between(first: Stamps, second: Stamps) -> Step:
    """The step from one time to the next: months where the calendar says so."""
    if first.at.dtype == np.float64:
        # 0.3 - 0.2 is 0.1 here, as it is for the person who wrote them.
        exact = Decimal(repr(float(second.at[0]))) - Decimal(repr(float(first.at[0])))
        return Step("number", float(exact))
    a, b = first.at.astype(np.int64), second.at.astype(np.int64)
    months = int(month_of(b)[0] - month_of(a)[0])
    (day, length, clock), (day2, length2, clock2) = day_of(a), day_of(b)
    ends = day == length and day2 == length2
    # 1 February to 1 March is a month, not four weeks.
    if months > 0 and clock == clock2 and (ends or day == day2):
        return Step("month", months)
    apart = int(b[0] - a[0])
    whole_days = apart > 0 and apart % DAY == 0
    if not whole_days and first.offset is not None and second.offset is not None:
        apart -= int(second.offset[0] - first.offset[0])
    return Step("second", apart)
