"""Scores of forecasts of labels: how often right, how sure, and how well they rank.

All of them come from one number for each message: the log odds of the positive label, as the
surprise at the label that was told gives them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Bools, Entry, Floats, Ints, Meaning, Sums, ratio
from forecast.report.symbols.words import running_frequencies, told_or_why
from forecast.report.verdict import FEW, number, percent, shown_name, signed

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

EXACT = 100_000  # answers up to which every one keeps its place in the ranking
DIGITS = 9  # decimals of log odds that are told apart
CELL, FARTHEST = 0.001, 40.0  # of the histogram of log odds that is kept beyond them
BARS = 10  # of the probabilities, whose truth is looked at

MEANINGS = {
    "n": Meaning("messages", "", "the label of each was forecast before it was told"),
    "base_rate": Meaning("positive", "share", "messages that had the positive label"),
    "accuracy": Meaning("accuracy", "share", "labels that were thought likelier than not"),
    "accuracy_commoner": Meaning(
        "commoner label", "share", "accuracy of the rival that says what was commoner so far"
    ),
    "log_loss": Meaning("log loss", "nats", "mean of -log p(label), the surprise: lower is better"),
    "log_loss_frequency": Meaning(
        "running frequency", "nats", "log loss of the rival that knows how often each label came"
    ),
    "skill_frequency": Meaning(
        "skill, frequency", "", "1 - log loss / log loss of that rival; above 0 wins"
    ),
    "expected_surprise": Meaning(
        "expected surprise", "nats", "what the forecasts thought that the log loss would be"
    ),
    "auc": Meaning(
        "AUC", "", "how often a positive message was thought likelier positive than a negative one"
    ),
    "false_alarm_rate": Meaning(
        "false alarms", "share", "negative messages that were thought positive, at p = 1/2"
    ),
    "miss_rate": Meaning(
        "misses", "share", "positive messages that were thought negative, at p = 1/2"
    ),
}


class LabelScores:
    """All scores of a stream of labels.

    Parameters
    ----------
    labels : pair of str
        The negative and the positive label.
    """

    series = "label"
    meanings = MEANINGS
    traced = ("surprise", "expected", "rate", "rival")

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.counts = np.zeros(2, np.int64)
        self.wrong = np.zeros(2, np.int64)  # false alarms, misses
        self.commoner = 0  # right answers of the rival that says the commoner label
        self.sums = Sums(("surprise", "expected"), 1)
        self.reliability = Sums(("p", "positive"), BARS)
        self.ranking = Ranking()

    def add(self, block: "Symbols", told: "Told") -> dict[str, Floats]:
        """Score a block of labels; returns the values that are traced, each [n]."""
        y = block.y[block.y_at[:-1]].astype(np.int64)
        here = np.zeros(len(y), np.int64)
        odds = log_odds(told.surprise, y == 1)
        self.sums.add("surprise", here, told.surprise)
        self.sums.add("expected", here, told.expected)
        self.ranking.add(odds, y)
        self.wrong += np.bincount(y[(odds > 0.0) != (y == 1)], minlength=2)
        positive = 1.0 / (1.0 + np.exp(-odds))
        bar = np.minimum((BARS * positive).astype(np.int64), BARS - 1)
        self.reliability.add("p", bar, positive)
        self.reliability.add("positive", bar, y.astype(np.float64))
        own = {"surprise": told.surprise, "expected": told.expected, "rate": told.rate}
        return {**own, "rival": self._rival(y)}

    def _rival(self, y: Ints) -> Floats:
        """Surprise of the running frequency, and what the commoner label would have got right."""
        n = self.counts.sum() + np.arange(len(y))
        positives = self.counts[1] + np.cumsum(y) - y
        self.commoner += int(((2 * positives > n) == (y == 1)).sum())
        self.counts += np.bincount(y, minlength=2)
        # p(y) = (c_y + 1/2) / (n + 1)
        same = np.where(y == 1, positives, n - positives)
        surprise: Floats = -np.log((same + 0.5) / (n + 1.0))
        return surprise

    def entry(self) -> Entry:
        """The scores; those that are undefined are None, with a reason."""
        no, yes = self.counts.tolist()
        n = no + yes
        log_loss = self.sums.mean("surprise", 0)
        frequency = ratio(running_frequencies(self.counts), n)
        values = {
            "base_rate": ratio(yes, n),
            "accuracy": ratio(n - int(self.wrong.sum()), n),
            "accuracy_commoner": ratio(self.commoner, n),
            "log_loss": log_loss,
            "log_loss_frequency": frequency,
            "skill_frequency": 1.0 - ratio(log_loss, frequency),
            "surprise": log_loss,
            "expected_surprise": self.sums.mean("expected", 0),
            "auc": self.ranking.auc(),
            "false_alarm_rate": ratio(int(self.wrong[0]), no),
            "miss_rate": ratio(int(self.wrong[1]), yes),
        }
        counts = {"series": self.series, "horizon": 1, "n": n}
        known = told_or_why(values, n, "no message was read")
        return {**counts, **known, "auc_exact": self.ranking.exact}


def log_odds(surprise: Floats, positive: Bools) -> Floats:
    """log p/(1-p) of the positive label, from the surprise at the label that was told.

    With s = -log p(y):  log p(y) / (1 - p(y)) = -log(exp(s) - 1).

    Examples
    --------
    >>> log_odds(np.log([2.0, 4.0, 4.0]), np.array([True, True, False])).round(4).tolist()
    [0.0, -1.0986, 1.0986]
    """
    with np.errstate(divide="ignore", over="ignore"):
        against = np.where(surprise > 500.0, surprise, np.log(np.expm1(surprise)))
    # what was told decides through which sum a log odds came: digits that differ by it are cut
    odds: Floats = np.clip(np.where(positive, -against, against), -700.0, 700.0)
    return np.round(odds, DIGITS) + 0.0


class Ranking:
    """How well log odds rank the labels: exactly up to 100,000 answers, then by a histogram."""

    def __init__(self) -> None:
        self.exact = True
        self.odds: list[Floats] = []
        self.y: list[Ints] = []
        self.kept = 0
        self.cells = np.zeros((2, int(2 * FARTHEST / CELL) + 1), np.int64)

    def add(self, odds: Floats, y: Ints) -> None:
        """Add a block of answers."""
        self.odds.append(odds)
        self.y.append(y)
        self.kept += len(y)
        if self.exact and self.kept <= EXACT:
            return
        self.exact = False
        cell = np.rint((np.clip(np.concatenate(self.odds), -FARTHEST, FARTHEST) + FARTHEST) / CELL)
        place = np.concatenate(self.y) * self.cells.shape[1] + cell.astype(np.int64)
        self.cells += np.bincount(place, minlength=self.cells.size).reshape(self.cells.shape)
        self.odds, self.y = [], []

    def auc(self) -> float:
        """The share of pairs of a positive and a negative in the right order, a tie as a half.

        auc = sum_k c1_k (c0_1 + ... + c0_{k-1} + c0_k / 2) / (n1 n0)   over rising log odds k
        """
        cells = self.cells
        if self.exact and self.kept:
            odds, y = np.concatenate(self.odds), np.concatenate(self.y)
            ranks = np.unique(odds, return_inverse=True)[1]
            cells = np.array([np.bincount(ranks[y == k], minlength=len(y)) for k in (0, 1)])
        no, yes = cells.astype(float)
        won = float((yes * (np.cumsum(no) - 0.5 * no)).sum())
        return ratio(won, float(yes.sum() * no.sum()))


def verdict(entry: Entry, labels: Sequence[str]) -> str:
    """Say in one or two honest sentences how well the labels were forecast.

    Examples
    --------
    >>> entry = {"n": 2787, "accuracy": 0.984, "accuracy_commoner": 0.866, "miss_rate": 0.058,
    ...          "false_alarm_rate": 0.009, "log_loss": 0.058, "skill_frequency": 0.852}
    >>> print(verdict(entry, ("ham", "spam")))
    Of 2,787 messages 98.4 % got the right label before it was told (always the commoner one: \
86.6 %). Of spam 94.2 % was found, of ham 0.9 % taken for it. The probabilities cost 0.058 nats a \
message, 85 % less than the running frequency of the labels.
    """
    n = entry["n"]
    if n == 0:
        return "There were no messages, so nothing was forecast and nothing can be said."
    of = f"Of {n:,} messages" if n > 1 else "Of one message"
    right = f"{percent(entry['accuracy'], 1)} got the right label before it was told"
    rival = f"(always the commoner one: {percent(entry['accuracy_commoner'], 1)})"
    few = f" That is few: fewer than {FEW} messages prove little." if n < FEW else ""
    return f"{of} {right} {rival}. {found(entry, labels)} {cost(entry)}{few}"


def found(entry: Entry, labels: Sequence[str]) -> str:
    """What was found of the positive label, and what was taken for it."""
    no, yes = (shown_name(label) for label in labels)
    missed, alarms = entry["miss_rate"], entry["false_alarm_rate"]
    if missed is None or alarms is None:
        return f"All of them were {no if missed is None else yes}."
    right = f"Of {yes} {percent(1.0 - missed, 1)} was found"
    return f"{right}, of {no} {percent(alarms, 1)} taken for it."


def cost(entry: Entry) -> str:
    """The log loss against that of the running frequency, in words."""
    skill = entry["skill_frequency"]
    if skill is None:
        return "At least one label was held to be impossible: the probabilities cannot be scored."
    spent = f"The probabilities cost {number_of(entry['log_loss'])} nats a message"
    if abs(skill) < 0.005:
        return f"{spent}, no less than the running frequency of the labels."
    more = "less" if skill > 0.0 else "more"
    return f"{spent}, {percent(abs(skill))} {more} than the running frequency of the labels."


def number_of(nats: float) -> str:
    """A loss to two digits, three decimals at most.

    Examples
    --------
    >>> number_of(0.058), number_of(0.4712)
    ('0.058', '0.471')
    """
    return f"{nats:.3f}" if nats >= 0.001 or nats == 0.0 else f"{nats:.1g}"


def table(entry: Entry) -> list[list[str]]:
    """Header and row of the scores beside those of the free rivals."""
    header = ["messages", "accuracy", "commoner label", "log loss", "frequency", "skill", "AUC"]
    header += ["false alarms", "misses"]
    row = [
        *(f"{entry['n']:,}", percent(entry["accuracy"], 1)),
        *(percent(entry["accuracy_commoner"], 1), number(entry["log_loss"])),
        *(number(entry["log_loss_frequency"]), signed(entry["skill_frequency"])),
        *(number(entry["auc"]), percent(entry["false_alarm_rate"], 1)),
        percent(entry["miss_rate"], 1),
    ]
    return [header, row]
