"""Rates: by hand, and within their bounds whatever is asked of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.rate import bounded, constant, one_over_n

rates = st.floats(1e-9, 1.0)
numbers = st.floats(-1e12, 1e12)


def test_by_hand() -> None:
    assert constant(0.2) == 0.2
    assert [one_over_n(n, 0.2) for n in (1.0, 2.0, 4.0, 5.0, 6.0, 1e9)] == [
        *(1.0, 0.5, 0.25, 0.2, 0.2, 0.2)
    ]
    assert [bounded(e, 2.0) for e in (-9.0, -2.0, -1.5, 0.0, 1.5, 2.0, 9.0)] == [
        *(-2.0, -2.0, -1.5, 0.0, 1.5, 2.0, 2.0)
    ]


def test_the_rate_of_1_over_n_makes_the_mean() -> None:
    y = np.random.default_rng(0).normal(5.0, 2.0, 300)
    level = 0.0
    for n, value in enumerate(y, start=1):
        level += one_over_n(float(n), 0.0) * (value - level)
        assert level == pytest.approx(y[:n].mean(), rel=1e-12)


def test_with_a_floor_it_becomes_exponential_smoothing() -> None:
    y = np.random.default_rng(1).normal(size=60)
    level = 0.0
    for n, value in enumerate(y, start=1):
        level += one_over_n(float(n), 0.1) * (value - level)
    # the mean of the first 10, then 0.9 of the old and 0.1 of the new
    weights = 0.1 * 0.9 ** np.arange(49, -1, -1)
    assert level == pytest.approx(0.9**50 * y[:10].mean() + weights @ y[10:], rel=1e-12)


@given(rate=rates, n=st.floats(1.0, 1e12), later=st.floats(0.0, 1e12))
def test_one_over_n_lies_between_its_floor_and_1_and_falls(
    rate: float, n: float, later: float
) -> None:
    got = one_over_n(n, rate)
    assert rate <= got <= 1.0
    assert got == rate or got == 1.0 / n
    assert one_over_n(n + later, rate) <= got


@given(rate=rates)
def test_constant_is_what_it_was_given(rate: float) -> None:
    assert constant(rate) == rate


@given(error=numbers, bound=st.floats(0.0, 1e12), other=numbers)
def test_bounded_by_its_bound_odd_rising_and_never_larger(
    error: float, bound: float, other: float
) -> None:
    got = bounded(error, bound)
    assert abs(got) == min(abs(error), bound)
    assert got * error >= 0.0
    assert bounded(-error, bound) == -got
    assert (bounded(other, bound) - got) * (other - error) >= 0.0
    # no step is longer than the error's own
    assert abs(bounded(other, bound) - got) <= abs(other - error) * (1.0 + 1e-12) + 1e-300


def test_bounded_at_infinity() -> None:
    assert bounded(math.inf, 3.0) == 3.0
    assert bounded(-math.inf, 3.0) == -3.0
