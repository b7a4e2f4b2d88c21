"""A text in which each word shows how surprising it was, by its colour and by the line below it.

The colours are of one hue, the darker the more surprising, so that no eye and no printer needs to
tell hues; the line below grows with them, where no colour is left at all.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from forecast.report.html import Cell, Row, Section, count, prose, reading, table, text
from forecast.report.symbols.passages import LENGTH, STEPS
from forecast.report.symbols.scores import SymbolScores

ESCAPED = {r"\\": "\\", r"\n": "↵\n"}
COLUMNS = ("y", "bits", "spelling_bits", "likeliest", "likeliest_p")
LOOKS = [f"took{k}" for k in range(len(STEPS) + 1)]


def passages(told: Mapping[str, Any], room: SymbolScores) -> Section:
    """The passages that confused it most, and where the bits of the whole text went."""
    title = "The passages that confused it most"
    if not told["end"]:
        return Section("passages", title, "")
    how = reading(
        f"Of the {room.things} of a passage each stands on the colour, and over the line, of the "
        "bits that it took: one bit is a coin, and each more means half the probability. Point at "
        f"one to read its bits, and which {room.series} was likeliest. A passage has about "
        f"{LENGTH} bytes; these took most bits above what as many bytes took lately, since at the "
        "beginning, where nothing is known, all of them are dear."
    )
    worst = "".join(f"<h3>{where(passage)}</h3>{shown(passage, room)}" for passage in told["worst"])
    if not worst:
        worst = f"<p>The {room.whole} is shorter than a passage.</p>{shown(told['end'], room)}"
    return Section("passages", title, key() + how + worst + where_bits_went(told, room))


def the_end(told: Mapping[str, Any], room: SymbolScores) -> str:
    """The end of the text, from which what comes next is forecast."""
    if not told["end"]:
        return ""
    return f"<h3>The end of the {room.whole}</h3>{shown(told['end'], room)}"


def continuation(record: Mapping[str, Any], room: SymbolScores) -> str:
    """How the text may go on."""
    drawn = record.get("continuation")
    if not drawn:
        return ""
    how = reading(
        f"One of many ways to go on, {room.series} by {room.series}: each is drawn by its "
        f"probability (seed {drawn['seed']}), and learned by a copy before the next is drawn. It "
        "shows what was picked up, and is no forecast of what will come."
    )
    said = broken(drawn["text"])
    return f'<h3>How it may go on</h3><p class="passage drawn">… {said} …</p>{how}'


def where(passage: Mapping[str, Any]) -> str:
    """Where a passage begins, and what it took."""
    took, usual = passage["bits_per_byte"], passage["usual_bits_per_byte"]
    cost = "held to be impossible" if took is None else f"{took:.2f} bits a byte"
    return f"Byte {passage['time']:,}: {cost}, where {usual:.2f} were usual"


def shown(passage: Mapping[str, Any], room: SymbolScores) -> str:
    """A passage, coloured."""
    columns = [passage[name] for name in COLUMNS]
    before = f'<span class="before">… {broken(passage["before"])}</span>'
    words = "".join(
        unit(y, bits, spelling, likeliest, p, room.series)
        for y, bits, spelling, likeliest, p in zip(*columns, strict=True)
    )
    return f'<p class="passage">{before if passage["before"] else ""}{words} …</p>'


def unit(
    y: str,
    bits: float | None,
    spelling: float | None,
    likeliest: str | None,
    p: float | None,
    thing: str,
) -> str:
    r"""A word that shows its surprise; the space before it shows none.

    Examples
    --------
    >>> unit(" a<b", 5.0, 3.0, None, None, "word")
    ' <span class="took2" title="5.0 bits, 3.0 of them for its spelling">a&lt;b</span>'
    >>> unit("x", 0.5, 0.0, " the", 0.25, "word")
    '<span class="took0" title="0.5 bits; likeliest: ␣the, 25 %">x</span>'
    """
    said = "held to be impossible" if bits is None else f"{bits:.1f} bits"
    if spelling:
        said += f", {spelling:.1f} of them for its spelling"
    if likeliest is not None and p is not None:
        said += f"; likeliest: {likeliest.replace(' ', '␣')}, {100.0 * p:.2g} %"
    word = y.lstrip(" ")
    if not word:  # spaces alone
        space, word = "", y if thing == "byte" else "␣" * len(y)
    else:
        space = " " * (len(y) - len(word))
    look = LOOKS[sum(bits >= step for step in STEPS)] if bits is not None else LOOKS[-1]
    return f'{space}<span class="{look}" title="{text(said)}">{broken(word)}</span>'


def broken(spelled: str) -> str:
    r"""A spelled text as HTML, its lines broken again, and each end of a line to be seen.

    Examples
    --------
    >>> broken(r"a\nb\\n\t <")
    'a↵\nb\\n\\t &lt;'
    """
    parts = re.split(r"(\\[\\n])", spelled)
    return "".join(ESCAPED.get(part) or text(part) for part in parts)


def steps() -> Sequence[str]:
    """The bits that each look stands for."""
    between = [f"{low:.0f} to {high:.0f}" for low, high in pairwise(STEPS)]
    return [f"under {STEPS[0]:.0f} bits", *between, f"{STEPS[-1]:.0f} and more"]


def key() -> str:
    """What the looks mean."""
    looks = zip(LOOKS, steps(), strict=True)
    chips = " ".join(f'<span class="{look}">{said}</span>' for look, said in looks)
    return f'<p class="passage key">{chips}</p>'


def where_bits_went(told: Mapping[str, Any], room: SymbolScores) -> str:
    """How many words took how many bits, and what they cost together."""
    parts = told["by_bits"]
    n, bits = sum(part["n"] for part in parts), sum(part["bits"] or 0.0 for part in parts)
    if any(part["bits"] is None for part in parts) or not bits:
        return ""
    lines: list[Row] = [
        [
            f'<span class="{look}">{said}</span>',
            count(part["n"]),
            share(part["n"] / n),
            share(part["bits"] / bits),
        ]
        for look, said, part in zip(LOOKS, steps(), parts, strict=True)
    ]
    header = ["", room.things, f"share of all {room.things}", "share of all bits"]
    shown = table("where the bits went", header, lines, sorts=False)
    return f'<h3>Where the bits of the whole {room.whole} went</h3><div class="key">{shown}</div>'


def share(part: float) -> Cell:
    """A share of the whole."""
    return Cell(prose(f"{100.0 * part:.1f} %"), part)
