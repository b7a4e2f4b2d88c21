"""A run over the many series of a CSV, long or wide."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any

from forecast.kinds.kind import Kind, UsageError
from forecast.kinds.numbers import read_as, season_for, season_said

if TYPE_CHECKING:
    from forecast.learner import NumberLearner
    from forecast.panel.panel import Panel
    from forecast.panel.rows import Chunk
    from forecast.panel.store import Store
    from forecast.panel.stream import LongStream
    from forecast.panel.wide import WideStream
    from forecast.report.panel import PanelReport

NAMED = 10  # columns that are listed
PIECE = 1 << 13  # values that are read at once where the next new series is to be taught by them
KEPT_EVERY = 30.0  # seconds between two transactions of the store
# what makes a run this one: a checkpoint of another is refused
SAID = (
    *("source", "series", "wide", "target", "horizon", "season", "bounds", "learner", "taught"),
    *("time", "time_format", "step", "delimiter", "decimal", "thousands", "missing"),
    *("duplicates", "unsorted", "exclude"),
)


class Panels(Kind):
    """A run over many series, each with a learner of its own."""

    bad = "left out"
    stream: "LongStream | WideStream"
    learner: "NumberLearner"
    loop: "Panel"
    report: "PanelReport"
    store: "Store | None" = None

    def __init__(self) -> None:
        self._touched: set[int] = set()  # series that have moved since they were kept
        self._early = 0  # chunks that were read before the first series walked, and wait

    def load(self) -> None:
        """Import what it needs."""
        import forecast.panel.stream
        import forecast.panel.wide
        import forecast.report.panel  # noqa: F401

    def open(self, asked: Namespace) -> "LongStream | WideStream":
        """Open the source."""
        refuse_what_panels_lack(asked)
        self.stream = opened(asked)
        self._blocks: Iterator[Chunk] = iter(self.stream)
        return self.stream

    def blocks(self) -> "Iterator[Chunk]":
        """What is read: begun once the step is known."""
        yield from self._blocks

    def begin(self, asked: Namespace) -> list[str]:
        """Make the learners' pattern, go on where a checkpoint stands; returns what was guessed."""
        from forecast.panel.panel import Panel
        from forecast.panel.store import Store

        stands = None
        if asked.checkpoint is not None:
            self.store, self._said = Store(asked.checkpoint), said(asked)
            stands = self.store.stands()
            refuse_another(asked.checkpoint, stands, self._said)
        if stands is not None:
            self.stream.go_on(stands["stream"])
        # the step, and with it the season, is that of the first series with a second time
        read: list[Chunk] = []
        while self.stream.step is None and (chunk := next(self._blocks, None)) is not None:
            read.append(chunk)
        self._blocks = chain(read, self._blocks)
        self._early = len(read)
        self.season = season_for(asked.season, self.stream.step)
        self.loop = Panel(
            lambda: learner_for(asked, self.stream), self.season, asked.workers, asked.taught
        )
        self.learner = self.loop.pattern
        self._due = monotonic() + KEPT_EVERY
        told = [*(f"guessed: {guess}" for guess in self.stream.guessed)]
        told.append(season_said(asked.season, self.season, self.stream.step))
        if stands is not None:
            self._go_on(stands)
            told.append(f"going on after row {self.stream.rows_read:,} of the file")
        size = self.learner.floats.nbytes + self.learner.ints.nbytes
        other = "" if asked.learner == "full" else "; --learner full for that of a single series"
        told.append(f"each series has a {type(self.learner).__name__} of {size:,} bytes{other}")
        return told

    def _go_on(self, stands: dict[str, Any]) -> None:
        """Put all series where they stood."""
        assert self.store is not None
        panel, stream = self.loop, self.stream
        self.store.fill(panel, lambda number, place: stream.put(number, place, panel.names[number]))
        panel.points, panel.pupils = stands["points"], stands.get("pupils", 0)

    def reporting(self, asked: Namespace) -> "PanelReport":
        """Make the report."""
        from forecast.report.panel import PanelReport

        self.report = PanelReport(asked.out, self.loop, self.stream.times, asked.force)
        return self.report

    def nothing(self) -> "Chunk":
        """A chunk without rows."""
        from forecast.panel.rows import Chunk

        return Chunk(0, 0, [])

    def pieces(self, blocks: "Iterable[Chunk]") -> "Iterator[Chunk]":
        """The chunks as they come: they are bounded already."""
        return iter(blocks)

    def feed(self, piece: "Chunk") -> None:
        """Let the series walk on; while they do, the next chunk is read."""
        if not piece.parts:
            self.loop.warm()
        self.loop.join(self.stream.names[len(self.loop) :])
        for part in piece.parts:
            self.loop.feed(part)

    def score(self, piece: "Chunk", answers: None) -> None:
        """Answers were scored as they came; keep it all when it is time."""
        if self.store is None:
            return
        self._touched.update(*(part.who.tolist() for part in piece.parts))
        self._early = max(0, self._early - 1)
        if monotonic() >= self._due and not self._early:
            self._keep()

    def _keep(self) -> None:
        """Keep where all series stand, and how far was read."""
        import numpy as np

        assert self.store is not None
        if self.stream.step is None:
            return  # no series has a second time: there is nothing to go on from
        numbers = np.array(sorted(self._touched), np.int64)
        loop = self.loop
        counted = {"points": loop.points, "pupils": loop.pupils}
        stands = {"said": self._said, **counted, "stream": self.stream.stands()}
        self.store.keep(self.loop, numbers, self.stream.place, stands)
        self._touched.clear()
        self._due = monotonic() + KEPT_EVERY

    def coming(self) -> "Iterator[Any]":  # type: ignore[override]
        """What comes after the end of each series."""
        from forecast.panel.found import coming_rows

        if self.store is not None:
            self._keep()
        return coming_rows(self.loop, self.stream.times)

    def close(self) -> None:
        """Let others have the store, and the threads go."""
        if self.store is not None:
            self.store.close()
        if hasattr(self, "loop"):  # it was begun
            self.loop.close()

    def weights(self) -> dict[tuple[str, int], dict[str, float]]:
        """Of no series it is followed who is listened to."""
        return {}

    def read(self) -> dict[str, Any]:
        """What was read, and how."""
        from forecast.panel.found import counted

        stream = self.stream
        return {
            "rows": self.points(),
            "rows_read": stream.rows_read,
            "bad_rows": stream.bad,
            "values": {name: int(each.sum()) for name, each in counted(self.loop).items()},
            "time": stream.time,
            "step": None if stream.step is None else str(stream.step),
            "guessed": stream.guessed,
            "workers": self.loop.workers,
            "series_taught": self.loop.pupils,
        }

    def notices(self) -> list[str]:
        """Exclusions that no row has met, a file that may be cut."""
        said = [f"warning: --exclude {text} met no row" for text in self.stream.unmet]
        if self.loop.taught and not self.loop.pupils:
            said.append(
                "warning: --taught changed nothing: no series began after four others had had a "
                "hundred answers"
            )
        if empty := self.stream.empty:
            listed = ", ".join(empty[:NAMED]) + (" ..." if len(empty) > NAMED else "")
            said.append(f"warning: no value stands in {len(empty):,} columns: {listed}")
        if self.stream.unended:
            said.append("warning: the last line ends without a newline: was the file cut there?")
        return said

    def points(self) -> int:
        """Values on the grids, missing ones included."""
        return self.loop.points


def refuse_what_panels_lack(asked: Namespace) -> None:
    """Refuse options that a run over many series does not know."""
    if asked.series is not None and asked.wide:
        raise UsageError(
            "--series is of a long file, --wide of one with a column for each series: say one."
        )
    if asked.known or asked.context:
        said = "--wide" if asked.wide else "--series"
        raise UsageError(f"--known and --context are of a single series: leave out {said}.")
    if asked.gather:
        raise UsageError("--gather is of a single series: gather the rows before, or leave it out.")
    if len(asked.target) > 1 and not asked.wide:
        raise UsageError("a long file has one column of values: name one --target.")
    if asked.bounds != (None, None) and asked.learner == "light":
        raise UsageError("the light learner knows no bounds: say --learner full with --bounds.")
    if asked.taught and asked.learner != "light":
        raise UsageError("--taught is of light learners: leave it out, or --learner full.")
    if asked.predictions == "all":
        raise UsageError(
            "of a panel the answers are scored and not kept: leave --predictions all out, or run "
            "the series by itself."
        )
    if asked.checkpoint is not None and asked.source == "-":
        raise UsageError("--checkpoint is of a file, which can be read again: name one.")


def opened(asked: Namespace) -> "LongStream | WideStream":
    """The source that was asked for, as a stream of many series."""
    from forecast.panel.stream import open_long
    from forecast.panel.wide import open_wide

    chunk = {"chunk": PIECE} if asked.taught else {}
    if asked.wide:
        wide: WideStream = read_as(asked, open_wide, asked.source, target=asked.target, **chunk)
        return wide
    target = asked.target[0] if asked.target else None
    long: LongStream = read_as(asked, open_long, asked.source, asked.series, target=target, **chunk)
    return long


def learner_for(asked: Namespace, stream: "LongStream | WideStream") -> "NumberLearner":
    """Who forecasts one series of the panel."""
    from forecast.kinds.numbers import learner_for as single
    from forecast.numbers.light import LightForecaster

    return (
        LightForecaster(asked.horizon)
        if asked.learner == "light"
        else single(asked, 1, stream.step)
    )


def said(asked: Namespace) -> dict[str, Any]:
    """What the results depend on, as JSON holds it."""
    words = {name: getattr(asked, name) for name in SAID}
    words["step"] = None if asked.step is None else str(asked.step)
    told = {name: list(v) if isinstance(v, tuple) else v for name, v in words.items()}
    return {name: value for name, value in told.items() if value is not False}


def refuse_another(path: str, stands: dict[str, Any] | None, words: dict[str, Any]) -> None:
    """Refuse a checkpoint of a run that was asked otherwise."""
    before = words if stands is None else stands["said"]
    other = [name for name in {**before, **words} if before.get(name) != words.get(name)]
    if other:
        listed = ", ".join(f"{name} {before.get(name)!r}" for name in other)
        raise UsageError(
            f"{path} is of a run that was asked otherwise ({listed}): ask the same, or begin anew "
            "with another --checkpoint."
        )
