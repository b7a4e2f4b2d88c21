"""Every learner keeps every law; and each law can be broken."""

import copy
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from forecast import (
    LabelForecaster,
    Learner,
    Level,
    LightForecaster,
    NumberForecaster,
    Paced,
    Run,
    check,
)
from forecast.checks import LAWS, LEARNERS, LawBroken, laws_of, numbers, symbols
from forecast.compiled import compiled
from forecast.distribution.hinged import Hinged
from forecast.distribution.mixture import Mixture
from forecast.labels.forecaster import LEARNED, label_ask, label_learn
from forecast.labels.learner import LabelForecast
from forecast.learner import SURPRISE, NumberLearner
from forecast.numbers.series import LAST

# The strange series are the longest, and these learners have a twin of one answer a point, at
# once: they are asked where tests may be slow.
LONG = ("edges are outlived", "the last value is near", "edges leave no scar")
MANY = (
    *("level, horizons 1 and 5", "naive, season 12", "regression, horizons 1 and 3"),
    *("forecaster, horizon 7", "forecaster, season 12", "forecaster, 3 channels"),
)


def every_one() -> Iterator[Any]:
    """Every learner with every law."""
    for learner, law in itertools.product(LEARNERS, LAWS):
        slow = [pytest.mark.slow] if law in LONG and learner in MANY else []
        yield pytest.param(learner, law, marks=slow, id=f"{learner}-{law}")


@pytest.mark.parametrize(("learner", "law"), list(every_one()))
def test_law(learner: str, law: str) -> None:
    LAWS[law](LEARNERS[learner])


# Below, each learner is a sound one with one fault, and each fault breaks the law that forbids it.


class Sound(Learner):
    """A level behind plain methods, so that the loop runs it in Python."""

    def __init__(self) -> None:
        self.level = Level()
        self.horizons = self.level.horizons

    @property
    def rate(self) -> float:
        return self.level.rate

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return self.level.predict(horizon=horizon)

    def learn(self, y: Any, x: Any = None) -> None:
        self.level.learn(y)


def changed(said: Any, shift: float = 0.0, wider: float = 1.0, by: float = 0.0) -> Any:
    """A forecast at another place, and wider by a factor and an amount."""
    if not isinstance(said, Hinged):
        return said  # nothing is known yet, or one value only
    of = said.mixture
    parts = [of.weights, of.locations + shift, of.scales * wider + by, of.nus]
    other, hinge = Mixture.of(np.array(parts), of.cell), said.hinge + shift
    return Hinged.of(other, hinge, other.cdf(hinge), said.below)


class Reminded(Sound):
    """Knows from another run what came next in it, and leans that way."""

    heard: ClassVar[dict[int, float]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        said = super().predict(horizon=horizon)
        return changed(said, shift=0.001 * (self.heard.get(self.rows, said.mean) - said.mean))

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        if math.isfinite(y):
            self.heard[self.rows] = y
        self.rows += 1


class Unnerved(Sound):
    """Is less sure after every question."""

    asked = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        self.asked += 1
        return changed(super().predict(horizon=horizon), wider=1.0 + 1e-6 * self.asked)


class Particular(Sound):
    """Takes the numbers of numpy for rougher than those of Python."""

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y if type(y) is float else float(np.float32(y)))


class Shared(Sound):
    """Forecasts when it is told, and shares its level with its copies."""

    said: Any = None

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return self.said or super().predict(horizon=horizon)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        self.said = super().predict()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Shared":
        return copy.copy(self)


class Hasty(Sound):
    """Takes a batch by its mean."""

    def learn_many(self, ys: Any, xs: Any = None) -> None:
        for _ in ys:
            self.learn(float(np.nanmean(ys)))


class Inattentive(Sound):
    """Takes every twentieth value for a missing one."""

    told = 0

    def learn(self, y: Any, x: Any = None) -> None:
        self.told += 1
        super().learn(None if self.told % 20 == 0 else y)


class Cocksure(Sound):
    """Is thirty times as sure as its errors allow."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return changed(super().predict(horizon=horizon), wider=0.03)


class Poisoned(Sound):
    """Adds what it is told to a sum that nothing infinite ever leaves."""

    drift = 0.0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return changed(super().predict(horizon=horizon), shift=self.drift)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        self.drift += 0.0 * y


class Forlorn(Sound):
    """Knows nothing any more once it has waited too long for a value."""

    waited = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        shift = math.inf if self.waited > 30 else 0.0
        return changed(super().predict(horizon=horizon), shift=shift)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        self.waited = self.waited + 1 if math.isnan(y) else 0


class Stubborn(Sound):
    """Believes nothing outside the range of its first hundred values, widened by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.first: list[float] = []

    def learn(self, y: Any, x: Any = None) -> None:
        if len(self.first) < 100:
            self.first.append(y)
        else:
            low, high = np.nanmin(self.first), np.nanmax(self.first)
            y = float(np.clip(y, 2.0 * low - high, 2.0 * high - low))
        super().learn(y)


class Metric(Sound):
    """Is unsure by a thousandth more, in whatever unit the series comes."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return changed(super().predict(horizon=horizon), by=0.001)


class Contrary(Sound):
    """Leans against the last step of its level, far."""

    step = 0.0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return changed(super().predict(horizon=horizon), shift=-12.0 * self.step)

    def learn(self, y: Any, x: Any = None) -> None:
        before = self.level.predict().mean
        super().learn(y)
        step = self.level.predict().mean - before
        self.step = step if math.isfinite(step) else 0.0


class Shaken(Sound):
    """Is never sure of anything again once it has waited long for a value."""

    waited = longest = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        wider = 50.0 if self.longest > 30 else 1.0
        return changed(super().predict(horizon=horizon), wider=wider)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        self.waited = self.waited + 1 if math.isnan(y) else 0
        self.longest = max(self.longest, self.waited)


class Lying(Hinged):
    """A forecast whose cdf is not that of its quantiles."""

    __slots__ = ()

    def cdf(self, y: float) -> float:
        return super().cdf(y) ** 1.001


class Deceived(Sound):
    """Says forecasts that lie."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        said = super().predict(horizon=horizon)
        if not isinstance(said, Hinged):
            return said
        return Lying(said.mixture, said.hinge, said.below)


class Startled(Level):
    """Steps as much further as it is surprised: a surprise is then paid for twice."""

    def moved(self, before: Level) -> np.ndarray:
        y = self.view("memories")[LAST]
        return super().moved(before) * before.predict().surprise(y)


# The same for learners of labels; where a fault lies in a kernel, it is one of this file.


class Few(LabelForecaster):
    """A sound one, with few weights."""

    def __init__(self, labels: tuple[str, str] = ("no", "yes"), bits: int = 8) -> None:
        super().__init__(labels, bits)

    def options(self) -> dict[str, Any]:
        return {name: value for name, value in super().options().items() if name != "sure"}


@compiled
def peeking_ask(f, i, x, y, said):  # type: ignore[no-untyped-def]
    label_ask(f, i, x, y, said)
    if y[1] == 1:  # a kernel reads beyond its slice without being told
        said[SURPRISE] *= 0.999


class Peeking(Few):
    """Reads one byte too many: in a stream this is the next label."""

    _ask = staticmethod(peeking_ask)


class Flattered(Few):
    """Takes each question for a positive label, if only a little."""

    def predict(self, x: Any = None, horizon: int | None = None) -> LabelForecast:
        said = super().predict(x, horizon)
        self.view("counts")[:, 0] += 1e-6
        return said


class Talkative(Few):
    """Alone it hears one message twice; in the compiled loop, once."""

    def learn(self, y: Any, x: Any = None) -> None:
        for _ in range(2 if isinstance(x, str) and x.endswith(" 100") else 1):
            super().learn(y, x)


class Forgetful(Few):
    """Keeps no state when it is copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Forgetful":
        return type(self)()


class Rash(Few):
    """Of a batch it hears what comes last first."""

    def learn_many(self, ys: Any, xs: Any = None) -> None:
        super().learn_many(ys[::-1], xs[::-1])


class Credulous(Few):
    """Takes whatever is no label for the negative one."""

    def told(self, y: Any) -> Any:
        return super().told(y if y in self.labels else self.labels[0])


@compiled
def settled_learn(f, i, x, y):  # type: ignore[no-untyped-def]
    if i[LEARNED] < 500:
        label_learn(f, i, x, y)


class Settled(Few):
    """Has learned enough after 500 messages."""

    _learn = staticmethod(settled_learn)


class Boasting(LabelForecast):
    """Two probabilities that sum to more than 1."""

    __slots__ = ()

    def p(self, y: Any) -> float:
        return super().p(y) * 1.001

    def surprise(self, y: Any) -> float:
        return LabelForecast(self.probabilities).surprise(y)


class Boastful(Few):
    """Says probabilities that sum to more than 1."""

    def predict(self, x: Any = None, horizon: int | None = None) -> LabelForecast:
        return Boasting(super().predict(x, horizon).probabilities)


class Alarmed(Few):
    """Steps further where the label is the positive one."""

    def moved(self, before: LabelForecaster) -> np.ndarray:
        alarmed = self.view("counts")[-1, 0] > before.view("counts")[-1, 0]
        return super().moved(before) * (1.001 if alarmed else 1.0)


class Late:
    """A queue of questions that is read one row late."""

    def __init__(self, waiting: dict[int, Any]) -> None:
        self.waiting = waiting

    def pop(self, row: int, nothing: Any) -> Any:
        return self.waiting.pop(row - 1, nothing)

    def setdefault(self, row: int, nothing: Any) -> Any:
        return self.waiting.setdefault(row, nothing)


# For each law: a learner that breaks it, what the law says, and the laws that must break with it.
FAULTS: dict[str, tuple[Callable[[], Learner], str, set[str]]] = {
    "the future changes no forecast": (
        Reminded,
        "changed with the rows after them",
        # a second run, alike or scaled, has heard the first
        {"chunks change nothing", "scale and shift go through", "what returns is held"},
    ),
    "predicting changes nothing": (Unnerved, "the same question got two answers", set()),
    "chunks change nothing": (Particular, "surprise differs alone", set()),
    "resuming changes nothing": (Shared, "it forecasts otherwise", set()),
    "a batch is its observations": (Hasty, "told a batch, it forecasts otherwise", set()),
    "every answer is learned": (Inattentive, "row 19 was not learned", set()),
    "what returns is held": (
        Cocksure,
        "of a pattern that returns, 0 % of the answers",
        {"edges leave no scar"},
    ),
    "bad values do no harm": (Poisoned, "no longer finite", {"edges are outlived"}),
    "shifts are learned": (
        Stubborn,
        "after a shift",
        {"edges are outlived", "the last value is near", "edges leave no scar"},
    ),
    "scale and shift go through": (Metric, "quantiles of 1000 y +0 are off by", set()),
    "forecasts are distributions": (Deceived, "cdf(quantile(p)) is off by", set()),
    "edges are outlived": (Forlorn, "missing for a long time: of 1 values nothing", set()),
    "the last value is near": (Contrary, "times worse than the last value", set()),
    "edges leave no scar": (Shaken, "missing until late: noise after it", set()),
    "what was expected teaches nothing": (Startled, "standard errors from 0", set()),
    "the loop is aligned": (
        Sound,
        "an exact forecaster is off by",
        # the last value of a late question was given up by then, and a row has no answer
        {"chunks change nothing", "edges are outlived"},
    ),
}


SYMBOL_FAULTS: dict[str, tuple[Callable[[], Learner], str, set[str]]] = {
    "the future changes no forecast": (
        Peeking,
        "was told changed with the rows from there on",
        {"chunks change nothing"},  # alone, it reads what stands there by chance
    ),
    "predicting changes nothing": (
        Flattered,
        "the same question got two answers",
        {"chunks change nothing", "what was expected teaches nothing"},  # each of them asks
    ),
    "chunks change nothing": (Talkative, "of row 101 differs alone", set()),
    "resuming changes nothing": (Forgetful, "it forecasts otherwise", set()),
    "a batch is its observations": (Rash, "told a batch, its state is another", set()),
    "bad values do no harm": (Credulous, "was not refused", set()),
    "a change is followed": (Settled, "after a change", set()),
    "forecasts are distributions": (
        Boastful,
        "probabilities sum to 1.00",
        set(),
    ),
    "what was expected teaches nothing": (Alarmed, "of the mean size of a step", set()),
}


def read_one_row_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loop take each row for the answer to the questions of the row before."""
    loop = sys.modules[Run.__module__]
    steps = loop._steps

    def late(stream: Any, learner: Learner, truth: Any, waiting: Any, first: int) -> Iterator[Any]:
        return steps(stream, learner, truth, Late(waiting), first)

    monkeypatch.setattr(loop, "_steps", late)


def laws_broken(factory: Callable[[], Learner]) -> dict[str, str]:
    """The laws that ``check`` says are broken, in its order, and what it says of each."""
    with pytest.raises(LawBroken) as broken:
        check(factory)
    return dict(line.split(": ", 1) for line in str(broken.value).split("\n"))


def test_a_sound_learner_keeps_every_law() -> None:
    assert check(Sound) == list(numbers.LAWS)
    assert check(Few) == list(symbols.LAWS)


def test_every_law_is_asked_of_some_learner() -> None:
    assert set(LAWS) == numbers.LAWS.keys() | symbols.LAWS.keys()
    asked = [set(laws_of(make())) for make in LEARNERS.values()]
    assert set().union(*asked) == set(LAWS)


# That a fault breaks no law but its own is asked where tests may be slow: it takes every law.
SOUND = [pytest.param(False, id="its own"), pytest.param(True, id="all", marks=pytest.mark.slow)]


def asks_only(kind: ModuleType, some: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``check`` ask no law of a kind but these, in their order."""
    kept = {name: law for name, law in kind.LAWS.items() if name in some}
    monkeypatch.setattr(kind, "LAWS", kept)  # an item that is taken out comes back at the end


@pytest.mark.parametrize("every", SOUND)
@pytest.mark.parametrize("law", numbers.LAWS)
def test_this_law_can_be_broken(law: str, every: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reminded, "heard", {})
    if law == "the loop is aligned":
        read_one_row_late(monkeypatch)
    factory, sentence, others = FAULTS[law]
    if not every:
        asks_only(numbers, {law, *others}, monkeypatch)
    said = laws_broken(factory)
    assert sentence in said[law]
    assert list(said) == [name for name in numbers.LAWS if name == law or name in others]


@pytest.mark.parametrize("every", SOUND)
@pytest.mark.parametrize("law", symbols.LAWS)
def test_this_law_can_be_broken_by_a_learner_of_labels(
    law: str, every: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory, sentence, others = SYMBOL_FAULTS[law]
    if not every:
        asks_only(symbols, {law, *others}, monkeypatch)
    said = laws_broken(factory)
    assert sentence in said[law]
    assert list(said) == [name for name in symbols.LAWS if name == law or name in others]


def test_a_rate_that_knows_the_sign_of_its_error_biases_a_gradient() -> None:
    # rate = |a| / b is larger where the newest error has the sign of the last ones, and the step
    # is rate times error: it is larger on that side. One that hears the size alone is not.
    law = LAWS["what was expected teaches nothing"]
    with pytest.raises(LawBroken, match="standard errors from 0"):
        law(lambda: Paced("gradient", "Trigg-Leach"))
    law(lambda: Paced("gradient", "own surprise"))


@pytest.mark.parametrize("make", [NumberForecaster, LightForecaster, Level])
@pytest.mark.parametrize("glitch", [1e3, 1e6, 1e9])
def test_one_spike_on_a_constant_series_leaves_no_scar(
    make: Callable[[], NumberLearner], glitch: float
) -> None:
    """A sensor that rests, one glitch, then 1,000 values of ordinary noise: 200 are enough."""
    noise = 0.02 * np.random.default_rng(11).normal(size=1000)
    rest = np.full(800, 2.0)
    rest[100] += glitch
    answers = Run(make()).feed(np.concatenate([rest, 2.0 + noise]))
    late = answers.row >= 1000
    y, low, high = answers.y[late], answers.quantiles[late, 1], answers.quantiles[late, 19]
    assert 0.85 <= ((low <= y) & (y <= high)).mean() <= 0.97
    assert np.median(high - low) <= 5.0 * 0.02  # 3.3 spreads are 90 % of a normal one


def test_check_says_what_each_law_says_alone() -> None:
    law = "scale and shift go through"
    with pytest.raises(LawBroken) as alone:
        LAWS[law](Metric)
    with pytest.raises(LawBroken) as together:
        check(Metric)
    assert str(together.value) == f"{law}: {alone.value}"
