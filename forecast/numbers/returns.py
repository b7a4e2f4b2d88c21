"""Discounted sums of what is to come, learned from the error of each step.

    G_t = sum_k discount^k y_(t+1+k),   k = 0, 1, ...

A general value function (Sutton et al., 2011). Nothing waits for its answer: a forecast V_t, the
next value and the next forecast have a *temporal-difference error* of their own,

    e_t = y_t + discount V_t - V_(t-1),   and  G_t - V_t = sum_k discount^k e_(t+1+k)  exactly.

So everything that is to be known of the errors of returns is known from single steps, in memory
that does not grow with the reach of the sum: least squares on returns learns from ``e``, and how
far off a return will be is told by the errors of the past, discounted *backwards*:

    trace_t = e_t + discount trace_(t-1)

has the mean square of G - V, since what e has in common with itself k steps later it has in common
k steps earlier.

Six running means, the last value among them, and a regression forecast the mean of the future, each
point weighing as in G; they are mixed by the sizes of their traces. All of it is in that unit:
``A = (1 - discount) V``.
"""

import math
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.blend import share_move, weighted_median
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
    write_certain,
    write_unknown,
)
from forecast.numbers.local import LEVEL
from forecast.numbers.rls import PRIOR, dot, rls_gain
from forecast.numbers.scale import MEANS as SIZES
from forecast.numbers.scale import (
    OVER_MEAN_ABS,
    PARTS,
    PARTS_BLEND,
    POSTERIOR_FLOATS,
    TAIL_RATES,
    TAILS,
    posterior_begin,
    posterior_learn,
    scale_learn,
)
from forecast.numbers.series import (
    LAST,
    LEARN,
    LONG,
    OBSERVED,
    SERIES_FLOATS,
    SERIES_INTS,
    cell_of,
    recent_range,
    screen,
    series_begin,
    series_learn,
    series_pass,
    unit_of,
)
from forecast.rate import bounded, one_over_n

LARGEST = 0.9999  # a discount
BEYOND = 0.01  # of the weight of a return: what comes after the window is taken to be like it
MEANS = 6
RATES = 4.0 ** -np.arange(float(MEANS))
LAGS = 24
FEATURES = LAGS + MEANS  # 1, the last differences, the distances to all means but the last value
EXPERTS = MEANS + 1
LAG_BOUND, MEAN_BOUND = 4.0, 16.0  # units
HUBER = 6.0  # mean errors of a step: a larger one is learned from as if it were this large
STEP_RATE = 0.01  # of that mean
LEAST_ROOM = 0.5
MARGIN = 0.1  # of the recent range, beyond which no mean of the future is forecast
SIZE_RATE = 0.02  # of the mean |trace| of the mixture, for each independent one
FURTHEST = 10.0  # mean sizes: a larger trace is no worse
WIDEST = 3.0  # mean sizes: no expert is heard further off the middle one
HEARD = 0.3  # of an independent trace, when it weighs the experts
SHARE = 0.003  # of weight that is dealt out anew at each step
WILDEST = 1e100

# floats after those of the series
DISCOUNT = SERIES_FLOATS
LEVELS = DISCOUNT + 1  # the means, as `local.LEVEL` keeps them
LAST_LAGS = LEVELS + 2 * MEANS  # the newest first
STEPS = LAST_LAGS + LAGS  # steps that the regression has learned from
STEP_SIZE = STEPS + 1  # mean |error| of a step, in units
WORTH = STEP_SIZE + 1  # what the regression added to the last value, in units
WEIGHTS = WORTH + 1
COVARIANCE = WEIGHTS + FEATURES  # and its last change
CREDIT = COVARIANCE + FEATURES**2 + FEATURES
SAID = CREDIT + FEATURES  # what each expert said; then the mixture
TRACES = SAID + EXPERTS + 1  # their traces, and that of the mixture
HEEDED = TRACES + EXPERTS + 1  # weights of the experts
JUDGED = HEEDED + EXPERTS  # steps after which the mixture was measured
SIZE = JUDGED + 1  # mean |trace| of the mixture
SPREADS = SIZE + 1  # of its traces
RETURN_FLOATS = SPREADS + POSTERIOR_FLOATS

level_move = LEVEL.move


@compiled
def _features(f, unit, x):
    """What the regression sees: bounded, in units."""
    last = f[LAST]
    x[0] = 1.0
    for lag in range(LAGS):
        x[1 + lag] = bounded(f[LAST_LAGS + lag] / unit, LAG_BOUND)
    for k in range(1, MEANS):
        x[LAGS + k] = bounded((last - f[LEVELS + MEANS + k]) / unit, MEAN_BOUND)


@compiled
def return_regression_learn(weights, credit, x, step, discount, grown, size):
    """Least-squares temporal differences (Bradtke and Barto, 1996), of full returns.

        e = step + discount w'x - what was said
        w <- w + credit psi(e) / (1 - discount x'credit)

    ``step`` is the reward without what was said, ``x`` the features now, in a unit that has
    ``grown`` since. ``credit`` is how each weight would have to be moved for an error of 1 at this
    step: the gains of all questions that it answers in part, fading as its share in them fades.
    The divisor accounts for what the forecast of now, which is a part of all those answers, is
    moved by it. Where it leaves next to nothing, as in the first steps, it is left out.

    Returns
    -------
    float
        e
    """
    error = step + discount * grown * dot(weights, x)
    room = 1.0 - discount * grown * dot(credit, x)
    taken = bounded(error, size) / (room if room > LEAST_ROOM else 1.0)
    for d in range(len(x)):
        weights[d] += credit[d] * taken
    return error


@compiled
def return_regression_ask(covariance, change, credit, x, discount):
    """Open the question of now: its gain joins the credit of all that are open.

    credit <- discount (credit - gain x'credit) + gain
    """
    gain = np.empty(len(x))
    rls_gain(covariance, change, x, gain)
    known = dot(credit, x)
    for d in range(len(x)):
        credit[d] = discount * (credit[d] - gain[d] * known) + gain[d]


@compiled
def _regress(f, before, difference):
    """Learn the difference from the last value, and say what the discounted mean will be.

    Anchored on the last value, the return of y is that of its differences:
    (1 - discount) G_t - y_t = sum_k discount^k (y_(t+1+k) - y_(t+k)).
    """
    unit = unit_of(f)
    if unit <= 0.0:
        return f[LAST]
    discount = f[DISCOUNT]
    weights, credit = f[WEIGHTS:COVARIANCE], f[CREDIT:SAID]
    x = np.empty(FEATURES)
    _features(f, unit, x)
    if before > 0.0:
        step = difference / before - f[WORTH]
        n = f[STEPS] + 1.0
        f[STEPS] = n
        most = HUBER * f[STEP_SIZE] if n > 10.0 else math.inf
        error = return_regression_learn(weights, credit, x, step, discount, unit / before, most)
        f[STEP_SIZE] = scale_learn(f[STEP_SIZE], error, STEP_RATE, n)
    change = f[COVARIANCE + FEATURES**2 : CREDIT]
    covariance = f[COVARIANCE : COVARIANCE + FEATURES**2].reshape(FEATURES, FEATURES)
    return_regression_ask(covariance, change, credit, x, discount)
    f[WORTH] = dot(weights, x)
    low, high = recent_range(f, MARGIN)
    return max(low, min(high, f[LAST] + unit * f[WORTH]))


@compiled
def trace_move(trace, y, said, before, discount):
    """The error of the newest step, and those before it, discounted backwards.

    trace <- (1 - discount) y + discount A_t - A_(t-1) + discount trace
    """
    return (1.0 - discount) * (y - before) + discount * (said - before + trace)


@compiled
def _judge(f, y, says):
    """Weigh the experts by the sizes of their traces.

        closeness_k = exp(-heard (1 - discount) |trace_k| / size)

    Traces one step apart share nearly all of their errors: 1 / (1 - discount) of them tell as much
    as one. After a change that nobody saw coming all are large, and measured by the least of them.
    """
    discount = f[DISCOUNT]
    least = math.inf
    for k in range(EXPERTS):
        f[TRACES + k] = trace_move(f[TRACES + k], y, says[k], f[SAID + k], discount)
        least = min(least, abs(f[TRACES + k]))
    size = max(f[SIZE], least)
    if size <= 0.0:
        return
    closeness, q = np.empty(EXPERTS), 0.0
    for k in range(EXPERTS):
        away = min(FURTHEST, abs(f[TRACES + k]) / size)
        closeness[k] = math.exp(-HEARD * (1.0 - discount) * away)
        q += f[HEEDED + k] * closeness[k]
    share_move(f[HEEDED:JUDGED], closeness, q, SHARE)


@compiled
def _mixed(f, says):
    """The mean of the experts by weight; one far off the middle one counts as if it were nearer."""
    weights = f[HEEDED:JUDGED]
    middle = weighted_median(weights, says)
    mixed = middle
    for k in range(EXPERTS):
        away = says[k] - middle
        mixed += weights[k] * (bounded(away, WIDEST * f[SIZE]) if f[SIZE] > 0.0 else away)
    return mixed


@compiled
def _measure(f, y, mixed, before):
    """Take in how far off the mixture was; ``before`` this step the mean |difference| was another.

    Spreads are kept in that unit, and stay what they are when it changes.
    """
    discount, at = f[DISCOUNT], TRACES + EXPERTS
    f[at] = trace_move(f[at], y, mixed, f[SAID + EXPERTS], discount)
    unit = f[LONG]
    if unit <= 0.0:
        return
    f[JUDGED] += 1.0
    error = bounded(f[at] / unit, WILDEST)
    overlap = 1.0 / (1.0 - discount)
    spreads = f[SPREADS:RETURN_FLOATS]
    if before > 0.0:
        for j in range(len(TAIL_RATES)):
            spreads[SIZES + j] *= before / unit
    posterior_learn(spreads, error, overlap)
    f[SIZE] = unit * scale_learn(f[SIZE] / unit, error, SIZE_RATE / overlap, f[JUDGED])


@compiled
def return_learn(f, i, y):
    """Screen the value, move means and regression, mix what they say now.

    A missing value is passed over: the next one counts as the next step.
    """
    if screen(f, i, y[0]) != LEARN:
        series_pass(f, i, f[LAST])
        return
    first = i[OBSERVED] == 0
    before, long_before = unit_of(f), f[LONG]
    difference = 0.0 if first else y[0] - f[LAST]
    for lag in range(LAGS - 1, 0, -1):
        f[LAST_LAGS + lag] = f[LAST_LAGS + lag - 1]
    f[LAST_LAGS] = difference
    says = np.empty(EXPERTS)
    level_move(f[LEVELS:LAST_LAGS], f, y[0], says, RATES)
    series_learn(f, i, y[0])
    for k in range(MEANS):
        says[k] = f[LEVELS + MEANS + k]
    says[MEANS] = _regress(f, before, difference)
    if not first:
        _judge(f, y[0], says)
    mixed = _mixed(f, says)
    if not first:
        _measure(f, y[0], mixed, long_before)
    for k in range(EXPERTS):
        f[SAID + k] = says[k]
    f[SAID + EXPERTS] = mixed


@compiled
def return_ask(f, i, c, h, row):
    """Student's t at every scale of traces, around the mixture."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    discount = f[DISCOUNT]
    whole = 1.0 / (1.0 - discount)
    location = whole * f[SAID + EXPERTS]
    if f[LONG] <= 0.0:
        write_certain(row, location)
        return
    row[FAMILY], row[LOCATION] = MIXTURE, location
    # the next value counts in full: where it moves by the smallest gap, the return does
    row[CELL] = cell_of(f)
    row[SPREAD] = PARTS
    part = SPREAD + 1
    row[RATE] = 0.0
    n = f[SPREADS]
    for j in range(len(TAIL_RATES)):
        # before any error, that of a random walk
        walks = f[LONG] / math.sqrt(1.0 - discount * discount)
        # what comes after the window is not known: as it may differ from the rest, so may G
        size = f[LONG] * max(BEYOND, f[SPREADS + SIZES + j]) if n > 0.0 else walks
        rate = one_over_n(max(1.0, n), TAIL_RATES[j] * (1.0 - discount))
        for tail in range(len(TAILS)):
            weight = f[SPREADS + PARTS_BLEND + j * len(TAILS) + tail]
            row[part] = weight
            row[part + PARTS] = location
            row[part + 2 * PARTS] = whole * size * OVER_MEAN_ABS[tail]
            row[part + 3 * PARTS] = TAILS[tail]
            row[RATE] += weight * rate
            part += 1


def window_of(discount: float) -> Floats:
    """The weights of a return as it is scored, by the values it reaches, the earliest first.

    They are those of the first 99 % of its weight, and sum to 1 / (1 - discount) as all would.

    Examples
    --------
    >>> len(window_of(0.9)), round(float(window_of(0.9).sum()), 12)
    (44, 10.0)
    """
    terms = max(1, math.ceil(math.log(BEYOND) / math.log(discount)))
    weights: Floats = discount ** np.arange(float(terms))
    weights /= weights.sum() * (1.0 - discount)
    return weights


class ReturnForecaster(NumberLearner):
    """Forecasts the discounted sum of all that is to come, and learns from each step's error.

    Asked after y_t, it forecasts  G_t = sum_k discount^k y_(t+1+k).  Its one horizon is the number
    of values after which 99 % of the weight of a return has come. The loop scores it then; what
    comes still later is taken to be like what came, so that a stream that is always 1 has the
    return 1 / (1 - discount).

    The learner itself waits for nothing, and its memory is the same for any discount.

    Parameters
    ----------
    discount : float
        In (0, 0.9999]: the weight of a value beside that of the one before it, so that a return
        reaches about 1 / (1 - discount) steps.

    Raises
    ------
    ValueError
        If the discount does not lie there.

    References
    ----------
    Sutton, Modayil, Delp, Degris, Pilarski, White and Precup (2011), Horde. Bradtke and Barto
    (1996), Linear least-squares algorithms for temporal difference learning.

    Examples
    --------
    >>> learner = ReturnForecaster(discount=0.5)
    >>> for t in range(600):  # 0, 1, 2, 0, 1, 2, ...
    ...     learner.learn(t % 3)
    >>> exact = 1 / (1 - 1 / 8)  # 0 + 1/2 + 2/4, and an eighth of it three steps later, ...
    >>> abs(learner.predict().mean - exact) < 0.02
    True
    """

    family = MIXTURE
    _learn = staticmethod(return_learn)
    _ask = staticmethod(return_ask)

    def __init__(self, discount: float = 0.9) -> None:
        if not 0.0 < discount <= LARGEST:
            raise ValueError(f"discount must lie between 0 and {LARGEST}; got {discount!r}")
        self.discount = discount
        self.window = window_of(discount)
        state = Layout()
        state.floats("series", SERIES_FLOATS)
        state.floats("return", RETURN_FLOATS - SERIES_FLOATS)
        state.places["weights"] = ("floats", WEIGHTS, (FEATURES,))
        state.places["heeded"] = ("floats", HEEDED, (EXPERTS,))
        state.places["trace"] = ("floats", TRACES + EXPERTS, ())
        state.ints("counts", SERIES_INTS)
        super().__init__(state, (len(self.window),))
        series_begin(self.view("series"), self.view("counts"), 48)
        self.floats[DISCOUNT] = discount
        covariance = self.floats[COVARIANCE : COVARIANCE + FEATURES**2]
        covariance[:: FEATURES + 1] = PRIOR
        self.view("heeded")[:] = 1.0 / EXPERTS
        posterior_begin(self.floats[SPREADS:RETURN_FLOATS])

    def moved(self, before: "ReturnForecaster") -> Floats:
        """The step of the weights of the regression."""
        step: Floats = self.view("weights") - before.view("weights")
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"discount": self.discount}
