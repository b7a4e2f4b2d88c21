"""A model of river as a learner of numbers: its points, and a distribution made of its own errors.

What it says is kept finite and near the recent range; where it says nothing that can be used, or
raises, it is out for that point, and that is counted.
"""

import copy
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np

from forecast.arrays import Floats
from forecast.distribution.held import NumberForecast
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import SCORES
from forecast.learner import ROW, Learner, checked_horizons, read_row, write_certain, write_unknown
from forecast.numbers.scale import (
    SEEN,
    SMALLEST,
    SPREAD_FLOATS,
    spread_begin,
    spread_learn,
    spread_of,
)
from forecast.numbers.series import (
    LAST,
    LEARN,
    OBSERVED,
    SERIES_FLOATS,
    SERIES_INTS,
    cell_of,
    recent_range,
    screen,
    series_begin,
    series_learn,
    series_pass,
    unit_of,
)
from forecast.numbers.shape import shape_learn

BOUND = 8.0  # units: a difference counts for at most so many
MARGIN = 0.25  # of the recent range, by which a location may leave it
LEAST_TAIL = 0.05  # scales: no answer is impossible
RECENT = 48  # values in each of the eight blocks of the recent range


class Question(NamedTuple):
    """What was asked at an instant, for one horizon."""

    features: dict[Any, float]  # the lags that the model was shown
    anchor: float  # the value then, and the unit: what a model of lags is told to go by
    unit: float
    location: float  # what it said; NaN for nothing
    scale: float  # its mean |error| then


class Errors:
    """How far off one model is at one horizon: a scale by memories, and a shape."""

    def __init__(self) -> None:
        self.spread: Floats = np.empty(SPREAD_FLOATS)
        spread_begin(self.spread)
        self.shape = SCORES.copy()

    def scale(self, unit: float) -> float:
        """The mean |error| that is expected; the unit before any was seen."""
        seen = self.spread[SEEN] > 0.0
        return unit * (max(spread_of(self.spread), SMALLEST) if seen else 1.0)

    def learn(self, error: float, scale: float, unit: float, overlap: int) -> None:
        """Take an error where the scale was expected; answers that come late overlap."""
        spread_learn(self.spread, error / unit, float(overlap), 1.0)
        shape_learn(self.shape, error / scale, self.spread[SEEN], float(overlap))


class Guest(Learner):
    """A regressor or forecaster of river, or a pipeline that ends in one, as a learner of ours.

    Parameters
    ----------
    model : river.base.Regressor or river.time_series.base.Forecaster
        It is copied, never taught. A forecaster is told the values as they are, and of a missing
        one what it had forecast, so that it keeps in step. A regressor sees the context ``x`` of a
        row, one row ahead, or lags.
    lags : int
        Of a regressor: how many differences it sees, ``d1`` the last, beside the context. They and
        its target, the change until the answer, are in units of the series' usual change: what
        diverges on raw values then stands.
    horizons : sequence of int
        A regressor is copied for each of them.

    Attributes
    ----------
    out : int
        Questions on which it had nothing to say: nan, infinite, or an exception.
    unlearned : int
        Values that it failed to learn, by an exception.
    clipped : int
        Forecasts that lay too far beyond the recent range, and were put on its edge.
    fault : str
        The last exception, in words.

    Raises
    ------
    TypeError
        If the model is neither.
    ValueError
        If lags are negative or of a forecaster, or there are none and more than one step ahead.

    Examples
    --------
    >>> from river import linear_model
    >>> from forecast.interop.guest import Guest
    >>> guest = Guest(linear_model.LinearRegression(), lags=3)
    >>> for t in range(300):
    ...     guest.learn(float(t % 2))
    >>> bool(abs(guest.predict().median) < 0.01)
    True
    """

    def __init__(self, model: Any, lags: int = 0, horizons: Sequence[int] = (1,)) -> None:
        self.horizons = checked_horizons(horizons)
        self.lags = lags
        self.forecasts = _forecasts(model)
        if lags < 0 or (lags and self.forecasts):
            raise ValueError(f"lags are of a regressor, and not negative; got {lags!r}")
        if not (lags or self.forecasts) and self.horizons != (1,):
            raise ValueError("a regressor looks further ahead than one step by lags: lags=12, say")
        copies = 1 if self.forecasts else len(self.horizons)
        self.models = [copy.deepcopy(model) for _ in range(copies)]
        self.errors = [Errors() for _ in self.horizons]
        self.waiting: list[deque[Question]] = [deque() for _ in self.horizons]
        self.values: deque[float] = deque(maxlen=lags + 1)
        self.f, self.i = np.empty(SERIES_FLOATS), np.empty(SERIES_INTS, np.int64)
        series_begin(self.f, self.i, RECENT)
        self.out = self.unlearned = self.clipped = 0
        self.fault = ""
        self.next = math.nan  # what a forecaster says of the next value

    def __repr__(self) -> str:
        lags = f", lags={self.lags}" if self.lags else ""
        return f"Guest({type(self.models[0]).__name__}{lags}, horizons={self.horizons!r})"

    @property
    def rate(self) -> float:
        """1 before the first value; after it, 0.05: what a model of river does is not known."""
        return 0.05 if self.i[OBSERVED] else 1.0

    def predict(self, x: Mapping[Any, Any] | None = None, horizon: int | None = None) -> Any:
        """Forecast; the context is that of the next row. Where it is out, nothing is known."""
        h = self.horizons.index(self.expects(horizon))
        if not self.waiting[h]:
            return _bare(write_unknown)
        return self._forecast(h, self._beside(h, self.waiting[h][-1], x))

    def _forecast(self, h: int, question: Question) -> NumberForecast:
        """Location and scale, shaped as its errors are."""
        if question.unit <= 0.0:
            return _bare(write_certain, float(self.f[LAST]))
        if math.isnan(question.location):
            return _bare(write_unknown)
        shape = np.maximum.accumulate(self.errors[h].shape)
        values = question.location + question.scale * shape
        ends = np.array([values[1] - values[0], values[-1] - values[-2]])
        tails = np.maximum(ends / (SCORES[1] - SCORES[0]), LEAST_TAIL * question.scale)
        nowhere = np.array([-math.inf, math.inf]), np.zeros(2)
        return Quantiles.of(values, tails, *nowhere, float(cell_of(self.f)), question.location)

    def learn(self, y: Any, x: Mapping[Any, Any] | None = None) -> None:
        """Be told the next value, and what stands beside it."""
        y = math.nan if y is None else float(y)
        observed = screen(self.f, self.i, y) == LEARN
        for h, horizon in enumerate(self.horizons):
            if len(self.waiting[h]) == horizon:
                question = self._beside(h, self.waiting[h].popleft(), x)
                if observed:
                    self._answer(h, question, y, x)
        if observed and not self.lags:
            self._teach(0, y, x)
        elif self.forecasts and self.i[OBSERVED] > 0:
            self._teach(0, self.f[LAST] if math.isnan(self.next) else self.next, x)
        if observed:
            series_learn(self.f, self.i, y)
        else:
            series_pass(self.f, self.i, self.f[LAST])
        if self.i[OBSERVED] > 0:
            self.values.append(float(self.f[LAST]))
            self._ask()

    def _beside(self, h: int, question: Question, x: Mapping[Any, Any] | None) -> Question:
        """A question as it is put once the context of its answer is known, if there is any."""
        of_context = not (self.forecasts or self.lags)
        if not of_context and (x is None or self.horizons[h] != 1):
            return question
        return question._replace(location=self._location(h, question, x))

    def _answer(self, h: int, question: Question, y: float, x: Mapping[Any, Any] | None) -> None:
        """Learn from an answer how far off it was; a model of lags learns with it."""
        if not math.isnan(question.location) and question.scale > 0.0:
            error = y - question.location
            self.errors[h].learn(error, question.scale, question.unit, self.horizons[h])
        if self.lags and question.unit > 0.0:
            change = _bounded(y - question.anchor, question.unit)
            self._teach(h, change, {**(x or {}), **question.features})

    def _ask(self) -> None:
        """Ask for all horizons, but what is asked beside a context."""
        unit = float(unit_of(self.f))
        path = self._path() if self.forecasts else []
        self.next = self._within(path[0]) if path else math.nan
        changes = [b - a for a, b in pairwise(self.values)]
        lags = {f"d{k + 1}": _bounded(c, unit) for k, c in enumerate(changes[::-1])} if unit else {}
        for h, horizon in enumerate(self.horizons):
            scale = self.errors[h].scale(unit)
            question = Question(lags, float(self.f[LAST]), unit, math.nan, scale)
            if path:
                question = question._replace(location=self._within(path[horizon - 1]))
            elif self.lags:
                question = question._replace(location=self._location(h, question, None))
            self.waiting[h].append(question)

    def _path(self) -> list[Any]:
        """What a forecaster says of the next steps; nothing where it fails."""
        longest = self.horizons[-1]
        path: list[Any] | None = self._tried(lambda: list(self.models[0].forecast(longest)))
        if path is None or len(path) != longest:
            self.out += len(self.horizons)
            return []
        return path

    def _location(self, h: int, question: Question, x: Mapping[Any, Any] | None) -> float:
        """What the model says to a question, within the recent range; NaN where it says nothing."""
        if self.forecasts:
            return self._within(self._tried(lambda: self.models[0].forecast(1, [dict(x or {})])[0]))
        model = self.models[h]
        said = self._tried(lambda: model.predict_one({**(x or {}), **question.features}))
        if said is None or not self.lags:
            return self._within(said)
        return self._within(question.anchor + question.unit * float(said))

    def _within(self, said: Any) -> float:
        """A finite number within the recent range and a quarter of it beyond, or NaN."""
        try:
            location = math.nan if said is None else float(said)
        except (TypeError, ValueError, OverflowError):
            location = math.nan
        if not math.isfinite(location):
            self.out += 1
            return math.nan
        low, high = recent_range(self.f, MARGIN)
        kept = min(max(location, float(low)), float(high))
        self.clipped += kept != location
        return kept

    def _teach(self, h: int, y: float, x: Mapping[Any, Any] | None) -> None:
        """Tell a model."""
        model, beside, before = self.models[h], dict(x or {}), self.fault
        self.fault = ""
        if not self.forecasts:
            self._tried(lambda: model.learn_one(beside, y))
        else:
            self._tried(lambda: model.learn_one(y) if x is None else model.learn_one(y, beside))
        self.unlearned += self.fault != ""
        self.fault = self.fault or before

    def _tried(self, ask: Callable[[], Any]) -> Any:
        """What a model answers; None where it raises."""
        try:
            with np.errstate(all="ignore"):
                return ask()
        except Exception as error:  # whatever it is, the others go on without it
            self.fault = f"{type(error).__name__}: {error}"
            return None


def _bounded(change: float, unit: float) -> float:
    """A change in units, and no more than so many of them."""
    return min(max(change / unit, -BOUND), BOUND)


def _forecasts(model: Any) -> bool:
    """Whether a model of river is a forecaster; else it is a regressor."""
    if hasattr(model, "learn_one") and hasattr(_last_step(model), "forecast"):
        return True
    if hasattr(model, "learn_one") and hasattr(model, "predict_one"):
        return False
    raise TypeError(f"a guest is a regressor or a forecaster of river; got {model!r:.60}")


def _last_step(model: Any) -> Any:
    """The last step of a pipeline, which has all methods that there are; any other model itself."""
    steps = getattr(model, "steps", None)
    return model if not steps else _last_step(list(steps.values())[-1])


def _bare(write: Callable[..., None], *more: float) -> NumberForecast:
    """A forecast of a series that has no unit."""
    row = np.empty(ROW)
    write(row, *more)
    return cast(NumberForecast, read_row(row))
