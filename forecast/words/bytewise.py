"""Which byte comes next: what a learner of bytes is asked, and how it learns one.

A byte is eight decisions (``forecast.words.bitwise``), so any answers to them make probabilities of
256 bytes that sum to 1. All of them are forecast from one state: a forecast of the byte is the same
whether it is asked for or paid for. After a byte, what is kept of whole bytes learns it too: runs,
matches, where the text stands, and the words.
"""

import math

import numpy as np

from forecast.compiled import compiled
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SAID,
    SPELLED,
    SURPRISE,
)
from forecast.vectors import prefetch
from forecast.words.bitwise import (
    ALWAYS,
    AT_CHANCES,
    AT_FOLLOWED,
    AT_HEADS,
    AT_HINTS,
    AT_KEYS,
    AT_KINDS,
    AT_MATCH,
    AT_PAST,
    AT_ROWS,
    AT_RUNS,
    AT_TEXT,
    BITS,
    CONSTANT,
    D_ASKED,
    D_EXPECTED,
    D_HINTS,
    D_LENGTH,
    D_RUN,
    DESK,
    G_DESK,
    G_HINTS,
    N_CONTEXTS,
    N_INPUTS,
    N_MIXERS,
    OF_BITS,
    OF_HINTS,
    OF_RATE,
    RUNS,
    WORDS,
    bit_learn,
    bit_say,
    rows_of,
)
from forecast.words.chances import COUNTS, RATES
from forecast.words.contexts import (
    CONTEXTS,
    followed_learn,
    text_contexts,
    text_go_on,
)
from forecast.words.hints import (
    D_PATHS,
    G_PATHS,
    NEW,
    STANDING,
    hints_follow,
    hints_lay_out,
    hints_learn,
)
from forecast.words.likeliest import nobody, offer
from forecast.words.match import (
    MATCHES,
    length_class,
    match_expects,
    match_follow,
    match_learn,
    match_length,
)
from forecast.words.rows import (
    LINE,
    hashed,
    row_claim,
    row_find,
    row_near,
)
from forecast.words.runs import run_find, run_learn, run_near

# ---- one byte ----------------------------------------------------------------------------------


@compiled
def keys_write(i, u, b, text, match, keys):
    """The contexts of the next byte, as keys."""
    h = np.empty(CONTEXTS, np.int64)
    past, followed = b[8 * i[AT_PAST] : 8 * i[AT_ROWS]], i[i[AT_FOLLOWED] : i[AT_PAST]]
    text_contexts(text, followed, match_expects(past, match, 0), match_length(match, 0), h)
    for k in range(len(keys)):
        keys[k] = h[i[i[AT_KINDS] + k]]


@compiled
def rows_find(i, b, d, path, bit):
    """Find the rows of four bits: the blank one where there is none.

    ``path`` is 1 before a byte, and after its first four bits a one and these.
    """
    rows = rows_of(bit)
    keys, first, bits = i[i[AT_KEYS] : i[AT_FOLLOWED]], 8 * i[AT_ROWS] + LINE, i[BITS]
    for k in range(len(keys)):
        prefetch(b, row_near(first, bits, row_key(keys[k], path)))
    for k in range(len(keys)):
        d[rows + k] = row_find(b, first, bits, row_key(keys[k], path))


@compiled
def rows_claim(i, b, d, path, bit):
    """Claim rows for the contexts that have none yet."""
    rows = rows_of(bit)
    keys, first, bits = i[i[AT_KEYS] : i[AT_FOLLOWED]], 8 * i[AT_ROWS] + LINE, i[BITS]
    for k in range(len(keys)):
        if d[rows + k] == first - LINE:
            d[rows + k] = row_claim(b, first, bits, row_key(keys[k], path))


@compiled
def row_key(key, path):
    """The key of a context's row, at the begin of a byte or after four of its bits."""
    return key if path == 1 else hashed(key, path)


@compiled
def byte_begin(f, i, u, b, d, g):
    """Lay out what the whole byte has: runs, what matches expect, the words that are left."""
    if i[WORDS]:
        hints_lay_out(f[i[OF_HINTS] :], i[i[AT_HINTS] :], d, D_HINTS, g, G_HINTS)
    match, past = i[i[AT_MATCH] : i[AT_KEYS]], b[8 * i[AT_PAST] : 8 * i[AT_ROWS]]
    for m in range(MATCHES):
        d[D_EXPECTED + m] = match_expects(past, match, m) + 1
        d[D_LENGTH + m] = length_class(match_length(match, m))
    if i[RUNS]:
        keys, runs = i[i[AT_KEYS] : i[AT_FOLLOWED]], u[2 * i[AT_RUNS] : 2 * i[AT_CHANCES]]
        for k in range(len(keys)):
            prefetch(runs, run_near(runs, keys[k]))
        for k in range(len(keys)):
            d[D_RUN + k] = run_find(runs, keys[k])


@compiled
def desks(i):
    """A desk for each bit of a byte, with nothing on it but the constant input."""
    x = np.zeros(8 * i[N_INPUTS], np.float32)
    for bit in range(8):
        x[bit * i[N_INPUTS] + ALWAYS] = CONSTANT
    d, g = OF_BITS + 8 * DESK, 8 * G_DESK
    if i[WORDS]:
        d, g = d + D_PATHS, g + G_PATHS
    return np.empty(d, np.uint32), x, np.empty(g), np.empty(8 * i[N_MIXERS])


@compiled
def byte_say(f, i, u, b, s, d, x, g, h, y):
    """-log p(y) of a byte: each of its bits is laid out on a desk of its own."""
    p, path = 1.0, 1
    byte_begin(f, i, u, b, d, g)
    for bit in range(8):
        if bit in (0, 4):
            rows_find(i, b, d, path, bit)
        one = (y >> (7 - bit)) & 1
        said = bit_say(f, i, u, b, s, d, x, g, h, path, bit)
        p *= said if one else 1.0 - said
        path = path << 1 | one
    return -math.log(p)


@compiled
def byte_learn(f, i, u, b, s, d, x, g, h, y):
    """Learn a byte of which ``byte_say`` has just spoken: all its bits, and where the text stands.

    What one bit teaches is not yet known when the next is spoken of: all are forecast from one
    state, so that a forecast of the byte is the same whether it is asked for or paid for.
    """
    path = 1
    for bit in range(8):
        if bit in (0, 4):
            rows_claim(i, b, d, path, bit)
        one = (y >> (7 - bit)) & 1
        bit_learn(f, i, u, b, s, d, x, g, h, path, bit, one)
        path = path << 1 | one
    byte_end(f, i, u, b, d, y)
    if i[WORDS]:
        hints_learn(f[i[OF_HINTS] :], i[i[AT_HINTS] :], d, D_HINTS, g, G_HINTS, y)


@compiled
def byte_end(f, i, u, b, d, y):
    """A byte was learned: the text goes on, and what is kept of whole bytes learns it too."""
    if i[RUNS]:
        keys, runs = i[i[AT_KEYS] : i[AT_FOLLOWED]], u[2 * i[AT_RUNS] : 2 * i[AT_CHANCES]]
        for k in range(len(keys)):
            run_learn(runs, keys[k], np.int64(d[D_RUN + k]), y)
    total = 0.0
    for k in range(i[N_CONTEXTS]):
        n = u[d[OF_BITS + 7 * DESK + D_ASKED + k]] & (COUNTS - 1)
        total += RATES[max(n, 1)] / 65536.0
    f[OF_RATE] = total / i[N_CONTEXTS]
    text, match = i[i[AT_TEXT] : i[AT_MATCH]], i[i[AT_MATCH] : i[AT_KEYS]]
    past, heads = b[8 * i[AT_PAST] : 8 * i[AT_ROWS]], u[2 * i[AT_HEADS] : 2 * i[AT_RUNS]]
    match_follow(past, match, y)
    match_learn(past, heads, match, y)
    followed_learn(text, i[i[AT_FOLLOWED] : i[AT_PAST]], y)
    text_go_on(text, y)
    keys_write(i, u, b, text, match, i[i[AT_KEYS] : i[AT_FOLLOWED]])


# ---- what a learner is asked -------------------------------------------------------------------


@compiled
def _said(f, i, y, said, learns):
    """Write what is said of byte y to ``said`` [SAID]; with ``learns`` learn it."""
    u, b, s = i.view(np.uint32), i.view(np.uint8), i.view(np.float32)
    d, x, g, h = desks(i)
    said[EXPECTED] = math.nan
    said[EFFECTIVE_RATE] = f[OF_RATE]
    said[SPELLED] = 0.0
    said[SURPRISE] = byte_say(f, i, u, b, s, d, x, g, h, y)
    if learns:
        byte_learn(f, i, u, b, s, d, x, g, h, y)


@compiled
def bytes_ask(f, i, x, y, said):
    """Write what is said of a byte."""
    _said(f, i, np.int64(y[0]), said, False)


@compiled
def bytes_answer(f, i, x, y, said):
    """Write what is said of a byte, and learn it."""
    _said(f, i, np.int64(y[0]), said, True)


@compiled
def bytes_learn(f, i, x, y):
    """Learn a byte."""
    _said(f, i, np.int64(y[0]), np.empty(SAID), True)


@compiled
def bytes_top(f, i, x, ids, ps):
    """Write the likeliest bytes and their probabilities, most likely first.

    Paths of bits are followed, the likelier way first, while they are likelier than the last of
    these: a byte is no likelier than any path that leads to it.
    """
    u, b, s = i.view(np.uint32), i.view(np.uint8), i.view(np.float32)
    d, x, g, h = desks(i)
    nobody(ids, ps)
    byte_begin(f, i, u, b, d, g)
    # of the path so far: its bits after a one, its probability, that of a one next, ways gone on
    path, p, one, gone = np.ones(9, np.int64), np.ones(9), np.empty(8), np.zeros(9, np.int64)
    bit = 0
    while bit >= 0:
        if bit == 8:
            offer(ids, ps, path[8] - 256, p[8])
        if bit == 8 or gone[bit] == 2:
            bit -= 1
            continue
        if gone[bit] == 0:
            if bit in (0, 4):
                rows_find(i, b, d, path[bit], bit)
            one[bit] = bit_say(f, i, u, b, s, d, x, g, h, path[bit], bit)
        way = int(one[bit] >= 0.5) if gone[bit] == 0 else int(one[bit] < 0.5)
        gone[bit] += 1
        likely = p[bit] * (one[bit] if way else 1.0 - one[bit])
        if likely > ps[len(ps) - 1]:
            bit += 1
            path[bit], p[bit], gone[bit] = path[bit - 1] << 1 | way, likely, 0


@compiled
def bytes_probabilities(f, i, p):
    """Probability of each byte, to p [256]: the product of those of its bits.

    Every path of bits is asked about once.
    """
    u, b, s = i.view(np.uint32), i.view(np.uint8), i.view(np.float32)
    d, x, g, h = desks(i)
    byte_begin(f, i, u, b, d, g)
    p[0] = 1.0
    found = 0
    for bit in range(8):
        # p[k] is that of the first bits k; the next bit tells two of them apart, from above down
        for k in range((1 << bit) - 1, -1, -1):
            path = 1 << bit | k
            begin = path >> (bit - 4) if bit >= 4 else 1
            if begin != found:
                rows_find(i, b, d, begin, bit)
                found = begin
            one = bit_say(f, i, u, b, s, d, x, g, h, path, bit)
            p[2 * k + 1] = p[k] * one
            p[2 * k] = p[k] * (1.0 - one)


@compiled
def spelled_nats(f, i, ys):
    """-log p of the bytes ys, one after the other, from here on: nothing is learned of them.

    Where the text stands goes on with them, and is put back; the counts are those of now. Words
    have no hint to give from the end of this one on.
    """
    u, b, s = i.view(np.uint32), i.view(np.uint8), i.view(np.float32)
    d, x, g, h = desks(i)
    begin, end = i[AT_TEXT], i[AT_FOLLOWED]  # the text, the matches and the keys
    kept = np.empty(end - begin, np.int64)
    for k in range(end - begin):
        kept[k] = i[begin + k]
    text, match, keys = i[begin : i[AT_MATCH]], i[i[AT_MATCH] : i[AT_KEYS]], i[i[AT_KEYS] : end]
    own, words = f[i[OF_HINTS] :], i[i[AT_HINTS] :]
    word, new = np.empty(STANDING, np.int64), 0.0
    if i[WORDS]:
        new = own[NEW]
        for k in range(STANDING):
            word[k] = words[k]
    nats = 0.0
    for t in range(len(ys)):
        y = np.int64(ys[t])
        nats += byte_say(f, i, u, b, s, d, x, g, h, y)
        match_follow(b[8 * i[AT_PAST] : 8 * i[AT_ROWS]], match, y)
        text_go_on(text, y)
        keys_write(i, u, b, text, match, keys)
        if i[WORDS]:
            hints_follow(own, words, d, D_HINTS, g, G_HINTS, y)
    for k in range(end - begin):
        i[begin + k] = kept[k]
    if i[WORDS]:
        own[NEW] = new
        for k in range(STANDING):
            words[k] = word[k]
    return nats
