"""How far off: scales as memories, and the tails that go with them.

A scale is the running mean of ``|error|`` at one rate. Several of them, each with several degrees
of freedom of Student's t, are weighted by how well they saw the last error coming.
"""

import math

import numpy as np

from forecast.arrays import Floats
from forecast.blend import LEAST, memories_begin, memories_floats, memories_learn
from forecast.compiled import compiled
from forecast.learner import FAMILY, LOCATION, MIXTURE, RATE, SPREAD
from forecast.rate import bounded, one_over_n

TAILS = np.array([2.0, 4.0, 8.0, math.inf])  # degrees of freedom with an algebraic density
STUDENT_4 = 1  # where E|T| = 1, so that the scale is the mean |error| itself
# E|T| of Student's t at those: divides the mean |error| into a scale
MEAN_ABS = np.array([math.sqrt(2.0), 1.0, 0.8838834764831844, math.sqrt(2.0 / math.pi)])
OVER_MEAN_ABS = 1.0 / MEAN_ABS
OVER_TAILS = 1.0 / TAILS
# its density at 0:  1 / (sqrt(nu) B(nu/2, 1/2))
PEAK = np.array([0.35355339059327373, 0.375, 0.38669902096139315, 1.0 / math.sqrt(2.0 * math.pi)])
BOUND = 8.0  # an error counts for at most this many scales
SMALLEST = 1e-3  # units
WILDEST = 1e100  # units: the square of an error is finite


@compiled
def t_density(tail, z):
    """Density at ``z`` of Student's t with ``TAILS[tail]`` degrees of freedom, without a power.

    p(z) = peak (1 + z^2/nu)^(-(nu+1)/2)
    """
    if tail == 3:
        return PEAK[3] * math.exp(-0.5 * z * z)
    v = 1.0 / (1.0 + z * z * OVER_TAILS[tail])
    root = math.sqrt(v)
    if tail == 0:
        return PEAK[0] * v * root
    if tail == 1:
        return PEAK[1] * v * v * root
    return PEAK[2] * v * v * v * v * root


@compiled
def scale_learn(scale, error, rate, n):
    """The running mean |error|, moved by its n-th error (n = 1, 2, ...).

    s <- s + max(1/n, rate) (min(|e|, 8 s) - s)
    """
    size = abs(error)
    # the first ten count in full: there is no scale yet to bound them by
    seen = bounded(size, BOUND * scale) if n > 10 else size
    return max(SMALLEST, scale + one_over_n(n, rate) * (seen - scale))


SPREAD_RATES = 3.0 ** -np.arange(1.0, 6.0)
SPREADS = len(SPREAD_RATES)
SPREAD_SHARE = 0.003  # of weight that each error hands out anew
# floats of a spread: errors seen, scales [J], their weights [J]
SEEN = 0
SCALES = 1
WEIGHTS = SCALES + SPREADS
SPREAD_FLOATS = WEIGHTS + SPREADS


def spread_begin(f: Floats) -> None:
    """A spread that has seen no error."""
    f[:WEIGHTS] = 0.0
    f[WEIGHTS:] = 1.0 / SPREADS


@compiled
def spread_learn(f, error, overlap, unseen):
    """Weigh the scales by the error that they were to expect, then move them.

    Errors of questions asked in turn may overlap, so many of them, and tell no more than one: the
    scales are moved by as much less, or the fastest would know what it is to expect. They begin as
    if one such had been seen, of the size ``unseen``.
    """
    if f[SEEN] == 0.0:
        for j in range(SPREADS):
            f[SCALES + j] = unseen
    _spread_weigh(f[SCALES:WEIGHTS], f[WEIGHTS:], error)
    f[SEEN] += 1.0
    n = f[SEEN] + overlap
    for j in range(SPREADS):
        f[SCALES + j] = scale_learn(f[SCALES + j], error, SPREAD_RATES[j] / overlap, n)


@compiled
def _spread_weigh(scales, weights, error):
    """Fixed share (Herbster and Warmuth, 1998), the simplest of the managers: there are many.

    p_j = t4(e / s_j) / s_j,   w_j <- ((1 - share) w_j + share / J) p_j, over their sum

    What is handed out anew is weighed at once: a scale a million times too large, that nothing
    speaks for, would else be heard for good.
    """
    q = 0.0
    for j in range(SPREADS):
        over = 1.0 / scales[j]
        shared = (1.0 - SPREAD_SHARE) * weights[j] + SPREAD_SHARE / SPREADS
        weights[j] = shared * t_density(STUDENT_4, error * over) * over
        q += weights[j]
    for j in range(SPREADS):
        # an error that no scale could expect tells nothing
        weights[j] = weights[j] / q if q > LEAST else 1.0 / SPREADS


@compiled
def spread_of(f):
    """The expected mean |error|:  s = sum_j w_j s_j."""
    s = 0.0
    for j in range(SPREADS):
        s += f[WEIGHTS + j] * f[SCALES + j]
    return s


TAIL_RATES = np.array([0.2, 0.05, 0.0125])
PARTS = len(TAIL_RATES) * len(TAILS)
# floats of a posterior over scales and tails: errors seen, mean |error| at each rate, the blend
MEANS = 1
PARTS_BLEND = MEANS + len(TAIL_RATES)
POSTERIOR_FLOATS = PARTS_BLEND + memories_floats(PARTS)


def posterior_begin(f: Floats) -> None:
    """A posterior over scales and tails that has seen no error."""
    f[:PARTS_BLEND] = 0.0
    memories_begin(f[PARTS_BLEND:], PARTS)


@compiled
def posterior_learn(f, error, overlap):
    """Weigh every scale with every tail by the newest error, then move the scales.

    As for a spread, errors that overlap move the scales by as much less.
    """
    error = bounded(error, WILDEST)
    f[SEEN] += 1.0
    if f[SEEN] > 2.0:
        likelihood = np.empty(PARTS)
        for j in range(len(TAIL_RATES)):
            over = 1.0 / f[MEANS + j]
            for tail in range(len(TAILS)):
                over_scale = MEAN_ABS[tail] * over
                density = t_density(tail, error * over_scale) * over_scale
                likelihood[j * len(TAILS) + tail] = density
        memories_learn(f[PARTS_BLEND:], likelihood, f[SEEN])
    for j in range(len(TAIL_RATES)):
        f[MEANS + j] = scale_learn(f[MEANS + j], error, TAIL_RATES[j] / overlap, f[SEEN])


@compiled
def posterior_write(f, location, unit, unseen, row):
    """Write the mixture around a location: Student's t of every scale and tail, by its weight.

    ``unseen`` is the mean |error| before there was one, in units. The effective rate is the mean of
    the rates of the scales.
    """
    row[FAMILY] = MIXTURE
    row[LOCATION] = location
    row[SPREAD] = PARTS
    row[RATE] = 0.0
    part = SPREAD + 1
    for j in range(len(TAIL_RATES)):
        scale = f[MEANS + j] if f[SEEN] > 0.0 else unseen
        rate = one_over_n(max(1.0, f[SEEN]), TAIL_RATES[j])
        for tail in range(len(TAILS)):
            weight = f[PARTS_BLEND + j * len(TAILS) + tail]
            row[part] = weight
            row[part + PARTS] = location
            row[part + 2 * PARTS] = unit * scale * OVER_MEAN_ABS[tail]
            row[part + 3 * PARTS] = TAILS[tail]
            row[RATE] += weight * rate
            part += 1
