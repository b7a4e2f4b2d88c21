"""Bit histories: what came at one place, as a state of one byte.

A state knows how many zeros and ones were seen, and which came last; of the first four bits it
knows their order. An opposite bit takes back part of a count: an old habit that broke is worth
less than its age. So few states are needed that each can be asked what followed it, wherever it
was reached. After Mahoney (2005), with a table of its own.
"""

import numpy as np

from forecast.compiled import inlined

State = tuple[int, int, tuple[int, ...]]  # zeros, ones, and the bits that are known in order

IN_ORDER = 4  # bits whose order is known
# by the smaller count, how large the larger may be
LARGEST = (41, 30, 15, 10, 7, 6, 6)
# by the count of a bit, what is left of it when the opposite one comes
LEFT = (0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6)


def _fits(zeros: int, ones: int) -> bool:
    """Whether there is a state of these counts."""
    few, many = sorted((zeros, ones))
    return few < len(LARGEST) and many <= LARGEST[few]


def after(state: State, bit: int) -> State:
    """The state after one more bit."""
    counts, known = [state[0], state[1]], state[2]
    in_order = len(known) == sum(counts) < IN_ORDER
    counts[1 - bit] = LEFT[min(counts[1 - bit], len(LEFT) - 1)]
    counts[bit] += 1
    while not _fits(*counts):
        # a count that is full stays; if it is the smaller one, the larger one gives way
        fewer = bit if counts[bit] > counts[1 - bit] else 1 - bit
        if fewer == bit and counts[1 - bit] == len(LARGEST) - 1:
            fewer = 1 - bit
        counts[fewer] -= 1
    return counts[0], counts[1], (*known, bit) if in_order else (bit,)


def _reached() -> tuple[list[State], list[int]]:
    """All states, the first of which has seen nothing, and for each the next by either bit."""
    states: list[State] = [(0, 0, ())]
    number = {states[0]: 0}
    following = []
    for state in states:  # grows while it is walked over
        for bit in (0, 1):
            to = after(state, bit)
            if to not in number:
                number[to] = len(states)
                states.append(to)
            following.append(number[to])
    return states, following


STATES, _FOLLOWING = _reached()
NEXT = np.array(_FOLLOWING, np.uint8)  # [2 states]: the state after a bit


@inlined
def history_after(state, bit):
    """The number of the state after one more bit."""
    return NEXT[2 * state + bit]
