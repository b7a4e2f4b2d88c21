"""A stream that is cut: the state saved and loaded, and gone on with to the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bad_values import learn

from forecast import LightForecaster, NumberForecaster, load, save
from forecast.checks import LEARNERS, numbers, symbols
from forecast.learner import FlatLearner, NumberLearner
from forecast.prequential import Run, SymbolRun

RESUMED: dict[str, Callable[[], FlatLearner]] = {
    "forecaster": NumberForecaster,
    "light": LightForecaster,
    "words": LEARNERS["words"],
    "labels": LEARNERS["labels"],
}


def cut_and_resumed(
    make: Callable[[], FlatLearner], folder: Path, points: int, apart: int
) -> Iterator[str | None]:
    """Yields for each cut None, or what is other after it."""
    never, going_on = make(), make()
    flat = isinstance(never, NumberLearner)
    stream = numbers.stream(never, points) if flat else symbols.stream(never, points)
    surprise = walked(never, stream)
    first = 1 + never.horizons[-1] if flat else 0  # questions before a cut are not the learner's
    for cut in range(points):
        if cut % apart == 0:
            save(folder / "state", going_on, offset=cut)
            again = load(folder / "state")
            rest = walked(again, stream[cut:])
            tail = len(surprise) - (points - cut - first)
            same = np.array_equal(rest[-(points - cut - first) :], surprise[tail:], equal_nan=True)
            whole = again.floats.tobytes() + again.ints.tobytes()
            if whole != never.floats.tobytes() + never.ints.tobytes():
                yield f"cut at {cut}: another state at the end"
            elif points - cut > first and not same:
                yield f"cut at {cut}: other surprises"
            else:
                yield None
        learn(going_on, stream[cut])


def walked(learner: FlatLearner, stream: Any) -> np.ndarray:
    """The surprises of a learner over a stream."""
    if isinstance(learner, NumberLearner):
        return Run(learner, measure=False).feed(stream).surprise
    return SymbolRun(learner).feed(symbols.symbols(learner, stream)).surprise
