"""What scores of words and of bytes share: bits a byte, beside free rivals, and in sentences."""

import math
from collections.abc import Callable, Mapping, Sequence

from forecast.report.score_tables import Rivalry
from forecast.report.scores import Entry, Meaning
from forecast.report.symbols.reliability import held
from forecast.report.symbols.scores import Sure, SymbolScores
from forecast.report.verdict import LESS, percent

BITS = 1.0 / math.log(2.0)  # in a nat
AS_IT_LIES = 8.0  # bits a byte


def bits_meant(rivals: Mapping[str, str], does: Sequence[str]) -> dict[str, Meaning]:
    """What bits a byte mean, those of each free rival, which does something, and each skill."""
    return {
        "bits_per_byte": Meaning("bits a byte", "bits", "surprise over all bytes: lower is better"),
        **{
            f"bits_per_byte_{rival}": Meaning(label, "bits", f"bits a byte of the rival that {how}")
            for (rival, label), how in zip(rivals.items(), does, strict=True)
        },
        **{
            f"skill_{rival}": Meaning(
                f"skill, {label}", "saving", "1 - bits a byte / bits a byte of that rival"
            )
            for rival, label in rivals.items()
        },
    }


def likeliest_meant(things: str, whole: str) -> dict[str, Meaning]:
    """What it means that the likeliest words or bytes were looked at."""
    looked = f"{things} whose likeliest rivals were looked at: all at first, ever fewer in a long "
    right = f"of these, {things} that were the likeliest one"
    listed = f"of these, {things} that were among the ten likeliest"
    return {
        "n_likeliest": Meaning("looked at", "", looked + whole),
        "accuracy": Meaning("likeliest right", "share", right),
        "top10": Meaning("among ten", "share", listed),
    }


def rivalry_of(rivals: Mapping[str, str], read: Callable[[Sequence[str]], str]) -> Rivalry:
    """Bits a byte beside those of the free rivals."""
    beside = {"accuracy": "likeliest right", "top10": "among ten"}
    return Rivalry("bits_per_byte", "bits a byte", rivals, LESS, beside, read)


class TextScores(SymbolScores):
    """Scores of a text or file: of its words, or its bytes."""

    @classmethod
    def said(cls, entry: Entry, sure: Sure, labels: Sequence[str] = ()) -> list[str]:
        """How well it was forecast, and whether the probabilities held, in sentences."""
        n, bits = entry["n"], entry["bits_per_byte"]
        if n == 0:
            return [f"The {cls.whole} is empty, so nothing was forecast and nothing can be said."]
        if bits is None:
            impossible = "at least one was held to be impossible: no cost can be given"
            return [f"Of {n:,} {cls.things}, {impossible}."]
        each = f"each of its {n:,} {cls.things} was" if n > 1 else f"its one {cls.series} was"
        fair = f"as hard to guess as one of {number_of(entry['perplexity'])} equally likely ones"
        said = [
            f"Forecast {cls.series} by {cls.series}, this {cls.whole} needs {bits:.2f} bits a "
            f"byte, {cls.against_rival(entry, sure)}: {each} {fair}{cls.beside(entry)}."
        ]
        if entry["reliability"]:
            right = f"The likeliest {cls.series} came in {percent(entry['accuracy'], 1)} of cases"
            said.append(f"{right}; {held(entry['reliability'])}.")
        return said

    @classmethod
    def beside(cls, entry: Entry) -> str:
        """What else there is to say of them, at the end of a sentence."""
        return ""


def exponential(nats: float) -> float:
    """exp, infinite where it is too large."""
    return math.exp(nats) if nats < 700.0 or math.isnan(nats) else math.inf


def number_of(perplexity: float | None) -> str:
    """A perplexity in words."""
    if perplexity is None or perplexity >= 1e6:
        return "more than a million"
    return f"{perplexity:,.0f}" if perplexity >= 9.95 else f"{perplexity:.1f}"
