"""A table of messages: a CSV with a header, one column of which is the label and one the text."""

import csv
import os
from collections.abc import Iterator

from forecast.stream.errors import StreamError, shown
from forecast.stream.labelled import FromFile, Messages, is_utf8
from forecast.stream.source import LINE, Lines

AT_ONCE = 1000  # lines
DELIMITERS = (",", ";", "\t", "|")
NOT_UTF8 = "row that is not UTF-8"
BOM = "\ufeff"


class MessageTable(FromFile):
    """Rows of a CSV, quoted as RFC 4180 says; see `Reader`.

    The delimiter is that of comma, semicolon, tab and bar which makes both columns of the header.
    """

    nothing = "Write a row for each message."

    def __init__(self, path: str | os.PathLike[str], label: str, text: str) -> None:
        super().__init__(path)
        self.line = 1
        csv.field_size_limit(LINE)
        self._lines = self._decoded(Lines(self._source))
        try:
            self._begin(label, text)
        except BaseException:
            self.close()
            raise

    def _decoded(self, lines: Lines) -> Iterator[str]:
        """Lines as text; a byte that is no UTF-8 stays what it is."""
        while data := lines.take(AT_ONCE):
            for line in data.splitlines(keepends=True) if b"\r" not in data else _split(data):
                yield line.decode("utf-8", "surrogateescape")

    def _begin(self, label: str, text: str) -> None:
        """Read the header, and find the columns in it."""
        header = next(self._lines, "").removeprefix(BOM)
        if not header.strip():
            raise self.error("has no header", advice="Name the columns in the first line.")
        for delimiter in DELIMITERS:
            names = next(csv.reader([header], delimiter=delimiter), [])
            if label in names and text in names:
                break
        else:
            names = next(csv.reader([header]), [])
            absent = label if label not in names else text
            raise self.error(
                f"has no column {shown(absent)}",
                line=1,
                advice=f"Its header has {', '.join(map(shown, names))}.",
            )
        self._width, self._label, self._text = len(names), names.index(label), names.index(text)
        self._rows = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self.line = 2

    def read(self, most: int) -> Messages:
        """The next rows; none at the end."""
        messages = Messages([], [], [])
        while len(messages.lines) < most:
            begins = self._rows.line_num + 2
            try:
                row = next(self._rows, None)
            except csv.Error as error:
                advice = "Quote a field that holds a quote, and double the quote in it."
                raise self.error(f"is no CSV ({error})", line=begins, advice=advice) from None
            if row is None:
                break
            if not row:
                self._count("blank line")
                continue
            self._keep(row, begins, messages)
        self.line = self._rows.line_num + 2
        return messages

    def _keep(self, row: list[str], line: int, messages: Messages) -> None:
        if len(row) != self._width:
            raise StreamError(
                f"has {len(row)} columns where the header has {self._width}",
                self.name,
                line,
                advice="Quote a field that holds the delimiter.",
            )
        label, text = (
            row[at].encode("utf-8", "surrogateescape") for at in (self._label, self._text)
        )
        if not label.strip():
            raise self.error("has no label", line=line, advice="Leave out rows without one.")
        if not is_utf8(text):
            self._count(NOT_UTF8)
        messages.lines.append(line)
        messages.labels.append(label)
        messages.texts.append(text)

    def _count(self, reason: str) -> None:
        self.bad[reason] = self.bad.get(reason, 0) + 1


def _split(data: bytes) -> list[bytes]:
    """Lines that end with a newline only: a carriage return within one stays there."""
    return [line + b"\n" for line in data.removesuffix(b"\n").split(b"\n")]
