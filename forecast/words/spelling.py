"""How a new word is spelled: byte after byte, each told by the two before it.

Three orders of context, from two bytes to none, each discounted in favour of the coarser: what the
finer has never seen is told by the coarser, and only then is the coarser taught. All that it knows
it has learned from words when they were new.
"""

import math

from forecast.compiled import compiled
from forecast.learner import Ints
from forecast.words.table import table_add, table_begin, table_find, table_ints
from forecast.words.vocabulary import LONGEST

SYMBOLS = 257  # bytes, and an end; before the first byte of a word stands BEGIN
END = BEGIN = 256
DISCOUNT = 0.75
ALIVE = 2.0**-10  # of a uniform choice in each step: no byte costs more than 12.5 nats
TRIPLES = 2**16  # two bytes and the next that it may know

# A context of the bytes a and b is a * 257 + b, of one it is ONE + b, of none it is NONE.
ONE = SYMBOLS * SYMBOLS
NONE = ONE + SYMBOLS
START = BEGIN * SYMBOLS + BEGIN
# ints of a spelling: what each context has counted in all, how many different symbols, the counts
# of ONE and NONE in full, those of two bytes by entries of a table, the table
TOTAL = 0
KINDS = TOTAL + NONE + 1
COUNTS = KINDS + NONE + 1
FULL = (SYMBOLS + 1) * SYMBOLS
TABLE = COUNTS + FULL + TRIPLES
SPELLING_INTS = TABLE + table_ints(TRIPLES)


def spelling_begin(i: Ints) -> None:
    """A spelling that knows nothing, in ints that are all 0."""
    table_begin(i[TABLE:], TRIPLES)


@compiled
def _coarser(context, order):
    """A context of two bytes, of which an order keeps so many."""
    if order == 2:
        return context
    return ONE + context % SYMBOLS if order == 1 else NONE


@compiled
def _start():
    """The context before the first byte; as a constant every kernel would be compiled for it."""
    return START


@compiled
def _next(context, symbol):
    """The context of two bytes after one more symbol."""
    return context % SYMBOLS * SYMBOLS + symbol


@compiled
def _symbol(y, j):
    """Symbol j of a word: a byte, or its end."""
    return int(y[j]) if j < len(y) else END


@compiled
def _count(i, context, symbol):
    """Where a symbol is counted in a context; -1 if it never was and there it is 0."""
    if context >= ONE:
        return COUNTS + (context - ONE) * SYMBOLS + symbol
    entry = table_find(i[TABLE:], context * SYMBOLS + symbol)
    return COUNTS + FULL + entry if entry >= 0 else -1


@compiled
def symbol_probability(i, two, symbol):
    """Probability of a symbol in a context of two bytes; over all 257 it sums to 1.

    p_o = (max(n_o - d, 0) + d kinds_o p_(o-1)) / total_o,  o = 0, 1, 2;  p_(-1) = 1 / 257
    Source: interpolated discounting, Kneser and Ney (1995).
    """
    p = 1.0 / SYMBOLS
    for order in range(3):
        context = _coarser(two, order)
        if i[TOTAL + context] > 0:
            at = _count(i, context, symbol)
            seen = i[at] - DISCOUNT if at >= 0 and i[at] > 0 else 0.0
            p = (seen + DISCOUNT * i[KINDS + context] * p) / i[TOTAL + context]
    return (1.0 - ALIVE) * p + ALIVE / SYMBOLS


@compiled
def spelled(i, y):
    """Nats that it takes to spell the bytes y and their end; y has 1 to LONGEST bytes.

    A word has a first byte, and after LONGEST bytes its end is certain: so the probabilities of
    all words sum to 1.
    """
    nats = 0.0
    two = _start()
    for j in range(min(len(y) + 1, LONGEST)):
        if j == 0:
            end = _symbol(y, len(y))
            nats += math.log(1.0 - symbol_probability(i, two, end))
        symbol = _symbol(y, j)
        nats -= math.log(symbol_probability(i, two, symbol))
        two = _next(two, symbol)
    return nats


@compiled
def symbols_probabilities(i, two, p):
    """Probability of each symbol in a context of two bytes, written to p [257]."""
    for symbol in range(SYMBOLS):
        p[symbol] = symbol_probability(i, two, symbol)


@compiled
def _symbol_learn(i, two, symbol):
    """Count a symbol, from the finest context down to the first that had seen it before."""
    for order in range(2, -1, -1):
        context = _coarser(two, order)
        at = _count(i, context, symbol)
        if at < 0:
            entry = table_add(i[TABLE:], context * SYMBOLS + symbol)
            if entry < 0:
                continue  # no room: the coarser tell it
            at = COUNTS + FULL + entry
        i[at] += 1
        i[TOTAL + context] += 1
        if i[at] > 1:
            return
        i[KINDS + context] += 1


@compiled
def spelling_learn(i, y):
    """Learn how a new word was spelled."""
    two = _start()
    for j in range(min(len(y) + 1, LONGEST)):
        symbol = _symbol(y, j)
        _symbol_learn(i, two, symbol)
        two = _next(two, symbol)
