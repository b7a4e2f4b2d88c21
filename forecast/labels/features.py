"""The words of a message, as places in a table: each that is present, once.

A word is a run of letters and digits, capitals made small, bytes from 0x80 up being letters (those
of any alphabet in UTF-8). A word with digits is present a second time by its shape, all its digits
read as 0: two telephone numbers are different words of one shape. One feature more is in every
message: the empty word, whose weight is the habit of the labels.
"""

import numpy as np

from forecast.compiled import compiled

FEATURES = 4096  # of a message at most: the rest of a longer one is left out

# FNV-1a in 64 bits (Fowler, Noll and Vo, 1991):  h <- (h ^ byte) * PRIME,  modulo 2^64
BASIS = np.uint64(0xCBF29CE484222325)
PRIME = np.uint64(0x100000001B3)
SHAPE = np.uint8(0x20)  # begins a shape, and no word

# what each byte is: between words, a letter, a digit
BETWEEN, LETTER, DIGIT = range(3)


def _kind(byte: int) -> int:
    if byte >= 0x80 or chr(byte).isalpha():
        return LETTER
    return DIGIT if chr(byte).isdigit() else BETWEEN


KIND = np.array([_kind(byte) for byte in range(256)], np.uint8)
SMALL = np.array([*bytes(range(256)).lower()], np.uint8)
ZERO = np.uint8(0x30)


@compiled
def word_hash(x, begin, end):
    """The hash of a word; of the empty one where ``end == begin``."""
    h = BASIS
    for at in range(begin, end):
        h = (h ^ SMALL[x[at]]) * PRIME
    return h


@compiled
def shape_hash(x, begin, end):
    """The hash of a word's shape: all its digits are 0."""
    h = (BASIS ^ SHAPE) * PRIME
    for at in range(begin, end):
        h = (h ^ (ZERO if KIND[x[at]] == DIGIT else SMALL[x[at]])) * PRIME
    return h


@compiled
def with_feature(slots, n, table, h, bits):
    """Put the place of a hash behind the n that are written, unless it is one of them.

    ``table`` [a power of two] holds these n, each where its own value leads or the next free
    after it; -1 is free. There are n features then, or n + 1.
    """
    # folded to below 2^bits, so that all of the hash counts
    slot = np.int64((h ^ (h >> bits)) & ((1 << bits) - 1))
    last = len(table) - 1
    at = slot & last
    while table[at] >= 0:
        if table[at] == slot:
            return n
        at = (at + 1) & last
    if n == FEATURES:
        return n
    table[at] = slot
    slots[n] = slot
    return n + 1


@compiled
def features_of(x, bits, slots):
    """Write the places of the features of a message.

    Parameters
    ----------
    x : uint8 array
        The bytes of the message.
    bits : int
        Places are below 2^bits.
    slots : int64 array [FEATURES]
        Written: different places, in the order of their words.

    Returns
    -------
    int
        How many there are.
    """
    # every other byte begins at most a word and its shape: the table is at most half full
    size = 4
    while size < 2 * min(FEATURES, len(x) + 2):
        size *= 2
    table = np.empty(size, np.int64)
    for at in range(size):
        table[at] = -1
    n = with_feature(slots, 0, table, BASIS, bits)
    end = 0
    while n < FEATURES:
        begin = end
        while begin < len(x) and KIND[x[begin]] == BETWEEN:
            begin += 1
        if begin == len(x):
            return n
        end = begin
        digits = False
        while end < len(x) and KIND[x[end]] != BETWEEN:
            digits = digits or KIND[x[end]] == DIGIT
            end += 1
        n = with_feature(slots, n, table, word_hash(x, begin, end), bits)
        if digits:
            n = with_feature(slots, n, table, shape_hash(x, begin, end), bits)
    return n
