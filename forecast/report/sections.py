"""Parts of the page: confusion, adapting, honesty and cost, each with how it is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.report.account import looked_ahead
from forecast.report.changes import MOST_STRETCHES
from forecast.report.course import BLOCKS, CLIP, MOST_WATCHED
from forecast.report.drawing import Drawing
from forecast.report.findings import Finding
from forecast.report.html import (
    Cell,
    Row,
    Section,
    count,
    drawn_below,
    drawn_part,
    left,
    moment,
    reading,
    table,
    text,
    unfolding,
)
from forecast.report.verdict import number, percent, shown_name

MOST_CHANGES = 12  # of each series and horizon, the last ones
MOST_LISTED = 60  # lines of a table
FIRST = 12  # of them that are shown at once; the others unfold
# what differs when a run is run again
COST = ("seconds", "points_per_second", "cost", "state_bytes")
# what these parts of the page show
SHOWN = (
    *("scores", "questions", "skill_intervals", "course", "look_ahead", "warm_up_rows", "values"),
    *("passages", "continuation"),
)


def told(key: str) -> bool:
    """Whether a fact is shown by no other part of the page."""
    return key not in (*COST, *SHOWN)


def where(entry: Mapping[str, Any], several: bool) -> str:
    """Series and horizon of a line of a table."""
    name = f"{shown_name(entry['series'], 24)}, " if several else ""
    return f"{name}{entry['horizon']} ahead"


def several_series(course: Sequence[Finding]) -> bool:
    """Whether series have to be named."""
    return len({entry["series"] for entry in course}) > 1


def calibration(figures: Sequence[Drawing]) -> Section:
    """Whether probabilities mean what they say, and how sharp the forecasts are beside it."""
    parts = (f"<h3>{text(figure.title)}</h3>{drawn_part(figure)}" for figure in figures)
    return Section("calibration", "Calibration", "\n".join(parts))


def confusion(course: Sequence[Finding], figures: Sequence[Drawing], series: int) -> Section:
    """What it was confused by: figures, and the most surprising stretches."""
    several = several_series(course)
    found = [(entry, stretch) for entry in course for stretch in entry["stretches"]]
    found.sort(key=lambda one: one[1]["expected"] - one[1]["surprise"])
    drawn = "".join(drawn_below(one, first=one is figures[0]) for one in figures)
    lines: list[Row] = [
        [
            Cell(moment(stretch["from"]), stretch["first_row"]),
            left(moment(stretch["to"]), stretch["last_row"]),
            left(text(where(entry, several))),
            count(stretch["answers"]),
            nats(stretch["surprise"]),
            nats(stretch["expected"]),
        ]
        for entry, stretch in found[:MOST_LISTED]
    ]
    header = ["from", "to", "steps", "answers", "surprise, nats", "expected, nats"]
    watched = f" Of {series:,} series the first {MOST_WATCHED} are watched." * (
        series > MOST_WATCHED
    )
    how = (
        f"Up to {MOST_STRETCHES} runs of answers of each series and horizon with the highest "
        "surprise above what was expected (above the mean, where forecasts expect none), none "
        "overlapping another, the worst first; a run "
        f"is twelve answers, or a block or horizon if that is longer.{watched}"
    )
    name = "The most surprising stretches"
    shown = unfolding(name.lower(), header, lines, FIRST, "The stretches after these")
    listed = f"<h3>{name}</h3>{shown}{reading(how)}" if lines else ""
    return Section("confusion", "What it was confused by", drawn + listed)


def nats(value: float | None) -> Cell:
    """A surprise, or a dash where it is not known."""
    return Cell(number(value), value)


def adapting(course: Sequence[Finding]) -> Section:
    """What each change cost until it was learned, and what was remembered."""
    name, title = "adapting", "Adapting and forgetting"
    if not course:
        return Section(name, title, "")
    length = course[0]["rows_per_block"]
    rows = "row by row" if length == 1 else f"in blocks of {length:,} rows"
    within = f"above what was expected, each answer's within {CLIP:g} nats"
    if course[0]["expects"] is False:
        within = "above its mean, within three standard deviations"
    how = (
        f"A change is noticed by the Page-Hinkley test on the surprise {within} and for no more "
        "than half of what makes a change, so that one outlier is none; the stream is looked at "
        f"{rows} (at most {BLOCKS:,} blocks), and over no less than a horizon. Where "
        "nothing changes there is about one false alarm in 25,000 blocks. Recovered: the mean of "
        "the surprise above what was expected over the 25 answers that follow (two horizons if "
        "longer) is no more than two standard errors above that before the change; points are the "
        "answers from the beginning until then. Excess loss is their surprise above the mean "
        "before the change, or after it where that is higher."
    )
    unfolds = f"<details><summary>How a change is noticed</summary>{reading(how)}</details>"
    return Section(name, title, changes_table(course) + unfolds + returns_table(course))


def changes_table(course: Sequence[Finding]) -> str:
    """The last changes of each series and horizon, the last of all first."""
    several = several_series(course)
    found = [(entry, change) for entry in course for change in entry["changes"][-MOST_CHANGES:]]
    found.sort(key=lambda one: one[1]["began_row"], reverse=True)
    lines: list[Row] = [
        [
            Cell(moment(change["began"]), change["began_row"]),
            left(text(where(entry, several))),
            left(moment(change["noticed"]), change["noticed_row"]),
            left(moment(change["recovered"] or "not yet"), change["until_row"]),
            count(change["points"]),
            Cell(f"{change['excess_loss']:+,.1f}", change["excess_loss"]),
            nats(change["surprise_before"]),
        ]
        for entry, change in found[:MOST_LISTED]
    ]
    if not lines:
        return "<p>No change was detected.</p>"
    header = ["change began", "steps", "noticed", "recovered", "points"]
    header += ["excess loss, nats", "before, nats"]
    total = sum(len(entry["changes"]) for entry in course)
    more = (
        f'<p class="reading">{total:,} changes in all: scores.json has them.</p>'
        if total > len(lines)
        else ""
    )
    return unfolding("changes, the last first", header, lines, FIRST, "Earlier changes") + more


def returns_table(course: Sequence[Finding]) -> str:
    """Regimes that came back; nothing where nothing did."""
    several = several_series(course)
    lines: list[Row] = [
        [
            Cell(moment(one["again"]), one["again_row"]),
            left(text(where(entry, several))),
            left(moment(one["first"]), one["first_row"]),
            count(one["answers"]),
            nats(one["first_surprise"]),
            nats(one["surprise"]),
        ]
        for entry in course
        for one in entry["returns"]
    ]
    if not lines:
        return ""
    header = ["came back", "steps", "first visit", "answers compared"]
    header += ["surprise at first, nats", "surprise now, nats"]
    how = (
        "Regimes between changes that returned: of the same level (within half a spread) and "
        "spread (within half as much again) as one before, with another between. Compared are the "
        "first answers of both visits; less surprise now means that something was remembered. The "
        "first regime of all began with knowing nothing."
    )
    shown = table("what came back", header, lines[:MOST_LISTED])
    return f"<h3>What came back</h3>{shown}{reading(how)}"


def honesty(record: Mapping[str, Any]) -> Section:
    """When questions were asked and answered, and whether the run looked ahead."""
    asked = record.get("questions", [])
    several = len({entry["series"] for entry in asked}) > 1
    lines: list[Row] = [
        [
            text(where(entry, several)),
            *(count(entry[name]) for name in ("asked", "answered", "open", "unanswered")),
        ]
        for entry in asked[:MOST_LISTED]
    ]
    header = ["steps", "asked", "answered and scored", "open at the end", "without an answer"]
    shown = table("questions", header, lines) if lines else ""
    said = [
        f"{ONE_AHEAD if 'kind' in record else AHEAD}, and only then is it learned from. "
        "predictions.csv has the row at which each was asked (issued) and the time at which it was "
        "answered.",
        never_scored(record),
        f"Rows that are left out of the scores to warm up: {record.get('warm_up_rows', 0):,}.",
    ]
    test = record.get("look_ahead")
    if test:
        said.append(f"Look-ahead test on this very configuration. {looked_ahead(test)}")
    return Section("honesty", "Honesty", shown + "".join(f"<p>{text(one)}</p>" for one in said))


AHEAD = (
    "Every row asks one question of each series and horizon, before the next row is read; its "
    "answer is scored when its row comes"
)
ONE_AHEAD = (
    "Every answer is asked for before it is told, the first one included; it is scored when it "
    "comes"
)


def never_scored(record: Mapping[str, Any]) -> str:
    """How many answers were missing or refused, and what was left out of the file.

    Examples
    --------
    >>> mail = {"label": {"observed": 90, "missing": 0, "refused": 0}}
    >>> never_scored({"kind": "labels", "values": mail, "bad_rows": {"blank line": 2}})
    'Answers that were missing: 0; refused: 0. Noticed in the file: blank line, 2.'
    """
    values, bad = record.get("values", {}), record.get("bad_rows", {})
    kinds = {k: sum(one.get(k, 0) for one in values.values()) for k in ("missing", "refused")}
    if "kind" in record:
        noticed = "; ".join(f"{reason}, {n:,}" for reason, n in bad.items())
        return (
            f"Answers that were missing: {kinds['missing']:,}; refused: {kinds['refused']:,}. "
            f"Noticed in the file: {noticed or 'nothing'}."
        )
    return (
        f"Values that were missing: {kinds['missing']:,}; refused as absurd or out of bounds: "
        f"{kinds['refused']:,}; rows that --exclude took out: {bad.get('excluded', 0):,}."
    )


# what a run spent: its name in words, its unit, and how it is read
SPENT = {
    "seconds": (
        "whole run",
        "s",
        "until all was scored; changes, pictures and this page come after",
    ),
    "points_per_second": ("speed", "points a second", "starting left out"),
    "us_per_point": ("a point", "µs", "the same, the other way round; missing values are points"),
    "starting_seconds": ("starting", "s", "imports, and machine code that is compiled or found"),
    "reading_seconds": ("reading", "s", "from the file to numbers"),
    "predicting_and_learning_seconds": ("predicting and learning", "s", "one compiled loop"),
    "asking_share_of_loop": (
        *("predicting alone", "of the loop"),
        "its two parts timed on the last rows; learning already prepares the next forecasts",
    ),
    "scoring_seconds": ("scoring", "s", "scores, and what the figures are drawn from"),
    "writing_seconds": ("writing", "s", "predictions.csv"),
    "call_p50_us": (
        *("a single call, median", "µs"),
        "one row from Python on a copy of the learner: all horizons predicted, then learned",
    ),
    "call_p99_us": ("a single call, 99 %", "µs", "all but one in a hundred took less"),
    "predict_p50_us": ("of it predicting", "µs", "median"),
    "learn_p50_us": ("of it learning", "µs", "median"),
    "call_points": ("calls timed", "", "on the last rows, after the run"),
    "peak_memory_bytes": ("peak memory", "MB", "of the whole process, libraries included"),
    "state_bytes": ("state", "bytes", "of the learner: what a checkpoint holds"),
}


def cost(record: Mapping[str, Any]) -> Section:
    """What the run cost, as a section that can be cut out: it alone differs between two runs."""
    said = {**record, **(record.get("cost") or {})}
    lines: list[Row] = [
        [
            text(label),
            spent(name, said[name]),
            left(text(unit)),
            Cell(text(how), look="words"),
        ]
        for name, (label, unit, how) in SPENT.items()
        if said.get(name) is not None
    ]
    shown = table("what it cost", ["what", "spent", "unit", "how to read it"], lines, sorts=False)
    content = shown + reading(time_shares(said)) if lines else "<p>Not measured.</p>"
    return Section("cost", "What it cost", content)


def spent(name: str, value: float) -> str:
    """What was spent, in its unit.

    Examples
    --------
    >>> spent("peak_memory_bytes", 186_253_312), spent("seconds", 3.13418), spent("x", 218048)
    ('186', '3.134', '218,048')
    """
    if name == "peak_memory_bytes":
        return f"{value / 1e6:,.0f}"
    if name == "asking_share_of_loop":
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else number(value)


def time_shares(cost: Mapping[str, Any]) -> str:
    """Where the time went, in per cent of what was spent on rows.

    Examples
    --------
    >>> time_shares({"reading_seconds": 1.0, "predicting_and_learning_seconds": 7.0,
    ...              "scoring_seconds": 1.5, "writing_seconds": 0.5})
    'Of the time spent on rows, reading took 10 %, predicting and learning 70 %, scoring 15 %, \
writing 5 %.'
    """
    names = ("reading", "predicting_and_learning", "scoring", "writing")
    used = {name.replace("_", " "): cost.get(f"{name}_seconds") or 0.0 for name in names}
    total = sum(used.values())
    if not total:
        return ""
    listed = [f"{name} {percent(seconds / total)}" for name, seconds in used.items()]
    listed[0] = listed[0].replace("reading ", "reading took ")
    return f"Of the time spent on rows, {', '.join(listed)}."
