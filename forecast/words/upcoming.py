"""A forecast that is made where it is looked at: of the next word, or the next byte."""

import math
from typing import Any, ClassVar

import numpy as np

from forecast.distribution.held import Forecast
from forecast.learner import SAID, SURPRISE, TOP, Bytes

NOTHING: Bytes = np.empty(0, np.uint8)  # the context of a word or a byte


class Upcoming(Forecast):
    """What its learner says now, for as long as it has learned nothing more."""

    __slots__ = ("_learner", "_seen")
    thing: ClassVar[str]  # what comes next

    def __init__(self, learner: Any) -> None:
        self._learner = learner
        self._seen = learner.seen

    def _asked(self) -> Any:
        """The learner, in the state that this forecast was made in."""
        if self._learner.seen != self._seen:
            raise RuntimeError(
                "this forecast is past: its learner has learned since; ask `predict` again, "
                f"or look at a forecast before the next {self.thing} is learned"
            )
        return self._learner

    def surprise(self, y: Any) -> float:
        """-log p(y), nats; of a word never seen, with its spelling."""
        learner, said = self._asked(), np.empty(SAID)
        learner._ask(learner.floats, learner.ints, NOTHING, learner.told(y), said)
        return float(said[SURPRISE])

    def p(self, y: Any) -> float:
        """Probability of a word or a byte."""
        return math.exp(-self.surprise(y))

    def top(self, k: int = TOP) -> list[tuple[str, float]]:
        """The k likeliest, with their probabilities."""
        learner, k = self._asked(), max(0, k)
        ids, ps = np.empty(k, np.int64), np.empty(k)
        if k:
            learner._top(learner.floats, learner.ints, NOTHING, ids, ps)
        named: list[tuple[str, float]] = learner.named(ids[None], ps[None])[0]
        return named

    def __repr__(self) -> str:
        likely = ", ".join(f"{y!r}: {p:.3g}" for y, p in self.top(3))
        return f"{type(self).__name__}({likely}, ...)"
