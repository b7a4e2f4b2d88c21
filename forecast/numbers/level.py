"""A level, by memories: running means at six rates, weighted by how well each saw the last point.

The first memory is the last value, the sixth nearly the mean of the last thousand. The fast ones
win after a change, the slow ones when it is calm, and nobody sets a rate.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.blend import MANAGERS, Floats, memories_begin, memories_floats, memories_learn
from forecast.compiled import compiled
from forecast.learner import (
    CELL,
    FAMILY,
    LOCATION,
    MIXTURE,
    RATE,
    SPREAD,
    Layout,
    NumberLearner,
    checked_horizons,
    write_certain,
    write_unknown,
)
from forecast.numbers.scale import STUDENT_4, scale_learn, t_density
from forecast.numbers.series import (
    LAST,
    LEARN,
    OBSERVED,
    SERIES_FLOATS,
    SERIES_INTS,
    TIME,
    cell_of,
    screen,
    series_begin,
    series_learn,
    series_pass,
    turn,
    unit_of,
)
from forecast.rate import one_over_n

RATES = 4.0 ** -np.arange(6.0)
K = len(RATES)
SCALE_RATE = 0.02  # of the mean |error| of each memory

# floats of a level: points learned, the means [K], then for each horizon scales [K] and a blend,
# then the means as they stood at the last LONGEST instants [LONGEST, K]
LEARNED = 0
MEANS = 1
HORIZON = MEANS + K
HORIZON_FLOATS = K + memories_floats(K)


def level_floats(horizons: int, longest: int) -> int:
    """Floats of a level for that many horizons."""
    return HORIZON + horizons * HORIZON_FLOATS + longest * K


def level_begin(f: Floats, horizons: int) -> None:
    """A level that has seen nothing."""
    f[:] = 0.0
    for h in range(horizons):
        at = HORIZON + h * HORIZON_FLOATS
        memories_begin(f[at + K : at + HORIZON_FLOATS], K)


@compiled
def _stood(horizons, time):
    """Where the means stand that were believed at an instant."""
    longest = horizons[len(horizons) - 1]
    return HORIZON + len(horizons) * HORIZON_FLOATS + turn(time, longest) * K


@compiled
def level_learn(f, horizons, time, unit, y):
    """Weigh the memories by what ``y`` answers, then move them.

    ``horizons`` rise; ``time`` counts the instants before this one.
    """
    for h in range(len(horizons)):
        n = f[LEARNED] - horizons[h]
        if n < 1.0 or unit <= 0.0:
            continue
        at = HORIZON + h * HORIZON_FLOATS
        stood = _stood(horizons, time - horizons[h])
        likelihood = np.ones(K)
        for k in range(K):
            error = (y - f[stood + k]) / unit
            scale = f[at + k]
            if scale > 0.0:
                # p_k = t4((y - m_k) / s_k) / s_k
                likelihood[k] = t_density(STUDENT_4, error / scale) / scale
            f[at + k] = scale_learn(scale, error, SCALE_RATE, n)
        if n > 1.0:
            memories_learn(f[at + K : at + HORIZON_FLOATS], likelihood, n)
    f[LEARNED] += 1.0
    for k in range(K):
        # m_k <- m_k + max(1/n, rate_k) (y - m_k)
        f[MEANS + k] += one_over_n(f[LEARNED], RATES[k]) * (y - f[MEANS + k])


@compiled
def level_stand(f, horizons, time):
    """Keep the means as they stand, for the questions asked at this instant."""
    stood = _stood(horizons, time)
    for k in range(K):
        f[stood + k] = f[MEANS + k]


@compiled
def level_median(f, h):
    """The weighted median of the memories: one wild memory does not move it."""
    weights = HORIZON + h * HORIZON_FLOATS + K
    order = np.empty(K, np.int64)
    for k in range(K):
        place = k
        while place > 0 and f[MEANS + order[place - 1]] > f[MEANS + k]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    heard = 0.0
    for k in range(K - 1):
        heard += f[weights + order[k]]
        if heard >= 0.5:
            return f[MEANS + order[k]]
    return f[MEANS + order[K - 1]]


@compiled
def level_rate(f, h):
    """Effective rate: the weighted mean of the memories' rates."""
    weights = HORIZON + h * HORIZON_FLOATS + K
    rate = 0.0
    for k in range(K):
        rate += f[weights + k] * one_over_n(max(1.0, f[LEARNED]), RATES[k])
    return rate


@compiled
def level_learner_learn(f, i, y):
    """The level as a learner of its own: screen the value, learn from it, ask anew."""
    horizons = i[SERIES_INTS:]
    level = f[SERIES_FLOATS:]
    time = i[TIME]
    if screen(f, i, y[0]) == LEARN:
        level_learn(level, horizons, time, unit_of(f), y[0])
        series_learn(f, i, y[0])
    else:
        series_pass(f, i, f[LAST])
    level_stand(level, horizons, time)


@compiled
def level_learner_ask(f, i, c, h, row):
    """Student's t with 4 degrees of freedom around every memory, by the weight of each."""
    level = f[SERIES_FLOATS:]
    unit = unit_of(f)
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    if unit <= 0.0:
        write_certain(row, f[LAST])
        return
    horizons = i[SERIES_INTS:]
    at = HORIZON + h * HORIZON_FLOATS
    row[FAMILY] = MIXTURE
    row[CELL] = cell_of(f)
    row[RATE] = level_rate(level, h)
    row[SPREAD] = K
    parts = SPREAD + 1
    mean = 0.0
    for k in range(K):
        scale = level[at + k] if level[at + k] > 0.0 else math.sqrt(horizons[h])
        row[parts + k] = level[at + K + k]
        row[parts + K + k] = level[MEANS + k]
        row[parts + 2 * K + k] = unit * scale
        row[parts + 3 * K + k] = 4.0
        mean += level[at + K + k] * level[MEANS + k]
    row[LOCATION] = mean


class Level(NumberLearner):
    """A level by memories: what a series without trend or season is forecast with.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.

    Examples
    --------
    >>> level = Level()
    >>> for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0] * 7 + [104.0, 106.0, 105.0, 104.0]:
    ...     level.learn(y)
    >>> 100 < level.predict().median < 106  # four points after the shift
    True
    """

    family = MIXTURE
    _learn = staticmethod(level_learner_learn)
    _ask = staticmethod(level_learner_ask)

    def __init__(self, horizons: Sequence[int] = (1,)) -> None:
        horizons = checked_horizons(horizons)
        state = Layout()
        state.floats("series", SERIES_FLOATS)
        state.floats("level", level_floats(len(horizons), horizons[-1]))
        state.ints("counts", SERIES_INTS)
        state.ints("horizons", len(horizons))
        super().__init__(state, horizons)
        self.view("horizons")[:] = horizons
        series_begin(self.view("series"), self.view("counts"), 48)
        level_begin(self.view("level"), len(horizons))

    def moved(self, before: "Level") -> Floats:
        """The step of the managers' weights, of the first horizon."""
        managers = slice(HORIZON + 2 * K, HORIZON + 2 * K + MANAGERS)
        step: Floats = self.view("level")[managers] - before.view("level")[managers]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"horizons": self.horizons}
