"""A bit's probability and its logit, where predictions are mixed.

    stretch(p) = ln(p / (1 - p)),   squash(x) = 1 / (1 + exp(-x))

A mean of logits lets the sure outvote the unsure (Mahoney 2005). Both are read from tables where a
mixer looks at every bit; what is paid for is computed.
"""

import math

import numpy as np

from forecast.compiled import inlined

STEPS = 4096  # of either table
SUREST = 12.0  # no logit is larger: a bit costs 6e-6 nats at least
_MIDDLES = [(step + 0.5) / STEPS for step in range(STEPS)]
STRETCHED = np.array([math.log(p / (1.0 - p)) for p in _MIDDLES], np.float32)
SQUASHED = np.array([1.0 / (1.0 + math.exp(SUREST - 2.0 * SUREST * p)) for p in _MIDDLES])


@inlined
def stretch(p):
    """The logit of p in [0, 1), by table: that of the middle of its step."""
    return STRETCHED[int(p * STEPS)]


@inlined
def squash(x):
    """The probability of a logit."""
    return 1.0 / (1.0 + math.exp(-x))


@inlined
def bounded(x):
    """A logit within what may be believed."""
    return min(max(x, -SUREST), SUREST)


@inlined
def squash_nearly(x):
    """The probability of a bounded logit, by table."""
    return SQUASHED[min(int((x + SUREST) * (STEPS / (2.0 * SUREST))), STEPS - 1)]
