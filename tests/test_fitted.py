"""Models that statsmodels has fitted, carried along: what it says itself of the longer series."""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.holtwinters import SimpleExpSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.statespace.structural import UnobservedComponents

from forecast import NumberForecaster
from forecast.distribution.normal import Normal
from forecast.interop.blended import Blended
from forecast.interop.fitted import Fitted
from forecast.prequential import run

FIRST, LAST = 80, 90
Y = 10.0 + np.random.default_rng(1).normal(size=LAST + 12).cumsum() + 3.0 * (np.arange(102) % 4)
PARAMS = {"smoothing_level": 0.4, "smoothing_seasonal": 0.1}


def sarimax(y: Any) -> Any:
    return SARIMAX(y, order=(1, 0, 1), seasonal_order=(1, 0, 0, 4)).smooth([0.7, 0.2, 0.5, 1.5])


def components(y: Any) -> Any:
    return UnobservedComponents(y, "llevel").smooth([1.0, 0.3])


def autoregression(y: Any) -> Any:
    """Fitted on the first values alone, and applied to all: its weights are those of the first."""
    fit = AutoReg(Y[:FIRST], lags=4, trend="ct").fit()
    return fit if len(y) == FIRST else fit.append(y[FIRST:])


def smoothing(y: Any) -> Any:
    model = ETSModel(pd.Series(y), seasonal="add", seasonal_periods=4)
    return model.smooth([0.4, 0.1, 12.0, -3.0, 0.0, 3.0, 0.0][: len(model.param_names)])


MODELS = {each.__name__: each for each in (sarimax, components, autoregression, smoothing)}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_rival_says_what_the_model_says_of_the_longer_series(model: Callable[..., Any]) -> None:
    rival = Fitted(model(Y[:FIRST]), horizons=(1, 3))
    rival.learn_many(Y[FIRST:LAST])
    whole = model(Y[:LAST])
    said = whole.get_prediction(LAST, LAST + 2)
    for h in (1, 3):
        forecast = rival.predict(horizon=h)
        assert isinstance(forecast, Normal)
        assert forecast.mean == pytest.approx(np.asarray(said.predicted_mean)[h - 1], rel=1e-9)
        sd = math.sqrt(np.asarray(said.var_pred_mean)[h - 1])
        assert forecast.sd == pytest.approx(sd, rel=1e-6)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_missing_value_is_passed_over(model: Callable[..., Any]) -> None:
    rival, told = Fitted(model(Y[:FIRST])), Fitted(model(Y[:FIRST]))
    expected = told.predict().mean
    rival.learn(None)
    told.learn(math.nan if rival.carried.missing else expected)
    assert rival.predict().mean == told.predict().mean
    assert rival.predict().sd > 0.0


def test_results_of_a_frame_go_on_as_those_of_an_array() -> None:
    index = pd.date_range("2020-01-01", periods=FIRST, freq="D")
    framed = Fitted(AutoReg(pd.Series(Y[:FIRST], index), lags=4, trend="ct").fit())
    plain = Fitted(autoregression(Y[:FIRST]))
    for value in Y[FIRST:LAST]:
        framed.learn(value)
        plain.learn(value)
    assert framed.predict().mean == pytest.approx(plain.predict().mean, rel=1e-12)


def test_a_rival_is_run_and_blended_like_any_learner() -> None:
    answers = run(Fitted(components(Y[:FIRST])), Y[FIRST:])
    expected = components(Y).get_prediction(FIRST + 1, len(Y) - 1).predicted_mean
    assert answers.mean == pytest.approx(expected, rel=1e-9)
    blend = Blended({"ours": NumberForecaster(), "fitted": Fitted(components(Y[:FIRST]))})
    blend.learn_many(Y[FIRST:])
    assert sum(blend.weights().values()) == pytest.approx(1.0)


def test_what_cannot_be_carried_along_is_refused() -> None:
    with pytest.raises(TypeError, match="an ETSModel with additive errors"):
        Fitted(
            SimpleExpSmoothing(Y[:FIRST], initialization_method="heuristic").fit(
                smoothing_level=0.5, optimized=False
            )
        )
    multiplied = ETSModel(pd.Series(Y[:FIRST] + 50.0), error="mul")
    with pytest.raises(TypeError, match="an ETSModel with additive errors"):
        Fitted(multiplied.smooth([0.5, 60.0]))
    beside = SARIMAX(Y[:FIRST], exog=np.arange(80.0)).smooth([1.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="columns beside its series"):
        Fitted(beside)


def test_without_statsmodels_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    results = components(Y[:FIRST])
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.ar_model", None)
    with pytest.raises(ModuleNotFoundError, match="install statsmodels: pip install statsmodels"):
        Fitted(results)
