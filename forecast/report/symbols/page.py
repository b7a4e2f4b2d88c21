"""The page of a run of words or labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.report.page import (
    COST,
    SHOWN,
    document,
    drawn_part,
    facts,
    html_table,
    meaning_line,
    section,
    text,
    title_of,
)
from forecast.report.plots import Drawing
from forecast.report.scores import Entry, Meaning
from forecast.report.sections import adapting, confusion, cost
from forecast.report.symbols.predictions import Top, spelled
from forecast.report.symbols.surprises import Surprising
from forecast.report.verdict import number, shown_name

CHARACTERS = 80  # of a message that are shown
BETTER = {"+": ' class="better"', "-": ' class="worse"'}


def page(
    record: Mapping[str, Any],
    verdict: str,
    table: Sequence[Sequence[str]],
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
    table : header and rows
        The scores beside those of the free rivals.
    meanings : mapping of str to Meaning
    top : sequence of (word or label, p)
        What comes next.
    figures : sequence of Drawing
    surprises : sequence of Surprising
    """
    (entry,) = record["scores"]
    title = title_of(record)
    words = record["kind"] == "words"
    body = [
        f"<h1>{text(title)}</h1>",
        f'<p class="under">{text(scope(record, entry))}</p>',
        f'<p class="verdict">{text(verdict)}</p>',
        rivals_table(table, WORD_RIVALS if words else LABEL_RIVALS) if entry["n"] else "",
        next_words(top) if words else next_label(top),
        *(section(figure.title, drawn_part(figure)) for figure in figures),
        (word_surprises if words else message_surprises)(surprises, record.get("labels", ())),
        confusion(record["course"], (), 1),
        adapting(record["course"]),
        section("Scores", scores_table(entry, meanings)),
        section("Where this came from", facts(record, lambda key: key not in (*COST, *SHOWN))),
        cost(record),
    ]
    return document(title, body)


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


def rivals_table(table: Sequence[Sequence[str]], reading: str) -> str:
    """The table against the free rivals, skill in colour besides its sign."""
    header, *rows = table
    lines = [[f"<td{BETTER.get(cell[0], '')}>{text(cell)}</td>" for cell in row] for row in rows]
    plain = [[text(row[0]), *line[1:]] for row, line in zip(rows, lines, strict=True)]
    note = f'<p class="reading">{text(reading)}</p>'
    return html_table([text(cell) for cell in header], plain) + note


def visible(symbol: bytes | str) -> str:
    """A word as HTML in which its spaces and line ends can be seen.

    Examples
    --------
    >>> visible(" the"), visible(b"<b>"), visible(b"\\n")
    ('␣the', '&lt;b&gt;', '\\\\n')
    """
    return text(spelled(symbol).replace(" ", "␣"))


def next_words(top: Top) -> str:
    """The likeliest next words."""
    lines = [[visible(word), chance(p), bar(p)] for word, p in top]
    reading = (
        '<p class="reading">␣ is a space before a word, \\n the end of a line. Every other word '
        "has a probability, too: those of all words, new ones included, sum to 1.</p>"
    )
    return section("The next word", html_table(["word", "probability", ""], lines) + reading)


def next_label(top: Top) -> str:
    """The label of the next message."""
    lines = [[text(shown_name(label)), chance(p), bar(p)] for label, p in top]
    reading = '<p class="reading">For a message of which nothing is known yet.</p>'
    return section("The next label", html_table(["label", "probability", ""], lines) + reading)


def chance(p: float) -> str:
    """A probability in per cent."""
    return f"{100.0 * p:.3g} %" if p >= 1e-5 else f"{p:.1e}"


def bar(p: float) -> str:
    """A probability as a bar in a cell of its own."""
    drawn = f"display:inline-block;height:.6rem;width:{100.0 * p:.2f}%;background:var(--blue)"
    return f'<td class="left" style="width:65%"><span style="{drawn}"></span></td>'


def word_surprises(surprises: Sequence[Surprising], _: Any) -> str:
    """The most surprising words, where they stood."""
    reading = '<p class="reading">A word that was never seen is spelled, letter by letter.</p>'
    lines = [
        [
            f"{one.time:,}",
            f'<td class="any">{beside(one.before)}<b>{visible(one.y)}</b>{beside(one.after)}</td>',
            number(one.surprise),
        ]
        for one in surprises
    ]
    return listed("The most surprising words", ["byte", "where it stood", "nats"], lines, reading)


def message_surprises(surprises: Sequence[Surprising], labels: Sequence[str]) -> str:
    """The messages with the most surprising labels."""
    lines = [
        [
            f"{one.time:,}",
            f'<td class="left">{text(shown_name(labels[one.y[0]]))}</td>',
            number(one.surprise),
            f'<td class="any">{text(beginning(one.after))}</td>',
        ]
        for one in surprises
    ]
    header = ["line", "label", "nats", "message"]
    return listed("The most surprising labels", header, lines, "")


def listed(title: str, header: Sequence[str], lines: Sequence[Sequence[str]], reading: str) -> str:
    """A section with a table, if there is anything to put into it."""
    return section(title, html_table(header, lines) + reading) if lines else ""


def beside(context: bytes) -> str:
    """What stood beside a word, in one line, without halves of letters at its ends."""
    return text(" ".join(context.decode(errors="ignore").split("\n")))


def beginning(message: bytes) -> str:
    """The first characters of a message."""
    return shown_name(message.decode(errors="replace"), CHARACTERS)


def scores_table(entry: Entry, meanings: Mapping[str, Meaning]) -> str:
    """All scores with their meaning."""
    lines = [meaning_line(name, meaning, [entry]) for name, meaning in meanings.items()]
    return html_table(["score", "value", "how to read it"], lines)
