"""The page: one file that opens from disk, reads without scripts and prints."""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from html import escape
from typing import Any

from forecast.distribution import LEVELS
from forecast.report.plots import PALETTE, Drawing
from forecast.report.predictions import Next
from forecast.report.scores import MEANINGS, MEDIAN, RIVALS, Entry, Meaning
from forecast.report.verdict import closer, number, percent, shown_name, verdict
from forecast.report.window import BLOCK, FADING, WINDOW

FIRST_NEXT = 12  # next values shown at once; the others unfold
MOST_NEXT = 120  # rows of tables that the page shows; the files have all
MOST_SCORED = 60
# what differs when a run is run again
COST = ("seconds", "points_per_second", "cost", "state_bytes")
# what other parts of the page show
SHOWN = ("scores", "questions", "skill_intervals", "course", "look_ahead", "warm_up_rows", "values")
SIDE_BY_SIDE = 4  # entries whose scores each get a table of their own
CALIBRATION = ("pit", "reliability", "coverage", "sharpness")  # figures of one part of the page

LIGHT = "".join(f"--{name}:{light};" for name, (light, _) in PALETTE.items())
DARK = "".join(f"--{name}:{dark};" for name, (_, dark) in PALETTE.items())
STYLE = f"""
:root{{color-scheme:light dark;--paper:#fff;--raised:#f6f6f4;{LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{--paper:#16171a;--raised:#1f2125;{DARK}}}}}
@media print{{:root{{color-scheme:light;--paper:#fff;--raised:#f6f6f4;{LIGHT}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}}
main{{max-width:60rem;margin:0 auto;padding:3.5rem 1.5rem 5rem}}
h1{{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .35rem;overflow-wrap:anywhere}}
h2{{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:4rem 0 .75rem}}
h3{{font-size:1.05rem;line-height:1.4;margin:2.25rem 0 .5rem}}
p{{margin:.5rem 0;max-width:46rem}}
.under{{color:var(--muted);margin:0}}
.verdict{{font-size:1.2rem;line-height:1.55;margin:2rem 0 1.75rem;padding-left:1.1rem;
border-left:4px solid var(--blue);max-width:52rem}}
.wide{{overflow-x:auto;margin:1rem 0}}
table{{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}}
th,td{{padding:.42rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;
vertical-align:baseline}}
th{{font-weight:400}}
thead th{{color:var(--muted);font-weight:500;border-bottom:1.5px solid var(--muted);
vertical-align:bottom}}
th:first-child,td:first-child,.left{{text-align:left}}
th:first-child,td:first-child{{padding-left:0}}
td.words{{white-space:normal;text-align:left;color:var(--muted);min-width:16rem;font-size:.85rem}}
td.any{{white-space:normal;text-align:left;overflow-wrap:anywhere}}
.better{{color:var(--blue);font-weight:600}}
.worse{{color:var(--vermillion);font-weight:600}}
td span{{display:block}}
small{{color:var(--muted);font-weight:400}}
figure{{margin:1rem 0 2rem}}
figure svg{{display:block;width:100%;min-width:38rem;height:auto}}
figure svg text{{font-family:inherit!important;font-variant-numeric:tabular-nums}}
.reading{{color:var(--muted);font-size:.92rem;max-width:46rem}}
.reading b{{color:var(--ink);font-weight:600}}
details{{margin:.75rem 0}}
summary{{cursor:pointer;color:var(--blue);font-size:.95rem}}
dl{{font-size:.9rem;columns:2 24rem;column-gap:3rem;color:var(--muted)}}
dt{{color:var(--ink);font-weight:600;break-after:avoid}}
dd{{margin:0 0 .5rem}}
@media print{{body{{font-size:10pt}}main{{max-width:none;padding:0}}h2{{margin-top:1.6rem;
break-after:avoid}}section,tr{{break-inside:avoid}}.wide,figure{{overflow:visible}}}}
"""
LEFT = ' class="left"'
WORDS = (
    "series",
    "how to read it",
    "what was said",
    "where it stood",
    "label",
    "message",
    *("to", "unit", "steps", "noticed", "recovered", "first visit"),
)  # columns of words, set to the left
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


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
    # late: they are made of what this file has
    from forecast.report.sections import adapting, confusion, cost, honesty

    scores, course = record["scores"], record["course"]
    title = title_of(record)
    confused = [figure for figure in figures if figure.name.startswith("confusion")]
    figures = [figure for figure in figures if figure not in confused]
    drawn = {figure.name: figure for figure in figures}
    first = drawn.pop("next", None)
    calibration = [drawn.pop(name) for name in CALIBRATION if name in drawn]
    body = [
        f"<h1>{text(title)}</h1>",
        f'<p class="under">{text(scope(record))}</p>',
        f'<p class="verdict">{text(verdict(named(scores), record["skill_intervals"], course))}</p>',
        rivals_table(scores),
        section("The next values", (drawn_part(first) if first else "") + next_table(next_rows)),
        f'<p class="reading">{text(choice)}</p>' if choice else "",
        *(section(figure.title, drawn_part(figure)) for figure in drawn.values()),
        confusion(course, confused, len(record["series"])),
        adapting(course),
        calibration_part(calibration),
        section("Scores", scores_part(scores)),
        section("The ten worst points", worst_part(scores)),
        honesty(record),
        section("Where this came from", facts(record, lambda key: key not in (*COST, *SHOWN))),
        cost(record),
    ]
    return document(title, body)


def document(title: str, body: Sequence[str], what: str = "Forecast of") -> str:
    """The parts of a page as a whole one, under the title of what was forecast."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{what} {text(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(body)}\n</main></body></html>\n"
    )


def text(value: object) -> str:
    """Anything as text that the page shows and never obeys.

    Examples
    --------
    >>> text('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return escape(shown_name(str(value), 2000))


def section(title: str, content: str) -> str:
    """A part of the page under its heading."""
    return f"<section><h2>{text(title)}</h2>\n{content}</section>"


def drawn_part(figure: Drawing) -> str:
    """A figure with the sentence on how it is read."""
    how = f'<figcaption class="reading"><b>How to read it.</b> {text(figure.reading)}</figcaption>'
    return f'<figure><div class="wide">{figure.svg}</div>{how}</figure>'


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the first cell of a row names it."""
    head = "".join(f'<th scope="col"{LEFT if cell in WORDS else ""}>{cell}</th>' for cell in header)
    lines = [
        f'<tr><th scope="row">{name}</th>{"".join(in_cell(cell) for cell in cells)}</tr>'
        for name, *cells in rows
    ]
    body = "\n".join(lines)
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="a table"><table><thead><tr>{head}'
        f"</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def in_cell(content: str) -> str:
    """Content in a cell of its own, unless it brings one."""
    return content if content.startswith("<td") else f"<td>{content}</td>"


def title_of(record: Mapping[str, Any]) -> str:
    """What was forecast: the last part of the source's name."""
    source = str(record.get("source") or "a stream")
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or source


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


def rivals_table(scores: Sequence[Entry]) -> str:
    """The table against the free rivals; of many entries the first."""
    several = len({entry["series"] for entry in scores}) > 1
    rivals = [rival for rival in RIVALS if any(e[f"n_{rival}"] for e in scores)]
    shown, left_out = first_of(scores, 12)
    header = [*(["series"] if several else []), "horizon", "answers", "MAE"]
    header += [RIVALS[rival] for rival in rivals]
    header += ["90 % covers", "worst 500"]
    lines = [
        [
            *([text(shown_name(e["series"]))] if several else []),
            *(f"{e['horizon']}", f"{e['n']:,}", f"<b>{number(e['mae'])}</b>"),
            *(beside(e, rival) for rival in rivals),
            *(percent(e["coverage90"], 1), percent(e["worst500_coverage90"], 1)),
        ]
        for e in shown
    ]
    note = (
        '<p class="reading">Error is the mean distance from the truth (MAE). The free rivals '
        "answer with the last value known when the question was asked"
        + (", with that of the same season" if "seasonal" in rivals else "")
        + ", or with the mean of all values known by then. Under the error of each stands how "
        "much closer to the truth the median forecast was, or how much further off: skill, 1 - "
        f"ratio of the two errors, on the same rows.{left_out}</p>"
    )
    return html_table(header, lines) + note


def beside(entry: Entry, rival: str) -> str:
    """The error of a rival, and under it the skill against it, its sign in words and colour."""
    return f"{number(entry[f'mae_{rival}'])}{skill_in_words(entry[f'skill_{rival}'])}"


def skill_in_words(skill: float | None) -> str:
    """How much closer than a rival, or how much further off.

    Examples
    --------
    >>> skill_in_words(-0.03)
    '<span class="worse">3 % further off</span>'
    """
    if skill is None:
        return "–"
    words = closer(skill)
    colour = "" if words == "no closer" else f' class="{"better" if skill > 0.0 else "worse"}"'
    return f"<span{colour}>{words}</span>"


def first_of(scores: Sequence[Entry], most: int) -> tuple[Sequence[Entry], str]:
    """The first entries, and a sentence on those left out."""
    if len(scores) <= most:
        return scores, ""
    return scores[:most], f" The first {most} of {len(scores):,} are shown; scores.json has all."


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
    more = ""
    if len(rows) > FIRST_NEXT:
        note = (
            ""
            if len(rows) <= MOST_NEXT
            else (f'<p class="reading">Of {len(rows):,}, forecast.csv has all.</p>')
        )
        rest = html_table(header, lines[FIRST_NEXT:])
        more = f"<details><summary>The values after these</summary>{rest}{note}</details>"
    return html_table(header, lines[:FIRST_NEXT]) + more


def next_line(row: Next, digits: int, several: bool) -> list[str]:
    """One next value with its intervals, with so many decimals."""
    q = row.quantiles

    def between(level: float) -> str:
        low = LEVELS.index(level)
        return f"{plain(q[low], digits)} to {plain(q[len(q) - 1 - low], digits)}"

    name = [f'<td class="left">{text(shown_name(row.series))}</td>'] if several else []
    median = f"<td><b>{plain(q[MEDIAN], digits)}</b></td>"
    intervals = (between(level) for level in (0.25, 0.05, 0.025))
    return [text(row.time), *name, f"{row.horizon}", median, *intervals]


def decimals(row: Next) -> int:
    """Decimals that show a 90 % interval to two or three digits; -1 for exponents.

    Examples
    --------
    >>> decimals(Next("t", "y", 1, 370.0, [370.0 + 0.2 * i for i in range(21)]))
    2
    """
    q = row.quantiles
    width = q[LEVELS.index(0.95)] - q[LEVELS.index(0.05)]
    if not math.isfinite(width) or abs(q[MEDIAN]) >= 1e12 or 0.0 < width < 1e-8:
        return -1
    return max(0, 2 - math.floor(math.log10(width))) if width > 0.0 else 4


def plain(value: float, digits: int) -> str:
    """A number with so many decimals."""
    return f"{value:.6g}" if digits < 0 else f"{value:,.{digits}f}"


def calibration_part(figures: Sequence[Drawing]) -> str:
    """Whether probabilities mean what they say, and how sharp the forecasts are beside it."""
    if not figures:
        return ""
    parts = (f"<h3>{text(figure.title)}</h3>{drawn_part(figure)}" for figure in figures)
    return section("Calibration", "\n".join(parts))


LATELY = {"window": f"last {WINDOW} rows", "fading": "fading"}  # beside all answers


def scores_part(scores: Sequence[Entry]) -> str:
    """All scores, over all answers and of late; for many entries line by line."""
    if not scores:
        return "<p>No question was asked.</p>"
    if len(scores) > SIDE_BY_SIDE:
        late = (
            f"<details><summary>{label[0].upper()}{label[1:]}</summary>"
            f"{scores_lines([{**e, **e[kind]} for e in scores], set(scores[0][kind]))}</details>"
            for kind, label in LATELY.items()
        )
        readings = "".join(
            f"<dt>{text(m.label)}{unit(m.unit)}</dt><dd>{text(m.reading)}</dd>"
            for m in MEANINGS.values()
        )
        tables = scores_lines(scores, set(MEANINGS)) + "\n".join(late)
        return f"{tables}{what_lately_is(scores[0])}<dl>{readings}</dl>"
    return folded(scores, scores_table) + what_lately_is(scores[0])


def folded(scores: Sequence[Entry], table: Callable[[Entry], str]) -> str:
    """A table for each entry; of several, all but the first unfold."""
    if len(scores) == 1:
        return table(scores[0])
    several = len({entry["series"] for entry in scores}) > 1
    return "\n".join(
        f"<details{'' if i else ' open'}><summary>{text(heading(entry, several))}</summary>"
        f"{table(entry)}</details>"
        for i, entry in enumerate(scores)
    )


def scores_table(entry: Entry) -> str:
    """The scores of one series at one horizon: of all answers and of late, with their meaning."""
    kinds = [entry, *(entry[kind] for kind in LATELY)]
    header = ["score", "all answers", *LATELY.values(), "how to read it"]
    return html_table(header, [meaning_line(name, MEANINGS[name], kinds) for name in MEANINGS])


def scores_lines(scores: Sequence[Entry], known: Set[str]) -> str:
    """The scores of many entries, line by line."""
    shown, left_out = first_of(scores, MOST_SCORED)
    columns = {name: meaning for name, meaning in MEANINGS.items() if name in known}
    header = ["series", "horizon", *(f"{text(m.label)}{unit(m.unit)}" for m in columns.values())]
    lines = [
        [
            text(shown_name(e["series"])),
            f"{e['horizon']}",
            *(score(e, name, m.unit) for name, m in columns.items()),
        ]
        for e in shown
    ]
    note = f'<p class="reading">{left_out.strip()}</p>' if left_out else ""
    return html_table(header, lines) + note


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
        html_table(header, [worst_line(point) for point in entry[name]])
        for name in ("worst", "worst_error")
    )
    return (
        f"{by_surprise}<details><summary>The ten of the largest error ratio</summary>"
        f"{by_error}</details>"
    )


def worst_line(point: Mapping[str, Any]) -> list[str]:
    """One of the worst points."""
    low, high = (number(point[name]) for name in ("low90", "high90"))
    values = [number(point["y"]), number(point["median"]), f"{low} to {high}"]
    values += [number(point[name]) for name in ("error_ratio", "surprise", "expected_surprise")]
    return [text(point["time"]), *values]


def heading(entry: Entry, several: bool) -> str:
    """What a column of scores is about."""
    where = f"horizon {entry['horizon']}"
    return f"{shown_name(entry['series'], 16)}, {where}" if several else where


def meaning_line(name: str, meaning: Meaning, scores: Sequence[Entry]) -> list[str]:
    """A score of a few entries with its unit and how it is read."""
    label = f"<b>{text(meaning.label)}</b>{unit(meaning.unit)}"
    reading = f'<td class="words">{text(meaning.reading)}</td>'
    return [label, *(score(entry, name, meaning.unit) for entry in scores), reading]


def unit(name: str) -> str:
    """A unit beside a label: that of the data is called y; a share needs none."""
    words = {"y": "in units of y", "nats": "nats", "bits": "bits"}
    return f" <small>{words[name]}</small>" if name in words else ""


def score(entry: Entry, name: str, unit: str) -> str:
    """A score as a cell; where it is undefined the reason shows on hovering."""
    if name not in entry:
        return ""
    value = entry[name]
    if value is None:
        return f'<td title="{text(entry["reason"][name])}">–</td>'
    if isinstance(value, int):
        return f"{value:,}"
    if unit == "skill":
        return skill_in_words(value)
    return percent(value, 1) if unit == "share" else number(value)


def facts(record: Mapping[str, Any], told: Callable[[str], bool]) -> str:
    """What else ``scores.json`` says, line by line."""
    lines = [
        [text(key.replace("_", " ")), f'<td class="any">{text(value)}</td>']
        for key, value in flat({key: value for key, value in record.items() if told(key)})
    ]
    return html_table(["fact", "what was said"], lines) if lines else "<p>Not measured.</p>"


def flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Nested mappings as lines of ``outer · inner``; lists in one line."""
    if isinstance(value, Mapping) and value:
        return [
            line for k, v in value.items() for line in flat(v, f"{key} · {k}" if key else str(k))
        ]
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        value = list(value)
        shown = ", ".join(str(item) for item in value[:50])
        return [(key, f"{shown} … {len(value):,} in all" if len(value) > 50 else shown or "none")]
    if isinstance(value, float):
        return [(key, f"{value:.6g}")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [(key, f"{value:,}" if abs(value) >= 10_000 and key != "seed" else str(value))]
    return [(key, "none" if value is None else str(value))]
