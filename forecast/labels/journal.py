"""What the last labels changed, so that they can be taken back: bits and all.

The newest entries lie in a ring of floats, one behind the other: what all messages share, as it
was before; then for each place of the message its number and its row, as it was before. A new
entry takes the room of the oldest. Which messages got which label lately is remembered too, a
number for each message: so one that comes again is known, and another label corrects the first.
"""

from forecast.compiled import compiled
from forecast.labels.belief import ROW, SHARED, UNKNOWN
from forecast.labels.evidence import EVIDENCE

LEAST = 3  # entries for which there is room, however long their messages are
MOST = 64  # entries at once
PLACE = 1 + ROW  # floats of a place
LATELY = 1024  # messages whose label is remembered

# ints of a journal: entries at hand, the newest one's number, where the next begins, messages
# remembered; then the entries [MOST, ENTRY], then what is remembered [LATELY, 2]
AT_HAND, NEWEST, NEXT, REMEMBERED = range(4)
ENTRIES = 4
# of an entry: where its floats begin, places, those of words, label, labels before it; then what
# is written over of the messages remembered: how many there were, which one, its number and label
BEGIN, PLACES, TOLD, LABEL, BEFORE, OLD_REMEMBERED, SLOT, OLD_MESSAGE, OLD_LABEL = range(9)
ENTRY = 9
MESSAGES = ENTRIES + MOST * ENTRY
JOURNAL_INTS = MESSAGES + 2 * LATELY
NOWHERE = -1


@compiled
def journal_floats(bits: int) -> int:
    """Floats of a journal of a learner with 2^bits places."""
    # one more, as up to one is left empty where the ring begins anew
    return (LEAST + 1) * (SHARED + PLACE * min(EVIDENCE, 1 << bits))


@compiled
def message_number(places, n):
    """A number for all that a message shows, from 1 up."""
    h = n
    for j in range(n):
        h = ((h ^ places[j]) * 0x01000193 + 1) & 0xFFFFFFFF
    return h + 1


@compiled
def slot_of(i, number):
    """Where a message is remembered; NOWHERE if it is not."""
    for slot in range(LATELY):
        if i[MESSAGES + 2 * slot] == number:
            return slot
    return NOWHERE


@compiled
def known_label(i, places, n):
    """The label that the same message had lately; UNKNOWN if there was none."""
    slot = slot_of(i, message_number(places, n))
    return UNKNOWN if slot == NOWHERE else i[MESSAGES + 2 * slot + 1]


@compiled
def room_made(i, size, floats):
    """Where an entry begins in a ring of floats; older ones that lie there are dropped."""
    begin = i[NEXT]
    if begin + size > floats:
        # the ring begins anew: what lies between here and its end is older than all before
        begin = 0
        while i[AT_HAND] > 0 and i[entry_at(i, i[AT_HAND] - 1) + BEGIN] >= i[NEXT]:
            i[AT_HAND] -= 1
    while i[AT_HAND] > 0:
        start = i[entry_at(i, i[AT_HAND] - 1) + BEGIN]
        if i[AT_HAND] < MOST and (start < begin or begin + size <= start):
            break
        i[AT_HAND] -= 1
    return begin


@compiled
def entry_at(i, age):
    """Where an entry lies among the ints; that of age 0 is the newest."""
    return ENTRIES + ENTRY * ((i[NEWEST] - age) % MOST)


@compiled
def journal_write(f, i, d, w, places, told, n, y, t):
    """Note what label y, the one after t others, is about to change; and remember it."""
    begin = room_made(i, SHARED + PLACE * n, len(f))
    i[NEWEST] = (i[NEWEST] + 1) % MOST
    i[AT_HAND] += 1
    i[NEXT] = begin + SHARED + PLACE * n
    entry = entry_at(i, 0)
    i[entry + BEGIN], i[entry + PLACES], i[entry + TOLD] = begin, n, told
    i[entry + LABEL], i[entry + BEFORE], i[entry + OLD_REMEMBERED] = y, t, i[REMEMBERED]
    for k in range(SHARED):
        f[begin + k] = d[k]
    for j in range(n):
        at = begin + SHARED + PLACE * j
        f[at] = places[j]
        for k in range(ROW):
            f[at + 1 + k] = w[places[j] * ROW + k]
    number = message_number(places, n)
    slot = slot_of(i, number)
    if slot == NOWHERE:
        slot = i[REMEMBERED] % LATELY
        i[REMEMBERED] += 1
    at = MESSAGES + 2 * slot
    i[entry + SLOT], i[entry + OLD_MESSAGE], i[entry + OLD_LABEL] = slot, i[at], i[at + 1]
    i[at], i[at + 1] = number, y


@compiled
def journal_undo(f, i, d, w):
    """Put everything back as it was before the newest entry, which is dropped.

    Returns
    -------
    int
        How many labels were learned before it.
    """
    entry = entry_at(i, 0)
    begin = i[entry + BEGIN]
    for k in range(SHARED):
        d[k] = f[begin + k]
    for j in range(i[entry + PLACES]):
        at = begin + SHARED + PLACE * j
        row = int(f[at]) * ROW
        for k in range(ROW):
            w[row + k] = f[at + 1 + k]
    at = MESSAGES + 2 * i[entry + SLOT]
    i[at], i[at + 1] = i[entry + OLD_MESSAGE], i[entry + OLD_LABEL]
    i[REMEMBERED] = i[entry + OLD_REMEMBERED]
    i[NEXT] = begin
    i[NEWEST] = (i[NEWEST] - 1) % MOST
    i[AT_HAND] -= 1
    return i[entry + BEFORE]
