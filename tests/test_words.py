"""Words: every model against a second reading in plain dictionaries, and the laws of a sum."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.gate import gated_begin, gated_floats, gated_learn
from forecast.learner import SURPRISE, Symbols
from forecast.prequential import SymbolRun, prequential
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
from forecast.words.forecaster import WordForecaster
from forecast.words.spelling import (
    ALIVE,
    BEGIN,
    DISCOUNT,
    END,
    SPELLING_INTS,
    START,
    TRIPLES,
    spell,
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


def test_words_drawn_from_a_spelling_cost_what_they_should() -> None:
    # -log p of its own draws has the mean of p's entropy: here of the first byte, by the sum
    i, rng, p = speller(words_of(POEM)), np.random.default_rng(5), np.empty(257)
    symbols_probabilities(i, START, p)
    p[END] = 0.0
    p /= p.sum()
    drawn = [spell(i, rng) for _ in range(800)]
    assert all(1 <= len(word) <= 40 for word in drawn)
    found = np.bincount([word[0] for word in drawn], minlength=257) / len(drawn)
    np.testing.assert_allclose(found, p, atol=4.5 * math.sqrt(0.25 / len(drawn)))
    assert np.abs(found - p).sum() < 0.25


# ------------------------------------------------- the forecaster


def mix(words: list[bytes]) -> Iterator[float]:
    """Surprise of each word by the second reading: both blends over dictionaries."""
    K, before, lexicon = 6, b"", Lexicon()
    recent = [Faded(rate) for rate in 4.0 ** -np.arange(2, 8)]
    pair = [defaultdict(lambda rate=rate: Faded(rate)) for rate in 4.0 ** -np.arange(6)]  # type: ignore[misc]
    blends = np.empty((2, gated_floats(K)))
    for blend in blends:
        gated_begin(blend, K)
    for t, word in enumerate(words):
        # the memories are weighed by what they said of all new words together; how one of them is
        # spelled is a common factor of all that they say
        spelled = 1.0 if word in lexicon.times else lexicon.speller.probability(word)
        p = lexicon.p(word) / spelled
        by_recent = np.array([copy.p(word, unigram.GROUND, p) for copy in recent])
        ground = float(blends[0, :K] @ by_recent)
        by_pair = np.array([copy[before].p(word, bigram.GROUND, ground) for copy in pair])
        yield -math.log(spelled * (blends[1, :K] @ by_pair))
        gated_learn(blends[0], by_recent, t)
        gated_learn(blends[1], by_pair, t)
        lexicon.learn(word)
        for copy in recent:
            copy.learn(word)
        for context in pair:
            context[before].learn(word)
        before = word


def block_of_words(words: list[bytes]) -> Symbols:
    at = np.cumsum([0, *map(len, words)])
    return Symbols(0, NOTHING, np.zeros_like(at), as_bytes(b"".join(words)), at)


def told(words: list[bytes], vocabulary: int = 300, pairs: int = 900) -> WordForecaster:
    learner = WordForecaster(vocabulary, pairs)
    for word in words:
        learner.learn(word)
    return learner


def total(learner: WordForecaster) -> float:
    """Probability of all words, known and new."""
    forecast = learner.predict()
    return math.fsum(forecast.known()) + forecast.new


def test_the_forecaster_is_what_dictionaries_say() -> None:
    words = words_of(POEM)
    learner = WordForecaster(300, 900)
    for word, surprise in zip(words, mix(words), strict=True):
        assert learner.predict().surprise(word) == pytest.approx(surprise, rel=1e-11)
        learner.learn(word)


def test_word_by_word_equals_the_block_bit_for_bit() -> None:
    words = words_of(POEM)
    block, whole = block_of_words(words), WordForecaster(300, 900)
    run = SymbolRun(whole)
    answers = run.feed(block, np.ones(len(block), np.bool_))
    alone = WordForecaster(300, 900)
    for t, word in enumerate(words):
        forecast = alone.predict()
        assert (forecast.surprise(word), alone.rate) == (answers.surprise[t], answers.rate[t])
        assert forecast.top(10) == run.tops[t]
        alone.learn(word)
    assert (alone.floats == whole.floats).all() and (alone.ints == whole.ints).all()
    new = [word not in words[:t] for t, word in enumerate(words)]
    assert ((answers.spelled > 0.0) == new).all()
    assert np.isnan(answers.expected).all()


def test_the_loop_of_prequential_sees_the_same_surprises() -> None:
    words = words_of(POEM)[:80]
    answers = SymbolRun(WordForecaster(300, 900)).feed(block_of_words(words))
    steps = list(prequential([word.decode() for word in words], WordForecaster(300, 900)))
    assert [step.surprise for step in steps] == answers.surprise.tolist()


def test_all_words_sum_to_one_at_every_moment() -> None:
    learner = WordForecaster(300, 900)
    for word in words_of(POEM):
        assert total(learner) == pytest.approx(1.0, abs=1e-9)
        learner.learn(word)


@pytest.mark.parametrize(("vocabulary", "pairs"), [(1, 1), (7, 900), (300, 5), (12, 12)])
def test_full_tables_still_sum_to_one(vocabulary: int, pairs: int) -> None:
    words, learner = words_of(POEM), WordForecaster(vocabulary, pairs)
    for word in words:
        assert total(learner) == pytest.approx(1.0, abs=1e-9)
        assert math.isfinite(learner.predict().surprise(word))
        learner.learn(word)
    known = list(dict.fromkeys(words))[:vocabulary]
    assert [learner.name(w) for w in range(len(known))] == [word.decode() for word in known]
    # what found no room is still expected: as often as it came
    homeless = sum(word not in known for word in words) / len(words)
    assert learner.predict().new > 0.3 * homeless


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=60), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_any_words_sum_to_one_and_the_top_is_the_top(words: list[bytes], room: int) -> None:
    learner = told(words, room, 2 * room)
    assert total(learner) == pytest.approx(1.0, abs=1e-9)
    assert_top_is_exact(learner)


def assert_top_is_exact(learner: WordForecaster) -> None:
    forecast = learner.predict()
    known = forecast.known()
    ids, ps = np.empty(10, np.int64), np.empty(10)
    learner._top(learner.floats, learner.ints, NOTHING, ids, ps)
    n = min(10, len(known))
    # every word is looked at here; those of equal probability may stand in any order
    np.testing.assert_allclose(ps[:n], np.sort(known)[::-1][:n], rtol=1e-12)
    assert (ps[:n] == known[ids[:n]]).all() and len(set(ids[:n])) == n
    assert (ids[n:] == -1).all()


def test_the_top_is_that_of_a_look_at_every_word() -> None:
    # words that rise and fall: 3,000 of them, most of them rare, in blocks that take turns
    rng, learner = np.random.default_rng(6), WordForecaster(3000, 9000)
    for t in range(12_000):
        w = int(min(2999, rng.pareto(0.35))) if t % 3000 < 2500 else int(rng.integers(2800, 2820))
        learner.learn(f"w{w}")
        if t % 251 == 0 or t % 3000 in range(2498, 2512):
            assert_top_is_exact(learner)
    known = learner.predict().known()
    assert len(known) > 600
    top = learner.predict().top(50)
    np.testing.assert_allclose([p for _, p in top], np.sort(known)[::-1][:50], rtol=1e-12)
    assert all(p == pytest.approx(learner.predict().p(word), rel=1e-12) for word, p in top)


def test_one_word_repeated_is_expected() -> None:
    learner = told([b"tick"] * 3000)
    assert learner.predict().p("tick") > 0.999
    assert learner.predict().new > 0.0
    assert total(learner) == pytest.approx(1.0, abs=1e-9)


def test_what_followed_is_expected_to_follow() -> None:
    words = words_of(b"a b c d " * 60)
    answers = SymbolRun(WordForecaster()).feed(block_of_words(words))
    # each word is certain after the one before it: the first memory of pairs says so
    assert answers.surprise[-50:-1].max() < 0.2  # the last word is a lone space


def test_random_words_cost_no_more_than_their_entropy_and_a_little() -> None:
    rng = np.random.default_rng(8)
    words = [b" " + bytes([97 + k]) for k in rng.integers(16, size=6000)]
    answers = SymbolRun(WordForecaster()).feed(block_of_words(words))
    # nothing is below the entropy but by luck, and what was learned is not far above
    late = answers.surprise[3000:].mean()
    assert math.log(16) < late + 0.01
    assert late < math.log(16) + 0.15


def test_where_words_follow_its_own_forecast_the_mean_step_is_none() -> None:
    learner = told(words_of(POEM))
    rng = np.random.default_rng(9)
    steps = []
    for word in learner.predict().sample(rng, 600):
        after = learner.copy()
        after.learn(word)
        steps.append(after.moved(learner))
    mean, error = np.mean(steps, axis=0), np.std(steps, axis=0) / math.sqrt(len(steps))
    assert error.min() > 0.0
    assert np.abs(mean / error).max() < 4.5


def test_the_expected_step_is_exactly_none() -> None:
    # all words, each by its probability; new ones move the weights alike, however spelled
    learner = told(words_of(POEM))
    forecast = learner.predict()
    ps = [*forecast.known(), forecast.new]
    mean = np.zeros(2)
    for w, p in enumerate(ps):
        after = learner.copy()
        after.learn(learner.name(w) if w < len(ps) - 1 else "never seen")
        mean += p * after.moved(learner)
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)


def test_samples_are_known_words_by_their_probability_and_new_ones() -> None:
    learner = told(words_of(POEM))
    forecast = learner.predict()
    drawn = forecast.sample(np.random.default_rng(10), 2000)
    for word, p in forecast.top(5):
        share = drawn.count(word) / len(drawn)
        assert abs(share - p) < 4.5 * math.sqrt(p * (1 - p) / len(drawn))
    known = {learner.name(w) for w in range(len(forecast.known()))}
    new = sum(word not in known for word in drawn) / len(drawn)
    assert abs(new - forecast.new) < 4.5 * math.sqrt(forecast.new / len(drawn))


def test_a_forecast_is_past_once_its_learner_has_learned() -> None:
    learner = told([b"a", b"b"])
    forecast = learner.predict()
    assert forecast.p("a") == forecast.p(b"a") > 0.0
    learner.learn(None)  # a missing word is not learned from
    assert len(forecast.top(5)) == 2 and "'" in repr(forecast)
    learner.learn("a")
    for look in (forecast.top, forecast.known, lambda: forecast.p("a"), lambda: forecast.new):
        with pytest.raises(RuntimeError, match="its learner has learned since"):
            look()


def test_what_is_no_word_is_refused() -> None:
    learner = told([b"a"])
    state = learner.floats.copy(), learner.ints.copy()
    for word in ("", b"", "x" * 41, "ü" * 21):
        with pytest.raises(ValueError, match="1 to 40 bytes"):
            learner.learn(word)
    with pytest.raises(TypeError, match="a string or bytes, not int"):
        learner.learn(7)
    with pytest.raises(ValueError, match="takes no context"):
        learner.predict("spam")
    with pytest.raises(ValueError, match="horizon 2"):
        learner.predict(horizon=2)
    with pytest.raises(ValueError, match="room for a word"):
        WordForecaster(0)
    with pytest.raises(NotImplementedError, match="expected surprise"):
        learner.predict().expected_surprise()
    assert (state[0] == learner.floats).all() and (state[1] == learner.ints).all()


def test_words_of_any_bytes_have_names() -> None:
    words = [b"\xff\x00", "ü".encode(), b"\x80" * 40]
    learner = told(words)
    assert [learner.name(w).encode("utf-8", "surrogateescape") for w in range(3)] == words
    assert learner.predict().p(learner.name(0)) == learner.predict().p(words[0])


def test_a_copy_goes_its_own_way_from_the_same_state() -> None:
    learner = told(words_of(POEM))
    twin = learner.copy()
    assert repr(twin) == repr(learner) == "WordForecaster(vocabulary=300, pairs=900)"
    before = learner.predict().surprise("rain")
    twin.learn(" sea")
    assert learner.predict().surprise("rain") == before
    learner.learn(" sea")
    assert (twin.floats == learner.floats).all() and (twin.ints == learner.ints).all()


def test_the_rate_is_the_mean_of_the_memories_rates() -> None:
    learner = told(words_of(POEM))
    weights = learner.view("pair blend")[:6]
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert learner.rate == pytest.approx(float(weights @ 4.0 ** -np.arange(6)), rel=1e-14)
    said = np.empty(4)
    learner._ask(learner.floats, learner.ints, NOTHING, as_bytes(b"rain"), said)
    assert said[SURPRISE] == learner.predict().surprise("rain")
