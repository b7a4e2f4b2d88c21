"""Where a run over a file stands in it, and how it stands there again."""

import hashlib
from pathlib import Path
from typing import Any

from forecast.stream.errors import StreamError
from forecast.stream.source import Lines


def stands_in(lines: Lines) -> dict[str, Any]:
    """How far a file was read, as JSON holds it."""
    bytes_read, sha256 = lines.source.so_far
    return {"bytes": bytes_read, "sha256": sha256, "line": lines.line, "unended": lines.unended}


def go_on_in(lines: Lines, stands: dict[str, Any]) -> None:
    """Read on from where a file was read to.

    Raises
    ------
    StreamError
        If the file does not begin with what was read of it.
    """
    source = lines.source
    anew = "Give the file that was read, or begin anew with another --checkpoint."
    if begins_with(source.name, stands["bytes"]) != stands["sha256"]:
        raise StreamError("is not the file that was read before", source.name, advice=anew)
    if stands["unended"] and source.size is not None and source.size > stands["bytes"]:
        problem = "goes on in a line that was read before it had ended"
        raise StreamError(problem, source.name, stands["line"] - 1, advice=anew)
    while lines.line < stands["line"] and lines.take(stands["line"] - lines.line):
        pass


def begins_with(path: str, size: int) -> str:
    """The hash of so many bytes at the beginning of a file."""
    digest, left = hashlib.sha256(), size
    with Path(path).open("rb") as file:
        while left and (piece := file.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()
