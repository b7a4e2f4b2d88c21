"""A forecaster in two kilobytes: the last value, a small regression, a short memory of cases.

The last value is the plain expert. The regression sees two differences and the distances to three
slow levels; around both lie its errors, with one scale and one shape. The memory holds the newest
values: what came after those few instants that were most like now lands on values that come back,
and needs no model. Each expert says 21 quantiles; one second-order Bernstein aggregation, on their
pinball loss at five levels, mixes them.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.blend import boa_floats, boa_learn
from forecast.compiled import compiled
from forecast.distribution.t4 import LEVEL, SCORES, N, _t4_quantile
from forecast.learner import (
    BOUNDS,
    CELL,
    FAMILY,
    LOCATION,
    QUANTILES,
    RATE,
    SPREAD,
    VALUES,
    Layout,
    NumberLearner,
    checked_horizons,
    write_boundless,
    write_certain,
    write_unknown,
)
from forecast.numbers.grain import SMOOTH, SNAPPED, grain_write, rise
from forecast.numbers.regression import (
    REGRESSION_INTS,
    SLOW,
    regression_ask,
    regression_begin,
    regression_error,
    regression_floats,
    regression_learn,
    regression_note,
    regression_says,
)
from forecast.numbers.scale import scale_learn
from forecast.numbers.series import (
    BEFORE,
    COUNTS,
    DOUBT,
    FLOOR,
    GAP,
    LAST,
    LEARN,
    LONG,
    MEASURES,
    OBSERVED,
    TIME,
    cell_of,
    measure,
    move_on,
    screen,
    turn,
    unit_of,
)
from forecast.numbers.shape import shape_learn
from forecast.rate import one_over_n

LAGS = 2
FEATURES = 1 + LAGS + len(SLOW)
CASES = 10  # instants that are asked what came after them
CONTEXT = 3  # values by which two instants are compared
MEMORY = CONTEXT - 1 + 8 * CASES + 1  # values
FADE = 0.7  # of the distance between two instants, one point further back
FAST = 0.1  # rate of the fast one of two scales; the regression keeps the slow one
FORGET = 0.002  # of the experts' regret, at each point
ON = 1e-9  # scales: so near a quantile an answer lies on it, and experts agree
HIT_RATE = 0.02  # of the share of answers that were one of the cases
OFTEN = 0.3  # where it is larger, values are atoms
SLOWEST = 1e-5  # effective rate

# The experts; the last value comes first, as the plain one does.
LAST_VALUE, REGRESSED, REMEMBERED = range(3)
EXPERTS = 3
MIDDLE = N // 2
TAUGHT = np.array([1, 5, MIDDLE, 15, N - 2])  # levels on whose pinball loss the weights are learned

# Quantiles of the cases, linear between their midpoints (Hazen, 1914): after which case a level
# lies, and how far towards the next; and Student's t at the midpoints.
RANK = np.clip(LEVEL * CASES - 0.5, 0.0, CASES - 1.0)
CASE = np.minimum(RANK.astype(np.int64), CASES - 2)
PART = RANK - CASE
MIDPOINTS = np.array([_t4_quantile((k + 0.5) / CASES) for k in range(CASES)])

# floats: measures of the series, the memory
AT_MEMORY = MEASURES
AT_BANDS = AT_MEMORY + MEMORY
# then for each horizon errors seen, their fast scale and shape, the experts' weights, and the
# median that the newest value was the answer to, the share of answers that were one of the cases
SEEN, SCALE, SHAPE = range(3)
MIX = SHAPE + N
MEDIAN = MIX + boa_floats(EXPERTS, 1)
HITS = MEDIAN + 1
BAND_FLOATS = HITS + 1
# then for each of the last LONGEST instants and each horizon what was asked: unit, last value,
# what the regression said, scale, and what came after the cases most like it; then the regression
UNIT, ANCHOR, LOCATED, WIDE, SAMPLE = range(5)
ASKED_FLOATS = SAMPLE + CASES
# integers: counts of the series, those of the regression, how many values are held, horizons
HELD = COUNTS + REGRESSION_INTS
HORIZONS = HELD + 1


@compiled
def _band(f, h):
    """The floats of a horizon."""
    at = AT_BANDS + h * BAND_FLOATS
    return f[at : at + BAND_FLOATS]


@compiled
def _asked_at(i):
    """Where what was asked begins, and where the regression does; how many horizons there are."""
    H, longest = len(i) - HORIZONS, i[len(i) - 1]
    first = AT_BANDS + H * BAND_FLOATS
    return first, first + longest * H * ASKED_FLOATS, H


@compiled
def _asked(f, i, h, time):
    """What was asked at an instant about a horizon."""
    first, _, H = _asked_at(i)
    at = first + (turn(time, i[len(i) - 1]) * H + h) * ASKED_FLOATS
    return f[at : at + ASKED_FLOATS]


@compiled
def _regression(f, i):
    """The floats and the integers of the regression."""
    return f[_asked_at(i)[1] :], i[COUNTS:HELD]


@compiled
def _remember(memory, y):
    """Take a value into the memory: the newest stands last, the oldest is forgotten."""
    for u in range(MEMORY - 1):
        memory[u] = memory[u + 1]
    memory[MEMORY - 1] = y


@compiled
def _recall(memory, held, horizon, location, wide, sample):
    """Keep what came ``horizon`` points after the instants most like now, rising, [CASES].

    d(u) = |y[u] - y[t]| + FADE |y[u-1] - y[t-1]| + FADE^2 |y[u-2] - y[t-2]|

    Every CASES-th instant is of one class, and the nearest of each class is kept; of those that
    are as near, the latest. With too few instants the cases are Student's t around the location.
    """
    last = MEMORY - horizon
    usable = (last - (MEMORY - held + CONTEXT - 1)) // CASES * CASES
    if usable < CASES:
        for k in range(CASES):
            sample[k] = location + wide * MIDPOINTS[k]
        return
    now, one, two = memory[MEMORY - 1], memory[MEMORY - 2], memory[MEMORY - 3]
    first = last - usable
    y, before, earlier = memory[first:], memory[first - 1 :], memory[first - 2 :]
    for k in range(CASES):
        nearest, where = math.inf, k
        for u in range(k, usable, CASES):
            past = abs(before[u] - one) + FADE * abs(earlier[u] - two)
            distance = abs(y[u] - now) + FADE * past
            # no branch depends on the distance
            where = u if distance <= nearest else where
            nearest = min(nearest, distance)
        sample[k] = y[where + horizon]
    _exchange(sample)


@compiled
def _holds(sample, y):
    """1 where one of the cases is ``y``, else 0."""
    equal = 0
    for k in range(CASES):
        equal += sample[k] == y
    return 1.0 if equal > 0 else 0.0


@compiled
def _exchange(sample):
    """Put the cases into rising order, by exchanging neighbours: no branch depends on them."""
    for _ in range(CASES // 2):
        for first in range(2):
            for k in range(first, CASES - 1, 2):
                one, other = sample[k], sample[k + 1]
                sample[k] = min(one, other)
                sample[k + 1] = max(one, other)


@compiled
def _say(asked, shape, p):
    """What each expert says of a level."""
    away = asked[WIDE] * shape[p]
    below = asked[SAMPLE + CASE[p]]
    remembered = below + PART[p] * (asked[SAMPLE + CASE[p] + 1] - below)
    return asked[ANCHOR] + away, asked[LOCATED] + away, remembered


@compiled
def _blend(mix, said):
    """x = sum_k w_k x_k."""
    blend = 0.0
    for k in range(EXPERTS):
        blend += mix[k] * said[k]
    return blend


@compiled
def _mean(asked, mix):
    """The experts' means, mixed: those of the cases, and where the other two are centred."""
    total = 0.0
    for k in range(CASES):
        total += asked[SAMPLE + k] - asked[ANCHOR]
    said = asked[ANCHOR], asked[LOCATED], asked[ANCHOR] + total / CASES
    return _blend(mix, said)


@compiled
def _measure_regrets(mix, unit):
    """Put regrets that others taught, in units, into those of this series: see ``taught``."""
    for k in range(EXPERTS):
        mix[EXPERTS + k] *= unit
        mix[2 * EXPERTS + k] = mix[2 * EXPERTS + k] * unit * unit


@compiled
def _answer(f, i, h, y):
    """Move the weights, the shape and the scale of a horizon by the answer to what was asked.

    Expert k lost sum_p g_p (x_pk - x_p) more than the blend x, where the losses are linear.
    """
    horizon = i[HORIZONS + h]
    time = i[TIME] - horizon
    asked, band = _asked(f, i, h, time), _band(f, h)
    if time < 0 or asked[UNIT] <= 0.0:
        return
    mix, near = band[MIX:MEDIAN], ON * asked[WIDE]
    if band[SEEN] == 0.0:
        _measure_regrets(mix, asked[UNIT])
    overlap = 1.0 * horizon
    losses = np.zeros(EXPERTS)
    for p in TAUGHT:
        said = _say(asked, band[SHAPE:MIX], p)
        blend = _blend(mix, said)
        # d/dx of the pinball loss (y - x)(p - 1[y < x]); 0 where y lies on the quantile
        gradient = (1.0 if y < blend else 0.0) - LEVEL[p]
        if abs(y - blend) <= near:
            gradient = 0.0
        for k in range(EXPERTS):
            # an expert that agrees but for rounding agrees
            away = said[k] - blend
            losses[k] += gradient * away if abs(away) > near else 0.0
        if p == MIDDLE:
            band[MEDIAN] = blend
    prior = np.ones(EXPERTS)
    prior[LAST_VALUE] = math.sqrt(horizon)
    # one aggregation, of losses that are linear: their gradient is 1
    one, losses = mix.reshape((4, EXPERTS, 1)), losses.reshape((EXPERTS, 1))
    boa_learn(one, losses, np.zeros(1), np.ones(1), prior, 0.0, FORGET / overlap, overlap)
    hit = _holds(asked[SAMPLE:], y)
    band[HITS] += one_over_n(band[SEEN] + 1.0, HIT_RATE) * (hit - band[HITS])
    error = y - asked[LOCATED]
    band[SEEN] += 1.0
    shape_learn(band[SHAPE:MIX], error / asked[WIDE], band[SEEN], overlap)
    band[SCALE] = scale_learn(band[SCALE], error / asked[UNIT], FAST / overlap, band[SEEN])


@compiled
def _ask(f, i, h):
    """Ask every expert about a horizon, and keep what it says until the answer comes."""
    time, horizon = i[TIME] - 1, i[HORIZONS + h]
    asked, band = _asked(f, i, h, time), _band(f, h)
    regression, sizes = _regression(f, i)
    memory = f[AT_MEMORY:AT_BANDS]
    asked[UNIT] = unit_of(f)
    if asked[UNIT] <= 0.0:
        return
    asked[ANCHOR] = f[LAST]
    asked[LOCATED] = _within(memory, i[HELD], regression_says(regression, sizes, time, h))
    slow = regression_error(regression, sizes, horizon, h)
    fast = band[SCALE] if band[SEEN] > 0.0 else slow
    asked[WIDE] = asked[UNIT] * 0.5 * (fast + slow)
    location, wide = asked[LOCATED], asked[WIDE]
    _recall(memory, i[HELD], horizon, location, wide, asked[SAMPLE:])


@compiled
def _within(memory, held, location):
    """A location that does not leave the range of the memory."""
    low, high = memory[MEMORY - 1], memory[MEMORY - 1]
    for u in range(MEMORY - held, MEMORY):
        low = min(low, memory[u])
        high = max(high, memory[u])
    return max(low, min(high, location))


@compiled
def light_learn(f, i, y):
    """Be told: answer the open questions, move what is believed, and ask anew."""
    regression, sizes = _regression(f, i)
    memory = f[AT_MEMORY:AT_BANDS]
    horizons = i[HORIZONS:]
    time = i[TIME]
    value = f[LAST]
    if screen(f, i, y[0]) == LEARN:
        value = y[0]
        for h in range(len(horizons)):
            _answer(f, i, h, value)
        regression_learn(regression, sizes, horizons, time, value)
        measure(f, i, value)
    if i[OBSERVED] == 0:
        return  # the clock begins with the first value
    move_on(f, i, value)
    _remember(memory, value)
    i[HELD] = min(i[HELD] + 1, MEMORY)
    regression_note(regression, sizes, time, value, value - f[BEFORE])
    regression_ask(regression, sizes, time, value, unit_of(f), f[:0])
    for h in range(len(horizons)):
        _ask(f, i, h)


@compiled
def light_ask(f, i, c, h, row):
    """Write the forecast for one horizon: the experts' quantiles, mixed and sorted."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    if f[LONG] <= 0.0:
        write_certain(row, f[LAST])
        return
    asked, band = _asked(f, i, h, i[TIME] - 1), _band(f, h)
    values = row[VALUES:BOUNDS]
    for p in range(N):
        values[p] = _blend(band[MIX:MEDIAN], _say(asked, band[SHAPE:MIX], p))
    rise(values)
    grain = SNAPPED if band[HITS] > OFTEN else SMOOTH
    left, right = grain_write(grain, values, asked[SAMPLE:], FLOOR * f[LONG], values)
    row[FAMILY] = QUANTILES
    row[LOCATION] = _mean(asked, band[MIX:MEDIAN])
    row[CELL] = cell_of(f)
    row[RATE] = _rate(f, band, values[MIDDLE])
    row[SPREAD] = left
    row[SPREAD + 1] = right
    write_boundless(row)


@compiled
def _rate(f, band, median):
    """The share of the newest error by which the median moved, in (0, 1]."""
    error = abs(f[LAST] - band[MEDIAN])
    moved = abs(median - band[MEDIAN])
    if band[SEEN] == 0.0 or moved >= error:
        return 1.0
    return max(SLOWEST, moved / error)


class LightForecaster(NumberLearner):
    """Forecasts one number, in two kilobytes and a microsecond or two a point.

    It wants nothing set. ``NumberForecaster`` says more where the series has a season, where it
    repeats what it did long ago, or where several series move together.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.

    Raises
    ------
    ValueError
        If a horizon is out of range.

    Examples
    --------
    >>> from forecast import LightForecaster
    >>> learner = LightForecaster()
    >>> for t in range(300):
    ...     learner.learn([10.0, 20.0, 40.0][t % 3])
    >>> low, high = learner.predict().interval(0.9)
    >>> round(low, 3), round(high, 3)
    (10.0, 10.0)
    >>> learner.floats.nbytes + learner.ints.nbytes <= 2048
    True
    """

    family = QUANTILES
    _learn = staticmethod(light_learn)
    _ask = staticmethod(light_ask)

    def __init__(self, horizons: Sequence[int] = (1,)) -> None:
        horizons = checked_horizons(horizons)
        H, longest = len(horizons), horizons[-1]
        state = Layout()
        state.floats("measures", MEASURES)
        state.floats("memory", MEMORY)
        state.floats("bands", H, BAND_FLOATS)
        state.floats("asked", longest, H, ASKED_FLOATS)
        state.floats("regression", regression_floats(FEATURES, LAGS, H, longest))
        state.ints("counts", COUNTS)
        state.ints("sizes", REGRESSION_INTS)
        state.ints("held", 1)
        state.ints("horizons", H)
        super().__init__(state, horizons)
        self.view("horizons")[:] = horizons
        self.view("measures")[[GAP, DOUBT]] = math.nan
        sizes = self.view("sizes")
        regression_begin(self.view("regression"), sizes, LAGS, FEATURES, H, longest)
        for band in self.view("bands"):
            band[SHAPE:MIX] = SCORES
            band[MIX : MIX + EXPERTS] = 1.0 / EXPERTS

    def moved(self, before: "LightForecaster") -> np.ndarray:
        """The regret that each expert is given, at the first horizon.

        It is read back from R <- (1 - forget) R + r - eta r^2, over the largest before.
        """
        _, R, V, E = np.split(self.view("bands")[0, MIX:MEDIAN], 4)
        _, R_before, V_before, E_before = np.split(before.view("bands")[0, MIX:MEDIAN], 4)
        eta = np.minimum(0.5 / E, np.sqrt(math.log(EXPERTS) / V))
        square = np.maximum(V - (1.0 - FORGET) * V_before, 0.0)
        regret: np.ndarray = (R - (1.0 - FORGET) * R_before + eta * square) / E_before
        return regret

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"horizons": self.horizons}
