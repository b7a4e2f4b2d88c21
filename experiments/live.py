"""How fast does a live run answer, do its alarms hold, does it lose anything when it is killed?

    python experiments/live.py ETTh2.csv exchange_rate.csv nyc_taxi.csv ... [--kills 1000]

ETTh2.csv is in the ETDataset repository of zhouhaoyi, exchange_rate.csv in
multivariate-time-series-data of laiguokun (without a header), and the others are in the folder data
of NAB, the anomaly benchmark of numenta. The streams in ``data`` are added.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from page import Page, table
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from live_trials import HEADER, kills_of_live, kills_on_stdout, rows_of

from forecast import NumberForecaster, run
from forecast.checkpoint import save
from forecast.live.alert import MEMORY, STEP, TOP, RareSurprise
from forecast.live.answers import Answering
from forecast.live.options import parser
from forecast.live.rows import LiveRows
from forecast.live.session import warm
from forecast.live.text import Text
from forecast.stream import open_numbers

DATA = Path(__file__).parent.parent / "data"
RATES = (1e-2, 1e-3)
SHORTEST = 1000  # surprises of a stream


# ---- kills ---------------------------------------------------------------------------------------


def kills(n: int) -> list[list[str]]:
    """A line for each way of writing: kills, and those after which something was wrong."""
    rows = []
    trials = {"--follow FILE --out FILE": (kills_of_live, n), "stdout": (kills_on_stdout, n // 10)}
    for name, (trial, most) in trials.items():
        with TemporaryDirectory() as folder:
            found = list(trial(most, Path(folder), Random(7)))
        wrong = [each for each in found if each is not None]
        rows.append([name, f"{len(found):,}", str(len(wrong))])
        print(rows[-1], wrong[:3], flush=True)
    return rows


# ---- how fast ------------------------------------------------------------------------------------


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


# ---- alarms --------------------------------------------------------------------------------------


def columns(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Every column of numbers of a file, with the name of its stream."""
    first = path.read_text().split("\n", 1)[0].split(",")
    headed = any(cell[:1].isalpha() for cell in first)
    names = first if headed else [f"c{k + 1}" for k in range(len(first))]
    for name in names[1:] if headed else names:
        stream = open_numbers(path, target=[name], step="rows")
        yield f"{path.stem}, {name}", np.concatenate([rows.y[:, 0] for rows in stream])


def surprises_of(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Of each column its surprises, one step ahead."""
    for name, ys in columns(path):
        found = run(NumberForecaster(), ys).surprise
        if len(found) >= SHORTEST:
            yield name, found


def alarms(surprises: np.ndarray, p: float) -> tuple[int, float, tuple[float, float]]:
    """Alarms, how many were to come, and the exact 95 % interval of their mean (Garwood, 1936)."""
    rare = RareSurprise(p)
    judged = [rare.judge(each) for each in surprises[~np.isnan(surprises)].tolist()]
    count = sum(alarm for _, alarm in judged)
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    expected = p * sum(tail is not None for tail, _ in judged)
    return count, expected, (float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2))


def alarm_rows(streams: dict[str, np.ndarray], rates: tuple[float, ...]) -> list[list[str]]:
    """A line for each stream: at each rate the alarms, those to come, and whether it fits."""
    rows = []
    for name, surprises in streams.items():
        line = [name, f"{len(surprises):,}"]
        for p in rates:
            count, expected, (low, high) = alarms(surprises, p)
            fits = "yes" if low <= expected <= high else "**no**"
            line += [f"{count} of {expected:.1f}", fits]
        rows.append(line)
        print(line, flush=True)
    return rows


def pooled(streams: dict[str, np.ndarray], p: float) -> str:
    """The alarms of all streams, of how many that were to come, and their ratio."""
    found = [alarms(surprises, p)[:2] for surprises in streams.values()]
    count, expected = (sum(each[k] for each in found) for k in (0, 1))
    low, high = chi2.ppf(0.025, 2 * count) / 2, chi2.ppf(0.975, 2 * count + 2) / 2
    ratios = f"{count / expected:.2f} times, {low / expected:.2f} to {high / expected:.2f}"
    return f"{count} of {expected:.0f} ({ratios})"


def simulated() -> dict[str, np.ndarray]:
    """A million surprises each, of forecasts right about the scale, and not all about the tails."""
    rng = np.random.default_rng(3)
    n = 1_000_000
    z = rng.normal(size=n)
    return {
        "Normal data, Normal forecast": 0.5 * z**2,
        "Student's t (3), forecast of Student's t (4)": 2.5
        * np.log1p(rng.standard_t(3, size=n) ** 2 / 4),
        "Normal data, forecast of Student's t (4)": 2.5 * np.log1p(z**2 / 4),
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("files", nargs="*", type=Path)
    asked.add_argument("--kills", type=int, default=1000)
    asked.add_argument("--seconds", type=float, default=20.0)
    given: Namespace = asked.parse_args()
    page = Page("A live run: speed, alarms, kills", __file__, f"FILES --kills {given.kills}")
    speed(page, given.seconds)
    raised(page, given.files)
    page.say(
        "## Killed at any instant\n\nA run follows a file that grows, by half lines too, and is "
        "rotated; it is killed at a random instant, or before a call that opens, renames or "
        "removes a file, and the same command is started again, six kills in a chain. *Wrong* is "
        "an output that is not, byte for byte, that of a run that was never killed; on stdout, one "
        "that is not once repeated rows are removed, or a row that was answered in two ways."
    )
    page.say(table(["answers go to", "kills", "wrong"], kills(given.kills)))
    page.write()


def raised(page: Page, files: list[Path]) -> None:
    """Whether alarms come as often as was asked for."""
    page.say(
        "## Alarms\n\n`--alert p=P`: how many were raised, of how many were to come, and whether "
        "the latter lies in the exact 95 % Poisson interval of the former. Of a stream each column "
        "is one, forecast one row ahead by `NumberForecaster()`. The last "
        f"{MEMORY:,} surprises are remembered, {TOP:.0%} of them tell the tail, and an alarm moves "
        f"the log of the level by {STEP}: chosen on the files named in the command; those of "
        "`data` and the simulated ones were not looked at for it."
    )
    header = ["stream", "surprises"]
    for p in RATES:
        header += [f"at {p:g}", "fits"]
    for title, paths in (("named", files), ("of data", sorted(DATA.glob("*.csv")))):
        streams = {name: found for path in paths for name, found in surprises_of(path)}
        rows = alarm_rows(streams, RATES)
        fits = [sum(row[k] == "yes" for row in rows) for k in (3, 5)]
        page.say(
            f"Streams {title}: {fits[0]} and {fits[1]} of {len(rows)} fit. That is little news at "
            "1 %, where what was raised moves the level that raises; all of them together: "
            + "; ".join(f"at {p:g} {pooled(streams, p)}" for p in RATES)
            + "."
        )
        if rows:
            page.say(table(header, rows))
    page.say("A million simulated surprises each:")
    rare = (1e-4,)
    header = ["stream", "surprises"]
    for p in rare:
        header += [f"at {p:g}", "fits"]
    page.say(table(header, alarm_rows(simulated(), rare)))


def speed(page: Page, seconds: float) -> None:
    """Where the time of a row goes, how long it waits, and how many a second there can be."""
    page.say(
        "## How fast\n\nMicroseconds of CPU a row, each stage apart, in one process: the limit is "
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
    for rate in (1.0, 100.0):
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


if __name__ == "__main__":
    main()
