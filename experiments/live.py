"""How fast does a live run answer, and where does its time go?

python experiments/live.py [--seconds 60]
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

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

RATES = (1.0, 100.0, 1_000.0)  # rows a second; ten thousand are above what one process answers


def main() -> None:
    """Where the time of a row goes, how long it waits, and how many a second there can be."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60.0, help="of each rate")
    seconds = asked.parse_args().seconds
    page = Page("A live run: how fast it answers", __file__, f"--seconds {seconds:g}")
    page.say(
        "Microseconds of CPU a row, each stage apart, in one process: the limit is "
        "what is done in Python around the kernels."
    )
    rows = [
        [horizon, *(f"{each:.0f}" for each in stages(horizon, 2000))]
        for horizon in ("1", "12", "1-12")
    ]
    page.say(
        table(["--horizon", "read", "answer, learn, ask", "measure what comes", "write JSON"], rows)
    )
    load = os.getloadavg()[0]
    page.say(
        "Milliseconds from the last byte of a row to the first of its answer, through two pipes, "
        f"and rows a second of CPU where rows never lack (load of the machine: {load:.0f} on "
        f"{os.cpu_count()} cores; where it is above the cores, most of a wait is for one)."
    )
    rows = []
    for rate in RATES:
        waits, held = latency(rate, seconds, ["--horizon", "12"])
        p50, p99 = np.percentile(waits, [50, 99])
        rows.append([f"{rate:g}", f"{held:.1f}", f"{p50:.2f}", f"{p99:.2f}"])
        print(rows[-1], flush=True)
    _, most = latency(np.inf, seconds, ["--horizon", "12"])
    rows.append(["as many as it takes", f"{most:,.0f} a second of CPU", "", ""])
    page.say(table(["rows a second told", "answered", "p50", "p99"], rows))
    sizes = [[h, *(f"{each:.1f}" for each in checkpoints(h))] for h in ("1", "12", "1-12", "1-48")]
    page.say("A checkpoint, every ten seconds by default; rows wait while it is written:")
    page.say(table(["--horizon", "kB", "ms"], sizes))
    page.write()


def stages(horizon: str, rows: int) -> list[float]:
    """CPU microseconds a row of reading, answering and learning, saying what comes, and writing."""
    asked = parser().parse_args(["-", "--quiet", "--horizon", horizon])
    warm(asked)
    lines = (HEADER + "".join(rows_of(rows))).encode().splitlines(keepends=True)
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


def latency(rate: float, seconds: float, words: list[str]) -> tuple[np.ndarray, float]:
    """Milliseconds from the last byte of each row to the first of its answer; rows a second held.

    Of a rate of infinity rows are written as fast as they are taken.
    """
    command = [sys.executable, "-m", "forecast", "live", "-", "--quiet", *words]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    telling, hearing = child.stdin.fileno(), child.stdout.fileno()
    line = 0

    def row() -> bytes:
        return f"{line},{10 + line % 7 + (line * 37 % 101) / 50:.2f}\n".encode()

    os.write(telling, b"t,y\n" + row())
    heard = os.read(hearing, 1 << 16)
    assert heard.endswith(b"\n")
    if rate == np.inf:
        return np.empty(0), flat_out(child, seconds)
    waits = []
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        line += 1
        time.sleep(max(0.0, began + line / rate - now))
        start = time.perf_counter()
        os.write(telling, row())
        heard = os.read(hearing, 1 << 16)
        waits.append(1e3 * (time.perf_counter() - start))
        while not heard.endswith(b"\n"):
            heard = os.read(hearing, 1 << 16)
    held = line / (time.perf_counter() - began)
    end(child)
    return np.array(waits), held


def flat_out(child: "subprocess.Popen[bytes]", seconds: float) -> float:
    """Rows a second of CPU that a run answers when it never waits for one."""
    assert child.stdin is not None and child.stdout is not None
    began, ticks = time.perf_counter(), processor_seconds(child.pid)
    os.set_blocking(child.stdin.fileno(), False)
    rest, line, answered = b"", 0, 0
    while time.perf_counter() - began < seconds:
        if len(rest) < 1 << 16:
            rest += b"".join(b"%d,%d.5\n" % (k, k % 7) for k in range(line + 1, line + 1001))
            line += 1000
        try:
            rest = rest[os.write(child.stdin.fileno(), rest) :]
        except BlockingIOError:
            answered += os.read(child.stdout.fileno(), 1 << 20).count(b"\n")
    rate = answered / (processor_seconds(child.pid) - ticks)
    child.kill()
    child.communicate()
    return rate


def processor_seconds(process: int) -> float:
    """Seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(child: "subprocess.Popen[bytes]") -> None:
    """Tell a run to end."""
    child.send_signal(signal.SIGTERM)
    child.communicate()


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
