"""Recursive least squares whose one gain serves every horizon.

The gain of the question asked at t depends on the features of t alone, not on the answer: it is
kept and applied when its answer arrives, h points later. That is exact and free of the future,
and one covariance serves all horizons and every loss.

The weights are a random walk: nothing is forgotten, everything may drift.
"""

import math

from forecast.compiled import compiled
from forecast.rate import bounded

PRIOR = 0.15  # variance of a weight before the first point, and for ever the ceiling
DRIFT = 3e-7  # what its variance gains at each point


@compiled
def dot(a, b):
    """sum_d a_d b_d, in four sums that do not wait for each other."""
    D = len(a)
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    d = 0
    while d + 4 <= D:
        s0 += a[d] * b[d]
        s1 += a[d + 1] * b[d + 1]
        s2 += a[d + 2] * b[d + 2]
        s3 += a[d + 3] * b[d + 3]
        d += 4
    while d < D:
        s0 += a[d] * b[d]
        d += 1
    return (s0 + s1) + (s2 + s3)


@compiled
def rls_gain(P, u, x, gain):
    """The gain of features ``x``, and what asking them tells about the weights.

    g = P x / (1 + x'P x);   P <- P - g (P x)' + DRIFT I,   no variance above PRIOR

    With u = P x / sqrt(1 + x'P x) the new P is P - u u', symmetric to the last bit. That is taken
    off at the next question, in the same pass over P that asks it.
    """
    D = len(x)
    for r in range(D):
        gain[r] = 0.0
        P[r, r] += DRIFT
        variance = P[r, r] - u[r] * u[r]
        if variance > PRIOR:
            # (P - u u')_rc shrinks with P_rc and u_r
            shrink = math.sqrt(PRIOR / variance)
            u[r] *= shrink
            for c in range(D):
                P[r, c] *= shrink
                P[c, r] *= shrink
    for r in range(D):
        row, ur, xr = P[r], u[r], x[r]
        for c in range(D):
            known = row[c] - ur * u[c]
            row[c] = known
            gain[c] += known * xr
    inverse_root = 1.0 / math.sqrt(1.0 + dot(gain, x))
    for c in range(D):
        u[c] = gain[c] * inverse_root
        gain[c] = u[c] * inverse_root


@compiled
def rls_move(w, x, gain, target, bound):
    """Move one row of weights by the answer to ``x``; returns the error it had.

    w <- w + g psi(target - x'w)
    """
    error = target - dot(x, w)
    step = bounded(error, bound)
    for d in range(len(x)):
        w[d] += gain[d] * step
    return error
