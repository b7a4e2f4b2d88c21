"""Figures of how much closer than a free rival, by horizon and series."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.report.drawing import (
    BLUE,
    INK,
    VERMILLION,
    WIDTH,
    Figured,
    legend,
    panels,
    signed_percent,
)
from forecast.report.scores import Floats
from forecast.report.shown import Shown
from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    pass


MOST_ROWS = 30  # series in the heat-map


def by_horizon(shown: Shown) -> Figured:
    """Skill of one series against both rivals at every horizon."""
    figure, (ax,) = panels(1, 2.6)
    rivals = (("skill_last", "last value", BLUE), ("skill_seasonal", "same season", VERMILLION))
    for name, label, colour in rivals:
        values = [np.nan if e[name] is None else e[name] for e in shown.scores]
        if np.isfinite(values).any():
            ax.plot(shown.horizons, values, color=colour, marker=".", label=f"against the {label}")
    ax.axhline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)), label="no better")
    ax.yaxis.set_major_formatter(signed_percent)
    ax.set_xlabel("horizon, steps ahead")
    ax.set_ylabel("skill")
    legend(figure, ax)
    reading = (
        "How much closer the median forecast was than each rival, by horizon; below the dashed "
        "line the rival was closer."
    )
    return "skill", "Skill at every horizon", reading, figure


def heat_map(shown: Shown) -> Figured:
    """Skill against the last value for every series and horizon."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    names, skill = skills(shown)
    series = len(shown.scores) // len(shown.horizons)
    labelled = skill.shape[1] <= 12
    figure = Figure(figsize=(WIDTH, 0.9 + 0.26 * len(names)), layout="constrained")
    ax = figure.subplots()
    worse_to_better = [(0.0, VERMILLION), (0.5, "#f4f4f2"), (1.0, BLUE)]
    colours = LinearSegmentedColormap.from_list("skill", worse_to_better)
    colours.set_bad("#b9babd")
    image = ax.imshow(skill, cmap=colours, vmin=-0.5, vmax=0.5, aspect="auto")
    ax.grid(False)
    ax.set_yticks(range(len(names)), [shown_name(name, 24) for name in names])
    step = max(1, -(-len(shown.horizons) // 24))
    ax.set_xticks(range(0, len(shown.horizons), step), [str(h) for h in shown.horizons[::step]])
    ax.set_xlabel("horizon, steps ahead")
    if labelled:
        for (i, j), value in np.ndenumerate(skill):
            shade = "#ffffff" if abs(value) > 0.3 else "#1b1c1f"  # not the page's ink: cells stay
            text = "" if np.isnan(value) else f"{100.0 * value:+.0f}"
            ax.text(j, i, text, ha="center", va="center", color=shade, fontsize=8)
    bar = figure.colorbar(image, ax=ax, pad=0.02, aspect=30, shrink=0.95)
    bar.ax.yaxis.set_major_formatter(signed_percent)
    bar.outline.set_visible(False)
    chosen = (
        "" if len(names) == series else (f" Of {series:,} series, the {MOST_ROWS} worst are shown.")
    )
    reading = (
        "Blue: the median forecast was closer than the last value, by so many per cent; orange: "
        f"it was further off.{chosen}"
    )
    return "skill", "Skill of every series and horizon", reading, figure


def skills(shown: Shown) -> tuple[list[str], Floats]:
    """Names and skills [series, horizon]; of very many series, the worst."""
    values = [np.nan if e["skill_last"] is None else e["skill_last"] for e in shown.scores]
    skill = np.array(values, float).reshape(-1, len(shown.horizons))
    names = [entry["series"] for entry in shown.scores[:: len(shown.horizons)]]
    if len(names) <= MOST_ROWS:
        return names, skill
    mean = np.nanmean(np.where(np.isnan(skill), np.inf, skill), axis=1)
    worst = np.sort(np.argsort(mean, kind="stable")[:MOST_ROWS])
    return [names[i] for i in worst], skill[worst]
