"""Does it help a model of river to hear how surprising the last targets were?

    python experiments/surprise_feature.py

On four streams that come with river and have one number as their target: nothing is downloaded.
Each model sees the features of the row and the last targets as differences; then, in turn, what a
`NumberForecaster` of the targets says (median, and width of its 90 % interval), how surprised it
was, both, and, as a control, as many features of noise.
"""

import datetime
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from page import Page, table
from river import base, compose, datasets, forest, linear_model, neighbors, preprocessing, tree

from forecast import NumberForecaster
from forecast.interop.river import Surprise
from forecast.prequential import prequential

LAGS = 6
WARM = 50  # rows before the first that counts
SAID, SURPRISED = ("median", "width"), ("surprise", "relative")
BOOTSTRAPS, BLOCK, SEED = 1000, 20, 0

Rows = list[tuple[dict[str, float], float]]


class Noise(base.SupervisedTransformer, base.Transformer):
    """Adds two features that tell nothing."""

    def __init__(self) -> None:
        self._rng = random.Random(SEED)
        self._now = 0.0, 0.0

    def learn_one(self, x: Any, y: Any) -> None:
        self._now = self._rng.gauss(0.0, 1.0), self._rng.gauss(0.0, 1.0)

    def transform_one(self, x: Any) -> Any:
        return {**x, "noise": self._now[0], "more noise": self._now[1]}


class Past(base.SupervisedTransformer, base.Transformer):
    """Adds the last differences of the target; a median that is there is told as a change too."""

    def __init__(self) -> None:
        self._past: deque[float] = deque(maxlen=LAGS + 1)

    def learn_one(self, x: Any, y: float) -> None:
        self._past.append(y)

    def transform_one(self, x: Any) -> Any:
        past = list(self._past)[::-1]
        changes = [a - b for a, b in pairwise(past)]
        changes += [0.0] * (LAGS - len(changes))
        if "median" in x:
            x = {**x, "median": x["median"] - past[0] if past else 0.0}
        return {**x, **{f"d{k + 1}": change for k, change in enumerate(changes)}}


class Change(base.Wrapper, base.Regressor):
    """A regressor that is told the change of the target since the row before."""

    def __init__(self, regressor: base.Regressor) -> None:
        self.regressor = regressor
        self._last = 0.0

    @property
    def _wrapped_model(self) -> base.Regressor:
        return self.regressor

    def learn_one(self, x: Any, y: float) -> None:
        self.regressor.learn_one(x, y - self._last)
        self._last = y

    def predict_one(self, x: Any) -> float:
        return self._last + (self.regressor.predict_one(x) or 0.0)


ADDED: dict[str, Callable[[], list[Any]]] = {
    "nothing": lambda: [],
    "noise": lambda: [Noise()],
    "surprise": lambda: [Surprise(SURPRISED)],
    "forecast": lambda: [Surprise(SAID)],
    "both": lambda: [Surprise()],
}
MODELS: dict[str, Callable[[], Any]] = {
    "linear regression": lambda: (
        preprocessing.StandardScaler() | Change(linear_model.LinearRegression())
    ),
    "Bayesian linear regression": lambda: (
        preprocessing.StandardScaler() | Change(linear_model.BayesianLinearRegression())
    ),
    "10 neighbours": lambda: preprocessing.StandardScaler() | Change(neighbors.KNNRegressor(10)),
    "Hoeffding tree": lambda: Change(tree.HoeffdingTreeRegressor()),
    "adaptive random forest": lambda: Change(forest.ARFRegressor(n_models=5, seed=SEED)),
}


def main() -> None:
    page = Page("Surprise as a feature", __file__)
    page.say(
        "Mean absolute error, one step ahead, predict then learn, of models of river on its own "
        f"streams, from row {WARM}; in units of that of the last value. All learn the change since "
        f"the last target, and see the features of the row and the last {LAGS} changes; then what "
        "is named is added. *Surprise*: by how many nats the last target surprised a "
        "`NumberForecaster` more than it expected, and that of the last ten against all before. "
        "*Forecast*: its median and the width of its 90 % interval. In brackets the share of "
        f"{BOOTSTRAPS:,} resamplings by blocks of {BLOCK} rows in which it is better than nothing "
        "added. Nothing was tuned."
    )
    ratios: dict[str, list[float]] = {added: [] for added in ADDED}
    better = dict.fromkeys(ADDED, 0)
    worse = dict.fromkeys(ADDED, 0)
    for name, rows in streams():
        ys = np.array([y for _, y in rows])
        last = np.abs(np.diff(ys))[WARM - 1 :].mean()
        lines = []
        for model, make in MODELS.items():
            errors = {added: errors_of(rows, steps(), make()) for added, steps in ADDED.items()}
            line = [model]
            for added, off in errors.items():
                said = f"{off.mean() / last:.3f}"
                if added != "nothing":
                    share = share_better(errors["nothing"], off)
                    ratios[added].append(off.mean() / errors["nothing"].mean())
                    better[added] += share > 0.975
                    worse[added] += share < 0.025
                    said += f" ({share:.0%})"
                line.append(said)
            lines.append(line)
        steps_ = prequential(ys.tolist(), NumberForecaster())
        ours = np.mean([abs(s.y - s.forecast.median) for s in steps_ if s.time >= WARM])
        page.say(
            f"## {name}\n\n{len(rows):,} rows; `NumberForecaster()` alone, without the features of "
            f"the row: {ours / last:.3f}."
        )
        page.say(table(["model", *ADDED], lines))
    page.say("## Together")
    several = sum(map(len, ratios.values())) // (len(ADDED) - 1)
    lines = [
        [
            added,
            f"{math.exp(np.mean(np.log(found))):.3f}",
            f"{min(found):.3f}",
            f"{max(found):.3f}",
            f"{better[added]} of {several}",
            f"{worse[added]} of {several}",
        ]
        for added, found in ratios.items()
        if found
    ]
    header = ["added", "error over that with nothing added", "best", "worst"]
    page.say(table([*header, "surely better", "surely worse"], lines))
    page.write()


def streams() -> Iterator[tuple[str, Rows]]:
    """The streams, their times as numbers."""
    for of in ("AirlinePassengers", "WaterFlow", "TrumpApproval", "ChickWeights"):
        rows = [
            ({k: number(v) for k, v in x.items()}, float(y)) for x, y in getattr(datasets, of)()
        ]
        yield of, rows


def number(value: Any) -> float:
    """A feature as a number; a time as the hours of its day, or its month."""
    if isinstance(value, datetime.datetime):
        return float(value.hour if value.hour else value.month)
    return float(value)


def errors_of(rows: Rows, steps: list[Any], model: Any) -> np.ndarray:
    """|y - prediction| of each row that counts."""
    pipeline: Any = compose.Pipeline(*steps, Past())
    pipeline = pipeline | model
    off = []
    for x, y in rows:
        said = pipeline.predict_one(x)
        off.append(abs(y - said) if said is not None and math.isfinite(said) else abs(y))
        pipeline.learn_one(x, y)
    return np.array(off[WARM:])


def share_better(before: np.ndarray, after: np.ndarray) -> float:
    """In how many resamplings by blocks the mean error after is smaller (Kunsch, 1989)."""
    rng = np.random.default_rng(SEED)
    gain = before - after
    n = len(gain)
    starts = rng.integers(0, n - BLOCK + 1, (BOOTSTRAPS, -(-n // BLOCK)))
    means = gain[starts[:, :, None] + np.arange(BLOCK)].mean(axis=(1, 2))
    return float((means > 0.0).mean() + 0.5 * (means == 0.0).mean())


if __name__ == "__main__":
    main()
