"""The figure of what a forecaster was confused by: surprise, rate and weights on one time axis."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.drawing import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    Drawing,
    Figured,
    decades,
    memory_label,
    name_of,
    rendered,
    styled,
    time_axis,
)
from forecast.report.findings import Finding
from forecast.report.scores import Floats, Ints
from forecast.report.traces import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Experts that are drawn as one, and their colours, from the bottom up.
GROUPS = {
    "last value": MUTED,
    "drift": PURPLE,
    "level": SKY,  # pale: on black it is near the next one
    "regression": BLUE,
    "neighbours": GREEN,
    "columns beside": INK,
    "with a season": VERMILLION,
}
# of groups that have no colour of their own
OTHERS = (BLUE, VERMILLION, GREEN, MUTED, SKY, INK, PURPLE)
PALE = (SKY, INK)
SPACIOUS = 6  # names in a line of a legend that have room
MOST_MARKED = 40  # changes whose beginnings are drawn

Weights = tuple[Ints, Mapping[str, Floats]]  # rows, and of each expert its weight there
Watched = tuple[Trace, Finding, Weights]


def confusions(
    watched: Sequence[Watched],
    instants: Sequence[tuple[float, str]],
    one_series: bool,
    axis: str = "time",
) -> list[Drawing]:
    """A figure for each series and horizon that is shown."""
    with styled():
        figures = [
            confusion(place, *one, instants, one_series, axis)
            for place, one in enumerate(watched)
            if len(one[0].rows)
        ]
        return [rendered(*figure) for figure in figures]


def confusion(
    place: int,
    trace: Trace,
    finding: Finding,
    weights: Weights,
    instants: Sequence[tuple[float, str]],
    one_series: bool,
    axis: str = "time",
) -> Figured:
    """Surprise, effective rate and weights of one series at one horizon, with its changes."""
    from matplotlib.figure import Figure

    heights = [2.2, 1.3, *([1.8] if len(weights[0]) > 1 else [])]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.9), layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    first, last = trace.rows[0], trace.rows[-1]
    margin = 0.01 * (last - first + 1)
    axes[0].set_xlim(first - margin, last + margin)
    surprise(axes[0], trace)
    rate(axes[1], trace)
    if len(heights) > 2:
        shares(axes[2], weights)
    mark(list(axes), finding, last)
    for ax in axes:
        if names := ax.get_legend_handles_labels()[1]:
            # in ems; so that they stand in one line, beside the title
            wide, gap = (1.5, 0.8) if len(names) <= SPACIOUS else (0.8, 0.4)
            how = {"ncols": len(names), "handlelength": wide, "columnspacing": wide}
            how["handletextpad"] = gap
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1, **how)
    time_axis(axes[-1], instants, axis)
    which = name_of(trace.series, trace.horizon, one_series)
    numbered = MEMORIES if any("memory " in name for name in weights[1]) else ""
    return f"confusion{place + 1}", which, READING + numbered, figure


MEMORIES = " Memories are numbered from the one that forgets fastest."
READING = (
    "Surprise is -log p of the truth, in nats: each more means that it was thought 2.7 times less "
    "likely. A lone spike is an outlier; what stays above the expected surprise is a change that "
    "is not yet learned. Each dashed line is where a detected change began, with the time until "
    "it was recovered from shaded. The rate is the weight of the newest observation, with the "
    "memory, 1/rate, in points; the last panel shows which experts the forecast listened to: "
    "heights are shares of the whole."
)


def surprise(ax: "Axes", trace: Trace) -> None:
    """Mean and largest surprise beside the expected one."""
    x, mean, expected = trace.rows, trace.mean["surprise"], trace.mean["expected"]
    if trace.length > 1:
        most = trace.highest["surprise"]
        ax.fill_between(x, mean, most, color=VERMILLION, alpha=0.3, lw=0, label="largest")
    label = "surprise" if trace.length == 1 else f"mean of {trace.length:,} rows"
    ax.plot(x, mean, color=VERMILLION, lw=1.0, label=label)
    if np.isfinite(expected).any():
        ax.plot(x, expected, color=INK, lw=1.2, label="expected")
    ax.set_title("Surprise")
    ax.set_ylabel("nats")


def rate(ax: "Axes", trace: Trace) -> None:
    """The effective rate, on a logarithmic axis."""
    values = trace.mean["rate"]
    positive = np.where(values > 0.0, values, np.nan)
    ax.plot(trace.rows, positive, color=GREEN)
    ax.set_yscale("log")
    ax.set_ylim(*decades(positive))
    ax.yaxis.set_major_formatter(memory_label)
    ax.minorticks_off()
    ax.set_title("Effective rate")
    ax.set_ylabel("rate  (memory)")


def shares(ax: "Axes", weights: Weights) -> None:
    """Weights of the experts, in groups, one above the other."""
    rows, experts = weights
    total = {name: np.zeros(len(rows)) for name in (*GROUPS, *dict.fromkeys(map(group, experts)))}
    for name, values in experts.items():
        total[group(name)] += values
    shown = {name: values for name, values in total.items() if values.any()}
    colours = {**dict(zip(shown, cycle(OTHERS), strict=False)), **GROUPS}
    below = np.zeros(len(rows))
    for name, values in shown.items():
        alpha = 0.35 if colours[name] in PALE else 0.8
        how: dict[str, Any] = {"color": colours[name], "alpha": alpha, "lw": 0, "label": name}
        ax.fill_between(rows, below, below + values, **how)
        below = below + values
    ax.set_ylim(0.0, 1.0)
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.set_title("Weights of the experts")
    ax.set_ylabel("share")


def group(expert: str) -> str:
    """The group that an expert is drawn in.

    Examples
    --------
    >>> group("nearest neighbours"), group("smoothed season 48"), group("level")
    ('neighbours', 'with a season', 'level')
    >>> group("frequency, memory 3")
    'frequency'
    """
    if "season" in expert:
        return "with a season"
    if "neighbours" in expert:
        return "neighbours"
    return expert.partition(", ")[0]


def mark(axes: "Sequence[Axes]", finding: Finding, last: float) -> None:
    """Where changes began, and how long they were not recovered from."""
    for change in finding["changes"][-MOST_MARKED:]:
        for ax in axes:
            until = min(float(change["until_row"]), last)
            ax.axvspan(change["began_row"], until, color=INK, alpha=0.12, lw=0, zorder=0.5)
            ax.axvline(change["began_row"], color=INK, lw=0.8, ls=(0, (4, 3)))
    if finding["changes"]:
        axes[0].plot([], [], color=INK, lw=0.8, ls=(0, (4, 3)), label="change began")
