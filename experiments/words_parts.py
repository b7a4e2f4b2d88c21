"""What does each part of the learners of text gain, when it is left out?

    python experiments/words_parts.py wikitext2-valid.txt ptb-valid.txt [--kilobytes 300]

The first kilobytes of each text are forecast from nothing, once by the whole learner and once for
each part without it. Nothing is compiled anew: a context that is left out asks what order 1 asks,
which is asked already; runs, pairs and mixers are switched off in the plan of the learner. The
texts are the validation parts of WikiText-2 and of the Penn Treebank as language models use them.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from page import Page, table

from forecast import ByteForecaster, SymbolRun, WordForecaster
from forecast.learner import SymbolLearner, Symbols
from forecast.stream.text import words_of
from forecast.words import byte_forecaster, contexts
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
    "**all**": {},
    "words in a row: one": {"orders": 1},
    "words beside: none": {"sides": 0},
    "words beside: one": {"sides": 1},
    "letters of new words: 3 contexts of 7": {"contexts": 3},
    "and more words in a row: 3": {"orders": 3},
    "and more words in a row: 5": {"orders": 5},
    "and more words beside: 3": {"sides": 3},
}


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--kilobytes", type=int, default=300)
    asked = parser.parse_args()
    names = " ".join(path.name for path in asked.texts)
    page = Page(__doc__.splitlines()[0], __file__, f"{names} --kilobytes {asked.kilobytes}")
    texts = {path.name: path.read_bytes()[: 1000 * asked.kilobytes] for path in asked.texts}
    page.say(
        f"Bits a byte of the first {asked.kilobytes} kB of each text, from nothing, and how many "
        "more they are than those of the whole learner. A minus says that it is better without."
    )
    for title, ways in (
        ("Bytes beside words: `ByteForecaster()`", dict(blends())),
        ("Bytes alone: `ByteForecaster(words=False)`", dict(byte_learners())),
        ("Words: `WordForecaster()`", dict(word_learners())),
    ):
        page.say(f"## {title}")
        page.say(table(["", *(head for name in texts for head in (name, ""))], rows(ways, texts)))
    page.write()


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
    plain = partial(ByteForecaster, words=False)
    yield "**all**", plain
    for name, kinds in GROUPS.items():
        yield f"contexts: {name}", partial(without, plain, kinds)
    yield "runs", partial(planned, plain, RUNS, 0)
    yield "pairs of contexts", partial(unpaired, plain)
    yield "mixers but the first three", partial(planned, plain, N_MIXERS, 3)
    yield "the second layer's selection", partial(planned, plain, N_SECONDS, 1)
    yield "all that `light` has not", partial(ByteForecaster, light=True, words=False)


def blends() -> Iterator[tuple[str, Make]]:
    """The learner of bytes with a model of words, and each way to have less of that."""
    yield "**all**", ByteForecaster
    yield "the words", partial(ByteForecaster, words=False)
    yield "of the words, two in a row", partial(blended, orders=1)
    yield "of the words, those beside", partial(blended, sides=0)
    yield "all that `light` has not", partial(ByteForecaster, light=True)
    yield "that and the words", partial(ByteForecaster, light=True, words=False)


def word_learners() -> Iterator[tuple[str, Make]]:
    """The learner of words with fewer contexts, or more."""
    for name, options in FEWER.items():
        yield name, partial(WordForecaster, **options)
    yield "all that `light` has not", WordForecaster.light


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
        return ByteForecaster()
    finally:
        byte_forecaster.WordForecaster = whole  # type: ignore[misc]


# ---- what they cost ------------------------------------------------------------------------------


def bits(learner: SymbolLearner, text: bytes) -> float:
    """Bits a byte of a text that a learner has not seen."""
    if isinstance(learner, ByteForecaster):
        at = np.arange(len(text) + 1)
    else:
        at = np.cumsum([0, *map(len, words_of(text))])
    y = np.frombuffer(bytearray(text), np.uint8)
    block = Symbols(0, np.empty(0, np.uint8), np.zeros(len(at), np.int64), y, at)
    nats: float = SymbolRun(learner).feed(block).surprise.sum()
    return nats / math.log(2.0) / len(text)


if __name__ == "__main__":
    main()
