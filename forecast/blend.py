"""Many as one: weights that follow how well each saw the last point coming.

``memories``  one model at several rates, weighted by ``-log p`` through managers that share weight
              with the past. Nothing to set; over any stream the total surprise is at most
              ln(managers x rates) nats above that of the best single rate.
``boa``       forecasters weighted by their regret on a convex loss, safe against bad ones.

The state of a blend is one slice of floats. A further rule is one more pair of kernels.
"""

import math

from forecast.arrays import Floats, floats, ints, table
from forecast.compiled import compiled

# A manager is a way to carry weights over K memories from one point to the next; Bayes, the first,
# keeps the bound above. Shares of the past, and floors under the steps of EM, of the others:
PAST_SHARES = table([0.001, 0.01, 0.1, 0.3])
EM_FLOORS = table([0.0, 0.01, 0.05])
BAYES, FIRST_EM = 0, 1 + len(PAST_SHARES)
MANAGERS = FIRST_EM + len(EM_FLOORS)
LEAST = 1e-300  # likelihood: nothing is divided by less
OVER = table([0.0, *(1.0 / n for n in range(1, 14))])  # 1/n
ALIVE = 0.001  # of uniform weight in what the em managers learn, so that no memory dies


@compiled
def bayes_move(weights, likelihood, q):
    """Bayes over rates:  w_k <- w_k p_k / q."""
    over_q = 1.0 / q
    for k in range(len(weights)):
        weights[k] *= likelihood[k] * over_q


@compiled
def share_move(weights, likelihood, q, share):
    """Fixed share (Herbster and Warmuth, 1998): any memory may be the best one from now on.

    w_k <- (1 - share) w_k p_k / q + share / K
    """
    K = len(weights)
    for k in range(K):
        weights[k] = (1.0 - share) * weights[k] * likelihood[k] / q + share / K


@compiled
def past_move(weights, past, likelihood, q, share, slow):
    """Past posteriors (Bousquet and Warmuth, 2002): a memory that was the best may be it again.

    posterior_k = w_k p_k / q,   past_k <- past_k + slow (posterior_k - past_k)
    w_k <- (1 - share) posterior_k + share past_k
    """
    over_q = 1.0 / q
    for k in range(len(weights)):
        posterior = weights[k] * likelihood[k] * over_q
        past[k] += slow * (posterior - past[k])
        weights[k] = (1.0 - share) * posterior + share * past[k]


@compiled
def em_move(weights, likelihood, q, step):
    """Online EM (Cappe and Moulines, 2009): towards the one mixture that surprises least.

    w_k <- w_k + step (posterior_k - w_k),   a little of each posterior being uniform
    """
    K = len(weights)
    over_q = 1.0 / q
    for k in range(K):
        posterior = weights[k] * likelihood[k] * over_q
        weights[k] += step * ((1.0 - ALIVE) * posterior + ALIVE / K - weights[k])


@compiled
def memories_floats(K: int) -> int:
    """Floats of a blend of K memories: mixed weights [K], managers [A], weights, past [A, K]."""
    return K + MANAGERS + 2 * MANAGERS * K


def memories_begin(f: Floats, K: int) -> None:
    """Every memory and every manager starts with the same weight."""
    for k in range(len(f)):
        f[k] = 1.0 / K
    for a in range(MANAGERS):
        f[K + a] = 1.0 / MANAGERS


@compiled
def memories_learn(f, likelihood, t):
    """Move all weights by p_k(y), the likelihood that each memory gave to the newest point.

    ``likelihood`` [K] may carry a common factor; ``t`` counts the points before this one. What
    the blend believes next stands in ``f[:K]``:  mixed_k = sum_a v_a w_ak.

    Returns
    -------
    float
        m = sum_a v_a q_a, the blend's own likelihood: its surprise is -log m.
    """
    K = len(likelihood)
    W = K + MANAGERS
    PAST = W + MANAGERS * K
    m = 0.0
    for k in range(K):
        m += f[k] * likelihood[k]
    if not (m > LEAST and m < math.inf):
        return m  # no memory can tell, so none gains
    slow = 1.0 / (t + 2.0)
    for a in range(MANAGERS):
        # q_a = sum_k w_ak p_k
        q = 0.0
        for k in range(K):
            q += f[W + a * K + k] * likelihood[k]
        # v_a <- v_a q_a / m
        f[K + a] *= q / m
        if q <= LEAST:
            continue
        weights = f[W + a * K : W + (a + 1) * K]
        if a == BAYES:
            bayes_move(weights, likelihood, q)
        elif a < FIRST_EM:
            past = f[PAST + a * K : PAST + (a + 1) * K]
            past_move(weights, past, likelihood, q, PAST_SHARES[a - 1], slow)
        else:
            em_move(weights, likelihood, q, max(EM_FLOORS[a - FIRST_EM], slow))
    for k in range(K):
        f[k] = 0.0
    for a in range(MANAGERS):
        for k in range(K):
            f[k] += f[K + a] * f[W + a * K + k]
    return m


@compiled
def weighted_median(weights, values):
    """The value below which half of the weight lies: one wild value does not move it."""
    K = len(values)
    order = ints(K)
    for k in range(K):
        place = k
        while place > 0 and values[order[place - 1]] > values[k]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    heard = 0.0
    for k in range(K - 1):
        heard += weights[order[k]]
        if heard >= 0.5:
            return values[order[k]]
    return values[order[K - 1]]


@compiled
def boa_floats(K, M):
    """Floats of M aggregations of K experts: weight, regret, its square, its largest, [4, K, M]."""
    return 4 * K * M


@compiled
def exp_of_negative(x):
    """e^x where x <= 0, to 1e-11 of itself down to e^-44, which is nothing beside 1.

    Without a call and without a branch several are had at once:  e^x = (e^(x/64))^64.
    """
    z = max(x, -44.0) * 0.015625
    e = 1.0
    for term in range(13, 0, -1):  # 1 + z (1 + z/2 (1 + z/3 (...)))
        e = 1.0 + z * OVER[term] * e
    for _ in range(6):
        e *= e
    return e


@compiled
def boa_blend(f, experts, blends):
    """Write x_m = sum_k w_km x_km, [M]."""
    K, M = experts.shape
    for m in range(M):
        blends[m] = 0.0
    for k in range(K):
        weights, said = f[0, k], experts[k]
        for m in range(M):
            blends[m] += weights[m] * said[m]


@compiled
def boa_learn(f, experts, blends, gradients, prior, least, forget, overlap):
    """Second-order Bernstein online aggregation (Wintenberger, 2017), fading; M of them at once.

    Each has a loss of its own, with that gradient at its blend x; it is linearised there, so that
    expert k would have gained r_k. Both R and V fade by ``1 - forget`` a point. Answers that come
    late overlap, o of them: they tell less than they seem to, and every square counts sqrt(o)
    times. ``f`` [4, K or more, M] may have room for more experts than speak.

        r_k = gradient (x - x_k)
        V_k <- V_k + sqrt(o) r_k^2,   E_k <- max(E_k, sqrt(o) |r_k|)
        eta_k = min(1 / (2 E_k), sqrt(ln K / V_k))       no rate to set
        R_k <- R_k + r_k - eta_k sqrt(o) r_k^2           safe against bad experts
        w_k ~ prior_k eta_k exp(eta_k R_k)

    ``prior`` [K] is what the weights begin with. An expert no further than ``least`` from the blend
    agrees with it: what is left is rounding. Where y follows the blend's own forecast the mean
    gradient is 0, and so is that of r.
    """
    K, M = experts.shape
    keep, log_K, counts = 1.0 - forget, math.log(K), math.sqrt(overlap)
    best, total, largest = floats(M), floats(M), floats(M)
    for m in range(M):
        best[m] = -math.inf
    for k in range(K):
        _gain(f, k, experts[k], blends, gradients, least, keep, log_K, counts)
        weights, R = f[0, k], f[1, k]
        for m in range(M):
            best[m] = max(best[m], weights[m] * R[m]) if weights[m] > 0.0 else best[m]
    for k in range(K):
        weights, R, chance = f[0, k], f[1, k], prior[k]
        for m in range(M):
            eta = weights[m]
            weight = chance * eta * exp_of_negative(eta * R[m] - best[m])
            weights[m] = weight if eta > 0.0 else 0.0
            total[m] += weights[m]
            largest[m] = max(largest[m], weights[m])
    for k in range(K):
        weights, V = f[0, k], f[2, k]
        for m in range(M):
            # an expert that always agreed with the blend weighs as much as the best
            alike = largest[m] if largest[m] > 0.0 else 1.0
            weights[m] = alike if V[m] == 0.0 else weights[m]
            total[m] += alike if V[m] == 0.0 else 0.0
    for m in range(M):
        total[m] = 1.0 / total[m]
    for k in range(K):
        weights = f[0, k]
        for m in range(M):
            weights[m] *= total[m]


@compiled
def _gain(f, k, said, blends, gradients, least, keep, log_K, counts):
    """What an expert would have gained at each level; eta stands for its weight, 0 for none."""
    weights, R, V, E = f[0, k], f[1, k], f[2, k], f[3, k]
    for m in range(len(said)):
        away = blends[m] - said[m]
        r = gradients[m] * away if abs(away) > least else 0.0
        square = counts * r * r
        v = keep * V[m] + square
        e = max(keep * E[m], counts * abs(r))
        eta = min(0.5 / e, math.sqrt(log_K / v))
        eta = eta if v > 0.0 else 0.0
        R[m] = keep * R[m] + r - eta * square
        V[m], E[m], weights[m] = v, e, eta
