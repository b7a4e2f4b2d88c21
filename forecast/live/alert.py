"""How rare a surprise is among those of the past, and an alarm whose rate holds.

A forecast whose tail falls like |y|^-(nu+1), met by truth whose tail falls like |y|^-m, is
surprised beyond s with probability ~ exp(-s m / (nu+1)): whatever the tails, those of the surprise
are exponential. So, with the N greatest of the last n surprises beyond u, their mean excess m:

    P(S > s) = (k + 1) / (n + 1)                               where k of them, N or more, exceed s
             = (N + 1) / (n + 1) (1 + (s - u) / (N m))^-N      beyond

the second being exact for an exponential tail whose mean is known from N draws only. Streams
change, so the level that raises an alarm follows what was raised, as adaptive conformal inference
does (Gibbs and Candes, 2021): each alarm makes the next one harder by a factor, and each calm point
easier by as much as brings the two into balance at the rate that was asked for.
"""

import math
from bisect import bisect_left, insort

import numpy as np

MEMORY = 2000  # surprises
LEAST = 100  # surprises before the first alarm
TOP = 0.01  # of them that tell the tail
FEWEST = 20
STEP = 0.2  # of the log of the level, at an alarm
LOWEST, HIGHEST = -7.0, 2.0  # of that log, from the rate asked for
# numbers of its state: surprises seen, log of the level over the rate, alarms; then the memory
SEEN, LEVEL, RAISED = range(3)
RING = 3


class RareSurprise:
    """Raises an alarm at surprises so rare that a share ``p`` of all points raises one.

    Parameters
    ----------
    p : float
        In (0, 0.1].

    Attributes
    ----------
    state : ndarray of float64 [RING + MEMORY]
        All that it is; to go on from it write it there and call `again`.

    Examples
    --------
    >>> rare = RareSurprise(0.01)
    >>> rng = np.random.default_rng(0)
    >>> for surprise in rng.exponential(size=20_000).tolist():
    ...     tail, alarm = rare.judge(surprise)
    >>> 180 <= rare.raised <= 220
    True
    >>> tail, alarm = rare.judge(20.0)
    >>> tail < 1e-6, alarm
    (True, True)
    """

    def __init__(self, p: float) -> None:
        self.p = p
        self.state = np.zeros(RING + MEMORY)
        self._sorted: list[float] = []

    @property
    def raised(self) -> int:
        """Alarms so far."""
        return int(self.state[RAISED])

    def again(self) -> None:
        """Take the state as it stands for what was seen."""
        seen = min(MEMORY, int(self.state[SEEN]))
        self._sorted = sorted(self.state[RING : RING + seen].tolist())

    def tail(self, surprise: float) -> float | None:
        """P(S > s), by the surprises seen; None while they are too few."""
        ordered = self._sorted
        n = len(ordered)
        if n < LEAST:
            return None
        k = n - bisect_left(ordered, surprise)
        N = max(FEWEST, int(TOP * n))
        u = ordered[n - N - 1]
        excess = sum(ordered[n - N :]) / N - u
        if k >= N or excess <= 0.0:
            return (k + 1) / (n + 1)
        return (N + 1) / (n + 1) * (1.0 + max(0.0, surprise - u) / (N * excess)) ** -N

    def judge(self, surprise: float) -> tuple[float | None, bool]:
        """How rare a surprise is, and whether it raises an alarm; it is then one of the past."""
        tail, state = self.tail(surprise), self.state
        alarm = tail is not None and tail < self.p * math.exp(state[LEVEL])
        if tail is not None:
            # level <- level + step (p - alarm)
            level = state[LEVEL] + STEP * (self.p - alarm)
            state[LEVEL] = min(HIGHEST, max(LOWEST, level))
        state[RAISED] += alarm
        self._remember(surprise)
        return tail, alarm

    def _remember(self, surprise: float) -> None:
        at = RING + int(self.state[SEEN]) % MEMORY
        if len(self._sorted) == MEMORY:
            del self._sorted[bisect_left(self._sorted, self.state[at])]
        insort(self._sorted, surprise)
        self.state[at] = surprise
        self.state[SEEN] += 1.0


class GreatSurprise:
    """Raises an alarm at surprises above a number of nats."""

    def __init__(self, nats: float) -> None:
        self.nats = nats
        self.state = np.zeros(RING)

    @property
    def raised(self) -> int:
        """Alarms so far."""
        return int(self.state[RAISED])

    def again(self) -> None:
        """Nothing of the past is needed."""

    def judge(self, surprise: float) -> tuple[float | None, bool]:
        """No share of the past, and whether it raises an alarm."""
        alarm = surprise > self.nats
        self.state[RAISED] += alarm
        return None, alarm


Alert = RareSurprise | GreatSurprise
