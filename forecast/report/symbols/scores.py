"""What scores of words and of labels share: means, free rivals, and how sure a skill is."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from forecast.report.batch_means import SkillIntervals
from forecast.report.score_tables import Rivalry
from forecast.report.scores import Entry, Floats, Meaning, Means, Sums, ratio, told_or_why
from forecast.report.symbols.reliability import Reliability
from forecast.report.verdict import distance, how_sure, rival_of
from forecast.report.window import Fading, Window

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

Kept = Sums | Window | Fading
Sure = Mapping[str, Sequence[float] | None]  # of each skill its interval


class Likeliest(NamedTuple):
    """Of each answer what the likeliest ones were, each [n]; NaN where that was not looked at."""

    p: Floats  # of the likeliest; NaN too where nothing was known
    right: Floats  # 1 where it was the likeliest, else 0
    listed: Floats  # 1 where it was among the ten likeliest


class SymbolScores(ABC):
    """All scores of a stream of words or labels: of all answers, of the last rows, and fading.

    A subclass names what it measures of each answer, its free rivals' surprise among it.
    """

    series: ClassVar[str]
    things: ClassVar[str]  # what is counted
    whole: ClassVar[str]  # what is forecast, one by one
    place: ClassVar[str]  # what tells where an answer stands
    axis: ClassVar[str]
    surprising: ClassVar[str]  # how the most surprising ones are read
    nothing: ClassVar[str]  # why nothing can be scored where there is none
    meanings: ClassVar[Mapping[str, Meaning]]
    rivalry: ClassVar[Rivalry]
    named: ClassVar[Mapping[str, str]]  # the rivals in a sentence
    measured: ClassVar[tuple[str, ...]]
    traced: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.means = Means(self.measured, 1)
        self.sure = SkillIntervals((self.series,), (1,), self.rivalry.rivals)
        self.reliability = Reliability()

    def add(self, block: "Symbols", told: "Told", likeliest: Likeliest) -> dict[str, Floats]:
        """Score a block of answers; returns what was measured of each, [n]."""
        here = np.zeros(len(block), np.int64)
        values = {"surprise": told.surprise, "expected": told.expected, "rate": told.rate}
        values |= self.measures(block, told, likeliest)
        self.means.add(told.row, here, values)
        losses = {rival: values[rival] for rival in self.rivalry.rivals}
        self.sure.add(told.row, here, told.surprise, losses)
        return values

    @abstractmethod
    def measures(self, block: "Symbols", told: "Told", likeliest: Likeliest) -> dict[str, Floats]:
        """What is measured of each answer, [n], beside surprise, expected surprise and rate."""

    @abstractmethod
    def scored(self, sums: Kept) -> Entry:
        """Counts and scores, over whatever the sums are taken over; NaN where undefined."""

    def entry(self) -> Entry:
        """The scores; those that are undefined are None, with a reason.

        Beside them stand ``window`` and ``fading``, the same scores of late, and ``reliability``:
        of each tenth of the probabilities that were said, how often it came true.
        """
        told = self.means.told(0, self._scored)
        named = {"series": self.series, "horizon": 1}
        return {**named, **told, "reliability": self.reliability.told()}

    def _scored(self, sums: Kept) -> Entry:
        values = self.scored(sums)
        why = reason_of if values["n"] else lambda name: self.nothing
        known, reason = told_or_why(values, why)
        return {**known, "reason": reason}

    def costs(self, sums: Kept, per: float = 1.0) -> dict[str, float]:
        """The surprise of each rival over ``per``, under the name of the loss; and each skill."""
        own = sums.mean("surprise", 0)
        means = {rival: sums.mean(rival, 0) for rival in self.rivalry.rivals}
        loss = self.rivalry.loss
        return {
            **{f"{loss}_{rival}": mean / per for rival, mean in means.items()},
            **{f"skill_{rival}": 1.0 - ratio(own, mean) for rival, mean in means.items()},
        }

    @classmethod
    @abstractmethod
    def said(cls, entry: Entry, sure: Sure, labels: Sequence[str] = ()) -> list[str]:
        """How good the forecasts were, and whether their probabilities held, in sentences."""

    @staticmethod
    @abstractmethod
    def table(entry: Entry) -> list[list[str]]:
        """Header and row of the scores beside those of the free rivals, for a terminal."""

    @classmethod
    def against_rival(cls, entry: Entry, sure: Sure) -> str:
        """How much less it cost than the best of the free rivals, and how sure, in words."""
        rival = rival_of(entry, cls.rivalry.rivals)
        if rival is None:
            return "beside no naive forecaster"
        skill = float(entry[f"skill_{rival}"])
        than = f"{distance(skill, cls.rivalry.sides)} {cls.named[rival]}"
        how = how_sure(sure.get(f"skill_{rival}"), cls.rivalry.sides)
        return f"{than} ({how})" if sure else than


def total(sums: Kept, name: str) -> float:
    """The sum of a measure: whole where it counts."""
    count = sums.counted(name, 0)
    if not count:
        return 0
    value = sums.mean(name, 0) * count
    return round(value) if isinstance(count, int) and math.isfinite(value) else value


def reason_of(name: str) -> str:
    """Why a score is undefined although questions were answered."""
    reasons = {
        "expected_surprise": "not known for this forecaster",
        "auc": "all messages have the same label",
        "false_alarm_rate": "no message had the label that could have been mistaken",
        "miss_rate": "no message had the label that could have been missed",
        "accuracy": "the likeliest answers were not looked at",
        "top10": "the likeliest answers were not looked at",
        "accuracy_last": "there was no label before",
    }
    return reasons.get(name, "an answer was held to be impossible")
