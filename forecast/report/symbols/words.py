"""Scores of forecasts of words: what the text would cost if it were written in surprises.

The words of a text partition its bytes, so that bits a word and bits a byte are the same sum over
two counts. The free rival knows no words: it counts the bytes seen so far.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Entry, Floats, Ints, Meaning, Sums
from forecast.report.verdict import FEW, number, percent, signed

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

BITS = 1.0 / math.log(2.0)  # in a nat

MEANINGS = {
    "n": Meaning("words", "", "each was forecast before it was read; spaces and marks are words"),
    "bytes": Meaning("bytes", "", "all bytes of the text: its words joined again"),
    "bits_per_byte": Meaning(
        "bits a byte", "bits", "surprise over all bytes; a file as it lies has 8: lower is better"
    ),
    "bits_per_byte_single": Meaning(
        "single bytes", "bits", "bits a byte of the rival that counts each byte as it comes"
    ),
    "skill_single": Meaning(
        "skill, single bytes", "", "1 - bits a byte / bits a byte of that rival; above 0 wins"
    ),
    "bits_per_word": Meaning("bits a word", "bits", "surprise over all words"),
    "surprise": Meaning("surprise", "nats", "mean of -log p(word): lower is better"),
    "expected_surprise": Meaning(
        "expected surprise", "nats", "what the forecasts thought that it would be"
    ),
    "perplexity": Meaning(
        "perplexity",
        "",
        "exp of the mean surprise: so many equally likely words would be as hard to guess; to be "
        "compared only where words are cut in the same way and new ones are spelled, too",
    ),
    "perplexity_without_spelling": Meaning(
        "without spelling", "", "the same, had it been enough to say that a word is a new one"
    ),
    "new_words": Meaning("new words", "", "words never seen before, which had to be spelled"),
}


class WordScores:
    """All scores of a text, streamed."""

    series = "word"
    meanings = MEANINGS
    traced = ("surprise", "expected", "rate", "bytes")

    def __init__(self) -> None:
        self.n = self.new = 0
        self.sums = Sums(("surprise", "expected", "known"), 1)
        self.bytes = np.zeros(256, np.int64)

    def add(self, block: "Symbols", told: "Told") -> dict[str, Floats]:
        """Score a block of words; returns the values that are traced, each [n]."""
        here = np.zeros(len(block), np.int64)
        self.n += len(block)
        self.new += int((told.spelled > 0.0).sum())
        self.bytes += np.bincount(block.y[block.y_at[0] : block.y_at[-1]], minlength=256)
        with np.errstate(invalid="ignore"):
            self.sums.add("surprise", here, told.surprise)
            self.sums.add("expected", here, told.expected)
            self.sums.add("known", here, told.surprise - told.spelled)
        length = np.diff(block.y_at).astype(np.float64)
        own = {"surprise": told.surprise, "expected": told.expected, "rate": told.rate}
        return {**own, "bytes": length}

    def entry(self) -> Entry:
        """The scores; those that are undefined are None, with a reason."""
        surprise = self.sums.mean("surprise", 0)
        size = int(self.bytes.sum())
        bits = surprise * self.n * BITS
        single = running_frequencies(self.bytes) * BITS
        values = {
            "bits_per_byte": bits / size if size else math.nan,
            "bits_per_byte_single": single / size if size else math.nan,
            "skill_single": 1.0 - bits / single if single > 0.0 else math.nan,
            "bits_per_word": surprise * BITS,
            "surprise": surprise,
            "expected_surprise": self.sums.mean("expected", 0),
            "perplexity": exponential(surprise),
            "perplexity_without_spelling": exponential(self.sums.mean("known", 0)),
        }
        counts = {"series": self.series, "horizon": 1, "n": self.n, "bytes": size}
        return {**counts, "new_words": self.new, **told_or_why(values, self.n, "no word was read")}


def running_frequencies(counts: Ints) -> float:
    """Nats that symbols cost which are forecast by how often each came before.

    p(k) = (c_k + 1/2) / (n + K/2), before each of n symbols of K; whatever their order, the
    product of these is a quotient of gamma functions of the counts at the end.
    Source: Krichevsky and Trofimov (1981).

    Examples
    --------
    Three heads and no tail:  1/2 * 3/4 * 5/6.

    >>> round(math.exp(-running_frequencies(np.array([3, 0]))), 6) == round(15 / 48, 6)
    True
    """
    n, half = int(counts.sum()), 0.5 * len(counts)
    seen = math.fsum(math.lgamma(c + 0.5) - math.lgamma(0.5) for c in counts.tolist())
    return math.lgamma(n + half) - math.lgamma(half) - seen


def exponential(nats: float) -> float:
    """exp, infinite where it is too large."""
    return math.exp(nats) if nats < 700.0 or math.isnan(nats) else math.inf


def told_or_why(values: dict[str, float], n: int, nothing: str) -> Entry:
    """Scores, those that are undefined as None beside ``reason``, which says why."""
    unknown = [name for name, value in values.items() if not math.isfinite(value)]
    reason = {name: reason_of(name) if n else nothing for name in unknown}
    return {name: None if name in reason else v for name, v in values.items()} | {"reason": reason}


def reason_of(name: str) -> str:
    """Why a score is undefined although questions were answered."""
    reasons = {
        "expected_surprise": "not known for this forecaster",
        "auc": "all messages have the same label",
        "false_alarm_rate": "no message had the label that could have been mistaken",
        "miss_rate": "no message had the label that could have been missed",
    }
    return reasons.get(name, "an answer was held to be impossible")


def verdict(entry: Entry) -> str:
    """Say in one or two honest sentences how well the words were forecast.

    Examples
    --------
    >>> entry = {"n": 240_000, "bytes": 1_100_000, "bits_per_byte": 1.7, "skill_single": 0.63,
    ...          "bits_per_byte_single": 4.6, "perplexity": 220.3, "new_words": 7200}
    >>> print(verdict(entry))
    Forecast word by word, this text needs 1.70 bits a byte, 21 % of its size, where the \
frequencies of its bytes alone need 4.60. Each of its 240,000 words was as hard to guess as \
one of 220 equally likely ones; 3.0 % of them were new and had to be spelled.
    """
    n = entry["n"]
    if n == 0:
        return "The text is empty, so nothing was forecast and nothing can be said."
    bits, single = entry["bits_per_byte"], entry["bits_per_byte_single"]
    if bits is None:
        return f"Of {n:,} words, at least one was held to be impossible: no cost can be given."
    size = f"Forecast word by word, this text needs {bits:.2f} bits a byte, {percent(bits / 8.0)}"
    rival = f"no less than the {single:.2f} that the frequencies of its bytes alone need"
    if entry["skill_single"] > 0.0:
        rival = f"where the frequencies of its bytes alone need {single:.2f}"
    each = f"Each of its {n:,} words was" if n > 1 else "Its one word was"
    fair = f"as hard to guess as one of {number_of(entry['perplexity'])} equally likely ones"
    new = f"{percent(entry['new_words'] / n, 1)} of them were new and had to be spelled"
    few = f" That is few: fewer than {FEW} words prove little." if n < FEW else ""
    return f"{size} of its size, {rival}. {each} {fair}; {new}.{few}"


def number_of(perplexity: float | None) -> str:
    """A perplexity in words."""
    if perplexity is None or perplexity >= 1e6:
        return "more than a million"
    return f"{perplexity:,.0f}" if perplexity >= 9.95 else f"{perplexity:.1f}"


def table(entry: Entry) -> list[list[str]]:
    """Header and row of the scores beside those of the free rival."""
    header = ["words", "bytes", "bits a byte", "single bytes", "skill", "bits a word"]
    header += ["perplexity", "without spelling", "new words"]
    row = [
        *(f"{entry['n']:,}", f"{entry['bytes']:,}", number(entry["bits_per_byte"])),
        *(number(entry["bits_per_byte_single"]), signed(entry["skill_single"])),
        *(number(entry["bits_per_word"]), number(entry["perplexity"])),
        *(number(entry["perplexity_without_spelling"]), f"{entry['new_words']:,}"),
    ]
    return [header, row]
