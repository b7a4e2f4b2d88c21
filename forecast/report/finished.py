"""A finished run, read back: the loss of every question that it answered.

``scores.json`` says what was asked of which file; ``predictions.csv`` has the questions. It is read
in pieces, and of each question only its place and its losses are kept.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from forecast.report.predictions import QUANTILES, cell
from forecast.report.scores import Floats, Ints, interval, pinball
from forecast.stream.errors import StreamError

if TYPE_CHECKING:
    import pandas as pd

PIECE = 50_000  # rows of predictions.csv read at once
MOST_TIMES = 2_000  # of which the text is kept, for the axes

Cell = tuple[str, int]  # series and horizon


class Loss(NamedTuple):
    """How a forecast is charged for its answer: by which columns of ``predictions.csv``."""

    label: str
    unit: str  # "y" for that of the data
    columns: tuple[str, ...]
    of: Callable[["pd.DataFrame"], Floats]


def absolute(rows: "pd.DataFrame") -> Floats:
    """|y - median|."""
    return np.abs(numbers(rows, "y") - numbers(rows, "median"))


def numbers(rows: "pd.DataFrame", column: str) -> Floats:
    """A column of numbers."""
    values: Floats = rows[column].to_numpy(np.float64)
    return values


def quantiles(rows: "pd.DataFrame") -> Floats:
    """The quantiles [21, n]."""
    return np.ascontiguousarray(rows[list(QUANTILES)].to_numpy(np.float64).T)


def winkler(rows: "pd.DataFrame") -> Floats:
    """The width of the 90 % interval, and 20 times what it missed by."""
    y = numbers(rows, "y")
    low, high = interval(quantiles(rows), 90)
    loss: Floats = high - low + 20.0 * (np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0))
    return loss


def crps(rows: "pd.DataFrame") -> Floats:
    """That of the printed quantile function with its tails, as a run scores it."""
    from forecast.distribution.bent import quantiles_crps
    from forecast.distribution.t4 import SCORES

    q = np.ascontiguousarray(quantiles(rows).T)
    left, right = (q[:, [1, -1]] - q[:, [0, -2]]).T / (SCORES[1] - SCORES[0])
    asked = zip(q, left, right, numbers(rows, "y"), strict=True)
    scored = (quantiles_crps(*question) for question in asked)  # type: ignore[no-untyped-call]
    return np.fromiter(scored, np.float64, len(rows))


def surprise(rows: "pd.DataFrame") -> Floats:
    """-log p(y)."""
    return numbers(rows, "surprise")


LOSSES = {
    "mae": Loss("MAE", "y", ("y", "median"), absolute),
    "crps": Loss("CRPS", "y", ("y", *QUANTILES), crps),
    "surprise": Loss("surprise", "nats", ("surprise",), surprise),
    "pinball": Loss(
        "pinball",
        "y",
        ("y", *QUANTILES),
        lambda rows: pinball(numbers(rows, "y"), quantiles(rows)),
    ),
    "winkler": Loss("Winkler 90 %", "y", ("y", *QUANTILES), winkler),
}


class Questions(NamedTuple):
    """The questions of one series and horizon, in order of time, each [n]."""

    issued: Ints  # row of the last observation known
    y: Any  # the truth: a number, or the hash of a word or label
    losses: dict[str, Floats]  # nan where a loss is undefined


class Finished:
    """What a run has left in a directory.

    Parameters
    ----------
    directory : str
        As a person wrote it: its name on the page.

    Attributes
    ----------
    record : dict
        What ``scores.json`` holds.
    cells : list of (series, horizon)
    symbolic : bool
        Whether words or labels were forecast.

    Raises
    ------
    StreamError
        If no run has finished there, or its files are not what a run writes.
    """

    def __init__(self, directory: str) -> None:
        self.name = directory
        self.path = Path(directory)
        self.record = self._record()
        self.symbolic = "kind" in self.record

    def _record(self) -> dict[str, Any]:
        path = self.path / "scores.json"
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            horizons = [int(horizon) for horizon in record["horizons"]]
            self.cells = [(str(name), h) for name in record["series"] for h in horizons]
            counts = [record["rows"], *(record["predictions"][c] for c in ("answers", "written"))]
            right = all(isinstance(one, int) for one in counts)
            right = right and isinstance(record["sha256"], str) and len(self.cells) > 0
        except (FileNotFoundError, NotADirectoryError):
            raise StreamError(
                "holds no finished run: there is no scores.json",
                self.name,
                advice="Name directories that forecast run --out has filled.",
            ) from None
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            raise StreamError(
                "is not what forecast run writes", str(path), advice="Run it again with --force."
            )
        return record

    @property
    def thinned(self) -> bool:
        """Whether ``predictions.csv`` has not all answers."""
        kept = self.record["predictions"]
        return bool(kept["written"] < kept["answers"])

    def questions(self, names: Sequence[str]) -> dict[Cell, Questions]:
        """Every answered question with its losses, by series and horizon.

        Parameters
        ----------
        names : sequence of str
            Keys of ``LOSSES``.
        """
        parts: dict[Cell, list[list[Any]]] = {}
        self.times: dict[int, str] = {}  # of some rows, spread over the run
        every = max(1, math.ceil(self.record["rows"] / MOST_TIMES))
        for rows in self._pieces(names):
            issued = rows["issued"].to_numpy(np.int64)
            row = issued + rows["horizon"].to_numpy(np.int64)
            for place in np.flatnonzero(row % every == 0).tolist():
                self.times.setdefault(int(row[place]), str(rows["time"].iat[place]))
            columns = [issued, self._truth(rows), *(LOSSES[name].of(rows) for name in names)]
            grouped = rows.groupby(["series", "horizon"], sort=False).indices
            for key, places in grouped.items():
                series, horizon = cast(Cell, key)
                parts.setdefault((series, int(horizon)), []).append(
                    [column[places] for column in columns]
                )
        return {key: self._whole(names, pieces) for key, pieces in self._named(parts).items()}

    def _truth(self, rows: "pd.DataFrame") -> Any:
        if not self.symbolic:
            return numbers(rows, "y")
        from pandas.util import hash_array

        return hash_array(rows["y"].to_numpy(object))

    def _named(self, parts: dict[Cell, list[list[Any]]]) -> dict[Cell, list[list[Any]]]:
        """The series by their names, where the file has them as a spreadsheet may read them."""
        shown = {next(csv.reader([cell(name)], strict=True))[0]: name for name, _ in self.cells}
        found = {(shown.get(name, name), h): pieces for (name, h), pieces in parts.items()}
        if set(found) - set(self.cells):
            raise self._broken("has a series or horizon that scores.json does not name")
        return {key: found[key] for key in self.cells if key in found}

    def _whole(self, names: Sequence[str], pieces: list[list[Any]]) -> Questions:
        issued, y, *losses = (np.concatenate(column) for column in zip(*pieces, strict=True))
        if not (np.diff(issued) > 0).all():
            raise self._broken("has questions out of order, or twice")
        return Questions(issued, y, dict(zip(names, losses, strict=True)))

    def _pieces(self, names: Sequence[str]) -> "Iterator[pd.DataFrame]":
        import pandas as pd

        wanted = {column for name in names for column in LOSSES[name].columns} | {"y"}
        texts = ["time", "series", *(["y"] if self.symbolic else [])]
        measures = sorted(wanted - set(texts))
        types = {**dict.fromkeys(texts, str), **dict.fromkeys(measures, float)}
        try:
            with pd.read_csv(
                self.path / "predictions.csv",
                usecols=[*texts, "horizon", "issued", *measures],
                dtype={**types, "horizon": np.int64, "issued": np.int64},
                na_values={name: [""] for name in measures},
                keep_default_na=False,
                chunksize=PIECE,
            ) as pieces:
                yield from pieces
        except FileNotFoundError:
            raise self._broken("is missing") from None
        except ValueError as error:
            if isinstance(error, StreamError):
                raise
            why = " ".join(str(error).split())
            raise self._broken(f"is not what forecast run writes ({why})") from None

    def _broken(self, problem: str) -> StreamError:
        place = str(self.path / "predictions.csv")
        return StreamError(problem, place, advice="Run it again with --force.")
