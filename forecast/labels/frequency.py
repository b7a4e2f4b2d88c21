"""How often each label comes, by counts that fade; the message is not looked at.

K copies of one model, each with a rate of its own. Of its recent labels copy k keeps how many
there were, N_k, and how many of them were positive, c_k: two floats, side by side.
"""

from forecast.compiled import compiled


@compiled
def frequency_floats(K: int) -> int:
    """Floats of K copies: c and N of each, [K, 2]. They begin as zeros."""
    return 2 * K


@compiled
def frequency_positive(f, p):
    """Write what each copy gives to the positive label, into ``p`` [K].

    p_k(1) = (c_k + 1/2) / (N_k + 1)

    The halves are those of Krichevsky and Trofimov (1981): nothing is ever impossible.
    """
    for k in range(len(p)):
        p[k] = (f[2 * k] + 0.5) / (f[2 * k + 1] + 1.0)


@compiled
def frequency_likelihood(f, i, x, y, p):
    """Write what each copy gives to the label y, into ``p`` [K]; changes nothing."""
    frequency_positive(f, p)
    if y[0] == 0:
        for k in range(len(p)):
            p[k] = 1.0 - p[k]


@compiled
def frequency_move(f, i, x, y, rates):
    """Let the older labels fade, and count the newest.

    c_k <- (1 - rate_k) c_k + y,   N_k <- (1 - rate_k) N_k + 1
    """
    for k in range(len(rates)):
        keep = 1.0 - rates[k]
        f[2 * k] = keep * f[2 * k] + y[0]
        f[2 * k + 1] = keep * f[2 * k + 1] + 1.0
