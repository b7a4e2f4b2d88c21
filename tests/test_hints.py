"""Words beside bytes: what the model of words says of each bit, against sums done by hand."""

import math
import pydoc_data.topics

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast import ByteForecaster, SymbolRun, WordForecaster
from forecast.checks.law import same_state
from forecast.learner import Symbols
from forecast.stream import text as read_text
from forecast.words.by_chance import WEIGHT
from forecast.words.hints import (
    AT_ORDERED,
    AT_WORDS,
    BEGAN,
    BEGAN_IN_ALL,
    D_PATHS,
    ENDED,
    FORM,
    G_PATH,
    G_PATHS,
    HINT_SETS,
    LENGTH,
    NEW,
    OF_ORDERED,
    OF_WORDS,
    SMOOTHED,
    SPELLED,
    STANDING,
    hint_says,
    hints_lay_out,
)
from forecast.words.ordered import AT, BLOCK, EACH, FACTORS, HELD, PLACES, SHARES
from forecast.words.tokens import (
    DIGITS,
    LETTERS,
    LINES,
    MARKED,
    MARKS,
    NO_WORD,
    SPACED,
    form_after,
    form_begun,
)
from forecast.words.vocabulary import LONGEST

PROSE = "\n".join(text for _, text in sorted(pydoc_data.topics.topics.items())).encode()
NONE = np.empty(0, np.uint8)
WORDS, NODES = 128, 4096  # of a model of words beside 2^14 rows


def feed(learner: ByteForecaster, text: bytes) -> NDArray[np.float64]:
    """What each byte of a text costs, nats; all are learned."""
    y = np.frombuffer(bytearray(text), np.uint8)
    at = np.arange(len(y) + 1)
    return SymbolRun(learner).feed(Symbols(0, NONE, np.zeros(len(at), np.int64), y, at)).surprise


def model_of(learner: ByteForecaster) -> WordForecaster:
    """The model of words beside the bytes, as a forecaster of its own."""
    hints, ints = learner.view("hints"), learner.view("hints in order")
    model = WordForecaster(WORDS, NODES, contexts=1)
    model.floats[:] = hints[ints[OF_WORDS] :]
    model.ints[:] = ints[ints[AT_WORDS] :]
    model.view("chance")[WEIGHT] = 0.0  # bytes by chance are the matter of who mixes bits
    return model


def in_order(learner: ByteForecaster) -> tuple[list[int], NDArray[np.float64]]:
    """The words in order, and the weight of each as it is kept in place."""
    hints, ints = learner.view("hints"), learner.view("hints in order")
    ordered, weights = ints[ints[AT_ORDERED] :], hints[OF_ORDERED:]
    n = int(ordered[HELD])
    places = weights[PLACES : PLACES + EACH * n].reshape(n, EACH)
    factors = np.concatenate([[1.0], weights[FACTORS : FACTORS + SHARES]])
    return ordered[AT : AT + n].tolist(), places @ factors


def spelled_so_far(learner: ByteForecaster) -> bytes:
    """The bytes of the word that is not yet over."""
    ints = learner.view("hints in order")
    return ints[SPELLED:STANDING].tobytes()[: int(ints[LENGTH])]


def words_in(text: bytes) -> list[bytes]:
    """A text cut where a word is told to be over."""
    words: list[bytes] = []
    form = NO_WORD
    for y in text:
        after = form_after(form, y) if words and len(words[-1]) < LONGEST else NO_WORD
        words = [*words, bytes([y])] if after == NO_WORD else [*words[:-1], words[-1] + bytes([y])]
        form = form_begun(y) if after == NO_WORD else after
    return words


def test_a_word_is_over_when_the_next_one_begins() -> None:
    text = b"The cat's <unk>, 12 ...\n\n  He\xc3\xa9 <b 'tis <>\t-> x<y"
    told = [b"The", b" cat", b"'s", b" <unk>", b",", b" 12", b" ...", b"\n\n", b"  ", b"He\xc3\xa9"]
    told += [b" <b", b" 'tis", b" <>", b"\t", b"->", b" x", b"<y"]
    assert words_in(text) == told and b"".join(told) == text


def test_words_begin_with_the_bytes_by_which_a_text_is_cut() -> None:
    forms = {
        read_text.LETTER: {LETTERS},
        read_text.DIGIT: {DIGITS},
        read_text.MARK: {MARKS, MARKED},
    }
    forms |= {read_text.SPACE: {SPACED}, read_text.OTHER: {LINES}}
    assert all(form_begun(byte) in forms[read_text.kind_of(byte)] for byte in range(256))
    assert words_in(b"a\x7f\n b") == read_text.words_of(b"a\x7f\n b")


def test_each_word_weighs_in_place_what_the_model_of_words_says_of_it() -> None:
    learner = ByteForecaster(light=True, bits=14, words=True)
    begin = 0
    # few words; more than there is room for; after the units of the memories were made anew
    for end in (250, 2_001, 30_000):
        feed(learner, PROSE[begin:end])
        begin = end
        model = model_of(learner)
        words, weights = in_order(learner)
        names = [model.name(w).encode("utf-8", "surrogateescape") for w in words]
        assert names == sorted(names) and sorted(words) == list(range(len(words)))
        assert np.allclose(weights, model.predict().known()[words], rtol=1e-9, atol=1e-15)
        blocks = WORDS // BLOCK + 1
        before = learner.view("hints")[OF_ORDERED + PLACES + EACH * (BLOCK + 1) * blocks :]
        for block in range(len(words) // BLOCK + 1):
            assert math.isclose(before[block], weights[: block * BLOCK].sum(), rel_tol=1e-9)
        assert model.seen == len(words_in(PROSE[:end])) - 1  # the last one is not over
    assert len(words) == WORDS


def test_a_hint_is_what_is_left_of_all_words() -> None:
    learner = ByteForecaster(light=True, bits=14, words=True)
    feed(learner, PROSE[:2_000].replace(b"statement", b"state") + b" state")
    f, i = learner.view("hints"), learner.view("hints in order")
    prefix = spelled_so_far(learner)
    assert prefix == b" state"
    model = model_of(learner)
    p = dict(zip(map(model.name, range(WORDS)), model.predict().known(), strict=False))
    d, g, x = np.zeros(D_PATHS, np.uint32), np.zeros(G_PATHS), np.zeros(2, np.float32)
    hints_lay_out(f, i, d, 0, g, 0)
    for y in b"m s":
        path = 1
        for bit in range(8):
            g[G_PATH + path] = 0.5**bit
            chosen = hint_says(f, i, d, 0, g, 0, x, 0, path, bit)
            ways = [0.0, 0.0]
            for word, share in p.items():
                byte = word.encode()[len(prefix) : len(prefix) + 1]
                if word.encode().startswith(prefix) and byte and (byte[0] | 256) >> 8 - bit == path:
                    ways[byte[0] >> 7 - bit & 1] += share
            ended, walk = p[" state"], 1
            for earlier in range(bit):
                one = y >> 7 - earlier & 1
                chance = f[ENDED + 256 * i[FORM] + walk]
                ended *= chance if one else 1.0 - chance
                walk = walk << 1 | one
            ways[1] += ended * f[ENDED + 256 * i[FORM] + walk]
            ways[0] += ended * (1.0 - f[ENDED + 256 * i[FORM] + walk])
            known, new = sum(ways), f[NEW] * 0.5**bit
            one = (ways[1] + 0.5 * new) / (known + new)
            smooth = (ways[1] + 0.5 * new + SMOOTHED * known) / (known + new + 2 * SMOOTHED * known)
            logits = [math.log(q / (1.0 - q)) for q in (one, smooth)]
            assert np.allclose(x, np.clip(logits, -11.52, 11.52), rtol=1e-4, atol=1e-3)
            assert 0 <= chosen < HINT_SETS and chosen % 8 == bit
            path = path << 1 | y >> 7 - bit & 1


def test_bytes_that_begin_new_words_are_counted() -> None:
    learner = ByteForecaster(light=True, bits=14, words=True)
    feed(learner, b"zip zap zip zap, zip")
    hints = learner.view("hints")
    began = hints[BEGAN:BEGAN_IN_ALL] - hints[BEGAN]
    # zip at the begin, " zap", " zip", ","; the last word is not over
    assert np.flatnonzero(began).tolist() == [32, 44, 122] and round(began.sum(), 9) == 4.0
    assert math.isclose(hints[BEGAN_IN_ALL], hints[BEGAN:BEGAN_IN_ALL].sum(), rel_tol=1e-12)


def test_a_word_has_an_end_even_where_none_comes() -> None:
    learner = ByteForecaster(light=True, bits=14, words=True)
    feed(learner, b"a" * (2 * LONGEST + 3))
    assert spelled_so_far(learner) == b"aaa" and model_of(learner).seen == 2
    assert abs(math.fsum(learner.predict().known()) - 1.0) < 1e-9


def test_words_take_bits_off_prose_and_add_hardly_any_elsewhere() -> None:
    noise = np.random.default_rng(7).bytes(10_000)
    costs = {}
    for words in (False, True):
        for name, text in (("prose", PROSE[:60_000]), ("noise", noise)):
            learner = ByteForecaster(light=True, bits=18, words=words)
            costs[name, words] = feed(learner, text).mean() / math.log(2.0)
    assert costs["prose", True] < 0.99 * costs["prose", False]
    assert costs["noise", True] < 1.003 * costs["noise", False]


@pytest.mark.parametrize("words", [False, True])
def test_a_byte_alone_gives_the_same_bits_with_words_and_without(words: bool) -> None:
    whole, single = (ByteForecaster(light=True, bits=10, words=words) for _ in range(2))
    said = feed(whole, PROSE[:600])
    for t, y in enumerate(PROSE[:600]):
        assert single.predict().surprise(y) == said[t]
        single.learn(y)
    assert same_state(whole, single) and whole.options()["words"] is words
