"""One model of words or labels at one rate, paced by any rule of ``rate``: to compare rules.

What ``numbers.paced`` does for series, by the same rules: be surprised, ask the rule how much to
learn, learn that much. A rule that looks at shadows gets two more copies of the model, at twice and
at half its rate; one more, nearly at rate 0, is what would be said without learning.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from forecast.compiled import bound, compiled
from forecast.labels.frequency import frequency_floats, frequency_likelihood, frequency_move
from forecast.labels.logistic import logistic_floats, logistic_likelihood, logistic_move
from forecast.learner import Symbols
from forecast.rate import (
    ERROR,
    EXPECTED,
    FASTER,
    LONG,
    MEMORY,
    RATE,
    REFERENCE,
    RULES,
    SEEN,
    SLOWER,
    SLOWEST,
    SURPRISE,
    one_over_n,
    within_bounds,
)
from forecast.words.bigram import (
    bigram_begin,
    bigram_floats,
    bigram_ints,
    bigram_likelihood,
    bigram_move,
)
from forecast.words.unigram import (
    unigram_begin,
    unigram_floats,
    unigram_ints,
    unigram_likelihood,
    unigram_move,
)

VOCABULARY, PAIRS, BITS = 2**16, 2**19, 16


@compiled
def label_expected(p, usual):
    """The entropy of two labels, p being the probability of one of them."""
    return -p * math.log(p) - (1.0 - p) * math.log(1.0 - p)


@compiled
def label_error(p, y):
    """y - p(1)."""
    return 1.0 - p if y[0] == 1 else p - 1.0


@compiled
def word_expected(p, usual):
    """The usual surprise: an entropy over all words would cost more than the model."""
    return usual


@compiled
def word_error(p, y):
    """A word is no number."""
    return math.nan


class Model(NamedTuple):
    """A model of words or labels as it can be chosen by name.

    Attributes
    ----------
    begin : callable
        Floats and ints of K copies that have seen nothing.
    likelihood, move : kernels
        ``likelihood(f, i, x, y, p)`` writes what each copy gives to y, [K];
        ``move(f, i, x, y, rates)`` lets each take y in at its own rate.
    expected, error : kernels
        What a rule is told of a forecast.
    rates : ndarray
        Six that are worth keeping, a factor of four apart.
    """

    begin: Callable[[int], tuple[Any, Any]]
    likelihood: Callable[..., None]
    move: Callable[..., None]
    expected: Callable[..., Any]
    error: Callable[..., Any]
    fastest: float


def _frequency(K: int) -> tuple[Any, Any]:
    return np.zeros(frequency_floats(K)), np.zeros(1, np.int64)


def _logistic(K: int) -> tuple[Any, Any]:
    return np.zeros(logistic_floats(K, BITS)), np.array([BITS])


def _unigram(K: int) -> tuple[Any, Any]:
    f, i = np.zeros(unigram_floats(K, VOCABULARY)), np.zeros(unigram_ints(K, VOCABULARY), np.int64)
    unigram_begin(f, i, K, VOCABULARY)
    return f, i


def _bigram(K: int) -> tuple[Any, Any]:
    sizes = VOCABULARY, PAIRS
    f, i = np.zeros(bigram_floats(K, *sizes)), np.zeros(bigram_ints(K, *sizes), np.int64)
    bigram_begin(f, i, K, *sizes)
    return f, i


LABEL = {"expected": label_expected, "error": label_error}
WORD = {"expected": word_expected, "error": word_error}
MODELS: dict[str, Model] = {
    "frequency": Model(_frequency, frequency_likelihood, frequency_move, **LABEL, fastest=0.5),
    "logistic": Model(_logistic, logistic_likelihood, logistic_move, **LABEL, fastest=0.5),
    "unigram": Model(_unigram, unigram_likelihood, unigram_move, **WORD, fastest=1 / 16),
    "bigram": Model(_bigram, bigram_likelihood, bigram_move, **WORD, fastest=1.0),
}


def _unbound(*_: Any) -> None:
    raise TypeError("a paced model is bound to a model and a rule before it learns")


# what the loop's free names stand for, before `bound`
likelihood = move = expected = error = rule = _unbound


def paced_walk(f, i, block, bases, strength, shadows, nats, paced):
    """Every observation in turn; ``nats`` and ``paced`` [n, K] are surprises and rates."""
    xs, x_at, ys, y_at = block
    K = len(bases)
    C = (3 * K if shadows else K) + 1
    p, rates, usual = np.empty(C), np.empty(C), np.zeros(K)
    memories, seen = np.zeros((K, MEMORY)), np.zeros(SEEN)
    for c in range(C - 1):
        rates[c] = bases[c % K]
    rates[C - 1] = SLOWEST
    for t in range(len(y_at) - 1):
        x, y = xs[x_at[t] : x_at[t + 1]], ys[y_at[t] : y_at[t + 1]]
        likelihood(f, i, x, y, p)
        seen[REFERENCE] = -math.log(p[C - 1])
        for k in range(K):
            nats[t, k] = -math.log(p[k])
            seen[SURPRISE], seen[RATE] = nats[t, k], rates[k]
            seen[EXPECTED] = expected(p[k], usual[k] if t > 0 else nats[t, k])
            usual[k] += one_over_n(t + 1.0, LONG) * (nats[t, k] - usual[k])
            seen[ERROR] = error(p[k], y)
            if shadows:
                seen[FASTER], seen[SLOWER] = -math.log(p[K + k]), -math.log(p[2 * K + k])
            rates[k] = within_bounds(rule(memories[k], seen, bases[k], strength))
            if shadows:
                rates[K + k] = min(1.0, 2.0 * rates[k])
                rates[2 * K + k] = 0.5 * rates[k]
            paced[t, k] = rates[k]
        move(f, i, x, y, rates)


@cache
def _walk_of(model: str, by: str) -> Any:
    chosen = MODELS[model]
    kernels = {name: getattr(chosen, name) for name in ("likelihood", "move", "expected", "error")}
    return bound(paced_walk, **kernels, rule=RULES[by].step)


def symbol_surprises(
    model: str,
    block: Symbols,
    bases: np.ndarray,
    rule: str = "constant",
    strength: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What a model of words or labels would have been surprised by at each of several rates.

    Parameters
    ----------
    model : {"frequency", "logistic", "unigram", "bigram"}
    block : Symbols
        The whole stream.
    bases : ndarray [K]
        Base rates in (0, 1]; each has a copy of the model of its own.
    rule : str
        One of ``rate.RULES``; one that needs an error paces labels only.
    strength : float, optional
        Of the rule; its usual one for None.

    Returns
    -------
    surprises : ndarray [n, K]
        Nats.
    rates : ndarray [n, K]
        The rate at which each point was learned.

    Raises
    ------
    ValueError
        If the rule needs an error and the model has none.

    Examples
    --------
    >>> labels = np.array([0, 1, 1, 1, 1], np.uint8)
    >>> at = np.arange(6)
    >>> block = Symbols(0, np.empty(0, np.uint8), np.zeros(6, int), labels, at)
    >>> nats, _ = symbol_surprises("frequency", block, np.array([0.5]))
    >>> np.exp(-nats[:3, 0]).round(3).tolist()  # 1/2, then 1/2 over 2, then 3/2 over 5/2
    [0.5, 0.25, 0.6]
    """
    chosen = RULES[rule]
    if chosen.error and MODELS[model].error is word_error:
        raise ValueError(f"the rule {rule!r} needs an error, and a word has none")
    bases = np.asarray(bases, float)
    strength = chosen.strengths[0] if strength is None else strength
    f, i = MODELS[model].begin(len(bases) * (3 if chosen.shadows else 1) + 1)
    nats, rates = np.empty((len(block), len(bases))), np.empty((len(block), len(bases)))
    flat = (block.x, block.x_at, block.y, block.y_at)
    _walk_of(model, rule)(f, i, flat, bases, strength, chosen.shadows, nats, rates)
    return nats, rates
