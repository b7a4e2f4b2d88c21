"""What a person without a model would say, as a learner: the last value, or the same season's last.

    y[t+h] ~ y[t + h - m S] + m d,   m = ceil(h / S),  S = 1 without a season

``d`` is the mean change over a season, where a drift is asked for. Around it lie the errors that it
has made so far at that horizon: Student's t at several scales and tails, weighted by how well each
saw the last error coming. Of a value that is missing, what was forecast of it takes the place.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.blend import MANAGERS
from forecast.compiled import compiled
from forecast.learner import (
    CELL,
    MIXTURE,
    Layout,
    NumberLearner,
    checked_horizons,
    write_certain,
    write_unknown,
)
from forecast.numbers.scale import (
    PARTS,
    PARTS_BLEND,
    POSTERIOR_FLOATS,
    posterior_begin,
    posterior_learn,
    posterior_write,
)
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
from forecast.rate import bounded

BOUND = 8.0  # units: one change moves the drift by no more, once there are a few
YOUNG = 10  # changes that count in full

# floats after those of the series: changes that were seen, their mean, the last value of each phase
CHANGES, DRIFT, PHASES = range(SERIES_FLOATS, SERIES_FLOATS + 3)
# then for each horizon the posterior of its errors, and location and unit of what was asked at the
# last LONGEST instants
# integers after those of the series: S, whether it drifts, and the horizons
SEASON, DRIFTS, HORIZONS = range(SERIES_INTS, SERIES_INTS + 3)


@compiled
def naive_says(f, i, horizon):
    """The last value known at the phase of an answer, moved on by the drift; nan before it."""
    S = i[SEASON]
    seasons = (horizon + S - 1) // S
    return f[PHASES + turn(i[TIME] - 1 + horizon, S)] + seasons * f[DRIFT]


@compiled
def _errors(f, i, h, time):
    """The posterior of a horizon's errors, and what was asked at an instant: location and unit."""
    longest = i[len(i) - 1]
    at = PHASES + i[SEASON] + h * (POSTERIOR_FLOATS + 2 * longest)
    asked = at + POSTERIOR_FLOATS + 2 * turn(time, longest)
    return f[at : at + POSTERIOR_FLOATS], f[asked : asked + 2]


@compiled
def _drift(f, i, said, y):
    """d <- d + (y - forecast) / n:  the mean of all changes over a season, one at a time."""
    if i[DRIFTS] == 0 or math.isnan(said):
        return
    f[CHANGES] += 1.0
    error = 0.0 if math.isnan(y) else y - said
    unit = unit_of(f)
    if f[CHANGES] > YOUNG and unit > 0.0:
        error = bounded(error, BOUND * unit)
    f[DRIFT] += error / f[CHANGES]


@compiled
def naive_learn(f, i, y):
    """Learn how far off each answer was, and keep what is asked now."""
    horizons, time = i[HORIZONS:], i[TIME]
    phase, said = PHASES + turn(time, i[SEASON]), naive_says(f, i, 1)
    if screen(f, i, y[0]) == LEARN:
        for h in range(len(horizons)):
            errors, asked = _errors(f, i, h, time - horizons[h])
            if time >= horizons[h] and asked[1] > 0.0:
                posterior_learn(errors, (y[0] - asked[0]) / asked[1], horizons[h])
        _drift(f, i, said, y[0])
        f[phase] = y[0]
        series_learn(f, i, y[0])
    else:
        _drift(f, i, said, math.nan)
        f[phase] = said
        series_pass(f, i, f[LAST] + (f[DRIFT] if i[SEASON] == 1 else 0.0))
    if i[OBSERVED] == 0:
        return
    for h in range(len(horizons)):
        _, asked = _errors(f, i, h, time)
        location = naive_says(f, i, horizons[h])
        # before its season has come once, a phase is as the last value
        asked[0] = f[LAST] if math.isnan(location) else location
        asked[1] = unit_of(f)


@compiled
def naive_ask(f, i, c, h, row):
    """Write what was asked of a horizon, with the errors made there."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    errors, asked = _errors(f, i, h, i[TIME] - 1)
    if asked[1] <= 0.0:
        write_certain(row, asked[0])
        return
    row[CELL] = cell_of(f)
    posterior_write(errors, asked[0], asked[1], math.sqrt(1.0 * i[HORIZONS + h]), row)


class Naive(NumberLearner):
    """The last value, or that of the same season, with the errors that it has made so far.

    What every forecaster has to beat, as a learner: its median is the rival of each report, its
    intervals come from its own past errors. ``Scale`` is the last value with a scale by memories.
    A running mean is not among them, as it never follows a level that has moved: see ``Level``.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.
    season : int
        Observations after which the pattern comes back; 0 for none: the last value.
    drift : bool
        Whether it moves on by the mean change so far, over a season where there is one; a change
        counts for at most eight usual ones.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: Hyndman and Athanasopoulos (2021), Forecasting: principles and practice, section 5.2.

    Examples
    --------
    >>> from forecast import Naive
    >>> sales = Naive(horizons=(1, 2), season=4)
    >>> sales.learn_many([30.0, 21.0, 25.0, 42.0] * 2 + [31.0])
    >>> sales.predict(horizon=1).median, sales.predict(horizon=2).median
    (21.0, 25.0)
    >>> trend = Naive(drift=True)
    >>> trend.learn_many([1.0, 2.0, 4.0, 7.0])
    >>> trend.predict().median                    # 7, and (7 - 1) / 3
    9.0
    """

    family = MIXTURE
    _learn = staticmethod(naive_learn)
    _ask = staticmethod(naive_ask)

    def __init__(
        self, horizons: Sequence[int] = (1,), season: int = 0, drift: bool = False
    ) -> None:
        if not isinstance(season, int) or season < 0 or season == 1:
            raise ValueError(f"season must be 0 for none, or 2 and more; got {season!r}")
        self.season, self.drift = season, bool(drift)
        horizons = checked_horizons(horizons)
        S, H, longest = max(1, self.season), len(horizons), horizons[-1]
        state = Layout()
        state.floats("series", SERIES_FLOATS)
        state.floats("drift", 2)
        state.floats("phases", S)
        state.floats("errors", H, POSTERIOR_FLOATS + 2 * longest)
        state.ints("counts", SERIES_INTS)
        state.ints("plan", 2)
        state.ints("horizons", H)
        super().__init__(state, horizons)
        self.view("plan")[:] = S, self.drift
        self.view("horizons")[:] = horizons
        self.view("phases")[:] = math.nan
        series_begin(self.view("series"), self.view("counts"), 48)
        for errors in self.view("errors"):
            posterior_begin(errors[:POSTERIOR_FLOATS])

    def moved(self, before: "Naive") -> Floats:
        """The step of the weights of the managers of scales and tails, at the first horizon."""
        managers = slice(PARTS_BLEND + PARTS, PARTS_BLEND + PARTS + MANAGERS)
        step: np.ndarray = self.view("errors")[0, managers] - before.view("errors")[0, managers]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"horizons": self.horizons, "season": self.season, "drift": self.drift}
