"""The scores in words and in a short table: what a person reads first."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from forecast.report.scores import Entry

FEW = 50  # answers below which a comparison says little
CLOSER, LESS = ("closer", "further off"), ("less", "more")  # a skill won, and one lost
SPELLED_OUT = 2  # entries that get a clause each; more are summed up
# the naive forecasters, as their scores are called and in words
NAIVE = {
    "last": "the last value",
    "seasonal": "the same season's last value",
    "running": "the running mean",
}


def verdict(
    scores: Sequence[Entry],
    intervals: Sequence[Mapping[str, Any]] = (),
    course: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Say in three honest sentences how good the forecasts were.

    How much better than the best naive forecaster, and how sure; whether the intervals held; what
    changed lately.

    Parameters
    ----------
    scores : sequence of dict
        ``scores`` of ``scores.json``: one entry per series and horizon.
    intervals : sequence of dict
        ``skill_intervals`` of it: how sure each skill is. Nothing is said of it without them.
    course : sequence of dict
        ``course`` of it: the changes that were detected. Nothing is said of them without it.

    Examples
    --------
    >>> entry = {"series": "co2", "horizon": 1, "n": 2224, "mae": 0.35, "mae_last": 0.49,
    ...          "skill_last": 0.29, "skill_seasonal": None, "coverage90": 0.901,
    ...          "worst500_coverage90": 0.86}
    >>> sure = {"series": "co2", "horizon": 1, "skill_last": [0.27, 0.31]}
    >>> print(verdict([entry], [sure]))
    Median forecasts were 29 % closer than the last value at horizon 1 (95 % sure: 27 to 31 %; \
MAE 0.35 vs 0.49, 2,224 points). The 90 % intervals held: they covered 90.1 %, worst 500 points \
86 %.
    """
    scored = [entry for entry in scores if entry["n"] > 0]
    if not scored:
        return "No question was answered, so nothing can be said about these forecasts."
    said = [against_naive(scored, intervals), coverages(scored)]
    if course:
        said.append(lately(course))
    few = max(entry["n"] for entry in scored)
    if few < FEW:
        said.append(f"That is few: fewer than {FEW} points prove little.")
    return " ".join(said)


def rival_of(entry: Entry, rivals: Iterable[str] = NAIVE) -> str | None:
    """The naive forecaster that came closest, as its scores are called; None without any."""
    skills = {name: entry.get(f"skill_{name}") for name in rivals}
    known = {name: skill for name, skill in skills.items() if skill is not None}
    return min(known, key=lambda name: float(known[name])) if known else None


def against_naive(scored: Sequence[Entry], intervals: Sequence[Mapping[str, Any]]) -> str:
    """How much closer than the best naive forecaster, and how sure."""
    sure = {(one["series"], one["horizon"]): one for one in intervals}
    compared = [(entry, rival_of(entry)) for entry in scored]
    if len(scored) <= SPELLED_OUT:
        start = "Median forecasts were " if compared[0][1] else "As for errors, "
        clauses = [clause(e, rival, sure.get((e["series"], e["horizon"]))) for e, rival in compared]
        return f"{start}{', and '.join(clauses)}."
    return many_against_naive([(e, rival) for e, rival in compared if rival], scored, sure)


def clause(entry: Entry, rival: str | None, sure: Mapping[str, Any] | None) -> str:
    """One entry against the naive forecaster that came closest to it."""
    where = f"at horizon {entry['horizon']}"
    if entry.get("named"):
        where = f"for {shown_name(entry['series'])} {where}"
    n = entry["n"]
    points = "1 point" if n == 1 else f"{n:,} points"
    if rival is None:
        mae = "" if entry["mae"] is None else f"MAE {short(entry['mae'])}, "
        return f"no naive forecaster was a rival {where} ({mae}{points})"
    errors = f"MAE {short(entry['mae'])} vs {short(entry[f'mae_{rival}'])}, {points}"
    how = "" if sure is None else f"{how_sure(sure.get(f'skill_{rival}'))}; "
    return f"{distance(entry[f'skill_{rival}'])} {NAIVE[rival]} {where} ({how}{errors})"


def short(value: float) -> str:
    """Three significant digits, and all of a whole number that a person still reads.

    Examples
    --------
    >>> short(0.29491), short(1405.2), short(2.1e12)
    ('0.295', '1,405', '2.1e+12')
    """
    return f"{value:,.0f}" if 1000.0 <= abs(value) < 1e9 else f"{value:.3g}"


def how_sure(interval: Sequence[float] | None, sides: tuple[str, str] = CLOSER) -> str:
    """The interval of a skill in words.

    Examples
    --------
    >>> how_sure([0.27, 0.31]), how_sure([-0.31, -0.27])
    ('95 % sure: 27 to 31 %', '95 % sure: 27 to 31 %')
    >>> how_sure([0.86, 1.05])  # an error is not below 0
    '95 % sure: 86 to 100 %'
    >>> how_sure([-0.02, 0.05])
    'not sure, it may be chance: from 2 % further off to 5 % closer'
    >>> how_sure(None)
    'too few points to say how sure'
    """
    if interval is None:
        return "too few points to say how sure"
    low, high = interval[0], min(interval[1], 1.0)
    if low <= 0.0 <= high:
        return f"not sure, it may be chance: from {closer(low, sides)} to {closer(high, sides)}"
    near, far = sorted((abs(low), abs(high)))  # on the side of the skill itself
    return f"95 % sure: {100.0 * near:.0f} to {percent(far)}"


def distance(skill: float, sides: tuple[str, str] = CLOSER) -> str:
    """A skill in words, that of losing included.

    Examples
    --------
    >>> distance(0.29), distance(-0.07), distance(0.001)
    ('29 % closer than', '7 % further off than', 'no closer than')
    """
    won, lost = sides
    if skill >= 0.005:
        return f"{percent(skill)} {won} than"
    if skill <= -0.005:
        return f"{percent(-skill)} {lost} than"
    return f"no {won} than"


def closer(skill: float, sides: tuple[str, str] = CLOSER) -> str:
    """A skill in words, without naming the rival again.

    Examples
    --------
    >>> closer(0.29), closer(-0.07, LESS)
    ('29 % closer', '7 % more')
    """
    return distance(skill, sides).removesuffix(" than")


def too(share: float, n: float) -> str:
    """Say when a 90 % interval's coverage is off by more than chance and more than 2 points.

    ``n`` counts independent answers: those h steps ahead overlap, so that n/h of them are.
    """
    allowed = max(0.02, 2.0 * (0.09 / n) ** 0.5)
    if share < 0.9 - allowed:
        return "too narrow"
    return "too wide" if share > 0.9 + allowed else ""


def many_against_naive(
    compared: Sequence[tuple[Entry, str]],
    scored: Sequence[Entry],
    sure: Mapping[tuple[str, int], Mapping[str, Any]],
) -> str:
    """Many entries: how many were won, how many surely, by how much, and the worst."""
    if not compared:
        return "No naive forecaster was a rival in any series."
    skills = [float(entry[f"skill_{rival}"]) for entry, rival in compared]
    won = sum(skill > 0.0 for skill in skills)
    worst, its_rival = min(compared, key=lambda one: float(one[0][f"skill_{one[1]}"]))
    one_series = len({entry["series"] for entry in scored}) == 1
    cases = "horizons" if one_series else "cases (series × horizons)"
    name = "" if one_series else f"{shown_name(worst['series'])} at "
    found = [sure.get((e["series"], e["horizon"]), {}).get(f"skill_{r}") for e, r in compared]
    surely = sum(interval is not None and interval[0] > 0.0 for interval in found)
    how = f" (95 % sure in {surely})" if sure else ""
    won_of = f"{'at' if one_series else 'in'} {won} of {len(skills)} {cases}"
    return (
        f"Median forecasts were closer than the best naive forecaster {won_of}{how}, "
        f"{closer(median(skills))} in the middle case; the "
        f"worst was {name}horizon {worst['horizon']} ({closer(worst[f'skill_{its_rival}'])}, "
        f"{NAIVE[its_rival]})."
    )


def coverages(scored: Sequence[Entry]) -> str:
    """Whether the 90 % intervals held, overall and at their worst."""
    off = [too(entry["coverage90"], entry["n"] / entry["horizon"]) for entry in scored]
    if len(scored) <= SPELLED_OUT:
        covered = [one_coverage(entry, len(scored) > 1) for entry in scored]
        held = "held" if not any(off) else f"were {' and '.join(dict.fromkeys(filter(None, off)))}"
        return f"The 90 % intervals {held}: they covered {', and '.join(covered)}."
    shares = [entry["coverage90"] for entry in scored]
    low, high = percent(min(shares), 1), percent(max(shares), 1)
    worsts = [e["worst500_coverage90"] for e in scored if e["worst500_coverage90"] is not None]
    worst = f", worst 500 points {percent(min(worsts))}" if worsts else ""
    narrow, wide = off.count("too narrow"), off.count("too wide")
    told = [f"too {name} in {n}" for name, n in (("narrow", narrow), ("wide", wide)) if n]
    held = f"were {' and '.join(told)} of {len(off)}" if told else "held"
    return f"The 90 % intervals {held}: they covered between {low} and {high}{worst}."


def one_coverage(entry: Entry, several: bool) -> str:
    """The coverage of one entry."""
    worst = entry["worst500_coverage90"]
    at = f" at horizon {entry['horizon']}" if several else ""
    if several and entry.get("named"):
        at = f" for {shown_name(entry['series'])}{at}"
    lowest = "" if worst is None else f", worst 500 points {percent(worst)}"
    return f"{percent(entry['coverage90'], 1)}{at}{lowest}"


def lately(course: Sequence[Mapping[str, Any]]) -> str:
    """What changed lately: the last change that was detected at the nearest horizon.

    Examples
    --------
    >>> change = {"began": "2014-11-27", "began_row": 7, "recovered": None, "points": 40,
    ...           "excess_loss": 31.4}
    >>> print(lately([{"series": "y", "horizon": 1, "changes": [change]}]))
    The last change began at 2014-11-27 and was not recovered from until the end: 40 points, which \
cost 31 nats more than usual.
    >>> lately([{"series": "y", "horizon": 1, "changes": []}])
    'No change of the stream was detected.'
    """
    nearest = min(entry["horizon"] for entry in course)
    found = [(e, change) for e in course if e["horizon"] == nearest for change in e["changes"]]
    if not found:
        return "No change of the stream was detected."
    entry, change = max(found, key=lambda one: int(one[1]["began_row"]))
    several = len({one["series"] for one in course}) > 1
    of = f" of {shown_name(entry['series'])}" if several else ""
    cost = f"which cost {change['excess_loss']:.0f} nats more than usual"
    points = "1 point" if change["points"] == 1 else f"{change['points']:,} points"
    began = f"The last change{of} began at {shown_name(change['began'])} and was"
    if change["recovered"] is None:
        return f"{began} not recovered from until the end: {points}, {cost}."
    return f"{began} recovered from after {points}, {cost}."


def table(scores: Sequence[Entry]) -> list[list[str]]:
    """The table against the two naive forecasters: a header and a row per series and horizon."""
    header = ["series", "horizon", "answers", "MAE", "last value", "skill"]
    header += ["same season", "skill", "90 % covers", "worst 500"]
    return [header, *(row(entry) for entry in scores)]


def row(entry: Entry) -> list[str]:
    """One row of ``table``."""
    return [
        *(
            shown_name(entry["series"]),
            str(entry["horizon"]),
            f"{entry['n']:,}",
            number(entry["mae"]),
        ),
        *(number(entry["mae_last"]), signed(entry["skill_last"])),
        *(number(entry["mae_seasonal"]), signed(entry["skill_seasonal"])),
        *(percent(entry["coverage90"], 1), percent(entry["worst500_coverage90"], 1)),
    ]


def shown_name(name: str, most: int = 40) -> str:
    """A name as it can be shown: without control characters, cut where it is long.

    Examples
    --------
    >>> shown_name("a\\x00b"), shown_name("x" * 50, 5)
    ('a�b', 'xxxx…')
    """
    clean = "".join(letter if letter.isprintable() else "�" for letter in name)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def number(value: float | None) -> str:
    """Four significant digits, or a dash.

    Examples
    --------
    >>> number(0.35), number(12345.6), number(None), number(-0.00000123)
    ('0.3500', '12,346', '–', '-1.230e-06')
    """
    if value is None:
        return "–"
    size = abs(value)
    if value == 0.0:
        return "0"
    if size < 1e-4 or size >= 1e9:
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 999.95 else f"{value:#.4g}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share as per cent, or a dash."""
    return "–" if share is None else f"{100.0 * share:.{digits}f} %"


def signed(skill: float | None) -> str:
    """A skill as per cent with its sign, or a dash."""
    return "–" if skill is None else f"{100.0 * skill:+.1f} %"
