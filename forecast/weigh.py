"""Ways to weigh memories, each alone, over surprises that are measured already: to compare them.

A learner uses the managers and the gate together; what each of them would do by itself, and what
the best standing mixture would have done in hindsight, is only to be known beside it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Floats
from forecast.blend import (
    bayes_move,
    em_move,
    memories_begin,
    memories_floats,
    memories_learn,
    past_move,
    share_move,
)
from forecast.compiled import bound, compiled
from forecast.gate import gated_begin, gated_floats, gated_learn


@compiled
def _heard(f, likelihood):
    """q = sum_k w_k p_k; the weights stand first."""
    q = 0.0
    for k in range(len(likelihood)):
        q += f[k] * likelihood[k]
    return q


@compiled
def bayes_learn(f, likelihood, t):
    """Bayes over rates: never more than ln K nats above the best of them, in all."""
    q = _heard(f, likelihood)
    bayes_move(f[: len(likelihood)], likelihood, q)
    return q


@compiled
def fixed_share_learn(f, likelihood, t):
    """A fixed share of 1 %."""
    q = _heard(f, likelihood)
    share_move(f[: len(likelihood)], likelihood, q, 0.01)
    return q


@compiled
def falling_share_learn(f, likelihood, t):
    """A share of 1/t."""
    q = _heard(f, likelihood)
    share_move(f[: len(likelihood)], likelihood, q, 1.0 / (t + 2.0))
    return q


@compiled
def past_learn(f, likelihood, t):
    """Past posteriors, at a share of 1 %."""
    K = len(likelihood)
    q = _heard(f, likelihood)
    past_move(f[:K], f[K : 2 * K], likelihood, q, 0.01, 1.0 / (t + 2.0))
    return q


@compiled
def em_learn(f, likelihood, t):
    """Online EM, at steps of 1/t."""
    q = _heard(f, likelihood)
    em_move(f[: len(likelihood)], likelihood, q, 1.0 / (t + 2.0))
    return q


@compiled
def following_em_learn(f, likelihood, t):
    """Online EM, at steps of 5 % or more: its mixture follows the stream."""
    q = _heard(f, likelihood)
    em_move(f[: len(likelihood)], likelihood, q, max(0.05, 1.0 / (t + 2.0)))
    return q


@compiled
def _two_sets(K):
    return 2 * K


def _even(f: Floats, K: int) -> None:
    f[:] = 1.0 / K


Weighing = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]  # floats, begin, learn
WEIGHINGS: dict[str, Weighing] = {
    "Bayes": (_two_sets, _even, bayes_learn),
    "fixed share .01": (_two_sets, _even, fixed_share_learn),
    "fixed share 1/t": (_two_sets, _even, falling_share_learn),
    "past posteriors .01": (_two_sets, _even, past_learn),
    "online EM 1/t": (_two_sets, _even, em_learn),
    "online EM .05": (_two_sets, _even, following_em_learn),
    "managers": (memories_floats, memories_begin, memories_learn),
    "managers and gate": (gated_floats, gated_begin, gated_learn),
}


def _unbound(*_: Any) -> None:
    raise TypeError("the loop is bound to a way of weighing before it runs")


learn = _unbound


def weigh_walk(f, likelihoods, qs, weights):
    """Weigh by each point in turn; ``qs`` [n] and ``weights`` [n, K] are written."""
    n, K = likelihoods.shape
    for t in range(n):
        for k in range(K):
            weights[t, k] = f[k]
        qs[t] = learn(f, likelihoods[t], t)


@cache
def _walk_of(by: str) -> Any:
    return bound(weigh_walk, learn=WEIGHINGS[by][2])


def weigh(surprises: NDArray[np.float64], by: str) -> tuple[Floats, Floats]:
    """The surprise of a blend of memories whose own surprises are given.

    Parameters
    ----------
    surprises : ndarray [n, K]
        Nats.
    by : str
        One of ``WEIGHINGS``.

    Returns
    -------
    surprise : ndarray [n]
        Nats.
    weights : ndarray [n, K]
        As they stood before each point.

    Examples
    --------
    >>> surprise, weights = weigh(np.array([[0.1, 2.0]] * 50), "Bayes")
    >>> round(float(surprise.sum()) - 5.0, 4), weights[-1].round(4).tolist()  # ln 2 = 0.6931
    (0.6931, [1.0, 0.0])
    """
    n, K = surprises.shape
    floats, begin, _ = WEIGHINGS[by]
    f = np.empty(floats(K))
    begin(f, K)
    qs, weights = np.empty(n), np.empty((n, K))
    # a common factor keeps very surprising points away from 0; rates are weighed by ratios alone
    least = surprises.min(axis=1) if n else np.empty(0)
    calm = np.where(least > 500.0, least - 500.0, 0.0)
    _walk_of(by)(f, np.exp(calm[:, None] - surprises), qs, weights)
    return calm - np.log(qs), weights


def best_mixture(surprises: NDArray[np.float64], rounds: int = 200) -> tuple[float, Floats]:
    """The standing mixture of memories that would have surprised least, in hindsight.

    Expectation maximisation on the weights (Dempster, Laird and Rubin, 1977).

    Returns
    -------
    surprise : float
        Mean, nats.
    weights : ndarray [K]

    Examples
    --------
    >>> surprise, weights = best_mixture(np.array([[0.0, 9.0], [0.0, 9.0], [9.0, 0.0]]))
    >>> weights.round(2).tolist()
    [0.67, 0.33]
    """
    least = surprises.min(axis=1)
    likelihood = np.exp(least[:, None] - surprises)
    weights = np.full(surprises.shape[1], 1.0 / surprises.shape[1])
    for _ in range(rounds):
        posterior = likelihood * weights
        posterior /= posterior.sum(axis=1, keepdims=True)
        weights = posterior.mean(axis=0)
    return float((least - np.log(likelihood @ weights)).mean()), weights
