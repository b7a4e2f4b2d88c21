"""What follows what: a bounded table of contexts and of the words that came after each.

A node is one word after a context, and is itself the context of what comes after both: so one
look-up for each order finds the count of a word and the place where the next one will be counted.
Keys are kept whole, none is taken for another. A node lies in a window of eight places; when all
are taken, the one that came longest ago and has nothing after it gives way, and is taken out of the
counts of its context: so what is left still sums to one. To find it among many siblings takes long,
so these stay; but a context of which one has not come for twice as long as those that give way is
swept of all that have not come for as long as those. The counts of a context may be halved: because
they are full, or because they are no longer true (see ``forecast.words.forgetting``).
"""

from forecast.compiled import compiled
from forecast.learner import Ints

WINDOW = 8  # places where a key may lie
MOST_SIBLINGS = 64  # followers that a context may have and still lose a single one
OVERDUE = 2  # times as old as what gives way
SLOWLY = 6  # what gives way is kept in mind as a mean of the last 2^6 or so
WORD_BITS = 20
MOST_WORDS = 2**WORD_BITS - 1  # words that may be numbered
MOST_NODES = 2**30
ALL_WORDS = (1 << WORD_BITS) - 1
COUNT_BITS = 16
MOST_COUNTED = 2**COUNT_BITS - 1
LONGEST_RUN = 7

# ints of a table: its windows, nodes it holds, where the keys end, the time, and when those that
# gave way of late had last come; then the keys, those of a window side by side, and the nodes. Node
# 0 stands for no context.
WINDOWS, HELD, NODES, NOW, LEFT_AT = range(5)
KEYS = 8
FREED = -1  # the key of a place that was taken: what lies behind it in its window is still found
# ints of a node: how often it was counted, and when it last came; how much was counted after it,
# what came last and what last but one; how many came once, twice, more often, how far what came
# last of late told more than the counts (1/64 nats), and the last one's run; the first that came
# after it, and the next after the same context
TIMES, AFTER, KINDS, LINKS = range(4)
NODE = 4
ONE, TWO, MORE = 1, 1 << COUNT_BITS, 1 << (2 * COUNT_BITS)
DOUBT_AT = 3 * COUNT_BITS
MOST_DOUBT = 2**12 - 1
LINK_BITS = 31
LINK = (1 << LINK_BITS) - 1
RUN_AT = 60
TAG_AT = 60


def windows_for(capacity: int) -> int:
    """A power of two that gives room for so many nodes."""
    windows = 1
    while windows * WINDOW < capacity:
        windows *= 2
    return windows


def grams_ints(capacity: int) -> int:
    """Ints of a table with room for so many nodes."""
    return KEYS + (windows_for(capacity) + 1) * WINDOW * (1 + NODE)


def grams_begin(i: Ints, capacity: int) -> None:
    """A table without a node, in ints that are all 0."""
    i[WINDOWS] = windows_for(capacity)
    i[NODES] = KEYS + (i[WINDOWS] + 1) * WINDOW


@compiled
def follower_key(context, w):
    """The key of word w after a context; after node 0, of the word alone."""
    return (context << WORD_BITS) | (w + 1)


@compiled
def side_key(kind, a, b):
    """The key of a context that is no run of words: its kind, and two numbers below a million."""
    return ((kind + 1) << TAG_AT) | (a << WORD_BITS) | b


@compiled
def gram_window(i, key):
    """The first place where a key may lie."""
    mixed = key * -7046029254386353131
    return WINDOW + ((mixed ^ (mixed >> 32)) & (i[WINDOWS] - 1)) * WINDOW


@compiled
def _at(i, node):
    """Where the ints of a node begin."""
    return i[NODES] + node * NODE


@compiled
def gram_key(i, node):
    """The key of a node; 0 for a place that is free, FREED for one that was not always."""
    return i[KEYS + node]


@compiled
def gram_first(i, key):
    """The key that lies in the first place where this one may; 0 for none."""
    return i[KEYS + gram_window(i, key)]


@compiled
def gram_find(i, key):
    """The node of a key; 0 if the table does not hold it."""
    first = gram_window(i, key)
    for node in range(first, first + WINDOW):
        found = i[KEYS + node]
        if found == key:
            return node
        if found == 0:
            return 0
    return 0


@compiled
def counted(i, node):
    """How often a node was counted in its context."""
    return i[_at(i, node) + TIMES] & MOST_COUNTED


@compiled
def came(i, node):
    """When a node last came."""
    return i[_at(i, node) + TIMES] >> COUNT_BITS


@compiled
def gram_word(i, node):
    """The last word of a node."""
    return (i[KEYS + node] & ALL_WORDS) - 1


@compiled
def total(i, node):
    """How much was counted after a node."""
    return i[_at(i, node) + AFTER] & MOST_COUNTED


@compiled
def last(i, node):
    """The word that came last after a node; -1 if none is known."""
    return ((i[_at(i, node) + AFTER] >> COUNT_BITS) & ALL_WORDS) - 1


@compiled
def last_but_one(i, node):
    """The other word that came last after a node; -1 if none is known."""
    return (i[_at(i, node) + AFTER] >> (COUNT_BITS + WORD_BITS)) - 1


@compiled
def run(i, node):
    """How often in a row, up to 7, what came last had come last before."""
    return i[_at(i, node) + KINDS] >> RUN_AT


@compiled
def kinds(i, node, times):
    """How many words came once, or twice, or more often after a node; times is 1, 2 or 3."""
    return (i[_at(i, node) + KINDS] >> (COUNT_BITS * (times - 1))) & MOST_COUNTED


@compiled
def different(i, node):
    """How many words ever came after a node."""
    return kinds(i, node, 1) + kinds(i, node, 2) + kinds(i, node, 3)


@compiled
def doubt(i, node):
    """How far what came last of late told more than what was counted after a node, 1/64 nats."""
    return (i[_at(i, node) + KINDS] >> DOUBT_AT) & MOST_DOUBT


@compiled
def first_after(i, node):
    """The node that came new last after this one; 0 if there is none."""
    return i[_at(i, node) + LINKS] & LINK


@compiled
def next_after(i, node):
    """The node that came new before this one after the same context; 0 if there is none."""
    return i[_at(i, node) + LINKS] >> LINK_BITS


@compiled
def _kind(times):
    """What one word that was counted so often adds to the kinds; nothing for 0."""
    if times == 1:
        return ONE
    if times == 2:
        return TWO
    return MORE if times > 2 else 0


@compiled
def parent(i, node):
    """The context that a node was counted in; 0 for none."""
    key = i[KEYS + node]
    return 0 if key >> TAG_AT else key >> WORD_BITS


@compiled
def _link(i, node, above):
    """Put a node before the others of its context."""
    first = i[_at(i, above) + LINKS] & LINK
    i[_at(i, node) + LINKS] = first << LINK_BITS
    i[_at(i, above) + LINKS] += node - first


@compiled
def _before(i, node, above):
    """The node before another in the list of their context; 0 for the first."""
    before, at = 0, first_after(i, above)
    while at != node:
        before, at = at, next_after(i, at)
    return before


@compiled
def _unlink(i, node, before, above):
    """Take a node out of the list of its context, where it stands after ``before``."""
    after = next_after(i, node)
    if before == 0:
        i[_at(i, above) + LINKS] += after - node
    else:
        i[_at(i, before) + LINKS] += (after - node) << LINK_BITS


@compiled
def _held(node, kept):
    """Whether a node is one of those that are to stay."""
    k = 0
    while k < len(kept) and kept[k] != node:
        k += 1
    return k < len(kept)


@compiled
def _recount(i, node, context, times):
    """A node was counted so often, and not as before: N <- N + times - c,  c <- times."""
    before = counted(i, node)
    i[_at(i, node) + TIMES] += times - before
    i[_at(i, context) + AFTER] += times - before
    i[_at(i, context) + KINDS] += _kind(times) - _kind(before)


@compiled
def _clear(i, node):
    """The place of a node is free."""
    i[KEYS + node] = FREED
    for field in range(NODE):
        i[_at(i, node) + field] = 0
    i[HELD] -= 1


@compiled
def _drop(i, node):
    """Take a node out of its context."""
    above = parent(i, node)
    if above > 0:
        _unlink(i, node, _before(i, node, above), above)
        _recount(i, node, above, 0)
    _clear(i, node)


@compiled
def _goes(i, node, before, context, kept):
    """Whether a node after ``before`` is taken out: contexts of others stay, and the ``kept``."""
    if first_after(i, node) > 0 or _held(node, kept):
        return False
    _recount(i, node, context, 0)
    _unlink(i, node, before, context)
    _clear(i, node)
    return True


@compiled
def gram_halve(i, context, halvings, kept):
    """c <- floor(c / 2^halvings) of all that came after a context.

    Those of which nothing is left go, but for contexts of others and the nodes that are ``kept``.
    """
    before, node = 0, first_after(i, context)
    while node > 0:
        after = next_after(i, node)
        left = counted(i, node) >> halvings
        _recount(i, node, context, left)
        if left > 0 or not _goes(i, node, before, context, kept):
            before = node
        node = after


@compiled
def gram_sweep(i, context, since, kept):
    """What came after a context but has not come since goes, but for what may not as above."""
    before, node = 0, first_after(i, context)
    while node > 0:
        after = next_after(i, node)
        if came(i, node) >= since or not _goes(i, node, before, context, kept):
            before = node
        node = after


@compiled
def _gives_way(i, when):
    """One gives way that came last at that time:  t <- t + (when - t) / 64."""
    i[LEFT_AT] += (when - i[LEFT_AT]) >> SLOWLY


@compiled
def _room(i, key, kept):
    """A free place for a key, taken from another if need be; 0 if none can give way."""
    first = gram_window(i, key)
    oldest = 0
    for node in range(first, first + WINDOW):
        if i[KEYS + node] <= 0:
            return node
        if first_after(i, node) > 0 or _held(node, kept):
            continue
        above = parent(i, node)
        if above > 0 and different(i, above) > MOST_SIBLINGS:
            if i[NOW] - came(i, node) > OVERDUE * (i[NOW] - i[LEFT_AT]):
                gram_sweep(i, above, i[LEFT_AT], kept)
                return node
            continue
        if oldest == 0 or came(i, node) < came(i, oldest):
            oldest = node
    _gives_way(i, came(i, oldest) if oldest > 0 else i[NOW])  # where none can, others should soon
    if oldest > 0:
        _drop(i, oldest)
    return oldest


@compiled
def gram_add(i, key, kept):
    """The node of a key, which is added if there is room; 0 if there is none.

    ``kept`` are nodes that may not give way.
    """
    node = gram_find(i, key)
    if node == 0:
        node = _room(i, key, kept)
        if node > 0:
            i[KEYS + node] = key
            i[HELD] += 1
            above = parent(i, node)
            if above > 0:
                _link(i, node, above)
    return node


@compiled
def gram_touch(i, node, now):
    """A node came now."""
    i[NOW] = now
    i[_at(i, node) + TIMES] = (now << COUNT_BITS) | counted(i, node)


@compiled
def gram_count(i, context, node, kept):
    """Count a word after a context; returns how often it had been counted there."""
    if total(i, context) == MOST_COUNTED:
        gram_halve(i, context, 1, kept)
    times = counted(i, node)
    _recount(i, node, context, times + 1)
    return times


@compiled
def gram_doubt(i, context, doubted):
    """Keep how far what came last told more than the counts of a context, 1/64 nats."""
    i[_at(i, context) + KINDS] += (doubted - doubt(i, context)) << DOUBT_AT


@compiled
def gram_came(i, context, w):
    """Keep which word came last after a context, and how often it was the same."""
    before = last(i, context)
    at = _at(i, context)
    if before == w:
        if run(i, context) < LONGEST_RUN:
            i[at + KINDS] += 1 << RUN_AT
        return
    i[at + KINDS] &= (1 << RUN_AT) - 1
    i[at + AFTER] = (
        ((before + 1) << (COUNT_BITS + WORD_BITS)) | ((w + 1) << COUNT_BITS) | total(i, context)
    )
