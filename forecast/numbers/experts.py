"""Every expert is asked about every horizon, and what it says is kept until the answers come."""

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.t4 import LEVEL, N
from forecast.neighbours import (
    NEIGHBOURS_INTS,
    neighbours_few,
    neighbours_near,
    sample_quantile,
    successors,
)
from forecast.numbers.context import (
    FEATURES,
    context_ask,
    context_features_of,
    context_says,
    context_see,
)
from forecast.numbers.grain import repeated
from forecast.numbers.level import level_median, level_stand
from forecast.numbers.plan import (
    AHEAD,
    AT_BANDS,
    AT_CHANNELS,
    AT_HORIZONS,
    AT_LEVEL,
    AT_NEIGHBOURS,
    AT_REGRESSION,
    AT_SIZES,
    BANDS,
    BESIDE,
    IN_FORCE,
    MOST_SLOTS,
    NEAR,
    NOW,
    PLAIN,
    SAME_CHANGE,
    SEASONAL,
    SEEN_SLOTS,
    SLOT,
    SMOOTHED,
    WITH_PROFILE,
    beside_of,
    cases_of,
    expected_of,
    growth_of,
    locating,
    now_of,
    pool_of,
    season_of,
)
from forecast.numbers.pool import (
    DRIFT,
    FIRST,
    LAST_VALUE,
    MEAN,
    MEMORIES,
    REGRESSION,
    pool_spreads,
)
from forecast.numbers.questions import (
    ATOMS,
    ROOM_MANY,
    band_width,
    found_at,
    found_for,
    said_of,
    taught,
    waiting,
)
from forecast.numbers.regression import (
    regression_ask,
    regression_error,
    regression_growth,
    regression_says,
    regression_sees,
)
from forecast.numbers.season import season_change, season_value
from forecast.numbers.series import LAST, TIME, recent_range, unit_of
from forecast.numbers.smoothing import smoothing_says

# The neighbours: those near by value, the nearest of these, those near by change; how many are
# wanted, and the room for those that are about as near.
NEAR_MANY, NEAR_FEW, ALIKE = 36, 10, 18
ROOM_FEW, ROOM_ALIKE = 16, 32  # with those that are about as near
MARGIN = 0.25  # of the recent range, by which a location may leave it


@compiled
def experts_ask(f, plan, series, regression, neighbours, seasons, moves, x, channel):
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
        S, profile, _, own, counts = season_of(f, plan, seasons, s)
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
    """Where each expert expects the series at each horizon, and how far off: location and scale.

    Scale grows with the horizon as the errors of a regression do: of one that knows the season,
    where the expert does.
    """
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    last, level, first = f[LAST], 0.0, 0
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            level, first = level_median(f[plan[AT_LEVEL] : plan[AT_REGRESSION]], bands[h]), h
        now, growth = now_of(f, plan, h), growth_of(f, plan, h)
        now[2 * LAST_VALUE] = now[2 * DRIFT] = last
        now[2 * MEMORIES] = level + expected_of(f, plan, seasons, time + horizons[h])
        now[2 * REGRESSION] = regression_says(rows, regression, time, h)
        growth[:FIRST] = regression_growth(rows, regression, horizons, first, h)
    for s in range(seasons[IN_FORCE]):
        _locate_by(f, plan, seasons, s, horizons, time)
    _scale(f, plan, regression, seasons, horizons, unit)


@compiled
def _locate_by(f, plan, seasons, s, horizons, time):
    """Where those expect the series that know its s-th season; the level beside it grows alike."""
    S, profile, smoothing, own, counts = season_of(f, plan, seasons, s)
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    at, last, first = plan[PLAIN] + SEASONAL * s, f[LAST], 0
    for h in range(len(horizons)):
        first = h if h == 0 or bands[h] != bands[h - 1] else first
        now, growth = now_of(f, plan, h)[2 * at :], growth_of(f, plan, h)
        now[2 * WITH_PROFILE] = regression_says(own, counts[AT_SIZES:], time, h)
        now[2 * SAME_CHANGE] = last + season_change(profile, S, time, horizons[h])
        now[2 * SMOOTHED] = smoothing_says(smoothing, S, time + horizons[h], last)
        growth[MEMORIES] = regression_growth(own, counts[AT_SIZES:], horizons, first, h)
        growth[at : at + SEASONAL] = growth[MEMORIES]


@compiled
def _scale(f, plan, regression, seasons, horizons, unit):
    """How far off each expert is at each horizon; and none is heard far beyond the recent range."""
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    rows = f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]]
    located = locating(plan, seasons)
    spreads = np.empty(located)
    low, high = recent_range(f, MARGIN)
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            unseen = regression_error(rows, regression, horizons[h], h)
            pool_spreads(pool_of(f, plan, bands[h]), located, unseen, spreads)
        now, growth = now_of(f, plan, h), growth_of(f, plan, h)
        if plan[PLAIN] > FIRST:
            # the regression that knows most is what the one beside it corrects
            known = located - SEASONAL + WITH_PROFILE if seasons[IN_FORCE] > 0 else REGRESSION
            now[2 * BESIDE], growth[BESIDE] = now[2 * known], growth[known]
        for k in range(located):
            now[2 * k] = max(low, min(high, now[2 * k]))
            now[2 * k + 1] = unit * growth[k] * spreads[k]


@compiled
def _beside(f, plan, regression, seasons, horizons, time, unit, x):
    """What is known beside the series moves its expert from where the first regression stands."""
    context, sizes = beside_of(f, plan, regression)
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    context_see(context, sizes, x)
    seen = regression_sees(f[plan[AT_REGRESSION] : plan[AT_NEIGHBOURS]], regression, time)
    features = np.empty(sizes[FEATURES])
    low, high = recent_range(f, MARGIN)
    first, wide = 0, 0
    for h in range(len(horizons)):
        if h == first + wide:
            first, wide = h, band_width(bands, h)
        ahead = x[plan[NOW] + h * plan[AHEAD] :]
        known = context_features_of(context, sizes, seen, ahead, features)
        now = now_of(f, plan, h)
        said = now[2 * BESIDE]
        if known and unit > 0.0:
            off = context_says(context, sizes, bands[h], features)
            now[2 * BESIDE] = max(low, min(high, said + unit * off))
        answer = time + horizons[h]
        if taught(horizons, bands, first, wide, answer) == h:
            context_ask(context, sizes, bands[h], answer, said, unit, features, known)


@compiled
def _keep(f, plan, seasons, horizons, time, unit):
    """Keep what was said for those answers that will teach a band."""
    bands = plan[plan[AT_BANDS] : plan[AT_CHANNELS]]
    first, wide = 0, 0
    for h in range(len(horizons)):
        if h == first + wide:
            first, wide = h, band_width(bands, h)
        if taught(horizons, bands, first, wide, time + horizons[h]) != h:
            continue
        asked = waiting(f, plan, horizons, bands[h], time + horizons[h])
        now = now_of(f, plan, h)
        asked[0] = unit
        for k in range(2 * locating(plan, seasons)):
            asked[1 + k] = now[k]
        if h < plan[NEAR]:
            now = found_at(f, plan, 0, h)
            kept = found_for(f, plan, horizons, time + horizons[h], h)
            for k in range(len(now)):
                kept[k] = now[k]


@compiled
def _find(f, plan, neighbours, horizons):
    """Find the neighbours of now, and what came after them at each near horizon."""
    values, changes = cases_of(f, plan)
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
        found = found_at(f, plan, 0, h)
        said = said_of(found)
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
