"""Whole numbers in a bounded table: each key is kept exactly, none is taken for another.

Open addressing: a key lies in the first free slot from where its hash points. Entries are numbered
in the order in which they came, so that what is kept for them lies in plain arrays beside. A full
table takes no new key and keeps all that it has.
"""

from forecast.compiled import compiled
from forecast.learner import Ints

# ints of a table: entries it may hold, slots, entries it holds, then (key + 1, entry) of each slot
CAPACITY, SLOTS, USED = range(3)
TABLE = 3
SPREAD = -7046029254386353131  # 2^64 over the golden ratio, as a signed number: odd, well mixed


def slots_for(capacity: int) -> int:
    """A power of two, at least twice the capacity: half of the slots stay free."""
    slots = 2
    while slots < 2 * capacity:
        slots *= 2
    return slots


def table_ints(capacity: int) -> int:
    """Ints of a table of so many entries."""
    return TABLE + 2 * slots_for(capacity)


def table_begin(i: Ints, capacity: int) -> None:
    """An empty table, in ints that are all 0."""
    i[CAPACITY] = capacity
    i[SLOTS] = slots_for(capacity)


@compiled
def _place(i, key):
    """Where a key lies, or the free slot where it would."""
    mask = i[SLOTS] - 1
    mixed = key * SPREAD
    slot = (mixed ^ (mixed >> 32)) & mask
    while i[TABLE + 2 * slot] != 0 and i[TABLE + 2 * slot] != key + 1:
        slot = (slot + 1) & mask
    return TABLE + 2 * slot


@compiled
def table_find(i, key):
    """Entry of a key, 0 or more; -1 if the table does not hold it."""
    place = _place(i, key)
    return i[place + 1] if i[place] != 0 else -1


@compiled
def table_add(i, key):
    """Entry of a key, which is added if there is room; -1 if there is none."""
    place = _place(i, key)
    if i[place] == 0:
        if i[USED] == i[CAPACITY]:
            return -1
        i[place] = key + 1
        i[place + 1] = i[USED]
        i[USED] += 1
    return i[place + 1]
