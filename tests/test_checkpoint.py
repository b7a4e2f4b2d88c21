"""A checkpoint gives back the very state that was saved, or says why it does not."""

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import kept_checkpoints
import numpy as np
import pytest
from fuzzed import mutated
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import (
    ByteForecaster,
    GradientRegression,
    LabelForecaster,
    LeastSquaresRegression,
    Level,
    LightForecaster,
    Naive,
    NumberForecaster,
    Paced,
    Regression,
    Remembering,
    RememberingLabels,
    ReturnForecaster,
    Scale,
    WordForecaster,
)
from forecast.checkpoint import (
    FORMAT,
    MAGIC,
    MOST_HEADER,
    ROOMS,
    CheckpointError,
    load,
    load_whole,
    read_header,
    save,
)
from forecast.learner import SAID, TOP, FlatLearner, NumberLearner, SymbolLearner
from forecast.lock import locked

LEARNERS: dict[str, Callable[[], FlatLearner]] = {
    "level": lambda: Level(horizons=(1, 4)),
    "scale": Scale,
    "gradient": GradientRegression,
    "least squares": lambda: LeastSquaresRegression(horizons=(1, 3)),
    "paced": lambda: Paced("gradient", "hypergradient", rate=0.1, strength=0.01),
    "regression, posterior": lambda: Regression(lags=5),
    "regression, normal": lambda: Regression(lags=3, scale="normal", horizons=(1, 2)),
    "naive": lambda: Naive(horizons=(1, 4), season=3, drift=True),
    "returns": lambda: ReturnForecaster(0.8),
    "light": lambda: LightForecaster(horizons=(1, 2)),
    "forecaster": lambda: NumberForecaster(horizons=(1, 3), season=12, channels=2),
    "bytes": lambda: ByteForecaster(light=True, bits=8),
    "words": lambda: WordForecaster(vocabulary=20, nodes=50),
    "labels": lambda: LabelForecaster(("no", "yes"), bits=6),
    "remembering": lambda: Remembering(LightForecaster(horizons=(1, 2)), selves=2),
    "remembering labels": lambda: RememberingLabels(LabelForecaster(("no", "yes"), bits=6)),
}
POINTS = 300


def stream(channels: int) -> np.ndarray:
    """A season, a walk, a shift, gaps and a value beyond belief."""
    rng = np.random.default_rng(7)
    t = np.arange(POINTS)[:, None]
    ys = 10 * np.sin(2 * math.pi * t / 12) + np.cumsum(rng.normal(size=(POINTS, channels)), axis=0)
    ys[120:] += 40
    ys[rng.random(ys.shape) < 0.05] = math.nan
    ys[200] = 1e300
    return ys


def observations(learner: FlatLearner) -> list[tuple[Any, Any]]:
    """What a learner may be told: what is known beside it, and what comes."""
    rng = np.random.default_rng(8)
    if isinstance(learner, NumberLearner):
        return [(None, y) for y in stream(learner.channels)]
    if isinstance(learner, WordForecaster):
        words = [None, b"\xff", *(f" {letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
        return [(None, words[w]) for w in rng.binomial(60, 0.2, POINTS) % len(words)]
    if isinstance(learner, ByteForecaster):
        return [(None, None if t % 50 == 7 else y) for t, y in enumerate(rng.bytes(POINTS))]
    messages = ["", "win a prize", "see you at 5", "a \xe9 prize"]
    return [(messages[t % 4], [None, "no", "yes"][rng.integers(3)]) for t in range(POINTS)]


def bits(learner: FlatLearner) -> tuple[bytes, bytes]:
    return learner.floats.tobytes(), learner.ints.tobytes()


def said(learner: FlatLearner) -> bytes:
    """All that its forecasts are made of, as bytes."""
    if isinstance(learner, SymbolLearner):
        x, y = next(item for item in observations(learner) if item[1] is not None)
        state = learner.floats, learner.ints
        answers, ids, ps = np.zeros(SAID), np.zeros(TOP, np.int64), np.zeros(TOP)
        learner._ask(*state, learner.context(x), learner.told(y), answers)
        learner._top(*state, learner.context(x), ids, ps)
        return answers.tobytes() + ids.tobytes() + ps.tobytes()
    assert isinstance(learner, NumberLearner)
    row = np.zeros((learner.channels, len(learner.horizons), 64))
    for channel, horizon in np.ndindex(*row.shape[:2]):
        learner._ask(learner.floats, learner.ints, channel, horizon, row[channel, horizon])
    return row.tobytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Level, bytes]:
    """A small learner and the bytes of its checkpoint."""
    level = Level()
    for y in stream(1)[:40, 0]:
        level.learn(y)
    path = tmp_path_factory.mktemp("trained") / "level.checkpoint"
    save(path, level, source="sales.csv", offset=40)
    return level, path.read_bytes()


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body of a checkpoint."""
    _, header, body = content.split(b"\n", 2)
    return json.loads(header), body


def parts_of(path: Path) -> tuple[bytes, bytes]:
    """The bytes of both arrays of a checkpoint."""
    header, body = parts(path.read_bytes())
    n = 8 * header["floats"]["shape"][0]
    return body[:n], body[n:]


def sealed(header: Any, body: bytes, format_number: int = FORMAT) -> bytes:
    """A checkpoint with this header whose sums are right, whatever the header says."""
    text = (header if isinstance(header, bytes) else json.dumps(header).encode()) + b"\n"
    first = f"{format_number} {len(text)} {hashlib.sha256(text).hexdigest()}\n"
    return MAGIC + first.encode() + text + body


# --- there and back ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_goes_on_as_if_it_had_never_stopped(name: str, tmp_path: Path) -> None:
    whole = LEARNERS[name]()
    path = tmp_path / "a.checkpoint"
    resumed: dict[int, FlatLearner] = {}
    for row, (x, y) in enumerate(observations(whole)):
        if row in (0, 1, 2, 13, 121, 202, 299):
            save(path, whole)
            resumed[row] = load(path)
            assert type(resumed[row]) is type(whole)
            assert repr(resumed[row]) == repr(whole)
        whole.learn(y, x)
        for cut, other in resumed.items():
            other.learn(y, x)
            assert bits(other) == bits(whole), f"cut at {cut}, row {row}"
    assert bits(whole) != bits(LEARNERS[name]())  # it has learned
    assert {said(other) for other in resumed.values()} == {said(whole)}


def test_every_option_comes_back(tmp_path: Path) -> None:
    for learner in (
        Level(horizons=(500,)),  # each option must be believed, as large as it may be
        Regression(lags=1, scale="normal", horizons=(2,)),
        NumberForecaster(horizons=(1, 2, 30), season=0),
        NumberForecaster(season=24, channels=3),
        NumberForecaster(step="1 month"),
        Paced("least squares", "1/n with a floor", rate=1e-5),
        Paced("scale", "own surprise", rate=0.1 + 0.2, strength=1 / 3),
        WordForecaster(vocabulary=1, nodes=3),
        LabelForecaster(("\xe9 \ud800", "1"), bits=3),
    ):
        save(tmp_path / "a", learner)
        again = load(tmp_path / "a")
        assert again.options() == learner.options()
        assert isinstance(again.horizons, tuple)
        assert bits(again) == bits(learner)


def test_options_that_no_state_holds_are_refused(tmp_path: Path) -> None:
    for learner, option, number, sentence in (
        (WordForecaster(vocabulary=2, nodes=2), "vocabulary", 10**6, "does not fit a state of"),
        (WordForecaster(vocabulary=2, nodes=2), "nodes", 20, "in other places"),
        (LabelForecaster(bits=2), "bits", 3, "in other places"),
        (LabelForecaster(bits=2), "bits", 24, "does not fit a state of"),  # 800 MB
        (LabelForecaster(bits=2), "bits", 0, "options that make no LabelForecaster"),
        (LabelForecaster(bits=2), "labels", ["spam"], "options that make no LabelForecaster"),
        (Paced(), "rule", "faith", "options that make no Paced"),
    ):
        save(tmp_path / "a", learner)
        header, body = parts((tmp_path / "a").read_bytes())
        options = {**header["options"], option: number}
        with pytest.raises(CheckpointError, match=sentence):
            load(written(tmp_path / "a", sealed({**header, "options": options}, body)))


def test_an_option_is_believed_as_far_as_the_state_is_large(
    trained: tuple[Level, bytes], tmp_path: Path
) -> None:
    header, body = parts(trained[1])
    places = len(body) // 8
    for horizon, sentence in ((places, "in other places"), (places + 1, "does not fit a state of")):
        forgery = {**header, "options": {"horizons": [horizon]}}
        with pytest.raises(CheckpointError, match=sentence):
            load(written(tmp_path / "a", sealed(forgery, body)))


def test_options_may_be_integers_of_numpy(tmp_path: Path) -> None:
    save(tmp_path / "a", Regression(lags=np.int64(2)))
    assert load(tmp_path / "a").options()["lags"] == 2


def test_bits_of_nan_and_of_minus_zero_are_kept(tmp_path: Path) -> None:
    level = Level()
    level.floats[:4] = [-0.0, math.inf, 5e-324, -math.nan]
    level.floats.view(np.int64)[4] = 0x7FF8_0000_0000_1234  # a NaN that carries a message
    level.ints[0] = -(2**63)
    save(tmp_path / "a", level)
    assert bits(load(tmp_path / "a")) == bits(level)


def test_a_loaded_learner_owns_its_memory(tmp_path: Path) -> None:
    save(tmp_path / "a", Level())
    again = load(tmp_path / "a")
    assert again.floats.flags.writeable and again.floats.dtype == np.dtype(float)
    assert again.ints.flags.writeable and again.ints.dtype == np.dtype(np.int64)


def test_the_header_tells_what_the_file_holds(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    level, content = trained
    header = read_header(written(tmp_path / "a", content))
    assert header["learner"] == "Level"
    assert header["options"] == {"horizons": [1]}
    assert (header["source"], header["offset"]) == ("sales.csv", 40)
    assert header["floats"] == {"dtype": "<f8", "shape": [len(level.floats)]}
    assert header["ints"] == {"dtype": "<i8", "shape": [len(level.ints)]}
    state = level.floats.tobytes() + level.ints.tobytes()
    assert header["sha256"] == hashlib.sha256(state).hexdigest()
    assert content.endswith(state)


def test_the_same_state_makes_the_same_file(tmp_path: Path) -> None:
    save(tmp_path / "a", Level())
    save(tmp_path / "b", Level())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_saving_changes_no_bit_of_the_learner(tmp_path: Path) -> None:
    level = Level()
    level.learn(1.0)
    before = bits(level)
    save(tmp_path / "a", level)
    assert bits(level) == before


def test_every_room_has_its_learner() -> None:
    assert {type(make()).__name__ for make in LEARNERS.values()} == set(ROOMS)
    assert {type(make()).__module__ for make in LEARNERS.values()} == set(ROOMS.values())


# --- damage -----------------------------------------------------------------------------------


def test_no_flipped_byte_is_ever_taken(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    _, content = trained
    head = len(content) - len(parts(content)[1])
    rng = np.random.default_rng(1)
    sample = rng.choice(np.arange(head, len(content)), 200, replace=False)
    for position in [*range(head), *sample]:
        for mask in (1, 0x20, 0x80) if position < head else (1 << int(rng.integers(8)),):
            broken = bytearray(content)
            broken[position] ^= mask
            with pytest.raises(CheckpointError, match=r"[:;] "):
                load(written(tmp_path / "a", broken))


def test_no_part_of_a_file_is_ever_taken(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    _, content = trained
    head = len(content) - len(parts(content)[1])
    for length in [*range(head + 2), *range(head + 2, len(content), 37), len(content) - 1]:
        path = written(tmp_path / "a", content[:length])
        for read in (load, read_header):
            with pytest.raises(CheckpointError, match=r"cut short|is empty|is damaged"):
                read(path)


@pytest.mark.parametrize("more", [b"\0", b"\n", b"x" * 1000])
def test_a_file_that_goes_on_is_refused(
    trained: tuple[Level, bytes], tmp_path: Path, more: bytes
) -> None:
    with pytest.raises(CheckpointError, match="goes on after its end"):
        load(written(tmp_path / "a", trained[1] + more))


def test_swapped_parts_are_refused(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    header, body = parts(trained[1])
    swapped = body[8:16] + body[:8] + body[16:]
    assert swapped != body
    with pytest.raises(CheckpointError, match=r"damaged.*copy it again"):
        load(written(tmp_path / "a", sealed(header, swapped)))


# --- other files ------------------------------------------------------------------------------


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "arrays.npz", floats=np.zeros(3))
    written(tmp_path / "empty", b"")
    written(tmp_path / "text", b"time,y\n1,2\n")
    written(tmp_path / "line", b"x" * 100_000)
    written(tmp_path / "image.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    written(tmp_path / "pickle", b"\x80\x04\x95\x0b\x00\x00\x00")
    written(tmp_path / "prose", MAGIC + b"is a good thing to have\n")
    for path in tmp_path.iterdir():
        with pytest.raises(CheckpointError, match=re.escape(str(path))) as refusal:
            load(path)
        kind = {"empty": "is empty", "prose": "is damaged"}.get(path.name, "is not a checkpoint")
        assert kind in str(refusal.value)


def test_a_future_format_is_refused_by_its_number(
    trained: tuple[Level, bytes], tmp_path: Path
) -> None:
    for content in (sealed(*parts(trained[1]), format_number=FORMAT + 1), MAGIC + b"7 and so on\n"):
        with pytest.raises(CheckpointError, match=r"format [27].*knows 1 only.*update forecast"):
            load(written(tmp_path / "a", content))


def test_a_past_format_is_not_told_to_update(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    content = sealed(*parts(trained[1]), format_number=FORMAT - 1)
    with pytest.raises(CheckpointError, match=r"format 0.*knows 1 only: load it with the forecast"):
        load(written(tmp_path / "a", content))


def test_a_newer_version_is_refused(trained: tuple[Level, bytes], tmp_path: Path) -> None:
    header, body = parts(trained[1])
    for newer in ("99.0", "0.100.0"):
        with pytest.raises(CheckpointError, match=f"{newer}, which is newer.*update forecast"):
            load(written(tmp_path / "a", sealed({**header, "version": newer}, body)))
    load(written(tmp_path / "a", sealed({**header, "version": "0.0.9"}, body)))


def changed(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda header: {**header, **fields}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed(learner="Oracle"), "holds a 'Oracle', and forecast .* knows Level"),
        (changed(learner="os.system"), "holds a 'os.system'"),
        (changed(learner="x" * 200), f"holds a '{'x' * 80}', and"),
        (changed(learner="Regression"), "keeps the state of a Regression in other places"),
        (changed(options={"horizons": [1, 2]}), "in other places"),
        (changed(options={"horizons": []}), "options that make no Level"),
        (changed(options={"horizons": "1"}), "options that make no Level"),
        (changed(options={"speed": 3}), "options that make no Level .*unexpected keyword argument"),
        (changed(options={"horizons": [10**12]}), "does not fit a state of"),
        (changed(layout="0" * 64), "in other places"),
        (changed(layout=None), "without a valid 'layout'"),
        (changed(floats={"dtype": "<f8", "shape": [10**15]}), "is cut short"),
        (changed(floats={"dtype": "<f8", "shape": [2**60]}), "is cut short"),
        (changed(floats={"dtype": "<f8", "shape": [2**60 + 1]}), "without a valid 'floats'"),
        (changed(floats={"dtype": "<f8", "shape": [10**4299 * 9]}), "without a valid 'floats'"),
        (changed(format=FORMAT + 1), "of another format than its first line"),
        (changed(floats={"dtype": "<f8", "shape": [0]}), "goes on after its end"),
        (changed(floats={"dtype": ">f8", "shape": [3]}), "without a valid 'floats'"),
        (changed(floats={"dtype": "|O", "shape": [3]}), "without a valid 'floats'"),
        (changed(floats={"dtype": "<f8", "shape": [-1]}), "without a valid 'floats'"),
        (changed(floats={"dtype": "<f8", "shape": [True]}), "without a valid 'floats'"),
        (changed(ints={"dtype": "<i8", "shape": 3}), "without a valid 'ints'"),
        (changed(ints=[]), "without a valid 'ints'"),
        (changed(offset="here"), "without a valid 'offset'"),
        (changed(sha256="0" * 64), "is damaged"),
        (lambda header: {}, "without a valid 'format'"),
        (lambda header: [header], "not a JSON object"),
        (lambda header: b"{" * 100_000, "not JSON"),
        (lambda header: b"[" * 100_000, "not JSON"),
        (lambda header: b"\xff\xfe", "not JSON"),
        (lambda header: b" " * MOST_HEADER, "more than 1000000"),
    ],
)
def test_a_header_is_believed_in_nothing(
    trained: tuple[Level, bytes],
    tmp_path: Path,
    change: Callable[[dict[str, Any]], Any],
    sentence: str,
) -> None:
    header, body = parts(trained[1])
    with pytest.raises(CheckpointError, match=sentence):
        load(written(tmp_path / "a", sealed(change(header), body)))


def test_a_header_may_be_as_long_as_the_longest(
    trained: tuple[Level, bytes], tmp_path: Path
) -> None:
    header, body = parts(trained[1])
    text = json.dumps(header).encode()
    text += b" " * (MOST_HEADER - 1 - len(text))  # and the end of its line
    loaded = load(written(tmp_path / "a", sealed(text, body)))
    assert loaded.floats.tobytes() == trained[0].floats.tobytes()


def test_a_file_that_ends_in_its_header_is_told_so(
    trained: tuple[Level, bytes], tmp_path: Path
) -> None:
    first = trained[1].index(b"\n") + 1
    with pytest.raises(CheckpointError, match="is cut short in its header"):
        load(written(tmp_path / "a", trained[1][: first + 9]))


def test_state_with_a_place_moved_is_refused(
    trained: tuple[Level, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a later version that has as many floats, and keeps two parts in each other's place
    begin = Level.__init__

    def moved(self: Level, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        array, offset, shape = self.places["memories"]
        self.places = {**self.places, "memories": (array, offset + 1, shape)}

    monkeypatch.setattr(Level, "__init__", moved)
    with pytest.raises(CheckpointError, match=r"in other places.*learn the input anew"):
        load(written(tmp_path / "a", trained[1]))


def test_what_a_run_keeps_beside_its_learner(tmp_path: Path) -> None:
    level = Level()
    level.learn(3.0)
    more, notes = np.array([1.5, math.nan, -math.inf]), {"rows": 3, "times": ["a"]}
    save(tmp_path / "a", level, more=more, notes=notes)
    kept = load_whole(tmp_path / "a")
    assert bits(kept.learner) == bits(level) == bits(load(tmp_path / "a"))
    assert kept.more.tobytes() == more.tobytes()
    assert kept.notes == read_header(tmp_path / "a")["notes"] == notes
    header, body = parts((tmp_path / "a").read_bytes())
    for odd in ODD:
        for forgery in ({"more": odd}, {"more": {"dtype": "<f8", "shape": [odd]}}, {"notes": odd}):
            if isinstance(forgery.get("notes"), dict):
                continue
            with pytest.raises(CheckpointError, match=r"without a valid|instead of"):
                load_whole(written(tmp_path / "b", sealed({**header, **forgery}, body)))
    without = {name: value for name, value in header.items() if name != "more"}
    with pytest.raises(CheckpointError, match="goes on after its end"):
        load_whole(written(tmp_path / "b", sealed(without, body)))


ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 24, 255, 2**31, 2**60, 2**63, 10**400, 10**4299 * 9),
    *(1.5, -0.0, 1e308, math.nan, math.inf, "", "x", "1" * 5000, "\xe9", [], [[]], [1], ["a", "b"]),
    *([2**60], [-1], [1.5], [None], [True], {}, {"a": 1}),
)


def forged(header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The header with one of its fields gone, or odd."""
    for field in header:
        yield {name: value for name, value in header.items() if name != field}
        yield from ({**header, field: odd} for odd in ODD)
        if isinstance(header[field], dict):
            for part in forged(header[field]):
                yield {**header, field: part}


@pytest.mark.parametrize("name", ["level", "labels", "remembering"])
def test_an_odd_header_gives_the_same_learner_or_a_refusal(name: str, tmp_path: Path) -> None:
    """Its sums are right: no accident, and still no other exception and no memory for nothing."""
    learner = LEARNERS[name]()
    save(tmp_path / "a", learner)
    header, body = parts((tmp_path / "a").read_bytes())
    tracemalloc.start()
    refused = 0
    for odd in forged(header):
        path = written(tmp_path / "a", sealed(odd, body))
        try:
            again = load(path)
        except CheckpointError as error:
            assert str(error).startswith(str(path)) and re.search(r"[:;] ", str(error))
            refused += 1
        else:
            assert bits(again) == bits(learner)
            if odd["options"] == header["options"]:
                assert repr(again) == repr(learner)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused > 400
    assert peak < 20e6


@settings(max_examples=100)
@given(rng=st.randoms(use_true_random=False))
def test_any_accident_to_a_checkpoint_is_seen(
    rng: Random, trained: tuple[Level, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    level, content = trained
    broken = mutated(rng, content)
    path = written(tmp_path_factory.getbasetemp() / "accident", broken)
    if broken == content:
        assert bits(load(path)) == bits(level)
        return
    with pytest.raises(CheckpointError, match=r"[:;] "):
        load(path)


@pytest.mark.slow
def test_every_bit_and_every_truncation_of_a_checkpoint(
    trained: tuple[Level, bytes], tmp_path: Path
) -> None:
    _, content = trained
    assert 4000 <= len(content) <= 4200
    path = tmp_path / "a"
    for bit in range(8 * len(content)):
        broken = bytearray(content)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CheckpointError, match=r"[:;] "):
            load(written(path, broken))
    for length in range(len(content)):
        with pytest.raises(CheckpointError, match=r"[:;] "):
            load(written(path, content[:length]))


@pytest.mark.parametrize("name", kept_checkpoints.NAMES)
def test_a_checkpoint_of_each_format_still_goes_on(name: str) -> None:
    """It holds what is learned of its input today, and goes on as that does.

    A change of what a state means breaks this, though the names and places in it are the same: then
    raise FORMAT. A change of its places is refused by itself: then move the name to PAST.
    """
    path = kept_checkpoints.FOLDER / f"{name}.checkpoint"
    first, second, today = load(path), load(path), kept_checkpoints.learned(name)
    assert bits(first) == parts_of(path)
    assert first.options() == today.options()
    assert np.array_equal(first.ints, today.ints)
    # its bits are those of the machine that wrote it
    np.testing.assert_allclose(first.floats, today.floats, rtol=1e-9, atol=1e-12)
    for learner in (first, second, today):
        kept_checkpoints.teach(learner, kept_checkpoints.LATER)
    assert bits(first) == bits(second)
    assert np.array_equal(first.ints, today.ints)
    np.testing.assert_allclose(first.floats, today.floats, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", kept_checkpoints.OTHERWISE)
def test_a_checkpoint_whose_input_is_learned_otherwise_today_still_goes_on(name: str) -> None:
    path = kept_checkpoints.FOLDER / f"{name}.checkpoint"
    first, second = load(path), load(path)
    assert bits(first) == parts_of(path)
    for learner in (first, second):
        kept_checkpoints.teach(learner, kept_checkpoints.LATER)
    assert bits(first) == bits(second)
    # the input is between 0 and 4, and 5 higher from row 61 on
    assert 5.0 < first.predict().median < 9.0


def test_kept_checkpoints_of_the_past_are_refused_and_none_is_forgotten() -> None:
    for name in kept_checkpoints.PAST:
        with pytest.raises(CheckpointError, match="which saved it, or learn the input anew"):
            load(kept_checkpoints.FOLDER / f"{name}.checkpoint")
    kept = {path.stem for path in kept_checkpoints.FOLDER.glob("*.checkpoint")}
    assert kept == {
        *kept_checkpoints.NAMES,
        *kept_checkpoints.OTHERWISE,
        *kept_checkpoints.PAST,
    }
    formats = {
        read_header(kept_checkpoints.FOLDER / f"{name}.checkpoint")["format"] for name in kept
    }
    assert FORMAT in formats


# --- saving -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [OSError("no space left"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    trained: tuple[Level, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    fault: BaseException,
) -> None:
    level, content = trained
    path = written(tmp_path / "a", content)

    def fail(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(fault)):
        save(path, Regression(lags=2))
    monkeypatch.undo()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == content
    assert bits(load(path)) == bits(level)


def test_of_two_that_save_at_once_one_waits(tmp_path: Path) -> None:
    path = tmp_path / "a"
    other = locked(tmp_path / ".a.new", wait=True)
    assert other is not None
    saving = Thread(target=save, args=(path, Level()))
    saving.start()
    saving.join(0.2)
    assert saving.is_alive() and not path.exists()
    other.close()
    saving.join(10.0)
    assert repr(load(path)) == "Level()"


def test_the_file_is_durable_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda f: (steps.append("fsync"), fsync(f)))
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("replace"), replace(a, b)))
    save(tmp_path / "a", Level())
    assert steps == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_only_known_learners_are_saved(tmp_path: Path) -> None:
    class Mine(Level):
        pass

    Namesake = type("Level", (Level,), {})
    for learner in (Mine(), Namesake()):
        with pytest.raises(CheckpointError, match=r"cannot hold a (Mine|Level): it"):
            save(tmp_path / "a", learner)
    assert not list(tmp_path.iterdir())


def test_a_header_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="shorter name"):
        save(tmp_path / "a", Level(), source="x" * MOST_HEADER)
    with pytest.raises(TypeError):
        save(tmp_path / "a", Level(), offset=1.5)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_folder_is_neither_read_nor_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for path in (folder, Path(), tmp_path / "nowhere" / "a"):
        with pytest.raises(OSError):
            save(path, Level())
        with pytest.raises(OSError):
            load(path)
    assert not list(folder.iterdir())
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_missing_file_is_told_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):  # so that a person can begin anew
        load(tmp_path / "a")


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, to whom nothing is forbidden."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except OSError:
        pytest.skip("root that cannot become anybody else")
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_is_not_permitted_is_not_done(trained: tuple[Level, bytes]) -> None:
    level, content = trained
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to others than its owner
    try:
        path = written(folder / "a", content)
        path.chmod(0)
        folder.chmod(0o555)
        with nobody():
            with pytest.raises(PermissionError):
                load(path)
            with pytest.raises(PermissionError):
                save(path, Level())
        assert [entry.name for entry in folder.iterdir()] == ["a"]
        path.chmod(0o600)
        assert bits(load(path)) == bits(level)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
