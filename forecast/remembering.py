"""A learner that remembers its past selves, and goes on from the one that fits again.

What a learner of a stream forgets when the stream becomes another it has to learn again when the
old one returns. Here it need not: see ``selves``. The forecast of numbers is the selves' own,
averaged quantile by quantile; their weights are found by ``-log p`` as everywhere.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import bound, compiled
from forecast.distribution.hinged import hinged_quantiles
from forecast.distribution.mixture import mixture_quantiles
from forecast.distribution.t4 import LEVEL, SCORES
from forecast.learner import (
    BOUNDS,
    CELL,
    FAMILY,
    HINGE,
    HINGED,
    HINGED_MIXTURE,
    LOCATION,
    MIXTURE,
    N_LEVELS,
    NORMAL,
    QUANTILES,
    RATE,
    ROW,
    SPREAD,
    VALUES,
    Layout,
    NumberLearner,
    write_unknown,
)
from forecast.measure import NORMAL_SCORES, SCORE, SHORT, SURPRISE, answers, never_fall
from forecast.selves import (
    KEEP,
    RECENT,
    SELVES,
    SELVES_INTS,
    TIME,
    change_places,
    copy_state,
    keep_present,
    managers_moved,
    on_turn,
    outweighs,
    past_of,
    selves_begin,
    selves_layout,
    selves_named,
    selves_weigh,
    state_of,
    weights_of,
)

# integers of selves that forecast numbers, after those of all: channels, and what stands beside
# them; the first horizon; where what was said and what was told of late begin
CHANNELS, BESIDE, HORIZON, AT_SAID, AT_RECENT = range(SELVES_INTS, SELVES_INTS + 5)
NUMBERS_INTS = 5
LEAST_HEARD = 1e-9  # weight of a self that says something


@compiled
def said_of(f, i, time, k):
    """The rows of what self k said at an instant of the first horizon, [channels, ROW]."""
    size = i[CHANNELS] * ROW
    at = i[AT_SAID] + (time % i[HORIZON] * i[SELVES] + k) * size
    return f[at : at + size].reshape(i[CHANNELS], ROW)


@compiled
def said_anew(f, i, k, swapped):
    """What self k said and is not answered yet is what the present one said, and the other way."""
    for asked in range(max(0, i[TIME] - i[HORIZON]), i[TIME] - 1):
        ours, theirs = said_of(f, i, asked, 0), said_of(f, i, asked, k)
        for c in range(i[CHANNELS]):
            for j in range(ROW):
                now = theirs[c, j]
                theirs[c, j] = ours[c, j]
                if swapped:
                    ours[c, j] = now


@compiled
def recent_of(f, i, time):
    """What was told at an instant of late, [channels + beside]."""
    size = i[CHANNELS] + i[BESIDE]
    at = i[AT_RECENT] + time % RECENT * size
    return f[at : at + size]


@compiled
def row_quantiles(row, values):
    """Write the quantiles of a row, [N_LEVELS]; returns the scales of the tails beyond them."""
    family = row[FAMILY]
    if family == QUANTILES:
        for p in range(N_LEVELS):
            values[p] = row[VALUES + p]
        return row[SPREAD], row[SPREAD + 1]
    if family == NORMAL:
        for p in range(N_LEVELS):
            values[p] = row[LOCATION] + row[SPREAD] * NORMAL_SCORES[p]
    else:
        at = SPREAD if family == MIXTURE else HINGED_MIXTURE
        n = int(row[at])
        parts = row[at + 1 : at + 1 + 4 * n]
        w, m, s, nu = parts[:n], parts[n : 2 * n], parts[2 * n : 3 * n], parts[3 * n :]
        if family == HINGED:
            hinge, before, below = row[HINGE], row[HINGE + 1], row[HINGE + 2]
            hinged_quantiles(w, m, s, nu, hinge, before, below, LEVEL, values)
        else:
            mixture_quantiles(w, m, s, nu, LEVEL, values)
    never_fall(values)
    step = SCORES[1] - SCORES[0]
    return (values[1] - values[0]) / step, (values[N_LEVELS - 1] - values[N_LEVELS - 2]) / step


@compiled
def smaller_cell(cell, row):
    """The smaller one of two cells, the second a row's; nan where there is none."""
    return row[CELL] if row[CELL] > 0.0 and not cell <= row[CELL] else cell


def _unbound(*_: Any) -> None:
    raise TypeError("selves are bound to a learner before they learn")


learn = ask = score = answer = wake = _unbound  # what free names stand for, before `bound`


def selves_answer(f, i, y):
    """Weigh the selves by what each said of a channel that is answered now."""
    time = i[TIME] - i[HORIZON]
    if time < 0:
        return
    K = i[SELVES]
    surprises, out = np.zeros(K), np.empty(SHORT)
    told = 0
    for c in range(i[CHANNELS]):
        asked, cell = 0, math.nan
        for k in range(K):
            row = said_of(f, i, time, k)[c]
            asked += answers(row, y[c])
            cell = smaller_cell(cell, row)  # what one has seen is known to all
        if asked < K or math.isnan(cell):
            continue
        told += 1
        for k in range(K):
            row = said_of(f, i, time, k)[c]
            row[CELL] = cell
            score(row, y[c], out)
            surprises[k] += out[SURPRISE]
    if told > 0:
        selves_weigh(f, i, surprises)


def wake_up(f, i, k):
    """Self k goes on from its past, and is shown what came of late."""
    copy_state(past_of(f, i, k), state_of(f, i, k))
    floats, ints = state_of(f, i, k)
    for time in range(max(0, i[TIME] - RECENT), i[TIME]):
        learn(floats, ints, recent_of(f, i, time))


def remembering_learn(f, i, y):
    """Weigh the selves, let each learn, wake one from its past, and ask all anew."""
    answer(f, i, y)
    recent = recent_of(f, i, i[TIME])
    for j in range(len(recent)):
        recent[j] = y[j]
    for k in range(i[SELVES]):
        floats, ints = state_of(f, i, k)
        learn(floats, ints, y)
    time = i[TIME]
    i[TIME] += 1
    k = on_turn(i)
    if k > 0 and outweighs(f, i, k):
        change_places(f, i, k)
        said_anew(f, i, k, True)
    elif k > 0:
        wake(f, i, k)
    if i[TIME] % KEEP == 0:
        said_anew(f, i, keep_present(f, i), False)
    for k in range(i[SELVES]):
        floats, ints = state_of(f, i, k)
        rows = said_of(f, i, time, k)
        for c in range(i[CHANNELS]):
            ask(floats, ints, c, 0, rows[c])


def remembering_ask(f, i, c, h, row):
    """The selves' quantiles, averaged level by level (Vincent, 1912), as each weighs.

    v_p = v_0p + sum_k w_k (v_kp - v_0p):  where all agree it is exactly what they say
    """
    write_unknown(row)
    one, values = np.empty(ROW), np.empty(N_LEVELS)
    off, weights = np.zeros(N_LEVELS), weights_of(f, i)
    heard, cell, mean, rate, left, right = 0.0, math.nan, 0.0, 0.0, 0.0, 0.0
    for k in range(i[SELVES]):
        floats, ints = state_of(f, i, k)
        ask(floats, ints, c, h, one)
        below, above = row_quantiles(one, values)
        if math.isnan(one[LOCATION]):
            continue  # of an instant at which it knew nothing
        if heard == 0.0:
            row[LOCATION] = one[LOCATION]
            for p in range(N_LEVELS):
                row[VALUES + p] = values[p]
            if one[FAMILY] == QUANTILES:
                for j in range(BOUNDS, BOUNDS + 4):
                    row[j] = one[j]
        w = max(weights[k], LEAST_HEARD)
        heard += w
        mean += w * (one[LOCATION] - row[LOCATION])
        rate += w * one[RATE]
        left += w * below
        right += w * above
        for p in range(N_LEVELS):
            off[p] += w * (values[p] - row[VALUES + p])
        cell = smaller_cell(cell, one)
    if heard > 0.0:
        row[CELL] = cell
        row[LOCATION] += mean / heard
        row[RATE] = min(1.0, rate / heard)
        row[SPREAD], row[SPREAD + 1] = left / heard, right / heard
        for p in range(N_LEVELS):
            row[VALUES + p] += off[p] / heard
        never_fall(row[VALUES:BOUNDS])


@cache
def _kernels_of(
    learns: Callable[..., None], asks: Callable[..., None], family: int
) -> tuple[Any, Any]:
    """``_learn`` and ``_ask`` of selves of a learner: bound once, however many there are."""
    answer = bound(selves_answer, score=SCORE[family])
    wake = bound(wake_up, learn=learns)
    learn = bound(remembering_learn, learn=learns, ask=asks, answer=answer, wake=wake)
    return learn, bound(remembering_ask, ask=asks)


class Remembering(NumberLearner):
    """A learner of numbers that remembers its past selves.

    For labels there is ``RememberingLabels``. Learners of words and bytes need none: what they
    counted in a context waits there until that context comes again.

    Parameters
    ----------
    learner : NumberLearner
        What it is now, and goes on from; it is copied and not changed.
    selves : int
        How many states are kept, 2 or more, the present one among them: memory is twice that many
        times the learner's, time as often its own and a little more.

    Raises
    ------
    ValueError
        If there are fewer than two selves.

    Examples
    --------
    >>> from forecast import Level
    >>> learner = Remembering(Level(), selves=3)
    >>> for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0] * 7:
    ...     learner.learn(y)
    >>> 3.0 <= learner.predict().median <= 5.0
    True
    """

    family = QUANTILES

    def __init__(self, learner: NumberLearner, selves: int = 5) -> None:
        if not isinstance(learner, NumberLearner):
            raise TypeError(f"learner must be one of numbers; got {learner!r:.60}")
        if selves < 2:
            raise ValueError(f"selves must be 2 or more; got {selves!r}")
        self.of = type(learner)(**learner.options())
        channels, beside, first = learner.channels, learner.beside, learner.horizons[0]
        state = Layout()
        sizes = len(learner.floats), len(learner.ints)
        plan = selves_layout(state, selves, *sizes, NUMBERS_INTS)
        said = state.floats("said", first, selves, channels, ROW)
        recent = state.floats("recent", RECENT, channels + beside)
        super().__init__(state, learner.horizons, channels, beside)
        self.view("plan")[:] = [*plan, channels, beside, first, said, recent]
        selves_begin(self.floats, self.ints, learner.floats, learner.ints)
        self._learn, self._ask = _kernels_of(learner._learn, learner._ask, learner.family)

    def weights(self) -> dict[str, float]:
        """How much each self weighs, the present one and those of so many points ago."""
        return selves_named(self)

    def moved(self, before: "Remembering") -> Floats:
        """The step of the weights of the managers that weigh the selves."""
        return managers_moved(self, before)

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"learner": self.of, "selves": int(self.view("plan")[SELVES])}
