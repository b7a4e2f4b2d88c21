"""The command line: its words, its files by the contract, its refusals, and that it never peeks."""

import csv
import gzip
import hashlib
import io
import json
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast import NumberForecaster
from forecast import run as walk
from forecast.cli import main
from forecast.kinds.numbers import pieces, season_said
from forecast.prequential import Answers, Run
from forecast.report.symbols.predictions import spelled
from forecast.stream import Rows, Step, open_numbers
from forecast.terminal import rivals, show_table
from forecast.written import horizons_named

pytestmark = pytest.mark.usefixtures("undrawn")

ROOT = Path(__file__).resolve().parent.parent
CO2 = ROOT / "data" / "co2.csv"
QUANTILES = [
    *("q025", "q05", "q10", "q15", "q20", "q25", "q30", "q35", "q40", "q45", "q50"),
    *("q55", "q60", "q65", "q70", "q75", "q80", "q85", "q90", "q95", "q975"),
]
PREDICTIONS = [
    *("time", "series", "horizon", "issued", "y", "mean", "median"),
    *QUANTILES,
    *("surprise", "rate"),
]
NEXT = ["time", "series", "horizon", "mean", "median", *QUANTILES]
SCORES = {
    *("series", "horizon", "n", "mae", "rmse", "mase", "surprise", "crps", "pinball"),
    *("coverage50", "coverage80", "coverage90", "coverage95", "worst500_coverage90"),
    *("width90", "winkler90", "bias", "skill_last", "skill_seasonal"),
}
HEAVY = (
    *("numpy", "numba", "scipy", "pandas", "matplotlib", "river", "statsmodels", "rich"),
    "llvmlite",
)


def hourly(rows: int, seed: int = 5) -> list[list[str]]:
    """Header and rows of two series: a day in each of them, and noise; some values are missing."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows)
    day = np.sin(2.0 * np.pi * t / 24.0)
    load = np.round(50.0 + 10.0 * day + rng.normal(size=rows), 3)
    heat = np.round(np.cumsum(rng.normal(size=rows)) - 4.0 * day, 3)
    times = np.datetime64("2021-03-01T00") + t
    cool = ["" if i % 37 == 5 else f"{heat[i]}" for i in range(rows)]
    columns = zip(times, load, cool, strict=True)
    return [["time", "load", "heat"], *([f"{at}:00", f"{a}", b] for at, a, b in columns)]


def saved(path: Path, table: list[list[str]]) -> Path:
    path.write_text("".join(",".join(row) + "\n" for row in table))
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def scores_of(out: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    record: dict[str, Any] = json.loads((out / "scores.json").read_text(), parse_constant=refuse)
    return record


def ran(*words: object) -> int:
    return main(["run", *map(str, words)])


# rows of the two series below that have no value
LOST = {"load": {199, 200, 201}, "heat": {199, 200, 201, *range(5, 400, 37)}}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run over two series with a gap of three hours, at horizons 1 and 24."""
    folder = tmp_path_factory.mktemp("two")
    table = hourly(400)
    source = saved(folder / "two.csv", [*table[:200], *table[203:]])
    out = folder / "out"
    assert ran(source, "--target", "load", "--target", "heat", "--horizon", "1,24", "--out", out,
               "--quiet") == 0  # fmt: skip
    return source, out


# ---- the files -----------------------------------------------------------------------------------


def test_files_of_the_contract(two: tuple[Path, Path]) -> None:
    source, out = two
    with (out / "predictions.csv").open() as file:
        assert next(csv.reader(file)) == PREDICTIONS
    with (out / "forecast.csv").open() as file:
        assert next(csv.reader(file)) == NEXT
    record = scores_of(out)
    assert record["format"] == 1
    assert record["source"] == str(source)
    assert record["rows"] == 400
    assert record["rows_read"] == 397
    assert record["season"] == 24
    assert record["horizons"] == [1, 24]
    assert record["seed"] is None
    assert record["loop"] == "compiled"
    assert record["bad_rows"] == {}
    assert {"forecast", "python", "numpy", "numba", "platform"} <= set(record["versions"])
    assert record["seconds"] > 0.0
    assert record["points_per_second"] > 0.0
    assert all(value is None or value > 0 for value in record["cost"].values())
    assert record["command"].startswith("forecast run ")
    assert len(record["scores"]) == 4
    assert all(set(entry) >= SCORES for entry in record["scores"])
    answered = sum(entry["n"] for entry in record["scores"])
    assert len(rows_of(out / "predictions.csv")) == answered
    page = (out / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert list((out / "figures").glob("*.png"))
    assert not list(out.glob(".*"))


def test_counts_of_values(two: tuple[Path, Path]) -> None:
    _, out = two
    table = hourly(400)
    gone = range(199, 202)
    heat = [row[2] for i, row in enumerate(table[1:]) if i not in gone]
    values = scores_of(out)["values"]
    assert values["load"] == {"observed": 397, "missing": 3, "refused": 0}
    assert values["heat"] == {
        "observed": sum(map(bool, heat)),
        "missing": 400 - sum(map(bool, heat)),
        "refused": 0,
    }


def test_sha256_is_that_of_the_file(two: tuple[Path, Path]) -> None:
    import hashlib

    source, out = two
    assert scores_of(out)["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_predictions_are_those_of_the_library(two: tuple[Path, Path]) -> None:
    source, out = two
    ys = np.vstack([rows.y for rows in open_numbers(source, target=("load", "heat"))])
    learner = NumberForecaster((1, 24), season=24, channels=2)
    answers = walk(learner, ys, 24)
    written = rows_of(out / "predictions.csv")
    assert len(written) == len(answers.row)
    names = ("load", "heat")
    for i, row in enumerate(written):
        key = (names[answers.series[i]], answers.horizon[i], answers.issued[i])
        assert (row["series"], int(row["horizon"]), int(row["issued"])) == key
        numbers = [answers.y[i], answers.mean[i], answers.quantiles[i, 10], *answers.quantiles[i]]
        numbers += [answers.surprise[i], answers.rate[i]]
        assert [row[name] for name in PREDICTIONS[4:]] == [
            "" if math.isnan(number) else f"{number:.9g}" for number in numbers
        ]
    # and the scores are those of the rows written
    for entry in scores_of(out)["scores"]:
        key = (entry["series"], str(entry["horizon"]))
        mine = [row for row in written if (row["series"], row["horizon"]) == key]
        mae = np.mean([abs(float(row["y"]) - float(row["median"])) for row in mine])
        assert entry["n"] == len(mine)
        assert entry["mae"] == pytest.approx(mae, rel=1e-6)


def test_a_gap_gets_its_instants(two: tuple[Path, Path]) -> None:
    _, out = two
    rows = [row for row in rows_of(out / "predictions.csv") if row["series"] == "load"]
    after = next(row for row in rows if row["time"] == "2021-03-09T10:00")
    # three hours are missing: 202 rows came before, the one before it was row 201 of the grid
    assert (after["horizon"], after["issued"]) == ("1", "201")
    times = {row["time"] for row in rows}
    assert "2021-03-09T09:00" not in times


def test_forecast_is_what_the_next_row_would_be_scored_by(tmp_path: Path) -> None:
    table = hourly(121)
    ran(saved(tmp_path / "a.csv", table[:-1]), "--target", "load", "--out", tmp_path / "a")
    ran(saved(tmp_path / "b.csv", table), "--target", "load", "--out", tmp_path / "b")
    (coming,) = rows_of(tmp_path / "a" / "forecast.csv")
    last = rows_of(tmp_path / "b" / "predictions.csv")[-1]
    assert {name: coming[name] for name in NEXT} == {name: last[name] for name in NEXT}


def test_next_times_follow_the_grid(two: tuple[Path, Path]) -> None:
    _, out = two
    rows = rows_of(out / "forecast.csv")
    assert [(row["time"], row["series"], row["horizon"]) for row in rows] == [
        ("2021-03-17T16:00", "load", "1"),
        ("2021-03-18T15:00", "load", "24"),
        ("2021-03-17T16:00", "heat", "1"),
        ("2021-03-18T15:00", "heat", "24"),
    ]
    for row in rows:
        values = [float(row[name]) for name in QUANTILES]
        assert values == sorted(values)


def test_the_future_never_changes_a_prediction(tmp_path: Path) -> None:
    """Law 10: season, grid and scales included, with the defaults of the command line."""
    table = hourly(240)
    other = [row.copy() for row in table]
    for i, row in enumerate(other[150:]):
        row[1] = f"{(-1.0) ** i * 1e6}"
    del other[-7:-3]  # a gap in the future, too
    said = []
    for name, rows in (("a", table), ("b", other), ("cut", table[:150])):
        source = saved(tmp_path / f"{name}.csv", rows)
        out = tmp_path / name
        assert ran(source, "--target", "load", "--horizon", "1-3", "--out", out, "--quiet") == 0
        lines = (out / "predictions.csv").read_text().splitlines(keepends=True)
        said.append([line for line in lines[1:] if line[:16] < table[150][0]])
    assert len(said[0]) > 300
    assert said[0] == said[1] == said[2]


def test_each_question_is_accounted_for(two: tuple[Path, Path]) -> None:
    _, out = two
    record = scores_of(out)
    answered = rows_of(out / "predictions.csv")
    for entry in record["questions"]:
        own = [r for r in answered if r["series"] == entry["series"]]
        n = sum(r["horizon"] == str(entry["horizon"]) for r in own)
        late = sum(row >= entry["horizon"] for row in LOST[entry["series"]])
        # the last questions, as many as the horizon has rows, are open
        assert entry["asked"] == 400 and entry["open"] == entry["horizon"]
        assert entry["unanswered"] == late
        assert entry["answered"] == n == 400 - entry["open"] - late
    assert [(e["series"], e["horizon"]) for e in record["questions"]] == [
        *(("load", 1), ("load", 24), ("heat", 1), ("heat", 24))
    ]
    assert record["warm_up_rows"] == 0 and record["checkpoint"] is None
    page = (out / "report.html").read_text()
    assert "Rows that are left out of the scores to warm up: 0." in page
    assert f"Values that were missing: {sum(map(len, LOST.values()))}; refused" in page


def test_a_run_tests_that_it_did_not_look_ahead(two: tuple[Path, Path]) -> None:
    _, out = two
    test = scores_of(out)["look_ahead"]
    assert test["held"] is True and test["changed"] == 0
    assert test["rows"] == 348 and test["cuts"] == [116, 232]  # 300 and two horizons
    # asked before rows 116 and 232, and answered
    asked = [(issued, h) for cut in (116, 232) for issued in range(cut) for h in (1, 24)]
    wanted = sum(issued + h not in lost for lost in LOST.values() for issued, h in asked)
    assert test["forecasts"] == wanted
    assert "bit for bit" in (out / "report.html").read_text()


def test_a_run_that_looks_ahead_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Run.feed

    def scaled_by_the_whole(self: Run, ys: np.ndarray, xs: None = None) -> Answers:
        answers = honest(self, ys, xs)
        largest = np.nanmax(ys) if len(ys) else 1.0  # a scale that only the whole piece has
        return answers._replace(quantiles=answers.quantiles + 1e-9 * largest)

    monkeypatch.setattr(Run, "feed", scaled_by_the_whole)
    source = saved(tmp_path / "a.csv", hourly(200))
    out = tmp_path / "out"
    assert ran(source, "--target", "load", "--out", out, "--quiet") == 0
    test = scores_of(out)["look_ahead"]
    assert test["held"] is False and test["changed"] == test["forecasts"] > 100
    assert "BROKEN: " in (out / "report.html").read_text()


@pytest.mark.drawn
def test_the_command_makes_the_page_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, but for what the run cost."""
    source = saved(tmp_path / "a.csv", hourly(300))
    made = []
    command = ["forecast", "run", "a.csv", "--target", "load", "--target", "heat", "--quiet"]
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.csv").write_bytes(source.read_bytes())
        monkeypatch.chdir(folder)
        assert main(command[1:]) == 0
        record = scores_of(folder / "out")
        command = shlex.split(record["command"])
        page = (folder / "out" / "report.html").read_text()
        assert record.pop("seconds") > 0 and record.pop("points_per_second") > 0
        assert record.pop("cost")["us_per_point"] > 0
        kept, cut = re.subn(r'<section id="cost">.*?</section>', "", page, flags=re.DOTALL)
        assert cut == 1 and ">What it cost</h2>" in page and ">What it cost</h2>" not in kept
        made.append((record, kept))
    assert made[0] == made[1]


def test_the_cost_of_a_point_is_measured(two: tuple[Path, Path]) -> None:
    cost = scores_of(two[1])["cost"]
    assert set(cost) >= {
        *("reading_seconds", "predicting_and_learning_seconds", "scoring_seconds"),
        *("writing_seconds", "us_per_point", "peak_memory_bytes", "asking_share_of_loop"),
    }
    assert cost["call_points"] >= 20
    assert cost["call_p99_us"] >= cost["call_p50_us"] >= cost["predict_p50_us"]
    assert 0.0 < cost["asking_share_of_loop"] < 1.0


# ---- the words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "horizons"),
    [
        ("24", (24,)),
        ("1-48", tuple(range(1, 49))),
        ("1,24,48", (1, 24, 48)),
        ("48,1", (1, 48)),
        ("1-3,7", (1, 2, 3, 7)),
        ("2-4,3-5", (2, 3, 4, 5)),
        ("7-7", (7,)),
    ],
)
def test_horizons(text: str, horizons: tuple[int, ...]) -> None:
    assert horizons_named(text) == horizons


@pytest.mark.parametrize(
    "words",
    [
        *(["--horizon", text] for text in ("0", "", "a", "1-", "-1", "5-2", "1,,2", "1.5", "٣")),
        *(["--season", text] for text in ("1", "-3", "x", "2.5", "99999999")),
        ["--step", "soon"],
        ["--delimiter", "ab"],
        ["--decimal", ";"],
        ["--predictions", "some"],
        ["--kind", "dreams"],
        ["--labels", "ham,spam"],
        ["--kind", "words", "--exclude", "1..2"],
        ["--kind", "words", "--bounds", "0,"],
        *(["--kind", "labels", "--labels", text] for text in ("ham", "a,", ",b", "a,a", "a,b,c")),
        ["--duplicates", "keep"],
        *(["--exclude", text] for text in ("2021-03-01", "..", "soon..", "2021-03-02..2021-03-01")),
        ["--step", "rows", "--exclude", "2021-03-01.."],
        *(["--bounds", text] for text in ("0", ",", "a,1", "2,1", "1,1", "0,nan", "1,2,3", "0;1")),
        ["--nonsense"],
        ["--hor", "1"],
        ["--horizon", "1-5000"],
    ],
)
def test_wrong_usage(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(tmp_path / "a.csv", hourly(5))
    assert ran(source, "--target", "load", "--out", tmp_path / "out", *words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "forecast" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    from forecast import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"forecast {__version__}\n"
    for words in (["--help"], ["run", "--help"], ["live", "--help"]):
        assert main(words) == 0
        said = capsys.readouterr().out
        assert "examples:" in said
        assert "exit codes:" in said


def test_what_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(tmp_path / "a.csv", [row[:2] for row in hourly(120)])
    assert ran(source, "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert "last value at horizon 1" in lines[0]
    header = "horizon answers MAE last value skill same season skill 90 % covers worst 500"
    assert " ".join(lines[2].split()) == header
    assert lines[3].split()[:2] == ["1", "119"]
    assert lines[-1] == str(tmp_path / "out" / "report.html")
    assert "guessed: the time column is 'time'" in said.err
    assert "guessed: the target is 'load'" in said.err
    assert "guessed: the step is 1 hour" in said.err
    assert "season: 24 steps of 1 hour, a day" in said.err
    assert "\x1b" not in said.out + said.err


def test_quiet_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(tmp_path / "a.csv", hourly(60))
    words = (source, "--target", "load", "--out", tmp_path / "out")
    assert ran(*words, "--quiet", "--predictions", "none") == 0
    said = capsys.readouterr()
    assert said.out == said.err == ""
    assert not (tmp_path / "out" / "predictions.csv").exists()
    assert ran(*words, "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out) == scores_of(tmp_path / "out")


@pytest.mark.parametrize("first", [True, False])
def test_who_waits_for_the_compiler_is_told(
    first: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("forecast.flow.nothing_kept", lambda: first)
    assert ran(saved(tmp_path / "a.csv", hourly(30)), "--target", "load", "--out", tmp_path) == 0
    assert ("compiling, once on this machine" in capsys.readouterr().err) == first


def test_another_run_is_refused_without_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (saved(tmp_path / "a.csv", hourly(30)), "--target", "load", "--out", tmp_path / "out")
    assert ran(*words) == 0
    before = (tmp_path / "out" / "scores.json").read_bytes()
    capsys.readouterr()
    assert ran(*words) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "out" / "scores.json").read_bytes() == before
    assert ran(*words, "--force", "--horizon", "2") == 0
    assert scores_of(tmp_path / "out")["horizons"] == [2]


@pytest.mark.parametrize(
    ("asked", "step", "sentence"),
    [
        ("auto", "week", "season: 52 steps of 1 week, a year (--season to name another)"),
        ("auto", "month", "season: 12 steps of 1 month, a year (--season to name another)"),
        ("auto", "day", "season: 7 steps of 1 day, a week (--season to name another)"),
        (
            "auto",
            "rows",
            "season: none is known for a step of 1 row; looked for (--season to name one)",
        ),
        (7, "day", ""),
    ],
)
def test_season_in_words(asked: int | str, step: str, sentence: str) -> None:
    from forecast.stream import season_of

    named = Step.named(step)
    season = asked if isinstance(asked, int) else season_of(named)
    assert season_said(asked, season, named) == sentence


@pytest.mark.parametrize(("season", "rows"), [("none", 0), ("12", 12), ("auto", 24)])
def test_season(season: str, rows: int, tmp_path: Path) -> None:
    source = saved(tmp_path / "a.csv", hourly(40))
    assert ran(source, "--target", "load", "--season", season, "--out", tmp_path / "out") == 0
    record = scores_of(tmp_path / "out")
    assert record["season"] == rows
    assert (record["scores"][0]["skill_seasonal"] is None) == (rows == 0)


def test_a_terminal_gets_a_drawn_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    show_table(["series", "MAE", "skill"], [["[red]a", "0.3500", "+20.0 %"]])
    said = capsys.readouterr().out
    assert "[red]a" in said  # a name is no markup
    assert "0.3500" in said
    assert "+20.0 %" in said


def test_a_table_of_one_series_without_a_season_leaves_columns_out(two: tuple[Path, Path]) -> None:
    entries = scores_of(two[1])["scores"]
    assert rivals(entries)[0][0] == "series"
    bare = [{**entries[0], "skill_seasonal": None}]
    assert rivals(bare)[0] == (
        ["horizon", "answers", "MAE", "last value", "skill", "90 % covers", "worst 500"]
    )


def test_pieces_are_the_rows() -> None:
    rows = Rows(5, [str(i) for i in range(5, 12)], np.arange(14.0).reshape(7, 2), np.empty((7, 0)))
    cut = list(pieces([rows], 16384 // 3))
    assert [(piece.first, len(piece)) for piece in cut] == [(5, 3), (8, 3), (11, 1)]
    assert np.array_equal(np.vstack([piece.y for piece in cut]), rows.y)
    assert [time for piece in cut for time in piece.times] == rows.times


# ---- what is read --------------------------------------------------------------------------------


def test_a_bad_number_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = hourly(30)
    table[9][1] = "12,5x"
    source = saved(tmp_path / "bad.csv", [[*row[:1], f'"{row[1]}"'] for row in table])
    assert ran(source, "--out", tmp_path / "out") == 3
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if line.startswith("forecast: ")]
    assert f"{source}, line 10, column 'load': '12,5x'" in line
    assert said.out == ""
    assert "Traceback" not in said.err
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("", [], "is empty"),
        ("time,y\n", [], "has a header and no rows"),
        ("time,y\n2020-01-01,1\n2020-01-01,2\n", [], "same time"),
        ("time,a,b\n2020-01-01,1,2\n", [], "--target a or --target b"),
        ("time,a,b\n2020-01-01,1,2\n", ["--target", "c"], "columns are time, a, b"),
        ("time,y\n2020-01-01,1\n", ["--time", "when"], "columns are time, y"),
    ],
)
def test_bad_input(
    content: str,
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "a.csv"
    source.write_text(content)
    assert ran(source, "--out", tmp_path / "out", *words) == 3
    assert said in capsys.readouterr().err


def test_no_such_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(tmp_path / "none.csv", "--out", tmp_path / "out") == 3
    assert "there is no such file" in capsys.readouterr().err


def test_names_never_command_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.csv"
    source.write_text("time,a\x1b[31m,b\n2020-01-01,1,2\n2020-01-02,1,2\n")
    assert ran(source, "--out", tmp_path / "out") == 3
    assert "\x1b" not in capsys.readouterr().err
    assert ran(source, "--target", "a\x1b[31m", "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err


def test_dropped_rows_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = [row[:2] for row in hourly(30)]
    source = saved(tmp_path / "a.csv", [*table[:9], table[8], *table[9:], table[3]])
    words = (source, "--out", tmp_path / "out", "--duplicates", "drop", "--unsorted", "drop")
    assert ran(*words) == 0
    said = capsys.readouterr().err
    assert "left out: 1 (duplicate time)" in said
    assert "left out: 1 (time out of order)" in said
    bad = {"duplicate time": 1, "time out of order": 1}
    assert scores_of(tmp_path / "out")["bad_rows"] == bad


def test_excluded_values_are_neither_scored_nor_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [row[:2] for row in hourly(120)]
    source = saved(tmp_path / "a.csv", table)
    words = ("--exclude", "2021-03-02..2021-03-02", "--exclude", "..2021-03-01T01:00")
    words += ("--exclude", "2022-01-01..")
    assert ran(source, "--out", tmp_path / "out", *words) == 0
    said = capsys.readouterr().err
    assert "left out: 26 (excluded)" in said
    assert "warning: --exclude 2022-01-01.. met no row" in said
    record = scores_of(tmp_path / "out")
    assert record["bad_rows"] == {"excluded": 26}
    assert record["options"]["exclude"] == list(words[1::2])
    assert record["values"]["load"] == {"observed": 94, "missing": 26, "refused": 0}
    assert record["scores"][0]["n"] == 93
    # the same as a file where these values are missing
    for row in [*table[1:3], *table[25:49]]:
        row[1] = ""
    missing = saved(tmp_path / "b.csv", table)
    assert ran(missing, "--out", tmp_path / "other", "--quiet") == 0
    for name in ("predictions.csv", "forecast.csv"):
        assert (tmp_path / "out" / name).read_text() == (tmp_path / "other" / name).read_text()


def test_no_forecast_lies_beyond_the_bounds(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sold = np.maximum(0, np.round(rng.normal(1.0, 2.0, 200))).astype(int)
    source = saved(tmp_path / "a.csv", [["sold"], *([f"{y}"] for y in sold)])
    words = ("--bounds", "0,5.5", "--horizon", "1,7", "--out", tmp_path / "out")
    sold[sold > 5] = 5
    saved(source, [["sold"], *([f"{y}"] for y in sold)])
    assert ran(source, *words) == 0
    rows = [*rows_of(tmp_path / "out" / "predictions.csv"), *rows_of(tmp_path / "out/forecast.csv")]
    said = np.array([[float(row[name]) for name in ("mean", *QUANTILES)] for row in rows])
    assert said.min() == 0.0
    assert said.max() <= 5.5
    record = scores_of(tmp_path / "out")
    assert record["options"]["bounds"] == [0.0, 5.5]
    assert all(entry["surprise"] < 3.0 for entry in record["scores"])


def test_a_value_beyond_the_bounds_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [row[:2] for row in hourly(60)]
    table[33][1] = "-999"
    source = saved(tmp_path / "a.csv", table)
    words = (source, "--out", tmp_path / "out", "--bounds", "0,", "--force")
    assert ran(*words) == 3
    said = capsys.readouterr().err
    assert f"{source}, line 34, column 'load': '-999' lies beyond the bounds (--bounds 0,)" in said
    assert "--missing" in said
    assert "--exclude" in said
    assert ran(*words, "--missing", "-999") == 0
    at = table[33][0]
    assert ran(*words, "--exclude", f"{at}..{at}") == 0
    assert ran(*words[:3], "--bounds=-1e3,100", "--force") == 0


def test_plain_gzip_and_stdin_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(",".join(row[:2]) + "\n" for row in hourly(40)).encode()
    (tmp_path / "a.csv").write_bytes(text)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    said = []
    for n, source in enumerate((tmp_path / "a.csv", tmp_path / "a.csv.gz", "-")):
        out = tmp_path / f"out{n}"
        assert ran(source, "--out", out, "--quiet") == 0
        said.append((out / "predictions.csv").read_bytes())
    assert said[0] == said[1] == said[2]
    assert scores_of(tmp_path / "out2")["source"] == "standard input"


def test_how_numbers_are_written(tmp_path: Path) -> None:
    plain = [row[:2] for row in hourly(40)]
    plain[7][1] = ""
    out = tmp_path / "plain"
    assert ran(saved(tmp_path / "a.csv", plain), "--out", out, "--quiet") == 0
    other = tmp_path / "other.csv"
    marked = [[time, load.replace(".", ",") or "-999"] for time, load in plain]
    other.write_text("".join("\t".join(row) + "\n" for row in marked))
    words = ("--delimiter", "tab", "--decimal", ",", "--missing", "-999", "--quiet")
    assert ran(other, *words, "--out", tmp_path / "other") == 0
    expected = (out / "predictions.csv").read_bytes()
    assert (tmp_path / "other" / "predictions.csv").read_bytes() == expected


def test_stopped_by_the_keyboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.kinds.numbers.times_of", stop)
    source = saved(tmp_path / "a.csv", hourly(30))
    assert ran(source, "--target", "load", "--out", tmp_path / "out") == 130
    assert capsys.readouterr().err.endswith("forecast: stopped.\n")
    assert not list(tmp_path.glob("out/*"))


# ---- words and labels ----------------------------------------------------------------------------

SYMBOLS = ["time", "series", "horizon", "issued", "y", "p", "top", "surprise", "rate"]
TEXT = b"The cat sat on the mat, the cat sat.\n" * 30 + b"\xff =1+1 \\ <b>\r\n"
MAIL = b"".join(
    b"%s\t%s %d\n" % ((b"spam", b"Win a prize now", k) if k % 3 else (b"ham", b"See you at 5", k))
    for k in range(90)
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run over the words of a text."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "a.txt").write_bytes(TEXT)
    assert ran(folder / "a.txt", "--kind", "words", "--out", folder / "out", "--quiet") == 0
    return folder / "a.txt", folder / "out"


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run over the labels of messages."""
    folder = tmp_path_factory.mktemp("mail")
    (folder / "mail.tsv").write_bytes(MAIL)
    words = (folder / "mail.tsv", "--kind", "labels", "--out", folder / "out", "--quiet")
    assert ran(*words) == 0
    return folder / "mail.tsv", folder / "out"


PROVENANCE = {
    *("format", "points_per_second", "source", "sha256", "command", "rows", "bad_rows", "options"),
    *("checkpoint", "warm_up_rows", "course", "questions", "skill_intervals", "look_ahead"),
    "values",
    *("learner", "seed", "versions", "seconds", "cost", "state_bytes", "loop", "kind", "series"),
    *("horizons", "predictions", "scores"),
}


def test_words_by_the_contract(text: tuple[Path, Path]) -> None:
    source, out = text
    record = scores_of(out)
    assert set(record) == PROVENANCE | {"bytes", "passages", "continuation"}
    assert record["bytes"] == len(TEXT) == record["scores"][0]["bytes"]
    assert record["bad_rows"] == {"bytes that are not UTF-8": 1}
    assert record["options"] == {"kind": "words", "predictions": "auto"}
    honest(record, "word")
    assert record["loop"] == "compiled"
    rows = rows_of(out / "predictions.csv")
    assert list(rows[0]) == SYMBOLS
    assert len(rows) == record["rows"] == record["scores"][0]["n"]
    assert [int(row["issued"]) for row in rows] == list(range(-1, len(rows) - 1))
    starts = [int(row["time"]) for row in rows]
    for row, start, end in zip(rows, starts, [*starts[1:], len(TEXT)], strict=True):
        if row["y"].isascii() and row["y"].strip().isalpha():
            assert row["y"].encode() == TEXT[start:end]
    coming = rows_of(out / "forecast.csv")
    assert 0 < len(coming) <= 10 and 0.0 < sum(float(row["p"]) for row in coming) <= 1.0
    assert all((out / "figures" / f"{name}.png").exists() for name in ("loss", "confusion1"))
    assert source.name in (out / "report.html").read_text()


def honest(record: dict[str, Any], series: str) -> None:
    """The account of a run of symbols: what was asked, listened to, tested, and what it cost."""
    rows = record["rows"]
    asked = {"asked": rows + 1, "answered": rows, "open": 1, "unanswered": 0}
    assert record["questions"] == [{"series": series, "horizon": 1, **asked}]
    assert record["values"] == {series: {"observed": rows, "missing": 0, "refused": 0}}
    test, kept = record["look_ahead"], min(rows, 300)
    cuts = [kept // 3, 2 * kept // 3]
    assert test == {
        **{"held": True, "rows": kept, "cuts": cuts},
        **{"forecasts": sum(cuts) + 2, "changed": 0},
    }
    assert record["warm_up_rows"] == 0
    (found,) = record["course"]
    assert sum(found["weights"].values()) == pytest.approx(1.0)
    assert 0.0 < record["cost"]["call_p50_us"] <= record["cost"]["call_p99_us"]
    assert record["cost"]["call_points"] == kept
    assert len(record["scores"][0]["worst"]) == 10
    assert record["scores"][0]["window"]["n"] == min(rows, 500 + rows % 50)


def test_words_are_those_of_the_library(text: tuple[Path, Path]) -> None:
    from forecast.stream.text import words_of
    from forecast.words.forecaster import WordForecaster

    learner = WordForecaster()
    written = rows_of(text[1] / "predictions.csv")
    words = words_of(TEXT)
    assert len(words) == len(written)
    for word, row in zip(words, written, strict=True):
        said = learner.predict()
        assert float(row["surprise"]) == pytest.approx(said.surprise(word), rel=1e-8)
        likeliest = [p for _, p in said.top(10)]
        assert [p for _, p in json.loads(row["top"])] == pytest.approx(likeliest, rel=1e-3)
        learner.learn(word)
    drawn = scores_of(text[1])["continuation"]
    (path,) = learner.predict().sample_ahead(np.random.default_rng(drawn["seed"]), 60)
    joined = b"".join(word.encode("utf-8", "surrogateescape") for word in path)
    assert drawn["text"] == spelled(joined)
    assert f"… {path[0].strip()}" in (text[1] / "report.html").read_text()


def test_labels_by_the_contract(mail: tuple[Path, Path]) -> None:
    _, out = mail
    record = scores_of(out)
    assert set(record) == PROVENANCE | {"labels", "guessed"}
    assert record["labels"] == ["ham", "spam"]
    assert record["rows"] == record["scores"][0]["n"] == 90
    honest(record, "label")
    groups = {name.split(",")[0] for name in record["course"][0]["weights"]}
    assert groups == {"regression", "frequencies", "mixture of these"}
    rows = rows_of(out / "predictions.csv")
    assert list(rows[0]) == SYMBOLS
    assert [row["time"] for row in rows] == [str(line) for line in range(1, 91)]
    assert [row["y"] for row in rows] == ["spam" if k % 3 else "ham" for k in range(90)]
    coming = {row["y"]: float(row["p"]) for row in rows_of(out / "forecast.csv")}
    assert set(coming) == {"ham", "spam"} and sum(coming.values()) == pytest.approx(1.0)
    assert (out / "figures" / "reliability.png").exists()


def test_messages_of_a_table_and_of_boxes_are_those_of_lines(
    mail: tuple[Path, Path], tmp_path: Path
) -> None:
    """One learner, three ways in: the same surprises."""
    made = [line.split(b"\t", 1) for line in MAIL.splitlines()]
    (tmp_path / "a.csv").write_bytes(
        b"id,body,kind\n" + b"".join(b'%d,"%s",%s\n' % (len(t), t, kind) for kind, t in made)
    )
    words = ("--kind", "labels", "--label", "kind", "--text", "body", "--quiet")
    assert ran(tmp_path / "a.csv", *words, "--out", tmp_path / "out") == 0
    expected = [row["surprise"] for row in rows_of(mail[1] / "predictions.csv")]
    assert [row["surprise"] for row in rows_of(tmp_path / "out" / "predictions.csv")] == expected
    assert scores_of(tmp_path / "out")["options"]["label"] == "kind"
    for at, (kind, text) in enumerate(made):
        box = tmp_path / "boxes" / kind.decode()
        box.mkdir(parents=True, exist_ok=True)
        (box / f"{at}.x").write_bytes(b"\n" + text)
    words = ("--kind", "labels", "--quiet", "--out", tmp_path / "boxed")
    assert ran(tmp_path / "boxes", *words) == 0
    rows = rows_of(tmp_path / "boxed" / "predictions.csv")
    assert [row["y"].encode() for row in rows] == [kind for kind, _ in made]
    assert scores_of(tmp_path / "boxed")["scores"][0]["accuracy"] > 0.9


@pytest.mark.parametrize("words", [["--label", "a"], ["--text", "a"]])
def test_a_table_of_messages_needs_both_columns(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran("-", "--kind", "labels", *words, "--out", tmp_path / "out") == 2
    assert "name --label COL and --text COL" in capsys.readouterr().err


def test_lines_that_are_left_out_keep_the_numbers_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mail.tsv").write_bytes(b"no\ta\n\n\nyes\tb\n")
    assert ran(tmp_path / "mail.tsv", "--kind", "labels", "--out", tmp_path / "out") == 0
    assert "noticed: 2 (blank line)" in capsys.readouterr().err
    assert [row["time"] for row in rows_of(tmp_path / "out" / "predictions.csv")] == ["1", "4"]


def test_labels_that_are_named_say_which_is_positive(mail: tuple[Path, Path]) -> None:
    source, out = mail
    other = out.parent / "other"
    words = (source, "--kind", "labels", "--labels", "spam,ham", "--out", other, "--quiet")
    assert ran(*words) == 0
    one, two = scores_of(out)["scores"][0], scores_of(other)["scores"][0]
    assert two["base_rate"] == pytest.approx(1.0 - one["base_rate"])
    assert two["log_loss"] == pytest.approx(one["log_loss"], rel=1e-9)
    assert scores_of(other)["options"]["labels"] == ["spam", "ham"]


@pytest.mark.parametrize("kind", ["words", "bytes", "labels"])
def test_words_and_labels_come_plain_packed_and_from_stdin(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"words": TEXT, "bytes": TEXT, "labels": MAIL}[kind]
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    said = []
    for n, source in enumerate((tmp_path / "a", tmp_path / "a.gz", "-")):
        assert ran(source, "--kind", kind, "--out", tmp_path / f"out{n}", "--quiet") == 0
        said.append((tmp_path / f"out{n}" / "predictions.csv").read_bytes())
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize("kind", ["words", "bytes", "labels"])
def test_what_is_said_of_words_and_labels(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "a", tmp_path / "out"
    source.write_bytes({"words": TEXT, "bytes": TEXT, "labels": MAIL}[kind])
    assert ran(source, "--kind", kind, "--out", out) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    first, header = {
        "words": ("bits a byte", "words bytes bits a byte"),
        "bytes": ("byte by byte", "bytes bits a byte byte counts"),
        "labels": ("got the right label", "messages accuracy commoner"),
    }[kind]
    assert first in lines[0]
    assert " ".join(lines[2].split()).startswith(header)
    assert lines[-1] == str(out / "report.html")
    noticed = "guessed: the labels are 'ham'" if kind == "labels" else "noticed: 1 (bytes that are"
    assert noticed in said.err
    assert ran(source, "--kind", kind, "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    words = ("--kind", kind, "--out", out, "--force", "--json", "--predictions", "none")
    assert ran(source, *words) == 0
    assert json.loads(capsys.readouterr().out) == scores_of(out)
    assert not (out / "predictions.csv").exists()


@pytest.mark.parametrize(("kind", "content"), [("words", TEXT), ("bytes", TEXT), ("labels", MAIL)])
def test_what_comes_later_never_changes_what_was_said(
    kind: str, content: bytes, tmp_path: Path
) -> None:
    """Law 10, of words and labels."""
    lines = content.splitlines(keepends=True)
    cut, other = b"".join(lines[:20]), b"".join([*lines[:20], *reversed(lines[20:])])
    said = []
    for name, some in (("whole", content), ("cut", cut), ("other", other)):
        (tmp_path / name).write_bytes(some)
        words = ("--kind", kind, "--out", tmp_path / f"{name}-out", "--quiet")
        assert ran(tmp_path / name, *words) == 0
        said.append((tmp_path / f"{name}-out" / "predictions.csv").read_text().splitlines())
    whole, short, mixed = said
    assert 20 < len(short) < len(whole)
    assert short == whole[: len(short)] == mixed[: len(short)]


@pytest.mark.parametrize("kind", ["words", "bytes"])
def test_a_text_that_comes_with_python_needs_no_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast.stream.prose.python_help", lambda: TEXT)
    monkeypatch.chdir(tmp_path)
    assert ran("python-help", "--kind", kind, "--out", "out", "--quiet") == 0
    record = scores_of(tmp_path / "out")
    assert (record["source"], record["bytes"]) == ("python-help", len(TEXT))
    assert record["sha256"] == hashlib.sha256(TEXT).hexdigest()


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("words", b"\x89PNG\r\n\x1a\n" + bytes(99), "is a PNG, not text"),
        ("words", gzip.compress(TEXT, mtime=0)[:-30], "is gzip that ends too early"),
        ("bytes", gzip.compress(TEXT, mtime=0)[:-30], "is gzip that ends too early"),
    ],
)
def test_bad_texts(
    kind: str, content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert ran(tmp_path / "a.txt", "--kind", kind, "--out", tmp_path / "out") == 3
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*.*"))


def test_an_empty_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").touch()
    assert ran(tmp_path / "a.txt", "--kind", "words", "--out", tmp_path / "out") == 0
    assert "The text is empty" in capsys.readouterr().out
    (entry,) = scores_of(tmp_path / "out")["scores"]
    assert entry["n"] == 0 and entry["bits_per_byte"] is None
    assert "The text is empty" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (b"", [], "has no messages"),
        (b"ham only\n", [], "line 1"),
        (b"ham\ta\nspam\tb\n", ["--labels", "no,yes"], "neither of the labels"),
    ],
)
def test_bad_messages(
    content: bytes,
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a.tsv").write_bytes(content)
    assert ran(tmp_path / "a.tsv", "--kind", "labels", *words, "--out", tmp_path / "out") == 3
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "words", "--target", "y"], "--target can only be said of numbers"),
        (
            ["--kind", "labels", "--season", "7", "--time-format", "%Y"],
            "--season and --time-format can only be said of numbers; this run is of labels",
        ),
        (["--kind", "words", "--missing", "x"], "--missing can only"),
        (["--kind", "words", "--step", "rows"], "--step can only"),
        (["--kind", "words", "--labels", "a,b"], "--labels can only be said of labels"),
        (["--labels", "a,b"], "--labels can only be said of labels; this run is of numbers"),
        (["--kind", "words", "--text", "a"], "--text can only be said of labels"),
        (["--kind", "words", "--horizon", "2"], "words are forecast one ahead"),
        (["--kind", "labels", "--horizon", "1-2"], "labels are forecast one ahead"),
    ],
)
def test_what_is_of_another_kind_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran("-", "--out", tmp_path / "out", *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_horizon_of_one_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    words = ("--kind", "words", "--horizon", "1", "--out", tmp_path / "out", "--quiet")
    assert ran(tmp_path / "a.txt", *words) == 0


# ---- little to say -------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["y\n5\n", "time,y\n2020-01-01,\n2020-01-02,NA\n"])
def test_nothing_answered(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "a.csv", tmp_path / "out"
    source.write_text(content)
    assert ran(source, "--horizon", "1-2", "--out", out) == 0
    assert "No question was answered" in capsys.readouterr().out
    assert rows_of(out / "predictions.csv") == []
    assert len(rows_of(out / "forecast.csv")) == 2
    for entry in scores_of(out)["scores"]:
        assert entry["n"] == 0
        assert entry["mae"] is None
        assert entry["skill_last"] is None
    assert (out / "report.html").exists()


def test_a_constant(tmp_path: Path) -> None:
    source, out = tmp_path / "a.csv", tmp_path / "out"
    source.write_text("y\n" + "7.5\n" * 40)
    assert ran(source, "--out", out, "--quiet") == 0
    (entry,) = scores_of(out)["scores"]
    assert entry["mae"] == 0.0
    assert entry["skill_last"] is None
    (coming,) = rows_of(out / "forecast.csv")
    assert coming["time"] == "40"
    assert {coming[name] for name in ("mean", *QUANTILES)} == {"7.5"}


# ---- a process of its own ------------------------------------------------------------------------


def python(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **more)


def test_help_is_at_once_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from forecast.cli import main\n"
        "main(['--help']); main(['run', '--horizon', 'x', 'a.csv'])\n"
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])\n"
        "print('MODULES', len(sys.modules))\n"
    )
    loaded, modules = python("-c", code).stdout.splitlines()[-2:]
    assert loaded.strip() == "LOADED"
    # what takes its time are modules, Python's own among them: 107 when this was written; seconds
    # depend on the machine
    assert int(modules.split()[1]) < 125


def test_a_module_that_runs(tmp_path: Path) -> None:
    bad = python("-m", "forecast", "run", str(tmp_path / "none.csv"))
    assert bad.returncode == 3
    assert bad.stdout == ""
    advice = "Is its name right, and the folder that you are in?"
    assert bad.stderr == f"forecast: {tmp_path / 'none.csv'}: there is no such file. {advice}\n"


def test_a_reader_that_leaves_is_no_fault(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.csv", [row[:2] for row in hourly(30)])
    out = tmp_path / "out"
    read, write = os.pipe()
    os.close(read)
    words = ["-m", "forecast", "run", str(source), "--out", str(out), "--json"]
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, stdout=gone, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 0
    assert b"Error" not in done.stderr
    assert (out / "report.html").exists()


@pytest.mark.skipif(not CO2.exists(), reason="needs data/co2.csv")
def test_co2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(CO2, "--horizon", "1,52", "--out", tmp_path / "out") == 0
    assert "season: 52 steps of 1 week, a year" in capsys.readouterr().err
    one, year = scores_of(tmp_path / "out")["scores"]
    assert (one["n"], year["n"]) == (2224, 2190)
    # must show 2 of the first issue
    assert one["mae"] <= 0.75 * one["mae_last"]
    assert year["mae"] <= 0.62 * year["mae_last"]
    assert 0.87 <= one["coverage90"] <= 0.93
    assert 0.87 <= year["coverage90"] <= 0.93
