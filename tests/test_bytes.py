"""Bytes: an exact sum, a decoder made of the learner alone, and each part against a hand's work."""

import math
import pydoc_data.topics
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast import ByteForecaster, SymbolRun, load, save
from forecast.checks.law import same_state
from forecast.compiled import compiled
from forecast.learner import SURPRISE, Symbols
from forecast.vectors import add_scaled, dot, prefetch
from forecast.words.bits import STEPS, SUREST, bounded, squash, squash_nearly, stretch
from forecast.words.bitwise import HINT
from forecast.words.byte_forecaster import BYTES
from forecast.words.bytewise import spelled_nats
from forecast.words.chances import COUNTS, EVEN, ONE, RATES, chance_lean, chance_move, chance_of
from forecast.words.contexts import (
    FOLLOWED_INTS,
    LENGTH,
    TEXT_INTS,
    WORD,
    WORD_1,
    followed_learn,
    text_go_on,
)
from forecast.words.histories import IN_ORDER, NEXT, STATES, after, history_after
from forecast.words.match import (
    LEAST,
    MATCH_INTS,
    MATCHES,
    match_expects,
    match_follow,
    match_learn,
    match_length,
)
from forecast.words.mixer import (
    FIRST_RATE,
    RATE,
    SECOND_RATE,
    SETTLED,
    lanes_for,
    mixer_learns,
    mixer_says,
    second_learns,
    second_says,
)
from forecast.words.refine import (
    KNOTS,
    STEP,
    WIDEST,
    curve_learns,
    curve_place,
    curve_says,
    curves_begin,
)
from forecast.words.refine import RATE as CURVE_RATE
from forecast.words.rows import LINE, ROW, hashed, row_claim, row_find, rows_bytes
from forecast.words.runs import LONGEST, run_find, run_foresees, run_learn

PROSE = "\n".join(text for _, text in sorted(pydoc_data.topics.topics.items())).encode()
NONE = np.empty(0, np.uint8)


def block(text: bytes) -> Symbols:
    """A text as a block of bytes."""
    y = np.frombuffer(bytearray(text), np.uint8)
    return Symbols(0, NONE, np.zeros(len(y) + 1, np.int64), y, np.arange(len(y) + 1))


def bits_of(learner: ByteForecaster, text: bytes) -> float:
    """Bits a byte that a text costs, and is learned."""
    return float(SymbolRun(learner).feed(block(text)).surprise.mean() / math.log(2.0))


# ------------------------------------------------- the whole learner


@pytest.mark.parametrize("how", [{}, {"light": True}, {"light": True, "words": True}])
def test_the_probabilities_of_all_bytes_sum_to_one(how: dict[str, bool]) -> None:
    learner = ByteForecaster(bits=12, **how)
    for end in range(0, 4000, 400):
        p = learner.predict().known()
        assert abs(math.fsum(p) - 1.0) < 1e-9 and p.min() > 0.0
        SymbolRun(learner).feed(block(PROSE[end : end + 400]))


class Range:
    """A range of the numbers from 0 to 1, told apart exactly: what arithmetic coding narrows.

    Whole counts of 2^32 stand for probabilities, so that coder and decoder agree on them.
    """

    TOTAL = 1 << 32

    def __init__(self) -> None:
        self.low, self.width = 0, 1
        self.scale = 0  # both are in units of 2^-scale

    def counts(self, p: NDArray[np.float64]) -> list[int]:
        """Where the share of each byte ends; each has one count at least."""
        shares = np.maximum((p * (self.TOTAL - BYTES)).astype(np.int64), 1)
        shares[int(shares.argmax())] += self.TOTAL - int(shares.sum())
        return [0, *np.cumsum(shares).tolist()]

    def narrow(self, low: int, high: int) -> None:
        """Keep the part between two counts."""
        self.low = self.low * self.TOTAL + self.width * low
        self.width *= high - low
        self.scale += 32


def coded(learner: ByteForecaster, text: bytes) -> tuple[list[int], float]:
    """Blocks of bits, as whole numbers of so many bits, of each 64 bytes; and the bits in all."""
    blocks, bits = [], 0.0
    for start in range(0, len(text), 64):
        inside = Range()
        for y in text[start : start + 64]:
            ends = inside.counts(learner.predict().known())
            inside.narrow(ends[y], ends[y + 1])
            learner.learn(y)
        # the shortest binary fraction that lies inside
        n = inside.scale - inside.width.bit_length() + 2
        up = -(-inside.low >> (inside.scale - n)) if n < inside.scale else inside.low
        blocks.append(up << 12 | n)
        bits += n
    return blocks, bits


def decoded(learner: ByteForecaster, blocks: list[int], length: int) -> bytes:
    """The text of blocks, by a learner that has seen no other thing."""
    text = bytearray()
    for one in blocks:
        point = Fraction(one >> 12, 1 << (one & 4095))
        low, width = Fraction(0), Fraction(1)
        for _ in range(min(64, length - len(text))):
            ends = Range().counts(learner.predict().known())
            at = int((point - low) / width * Range.TOTAL)
            y = int(np.searchsorted(ends, at, side="right")) - 1
            low += width * Fraction(ends[y], Range.TOTAL)
            width *= Fraction(ends[y + 1] - ends[y], Range.TOTAL)
            text.append(y)
            learner.learn(y)
    return bytes(text)


def restores(text: bytes, **how: int) -> None:
    blocks, bits = coded(ByteForecaster(**how), text)
    assert decoded(ByteForecaster(**how), blocks, len(text)) == text
    nats = SymbolRun(ByteForecaster(**how)).feed(block(text)).surprise.sum()
    claimed = nats / math.log(2.0)
    # a block ends on a whole bit, and says where within two
    assert claimed - 1.0 < bits < 1.001 * claimed + 2.5 * len(blocks)


def test_a_decoder_made_of_the_learner_alone_restores_a_text() -> None:
    restores(PROSE[:5000], light=True, bits=16, words=True)


@pytest.mark.slow
def test_a_decoder_made_of_the_learner_alone_restores_a_long_text() -> None:
    restores(PROSE[:200_000], bits=20, words=True)


def test_the_first_byte_is_any_and_prose_is_learned() -> None:
    first = ByteForecaster(bits=10).predict().known()
    assert first.max() < 2.0 / BYTES and first.min() > 0.5 / BYTES
    # bz2 -9 takes 2.09 bits a byte for these 100 kB, xz -9e 2.16
    assert bits_of(ByteForecaster(bits=20), PROSE[:100_000]) < 1.75
    assert bits_of(ByteForecaster(light=True, bits=20), PROSE[:100_000]) < 1.8


def test_one_at_a_time_gives_the_same_bits_as_the_whole() -> None:
    text = PROSE[:1500]
    whole, single = ByteForecaster(bits=10), ByteForecaster(bits=10)
    said = SymbolRun(whole).feed(block(text))
    for t, y in enumerate(text):
        assert single.predict().surprise(y) == said.surprise[t] and single.rate == said.rate[t]
        single.learn(y)
    assert same_state(whole, single)


def test_a_saved_learner_goes_on_to_the_bit(tmp_path: Path) -> None:
    learner = ByteForecaster(light=True, bits=10)
    SymbolRun(learner).feed(block(PROSE[:3000]))
    save(tmp_path / "bytes", learner)
    again = load(tmp_path / "bytes")
    said, resumed = (SymbolRun(each).feed(block(PROSE[3000:4000])) for each in (learner, again))
    assert np.array_equal(said.surprise, resumed.surprise) and same_state(learner, again)


def test_random_bytes_cost_hardly_more_than_eight_bits() -> None:
    noise = np.random.default_rng(5).bytes(60_000)
    assert 7.99 < bits_of(ByteForecaster(bits=16), noise) <= 8.02
    assert 7.99 < bits_of(ByteForecaster(light=True, bits=16, words=True), noise) <= 8.02


def test_one_byte_repeated_costs_next_to_nothing() -> None:
    learner = ByteForecaster(bits=12)
    assert bits_of(learner, b"a" * 20_000) < 0.01
    assert learner.predict().p("a") > 0.999
    assert len(SymbolRun(learner).feed(block(b"")).surprise) == 0  # nothing is told, nothing said
    assert learner.predict().p("a") > 0.999


def test_memory_is_bounded_by_its_bits() -> None:
    learner = ByteForecaster(bits=10)
    floats, ints = learner.floats.nbytes, learner.ints.nbytes
    SymbolRun(learner).feed(block(PROSE[:50_000]))  # fifty times what it has room for
    assert (learner.floats.nbytes, learner.ints.nbytes) == (floats, ints)
    for bits, light, most in ((22, False, 150e6), (22, True, 150e6)):
        large = ByteForecaster(light, bits)
        assert large.floats.nbytes + large.ints.nbytes < most


def test_spelling_a_string_costs_what_it_would_cost_at_the_first_byte_and_changes_nothing() -> None:
    learner = ByteForecaster(bits=12)
    SymbolRun(learner).feed(block(PROSE[:5000]))
    before = learner.copy()
    word = np.frombuffer(bytearray(b" statement"), np.uint8)
    one = spelled_nats(learner.floats, learner.ints, word[:1])
    assert one == learner.predict().surprise(" ")
    all_of_it = spelled_nats(learner.floats, learner.ints, word)
    assert same_state(learner, before)
    learned = SymbolRun(before).feed(block(bytes(word))).surprise
    assert abs(all_of_it - learned.sum()) < 0.2 * learned.sum()  # it learns a little on the way
    firsts = [
        spelled_nats(learner.floats, learner.ints, np.array([y], np.uint8)) for y in range(BYTES)
    ]
    assert abs(math.fsum(math.exp(-nats) for nats in firsts) - 1.0) < 1e-9


def test_a_forecast_says_what_it_is_asked() -> None:
    learner = ByteForecaster(bits=12)
    SymbolRun(learner).feed(block(b"the cat sat on the mat. " * 20 + b"the cat s"))
    forecast = learner.predict()
    p = forecast.known()
    assert forecast.top(1) == [("a", p[97])] and len(forecast.top(300)) == BYTES
    assert forecast.p("a") == forecast.p(b"a") == forecast.p(97)
    assert math.isclose(forecast.p("a"), p[97], rel_tol=1e-12)
    assert math.isclose(forecast.expected_surprise(), -math.fsum(p * np.log(p)), rel_tol=1e-12)
    drawn = forecast.sample(np.random.default_rng(0), 200)
    assert drawn.count("a") > 150 and learner.name(200) == "\udcc8"
    assert forecast.p(learner.name(200)) == forecast.p(200)
    learner.learn("a")
    with pytest.raises(RuntimeError, match="this forecast is past"):
        forecast.p("a")


@pytest.mark.parametrize(("y", "error"), [("", ValueError), (b"ab", ValueError), (256, ValueError)])
def test_what_is_no_byte_is_refused(y: object, error: type[Exception]) -> None:
    learner = ByteForecaster(bits=8)
    with pytest.raises(error, match="byte"):
        learner.learn(y)
    with pytest.raises(TypeError, match="a byte is an int, a string or bytes, not float"):
        learner.learn(1.0)
    with pytest.raises(ValueError, match="bits must be from 8 to 26; got 7"):
        ByteForecaster(bits=7)
    with pytest.raises(ValueError, match="takes no context"):
        learner.predict("a")


# ------------------------------------------------- the parts


def test_stretch_and_squash_are_inverse() -> None:
    for x in np.linspace(-SUREST, SUREST, 200):
        assert math.isclose(math.log(squash(x) / (1.0 - squash(x))), x, abs_tol=1e-9)
        # a table is as coarse as its steps: half of one, and 1/4 of it in the slope
        assert abs(squash_nearly(x) - squash(x)) <= SUREST / STEPS / 4.0 + 1e-12
    for p in np.linspace(0.01, 0.99, 99):
        assert abs(stretch(p) - math.log(p / (1.0 - p))) <= 0.5 / STEPS / (p * (1.0 - p)) * 1.02
    assert bounded(99.0) == SUREST == -bounded(-99.0)


def test_a_chance_is_the_mean_of_what_it_was_told() -> None:
    # from even and n = 1: the start counts for 2.5 bits, (2.5 / 2 + ones) / (2.5 + bits)
    rng = np.random.default_rng(1)
    chances = np.array([(EVEN | 1)], np.uint32)
    told = (rng.random(300) < 0.2).astype(int)
    for bit in told.tolist():
        chance_move(chances, 0, bit, COUNTS - 1)
    mean = (1.5 / 2 + told.sum()) / (1.5 + len(told))
    assert abs(0.5 + chance_lean(chances[0]) / ONE - mean) < 1e-3
    assert int(chances[0]) & (COUNTS - 1) == 301


def test_a_chance_at_its_limit_forgets_and_one_that_knows_nothing_stays() -> None:
    chances = np.array([chance_of(0.5, 9), EVEN], np.uint32)
    p = 0.5
    for _ in range(20):
        chance_move(chances, 0, 1, 9)
        chance_move(chances, 1, 1, 9)
        p += (1.0 - p) * RATES[9] / 65536
    assert abs(0.5 + chance_lean(chances[0]) / ONE - p) < 1e-4
    assert chances[1] == EVEN


def test_histories_know_their_counts() -> None:
    assert len(STATES) <= BYTES and len(set(STATES)) == len(STATES) == len(NEXT) // 2
    state = 0
    for n in range(1, 42):
        state = int(history_after(state, 1))
        assert STATES[state][:2] == (0, n)
    assert STATES[int(history_after(state, 1))][:2] == (0, 41)
    assert STATES[int(history_after(state, 0))][:2] == (1, 6)  # one zero breaks a long habit
    for bits in np.ndindex(*(2,) * IN_ORDER):
        state = 0
        for bit in bits:
            state = int(history_after(state, bit))
        assert state == STATES.index(after(STATES[int(state_before(bits))], bits[-1]))


def state_before(bits: tuple[int, ...]) -> int:
    """The state after all bits but the last."""
    state = 0
    for bit in bits[:-1]:
        state = int(history_after(state, bit))
    return state


def test_a_row_is_found_where_it_was_claimed_and_the_youngest_gives_way() -> None:
    rows = np.zeros(rows_bytes(2), np.uint8)
    keys = [hashed(k, 7) for k in range(40)]
    assert row_find(rows, LINE, 2, keys[0]) == 0
    first = row_claim(rows, LINE, 2, keys[0])
    rows[first + 1] = 200
    for key in keys[1:]:
        row = row_claim(rows, LINE, 2, key)
        assert (row - LINE) % ROW == 0 and LINE <= row < len(rows)
        assert row_find(rows, LINE, 2, key) == row
        rows[row + 1] = max(rows[row + 1], 1)
    assert row_find(rows, LINE, 2, keys[0]) == first and rows[first + 1] == 200
    assert not rows[:LINE].any()  # what was never seen stays blank


def test_a_mixer_against_a_hand() -> None:
    rng = np.random.default_rng(2)
    n = lanes_for(20)
    assert n == 32
    weights = rng.normal(size=3 * n).astype(np.float32)
    x = rng.normal(size=n).astype(np.float32)
    uses = np.array([0, 4, 0], np.float32)
    logit = mixer_says(weights, n, x, 0, n)
    assert math.isclose(logit, float(weights[n : 2 * n].astype(float) @ x), rel_tol=1e-5)
    before = weights.copy()
    mixer_learns(weights, n, uses, 1, x, 0, n, logit, 1)
    rate = RATE + FIRST_RATE / math.sqrt(4 + SETTLED)
    step = rate * (1.0 - 1.0 / (1.0 + math.exp(-logit))) * x
    coarse = rate * SUREST / STEPS / 4.0 * abs(x).max() + 2e-7  # a table's step, and rounding
    assert np.allclose(weights[n : 2 * n] - before[n : 2 * n], step, rtol=0.0, atol=coarse)
    assert abs(step).max() > 20 * coarse
    assert np.array_equal(np.delete(weights, range(n, 2 * n)), np.delete(before, range(n, 2 * n)))
    assert uses.tolist() == [0, 5, 0]
    second, logits = rng.normal(size=8), rng.normal(size=4)
    logit = second_says(second, 4, logits, 0, 4)
    assert math.isclose(logit, second[4:] @ logits, rel_tol=1e-12)
    expected = second[4:] + SECOND_RATE * (0.0 - 1.0 / (1.0 + math.exp(-logit))) * logits
    second_learns(second, 4, logits, 0, 4, logit, 0)
    assert np.allclose(second[4:], expected, rtol=1e-12)


def test_sums_of_vectors_have_one_order() -> None:
    @compiled
    def sums(w: object, first: int, x: object, n: int, step: float) -> float:
        prefetch(w, first)
        total = dot(w, first, x, 0, n)
        add_scaled(w, first, x, 0, n, np.float32(step))
        return float(total)

    rng = np.random.default_rng(3)
    w, x = rng.normal(size=100).astype(np.float32), rng.normal(size=48).astype(np.float32)
    parts = (w[10:58] * x).reshape(3, 2, 8)
    lanes = (parts[0] + parts[1]) + parts[2]
    eight = lanes[0] + lanes[1]
    four = eight[:4] + eight[4:]
    expected = w.copy()
    expected[10:58] += np.float32(0.25) * x
    assert sums(w, 10, x, 48, 0.25) == float((four[0] + four[2]) + (four[1] + four[3]))
    assert np.array_equal(w, expected)
    assert sums(w, 10, x, 0, 0.25) == 0.0 and np.array_equal(w, expected)


def test_a_curve_reads_between_its_knots_and_moves_both() -> None:
    curves = curves_begin(2)
    for logit in (-7.9, -0.3, 0.0, 2.0):
        place = curve_place(logit)
        assert abs(curve_says(curves, KNOTS, place) - logit) < 0.35  # a chord of the sigmoid
    place = curve_place(0.25 * STEP - WIDEST + 5 * STEP)
    before = curves.copy()
    curve_learns(curves, KNOTS, place, 1)
    moved = (curves - before)[KNOTS + 5 : KNOTS + 7] / (1.0 - before[KNOTS + 5 : KNOTS + 7])
    assert np.allclose(moved, [0.75 * CURVE_RATE, 0.25 * CURVE_RATE], rtol=1e-3)
    assert np.count_nonzero(curves != before) == 2
    for logit in (-99.0, 99.0):
        assert 0 <= curve_place(logit) < KNOTS - 1


def test_a_run_goes_on_and_begins_anew() -> None:
    runs = np.zeros(16, np.uint32)
    key = hashed(1, 2)
    assert run_find(runs, key) == 0 and run_foresees(0, 1, 0) == 0
    for n in range(1, 40):
        run_learn(runs, key, run_find(runs, key), 97)
        assert run_find(runs, key) == min(n, LONGEST) << 8 | 97
    assert run_find(runs, key ^ (1 << 50)) == 0  # another key of the same place
    run = run_find(runs, key)
    path = 1
    for bit in range(8):
        one = 97 >> (7 - bit) & 1
        assert run_foresees(run, path, bit) == 2 * LONGEST + one
        assert bit == 0 or run_foresees(run, path ^ 1, bit) == 0
        path = path << 1 | one
    run_learn(runs, key, run, 98)
    assert run_find(runs, key) == 1 << 8 | 98


def test_the_longest_match_foresees_what_came_then() -> None:
    past, heads = np.zeros(64, np.uint8), np.zeros(MATCHES * 16, np.uint32)
    match = np.zeros(MATCH_INTS, np.int64)
    text = b"abcdefgh-" * 3
    for y in text:
        match_follow(past, match, y)
        match_learn(past, heads, match, y)
    for m in range(MATCHES):
        assert match_expects(past, match, m) == ord("a")
    # found once the least number of bytes agreed, and then followed
    assert match_length(match, 0) == len(text) - 9
    assert LEAST.tolist() == sorted(LEAST.tolist())
    match_follow(past, match, ord("z"))
    assert match_expects(past, match, 0) == -1


def test_words_begin_and_end() -> None:
    text, followed = np.zeros(TEXT_INTS, np.int64), np.zeros(FOLLOWED_INTS, np.int64)
    words = []
    for y, then in pairwise(b"The the, "):
        followed_learn(text, followed, y)
        text_go_on(text, y)
        if then in b" ,":
            words.append((int(text[WORD]), int(text[LENGTH])))
    assert words[0] == words[1] and words[0][1] == 3  # capitals count as small letters
    assert text[WORD_1] == words[0][0] and text[LENGTH] == 0


def test_a_hint_from_outside_has_its_place_among_the_inputs() -> None:
    learner = ByteForecaster(bits=8)
    assert HINT == 0 and not learner.view("weights").view(np.float32)[:, HINT : HINT + 2].any()
    assert SURPRISE == 0
