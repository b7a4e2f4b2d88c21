"""Runs: the byte that came last in a context, and how often it has come there in a row.

A history sees one bit at a place; a run sees that a context has had one successor only. Entries
are found by a hash and know 16 bits of it. How far a run of its length is to be believed, in each
of the contexts, is a chance.
Source: the run map of paq8 (Mahoney 2007).
"""

import numpy as np

from forecast.compiled import compiled
from forecast.words.chances import chance_of

LONGEST = 31
# chances of a context: for each length, of either bit foreseen
RUN_CHANCES = 2 * (LONGEST + 1)


def run_chances() -> list[int]:
    """Chances of one context: a one, where a run foresees a zero or a one."""
    right = [(length + 0.5) / (length + 1.0) for length in range(LONGEST + 1)]
    return [chance_of(p, 3) for one in right for p in (1.0 - one, one)]


@compiled
def run_near(runs, key):
    """Where the entry of a key lies."""
    return (key >> 22) & (len(runs) - 1)


@compiled
def _check(key):
    """What an entry keeps of its key."""
    return (key >> 48) & 0xFFFF


@compiled
def run_find(runs, key):
    """The run of a key: its length, and in the lower 8 bits the byte; 0 if there is none."""
    entry = np.int64(runs[run_near(runs, key)])
    return entry & 0xFFFF if entry >> 16 == _check(key) else 0


@compiled
def run_foresees(run, path, bit):
    """Which of the chances of its context a run asks: 0 if it is none or saw another byte coming.

    ``path`` is a one and then the bits of the byte that are known, ``bit`` how many.
    """
    byte, length = run & 255, run >> 8
    if length == 0 or (byte | 256) >> (8 - bit) != path:
        return 0
    return 2 * length + ((byte >> (7 - bit)) & 1)


@compiled
def run_learn(runs, key, run, y):
    """A run that was found goes on, or begins anew with this byte."""
    length = min((run >> 8) + 1, LONGEST) if run & 255 == y else 1
    runs[run_near(runs, key)] = (_check(key) << 16) | (length << 8) | y
