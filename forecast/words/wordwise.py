"""Which word comes next: counts after the last words, memories of what was recent, and spelling.

A word that was never seen is told in two steps: that something new comes, and how it is spelled.
All others share what is left, by a mixture of what several parts say; see ``forecast.words.parts``.
Every count, weight and rate is learned on the way, from nothing, and in bounded memory. Beside all
this, a little is believed in bytes that come by chance; see ``forecast.words.by_chance``.
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
from forecast.words.by_chance import (
    WEIGHT,
    blended,
    by_chance,
    chance_knows,
    form_of,
    new_by_chance,
    weight_after,
)
from forecast.words.forgetting import doubted
from forecast.words.grams import (
    follower_key,
    gram_add,
    gram_came,
    gram_count,
    gram_find,
    gram_touch,
    side_key,
)
from forecast.words.letters import (
    ASKED,
    BITS,
    letters_learn,
    spelled,
    word_before,
)
from forecast.words.mixing import mixed, step_after
from forecast.words.newness import newness, newness_learn
from forecast.words.parts import (
    FOLLOWING,
    IN_HAND,
    PARTS,
    SIDE,
    follow,
    look,
    parts_move,
    parts_rate,
    reach,
    say,
    weigh,
)
from forecast.words.recent import (
    CLASS,
    KNOWN,
    fade,
    recent_came,
    recent_surprised,
    word_at,
)
from forecast.words.repeats import (
    agreed,
    repeated,
    repeats_learn,
)
from forecast.words.shape import shape
from forecast.words.vocabulary import (
    word_add,
    word_find,
)

# ints of a forecaster: words it may know and their blocks; orders, side contexts; words that came;
# the last two words and their classes; the contexts in hand; then where its parts begin: of the
# floats the factors, what is recent, newness, chance, letters; of the ints the vocabulary, what is
# recent, what repeats, letters, the nodes; then the form of the last word
ROOM, BLOCKS, ORDERS, SIDES, SEEN, LAST, LAST_BUT_ONE, CLASS_1, CLASS_2 = range(9)
CONTEXTS = 9
AT = CONTEXTS + IN_HAND
(
    AT_PARTS,
    AT_SHARES,
    AT_NEWNESS,
    AT_CHANCE,
    AT_LETTERS,
    AT_VOCABULARY,
    AT_RECENT,
    AT_REPEATS,
    AT_LETTERS_INTS,
    AT_GRAMS,
    END,
) = range(AT, AT + 11)
FORM = AT + 11
PLAN = 30  # and its length leaves the windows of the nodes, which follow it, on lines of memory
EAGER = 2  # orders of which a context counts from the first time that it comes


@compiled
def factors_of(f, i):
    return f[i[AT_PARTS] : i[AT_SHARES]]


@compiled
def shares_of(f, i):
    return f[i[AT_SHARES] : i[AT_NEWNESS]]


@compiled
def newness_of(f, i):
    return f[i[AT_NEWNESS] : i[AT_CHANCE]]


@compiled
def chance_of(f, i):
    return f[i[AT_CHANCE] : i[AT_LETTERS]]


@compiled
def letters_of(f, i):
    return f[i[AT_LETTERS] :]


@compiled
def vocabulary_of(i):
    return i[i[AT_VOCABULARY] : i[AT_RECENT]]


@compiled
def recent_of(i):
    return i[i[AT_RECENT] : i[AT_REPEATS]]


@compiled
def repeats_of(i):
    return i[i[AT_REPEATS] : i[AT_LETTERS_INTS]]


@compiled
def letters_ints_of(i):
    return i[i[AT_LETTERS_INTS] : i[END]]


@compiled
def grams_of(i):
    return i[i[AT_GRAMS] : i[AT_VOCABULARY]]


@compiled
def in_hand():
    """Room for the nodes in hand, where each part stands, and the weights."""
    return np.empty(2 * IN_HAND, np.int64), np.empty(PARTS, np.int64), np.empty(PARTS)


@compiled
def survey(f, i, nodes, spots, weights):
    """What is known before a word: contexts in hand, where each part stands, and its weight.

    Returns the probability that the word is new.
    """
    for n in range(IN_HAND):
        nodes[n] = i[CONTEXTS + n]
    grams, repeats = grams_of(i), repeats_of(i)
    far = reach(grams, nodes)
    look(grams, nodes, agreed(repeats) if repeated(repeats) < i[ROOM] else -1, spots)
    weigh(factors_of(f, i), spots, far, i[CLASS_1], weights)
    if recent_of(i)[KNOWN] == 0:
        return 1.0
    return newness(newness_of(f, i), i[LAST], i[CLASS_1], i[CLASS_2], _surety(spots, far))


@compiled
def _surety(spots, far):
    """How far the contexts reach, and how sure the last of them is, as one number below 128."""
    return far * 16 + spots[far]


@compiled
def known_probability(f, i, nodes, spots, weights, w, p):
    """Probability of a known word where nothing new comes; p [PARTS], written: each part's."""
    grams = grams_of(i)
    follow(grams, nodes, w)
    word = repeated(repeats_of(i))
    say(grams, recent_of(i), shares_of(f, i), i[BLOCKS], nodes, spots, word, w, p)
    return mixed(weights, p, PARTS)


@compiled
def rate_of(f, i, nodes, spots, weights, fades):
    """How much the last that came weighs in what is believed."""
    if recent_of(i)[KNOWN] == 0:
        return 1.0
    fade(1, fades)
    rate = parts_rate(grams_of(i), nodes, spots, weights, fades)
    return (1.0 - chance_of(f, i)[WEIGHT]) * rate


@compiled
def _said(beside, before, new, model, y, w, said):
    """Write how surprising word w, bytes y, is after one of form ``before``; -1 is a new one.

    The model gives it ``model``, and ``new`` to all new ones; ``beside`` is what chance knows.
    Returns the share of the model in what it is given, and in what all new ones are.
    """
    v = beside[WEIGHT]
    p = blended(v, model, by_chance(y, len(y), before))
    said[EXPECTED] = math.nan
    said[SURPRISE] = -math.log(p)
    said[SPELLED] = 0.0
    share = (1.0 - v) * model / p
    if w < 0:
        any_new = blended(v, new, new_by_chance(beside, before))
        said[SPELLED] = math.log(any_new / p)
        return share, (1.0 - v) * new / any_new
    return share, share


@compiled
def words_ask(f, i, x, y, said):
    """How surprising a word would be, and how much the last one weighs."""
    nodes, spots, weights = in_hand()
    p, words = np.empty(PARTS), vocabulary_of(i)
    new = survey(f, i, nodes, spots, weights)
    said[EFFECTIVE_RATE] = rate_of(f, i, nodes, spots, weights, p)
    w = word_find(words, y)
    if w >= 0:
        model = (1.0 - new) * known_probability(f, i, nodes, spots, weights, w, p)
    else:
        letters = letters_ints_of(i)
        slots, bits = _bits_of(letters, y)
        nats = spelled(letters_of(f, i), letters, words, y, came_before(i), slots, bits)
        model = new * math.exp(-nats)
    _said(chance_of(f, i), i[FORM], new, model, y, w, said)


@compiled
def came_before(i):
    """The last word and its class, as the spelling is told."""
    return word_before(i[LAST], i[CLASS_1])


@compiled
def _bits_of(letters, y):
    """Room for the bits of a word."""
    n = (len(y) + 1) * BITS
    return np.empty(n * letters[ASKED], np.int64), np.empty((n, 2))


@compiled
def words_answer(f, i, x, y, said):
    """What `words_ask` says of a word; then it is learned."""
    nodes, spots, weights = in_hand()
    p, words = np.empty(PARTS), vocabulary_of(i)
    new = survey(f, i, nodes, spots, weights)
    said[EFFECTIVE_RATE] = rate_of(f, i, nodes, spots, weights, p)
    w, known = word_find(words, y), 0.0
    if w >= 0:
        known = known_probability(f, i, nodes, spots, weights, w, p)
        model = (1.0 - new) * known
    else:
        letters = letters_ints_of(i)
        slots, bits = _bits_of(letters, y)
        nats = spelled(letters_of(f, i), letters, words, y, came_before(i), slots, bits)
        model = new * math.exp(-nats)
        letters_learn(letters_of(f, i), letters, y, slots, bits)
    beside = chance_of(f, i)
    share, share_of_new = _said(beside, i[FORM], new, model, y, w, said)
    beside[WEIGHT] = weight_after(share)
    # how a new word is spelled is no matter to the weights of all new ones
    _take_in(f, i, y, w, new, known, share_of_new, nodes, spots, weights, p)


@compiled
def word_came(f, i, y):
    """Take a word in whose spelling somebody else tells; returns its number, -1 without room."""
    nodes, spots, weights = in_hand()
    p = np.empty(PARTS)
    new = survey(f, i, nodes, spots, weights)
    w, known = word_find(vocabulary_of(i), y), 0.0
    if w >= 0:
        known = known_probability(f, i, nodes, spots, weights, w, p)
    return _take_in(f, i, y, w, new, known, 1.0, nodes, spots, weights, p)


@compiled
def _take_in(f, i, y, w, new, known, share, nodes, spots, weights, p):
    """All but the spelling learns word w, bytes y; -1 is a new one. Returns its number.

    ``new`` and, of a word that is, ``known`` were said of it, with p [PARTS] by each part. Weights
    move by the ``share`` that this had in the forecast: so in the mean it moves none of them.
    """
    far = reach(grams_of(i), nodes)
    if w >= 0:
        step = share * step_after(i[SEEN])
        parts_move(factors_of(f, i), spots, far, i[CLASS_1], weights, p, known, step)
        class_ = recent_of(i)[word_at(recent_of(i), i[BLOCKS], w) + CLASS]
    else:
        class_ = shape(y)
    if recent_of(i)[KNOWN] > 0:
        sure = _surety(spots, far)
        newness_learn(newness_of(f, i), i[LAST], i[CLASS_1], i[CLASS_2], sure, new, w < 0, share)
    if w < 0:
        w = _become_known(f, i, y, class_, nodes)
    if w >= 0:
        _count(f, i, nodes, w, p)
    _go_on(i, nodes, w, class_)
    i[FORM] = form_of(y)
    return w


@compiled
def words_learn(f, i, x, y):
    """Take a word in."""
    words_answer(f, i, x, y, np.empty(SAID))


@compiled
def _become_known(f, i, y, class_, nodes):
    """Number of a new word, -1 if there is no room; no context has counted it."""
    recent = recent_of(i)
    w = word_add(vocabulary_of(i), y)
    if w >= 0:
        recent[KNOWN] = w + 1
        chance_knows(chance_of(f, i), y)
        recent[word_at(recent, i[BLOCKS], w) + CLASS] = class_
        for n in range(IN_HAND):
            nodes[FOLLOWING + n] = 0
    return w


@compiled
def _count(f, i, nodes, w, scratch):
    """Word w came: the finest context counts it, and each coarser one until one had seen it."""
    grams, recent, now = grams_of(i), recent_of(i), i[SEEN]
    surprised = True
    for o in range(i[ORDERS], 0, -1):
        if nodes[o] > 0:
            old = nodes[FOLLOWING + o]
            node = old if old > 0 else gram_add(grams, follower_key(nodes[o], w), nodes)
            nodes[FOLLOWING + o] = node
            if surprised:
                doubted(grams, nodes[o], node, w, nodes)
            if node > 0:
                gram_touch(grams, node, now)
                if surprised and gram_count(grams, nodes[o], node, nodes) > 0:
                    surprised = False
            gram_came(grams, nodes[o], w)
            if old == 0 and o >= EAGER:
                nodes[FOLLOWING + o] = -node  # its first time: it is no context yet
    if surprised:
        recent_surprised(recent, i[BLOCKS], w)
    for s in range(SIDE, SIDE + i[SIDES]):
        if nodes[s] > 0:
            node = nodes[FOLLOWING + s]
            if node == 0:
                node = gram_add(grams, follower_key(nodes[s], w), nodes)
            nodes[FOLLOWING + s] = node
            doubted(grams, nodes[s], node, w, nodes)
            if node > 0:
                gram_touch(grams, node, now)
                gram_count(grams, nodes[s], node, nodes)
    recent_came(shares_of(f, i), recent, i[BLOCKS], w, scratch)


@compiled
def _context(grams, key, now, nodes, eager):
    """The node of a context, which is added where it is not known.

    Unless it is ``eager``, a context counts from the second time that it comes: 0 for the first.
    """
    known = gram_find(grams, key)
    node = known if known > 0 else gram_add(grams, key, nodes)
    if node > 0:
        gram_touch(grams, node, now)
    return node if eager else known


@compiled
def _go_on(i, nodes, w, class_):
    """The contexts of the word after this one."""
    grams, now = grams_of(i), i[SEEN]
    i[SEEN] += 1
    repeats_learn(repeats_of(i), w if w >= 0 else i[ROOM])
    for n in range(IN_HAND):
        i[CONTEXTS + n] = 0
    if w >= 0:
        for o in range(1, i[ORDERS]):
            if nodes[o] > 0:
                i[CONTEXTS + o + 1] = max(nodes[FOLLOWING + o], 0)
        for n in range(IN_HAND):
            nodes[n], nodes[FOLLOWING + n] = 0, i[CONTEXTS + n]
        i[CONTEXTS + 1] = _context(grams, follower_key(0, w), now, nodes, True)
        nodes[FOLLOWING + 1] = i[CONTEXTS + 1]
        for s in range(i[SIDES]):
            before, class_1 = i[LAST], class_
            if s == 0:
                key = side_key(0, before, 0)
            elif s == 1:
                key = side_key(1, class_1, i[CLASS_1])
            else:
                key = side_key(2, before, class_1)
            i[CONTEXTS + SIDE + s] = _context(grams, key, now, nodes, s == 0)
            nodes[FOLLOWING + SIDE + s] = i[CONTEXTS + SIDE + s]
    i[LAST_BUT_ONE], i[LAST] = i[LAST], w if w >= 0 else i[ROOM]
    i[CLASS_2], i[CLASS_1] = i[CLASS_1], class_
