"""A CSV as a stream of numbers on a grid: strict, causal, and bounded in memory.

Of the file no more is looked at than the header and its first row before the first numbers are
handed on, and the step of the grid is told by the first two times: what comes later in a file
never changes what was read before it.
"""

import os
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import chain
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from forecast.clock import Step
from forecast.stream.columns import Columns
from forecast.stream.errors import Refused, StreamError
from forecast.stream.exclusion import Exclusions
from forecast.stream.gather import Gather, How
from forecast.stream.grid import DUPLICATE, EARLIER, KEPT, OFF, Grid, Placed
from forecast.stream.numerals import MISSING, Numerals
from forecast.stream.rows import Rows
from forecast.stream.source import Lines, Source
from forecast.stream.table import Table, TableReader
from forecast.stream.times import NumberTimes, Stamps, Times

LONGEST_GAP = 1_000_000  # missing instants between two rows
NOTHING = np.empty((1, 0))  # beside a row
FIELDS = 4096  # that are read as numbers at once, about
Choice = Literal["refuse", "drop"]
Bounds = tuple[float | None, float | None]


class NumberStream:
    """Numbers of a CSV, in blocks of consecutive instants, read once; see `open_numbers`.

    Attributes
    ----------
    series : tuple of str
        Names of the columns that are forecast.
    beside : tuple of str
        Names of the columns that are read beside them.
    time : str or None
        Name of the time column; None where rows are instants.
    step : Step or None
        The step of the grid (a row, where rows are instants); None before the second time.
    source : str
        Name of the input.
    guessed : list of str
        What was guessed, a sentence each. The step joins when it is known.
    bad : dict of str to int
        Rows and lines left out, by reason.
    reader : TableReader
        Of the file's rows.
    columns : Columns
        Which of their fields are what.
    unmet : list of str
        Ranges that were to be excluded, and that no row has met.
    rows_read : int
        Data rows read from the file.
    rows : int
        Instants handed on, those of gaps included.
    """

    def __init__(
        self,
        reader: TableReader,
        columns: "Columns",
        numerals: Numerals,
        times: Times | None,
        grid: Grid,
        gather: Gather | None,
        left_out: tuple[Exclusions, Bounds],
        refuse: tuple[Choice, Choice],
        block: int,
    ) -> None:
        self.series, self.beside, self.time = columns.series, columns.beside, columns.time
        self.guessed, self.bad = columns.guessed, reader.bad
        self.rows_read = self.rows = 0
        self.reader, self.columns, self._numerals = reader, columns, numerals
        self._times, self._grid, self._gather, self._block = times, grid, gather, block
        self._exclusions, self._bounds = left_out
        duplicates, unsorted = refuse
        self._asked = {DUPLICATE: duplicates == "drop", EARLIER: unsorted == "drop", OFF: False}
        self._drop = dict(self._asked)
        self._begun = False
        self._plain = len(self.series) == 1 and not (self.beside or gather or self._exclusions)

    @property
    def source(self) -> str:
        return self.reader.lines.source.name

    @property
    def on_grid(self) -> bool:
        """Whether rows are placed by their times; else each row is one instant."""
        return self._times is not None

    @property
    def step(self) -> Step | None:
        return self._grid.step

    @property
    def unmet(self) -> list[str]:
        return self._exclusions.unmet

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, packed as they lie there."""
        return self.reader.lines.source.bytes_read

    @property
    def sha256(self) -> str | None:
        """Hash of the file's bytes; None before its end was read."""
        return self.reader.lines.source.sha256

    @property
    def unended(self) -> bool:
        """Whether the last line has no newline at its end: its number may be cut."""
        return self.reader.lines.unended

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        return self.reader.lines.source.progress()

    def future(self, k: int) -> str:
        """Time text of the instant k steps after the last one handed on.

        Where rows are instants, or no step is known yet, it is the row number.
        """
        return self.futures((k,))[0]

    def futures(self, ks: Sequence[int]) -> list[str]:
        """Time text of each instant k steps after the last one handed on: see `future`."""
        last = self._grid.last
        if self._times is None or last is None or self.step is None:
            return [str(self.rows - 1 + k) for k in ks]
        return self._ahead(last, ks) or self._after(last, ks)

    def since(self, first: str, ks: Sequence[int]) -> list[str]:
        """Time text of each instant k steps after the first one, of that text: see `future`."""
        if self._times is None or self.step is None:
            return [str(k) for k in ks]
        return self._after(self._times.read([first]), ks)

    def _ahead(self, last: Stamps, ks: Sequence[int]) -> list[str] | None:
        """The same where each can be written by itself, which for some is faster; else None."""
        assert self._times is not None and self.step is not None
        if self.step.unit == "month":
            return None
        offset = None if last.offset is None else last.offset.item()
        return self._times.write_ahead((last.at.item(), offset), self.step.size, ks)

    def _after(self, stamp: Stamps, ks: Sequence[int]) -> list[str]:
        assert self._times is not None
        steps = np.array(ks, np.int64)
        try:
            return self._times.write(self._grid.advance(stamp.pick(0 * steps), steps))
        except OverflowError:
            problem = f"ends so late that {max(ks)} x {self.step} after it no layout writes a year"
            advice = "Say --step rows to take rows as they come."
            raise StreamError(problem, self.source, advice=advice) from None

    def go_on(self, rows: int, times: Sequence[str]) -> None:
        """Stand where a stream of this file stood that had handed on so many rows.

        Where the grid stands is told by the texts of three of its times: the first two, which tell
        the step, and the last; fewer where fewer were seen, and none where rows are instants.
        """
        self.rows = rows
        for place, text in enumerate(times):
            assert self._times is not None
            self._grid.place(self._times.read([text]))
            if place == 1 and isinstance(self._times, NumberTimes):
                self._times.like(text)

    def drop_past(self, drop: bool) -> None:
        """Whether times that are not later than the last one are dropped, whatever was asked."""
        self._drop = {DUPLICATE: True, EARLIER: True, OFF: False} if drop else dict(self._asked)

    def close(self) -> None:
        """Close the file."""
        self.reader.lines.source.close()

    def __enter__(self) -> "NumberStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Rows]:
        if self._begun:
            raise ValueError("a stream is read once: open it again")
        self._begun = True
        try:
            while table := self.reader.read(self._block, self.columns.fields):
                yield from self.rows_of(table)
            if self._gather is not None:
                yield from self._placed(*self._gather.end())
                if self._gather.unfinished:
                    self.bad["in the last step, which was not over"] = self._gather.unfinished
        finally:
            self.close()

    def follow(self, table: Table) -> Rows | None:
        """What `rows_of` has of one row that plainly is the next; None, and no move, of another."""
        if not self._plain:
            return None
        y = self._numerals.plain(table.columns[0][0])
        if y is None or self._is_beyond(y):
            return None
        text = table.columns[-1][0]
        if self._times is not None:
            stamp = self._times.plain(text)
            if stamp is None or not self._grid.follow(*stamp):
                return None
        time = str(self.rows) if self.time is None else text.strip(" ")
        self.rows_read += 1
        self.rows += 1
        return Rows(self.rows - 1, [time], np.array([[y]]), NOTHING)

    def _is_beyond(self, y: float) -> bool:
        low, high = self._bounds
        return (low is not None and y < low) or (high is not None and y > high)

    def rows_of(self, table: Table) -> Iterator[Rows]:
        """The instants that the next rows of the file bring; one that is refused moves nothing."""
        y = self._numbers(table, len(self.series) + len(self.beside))
        self.rows_read += len(y)
        if self._times is not None:
            yield from (self._gathered if self._gather else self._on_grid)(table, y)
            return
        rows = np.arange(len(y))
        self._exclude(Stamps((self.rows + rows).astype(np.float64)), rows, y)
        self._refuse_beyond(table, rows, y)
        if self.time is not None:
            yield self._handed_on([text.strip(" ") for text in table.columns[-1]], y)
        else:
            yield self._handed_on([str(self.rows + row) for row in range(len(y))], y)

    def _handed_on(self, times: list[str], numbers: NDArray[np.float64]) -> Rows:
        self.rows += len(times)
        y, beside = np.split(numbers, [len(self.series)], axis=1)
        return Rows(self.rows - len(times), times, y, beside)

    def _on_grid(self, table: Table, y: NDArray[np.float64]) -> Iterator[Rows]:
        assert self._times is not None
        texts = [text.strip(" ") for text in table.columns[-1]]
        stamps, before = self._stamps(table, self._times), copy(self._grid)
        try:
            placed = self._grid.place(stamps)
            self._judge(table, placed)
            kept = np.flatnonzero(placed.fate == KEPT)
            self._exclude(placed.at, kept, y)
            self._refuse_beyond(table, kept, y)
        except StreamError:
            self._grid = before
            raise
        if before.step is None:
            self._tell_step(texts, placed)
        if len(kept) < len(texts):
            texts, y = [texts[row] for row in kept], y[kept]
        if (placed.ahead == 1).all():
            if texts:
                yield self._handed_on(texts, y)
        else:
            yield from self._with_gaps(texts, y, placed)

    def _gathered(self, table: Table, y: NDArray[np.float64]) -> Iterator[Rows]:
        """The steps that are over by these rows."""
        assert self._times is not None and self._gather is not None
        stamps = self._stamps(table, self._times)
        late = self._gather.late(stamps)
        if late.any():
            if not self._drop[EARLIER]:
                self._refuse_earlier(table, int(np.argmax(late)))
            reason = "time out of order"
            self.bad[reason] = self.bad.get(reason, 0) + int(late.sum())
        kept = np.flatnonzero(~late)
        self._exclude(stamps.pick(kept), kept, y)
        self._refuse_beyond(table, kept, y)
        yield from self._placed(*self._gather.add(stamps.pick(kept), y[kept]))

    def _placed(self, stamps: Stamps, y: NDArray[np.float64]) -> Iterator[Rows]:
        """The rows of steps that were gathered, and of those between them."""
        if not len(y):
            return
        assert self._times is not None
        placed = self._grid.place(stamps)
        if placed.ahead.max() > LONGEST_GAP + 1:
            most = int(placed.ahead.max()) - 1
            problem = f"leaves a gap of {most:,} missing steps ({self.step})"
            raise StreamError(problem, self.source, advice="Name a longer --step.")
        yield from self._with_gaps(self._times.write(stamps), y, placed)

    def _exclude(self, stamps: Stamps, rows: NDArray[np.intp], y: NDArray[np.float64]) -> None:
        """Take the numbers of excluded instants for missing, and count their rows."""
        excluded = rows[self._exclusions.hold(stamps)]
        if len(excluded):
            y[excluded] = np.nan
            self.bad["excluded"] = self.bad.get("excluded", 0) + len(excluded)

    def _refuse_beyond(self, table: Table, rows: NDArray[np.intp], y: NDArray[np.float64]) -> None:
        """Raise at the first number of these rows that lies beyond the bounds."""
        low, high = self._bounds
        if low is None and high is None:
            return
        numbers = y[rows, : len(self.series)]
        beyond = np.zeros(numbers.shape, np.bool_)
        if low is not None:
            beyond |= numbers < low
        if high is not None:
            beyond |= numbers > high
        if beyond.any():
            row, column = np.argwhere(beyond)[0].tolist()
            said = ",".join("" if bound is None else f"{bound:.12g}" for bound in self._bounds)
            raise self._error(
                table,
                int(rows[row]),
                column,
                f"lies beyond the bounds (--bounds {said})",
                "Say wider ones, or name the text with --missing, or its time with --exclude.",
            )

    def _tell_step(self, texts: list[str], placed: Placed) -> None:
        if self.step is None:
            return
        self.guessed.append(f"the step is {self.step}: so far apart are the first two times")
        if isinstance(self._times, NumberTimes):
            second = np.flatnonzero(placed.fate == KEPT)[1 if self.rows == 0 else 0]
            self._times.like(texts[second])

    def _with_gaps(
        self, texts: list[str], y: NDArray[np.float64], placed: Placed
    ) -> Iterator[Rows]:
        """Blocks of the rows, with a row of missing numbers for each instant between them."""
        assert self._times is not None
        at = np.cumsum(placed.ahead) - 1  # instants from the first that is new
        for first in range(0, int(at[-1]) + 1, self._block):
            past = min(first + self._block, int(at[-1]) + 1)
            begin, end = np.searchsorted(at, [first, past])
            numbers = np.full((past - first, y.shape[1]), np.nan)
            numbers[at[begin:end] - first] = y[begin:end]
            gaps = np.setdiff1d(np.arange(first, past), at[begin:end])
            after = np.searchsorted(at, gaps)  # the row that ends the gap
            ahead = gaps - at[after] + placed.ahead[after]
            times = [""] * (past - first)
            stamps = self._grid.advance(placed.before.pick(after), ahead)
            for instant, text in zip(gaps.tolist(), self._times.write(stamps), strict=True):
                times[instant - first] = text
            for instant, text in zip(at[begin:end].tolist(), texts[begin:end], strict=True):
                times[instant - first] = text
            yield self._handed_on(times, numbers)

    def _judge(self, table: Table, placed: Placed) -> None:
        """Count the rows that are dropped; raise at the first that is refused."""
        if not placed.fate.any() and placed.ahead.max(initial=0) <= LONGEST_GAP + 1:
            return
        refused = np.isin(placed.fate, [fate for fate, drop in self._drop.items() if not drop])
        kept = np.flatnonzero((placed.fate == KEPT) | (placed.fate == OFF))
        refused[kept[placed.ahead > LONGEST_GAP + 1]] = True
        if refused.any():
            self._refuse(table, placed, int(np.argmax(refused)), kept)
        for fate, reason in ((DUPLICATE, "duplicate time"), (EARLIER, "time out of order")):
            if count := int((placed.fate == fate).sum()):
                self.bad[reason] = self.bad.get(reason, 0) + count

    def _refuse(self, table: Table, placed: Placed, row: int, kept: NDArray[np.intp]) -> NoReturn:
        fate = placed.fate[row]
        rows = "--step rows to take rows as they come"
        clock = "where a clock was set back, write times with their offset from UTC"
        if fate == DUPLICATE:
            problem = "is the same time as a row before it"
            advice = (
                f"Say --duplicates drop to keep the first, or {rows}; {clock}; where rows are of "
                "several series, as devices, forecast run tells them apart by --series COL."
            )
            advice = self.columns.in_two or advice
        elif fate == EARLIER:
            self._refuse_earlier(table, row)
        elif fate == OFF:
            problem = f"is not a whole number of steps ({self.step}) after the time before it"
            place = np.searchsorted(kept, [row])
            finer = self._grid.finer(placed.before.pick(place), placed.at.pick(place))
            named = "--step STEP" if finer is None else f"--step {str(finer)!r}"
            advice = (
                f"Say {named}, or {rows}; forecast run takes those of a step together by --gather "
                "mean."
            )
        else:
            ahead = int(placed.ahead[np.searchsorted(kept, row)])
            problem = f"leaves a gap of {ahead - 1:,} missing steps ({self.step})"
            advice = f"Is the time right? Cut the file, name a longer --step, or say {rows}."
        raise self._error(table, row, -1, problem, advice)

    def _refuse_earlier(self, table: Table, row: int) -> NoReturn:
        advice = (
            "Sort the file, newest last, or say --unsorted drop, or --step rows to take rows as "
            "they come; where a clock was set back, write times with their offset from UTC."
        )
        raise self._error(table, row, -1, "is earlier than a row before it", advice)

    def _numbers(self, table: Table, count: int) -> NDArray[np.float64]:
        """The numbers of so many columns, [n, count]: of several at once where rows are few."""
        rows = len(table.lines)
        y = np.empty((rows, count))
        some = max(1, FIELDS // max(1, rows))
        for first in range(0, count, some):
            columns = table.columns[first : min(first + some, count)]
            try:
                read = self._numerals.read(list(chain.from_iterable(columns)))
            except Refused as error:
                column, row = divmod(error.index, rows)
                where = row, first + column
                doubt = self.columns.doubt(self.columns.fields[first + column])
                raise self._error(table, *where, error.problem, doubt or error.advice) from None
            y[:, first : first + some] = read.reshape(len(columns), rows).T
        return y

    def _stamps(self, table: Table, times: Times) -> Stamps:
        try:
            return times.read(table.columns[-1])
        except Refused as error:
            raise self._error(table, error.index, -1, error.problem, error.advice) from None

    def _error(self, table: Table, row: int, column: int, problem: str, advice: str) -> StreamError:
        field = self.columns.fields[column]
        return StreamError(
            problem,
            self.source,
            table.line(row, field),
            self.columns.names[field],
            table.columns[column][row],
            advice,
        )


def open_numbers(
    path: str | os.PathLike[str] | Source,
    *,
    time: str | None = None,
    target: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str = ".",
    thousands: str = "",
    missing: Sequence[str] = MISSING,
    step: str | Step | None = None,
    duplicates: Choice = "refuse",
    unsorted: Choice = "refuse",
    time_format: str | None = None,
    exclude: Sequence[str] = (),
    bounds: Bounds = (None, None),
    beside: Sequence[str] = (),
    gather: How | None = None,
    block: int = 4096,
) -> NumberStream:
    """Open a CSV as a stream of numbers on a grid.

    UTF-8 with or without a byte order mark, plain or gzip; a header, or a first row of numbers
    alone. Of the data no more than the first row is looked at here.

    Parameters
    ----------
    path
        A file, or "-" for standard input; or a source that was opened, and is closed with the
        stream.
    time
        Name of the time column; None: the only one whose first field is a time of ISO 8601, else
        the only one with a name such as "time", "date" or "year"; where there is none, each row
        is an instant and its time is its row number.
    target
        Names of the columns to read, one per series; with ``*`` and ``?`` a pattern of them; none:
        the only other column of numbers.
    delimiter
        One character; None: the one of ``, ; tab |`` that splits the header.
    decimal
        "." or ",".
    thousands
        What may stand between groups of three digits: ".", ",", "'" or " ".
    missing
        Texts that stand for a missing number.
    step
        Distance of neighbouring instants ("15 minutes", "month", "0.5" where times are plain
        numbers, or "rows": one instant per row, times taken as mere text); None: that of the
        first two times. Whole steps that are left out become rows of missing numbers.
    duplicates, unsorted
        What to do with a time that is not later than the one before: "refuse", or "drop" it.
    time_format
        Layout of the times, as of strptime; None: ISO 8601 or plain numbers.
    exclude
        Ranges of time whose numbers are taken for missing, each written "FROM..TO", both inside
        it, either left open; see `forecast.stream.exclusion`.
    bounds
        The least and the greatest number that can be, None where there is none: one beyond them
        that is not excluded is refused.
    beside
        Names of columns to read beside the series.
    gather
        What stands for all numbers of a step, where times lie on no grid: their "mean", their
        "sum", the "last"; the step has to be named. None: every time is an instant of the grid.
    block
        Most instants handed on at once; 1 hands on each row as soon as it came.

    Returns
    -------
    NumberStream
        To be iterated over once.

    Raises
    ------
    StreamError
        Here or while reading: at whatever cannot be read one way only.
    ExclusionError
        At a range that cannot be read, or ends before it begins.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "nile.csv"
    >>> _ = path.write_text("year,volume\\n1871,1120\\n1872,1160\\n1874,\\n")
    >>> stream = open_numbers(path)
    >>> for rows in stream:
    ...     print(rows.first, rows.times, rows.y[:, 0])
    0 ['1871', '1872', '1873', '1874'] [1120. 1160.   nan   nan]
    >>> stream.series, str(stream.step), stream.future(1)
    (('volume',), '1', '1875')
    """
    for choice in (duplicates, unsorted):
        if choice not in ("refuse", "drop"):
            raise ValueError(f"say 'refuse' or 'drop', not {choice!r}")
    if block < 1:
        raise ValueError(f"a block holds at least one row, not {block}")
    named = Step.named(step) if isinstance(step, str) else step
    numerals = Numerals(decimal, missing, thousands)
    source = path if isinstance(path, Source) else Source(path)
    try:
        bad: dict[str, int] = {}
        reader = TableReader(Lines(source), bad)
        columns = Columns(reader, numerals, (time, time_format), target, delimiter, beside)
        times = columns.times(named, decimal, time_format)
        grid = Grid(Step("row", 1) if times is None else named)
        gathered = None if gather is None else columns.gather(times, named, gather)
        exclusions = Exclusions(exclude, times, columns.first_time)
        left_out, refuse = (exclusions, bounds), (duplicates, unsorted)
        how = (numerals, times, grid, gathered)
        return NumberStream(reader, columns, *how, left_out, refuse, block)
    except BaseException:
        source.close()
        raise
