"""The two CSV files of a run: every answered question, and the next values.

``predictions.csv`` can be thinned without a second look at it: the first 200,000 answers are all
written, and answer number a beyond them with share (200,000 / a)^2, so that no stream, however
long, writes more than about 400,000. The golden ratio spreads the chosen rows evenly and in step
with no season; all series and horizons of a chosen row are written together.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS
from forecast.report.delivery import Delivery
from forecast.report.scores import MEDIAN

if TYPE_CHECKING:
    from forecast.prequential import Answers

Keep = Literal["auto", "all", "none"]
WHOLE = 200_000  # answers that ``auto`` writes before it thins
GOLDEN = 11400714819323198485  # 2^64 / golden ratio
QUANTILES = tuple(f"q{f'{level:.3f}'[2:].removesuffix('0')}" for level in LEVELS)
COLUMNS = (
    *("time", "series", "horizon", "issued", "y", "mean", "median", *QUANTILES),
    *("surprise", "rate"),
)
NEXT_COLUMNS = ("time", "series", "horizon", "mean", "median", *QUANTILES)
PLAIN = re.compile(r"[\w .:/°%()+\-]*")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
RULES = {
    "all": "every answer",
    "none": "no answer",
    "auto": (
        f"every answer up to {WHOLE:,}; answer number a beyond them with share ({WHOLE:,}/a)^2, "
        "chosen by its row alone"
    ),
}


class Next(NamedTuple):
    """A forecast of a value past the end of the data."""

    time: str
    series: str
    horizon: int
    mean: float
    quantiles: Sequence[float]  # 21, at LEVELS


class PredictionFile:
    """Writes ``predictions.csv`` while the run goes on; a file cut short never has that name.

    Parameters
    ----------
    delivery : Delivery
    columns : sequence of str
    keep : {"auto", "all", "none"}
    """

    def __init__(self, delivery: Delivery, columns: Sequence[str], keep: Keep = "auto") -> None:
        self.delivery, self.keep = delivery, keep
        self.answered = self.written = 0
        self.seconds = 0.0  # that writing took
        self.file: TextIO | None = None
        if keep != "none":
            self.file = delivery.open("predictions.csv")
            self.file.write(",".join(columns) + "\n")

    def kept(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of the next answers, by their rows, will be written."""
        coming = np.arange(len(row))
        if self.file is None:
            return coming[:0]
        return coming[chosen(self.answered + coming, row)] if self.keep == "auto" else coming

    def write(self, answers: int, kept: int, lines: Iterable[str]) -> None:
        """Write the lines of those that are kept of so many answers."""
        self.answered += answers
        if self.file is not None and kept:
            start = perf_counter()
            with self.delivery.advised():
                self.file.writelines(lines)
            self.seconds += perf_counter() - start
            self.written += kept

    def finish(self) -> dict[str, object]:
        """Close the file, which is whole now; says what was written and by which rule."""
        if self.file is not None:
            with self.delivery.advised():
                self.file.close()
        kept = {"keep": self.keep, "rule": RULES[self.keep]}
        return {**kept, "answers": self.answered, "written": self.written}

    def close(self) -> None:
        """Let go of the file, whole or not."""
        if self.file is not None:
            with suppress(OSError):  # what could not be written has been said
                self.file.close()


class Predictions(PredictionFile):
    """The answered questions of a run of numbers.

    Parameters
    ----------
    delivery : Delivery
    series : sequence of str
    keep : {"auto", "all", "none"}
    """

    def __init__(self, delivery: Delivery, series: Sequence[str], keep: Keep = "auto") -> None:
        super().__init__(delivery, COLUMNS, keep)
        self.names = [cell(name) for name in series]

    def add(self, answers: "Answers", times: Callable[[int], str]) -> None:
        """Write a block of answers, or those of them that are kept."""
        kept = self.kept(answers.row)
        self.write(len(answers.row), len(kept), self._lines(answers, kept, times))

    def _lines(
        self, answers: "Answers", kept: NDArray[np.int64], times: Callable[[int], str]
    ) -> Iterable[str]:
        quantiles = answers.quantiles[kept]
        columns = (answers.y[kept], answers.mean[kept], quantiles[:, MEDIAN], quantiles)
        numbers = np.column_stack((*columns, answers.surprise[kept], answers.rate[kept]))
        template = ",".join(["%.9g"] * numbers.shape[1])
        texts = {row: cell(times(row)) for row in dict.fromkeys(answers.row[kept].tolist())}
        keys = (answers.row, answers.series, answers.horizon, answers.issued)
        for row, series, horizon, issued, values in zip(
            *(key[kept].tolist() for key in keys), numbers.tolist(), strict=True
        ):
            line = template % tuple(values)
            if "n" in line:  # nan: an empty cell; inf stays
                line = line.replace("nan", "")
            yield f"{texts[row]},{self.names[series]},{horizon},{issued},{line}\n"


def chosen(answer: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which answers ``auto`` writes, by their number from 0 and their row.

    kept_a  when  frac(row / golden ratio) < (200,000 / a)^2

    Examples
    --------
    >>> chosen(np.array([0, 199_999, 400_000]), np.array([7, 7, 0])).tolist()
    [True, True, True]
    """
    share = (WHOLE / np.maximum(answer, WHOLE)) ** 2.0
    place = row.astype(np.uint64) * np.uint64(GOLDEN)  # wraps: the fraction, in units of 2^-64
    return (answer < WHOLE) | (place.astype(np.float64) < share * 2.0**64)


def next_file(rows: Sequence[Next]) -> str:
    """What ``forecast.csv`` holds: the next values, with their quantiles."""
    return "".join(f"{line}\n" for line in next_lines(rows))


def next_lines(rows: Iterable[Next]) -> Iterator[str]:
    """The lines of ``forecast.csv``."""
    template = ",".join(["%.9g"] * (2 + len(LEVELS)))
    yield ",".join(NEXT_COLUMNS)
    for time, series, horizon, mean, quantiles in rows:
        values = template % (mean, quantiles[MEDIAN], *quantiles)
        yield f"{cell(time)},{cell(series)},{horizon},{values.replace('nan', '')}"


def cell(text: str) -> str:
    """A text as a CSV cell: quoted where needed, and never a formula to a spreadsheet.

    A text that is no number and begins like a formula is preceded by an apostrophe.

    Examples
    --------
    >>> cell("co2"), cell("-5"), cell("=1+1"), cell('a "b", c')
    ('co2', '-5', '"\\'=1+1"', '"a ""b"", c"')
    """
    if text.startswith(FORMULA) and not is_number(text):
        text = "'" + text
    if PLAIN.fullmatch(text):
        return text
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="").writerow([text])
    return buffer.getvalue()


def is_number(text: str) -> bool:
    """Whether the text is a plain number, which no spreadsheet runs."""
    return re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text) is not None
