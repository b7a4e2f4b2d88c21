"""Ranges of time that a person leaves out: an outage, a holiday.

A range is written FROM..TO, both of them inside it, and either may be left open. Its times are
written as the file writes them, or in ISO 8601. A date alone stands for all of that day: as FROM
for its beginning, as TO for its end; so does a month. Where rows are instants, they are numbers of
rows, from 0.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.clock import DAY
from forecast.stream.errors import Refused
from forecast.stream.times import (
    ISO,
    FormatTimes,
    IsoTimes,
    NumberTimes,
    Stamps,
    Times,
    month_of,
    month_start,
)

BETWEEN = ".."


class ExclusionError(ValueError):
    """A range that cannot be read one way only, or ends before it begins."""


class Range(NamedTuple):
    """The times that are left out, from the first to the last.

    Attributes
    ----------
    text : str
        As it was written.
    first, last : Stamps [1] or None
        None where it is open.
    """

    text: str
    first: Stamps | None
    last: Stamps | None

    def holds(self, stamps: Stamps) -> NDArray[np.bool_]:
        """Whether each time lies in the range."""
        inside = np.ones(len(stamps.at), np.bool_)
        if self.first is not None:
            inside &= _on_clock_of(self.first, stamps) >= _on_clock_of(self.first, self.first)
        if self.last is not None:
            inside &= _on_clock_of(self.last, stamps) <= _on_clock_of(self.last, self.last)
        return inside


class Exclusions:
    """The ranges that a person leaves out of a file.

    Parameters
    ----------
    texts
        Each written FROM..TO.
    times
        How the file writes its times; None where its rows are instants.
    example
        A time of the file.

    Raises
    ------
    ExclusionError
        At the first that cannot be read, or is reversed.

    Examples
    --------
    >>> days = IsoTimes("2024-02-28")
    >>> exclusions = Exclusions(["2024-02..2024-03-01"], days, "2024-02-28")
    >>> exclusions.hold(days.read(["2024-01-31", "2024-02-01", "2024-03-01", "2024-03-02"]))
    array([False,  True,  True, False])
    >>> exclusions.unmet
    []
    """

    def __init__(self, texts: Sequence[str], times: Times | None, example: str) -> None:
        self._ranges = [_range(text, times, example) for text in texts]
        self._met = [False] * len(self._ranges)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._ranges)

    def hold(self, stamps: Stamps) -> NDArray[np.bool_]:
        """Whether each time lies in any of the ranges."""
        inside = np.zeros(len(stamps.at), np.bool_)
        for place, one in enumerate(self._ranges):
            held = one.holds(stamps)
            self._met[place] |= bool(held.any())
            inside |= held
        return inside

    @property
    def unmet(self) -> list[str]:
        """The ranges, as they were written, in which no time was so far."""
        return [one.text for one, met in zip(self._ranges, self._met, strict=True) if not met]


def sides(text: str) -> tuple[str, str]:
    """What stands before and after the dots of a range.

    Raises
    ------
    ExclusionError
        If it is not written FROM..TO, or both sides are empty.

    Examples
    --------
    >>> sides("2020-01-06..2020-01-09"), sides("..2020-01-31")
    (('2020-01-06', '2020-01-09'), ('', '2020-01-31'))
    """
    first, between, last = (part.strip(" ") for part in text.partition(BETWEEN))
    if between and (first or last) and BETWEEN not in last and not last.startswith("."):
        return first, last
    raise ExclusionError(
        f"{text!r} is no range of times: say FROM..TO, as 2020-01-06..2020-01-09; either side may "
        "be left open, as ..2020-01-31; one day is 2020-01-06..2020-01-06"
    )


def _range(text: str, times: Times | None, example: str) -> Range:
    """The range that was written."""
    first, last = (
        _edge(text, side, times, example, ends) if side else None
        for side, ends in zip(sides(text), (False, True), strict=True)
    )
    if first is None or last is None:
        return Range(text, first, last)
    if (first.offset is None) != (last.offset is None):
        raise ExclusionError(
            f"--exclude {text!r} has an offset from UTC on one side: write one on both, or on none."
        )
    if _on_clock_of(first, first)[0] > _on_clock_of(last, last)[0]:
        raise ExclusionError(
            f"--exclude {text!r} ends before it begins: say the earlier time first."
        )
    return Range(text, first, last)


def _edge(text: str, side: str, times: Times | None, example: str, ends: bool) -> Stamps:
    """The time on one side of a range, both as the file writes it and as ISO 8601 does."""
    if times is None:
        if re.fullmatch(r"\d{1,15}", side, re.ASCII):
            return Stamps(np.array([float(side)]))
        raise ExclusionError(
            f"--exclude {text!r}: {side!r} is no row number; rows are instants here, and their "
            "times are their numbers from 0: say FROM..TO, as 100..120."
        )
    try:
        if isinstance(times, NumberTimes):
            return times.read([side])
        if isinstance(times, FormatTimes) and not ISO.fullmatch(side):
            return times.read([side])
        return _iso_edge(side, times.aware, ends)
    except Refused as error:
        also = "" if isinstance(times, NumberTimes) else ", or as a date like 2020-01-31"
        raise ExclusionError(
            f"--exclude {text!r}: {side!r} {error.problem}. Write it as the file does "
            f"({example}){also}."
        ) from None


def _iso_edge(side: str, aware: bool, ends: bool) -> Stamps:
    """A time of ISO 8601; of a day or a month its beginning, or the last microsecond of it."""
    edge = IsoTimes(side).read([side])
    if edge.offset is not None and not aware:
        raise Refused(0, "has an offset from UTC where the times of the file have none", "")
    match = ISO.fullmatch(side)
    if not ends or match is None or match["H"] is not None:
        return edge
    begin = edge.at.astype(np.int64)
    after = begin + DAY if match["d"] is not None else month_start(month_of(begin) + 1) * DAY
    return Stamps(after - 1)


def _on_clock_of(edge: Stamps, stamps: Stamps) -> NDArray[np.int64] | NDArray[np.float64]:
    """Times on the clock of an edge: UTC where it has an offset, else that of the wall."""
    if edge.offset is None or stamps.offset is None:
        return stamps.at
    return stamps.at - stamps.offset
