"""What a run leaves behind: scores, predictions, the next values, and one page that shows them.

``Report`` is fed while the run goes on and never holds the run: its memory is bounded by the number
of series and horizons, whatever the length of the stream.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.account import questions
from forecast.report.batch_means import SkillIntervals
from forecast.report.course import Course
from forecast.report.findings import Finding, findings
from forecast.report.folder import Folder
from forecast.report.predictions import Keep, Next, Predictions, write_next
from forecast.report.scores import Entry, Ints, Scores
from forecast.report.traces import MOST_SERIES, Traces
from forecast.report.verdict import table, verdict

if TYPE_CHECKING:
    from forecast.prequential import Answers
    from forecast.report.plots import Drawing

__all__ = ["Next", "Report", "table", "verdict"]

PIECE = 8192  # answers worked on at once: they stay in the processor's cache


class Report(Folder):
    """Writes what a run leaves behind, while it runs.

    Parameters
    ----------
    out : path
        A directory, made where there is none.
    series : sequence of str
        Names, in the order of ``Answers.series``.
    horizons : sequence of int
        Steps ahead, ascending.
    season : int
        Rows in a season; 0 for none.
    predictions : {"auto", "all", "none"}
        Which answered questions ``predictions.csv`` lists.
    force : bool
        Replace the run that ``out`` holds already.

    Raises
    ------
    FileExistsError
        If ``out`` holds another run, or is no directory.

    Examples
    --------
    A run feeds it with blocks of answers (``report.add``); this one has none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out, Report(out, ["y"], [1], season=0) as report:
    ...     record = report.finish([], {"source": "nothing.csv"})
    >>> verdict(record["scores"])
    'No question was answered, so nothing can be said about these forecasts.'
    """

    predictions: Predictions

    def __init__(
        self,
        out: str | Path,
        series: Sequence[str],
        horizons: Sequence[int],
        season: int,
        predictions: Keep = "auto",
        force: bool = False,
    ) -> None:
        super().__init__(out, force)
        self.series, self.horizons, self.season = tuple(series), tuple(horizons), season
        self.scores = Scores(self.series, self.horizons, season)
        self.traces = Traces(self.series, self.horizons)
        self.course = Course(self.series, self.horizons)
        self.sure = SkillIntervals(self.series, self.horizons)
        self.predictions = Predictions(self.out / "predictions.csv", self.series, predictions)
        self.place = places(self.horizons)

    def add(self, answers: "Answers", times: Callable[[int], str]) -> None:
        """Take a block of answered questions, in order of rows.

        Parameters
        ----------
        answers : Answers
        times : callable
            The text of the time of a row in this block.
        """
        for piece in pieces(answers):
            cell = piece.series * len(self.horizons) + self.place[piece.horizon]
            self.scores.add(piece, cell, times)
            self.traces.add(piece, cell, times)
            self.course.add(piece, cell, times)
            self.sure.add(piece, cell)
        self.predictions.add(answers, times)

    def finish(
        self, next_rows: Sequence[Sequence[Any]], facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write all files and return what ``scores.json`` holds.

        Parameters
        ----------
        next_rows : sequence of (time, series, horizon, mean, quantiles)
            The forecasts past the end of the data; quantiles has 21 values.
        facts : mapping
            What else there is to say: source, sha256, rows, bad rows, options, versions, seed,
            seconds and the like. Nested mappings and lists are kept; NaN becomes null.
        """
        from forecast.report.page import page

        coming = [Next(*row) for row in next_rows]
        asked = {"series": self.series, "horizons": self.horizons, "season": self.season}
        scores = self.scores.entries()
        rows = int(facts.get("rows") or 0) - int(facts.get("rows_ahead") or 0)
        found = {
            "questions": questions(rows, scores),
            "skill_intervals": self.sure.entries(),
            "course": findings(self.course),
        }
        record = self.record({**facts, **found}, asked, scores)
        write_next(self.out / "forecast.csv", coming)
        pairs = chosen(record["scores"], self.traces, self.horizons)
        figures = self._figures(pairs, record["scores"], coming)
        figures += self._confusion(pairs, record["course"])
        self.write(record, figures, page(record, coming, figures, self._choice(pairs)))
        return record

    def _figures(
        self, pairs: Sequence[tuple[str, int]], scores: Sequence[Entry], coming: Sequence[Next]
    ) -> "list[Drawing]":
        if not pairs:
            return []
        from forecast.report.plots import Shown, drawings

        names = dict.fromkeys(series for series, _ in pairs)
        shown = Shown(
            recent=[self.traces.recent(name) for name in names],
            next_rows=coming,
            traces=[self.traces.trace(*pair) for pair in pairs],
            calibrations=[self.scores.calibrated(*pair) for pair in pairs],
            instants=self.traces.instants(),
            recent_instants=[(float(r), text) for r, text in self.traces.last_times.items()],
            scores=scores,
            horizons=self.horizons,
            one_series=len(self.series) == 1,
        )
        return drawings(shown)

    def _confusion(
        self, pairs: Sequence[tuple[str, int]], course: Sequence[Finding]
    ) -> "list[Drawing]":
        found = {(entry["series"], entry["horizon"]): entry for entry in course}
        shown = [pair for pair in pairs if pair in found]
        if not shown:
            return []
        from forecast.report.confusion import drawings

        watched = [
            (self.traces.trace(*pair), found[pair], self.course.weights.of(*pair)) for pair in shown
        ]
        return drawings(watched, self.traces.instants(), len(self.series) == 1)

    def _choice(self, pairs: Sequence[tuple[str, int]]) -> str:
        """Say which series and horizons the figures show, where they do not show all."""
        if not pairs or len(pairs) == self.scores.cells:
            return ""
        listed = "; ".join(f"{name} at horizon {horizon}" for name, horizon in pairs)
        among = f" of the first {MOST_SERIES}" if len(self.series) > MOST_SERIES else ""
        worst = f", and the series{among} that is worst at one of these"
        return (
            "The figures below show the first series at its first and last horizon"
            f"{worst if len(self.series) > 1 else ''}: {listed}. The scores count all."
        )


def places(horizons: Sequence[int]) -> Ints:
    """The place of each horizon among those asked for, to be looked up by the horizon itself."""
    place = np.zeros(max(horizons) + 1, np.int64)
    place[list(horizons)] = np.arange(len(horizons))
    return place


def pieces(answers: "Answers") -> "Iterator[Answers]":
    """A block of answers in pieces small enough for the processor's cache."""
    from forecast.prequential import Answers  # late: it brings the compiler along

    for start in range(0, len(answers.row), PIECE):
        part = slice(start, start + PIECE)
        yield Answers(*(field[part] for field in answers))


def chosen(
    scores: Sequence[Entry], traces: Traces, horizons: Sequence[int]
) -> list[tuple[str, int]]:
    """The series and horizons that are drawn: the first series' two ends, and the worst series'."""
    ends = dict.fromkeys((horizons[0], horizons[-1]))
    traced = [e for e in scores if e["series"] in traces.series and e["horizon"] in ends and e["n"]]
    pairs = [(e["series"], e["horizon"]) for e in traced if e["series"] == traces.series[0]]
    compared = [entry for entry in traced if entry["skill_last"] is not None]
    if len(traces.series) > 1 and compared:
        worst = min(compared, key=lambda entry: float(entry["skill_last"]))
        pairs.append((worst["series"], worst["horizon"]))
    return list(dict.fromkeys(pairs))
