"""What a person who tunes nothing gets: few different experts, mixed for what each is good at.

Every channel has a last value and its drift, a level, a regression on its differences, and the
thousand instants before now, of which those most like now are neighbours. Each season that is told
or found adds three: a regression that sees its profile, the change of a season ago, a smoothed
season. Columns that are known beside the series add one. What they say is mixed by a pool, one for
each band of horizons.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.bounded import within
from forecast.frame import numbers_of
from forecast.learner import (
    BOUNDS,
    CELL,
    FAMILY,
    LATTICE,
    LOCATION,
    QUANTILES,
    RATE,
    SPREAD,
    VALUES,
    Layout,
    NumberLearner,
    checked_horizons,
    write_certain,
    write_unknown,
)
from forecast.neighbours import NEIGHBOURS_FLOATS, NEIGHBOURS_INTS, neighbours_note
from forecast.numbers.bounds import (
    BOUNDS_FLOATS,
    bounds_allow,
    bounds_begin,
    bounds_known,
    bounds_learn,
    bounds_told,
    bounds_write,
    checked_bounds,
)
from forecast.numbers.context import (
    CONTEXT_INTS,
    context_begin,
    context_floats,
    context_learn,
    context_of,
    in_columns,
)
from forecast.numbers.experts import experts_ask
from forecast.numbers.lattice import (
    LATTICE_FLOATS,
    ORIGIN,
    lattice_begin,
    lattice_learn,
    lattice_pitch,
)
from forecast.numbers.level import level_begin, level_floats, level_learn, level_rate, level_weigh
from forecast.numbers.period import LONGEST as LONGEST_PERIOD
from forecast.numbers.plan import (
    AHEAD,
    AT_ASKED,
    AT_BANDS,
    AT_BOUNDS,
    AT_CHANNELS,
    AT_CONTEXT,
    AT_FOUND,
    AT_HORIZONS,
    AT_LATTICE,
    AT_LEVEL,
    AT_NEIGHBOURS,
    AT_NOW,
    AT_POOLS,
    AT_REGRESSION,
    AT_SEASONS,
    AT_SIZES,
    AT_SMOOTHING,
    AT_WITH_PROFILE,
    AUTO_LAGS,
    BANDS,
    CHANNEL_FLOATS,
    CHANNEL_INTS,
    CHANNELS,
    IN_FORCE,
    MOST,
    MOST_SLOTS,
    NATURAL,
    NEAR,
    NEXT_LOOK,
    NOW,
    PERIOD,
    PLAIN,
    PLAN,
    POOL,
    SEARCH,
    SEASON,
    SEASON_INTS,
    SEASONAL,
    SHARED,
    SLOT_INTS,
    SLOTS,
    beside_of,
    cases_of,
    channel_of,
    expected_of,
    growth_of,
    locating,
    now_of,
    pool_of,
    season_of,
)
from forecast.numbers.pool import (
    FIRST,
    FORGET,
    MIXED,
    NEIGHBOURS,
    pool_begin,
    pool_floats,
    pool_join,
    pool_learn,
    pool_mixes,
    pool_write,
)
from forecast.numbers.questions import (
    APART,
    FOUND_FLOATS,
    atoms_of,
    band_width,
    bands_of,
    found_at,
    found_for,
    said_of,
    taught,
    teaches_every,
    waiting,
)
from forecast.numbers.regression import (
    REGRESSION_INTS,
    SLOW,
    regression_begin,
    regression_error,
    regression_floats,
    regression_learn,
    regression_note,
)
from forecast.numbers.season import checked_season, season_floats, season_learn, season_value
from forecast.numbers.seeking import seasons_look
from forecast.numbers.series import (
    BEFORE,
    FLOOR,
    LAST,
    LEARN,
    LONG,
    OBSERVED,
    REFUSED,
    SERIES_FLOATS,
    SERIES_INTS,
    TIME,
    cell_of,
    screen,
    series_begin,
    series_learn,
    series_pass,
    unit_of,
)
from forecast.numbers.smoothing import smoothing_floats, smoothing_learn

# how people call them, in the order in which a pool hears them
PLAIN_NAMES = ("last value", "drift", "level", "regression")
NEAR_NAMES = ("neighbours", "nearest neighbours", "neighbours by change")
SEASONAL_NAMES = ("regression with season", "change of season", "smoothed season")
SEASONS = 2  # that are found at most: a day, say, and its week
BEYOND = 1e75  # its fourth power is infinite: such a value is refused
NEAREST = 100  # instants ahead for which neighbours are asked


@compiled
def _answer(f, plan, series, regression, seasons, horizons, first, h, y):
    """Teach the pool of a band, and its level, by what ``y`` answers."""
    time, band = series[TIME], plan[plan[AT_BANDS] + h]
    asked = waiting(f, plan, horizons, band, time)
    unit = asked[0]
    if time < horizons[h] or unit <= 0.0:
        return
    level = f[plan[AT_LEVEL] : plan[AT_REGRESSION]]
    off = y - expected_of(f, plan, seasons, time)
    level_weigh(level, plan[BANDS], band, time - horizons[h], unit, off)
    near = h < plan[NEAR]
    found = found_for(f, plan, horizons, time, h) if near else f[:FOUND_FLOATS]
    atoms = atoms_of(found) if near else found[:0]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    error = unit * regression_error(rows, regression, horizons[h], h)
    # the answers that teach a band share so many instants
    overlap = max(1.0, horizons[h] / teaches_every(horizons, first))
    pool, located = pool_of(f, plan, band), locating(plan, seasons)
    if plan[PLAIN] > FIRST:
        context, sizes = beside_of(f, plan, regression)
        context_learn(context, sizes, band, time, overlap, y)
    least, cell = FLOOR * f[LONG], cell_of(f)
    bounds = f[plan[AT_BOUNDS] : plan[AT_LATTICE]]
    most, said, horizon = plan[MOST], said_of(found), horizons[h]
    # fmt: off
    pool_learn(
        pool, most, located, near, asked[1:], said, atoms, bounds,
        unit * growth_of(f, plan, h), error, horizon, overlap, least, cell, y,
    )


@compiled
def _stand_in(f, plan, seasons, time):
    """What a value that did not come is thought to be: the last, changed as the profile does."""
    if seasons[IN_FORCE] == 0:
        return f[LAST]
    S, profile, _, _, _ = season_of(f, plan, seasons, seasons[IN_FORCE] - 1)
    before = season_value(profile, S, time + S - 1, f[LAST])
    return f[LAST] + season_value(profile, S, time, before) - before


@compiled
def _learn_channel(f, plan, series, regression, neighbours, seasons, y):
    """Screen the value; answer what it answers; move what is believed."""
    horizons = plan[plan[AT_HORIZONS] : plan[AT_BANDS]]
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    time = series[TIME]
    bounds = f[plan[AT_BOUNDS] : plan[AT_LATTICE]]
    allowed = bounds_allow(bounds, y) and not abs(y) > BEYOND
    series[REFUSED] += 0 if allowed else 1
    observed = allowed and screen(f, series, y) == LEARN
    if observed:
        for first in range(len(bands)):
            if first == 0 or bands[first] != bands[first - 1]:
                h = taught(horizons, bands, first, band_width(bands, first), time)
                if h >= 0:
                    _answer(f, plan, series, regression, seasons, horizons, first, h, y)
        regression_learn(rows, regression, horizons, time, y)
        for s in range(seasons[IN_FORCE]):
            _, _, _, own, counts = season_of(f, plan, seasons, s)
            regression_learn(own, counts[AT_SIZES:], horizons, time, y)
        level_learn(
            f[plan[AT_LEVEL] : plan[AT_REGRESSION]], y - expected_of(f, plan, seasons, time)
        )
        bounds_learn(bounds, y, f[LAST] if series[OBSERVED] > 0 else math.nan)
        lattice_learn(f[plan[AT_LATTICE] : plan[AT_NOW]], y, FLOOR * f[LONG])
        series_learn(f, series, y)
    else:
        series_pass(f, series, _stand_in(f, plan, seasons, time))
    if series[OBSERVED] == 0:
        return
    difference = f[LAST] - f[BEFORE]
    regression_note(rows, regression, time, f[LAST], difference)
    for s in range(seasons[IN_FORCE]):
        S, profile, smoothing, own, counts = season_of(f, plan, seasons, s)
        season_learn(profile, S, time, f[LAST], observed)
        smoothing_learn(smoothing, S, time, f[LAST])
        regression_note(own, counts[AT_SIZES:], time, f[LAST], difference)
    values, changes = cases_of(f, plan)
    neighbours_note(values, neighbours[:NEIGHBOURS_INTS], f[LAST])
    neighbours_note(changes, neighbours[NEIGHBOURS_INTS:], difference)


@compiled
def forecaster_learn(floats, i, y):
    """Be told: answer the open questions, move what is believed, and ask anew.

    After the channels stand, in ``y``, what is known beside them: the columns of now, and of the
    row of each horizon's answer.
    """
    x = y[i[CHANNELS] :]
    moves = np.empty(i[CHANNELS])
    for c in range(i[CHANNELS]):
        f, series, regression, neighbours, seasons = channel_of(floats, i, c)
        _learn_channel(f, i, series, regression, neighbours, seasons, y[c])
        if series[OBSERVED] > 0 and series[TIME] >= seasons[NEXT_LOOK]:
            seasons_look(f, i, series, regression, neighbours, seasons)
        unit = unit_of(f)
        moves[c] = (f[LAST] - f[BEFORE]) / unit if unit > 0.0 else 0.0
    for c in range(i[CHANNELS]):
        f, series, regression, neighbours, seasons = channel_of(floats, i, c)
        if series[OBSERVED] > 0:
            experts_ask(f, i, series, regression, neighbours, seasons, moves, x, c)


@compiled
def forecaster_ask(f, i, c, h, row):
    """Write the forecast of a channel for one horizon: what the pool of its band makes of it."""
    channel, series, _, _, seasons = channel_of(f, i, c)
    if series[OBSERVED] == 0:
        write_unknown(row)
        return
    bounds = channel[i[AT_BOUNDS] : i[AT_LATTICE]]
    if channel[LONG] <= 0.0:
        write_certain(row, channel[LAST])
        row[BOUNDS], row[BOUNDS + 1] = bounds_told(bounds)
        return
    band = i[i[AT_BANDS] + h]
    near = h < i[NEAR]
    found = found_at(channel, i, 0, h) if near else channel[:FOUND_FLOATS]
    atoms = atoms_of(found) if near else found[:0]
    values = row[VALUES:BOUNDS]
    pool, most, located = pool_of(channel, i, band), i[MOST], locating(i, seasons)
    asked, said, least = now_of(channel, i, h), said_of(found), FLOOR * channel[LONG]
    mean, left, right = pool_write(pool, most, located, near, asked, said, atoms, least, values)
    row[FAMILY] = QUANTILES
    row[CELL] = cell_of(channel)
    row[SPREAD], row[SPREAD + 1] = bounds_write(bounds, values, left, right, row[CELL])
    row[BOUNDS], row[BOUNDS + 1] = bounds_told(bounds)
    lattice = channel[i[AT_LATTICE] : i[AT_NOW]]
    row[LATTICE], row[LATTICE + 1] = lattice[ORIGIN], lattice_pitch(lattice)
    low, high = bounds_known(bounds)
    row[LOCATION] = within(mean, low, high)
    row[RATE] = level_rate(channel[i[AT_LEVEL] : i[AT_REGRESSION]], band)


class NumberForecaster(NumberLearner):
    """Forecasts a number, or a vector of them, for a person who tunes nothing.

    ``learn(y)`` tells it the next number; ``predict(horizon=h)`` returns what it says of the number
    h steps on, a ``Forecast`` in the units of y: ``mean``, ``median``, ``interval(0.9)``,
    ``quantile(level)``, ``surprise(y)`` in nats. ``forecast.run(learner, ys, known=, context=)``
    does both over an array, and puts the columns beside in the order in which it takes them.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.
    season : int or "auto"
        Instants after which the pattern comes back, 0 for none. "auto" begins with the natural one
        of ``step``, a day for hours, a year for weeks and months; looks for others in the past as
        it grows; and adds a week to a day where that says more.
    channels : int
        Numbers that arrive together. Each is forecast with the others' last moves in sight.
    known : int
        Columns beside the series that are known ahead: a price, a holiday, the weather forecast.
    context : int
        Columns beside the series that are seen with each observation, not before.
    step : str, optional
        Time between two instants, as ``"30 min"``, ``"1 h"``, ``"1 d"``, ``"7 d"``, ``"1 month"``.
    bounds : (float or None, float or None)
        The least and the greatest value that can be, None where there is none. No forecast holds
        anything beyond them, and a value from there is refused and counted, and not scored.

    Raises
    ------
    ValueError
        If an argument is out of range, or ``step`` cannot be read.

    Examples
    --------
    >>> from forecast.numbers.forecaster import NumberForecaster
    >>> learner = NumberForecaster(horizons=(1, 2))
    >>> for t in range(400):
    ...     learner.learn([10.0, 20.0, 40.0, 80.0, 20.0, 10.0, 10.0][t % 7] + t)
    >>> round(learner.predict(horizon=1).median), round(learner.predict(horizon=2).median)
    (420, 441)
    >>> learner.seasons()
    (7,)
    >>> low, high = learner.predict(horizon=1).interval(0.9)
    >>> low <= 420 <= high
    True

    With a price that is known ahead, and told for the next value too:

    >>> from forecast import run
    >>> price = np.random.default_rng(0).choice([0.5, 1.0], 200)
    >>> sold = 30.0 - 20.0 * price
    >>> learner = NumberForecaster(season=0, known=1)
    >>> answers = run(learner, sold, known=np.append(price, 0.5))
    >>> round(learner.predict().median)
    20
    """

    family = QUANTILES
    _learn = staticmethod(forecaster_learn)
    _ask = staticmethod(forecaster_ask)

    def __init__(
        self,
        horizons: Sequence[int] = (1,),
        season: int | Literal["auto"] = "auto",
        channels: int = 1,
        step: str | None = None,
        bounds: tuple[float | None, float | None] = (None, None),
        known: int = 0,
        context: int = 0,
    ) -> None:
        self.season = checked_season(season, step)
        self.bounds = checked_bounds(bounds)
        self.asked_season, self.step = season, step
        columns_asked = (("channels", channels, 1), ("known", known, 0), ("context", context, 0))
        for name, columns, least in columns_asked:
            if not isinstance(columns, int) or columns < least:
                raise ValueError(
                    f"{name} must be a number of columns from {least}; got {columns!r}"
                )
        self.known, self.context = known, context
        horizons = checked_horizons(horizons)
        H, longest = len(horizons), horizons[-1]
        bands = bands_of(horizons)
        B = bands[-1] + 1
        nearest = [h for h in horizons if h <= (NEAREST if H <= APART else APART - 1)]
        rings = 1 + nearest[-1] if nearest else 0
        slots = SEASONS if season == "auto" else min(1, self.season)
        longest_period = max(self.season, LONGEST_PERIOD) if season == "auto" else self.season
        shared = 1 + AUTO_LAGS + len(SLOW) + channels - 1

        def rounded(features: int) -> int:
            # features that are always 0 round their number up to whole vector registers
            return features + -features % 4

        state = Layout()
        plan = np.zeros(PLAN, np.int64)
        plan[CHANNELS], plan[NATURAL], plan[SEARCH] = channels, self.season, season == "auto"
        plan[SLOTS], plan[BANDS], plan[NEAR], plan[SHARED] = slots, B, len(nearest), shared
        # what is known ahead is also seen when its row has come
        now = plan[NOW] = known + context
        plan[AHEAD], plan[PLAIN] = known, FIRST + (now > 0)
        most = plan[MOST] = plan[PLAIN] + SEASONAL * slots
        state.ints("plan", PLAN)
        plan[AT_HORIZONS] = state.ints("horizons", H)
        plan[AT_BANDS] = state.ints("bands", H)
        plan[CHANNEL_INTS] = SERIES_INTS + REGRESSION_INTS + CONTEXT_INTS + 2 * NEIGHBOURS_INTS
        plan[CHANNEL_INTS] += SEASON_INTS + slots * SLOT_INTS
        plan[AT_CHANNELS] = state.ints("counts", channels, int(plan[CHANNEL_INTS]))
        plan[AT_SMOOTHING] = season_floats(longest_period, longest)
        plan[AT_WITH_PROFILE] = plan[AT_SMOOTHING] + smoothing_floats(longest_period)
        most_features = rounded(shared + MOST_SLOTS)
        plan[SEASON] = plan[AT_WITH_PROFILE] + regression_floats(
            most_features, AUTO_LAGS, H, longest
        )
        plan[POOL] = pool_floats(most)
        for c in range(channels):
            of = f"{c}." if channels > 1 else ""
            first = state.floats(of + "series", SERIES_FLOATS)
            plan[AT_LEVEL] = state.floats(of + "level", level_floats(B, longest)) - first
            size = regression_floats(rounded(shared), AUTO_LAGS, H, longest)
            plan[AT_REGRESSION] = state.floats(of + "regression", size) - first
            plan[AT_NEIGHBOURS] = state.floats(of + "neighbours", 2, NEIGHBOURS_FLOATS) - first
            size = context_floats(shared, now, known, B, longest)
            plan[AT_CONTEXT] = state.floats(of + "context", size) - first
            plan[AT_SEASONS] = state.floats(of + "seasons", slots, int(plan[SEASON])) - first
            plan[AT_POOLS] = state.floats(of + "pools", B, int(plan[POOL])) - first
            plan[AT_BOUNDS] = state.floats(of + "bounds", BOUNDS_FLOATS) - first
            plan[AT_LATTICE] = state.floats(of + "lattice", LATTICE_FLOATS) - first
            plan[AT_NOW] = state.floats(of + "now", H, 3 * most) - first
            plan[AT_ASKED] = state.floats(of + "asked", longest, B, 1 + 2 * most) - first
            plan[AT_FOUND] = state.floats(of + "found", rings, len(nearest), FOUND_FLOATS) - first
            plan[CHANNEL_FLOATS] = state.n_floats - first
        super().__init__(state, horizons, channels, now + known * H)
        self.view("plan")[:] = plan
        self.view("horizons")[:] = horizons
        self.view("bands")[:] = bands
        for c in range(channels):
            self._begin(f"{c}." if channels > 1 else "", self.view("counts")[c], rounded(shared))

    def _begin(self, of: str, counts: np.ndarray, features: int) -> None:
        """Every model of a channel begins empty, every expert with the same weight."""
        H, longest = len(self.horizons), self.horizons[-1]
        plan = self.view("plan")
        series_begin(self.view(of + "series"), counts[:SERIES_INTS], max(48, self.season // 2))
        bounds_begin(self.view(of + "bounds"), self.bounds)
        lattice_begin(self.view(of + "lattice"))
        level_begin(self.view(of + "level"), plan[BANDS])
        sizes = counts[SERIES_INTS : SERIES_INTS + REGRESSION_INTS]
        regression_begin(self.view(of + "regression"), sizes, AUTO_LAGS, features, H, longest)
        sizes = counts[SERIES_INTS + REGRESSION_INTS :]
        beside = self.view(of + "context"), sizes
        context_begin(*beside, int(plan[SHARED]), int(plan[NOW]), int(plan[AHEAD]), longest)
        bands = self.view("bands")
        for band, pool in enumerate(self.view(of + "pools")):
            near = band in bands[: plan[NEAR]]
            pool_begin(pool, int(plan[MOST]), near)
            if plan[PLAIN] > FIRST:
                pool_join(pool, plan[MOST], FIRST, near, 1)

    @classmethod
    def from_history(
        cls, history: Any, known: Any = None, context: Any = None, **options: Any
    ) -> Self:
        """A forecaster that has walked through a history, and goes on from its end.

        What it has learned then is its fit, weights and their uncertainty; those of a batch fit put
        in their place, or a second walk, gained nothing (``experiments/results/warm_start.md``).

        Parameters
        ----------
        history : array_like, or a table of pandas, polars or others that narwhals knows
            Numbers in the order in which they came, [n] or [n, channels]; NaN where missing.
        known : array_like [n or more, columns], or [n or more] of one column, optional
            Beside them, and known ahead.
        context : array_like [n, columns], or [n] of one column, optional
            Beside them, seen with each.
        **options
            As the forecaster takes them; channels, known and context are those of the history.

        Examples
        --------
        >>> import numpy as np
        >>> from forecast.numbers.forecaster import NumberForecaster
        >>> learner = NumberForecaster.from_history(np.sin(np.arange(200) / 3))
        >>> abs(learner.predict().median - math.sin(200 / 3)) < 0.05
        True
        """
        ys = numbers_of(history)
        ys = ys.reshape(len(ys), -1)
        known = None if known is None else in_columns(numbers_of(known), len(ys))
        context = None if context is None else in_columns(numbers_of(context), len(ys))
        columns = [0 if beside is None else np.shape(beside)[1] for beside in (known, context)]
        learner = cls(channels=ys.shape[1], known=columns[0], context=columns[1], **options)
        xs = context_of(len(ys), learner.horizons, known, context) if any(columns) else None
        learner.learn_many(ys, xs)
        return learner

    def seasons(self, channel: int = 0) -> tuple[int, ...]:
        """The seasons in force, in instants; those of one channel."""
        in_force = self.view("counts")[
            channel, -SEASON_INTS - int(self.view("plan")[SLOTS]) * SLOT_INTS :
        ]
        periods = in_force[SEASON_INTS + PERIOD :: SLOT_INTS]
        return tuple(int(S) for S in periods[: in_force[IN_FORCE]])

    def moved(self, before: "NumberForecaster") -> np.ndarray:
        """The regret that each expert is given at each level, of the first channel and horizon.

        It is read back from R <- (1 - forget) R + r - eta r^2, over the largest before.
        """
        _, R, V, E = self._mixed()
        _, R_before, V_before, E_before = before._mixed()
        eta = np.minimum(0.5 / E, np.sqrt(math.log(len(R)) / V))
        square = np.maximum(V - (1.0 - FORGET) * V_before, 0.0)
        regret: np.ndarray = (R - (1.0 - FORGET) * R_before + eta * square) / E_before
        return regret.ravel()

    def _mixed(self, channel: int = 0, h: int = 0) -> np.ndarray:
        """Weights, regrets, squares and largest, of experts at levels; the mean is no level."""
        pools = self.view("pools" if self.channels == 1 else f"{channel}.pools")
        plan = self.view("plan")
        seasonal = SEASONAL * len(self.seasons(channel))
        heard = plan[PLAIN] + seasonal + NEIGHBOURS * (h < plan[NEAR])
        mixes = pool_mixes(pools[self.view("bands")[h]], int(plan[MOST]))
        return mixes[:, :heard, : MIXED - 1]

    def weights(self, channel: int = 0, horizon: int | None = None) -> dict[str, float]:
        """How much each expert weighs in what is said: the mean over the levels that are mixed.

        Parameters
        ----------
        channel : int
        horizon : int, optional
            The first for None.

        Returns
        -------
        dict of str to float
            Of each expert that is heard its weight; they sum to 1.

        Raises
        ------
        ValueError
            If this learner was not made for that horizon.

        Examples
        --------
        >>> from forecast.numbers.forecaster import NumberForecaster
        >>> learner = NumberForecaster()
        >>> for t in range(200):
        ...     learner.learn(float(t % 2))
        >>> weights = learner.weights()
        >>> list(weights)[:3], round(sum(weights.values()), 9)
        (['last value', 'drift', 'level'], 1.0)
        """
        h = self.horizons.index(self.expects(horizon))
        names = list(PLAIN_NAMES)
        if h < self.view("plan")[NEAR]:
            names += NEAR_NAMES
        if self.view("plan")[PLAIN] > FIRST:
            names.append("columns beside")
        for season in self.seasons(channel):
            names += [f"{name} {season}" for name in SEASONAL_NAMES]
        mean = self._mixed(channel, h)[0].mean(axis=1)
        return dict(zip(names, mean.tolist(), strict=True))

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {
            "horizons": self.horizons,
            "season": self.asked_season,
            "channels": self.channels,
            "step": self.step,
            "bounds": self.bounds,
            "known": self.known,
            "context": self.context,
        }
