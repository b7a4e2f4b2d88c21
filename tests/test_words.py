"""Models of words at several rates, against a second reading in plain dictionaries."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.stream.text import words_of
from forecast.words import bigram, unigram
from forecast.words.bigram import (
    bigram_begin,
    bigram_floats,
    bigram_ints,
    bigram_likelihood,
    bigram_move,
)
from forecast.words.counts import (
    context_fade,
    context_floats,
    count_add,
    count_floats,
    count_now,
    mass,
)
from forecast.words.spelling import (
    ALIVE,
    BEGIN,
    DISCOUNT,
    END,
    SPELLING_INTS,
    START,
    TRIPLES,
    spelled,
    spelling_begin,
    spelling_learn,
    symbols_probabilities,
)
from forecast.words.table import table_add, table_begin, table_find, table_ints
from forecast.words.unigram import (
    unigram_begin,
    unigram_floats,
    unigram_ints,
    unigram_likelihood,
    unigram_move,
)
from forecast.words.vocabulary import (
    KNOWN,
    frequency,
    vocabulary_begin,
    vocabulary_ints,
    word_add,
    word_bytes,
    word_count,
    word_find,
    word_times,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RATES = np.array([1.0, 0.5, 0.25, 0.01, 0.0])
NOTHING = np.empty(0, np.uint8)

POEM = b"""The rain is here, the rain is there; the wind that blew in 1912
blows on the rain and on the sea. Who saw the wind? The rain saw the wind, 12 times 12.
The sea, the sea is there, and here the rain is on the sea, and who saw the sea?
""" * 3  # fmt: skip


def as_bytes(word: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bytearray(word), np.uint8)


# ------------------------------------------------- the second reading


class Speller:
    """Three orders of contexts in dictionaries."""

    def __init__(self) -> None:
        self.counts: dict[bytes | tuple[int, ...], dict[int, int]] = defaultdict(dict)

    def p(self, before: list[int], symbol: int) -> float:
        p = 1 / 257
        for order in range(3):
            counts = self.counts[tuple(before[len(before) - order :])]
            if total := sum(counts.values()):
                own = counts[symbol] - DISCOUNT if symbol in counts else 0.0
                p = own / total + DISCOUNT * len(counts) / total * p
        return (1 - ALIVE) * p + ALIVE / 257

    def steps(self, word: bytes) -> Iterator[tuple[list[int], int]]:
        symbols = [BEGIN, BEGIN, *word, *([END] if len(word) < 40 else [])]
        for at in range(2, len(symbols)):
            yield symbols[at - 2 : at], symbols[at]

    def probability(self, word: bytes) -> float:
        p = math.prod(self.p(before, symbol) for before, symbol in self.steps(word))
        return p / (1 - self.p([BEGIN, BEGIN], END))

    def learn(self, word: bytes) -> None:
        for before, symbol in self.steps(word):
            for order in (2, 1, 0):
                counts = self.counts[tuple(before[len(before) - order :])]
                counts[symbol] = counts.get(symbol, 0) + 1
                if counts[symbol] > 1:
                    break


class Lexicon:
    """All words ever seen, in dictionaries."""

    def __init__(self) -> None:
        self.times: dict[bytes, int] = {}
        self.speller = Speller()

    def p(self, word: bytes) -> float:
        t = sum(self.times.values())
        once, twice = (sum(n == k for n in self.times.values()) for k in (1, 2))
        d = (once + 1) / (once + 2 * twice + 2)
        if word in self.times:
            return (self.times[word] - d) / t
        share = d * len(self.times) / t if t else 1.0
        return share * self.speller.probability(word)

    def learn(self, word: bytes) -> None:
        if word not in self.times:
            self.speller.learn(word)
        self.times[word] = self.times.get(word, 0) + 1


class Faded:
    """Counts of one copy, every one of them shrunk at every step."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.counts: dict[bytes, float] = {}

    def p(self, word: bytes, weight: float, ground: float) -> float:
        mass = math.fsum(self.counts.values())
        return (self.counts.get(word, 0.0) + weight * ground) / (mass + weight)

    def learn(self, word: bytes) -> None:
        self.counts = {other: (1 - self.rate) * c for other, c in self.counts.items()}
        self.counts[word] = self.counts.get(word, 0.0) + 1.0


Told = Iterator[tuple[bytes, list[float]]]


def read_unigram(words: list[bytes]) -> Told:
    lexicon, copies = Lexicon(), [Faded(rate) for rate in RATES]
    for word in words:
        p = lexicon.p(word)
        yield word, [copy.p(word, unigram.GROUND, p) for copy in copies]
        lexicon.learn(word)
        for copy in copies:
            copy.learn(word)


def read_bigram(words: list[bytes]) -> Told:
    lexicon, before = Lexicon(), b""
    copies = [defaultdict(lambda rate=rate: Faded(rate)) for rate in RATES]  # type: ignore[misc]
    for word in words:
        p = lexicon.p(word)
        yield word, [copy[before].p(word, bigram.GROUND, p) for copy in copies]
        lexicon.learn(word)
        for copy in copies:
            copy[before].learn(word)
        before = word


# ------------------------------------------------- one-rate models


class Model:
    """A K-fold model in arrays."""

    def __init__(self, kind: str, vocabulary: int = 200, pairs: int = 400) -> None:
        K = len(RATES)
        if kind == "unigram":
            self.f = np.zeros(unigram_floats(K, vocabulary))
            self.i = np.zeros(unigram_ints(K, vocabulary), np.int64)
            unigram_begin(self.f, self.i, K, vocabulary)
            self.likelihood, self.move = unigram_likelihood, unigram_move
        else:
            self.f = np.zeros(bigram_floats(K, vocabulary, pairs))
            self.i = np.zeros(bigram_ints(K, vocabulary, pairs), np.int64)
            bigram_begin(self.f, self.i, K, vocabulary, pairs)
            self.likelihood, self.move = bigram_likelihood, bigram_move

    def p(self, word: bytes) -> Floats:
        p = np.empty(len(RATES))
        self.likelihood(self.f, self.i, NOTHING, as_bytes(word), p)
        return p

    def learn(self, word: bytes) -> None:
        self.move(self.f, self.i, NOTHING, as_bytes(word), RATES)


READ: dict[str, Callable[[list[bytes]], Told]] = {"unigram": read_unigram, "bigram": read_bigram}


@pytest.mark.parametrize("kind", READ)
def test_a_model_is_what_dictionaries_say(kind: str) -> None:
    model = Model(kind)
    for word, expected in READ[kind](words_of(POEM)):
        before = model.f.copy(), model.i.copy()
        np.testing.assert_allclose(model.p(word), expected, rtol=1e-12)
        assert (before[0] == model.f).all() and (before[1] == model.i).all()
        model.learn(word)


@given(st.lists(st.sampled_from([b"a", b"b", b" a", b"cc"]), max_size=25))
@settings(max_examples=40, deadline=None)
def test_any_few_words_are_what_dictionaries_say(words: list[bytes]) -> None:
    for kind, reading in READ.items():
        model = Model(kind, 4, 16)
        for word, expected in reading(words):
            np.testing.assert_allclose(model.p(word), expected, rtol=1e-12)
            model.learn(word)


# ------------------------------------------------- counts that fade


def test_counts_fade_over_many_eras_as_if_each_was_shrunk_at_each_step() -> None:
    rates = np.array([1.0, 0.999999, 0.7, 0.1, 1e-4, 0.0])
    K, rng = len(rates), np.random.default_rng(3)
    context, counts = np.zeros(context_floats(K)), np.zeros((5, count_floats(K)))
    plain = np.zeros((5, K))
    for t in range(9000):
        # the last comes rarely: its count fades through eras untouched
        w = 4 if t % 700 == 5 else int(rng.integers(4))
        context_fade(context, rates)
        count_add(context, counts[w])
        plain *= 1.0 - rates
        plain[w] += 1.0
        if t % 97 == 0 or t < 20:
            found = [[count_now(context, count, k) for k in range(K)] for count in counts]
            np.testing.assert_allclose(found, plain, rtol=1e-11, atol=1e-140)
            masses = [mass(context, k) for k in range(K)]
            np.testing.assert_allclose(masses, plain.sum(axis=0), rtol=1e-11)
    assert np.isfinite(counts).all() and np.isfinite(context).all()


def test_a_rate_may_change_from_step_to_step() -> None:
    context, counts, plain = (
        np.zeros(context_floats(1)),
        np.zeros((3, count_floats(1))),
        np.zeros(3),
    )
    rng = np.random.default_rng(4)
    for rate in rng.choice([0.0, 0.01, 0.5, 1.0 - 1e-12, 1.0], 500):
        w = rng.integers(3)
        context_fade(context, np.array([rate]))
        count_add(context, counts[w])
        plain = (1.0 - rate) * plain
        plain[w] += 1.0
        found = [count_now(context, count, 0) for count in counts]
        np.testing.assert_allclose(found, plain, rtol=1e-11, atol=1e-140)


# ------------------------------------------------- tables


@given(st.lists(st.integers(0, 2**60)), st.integers(1, 20))
def test_a_table_is_a_dictionary_until_it_is_full(keys: list[int], capacity: int) -> None:
    i, plain = np.zeros(table_ints(capacity), np.int64), dict[int, int]()
    table_begin(i, capacity)
    for key in keys:
        if len(plain) < capacity:
            plain.setdefault(key, len(plain))
        assert table_find(i, key) in (-1, plain.get(key))
        assert table_add(i, key) == plain.get(key, -1)
    assert [table_find(i, key) for key in keys] == [plain.get(key, -1) for key in keys]


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 20))
def test_a_vocabulary_is_a_dictionary_until_it_is_full(words: list[bytes], capacity: int) -> None:
    i, plain, homeless = np.zeros(vocabulary_ints(capacity), np.int64), dict[bytes, int](), 0
    vocabulary_begin(i, capacity)
    for word in words:
        if len(plain) < capacity:
            plain.setdefault(word, len(plain))
        w = word_add(i, as_bytes(word))
        assert w == plain.get(word, -1)
        word_count(i, w)
        homeless += w < 0
    assert i[KNOWN] == len(plain)
    for word, w in plain.items():
        assert word_find(i, as_bytes(word)) == w and word_bytes(i, w) == word
        assert word_times(i, w) == words.count(word)
    total = math.fsum(frequency(i, w) for w in range(-1, len(plain)))
    assert total == pytest.approx(1.0, abs=1e-12)
    assert all(frequency(i, w) > 0.0 for w in plain.values())
    assert frequency(i, -1) >= homeless / max(1, len(words))


def test_words_that_differ_in_zeros_or_length_only_are_different() -> None:
    i = np.zeros(vocabulary_ints(9), np.int64)
    vocabulary_begin(i, 9)
    words = [
        b"a",
        b"a\0",
        b"\0a",
        b"\0",
        b"\0" * 8,
        b"\0" * 40,
        b"\xff" * 40,
        b"\xff" * 39,
        b"\x80",
    ]
    assert [word_add(i, as_bytes(word)) for word in words] == list(range(9))
    assert [word_bytes(i, w) for w in range(9)] == words


# ------------------------------------------------- spelling


def speller(words: list[bytes]) -> Ints:
    i = np.zeros(SPELLING_INTS, np.int64)
    spelling_begin(i)
    for word in words:
        spelling_learn(i, as_bytes(word))
    return i


def test_every_step_of_a_spelling_sums_to_one() -> None:
    rng, p = np.random.default_rng(1), np.empty(257)
    for words in ([], words_of(POEM), [rng.bytes(40) for _ in range(300)]):
        i = speller(words)
        for a, b in [
            (BEGIN, BEGIN),
            (BEGIN, 116),
            (116, 104),
            (255, 0),
            *rng.integers(256, size=(9, 2)),
        ]:
            symbols_probabilities(i, int(a) * 257 + int(b), p)
            assert math.fsum(p) == pytest.approx(1.0, abs=1e-12)
            assert p.min() >= ALIVE / 257


def test_spellings_of_all_words_sum_to_one() -> None:
    # one letter is nearly certain: words of it, and its share of all that is not spelled with it
    i = speller([b"a", b"aa", b"aaaa", b"a" * 40])
    p = np.empty(257)
    symbols_probabilities(i, START, p)
    inside = math.fsum(math.exp(-spelled(i, as_bytes(b"a" * n))) for n in range(1, 41))
    # what leaves the letters at each place, by what has been spelled until there
    leaving, reached, a, b = 0.0, 1.0, BEGIN, BEGIN
    for n in range(40):
        symbols_probabilities(i, a * 257 + b, p)
        if n == 0:
            p[END] = 0.0
        p /= p.sum()
        leaving += reached * (1.0 - p[97] - p[END])
        reached *= p[97]
        a, b = b, 97
    assert inside + leaving == pytest.approx(1.0, abs=1e-12)


def test_a_full_spelling_goes_on_exactly() -> None:
    rng, p = np.random.default_rng(2), np.empty(257)
    i = speller([rng.bytes(40) for _ in range(TRIPLES // 25)])
    for a, b in rng.integers(256, size=(20, 2)):
        symbols_probabilities(i, int(a) * 257 + int(b), p)
        assert math.fsum(p) == pytest.approx(1.0, abs=1e-12)
    # at least 12.5 nats a byte are left for the worst: no probability is ever 0
    assert spelled(i, as_bytes(b"zq" * 20)) < 40 * 12.5
