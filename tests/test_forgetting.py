"""Words: counts of a context that what came last beats are forgotten, and no others."""

import math
from collections import Counter

import numpy as np
import pytest

from forecast.learner import Symbols
from forecast.prequential import SymbolRun
from forecast.words import grams
from forecast.words.discounted import OFTEN, ONCE, TWICE
from forecast.words.forecaster import WordForecaster

NOTHING = np.empty(0, np.uint8)


class Doubted:
    """What one context counts and how far that is doubted, by the equations, in dictionaries."""

    def __init__(self) -> None:
        self.counts, self.came = Counter[str](), list[str]()
        self.doubt = self.forgotten = 0

    def relative_surprise(self, word: str) -> float:
        """log q / p,  q = .28 [came last] + .14 [last but one] + .28 [never came] + .3 p."""
        n, times = self.counts.total(), self.counts[word]
        if n == 0:
            return 0.0
        if times == 0:
            new = sum({1: ONCE, 2: TWICE}.get(c, OFTEN) for c in self.counts.values() if c) / n
            return math.log(0.3 + 0.28 / new)
        gained = dict(zip(self.came[:-3:-1], (0.28, 0.14), strict=False)).get(word, 0.0)
        return math.log(0.3 + gained / (times / n))

    def learn(self, word: str) -> None:
        step = math.floor(64 * min(self.relative_surprise(word), 3.0) + 0.5)
        self.doubt = max(self.doubt + step, 0)
        if self.doubt >= 14 * 64:
            part = 2
            while self.counts.total() // part > 8:
                part *= 2
            self.counts = Counter({w: c // part for w, c in self.counts.items()})
            self.doubt, self.forgotten = 0, self.forgotten + 1
        self.counts[word] += 1
        if word in self.came[-1:]:
            return
        self.came.append(word)


def test_doubt_is_the_sum_of_relative_surprises() -> None:
    rng = np.random.default_rng(3)
    words = [*rng.choice([*"bbbcd"], 900), *rng.choice([*"efgh"], 300), *rng.choice([*"bi"], 99)]
    learner, reference = WordForecaster(20, 900, orders=1, sides=0), Doubted()
    table, most = learner.view("grams"), 0
    for word in words:
        learner.learn("a")
        learner.learn(str(word))
        reference.learn(str(word))
        context = grams.gram_find(table, grams.follower_key(0, 0))
        assert grams.doubt(table, context) == reference.doubt
        assert grams.total(table, context) == reference.counts.total()
        most = max(most, reference.doubt)
    assert reference.forgotten >= 2 and most > 500


def test_counts_that_go_on_being_true_are_left_alone() -> None:
    # words drawn from what a context counts: doubt beyond h has a probability below exp(-h) a word
    rng, forgotten, words = np.random.default_rng(4), 0, 0
    for _ in range(20):
        reference = Doubted()
        p = rng.dirichlet(np.full(12, 0.4))
        for word in rng.choice(12, 3000, p=p).astype(str):
            reference.learn(word)
        forgotten, words = forgotten + reference.forgotten, words + 3000
    assert forgotten <= 1


def chain(rng: np.random.Generator, words: int, every: int, vocabulary: int) -> np.ndarray:
    """Words each of which has eight that may follow, drawn anew for a quarter of them now and then.

    As in experiments/soak.py, smaller.
    """
    p = 1.0 / np.arange(1.0, 9.0)
    follow = rng.integers(vocabulary, size=(vocabulary, 8))
    ranks = rng.choice(8, words, p=p / p.sum())
    here, chain = 0, np.empty(words, np.int64)
    for t in range(words):
        if t % every == 0:
            anew = rng.integers(vocabulary, size=vocabulary // 4)
            follow[anew] = rng.integers(vocabulary, size=(len(anew), 8))
        here = chain[t] = follow[here, ranks[t]]
    return chain


def block(numbers: np.ndarray) -> Symbols:
    """Words of one letter."""
    at = np.arange(len(numbers) + 1)
    return Symbols(0, NOTHING, np.zeros_like(at), (numbers + 60).astype(np.uint8), at)


def test_a_long_past_is_no_burden() -> None:
    """After twenty changes a learner forecasts as well as one that saw the last two only."""
    words, every = 400_000, 20_000
    numbers = chain(np.random.default_rng(1), words, every, 50)
    ours, new = (SymbolRun(WordForecaster(60, 6000)) for _ in range(2))
    ours.feed(block(numbers[: -2 * every]))
    before, last = block(numbers[-2 * every : -every]), block(numbers[-every:])
    scores = [
        (run.feed(before), run.feed(last).surprise.mean())[1]  # the last part is scored
        for run in (ours, new)
    ]
    assert scores[0] <= scores[1] + 0.02


@pytest.mark.parametrize("light", [True, False])
def test_forgetting_leaves_true_counts_and_a_sum_of_one(light: bool) -> None:
    learner = WordForecaster(60, 600, light=light)
    SymbolRun(learner).feed(block(chain(np.random.default_rng(2), 20_000, 500, 50)))
    forecast = learner.predict()
    assert math.fsum(forecast.known()) + forecast.new == pytest.approx(1.0, abs=1e-9)
