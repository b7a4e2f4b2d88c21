"""Do the intervals hold?

    python experiments/intervals.py ETTh2.csv [more.csv ...]

ETTh2.csv is in the ETDataset repository of zhouhaoyi (CC BY-ND 4.0); others are any series, such
as those of the Numenta Anomaly Benchmark (github.com/numenta/NAB). Targets are rows 3600 to 14399,
as in ett.py. The rivals put intervals around the very same medians, from the errors these have
made so far; as everywhere, an answer counts only once it was seen, h rows after its question.
"""

import argparse
import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from page import RESULTS, Page, table

from forecast import LEVELS, NumberForecaster, run
from forecast.stream import StreamError, open_numbers, season_of

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FIRST, LAST = 3_600, 14_400
SEASON = 24
HORIZONS = (1, 24)
MOST_ROWS = 8_000  # of the other files
COVERAGES = (0.5, 0.8, 0.9, 0.95)
NOMINAL = 0.9
WINDOW = 1_000  # errors that the rolling quantile and ACI look back on
ROLLING = 500  # points whose coverage is looked at together
GAMMA = 0.005  # of ACI; over h for horizon h
RATE = 0.02  # of the running variance
FEWEST = 20  # errors before a rival says an interval
COVERED = {1: (0.895, 0.905), 24: (0.89, 0.91)}  # targets, for each channel
LEAST, MOST_WINKLER = 0.87, 6.5  # targets one step ahead
US = "NumberForecaster"
AT_NOMINAL = COVERAGES.index(NOMINAL)
DASH = "—"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"


class Said(NamedTuple):
    """Medians and intervals for each row of one series at one horizon; nan where nothing is said.

    ``low`` and ``high`` are [rows, coverages].
    """

    y: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Held(NamedTuple):
    """How well intervals held; lengths are over the MAE of the median, nan where that is 0."""

    covered: list[float]  # at each coverage
    worst: float  # coverage of the worst rolling 500 points
    winkler: float
    width: float
    repeats: float  # share of the answers that are the value before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", nargs="+", help="ETTh2.csv, then any other CSV files of numbers")
    paths = [Path(path) for path in parser.parse_args().path]
    names, ys = ett(paths[0])
    said = heard(ys, SEASON, HORIZONS)
    page = Page("Do the intervals hold?", __file__, " ".join(path.name for path in paths))
    page.say(legend())
    for horizon in HORIZONS:
        page.say(f"## ETTh2, {horizon} hour{'s' * (horizon > 1)} ahead")
        channels = {name: said[c, horizon] for c, name in enumerate(names)}
        held = {name: contest(one, horizon, FIRST) for name, one in channels.items()}
        page.say(each_series("channel", held))
        page.say(summary(held))
        page.say(verdict(held, horizon))
    figure({name: said[c, 1] for c, name in enumerate(names)})
    page.say(f"## When, 1 hour ahead\n\n![Coverage of the last {ROLLING} hours](intervals.png)")
    if paths[1:]:
        held = {
            f"{name}, {season or 'none'}": contest(one, 1, len(one.y) // 4)
            for path in paths[1:]
            for name, season, one in other(path)
        }
        page.say("## Other series, one step ahead")
        page.say(
            f"After the name, the season. Up to {MOST_ROWS:,} rows, the first quarter unscored."
        )
        page.say(each_series("series, season", held))
        page.say(summary(held))
    page.write()


# ---- what is measured ----------------------------------------------------------------------------


def ett(path: Path) -> tuple[list[str], np.ndarray]:
    """Names and rows of the seven channels."""
    names = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    with open_numbers(path, target=names) as stream:
        return names, np.concatenate([rows.y for rows in stream])[:LAST]


def heard(ys: np.ndarray, season: int, horizons: tuple[int, ...]) -> dict[tuple[int, int], Said]:
    """What one learner of all channels says, by channel and horizon."""
    rows, channels = ys.shape
    answers = run(NumberForecaster(horizons, season, channels), ys)
    lows = [LEVELS.index(round((1.0 - coverage) / 2.0, 3)) for coverage in COVERAGES]
    found = {}
    for c in range(channels):
        for horizon in horizons:
            at = (answers.series == c) & (answers.horizon == horizon)
            quantiles = np.full((rows, len(LEVELS)), math.nan)
            quantiles[answers.row[at]] = answers.quantiles[at]
            highs = [len(LEVELS) - 1 - low for low in lows]
            middle = quantiles[:, len(LEVELS) // 2]
            found[c, horizon] = Said(ys[:, c], middle, quantiles[:, lows], quantiles[:, highs])
    return found


def measured(said: Said, rows: slice) -> Held:
    """Coverage, worst stretch, Winkler score and width over the rows that have an answer."""
    y, median, low, high = (part[rows] for part in said)
    known = np.isfinite(y) & np.isfinite(median)
    y, median, low, high = y[known], median[known], low[known], high[known]
    inside = (low <= y[:, None]) & (y[:, None] <= high)
    width = high[:, AT_NOMINAL] - low[:, AT_NOMINAL]
    beyond = np.maximum(low[:, AT_NOMINAL] - y, 0.0) + np.maximum(y - high[:, AT_NOMINAL], 0.0)
    winkler = width + 2.0 / (1.0 - NOMINAL) * beyond
    mae = np.abs(y - median).mean()
    unit = mae if mae > 0.0 else math.nan
    return Held(
        [float(share) for share in inside.mean(axis=0)],
        float(rolling(inside[:, AT_NOMINAL]).min()),
        float(winkler.mean() / unit),
        float(width.mean() / unit),
        float((np.diff(y) == 0.0).mean()),
    )


def rolling(inside: np.ndarray) -> np.ndarray:
    """Coverage of each ``ROLLING`` successive points."""
    hits = np.concatenate([[0], np.cumsum(inside)])
    covered: np.ndarray = (hits[ROLLING:] - hits[:-ROLLING]) / ROLLING
    return covered


def hits(said: Said) -> np.ndarray:
    """Whether each answer lay in its 90 % interval."""
    inside = (said.low[:, AT_NOMINAL] <= said.y) & (said.y <= said.high[:, AT_NOMINAL])
    return np.asarray(inside)


def luck() -> float:
    """The worst stretch, in the median, of intervals that hold by independent throws of a coin."""
    throws = np.random.default_rng(0).random((400, LAST - FIRST)) < NOMINAL
    return float(np.median([rolling(throw).min() for throw in throws]))


# ---- rivals --------------------------------------------------------------------------------------


def around(said: Said, half: np.ndarray) -> Said:
    """The same medians within an interval; only the nominal coverage is said."""
    low, high = np.full_like(said.low, math.nan), np.full_like(said.high, math.nan)
    low[:, AT_NOMINAL], high[:, AT_NOMINAL] = said.median - half, said.median + half
    return Said(said.y, said.median, low, high)


def sizes(said: Said) -> list[float]:
    """The size of the median's error at each row; nan where there is none."""
    errors: list[float] = np.abs(said.y - said.median).tolist()
    return errors


def adaptive(said: Said, horizon: int, gamma: float) -> Said:
    """Adaptive conformal inference (Gibbs and Candès 2021); without gamma the rolling quantile.

    The missing share that is aimed at, ``miss``, falls after a miss and rises after a hit; the
    interval is the quantile of the last errors at 1 - miss, the largest of them where miss <= 0.
    """
    errors = sizes(said)
    half = np.full(len(errors), math.nan)
    recent: deque[float] = deque()
    order: list[float] = []
    miss = 1.0 - NOMINAL
    for row in range(horizon, len(errors)):
        seen = row - horizon  # the last answer known when the question about this row was asked
        error = errors[seen]
        if not math.isnan(error):
            if not math.isnan(half[seen]):
                miss += gamma * (1.0 - NOMINAL - (error > half[seen]))
            recent.append(error)
            insort(order, error)
            if len(recent) > WINDOW:
                del order[bisect_left(order, recent.popleft())]
        if len(order) >= FEWEST:
            rank = math.ceil((1.0 - miss) * (len(order) + 1))
            half[row] = order[min(max(rank, 1), len(order)) - 1]
    return around(said, half)


def gaussian(said: Said, horizon: int) -> Said:
    """Normal errors with a running variance."""
    errors = sizes(said)
    half = np.full(len(errors), math.nan)
    z = NormalDist().inv_cdf(0.5 + NOMINAL / 2.0)
    variance, n = 0.0, 0
    for row in range(horizon, len(errors)):
        error = errors[row - horizon]
        if not math.isnan(error):
            n += 1
            variance += max(RATE, 1.0 / n) * (error * error - variance)
        if n >= FEWEST:
            half[row] = z * math.sqrt(variance)
    return around(said, half)


RIVALS: dict[str, Callable[[Said, int], Said]] = {
    "rolling quantile": lambda said, horizon: adaptive(said, horizon, 0.0),
    "ACI": lambda said, horizon: adaptive(said, horizon, GAMMA / horizon),
    "Gaussian": gaussian,
}


# ---- tables --------------------------------------------------------------------------------------


def contest(said: Said, horizon: int, first: int) -> dict[str, Held]:
    """How our intervals and those of the rivals hold, from the row ``first`` on."""
    rows = slice(first, None)
    rivals = {name: measured(make(said, horizon), rows) for name, make in RIVALS.items()}
    return {US: measured(said, rows), **rivals}


def each_series(what: str, held: dict[str, dict[str, Held]]) -> str:
    """A line for each series: all of ours, and the rivals' Winkler scores beside."""
    header = [what, *(f"{100 * coverage:.0f} % covered" for coverage in COVERAGES)]
    header += [f"worst {ROLLING}", "repeats", "width / MAE", "Winkler / MAE"]
    lines = [[name, *line(one)] for name, one in held.items()]
    every = {name: mean([one[name] for one in held.values()]) for name in (US, *RIVALS)}
    return table(
        [*header, *(f"of {name}" for name in RIVALS)], [*lines, ["**mean**", *line(every)]]
    )


def line(held: dict[str, Held]) -> list[str]:
    """Ours with all that is measured, the rivals with their Winkler scores."""
    ours = held[US]
    shares = [digits(share, 3) for share in (*ours.covered, ours.worst, ours.repeats)]
    winkler = [one.winkler for one in held.values()]
    best = min(winkler, key=lambda value: (math.isnan(value), value))
    shown = [digits(value, 2, bold=value == best) for value in winkler]
    return [*shares, digits(ours.width, 2), *shown]


def mean(held: list[Held]) -> Held:
    """The mean of each figure, over the series that have it."""
    shares = np.mean([one.covered for one in held], axis=0).tolist()
    return Held(shares, *np.nanmean([one[1:] for one in held], axis=0).tolist())


def summary(held: dict[str, dict[str, Held]]) -> str:
    """The 90 % intervals of each forecaster over all series."""
    header = [*("", "90 % covered", "least", "most", f"worst {ROLLING} of all")]
    header += [f"mean worst {ROLLING}", "width / MAE", "Winkler / MAE"]
    lines = []
    for name in (US, *RIVALS):
        all_of = [one[name] for one in held.values()]
        shares = [one.covered[AT_NOMINAL] for one in all_of]
        every = mean(all_of)
        least = min(one.worst for one in all_of)
        figures = [every.covered[AT_NOMINAL], min(shares), max(shares), least, every.worst]
        cells = [digits(value, 3) for value in figures]
        lines.append([name, *cells, digits(every.width, 2), digits(every.winkler, 2)])
    return table(header, lines)


def digits(value: float, n: int, bold: bool = False) -> str:
    """With n digits; a dash for nan."""
    if math.isnan(value):
        return DASH
    return f"**{value:.{n}f}**" if bold else f"{value:.{n}f}"


def verdict(held: dict[str, dict[str, Held]], horizon: int) -> str:
    """Which targets of a horizon are met."""
    ours = {name: one[US] for name, one in held.items()}
    low, high = COVERED[horizon]
    outside = [name for name, one in ours.items() if not low <= one.covered[AT_NOMINAL] <= high]
    said = [met(f"each channel covered {low:.3f} to {high:.3f}", outside)]
    if horizon == 1:
        missed = [name for name, one in ours.items() if one.worst < LEAST]
        said.append(met(f"worst {ROLLING} points at least {LEAST}", missed))
        missed = [name for name, one in ours.items() if one.winkler > MOST_WINKLER]
        said.append(met(f"Winkler over MAE at most {MOST_WINKLER}", missed))
    return "Targets: " + "; ".join(said) + "."


def met(what: str, missed: list[str]) -> str:
    """A target, and who misses it."""
    return f"{what}: " + (f"missed by {', '.join(missed)}" if missed else "met")


def legend() -> str:
    """What the figures mean, and what chance alone would do."""
    return (
        f"Winkler is the width of the 90 % interval plus {2.0 / (1.0 - NOMINAL):.0f} times what "
        "an answer lies beyond it; both stand over the MAE of the median, which all share, so "
        "that the scale of a series does not matter. Least of a line is bold. A worst "
        f"{ROLLING} is the lowest coverage of that many successive points; were every hit an "
        f"independent throw at exactly .9, it would be {luck():.3f} over {LAST - FIRST:,} points "
        "(median of 400 such series), which is the mark for an honest interval. Repeats are the "
        "share of answers that equal the value before: where they are many, an answer often lies "
        "on the very edge of an interval, counts as covered, and no interval covers as little as "
        "it says.\n\n"
        f"Rivals: the quantile of the sizes of the last {WINDOW:,} errors; adaptive conformal "
        f"inference (Gibbs and Candès 2021) on the same, gamma {GAMMA} / h, the largest error "
        f"where it asks for more than that; and Normal errors with a running variance, rate "
        f"{RATE}. All three lie evenly around the median."
    )


# ---- other series --------------------------------------------------------------------------------


def other(path: Path) -> Iterator[tuple[str, int, Said]]:
    """Name, season and medians of each column of numbers, each by a learner of its own."""
    names = columns(path)
    try:
        ys, season = read(path, names, None)
    except StreamError:  # its times lie on no grid: rows are taken as they come
        ys, season = read(path, names, "rows")
    for c, name in enumerate(names):
        called = path.stem if len(names) == 1 else f"{path.stem} {name}"
        yield called, season, heard(ys[:MOST_ROWS, [c]], season, (1,))[0, 1]


def read(path: Path, names: list[str], step: str | None) -> tuple[np.ndarray, int]:
    """Rows of the named columns, and the season by their step."""
    with open_numbers(path, target=names, step=step) as stream:
        return np.concatenate([rows.y for rows in stream]), season_of(stream.step)


def columns(path: Path) -> list[str]:
    """The columns of numbers; c1, c2 and so on where the file names none."""
    frame = pd.read_csv(path, nrows=100)
    if all(pd.notna(pd.to_numeric(pd.Series(frame.columns), "coerce"))):
        return [f"c{place + 1}" for place in range(frame.shape[1])]
    return [name for name in frame.columns if frame[name].dtype.kind in "fi"]


# ---- the figure ----------------------------------------------------------------------------------


def figure(channels: dict[str, Said]) -> None:
    """Coverage of the last points over time: a panel for each channel, and one of chance."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    drawn, panels = plt.subplots(
        4, 2, figsize=(8.4, 7.6), sharex=True, sharey=True, layout="constrained"
    )
    rows = np.arange(FIRST + ROLLING - 1, LAST)
    for ax, (name, said) in zip(panels.flat, channels.items(), strict=False):
        for one, colour, width in ((adaptive(said, 1, GAMMA), ORANGE, 0.7), (said, BLUE, 1.3)):
            ax.plot(rows, rolling(hits(one)[FIRST:]), color=colour, linewidth=width)
        ax.set_title(name, loc="left", fontsize=9, fontweight="bold")
    chance = np.random.default_rng(1).random(LAST - FIRST) < NOMINAL
    panels.flat[-1].plot(rows, rolling(chance), color=GREY, linewidth=1.0)
    panels.flat[-1].set_title("chance: independent hits at .9", loc="left", fontsize=9)
    for ax in panels.flat:
        ax.axhline(NOMINAL, color="black", linewidth=0.8, linestyle="--")
    for ax in panels[:, 0]:
        ax.set_ylabel(f"covered of {ROLLING}")
    for ax in panels[-1]:
        ax.set_xlabel("hour of the stream")
    handles = [
        plt.Line2D([], [], color=BLUE, linewidth=1.3, label=US),
        plt.Line2D([], [], color=ORANGE, linewidth=0.7, label="ACI on its medians"),
        plt.Line2D([], [], color="black", linewidth=0.8, linestyle="--", label="nominal, .9"),
    ]
    drawn.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    RESULTS.mkdir(exist_ok=True)
    drawn.savefig(RESULTS / "intervals.png", dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
