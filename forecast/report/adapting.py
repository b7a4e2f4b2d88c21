"""What each change cost until it was learned, and whether what came back was remembered.

*Recovered* means: from here on, over a window of answers, the surprise above what was expected is
on average no higher than it was before the change, within two standard errors. *Excess loss* is
the surprise between the beginning of the change and the recovery, above the level before it; above
the level after it where that is higher, since a world that has become noisier is no fault of
the forecaster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.report.changes import Change, moving
from forecast.report.course import Blocks
from forecast.report.scores import Floats

WINDOW = 25  # answers, or two horizons where that is longer
BEFORE = 20  # windows before a change that say what was usual
MARGIN = 2.0  # standard errors of the mean over a window
SETTLED = 4  # windows that a regime lasts at least
VISIT = 100  # answers of a visit that are compared
NEAR, FAR = 0.5, 1.0  # spreads between levels of the same regime, and of another
SPREADS = 1.5  # ratio of spreads within the same regime; of another it is twice that


@dataclass(frozen=True)
class Episode:
    """A change, and what it took until it was recovered from, or the next one began, or the end."""

    change: Change
    stop: int  # the block before which it was recovered, or the next change began
    recovered: bool
    points: int  # answers from the beginning of the change to there
    loss: float  # nats, above the level
    before: float  # mean surprise, nats
    level: float  # the level above which loss is counted: that before, or after if higher


@dataclass(frozen=True)
class Return:
    """A regime that came back: blocks of its first visit and of this one, and what each cost."""

    first: tuple[int, int]
    again: tuple[int, int]
    answers: int  # from the beginning of each visit that are compared
    first_surprise: float  # mean over these, nats
    surprise: float


def episodes(blocks: Blocks, changes: Sequence[Change]) -> list[Episode]:
    """What came after each change.

    Examples
    --------
    A surprise of 1 nat that is 5 for 20 answers costs 80 nats until it is 1 again.

    >>> s = np.ones(400)
    >>> s[200:220] = 5.0
    >>> n, zero = np.arange(400), np.zeros(400)
    >>> blocks = Blocks("y", 1, 1, n, [""] * 400, np.ones(400), s, zero + 1.0, s - 1.0, zero)
    >>> (episode,) = episodes(blocks, [Change(200, 203)])
    >>> episode.recovered, episode.points, episode.loss
    (True, 20, 80.0)
    """
    wide = window(blocks)
    end = len(blocks.count)
    nexts = [change.began for change in changes[1:]] + [end]
    found: list[Episode] = []
    for change, following in zip(changes, nexts, strict=False):  # none where nothing changed
        begin = found[-1].stop if found else 0
        if change.began - begin < wide:  # too short to tell: what was usual before that
            begin = 0
        begin = max(begin, change.began - BEFORE * wide)
        found.append(episode(blocks, change, begin, following, wide))
    return found


def window(blocks: Blocks) -> int:
    """Blocks in a window."""
    return -(-max(WINDOW, 2 * blocks.horizon) // blocks.length)


def episode(blocks: Blocks, change: Change, begin: int, following: int, wide: int) -> Episode:
    """One change: ``begin`` is where what was usual begins, ``following`` the next change."""
    stop = recovery(blocks, change, begin, following, wide)
    recovered = stop is not None
    stop = following if stop is None else stop
    before = mean(blocks, blocks.surprise, begin, change.began)
    enough = recovered and following - stop >= wide
    after = mean(blocks, blocks.surprise, stop, following) if enough else before
    level = float(np.nanmax([before, after]))
    part = slice(change.began, stop)
    loss = float(np.nansum((blocks.surprise[part] - level) * blocks.count[part]))
    points = int(blocks.count[part].sum())
    return Episode(change, stop, recovered, points, loss, before, level)


def recovery(blocks: Blocks, change: Change, begin: int, following: int, wide: int) -> int | None:
    """The block from which on it is as it was before the change; None if it never is."""
    excess = np.nan_to_num(blocks.excess * blocks.count)
    usual = slice(begin, change.began)
    level = mean(blocks, blocks.excess, begin, change.began)
    spread = float(np.nanstd(blocks.excess[usual])) if change.began - begin > 1 else np.nan
    margin = MARGIN * spread / np.sqrt(wide / blocks.wide)
    if not np.isfinite(level + margin):
        return None
    start = change.noticed + 1
    if following - start < wide:
        return None
    count = moving(blocks.count[start:following], wide)
    means = moving(excess[start:following], wide) / np.maximum(count, 1.0)
    calm = np.flatnonzero((means <= level + margin + 1e-9) & (count > 0))
    return start + int(calm[0]) if len(calm) else None


def mean(blocks: Blocks, values: Floats, start: int, stop: int) -> float:
    """The mean of values from block ``start`` to before ``stop``; NaN where there is no answer."""
    part = slice(start, stop)
    known = np.isfinite(values[part])
    count = blocks.count[part][known]
    return float(np.average(values[part][known], weights=count)) if count.sum() > 0 else np.nan


def returns(blocks: Blocks, episodes: Sequence[Episode]) -> list[Return]:
    """Regimes that came back, each beside its first visit; empty where nothing returns.

    A regime is what lies between two changes, if it lasts. Two are the same if level and spread of
    the series are, and one between them was another. That is all that is looked at: what only
    moves otherwise, at the same level, is not told apart.
    """
    if not np.isfinite(blocks.y).any():  # words and labels have no level
        return []
    edges = [0, *(one.change.began for one in episodes), len(blocks.count)]
    shortest = SETTLED * window(blocks)
    visits = [(a, b) for a, b in pairwise(edges) if b - a >= shortest]
    traits = [trait(blocks, *visit) for visit in visits]
    found = []
    for k in range(2, len(visits)):
        for first in range(k - 1):
            between = traits[first + 1 : k]
            if alike(traits[first], traits[k]) and any(other(traits[k], t) for t in between):
                found.append(compared(blocks, visits[first], visits[k]))
                break
    return found


def trait(blocks: Blocks, start: int, stop: int) -> tuple[float, float]:
    """Level and spread of the series over a regime: robust, so that the change itself is not seen.

    The median, and the 80 % between two quantiles over those of a normal distribution.
    """
    y = blocks.y[start:stop]
    low, middle, high = np.quantile(y[np.isfinite(y)], (0.1, 0.5, 0.9))
    return float(middle), float(high - low) / 2.563


def alike(one: tuple[float, float], two: tuple[float, float]) -> bool:
    """Whether two regimes have about the same level and spread."""
    wider, narrower = max(one[1], two[1]), min(one[1], two[1])
    return abs(one[0] - two[0]) <= NEAR * wider and wider <= SPREADS * narrower


def other(one: tuple[float, float], two: tuple[float, float]) -> bool:
    """Whether two regimes clearly differ in level or spread."""
    wider, narrower = max(one[1], two[1]), min(one[1], two[1])
    return abs(one[0] - two[0]) > FAR * wider or wider > 2.0 * SPREADS * narrower


def compared(blocks: Blocks, first: tuple[int, int], again: tuple[int, int]) -> Return:
    """The surprise at the beginning of two visits, over as many answers of each."""
    most = min(-(-VISIT // blocks.length), first[1] - first[0], again[1] - again[0])
    costs = [mean(blocks, blocks.surprise, start, start + most) for start, _ in (first, again)]
    answers = int(blocks.count[again[0] : again[0] + most].sum())
    return Return(first, again, answers, *costs)
