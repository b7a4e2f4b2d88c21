"""The scores of a run as tables: beside naive forecasters, of late, and the ten worst points."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from forecast.report.html import Cell, Row, count, moment, table, text
from forecast.report.scores import MEANINGS, RIVALS, Entry, Meaning
from forecast.report.verdict import CLOSER, LESS, closer, number, percent, shown_name
from forecast.report.window import BLOCK, FADING, WINDOW

MOST_RIVALS = 12  # entries of tables that the page shows; the files have all
MOST_SCORED = 60
SIDE_BY_SIDE = 4  # entries whose scores each get a table of their own
LATELY = {"window": f"last {WINDOW} rows", "fading": "fading"}  # beside all answers
SIDES = {"skill": CLOSER, "saving": LESS}  # a unit of scores, and its sign in words


class Rivalry(NamedTuple):
    """How a run stands beside its free rivals."""

    loss: str  # the score that they are compared by; of a rival it ends in its name
    label: str
    rivals: Mapping[str, str]  # name and label
    sides: tuple[str, str]  # a skill won, and one lost, in words
    also: Mapping[str, str]  # shares that the table shows too, and their labels
    how: Callable[[Sequence[str]], str]  # how it is read, of the rivals that are shown


def errors_read(rivals: Sequence[str]) -> str:
    """How errors beside naive forecasters are read."""
    season = ", with that of the same season" if "seasonal" in rivals else ""
    return (
        "Error is the mean distance from the truth (MAE). The free rivals answer with the last "
        f"value known when the question was asked{season}, or with the mean of all values known by "
        "then. Under the error of each stands how much closer to the truth the median forecast "
        "was, or how much further off: skill, 1 - ratio of the two errors, on the same rows."
    )


COVERS = {"coverage90": "90 % covers", "worst500_coverage90": "worst 500"}
OF_NUMBERS = Rivalry("mae", "MAE", RIVALS, CLOSER, COVERS, errors_read)


def rivals_table(scores: Sequence[Entry], rivalry: Rivalry = OF_NUMBERS) -> str:
    """The table against the free rivals; of many entries the first."""
    several = len({entry["series"] for entry in scores}) > 1
    rivals = [one for one in rivalry.rivals if any(e.get(f"n_{one}", e["n"]) for e in scores)]
    shown, left_out = first_of(scores, MOST_RIVALS)
    header = [*(["series"] if several else []), "horizon", "answers", rivalry.label]
    header += [rivalry.rivals[rival] for rival in rivals]
    header += rivalry.also.values()
    loss = rivalry.loss
    lines: list[Row] = [
        [
            *([text(shown_name(e["series"]))] if several else []),
            *(count(e["horizon"]), count(e["n"]), Cell(f"<b>{number(e[loss])}</b>", e[loss])),
            *(beside(e, rival, rivalry) for rival in rivals),
            *(share(e[name]) for name in rivalry.also),
        ]
        for e in shown
    ]
    note = f'<p class="reading">{text(rivalry.how(rivals) + left_out)}</p>'
    return table("errors beside naive forecasters", header, lines) + note


def share(value: float | None) -> Cell:
    """A share in per cent."""
    return Cell(percent(value, 1), value)


def beside(entry: Entry, rival: str, rivalry: Rivalry) -> Cell:
    """The error of a rival, and under it the skill against it, its sign in words and colour."""
    skill, its = entry[f"skill_{rival}"], entry[f"{rivalry.loss}_{rival}"]
    return Cell(f"{number(its)}{skill_in_words(skill, rivalry.sides)}", skill)


def skill_in_words(skill: float | None, sides: tuple[str, str] = CLOSER) -> str:
    """How much closer than a rival, or how much further off.

    Examples
    --------
    >>> skill_in_words(-0.03)
    '<span class="worse">3 % further off</span>'
    """
    if skill is None:
        return "–"
    words = closer(skill, sides)
    colour = "" if words.startswith("no ") else f' class="{"better" if skill > 0.0 else "worse"}"'
    return f"<span{colour}>{words}</span>"


def first_of(scores: Sequence[Entry], most: int) -> tuple[Sequence[Entry], str]:
    """The first entries, and a sentence on those left out."""
    if len(scores) <= most:
        return scores, ""
    return scores[:most], f" The first {most} of {len(scores):,} are shown; scores.json has all."


def scores_part(scores: Sequence[Entry], meanings: Mapping[str, Meaning] = MEANINGS) -> str:
    """All scores, over all answers and of late; for many entries line by line."""
    if not scores:
        return "<p>No question was asked.</p>"
    if len(scores) > SIDE_BY_SIDE:
        late = (
            f"<details><summary>{label[0].upper()}{label[1:]}</summary>"
            f"{scores_lines([{**e, **e[kind]} for e in scores], meanings, set(scores[0][kind]))}"
            "</details>"
            for kind, label in LATELY.items()
        )
        readings = "".join(
            f"<dt>{text(m.label)}{unit(m.unit)}</dt><dd>{text(m.reading)}</dd>"
            for m in meanings.values()
        )
        lines = scores_lines(scores, meanings, set(meanings)) + "\n".join(late)
        return f"{lines}{what_lately_is(scores[0])}<dl>{readings}</dl>"
    return folded(scores, lambda entry: scores_table(entry, meanings)) + what_lately_is(scores[0])


def folded(scores: Sequence[Entry], shown: Callable[[Entry], str]) -> str:
    """A table for each entry; of several, all but the first unfold."""
    if len(scores) == 1:
        return shown(scores[0])
    several = len({entry["series"] for entry in scores}) > 1
    return "\n".join(
        f"<details{'' if i else ' open'}><summary>{text(heading(entry, several))}</summary>"
        f"{shown(entry)}</details>"
        for i, entry in enumerate(scores)
    )


def scores_table(entry: Entry, meanings: Mapping[str, Meaning]) -> str:
    """The scores of one series at one horizon: of all answers and of late, with their meaning."""
    kinds = [entry, *(entry[kind] for kind in LATELY)]
    header = ["score", "all answers", *LATELY.values(), "how to read it"]
    lines = [meaning_line(name, meaning, kinds) for name, meaning in meanings.items()]
    return table("scores", header, lines, sorts=False)


def scores_lines(scores: Sequence[Entry], meanings: Mapping[str, Meaning], known: Set[str]) -> str:
    """The scores of many entries, line by line."""
    shown, left_out = first_of(scores, MOST_SCORED)
    columns = {name: meaning for name, meaning in meanings.items() if name in known}
    header = ["series", "horizon", *(f"{text(m.label)}{unit(m.unit)}" for m in columns.values())]
    lines: list[Row] = [
        [
            text(shown_name(e["series"])),
            count(e["horizon"]),
            *(score(e, name, m.unit) for name, m in columns.items()),
        ]
        for e in shown
    ]
    note = f'<p class="reading">{left_out.strip()}</p>' if left_out else ""
    return table("scores", header, lines) + note


def what_lately_is(entry: Entry) -> str:
    """Which answers the scores of late are taken over, exactly."""
    first, last = entry["window"]["rows"]
    return (
        f'<p class="reading">The window holds the answers of the rows {first:,} to {last:,}, '
        f"counted from 0: the last {WINDOW} rows and up to {BLOCK} more, for it slides by blocks "
        f"of {BLOCK}. The fading scores forget answer by answer: each weighs {FADING:g} times as "
        f"much as the next one, so that all weights come to {WINDOW} answers in the end (Gama, "
        "Sebastião and Rodrigues 2013). Where either is worse than the first column, the "
        "forecaster has become worse, or the stream harder.</p>"
    )


def worst_part(scores: Sequence[Entry]) -> str:
    """The points that surprised most, and those whose error was largest for what was expected."""
    shown, left_out = first_of([e for e in scores if e["worst"] or e["worst_error"]], SIDE_BY_SIDE)
    if not shown:
        return "<p>No question was answered.</p>"
    note = (
        '<p class="reading">The answers that surprised most, the worst first: those to which the '
        "forecast gave the least probability. The error ratio says how many times larger the "
        "error of the median was than the forecast itself expected (the mean distance of its 21 "
        "quantiles from the median); about 1 is usual. The first rows, of which little was known, "
        f"count too.{left_out}</p>"
    )
    return folded(shown, worst_table) + note


def worst_table(entry: Entry) -> str:
    """The ten worst points of one series at one horizon, by surprise and by error ratio."""
    header = ["time", "truth", "median forecast", "90 % interval", "error ratio"]
    header += ["surprise, nats", "expected"]
    by_surprise, by_error = (
        table(f"the ten worst points, {of}", header, [worst_line(point) for point in entry[name]])
        for of, name in (("by surprise", "worst"), ("by error", "worst_error"))
    )
    return (
        f"{by_surprise}<details><summary>The ten of the largest error ratio</summary>"
        f"{by_error}</details>"
    )


def worst_line(point: Mapping[str, Any]) -> Row:
    """One of the worst points."""
    low, high = (number(point[name]) for name in ("low90", "high90"))
    names = ("y", "median", "error_ratio", "surprise", "expected_surprise")
    y, middle, *errors = (Cell(number(point[name]), point[name]) for name in names)
    interval = Cell(f"{low} to {high}", point["low90"])
    return [Cell(moment(point["time"]), point["row"]), y, middle, interval, *errors]


def heading(entry: Entry, several: bool) -> str:
    """What a column of scores is about."""
    where = f"horizon {entry['horizon']}"
    return f"{shown_name(entry['series'], 16)}, {where}" if several else where


def meaning_line(name: str, meaning: Meaning, scores: Sequence[Entry]) -> Row:
    """A score of a few entries with its unit and how it is read."""
    label = f"<b>{text(meaning.label)}</b>{unit(meaning.unit)}"
    reading = Cell(text(meaning.reading), look="words")
    return [label, *(score(entry, name, meaning.unit) for entry in scores), reading]


def unit(name: str) -> str:
    """A unit beside a label: that of the data is called y; a share needs none."""
    words = {"y": "in units of y", "nats": "nats", "bits": "bits"}
    return f" <small>{words[name]}</small>" if name in words else ""


def score(entry: Entry, name: str, unit: str) -> Cell:
    """A score as a cell; where it is undefined the reason shows on hovering."""
    value = entry.get(name, "")
    if value == "":
        return Cell("")
    if value is None:
        return Cell("–", title=entry["reason"][name])
    if isinstance(value, int):
        return count(value)
    if unit in SIDES:
        return Cell(skill_in_words(value, SIDES[unit]), value)
    return share(value) if unit == "share" else Cell(number(value), value)
