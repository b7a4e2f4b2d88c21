"""A second reading of a CSV, which shares no line with the reader: csv, gzip, Decimal, datetime.

It is written to be plain, not fast: it holds the whole file, and of everything that the reader
guesses it knows the documented rule only. What it cannot read one way only is `Unclear`.
"""

import csv
import gzip
import io
import itertools
import math
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np

MISSING = ("", "NA", "NaN", "nan", "null", "None")
DIGITS = set("0123456789+-.eE")
csv.field_size_limit(1 << 26)


class Unclear(Exception):
    """The file cannot be read one way only."""


class Reading(NamedTuple):
    """What stands in a file: its columns by name, row by row, nothing added and nothing judged."""

    names: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> list[str]:
        if name not in self.names:
            raise Unclear(f"no column {name!r}")
        return [row[self.names.index(name)] for row in self.rows]

    def numbers(self, name: str, decimal: str = ".", missing: Sequence[str] = MISSING):
        """The column as Decimals; None where missing, a float where infinite."""
        return [number_of(text, decimal, missing) for text in self.column(name)]


def second_reading(
    data: bytes, delimiter: str | None = None, decimal: str = ".", missing: Sequence[str] = MISSING
) -> Reading:
    """Read a whole file."""
    text = text_of(data)
    if delimiter is None:
        delimiter = delimiter_of(text, decimal)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Unclear(str(error)) from None
    while rows and delimiter != " " and not "".join(rows[0]).strip(" ") and len(rows[0]) < 2:
        rows.pop(0)  # nothing stands before the header, whatever its width
    width = max(map(len, rows), default=0)
    rows = [row for row in rows if not is_blank(row, width, delimiter)]
    if not rows:
        raise Unclear("nothing in it")
    if any(len(row) != width for row in rows):
        raise Unclear("rows of different lengths")
    header = [name.strip(" ") for name in rows[0]]
    if is_data(header, decimal, missing):
        header = [""] * width
    else:
        rows = rows[1:]
    names = [name or f"c{place}" for place, name in enumerate(header, 1)]
    if len(set(names)) < len(names):
        raise Unclear("two columns of one name")
    return Reading(names, rows)


def text_of(data: bytes) -> str:
    """Its text, unpacked."""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise Unclear(str(error)) from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Unclear(str(error)) from None
    if "\0" in text:
        raise Unclear("NUL")
    return text.removeprefix("\ufeff")


def delimiter_of(text: str, decimal: str) -> str:
    """The only one of four that splits the header, else the usual one."""
    splits = []
    for delimiter in ",;\t|".replace(decimal, ""):
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            header = next((row for row in rows if any(name.strip(" ") for name in row)), [])
        except csv.Error:
            continue
        # csv takes a quote inside a field that is not quoted; a quote in a name is doubled
        if len(header) > 1 and all(name.replace('"', '""') in text for name in header):
            splits.append(delimiter)
    if len(splits) > 1:
        raise Unclear("split by several delimiters")
    return splits[0] if splits else (";" if decimal == "," else ",")


def is_blank(row: list[str], width: int, delimiter: str) -> bool:
    """A line with nothing on it, or, of a table of several columns, spaces alone."""
    return not row or (len(row) == 1 < width and delimiter != " " and not row[0].strip(" "))


def is_data(row: list[str], decimal: str, missing: Sequence[str]) -> bool:
    """Numbers, times and missing ones alone, not beginning with nothing: then it is no header."""
    marks = [text for text in row if text not in missing]
    return bool(marks) and row[0] != "" and all(
        _reads(number_of, text, decimal, missing) or _reads(time_of, text) for text in marks
    )  # fmt: skip


def number_of(text: str, decimal: str = ".", missing: Sequence[str] = MISSING):
    """A Decimal; None where missing, a float where infinite."""
    text = text.strip(" ")
    if text in missing:
        return None
    if text.lower().lstrip("+-") in ("inf", "infinity") and len(text.lstrip("+-")) >= len(text) - 1:
        return float(text)
    if decimal == ",":
        if "." in text:
            raise Unclear(text)
        text = text.replace(",", ".")
    if not set(text) <= DIGITS:
        raise Unclear(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Unclear(text) from None
    if math.isinf(float(number)):
        raise Unclear(text)
    return number


def time_of(text: str) -> datetime:
    """A date or time of ISO 8601, as it is written in full."""
    text = text.strip(" ")
    if not text.isascii() or len(text) < 7 or text[4] != "-" or "W" in text or text[-1] in "- T":
        raise Unclear(text)
    whole, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    if dot and (digits == 0 or rest[6:digits].strip("0")):
        raise Unclear(text)
    text = f"{whole}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}" if dot else text
    try:
        return datetime.fromisoformat(text + "-01" * (len(text) == 7))
    except ValueError:
        raise Unclear(text) from None


def floats_of(numbers: list) -> list[float]:
    """The nearest float of each, NaN where missing."""
    return [math.nan if number is None else float(number) for number in numbers]


def _reads(read, text: str, *how) -> bool:
    try:
        read(text, *how)
    except Unclear:
        return False
    return True


# ---- is what was handed on what stands in the file? ---------------------------------------------


def difference(
    reading: Reading,
    series: Sequence[str],
    time: str | None,
    times: list[str],
    y: np.ndarray,
    *,
    decimal: str = ".",
    missing: Sequence[str] = MISSING,
    time_format: str | None = None,
    rows_are_instants: bool = False,
) -> str | None:
    """What was handed on otherwise than it stands in the file; None where nothing was.

    Every row of the file is there, in its order, with its numbers and its time; every other instant
    lies between two rows and is missing; and neighbours are one step apart, the step being that
    from the first row to the second.
    """
    columns = [floats_of(reading.numbers(name, decimal, missing)) for name in series]
    if time is None or rows_are_instants:
        return None if same(y.T, columns) else "other numbers"
    stamps = [text.strip(" ") for text in reading.column(time)]
    try:
        at = [_time(text, decimal, time_format) for text in stamps]
        found = [_time(text, decimal, time_format) for text in times]
    except Unclear as error:
        return f"the time {error} cannot be read"
    if any(not a < b for a, b in itertools.pairwise(at)):
        return "times that do not increase"
    if times[:2] != stamps[:2]:
        return "other first times"
    place = {text: row for row, text in enumerate(times)}
    if len(place) < len(times) or not set(stamps) <= set(place):
        return "a row that is lost or doubled"
    kept = [place[text] for text in stamps]
    if kept != sorted(kept) or not same(y[kept].T, columns):
        return "other numbers"
    if not np.isnan(np.delete(y, kept, axis=0)).all():
        return "a number that stands nowhere"
    return None if evenly_spaced(found) else "steps of different lengths"


def same(found, expected) -> bool:
    """Equal to the bit, NaN where NaN is, minus zero where it is."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    signs = np.array_equal(np.signbit(found) & ~np.isnan(found), np.signbit(expected))
    return np.array_equal(found, expected, equal_nan=True) and signs


def _time(text: str, decimal: str, time_format: str | None):
    if time_format is not None:
        try:
            return datetime.strptime(text, time_format)
        except ValueError:
            raise Unclear(text) from None
    try:
        return time_of(text)
    except Unclear:
        if len(text) == 8 and text.isdigit() and "1600" <= text < "2400":
            return datetime.strptime(text, "%Y%m%d")
        number = number_of(text, decimal, ())
        if isinstance(number, float):
            raise
        return number


def evenly_spaced(times: list) -> bool:
    """One step apart: in length, on the clock of the wall or of UTC, or in months."""
    if len(times) < 3:
        return True
    if isinstance(times[0], Decimal):
        apart = np.array([float(b - a) for a, b in itertools.pairwise(times)])
        return bool(np.all(np.abs(apart - apart[0]) <= 0.02 * apart[0]))
    wall = [at.replace(tzinfo=None) for at in times]
    clocks = [wall]
    if times[0].tzinfo is not None:
        clocks.append([at.astimezone(UTC) for at in times])
    if any(len({b - a for a, b in itertools.pairwise(at)}) == 1 for at in clocks):
        return True
    months = [at.year * 12 + at.month for at in wall]
    day = max(at.day for at in wall)
    ends = all((at + timedelta(days=1)).day == 1 for at in wall if at.year < 9999)
    on_its_day = all(at.day == day or (at + timedelta(days=1)).day == 1 for at in wall)
    one_clock = len({at.time() for at in wall}) == 1
    return len(set(np.diff(months))) == 1 and one_clock and (ends or on_its_day)
