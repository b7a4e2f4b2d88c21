"""From lines to columns of text: blocks without quotes at once, all others record by record."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forecast.stream.errors import StreamError
from forecast.stream.source import LINE, Lines

FIELD = 1 << 20  # longest field, in characters
MARK = "\ufeff"  # of the byte order
QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')


class Table(NamedTuple):
    """Consecutive rows of a file.

    Attributes
    ----------
    columns : list of list of str
        The wanted columns, in the order wished for.
    lines : sequence of int
        The physical line on which each row begins.
    records : list of list of str, or None
        All fields of every row, where rows may reach over several lines.
    """

    columns: list[list[str]]
    lines: Sequence[int]
    records: list[list[str]] | None = None

    def line(self, row: int, field: int) -> int:
        """Physical line on which a field of a row begins."""
        if self.records is None:
            return self.lines[row]
        return self.lines[row] + sum(text.count("\n") for text in self.records[row][:field])


class Malformed(Exception):
    """A record that is not CSV.

    Parameters
    ----------
    problem
        What is wrong.
    text
        What stands there.
    advice
        What a person can do.
    """

    def __init__(
        self, problem: str, text: str, advice: str = 'Write "..." around the field, "" for a quote.'
    ) -> None:
        super().__init__(problem)
        self.problem, self.text, self.advice = problem, text, advice


def fields_of(record: str, delimiter: str) -> list[str]:
    """Split one record, strictly: a field is quoted whole, or holds no quote.

    Examples
    --------
    >>> fields_of('a;"b; c";', ";")
    ['a', 'b; c', '']
    """
    if '"' not in record and "\r" not in record:
        return record.split(delimiter)
    fields, at = [], 0
    while True:
        text, at = _field(record, at, delimiter)
        fields.append(text)
        if at == len(record):
            return fields
        if record[at] != delimiter:
            raise Malformed("stands after the end of a quoted field", record[at:])
        at += 1


def _field(record: str, at: int, delimiter: str) -> tuple[str, int]:
    """The field that begins here, and where it ends."""
    if record.startswith('"', at):
        if (match := QUOTED.match(record, at)) is None:
            raise Malformed("begins with a quote that is never closed", record[at:])
        return match[1].replace('""', '"'), match.end()
    end = record.find(delimiter, at)
    end = len(record) if end < 0 else end
    text = record[at:end]
    if '"' in text:
        raise Malformed("has a quote inside a field that is not quoted", text)
    if "\r" in text:
        advice = "End lines with a newline (\\n), or with a carriage return and a newline."
        raise Malformed("has a carriage return that ends no line", text, advice)
    return text, end


class TableReader:
    """Rows of a source as columns of text.

    Parameters
    ----------
    lines
        The lines, from the header on.
    bad
        Where wholly blank lines that have a row after them are counted.

    Attributes
    ----------
    delimiter : str
    width : int
        Fields in each row; 0 for as many as there are.
    """

    def __init__(self, lines: Lines, bad: dict[str, int]) -> None:
        self.lines, self.bad = lines, bad
        self.delimiter = ","
        self.width = 0
        self._blanks = 0  # blank lines at the end are fine: counted when a row follows

    def error(
        self, problem: str, line: int, text: str | None = None, advice: str = ""
    ) -> StreamError:
        return StreamError(problem, self.lines.source.name, line=line, text=text, advice=advice)

    def record(self) -> tuple[int, str, bytes] | None:
        """Next record that is not blank: its line, its text, and the bytes it was made of."""
        line = self.lines.line
        while found := self._whole(line):
            text, taken = found
            if line == 1:
                text, taken = text.removeprefix(MARK), taken.removeprefix(MARK.encode())
            if text if self.width == 1 or self.delimiter == " " else text.strip(" "):
                self._settle_blanks()
                return line, text, taken
            self._blanks += 1
            line = self.lines.line
        return None

    def read(self, most: int, wanted: Sequence[int]) -> Table | None:
        """Next rows, up to about so many; None at the end."""
        while True:
            line = self.lines.line
            data = self.lines.take(most)
            if not data:
                return None
            columns = self._at_once(data, wanted)
            if columns is not None:
                self._settle_blanks()
                return Table(columns, range(line, line + len(columns[0])))
            past = self.lines.line
            self.lines.put_back(data, line)
            table = self._one_by_one(past, wanted)
            if table.lines:
                return table

    def row(self, taken: bytes, line: int, wanted: Sequence[int]) -> Table | None:
        """The row that one line is, whose fields hold no newline; None where it is blank."""
        text = self._decoded(taken, line).removesuffix("\n").removesuffix("\r")
        if not (text if self.width == 1 or self.delimiter == " " else text.strip(" ")):
            return None
        fields = self.fields(text, line)
        return Table([[fields[column]] for column in wanted], [line], [fields])

    def _at_once(self, data: bytes, wanted: Sequence[int]) -> list[list[str]] | None:
        """Columns of a block where each line is a row, else None."""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        if not data.endswith(b"\n"):
            data += b"\n"
        if len(data) > FIELD or any(mark in data for mark in (b'"', b"\r", b"\0")):
            return None
        mark = ord(self.delimiter)
        codes = np.frombuffer(data, np.uint8)
        marks = codes[(codes == mark) | (codes == 10)]
        if len(marks) % self.width:
            return None
        ends = marks.reshape(-1, self.width) == 10
        if not ends[:, -1].all() or ends[:, :-1].any():
            return None
        if self.width == 1 and (data.startswith(b"\n") or b"\n\n" in data):
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        fields = text.replace("\n", self.delimiter).split(self.delimiter)
        fields.pop()  # after the last newline
        return [fields[column :: self.width] for column in wanted]

    def _one_by_one(self, past: int, wanted: Sequence[int]) -> Table:
        """Columns of the records that begin on these lines, each looked at by itself."""
        lines: list[int] = []
        records: list[list[str]] = []
        while self.lines.line < past and (found := self.record()):
            line, text, _ = found
            records.append(self.fields(text, line))
            lines.append(line)
        columns = [[record[column] for record in records] for column in wanted]
        return Table(columns, lines, records)

    def fields(self, record: str, line: int) -> list[str]:
        """Fields of a record, as many as the header has."""
        try:
            fields = fields_of(record, self.delimiter)
        except Malformed as error:
            raise self.error(error.problem, line, error.text, error.advice) from None
        if self.width and len(fields) != self.width:
            raise self.error(
                f"has {len(fields)} fields where the first row has {self.width}",
                line,
                record,
                f"Are all rows whole, and is {self.delimiter!r} the delimiter?"
                + (" A title over the header has to be deleted." if self.width == 1 else ""),
            )
        for text in fields:
            if len(text) > FIELD:
                advice = "Is a quote missing, or is this no CSV? Else leave the column out."
                raise self.error("is a field of more than 1 MB", line, text, advice)
        return fields

    def _whole(self, line: int) -> tuple[str, bytes] | None:
        """One record, over as many lines as its quotes need, as text and as taken."""
        parts: list[str] = []
        taken: list[bytes] = []
        size = quotes = 0
        while raw := self.lines.take(1):
            taken.append(raw)
            parts.append(self._decoded(raw, self.lines.line - 1))
            size += len(raw)
            quotes += raw.count(b'"')
            # Inside a quoted field the number of quotes so far is odd.
            if quotes % 2 == 0 or size > LINE:
                break
        if not parts:
            return None
        record = "".join(parts).removesuffix("\n").removesuffix("\r")
        if quotes % 2:
            raise self.error(
                "has a quote that is never closed", line, record, 'Write "" for a quote in a field.'
            )
        return record, b"".join(taken)

    def _decoded(self, raw: bytes, line: int) -> str:
        if b"\0" in raw:
            raise self.error("has a NUL byte", line, advice="Is this text in UTF-8?")
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            text = repr(raw[error.start : error.start + 8])
            raise self.error(
                f"is not UTF-8 (byte {error.start + 1} of the line: {text})",
                line,
                advice="Save it in UTF-8.",
            ) from None

    def _settle_blanks(self) -> None:
        if self._blanks:
            self.bad["blank line"] = self.bad.get("blank line", 0) + self._blanks
            self._blanks = 0
