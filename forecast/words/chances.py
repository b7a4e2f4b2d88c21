"""Chances: probabilities of a bit that learn at a rate of 1/n, down to a floor.

    p += (bit - p) / (n + 1.5),   n counts to a limit

One is 32 bits: p in the upper 22, n in the lower 10. With n = 0 it is never moved: it says 1/2
where nothing was ever seen.
"""

import numpy as np

from forecast.compiled import inlined

ONE = 2**22  # p = 1
COUNTS = 1024
RATES = np.array([65536 / (n + 1.5) for n in range(COUNTS)]).astype(np.int64)
RATES[0] = 0
EVEN = 2**31  # p = 1/2, n = 0


def chance_of(p: float, n: int) -> int:
    """A chance that is p, as if it had been told n bits."""
    least = 1.0 / 4096
    return int(min(max(p, least), 1.0 - least) * ONE) << 10 | n


@inlined
def chance_logit(chance):
    """Its place in the table of logits."""
    return np.int64(chance) >> 20


@inlined
def chance_lean(chance):
    """How far it is from even: p - 1/2 in parts of ``ONE``."""
    return (np.int64(chance) >> 10) - ONE // 2


@inlined
def chance_move(chances, k, bit, limit):
    """Move one of many towards a bit."""
    chance = np.int64(chances[k])
    n = chance & (COUNTS - 1)
    p = chance >> 10
    p += (((bit << 22) - p) * RATES[n]) >> 16
    chances[k] = (p << 10) | (n + (0 < n < limit))
