"""A panel: each series as if it were alone, whatever stands beside it and whoever walks."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from forecast import LightForecaster, NumberForecaster, run
from forecast.clock import Step
from forecast.panel.panel import Panel, Part, cut
from forecast.panel.scores import panel_scores
from forecast.panel.stream import LongStream, open_long
from forecast.report.scores import Scores
from forecast.stream import StreamError, open_numbers


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


@pytest.mark.parametrize("name", MAKERS)
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
    return [panel.shelves[k // panel.shelves[0].room].whole(k % panel.shelves[0].room) for k in range(len(panel))]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("pieces", [1, 4, 23])
def test_workers_and_parts_change_no_bit(workers: int, pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
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
        panel = Panel(lambda: LightForecaster(horizons), season)
        panel.learn({"y": ys})
        entries = alone(lambda: LightForecaster(horizons), ys, season).entries()
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
            for part in chunk:
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
        lambda t: f"2024-03-{1 + (t + (t > 50)) // 24:02d}T{(t + (t > 50)) % 24:02d}:00:00"
        f"{['+01:00', '+02:00'][t > 50]}",
    ),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("chunk", [3, 17, 1000])
def test_a_long_table_is_read_as_a_file_for_each_series(kind: str, chunk: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    text = TIMES[kind][1]
    rows: list[tuple[str, str, str]] = []
    for k, name in enumerate(["b", "a, too", "c"]):
        kept = [0, 1, *(2 + np.flatnonzero(rng.random(60) < 0.7)).tolist()]
        kept += [kept[-1], kept[3]] if k == 1 else []  # a duplicate, and one that comes late
        rows += [(name, text(t + 3 * k), "NA" if rng.random() < 0.1 else f"{rng.normal():.3f}") for t in kept]
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
        assert stream.times([number], [0], newest=False)[0] == [t for n, t, _ in mixed if n == name][0]


REFUSED = {
    "id,ds,y\na,2024-01-01,1\nb,2024-01-01,1\na,2024-01-01,2\n": (4, "ds", "same time .* 'a'.*--duplicates drop"),
    "id,ds,y\na,2024-01-02,1\na,2024-01-01,1\n": (3, "ds", "earlier .* 'a'.*--unsorted drop"),
    "id,ds,y\na,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01,1\nb,2024-01-04,1\n": (5, "ds", "3 steps.*'b'.*--step '1 day'"),
    "id,ds,y\na,2024-01-01,1\na,2024-01-08,1\nb,2024-01-01,1\nb,2024-01-04,1\n": (5, "ds", "not a whole number of steps .1 week"),
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


def test_a_step_that_was_named_leaves_gaps(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,ds,y\na,2024-01-01,1\na,2024-01-02,2\nb,2024-01-01,3\nb,2024-01-04,4\n")
    _, told = read(path, step=Step.named("day"))
    assert np.array_equal(told["b"], [3, math.nan, math.nan, 4], equal_nan=True)
    _, told = read(path, step=Step.named("rows"))
    assert told["b"].tolist() == [3, 4]
