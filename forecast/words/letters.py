"""How a new word is spelled: letter by letter, each told bit by bit by several contexts at once.

The contexts are the last letters, from none to five, small and capital ones taken for the same, and
the word before with the first letters; before the first letter there is the class of that word, as
marks follow where letters end. Each bit's probabilities are mixed in the logistic domain by
weights that are learned (Mahoney, 2005), and that depend on how often each context has told such a
bit. Where what is spelled so far is a known word, the end cannot come: it would not be new.
All that is known has been learned from words when they were new.
"""

import math

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Floats, Ints
from forecast.words.shape import CLASSES, small
from forecast.words.vocabulary import LONGEST, word_find

CONTEXTS = 7
BITS = 9  # of a letter: whether the word ends before it, then its eight
ROW = 4  # ints of a context's slots, four in each: of the end, and of four bits of a letter
COUNTS, KINDS, PLACES = 8, 4, 3  # weights differ by these: how often told, which bit, which letter
FIRST_WEIGHTS, STEP, FIRST_STEP = 1.5, 0.003, 0.3  # the first in all, the later of each
FIRST_COUNT = 1.6
# a slot is 16 bits: how often it was told, up to 15, and above that the probability of a 1
TOLD_BITS, STEPS = 4, 4096
LONGEST_MEMORY = 2**TOLD_BITS - 1
UNTOLD = STEPS // 2 << TOLD_BITS
SURE = 2  # steps of the probability that are left for the other bit
LEAST = 1.0 / STEPS
LEAST_ROWS, MOST_ROWS = 2**12, 2**16

# ints: contexts that are asked, rows of each, words learned; then the rows
ASKED, ROWS, WORDS = range(3)
SLOTS = 3
# floats: log odds by steps of p; weights
ODDS = 0
WEIGHTS = ODDS + STEPS
LETTERS_FLOATS = WEIGHTS + CONTEXTS * COUNTS * KINDS * PLACES


def rows_for(vocabulary: int) -> int:
    """Rows of each context that spell so many words: a power of two, from 4,096 to 65,536."""
    rows = LEAST_ROWS
    while rows < min(vocabulary, MOST_ROWS):
        rows *= 2
    return rows


def letters_ints(contexts: int, rows: int) -> int:
    """Ints of a spelling by so many contexts of so many rows, a power of two."""
    return SLOTS + contexts * rows * ROW


def letters_begin(f: Floats, i: Ints, contexts: int, rows: int) -> None:
    """A spelling that knows nothing, in arrays that are all 0."""
    i[ASKED], i[ROWS] = contexts, rows
    i[SLOTS:] = sum(UNTOLD << (16 * slot) for slot in range(3)) + (UNTOLD << 48) - 2**64
    for step in range(STEPS):
        p = (step + 0.5) / STEPS
        f[ODDS + step] = math.log(p / (1.0 - p))
    f[WEIGHTS:LETTERS_FLOATS] = FIRST_WEIGHTS / contexts


@compiled
def _letter(y, j):
    """The small letter at a place; 0 before the first."""
    return small(int(y[j])) if j >= 0 else 0


@compiled
def _stirred(context):
    """A whole number whose bits all depend on all bits of another."""
    mixed = context * -7046029254386353131
    mixed = (mixed ^ (mixed >> 29)) * -4658895280553007687
    return mixed ^ (mixed >> 32)


@compiled
def word_before(word, class_):
    """A word and its class, as one number: what is known before a new word is spelled."""
    return word * CLASSES + class_


@compiled
def _contexts(y, j, before, n, stirred):
    """What is known before letter j, as ``stirred`` [n]; the first ones tell the most."""
    one, two, three = _letter(y, j - 1), _letter(y, j - 2), _letter(y, j - 3)
    four, five = _letter(y, j - 4), _letter(y, j - 5)
    pair = one | (two << 8)
    triple = pair | (three << 16)
    for c in range(n):
        if c == 0:
            known = pair if j > 0 else -1 - before % CLASSES
        elif c == 1:
            known = triple
        elif c == 2:
            known = one | (min(j, 3) << 8)
        elif c == 3:
            known = triple | (four << 24)
        elif c == 4:
            known = ((before << 2) | j) << 8 | one if j < 3 else two | (three << 8)
        elif c == 5:
            known = triple | (four << 24) | (five << 32)
        else:
            known = min(j, 2)
        stirred[c] = _stirred((known << 4) | c)


@compiled
def _row(i, c, stirred):
    """The first slot of a row of a context; four slots share an int."""
    return (SLOTS + (c * i[ROWS] + (stirred & (i[ROWS] - 1))) * ROW) * 4


@compiled
def _slot(i, slot):
    """The 16 bits of a slot."""
    return (i[slot >> 2] >> (16 * (slot & 3))) & 0xFFFF


@compiled
def _weight(c, told, kind, place):
    """Where the weight of a context is that has told a bit so often."""
    if told > 3:
        told = 4 if told < 6 else 5 if told < 9 else 6 if told < LONGEST_MEMORY else 7
    return WEIGHTS + ((c * COUNTS + told) * KINDS + kind) * PLACES + place


@compiled
def _kind(step):
    """Which weights a bit has: of the end, of bits 1 to 3, of bit 4, of the last four."""
    return 0 if step == 0 else 1 if step < 4 else 2 if step == 4 else 3


@compiled
def _bit_probability(f, i, kind, place, slots, first):
    """p(1) = 1 / (1 + exp(-sum_c w_c log(p_c / (1 - p_c)))),  by the slots from ``first`` on."""
    z = 0.0
    for c in range(i[ASKED]):
        slot = _slot(i, slots[first + c])
        weight = f[_weight(c, slot & LONGEST_MEMORY, kind, place)]
        z += weight * f[ODDS + (slot >> TOLD_BITS)]
    p = 1.0 / (1.0 + math.exp(-z))
    return min(max(p, LEAST), 1.0 - LEAST)


@compiled
def _bit_learn(f, i, kind, place, slots, first, p, bit, step):
    """w <- w + step (y - p) log odds_c,  p_c <- p_c + (y - p_c) / (n + 1.6)."""
    for c in range(i[ASKED]):
        at = slots[first + c]
        slot = _slot(i, at)
        told, own = slot & LONGEST_MEMORY, slot >> TOLD_BITS
        f[_weight(c, told, kind, place)] += step * (bit - p) * f[ODDS + own]
        moved = int(own + (bit * STEPS - own) / (told + FIRST_COUNT))
        moved = min(max(moved, SURE), STEPS - 1 - SURE)
        now = (moved << TOLD_BITS) | min(told + 1, LONGEST_MEMORY)
        i[at >> 2] ^= (slot ^ now) << (16 * (at & 3))


@compiled
def _place_slots(i, stirred, letter, step, slots, at):
    """Where the slots of a bit are: of the end for step 0, then of bits 1 to 8 of a letter."""
    if step <= 4:
        within = (letter | 256) >> (9 - step) if step > 0 else 0
        for c in range(i[ASKED]):
            slots[at + c] = _row(i, c, stirred[c]) + within
    else:
        half = (letter | 256) >> 4
        first = 1 << (step - 5)
        within = first | (((letter | 256) >> (9 - step)) & (first - 1))
        for c in range(i[ASKED]):
            slots[at + c] = _row(i, c, _stirred(stirred[c] + half)) + within


@compiled
def may_end(words, y, j):
    """Whether a new word may end before letter j: it has letters, and is not a known one."""
    return 0 < j < LONGEST and word_find(words, y[:j]) < 0


@compiled
def spelled(f, i, words, y, before, slots, bits):
    """Nats that it takes to spell the new word y after what `word_before` tells.

    ``slots`` int64 [bits * contexts] and ``bits`` float64 [bits, 2], written: where each
    bit was looked for, its p(1), and the bit, or -1 where the end could not come.
    """
    stirred = np.empty(i[ASKED], np.int64)
    nats = 0.0
    for j in range(len(y) + 1):
        if j == LONGEST:
            break
        _contexts(y, j, before, i[ASKED], stirred)
        letter = int(y[j]) if j < len(y) else 0
        for step in range(BITS):
            at = j * BITS + step
            bits[at, 1] = -1.0
            if step == 0 and not may_end(words, y, j):
                continue
            if step > 0 and j == len(y):
                continue
            _place_slots(i, stirred, letter, step, slots, at * i[ASKED])
            p = _bit_probability(f, i, _kind(step), min(j, 2), slots, at * i[ASKED])
            bit = (letter >> (8 - step)) & 1 if step > 0 else 1 if j == len(y) else 0
            bits[at, 0], bits[at, 1] = p, bit
            nats -= math.log(p if bit == 1 else 1.0 - p)
    return nats


@compiled
def letters_learn(f, i, y, slots, bits):
    """Learn how a new word was spelled, from what `spelled` wrote."""
    i[WORDS] += 1
    step_now = max(STEP, FIRST_STEP / math.sqrt(i[WORDS]))
    for at in range(min(len(y) + 1, LONGEST) * BITS):
        if bits[at, 1] >= 0.0:
            place = min(at // BITS, 2)
            kind = _kind(at % BITS)
            _bit_learn(f, i, kind, place, slots, at * i[ASKED], bits[at, 0], bits[at, 1], step_now)


@compiled
def bit_probability_at(f, i, y, j, before, letter, step, slots, stirred):
    """p(1) of one bit of letter j, of which the bits before are those of ``letter``."""
    _contexts(y, j, before, i[ASKED], stirred)
    _place_slots(i, stirred, letter, step, slots, 0)
    return _bit_probability(f, i, _kind(step), min(j, 2), slots, 0)


def spell(f: Floats, i: Ints, words: Ints, before: int, rng: np.random.Generator) -> bytes:
    """Draw a new word, bit after bit."""
    n = int(i[ASKED])
    slots, stirred = np.empty(n, np.int64), np.empty(n, np.int64)
    word = np.zeros(LONGEST, np.uint8)
    for j in range(LONGEST):
        for step in range(BITS):
            if step == 0 and not may_end(words, word, j):
                continue
            p = bit_probability_at(f, i, word, j, before, int(word[j]), step, slots, stirred)
            if rng.random() < p:
                if step == 0:
                    return word[:j].tobytes()
                word[j] |= 1 << (8 - step)
    return word.tobytes()
