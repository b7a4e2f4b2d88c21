"""What a person who tunes nothing gets: few different experts, mixed for what each is good at.

Every expert gives a location for each horizon. The errors it made there give it a scale (by
memories) and a shape (21 tracked quantiles), so that it says 21 quantiles. Per level they are mixed
by second-order Bernstein aggregation on the pinball loss: the forecast is what comes out, sorted.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from forecast.blend import boa_blend, boa_floats, boa_learn
from forecast.compiled import compiled
from forecast.distribution import LEVEL, SCORES, N, quantiles_mean
from forecast.learner import (
    CELL,
    FAMILY,
    LOCATION,
    QUANTILES,
    RATE,
    SPREAD,
    Layout,
    NumberLearner,
    checked_horizons,
    write_unknown,
)
from forecast.numbers.level import (
    level_begin,
    level_floats,
    level_learn,
    level_median,
    level_rate,
    level_stand,
)
from forecast.numbers.regression import (
    REGRESSION_INTS,
    SLOW,
    regression_ask,
    regression_begin,
    regression_floats,
    regression_learn,
    regression_note,
    regression_says,
)
from forecast.numbers.scale import (
    SEEN,
    SMALLEST,
    SPREAD_FLOATS,
    spread_begin,
    spread_learn,
    spread_of,
)
from forecast.numbers.season import (
    checked_season,
    season_ago,
    season_change,
    season_floats,
    season_learn,
    season_value,
)
from forecast.numbers.series import (
    BEFORE,
    FLOOR,
    LAST,
    LEARN,
    LONG,
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
    within_range,
)
from forecast.numbers.shape import shape_learn

# The experts, by kind; the last two need a season.
LAST_VALUE, MEMORIES, BOUNDED, SQUARES, SAME_CHANGE, SAME_VALUE = range(6)

AUTO_LAGS = 24
AROUND = 9  # slots of the profile that the regression sees on each side of a target's phase
MOST_SLOTS = 26
MARGIN = 0.25  # of the recent range, by which a location may leave it
SMOOTHINGS = 3  # of the slopes between the quantiles
FORGET = 0.003  # of the experts' regret, at each point

# The plan stands at the head of the integers: sizes, and where the parts of a channel begin.
(
    CHANNELS,
    SEASON,
    EXPERTS,
    AT_HORIZONS,
    AT_SLOTS,
    AT_KINDS,
    AT_CHANNELS,
    AT_LEVEL,
    AT_SEASON,
    AT_REGRESSION,
    AT_EXPERTS,
    AT_MIXES,
    AT_ASKED,
    CHANNEL_FLOATS,
    PLAN,
) = range(15)
CHANNEL_INTS = SERIES_INTS + REGRESSION_INTS
EXPERT_FLOATS = SPREAD_FLOATS + N  # the spread and the shape of one expert's errors at one horizon


@compiled
def _channel(f, i, c):
    """The floats and integers of one channel."""
    at = i[AT_CHANNELS] + c * CHANNEL_INTS
    return (
        f[c * i[CHANNEL_FLOATS] : (c + 1) * i[CHANNEL_FLOATS]],
        i[at : at + SERIES_INTS],
        i[at + SERIES_INTS : at + CHANNEL_INTS],
    )


@compiled
def _asked_at(plan, horizons, time):
    """Where the questions of an instant stand: the unit, then location and scale of each expert."""
    longest = horizons[len(horizons) - 1]
    return plan[AT_ASKED] + turn(time, longest) * (1 + 2 * len(horizons) * plan[EXPERTS])


@compiled
def _answer(f, plan, horizons, time, y):
    """Score every expert on the questions that ``y`` answers; move its weights, shape and scale."""
    K = plan[EXPERTS]
    said = np.empty(K)
    for h in range(len(horizons)):
        at = _asked_at(plan, horizons, time - horizons[h])
        unit = f[at]
        if time < horizons[h] or unit <= 0.0:
            continue
        at += 1 + 2 * h * K
        experts = plan[AT_EXPERTS] + h * K * EXPERT_FLOATS
        mixes = plan[AT_MIXES] + h * N * boa_floats(K)
        for p in range(N):
            for k in range(K):
                shape = experts + k * EXPERT_FLOATS + SPREAD_FLOATS
                said[k] = f[at + 2 * k] + f[at + 2 * k + 1] * f[shape + p]
            mix = f[mixes + p * boa_floats(K) : mixes + (p + 1) * boa_floats(K)]
            blend = boa_blend(mix, said)
            # d/dx of the pinball loss (y - x)(p - 1[y < x])
            gradient = (1.0 if y < blend else 0.0) - LEVEL[p]
            boa_learn(mix, said, blend, gradient, FORGET)
        for k in range(K):
            expert = experts + k * EXPERT_FLOATS
            error = y - f[at + 2 * k]
            spread_learn(f[expert : expert + SPREAD_FLOATS], error / unit)
            shape = f[expert + SPREAD_FLOATS : expert + EXPERT_FLOATS]
            shape_learn(shape, error / f[at + 2 * k + 1], f[expert + SEEN], horizons[h])


@compiled
def _locate(kind, f, plan, regression, horizons, time, h):
    """Where one kind of expert expects the series to be at a horizon."""
    last = f[LAST]
    S = plan[SEASON]
    season = f[plan[AT_SEASON] : plan[AT_REGRESSION]]
    if kind == MEMORIES:
        level = level_median(f[plan[AT_LEVEL] : plan[AT_SEASON]], h)
        return level + (season_value(season, S, time + horizons[h], last) if S > 0 else 0.0)
    if kind in (BOUNDED, SQUARES):
        rows = f[plan[AT_REGRESSION] : plan[AT_EXPERTS]]
        return regression_says(rows, regression, time, h, kind - BOUNDED)
    if kind == SAME_CHANGE:
        return last + season_change(season, S, time, horizons[h])
    if kind == SAME_VALUE:
        return season_ago(season, S, time, horizons[h], last)
    return last


@compiled
def _ask(f, plan, series, regression, horizons, kinds, slots, moves, channel):
    """Ask every expert about every horizon, and keep what it says until the answers come."""
    S, K = plan[SEASON], plan[EXPERTS]
    time = series[TIME] - 1
    unit = unit_of(f)
    season = f[plan[AT_SEASON] : plan[AT_REGRESSION]]
    # what the regression sees beside its lags: the profile ahead, the other channels' moves
    more = np.empty(len(slots) + len(moves))
    m = 0
    if unit > 0.0:
        for slot in slots:
            more[m] = (season_value(season, S, time + slot, f[LAST]) - f[LAST]) / unit
            m += 1
        for c in range(len(moves)):
            if c != channel:
                more[m] = moves[c]
                m += 1
    rows = f[plan[AT_REGRESSION] : plan[AT_EXPERTS]]
    regression_ask(rows, regression, time, f[LAST], unit, more[:m])
    level_stand(f[plan[AT_LEVEL] : plan[AT_SEASON]], horizons, time)
    at = _asked_at(plan, horizons, time)
    f[at] = unit
    at += 1
    for h in range(len(horizons)):
        for k in range(K):
            location = _locate(kinds[k], f, plan, regression, horizons, time, h)
            f[at] = within_range(f, MARGIN, location)
            expert = plan[AT_EXPERTS] + (h * K + k) * EXPERT_FLOATS
            scale = spread_of(f[expert : expert + SPREAD_FLOATS])
            # before its first error, an expert is as unsure as a random walk
            scale = max(scale, SMALLEST) if f[expert + SEEN] > 0.0 else math.sqrt(horizons[h])
            f[at + 1] = unit * scale
            at += 2


@compiled
def _stand_in(f, plan, time):
    """What a value that did not come is thought to be: the last, changed as the profile does."""
    S = plan[SEASON]
    if S == 0:
        return f[LAST]
    season = f[plan[AT_SEASON] : plan[AT_REGRESSION]]
    before = season_value(season, S, time + S - 1, f[LAST])
    return f[LAST] + season_value(season, S, time, before) - before


@compiled
def forecaster_learn(floats, i, y):
    """Be told: answer the open questions, move what is believed, and ask anew."""
    S = i[SEASON]
    horizons = i[i[AT_HORIZONS] : i[AT_SLOTS]]
    slots = i[i[AT_SLOTS] : i[AT_KINDS]]
    kinds = i[i[AT_KINDS] : i[AT_CHANNELS]]
    moves = np.empty(i[CHANNELS])
    for c in range(i[CHANNELS]):
        f, series, regression = _channel(floats, i, c)
        level = f[i[AT_LEVEL] : i[AT_SEASON]]
        season = f[i[AT_SEASON] : i[AT_REGRESSION]]
        rows = f[i[AT_REGRESSION] : i[AT_EXPERTS]]
        time = series[TIME]
        observed = screen(f, series, y[c]) == LEARN
        if observed:
            _answer(f, i, horizons, time, y[c])
            regression_learn(rows, regression, horizons, time, y[c])
            otherwise = f[LAST] if series[OBSERVED] > 0 else y[c]
            deviation = season_value(season, S, time, otherwise) if S > 0 else 0.0
            level_learn(level, horizons, time, unit_of(f), y[c] - deviation)
            series_learn(f, series, y[c])
        else:
            series_pass(f, series, _stand_in(f, i, time))
        if series[OBSERVED] > 0:
            season_learn(season, S, time, f[LAST], observed)
            regression_note(rows, regression, time, f[LAST], f[LAST] - f[BEFORE])
        unit = unit_of(f)
        moves[c] = (f[LAST] - f[BEFORE]) / unit if unit > 0.0 else 0.0
    for c in range(i[CHANNELS]):
        f, series, regression = _channel(floats, i, c)
        if series[OBSERVED] > 0:
            _ask(f, i, series, regression, horizons, kinds, slots, moves, c)


@compiled
def _smooth(values, least):
    """Smooth how fast the quantiles rise, and keep the median; returns the scales of the tails.

    s_p = dv/dz between neighbours;  s <- (s_{p-1} + 2 s_p + s_{p+1}) / 4,  never below ``least``

    Each quantile is tracked on its own, so that their distances are noisier than their places; it
    is the distances that make the density.
    """
    slopes = np.empty(N - 1)
    for p in range(N - 1):
        slopes[p] = (values[p + 1] - values[p]) / (SCORES[p + 1] - SCORES[p])
    for _ in range(SMOOTHINGS):
        before = slopes[0]
        for p in range(N - 1):
            here = slopes[p]
            after = slopes[min(p + 1, N - 2)]
            slopes[p] = 0.25 * (before + 2.0 * here + after)
            before = here
    for p in range(N // 2, N - 1):
        values[p + 1] = values[p] + max(slopes[p], least) * (SCORES[p + 1] - SCORES[p])
    for p in range(N // 2 - 1, -1, -1):
        values[p] = values[p + 1] - max(slopes[p], least) * (SCORES[p + 1] - SCORES[p])
    return max(slopes[0], least), max(slopes[N - 2], least)


@compiled
def forecaster_ask(f, i, c, h, row):
    """Write the forecast of a channel for one horizon: the experts' quantiles, mixed and sorted."""
    channel, series, _ = _channel(f, i, c)
    if series[OBSERVED] == 0:
        write_unknown(row)
        return
    horizons = i[i[AT_HORIZONS] : i[AT_SLOTS]]
    K = i[EXPERTS]
    at = _asked_at(i, horizons, series[TIME] - 1) + 1 + 2 * h * K
    experts = i[AT_EXPERTS] + h * K * EXPERT_FLOATS + SPREAD_FLOATS
    mixes = i[AT_MIXES] + h * N * boa_floats(K)
    values = row[SPREAD + 2 : SPREAD + 2 + N]
    for p in range(N):
        x = 0.0
        for k in range(K):
            said = channel[at + 2 * k] + channel[at + 2 * k + 1] * channel[experts + p]
            experts += EXPERT_FLOATS
            x += channel[mixes + p * boa_floats(K) + k] * said
        experts -= K * EXPERT_FLOATS
        place = p
        while place > 0 and values[place - 1] > x:
            values[place] = values[place - 1]
            place -= 1
        values[place] = x
    left, right = _smooth(values, FLOOR * channel[LONG])
    row[FAMILY] = QUANTILES
    row[LOCATION] = quantiles_mean(values, left, right)
    row[CELL] = cell_of(channel)
    row[RATE] = level_rate(channel[i[AT_LEVEL] : i[AT_SEASON]], 0)
    row[SPREAD] = left
    row[SPREAD + 1] = right


def profile_slots(horizons: Sequence[int], season: int) -> list[int]:
    """Which phases, counted from now, the regression sees the profile of.

    Those around every target's phase; evenly thinned where that is more than ``MOST_SLOTS``.

    Examples
    --------
    >>> profile_slots((1,), 4), profile_slots((1,), 52)[:4], profile_slots((1, 2), 0)
    ([0, 1, 2, 3], [0, 1, 2, 3], [])
    """
    if season == 0:
        return []
    near = {(h + o) % season for h in horizons for o in range(-AROUND, AROUND + 1)}
    slots = sorted(near)
    if len(slots) <= MOST_SLOTS:
        return slots
    return [slots[j * len(slots) // MOST_SLOTS] for j in range(MOST_SLOTS)]


class NumberForecaster(NumberLearner):
    """Forecasts a number, or a vector of them, for a person who tunes nothing.

    Parameters
    ----------
    horizons : sequence of int
        How many observations ahead to forecast; rising.
    season : int or "auto"
        Instants after which the pattern comes back, 0 for none. "auto" takes the natural one of
        ``step``: a day for hours, a year for weeks and months; none where no step is given.
    channels : int
        Numbers that arrive together. Each is forecast with the others' last moves in sight.
    step : str, optional
        Time between two instants, as ``"30 min"``, ``"1 h"``, ``"1 d"``, ``"7 d"``, ``"1 month"``.

    Raises
    ------
    ValueError
        If an argument is out of range, or ``step`` cannot be read.

    Examples
    --------
    >>> from forecast.numbers.forecaster import NumberForecaster
    >>> learner = NumberForecaster(horizons=(1, 2), season=4)
    >>> for t in range(400):
    ...     learner.learn([10.0, 20.0, 40.0, 80.0][t % 4] + t)
    >>> round(learner.predict(horizon=1).median), round(learner.predict(horizon=2).median)
    (410, 421)
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
    ) -> None:
        self.season = checked_season(season, step)
        horizons = checked_horizons(horizons)
        H, longest, S = len(horizons), horizons[-1], self.season
        kinds = [LAST_VALUE, MEMORIES, BOUNDED, SQUARES]
        kinds += [SAME_CHANGE, SAME_VALUE] if S else []
        slots = profile_slots(horizons, S)
        features = 1 + AUTO_LAGS + len(SLOW) + len(slots) + channels - 1
        # features that are always 0 round their number up to whole vector registers
        features += -features % 4

        state = Layout()
        plan = np.zeros(PLAN, np.int64)
        plan[CHANNELS], plan[SEASON], plan[EXPERTS] = channels, S, len(kinds)
        state.ints("plan", PLAN)
        plan[AT_HORIZONS] = state.ints("horizons", H)
        plan[AT_SLOTS] = state.ints("slots", len(slots))
        plan[AT_KINDS] = state.ints("kinds", len(kinds))
        plan[AT_CHANNELS] = state.ints("counts", channels, CHANNEL_INTS)
        for c in range(channels):
            of = f"{c}." if channels > 1 else ""
            first = state.floats(of + "series", SERIES_FLOATS)
            plan[AT_LEVEL] = state.floats(of + "level", level_floats(H, longest)) - first
            plan[AT_SEASON] = state.floats(of + "season", season_floats(S, longest)) - first
            size = regression_floats(features, AUTO_LAGS, 2, H, longest)
            plan[AT_REGRESSION] = state.floats(of + "regression", size) - first
            plan[AT_EXPERTS] = state.floats(of + "experts", H, len(kinds), EXPERT_FLOATS) - first
            plan[AT_MIXES] = state.floats(of + "mixes", H, N, 4, len(kinds)) - first
            plan[AT_ASKED] = state.floats(of + "asked", longest, 1 + 2 * H * len(kinds)) - first
            plan[CHANNEL_FLOATS] = state.n_floats - first
        super().__init__(state, horizons, channels)
        self.view("plan")[:] = plan
        self.view("horizons")[:] = horizons
        self.view("slots")[:] = slots
        self.view("kinds")[:] = kinds
        for c in range(channels):
            self._begin(f"{c}." if channels > 1 else "", self.view("counts")[c], features)

    def _begin(self, of: str, counts: np.ndarray, features: int) -> None:
        """Every model of a channel begins empty, every expert with the same weight."""
        H, longest = len(self.horizons), self.horizons[-1]
        series_begin(self.view(of + "series"), counts[:SERIES_INTS], max(48, self.season // 2))
        level_begin(self.view(of + "level"), H)
        rows, sizes = self.view(of + "regression"), counts[SERIES_INTS:]
        regression_begin(rows, sizes, AUTO_LAGS, features, 2, H, longest)
        spread = np.empty(SPREAD_FLOATS)
        spread_begin(spread)
        self.view(of + "experts")[:] = np.concatenate([spread, SCORES])
        mixes = self.view(of + "mixes")
        mixes[:, :, 0] = 1.0 / mixes.shape[-1]

    def moved(self, before: "NumberForecaster") -> np.ndarray:
        """The regret that each expert is given at each level, of the first channel and horizon.

        It is read back from R <- (1 - forget) R + r - eta r^2, over the largest before.
        """
        name = "mixes" if self.channels == 1 else "0.mixes"
        _, R, V, E = self.view(name)[0].transpose(1, 0, 2)
        _, R_before, V_before, E_before = before.view(name)[0].transpose(1, 0, 2)
        eta = np.minimum(0.5 / E, np.sqrt(math.log(R.shape[1]) / V))
        square = np.maximum(V - (1.0 - FORGET) * V_before, 0.0)
        regret: np.ndarray = (R - (1.0 - FORGET) * R_before + eta * square) / E_before
        return regret.ravel()

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"horizons": self.horizons, "season": self.season, "channels": self.channels}
