"""What does the report cost on a long stream: memory, share of the time, size of the page?

    python experiments/report_cost.py FOLDER [--rows 1000000 10000000]

FOLDER takes the generated files and what the runs leave; all is removed at the end. Values alone,
about nine bytes a row; default options but for --predictions none.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from page import Page, table

CHUNK = 500_000


def generate(path: Path, rows: int) -> None:
    """A season of 1,440 rows, noise with long tails, and a wandering level."""
    rng, level = np.random.default_rng(0), 100.0
    with path.open("w") as file:
        file.write("value\n")
        for start in range(0, rows, CHUNK):
            t = np.arange(start, min(start + CHUNK, rows))
            walk = level + rng.normal(0.0, 0.01, len(t)).cumsum()
            level = float(walk[-1])
            ys = walk + 5.0 * np.sin(2.0 * np.pi * t / 1440.0) + rng.standard_t(4, len(t))
            file.writelines(f"{y:.4f}\n" for y in ys)


def run(source: Path, out: Path) -> tuple[dict[str, Any], float]:
    """What scores.json holds, and the seconds of the whole command."""
    options = ["--predictions", "none", "--out", out, "--force", "--quiet"]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "forecast", "run", source, *options], check=True)
    return json.loads((out / "scores.json").read_text()), time.perf_counter() - began


def measured(folder: Path, rows: int) -> list[str]:
    """A line of the table."""
    source, out = folder / "long.csv", folder / "long-out"
    generate(source, rows)
    size = source.stat().st_size
    record, seconds = run(source, out)
    cost = record["cost"]
    loop, scoring = cost["predicting_and_learning_seconds"], cost["scoring_seconds"]
    # of all children so far: the largest, so that the shorter streams come first
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    page = (out / "report.html").stat().st_size
    source.unlink()
    shutil.rmtree(out)
    after = seconds - record["seconds"]
    return [
        *(f"{rows:,}", f"{size / 1e6:.0f} MB", f"{peak:.0f} MB", f"{seconds:.0f}"),
        *(f"{cost['reading_seconds']:.1f}", f"{loop:.1f}", f"{scoring:.1f}", f"{after:.1f}"),
        *(f"{scoring / (scoring + loop):.1%}", f"{(scoring + after) / seconds:.1%}"),
        f"{page / 1e6:.2f} MB",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    arguments = parser.parse_args()
    page = Page("What the report costs on a long stream", __file__, "FOLDER")
    header = ["rows", "file", "peak memory", "whole command, s", "reading, s"]
    header += ["predicting and learning, s", "scoring, s", "after the run, s"]
    header += ["scoring of scoring and loop", "scoring and after of the whole", "report.html"]
    page.say(table(header, [measured(arguments.folder, rows) for rows in sorted(arguments.rows)]))
    page.say(
        "Scoring is what every answer costs while the run goes on; after the run come the tests "
        "of the run itself, the changes, the figures and the page, whatever the length of the "
        "stream. Peak memory is that of the whole process, libraries and figures included."
    )
    page.write()


if __name__ == "__main__":
    main()
