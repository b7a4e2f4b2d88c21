"""Scores of forecasts of bytes: what the file would cost if it were written in surprises.

The free rivals: how often each byte came so far, how often after the one before it, and the file
as it lies.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.scores import Entry, Floats, Meaning
from forecast.report.symbols.scores import Kept, Likeliest, Sure
from forecast.report.symbols.texts import (
    AS_IT_LIES,
    BITS,
    TextScores,
    bits_meant,
    exponential,
    likeliest_meant,
    rivalry_of,
)
from forecast.report.verdict import number, signed
from forecast.rivals import Frequencies, Successors

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

RIVALS = {"frequency": "byte counts", "pairs": "after the last", "raw": "as it lies"}
NAMED = {
    "frequency": "the running frequency of its bytes",
    "pairs": "the running frequency of what follows each byte",
    "raw": "the file as it lies",
}
MEANINGS = {
    "n": Meaning("bytes", "", "each was forecast before it was read"),
    **bits_meant(
        RIVALS,
        (
            "counts each byte as it comes",
            "counts what comes after each byte",
            "knows nothing: 8",
        ),
    ),
    "surprise": Meaning("surprise", "nats", "mean of -log p(byte): lower is better"),
    "perplexity": Meaning(
        "perplexity",
        "",
        "exp of the mean surprise: so many equally likely bytes would be as hard to guess",
    ),
    **likeliest_meant("bytes", "file"),
}


def bits_read(rivals: Sequence[str]) -> str:
    """How bits a byte beside those of the free rivals are read."""
    return (
        "Bits a byte is the mean surprise. The free rivals count as they go: how often each byte "
        "came so far, or how often it followed the one before it. A file as it lies has 8. Under "
        "the bits of each stands how much less this forecaster needed, or how much more: skill, "
        "1 - ratio of the two."
    )


class ByteScores(TextScores):
    """All scores of a file, byte by byte, streamed."""

    series, things, nothing = "byte", "bytes", "no byte was read"
    whole = "file"
    place, axis = "byte", "place in the file"
    surprising = "A byte that is no letter by itself stands as its number."
    meanings, named = MEANINGS, NAMED
    rivalry = rivalry_of(RIVALS, bits_read)
    measured = ("surprise", "bytes", "right", "listed", *RIVALS)
    traced = ("surprise", "expected", "rate", "bytes", *RIVALS)

    def __init__(self) -> None:
        super().__init__()
        self.single, self.after = Frequencies(256), Successors(256)

    def measures(self, block: "Symbols", told: "Told", likeliest: Likeliest) -> dict[str, Floats]:
        """What is measured of each byte."""
        file = block.y[block.y_at[0] : block.y_at[-1]]
        self.reliability.add(likeliest.p, likeliest.right)
        return {
            "bytes": np.ones(len(file)),
            "right": likeliest.right,
            "listed": likeliest.listed,
            "frequency": self.single.see(file),
            "pairs": self.after.see(file),
            "raw": np.full(len(file), AS_IT_LIES / BITS),
        }

    def scored(self, sums: Kept) -> Entry:
        """Counts and scores of bytes."""
        surprise = sums.mean("surprise", 0)
        return {
            "n": sums.counted("surprise", 0),
            "bits_per_byte": BITS * surprise,
            **self.costs(sums, 1.0 / BITS),
            "surprise": surprise,
            "perplexity": exponential(surprise),
            "n_likeliest": sums.counted("right", 0),
            "accuracy": sums.mean("right", 0),
            "top10": sums.mean("listed", 0),
        }

    @classmethod
    def said(cls, entry: Entry, sure: Sure, labels: Sequence[str] = ()) -> list[str]:
        """How well the bytes were forecast, and whether the probabilities held, in sentences.

        Examples
        --------
        >>> bar = {"n": 1_120_000, "said": 0.67, "was": 0.672, "low": 0.669, "high": 0.675}
        >>> entry = {"n": 1_120_192, "bits_per_byte": 1.6, "perplexity": 3.03, "accuracy": 0.672,
        ...          "skill_pairs": 0.53, "reliability": [bar]}
        >>> print(*ByteScores.said(entry, {"skill_pairs": [0.52, 0.54]}), sep="\\n")
        Forecast byte by byte, this file needs 1.60 bits a byte, 53 % less than the running \
frequency of what follows each byte (95 % sure: 52 to 54 %): each of its 1,120,192 bytes was as \
hard to guess as one of 3.0 equally likely ones.
        The likeliest byte came in 67.2 % of cases; the probabilities held, 0.2 points off on \
average.
        """
        return super().said(entry, sure, labels)

    @staticmethod
    def table(entry: Entry) -> list[list[str]]:
        """Header and row of the scores beside those of the free rivals."""
        header = ["bytes", "bits a byte", "byte counts", "skill", "after the last", "skill"]
        header += ["perplexity"]
        row = [
            *(f"{entry['n']:,}", number(entry["bits_per_byte"])),
            *(number(entry["bits_per_byte_frequency"]), signed(entry["skill_frequency"])),
            *(number(entry["bits_per_byte_pairs"]), signed(entry["skill_pairs"])),
            number(entry["perplexity"]),
        ]
        return [header, row]
