"""Anything as text that a page shows and never obeys; tables; the parts of a page."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.report.verdict import shown_name

if TYPE_CHECKING:
    from forecast.report.drawing import Drawing

# columns of words, set to the left
WORDS = (
    "series",
    "how to read it",
    "what was said",
    "where it stood",
    "label",
    "message",
    *("to", "unit", "steps", "noticed", "recovered", "first visit"),
)
AT_A_GLANCE = 3  # rows
LEFT, ROW = ' class="left"', ' scope="row"'


class Cell(NamedTuple):
    """A cell of a table: what it shows, what it sorts by, and how it looks."""

    html: str
    value: float | None = None  # None: it sorts by what it shows
    look: str = ""  # left, words, any, better or worse
    title: str = ""  # shown on hovering


Row = list[str | Cell]


class Section(NamedTuple):
    """A part of a page: the name that an address ends in, its heading, and what it holds."""

    name: str
    title: str
    content: str


def text(value: object) -> str:
    """Anything as text that the page shows and never obeys.

    Examples
    --------
    >>> text('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return escape(shown_name(str(value), 2000))


def moment(time: str) -> str:
    """A time as text, without seconds that are none.

    Examples
    --------
    >>> moment("2017-06-01 09:00:00"), moment("09:00:30"), moment("line 5:00")
    ('2017-06-01 09:00', '09:00:30', 'line 5:00')
    """
    return text(re.sub(r"(\d\d:\d\d):00(\.0+)?$", r"\1", time))


def count(value: int) -> Cell:
    """A whole number with its thousands."""
    return Cell(f"{value:,}", value)


def left(content: str, value: float | None = None) -> Cell:
    """A cell of words, set to the left."""
    return Cell(content, value, "left")


def table(name: str, header: Sequence[str], rows: Sequence[Row], sorts: bool = True) -> str:
    """A table; the first cell of a row names it.

    Parameters
    ----------
    name : str
        What it shows, for those who hear the page.
    header : sequence of str
        HTML already, as are cells.
    rows : sequence of lists of str or Cell
    sorts : bool
        Whether its rows are of one kind, so that they may be put into another order (where there
        are so few that one look takes them in, they stay).
    """
    head = "".join(f'<th scope="col"{LEFT if cell in WORDS else ""}>{cell}</th>' for cell in header)
    body = "\n".join(
        f"<tr>{in_cell(first, 'th', ROW)}{''.join(map(in_cell, cells))}</tr>"
        for first, *cells in rows
    )
    kind = ' class="sorts"' if sorts and len(rows) > AT_A_GLANCE else ""
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="Table: {text(name)}">'
        f"<table{kind}><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def unfolding(name: str, header: Sequence[str], rows: Sequence[Row], most: int, rest: str) -> str:
    """A table of the first rows, and one of the others that unfolds under some words."""
    first = table(name, header, rows[:most])
    if len(rows) <= most:
        return first
    others = table(f"{name}, continued", header, rows[most:])
    return f"{first}<details><summary>{text(rest)}</summary>{others}</details>"


def in_cell(content: str | Cell, tag: str = "td", said: str = "") -> str:
    """Content in a cell of its own.

    Examples
    --------
    >>> in_cell("a"), in_cell(Cell("50 %", 0.5, "better"))
    ('<td>a</td>', '<td data-value="0.5" class="better">50 %</td>')
    """
    cell = Cell(content) if isinstance(content, str) else content
    said += "" if cell.value is None else f' data-value="{cell.value:.9g}"'
    said += f' class="{cell.look}"' if cell.look else ""
    said += f' title="{text(cell.title)}"' if cell.title else ""
    return f"<{tag}{said}>{cell.html}</{tag}>"


def reading(said: str) -> str:
    """How something is to be read."""
    return f'<p class="reading">{prose(said)}</p>'


def prose(said: str) -> str:
    """Sentences, in which a per cent stays on the line of its number."""
    return text(said).replace(" %", "&nbsp;%")


def drawn_part(figure: "Drawing") -> str:
    """A figure with the sentence on how it is read."""
    how = f'<figcaption class="reading"><b>How to read it.</b> {prose(figure.reading)}</figcaption>'
    return f"<figure>{scrolling(figure)}{how}</figure>"


def drawn_below(figure: "Drawing", first: bool) -> str:
    """A figure below a heading of its own; how it is read is said once."""
    drawn = drawn_part(figure) if first else f"<figure>{scrolling(figure)}</figure>"
    return f"<h3>{text(figure.title)}</h3>{drawn}"


def scrolling(figure: "Drawing") -> str:
    """A figure that a narrow screen scrolls, by keys too."""
    label = f"Figure: {text(figure.title)}"
    return f'<div class="wide" tabindex="0" role="group" aria-label="{label}">{figure.svg}</div>'


def title_of(record: Mapping[str, Any]) -> str:
    """What was forecast: the last part of the source's name."""
    source = str(record.get("source") or "a stream")
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or source


def facts(record: Mapping[str, Any], told: Callable[[str], bool]) -> str:
    """What else ``scores.json`` says, line by line; options that were left alone in one."""
    lines = flat({key: value for key, value in record.items() if told(key)})
    unsaid = [key for key, value in lines if key.startswith("options · ") and value == "none"]
    kept = [(key, value) for key, value in lines if key not in unsaid]
    if unsaid:
        names = (key.removeprefix("options · ").replace("_", " ") for key in unsaid)
        kept.append(("options left alone", ", ".join(names)))
    return fact_table([(key.replace("_", " "), value) for key, value in kept])


def fact_table(lines: Sequence[tuple[str, Any]]) -> str:
    """What was said of what."""
    rows: list[Row] = [[text(key), Cell(text(value), look="any")] for key, value in lines]
    shown = table("where this came from", ["fact", "what was said"], rows, sorts=False)
    return shown if rows else "<p>Not measured.</p>"


def flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Nested mappings as lines of ``outer · inner``; lists in one line."""
    if isinstance(value, Mapping) and value:
        return [
            line for k, v in value.items() for line in flat(v, f"{key} · {k}" if key else str(k))
        ]
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        value = list(value)
        shown = ", ".join("empty" if item == "" else one_fact(item) for item in value[:50])
        return [(key, f"{shown} … {len(value):,} in all" if len(value) > 50 else shown or "none")]
    if isinstance(value, int) and not isinstance(value, bool) and key != "seed":
        return [(key, f"{value:,}")]
    return [(key, one_fact(value))]


def one_fact(value: Any) -> str:
    """A single value in words."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None else str(value)
