"""The page of a run of numbers: one file that opens from disk, reads without scripts and prints."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from forecast.distribution.t4 import LEVELS
from forecast.report.document import document
from forecast.report.drawing import Drawing
from forecast.report.html import (
    Cell,
    Row,
    Section,
    count,
    drawn_below,
    drawn_part,
    facts,
    left,
    moment,
    prose,
    reading,
    text,
    title_of,
    unfolding,
)
from forecast.report.predictions import Next
from forecast.report.score_tables import rivals_table, scores_part, worst_part
from forecast.report.scores import MEDIAN, Entry
from forecast.report.sections import adapting, calibration, confusion, cost, honesty, told
from forecast.report.verdict import shown_name, verdict

FIRST_NEXT = 12  # next values shown at once; the others unfold
MOST_NEXT = 120  # rows of the table that the page shows; the file has all
# figures of one part of the page each; of any other name, of a part of their own
CALIBRATION = ("pit", "reliability", "coverage", "sharpness")


def page(
    record: Mapping[str, Any], next_rows: Sequence[Next], figures: Sequence[Drawing], choice: str
) -> str:
    """The whole page as text.

    Parameters
    ----------
    record : mapping
        What ``scores.json`` holds.
    next_rows : sequence of Next
    figures : sequence of Drawing
    choice : str
        A sentence on which series and horizons the figures show.
    """
    scores, course = record["scores"], record["course"]
    drawn = {figure.name: drawn_part(figure) for figure in figures}
    said = verdict(named(scores), record["skill_intervals"], course)
    head = [
        f'<p class="under">{text(scope(record))}</p>',
        f'<p class="verdict">{prose(said)}</p>',
    ]
    chosen = reading(choice) if choice else ""
    come = drawn.get("next", "") + next_table(next_rows) + chosen
    confused = [figure for figure in figures if figure.name.startswith("confusion")]
    skills = [drawn_below(figure, first=True) for figure in figures if figure.name == "skill"]
    rivals = rivals_table(scores) + "".join(skills)
    sections = [
        Section("next", "The next values", come),
        Section("rivals", "Beside naive forecasters", rivals),
        Section("forecast", "Forecast and truth", drawn.get("forecast", "")),
        Section("scores", "Scores", scores_part(scores)),
        Section("worst", "The ten worst points", worst_part(scores)),
        calibration([figure for figure in figures if figure.name in CALIBRATION]),
        confusion(course, confused, len(record["series"])),
        adapting(course),
        honesty(record),
        Section("source", "Where this came from", facts(record, told)),
        cost(record),
    ]
    return document(title_of(record), head, sections)


def scope(record: Mapping[str, Any]) -> str:
    """How much was asked: answers, series, horizons."""
    series, horizons = record["series"], record["horizons"]
    which = shown_name(series[0]) if len(series) == 1 else f"{len(series):,} series"
    if len(horizons) > 3:
        steps = f"{len(horizons)} horizons from {horizons[0]} to {horizons[-1]}"
    else:
        listed = (
            " and ".join(str(h) for h in horizons)
            if len(horizons) < 3
            else (f"{horizons[0]}, {horizons[1]} and {horizons[2]}")
        )
        steps = f"horizon{'s' if len(horizons) > 1 else ''} {listed}"
    season = f" · season of {record['season']} rows" if record["season"] > 1 else ""
    answered = sum(entry["n"] for entry in record["scores"])
    return (
        f"{which} · {steps}{season} · {answered:,} answered questions, "
        "each forecast made before its answer was known"
    )


def named(scores: Sequence[Entry]) -> list[Entry]:
    """The entries, marked where the series has to be named because there are several."""
    several = len({entry["series"] for entry in scores}) > 1
    return [{**entry, "named": several} for entry in scores]


def next_table(rows: Sequence[Next]) -> str:
    """The next values with their intervals."""
    if not rows:
        return "<p>No value past the end was asked for.</p>"
    several = len({row.series for row in rows}) > 1
    header = ["time", *(["series"] if several else []), "horizon", "median"]
    header += ["50 % interval", "90 % interval", "95 % interval"]
    digits = {
        name: max(decimals(row) for row in rows if row.series == name)
        for name in {row.series for row in rows[:MOST_NEXT]}
    }
    lines = [next_line(row, digits[row.series], several) for row in rows[:MOST_NEXT]]
    shown = unfolding("the next values", header, lines, FIRST_NEXT, "The values after these")
    note = reading(f"forecast.csv has all {len(rows):,}.") if len(rows) > MOST_NEXT else ""
    return shown + note


def next_line(row: Next, digits: int, several: bool) -> Row:
    """One next value with its intervals, with so many decimals."""
    q = row.quantiles

    def between(level: float) -> Cell:
        low = LEVELS.index(level)
        ends = (plain(q[k], digits) for k in (low, len(q) - 1 - low))
        return Cell(" to ".join(ends), q[low])

    time = Cell(moment(row.time), row.horizon)
    name = [left(text(shown_name(row.series)))] if several else []
    median = Cell(f"<b>{plain(q[MEDIAN], digits)}</b>", q[MEDIAN])
    intervals = (between(level) for level in (0.25, 0.05, 0.025))
    return [time, *name, count(row.horizon), median, *intervals]


def decimals(row: Next) -> int:
    """Decimals that show the width of a 90 % interval to two digits; -1 for exponents.

    Examples
    --------
    >>> decimals(Next("t", "y", 1, 370.0, [370.0 + 0.2 * i for i in range(21)]))
    1
    """
    q = row.quantiles
    width = q[LEVELS.index(0.95)] - q[LEVELS.index(0.05)]
    if not math.isfinite(width) or abs(q[MEDIAN]) >= 1e12 or 0.0 < width < 1e-8:
        return -1
    return max(0, 1 - math.floor(math.log10(width))) if width > 0.0 else 4


def plain(value: float, digits: int) -> str:
    """A number with so many decimals."""
    return f"{value:.6g}" if digits < 0 else f"{value:,.{digits}f}"
