"""One model of a series at six rates, weighted by how well each saw the last point coming.

The first memory is the last value, the sixth nearly the mean of the last thousand. The fast ones
win after a change, the slow ones when it is calm, and nobody sets a rate. The forecast is the
memories' own mixture, hinged at the median that errs least.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from forecast.arrays import Floats
from forecast.blend import LEAST, weighted_median
from forecast.compiled import bound, compiled
from forecast.distribution.hinged import hinged_mean, hinged_side
from forecast.distribution.student import student_far, student_mass
from forecast.distribution.t4 import t4_cdf, t4_pdf
from forecast.gate import WEIGHED, gated_begin, gated_floats, gated_learn
from forecast.learner import (
    CELL,
    FAMILY,
    HINGE,
    HINGED,
    HINGED_MIXTURE,
    LOCATION,
    RATE,
    Layout,
    NumberLearner,
    checked_horizons,
    write_certain,
    write_unknown,
)
from forecast.numbers.autoregression import GRADIENT, LEAST_SQUARES
from forecast.numbers.local import LEVEL, SCALE, Model
from forecast.numbers.series import (
    LAST,
    LEARN,
    LONG,
    OBSERVED,
    SERIES_FLOATS,
    SERIES_INTS,
    TIME,
    UNIT,
    cell_of,
    screen,
    series_begin,
    series_learn,
    series_pass,
    turn,
)
from forecast.rate import bounded

K = 6
APART = 4.0
TAIL = 4.0  # degrees of freedom, where the scale is the mean |error| itself
FLOOR = 0.1  # of the usual difference: no scale is smaller
TINY = 1e-6  # of the mean |difference|
BOUND = 8.0  # an error counts for at most this many scales
YOUNG = 10  # errors that count in full
ERROR_RATE = 0.01  # of the mean |error| of the median
FURTHEST = 10.0  # mean errors: further off is no worse
FAR = 1e-150  # likelihood: smaller ones are weighed by their ratios
EVEN = 1e-6  # a hinge with less than this on one side is none

# floats after those of the series: the rates [K], the fastest of a scale; then for each horizon
RATES = SERIES_FLOATS
FASTEST_SCALE = RATES + K
HORIZONS = FASTEST_SCALE + 1
(
    ANSWERED,  # how many questions
    JUDGED,  # how many of them once there was a unit to measure in
    MEDIAN_ERROR,  # mean |y - median|
    TRUSTED,  # how much the hinge is trusted
    COUNTS,  # fading counts of errors [K]
) = range(5)
SCALES = COUNTS + K  # fading means of |error| [K]
BELIEVED = SCALES + K  # the weights of the mixture, by -log p
POINTED = BELIEVED + gated_floats(K)  # the weights of the median, by |error|
HORIZON_FLOATS = POINTED + gated_floats(K)
# then where the memories stood at the last instants [longest, K], and the model


def remembering_floats(model: Model, horizons: int, longest: int) -> int:
    """Floats of memories of a model."""
    return HORIZONS + horizons * HORIZON_FLOATS + longest * K + model.floats(K)


def remembering_begin(f: Floats, model: Model, horizons: int, longest: int) -> None:
    """Memories of nothing."""
    f[SERIES_FLOATS:] = 0.0
    f[RATES:FASTEST_SCALE] = model.fastest * APART ** -np.arange(K)
    f[FASTEST_SCALE] = model.fastest_scale
    for h in range(horizons):
        at = HORIZONS + h * HORIZON_FLOATS
        f[at + TRUSTED] = 0.5
        gated_begin(f[at + BELIEVED : at + POINTED], K)
        gated_begin(f[at + POINTED : at + HORIZON_FLOATS], K)
    stood = HORIZONS + horizons * HORIZON_FLOATS
    f[stood : stood + longest * K] = math.nan


@compiled
def _stood(horizons, time):
    """Where the memories stand that were believed at an instant."""
    longest = horizons[len(horizons) - 1]
    return HORIZONS + len(horizons) * HORIZON_FLOATS + turn(time, longest) * K


@compiled
def floor_of(f):
    """No scale is smaller: a tenth of the usual difference, of late or of all, the smaller one.

    That of late is bounded, so that one outlier does not widen the forecasts for good.
    """
    return max(FLOOR * min(f[LONG], f[UNIT]), TINY * f[LONG])


@compiled
def scales_of(f, counts, scales, h, out):
    """The scale of each memory, never below the floor; as for a random walk before any error."""
    floor = floor_of(f)
    for k in range(len(out)):
        known = f[counts + k] > 0.0
        out[k] = max(f[scales + k], floor) if known else f[LONG] * math.sqrt(h)


@compiled
def scale_of_errors_move(f, counts, scales, locations, rates, fastest, n, y):
    """Fading means of |error|, each moved by its memory's rate.

    n_k <- (1 - rate_k) n_k + 1,   s_k <- s_k + (min(|e_k|, 8 s_k) - s_k) / n_k
    """
    floor = floor_of(f)
    for k in range(len(locations)):
        size = abs(y - locations[k])
        if n > YOUNG:
            size = bounded(size, BOUND * max(f[scales + k], floor))
        f[counts + k] = (1.0 - min(rates[k], fastest)) * f[counts + k] + 1.0
        f[scales + k] += (size - f[scales + k]) / f[counts + k]


@compiled
def cell_likelihood(location, scale, cell, y):
    """The mass of the cell around y, over its width:  Student's t of 4 degrees of freedom."""
    return student_mass((y - location) / scale, cell / scale, TAIL) / cell


@compiled
def cell_surprise(location, scale, cell, y):
    """-log of that mass over that width; finite however far y is."""
    p = cell_likelihood(location, scale, cell, y)
    return -math.log(p) if p > LEAST else student_far(location, scale, TAIL, cell, y)


@compiled
def cell_likelihoods(locations, scales, cell, y, out):
    """What each memory gave to y; where none gave what a float can hold, times one factor."""
    largest = 0.0
    for k in range(len(out)):
        out[k] = cell_likelihood(locations[k], scales[k], cell, y)
        largest = max(largest, out[k])
    if largest > FAR:
        return
    least = math.inf
    for k in range(len(out)):
        out[k] = cell_surprise(locations[k], scales[k], cell, y)
        least = min(least, out[k])
    for k in range(len(out)):
        out[k] = FAR * math.exp(least - out[k])


@compiled
def _hinge(f, at, locations, scales):
    """The median that errs least, and what the mixture holds below it.

    The weighted median of the memories jumps from one to the next; the median of their mixture
    glides, and wide memories draw it. Halfway between them errs least. One step of Newton's
    finds the second from the first.

        x <- x - (F(x) - 1/2) / p(x)
    """
    weights = f[at + POINTED : at + POINTED + K]
    middle = weighted_median(weights, locations)
    under, density, lowest, highest = 0.0, 0.0, middle, middle
    for k in range(K):
        z = (middle - locations[k]) / scales[k]
        under += weights[k] * t4_cdf(z)
        density += weights[k] * t4_pdf(z) / scales[k]
        lowest, highest = min(lowest, locations[k]), max(highest, locations[k])
    glided = max(lowest, min(highest, middle - (under - 0.5) / density))
    hinge = 0.5 * (middle + glided)
    before = 0.0
    for k in range(K):
        before += f[at + BELIEVED + k] * t4_cdf((hinge - locations[k]) / scales[k])
    return hinge, before


@compiled
def _horizon_learn(f, at, h, locations, y):
    """Weigh the memories of one horizon by what ``y`` answers, then move their scales."""
    f[at + ANSWERED] += 1.0
    n = f[at + ANSWERED]
    if f[LONG] > 0.0:
        room = np.empty((4, K))  # one piece of memory is had sooner than four
        scales, tails, likelihood, closeness = room[0], room[1], room[2], room[3]
        for k in range(K):
            tails[k] = TAIL
        scales_of(f, at + COUNTS, at + SCALES, h, scales)
        hinge, before = _hinge(f, at, locations, scales)
        cell = cell_of(f)
        _hinge_learn(f, at, locations, scales, tails, hinge, before, cell, y)
        cell_likelihoods(locations, scales, cell, y, likelihood)
        t = f[at + JUDGED]
        gated_learn(f[at + BELIEVED : at + POINTED], likelihood, t)
        # closeness_k = exp(-|y - m_k| / b),  b = the mean |y - median|
        b = f[at + MEDIAN_ERROR]
        if b > 0.0:
            for k in range(K):
                closeness[k] = math.exp(-min(FURTHEST, abs(y - locations[k]) / b))
            gated_learn(f[at + POINTED : at + HORIZON_FLOATS], closeness, t)
        size = abs(y - hinge)
        size = bounded(size, BOUND * b) if n > YOUNG and b > 0.0 else size
        f[at + MEDIAN_ERROR] += max(1.0 / n, ERROR_RATE) * (size - b)
        f[at + JUDGED] += 1.0
    rates = f[RATES:FASTEST_SCALE]
    # the errors of questions asked in turn share h - 1 steps: they tell as much as 1/h of them
    fastest = f[FASTEST_SCALE] / h
    scale_of_errors_move(f, at + COUNTS, at + SCALES, locations, rates, fastest, n, y)


@compiled
def _hinge_learn(f, at, locations, scales, tails, hinge, before, cell, y):
    """Trust the hinge as far as it saw the point coming better than the mixture alone.

    trust <- trust side / (trust side + 1 - trust),   side = p_hinged(y) / p(y)
    """
    if before < EVEN or before > 1.0 - EVEN:
        return
    weights = f[at + BELIEVED : at + BELIEVED + K]
    side = hinged_side(weights, locations, scales, tails, cell, hinge, before, 0.5, y)
    trust = f[at + TRUSTED]
    trust = trust * side / (trust * side + 1.0 - trust)
    f[at + TRUSTED] = max(1e-9, min(1.0 - 1e-9, trust))


def _unbound(*_: Any) -> None:
    raise TypeError("memories are bound to a model before they learn")


believe = move = _unbound  # what the kernels' free names stand for, before `bound`


def remembering_learn(f, i, y):
    """Screen the value, weigh the memories by it, move them, and believe anew."""
    horizons = i[SERIES_INTS:]
    time = i[TIME]
    model = f[_stood(horizons, 0) + horizons[len(horizons) - 1] * K :]
    # where the memories stand from this instant on; before it is over, where they stood
    now = f[_stood(horizons, time) : _stood(horizons, time) + K]
    if screen(f, i, y[0]) == LEARN:
        for h in range(len(horizons)):
            stood = _stood(horizons, time - horizons[h])
            if time >= horizons[h] and not math.isnan(f[stood]):
                at = HORIZONS + h * HORIZON_FLOATS
                _horizon_learn(f, at, horizons[h], f[stood : stood + K], y[0])
        believe(model, f, now)
        move(model, f, y[0], now, f[RATES:FASTEST_SCALE])
        series_learn(f, i, y[0])
    else:
        series_pass(f, i, f[LAST])
    if i[OBSERVED] > 0:
        believe(model, f, now)


@compiled
def remembering_ask(f, i, c, h, row):
    """Student's t around every memory, by the weight of each, hinged at the median."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    if f[LONG] <= 0.0:
        write_certain(row, f[LAST])
        return
    horizons = i[SERIES_INTS:]
    at = HORIZONS + h * HORIZON_FLOATS
    stood = _stood(horizons, i[TIME] - 1)
    weights, locations = f[at + BELIEVED : at + BELIEVED + K], f[stood : stood + K]
    parts = HINGED_MIXTURE + 1
    scales = row[parts + 2 * K : parts + 3 * K]
    scales_of(f, at + COUNTS, at + SCALES, horizons[h], scales)
    hinge, before = _hinge(f, at, locations, scales)
    below = before
    if EVEN <= before <= 1.0 - EVEN:
        below += f[at + TRUSTED] * (0.5 - before)
    row[FAMILY] = HINGED
    row[CELL] = cell_of(f)
    row[HINGE], row[HINGE + 1], row[HINGE + 2] = hinge, before, below
    row[HINGED_MIXTURE] = K
    rate = 0.0
    for k in range(K):
        row[parts + k] = weights[k]
        row[parts + K + k] = locations[k]
        row[parts + 3 * K + k] = TAIL
        # effective rate: the mean of the memories' rates, 1/n while they are young
        rate += weights[k] * max(f[RATES + k], 1.0 / i[OBSERVED])
    row[RATE] = rate
    tails = row[parts + 3 * K : parts + 4 * K]
    row[LOCATION] = hinged_mean(weights, locations, scales, tails, hinge, before, below)


class Memories(NumberLearner):
    """One model at six rates: what every kind of memories of a series shares.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.
    """

    model: ClassVar[Model]
    family = HINGED
    _ask = staticmethod(remembering_ask)

    def __init_subclass__(cls) -> None:
        kernels = {"believe": cls.model.believe, "move": cls.model.move}
        cls._learn = staticmethod(bound(remembering_learn, **kernels))

    def __init__(self, horizons: Sequence[int] = (1,)) -> None:
        horizons = checked_horizons(horizons)
        H, longest = len(horizons), horizons[-1]
        state = Layout()
        state.floats("memories", remembering_floats(self.model, H, longest))
        state.ints("counts", SERIES_INTS)
        state.ints("horizons", H)
        super().__init__(state, horizons)
        self.view("horizons")[:] = horizons
        series_begin(self.floats[:SERIES_FLOATS], self.view("counts"), 48)
        remembering_begin(self.floats, self.model, H, longest)

    def moved(self, before: "Memories") -> Floats:
        """The step of the weights of managers and gate, of the first horizon."""
        first = HORIZONS + BELIEVED + K + WEIGHED
        weighed = slice(first, first + 2)
        step: Floats = self.floats[weighed] - before.floats[weighed]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"horizons": self.horizons}


class Level(Memories):
    """A level by memories: what a series without trend or season is forecast with.

    Examples
    --------
    >>> level = Level()
    >>> for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0] * 7 + [104.0, 106.0, 105.0, 104.0]:
    ...     level.learn(y)
    >>> 100 < level.predict().median < 106  # four points after the shift
    True
    """

    model = LEVEL


class Scale(Memories):
    """The last value, with the scale around it by memories: calm and wild times of a random walk.

    Examples
    --------
    >>> scale = Scale()
    >>> for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0] * 7:
    ...     scale.learn(y)
    >>> scale.predict().median
    5.0
    """

    model = SCALE


class GradientRegression(Memories):
    """The next difference from the last eight, by bounded gradient steps at six rates.

    Examples
    --------
    >>> regression = GradientRegression()
    >>> for t in range(400):
    ...     regression.learn(math.sin(t))
    >>> abs(regression.predict().median - math.sin(400)) < 0.1
    True
    """

    model = GRADIENT


class LeastSquaresRegression(Memories):
    """The next difference from the last eight, by least squares that forget at six rates.

    Examples
    --------
    >>> regression = LeastSquaresRegression()
    >>> for t in range(400):
    ...     regression.learn(math.sin(t))
    >>> abs(regression.predict().median - math.sin(400)) < 0.01
    True
    """

    model = LEAST_SQUARES
