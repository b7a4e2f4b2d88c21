"""Regression on the last differences, anchored at the last value, in the series' own units.

    (y[t+h] - y[t]) / unit_t  ~  w_h' x_t

with x_t the last differences and the distances to slow levels, in the same unit. Anchored, it is
the last value until it knows better, and a shift of level costs it one point.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import compiled
from forecast.learner import (
    CELL,
    FAMILY,
    LOCATION,
    MIXTURE,
    NORMAL,
    RATE,
    SPREAD,
    Layout,
    NumberLearner,
    checked_horizons,
    write_certain,
    write_unknown,
)
from forecast.numbers.rls import PRIOR, dot, rls_gain, rls_move
from forecast.numbers.scale import (
    POSTERIOR_FLOATS,
    SMALLEST,
    WILDEST,
    posterior_begin,
    posterior_learn,
    posterior_write,
)
from forecast.numbers.series import (
    BEFORE,
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
from forecast.rate import bounded, one_over_n

SLOW = np.array([0.02, 0.1, 0.4])  # rates of the slow levels that the last value is held against
FEATURE_BOUND = 4.0  # units
PROFILE_BOUND = 16.0  # units: a season may swing widely, and is no outlier
WILD = 6.0  # units: a difference beyond is an outlier
HUBER = 3.0  # mean errors: a larger one is learned from as if it were this large
ERROR_RATE = 0.01  # of the mean |error| that bounds the step
ERROR_BOUND = 8.0

# integers of a regression
LAGS, FEATURES, HORIZONS, LONGEST, NEWEST = range(5)  # and where the newest lag stands
REGRESSION_INTS = 5


def regression_floats(features: int, lags: int, horizons: int, longest: int) -> int:
    """Floats of a regression: see ``_places``."""
    weights = horizons * features
    covariance = features**2 + features
    return len(SLOW) + 2 * lags + horizons + covariance + weights + longest * (2 * features + 2)


@compiled
def _places(i):
    """Where lags, mean errors, covariance with its last change, weights and questions begin."""
    D = i[FEATURES]
    lags = len(SLOW)
    errors = lags + 2 * i[LAGS]
    P = errors + i[HORIZONS]
    W = P + D * D + D
    asked = W + i[HORIZONS] * D
    return lags, errors, P, W, asked


@compiled
def regression_begin(f, i, lags, features, horizons, longest):
    """A regression that forecasts the last value, and doubts all its weights alike."""
    for k in range(len(f)):
        f[k] = 0.0
    i[LAGS], i[FEATURES], i[HORIZONS], i[LONGEST], i[NEWEST] = lags, features, horizons, longest, 0
    P = _places(i)[2]
    for d in range(features):
        f[P + d * features + d] = PRIOR


def regression_parts(f: Floats, i: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean errors, covariance [D, D] with its last change [D], and weights [horizons, D]."""
    _, errors, P, W, asked = _places(i)
    D = int(i[FEATURES])
    covariance = f[P : P + D * D].reshape(D, D)
    return f[errors:P], covariance, f[P + D * D : W], f[W:asked].reshape(-1, D)


@compiled
def regression_inherit(f, i, other, sizes, shared):
    """Begin with what another one knows of the features that both have, the first ``shared``."""
    _, _, P, W, _ = _places(i)
    _, _, their_P, their_W, _ = _places(sizes)
    D, their_D = i[FEATURES], sizes[FEATURES]
    i[NEWEST] = sizes[NEWEST]
    for k in range(P):  # slow levels, lags, mean errors
        f[k] = other[k]
    change = their_P + their_D * their_D
    for r in range(shared):
        for c in range(shared):
            known = other[their_P + r * their_D + c] - other[change + r] * other[change + c]
            f[P + r * D + c] = known
        for h in range(i[HORIZONS]):
            f[W + h * D + r] = other[their_W + h * their_D + r]


@compiled
def regression_error(f, i, horizon, h):
    """The mean |error| at the h-th horizon, in units; that of a random walk before there is one."""
    size = f[_places(i)[1] + h]
    return size if size > 0.0 else math.sqrt(horizon)


@compiled
def regression_growth(f, i, horizons, first, h):
    """How many times as far off the h-th horizon is as the first of those that share a band.

    No more, or less, than steps that all went one way would make it: further horizons take longer
    to forget, and what is left of that says nothing of growth.
    """
    most = horizons[h] / horizons[first]
    ratio = regression_error(f, i, horizons[h], h) / regression_error(f, i, horizons[first], first)
    return max(1.0 / most, min(most, ratio))


@compiled
def regression_learn(f, i, horizons, time, y):
    """Learn from ``y`` as the answer to the questions asked h instants before ``time``."""
    _, errors, _, W, asked = _places(i)
    D, H = i[FEATURES], i[HORIZONS]
    for h in range(H):
        if time < horizons[h]:
            continue
        at = asked + turn(time - horizons[h], i[LONGEST]) * (2 * D + 2)
        anchor, unit = f[at], f[at + 1]
        if unit <= 0.0:
            continue
        x = f[at + 2 : at + 2 + D]
        gain = f[at + 2 + D : at + 2 + 2 * D]
        target = (y - anchor) / unit
        size = f[errors + h]
        w = W + h * D
        # before an error was seen: that of steps that all went one way
        most = HUBER * (size if size > 0.0 else horizons[h])
        error = rls_move(f[w : w + D], x, gain, target, most)
        # the mean |error| that bounds the step: it too is moved by a bounded error
        seen = bounded(abs(error), ERROR_BOUND * max(size, 0.1))
        # answers that come h late overlap: they are forgotten as much more slowly
        rate = one_over_n(time - horizons[h] + 1.0, ERROR_RATE / horizons[h])
        f[errors + h] += rate * (seen - size) if size > 0.0 else seen


@compiled
def regression_note(f, i, time, y, difference):
    """Take the value of an instant into the lags and the slow levels."""
    lags = _places(i)[0]
    L = i[LAGS]
    # a ring that is written twice, L apart, so that the last L always lie side by side
    i[NEWEST] = i[NEWEST] + 1 if i[NEWEST] + 1 < L else 0
    f[lags + i[NEWEST]] = difference
    f[lags + i[NEWEST] + L] = difference
    for s in range(len(SLOW)):
        f[s] += one_over_n(time + 1.0, SLOW[s]) * (y - f[s])


@compiled
def regression_ask(f, i, time, y, unit, more):
    """Ask about every horizon at this instant; ``more`` holds further features, in units."""
    lags, _, P, _, asked = _places(i)
    D, L = i[FEATURES], i[LAGS]
    at = asked + turn(time, i[LONGEST]) * (2 * D + 2)
    f[at] = y
    f[at + 1] = unit
    if unit <= 0.0:
        return
    x = f[at + 2 : at + 2 + D]
    inverse = 1.0 / unit
    oldest = lags + i[NEWEST] + 1
    x[0] = 1.0
    furthest = WILD
    for lag in range(L):
        difference = f[oldest + lag] * inverse
        x[1 + lag] = bounded(difference, FEATURE_BOUND)
        furthest = max(furthest, abs(difference))
    d = 1 + L
    if d < D:
        for s in range(len(SLOW)):
            x[d + s] = bounded((y - f[s]) * inverse, FEATURE_BOUND)
        d += len(SLOW)
    for m in range(len(more)):
        x[d + m] = bounded(more[m], PROFILE_BOUND)
    gain = f[at + 2 + D : at + 2 + 2 * D]
    change = f[P + D * D : P + D * D + D]
    # what follows an outlier is no example of what follows: it weighs less, here as in the answer
    weight = WILD / furthest
    covariance = f[P : P + D * D].reshape(D, D)
    if weight == 1.0:
        rls_gain(covariance, change, x, gain)
        return
    weighed = np.empty(D)
    for d in range(D):
        weighed[d] = weight * x[d]
    rls_gain(covariance, change, weighed, gain)
    for d in range(D):
        gain[d] *= weight


@compiled
def regression_sees(f, i, time):
    """The features of the questions that were asked at an instant."""
    D = i[FEATURES]
    at = _places(i)[4] + turn(time, i[LONGEST]) * (2 * D + 2)
    return f[at + 2 : at + 2 + D]


@compiled
def regression_says(f, i, time, h):
    """What it says at an instant about the h-th horizon."""
    _, _, _, W, asked = _places(i)
    D = i[FEATURES]
    at = asked + turn(time, i[LONGEST]) * (2 * D + 2)
    w = W + h * D
    return f[at] + f[at + 1] * dot(f[at + 2 : at + 2 + D], f[w : w + D])


# A regression as a learner of its own. Its errors are Normal with one running variance, or a
# posterior over scales and tails; for each horizon those floats, then what was said [LONGEST].
VARIANCE_RATE = 0.02
NORMAL_FLOATS = 2  # errors seen, their mean square
POSTERIOR = SERIES_INTS + REGRESSION_INTS  # integer: 1 for the posterior, 0 for the Normal
AT_REGRESSION = POSTERIOR + 1
AT_ERRORS = POSTERIOR + 2
HORIZON = POSTERIOR + 3


@compiled
def _errors_at(f, i, h):
    """Where the errors of a horizon stand, and how many floats they take before what was said."""
    size = POSTERIOR_FLOATS if i[POSTERIOR] == 1 else NORMAL_FLOATS
    longest = i[SERIES_INTS + LONGEST]
    return i[AT_ERRORS] + h * (size + 2 * longest), size, longest


@compiled
def regression_learner_learn(f, i, y):
    """Screen the value, learn how far off each answer was, learn from it, ask anew."""
    regression = i[SERIES_INTS : SERIES_INTS + REGRESSION_INTS]
    horizons = i[HORIZON:]
    rows = f[SERIES_FLOATS : i[AT_ERRORS]]
    time = i[TIME]
    if screen(f, i, y[0]) == LEARN:
        for h in range(len(horizons)):
            at, size, longest = _errors_at(f, i, h)
            said = at + size + turn(time - horizons[h], longest) * 2
            if time < horizons[h] or f[said + 1] <= 0.0:
                continue
            error = (y[0] - f[said]) / f[said + 1]
            if i[POSTERIOR] == 1:
                posterior_learn(f[at : at + size], error, horizons[h])
            else:
                # v <- v + max(1/n, rate) (e^2 - v)
                error = bounded(error, WILDEST)
                f[at] += 1.0
                f[at + 1] += one_over_n(f[at], VARIANCE_RATE) * (error * error - f[at + 1])
        regression_learn(rows, regression, horizons, time, y[0])
        series_learn(f, i, y[0])
    else:
        series_pass(f, i, f[LAST])
    if i[OBSERVED] == 0:
        return
    unit = unit_of(f)
    regression_note(rows, regression, time, f[LAST], f[LAST] - f[BEFORE])
    regression_ask(rows, regression, time, f[LAST], unit, f[:0])
    for h in range(len(horizons)):
        at, size, longest = _errors_at(f, i, h)
        said = at + size + turn(time, longest) * 2
        f[said] = regression_says(rows, regression, time, h)
        f[said + 1] = unit


@compiled
def regression_learner_ask(f, i, c, h, row):
    """The location with a Normal of the running variance, or Student's t at every scale."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    at, size, longest = _errors_at(f, i, h)
    said = at + size + turn(i[TIME] - 1, longest) * 2
    location, unit = f[said], f[said + 1]
    if unit <= 0.0:
        write_certain(row, location)
        return
    row[CELL] = cell_of(f)
    unseen = math.sqrt(i[HORIZON + h])
    if i[POSTERIOR] == 1:
        posterior_write(f[at : at + size], location, unit, unseen, row)
        return
    row[FAMILY] = NORMAL
    row[LOCATION] = location
    row[RATE] = one_over_n(max(1.0, f[at]), VARIANCE_RATE)
    row[SPREAD] = unit * (max(SMALLEST, math.sqrt(f[at + 1])) if f[at] > 0.0 else unseen)


class Regression(NumberLearner):
    """Recursive least squares on the last differences, with bounded steps and drifting weights.

    Parameters
    ----------
    lags : int
        How many differences it sees.
    scale : "posterior" or "normal"
        Student's t by memories over scales and tails, or a Normal of one running variance.
    horizons : sequence of int
        How many observations ahead to forecast; rising.

    Examples
    --------
    >>> learner = Regression(lags=2)
    >>> for t in range(300):
    ...     learner.learn(math.sin(t / 3))
    >>> abs(learner.predict().median - math.sin(100)) < 0.05
    True
    """

    _learn = staticmethod(regression_learner_learn)
    _ask = staticmethod(regression_learner_ask)

    def __init__(
        self,
        lags: int = 24,
        scale: Literal["posterior", "normal"] = "posterior",
        horizons: Sequence[int] = (1,),
    ) -> None:
        if lags < 1:
            raise ValueError(f"lags must be 1 or more; got {lags!r}")
        if scale not in ("posterior", "normal"):
            raise ValueError(f'scale must be "posterior" or "normal"; got {scale!r}')
        self.lags = lags
        self.scale = scale
        self.family = MIXTURE if scale == "posterior" else NORMAL
        horizons = checked_horizons(horizons)
        H, longest, features = len(horizons), horizons[-1], 1 + lags
        errors = POSTERIOR_FLOATS if scale == "posterior" else NORMAL_FLOATS
        state = Layout()
        state.floats("series", SERIES_FLOATS)
        size = regression_floats(features, lags, H, longest)
        state.floats("regression", size)
        at_errors = state.floats("errors", H, errors + 2 * longest)
        weights = len(SLOW) + 2 * lags + H + features**2 + features
        state.places["weights"] = ("floats", SERIES_FLOATS + weights, (H, features))
        state.ints("counts", SERIES_INTS)
        state.ints("sizes", REGRESSION_INTS)
        state.ints("places", 3)
        state.ints("horizons", H)
        super().__init__(state, horizons)
        self.view("places")[:] = [scale == "posterior", SERIES_FLOATS, at_errors]
        self.view("horizons")[:] = horizons
        series_begin(self.view("series"), self.view("counts"), 48)
        regression_begin(self.view("regression"), self.view("sizes"), lags, features, H, longest)
        for part in self.view("errors"):
            if scale == "posterior":
                posterior_begin(part[:errors])

    def moved(self, before: "Regression") -> Floats:
        """The step of the weights of the first horizon."""
        step: Floats = self.view("weights")[0] - before.view("weights")[0]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"lags": self.lags, "scale": self.scale, "horizons": self.horizons}
