"""Forecast the next observation, be surprised by it, learn that much, report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.checkpoint import load, save
    from forecast.checks import check
    from forecast.distribution import (
        LEVELS,
        Bernoulli,
        Categorical,
        Forecast,
        Mixture,
        Normal,
        Quantiles,
        StudentT,
    )
    from forecast.learner import Learner
    from forecast.numbers.forecaster import NumberForecaster
    from forecast.numbers.level import Level
    from forecast.numbers.regression import Regression
    from forecast.prequential import Answers, Run, Step, run

__version__ = "0.1.0"

# Where each public name lives. It is loaded when it is first used: `forecast --help` needs none.
_ROOMS = {
    "LEVELS": "distribution",
    "Answers": "prequential",
    "Bernoulli": "distribution",
    "Categorical": "distribution",
    "Forecast": "distribution",
    "Learner": "learner",
    "Level": "numbers.level",
    "Mixture": "distribution",
    "Normal": "distribution",
    "NumberForecaster": "numbers.forecaster",
    "Quantiles": "distribution",
    "Regression": "numbers.regression",
    "Run": "prequential",
    "Step": "prequential",
    "StudentT": "distribution",
    "check": "checks",
    "load": "checkpoint",
    "run": "prequential",
    "save": "checkpoint",
}
__all__ = [
    "LEVELS",
    "Answers",
    "Bernoulli",
    "Categorical",
    "Forecast",
    "Learner",
    "Level",
    "Mixture",
    "Normal",
    "NumberForecaster",
    "Quantiles",
    "Regression",
    "Run",
    "Step",
    "StudentT",
    "check",
    "load",
    "run",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    value = getattr(import_module(f"forecast.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
