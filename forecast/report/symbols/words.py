"""Scores of forecasts of words: what the text would cost if it were written in surprises.

The words of a text partition its bytes, so that bits a word and bits a byte are the same sum over
two counts. The free rivals: how often each word came so far, how often each byte did, and the file
as it lies.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Entry, Floats, Meaning, ratio
from forecast.report.symbols.scores import Kept, Likeliest, Sure, total
from forecast.report.symbols.texts import (
    AS_IT_LIES,
    BITS,
    TextScores,
    bits_meant,
    exponential,
    likeliest_meant,
    number_of,
    rivalry_of,
)
from forecast.report.verdict import number, percent, signed
from forecast.rivals import Frequencies, WordFrequencies

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

RIVALS = {"frequency": "word counts", "single": "byte counts", "raw": "as it lies"}
NAMED = {
    "frequency": "the running frequency of its words",
    "single": "the running frequency of its bytes",
    "raw": "the file as it lies",
}
MEANINGS = {
    "n": Meaning("words", "", "each was forecast before it was read; spaces and marks are words"),
    "bytes": Meaning("bytes", "", "all bytes of the text: its words joined again"),
    **bits_meant(
        RIVALS,
        (
            "counts each word as it comes, and the bytes of new ones",
            "counts each byte as it comes",
            "knows nothing: 8",
        ),
    ),
    "bits_per_word": Meaning("bits a word", "bits", "surprise over all words"),
    "surprise": Meaning("surprise", "nats", "mean of -log p(word): lower is better"),
    "expected_surprise": Meaning(
        "expected surprise", "nats", "what the forecasts thought that it would be"
    ),
    "perplexity": Meaning(
        "perplexity, spelled",
        "",
        "exp of the mean surprise, new words being spelled: so many equally likely words would be "
        "as hard to guess; to be compared only where words are cut in the same way",
    ),
    "perplexity_without_spelling": Meaning(
        "perplexity, unspelled",
        "",
        "the same, had it been enough to say that a word is a new one",
    ),
    "new_words": Meaning("new words", "", "words never seen before, which had to be spelled"),
    **likeliest_meant("words", "text"),
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


class WordScores(TextScores):
    """All scores of a text, streamed."""

    series, things, nothing = "word", "words", "no word was read"
    whole = "text"
    place, axis = "byte", "place in the text"
    surprising = "A word that was never seen is spelled, letter by letter."
    meanings, named = MEANINGS, NAMED
    rivalry = rivalry_of(RIVALS, bits_read)
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
        ...          "perplexity_without_spelling": 110.2,
        ...          "skill_frequency": 0.21, "accuracy": 0.226, "reliability": [bar]}
        >>> print(*WordScores.said(entry, {"skill_frequency": [0.2, 0.22]}), sep="\\n")
        Forecast word by word, this text needs 1.70 bits a byte, 21 % less than the running \
frequency of its words (95 % sure: 20 to 22 %): each of its 240,000 words was as hard to guess as \
one of 220 equally likely ones, and 3.0 % of them were new and had to be spelled (unspelled, one \
of 110).
        The likeliest word came in 22.6 % of cases; the probabilities held, 0.4 points off on \
average.
        """
        return super().said(entry, sure, labels)

    @classmethod
    def beside(cls, entry: Entry) -> str:
        """How many words were new, and what their spelling makes of it."""
        new = percent(entry["new_words"] / entry["n"], 1)
        unspelled = number_of(entry["perplexity_without_spelling"])
        return f", and {new} of them were new and had to be spelled (unspelled, one of {unspelled})"

    @staticmethod
    def table(entry: Entry) -> list[list[str]]:
        """Header and row of the scores beside those of the free rivals."""
        header = ["words", "bytes", "bits a byte", "word counts", "skill", "byte counts", "skill"]
        header += ["bits a word", "perplexity", "unspelled", "new words"]
        row = [
            *(f"{entry['n']:,}", f"{entry['bytes']:,}", number(entry["bits_per_byte"])),
            *(number(entry["bits_per_byte_frequency"]), signed(entry["skill_frequency"])),
            *(number(entry["bits_per_byte_single"]), signed(entry["skill_single"])),
            *(number(entry["bits_per_word"]), number(entry["perplexity"])),
            number(entry["perplexity_without_spelling"]),
            f"{entry['new_words']:,}",
        ]
        return [header, row]
