"""Lines of an input that goes on: of a pipe, or of a file that grows, is renamed, and begins anew.

A line is handed on when its newline is there, and not before. Where a file is followed, its place
says how far it was read in a way that finds it again: which file, how many bytes, and a sum over
the last of them.
"""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from forecast.live.stop import Stop
from forecast.stream.errors import StreamError
from forecast.stream.source import LINE, Source

PIECE = 1 << 17  # bytes asked for at once
POLL = 0.005  # seconds between two looks at a file that has not grown
BEAT = 0.25  # seconds after which a pipe that is silent lets others have their turn
LAST = 4096  # bytes before its place that tell a file from another

Say = Callable[[str], None]


class Lines(ABC):
    """Whole lines of an input, in their order.

    Attributes
    ----------
    name : str
    line : int
        Number, from 1, of the line handed on last, in the file that it came from.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.line = 0
        self._rest = b""  # of a line whose newline has not come

    def each(self, stop: Stop) -> Iterator[bytes | None]:
        """The lines, each as soon as it is there, and None whenever there is none for now.

        Raises
        ------
        StreamError
            Where the input cannot be read, or a line is longer than 16 MB.
        """
        while not stop.asked:
            piece = self._read(stop)
            if piece is None:
                yield None
                self._wait(stop)
            elif piece:
                yield from self._whole(piece, stop)
            else:
                if self._rest:  # nobody will end it now
                    yield self._handed_on(self._rest)
                    self._rest = b""
                if not self._next():
                    return

    def _whole(self, piece: bytes, stop: Stop) -> Iterator[bytes]:
        *lines, rest = (self._rest + piece).split(b"\n") if self._rest else piece.split(b"\n")
        self._rest = rest
        for line in lines:
            yield self._handed_on(line + b"\n")
            if stop.asked:
                return
        if len(rest) > LINE:
            advice = "Is this a CSV, with a newline (\\n) after each row?"
            raise StreamError("is longer than 16 MB", self.name, self.line + 1, advice=advice)

    def _handed_on(self, line: bytes) -> bytes:
        self.line += 1
        return line

    @abstractmethod
    def _read(self, stop: Stop) -> bytes | None:
        """Next bytes; None where there are none yet, and empty where there will be none."""

    @abstractmethod
    def _wait(self, stop: Stop) -> None:
        """Wait until there may be more."""

    def _next(self) -> bool:
        """Whether another file follows."""
        return False

    @abstractmethod
    def place(self) -> dict[str, Any] | None:
        """How far was read; None of what cannot be read again."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened."""


class Piped(Lines):
    """Lines of standard input."""

    def __init__(self) -> None:
        super().__init__("standard input")
        self._file = 0

    def _read(self, stop: Stop) -> bytes | None:
        if not stop.wait(0.0, [self._file]):
            return None
        try:
            return os.read(self._file, PIECE)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            raise StreamError(problem, self.name, advice="Try again.") from None

    def _wait(self, stop: Stop) -> None:
        stop.wait(BEAT, [self._file])

    def place(self) -> None:
        return None

    def close(self) -> None:
        """Standard input stays open."""


class Followed(Lines):
    """Lines of a file from a place on, to its end or, where it is waited for, without one.

    When another file has its name, what is left of the old one is read before the new one.

    Parameters
    ----------
    path
    waits : bool
        Whether to wait at the end for what is written there, and for the next file of that name.
    place : dict or None
        What `place` has said when this file, or the one that had its name then, was read last.
    say : callable
        Is told what was lost.

    Attributes
    ----------
    anew : bool
        Whether it is read from its beginning though a place was given: it is another file.

    Raises
    ------
    StreamError
        Where it cannot be opened.
    """

    def __init__(self, path: str, waits: bool, place: dict[str, Any] | None, say: Say) -> None:
        super().__init__(path)
        self.path, self._waits, self._say = Path(path), waits, say
        self._offset = 0  # past the last line handed on
        self._file: int | None = None
        self.anew = False
        if place is None:
            self._open()
        else:
            self._go_on(place)

    def _open(self) -> None:
        """Open the file of that name at its beginning."""
        Source(self.path).close()  # says why a file cannot be opened, and what it is if no text
        self._file = os.open(self.path, os.O_RDONLY)
        self._offset = self.line = 0

    def _go_on(self, place: dict[str, Any]) -> None:
        """Open the file that was read, under whatever name it has by now, where it was left."""
        beside = self.path.parent.iterdir()
        same = [path for path in beside if _inode(path) == place["inode"]]
        for path in (*same, self.path):  # of that name there may be a copy of it
            file = _opened(path)
            if file is not None and _sum_before(file, place["offset"]) == place["sum"]:
                self._file = file
                self._offset, self.line = place["offset"], place["line"]
                os.lseek(file, self._offset, os.SEEK_SET)
                return
            if file is not None:
                os.close(file)
        self._say(f"{self.path} is not the file that was read: what was left of that is lost")
        self.anew = True
        if self.path.exists() or not self._waits:
            self._open()

    def _handed_on(self, line: bytes) -> bytes:
        self._offset += len(line)
        return super()._handed_on(line)

    def _read(self, stop: Stop) -> bytes | None:
        if self._file is None:
            return b"" if self.path.exists() else None
        piece = os.read(self._file, PIECE)
        if piece:
            return piece
        if not self._waits:
            return b""
        at = self._offset + len(self._rest)
        if os.fstat(self._file).st_size < at:
            self._say(f"{self.path} was cut: it is read from its beginning")
            os.lseek(self._file, 0, os.SEEK_SET)
            self._offset, self.line, self._rest = 0, 0, b""
            return None
        if _inode(self.path) not in (None, os.fstat(self._file).st_ino):
            # what was written between the last look and the new name
            return os.read(self._file, PIECE)
        return None

    def _wait(self, stop: Stop) -> None:
        stop.wait(POLL)

    def _next(self) -> bool:
        if not self._waits:
            return False
        self.close()
        self._file = _opened(self.path)  # it may be gone again: then it is waited for
        self._offset = self.line = 0
        return True

    def place(self) -> dict[str, Any] | None:
        if self._file is None:
            return None
        return {
            "inode": os.fstat(self._file).st_ino,
            "offset": self._offset,
            "line": self.line,
            "sum": _sum_before(self._file, self._offset),
        }

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None


def _inode(path: Path) -> int | None:
    """The number of a file; None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _opened(path: Path) -> int | None:
    """A file to read; None where there is none."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _sum_before(file: int, offset: int) -> str | None:
    """A sum over the last bytes before a place of a file; None where it is shorter."""
    first = max(0, offset - LAST)
    found = os.pread(file, offset - first, first)
    return hashlib.sha256(found).hexdigest() if len(found) == offset - first else None
