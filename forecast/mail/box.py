"""Boxes of mail, one message after the other: an mbox as it is read, a Maildir by its files."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

FROM = b"From "
LONGEST = 1 << 26  # bytes of a message that are kept; the rest of a longer one is left out


def mbox_messages(file: BinaryIO) -> Iterator[bytes]:
    """The messages of an mbox, each with its ``From`` line.

    A message begins at a line that begins with ``From`` and a space, behind an empty line or at
    the start.

    Examples
    --------
    >>> import io
    >>> box = b"From a\\nSubject: x\\n\\nhi\\nFrom here\\n\\nFrom b\\n\\nhi\\n"
    >>> [len(message) for message in mbox_messages(io.BytesIO(box))]
    [33, 11]
    """
    parts: list[bytes] = []
    held, blank = 0, True
    for line in file:
        if blank and parts and line.startswith(FROM):
            yield b"".join(parts)
            parts, held = [], 0
        if held < LONGEST:
            parts.append(line)
            held += len(line)
        blank = line in (b"\n", b"\r\n")
    if parts:
        yield b"".join(parts)


def maildir_files(path: str) -> list[str]:
    """The messages of a Maildir, or of a folder of messages, the oldest first.

    By the seconds with which names of a Maildir begin; another file by when it was written.
    """
    inside = [os.path.join(path, part) for part in ("cur", "new")]  # noqa: PTH118
    folders = [folder for folder in inside if os.path.isdir(folder)] or [path]  # noqa: PTH112
    found: list[tuple[float, str, str]] = []
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    seconds = entry.name.partition(".")[0]
                    old = float(seconds) if seconds.isdecimal() else entry.stat().st_mtime
                    found.append((old, entry.name, entry.path))
    return [path for _, _, path in sorted(found)]


def box_messages(path: str) -> Iterator[tuple[str, bytes]]:
    """Every message of a Maildir, a folder, an mbox or a file of one message, with its name."""
    if os.path.isdir(path):  # noqa: PTH112
        for name in maildir_files(path):
            with open(name, "rb") as file:  # noqa: PTH123
                yield name, file.read(LONGEST)
        return
    with open(path, "rb") as file:  # noqa: PTH123
        first = file.read(len(FROM))
        file.seek(0)
        if first != FROM:
            yield path, file.read(LONGEST)
            return
        for number, message in enumerate(mbox_messages(file), 1):
            yield f"{path}:{number}", message
