"""What was asked, and where it waits for its answer.

An instant answers what was asked for it at each horizon. Horizons that share a band take turns in
teaching it, and only what will teach is kept.
"""

from collections.abc import Sequence

from forecast.compiled import compiled
from forecast.numbers.plan import AT_ASKED, AT_FOUND, BANDS, MOST, NEAR
from forecast.numbers.pool import NEIGHBOURS, SAID
from forecast.numbers.series import turn

OFTEN, SELDOM = 4, 2  # every so many points far horizons teach: a fourth as far, but no more
APART = 4  # horizons that have a band each; of more, those of an octave share one
ROOM_MANY = 64  # for neighbours by value, with those that are about as near
# what is found for a question: what the neighbours say, how many values came more than once, which
ATOMS = NEIGHBOURS * SAID
FOUND_FLOATS = ATOMS + 1 + ROOM_MANY // 2


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


@compiled
def teaches_every(horizons, h):
    """Every so many points a band is taught whose first horizon is the h-th.

    Its answers share the more instants the further ahead they are: most would tell nothing new.
    """
    return 1 if len(horizons) <= APART else max(1, min(SELDOM, horizons[h] // OFTEN))


@compiled
def band_width(bands, first):
    """How many horizons the band has that begins at ``first``."""
    wide = 1
    while first + wide < len(bands) and bands[first + wide] == bands[first]:
        wide += 1
    return wide


@compiled
def taught(horizons, bands, first, wide, time):
    """Which of the ``wide`` horizons from ``first`` on, a band's, an instant teaches; -1 for none.

    They take turns.
    """
    every = teaches_every(horizons, first)
    if (time + bands[first]) % every != 0:
        return -1
    return first + turn(time // every, wide)


@compiled
def waiting(f, plan, horizons, band, time):
    """What a band was asked that an instant answers: unit, then location and scale of each."""
    size = 1 + 2 * plan[MOST]
    place = turn(time, horizons[len(horizons) - 1]) * plan[BANDS] + band
    return f[plan[AT_ASKED] + place * size : plan[AT_ASKED] + (place + 1) * size]


@compiled
def found_at(f, plan, place, h):
    """What was found for a near horizon: now at place 0, else for the answer of an instant."""
    at = plan[AT_FOUND] + (place * plan[NEAR] + h) * FOUND_FLOATS
    return f[at : at + FOUND_FLOATS]


@compiled
def found_for(f, plan, horizons, time, h):
    """What was found for the answer that an instant gives."""
    return found_at(f, plan, 1 + turn(time, horizons[plan[NEAR] - 1]), h)


@compiled
def atoms_of(found):
    """The values that came more than once after the neighbours, rising."""
    return found[ATOMS + 1 : ATOMS + 1 + int(found[ATOMS])]


@compiled
def said_of(found):
    """What the neighbours say, [NEIGHBOURS, SAID]."""
    return found[:ATOMS].reshape((NEIGHBOURS, SAID))
