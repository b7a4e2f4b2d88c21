"""Which memory next: what the last surprises tell about it.

The managers of ``blend.memories`` carry weights from one point to the next and look at nothing
else. A gate looks: at how much better each memory saw the last point coming than the blend did
(*relative* surprise), and at how surprising the point was at all (*own* surprise). What these mean
differs from stream to stream: after a surprise one wants the fast memories where levels shift, and
the slow ones where it was an outlier. So it is learned while it is used, by gradient of ``-log p``.

The managers and the gate are weighted by Bayes, each with the same weight at the start. Over any
stream the total surprise is therefore at most ln(managers x rates) nats above that of the best
rate, the gate being one more manager.
"""

import math

from forecast.arrays import Floats, table
from forecast.blend import LEAST, MANAGERS, memories_begin, memories_floats, memories_learn
from forecast.compiled import compiled
from forecast.rate import one_over_n

ALL = MANAGERS + 1
GATE_RATE = 0.4  # of the gate's own steps, before AdaGrad
# what the gate sees of each memory: its relative surprise at the last point, and its running mean
KEEPS = table([0.0, 0.9])
TRACES = len(KEEPS)
# what the gate sees of the point: nothing (a standing preference), its own surprise beyond the
# usual, that of the last two points together (a lone one is an outlier), the running mean of it
STANDING, OWN, TWICE, LATELY = range(4)
CONTEXTS = 4
USUAL_RATE = 0.01
LATELY_RATE = 0.2
LARGEST = 3.0  # nats of own surprise beyond the usual, either way
SHARE = 0.01  # between the managers whose blend the gate starts from
CALM = 0.1  # of the gate's weights that stay with that blend
FADE = 0.999  # of the squared gradients that pace the gate's steps
FIRST_SQUARE = 0.1

# floats of a gated blend of K memories, in this order: mixed [K]; then
WEIGHED = 0  # the managers together and the gate, [2]
SHARED = 2  # weights of the managers whose blend the gate starts from [MANAGERS]
CONTEXT = SHARED + MANAGERS  # [CONTEXTS]
USUAL = CONTEXT + CONTEXTS  # the usual surprise
LAST = USUAL + 1  # the last excess
SQUARES = LAST + 1  # of the gradients by trust and by turn [TRACES + CONTEXTS]
TRUST = SQUARES + TRACES + CONTEXTS  # in each trace [TRACES]
PER_MEMORY = TRUST + TRACES
# and for each memory: what the gate starts from [K], its weights [K], traces [TRACES, K],
# turns [CONTEXTS, K]; at last the managers' own
ROWS = 2 + TRACES + CONTEXTS


@compiled
def gated_floats(K: int) -> int:
    """Floats of a gated blend of K memories."""
    return PER_MEMORY + (1 + ROWS) * K + memories_floats(K)


def gated_begin(f: Floats, K: int) -> None:
    """Every memory and manager starts with the same weight, and the gate prefers none."""
    for place in range(len(f)):
        f[place] = 0.0
    start = K + PER_MEMORY
    for k in range(K):
        f[k] = f[start + k] = f[start + K + k] = 1.0 / K
    f[K + WEIGHED] = MANAGERS / ALL
    f[K + WEIGHED + 1] = 1.0 / ALL
    for a in range(MANAGERS):
        f[K + SHARED + a] = 1.0 / MANAGERS
    f[K + CONTEXT + STANDING] = 1.0
    for square in range(SQUARES, TRUST):
        f[K + square] = FIRST_SQUARE
    memories_begin(f[start + ROWS * K :], K)


@compiled
def gated_learn(f, likelihood, t):
    """Move all weights by p_k(y), the likelihood that each memory gave to the newest point.

    ``likelihood`` [K]; ``t`` counts the points before this one. What the blend believes next
    stands in ``f[:K]``.

    Returns
    -------
    float
        m, the blend's own likelihood: its surprise is -log m.
    """
    K = len(likelihood)
    m = 0.0
    for k in range(K):
        m += f[k] * likelihood[k]
    if not (m > LEAST and m < math.inf):
        return m  # no memory can tell, so none gains
    managers = f[K + PER_MEMORY + ROWS * K :]
    f[K + WEIGHED + 1] *= _gate_learn(f, likelihood) / m
    expected = _share(f, managers, likelihood)
    f[K + WEIGHED] *= memories_learn(managers, likelihood, t) / m
    _look(f, likelihood, expected, t)
    _gate_weigh(f, managers, K)
    for k in range(K):
        gate = f[K + PER_MEMORY + K + k]
        f[k] = f[K + WEIGHED] * managers[k] + f[K + WEIGHED + 1] * gate
    return m


@compiled
def _share(f, managers, likelihood):
    """Weigh the managers whose blend the gate starts from (Herbster and Warmuth, 1998).

    u_a <- (1 - share) u_a q_a / m + share / A,   m = sum_a u_a q_a;  returns m.
    """
    K = len(likelihood)
    W = K + MANAGERS
    m = 0.0
    for a in range(MANAGERS):
        q = 0.0
        for k in range(K):
            q += managers[W + a * K + k] * likelihood[k]
        f[K + SHARED + a] *= q
        m += f[K + SHARED + a]
    keep = (1.0 - SHARE) / m
    for a in range(MANAGERS):
        f[K + SHARED + a] = keep * f[K + SHARED + a] + SHARE / MANAGERS
    return m


@compiled
def _look(f, likelihood, m, t):
    """What there is to see of the newest point: relative and own surprise.

    r_k = 2 (p_k - m) / (p_k + m),  which is log p_k - log m while that is small, and at most 2
    """
    K = len(likelihood)
    traces = K + PER_MEMORY + 2 * K
    for k in range(K):
        relative = 2.0 * (likelihood[k] - m) / (likelihood[k] + m)
        for j in range(TRACES):
            f[traces + j * K + k] += (1.0 - KEEPS[j]) * (relative - f[traces + j * K + k])
    # excess = -log m - its running mean, which begins with the first: it has a unit
    if t < 1.0:
        f[K + USUAL] = -math.log(m)
    excess = -math.log(m) - f[K + USUAL]
    f[K + USUAL] += one_over_n(t + 1.0, USUAL_RATE) * excess
    excess = max(-LARGEST, min(LARGEST, excess))
    f[K + CONTEXT + OWN] = excess
    f[K + CONTEXT + TWICE] = min(excess, f[K + LAST])
    f[K + CONTEXT + LATELY] += LATELY_RATE * (excess - f[K + CONTEXT + LATELY])
    f[K + LAST] = excess


@compiled
def _gate_weigh(f, managers, K):
    """The gate's weights, from those of the managers and from what it sees.

    start_k = sum_a u_a w_ak
    z_k = sum_j trust_j trace_jk + sum_i turn_ik context_i
    w_k ~ start_k exp(z_k),  of which a share stays with start_k
    """
    start = K + PER_MEMORY
    gate, traces, turns = start + K, start + 2 * K, start + (2 + TRACES) * K
    highest = -math.inf
    for k in range(K):
        f[start + k] = 0.0
        for a in range(MANAGERS):
            f[start + k] += f[K + SHARED + a] * managers[K + MANAGERS + a * K + k]
        z = 0.0
        for j in range(TRACES):
            z += f[K + TRUST + j] * f[traces + j * K + k]
        for i in range(CONTEXTS):
            z += f[turns + i * K + k] * f[K + CONTEXT + i]
        f[gate + k] = z
        highest = max(highest, z)
    total = 0.0
    for k in range(K):
        f[gate + k] = f[start + k] * math.exp(f[gate + k] - highest)
        total += f[gate + k]
    follow = (1.0 - CALM) / total
    for k in range(K):
        f[gate + k] = follow * f[gate + k] + CALM * f[start + k]


@compiled
def _gate_learn(f, likelihood):
    """Move trusts and turns along the gradient of log q, paced by AdaGrad (Duchi et al., 2011).

    q = sum_k w_k p_k,   g_k = w_k p_k / q - w_k
    trust_j <- trust_j + rate G_j / sqrt(sum of G_j^2),   G_j = sum_k g_k trace_jk
    turn_ik <- turn_ik + rate g_k context_i / sqrt(sum of |g|^2 context_i^2)

    Where y follows the gate's own forecast the mean of every g_k is 0. Returns q.
    """
    K = len(likelihood)
    gate = K + PER_MEMORY + K
    traces, turns = gate + K, gate + (1 + TRACES) * K
    q = 0.0
    for k in range(K):
        q += f[gate + k] * likelihood[k]
    if q <= LEAST:
        return q
    square = 0.0
    over_q = 1.0 / q
    for k in range(K):
        # the gate's weights make room for the gradient; they are written anew afterwards
        f[gate + k] *= likelihood[k] * over_q - 1.0
        square += f[gate + k] * f[gate + k]
    for j in range(TRACES):
        G = 0.0
        for k in range(K):
            G += f[gate + k] * f[traces + j * K + k]
        f[K + SQUARES + j] = FADE * f[K + SQUARES + j] + G * G
        f[K + TRUST + j] += GATE_RATE * G / math.sqrt(f[K + SQUARES + j])
    for i in range(CONTEXTS):
        at = K + SQUARES + TRACES + i
        context = f[K + CONTEXT + i]
        f[at] = FADE * f[at] + square * context * context
        step = GATE_RATE * context / math.sqrt(f[at])
        for k in range(K):
            f[turns + i * K + k] += step * f[gate + k]
    return q
