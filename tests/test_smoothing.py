"""A smoothed season against statsmodels', and its first seasons by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from forecast.numbers.smoothing import (
    LEVEL,
    LEVEL_RATE,
    PHASES,
    SEASON_RATE,
    smoothing_floats,
    smoothing_learn,
    smoothing_says,
)

Floats = NDArray[np.float64]


def seasonal(n: int, S: int) -> Floats:
    """A season that changes, on a level that wanders."""
    rng = np.random.default_rng(S)
    t = np.arange(n)
    return rng.normal(size=n).cumsum() + 5.0 * np.sin(2 * np.pi * t / S) * (1.0 + t / n)


def test_first_seasons_by_hand() -> None:
    f = np.zeros(smoothing_floats(2))
    assert smoothing_says(f, 2, 0, 7.0) == 7.0
    smoothing_learn(f, 2, 0, 10.0)  # level 10, of the first phase 0
    assert smoothing_says(f, 2, 1, 7.0) == 7.0
    smoothing_learn(f, 2, 1, 20.0)  # level 15, of the second phase 5
    assert [smoothing_says(f, 2, t, 7.0) for t in (2, 3)] == [15.0, 20.0]
    # error -5: the level moves by a tenth of it, the phase by half of the rest
    smoothing_learn(f, 2, 2, 10.0)
    assert f[LEVEL] == pytest.approx(14.5, rel=1e-15)
    assert smoothing_says(f, 2, 4, 7.0) == pytest.approx(14.5 - 2.25, rel=1e-15)
    # error -1.5 at the second phase; then 4.85 at the first, of which a third of the rest
    smoothing_learn(f, 2, 3, 18.0)
    assert f[LEVEL] == pytest.approx(14.35, rel=1e-15)
    said = smoothing_says(f, 2, 4, 7.0)
    assert said == pytest.approx(14.35 - 2.25, rel=1e-15)
    smoothing_learn(f, 2, 4, said + 3.0)
    assert smoothing_says(f, 2, 4, 7.0) == pytest.approx(said + 0.3 + 0.9, rel=1e-14)


@pytest.mark.parametrize("S", [2, 7, 24])
def test_every_forecast_against_the_recursion(S: int) -> None:
    """Written with the weights of old and new, as Holt and Winters do, not with errors."""
    ys = seasonal(40 * S, S)
    f = np.zeros(smoothing_floats(S))
    level, seasons = 0.0, np.zeros(S)
    for t, y in enumerate(ys):
        season, visit = t // S, t % S
        if season == 0:
            level = float(np.mean(ys[: t + 1]))
            seasons[visit] = y - level
        else:
            assert smoothing_says(f, S, t, np.nan) == pytest.approx(level + seasons[visit], 1e-9)
            before = level
            level = LEVEL_RATE * (y - seasons[visit]) + (1.0 - LEVEL_RATE) * before
            rate = max(SEASON_RATE, 1.0 / (season + 1)) * (1.0 - LEVEL_RATE)
            seasons[visit] = rate * (y - before) + (1.0 - rate) * seasons[visit]
        smoothing_learn(f, S, t, y)


@pytest.mark.parametrize("S", [4, 12])
def test_once_every_phase_is_known_it_is_statsmodels(S: int) -> None:
    known = 12 * S  # from the tenth season on the rates are constant
    ys = seasonal(60 * S, S)
    f = np.zeros(smoothing_floats(S))
    for t in range(known):
        smoothing_learn(f, S, t, ys[t])
    model = ExponentialSmoothing(
        ys[known:],
        seasonal="add",
        seasonal_periods=S,
        initialization_method="known",
        initial_level=f[LEVEL],
        initial_seasonal=f[PHASES + S : PHASES + 2 * S].copy(),
    )
    fit = model.fit(
        smoothing_level=LEVEL_RATE,
        smoothing_seasonal=SEASON_RATE * (1.0 - LEVEL_RATE),
        optimized=False,
    )
    said = []
    for t in range(known, len(ys)):
        said.append(smoothing_says(f, S, t, np.nan))
        smoothing_learn(f, S, t, ys[t])
    np.testing.assert_allclose(said, fit.fittedvalues, rtol=1e-8)
