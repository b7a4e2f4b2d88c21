"""Rows of a long CSV, and what they bring: of some series the next values, gaps filled."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.panel.grid import first_of_each
from forecast.panel.panel import Part
from forecast.stream.errors import Refused, StreamError
from forecast.stream.numerals import Numerals
from forecast.stream.table import Table
from forecast.stream.times import Stamps, Times

if TYPE_CHECKING:
    from forecast.panel.stream import LongStream

VALUES = 1 << 20  # values of one part, those of gaps included


class Chunk(NamedTuple):
    """What some rows of the file have brought."""

    first: int  # rows of the file before it
    rows: int
    parts: list[Part]

    def __len__(self) -> int:
        return self.rows


class Rows:
    """Rows of a chunk: their series, their numbers, and where they stand in the file."""

    def __init__(self, tables: Sequence[Table], numerals: Numerals, stream: "LongStream") -> None:
        self.tables, self.stream = tables, stream
        self.begins = np.cumsum([0, *(len(table.lines) for table in tables)]).tolist()
        y, who = [], []
        for k, table in enumerate(tables):
            try:
                y.append(numerals.read(table.columns[0]))
            except Refused as error:
                row = self.begins[k] + error.index
                doubt = stream.columns.doubt(stream.columns.fields[0])
                raise self.error(row, 0, error.problem, doubt or error.advice) from None
            numbers = stream.numbered(table.columns[1])
            if -1 in numbers:
                problem, advice = "is empty: which series is this row of?", "Name it in each row."
                raise self.error(self.begins[k] + numbers.index(-1), 1, problem, advice)
            who.append(np.array(numbers, np.int64))
        self.y, self.who = np.concatenate(y), np.concatenate(who)

    def stamps(self, times: Times) -> Stamps:
        """The times of the rows."""
        read = []
        for k, table in enumerate(self.tables):
            try:
                read.append(times.read(table.columns[-1]))
            except Refused as error:
                row = self.begins[k] + error.index
                raise self.error(row, -1, error.problem, error.advice) from None
        at = np.concatenate([each.at for each in read])
        offsets = [each.offset for each in read if each.offset is not None]
        return Stamps(at, np.concatenate(offsets) if offsets else None)

    def text(self, row: int, column: int) -> str:
        """What stands in a column of a row."""
        table, place = self._where(row)
        return table.columns[column][place]

    def error(self, row: int, column: int, problem: str, advice: str) -> StreamError:
        """What is wrong with a field."""
        table, place = self._where(row)
        columns = self.stream.columns
        field = columns.fields[column]
        where = (self.stream.source, table.line(place, field), columns.names[field])
        return StreamError(problem, *where, table.columns[column][place], advice)

    def _where(self, row: int) -> tuple[Table, int]:
        k = bisect(self.begins, row) - 1
        return self.tables[k], row - self.begins[k]


def parts(who: np.ndarray, ahead: np.ndarray, y: np.ndarray) -> Iterator[Part]:
    """Rows, one series after the other, as parts that are not too long, gaps filled with NaN.

    Examples
    --------
    >>> (part,) = parts(np.array([0, 0, 4]), np.array([1, 2, 1]), np.array([5.0, 6.0, 7.0]))
    >>> part.who, part.at, part.ys
    (array([0, 4]), array([0, 3, 4]), array([ 5., nan,  6.,  7.]))
    """
    upto = np.cumsum(ahead)
    start = 0
    while start < len(who):
        before = int(upto[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(upto, before + VALUES, "right")))
        at = upto[start:stop] - before
        ys = np.full(int(at[-1]), np.nan)
        ys[at - 1] = y[start:stop]
        begins = np.flatnonzero(first_of_each(who[start:stop]))
        ends = np.append(at[begins[1:] - 1], at[-1])
        yield Part(who[start:stop][begins], np.concatenate([[0], ends]), ys)
        start = stop
