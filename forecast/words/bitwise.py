"""Which bit of a byte comes next: many contexts asked, mixed in the logistic domain, refined.

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

import numpy as np

from forecast.compiled import inlined
from forecast.vectors import prefetch
from forecast.words.bits import STRETCHED, bounded, squash
from forecast.words.chances import ONE, chance_lean, chance_logit, chance_move
from forecast.words.contexts import (
    KINDS,
    LAST,
    LENGTH,
    LENGTH_1,
    WORD,
    WORD_1,
)
from forecast.words.hints import (
    HINT_SETS,
    hint_says,
    path_goes_on,
)
from forecast.words.histories import history_after
from forecast.words.match import (
    LENGTHS,
    MATCHES,
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
from forecast.words.rows import hashed
from forecast.words.runs import RUN_CHANCES, run_foresees

# ints of a learner: the plan, how many contexts, mixers, inputs and pairs it has, whether it keeps
# runs, 2^bits rows, how many curves two bytes or a word have, mixers of the second layer, whether
# it has a model of words, where in the floats its hints begin; then where the parts begin
N_CONTEXTS, N_MIXERS, N_INPUTS, N_PAIRS, RUNS, BITS, N_CURVES = range(7)
N_SECONDS, WORDS, OF_HINTS = range(7, 10)
PARTS = 10
(AT_KINDS, AT_PAIRS, AT_TEXT, AT_MATCH, AT_KEYS, AT_FOLLOWED) = range(PARTS, PARTS + 6)
(AT_PAST, AT_ROWS, AT_HEADS, AT_RUNS, AT_CHANCES) = range(PARTS + 6, PARTS + 11)
(AT_RUN_CHANCES, AT_MATCH_CHANCES, AT_PAIR_CHANCES) = range(PARTS + 11, PARTS + 14)
(AT_WEIGHTS, AT_USES, AT_CURVES, AT_HINTS, END) = range(PARTS + 14, PARTS + 19)
PLAN = PARTS + 19

# inputs: two of the hint of words, a constant, two of each match, two of each pair, one of each
# context, then one of each run
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

# the desks. Before them lies what the whole byte has: for each context where its row lies, of the
# first four bits and of the last, and its run; for each match one more than the byte that it
# expects, and the class of its length. Then a desk for each bit: for each context its history, and
# the chances that this and its run asked; for matches and pairs the chances that they asked (0 for
# none); the bits that the matches foresee; the selected sets and curves
MOST = 32
D_ROW, D_RUN = 0, 2 * MOST
D_EXPECTED = 3 * MOST
D_LENGTH = D_EXPECTED + MATCHES
OF_BITS = D_LENGTH + MATCHES
D_HISTORY, D_ASKED, D_RUN_ASKED = 0, MOST, 2 * MOST
D_MATCH = 3 * MOST
D_MATCH_BIT = D_MATCH + MATCHES
D_PAIR = D_MATCH_BIT + MATCHES
D_SET = D_PAIR + 8
D_SECOND = D_SET + MIXERS
D_CURVE = D_SECOND + LAYER_2
DESK = D_CURVE + MAPS
D_HINTS = OF_BITS + 8 * DESK  # behind all desks, what is left to the words
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
def rows_of(bit):
    """Where the rows of a bit's half of the byte are noted."""
    return D_ROW + (bit >> 2) * MOST


@inlined
def histories_say(i, u, b, d, o, x, r, path, bit):
    """What followed each context's history; returns how many of the orders from 2 on have one."""
    rows, place = rows_of(bit), place_of(path, bit)
    chances, first = 2 * i[AT_CHANCES], r + FROM_PAIRS + 2 * i[N_PAIRS]
    seen = 0
    for k in range(i[N_CONTEXTS]):
        history = b[d[rows + k] + place]
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
        asked = run_foresees(np.int64(d[D_RUN + k]), path, bit)
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
        expected = np.int64(d[D_EXPECTED + m]) - 1
        if expected < 0 or (expected | 256) >> (8 - bit) != path:
            d[o + D_MATCH + m] = 0
            x[k] = 0.0
            x[k + 1] = 0.0
            continue
        foreseen = (expected >> (7 - bit)) & 1
        length = np.int64(d[D_LENGTH + m])
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
        if m < last:
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
    o, r = OF_BITS + bit * DESK, bit * n  # the desks of this bit
    q, t = bit * G_DESK, bit * mixers
    curves_find(i, s, d, o, path)
    seen = histories_say(i, u, b, d, o, x, r, path, bit)
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
    o, r = OF_BITS + bit * DESK, bit * n  # the desks of this bit
    q, t = bit * G_DESK, bit * mixers
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
    rows, place = rows_of(bit), place_of(path, bit)
    for k in range(i[N_CONTEXTS]):
        chance_move(u, d[o + D_ASKED + k], y, LIMIT)
        b[d[rows + k] + place] = history_after(d[o + D_HISTORY + k], y)
