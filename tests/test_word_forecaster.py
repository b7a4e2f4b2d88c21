"""The forecaster of words: each part against a second reading, a decoder, and the laws of a sum."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.learner import SPELLED, SURPRISE, Symbols
from forecast.prequential import SymbolRun, prequential
from forecast.stream import text as read_text
from forecast.stream.text import words_of
from forecast.words import grams, recent, repeats
from forecast.words.by_chance import (
    BEGINS,
    BETWEEN,
    DIGIT,
    ENDS,
    FORMS,
    GOES_ON,
    KINDS,
    LETTER,
    MARK,
    NONE,
    SPACE,
    WEIGHT,
    by_chance,
    draw,
    rest_by_chance,
)
from forecast.words.discounted import OFTEN, ONCE, TWICE
from forecast.words.forecaster import WordForecaster
from forecast.words.letters import (
    BITS,
    bit_probability_at,
    may_end,
    spell,
)
from forecast.words.parts import BESIDE, CACHE, PARTS, REPEAT
from forecast.words.shape import shape
from forecast.words.vocabulary import LONGEST, word_find
from forecast.words.wordwise import FORM, came_before, in_hand, known_probability, survey

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOTHING = np.empty(0, np.uint8)
RNG = np.random.default_rng

POEM = b"""The rain is here, the rain is there; the wind that blew in 1912
blows on the rain and on the sea. Who saw the wind? The rain saw the wind, 12 times 12.
The sea, the sea is there, and here the rain is on the sea, and who saw the sea?
""" * 3  # fmt: skip


def help_topics() -> bytes:
    """English prose that comes with Python: the language reference in the help topics."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics)).encode()


def as_bytes(word: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bytearray(word), np.uint8)


def block_of_words(words: list[bytes]) -> Symbols:
    at = np.cumsum([0, *map(len, words)])
    return Symbols(0, NOTHING, np.zeros_like(at), as_bytes(b"".join(words)), at)


def told(words: list[bytes], vocabulary: int = 300, nodes: int = 3000) -> WordForecaster:
    learner = WordForecaster(vocabulary, nodes)
    for word in words:
        learner.learn(word)
    return learner


def total(learner: WordForecaster) -> float:
    """Probability of all words, known and new."""
    forecast = learner.predict()
    return math.fsum(forecast.known()) + forecast.new


# ------------------------------------------------- counts in contexts


class Contexts:
    """Interpolated discounted counts of orders 0 to 2, in dictionaries, taught by exclusion."""

    def __init__(self) -> None:
        self.counts: dict[tuple[bytes, ...], Counter[bytes]] = defaultdict(Counter)
        self.before: deque[bytes] = deque(maxlen=2)

    def p(self, word: bytes) -> list[float]:
        past = tuple(self.before)
        p = self.counts[()][word] / sum(self.counts[()].values())
        said = [p]
        for order in (1, 2):
            counts = self.counts[past[len(past) - order :]] if len(past) >= order else Counter()
            if counts:
                own = [0.0, ONCE, TWICE, OFTEN]
                taken = math.fsum(own[min(c, 3)] for c in counts.values())
                c = counts[word]
                p = (c - own[min(c, 3)] + taken * p) / sum(counts.values())
                said.append(p)
            else:
                said.append(0.0)
        return said

    def learn(self, word: bytes) -> None:
        past = tuple(self.before)
        for order in range(len(past), -1, -1):
            counts = self.counts[past[len(past) - order :]]
            counts[word] += 1
            if counts[word] > 1:
                break
        self.before.append(word)


def parts_of(learner: WordForecaster, word: bytes) -> Floats:
    """What each part gives to a known word."""
    nodes, spots, weights = in_hand()
    f, i, p = learner.floats, learner.ints, np.zeros(PARTS)
    survey(f, i, nodes, spots, weights)
    w = word_find(learner.view("vocabulary"), as_bytes(word))
    known_probability(f, i, nodes, spots, weights, w, p)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12) and (weights[spots < 0] == 0.0).all()
    return p


def test_counts_are_discounted_as_dictionaries_say() -> None:
    # an order more would teach the second less
    contexts, learner, known = Contexts(), WordForecaster(300, 3000, orders=2), set[bytes]()
    for word in words_of(POEM):
        for other in [word, b" rain", b"."]:
            if other in known:
                np.testing.assert_allclose(parts_of(learner, other)[:3], contexts.p(other), 1e-12)
        contexts.learn(word)
        learner.learn(word)
        known.add(word)
    assert len(known) > 25


def node_of(learner: WordForecaster, *words: bytes) -> int:
    """The node of words that follow one another."""
    node, table = 0, learner.view("grams")
    for word in words:
        w = word_find(learner.view("vocabulary"), as_bytes(word))
        node = int(grams.gram_find(table, grams.follower_key(node, w)))
        if node == 0:
            return 0
    return node


def counted(learner: WordForecaster, *words: bytes) -> int:
    return int(grams.counted(learner.view("grams"), node_of(learner, *words)))


def test_a_coarser_context_learns_only_where_the_finer_was_surprised() -> None:
    learner = WordForecaster(20, 200, orders=3)
    surprised = learner.view("recent")

    def contexts_surprised(word: bytes) -> int:
        w = word_find(learner.view("vocabulary"), as_bytes(word))
        return int(surprised[recent.word_at(surprised, 1, w) + recent.SURPRISED])

    for word in [b"a", b"b", b"a", b"b"]:
        learner.learn(word)
    # b came after a twice: the second time the pair knew it, so no context below was told
    assert counted(learner, b"a", b"b") == 2 and contexts_surprised(b"b") == 1
    for word in [b"a", b"b"]:
        learner.learn(word)
    # b came after b a, which had seen it: now the pair was not told either
    assert counted(learner, b"a", b"b") == 2 and counted(learner, b"b", b"a", b"b") == 2
    for word in [b"c", b"b"]:
        learner.learn(word)
    # b after c was new: the pair learns it, and so does what stands below all contexts
    assert counted(learner, b"c", b"b") == 1 and contexts_surprised(b"b") == 2


def assert_counts_are_those_of_the_followers(table: Ints) -> None:
    """What a context has counted is what its followers were counted; each follower is found."""
    listed = 0
    for node in range(grams.WINDOW, (int(table[grams.WINDOWS]) + 1) * grams.WINDOW):
        if grams.gram_key(table, node) in (0, grams.FREED):
            assert not table[table[grams.NODES] + 4 * node :][:4].any()
            continue
        assert grams.gram_find(table, grams.gram_key(table, node)) == node
        after, at = [], grams.first_after(table, node)
        while at:
            assert grams.parent(table, at) == node
            after.append(grams.counted(table, at))
            at = grams.next_after(table, at)
        listed += len(after)
        assert sum(after) == grams.total(table, node)
        assert [sum(min(c, 3) == times for c in after) for times in (1, 2, 3)] == [
            grams.kinds(table, node, times) for times in (1, 2, 3)
        ]
    alone = sum(
        grams.gram_key(table, node) > 0 and grams.parent(table, node) == 0
        for node in range(grams.WINDOW, (int(table[grams.WINDOWS]) + 1) * grams.WINDOW)
    )
    assert listed + alone == table[grams.HELD]


@pytest.mark.parametrize("nodes", [8, 64, 700, 30000])
def test_nodes_that_give_way_leave_true_counts(nodes: int) -> None:
    learner = WordForecaster(2000, nodes, orders=4)
    words = words_of(help_topics())[:6000]
    SymbolRun(learner).feed(block_of_words(words))
    table = learner.view("grams")
    assert_counts_are_those_of_the_followers(table)
    assert table[grams.HELD] > 0.8 * min(nodes, 15000)
    assert total(learner) == pytest.approx(1.0, abs=1e-9)


def followers(learner: WordForecaster, word: bytes) -> list[int]:
    """The nodes of what came after a word."""
    table, after = learner.view("grams"), list[int]()
    node = grams.first_after(table, node_of(learner, word))
    while node:
        after.append(node)
        node = grams.next_after(table, node)
    return after


def test_what_no_longer_follows_gives_way_even_among_many_siblings() -> None:
    rng, learner = np.random.default_rng(5), WordForecaster(1500, 2048, orders=1, sides=0)
    for k in range(300):
        learner.learn("a")
        learner.learn(f"b{k}")
    table = learner.view("grams")
    assert len(followers(learner, b"a")) == 300
    for k in range(20_000):
        learner.learn(f"c{rng.integers(600)}")
        if k % 10 == 0:
            learner.learn("a")
            learner.learn(f"b{k // 10 % 80}")
        if k == 500:
            assert len(followers(learner, b"a")) == 300  # there is room for all
    left = {grams.gram_word(table, node) for node in followers(learner, b"a")}
    live = {word_find(learner.view("vocabulary"), as_bytes(b"b%d" % k)) for k in range(80)}
    assert live <= left and len(left) < 120
    assert_counts_are_those_of_the_followers(table)
    assert total(learner) == pytest.approx(1.0, abs=1e-9)


def test_counts_that_are_full_are_halved() -> None:
    learner = told([b"a", b"b"] * 5, 9, 90)
    table, pair = learner.view("grams"), node_of(learner, b"a")
    child = node_of(learner, b"a", b"b")
    more = grams.MOST_COUNTED - grams.total(table, pair)
    table[table[grams.NODES] + 4 * pair + grams.AFTER] += more
    table[table[grams.NODES] + 4 * pair + grams.KINDS] += grams.MORE - grams.TWO
    table[table[grams.NODES] + 4 * child + grams.TIMES] += more
    for word in [b"a", b"c", b"a", b"b"]:
        learner.learn(word)
    # 65,535 of b were halved before c was counted, then b came once more
    assert grams.counted(table, child) == 65535 // 2 + 1
    assert grams.total(table, pair) == 65535 // 2 + 2
    assert_counts_are_those_of_the_followers(table)
    assert total(learner) == pytest.approx(1.0, abs=1e-9)


def test_what_came_once_goes_when_its_context_is_halved() -> None:
    words = [b"a", b"b", b"a", b"b", b"a", b"c", b"a", b"d", b"d"]
    learner = told([*words, b"a", b"e"], 20, 900)
    table, pair = learner.view("grams"), node_of(learner, b"a")
    assert [counted(learner, b"a", word) for word in (b"b", b"c", b"d", b"e")] == [2, 1, 1, 1]
    kept = np.array([node_of(learner, b"a", b"c")])
    grams.gram_halve(table, pair, 1, kept)
    # d stays as others came after a and d, and c as it is held; neither counts any more
    left = [node_of(learner, b"a", word) > 0 for word in (b"b", b"c", b"d", b"e")]
    assert left == [True, True, True, False]
    assert grams.total(table, pair) == 1
    assert_counts_are_those_of_the_followers(table)


# ------------------------------------------------- what is recent, what repeats, shapes


def test_memories_are_sums_that_fade() -> None:
    rng, vocabulary, past = np.random.default_rng(1), 150, list[int]()
    blocks = recent.blocks_for(vocabulary)
    f = np.zeros(recent.recent_floats(vocabulary))
    i = np.zeros(recent.recent_ints(vocabulary), np.int64)
    shares, scratch = np.empty(recent.CACHES), np.empty(recent.CACHES)
    i[recent.KNOWN] = vocabulary
    for t in range(3000):
        w = int(min(149, rng.pareto(0.5))) if t % 900 < 600 else int(rng.integers(140, 150))
        recent.recent_came(f, i, blocks, w, scratch)
        recent.recent_surprised(i, blocks, w)
        past.append(w)
        if t % 333 == 5:
            ages = t - np.arange(t + 1)
            bounds = np.empty((blocks, recent.CACHES + 1))
            for b in range(blocks):
                bounds[b, recent.CACHES] = recent.block_shares(f, i, b, bounds[b])
            for word in {*past[-20:], 0, 1, 141}:
                came = np.array(past) == word
                weights = np.exp(-ages / np.array([16.0, 128.0, 1024.0, 8192.0])[:, None])
                recent.recent_shares(f, i, blocks, word, shares)
                expected = (weights * came).sum(axis=1) / weights.sum(axis=1)
                np.testing.assert_allclose(shares, expected, rtol=1e-9)
                below = recent.contexts_surprised(i, blocks, word)
                assert below == came.sum() / (t + 1)
                assert (bounds[word // 64] >= np.append(shares, below) * (1 - 1e-12)).all()


def test_a_repeat_points_to_what_followed_the_last_time() -> None:
    i = np.zeros(repeats.repeats_ints(64), np.int64)
    repeats.repeats_begin(i, 64)
    for w in [5, 1, 2, 3, 9, 8, 1, 2]:
        repeats.repeats_learn(i, w)
        assert repeats.repeated(i) == -1 and repeats.agreed(i) == -1
    repeats.repeats_learn(i, 3)  # 1 2 3 again: 9 came then
    assert (repeats.repeated(i), repeats.agreed(i)) == (9, 3)
    repeats.repeats_learn(i, 9)
    assert (repeats.repeated(i), repeats.agreed(i)) == (8, 4)
    repeats.repeats_learn(i, 7)
    assert repeats.agreed(i) == -1


@given(st.lists(st.integers(0, 3), max_size=300))
def test_what_is_repeated_did_follow_the_same_words(words: list[int]) -> None:
    i = np.zeros(repeats.repeats_ints(64), np.int64)
    repeats.repeats_begin(i, 64)
    for t, w in enumerate(words):
        repeats.repeats_learn(i, w)
        agreed, at = repeats.agreed(i), int(i[repeats.POINTER]) - 1
        if agreed >= 0:
            same = int(agreed)
            assert 3 <= same <= 15 and t + 1 - at < 64
            assert words[at - same : at] == words[t + 1 - same : t + 1]
            assert repeats.repeated(i) == words[at]


def test_shapes() -> None:
    for a, b in [(b" running", b"swimming"), (b" 1912", b"2001"), (b" Berlin", b"Dublin")]:
        assert shape(as_bytes(a)) == shape(as_bytes(b)), (a, b)
    other = [b" running", b" Running", b" the", b" 1912", b" 12", b" .", b"\n", b" ran"]
    assert len({shape(as_bytes(word)) for word in other}) == len(other)
    assert all(0 <= shape(as_bytes(bytes([b]))) < 256 for b in range(256))


# ------------------------------------------------- spelling


def spelled_by_bits(learner: WordForecaster, word: bytes) -> float:
    """Nats of a new word, bit by bit, asked one at a time."""
    f, i = learner.view("letters"), learner.view("letters learned")
    known, before = learner.view("vocabulary"), int(came_before(learner.ints))
    slots, stirred = np.empty(7, np.int64), np.empty(7, np.int64)
    y, nats = as_bytes(word), 0.0
    for j in range(min(len(word) + 1, LONGEST)):
        may = may_end(known, y, j)
        assert may == (j > 0 and word_find(known, y[:j]) < 0)
        for step in range(BITS if j < len(word) else 1):
            if step > 0 or may:
                letter = word[j] if j < len(word) else 0
                bit = (letter >> (8 - step)) & 1 if step else int(j == len(word))
                # the bits that are still to come are not looked at
                so_far = letter >> (9 - step) << (9 - step) if step else 0
                p = bit_probability_at(f, i, y, j, before, so_far, step, slots, stirred)
                assert 0.0 < p < 1.0
                nats -= math.log(p if bit else 1.0 - p)
    return nats


def new_of_model(learner: WordForecaster) -> float:
    """What the model of words alone gives to all new ones."""
    return float(survey(learner.floats, learner.ints, *in_hand()))


def test_a_new_word_costs_what_its_bits_cost_or_what_it_does_by_chance() -> None:
    learner = told(words_of(POEM))
    for v in (1e-4, 0.3):
        learner.view("chance")[WEIGHT] = v
        for word in [b"x", b"rainy", b" se", b" sea?", b"\xff\0", b"a" * 40, b" the" * 10]:
            said, y = np.empty(4), as_bytes(word)
            learner._ask(learner.floats, learner.ints, NOTHING, y, said)
            model = new_of_model(learner) * math.exp(-spelled_by_bits(learner, word))
            p = (1.0 - v) * model + v * by_chance(y, len(y), learner.ints[FORM])
            assert said[SURPRISE] == pytest.approx(-math.log(p), rel=1e-12)
            new = -math.log(learner.predict().new)
            assert said[SPELLED] == pytest.approx(said[SURPRISE] - new, rel=1e-12)


def test_letters_are_learned_from_new_words_and_in_time_they_cost_less() -> None:
    words = list(dict.fromkeys(words_of(help_topics())))[:2000]
    learner = WordForecaster(5000, 50)
    bits = SymbolRun(learner).feed(block_of_words(words)).spelled / math.log(2)
    letters = np.array([len(word) + 1 for word in words])
    early, late = bits[:100].sum() / letters[:100].sum(), bits[-500:].sum() / letters[-500:].sum()
    assert early > 4.5 and late < 3.4


def test_words_drawn_from_the_spelling_come_as_often_as_they_should() -> None:
    learner = told(words_of(POEM))
    f, i = learner.view("letters"), learner.view("letters learned")
    known, before = learner.view("vocabulary"), int(came_before(learner.ints))
    rng = np.random.default_rng(3)
    drawn = Counter(spell(f, i, known, before, rng) for _ in range(1500))
    assert all(1 <= len(word) <= 40 for word in drawn)
    for word, times in drawn.most_common(5):
        p = math.exp(-spelled_by_bits(learner, word))
        assert abs(times / 1500 - p) < 4.5 * math.sqrt(p * (1 - p) / 1500)
    assert not any(word_find(known, as_bytes(word)) >= 0 for word in drawn)


# ------------------------------------------------- a decoder that knows the learner alone

BOTTOM, TOP = 0, (1 << 62) - 1
HALF, QUARTER = 1 << 61, 1 << 60
CELLS = 1 << 40  # of which every word and bit gets its share, and at least one


class Encoder:
    """Arithmetic coding in whole numbers (Witten, Neal and Cleary, 1987)."""

    def __init__(self) -> None:
        self.low, self.high, self.waiting = BOTTOM, TOP, 0
        self.bits: list[int] = []

    def part(self, first: int, past: int, cells: int) -> None:
        width = self.high - self.low + 1
        self.high = self.low + width * past // cells - 1
        self.low += width * first // cells
        while True:
            if self.high < HALF or self.low >= HALF:
                self._told(int(self.low >= HALF))
                self._double(HALF if self.low >= HALF else 0)
            elif self.low >= QUARTER and self.high < HALF + QUARTER:
                self.waiting += 1
                self._double(QUARTER)
            else:
                return

    def _double(self, origin: int) -> None:
        self.low, self.high = 2 * (self.low - origin), 2 * (self.high - origin) + 1

    def _told(self, bit: int) -> None:
        self.bits += [bit] + [1 - bit] * self.waiting
        self.waiting = 0

    def end(self) -> list[int]:
        self.waiting += 1
        self._told(int(self.low >= QUARTER))
        return self.bits


class Decoder:
    """Reads what an encoder wrote."""

    def __init__(self, bits: list[int]) -> None:
        self.low, self.high, self.bits, self.at = BOTTOM, TOP, bits, 0
        self.value = 0
        for _ in range(62):
            self._read()

    def _read(self) -> None:
        self.value = 2 * self.value + (self.bits[self.at] if self.at < len(self.bits) else 0)
        self.at += 1

    def cell(self, cells: int) -> int:
        return ((self.value - self.low + 1) * cells - 1) // (self.high - self.low + 1)

    def part(self, first: int, past: int, cells: int) -> None:
        width = self.high - self.low + 1
        self.high = self.low + width * past // cells - 1
        self.low += width * first // cells
        while True:
            if self.high < HALF:
                origin = 0
            elif self.low >= HALF:
                origin = HALF
            elif self.low >= QUARTER and self.high < HALF + QUARTER:
                origin = QUARTER
            else:
                return
            self.low, self.high = 2 * (self.low - origin), 2 * (self.high - origin) + 1
            self.value -= origin
            self._read()


def cells_of(learner: WordForecaster) -> Ints:
    """Where the cells of each known word begin, then those of all new ones, then the end."""
    forecast = learner.predict()
    shares = np.append(forecast.known(), forecast.new)
    return np.append(0, np.cumsum((shares * CELLS).astype(np.int64) + 1))


class Spelling:
    """What the model, and what chance, give to all new words that begin as this one does."""

    def __init__(self, learner: WordForecaster, taken: dict[bytes, float]) -> None:
        v = float(learner.view("chance")[WEIGHT])
        self.learner, self.taken = learner, taken
        self.model = (1.0 - v) * new_of_model(learner)
        self.firsts = v * BEGINS[learner.ints[FORM]][KINDS]
        self.chance, self.form = 0.0, 0
        self.ways = np.empty(256)  # of chance, by the next byte
        self.y = np.zeros(LONGEST, np.uint8)

    def letter(self, j: int) -> None:
        """All but the known words; ``taken`` has these, after their first bytes."""
        if j > 0:
            b = int(self.y[j - 1])
            self.chance, self.form = self.ways[b], FORMS[b] if j > 1 else KINDS[b]
        ways = self.chance * GOES_ON[self.form][KINDS] if j > 0 else self.firsts
        before = self.y[:j].tobytes()
        known = np.array([self.taken.get(before + bytes([b]), 0.0) for b in range(256)])
        self.ways = ways
        self.left = np.maximum(ways - (self.firsts[self.y[0]] if j else self.firsts) * known, 0.0)

    def zero_cells(self, j: int, step: int) -> int:
        """Cells of a 0:  p(1) = (m_1 + c_1) / (m_0 + m_1 + c_0 + c_1)."""
        if step == 0:
            one, zero = self.chance * ENDS[self.form], self.left.sum()
        else:
            low, half = int(self.y[j]), 1 << (8 - step)
            one, zero = self.left[low + half :][:half].sum(), self.left[low:][:half].sum()
        letters, learned = self.learner.view("letters"), self.learner.view("letters learned")
        slots, stirred = np.empty(7, np.int64), np.empty(7, np.int64)
        before, letter = int(came_before(self.learner.ints)), int(self.y[j])
        self.one = self.model * bit_probability_at(
            letters, learned, self.y, j, before, letter, step, slots, stirred
        )
        p = (self.one + one) / (self.model + one + zero)
        return min(max(CELLS - int(p * CELLS), 1), CELLS - 1)

    def spell(self, tell: Callable[[int, int, int], int]) -> bytes:
        """The word of which each bit is told, by the cells of a 0, its letter and its step."""
        for j in range(LONGEST):
            self.letter(j)
            for step in range(BITS):
                if step == 0 and not may_end(self.learner.view("vocabulary"), self.y, j):
                    continue
                bit = tell(self.zero_cells(j, step), j, step)
                self.model = self.one if bit else self.model - self.one
                if step == 0 and bit:
                    return self.y[:j].tobytes()
                self.y[j] |= bit << (8 - step) if step else 0
        return self.y.tobytes()


class Coder:
    """A learner, and what the words that it knows have by chance."""

    def __init__(self) -> None:
        self.learner, self.taken = WordForecaster(6000, 60_000), defaultdict[bytes, float](float)

    def number(self, word: bytes) -> int:
        return int(word_find(self.learner.view("vocabulary"), as_bytes(word)))

    def learn(self, word: bytes) -> None:
        known = self.number(word) >= 0
        self.learner.learn(word)
        if not known and self.number(word) >= 0:
            for j in range(1, len(word) + 1):
                self.taken[word[:j]] += rest_by_chance(as_bytes(word), len(word))


def coded(words: list[bytes]) -> list[int]:
    """The bits of a text."""
    coder, encoder = Coder(), Encoder()
    for word in words:
        cells, w = cells_of(coder.learner), coder.number(word)
        w = w if w >= 0 else len(cells) - 2
        encoder.part(int(cells[w]), int(cells[w + 1]), int(cells[-1]))

        def tell(zero: int, j: int, step: int, word: bytes = word) -> int:
            bit = (word[j] >> (8 - step)) & 1 if step else int(j == len(word))
            encoder.part(zero if bit else 0, CELLS if bit else zero, CELLS)
            return bit

        if w == len(cells) - 2:
            assert Spelling(coder.learner, coder.taken).spell(tell) == word
        coder.learn(word)
    return encoder.end()


def decoded(bits: list[int], n: int) -> list[bytes]:
    """The first n words, from the bits alone."""
    coder, decoder, words = Coder(), Decoder(bits), list[bytes]()

    def tell(zero: int, j: int, step: int) -> int:
        bit = int(decoder.cell(CELLS) >= zero)
        decoder.part(zero if bit else 0, CELLS if bit else zero, CELLS)
        return bit

    for _ in range(n):
        cells = cells_of(coder.learner)
        w = int(np.searchsorted(cells, decoder.cell(int(cells[-1])), side="right")) - 1
        decoder.part(int(cells[w]), int(cells[w + 1]), int(cells[-1]))
        if w < len(cells) - 2:
            word = coder.learner.name(w).encode("utf-8", "surrogateescape")
        else:
            word = Spelling(coder.learner, coder.taken).spell(tell)
        coder.learn(word)
        words.append(word)
    return words


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("prose", 3_000),
        ("noise", 1_500),
        pytest.param("prose", 200_000, marks=pytest.mark.slow),
        pytest.param("noise", 20_000, marks=pytest.mark.slow),
    ],
)
def test_a_decoder_made_of_the_learner_alone_restores_the_text(source: str, size: int) -> None:
    noise = RNG(4).bytes(size)
    words = words_of(noise if source == "noise" else help_topics()[20_000 : 20_000 + size])
    bits = coded(words)
    assert decoded(bits, len(words)) == words
    nats = SymbolRun(WordForecaster(6000, 60_000)).feed(block_of_words(words)).surprise.sum()
    # the code is as long as was claimed
    assert abs(len(bits) - nats / math.log(2)) < 3.0


# ------------------------------------------------- words of bytes that come by chance


def test_a_word_by_chance_has_what_its_bytes_have() -> None:
    """180 bytes are letters, 10 digits, 32 marks, 34 lie between words; a 512th is left for all."""
    left, most = 2**-9, 1 - 2**-9

    def goes_on(same: int) -> float:
        return most * same / 256 + left / 2

    def byte(of: int) -> float:
        return most / of + left / 256

    chance = [
        (b"ab", NONE, byte(256) * goes_on(180) * byte(180) * (1 - goes_on(180))),
        (b" 7", LETTER, byte(76) * goes_on(256) * byte(256) * (1 - goes_on(10))),
        (b"!", DIGIT, byte(246) * (1 - goes_on(32))),
        (b"\x7f \n", MARK, byte(224) * (goes_on(34) * byte(34)) ** 2 * (1 - goes_on(34))),
        (b"a1", BETWEEN, byte(223) * goes_on(180) * left / 256 * (1 - goes_on(10))),
        (b"z" * 40, NONE, byte(256) * (goes_on(180) * byte(180)) ** 39),
    ]
    for word, before, p in chance:
        assert by_chance(as_bytes(word), len(word), before) == pytest.approx(p, rel=1e-12), word
    assert BEGINS[:, KINDS].sum(axis=1) == pytest.approx(np.ones(5), abs=1e-14)
    assert GOES_ON[:, KINDS].sum(axis=1) + ENDS == pytest.approx(np.ones(5), abs=1e-14)


def test_bytes_are_of_the_kinds_by_which_a_text_is_cut() -> None:
    kinds = {
        read_text.LETTER: LETTER,
        read_text.DIGIT: DIGIT,
        read_text.MARK: MARK,
        read_text.OTHER: BETWEEN,
    }
    kinds[read_text.SPACE] = SPACE
    assert [kinds[read_text.kind_of(b)] for b in range(256)] == KINDS.tolist()


@pytest.mark.parametrize("before", [NONE, LETTER])
def test_words_drawn_by_chance_come_as_often_as_they_should(before: int) -> None:
    rng, alike = RNG(11), np.bincount(KINDS)
    drawn = [draw(before, rng) for _ in range(1500)]
    formed = Counter(tuple(KINDS[list(word)]) for word in drawn)
    assert all(1 <= len(word) <= 40 for word in drawn)
    for kinds, times in formed.most_common(6):
        word = as_bytes(next(word for word in drawn if tuple(KINDS[list(word)]) == kinds))
        p = by_chance(word, len(word), before) * math.prod(int(alike[kind]) for kind in kinds)
        assert abs(times / 1500 - p) < 4.5 * math.sqrt(p * (1 - p) / 1500), kinds


def test_chance_is_believed_where_it_forecasts_better_and_then_no_more() -> None:
    learner = WordForecaster(4000, 20_000)
    assert learner.weights()["chance"] == 1e-4
    for word in words_of(POEM):
        share = learner.view("chance")[WEIGHT]
        forecast, y = learner.predict(), as_bytes(word)
        share *= by_chance(y, len(y), learner.ints[FORM]) / forecast.p(word)
        learner.learn(word)
        assert learner.weights()["chance"] == pytest.approx(min(max(share, 1e-4), 0.999), abs=1e-12)
    for word in words_of(RNG(1).bytes(2000)):
        learner.learn(word)
    weights = learner.weights()
    assert weights["chance"] > 0.99 and math.fsum(weights.values()) == pytest.approx(1.0)
    assert learner.rate < 0.01
    assert total(learner) == pytest.approx(1.0, abs=1e-9)
    assert_top_is_exact(learner)
    for word in words_of(POEM)[:20]:
        learner.learn(word)
    assert learner.weights()["chance"] < 0.001


# ------------------------------------------------- the laws of a sum, and the forecaster


def test_word_by_word_equals_the_block_bit_for_bit() -> None:
    words = words_of(POEM)
    block, whole = block_of_words(words), WordForecaster(300, 3000)
    run = SymbolRun(whole)
    answers = run.feed(block, np.ones(len(block), np.bool_))
    alone = WordForecaster(300, 3000)
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
    answers = SymbolRun(WordForecaster(300, 3000)).feed(block_of_words(words))
    steps = list(prequential([word.decode() for word in words], WordForecaster(300, 3000)))
    assert [step.surprise for step in steps] == answers.surprise.tolist()


@pytest.mark.parametrize("moments", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_all_words_sum_to_one_at_random_moments(moments: int) -> None:
    learner, words = WordForecaster(8000, 50_000, 3, 3), words_of(help_topics())[:60_000]
    block = block_of_words(words)
    at = [0, *sorted(np.random.default_rng(7).choice(np.arange(1, 60_000), moments - 1).tolist())]
    run = SymbolRun(learner)
    for first, past in zip(at, [*at[1:], 60_000], strict=True):
        assert abs(total(learner) - 1.0) < 1e-9
        y_at = block.y_at[first : past + 1]
        part = Symbols(first, NOTHING, np.zeros_like(y_at), block.y, y_at)
        assert np.isfinite(run.feed(part).surprise).all()


@pytest.mark.parametrize(("vocabulary", "nodes"), [(1, 1), (7, 900), (300, 5), (12, 12)])
def test_full_tables_still_sum_to_one(vocabulary: int, nodes: int) -> None:
    words, learner = words_of(POEM), WordForecaster(vocabulary, nodes, orders=4, sides=3)
    for word in words:
        assert total(learner) == pytest.approx(1.0, abs=1e-9)
        assert math.isfinite(learner.predict().surprise(word))
        learner.learn(word)
    known = list(dict.fromkeys(words))[:vocabulary]
    assert [learner.name(w) for w in range(len(known))] == [word.decode() for word in known]
    # what found no room is still expected: as often as it came
    homeless = sum(word not in known for word in words) / len(words)
    assert learner.predict().new > 0.3 * homeless


@given(
    st.lists(st.binary(min_size=1, max_size=3), max_size=60),
    st.integers(1, 30),
    st.integers(1, 5),
    st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_any_words_sum_to_one_and_the_top_is_the_top(
    words: list[bytes], room: int, orders: int, sides: int
) -> None:
    learner = WordForecaster(room, 4 * room, orders, sides)
    for word in words:
        learner.learn(word)
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


def test_where_bytes_come_by_chance_new_words_are_drawn_as_often_as_forecast() -> None:
    learner = told(words_of(RNG(2).bytes(3000)), 40)
    forecast = learner.predict()
    drawn = [word.encode("utf-8", "surrogateescape") for word in forecast.sample(RNG(3), 1500)]
    known = {learner.name(w).encode("utf-8", "surrogateescape") for w in range(40)}
    new = sum(word not in known for word in drawn) / len(drawn)
    assert abs(new - forecast.new) < 4.5 * math.sqrt(forecast.new * (1 - forecast.new) / 1500)


def test_the_second_word_ahead_comes_as_often_as_the_sum_over_the_first_says() -> None:
    """p(second) = sum over first of p(first) p(second | first was learned)."""
    learner = told([b"a", b"b", b"a", b"c", b"a", b"b", b"b", b"a"], 9, 90)
    state = learner.floats.copy(), learner.ints.copy()
    forecast = learner.predict()
    first = forecast.known()
    assert len(first) == 3
    second = np.zeros(3)  # after a known first one
    for w, p in enumerate(first):
        after = learner.copy()
        after.learn(learner.name(w))
        second += p * after.predict().known()
    paths = forecast.sample_ahead(np.random.default_rng(6), 2, 1500)
    assert {len(path) for path in paths} == {2}
    known = [path for path in paths if path[0] in ("a", "b", "c")]
    new = 1.0 - len(known) / len(paths)
    assert abs(new - forecast.new) < 4.5 * math.sqrt(forecast.new / len(paths))
    for w, p in enumerate(second):
        share = sum(path[1] == learner.name(w) for path in known) / len(paths)
        assert abs(share - p) < 4.5 * math.sqrt(p * (1.0 - p) / len(paths))
    # the first word alone does not tell it: what is drawn is learned before the next is
    assert abs(second - first).max() > 0.08
    assert (state[0] == learner.floats).all() and (state[1] == learner.ints).all()
    assert forecast.sample_ahead(np.random.default_rng(6), 2, 5) == paths[:5]
    assert forecast.sample_ahead(np.random.default_rng(6), 0) == [[]]


def test_a_forecast_is_past_once_its_learner_has_learned() -> None:
    learner = told([b"a", b"b"])
    forecast = learner.predict()
    assert forecast.p("a") == forecast.p(b"a") > 0.0
    learner.learn(None)  # a missing word is not learned from
    assert len(forecast.top(5)) == 2 and "'" in repr(forecast)
    learner.learn("a")
    rng = np.random.default_rng(0)
    for look in (
        *(forecast.top, forecast.known, lambda: forecast.p("a"), lambda: forecast.new),
        lambda: forecast.sample_ahead(rng, 1),
    ):
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
    with pytest.raises(ValueError, match="vocabulary must be from 1"):
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
    assert (
        repr(twin)
        == repr(learner)
        == ("WordForecaster(vocabulary=300, nodes=3000, orders=2, sides=2, contexts=7)")
    )
    before = learner.predict().surprise("rain")
    twin.learn(" sea")
    assert learner.predict().surprise("rain") == before
    learner.learn(" sea")
    assert (twin.floats == learner.floats).all() and (twin.ints == learner.ints).all()


def test_the_rate_is_the_mean_of_the_parts_rates() -> None:
    learner = told(words_of(POEM))
    nodes, spots, weights = in_hand()
    survey(learner.floats, learner.ints, nodes, spots, weights)
    rates = np.zeros(PARTS)
    rates[CACHE : CACHE + 4] = -np.expm1(-1 / np.array([16.0, 128.0, 1024.0, 8192.0]))
    table = learner.view("grams")
    for o in range(1, 4):
        if spots[o] >= 0:
            rates[o] = 1 / (grams.total(table, nodes[o]) + 1)
            rates[CACHE + 3 + o] = 1.0  # what came last
            rates[CACHE + 8 + o] = 0.5 if o <= 2 else 0.0  # and last but one
    for s in range(3):
        if spots[BESIDE + s] >= 0:
            rates[BESIDE + s] = 1 / (grams.total(table, nodes[6 + s]) + 1)
    rates[REPEAT] = 1.0
    chance = learner.weights()["chance"]  # which learns nothing
    assert learner.rate == pytest.approx((1.0 - chance) * float(weights @ rates), rel=1e-12)
    said = np.empty(4)
    learner._ask(learner.floats, learner.ints, NOTHING, as_bytes(b"rain"), said)
    assert said[SURPRISE] == learner.predict().surprise("rain")


def test_odd_texts_cost_little_more_than_they_must() -> None:
    def bits_a_byte(text: bytes) -> float:
        nats = SymbolRun(WordForecaster(4000, 20_000)).feed(block_of_words(words_of(text))).surprise
        assert np.isfinite(nats).all()
        return float(nats.sum()) / math.log(2) / len(text)

    rng = np.random.default_rng(0)
    assert 7.99 < bits_a_byte(rng.bytes(40_000)) <= 8.02
    for text in (b"\0", b"a", b"tick ", b"\n"):
        assert bits_a_byte(text * (40_000 // len(text))) < 0.02
    empty = SymbolRun(WordForecaster(40, 40)).feed(block_of_words([]))
    assert len(empty.surprise) == 0


def test_presets() -> None:
    light = WordForecaster(light=True)
    assert light.options()["orders"] == 1 and light.options()["sides"] == 0
    assert repr(WordForecaster(light=True, nodes=64, vocabulary=9)) == (
        "WordForecaster(vocabulary=9, nodes=64, orders=1, sides=0, contexts=3)"
    )
    words = words_of(help_topics())[:40_000]
    nats = [
        SymbolRun(learner).feed(block_of_words(words)).surprise.sum()
        for learner in (WordForecaster(), WordForecaster(light=True))
    ]
    assert nats[0] < 0.99 * nats[1]


@pytest.mark.parametrize(
    "sizes", [{"vocabulary": 2**20}, {"nodes": 0}, {"orders": 6}, {"sides": -1}, {"contexts": 0}]
)
def test_sizes_are_within_bounds(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(sizes))} must be from"):
        WordForecaster(**sizes)
