"""Does who watches a live run slow it, or make it grow?

    python experiments/serve.py [--minutes 10] [--seconds 30]

Rows are told through one pipe and answers heard through another; those who watch are in a process
of their own. One of them never reads.
"""

import argparse
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from page import Page, table

VIEWERS = 10  # one of them is stuck
WORDS = ["--horizon", "1-12", "--alert", "p=1e-3"]
RATE = 100.0  # rows a second
TURNS = 4


class Run:
    """A live run that is told rows, and heard."""

    def __init__(self, serve: bool, watched: bool) -> None:
        words = [*WORDS, *(["--serve", "0"] if serve else [])]
        command = [sys.executable, "-m", "forecast", "live", "-", *words]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.child = subprocess.Popen(command, **pipes)
        assert self.child.stdin and self.child.stdout and self.child.stderr
        self.telling, self.hearing = self.child.stdin.fileno(), self.child.stdout.fileno()
        self.viewers = None
        if watched:
            said = self.child.stderr.readline().decode()
            port = re.findall(r":(\d+)/", said)[0]
            view = [sys.executable, __file__, "--view", port]
            self.viewers = subprocess.Popen(view, stdout=subprocess.PIPE)
            assert self.viewers.stdout and self.viewers.stdout.readline() == b"watching\n"
        self.row = 0
        os.write(self.telling, b"t,y\n")
        self.ask()
        self.ask()

    def line(self) -> bytes:
        """The next row."""
        y = 10 + self.row % 7 + (self.row * 37 % 101) / 50
        self.row += 1
        return f"{self.row - 1},{y:.2f}\n".encode()

    def ask(self) -> float:
        """Tell a row; milliseconds from its last byte to the first of its answer."""
        line = self.line()
        began = time.perf_counter()
        os.write(self.telling, line)
        heard = os.read(self.hearing, 1 << 16)
        took = 1e3 * (time.perf_counter() - began)
        while not heard.endswith(b"\n"):
            heard = os.read(self.hearing, 1 << 16)
        return took

    def go_on(self, seconds: float) -> list[float]:
        """Tell rows at a rate; the wait for each answer."""
        waits, began = [], time.perf_counter()
        while (due := len(waits) / RATE) < seconds:
            time.sleep(max(0.0, began + due - time.perf_counter()))
            waits.append(self.ask())
        return waits

    def pour(self, seconds: float) -> int:
        """Tell rows when they are due, whether answers have come or not; how many came."""
        os.set_blocking(self.hearing, False)
        told = answered = 0
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            while told < RATE * now:
                os.write(self.telling, self.line())
                told += 1
            with suppress(BlockingIOError):
                answered += os.read(self.hearing, 1 << 20).count(b"\n")
            time.sleep(0.005)
        return answered

    def processor(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status(self, name: str) -> int:
        """A number that the system knows of it."""
        text = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.findall(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[0])

    def end(self) -> str:
        """End it; what those who watched have heard."""
        self.child.send_signal(signal.SIGTERM)
        self.child.communicate()
        if self.viewers is None:
            return ""
        heard, _ = self.viewers.communicate()
        return heard.decode().strip()


def view(port: int) -> None:
    """Watch, all but one who never reads; say in the end how many rows each has heard of."""
    waiting = selectors.DefaultSelector()
    heard = {}
    for number in range(VIEWERS):
        viewer = socket.create_connection(("127.0.0.1", port))
        viewer.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard[number] = b""
        if number:
            waiting.register(viewer, selectors.EVENT_READ, number)
        else:
            stuck = viewer
    print("watching", flush=True)
    rows, skipped = [0] * VIEWERS, [0] * VIEWERS
    while waiting.get_map():
        for key, _ in waiting.select():
            piece, number = key.fileobj.recv(1 << 16), key.data
            if not piece:
                waiting.unregister(key.fileobj)
            whole, mark, rest = (heard[number] + piece).rpartition(b"\n\n")
            heard[number] = rest
            if mark:
                # of a row the quantiles stand behind its alarm
                skipped[number] += sum(map(int, re.findall(rb'"skipped":(\d+)', whole)))
                for event in re.findall(rb'"rows":\[\[(.*?)\]\],', whole):
                    rows[number] += event.count(b"],[") + 1
    stuck.close()
    print(f"{min(rows[1:]):,} to {max(rows[1:]):,} rows, {sum(skipped):,} skipped")


def latency(page: Page, seconds: float) -> None:
    """Waits for answers, turn by turn."""
    kinds = {
        "without --serve": (False, False),
        "--serve, nobody watches": (True, False),
        f"--serve, {VIEWERS} watch": (True, True),
    }
    waits: dict[str, list[list[float]]] = {name: [] for name in kinds}
    cost: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(TURNS):
        for name, (serve, watched) in kinds.items():
            run = Run(serve, watched)
            run.go_on(2.0)
            began = run.processor()
            waits[name].append(run.go_on(seconds))
            cost[name].append(1e6 * (run.processor() - began) / len(waits[name][-1]))
            said = run.end()
            print(name, np.percentile(waits[name][-1], [50, 99]), cost[name][-1], said, flush=True)
    rows = []
    for name, turns in waits.items():
        halves = [f"{np.percentile(turn, 50):.2f}" for turn in turns]
        late = [f"{np.percentile(turn, 99):.1f}" for turn in turns]
        every = np.concatenate(turns)
        p50, p99 = np.percentile(every, [50, 99])
        cpu = f"{np.median(cost[name]):.0f}"
        rows.append([name, f"{p50:.2f}", f"{p99:.1f}", ", ".join(halves), ", ".join(late), cpu])
    page.say(
        f"## Latency\n\nMilliseconds from the last byte of a row to the first of its answer on "
        f"stdout, at {RATE:g} rows a second for {seconds:g} seconds, {TURNS} times in turns; of "
        f"those who watch one never reads. Load of the machine at the end: "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; where it is above the cores, most "
        "of a wait is for one. CPU is that of the whole run, its server included."
    )
    header = ["", "p50", "p99", "p50 of each turn", "p99 of each turn", "CPU, µs a row (median)"]
    page.say(table(header, rows))


def memory(page: Page, minutes: int) -> None:
    """Memory, minute by minute, while all watch."""
    run = Run(serve=True, watched=True)
    rows, answered = [], run.row
    for minute in range(minutes + 1):
        if minute:
            answered += run.pour(60.0)
        line = [str(minute), f"{run.row:,}", f"{answered:,}", f"{run.status('VmRSS') / 1e3:.1f}"]
        rows.append([*line, str(run.status("Threads"))])
        print(rows[-1], flush=True)
    said = run.end()
    page.say(
        f"## Memory\n\n{VIEWERS} watch, and one of them never reads, {minutes} minutes at {RATE:g} "
        "rows a second; he is left once he has taken nothing for half a minute. The others heard "
        f"{said}."
    )
    page.say(table(["minute", "told", "answered", "resident memory, MB", "threads"], rows))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=int, default=10)
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--view", type=int, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.view is not None:
        view(given.view)
        return
    page = Page("A live run that is watched: latency and memory", __file__)
    latency(page, given.seconds)
    memory(page, given.minutes)
    page.write()


if __name__ == "__main__":
    main()
