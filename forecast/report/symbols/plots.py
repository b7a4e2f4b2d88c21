"""The figures of a run of words or labels: what it cost so far beside its rivals, and honest p."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.drawing import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    WIDTH,
    Drawing,
    Figured,
    legend,
    panels,
    rendered,
    styled,
)
from forecast.report.scores import Entry, Floats
from forecast.report.symbols.reliability import BARS
from forecast.report.symbols.texts import BITS
from forecast.report.traces import Bins
from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMOOTH = 20  # a smoothed line is a mean over this part of the stream


@dataclass(frozen=True)
class Shown:
    """What is drawn of a run."""

    things: str  # words, bytes or messages
    rows: Floats  # [points] middle of each bin, from the first answer as 1
    count: Floats  # [points]
    mean: dict[str, Floats]
    rivals: Mapping[str, str]  # name and label
    entry: Entry
    positive: str  # the positive label, or nothing

    @classmethod
    def of(
        cls, things: str, bins: Bins, rivals: Mapping[str, str], entry: Entry, positive: str
    ) -> "Shown":
        """What is drawn, from the bins of a stream."""
        rows, count, mean, _, _ = bins.drawn(0)
        return cls(things, rows + 1.0, count, mean, rivals, entry, positive)


def drawings(shown: Shown) -> list[Drawing]:
    """The figures of the losses of a run, in the order of the page."""
    if not len(shown.rows):
        return []
    with styled():
        figures = [draw(shown) for draw in FIGURES.values()]
        return [rendered(*figure) for figure in figures if figure is not None]


def over_stream(shown: Shown, height: float) -> tuple["Figure", "Axes"]:
    """A panel over the whole stream, its words, bytes or messages counted from 1."""
    figure, (ax,) = panels(1, height)
    first, last = shown.rows[0], shown.rows[-1]
    margin = 0.01 * (last - first + 1.0)
    ax.set_xlim(first - margin, last + margin)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    ax.set_xlabel(shown.things)
    return figure, ax


def smoothed(shown: Shown, name: str, beside: str | None = None) -> Floats:
    """Moving mean of a value over a twentieth of the stream, or that of it over ``beside``."""
    weight = shown.count if beside is None else np.nan_to_num(shown.mean[beside] * shown.count)
    value = np.nan_to_num(shown.mean[name] * shown.count)
    weight = np.where(np.isfinite(shown.mean[name]), weight, 0.0)
    half = max(1, len(value) // SMOOTH // 2)
    window = np.ones(min(2 * half + 1, len(value)))
    above, below = (np.convolve(part, window, "same") for part in (value, weight))
    return ratio(above, below)


def so_far(shown: Shown, name: str, beside: str | None = None) -> Floats:
    """Mean of a value over the stream up to each point, or that of it over ``beside``."""
    weight = shown.count if beside is None else np.nan_to_num(shown.mean[beside] * shown.count)
    value = np.nan_to_num(shown.mean[name] * shown.count)
    return ratio(np.cumsum(value), np.cumsum(weight))


def ratio(above: Floats, below: Floats) -> Floats:
    """Quotients; NaN, a gap, where there is nothing to divide by."""
    quotient: Floats = np.full(len(above), np.nan)
    np.divide(above, below, out=quotient, where=below > 0.0)
    return quotient


def limits(*values: Floats) -> tuple[float, float]:
    """Limits of an axis from 0 that the first few points, when nothing was known, do not set."""
    known = [part[np.isfinite(part)] for part in values]
    later = np.concatenate([part[len(part) // 100 :] for part in known])
    top = float(later.max()) if len(later) else 1.0
    return 0.0, 1.05 * top or 1.0


def loss(shown: Shown) -> Figured:
    """What the stream cost so far and lately: bits a byte of a text, log loss of labels."""
    figure, ax = over_stream(shown, 2.8)
    beside = "bytes" if "bytes" in shown.mean else None
    unit = BITS if beside else 1.0
    lately, total = (unit * f(shown, "surprise", beside) for f in (smoothed, so_far))
    ax.plot(shown.rows, lately, color=BLUE, lw=1.0, label="lately")
    ax.plot(shown.rows, total, color=INK, lw=1.8, label="so far")
    rivals = [unit * so_far(shown, rival, beside) for rival in shown.rivals]
    for values, label, dashes in zip(rivals, shown.rivals.values(), DASHES, strict=False):
        how: dict[str, Any] = {"color": VERMILLION, "lw": 1.2, "ls": dashes}
        ax.plot(shown.rows, values, label=label, **how)
    ax.set_ylim(*limits(lately, total, *rivals))
    ax.set_ylabel("bits a byte" if beside else "nats a message")
    legend(figure, ax)
    what, title = "The mean surprise at the label that was told", "Log loss"
    if beside:
        what, title = "What it costs to write the text in surprises", "Bits a byte"
    reading = (
        f"{what}; the last point of “so far” is the score of the whole stream. Dashed are the free "
        "rivals, so far: below them it pays. Lately is a mean over a twentieth of the stream."
    )
    return "loss", title, reading, figure


DASHES = ((0, (4, 3)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))  # of the free rivals


def reliability(shown: Shown) -> Figured | None:
    """How often what had probability p was true, and how often p was said."""
    bars = shown.entry["reliability"]
    if not bars:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
    n, said, was, low, high = (np.array([bar[name] for bar in bars], float) for name in COLUMNS)
    left.plot([0.0, 1.0], [0.0, 1.0], color=MUTED, lw=1.0, ls=(0, (4, 3)), label="honest")
    left.vlines(said, low, high, color=MUTED, lw=6.0, alpha=0.35, label="by chance, 95 %")
    left.plot(said, was, "o", color=BLUE, ms=5.0, label=shown.things)
    for axis, set_label in ((left.xaxis, left.set_xlabel), (left.yaxis, left.set_ylabel)):
        axis.set_major_formatter(percents)
        set_label("probability that was said" if axis is left.xaxis else "share that came true")
    left.set_xlim(-0.03, 1.03)
    left.set_ylim(-0.03, 1.03)
    histogram(right, shown.things, said, n)
    legend(figure, left)
    what = f"{shown.things} of which the likeliest had probability p, the share that it was"
    if shown.positive:
        what = f"messages that were {shown_name(shown.positive)} with probability p, the share "
        what += "that was"
    reading = (
        f"Left: of the {what}. On the dashes p can be taken at its word; outside the grey bars, "
        "which are binomial and hold each by itself 95 times in 100, it is off by more than "
        "chance. Right: how often each p was said; the more at both ends, the surer."
    )
    return "reliability", "Are the probabilities right?", reading, figure


COLUMNS = ("n", "said", "was", "low", "high")


def percents(value: float, _: float | None) -> str:
    """A probability on an axis."""
    return f"{100.0 * value:.0f} %"


def histogram(ax: "Axes", things: str, said: Floats, n: Floats) -> None:
    """How many answers had a probability in each tenth."""
    place = np.minimum((BARS * said).astype(int), BARS - 1) / BARS
    ax.bar(place, n, 0.92 / BARS, align="edge", color=BLUE, alpha=0.8)
    ax.set_xlim(-0.03, 1.03)
    ax.set_yscale("log")
    ax.set_ylim(0.7, 2.0 * n.max())
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_major_formatter(percents)
    ax.set_xlabel("probability that was said")
    ax.set_ylabel(things)


FIGURES: dict[str, Callable[[Shown], Figured | None]] = {"loss": loss, "reliability": reliability}
