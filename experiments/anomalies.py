"""Are labelled anomalies found by an alarm, how late, and what is raised outside of them?

    python experiments/anomalies.py combined_windows.json nyc_taxi.csv TravelTime_387.csv ...

Both are of NAB, the anomaly benchmark of numenta: labels/combined_windows.json, and the streams in
its folder data, as ``timestamp,value``.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from page import Page, table

from forecast import NumberForecaster, run
from forecast.live.alert import LEAST, RareSurprise

RATES = (1e-2, 1e-3, 1e-4)


class Window(NamedTuple):
    """Rows of a stream that people have labelled, both ends included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1


class Labelled(NamedTuple):
    """A stream, one row ahead: the surprise of each row, and where the anomalies are."""

    name: str
    times: list[str]
    surprises: np.ndarray  # NaN where nothing was forecast
    windows: list[Window]


def labelled(path: Path, labels: dict[str, list[list[str]]]) -> Labelled:
    """Read a stream, forecast it, and find the rows of its windows."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = [time for time, _ in rows]
    answers = run(NumberForecaster(), np.array([float(value) for _, value in rows]))
    surprises = np.full(len(rows), np.nan)
    surprises[answers.row] = answers.surprise
    (spans,) = [spans for name, spans in labels.items() if name.endswith("/" + path.name)]
    windows = []
    for begin, end in spans:
        inside = [k for k, time in enumerate(times) if begin[:19] <= time <= end[:19]]
        windows.append(Window(inside[0], inside[-1]))
    return Labelled(path.stem, times, surprises, windows)


def alarms_of(surprises: np.ndarray, p: float) -> np.ndarray:
    """Rows at which an alarm is raised."""
    rare = RareSurprise(p)
    rows = np.flatnonzero(~np.isnan(surprises))
    return rows[[rare.judge(surprise)[1] for surprise in surprises[rows].tolist()]]


def within(alarms: np.ndarray, window: Window) -> np.ndarray:
    """Those alarms that fall into a window, counted from its start."""
    inside = alarms[(window.first <= alarms) & (alarms <= window.last)]
    return inside - window.first


def by_chance(stream: Labelled, alarms: int) -> float:
    """Windows that so many alarms would find if they fell anywhere."""
    n = len(stream.times) - LEAST
    return sum(1.0 - (1.0 - window.size / n) ** alarms for window in stream.windows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("labels", type=Path)
    asked.add_argument("files", nargs="+", type=Path)
    given = asked.parse_args()
    labels = json.loads(given.labels.read_text())
    streams = [labelled(path, labels) for path in given.files]
    raised = {p: [alarms_of(stream.surprises, p) for stream in streams] for p in RATES}

    page = Page("Labelled anomalies: found, how late, and false alarms", __file__, "LABELS FILES")
    page.say(
        "Streams of NAB, one row ahead by `NumberForecaster()`, rows as instants; `--alert p=P` as "
        "it is, nothing tuned to the labels. What people have labelled stands in the middle of a "
        "window, which is a tenth of a stream, shared by its anomalies (Lavin and Ahmad, 2015). "
        "*Found* is a window into which an alarm fell; *by chance* is how many windows as many "
        "alarms would have found, had they fallen anywhere in their streams. *To come* is P of "
        "the rows outside."
    )
    windows = [(k, window) for k, stream in enumerate(streams) for window in stream.windows]
    lines = []
    for p, alarms in raised.items():
        inside = [within(alarms[k], window) for k, window in windows]
        hits = [(each[0], w) for each, (_, w) in zip(inside, windows, strict=True) if len(each)]
        late = [f"{np.median([first for first, _ in hits]):.0f}"]
        late.append(f"{np.median([first - window.size / 2 for first, window in hits]):+.0f}")
        total = sum(map(len, alarms))
        chance = sum(by_chance(s, len(each)) for s, each in zip(streams, alarms, strict=True))
        outside = total - sum(map(len, inside))
        rows = sum(len(s.times) for s in streams) - sum(window.size for _, window in windows)
        found = [f"{p:g}", f"{len(hits)} of {len(windows)}", f"{chance:.1f}"]
        lines.append([*found, *late, str(total), str(outside), f"{p * rows:.1f}"])
    header = ["P", "found", "by chance", "first alarm: rows after the start, median"]
    header += ["and from the middle", "alarms", "outside", "to come"]
    page.say(table(header, lines))

    page.say(
        "Each window: rows after its start at which the first alarm came, and how many there were."
    )
    lines = []
    for k, window in windows:
        line = [streams[k].name, streams[k].times[window.first], f"{window.size:,}"]
        for alarms in raised.values():
            inside = within(alarms[k], window)
            line.append(f"{inside[0]:,} ({len(inside)})" if len(inside) else "–")
        lines.append(line)
    rates = [f"at {p:g}" for p in RATES]
    page.say(table(["stream", "start of the window", "rows", *rates], lines))

    page.say("False alarms of each stream, outside its windows, of all its alarms:")
    lines = []
    for k, stream in enumerate(streams):
        line = [stream.name, f"{len(stream.times):,}"]
        for alarms in raised.values():
            hits = sum(len(within(alarms[k], window)) for window in stream.windows)
            line.append(f"{len(alarms[k]) - hits} of {len(alarms[k])}")
        lines.append(line)
    page.say(table(["stream", "rows", *rates], lines))
    page.write()


if __name__ == "__main__":
    main()
