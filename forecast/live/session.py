"""A live run from its first line to its last: read, answer, write, and now and then keep it all."""

import gc
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import Any, cast

from forecast.kinds.kind import UsageError
from forecast.kinds.numbers import refuse_too_many, season_for, season_said
from forecast.live.alert import Alert, GreatSurprise, RareSurprise
from forecast.live.answers import Answering
from forecast.live.lines import Followed, Lines, Piped
from forecast.live.record import Gone, Output, Record
from forecast.live.rows import LiveRows
from forecast.live.serve.window import Window
from forecast.live.stop import Stop
from forecast.live.text import Text
from forecast.numbers.forecaster import NumberForecaster
from forecast.stream.errors import StreamError
from forecast.stream.rows import Rows

Say = Callable[[str], None]
PATIENCE = 1000  # rows of a gap that are answered before a wish to stop is heeded
# what makes a run this one: of another its checkpoint is refused
SAID = (
    *("follow", "source", "out", "target", "horizon", "season", "bounds", "alert"),
    *("time", "time_format", "step", "delimiter", "decimal", "thousands", "missing"),
    "exclude",
)


class Session:
    """One live run.

    Parameters
    ----------
    asked : Namespace
        As `forecast.live.options.parser` reads it.
    say : callable
        Is told, in sentences, what was guessed, refused and counted.
    """

    def __init__(self, asked: Namespace, say: Say) -> None:
        refuse_too_many(asked.horizon, 1)
        if asked.force and asked.out is None:
            raise UsageError("--force replaces what --out holds: name that.")
        self.asked, self.say = asked, say
        self.answering = Answering(asked, alert_of(asked))
        alert = asked.alert
        self.text = Text(asked.horizon, alert is not None and alert[0] == "p", alert is not None)
        self.window: Window | None = None
        self.output: Output | None = None
        self.alarms = 0
        self._season_said = False

    def carry_on(self) -> int:
        """Answer until the input ends or a signal comes; how many alarms were raised.

        Raises
        ------
        StreamError
            If the input never made sense, or cannot be read any more.
        UsageError
            If what was left behind does not go with what is asked.
        """
        with ExitStack() as held:
            stop = held.enter_context(Stop())
            if self.asked.serve is not None:
                self.window = held.enter_context(served(self.asked, self.say))
            record = Record(self.asked.checkpoint, said(self.asked))
            held.callback(record.close)
            if self.asked.out is not None and not self.asked.force:
                record.refuse_filled(self.asked.out)
            self._open(record)
            held.callback(self.lines.close)
            if record.kept is None:
                # what is written before the next one is known to be ours
                record.save(self.answering.learner, self.answering.more(), self._stands())
            self.output = output = record.output(self.asked.out, stop)
            held.callback(output.close)
            warm(self.asked)
            self._answer(stop, record, output)
        return self.alarms

    def _open(self, record: Record) -> None:
        """Open the input where it was left, and stand where the run stood."""
        asked, kept = self.asked, record.kept
        notes = {} if kept is None else kept.notes
        place = notes.get("place")
        self.lines: Lines
        if asked.follow is None and asked.source == "-":
            self.lines = Piped()
        else:
            path, waits = asked.follow or asked.source, asked.follow is not None
            self.lines = Followed(path, waits, place, self._tell)
        self.rows = LiveRows(asked, self.lines.name, self._tell, notes.get("reading"))
        if kept is None:
            return
        learner = cast(NumberForecaster, kept.learner)
        self.answering.go_on(learner, kept.more, notes["answering"])
        if place is None or cast(Followed, self.lines).anew:
            self.rows.read_anew()
        if self.answering.rows:
            self.say(f"going on after row {self.answering.rows - 1:,}")

    def _tell(self, sentence: str) -> None:
        """Say something, after the answers that came before it."""
        if self.output is not None:
            self.output.flush()
        self.say(sentence)

    def _answer(self, stop: Stop, record: Record, output: Output) -> None:
        """Answer line by line, and keep it all when it is time."""
        every, due, kept = self.asked.every, monotonic() + self.asked.every, self.answering.rows
        try:
            for line in self.lines.each(stop):
                if line is None:
                    output.flush()
                else:
                    for rows in self.rows.of(line, self.lines.line):
                        self._answer_rows(rows, stop, output)
                if monotonic() >= due:
                    if self.answering.rows > kept:
                        self._keep(record, output)
                        kept = self.answering.rows
                    due = monotonic() + every
            output.flush()
        except Gone:
            return  # of what was not taken nothing is kept: it will be answered again
        except StreamError:
            if self.rows.stream is not None:
                with suppress(Gone):
                    self._keep(record, output)
            raise
        if self.rows.stream is None and not stop.asked:
            self.rows.refuse_nothing()
        self._keep(record, output)
        self._say_counts()

    def _answer_rows(self, rows: Rows, stop: Stop, output: Output) -> None:
        """Answer the instants that a line has brought."""
        stream = self.rows.stream
        assert stream is not None
        if not self._season_said and stream.step is not None:
            asked, self._season_said = self.asked.season, True
            self._tell(season_said(asked, season_for(asked, stream.step), stream.step))
        for row, (time, y) in enumerate(zip(rows.times, rows.y[:, 0].tolist(), strict=True)):
            if row > PATIENCE and stop.asked:
                raise Gone  # in a long gap: it will be answered from its beginning
            answer = self.answering.told(y, stream.step)
            self.alarms += answer.alarm
            times = self._times(answer.row)
            output.write(self.text.of(answer, time, times))
            if self.window is not None:
                self.window.name(stream.series[0], stream.time)
                self.window.put(answer, time, times)

    def _times(self, row: int) -> list[str | None]:
        """The times of what is forecast from a row on; None while no step is known."""
        stream = self.rows.stream
        assert stream is not None
        if stream.step is None:
            return [None] * len(self.asked.horizon)
        # at a gap the stream stands past it already
        past = stream.rows - 1 - row
        return [*stream.futures([horizon - past for horizon in self.asked.horizon])]

    def _keep(self, record: Record, output: Output) -> None:
        output.flush()
        record.save(self.answering.learner, self.answering.more(), self._stands(), output)

    def _stands(self) -> dict[str, Any]:
        """Where the run stands, apart from what it believes."""
        return {
            "name": self.lines.name,
            "place": self.lines.place(),
            "reading": self.rows.stand(),
            "answering": self.answering.stand(),
        }

    def _say_counts(self) -> None:
        """What was left out, and what was raised."""
        for reason, count in self.rows.counts().items():
            self.say(f"left out: {count:,} ({reason})")
        if self.answering.alert is not None:
            self.say(f"alarms: {self.alarms:,} in this run, {self.answering.alert.raised:,} in all")


def alert_of(asked: Namespace) -> Alert | None:
    """What raises alarms, as it was asked for."""
    if asked.alert is None:
        return None
    how, number = asked.alert
    return RareSurprise(number) if how == "p" else GreatSurprise(number)


@contextmanager
def served(asked: Namespace, say: Say) -> Iterator[Window]:
    """A window on the run, and the page that shows it."""
    from forecast.live.serve.server import Server

    source = "standard input" if asked.source == "-" else asked.follow or asked.source
    window = Window(source, asked.horizon, asked.alert)
    with Server(asked.serve, window) as server:
        say(f"watch it at {server.url}")
        yield window


def said(asked: Namespace) -> dict[str, Any]:
    """What the answers depend on, as JSON holds it."""
    words = {name: getattr(asked, name) for name in SAID}
    words["step"] = None if asked.step is None else str(asked.step)
    if words["thousands"] is None:
        del words["thousands"]  # checkpoints from before it was an option hold no word of it
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in words.items()
    }


def warm(asked: Namespace) -> None:
    """Load or compile all that answers a row, before the first one comes."""
    rehearsal = Answering(asked, None)
    for y in (1.0, 2.0, 3.0):
        rehearsal.told(y, None)
    gc.collect()
    gc.freeze()  # what is there now stays: nothing to look through while rows come
