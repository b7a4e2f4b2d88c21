"""Scores of forecasts of labels: how often right, how sure, and how well they rank.

All of them come from one number for each message: the log odds of the positive label, as the
surprise at the label that was told gives them. The free rivals never look at a message.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.score_tables import Rivalry
from forecast.report.scores import Bools, Entry, Floats, Ints, Meaning, ratio
from forecast.report.symbols.reliability import held
from forecast.report.symbols.scores import Kept, Likeliest, Sure, SymbolScores
from forecast.report.verdict import LESS, number, percent, shown_name, signed
from forecast.rivals import Frequencies

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

EXACT = 100_000  # answers up to which every one keeps its place in the ranking
DIGITS = 9  # decimals of log odds that are told apart
CELL, FARTHEST = 0.001, 40.0  # of the histogram of log odds that is kept beyond them

RIVALS = {"frequency": "running frequency", "last": "last label"}
NAMED = {
    "frequency": "the running frequency of the labels",
    "last": "the last label and how often it came again",
}
MEANINGS = {
    "n": Meaning("messages", "", "the label of each was forecast before it was told"),
    "base_rate": Meaning("positive", "share", "messages that had the positive label"),
    "accuracy": Meaning("accuracy", "share", "labels that were thought likelier than not"),
    "accuracy_commoner": Meaning(
        "commoner label", "share", "accuracy of the rival that says what was commoner so far"
    ),
    "accuracy_last": Meaning(
        "last label", "share", "accuracy of the rival that says the last label again"
    ),
    "log_loss": Meaning("log loss", "nats", "mean of -log p(label), the surprise: lower is better"),
    "log_loss_frequency": Meaning(
        "running frequency", "nats", "log loss of the rival that knows how often each label came"
    ),
    "log_loss_last": Meaning(
        "last label", "nats", "that of the rival that knows how often a label came twice in a row"
    ),
    "skill_frequency": Meaning(
        "skill, frequency", "saving", "1 - log loss / log loss of the running frequency"
    ),
    "skill_last": Meaning("skill, last label", "saving", "1 - log loss / that of the last label"),
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


def log_loss_read(rivals: Sequence[str]) -> str:
    """How the log loss beside those of the free rivals is read."""
    return (
        "Log loss is the mean surprise at the label that was told, in nats. The free rivals never "
        "look at a message: one gives each label the share it had so far, one gives the last label "
        "the share in which a label came twice in a row. Under the loss of each stands how much "
        "less this forecaster lost, or how much more: skill, 1 - ratio of the two."
    )


class LabelScores(SymbolScores):
    """All scores of a stream of labels."""

    series, things, nothing = "label", "messages", "no message was read"
    whole = "stream"
    place, axis = "line", "place in the file"
    meanings, named = MEANINGS, NAMED
    rivalry = Rivalry(
        "log_loss",
        "log loss",
        RIVALS,
        LESS,
        {
            "accuracy": "accuracy",
            "accuracy_commoner": "accuracy, commoner label",
            "accuracy_last": "accuracy, last label",
        },
        log_loss_read,
    )
    measured = (
        *("surprise", "expected", "positive", "right", "alarm", "miss", "commoner", "repeated"),
        *RIVALS,
    )
    traced = ("surprise", "expected", "rate", *RIVALS)

    def __init__(self) -> None:
        super().__init__()
        self.ranking = Ranking()
        self.frequency = Frequencies(2)
        self.repeats = Frequencies(2)  # how often a label was another one, and how often the same
        self.last: int | None = None

    def measures(self, block: "Symbols", told: "Told", likeliest: Likeliest) -> dict[str, Floats]:
        """What is measured of each message."""
        y = block.y[block.y_at[:-1]].astype(np.int64)
        positive = y == 1
        odds = log_odds(told.surprise, positive)
        self.ranking.add(odds, y)
        self.reliability.add(1.0 / (1.0 + np.exp(-odds)), positive.astype(np.float64))
        wrong = ((odds > 0.0) != positive).astype(np.float64)
        return {
            "positive": positive.astype(np.float64),
            "right": 1.0 - wrong,
            "alarm": np.where(positive, np.nan, wrong),
            "miss": np.where(positive, wrong, np.nan),
            **self._rivals(y),
        }

    def _rivals(self, y: Ints) -> dict[str, Floats]:
        """Surprise of the rivals, and which labels they would have got right."""
        n, positives = self.frequency.counts.sum() + np.arange(len(y)), np.cumsum(y) - y
        positives = positives + self.frequency.counts[1]
        before = np.concatenate(([y[0] if self.last is None else self.last], y[:-1]))
        same = (y == before).astype(np.int64)
        repeated = same.astype(np.float64)
        if self.last is None:  # before the first label there is none: 1/2
            repeated[0] = np.nan
            last = np.concatenate(([np.log(2.0)], self.repeats.see(same[1:])))
        else:
            last = self.repeats.see(same)
        self.last = int(y[-1])
        commoner = ((2 * positives > n) == (y == 1)).astype(np.float64)
        frequency = self.frequency.see(y)
        return {
            "commoner": commoner,
            "repeated": repeated,
            "frequency": frequency,
            "last": last,
        }

    def scored(self, sums: Kept) -> Entry:
        """Counts and scores of labels; the ranking is that of all answers."""
        log_loss = sums.mean("surprise", 0)
        ranked = {"auc": self.ranking.auc()} if sums is self.means.sums else {}
        return {
            "n": sums.counted("positive", 0),
            "base_rate": sums.mean("positive", 0),
            "accuracy": sums.mean("right", 0),
            "accuracy_commoner": sums.mean("commoner", 0),
            "accuracy_last": sums.mean("repeated", 0),
            "log_loss": log_loss,
            **self.costs(sums),
            "surprise": log_loss,
            "expected_surprise": sums.mean("expected", 0),
            **ranked,
            "false_alarm_rate": sums.mean("alarm", 0),
            "miss_rate": sums.mean("miss", 0),
        }

    def entry(self) -> Entry:
        """The scores, and whether the ranking is exact; see ``SymbolScores.entry``."""
        return {**super().entry(), "auc_exact": self.ranking.exact}

    @classmethod
    def said(cls, entry: Entry, sure: Sure, labels: Sequence[str] = ("no", "yes")) -> list[str]:
        """How well the labels were forecast, and whether the probabilities held, in sentences.

        Examples
        --------
        >>> bar = {"n": 2787, "said": 0.134, "was": 0.135, "low": 0.12, "high": 0.147}
        >>> entry = {"n": 2787, "accuracy": 0.984, "miss_rate": 0.058, "false_alarm_rate": 0.009,
        ...          "log_loss": 0.058, "skill_frequency": 0.852, "reliability": [bar]}
        >>> sure = {"skill_frequency": [0.82, 0.88]}
        >>> print(*LabelScores.said(entry, sure, ("ham", "spam")), sep="\\n")
        Of 2,787 messages 98.4 % got the right label before it was told, at a cost of 0.058 nats a \
message, 85 % less than the running frequency of the labels (95 % sure: 82 to 88 %).
        Of spam 94.2 % was found, of ham 0.9 % taken for it; the probabilities held, 0.1 points \
off on average.
        """
        n, loss = entry["n"], entry["log_loss"]
        if n == 0:
            return ["There were no messages, so nothing was forecast and nothing can be said."]
        of = f"Of {n:,} messages" if n > 1 else "Of one message"
        right = f"{of} {percent(entry['accuracy'], 1)} got the right label before it was told"
        if loss is None:
            impossible = "at least one label was held to be impossible"
            cost = f"{impossible}, so that the probabilities cannot be scored"
            return [f"{right}; {cost}.", f"{found(entry, labels)}."]
        cost = f"at a cost of {number_of(loss)} nats a message, {cls.against_rival(entry, sure)}"
        return [f"{right}, {cost}.", f"{found(entry, labels)}; {held(entry['reliability'])}."]

    @staticmethod
    def table(entry: Entry) -> list[list[str]]:
        """Header and row of the scores beside those of the free rivals."""
        header = ["messages", "accuracy", "commoner label", "log loss", "frequency", "skill"]
        header += ["last label", "skill", "AUC", "false alarms", "misses"]
        row = [
            *(f"{entry['n']:,}", percent(entry["accuracy"], 1)),
            *(percent(entry["accuracy_commoner"], 1), number(entry["log_loss"])),
            *(number(entry["log_loss_frequency"]), signed(entry["skill_frequency"])),
            *(number(entry["log_loss_last"]), signed(entry["skill_last"])),
            *(number(entry["auc"]), percent(entry["false_alarm_rate"], 1)),
            percent(entry["miss_rate"], 1),
        ]
        return [header, row]


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


def found(entry: Entry, labels: Sequence[str]) -> str:
    """What was found of the positive label, and what was taken for it."""
    no, yes = (shown_name(label) for label in labels)
    missed, alarms = entry["miss_rate"], entry["false_alarm_rate"]
    if missed is None or alarms is None:
        return f"All of them were {no if missed is None else yes}"
    right = f"Of {yes} {percent(1.0 - missed, 1)} was found"
    return f"{right}, of {no} {percent(alarms, 1)} taken for it"


def number_of(nats: float) -> str:
    """A loss to two digits, three decimals at most.

    Examples
    --------
    >>> number_of(0.058), number_of(0.4712)
    ('0.058', '0.471')
    """
    return f"{nats:.3f}" if nats >= 0.001 or nats == 0.0 else f"{nats:.1g}"
