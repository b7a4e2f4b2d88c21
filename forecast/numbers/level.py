"""A level, by memories: running means at six rates, weighted by how well each saw the last point.

The first memory is the last value, the sixth nearly the mean of the last thousand. The fast ones
win after a change, the slow ones when it is calm, and nobody sets a rate.
"""

import numpy as np

from forecast.blend import (
    Floats,
    memories_begin,
    memories_floats,
    memories_learn,
    weighted_median,
)
from forecast.compiled import compiled
from forecast.numbers.scale import STUDENT_4, scale_learn, t_density
from forecast.numbers.series import turn
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
    return weighted_median(f[weights : weights + K], f[MEANS : MEANS + K])


@compiled
def level_rate(f, h):
    """Effective rate: the weighted mean of the memories' rates."""
    weights = HORIZON + h * HORIZON_FLOATS + K
    rate = 0.0
    for k in range(K):
        rate += f[weights + k] * one_over_n(max(1.0, f[LEARNED]), RATES[k])
    return rate
