"""The loop over the series of a panel: each walks on through its own part of what has come.

The walk is that of a single stream, so a series of a panel gets the same bits as one alone. What is
answered is scored at once and forgotten: of each series and horizon only sums are kept.
"""

import math
from functools import cache
from typing import Any

from forecast.compiled import bound, compiled
from forecast.distribution.t4 import LEVEL, LEVELS
from forecast.learner import N_LEVELS, NumberLearner
from forecast.measure import CRPS, EXPECTED, MEAN, QUANTILE, SURPRISE, Y
from forecast.prequential import _unbound, walk_of

# what is summed of each answer; a NaN is not counted
SUMMED = (
    *("error", "square", "bias", "surprise", "expected", "crps", "pinball"),
    *(f"{what}{c}" for c in (50, 80, 90, 95) for what in ("covered", "width", "winkler")),
    *("last", "beside_last", "seasonal", "beside_seasonal"),
)
ERROR, SQUARE, BIAS, SURPRISED, EXPECTS, CRPS_SUM, PINBALL = range(7)
INTERVALS = 7  # covered, width and score of each
LAST, BESIDE_LAST, SEASONAL, BESIDE_SEASONAL = range(19, 23)
MEASURES = 23
COUNT, TOTAL, LOST = range(3)  # of each measure

MIDDLE = N_LEVELS // 2
LOWS = (  # place of the lower end of each interval, and what a miss costs in its score
    (LEVELS.index(0.25), 4.0),
    (LEVELS.index(0.1), 10.0),
    (LEVELS.index(0.05), 20.0),
    (LEVELS.index(0.025), 40.0),
)
LOW90 = LEVELS.index(0.05)

# the answer that surprised most, over what was expected
EXCESS, PEAK_SURPRISE, PEAK_ROW, PEAK_HORIZON, PEAK_Y, PEAK_LOW, PEAK_MEDIAN, PEAK_HIGH = range(8)
PEAK = 8
EARLY = 30  # rows of a series in which everything may surprise
# the newest rows as they are drawn, at the first horizon
DRAWN_Y, DRAWN_LOW, DRAWN_MEDIAN, DRAWN_HIGH = range(4)
DRAWN = 4
TRACE = 48  # rows


@compiled
def add(sums, measure, value):
    """Add a value to the sums of a measure, with what rounding takes from them (Neumaier)."""
    if math.isnan(value):
        return
    total = sums[measure, TOTAL]
    new = total + value
    if abs(total) >= abs(value):
        sums[measure, LOST] += (total - new) + value
    else:
        sums[measure, LOST] += (value - new) + total
    sums[measure, TOTAL] = new
    sums[measure, COUNT] += 1.0


@compiled
def tally(sums, said, last, seasonal):
    """Score one answer beside its rivals, and add it to the sums [MEASURES, 3] of its horizon."""
    y, q = said[Y], said[QUANTILE:]
    over = said[MEAN] - y
    error = abs(y - q[MIDDLE])
    add(sums, ERROR, error)
    add(sums, SQUARE, over**2)
    add(sums, BIAS, over)
    add(sums, SURPRISED, said[SURPRISE])
    add(sums, EXPECTS, said[EXPECTED])
    add(sums, CRPS_SUM, said[CRPS])
    loss = 0.0
    for p in range(N_LEVELS):
        above = q[p] - y
        loss += max(above, 0.0) - LEVEL[p] * above
    add(sums, PINBALL, loss / N_LEVELS)
    for k in range(len(LOWS)):
        low, high = q[LOWS[k][0]], q[N_LEVELS - 1 - LOWS[k][0]]
        width = high - low
        missed = max(low - y, 0.0) + max(y - high, 0.0)
        add(sums, INTERVALS + 3 * k, 1.0 if low <= y <= high else 0.0)
        add(sums, INTERVALS + 3 * k + 1, width)
        add(sums, INTERVALS + 3 * k + 2, width + LOWS[k][1] * missed)
    add(sums, LAST, abs(y - last))
    add(sums, SEASONAL, abs(y - seasonal))
    add(sums, BESIDE_LAST, math.nan if math.isnan(last) else error)
    add(sums, BESIDE_SEASONAL, math.nan if math.isnan(seasonal) else error)


@compiled
def mark(peak, said, row, horizon):
    """Keep the answer that surprised most, over what the forecast itself expected."""
    excess = said[SURPRISE] - said[EXPECTED]
    if row >= EARLY and excess > peak[EXCESS]:
        peak[EXCESS], peak[PEAK_SURPRISE] = excess, said[SURPRISE]
        peak[PEAK_ROW], peak[PEAK_HORIZON], peak[PEAK_Y] = row, horizon, said[Y]
        peak[PEAK_LOW], peak[PEAK_MEDIAN] = said[QUANTILE + LOW90], said[QUANTILE + MIDDLE]
        peak[PEAK_HIGH] = said[QUANTILE + N_LEVELS - 1 - LOW90]


@compiled
def draw(trace, row, y, said, answered):
    """Keep a row as it will be drawn, and forget the oldest."""
    kept = trace[row % TRACE]
    kept[DRAWN_Y] = y
    kept[DRAWN_LOW] = said[QUANTILE + LOW90] if answered else math.nan
    kept[DRAWN_MEDIAN] = said[QUANTILE + MIDDLE] if answered else math.nan
    kept[DRAWN_HIGH] = said[QUANTILE + N_LEVELS - 1 - LOW90] if answered else math.nan


@compiled
def see(known, phase, row, season, y):
    """Take a row into the rivals' rings: the last value known, and that of the same season."""
    value = y if abs(y) < math.inf else math.nan
    before = known[(row - 1) % len(known)] if row > 0 else math.nan
    known[row % len(known)] = before if math.isnan(value) else value
    if season > 0:
        if math.isnan(value) and row >= season:
            value = phase[(row - season) % len(phase)]
        phase[row % len(phase)] = value


@compiled
def account(part, first, horizons, season, known, phase, kept, out, where):
    """Score what a part of a stream has answered: ``out`` and ``where``, in order of rows.

    It begins with row ``first``. ``known`` and ``phase`` are rings of the rows before it; what is
    kept are sums, the peak and the trace of the series.
    """
    sums, peak, trace = kept
    n = 0
    for t in range(len(part)):
        row = first + t
        drawn, answered = 0, False
        for h in range(len(horizons)):
            horizon = horizons[h]
            if n == len(where) or where[n, 0] != row or where[n, 2] != horizon:
                continue
            seasonal = math.nan
            if season > 0:
                # whole seasons back, to a row that was known when the question was asked
                back = row - (horizon + season - 1) // season * season
                seasonal = phase[back % len(phase)] if back >= 0 else math.nan
            tally(sums[h], out[n], known[where[n, 3] % len(known)], seasonal)
            mark(peak, out[n], row, horizon)
            if h == 0:
                drawn, answered = n, True
            n += 1
        draw(trace, row, part[t, 0], out[drawn], answered)
        see(known, phase, row, season, part[t, 0])


walk = _unbound  # what the loop's free name stands for, before `bound`


def walk_on(
    floats, ints, rows, queue, rings, sums, peaks, traces, horizons, season, who, at, ys, out, where
):
    """The loop over series: number ``who[k]`` of the shelf is told ``ys[at[k]:at[k + 1]]``.

    ``walk`` is the loop of a single stream. Of every array of the shelf a series has one row;
    ``out`` and ``where`` have room for the answers of the longest part.
    """
    longest = queue.shape[1]
    for k in range(len(who)):
        s = who[k]
        part = ys[at[k] : at[k + 1]]
        n = walk(floats[s], ints[s], horizons, rows[s], queue[s], part, part, out, where)
        known, phase = rings[s, :longest], rings[s, longest:]
        said, asked = out[:n], where[:n]
        kept = sums[s], peaks[s], traces[s]
        account(part, rows[s], horizons, season, known, phase, kept, said, asked)
        rows[s] += len(part)


@cache
def loop_of(kind: type[NumberLearner]) -> Any:
    """The compiled loop over series that have a learner of this kind; other threads run beside."""
    single = walk_of(kind._learn, kind._ask, kind.family)
    return bound(walk_on, True, walk=single)
