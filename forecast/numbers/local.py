"""The two smallest models of a series: a level, and the last value with a scale around it.

A model of numbers is two kernels over K copies of itself, each copy moved by a rate of its own:

    believe(f, series, locations)            where each copy centres its forecast, [K]
    move(f, series, y, locations, rates)     take y in; the copies had believed ``locations``

``f`` is the model's own slice of floats, zeros at the start; ``series`` that of ``series.py``,
which has not learned ``y`` yet. How far off each copy is, is measured around it by whoever holds
it, and moved by the same rate: a model has one rate for all that it believes.
"""

from collections.abc import Callable
from typing import NamedTuple

from forecast.compiled import compiled
from forecast.numbers.series import LAST


class Model(NamedTuple):
    """A model of numbers as it can be chosen by name.

    Attributes
    ----------
    floats : callable
        Floats of K copies.
    believe, move : kernels
    beliefs : callable
        Where among the floats of K copies their beliefs stand.
    fastest : float
        The fastest of the rates that are worth keeping.
    fastest_scale : float
        The fastest rate at which its scale may move.
    """

    floats: Callable[[int], int]
    believe: Callable[..., None]
    move: Callable[..., None]
    beliefs: Callable[[int], slice]
    fastest: float = 1.0
    fastest_scale: float = 0.1  # the mean |error| of fewer than ten points is no scale


def level_model_floats(K: int) -> int:
    """Floats of K levels: counts [K], means [K]."""
    return 2 * K


@compiled
def level_believe(f, series, locations):
    """A level forecasts its mean, and the last value before it has one."""
    K = len(locations)
    for k in range(K):
        locations[k] = f[K + k] if f[k] > 0.0 else series[LAST]


@compiled
def level_move(f, series, y, locations, rates):
    """A fading mean: a raised rate dies away as 1/n.

    n_k <- (1 - rate_k) n_k + 1,   m_k <- m_k + (y - m_k) / n_k
    """
    K = len(rates)
    for k in range(K):
        f[k] = (1.0 - rates[k]) * f[k] + 1.0
        f[K + k] += (y - f[K + k]) / f[k]


def scale_model_floats(K: int) -> int:
    """Nothing but the scale that is measured around it."""
    return 0


@compiled
def scale_believe(f, series, locations):
    """The last value."""
    for k in range(len(locations)):
        locations[k] = series[LAST]


@compiled
def scale_move(f, series, y, locations, rates):
    """Nothing to move."""


LEVEL = Model(level_model_floats, level_believe, level_move, lambda K: slice(K, 2 * K))
SCALE = Model(
    scale_model_floats, scale_believe, scale_move, lambda K: slice(0, 0), fastest_scale=1.0
)
