"""A level and a season, smoothed together: what the next phase brings, from the last ones.

    e = y - level - d_phase
    level <- level + a e,   d_phase <- d_phase + c (1 - a) e         (Holt, 1957; Winters, 1960)

without a trend: it follows a season that changes, where the profile of ``season`` averages.
"""

from forecast.compiled import compiled
from forecast.rate import one_over_n

LEVEL_RATE = 0.1
SEASON_RATE = 0.1

# floats of a season of S instants: how many it saw, the level, then for each phase visits and
# deviation
SEEN, LEVEL = 0, 1
PHASES = 2


def smoothing_floats(season: int) -> int:
    """Floats of a smoothed season."""
    return PHASES + 2 * season


@compiled
def smoothing_learn(f, S, time, y):
    """Take in the value of an instant; in the first season the level is the mean so far."""
    f[SEEN] += 1.0
    visits = PHASES + time % S
    error = y - f[LEVEL] - f[visits + S]
    if f[visits] == 0.0:
        f[LEVEL] += (y - f[LEVEL]) / f[SEEN]
        f[visits + S] = y - f[LEVEL]
    else:
        f[LEVEL] += LEVEL_RATE * error
        # a phase that was seen once or twice is moved further
        rate = one_over_n(f[visits] + 1.0, SEASON_RATE)
        f[visits + S] += rate * (1.0 - LEVEL_RATE) * error
    f[visits] += 1.0


@compiled
def smoothing_says(f, S, instant, otherwise):
    """Level and deviation at the phase of an instant; ``otherwise`` where it was never seen."""
    visits = PHASES + instant % S
    return f[LEVEL] + f[visits + S] if f[visits] > 0.0 else otherwise
