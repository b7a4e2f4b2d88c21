"""One row of a live stream after the other: answered, learned from, and asked about what comes.

It is the compiled loop of a whole file (``forecast.prequential.walk``), a row at a time: the same
bits.
"""

import math
from argparse import Namespace
from typing import Any

import numpy as np

from forecast.coming import coming_of
from forecast.kinds.numbers import learner_for
from forecast.learner import ROW
from forecast.live.alert import Alert
from forecast.measure import ASKED_RATE, LONG, SCORE, SURPRISE
from forecast.numbers.forecaster import NumberForecaster
from forecast.prequential import walk_of
from forecast.stream import Step


class Answer:
    """What is said of one row.

    Attributes
    ----------
    row : int
        Its number, from 0, among the instants of the grid.
    y, surprise, rate : float
        The number, how surprising it was to the nearest forecast of it (nats), and the effective
        rate when that was asked; NaN where it is missing, or nothing was known of it.
    tail : float or None
        How likely a surprise of that size or more is; None where that is not asked or not known.
    alarm : bool
    coming : ndarray [horizons, LONG]
        What is said of the rows to come, as the loop measures it.
    """

    __slots__ = ("alarm", "coming", "rate", "row", "surprise", "tail", "y")

    def __init__(self, row: int, y: float, coming: np.ndarray) -> None:
        self.row, self.y, self.coming = row, y, coming
        self.surprise = self.rate = math.nan
        self.tail: float | None = None
        self.alarm = False


class Answering:
    """The forecaster of a live stream, and the questions that wait for their answers.

    Parameters
    ----------
    asked : Namespace
        The options of a run.
    alert : Alert or None

    Attributes
    ----------
    learner : NumberForecaster
    rows : int
        Instants so far.
    """

    learner: NumberForecaster

    def __init__(self, asked: Namespace, alert: Alert | None) -> None:
        self._asked, self.alert = asked, alert
        self.step: Step | None = None
        self.first: list[float] = []  # numbers told before the step was known
        self._begin(None)

    def _begin(self, step: Step | None) -> None:
        self.step = step
        self._take(learner_for(self._asked, 1, step))

    def _take(self, learner: NumberForecaster) -> None:
        """Go on with a learner; no question waits."""
        self.learner, self.rows = learner, 0
        horizons = learner.horizons
        self._walk = walk_of(learner._learn, learner._ask, learner.family)
        self._score = SCORE[learner.family]
        self._horizons = np.array(horizons)
        self._queue = np.full((horizons[-1], 1, len(horizons), ROW), math.nan)
        self._out = np.empty((len(horizons), LONG))
        self._where = np.empty((len(horizons), 4), np.int64)
        self._y = np.empty((1, 1))

    def told(self, y: float, step: Step | None) -> Answer:
        """Answer the next row, whose step may only now be known."""
        if self.step is None and step is not None:
            self._begin(step)
            for earlier in self.first:
                self._learn(earlier)
        if step is None:
            self.first.append(y)
        answered = self._learn(y)
        answer = Answer(self.rows - 1, y, self._coming())
        if answered and self._where[0, 2] == self._horizons[0]:
            answer.surprise = float(self._out[0, SURPRISE])
            answer.rate = float(self._out[0, ASKED_RATE])
            if self.alert is not None and not math.isnan(answer.surprise):
                answer.tail, answer.alarm = self.alert.judge(answer.surprise)
        return answer

    def _learn(self, y: float) -> int:
        """Walk over one row; how many questions it answered."""
        self._y[0, 0] = y
        state = self.learner.floats, self.learner.ints
        asked = self._horizons, self.rows, self._queue
        self.rows += 1
        # a row answers for itself: the loop reads both from one array
        return int(self._walk(*state, *asked, self._y, self._y, self._out, self._where))

    def _coming(self) -> np.ndarray:
        """What is said of each horizon now."""
        return coming_of(self._queue[:, 0], self.rows, self._score)

    # ---- going on ---------------------------------------------------------------------------

    def more(self) -> np.ndarray:
        """What it is beside its learner: the questions that wait, and what alarms remember."""
        remembered = np.empty(0) if self.alert is None else self.alert.state
        return np.concatenate([self._queue.ravel(), remembered])

    def stand(self) -> dict[str, Any]:
        """Where it stands beside that."""
        first = [None if math.isnan(y) else y for y in self.first]
        step = None if self.step is None else [self.step.unit, self.step.size]
        return {"rows": self.rows, "first": first, "step": step}

    def go_on(self, learner: NumberForecaster, more: np.ndarray, stand: dict[str, Any]) -> None:
        """Stand where another stood, that has said these things of itself."""
        self._take(learner)
        self.rows = stand["rows"]
        self.first = [math.nan if y is None else y for y in stand["first"]]
        self.step = None if stand["step"] is None else Step(*stand["step"])
        self._queue.ravel()[:] = more[: self._queue.size]
        if self.alert is not None:
            self.alert.state[:] = more[self._queue.size :]
            self.alert.again()
