"""What comes back: a slow base, and how far each phase of the season lies from it.

The profile holds deviations from a base that moves about once a season, so that a trend does not
make the slots that were visited long ago look too low.
"""

from forecast.clock import Step, season_of
from forecast.compiled import compiled
from forecast.rate import one_over_n

PROFILE_RATE = 0.1  # of a slot, once a season

# floats of a season of S instants: how many it saw, the base, then for each phase visits and
# deviation, then the values of the last S + LONGEST instants, or more
SEEN, BASE = 0, 1
VISITS = 2


def season_floats(season: int, longest: int) -> int:
    """Floats of a season."""
    return VISITS + 2 * season + season + longest


@compiled
def season_learn(f, S, time, y, observed):
    """Take the value of an instant, observed or standing in; only observed ones teach a phase."""
    f[SEEN] += 1.0
    f[BASE] += one_over_n(f[SEEN], 1.0 / S) * (y - f[BASE])
    past = len(f) - VISITS - 2 * S
    f[VISITS + 2 * S + time % past] = y
    if observed:
        visits = VISITS + time % S
        f[visits] += 1.0
        # d_phase <- d_phase + max(1/n, rate) (y - base - d_phase)
        f[visits + S] += one_over_n(f[visits], PROFILE_RATE) * (y - f[BASE] - f[visits + S])


@compiled
def season_expects(f, S, instant):
    """Base and deviation at the phase of an instant; the base where it was never seen."""
    return f[BASE] + f[VISITS + S + instant % S]


@compiled
def season_value(f, S, instant, otherwise):
    """Base and deviation at the phase of an instant; ``otherwise`` where it was never seen."""
    visits = VISITS + instant % S
    return f[BASE] + f[visits + S] if f[visits] > 0.0 else otherwise


@compiled
def season_change(f, S, time, horizon):
    """How much the series changed over the same stretch, whole seasons ago; 0 before there is one.

    y[t + h - m S] - y[t - m S],  m = ceil(h / S)
    """
    back = (horizon + S - 1) // S * S
    if back >= f[SEEN]:
        return 0.0
    past = len(f) - VISITS - 2 * S
    values = f[VISITS + 2 * S :]
    return values[(time + horizon - back) % past] - values[(time - back) % past]


def checked_season(season: int | str, step: str | None) -> int:
    """The season in instants; "auto" is the natural one of the step, none where none is given.

    Raises
    ------
    ValueError
        If it is neither "auto" nor a whole number that a season can be, or the step cannot be read.
    """
    if season == "auto":
        return season_of(None if step is None else Step.named(step))
    if not isinstance(season, int) or season < 0 or season == 1:
        raise ValueError(f'season must be "auto", 0 for none, or 2 and more; got {season!r}')
    return season
