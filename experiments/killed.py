"""Does a live run that is killed at any instant lose anything, or say it twice?

python experiments/killed.py [--kills 1000]
"""

import argparse
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from page import Page, table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from live_trials import kills_of_live, kills_on_stdout


def main() -> None:
    """Kill, start again, and hold the output against that of a run that was never killed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=1000, help="a tenth as many on stdout")
    most = asked.parse_args().kills
    page = Page("A live run, killed at any instant", __file__, f"--kills {most}")
    page.say(
        "A run follows a file that grows, by half lines too, and is rotated once the run has noted "
        "its place in it; it is killed at a random instant, or before a call that opens, renames "
        "or removes a file, and the same command is started again, six kills in a chain. *Wrong* "
        "is an output that is not, byte for byte, that of a run that was never killed; on stdout, "
        "one that is not once repeated rows are removed, or a row that was answered in two ways. "
        "(A file that is rotated before any run has come so far is not found again: where that was "
        "tried as well, 3 outputs of 1,000 kills lacked its rows.)"
    )
    page.say(table(["answers go to", "kills", "wrong", "minutes"], kills(most)))
    page.write()


def kills(n: int) -> list[list[str]]:
    """A line for each way of writing: kills, and those after which something was wrong."""
    rows = []
    trials = {"--follow FILE --out FILE": (kills_of_live, n), "stdout": (kills_on_stdout, n // 10)}
    for name, (trial, most) in trials.items():
        began = time.perf_counter()
        with TemporaryDirectory() as folder:
            found = list(trial(most, Path(folder), Random(7)))
        wrong = [each for each in found if each is not None]
        minutes = (time.perf_counter() - began) / 60.0
        rows.append([name, f"{len(found):,}", str(len(wrong)), f"{minutes:.0f}"])
        print(rows[-1], wrong[:3], flush=True)
    return rows


if __name__ == "__main__":
    main()
