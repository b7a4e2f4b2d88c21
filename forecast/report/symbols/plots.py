"""The figures of a run of words or labels: surprise, rate, what it cost so far, and honest p."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.plots import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    VERMILLION,
    WIDTH,
    Drawing,
    Figured,
    decades,
    legend,
    memory_label,
    panels,
    rendered,
    styled,
)
from forecast.report.scores import Entry, Floats
from forecast.report.symbols.words import BITS
from forecast.report.traces import Bins
from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMOOTH = 20  # a smoothed line is a mean over this part of the stream


@dataclass(frozen=True)
class Shown:
    """What is drawn of a run."""

    things: str  # words or messages
    rows: Floats  # [points] middle of each bin, from the first answer as 1
    count: Floats  # [points]
    mean: dict[str, Floats]
    length: int  # answers in a bin
    entry: Entry
    positive: str  # the positive label, or nothing
    reliability: Floats  # [3, bars]: answers, mean p, share that was positive; or [3, 0]

    @classmethod
    def of(
        cls, things: str, bins: Bins, entry: Entry, positive: str, reliability: Floats
    ) -> "Shown":
        """What is drawn, from the bins of a stream."""
        rows, count, mean, _, _ = bins.drawn(0)
        return cls(things, rows + 1.0, count, mean, bins.length, entry, positive, reliability)


def drawings(shown: Shown) -> list[Drawing]:
    """All figures of a run, in the order of the page."""
    if not len(shown.rows):
        return []
    with styled():
        figures = [cost(shown), surprise(shown), rate(shown), reliability(shown)]
        return [rendered(*figure) for figure in figures if figure is not None]


def over_stream(shown: Shown, height: float) -> tuple["Figure", "Axes"]:
    """A panel over the whole stream, its words or messages counted from 1."""
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


def surprise(shown: Shown) -> Figured | None:
    """How surprising the answers were, beside how surprising they were expected to be."""
    figure, ax = over_stream(shown, 2.2)
    mean = shown.mean["surprise"]
    ax.plot(shown.rows, mean, color=VERMILLION, alpha=0.35, lw=0.8, label=each(shown))
    ax.plot(shown.rows, smoothed(shown, "surprise"), color=VERMILLION, lw=1.6, label="smoothed")
    if np.isfinite(shown.mean["expected"]).any():
        expected = smoothed(shown, "expected")
        ax.plot(shown.rows, expected, color=INK, lw=1.2, label="expected surprise, smoothed")
    ax.set_ylim(*limits(mean))
    ax.set_ylabel("nats")
    legend(figure, ax)
    reading = (
        "Surprise is -log p of what came: each nat more means that it was thought 2.7 times less "
        "likely. Where it falls, the stream is being learned; where it rises, something is new."
    )
    return "surprise", "Surprise", reading, figure


def each(shown: Shown) -> str:
    """What a point stands for."""
    thing = shown.things.removesuffix("s")
    return f"each {thing}" if shown.length == 1 else f"mean of {shown.length:,} {shown.things}"


def limits(*values: Floats) -> tuple[float, float]:
    """Limits of an axis from 0 that the first few points, when nothing was known, do not set."""
    known = [part[np.isfinite(part)] for part in values]
    later = np.concatenate([part[len(part) // 100 :] for part in known])
    top = float(later.max()) if len(later) else 1.0
    return 0.0, 1.05 * top or 1.0


def rate(shown: Shown) -> Figured | None:
    """The effective rate: how much the newest observation weighed."""
    values = shown.mean["rate"]
    positive = np.where(values > 0.0, values, np.nan)
    if not np.isfinite(positive).any():
        return None
    figure, ax = over_stream(shown, 1.9)
    ax.plot(shown.rows, positive, color=GREEN)
    ax.set_yscale("log")
    ax.set_ylim(*decades(positive))
    ax.yaxis.set_major_formatter(memory_label)
    ax.minorticks_off()
    ax.set_ylabel("rate  (memory)")
    reading = (
        "The weight of the newest observation against everything before, and in brackets the "
        f"memory, 1/rate, in {shown.things}. It rises where the stream changes and falls where it "
        "is calm."
    )
    return (
        "rate",
        f"How much was learned from each {shown.things.removesuffix('s')}",
        reading,
        figure,
    )


def cost(shown: Shown) -> Figured:
    """What the stream cost so far and lately: bits a byte of words, log loss of labels."""
    figure, ax = over_stream(shown, 2.6)
    beside = "bytes" if "bytes" in shown.mean else None
    unit = BITS if beside else 1.0
    lately, total = (unit * f(shown, "surprise", beside) for f in (smoothed, so_far))
    ax.plot(shown.rows, lately, color=BLUE, lw=1.0, label="lately")
    ax.plot(shown.rows, total, color=INK, lw=1.8, label="so far")
    how: dict[str, Any] = {"color": MUTED, "lw": 1.2, "ls": (0, (4, 3))}
    if beside:
        rival = np.array([shown.entry["bits_per_byte_single"]], float)
        ax.axhline(rival[0], label="frequencies of single bytes, in all", **how)
    else:
        rival = so_far(shown, "rival")
        ax.plot(shown.rows, rival, label="running frequency of the labels, so far", **how)
    ax.set_ylim(*limits(lately, total, rival))
    ax.set_ylabel("bits a byte" if beside else "nats a message")
    legend(figure, ax)
    last = "the last point of “so far” is the score of the whole stream."
    if beside:
        reading = f"What it costs to write the text in surprises; {last} A file as it lies has 8."
        return "loss", "Bits a byte", reading, figure
    reading = f"The mean surprise at the label that was told; {last} Below the dashes it pays."
    return "loss", "Log loss", reading, figure


def reliability(shown: Shown) -> Figured | None:
    """How often what had probability p was true, and how often p was said."""
    answers, p, share = shown.reliability
    if not len(answers):
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
    said = answers > 0
    # a share of n independent answers of probability p
    spread = 1.96 * np.sqrt(p[said] * (1.0 - p[said]) / answers[said])
    low, high = np.maximum(p[said] - spread, 0.0), np.minimum(p[said] + spread, 1.0)
    left.plot([0.0, 1.0], [0.0, 1.0], color=MUTED, lw=1.0, ls=(0, (4, 3)), label="honest")
    left.vlines(p[said], low, high, color=MUTED, lw=6.0, alpha=0.35, label="by chance, 95 %")
    left.plot(p[said], share[said], "o", color=BLUE, ms=5.0, label="messages")
    for axis, set_label in ((left.xaxis, left.set_xlabel), (left.yaxis, left.set_ylabel)):
        axis.set_major_formatter(lambda value, _: f"{100.0 * value:.0f} %")
        set_label("said" if axis is left.xaxis else "was")
    left.set_xlim(-0.03, 1.03)
    left.set_ylim(-0.03, 1.03)
    bars(right, answers)
    legend(figure, left)
    reading = (
        f"Left: of the messages that were {shown_name(shown.positive)} with probability p, the "
        "share that was. On the dashes p can be taken at its word; outside the grey bars it is off "
        "by more than chance. Right: how often each p was said; the more at both ends, the surer."
    )
    return "reliability", "Are the probabilities right?", reading, figure


def bars(ax: "Axes", answers: Sequence[float] | Floats) -> None:
    """How many answers had each probability."""
    edges = np.linspace(0.0, 1.0, len(answers) + 1)
    ax.bar(edges[:-1], answers, 0.92 * edges[1], align="edge", color=BLUE, alpha=0.8)
    ax.set_yscale("log")
    ax.set_ylim(0.7, 2.0 * max(answers))
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100.0 * value:.0f} %")
    ax.set_xlabel("said")
    ax.set_ylabel("messages")
