"""A last look at a probability: what came of it where it was said before.

Where mixers said p after these bytes, or in this word, how often did a one come? Each of these
contexts keeps the answer for 16 steps of the logit and draws a line between them. The mixture and
all three answers are mixed once more, by a mixer of their own, and what it says is paid for.
Source: secondary symbol estimation, Shkarin (2002); adaptive probability maps, Mahoney (2005).
"""

import math

import numpy as np
from numpy.typing import NDArray

from forecast.compiled import inlined
from forecast.words.bits import stretch

Singles = NDArray[np.float32]

KNOTS = 16
WIDEST = 8.0  # logit of the outer knots
STEP = 2.0 * WIDEST / (KNOTS - 1)
RATE = 0.02
MAPS = 3  # by the byte so far alone; with the last two bytes; with the word
SAYERS = MAPS + 1  # and the mixture itself
LAST_RATE = 0.002
FIRST_WEIGHTS = (0.4, 0.1, 0.25, 0.25)


def curves_begin(n: int) -> Singles:
    """n curves that have not seen a bit: what is said comes true."""
    line = [1.0 / (1.0 + math.exp(WIDEST - STEP * knot)) for knot in range(KNOTS)]
    return np.tile(np.array(line, np.float32), n)


@inlined
def curve_place(logit):
    """Where a logit lies on a curve: the knot below, and how far beyond it, 0 to 1."""
    return (min(max(logit, -WIDEST), WIDEST - 1e-6) + WIDEST) / STEP


@inlined
def curve_says(curves, first, place):
    """The logit of the curve that begins there, at a place."""
    knot = int(place)
    beyond = place - knot
    at = first + knot
    return stretch((1.0 - beyond) * curves[at] + beyond * curves[at + 1])


@inlined
def curve_learns(curves, first, place, bit):
    """The knots on both sides of a place move towards the bit, each by its share."""
    knot = int(place)
    beyond = place - knot
    at = first + knot
    curves[at] += np.float32(RATE * (1.0 - beyond) * (bit - curves[at]))
    curves[at + 1] += np.float32(RATE * beyond * (bit - curves[at + 1]))
