"""Tables written in any dialect, and what an accident makes of their bytes.

All is drawn from a `random.Random`: that of hypothesis, which shrinks what fails, or a seeded one.
"""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

MISSING = ("", "NA", "NaN", "nan", "null", "None", " ")
NOTES = ("", "a", "caf\xe9", "a,b;c|d", 'say "hi"', "two\nlines", "cr\r\nlf", "\U0001f600", " ")
NAMES = ("y", "load", "temp\xe9rature", "a b", 'the "y"', "y,z")


class Rendered(NamedTuple):
    """A file, what went into it, and how it has to be read."""

    data: bytes
    times: list[str] | None
    numbers: list[list[Decimal | None]]  # by column
    options: dict[str, Any]


def days(rng: Random, rows: int) -> list[str]:
    step = timedelta(days=rng.choice([1, 7]))
    first = datetime(rng.choice([1, 1677, 1900, 1999, 2024, 9998]), 2, 27)
    return [(first + step * row).date().isoformat() for row in _on_grid(rng, rows)]


def hours(rng: Random, rows: int) -> list[str]:
    first = datetime(rng.choice([1677, 1969, 2024]), 12, 31, 20)
    step = timedelta(minutes=rng.choice([1, 15, 60, 720]))
    parts, zone = rng.choice("T "), rng.choice(["", "Z", "+05:30", "-0800"])
    texts = [(first + step * row).isoformat(parts, "minutes") for row in _on_grid(rng, rows)]
    return [text + zone for text in texts]


def months(rng: Random, rows: int) -> list[str]:
    step, day = rng.choice([1, 3, 12]), rng.choice(["", "-01", "-28"])
    at = [rng.choice([1871, 2023]) * 12 + 1] * rows
    return [
        f"{(month + step * row) // 12}-{(month + step * row) % 12 + 1:02d}{day}"
        for month, row in zip(at, _on_grid(rng, rows), strict=True)
    ]


def counts(rng: Random, rows: int) -> list[str]:
    first, step = rng.choice([0, 1871, -5]), rng.choice(["1", "0.1", "0.25", "60"])
    return [str(first + Decimal(step) * row) for row in _on_grid(rng, rows)]


CLOCKS: list[Callable[[Random, int], list[str]]] = [days, hours, months, counts]


def _on_grid(rng: Random, rows: int) -> list[int]:
    """Whole steps, the first two next to each other, a few left out later."""
    at = [0, 1]
    while len(at) < rows:
        at.append(at[-1] + (1 if rng.random() < 0.85 else rng.randint(2, 6)))
    return at[:rows]


def numeral(rng: Random) -> str:
    """A number in one of the ways in which people and programs write it."""
    value = Decimal(rng.randint(-(10**6), 10**6)).scaleb(-rng.randint(0, 5))
    kind = rng.randrange(8)
    if kind == 0:
        return repr(rng.uniform(-1e3, 1e3))
    if kind == 1:
        return f"{float(value):.{rng.randint(0, 17)}e}"
    if kind == 2:
        return str(rng.randint(-(10**20), 10**20))
    if kind == 3:
        return rng.choice(["5e-324", "-1.7976931348623157e308", "-0", "1E-400", ".5", "7.", "00"])
    text = f"{value:f}"
    return {4: "+" + text.removeprefix("-"), 5: f" {text}  ", 6: text.replace("-", "-00")}.get(
        kind, text
    )


def rendered(rng: Random) -> Rendered:
    """A table in a random dialect."""
    delimiter, decimal = rng.choice(",;\t|"), rng.choice("...,")
    rows, width = rng.choice([1, 2, 3, 5, 12]), rng.choice([1, 1, 2, 3])
    clock = rng.choice([None, *CLOCKS])
    if clock is counts and decimal == ",":
        clock = days
    texts = [[_written(rng, decimal) for _ in range(rows)] for _ in range(width)]
    times = None if clock is None else clock(rng, rows)
    names = rng.sample(NAMES, width)
    columns = [[name, *column] for name, column in zip(names, texts, strict=True)]
    if times is not None:
        columns.insert(rng.randint(0, width), ["time", *times])
    if rng.random() < 0.5:
        columns.insert(rng.randint(0, len(columns)), ["note", *rng.choices(NOTES, k=rows)])
    data = _dialect(rng, list(zip(*columns, strict=True)), delimiter)
    options: dict[str, Any] = {"target": names, "delimiter": delimiter, "decimal": decimal}
    if times is not None:
        options["time"] = "time"
    return Rendered(
        data, times, [[_meant(t, decimal) for t in column] for column in texts], options
    )


def _written(rng: Random, decimal: str) -> str:
    if rng.random() < 0.1:
        return rng.choice(MISSING)
    return numeral(rng).replace(".", decimal)


def _meant(text: str, decimal: str) -> Decimal | None:
    return None if text in MISSING else Decimal(text.strip(" ").replace(decimal, "."))


def _dialect(rng: Random, rows: list[tuple[str, ...]], delimiter: str) -> bytes:
    """The bytes of a table, in one dialect of many."""
    text = io.StringIO(newline="")
    ending = rng.choice(["\n", "\r\n"])
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    blanks = rng.random() < 0.3 and len(rows[0]) > 1
    for row in rows:
        if blanks and rng.random() < 0.3:
            text.write(rng.choice(["", "   "]) + ending)
        writer.writerow(row)
    whole = text.getvalue()
    if rng.random() < 0.3:
        whole = whole.removesuffix(ending)
    data = whole.encode()
    if rng.random() < 0.2:
        data = b"\xef\xbb\xbf" + data
    packing = rng.random()
    if packing < 0.15:
        return gzip.compress(data, mtime=0)
    if packing < 0.25:
        cut = rng.randint(0, len(data))
        return gzip.compress(data[:cut], mtime=0) + gzip.compress(data[cut:], mtime=0)
    return data


# ---- accidents -----------------------------------------------------------------------------------

LIKELY = [b"0", b"1", b"9", b"-", b".", b",", b";", b"\t", b'"', b"\n", b"\r", b" ", b"e", b"\0"]
LIKELY += [b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"_", b"NaN", b"inf", b"'", b"\n\n", b'""', b"|"]


def mutated(rng: Random, data: bytes) -> bytes:
    """What one to three accidents make of these bytes."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(ACCIDENTS)(rng, data)
    return data


def flip(rng: Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    flipped = bytes(byte ^ 1 << rng.randrange(8) for byte in data[place : place + 1])
    return data[:place] + flipped + data[place + 1 :]


def cut(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def insert(rng: Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice([*LIKELY, bytes([rng.randrange(256)])]) + data[place:]


def replace(rng: Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(LIKELY) + data[place + 1 :]


def misread(rng: Random, data: bytes) -> bytes:
    """Another digit in the place of one: the accident that no reader can see."""
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57] or [0]
    place = rng.choice(places)
    return data[:place] + str(rng.randrange(10)).encode() + data[place + 1 :]


def delete(rng: Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + data[place + rng.choice([1, 1, 2, rng.randrange(20)]) :]


def double(rng: Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:last] + data[last:]


def double_line(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    place = rng.randrange(len(lines))
    lines.insert(rng.randrange(len(lines) + 1), lines[place])
    return b"".join(lines)


def exchange_lines(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


ACCIDENTS = [flip, flip, cut, insert, insert, replace, replace, delete, delete, double]
ACCIDENTS += [double_line, exchange_lines, *[misread] * 6]
