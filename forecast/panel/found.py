"""What is found in a panel: the best and the worst, what surprised most, how scores are spread."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from forecast.numbers.series import MISSING, OBSERVED, REFUSED
from forecast.panel.loop import (
    EXCESS,
    PEAK_HIGH,
    PEAK_HORIZON,
    PEAK_LOW,
    PEAK_MEDIAN,
    PEAK_ROW,
    PEAK_SURPRISE,
    PEAK_Y,
    TRACE,
)
from forecast.panel.panel import Panel
from forecast.panel.scores import Table

EACH = 3  # examples of a kind that are drawn
NAMED = 10  # that are named in words
ENOUGH = 20  # answers, before a series is called best or worst, where any has so many
SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles over series
AT_ONCE = 1024  # series whose next times are written together
# text of the times so many steps after the newest of some series, or after their first
Times = Callable[[Sequence[int], Sequence[int], bool], list[str]]


class Example(NamedTuple):
    """The newest rows of a series, as they are drawn."""

    number: int
    kind: str  # best, typical, worst, or most surprising
    rows: np.ndarray  # int64 [n], rising
    drawn: np.ndarray  # float32 [n, DRAWN]: truth, low, median, high


def ranked(table: Table) -> np.ndarray:
    """Numbers of series, the best first: by skill against the last value at the first horizon."""
    skill, n = table["skill_last"][:, 0], table["n"][:, 0]
    known = np.flatnonzero(~np.isnan(skill))
    enough = known[n[known] >= ENOUGH]
    those = enough if len(enough) else known
    order: np.ndarray = those[np.argsort(-skill[those], kind="stable")]
    return order


def surprising(panel: Panel) -> list[dict[str, Any]]:
    """Of each series the answer that surprised most over what was expected; the greatest first."""
    peaks = panel.kept("peaks")
    order = np.argsort(-peaks[:, EXCESS], kind="stable")[:NAMED]
    numbers = {
        "excess": EXCESS,
        "surprise": PEAK_SURPRISE,
        "y": PEAK_Y,
        "low": PEAK_LOW,
        "median": PEAK_MEDIAN,
        "high": PEAK_HIGH,
    }
    return [
        {
            "number": number,
            "row": int(peaks[number, PEAK_ROW]),
            "horizon": int(peaks[number, PEAK_HORIZON]),
            **{name: float(peaks[number, place]) for name, place in numbers.items()},
        }
        for number in order.tolist()
        if peaks[number, EXCESS] > -np.inf
    ]


def examples(panel: Panel, order: np.ndarray, surprised: list[int]) -> list[Example]:
    """The series that are drawn: the first, the middle and the last of an order; the surprised."""
    middle = max(0, (len(order) - EACH) // 2)
    chosen = {
        "best": order[:EACH],
        "typical": order[middle : middle + EACH],
        "worst": order[EACH:][::-1][:EACH],
        "most surprising": np.array(surprised[:EACH], np.int64),
    }
    return [
        Example(number, kind, *newest(panel, number))
        for kind, numbers in chosen.items()
        for number in numbers.tolist()
    ]


def newest(panel: Panel, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The newest rows of a series, and what is drawn of them."""
    seen = int(panel.row("rows", number))
    rows = np.arange(max(0, seen - TRACE), seen)
    return rows, panel.row("traces", number)[rows % TRACE]


def spread(values: np.ndarray) -> dict[str, float]:
    """Quantiles of a score over series."""
    known = values[~np.isnan(values)]
    if not len(known):
        return {}
    found = np.quantile(known, SPREAD).tolist()
    return {f"q{round(100 * p):02d}": value for p, value in zip(SPREAD, found, strict=True)}


def counted(panel: Panel) -> dict[str, np.ndarray]:
    """Of each series, how many values were observed, missing, and refused as absurd."""
    _, at, _ = panel.pattern.places["counts"]
    ints = panel.kept("ints")
    columns = {"observed": OBSERVED, "missing": MISSING, "refused": REFUSED}
    return {name: ints[:, at + column] for name, column in columns.items()}


def coming_rows(panel: Panel, times: Times) -> Iterator[tuple[str, str, int, float, list[float]]]:
    """The next values of every series: time, series, horizon, mean, quantiles."""
    coming = panel.coming()
    for start in range(0, len(panel), AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, len(panel)))
        who = [number for number in numbers for _ in panel.horizons]
        at = times(who, list(panel.horizons) * len(numbers), True)
        for time, (number, horizon, mean, quantiles) in zip(at, coming, strict=False):
            yield time, panel.names[number], horizon, mean, quantiles.tolist()
