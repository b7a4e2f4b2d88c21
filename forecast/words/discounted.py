"""How frequent a word is after a context: interpolated absolute discounting.

What was counted is lowered a little, and what is taken away goes to the words in the shares that a
coarser context gives them. Nothing is fitted: the discounts of what came once, twice and more
often are those which Chen and Goodman (1999) found for most texts, drawn down a little because a
coarser context is here taught only what the finer one had never seen (Kneser and Ney, 1995).
"""

from forecast.compiled import compiled
from forecast.words.grams import counted, different, kinds, total

ONCE, TWICE, OFTEN = 0.7, 0.85, 0.95


@compiled
def discount(times):
    """d of a count: what it overstates."""
    if times == 1:
        return ONCE
    if times == 2:
        return TWICE
    return OFTEN if times > 2 else 0.0


@compiled
def given_back(i, context):
    """sum_w d(c_w): the part of a context's counts which the coarser one gives out."""
    return ONCE * kinds(i, context, 1) + TWICE * kinds(i, context, 2) + OFTEN * kinds(i, context, 3)


@compiled
def discounted(i, context, node, coarser):
    """p(w) = (c_w - d(c_w) + sum_v d(c_v) p_coarser(w)) / N,  node being that of w or 0.

    Source: Kneser and Ney (1995), with the three discounts of Chen and Goodman (1999).
    """
    times = counted(i, node) if node > 0 else 0
    given = given_back(i, context) * coarser
    return (times - discount(times) + given) / total(i, context)


@compiled
def confidence(i, context):
    """How much a context has seen and how much of that was the same, as one of 15 numbers."""
    n, words = total(i, context), different(i, context)
    if n <= 1:
        return n
    if n == 2:
        return 2 if words == 1 else 3
    if n <= 4:
        return 4 if words == 1 else 5 if 2 * words <= n else 6
    if n <= 16:
        return 7 if 4 * words <= n else 8 if 2 * words <= n else 9
    if n <= 100:
        return 10 if 4 * words <= n else 11 if 2 * words <= n else 12
    return 13 if 4 * words <= n else 14
