"""What a run over a panel leaves behind: scores of each series and of all, and a page."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.panel.found import NAMED, Times, counted, examples, ranked, spread, surprising
from forecast.panel.panel import Panel
from forecast.panel.scores import LISTED, Table, mean_skill, panel_scores, pooled_scores
from forecast.report.folder import Folder
from forecast.report.panel_page import page, panel_verdict
from forecast.report.predictions import COLUMNS, Next, PredictionFile, cell, next_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.report.drawing import Drawing, Figured

ALL = "all series"
SPREADS = ("skill_last", "skill_seasonal", "mase", "coverage90")


class PanelReport(Folder):
    """Writes what a run over many series leaves behind, and tells of it.

    ``forecast.evaluate`` returns one where the series are named by a column.

    Parameters
    ----------
    out : path
        A directory, made where there is none.
    panel : Panel
    times : callable
        Text of the times so many steps after the newest of some series, or after their first.
    force : bool
        Replace the run that ``out`` holds already.

    Raises
    ------
    FileExistsError
        If ``out`` holds another run, is being filled by one, or is no directory.
    """

    headline = ("n", "mae", "surprise", "crps", "coverage90", "skill_last", "skill_seasonal")

    def __init__(self, out: str | Path, panel: Panel, times: Times, force: bool = False) -> None:
        super().__init__(out, force)
        self.panel, self.times = panel, times
        self.listing = PredictionFile(self.delivery, COLUMNS, "none")
        self._figured: list[Figured] = []

    def finish(self, coming: Iterable[Sequence[Any]], facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write all files and return what ``scores.json`` holds.

        Parameters
        ----------
        coming : iterable of (time, series, horizon, mean, quantiles)
            What comes after the end of each series.
        facts : mapping
            What else there is to say.
        """
        panel, times = self.panel, self.times
        table = panel_scores(panel)
        self.listing.answered = int(table["n"].sum())
        self._write_scores(panel, table)
        with self.delivery.open("forecast.csv") as file, self.delivery.advised():
            file.writelines(f"{line}\n" for line in next_lines(Next(*row) for row in coming))
        order, surprised = ranked(table), surprising(panel)
        asked = {"series": [ALL], "horizons": panel.horizons, "season": panel.season}
        told = {"panel": told_of(panel, table, order, surprised, times)}
        self._record = self.recorded({**facts, **told}, asked, pooled(panel, table))
        drawn = examples(panel, order, [one["number"] for one in surprised])
        self._figured = self._figures(panel, table, drawn, times)
        figures = rendered_all(self._figured)
        self.write(self._record, figures, page(self._record, figures))
        return self._record

    def _write_scores(self, panel: Panel, table: Table) -> None:
        """A row of ``scores.csv`` for each series and horizon."""
        counts = {**counted(panel)}
        names = ["series", "horizon", *counts, "n", *LISTED]
        template = ",".join(["%.9g"] * len(LISTED))
        numbers = np.stack([table[name] for name in LISTED], axis=-1)
        with self.delivery.open("scores.csv") as file, self.delivery.advised():
            file.write(",".join(names) + "\n")
            for number, name in enumerate(panel.names):
                seen = ",".join(str(int(column[number])) for column in counts.values())
                for h, horizon in enumerate(panel.horizons):
                    line = template % tuple(numbers[number, h].tolist())
                    n = int(table["n"][number, h])
                    line = line.replace("nan", "")
                    file.write(f"{cell(name)},{horizon},{seen},{n},{line}\n")

    def _figures(self, panel: Panel, table: Table, drawn: Any, times: Times) -> "list[Figured]":
        from forecast.report.drawing import styled
        from forecast.report.panel_plots import coverage_spread, multiples, skill_spread

        numbers = [each.number for each in drawn]
        firsts = times(numbers, [int(each.rows[0]) for each in drawn], False)
        lasts = times(numbers, [int(each.rows[-1]) for each in drawn], False)
        edges = list(zip(firsts, lasts, strict=True))
        with styled():
            figured = [
                skill_spread(table, panel.horizons),
                multiples(drawn, panel.names, table["skill_last"][:, 0], edges, panel.horizons[0]),
                coverage_spread(table, panel.horizons),
            ]
        return [one for one in figured if one is not None]

    @property
    def verdict(self) -> str:
        """How good the forecasts were, in sentences."""
        return panel_verdict(self._record)

    def plot(
        self, kind: str, series: str | None = None, horizon: int | None = None
    ) -> "list[Axes]":
        """Draw a figure of the page: "skill", "forecast" or "coverage".

        Raises
        ------
        ValueError
            If there is no such figure, or one of a single series is asked for.
        """
        found = [figure for name, _, _, figure in self._figured if name == kind]
        if not found or series is not None or horizon is not None:
            known = ", ".join(name for name, *_ in self._figured)
            raise ValueError(f"{kind!r} cannot be drawn of this panel: say one of {known}")
        axes: list[Axes] = found[0].axes
        return axes

    @property
    def scores(self) -> Any:
        """A row for each series and horizon, a column for each score."""
        return self._table("scores.csv").set_index(["series", "horizon"])


def rendered_all(figured: "Sequence[Figured]") -> "list[Drawing]":
    """The figures for the page and as pictures."""
    from forecast.report.drawing import rendered, styled

    with styled():
        return [rendered(*one) for one in figured]


def pooled(panel: Panel, table: Table) -> list[dict[str, Any]]:
    """An entry for each horizon, over the answers of all series."""
    whole = pooled_scores(panel)
    return [
        {
            "series": ALL,
            "horizon": horizon,
            "n": int(whole["n"][0, h]),
            **{name: float(whole[name][0, h]) for name in LISTED},
            **{
                f"mean_{name}": mean_skill(table[name][:, h], table["n"][:, h])
                for name in ("skill_last", "skill_seasonal")
            },
            **{
                f"better_than_{name}": share(
                    table[f"skill_{name}"][:, h] > 0.0, table[f"skill_{name}"][:, h]
                )
                for name in ("last", "seasonal")
            },
            "spread": {name: spread(table[name][:, h]) for name in SPREADS},
        }
        for h, horizon in enumerate(panel.horizons)
    ]


def share(which: np.ndarray, known: np.ndarray) -> float:
    """The share of the series with a score for which something holds."""
    defined = ~np.isnan(known)
    return float(which[defined].mean()) if defined.any() else float("nan")


def told_of(
    panel: Panel, table: Table, order: np.ndarray, surprised: list[dict[str, Any]], times: Times
) -> dict[str, Any]:
    """What is said of single series: the best, the worst, the most surprising."""

    def one(number: int) -> dict[str, Any]:
        scores = ("n", "mae", "skill_last", "skill_seasonal", "coverage90")
        said = {name: float(table[name][number, 0]) for name in scores}
        return {"series": panel.names[number], **said, "n": int(said["n"])}

    at = times([each["number"] for each in surprised], [each["row"] for each in surprised], False)
    return {
        "count": len(panel),
        "answered": int((table["n"][:, 0] > 0).sum()),
        "bytes_each": panel.bytes_each,
        "best": [one(number) for number in order[:NAMED].tolist()],
        "worst": [one(number) for number in order[::-1][:NAMED].tolist()],
        "surprising": [
            {"time": time, **each, "series": panel.names[each["number"]]}
            for time, each in zip(at, surprised, strict=True)
        ],
    }
