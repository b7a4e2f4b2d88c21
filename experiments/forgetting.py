"""What does a learner lose when a stream becomes another one, and the first one returns?

    python experiments/forgetting.py ETTh2.csv ... --texts WIKITEXT.txt PTB.txt --messages SMS.tsv

ETTh2.csv is in the ETDataset repository of zhouhaoyi, the other streams are in the folder data of
NAB, the anomaly benchmark of numenta; co2.csv is one of the bundled ones. Any two texts will do,
and any lines of ``label<TAB>text``, ham or spam: those here are of the SMS Spam Collection.

A pair of series is joined as A, B, A: their differences, each in units of their mean size, one
after the other and summed, so that no join is a jump and neither is the louder. Each is asked one
step ahead, before it is told. Errors are absolute, in the first 50 points after A has returned and
in all of its second part, over those of an oracle that never forgot: it knows where B begins and
ends, keeps what it had learned from A, and is shown B only as far as its lags reach.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import at_hand
import numpy as np
from numpy.typing import NDArray
from page import Page, table
from river import linear_model, preprocessing

from forecast import (
    LabelForecaster,
    Regression,
    Remembering,
    RememberingLabels,
    SymbolRun,
    WordForecaster,
    run,
)
from forecast.learner import NumberLearner, SymbolLearner, Symbols
from forecast.selves import RECENT
from forecast.stream.text import words_of

Floats = NDArray[np.float64]

PART = 800  # points of A, of B, and of A again
RETURNED = 50  # points after A has returned
WINDOWS = 3  # disjoint windows of a pair
LAGS = 24
SOON, OVERALL = 1.05, 1.02  # times the oracle's errors: what is wished for
WORTH = 1.2  # a pair counts where RLS .99 is so much worse than the oracle
# RECENT, KEEP and the weight that lets two selves change places were chosen on these
CHOSEN_ON = [
    ("nyc_taxi/value", "machine_temperature_system_failure/value"),
    ("ETTh2/MUFL", "nyc_taxi/value"),
    ("machine_temperature_system_failure/value", "nyc_taxi/value"),
    ("Twitter_volume_CVS/value", "ETTh2/MUFL"),
]
REPORTED_ON = [
    ("nyc_taxi/value", "ETTh2/MUFL"),
    ("nyc_taxi/value", "Twitter_volume_AAPL/value"),
    ("ETTh2/OT", "machine_temperature_system_failure/value"),
    ("ETTh2/HULL", "nyc_taxi/value"),
    ("occupancy_6005/value", "nyc_taxi/value"),
    ("co2/co2", "ETTh2/MUFL"),
]
OURS: dict[str, Callable[[], NumberLearner]] = {
    "Regression()": Regression,
}


class Errors(NamedTuple):
    """Sums of absolute errors after the return, over all windows of a pair."""

    soon: float
    all: float


class Case(NamedTuple):
    """One window of a pair, as differences in units: A, B, and A again."""

    before: Floats
    between: Floats
    after: Floats

    def series(self) -> Floats:
        """The stream itself."""
        return np.cumsum(np.concatenate(self))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("streams", type=Path, nargs="+")
    parser.add_argument("--texts", type=Path, nargs=2)
    parser.add_argument("--messages", type=Path)
    given = parser.parse_args()
    streams = at_hand.series(given.streams)
    names = [path.name for path in given.streams]
    texts = ["--texts", *(path.name for path in given.texts)] if given.texts else []
    messages = ["--messages", given.messages.name] if given.messages else []
    page = Page("Not forgetting", __file__, " ".join([*names, *texts, *messages]))
    page.say(
        f"A, B and A again, {PART} points each, up to {WINDOWS} windows of a pair; mean absolute "
        f"error of the second A over that of an oracle that never forgot: in its first {RETURNED} "
        "points, and in all. The oracle of the first rows is recursive least squares (24 lags, "
        "lambda .999) whose weights B does not touch. *Own oracle*: the same learner, which has "
        f"seen A and then only the last {RECENT} points of B."
    )
    pairs(page, "Pairs on which settings were chosen", CHOSEN_ON, streams)
    pairs(page, "Pairs to report on", REPORTED_ON, streams)
    if given.texts:
        words(page, *given.texts)
    if given.messages:
        labels(page, given.messages)
    page.write()


def cases(a: Floats, b: Floats) -> Iterator[Case]:
    """Windows of a pair."""
    for w in range(min(WINDOWS, len(a) // (2 * PART + 1), len(b) // (PART + 1))):
        ours = np.diff(a[2 * w * PART : 2 * (w + 1) * PART + 1])
        theirs = np.diff(b[w * PART : (w + 1) * PART + 1])
        ours, theirs = ours / np.abs(ours).mean(), theirs / np.abs(theirs).mean()
        yield Case(ours[:PART], theirs, ours[PART:])


# ---- numbers -------------------------------------------------------------------------------------


def pairs(page: Page, title: str, which: list[tuple[str, str]], streams: dict[str, Floats]) -> None:
    """A table of some pairs."""
    page.say(f"## {title}")
    rows, counted, reached = [], 0, 0
    for a, b in which:
        found: dict[str, list[Floats]] = {}
        for case in cases(streams[a], streams[b]):
            for name, errors in everybody(case):
                found.setdefault(name, []).append(errors)
        sums = {
            name: Errors(sum(e[:RETURNED].sum() for e in each), sum(e.sum() for e in each))
            for name, each in found.items()
        }
        oracle = sums.pop("oracle")
        counts = sums["RLS .99"].soon >= WORTH * oracle.soon
        counted += counts
        ours = [sums[f"{name}, remembering"] for name in OURS]
        near = [e.soon <= SOON * oracle.soon and e.all <= OVERALL * oracle.all for e in ours]
        reached += counts and any(near)
        pair = f"{a}, {b}" + ("" if counts else " (does not count)")
        for name, errors in sums.items():
            if name.endswith("own oracle"):
                continue
            of = sums.get(f"{name.removesuffix(', remembering')}, own oracle")
            own = (
                ["", ""] if of is None else [ratio(errors.soon, of.soon), ratio(errors.all, of.all)]
            )
            rows.append(
                [pair, name, ratio(errors.soon, oracle.soon), ratio(errors.all, oracle.all), *own]
            )
            pair = ""
    header = ["A, B", "", f"first {RETURNED}", "all", "own oracle, first", "own oracle, all"]
    page.say(table(header, rows))
    page.say(
        f"{counted} of {len(which)} pairs count. Of these a remembering one is within {SOON} and "
        f"{OVERALL} of the first oracle on {reached}."
    )


def ratio(ours: float, theirs: float) -> str:
    """A ratio as the page has it."""
    return f"{ours / theirs:.3f}"


def everybody(case: Case) -> Iterator[tuple[str, Floats]]:
    """Absolute errors in the second A: the oracle's, the peers', ours."""
    a, b, after = case
    whole = np.concatenate(case)
    _, weights, covariance = least_squares(a, 0.999)
    yield "oracle", np.abs(least_squares(after, 0.999, weights, covariance, b)[0])
    for name, forget in (("RLS .99", 0.99), ("RLS .999", 0.999)):
        yield name, np.abs(least_squares(whole, forget)[0][len(a) + len(b) :])
    for name, model in (
        (
            "river LinearRegression",
            preprocessing.StandardScaler() | linear_model.LinearRegression(),
        ),
        (
            "river BayesianLinearRegression .99",
            linear_model.BayesianLinearRegression(smoothing=0.99),
        ),
    ):
        yield name, by_river(model, whole)[len(a) + len(b) :]
    series, n = case.series(), len(a) + len(b)
    for name, make in OURS.items():
        oracle = make()
        run(oracle, series[: len(a)])
        oracle.learn_many(series[n - RECENT : n])
        yield f"{name}, own oracle", said(oracle, series[n:])
        yield name, said(make(), series)[n:]
        yield f"{name}, remembering", said(Remembering(make()), series)[n:]


def said(learner: NumberLearner, series: Floats) -> Floats:
    """Absolute errors of the medians, one step ahead; 0 for the first of a new learner."""
    errors = np.zeros(len(series))
    first = learner.predict().median
    if np.isfinite(first):
        errors[0] = abs(series[0] - first)
    answers = run(learner, series)
    errors[answers.row] = np.abs(answers.y - answers.quantiles[:, 10])
    return errors


def least_squares(
    differences: Floats,
    forget: float,
    weights: Floats | None = None,
    covariance: Floats | None = None,
    before: Floats | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Recursive least squares on the last differences (Plackett, 1950): errors, weights, P."""
    D = LAGS + 1
    w = np.zeros(D) if weights is None else weights.copy()
    P = np.eye(D) if covariance is None else covariance.copy()
    x = np.zeros(D)
    x[0] = 1.0
    if before is not None:
        x[1:] = before[::-1][:LAGS]
    errors = np.empty(len(differences))
    for t, y in enumerate(differences):
        errors[t] = y - w @ x
        gain = P @ x
        over = forget + x @ gain
        w += gain / over * errors[t]
        P = (P - np.outer(gain, gain) / over) / forget
        P = 0.5 * (P + P.T)
        x[2:] = x[1:-1]
        x[1] = y
    return errors, w, P


def by_river(model: object, differences: Floats) -> Floats:
    """Absolute errors of a model of river on the last differences, each within 5 of 0."""
    lags = [0.0] * LAGS
    errors = np.empty(len(differences))
    for t, y in enumerate(differences.tolist()):
        x = dict(enumerate(lags))
        errors[t] = abs(y - np.clip(model.predict_one(x), -5.0, 5.0))  # type: ignore[attr-defined]
        model.learn_one(x, y)  # type: ignore[attr-defined]
        lags = [y, *lags[:-1]]
    return errors


# ---- words ---------------------------------------------------------------------------------------

WORDS = 10_000  # of each part
RETURNS = 5


def words(page: Page, a: Path, b: Path) -> None:
    """One text, another, and the first again, beside who never saw the other."""
    page.say("## Words")
    ours, theirs = (words_of(path.read_bytes()) for path in (a, b))
    soon, late = np.zeros(2), np.zeros(2)
    for w in range(RETURNS):
        before = ours[2 * w * WORDS : (2 * w + 1) * WORDS]
        after = ours[(2 * w + 1) * WORDS : (2 * w + 2) * WORDS]
        between = theirs[w * WORDS : (w + 1) * WORDS]
        for which, parts in enumerate(([before, after], [before, between, after])):
            learner = WordForecaster()
            for part in parts:
                nats = surprises(learner, part)
            soon[which] += nats[:RETURNED].sum()
            late[which] += nats.sum()
    page.say(
        f"`WordForecaster()` on {WORDS:,} words of `{a.name}`, as many of `{b.name}`, and the next "
        f"{WORDS:,} of the first, {RETURNS} times: surprise over that of one that never saw the "
        f"other, in the first {RETURNED} words after the return {soon[1] / soon[0]:.3f}, in all "
        f"{late[1] / late[0]:.4f}. It keeps what it has counted in each context until that context "
        "comes again: it needs no past selves."
    )


def surprises(learner: SymbolLearner, text: list[bytes]) -> Floats:
    """Nats of each word."""
    ends = np.cumsum([0, *map(len, text)])
    block = np.frombuffer(b"".join(text), np.uint8)
    nothing = np.empty(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    return SymbolRun(learner).feed(Symbols(0, *nothing, block, ends)).surprise


# ---- labels --------------------------------------------------------------------------------------

BEFORE, BETWEEN = 600, 300  # messages of A, and of B
LONG = 60  # characters, of a message that B calls spam

Mail = tuple[str, str]  # label, text


def labels(page: Page, path: Path) -> None:
    """Messages, the same with labels of another meaning, and the first meaning again."""
    lines = [line.partition("\t")[::2] for line in path.read_text().splitlines()]
    learners: dict[str, Callable[[], SymbolLearner]] = {
        "LabelForecaster(bits=14)": lambda: LabelForecaster(bits=14),
        "the same, remembering": lambda: RememberingLabels(LabelForecaster(bits=14)),
    }
    meanings: dict[str, Callable[[Mail], str]] = {
        "ham is spam, and spam ham": lambda mail: "ham" if mail[0] == "spam" else "spam",
        "what is long is spam": lambda mail: "spam" if len(mail[1]) > LONG else "ham",
        "no other meaning": lambda mail: mail[0],
    }
    rows = []
    for meaning, of in meanings.items():
        found: dict[str, list[Floats]] = {}
        for ours, after in ((lines[:900], lines[1800:2400]), (lines[900:1800], lines[:600])):
            before = ours[:BEFORE]
            between = [(of(mail), mail[1]) for mail in ours[BEFORE : BEFORE + BETWEEN]]
            oracle = LabelForecaster(bits=14)
            nats_of(oracle, before)
            found.setdefault("oracle", []).append(nats_of(oracle, after))
            for name, make in learners.items():
                learner = make()
                nats_of(learner, before + between)
                found.setdefault(name, []).append(nats_of(learner, after))
        sums = {
            name: Errors(sum(e[:RETURNED].sum() for e in each), sum(e.sum() for e in each))
            for name, each in found.items()
        }
        oracle_sums = sums.pop("oracle")
        for name, nats in sums.items():
            rows.append(
                [
                    *(meaning, name),
                    *(ratio(nats.soon, oracle_sums.soon), ratio(nats.all, oracle_sums.all)),
                ]
            )
    page.say("## Labels")
    page.say(
        f"{BEFORE} messages of `{path.name}`, {BETWEEN} whose labels have another meaning, and "
        f"{BEFORE} with the first one again, twice: surprise over that of a `LabelForecaster` that "
        "never saw what came between."
    )
    page.say(table(["between", "", f"first {RETURNED}", "all"], rows))


def nats_of(learner: SymbolLearner, mails: list[Mail]) -> Floats:
    """Surprise of each label, which is learned then."""
    said = np.empty(len(mails))
    for t, (label, text) in enumerate(mails):
        said[t] = learner.predict(text).surprise(label)
        learner.learn(label, text)
    return said


if __name__ == "__main__":
    main()
