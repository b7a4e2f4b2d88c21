"""A long CSV as the values of many series: a row says which series, when, and how much.

Rows of the series may come in any order between them; of each series they come in that of its
times. The file is read once, in chunks, and what is remembered of a series is where it stands.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from forecast.clock import Step
from forecast.panel.grid import APART, Grids, Placed, first_of_each, place_in_each
from forecast.panel.panel import Part
from forecast.panel.place import go_on_in, stands_in
from forecast.panel.rows import Chunk, Rows, parts
from forecast.stream.columns import Columns
from forecast.stream.csv_numbers import LONGEST_GAP, Bounds, Choice
from forecast.stream.errors import StreamError, shown
from forecast.stream.exclusion import Exclusions
from forecast.stream.grid import DUPLICATE, EARLIER, KEPT, OFF
from forecast.stream.numerals import MISSING, Numerals
from forecast.stream.source import Lines, Source
from forecast.stream.table import Table, TableReader
from forecast.stream.times import NumberTimes, Stamps, Times

CHUNK = 1 << 18  # rows that are read before their series walk on
REASONS = {DUPLICATE: "duplicate time", EARLIER: "time out of order"}
NIXTLA = ("unique_id", "ds", "y")  # names of the columns of a long table, elsewhere


class LongColumns(Columns):
    """Which columns of a long table are what: that of the series stands beside the target."""

    def _find_target(self) -> str:
        *_, y = NIXTLA
        several = [name for name in self._of_numbers() if name != y]
        if y not in self.names or y == self.time or not several:
            return super()._find_target()
        self.guessed.append(f"the target is {shown(y)}: it is so called in long tables")
        return y


class LongStream:
    """Values of many series, read once; see `open_long`.

    Attributes
    ----------
    names : list of str
        The series so far, in the order in which they came.
    target, time : str
        Names of the columns; the latter None where rows are instants.
    step : Step or None
        None before a series had a second time.
    guessed, bad, rows_read
        As of a ``NumberStream``.
    """

    empty: tuple[str, ...] = ()  # a column of series has no value without a series

    def __init__(
        self,
        reader: TableReader,
        columns: LongColumns,
        numerals: Numerals,
        times: Times | None,
        step: Step | None,
        left_out: tuple[Exclusions, Bounds],
        refuse: tuple[Choice, Choice],
        chunk: int,
    ) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        (self.target,), self.time = columns.series, columns.time
        self.guessed, self.bad, self.rows_read = columns.guessed, reader.bad, 0
        self.reader, self.columns, self._numerals = reader, columns, numerals
        self._times, self._chunk = times, chunk
        self._rows = np.zeros(0, np.int64)  # of each series, where rows are instants
        self.grids = Grids(step, isinstance(times, NumberTimes))
        self._exclusions, self._bounds = left_out
        self._met_before: set[str] = set()
        duplicates, unsorted = refuse
        self._drop = {DUPLICATE: duplicates == "drop", EARLIER: unsorted == "drop"}

    @property
    def source(self) -> str:
        return self.reader.lines.source.name

    @property
    def step(self) -> Step | None:
        return self.grids.step

    @property
    def unmet(self) -> list[str]:
        return [text for text in self._exclusions.unmet if text not in self._met_before]

    @property
    def sha256(self) -> str | None:
        return self.reader.lines.source.sha256

    @property
    def unended(self) -> bool:
        return self.reader.lines.unended

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        return self.reader.lines.source.progress()

    def __enter__(self) -> "LongStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.lines.source.close()

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks of the file: while one is looked at, the stream stands after it."""
        while tables := self._tables():
            first = self.rows_read - sum(len(table.lines) for table in tables)
            parts = list(self._parts(Rows(tables, self._numerals, self)))
            yield Chunk(first, self.rows_read - first, parts)

    def _tables(self) -> list[Table]:
        """The next rows of the file as text."""
        tables: list[Table] = []
        # chunks end at multiples of their size, wherever one goes on
        end = self.rows_read - self.rows_read % self._chunk + self._chunk
        while self.rows_read < end:
            table = self.reader.read(end - self.rows_read, self.columns.fields)
            if table is None:
                break
            tables.append(table)
            self.rows_read += len(table.lines)
        return tables

    def numbered(self, names: Sequence[str]) -> list[int]:
        """The numbers of these series; a new one is numbered next, one without a name is -1."""
        places = self._places
        numbers = list(map(places.get, names))
        if None in numbers:
            for row, text in enumerate(names):
                name = text.strip(" ")
                if numbers[row] is None and name:
                    if name not in places:
                        places[name] = len(self.names)
                        self.names.append(name)
                    # one that is written with spaces around it is known by them from here on
                    numbers[row] = places[text] = places[name]
            return [-1 if number is None else number for number in numbers]
        return cast(list[int], numbers)

    def _parts(self, rows: Rows) -> Iterator[Part]:
        """The values that these rows bring, with those that they leave out."""
        if self._times is None:
            order = np.argsort(rows.who, kind="stable")
            who, y = rows.who[order], rows.y[order]
            more = np.zeros(len(self.names) - len(self._rows), np.int64)
            self._rows = np.concatenate([self._rows, more])
            at = self._rows[who] + place_in_each(first_of_each(who))
            self._leave_out(rows, order, Stamps(at.astype(np.float64)), y)
            np.add.at(self._rows, who, 1)
            yield from parts(who, np.ones(len(who), np.int64), y)
            return
        stamps, known = rows.stamps(self._times), self.step
        placed = self.grids.place(rows.who, stamps)
        self._judge(rows, placed)
        y = rows.y[placed.kept]
        self._leave_out(rows, placed.kept, stamps.pick(placed.kept), y)
        if known is None and self.step is not None:
            self._tell_step(rows, placed)
        yield from parts(rows.who[placed.kept], placed.ahead, y)

    def _leave_out(
        self, rows: Rows, kept: NDArray[np.intp], stamps: Stamps, y: NDArray[np.float64]
    ) -> None:
        """Take values of excluded times for missing; refuse those beyond the bounds."""
        excluded = self._exclusions.hold(stamps)
        if excluded.any():
            y[excluded] = np.nan
            self.bad["excluded"] = self.bad.get("excluded", 0) + int(excluded.sum())
        low, high = self._bounds
        beyond = (y < (-np.inf if low is None else low)) | (y > (np.inf if high is None else high))
        if beyond.any():
            said = ",".join("" if bound is None else f"{bound:.12g}" for bound in self._bounds)
            advice = "Say wider ones, or name the text with --missing, or its time with --exclude."
            problem = f"lies beyond the bounds (--bounds {said})"
            raise rows.error(int(kept[beyond].min()), 0, problem, advice)

    def _tell_step(self, rows: Rows, placed: Placed) -> None:
        self.guessed.append(
            f"the step is {self.step}: so far apart are the first two times of a series"
        )
        if isinstance(self._times, NumberTimes):
            for row in placed.kept[:2].tolist():
                self._times.like(rows.text(row, -1))

    def _judge(self, rows: Rows, placed: Placed) -> None:
        """Count the rows that are dropped; raise at the first that is refused."""
        refused = np.isin(placed.fate, [OFF, APART])
        for fate, drop in self._drop.items():
            count = int((placed.fate == fate).sum())
            if not drop:
                refused |= placed.fate == fate
            elif count:
                self.bad[REASONS[fate]] = self.bad.get(REASONS[fate], 0) + count
        refused[placed.kept[placed.ahead > LONGEST_GAP + 1]] = True
        if refused.any():
            self._refuse(rows, placed, int(np.argmax(refused)))

    def _refuse(self, rows: Rows, placed: Placed, row: int) -> NoReturn:
        fate, step = placed.fate[row], self.step
        apart = int(placed.ahead[placed.kept == row][0]) if row in placed.kept else 0
        of = f"of the series {shown(rows.text(row, 1))}"
        rows_only = "--step rows to take the rows of each series as they come"
        problem, advice = {
            DUPLICATE: (
                f"is the same time as a row before it {of}",
                self.columns.in_two or f"Say --duplicates drop to keep the first, or {rows_only}.",
            ),
            EARLIER: (
                f"is earlier than a row before it {of}",
                f"Sort the rows of each series, or say --unsorted drop, or {rows_only}.",
            ),
            OFF: (
                f"is not a whole number of steps ({step}) after the time before it {of}",
                f"Say --step STEP, a shorter one, or {rows_only}.",
            ),
            APART: (
                f"lies {apart:,} steps ({step}) after the first time {of}, where another series "
                "has its second time one step after the first",
                f"Say --step {str(step)!r} if values are missing between, or {rows_only}; series "
                "of another step belong in a file of their own.",
            ),
            KEPT: (
                f"leaves a gap of {apart - 1:,} missing steps ({step}) {of}",
                f"Is the time right? Name a longer --step, or say {rows_only}.",
            ),
        }[int(fate)]
        raise rows.error(row, -1, problem, advice)

    # ---- where it stands -------------------------------------------------------------------

    def stands(self) -> dict[str, Any]:
        """Where the stream stands, as JSON holds it; where each series does, ``place`` tells."""
        step = self.step
        return {
            **stands_in(self.reader.lines),
            "rows": self.rows_read,
            "bad": dict(self.bad),
            "guessed": self.guessed,
            "unmet": self.unmet,
            "step": None if step is None else [step.unit, step.size],
            "named": self.grids.named,
            "digits": self._times.digits if isinstance(self._times, NumberTimes) else 0,
            "offsets": self.grids.offsets,
        }

    def place(self, number: int) -> bytes:
        """Where a series stands."""
        places = self._rows if self._times is None else self.grids.of
        return bytes(places[number].tobytes())

    def put(self, number: int, place: bytes, name: str) -> None:
        """Let a series stand where it stood."""
        self.numbered([name])
        if self._times is None:
            more = np.zeros(max(0, len(self.names) - len(self._rows)), np.int64)
            self._rows = np.concatenate([self._rows, more])
            self._rows[number] = np.frombuffer(place, np.int64)[0]
        else:
            self.grids.room(number + 1)
            self.grids.of[number] = np.frombuffer(place, self.grids.of.dtype)[0]

    def go_on(self, stands: dict[str, Any]) -> None:
        """Stand where a stream of this file stood, whose series have been put already.

        Raises
        ------
        StreamError
            If the file does not begin with what was read of it.
        """
        go_on_in(self.reader.lines, stands)
        self.rows_read = stands["rows"]
        self.bad.update(stands["bad"])
        self.guessed[:] = stands["guessed"]
        self._met_before = set(self.unmet) - set(stands["unmet"])
        step = stands["step"]
        self.grids.step = None if step is None else Step(step[0], step[1])
        self.grids.named, self.grids.offsets = stands["named"], stands["offsets"]
        if isinstance(self._times, NumberTimes):
            self._times.digits = stands["digits"]

    # ---- the times of what is said of a series ------------------------------------------------

    def times(self, who: Sequence[int], steps: Sequence[int], newest: bool) -> list[str]:
        """Text of the instants so many steps after the newest time of each series, or its first.

        Where rows are instants, or no step is known yet, it is the row number of the series.
        """
        numbers, ahead = np.array(who, np.int64), np.array(steps, np.int64)
        if not len(numbers):
            return []
        if self._times is None or self.step is None:
            rows = self._rows if self._times is None else np.ones(len(self.names), np.int64)
            return [str(n) for n in (ahead + (rows[numbers] - 1 if newest else 0)).tolist()]
        try:
            return self._times.write(self.grids.times(numbers, ahead, newest))
        except OverflowError:
            problem = (
                f"ends so late that {max(steps)} x {self.step} after it no layout writes a year"
            )
            advice = "Say --step rows to take rows as they come."
            raise StreamError(problem, self.source, advice=advice) from None


def open_long(
    path: str | os.PathLike[str] | Source,
    series: str,
    *,
    time: str | None = None,
    target: str | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    thousands: str = "",
    missing: Sequence[str] = MISSING,
    step: Step | None = None,
    duplicates: Choice = "refuse",
    unsorted: Choice = "refuse",
    time_format: str | None = None,
    exclude: Sequence[str] = (),
    bounds: Bounds = (None, None),
    chunk: int = CHUNK,
) -> LongStream:
    """Open a long CSV as the values of many series.

    Parameters
    ----------
    path
        A file, or "-" for standard input; or a source that was opened.
    series
        Name of the column that says of which series a row is.
    target
        Name of the column of values; None: the only one of numbers, or ``y``.
    chunk
        Rows read at once; they change nothing but memory.
    time, delimiter, decimal, thousands, missing, step, duplicates, unsorted
        As of ``open_numbers``; the step is that of all series.
    time_format, exclude, bounds
        As there.

    Raises
    ------
    StreamError
        Here or while reading: at whatever cannot be read one way only.
    """
    source = path if isinstance(path, Source) else Source(path)
    try:
        numerals, bad = Numerals(decimal, missing, thousands), dict[str, int]()
        reader = TableReader(Lines(source), bad)
        named: Any = [] if target is None else [target]
        columns = LongColumns(reader, numerals, (time, time_format), named, delimiter, [series])
        if len(columns.series) > 1:
            advice = "A panel has one column of values: name it with --target."
            raise StreamError(f"has {len(columns.series)} targets", source.name, advice=advice)
        times = columns.times(step, decimal, time_format)
        left_out = (Exclusions(exclude, times, columns.first_time), bounds)
        how = (numerals, times, Step("row", 1) if times is None else step)
        return LongStream(reader, columns, *how, left_out, (duplicates, unsorted), chunk)
    except BaseException:
        source.close()
        raise
