"""Forecast the next observation, be surprised by it, learn that much, report.

``evaluate`` forecasts a file or a table row by row, as the command does, and reports. Below it lie
learners: ``NumberForecaster``, or the light one for many series (``Panel``), ``WordForecaster``,
``ByteForecaster`` and ``LabelForecaster``. Each has ``predict``, which returns a ``Forecast``, and
``learn``. ``run`` walks one over an array, ``save`` and ``load`` keep it, and ``check`` tries the
laws of learners on one of your own. What works with river, statsmodels and Spark is in
``forecast.interop``.

>>> learner = NumberForecaster(season=4)
>>> for y in [30.0, 21.0, 25.0, 42.0] * 20:
...     learner.learn(y)
>>> round(learner.predict().median)
30
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from forecast.checkpoint import load, save
    from forecast.checks import check
    from forecast.distribution.categories import Bernoulli, Categorical
    from forecast.distribution.held import Forecast
    from forecast.distribution.mixture import Mixture, StudentT
    from forecast.distribution.normal import Normal
    from forecast.distribution.quantiles import Quantiles
    from forecast.distribution.t4 import LEVELS
    from forecast.evaluation import evaluate
    from forecast.labels.forecaster import LabelForecaster
    from forecast.labels.remembering import RememberingLabels
    from forecast.learner import Learner
    from forecast.numbers.forecaster import NumberForecaster
    from forecast.numbers.light import LightForecaster
    from forecast.numbers.memories import (
        GradientRegression,
        LeastSquaresRegression,
        Level,
        Scale,
    )
    from forecast.numbers.naive import Naive
    from forecast.numbers.paced import Paced
    from forecast.numbers.regression import Regression
    from forecast.numbers.returns import ReturnForecaster
    from forecast.panel.panel import Panel
    from forecast.prequential import Answers, Run, Step, SymbolRun, run
    from forecast.remembering import Remembering
    from forecast.report import Report
    from forecast.words.byte_forecaster import ByteForecaster
    from forecast.words.forecaster import WordForecaster

__version__ = "0.1.0"

# Where each public name lives. It is loaded when it is first used: `forecast --help` needs none.
_ROOMS = {
    "LEVELS": "distribution.t4",
    "Answers": "prequential",
    "Bernoulli": "distribution.categories",
    "ByteForecaster": "words.byte_forecaster",
    "Categorical": "distribution.categories",
    "Forecast": "distribution.held",
    "GradientRegression": "numbers.memories",
    "LabelForecaster": "labels.forecaster",
    "Learner": "learner",
    "LeastSquaresRegression": "numbers.memories",
    "Level": "numbers.memories",
    "LightForecaster": "numbers.light",
    "Mixture": "distribution.mixture",
    "Naive": "numbers.naive",
    "Normal": "distribution.normal",
    "NumberForecaster": "numbers.forecaster",
    "Paced": "numbers.paced",
    "Panel": "panel.panel",
    "Quantiles": "distribution.quantiles",
    "Regression": "numbers.regression",
    "Remembering": "remembering",
    "RememberingLabels": "labels.remembering",
    "Report": "report",
    "ReturnForecaster": "numbers.returns",
    "Run": "prequential",
    "Scale": "numbers.memories",
    "Step": "prequential",
    "StudentT": "distribution.mixture",
    "SymbolRun": "prequential",
    "WordForecaster": "words.forecaster",
    "check": "checks",
    "evaluate": "evaluation",
    "load": "checkpoint",
    "run": "prequential",
    "save": "checkpoint",
}
__all__ = [
    "LEVELS",
    "Answers",
    "Bernoulli",
    "ByteForecaster",
    "Categorical",
    "Forecast",
    "GradientRegression",
    "LabelForecaster",
    "Learner",
    "LeastSquaresRegression",
    "Level",
    "LightForecaster",
    "Mixture",
    "Naive",
    "Normal",
    "NumberForecaster",
    "Paced",
    "Panel",
    "Quantiles",
    "Regression",
    "Remembering",
    "RememberingLabels",
    "Report",
    "ReturnForecaster",
    "Run",
    "Scale",
    "Step",
    "StudentT",
    "SymbolRun",
    "WordForecaster",
    "check",
    "evaluate",
    "load",
    "run",
    "save",
]


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"forecast.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
