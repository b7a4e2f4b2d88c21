"""What can be asked of a live run, and how it is said."""

import argparse
import math
import re

from forecast.options import add_distance, add_file

ABOUT = """\
Answer each row of a stream as soon as it came: one line of JSON with the forecasts and intervals of
the next points, and how surprising the one just seen was. It goes on until the input ends, or until
it is told to stop by Ctrl-C or SIGTERM."""
EXAMPLES = """\
examples:
  tail -f -n +1 x.csv | forecast live - --target value --horizon 12 --checkpoint state
      a line for each row; the same command goes on from the checkpoint, and passes over the rows
      that were answered by then, told by their times
  forecast live --follow x.csv --out answers.jsonl --checkpoint state
      a file that grows, and may be rotated; whenever this is killed and started again, each answer
      stands in answers.jsonl once
  forecast live x.csv --checkpoint state --alert p=1e-3 > today.jsonl
      what is new in a file since the last time, and exit code 4 if it held a surprise so rare
  forecast live --follow x.csv --out answers.jsonl --serve
      and a page that shows it while it goes on, to whoever opens it on this machine; from another
      one by a tunnel, as ssh -L 8377:localhost:8377 HOST
  sensor | forecast live - --time at --target celsius --step '1 min' --alert 12
      rows may be objects of JSON, as {"at": "2024-01-31 23:59", "celsius": 21.5}; an alarm at
      surprises above 12 nats

each line: row (number of the instant, from 0), time, y, surprise (nats, to the nearest forecast of
it), rate, with --alert tail (how likely so great a surprise is) and alarm; and forecasts: of each
horizon its time, mean, median and the ends of the intervals that hold 50, 80, 90 and 95 %. What is
not known is null. Instants that the grid has and the stream left out have lines too.

A line that cannot be read is told on stderr and counted, and ends nothing: its number is missing.
After a kill, lines on stdout that came after the last checkpoint are written again, the same, as
their row numbers tell; the last of them may have been cut.

exit codes: 0 done, 1 fault, 2 wrong usage, 3 bad input (that never made sense), 4 an alarm was
raised"""
EVERY = 10.0  # seconds
PORT = 8377


def parser() -> argparse.ArgumentParser:
    """The words of a live run and their help."""
    command = argparse.ArgumentParser(
        "forecast live",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(task="live", kind="numbers", known=[], context=[], gather=None)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
        help="a CSV, or lines of JSON, read to its end; - for stdin",
    )
    source.add_argument(
        "--follow",
        metavar="FILE",
        help="wait at its end for what is written there, and for the next file of that name",
    )
    question = command.add_argument_group("the question")
    question.add_argument(
        "--target",
        metavar="COL",
        type=lambda name: [name],
        default=[],
        help="column to forecast (the only one of numbers)",
    )
    add_distance(question)
    question.add_argument(
        "--alert",
        metavar="NATS|p=P",
        type=alert_named,
        help="raise an alarm at surprises above so many nats, or at those so rare that a share P "
        "of all points is: p=1e-3; the exit code is then 4 if there was one",
    )
    add_file(command.add_argument_group("the input; guessed, and said aloud, where it is plain"))
    left = command.add_argument_group("what is left behind")
    left.add_argument("--out", metavar="FILE", help="the lines, each of them once (stdout)")
    left.add_argument(
        "--checkpoint", metavar="FILE", help="all that it takes to go on; goes on from it if there"
    )
    left.add_argument(
        "--every",
        metavar="SECONDS",
        type=seconds_named,
        default=EVERY,
        help=f"between two checkpoints, while rows come ({EVERY:g})",
    )
    left.add_argument(
        "--serve",
        metavar="PORT",
        nargs="?",
        type=port_named,
        const=PORT,
        help="show it on a page that this machine alone can open, http://127.0.0.1:PORT/ "
        f"({PORT}; 0 for one that is free)",
    )
    left.add_argument("--force", action="store_true", help="replace what --out holds")
    left.add_argument("--quiet", action="store_true", help="say nothing but errors")
    return command


def alert_named(text: str) -> tuple[str, float]:
    """When an alarm is raised, as a person wrote it.

    Examples
    --------
    >>> alert_named("12.5"), alert_named("p=1e-3")
    (('nats', 12.5), ('p', 0.001))
    """
    rare = text.startswith("p=")
    number = number_named(text.removeprefix("p="))
    if number is None or (rare and not 0.0 < number <= 0.1):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no alert: say a number of nats, or p= and a share up to 0.1, as p=1e-3"
        )
    return ("p" if rare else "nats"), number


def seconds_named(text: str) -> float:
    """A number of seconds that a person wrote."""
    number = number_named(text)
    if number is None or number < 0.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def port_named(text: str) -> int:
    """A port that a person named.

    Examples
    --------
    >>> port_named("8377")
    8377
    """
    if re.fullmatch("[0-9]{1,5}", text, re.ASCII) and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is no port: say a number from 0 to 65535, or --serve at the end of the line"
    )


def number_named(text: str) -> float | None:
    """A number that a person wrote; None where it is none.

    Examples
    --------
    >>> number_named("1e-3"), number_named("1_0"), number_named("inf")
    (0.001, None, None)
    """
    if not re.fullmatch(r"-?[0-9.]+(?:[eE][+-]?[0-9]+)?", text, re.ASCII):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
