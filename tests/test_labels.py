"""Labels: features, logistic regression and frequency against a second reading in plain Python."""

import math
import re
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.gate import ALL, gated_begin, gated_floats, gated_learn
from forecast.labels.features import FEATURES, features_of, shape_hash, word_hash
from forecast.labels.forecaster import MEMORIES, RATES, K, LabelForecast, LabelForecaster
from forecast.labels.frequency import frequency_floats, frequency_likelihood, frequency_move
from forecast.labels.logistic import (
    LARGEST,
    logistic_floats,
    logistic_likelihood,
    logistic_move,
)
from forecast.learner import EFFECTIVE_RATE, EXPECTED, SAID, SPELLED, SURPRISE, TOP, Symbols
from forecast.prequential import SymbolRun, prequential

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


def block_of(made: list[Message], first: int = 0) -> Symbols:
    x_at = np.cumsum([0, *(len(x) for _, x in made)], dtype=np.int64)
    y_at = np.arange(len(made) + 1)
    y = as_array(bytes(y for y, _ in made))
    return Symbols(first, as_array(b"".join(x for _, x in made)), x_at, y, y_at)


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


# ------------------------------------------------- the forecaster


def test_the_forecaster_is_that_of_the_second_reading() -> None:
    """Twelve plain models, and the blend of them."""
    learner = LabelForecaster(("no", "yes"))
    plain = [kind(rate) for kind in (PlainLogistic, PlainFrequency) for rate in RATES]
    blend = np.empty(gated_floats(MEMORIES))
    gated_begin(blend, MEMORIES)
    assert (len(plain), len(RATES), RATES[0], RATES[0] / RATES[1]) == (12, 6, 0.5, 4.0)
    for t, (y, text) in enumerate(messages(300)):
        label = ("no", "yes")[y]
        positive = np.array([model.positive(text) for model in plain])
        likelihood = positive if y else 1.0 - positive
        p = float(blend[:MEMORIES] @ likelihood)
        forecast = learner.predict(text)
        assert forecast.p(label) == pytest.approx(p, abs=1e-12)
        assert forecast.surprise(label) == pytest.approx(-math.log(p), rel=1e-9)
        weights = blend[:K] + blend[K:MEMORIES]
        assert learner.rate == pytest.approx(float(weights @ RATES), rel=1e-9)
        learner.learn(label, text)
        gated_learn(blend, likelihood, t)
        for model in plain:
            model.move(y, text)


def said_of(learner: LabelForecaster, made: Message) -> Floats:
    said = np.empty(SAID)
    learner._ask(learner.floats, learner.ints, as_array(made[1]), as_array(bytes([made[0]])), said)
    return said


def test_point_by_point_and_in_blocks_the_bits_are_the_same() -> None:
    made = messages(400)
    whole, pieces, alone = LabelForecaster(), LabelForecaster(), LabelForecaster()
    told = SymbolRun(whole).feed(block_of(made))
    run = SymbolRun(pieces)
    cuts = [0, 1, 2, 77, 77, 300, 400]
    blocks = [run.feed(block_of(made[a:b], a)) for a, b in pairwise(cuts)]
    for name in told._fields:
        joined = np.concatenate([getattr(block, name) for block in blocks])
        assert np.array_equal(joined, getattr(told, name)), name
    for t, (y, text) in enumerate(made):
        label = alone.labels[y]
        forecast = alone.predict(text)
        assert forecast.surprise(label) == told.surprise[t]
        assert forecast.expected_surprise() == pytest.approx(told.expected[t], rel=1e-12)
        assert alone.rate == told.rate[t]
        alone.learn(label, text)
    for other in (pieces, alone):
        assert np.array_equal(whole.floats, other.floats)
        assert np.array_equal(whole.ints, other.ints)
    assert whole.view("learned").tolist() == [400]
    assert (told.spelled == 0.0).all()


def test_the_loop_of_any_learner_says_the_same() -> None:
    made = messages(60)
    told = SymbolRun(LabelForecaster()).feed(block_of(made))
    learner = LabelForecaster()
    stream = [(t, text, learner.labels[y]) for t, (y, text) in enumerate(made)]
    steps = list(prequential(stream, learner))
    assert [step.surprise for step in steps] == told.surprise.tolist()


def test_the_likeliest_label_comes_first() -> None:
    made = messages(200)
    run = SymbolRun(LabelForecaster(("no", "yes")))
    told = run.feed(block_of(made), np.ones(200, np.bool_))
    for t, (y, _) in enumerate(made):
        (first, p), (second, q) = run.tops[t]
        assert {first, second} == {"no", "yes"} and p >= q
        assert p + q == pytest.approx(1.0, abs=1e-12)
        assert told.surprise[t] == -math.log(dict(run.tops[t])[("no", "yes")[y]])
    ids, ps = np.empty(TOP, np.int64), np.empty(TOP)
    new = LabelForecaster()
    new._top(new.floats, new.ints, as_array(b""), ids, ps)
    assert ids.tolist() == [0, 1] + [-1] * (TOP - 2)
    assert ps.tolist() == [0.5, 0.5] + [0.0] * (TOP - 2)


def test_what_is_said_before_learning() -> None:
    learner = LabelForecaster()
    said = said_of(learner, (1, b"anything"))
    # nothing is known: one bit, and as much expected; the mean of the rates
    expected = {SURPRISE: math.log(2), EXPECTED: math.log(2), SPELLED: 0.0}
    expected[EFFECTIVE_RATE] = float(np.mean(RATES))
    for column, value in expected.items():
        assert said[column] == pytest.approx(value, rel=1e-14)
    for y, text in messages(100):
        learner.learn(learner.labels[y], text)
    (_, text) = messages(101)[-1]
    ps = [math.exp(-said_of(learner, (y, text))[SURPRISE]) for y in (0, 1)]
    assert sum(ps) == pytest.approx(1.0, abs=1e-12)
    entropy = -sum(p * math.log(p) for p in ps)
    for y in (0, 1):
        assert said_of(learner, (y, text))[EXPECTED] == pytest.approx(entropy, rel=1e-12)


def test_what_was_expected_teaches_nothing() -> None:
    """The step of what is believed, each label taken as often as it was forecast: exactly 0."""
    learner = LabelForecaster()
    made = messages(300)
    for t, (y, text) in enumerate(made):
        if t % 20 == 19:
            forecast = learner.predict(text)
            steps = []
            for label in learner.labels:
                after = learner.copy()
                after.learn(label, text)
                steps.append(forecast.p(label) * after.moved(learner))
            steps = np.array(steps)
            assert steps.shape == (2, 2)
            assert np.abs(steps).max() > 1e-7
            np.testing.assert_allclose(steps.sum(axis=0), 0.0, atol=1e-15)
        learner.learn(learner.labels[y], text)


def test_no_stream_surprises_it_more_than_its_best_memory_by_much() -> None:
    """The bound: ln(managers) + ln(memories) nats in all."""
    made = messages(1500, seed=4)
    told = SymbolRun(LabelForecaster()).feed(block_of(made))
    words, counts = np.zeros(logistic_floats(K, 18)), np.zeros(frequency_floats(K))
    i, p = np.array([18]), np.empty((len(made), MEMORIES))
    for t, (y, text) in enumerate(made):
        x, label = as_array(text), as_array(bytes([y]))
        logistic_likelihood(words, i, x, label, p[t, :K])
        logistic_move(words, i, x, label, RATES)
        frequency_likelihood(counts, i, x, label, p[t, K:])
        frequency_move(counts, i, x, label, RATES)
    totals = -np.log(p).sum(axis=0)
    assert told.surprise.sum() <= totals.min() + math.log(ALL * MEMORIES)


def test_words_that_tell_the_label_are_learned_and_learned_anew() -> None:
    made = messages(3000, seed=2)  # the words change sides half-way
    told = SymbolRun(LabelForecaster()).feed(block_of(made))
    habit = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    for part in (slice(1000, 1500), slice(2500, 3000)):
        assert told.surprise[part].mean() < 0.75 * habit


def test_one_click_is_enough() -> None:
    learner = LabelForecaster()
    for y, text in messages(300, seed=3):
        learner.learn(learner.labels[y], text)
    friend, stranger = b"lunch at the usual place", b"claim your voucher"
    for _ in range(10):
        learner.learn("ham", friend)
    assert learner.predict(friend).p("ham") > 0.9
    assert learner.predict(stranger).p("spam") < 0.5
    learner.learn("spam", stranger)
    assert learner.predict(stranger).p("spam") > 0.5
    assert learner.predict(b"Voucher 17: claim it").p("spam") > 0.5
    assert learner.predict(friend).p("ham") > 0.9


# ------------------------------------------------- what may be given


def test_no_text_is_an_empty_text() -> None:
    learner = LabelForecaster()
    for label, text in [("spam", b"a"), ("ham", None), ("spam", ""), ("spam", b"")]:
        learner.learn(label, text)
    answers = {learner.predict(text).p("spam") for text in (None, "", b"", " ?!")}
    assert len(answers) == 1 and answers.pop() > 0.5
    assert learner.predict().p("spam") == learner.predict(None, 1).p("spam")


def test_text_and_its_bytes_are_the_same() -> None:
    text, twin = LabelForecaster(), LabelForecaster()
    for word in ("naïve", "ΑΒΓ", "日本", "\0", "🎈", "\u2028"):
        text.learn("spam", word)
        twin.learn("spam", word.encode())
    assert np.array_equal(text.floats, twin.floats)
    assert 0.0 < text.predict("half of a pair \ud83c").p("spam") < 1.0


def test_a_missing_label_is_not_learned() -> None:
    learner = LabelForecaster()
    before = learner.floats.copy()
    learner.learn(None, "anything")
    assert np.array_equal(learner.floats, before) and not learner.view("learned")[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=60)), max_size=40))
def test_no_bytes_do_harm(made: list[Message]) -> None:
    learner = LabelForecaster(bits=6)
    for y, text in made:
        forecast = learner.predict(text)
        p, q = forecast.p("ham"), forecast.p("spam")
        assert p > 0.0 and q > 0.0 and abs(p + q - 1.0) < 1e-12
        assert 0.0 < learner.rate <= 1.0
        learner.learn(learner.labels[y], text)
    assert np.isfinite(learner.floats).all()


def test_a_huge_message_and_a_long_habit_do_no_harm() -> None:
    learner = LabelForecaster(bits=12)
    huge = np.random.default_rng(1).bytes(3_000_000)
    for label in ("spam", "ham") * 3 + ("spam",) * 2000:
        learner.learn(label, huge[:2000])
    for label in ("ham", "spam", "ham"):
        before = learner.predict(huge).p(label)
        learner.learn(label, huge)
        assert 0.0 < before < learner.predict(huge).p(label) < 1.0
    assert np.isfinite(learner.floats).all()


@pytest.mark.parametrize("label", ["Spam", "", 1, b"spam", True, 0.5])
def test_a_label_that_is_neither(label: Any) -> None:
    learner = LabelForecaster()
    with pytest.raises(
        ValueError, match="none of the labels, which are 'ham' and 'spam'"
    ) as caught:
        learner.learn(label, "text")
    assert str(caught.value).startswith(repr(label))
    assert not learner.view("learned")[0]


@pytest.mark.parametrize("text", [3, 2.5, ["a"], {"a": 1}])
def test_a_message_that_is_none(text: Any) -> None:
    learner = LabelForecaster()
    sentence = f"a message is text, bytes or None, not {type(text).__name__}"
    with pytest.raises(TypeError, match=sentence):
        learner.predict(text)
    with pytest.raises(TypeError, match=sentence):
        learner.learn("ham", text)


def test_other_horizons_are_refused() -> None:
    assert LabelForecaster().horizons == (1,)
    with pytest.raises(ValueError, match="horizon 2"):
        LabelForecaster().predict("text", horizon=2)


@pytest.mark.parametrize("labels", [("ham",), ("a", "b", "c"), ("a", "a"), ("", "a"), (0, 1), "a"])
def test_labels_are_two(labels: Any) -> None:
    with pytest.raises(ValueError, match="two different texts, negative and positive; got"):
        LabelForecaster(labels)


@pytest.mark.parametrize("bits", [0, -1, 25])
def test_bits_have_bounds(bits: int) -> None:
    with pytest.raises(ValueError, match=f"bits must be from 1 to 24; got {bits}"):
        LabelForecaster(bits=bits)


# ------------------------------------------------- the state


def test_asking_changes_nothing_and_a_copy_goes_its_own_way() -> None:
    learner = LabelForecaster(("no", "yes"), bits=12)
    for y, text in messages(50):
        learner.learn(learner.labels[y], text)
    floats, ints = learner.floats.copy(), learner.ints.copy()
    for _ in range(3):
        learner.predict(b"w1 w2 77")
        said_of(learner, (1, b"w1 w2 77"))
        assert 0.0 < learner.rate < 1.0
    assert np.array_equal(learner.floats, floats) and np.array_equal(learner.ints, ints)
    twin = learner.copy()
    assert twin.options() == {"labels": ("no", "yes"), "bits": 12}
    assert repr(twin) == "LabelForecaster(labels=('no', 'yes'), bits=12)"
    twin.learn("yes", "w1")
    assert np.array_equal(learner.floats, floats) and not np.array_equal(twin.floats, floats)


def test_a_forecast_is_of_two_labels() -> None:
    learner = LabelForecaster()
    forecast = learner.predict("text")
    assert isinstance(forecast, LabelForecast)
    assert (forecast.p("ham"), forecast.p("eggs"), forecast.surprise("eggs")) == (
        0.5,
        0.0,
        math.inf,
    )
    assert forecast.expected_surprise() == pytest.approx(math.log(2))
    assert (learner.name(0), learner.name(1)) == ("ham", "spam")
