"""The directory that a run fills, and what its scores.json holds."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast.report.delivery import Delivery
from forecast.report.predictions import PredictionFile

if TYPE_CHECKING:
    from forecast.report.plots import Drawing

FORMAT = 1
FIGURES = (
    *("next", "forecast", "surprise", "rate", "coverage", "pit", "skill"),
    *("loss", "reliability", "sharpness", "confusion1", "confusion2", "confusion3"),
)
FILES = (
    *("forecast.csv", "predictions.csv", "report.html"),
    *(f"figures/{name}.png" for name in FIGURES),
    "scores.json",  # the seal: where it is, all others are whole and of the same run
)


class Folder:
    """Where a run leaves its files; a report of one kind of run fills it.

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
