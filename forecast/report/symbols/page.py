"""The page of a run of words or labels."""

from collections.abc import Mapping, Sequence
from typing import Any

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
    prose,
    reading,
    table,
    text,
    title_of,
)
from forecast.report.score_tables import rivals_table, scores_part
from forecast.report.scores import Entry
from forecast.report.sections import adapting, calibration, confusion, cost, honesty, nats, told
from forecast.report.symbols.predictions import Top, spelled
from forecast.report.symbols.scores import SymbolScores
from forecast.report.symbols.surprising_text import continuation, passages, the_end
from forecast.report.verdict import shown_name

CHARACTERS = 80  # of a message that are shown
BESIDE = "Beside naive forecasters"


def page(
    record: Mapping[str, Any],
    verdict: str,
    room: SymbolScores,
    top: Top,
    figures: Sequence[Drawing],
) -> str:
    """The whole page as text.

    Parameters
    ----------
    record : mapping
        What ``scores.json`` holds.
    verdict : str
    room : SymbolScores
        It knows what its scores mean, and its free rivals.
    top : sequence of (word or label, p)
        What comes next.
    figures : sequence of Drawing
    """
    scores, course = record["scores"], record["course"]
    (entry,) = scores
    labelled = "labels" in record
    head = [
        f'<p class="under">{text(scope(record, entry))}</p>',
        f'<p class="verdict">{prose(verdict)}</p>',
    ]
    drawn = {figure.name: figure for figure in figures}
    confused = [figure for figure in figures if figure.name.startswith("confusion")]
    losses = [one for one in figures if one.name == "loss"]
    sections = [
        next_label(top) if labelled else next_symbols(record, top, room),
        Section("rivals", BESIDE, rivals_table(scores, room.rivalry) if entry["n"] else ""),
        *(Section(one.name, one.title, drawn_part(one)) for one in losses),
        Section("scores", "Scores", scores_part(scores, room.meanings)),
        *([] if labelled else [passages(record["passages"], room)]),
        message_surprises(entry["worst"]) if labelled else text_surprises(entry["worst"], room),
        calibration([drawn["reliability"]] if "reliability" in drawn else []),
        confusion(course, confused, 1),
        adapting(course),
        honesty(record),
        Section("source", "Where this came from", facts(record, told)),
        cost(record),
    ]
    return document(title_of(record), head, sections)


def scope(record: Mapping[str, Any], entry: Entry) -> str:
    """How much was asked."""
    if "labels" in record:
        no, yes = (shown_name(label) for label in record["labels"])
        what = f"labels {no} and {yes} · {entry['n']:,} messages"
    else:
        what = f"{record['kind']} · {entry['n']:,} of them"
        if "bytes" in entry:
            what += f" in {entry['bytes']:,} bytes"
    return f"{what}, each forecast made before its answer was known"


def visible(symbol: bytes | str) -> str:
    """A word as HTML in which its spaces and line ends can be seen.

    Examples
    --------
    >>> visible(" the"), visible(b"<b>"), visible(b"\\n")
    ('␣the', '&lt;b&gt;', '\\\\n')
    """
    return spaced(spelled(symbol))


def spaced(word: str) -> str:
    """A word that was spelled already, its spaces to be seen."""
    return text(word.replace(" ", "␣"))


def next_symbols(record: Mapping[str, Any], top: Top, room: SymbolScores) -> Section:
    """The end of the text, the likeliest next words or bytes, and how it may go on."""
    lines: list[Row] = [[visible(word), chance(p), bar(p)] for word, p in top]
    how = reading(
        f"␣ is a space, \\n the end of a line. Every other {room.series} has a probability, "
        f"too: those of all {room.things} sum to 1."
    )
    header = [room.series, "probability", ""]
    shown = table(f"the likeliest next {room.things}", header, lines)
    end = the_end(record["passages"], room)
    likely = f"<h3>What it expects</h3>{shown}{how}" if end else shown + how
    return Section("next", f"The next {room.series}", end + likely + continuation(record, room))


def next_label(top: Top) -> Section:
    """The label of the next message."""
    lines: list[Row] = [[text(shown_name(label)), chance(p), bar(p)] for label, p in top]
    how = reading("For a message of which nothing is known yet.")
    shown = table("the next label", ["label", "probability", ""], lines)
    return Section("next", "The next label", shown + how)


def chance(p: float) -> Cell:
    """A probability in per cent."""
    return Cell(f"{100.0 * p:.3g} %" if p >= 1e-5 else f"{p:.1e}", p)


def bar(p: float) -> Cell:
    """A probability as a bar."""
    return Cell(f'<span style="width:{100.0 * p:.2f}%"></span>', look="bar")


def text_surprises(worst: Sequence[Mapping[str, Any]], room: SymbolScores) -> Section:
    """The most surprising words or bytes, where they stood."""
    lines: list[Row] = [
        [
            count(one["time"]),
            Cell(
                f"{beside(one['before'])}<b>{spaced(one['y'])}</b>{beside(one['after'])}",
                look="any",
            ),
            nats(one["surprise"]),
            nats(one["expected_surprise"]),
        ]
        for one in worst
    ]
    title = f"The most surprising {room.things}"
    header = ["byte", "where it stood", "surprise, nats", "expected, nats"]
    how = reading(room.surprising)
    return Section("worst", title, table(title.lower(), header, lines) + how if lines else "")


def message_surprises(worst: Sequence[Mapping[str, Any]]) -> Section:
    """The messages with the most surprising labels."""
    lines: list[Row] = [
        [
            count(one["time"]),
            left(text(shown_name(one["y"]))),
            nats(one["surprise"]),
            nats(one["expected_surprise"]),
            Cell(text(shown_name(one["after"], CHARACTERS)), look="any"),
        ]
        for one in worst
    ]
    title = "The most surprising labels"
    header = ["line", "label", "surprise, nats", "expected, nats", "message"]
    return Section("worst", title, table(title.lower(), header, lines) if lines else "")


def beside(context: str) -> str:
    """What stood beside a word, in one line."""
    return text(" ".join(context.split("\n")))
