"""In which sense should one learn more from a point the more confused its prediction was?

    python experiments/conjecture.py PATH ...

The direct test. Two memories of each stream, a fast and a slow one, sixty-four times as long. Fast
learning would have been better at point t+1 by G = surprise of the slow minus that of the fast one.
Which kind of confusion at point t tells? Paths as for rates.py.
"""

import argparse
from pathlib import Path

import at_hand
import numba
import numpy as np
from page import Page, table
from rates import LONG, NUMBERS, files
from scipy.stats import spearmanr

from forecast.gate import (
    OWN,
    PER_MEMORY,
    TRACES,
    TRUST,
    gated_begin,
    gated_floats,
    gated_learn,
)
from forecast.numbers.paced import MODELS as NUMBER_MODELS
from forecast.numbers.paced import surprises
from forecast.paced import MODELS as SYMBOL_MODELS
from forecast.paced import symbol_surprises

SIX = 4.0 ** -np.arange(6.0)
FAST, SLOW = 1, 4  # of the six
MEAN = 0.1  # rate of running means
MOST = 0.05  # the most confused points of a stream
CONFUSIONS = {
    "own surprise, of the slow memory": "s",
    "own surprise beyond its running mean": "excess",
    "the same, one point earlier": "last",
    "its running mean over ten points": "mean",
    "own surprise, of the fast memory": "fast",
    "relative: slow minus fast": "relative",
    "relative, its running mean over ten points": "relative mean",
}


def main() -> None:
    """Correlate every kind of confusion with what came next, by kind of stream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    paths = files(parser.parse_args().paths)
    page = Page("Should one learn more from what confused one more?", __file__, "PATH ...")
    found = gather(paths)
    page.say("## The answer\n\n" + answer(found))
    page.say(
        "## Which confusion at one point tells that fast learning pays at the next?\n\n"
        "Mean rank correlation (Spearman) with G at the next point, and the share of streams on "
        f"which it is positive. Streams of {LONG:,} points or more; the fast memory is of about 4 "
        "points and the slow one of 256 (a unigram's of 64 and 4,096 words).\n\n"
        + correlations(found)
    )
    page.say(
        f"## After the most confused {MOST:.0%} of points\n\n"
        "How much more than usual fast learning pays at the next point, nats; and the share of "
        "streams on which it pays more than usual.\n\n" + afterwards(found)
    )
    page.say(
        "## What the gate has learned\n\n"
        "The gate of `forecast/gate.py` learns on each stream what surprises mean there. At the "
        "end of the stream: does it turn to a memory because that one saw the last point coming "
        "(trust above 0)? Does a point that surprised more than usual turn it to faster or to "
        "slower memories?\n\n" + learned(found)
    )
    page.write()


def gather(paths: list[Path]) -> dict[str, dict[str, np.ndarray]]:
    """The surprises of six memories on every long stream, by model."""
    numbers = at_hand.series([path for path in paths if path.suffix == ".csv"])
    texts = at_hand.texts([path for path in paths if path.suffix == ".txt"])
    words = {name: at_hand.as_symbols(text) for name, text in texts.items()}
    plain = at_hand.labels([path for path in paths if path.suffix == ".tsv"], numbers)
    beside = at_hand.messages(paths)
    of = {"unigram": words, "bigram": words, "frequency": {**plain, **beside}, "logistic": beside}
    found: dict[str, dict[str, np.ndarray]] = {}
    for model in NUMBERS:
        rates = NUMBER_MODELS[model].fastest * SIX
        nats = {n: surprises(model, ys, rates)[0] for n, ys in numbers.items() if len(ys) >= LONG}
        found[model] = {n: each[~np.isnan(each).any(axis=1)] for n, each in nats.items()}
    for model, blocks in of.items():
        rates = SYMBOL_MODELS[model].fastest * SIX
        long = {name: block for name, block in blocks.items() if len(block) >= LONG}
        found[model] = {n: symbol_surprises(model, block, rates)[0] for n, block in long.items()}
    return found


def running(values: np.ndarray, rate: float) -> np.ndarray:
    """The running mean of values, each included."""
    means, mean = np.empty(len(values)), values[0]
    for t, value in enumerate(values.tolist()):
        mean += max(rate, 1.0 / (t + 1.0)) * (value - mean)
        means[t] = mean
    return means


def confusions(nats: np.ndarray) -> dict[str, np.ndarray]:
    """Every kind of confusion, point by point."""
    slow, fast = nats[:, SLOW], nats[:, FAST]
    excess = slow - np.concatenate([slow[:1], running(slow, 0.01)[:-1]])
    return {
        "s": slow, "excess": excess, "last": np.concatenate([[0.0], excess[:-1]]),
        "mean": running(excess, MEAN), "fast": fast, "relative": slow - fast,
        "relative mean": running(slow - fast, MEAN),
    }  # fmt: skip


def correlations(found: dict[str, dict[str, np.ndarray]]) -> str:
    """Rank correlations with what fast learning gains at the next point."""
    header = ["confusion", *(f"{model}, {len(of)}" for model, of in found.items())]
    rows = []
    for label, kind in CONFUSIONS.items():
        line = [label]
        for of in found.values():
            each = [correlation(confusions(nats)[kind], nats) for nats in of.values()]
            line.append(f"{np.mean(each):+.3f} {np.mean(np.array(each) > 0.0):.0%}")
        rows.append(line)
    return table(header, rows)


def correlation(confusion: np.ndarray, nats: np.ndarray) -> float:
    """Of a confusion with G at the next point; 0 where one of them never changes."""
    gains = nats[1:, SLOW] - nats[1:, FAST]
    if np.ptp(gains) == 0.0 or np.ptp(confusion[:-1]) == 0.0:
        return 0.0
    return float(spearmanr(confusion[:-1], gains).statistic)


def afterwards(found: dict[str, dict[str, np.ndarray]]) -> str:
    """What fast learning gains after the most confused points, against what it gains usually."""
    header = ["the most confused by", *found]
    rows = []
    for label, kind in CONFUSIONS.items():
        line = [label]
        for of in found.values():
            each = []
            for nats in of.values():
                confusion = confusions(nats)[kind][:-1]
                gains = nats[1:, SLOW] - nats[1:, FAST]
                most = confusion >= np.quantile(confusion, 1.0 - MOST)
                each.append(gains[most].mean() - gains.mean())
            line.append(f"{np.mean(each):+.3f} {np.mean(np.array(each) > 0.0):.0%}")
        rows.append(line)
    return table(header, rows)


@numba.njit
def walk(f: np.ndarray, likelihoods: np.ndarray) -> None:
    """The gate over a whole stream."""
    for t in range(len(likelihoods)):
        gated_learn(f, likelihoods[t], t)


def learned(found: dict[str, dict[str, np.ndarray]]) -> str:
    """The gate's trust in relative surprise, and where own surprise turns it."""
    header = ["model", "streams", "trusts relative surprise", "own surprise turns it faster"]
    K = len(SIX)
    turns = K + PER_MEMORY + (2 + TRACES + OWN) * K
    rows = []
    for model, of in found.items():
        trusts, faster = [], []
        for nats in of.values():
            f = np.empty(gated_floats(K))
            gated_begin(f, K)
            walk(f, np.exp(-nats))
            trusts.append(f[K + TRUST] > 0.0)
            # the slope of the turns over the memories, which stand from fast to slow
            faster.append(np.polyfit(np.arange(K), f[turns : turns + K], 1)[0] < 0.0)
        rows.append([model, str(len(of)), f"{np.mean(trusts):.0%}", f"{np.mean(faster):.0%}"])
    return table(header, rows)


def answer(found: dict[str, dict[str, np.ndarray]]) -> str:
    """Ten sentences for the thread."""

    def share(kind: str, *models: str) -> str:
        """On how many streams a confusion goes with what fast learning gains next."""
        each = [
            correlation(confusions(nats)[kind], nats) > 0.0
            for model in models
            for nats in found[model].values()
        ]
        return f"{np.mean(each):.0%}"

    words = ("unigram", "bigram")
    regressions = ("gradient", "least squares")
    sentences = (
        "It is true, if confusion is *relative*: by how much less a short memory was surprised by "
        "the point than a long one.",
        "That confusion tells that fast learning will pay at the next point on "
        f"{share('relative', 'level')} of levels, {share('relative', 'scale')} of scales, "
        f"{share('relative', *regressions)} of regressions, {share('relative', *words)} of texts, "
        f"{share('relative', 'logistic')} of labels with a message and "
        f"{share('relative', 'frequency')} of labels without one.",
        f"A model's own surprise tells it on {share('s', 'level')} of levels and "
        f"{share('s', 'logistic')} of labels with a message, but only on {share('s', 'scale')} of "
        f"scales, {share('s', *regressions)} of regressions and {share('s', 'frequency')} of "
        "labels without a message: a large error there is an outlier, or is in the gradient "
        "already.",
        "And on levels it is the slow memory's surprise that tells; that of the fast one does on "
        f"{share('fast', 'level')} of them.",
        "So a rate that is multiplied with the surprise is the wrong reading; a rate that rises "
        "when the short memory wins is the right one, and that is what Bayes' rule does to the "
        "weights of several memories.",
        "Most of what memories gain comes from there being several of them; what the moving "
        "weights add is measured in [rates](rates.md), against the best standing mixture.",
        "What a surprise means differs between streams, as the last table shows, so the gate "
        "learns it from each stream rather than being told.",
        "For the last word the same holds as for the last value, with the same code.",
        "For labels there is the least to gain: where their frequency stands still, any rule that "
        "looks for changes pays for looking, here at most 3.99 nats in all.",
        "The limits: to correlate with what one of two memories would have gained is not yet a "
        f"gain; the streams ({len(found['level'])} series, {len(found['unigram'])} texts) are "
        "those that were at hand; and a stream that never changes is served best by the slowest "
        "memory, which nobody knows beforehand.",
    )
    thread = (
        "The thread said: the last data point is the most important one, and how much is learned "
        "from it should follow how confused its prediction was; the same with the last word."
    )
    return "\n".join([thread + "\n", *(f"{n}. {said}" for n, said in enumerate(sentences, 1))])


if __name__ == "__main__":
    main()
