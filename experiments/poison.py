"""What does one bad value do, to every learner and at any instant?

    python experiments/poison.py [--share 0.01]

NaN, infinities, 1e308 and their like at 500 positions of a stream (``tests/bad_values.py``); models
of river and skaters' laplace beside, at a few.
"""

import math
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from page import Page
from trial import (
    LOST,
    REFUSED,
    RIGHT,
    WRONG,
    Row,
    Trial,
    nothing_wrong,
    outcomes_table,
    peers_table,
    row_of,
    said_of,
    share_asked,
    tried,
)

from forecast import NumberForecaster
from forecast.checks import LEARNERS, numbers
from forecast.prequential import Run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import bad_values

POSITIONS = 500


def bad_values_for(name: str, folder: Path, share: float) -> Row:
    """Each bad value at each position; gone on with, and compared with one that never met it."""
    del folder
    positions = range(0, POSITIONS, max(1, round(1 / share)))
    outcomes = []
    worst = 0.0
    for met in bad_values.met(LEARNERS[name], positions):
        came = WRONG if met.wrong else REFUSED if met.came == bad_values.REFUSED else RIGHT
        outcomes.append((came, f"{met.value} at {met.position}: {met.wrong}"))
        worst = max(worst, met.ratio)
    return row_of(f"7 bad values: {name} (later at most {worst:.2f} times the loss)", outcomes)


# ---- peers ---------------------------------------------------------------------------------------

VALUES = (math.nan, math.inf, 1e308)
PLACES = (3, 50, 150)
PEER_POINTS, PEER_SCORED = 650, 100  # 400 points and more to recover


def river_forecasters() -> dict[str, Callable[[], Any]]:
    """Models of river that follow one series."""
    from river import time_series

    return {
        "HoltWinters": lambda: time_series.HoltWinters(
            alpha=0.3, beta=0.1, gamma=0.5, seasonality=12
        ),
        "SNARIMAX(3,1,1)": lambda: time_series.SNARIMAX(p=3, d=1, q=1),
    }


def river_regressors() -> dict[str, Callable[[], Any]]:
    """Models of river that learn a value from three before it."""
    from river import ensemble, forest, linear_model, neighbors, preprocessing, tree

    scaled = preprocessing.StandardScaler
    return {
        "LinearRegression": lambda: scaled() | linear_model.LinearRegression(),
        "PARegressor": lambda: scaled() | linear_model.PARegressor(),
        "BayesianLinearRegression": lambda: linear_model.BayesianLinearRegression(),
        "KNNRegressor": lambda: neighbors.KNNRegressor(),
        "HoeffdingTreeRegressor": lambda: tree.HoeffdingTreeRegressor(grace_period=50),
        "HoeffdingAdaptiveTree": lambda: tree.HoeffdingAdaptiveTreeRegressor(
            grace_period=50, seed=1
        ),
        "ARFRegressor": lambda: forest.ARFRegressor(n_models=3, seed=1),
        "BaggingRegressor": lambda: ensemble.BaggingRegressor(
            scaled() | linear_model.LinearRegression(), n_models=3, seed=1
        ),
    }


def with_river(name: str, make: Callable[[], Any], ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by a model of river; what is told is told, and remembered."""
    model = make()
    said = np.zeros(len(ys))
    if name in river_forecasters():
        for t, y in enumerate(ys.tolist()):
            said[t] = model.forecast(1)[0] if t > 30 else 0.0
            model.learn_one(y)
        return said
    for t in range(3, len(ys)):
        x = {f"lag{k}": float(ys[t - k]) for k in (1, 2, 3)}
        said[t] = model.predict_one(x)
        model.learn_one(x, float(ys[t]))
    return said


def with_skaters(name: str, make: Callable[[], Any], ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by a skater."""
    del name
    skater, state = make(), None
    said = np.zeros(len(ys))
    for t, y in enumerate(ys.tolist()):
        (dist,), state = skater(y, state)
        if t + 1 < len(ys):
            said[t + 1] = dist.quantile(0.5)
    return said


Said = Callable[[str, Callable[[], Any], np.ndarray], np.ndarray]


def one_bad_value(peer: str, models: dict[str, Callable[[], Any]], said: Said) -> Row:
    """One bad value in each of some models at a few positions; and in our default beside."""
    clean = numbers.stream(NumberForecaster(), PEER_POINTS)
    beside: Counter[str] = Counter()
    ruined: Counter[str] = Counter()
    for name, make in models.items():
        usual = error(said(name, make, clean), clean)
        for value in VALUES:
            for place in PLACES:
                ys = clean.copy()
                ys[place] = value
                try:
                    with np.errstate(all="ignore"), warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        later = error(said(name, make, ys), clean)
                except Exception:
                    beside[REFUSED] += 1
                    continue
                came = RIGHT if later <= 2.0 * usual else LOST
                beside[came] += 1
                ruined[name] += came == LOST
    outcomes = []
    usual = error(by_ours(clean), clean)
    for value in VALUES:
        for place in PLACES:
            ys = clean.copy()
            ys[place] = value
            ratio = error(by_ours(ys), clean) / usual
            outcomes.append((RIGHT if ratio <= 2.0 else WRONG, f"{value} at {place}: {ratio:.3g}"))
    print("  ruined:", dict(ruined), flush=True)
    return row_of(
        f"one bad value, 400 points and more before the score, beside {peer}", outcomes
    )._replace(peer=peer, beside=beside)


def error(said: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error of the last points; infinite where one is no number."""
    found = float(np.abs(said - truth)[-PEER_SCORED:].mean())
    return found if math.isfinite(found) else math.inf


def by_ours(ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by the default."""
    answers = Run(NumberForecaster()).feed(ys)
    said = np.full(len(ys), math.nan)
    said[answers.row] = answers.quantiles[:, 10]
    return said


def river_peers(folder: Path, share: float) -> Row:
    """One bad value in models of river."""
    del folder, share
    models = river_forecasters() | river_regressors()
    return one_bad_value(f"{len(models)} models of river", models, with_river)


def skaters_peer(folder: Path, share: float) -> Row:
    """One bad value in skaters' laplace."""
    del folder, share
    from skaters import laplace

    return one_bad_value("skaters `laplace`", {"laplace": lambda: laplace(1)}, with_skaters)


TRIALS: list[Trial] = [
    *(partial(bad_values_for, name) for name in LEARNERS),
    river_peers,
    skaters_peer,
]


def main() -> None:
    share = share_asked(__doc__)
    page = Page("One bad value", __file__, said_of(share))
    page.say(
        "A bad value is refused by an error that changes no bit, or taken, and then the loss later "
        "is at most 1.25 times that of a learner that never met it; what is worse is *silently "
        "wrong*."
    )
    rows = tried(TRIALS, share)
    page.say(outcomes_table(rows))
    page.say(
        "## The same beside us\n\n*Lost* is a model whose mean error 400 points and more after one "
        "bad value is not a number or more than twice that without it."
    )
    page.say(peers_table(rows))
    page.write()
    nothing_wrong(rows)


if __name__ == "__main__":
    main()
