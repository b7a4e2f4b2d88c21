"""The scores in words and in a short table: what a person reads first."""

from collections.abc import Sequence
from statistics import median

from forecast.report.scores import Entry

FEW = 50  # answers below which a comparison says little
SPELLED_OUT = 2  # entries that get a clause each; more are summed up


def verdict(scores: Sequence[Entry]) -> str:
    """Say in one or two honest sentences how good the forecasts were.

    Parameters
    ----------
    scores : sequence of dict
        ``scores`` of ``scores.json``: one entry per series and horizon.

    Examples
    --------
    >>> entry = {"series": "co2", "horizon": 1, "n": 2224, "mae": 0.35, "mae_last": 0.49,
    ...          "skill_last": 0.29, "skill_seasonal": None, "coverage90": 0.901,
    ...          "worst500_coverage90": 0.86}
    >>> print(verdict([entry]))
    Median forecasts were 29 % closer than the last value at horizon 1 (MAE 0.35 vs 0.49, \
2,224 points); 90 % intervals covered 90.1 %, worst 500 points 86 %.
    """
    scored = [entry for entry in scores if entry["n"] > 0]
    if not scored:
        return "No question was answered, so nothing can be said about these forecasts."
    if len(scored) <= SPELLED_OUT:
        return " ".join(sentence(entry, i > 0) for i, entry in enumerate(scored))
    return f"{against_last(scored)}; {coverages(scored)}.{seasonal_warning(scored)}"


def sentence(entry: Entry, again: bool = False) -> str:
    """One entry's sentence; shorter where it follows another (``again``)."""
    where = f"at horizon {entry['horizon']}"
    if entry.get("named"):
        where = f"for {shown_name(entry['series'])} {where}"
    skill, n = entry["skill_last"], entry["n"]
    points = "1 point" if n == 1 else f"{n:,} points"
    if skill is None:
        mae = "" if entry["mae"] is None else f"MAE {entry['mae']:.3g}, "
        start = f"The last value was no rival {where} ({mae}{points})"
    else:
        compared = f"{distance(skill)} the last value"
        errors = f"(MAE {entry['mae']:.3g} vs {entry['mae_last']:.3g}, {points})"
        start = f"Median forecasts were {compared} {where} {errors}"
        if again:
            start = f"{where[0].upper()}{where[1:]} they were {compared} {errors}"
    few = f" That is few: fewer than {FEW} points prove little." if n < FEW else ""
    return f"{start}; {coverage(entry)}.{seasonal_warning([entry])}{few}"


def distance(skill: float) -> str:
    """A skill in words, that of losing included.

    Examples
    --------
    >>> distance(0.29), distance(-0.07), distance(0.001)
    ('29 % closer than', '7 % further off than', 'no closer than')
    """
    if skill >= 0.005:
        return f"{percent(skill)} closer than"
    if skill <= -0.005:
        return f"{percent(-skill)} further off than"
    return "no closer than"


def closer(skill: float) -> str:
    """A skill in words, without naming the rival again."""
    return distance(skill).removesuffix(" than")


def coverage(entry: Entry) -> str:
    """Whether the 90 % intervals held, overall and at their worst."""
    share, worst = entry["coverage90"], entry["worst500_coverage90"]
    held = f"90 % intervals covered {percent(share, 1)}{too(share, entry['n'] / entry['horizon'])}"
    return held if worst is None else f"{held}, worst 500 points {percent(worst)}"


def too(share: float, n: float) -> str:
    """Say when a 90 % interval's coverage is off by more than chance and more than 2 points.

    ``n`` counts independent answers: those h steps ahead overlap, so that n/h of them are.
    """
    allowed = max(0.02, 2.0 * (0.09 / n) ** 0.5)
    if share < 0.9 - allowed:
        return " (too narrow)"
    return " (too wide)" if share > 0.9 + allowed else ""


def against_last(scored: Sequence[Entry]) -> str:
    """Many entries against the last value: how many were won, by how much, and the worst."""
    compared = [entry for entry in scored if entry["skill_last"] is not None]
    if not compared:
        return "The last value was no rival in any series"
    skills = [entry["skill_last"] for entry in compared]
    won = sum(skill > 0.0 for skill in skills)
    worst = min(compared, key=lambda entry: float(entry["skill_last"]))
    one_series = len({entry["series"] for entry in scored}) == 1
    cases = (
        f"at {won} of {len(skills)} horizons"
        if one_series
        else (f"in {won} of {len(skills)} cases (series × horizons)")
    )
    name = "" if one_series else f"{shown_name(worst['series'])} at "
    return (
        f"Median forecasts were closer than the last value {cases}, {closer(median(skills))} in "
        f"the middle case; the worst was {name}horizon {worst['horizon']} "
        f"({closer(worst['skill_last'])})"
    )


def coverages(scored: Sequence[Entry]) -> str:
    """The range of coverage over many entries."""
    shares = [entry["coverage90"] for entry in scored]
    low, high = min(shares), max(shares)
    between = f"90 % intervals covered between {percent(low, 1)} and {percent(high, 1)}"
    worsts = [e["worst500_coverage90"] for e in scored if e["worst500_coverage90"] is not None]
    return f"{between}, worst 500 points {percent(min(worsts))}" if worsts else between


def seasonal_warning(scored: Sequence[Entry]) -> str:
    """A sentence for each case of losing to the same season's last value; empty otherwise."""
    lost = [e for e in scored if e["skill_seasonal"] is not None and e["skill_seasonal"] <= -0.005]
    if not lost:
        return ""
    rival = "the same season's last value"
    if len(scored) == 1:
        return f" But they were {distance(lost[0]['skill_seasonal'])} {rival}."
    return f" But {rival} was closer in {len(lost)} of {len(scored)} cases."


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
