"""Rows of bit histories, found by a hash: what followed a context, four bits at a time.

A row holds a check of its hash and the histories of the 15 places that the next four bits can
reach, 16 bytes in all; four rows share a line of the processor's cache. A row is looked for in
three of them. Where there is none, the one whose first history is the youngest is given up.
Source: lpaq1 (Mahoney 2007).
"""

from forecast.compiled import inlined

ROW = 16  # bytes: the check, then the histories by place
LINE = 64  # bytes of a line of the cache; before the rows one is blank: of what was never seen
SPREAD, MIXED = -7046029254386353131, -4417276706812531889  # odd, their bits well mixed


def rows_bytes(bits: int) -> int:
    """Bytes of a blank line and 2^bits rows."""
    return LINE + (ROW << bits)


@inlined
def hashed(a, b):
    """One number of two."""
    mixed = (a + b * MIXED) * SPREAD
    return mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)


@inlined
def check_of(key):
    """What a row keeps of its key; never 0, which stands in one that is free."""
    return max((key >> 48) & 255, 1)


@inlined
def row_near(first, bits, key):
    """Where the nearest of the three rows of a key lies, of 2^bits from ``first`` on."""
    return first + ((key >> 20) & ((1 << bits) - 1)) * ROW


@inlined
def row_find(rows, first, bits, key):
    """Where the row of a key lies; ``first`` less one line, which is blank, if there is none."""
    check = check_of(key)
    place = row_near(0, bits, key)
    for step in range(3):
        row = first + (place ^ (step * ROW))
        if rows[row] == check:
            return row
    return first - LINE


@inlined
def row_claim(rows, first, bits, key):
    """Where the row of a key lies; if there is none it takes the place of the youngest."""
    check = check_of(key)
    place = row_near(0, bits, key)
    one, two, three = first + place, first + (place ^ ROW), first + (place ^ (2 * ROW))
    if rows[one] == check:
        return one
    if rows[two] == check:
        return two
    if rows[three] == check:
        return three
    if rows[two + 1] < rows[one + 1]:
        one = two
    if rows[three + 1] < rows[one + 1]:
        one = three
    rows[one] = check
    for place in range(1, ROW):
        rows[one + place] = 0
    return one
