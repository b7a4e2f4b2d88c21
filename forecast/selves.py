"""Selves: what a learner is now, and what it was, each of them awake; who weighs how much.

The first self is the *present* one. Each other goes on from a *past*, a state in which the present
self once was; it is woken from there again and again, so that it learns what is needed to follow
the stream and never long enough to forget what it had been. Their weights are those of
``blend.memories``, whose managers share with past posteriors (Bousquet and Warmuth, 2002): a self
that was the best once comes back fast.

    change places    a past self that outweighs the present one is the present from now on, and
                     the state of the other becomes its past
    keep             the present state becomes a past; of the two selves most alike one gives way

Two selves are alike as far as they were as surprised by the same points. Nothing here knows what a
self believes: a state is two rows of numbers.
"""

import math

import numpy as np

from forecast.arrays import Floats, Ints
from forecast.blend import MANAGERS, memories_begin, memories_floats, memories_learn
from forecast.compiled import compiled
from forecast.learner import FlatLearner, Layout

RECENT = 24  # points that a self is shown when it is woken
KEEP = 64  # points after which the present state is kept
ALIKE_RATE = 0.02  # of the running mean of how differently two selves were surprised
LARGEST = 3.0  # nats by which they differ at one point, at most
FAR = 50.0  # nats more than the least surprise: no self gets less
SURE = 0.8  # weight above which a past self is the present one from now on

# integers: how many selves; floats and ints of one; points told; how many of them were answered
SELVES, FLOATS, INTS, TIME, JUDGED = range(5)
# where in the floats weights, likeness, states and pasts begin; where in the integers
AT_WEIGHTS, AT_ALIKE, AT_STATES, AT_PASTS, AT_KEPT, AT_INT_STATES, AT_INT_PASTS = range(5, 12)
SELVES_INTS = 12


def selves_layout(layout: Layout, K: int, floats: int, ints: int, more: int) -> list[int]:
    """Reserve the places of K selves of so many floats and ints; returns the first integers.

    ``more`` integers follow those that are returned.
    """
    layout.ints("plan", SELVES_INTS + more)
    return [
        *(K, floats, ints, 0, 0),
        layout.floats("weights", memories_floats(K)),
        layout.floats("alike", K, K),
        layout.floats("states", K, floats),
        layout.floats("pasts", K, floats),
        layout.ints("kept", K),
        layout.ints("int states", K, ints),
        layout.ints("int pasts", K, ints),
    ]


def selves_begin(f: Floats, i: Ints, floats: Floats, ints: Ints) -> None:
    """Every self is the same, and none has a past; states are rows of the flat arrays."""
    K = int(i[SELVES])
    weights = int(i[AT_WEIGHTS])
    memories_begin(f[weights : weights + memories_floats(K)], K)
    for k in range(K):
        of_f, of_i = state_of(f, i, k)
        of_f[:], of_i[:] = floats, ints


@compiled
def state_of(f, i, k):
    """The state of a self that is awake."""
    F, n = i[FLOATS], i[INTS]
    floats, ints = i[AT_STATES] + k * F, i[AT_INT_STATES] + k * n
    return f[floats : floats + F], i[ints : ints + n]


@compiled
def past_of(f, i, k):
    """The state that a self is woken from."""
    F, n = i[FLOATS], i[INTS]
    floats, ints = i[AT_PASTS] + k * F, i[AT_INT_PASTS] + k * n
    return f[floats : floats + F], i[ints : ints + n]


@compiled
def weights_of(f, i):
    """How much each self weighs."""
    return f[i[AT_WEIGHTS] : i[AT_WEIGHTS] + i[SELVES]]


@compiled
def copy_state(state, past):
    """Write one state over another."""
    floats, ints = state
    into_floats, into_ints = past
    for j in range(len(floats)):
        into_floats[j] = floats[j]
    for j in range(len(ints)):
        into_ints[j] = ints[j]


@compiled
def swap_rows(a, b):
    """Let two rows change places."""
    for j in range(len(a)):
        a[j], b[j] = b[j], a[j]


@compiled
def selves_weigh(f, i, surprises):
    """Weigh the selves by how surprised each was, [K] nats; note how differently.

    p_k = exp(least surprise - surprise_k);   alike_jk <- alike_jk + rate (|s_j - s_k| - alike_jk)
    """
    K = i[SELVES]
    least = math.inf
    for k in range(K):
        if surprises[k] < least:
            least = surprises[k]
    if not abs(least) < math.inf:
        return
    likelihood = np.empty(K)
    for k in range(K):
        more = surprises[k] - least
        surprises[k] = more if more < FAR else FAR  # what is no number is far off too
        likelihood[k] = math.exp(-surprises[k])
    weights = f[i[AT_WEIGHTS] : i[AT_ALIKE]]
    memories_learn(weights, likelihood, 1.0 * i[JUDGED])
    i[JUDGED] += 1
    for j in range(K):
        for k in range(K):
            at = i[AT_ALIKE] + j * K + k
            apart = min(LARGEST, abs(surprises[j] - surprises[k]))
            f[at] += ALIKE_RATE * (apart - f[at])


@compiled
def on_turn(i):
    """Whose turn it is to be woken at this point: each comes once in ``RECENT``; 0 for nobody's."""
    between = max(1, RECENT // (i[SELVES] - 1))
    if i[TIME] % between != 0:
        return 0
    k = 1 + i[TIME] // between % (i[SELVES] - 1)
    return k if i[i[AT_KEPT] + k] > 0 else 0


@compiled
def outweighs(f, i, k):
    """Whether a self is to be the present one."""
    weights = weights_of(f, i)
    return weights[k] > SURE


@compiled
def change_places(f, i, k):
    """Self k and the present one change places; what the blend says is the same as before."""
    K = i[SELVES]
    ours, theirs = state_of(f, i, 0), state_of(f, i, k)
    swap_rows(ours[0], theirs[0])
    swap_rows(ours[1], theirs[1])
    copy_state(theirs, past_of(f, i, k))
    i[i[AT_KEPT] + k] = i[TIME]
    _swap_weights(f, i, k)
    alike = f[i[AT_ALIKE] : i[AT_ALIKE] + K * K]
    swap_rows(alike[:K], alike[k * K : (k + 1) * K])
    for j in range(K):
        alike[j * K], alike[j * K + k] = alike[j * K + k], alike[j * K]


@compiled
def _sets(i):
    """How many sets of K weights there are, and where they begin but for the mixed ones."""
    return 2 * MANAGERS, i[AT_WEIGHTS] + i[SELVES] + MANAGERS


@compiled
def _swap_weights(f, i, k):
    sets, first = _sets(i)
    weights = weights_of(f, i)
    weights[0], weights[k] = weights[k], weights[0]
    for s in range(sets):
        at = first + s * i[SELVES]
        f[at], f[at + k] = f[at + k], f[at]


@compiled
def keep_present(f, i):
    """The present state becomes the past of a self; of the two most alike the older gives way.

    Where the present self is one of the two, what it has become replaces what it was. Who gives
    way leaves its weight to the other one; who comes shares that of the present, its twin: what
    the blend says is hardly another than before.
    """
    K = i[SELVES]
    alike = f[i[AT_ALIKE] : i[AT_ALIKE] + K * K]
    kept = i[i[AT_KEPT] : i[AT_KEPT] + K]
    a, b = 0, 1
    for j in range(K):
        for k in range(j + 1, K):
            if alike[j * K + k] < alike[a * K + b]:
                a, b = j, k
    k, other = b, a
    if a > 0 and kept[a] < kept[b]:
        k, other = a, b
    _hand_over(weights_of(f, i), k, other)
    sets, first = _sets(i)
    for s in range(sets):
        _hand_over(f[first + s * K : first + (s + 1) * K], k, other)
    copy_state(state_of(f, i, 0), state_of(f, i, k))
    copy_state(state_of(f, i, 0), past_of(f, i, k))
    kept[k] = i[TIME]
    for j in range(K):
        alike[k * K + j] = alike[j]
        alike[j * K + k] = alike[j * K]
    alike[k * K + k] = alike[k] = alike[k * K] = 0.0
    return k


@compiled
def _hand_over(weights, k, other):
    """The weight of k goes to another, and half of the first one's to k."""
    weights[other] += weights[k]
    weights[0] *= 0.5
    weights[k] = weights[0]


def selves_named(learner: FlatLearner) -> dict[str, float]:
    """The weight of each self by its name; of those that never went asleep, with the present."""
    time, K = int(learner.view("plan")[TIME]), int(learner.view("plan")[SELVES])
    named = {"present": 0.0}
    for weight, kept in zip(learner.view("weights")[:K], learner.view("kept"), strict=True):
        name = f"{time - kept} points ago" if kept else "present"
        named[name] = named.get(name, 0.0) + float(weight)
    return named


def managers_moved(learner: FlatLearner, before: FlatLearner) -> Floats:
    """The step of the weights of the managers that weigh the selves."""
    K = int(learner.view("plan")[SELVES])
    managers = slice(K, K + MANAGERS)
    step: Floats = learner.view("weights")[managers] - before.view("weights")[managers]
    return step
