"""Words of a message, logistic regression on them, and frequencies, against a second reading."""

import math
import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.labels.features import FEATURES, features_of, shape_hash, word_hash
from forecast.labels.frequency import frequency_floats, frequency_likelihood, frequency_move
from forecast.labels.logistic import (
    LARGEST,
    logistic_floats,
    logistic_likelihood,
    logistic_move,
)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Message = tuple[int, bytes]


def as_array(data: bytes) -> Bytes:
    return np.frombuffer(bytearray(data), np.uint8)


# ------------------------------------------------- a second reading


def tokens(text: bytes) -> list[bytes]:
    """Features of a message, in order: the empty word; words, each with its shape if it has one."""
    found = [b""]
    for word in re.findall(rb"[a-z0-9\x80-\xff]+", text.lower()):
        found.append(word)
        if re.search(rb"[0-9]", word):
            found.append(b" " + re.sub(rb"[0-9]", b"0", word))
    return list(dict.fromkeys(found))


def fnv(text: bytes) -> int:
    h = 0xCBF29CE484222325
    for byte in text:
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


class PlainLogistic:
    """One rate, a dict of weights, no hashing."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.weights: dict[bytes, float] = defaultdict(float)

    def positive(self, text: bytes) -> float:
        z = sum(self.weights[token] for token in tokens(text))
        return 1.0 / (1.0 + math.exp(-max(-15.0, min(15.0, z))))

    def move(self, y: int, text: bytes) -> None:
        step = self.rate * (y - self.positive(text))
        for token in tokens(text):
            self.weights[token] += step


class PlainFrequency:
    """All labels so far, each with the weight that time has left it."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.seen: list[int] = []

    def positive(self, text: bytes) -> float:
        left = [(1.0 - self.rate) ** age for age in range(len(self.seen))]
        ones = math.fsum(w * y for w, y in zip(left, reversed(self.seen), strict=True))
        return (ones + 0.5) / (math.fsum(left) + 1.0)

    def move(self, y: int, text: bytes) -> None:
        self.seen.append(y)


def messages(n: int, seed: int = 0) -> list[Message]:
    """Two kinds of messages, whose words change half-way; capitals, numbers, marks, no ASCII."""
    rng = np.random.default_rng(seed)
    words = [f"w{k}" if k % 3 else f"Wö{'aeiou'[k % 5]}{k}" for k in range(40)]
    made = []
    for t in range(n):
        y = int(rng.random() < 0.3)
        liked = (np.arange(40) % 2 == (y if t < n // 2 else 1 - y)) * 3.0 + 1.0
        picked = [words[k] for k in rng.choice(40, rng.integers(0, 12), p=liked / liked.sum())]
        number = str(rng.integers(0, 10 ** int(rng.integers(1, 9))))
        made.append((y, " ".join([*picked, f"({number}), £{number[:2]}!"]).encode()))
    return made


# ------------------------------------------------- features


def features(text: bytes, bits: int = 18) -> list[int]:
    slots = np.full(FEATURES, -1, np.int64)
    n: int = features_of(as_array(text), bits, slots)
    assert (slots[n:] == -1).all()
    return slots[:n].tolist()


def slots_of(text: bytes, bits: int) -> list[int]:
    """The same by plain Python's integers."""
    return list(dict.fromkeys(place(token, bits) for token in tokens(text)))


def place(token: bytes, bits: int) -> int:
    h = fnv(token)
    return (h ^ (h >> bits)) % 2**bits


# published with the hash by its authors
@pytest.mark.parametrize(
    "text, value",
    [
        (b"", 0xCBF29CE484222325),
        (b"a", 0xAF63DC4C8601EC8C),
        (b"foobar", 0x85944171F73967E8),
        (b"FooBar", 0x85944171F73967E8),
    ],
)
def test_the_hash_is_fnv_1a(text: bytes, value: int) -> None:
    assert int(word_hash(as_array(text), 0, len(text))) == value


def test_the_hash_of_a_shape() -> None:
    x = as_array(b"on A7-19b2!")
    assert int(shape_hash(x, 6, 10)) == fnv(b" 00b0")


def test_words_of_a_message() -> None:
    assert tokens(b"Call 0800-12, CALL now") == [
        *(b"", b"call", b"0800", b" 0000", b"12", b" 00", b"now"),
    ]
    assert features(b"Call 0800-12, CALL now") == slots_of(b"Call 0800-12, CALL now", 18)
    assert features(b"") == features(b" ?!\t\x00\x7f") == slots_of(b"", 18)
    assert features("Été ÉTÉ".encode()) == slots_of("Été ÉtÉ".encode(), 18)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([1, 4, 18, 24]))
def test_features_are_those_of_the_second_reading(text: bytes, bits: int) -> None:
    found = features(text, bits)
    assert found == slots_of(text, bits)
    assert all(0 <= slot < 2**bits for slot in found)


def test_the_densest_messages_have_room() -> None:
    words = [bytes([c]) for c in range(256) if re.match(rb"[a-z0-9\x80-\xff]", bytes([c]))]
    for spread in (words, words[::-1]):  # digits, which are two features, early and late
        text = b" ".join(spread)
        for end in range(len(text) + 1):
            assert features(text[:end], 24) == slots_of(text[:end], 24)


@pytest.mark.parametrize("bits", [10, 18, 24])
def test_a_huge_message_is_read_up_to_its_bound(bits: int) -> None:
    text = b" ".join(b"word%dx" % k for k in range(100_000)) + b" " + b"\xff" * 1_000_000
    assert features(text, bits) == slots_of(text, bits)[:FEATURES]
    assert len(features(text, bits)) == min(FEATURES, len(slots_of(text, bits)))
    # a million times one word is one word
    assert features(b"word " * 1_000_000, bits) == slots_of(b"word", bits)


@pytest.mark.parametrize("n", [FEATURES - 2, FEATURES - 1, FEATURES])
def test_the_bound_is_exact(n: int) -> None:
    letters = "abcdefghijklmnop"
    words = ["".join(letters[k >> s & 15] for s in (0, 4, 8, 12)) for k in range(n)]
    text = " ".join(words).encode()
    assert features(text, 24) == slots_of(text, 24)[:FEATURES]
    # room for one: the word is taken, its shape is left out
    text = b" ".join(text.split()[: FEATURES - 2]) + b" 77"
    assert features(text, 24) == slots_of(text, 24)[:FEATURES]


# ------------------------------------------------- the models


def test_the_logistic_copies_are_those_of_the_second_reading() -> None:
    rates = np.array([1.0, 0.3, 0.01])
    f, i = np.zeros(logistic_floats(3, 18)), np.array([18])
    plain = [PlainLogistic(rate) for rate in rates]
    made = messages(300)
    every = {token for _, text in made for token in tokens(text)}
    assert len({place(token, 18) for token in every}) == len(every)  # none share a weight
    for y, text in made:
        x, p = as_array(text), np.empty(3)
        positive = [copy.positive(text) for copy in plain]
        for label, expected in ((1, positive), (0, [1.0 - p for p in positive])):
            logistic_likelihood(f, i, x, as_array(bytes([label])), p)
            np.testing.assert_allclose(p, expected, rtol=0, atol=1e-12)
        logistic_move(f, i, x, as_array(bytes([y])), rates)
        for copy in plain:
            copy.move(y, text)


@pytest.mark.parametrize("y", [0, 1])
def test_no_copy_is_surer_than_the_largest_logit(y: int) -> None:
    f, i, rates, p = np.zeros(logistic_floats(2, 18)), np.array([18]), np.ones(2), np.empty(2)
    x, label = as_array(b" ".join(b"w%dx" % k for k in range(2000))), as_array(bytes([y]))
    for _ in range(3):
        logistic_move(f, i, x, label, rates)
    logistic_likelihood(f, i, x, label, p)
    assert p == pytest.approx(1.0 / (1.0 + math.exp(-LARGEST)), rel=1e-15)
    logistic_likelihood(f, i, x, as_array(bytes([1 - y])), p)
    assert p == pytest.approx(1.0 / (1.0 + math.exp(LARGEST)), rel=1e-9)


def test_the_frequency_is_its_closed_form() -> None:
    rates = np.array([1.0, 0.5, 0.03])
    f, i, none = np.zeros(frequency_floats(3)), np.empty(0, np.int64), as_array(b"")
    plain = [PlainFrequency(rate) for rate in rates]
    p = np.empty(3)
    for y, _ in messages(300):
        positive = np.array([copy.positive(b"") for copy in plain])
        frequency_likelihood(f, i, none, as_array(b"\1"), p)
        np.testing.assert_allclose(p, positive, rtol=1e-13)
        frequency_likelihood(f, i, none, as_array(b"\0"), p)
        np.testing.assert_allclose(p, 1.0 - positive, rtol=1e-13)
        frequency_move(f, i, none, as_array(bytes([y])), rates)
        for copy in plain:
            copy.move(y, b"")
    # all of them positive: N = (1 - (1 - r)^n) / r, and only the half speaks against it
    f[:] = 0.0
    for _ in range(50):
        frequency_move(f, i, none, as_array(b"\1"), rates)
    frequency_likelihood(f, i, none, as_array(b"\0"), p)
    np.testing.assert_allclose(p, 0.5 / ((1.0 - (1.0 - rates) ** 50) / rates + 1.0), rtol=1e-12)


def test_asking_a_model_moves_nothing() -> None:
    f, i, p = np.zeros(logistic_floats(2, 10)), np.array([10]), np.empty(2)
    x, y = as_array(b"one two"), as_array(b"\1")
    logistic_move(f, i, x, y, np.array([0.5, 0.1]))
    before = f.copy()
    logistic_likelihood(f, i, x, y, p)
    assert (f == before).all() and i.tolist() == [10] and (p > 0.5).all()
