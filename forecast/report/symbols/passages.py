"""The passages of a text that confused its forecaster most, and its end, with what each word cost.

At the beginning nothing is known, and every passage is dear. So a passage is confusing by the bits
that it took above what as many bytes took lately.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.report.scores import Floats, Ints
from forecast.report.symbols.predictions import Top, spelled
from forecast.report.symbols.texts import AS_IT_LIES, BITS
from forecast.report.worst import WorstPoints, finite

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

LENGTH = 320  # bytes of a passage, and to the end of its last word
BEFORE = 60  # bytes that are shown before it
MOST = 5  # passages that are told
LATELY = 64  # passages whose mean is what is usual
STEPS = (2.0, 4.0, 8.0, 16.0)  # bits at which a word is shown as more surprising
HERE = np.zeros(1, np.int64)


class Unit(NamedTuple):
    """A word or byte that came, and what had been held to be likeliest instead."""

    y: bytes
    surprise: float  # nats
    spelled: float  # nats of these that spell a word never seen
    likeliest: str | None  # None where that was not looked at
    p: float | None


class Passage(NamedTuple):
    """A piece of the text, word by word."""

    time: int  # byte of the text where it begins
    row: int
    excess: float  # nats above what is usual
    usual: float  # nats a byte
    before: bytes
    units: tuple[Unit, ...]

    def told(self) -> dict[str, Any]:
        """The passage as ``scores.json`` has it: a column for each thing said of its words."""
        units = whole_letters(self.units)
        size = sum(len(unit.y) for unit in units)
        nats = sum(unit.surprise for unit in units)
        return {
            "time": self.time,
            "row": self.row,
            "bits_per_byte": finite(BITS * nats / size),
            "usual_bits_per_byte": BITS * self.usual,
            "before": spelled(self.before.decode(errors="ignore")),
            "y": [spelled(unit.y) for unit in units],
            "bits": [finite(round(BITS * unit.surprise, 3)) for unit in units],
            "spelling_bits": [finite(round(BITS * unit.spelled, 3)) for unit in units],
            "likeliest": [unit.likeliest and spelled(unit.likeliest) for unit in units],
            "likeliest_p": [unit.p and float(f"{unit.p:.3g}") for unit in units],
        }


def whole_letters(units: Sequence[Unit]) -> list[Unit]:
    """Units of which none is a part of a letter, if they were one byte each: bits add up.

    Examples
    --------
    >>> [unit.y.decode() for unit in whole_letters([Unit(bytes([b]), 1.0, 0.0, None, None)
    ...                                             for b in "aß€".encode()])]
    ['a', 'ß', '€']
    """
    whole: list[Unit] = []
    k = 0
    while k < len(units):
        n = letter_length(units[k].y)
        letter = units[k : k + n]
        y = b"".join(unit.y for unit in letter)
        if n > 1 and is_letter(y):
            nats = sum(unit.surprise for unit in letter)
            whole.append(units[k]._replace(y=y, surprise=nats))
            k += n
        else:
            whole.append(units[k])
            k += 1
    return whole


def is_letter(y: bytes) -> bool:
    """Whether bytes are one letter of UTF-8."""
    return len(y.decode(errors="surrogateescape")) == 1


def letter_length(y: bytes) -> int:
    """How many bytes a letter of UTF-8 has that a lone byte begins."""
    return 1 if len(y) != 1 or y[0] < 0xC2 else 2 + (y[0] >= 0xE0) + (y[0] >= 0xF0)


class Passages:
    """Keeps the most confusing passages of a text, its end, and how many bits what took.

    Passages lie one after the other, from the beginning: blocks change nothing.
    """

    def __init__(self) -> None:
        self.worst: WorstPoints[Passage] = WorstPoints(1, by="excess")
        self.usual, self.seen = AS_IT_LIES / BITS, 1  # nats a byte; passages that it is a mean of
        # the last passage, and what came since
        self.text, self.row, self.time, self.begun = b"", 0, 0, 0
        self.length: Ints = np.empty(0, np.int64)
        self.surprise: Floats = np.empty(0)
        self.spelled: Floats = np.empty(0)
        self.likeliest: deque[tuple[int, tuple[str, float]]] = deque()  # with their rows
        self.count, self.nats = np.zeros(len(STEPS) + 1, np.int64), np.zeros(len(STEPS) + 1)

    def add(self, block: "Symbols", told: "Told", looked: Mapping[int, Top]) -> None:
        """Look through a block of answers; ``looked`` has the likeliest at places of the block."""
        step = np.searchsorted(STEPS, BITS * told.surprise, side="right")
        self.count += np.bincount(step, minlength=len(self.count))
        self.nats += np.bincount(step, told.surprise, minlength=len(self.nats))
        self.text += bytes(block.y[block.y_at[0] : block.y_at[-1]])
        self.length = np.append(self.length, np.diff(block.y_at))
        self.surprise = np.append(self.surprise, told.surprise)
        self.spelled = np.append(self.spelled, told.spelled)
        self.likeliest.extend((block.first + t, top[0]) for t, top in looked.items() if top)
        at = np.append(0, np.cumsum(self.length))
        ends = [self.begun]
        while (end := int(np.searchsorted(at, at[ends[-1]] + LENGTH))) < len(at):
            ends.append(end)
        for start, stop in pairwise(ends):
            self._see(at, start, stop)
        if len(ends) > 1:
            self._forget(at, ends[-2])
            self.begun = ends[-1] - ends[-2]

    def _see(self, at: Ints, start: int, stop: int) -> None:
        """Take a passage for one of the worst, or not; and for what is usual."""
        nats, size = float(self.surprise[start:stop].sum()), int(at[stop] - at[start])
        excess = nats - self.usual * size
        self.worst.add(HERE, np.array([excess]), lambda _: self._passage(at, start, stop, excess))
        if np.isfinite(nats):
            self.usual += (nats / size - self.usual) / (self.seen + 1)
            self.seen = min(self.seen + 1, LATELY)

    def _passage(self, at: Ints, start: int, stop: int, excess: float) -> Passage:
        likeliest = dict(self.likeliest)
        units = tuple(
            Unit(
                self.text[at[t] : at[t + 1]],
                float(self.surprise[t]),
                float(self.spelled[t]),
                *likeliest.get(self.row + t, (None, None)),
            )
            for t in range(start, stop)
        )
        before = self.text[max(0, at[start] - BEFORE) : at[start]]
        place = self.time + int(at[start])
        return Passage(place, self.row + start, excess, self.usual, before, units)

    def _forget(self, at: Ints, start: int) -> None:
        """All that was before a place."""
        self.text, self.time = self.text[at[start] :], self.time + int(at[start])
        self.row += start
        self.length, self.surprise = self.length[start:], self.surprise[start:]
        self.spelled = self.spelled[start:]
        while self.likeliest and self.likeliest[0][0] < self.row:
            self.likeliest.popleft()

    def told(self) -> dict[str, Any]:
        """The worst passages, the worst first; the end; and how many words took how many bits."""
        at = np.append(0, np.cumsum(self.length))
        stop = len(self.length)
        start = int(np.searchsorted(at, at[-1] - LENGTH))
        end = self._passage(at, start, stop, 0.0).told() if stop else None
        edges = [0.0, *STEPS, None]
        return {
            "worst": [passage.told() for passage in self.worst.points[0][:MOST]],
            "end": end,
            "by_bits": [
                {"from": low, "to": high, "n": int(n), "bits": finite(BITS * float(nats))}
                for (low, high), n, nats in zip(pairwise(edges), self.count, self.nats, strict=True)
            ],
        }
