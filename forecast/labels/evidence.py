"""What a message shows: words, pairs of words, looks, and runs of four characters, each once.

A word is a run of letters and digits, capitals made small, bytes from 0x80 up being letters (those
of any alphabet in UTF-8). A word with digits has a shape too, all its digits read as 0: two
telephone numbers are different words of one shape. A pair is two words, by their shapes, that
follow one another. Looks are how long the message is, how many digits and capitals it has and the
like, in rough steps. Characters are read with digits as 0 and whatever is blank as one space.

Each of them has a place below 2^bits, by hashes that stay within 63 bits: numba's integers and
Python's then agree, and the kernel runs as it is written where numba is not at hand.
"""

from forecast.arrays import ints, table
from forecast.compiled import compiled

READ = 8192  # bytes of a message: the rest of a longer one is left out
EVIDENCE = 4096  # of a message at most
TABLE = 2 * EVIDENCE

# FNV-1a in 32 bits (Fowler, Noll and Vo, 1991):  h <- (h ^ byte) * PRIME,  modulo 2^32
BASIS = 0x811C9DC5
PRIME = 0x01000193
MASK = 0xFFFFFFFF
SPREAD = 0x5851F42D  # of four characters as one number (Knuth, 1973): an odd multiplier, its middle

# what a piece of evidence is; a number that is no byte begins the hash of all but words
ALWAYS, WORD, SHAPE, PAIR, LOOK, RUN = range(6)
LENGTH, DIGITS, CAPITALS, DIGITS_SHARE, CAPITALS_SHARE, NUMBER, EXCLAIMED, MONEY, END = range(9)
KINDS = 0x100
SEEN = 3  # integers that tell what a piece of evidence is: kind; from, to / look, step / characters

# what each byte is: between words, a letter, a digit
BETWEEN, LETTER, DIGIT = range(3)
BLANK, ZERO, DOLLAR, EXCLAMATION, FULL_STOP, QUESTION = 0x20, 0x30, 0x24, 0x21, 0x2E, 0x3F
POUND, EURO = 0xC2A3, 0x82AC  # their last two bytes in UTF-8


def _kind(byte: int) -> int:
    if byte >= 0x80 or chr(byte).isalpha():
        return LETTER
    return DIGIT if chr(byte).isdigit() else BETWEEN


def _character(byte: int) -> int:
    if _kind(byte) == DIGIT:
        return ZERO
    return BLANK if byte <= BLANK or byte == 0x7F else bytes([byte]).lower()[0]


KIND = table([_kind(byte) for byte in range(256)])
SMALL = table([*bytes(range(256)).lower()])
CHARACTER = table([_character(byte) for byte in range(256)])


@compiled
def joined_hash(h, number):
    """One more number into a hash."""
    return ((h ^ number) * PRIME) & MASK


@compiled
def step_of(number):
    """Two steps for each doubling: 0, 1, 2, 3, 4, 6, 8, 12, 16 and so on begin a new one."""
    step = 0
    while number > 3:
        number >>= 1
        step += 2
    return step + number


@compiled
def with_place(places, seen, n, taken, h, bits, kind, first, second):
    """Put the place of a hash behind the n that are written, unless it is one of them.

    ``taken`` [TABLE] holds these n, plus 1, each where its own value leads or the next free after
    it; 0 is free. There are n then, or n + 1.
    """
    # folded to below 2^bits, so that all of the hash counts
    place = (h ^ (h >> bits)) & ((1 << bits) - 1)
    at = place & (TABLE - 1)
    while taken[at] > 0:
        if taken[at] == place + 1:
            return n
        at = (at + 1) & (TABLE - 1)
    if n == EVIDENCE:
        return n
    taken[at] = place + 1
    places[n] = place
    seen[SEEN * n] = kind
    seen[SEEN * n + 1] = first
    seen[SEEN * n + 2] = second
    return n + 1


@compiled
def evidence_of(x, bits, places, seen):
    """Write the places of all that a message shows.

    Parameters
    ----------
    x : uint8 array, or bytes
        The message.
    bits : int
        Places are below 2^bits.
    places : int64 array [EVIDENCE]
        Written: different places; the first of them is in every message.
    seen : int64 array [SEEN * EVIDENCE]
        Written: what each is.

    Returns
    -------
    told, n : int
        How many are words, pairs and looks, and how many there are with the runs of characters,
        which come last.
    """
    taken = ints(TABLE)
    n = with_place(places, seen, 0, taken, joined_hash(BASIS, KINDS + ALWAYS), bits, ALWAYS, 0, 0)
    size = min(len(x), READ)
    n = _words(x, size, bits, places, seen, n, taken)
    told = _looks(x, size, bits, places, seen, n, taken)
    return told, _runs(x, size, bits, places, seen, told, taken)


@compiled
def _words(x, size, bits, places, seen, n, taken):
    """Words, their shapes, and pairs of them."""
    before, before_at = joined_hash(BASIS, KINDS + PAIR), -1
    h, shape, begin, digits = BASIS, BASIS, -1, False
    for at in range(size + 1):
        kind = KIND[x[at]] if at < size else BETWEEN
        if kind != BETWEEN:
            if begin < 0:
                h, shape, begin, digits = BASIS, BASIS, at, False
            h = ((h ^ SMALL[x[at]]) * PRIME) & MASK
            shape = ((shape ^ CHARACTER[x[at]]) * PRIME) & MASK
            digits = digits or kind == DIGIT
        elif begin >= 0:
            n = with_place(places, seen, n, taken, h, bits, WORD, begin, at)
            if digits:
                shape = joined_hash(shape, KINDS + SHAPE)
                n = with_place(places, seen, n, taken, shape, bits, SHAPE, begin, at)
            # by what comes first, then what follows: otherwise a pair would be its reverse
            pair = joined_hash(joined_hash(before, KINDS + PAIR), shape)
            n = with_place(places, seen, n, taken, pair, bits, PAIR, before_at, at)
            before, before_at, begin = shape, begin, -1
    return n


@compiled
def _looks(x, size, bits, places, seen, n, taken):
    """How a message looks, without its words."""
    digits, capitals, number, longest, exclaimed, money = 0, 0, 0, 0, 0, 0
    last = 0
    for at in range(size):
        byte = int(x[at])
        if KIND[byte] == DIGIT:
            digits += 1
            number += 1
            longest = max(longest, number)
        else:
            number = 0
            capitals += 1 if SMALL[byte] != byte else 0
            exclaimed += 1 if byte == EXCLAMATION else 0
            both = (last << 8) | byte
            money = 1 if byte == DOLLAR or both in (POUND, EURO) else money
        last = byte
    marked = last in (EXCLAMATION, FULL_STOP, QUESTION)
    n = _look(places, seen, n, taken, bits, LENGTH, step_of(size))
    n = _look(places, seen, n, taken, bits, DIGITS, step_of(digits))
    n = _look(places, seen, n, taken, bits, CAPITALS, step_of(capitals))
    n = _look(places, seen, n, taken, bits, DIGITS_SHARE, 10 * digits // max(1, size))
    n = _look(places, seen, n, taken, bits, CAPITALS_SHARE, 10 * capitals // max(1, size))
    n = _look(places, seen, n, taken, bits, NUMBER, min(12, longest))
    n = _look(places, seen, n, taken, bits, EXCLAIMED, min(3, exclaimed))
    n = _look(places, seen, n, taken, bits, MONEY, money)
    return _look(places, seen, n, taken, bits, END, last if marked else 0)


@compiled
def _look(places, seen, n, taken, bits, look, step):
    h = joined_hash(joined_hash(joined_hash(BASIS, KINDS + LOOK), look), step)
    return with_place(places, seen, n, taken, h, bits, LOOK, look, step)


@compiled
def _runs(x, size, bits, places, seen, n, taken):
    """Runs of four characters; a space stands before the first and behind the last one."""
    run, last, length = BLANK, BLANK, 1
    for at in range(size + 1):
        character = CHARACTER[x[at]] if at < size else BLANK
        if character == BLANK and last == BLANK:
            continue
        run = ((run << 8) | character) & MASK
        last = character
        length += 1
        if length >= 4:
            h = ((run * SPREAD) >> 16) & MASK
            n = with_place(places, seen, n, taken, h, bits, RUN, run, 0)
            if n == EVIDENCE:
                return n
    return n


LOOKS = (
    *("bytes", "digits", "capitals", "tenths of digits", "tenths of capitals"),
    *("digits in its longest number", "exclamation marks", "signs of money", "last mark"),
)
IN_STEPS = (LENGTH, DIGITS, CAPITALS)


def evidence_text(x: bytes, kind: int, first: int, second: int) -> str:
    """What a person reads of a piece of evidence.

    Examples
    --------
    >>> evidence_text(b"Win 500 now", SHAPE, 4, 7), evidence_text(b"Win 500 now", PAIR, 0, 7)
    ('a word like 000', 'win 500')
    """
    if kind == ALWAYS:
        return "any message"
    if kind == RUN:
        return "..." + first.to_bytes(4, "big").decode(errors="replace") + "..."
    if kind == LOOK:
        return _look_text(first, second)
    # what is glued to a word of a mail is its header
    text = x[max(0, first) : second].lower().replace(b"\xff", b":")
    if kind == SHAPE:
        shape = bytes(ZERO if KIND[byte] == DIGIT else byte for byte in text)
        return "a word like " + shape.decode(errors="replace")
    said = " ".join(text.decode(errors="replace").split())
    return said if first >= 0 else f"begins with {said}"


def _look_text(look: int, step: int) -> str:
    if look == MONEY:
        return "a sign of money" if step else "no sign of money"
    if look == END:
        return f"ends with {chr(step)}" if step else "ends without a mark"
    if look in IN_STEPS and step > 3:
        # the step's first number, and that of the next one less 1
        begin, after = ((2 + number % 2) << (number // 2 - 1) for number in (step, step + 1))
        return f"{begin} to {after - 1} {LOOKS[look]}"
    return f"{step} {LOOKS[look]}"
