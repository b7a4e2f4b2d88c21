"""What a run of words or labels leaves behind: the files of a run of numbers, with p for intervals.

``SymbolReport`` is fed while the run goes on; its memory is bounded, whatever the length of the
stream.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.report.course import Course
from forecast.report.findings import findings
from forecast.report.folder import Folder
from forecast.report.predictions import Keep
from forecast.report.scores import Bools, Entry, Floats, Ints
from forecast.report.symbols import labels as label_room
from forecast.report.symbols import words as word_room
from forecast.report.symbols.labels import LabelScores
from forecast.report.symbols.predictions import SymbolPredictions, Top, next_file
from forecast.report.symbols.surprises import Surprises
from forecast.report.symbols.words import WordScores
from forecast.report.traces import Bins

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told
    from forecast.report.plots import Drawing

Kind = Literal["words", "labels"]


class SymbolReport(Folder):
    """Writes what a run of words or labels leaves behind, while it runs.

    Parameters
    ----------
    out : path
        A directory, made where there is none.
    kind : {"words", "labels"}
    labels : pair of str
        The negative and the positive label.
    predictions : {"auto", "all", "none"}
        Which answered questions ``predictions.csv`` lists.
    force : bool
        Replace the run that ``out`` holds already.

    Raises
    ------
    FileExistsError
        If ``out`` holds another run, is being filled by one, or is no directory.
    ValueError
        If labels are missing where the kind is labels.

    Examples
    --------
    A run feeds it with blocks and what was told of them (``report.add``); this one has none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out, SymbolReport(out, "words") as report:
    ...     record = report.finish([], {"source": "nothing.txt"})
    >>> verdict(record)
    'The text is empty, so nothing was forecast and nothing can be said.'
    """

    listing: SymbolPredictions

    def __init__(
        self,
        out: str | Path,
        kind: Kind,
        labels: Sequence[str] | None = None,
        predictions: Keep = "auto",
        force: bool = False,
    ) -> None:
        if (kind == "labels") != (labels is not None):
            raise ValueError("name the two labels where the kind is labels, and only there")
        super().__init__(out, force)
        self.kind, self.labels = kind, tuple(labels or ())
        self.scores = WordScores() if labels is None else LabelScores(labels)
        self.surprises = Surprises(running=labels is None)
        self.bins = Bins(1, self.scores.traced, (), ())
        self.course = Course((self.scores.series,), (1,))
        self.place = 0  # byte of the text, or line of the file, after what was read
        self.listing = SymbolPredictions(self.delivery, self.scores.series, predictions)

    def wanted(self, block: "Symbols") -> Bools:
        """Of which rows of the next block ``add`` will need the likeliest answers."""
        wanted = np.zeros(len(block), np.bool_)
        wanted[self.listing.kept(block.first + np.arange(len(block)))] = True
        return wanted

    def add(
        self, block: "Symbols", told: "Told", tops: Sequence[Top], times: Ints | None = None
    ) -> None:
        """Take a block of answered questions, in order of rows.

        Parameters
        ----------
        block : Symbols
        told : Told
        tops : sequence of sequences of (word or label, p)
            The likeliest answers before each that is ``wanted``.
        times : int64 array [n], optional
            Where each stands: by default the byte of the text where a word begins, and the number
            of a message, from 1.
        """
        if not len(block):
            return
        at = self._times(block) if times is None else times
        self.place = int(at[-1]) + (1 if self.labels else int(block.y_at[-1] - block.y_at[-2]))
        values = self.scores.add(block, told)
        here = np.zeros(len(block), np.int64)
        self.bins.add(here, self.bins.of(told.row), values)
        self._watch(told, at)
        self.surprises.add(block, told.surprise, at)
        self.listing.add(told, tops, self._names(block), at)

    def _watch(self, told: "Told", at: Ints) -> None:
        """Follow the surprise through the stream; words and labels have no level."""
        first, word = int(told.row[0]), "line" if self.labels else "byte"
        silent = np.full(len(told.row), np.nan)
        values = told.surprise, told.expected, silent
        here = np.zeros(len(told.row), np.int64)
        self.course.see(told.row, here, values, lambda row: f"{word} {int(at[row - first]):,}")

    def _times(self, block: "Symbols") -> Ints:
        if self.labels:
            return np.arange(block.first + 1, block.first + 1 + len(block))
        start: Ints = self.place - block.y_at[0] + block.y_at[:-1]
        return start

    def _names(self, block: "Symbols") -> Callable[[int], bytes | str]:
        raw, at = bytes(block.y), block.y_at.tolist()
        if self.labels:
            return lambda t: self.labels[raw[at[t]]]
        return lambda t: raw[at[t] : at[t + 1]]

    def finish(self, next_rows: Top, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write all files and return what ``scores.json`` holds.

        Parameters
        ----------
        next_rows : sequence of (word or label, p)
            The likeliest next answers, most likely first.
        facts : mapping
            What else there is to say; see ``Report.finish``.
        """
        from forecast.report.symbols.page import page

        entry = self.scores.entry()
        asked = {"kind": self.kind, "series": [self.scores.series], "horizons": [1]}
        named = {"labels": self.labels} if self.labels else {}
        found = {**facts, "course": findings(self.course)}
        record = self.recorded(found, {**asked, **named}, [entry])
        coming = next_file(self.scores.series, self._next_place(), next_rows)
        self.delivery.write("forecast.csv", coming)
        figures = self._figures(entry)
        parts = (verdict(record), table(record), self.scores.meanings, next_rows)
        self.write(record, figures, page(record, *parts, figures, self.surprises.kept))
        return record

    def _next_place(self) -> int:
        return max(self.place, len(self.labels) and 1)

    def _figures(self, entry: Entry) -> "list[Drawing]":
        if entry["n"] == 0:
            return []
        from forecast.report.symbols.plots import Shown, drawings

        positive = self.labels[1] if self.labels else ""
        things = "messages" if self.labels else "words"
        return drawings(Shown.of(things, self.bins, entry, positive, self.reliability()))

    def reliability(self) -> Floats:
        """Answers, mean p and share of positives [3, bars] of labels by their probability."""
        if isinstance(self.scores, WordScores):
            return np.empty((3, 0))
        sums = self.scores.reliability
        bars = range(label_room.BARS)
        means = [[sums.mean(name, bar) for bar in bars] for name in ("p", "positive")]
        return np.array([sums.count["p"], *means], float)


def verdict(record: Mapping[str, Any]) -> str:
    """What ``scores.json`` holds, in one or two honest sentences."""
    (entry,) = record["scores"]
    if record["kind"] == "words":
        return word_room.verdict(entry)
    return label_room.verdict(entry, record["labels"])


def table(record: Mapping[str, Any]) -> list[list[str]]:
    """The scores beside those of the free rivals: a header and a row."""
    (entry,) = record["scores"]
    return word_room.table(entry) if record["kind"] == "words" else label_room.table(entry)
