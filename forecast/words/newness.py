"""How likely it is that the next word was never seen.

A logistic regression on what is known beforehand: how often a new word came of late, and after the
last word, the classes of the last two words, and how far the contexts reach. All of it learned on
the way, from nothing.
"""

import math

from forecast.compiled import compiled
from forecast.learner import Floats
from forecast.words.shape import CLASSES

RATE = 0.005  # of the share of new words of late
BEFORE = 2.0  # words that the share of late counts for after each word
STEP_OF_DENSE, STEP_OF_KIND = 0.005, 0.02
LEAST = 1e-4

# floats: the share of late, three weights of numbers; weights of the class of the last word and of
# the one before, of reaches; then for each word, how often something new came after it, and
# how often anything
SHARE, DENSE = 0, 1
BIAS = DENSE + 2
LAST = DENSE + 3
LAST_BUT_ONE = LAST + CLASSES
REACH = LAST_BUT_ONE + CLASSES
REACHES = 128
AFTER = REACH + REACHES


def newness_floats(vocabulary: int) -> int:
    """Floats of newness after so many words, and after what is not known."""
    return AFTER + 2 * (vocabulary + 1)


def newness_begin(f: Floats) -> None:
    """Nothing is known yet, in floats that are all 0."""
    f[SHARE] = 0.5
    f[DENSE : DENSE + 2] = 0.4


@compiled
def _logit(p):
    return math.log(p / (1.0 - p))


@compiled
def _after(f, before):
    """log odds of something new after a word, its counts drawn to the share of late."""
    at = AFTER + 2 * before
    share = min(max(f[SHARE], LEAST), 1.0 - LEAST)
    new = f[at] + BEFORE * share
    return math.log(new / (f[at + 1] - f[at] + BEFORE * (1.0 - share)))


@compiled
def newness(f, before, class_1, class_2, reach):
    """p(new) = 1 / (1 + exp(-z)),  z a weighted sum of what is known."""
    z = f[DENSE] * _after(f, before) + f[BIAS]
    z += f[DENSE + 1] * _logit(min(max(f[SHARE], LEAST), 1.0 - LEAST))
    z += f[LAST + class_1] + f[LAST_BUT_ONE + class_2] + f[REACH + reach]
    p = 1.0 / (1.0 + math.exp(-z))
    return min(max(p, LEAST), 1.0 - LEAST)


@compiled
def newness_learn(f, before, class_1, class_2, reach, p, new, share):
    """w <- w + share step (y - p) x,  p being what was said."""
    error = share * ((1.0 if new else 0.0) - p)
    f[DENSE] += STEP_OF_DENSE * error * _after(f, before)
    f[DENSE + 1] += STEP_OF_DENSE * error * _logit(min(max(f[SHARE], LEAST), 1.0 - LEAST))
    f[BIAS] += STEP_OF_DENSE * error
    for at in (LAST + class_1, LAST_BUT_ONE + class_2, REACH + reach):
        f[at] += STEP_OF_KIND * error
    f[SHARE] += RATE * ((1.0 if new else 0.0) - f[SHARE])
    f[AFTER + 2 * before] += 1.0 if new else 0.0
    f[AFTER + 2 * before + 1] += 1.0
