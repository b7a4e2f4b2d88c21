"""Which byte comes next, bit by bit: many contexts asked, mixed in the logistic domain, refined.

A byte is eight decisions, so any answers to them make probabilities of 256 bytes that sum to 1,
whatever a hash confuses. For each bit, each context says what followed its history, and how its run
goes on; the matches say theirs; mixers weigh all of it, and a last look corrects what they say.

Kernels about a bit take the state in all its types, which are views of the same two arrays, and the
desk, where the work on a bit is laid out and nothing is kept:
``f`` float64, ``i`` int64, and the same ints read as ``u`` uint32, ``b`` uint8 and ``s`` float32;
``d`` uint32, ``x`` float32 (the inputs of the mixers), ``g`` and ``h`` float64, where those of each
bit of the byte lie behind those of the last, from ``o``, ``r``, ``q`` and ``t`` on.

A learner that has a model of words beside the contexts (``forecast.words.hints``) asks it too: its
hint is two more inputs, weighed like all others, and selects a set of weights in either layer.

Source: context mixing, Mahoney (2005), "Adaptive weighing of context models for lossless data
compression"; the parts name their own.
"""

import math

import numpy as np

from forecast.compiled import compiled, inlined
from forecast.learner import EFFECTIVE_RATE, EXPECTED, SAID, SPELLED, SURPRISE
from forecast.vectors import prefetch
from forecast.words.bits import STRETCHED, bounded, squash
from forecast.words.chances import COUNTS, ONE, RATES, chance_lean, chance_logit, chance_move
from forecast.words.contexts import (
    CONTEXTS,
    KINDS,
    LAST,
    LENGTH,
    LENGTH_1,
    WORD,
    WORD_1,
    followed_learn,
    text_contexts,
    text_go_on,
)
from forecast.words.hints import (
    D_PATHS,
    G_PATHS,
    HINT_SETS,
    NEW,
    STANDING,
    hint_says,
    hints_follow,
    hints_lay_out,
    hints_learn,
    path_goes_on,
)
from forecast.words.histories import history_after
from forecast.words.likeliest import nobody, offer
from forecast.words.match import (
    LENGTHS,
    MATCHES,
    length_class,
    match_expects,
    match_follow,
    match_learn,
    match_length,
)
from forecast.words.mixer import mixer_learns, mixer_says, second_learns, second_says
from forecast.words.refine import (
    KNOTS,
    LAST_RATE,
    MAPS,
    SAYERS,
    curve_learns,
    curve_place,
    curve_says,
)
from forecast.words.rows import LINE, hashed, row_claim, row_find, row_near
from forecast.words.runs import RUN_CHANCES, run_find, run_foresees, run_learn, run_near

# ints of a learner: the plan, how many contexts, mixers, inputs and pairs it has, whether it keeps
# runs, 2^bits rows, how many curves two bytes or a word have, mixers of the second layer, whether
# it has a model of words, where in the floats its hints begin; then where the parts begin
N_CONTEXTS, N_MIXERS, N_INPUTS, N_PAIRS, RUNS, BITS, N_CURVES, N_SECONDS, WORDS, OF_HINTS = range(
    10
)
PARTS = 10
(AT_KINDS, AT_PAIRS, AT_TEXT, AT_MATCH, AT_KEYS, AT_FOLLOWED) = range(PARTS, PARTS + 6)
(AT_PAST, AT_ROWS, AT_HEADS, AT_RUNS, AT_CHANCES) = range(PARTS + 6, PARTS + 11)
(AT_RUN_CHANCES, AT_MATCH_CHANCES, AT_PAIR_CHANCES) = range(PARTS + 11, PARTS + 14)
(AT_WEIGHTS, AT_USES, AT_CURVES, AT_HINTS, END) = range(PARTS + 14, PARTS + 19)
PLAN = PARTS + 19

# inputs: the hint of the words, a constant, two of each match, two of each pair, two of each context, then
# one of each run
HINT, ALWAYS, FROM_MATCHES = 0, 2, 3
FROM_PAIRS = FROM_MATCHES + 2 * MATCHES
CONSTANT = 0.3
CONFIDENCE = 2.0 / ONE  # of the input p - 1/2 beside each logit
LIMIT = 1023  # what a history's chance counts to
PAIR_LIMIT = 255
MATCH_LIMIT = 200
RUN_LIMIT = 127

# mixers of the first layer, by what selects their weights, and how many sets each has: a light
# learner has the first of them; and after the last it has, where it has words, one by their hint
BY_PATH, BY_LAST, BY_MATCH, BY_SEEN, BY_LAST_2, BY_WORD, BY_FORM, BY_WORD_1 = range(8)
SETS = (256, 256, 8 * LENGTHS, 8 * 256, 256, 16 * 8 * 8, 256 * 8, 256 * 8)
MIXERS = len(SETS) + 1
# and of the second: by path, by match, by how many contexts were seen, by the last byte, by hint
SECONDS = (256, 8 * LENGTHS, 8 * 8, 256, HINT_SETS)
LAYER_2 = len(SECONDS)

# floats of a learner: the last weights, the rate, the weights of the second layer
LASTS = 0
OF_RATE = LASTS + 256 * SAYERS
OF_SECONDS = OF_RATE + 1

# the desk, one for each bit of a byte. What the byte has on all of them: for each context where its
# row lies and its run; for each match one more than the byte that it expects, and the class of its
# length. Of the bit: for each context its history, and the chances that this and its run asked; for
# matches and pairs the chances that they asked (0 for none); the bits that the matches foresee; the
# selected sets and curves
MOST = 32
D_ROW, D_RUN = 0, MOST
D_EXPECTED = 2 * MOST
D_LENGTH = D_EXPECTED + MATCHES
OF_BYTE = D_LENGTH + MATCHES
D_HISTORY, D_ASKED, D_RUN_ASKED = OF_BYTE, OF_BYTE + MOST, OF_BYTE + 2 * MOST
D_MATCH = OF_BYTE + 3 * MOST
D_MATCH_BIT = D_MATCH + MATCHES
D_PAIR = D_MATCH_BIT + MATCHES
D_SET = D_PAIR + 8
D_SECOND = D_SET + MIXERS
D_CURVE = D_SECOND + LAYER_2
DESK = D_CURVE + MAPS
D_HINTS = 8 * DESK  # behind all desks, what is left to the words
# in floats: what the second layer says, and what the last look sees; its place on the curves, p
G_SECOND = 0
G_LAST = G_SECOND + LAYER_2
G_PLACE = G_LAST + SAYERS
G_P = G_PLACE + 1
G_DESK = G_P + 1
G_HINTS = 8 * G_DESK


# ---- one bit -----------------------------------------------------------------------------------


@inlined
def chance_says(chance, sign, x, k):
    """A chance as two inputs: its logit, and how far it is from even; of a one by its sign."""
    x[k] = sign * STRETCHED[chance_logit(chance)]
    x[k + 1] = sign * np.float32(chance_lean(chance)) * np.float32(CONFIDENCE)


@inlined
def place_of(path, bit):
    """The place in its row of what follows a path: a one and then the bits since the row began."""
    return path if bit < 4 else (path & ((1 << (bit - 4)) - 1)) | (1 << (bit - 4))


@inlined
def histories_say(i, u, b, d, o, x, r, place):
    """What followed each context's history; returns how many of the orders from 2 on have one."""
    chances, first = 2 * i[AT_CHANCES], r + FROM_PAIRS + 2 * i[N_PAIRS]
    seen = 0
    for k in range(i[N_CONTEXTS]):
        history = b[d[o + D_ROW + k] + place]
        asked = chances + k * 256 + history
        d[o + D_HISTORY + k] = history
        d[o + D_ASKED + k] = asked
        x[first + k] = STRETCHED[chance_logit(u[asked])]
        seen += (history != 0) & (0 < k < 5)
    return seen


@inlined
def pairs_say(i, u, d, o, x, r):
    """What followed two histories together."""
    for j in range(i[N_PAIRS]):
        one, other = i[i[AT_PAIRS] + 2 * j], i[i[AT_PAIRS] + 2 * j + 1]
        both = (j * 256 + d[o + D_HISTORY + one]) * 256 + d[o + D_HISTORY + other]
        asked = 2 * i[AT_PAIR_CHANCES] + both
        d[o + D_PAIR + j] = asked
        chance_says(u[asked], np.float32(1.0), x, r + FROM_PAIRS + 2 * j)


@inlined
def runs_say(i, u, d, o, x, r, path, bit):
    """How each context's run goes on."""
    n = i[N_CONTEXTS]
    chances, first = 2 * i[AT_RUN_CHANCES], r + FROM_PAIRS + 2 * i[N_PAIRS] + n
    for k in range(n):
        asked = run_foresees(np.int64(d[o + D_RUN + k]), path, bit)
        if asked == 0:
            d[o + D_RUN_ASKED + k] = 0
            x[first + k] = 0.0
        else:
            d[o + D_RUN_ASKED + k] = chances + k * RUN_CHANCES + asked
            x[first + k] = STRETCHED[chance_logit(u[d[o + D_RUN_ASKED + k]])]


@inlined
def matches_say(i, u, d, o, x, r, path, bit):
    """What the matches say of a bit, where they foresaw all bits of the byte so far."""
    for m in range(MATCHES):
        k = r + FROM_MATCHES + 2 * m
        expected = np.int64(d[o + D_EXPECTED + m]) - 1
        if expected < 0 or (expected | 256) >> (8 - bit) != path:
            d[o + D_MATCH + m] = 0
            x[k] = 0.0
            x[k + 1] = 0.0
            continue
        foreseen = (expected >> (7 - bit)) & 1
        length = np.int64(d[o + D_LENGTH + m])
        asked = 2 * i[AT_MATCH_CHANCES] + (m * LENGTHS + length) * 8 + bit
        d[o + D_MATCH + m] = asked
        d[o + D_MATCH_BIT + m] = foreseen
        chance_says(u[asked], np.float32(2 * foreseen - 1), x, k)


@inlined
def select(i, d, o, path, bit, seen, hint):
    """Which sets of weights the mixers use, and which curves."""
    text = i[AT_TEXT]
    matched = bit
    if d[o + D_MATCH] > 0:
        matched = d[o + D_MATCH] - 2 * i[AT_MATCH_CHANCES]
    first, last = 0, i[N_MIXERS] - 1
    for m in range(last + 1):
        chosen = path
        if i[WORDS] and m == last:
            chosen = hint
        elif m == BY_LAST:
            chosen = i[text + LAST] & 0xFF
        elif m == BY_MATCH:
            chosen = matched
        elif m == BY_SEEN:
            chosen = seen * 256 + path
        elif m == BY_LAST_2:
            chosen = (i[text + LAST] >> 8) & 0xFF
        elif m == BY_WORD:
            chosen = (min(i[text + LENGTH], 15) * 8 + min(i[text + LENGTH_1], 7)) * 8 + bit
        elif m == BY_FORM:
            chosen = (i[text + KINDS] & 0xFF) * 8 + bit
        elif m == BY_WORD_1:
            chosen = (i[text + WORD_1] & 0xFF) * 8 + bit
        d[o + D_SET + m] = first + chosen
        first += SETS[m]
    d[o + D_SECOND] = path
    d[o + D_SECOND + 1] = SECONDS[0] + matched
    d[o + D_SECOND + 2] = SECONDS[0] + SECONDS[1] + seen * 8 + bit
    d[o + D_SECOND + 3] = SECONDS[0] + SECONDS[1] + SECONDS[2] + (i[text + LAST] & 0xFF)
    d[o + D_SECOND + 4] = SECONDS[0] + SECONDS[1] + SECONDS[2] + SECONDS[3] + hint


@inlined
def curves_find(i, s, d, o, path):
    """Where the curves of this bit lie: of the path, with the last two bytes, with the word."""
    text = i[AT_TEXT]
    first = 2 * i[AT_CURVES]
    d[o + D_CURVE] = first + path * KNOTS
    first += 256 * KNOTS
    mask = i[N_CURVES] - 1
    d[o + D_CURVE + 1] = first + (hashed(i[text + LAST] & 0xFFFF, path) & mask) * KNOTS
    first += i[N_CURVES] * KNOTS
    d[o + D_CURVE + 2] = first + (hashed(i[text + WORD], path) & mask) * KNOTS
    for c in range(1, MAPS):
        prefetch(s, np.int64(d[o + D_CURVE + c]))


@inlined
def bit_say(f, i, u, b, s, d, x, g, h, path, bit):
    """Probability that the next bit is a one.

    ``path`` is a one and then the bits of the byte that are known, ``bit`` how many.
    """
    n, mixers = i[N_INPUTS], i[N_MIXERS]
    o, r, q, t = bit * DESK, bit * n, bit * G_DESK, bit * mixers  # the desks of this bit
    curves_find(i, s, d, o, path)
    seen = histories_say(i, u, b, d, o, x, r, place_of(path, bit))
    pairs_say(i, u, d, o, x, r)
    matches_say(i, u, d, o, x, r, path, bit)
    if i[RUNS]:
        runs_say(i, u, d, o, x, r, path, bit)
    hint = 0
    if i[WORDS]:
        own, words = f[i[OF_HINTS] :], i[i[AT_HINTS] :]
        hint = hint_says(own, words, d, D_HINTS, g, G_HINTS, x, r + HINT, path, bit)
    select(i, d, o, path, bit, seen, hint)
    weights = 2 * i[AT_WEIGHTS]
    for m in range(mixers):
        h[t + m] = mixer_says(s, weights + d[o + D_SET + m] * n, x, r, n)
    mixed = 0.0
    for m in range(i[N_SECONDS]):
        g[q + G_SECOND + m] = second_says(
            f, OF_SECONDS + d[o + D_SECOND + m] * mixers, h, t, mixers
        )
        mixed += g[q + G_SECOND + m]
    mixed /= i[N_SECONDS]
    g[q + G_PLACE] = curve_place(mixed)
    g[q + G_LAST] = mixed
    logit = f[LASTS + path * SAYERS] * mixed
    for c in range(MAPS):
        g[q + G_LAST + 1 + c] = curve_says(s, d[o + D_CURVE + c], g[q + G_PLACE])
        logit += f[LASTS + path * SAYERS + 1 + c] * g[q + G_LAST + 1 + c]
    g[q + G_P] = squash(bounded(logit))
    if i[WORDS]:
        path_goes_on(g, G_HINTS, path, g[q + G_P])
    return g[q + G_P]


@inlined
def bit_learn(f, i, u, b, s, d, x, g, h, path, bit, y):
    """All that was asked learns bit y, of which ``bit_say`` has just spoken."""
    n, mixers = i[N_INPUTS], i[N_MIXERS]
    o, r, q, t = bit * DESK, bit * n, bit * G_DESK, bit * mixers  # the desks of this bit
    step = LAST_RATE * (y - g[q + G_P])
    for k in range(SAYERS):
        f[LASTS + path * SAYERS + k] += step * g[q + G_LAST + k]
    for c in range(MAPS):
        curve_learns(s, d[o + D_CURVE + c], g[q + G_PLACE], y)
    for m in range(i[N_SECONDS]):
        first = OF_SECONDS + d[o + D_SECOND + m] * mixers
        second_learns(f, first, h, t, mixers, g[q + G_SECOND + m], y)
    weights, uses = 2 * i[AT_WEIGHTS], 2 * i[AT_USES]
    for m in range(mixers):
        used = d[o + D_SET + m]
        mixer_learns(s, weights + used * n, s, uses + used, x, r, n, h[t + m], y)
    for m in range(MATCHES):
        if d[o + D_MATCH + m] > 0:
            chance_move(u, d[o + D_MATCH + m], np.int64(d[o + D_MATCH_BIT + m] == y), MATCH_LIMIT)
    for j in range(i[N_PAIRS]):
        chance_move(u, d[o + D_PAIR + j], y, PAIR_LIMIT)
    if i[RUNS]:
        for k in range(i[N_CONTEXTS]):
            if d[o + D_RUN_ASKED + k] > 0:
                chance_move(u, d[o + D_RUN_ASKED + k], y, RUN_LIMIT)
    place = place_of(path, bit)
    for k in range(i[N_CONTEXTS]):
        chance_move(u, d[o + D_ASKED + k], y, LIMIT)
        b[d[o + D_ROW + k] + place] = history_after(d[o + D_HISTORY + k], y)


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
def rows_find(i, b, d, o, path):
    """Find the rows of the next four bits: the blank one where there is none.

    ``path`` is 1 before a byte, and after its first four bits a one and these.
    """
    keys, first, bits = i[i[AT_KEYS] : i[AT_FOLLOWED]], 8 * i[AT_ROWS] + LINE, i[BITS]
    for k in range(len(keys)):
        prefetch(b, row_near(first, bits, row_key(keys[k], path)))
    for k in range(len(keys)):
        d[o + D_ROW + k] = row_find(b, first, bits, row_key(keys[k], path))


@compiled
def rows_claim(i, b, d, o, path):
    """Claim rows for the contexts that have none yet."""
    keys, first, bits = i[i[AT_KEYS] : i[AT_FOLLOWED]], 8 * i[AT_ROWS] + LINE, i[BITS]
    for k in range(len(keys)):
        if d[o + D_ROW + k] == first - LINE:
            d[o + D_ROW + k] = row_claim(b, first, bits, row_key(keys[k], path))


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
    d, x = np.zeros(8 * DESK + D_PATHS, np.uint32), np.zeros(8 * i[N_INPUTS], np.float32)
    for bit in range(8):
        x[bit * i[N_INPUTS] + ALWAYS] = CONSTANT
    return d, x, np.zeros(8 * G_DESK + G_PATHS), np.zeros(8 * i[N_MIXERS])


@compiled
def desk_copy(d, bit):
    """Lay out what belongs to the byte on the desk of its next bit."""
    for k in range(OF_BYTE):
        d[(bit + 1) * DESK + k] = d[bit * DESK + k]


@compiled
def byte_say(f, i, u, b, s, d, x, g, h, y):
    """-log p(y) of a byte: each of its bits is laid out on a desk of its own."""
    p, path = 1.0, 1
    byte_begin(f, i, u, b, d, g)
    for bit in range(8):
        if bit in (0, 4):
            rows_find(i, b, d, bit * DESK, path)
        one = (y >> (7 - bit)) & 1
        said = bit_say(f, i, u, b, s, d, x, g, h, path, bit)
        p *= said if one else 1.0 - said
        path = path << 1 | one
        if bit < 7:
            desk_copy(d, bit)
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
            rows_claim(i, b, d, bit * DESK, path)
        else:
            for k in range(i[N_CONTEXTS]):
                d[bit * DESK + D_ROW + k] = d[(bit - 1) * DESK + D_ROW + k]
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
        n = u[d[7 * DESK + D_ASKED + k]] & (COUNTS - 1)
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
            if bit > 0:
                desk_copy(d, bit - 1)
            if bit in (0, 4):
                rows_find(i, b, d, bit * DESK, path[bit])
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
                rows_find(i, b, d, bit * DESK, begin)
                found = begin
            one = bit_say(f, i, u, b, s, d, x, g, h, path, bit)
            p[2 * k + 1] = p[k] * one
            p[2 * k] = p[k] * (1.0 - one)
        if bit < 7:
            desk_copy(d, bit)


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
