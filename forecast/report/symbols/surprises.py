"""The most surprising answers of a stream, with what stood beside them, in bounded memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.report.scores import Ints
from forecast.report.symbols.predictions import spelled
from forecast.report.worst import WorstPoints, finite

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

BEFORE, AFTER = 60, 30  # bytes of the text beside a word
BEGINNING = 400  # bytes of a message: 80 characters in whatever script


class Surprising(NamedTuple):
    """One answer that was hardly expected."""

    time: int  # byte of the text, or line of the file
    row: int
    surprise: float  # nats
    expected_surprise: float
    y: bytes  # a word, or the number of a label
    before: bytes
    after: bytes  # a message, or the text after a word

    def told(self, labels: Sequence[str]) -> dict[str, Any]:
        """The answer as ``scores.json`` has it, words spelled as in ``predictions.csv``."""
        # without halves of letters at the ends of what stood beside it
        before, after = (part.decode(errors="ignore") for part in (self.before, self.after))
        y = spelled(labels[self.y[0]] if labels else self.y)
        values = {**self._asdict(), "y": y, "before": before, "after": after}
        return {name: finite(value) for name, value in values.items()}


class Surprises:
    """Keeps the ten most surprising answers; of two that are as surprising, the first.

    Parameters
    ----------
    running : bool
        Whether the answers follow each other in a running text.
    """

    def __init__(self, running: bool) -> None:
        self.running = running
        self.worst: WorstPoints[Surprising] = WorstPoints(1, by="surprise")
        self.tail = b""  # the last bytes of a running text

    @property
    def kept(self) -> list[Surprising]:
        """The most surprising answers, the worst first."""
        return self.worst.points[0]

    def add(self, block: "Symbols", told: "Told", times: Ints) -> None:
        """Look through a block of answers."""
        if self.running:
            self._read_on(bytes(block.y[block.y_at[0] : block.y_at[-1]][:AFTER]))
        beside = self._in_text if self.running else of_message

        def point(place: int) -> Surprising:
            nats = float(told.surprise[place]), float(told.expected[place])
            return Surprising(int(times[place]), int(told.row[place]), *nats, *beside(block, place))

        self.worst.add(np.zeros(len(block), np.int64), told.surprise, point)
        if self.running:
            first, end = int(block.y_at[0]), int(block.y_at[-1])
            self.tail = (self.tail + bytes(block.y[max(first, end - BEFORE) : end]))[-BEFORE:]

    def _read_on(self, coming: bytes) -> None:
        """What follows words at the end of the text so far."""
        self.worst.points[0] = [
            one._replace(after=one.after + coming[: max(0, AFTER - len(one.after))])
            for one in self.kept
        ]

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
