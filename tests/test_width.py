"""The width of a forecast: its steps by hand, and how often answers lie outside."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from forecast.distribution.t4 import LEVELS
from forecast.numbers.width import (
    ABOVE,
    BELOW,
    HIGH,
    LEAST,
    LOW,
    MIDDLE,
    MOST,
    RATE,
    WIDTH_FLOATS,
    widen,
    width_learn,
)

Floats = NDArray[np.float64]
VALUES = np.arange(-10.0, 11.0)  # 5, 50 and 95 % at -9, 0 and 9


def learned(y: float, overlap: float = 1.0) -> tuple[float, float]:
    f = np.zeros(WIDTH_FLOATS)
    width_learn(f, VALUES, overlap, y)
    return f[BELOW], f[ABOVE]


def test_the_sides_are_5_50_and_95_percent() -> None:
    assert [LEVELS[p] for p in (LOW, MIDDLE, HIGH)] == [0.05, 0.5, 0.95]


@pytest.mark.parametrize(
    ("y", "below", "above"),
    [
        (0.0, -0.05, -0.05),
        (-9.5, 0.95, -0.05),
        (1e12, -0.05, 0.95),
        (-9.0, 0.0, -0.05),  # on the quantile itself: tells nothing of that side
        (9.0, -0.05, 0.0),
    ],
)
def test_a_step_by_hand(y: float, below: float, above: float) -> None:
    assert learned(y) == pytest.approx((RATE * below, RATE * above), rel=1e-12)
    # four answers that overlap tell as much as two
    assert learned(y, 4.0) == pytest.approx((RATE * below / 2, RATE * above / 2), rel=1e-12)


def test_steps_stay_within_their_bounds() -> None:
    f = np.zeros(WIDTH_FLOATS)
    for y, at in ((-1e3, (MOST, LEAST)), (1e3, (LEAST, MOST)), (0.0, (LEAST, LEAST))):
        for _ in range(3_000):
            width_learn(f, VALUES, 1.0, y)
        assert (f[BELOW], f[ABOVE]) == at


def test_each_side_is_widened_by_its_own_factor() -> None:
    values = VALUES + 3.0
    widen(np.array([math.log(2.0), math.log(0.5)]), values)
    expected = 3.0 + np.where(VALUES < 0.0, 2.0 * VALUES, 0.5 * VALUES)
    np.testing.assert_allclose(values, expected, rtol=1e-14)


HEAVY = stats.t(3)
SKEW = stats.expon(loc=-math.log(2.0))


@pytest.mark.parametrize("ys", [HEAVY, SKEW], ids=["heavy", "skew"])
@pytest.mark.parametrize("narrow", [0.45, 1.4])
def test_five_percent_lie_outside_on_each_side(
    ys: stats.distributions.rv_frozen, narrow: float
) -> None:
    """Of quantiles that are too narrow, or too wide, and symmetric where the data are not."""
    quantiles = narrow * HEAVY.ppf(LEVELS)
    if ys is SKEW:  # whose lower tail is short: each side is off by another factor
        quantiles[:MIDDLE] *= 0.3
    f, outside, plain = np.zeros(WIDTH_FLOATS), [], []
    for y in ys.rvs(20_000, random_state=np.random.default_rng(0)):
        values = quantiles.copy()
        widen(f, values)
        outside.append((y < values[LOW], y > values[HIGH]))
        plain.append((y < quantiles[LOW], y > quantiles[HIGH]))
        width_learn(f, values, 1.0, y)
    # steps of RATE that stay bounded leave a share that is off by at most their range over n
    off = (MOST - LEAST) / RATE / 19_000
    np.testing.assert_allclose(np.mean(outside[1_000:], axis=0), 0.05, atol=off)
    assert np.all(np.abs(np.mean(plain, axis=0) - 0.05) > 2.0 * off)
