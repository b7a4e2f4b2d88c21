"""What a run of words or labels leaves behind: the files of a run of numbers, with p for intervals.

``SymbolReport`` is fed while the run goes on; its memory is bounded, whatever the length of the
stream. What it has written it also tells, as that of numbers does.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.report.account import questions
from forecast.report.batch_means import interval_for
from forecast.report.course import Course
from forecast.report.findings import findings
from forecast.report.folder import Folder
from forecast.report.predictions import Keep, chosen
from forecast.report.scores import Bools, Ints
from forecast.report.symbols.bytewise import ByteScores
from forecast.report.symbols.labels import LabelScores
from forecast.report.symbols.passages import Passages
from forecast.report.symbols.predictions import SymbolPredictions, Top, next_file
from forecast.report.symbols.scores import Likeliest, SymbolScores
from forecast.report.symbols.surprises import Surprises
from forecast.report.symbols.words import WordScores
from forecast.report.traces import Bins, Instants, Trace
from forecast.report.verdict import FEW, lately

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.learner import Symbols
    from forecast.prequential import Told
    from forecast.report.confusion import Watched
    from forecast.report.drawing import Drawing
    from forecast.report.symbols.plots import Shown

Kind = Literal["words", "bytes", "labels"]

FEWER = 16  # where no answer is listed, a sixteenth of those that would be is looked at
SCORES: dict[str, type[SymbolScores]] = {
    "words": WordScores,
    "bytes": ByteScores,
    "labels": LabelScores,
}


class SymbolReport(Folder):
    """Writes what a run of words or labels leaves behind, while it runs; afterwards it tells it.

    Parameters
    ----------
    out : path
        A directory, made where there is none.
    kind : {"words", "bytes", "labels"}
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
    >>> report.verdict
    'The text is empty, so nothing was forecast and nothing can be said.'
    """

    listing: SymbolPredictions
    texts = ("series", "y", "top")

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
        self._scores = SCORES[kind]()
        self.headline = ("n", "surprise", self._scores.rivalry.loss, "accuracy")
        self.surprises = Surprises(running=labels is None)
        self.passages = Passages()  # of a text
        self.bins = Bins(1, self._scores.traced, (), ("surprise",))
        self.began = Instants()
        self.course = Course((self._scores.series,), (1,))
        self.place = 0  # byte of the text, or line of the file, after what was read
        self.listing = SymbolPredictions(self.delivery, self._scores.series, predictions)

    def wanted(self, block: "Symbols") -> Bools:
        """Of which rows of the next block ``add`` will need the likeliest answers.

        Of those that are listed, and, should none be, of a few: how often the likeliest was right
        is counted on them. To find the likeliest words takes ten times as long as to learn one.
        """
        row = block.first + np.arange(len(block))
        wanted = chosen(FEWER * row, row)
        wanted[self.listing.kept(row)] = True
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
        name = self._names(block)
        looked = dict(zip(np.flatnonzero(self.wanted(block)).tolist(), tops, strict=True))
        values = self._scores.add(block, told, likeliest(len(block), looked, name))
        here = np.zeros(len(block), np.int64)
        bins = self.bins.of(told.row)

        def time(row: int) -> str:
            return f"{self._scores.place} {int(at[row - block.first]):,}"

        self.began.note(told.row, bins, self.bins.length, time)
        self.bins.add(here, bins, values)
        level = np.full(len(block), np.nan)  # words and labels have none
        self.course.see(told.row, here, (told.surprise, told.expected, level), time)
        self.surprises.add(block, told, at)
        if not self.labels:
            self.passages.add(block, told, looked)
        self.listing.add(told, looked, name, at)

    def _times(self, block: "Symbols") -> Ints:
        if self.labels:
            return np.arange(block.first + 1, block.first + 1 + len(block))
        start: Ints = self.place - block.y_at[0] + block.y_at[:-1]
        return start

    def _names(self, block: "Symbols") -> Callable[[int], str]:
        """The word or label at a place of a block, as its learner names it."""
        raw, at = bytes(block.y), block.y_at.tolist()
        if self.labels:
            return lambda t: self.labels[raw[at[t]]]
        return lambda t: raw[at[t] : at[t + 1]].decode("utf-8", "surrogateescape")

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

        worst = [one.told(self.labels) for one in self.surprises.kept]
        entry = {**self._scores.entry(), "worst": worst}
        asked = {"kind": self.kind, "series": [self._scores.series], "horizons": [1]}
        named = {"labels": self.labels} if self.labels else {"passages": self.passages.told()}
        found = {
            # one is asked after each answer, and one before the first
            "questions": questions(int(facts.get("rows") or 0) + 1, [entry]),
            "skill_intervals": self._scores.sure.entries(),
            "course": findings(self.course),
        }
        record = self.recorded({**facts, **found}, {**asked, **named}, [entry])
        coming = next_file(self._scores.series, self._next_place(), next_rows)
        self.delivery.write("forecast.csv", coming)
        self._record = record
        figures = self._figures()
        self.write(record, figures, page(record, self.verdict, self._scores, next_rows, figures))
        return record

    def _next_place(self) -> int:
        return max(self.place, len(self.labels) and 1)

    def _figures(self) -> "list[Drawing]":
        if self._record["scores"][0]["n"] == 0:
            return []
        from forecast.report.confusion import confusions
        from forecast.report.symbols.plots import drawings

        return drawings(self._shown()) + confusions(*self._watched(), True, self._scores.axis)

    def _shown(self) -> "Shown":
        """What is drawn of the losses."""
        from forecast.report.symbols.plots import Shown

        rivals = self._scores.rivalry.rivals
        (entry,) = self._record["scores"]
        what = self.labels[1] if self.labels else ""
        return Shown.of(self._scores.things, self.bins, rivals, entry, what)

    def _watched(self) -> "tuple[list[Watched], list[tuple[float, str]]]":
        """What is drawn of how it was confused, and the places in the stream."""
        rows, count, mean, lowest, highest = self.bins.drawn(0)
        series = self._scores.series
        trace = Trace(series, 1, rows, self.bins.length, count, mean, lowest, highest)
        weights = self.course.weights.of(series, 1)
        watched: list[Watched] = [(trace, one, weights) for one in self._record["course"]]
        instants = [(float(row), text) for _, (row, text) in sorted(self.began.begun.items())]
        return watched, instants

    # ---- what it tells once it is finished ------------------------------------------------------

    @property
    def verdict(self) -> str:
        """How good the forecasts were, in three sentences."""
        return verdict(self._record)

    def plot(
        self, kind: str, series: str | None = None, horizon: int | None = None
    ) -> "list[Axes]":
        """Draw a figure of the page.

        Parameters
        ----------
        kind : str
            "loss", "reliability" or "confusion".
        series, horizon : optional
            There is one of each: "word", "byte" or "label", and 1.

        Returns
        -------
        list of matplotlib Axes

        Raises
        ------
        ValueError
            If there is no such figure, or nothing was kept to draw it from.
        """
        from forecast.report.confusion import confusion
        from forecast.report.drawing import styled
        from forecast.report.symbols.plots import FIGURES

        if series not in (None, self._scores.series) or horizon not in (None, 1):
            known = f"{self._scores.series} at 1"
            raise ValueError(f"nothing was kept of {series!r} at horizon {horizon}: say {known}")
        watched, instants = self._watched()
        figured = None
        with styled():
            if kind == "confusion" and watched:
                figured = confusion(0, *watched[0], instants, True, self._scores.axis)
            elif kind in FIGURES and watched:
                figured = FIGURES[kind](self._shown())
        if figured is None:
            known = ", ".join([*FIGURES, "confusion"])
            raise ValueError(f"{kind!r} cannot be drawn of this run: say one of {known}")
        axes: list[Axes] = figured[3].axes
        return axes


def likeliest(n: int, tops: Mapping[int, Top], name: Callable[[int], str]) -> Likeliest:
    """Of n answers what the likeliest ones were, where that was looked at.

    Examples
    --------
    >>> seen = likeliest(3, {1: [("a", 0.5), ("b", 0.2)]}, lambda place: "b")
    >>> seen.p.tolist(), seen.right.tolist(), seen.listed.tolist()
    ([nan, 0.5, nan], [nan, 0.0, nan], [nan, 1.0, nan])
    """
    found = Likeliest(*np.full((3, n), np.nan))
    for place, top in tops.items():
        names = [one for one, _ in top]
        answer = name(place)
        found.p[place] = top[0][1] if top else np.nan
        found.right[place] = float(names[:1] == [answer])
        found.listed[place] = float(answer in names)
    return found


def verdict(record: Mapping[str, Any]) -> str:
    """What ``scores.json`` holds, in three honest sentences.

    How much less it cost than the best naive forecaster, and how sure; whether the probabilities
    held; what changed lately.
    """
    (entry,) = record["scores"]
    room = SCORES[record["kind"]]
    sure = interval_for(record.get("skill_intervals", ()), entry["series"], 1)
    said = room.said(entry, sure, record.get("labels", ()))
    if entry["n"] and record.get("course"):
        said.append(lately(record["course"]))
    if 0 < entry["n"] < FEW:
        said.append(f"That is few: fewer than {FEW} {room.things} prove little.")
    return " ".join(said)


def table(record: Mapping[str, Any]) -> list[list[str]]:
    """The scores beside those of the free rivals: a header and a row."""
    (entry,) = record["scores"]
    return SCORES[record["kind"]].table(entry)
