"""A learner that remembers its past selves; and a batch takes as many contexts."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast import (
    LabelForecaster,
    Level,
    Regression,
    Remembering,
    RememberingLabels,
    load,
    run,
    save,
)
from forecast.blend import MANAGERS
from forecast.checkpoint import CheckpointError
from forecast.checks.law import same_state
from forecast.learner import NumberLearner
from forecast.selves import AT_ALIKE, KEEP, RECENT, change_places, keep_present

LEVELS = (0.05, 0.5, 0.95)


def states(learner: Remembering) -> list[Level]:
    """The selves of a level, each as a level of its own."""
    found = []
    for floats, ints in zip(learner.view("states"), learner.view("int states"), strict=True):
        level = Level()
        level.floats[:], level.ints[:] = floats, ints
        found.append(level)
    return found


def told(series: np.ndarray, selves: int = 3) -> Remembering:
    """A remembering level that has learned a series."""
    learner = Remembering(Level(), selves)
    learner.learn_many(series.tolist())
    return learner


def walk(n: int, seed: int = 0) -> np.ndarray:
    """A random walk."""
    return np.random.default_rng(seed).normal(size=n).cumsum()


def turning(n: int) -> np.ndarray:
    """Noise about 0, a random walk, and noise again: slow memories, fast ones, slow ones."""
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(size=n), rng.normal(size=n).cumsum(), rng.normal(size=n)])


# ------------------------------------------------- what is said


def test_the_forecast_is_the_mean_of_the_selves_forecasts_at_each_level() -> None:
    learner = told(turning(200))
    weights = learner.view("weights")[:3]
    assert abs(weights.sum() - 1.0) < 1e-12
    said = [level.predict() for level in states(learner)]
    assert len({round(each.quantile(0.95), 6) for each in said}) > 1
    for level in LEVELS:
        expected = sum(w * each.quantile(level) for w, each in zip(weights, said, strict=True))
        assert learner.predict().quantile(level) == pytest.approx(expected, abs=1e-9)
    mean = sum(w * each.mean for w, each in zip(weights, said, strict=True))
    assert learner.predict().mean == pytest.approx(mean, abs=1e-9)
    assert sum(learner.weights().values()) == pytest.approx(1.0)


def test_it_goes_on_from_what_its_learner_was() -> None:
    level = Level()
    level.learn_many(walk(100).tolist())
    before = level.predict()
    learner = Remembering(level, selves=2)
    for p in LEVELS:
        assert learner.predict().quantile(p) == pytest.approx(before.quantile(p), abs=1e-9)
    learner.learn(7.0)
    assert level.predict().quantile(0.5) == before.quantile(0.5)  # it is copied, not changed


def test_before_anything_is_kept_all_selves_are_the_learner_itself() -> None:
    level = Level()
    level.learn_many(walk(KEEP - 1).tolist())
    assert all(same_state(each, level) for each in states(told(walk(KEEP - 1))))


def test_nothing_is_known_before_the_first_value() -> None:
    assert math.isnan(Remembering(Level()).predict().median)


# ------------------------------------------------- who is woken, kept, given up


def test_a_self_is_woken_from_its_past_and_shown_what_came_of_late() -> None:
    ys = walk(72)
    learner = told(ys)  # at 64 the present became the past of the first; its turn is at 72
    assert learner.view("kept").tolist() == [0, KEEP, 0]
    woken = Level()
    woken.floats[:], woken.ints[:] = learner.view("pasts")[1], learner.view("int pasts")[1]
    kept = Level()
    kept.learn_many(ys[:KEEP].tolist())
    assert same_state(woken, kept)
    woken.learn_many(ys[72 - RECENT :].tolist())
    assert same_state(states(learner)[1], woken)


def test_changing_places_changes_nothing_that_is_said() -> None:
    learner = told(turning(200))
    other = learner.copy()
    change_places(other.floats, other.ints, 2)
    assert same_state(states(other)[0], states(learner)[2])
    assert same_state(states(other)[2], states(learner)[0])
    assert np.array_equal(other.view("pasts")[2], learner.view("states")[0], equal_nan=True)
    assert other.view("weights")[[2, 1, 0]].tolist() == learner.view("weights")[:3].tolist()
    for level in LEVELS:
        before = learner.predict().quantile(level)
        assert other.predict().quantile(level) == pytest.approx(before, abs=1e-9)


@pytest.mark.parametrize(
    ("alike", "kept", "gone", "heir"),
    [
        # of past selves that are alike the older one gives way, whichever it is
        ([[0.0, 0.9, 0.8], [0.9, 0.0, 0.1], [0.8, 0.1, 0.0]], [0, 64, 128], 1, 2),
        ([[0.0, 0.9, 0.8], [0.9, 0.0, 0.1], [0.8, 0.1, 0.0]], [0, 128, 64], 2, 1),
        # what the present self has become replaces what it was
        ([[0.0, 0.9, 0.2], [0.9, 0.0, 0.7], [0.2, 0.7, 0.0]], [0, 64, 128], 2, 0),
    ],
)
def test_of_the_two_most_alike_one_gives_way(
    alike: list[list[float]], kept: list[int], gone: int, heir: int
) -> None:
    learner = told(turning(100))
    learner.view("alike")[:] = alike
    learner.view("kept")[:] = kept
    before = learner.view("weights").copy()
    assert keep_present(learner.floats, learner.ints) == gone
    weights = learner.view("weights")
    expected = before[:3].copy()
    expected[heir] += expected[gone]
    expected[0] /= 2.0
    expected[gone] = expected[0]
    assert weights[:3] == pytest.approx(expected, abs=1e-15)
    sets = weights[3 + MANAGERS :].reshape(-1, 3)
    assert sets.sum(axis=1) == pytest.approx(np.ones(len(sets)), abs=1e-9)
    assert same_state(states(learner)[gone], states(learner)[0])
    likeness = learner.ints[AT_ALIKE]
    assert learner.floats[likeness : likeness + 9].reshape(3, 3)[gone, 0] == 0.0


def test_an_old_self_comes_back() -> None:
    n = 300
    ys = turning(n)
    plain, remembering = (errors(each, ys)[0] for each in (Level(), Remembering(Level(), 3)))
    oracle = Level()
    oracle.learn_many([*ys[:n], *ys[2 * n - RECENT : 2 * n]])
    never = errors(oracle, ys[2 * n :])[0][:50].sum()
    soon = slice(2 * n, 2 * n + 50)
    assert plain[soon].sum() > 1.05 * never
    assert remembering[soon].sum() < 1.03 * never


def swinging(n: int, coefficient: float, rng: np.random.Generator) -> np.ndarray:
    """Differences each of which follows from the one before; their mean size is 1."""
    found = np.zeros(n)
    for t in range(1, n):
        found[t] = coefficient * found[t - 1] + rng.normal()
    return found / np.abs(found).mean()


def errors(learner: NumberLearner, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors of the medians, and the rows that they are of."""
    answers = run(learner, ys)
    return np.abs(answers.y - answers.quantiles[:, 10]), answers.row


@pytest.mark.slow
def test_what_was_learned_of_a_regime_is_there_when_it_returns() -> None:
    n, plain, remembering, never = 400, 0.0, 0.0, 0.0
    for seed in (3, 4, 5, 6):
        rng = np.random.default_rng(seed)
        ys = np.cumsum(np.concatenate([swinging(n, c, rng) for c in (0.9, -0.9, 0.9)]))
        error, row = errors(Regression(lags=8), ys)
        soon = (row > 2 * n) & (row <= 2 * n + 50)
        plain += error[soon].mean()
        remembering += errors(Remembering(Regression(lags=8)), ys)[0][soon].mean()
        oracle = Regression(lags=8)
        oracle.learn_many([*ys[:n], *ys[2 * n - RECENT : 2 * n]])
        never += errors(oracle, ys[2 * n :])[0][:50].mean()
    assert plain > 1.25 * never
    assert remembering < 1.12 * never


# ------------------------------------------------- labels

Mail = tuple[str, str]  # message, label


def mails(n: int, seed: int, turned: bool = False) -> list[Mail]:
    """Messages of two kinds; turned, what was spam is wanted."""
    rng = np.random.default_rng(seed)
    words = (["lunch", "home", "later", "sorry", "okay"], ["win", "prize", "free", "call", "now"])
    found = []
    for t in range(n):
        kind = int(rng.random() < 0.4)
        text = " ".join([*rng.choice(words[kind], 3), *rng.choice(words[1 - kind], 1), f"n{t}"])
        wrong = bool(rng.random() < 0.05)
        found.append((text, ("ham", "spam")[(kind != turned) != wrong]))
    return found


def surprise(learner: LabelForecaster | RememberingLabels, some: list[Mail]) -> float:
    """Nats of labels, each of which is learned then."""
    total = 0.0
    for text, label in some:
        total += learner.predict(text).surprise(label)
        learner.learn(label, text)
    return total


def test_the_probability_of_a_label_is_the_selves_mean_of_it() -> None:
    learner = RememberingLabels(LabelForecaster(bits=8), selves=3)
    surprise(learner, [*mails(150, 0), *mails(100, 1, turned=True)])
    expected, ps = 0.0, []
    states = zip(learner.view("states"), learner.view("int states"), strict=True)
    for weight, (floats, ints) in zip(learner.view("weights")[:3], states, strict=True):
        one = LabelForecaster(bits=8)
        one.floats[:], one.ints[:] = floats, ints
        ps.append(one.predict("win lunch").p("spam"))
        expected += weight * ps[-1]
    assert max(ps) - min(ps) > 0.1
    assert learner.predict("win lunch").p("spam") == pytest.approx(expected, rel=1e-12)
    assert sum(learner.weights().values()) == pytest.approx(1.0)


def test_what_was_spam_once_may_be_it_again() -> None:
    """Labels that change sides, and back: beside one that forgets, and one that never saw it."""
    before, between, after = mails(300, 0), mails(200, 1, turned=True), mails(300, 2)
    plain, never = LabelForecaster(bits=10), LabelForecaster(bits=10)
    remembering = RememberingLabels(LabelForecaster(bits=10))
    for learner in (plain, remembering):
        surprise(learner, before + between)
    surprise(never, before)
    least = surprise(never, after)
    assert surprise(plain, after) > 2.2 * least
    assert surprise(remembering, after) < 1.3 * least


def test_past_selves_take_no_labels_of_their_own() -> None:
    with pytest.raises(ValueError, match="make it without `sure`"):
        RememberingLabels(LabelForecaster(bits=6, sure=0.9))
    with pytest.raises(ValueError, match="2 or more"):
        RememberingLabels(LabelForecaster(bits=6), selves=1)


# ------------------------------------------------- bad input


@pytest.mark.parametrize("selves", [1, 0, -3])
def test_a_past_takes_two_selves(selves: int) -> None:
    with pytest.raises(ValueError, match="2 or more"):
        Remembering(Level(), selves)


def test_a_checkpoint_holds_a_learner_that_another_is_made_of(tmp_path: Path) -> None:
    learner = Remembering(Level((1, 5)), selves=2)
    learner.learn_many(walk(30).tolist())
    save(tmp_path / "state", learner)
    again = load(tmp_path / "state")
    assert same_state(again, learner)
    assert repr(again) == "Remembering(learner=Level(horizons=(1, 5)), selves=2)"

    class Mine(Level):
        """Not of the library."""

    with pytest.raises(CheckpointError, match="cannot hold a Mine"):
        save(tmp_path / "mine", Remembering(Mine()))


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ({"learner": "os.system", "options": {}}, "no learner is called 'os.system'"),
        ({"learner": "Regression", "options": {"lags": 10**9}}, "has lags 1000000000"),
        ({"learner": "Level", "options": {"horizon": 1}}, "has options that make no"),
        ({}, "has options that make no"),
    ],
)
def test_false_learners_within_a_checkpoint_are_refused(
    tmp_path: Path, inner: dict[str, Any], said: str
) -> None:
    from forecast.checkpoint import _rebuilt, read_header

    save(tmp_path / "state", Remembering(Level(), selves=2))
    header = read_header(tmp_path / "state")
    header["options"]["learner"] = inner
    with pytest.raises(CheckpointError, match=said):
        _rebuilt(tmp_path / "state", json.loads(json.dumps(header)))


# ------------------------------------------------- a batch


def test_a_batch_takes_as_many_contexts() -> None:
    learner = LabelForecaster(bits=6)
    with pytest.raises(ValueError, match="2 observations take as many contexts; got 1"):
        learner.learn_many(["ham", "spam"], ["one"])
    assert same_state(learner, LabelForecaster(bits=6))
