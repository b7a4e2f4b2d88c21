"""What figures show: chosen series and horizons of a run, over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.calibration import Calibrated
from forecast.report.drawing import name_of, panels
from forecast.report.predictions import Next
from forecast.report.scores import Entry, Floats
from forecast.report.traces import Recent, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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


def over_time(shown: Shown, height: float, **how: Any) -> tuple["Figure", "list[Axes]"]:
    """Panels with a time axis, one for each trace."""
    figure, axes = panels(len(shown.traces), height, sharex=True, **how)
    first, last = shown.traces[0].rows[0], max(trace.rows[-1] for trace in shown.traces)
    for ax, trace in zip(axes, shown.traces, strict=True):
        ax.set_title(name_of(trace.series, trace.horizon, shown.one_series))
        margin = 0.01 * (last - first + 1)
        ax.set_xlim(first - margin, last + margin)
    return figure, axes


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
