"""The flow of a run: read a piece, forecast it, be told, learn, score, write; and what it cost."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from time import perf_counter
from typing import Any

from forecast import __version__
from forecast.code_cache import nothing_kept
from forecast.kinds.kind import OF_PANELS, OPTIONS_OF, Kind, of_many
from forecast.kinds.numbers import Numbers
from forecast.kinds.panel import Panels
from forecast.kinds.symbols import Bytes, Labels, Words

KINDS: dict[str, type[Kind]] = {
    "numbers": Numbers,
    "words": Words,
    "bytes": Bytes,
    "labels": Labels,
}

Say = Callable[[str], None]
Progress = Callable[[Any], AbstractContextManager[Callable[[int], None]]]


def carried_out(
    asked: Namespace, command: str, say: Say, progress: Progress
) -> tuple[Any, dict[str, Any]]:
    """Read, forecast, score, and write what a run leaves behind.

    Parameters
    ----------
    asked : Namespace
        The options, as the command has them.
    command : str
        The words that make this run again.
    say : callable
        Is told, in sentences, what was guessed and what was noticed.
    progress : callable
        Makes of the stream a context whose value is told how many rows are done.

    Returns
    -------
    report, record
        Who has written the files, and what ``scores.json`` holds.
    """
    clock = Clock()
    kind = Panels() if of_many(asked) else KINDS[asked.kind]()
    with clock.part("starting"):
        kind.load()
        if nothing_kept():
            say("compiling, once on this machine: about a minute; later runs start in seconds")
    with clock.part("reading"):
        stream = kind.open(asked)
    with stream, closing(kind):
        blocks = clock.each("reading", kind.blocks())
        for sentence in kind.begin(asked):
            say(sentence)
        with kind.reporting(asked) as report:
            with progress(stream) as advance:
                with clock.part("starting"):
                    kind.feed(kind.nothing())  # compiles the loop, or finds its code
                for piece in kind.pieces(blocks):
                    with clock.part("predicting and learning"):
                        answers = kind.feed(piece)
                    with clock.part("scoring and writing"):
                        kind.score(piece, answers)
                    advance(piece.first + len(piece))
            said = facts(asked, command, kind, clock, report.listing.seconds)
            record = report.finish(kind.coming(), {**said, "loop": kind.loop.path})
    for reason, count in stream.bad.items():
        say(f"{kind.bad}: {count:,} ({reason})")
    for sentence in kind.notices():
        say(sentence)
    return report, record


class Clock:
    """Seconds, by what they were spent on.

    Examples
    --------
    >>> clock = Clock()
    >>> with clock.part("waiting"):
    ...     pass
    >>> list(clock.seconds), clock.total() >= clock.seconds["waiting"] >= 0.0
    (['waiting'], True)
    """

    def __init__(self) -> None:
        self.begun = perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done here under a name."""
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start

    def each(self, name: str, blocks: Iterable[Any]) -> Iterator[Any]:
        """Count the wait for each block under a name."""
        waiting = iter(blocks)
        while True:
            with self.part(name):
                rows = next(waiting, None)
            if rows is None:
                return
            yield rows

    def total(self) -> float:
        """Seconds since the beginning."""
        return perf_counter() - self.begun


def facts(
    asked: Namespace, command: str, kind: Kind, clock: Clock, writing: float
) -> dict[str, Any]:
    """Where a run came from, what was tested, and what it cost: all to make it again."""
    learner = kind.learner
    spent = cost(kind.points(), clock, writing)
    spent["cost"] |= kind.paced()
    return {
        "source": kind.stream.source,
        "sha256": kind.stream.sha256,
        "command": command,
        **kind.read(),
        "options": options_of(asked),
        "learner": type(learner).__name__,
        "seed": None,  # no forecast is random
        "checkpoint": None,  # a run begins from nothing
        "versions": versions(),
        "warm_up_rows": 0,  # every answer is scored, from the first
        **kind.tested(),
        **kind.drawn(),
        **spent,
        "state_bytes": learner.floats.nbytes + learner.ints.nbytes,
    }


def options_of(asked: Namespace) -> dict[str, Any]:
    """The options that the forecasts depend on, as they were asked for."""
    from forecast.stream.numerals import MISSING

    unsaid = {"task", "source", "out", "force", "json", "quiet", "horizon"}  # horizons stand beside
    unsaid.update({"workers", "checkpoint"})  # on which they do not depend
    if not of_many(asked):
        unsaid.update({"series", "wide", *OF_PANELS})
    for kind, names in OPTIONS_OF.items():
        unsaid.update(names if kind != asked.kind else ())
    options = {name: value for name, value in vars(asked).items() if name not in unsaid}
    return {**options, "missing": [*MISSING, *asked.missing]} if "missing" in options else options


def versions() -> dict[str, str]:
    """What the numbers were computed with."""
    import platform
    from importlib.metadata import version

    import numba
    import numpy as np

    return {
        "forecast": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        **{name: version(name) for name in ("river", "matplotlib")},  # of changes, and pictures
        "platform": f"{platform.system()} {platform.machine()}",
    }


def cost(points: int, clock: Clock, writing: float) -> dict[str, Any]:
    """Seconds until all is scored (pictures and page come after), and memory.

    Points are words, messages, or values on the grid, missing ones included. Their speed leaves
    out ``starting``: imports, and machine code that is compiled or found. ``writing`` are the
    seconds that ``predictions.csv`` took of scoring and writing.
    """
    seconds = clock.total()
    used = dict(clock.seconds)
    both = used.pop("scoring and writing", 0.0)
    used |= {"scoring": both - writing, "writing": writing}
    parts = {f"{name.replace(' ', '_')}_seconds": spent for name, spent in used.items()}
    running = seconds - used["starting"]
    return {
        "seconds": seconds,
        "points_per_second": points / running,
        "cost": {
            "us_per_point": 1e6 * running / points if points else None,
            **parts,
            "peak_memory_bytes": peak_memory(),
        },
    }


def peak_memory() -> int | None:
    """Most bytes that this process held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, kilobytes elsewhere
