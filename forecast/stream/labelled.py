"""What every reader of messages with their labels hands on."""

import os
from typing import NamedTuple, Protocol

from forecast.stream.errors import StreamError
from forecast.stream.source import Source


class Messages(NamedTuple):
    """Consecutive messages, as they were read."""

    lines: list[int]  # where each stands, from 1
    labels: list[bytes]
    texts: list[bytes]


class Reader(Protocol):
    """Reads messages from one place."""

    name: str
    bad: dict[str, int]
    nothing: str  # advice where there are no messages

    @property
    def line(self) -> int:
        """Where the next message may stand, from 1."""

    @property
    def sha256(self) -> str | None:
        """Hash of what was read; None before its end."""

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""

    @property
    def size(self) -> int | None:
        """Bytes that there are; None where that is not known."""

    def read(self, most: int) -> Messages:
        """The next messages, not many more than so many lines of them; none at the end."""

    def error(self, problem: str, line: int | None = None, advice: str = "") -> StreamError:
        """An error that names the place."""

    def close(self) -> None:
        """Close what is open."""


class FromFile:
    """What a reader of one file is told by its source; see `Reader`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.bad: dict[str, int] = {}
        self._source = Source(path)
        self.name, self.error, self.close = (
            self._source.name,
            self._source.error,
            self._source.close,
        )

    @property
    def sha256(self) -> str | None:
        """Hash of the file's bytes; None before its end was read."""
        return self._source.sha256

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, packed as they lie there."""
        return self._source.bytes_read

    @property
    def size(self) -> int | None:
        """Bytes of the file; None where that is not known."""
        return self._source.size


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
