"""Where everything of a forecaster lies: its plan, and the parts of a channel.

A forecaster is one array of floats and one of integers. At the head of the integers stands the
plan, which says how large each part is and where it begins; every channel has the same parts.
"""

from forecast.compiled import compiled
from forecast.neighbours import NEIGHBOURS_FLOATS, NEIGHBOURS_INTS
from forecast.numbers.context import CONTEXT_INTS
from forecast.numbers.pool import FIRST
from forecast.numbers.regression import REGRESSION_INTS
from forecast.numbers.season import season_expects
from forecast.numbers.series import SERIES_INTS

# What is known beside adds one to the experts that give a location, each season three more.
BESIDE = FIRST
WITH_PROFILE, SAME_CHANGE, SMOOTHED = range(3)
SEASONAL = 3
AUTO_LAGS = 24  # differences that every regression sees
MOST_SLOTS = 26  # of a season's profile that its regression sees

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
def channel_of(f, i, c):
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
def season_of(f, plan, seasons, s):
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
def locating(plan, seasons):
    """How many experts give a location."""
    return plan[PLAIN] + SEASONAL * seasons[IN_FORCE]


@compiled
def expected_of(f, plan, seasons, instant):
    """What the longest season expects of an instant; 0 without one."""
    if seasons[IN_FORCE] == 0:
        return 0.0
    S, profile, _, _, _ = season_of(f, plan, seasons, seasons[IN_FORCE] - 1)
    return season_expects(profile, S, instant)


@compiled
def beside_of(f, plan, regression):
    """Floats and integers of what is known beside a channel; the latter follow a regression's."""
    return f[plan[AT_CONTEXT] : plan[AT_SEASONS]], regression[REGRESSION_INTS:]


@compiled
def cases_of(f, plan):
    """The instants that are remembered by value, and by change."""
    first = plan[AT_NEIGHBOURS]
    second = first + NEIGHBOURS_FLOATS
    return f[first:second], f[second : second + NEIGHBOURS_FLOATS]


@compiled
def pool_of(f, plan, band):
    """The pool of a band."""
    return f[plan[AT_POOLS] + band * plan[POOL] : plan[AT_POOLS] + (band + 1) * plan[POOL]]


@compiled
def now_of(f, plan, h):
    """Location and scale of each expert for a horizon, asked at this instant."""
    first = plan[AT_NOW] + 3 * h * plan[MOST]
    return f[first : first + 2 * plan[MOST]]


@compiled
def growth_of(f, plan, h):
    """How many times as far off each expert is as at the first horizon of its band."""
    first = plan[AT_NOW] + (3 * h + 2) * plan[MOST]
    return f[first : first + plan[MOST]]
