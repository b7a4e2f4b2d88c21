"""The figures: each answers one question, drawn once, for the page and as a picture.

Colours are Okabe and Ito's, which the colour-blind tell apart. In the page each becomes a variable
of the style sheet, so that one drawing serves light, dark and print.
"""

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.distribution.t4 import LEVELS
from forecast.report.calibration import PIT_BARS, Calibrated, overlap
from forecast.report.predictions import Next
from forecast.report.scores import MEDIAN, Entry, Floats
from forecast.report.traces import Recent, Trace
from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# name: (on white, on black)
PALETTE = {
    "ink": ("#1b1c1e", "#e9e7e2"),
    "muted": ("#63666b", "#a6a7aa"),
    "line": ("#d8d9db", "#3b3d42"),
    "blue": ("#0072b2", "#5cb0e6"),
    "sky": ("#56b4e9", "#4a9ccb"),
    "green": ("#009e73", "#2fc498"),
    "vermillion": ("#d55e00", "#f58a3c"),
}
INK, MUTED, LINE, BLUE, SKY, GREEN, VERMILLION = (light for light, _ in PALETTE.values())
WIDTH = 9.6  # inches; 72 points of the page to each
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, sharp, in the font of the page
    "svg.hashsalt": "forecast",
    "text.parse_math": False,  # a name with a dollar sign is a name
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "path.simplify": False,
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "butt",
    "patch.linewidth": 0.0,
    "hatch.linewidth": 0.0,
}


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its file name without ending, its words, and both renderings."""

    name: str
    title: str
    reading: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class Shown:
    """What is drawn: chosen series and horizons of a run."""

    recent: Sequence[Recent]
    next_rows: Sequence[Next]
    traces: Sequence[Trace]
    calibrations: Sequence[Calibrated]
    instants: Sequence[tuple[float, str]]
    recent_instants: Sequence[tuple[float, str]]
    scores: Sequence[Entry]
    horizons: Sequence[int]
    one_series: bool


Figured = tuple[str, str, str, "Figure"]  # name, title, how it is read, figure


def drawings(shown: Shown) -> list[Drawing]:
    """All figures of a run, in the order of the page."""
    with styled():
        names = [name for name in FIGURES if name != "skill" or len(shown.scores) > 6]
        figures = [FIGURES[name](shown) for name in names]
        return [rendered(*figure) for figure in figures if figure is not None]


def skill(shown: Shown) -> Figured:
    """How the skill changes with the horizon, or with series and horizon."""
    return by_horizon(shown) if shown.one_series else heat_map(shown)


@contextmanager
def styled() -> Iterator[None]:
    """Draw in one style, and keep what the library would say to itself."""
    # its news of caches and fonts is not for those who asked for a forecast
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the picture's font lacks is drawn as a box
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def rendered(name: str, title: str, reading: str, figure: "Figure") -> Drawing:
    """Both renderings of a figure, without a date or anything else that changes by itself."""
    svg, png = io.StringIO(), io.BytesIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(svg, format="svg", transparent=True, metadata=nothing)
    figure.set_layout_engine("none")  # the layout is done: keep it
    figure.savefig(png, format="png", dpi=120, facecolor="white", metadata={"Software": None})
    return Drawing(name, title, reading, inlined(svg.getvalue(), name, title), png.getvalue())


def inlined(svg: str, name: str, title: str) -> str:
    """An SVG document as part of a page: own ids, colours of the page, no outside addresses."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    head = re.match(r"<svg[^>]*>", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert head is not None and box is not None
    svg = f'<svg {box[0]} role="img" aria-label="{title}">{svg[head.end() :]}'
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg).replace("xlink:href", "href")
    svg = re.sub(r' id="([^"]*)"', rf' id="{name}-\1"', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg).replace("url(#", f"url(#{name}-")
    for colour, (light, _) in PALETTE.items():
        svg = svg.replace(light, f"var(--{colour})")
    return svg


def panels(count: int, height: float, **how: Any) -> tuple["Figure", "list[Axes]"]:
    """A figure of ``count`` panels, one below the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height * count + 0.45), layout="constrained")
    axes = figure.subplots(count, 1, squeeze=False, **how)
    return figure, list(axes[:, 0])


def legend(figure: "Figure", axes: "Axes") -> None:
    """One legend above all panels, in the order of drawing."""
    handles, labels = axes.get_legend_handles_labels()
    how: dict[str, Any] = {"ncols": len(labels), "handlelength": 1.6, "columnspacing": 1.8}
    figure.legend(handles, labels, loc="outside upper left", **how)


def name_of(series: str, horizon: int | None, one_series: bool) -> str:
    """What a panel shows, in words."""
    steps = "" if horizon is None else f"{horizon} step{'s' if horizon > 1 else ''} ahead"
    return steps if one_series else f"{shown_name(series)}{', ' if steps else ''}{steps}"


def time_axis(
    axes: "Axes", instants: Sequence[tuple[float, str]], label: str = "time", most: int = 6
) -> None:
    """Label a few rows with the text of their time, clear of each other."""
    low, high = axes.get_xlim()
    inside = [(row, text) for row, text in instants if low <= row <= high]
    if not inside:
        return
    rows = np.array([row for row, _ in inside])
    wanted = np.linspace(rows[0], rows[-1], most)
    places = sorted({int(np.abs(rows - want).argmin()) for want in wanted})
    apart = [places[0]]
    for place in places[1:]:
        if rows[place] - rows[apart[-1]] >= 0.6 * (high - low) / most:
            apart.append(place)
    axes.set_xticks(rows[apart], short_times([inside[place][1] for place in apart]))
    axes.set_xlabel(label)


def short_times(texts: Sequence[str]) -> list[str]:
    """Times without what says nothing: the hour where days differ, a trailing midnight.

    Examples
    --------
    >>> short_times(["2001-01-01T00:00:00", "2001-02-01T06:00:00"])
    ['2001-01-01', '2001-02-01']
    >>> short_times(["1871", "1900.5"])
    ['1871', '1900.5']
    """
    dated = all(re.match(r"\d{4}-\d\d-\d\d[T ]", text) for text in texts)
    if dated and len({text[:10] for text in texts}) == len(texts):
        return [text[:10] for text in texts]
    return [shown_name(re.sub(r"(\d\d:\d\d):00(\.0+)?$", r"\1", text), 24) for text in texts]


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


def over_time(shown: Shown, height: float, **how: Any) -> tuple["Figure", "list[Axes]"]:
    """Panels with a time axis, one for each trace."""
    figure, axes = panels(len(shown.traces), height, sharex=True, **how)
    first, last = shown.traces[0].rows[0], max(trace.rows[-1] for trace in shown.traces)
    for ax, trace in zip(axes, shown.traces, strict=True):
        ax.set_title(name_of(trace.series, trace.horizon, shown.one_series))
        margin = 0.01 * (last - first + 1)
        ax.set_xlim(first - margin, last + margin)
    return figure, axes


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


def limits(tight: Sequence[Floats], low: Floats, high: Floats) -> tuple[float, float]:
    """Limits of the y axis: all of ``tight``, and the interval up to half as much again.

    The intervals of a learner that has seen five points would hide everything after them.
    """
    bottom = min(float(np.nanmin(part)) for part in tight if len(part))
    top = max(float(np.nanmax(part)) for part in tight if len(part))
    room = 0.5 * (top - bottom)
    bottom = min(bottom, max(float(np.nanmin([bottom, *low])), bottom - room))
    top = max(top, min(float(np.nanmax([top, *high])), top + room))
    bottom, top = max(bottom, -1e300), min(top, 1e300)
    margin = 0.05 * (top - bottom) or abs(top) or 1.0
    return bottom - margin, top + margin


def each_point(shown: Shown, how: str = "the mean, and the range from lowest to highest") -> str:
    """Say what a point stands for where it stands for several rows."""
    length = shown.traces[0].length
    return "" if length == 1 else f" Each point sums up {length:,} rows: {how}."


def decades(rates: Floats) -> tuple[float, float]:
    """Whole decades that hold the rates, so that the axis has at least two labels."""
    if not np.isfinite(rates).any():
        return 0.1, 1.0
    low = 10.0 ** np.floor(np.log10(np.nanmin(rates)))
    high = 10.0 ** np.ceil(np.log10(np.nanmax(rates)))
    return float(0.8 * low), float(1.25 * max(high, 10.0 * low))


def memory_label(value: float, _: float | None) -> str:
    """A rate and the memory that it means.

    Examples
    --------
    >>> memory_label(0.01, None), memory_label(1.0, None)
    ('0.01  (100)', '1  (1)')
    """
    return f"{value:g}  ({1.0 / value:,.0f})"


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


def signed_points(value: float, _: float | None) -> str:
    """A difference of per cents on an axis."""
    return f"{value:+g}" if value else "0"


def signed_percent(value: float, _: float | None) -> str:
    """A skill on an axis."""
    return f"{100.0 * value:+.0f} %" if round(100.0 * value) else "0 %"


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


FIGURES: dict[str, Callable[[Shown], Figured | None]] = {
    "next": next_values,
    "forecast": truth,
    "coverage": coverage,
    "sharpness": sharpness,
    "pit": pit,
    "reliability": reliability,
    "skill": skill,
}
