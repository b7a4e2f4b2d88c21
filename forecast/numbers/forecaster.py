"""What a person who tunes nothing gets: few different experts, mixed for what each is good at.

Most experts give a location for each horizon. The errors made there give it a scale (by memories)
and a shape (21 tracked quantiles), so that it says 21 quantiles. The others are neighbours: what
came after the instants that were most like now, by their values or their changes. Level by level
they are mixed by second-order Bernstein aggregation on the pinball loss; the forecast is what comes
out, sorted. Its mean is mixed the same way, by the square loss.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from forecast.blend import boa_blend, boa_floats, boa_learn
from forecast.compiled import compiled
from forecast.distribution import LEVEL, SCORES, N, within
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
from forecast.neighbours import (
    KEPT,
    NEIGHBOURS_FLOATS,
    NEIGHBOURS_INTS,
    neighbours_few,
    neighbours_near,
    neighbours_note,
    sample_quantile,
    successors,
)
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
from forecast.numbers.grain import (
    GRAIN_FLOATS,
    grain_learn,
    grain_of,
    grain_write,
    repeated,
)
from forecast.numbers.lattice import (
    LATTICE_FLOATS,
    ORIGIN,
    lattice_begin,
    lattice_learn,
    lattice_pitch,
)
from forecast.numbers.level import (
    level_begin,
    level_floats,
    level_learn,
    level_median,
    level_rate,
    level_stand,
    level_weigh,
)
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
    REFUSED,
    SERIES_FLOATS,
    SERIES_INTS,
    TIME,
    cell_of,
    recent_range,
    screen,
    series_begin,
    series_learn,
    series_pass,
    turn,
    unit_of,
)
from forecast.numbers.shape import shape_learn
from forecast.numbers.smoothing import (
    smoothing_floats,
    smoothing_learn,
    smoothing_says,
)
from forecast.numbers.width import WIDTH_FLOATS, widen, width_learn
from forecast.rate import bounded

# The experts that give a location; the last two need a season.
LAST_VALUE, MEMORIES, REGRESSION, SAME_CHANGE, SMOOTHED = range(5)
# After them come the neighbours: those near by value, the nearest of these, those near by change;
# how many are wanted, and the room for those that are about as near.
NEAR_MANY, NEAR_FEW, ALIKE = 36, 10, 18
ROOM_MANY, ROOM_FEW, ROOM_ALIKE = 64, 16, 32
NEIGHBOURS = 3
# Where they stand among what was found for a question: how many, then what came after them.
FOUND = np.array([0, 1 + ROOM_MANY, 2 + ROOM_MANY + ROOM_FEW])
FOUND_FLOATS = 3 + ROOM_MANY + ROOM_FEW + ROOM_ALIKE

AUTO_LAGS = 24
AROUND = 9  # slots of the profile that the regression sees on each side of a target's phase
MOST_SLOTS = 26
MARGIN = 0.25  # of the recent range, by which a location may leave it
FORGET = 0.002  # of the experts' regret, at each point
ON = 1e-9  # mean errors: so near a quantile an answer lies on it
SQUARE_BOUND = 10.0  # mean errors: the mean is taught by no more at once
AT_ONCE = 4  # bands that are taught by one point
APART = 4  # horizons that have a band each; of more, those of an octave share one

# The plan stands at the head of the integers: sizes, and where the parts of a channel begin.
(
    CHANNELS,
    SEASON,
    LOCATED,
    BANDS,
    NEAR,
    AT_HORIZONS,
    AT_BANDS,
    AT_SLOTS,
    AT_CHANNELS,
    AT_LEVEL,
    AT_SEASON,
    AT_SMOOTHING,
    AT_REGRESSION,
    AT_NEIGHBOURS,
    AT_EXPERTS,
    AT_MIXES,
    AT_WIDTHS,
    AT_GRAINS,
    AT_BOUNDS,
    AT_LATTICE,
    AT_ASKED,
    AT_FOUND,
    CHANNEL_FLOATS,
    PLAN,
) = range(24)
CHANNEL_INTS = SERIES_INTS + REGRESSION_INTS + 2 * NEIGHBOURS_INTS
EXPERT_FLOATS = SPREAD_FLOATS + N  # the spread and the shape of one expert's errors in one band
MEAN = N  # the mean is mixed as one more level
MIXES = N // 2 + 2  # weights are learned at every second level, and for the mean


@compiled
def _channel(f, i, c):
    """The floats and integers of one channel: its own, the series', regression's, neighbours'."""
    at = i[AT_CHANNELS] + c * CHANNEL_INTS
    return (
        f[c * i[CHANNEL_FLOATS] : (c + 1) * i[CHANNEL_FLOATS]],
        i[at : at + SERIES_INTS],
        i[at + SERIES_INTS : at + SERIES_INTS + REGRESSION_INTS],
        i[at + SERIES_INTS + REGRESSION_INTS : at + CHANNEL_INTS],
    )


@compiled
def _asked_at(plan, horizons, time):
    """Where the questions of an instant stand: unit, then location and scale by horizon, expert."""
    longest = horizons[len(horizons) - 1]
    return plan[AT_ASKED] + turn(time, longest) * (1 + 2 * len(horizons) * plan[LOCATED])


@compiled
def _found(f, plan, horizons, time, h):
    """What neighbours said at an instant about a horizon that is near enough."""
    longest = horizons[plan[NEAR] - 1]
    at = plan[AT_FOUND] + (turn(time, longest) * plan[NEAR] + h) * FOUND_FLOATS
    return f[at : at + FOUND_FLOATS]


@compiled
def _say(f, plan, horizons, band, h, time):
    """What each expert says of a horizon, asked at an instant: quantiles and mean, [N + 1, K]."""
    located = plan[LOCATED]
    near = h < plan[NEAR]
    said = np.empty((N + 1, located + NEIGHBOURS if near else located))
    at = _asked_at(plan, horizons, time) + 1 + 2 * h * located
    shape = plan[AT_EXPERTS] + band * located * EXPERT_FLOATS + SPREAD_FLOATS
    for k in range(located):
        location, scale = f[at + 2 * k], f[at + 2 * k + 1]
        for p in range(N):
            said[p, k] = location + scale * f[shape + p]
        said[MEAN, k] = location
        shape += EXPERT_FLOATS
    if near:
        found = _found(f, plan, horizons, time, h)
        for k in range(NEIGHBOURS):
            first = FOUND[k] + 1
            sample = found[first : first + int(found[FOUND[k]])]
            _sample(sample, f[at], said[:, located + k])
    return said


@compiled
def _spread(f):
    """The mean |error| of an expert, in those of the regression; as large before there is one."""
    return max(spread_of(f), SMALLEST) if f[SEEN] > 0.0 else 1.0


@compiled
def _sample(values, otherwise, out):
    """Quantiles and mean of a rising sample, [N + 1]; ``otherwise`` where it is empty."""
    n = len(values)
    total = 0.0
    for value in values:
        total += value - otherwise
    for p in range(N):
        out[p] = sample_quantile(values, n, LEVEL[p]) if n > 0 else otherwise
    out[MEAN] = otherwise + total / n if n > 0 else otherwise


@compiled
def _mixes(f, plan, band):
    """The weights of a band: one aggregation for every second level, and one for the mean."""
    size = boa_floats(plan[LOCATED] + NEIGHBOURS)
    at = plan[AT_MIXES] + band * MIXES * size
    return f[at : at + MIXES * size].reshape((MIXES, size))


@compiled
def _mix(f, plan, band, said, blends):
    """Mix the experts level by level: quantiles, which may not rise yet, and mean, [N + 1].

    A level without weights of its own takes the mean of those beside it.
    """
    mixes = _mixes(f, plan, band)
    for m in range(MIXES - 1):
        blends[2 * m] = boa_blend(mixes[m], said[2 * m])
    for m in range(MIXES - 2):
        p = 2 * m + 1
        blends[p] = 0.5 * (boa_blend(mixes[m], said[p]) + boa_blend(mixes[m + 1], said[p]))
    blends[MEAN] = boa_blend(mixes[MIXES - 1], said[MEAN])


@compiled
def _mix_learn(f, plan, band, said, blends, error, overlap, y):
    """Move the weights of the levels by the pinball loss, and those of the mean by the square."""
    mixes = _mixes(f, plan, band)
    for m in range(MIXES - 1):
        p = 2 * m
        # d/dx of the pinball loss (y - x)(p - 1[y < x]); 0 where y lies on the quantile
        gradient = (1.0 if y < blends[p] else 0.0) - LEVEL[p]
        if abs(y - blends[p]) <= ON * error:
            gradient = 0.0
        boa_learn(mixes[m], said[p], blends[p], gradient, FORGET / overlap, overlap)
    # d/dx of (y - x)^2 / 2
    gradient = bounded(blends[MEAN] - y, SQUARE_BOUND * error)
    boa_learn(mixes[MIXES - 1], said[MEAN], blends[MEAN], gradient, FORGET / overlap, overlap)


@compiled
def _sort(values):
    """Put quantiles that are nearly in order into order."""
    for p in range(1, len(values)):
        value, place = values[p], p
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def _answer(f, plan, series, regression, horizons, band, h, apart, y):
    """Score every expert on what ``y`` answers; move weights, shapes and scales of the band.

    ``apart`` instants lie between two answers that teach the same horizon: those that come later
    than that overlap.
    """
    time = series[TIME] - horizons[h]
    at = _asked_at(plan, horizons, time)
    unit = f[at]
    if time < 0 or unit <= 0.0:
        return
    level = f[plan[AT_LEVEL] : plan[AT_SEASON]]
    level_weigh(level, plan[BANDS], band, time, unit, y - _deviation(f, plan, series, y))
    said = _say(f, plan, horizons, band, h, time)
    blends = np.empty(N + 1)
    _mix(f, plan, band, said, blends)
    overlap = max(1.0, horizons[h] / apart)
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    error = unit * regression_error(rows, regression, horizons[h], h)
    _mix_learn(f, plan, band, said, blends, error, overlap, y)
    values = blends[:N]
    _sort(values)
    width = f[plan[AT_WIDTHS] + band * WIDTH_FLOATS : plan[AT_WIDTHS] + (band + 1) * WIDTH_FLOATS]
    widen(width, values)
    width_learn(width, values, overlap, y)
    cell = cell_of(f)
    if cell > 0.0:
        atoms = np.empty(ROOM_MANY)
        count = _atoms(f, plan, horizons, h, time, atoms)
        grains = _grain(f, plan, band)
        bounds = f[plan[AT_BOUNDS] : plan[AT_LATTICE]]
        grain_learn(grains, values, atoms[:count], bounds, FLOOR * f[LONG], cell, y)
    at += 1 + 2 * h * plan[LOCATED]
    expert = plan[AT_EXPERTS] + band * plan[LOCATED] * EXPERT_FLOATS
    for k in range(plan[LOCATED]):
        off = y - f[at + 2 * k]
        spread_learn(f[expert : expert + SPREAD_FLOATS], off / error, overlap)
        shape = f[expert + SPREAD_FLOATS : expert + EXPERT_FLOATS]
        shape_learn(shape, off / f[at + 2 * k + 1], f[expert + SEEN], overlap)
        expert += EXPERT_FLOATS


@compiled
def _deviation(f, plan, series, y):
    """What the profile expects of this instant; the last value or the first, before it can."""
    S = plan[SEASON]
    season = f[plan[AT_SEASON] : plan[AT_SMOOTHING]]
    otherwise = f[LAST] if series[OBSERVED] > 0 else y
    return season_value(season, S, series[TIME], otherwise) if S > 0 else 0.0


@compiled
def _grain(f, plan, band):
    """The log scores of a band's grains."""
    at = plan[AT_GRAINS] + band * GRAIN_FLOATS
    return f[at : at + GRAIN_FLOATS]


@compiled
def _atoms(f, plan, horizons, h, time, out):
    """Values that came more than once after the neighbours, rising; returns how many."""
    if h >= plan[NEAR]:
        return 0
    found = _found(f, plan, horizons, time, h)
    return repeated(found[1 : 1 + int(found[0])], out)


@compiled
def _locate(f, plan, regression, horizons, bands, time, unit, asked):
    """Where each expert expects the series at each horizon, and how far off: location and scale."""
    located = plan[LOCATED]
    own, spreads = np.empty(located), np.empty(located)
    S, last = plan[SEASON], f[LAST]
    season = f[plan[AT_SEASON] : plan[AT_SMOOTHING]]
    smoothing = f[plan[AT_SMOOTHING] : plan[AT_REGRESSION]]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    low, high = recent_range(f, MARGIN)
    level = 0.0
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            level = level_median(f[plan[AT_LEVEL] : plan[AT_SEASON]], bands[h])
            first = plan[AT_EXPERTS] + bands[h] * located * EXPERT_FLOATS
            for k in range(located):
                spreads[k] = _spread(f[first + k * EXPERT_FLOATS :][:SPREAD_FLOATS])
        own[LAST_VALUE], own[MEMORIES] = last, level
        own[REGRESSION] = regression_says(rows, regression, time, h)
        if S > 0:
            phase = (time + horizons[h]) % S
            own[MEMORIES] += season_value(season, S, phase, last)
            own[SAME_CHANGE] = last + season_change(season, S, time, horizons[h])
            own[SMOOTHED] = smoothing_says(smoothing, S, phase, last)
        error = unit * regression_error(rows, regression, horizons[h], h)
        for k in range(located):
            asked[2 * k] = max(low, min(high, own[k]))
            asked[2 * k + 1] = error * spreads[k]
        asked = asked[2 * located :]


@compiled
def _ask(f, plan, series, regression, neighbours, moves, channel):
    """Ask every expert about every horizon, and keep what it says until the answers come."""
    S = plan[SEASON]
    horizons = plan[plan[AT_HORIZONS] : plan[AT_BANDS]]
    bands = plan[plan[AT_BANDS] : plan[AT_SLOTS]]
    slots = plan[plan[AT_SLOTS] : plan[AT_CHANNELS]]
    time = series[TIME] - 1
    unit = unit_of(f)
    season = f[plan[AT_SEASON] : plan[AT_SMOOTHING]]
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
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    regression_ask(rows, regression, time, f[LAST], unit, more[:m])
    level_stand(f[plan[AT_LEVEL] : plan[AT_SEASON]], plan[BANDS], time)
    at = _asked_at(plan, horizons, time)
    f[at] = unit
    _locate(f, plan, regression, horizons, bands, time, unit, f[at + 1 :])
    for h in range(plan[NEAR]):
        _find(f, plan, neighbours, horizons[h], _found(f, plan, horizons, time, h))


@compiled
def _find(f, plan, neighbours, horizon, found):
    """Find the neighbours of now for a horizon, and keep what came after them."""
    values, changes = _cases(f, plan)
    of_values, of_changes = neighbours[:NEIGHBOURS_INTS], neighbours[NEIGHBOURS_INTS:]
    many, few = np.empty(KEPT, np.int64), np.empty(ROOM_MANY, np.int64)
    n = min(ROOM_MANY, neighbours_near(values, of_values, NEAR_MANY, horizon, many))
    _keep(values, of_values, many[:n], horizon, False, found[FOUND[0] :])
    fewer = min(ROOM_FEW, neighbours_few(values, NEAR_FEW, many[:n], few))
    _keep(values, of_values, few[:fewer], horizon, False, found[FOUND[1] :])
    n = min(ROOM_ALIKE, neighbours_near(changes, of_changes, ALIKE, horizon, many))
    _keep(values, of_values, many[:n], horizon, True, found[FOUND[2] :])


@compiled
def _keep(values, of_values, lags, horizon, anchored, found):
    """How many neighbours, and what came after them."""
    found[0] = len(lags)
    successors(values, of_values, lags, horizon, anchored, found[1 : 1 + len(lags)])


@compiled
def _cases(f, plan):
    """The instants that are remembered by value, and by change."""
    first = plan[AT_NEIGHBOURS]
    second = first + NEIGHBOURS_FLOATS
    return f[first:second], f[second : second + NEIGHBOURS_FLOATS]


@compiled
def _stand_in(f, plan, time):
    """What a value that did not come is thought to be: the last, changed as the profile does."""
    S = plan[SEASON]
    if S == 0:
        return f[LAST]
    season = f[plan[AT_SEASON] : plan[AT_SMOOTHING]]
    before = season_value(season, S, time + S - 1, f[LAST])
    return f[LAST] + season_value(season, S, time, before) - before


@compiled
def _learn_channel(f, plan, series, regression, neighbours, y):
    """Screen the value; answer what it answers; move what is believed."""
    S = plan[SEASON]
    horizons = plan[plan[AT_HORIZONS] : plan[AT_BANDS]]
    level = f[plan[AT_LEVEL] : plan[AT_SEASON]]
    season = f[plan[AT_SEASON] : plan[AT_SMOOTHING]]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    time = series[TIME]
    bounds = f[plan[AT_BOUNDS] : plan[AT_LATTICE]]
    allowed = bounds_allow(bounds, y)
    series[REFUSED] += 0 if allowed else 1
    observed = allowed and screen(f, series, y) == LEARN
    if observed:
        _answer_in_turn(f, plan, series, regression, horizons, y)
        regression_learn(rows, regression, horizons, time, y)
        level_learn(level, y - _deviation(f, plan, series, y))
        last = f[LAST] if series[OBSERVED] > 0 else math.nan
        bounds_learn(bounds, y, last)
        lattice_learn(f[plan[AT_LATTICE] : plan[AT_ASKED]], y, FLOOR * f[LONG])
        series_learn(f, series, y)
    else:
        series_pass(f, series, _stand_in(f, plan, time))
    if series[OBSERVED] > 0:
        season_learn(season, S, time, f[LAST], observed)
        smoothing_learn(f[plan[AT_SMOOTHING] : plan[AT_REGRESSION]], S, time, f[LAST])
        regression_note(rows, regression, time, f[LAST], f[LAST] - f[BEFORE])
        values, changes = _cases(f, plan)
        neighbours_note(values, neighbours[:NEIGHBOURS_INTS], f[LAST])
        neighbours_note(changes, neighbours[NEIGHBOURS_INTS:], f[LAST] - f[BEFORE])


@compiled
def _answer_in_turn(f, plan, series, regression, horizons, y):
    """Answer one question of a band, of a few bands: bands take turns, and the horizons in each."""
    bands = plan[plan[AT_BANDS] : plan[AT_SLOTS]]
    time = series[TIME]
    turns = (plan[BANDS] + AT_ONCE - 1) // AT_ONCE
    first = 0
    while first < len(horizons):
        band, wide = bands[first], 1
        while first + wide < len(horizons) and bands[first + wide] == band:
            wide += 1
        h = first + turn(time // turns, wide)
        if (time + band) % turns == 0 and time >= horizons[h]:
            _answer(f, plan, series, regression, horizons, band, h, wide * turns, y)
        first += wide


@compiled
def forecaster_learn(floats, i, y):
    """Be told: answer the open questions, move what is believed, and ask anew."""
    moves = np.empty(i[CHANNELS])
    for c in range(i[CHANNELS]):
        f, series, regression, neighbours = _channel(floats, i, c)
        _learn_channel(f, i, series, regression, neighbours, y[c])
        unit = unit_of(f)
        moves[c] = (f[LAST] - f[BEFORE]) / unit if unit > 0.0 else 0.0
    for c in range(i[CHANNELS]):
        f, series, regression, neighbours = _channel(floats, i, c)
        if series[OBSERVED] > 0:
            _ask(f, i, series, regression, neighbours, moves, c)


@compiled
def forecaster_ask(f, i, c, h, row):
    """Write the forecast of a channel for one horizon: the experts' quantiles, mixed and sorted."""
    channel, series, _, _ = _channel(f, i, c)
    if series[OBSERVED] == 0:
        write_unknown(row)
        return
    bounds = channel[i[AT_BOUNDS] : i[AT_LATTICE]]
    if channel[LONG] <= 0.0:
        write_certain(row, channel[LAST])
        row[BOUNDS], row[BOUNDS + 1] = bounds_told(bounds)
        return
    horizons = i[i[AT_HORIZONS] : i[AT_BANDS]]
    band = i[i[AT_BANDS] + h]
    time = series[TIME] - 1
    said = _say(channel, i, horizons, band, h, time)
    blends = np.empty(N + 1)
    _mix(channel, i, band, said, blends)
    values = blends[:N]
    _sort(values)
    widen(channel[i[AT_WIDTHS] + band * WIDTH_FLOATS :], values)
    atoms = np.empty(ROOM_MANY)
    count = _atoms(channel, i, horizons, h, time, atoms)
    grain = grain_of(_grain(channel, i, band))
    out = row[VALUES:BOUNDS]
    left, right = grain_write(grain, values, atoms[:count], FLOOR * channel[LONG], out)
    row[FAMILY] = QUANTILES
    row[CELL] = cell_of(channel)
    left, right = bounds_write(bounds, out, left, right, row[CELL])
    row[BOUNDS], row[BOUNDS + 1] = bounds_told(bounds)
    lattice = channel[i[AT_LATTICE] : i[AT_ASKED]]
    row[LATTICE], row[LATTICE + 1] = lattice[ORIGIN], lattice_pitch(lattice)
    low, high = bounds_known(bounds)
    row[LOCATION] = within(blends[MEAN], low, high)
    row[RATE] = level_rate(channel[i[AT_LEVEL] : i[AT_SEASON]], band)
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


def bands_of(horizons: Sequence[int]) -> list[int]:
    """Which band each horizon is in: one each if they are few, else those of an octave share one.

    Examples
    --------
    >>> bands_of((1, 12)), bands_of(range(1, 10))
    ([0, 1], [0, 1, 1, 2, 2, 2, 2, 3, 3])
    """
    if len(horizons) <= APART:
        return list(range(len(horizons)))
    octaves = [int(h).bit_length() for h in horizons]
    return [sorted(set(octaves)).index(octave) for octave in octaves]


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
        bounds: tuple[float | None, float | None] = (None, None),
    ) -> None:
        self.season = checked_season(season, step)
        self.bounds = checked_bounds(bounds)
        horizons = checked_horizons(horizons)
        H, longest, S = len(horizons), horizons[-1], self.season
        bands, slots = bands_of(horizons), profile_slots(horizons, S)
        near = H if H <= APART else sum(h < APART for h in horizons)
        located = SMOOTHED + 1 if S else REGRESSION + 1
        features = 1 + AUTO_LAGS + len(SLOW) + len(slots) + channels - 1
        # features that are always 0 round their number up to whole vector registers
        features += -features % 4
        B, K = bands[-1] + 1, located + NEIGHBOURS

        state = Layout()
        plan = np.zeros(PLAN, np.int64)
        plan[CHANNELS], plan[SEASON], plan[LOCATED] = channels, S, located
        plan[BANDS], plan[NEAR] = B, near
        state.ints("plan", PLAN)
        plan[AT_HORIZONS] = state.ints("horizons", H)
        plan[AT_BANDS] = state.ints("bands", H)
        plan[AT_SLOTS] = state.ints("slots", len(slots))
        plan[AT_CHANNELS] = state.ints("counts", channels, CHANNEL_INTS)
        for c in range(channels):
            of = f"{c}." if channels > 1 else ""
            first = state.floats(of + "series", SERIES_FLOATS)
            plan[AT_LEVEL] = state.floats(of + "level", level_floats(B, longest)) - first
            plan[AT_SEASON] = state.floats(of + "season", season_floats(S, longest)) - first
            plan[AT_SMOOTHING] = state.floats(of + "smoothing", smoothing_floats(S)) - first
            size = regression_floats(features, AUTO_LAGS, H, longest)
            plan[AT_REGRESSION] = state.floats(of + "regression", size) - first
            plan[AT_NEIGHBOURS] = state.floats(of + "neighbours", 2, NEIGHBOURS_FLOATS) - first
            plan[AT_EXPERTS] = state.floats(of + "experts", B, located, EXPERT_FLOATS) - first
            plan[AT_MIXES] = state.floats(of + "mixes", B, MIXES, boa_floats(K)) - first
            plan[AT_WIDTHS] = state.floats(of + "widths", B, WIDTH_FLOATS) - first
            plan[AT_GRAINS] = state.floats(of + "grains", B, GRAIN_FLOATS) - first
            plan[AT_BOUNDS] = state.floats(of + "bounds", BOUNDS_FLOATS) - first
            plan[AT_LATTICE] = state.floats(of + "lattice", LATTICE_FLOATS) - first
            plan[AT_ASKED] = state.floats(of + "asked", longest, 1 + 2 * H * located) - first
            rings = horizons[near - 1] if near else 0
            plan[AT_FOUND] = state.floats(of + "found", rings, near, FOUND_FLOATS) - first
            plan[CHANNEL_FLOATS] = state.n_floats - first
        super().__init__(state, horizons, channels)
        self.view("plan")[:] = plan
        self.view("horizons")[:] = horizons
        self.view("bands")[:] = bands
        self.view("slots")[:] = slots
        for c in range(channels):
            self._begin(f"{c}." if channels > 1 else "", self.view("counts")[c], features)

    def _begin(self, of: str, counts: np.ndarray, features: int) -> None:
        """Every model of a channel begins empty, every expert with the same weight."""
        H, longest = len(self.horizons), self.horizons[-1]
        plan = self.view("plan")
        series_begin(self.view(of + "series"), counts[:SERIES_INTS], max(48, self.season // 2))
        bounds_begin(self.view(of + "bounds"), self.bounds)
        lattice_begin(self.view(of + "lattice"))
        level_begin(self.view(of + "level"), plan[BANDS])
        rows = self.view(of + "regression")
        sizes = counts[SERIES_INTS : SERIES_INTS + REGRESSION_INTS]
        regression_begin(rows, sizes, AUTO_LAGS, features, H, longest)
        spread = np.empty(SPREAD_FLOATS)
        spread_begin(spread)
        self.view(of + "experts")[:] = np.concatenate([spread, SCORES])
        for band in range(plan[BANDS]):
            heard = plan[LOCATED] + (NEIGHBOURS if self._is_near(band) else 0)
            self.view(of + "mixes")[band, :, :heard] = 1.0 / heard

    def _is_near(self, band: int) -> bool:
        """Whether the horizons of a band are near enough for neighbours to speak of them."""
        near = int(self.view("plan")[NEAR])
        return bool((self.view("bands")[:near] == band).any())

    def moved(self, before: "NumberForecaster") -> np.ndarray:
        """The regret that each expert is given at each level, of the first channel and horizon.

        It is read back from R <- (1 - forget) R + r - eta r^2, over the largest before.
        """
        name = "mixes" if self.channels == 1 else "0.mixes"
        # [weights, R, V, E] of each expert at each level; the mean is no level
        _, R, V, E = np.split(self.view(name)[0, :-1], 4, axis=1)
        _, R_before, V_before, E_before = np.split(before.view(name)[0, :-1], 4, axis=1)
        eta = np.minimum(0.5 / E, np.sqrt(math.log(R.shape[1]) / V))
        square = np.maximum(V - (1.0 - FORGET) * V_before, 0.0)
        regret: np.ndarray = (R - (1.0 - FORGET) * R_before + eta * square) / E_before
        return regret.ravel()

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {
            "horizons": self.horizons,
            "season": self.season,
            "channels": self.channels,
            "bounds": self.bounds,
        }
