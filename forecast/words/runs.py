"""Runs: the byte that came last in a context, and how often it has come there in a row.

A history sees one bit at a place; a run sees that a context has had one successor only. Entries
are found by a hash and know 16 bits of it. How far a run of its length is to be believed, in each
of the contexts, is a chance.
Source: the run map of paq8 (Mahoney 2007).
"""

import numpy as np

from forecast.compiled import compiled, prefetch
from forecast.words.bits import STRETCHED
from forecast.words.chances import chance_logit, chance_move, chance_of

LONGEST = 31
LIMIT = 127
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
def runs_fetch(runs, keys, n):
    """Have the entries of n keys on their way from memory."""
    for i in range(n):
        prefetch(runs, run_near(runs, keys[i]))


@compiled
def runs_find(runs, keys, n, found):
    """Write the run of each of n keys to ``found``: its length, and in the lower 8 bits the byte."""
    for i in range(n):
        entry = np.int64(runs[run_near(runs, keys[i])])
        found[i] = entry & 0xFFFF if entry >> 16 == _check(keys[i]) else 0


@compiled
def runs_look(found, chances, n, path, bit, asked, x):
    """What the runs say of a bit: logits to x [n], and which chances were asked, 0 for none.

    ``path`` is a one and then the bits of the byte that are known, ``bit`` how many.
    """
    for i in range(n):
        byte, length = np.int64(found[i]) & 255, np.int64(found[i]) >> 8
        asked[i] = 0
        x[i] = 0.0
        if length > 0 and (byte | 256) >> (8 - bit) == path:
            asked[i] = i * RUN_CHANCES + 2 * length + ((byte >> (7 - bit)) & 1)
            x[i] = STRETCHED[chance_logit(chances[asked[i]])]


@compiled
def runs_teach(chances, n, asked, bit):
    """The chances that were asked learn the bit that came."""
    for i in range(n):
        if asked[i] > 0:
            chance_move(chances, np.int64(asked[i]), bit, LIMIT)


@compiled
def runs_learn(runs, keys, n, found, y):
    """The runs that were found go on, or begin anew with this byte."""
    for i in range(n):
        byte, length = np.int64(found[i]) & 255, np.int64(found[i]) >> 8
        length = min(length + 1, LONGEST) if byte == y else 1
        runs[run_near(runs, keys[i])] = (_check(keys[i]) << 16) | (length << 8) | y
