"""The shape of errors: 21 quantiles of error/scale, each moved by the one thing it is told.

A quantile at level p steps up by p where the error was above it and down by 1 - p where it was
below: under its own forecast the mean step is 0, and on any stream the share of errors below it
tends to p. Divided by the density of Student's t at its level the steps are about as precise as
sorting the last 2/rate errors, for a comparison each.
"""

from forecast.compiled import compiled
from forecast.distribution.t4 import LEVEL, SCORES, N
from forecast.rate import one_over_n

# 1 / t4(score): every shape begins as Student's t with 4 degrees of freedom, the SCORES, where the
# mean |error| is the scale itself
GAIN = (1.0 + 0.25 * SCORES**2) ** 2.5 / 0.375
PRIOR = 30.0  # errors that Student's t is worth at the start
FLOOR = 0.005
ON = 1e-9  # scales: so near a quantile an error lies on it


@compiled
def shape_learn(shape, ratio, n, overlap, begun=PRIOR):
    """Move the quantiles by the n-th error, in units of its scale.

    q_p <- q_p + rate_n (p - 1[ratio < q_p]) / t4(score_p)

    Student's t, with which it began, is worth ``begun`` errors. One that lies on a quantile tells
    nothing of it. Answers that come late overlap, so many of them: the floor is divided by that.
    """
    rate = one_over_n(n + begun, FLOOR / overlap)
    for p in range(N):
        below = 1.0 if ratio < shape[p] else 0.0
        step = 0.0 if abs(ratio - shape[p]) <= ON else LEVEL[p] - below
        shape[p] += rate * GAIN[p] * step
