"""The command line: from a file to its forecasts, their scores and a page.

Nothing heavy is imported before it is used: help, and a word that is spelled wrong, are answered
at once.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from forecast.flow import carried_out
from forecast.installed import missing
from forecast.kinds.kind import UsageError, of_many
from forecast.live.options import parser as live_parser
from forecast.options import parser, refuse_options_of_others
from forecast.terminal import (
    answer,
    failed,
    nothing,
    printable,
    progress_of,
    say_comparison,
    say_panel,
    say_scores,
    say_symbols,
    told,
)

DONE, FAULT, USAGE, BAD_INPUT, ALERT = range(5)  # exit codes
STOPPED = 130  # by the person at the keyboard


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the name of the program; those of this process for None.

    Examples
    --------
    >>> main(["--version"])
    forecast 0.1.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["mail"]:
        from forecast.mail.delivery import main as mail

        return mail(words[1:])
    for stream in (sys.stdout, sys.stderr):
        # a terminal that lacks a letter of a series' name gets another one
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    live_words = words[:1] == ["live"]
    try:
        asked = live_parser().parse_args(words[1:]) if live_words else parser().parse_args(words)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else DONE
    terminal = sys.stdout.isatty() or sys.stderr.isatty()
    if sentence := missing(asked.task, terminal):
        return failed(FAULT, sentence)
    do = {"run": run, "live": live, "compare": compare, "check": check, "completion": completion}
    try:
        return do[asked.task](asked, shlex.join(["forecast", *words]))
    except KeyboardInterrupt:
        return failed(STOPPED, "stopped.")
    except FileExistsError as error:
        return failed(USAGE, str(error))
    except OSError as error:
        return failed(FAULT, of_the_system(error))
    except ValueError as error:
        from forecast.checkpoint import CheckpointError
        from forecast.stream import StreamError

        if isinstance(error, (StreamError, CheckpointError)):
            return failed(BAD_INPUT, str(error))
        if isinstance(error, UsageError):
            return failed(USAGE, str(error))
        raise


def of_the_system(error: OSError) -> str:
    """What the system said no to, and what to do where a folder is missing.

    Examples
    --------
    >>> of_the_system(FileNotFoundError(2, "No such file or directory", "nowhere/answers"))
    'nowhere/answers: there is no folder nowhere: make it, or name another place'
    >>> of_the_system(OSError(28, "No space left on device", "answers"))
    'answers: No space left on device'
    """
    said = error.strerror or str(error)
    if error.filename is None:
        return said
    if isinstance(error, FileNotFoundError):
        folder = Path(os.fsdecode(error.filename)).parent
        if not folder.exists():
            said = f"there is no folder {folder}: make it, or name another place"
    return f"{error.filename}: {said}"


def run(asked: argparse.Namespace, command: str) -> int:
    """Read, forecast, score, and write what a run leaves behind."""
    refuse_options_of_others(asked)
    say = nothing if asked.quiet else told
    _, record = carried_out(asked, command, say, lambda stream: progress_of(stream, asked.quiet))
    words = say_scores if asked.kind == "numbers" else say_symbols
    answer(record, asked, say_panel if of_many(asked) else words)
    return DONE


def live(asked: argparse.Namespace, command: str) -> int:
    """Answer each row of a stream as it comes."""
    from forecast.live.session import Session

    del command
    say = nothing if asked.quiet else told
    return ALERT if Session(asked, say).carry_on() else DONE


def compare(asked: argparse.Namespace, command: str) -> int:
    """Set finished runs side by side."""
    from forecast.compare import compare as compared

    record = compared(asked.runs, asked.score, asked.out, asked.force, command)
    answer(record, asked, say_comparison)
    return DONE


def completion(asked: argparse.Namespace, command: str) -> int:
    """Write the script by which a shell completes what is typed."""
    from forecast.completion import script

    del command
    print(script(asked.shell), end="")
    return DONE


def check(asked: argparse.Namespace, command: str) -> int:
    """Run the laws of learners on one that a person names; says of each whether it is kept."""
    from forecast.checks import judged
    from forecast.checks.law import sentence_of
    from forecast.checks.named import NotFoundError, UnusableError, factory_named
    from forecast.checks.search import can_search, shown, smallest_stream

    del command
    try:
        factory = factory_named(asked.learner)
    except NotFoundError as error:
        return failed(USAGE, str(error))
    except UnusableError as error:
        return failed(BAD_INPUT, str(error))
    broken = kept = 0
    for name, law, why in judged(factory):
        print(f"{'broken' if why else 'held  '}  {name}", flush=True)
        print(f"        {sentence_of(law)}")
        broken, kept = broken + bool(why), kept + (not why)
        if why:
            print(printable(f"        {why}"))
            if (stream := smallest_stream(law, factory)) is not None:
                print(printable(f"        smallest stream found: {shown(stream)}"))
    print(f"{kept} of {kept + broken} laws are kept.")
    if broken and not can_search():
        told("forecast: to see the smallest streams that break a law, pip install hypothesis")
    return FAULT if broken else DONE
