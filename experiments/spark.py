"""From how many series does Spark pay, what does it cost, and what does a kill leave?

    python experiments/spark.py FOLDER [--points 1000] [--kills 3]

FOLDER is where rows, states and answers are written, and removed. Rates are of generated series on
a local Spark, beside a ``Panel`` that is told the same rows in the same run.
"""

import argparse
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from page import Page, table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from spark_queries import HOW, SCHEMA, file_of, heard, heard_in_all, killed, query, session, states

from forecast import LightForecaster, run
from forecast.clock import HOUR
from forecast.interop.spark import backtest
from forecast.panel.panel import Panel, Part
from forecast.panel.scores import panel_scores

# keys, points of each in a micro-batch, micro-batches that are measured
TABLE = 200  # series of the table
LOADS = ((500, 100, 3), (500, 1, 3))
KEYS, POINTS, FILES = 20, 10, 16  # of the query that is killed
WARM = 1  # micro-batches before: Java compiles itself, workers load kernels
COLUMNS = ("y", "mean", "median", "q05", "q95", "surprise", "rate")
TICK = os.sysconf("SC_CLK_TCK")
MEMORY = 64e9  # bytes of one machine, in the arithmetic
CORES = 16  # of one
COMMANDS = """\
sudo apt-get install openjdk-17-jre-headless      # any Java from 17 on
python3 -m venv .venv
.venv/bin/pip install -e '.[spark,test]'
.venv/bin/python -m pytest -n 0 -m slow tests/test_spark.py
.venv/bin/python experiments/spark.py FOLDER"""


class Rate(NamedTuple):
    """What some rows took."""

    rows: int
    seconds: float
    cpu: float  # of this process and all that it has started

    def cells(self) -> list[str]:
        # less than ten ticks of the clock tell nothing
        each = (
            f"{1e6 * self.cpu / self.rows:,.1f}" if self.cpu >= 10 / TICK else "too little to tell"
        )
        return [f"{self.rows / self.seconds:,.0f}", each]


def cpu_seconds() -> float:
    """CPU of this process and of all that it has started, Java and its workers among them."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = sum(map(int, fields[11:15]))

    def ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and ours(parents[process]))

    return sum(spent for process, spent in ticks.items() if ours(process)) / TICK


def timed(work: Callable[[], Any], rows: int) -> Rate:
    """What a piece of work takes."""
    began, cpu = time.perf_counter(), cpu_seconds()
    work()
    return Rate(rows, time.perf_counter() - began, cpu_seconds() - cpu)


def generated(keys: int, points: int) -> np.ndarray:
    """Random walks, [keys, points]."""
    return np.random.default_rng(0).normal(size=(keys, points)).cumsum(axis=1)


def rows_of(ys: np.ndarray, first: int) -> pd.DataFrame:
    """The rows of all series at some hours, as they come: by time."""
    keys, points = ys.shape
    at = pd.to_datetime(np.repeat(first + np.arange(points), keys) * HOUR, unit="us")
    names = np.tile(np.array([f"s{k}" for k in range(keys)]), points)
    return pd.DataFrame({"key": names, "at": at, "y": ys.T.ravel()})


def streamed(spark: Any, folder: Path, ys: np.ndarray, each: int) -> tuple[Rate, float]:
    """The steady rate of a query over micro-batches, and bytes of state on disk for each key."""
    cuts = range(0, ys.shape[1], each)
    for number, first in enumerate(cuts):
        file_of(folder, number, rows_of(ys[:, first : first + each], first))
    running = query(spark, folder)
    marks = []
    while running.isActive:
        done = running.lastProgress
        if done is not None and (not marks or done["batchId"] > marks[-1][0]):
            marks.append((done["batchId"], cpu_seconds()))
        time.sleep(0.2)
    running.awaitTermination()
    steady = [one for one in running.recentProgress if one["batchId"] >= WARM]
    seconds = sum(one["durationMs"]["triggerExecution"] for one in steady) / 1000.0
    rows = sum(one["numInputRows"] for one in steady)
    # CPU between the ends of the first and the last micro-batch that were seen
    (first, cpu), (last, cpu_end) = next(m for m in marks if m[0] >= WARM - 1), marks[-1]
    cpu = (cpu_end - cpu) * len(steady) / max(1, last - first)
    row = states(spark, folder)["s0"]
    return Rate(rows, seconds, cpu), sum(len(part) for part in row[:4]) + len(row["sum"]) + 8


def walked(ys: np.ndarray, each: int) -> tuple[Rate, int]:
    """The rate of a panel that is told the same rows, as many at a time; bytes of a series."""
    panel = Panel(LightForecaster, season=24)
    panel.warm()
    who = np.arange(len(ys))
    for k in range(len(ys)):
        panel.number(f"s{k}")

    def tell() -> None:
        for first in range(0, ys.shape[1], each):
            part = np.ascontiguousarray(ys[:, first : first + each])
            panel.feed(Part(who, np.arange(len(ys) + 1) * part.shape[1], part.ravel()))
        panel.settle()

    rate = timed(tell, ys.size)
    panel.close()
    return rate, panel.bytes_each


def steady(page: Page, spark: Any, folder: Path) -> tuple[Rate, Rate, Rate, float, int]:
    """Rates in micro-batches, beside the panel's."""
    lines, found = [], {}
    for keys, each, batches in LOADS:
        clear(folder)
        ys = generated(keys, each * (batches + WARM))
        theirs, kept = streamed(spark, folder, ys, each)
        ours, held = walked(ys, each)
        found[keys, each] = theirs, ours
        lines.append([f"{keys:,}", str(each), str(batches), *theirs.cells(), *ours.cells()])
        print(lines[-1], flush=True)
    page.say("## Micro-batches: rows a second, steady")
    header = ["keys", "points of each in a micro-batch", "micro-batches", "rows a second"]
    page.say(table([*header, "us of CPU a row", "Panel, rows a second", "us of CPU a row"], lines))
    page.say(
        "Each row is forecast, answered (21 quantiles, surprise, rate) and written to Parquet by "
        f"Spark; the panel scores its answers and writes none. {WARM} micro-batches before those "
        f"are not counted; {os.getloadavg()[1]:.0f} processes wanted the cores of this machine on "
        "average meanwhile, so that seconds are longer than its own. "
        f"The state of a key takes {kept:,} bytes, a series of the panel {held:,} "
        "with its scores. CPU is that of Java, its Python workers and the driver together."
    )
    many, one = found[LOADS[0][:2]], found[LOADS[-1][:2]]
    return many[0], one[0], many[1], kept, held


def tested(page: Page, spark: Any, folder: Path, points: int) -> None:
    """A back-test of a table, beside the panel's."""
    clear(folder)
    ys = generated(TABLE, points)
    for part, first in enumerate(range(0, TABLE, TABLE // 4)):
        rows = rows_of(ys[first : first + TABLE // 4], 0)
        rows["key"] = [f"s{int(key[1:]) + first}" for key in rows["key"]]
        file_of(folder, part, rows)
    frame = spark.read.schema(SCHEMA).parquet(str(folder / "in"))
    scores = {}

    def go() -> None:
        scores["theirs"] = backtest(frame, LightForecaster, **HOW).toPandas()

    panel = Panel(LightForecaster, season=24)
    panel.warm()
    lines = []
    for _ in range(2):
        lines.append(["backtest on Spark", *timed(go, ys.size).cells()])
        lines.append(["Panel", *walked(ys, points)[0].cells()])
    panel.learn({f"s{k}": one for k, one in enumerate(ys)})
    alone = panel_scores(panel)["crps"][:, 0]
    theirs = scores["theirs"].set_index("series")["crps"].loc[panel.names].to_numpy()
    page.say(f"## Back-test of a table: {TABLE:,} series of {points:,} points")
    page.say(table(["", "rows a second", "us of CPU a row"], lines))
    page.say(f"CRPS equal to the last bit: {int((alone == theirs).sum()):,} of {len(alone):,}.")
    panel.close()


def interrupted(folder: Path, kills: int) -> list[int]:
    """Kill a query and start it again; how many micro-batches were done at each kill."""
    clear(folder)
    ys = generated(KEYS, POINTS * FILES)
    for number in range(FILES):
        first = number * POINTS
        file_of(folder, number, rows_of(ys[:, first : first + POINTS], first))
    return list(killed(folder, Random(7), kills, 6.0))


def recovery(page: Page, spark: Any, folder: Path, done: list[int]) -> None:
    """What a query left that was killed and started again, beside one machine's run."""
    query(spark, folder).awaitTermination()
    ys = generated(KEYS, POINTS * FILES)
    once, often = heard(spark, folder).toPandas(), heard_in_all(folder)
    kept = states(spark, folder)
    same_states = same_rows = 0
    answers_of = dict(list(once[once["what"] == "answer"].groupby("series")))
    for k in range(KEYS):
        learner = LightForecaster()
        answers = run(learner, ys[k])
        bits = bytes(kept[f"s{k}"]["floats"]), bytes(kept[f"s{k}"]["ints"])
        same_states += bits == (learner.floats.tobytes(), learner.ints.tobytes())
        got = answers_of[f"s{k}"].sort_values("issued")
        q = answers.quantiles
        expected = [answers.y, answers.mean, q[:, 10], q[:, 1], q[:, 19]]
        expected += [answers.surprise, answers.rate]
        both = zip(COLUMNS, expected, strict=True)
        same_rows += all(got[n].to_numpy(float).tobytes() == e.tobytes() for n, e in both)
    without = often.drop_duplicates()
    lines = [
        ["kills by SIGKILL, of the driver and its Java at once", str(len(done))],
        ["micro-batches done at each", ", ".join(map(str, done)) + f" of {FILES}"],
        ["states equal to those of one machine, in every bit", f"{same_states} of {KEYS}"],
        ["series whose answers are, by Spark's list of files", f"{same_rows} of {KEYS}"],
        ["rows said, by that list", f"{len(once):,}"],
        ["rows in all files, whoever wrote them", f"{len(often):,}"],
        ["of these, without repeats", f"{len(without):,}"],
    ]
    page.say(f"## Killed and started again: {KEYS} keys, {FILES} micro-batches of {POINTS} points")
    page.say(table(["", ""], lines))


def arithmetic(page: Page, many: Rate, one: Rate, panel: Rate, kept: float, held: int) -> None:
    """From these figures to a billion series."""
    lines = []
    for series in (1e4, 1e6, 1e7, 1e8, 1e9):
        alone = series * panel.cpu / panel.rows / 3600.0
        theirs = series * one.cpu / one.rows / 3600.0
        batched = series * many.cpu / many.rows / 3600.0
        lines.append(
            [
                f"{series:,.0f}",
                f"{series * held / 1e9:,.2f}",
                f"{alone:,.4g}",
                f"{series * kept / 1e9:,.2f}",
                f"{theirs:,.4g}",
                f"{batched:,.4g}",
                f"{max(1, np.ceil(max(theirs / CORES, series * kept / MEMORY))):,.0f}",
            ]
        )
    page.say("## From how many series it pays: one row of each an hour")
    header = ["series", "Panel: GB", "core hours an hour", "Spark: GB of state"]
    more = ["core hours an hour, a row at a time", "100 rows at a time"]
    page.say(table([*header, *more, f"machines of {CORES} cores and 64 GB"], lines))
    most, alone = MEMORY / held, panel.cpu / panel.rows
    single, batched = one.cpu / one.rows / alone, many.cpu / many.rows / alone
    page.say(
        f"A row costs Spark {single:,.0f} times the panel's CPU where each key has one row in a "
        f"micro-batch, and {batched:,.1f} times where it has {LOADS[0][1]}. One machine of {CORES} "
        f"cores and 64 GB holds {most:,.0f} series in memory and walks {CORES / alone:,.0f} rows a "
        f"second, a row of each in {most * alone / CORES:,.1f} seconds: below that, Spark is "
        "paid for with machines and gains no forecast. It pays where there are more series than "
        "that, where rows come faster, or where they lie in Spark already and the loss of a "
        "machine may lose nothing. Cores are those of this machine; the panel's figures are of "
        "its loop alone, without reading rows."
    )


def clear(folder: Path) -> None:
    """Remove what earlier queries left."""
    for name in ("in", "kept", "said"):
        shutil.rmtree(folder / name, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--points", type=int, default=1000, help="of a series, in the back-test")
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    page = Page("Spark", __file__, f"FOLDER --points {given.points} --kills {given.kills}")
    page.say(f"## From nothing\n\n```sh\n{COMMANDS}\n```")
    done = interrupted(given.folder, given.kills)
    spark = session()
    recovery(page, spark, given.folder, done)
    found = steady(page, spark, given.folder)
    tested(page, spark, given.folder, given.points)
    arithmetic(page, *found)
    clear(given.folder)
    spark.stop()
    page.write()


if __name__ == "__main__":
    main()
