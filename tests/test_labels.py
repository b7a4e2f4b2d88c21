"""Labels: all that is believed of a message against a second reading in plain Python."""

import math
import re
from collections import defaultdict, deque
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast import Level, WordForecaster
from forecast.gate import ALL, gated_begin, gated_floats, gated_learn
from forecast.labels.belief import LARGEST, MEMBERS, PRIORS, RATES
from forecast.labels.evidence import EVIDENCE, READ, SEEN, evidence_of, evidence_text
from forecast.labels.forecaster import LabelForecaster, label_logits
from forecast.labels.journal import LEAST, MOST
from forecast.labels.learner import LabelForecast
from forecast.learner import EFFECTIVE_RATE, EXPECTED, SAID, SPELLED, SURPRISE, TOP, Symbols
from forecast.prequential import SymbolRun, prequential

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Message = tuple[int, bytes]


def as_array(data: bytes) -> Bytes:
    return np.frombuffer(bytearray(data), np.uint8)


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


# ------------------------------------------------- a second reading


def step(number: int) -> int:
    """How many of 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on are no larger."""
    bounds = [1, 2, 3, *(b for k in range(2, 20) for b in (2**k, 3 * 2 ** (k - 1)))]
    return sum(bound <= number for bound in bounds)


def tokens(text: bytes) -> tuple[list[Any], list[Any]]:
    """What a message shows: words, shapes, pairs and looks; and runs of four characters."""
    text = text[:READ]
    found: list[Any] = ["any"]
    shapes = [b""]
    for word in re.findall(rb"[a-z0-9\x80-\xff]+", text.lower()):
        shape = re.sub(rb"[0-9]", b"0", word)
        found.append(("word", word))
        digits = re.search(rb"[0-9]", word)
        if digits:
            found.append(("shape", shape))
        # by its shape, which is no word where it has digits
        shapes.append(shape + b"#" if digits else shape)
        found.append(("pair", *shapes[-2:]))
    capitals, digits = len(re.findall(rb"[A-Z]", text)), len(re.findall(rb"[0-9]", text))
    looks = [step(len(text)), step(digits), step(capitals)]
    looks += [10 * digits // max(1, len(text)), 10 * capitals // max(1, len(text))]
    looks.append(min(12, max(map(len, re.findall(rb"[0-9]+", text)), default=0)))
    looks.append(min(3, text.count(b"!")))
    looks.append(int(re.search(rb"[$]|\xc2\xa3|\x82\xac", text) is not None))
    looks.append(ord(text[-1:]) if text.endswith((b"!", b".", b"?")) else 0)
    found += [("look", *look) for look in enumerate(looks)]
    read = re.sub(rb"[\x00-\x20\x7f]+", b" ", re.sub(rb"[0-9]", b"0", b" " + text.lower() + b" "))
    runs = [read[at : at + 4] for at in range(len(read) - 3)]
    return list(dict.fromkeys(found)), list(dict.fromkeys(runs))


def joined(h: int, *numbers: int) -> int:
    """FNV-1a in 32 bits."""
    for number in numbers:
        h = (h ^ number) * 0x01000193 % 2**32
    return h


BASIS = 0x811C9DC5


def hashed(token: Any) -> int:
    """The hash of what a message shows."""
    match token:
        case bytes():
            return (int.from_bytes(token, "big") * 0x5851F42D >> 16) % 2**32
        case "any":
            return joined(BASIS, 0x100)
        case "word", word:
            return joined(BASIS, *word)
        case "shape", shape:
            return joined(BASIS, *shape, 0x102)
        case "pair", first, second:
            parts = [
                hashed(("shape", part[:-1])) if part.endswith(b"#") else joined(BASIS, *part)
                for part in (first, second)
            ]
            parts[0] = joined(BASIS, 0x103) if first == b"" else parts[0]
            return joined(parts[0], 0x103, parts[1])
        case "look", look, number:
            return joined(BASIS, 0x104, look, number)
    raise AssertionError(token)


def place(token: Any, bits: int) -> int:
    h = hashed(token)
    return (h ^ (h >> bits)) % 2**bits


def places_of(text: bytes, bits: int = 18) -> tuple[int, list[int]]:
    """How many are told, and the places, by plain Python's integers."""
    told, runs = tokens(text)
    first = dict.fromkeys(place(token, bits) for token in told)
    every = list(dict.fromkeys([*first, *(place(run, bits) for run in runs)]))
    return min(len(first), EVIDENCE), every[:EVIDENCE]


def evidence(text: bytes, bits: int = 18) -> tuple[int, list[int], list[list[int]]]:
    """The same by the kernel, with what each is."""
    places, seen = np.full(EVIDENCE, -1, np.int64), np.zeros(SEEN * EVIDENCE, np.int64)
    told, n = evidence_of(as_array(text), bits, places, seen)
    assert (places[n:] == -1).all()
    return told, places[:n].tolist(), seen.reshape(-1, SEEN)[:n].tolist()


class Plain:
    """All that is believed, by name and without hashes, one line for each line of the equations."""

    def __init__(self) -> None:
        self.weights: list[dict[Any, float]] = [defaultdict(float) for _ in RATES]
        self.squares: list[dict[Any, float]] = [defaultdict(float) for _ in RATES]
        self.counts: list[dict[Any, float]] = [defaultdict(float) for _ in range(2)]
        self.labels = [0.0, 0.0]
        self.mixture = np.full(5, 0.2)
        self.blend = np.empty(gated_floats(6))
        gated_begin(self.blend, 6)
        self.heard: dict[frozenset[Any], int] = {}
        self.learned = 0

    def logits(self, text: bytes) -> Floats:
        told, runs = tokens(text)
        every = told + runs
        z = [sum(w[token] for token in every) / math.sqrt(len(every)) for w in self.weights]
        n0, n1 = self.labels
        for prior in PRIORS:
            total = math.log((n1 + 1) / (n0 + 1))
            for token in told:
                c0, c1 = (counts[token] for counts in self.counts)
                if c0 + c1 > 0:
                    total += math.log((c1 + prior) / (c0 + prior))
                    total -= math.log((n1 + 2 * prior) / (n0 + 2 * prior))
            z.append(total)
        z = np.clip(z, -15.0, 15.0)
        return np.append(z, np.clip(self.mixture @ np.clip(z, -8.0, 8.0), -15.0, 15.0))

    def positive(self, text: bytes) -> Floats:
        return 1.0 / (1.0 + np.exp(-self.logits(text)))

    def likelihoods(self, text: bytes, y: int) -> Floats:
        positive = self.positive(text)
        own = positive if y else 1.0 - positive
        told, runs = tokens(text)
        known = self.heard.get(frozenset(told + runs))
        return own if known is None else (own + 2.0 * (known == y)) / 3.0

    def p(self, text: bytes) -> float:
        return float(self.blend[:6] @ self.likelihoods(text, 1))

    def learn(self, y: int, text: bytes) -> None:
        told, runs = tokens(text)
        message = frozenset(told + runs)
        z, positive = self.logits(text), self.positive(text)
        gated_learn(self.blend, self.likelihoods(text, y), self.learned)
        self.mixture = self.mixture + 0.005 * (y - positive[5]) * np.clip(z[:5], -8.0, 8.0)
        for k, rate in enumerate(RATES):
            self.step(k, rate, y, told + runs, float(z[k]))
        if self.heard.get(message, y) != y:  # it was counted, wrongly
            self.labels[1 - y] -= 1
            for token in told:
                self.counts[1 - y][token] = max(0.0, self.counts[1 - y][token] - 1)
        self.heard[message] = y
        self.labels[y] += 1
        for token in told:
            for counts in self.counts:
                counts[token] *= 0.98
            self.counts[y][token] += 1
        self.learned += 1

    def step(self, k: int, rate: float, y: int, every: list[Any], z: float) -> None:
        for times in range(5):
            if times and z * (2 * y - 1) >= 2.0:
                return
            error = y - 1.0 / (1.0 + math.exp(-max(-15.0, min(15.0, z))))
            changes = []
            for token in every:
                self.squares[k][token] = 0.98 * self.squares[k][token] + error**2
                changes.append(rate * error / math.sqrt(0.01 + self.squares[k][token]))
                self.weights[k][token] += changes[-1]
            z += sum(changes) / math.sqrt(len(every))


# ------------------------------------------------- what a message shows


def test_what_a_message_shows() -> None:
    told, runs = tokens(b"Win 500, WIN \xc2\xa35!")
    assert told[:8] == [
        *("any", ("word", b"win"), ("pair", b"", b"win"), ("word", b"500"), ("shape", b"000")),
        *(("pair", b"win", b"000#"), ("pair", b"000#", b"win"), ("word", b"\xc2\xa35")),
    ]
    # 17 bytes, 4 digits, 4 capitals; 2 tenths of both; 3 digits in a row; ! once; money; the end
    looks = [("look", *look) for look in enumerate([8, 4, 4, 2, 2, 3, 1, 1, 33])]
    assert told[-9:] == looks
    assert runs[:3] == [b" win", b"win ", b"in 0"] and runs[-1] == b"\xa30! "
    assert evidence(b"Win 500, WIN \xc2\xa35!")[:2] == places_of(b"Win 500, WIN \xc2\xa35!")


@pytest.mark.parametrize(
    "text", [b"", b"a", b"ab", b"  \t\n ", b"$", b"\xc2\xa3", b"9" * 40, b"a b"]
)
def test_short_messages(text: bytes) -> None:
    assert evidence(text)[:2] == places_of(text)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([1, 4, 18, 24]))
def test_evidence_is_that_of_the_second_reading(text: bytes, bits: int) -> None:
    assert evidence(text, bits)[:2] == places_of(text, bits)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aB1£€$!?. \n", max_size=60))
def test_evidence_of_looks(text: str) -> None:
    assert evidence(text.encode(), 24)[:2] == places_of(text.encode(), 24)


@pytest.mark.parametrize("size", [READ - 1, READ, READ + 1, 100_000])
@pytest.mark.parametrize("alphabet", [2, 40])
def test_a_long_message_is_read_up_to_its_bounds(size: int, alphabet: int) -> None:
    letters = np.random.default_rng(size).integers(0, alphabet, size)
    text = bytes((b" a" + bytes(range(0x41, 0x80)))[letter] for letter in letters)
    told, places, _ = evidence(text, 24)
    assert (told, places) == places_of(text, 24)
    assert (told, places) == evidence(text[:READ], 24)[:2]
    assert (len(places) == EVIDENCE) == (alphabet == 40)


def test_steps_double_every_two() -> None:
    bounds = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]
    assert [step(bound) for bound in bounds] == list(range(15))
    assert [step(bound - 1) for bound in bounds[1:]] == list(range(14))


def test_evidence_has_a_name() -> None:
    text = b"Call 0800-12 NOW, \xc3\x89t\xc3\xa9!"
    _, _, seen = evidence(text)
    named = [evidence_text(text, *what) for what in seen]
    assert named[:8] == [
        *("any message", "call", "begins with call", "0800", "a word like 0000", "call 0800", "12"),
        "a word like 00",
    ]
    looks = ["24 to 31 bytes", "6 to 7 digits", "8 to 11 capitals"]
    looks = ["24 to 31 bytes", "6 to 7 digits", "4 to 5 capitals", "2 tenths of digits"]
    assert set(looks) <= set(named)
    assert {"no sign of money", "ends with !", "... cal...", "1 exclamation marks"} <= set(named)


# ------------------------------------------------- the forecaster


def test_the_forecaster_is_that_of_the_second_reading() -> None:
    learner, plain = LabelForecaster(("no", "yes"), bits=22), Plain()
    made = messages(150)
    made += [(1 - y, text) for y, text in made[-10:]]  # corrected
    every = {token for _, text in made for part in tokens(text) for token in part}
    assert len({place(token, 22) for token in every}) >= len(every) - 1  # hardly any share a row
    for y, text in made:
        z = np.empty(MEMBERS)
        label_logits(learner.floats, learner.ints, as_array(text), z)
        np.testing.assert_allclose(z, plain.logits(text), rtol=0, atol=1e-6)
        p = plain.p(text)
        forecast = learner.predict(text)
        assert forecast.p("yes") == pytest.approx(p, abs=1e-7)
        assert forecast.surprise("yes") == pytest.approx(-math.log(p), rel=1e-6)
        learner.learn(("no", "yes")[y], text)
        plain.learn(y, text)
    np.testing.assert_allclose(learner.view("counts")[0], plain.labels[::-1], rtol=1e-12)
    np.testing.assert_allclose(learner.view("mixture"), plain.mixture, rtol=1e-6)


def said_of(learner: LabelForecaster, made: Message) -> Floats:
    said = np.empty(SAID)
    learner._ask(learner.floats, learner.ints, as_array(made[1]), as_array(bytes([made[0]])), said)
    return said


def test_point_by_point_and_in_blocks_the_bits_are_the_same() -> None:
    made = messages(200)
    whole, pieces, alone = LabelForecaster(), LabelForecaster(), LabelForecaster()
    told = SymbolRun(whole).feed(block_of(made))
    run = SymbolRun(pieces)
    cuts = [0, 1, 2, 77, 77, 150, 200]
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
    assert whole.view("learned").tolist() == [200]
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
    assert sorted(ids.tolist()[:2]) == [0, 1] and ids.tolist()[2:] == [-1] * (TOP - 2)
    assert ps.tolist() == pytest.approx([0.5, 0.5] + [0.0] * (TOP - 2), abs=1e-15)


def test_what_is_said_before_learning() -> None:
    learner = LabelForecaster()
    said = said_of(learner, (1, b"anything"))
    # nothing is known: one bit, and as much expected; the mean of the rates, none above 1
    rates = [1.0, *RATES[1:], 1.0, 1.0]
    expected = {SURPRISE: math.log(2), EXPECTED: math.log(2), SPELLED: 0.0}
    expected[EFFECTIVE_RATE] = float(np.mean([*rates, np.mean(rates)]))
    for column, value in expected.items():
        assert said[column] == pytest.approx(value, rel=1e-9)
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


def test_no_stream_surprises_it_more_than_its_best_member_by_much() -> None:
    """The bound: ln(managers) + ln(members) nats in all."""
    learner = LabelForecaster()
    total, totals = 0.0, np.zeros(MEMBERS)
    for y, text in messages(600, seed=4):
        z = np.empty(MEMBERS)
        label_logits(learner.floats, learner.ints, as_array(text), z)
        totals += np.log1p(np.exp(-z if y else z))
        total += learner.predict(text).surprise(learner.labels[y])
        learner.learn(learner.labels[y], text)
    assert total <= totals.min() + math.log(ALL * MEMBERS)


def test_no_member_is_surer_than_the_largest_logit() -> None:
    learner = LabelForecaster()
    text = b" ".join(b"w%dx" % k for k in range(2000))
    for _ in range(5):
        learner.learn("spam", text)
    z = np.empty(MEMBERS)
    label_logits(learner.floats, learner.ints, as_array(text), z)
    assert z.max() == LARGEST
    assert learner.predict(text).p("ham") >= 1.0 / (1.0 + math.exp(LARGEST)) * 0.999


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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_one_click_flips_the_message_and_those_like_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    learner = LabelForecaster()
    for y, text in messages(60, seed):
        learner.learn(learner.labels[y], text)
    stranger = b" ".join(b"s%d" % k for k in rng.integers(0, 1000, 15))
    wrong = learner.predict(stranger).top(1)[0][0]
    right = learner.labels[1 - learner.labels.index(wrong)]
    learner.learn(right, stranger)
    assert learner.predict(stranger).p(right) > 0.5
    like = b" ".join(word for word in stranger.split() if rng.random() >= 0.2)
    assert learner.predict(like).p(right) > 0.5


# ------------------------------------------------- corrected, taken back, explained, left open


def test_a_label_that_contradicts_corrects() -> None:
    """After the right label, what the wrong one had counted is counted no more."""
    learner, told = LabelForecaster(), LabelForecaster()
    for y, text in messages(40):
        learner.learn(learner.labels[y], text)
        told.learn(told.labels[y], text)
    learner.learn("ham", b"quite new")
    learner.learn("spam", b"quite new")
    told.learn("spam", b"quite new")
    assert np.array_equal(learner.view("counts"), told.view("counts"))
    assert learner.predict(b"quite new").p("spam") > 0.5
    # the same label again is one more message
    learner.learn("spam", b"quite new")
    assert learner.view("counts").sum() == told.view("counts").sum() + 1


def believed(learner: LabelForecaster) -> list[Any]:
    """All of the state but the journal of what it has changed."""
    names = ("counts", "mixture", "blend", "weights", "learned")
    return [learner.view(name).copy() for name in names]


def test_what_is_taken_back_is_as_if_it_had_never_been() -> None:
    learner, made = LabelForecaster(bits=12), messages(MOST + 30)
    states = []
    for y, text in made:
        states.append(believed(learner))
        learner.learn(learner.labels[y], text)
    learner.undo(5)
    learner.undo()
    for kept, now in zip(states[-6], believed(learner), strict=True):
        assert np.array_equal(kept, now)
    twin = LabelForecaster(bits=12)
    for y, text in made[:-6]:
        twin.learn(twin.labels[y], text)
    for y, text in made[:3]:  # both go on alike, and remember the same messages
        for each in (learner, twin):
            each.learn(each.labels[1 - y], text)
    for one, other in zip(believed(learner), believed(twin), strict=True):
        assert np.array_equal(one, other)


def test_labels_that_are_too_old_cannot_be_taken_back() -> None:
    learner = LabelForecaster(bits=12)
    with pytest.raises(ValueError, match="the last 0 labels can be taken back, not 1: what older"):
        learner.undo()
    for y, text in messages(MOST + 5):
        learner.learn(learner.labels[y], text)
    before = believed(learner)
    for n in (MOST + 1, -1):
        with pytest.raises(ValueError, match=f"the last {MOST} labels can be taken back, not {n}"):
            learner.undo(n)
    for kept, now in zip(before, believed(learner), strict=True):
        assert np.array_equal(kept, now)
    learner.undo(MOST)
    assert learner.view("learned")[0] == 5


def test_the_journal_has_room_for_three_of_the_longest_and_keeps_its_bounds() -> None:
    rng = np.random.default_rng(5)
    learner = LabelForecaster(bits=16)
    states: deque[list[Any]] = deque(maxlen=MOST)
    for t in range(40):
        states.append(believed(learner))
        size = READ if t % 4 else int(rng.integers(0, READ))
        learner.learn(learner.labels[t % 2], rng.bytes(size))
    at_hand = int(learner.view("notes")[0])
    assert LEAST == 3 <= at_hand < MOST
    for age in range(1, at_hand + 1):
        learner.undo()
        for kept, now in zip(states[-age], believed(learner), strict=True):
            assert np.array_equal(kept, now)
    with pytest.raises(ValueError, match="the last 0 labels"):
        learner.undo()


def test_evidence_adds_up_to_the_log_odds() -> None:
    learner = LabelForecaster()
    for label, told in (("spam", "new one"), ("ham", "old 88")):
        learner.learn(label, told)
    text = b"new 77 thing"
    z = np.empty(MEMBERS)
    label_logits(learner.floats, learner.ints, as_array(text), z)
    assert np.abs(z).max() < 8.0 and np.abs(z).min() > 0.0  # none is clipped
    named = learner.explain(text, most=EVIDENCE)
    assert len(named) == len(places_of(text)[1])
    total = float(learner.view("blend")[:MEMBERS] @ z)
    assert math.fsum(nats for _, nats in named) == pytest.approx(total, abs=1e-9)
    sizes = [abs(piece.nats) for piece in named]
    assert sizes == sorted(sizes, reverse=True)
    assert learner.explain(text) == named[:10]


def test_evidence_names_the_word_that_tells() -> None:
    learner = LabelForecaster()
    for k in range(30):
        learner.learn("spam", f"voucher a{k} b{k}")
        learner.learn("ham", f"dinner c{k} d{k}")
    for text, sign in (("your voucher", 1), ("your dinner", -1)):
        says = {piece.text: piece.nats for piece in learner.explain(text)}
        assert sign * says[text.split()[1]] > 0.1
        assert "your" not in says
    assert not any(nats for _, nats in LabelForecaster().explain("nothing is known"))


def test_a_learner_that_is_sure_takes_its_own_label() -> None:
    shy, sure = LabelForecaster(), LabelForecaster(sure=0.9)
    told = [(k % 2, b"win a prize %d" % k if k % 2 else b"see you at %d" % k) for k in range(40)]
    for y, text in told:
        for each in (shy, sure):
            each.learn(each.labels[y], text)
    assert sure.options() == {"labels": ("ham", "spam"), "bits": 18, "sure": 0.9}
    for text in (b"a prize", b"see you", b"a bird", b"you win", b"neither", b""):
        label, p = sure.predict(text).top(1)[0]
        twin = sure.copy()
        sure.learn(None, text)
        shy.learn(None, text)
        assert sure.view("learned")[0] == twin.view("learned")[0] + (p >= 0.9)
        twin.learn(label if p >= 0.9 else None, text)
        assert np.array_equal(twin.floats, sure.floats)
    assert 40 == shy.view("learned")[0] < sure.view("learned")[0] < 46


@pytest.mark.parametrize("sure", [0.4, 1.1, -1.0, math.nan])
def test_sure_is_a_probability(sure: float) -> None:
    with pytest.raises(ValueError, match=r"sure must be a probability from 0\.5 to 1; got"):
        LabelForecaster(sure=sure)


@pytest.mark.parametrize("delay", [0, 1, 7, 500])
def test_labels_that_come_late_answer_the_questions_of_their_time(delay: int) -> None:
    made = messages(60)
    learner, late = LabelForecaster(), LabelForecaster()
    stream = [(t, text, learner.labels[y] if t % 5 else None) for t, (y, text) in enumerate(made)]
    steps = list(prequential(stream, learner, delay))
    expected = []
    for t in range(60 + delay):
        if t < 60:
            expected.append(late.predict(stream[t][1]))
        if 0 <= t - delay < 60:
            _, text, label = stream[t - delay]
            late.learn(label, text)
    told = [t for t in range(60) if t % 5]
    assert [step.time for step in steps] == told
    assert [step.surprise for step in steps] == [expected[t].surprise(stream[t][2]) for t in told]
    assert {step.horizon for step in steps} == {1 + delay}
    assert [step.issued for step in steps] == [max(-1, t - 1 - delay) for t in told]
    assert np.array_equal(learner.floats, late.floats)


def test_what_cannot_wait_is_refused() -> None:
    words, number, label = WordForecaster(8, 8), Level(), LabelForecaster(bits=8)
    for learner, delay in ((words, 1), (number, 1), (label, -1)):
        with pytest.raises(ValueError, match="only labels can come late"):
            list(prequential([], learner, delay))


# ------------------------------------------------- what may be given


def test_no_text_is_an_empty_text() -> None:
    learner = LabelForecaster()
    for label, text in [("spam", b"a"), ("ham", None), ("spam", ""), ("spam", b"")]:
        learner.learn(label, text)
    answers = {learner.predict(text).p("spam") for text in (None, "", b"")}
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
    for label in ("spam", "ham") * 3 + ("spam",) * 300:
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
    assert twin.options() == {"labels": ("no", "yes"), "bits": 12, "sure": None}
    assert repr(twin) == "LabelForecaster(labels=('no', 'yes'), bits=12)"
    twin.learn("yes", "w1")
    assert np.array_equal(learner.floats, floats) and not np.array_equal(twin.floats, floats)


def test_a_forecast_is_of_two_labels() -> None:
    learner = LabelForecaster()
    forecast = learner.predict("text")
    assert isinstance(forecast, LabelForecast)
    assert forecast.p("ham") == pytest.approx(0.5, abs=1e-15)
    assert (forecast.p("eggs"), forecast.surprise("eggs")) == (0.0, math.inf)
    assert forecast.expected_surprise() == pytest.approx(math.log(2))
    assert (learner.name(0), learner.name(1)) == ("ham", "spam")
