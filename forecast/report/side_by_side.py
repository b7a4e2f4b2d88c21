"""The page on which finished runs stand side by side, and its figures."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.anytime import Floats
from forecast.report.document import document
from forecast.report.drawing import (
    BLUE,
    GREEN,
    INK,
    VERMILLION,
    Drawing,
    name_of,
    panels,
    rendered,
    styled,
    time_axis,
)
from forecast.report.finished import LOSSES
from forecast.report.html import (
    Cell,
    Row,
    Section,
    count,
    drawn_part,
    fact_table,
    flat,
    left,
    prose,
    reading,
    table,
    text,
    title_of,
)
from forecast.report.score_tables import MOST_SCORED
from forecast.report.verdict import number, shown_name, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = Mapping[str, Any]

OTHERS = (BLUE, VERMILLION, GREEN)  # of the runs beside the first: more are not drawn
RECENT = ("recent_loss_first", "recent_loss_other")
BEYOND = 1.6  # half-widths of the later band that the axis shows
UNITS = "The mean loss of each run, in units of y but for surprise; skill is how much less it lost."
HOW_SURE = (
    "The difference is the first run's loss less the other's, on the same questions: above 0 the "
    "other is better. The band holds the true mean difference at every time at once with 95 % "
    "confidence, so that one may look after every answer and stop when it leaves 0 out. The "
    "e-value is the wealth of one who bets against “no difference”, from 1: it exceeds 20 with a "
    "chance of at most 5 %, however long one watches. Both are exact for independent normal "
    "differences one step ahead, and asymptotic for any others of finite variance. Answers h steps "
    "ahead overlap: how much they depend on each other is measured, and nothing is said before "
    "20 h of them; stop asking when you like, then wait for the answers that are still open. "
    "Claims are corrected for the number of "
    "comparisons on this page by e-BH. p is that of Diebold and Mariano, for one look at the end; "
    "beside it p after Holm, for any false claim among all."
)


def page(record: Mapping[str, Any]) -> str:
    """The whole page as text, of what ``compare.json`` holds."""
    *most, last = (shown_name(run["name"], 60) for run in record["runs"])
    title = f"{', '.join(most)} and {last} on {title_of(record)}"
    made = [entry for entry in record["comparisons"] if entry["reason"] is None]
    head = [
        f'<p class="under">{text(scope(record))}</p>',
        *(f'<p class="verdict">{prose(each["verdict"])}</p>' for each in record["together"]),
    ]
    losses = lean_table("mean losses", *scores_side_by_side(record)) if made else ""
    left_out = questions_left_out(record)
    sections = [
        Section("scores", "Side by side", losses + reading(f"{UNITS} {left_out}")),
        *(Section(figure.name, figure.title, drawn_part(figure)) for figure in drawings(record)),
        Section("sure", "How sure is that?", how_sure(made) + reading(HOW_SURE)),
        Section("words", "Each comparison in words", in_words(record["comparisons"])),
        Section("source", "Where this came from", facts(record)),
    ]
    return document(title, head, sections, "Comparison of")


def scope(record: Mapping[str, Any]) -> str:
    """How much was compared."""
    series, horizons = record["series"], record["horizons"]
    which = shown_name(series[0]) if len(series) == 1 else f"{len(series):,} series"
    listed = ", ".join(map(str, horizons[:6])) + (" …" if len(horizons) > 6 else "")
    steps = f"horizon{'s' if len(horizons) > 1 else ''} {listed}"
    return f"{which} · {steps} · the same questions, each forecast made before its answer was known"


def label(entry: Entry) -> str:
    """The loss with its unit."""
    loss = LOSSES[entry["score"]]
    return f"{loss.label}{', nats' if loss.unit == 'nats' else ''}"


def grouped(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Comparisons of the same questions by the same loss, of several runs, together."""
    found: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry["score"], entry["series"], entry["horizon"]), []).append(entry)
    return list(found.values())


def lean_table(name: str, header: list[str], rows: list[Row]) -> str:
    """A table without those columns on what is compared that would say one thing only."""
    said = ("series", "horizon", "other run")
    alike = [k for k in range(1, 4) if header[k] in said and len({row[k] for row in rows}) == 1]
    keep = [k for k in range(len(header)) if k not in alike]
    return table(name, [header[k] for k in keep], [[row[k] for k in keep] for row in rows])


def scores_side_by_side(record: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """Header and rows: the mean loss of every run, and its skill against the first."""
    names = [text(shown_name(run["name"], 24)) for run in record["runs"]]
    header = ["loss", "series", "horizon", "questions", names[0]]
    for name in names[1:]:
        header += [name, "skill"]
    rows: list[Row] = []
    made = [entry for entry in record["comparisons"] if entry["reason"] is None]
    for entries in grouped(made)[:MOST_SCORED]:
        first = entries[0]
        row: Row = [text(label(first)), left(text(shown_name(first["series"])))]
        row += [count(first["horizon"]), count(first["n"]), valued(first["loss_first"])]
        for entry in entries:
            row += [valued(entry["loss_other"]), coloured(entry["skill"])]
        rows.append(row)
    return header, rows


def valued(value: float | None) -> Cell:
    """A number to four digits."""
    return Cell(number(value), value)


def coloured(skill: float | None) -> Cell:
    """A skill in colour besides its sign."""
    shown = signed(skill)
    return Cell(shown, skill, {"+": "better", "-": "worse"}.get(shown[0], ""))


def lines(record: Mapping[str, Any]) -> list[list[str]]:
    """What the terminal shows: a header and a row for each comparison."""
    names = [shown_name(run["name"], 24) for run in record["runs"]]
    losses = names if len(names) == 2 else [names[0], "the other"]
    header = ["loss", "series", "horizon", "other", "questions", *losses, "skill"]
    header += ["difference", "95 % band", "e-value", "p", "which is better"]
    return [
        header,
        *(
            [
                *(label(e), shown_name(e["series"]), str(e["horizon"])),
                *(shown_name(e["other"], 24), f"{e['n']:,}"),
                *(number(e["loss_first"]), number(e["loss_other"]), signed(e["skill"])),
                *(number(e["difference"]), between(e), e_value(e["log_e"]), p_value(e, "p")),
                which(e),
            ]
            for e in record["comparisons"]
            if e["reason"] is None
        ),
    ]


def between(entry: Entry) -> str:
    """The band of a difference."""
    low, high = entry["interval95"]
    return "all" if low is None else f"{number(low)} to {number(high)}"


def e_value(log_e: float) -> str:
    """An e-value to two digits.

    Examples
    --------
    >>> e_value(0.0), e_value(3.0), e_value(20.0), e_value(1000.0)
    ('1.0', '20', '4.9e+08', '10^434')
    """
    if log_e > 600.0:
        return f"10^{log_e / math.log(10.0):.0f}"
    e = math.exp(log_e)
    if e >= 1e4 or e < 0.01:
        return f"{e:.1e}"
    return f"{e:,.0f}" if e >= 9.95 else f"{e:.2g}" if e < 0.995 else f"{e:.1f}"


def p_value(entry: Entry, which: str) -> str:
    """A p-value of Diebold and Mariano, or a dash where the test was refused."""
    test = entry["diebold_mariano"]
    if test is None:
        return "–"
    p = test[which]
    if p < 1e-300:
        return "<1e-300"
    return f"{p:.2g}" if p >= 1e-4 else f"{p:.0e}"


def p_cell(entry: Entry, which: str) -> Cell:
    """A p-value; where there is none the reason shows on hovering."""
    test, why = entry["diebold_mariano"], entry["diebold_mariano_reason"]
    return Cell("–", title=why or "") if test is None else Cell(p_value(entry, which), test[which])


def which(entry: Entry) -> str:
    """Which run is better, if that is shown."""
    if not entry["claimed"]:
        return "open" if not entry["shown"] else "open among so many"
    return shown_name(entry["other"] if entry["difference"] > 0.0 else entry["first"], 24)


def how_sure(made: Sequence[Entry]) -> str:
    """The evidence of each comparison."""
    header = ["loss", "series", "horizon", "other run", "difference", "95 % band at any time"]
    header += ["e-value", "first shown", "p", "p (Holm)", "better"]
    rows: list[Row] = []
    for e in made[:MOST_SCORED]:
        row: Row = [text(label(e)), left(text(shown_name(e["series"])))]
        row += [count(e["horizon"]), text(shown_name(e["other"], 24)), valued(e["difference"])]
        row += [Cell(between(e), e["interval95"][0]), Cell(e_value(e["log_e"]), e["log_e"])]
        row += [text(e.get("shown_first") or "–"), p_cell(e, "p"), p_cell(e, "p_holm")]
        rows.append([*row, f"<b>{text(which(e))}</b>"])
    more = len(made) - len(rows)
    note = f'<p class="reading">compare.json has {more:,} more.</p>' if more > 0 else ""
    refusals = dict.fromkeys(e["diebold_mariano_reason"] for e in made)
    said = "; ".join(why for why in refusals if why)
    no_test = f'<p class="reading">No p-value where it is a dash: {text(said)}.</p>' if said else ""
    shown = (
        lean_table("how sure it is", header, rows) if rows else "<p>Nothing could be compared.</p>"
    )
    return shown + note + no_test


def in_words(entries: Sequence[Entry]) -> str:
    """A sentence or two on each comparison."""
    header = ["series", "horizon", "loss", "what was said"]
    rows: list[Row] = [
        [
            text(shown_name(e["series"])),
            count(e["horizon"]),
            text(LOSSES[e["score"]].label),
            Cell(text(e["reason"] or e["verdict"]), look="any"),
        ]
        for e in entries[:MOST_SCORED]
    ]
    return table("each comparison in words", header, rows, sorts=False)


def questions_left_out(record: Mapping[str, Any]) -> str:
    """What was not compared, and why."""
    several = [entry["left_out"] for entry in record["comparisons"]]
    others = max((each["questions_not_in_all"] for each in several), default=0)
    undefined = max((each["losses_undefined"] for each in several), default=0)
    said = []
    if record["left_out"]:
        listed = "; ".join(
            f"{shown_name(each['series'])} at horizon {each['horizon']}"
            for each in record["left_out"][:6]
        )
        more = " …" if len(record["left_out"]) > 6 else ""
        said.append(f"not all runs have forecast {listed}{more}")
    if others:
        said.append(f"{others:,} questions were not answered by all runs")
    if undefined:
        said.append(f"of {undefined:,} a loss was undefined (as before a scale is known)")
    of_each = ", at most, of a series and horizon" if others or undefined else ""
    return f"Left out{of_each}: {'; '.join(said)}." if said else "No question was left out."


def facts(record: Mapping[str, Any]) -> str:
    """The file, the runs, what differs between them, and the command."""
    alone = ("source", "sha256", "command")
    said = [(key, record[key]) for key in alone]
    for run in record["runs"]:
        said += flat({key: run[key] for key in run if key != "name"}, run["name"])
    return fact_table(said)


# ---- figures -------------------------------------------------------------------------------------


def drawings(record: Mapping[str, Any]) -> list[Drawing]:
    """A figure for each score: differences with their bands, and recent losses below them."""
    made = [entry for entry in record["comparisons"] if entry["reason"] is None]
    ends = {record["horizons"][0], record["horizons"][-1]} if record["horizons"] else set()
    figures = []
    with styled():
        for score in record["scores"]:
            own = grouped([e for e in made if e["score"] == score])
            drawn = [e for e in own if e[0]["horizon"] in ends and e[0]["path"]]
            shown = [e for e in drawn if e[0]["series"] == drawn[0][0]["series"]]
            if shown:
                figures.append(over_time(score, shown, len(record["series"]) == 1))
    return figures


def over_time(score: str, shown: Sequence[Sequence[Entry]], one_series: bool) -> Drawing:
    """The difference of losses with its band, and the losses, over time, of one loss."""
    figure, axes = panels(2 * len(shown), 2.0)
    for place, entries in enumerate(shown):
        above, below = axes[2 * place : 2 * place + 2]
        where = name_of(entries[0]["series"], entries[0]["horizon"], one_series)
        difference(above, entries)
        above.set_title(f"{where}: mean difference so far, with its band")
        losses(below, entries)
        below.set_title(f"{where}: mean loss of the last answers")
        unit = "nats" if LOSSES[score].unit == "nats" else LOSSES[score].label
        for ax in (above, below):
            ax.set_ylabel(unit)
            time_axis(ax, instants(entries[0]))
    both(figure, axes)
    left = "" if len(shown[0]) <= len(OTHERS) else f" The first {len(OTHERS)} others are drawn."
    one = "" if one_series else " Of several series the first is drawn."
    reading = (
        "Above 0 the other run is better than the first. The band holds the true mean difference "
        "with 95 % confidence at every time at once: when it has left the dashed line, one may "
        "stop. Below, what each run lost on the last twentieth of the answers. The axes are made "
        f"for the later answers; the first may lie beyond them.{left}{one}"
    )
    label = LOSSES[score].label
    return rendered(f"compare-{score}", f"{label[0].upper()}{label[1:]} over time", reading, figure)


def both(figure: Any, axes: "Sequence[Axes]") -> None:
    """One legend of the differences above all panels, one of the losses in the second."""
    handles, labels = axes[0].get_legend_handles_labels()
    columns = len(labels) if len(labels) <= 3 else 2  # of three others the names are long
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, handlelength=1.6)
    handles, labels = axes[1].get_legend_handles_labels()
    axes[1].legend(handles, labels, loc="upper right", ncols=len(labels), fontsize=8.0)


def instants(entry: Entry) -> list[tuple[float, str]]:
    """Rows of a comparison with the text of their time, for the axis."""
    return [(p["row"], p["time"]) for p in entry["path"] if p["time"] is not None]


def column(entry: Entry, name: str, missing: float) -> Floats:
    """A column of what was kept over time; ``missing`` where the band had no end."""
    values = [missing if point[name] is None else point[name] for point in entry["path"]]
    return np.array(values, float)


def difference(ax: "Axes", entries: Sequence[Entry]) -> None:
    """Mean differences with their bands, about 0."""
    ends = [0.0]
    for entry, colour in zip(entries, OTHERS, strict=False):
        row, mean = column(entry, "row", 0.0), column(entry, "difference", 0.0)
        low, high = column(entry, "low", -math.inf), column(entry, "high", math.inf)
        ends += limits(mean, low, high)
        first, other = (shown_name(entry[each], 24) for each in ("first", "other"))
        ax.plot(row, mean, color=colour, lw=1.4, label=f"loss of {first} less that of {other}")
    bottom, top = min(ends), max(ends)
    margin = 0.06 * (top - bottom) or 1.0
    ax.set_ylim(bottom - margin, top + margin)
    for place, (entry, colour) in enumerate(zip(entries, OTHERS, strict=False)):
        row = column(entry, "row", 0.0)
        edge = (bottom - 2 * margin, top + 2 * margin)
        low = np.clip(column(entry, "low", -math.inf), *edge)
        high = np.clip(column(entry, "high", math.inf), *edge)
        ax.fill_between(
            row, low, high, color=colour, alpha=0.2, lw=0, label=None if place else "95 % band"
        )
    ax.axhline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)), label="no difference")


def limits(mean: Floats, low: Floats, high: Floats) -> list[float]:
    """What the axis should hold: the later bands, and the means."""
    half = len(mean) // 2
    later = (high - mean)[half:]
    wide = BEYOND * float(later[0]) if np.isfinite(later[0]) else 0.0
    centre = float(mean[-1])
    kept = [*mean[half:].tolist(), centre - wide, centre + wide]
    return [min(kept), max(kept)]


def losses(ax: "Axes", entries: Sequence[Entry]) -> None:
    """Recent losses of the first run and of the others."""
    first = entries[0]
    row = column(first, "row", 0.0)
    name = shown_name(first["first"], 24)
    ax.plot(row, column(first, "recent_loss_first", 0.0), color=INK, label=f"loss of {name}")
    for entry, colour in zip(entries, OTHERS, strict=False):
        values = column(entry, "recent_loss_other", 0.0)
        ax.plot(row, values, color=colour, label=f"loss of {shown_name(entry['other'], 24)}")
    # the first answers of a learner that has seen five points would hide all others
    drawn = [column(entry, name, 0.0) for entry in entries for name in RECENT]
    later = np.concatenate([values[len(values) // 4 :] for values in drawn])
    low, high = float(min(map(np.min, drawn))), float(later.max())
    room = (high - low) or 1.0
    ax.set_ylim(low - 0.05 * room, high + 0.35 * room)
