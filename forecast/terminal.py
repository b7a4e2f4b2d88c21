"""What is said on a terminal: data on stdout, everything else on stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

MOST_LINES = 24  # of the table on the terminal
NARROWEST_NAME = 12  # letters to a line of a series' name, in a table


def told(sentence: str) -> None:
    """Say something on stderr."""
    if sentence:
        with suppress(BrokenPipeError):
            print(printable(sentence), file=sys.stderr, flush=True)


def nothing(sentence: str) -> None:
    """Say nothing."""


def failed(code: int, sentence: str) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    told(f"forecast: {sentence}")
    return code


def printable(sentence: str) -> str:
    """A sentence that may quote a file, without letters that command a terminal.

    Examples
    --------
    >>> printable("a\\x1b[31mb")
    'a�[31mb'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in sentence)


def answer(
    record: dict[str, Any], asked: argparse.Namespace, say: Callable[[dict[str, Any], str], None]
) -> None:
    """Say on stdout what came out; a reader that has enough may leave."""
    try:
        if asked.json:
            print(json.dumps(record, indent=1, allow_nan=False))
        elif not asked.quiet:
            say(record, asked.out)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_scores(record: dict[str, Any], out: str) -> None:
    """The verdict, the table against the two naive forecasters, and where the page lies."""
    from forecast.report import verdict
    from forecast.report.page import named

    scores = record["scores"]
    print(printable(verdict(named(scores), record["skill_intervals"], record["course"])))
    if not any(entry["n"] for entry in scores):
        observed = sum(counts["observed"] for counts in record["values"].values())
        print(f"Rows: {record['rows']:,}; values among them: {observed:,}.")
    else:
        print()
        show_table(*rivals(scores[:MOST_LINES]))
        if len(scores) > MOST_LINES:
            more = len(scores) - MOST_LINES
            print(f"and {more:,} more in {place(out, 'scores.json')}")
        print()
    say_page(out)


def say_panel(record: dict[str, Any], out: str) -> None:
    """The verdict over many series, and where the page lies."""
    from forecast.report.panel_page import panel_verdict

    print(printable(panel_verdict(record)))
    print(f"Series: {record['panel']['count']:,}, each in {place(out, 'scores.csv')}")
    say_page(out)


def say_symbols(record: dict[str, Any], out: str) -> None:
    """The verdict on words or labels, and the table against the free rivals."""
    from forecast.report.symbols import table, verdict

    print(printable(verdict(record)))
    if record["rows"]:
        header, *rows = table(record)
        print()
        show_table(header, rows)
        print()
    say_page(out)


def say_comparison(record: dict[str, Any], out: str) -> None:
    """Who is better, and the table of all comparisons."""
    from forecast.report.side_by_side import lines

    for each in record["together"]:
        print(printable(each["verdict"]))
    header, *rows = lines(record)
    if rows:
        hidden = [
            header.index(name)
            for name, of in (("series", "series"), ("horizon", "horizons"))
            if len(record[of]) == 1
        ]
        hidden += [header.index("other")] if len(record["runs"]) == 2 else []
        keep = [k for k in range(len(header)) if k not in hidden]
        shown = [[row[k] for k in keep] for row in rows[:MOST_LINES]]
        print()
        show_table([header[k] for k in keep], shown)
        if len(rows) > MOST_LINES:
            print(f"and {len(rows) - MOST_LINES:,} more in {place(out, 'compare.json')}")
        print()
    say_page(out, "compare.html")


def place(out: str, name: str) -> str:
    """Where a file lies, as its directory was spelled."""
    return printable(os.path.join(out, name))  # noqa: PTH118


def say_page(out: str, name: str = "report.html") -> None:
    """Where the page lies."""
    print(place(out, name))


def rivals(scores: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table, without columns that would say nothing."""
    from forecast.report import table

    header, *rows = table(scores)
    several = len({entry["series"] for entry in scores}) > 1
    hidden = set() if several else {header.index("series")}
    if all(entry["skill_seasonal"] is None for entry in scores):
        same = header.index("same season")
        hidden |= {same, same + 1}
    keep = [column for column in range(len(header)) if column not in hidden]
    return [header[k] for k in keep], [[row[k] for k in keep] for row in rows]


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout: drawn on a terminal, plain columns elsewhere."""
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for row in (header, *rows):
            cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    columns = list(zip(header, zip(*rows, strict=True), strict=True))
    edges = 1 + 2 * len(columns)
    widths = widths_within(console.width - edges, columns)
    if not widths:
        show_turned(header, rows, console)
        return
    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for (name, _), width in zip(columns, widths, strict=True):
        justify: Any = "left" if name == "series" else "right"
        drawn.add_column(name, justify=justify, min_width=width, max_width=width)
    for row in rows:
        drawn.add_row(*map(coloured, row))
    console.print(drawn)


def widths_within(wide: int, columns: Sequence[tuple[str, Sequence[str]]]) -> list[int]:
    """Letters to each column of a table that is no wider; none where it cannot be.

    Where the terminal is narrow a header breaks, and a long name; numbers do not.

    Examples
    --------
    >>> columns = [("series", ["a long name of it"]), ("last value", ["1.5"])]
    >>> [widths_within(wide, columns) for wide in (30, 20, 17, 16)]
    [[17, 10], [12, 8], [12, 5], []]
    """
    widths, least = [], []
    for name, cells in columns:
        widths.append(max(map(len, [name, *cells])))
        unbroken = max(map(len, [*cells, *name.split()]))
        least.append(unbroken if name != "series" else min(unbroken, NARROWEST_NAME))
    if sum(least) > wide:
        return []
    for k in range(len(widths)):
        over = sum(widths) - wide
        widths[k] -= max(0, min(over, widths[k] - least[k]))
    return widths


def show_turned(header: Sequence[str], rows: Sequence[Sequence[str]], console: Any) -> None:
    """A table that is too wide for the terminal: a line for each cell."""
    wide = max(map(len, header))
    for row in rows:
        for name, cell in zip(header, row, strict=True):
            console.print(f"{name:<{wide}} ", coloured(cell), sep=" ", markup=False)
        console.print()


def coloured(cell: str) -> Any:
    """A cell of the table; a skill is blue where the forecasts won and red where they lost."""
    from rich.text import Text

    return Text(cell, style={"+": "blue", "-": "red"}.get(cell[:1], ""))


def progress_of(stream: Any, quiet: bool) -> AbstractContextManager[Any]:
    """A function that shows how many rows are done; it shows them on a terminal only."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(lambda rows: None)
    return progress_bar(stream)


@contextmanager
def progress_bar(stream: Any) -> Iterator[Any]:
    """A bar on stderr that goes when the work is done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting (longer the first time)", total=None)

        def advance(rows: int) -> None:
            done = stream.progress()
            total = None if done is None else 1.0
            progress.update(task, description=f"{rows:,} rows", total=total, completed=done or 0.0)

        yield advance
