"""Messages with their labels: of lines, of a table, or of boxes of mail; strict, and bounded.

A line is a label, a tab and a text: ``ham<TAB>See you at 5``. There is no header. The text is all
that follows on its line, whatever bytes it has, further tabs included; it may be empty. Of a table
two columns are named. A folder that holds a box of mail for each label is read by the mails' time.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from forecast.learner import Bytes, Ints, Symbols
from forecast.stream.boxes import MessageBoxes
from forecast.stream.errors import StreamError, shown
from forecast.stream.labelled import FromFile, Messages, Reader, is_utf8
from forecast.stream.message_table import MessageTable
from forecast.stream.source import LINE, Lines

BLOCK = 1000  # lines at once, fewer if they are long; in so many the two labels are searched for
BOM = b"\xef\xbb\xbf"
BLANK = "blank line"
NOT_UTF8 = "line that is not UTF-8"


class MessageLines(FromFile):
    """Lines of ``label<TAB>text``; see `Reader`."""

    nothing = "Write label<TAB>text, a line each."

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._lines = Lines(self._source)

    @property
    def line(self) -> int:
        """Number of the next line."""
        return self._lines.line

    def read(self, most: int) -> Messages:
        """The next lines that are not blank; none at the end."""
        messages = Messages([], [], [])
        first = self.line
        while not messages.lines and (data := self._lines.take(most)):
            if first == 1:
                data = data.removeprefix(BOM)
            lines = data.removesuffix(b"\n").split(b"\n")
            for number, line in enumerate(lines, first):
                self._split(number, line.removesuffix(b"\r"), messages)
            self._count_not_utf8(data)
            first = self.line
        return messages

    def _split(self, number: int, line: bytes, messages: Messages) -> None:
        """Put what stands on a line at the end of the messages."""
        label, tab, text = line.partition(b"\t")
        if tab and label.strip():
            messages.lines.append(number)
            messages.labels.append(label)
            messages.texts.append(text)
        elif tab:
            advice = "Write the label before the tab."
            raise self._refused("has no label before its tab", number, line, advice)
        elif line.strip(b" "):
            advice = "Write label<TAB>text on every line."
            raise self._refused("has no tab after a label", number, line, advice)
        else:
            self._count(BLANK, 1)

    def _count_not_utf8(self, data: bytes) -> None:
        try:
            data.decode()
        except UnicodeDecodeError:
            self._count(NOT_UTF8, sum(not is_utf8(line) for line in data.split(b"\n")))

    def _count(self, reason: str, count: int) -> None:
        self.bad[reason] = self.bad.get(reason, 0) + count

    def _refused(self, problem: str, line: int, text: bytes, advice: str) -> StreamError:
        shown = text.decode(errors="backslashreplace")
        return StreamError(problem, self.name, line, text=shown, advice=advice)


class MessageStream:
    """Messages and their labels, in blocks, read once; see `open_messages`.

    Attributes
    ----------
    labels : tuple of str
        The negative and the positive label: the bytes 0 and 1 of ``Symbols.y``.
    guessed : list of str
        What was guessed, a sentence each.
    bad : dict of str to int
        What was strange, by reason: lines left out because they are blank, and those kept, byte by
        byte, that are not UTF-8.
    rows : int
        Messages handed on.
    lines : int64 array
        The line of the file, from 1, of each message of the last block.
    """

    def __init__(self, reader: Reader, labels: tuple[str, str] | None) -> None:
        self.guessed: list[str] = []
        self.rows = 0
        self.lines: Ints = np.empty(0, np.int64)
        self._reader = reader
        self._begun = False
        self._head = [reader.read(BLOCK)]
        if not self._head[0].lines:
            raise reader.error("has no messages", advice=reader.nothing)
        self.labels = self._found() if labels is None else labels
        self._problem = "is a third label beside {} and {}"
        if labels is not None:
            self._problem = "is neither of the labels {} and {}"
        self._number = {label.encode(): number for number, label in enumerate(self.labels)}
        for messages in self._head:
            self._check(messages)

    @property
    def source(self) -> str:
        """Name of the input."""
        return self._reader.name

    @property
    def bad(self) -> dict[str, int]:
        """What was strange, by reason."""
        return self._reader.bad

    @property
    def sha256(self) -> str | None:
        """Hash of the file's bytes; None before its end was read."""
        return self._reader.sha256

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, packed as they lie there."""
        return self._reader.bytes_read

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        size = self._reader.size
        return None if size is None else min(1.0, self.bytes_read / max(1, size))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def __enter__(self) -> "MessageStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Symbols]:
        if self._begun:
            raise ValueError("a stream is read once: open it again")
        self._begun = True
        while self._head:
            yield self._handed_on(self._head.pop(0))
        while (messages := self._reader.read(BLOCK)).lines:
            self._check(messages)
            yield self._handed_on(messages)

    def _seen(self) -> list[bytes]:
        """The labels of the first lines as they came; reads on while there is only one."""
        seen = dict.fromkeys(self._head[0].labels)
        held = sum(map(len, self._head[0].texts))
        while len(seen) == 1 and self._reader.line <= BLOCK and held <= LINE:
            messages = self._reader.read(BLOCK + 1 - self._reader.line)
            if not messages.lines:
                break
            self._head.append(messages)
            seen |= dict.fromkeys(messages.labels)
            held += sum(map(len, messages.texts))
        return list(seen)

    def _found(self) -> tuple[str, str]:
        """The two labels of the first lines, in sorted order."""
        seen = self._seen()
        if len(seen) == 1:
            looked = self._reader.line - 1
            raise self._reader.error(
                f"has only the label {shown(_text(seen[0]))} in its first {looked:,} lines",
                advice="Name both, the negative first: --labels no,yes.",
            )
        for messages in self._head:
            for number, label in zip(messages.lines, messages.labels, strict=True):
                if label in seen[:2] and not is_utf8(label):
                    problem, advice = "is a label that is not UTF-8", "Save the file as UTF-8."
                    raise self._error(problem, number, label, advice)
        no, yes = sorted(label.decode() for label in seen[:2])
        self.guessed.append(
            f"the labels are {shown(no)} and, positive, {shown(yes)}: the two of its first lines"
        )
        return no, yes

    def _check(self, messages: Messages) -> None:
        """Raise at the first label that is neither of the two."""
        if set(messages.labels) <= self._number.keys():
            return
        for number, label in zip(messages.lines, messages.labels, strict=True):
            if label not in self._number:
                problem = self._problem.format(*map(shown, self.labels))
                advice = "Labels are two: leave out lines of any other, and a header."
                raise self._error(problem, number, label, advice)

    def _handed_on(self, messages: Messages) -> Symbols:
        x, x_at = _joined(messages.texts)
        y, y_at = _joined([bytes([self._number[label]]) for label in messages.labels])
        self.lines = np.array(messages.lines)
        self.rows += len(self.lines)
        return Symbols(self.rows - len(self.lines), x, x_at, y, y_at)

    def _error(self, problem: str, line: int, text: bytes, advice: str) -> StreamError:
        return StreamError(problem, self.source, line, text=_text(text), advice=advice)


def _joined(parts: list[bytes]) -> tuple[Bytes, Ints]:
    """All parts in one array, and where each begins and the last one ends."""
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return np.frombuffer(bytearray(b"".join(parts)), np.uint8), ends


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def open_messages(
    path: str | os.PathLike[str],
    labels: tuple[str, str] | None = None,
    columns: tuple[str, str] | None = None,
) -> MessageStream:
    """Open lines of ``label<TAB>text``, a table or boxes of mail as a stream of labels.

    UTF-8 with or without a byte order mark, plain or gzip; lines end with a newline, or with a
    carriage return and a newline.

    Parameters
    ----------
    path
        A file, or "-" for standard input; or a folder with a box for each label, named by it: a
        Maildir, a folder of messages or an mbox; or a Maildir with its spam in the folder
        ``.Spam``.
    labels
        The negative and the positive label; None: the two of the first 1,000 lines (fewer where
        these have 16 MB), in sorted order: ham, spam; no, yes; 0, 1; down, up.
    columns
        Of a CSV with a header: the columns of labels and of texts.

    Returns
    -------
    MessageStream
        To be iterated over once.

    Raises
    ------
    StreamError
        Here or while reading: at a line that is no label and text, and at a label that is neither
        of the two; here, where there are no messages, or labels of one kind only.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "messages.tsv"
    >>> _ = path.write_text("spam\\tWin a prize\\nham\\tSee you at 5\\n")
    >>> stream = open_messages(path)
    >>> stream.labels
    ('ham', 'spam')
    >>> for block in stream:
    ...     print(block.y, block.x_at, bytes(block.x))
    [1 0] [ 0 11 23] b'Win a prizeSee you at 5'
    """
    reader: Reader
    if columns is not None:
        reader = MessageTable(path, *columns)
    elif os.fspath(path) != "-" and Path(path).is_dir():
        reader = MessageBoxes(path)
    else:
        reader = MessageLines(path)
    try:
        return MessageStream(reader, labels)
    except BaseException:
        reader.close()
        raise
