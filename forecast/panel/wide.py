"""A wide CSV as the values of many series: a row says when, and each column how much of one series.

It is read as a table of numbers that lie on one grid, by the reader of such tables, and taken apart
into series. A series begins with its first value: where its column is empty above that, it was not
there yet.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.clock import Step
from forecast.panel.panel import Part
from forecast.panel.place import go_on_in, stands_in
from forecast.panel.rows import Chunk
from forecast.stream.csv_numbers import NumberStream, open_numbers
from forecast.stream.source import Source

CHUNK = 1 << 18  # values that are read before their series walk on


class WideStream:
    """Values of many series, read once; see `open_wide`.

    Attributes
    ----------
    names : list of str
        The series so far, in the order in which they began.
    numbers : NumberStream
        The table.
    guessed, bad, rows_read, step, time, ...
        As of that.
    """

    def __init__(self, numbers: NumberStream, chunk: int) -> None:
        self.numbers, self.guessed, self.bad = numbers, numbers.guessed, numbers.bad
        self.names: list[str] = []
        self._columns: list[int] = []  # of each series
        self._first: list[int] = []  # and the row of its first value
        self._rows = max(1, chunk // len(numbers.series))  # of a chunk
        self._times: list[str] = []  # the first two on the grid, and the last
        self._met_before: set[str] = set()

    @property
    def source(self) -> str:
        return self.numbers.source

    @property
    def time(self) -> str | None:
        return self.numbers.time

    @property
    def step(self) -> Step | None:
        return self.numbers.step

    @property
    def rows_read(self) -> int:
        return self.numbers.rows_read

    @property
    def unmet(self) -> list[str]:
        return [text for text in self.numbers.unmet if text not in self._met_before]

    @property
    def sha256(self) -> str | None:
        return self.numbers.sha256

    @property
    def unended(self) -> bool:
        return self.numbers.unended

    @property
    def empty(self) -> tuple[str, ...]:
        """Columns that had no value yet: they are no series."""
        begun = set(self._columns)
        return tuple(name for c, name in enumerate(self.numbers.series) if c not in begun)

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        return self.numbers.progress()

    def __enter__(self) -> "WideStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.numbers.close()

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks of the file: while one is looked at, the stream stands after it."""
        reader, fields = self.numbers.reader, self.numbers.columns.fields
        while True:
            before, parts = self.rows_read, []
            # chunks end at multiples of their size, wherever one goes on
            end = before - before % self._rows + self._rows
            while self.rows_read < end:
                table = reader.read(end - self.rows_read, fields)
                if table is None:
                    break
                for rows in self.numbers.rows_of(table):
                    if self.numbers.on_grid:
                        self._times = [*(self._times[:2] + rows.times)[:2], rows.times[-1]]
                    parts.append(self._part(rows.first, rows.y))
            if self.rows_read == before:
                return
            yield Chunk(before, self.rows_read - before, parts)

    def _part(self, first: int, y: NDArray[np.float64]) -> Part:
        """What consecutive rows bring to each series, from its first value on."""
        self._begin(first, y)
        own = y[:, self._columns].T
        skipped = np.maximum(np.array(self._first, np.int64) - first, 0)
        told = np.arange(len(y)) >= skipped[:, None]
        at = np.cumsum([0, *(len(y) - skipped).tolist()])
        return Part(np.arange(len(self.names)), at, own[told])

    def _begin(self, first: int, y: NDArray[np.float64]) -> None:
        """Number the columns that have their first value here, the earlier ones first."""
        begun = np.zeros(y.shape[1], np.bool_)
        begun[self._columns] = True
        told = ~np.isnan(y)
        new = np.flatnonzero(told.any(axis=0) & ~begun)
        row = told[:, new].argmax(axis=0)
        for k in np.argsort(row, kind="stable").tolist():
            self.names.append(self.numbers.series[new[k]])
            self._columns.append(int(new[k]))
            self._first.append(first + int(row[k]))

    # ---- where it stands -------------------------------------------------------------------

    def stands(self) -> dict[str, Any]:
        """Where the stream stands, as JSON holds it."""
        return {
            **stands_in(self.numbers.reader.lines),
            "rows": self.rows_read,
            "instants": self.numbers.rows,
            "times": self._times,
            "bad": dict(self.bad),
            "guessed": self.guessed,
            "unmet": self.unmet,
        }

    def place(self, number: int) -> bytes:
        """Where a series stands: the row of its first value."""
        return self._first[number].to_bytes(8, "little")

    def put(self, number: int, place: bytes, name: str) -> None:
        """Let a series stand where it stood."""
        assert number == len(self.names)
        self.names.append(name)
        self._columns.append(self.numbers.series.index(name))
        self._first.append(int.from_bytes(place, "little"))

    def go_on(self, stands: dict[str, Any]) -> None:
        """Stand where a stream of this file stood.

        Raises
        ------
        StreamError
            If the file does not begin with what was read of it.
        """
        go_on_in(self.numbers.reader.lines, stands)
        self._times = stands["times"]
        self.numbers.go_on(stands["instants"], self._times)
        self.numbers.rows_read = stands["rows"]
        self.bad.update(stands["bad"])
        self.guessed[:] = stands["guessed"]
        self._met_before = set(self.unmet) - set(stands["unmet"])

    # ---- the times of what is said of a series ------------------------------------------------

    def times(self, who: Sequence[int], steps: Sequence[int], newest: bool) -> list[str]:
        """Text of the instants so many steps after the newest time of the table.

        Or, if not ``newest``, after the first time of each series. Where rows are instants, or no
        step is known yet, it is the row number.
        """
        if newest:
            ahead = list(set(steps))
            texts = dict(zip(ahead, self.numbers.futures(ahead), strict=True))
            return [texts[k] for k in steps]
        rows = [self._first[number] + step for number, step in zip(who, steps, strict=True)]
        return self.numbers.since(self._times[0] if self._times else "", rows)


def open_wide(
    path: str | os.PathLike[str] | Source,
    *,
    target: Sequence[str] = (),
    chunk: int = CHUNK,
    **reading: Any,
) -> WideStream:
    """Open a wide CSV as the values of many series.

    Parameters
    ----------
    path
        A file, or "-" for standard input; or a source that was opened.
    target
        Names of the columns that are series, or patterns of them; none: all columns of numbers.
    chunk
        Values read at once; they change nothing but memory.
    **reading
        As of ``open_numbers``.

    Raises
    ------
    StreamError
        Here or while reading: at whatever cannot be read one way only.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "shops.csv"
    >>> _ = path.write_text("day,north,south\\n2024-01-01,5,\\n2024-01-02,6,1\\n2024-01-04,7,2\\n")
    >>> with open_wide(path) as stream:
    ...     (part,) = (part for chunk in stream for part in chunk.parts)
    >>> stream.names, part.at, part.ys
    (['north', 'south'], array([0, 4, 7]), array([ 5.,  6., nan,  7.,  1., nan,  2.]))
    """
    return WideStream(open_numbers(path, target=target or ("*",), **reading), chunk)
