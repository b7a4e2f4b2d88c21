"""Every learner keeps every law; and each law can be broken."""

import copy
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from forecast import Learner, Level, Run, check
from forecast.checks import LAWS, LEARNERS, LawBroken
from forecast.distribution import Mixture
from forecast.numbers.series import LAST


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("learner", LEARNERS)
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
    if not isinstance(said, Mixture):
        return said  # nothing is known yet, or one value only
    parts = [said.weights, said.locations + shift, said.scales * wider + by, said.nus]
    return Mixture.of(np.array(parts), said.cell)


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


class Poisoned(Sound):
    """Adds what it is told to a sum that nothing infinite ever leaves."""

    drift = 0.0

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        return changed(super().predict(horizon=horizon), shift=self.drift)

    def learn(self, y: Any, x: Any = None) -> None:
        super().learn(y)
        self.drift += 0.0 * y


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


class Lying(Mixture):
    """A mixture whose cdf is not that of its quantiles."""

    __slots__ = ()

    def cdf(self, y: float) -> float:
        return super().cdf(y) ** 1.001


class Deceived(Sound):
    """Says mixtures that lie."""

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        said = super().predict(horizon=horizon)
        if not isinstance(said, Mixture):
            return said
        return Lying.of(np.array(said._parts), said.cell)


class Startled(Level):
    """Steps as much further as it is surprised: a surprise is then paid for twice."""

    def moved(self, before: Level) -> np.ndarray:
        y = self.view("series")[LAST]
        return super().moved(before) * before.predict().surprise(y)


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
        {"chunks change nothing", "scale and shift go through"},
    ),
    "predicting changes nothing": (Unnerved, "the same question got two answers", set()),
    "chunks change nothing": (Particular, "surprise differs alone", set()),
    "resuming changes nothing": (Shared, "it forecasts otherwise", set()),
    "bad values do no harm": (Poisoned, "no longer finite", set()),
    "shifts are learned": (Stubborn, "after a shift", set()),
    "scale and shift go through": (Metric, "quantiles of 1000 y +0 are off by", set()),
    "forecasts are distributions": (Deceived, "cdf(quantile(p)) is off by", set()),
    "what was expected teaches nothing": (Startled, "standard errors from 0", set()),
    "the loop is aligned": (
        Sound,
        "an exact forecaster is off by",
        {"chunks change nothing"},  # the last value of a late question was given up by then
    ),
}


def read_one_row_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loop take each row for the answer to the questions of the row before."""
    loop = sys.modules[Run.__module__]
    steps = loop._steps

    def late(stream: Any, learner: Learner, waiting: Any, first: int) -> Iterator[Any]:
        return steps(stream, learner, Late(waiting), first)

    monkeypatch.setattr(loop, "_steps", late)


def laws_broken(factory: Callable[[], Learner]) -> dict[str, str]:
    """The laws that ``check`` says are broken, in its order, and what it says of each."""
    with pytest.raises(LawBroken) as broken:
        check(factory)
    return dict(line.split(": ", 1) for line in str(broken.value).split("\n"))


def test_a_sound_learner_keeps_every_law() -> None:
    assert check(Sound) == list(LAWS)


@pytest.mark.parametrize("law", LAWS)
def test_this_law_can_be_broken(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reminded, "heard", {})
    if law == "the loop is aligned":
        read_one_row_late(monkeypatch)
    factory, sentence, others = FAULTS[law]
    said = laws_broken(factory)
    assert sentence in said[law]
    assert list(said) == [name for name in LAWS if name == law or name in others]


def test_check_says_what_each_law_says_alone() -> None:
    law = "scale and shift go through"
    with pytest.raises(LawBroken) as alone:
        LAWS[law](Metric)
    with pytest.raises(LawBroken) as together:
        check(Metric)
    assert str(together.value) == f"{law}: {alone.value}"
