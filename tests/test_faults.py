"""Bad files, fuzzed ones and broken checkpoints: read right or refused, never silently wrong.

The quick part; ``python experiments/faults.py`` tries all of it in the thousands.
"""

import gzip
import json
import os
import threading
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from bad_files import PLAIN, READ, Refusal, bad_files, bomb, timed
from fuzzed import mutated, rendered
from hypothesis import given, settings
from hypothesis import strategies as st
from second_reading import Unclear, difference, floats_of, same, second_reading

from forecast.cli import main
from forecast.stream import StreamError, open_numbers
from forecast.stream.times import FormatTimes, NumberTimes, Refused

pytestmark = pytest.mark.usefixtures("undrawn")

FILES = {file.name: file for file in bad_files()}
READER = ("delimiter", "decimal", "missing")  # options that the second reading knows, too


def read(path: Path, options: dict[str, Any], block: int = 4096) -> Any:
    """The stream once it is over, the times and the numbers."""
    with open_numbers(path, block=block, **options) as stream:
        blocks = list(stream)
    times = [time for rows in blocks for time in rows.times]
    return stream, times, np.vstack([rows.y for rows in blocks])


def judged(data: bytes, options: dict[str, Any], found: Any) -> str | None:
    """What was read otherwise than by the second reading; None where nothing was."""
    stream, times, y = found
    known = {name: options[name] for name in READER if name in options}
    try:
        reading = second_reading(data, **known)
        known.pop("delimiter", None)
        layout = options.get("time_format")
        return difference(
            reading, stream.series, stream.time, times, y, **known, time_format=layout
        )
    except Unclear as error:
        return f"cannot be read one way only: {error}"


def refused(error: StreamError, path: Path, expected: Refusal) -> None:
    """The refusal names the file and the place, says what is wrong there and what to do."""
    said = str(error)
    assert said.startswith(str(path)) and "\n" not in said and len(said) < 1500
    assert (error.line, error.column) == (expected.line, expected.column), said
    assert expected.says in said
    assert error.advice and said.endswith(error.advice)


# ---- the corpus ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [4096, 1])
@pytest.mark.parametrize("name", FILES)
def test_bad_files(name: str, block: int, tmp_path: Path) -> None:
    file = FILES[name]
    if block == 1 and len(file.data) > 100_000:
        return
    path = tmp_path / "a.csv"
    path.write_bytes(file.data)
    if isinstance(file.expected, Refusal):
        with pytest.raises(StreamError) as caught:
            read(path, file.options, block)
        refused(caught.value, path, file.expected)
    else:
        assert judged(file.data, file.options, read(path, file.options, block)) is None


def test_the_corpus_is_large_and_of_both_kinds() -> None:
    outcomes = [file.expected == READ for file in FILES.values()]
    assert len(outcomes) == len(bad_files()) >= 80  # no name is used twice
    assert outcomes.count(True) > 80 and outcomes.count(False) > 80


def test_the_second_reading_can_tell(tmp_path: Path) -> None:
    """What judges has to find each kind of difference, or it proves nothing."""
    data = timed("2024-01-01", "2024-01-02", "2024-01-04")
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    stream, times, y = read(path, {})
    assert judged(data, {}, (stream, times, y)) is None
    assert times == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    ulp = y.copy()
    ulp[1] = np.nextafter(1.0, 2.0)
    filled = y.copy()
    filled[2] = 0.0
    zero = y.copy()
    zero[0] = -0.0
    for wrong, sentence in (
        ((stream, times, ulp), "other numbers"),
        ((stream, times, zero), "other numbers"),
        ((stream, times, filled), "a number that stands nowhere"),
        ((stream, [*times[:2], *times[3:]], y[[0, 1, 3]]), "steps of different lengths"),
        ((stream, times[:3], y[:3]), "a row that is lost"),
        ((stream, [*times[:2], "2024-01-02", *times[3:]], y), "a row that is lost or doubled"),
        ((stream, ["2023-12-31", *times], np.vstack([[np.nan], y])), "other first times"),
    ):
        assert sentence in str(judged(data, {}, wrong))


def test_what_the_reader_decides_alone(tmp_path: Path) -> None:
    """Numbers written by hand, for a few files of which one could be of two minds."""
    inf, nan = float("inf"), float("nan")
    by_hand = {
        "the number '9007199254740993'": [1.0, 9007199254740992.0, 3.0],
        "the number '1e-400'": [1.0, 0.0, 3.0],
        "the number '-0'": [1.0, -0.0, 3.0],
        "the number '-inf'": [1.0, -inf, 3.0],
        "the number 'NA'": [1.0, nan, 3.0],
        "the number '007'": [1.0, 7.0, 3.0],
        "a decimal comma, told": [1.0, 2.5, 3.0],
        "a last row that may be cut in its number": [1.0, 2.5, -3.0, 12.0],
        "a clock set forward: an hour is missing": [0.0, 1.0, nan, 2.0, 3.0],
        "no header, and the first number is missing": [nan, 2.0],
        "the year 1 in a layout": [0.0, 1.0, nan, 2.0],
    }
    for name, numbers in by_hand.items():
        path = tmp_path / "a.csv"
        path.write_bytes(FILES[name].data)
        _stream, times, y = read(path, FILES[name].options)
        assert same(y[:, 0], numbers), name
    assert times == ["01.01.0001", "02.01.0001", "03.01.0001", "04.01.0001"]


# ---- what is no file, or no small one ------------------------------------------------------------


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, says in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.csv", "there is no such file"),
        (tmp_path / "no" / "folder.csv", "there is no such file"),
        (tmp_path / "link", "there is no such file"),
        (tmp_path / "loop", "cannot be opened"),
        (tmp_path / ("x" * 300), "cannot be opened"),
        (Path("/dev/null"), "is empty"),
    ):
        with pytest.raises(StreamError) as caught:
            read(path, {})
        refused(caught.value, path, Refusal(says))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of POSIX")
def test_a_device_that_never_ends() -> None:
    with pytest.raises(StreamError, match="longer than 16 MB"):
        read(Path("/dev/zero"), {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (PLAIN, READ),
        (PLAIN + b"2024-01-04,4", READ),
        (PLAIN + b"2024-01-", Refusal("1 fields where", 5)),
        (b"time,y\n", Refusal("has a header and no rows")),
        (b"", Refusal("is empty")),
        (b"\x1f", Refusal("has a header and no rows")),
        (b"\x1f\x8b\x08", Refusal("is gzip that ends too early")),
    ],
)
def test_a_pipe_that_closes_early(sent: bytes, expected: str | Refusal, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(sent,))
    writer.start()
    try:
        if isinstance(expected, Refusal):
            with pytest.raises(StreamError) as caught:
                read(path, {})
            refused(caught.value, path, expected)
        else:
            assert judged(sent, {}, read(path, {})) is None
    finally:
        writer.join()


def test_a_small_file_that_unpacks_to_a_large_one(tmp_path: Path) -> None:
    """Rows of 256 kB of note, 128 MB of them in 200 kB: read, and never held."""
    row = b"2024-01-%02dT%02d:%02d,%d,"
    rows = [row % (1 + n // 1440, n // 60 % 24, n % 60, n) + b"x" * (1 << 18) for n in range(8)]
    head = b"time,y,note\n" + b"\n".join(rows) + b"\n"
    path = tmp_path / "a.csv.gz"
    whole = 512
    with path.open("wb") as file:
        file.write(gzip.compress(head))
        for n in range(8, whole, 8):
            rows = [row % (1 + k // 1440, k // 60 % 24, k % 60, k) for k in range(n, n + 8)]
            file.write(gzip.compress(b"".join(r + b"x" * (1 << 18) + b"\n" for r in rows), 1))
    assert path.stat().st_size < 2e6
    tracemalloc.start()
    with open_numbers(path, target=["y"]) as stream:
        total = sum(float(block.y.sum()) for block in stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == whole * (whole - 1) / 2
    assert peak < 20e6


@pytest.mark.slow
@pytest.mark.parametrize("letter", [b"0", b"\0", b" "])
def test_a_gigabyte_of_one_letter_in_a_small_file(letter: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(bomb(letter, 1024))
    tracemalloc.start()
    with pytest.raises(StreamError, match="longer than 16 MB"):
        read(path, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


# ---- through the command -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("latin-1 in a column that nobody asked for", "line 3: "),
        ("utf-16-le with its mark", ": is text in UTF-16"),
        ("a short row", "line 4: "),
        ("a quote that is not closed", "line 3: "),
        ("the number '1_000'", "line 3, column 'y': '1_000' is not a number"),
        ("the number '1e400'", "line 3, column 'y': '1e400' is beyond the largest number"),
        ("the number '2\\x1b[31m'", "line 3, column 'y': '2\\x1b[31m' is not a number"),
        ("the time '2024-02-30'", "line 3, column 'time': '2024-02-30' is not a time"),
        ("a clock set back: an hour comes twice", "line 4, column 'time': "),
        ("a value beyond belief among thousands", "line 6002, column 'y': "),
        ("a header alone", "has a header and no rows"),
        ("gzip cut after 20 bytes", "is gzip that ends too early"),
        ("a PNG", ": is a PNG, not CSV"),
    ],
)
def test_the_command_refuses_bad_files(
    name: str, place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_bytes(FILES[name].data)
    assert main(["run", str(path), "--out", str(out)]) == 3
    printed = capfd.readouterr()
    last = printed.err.splitlines()[-1]
    assert last.startswith(f"forecast: {path}") and place in last
    assert printed.out == "" and "Traceback" not in printed.err
    assert not (out / "scores.json").exists() and not (out / "forecast.csv").exists()


@pytest.mark.parametrize(
    ("name", "told"), [("the year 9999", False), ("a last row that may be cut in its number", True)]
)
def test_the_command_reads_strange_files(
    name: str, told: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_bytes(FILES[name].data)
    assert main(["run", str(path), "--out", str(out)]) == 0
    assert ("the last line ends without a newline" in capfd.readouterr().err) is told
    assert json.loads((out / "scores.json").read_text())["rows"] == 4


def test_no_year_after_the_last_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_bytes(FILES["the year 9999 in a layout"].data)
    layout = ["--time-format", "%d.%m.%Y"]
    assert main(["run", str(path), *layout, "--out", str(out)]) == 3
    assert "no layout writes a year. Say --step rows" in capfd.readouterr().err


# ---- what was mended in the parts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "first", "texts"),
    [
        ("%Y%m%d", "20240110", {"2024112": False, "2024 112": False, "20241102": True}),
        ("%d%m%y", "310124", {"1124": False, "11124": False, "011124": True}),
        ("%Y%m%d %H:%M", "20240110 10:00", {"20240110 9:00": True, "2024110 09:00": False}),
        ("%d%b%Y", "10Jan2024", {"9Jan2024": True, "09Jan2024": True}),
        ("%H%M%S.%f %d.%m.%Y", "235959.5 01.02.2024", {"235959.123 1.2.2024": True}),
        ("%%%d.%m.%Y", "%01.02.2024", {"%1.2.2024": True, "1.2.2024": False}),
    ],
)
def test_parts_of_a_layout_that_touch_have_their_full_width(
    layout: str, first: str, texts: dict[str, bool]
) -> None:
    times = FormatTimes(layout, first)
    for text, taken in texts.items():
        if taken:
            times.read([text])
        else:
            with pytest.raises(Refused, match="is not a time of the layout"):
                times.read([text])


def test_a_layout_that_names_a_part_twice_is_refused() -> None:
    with pytest.raises(Refused, match="is not a time of the layout"):
        FormatTimes("%Y-%Y", "2024-2024")


def test_times_that_are_numbers_say_no_more_than_floats_hold() -> None:
    times = NumberTimes(".", "0")
    held = ["0.1", "0.10000000000000001", "0.1000000000000000000", "1e300", "9007199254740992"]
    held += ["1704067200000000000", "1871.0416666666667", repr(1 / 3), f"{1 / 3:.17g}"]
    assert times.read(held).at.tolist() == [float(text) for text in held]
    for text in (
        "9007199254740993",
        "1704067200000000001",
        "1704067200.123456789",
        "0." + "3" * 19,
    ):
        with pytest.raises(Refused, match="has more digits") as caught:
            times.read(["0.1", text])
        assert caught.value.index == 1


def test_blocks_change_nothing_between_spaces(tmp_path: Path) -> None:
    """A line of one space is a row of two missing numbers, whatever stands in its block."""
    path = tmp_path / "a.csv"
    path.write_bytes(b'a b\n1 2\n \n"3" 4\n')
    for block in (1, 2, 4096):
        _, _, y = read(path, {"delimiter": " ", "target": ["a", "b"]}, block)
        assert same(y, [[1, 2], [np.nan, np.nan], [3, 4]])


# ---- fuzzing -------------------------------------------------------------------------------------


def reads_back(rng: Random, path: Path) -> None:
    """A table in any dialect gives the numbers that went into it."""
    file = rendered(rng)
    path.write_bytes(file.data)
    found = read(path, file.options, rng.choice([1, 2, 3, 4096]))
    assert judged(file.data, file.options, found) is None
    _, times, y = found
    texts = times if file.times is None else [text.strip(" ") for text in file.times]
    assert same(y[[times.index(text) for text in texts]].T, [*map(floats_of, file.numbers)])


def accident_is_seen(rng: Random, path: Path) -> bool:
    """A damaged file is refused, or read as csv and Decimal read it; returns whether it is read."""
    file = rendered(rng)
    data = mutated(rng, file.data)
    path.write_bytes(data)
    options = file.options if rng.random() < 0.7 else {}
    try:
        found = read(path, options, rng.choice([1, 2, 3, 4096]))
    except StreamError as error:
        assert str(error).startswith(str(path)) and error.advice, str(error)
        return False
    assert judged(data, options, found) is None, data
    return True


DRAWN = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed") / "a.csv"


@settings(max_examples=100)
@given(rng=DRAWN)
def test_any_dialect_reads_back(rng: Random, scratch: Path) -> None:
    reads_back(rng, scratch)


@settings(max_examples=150)
@given(rng=DRAWN)
def test_any_accident_is_seen(rng: Random, scratch: Path) -> None:
    accident_is_seen(rng, scratch)


@pytest.mark.slow
@settings(max_examples=4000)
@given(rng=DRAWN)
def test_thousands_of_dialects_read_back(rng: Random, scratch: Path) -> None:
    reads_back(rng, scratch)


@pytest.mark.slow
@settings(max_examples=4000)
@given(rng=DRAWN)
def test_thousands_of_accidents_are_seen(rng: Random, scratch: Path) -> None:
    accident_is_seen(rng, scratch)


def test_many_accidents_leave_a_file_that_is_read(scratch: Path) -> None:
    """Else the fuzzing would say nothing of numbers."""
    read_again = sum(accident_is_seen(Random(seed), scratch) for seed in range(200))
    assert 20 < read_again < 180
