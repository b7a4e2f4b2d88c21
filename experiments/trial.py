"""Trials that ruin something: each gives a row of a page, here and of a peer beside.

A trial is a function of a folder and a share, 1 for all of it.
"""

import argparse
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from page import table

RIGHT, REFUSED, WRONG = "right", "refused", "wrong"
LOST = "lost"  # of a peer: what can no longer be read
KINDS = (RIGHT, REFUSED, WRONG)


class Example(NamedTuple):
    """A file that pandas reads to numbers, and not to those that stand there, without a word."""

    file: str
    here: str
    pandas: str


class Row(NamedTuple):
    """What came of one trial.

    Attributes
    ----------
    trial : str
    here : Counter
        How many were RIGHT, REFUSED and WRONG.
    wrong : list of str
        What was wrong, one sentence each.
    peer : str
        Who tried the same.
    beside : mapping of str to int
        What came of it there.
    examples : sequence of Example
    """

    trial: str
    here: Counter[str]
    wrong: list[str]
    peer: str = ""
    beside: Mapping[str, int] = MappingProxyType(Counter())
    examples: Sequence[Example] = ()


def row_of(trial: str, outcomes: list[tuple[str, str]]) -> Row:
    """A row of outcomes, each with what is wrong about it."""
    wrong = [sentence for came, sentence in outcomes if came == WRONG]
    return Row(trial, Counter(came for came, _ in outcomes), wrong)


def judged(outcomes: Iterable[str | None]) -> list[tuple[str, str]]:
    """RIGHT for None, WRONG for a sentence."""
    return [(RIGHT, "") if wrong is None else (WRONG, wrong) for wrong in outcomes]


Trial = Callable[[Path, float], Row]


def share_asked(about: str) -> float:
    """The share of the trials that the command asks for."""
    asked = argparse.ArgumentParser(description=about.split("\n")[0])
    asked.add_argument("--share", type=float, default=1.0, help="of all trials (1)")
    share: float = asked.parse_args().share
    return share


def said_of(share: float) -> str:
    """How the command says so."""
    return "" if share == 1.0 else f"--share {share:g}"


def tried(trials: Sequence[Trial], share: float) -> list[Row]:
    """The rows of all trials, each in a folder of its own; warnings are errors."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for trial in trials:
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                rows.append(trial(Path(folder), share))
            print(f"{rows[-1].trial}: {time.perf_counter() - began:.0f} s", flush=True)
            for sentence in rows[-1].wrong[:20]:
                print(" ", sentence, flush=True)
    return rows


def outcomes_table(rows: Sequence[Row]) -> str:
    """What came of each trial here."""
    header = ["trial", "tried", "right", "refused with a clear error", "silently wrong"]
    cells = [
        [row.trial, f"{row.here.total():,}", *(f"{row.here[k]:,}" for k in KINDS)] for row in rows
    ]
    return table(header, cells)


def peers_table(rows: Sequence[Row]) -> str:
    """What came of the same with a peer."""
    header = ["trial", "by", "tried", "right", "raised", "lost", "silently other"]
    kinds = (RIGHT, REFUSED, LOST, WRONG)
    cells = [
        [row.trial, row.peer, *(f"{n:,}" for n in counts(row.beside, kinds))]
        for row in rows
        if row.peer
    ]
    return table(header, cells)


def counts(came: Mapping[str, int], kinds: tuple[str, ...]) -> list[int]:
    """How many there were, and how many of each kind."""
    return [sum(came.values()), *(came.get(kind, 0) for kind in kinds)]


def nothing_wrong(rows: Sequence[Row]) -> None:
    """Fail where something was."""
    assert not any(row.here[WRONG] for row in rows), "something was silently wrong"
