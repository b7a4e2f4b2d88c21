"""What a run of each kind does.

The flow of a run is the same for all of them (``forecast.flow``): read a piece, forecast it, be
told, learn, score, write. A kind knows how its file is read, who forecasts it, and who reports.
Nothing heavy is imported before a run begins.
"""

from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


LAST_ROWS = 300  # of a run, on which a single point is timed
# which options are about one kind of file alone
OPTIONS_OF = {
    "numbers": (
        *("target", "known", "context", "season", "bounds", "time", "time_format", "step"),
        *("gather", "delimiter", "decimal", "thousands", "missing", "duplicates", "unsorted"),
        *("exclude", "series", "wide", "taught", "learner", "workers", "checkpoint"),
    ),
    "labels": ("labels", "label", "text"),
}
OF_PANELS = ("taught", "learner", "workers", "checkpoint")  # can only be said of many series


def of_many(asked: Namespace) -> bool:
    """Whether each series of a file has a learner of its own."""
    return asked.series is not None or bool(asked.wide)


class UsageError(ValueError):
    """Options that do not go together with each other or with the file."""


class Kind(ABC):
    """What a run of one kind does, in the order in which it is done.

    Attributes
    ----------
    stream, learner, loop, report
        Who reads, who forecasts, who walks, and who writes: there once ``open``, ``begin`` and
        ``reporting`` were called.
    bad : str
        What became of strange lines.
    """

    stream: Any
    learner: Any
    loop: Any
    report: Any
    bad: str

    @abstractmethod
    def load(self) -> None:
        """Import what takes time."""

    @abstractmethod
    def open(self, asked: Namespace) -> Any:
        """Open the source as a stream."""

    @abstractmethod
    def begin(self, asked: Namespace) -> list[str]:
        """Make the learner and its loop; returns what was guessed, in sentences."""

    @abstractmethod
    def reporting(self, asked: Namespace) -> Any:
        """Make the report."""

    def blocks(self) -> Iterator[Any]:
        """What is read."""
        return iter(self.stream)

    @abstractmethod
    def nothing(self) -> Any:
        """A piece without rows."""

    @abstractmethod
    def pieces(self, blocks: Iterable[Any]) -> Iterator[Any]:
        """The blocks in pieces whose answers can be held."""

    @abstractmethod
    def feed(self, piece: Any) -> Any:
        """Forecast, be told, learn; returns the answers."""

    @abstractmethod
    def score(self, piece: Any, answers: Any) -> None:
        """Score the answers, and write them."""

    @abstractmethod
    def coming(self) -> list[Any]:
        """What comes after the end of the data."""

    @abstractmethod
    def weights(self) -> dict[tuple[str, int], dict[str, float]]:
        """How much each expert weighs now, by series and horizon."""

    def listened(self, first: int, n: int) -> Iterator[tuple[int, int]]:
        """Parts of the next n rows; before some of them it is noted who is listened to."""
        return self.report.course.weights.parts(first, n, self.weights) if n else iter([(0, 0)])

    def notices(self) -> list[str]:
        """What was asked for and never came about, in sentences."""
        return []

    @abstractmethod
    def points(self) -> int:
        """Words, messages, or values on the grid, missing ones included."""

    def tested(self) -> dict[str, Any]:
        """What a test of this very run found: whether it looked ahead."""
        return {}

    def drawn(self) -> dict[str, Any]:
        """What was drawn by chance of what may come."""
        return {}

    def paced(self) -> dict[str, float | None]:
        """What one point costs by itself, now that all is learned."""
        return {}

    @abstractmethod
    def read(self) -> dict[str, Any]:
        """What was read, and how."""

    def close(self) -> None:  # noqa: B027  (most hold nothing)
        """Let go of what is held beside the source."""


def joined(parts: Sequence[tuple["np.ndarray", ...]]) -> "Iterable[np.ndarray]":
    """The columns of several answers, one below the other."""
    import numpy as np

    return parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
