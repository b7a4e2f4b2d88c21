"""A live run answers each row at once, as a run over the file would, and a kill loses nothing."""

import csv
import json
import math
import os
import signal
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from kills import LONG, ended, forked
from live_trials import (
    HEADER,
    Piped,
    answered,
    kills_of_live,
    kills_on_stdout,
    live,
    rows_of,
)
from scipy.stats import poisson

from forecast.cli import main
from forecast.learner import FlatLearner
from forecast.live.alert import LEAST, MEMORY, TOP, RareSurprise
from forecast.live.answers import Answer
from forecast.live.record import Appended, Output, Record
from forecast.live.text import COLUMNS, SHOWN, Text
from forecast.lock import locked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children of POSIX")


@pytest.fixture(autouse=True, scope="module")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The kernels are there before children are forked."""
    folder = tmp_path_factory.mktemp("loaded")
    code, said, _ = answered(["-", "--horizon", "1,3"], folder, b"1\n2\n3\n")
    assert (code, len(said)) == (0, 3)
    from forecast.live.options import parser
    from forecast.live.session import warm

    warm(parser().parse_args(["-"]))


def table(path: Path, lines: list[str]) -> Path:
    path.write_text(HEADER + "".join(lines))
    return path


# ---- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--out", "--checkpoint"])
def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    source, place = table(tmp_path / "a.csv", rows_of(5)), tmp_path / "nowhere" / "b"
    assert main(["live", str(source), option, str(place)]) == 1
    said = capsys.readouterr().err
    assert f"there is no folder {place.parent}: make it, or name another place" in said


@pytest.mark.usefixtures("undrawn")
def test_answers_are_those_of_a_run_over_the_file(tmp_path: Path) -> None:
    """Every number of every answered question, to the last digit that is written."""
    lines = rows_of(160)
    source = table(tmp_path / "a.csv", lines)
    words = [str(source), "--horizon", "1,3", "--quiet"]
    assert main(["run", *words, "--predictions", "all", "--out", str(tmp_path / "run")]) == 0
    code, answers, said = answered(words, tmp_path)
    assert (code, said) == (0, "")
    assert [each["row"] for each in answers] == list(range(len(answers)))
    assert len(answers) > len(lines)  # gaps have lines of their own
    coming = {(e["row"], f["horizon"]): f for e in answers for f in e["forecasts"]}

    def same(written: str, number: float | None) -> bool:
        return (written == "") == (number is None) and (number is None or float(written) == number)

    with (tmp_path / "run" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        asked = coming[int(row["issued"]), int(row["horizon"])]
        assert row["time"] == asked["time"] or asked["time"] is None
        assert all(same(row[name], asked[name]) for name in ("mean", *SHOWN)), row
        answer = answers[int(row["issued"]) + int(row["horizon"])]
        assert (answer["time"], same(row["y"], answer["y"])) == (row["time"], True)
        if row["horizon"] == "1":
            assert same(row["surprise"], answer["surprise"]), row
            assert same(row["rate"], answer["rate"]), row
    observed = [each["row"] for each in answers if each["y"] is not None]
    assert observed[0] == 0
    assert len(rows) == sum(row >= horizon for row in observed for horizon in (1, 3)) > 250
    with (tmp_path / "run" / "forecast.csv").open() as file:
        for row, asked in zip(csv.DictReader(file), answers[-1]["forecasts"], strict=True):
            assert row["time"] == asked["time"]
            assert all(same(row[name], asked[name]) for name in ("mean", *SHOWN))


def test_a_row_is_answered_before_the_next_one_comes(tmp_path: Path) -> None:
    run = Piped(["-", "--quiet"], tmp_path)
    run.tell("t,y\n")
    for row, y in enumerate((5.0, 7.0, 6.0, 6.5)):
        run.tell(f"{row},{y}\n")
        answer = run.hear()
        assert (answer["row"], answer["y"]) == (row, y)
    run.tell("4,5.")  # half a row is none
    run.tell("5\n")
    assert run.hear()["y"] == 5.5
    assert run.end() == 0


def test_rows_that_come_together_are_answered_before_the_next_ones_are_waited_for(
    tmp_path: Path,
) -> None:
    """Few, that fill no piece of output, and many; half a row holds nothing up."""
    run = Piped(["-", "--quiet", "--every", "1e6"], tmp_path)
    row = 0
    for together in (3, 1, 100):
        run.tell("".join(f"{y % 7}\n" for y in range(row, row + together)) + "12")
        for _ in range(together):
            assert run.hear()["row"] == row
            row += 1
        run.tell("\n")
        answer = run.hear()
        assert (answer["row"], answer["y"]) == (row, 12)
        row += 1
    assert run.end() == 0


def test_what_is_said_comes_after_the_answers_before_it(tmp_path: Path) -> None:
    source = table(tmp_path / "a.csv", rows_of(40)[:3])
    with source.open("a") as file:
        file.write("x,1\n" + "".join(rows_of(40)[3:]) + "y,1\n")
    null, both = os.open(os.devnull, os.O_RDWR), os.open(tmp_path / "both", os.O_RDWR | os.O_CREAT)
    assert ended(forked(live([str(source)], null, both, both)), LONG) == 0
    said = (tmp_path / "both").read_text().splitlines()
    refused = [at for at, line in enumerate(said) if line.startswith("refused: ")]
    assert len(refused) == 2
    rows = [at for at, line in enumerate(said) if line.startswith("{")]
    assert [sum(row < at for row in rows) for at in refused] == [3, len(rows)]


def test_a_checkpoint_holds_no_row_whose_answer_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out, counts = table(tmp_path / "a.csv", rows_of(40)), tmp_path / "out", tmp_path / "n"
    save = Record.save

    def counted(
        self: Record, learner: FlatLearner, more: Any, stands: Any, output: Output | None = None
    ) -> None:
        with counts.open("a") as file:
            answered = out.read_bytes().count(b"\n") if out.exists() else 0
            file.write(f"{stands['answering']['rows']} {answered}\n")
        save(self, learner, more, stands, output)

    monkeypatch.setattr(Record, "save", counted)
    words = [str(source), "--out", str(out), "--checkpoint", str(tmp_path / "s"), "--every", "0"]
    assert answered(words, tmp_path)[0] == 0
    pairs = [line.split() for line in counts.read_text().splitlines()]
    assert len(pairs) > 40 and pairs[-1] != pairs[0] == ["0", "0"]
    assert all(rows == answers for rows, answers in pairs)


def test_answers_are_gathered_into_pieces(tmp_path: Path) -> None:
    path, line = tmp_path / "out", b"x" * 99 + b"\n"
    output = Appended(str(path), 0)
    sizes = []
    for _ in range(100):
        output.write(line)
        sizes.append(path.stat().st_size)
    assert sorted(set(sizes)) == [0, 4100, 8200] and sizes[-1] == output.written == 8200
    output.flush()
    output.close()
    assert path.read_bytes() == 100 * line and output.written == 10_000


def test_objects_of_json_give_the_same(tmp_path: Path) -> None:
    lines = [line.strip().split(",") for line in rows_of(30)]
    objects = [
        {"y": float(y) if y else None, "more": [1, {"a": 2}], "time": time} for time, y in lines
    ]
    text = "".join(json.dumps(each) + "\n" for each in objects)
    words = ["-", "--target", "y", "--quiet"]
    _, of_json, said = answered(words, tmp_path, text.encode())
    assert said == ""
    _, of_csv, _ = answered(words, tmp_path, (HEADER + "".join(rows_of(30))).encode())
    assert of_json == of_csv


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[1]", "is not an object of JSON"),
        ('{"t": 2, "y": }', "is not an object of JSON"),
        ('{"t": 2, "t": 2, "y": 3}', "names a member twice"),
        ('{"t": 2, "y": "much"}', "column 'y': 'much' is not a number"),
        ('{"t": 2, "y": true}', "'True' is not a number"),
        ('{"t": [2], "y": 3}', "column 't'"),
        ('{"y": 3}', "column 't': '' is not"),
    ],
)
def test_an_object_that_cannot_be_read(line: str, why: str, tmp_path: Path) -> None:
    text = f'{{"t": 0, "y": 1}}\n{{"t": 1, "y": 2}}\n{line}\n{{"t": 3, "y": 4}}\n'
    code, answers, said = answered(["-"], tmp_path, text.encode())
    assert (code, [each["y"] for each in answers]) == (0, [1, 2, None, 4])
    assert "standard input, line 3" in said and why in said, said
    assert "left out: 1 (refused)" in said


# ---- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2,1_000", "line 4, column 'y': '1_000' is not a number"),
        ("2,3,4", "line 4: '2,3,4' has 3 fields where the first row has 2"),
        ("2", "has 1 fields"),
        ('2,"3', "begins with a quote that is never closed"),
        ("x,3", "column 't': 'x' is not"),
        ("1,3", "is the same time as a row before it"),
        ("0.5,3", "is earlier than a row before it"),
        ("2.5,3", "is not a whole number of steps (1)"),
        ("9e7,3", "leaves a gap of"),
        ("2,3\0", "has a NUL byte"),
    ],
)
def test_a_bad_row_is_told_and_missing(line: str, why: str, tmp_path: Path) -> None:
    text = f"t,y\n0,1\n1,2\n{line}\n3,4\n"
    code, answers, said = answered(["-"], tmp_path, text.encode())
    assert code == 0
    assert [(each["time"], each["y"]) for each in answers] == [
        ("0", 1),
        ("1", 2),
        ("2", None),
        ("3", 4),
    ]
    (refused,) = [told for told in said.splitlines() if told.startswith("refused: ")]
    assert why in refused and refused.startswith("refused: standard input, line 4"), said
    assert "left out: 1 (refused)" in said


def test_of_mere_rows_a_bad_one_is_missing(tmp_path: Path) -> None:
    code, answers, said = answered(["-"], tmp_path, b"1\n2\nx\n\xff\n5\n\n6\n")
    assert code == 0
    assert [each["y"] for each in answers] == [1, 2, None, None, 5, 6]
    assert said.count("refused: ") == 2 and "left out: 2 (refused)" in said


def test_bounds_make_a_number_missing_and_its_instant_stays(tmp_path: Path) -> None:
    text = b"t,y\n0,1\n1,2\n2,-3\n3,4\n"
    code, answers, said = answered(["-", "--bounds", "0,"], tmp_path, text)
    assert (code, [each["y"] for each in answers]) == (0, [1, 2, None, 4])
    assert "lies beyond the bounds" in said


def test_the_header_again_is_no_row(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbft,y\r\n0,1\r\n1,2\r\nt,y\r\n2,3\r\n"
    code, answers, said = answered(["-"], tmp_path, text)
    assert (code, [each["y"] for each in answers]) == (0, [1, 2, 3])
    assert "left out: 1 (the header again)" in said and "refused" not in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is empty"),
        (b"t,y\n", "has a header and no rows"),
        (b"a,b\nx,y\n", "has no number beside the time"),
        (b"a,b\n1,2\n", "has 2 columns of numbers"),
        (b"\x1f\x8b\x08\x00\n", "is gzip"),
        (b"{\n", "is not an object of JSON"),
    ],
)
def test_what_never_made_sense_is_bad_input(text: bytes, why: str, tmp_path: Path) -> None:
    code, answers, said = answered(["-"], tmp_path, text)
    assert (code, answers) == (3, [])
    assert why in said, said


# ---- how it ends, and goes on --------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_ends(number: int, tmp_path: Path) -> None:
    lines, state = rows_of(12), str(tmp_path / "state")
    words = ["-", "--checkpoint", state]
    run = Piped(words, tmp_path)
    run.tell(HEADER + "".join(lines[:8]))
    first = [run.hear()]
    while first[-1]["time"] != lines[7].split(",")[0]:
        first.append(run.hear())
    assert run.end(number) == 0
    # the whole file again: what was answered is passed over, by its times
    _, rest, said = answered(words, tmp_path, (HEADER + "".join(lines)).encode())
    assert "going on after row" in said and "(duplicate time)" in said
    _, whole, _ = answered(["-"], tmp_path, (HEADER + "".join(lines)).encode())
    assert first + rest == whole
    assert sorted(each.name for each in tmp_path.glob("*state*")) == ["state"]


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    run = Piped(["-", "--quiet", "--alert", "1e9"], tmp_path)
    run.tell("1\n2\n")
    run.hear()
    os.close(run.hearing)
    run.tell("3\n" * 10)
    os.close(run.telling)
    assert ended(run.child, 60.0) == 0
    assert run.words.read_text() == ""


def test_a_signal_is_heeded_while_nobody_reads(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    run = Piped(["-", "--quiet", "--checkpoint", state, "--every", "1e6"], tmp_path)
    run.tell("1\n" * 3000)  # answers of many times what a pipe holds
    assert run.hear()["row"] == 0
    assert run.end(signal.SIGTERM) == 0
    assert run.words.read_text() == ""


def test_a_file_is_followed_through_rotation(tmp_path: Path) -> None:
    lines = rows_of(40)
    source, out = tmp_path / "x.csv", tmp_path / "out"
    table(source, lines[:10])
    words = ["--follow", str(source), "--out", str(out), "--quiet"]
    wanted = answered([str(table(tmp_path / "all", lines))], tmp_path)[1]
    times = [each["time"] for each in wanted]

    null = os.open(os.devnull, os.O_RDWR)
    child = forked(live(words, null, null, null))
    waited(out, times.index(lines[9].split(",")[0]) + 1)
    with source.open("a") as file:  # renamed with a line that nobody has read
        file.write("".join(lines[10:20]))
    source.rename(tmp_path / "x.csv.1")
    table(source, lines[20:30])
    waited(out, times.index(lines[29].split(",")[0]) + 1)
    source.write_text(HEADER)  # copied, and cut in place
    waited_for_silence()
    with source.open("a") as file:
        file.write("".join(lines[30:]))
    waited(out, len(wanted))
    os.kill(child, signal.SIGTERM)
    assert ended(child, 60.0) == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == wanted


def waited(out: Path, lines: int) -> None:
    """Wait until a file has so many lines."""
    import time

    until = time.monotonic() + 120.0
    while time.monotonic() < until:
        if out.exists() and out.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.005)
    raise AssertionError(f"{lines} lines never came")


def waited_for_silence() -> None:
    """Give a run the time to see that its file was cut."""
    import time

    time.sleep(0.5)


def test_killed_again_and_again_the_output_is_the_same(tmp_path: Path) -> None:
    assert list(kills_of_live(12, tmp_path, Random(0), rows=100)) == [None] * 12


def test_killed_on_stdout_it_is_the_same_without_repeats(tmp_path: Path) -> None:
    assert list(kills_on_stdout(6, tmp_path, Random(0), rows=100)) == [None] * 6


def test_the_trial_can_tell_an_output_that_is_not_cut_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def uncut(self: Appended, path: str, written: int) -> None:
        self.path, self.written = path, written
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    monkeypatch.setattr(Appended, "__init__", uncut)
    # it ends at the first that it tells: on a busy machine some six kills hit nothing
    assert any(kills_of_live(60, tmp_path, Random(0), rows=100))


@pytest.mark.slow
def test_a_gap_longer_than_a_block_has_a_line_for_each_instant(tmp_path: Path) -> None:
    code, answers, _ = answered(["-", "--quiet"], tmp_path, b"t,y\n0,1\n1,2\n10000,3\n")
    assert (code, [each["time"] for each in answers]) == (0, [str(t) for t in range(10_001)])
    ahead = [each["forecasts"][0]["time"] for each in answers[1:]]
    assert ahead == [str(t) for t in range(2, 10_002)]


@pytest.mark.slow
def test_hundreds_of_kills(tmp_path: Path) -> None:
    assert list(kills_of_live(300, tmp_path, Random(1))) == [None] * 300
    folder = tmp_path / "stdout"
    folder.mkdir()
    assert list(kills_on_stdout(100, folder, Random(1))) == [None] * 100


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    source, state = str(table(tmp_path / "a.csv", rows_of(5))), str(tmp_path / "state")
    out = tmp_path / "out"
    words = [source, "--checkpoint", state, "--out", str(out)]
    out.write_text("mine")
    code, _, said = answered(words, tmp_path)
    assert code == 2 and "holds something already" in said
    assert out.read_text() == "mine"
    assert answered([*words, "--force"], tmp_path)[0] == 0
    code, _, said = answered([*words, "--horizon", "2"], tmp_path)
    assert code == 2 and "was asked otherwise (horizon [1])" in said
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    with Path(state).open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    code, _, said = answered(words, tmp_path)
    assert code == 3 and "is damaged" in said
    Path(state).unlink()
    assert answered([*words, "--force"], tmp_path)[0] == 0
    with locked(tmp_path / ".state.live", wait=False):
        code, _, said = answered(words, tmp_path)
    assert code == 2 and "is in use by another run" in said
    out.write_text("")
    code, _, said = answered(words, tmp_path)
    assert code == 2 and "had been written: put it back" in said


# ---- alarms --------------------------------------------------------------------------------------


def test_an_alarm_is_marked_counted_and_told_by_the_exit_code(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ys = [f"{y:.4f}\n" for y in rng.normal(size=140)]
    quiet = "".join(ys).encode()
    words = ["-", "--alert", "p=1e-3"]
    code, answers, _ = answered(words, tmp_path, quiet)
    assert code == 0
    assert not any(each["alarm"] for each in answers)
    code, answers, said = answered(words, tmp_path, quiet + b"90\n0\n")
    assert code == 4
    assert [each["row"] for each in answers if each["alarm"]] == [140]
    assert answers[140]["tail"] < 1e-5 and answers[50]["tail"] is None
    assert "alarms: 1 in this run, 1 in all" in said
    code, answers, _ = answered(["-", "--alert", "8"], tmp_path, quiet + b"90\n")
    assert code == 4
    assert [each["alarm"] for each in answers] == [(e["surprise"] or 0) > 8 for e in answers]


def test_tails_are_ranks_and_an_exponential_beyond(tmp_path: Path) -> None:
    rare = RareSurprise(0.01)
    rng = np.random.default_rng(1)
    past = rng.exponential(2.0, size=MEMORY)
    for surprise in past:
        rare.judge(surprise)
    middle = float(np.median(past)) + 1e-9
    assert rare.tail(middle) == pytest.approx((np.sum(past >= middle) + 1) / (MEMORY + 1))
    N = int(TOP * MEMORY)
    ordered = np.sort(past)
    u = ordered[-N - 1]
    m = float(np.mean(ordered[-N:] - u))
    predictive = (N + 1) / (MEMORY + 1) * (1 + (20.0 - u) / (N * m)) ** -N
    assert rare.tail(20.0) == pytest.approx(predictive)
    again = RareSurprise(0.01)
    again.state[:] = rare.state
    again.again()
    assert [again.judge(s) for s in past[:500]] == [rare.judge(s) for s in past[:500]]
    assert RareSurprise(0.01).tail(3.0) is None and LEAST == 100


@pytest.mark.parametrize("p", [0.01, 0.001])
@pytest.mark.parametrize("name", ["exponential", "normal", "drifting", "atoms"])
def test_the_rate_of_false_alarms_holds(name: str, p: float) -> None:
    """Within the 99.9 % interval of a Poisson count, whatever the law, and where it drifts."""
    rng = np.random.default_rng(2)
    n = 20_000
    surprises = {
        "exponential": rng.exponential(size=n),
        "normal": 0.5 * rng.normal(size=n) ** 2,
        "drifting": rng.exponential(size=n) * np.linspace(1.0, 3.0, n) + np.linspace(0.0, 5.0, n),
        "atoms": np.floor(4.0 * rng.exponential(size=n)),
    }[name]
    rare = RareSurprise(p)
    judged = [rare.judge(surprise) for surprise in surprises.tolist()]
    alarms = sum(alarm for _, alarm in judged)
    assert alarms == rare.raised
    low, high = poisson.interval(0.999, p * (n - LEAST))
    assert low <= alarms <= high


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -math.inf, 1e308])
def test_each_number_that_is_none_is_null_and_no_other_one(unknown: float) -> None:
    """However great the others are."""
    text, wanted = Text((1, 2), tails=False, alarms=False), None if unknown != 1e308 else unknown
    for horizon, column in product((0, 1), COLUMNS):
        answer = Answer(0, 1.5e308, np.full((2, 28), 1e308))
        answer.surprise = answer.rate = 2.5
        answer.coming[horizon, column] = unknown
        told = json.loads(text.of(answer, "7", ["8", "9"]))
        numbers = [list(each.values())[2:] for each in told["forecasts"]]
        assert numbers[horizon].pop(COLUMNS.index(column)) == wanted
        assert {number for each in numbers for number in each} == {1e308}
        assert (told["y"], told["surprise"], told["rate"]) == (1.5e308, 2.5, 2.5)
    for name in ("y", "surprise", "rate"):
        answer = Answer(0, 1.5, np.full((2, 28), 1.5))
        answer.surprise = answer.rate = 2.5
        setattr(answer, name, unknown)
        assert json.loads(text.of(answer, "7", ["8", "9"]))[name] == wanted


def test_what_is_not_known_is_null_and_no_letter_of_a_time_is_changed() -> None:
    odd = 'a:nan "b":-inf'
    answer = Answer(0, math.nan, np.full((1, 28), math.nan))
    told = json.loads(Text((1,), tails=False, alarms=False).of(answer, odd, [odd]))
    coming = told["forecasts"][0]
    assert told["time"] == coming["time"] == odd
    assert told["y"] is told["surprise"] is coming["mean"] is coming["q05"] is None
