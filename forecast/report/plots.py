"""The figures of a run of numbers: each answers one question, drawn once."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.distribution.t4 import LEVELS
from forecast.report.calibration_plots import coverage, pit, reliability, sharpness
from forecast.report.drawing import (
    BLUE,
    INK,
    MUTED,
    SKY,
    Drawing,
    Figured,
    legend,
    name_of,
    panels,
    rendered,
    styled,
    time_axis,
)
from forecast.report.predictions import Next
from forecast.report.scores import MEDIAN
from forecast.report.shown import Shown, each_point, limits, over_time
from forecast.report.skill_plots import by_horizon, heat_map
from forecast.report.traces import Recent
from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def drawings(shown: Shown) -> list[Drawing]:
    """All figures of a run, in the order of the page."""
    with styled():
        names = [name for name in FIGURES if name != "skill" or len(shown.scores) > 6]
        figures = [FIGURES[name](shown) for name in names]
        return [rendered(*figure) for figure in figures if figure is not None]


def skill(shown: Shown) -> Figured:
    """How the skill changes with the horizon, or with series and horizon."""
    return by_horizon(shown) if shown.one_series else heat_map(shown)


def next_values(shown: Shown) -> Figured | None:
    """The next values past the end of the data, with the last 100 rows before them."""
    if not shown.next_rows or not any(len(recent.rows) for recent in shown.recent):
        return None
    figure, axes = panels(len(shown.recent), 2.9)
    origin = shown.recent_instants[-1][0]  # the last row that anything is known of
    for ax, recent in zip(axes, shown.recent, strict=True):
        own = [row for row in shown.next_rows if row.series == recent.series]
        before(ax, recent)
        after(ax, own, origin)
        if not shown.one_series:
            ax.set_title(name_of(recent.series, None, False))
        ax.set_ylabel(shown_name(recent.series, 20))
        q = np.array([row.quantiles for row in own]).reshape(-1, len(LEVELS))
        ax.set_ylim(*limits([recent.y, q[:, at(5)], q[:, at(95)]], recent.low, recent.high))
        ends = [(origin + row.horizon, row.time) for row in own]
        time_axis(ax, [*shown.recent_instants, *ends[-1:]])
    legend(figure, axes[0])
    past = shown.recent[0].horizon
    reading = (
        "Right of the vertical line nothing has happened yet: the median forecast, and the ranges "
        "that should hold the truth half of the time and nine times in ten. Left of it, what "
        f"happened, over the 90 % interval that was forecast {past} "
        f"step{'s' if past > 1 else ''} before."
    )
    return "next", "The next values", reading, figure


def before(ax: "Axes", recent: Recent) -> None:
    """The last rows and what had been forecast for them."""
    ax.fill_between(recent.rows, recent.low, recent.high, color=SKY, alpha=0.25, lw=0)
    ax.plot(recent.rows, recent.y, color=INK, label="truth", marker=".", ms=3.0)


def after(ax: "Axes", rows: Sequence[Next], last: float) -> None:
    """The forecasts past the last row: a fan where horizons follow each other, else bars."""
    x = np.array([last + row.horizon for row in rows])
    q = np.array([row.quantiles for row in rows]).T
    ax.axvline(last, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    if len(x) == 0:
        return
    (low50, high50), (low90, high90) = ((q[at(a)], q[at(b)]) for a, b in ((25, 75), (5, 95)))
    if len(x) > 2 and (np.diff(x) == 1.0).all():
        ax.fill_between(x, low90, high90, color=SKY, alpha=0.35, lw=0, label="90 % interval")
        ax.fill_between(x, low50, high50, color=BLUE, alpha=0.4, lw=0, label="50 % interval")
        ax.plot(x, q[MEDIAN], color=BLUE, lw=1.6, label="median forecast")
    else:
        ax.vlines(x, low90, high90, color=SKY, lw=5.0, alpha=0.6, label="90 % interval")
        ax.vlines(x, low50, high50, color=BLUE, lw=5.0, label="50 % interval")
        ax.plot(x, q[MEDIAN], "_", color=INK, mew=1.8, ms=12, label="median forecast")


def at(per_cent: int) -> int:
    """The place of a level among LEVELS."""
    place: int = LEVELS.index(per_cent / 100)
    return place


def truth(shown: Shown) -> Figured:
    """Forecast and 90 % interval against the truth, over the whole stream."""
    figure, axes = over_time(shown, 2.3)
    for ax, trace in zip(axes, shown.traces, strict=True):
        x = trace.rows
        low, high = trace.lowest["low"], trace.highest["high"]
        ax.fill_between(x, low, high, color=SKY, alpha=0.35, lw=0, label="90 % interval")
        if trace.length > 1:
            lowest, highest = trace.lowest["y"], trace.highest["y"]
            ax.fill_between(
                x, lowest, highest, color=INK, alpha=0.35, lw=0, label="truth, low to high"
            )
        ax.plot(x, trace.mean["y"], color=INK, lw=1.0, label="truth")
        ax.plot(x, trace.mean["median"], color=BLUE, lw=1.0, label="median forecast")
        ax.set_ylabel(shown_name(trace.series, 20))
        tight = [trace.lowest["y"], trace.highest["y"], trace.mean["median"]]
        ax.set_ylim(*limits(tight, low, high))
    time_axis(axes[-1], shown.instants)
    legend(figure, axes[0])
    reading = (
        "The truth should run inside the band nine times in ten, and the band should be no wider "
        f"than that needs.{each_point(shown)}"
    )
    return "forecast", "Forecast and truth", reading, figure


FIGURES: dict[str, Callable[[Shown], Figured | None]] = {
    "next": next_values,
    "forecast": truth,
    "coverage": coverage,
    "sharpness": sharpness,
    "pit": pit,
    "reliability": reliability,
    "skill": skill,
}
