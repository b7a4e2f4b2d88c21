"""Scores of forecasts of bytes: what the file would cost if it were written in surprises.

The free rivals: how often each byte came so far, how often after the one before it, and the file
as it lies.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.report.score_tables import Rivalry
from forecast.report.scores import Entry, Floats, Meaning
from forecast.report.symbols.reliability import held
from forecast.report.symbols.scores import Kept, Likeliest, Sure, SymbolScores
from forecast.report.symbols.words import AS_IT_LIES, BITS, exponential, number_of
from forecast.report.verdict import LESS, number, percent, signed
from forecast.rivals import Frequencies, Successors

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Told

RIVALS = {"frequency": "byte counts", "pairs": "after the last", "raw": "as it lies"}
DOES = {
    "frequency": "counts each byte as it comes",
    "pairs": "counts what comes after each byte",
    "raw": "knows nothing: 8",
}
NAMED = {
    "frequency": "the running frequency of its bytes",
    "pairs": "the running frequency of what follows each byte",
    "raw": "the file as it lies",
}
MEANINGS = {
    "n": Meaning("bytes", "", "each was forecast before it was read"),
    "bits_per_byte": Meaning("bits a byte", "bits", "surprise over all bytes: lower is better"),
    **{
        f"bits_per_byte_{rival}": Meaning(label, "bits", f"bits a byte of the rival that {does}")
        for (rival, label), does in zip(RIVALS.items(), DOES.values(), strict=True)
    },
    **{
        f"skill_{rival}": Meaning(
            f"skill, {label}", "saving", "1 - bits a byte / bits a byte of that rival"
        )
        for rival, label in RIVALS.items()
    },
    "surprise": Meaning("surprise", "nats", "mean of -log p(byte): lower is better"),
    "perplexity": Meaning(
        "perplexity",
        "",
        "exp of the mean surprise: so many equally likely bytes would be as hard to guess",
    ),
    "n_likeliest": Meaning(
        "looked at",
        "",
        "bytes whose likeliest rivals were looked at: all at first, ever fewer in a long file",
    ),
    "accuracy": Meaning("likeliest right", "share", "of these, bytes that were the likeliest one"),
    "top10": Meaning("among ten", "share", "of these, bytes that were among the ten likeliest"),
}


def bits_read(rivals: Sequence[str]) -> str:
    """How bits a byte beside those of the free rivals are read."""
    return (
        "Bits a byte is the mean surprise. The free rivals count as they go: how often each byte "
        "came so far, or how often it followed the one before it. A file as it lies has 8. Under "
        "the bits of each stands how much less this forecaster needed, or how much more: skill, "
        "1 - ratio of the two."
    )


class ByteScores(SymbolScores):
    """All scores of a file, byte by byte, streamed."""

    series, things, nothing = "byte", "bytes", "no byte was read"
    place, axis = "byte", "place in the file"
    surprising = "A byte that is no letter by itself stands as its number."
    meanings, named = MEANINGS, NAMED
    rivalry = Rivalry(
        "bits_per_byte",
        "bits a byte",
        RIVALS,
        LESS,
        {"accuracy": "likeliest right", "top10": "among ten"},
        bits_read,
    )
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
        n, bits = entry["n"], entry["bits_per_byte"]
        if n == 0:
            return ["The file is empty, so nothing was forecast and nothing can be said."]
        each = f"each of its {n:,} {cls.things} was" if n > 1 else f"its one {cls.series} was"
        fair = f"as hard to guess as one of {number_of(entry['perplexity'])} equally likely ones"
        said = [
            f"Forecast {cls.series} by {cls.series}, this file needs {bits:.2f} bits a byte, "
            f"{cls.against_rival(entry, sure)}: {each} {fair}."
        ]
        if entry["reliability"]:
            right = f"The likeliest {cls.series} came in {percent(entry['accuracy'], 1)} of cases"
            said.append(f"{right}; {held(entry['reliability'])}.")
        return said

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
