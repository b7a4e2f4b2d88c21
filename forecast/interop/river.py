"""Our learners in river's clothes: forecasters, regressors, classifiers, and surprise as a feature.

They keep river's conventions, pass ``river.checks.check_estimator``, and stand in its pipelines,
metrics and model selection. Below each of them is a learner of ours that can also be asked for the
whole distribution.
"""

import copy
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from forecast.distribution.held import NumberForecast
from forecast.installed import wanted
from forecast.labels.forecaster import LabelForecaster
from forecast.learner import NumberLearner
from forecast.numbers.forecaster import NumberForecaster
from forecast.numbers.light import LightForecaster

with wanted("river", "use forecast's learners with river's"):
    from river import base, time_series

Features = Mapping[Any, Any]
Row = tuple[float, list[float]]  # an observation, and its columns


class Told:
    """A learner that is told a row when all is known that it is to be told with it.

    What stands beside a row that is still to come is known to river only when it asks. So the
    learner stays as many rows behind as it looks ahead, and a question is put to a twin of it that
    has caught up: the answers are those of ``forecast.run(learner, ys, known=xs)``, to the bit.

    Parameters
    ----------
    learner : NumberLearner or None
        It is copied. None for a ``NumberForecaster`` with as many columns as the first row has.
    horizon : int
        Steps ahead, of a ``NumberForecaster`` that is made here.
    """

    def __init__(self, learner: NumberLearner | None, horizon: int) -> None:
        self.learner = None if learner is None else learner.copy()
        self.horizon = horizon
        self.columns: list[Any] | None = None  # known once there was a row
        self.waiting: deque[Row] = deque()

    def learn(self, y: float | None, x: Features | None) -> None:
        """Be told a row."""
        if self.columns is None:
            self._begin(x)
        assert self.learner is not None
        y = math.nan if y is None else float(y)
        if not self.columns:
            self.learner.learn(y)
            return
        self.waiting.append((y, self._row(x)))
        if len(self.waiting) > self.learner.horizons[-1]:
            self._catch_up(self.learner, list(self.waiting), 1)
            self.waiting.popleft()

    def ask(self, xs: list[Features]) -> list[NumberForecast]:
        """Forecast as many rows as there are of columns beside them; nothing is changed."""
        if self.learner is None or self.columns is None:
            return []
        wanted = len(xs)
        missing = [h for h in range(1, wanted + 1) if h not in self.learner.horizons]
        if missing:
            raise ValueError(
                f"asked {wanted} steps ahead of a learner of horizons {self.learner.horizons}: "
                f"make it with horizon={wanted}, or with a learner of all horizons up to there"
            )
        learner = self.learner
        if self.columns:
            learner = _twin(learner)
            rows = [*self.waiting, *((math.nan, self._row(x)) for x in xs)]
            self._catch_up(learner, rows, len(self.waiting))
        return [learner.predict(horizon=h) for h in range(1, wanted + 1)]

    def _begin(self, x: Features | None) -> None:
        """Find out which columns there are."""
        wide = None if self.learner is None else getattr(self.learner, "known", 0)
        self.columns = [] if wide == 0 or not x else sorted(x, key=repr)
        if self.learner is None:
            horizons = range(1, self.horizon + 1)
            self.learner = NumberForecaster(horizons, known=len(self.columns))
        elif len(self.columns) != wide:
            raise ValueError(f"a learner of {wide} known columns got a row of {len(x or {})}")

    def _row(self, x: Features | None) -> list[float]:
        """The columns of a row in their order; NaN where it lacks one."""
        assert self.columns is not None
        return [_number(name, (x or {}).get(name)) for name in self.columns]

    def _catch_up(self, learner: NumberLearner, rows: list[Row], many: int) -> None:
        """Tell the first rows, each with what stands beside it and beside those that follow."""
        unknown = [math.nan] * len(rows[0][1])
        for at in range(many):
            y, now = rows[at]
            beside = list(now)
            for h in learner.horizons:
                beside += rows[at + h][1] if at + h < len(rows) else unknown
            learner.learn(y, beside)


def _twin(learner: NumberLearner) -> NumberLearner:
    """A learner in the same state that goes its own way, without being made anew."""
    twin = copy.copy(learner)
    twin.floats, twin.ints, twin._y = learner.floats.copy(), learner.ints.copy(), learner._y.copy()
    return twin


def _number(name: Any, value: Any) -> float:
    if value is None:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"the feature {name!r} is {value!r:.40}, no number: select numbers first, as by "
            "river.compose.SelectType(int, float), or encode it by river.preprocessing"
        ) from None


def _point(said: list[NumberForecast]) -> list[float]:
    """Medians; 0.0 while nothing is known, as river has it."""
    return [0.0 if math.isnan(one.median) else one.median for one in said]


class Forecaster(time_series.base.Forecaster):
    """A learner of numbers as river's forecaster.

    Parameters
    ----------
    learner : NumberLearner, optional
        As ``LightForecaster(horizons=range(1, 13))``. It is copied, never taught. For None a
        ``NumberForecaster``, with the features of the first row as columns that are known ahead.
    horizon : int
        Steps ahead that can be asked for, where there is no ``learner``.

    Raises
    ------
    ValueError
        Once rows come: if a row has not as many features as the learner has known columns, or more
        steps are asked than it was made for.
    TypeError
        If a feature is no number.

    Examples
    --------
    >>> from forecast.interop.river import Forecaster
    >>> model = Forecaster(horizon=4)
    >>> for y in [30.0, 21.0, 25.0, 42.0] * 30:
    ...     model.learn_one(y)
    >>> [round(y) for y in model.forecast(horizon=4)]
    [30, 21, 25, 42]
    >>> low, high = model.distributions(horizon=1)[0].interval(0.9)
    >>> bool(low <= 30 <= high)
    True
    """

    def __init__(self, learner: NumberLearner | None = None, horizon: int = 12) -> None:
        self.learner = learner
        self.horizon = horizon
        self._told = Told(learner, horizon)

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        yield {}
        yield {"learner": LightForecaster(horizons=(1, 2, 3))}

    def learn_one(self, y: float, x: Features | None = None) -> None:
        """Be told the next value, and the features beside it."""
        self._told.learn(y, x)

    def forecast(self, horizon: int, xs: Iterable[Features] | None = None) -> list[float]:
        """The medians of the next values; ``xs`` are the features beside them, where known.

        Raises
        ------
        ValueError
            If the horizon is beyond what the learner was made for.
        """
        said = self.distributions(horizon, xs)
        return _point(said) if said else [0.0] * horizon

    def distributions(
        self, horizon: int, xs: Iterable[Features] | None = None
    ) -> list[NumberForecast]:
        """The distributions of the next values; none before the first value."""
        return self._told.ask([{}] * horizon if xs is None else list(islice(xs, horizon)))


class Regressor(base.Regressor):
    """A ``NumberForecaster`` as river's regressor: rows come in order of time.

    It sees the features of a row, and what the rows before it were.

    Parameters
    ----------
    season : int or str
        Rows after which the pattern comes back, 0 for none, "auto" to look for it.

    Raises
    ------
    TypeError
        Once rows come: if a feature is no number.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics
    >>> from forecast.interop.river import Regressor
    >>> evaluate.progressive_val_score(datasets.TrumpApproval(), Regressor(), metrics.MAE())
    MAE: 0.191826
    """

    def __init__(self, season: int | str = "auto") -> None:
        self.season = season
        self._told: Told | None = None

    def learn_one(self, x: Features, y: float) -> None:
        """Be told the value that stands beside the features."""
        if self._told is None:
            learner = NumberForecaster(season=self.season, known=len(x))  # type: ignore[arg-type]
            self._told = Told(learner, 1)
        self._told.learn(y, x)

    def predict_one(self, x: Features) -> float:
        """The median of the value beside these features; 0.0 while nothing is known."""
        said = self.distribution(x)
        return 0.0 if said is None else _point([said])[0]

    def distribution(self, x: Features) -> NumberForecast | None:
        """The distribution of the value beside these features; None before the first row."""
        return None if self._told is None else self._told.ask([x])[0]


class Classifier(base.Classifier):
    """A ``LabelForecaster`` as river's binary classifier, of texts and of features.

    Parameters
    ----------
    on : str, optional
        The feature that is the text. Without it x may be a text itself; of other features each
        counts by its name and value: see ``message_of``.
    labels : pair
        The negative and the positive label.
    bits : int
        Its weights have 2^bits places.

    Raises
    ------
    ValueError
        If ``bits`` is not from 1 to 24; once labels come, if one is none of the two.

    Examples
    --------
    >>> from forecast.interop.river import Classifier
    >>> model = Classifier(on="body", labels=("ham", "spam"))
    >>> model.learn_one({"body": "win a prize now"}, "spam")
    >>> model.predict_one({"body": "a prize"})
    'spam'
    """

    def __init__(
        self, on: str | None = None, labels: tuple[Any, Any] = (False, True), bits: int = 16
    ) -> None:
        self.on = on
        self.labels = labels
        self.bits = bits
        self._learner = LabelForecaster(("negative", "positive"), bits)

    def learn_one(self, x: Features | str, y: Any) -> None:
        """Be told the label.

        Raises
        ------
        ValueError
            If it is none of the two.
        """
        if y not in self.labels:
            raise ValueError(f"{y!r} is none of the labels {self.labels}: name both, labels=(a, b)")
        self._learner.learn(self._learner.labels[self.labels.index(y)], message_of(x, self.on))

    def predict_proba_one(self, x: Features | str, **_: Any) -> dict[Any, float]:
        """The probability of each label."""
        said = self._learner.predict(message_of(x, self.on))
        both = zip(self.labels, self._learner.labels, strict=True)
        return {label: said.p(name) for label, name in both}


def message_of(x: Features | str, on: str | None = None) -> str:
    """Features as a message, whatever their order.

    A name stands for a feature that is 1 or true, and nothing for one that is 0, false or missing;
    other numbers count as what they are rounded to, two digits; a text is read after its name.

    Examples
    --------
    >>> message_of({"prize": 2, "free": 1, "win": 0, "age": 34.56, "from": "a friend"})
    'ageis35 free from a friend prizeis2'
    """
    if isinstance(x, str):
        return x
    if on is not None:
        return str(x.get(on, ""))
    return " ".join(filter(None, (_said(name, x[name]) for name in sorted(x, key=str))))


def _said(name: Any, value: Any) -> str:
    if isinstance(value, str):
        return f"{name} {value}"
    if value is None or value != value or value == 0:
        return ""
    word = "".join(letter for letter in str(name) if letter.isalnum())
    return word if value == 1 else f"{word}is{value:.2g}".replace(".", "o").replace("-", "m")


# a pipeline of river takes for a transformer only what is one of base.Transformer too
class Surprise(base.SupervisedTransformer, base.Transformer):
    """Adds to the features what a forecaster of the targets says, and how surprised it was.

    All of it is known before the target of the row: ``median`` and ``width`` (of the interval that
    holds 90 %) of the forecast for it, ``surprise``, by how many nats the last target surprised
    more than was expected, and ``relative``, the same of the last ten against all before.

    Parameters
    ----------
    features : sequence of str
        Those that are added.

    Raises
    ------
    ValueError
        If one of them is none of these.

    Examples
    --------
    >>> from river import linear_model, preprocessing
    >>> from forecast.interop.river import Surprise
    >>> model = Surprise() | preprocessing.StandardScaler() | linear_model.LinearRegression()
    """

    FEATURES = ("median", "width", "surprise", "relative")

    def __init__(self, features: tuple[str, ...] = FEATURES) -> None:
        self.features = features
        if unknown := set(features) - set(self.FEATURES):
            raise ValueError(f"no such features: {sorted(unknown)}; there are {self.FEATURES}")
        self._learner = NumberForecaster()
        self._rows = 0
        self._last = self._fast = self._slow = 0.0

    def learn_one(self, x: Features, y: float) -> None:
        """Be told the target of a row, and be surprised."""
        said = self._learner.predict()
        surprise = math.nan if y is None else said.surprise(y) - said.expected_surprise()
        self._learner.learn(y)
        if math.isfinite(surprise):
            self._rows += 1
            self._last = surprise
            self._fast += max(0.1, 1.0 / self._rows) * (surprise - self._fast)
            self._slow += (surprise - self._slow) / self._rows

    def transform_one(self, x: Features) -> dict[Any, Any]:
        """The features, and what is added."""
        said = self._learner.predict()
        known = math.isfinite(said.median)
        low, high = said.interval(0.9) if known else (0.0, 0.0)
        added = {
            "median": said.median if known else 0.0,
            "width": high - low,
            "surprise": self._last,
            "relative": self._fast - self._slow,
        }
        return {**x, **{name: added[name] for name in self.features}}
