"""Is a bad file or a damaged checkpoint ever read wrongly in silence?

    python experiments/faults.py

Bad files with the outcome that was written down for each (``tests/bad_files.py``), files of any
dialect and what accidents make of them (``tests/fuzzed.py``), each held against a second reading by
csv and Decimal (``tests/second_reading.py``) and against ``pandas.read_csv``; and every bit and
every truncation of a checkpoint. A further trial joins by its name in `TRIALS`.
"""

import math
import sys
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from page import Page, table
from trial import (
    REFUSED,
    RIGHT,
    WRONG,
    Example,
    Row,
    Trial,
    counts,
    nothing_wrong,
    outcomes_table,
    tried,
)

from forecast import save
from forecast.checkpoint import CheckpointError, load
from forecast.learner import FlatLearner
from forecast.stream import StreamError, open_numbers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from bad_files import READ, bad_files, bomb
from fuzzed import mutated, rendered
from kept_checkpoints import FIRST, learned, teach
from second_reading import (
    MISSING,
    Unclear,
    difference,
    floats_of,
    second_reading,
)
from test_checkpoint import forged, parts, sealed

TESTS = Path(__file__).resolve().parent.parent / "tests"
DIALECTS, ACCIDENTS = 6_000, 14_000
MOST_EXAMPLES, SHORTEST = 40, 12  # all of up to so many are told, else the shortest ones
TEXT, UNCLEAR, OTHER = "text", "unclear", "other"  # what pandas also does

NO_NUMBER = {*MISSING, "N/A", "n/a", "NULL", "#N/A", "#N/A N/A", "#NA", "-NaN", "-nan", "<NA>"}
NO_NUMBER |= {"1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"}  # to pandas


PANDAS = "`pandas.read_csv(path)`"


# ---- one file, read by each ----------------------------------------------------------------------


def read(path: Path, options: dict[str, Any]) -> tuple[Any, list[str], np.ndarray]:
    """The stream once it is over, the times and the numbers."""
    with open_numbers(path, **options) as stream:
        blocks = list(stream)
    times = [time for rows in blocks for time in rows.times]
    return stream, times, np.vstack([rows.y for rows in blocks])


def outcome(path: Path, data: bytes, options: dict[str, Any]) -> tuple[str, str]:
    """RIGHT, REFUSED or WRONG, and what was said or wrong."""
    try:
        stream, times, y = read(path, options)
    except StreamError as error:
        clear = str(error).startswith(str(path)) and bool(error.advice)
        return (REFUSED if clear else WRONG), str(error).removeprefix(str(path))
    except Exception as error:
        return WRONG, repr(error)
    how = {name: options[name] for name in ("decimal", "missing") if name in options}
    try:
        reading = second_reading(data, options.get("delimiter"), **how)
        layout = options.get("time_format")
        wrong = difference(reading, stream.series, stream.time, times, y, **how, time_format=layout)
    except Unclear as error:
        wrong = f"cannot be read one way only: {error}"
    return (RIGHT, "") if wrong is None else (WRONG, wrong)


def by_pandas(path: Path, data: bytes, options: dict[str, Any]) -> tuple[str, str]:
    """What ``pandas.read_csv(path)`` makes of the numbers, and the first that is another.

    Its words for missing numbers are taken for such, and a last bit is forgiven.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = pd.read_csv(path, compression="gzip" if data[:2] == b"\x1f\x8b" else None)
    except Exception as error:
        return REFUSED, type(error).__name__
    names = options.get("target") or ["y"]
    if not all(name in frame and frame[name].dtype.kind in "iuf" for name in names):
        return TEXT, ""
    how = options.get("decimal", "."), tuple(NO_NUMBER)
    try:
        reading = second_reading(data, options.get("delimiter"), *how)
        columns = [reading.numbers(name, *how) for name in names]
    except Unclear:
        return UNCLEAR, f"`{names[0]}` = {shown(frame[names[0]].tolist())}"
    for name, column in zip(names, columns, strict=True):
        found, truth = [float(number) for number in frame[name]], floats_of(column)
        if len(found) != len(truth):  # a line of nothing is no row to it
            found = [number for number in found if not math.isnan(number)]
            truth = [number for number in truth if not math.isnan(number)]
        if len(found) != len(truth):
            return OTHER, f"{len(found)} numbers of {len(truth)}"
        for row, (a, b) in enumerate(zip(found, truth, strict=True)):
            if not math.isclose(a, b, rel_tol=1e-14) and not (math.isnan(a) and math.isnan(b)):
                return OTHER, f"{a!r} for `{reading.column(name)[row]}`"
    return RIGHT, ""


def shown(numbers: list[Any]) -> str:
    text = ", ".join(f"{number:.6g}" for number in numbers[:5])
    return text + (", ..." if len(numbers) > 5 else "")


# ---- the trials ----------------------------------------------------------------------------------


def corpus(folder: Path) -> Row:
    """Bad files, each with the outcome that was written down."""
    here: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    wrong, examples = [], []
    path = folder / "a.csv"
    for file in bad_files():
        path.write_bytes(file.data)
        came, said = outcome(path, file.data, file.options)
        if file.expected == READ:
            kept = came == RIGHT
        else:
            place = ("" if file.expected.line is None else f", line {file.expected.line}") + (
                "" if file.expected.column is None else f", column {file.expected.column!r}"
            )
            kept = came == REFUSED and said.startswith(place + ":") and file.expected.says in said
        here[came if kept else WRONG] += 1
        if not kept:
            wrong.append(f"{file.name}: {came}, {said[:200]}")
        if file.name.startswith("ten thousand") or len(file.data) > 1 << 24:
            continue  # seconds each
        came, instead = by_pandas(path, file.data, file.options)
        beside[came] += 1
        if came in (UNCLEAR, OTHER):
            examples.append(Example(file.name, said.lstrip(",: ") or "read", instead))
    return Row("bad and strange files", here, wrong, PANDAS, beside, examples)


def fuzzed(name: str, files: Iterator[tuple[bytes, dict[str, Any]]], folder: Path) -> Row:
    """Files one after the other, by us and by pandas."""
    here: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    wrong, examples = [], []
    path = folder / "a.csv"
    for data, options in files:
        path.write_bytes(data)
        came, said = outcome(path, data, options)
        here[came] += 1
        if came == WRONG:
            wrong.append(f"{said[:200]}: {data[:300]!r}, {options}")
        came, instead = by_pandas(path, data, options)
        beside[came] += 1
        if came in (UNCLEAR, OTHER):
            examples.append(Example(repr(data), said.lstrip(",: ") or "read", instead))
    return Row(name, here, wrong, PANDAS, beside, examples)


def dialects(folder: Path) -> Row:
    """Whole tables in any dialect: all have to be read."""
    files = (rendered(Random(seed)) for seed in range(DIALECTS))
    row = fuzzed("tables in any dialect", ((f.data, f.options) for f in files), folder)
    refused = row.here.pop(REFUSED, 0)
    return row._replace(here=row.here + Counter({WRONG: refused} if refused else {}))


def accidents(folder: Path) -> Row:
    """The same after one to three accidents, a third of them read by guesses alone."""

    def files() -> Iterator[tuple[bytes, dict[str, Any]]]:
        for seed in range(DIALECTS, DIALECTS + ACCIDENTS):
            rng = Random(seed)
            file = rendered(rng)
            yield mutated(rng, file.data), file.options if rng.random() < 0.7 else {}

    return fuzzed("the same, damaged", files(), folder)


def bombs(folder: Path) -> Row:
    """A gigabyte of one letter in a megabyte of gzip: refused, and never held."""
    here: Counter[str] = Counter()
    wrong = []
    path = folder / "a.csv"
    for letter in (b"0", b"\0", b" "):
        data = bomb(letter, 1024)
        path.write_bytes(data)
        tracemalloc.start()
        try:
            read(path, {})
            came = WRONG
        except StreamError:
            came = REFUSED
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        came = came if peak < 100e6 else WRONG
        here[came] += 1
        if came == WRONG:
            wrong.append(f"{letter!r}: {peak / 1e6:.0f} MB")
    return Row("gigabytes in small gzip files, within 100 MB of memory", here, wrong)


def checkpoint() -> bytes:
    """A checkpoint of 4 kB that has learned something."""
    return (TESTS / "checkpoints" / "level-1.checkpoint").read_bytes()


def state(learner: FlatLearner) -> tuple[str, bytes, bytes]:
    """All that a learner is."""
    return repr(learner), learner.floats.tobytes(), learner.ints.tobytes()


def loaded(name: str, contents: Iterator[bytes], whole: list[bytes], folder: Path) -> Row:
    """Broken checkpoints: refused, or the state of a whole one; a whole one has to be loaded."""
    here: Counter[str] = Counter()
    wrong = []
    path = folder / "a.checkpoint"
    states = []
    for content in whole:
        path.write_bytes(content)
        states.append(state(load(path)))
    for content in contents:
        path.write_bytes(content)
        try:
            came, said = (RIGHT if state(load(path)) in states else WRONG), "another state"
        except CheckpointError as error:
            said = str(error)
            came = REFUSED if said.startswith(str(path)) and content not in whole else WRONG
        except Exception as error:
            came, said = WRONG, repr(error)
        here[came] += 1
        if came == WRONG:
            wrong.append(said[:200])
    return Row(name, here, wrong)


def flipped(content: bytes) -> Iterator[bytes]:
    """One bit flipped, each in its turn."""
    for bit in range(8 * len(content)):
        broken = bytearray(content)
        broken[bit // 8] ^= 1 << bit % 8
        yield bytes(broken)


def every_bit(folder: Path) -> Row:
    """Every bit of a checkpoint."""
    content = checkpoint()
    name = f"every bit of a checkpoint of {len(content):,} bytes"
    return loaded(name, flipped(content), [content], folder)


def every_truncation(folder: Path) -> Row:
    """Cut after each byte."""
    content = checkpoint()
    cuts = (content[:length] for length in range(len(content)))
    return loaded("every truncation of it", cuts, [content], folder)


def every_torn_write(folder: Path) -> Row:
    """The first bytes of one checkpoint and the last ones of an older one, cut at each byte."""
    later = learned("level-1")
    teach(later, range(7))
    save(folder / "later", later, source="kept_checkpoints.py", offset=len(FIRST) + 7)
    old, new = checkpoint(), (folder / "later").read_bytes()
    torn = (new[:cut] + old[cut:] for cut in range(max(len(old), len(new)) + 1))
    return loaded("a newer one written over it, stopped at every byte", torn, [old, new], folder)


def odd_headers(folder: Path) -> Row:
    """Fields that are gone or odd, 2^60 elements among them, under sums that are right."""
    header, body = parts(checkpoint())
    files = (sealed(odd, body) for odd in forged(header))
    name = "a field of its header gone or odd (2^60 elements), under right sums"
    tracemalloc.start()
    row = loaded(name, files, [checkpoint()], folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6, f"{peak / 1e6:.0f} MB"
    return row


def whole(trial: Callable[[Path], Row]) -> Callable[[Path, float], Row]:
    """A trial of which no share is run, but all of it."""
    return lambda folder, share: trial(folder)


TRIALS: list[Trial] = [
    *map(whole, (corpus, dialects, accidents, bombs)),
    *map(whole, (every_bit, every_truncation, every_torn_write, odd_headers)),
]


def cell(text: str, most: int = 110) -> str:
    """A text in a cell of a table."""
    text = text if len(text) <= most else text[:most] + "…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text).replace("|", "\\|")


def main() -> None:
    page = Page("Nothing read wrongly in silence", __file__)
    page.say(
        "Each file and each checkpoint is either what it should be, or refused by an error that "
        "names the file, the line and the column and says what to do. What it should be was "
        "written down before it was read, or is told by a second reading with Python's csv, gzip "
        "and Decimal, which shares no line with the reader: numbers equal to the last bit, "
        "every row at its time, nothing between them but missing ones. *Silently wrong* is all "
        "else, another exception too."
    )
    rows = tried(TRIALS, 1.0)
    page.say(outcomes_table(rows))
    beside(page, rows)
    page.write()
    nothing_wrong(rows)


def beside(page: Page, rows: list[Row]) -> None:
    """The same read by pandas, and what that read without a word."""
    page.say("## The same beside us")
    page.say(
        "Of the files `pandas.read_csv(path)`, with nothing else said, is asked for the numbers "
        "of the same columns, not for times. Its words for missing numbers are granted, and the "
        "14th digit. *Left as text*: the column is no number, or not found; somebody will see it. "
        "*Cannot be known*: numbers of a file that has more than one reading, such as rows of "
        "other lengths; *other numbers*: the file has one reading, and it is not this."
    )
    header = ["trial", "by", "tried", "right", "raised or warned", "left as text"]
    header += ["cannot be known", "other numbers"]
    kinds = (RIGHT, REFUSED, TEXT, UNCLEAR, OTHER)
    cells = [
        [row.trial, row.peer, *(f"{n:,}" for n in counts(row.beside, kinds))]
        for row in rows
        if row.peer
    ]
    page.say(table(header, cells))
    page.say("## What pandas read without a word")
    for row in rows:
        if not row.examples:
            continue
        told = sorted(row.examples, key=lambda example: len(example.file))
        some = len(told) > MOST_EXAMPLES
        page.say(f"Of {row.trial}: {len(told):,}{', the shortest' if some else ''}.")
        cells = [[*map(cell, example)] for example in told[: SHORTEST if some else None]]
        page.say(table(["file", "here", "pandas"], cells))


if __name__ == "__main__":
    main()
