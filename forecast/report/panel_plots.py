"""Figures of a panel: how skill and coverage are spread over series, and some series themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.panel.found import Example
from forecast.panel.loop import DRAWN_HIGH, DRAWN_LOW, DRAWN_MEDIAN, DRAWN_Y
from forecast.panel.scores import Table
from forecast.report.drawing import (
    BLUE,
    INK,
    MUTED,
    SKY,
    VERMILLION,
    WIDTH,
    Figured,
    legend,
    panels,
    short_times,
    signed_percent,
)
from forecast.report.scores import Floats
from forecast.report.verdict import shown_name

BARS = 40
ACROSS = 3  # small multiples side by side
FEW = 50  # answers, below which a share of them says little


def skill_spread(table: Table, horizons: Sequence[int]) -> Figured | None:
    """How many series have which skill, against both rivals, at the first and last horizon."""
    ends = list(dict.fromkeys((0, len(horizons) - 1)))
    figure, axes = panels(len(ends), 2.5, sharex=True)
    rivals = (("skill_last", "last value", BLUE), ("skill_seasonal", "same season", VERMILLION))
    drawn = False
    for ax, h in zip(axes, ends, strict=True):
        for name, label, colour in rivals:
            skill = table[name][:, h]
            known = np.clip(skill[~np.isnan(skill)], -1.0, 1.0)
            if len(known):
                how: dict[str, Any] = {
                    "bins": np.linspace(-1.0, 1.0, BARS + 1),
                    "histtype": "step",
                    "lw": 1.6,
                }
                ax.hist(known, color=colour, label=f"against the {label}", **how)
                ax.axvline(float(np.median(known)), color=colour, lw=1.0, ls=(0, (1, 2)))
                drawn = True
        ax.axvline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)))
        ax.set_ylabel("series")
        ax.set_title(f"{horizons[h]} step{'s' if horizons[h] > 1 else ''} ahead")
        ax.xaxis.set_major_formatter(signed_percent)
        ax.locator_params(axis="y", integer=True)
    if not drawn:
        return None
    axes[-1].set_xlabel("skill: how much closer than the rival (outermost bars: and beyond)")
    legend(figure, axes[0])
    reading = (
        "Each series counts once. Right of the dashed line its median forecast was closer than the "
        "rival, by so many per cent; dotted lines mark the median series."
    )
    return "skill", "Skill over the series", reading, figure


def coverage_spread(table: Table, horizons: Sequence[int]) -> Figured | None:
    """How many series have their 90 % interval cover which share of the answers."""
    n, covered = table["n"][:, 0], table["coverage90"][:, 0]
    shares = covered[(n >= FEW) & ~np.isnan(covered)]
    if not len(shares):
        return None
    figure, (ax,) = panels(1, 2.3)
    low = min(0.7, float(np.floor(20.0 * shares.min()) / 20.0))
    ax.hist(100.0 * shares, bins=np.linspace(100.0 * low, 100.0, BARS + 1).tolist(), color=SKY)
    ax.axvline(90.0, color=INK, lw=1.0, ls=(0, (4, 3)), label="wanted")
    ax.set_xlabel(f"answers inside the 90 % interval, %, {horizons[0]} ahead")
    ax.set_ylabel("series")
    ax.locator_params(axis="y", integer=True)
    legend(figure, ax)
    reading = (
        f"Each series with {FEW} answers or more counts once. Chance alone spreads them about "
        "90 %: of 100 answers, by 3."
    )
    return "coverage", "Coverage over the series", reading, figure


def multiples(
    examples: Sequence[Example],
    names: Sequence[str],
    skill: Floats,
    edges: Sequence[tuple[str, str]],
    horizon: int,
) -> Figured | None:
    """The newest rows of some series beside their forecasts, small and many."""
    if not examples:
        return None
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(each.kind for each in examples))
    figure = Figure(figsize=(WIDTH, 1.75 * len(kinds) + 0.4), layout="constrained")
    axes = figure.subplots(len(kinds), ACROSS, squeeze=False)
    for ax in axes.flat:
        ax.set_visible(False)
    for each, (first, last) in zip(examples, edges, strict=True):
        k = [one.number for one in examples if one.kind == each.kind].index(each.number)
        ax = axes[kinds.index(each.kind), k]
        ax.set_visible(True)
        low, median, high = (each.drawn[:, c] for c in (DRAWN_LOW, DRAWN_MEDIAN, DRAWN_HIGH))
        ax.fill_between(each.rows, low, high, color=SKY, alpha=0.35, label="90 % interval")
        ax.plot(each.rows, median, color=BLUE, lw=1.2, label="median forecast")
        ax.plot(
            each.rows, each.drawn[:, DRAWN_Y], color=INK, lw=0.9, marker=".", ms=2.5, label="truth"
        )
        known = skill[each.number]
        said = "" if np.isnan(known) else f", skill {signed_percent(known, None)}"
        ax.set_title(f"{shown_name(names[each.number], 22)}{said}", fontsize=8.5)
        ax.set_xticks([each.rows[0], each.rows[-1]], short_times([first, last]), fontsize=7.5)
        ax.get_xticklabels()[0].set_horizontalalignment("left")
        ax.get_xticklabels()[-1].set_horizontalalignment("right")
        ax.tick_params(axis="y", labelsize=7.5)
        if k == 0:
            ax.set_ylabel(each.kind, color=MUTED)
    legend(figure, next(ax for ax in axes.flat if ax.get_visible()))
    reading = (
        f"The newest rows, each with what was forecast of it {horizon} "
        f"step{'s' if horizon > 1 else ''} before; skill is against the last value, over all rows. "
        "A surprise may lie further back."
    )
    return "forecast", "Some of the series", reading, figure
