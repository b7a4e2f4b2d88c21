"""What a person who tunes nothing gets: few different experts, mixed for what each is good at.

Every channel has a last value, a level, a regression on its differences, and the thousand instants
before now, of which those most like now are neighbours. Each season that is told or found adds
three: a regression that sees its profile, the change of a season ago, a smoothed season. Columns
that are known beside the series add one. What they say is mixed by a pool, one for each band of
horizons.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from forecast.compiled import compiled
from forecast.distribution import LEVEL, N, within
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
    HELD,
    NEIGHBOURS_FLOATS,
    NEIGHBOURS_INTS,
    latest,
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
from forecast.numbers.context import (
    CONTEXT_INTS,
    FEATURES,
    context_ask,
    context_begin,
    context_features_of,
    context_floats,
    context_learn,
    context_says,
    context_see,
)
from forecast.numbers.grain import repeated
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
    level_shift,
    level_stand,
    level_weigh,
)
from forecast.numbers.period import LONGEST as LONGEST_PERIOD
from forecast.numbers.period import alike, path_of, period_of, week_of
from forecast.numbers.pool import (
    FIRST,
    FORGET,
    MEAN,
    MIXED,
    NEIGHBOURS,
    SAID,
    pool_begin,
    pool_floats,
    pool_join,
    pool_learn,
    pool_mixes,
    pool_spreads,
    pool_write,
)
from forecast.numbers.regression import (
    REGRESSION_INTS,
    SLOW,
    regression_ask,
    regression_begin,
    regression_error,
    regression_floats,
    regression_inherit,
    regression_learn,
    regression_note,
    regression_says,
    regression_sees,
)
from forecast.numbers.season import (
    checked_season,
    season_change,
    season_expects,
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
from forecast.numbers.smoothing import (
    smoothing_floats,
    smoothing_learn,
    smoothing_says,
)

# The experts that give a location; what is known beside adds one, each season three more.
LAST_VALUE, MEMORIES, REGRESSION = range(FIRST)
BESIDE = FIRST
WITH_PROFILE, SAME_CHANGE, SMOOTHED = range(3)
SEASONAL = 3
# how people call them, in the order in which a pool hears them
PLAIN_NAMES = ("last value", "level", "regression")
NEAR_NAMES = ("neighbours", "nearest neighbours", "neighbours by change")
SEASONAL_NAMES = ("regression with season", "change of season", "smoothed season")
SEASONS = 2  # that are found at most: a day, say, and its week
# The neighbours: those near by value, the nearest of these, those near by change; how many are
# wanted, and the room for those that are about as near.
NEAR_MANY, NEAR_FEW, ALIKE = 36, 10, 18
ROOM_MANY, ROOM_FEW, ROOM_ALIKE = 64, 16, 32
# what is found for a question: what the neighbours say, how many values came more than once, which
ATOMS = NEIGHBOURS * SAID
FOUND_FLOATS = ATOMS + 1 + ROOM_MANY // 2

AUTO_LAGS = 24
AROUND = 9  # slots of a profile that its regression sees on each side of a target's phase
MOST_SLOTS = 26
MARGIN = 0.25  # of the recent range, by which a location may leave it
OFTEN, SELDOM = 4, 2  # every so many points far horizons teach: a fourth as far, but no more
BEYOND = 1e75  # its fourth power is infinite: such a value is refused
APART = 4  # horizons that have a band each; of more, those of an octave share one
NEAREST = 100  # instants ahead for which neighbours are asked
FIRST_LOOK = 30  # instants before a season is looked for; then whenever a fourth more have come
CLEARLY = 0.25  # by so much a season that is found must be more alike than the one in force

# The plan stands at the head of the integers: sizes, and where the parts of a channel begin.
(
    CHANNELS,
    NATURAL,  # the season to begin with, 0 for none
    SEARCH,  # 1 if seasons are looked for
    SLOTS,  # seasons there is room for
    NOW,  # columns that are seen beside each observation
    AHEAD,  # columns that are known of the row of an answer
    PLAIN,  # experts that give a location before there is a season
    MOST,  # experts that give a location, with those of all these
    BANDS,
    NEAR,
    SHARED,  # features that every regression of a channel has
    AT_HORIZONS,
    AT_BANDS,
    AT_CHANNELS,
    CHANNEL_INTS,
    AT_LEVEL,
    AT_REGRESSION,
    AT_NEIGHBOURS,
    AT_CONTEXT,
    AT_SEASONS,
    AT_POOLS,
    POOL,
    AT_BOUNDS,
    AT_LATTICE,
    AT_NOW,
    AT_ASKED,
    AT_FOUND,
    SEASON,
    AT_SMOOTHING,  # within a season
    AT_WITH_PROFILE,
    CHANNEL_FLOATS,
    PLAN,
) = range(32)
# integers of a channel after those of its series, regression, context and two kinds of neighbours
IN_FORCE, NEXT_LOOK, SEASON_INTS = range(3)
# and then of each season: period, how many slots of its profile are seen, which, its regression
PERIOD, SEEN_SLOTS, SLOT = range(3)
AT_SIZES = SLOT + MOST_SLOTS
SLOT_INTS = AT_SIZES + REGRESSION_INTS


@compiled
def _channel(f, i, c):
    """The floats of one channel; its integers: the series', regression's, neighbours', seasons'.

    Those of the context stand right after the regression's.
    """
    at = i[AT_CHANNELS] + c * i[CHANNEL_INTS]
    regression = at + SERIES_INTS
    neighbours = regression + REGRESSION_INTS + CONTEXT_INTS
    seasons = neighbours + 2 * NEIGHBOURS_INTS
    return (
        f[c * i[CHANNEL_FLOATS] : (c + 1) * i[CHANNEL_FLOATS]],
        i[at:regression],
        i[regression:neighbours],
        i[neighbours:seasons],
        i[seasons : at + i[CHANNEL_INTS]],
    )


@compiled
def _season(f, plan, seasons, s):
    """Period, profile, smoothed season and regression of a season, and the integers of these."""
    first = SEASON_INTS + s * SLOT_INTS
    counts = seasons[first : first + SLOT_INTS]
    at = plan[AT_SEASONS] + s * plan[SEASON]
    smoothing, regression = at + plan[AT_SMOOTHING], at + plan[AT_WITH_PROFILE]
    return (
        counts[PERIOD],
        f[at:smoothing],
        f[smoothing:regression],
        f[regression : at + plan[SEASON]],
        counts,
    )


@compiled
def _located(plan, seasons):
    """How many experts give a location."""
    return plan[PLAIN] + SEASONAL * seasons[IN_FORCE]


@compiled
def _expected(f, plan, seasons, instant):
    """What the longest season expects of an instant; 0 without one."""
    if seasons[IN_FORCE] == 0:
        return 0.0
    S, profile, _, _, _ = _season(f, plan, seasons, seasons[IN_FORCE] - 1)
    return season_expects(profile, S, instant)


# ---- what is asked, and where it waits for its answer --------------------------------------------


@compiled
def _every(horizons, h):
    """Every so many points a band is taught whose first horizon is the h-th.

    Its answers share the more instants the further ahead they are: most would tell nothing new.
    """
    return 1 if len(horizons) <= APART else max(1, min(SELDOM, horizons[h] // OFTEN))


@compiled
def _wide(bands, first):
    """How many horizons the band has that begins at ``first``."""
    wide = 1
    while first + wide < len(bands) and bands[first + wide] == bands[first]:
        wide += 1
    return wide


@compiled
def _taught(horizons, bands, first, wide, time):
    """Which of the ``wide`` horizons from ``first`` on, a band's, an instant teaches; -1 for none.

    They take turns.
    """
    every = _every(horizons, first)
    if (time + bands[first]) % every != 0:
        return -1
    return first + turn(time // every, wide)


@compiled
def _waiting(f, plan, horizons, band, time):
    """What a band was asked that an instant answers: unit, then location and scale of each."""
    size = 1 + 2 * plan[MOST]
    place = turn(time, horizons[len(horizons) - 1]) * plan[BANDS] + band
    return f[plan[AT_ASKED] + place * size : plan[AT_ASKED] + (place + 1) * size]


@compiled
def _found(f, plan, place, h):
    """What was found for a near horizon: now at place 0, else for the answer of an instant."""
    at = plan[AT_FOUND] + (place * plan[NEAR] + h) * FOUND_FLOATS
    return f[at : at + FOUND_FLOATS]


@compiled
def _found_for(f, plan, horizons, time, h):
    """What was found for the answer that an instant gives."""
    return _found(f, plan, 1 + turn(time, horizons[plan[NEAR] - 1]), h)


@compiled
def _atoms(found):
    """The values that came more than once after the neighbours, rising."""
    return found[ATOMS + 1 : ATOMS + 1 + int(found[ATOMS])]


@compiled
def _said(found):
    """What the neighbours say, [NEIGHBOURS, SAID]."""
    return found[:ATOMS].reshape((NEIGHBOURS, SAID))


@compiled
def _now(f, plan, h):
    """Location and scale of each expert for a horizon, asked at this instant."""
    size = 2 * plan[MOST]
    return f[plan[AT_NOW] + h * size : plan[AT_NOW] + (h + 1) * size]


@compiled
def _pool(f, plan, band):
    """The pool of a band."""
    return f[plan[AT_POOLS] + band * plan[POOL] : plan[AT_POOLS] + (band + 1) * plan[POOL]]


# ---- learning ------------------------------------------------------------------------------------


@compiled
def _answer(f, plan, series, regression, seasons, horizons, first, h, y):
    """Teach the pool of a band, and its level, by what ``y`` answers."""
    time, band = series[TIME], plan[plan[AT_BANDS] + h]
    asked = _waiting(f, plan, horizons, band, time)
    unit = asked[0]
    if time < horizons[h] or unit <= 0.0:
        return
    level = f[plan[AT_LEVEL] : plan[AT_REGRESSION]]
    off = y - _expected(f, plan, seasons, time)
    level_weigh(level, plan[BANDS], band, time - horizons[h], unit, off)
    near = h < plan[NEAR]
    found = _found_for(f, plan, horizons, time, h) if near else f[:FOUND_FLOATS]
    atoms = _atoms(found) if near else found[:0]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    error = unit * regression_error(rows, regression, horizons[h], h)
    # the answers that teach a band share so many instants
    overlap = max(1.0, horizons[h] / _every(horizons, first))
    pool, located = _pool(f, plan, band), _located(plan, seasons)
    if plan[PLAIN] > FIRST:
        context, sizes = _context(f, plan, regression)
        context_learn(context, sizes, band, time, overlap, y)
    least, cell = FLOOR * f[LONG], cell_of(f)
    bounds = f[plan[AT_BOUNDS] : plan[AT_LATTICE]]
    most, said, horizon = plan[MOST], _said(found), horizons[h]
    # fmt: off
    pool_learn(
        pool, most, located, near, asked[1:], said, atoms, bounds,
        error, horizon, overlap, least, cell, y,
    )
    # fmt: on


@compiled
def _stand_in(f, plan, seasons, time):
    """What a value that did not come is thought to be: the last, changed as the profile does."""
    if seasons[IN_FORCE] == 0:
        return f[LAST]
    S, profile, _, _, _ = _season(f, plan, seasons, seasons[IN_FORCE] - 1)
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
                h = _taught(horizons, bands, first, _wide(bands, first), time)
                if h >= 0:
                    _answer(f, plan, series, regression, seasons, horizons, first, h, y)
        regression_learn(rows, regression, horizons, time, y)
        for s in range(seasons[IN_FORCE]):
            _, _, _, own, counts = _season(f, plan, seasons, s)
            regression_learn(own, counts[AT_SIZES:], horizons, time, y)
        level_learn(f[plan[AT_LEVEL] : plan[AT_REGRESSION]], y - _expected(f, plan, seasons, time))
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
        S, profile, smoothing, own, counts = _season(f, plan, seasons, s)
        season_learn(profile, S, time, f[LAST], observed)
        smoothing_learn(smoothing, S, time, f[LAST])
        regression_note(own, counts[AT_SIZES:], time, f[LAST], difference)
    values, changes = _cases(f, plan)
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
        f, series, regression, neighbours, seasons = _channel(floats, i, c)
        _learn_channel(f, i, series, regression, neighbours, seasons, y[c])
        if series[OBSERVED] > 0 and series[TIME] >= seasons[NEXT_LOOK]:
            _look(f, i, series, regression, neighbours, seasons)
        unit = unit_of(f)
        moves[c] = (f[LAST] - f[BEFORE]) / unit if unit > 0.0 else 0.0
    for c in range(i[CHANNELS]):
        f, series, regression, neighbours, seasons = _channel(floats, i, c)
        if series[OBSERVED] > 0:
            _ask(f, i, series, regression, neighbours, seasons, moves, x, c)


# ---- seasons -------------------------------------------------------------------------------------


@compiled
def _look(f, plan, series, regression, neighbours, seasons):
    """Look for seasons in what is remembered, and say when to look again."""
    time = series[TIME]
    if plan[NATURAL] > 0 and seasons[SEASON_INTS + PERIOD] == 0:
        if time < plan[NATURAL]:
            seasons[NEXT_LOOK] = plan[NATURAL]
            return
        _enter(f, plan, series, regression, neighbours, seasons, 0, plan[NATURAL])
    seasons[NEXT_LOOK] = max(FIRST_LOOK, time + time // 4) if plan[SEARCH] == 1 else 2**62
    unit = unit_of(f)
    n = neighbours[NEIGHBOURS_INTS + HELD] - 1  # the first instant brought no change
    if plan[SEARCH] == 0 or unit <= 0.0 or n < FIRST_LOOK - 1:
        return
    _, changes = _cases(f, plan)
    path = np.empty(2 * n + 1)
    path_of(latest(changes, neighbours[NEIGHBOURS_INTS:], n), unit, path)
    found, r = period_of(path, n)
    first = seasons[SEASON_INTS + PERIOD]
    if found > 0 and (first == 0 or r > alike(path, n, first) + CLEARLY):
        _enter(f, plan, series, regression, neighbours, seasons, 0, found)
        first = found
    if first > 0:
        week = week_of(path, n, first)
        if week > 0 and seasons[SEASON_INTS + SLOT_INTS + PERIOD] != week:
            _enter(f, plan, series, regression, neighbours, seasons, 1, week)


@compiled
def _enter(f, plan, series, regression, neighbours, seasons, s, S):
    """Put a season into force: it learns what is remembered, and its experts join the pools."""
    horizons = plan[plan[AT_HORIZONS] : plan[AT_BANDS]]
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    before = _expected(f, plan, seasons, series[TIME])
    _, profile, smoothing, own, counts = _season(f, plan, seasons, s)
    counts[PERIOD] = S
    counts[SEEN_SLOTS] = slots_of(horizons, S, counts[SLOT:AT_SIZES])
    profile[:] = 0.0
    smoothing[:] = 0.0
    values, _ = _cases(f, plan)
    held = neighbours[HELD]
    past = latest(values, neighbours[:NEIGHBOURS_INTS], held)
    for u in range(held):
        season_learn(profile, S, series[TIME] - held + u, past[u], True)
        smoothing_learn(smoothing, S, series[TIME] - held + u, past[u])
    _inherit(f, plan, regression, horizons, own, counts)
    if s == seasons[IN_FORCE]:
        _join(f, plan, seasons, horizons, bands)
    # the levels lie above what is expected of an instant, and that is another now
    after = _expected(f, plan, seasons, series[TIME])
    level_shift(f[plan[AT_LEVEL] : plan[AT_REGRESSION]], plan[BANDS], before - after)


@compiled
def _inherit(f, plan, regression, horizons, own, counts):
    """Let the regression of a season begin with what the one without a season knows."""
    features = plan[SHARED] + counts[SEEN_SLOTS]
    features += -features % 4
    sizes = counts[AT_SIZES:]
    regression_begin(own, sizes, AUTO_LAGS, features, len(horizons), horizons[len(horizons) - 1])
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    regression_inherit(own, sizes, rows, regression, plan[SHARED])


@compiled
def _join(f, plan, seasons, horizons, bands):
    """Let the experts of one more season join the pools."""
    located = _located(plan, seasons)
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            near = h < plan[NEAR]
            pool_join(_pool(f, plan, bands[h]), plan[MOST], located, near, SEASONAL)
    seasons[IN_FORCE] += 1
    # nothing was asked of the new experts yet: what waits says the last value of them
    for place in range(horizons[len(horizons) - 1]):
        for band in range(plan[BANDS]):
            asked = _waiting(f, plan, horizons, band, place)
            for k in range(located, located + SEASONAL):
                asked[1 + 2 * k], asked[2 + 2 * k] = asked[1], asked[2]


@compiled
def slots_of(horizons, S, slots):
    """Write which phases, counted from now, a regression sees the profile of; returns how many.

    Those around every target's phase; evenly thinned where that is more than there is room for.
    """
    wanted = np.zeros(S, np.int64)
    for h in horizons:
        for o in range(-AROUND, AROUND + 1):
            wanted[(h + o) % S] = 1
    count = 0
    for phase in range(S):
        count += wanted[phase]
    kept, seen, most = 0, 0, len(slots)
    for phase in range(S):
        if wanted[phase] == 1:
            if count <= most or seen * most // count == kept:
                slots[kept] = phase
                kept += 1
            seen += 1
    return kept


# ---- asking --------------------------------------------------------------------------------------


@compiled
def _ask(f, plan, series, regression, neighbours, seasons, moves, x, channel):
    """Ask every expert about every horizon, and keep what it says until the answers come."""
    horizons = plan[plan[AT_HORIZONS] : plan[AT_BANDS]]
    time = series[TIME] - 1
    unit = unit_of(f)
    more = np.empty(len(moves) + MOST_SLOTS)
    m = 0
    for c in range(len(moves)):
        if c != channel:
            more[m] = moves[c]
            m += 1
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    regression_ask(rows, regression, time, f[LAST], unit, more[:m])
    for s in range(seasons[IN_FORCE]):
        S, profile, _, own, counts = _season(f, plan, seasons, s)
        n = counts[SEEN_SLOTS]
        if unit > 0.0:
            for k in range(n):
                value = season_value(profile, S, time + counts[SLOT + k], f[LAST])
                more[m + k] = (value - f[LAST]) / unit
        regression_ask(own, counts[AT_SIZES:], time, f[LAST], unit, more[: m + n])
    level_stand(f[plan[AT_LEVEL] : plan[AT_REGRESSION]], plan[BANDS], time)
    _find(f, plan, neighbours, horizons)
    _locate(f, plan, regression, seasons, horizons, time, unit)
    if len(x) > 0:
        _beside(f, plan, regression, seasons, horizons, time, unit, x)
    _keep(f, plan, seasons, horizons, time, unit)


@compiled
def _locate(f, plan, regression, seasons, horizons, time, unit):
    """Where each expert expects the series at each horizon, and how far off: location and scale."""
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    located = _located(plan, seasons)
    spreads = np.empty(located)
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    last, level = f[LAST], 0.0
    low, high = recent_range(f, MARGIN)
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            level = level_median(f[plan[AT_LEVEL] : plan[AT_REGRESSION]], bands[h])
            pool_spreads(_pool(f, plan, bands[h]), located, spreads)
        now = _now(f, plan, h)
        now[2 * LAST_VALUE] = last
        now[2 * MEMORIES] = level + _expected(f, plan, seasons, time + horizons[h])
        now[2 * REGRESSION] = regression_says(rows, regression, time, h)
        error = unit * regression_error(rows, regression, horizons[h], h)
        for k in range(located):
            now[2 * k + 1] = error * spreads[k]
    for s in range(seasons[IN_FORCE]):
        S, profile, smoothing, own, counts = _season(f, plan, seasons, s)
        first = 2 * (plan[PLAIN] + SEASONAL * s)
        for h in range(len(horizons)):
            now = _now(f, plan, h)[first:]
            now[2 * WITH_PROFILE] = regression_says(own, counts[AT_SIZES:], time, h)
            now[2 * SAME_CHANGE] = last + season_change(profile, S, time, horizons[h])
            now[2 * SMOOTHED] = smoothing_says(smoothing, S, time + horizons[h], last)
    for h in range(len(horizons)):
        now = _now(f, plan, h)
        if plan[PLAIN] > FIRST:
            # the regression that knows most is what the one beside it corrects
            known = located - SEASONAL + WITH_PROFILE if seasons[IN_FORCE] > 0 else REGRESSION
            now[2 * BESIDE] = now[2 * known]
        for k in range(located):
            now[2 * k] = max(low, min(high, now[2 * k]))


@compiled
def _context(f, plan, regression):
    """Floats and integers of what is known beside a channel; the latter follow a regression's."""
    return f[plan[AT_CONTEXT] : plan[AT_SEASONS]], regression[REGRESSION_INTS:]


@compiled
def _beside(f, plan, regression, seasons, horizons, time, unit, x):
    """What is known beside the series moves its expert from where the first regression stands."""
    context, sizes = _context(f, plan, regression)
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    context_see(context, sizes, x)
    seen = regression_sees(f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]], regression, time)
    features = np.empty(sizes[FEATURES])
    low, high = recent_range(f, MARGIN)
    first, wide = 0, 0
    for h in range(len(horizons)):
        if h == first + wide:
            first, wide = h, _wide(bands, h)
        ahead = x[plan[NOW] + h * plan[AHEAD] :]
        known = context_features_of(context, sizes, seen, ahead, features)
        now = _now(f, plan, h)
        said = now[2 * BESIDE]
        if known and unit > 0.0:
            off = context_says(context, sizes, bands[h], features)
            now[2 * BESIDE] = max(low, min(high, said + unit * off))
        answer = time + horizons[h]
        if _taught(horizons, bands, first, wide, answer) == h:
            context_ask(context, sizes, bands[h], answer, said, unit, features, known)


@compiled
def _keep(f, plan, seasons, horizons, time, unit):
    """Keep what was said for those answers that will teach a band."""
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    first, wide = 0, 0
    for h in range(len(horizons)):
        if h == first + wide:
            first, wide = h, _wide(bands, h)
        if _taught(horizons, bands, first, wide, time + horizons[h]) != h:
            continue
        asked = _waiting(f, plan, horizons, bands[h], time + horizons[h])
        now = _now(f, plan, h)
        asked[0] = unit
        for k in range(2 * _located(plan, seasons)):
            asked[1 + k] = now[k]
        if h < plan[NEAR]:
            now = _found(f, plan, 0, h)
            _found_for(f, plan, horizons, time + horizons[h], h)[:] = now


@compiled
def _find(f, plan, neighbours, horizons):
    """Find the neighbours of now, and what came after them at each near horizon."""
    values, changes = _cases(f, plan)
    of_values, of_changes = neighbours[:NEIGHBOURS_INTS], neighbours[NEIGHBOURS_INTS:]
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    many, few = np.empty(ROOM_MANY, np.int64), np.empty(ROOM_MANY, np.int64)
    like, sample = np.empty(ROOM_ALIKE, np.int64), np.empty(ROOM_MANY)
    n, fewer, alike_n, last = 0, 0, 0, -1
    for h in range(plan[NEAR]):
        if h > last:  # the horizons of a band share their neighbours
            last = h
            while last + 1 < plan[NEAR] and bands[last + 1] == bands[h]:
                last += 1
            least = horizons[last]
            n = neighbours_near(values, of_values, NEAR_MANY, least, many)
            fewer = min(ROOM_FEW, neighbours_few(values, NEAR_FEW, many[:n], few))
            alike_n = neighbours_near(changes, of_changes, ALIKE, least, like)
        found = _found(f, plan, 0, h)
        said = _said(found)
        successors(values, of_values, many[:n], horizons[h], False, sample)
        _sample(sample[:n], f[LAST], said[0])
        found[ATOMS] = repeated(sample[:n], found[ATOMS + 1 :])
        successors(values, of_values, few[:fewer], horizons[h], False, sample)
        _sample(sample[:fewer], f[LAST], said[1])
        successors(values, of_values, like[:alike_n], horizons[h], True, sample)
        _sample(sample[:alike_n], f[LAST], said[2])


@compiled
def _sample(values, otherwise, out):
    """Quantiles and mean of a rising sample, [SAID]; ``otherwise`` where it is empty."""
    n = len(values)
    if n == 0:
        out[:] = otherwise
        return
    total = 0.0
    for value in values:
        total += value - otherwise
    for p in range(N):
        out[p] = sample_quantile(values, n, LEVEL[p])
    out[MEAN] = otherwise + total / n


@compiled
def _cases(f, plan):
    """The instants that are remembered by value, and by change."""
    first = plan[AT_NEIGHBOURS]
    second = first + NEIGHBOURS_FLOATS
    return f[first:second], f[second : second + NEIGHBOURS_FLOATS]


@compiled
def forecaster_ask(f, i, c, h, row):
    """Write the forecast of a channel for one horizon: what the pool of its band makes of it."""
    channel, series, _, _, seasons = _channel(f, i, c)
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
    found = _found(channel, i, 0, h) if near else channel[:FOUND_FLOATS]
    atoms = _atoms(found) if near else found[:0]
    values = row[VALUES:BOUNDS]
    pool, most, located = _pool(channel, i, band), i[MOST], _located(i, seasons)
    asked, said, least = _now(channel, i, h), _said(found), FLOOR * channel[LONG]
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
        if known < 0 or context < 0:
            raise ValueError(f"columns cannot be fewer than none; got {known!r} and {context!r}")
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
            plan[AT_NOW] = state.floats(of + "now", H, 2 * most) - first
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
        (['last value', 'level', 'regression'], 1.0)
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
