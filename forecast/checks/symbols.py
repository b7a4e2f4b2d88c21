"""The laws of learners of words and labels: streams to try them on, and what must hold of them.

A learner that has ``labels`` is told messages and which of the two labels each got; one of bytes
is told those of a text; any other its words, and its forecasts have ``known`` and ``new``, as
``WordForecast`` has.
"""

import math
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from forecast.checks.law import (
    Factory,
    Law,
    StreamLaw,
    require,
    rows_of,
    same,
    same_state,
    saved_and_loaded,
    steps,
    thirds,
)
from forecast.learner import TOP, SymbolLearner, Symbols
from forecast.prequential import SymbolRun, prequential
from forecast.words.byte_forecaster import ByteForecaster

Item = tuple[Any, Any]  # what is known beside an observation, and the observation

SUBJECTS = (
    [
        "salt",
        "wave",
        "ship",
        "wind",
        "sail",
        "port",
        "tide",
        "gull",
        "rope",
        "deck",
        "mast",
        "crew",
    ],
    ["flour", "oven", "crust", "yeast", "dough", "seed", "loaf", "knead", "rise", "salt", "bake"],
)
COMMON = ["the", " the", " of", " a", " and", ".", ",", "\n"]
UNHEARD = b"\x01unheard\xff"  # no stream has this word


def stream(learner: SymbolLearner, n: int, seed: int = 0) -> list[Item]:
    """Words or messages of one subject, and from the middle on of another."""
    rng = np.random.default_rng(seed)
    if hasattr(learner, "labels"):
        return _messages(rng, n, learner.labels)
    if isinstance(learner, ByteForecaster):
        words = _text(rng, n)
        first, then = ("".join(half).encode() for half in (words[: n // 2], words[n // 2 :]))
        return [(None, bytes([y])) for y in first[: n // 2] + then[: n - n // 2]]
    return [(None, word) for word in _text(rng, n)]


def _text(rng: np.random.Generator, n: int) -> list[str]:
    """A text with common words and rare ones, pairs that hold together, and new words."""
    words = []
    place = 0
    for t in range(n):
        subject = SUBJECTS[2 * t // n]
        if rng.random() < 0.02:
            words.append("".join(rng.choice([*"aeionrst"], 7)))
        elif t % 2:
            words.append(COMMON[int(len(COMMON) * rng.random() ** 2)])
        else:
            step = 1 if rng.random() < 0.6 else int(rng.integers(len(subject)))
            place = (place + step) % len(subject)
            words.append(" " + subject[place])
    return words


def _messages(rng: np.random.Generator, n: int, labels: tuple[str, str]) -> list[Item]:
    """Messages whose words tell the label, but for a few; in the middle the words change sides."""
    items = []
    for t in range(n):
        positive = bool(rng.random() < 0.4)
        telling = SUBJECTS[positive != (2 * t >= n)]
        message = " ".join([*rng.choice(telling, 3), *rng.choice(COMMON, 4), str(t)])
        wrong = bool(rng.random() < 0.05)
        items.append((message, labels[positive != wrong]))
    return items


def symbols(learner: SymbolLearner, items: Iterable[Item]) -> Symbols:
    """Items as one block, as the compiled loop walks over them."""
    items = list(items)
    xs, ys = [learner.context(x) for x, _ in items], [learner.told(y) for _, y in items]
    return Symbols(0, *_joined(xs), *_joined(ys))


def _joined(parts: list[Any]) -> tuple[Any, Any]:
    """Slices of bytes one behind the other, and where each begins."""
    at = np.cumsum([0, *map(len, parts)])
    return np.concatenate([np.empty(0, np.uint8), *parts]), at


def fed(run: SymbolRun, items: Iterable[Item]) -> tuple[np.ndarray, list[Any]]:
    """All that a run says of the next items, [n, 4], and the likeliest answers before each."""
    block = symbols(run.learner, items)
    answers = run.feed(block, np.ones(len(block), np.bool_))
    return np.stack(answers[1:], axis=1), run.tops


def said(learner: SymbolLearner, item: Item) -> tuple[Any, float, float]:
    """What a learner says now, asked beside x: the likeliest, of y, and its rate."""
    x, y = item
    forecast = learner.predict(x)
    return forecast.top(TOP), forecast.surprise(y), learner.rate


def told(factory: Factory, items: Iterable[Item]) -> Any:
    """A new learner that was told these items."""
    learner = factory()
    for x, y in items:
        learner.learn(y, x)
    return learner


def future_changes_nothing(factory: Factory, items: list[Item]) -> None:
    """What comes later changes nothing that was said before, whatever it is."""
    learner = factory()
    for cut in rows_of(items, 1, 2, 30, 250):
        later = stream(learner, 300, seed=1)[::-1]
        # what is known beside an answer is no future: only the answer is another
        other = [*items[:cut], (items[cut][0], later[0][1]), *later]
        first, tops = fed(SymbolRun(learner.copy()), items)
        second, others = fed(SymbolRun(learner.copy()), other)
        early = slice(cut + 1)
        require(
            same(first[:cut], second[:cut])
            and same(first[early, 2], second[early, 2])
            and tops[early] == others[early],
            f"what was said before row {cut} was told changed with the rows from there on",
        )


def predicting_changes_nothing(factory: Factory, items: list[Item]) -> None:
    """Asking reads: a learner that was asked is, bit for bit, one that was not."""
    asked = factory()
    silent = factory()
    for item in items:
        for _ in range(3):
            before = said(asked, item)
        require(before == said(asked, item), "the same question got two answers")
        x, y = item
        asked.learn(y, x)
        silent.learn(y, x)
        require(said(asked, item) == said(silent, item), "one that was asked forecasts otherwise")
    require(same_state(asked, silent), "the state of a learner that was asked is another")


def chunks_change_nothing(factory: Factory, items: list[Item]) -> None:
    """One at a time, in random blocks, all at once, or by the loop in Python: the same bits."""
    n = len(items)
    if n == 0:
        return
    whole = SymbolRun(factory())
    expected, tops = fed(whole, items)
    cuts = [0, *np.sort(np.random.default_rng(3).integers(0, max(1, n), 9)).tolist(), n]
    for name, ends in (("in random chunks", cuts), ("one at a time", list(range(n + 1)))):
        run = SymbolRun(factory())
        parts = [fed(run, items[a:b]) for a, b in pairwise(ends)]
        require(same(expected, np.concatenate([said for said, _ in parts])), f"it differs {name}")
        require(tops == [top for _, some in parts for top in some], f"the top differs {name}")
        require(same_state(whole.learner, run.learner), f"the state differs {name}")
    learner = factory()
    for t, step in enumerate(prequential([(t, *item) for t, item in enumerate(items)], learner)):
        likeliest = step.forecast.top(TOP)  # type: ignore[attr-defined]
        require(step.time == t and likeliest == tops[t], f"the top of row {t} differs alone")
        require(step.surprise == expected[t, 0], f"the surprise of row {t} differs alone")
        require(step.rate == expected[t, 2], f"the rate of row {t} differs alone")
    require(t == len(items) - 1, "a row got no answer")
    require(same_state(whole.learner, learner), "the state differs alone")


def resuming_changes_nothing(factory: Factory, items: list[Item]) -> None:
    """Saved and loaded at any cut, a learner goes on as if nothing had happened."""
    going_on = factory()
    with tempfile.TemporaryDirectory() as folder:
        for t, (x, y) in enumerate(items):
            if t in (0, 1, 2, 17, 90):
                resumed = saved_and_loaded(going_on, Path(folder) / "state")
                for later_x, later_y in items[t : t + 40]:
                    resumed.learn(later_y, later_x)
                expected = told(factory, items[: t + 40])
                after = items[min(t + 40, len(items) - 1)]
                require(
                    said(resumed, after) == said(expected, after),
                    f"resumed at {t}, it forecasts otherwise",
                )
                require(same_state(resumed, expected), f"resumed at {t}, its state is another")
            going_on.learn(y, x)


def a_batch_is_its_observations(factory: Factory, items: list[Item]) -> None:
    """Told a batch, a learner is what it is when told the same observations in their order."""
    batch = factory()
    for some in thirds(items):
        batch.learn_many([y for _, y in some], [x for x, _ in some])
    one_by_one = told(factory, items)
    require(same_state(batch, one_by_one), "told a batch, its state is another")


def bad_values_do_no_harm(factory: Factory) -> None:
    """Missing ones are passed over, false ones refused; after odd ones the score recovers."""
    learner = factory()
    items = stream(learner, 800)[:400]  # of one subject
    scarred, unharmed = told(factory, items[:200]), told(factory, items[:200])
    for x, y in _false(learner):
        try:
            scarred.learn(y, x)
        except (TypeError, ValueError):
            continue
        require(False, f"{y!r:.40} beside {x!r:.40} was not refused")
    answered = list(prequential([(0, items[0][0], None)], scarred))
    require(not answered, "what is missing was scored")
    require(same_state(scarred, unharmed), "what is missing or refused changed the state")
    for x, y in _odd(learner):
        scarred.learn(y, x)
    harmed, usual = (fed(SymbolRun(each), items[200:])[0] for each in (scarred, unharmed))
    finite = np.isfinite(scarred.floats).all() and np.isfinite(harmed[:, 0]).all()
    require(bool(finite), "its state or its surprise is no longer finite")
    late, before = harmed[100:, 0].mean(), usual[100:, 0].mean()
    require(
        late <= 1.25 * before, f"mean surprise {late:.4g} after odd values, {before:.4g} before"
    )


def _false(learner: SymbolLearner) -> list[Item]:
    """What is no observation."""
    if hasattr(learner, "labels"):
        return [("a", "neither"), ("a", ""), ("a", 0), ("a", b"\0"), (7, learner.labels[0])]
    if isinstance(learner, ByteForecaster):
        return [*[(None, y) for y in ("", "ab", b"ab", "\u00e9", 256, -1, 7.0, True)], ("a", "a")]
    return [(None, ""), (None, "a" * 41), (None, b"\xff" * 41), (None, 7), ("a", "a")]


def _odd(learner: SymbolLearner) -> list[Item]:
    """What seldom comes, and may."""
    rng = np.random.default_rng(4)
    if hasattr(learner, "labels"):
        messages = [None, "", "\0", "\ud800", "deck " * 20_000, rng.bytes(5000), b"\xff" * 300]
        return [(x, y) for x in messages for y in learner.labels]
    if isinstance(learner, ByteForecaster):
        return [(None, y) for y in range(256)]
    words = ["\0", b"\xff", "a" * 40, b"\xff" * 40, *(rng.bytes(n) for n in range(1, 41, 3))]
    return [(None, word) for word in words for _ in range(2)]


def a_change_is_followed(factory: Factory) -> None:
    """After a change of subject the surprise falls back to where it was."""
    learner = factory()
    nats = fed(SymbolRun(learner), stream(learner, 1600))[0][:, 0]
    before, late = nats[600:800].mean(), nats[1400:].mean()
    require(late <= 1.25 * before, f"mean surprise {late:.4g} after a change, {before:.4g} before")


def forecasts_are_distributions(factory: Factory, items: list[Item]) -> None:
    """What may come has probabilities that sum to 1, and the likeliest are the first of it."""
    learner = factory()
    for t, (x, y) in enumerate(items):
        if t in (0, 1, 2, 30, 150):
            forecast = learner.predict(x)
            answers, ps, new = _all_of(learner, forecast)
            total = math.fsum([*ps, new])
            require(abs(total - 1.0) < 1e-9, f"probabilities sum to {total!r} at row {t}")
            require(min([*ps, new]) >= 0.0, f"a probability is {min([*ps, new]):.3g} at row {t}")
            off = [
                abs(forecast.surprise(a) + math.log(p)) for a, p in zip(answers, ps, strict=True)
            ]
            require(max(off, default=0.0) < 1e-9, f"p(y) is not exp(-surprise) at row {t}")
            likeliest = [p for _, p in forecast.top(TOP)]
            off = np.abs(np.sort(ps)[::-1][:TOP] - likeliest)
            require(max(off, default=0.0) < 1e-9, f"the top is not the likeliest at row {t}")
        learner.learn(y, x)


def _all_of(learner: Any, forecast: Any) -> tuple[list[Any], list[float], float]:
    """Everything known that may come, the probability of each, and that of all that is new."""
    if hasattr(learner, "labels"):
        return list(learner.labels), [forecast.p(label) for label in learner.labels], 0.0
    ps = forecast.known().tolist()
    return [learner.name(word) for word in range(len(ps))], ps, forecast.new


def expected_teaches_nothing(factory: Factory) -> None:
    """Where y follows the learner's own forecast, the mean step of what it believes is 0: exactly.

    The mean is over all that may come; one new word stands for all of them.
    """
    *before, (x, _) = stream(factory(), 401)
    learner = told(factory, before)
    answers, ps, new = _all_of(learner, learner.predict(x))
    if new > 0.0:
        answers, ps = [*answers, UNHEARD], [*ps, new]
    weighted = np.array(ps)[:, None] * steps(learner, answers, x)
    size = np.abs(weighted).sum(axis=0)
    require(bool(size.any()), "nothing was moved")
    worst = (np.abs(weighted.sum(axis=0)) / np.maximum(size, 1e-300)).max()
    require(worst < 1e-9, f"the mean step is {worst:.2g} of the mean size of a step")


def of(n: int) -> Any:
    """The usual stream of a law, of so many items."""
    return lambda learner: [stream(learner, n)]


LAWS: dict[str, Law] = {
    "the future changes no forecast": StreamLaw(future_changes_nothing, of(300), "symbols"),
    "predicting changes nothing": StreamLaw(predicting_changes_nothing, of(150), "symbols"),
    "chunks change nothing": StreamLaw(chunks_change_nothing, of(240), "symbols"),
    "resuming changes nothing": StreamLaw(resuming_changes_nothing, of(150), "symbols"),
    "a batch is its observations": StreamLaw(a_batch_is_its_observations, of(150), "symbols"),
    "bad values do no harm": bad_values_do_no_harm,
    "a change is followed": a_change_is_followed,
    "forecasts are distributions": StreamLaw(forecasts_are_distributions, of(200), "symbols"),
    "what was expected teaches nothing": expected_teaches_nothing,
}
