"""The page of a run of words or labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.report.document import document
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
from forecast.report.plots import Drawing
from forecast.report.score_tables import meaning_line
from forecast.report.scores import Entry, Meaning
from forecast.report.sections import adapting, confusion, cost, nats, told
from forecast.report.symbols.predictions import Top, spelled
from forecast.report.symbols.surprises import Surprising
from forecast.report.verdict import shown_name

CHARACTERS = 80  # of a message that are shown
BETTER = {"+": "better", "-": "worse"}


def page(
    record: Mapping[str, Any],
    verdict: str,
    beside_rivals: Sequence[Sequence[str]],
    meanings: Mapping[str, Meaning],
    top: Top,
    figures: Sequence[Drawing],
    surprises: Sequence[Surprising],
) -> str:
    """The whole page as text.

    Parameters
    ----------
    record : mapping
        What ``scores.json`` holds.
    verdict : str
    beside_rivals : header and rows
        The scores beside those of the free rivals.
    meanings : mapping of str to Meaning
    top : sequence of (word or label, p)
        What comes next.
    figures : sequence of Drawing
    surprises : sequence of Surprising
    """
    (entry,) = record["scores"]
    words = record["kind"] == "words"
    head = [
        f'<p class="under">{text(scope(record, entry))}</p>',
        f'<p class="verdict">{prose(verdict)}</p>',
    ]
    rivals = rivals_table(beside_rivals, WORD_RIVALS if words else LABEL_RIVALS)
    surprising = word_surprises if words else message_surprises
    sections = [
        next_words(top) if words else next_label(top),
        Section("rivals", "Beside naive forecasters", rivals if entry["n"] else ""),
        *(Section(figure.name, figure.title, drawn_part(figure)) for figure in figures),
        Section("scores", "Scores", scores_table(entry, meanings)),
        surprising(surprises, record.get("labels", ())),
        confusion(record["course"], (), 1),
        adapting(record["course"]),
        Section("source", "Where this came from", facts(record, told)),
        cost(record),
    ]
    return document(title_of(record), head, sections)


def scope(record: Mapping[str, Any], entry: Entry) -> str:
    """How much was asked."""
    if record["kind"] == "words":
        what = f"words · {entry['n']:,} of them in {entry['bytes']:,} bytes"
    else:
        no, yes = (shown_name(label) for label in record["labels"])
        what = f"labels {no} and {yes} · {entry['n']:,} messages"
    return f"{what}, each forecast made before its answer was known"


WORD_RIVALS = (
    "Bits a byte is the surprise over the whole text, spread over its bytes. The free rivals: a "
    "file as it lies has 8 bits a byte, and a forecaster that counts single bytes as they come "
    "needs what stands under “single bytes”; skill is how much less was needed."
)
LABEL_RIVALS = (
    "The free rivals never look at a message: one says the label that was commoner so far, one "
    "gives each label the share it had so far. Skill is how much lower the log loss was than that "
    "of the running frequency."
)


def rivals_table(beside_rivals: Sequence[Sequence[str]], how: str) -> str:
    """The table against the free rivals, skill in colour besides its sign."""
    header, *rows = beside_rivals
    lines: list[Row] = [
        [Cell(text(cell), look=BETTER.get(cell[0], "")) for cell in row] for row in rows
    ]
    heads = [text(cell) for cell in header]
    return table("scores beside naive forecasters", heads, lines, sorts=False) + reading(how)


def visible(symbol: bytes | str) -> str:
    """A word as HTML in which its spaces and line ends can be seen.

    Examples
    --------
    >>> visible(" the"), visible(b"<b>"), visible(b"\\n")
    ('␣the', '&lt;b&gt;', '\\\\n')
    """
    return text(spelled(symbol).replace(" ", "␣"))


def next_words(top: Top) -> Section:
    """The likeliest next words."""
    lines: list[Row] = [[visible(word), chance(p), bar(p)] for word, p in top]
    how = reading(
        "␣ is a space before a word, \\n the end of a line. Every other word has a probability, "
        "too: those of all words, new ones included, sum to 1."
    )
    shown = table("the likeliest next words", ["word", "probability", ""], lines)
    return Section("next", "The next word", shown + how)


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


def word_surprises(surprises: Sequence[Surprising], _: Any) -> Section:
    """The most surprising words, where they stood."""
    lines: list[Row] = [
        [
            count(one.time),
            Cell(f"{beside(one.before)}<b>{visible(one.y)}</b>{beside(one.after)}", look="any"),
            nats(one.surprise),
        ]
        for one in surprises
    ]
    title = "The most surprising words"
    shown = table(title.lower(), ["byte", "where it stood", "nats"], lines)
    how = reading("A word that was never seen is spelled, letter by letter.")
    return Section("surprising", title, shown + how if lines else "")


def message_surprises(surprises: Sequence[Surprising], labels: Sequence[str]) -> Section:
    """The messages with the most surprising labels."""
    lines: list[Row] = [
        [
            count(one.time),
            left(text(shown_name(labels[one.y[0]]))),
            nats(one.surprise),
            Cell(text(beginning(one.after)), look="any"),
        ]
        for one in surprises
    ]
    title = "The most surprising labels"
    shown = table(title.lower(), ["line", "label", "nats", "message"], lines)
    return Section("surprising", title, shown if lines else "")


def beside(context: bytes) -> str:
    """What stood beside a word, in one line, without halves of letters at its ends."""
    return text(" ".join(context.decode(errors="ignore").split("\n")))


def beginning(message: bytes) -> str:
    """The first characters of a message."""
    return shown_name(message.decode(errors="replace"), CHARACTERS)


def scores_table(entry: Entry, meanings: Mapping[str, Meaning]) -> str:
    """All scores with their meaning."""
    lines = [meaning_line(name, meaning, [entry]) for name, meaning in meanings.items()]
    return table("scores", ["score", "value", "how to read it"], lines, sorts=False)
