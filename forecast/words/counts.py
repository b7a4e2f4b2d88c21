"""Counts that fade: K copies of one count, each at its own rate, without touching the others.

When something comes in a context, every count in that context is to shrink by ``1 - rate``. So
counts are kept over a scale that they share and only the scale shrinks:  c = u s.  Before s gets
too small to divide by, a new era begins with s = 1; a count that was last touched in the era
before is brought over by the scale which that era ended with, and one that is older still has faded
to nothing. A step costs the same whether a context counts two things or a million.
"""

from forecast.compiled import compiled

# floats of a context: things that came in it, then for each copy the mass of all counts, the scale,
# the scale which the last era ended with, and the steps with which this era and the last began
CAME = 0
MASS = 1
# floats of a count: the step of its context when it was last touched, then u of each copy
TOUCHED = 0
U = 1
SMALLEST = 1e-150  # scale


@compiled
def context_floats(K: int) -> int:
    """Floats of a context with K copies."""
    return MASS + 5 * K


@compiled
def count_floats(K: int) -> int:
    """Floats of a count of K copies."""
    return U + K


@compiled
def mass(context, k):
    """Sum of all counts in copy k."""
    return context[MASS + k]


@compiled
def _over(context, K, k, touched):
    """What u is to be multiplied with in this era, when it was last touched at that step."""
    if touched >= context[MASS + 3 * K + k]:
        return 1.0
    return context[MASS + 2 * K + k] if touched >= context[MASS + 4 * K + k] else 0.0


@compiled
def count_now(context, count, k):
    """c = u s, of copy k."""
    K = len(count) - U
    return count[U + k] * _over(context, K, k, count[TOUCHED]) * context[MASS + K + k]


@compiled
def context_fade(context, rates):
    """Something came: all counts of copy k shrink by 1 - rate_k."""
    K = len(rates)
    S, ENDED, ERA, LAST = MASS + K, MASS + 2 * K, MASS + 3 * K, MASS + 4 * K
    context[CAME] += 1.0
    for k in range(K):
        if context[CAME] == 1.0:
            context[S + k] = 1.0
        # N <- (1 - rate) N,  s <- (1 - rate) s
        context[MASS + k] *= 1.0 - rates[k]
        context[S + k] *= 1.0 - rates[k]
        if context[S + k] < SMALLEST:
            context[ENDED + k] = context[S + k]
            context[S + k] = 1.0
            context[LAST + k] = context[ERA + k]
            context[ERA + k] = context[CAME]


@compiled
def count_touch(context, count):
    """Bring a count over into the present eras."""
    K = len(count) - U
    for k in range(K):
        count[U + k] *= _over(context, K, k, count[TOUCHED])
    count[TOUCHED] = context[CAME]


@compiled
def count_add(context, count):
    """It was this that came: c <- c + 1."""
    count_touch(context, count)
    K = len(count) - U
    for k in range(K):
        count[U + k] += 1.0 / context[MASS + K + k]
        context[MASS + k] += 1.0


@compiled
def count_likelihood(context, count, weight, ground, p):
    """p_k = (c_k + A g) / (N_k + A):  the ground's g counts as A things that came.

    ``count`` is empty for what never came; ``weight`` is A.
    """
    for k in range(len(p)):
        c = count_now(context, count, k) if len(count) > 0 else 0.0
        p[k] = (c + weight * ground) / (context[MASS + k] + weight)
