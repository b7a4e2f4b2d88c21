"""The directory that a run fills, and what it tells afterwards: scores, tables, verdict, page."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast.report.delivery import Delivery
from forecast.report.predictions import PredictionFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from forecast.report.drawing import Drawing

FORMAT = 1
FIGURES = (
    *("next", "forecast", "coverage", "pit", "skill"),
    *("loss", "reliability", "sharpness", "confusion1", "confusion2", "confusion3"),
)
FILES = (
    *("forecast.csv", "predictions.csv", "scores.csv", "report.html"),
    *(f"figures/{name}.png" for name in FIGURES),
    "scores.json",  # the seal: where it is, all others are whole and of the same run
)


class Folder(ABC):
    """Where a run leaves its files; a report of one kind of run fills it, and tells of them.

    Parameters
    ----------
    out : path
        A directory, made where there is none.
    force : bool
        Replace the run that it holds already.

    Raises
    ------
    FileExistsError
        If ``out`` holds another run, is being filled by one, or is no directory.
    """

    listing: PredictionFile
    texts: tuple[str, ...] = ("time", "series")  # columns of the files that are no numbers
    headline: tuple[str, ...]  # scores that a notebook shows
    _record: dict[str, Any]

    def __init__(self, out: str | Path, force: bool) -> None:
        self.out = Path(out)
        self.delivery = Delivery(self.out, FILES, "run", force)

    def recorded(
        self,
        facts: Mapping[str, Any],
        asked: Mapping[str, Any],
        scores: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """What ``scores.json`` holds: where it came from, what was asked, and the scores."""
        kept = self.listing.finish()
        rows, seconds = facts.get("rows"), facts.get("seconds")
        speed = {"points_per_second": rows / seconds} if rows and seconds else {}
        whole = {"format": FORMAT, **speed, **facts, **asked, "predictions": kept}
        record: dict[str, Any] = strict({**whole, "scores": scores})
        return record

    def write(self, record: Mapping[str, Any], figures: "Sequence[Drawing]", page: str) -> None:
        """Write figures, page and scores; with them all files are there."""
        for figure in figures:
            self.delivery.write(f"figures/{figure.name}.png", figure.png)
        self.delivery.write("report.html", page)
        scores = json.dumps(record, indent=1, allow_nan=False)
        self.delivery.write("scores.json", scores + "\n")
        self.delivery.complete()

    # ---- what it tells once it is finished ------------------------------------------------------

    @property
    def record(self) -> dict[str, Any]:
        """What ``scores.json`` holds."""
        return self._record

    @property
    @abstractmethod
    def verdict(self) -> str:
        """How good the forecasts were, in sentences."""

    @abstractmethod
    def plot(
        self, kind: str, series: str | None = None, horizon: int | None = None
    ) -> "list[Axes]":
        """Draw a figure of the page."""

    @property
    def scores(self) -> "DataFrame":
        """A row for each series and horizon, a column for each score; NaN where it is undefined.

        Of numbers ``mae``, ``rmse``, ``crps``, ``pinball``, ``bias``, ``width90`` and ``winkler90``
        are in units of the series and ``surprise`` in nats; ``coverage90`` and its like are shares
        from 0 to 1, and so is a ``skill``: 0.2 where the error is 20 % below that of a rival. Of
        words and bytes ``bits_per_byte`` is what an answer cost, of labels ``log_loss``, in nats.
        """
        from pandas import DataFrame

        plain = [
            {name: value for name, value in entry.items() if not isinstance(value, (dict, list))}
            for entry in self._record["scores"]
        ]
        return DataFrame(plain).set_index(["series", "horizon"])

    @property
    def predictions(self) -> "DataFrame":
        """The answered questions, as ``predictions.csv`` lists them."""
        return self._table("predictions.csv")

    @property
    def forecast(self) -> "DataFrame":
        """What comes next, as ``forecast.csv`` has it."""
        return self._table("forecast.csv")

    def _table(self, name: str) -> "DataFrame":
        from pandas import read_csv

        if not (self.out / name).exists():
            raise FileNotFoundError(f"{self.out} has no {name}: it was not asked for")
        # a word may be "NA", and so may a series
        texts = dict.fromkeys(self.texts, str)
        return read_csv(self.out / name, dtype=texts, keep_default_na=False, na_values=[""])

    def to_html(self, path: str | Path) -> None:
        """Write the page to a file of its own."""
        Path(path).write_bytes((self.out / "report.html").read_bytes())

    def __repr__(self) -> str:
        said = self.verdict if hasattr(self, "_record") else "not finished"
        return f"<{type(self).__name__} in {self.out}: {said}>"

    def _repr_html_(self) -> str:
        """The verdict, and the first scores: what a notebook shows."""
        table = self.scores[list(self.headline)].head(12).to_html()
        return f"<p>{escape(self.verdict)}</p>{table}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Leave no half-written file behind."""
        self.listing.close()
        self.delivery.close()


def strict(value: Any) -> Any:
    """Anything as strict JSON can hold it: NaN and infinities as null, the unknown as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [strict(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
