"""The longest match: where the text was last as it is now, and which byte came then.

A hash of the last bytes tells where they were before; the bytes themselves tell how far back both
agree. While the match holds it is followed. How often a match of its length was right is a chance.
Source: Mahoney (2005).
"""

import numpy as np

from forecast.compiled import compiled
from forecast.words.chances import chance_of
from forecast.words.rows import hashed

LEAST = np.array([5, 9])  # bytes that must agree, for each of the matches
MATCHES = len(LEAST)
LONGEST = 400
LENGTHS = 32  # classes of length

# ints of the matches: bytes learned, then for each match where it points and how long it is
SEEN = 0
POINTER = 1
AGREED = POINTER + MATCHES
MATCH_INTS = AGREED + MATCHES


def match_chances() -> list[int]:
    """A chance for each match, class of length and bit of the byte."""
    return [chance_of(0.75, 6)] * (MATCHES * LENGTHS * 8)


@compiled
def length_class(length):
    """The class of a length: 0 for no match, then each its own, then in fours."""
    return length if length < 16 else min(16 + (length - 16) // 4, LENGTHS - 1)


@compiled
def match_length(match, m):
    """How many bytes agree."""
    return match[AGREED + m]


@compiled
def match_expects(past, match, m):
    """The byte that a match says will come; -1 without a match."""
    return np.int64(past[match[POINTER + m] & (len(past) - 1)]) if match[AGREED + m] > 0 else -1


@compiled
def match_follow(past, match, y):
    """Go on along the matches that foresaw a byte; the others end."""
    for m in range(MATCHES):
        if match_expects(past, match, m) == y:
            match[AGREED + m] = min(match[AGREED + m] + 1, 65535)
            match[POINTER + m] += 1
        else:
            match[AGREED + m] = 0


@compiled
def _agree(past, seen, pointer):
    """How many of the last bytes are those before a pointer."""
    ring = len(past) - 1
    length = 0
    while (
        length < min(LONGEST, seen, ring - 1)
        and past[(seen - 1 - length) & ring] == past[(pointer - 1 - length) & ring]
    ):
        length += 1
    return length


@compiled
def match_learn(past, heads, match, y):
    """Remember a byte, which the matches have followed; look for others where none foresaw it.

    ``past`` uint8 is a ring of the last bytes; ``heads`` uint32 [MATCHES, ...] tell for a hash of
    bytes where in the ring they ended last, one step on.
    """
    ring = len(past) - 1
    past[match[SEEN] & ring] = y
    match[SEEN] += 1
    for m in range(MATCHES):
        if match[SEEN] < LEAST[m]:
            continue
        key = 0
        for back in range(1, LEAST[m] + 1):
            key = hashed(key, np.int64(past[(match[SEEN] - back) & ring]))
        size = len(heads) // MATCHES
        head = m * size + (key & (size - 1))
        pointer = np.int64(heads[head])
        if match[AGREED + m] == 0 and pointer > 0:
            length = _agree(past, match[SEEN], pointer)
            if length >= LEAST[m]:
                match[AGREED + m] = length
                match[POINTER + m] = pointer
        heads[head] = (match[SEEN] - 1 & ring) + 1
