"""Learners in plain Python, each sound but for one fault: what ``forecast check`` is tried on.

The sound one forecasts the last value, as sure as its last errors at each horizon were: every
question waits in a queue until its answer comes.
"""

import copy
import math
from collections import deque
from typing import Any

import numpy as np

from forecast import Learner, Normal, Quantiles

SURE = 1e-9  # of the largest step: no interval is narrower
SMALLEST = 1e-300
FADE = 0.98  # of what an error weighs, at each answer
POINT = np.zeros(2), np.array([-math.inf, math.inf]), np.zeros(2)  # tails, bounds and lattice


class LastValue(Learner):
    """A sound one: the last value, and the mean square of its last errors at each horizon."""

    horizons: tuple[int, ...] = (1, 3)
    rate = 1.0
    late = 0  # rows that an answer is awaited too long

    def __init__(self) -> None:
        self.last = math.nan
        self.unit = math.nan  # the smallest step seen: what an observation is told to
        self.size = 0.0
        self.squares = dict.fromkeys(self.horizons, 0.0)
        self.answered = dict.fromkeys(self.horizons, 0.0)
        self.asked: deque[float] = deque(maxlen=max(self.horizons) + 2)

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        horizon = self.expects(horizon)
        if self.size == 0.0 or math.isnan(self.last):
            # nothing is known, or one value only
            return Quantiles.of(np.full(21, self.last), *POINT, math.nan, self.last)
        sd = self.size
        if self.answered[horizon]:
            sd = math.sqrt(self.squares[horizon] / self.answered[horizon])
        return Normal(self.last, max(sd, SURE * self.size, SMALLEST), self.unit)

    def learn(self, y: Any, x: Any = None) -> None:
        if y is None or not abs(y) <= 1e75 or (self.size and abs(y - self.last) > 1e12 * self.size):
            self.asked.append(self.last)
            return
        self.score(y)
        self.believe(y)
        self.asked.append(self.last)

    def score(self, y: float) -> None:
        """Answer the questions that were asked for this observation."""
        for horizon in self.horizons:
            back = horizon + self.late
            if len(self.asked) >= back and not math.isnan(self.asked[-back]):
                error = y - self.asked[-back]
                self.squares[horizon] = FADE * self.squares[horizon] + error * error
                self.answered[horizon] = FADE * self.answered[horizon] + 1.0

    def believe(self, y: float) -> None:
        """Take a value for the next ones."""
        gap = abs(y - self.last)
        if gap > 0.0:
            self.unit = min(gap, self.unit) if self.unit == self.unit else gap
            self.size = max(gap, self.size)
        self.last = y


def moved(said: Any, shift: float, wider: float = 0.0) -> Any:
    """A forecast elsewhere, and wider, once it has a width."""
    return Normal(said.mean + shift, said.sd + wider, said.cell) if type(said) is Normal else said


class Peeks(LastValue):
    """Remembers from another run what came next in it, and says that."""

    heard: dict[int, float] = {}  # noqa: RUF012 - all of them share it, which is the fault

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        said = super().predict(x, horizon)
        return moved(said, self.heard.get(self.rows, said.mean) - said.mean)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y, x)
        self.heard[self.rows] = self.last
        self.rows += 1


class Swapped(LastValue):
    """Learns before it measures: its errors are those of a forecast that knew the answer."""

    def score(self, y: float) -> None:
        self.asked.append(y)
        super().score(y)
        self.asked.pop()


class OneEarly(LastValue):
    """Takes each answer for that of the horizon after: it is as sure as one step nearer."""

    horizons = (3,)
    late = -1


class OneLate(LastValue):
    """Waits one row too long for each answer."""

    horizons = (1, 3)
    late = 1


class Drops(LastValue):
    """Loses every fifth answer."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def learn(self, y: Any, x: Any = None) -> None:
        self.rows += 1
        super().learn(None if self.rows % 5 == 0 else y, x)


class Writes(LastValue):
    """Takes each question for an observation of what it says."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        said = super().predict(x, horizon)
        self.answered[self.expects(horizon)] += 1
        return said


class Forgets(LastValue):
    """Keeps its value when it is copied, and not how sure it was."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Forgets":
        twin = copy.copy(self)
        twin.squares = dict.fromkeys(self.horizons, 0.0)
        twin.answered = dict.fromkeys(self.horizons, 0.0)
        twin.asked = copy.copy(self.asked)
        return twin


class Metric(LastValue):
    """Is unsure by one more, in whatever unit the series comes."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return moved(super().predict(x, horizon), 0.0, wider=1.0)


class Moody(LastValue):
    """Takes the numbers of numpy for others than those of Python."""

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y if type(y) is float or y is None else y * (1.0 + 1e-9), x)
