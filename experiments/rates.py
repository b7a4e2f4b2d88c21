"""How much should the last point teach: every rule, on every stream at hand, for every model?

    python experiments/rates.py PATH ...

Paths are CSV files of series, texts (.txt) and lines of label<TAB>text (.tsv); folders are
searched. Streams of the kinds that the page names are to be had from the Numenta Anomaly Benchmark
(github.com/numenta/NAB), zhouhaoyi/ETDataset, laiguokun/multivariate-time-series-data, WikiText-2,
the Penn Treebank and the UCI SMS Spam Collection; the series in data/ are always among them.

Each model is run at 21 rates, half an octave apart. The best of these *in hindsight, for each
stream* is the mark: a rule's gain is by how many nats a point it surprises less than that. Memories
are every fourth of the rates, a factor of four apart. Rules for one rate may choose their base rate
and strength on the long streams of even number, and are reported on those of odd number; memories
have nothing to choose.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import at_hand
import matplotlib
import numpy as np
from page import RESULTS, Page, table

from forecast import Level, Run, run
from forecast.changepoint import changepoint
from forecast.learner import NumberLearner, Symbols
from forecast.numbers.memories import GradientRegression, LeastSquaresRegression, Scale
from forecast.numbers.paced import MODELS as NUMBER_MODELS
from forecast.numbers.paced import paced, surprises
from forecast.paced import MODELS as SYMBOL_MODELS
from forecast.paced import symbol_surprises, word_error
from forecast.rate import RULES
from forecast.weigh import WEIGHINGS, best_mixture, weigh

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HALVES = 2.0 ** (-0.5 * np.arange(21.0))  # of the fastest rate
EVERY = 4  # of them is a memory
BASES = HALVES[::2]
LONG = 1_000  # points of a stream that counts for the targets
COLD = 20  # points that are not scored; 1,000 of a text
NUMBERS = {
    "level": Level,
    "scale": Scale,
    "gradient": GradientRegression,
    "least squares": LeastSquaresRegression,
}
THE_RULE = "managers and gate"


class Stream(NamedTuple):
    """One model's surprises on one stream."""

    name: str
    points: int
    fixed: np.ndarray  # nats [n, 21] at each rate
    errors: np.ndarray | None  # mean |y - forecast| at each rate
    paced: Callable[[str, float], np.ndarray]  # nats [n, bases] by a rule and a strength
    values: np.ndarray | None

    @property
    def mark(self) -> float:
        """The best fixed rate in hindsight, nats a point."""
        return float(self.fixed.mean(axis=0).min())

    @property
    def standing(self) -> float:
        """The best standing mixture of the memories in hindsight, nats a point."""
        return best_mixture(self.memories)[0]

    @property
    def memories(self) -> np.ndarray:
        """The six of them."""
        return np.ascontiguousarray(self.fixed[:, ::EVERY])


def main() -> None:
    """Look at every model, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    paths = files(parser.parse_args().paths)
    page = Page("How much should the last point teach?", __file__, "PATH ...")
    page.say(
        "Gains in nats a point over the best of 21 fixed rates, chosen in hindsight for each "
        f"stream. The first {COLD} points of a stream (1,000 of a text) are not scored. "
        "*Better* is the share of streams with a gain above 0."
    )
    page.say(f"![A change, an outlier, and the rates of five rules](rates.png)\n\n{CAPTION}")
    figure()
    streams = gather(paths)
    page.say("## Memories, managers and gate: no setting\n\n" + targets(streams))
    page.say("## The forecast itself: the median that errs least\n\n" + medians(streams))
    for model, of in streams.items():
        page.say(f"## {model}: every rule\n\n" + rules(model, of))
    page.say("## What it costs\n\n" + costs(streams))
    page.say("## Streams\n\n" + "; ".join(listed(streams)) + ".")
    page.write()


def files(paths: list[Path]) -> list[Path]:
    """The files that are named, and those of the folders that are."""
    found = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(path for path in found if path.suffix in (".csv", ".txt", ".tsv"))


def gather(paths: list[Path]) -> dict[str, list[Stream]]:
    """Every model's surprises on every stream of its kind."""
    numbers = at_hand.series([path for path in paths if path.suffix == ".csv"])
    texts = at_hand.texts([path for path in paths if path.suffix == ".txt"])
    words = {name: at_hand.as_symbols(text) for name, text in texts.items()}
    plain = at_hand.labels([path for path in paths if path.suffix == ".tsv"], numbers)
    beside = at_hand.messages(paths)
    of = {"unigram": words, "bigram": words, "frequency": {**plain, **beside}, "logistic": beside}
    found = {model: [number_stream(model, *item) for item in numbers.items()] for model in NUMBERS}
    for model, blocks in of.items():
        found[model] = [symbol_stream(model, *item) for item in blocks.items()]
    return found


def number_stream(model: str, name: str, ys: np.ndarray) -> Stream:
    """A model of numbers on one series."""
    fastest = NUMBER_MODELS[model].fastest
    nats, forecasts, _ = paced(model, ys, fastest * HALVES)
    scored = np.arange(len(ys)) >= COLD
    scored &= ~np.isnan(nats).any(axis=1)
    errors = np.abs(ys[scored, None] - forecasts[scored]).mean(axis=0)

    def by(rule: str, strength: float) -> np.ndarray:
        return surprises(model, ys, fastest * BASES, rule, strength)[0][scored]

    return Stream(name, len(ys), nats[scored], errors, by, ys)


def symbol_stream(model: str, name: str, block: Symbols) -> Stream:
    """A model of words or labels on one stream."""
    fastest = SYMBOL_MODELS[model].fastest
    cold = 1_000 if SYMBOL_MODELS[model].error is word_error else COLD
    nats, _ = symbol_surprises(model, block, fastest * HALVES)

    def by(rule: str, strength: float) -> np.ndarray:
        return symbol_surprises(model, block, fastest * BASES, rule, strength)[0][cold:]

    values = block.y.astype(float) if model == "frequency" else None
    return Stream(name, len(block), nats[cold:], None, by, values)


# ---- tables --------------------------------------------------------------------------------------


def targets(streams: dict[str, list[Stream]]) -> str:
    """The rule that is used, against the best fixed rate and the best standing mixture."""
    header = ["model", "long streams", "gain", "median", "better", "worst a point"]
    header += ["worst in all", "over the best standing mixture", "better"]
    header += ["short streams", "gain", "better"]
    rows = []
    for model, of in streams.items():
        nats = [weigh(stream.memories, THE_RULE)[0] for stream in of]
        gains = np.array([s.mark - n.mean() for s, n in zip(of, nats, strict=True)])
        moving = np.array([s.standing - n.mean() for s, n in zip(of, nats, strict=True)])
        totals = [s.memories.sum(axis=0).min() - n.sum() for s, n in zip(of, nats, strict=True)]
        long = np.array([stream.points >= LONG for stream in of])
        some = (~long).any()
        rows.append(
            [
                model, f"{long.sum()}", f"{gains[long].mean():+.4f}",
                f"{np.median(gains[long]):+.4f}", share(gains[long]), f"{gains[long].min():+.4f}",
                f"{min(totals):+.2f}", f"{moving[long].mean():+.4f}", share(moving[long]),
                f"{(~long).sum()}", f"{gains[~long].mean():+.4f}" if some else "",
                share(gains[~long]) if some else "",
            ]
        )  # fmt: skip
    note = (
        f"*Long* streams have {LONG:,} points or more. *Worst in all* is the smallest lead, in "
        "nats over a whole stream, over the best of the six rates themselves: by a bound that "
        "holds for any stream it is never below -ln(9 managers x 6 rates) = -3.99. The best "
        "standing mixture of the six memories is chosen in hindsight as well: what is gained over "
        "it comes from weights that move. On a short stream the weights have hardly been learned."
    )
    return table(header, rows) + "\n\n" + note


def medians(streams: dict[str, list[Stream]]) -> str:
    """The learners' own forecasts: MAE of the median, and the surprise of the hinged mixture."""
    header = ["learner", "MAE / that of the best fixed rate: long streams, geometric mean", "worst"]
    header += ["all streams", "worst", "gain on long streams, nats a point", "better"]
    header += ["over the best standing mixture", "better"]
    rows = []
    for model, learner in NUMBERS.items():
        ratios, gains, moving = [], [], []
        for stream in streams[model]:
            assert stream.values is not None and stream.errors is not None
            answers = run(learner(), stream.values)
            scored = (answers.row >= COLD) & ~np.isnan(answers.surprise)
            errors = np.abs(answers.y - answers.quantiles[:, 10])[scored]
            ratios.append(errors.mean() / stream.errors.min())
            gains.append(stream.mark - answers.surprise[scored].mean())
            moving.append(stream.standing - answers.surprise[scored].mean())
        long = np.array([stream.points >= LONG for stream in streams[model]])
        names = np.array([stream.name for stream in streams[model]])
        ratio, gain, moved = np.array(ratios), np.array(gains)[long], np.array(moving)[long]
        worst = [f"{r.max():.3f} ({n[r.argmax()]})" for r, n in
                 ((ratio[long], names[long]), (ratio, names))]  # fmt: skip
        middle = [f"{np.exp(np.log(each).mean()):.4f}" for each in (ratio[long], ratio)]
        scores = [f"{gain.mean():+.4f}", share(gain), f"{moved.mean():+.4f}", share(moved)]
        rows.append([learner.__name__, middle[0], worst[0], middle[1], worst[1], *scores])
    note = (
        "The median has weights of its own, by absolute error on one scale, and the mixture is "
        "hinged there as far as that has surprised less: the log score of the last columns is "
        "that of the very distribution whose median is scored before them."
    )
    return table(header, rows) + "\n\n" + note


def rules(model: str, of: list[Stream]) -> str:
    """Every rule on the long streams of odd number; settings from those of even number."""
    long = [stream for stream in of if stream.points >= LONG]
    even, odd = long[::2], long[1::2]
    marks = np.array([stream.mark for stream in odd])
    rows = []
    fixed = np.array([stream.fixed.mean(axis=0) for stream in even]).mean(axis=0).argmin()
    one = np.array([stream.fixed[:, fixed].mean() for stream in odd])
    add = rows.append
    add(row("one fixed rate for all", f"{fastest(model) * HALVES[fixed]:.3g}", marks - one, one))
    add(row("best fixed rate in hindsight", "", marks - marks, one, marks))
    standing = np.array([stream.standing for stream in odd])
    add(row("best standing mixture in hindsight", "", marks - standing, one, standing))
    for by in WEIGHINGS:
        nats = np.array([weigh(stream.memories, by)[0].mean() for stream in odd])
        add(row(f"memories by {by}", "none", marks - nats, one, nats))
    if model in ("level", "frequency"):
        add(changes(model, even, odd, marks, one))
    for name, rule in RULES.items():
        if name == "constant" or (rule.error and model in ("unigram", "bigram")):
            continue
        chosen = {
            strength: np.array([stream.paced(name, strength).mean(axis=0) for stream in even])
            for strength in rule.strengths
        }
        strength = min(chosen, key=lambda each: chosen[each].mean(axis=0).min())
        base = chosen[strength].mean(axis=0).argmin()
        nats = np.array([stream.paced(name, strength)[:, base].mean() for stream in odd])
        setting = f"base {fastest(model) * BASES[base]:.3g}, strength {strength:g}"
        add(row(name, setting, marks - nats, one, nats))
    header = ["rule", "setting", "gain", "better", "worst", "over one fixed rate for all", "better"]
    return f"{len(odd)} long streams; settings from {len(even)} others.\n\n" + table(header, rows)


def changes(
    model: str, even: list[Stream], odd: list[Stream], marks: np.ndarray, one: np.ndarray
) -> list[str]:
    """A belief for every time of the last change, its hazard chosen on the even streams."""
    cold = COLD

    def nats(of: list[Stream], hazard: float) -> np.ndarray:
        said = [np.nanmean(changepoint(model, s.values, hazard)[cold:]) for s in of]  # type: ignore
        return np.array(said)

    hazard = min((0.1, 0.01, 0.001), key=lambda each: nats(even, each).mean())
    found = nats(odd, hazard)
    return row("change points (Adams and MacKay)", f"hazard {hazard:g}", marks - found, one, found)


def row(
    name: str, setting: str, gains: np.ndarray, one: np.ndarray, nats: np.ndarray | None = None
) -> list[str]:
    """A rule in a table."""
    over = one - (one if nats is None else nats)
    numbers = [f"{gains.mean():+.4f}", share(gains), f"{gains.min():+.4f}"]
    return [name, setting, *numbers, f"{over.mean():+.4f}", share(over)]


def fastest(model: str) -> float:
    """The fastest of a model's rates."""
    numbers = NUMBER_MODELS.get(model)
    return numbers.fastest if numbers else SYMBOL_MODELS[model].fastest


def share(gains: np.ndarray) -> str:
    """How many of them are above 0."""
    return f"{100.0 * np.mean(gains > 0.0):.0f} %"


def listed(streams: dict[str, list[Stream]]) -> list[str]:
    """All streams by kind, with their points."""
    kinds = {"series": "level", "words": "unigram", "labels": "frequency"}
    return [
        f"**{kind}**: " + ", ".join(f"{s.name} ({s.points:,})" for s in streams[model])
        for kind, model in kinds.items()
    ]


def costs(streams: dict[str, list[Stream]]) -> str:
    """Nanoseconds a point, of the longest series of numbers: the fewest of 15 rounds, in turn."""
    longest = max(streams["level"], key=lambda stream: stream.points)
    memories, ys = longest.memories, longest.values
    assert ys is not None
    timed: dict[str, Callable[[], object]] = {
        f"weighing six memories: {by}": lambda by=by: weigh(memories, by) for by in WEIGHINGS
    }
    for name in ("constant", "own surprise", "hypergradient"):
        timed[f"one level, its surprise and rule: {name}"] = lambda name=name: surprises(
            "level", ys, np.array([0.1]), name
        )
    six = np.array([4.0**-k for k in range(6)])
    timed["six levels and their surprises"] = lambda: surprises("level", ys, six)
    for learner in NUMBERS.values():
        timed[f"the learner {learner.__name__}, asked and told"] = lambda learner=learner: fed(
            learner(), ys
        )
    best = dict.fromkeys(timed, np.inf)
    for _ in range(16):
        for name, call in timed.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], (time.perf_counter() - start) / longest.points)
    return table(["what", "ns a point"], [[name, f"{1e9 * t:,.0f}"] for name, t in best.items()])


def fed(learner: NumberLearner, ys: np.ndarray) -> None:
    """One compiled run."""
    Run(learner, measure=False).feed(ys)


# ---- the figure ----------------------------------------------------------------------------------

CAPTION = (
    "A level of 0 with noise of 1; one outlier at point 200, a change to 6 at point 300. The "
    "memories' effective rate wakes within three points of the change, then calms down as it is "
    "confirmed that nothing else changes, and sleeps through the outlier: no short memory saw the "
    "points around it coming any better. It is woken for a moment at 194 and 221, where a few "
    "neighbours happen to lie close together. A rule that hears its own surprise cannot tell the "
    "outlier from the change."
)
OUTLIER, CHANGE = 200, 300
LEGEND = {
    "frameon": False, "ncols": 5, "loc": "lower left", "bbox_to_anchor": (-0.02, 0.98),
    "columnspacing": 1.2, "handlelength": 1.5,
}  # fmt: skip
SHOWN = {
    "constant": ("#999999", ":"),
    "own surprise": ("#d55e00", "-"),
    "Bayes factor": ("#e69f00", "-"),
    "hypergradient": ("#56b4e9", "-"),
}


def figure() -> None:
    """A stream with a change and an outlier; the surprise; the rates of five rules."""
    rng = np.random.default_rng(8)
    ys = rng.normal(size=450)
    ys[CHANGE:] += 6.0
    ys[OUTLIER] = 9.0
    level, rates, medians, nats = Level(), [], [], []
    for y in ys:
        forecast = level.predict()
        rates.append(level.rate if level.floats.any() else np.nan)
        medians.append(forecast.median)
        nats.append(forecast.surprise(y))
        level.learn(y)
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    drawn, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True, height_ratios=[1.2, 0.8, 1.5])
    x = np.arange(len(ys))
    axes[0].plot(x, ys, ".", color="#888888", markersize=3, label="observations")
    axes[0].plot(x, medians, color="#0072b2", linewidth=1.3, label="median forecast of Level()")
    axes[0].set_ylabel("value")
    for point, what in ((OUTLIER, "an outlier"), (CHANGE, "a change of level")):
        axes[0].annotate(what, (point, ys[point]), (point - 6, 8.5), ha="right", va="center")
        for ax in axes:
            ax.axvline(point, color="#bbbbbb", linewidth=0.7, zorder=0)
    axes[1].plot(x, nats, color="black", linewidth=0.8, label="surprise of Level()")
    axes[1].set_ylabel("-log p, nats")
    for name, (colour, style) in SHOWN.items():
        _, paces = surprises("level", ys, np.array([0.05]), name)
        axes[2].plot(x, paces[:, 0], style, color=colour, linewidth=1.0, label=name)
    axes[2].plot(x, rates, color="#0072b2", linewidth=1.8, label="memories (effective)")
    axes[2].set_yscale("log")
    axes[2].set_ylabel("rate (1 / points of memory)")
    axes[2].set_xlabel("point")
    for ax in axes:
        ax.set_xlim(100, 450)
        ax.legend(**LEGEND)
    drawn.align_ylabels()
    drawn.tight_layout()
    drawn.savefig(RESULTS / "rates.png", dpi=150)
    plt.close(drawn)


if __name__ == "__main__":
    main()
