"""Learners of numbers as one: what each says, mixed level by level, safe against the worst.

Each of the 21 quantiles, and the mean, is mixed by second-order Bernstein aggregation on its own
loss (see ``forecast.blend``). A member that says nothing is asleep for that point: it is taken for
saying what the others say, which moves no weight (Chernov and Vovk, 2009).
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.blend import boa_floats, boa_learn
from forecast.distribution.held import NumberForecast
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import N
from forecast.learner import Learner, NumberLearner
from forecast.numbers.pool import FORGET, JOINED, MEAN, ON, SAID, pinball_gradients
from forecast.numbers.series import (
    LARGEST,
    LAST,
    LEARN,
    SERIES_FLOATS,
    SERIES_INTS,
    cell_of,
    screen,
    series_begin,
    series_learn,
    series_pass,
    unit_of,
)


class Blended(Learner):
    """Several learners of one number as one.

    Parameters
    ----------
    members : mapping of str to Learner
        By their names; all have the same horizons. They belong to the blend from here on. Each
        other begins with a fifth of the first's weight: name there the one that you trust. What is
        known beside a row, ``x``, goes to all but learners of the library, which take columns
        otherwise.

    Raises
    ------
    ValueError
        If there is none, their horizons differ, or one has several channels.

    Examples
    --------
    >>> from river import time_series
    >>> from forecast import LightForecaster
    >>> from forecast.interop.blended import Blended
    >>> from forecast.interop.guest import Guest
    >>> winters = Guest(time_series.HoltWinters(alpha=0.3))
    >>> blend = Blended({"ours": LightForecaster(), "winters": winters})
    >>> for t in range(300):
    ...     blend.learn(float(t % 2))
    >>> round(blend.predict().median, 1), blend.weights()["ours"] > 0.9
    (0.0, True)
    """

    def __init__(self, members: Mapping[str, Learner]) -> None:
        self.members = dict(members)
        horizons = {member.horizons for member in self.members.values()}
        if len(horizons) != 1:
            raise ValueError(f"members have the same horizons; got {sorted(horizons)}")
        if any(getattr(member, "channels", 1) > 1 for member in self.members.values()):
            raise ValueError("members forecast one number")
        (self.horizons,) = horizons
        self.prior = np.full(len(self.members), JOINED)
        self.prior[0] = 1.0
        self.states = [self._state() for _ in self.horizons]
        self.waiting: list[deque[Floats]] = [deque() for _ in self.horizons]
        self.f, self.i = np.empty(SERIES_FLOATS), np.empty(SERIES_INTS, np.int64)
        series_begin(self.f, self.i, 1)

    def _state(self) -> Floats:
        """Weights, regrets, their squares and the largest, [4, members, SAID]."""
        state = np.zeros(boa_floats(len(self.members), SAID)).reshape(4, -1, SAID)
        state[0] = (self.prior / self.prior.sum())[:, None]
        return state

    def __repr__(self) -> str:
        return f"Blended({self.members!r})"

    @property
    def rate(self) -> float:
        """The mean of the members' rates, by how much each weighs."""
        weights = self.weights().values()
        rates = (member.rate for member in self.members.values())
        return min(1.0, math.fsum(w * rate for w, rate in zip(weights, rates, strict=True)))

    def weights(self, horizon: int | None = None) -> dict[str, float]:
        """How much each member weighs: the mean over what is mixed. They sum to 1."""
        h = self.horizons.index(self.expects(horizon))
        mean = self.states[h][0].mean(axis=1)
        return dict(zip(self.members, mean.tolist(), strict=True))

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        """Forecast; where no member says anything, nothing is known."""
        h = self.horizons.index(self.expects(horizon))
        late = x is not None and self.horizons[h] == 1
        if not self.waiting[h] and not late:
            return next(iter(self.members.values())).predict(horizon=horizon)
        said = self._said(h, x) if late else self.waiting[h][-1]
        values, _ = self._mixed(h, said)
        if math.isnan(values[MEAN]):
            return next(iter(self.members.values())).predict(horizon=horizon)
        ordered = np.sort(values[:N])
        return Quantiles(ordered, cell=float(cell_of(self.f)), mean=float(values[MEAN]))

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the next value: the weights move by what each member had said of it."""
        value = math.nan if y is None else float(y)
        observed = screen(self.f, self.i, value) == LEARN
        for h, horizon in enumerate(self.horizons):
            if len(self.waiting[h]) == horizon:
                said = self.waiting[h].popleft()
                if x is not None and horizon == 1:
                    said = self._said(h, x)
                if observed:
                    self._weigh(h, said, value)
        for member in self.members.values():
            member.learn(y, *self._beside(member, x))
        if observed:
            series_learn(self.f, self.i, value)
        else:
            series_pass(self.f, self.i, self.f[LAST])
        for h in range(len(self.horizons)):
            self.waiting[h].append(self._said(h, None))

    @staticmethod
    def _beside(member: Learner, x: Any) -> tuple[Any, ...]:
        return () if x is None or isinstance(member, NumberLearner) else (x,)

    def _said(self, h: int, x: Any) -> Floats:
        """Quantiles and mean of each member, [members, SAID]; NaN of who says nothing."""
        said = np.empty((len(self.members), SAID))
        for row, member in zip(said, self.members.values(), strict=True):
            beside = self._beside(member, x) or (None,)
            one: NumberForecast = member.predict(beside[0], self.horizons[h])
            row[:] = math.nan
            if math.isfinite(one.mean):
                row[:N], row[MEAN] = one.at_levels(), one.mean
            if not (abs(row) < LARGEST).all():
                row[:] = math.nan
        return said

    def _mixed(self, h: int, said: Floats) -> tuple[Floats, Floats]:
        """v_m = sum_k w_km v_km over those that speak, and who does."""
        speaks = ~np.isnan(said[:, MEAN])
        if not speaks.any():
            return np.full(SAID, math.nan), speaks
        weights = self.states[h][0][speaks]
        total = weights.sum(axis=0)
        alike = total <= 0.0  # all who have weight are asleep
        weights = np.where(alike, 1.0, weights) / np.where(alike, float(speaks.sum()), total)
        return (weights * said[speaks]).sum(axis=0), speaks

    def _weigh(self, h: int, said: Floats, y: float) -> None:
        """Move the weights at each level by the loss of that level."""
        values, speaks = self._mixed(h, said)
        unit = float(unit_of(self.f))
        if math.isnan(values[MEAN]) or unit <= 0.0:
            return
        # in units: a square of what is far from 0 may be infinite
        everyone, values, y = (
            np.where(speaks[:, None], said, values) / unit,
            values / unit,
            y / unit,
        )
        gradients = pinball_gradients(values, 1, 1.0, y)
        overlap = float(self.horizons[h])
        forget = FORGET / overlap
        boa_learn(self.states[h], everyone, values, gradients, self.prior, ON, forget, overlap)
