"""A line of a live stream as the instants that it brings, read as strictly as a file.

A line that a file would be refused for ends no process that has run for months: it is told, with
its line and column, and counted. Where only its number cannot be read, the number is missing at
that instant; where its time or its fields cannot, there is no such row, and the instant is missing
once a later one comes.
"""

import csv
import io
import json
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from forecast.kinds.numbers import opened
from forecast.stream.csv_numbers import NumberStream
from forecast.stream.errors import NoRowsError, StreamError
from forecast.stream.rows import Rows
from forecast.stream.source import GZIP, Given
from forecast.stream.table import MARK, Table

Say = Callable[[str], None]
AGAIN = "the header again"  # a reason beside those of a file


class LiveRows:
    """Reads lines, and knows what they mean from the first ones on.

    Parameters
    ----------
    asked : Namespace
        The options of reading, as `forecast.kinds.numbers.opened` takes them.
    name : str
        Of the input.
    say : callable
        Is told what is refused, and what was guessed.
    stand : dict, optional
        What `stand` has said: go on from there.

    Attributes
    ----------
    stream : NumberStream or None
        None before the first row came.
    bad : dict of str to int
        Lines left out and numbers refused, by reason.
    """

    def __init__(
        self, asked: Namespace, name: str, say: Say, stand: dict[str, Any] | None = None
    ) -> None:
        self._asked, self._name, self._say = asked, name, say
        self.stream: NumberStream | None = None
        self.bad: dict[str, int] = {}
        self._head = b""  # the first lines, up to the first row: they tell what the others mean
        self._objects = False  # whether lines are objects of JSON
        self._times: list[str] = []  # the first two, and the last
        self._passing = False
        if stand is not None:
            self._go_on(stand)

    # ---- lines ------------------------------------------------------------------------------

    def of(self, line: bytes, number: int) -> list[Rows]:
        """The instants that a line brings: one, none, or more after a gap."""
        if number == 1:
            line = line.removeprefix(MARK.encode())
        if self.stream is None:
            return self._begin(line, number)
        if self._header and _bare(line) == self._header:
            self._count(AGAIN)
            return []
        try:
            table = self._table(line, number)
            rows = [] if table is None else self._rows_of(table)
        except StreamError as error:
            return self._refused(error, number)
        if rows and self._passing:
            self._pass(False)
        return rows

    def _begin(self, line: bytes, number: int) -> list[Rows]:
        """Gather the first lines until one of them is a row."""
        if not self._head and line.startswith(b"{"):
            self._objects = True
        self._head += self._as_csv(line, number) if self._objects else line
        if self._head.startswith(GZIP):
            advice = "Unpack it on the way: gzip -dc FILE | forecast live -"
            raise StreamError("is gzip", self._name, advice=advice)
        try:
            stream = self._open()
        except NoRowsError:
            return []
        for guess in stream.guessed:
            self._say(f"guessed: {guess}")
        table = stream.reader.row(self._first(), number, stream.columns.fields)
        assert table is not None
        return self._rows_of(table)

    def _open(self) -> NumberStream:
        """Find out from the first lines what is what."""
        delimiter = "," if self._objects else self._asked.delimiter
        asked = Namespace(**{**vars(self._asked), "delimiter": delimiter})
        self.stream = stream = opened(asked, Given(self._name, self._head))
        self._names = stream.columns.names
        first = self._first()
        header = b"" if self._objects else self._head[: len(self._head) - len(first)]
        self._header = _bare(header.lstrip(b"\r\n"))
        return stream

    def _first(self) -> bytes:
        """The first row: the last line of the head."""
        lines = self._head.rstrip(b"\r\n").rsplit(b"\n", 1)
        return self._head[len(self._head.rstrip(b"\r\n")) - len(lines[-1]) :]

    def _table(self, line: bytes, number: int) -> Table | None:
        stream = self.stream
        assert stream is not None
        if not self._objects:
            return stream.reader.row(line, number, stream.columns.fields)
        if not line.strip():
            return None
        told = _fields(line, number, self._name)
        fields = [told.get(name, "") for name in self._names]
        return Table([[fields[k]] for k in stream.columns.fields], [number], [fields])

    def _rows_of(self, table: Table) -> list[Rows]:
        stream = self.stream
        assert stream is not None
        next_one = stream.follow(table)
        rows = self._looked_at(table, stream) if next_one is None else [next_one]
        if rows and stream.on_grid:
            self._times = [*self._times[:2], rows[-1].times[-1]]
        return rows

    def _looked_at(self, table: Table, stream: NumberStream) -> list[Rows]:
        """The instants of a row that is not plainly the next; its number may not be one."""
        try:
            return list(stream.rows_of(table))
        except StreamError as error:
            if error.column != stream.series[0]:
                raise
            self._tell(error)
            table.columns[0][0] = ""  # missing
            return list(stream.rows_of(table))

    def _refused(self, error: StreamError, number: int) -> list[Rows]:
        """Nothing, of a line that was refused; an instant whose number is missing of a mere row."""
        self._tell(error)
        stream = self.stream
        assert stream is not None
        if stream.on_grid:
            return []
        empty = [""] * len(self._names)
        return list(stream.rows_of(Table([[""] for _ in stream.columns.fields], [number], [empty])))

    def _as_csv(self, line: bytes, number: int) -> bytes:
        """The names and the fields of the first object, as the head of a CSV."""
        if not line.strip():
            return b""
        told = _fields(line, number, self._name)
        text = io.StringIO()
        rows = [list(told), [value.replace("\n", " ") for value in told.values()]]
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()

    # ---- what is told -----------------------------------------------------------------------

    def _tell(self, error: StreamError) -> None:
        self._say(f"refused: {error}")
        self._count("refused")

    def _count(self, reason: str) -> None:
        self.bad[reason] = self.bad.get(reason, 0) + 1

    def counts(self) -> dict[str, int]:
        """Lines left out and numbers refused, by reason."""
        dropped = self.stream.bad if self.stream else {}
        return {
            reason: self.bad.get(reason, 0) + dropped.get(reason, 0)
            for reason in {**self.bad, **dropped}
        }

    # ---- going on ---------------------------------------------------------------------------

    def stand(self) -> dict[str, Any]:
        """What it takes to read on from here."""
        return {
            "head": self._head.decode("utf-8", "surrogateescape"),
            "objects": self._objects,
            "rows": self.stream.rows if self.stream else 0,
            "times": self._times,
            "bad": self.counts(),
        }

    def _go_on(self, stand: dict[str, Any]) -> None:
        self._head = stand["head"].encode("utf-8", "surrogateescape")
        self._objects, self._times = stand["objects"], list(stand["times"])
        self.bad = dict(stand["bad"])
        if stand["rows"]:
            self._open().go_on(stand["rows"], self._times)

    def refuse_nothing(self) -> None:
        """Raise where an input has ended before its first row."""
        opened(self._asked, Given(self._name, self._head))

    def read_anew(self) -> None:
        """What comes may begin with rows that were read before: pass them over, by their times."""
        if self.stream is not None and self.stream.on_grid:
            self._pass(True)

    def _pass(self, over: bool) -> None:
        assert self.stream is not None
        self._passing = over
        self.stream.drop_past(over)


def _bare(line: bytes) -> bytes:
    """A line without what ends it."""
    return line.rstrip(b"\r\n")


def _fields(line: bytes, number: int, name: str) -> dict[str, str]:
    """The members of an object of JSON as they are written; an absent or null one is missing."""
    advice = 'Write an object on one line: {"time": "2024-01-31", "value": 3.5}.'
    try:
        pairs = AS_WRITTEN.decode(line.decode())
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, _Members):
        text = line.decode(errors="replace").strip()
        raise StreamError("is not an object of JSON", name, number, text=text, advice=advice)
    told = {key: "" if value is None else str(value) for key, value in pairs}
    if len(told) < len(pairs):
        raise StreamError("names a member twice", name, number, advice=advice)
    return told


class _Members(list[tuple[str, Any]]):
    """The members of an object, in their order."""


AS_WRITTEN = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_Members
)
