"""A row that plainly is the next one is read at once: as any other way of reading would have it."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from live_trials import answered

from forecast.live import record
from forecast.live.options import parser
from forecast.live.rows import LiveRows
from forecast.stream import open_numbers
from forecast.stream.csv_numbers import NumberStream
from forecast.stream.errors import StreamError
from forecast.stream.rows import Rows
from forecast.stream.source import Given
from forecast.stream.table import Table

Write = Callable[[int], str]
DATA = Path(__file__).parent.parent / "data"
ROWS = 300
START, LATE = datetime(2024, 2, 28, 20), datetime(9999, 12, 31, 18, 55)
HORIZONS = (1, 2, 3, 12)


def each(step: timedelta, layout: str, start: datetime = START) -> Write:
    """Times a step apart."""
    return lambda k: (start + k * step).strftime(layout)


def at_an_offset(step: timedelta) -> Write:
    """Times of a clock that is put forward on the way."""
    return lambda k: (START + k * step).isoformat() + ("+01:00" if k < ROWS // 2 else "+02:00")


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TIMES: dict[str, tuple[Write, list[str]]] = {
    "minutes": (each(MINUTE, "%Y-%m-%d %H:%M"), []),
    "seconds": (each(10 * timedelta(seconds=1), "%Y-%m-%dT%H:%M:%S"), []),
    "tenths": (lambda k: each(0.1 * timedelta(seconds=1), "%Y-%m-%d %H:%M:%S.%f")(k)[:-5], []),
    "microseconds": (each(timedelta(microseconds=7), "%Y-%m-%d %H:%M:%S.%f"), []),
    "nanoseconds": (lambda k: f"2024-01-31 00:{k // 60:02d}:{k % 60:02d}.000000000", []),
    "UTC": (each(HOUR, "%Y-%m-%dT%H:%M:%SZ"), []),
    "ahead of UTC": (each(HOUR, "%Y-%m-%dT%H:%M+0530"), []),
    "behind UTC": (each(DAY, "%Y-%m-%dT%H:%M-09:30"), []),
    "a clock put forward": (at_an_offset(HOUR), []),
    "days on that clock": (at_an_offset(DAY), []),
    "days apart in UTC": (
        lambda k: at_an_offset(DAY)(k).replace("T20:00:00+02", "T21:00:00+02"),
        [],
    ),
    "days": (each(DAY, "%Y-%m-%d"), []),
    "half days after a date": (
        lambda k: each(12 * HOUR, "%Y-%m-%d %H:%M" if k else "%Y-%m-%d", datetime(2024, 1, 1))(k),
        [],
    ),
    "months": (lambda k: f"{2000 + k // 12}-{1 + k % 12:02d}", []),
    "ends of months": (
        lambda k: (datetime(2000 + k // 12, 1 + k % 12, 1) - DAY).strftime("%Y-%m-%d"),
        [],
    ),
    "the year 999": (lambda k: f"0999-12-31T{19 + k // 60:02d}:{k % 60:02d}", []),
    "the last day": (each(MINUTE, "%Y-%m-%dT%H:%M", LATE), []),
    "the last day in a layout": (
        each(MINUTE, "%Y-%m-%dT%H:%M", LATE),
        ["--time-format", "%Y-%m-%dT%H:%M"],
    ),
    "a layout": (each(MINUTE, "%d/%m/%Y %H:%M"), ["--time-format", "%d/%m/%Y %H:%M"]),
    "a layout with a digit": (each(HOUR, "7 %d/%m/%Y %H"), ["--time-format", "7 %d/%m/%Y %H"]),
    "a short year": (each(DAY, "%d.%m.%y"), ["--time-format", "%d.%m.%y"]),
    "a layout that drops the minutes": (
        each(30 * MINUTE, "%Y-%m-%d %H"),
        ["--time-format", "%Y-%m-%d %H", "--step", "30 min"],
    ),
    "a layout with an offset": (each(HOUR, "%Y%m%d %H%M+0100"), ["--time-format", "%Y%m%d %H%M%z"]),
    "numbers": (str, []),
    "tenths as numbers": (lambda k: f"{k / 10:.1f}", []),
    "thirds as numbers": (lambda k: repr(k / 3), []),
    "nearly even": (lambda k: f"{1.7e9 + 60 * k + (k * k % 13 - 6) / 10:.1f}", []),
    "powers": (lambda k: f"{k}e0", []),
    "rows": (str, ["--step", "rows"]),
}
# of a calendar, finer than a microsecond, or not written as the first time was
NEVER = {"months", "ends of months", "nanoseconds", "half days after a date", "a short year"}
NEVER |= {"a layout with a digit", "a layout with an offset", "a layout that drops the minutes"}
NUMBERS = ["", "NA", "nan", "inf", "-Infinity", "1e999", "-999", "0", "-0", "+3.", ".5", "1e-5"]
NUMBERS += ["x", "1_0", "0x1", "\u0663", " 4", "4 ", "1,5", "1.234,5", "1,234.5", "12,34"]
NUMBERS += ["5\0", '"6"', '"6']


def strange(time: str, y: str, rng: Random) -> str:
    """A line that is not quite what the others are."""
    times = [f" {time}", f"{time} ", time[:10], time[:-1] + "9", time + "1", time + "Z"]
    times += [time.replace(a, b) for a, b in (" T", "-/", "78", "0\u0660", ("30", "75"))]
    times += [time.replace("+0", "+2"), time + "+01:75", time + ".00000000000000001"]
    times += ["", "x", "1e400", "2023-02-29 24:60"]
    return rng.choice(
        [
            f"{rng.choice(times)},{y}\n",
            f"{rng.choice(times)},{y}\n",
            f"{time},{rng.choice(NUMBERS)}\n",
            f"{time},{rng.choice(NUMBERS)}\n",
            f"{time},{y}\r\n",
            f"{time},{y},\n",
            f"{time}\n",
            f'"{time}",{y}\n',
            "time,y\n",
            "  \n",
        ]
    )


def lines_of(write: Write, rng: Random) -> Iterator[str]:
    """A stream with gaps and repeats, and among its rows some that are strange."""
    yield "time,y\n"
    k = 0
    while k < ROWS:
        y = f"{rng.gauss(10.0, 3.0):.{rng.choice([0, 3, 17])}f}" if rng.random() < 0.95 else ""
        yield f"{write(k)},{y}\n"
        if k > 1 and rng.random() < 0.15:
            yield strange(write(k + rng.randint(0, 1)), "4.5", rng)
        if k > 1 and rng.random() < 0.05:
            k += rng.choice([-1, 0, 2, 5])
        k += 1


def look_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no row plainly is the next one, and no time is written by itself."""
    monkeypatch.setattr(NumberStream, "follow", lambda stream, table: None)
    monkeypatch.setattr(NumberStream, "_ahead", lambda stream, last, ks: None)


def read(
    lines: Sequence[bytes], words: Sequence[str], prepare: Callable[[LiveRows], None]
) -> list[Any]:
    """All that is said of each line."""
    told: list[str] = []
    reader = LiveRows(parser().parse_args(["-", *words]), "rows", told.append)
    prepare(reader)
    found = []
    for number, line in enumerate(lines, 1):
        rows = reader.of(line, number)
        numbers = [(each.first, each.times, each.y.tobytes(), each.beside.shape) for each in rows]
        found.append((numbers, reader.stand(), list(told), ahead(reader)))
        told.clear()
    return found


def ahead(reader: LiveRows) -> list[str]:
    """The times of what comes, or why they cannot be written."""
    try:
        return [] if reader.stream is None else reader.stream.futures(HORIZONS)
    except StreamError as error:
        return [str(error)]


def both(
    lines: Sequence[str], words: Sequence[str], monkeypatch: pytest.MonkeyPatch, **prepared: Any
) -> int:
    """Read them both ways; how many rows were read at once."""
    coded = [line.encode() for line in lines]
    prepare = prepared.get("prepare", lambda reader: None)
    follow, followed = NumberStream.follow, []

    def counted(stream: NumberStream, table: Table) -> Rows | None:
        row = follow(stream, table)
        followed.append(row is not None)
        return row

    monkeypatch.setattr(NumberStream, "follow", counted)
    found = read(coded, words, prepare)
    look_at_all(monkeypatch)
    wanted = read(coded, words, prepare)
    for line, one, other in zip(coded, found, wanted, strict=True):
        assert one == other, line
    return sum(followed)


@pytest.mark.parametrize("name", TIMES)
def test_it_is_what_any_other_way_of_reading_finds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, words = TIMES[name]
    lines = list(lines_of(write, Random(name)))
    followed = both(lines, ["--time", "time", "--target", "y", *words], monkeypatch)
    assert (followed == 0) if name in NEVER else (followed > ROWS // 15), followed


@pytest.mark.parametrize(
    "words",
    [
        ["--bounds", "5,12"],
        ["--bounds", ",12"],
        ["--missing=-999", "--missing", "x"],
        ["--missing", " 4"],
        ["--duplicates", "drop", "--unsorted", "drop"],
        ["--step", "2 min"],
        ["--step", "30 s"],
        ["--thousands", "space"],
        ["--exclude", "2024-02-28 21:00..2024-02-28 22:00"],
        ["--exclude", "2024-02-28 21:00..2024-02-28 22:00", "--bounds", "5,12"],
    ],
)
def test_whatever_is_asked(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write, _ = TIMES["minutes"]
    lines = list(lines_of(write, Random(str(words))))
    followed = both(lines, words, monkeypatch)
    assert (followed == 0) if words[0] == "--exclude" or "30 s" in words else followed > 100


@pytest.mark.parametrize("thousands", ["", ".", "space"])
def test_numbers_with_a_comma(thousands: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(3)
    marks = {"space": " "}.get(thousands, thousands)
    numbers = [f"{k % 9}{rng.choice([marks, ''])}{k:03d},{k % 10}" for k in range(ROWS)]
    numbers[7::9] = [rng.choice(NUMBERS) for _ in numbers[7::9]]
    lines = ["t;y\n", *(f"{k};{y}\n" for k, y in enumerate(numbers))]
    words = ["--decimal", ",", "--delimiter", ";"]
    followed = both(lines, words + ["--thousands", thousands] * bool(thousands), monkeypatch)
    assert followed > ROWS // 2


def test_objects_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    write, _ = TIMES["minutes"]
    rng, lines = Random(4), []
    for k in range(ROWS):
        y: Any = rng.choice([k % 7, k / 7, None, str(k), 1e-7, True, [1], "much", float("nan")])
        lines.append(
            json.dumps({"time": write(k), "y": y if k % 5 == 4 else k / 3, "z": {}}) + "\n"
        )
        if k % 9 == 8:
            lines.append(rng.choice(["{}\n", "\n", "[1]\n", lines[-1], '{"y": 3}\n', "{"]))
    assert both(lines, ["--target", "y"], monkeypatch) > ROWS // 2


def test_rows_that_were_read_before_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what comes after them, one step on, is read at once, again."""
    write, _ = TIMES["minutes"]
    lines = [f"{write(k)},{k % 7}\n" for k in range(60)]
    before = LiveRows(parser().parse_args(["-"]), "rows", lambda sentence: None)
    for number, line in enumerate(["time,y\n", *lines[:40]], 1):
        before.of(line.encode(), number)
    stand = before.stand()

    def prepare(reader: LiveRows) -> None:
        reader._go_on(stand)
        reader.read_anew()

    assert both(["time,y\n", *lines], [], monkeypatch, prepare=prepare) == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children of POSIX")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("water_flow", ["--horizon", "1-12"]),
        ("trump_approval", ["--target", "gallup", "--horizon", "12", "--alert", "p=0.01"]),
        ("co2", ["--alert", "5"]),
        ("nile", ["--horizon", "1-3"]),
        ("sunspots", ["--step", "rows"]),
        ("macrodata", ["--target", "m1"]),
    ],
)
def test_not_a_byte_of_a_whole_run_differs(
    name: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DATA / f"{name}.csv").read_bytes()
    found = []
    for _ in range(2):
        code, answers, said = answered(["-", *words], tmp_path, text)
        assert len(answers) >= text.count(b"\n") - 1
        found.append((code, (tmp_path / "stdout").read_bytes(), said))
        look_at_all(monkeypatch)
        monkeypatch.setattr(record, "TOGETHER", 1)  # each line by itself
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("times", "line"),
    [
        (["2024-01-01T00:00-09:30", "2024-01-02T00:00-09:30"], "2024-01-03T00:00-09:75"),
        (["2024-01-01T00:00-09:30", "2024-01-02T00:00-09:30"], "2024-01-03T00:00-24:30"),
        (
            ["2024-01-01T00:00:00.0000000", "2024-01-01T00:00:01.0000000"],
            "2024-01-01T00:00:02.0000001",
        ),
        (["0", "1"], "2.00000000000000001"),
        (["0", "1"], "2_0"),
    ],
)
def test_what_looks_like_the_next_row_and_is_none(
    times: list[str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["time,y\n", *(f"{time},1\n" for time in (*times, line))]
    assert both(lines, ["--time", "time"], monkeypatch) == 0


def test_a_row_that_is_not_followed_moves_nothing() -> None:
    stream = open_numbers(Given("rows", b"t,y\n0,1\n1,2\n"), bounds=(0.0, 9.0))
    assert [rows.times for rows in stream] == [["0", "1"]]
    for time, y in (("2", "-1"), ("2", "10"), ("2", "x"), ("1", "1"), ("3", "1"), ("x", "1")):
        assert stream.follow(Table([[y], [time]], [4])) is None
        assert (stream.rows, stream.rows_read, stream.future(1)) == (2, 2, "2")
    row = stream.follow(Table([["9"], [" 2 "]], [4]))
    assert row is not None and (row.first, row.times, row.y.tolist()) == (2, ["2"], [[9.0]])
    assert (stream.rows, stream.rows_read, stream.future(1)) == (3, 3, "3")
    empty = stream.follow(Table([[""], ["3"]], [5]))
    assert empty is not None and np.isnan(empty.y[0, 0])
