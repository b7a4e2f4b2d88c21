"""Which byte comes next, bit by bit: many contexts asked, mixed in the logistic domain, refined.

A byte is eight decisions, so any answers to them make probabilities of 256 bytes that sum to 1,
whatever a hash confuses. For each bit, each context says what followed its history, and how its run
goes on; the matches say theirs; mixers weigh all of it, and a last look corrects what they say.

Who has something to say from outside, such as a model of words, writes a logit and a confidence
for the next bit to the first two inputs, ``desk.x[HINT]`` and ``desk.x[HINT + 1]``, before
``bit_say``: they are weighed like all others, and where they stay 0 nothing is changed.

Source: context mixing, Mahoney (2005), "Adaptive weighing of context models for lossless data
compression"; the parts name their own.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiled import compiled, prefetch
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SPELLED,
    SURPRISE,
    Floats,
    Ints,
)
from forecast.words.bits import STRETCHED
from forecast.words.chances import ONE, RATES, chance_lean, chance_logit, chance_move
from forecast.words.contexts import (
    CONTEXTS,
    LAST,
    LENGTH,
    LENGTH_1,
    ORDER_6,
    WORD,
    followed_learn,
    text_contexts,
    text_go_on,
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
from forecast.words.mixer import mixers_learn, mixers_say, seconds_learn, seconds_say
from forecast.words.refine import (
    MAPS,
    SAYERS,
    curves_find,
    curves_learn,
    curves_say,
    last_learn,
    last_say,
)
from forecast.words.rows import hashed, row_claim, row_find, row_near
from forecast.words.runs import runs_fetch, runs_find, runs_learn, runs_look, runs_teach

Small = NDArray[np.uint32]
Singles = NDArray[np.float32]

# the plan: how many contexts, mixers, inputs, pairs; whether runs are kept; then where the parts
# begin in the ints, in the order of the model below
N_CONTEXTS, N_MIXERS, N_INPUTS, N_PAIRS, RUNS = range(5)
PARTS = 5

# inputs: from outside, a constant, two of each match, two of each pair, two of each context, then
# one of each run
HINT, ALWAYS, FROM_MATCHES = 0, 2, 3
FROM_PAIRS = FROM_MATCHES + 2 * MATCHES
CONSTANT = 0.3
CONFIDENCE = 2.0 / ONE  # of the input p - 1/2 beside each logit
MOST_PAIRS = 4
LIMIT = 1023  # of what a history counts for
PAIR_LIMIT = 255
MATCH_LIMIT = 200

# mixers of the first layer, by what selects their weights, and how many sets each has; a light
# learner has the first of them
BY_PATH, BY_LAST, BY_MATCH, BY_SEEN, BY_LAST_2, BY_WORD = range(6)
SETS = (256, 256, 8 * LENGTHS, 8 * 256, 256, 16 * 8 * 8)
MIXERS = len(SETS)
# and of the second: by path, by match, by how many contexts were seen
SECONDS = (256, 8 * LENGTHS, 64)


class Model(NamedTuple):
    """All that a learner of bytes knows, as arrays: parts of its two flat ones, each in its type."""

    plan: Ints
    kinds: Ints  # [contexts]: which contexts it looks at
    pairs: Ints  # [pairs, 2] flat: whose histories are also looked at together
    text: Ints
    match: Ints
    keys: Ints  # [contexts]: of the contexts of the next byte
    followed: Ints
    past: NDArray[np.uint8]
    heads: Small
    rows: NDArray[np.uint8]
    runs: Small
    chances: Small  # [contexts, 256 histories]
    run_chances: Small
    match_chances: Small
    pair_chances: Small  # [pairs, 256, 256]
    weights: Singles  # [sets, inputs]
    uses: Singles  # [sets]
    curves: Singles
    seconds: Floats  # [sets, mixers]
    lasts: Floats  # [256, SAYERS]
    rate: Floats  # [1]


class Desk(NamedTuple):
    """Where the work on a bit is laid out; nothing of it is kept."""

    keys: Ints  # of the rows
    rows: Small
    histories: NDArray[np.uint8]
    asked: Small  # which chances the histories asked
    runs: Small
    runs_asked: Small
    match_asked: Ints  # -1 where a match says nothing
    match_bits: Ints
    pairs_asked: Small
    x: Singles
    selected: Small
    logits: Floats
    seconds: Small
    second_logits: Floats
    curves: Ints
    last_x: Floats
    said: Floats  # the mixture's logit, how far beyond a knot it lies, the probability


LOGIT, BEYOND, P = range(3)


@compiled
def model_of(f, i):
    """The parts of a learner's two arrays."""
    at = i[PARTS : PARTS + 18]
    n, mixers = i[N_CONTEXTS], i[N_MIXERS]
    sets = np.int64(0)
    for s in range(len(SECONDS)):
        sets += SECONDS[s]
    lasts = sets * mixers
    return Model(
        i,
        i[at[0] : at[1]],
        i[at[1] : at[2]],
        i[at[2] : at[3]],
        i[at[3] : at[4]],
        i[at[4] : at[5]],
        i[at[5] : at[6]],
        i[at[6] : at[7]].view(np.uint8),
        i[at[7] : at[8]].view(np.uint32),
        i[at[8] : at[9]].view(np.uint8),
        i[at[9] : at[10]].view(np.uint32),
        i[at[10] : at[11]].view(np.uint32),
        i[at[11] : at[12]].view(np.uint32),
        i[at[12] : at[13]].view(np.uint32),
        i[at[13] : at[14]].view(np.uint32),
        i[at[14] : at[15]].view(np.float32),
        i[at[15] : at[16]].view(np.float32),
        i[at[16] : at[17]].view(np.float32),
        f[:lasts],
        f[lasts : lasts + 256 * SAYERS],
        f[lasts + 256 * SAYERS :],
    )


@compiled
def _copy(ints):
    twin = np.empty(len(ints), np.int64)
    for k in range(len(ints)):
        twin[k] = ints[k]
    return twin


@compiled
def elsewhere(model):
    """A model that knows the same and may go on in its text by itself, as long as it only reads."""
    return Model(
        model.plan,
        model.kinds,
        model.pairs,
        _copy(model.text),
        _copy(model.match),
        _copy(model.keys),
        model.followed,
        model.past,
        model.heads,
        model.rows,
        model.runs,
        model.chances,
        model.run_chances,
        model.match_chances,
        model.pair_chances,
        model.weights,
        model.uses,
        model.curves,
        model.seconds,
        model.lasts,
        model.rate,
    )


@compiled
def desk_for(model):
    """A clean desk for a model."""
    n, mixers = model.plan[N_CONTEXTS], model.plan[N_MIXERS]
    desk = Desk(
        np.zeros(n, np.int64),
        np.zeros(n, np.uint32),
        np.zeros(n, np.uint8),
        np.zeros(n, np.uint32),
        np.zeros(n, np.uint32),
        np.zeros(n, np.uint32),
        np.zeros(MATCHES, np.int64),
        np.zeros(MATCHES, np.int64),
        np.zeros(MOST_PAIRS, np.uint32),
        np.zeros(model.plan[N_INPUTS], np.float32),
        np.zeros(mixers, np.uint32),
        np.zeros(mixers),
        np.zeros(len(SECONDS), np.uint32),
        np.zeros(len(SECONDS)),
        np.zeros(MAPS, np.int64),
        np.zeros(SAYERS),
        np.zeros(3),
    )
    desk.x[ALWAYS] = CONSTANT
    return desk


# ---- one bit -----------------------------------------------------------------------------------


@compiled
def _weigh_chance(chance, x, k):
    """A chance as two inputs: its logit, and how far it is from even."""
    x[k] = STRETCHED[chance_logit(chance)]
    x[k + 1] = np.float32(chance_lean(chance)) * np.float32(CONFIDENCE)


@compiled
def histories_look(model, desk, place):
    """What followed each context's history; returns how many of the orders 2 to 6 have one."""
    first = FROM_PAIRS + 2 * model.plan[N_PAIRS]
    seen = 0
    for k in range(len(desk.rows)):
        history = model.rows[desk.rows[k] + place]
        desk.histories[k] = history
        asked = k * 256 + history
        desk.asked[k] = asked
        _weigh_chance(model.chances[asked], desk.x, first + 2 * k)
        seen += (history != 0) & (0 < model.kinds[k] <= ORDER_6)
    return seen


@compiled
def pairs_look(model, desk):
    """What followed two histories together."""
    for j in range(model.plan[N_PAIRS]):
        one, other = desk.histories[model.pairs[2 * j]], desk.histories[model.pairs[2 * j + 1]]
        asked = (j * 256 + one) * 256 + other
        desk.pairs_asked[j] = asked
        _weigh_chance(model.pair_chances[asked], desk.x, FROM_PAIRS + 2 * j)


@compiled
def matches_look(model, desk, path, bit):
    """What the matches say of a bit, where they foresaw all bits of the byte so far."""
    for m in range(MATCHES):
        k = FROM_MATCHES + 2 * m
        expected = match_expects(model.past, model.match, m)
        if expected < 0 or (expected | 256) >> (8 - bit) != path:
            desk.match_asked[m] = -1
            desk.x[k] = 0.0
            desk.x[k + 1] = 0.0
            continue
        asked = (m * LENGTHS + length_class(match_length(model.match, m))) * 8 + bit
        desk.match_asked[m] = asked
        desk.match_bits[m] = (expected >> (7 - bit)) & 1
        _weigh_chance(model.match_chances[asked], desk.x, k)
        if desk.match_bits[m] == 0:
            desk.x[k] = -desk.x[k]
            desk.x[k + 1] = -desk.x[k + 1]


@compiled
def select(model, desk, path, bit, seen):
    """Which set of weights each mixer uses."""
    text = model.text
    matched = bit
    if desk.match_asked[0] >= 0:
        matched = desk.match_asked[0]
    first = 0
    for s in range(len(desk.selected)):
        chosen = path
        if s == BY_LAST:
            chosen = text[LAST] & 0xFF
        elif s == BY_MATCH:
            chosen = matched
        elif s == BY_SEEN:
            chosen = seen * 256 + path
        elif s == BY_LAST_2:
            chosen = (text[LAST] >> 8) & 0xFF
        elif s == BY_WORD:
            chosen = (min(text[LENGTH], 15) * 8 + min(text[LENGTH_1], 7)) * 8 + bit
        desk.selected[s] = first + chosen
        first += SETS[s]
    desk.seconds[0] = path
    desk.seconds[1] = SECONDS[0] + matched
    desk.seconds[2] = SECONDS[0] + SECONDS[1] + seen * 8 + bit


@compiled
def bit_say(model, desk, path, bit):
    """Probability that the next bit is a one.

    ``path`` is a one and then the bits of the byte that are known, ``bit`` how many.
    """
    text = model.text
    curves_find(model.curves, text[LAST] & 0xFFFF, text[WORD], path, desk.curves)
    place = path if bit < 4 else (path & ((1 << (bit - 4)) - 1)) | (1 << (bit - 4))
    n, mixers = len(desk.x), len(desk.logits)
    seen = histories_look(model, desk, place)
    pairs_look(model, desk)
    matches_look(model, desk, path, bit)
    if model.plan[RUNS]:
        first = FROM_PAIRS + 2 * (model.plan[N_PAIRS] + len(desk.rows))
        runs_look(
            desk.runs, model.run_chances, len(desk.rows), path, bit, desk.runs_asked, desk.x[first:]
        )
    select(model, desk, path, bit, seen)
    mixers_say(model.weights, desk.selected, desk.x, n, mixers, desk.logits)
    desk.said[LOGIT] = seconds_say(
        model.seconds, desk.seconds, desk.logits, mixers, len(SECONDS), desk.second_logits
    )
    desk.said[BEYOND] = curves_say(model.curves, desk.curves, desk.said[LOGIT], desk.last_x)
    desk.said[P] = last_say(model.lasts, path, desk.last_x)
    return desk.said[P]


@compiled
def bit_learn(model, desk, path, bit, y):
    """All that was asked learns bit y, which ``bit_say`` has just spoken of."""
    n, mixers = len(desk.x), len(desk.logits)
    place = path if bit < 4 else (path & ((1 << (bit - 4)) - 1)) | (1 << (bit - 4))
    last_learn(model.lasts, path, desk.last_x, desk.said[P], y)
    curves_learn(model.curves, desk.curves, desk.said[BEYOND], y)
    seconds_learn(
        model.seconds, desk.seconds, desk.logits, mixers, len(SECONDS), desk.second_logits, y
    )
    mixers_learn(model.weights, model.uses, desk.selected, desk.x, n, mixers, desk.logits, y)
    for j in range(model.plan[N_PAIRS]):
        chance_move(model.pair_chances, np.int64(desk.pairs_asked[j]), y, PAIR_LIMIT)
    for m in range(MATCHES):
        if desk.match_asked[m] >= 0:
            right = np.int64(desk.match_bits[m] == y)
            chance_move(model.match_chances, desk.match_asked[m], right, MATCH_LIMIT)
    if model.plan[RUNS]:
        runs_teach(model.run_chances, len(desk.rows), desk.runs_asked, y)
    for k in range(len(desk.rows)):
        chance_move(model.chances, np.int64(desk.asked[k]), y, LIMIT)
        model.rows[desk.rows[k] + place] = history_after(desk.histories[k], y)


# ---- one byte ----------------------------------------------------------------------------------


@compiled
def keys_write(model):
    """The contexts of the next byte, as keys."""
    h = np.empty(CONTEXTS, np.int64)
    expected = match_expects(model.past, model.match, 0)
    text_contexts(model.text, model.followed, expected, match_length(model.match, 0), h)
    for k in range(len(model.keys)):
        model.keys[k] = h[model.kinds[k]]


@compiled
def rows_look(model, desk, path, claim):
    """Find the rows of the next four bits: where there are none, claim them or read of the blank.

    ``path`` is 1 before a byte, and after its first four bits a one and these.
    """
    for k in range(len(desk.rows)):
        desk.keys[k] = model.keys[k] if path == 1 else hashed(model.keys[k], path + 1000)
        prefetch(model.rows, row_near(model.rows, desk.keys[k]))
    for k in range(len(desk.rows)):
        if claim:
            desk.rows[k] = row_claim(model.rows, desk.keys[k])
        else:
            desk.rows[k] = row_find(model.rows, desk.keys[k])
    if path == 1 and model.plan[RUNS]:
        runs_fetch(model.runs, model.keys, len(desk.rows))
        runs_find(model.runs, model.keys, len(desk.rows), desk.runs)


@compiled
def byte_nats(model, desk, y):
    """-log p(y) of a byte; nothing is learned."""
    p = 1.0
    path = 1
    for bit in range(8):
        if bit in (0, 4):
            rows_look(model, desk, path, False)
        one = (y >> (7 - bit)) & 1
        said = bit_say(model, desk, path, bit)
        p *= said if one else 1.0 - said
        path = path << 1 | one
    return -math.log(p)


@compiled
def byte_learn(model, desk, y):
    """Learn a byte; returns -log p(y) as it was before."""
    p = 1.0
    path = 1
    for bit in range(8):
        if bit in (0, 4):
            rows_look(model, desk, path, True)
        one = (y >> (7 - bit)) & 1
        said = bit_say(model, desk, path, bit)
        p *= said if one else 1.0 - said
        bit_learn(model, desk, path, bit, one)
        path = path << 1 | one
    if model.plan[RUNS]:
        runs_learn(model.runs, model.keys, len(desk.rows), desk.runs, y)
    model.rate[0] = _rate(model, desk)
    match_follow(model.past, model.match, y)
    match_learn(model.past, model.heads, model.match, y)
    followed_learn(model.text, model.followed, y)
    text_go_on(model.text, y)
    keys_write(model)
    return -math.log(p)


@compiled
def _rate(model, desk):
    """The mean rate of the chances that were asked for the last bit."""
    total = 0.0
    for k in range(len(desk.rows)):
        n = np.int64(model.chances[desk.asked[k]]) & 1023
        total += RATES[max(n, 1)] / 65536.0
    return total / len(desk.rows)


@compiled
def byte_follow(model, y):
    """Go on by a byte without learning it: only what is known of where the text stands moves."""
    match_follow(model.past, model.match, y)
    text_go_on(model.text, y)
    keys_write(model)


@compiled
def nodes_say(model, desk, nodes):
    """Probability of a one after every path of bits, to nodes [256]; nodes[0] stands for nothing."""
    for first in range(1, 16):
        bit = 0
        while first >> (bit + 1) > 0:
            bit += 1
        if first == 1:
            rows_look(model, desk, 1, False)
        nodes[first] = bit_say(model, desk, first, bit)
    for nibble in range(16, 32):
        rows_look(model, desk, nibble, False)
        for bit in range(4, 8):
            for rest in range(1 << (bit - 4)):
                path = nibble << (bit - 4) | rest
                nodes[path] = bit_say(model, desk, path, bit)


@compiled
def bytes_probabilities(f, i, p):
    """Probability of each byte, to p [256]: the product of those of its bits."""
    model = model_of(f, i)
    nodes = np.zeros(256)
    nodes_say(model, desk_for(model), nodes)
    for y in range(256):
        path = 1
        p[y] = 1.0
        for bit in range(8):
            one = (y >> (7 - bit)) & 1
            p[y] *= nodes[path] if one else 1.0 - nodes[path]
            path = path << 1 | one


@compiled
def spelled_nats(f, i, y):
    """-log p of the bytes y, one after the other; nothing is learned and nothing is moved."""
    model = elsewhere(model_of(f, i))
    desk = desk_for(model)
    nats = 0.0
    for j in range(len(y)):
        nats += byte_nats(model, desk, np.int64(y[j]))
        byte_follow(model, np.int64(y[j]))
    return nats


# ---- what a learner of symbols is asked --------------------------------------------------------


@compiled
def _write(said, nats, rate):
    said[SURPRISE] = nats
    said[EXPECTED] = math.nan
    said[EFFECTIVE_RATE] = rate
    said[SPELLED] = 0.0


@compiled
def bytes_ask(f, i, x, y, said):
    """How surprising a byte would be."""
    model = model_of(f, i)
    _write(said, byte_nats(model, desk_for(model), np.int64(y[0])), model.rate[0])


@compiled
def bytes_learn(f, i, x, y):
    """Learn a byte."""
    model = model_of(f, i)
    byte_learn(model, desk_for(model), np.int64(y[0]))


@compiled
def bytes_top(f, i, x, ids, ps):
    """The likeliest bytes and their probabilities, most likely first."""
    p = np.empty(256)
    bytes_probabilities(f, i, p)
    nobody(ids, ps)
    for y in range(256):
        offer(ids, ps, y, p[y])


@compiled
def bytes_walk(f, i, block, said, wanted, ids, ps):
    """The loop over bytes, where asking and learning share their work; see ``walk_symbols``."""
    ys = block[2]
    model = model_of(f, i)
    desk = desk_for(model)
    looked = 0
    for t in range(len(said)):
        if wanted[t]:
            bytes_top(f, i, block[0][:0], ids[looked], ps[looked])
            looked += 1
        rate = model.rate[0]
        _write(said[t], byte_learn(model, desk, np.int64(ys[block[3][t]])), rate)
