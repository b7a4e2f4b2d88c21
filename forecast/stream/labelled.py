"""What every reader of messages with their labels hands on."""

from typing import NamedTuple, Protocol

from forecast.stream.errors import StreamError


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


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
