"""How much all words weigh that begin alike: in alphabetical order, these lie together.

What a model of words says of the next one is a weight for each known word. The words that begin
with the same bits are a range of places in that order, and its weight a difference of two sums.
A word's weight has two parts. What the contexts in hand say of it is written for each word that
followed them. To every word, followed or not, is given

    ground s(w) + sum_k v_k c_k(w),

s the contexts that w surprised and c_k what memory k holds of it: these are kept in place, and the
factors, which are others before every word, are applied where a sum is read. Memories fade
together, so c is kept in a unit that grows instead.
"""

import math

from forecast.compiled import compiled
from forecast.learner import Ints
from forecast.words.grams import first_after, gram_word, last, last_but_one, next_after
from forecast.words.likeliest import followed
from forecast.words.parts import CACHE, MOST_ORDERS, REPEAT
from forecast.words.recent import CACHES, CLOCK, COUNTED, SLOWEST, SURPRISED, word_at
from forecast.words.vocabulary import word_byte, word_length

BLOCK = 64  # places of which one sum is kept
SHARES = 1 + CACHES  # of a word, kept in place: contexts surprised, then each memory
EACH = 1 + SHARES  # and before them what the contexts in hand say
LARGEST = 300.0  # log of a memory's unit, before it is measured in a new one

# ints: words it may hold, words in order, places that the contexts in hand speak of, when the unit
# of each memory was 1; then the word at each place, the place of each word, these places
ROOM, HELD, SPOKEN = range(3)
UNITS = 3
AT = UNITS + CACHES
# floats: the factor of each share; then what each place has, what each block has in all, the weight
# of the blocks before each; then by word, for a moment, what the contexts say
FACTORS = 0
PLACES = SHARES


def ordered_ints(vocabulary: int) -> int:
    """Ints of so many words in order."""
    return AT + 3 * vocabulary


def ordered_floats(vocabulary: int) -> int:
    """Floats of so many words in order."""
    blocks = vocabulary // BLOCK + 1
    return PLACES + EACH * (BLOCK + 1) * blocks + blocks + vocabulary


def ordered_begin(i: Ints, vocabulary: int) -> None:
    """No word yet, in ints that are all 0."""
    i[ROOM] = vocabulary


# ---- places ------------------------------------------------------------------------------------


@compiled
def _blocks(i):
    return i[ROOM] // BLOCK + 1


@compiled
def _block(i, block):
    """Where the sums of a block lie."""
    return PLACES + EACH * (BLOCK * _blocks(i) + block)


@compiled
def _before(i):
    """Where the weights of the blocks before each lie."""
    return PLACES + EACH * (BLOCK + 1) * _blocks(i)


@compiled
def _by_word(i):
    """Where lies, for a moment, what the contexts say of each word."""
    return _before(i) + _blocks(i)


@compiled
def begins_word(words, i, low, high, length):
    """Whether the first of a range of words, all of which begin alike, is no longer than that."""
    return low < high and word_length(words, i[AT + low]) == length


@compiled
def split(words, i, low, high, j, bit):
    """Where in a range the words begin of which bit ``bit`` of byte j is a one.

    All bits before it must be the same in the whole range.
    """
    while low < high:
        middle = (low + high) // 2
        if (word_byte(words, i[AT + middle], j) >> (7 - bit)) & 1:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _precedes(words, w, y):
    """Whether word w comes before the bytes y, which are no known word."""
    n, j = word_length(words, w), 0
    while j < n and j < len(y) and word_byte(words, w, j) == y[j]:
        j += 1
    if j == n or j == len(y):
        return j == n
    return word_byte(words, w, j) < y[j]


# ---- weights -----------------------------------------------------------------------------------


@compiled
def _weight(f, at):
    """What is said, and  ground s + sum_k v_k c_k,  of the place or the block that lies there."""
    weight = f[at]
    for k in range(SHARES):
        weight += f[FACTORS + k] * f[at + 1 + k]
    return weight


@compiled
def weight_between(f, i, low, high):
    """The weight of the words from one place to before another."""
    if high - low <= BLOCK:
        weight = 0.0
        for place in range(low, high):
            weight += _weight(f, PLACES + EACH * place)
        return weight
    return _weight_before(f, i, high) - _weight_before(f, i, low)


@compiled
def _weight_before(f, i, place):
    """The weight of all words before a place."""
    block = place // BLOCK
    weight = f[_before(i) + block]
    for k in range(block * BLOCK, place):
        weight += _weight(f, PLACES + EACH * k)
    return weight


@compiled
def _sum_up(f, i, block):
    """Sum up what the places of a block have."""
    at = _block(i, block)
    for k in range(EACH):
        f[at + k] = 0.0
    for place in range(block * BLOCK, min((block + 1) * BLOCK, i[HELD])):
        for k in range(EACH):
            f[at + k] += f[PLACES + EACH * place + k]


@compiled
def _sum_up_from(f, i, block):
    """Sum up all blocks from one on."""
    for each in range(block, i[HELD] // BLOCK + 1):
        _sum_up(f, i, each)


# ---- a word came -------------------------------------------------------------------------------


@compiled
def ordered_add(f, i, words, w, y):
    """Word w, bytes y, became known: all after it move on by a place."""
    _hush(f, i)
    low, high = 0, i[HELD]
    while low < high:
        middle = (low + high) // 2
        if _precedes(words, i[AT + middle], y):
            low = middle + 1
        else:
            high = middle
    for place in range(i[HELD], low, -1):
        i[AT + place] = i[AT + place - 1]
        i[AT + i[ROOM] + i[AT + place]] = place
        for k in range(EACH):
            f[PLACES + EACH * place + k] = f[PLACES + EACH * (place - 1) + k]
    i[AT + low] = w
    i[AT + i[ROOM] + w] = low
    for k in range(EACH):
        f[PLACES + EACH * low + k] = 0.0
    i[HELD] += 1
    _sum_up_from(f, i, low // BLOCK)


@compiled
def _fading(k):
    """How fast memory k fades, the shortest first: each lasts eight times as long."""
    return (1 << 3 * (CACHES - 1 - k)) / SLOWEST


@compiled
def _unit(i, recent, k):
    """exp(rate_k (now - then)): the unit of memory k, which was 1 then."""
    return math.exp((recent[CLOCK] - i[UNITS + k]) * _fading(k))


@compiled
def ordered_came(f, i, recent, shares, blocks, w):
    """Word w came and was counted: what is kept of it in place follows."""
    for k in range(CACHES):
        if (recent[CLOCK] - i[UNITS + k]) * _fading(k) > LARGEST:
            _measure_anew(f, i, recent, k)
    place = i[AT + i[ROOM] + w]
    at = PLACES + EACH * place + 1
    f[at] = recent[word_at(recent, blocks, w) + SURPRISED]
    for k in range(CACHES):
        f[at + 1 + k] = shares[CACHES * (1 + blocks + w) + k] * _unit(i, recent, k)
    _sum_up(f, i, place // BLOCK)


@compiled
def _measure_anew(f, i, recent, k):
    """From now on the unit of memory k is 1."""
    unit = _unit(i, recent, k)
    for place in range(i[HELD]):
        f[PLACES + EACH * place + 2 + k] /= unit
    i[UNITS + k] = recent[CLOCK]
    _sum_up_from(f, i, 0)


# ---- a word is to come -------------------------------------------------------------------------


@compiled
def _hush(f, i):
    """Take back what the contexts said of the last word."""
    for k in range(i[SPOKEN]):
        place = i[AT + 2 * i[ROOM] + k]
        f[PLACES + EACH * place] = 0.0
        f[_block(i, place // BLOCK)] = 0.0
    i[SPOKEN] = 0


@compiled
def _speak(f, i, w, known):
    """Bring what the contexts say of word w to its place."""
    said = f[_by_word(i) + w] * known
    f[_by_word(i) + w] = 0.0
    if said > 0.0:
        place = i[AT + i[ROOM] + w]
        f[PLACES + EACH * place] = said
        f[_block(i, place // BLOCK)] += said
        i[AT + 2 * i[ROOM] + i[SPOKEN]] = place
        i[SPOKEN] += 1


@compiled
def ordered_weigh(f, i, recent, shares, grams, nodes, spots, weights, repeated, known):
    """Write what is said of each word before it comes, of those that are ``known`` in all."""
    _hush(f, i)
    extra = f[_by_word(i) : _by_word(i) + i[ROOM]]
    ground = followed(grams, nodes, spots, weights, extra)
    if spots[REPEAT] >= 0:
        extra[repeated] += weights[REPEAT]
        _speak(f, i, repeated, known)
    for context in nodes[: len(nodes) // 2]:
        node = first_after(grams, context) if context > 0 else 0
        while node > 0:
            _speak(f, i, gram_word(grams, node), known)
            node = next_after(grams, node)
    for o in range(1, MOST_ORDERS + 1):
        if spots[o] >= 0:  # what came last may have given way to another since
            _speak(f, i, last(grams, nodes[o]), known)
            if last_but_one(grams, nodes[o]) >= 0:
                _speak(f, i, last_but_one(grams, nodes[o]), known)
    f[FACTORS] = known * ground / max(recent[COUNTED], 1)
    for k in range(CACHES):
        f[FACTORS + 1 + k] = known * weights[CACHE + k] / (shares[k] * _unit(i, recent, k))
    weight, before = 0.0, _before(i)
    for block in range(i[HELD] // BLOCK + 1):
        f[before + block] = weight
        weight += _weight(f, _block(i, block))
