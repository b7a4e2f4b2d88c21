"""How figures look: one style, drawn once for the page and as a picture.

Colours are Okabe and Ito's, which the colour-blind tell apart. In the page each becomes a variable
of the style sheet, so that one drawing serves light, dark and print.
"""

import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.scores import Floats
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
    "purple": ("#cc79a7", "#d794bb"),
}
INK, MUTED, LINE, BLUE, SKY, GREEN, VERMILLION, PURPLE = (light for light, _ in PALETTE.values())
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


Figured = tuple[str, str, str, "Figure"]  # name, title, how it is read, figure


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


def signed_points(value: float, _: float | None) -> str:
    """A difference of per cents on an axis."""
    return f"{value:+g}" if value else "0"


def signed_percent(value: float, _: float | None) -> str:
    """A skill on an axis."""
    return f"{100.0 * value:+.0f} %" if round(100.0 * value) else "0 %"
