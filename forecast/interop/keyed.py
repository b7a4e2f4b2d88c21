"""A series whose state is bytes: what an engine keeps of a key, and gives back with its next rows.

A series gets the bits that ``forecast.run`` gives it alone, in whatever batches its rows come.
Nothing here knows of an engine; ``forecast.interop.spark`` is one.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.checkpoint import CheckpointError
from forecast.clock import Step
from forecast.coming import coming_of
from forecast.learner import ROW, NumberLearner
from forecast.measure import LONG, MEAN, SCORE, SURPRISE, Y
from forecast.panel.grid import Grids
from forecast.panel.panel import PART
from forecast.panel.store import summed
from forecast.prequential import walk_of
from forecast.stream.csv_numbers import LONGEST_GAP
from forecast.stream.grid import KEPT, OFF
from forecast.stream.times import Stamps

Make = Callable[[], NumberLearner]
GAP, TIMELESS, NAMELESS, NEXT = range(OFF + 1, OFF + 5)
# what a row says, by the fate of a row that came: one that is kept is answered
SAYS = (
    "answer",
    "left out: duplicate time",
    "left out: time out of order",
    "left out: off the grid",
    "left out: after too long a gap",
    "left out: no time",
    "left out: no series",
    "next",
)
# columns of what is said, all of them float64: a place of SAYS, the time, the horizon, the row of
# the last value known when asked, and what the loop measures; NaN where there is none
WHAT, AT, HORIZON, ISSUED, MEASURED = range(5)
SAID = MEASURED + LONG
Said = NDArray[np.float64]
DISTANT = 2.0**53  # up to there, the year 2255, a float64 holds microseconds


class Told(NamedTuple):
    """Rows of one series that have come together, in any order."""

    at: NDArray[np.float64]  # [n] microseconds since 1970, or plain numbers; NaN where missing
    ahead: NDArray[np.float64]  # [n] microseconds by which the wall clock is ahead of UTC
    y: NDArray[np.float64]  # [n] NaN where missing


class Place:
    """Where a series stands in time.

    Parameters
    ----------
    step : Step
    numbers : bool
        Whether times are plain numbers.
    """

    def __init__(self, step: Step, numbers: bool) -> None:
        self.step, self.numbers = step, numbers
        self.grids = Grids(step, numbers)
        self.grids.room(1)

    def put(self, told: Told) -> tuple[Told, NDArray[np.int8], NDArray[np.int64]]:
        """The rows in order of time, the fate of each, and how many steps after the one before.

        Of rows of one time the smallest number is kept, in whatever order a shuffle brought them.
        """
        timeless = ~(np.abs(told.at) < DISTANT)
        order = np.lexsort((told.y, told.at, timeless))
        told = Told(*(each[order] for each in told))
        fate = np.where(timeless[order], TIMELESS, KEPT).astype(np.int8)
        ahead = np.ones(len(order), np.int64)
        first, end = 0, int((fate == KEPT).sum())
        if self.step.unit == "row":
            return told, fate, ahead
        while first < end:
            # what comes after a row that is refused is placed as if that had never been
            stood = self.grids.of.copy()
            fate[first:end], ahead[first:end] = self._placed(told, first, end)
            refused = first + np.flatnonzero(np.isin(fate[first:end], [OFF, GAP]))
            if not len(refused):
                break
            self.grids.of[:] = stood
            self._placed(told, first, int(refused[0]))
            first = int(refused[0]) + 1
        return told, fate, ahead

    def _placed(
        self, told: Told, first: int, end: int
    ) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        at, offset, _ = (each[first:end] for each in told)
        wall = at if self.numbers else (at + offset).astype(np.int64)
        stamps = Stamps(wall, None if self.numbers else offset.astype(np.int64))
        placed = self.grids.place(np.zeros(end - first, np.int64), stamps)
        ahead = np.ones(end - first, np.int64)
        ahead[placed.kept] = placed.ahead
        fate = placed.fate
        fate[(fate == KEPT) & (ahead > LONGEST_GAP + 1)] = GAP
        return fate, ahead

    def after(self, steps: int) -> float:
        """The time so many steps after the newest; NaN where rows are taken as they come."""
        if self.step.unit == "row":
            return math.nan
        at, offset = self.grids.times(np.zeros(1, np.int64), np.array([steps]), newest=True)
        return float(at[0] if offset is None else at[0] - offset[0])


def filled(
    told: Told, fate: NDArray[np.int8], ahead: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and values of the rows that are kept, with NaN between them where steps are missing."""
    kept = fate == KEPT
    stands = np.cumsum(ahead[kept]) - 1
    at, ys = np.full((2, int(stands[-1]) + 1 if len(stands) else 0), math.nan)
    at[stands], ys[stands] = told.at[kept], told.y[kept]
    return at, ys


class Series:
    """One series at a time: its learner, the questions that wait, its place in time.

    Parameters
    ----------
    make : callable
        Makes a learner of one number.
    step : Step
    numbers : bool
        Whether times are plain numbers.

    Examples
    --------
    >>> from forecast import LightForecaster
    >>> one = Series(LightForecaster, Step.named("1"), numbers=True)
    >>> at = np.arange(30.0)
    >>> said = one.tell(Told(at, 0.0 * at, at % 2))
    >>> [SAYS[int(what)] for what in said[-2:, WHAT]], len(said)
    (['answer', 'next'], 30)
    >>> other = Series(LightForecaster, Step.named("1"), numbers=True)
    >>> other.go_on(one.state())
    >>> other.state() == one.state()
    True
    """

    def __init__(self, make: Make, step: Step, numbers: bool) -> None:
        self.pattern, self.learner = make(), make()
        self.place = Place(step, numbers)
        self.horizons = np.array(self.learner.horizons)
        longest, H = int(self.horizons[-1]), len(self.horizons)
        self.waiting = np.empty((longest, 1, H, ROW))
        kind = type(self.learner)
        self._walk = walk_of(kind._learn, kind._ask, kind.family)
        self._score = SCORE[kind.family]
        self._said = f"{self.learner!r} {step}".encode()  # what makes a state one of this kind
        self.begin()

    def begin(self) -> None:
        """Stand where nothing has come yet."""
        self.learner.floats[:], self.learner.ints[:] = self.pattern.floats, self.pattern.ints
        self.waiting[:], self.place.grids.of[:], self.rows = math.nan, 0, 0

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.learner.floats, self.learner.ints, self.waiting, self.place.grids.of

    def state(self) -> tuple[bytes, bytes, bytes, bytes, int, bytes]:
        """All that there is of the series."""
        floats, ints, waiting, place = (array.tobytes() for array in self._arrays())
        whole = floats, ints, waiting, place
        return *whole, self.rows, summed(self._said, *whole, str(self.rows).encode())

    def go_on(self, state: tuple[bytes, bytes, bytes, bytes, int, bytes]) -> None:
        """Stand where another stood.

        Raises
        ------
        CheckpointError
            If the state is damaged, or of another learner or step.
        """
        *whole, rows, told = state
        if summed(self._said, *map(bytes, whole), str(rows).encode()) != bytes(told):
            raise CheckpointError(
                f"the state is damaged, or not one of {self._said.decode()}: ask with the learner "
                "and the step that the query began with, or name another checkpointLocation"
            )
        for array, content in zip(self._arrays(), whole, strict=True):
            array.reshape(-1)[:] = np.frombuffer(content, array.dtype)
        self.rows = rows

    def tell(self, told: Told) -> Said:
        """Answer and learn rows; what is said of them, of those left out, and of what comes next.

        Returns
        -------
        ndarray [n, SAID]
        """
        told, fate, ahead = self.place.put(told)
        at, ys = filled(told, fate, ahead)
        first = self.rows
        out, where = self._walked(ys)
        answered = rows_said(KEPT, at[where[:, 0] - first], where[:, 2], where[:, 3], out)
        lost = fate != KEPT
        without = left_out(Told(*(each[lost] for each in told)), fate[lost])
        coming = self._coming()
        horizons = self.horizons[: len(coming)]
        later = [self.place.after(int(horizon)) for horizon in horizons]
        following = rows_said(NEXT, later, horizons, self.rows - 1, coming)
        return np.concatenate([answered, without, following])

    def _walked(self, ys: NDArray[np.float64]) -> tuple[np.ndarray, np.ndarray]:
        """Walk over the next values; what was answered, and where."""
        state = self.learner.floats, self.learner.ints, self.horizons
        outs, wheres = [np.empty((0, LONG))], [np.empty((0, 4), np.int64)]
        for start in range(0, len(ys), PART):
            part = ys[start : start + PART].reshape(-1, 1)
            most = len(part) * len(self.horizons)
            out, where = np.empty((most, LONG)), np.empty((most, 4), np.int64)
            n = self._walk(*state, self.rows, self.waiting, part, part, out, where)
            self.rows += len(part)
            outs.append(out[:n])
            wheres.append(where[:n])
        return np.concatenate(outs), np.concatenate(wheres)

    def _coming(self) -> np.ndarray:
        """What is said of each horizon now; nothing where nothing is known."""
        coming = coming_of(self.waiting[:, 0], self.rows, self._score)
        if math.isnan(coming[0, MEAN]):
            return coming[:0]
        coming[:, [Y, SURPRISE]] = math.nan
        return coming


def left_out(told: Told, fate: int | NDArray[np.int8]) -> Said:
    """What is said of rows that are not learned."""
    measured = np.full((len(told.y), LONG), math.nan)
    measured[:, Y] = told.y
    return rows_said(fate, told.at, math.nan, math.nan, measured)


def rows_said(what: Any, at: Any, horizon: Any, issued: Any, measured: np.ndarray) -> Said:
    """What is said, a row for each of ``measured`` [n, LONG]."""
    said = np.empty((len(measured), SAID))
    said[:, WHAT], said[:, AT], said[:, HORIZON], said[:, ISSUED] = what, at, horizon, issued
    said[:, MEASURED:] = measured
    return said
