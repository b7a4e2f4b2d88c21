"""How fast does a live run answer, and where does its time go?

python experiments/live.py [--seconds 60]
"""

import argparse
import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from page import Page, table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from live_trials import HEADER, rows_of

from forecast.checkpoint import save
from forecast.live.alert import RareSurprise
from forecast.live.answers import Answering
from forecast.live.options import parser
from forecast.live.rows import LiveRows
from forecast.live.session import warm
from forecast.live.text import Text

RATES = (1.0, 100.0, 1_000.0, 10_000.0)  # rows a second
TOGETHER = 100  # rows at most that are told at once
HELD = 0.99  # of a rate


class Trial(NamedTuple):
    """How a run fared with rows that were told at a rate.

    Attributes
    ----------
    held : float
        Rows a second that were answered.
    p50, p99 : float
        Milliseconds from when a row was told to when its answer was heard.
    cost : float
        Microseconds of CPU a row.
    """

    held: float
    p50: float
    p99: float
    cost: float


def main() -> None:
    """Where the time of a row goes, how long it waits, and how many a second there can be."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60.0, help="of each rate")
    seconds = asked.parse_args().seconds
    page = Page("A live run: how fast it answers", __file__, f"--seconds {seconds:g}")
    page.say(
        "Microseconds of CPU a row, each stage apart, in one process; of every twenty rows one has "
        "a gap before it, and is read with more care, as is whatever is not plainly the next row."
    )
    rows = [
        [horizon, form, *(f"{each:.0f}" for each in stages(horizon, 2000, form == "JSON"))]
        for horizon, form in (("1", "CSV"), ("12", "CSV"), ("12", "JSON"), ("1-12", "CSV"))
    ]
    named = ["read", "answer, learn, ask", "measure what comes", "write JSON"]
    page.say(table(["--horizon", "rows of", *named], rows))
    load = os.getloadavg()[0]
    page.say(
        f"Rows that are told for {seconds:g} seconds at a rate, and milliseconds until the answer "
        "was heard, through two pipes. A rate is not held where fewer rows were answered: its "
        "waits are those of a queue as long as the pipes hold, as are those of as many as it takes "
        f"(load of the machine: {load:.0f} on {os.cpu_count()} cores, of which this program takes "
        "some; where it is above the cores, most of a wait is for one)."
    )
    rows = []
    for rate in (*RATES, np.inf):
        trial = latency(rate, seconds, ["--horizon", "12"])
        name = "as many as it takes" if rate == np.inf else f"{rate:,.0f}"
        held = "" if rate == np.inf else "yes" if trial.held >= HELD * rate else "no"
        waits = f"{trial.p50:.2f}", f"{trial.p99:.2f}"
        rows.append([name, f"{trial.held:,.1f}", held, *waits, f"{trial.cost:.0f}"])
        print(rows[-1], flush=True)
    header = ["rows a second told", "answered", "held", "p50", "p99", "microseconds of CPU a row"]
    page.say(table(header, rows))
    sizes = [[h, *(f"{each:.1f}" for each in checkpoints(h))] for h in ("1", "12", "1-12", "1-48")]
    page.say("A checkpoint, every ten seconds by default; rows wait while it is written:")
    page.say(table(["--horizon", "kB", "ms"], sizes))
    page.write()


def stages(horizon: str, rows: int, objects: bool = False) -> list[float]:
    """CPU microseconds a row of reading, answering and learning, saying what comes, and writing."""
    asked = parser().parse_args(["-", "--quiet", "--horizon", horizon])
    warm(asked)
    told = rows_of(rows)
    lines = [line.encode() for line in (map(as_object, told) if objects else (HEADER, *told))]
    reader, answering = LiveRows(asked, "rows", lambda sentence: None), Answering(asked, None)
    text = Text(asked.horizon, tails=False, alarms=False)
    spent = [0.0] * 4
    n = 0
    clock = time.process_time
    for number, line in enumerate(lines, 1):
        began = clock()
        found = reader.of(line, number)
        spent[0] += clock() - began
        for each in found:
            stream = reader.stream
            assert stream is not None
            for at, y in zip(each.times, each.y[:, 0].tolist(), strict=True):
                marks = [clock()]
                answer = answering.told(y, stream.step)
                marks.append(clock())
                answering._coming()  # a part of what it was told; asked again, it says the same
                marks.append(clock())
                text.of(answer, at, stream.futures(asked.horizon))
                marks.append(clock())
                told, coming, written = np.diff(marks).tolist()
                spent[1] += told - coming
                spent[2] += coming
                spent[3] += written
                n += 1
    return [1e6 * each / n for each in spent]


def as_object(line: str) -> str:
    """A row of a CSV as a line of JSON."""
    time, y = line.rstrip("\n").split(",")
    return json.dumps({"time": time, "y": float(y) if y else None}) + "\n"


def latency(rate: float, seconds: float, words: list[str]) -> Trial:
    """Tell rows at a rate, whether or not the ones before them were answered.

    Of a rate of infinity rows are told as fast as they are taken.
    """
    command = [sys.executable, "-m", "forecast", "live", "-", "--quiet", *words]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    telling, hearing = child.stdin.fileno(), child.stdout.fileno()
    os.write(telling, b"t,y\n" + row(0))
    heard = os.read(hearing, 1 << 16)
    assert heard.endswith(b"\n")
    os.set_blocking(telling, False)
    told: list[float] = []
    waits: list[float] = []
    began, spent = time.perf_counter(), processor_seconds(child.pid)
    while (now := time.perf_counter() - began) < seconds:
        most = len(told) + TOGETHER
        due = range(len(told), most if rate == np.inf else min(most, 1 + int(now * rate)))
        if due:
            with suppress(BlockingIOError):  # so few bytes are taken whole, or not at all
                os.write(telling, b"".join(row(1 + k) for k in due))
                told += [time.perf_counter()] * len(due)
        until = 0.001 if rate == np.inf else began + len(told) / rate - time.perf_counter()
        ready, *_ = select.select([hearing], [], [], max(0.0, until))
        if ready:
            answers, now = os.read(hearing, 1 << 16).count(b"\n"), time.perf_counter()
            waits += [1e3 * (now - since) for since in told[len(waits) :][:answers]]
    held = len(waits) / (time.perf_counter() - began)
    spent = processor_seconds(child.pid) - spent
    child.kill()
    child.communicate()
    return Trial(held, *np.percentile(waits, [50, 99]).tolist(), 1e6 * spent / len(waits))


def row(line: int) -> bytes:
    """One of the rows that are told."""
    return f"{line},{10 + line % 7 + (line * 37 % 101) / 50:.2f}\n".encode()


def processor_seconds(process: int) -> float:
    """Seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def checkpoints(horizon: str) -> tuple[float, float]:
    """Kilobytes of a checkpoint, and milliseconds that it takes, the median of twenty."""
    asked = parser().parse_args(["-", "--horizon", horizon])
    answering = Answering(asked, RareSurprise(0.001))
    for y in range(50):
        answering.told(float(y % 7), None)
    times = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        for _ in range(20):
            start = time.perf_counter()
            save(path, answering.learner, more=answering.more(), notes=answering.stand())
            times.append(1e3 * (time.perf_counter() - start))
        return path.stat().st_size / 1e3, float(np.median(times))


if __name__ == "__main__":
    main()
