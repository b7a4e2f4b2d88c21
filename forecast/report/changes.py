"""When a stream changed, and which of its stretches surprised most.

A change is noticed by the Page-Hinkley test (Page 1954) on the surprise less the expected surprise:
a right forecaster's is 0 on average whatever the noise, so that what stands out is what was not
learned yet. A single outlier is no change: it counts for 6 nats at most, and for half of what makes
a change, so that this needs three.
"""

from dataclasses import dataclass

import numpy as np

from forecast.report.course import Blocks
from forecast.report.scores import Floats

# In standard deviations of what is fed. Where nothing changes 280,000 points of Student-t surprise
# raise 10 false alarms; a burst of 4 nats that decays over 10 points is noticed after 4, one of
# half a nat that stays after 90, if at all. ADWIN at its own defaults notices these after 15 and
# 110; KSWIN raises more false alarms and takes 0.8 ms a point. (Medians of 20 simulations.)
THRESHOLD = 15.0
SLACK = 0.5
MOST = THRESHOLD / 2  # that one answer counts for: of labels, 6 nats are many deviations
FEWEST = 10  # before the first change
STRETCH = 12  # answers in a stretch, or a horizon if that is longer
MOST_STRETCHES = 5


@dataclass(frozen=True)
class Change:
    """The blocks in which a change began, as it seems now, and in which it was noticed."""

    began: int
    noticed: int


@dataclass(frozen=True)
class Stretch:
    """Blocks ``start`` to before ``stop``, which surprised more than was expected."""

    start: int
    stop: int
    surprise: float  # mean, nats
    expected: float


def changes(blocks: Blocks) -> list[Change]:
    """The rises of surprise above what was expected, in order of time.

    Answers that are nearer than a horizon share what was not foreseen: their mean is fed as one.

    Examples
    --------
    >>> flat = np.zeros(400)
    >>> flat[::2], flat[200:230] = 0.1, 2.0
    >>> n = np.arange(400)
    >>> changes(Blocks("y", 1, 1, n, [""] * 400, np.ones(400), flat, flat * 0.0, flat, flat))
    [Change(began=200, noticed=204)]
    """
    wide = blocks.wide
    starts = np.arange(0, len(blocks.count), wide)
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(np.nan_to_num(blocks.excess * blocks.count), starts)
        means /= np.add.reduceat(blocks.count, starts)
    known = np.isfinite(means)
    fed, starts = means[known], starts[known]
    spread = float(fed.std()) if len(fed) > FEWEST else 0.0
    if spread <= 1e-9:
        return []
    ends = np.minimum(starts + wide, len(blocks.count)) - 1
    found, since = [], 0
    for alarm in alarms(np.minimum(fed / spread, MOST)):
        began = since + onset(fed[since : alarm + 1] / spread)
        found.append(Change(int(starts[began]), int(ends[alarm])))
        since = alarm + 1
    return found


def alarms(fed: Floats) -> list[int]:
    """Where the Page-Hinkley test finds a rise; it begins anew after each."""
    from river.drift import PageHinkley  # takes a second

    test = PageHinkley(min_instances=FEWEST, delta=SLACK, threshold=THRESHOLD, mode="up")
    found = []
    for place, value in enumerate(fed.tolist()):
        test.update(value)
        if test.drift_detected:
            found.append(place)
    return found


def onset(until_alarm: Floats) -> int:
    """Where a rise began: after the lowest sum of what was above the mean and the slack.

    Examples
    --------
    >>> onset(np.array([0.0, 0.1, 0.0, 0.1, 3.0, 3.0, 3.0]))
    4
    """
    above = np.cumsum(until_alarm - until_alarm.mean() - SLACK)
    return min(int(above.argmin()) + 1, len(above) - 1)


def stretches(blocks: Blocks) -> list[Stretch]:
    """The runs of answers whose surprise was highest above what was expected, none twice."""
    wide = min(len(blocks.count), max(-(-STRETCH // blocks.length), blocks.wide))
    known = np.isfinite(blocks.surprise)
    expected = np.where(np.isnan(blocks.expected), usual(blocks), blocks.expected)
    above = moving(np.where(known, (blocks.surprise - expected) * blocks.count, 0.0), wide)
    count = moving(blocks.count, wide)
    # a stretch that is mostly missing shows nothing
    mean = np.where(count >= 0.5 * count.max(), above / np.maximum(count, 1.0), -np.inf)
    found: list[Stretch] = []
    while len(found) < MOST_STRETCHES and mean.max() > 0.0:
        start = int(mean.argmax())
        part = slice(start, start + wide)
        weight = np.where(known[part], blocks.count[part], 0.0)
        means = [
            float(np.average(np.nan_to_num(values[part]), weights=weight))
            for values in (blocks.surprise, expected)
        ]
        found.append(Stretch(start, start + wide, *means))
        mean[max(0, start - wide + 1) : start + wide] = -np.inf
    return found


def usual(blocks: Blocks) -> float:
    """The mean surprise."""
    known = np.isfinite(blocks.surprise)
    return float(np.average(blocks.surprise[known], weights=blocks.count[known]))


def moving(values: Floats, wide: int) -> Floats:
    """Sums of ``wide`` values from each on, where there are so many.

    Examples
    --------
    >>> moving(np.array([1.0, 2.0, 3.0, 4.0]), 2).tolist()
    [3.0, 5.0, 7.0]
    """
    upto = np.concatenate(([0.0], np.cumsum(values)))
    sums: Floats = upto[wide:] - upto[:-wide]
    return sums
