"""Values that no series, text or mailbox should have, at any position; and what is asked then.

A learner refuses it with an error and is, bit for bit, the one it was; or takes it for missing, or
for an outlier. In both cases its state stays finite, but for numbers that wait for their first
value, and `LATER` points on it forecasts as well as one that never met it, within a factor of
`WITHIN`.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from forecast.checks import numbers, symbols
from forecast.checks.law import same_state
from forecast.learner import FlatLearner, NumberLearner, SymbolLearner
from forecast.prequential import Run, SymbolRun

LATER, SCORED = 100, 100  # points after it that are left out, and those that are scored
WITHIN = 1.25
TAKEN, REFUSED = "taken", "refused"

# What is no number of its type or shape has to be refused.
NUMBERS: dict[str, tuple[Any, ...]] = {
    "none": (None,),
    "nan": (math.nan,),
    "inf": (math.inf,),
    "-inf": (-math.inf,),
    "1e308": (1e308,),
    "-1e308": (-1e308,),
    "no number": ("seven", b"7", 1j, [1.0] * 99, [], {}, object(), np.ones((2, 2))),
}
WORDS: dict[str, tuple[Any, ...]] = {
    "none": (None,),
    "empty": ("", b""),
    "lone surrogate": ("\ud800", "a\udfff"),
    "NUL": ("\0", b"\0\0"),
    "a megabyte": ("a" * 1_000_000, b"\xff" * 1_000_000),
    "bytes that are no text": (b"\xff\xfe", b"\x80"),
    "no text": (7, math.nan, 1j, ["a"], {}, True),
}
LABELS: dict[str, tuple[Any, ...]] = {
    "none": ((None, "a"),),
    "another label": (("neither", "a"), ("", "a"), (b"\0", "a")),
    "no label": ((7, "a"), (math.nan, "a"), (["yes"], "a"), (True, "a")),
    "no message": (("yes", 7), ("yes", ["a"]), ("yes", math.nan)),
    "lone surrogate": (("yes", "\ud800"), ("no", "a\udfff")),
    "NUL": (("yes", "\0"), ("no", b"\0" * 9)),
    "a megabyte": (("yes", "a " * 500_000), ("no", b"\xff" * 1_000_000)),
}


class Met(NamedTuple):
    """What came of one bad value.

    Attributes
    ----------
    value : str
    position : int
    came : str
        TAKEN or REFUSED.
    ratio : float
        Its mean error or surprise later, over that of one that never met it.
    wrong : str
        What is wrong; empty where nothing is.
    """

    value: str
    position: int
    came: str
    ratio: float
    wrong: str


def bad_values(learner: FlatLearner) -> dict[str, tuple[Any, ...]]:
    """Those to try on a learner, each kind with its variants."""
    if isinstance(learner, NumberLearner):
        return NUMBERS
    return LABELS if hasattr(learner, "labels") else WORDS


def met(make: Callable[[], FlatLearner], positions: range) -> Iterator[Met]:
    """Give each bad value to a learner at each position of a stream, in place of what is there."""
    going_on = make()
    kinds = bad_values(going_on)
    n = positions.stop + LATER + SCORED
    stream: Any = (numbers if isinstance(going_on, NumberLearner) else symbols).stream(going_on, n)
    # what waits for a value, as the range of a block that has just begun: no bad value's doing
    waits = np.zeros(len(going_on.floats), np.bool_)
    for t in range(positions.stop):
        waits |= ~np.isfinite(going_on.floats)
        if t in positions:
            rest = stream[t : t + LATER + SCORED]
            never = going_on.copy()
            usual = later(never, rest)
            for kind, variants in kinds.items():
                value = variants[t // positions.step % len(variants)]
                may_wait = waits | ~np.isfinite(never.floats)
                came = given(going_on.copy(), going_on, value, rest, may_wait, usual)
                yield Met(kind, t, *came)
        learn(going_on, stream[t])


def learn(learner: FlatLearner, item: Any) -> None:
    """Tell a learner what comes next in its stream."""
    if isinstance(learner, NumberLearner):
        learner.learn(item)
    else:
        learner.learn(item[1], item[0])


def given(
    learner: FlatLearner,
    before: FlatLearner,
    value: Any,
    rest: Any,
    may_wait: np.ndarray,
    usual: float,
) -> tuple[str, float, str]:
    """Give one bad value to a learner, then the rest of the stream."""
    came = TAKEN
    try:
        if isinstance(learner, NumberLearner):
            several = learner.channels > 1 and (value is None or isinstance(value, float))
            learner.learn([value] * learner.channels if several else value)
        elif hasattr(learner, "labels"):
            label, message = value
            named = dict(zip(("no", "yes"), learner.labels, strict=True))
            plain = isinstance(label, str)
            learner.learn(named.get(label, label) if plain else label, message)
        else:
            learner.learn(value)
    except (TypeError, ValueError) as error:
        if not same_state(learner, before):
            return REFUSED, math.nan, f"refused ({error}), and changed"
        came = REFUSED
    ratio = later(learner, rest[1:]) / usual
    if not (np.isfinite(learner.floats) | may_wait).all():
        return came, ratio, "a number of its state is infinite, or none any more"
    if not ratio <= WITHIN:
        return came, ratio, f"{ratio:.3g} times as bad as without"
    return came, ratio, ""


def later(learner: FlatLearner, rest: Any) -> float:
    """Mean absolute error, or surprise, of the last points of the rest of a stream."""
    skipped = len(rest) - SCORED
    if isinstance(learner, NumberLearner):
        answers = Run(learner).feed(np.asarray(rest, float))
        scored = answers.row >= skipped
        return float(np.abs(answers.y - answers.quantiles[:, 10])[scored].mean())
    assert isinstance(learner, SymbolLearner)
    told = SymbolRun(learner).feed(symbols.symbols(learner, rest))
    return float(told.surprise[skipped:].mean())
