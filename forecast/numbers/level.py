"""A level, by memories: running means at six rates, weighted by how well each saw the last point.

The first memory is the last value, the sixth nearly the mean of the last thousand. The fast ones
win after a change, the slow ones when it is calm, and nobody sets a rate.
"""

import numpy as np

from forecast.arrays import Floats
from forecast.blend import memories_begin, memories_floats, memories_learn, weighted_median
from forecast.compiled import compiled
from forecast.numbers.scale import STUDENT_4, scale_learn, t_density
from forecast.numbers.series import turn
from forecast.rate import one_over_n

RATES = 4.0 ** -np.arange(6.0)
K = len(RATES)
SCALE_RATE = 0.02  # of the mean |error| of each memory

# floats of a level: points learned, the means [K], then for each band of horizons how often it was
# weighed, scales [K] and a blend; then the means as they stood at the last LONGEST instants
LEARNED = 0
MEANS = 1
BANDS = MEANS + K
WEIGHED = 0
SCALES = 1
BLEND = SCALES + K
BAND_FLOATS = BLEND + memories_floats(K)


def level_floats(bands: int, longest: int) -> int:
    """Floats of a level for that many bands of horizons."""
    return BANDS + bands * BAND_FLOATS + longest * K


def level_begin(f: Floats, bands: int) -> None:
    """A level that has seen nothing."""
    f[:] = 0.0
    for b in range(bands):
        at = BANDS + b * BAND_FLOATS
        memories_begin(f[at + BLEND : at + BAND_FLOATS], K)


@compiled
def _stood(f, bands, time):
    """The means that were believed at an instant."""
    first = BANDS + bands * BAND_FLOATS
    at = first + turn(time, (len(f) - first) // K) * K
    return f[at : at + K]


@compiled
def level_weigh(f, bands, band, asked, unit, y):
    """Weigh the memories of a band of horizons by ``y``, which answers what was asked then."""
    at = BANDS + band * BAND_FLOATS
    f[at + WEIGHED] += 1.0
    n = f[at + WEIGHED]
    stood = _stood(f, bands, asked)
    likelihood = np.ones(K)
    for k in range(K):
        error = (y - stood[k]) / unit
        scale = f[at + SCALES + k]
        if scale > 0.0:
            # p_k = t4((y - m_k) / s_k) / s_k
            likelihood[k] = t_density(STUDENT_4, error / scale) / scale
        f[at + SCALES + k] = scale_learn(scale, error, SCALE_RATE, n)
    if n > 1.0:
        memories_learn(f[at + BLEND : at + BAND_FLOATS], likelihood, n)


@compiled
def level_learn(f, y):
    """Move the memories."""
    f[LEARNED] += 1.0
    for k in range(K):
        # m_k <- m_k + max(1/n, rate_k) (y - m_k)
        f[MEANS + k] += one_over_n(f[LEARNED], RATES[k]) * (y - f[MEANS + k])


@compiled
def level_shift(f, bands, by):
    """Count from elsewhere: move all means, those that stand for questions too."""
    for k in range(K):
        f[MEANS + k] += by
    for at in range(BANDS + bands * BAND_FLOATS, len(f)):
        f[at] += by


@compiled
def level_stand(f, bands, time):
    """Keep the means as they stand, for the questions asked at this instant."""
    stood = _stood(f, bands, time)
    for k in range(K):
        stood[k] = f[MEANS + k]


@compiled
def level_median(f, band):
    """The weighted median of the memories: one wild memory does not move it."""
    weights = BANDS + band * BAND_FLOATS + BLEND
    return weighted_median(f[weights : weights + K], f[MEANS : MEANS + K])


@compiled
def level_rate(f, band):
    """Effective rate: the weighted mean of the memories' rates."""
    weights = BANDS + band * BAND_FLOATS + BLEND
    rate = 0.0
    for k in range(K):
        rate += f[weights + k] * one_over_n(max(1.0, f[LEARNED]), RATES[k])
    return rate
