"""What does each part of the learners of text gain, when it is left out?

    python experiments/words_parts.py wikitext2-valid.txt [--kilobytes 400]

The first kilobytes of each text, and of the help topics that come with Python, are forecast from
nothing, once by the whole learner and once for each part without it. Nothing is compiled anew. Of
bytes, a context that is left out asks what order 1 asks, which is asked already; runs, pairs and
mixers are switched off in the plan of the learner. Of words, the weight of a part that is left out
is held down to a millionth of what it was. wikitext2-valid.txt is the validation part of WikiText-2
as language models use it.
"""

import argparse
import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from page import Page, table

from forecast import ByteForecaster, SymbolRun, WordForecaster
from forecast.learner import SymbolLearner, Symbols
from forecast.stream.text import words_of
from forecast.words import byte_forecaster, contexts, parts
from forecast.words.bitwise import FROM_MATCHES, FROM_PAIRS, N_MIXERS, N_PAIRS, N_SECONDS, RUNS

Make = Callable[[], SymbolLearner]

# contexts of bytes, by what they know
GROUPS = {
    "orders 2 to 6": range(contexts.ORDER_2, contexts.ORDER_6 + 1),
    "orders 5 and 6": (contexts.ORDER_5, contexts.ORDER_6),
    "the word so far": (contexts.WORD_0, contexts.WORD_GAP, contexts.WORD_INITIAL),
    "words in a row": (contexts.WORDS_2, contexts.WORDS_3, contexts.WORDS_4),
    "words with a gap": (contexts.SKIP_WORD, contexts.SKIP_2_WORDS, contexts.AFTER_LONG),
    "what followed words": (contexts.FOLLOWED_WORD, contexts.FOLLOWED_WORDS),
    "what followed bytes": range(contexts.FOLLOWED_1, contexts.FOLLOWED_MIXED + 1),
    "bytes with gaps": (contexts.GAP_1, contexts.GAP_2, contexts.MIDDLE),
    "the form of the text": range(contexts.FORM, contexts.SHAPE + 1),
    "what the match expects": (contexts.MATCHED, contexts.MATCHED_BYTE),
}
FEWER = {
    "two words in a row: one": {"orders": 1},
    "counts beside: none": {"sides": 0},
    "counts beside: after the last but one only": {"sides": 1},
    "letters: 3 contexts of 7": {"contexts": 3},
    "letters: 1 context of 7": {"contexts": 1},
}
MORE = {
    "and three words in a row": {"orders": 3},
    "and five words in a row": {"orders": 5},
    "and a third count beside": {"sides": 3},
}
HELD_DOWN = {
    "what is recent": range(parts.CACHE, parts.CACHE + parts.CACHES),
    "of it, the shortest memory": [parts.CACHE],
    "of it, the longest memory": [parts.CACHE + parts.CACHES - 1],
    "what came last, and before that": range(parts.LAST + 1, parts.BESIDE),
    "of it, what came before that": range(parts.SECOND + 1, parts.BESIDE),
    "what repeats": [parts.REPEAT],
}
AT_ONCE, LEAST = 500, 0.01  # words between two times that a part is held down; of a factor


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--kilobytes", type=int, default=400)
    asked = parser.parse_args()
    names = " ".join(path.name for path in asked.texts)
    page = Page("What each part gains: text", __file__, f"{names} --kilobytes {asked.kilobytes}")
    texts = {path.name: path.read_bytes() for path in asked.texts} | {"help topics": help_topics()}
    texts = {name: text[: 1000 * asked.kilobytes] for name, text in texts.items()}
    page.say(
        f"Bits a byte of the first {asked.kilobytes} kB of each text, from nothing, and how many "
        "more they are where a part is left out: **plus is what it gains, minus what it costs.** "
        "Of bytes, a context that is left out asks what order 1 asks, and what is switched off "
        "stays silent; of words, a part that is left out weighs a millionth of what it did."
    )
    for title, ways in (
        ("Words: `WordForecaster()`", dict(word_learners())),
        ("Bytes: `ByteForecaster()`", dict(byte_learners())),
        ("Bytes beside words: `ByteForecaster(words=True)`", dict(blends())),
    ):
        page.say(f"## {title}")
        heads = (head for name in texts for head in (name, "more"))
        page.say(table(["without", *heads], rows(ways, texts)))
    page.write()


def help_topics() -> bytes:
    """English prose that comes with Python: the language reference in the help topics."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics)).encode()


def rows(ways: dict[str, Make], texts: dict[str, bytes]) -> list[list[str]]:
    """What each learner costs on each text, beside the first of them."""
    found: list[list[str]] = []
    whole: dict[str, float] = {}
    for out, make in ways.items():
        cells = []
        for name, text in texts.items():
            cost = bits(make(), text)
            more = 100.0 * (cost / whole.setdefault(name, cost) - 1.0)
            cells += [f"{cost:.4f}", f"{more:+.2f} %" if found else ""]
        found.append([out, *cells])
        print(found[-1], flush=True)
    return found


# ---- learners with a part left out ---------------------------------------------------------------


def byte_learners() -> Iterator[tuple[str, Make]]:
    """The learner of bytes, and each way to have less of it."""
    plain = ByteForecaster
    yield "nothing", plain
    for name, kinds in GROUPS.items():
        yield f"contexts: {name}", partial(without, plain, kinds)
    yield "runs", partial(planned, plain, RUNS, 0)
    yield "pairs of contexts", partial(unpaired, plain)
    yield "mixers but the first three", partial(planned, plain, N_MIXERS, 3)
    yield "the second layer's selection", partial(planned, plain, N_SECONDS, 1)
    yield "all that `light` has not", partial(ByteForecaster, light=True)


def blends() -> Iterator[tuple[str, Make]]:
    """The learner of bytes with a model of words, and each way to have less of that."""
    yield "nothing", partial(ByteForecaster, words=True)
    yield "the words", ByteForecaster
    yield "of the words, two in a row", partial(blended, orders=1)
    yield "of the words, those beside", partial(blended, sides=0)
    yield "all that `light` has not", partial(ByteForecaster, light=True, words=True)
    yield "that and the words", partial(ByteForecaster, light=True)


def word_learners() -> Iterator[tuple[str, Make]]:
    """The learner of words, each way to have less of it, and some to have more."""
    yield "nothing", WordForecaster
    for name, kinds in HELD_DOWN.items():
        yield name, partial(Held, kinds)
    for name, options in (FEWER | MORE).items():
        yield name, partial(WordForecaster, **options)
    yield "all that `light` has not", partial(WordForecaster, light=True)


class Held(WordForecaster):
    """A learner of words that hardly hears some of its parts."""

    def __init__(self, kinds: Iterable[int]) -> None:
        super().__init__()
        self.kinds = list(kinds)

    def hold_down(self) -> None:
        """Bring all three factors of each of these parts to a hundredth."""
        factors = self.view("factors")
        by_sureness = factors[: parts.BY_REACH].reshape(parts.PARTS, -1)
        by_sureness[self.kinds] = LEAST
        factors[parts.BY_REACH :].reshape(-1, parts.PARTS)[:, self.kinds] = LEAST


def without(make: Callable[[], ByteForecaster], kinds: range | tuple[int, ...]) -> ByteForecaster:
    """A learner that asks what order 1 asks where it asked contexts of these kinds."""
    learner = make()
    asked = learner.view("contexts")
    asked[np.isin(asked, list(kinds))] = contexts.ORDER_1
    return learner


def planned(make: Callable[[], ByteForecaster], what: int, value: int) -> ByteForecaster:
    """A learner with another number in its plan."""
    learner = make()
    learner.view("plan")[what] = value
    if what == N_MIXERS:
        learner.view("second weights")[:] = 1.0 / value
    return learner


def unpaired(make: Callable[[], ByteForecaster]) -> ByteForecaster:
    """A learner without pairs: the inputs behind theirs move on."""
    learner = planned(make, N_PAIRS, 0)
    weights = learner.view("weights").view(np.float32)
    first = weights[0, FROM_MATCHES]
    n = len(learner.view("contexts"))
    weights[:, FROM_PAIRS:] = 0.0
    weights[:, FROM_PAIRS : FROM_PAIRS + n] = first
    return learner


def blended(**options: int) -> ByteForecaster:
    """A learner of bytes whose model of words has fewer contexts."""
    whole = byte_forecaster.WordForecaster
    byte_forecaster.WordForecaster = partial(whole, **options)  # type: ignore[assignment,misc]
    try:
        return ByteForecaster(words=True)
    finally:
        byte_forecaster.WordForecaster = whole  # type: ignore[misc]


# ---- what they cost ------------------------------------------------------------------------------


def bits(learner: SymbolLearner, text: bytes) -> float:
    """Bits a byte of a text that a learner has not seen."""
    if isinstance(learner, ByteForecaster):
        at = np.arange(len(text) + 1)
    else:
        at = np.cumsum([0, *map(len, words_of(text))])
    y, run = np.frombuffer(bytearray(text), np.uint8), SymbolRun(learner)
    step = AT_ONCE if isinstance(learner, Held) else len(at)
    nats = 0.0
    for first in range(0, len(at) - 1, step):
        if isinstance(learner, Held):
            learner.hold_down()
        some = at[first : first + step + 1]
        block = Symbols(first, np.empty(0, np.uint8), np.zeros_like(some), y, some)
        nats += run.feed(block).surprise.sum()
    return nats / math.log(2.0) / len(text)


if __name__ == "__main__":
    main()
