"""What a run leaves behind: scores, predictions, the next values, and one page that shows them.

``Report`` is fed while the run goes on and never holds the run: its memory is bounded by the number
of series and horizons, whatever the length of the stream. What it has written it also tells: scores
and predictions as tables, and any of its figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.account import questions
from forecast.report.batch_means import SkillIntervals
from forecast.report.course import Course
from forecast.report.findings import findings
from forecast.report.folder import Folder
from forecast.report.predictions import Keep, Next, Predictions, cell, next_file
from forecast.report.scores import RIVALS, Entry, Ints, Scores, errors
from forecast.report.traces import MOST_SERIES, Traces
from forecast.report.verdict import table, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Index

    from forecast.prequential import Answers
    from forecast.report.confusion import Watched
    from forecast.report.drawing import Drawing, Figured
    from forecast.report.shown import Shown

    Instants = list[tuple[float, str]]

__all__ = ["Next", "Report", "table", "verdict"]

Pair = tuple[str, int]  # series and horizon
PIECE = 8192  # answers worked on at once: they stay in the processor's cache


class Report(Folder):
    """Writes what a run leaves behind, while it runs; afterwards it tells what it has written.

    ``forecast.evaluate`` returns one.

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
        If ``out`` holds another run, is being filled by one, or is no directory.

    Examples
    --------
    A run feeds it with blocks of answers (``report.add``); this one has none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out, Report(out, ["y"], [1], season=0) as report:
    ...     record = report.finish([], {"source": "nothing.csv"})
    >>> verdict(record["scores"])
    'No question was answered, so nothing can be said about these forecasts.'
    """

    listing: Predictions
    index: "Index[Any] | None" = None  # of the table that was given, where one of pandas was
    stamps: Callable[[], Sequence[str]] = tuple  # its times, or rows, as the files tell them
    headline = ("n", "mae", "surprise", "crps", "coverage90", "skill_last", "skill_seasonal")

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
        self._scores = Scores(self.series, self.horizons, season)
        self.traces = Traces(self.series, self.horizons)
        self.course = Course(self.series, self.horizons)
        self.sure = SkillIntervals(self.series, self.horizons, RIVALS)
        self.listing = Predictions(self.delivery, self.series, predictions)
        self.place = places(self.horizons)

    def aligned(self, series: str | None = None, horizon: int | None = None) -> "DataFrame":
        """The forecasts of each row of the table that was given, on its own index.

        Parameters
        ----------
        series : str, optional
            The first by default.
        horizon : int, optional
            How many rows before they were made; the first by default.

        Returns
        -------
        DataFrame
            Columns as in ``predictions``; NaN in rows of which nothing was forecast or kept.

        Raises
        ------
        ValueError
            If no table of pandas was given, or it was not asked about that series and horizon.

        Examples
        --------
        >>> import pandas as pd
        >>> from forecast import evaluate
        >>> days = pd.date_range("2024-01-01", periods=60)
        >>> sold = pd.Series([5.0, 3.0, 4.0] * 20, days, name="sold")
        >>> said = evaluate(sold, horizon=(1, 7)).aligned(horizon=7)
        >>> said.index.equals(days), int(said["median"].isna().sum())
        (True, 7)
        """
        if self.index is None:
            raise ValueError("there is an index to align with where a table of pandas was given")
        series = self.series[0] if series is None else series
        horizon = self.horizons[0] if horizon is None else horizon
        if series not in self.series or horizon not in self.horizons:
            raise ValueError(
                f"nothing was asked of {series!r} at horizon {horizon}: series are "
                f"{', '.join(self.series)}, horizons {', '.join(map(str, self.horizons))}"
            )
        rows = self.predictions
        rows = rows[(rows["series"] == cell(series)) & (rows["horizon"] == horizon)]
        found = rows.drop(columns=["time", "series", "horizon"]).set_axis(rows["time"])
        return found.reindex(list(self.stamps())).set_axis(self.index)

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
            self._scores.add(piece, cell, times)
            self.traces.add(piece, cell, times)
            self.course.add(piece, cell, times)
            self.sure.add(piece.row, cell, *errors(piece))
        self.listing.add(answers, times)

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
        scores = self._scores.entries()
        rows = int(facts.get("rows") or 0) - int(facts.get("rows_ahead") or 0)
        found = {
            "questions": questions(rows, scores),
            "skill_intervals": self.sure.entries(),
            "course": findings(self.course),
        }
        record = self.recorded({**facts, **found}, asked, scores)
        self.delivery.write("forecast.csv", next_file(coming))
        self._record, self._coming = record, coming
        pairs = chosen(record["scores"], self.traces, self.horizons)
        figures = self._figures(pairs)
        self.write(record, figures, page(record, coming, figures, self._choice(pairs)))
        return record

    def _figures(self, pairs: Sequence[Pair]) -> "list[Drawing]":
        """All figures of the page."""
        if not pairs:
            return []
        from forecast.report.confusion import confusions
        from forecast.report.plots import drawings

        watched = self._watched(pairs)
        confused = confusions(*watched) if watched[0] else []
        return drawings(self._shown(pairs)) + confused

    def _shown(self, pairs: Sequence[Pair]) -> "Shown":
        """What is drawn of these series and horizons."""
        from forecast.report.shown import Shown

        names = dict.fromkeys(series for series, _ in pairs)
        return Shown(
            recent=[self.traces.recent(name) for name in names],
            next_rows=self._coming,
            traces=[self.traces.trace(*pair) for pair in pairs],
            calibrations=[self._scores.calibrated(*pair) for pair in pairs],
            instants=self.traces.instants(),
            recent_instants=[(float(r), text) for r, text in self.traces.last_times.items()],
            scores=self._record["scores"],
            horizons=self.horizons,
            one_series=len(self.series) == 1,
        )

    def _watched(self, pairs: Sequence[Pair]) -> "tuple[list[Watched], Instants, bool]":
        """What is drawn of how these were confused; the times; whether there is one series."""
        found = {(entry["series"], entry["horizon"]): entry for entry in self._record["course"]}
        watched: list[Watched] = [
            (self.traces.trace(*pair), found[pair], self.course.weights.of(*pair))
            for pair in pairs
            if pair in found
        ]
        return watched, self.traces.instants(), len(self.series) == 1

    # ---- what it tells once it is finished ------------------------------------------------------

    @property
    def verdict(self) -> str:
        """How good the forecasts were, in three sentences."""
        from forecast.report.page import named

        return verdict(
            named(self._record["scores"]), self._record["skill_intervals"], self._record["course"]
        )

    def plot(
        self, kind: str, series: str | None = None, horizon: int | None = None
    ) -> "list[Axes]":
        """Draw a figure of the page.

        Parameters
        ----------
        kind : str
            "next", "forecast", "coverage", "sharpness", "pit", "reliability", "skill" or
            "confusion".
        series, horizon : optional
            Which; all that the page shows by default. What is drawn over time was kept of the
            first series, at the first and the last horizon.

        Returns
        -------
        list of matplotlib Axes
            Their ``figure`` can be saved, or changed.

        Raises
        ------
        ValueError
            If there is no such figure, or nothing was kept to draw it from.
        """
        from forecast.report.confusion import confusion
        from forecast.report.drawing import styled
        from forecast.report.plots import FIGURES

        pairs = self._pairs(series, horizon)
        watched, instants, one_series = self._watched(pairs)
        figured: Figured | None
        with styled():
            if kind == "confusion" and watched:
                figured = confusion(0, *watched[0], instants, one_series)
            elif kind in FIGURES:
                figured = FIGURES[kind](self._shown(pairs))
            else:
                figured = None
        if figured is None:
            known = ", ".join([*FIGURES, "confusion"])
            raise ValueError(f"{kind!r} cannot be drawn of this run: say one of {known}")
        axes: list[Axes] = figured[3].axes
        return axes

    def _pairs(self, series: str | None, horizon: int | None) -> list[Pair]:
        """The series and horizons that were asked for, of those that were kept."""
        ends = dict.fromkeys((self.horizons[0], self.horizons[-1]))
        shown = chosen(self._record["scores"], self.traces, self.horizons)
        kept = [(name, h) for name in self.traces.series for h in ends]
        asked = shown if series is None and horizon is None else kept
        pairs = [pair for pair in asked if series in (None, pair[0]) and horizon in (None, pair[1])]
        if not pairs:
            among = ", ".join(f"{name} at {h}" for name, h in kept[:10])
            raise ValueError(f"nothing was kept of {series!r} at horizon {horizon}: say {among}")
        return pairs

    def _choice(self, pairs: Sequence[Pair]) -> str:
        """Say which series and horizons the figures show, where they do not show all."""
        if not pairs or len(pairs) == self._scores.cells:
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


def chosen(scores: Sequence[Entry], traces: Traces, horizons: Sequence[int]) -> list[Pair]:
    """The series and horizons that are drawn: the first series' two ends, and the worst series'."""
    ends = dict.fromkeys((horizons[0], horizons[-1]))
    traced = [e for e in scores if e["series"] in traces.series and e["horizon"] in ends and e["n"]]
    pairs = [(e["series"], e["horizon"]) for e in traced if e["series"] == traces.series[0]]
    compared = [entry for entry in traced if entry["skill_last"] is not None]
    if len(traces.series) > 1 and compared:
        worst = min(compared, key=lambda entry: float(entry["skill_last"]))
        pairs.append((worst["series"], worst["horizon"]))
    return list(dict.fromkeys(pairs))
