"""How much memory and time does a gigabyte of CSV take through the command?

    python experiments/gigabyte.py FOLDER [--megabytes 1000]

FOLDER takes the generated file and the run's output; both are removed at the end.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from page import Page, table

ROWS = 500_000


def generate(path: Path, megabytes: int) -> int:
    """A minutely series with a day's season, noise and a wandering level; returns its rows."""
    rng = np.random.default_rng(0)
    minute, level, rows = datetime(1990, 1, 1), 100.0, 0
    with path.open("w") as file:
        file.write("time,value\n")
        while file.tell() < megabytes * 1_000_000:
            t = np.arange(rows, rows + ROWS)
            walk = level + rng.normal(0.0, 0.01, ROWS).cumsum()
            level = float(walk[-1])
            ys = walk + 5.0 * np.sin(2.0 * np.pi * t / 1440.0) + rng.standard_t(4, ROWS)
            days = [minute + timedelta(minutes=int(k)) for k in t]
            file.writelines(
                f"{day:%Y-%m-%d %H:%M}:00,{y:.6f}\n" for day, y in zip(days, ys, strict=True)
            )
            rows += ROWS
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=1000)
    arguments = parser.parse_args()
    source, out = arguments.folder / "gigabyte.csv", arguments.folder / "gigabyte-out"
    rows = generate(source, arguments.megabytes)
    size = source.stat().st_size
    began = time.perf_counter()
    command = [sys.executable, "-m", "forecast", "run", source, "--out", out, "--force", "--quiet"]
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    scores = json.loads((out / "scores.json").read_text())
    page = Page("A gigabyte through the command", __file__, "FOLDER")
    one = scores["scores"][0]
    pages = (out / "report.html").stat().st_size / 1e6
    page.say(
        table(
            ["", ""],
            [
                ["file", f"{size / 1e9:.2f} GB, {rows:,} rows"],
                ["peak memory of the process", f"{peak:.0f} MB"],
                ["wall time, whole command", f"{seconds:.0f} s"],
                ["points a second, whole command", f"{rows / seconds:,.0f}"],
                ["MAE over the last value's", f"{1.0 - one['skill_last']:.3f}"],
                ["90 % intervals covered", f"{one['coverage90']:.4f}"],
                ["report.html", f"{pages:.2f} MB"],
            ],
        )
    )
    page.say("Where the time went, seconds: `" + json.dumps(scores.get("cost", {})) + "`")
    page.write()
    source.unlink()
    shutil.rmtree(out)


if __name__ == "__main__":
    main()
