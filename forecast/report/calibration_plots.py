"""Figures of how far a forecast can be taken at its word."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.distribution.t4 import LEVELS
from forecast.report.calibration import PIT_BARS, overlap
from forecast.report.drawing import (
    BLUE,
    INK,
    MUTED,
    WIDTH,
    Figured,
    legend,
    name_of,
    signed_points,
    time_axis,
)
from forecast.report.scores import Floats
from forecast.report.shown import Shown, each_point, over_time
from forecast.report.traces import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def coverage(shown: Shown) -> Figured:
    """The share of truths inside the 90 % interval, in a moving window."""
    figure, axes = over_time(shown, 1.9, sharey=True)
    lowest = 0.7
    for ax, trace in zip(axes, shown.traces, strict=True):
        share, answers = moving_share(trace)
        together = overlap(np.array([0.05]), np.array([0.95]), trace.horizon)
        spread = 1.96 * np.sqrt(0.09 * together / answers)
        low, high = 0.9 - spread, np.minimum(0.9 + spread, 1.0)
        ax.fill_between(
            trace.rows, low, high, color=MUTED, alpha=0.18, lw=0, label="by chance, 95 %"
        )
        ax.axhline(0.9, color=MUTED, lw=1.0, ls=(0, (4, 3)), label="wanted: 90 %")
        ax.plot(trace.rows, share, color=BLUE, lw=1.4, label="covered")
        lowest = float(np.nanmin([lowest, *(share - 0.03)]))
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes[0].set_ylim(max(0.0, lowest), 1.01)
    time_axis(axes[-1], shown.instants)
    legend(figure, axes[0])
    reading = (
        f"Each point is the share of the last {window(shown.traces[0]):,} or so truths that fell "
        "inside the interval. Inside the grey band the difference from 90 % may be chance; below "
        "it the intervals were too narrow, above it too wide."
    )
    return "coverage", "Do the 90 % intervals hold?", reading, figure


def window(trace: Trace) -> int:
    """Answers in the moving window: a twentieth of all, and at least 100."""
    return max(100, int(trace.count.sum()) // 20)


def moving_share(trace: Trace) -> tuple[Floats, Floats]:
    """Coverage over the last ``window`` answers, and how many that is; NaN before the first."""
    hits = np.concatenate(([0.0], np.cumsum(np.nan_to_num(trace.mean["covered"] * trace.count))))
    upto = np.concatenate(([0.0], np.cumsum(trace.count)))
    start = np.searchsorted(upto, upto[1:] - window(trace), side="right") - 1
    full = (upto[1:] >= min(window(trace), 0.5 * upto[-1])) & (trace.count > 0)
    start = np.maximum(start, 0)
    answers = np.where(full, upto[1:] - upto[start], np.nan)
    return (hits[1:] - hits[start]) / answers, answers


def sharpness(shown: Shown) -> Figured:
    """How wide the intervals were: of two forecasters that hold, the narrower is the better."""
    figure, axes = over_time(shown, 1.9)
    for ax, trace in zip(axes, shown.traces, strict=True):
        wide, narrow = trace.mean["width90"], trace.mean["width50"]
        ax.plot(trace.rows, wide, color=BLUE, lw=1.4, label="90 % interval")
        ax.plot(trace.rows, narrow, color=INK, lw=1.0, label="50 % interval")
        ax.set_ylabel("width, in units of y")
        ax.set_ylim(0.0, top_of(wide))
    time_axis(axes[-1], shown.instants)
    legend(figure, axes[0])
    reading = (
        "How far the two ends of an interval were apart. Narrower is better, but only while the "
        "intervals hold: look at the coverage first. Widths should grow where the stream is hard "
        "to foresee and shrink again afterwards. Very wide intervals of the first rows, when "
        f"little was known, may run off the top.{each_point(shown, 'the mean')}"
    )
    return "sharpness", "How wide are the intervals?", reading, figure


def top_of(widths: Floats) -> float:
    """The end of an axis of widths: above all but those of the first fiftieth of the stream."""
    known = widths[np.isfinite(widths)]
    later = known[len(known) // 50 :]
    return float(min(1.05 * later.max(initial=0.0), 1e300)) or 1.0


def beside_each_other(shown: Shown, height: float) -> tuple["Figure", "list[Axes]"]:
    """Panels of calibration, one for each trace, with one vertical axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    row = figure.subplots(1, len(shown.calibrations), squeeze=False, sharey=True)[0]
    for ax, one in zip(row, shown.calibrations, strict=True):
        ax.set_title(name_of(one.series, one.horizon, shown.one_series))
    return figure, list(row)


def by_chance(horizons: Iterable[int], place: str) -> str:
    """What the grey bands of calibration are, in words."""
    ahead = (
        " Answers several steps ahead overlap: they count as those of a random walk would."
        if any(horizon > 1 for horizon in horizons)
        else ""
    )
    return (
        f"The grey band is binomial: a right forecast lies inside it 95 times in 100 at each "
        f"{place} by itself, so that one in twenty lies outside by chance.{ahead}"
    )


def pit(shown: Shown) -> Figured:
    """Histograms of the probability integral transform with bands of consistency."""
    figure, row = beside_each_other(shown, 2.9)
    edges = np.linspace(0.0, 1.0, PIT_BARS + 1)
    for ax, one in zip(row, shown.calibrations, strict=True):
        low, high = (
            PIT_BARS * np.append(share, share[-1]) for share in one.band(edges[:-1], edges[1:])
        )
        chance: dict[str, Any] = {"color": MUTED, "alpha": 0.2, "lw": 0, "zorder": 0.6}
        ax.fill_between(edges, low, high, step="post", label="by chance, 95 %", **chance)
        bars = one.pit * PIT_BARS / max(1, int(one.pit.sum()))
        ax.bar(edges[:-1], bars, 0.046, align="edge", color=BLUE, alpha=0.8, label="answers")
        for end in (low, high):
            ax.step(edges, end, where="post", color=INK, lw=0.7)
        ax.axhline(1.0, color=INK, lw=1.0, ls=(0, (4, 3)), label="a right forecast")
        ax.set_xlabel("forecast probability of a value below the truth")
        ax.set_xticks([0.0, 0.5, 1.0])
    row[0].set_ylabel("relative frequency")
    legend(figure, row[0])
    stepped = ""
    if any((one.upto - one.below).max() > 0.05 for one in shown.calibrations):
        stepped = (
            " Where values repeat, each counts at the middle of the step that the probability "
            "makes there, and no forecast is flat: look at the quantiles instead."
        )
    horizons = [one.horizon for one in shown.calibrations]
    reading = (
        "Where in its forecast distribution each truth fell. Flat is right. A hump in the middle: "
        "the distributions are too wide; horns at both ends: too narrow; a slope: the forecasts "
        f"are too low (rising) or too high (falling).{stepped} "
        f"{by_chance(horizons, 'bar')}"
    )
    return "pit", "Are the probabilities right?", reading, figure


def reliability(shown: Shown) -> Figured:
    """How often the truth lay below each quantile, less how often it was to."""
    figure, row = beside_each_other(shown, 2.9)
    nominal = np.array(LEVELS)
    for ax, one in zip(row, shown.calibrations, strict=True):
        shares = one.band(np.zeros(len(nominal)), nominal)
        low, high = (100.0 * (share - nominal) for share in shares)
        ax.fill_between(
            100.0 * nominal, low, high, color=MUTED, alpha=0.2, lw=0, label="by chance, 95 %"
        )
        ax.axhline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)), label="a right forecast")
        below, upto = (100.0 * (share - nominal) for share in (one.below, one.upto))
        if (one.upto > one.below).any():
            how: dict[str, Any] = {"color": BLUE, "lw": 3.0, "alpha": 0.5}
            ax.vlines(100.0 * nominal, below, upto, label="truths at the quantile itself", **how)
        middle = (below + upto) / 2.0
        ax.plot(100.0 * nominal, middle, color=BLUE, marker=".", ms=5.0, label="answers")
        ax.set_xlabel("level of the quantile, %")
        ax.set_xticks([5, 25, 50, 75, 95])
        ax.yaxis.set_major_formatter(signed_points)
    row[0].set_ylabel("truths below - wanted, %")
    legend(figure, row[0])
    horizons = [one.horizon for one in shown.calibrations]
    repeated = ""
    if any((one.upto > one.below).any() for one in shown.calibrations):
        repeated = (
            " A bar stands for truths that are equal to the quantile, which count as half below: "
            "a quantile holds where its bar meets the band."
        )
    reading = (
        "Of the quantile of level 25 %, a quarter of the truths should lie below: the height is "
        "by how many points of per cent there were more (above 0) or fewer. A line that falls "
        "from left to right: the distributions are too narrow; one that rises: too wide; all of "
        f"it above 0: the forecasts are too high; all below: too low.{repeated} "
        f"{by_chance(horizons, 'level')}"
    )
    return "reliability", "Does each quantile hold?", reading, figure
