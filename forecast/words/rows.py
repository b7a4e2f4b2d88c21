"""Rows of bit histories, found by a hash: what followed a context, four bits at a time.

A row holds a check of its hash and the histories of the 15 places that the next four bits can
reach, 16 bytes in all; four rows share a line of the processor's cache. A row is looked for in
three of them. Where there is none, the one whose first history is the youngest is given up.
Source: lpaq1 (Mahoney 2007).
"""

from forecast.compiled import compiled

ROW = 16  # bytes: the check, then the histories by place
BLANK = 0  # where the row lies that is never written: of what was never seen
FIRST = 64  # where the others begin
SPREAD, MIXED = -7046029254386353131, -4417276706812531889  # odd, their bits well mixed


def rows_bytes(bits: int) -> int:
    """Bytes of 2^bits rows."""
    return FIRST + (ROW << bits)


@compiled
def hashed(a, b):
    """One number of two."""
    mixed = (a + b * MIXED) * SPREAD
    return mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)


@compiled
def check_of(key):
    """What a row keeps of its key; never 0, which stands in one that is free."""
    return max((key >> 48) & 255, 1)


@compiled
def row_near(rows, key):
    """Where the first of the three rows of a key lies."""
    return FIRST + ((key >> 20) & ((len(rows) - FIRST) // ROW - 1)) * ROW


@compiled
def beside(row, step):
    """The row that is so many steps, 1 or 2, from a row of the same line."""
    return FIRST + ((row - FIRST) ^ (step * ROW))


@compiled
def row_find(rows, key):
    """Where the row of a key lies; the blank one if there is none."""
    row, check = row_near(rows, key), check_of(key)
    for step in range(3):
        if rows[beside(row, step)] == check:
            return beside(row, step)
    return BLANK


@compiled
def row_claim(rows, key):
    """Where the row of a key lies; if there is none it takes the place of the youngest."""
    row, check = row_near(rows, key), check_of(key)
    first, second, third = row, beside(row, 1), beside(row, 2)
    if rows[first] == check:
        return first
    if rows[second] == check:
        return second
    if rows[third] == check:
        return third
    if rows[second + 1] < rows[first + 1]:
        first = second
    if rows[third + 1] < rows[first + 1]:
        first = third
    rows[first] = check
    for place in range(1, ROW):
        rows[first + place] = 0
    return first
