"""What every law is made of, whatever is forecast."""

import copy
from collections.abc import Callable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecast.checkpoint import ROOMS, load, save
from forecast.learner import FlatLearner, Learner

Factory = Callable[[], Any]  # makes a new learner
Law = Callable[[Factory], None]
SHORT = 40  # observations; of a stream no longer each row is tried


class LawBroken(AssertionError):
    """A learner does what no learner may do."""


@dataclass(frozen=True)
class StreamLaw:
    """A law of one stream: tried on some that it brings, it can be asked of any other.

    Attributes
    ----------
    holds : callable
        ``holds(factory, stream)`` raises ``LawBroken`` where it does not.
    streams : callable
        ``streams(learner)``: those on which it is tried.
    drawn : str
        What its small streams are made of: see ``forecast.checks.search``.
    """

    holds: Callable[[Factory, Any], None]
    streams: Callable[[Any], list[Any]]
    drawn: str

    def __call__(self, factory: Factory) -> None:
        for stream in self.streams(factory()):
            self.holds(factory, stream)


def sentence_of(law: Law) -> str:
    """What a law says, in one sentence."""
    said = (law.holds if isinstance(law, StreamLaw) else law).__doc__ or ""
    return said.partition("\n")[0]


def rows_of(stream: Sized, *rows: int) -> list[int]:
    """The rows of a stream at which a law looks: these, and of a short stream all."""
    n = len(stream)
    return list(range(n)) if n <= SHORT else [t for t in rows if t < n]


def require(holds: bool, sentence: str) -> None:
    """Raise ``LawBroken`` with the sentence, unless it holds."""
    if not holds:
        raise LawBroken(sentence)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal, NaN where NaN."""
    return np.array_equal(a, b, equal_nan=True)


def thirds(stream: Any) -> list[Any]:
    """A stream in batches: its first third, one observation, and the rest."""
    third = len(stream) // 3
    return [stream[:third], stream[third : third + 1], stream[third + 1 :]]


def same_state(a: Learner, b: Learner) -> bool:
    """Whether two learners are the same to the bit, as far as their state lies open."""
    if not isinstance(a, FlatLearner) or not isinstance(b, FlatLearner):
        return True
    return same(a.floats, b.floats) and same(a.ints, b.ints)


def saved_and_loaded(learner: Learner, path: Path) -> Any:
    """A learner of the library by way of a file, any other by a copy."""
    if not isinstance(learner, FlatLearner) or type(learner).__name__ not in ROOMS:
        return copy.deepcopy(learner)
    save(path, learner)
    return load(path)


def steps(learner: FlatLearner, answers: list[Any], x: Any = None) -> np.ndarray:
    """How each of several answers would move what a learner believes: [answers, beliefs]."""
    found = []
    after = learner.copy()
    for y in answers:
        after.floats[:], after.ints[:] = learner.floats, learner.ints
        after.learn(y, x)
        found.append(after.moved(learner))
    return np.array(found)
