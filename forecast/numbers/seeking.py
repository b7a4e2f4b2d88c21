"""Seasons are looked for in what is remembered, and put into force.

A season that enters learns from the past what it would have known, and its experts join the pools.
"""

import numpy as np

from forecast.compiled import compiled
from forecast.neighbours import HELD, NEIGHBOURS_INTS, latest
from forecast.numbers.level import level_shift
from forecast.numbers.period import alike, path_of, period_of, week_of
from forecast.numbers.plan import (
    AT_BANDS,
    AT_CHANNELS,
    AT_HORIZONS,
    AT_LEVEL,
    AT_NEIGHBOURS,
    AT_REGRESSION,
    AT_SIZES,
    AUTO_LAGS,
    BANDS,
    IN_FORCE,
    MOST,
    NATURAL,
    NEAR,
    NEXT_LOOK,
    PERIOD,
    SEARCH,
    SEASON_INTS,
    SEASONAL,
    SEEN_SLOTS,
    SHARED,
    SLOT,
    SLOT_INTS,
    cases_of,
    expected_of,
    locating,
    pool_of,
    season_of,
)
from forecast.numbers.pool import pool_join
from forecast.numbers.questions import waiting
from forecast.numbers.regression import regression_begin, regression_inherit
from forecast.numbers.season import season_learn
from forecast.numbers.series import TIME, unit_of
from forecast.numbers.smoothing import smoothing_learn

AROUND = 9  # slots of a profile that its regression sees on each side of a target's phase
FIRST_LOOK = 30  # instants before a season is looked for; then whenever a fourth more have come
CLEARLY = 0.25  # by so much a season that is found must be more alike than the one in force


@compiled
def seasons_look(f, plan, series, regression, neighbours, seasons):
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
    _, changes = cases_of(f, plan)
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
    before = expected_of(f, plan, seasons, series[TIME])
    _, profile, smoothing, own, counts = season_of(f, plan, seasons, s)
    counts[PERIOD] = S
    counts[SEEN_SLOTS] = slots_of(horizons, S, counts[SLOT:AT_SIZES])
    profile[:] = 0.0
    smoothing[:] = 0.0
    values, _ = cases_of(f, plan)
    held = neighbours[HELD]
    past = latest(values, neighbours[:NEIGHBOURS_INTS], held)
    for u in range(held):
        season_learn(profile, S, series[TIME] - held + u, past[u], True)
        smoothing_learn(smoothing, S, series[TIME] - held + u, past[u])
    _inherit(f, plan, regression, horizons, own, counts)
    if s == seasons[IN_FORCE]:
        _join(f, plan, seasons, horizons, bands)
    # the levels lie above what is expected of an instant, and that is another now
    after = expected_of(f, plan, seasons, series[TIME])
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
    located = locating(plan, seasons)
    for h in range(len(horizons)):
        if h == 0 or bands[h] != bands[h - 1]:
            near = h < plan[NEAR]
            pool_join(pool_of(f, plan, bands[h]), plan[MOST], located, near, SEASONAL)
    seasons[IN_FORCE] += 1
    # nothing was asked of the new experts yet: what waits says the last value of them
    for place in range(horizons[len(horizons) - 1]):
        for band in range(plan[BANDS]):
            asked = waiting(f, plan, horizons, band, place)
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
