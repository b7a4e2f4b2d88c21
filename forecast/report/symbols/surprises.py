"""The most surprising answers of a stream, with what stood beside them, in bounded memory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Floats, Ints

if TYPE_CHECKING:
    from forecast.learner import Symbols

MOST = 10  # that are kept
BEFORE, AFTER = 60, 30  # bytes of the text beside a word
BEGINNING = 400  # bytes of a message: 80 characters in whatever script


@dataclass
class Surprising:
    """One answer that was hardly expected."""

    surprise: float  # nats
    time: int  # byte of the text, or line of the file
    y: bytes  # a word, or the number of a label
    before: bytes
    after: bytes  # a message, or the text after a word


class Surprises:
    """Keeps the most surprising answers; of two that are as surprising, the first.

    Parameters
    ----------
    running : bool
        Whether the answers follow each other in a running text.
    """

    def __init__(self, running: bool) -> None:
        self.running = running
        self.kept: list[Surprising] = []
        self.tail = b""  # the last bytes of a running text

    def add(self, block: "Symbols", surprise: Floats, times: Ints) -> None:
        """Look through a block of answers."""
        if self.running:
            self._read_on(bytes(block.y[block.y_at[0] : block.y_at[-1]][:AFTER]))
        least = self.kept[-1].surprise if len(self.kept) == MOST else -np.inf
        likely = np.flatnonzero(surprise > least)
        chosen = likely[np.argsort(-surprise[likely], kind="stable")[:MOST]]
        beside = self._in_text if self.running else of_message
        new = [
            Surprising(float(surprise[t]), int(times[t]), *beside(block, t))
            for t in chosen.tolist()
        ]
        self.kept = sorted([*self.kept, *new], key=lambda one: -one.surprise)[:MOST]
        if self.running:
            first, end = int(block.y_at[0]), int(block.y_at[-1])
            self.tail = (self.tail + bytes(block.y[max(first, end - BEFORE) : end]))[-BEFORE:]

    def _read_on(self, coming: bytes) -> None:
        """What follows words at the end of the text so far."""
        for one in self.kept:
            one.after += coming[: max(0, AFTER - len(one.after))]

    def _in_text(self, block: "Symbols", t: int) -> tuple[bytes, bytes, bytes]:
        start, stop = int(block.y_at[t]), int(block.y_at[t + 1])
        first, end = int(block.y_at[0]), int(block.y_at[-1])
        before = self.tail + bytes(block.y[max(first, start - BEFORE) : start])
        after = bytes(block.y[stop : min(end, stop + AFTER)])
        return bytes(block.y[start:stop]), before[-BEFORE:], after


def of_message(block: "Symbols", t: int) -> tuple[bytes, bytes, bytes]:
    """A label, and the beginning of its message."""
    start, stop = int(block.x_at[t]), int(block.x_at[t + 1])
    label = bytes(block.y[block.y_at[t] : block.y_at[t + 1]])
    return label, b"", bytes(block.x[start : min(stop, start + BEGINNING)])
