"""What is said on a terminal: data on stdout, everything else on stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

MOST_LINES = 24  # of the table on the terminal


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

    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name, column in zip(header, zip(*rows, strict=True), strict=True):
        # where the terminal is narrow the header breaks, the numbers do not
        least = max(map(len, column)) if name != "series" else None
        drawn.add_column(name, justify="right" if least else "left", min_width=least)
    for row in rows:
        drawn.add_row(*map(coloured, row))
    Console().print(drawn)


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
