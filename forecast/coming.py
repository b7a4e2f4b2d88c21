"""What is said now of the answers to come, as the loop measures what is said."""

import math
from collections.abc import Callable

import numpy as np

from forecast.arrays import Floats
from forecast.learner import LOCATION
from forecast.measure import LONG
from forecast.numbers.series import turn


def coming_of(waiting: Floats, rows: int, score: Callable[..., None]) -> Floats:
    """Measure the newest question of each horizon as if its answer were where it lies.

    Parameters
    ----------
    waiting : ndarray [longest horizon, horizons, ROW]
        The questions of one series that wait, as the loop keeps them.
    rows : int
        Rows so far.
    score : callable
        Of ``measure.SCORE``.

    Returns
    -------
    ndarray [horizons, LONG]
        NaN where nothing is known.
    """
    asked = waiting[int(turn(rows - 1, len(waiting)))]
    coming = np.full((len(asked), LONG), math.nan)
    for row, out in zip(asked, coming, strict=True):
        if not math.isnan(row[LOCATION]):
            score(row, row[LOCATION], out)
    return coming
