"""Bounds that no value passes: told by a person, or shown by the stream.

A person's bound is known: a forecast holds nothing beyond it, and a value beyond it is refused.

A stream shows one by coming back to its lowest value of all, and never below it: sales of 0, a
meter that is full. After ``BACK`` visits the quantiles stop there. Nobody vouched for such a bound,
so a little of the tail stays beyond it, and a value from there ends it at once; the next one of
that side takes twice as many visits. So a stream of n values deceives it at most log2(n) times.

Both sides are kept as a lowest value, the upper one of -y.
"""

import math

from forecast.arrays import Floats
from forecast.compiled import compiled
from forecast.distribution.bounded import within

BELOW, ABOVE = 0, 1  # the sides
# floats, two of each: what a person told; the extreme of the stream, and visits to it; how many
# visits make it a bound
TOLD, EXTREME, VISITS, NEEDED = 0, 2, 4, 6
BOUNDS_FLOATS = 8

BACK = 8.0  # visits that show a bound
MORE = 2.0  # times as many after each one that was passed
TIGHT = 0.1  # cells: the scale of the tail beyond a bound that was shown


Told = tuple[float | None, float | None]


def checked_bounds(bounds: Told) -> Told:
    """The bounds that a person told, None where there is none.

    Raises
    ------
    ValueError
        If they are not a lower and an upper one.

    Examples
    --------
    >>> checked_bounds((0, None))
    (0.0, None)
    """
    try:
        low, high = (None if bound is None else float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise ValueError(f"bounds are two numbers, or None for none; got {bounds!r}") from None
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    if not least < most:
        raise ValueError(f"bounds are told the lower one first; got {bounds!r}")
    return (low if math.isfinite(least) else None, high if math.isfinite(most) else None)


def bounds_begin(f: Floats, bounds: Told) -> None:
    """Bounds that were told; the stream has shown nothing."""
    low, high = bounds
    f[TOLD + BELOW] = -math.inf if low is None else low
    f[TOLD + ABOVE] = math.inf if high is None else high
    f[EXTREME : EXTREME + 2] = math.inf
    f[VISITS : VISITS + 2] = 0.0
    f[NEEDED : NEEDED + 2] = BACK


@compiled
def bounds_allow(f, y):
    """Whether a value, if it is one, lies within the bounds that were told."""
    return not (y < f[TOLD + BELOW] or y > f[TOLD + ABOVE])


@compiled
def bounds_learn(f, y, last):
    """Count a visit to the lowest and to the highest value; ``last`` is the value before."""
    for side in range(2):
        value, before = (y, last) if side == BELOW else (-y, -last)
        if value < f[EXTREME + side]:
            if f[VISITS + side] >= f[NEEDED + side]:
                f[NEEDED + side] *= MORE
            f[EXTREME + side] = value
            f[VISITS + side] = 1.0
        elif value == f[EXTREME + side] and before != value:
            f[VISITS + side] += 1.0


@compiled
def _shown(f, side):
    """The bound that the stream has shown on a side, as its lowest value; -inf if none."""
    return f[EXTREME + side] if f[VISITS + side] >= f[NEEDED + side] else -math.inf


@compiled
def bounds_told(f):
    """The bounds that were told; infinite where there is none."""
    return f[TOLD + BELOW], f[TOLD + ABOVE]


@compiled
def bounds_known(f):
    """The bounds that were told or shown; infinite where there is none."""
    return max(f[TOLD + BELOW], _shown(f, BELOW)), min(f[TOLD + ABOVE], -_shown(f, ABOVE))


@compiled
def bounds_write(f, values, left, right, cell):
    """Clip rising ``values`` [N]; returns the scales of the two tails.

    Behind a value that was clipped hardly any tail is left; on a bound that was told, none.
    """
    n = len(values)
    low, high = bounds_known(f)
    least, most = bounds_told(f)
    if values[0] < low:
        left = min(left, TIGHT * cell)
    if values[n - 1] > high:
        right = min(right, TIGHT * cell)
    for p in range(n):
        values[p] = within(values[p], low, high)
    return left if values[0] > least else 0.0, right if values[n - 1] < most else 0.0
