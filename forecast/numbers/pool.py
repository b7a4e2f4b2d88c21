"""A pool: what each expert says of one band of horizons, mixed level by level.

Most experts give a location. The errors made there give it a scale (by memories) and a shape
(tracked quantiles), so that it says 21 quantiles and a mean. Others, the neighbours, give these
themselves. Each level, and the mean, has weights of its own, learned from its own loss.

The first experts give locations, then come the neighbours where the band has any, then those that
joined later.
"""

import math

import numpy as np

from forecast.arrays import Floats
from forecast.blend import boa_blend, boa_floats, boa_learn
from forecast.compiled import compiled
from forecast.distribution.t4 import LEVEL, SCORES, N
from forecast.numbers.grain import GRAIN_FLOATS, grain_learn, grain_of, grain_write, rise
from forecast.numbers.scale import (
    SEEN,
    SMALLEST,
    SPREAD_FLOATS,
    spread_begin,
    spread_learn,
    spread_of,
)
from forecast.numbers.shape import PRIOR, shape_learn
from forecast.numbers.width import WIDTH_FLOATS, widen, width_learn
from forecast.rate import bounded

# The experts of every pool, which give a location. The drift is the last value too, but leans to a
# side as soon as its errors do; the last value waits so many times as long, for answers that share
# no instants.
LAST_VALUE, DRIFT, MEMORIES, REGRESSION, FIRST = range(5)
PATIENCE = 10.0
NEIGHBOURS = 3  # that give quantiles and mean
SAID = N + 1  # what an expert says: quantiles and mean
MEAN = N
MIXED = N // 2 + 2  # weights are learned at every second level, and for the mean
FORGET = 0.001  # of the experts' regret, at each point
JOINED = 0.2  # weight to begin with of an expert that joined later, beside the plain one
ON = 1e-9  # mean errors: so near a quantile an answer lies on it, and experts agree
SQUARE_BOUND = 10.0  # mean errors: the mean is taught by no more at once


def pool_floats(most: int) -> int:
    """Floats of a pool of so many experts that give a location, at most; see ``_places``."""
    floats: int = _places(most)[-1] + GRAIN_FLOATS
    return floats


@compiled
def _places(most):
    """Where shapes, aggregations, weights, weighed shapes, width and grain begin."""
    shapes = most * SPREAD_FLOATS
    mixes = shapes + most * N
    weights = mixes + boa_floats(most + NEIGHBOURS, MIXED)
    weighed = weights + (most + NEIGHBOURS) * SAID
    width = weighed + most * SAID
    return shapes, mixes, weights, weighed, width, width + WIDTH_FLOATS


def pool_begin(f: Floats, most: int, near: bool) -> None:
    """A pool of the first experts, all with the same weight."""
    shapes, mixes, weights, weighed, _, _ = _places(most)
    spreads = f[:shapes].reshape(most, SPREAD_FLOATS)
    for spread in spreads:
        spread_begin(spread)
    f[shapes:mixes].reshape(most, N)[:] = SCORES
    heard = FIRST + NEIGHBOURS * near
    f[mixes:weights].reshape(4, -1, MIXED)[0, :heard] = 1.0 / heard
    f[weights:weighed].reshape(-1, SAID)[:heard] = 1.0 / heard
    f[weighed : weighed + FIRST * SAID].reshape(FIRST, SAID)[:, :N] = SCORES / heard


def pool_mixes(f: Floats, most: int) -> Floats:
    """Weights, regrets, squares and largest of the aggregations, [4, experts, MIXED]."""
    _, mixes, weights, _, _, _ = _places(most)
    return f[mixes:weights].reshape(4, most + NEIGHBOURS, MIXED)


@compiled
def pool_join(f, most, located, near, more):
    """Let so many more experts that give a location take their share of the weights."""
    _, mixes, weights, _, _, _ = _places(most)
    before = located + NEIGHBOURS * near
    share = JOINED / (before + JOINED * more)
    mix = f[mixes:weights].reshape((4, most + NEIGHBOURS, MIXED))
    for m in range(MIXED):
        for k in range(before):
            mix[0, k, m] *= 1.0 - more * share
        for k in range(before, before + more):
            mix[0, k, m] = share
    _tabulate(f, most, located + more, near)


@compiled
def pool_spreads(f, located, unseen, out):
    """The mean |error| of each expert, in units; ``unseen`` before any."""
    for k in range(located):
        spread = f[k * SPREAD_FLOATS : (k + 1) * SPREAD_FLOATS]
        out[k] = max(spread_of(spread), SMALLEST) if spread[SEEN] > 0.0 else unseen


@compiled
def _place(k, near):
    """Where the k-th expert that gives a location stands among all."""
    return k if k < FIRST else k + NEIGHBOURS * near


@compiled
def pool_mix(f, most, located, near, asked, found, out):
    """Mix what was said: quantiles, which may not rise yet, and mean, [SAID].

    v_p = sum_k w_kp (location_k + scale_k shape_kp) + sum_j w_jp v_jp

    ``asked`` holds location and scale of each; ``found`` [NEIGHBOURS, SAID] what neighbours say.
    """
    _, _, weights, weighed, width, _ = _places(most)
    w = f[weights:weighed].reshape((most + NEIGHBOURS, SAID))
    ws = f[weighed:width].reshape((most, SAID))
    for p in range(SAID):
        out[p] = 0.0
    for k in range(located):
        location, scale, own, shaped = asked[2 * k], asked[2 * k + 1], w[_place(k, near)], ws[k]
        for p in range(SAID):
            out[p] += own[p] * location + shaped[p] * scale
    if near:
        for j in range(NEIGHBOURS):
            own, said = w[FIRST + j], found[j]
            for p in range(SAID):
                out[p] += own[p] * said[p]


@compiled
def _widened(f, most, located, near, asked, found, out):
    """Mix what was said, put the quantiles into order, and widen or narrow them."""
    pool_mix(f, most, located, near, asked, found, out)
    width = _places(most)[4]
    rise(out[:N])
    widen(f[width : width + WIDTH_FLOATS], out[:N])


@compiled
def _tabulate(f, most, located, near):
    """Write the weight of each expert at each level, and its shape by that weight.

    A level without weights of its own takes the mean of those beside it.
    """
    shapes, mixes, weights, weighed, width, _ = _places(most)
    mix = f[mixes:weights].reshape((4, most + NEIGHBOURS, MIXED))[0]
    w = f[weights:weighed].reshape((most + NEIGHBOURS, SAID))
    ws = f[weighed:width].reshape((most, SAID))
    shape = f[shapes:mixes].reshape((most, N))
    for k in range(located + NEIGHBOURS * near):
        for m in range(MIXED - 2):
            w[k, 2 * m] = mix[k, m]
            w[k, 2 * m + 1] = 0.5 * (mix[k, m] + mix[k, m + 1])
        w[k, N - 1] = mix[k, MIXED - 2]
        w[k, MEAN] = mix[k, MIXED - 1]
    for k in range(located):
        own = w[_place(k, near)]
        for p in range(N):
            ws[k, p] = own[p] * shape[k, p]


@compiled
def _say(f, most, located, near, asked, found, said):
    """What each expert says at the levels that are learned, and of the mean, [heard, MIXED]."""
    shapes, mixes = _places(most)[:2]
    shape = f[shapes:mixes].reshape((most, N))
    for k in range(located):
        location, scale, own = asked[2 * k], asked[2 * k + 1], said[_place(k, near)]
        for m in range(MIXED - 1):
            own[m] = location + scale * shape[k, 2 * m]
        own[MIXED - 1] = location
    if near:
        for j in range(NEIGHBOURS):
            for m in range(MIXED - 1):
                said[FIRST + j, m] = found[j, 2 * m]
            said[FIRST + j, MIXED - 1] = found[j, MEAN]


@compiled
def pool_learn(
    f, most, located, near, asked, found, atoms, bounds, units, error, far, overlap, least, cell, y
):
    """Score every expert on what ``y`` answers; move weights, widths, spreads and shapes.

    ``units`` [located] is what the spread of each counts in, ``error`` the mean |error| of the
    regression; ``overlap`` of the answers that teach this band share each instant, where the answer
    is to a question about so ``far`` ahead, in instants.
    """
    shapes, mixes, weights, _, width, grain = _places(most)
    out = np.empty(SAID)
    _widened(f, most, located, near, asked, found, out)
    values = out[:N]
    heard = located + NEIGHBOURS * near
    said, blends = np.empty((heard, MIXED)), np.empty(MIXED)
    _say(f, most, located, near, asked, found, said)
    mix = f[mixes:weights].reshape((4, most + NEIGHBOURS, MIXED))
    boa_blend(mix, said, blends)
    gradients, prior = pinball_gradients(blends, 2, error, y), _prior(heard, near, far)
    boa_learn(mix, said, blends, gradients, prior, ON * error, FORGET / overlap, overlap)
    width_learn(f[width : width + WIDTH_FLOATS], values, overlap, y)
    if cell > 0.0:
        grains = f[grain : grain + GRAIN_FLOATS]
        grain_learn(grains, values, atoms, bounds, least, cell, y)
    for k in range(located):
        spread = f[k * SPREAD_FLOATS : (k + 1) * SPREAD_FLOATS]
        off = y - asked[2 * k]
        spread_learn(spread, off / units[k], overlap, error / units[k])
        shape = f[shapes + k * N : shapes + (k + 1) * N]
        begun = PATIENCE * overlap * PRIOR if k == LAST_VALUE else PRIOR
        shape_learn(shape, off / asked[2 * k + 1], spread[SEEN], overlap, begun)
    _tabulate(f, most, located, near)


@compiled
def _prior(heard, near, horizon):
    """The weights to begin with.

    The further ahead, the less each answer tells, and the more the plain ones weigh: the last value
    with its drift, half each, and, where there is a season, those that know it. The regression that
    does not know it is then much the same as the one that does, and counts as one that joined.
    """
    plain, first = math.sqrt(horizon), FIRST + NEIGHBOURS * near
    prior = np.ones(heard)
    prior[LAST_VALUE] = prior[DRIFT] = 0.5 * plain
    if heard > first:
        prior[REGRESSION] = JOINED
    for k in range(first, heard):
        prior[k] = JOINED * plain
    return prior


@compiled
def pinball_gradients(blends, every, error, y):
    """d/dx of the pinball loss (y - x)(p - 1[y < x]) of each level, of (y - x)^2 / 2 for the mean.

    ``blends`` are the quantiles of each level, or of ``every`` second one, then the mean. 0 where y
    lies on the quantile; the mean is taught by a bounded error.
    """
    gradients = np.empty(len(blends))
    mean = len(blends) - 1
    for m in range(mean):
        x = blends[m]
        gradient = (1.0 if y < x else 0.0) - LEVEL[every * m]
        gradients[m] = 0.0 if abs(y - x) <= ON * error else gradient
    gradients[mean] = bounded(blends[mean] - y, SQUARE_BOUND * error)
    return gradients


@compiled
def pool_write(f, most, located, near, asked, found, atoms, least, values):
    """Write the quantiles [N]; returns the mean and the scales of the two tails."""
    grain = _places(most)[5]
    out = np.empty(SAID)
    _widened(f, most, located, near, asked, found, out)
    chosen = grain_of(f[grain : grain + GRAIN_FLOATS])
    left, right = grain_write(chosen, out[:N], atoms, least, values)
    return out[MEAN], left, right
