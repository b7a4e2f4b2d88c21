"""The page of a panel, and what it says in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.panel.loop import EARLY
from forecast.report.document import document
from forecast.report.drawing import Drawing
from forecast.report.html import (
    Cell,
    Row,
    Section,
    count,
    drawn_part,
    facts,
    left,
    moment,
    prose,
    reading,
    table,
    text,
    title_of,
)
from forecast.report.scores import MEANINGS
from forecast.report.sections import cost, told
from forecast.report.verdict import number, percent, shown_name

POOLED = (
    *("n", "mae", "rmse", "mase", "surprise", "crps", "pinball"),
    *("coverage50", "coverage80", "coverage90", "coverage95", "width90", "winkler90", "bias"),
)
RIVALRY = {"last": "the last value", "seasonal": "the same season's last value"}
SPREAD = {
    "skill_last": "skill, last value",
    "skill_seasonal": "skill, same season",
    "mase": "MASE",
    "coverage90": "90 % coverage",
}
QUANTILES = {"q05": "5 %", "q25": "25 %", "q50": "median", "q75": "75 %", "q95": "95 %"}


def panel_verdict(record: Mapping[str, Any]) -> str:
    """How good the forecasts were over the series, in sentences."""
    entry, panel = record["scores"][0], record["panel"]
    if not entry["n"]:
        return "No question was answered, so nothing can be said about these forecasts."
    said = []
    for name, rival in RIVALRY.items():
        skill, better = entry[f"mean_skill_{name}"], entry[f"better_than_{name}"]
        if skill is not None and better is not None:
            closer = f"{percent(abs(skill))} {'closer' if skill >= 0 else 'further off'} than"
            said.append(f"{closer} {rival} (better on {percent(better)} of the series)")
    steps = f"{entry['horizon']} step{'s' if entry['horizon'] > 1 else ''} ahead"
    beside = f"On the mean series the forecasts {steps} were {' and '.join(said)}. " if said else ""
    return (
        f"{beside}The 90 % intervals held {percent(entry['coverage90'])} of all answers; on half "
        f"of the {panel['answered']:,} series with an answer "
        f"{percent(entry['spread']['coverage90']['q50'])} or more."
    )


def page(record: Mapping[str, Any], figures: Sequence[Drawing]) -> str:
    """The whole page as text.

    Parameters
    ----------
    record : mapping
        What ``scores.json`` holds.
    figures : sequence of Drawing
    """
    panel, scores = record["panel"], record["scores"]
    drawn = {figure.name: drawn_part(figure) for figure in figures}
    head = [
        f'<p class="under">{text(scope(record))}</p>',
        f'<p class="verdict">{prose(panel_verdict(record))}</p>',
    ]
    listed = "scores.csv has every series; forecast.csv what comes next of each."
    sections = [
        Section("skill", "Skill over the series", drawn.get("skill", "") + spread_table(scores)),
        Section("series", "Some of the series", drawn.get("forecast", "")),
        Section("best", "The best and the worst", sides(panel) + reading(listed)),
        Section("surprising", "The most surprising", surprising_table(panel["surprising"])),
        Section("calibration", "Coverage", drawn.get("coverage", "")),
        Section("scores", "Scores over all answers", scores_table(scores)),
        Section(
            "source",
            "Where this came from",
            facts(record, lambda key: key != "panel" and told(key)),
        ),
        cost(record),
    ]
    return document(title_of(record), head, sections)


def scope(record: Mapping[str, Any]) -> str:
    """How much was asked."""
    horizons = record["horizons"]
    steps = (
        f"{len(horizons)} horizons from {horizons[0]} to {horizons[-1]}"
        if len(horizons) > 3
        else f"horizon{'s' if len(horizons) > 1 else ''} {', '.join(map(str, horizons))}"
    )
    season = f" · season of {record['season']} rows" if record["season"] > 1 else ""
    answered = sum(entry["n"] for entry in record["scores"])
    return (
        f"{record['panel']['count']:,} series · {steps}{season} · {answered:,} answered questions, "
        "each forecast made before its answer was known"
    )


def spread_table(scores: Sequence[Mapping[str, Any]]) -> str:
    """Quantiles of some scores over the series."""
    lines: list[Row] = [
        [
            left(text(label)),
            count(entry["horizon"]),
            *(Cell(shown(name, spread[q]), spread[q]) for q in QUANTILES),
        ]
        for name, label in SPREAD.items()
        for entry in scores
        if (spread := entry["spread"][name])
    ]
    header = ["score", "horizon", *QUANTILES.values()]
    how = reading("Quantiles over the series: at the median half of them lie below.")
    return table("how scores are spread over the series", header, lines, sorts=False) + how


def shown(name: str, value: float | None) -> str:
    """A score in its unit."""
    if value is None or name == "mase":
        return number(value)
    return percent(value)


def sides(panel: Mapping[str, Any]) -> str:
    """The series with the highest skill and with the lowest."""
    tables = []
    for kind in ("best", "worst"):
        lines: list[Row] = [
            [
                left(text(shown_name(one["series"]))),
                count(one["n"]),
                Cell(number(one["mae"]), one["mae"]),
                *(skill(one[f"skill_{rival}"]) for rival in RIVALRY),
                Cell(shown("", one["coverage90"]), one["coverage90"]),
            ]
            for one in panel[kind]
        ]
        header = ["series", "answers", "MAE", "skill, last value", "skill, same season"]
        name = f"the {kind} series"
        heading = f"<h3>The {kind}</h3>"
        tables.append(heading + table(name, [*header, "90 % coverage"], lines))
    return "".join(tables)


def skill(value: float | None) -> Cell:
    """A skill, marked where it is one."""
    if value is None:
        return Cell("–")
    return Cell(f"{100.0 * value:+.1f} %", value, "better" if value > 0 else "worse")


def surprising_table(surprises: Sequence[Mapping[str, Any]]) -> str:
    """The answers that surprised most over what was expected, one of a series."""
    lines: list[Row] = [
        [
            left(text(shown_name(one["series"]))),
            Cell(moment(one["time"]), one["row"]),
            count(one["horizon"]),
            Cell(number(one["y"]), one["y"]),
            Cell(f"{number(one['low'])} to {number(one['high'])}", one["low"]),
            Cell(number(one["surprise"]), one["surprise"]),
            Cell(number(one["excess"]), one["excess"]),
        ]
        for one in surprises
    ]
    header = ["series", "time", "horizon", "truth", "90 % interval", "surprise, nats"]
    how = reading(
        "Of each series its most surprising answer after its first "
        f"{EARLY} rows; sorted by surprise above expected."
    )
    shown = table("the most surprising answers", [*header, "above expected"], lines)
    return shown + how if lines else ""


def scores_table(scores: Sequence[Mapping[str, Any]]) -> str:
    """The scores over all answers, a column for each horizon."""
    some = scores if len(scores) <= 4 else [scores[0], scores[len(scores) // 2], scores[-1]]
    lines: list[Row] = [
        [
            left(text(MEANINGS[name].label)),
            *(
                count(entry[name]) if name == "n" else Cell(number(entry[name]), entry[name])
                for entry in some
            ),
            left(text(MEANINGS[name].unit)),
            Cell(text(MEANINGS[name].reading), look="words"),
        ]
        for name in POOLED
    ]
    header = ["score", *(f"{entry['horizon']} ahead" for entry in some), "unit", "how to read it"]
    how = reading(
        "Every answer counts once: a series of large numbers outweighs others in what is measured "
        "in y. Skill and MASE above count every series."
    )
    return table("scores over all answers", header, lines, sorts=False) + how
