"""Bytes of a file or of standard input: hashed as they come, unpacked where they are gzip."""

import contextlib
import hashlib
import os
import re
import sys
import zlib
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import cast

import numpy as np

from forecast.stream.errors import StreamError

PIECE = 1 << 17  # bytes asked for at once
BLOCK = 1 << 19  # bytes of lines handed on at once, however many lines were wished for
LINE = 1 << 24  # longest line, and longest record over several lines
GZIP = b"\x1f\x8b"

# What people take for CSV or text and is not: the first bytes tell. A column may be called PAR1.
FOREIGN = {
    rb"PK\x03\x04": "a zip archive (or an .xlsx workbook)",
    rb"PAR1[\x10-\x1f]": "a Parquet file",
    rb"\xd0\xcf\x11\xe0": "an .xls workbook",
    rb"BZh[1-9]1AY&SY": "a bzip2 file",
    rb"\xfd7zXZ": "an xz file",
    rb"\x28\xb5\x2f\xfd": "a zstd file",
    rb"%PDF-": "a PDF",
    rb"\x89PNG": "a PNG",
    rb"\xff\xfe|\xfe\xff": "text in UTF-16",
}


class Source:
    """The bytes of one input, read once from its beginning to its end.

    Parameters
    ----------
    path
        A file, or "-" for standard input.
    wanted : str, optional
        What it is to be, so that what is plainly something else is refused; None for any bytes.

    Raises
    ------
    StreamError
        Where it cannot be opened or read, is something else, or gzip that is cut off or damaged.
    """

    def __init__(self, path: str | os.PathLike[str], wanted: str | None = "CSV") -> None:
        self.wanted = wanted
        self.name = "standard input" if os.fspath(path) == "-" else os.fspath(path)
        self.bytes_read = 0
        self.size: int | None = None
        self._hash = hashlib.sha256()
        self._over = False
        self._unpacker: zlib._Decompress | None = None
        self._unpacked = False  # whether a first piece was
        self._packed = b""
        self._file = self._open(path)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _open(self, path: str | os.PathLike[str]) -> BufferedIOBase:
        if os.fspath(path) == "-":
            return cast(BufferedIOBase, sys.stdin.buffer)
        try:
            file = Path(path).open("rb")  # noqa: SIM115  (closed by the reader)
        except FileNotFoundError:
            advice = "Is its name right, and the folder that you are in?"
            raise self.error("there is no such file", advice=advice) from None
        except IsADirectoryError:
            raise self.error("is a directory", advice="Name a file in it.") from None
        except (OSError, ValueError) as error:
            problem = f"cannot be opened ({_reason(error)})"
            raise self.error(problem, advice="May you read it, and is its name right?") from None
        if Path(path).is_file():
            self.size = os.fstat(file.fileno()).st_size
        return file

    def error(self, problem: str, line: int | None = None, advice: str = "") -> StreamError:
        return StreamError(problem, self.name, line=line, advice=advice)

    def _begin(self) -> None:
        """Read until the first two bytes tell gzip from text."""
        first = self._raw()
        while len(first) < 2 and (more := self._raw()):
            first += more
        if first.startswith(GZIP):
            self._unpacker = zlib.decompressobj(wbits=31)
        else:
            self._refuse_foreign(first)
        self._packed = first

    def _refuse_foreign(self, first: bytes) -> None:
        """Refuse what its first bytes tell to be something else than what is wanted."""
        if self.wanted is None:
            return
        for magic, what in FOREIGN.items():
            if re.match(magic, first):
                advice = f"Save it as {self.wanted} in UTF-8."
                raise self.error(f"is {what}, not {self.wanted}", advice=advice)

    def _raw(self) -> bytes:
        """Next bytes as they lie in the file; none at its end."""
        if self._over:
            return b""
        try:
            piece = self._file.read1(PIECE)
        except OSError as error:
            advice = "Copy it to another disk, or try again."
            raise self.error(f"cannot be read ({_reason(error)})", advice=advice) from None
        self._over = not piece
        self._hash.update(piece)
        self.bytes_read += len(piece)
        return piece

    def read(self) -> bytes:
        """Next bytes of text, as few as came at once; none at the end."""
        if self._unpacker is None:
            piece, self._packed = self._packed or self._raw(), b""
            return piece
        try:
            piece = self._unpack(self._unpacker)
        except zlib.error as error:
            raise self.error(f"is damaged gzip ({error})", advice="Fetch it again.") from None
        if not self._unpacked:
            if self.wanted is not None and piece.startswith(GZIP):
                raise self.error("is gzip inside gzip", advice="Unpack it once.")
            self._refuse_foreign(piece)
        self._unpacked = True
        return piece

    def _unpack(self, unpacker: "zlib._Decompress") -> bytes:
        while True:
            packed, self._packed = self._packed or self._raw(), b""
            if unpacker.eof:
                # Members may follow one another; zeros may fill the last block of a tape.
                packed = packed.lstrip(b"\0")
                if not packed and self._over:
                    return b""
                if not packed:
                    continue
                unpacker = self._unpacker = zlib.decompressobj(wbits=31)
            # A bounded step: a small file may unpack to a very large one.
            piece = unpacker.decompress(packed, PIECE)
            self._packed = unpacker.unconsumed_tail or unpacker.unused_data
            if piece:
                return piece
            if not packed and not unpacker.eof:
                raise self.error("is gzip that ends too early", advice="Fetch it again.")

    @property
    def sha256(self) -> str | None:
        """Hash of the bytes as they lie in the file; None before its end was read."""
        return self._hash.hexdigest() if self._over else None

    @property
    def so_far(self) -> tuple[int, str]:
        """How many bytes of the file were read, and their hash."""
        return self.bytes_read, self._hash.hexdigest()

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        return None if self.size is None else min(1.0, self.bytes_read / max(1, self.size))

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.name != "standard input":
            self._file.close()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):
            self.close()


class Given(Source):
    """Bytes that are at hand, as the source of a name."""

    def __init__(self, name: str, content: bytes, wanted: str | None = "CSV") -> None:
        self._content = content
        super().__init__(name, wanted)

    def _open(self, path: str | os.PathLike[str]) -> BufferedIOBase:
        self.size = len(self._content)
        return BytesIO(self._content)


class Lines:
    """Whole lines of a source, by the handful, and never more of them than asked for.

    Parameters
    ----------
    source
        Where bytes come from.

    Attributes
    ----------
    line : int
        Number, from 1, of the next line.
    unended : bool
        Whether the last line was found to end without a newline.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.line = 1
        self.unended = False
        self._bytes = b""
        self._at = 0  # where the next line begins
        self._ends = np.empty(0, np.int64)  # where the lines at hand end, past their newlines
        self._next = 0  # the next of these
        self._over = False

    def take(self, most: int) -> bytes:
        """Up to so many lines, fewer if they are long; none at the end."""
        while self._lacks(most):
            self._fill()
        stop = min(self._next + most, len(self._ends))
        if stop == self._next:
            return b""
        end = int(self._ends[stop - 1])
        taken = self._bytes[self._at : end]
        self.line += stop - self._next
        self._at, self._next = end, stop
        return taken

    def put_back(self, taken: bytes, line: int) -> None:
        """Undo the takes that gave these bytes, the first of which is this line."""
        self._bytes = taken + self._bytes[self._at :]
        self._at, self._next, self.line = 0, 0, line
        self._ends = _ends(self._bytes)
        if self._over and not self._bytes.endswith(b"\n"):
            self._ends = np.append(self._ends, len(self._bytes))

    def _lacks(self, most: int) -> bool:
        if self._over:
            return False
        ready = len(self._ends) - self._next
        return ready == 0 or (ready < most and len(self._bytes) - self._at < BLOCK)

    def _fill(self) -> None:
        piece = self.source.read()
        rest = self._bytes[self._at :]
        ends = self._ends[self._next :] - self._at
        done = int(ends[-1]) if len(ends) else 0
        if not piece:
            self._over = True
            if done < len(rest):  # a last line without its newline
                ends = np.append(ends, len(rest))
                self.unended = True
        self._bytes = rest + piece
        self._ends = np.concatenate([ends, _ends(piece) + len(rest)])
        self._at = self._next = 0
        if len(rest) - done > LINE:
            raise self.source.error(
                "is longer than 16 MB",
                line=self.line + len(ends),
                advice="Is this a CSV, with a newline (\\n) after each row?",
            )


def _ends(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == 10).astype(np.int64) + 1


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
