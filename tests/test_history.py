"""A forecaster of numbers that begins with a history."""

import math

import numpy as np
import pandas as pd

from forecast import NumberForecaster
from forecast.checks.law import same_state
from forecast.numbers.context import context_of


def following(n: int, seed: int = 0) -> np.ndarray:
    """A series whose differences follow from the two before."""
    rng = np.random.default_rng(seed)
    differences = np.zeros(n)
    for t in range(2, n):
        differences[t] = 0.8 * differences[t - 1] - 0.3 * differences[t - 2] + rng.normal()
    return differences.cumsum()


def test_a_history_is_walked_through() -> None:
    ys = following(150)
    learner = NumberForecaster(horizons=(1, 3))
    for y in ys:
        learner.learn(y)
    assert same_state(NumberForecaster.from_history(ys, horizons=(1, 3)), learner)


def test_a_frame_has_a_channel_for_each_column_and_columns_beside() -> None:
    frame = pd.DataFrame({"a": following(60), "b": following(60, 1)})
    frame.loc[7, "b"] = math.nan
    price = np.arange(60.0)[:, None]
    learner = NumberForecaster(channels=2, known=1)
    for y, x in zip(frame.to_numpy(), context_of(60, (1,), price, None), strict=True):
        learner.learn(y, x)
    assert same_state(NumberForecaster.from_history(frame, known=price), learner)
