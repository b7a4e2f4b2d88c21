"""A model that statsmodels has fitted, as a learner of numbers: its own forecasts, kept up to date.

Its parameters stay as they were fitted; what moves is what it believes of the series, by its own
filter. So it is a rival: what a model, fitted once and carried along, would have said.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from forecast.arrays import Floats
from forecast.distribution.normal import Normal
from forecast.installed import wanted
from forecast.learner import Learner, checked_horizons

EXACT = "ANN", "AAN", "AAdN", "ANA", "AAA", "AAdA"  # whose spread ahead has a closed form


class Carried(NamedTuple):
    """How results of one kind are carried along."""

    told: Callable[[Any, float], Any]  # the results once one more value is known
    ahead: Callable[[Any, int], Any]  # its prediction of the next steps
    missing: bool  # whether its filter passes over a missing value by itself


class Fitted(Learner):
    """Results of a fit by statsmodels, that go on from the end of what they were fitted on.

    Parameters
    ----------
    results : AutoRegResults, ETSResults or results of any state-space model
        Of one series without columns beside it: AutoReg, ETSModel, SARIMAX, UnobservedComponents
        and their kin. They are copied as they go on, never changed.
    horizons : sequence of int
        How many steps ahead it is asked.

    Raises
    ------
    TypeError
        If statsmodels cannot carry such results along, or gives them no spread.
    ValueError
        If the model has columns beside its series, or several series.

    Notes
    -----
    A state-space model moves its filter by the new value alone. An autoregression is applied anew
    to all values, and ETS smoothed anew: their steps take longer the longer the series is. Where a
    filter has no way to pass over a missing value, it is told what it had forecast.

    Examples
    --------
    >>> import numpy as np
    >>> from statsmodels.tsa.ar_model import AutoReg
    >>> from forecast.interop.fitted import Fitted
    >>> y = np.cumsum(np.random.default_rng(0).normal(size=200))
    >>> rival = Fitted(AutoReg(y[:100], lags=2).fit())
    >>> for value in y[100:]:
    ...     rival.learn(value)
    >>> bool(abs(rival.predict().mean - y[-1]) < 0.5)
    True
    """

    def __init__(self, results: Any, horizons: Sequence[int] = (1,)) -> None:
        self.horizons = checked_horizons(horizons)
        self.carried = _carried(getattr(results, "_results", results))  # without its wrapper
        model = results.model
        if model.exog is not None:
            raise ValueError("a model with columns beside its series cannot go on without them")
        if np.squeeze(model.endog).ndim != 1:
            raise ValueError("a fitted rival forecasts one series")
        # an autoregression that was fitted on a frame takes frames only
        frame = self.carried.told is _appended
        self.results = results.apply(np.asarray(model.endog)) if frame else results
        self._ask()

    @property
    def rate(self) -> float:
        """0.05: how much a filter of statsmodels moves is not known from outside."""
        return 0.05

    def predict(self, x: Any = None, horizon: int | None = None) -> Normal:
        """Forecast: the model's own mean and spread, Normal."""
        h = self.expects(horizon) - 1
        return Normal(float(self.mean[h]), float(self.sd[h]))

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the next value."""
        value = np.nan if y is None else float(y)
        if not np.isfinite(value):
            value = np.nan if self.carried.missing else float(self.mean[0])
        self.results = self.carried.told(self.results, value)
        self._ask()

    def _ask(self) -> None:
        said = self.carried.ahead(self.results, self.horizons[-1])
        self.mean: Floats = np.asarray(said.predicted_mean, float)
        self.sd: Floats = np.sqrt(np.asarray(said.var_pred_mean, float))


def _carried(results: Any) -> Carried:
    """How results are carried along: by their filter, or anew."""
    with wanted("statsmodels", "carry its models along"):
        from statsmodels.tsa.ar_model import AutoRegResults
        from statsmodels.tsa.exponential_smoothing.ets import ETSResults
        from statsmodels.tsa.statespace.mlemodel import MLEResults
    if isinstance(results, MLEResults):
        return Carried(lambda r, y: r.extend(np.array([y])), lambda r, n: r.get_forecast(n), True)
    if isinstance(results, AutoRegResults):
        return Carried(_appended, _beyond, False)
    if isinstance(results, ETSResults) and results.model.short_name in EXACT:
        return Carried(_smoothed, _beyond, False)
    raise TypeError(
        "a fitted rival is an AutoReg, an ETSModel with additive errors and seasons, or a "
        f"state-space model of statsmodels; got {type(results).__name__}"
    )


def _beyond(results: Any, steps: int) -> Any:
    """What is predicted of the steps after the last value known."""
    n = len(results.model.endog)
    return results.get_prediction(n, n + steps - 1)


def _appended(results: Any, y: float) -> Any:
    """An autoregression, the same weights, with one more value."""
    return results.append(np.array([y]))


def _smoothed(results: Any, y: float) -> Any:
    """ETS, the same parameters, with one more value."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = results.model
    known = model.initialization_method == "known"
    again = ETSModel(
        pd.Series(np.append(model.endog, y)),
        error=model.error,
        trend=model.trend,
        damped_trend=model.damped_trend,
        seasonal=model.seasonal,
        seasonal_periods=model.seasonal_periods if model.has_seasonal else None,
        initialization_method=model.initialization_method,
        initial_level=model.initial_level if known else None,
        initial_trend=model.initial_trend if known else None,
        initial_seasonal=model.initial_seasonal if known else None,
    )
    return again.smooth(results.params)
