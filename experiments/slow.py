"""What takes minutes rather than seconds: do the slow tests pass, and how long do they take?

    python experiments/slow.py [WORKERS]

Thousands of kills, fuzzing, every cut of a stream and every bit of a checkpoint, learners over many
seeds, pages in a browser: whatever is marked ``slow``, which a usual run of the tests leaves out.
"""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from page import Page, table

PROJECT = Path(__file__).resolve().parent.parent
PYTEST = ("-m", "pytest", "-m", "slow", "-p", "no:cacheprovider", "-q")


def ran(workers: str) -> tuple[list[ElementTree.Element], float]:
    """Every slow test as pytest tells it, and the seconds of all."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        began = time.perf_counter()
        command = [sys.executable, *PYTEST, "-n", workers, f"--junitxml={told}"]
        subprocess.run(command, cwd=PROJECT, check=False)
        seconds = time.perf_counter() - began
        return list(ElementTree.parse(told).iter("testcase")), seconds


def outcome(test: ElementTree.Element) -> str:
    """Whether a test passed, failed or was left out."""
    if test.find("failure") is not None or test.find("error") is not None:
        return "failed"
    return "skipped" if test.find("skipped") is not None else "passed"


def main() -> None:
    workers = sys.argv[1] if len(sys.argv) > 1 else "2"
    page = Page("The slow tests", __file__, " ".join(sys.argv[1:]))
    page.say(" ".join(__doc__.split("\n\n")[2].split()))
    tests, seconds = ran(workers)
    files = defaultdict(list)
    for test in tests:
        files[test.get("classname", "").rpartition(".")[2]].append(test)
    rows = []
    for name, own in sorted(files.items()):
        said = [outcome(test) for test in own]
        spent = sum(float(test.get("time", 0)) for test in own)
        counts = [f"{said.count(each)}" for each in ("passed", "failed", "skipped")]
        rows.append([f"`{name}.py`", *counts, f"{spent:,.0f}"])
    page.say(table(["tests of", "passed", "failed", "left out", "seconds"], rows))
    page.say(f"In all {seconds / 60.0:.1f} minutes, with {workers} tests at once.")
    failed = [test for test in tests if outcome(test) == "failed"]
    if why := {skip.get("message", "") for test in tests for skip in test.iter("skipped")}:
        page.say(f"Left out: {'; '.join(sorted(why))}.")
    page.write()
    assert not failed, f"{len(failed)} failed: {', '.join(test.get('name', '') for test in failed)}"


if __name__ == "__main__":
    main()
