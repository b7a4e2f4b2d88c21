r"""The two CSV files of a run of words or labels: every answered question, and what comes next.

A word is written as UTF-8; a backslash as ``\\``, and control characters and bytes that are not
UTF-8 as ``\n``, ``\t``, ``\r`` or ``\xff``: each line of the file is one answer, and every byte of
the text can be found again. ``top`` is JSON: ``[["ham",0.9876],["spam",0.0124]]``, the likeliest
first, words spelled as in ``y``.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from forecast.report.delivery import Delivery
from forecast.report.predictions import Keep, PredictionFile, cell
from forecast.report.scores import Ints

if TYPE_CHECKING:
    from forecast.prequential import Told

COLUMNS = ("time", "series", "horizon", "issued", "y", "p", "top", "surprise", "rate")
NEXT_COLUMNS = ("time", "series", "horizon", "y", "p")
TOP = "JSON: [[y, p], ...], the likeliest first, p to four digits"
HIDDEN = re.compile(r"[\x00-\x1f\\\x7f-\x9f\udc80-\udcff]")
SHORT = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
Top = Sequence[tuple[str, float]]


class SymbolPredictions(PredictionFile):
    """The answered questions of a run of words or labels.

    Parameters
    ----------
    delivery : Delivery
    series : str
        What every row is named.
    keep : {"auto", "all", "none"}
    """

    def __init__(self, delivery: Delivery, series: str, keep: Keep = "auto") -> None:
        super().__init__(delivery, COLUMNS, keep)
        self.series = series

    def add(
        self, told: "Told", tops: Mapping[int, Top], name: Callable[[int], str], times: Ints
    ) -> None:
        """Write a block of answers, or those that are kept.

        At a place of the block ``tops`` has the likeliest answers, of each that is kept at least,
        and ``name`` gives the word or label that came.
        """
        kept = self.kept(told.row)
        self.write(len(told.row), len(kept), self._lines(told, kept, tops, name, times))

    def _lines(
        self,
        told: "Told",
        kept: Ints,
        tops: Mapping[int, Top],
        name: Callable[[int], str],
        times: Ints,
    ) -> Iterable[str]:
        columns = (times, told.row, told.surprise, told.rate)
        for t, *said in zip(
            kept.tolist(), *(column[kept].tolist() for column in columns), strict=True
        ):
            time, row, surprise, rate = said
            numbers = f"{surprise:.9g},{rate:.9g}".replace("nan", "")
            y, p = symbol_cell(name(t)), math.exp(-surprise)
            yield f"{time},{self.series},1,{row - 1},{y},{p:.9g},{top_cell(tops[t])},{numbers}\n"

    def finish(self) -> dict[str, object]:
        """Close the file; says what was written, by which rule, and how to read it."""
        return {**super().finish(), "top": TOP}


def spelled(word: bytes | str) -> str:
    r"""A word as text that shows every byte of it.

    Examples
    --------
    >>> print(spelled(b"caf\xc3\xa9"), spelled(b"\n"), spelled(b"\xff"), spelled(b"\\"))
    café \n \xff \\
    """
    text = word.decode(errors="surrogateescape") if isinstance(word, bytes) else word
    return HIDDEN.sub(shown, text)


def shown(match: re.Match[str]) -> str:
    """A backslash, a control character or a byte that is not UTF-8, written out."""
    letter = match[0]
    raw = letter.encode(errors="surrogateescape")
    return SHORT.get(letter, "".join(f"\\x{byte:02x}" for byte in raw))


@lru_cache(1 << 16)
def symbol_cell(symbol: bytes | str) -> str:
    """A word or label as a cell, which is no formula to a spreadsheet."""
    return cell(spelled(symbol))


@lru_cache(1 << 16)
def quoted(symbol: str) -> str:
    """A word or label as JSON inside a quoted cell."""
    return json.dumps(spelled(symbol), ensure_ascii=False).replace('"', '""')


def top_cell(top: Top) -> str:
    """The likeliest answers as a cell of JSON.

    Examples
    --------
    >>> print(top_cell([("ham", 0.98765), ("spam", 0.01235)]))
    "[[""ham"",0.9877],[""spam"",0.01235]]"
    """
    return f'"[{",".join([f"[{quoted(symbol)},{p:.4g}]" for symbol, p in top])}]"'


def next_file(series: str, time: int, top: Top) -> str:
    """What ``forecast.csv`` holds: the likeliest answers to come, with their probabilities."""
    lines = [f"{time},{series},1,{symbol_cell(symbol)},{p:.9g}\n" for symbol, p in top]
    return ",".join(NEXT_COLUMNS) + "\n" + "".join(lines)
