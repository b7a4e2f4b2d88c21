"""When to forget: counts of a context that what came last beats are no longer true.

A context whose habits change goes on saying what it counted for as long again as it had counted.
So before each word that it counts two beliefs are compared: what was counted, p, and another, q,
which gives something to the last two words that came there and to all that never came there, and
leaves the rest as it was. Their log ratio is the relative surprise of the word; how much of it has
gathered is how far the counts are doubted (Page 1954). Where that is beyond belief they are halved
until hardly more than a prior is left. While p is true, log q / p gathers to h nats with a
probability below exp(-h): counts that go on being true are left alone.
"""

import math

from forecast.compiled import compiled
from forecast.words.discounted import given_back
from forecast.words.grams import (
    counted,
    doubt,
    gram_doubt,
    gram_halve,
    last,
    last_but_one,
    total,
)

CAME_LAST, CAME_BEFORE, NEVER_CAME = 0.28, 0.14, 0.28  # of q; the rest is p
AS_IT_WAS = 1.0 - CAME_LAST - CAME_BEFORE - NEVER_CAME
MOST = 3.0  # nats of one word: one alone is an outlier
BELIEVED = 14.0  # nats of doubt
LEFT = 8  # of all counts of a context that are forgotten
STEPS = 64.0  # of a nat


@compiled
def _relative_surprise(i, context, node, w):
    """log q(w) / p(w),  of a word w and the node that counts it after a context, 0 for none."""
    n, times = total(i, context), counted(i, node) if node > 0 else 0
    if n == 0:
        return 0.0
    if times == 0:
        return math.log(AS_IT_WAS + NEVER_CAME * n / given_back(i, context))
    gained = 0.0
    if last(i, context) == w:
        gained = CAME_LAST
    elif last_but_one(i, context) == w:
        gained = CAME_BEFORE
    return math.log(AS_IT_WAS + gained * n / times)


@compiled
def doubted(i, context, node, w, kept):
    """s <- max(0, s + log q(w) / p(w));  beyond h the counts are forgotten, and s <- 0.

    Before word w is counted; ``node`` counts it, and those ``kept`` may not go.
    """
    gained = min(_relative_surprise(i, context, node, w), MOST)
    doubt_now = max(doubt(i, context) + math.floor(STEPS * gained + 0.5), 0)
    if doubt_now >= STEPS * BELIEVED:
        halvings = 1
        while total(i, context) >> halvings > LEFT:
            halvings += 1
        gram_halve(i, context, halvings, kept)
        doubt_now = 0
    gram_doubt(i, context, doubt_now)
