"""Scores of forecasts of words: what the text would cost if it were written in surprises.

The words of a text partition its bytes, so that bits a word and bits a byte are the same sum over
two counts. The free rivals: how often each word came so far, how often each byte did, and the file
as it lies.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.score_tables import Rivalry
from forecast.report.scores import Entry, Floats, Meaning, ratio
from forecast.report.symbols.reliability import held
from forecast.report.symbols.scores import Kept, Likeliest, Sure, SymbolScores, total
from forecast.report.verdict import LESS, number, percent, signed
from forecast.rivals import Frequencies, WordFrequencies

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

BITS = 1.0 / math.log(2.0)  # in a nat
AS_IT_LIES = 8.0  # bits a byte

RIVALS = {"frequency": "word counts", "single": "byte counts", "raw": "as it lies"}
NAMED = {
    "frequency": "the running frequency of its words",
    "single": "the running frequency of its bytes",
    "raw": "the file as it lies",
}
MEANINGS = {
    "n": Meaning("words", "", "each was forecast before it was read; spaces and marks are words"),
    "bytes": Meaning("bytes", "", "all bytes of the text: its words joined again"),
    "bits_per_byte": Meaning("bits a byte", "bits", "surprise over all bytes: lower is better"),
    **{
        f"bits_per_byte_{rival}": Meaning(label, "bits", f"bits a byte of the rival that {does}")
        for (rival, label), does in zip(
            RIVALS.items(),
            (
                "counts each word as it comes, and the bytes of new ones",
                "counts each byte as it comes",
                "knows nothing: 8",
            ),
            strict=True,
        )
    },
    **{
        f"skill_{rival}": Meaning(
            f"skill, {label}", "saving", "1 - bits a byte / bits a byte of that rival"
        )
        for rival, label in RIVALS.items()
    },
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
    "n_likeliest": Meaning(
        "looked at",
        "",
        "words whose likeliest rivals were looked at: all at first, ever fewer in a long text",
    ),
    "accuracy": Meaning("likeliest right", "share", "of these, words that were the likeliest one"),
    "top10": Meaning("among ten", "share", "of these, words that were among the ten likeliest"),
}


def bits_read(rivals: Sequence[str]) -> str:
    """How bits a byte beside those of the free rivals are read."""
    return (
        "Bits a byte is the surprise over the whole text, spread over its bytes. The free rivals "
        "count as they go: how often each word came so far, a new one spelled by how often each "
        "byte was; or how often each byte came, without words. A file as it lies has 8. Under the "
        "bits of each stands how much less this forecaster needed, or how much more: skill, 1 - "
        "ratio of the two."
    )


class WordScores(SymbolScores):
    """All scores of a text, streamed."""

    series, things, nothing = "word", "words", "no word was read"
    place, axis = "byte", "place in the text"
    surprising = "A word that was never seen is spelled, letter by letter."
    meanings, named = MEANINGS, NAMED
    rivalry = Rivalry(
        "bits_per_byte",
        "bits a byte",
        RIVALS,
        LESS,
        {"accuracy": "likeliest right", "top10": "among ten"},
        bits_read,
    )
    measured = (
        *("surprise", "expected", "known", "new", "bytes", "right", "listed"),
        *RIVALS,
    )
    traced = ("surprise", "expected", "rate", "bytes", *RIVALS)

    def __init__(self) -> None:
        super().__init__()
        self.single = Frequencies(256)
        self.words = WordFrequencies()

    def measures(self, block: "Symbols", told: "Told", likeliest: Likeliest) -> dict[str, Floats]:
        """What is measured of each word."""
        first, at = block.y_at[0], block.y_at - block.y_at[0]
        text = block.y[first : block.y_at[-1]]
        length = np.diff(at).astype(np.float64)
        self.reliability.add(likeliest.p, likeliest.right)
        with np.errstate(invalid="ignore"):  # of what was impossible
            known = told.surprise - told.spelled
        return {
            "known": known,
            "new": (told.spelled > 0.0).astype(np.float64),
            "bytes": length,
            "right": likeliest.right,
            "listed": likeliest.listed,
            "frequency": self.words.see(text, at),
            "single": np.add.reduceat(self.single.see(text), at[:-1]),
            "raw": length * AS_IT_LIES / BITS,
        }

    def scored(self, sums: Kept) -> Entry:
        """Counts and scores of words."""
        surprise, length = sums.mean("surprise", 0), sums.mean("bytes", 0)
        return {
            "n": sums.counted("bytes", 0),
            "bytes": total(sums, "bytes"),
            "new_words": total(sums, "new"),
            "bits_per_byte": BITS * ratio(surprise, length),
            **self.costs(sums, length / BITS),
            "bits_per_word": surprise * BITS,
            "surprise": surprise,
            "expected_surprise": sums.mean("expected", 0),
            "perplexity": exponential(surprise),
            "perplexity_without_spelling": exponential(sums.mean("known", 0)),
            "n_likeliest": sums.counted("right", 0),
            "accuracy": sums.mean("right", 0),
            "top10": sums.mean("listed", 0),
        }

    @classmethod
    def said(cls, entry: Entry, sure: Sure, labels: Sequence[str] = ()) -> list[str]:
        """How well the words were forecast, and whether the probabilities held, in sentences.

        Examples
        --------
        >>> bar = {"n": 240_000, "said": 0.23, "was": 0.226, "low": 0.228, "high": 0.232}
        >>> entry = {"n": 240_000, "bits_per_byte": 1.7, "perplexity": 220.3, "new_words": 7200,
        ...          "skill_frequency": 0.21, "accuracy": 0.226, "reliability": [bar]}
        >>> print(*WordScores.said(entry, {"skill_frequency": [0.2, 0.22]}), sep="\\n")
        Forecast word by word, this text needs 1.70 bits a byte, 21 % less than the running \
frequency of its words (95 % sure: 20 to 22 %): each of its 240,000 words was as hard to guess as \
one of 220 equally likely ones, and 3.0 % of them were new.
        The likeliest word came in 22.6 % of cases; the probabilities held, 0.4 points off on \
average.
        """
        n, bits = entry["n"], entry["bits_per_byte"]
        if n == 0:
            return ["The text is empty, so nothing was forecast and nothing can be said."]
        if bits is None:
            impossible = "at least one was held to be impossible: no cost can be given"
            return [f"Of {n:,} {cls.things}, {impossible}."]
        each = f"each of its {n:,} {cls.things} was" if n > 1 else f"its one {cls.series} was"
        fair = f"as hard to guess as one of {number_of(entry['perplexity'])} equally likely ones"
        new = f"{percent(entry['new_words'] / n, 1)} of them were new"
        said = [
            f"Forecast {cls.series} by {cls.series}, this text needs {bits:.2f} bits a byte, "
            f"{cls.against_rival(entry, sure)}: {each} {fair}, and {new}."
        ]
        if entry["reliability"]:
            right = f"The likeliest {cls.series} came in {percent(entry['accuracy'], 1)} of cases"
            said.append(f"{right}; {held(entry['reliability'])}.")
        return said

    @staticmethod
    def table(entry: Entry) -> list[list[str]]:
        """Header and row of the scores beside those of the free rivals."""
        header = ["words", "bytes", "bits a byte", "word counts", "skill", "byte counts", "skill"]
        header += ["bits a word", "perplexity", "new words"]
        row = [
            *(f"{entry['n']:,}", f"{entry['bytes']:,}", number(entry["bits_per_byte"])),
            *(number(entry["bits_per_byte_frequency"]), signed(entry["skill_frequency"])),
            *(number(entry["bits_per_byte_single"]), signed(entry["skill_single"])),
            *(number(entry["bits_per_word"]), number(entry["perplexity"])),
            f"{entry['new_words']:,}",
        ]
        return [header, row]


def exponential(nats: float) -> float:
    """exp, infinite where it is too large."""
    return math.exp(nats) if nats < 700.0 or math.isnan(nats) else math.inf


def number_of(perplexity: float | None) -> str:
    """A perplexity in words."""
    if perplexity is None or perplexity >= 1e6:
        return "more than a million"
    return f"{perplexity:,.0f}" if perplexity >= 9.95 else f"{perplexity:.1f}"
