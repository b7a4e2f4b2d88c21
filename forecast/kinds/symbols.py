"""A run over the words or bytes of a text, or over messages with their labels."""

from abc import abstractmethod
from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from forecast.kinds.kind import LAST_ROWS, Kind, UsageError, joined

if TYPE_CHECKING:
    from forecast.learner import SymbolLearner, Symbols
    from forecast.lookahead import SymbolBeginning
    from forecast.prequential import SymbolRun, Told
    from forecast.report.symbols import SymbolReport
    from forecast.report.symbols.predictions import Top
    from forecast.stream.messages import MessageStream
    from forecast.stream.text import TextStream


SYMBOLS = 4096  # words whose likeliest rivals are held at once
SEED = 0  # of how a text may go on


class Symbolic(Kind):
    """A run over words or labels: what is common to both."""

    bad = "noticed"
    names: tuple[str, str] | None = None  # the two labels
    stream: "TextStream | MessageStream"
    learner: "SymbolLearner"
    loop: "SymbolRun"
    report: "SymbolReport"
    beginning: "SymbolBeginning"
    tops: "list[Top]"  # of the last piece, the likeliest answers of the rows that were wanted
    last: list[tuple[Any, Any]]  # the last observations, as a person gives them

    def load(self) -> None:
        """Import what it needs."""
        import forecast.prequential
        import forecast.report.symbols  # noqa: F401

    def reporting(self, asked: Namespace) -> "SymbolReport":
        """Make the report."""
        from forecast.lookahead import SymbolBeginning
        from forecast.prequential import SymbolRun
        from forecast.report.symbols import SymbolReport

        how = (asked.predictions, asked.force)
        self.report = SymbolReport(asked.out, asked.kind, self.names, *how)
        self.loop = SymbolRun(self.learner)
        self.beginning = SymbolBeginning(self._again)
        self.last = []
        return self.report

    def _again(self) -> "SymbolRun":
        """A run like this one that has seen nothing."""
        from forecast.prequential import SymbolRun

        return SymbolRun(type(self.learner)(**self.learner.options()))

    def nothing(self) -> "Symbols":
        """A block without rows."""
        import numpy as np

        from forecast.learner import Symbols

        none, here = np.empty(0, np.uint8), np.zeros(1, np.int64)
        return Symbols(0, none, here, none, here)

    def pieces(self, blocks: "Iterable[Symbols]") -> "Iterator[Symbols]":
        """The blocks in pieces whose answers can be held."""
        for block in blocks:
            for start in range(0, len(block), SYMBOLS):
                yield part_of(block, start, start + SYMBOLS)

    def feed(self, block: "Symbols") -> "Told":
        """Forecast, be told, learn; between rows that lie evenly apart, note who is listened to."""
        import numpy as np

        from forecast.prequential import Told

        parts: list[Told] = []
        wanted, self.tops = self.report.wanted(block), []
        for start, stop in self.listened(block.first, len(block)):
            parts.append(self.loop.feed(part_of(block, start, stop), wanted[start:stop]))
            self.tops += self.loop.tops
        told = Told(*joined(parts))
        tops = zip(np.flatnonzero(wanted).tolist(), self.tops, strict=True)
        self.beginning.keep(block, told, dict(tops))
        late = part_of(block, max(0, len(block) - LAST_ROWS), len(block))
        self.last = [*self.last, *self.observed(late)][-LAST_ROWS:]
        return told

    def weights(self) -> dict[tuple[str, int], dict[str, float]]:
        """How much each member of the blends weighs now."""
        return dict.fromkeys(self.report.course.watched, self.learner.weights())

    def tested(self) -> dict[str, Any]:
        """Whether the run looked ahead."""
        return {"look_ahead": self.beginning.test()}

    def paced(self) -> dict[str, float | None]:
        """What one point costs by itself."""
        from forecast.report.pace import symbol_pace

        return {**symbol_pace(self.learner, self.last)}

    @abstractmethod
    def observed(self, block: "Symbols") -> list[tuple[Any, Any]]:
        """The observations of a block as a person gives them, each with what is beside it."""

    def score(self, block: "Symbols", told: "Told") -> None:
        """Score the answers, and write them."""
        self.report.add(block, told, self.tops)

    def coming(self) -> list[Any]:
        """What comes next, the likeliest first."""
        from forecast.learner import TOP

        top: list[tuple[str, float]] = self.learner.predict().top(TOP)
        return top

    def read(self) -> dict[str, Any]:
        """What was read, and how."""
        counts = {"observed": self.points(), "missing": 0, "refused": 0}
        values = {name: counts for name, _ in self.report.course.watched}
        return {"rows": self.points(), "bad_rows": self.stream.bad, "values": values}

    def points(self) -> int:
        """Words or messages."""
        return self.loop.rows


class Words(Symbolic):
    """A run over the words of a text."""

    stream: "TextStream"
    ahead = 60  # words that are drawn

    def open(self, asked: Namespace) -> "TextStream":
        """Open the source."""
        from forecast.stream.text import open_text

        self.stream = open_text(asked.source)
        return self.stream

    def begin(self, asked: Namespace) -> list[str]:
        """Make the learner; nothing is guessed."""
        from forecast.words.forecaster import WordForecaster

        self.learner = WordForecaster()
        return []

    def observed(self, block: "Symbols") -> list[tuple[Any, Any]]:
        """The words of a block."""
        from forecast.lookahead import slices

        return [(word, None) for word in slices(block.y, block.y_at)]

    def read(self) -> dict[str, Any]:
        """What was read."""
        return {**super().read(), "bytes": self.stream.bytes}

    def drawn(self) -> dict[str, Any]:
        """How the text may go on, where there was one."""
        if not self.points():
            return {}
        import numpy as np

        from forecast.report.symbols.predictions import spelled

        (path,) = self.learner.predict().sample_ahead(np.random.default_rng(SEED), self.ahead)
        whole = b"".join(word.encode("utf-8", "surrogateescape") for word in path)
        return {"continuation": {"seed": SEED, "text": spelled(whole)}}


class Bytes(Words):
    """A run over the bytes of a file."""

    ahead = 300

    def open(self, asked: Namespace) -> "TextStream":
        """Open the source."""
        from forecast.stream.text import open_bytes

        self.stream = open_bytes(asked.source)
        return self.stream

    def begin(self, asked: Namespace) -> list[str]:
        """Make the learner; nothing is guessed."""
        from forecast.words.byte_forecaster import ByteForecaster

        self.learner = ByteForecaster()
        return []


class Labels(Symbolic):
    """A run over messages, each with its label."""

    stream: "MessageStream"
    names: tuple[str, str]

    def open(self, asked: Namespace) -> "MessageStream":
        """Open the source."""
        from forecast.stream.messages import open_messages

        named = asked.label, asked.text
        if None in named and any(named):
            raise UsageError("a table of messages has both: name --label COL and --text COL.")
        columns = named if all(named) else None
        self.stream = open_messages(asked.source, asked.labels, columns)
        return self.stream

    def begin(self, asked: Namespace) -> list[str]:
        """Make the learner; returns which labels were guessed."""
        from forecast.labels.forecaster import LabelForecaster

        self.names = self.stream.labels
        self.learner = LabelForecaster(self.names)
        return [f"guessed: {guess}" for guess in self.stream.guessed]

    def pieces(self, blocks: "Iterable[Symbols]") -> "Iterator[Symbols]":
        """The blocks as they come: of each, the stream knows the lines while it is the last."""
        return iter(blocks)

    def score(self, block: "Symbols", told: "Told") -> None:
        """Score the answers, and write them with the lines where they stand."""
        self.report.add(block, told, self.tops, self.stream.lines)

    def observed(self, block: "Symbols") -> list[tuple[Any, Any]]:
        """The labels of a block, each with its message."""
        from forecast.lookahead import slices

        both = zip(slices(block.y, block.y_at), slices(block.x, block.x_at), strict=True)
        return [(self.names[y[0]], x) for y, x in both]

    def read(self) -> dict[str, Any]:
        """What was read, and how."""
        return {**super().read(), "guessed": self.stream.guessed}


def part_of(block: "Symbols", start: int, stop: int) -> "Symbols":
    """The observations of a block from one place to before another."""
    from forecast.learner import Symbols

    to = slice(start, stop + 1)
    return Symbols(block.first + start, block.x, block.x_at[to], block.y, block.y_at[to])
