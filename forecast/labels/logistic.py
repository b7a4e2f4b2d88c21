"""Logistic regression on the words of a message: each that is present adds its weight.

K copies of one model, each with a rate of its own. Copy k's weight of the feature at place s is
``f[s * K + k]``: the copies of one weight lie side by side, and the message is read once for all.
"""

import math

import numpy as np

from forecast.compiled import compiled
from forecast.labels.features import FEATURES, features_of

LARGEST = 15.0  # logit: no copy is surer than 1 in 3 million


@compiled
def logistic_floats(K: int, bits: int) -> int:
    """Floats of K copies: weights [2^bits, K]. They begin as zeros: no word says anything."""
    return K << bits


@compiled
def logistic_positive(f, slots, n, p):
    """Write what each copy gives to the positive label, into ``p`` [K].

    p_k(1) = 1 / (1 + exp(-z_k)),   z_k = sum of the weights of the n features, within +-LARGEST
    """
    K = len(p)
    for k in range(K):
        p[k] = 0.0
    for j in range(n):
        for k in range(K):
            p[k] += f[slots[j] * K + k]
    for k in range(K):
        p[k] = 1.0 / (1.0 + math.exp(-max(-LARGEST, min(LARGEST, p[k]))))


@compiled
def logistic_step(f, slots, n, y, positive, rates):
    """Step down the gradient of the surprise, which is the error.

    w_k <- w_k + rate_k (y - p_k(1))   on each of the n features
    """
    K = len(rates)
    step = np.empty(K)
    for k in range(K):
        step[k] = rates[k] * (y[0] - positive[k])
    for j in range(n):
        for k in range(K):
            f[slots[j] * K + k] += step[k]


@compiled
def logistic_likelihood(f, i, x, y, p):
    """Write what each copy gives to the label y beside the message x, into ``p`` [K].

    ``i[0]`` is the number of bits; nothing is changed.
    """
    slots = np.empty(FEATURES, np.int64)
    n = features_of(x, i[0], slots)
    logistic_positive(f, slots, n, p)
    if y[0] == 0:
        for k in range(len(p)):
            p[k] = 1.0 - p[k]


@compiled
def logistic_move(f, i, x, y, rates):
    """Let each copy step by its own rate towards label y beside the message x."""
    slots = np.empty(FEATURES, np.int64)
    n = features_of(x, i[0], slots)
    positive = np.empty(len(rates))
    logistic_positive(f, slots, n, positive)
    logistic_step(f, slots, n, y, positive, rates)
