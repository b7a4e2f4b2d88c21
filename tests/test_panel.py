"""A panel: each series as if it were alone, whatever stands beside it and whoever walks."""

import csv
import json
import math
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast import LightForecaster, NumberForecaster, ReturnForecaster, run
from forecast.cli import main
from forecast.clock import Step
from forecast.evaluation import evaluate
from forecast.kinds.panel import Panels
from forecast.panel.panel import Panel
from forecast.panel.rows import Chunk
from forecast.panel.scores import panel_scores
from forecast.panel.stream import LongStream, open_long
from forecast.panel.wide import WideStream, open_wide
from forecast.report.panel import PanelReport
from forecast.report.scores import Scores
from forecast.stream import StreamError, open_numbers


@pytest.fixture(autouse=True)
def _undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the figures, which are most of a run's time, but for who is marked as drawn."""
    if request.node.get_closest_marker("drawn") is None:
        monkeypatch.setattr(PanelReport, "_figures", lambda *_: [])


def streams(n: int = 5, seed: int = 0) -> dict[str, np.ndarray]:
    """Series of several lengths with gaps, atoms, a constant, and values that are absurd."""
    rng = np.random.default_rng(seed)
    made = {f"s{k}": rng.normal(size=40 + 30 * k).cumsum() for k in range(n)}
    made["s1"][10:14] = math.nan
    made["s2"] = made["s2"].round()
    made["s3"][[5, 60]] = math.inf, 1e200
    return {**made, "one": np.array([3.0]), "still": np.full(30, 2.0), "gone": np.full(4, math.nan)}


def alone(make, ys: np.ndarray, season: int = 0) -> Scores:  # type: ignore[no-untyped-def]
    """The scores of one series by itself."""
    answers = run(make(), ys, season)
    learner = make()
    scores = Scores(["y"], learner.horizons, season)
    place = {horizon: k for k, horizon in enumerate(learner.horizons)}
    scores.add(answers, np.array([place[h] for h in answers.horizon.tolist()], np.int64))
    return scores


MAKERS = {
    "light": LightForecaster,
    "light, two horizons": lambda: LightForecaster((1, 3)),
    "full": NumberForecaster,
}
SLOW = {"full": pytest.mark.slow}  # its loop takes a minute to compile


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in MAKERS])
def test_a_series_of_a_panel_is_a_series_alone(name: str) -> None:
    make = MAKERS[name]
    told = streams()
    panel = Panel(make, season=7)
    panel.learn(told)
    scored = panel_scores(panel)
    for number, (series, ys) in enumerate(told.items()):
        learner = make()
        run(learner, ys)
        mine = panel.learner(series)
        assert mine.floats.tobytes() == learner.floats.tobytes()
        assert mine.ints.tobytes() == learner.ints.tobytes()
        for h, entry in enumerate(alone(make, ys, 7).entries()):
            for score in scored:
                expected = math.nan if entry[score] is None else entry[score]
                got = scored[score][number, h]
                assert got == pytest.approx(expected, rel=1e-11, nan_ok=True), (series, score)


def everything(panel: Panel) -> list[bytes]:
    """All that there is of every series."""
    panel.settle()
    return [
        panel.shelves[k // panel.shelves[0].room].whole(k % panel.shelves[0].room)
        for k in range(len(panel))
    ]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("pieces", [1, 4, 23])
def test_workers_and_parts_change_no_bit(
    workers: int, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = streams(9)
    whole = Panel(LightForecaster, season=7, workers=1)
    whole.learn(told)
    # shelves of few series, and parts of few answers
    monkeypatch.setattr("forecast.panel.shelf.MOST", 4)
    monkeypatch.setattr("forecast.panel.panel.PART", 16)
    panel = Panel(LightForecaster, season=7, workers=workers)
    for name in told:
        panel.number(name)
    for piece in range(pieces):
        cuts = {name: np.array_split(ys, pieces)[piece] for name, ys in told.items()}
        panel.learn(dict(reversed(cuts.items())))
    assert everything(panel) == everything(whole)


def test_a_season_shorter_or_longer_than_the_horizon() -> None:
    ys = streams()["s4"]
    for horizons, season in (((1, 5), 3), ((2,), 11), ((4,), 1), ((1,), 0)):
        make = partial(LightForecaster, horizons)
        panel = Panel(make, season)
        panel.learn({"y": ys})
        entries = alone(make, ys, season).entries()
        mine = panel_scores(panel)
        for h, entry in enumerate(entries):
            for score in ("mae_seasonal", "mae_last", "skill_last", "mase"):
                expected = math.nan if entry[score] is None else entry[score]
                assert mine[score][0, h] == pytest.approx(expected, rel=1e-12, nan_ok=True)


# ---- a long table ----------------------------------------------------------------------------


def read(path: Path, **how: object) -> tuple[LongStream, dict[str, np.ndarray]]:
    """All values of a long table, by series."""
    told: dict[str, list[np.ndarray]] = {}
    with open_long(path, "id", **how) as stream:  # type: ignore[arg-type]
        for chunk in stream:
            for part in chunk.parts:
                for k, number in enumerate(part.who.tolist()):
                    piece = part.ys[part.at[k] : part.at[k + 1]]
                    told.setdefault(stream.names[number], []).append(piece)
    return stream, {name: np.concatenate(pieces) for name, pieces in told.items()}


TIMES = {
    "hours": ("2024-03-30T22:00:00Z", lambda t: f"2024-03-{1 + t // 24:02d}T{t % 24:02d}:00:00Z"),
    "days": ("", lambda t: str(np.datetime64("2023-12-30") + t)),
    "ends of months": ("", lambda t: str((np.datetime64("2023-01") + t + 1).astype("M8[D]") - 1)),
    "numbers": ("", lambda t: f"{0.1 * t:.1f}"),
    "offsets": (
        "",
        lambda t: (
            f"2024-03-{1 + (t + (t > 50)) // 24:02d}T{(t + (t > 50)) % 24:02d}:00:00"
            f"{['+01:00', '+02:00'][t > 50]}"
        ),
    ),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("chunk", [3, 17, 1000])
def test_a_long_table_is_read_as_a_file_for_each_series(
    kind: str, chunk: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    text = TIMES[kind][1]
    rows: list[tuple[str, str, str]] = []
    for k, name in enumerate(["b", "a, too", "c"]):
        kept = [0, 1, *(2 + np.flatnonzero(rng.random(60) < 0.7)).tolist()]
        kept += [kept[-1], kept[3]] if k == 1 else []  # a duplicate, and one that comes late
        rows += [
            (name, text(t + 3 * k), "NA" if rng.random() < 0.1 else f"{rng.normal():.3f}")
            for t in kept
        ]
    turn = np.argsort(rng.random(len(rows)) + np.repeat(np.arange(len(rows) / 20), 20)[: len(rows)])
    order = sorted(range(len(rows)), key=lambda k: (turn[k], k))
    places = {name: iter([k for k in range(len(rows)) if rows[k][0] == name]) for name, *_ in rows}
    mixed = [rows[next(places[rows[k][0]])] for k in order]  # each series in its own order
    path = tmp_path / "long.csv"
    drop = {"duplicates": "drop", "unsorted": "drop"}

    def write(path: Path, some: list[tuple[str, str, str]]) -> None:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "ds", "y"), *some])

    write(path, mixed)
    stream, told = read(path, chunk=chunk, **drop)
    assert stream.bad == {"duplicate time": 1, "time out of order": 1}
    for number, name in enumerate(stream.names):
        one = tmp_path / "one.csv"
        write(one, [row for row in mixed if row[0] == name])
        with open_numbers(one, target=["y"], **drop) as single:  # type: ignore[arg-type]
            ys = np.concatenate([block.y[:, 0] for block in single])
        assert str(single.step) == str(stream.step)
        assert np.array_equal(told[name], ys, equal_nan=True)
        assert stream.times([number] * 2, [1, 5], newest=True) == single.futures([1, 5])
        assert stream.times([number], [0], newest=False)[0] == next(
            t for n, t, _ in mixed if n == name
        )


REFUSED = {
    "id,ds,y\na,2024-01-01,1\nb,2024-01-01,1\na,2024-01-01,2\n": (
        4,
        "ds",
        "same time .* 'a'.*--duplicates drop",
    ),
    "id,ds,y\na,2024-01-02,1\na,2024-01-01,1\n": (3, "ds", "earlier .* 'a'.*--unsorted drop"),
    "id,ds,y\na,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01,1\nb,2024-01-04,1\n": (
        5,
        "ds",
        "3 steps.*'b'.*--step '1 day'",
    ),
    "id,ds,y\na,2024-01-01,1\na,2024-01-08,1\nb,2024-01-01,1\nb,2024-01-04,1\n": (
        5,
        "ds",
        "not a whole number of steps .1 week",
    ),
    "id,ds,y\na,2024-01-01,1\na,2024-01-02,x\n": (3, "y", "not a number"),
    "id,ds,y\na,2024-01-01,1\n ,2024-01-02,2\n": (3, "id", "which series"),
    "id,ds,y\na,2024-01-01,1\na,soon,2\n": (3, "ds", "not a time"),
    "id,ds,y\na,0,1\na,1,1\na,9999999,1\n": (4, "ds", "gap of 9,999,997 .*'a'"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_is_named_with_its_place(text: str, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(text)
    line, column, said = REFUSED[text]
    with pytest.raises(StreamError, match=f"line {line}, column '{column}'.*{said}"):
        read(path)


def test_spaces_around_a_name_are_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,ds,y\na b,1,1\n a b ,2,2\na b, 3 , 4\n c,1,5\n")
    stream, told = read(path, chunk=2)
    assert stream.names == ["a b", "c"]
    assert told["a b"].tolist() == [1, 2, 4] and told["c"].tolist() == [5]


def test_a_step_that_was_named_leaves_gaps(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,ds,y\na,2024-01-01,1\na,2024-01-02,2\nb,2024-01-01,3\nb,2024-01-04,4\n")
    _, told = read(path, step=Step.named("day"))
    assert np.array_equal(told["b"], [3, math.nan, math.nan, 4], equal_nan=True)
    _, told = read(path, step=Step.named("rows"))
    assert told["b"].tolist() == [3, 4]


# ---- a wide table ----------------------------------------------------------------------------


def rows_from_first_value(told: dict[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """The same series on one grid: missing at its end, and not there before their first value."""
    on_grid = {name: np.append(ys, np.full(rows - len(ys), math.nan)) for name, ys in told.items()}
    known = {name: np.flatnonzero(~np.isnan(ys)) for name, ys in on_grid.items()}
    return {name: ys[known[name][0] :] for name, ys in on_grid.items() if len(known[name])}


def wide_table(path: Path, told: dict[str, np.ndarray], text: Callable[[int], str]) -> int:
    """Series side by side, some of which begin late; returns the number of rows."""
    rows = max(map(len, told.values()))
    written = [
        [f"{y:.3f}" if math.isfinite(y) else "" for y in ys.tolist()] + [""] * (rows - len(ys))
        for ys in told.values()
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(["ds", *told])
        csv.writer(file).writerows(
            [text(t), *row] for t, row in enumerate(zip(*written, strict=True))
        )
    return rows


def late_streams() -> dict[str, np.ndarray]:
    """Series of which one begins late, and one never."""
    told = {name: ys.round(3) for name, ys in streams().items() if name != "s3"}
    told["late"] = np.append(np.full(45, math.nan), told["s4"][:60])
    return {"later": np.append(np.full(90, math.nan), told["s2"][:40]), **told}


def read_wide(path: Path, **how: object) -> tuple[WideStream, dict[str, np.ndarray]]:
    """All values of a wide table, by series."""
    told: dict[str, list[np.ndarray]] = {}
    with open_wide(path, **how) as stream:  # type: ignore[arg-type]
        for chunk in stream:
            for part in chunk.parts:
                for k, number in enumerate(part.who.tolist()):
                    piece = part.ys[part.at[k] : part.at[k + 1]]
                    told.setdefault(stream.names[number], []).append(piece)
    return stream, {name: np.concatenate(pieces) for name, pieces in told.items()}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("chunk", [3, 70, 1 << 18])
def test_a_wide_table_is_its_columns_from_their_first_values(
    kind: str, chunk: int, tmp_path: Path
) -> None:
    path, text = tmp_path / "wide.csv", TIMES[kind][1]
    told = late_streams()
    rows = wide_table(path, told, text)
    stream, found = read_wide(path, chunk=chunk)
    expected = rows_from_first_value(told, rows)
    assert stream.names == [name for name in expected if "late" not in name] + ["late", "later"]
    assert stream.empty == ("gone",) and stream.rows_read == rows
    for name, ys in expected.items():
        assert np.array_equal(found[name], ys, equal_nan=True)
    late = stream.names.index("late")
    assert stream.times([late, late, 0], [0, 3, 2], newest=False) == [text(45), text(48), text(2)]
    assert stream.times([0, late, 0], [1, 1, 4], newest=True) == [
        *([text(rows)] * 2),
        text(rows + 3),
    ]


def test_gaps_of_a_wide_table_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("day,a,b\n2024-01-01,1,\n2024-01-02,2,5\n2024-01-05,3,6\n")
    _, told = read_wide(path)
    assert np.array_equal(told["a"], [1, 2, math.nan, math.nan, 3], equal_nan=True)
    assert np.array_equal(told["b"], [5, math.nan, math.nan, 6], equal_nan=True)
    path.write_text("a,b\n1,\n2,5\n")
    stream, told = read_wide(path)
    assert told["b"].tolist() == [5] and stream.times([1], [1], newest=True) == ["2"]


REFUSED_WIDE = {
    "day,a,b\n2024-01-01,1,2\n2024-01-02,1,x\n": (3, "b", "not a number"),
    "day,a,b\n2024-01-01,1,2\n2024-01-01,1,2\n": (3, "day", "the same time"),
    "day,a,b\n2024-01-01,1,2\nsoon,1,2\n": (3, "day", "not a time"),
    'day,a,b\n2024-01-01,1,"2,5"\n': (2, "b", 'written another way.*--decimal ","'),
    "day,a,b\n2024-01-01,1,2\n2024-01-02,1\n": (3, None, "2 fields where the first row has 3"),
    "day,a,a\n2024-01-01,1,2\n": (1, None, "name of two columns"),
    "day,note\n2024-01-01,fine\n": (None, None, "stands for no column of numbers"),
}


@pytest.mark.parametrize("text", REFUSED_WIDE)
def test_what_is_refused_of_a_wide_table_is_named_with_its_place(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(text)
    line, column, said = REFUSED_WIDE[text]
    with pytest.raises(StreamError, match=said) as refused:
        read_wide(path)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_a_pattern_names_series_of_a_wide_table(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text('day,shop_a,shop_b,heat\n2024-01-01,1,2,"3,5"\n')
    stream, _ = read_wide(path, target=["shop_*"])
    assert stream.names == ["shop_a", "shop_b"]


def test_thousands_of_columns_are_read_at_once(tmp_path: Path) -> None:
    ys = np.random.default_rng(0).integers(0, 100, (7, 3000)).astype(float)
    path = tmp_path / "wide.csv"
    lines = [",".join(["t", *(f"c{k}" for k in range(3000))])]
    lines += [",".join([str(t), *(f"{y:g}" for y in row)]) for t, row in enumerate(ys.tolist())]
    path.write_text("\n".join(lines) + "\n")
    _, told = read_wide(path)
    assert np.array_equal(np.column_stack(list(told.values())), ys)
    path.write_text("\n".join(lines).replace("\n5,", "\n5,1e3x,") + "\n")
    with pytest.raises(StreamError, match=r"line 7.*3002 fields"):
        read_wide(path)
    fields = lines[5].split(",")
    fields[2001] = "?"
    path.write_text("\n".join([*lines[:5], ",".join(fields), *lines[6:]]) + "\n")
    with pytest.raises(StreamError, match=r"line 6, column 'c2000'.*not a number"):
        read_wide(path)


# ---- the command -----------------------------------------------------------------------------


def long_table(path: Path, told: dict[str, np.ndarray], by_time: bool = True) -> None:
    """A table as nixtla has it, of values to three digits."""
    rows = [
        (t, name, f"{y:.3f}" if math.isfinite(y) else "")
        for name, ys in told.items()
        for t, y in enumerate(ys.tolist())
    ]
    days = (np.datetime64("2024-01-01") + np.arange(400)).astype(str)
    lines = [f"{name},{days[t]},{y}\n" for t, name, y in (sorted(rows) if by_time else rows)]
    path.write_text("unique_id,ds,y\n" + "".join(lines))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(out: Path) -> dict[str, bytes]:
    """What a run has left that does not tell when and how fast it ran."""
    record = json.loads((out / "scores.json").read_text())
    for name in ("seconds", "points_per_second", "cost", "command", "workers"):
        record.pop(name)
    page = re.sub(
        rb'<section id="(cost|source)">.*?</section>',
        b"",
        (out / "report.html").read_bytes(),
        flags=re.S,
    )
    kept = {name: (out / name).read_bytes() for name in ("scores.csv", "forecast.csv")}
    return {**kept, "scores.json": json.dumps(record).encode(), "report.html": page}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    long_table(path, {name: ys for name, ys in streams().items() if name != "s3"})
    return path


@pytest.mark.drawn
def test_a_run_scores_each_series_as_if_alone(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["run", str(table), "--series", "unique_id", "--horizon", "1,3", "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "--learner full" in said.err and "Series: 7, each in" in said.out
    scores = rows_of(out / "scores.csv")
    coming = {(row["series"], row["horizon"]): row for row in rows_of(out / "forecast.csv")}
    make = MAKERS["light, two horizons"]
    for name, ys in streams().items():
        mine = [row for row in scores if row["series"] == name]
        if name == "s3":
            continue
        ys = np.array([float(f"{y:.3f}") for y in ys])
        learner = make()
        run(learner, ys)
        for row, entry in zip(mine, alone(make, ys, 7).entries(), strict=True):
            assert int(row["horizon"]) == entry["horizon"] and int(row["n"]) == entry["n"]
            assert int(row["observed"]) == np.isfinite(ys).sum()
            for score in ("mae", "surprise", "crps", "coverage90", "skill_last", "skill_seasonal"):
                told = "" if entry[score] is None else f"{entry[score]:.9g}"
                assert row[score] == told or float(row[score]) == pytest.approx(float(told), 2e-9)
            after = coming[name, row["horizon"]]
            ahead = np.datetime64("2024-01-01") + len(ys) - 1 + entry["horizon"]
            assert after["time"] == str(ahead)
            if entry["n"]:
                wanted = learner.predict(horizon=entry["horizon"])
                assert float(after["q95"]) == pytest.approx(wanted.quantile(0.95), rel=1e-8)
                assert float(after["mean"]) == pytest.approx(wanted.mean, rel=1e-8)
    record = json.loads((out / "scores.json").read_text())
    assert record["scores"][0]["n"] == sum(int(row["n"]) for row in scores if row["horizon"] == "1")
    assert record["panel"]["count"] == 7 and record["step"] == "1 day" and record["season"] == 7
    page = (out / "report.html").read_text()
    assert page.count("<figure>") == 3 and "The most surprising" in page


def test_order_of_rows_and_workers_leave_the_same_files(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "by series" / "table.csv"
    other.parent.mkdir()
    long_table(other, {name: ys for name, ys in streams().items() if name != "s3"}, by_time=False)
    left = []
    for k, (path, workers) in enumerate([(table, "1"), (table, "3"), (other, "2")]):
        out = tmp_path / str(k)
        words = ["--series", "unique_id", "--workers", workers, "--out", str(out), "--quiet"]
        assert main(["run", str(path), *words]) == 0
        left.append(files(out))
    assert left[0] == left[1]
    # the series are listed as they come: by name, here
    assert sorted(left[0]["scores.csv"].splitlines()) == sorted(left[2]["scores.csv"].splitlines())


def test_a_wide_table_leaves_what_a_long_one_leaves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, days = late_streams(), np.datetime64("2024-01-01")
    wide, long = tmp_path / "wide.csv", tmp_path / "long.csv"
    rows = wide_table(wide, told, lambda t: str(days + t))
    with long.open("w") as file:
        file.write("unique_id,ds,y\n")
        for t in range(rows):
            for name, ys in told.items():
                begun = np.isfinite(ys[: t + 1]).any()
                value = f"{ys[t]:.3f}" if t < len(ys) and math.isfinite(ys[t]) else ""
                file.writelines([f"{name},{days + t},{value}\n"] if begun else [])
    words = ["--horizon", "1,3", "--out"]
    assert main(["run", str(wide), "--wide", *words, str(tmp_path / "w")]) == 0
    assert "warning: no value stands in 1 columns: gone" in capsys.readouterr().err
    assert main(["run", str(long), "--series", "unique_id", *words, str(tmp_path / "l")]) == 0
    for name in ("scores.csv", "forecast.csv"):
        assert (tmp_path / "w" / name).read_bytes() == (tmp_path / "l" / name).read_bytes()
    records = [json.loads((tmp_path / out / "scores.json").read_text()) for out in "wl"]
    for part in ("scores", "panel", "step", "season", "values"):
        assert records[0][part] == records[1][part]


LONG, WIDE = ("--series", "unique_id"), ("--wide",)


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    path = tmp_path / "wide.csv"
    wide_table(path, late_streams(), lambda t: str(np.datetime64("2024-01-01") + t))
    return path


@pytest.mark.parametrize("asked", [LONG, WIDE, (*LONG, "--taught"), (*WIDE, "--taught")])
def test_a_run_that_is_killed_goes_on_as_if_it_never_was(
    asked: tuple[str, ...],
    table: Path,
    wide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for opener in (open_long, open_wide):
        monkeypatch.setitem(opener.__kwdefaults__, "chunk", 37)
    monkeypatch.setattr("forecast.kinds.panel.PIECE", 37)
    monkeypatch.setattr("forecast.kinds.panel.KEPT_EVERY", 0.0)
    monkeypatch.setattr("forecast.numbers.taught.OLD_ENOUGH", 20)
    source = wide if "--wide" in asked else table
    words = ["run", str(source), *asked, "--quiet"]
    assert main([*words, "--out", str(tmp_path / "whole")]) == 0
    store = [*words, "--checkpoint", str(tmp_path / "store")]
    left = [0]
    real = Panels.feed

    def feed(kind: Panels, piece: Chunk) -> None:
        real(kind, piece)
        left[0] -= len(piece.parts) > 0
        if left[0] < 0:
            raise KeyboardInterrupt

    for fed in (1, 2, 4, 0, 3):
        with monkeypatch.context() as patch:
            left[0] = fed
            patch.setattr(Panels, "feed", feed)
            assert main([*store, "--out", str(tmp_path / "killed")]) == 130
    assert main([*store, "--out", str(tmp_path / "again")]) == 0
    assert files(tmp_path / "again") == files(tmp_path / "whole")
    record = json.loads((tmp_path / "again" / "scores.json").read_text())
    assert record["series_taught"] == (2 if (*WIDE, "--taught") == asked else 0)
    # what comes later is learned, the rest is not learned again
    whole = source.read_text().splitlines(keepends=True)
    grown = tmp_path / "grown" / "table.csv"
    grown.parent.mkdir()
    grown.write_text("".join(whole[: len(whole) // 3]))
    words[1] = store[1] = str(grown)
    store[-1] = str(tmp_path / "second")
    assert main([*store, "--out", str(tmp_path / "part")]) == 0
    grown.write_text("".join(whole))
    assert main([*store, "--out", str(tmp_path / "rest")]) == 0
    if "--taught" not in asked:  # a new one is taught by all that was learned before it was read
        assert files(tmp_path / "rest")["scores.csv"] == files(tmp_path / "whole")["scores.csv"]


def test_a_store_of_something_else_is_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = tmp_path / "store", str(tmp_path / "out")
    words = [
        "run",
        str(table),
        "--series",
        "unique_id",
        "--checkpoint",
        str(store),
        "--out",
        out,
        "--force",
        "--quiet",
    ]

    def refused(*more: str, code: int) -> str:
        assert main([*words, *more]) == code
        return capsys.readouterr().err

    assert main(words) == 0
    assert "asked otherwise (season 'auto')" in refused("--season", "5", code=2)
    text = table.read_text()
    table.write_text(text.replace("s0", "z0"))
    assert "not the file that was read before" in refused(code=3)
    table.write_text(text[: len(text) // 2])
    assert "not the file that was read before" in refused(code=3)
    table.write_text(text)
    held = sqlite3.connect(store)
    held.execute("begin exclusive")
    assert "in use by another run" in refused(code=3)
    held.execute("rollback")
    held.execute("update series set state = zeroblob(length(state)) where number = 2")
    held.commit()
    held.close()
    assert "damaged: the series" in refused(code=3)
    store.write_bytes(b"no database" * 1000)
    assert "is no store, or damaged" in refused(code=3)
    assert "is no file that can be written" in refused("--checkpoint", str(tmp_path), code=3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--known", "y"], "single series"),
        (["--gather", "mean", "--step", "day"], "single series"),
        (["--target", "y", "--target", "ds"], "one column of values"),
        (["--bounds", "0,"], "--learner full"),
        (["--predictions", "all"], "scored and not kept"),
        (["--kind", "words"], "can only be said of numbers"),
        (["--series", "shop"], "shop"),
        (["--wide"], "--series is of a long file, --wide of one with a column for each"),
        (["--taught", "--learner", "full"], "--taught is of light learners"),
    ],
)
def test_what_a_panel_lacks_is_said(
    words: list[str], said: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", str(table), "--series", "unique_id", "--out", str(tmp_path / "out"), *words]
    assert main(asked) in (2, 3)
    assert said in capsys.readouterr().err


def test_options_of_many_series_are_refused_of_one(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(table), "--learner", "full", "--workers", "2"]) == 2
    assert "--learner and --workers can only be said of many series" in capsys.readouterr().err


def test_many_columns_lead_to_the_options_for_them(
    wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(wide)]) == 3
    assert "with --wide, each as a series of its own" in capsys.readouterr().err
    known = ["run", str(wide), "--wide", "--known", "s0", "--out", str(tmp_path / "out")]
    assert main(known) == 2
    assert "leave out --wide" in capsys.readouterr().err


def test_where_none_could_be_taught_it_is_said(
    wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(wide), "--wide", "--taught", "--out", str(tmp_path / "out")]) == 0
    assert "--taught changed nothing: no series began after four others" in capsys.readouterr().err


@pytest.mark.drawn
def test_evaluate_takes_a_long_frame(tmp_path: Path) -> None:
    import pandas as pd

    told = {name: ys for name, ys in streams().items() if name != "s3"}
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": range(len(ys)), "y": ys.round(3)})
        for name, ys in told.items()
    )
    report = evaluate(frame, series="unique_id", season=7, workers=1)
    assert list(report.scores.index.get_level_values(0)) == list(told)
    panel = Panel(LightForecaster, season=7)
    panel.learn({name: ys.round(3) for name, ys in told.items()})
    assert report.scores["mae"].to_numpy() == pytest.approx(
        panel_scores(panel)["mae"][:, 0], nan_ok=True
    )
    assert report.verdict.startswith("On the mean series")
    assert report.forecast["time"].tolist()[:2] == ["40", "70"]
    assert len(report.plot("skill")) == 1
    with pytest.raises(ValueError, match="say one of"):
        report.plot("pit")


def test_a_wide_frame_is_a_panel() -> None:
    import pandas as pd

    told = late_streams()
    rows = max(map(len, told.values()))
    days = pd.date_range("2024-01-01", periods=rows, name="day")
    frame = pd.DataFrame({name: pd.Series(ys, days[: len(ys)]) for name, ys in told.items()}, days)
    own = {name: frame.loc[frame[name].first_valid_index() :, name] for name in frame}
    long = pd.concat(
        ys.rename("y").reset_index().assign(unique_id=name)
        for name, ys in own.items()
        if name != "gone"
    )
    both = [
        evaluate(frame, wide=True, season=7, workers=1),
        evaluate(long, series="unique_id", season=7, workers=1),
    ]
    one, other = (report.scores.sort_index() for report in both)
    assert len(one) == len(told) - 1
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    panel, plain = Panel(LightForecaster), Panel(LightForecaster)
    panel.learn(frame)
    plain.learn({name: frame[name].to_numpy() for name in frame})
    assert everything(panel) == everything(plain)


def test_a_frame_that_is_no_panel_is_refused() -> None:
    import pandas as pd

    days = pd.date_range("2024-01-01", periods=3)
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}, days)
    panel = Panel(LightForecaster)
    for bad, why in (
        (frame.iloc[::-1], "times of the table do not rise"),
        (pd.concat([frame, frame.tail(1)]), "times of the table do not rise"),
        (frame.set_axis(["a", "a"], axis=1), "two columns of the table have the same name"),
        (frame.assign(b=["x", "y", "z"]), "the series 'b' holds what is no number"),
        ({"a": [[1.0, 2.0]]}, "the series 'a' is not a row of numbers"),
        ({"a": [1.0, "x"]}, "the series 'a' holds what is no number"),
    ):
        with pytest.raises(ValueError, match=why):
            panel.learn(bad)
    with pytest.raises(TypeError, match="called by a text; got 0"):
        panel.learn(frame.set_axis([0, 1], axis=1))
    assert len(panel) == 0
    panel.learn(frame.astype({"b": "Int64"}).mask(frame == 5.0))
    assert panel.rows("b") == 3 and panel.learner("b").view("counts")[2] == 1


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: NumberForecaster(channels=2), "one number"),
        (lambda: NumberForecaster(known=1), "none beside"),
        (lambda: ReturnForecaster(discount=0.5), "not of their sums"),
    ],
)
def test_a_learner_of_more_than_one_series_is_refused(make: Callable[[], Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Panel(make)


@pytest.mark.slow
def test_a_full_learner_of_a_panel_is_that_of_a_run(table: Path, tmp_path: Path) -> None:
    words = ["--quiet", "--horizon", "1,3", "--out"]
    panel = ["run", str(table), "--series", "unique_id", "--learner", "full"]
    assert main([*panel, *words, str(tmp_path / "panel")]) == 0
    scores = rows_of(tmp_path / "panel" / "scores.csv")
    coming = rows_of(tmp_path / "panel" / "forecast.csv")
    lines = table.read_text().splitlines()
    for name in ("s0", "s1", "s4"):
        one = tmp_path / "one.csv"
        one.write_text(
            "\n".join(["ds,y", *(line[3:] for line in lines if line[:3] == f"{name},")]) + "\n"
        )
        assert main(["run", str(one), "--force", *words, str(tmp_path / name)]) == 0
        entries = json.loads((tmp_path / name / "scores.json").read_text())["scores"]
        mine = [row for row in scores if row["series"] == name]
        for row, entry in zip(mine, entries, strict=True):
            for score in (
                "n",
                "mae",
                "surprise",
                "crps",
                "coverage90",
                "skill_last",
                "skill_seasonal",
            ):
                assert float(row[score]) == pytest.approx(entry[score], 6e-9, 1e-11), score
        after = [row for row in coming if row["series"] == name]
        for row, alone in zip(after, rows_of(tmp_path / name / "forecast.csv"), strict=True):
            assert {**row, "series": "y"} == alone


def test_what_a_long_table_is_refused_for_is_told_as_of_one_series(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, --duplicates drop was offered for hours in a column of their own."""
    path = tmp_path / "long.csv"
    path.write_text("shop,day,hour,note,y\na,2024-01-01,00:00,x,1\na,2024-01-01,01:00,x,2\n")
    asked = ["run", str(path), "--series", "shop", "--time", "day", "--out", str(tmp_path / "out")]
    assert main([*asked, "--target", "y"]) == 3
    assert "The column 'hour' has times of day: write them behind the" in capsys.readouterr().err
    assert main([*asked, "--target", "note"]) == 3
    assert "'x' is not a number. Say a column of numbers, as y; or" in capsys.readouterr().err
