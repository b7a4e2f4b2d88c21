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

    def sample_ahead(self, rng: np.random.Generator, n: int, paths: int = 1) -> list[list[str]]:
        """Draw how it may go on: n words or bytes that follow one another, as often as ``paths``.

        Each is drawn from what a copy of the learner says, and then learned by the copy: a path
        comes as often as the learner itself would expect it, asked and told one by one. Of many
        paths the k-th words are a forecast k steps ahead, which no learner of words gives in
        closed form: over every way to the k-th word there are too many sums. Neither the learner
        nor this forecast changes.

        Parameters
        ----------
        rng : Generator
        n : int
            Steps ahead.
        paths : int
            Each costs as much as to copy the learner's state once, and n draws.

        Returns
        -------
        list of lists of str
            [paths][n]; joined, the words of a path are text that may follow.

        Raises
        ------
        RuntimeError
            If the learner has learned since.
        """
        learner = self._asked()
        twin = learner.copy()
        drawn: list[list[str]] = []
        for _ in range(paths):
            twin.floats[:], twin.ints[:] = learner.floats, learner.ints
            path: list[str] = []
            for _ in range(n):
                path += twin.predict().sample(rng)
                twin.learn(path[-1])
            drawn.append(path)
        return drawn

    def __repr__(self) -> str:
        likely = [f"{y!r}: {p:.3g}" for y, p in self.top(3)]
        return f"{type(self).__name__}({', '.join([*likely, '...'])})"
