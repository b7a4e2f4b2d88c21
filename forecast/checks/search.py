"""The smallest stream that breaks a law: what one would debug with.

Hypothesis looks for it, and makes it ever smaller: fewer observations first, then simpler ones. It
is an extra (``pip install 'forecast[check]'``); all laws can be run without it.
"""

import importlib.util
import time
from typing import Any

import numpy as np

from forecast.checks.law import SHORT, Factory, Law, StreamLaw
from forecast.learner import Learner

PACKAGE = "hypothesis"
TRIES = 300  # streams that are tried before it is given up
SECONDS = 20.0  # after so many, no other stream is tried


def can_search() -> bool:
    """Whether the package that looks for streams is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def smallest_stream(law: Law, factory: Factory, seconds: float = SECONDS) -> Any:
    """The smallest stream found on which a learner breaks a law, or None where none was found.

    Parameters
    ----------
    law : callable
        Only one of a stream can be broken by a small one.
    factory : callable
        Makes a new learner.
    seconds : float
        How long to look.

    Examples
    --------
    >>> from forecast import Level
    >>> from forecast.checks.law import StreamLaw, require
    >>> def at_most_two(factory, ys):
    ...     require(len(ys) <= 2, "more than two")
    >>> smallest_stream(StreamLaw(at_most_two, lambda learner: [], "numbers"), Level)
    [0.0, 0.0, 0.0]
    """
    if not isinstance(law, StreamLaw) or not can_search():
        return None
    from hypothesis import HealthCheck, find, settings
    from hypothesis.errors import NoSuchExample

    until = time.monotonic() + seconds
    known: dict[str, bool] = {}

    def breaks(stream: Any) -> bool:
        key = repr(stream)
        if key not in known:
            # a stream that was not tried in time counts as one that keeps the law
            known[key] = time.monotonic() < until and _breaks(law, factory, stream)
        return known[key]

    quietly = settings(
        max_examples=TRIES,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        return find(_small(law.drawn, factory()), breaks, settings=quietly)
    except NoSuchExample:
        return None


def shown(stream: list[Any]) -> str:
    """A stream as one would type it.

    Examples
    --------
    >>> shown([0.0, 1.5]), shown([[0.0, 1.0], [2.0, 0.0]]), shown([(None, "a"), ("b", "no")])
    ('0, 1.5', '[0, 1], [2, 0]', "'a', 'no' of 'b'")
    """
    return ", ".join(map(_one, stream)) or "none: nothing was told"


def _one(observation: Any) -> str:
    if isinstance(observation, tuple):
        x, y = observation
        return repr(y) if x is None else f"{y!r} of {x!r}"
    if isinstance(observation, list):
        return f"[{', '.join(map(_one, observation))}]"
    return f"{observation:g}"


def _breaks(law: StreamLaw, factory: Factory, stream: list[Any]) -> bool:
    """Whether a law does not hold on a stream; a learner that falls over breaks it too."""
    try:
        law.holds(factory, stream if law.drawn == "symbols" else _array(stream, factory()))
    except Exception:
        return True
    return False


def _array(stream: list[Any], learner: Learner) -> np.ndarray:
    channels = getattr(learner, "channels", 1)
    shape = (-1,) if channels == 1 or not _in_rows(stream) else (-1, channels)
    return np.array(stream, float).reshape(shape)


def _in_rows(stream: list[Any]) -> bool:
    """Whether each observation is a list, one number for each channel."""
    return bool(stream) and isinstance(stream[0], list)


def _small(drawn: str, learner: Any) -> Any:
    """Small streams for a learner, as a strategy: few observations, each as plain as can be."""
    from hypothesis import strategies as st

    number = st.integers(-9, 9).map(float)
    if drawn == "a pattern":
        return st.lists(number, min_size=1, max_size=12)
    if drawn == "symbols" and hasattr(learner, "labels"):
        message = st.sampled_from(["a", "b", "a b", "c"])
        return st.lists(st.tuples(message, st.sampled_from(learner.labels)), max_size=SHORT)
    if drawn == "symbols":
        word = st.sampled_from(["a", "b", " c", "."])
        return st.lists(word.map(lambda word: (None, word)), max_size=SHORT)
    channels = getattr(learner, "channels", 1)
    if channels > 1:
        vector = st.lists(number, min_size=channels, max_size=channels)
        return st.lists(vector, max_size=SHORT)
    return st.lists(number, max_size=SHORT)
