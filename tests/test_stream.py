"""The CSV reader: exact, strict, causal, bounded in memory."""

import csv
import gzip
import hashlib
import io
import math
import os
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.stream import (
    ExclusionError,
    NumberStream,
    Step,
    StreamError,
    open_numbers,
    season_of,
)


class Read:
    """All that a stream hands on."""

    def __init__(self, stream: NumberStream) -> None:
        blocks = list(stream)
        self.stream = stream
        self.times = [time for rows in blocks for time in rows.times]
        self.y = np.vstack([rows.y for rows in blocks])
        self.first = [rows.first for rows in blocks]
        assert self.first == np.cumsum([0, *map(len, blocks)])[:-1].tolist()
        assert stream.rows == len(self.times) == len(self.y)

    @property
    def values(self) -> list[float]:
        return self.y[:, 0].tolist()


class Reader:
    """Writes a text to a file and reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str | bytes, **options: Any) -> Read:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        return Read(open_numbers(self.path, **options))

    def refuses(self, text: str | bytes, **options: Any) -> StreamError:
        with pytest.raises(StreamError) as caught:
            self(text, **options)
        assert "\n" not in str(caught.value)
        assert str(self.path) in str(caught.value)
        return caught.value


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "a.csv")


def same(found: list[float], expected: list[float]) -> bool:
    return np.array_equal(found, expected, equal_nan=True)


# ---- numbers -----------------------------------------------------------------------------------

NUMERALS = [
    "0", "-0", "+7", "007", "1.5", "-.5", "5.", "1e3", "1E-3", "+2.5e+2", " 3 ", "0.1",
    "123456789012345678901234567890", "4.9e-324", "1.7976931348623157e308", "1e-400",
    "0.30000000000000004", "9007199254740993", "2.2250738585072011e-308",
]  # fmt: skip


def test_numbers_are_those_of_an_independent_reader(read: Reader) -> None:
    text = "y,x\n" + "".join(f"{numeral},0\n" for numeral in NUMERALS)
    _, *rows = csv.reader(io.StringIO(text))
    found = read(text, target=["y"]).values
    assert found == [float(Decimal(row[0].strip())) for row in rows]
    assert math.copysign(1, found[1]) == -1


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [1, 3, 4096])
def test_blocks_and_endings_change_nothing(read: Reader, ending: str, block: int) -> None:
    lines = ["note,y,time", *(f'"a, ""b""",{i / 7},2024-01-{i:02d}' for i in range(1, 29))]
    found = read(ending.join(lines), block=block)
    assert found.values == [i / 7 for i in range(1, 29)]
    assert found.times[-1] == "2024-01-28"
    assert found.stream.bad == {}


def test_missing_and_infinite(read: Reader) -> None:
    words = ["", " ", "NA", "NaN", "nan", "null", "None", '""', "inf", "-Infinity", "+INF", "1"]
    found = read("y,x\n1,1\n" + "".join(f"{word},1\n" for word in words), target=["y"])
    assert same(found.values, [1.0, *[math.nan] * 8, math.inf, -math.inf, math.inf, 1.0])
    assert same(read("y,x\n-999,1\n -999 ,2\n-99,3\n", target=["y"], missing=["-999"]).values,
                [math.nan, math.nan, -99.0])  # fmt: skip
    assert read.refuses("y,x\n1,1\nNA,1\n", target=["y"], missing=["-"]).text == "NA"


REFUSED = [
    "1_000", "1,000", "١٢", "\uff11", "0x10", "1e", "e5", "1.2.3", "--1", "1 2", "1-", "$5", "5%",
    "twelve", ".", "+", "1\u00a0", "\u20091", "\t1", "1d3", "infin", "n/a", "1e5.0", "−1",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_plainly_a_number_is_refused(read: Reader, text: str) -> None:
    error = read.refuses(f'time,y,z\n2024-01-01,1,0\n2024-01-02,"{text}",0\n', target=["y"])
    assert (error.line, error.column, error.text) == (3, "y", text)
    assert "is not a number" in str(error)
    assert "--missing" in error.advice
    # and the same amid thousands of good ones
    body = "".join(f"{i};0\n" for i in range(5000))
    error = read.refuses(f"y;z\n{body}{text};0\n{body}", target=["y"], delimiter=";")
    assert (error.line, error.column, error.text) == (5002, "y", text)


def test_offending_text_is_cut(read: Reader) -> None:
    error = read.refuses("y\n1\n" + "x" * 1000 + "\n")
    assert "'" + "x" * 80 + "…'" in str(error)
    assert "x" * 81 not in str(error)


def test_decimal_comma(read: Reader) -> None:
    found = read("time;y\n0,5;1,25\n1,0;-3\n2,0;,5e1\n", decimal=",")
    assert same(found.values, [1.25, -3.0, math.nan, 5.0])
    assert found.times == ["0,5", "1,0", "1,5", "2,0"]
    assert found.stream.future(1) == "2,5"
    error = read.refuses("time;y\n1;1,25\n2;1.250\n", decimal=",")
    assert (error.line, error.column, error.text) == (3, "y", "1.250")
    error = read.refuses("time;y\n1;1,25\n")
    assert (error.column, error.text, error.advice) == ("y", "1,25", 'Say --decimal ",".')
    assert read.refuses("time;y\n1;one\n").text == "1;one"


# ---- bytes and lines ---------------------------------------------------------------------------


def test_gzip_marks_and_stdin(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "time,é\n2024-01-01,1\n2024-01-02,2\n".encode()
    first, second = text[:20], text[20:]
    for data in (
        text,
        b"\xef\xbb\xbf" + text,
        gzip.compress(text),
        gzip.compress(first) + gzip.compress(second) + b"\0" * 512,
        gzip.compress(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")),
    ):
        found = read(data)
        assert found.stream.series == ("é",)
        assert (found.times, found.values) == (["2024-01-01", "2024-01-02"], [1.0, 2.0])
        assert found.stream.sha256 == hashlib.sha256(data).hexdigest()
        assert found.stream.bytes_read == len(data)
        assert found.stream.progress() == 1.0
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        piped = Read(open_numbers("-"))
        assert piped.values == [1.0, 2.0]
        assert piped.stream.sha256 == found.stream.sha256
        assert (piped.stream.source, piped.stream.progress()) == ("standard input", None)


def test_a_mark_before_numbers_without_a_header(read: Reader) -> None:
    assert read(b"\xef\xbb\xbf1\n2\n").values == [1.0, 2.0]


@pytest.mark.parametrize("cut", [3, 12, 40, -9, -1])
def test_truncated_gzip(read: Reader, cut: int) -> None:
    data = gzip.compress(b"y\n" + b"".join(b"%d\n" % (i * i) for i in range(5000)))
    assert "ends too early" in str(read.refuses(data[:cut]))


def test_damaged_gzip(read: Reader) -> None:
    data = bytearray(gzip.compress(b"y\n" + b"".join(b"%d\n" % (i * i) for i in range(5000))))
    data[-6] ^= 1  # the checksum
    assert "damaged gzip" in str(read.refuses(bytes(data)))
    data[-6] ^= 1
    assert "damaged gzip" in str(read.refuses(bytes(data) + b"more"))
    data[len(data) // 2] ^= 0xFF
    assert "gzip" in str(read.refuses(bytes(data)))


def test_a_small_gzip_of_a_long_line_stays_small(read: Reader) -> None:
    read.path.write_bytes(gzip.compress(b"y\n1\n" + b"1" * 300_000_000))
    tracemalloc.start()
    with pytest.raises(StreamError, match=r"line 3: is longer than 16 MB"):
        Read(open_numbers(read.path))
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()


def test_blank_lines(read: Reader) -> None:
    found = read("y,x\n1,1\n2,2\n\n \n\n", target=["y"])
    assert (found.values, found.stream.bad) == ([1.0, 2.0], {})
    found = read("y,x\n1,1\n\n\r\n  \n2,2\n", target=["y"])
    assert (found.values, found.stream.bad) == ([1.0, 2.0], {"blank line": 3})
    found = read("y\n1\n\n2\n\n")
    assert (found.values, found.stream.bad) == ([1.0, 2.0], {"blank line": 1})
    assert same(read('y\n1\n""\n \n2').values, [1.0, math.nan, math.nan, 2.0])


def test_lines_are_physical_after_quoted_newlines(read: Reader) -> None:
    text = '"the\ntime",note,y\n2024-01-01,"a\n\nb",1\n2024-01-02,"c\nd",x\n'
    error = read.refuses(text, target=["y"])
    assert (error.line, error.column, error.text) == (7, "y", "x")
    assert read(text.replace(",x\n", ",2\n"), target=["y"]).values == [1.0, 2.0]


MALFORMED = {
    "y,x\n1,2\n1\n": (3, "1", "1 fields where the first row has 2"),
    "y,x\n1,2\n1,2,3\n2\n": (3, "1,2,3", "3 fields where the first row has 2"),
    "y,x\n1,2\n1,2,\n": (3, "1,2,", "3 fields"),
    'y,x\n1,2\n3,"4\n5,6\n': (3, '3,"4\n5,6', "quote that is never closed"),
    'y,x\n1,2\n3,4"5"\n': (3, '4"5"', "quote inside a field"),
    'y,x\n1,2\n3,"4"5\n': (3, "5", "after the end of a quoted field"),
    "y,x\n1,2\n3,4\r5,6\n": (3, "4\r5", "carriage return"),
    b"y,x\n1,2\n3,4\0\n": (3, None, "NUL byte"),
    b"y,x\n1,2\n3,\xff\n": (3, None, "not UTF-8"),
    b"y,\xe9\n1,2\n": (1, None, "not UTF-8"),
    "y,x\n1,2\n3," + "4" * (1 << 20) + "4\n": (3, "4" * ((1 << 20) + 1), "more than 1 MB"),
    "y,x\n1,2\n3," + "4" * (1 << 25) + "\n": (3, None, "longer than 16 MB"),
    'y,x\n1,2\n3,"' + ("4" * 99 + "\n") * (1 << 18): (3, ..., "quote that is never closed"),
    "y,x, y \n1,2,3\n": (1, "y", "name of two columns"),
}


@pytest.mark.parametrize("text", MALFORMED, ids=[f"case{i}" for i in range(len(MALFORMED))])
def test_malformed(read: Reader, text: str | bytes) -> None:
    line, offending, problem = MALFORMED[text]
    error = read.refuses(text, target=["y"])
    assert error.line == line
    assert offending is ... or error.text == offending
    assert problem in str(error)
    assert len(str(error)) < 500


def test_what_is_no_csv(read: Reader, tmp_path: Path) -> None:
    assert "is empty" in str(read.refuses(""))
    assert "is empty" in str(read.refuses("\n\n"))
    assert "has a header and no rows" in str(read.refuses("time,y\n"))
    assert "has a header and no rows" in str(read.refuses("time,y"))
    assert "zip archive" in str(read.refuses(b"PK\x03\x04..."))
    assert "UTF-16" in str(read.refuses("y\n1\n".encode("utf-16")))
    with pytest.raises(StreamError, match="no such file"):
        open_numbers(tmp_path / "none.csv")
    with pytest.raises(StreamError, match="is a directory"):
        open_numbers(tmp_path)
    with pytest.raises(StreamError, match="cannot be opened"):
        open_numbers("a\0b")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_unreadable(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    read.path.write_text("y\n1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read anything
    with pytest.raises(StreamError, match=r"cannot be opened \(Permission denied\)"):
        open_numbers(read.path)


# ---- columns -----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(read: Reader, delimiter: str) -> None:
    text = "b,time,a\n1,2024-01-01,3\n2,2024-01-02,4\n".replace(",", delimiter)
    for given_delimiter in (None, delimiter):
        found = read(text, target=["a", "b"], delimiter=given_delimiter)
        assert found.y.tolist() == [[3.0, 1.0], [4.0, 2.0]]
        assert (found.stream.series, found.stream.time) == (("a", "b"), "time")


def test_choices_are_listed(read: Reader) -> None:
    error = read.refuses("time,a,word,b\n2024-01-01,1,x,\n")
    assert error.advice == (
        "Say --target a or --target b (empty in the first row: b); forecast run takes several "
        "together: repeat it, or say a pattern, as --target '*'; or, with --wide, each as a series "
        "of its own."
    )
    error = read.refuses("start,end,y\n2024-01-01,2024-01-02,1\n")
    assert error.advice == "Say --time start or --time end."
    error = read.refuses("a;b,c\n1;2,3\n")
    assert (error.line, error.text) == (1, "a;b,c")
    assert error.advice == "Say --delimiter ',' or --delimiter ';'."
    error = read.refuses("time,y\n2024-01-01,1\n", target=["z"])
    assert (error.text, error.advice) == ("z", "Its columns are time, y.")
    assert read.refuses("time,y\n2024-01-01,1\n", time="when").text == "when"
    assert "is the time column" in str(read.refuses("time,y\n2024-01-01,1\n", target=["time"]))
    assert "is named twice" in str(read.refuses("a,y\n1,1\n", target=["y", "y"]))
    assert read.refuses("time,y\n2024-01-01,x\n").line == 2
    error = read.refuses("Date,y\n01/02/2024,1\n")
    assert (error.line, error.column, error.text) == (2, "Date", "01/02/2024")
    assert "--time-format" in error.advice


def test_guesses_are_said(read: Reader) -> None:
    found = read("y;Date\n1;2024-01-01\n2;2024-01-02\n")
    assert found.stream.guessed == [
        "the delimiter is ';': no other splits the header",
        "the time column is 'Date': only its first field is a date or time",
        "the target is 'y': the only column of numbers",
        "the step is 1 day: so far apart are the first two times",
    ]
    found = read("1.5,2\n3,4\n", target=["c2"])
    assert (found.values, found.times) == ([2.0, 4.0], ["0", "1"])
    assert "there is no header" in found.stream.guessed[0]
    found = read(",y\n2024-01-01,1\n2024-01-02,2\n")
    assert (found.stream.time, found.values) == ("c1", [1.0, 2.0])
    found = read("2024-01-01,1\n2024-01-02,2\n")
    assert (found.stream.time, found.stream.series, found.values) == ("c1", ("c2",), [1.0, 2.0])
    found = read("5\n6\n7")
    assert (found.stream.series, found.values) == (("c1",), [5.0, 6.0, 7.0])
    assert found.stream.future(2) == "4"


@pytest.mark.parametrize("name", ["time", "DATE", "Timestamp", "ds", "Year", "index", "Unnamed: 0"])
def test_names_of_time_columns(read: Reader, name: str) -> None:
    assert read(f"y,{name}\n1,7\n2,8\n").stream.time == name


# ---- the grid ----------------------------------------------------------------------------------


def test_gaps_become_missing(read: Reader) -> None:
    text = "time,y\n2024-02-28 12:00,1\n2024-02-29 00:00,2\n2024-03-01 12:00,3\n"
    for block in (1, 2, 4096):
        found = read(text, block=block)
        assert found.times == [
            "2024-02-28 12:00",
            "2024-02-29 00:00",
            "2024-02-29 12:00",
            "2024-03-01 00:00",
            "2024-03-01 12:00",
        ]
        assert same(found.values, [1.0, 2.0, math.nan, math.nan, 3.0])
        assert (found.stream.rows_read, str(found.stream.step)) == (3, "12 hours")
        assert found.stream.future(3) == "2024-03-03 00:00"


CALENDAR = {
    # the first two, a later one, what is between, the step
    ("2024-01-31", "2024-02-29", "2024-05-31"): (["2024-03-31", "2024-04-30"], "1 month"),
    ("2023-01-30", "2023-02-28", "2023-04-28"): None,
    ("2023-11-30", "2023-12-30", "2024-03-30"): (["2024-01-30", "2024-02-29"], "1 month"),
    ("2024-02", "2024-03", "2024-06"): (["2024-04", "2024-05"], "1 month"),
    ("1999-06-30", "1999-09-30", "2000-03-31"): (["1999-12-31"], "1 quarter"),
    ("2019-02-28", "2020-02-28", "2022-02-28"): (["2021-02-28"], "1 year"),
    ("2019-12-31", "2020-12-31", "2022-12-31"): (["2021-12-31"], "1 year"),
    ("2020-02-29", "2024-02-29", "2032-02-29"): (["2028-02-29"], "4 years"),
    ("2024-02-22", "2024-02-29", "2024-03-14"): (["2024-03-07"], "1 week"),
    ("2023-02-27", "2023-02-28", "2023-03-02"): (["2023-03-01"], "1 day"),
    ("1900-02-28", "1900-03-01", "1900-03-03"): (["1900-03-02"], "1 day"),
    ("2000-02-28", "2000-02-29", "2000-03-02"): (["2000-03-01"], "1 day"),
    ("2024-12-31T23:59:58Z", "2024-12-31T23:59:59Z", "2025-01-01T00:00:01Z"): (
        ["2025-01-01T00:00:00Z"],
        "1 second",
    ),
    ("2024-01-01 00:00:00.25", "2024-01-01 00:00:00.50", "2024-01-01 00:00:01.00"): (
        ["2024-01-01 00:00:00.75"],
        "0.25 seconds",
    ),
    ("20231230", "20231231", "20240102"): (["20240101"], "1 day"),
    ("1871", "1872", "1875"): (["1873", "1874"], "1"),
    ("1700.0", "1700.1", "1700.4"): (["1700.2", "1700.3"], "0.1"),
    ("-2", "-1.5", "0"): (["-1.0", "-0.5"], "0.5"),
}


@pytest.mark.parametrize("stamps", CALENDAR)
def test_calendar(read: Reader, stamps: tuple[str, str, str]) -> None:
    text = "time,y\n" + "".join(f"{stamp},{i}\n" for i, stamp in enumerate(stamps))
    expected = CALENDAR[stamps]
    if expected is None:
        error = read.refuses(text)
        assert (error.line, error.column, error.text) == (4, "time", stamps[2])
        assert "--step" in error.advice
        return
    for block in (1, 4096):
        found = read(text, block=block)
        assert found.times == [*stamps[:2], *expected[0], stamps[2]]
        assert same(found.values, [0, 1, *[math.nan] * len(expected[0]), 2])
        assert str(found.stream.step) == expected[1]


def test_days_of_four_centuries_against_datetime(read: Reader) -> None:
    days = [datetime(1899, 12, 25, 6) + timedelta(hours=18 * i) for i in range(60_000)]
    found = read("time,y\n" + "".join(f"{day},{i}\n" for i, day in enumerate(days) if i % 7 != 3))
    assert found.times == [str(day) for day in days]
    assert same(found.values, [math.nan if i % 7 == 3 else i for i in range(60_000)])
    assert found.stream.future(5) == str(days[-1] + timedelta(hours=90))


def test_summer_time(read: Reader) -> None:
    """An hour that is left out is a gap; one that comes twice is a duplicate."""
    spring = "time,y\n2024-03-31 00:00,0\n2024-03-31 01:00,1\n2024-03-31 03:00,3\n"
    assert read(spring).times[2] == "2024-03-31 02:00"
    autumn = "time,y\n2024-10-27 01:00,0\n2024-10-27 02:00,1\n2024-10-27 02:00,2\n"
    error = read.refuses(autumn)
    assert (error.line, error.column, error.text) == (4, "time", "2024-10-27 02:00")
    assert "offset" in error.advice
    assert read(autumn, duplicates="drop").stream.bad == {"duplicate time": 1}
    stamps = [
        "2024-10-27T01:00:00+02:00", "2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00",
        "2024-10-27T03:00:00+01:00",
    ]  # fmt: skip
    found = read("time,y\n" + "".join(f"{stamp},1\n" for stamp in stamps))
    assert (found.times, str(found.stream.step)) == (stamps, "1 hour")
    assert found.stream.future(1) == "2024-10-27T04:00:00+01:00"
    days = ["2024-10-26T00:00:00+02:00", "2024-10-27T00:00:00+02:00", "2024-10-29T00:00:00+01:00"]
    found = read("time,y\n" + "".join(f"{stamp},1\n" for stamp in days))
    assert (len(found.times), str(found.stream.step)) == (4, "1 day")
    for mixed in ("2024-10-28", "2024-10-28T00:00:00"):
        error = read.refuses(f"time,y\n{days[0]},1\n{days[1]},1\n{mixed},1\n")
        assert (error.line, error.text) == (4, mixed)
        assert "offset" in str(error)
    assert "offset" in str(read.refuses("time,y\n2024-01-01,1\n2024-01-02T00:00:00Z,1\n"))


def test_duplicates_and_order(read: Reader) -> None:
    text = "time,y\n1,1\n2,2\n2,3\n1,4\n3,5\n5,6\n5,7\n4,8\n6,9\n"
    assert read.refuses(text).line == 4
    error = read.refuses(text, duplicates="drop")
    assert (error.line, error.column, error.text) == (5, "time", "1")
    assert "--unsorted drop" in error.advice
    assert read.refuses(text, unsorted="drop").line == 4
    for block in (1, 2, 3, 4096):
        found = read(text, duplicates="drop", unsorted="drop", block=block)
        assert same(found.values, [1, 2, 5, math.nan, 6, 9])
        assert found.stream.bad == {"duplicate time": 2, "time out of order": 2}
        assert found.stream.rows_read == 9
    found = read(text, step="rows")
    assert (found.values, found.times[3]) == ([1, 2, 3, 4, 5, 6, 7, 8, 9], "1")
    assert str(found.stream.step) == "1 row"
    assert found.stream.future(1) == "9"


def test_the_step_may_be_named(read: Reader) -> None:
    text = "time,y\n2024-01-01 00:00,1\n2024-01-01 00:14,2\n2024-01-01 00:24,3\n"
    error = read.refuses(text)
    assert (error.line, error.text) == (4, "2024-01-01 00:24")
    assert error.advice == (
        "Say --step '2 minutes', or --step rows to take rows as they come; "
        "forecast run takes those of a step together by --gather mean."
    )
    assert len(read(text, step="2 minutes").times) == 13
    assert read(text, step="rows").values == [1.0, 2.0, 3.0]
    assert len(read("time,y\n2024-01-01,1\n2024-03-01,2\n", step="month").times) == 3
    assert len(read("time,y\n0,1\n1,2\n", step="0.25").times) == 5
    assert "plain numbers" in str(read.refuses("time,y\n0,1\n1,2\n", step="1 day"))
    assert "no time column" in str(read.refuses("x,y\n0,1\n1,2\n", step="day", target=["y"]))
    for text in ("fortnight", "0 days", "-1", "", "1.5 months", "1e3"):
        with pytest.raises(ValueError, match="is not a step"):
            Step.named(text)


def test_a_gap_too_long(read: Reader) -> None:
    text = "time,y\n2024-01-01 00:00:00,1\n2024-01-01 00:00:01,2\n{},3\n"
    error = read.refuses(text.format("2124-01-01 00:00:00"))
    assert (error.line, error.column) == (4, "time")
    assert "missing steps" in str(error)
    found = read(text.format("2024-01-01 02:46:41"))
    assert (len(found.times), found.times[-2]) == (10_002, "2024-01-01 02:46:40")
    assert max(np.diff(found.first)) <= 4096


def test_time_formats(read: Reader) -> None:
    text = "when,y\n31/12/2023 23:00,1\n01/01/2024 00:00,2\n01/01/2024 02:00,3\n"
    found = read(text, time="when", time_format="%d/%m/%Y %H:%M")
    assert found.times[2] == "01/01/2024 01:00"
    found = read("when,y\n1 Jan 2024,1\n2 Jan 2024,2\n", time="when", time_format="%d %b %Y")
    assert found.stream.future(1) == "03 Jan 2024"
    error = read.refuses(
        "when,y\n31/12/2023,1\n31/13/2024,2\n", time="when", time_format="%d/%m/%Y"
    )
    assert (error.line, error.column, error.text) == (3, "when", "31/13/2024")
    assert "no year" in str(read.refuses("when,y\n01/02,1\n", time="when", time_format="%d/%m"))
    assert "a year and a month" in str(read.refuses("date,y\n202401,1\n202402,2\n"))
    assert read("date,y\n202401,1\n202403,2\n", time_format="%Y%m").times[1] == "202403"


BAD_TIMES = [
    "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "0000-01-01",
    "2024-01-02T24:00:00", "2024-01-02T23:60:00", "2024-01-02T23:59:60", "2024-1-2", "24-01-02",
    "2024/01/02", "٢٠٢٤-01-02", "2024-01-02 ", "2024-01-02x", "", "NaN",
    "2024-01-02 00:00:00.0000001", "2024-01-02T00:00:00+25:00",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_TIMES)
def test_bad_times(read: Reader, text: str) -> None:
    table = f"time,y\n2024-01-01,1\n{text},2\n"
    if text == "2024-01-02 ":  # spaces around are no part of a field
        assert read(table).times[1] == "2024-01-02"
        return
    error = read.refuses(table)
    assert (error.line, error.column, error.text) == (3, "time", text)


# ---- what is excluded ----------------------------------------------------------------------------

HOURS = "time,y\n" + "".join(
    f"2024-02-{d:02d} {h:02d}:00,{d}\n" for d in (28, 29) for h in range(24)
)


@pytest.mark.parametrize(
    ("text", "exclude", "kept"),
    [
        # a date is all of its day, on both sides
        (HOURS, "2024-02-28..2024-02-28", range(24, 48)),
        (HOURS, "..2024-02-28", range(24, 48)),
        (HOURS, "2024-02-29..", range(24)),
        (HOURS, "2024-02..2024-02", range(0)),
        # an instant is itself, written with what parts it in the file or with another sign
        (HOURS, "2024-02-28 22:00..2024-02-29T01:00", [*range(22), *range(26, 48)]),
        (HOURS, "2024-02-28 22:30 .. 2024-02-29", range(23)),
        ("y\n" + "1\n" * 9, "3..5", [0, 1, 2, 6, 7, 8]),
        ("year,y\n1871,1\n1872,1\n1873,1\n", "1872..", [0]),
        ("time,y\n0.1,1\n0.2,1\n0.3,1\n", "0.2..0.2", [0, 2]),
    ],
)
def test_excluded_values_are_missing(
    read: Reader, text: str, exclude: str, kept: list[int]
) -> None:
    whole = read(text)
    for block in (1, 5, 4096):
        found = read(text, exclude=[exclude], block=block)
        assert np.flatnonzero(~np.isnan(found.y[:, 0])).tolist() == list(kept)
        assert found.times == whole.times
        assert found.stream.bad == {"excluded": len(whole.times) - len(kept)}
        assert found.stream.unmet == []


def test_exclusions_take_the_clock_of_the_file(read: Reader) -> None:
    text = "time,y\n2024-01-01T23:00+02:00,1\n2024-01-02T00:00+02:00,2\n2024-01-02T01:00+02:00,3\n"
    assert same(read(text, exclude=["2024-01-01..2024-01-01"]).values, [math.nan, 2.0, 3.0])
    instant = "2024-01-01T22:00Z..2024-01-01T22:30Z"
    assert same(read(text, exclude=[instant]).values, [1.0, math.nan, 3.0])
    named = "time,y\n31.01.2024,1\n01.02.2024,2\n02.02.2024,3\n"
    for exclude in ("01.02.2024..01.02.2024", "2024-02-01..2024-02-01"):
        found = read(named, time_format="%d.%m.%Y", exclude=[exclude])
        assert same(found.values, [1.0, math.nan, 3.0])
    # with rows for instants their numbers count, gaps or not, and the times are mere text
    found = read("time,y\n1,1\n5,2\n7,3\n", step="rows", exclude=["1..1"])
    assert same(found.values, [1.0, math.nan, 3.0])


def test_exclusions_beside_gaps_and_dropped_rows(read: Reader) -> None:
    text = "time,y\n1,1\n2,2\n5,5\n2,9\n6,6\n7,7\n"
    for block in (1, 2, 4096):
        found = read(text, unsorted="drop", exclude=["2..5", "7..", "100..200"], block=block)
        assert same(found.values, [1.0, *[math.nan] * 4, 6.0, math.nan])
        assert found.stream.bad == {"time out of order": 1, "excluded": 3}
        assert found.stream.unmet == ["100..200"]


@pytest.mark.parametrize(
    ("text", "exclude", "said"),
    [
        (HOURS, "2024-02-29..2024-02-28", "ends before it begins: say the earlier time first"),
        (HOURS, "2024-02-28 05:00..2024-02-28 04:00", "ends before it begins"),
        (
            HOURS,
            "yesterday..",
            "'yesterday' is not a time. Write it as the file does (2024-02-28 00",
        ),
        (HOURS, "2024-02-30..", "'2024-02-30' is not a time that exists"),
        (HOURS, "2024-02-28T00:00Z..", "has an offset from UTC where the times of the file have"),
        (HOURS, "2024-02-28", "is no range of times: say FROM..TO"),
        (HOURS, "..", "is no range of times"),
        (HOURS, "1..2..3", "is no range of times"),
        ("y\n1\n2\n", "2024-01-01..", "is no row number"),
        ("y\n1\n2\n", "-1..", "is no row number"),
        ("year,y\n1871,1\n1872,1\n", "1872-01-01..", "is not a number"),
    ],
)
def test_a_range_that_is_none_is_refused(read: Reader, text: str, exclude: str, said: str) -> None:
    with pytest.raises(ExclusionError) as caught:
        read(text, exclude=[exclude])
    assert said in str(caught.value)


def test_seasons() -> None:
    seasons = {
        "1 second": 60, "10 seconds": 360, "minute": 60, "5 min": 288, "15 min": 96, "30min": 48,
        "hour": 24, "6 hours": 4, "day": 7, "week": 52, "month": 12, "quarter": 4, "year": 0,
        "7 minutes": 0, "rows": 0, "1": 0, "2 days": 0, "2 weeks": 26,
    }  # fmt: skip
    assert {text: season_of(Step.named(text)) for text in seasons} == seasons
    assert season_of(None) == 0


# ---- causal, bounded, any table ------------------------------------------------------------------


def test_rows_are_handed_on_before_later_ones_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(reading, "rb")))
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(b"time,y\n1,10\n")
        stream = open_numbers("-", block=1)
        rows = iter(stream)
        guard = threading.Timer(5, pipe.close)  # a reader that waits for more would wait for ever
        guard.start()
        assert next(rows).y.tolist() == [[10.0]]
        assert stream.step is None
        pipe.write(b"2,20\n")
        assert next(rows).y.tolist() == [[20.0]]
        assert str(stream.step) == "1"
        pipe.write(b"3,x\n")
        with pytest.raises(StreamError, match="line 4, column 'y': 'x'"):
            next(rows)
        guard.cancel()
        assert not pipe.closed
    sys.stdin.close()


def test_a_stream_is_read_once(read: Reader) -> None:
    stream = read("y\n1\n").stream
    with pytest.raises(ValueError, match="read once"):
        next(iter(stream))


def lines_of(rows: int) -> Iterator[str]:
    start = datetime(2000, 1, 1)
    yield "time,y\n"
    for row in range(rows):
        yield f"{start + timedelta(minutes=5 * row)},{row / 8}\n"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (50_000, 200_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("".join(lines_of(rows)))
        tracemalloc.start()
        total = sum(len(block) for block in open_numbers(path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == rows
    assert peaks[1] < 20e6
    assert peaks[1] < 1.1 * peaks[0]


FIELD = st.one_of(
    st.none(),
    st.floats(allow_nan=False),
    st.integers(-(10**20), 10**20),
)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_table_reads_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    width = data.draw(st.integers(1, 4))
    # A note may hold whatever text UTF-8 has, but for NUL.
    note = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    row = st.tuples(note, st.lists(FIELD, min_size=width, max_size=width))
    table = data.draw(st.lists(row, min_size=1, max_size=30))
    delimiter = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    path = tmp_path_factory.getbasetemp() / "any.csv"
    packed = data.draw(st.booleans())
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])),
        quoting=data.draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    )
    names = [f"v{i}" for i in range(width)]
    writer.writerow(["note", *names])
    writer.writerows([[word, *values] for word, values in table])
    raw = text.getvalue().encode()
    path.write_bytes(gzip.compress(raw) if packed else raw)
    found = Read(open_numbers(path, target=names, step="rows", block=data.draw(st.integers(1, 9))))
    expected = [[math.nan if v is None else float(v) for v in values] for _, values in table]
    assert np.array_equal(found.y, np.array(expected), equal_nan=True)


@settings(deadline=None, max_examples=150)
@given(
    raw=st.binary(max_size=200), head=st.sampled_from([b"", b"time,y\n1,2\n", b"\x1f\x8b", b"y\n"])
)
def test_any_bytes_are_read_or_refused(raw: bytes, head: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(head + raw)
    try:
        Read(open_numbers(path))
    except StreamError as error:
        assert len(str(error)) < 2000
