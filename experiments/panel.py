"""What does a panel cost, by itself and beside statsforecast and a dictionary of river's learners?

    python experiments/panel.py FOLDER [--series 100000] [--rows 1000] [--file 5000]

FOLDER holds ETTh2.csv of zhouhaoyi's ETDataset; a long CSV is written there and removed. Speed is
of generated series; scores are of ETTh2, each of its channels cut into series of 1,000 hours.
Where statsforecast is installed it is fitted again each 100 points, as its cross-validation does.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from page import Page, table

from forecast import LightForecaster, NumberForecaster
from forecast.learner import NumberLearner
from forecast.panel.panel import Panel, Part
from forecast.panel.scores import mean_skill, panel_scores
from forecast.stream import open_numbers

SEASON, LENGTH, FIRST, REFIT = 24, 1000, 200, 100
SLICE = 14  # series of ETTh2 that all are given


def generated(series: int, rows: int) -> np.ndarray:
    """Random walks, seasons with noise, counts, and walks that return, a quarter each."""
    rng, t = np.random.default_rng(0), np.arange(rows)
    ys = rng.normal(size=(series, rows))
    np.cumsum(ys[0::4], axis=1, out=ys[0::4])
    ys[1::4] += 10.0 + 5.0 * np.sin(2.0 * np.pi * t / 7.0)
    ys[2::4] = rng.poisson(3.0, ys[2::4].shape)
    for k in range(1, rows):
        ys[3::4, k] += 0.9 * ys[3::4, k - 1]
    return ys


def walked(ys: np.ndarray, workers: int, at_once: int) -> tuple[float, float, int]:
    """Seconds, seconds of CPU and bytes of one series, told so many rows at a time."""
    series, rows = ys.shape
    panel = Panel(LightForecaster, season=7, workers=workers)
    panel.warm()
    for k in range(series):
        panel.number(str(k))
    who = np.arange(series)
    began, cpu = time.perf_counter(), time.process_time()
    for start in range(0, rows, at_once):
        part = np.ascontiguousarray(ys[:, start : start + at_once])
        panel.feed(Part(who, np.arange(series + 1) * part.shape[1], part.ravel()))
    panel.settle()
    spent = time.perf_counter() - began, time.process_time() - cpu, panel.bytes_each
    panel.close()
    return spent


def through_the_command(folder: Path, series: int, rows: int) -> list[list[str]]:
    """A long CSV, its rows by time, through ``forecast run``."""
    source, out = folder / "panel.csv", folder / "panel-out"
    ys = generated(series, rows)
    days = (np.datetime64("2000-01-01") + np.arange(rows)).astype(str).tolist()
    names = [f"store {k}" for k in range(series)]
    with source.open("w") as file:
        file.write("unique_id,ds,y\n")
        for t, day in enumerate(days):
            now = ys[:, t].tolist()
            file.writelines(f"{n},{day},{y:.3f}\n" for n, y in zip(names, now, strict=True))
    size = source.stat().st_size
    command = [sys.executable, "-m", "forecast", "run", source, "--series", "unique_id"]
    began = time.perf_counter()
    subprocess.run([*command, "--out", out, "--force", "--quiet"], check=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    cost = json.loads((out / "scores.json").read_text())["cost"]
    page = (out / "report.html").stat().st_size / 1e6
    source.unlink()
    shutil.rmtree(out)
    return [
        ["file", f"{size / 1e6:,.0f} MB, {series * rows:,} rows, by time"],
        ["wall time, whole command", f"{seconds:.0f} s"],
        ["points a second, whole command", f"{series * rows / seconds:,.0f}"],
        ["of it reading", f"{cost['reading_seconds']:.0f} s"],
        ["waiting for the walk", f"{cost['predicting_and_learning_seconds']:.0f} s"],
        ["peak memory of the process", f"{peak:,.0f} MB"],
        ["report.html", f"{page:.2f} MB"],
    ]


def channels(path: Path) -> list[np.ndarray]:
    """Series of 1,000 hours of ETTh2: of each channel the first, then of each the second."""
    with open_numbers(path, target=["*"]) as stream:
        ys = np.concatenate([rows.y for rows in stream])
    pieces = -(-SLICE // ys.shape[1])
    cuts = (ys[k * LENGTH : (k + 1) * LENGTH] for k in range(pieces))
    return [cut[:, c] for cut in cuts for c in range(ys.shape[1])][:SLICE]


Said = tuple[float, list[np.ndarray], list[np.ndarray] | None]  # seconds, medians, intervals


def ours(make: Callable[[], NumberLearner]) -> Callable[[list[np.ndarray]], Said]:
    """A panel of our learners; medians and intervals of every row."""

    def go(series: list[np.ndarray]) -> Said:
        from forecast import run

        panel = Panel(make, season=SEASON, workers=1)
        panel.warm()
        began = time.process_time()
        panel.learn({str(k): ys for k, ys in enumerate(series)})
        spent = time.process_time() - began
        medians, intervals = [], []
        for ys in series:
            answers = run(make(), ys)
            said = np.full((len(ys), 3), np.nan)
            said[answers.row] = answers.quantiles[:, [10, 1, 19]]
            medians.append(said[:, 0])
            intervals.append(said[:, 1:])
        assert np.isfinite(panel_scores(panel)["mae"]).all()
        panel.close()
        return spent, medians, intervals

    return go


def river_dictionary(series: list[np.ndarray]) -> Said:
    """One Holt-Winters of river for each series, in a dictionary, told in order of time."""
    from river import time_series

    learners = {k: time_series.HoltWinters(0.3, 0.1, 0.3, SEASON) for k in range(len(series))}
    medians = [np.full(len(ys), np.nan) for ys in series]
    rows = [ys.tolist() for ys in series]
    began = time.process_time()
    for t in range(LENGTH):
        for k, learner in learners.items():
            if t > 2 * SEASON:
                medians[k][t] = learner.forecast(horizon=1)[0]
            learner.learn_one(rows[k][t])
    return time.process_time() - began, medians, None


def refitted(model: str) -> Callable[[list[np.ndarray]], Said]:
    """A model of statsforecast, one step ahead, fitted again each 100 points."""

    def go(series: list[np.ndarray]) -> Said:
        import pandas as pd
        from statsforecast import StatsForecast, models

        made = getattr(models, model)(season_length=SEASON)
        rows = [(k, t, y) for k, ys in enumerate(series) for t, y in enumerate(ys.tolist())]
        frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
        sf = StatsForecast(models=[made], freq=1, n_jobs=1)
        how = {"h": 1, "step_size": 1, "n_windows": LENGTH - FIRST, "level": [90]}
        refit = {} if model == "SeasonalNaive" else {"refit": REFIT}
        began = time.process_time()
        said = sf.cross_validation(df=frame, **how, **refit)
        spent = time.process_time() - began
        medians, intervals = [], []
        for _, one in said.groupby("unique_id"):
            three = np.full((LENGTH, 3), np.nan)
            columns = [model, f"{model}-lo-90", f"{model}-hi-90"]
            three[one["ds"].to_numpy()] = one[columns].to_numpy()
            medians.append(three[:, 0])
            intervals.append(three[:, 1:])
        return spent, medians, intervals

    return go


def scored(series: list[np.ndarray], said: Said) -> list[str]:
    """Error beside the last value's, coverage and score of the 90 % interval beside its rival's."""
    _, medians, intervals = said
    skills, covered, winkler = [], [], []
    for k, ys in enumerate(series):
        late, last = ys[FIRST:], ys[FIRST - 1 : -1]
        naive = np.abs(late - last).mean()
        skills.append(1.0 - np.abs(late - medians[k][FIRST:]).mean() / naive)
        if intervals is not None:
            low, high = intervals[k][FIRST:].T
            covered.append(((low <= late) & (late <= high)).mean())
            missed = np.maximum(low - late, 0.0) + np.maximum(late - high, 0.0)
            winkler.append((high - low + 20.0 * missed).mean() / naive)
    skill = mean_skill(np.array(skills), np.ones(len(skills)))
    return [
        f"{1.0 - skill:.3f}",
        f"{np.mean(covered):.3f}" if covered else "none said",
        f"{np.exp(np.mean(np.log(winkler))):.2f}" if winkler else "none said",
    ]


def beside(page: Page, path: Path) -> None:
    """Speed and scores of all on the same series."""
    series = channels(path)
    rivals: dict[str, Callable[[list[np.ndarray]], Said]] = {
        "panel of LightForecaster": ours(LightForecaster),
        "panel of NumberForecaster(season=24)": ours(lambda: NumberForecaster(season=SEASON)),
        "dictionary of river HoltWinters(24)": river_dictionary,
    }
    try:
        import statsforecast

        version = statsforecast.__version__
        rivals |= {
            f"statsforecast {version} {name}": refitted(name)
            for name in ("SeasonalNaive", "AutoETS")
        }
    except ImportError as error:
        page.say(f"statsforecast could not be imported here: {error}.")
    rows = []
    for name, go in rivals.items():
        said = go(series)
        points = sum(len(ys) for ys in series)
        if name.startswith("statsforecast"):
            points -= FIRST * len(series)
        rows.append([name, f"{1e6 * said[0] / points:,.1f}", *scored(series, said)])
    page.say(f"## Beside others: {len(series)} series of {LENGTH:,} hours, one step ahead")
    header = ["", "us of CPU a point", "MAE over the last value's", "90 % covered"]
    page.say(table([*header, "Winkler 90 % over that MAE"], rows))
    page.say(
        f"Rows from {FIRST} on; MAE and the intervals' score are geometric means over series. "
        "River's Holt-Winters says no interval. statsforecast fits each model again every "
        f"{REFIT} points and forwards it between; its cost is over the {LENGTH - FIRST} rows it "
        "forecast, and the first use's compilation is in it."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--file", type=int, default=5000, help="series of the long CSV")
    asked = parser.parse_args()
    said = f"FOLDER --series {asked.series} --rows {asked.rows} --file {asked.file}"
    page = Page("What a panel costs", __file__, said)
    page.say(f"## Through the command: {asked.file:,} series of {asked.rows:,} points")
    page.say(table(["", ""], through_the_command(asked.folder, asked.file, asked.rows)))
    ys = generated(asked.series, asked.rows)
    some = ys[: max(1, asked.series // 10)]
    page.say(f"## {asked.series:,} series of {asked.rows:,} points, light preset, in memory")
    lines = []
    runs = [(some, 1), (some, 2), (some, 1), (some, 2), (ys, 2)]
    walls = {1: 0.0, 2: 0.0}  # of the tenth, in turn by each
    for some_ys, workers in runs:
        seconds, cpu, each = walked(some_ys, workers, 100)
        walls[workers] += seconds if some_ys is some else 0.0
        points = some_ys.size
        lines.append(
            [
                f"{len(some_ys):,}",
                str(workers),
                f"{seconds:.1f}",
                f"{points / seconds:,.0f}",
                f"{1e6 * cpu / points:.2f}",
                f"{each:,}",
            ]
        )
    header = ["series", "workers", "seconds", "points a second", "us of CPU a point"]
    page.say(table([*header, "bytes a series"], lines))
    learner = LightForecaster()
    size = learner.floats.nbytes + learner.ints.nbytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    page.say(
        "Each point is forecast, scored (21 quantiles, CRPS, surprise, four intervals, two rivals) "
        "and learned; rows are told 100 at a time. By the clock two workers were "
        f"{walls[1] / walls[2]:.2f} times as fast as one. "
        f"Of the bytes of a series {size:,} are its learner; the others are its open question, its "
        f"scores and what is drawn of it. Peak memory of the process {peak:,.0f} MB, of which the "
        f"values take {ys.nbytes / 1e6:,.0f}."
    )
    del ys
    beside(page, asked.folder / "ETTh2.csv")
    page.write()


if __name__ == "__main__":
    main()
