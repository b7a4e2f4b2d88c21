"""What does a point cost: one compiled loop, one call a point, and the peers?

    python experiments/speed.py ETTh2.csv

The last column of the file (in ETTh2.csv of zhouhaoyi's ETDataset the oil temperature, 17,420
hourly points) is forecast one step ahead. All run in turn, A B C A B C ..., in one process; the
figures are medians of wall time over the rounds, the ratios are medians of the rounds' ratios.
Every learner's mean and surprise are asserted to be equal, bit for bit, both ways.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from page import Page, table

from forecast import NumberForecaster, Regression, Run
from forecast.learner import NumberLearner
from forecast.stream import open_numbers

ROUNDS = 9
LAGS = 24
SLOW_POINTS = 600  # of the peers that take a millisecond a point


@numba.njit(error_model="numpy")
def bare_rls(ys: np.ndarray, lags: int, forget: float) -> np.ndarray:
    """Textbook recursive least squares on the last values, written to be fast: no screening, no
    unit, no bound, no distribution."""
    D = lags + 1
    P, w, x, Px = np.eye(D), np.zeros(D), np.zeros(D), np.zeros(D)
    out = np.zeros(len(ys))
    over_forget = 1.0 / forget
    for t in range(lags, len(ys)):
        for j in range(lags):
            x[j] = ys[t - 1 - j]
        x[lags] = 1.0
        said = 0.0
        for j in range(D):
            said += w[j] * x[j]
        out[t] = said
        for b in range(D):
            Px[b] = 0.0
        for a in range(D):
            for b in range(D):
                Px[b] += P[a, b] * x[a]
        noise = forget
        for a in range(D):
            noise += x[a] * Px[a]
        step = (ys[t] - said) / noise
        for a in range(D):
            w[a] += Px[a] * step
        for a in range(D):
            gain = Px[a] / noise
            for b in range(D):
                P[a, b] = (P[a, b] - gain * Px[b]) * over_forget
    return out


def whole(make: Callable[[], NumberLearner], measure: bool = False) -> Callable[[np.ndarray], None]:
    """The whole stream in one compiled loop."""

    def go(ys: np.ndarray) -> None:
        Run(make(), measure=measure).feed(ys)

    return go


def one_by_one(make: Callable[[], NumberLearner]) -> Callable[[np.ndarray], np.ndarray]:
    """One forecast, one surprise and one lesson a point, as a live stream would."""

    def go(ys: np.ndarray) -> np.ndarray:
        learner = make()
        said = np.full((len(ys), 2), math.nan)
        values = ys.tolist()
        learner.learn(values[0])
        for t in range(1, len(values)):
            forecast = learner.predict()
            said[t] = forecast.mean, forecast.surprise(values[t])
            learner.learn(values[t])
        return said

    return go


def assert_equal_bits(make: Callable[[], NumberLearner], ys: np.ndarray) -> None:
    """The loop and the calls give the same numbers."""
    answers = Run(make(), measure=False).feed(ys)
    alone = one_by_one(make)(ys)[1:]
    both = np.column_stack([answers.mean, answers.surprise])
    assert np.array_equal(both, alone, equal_nan=True), make()


def peers() -> dict[str, tuple[int, Callable[[np.ndarray], None]]]:
    """Those that are installed: how many points they are given, and how they are run."""
    from river import time_series

    def river(model: Callable[[], object]) -> Callable[[np.ndarray], None]:
        def go(ys: np.ndarray) -> None:
            learner = model()
            for y in ys.tolist():
                learner.learn_one(y)
                try:
                    learner.forecast(horizon=1)
                except (IndexError, ValueError):
                    continue  # it has not yet seen a season

        return go

    found: dict[str, tuple[int, Callable[[np.ndarray], None]]] = {
        "river HoltWinters": (
            5000,
            river(lambda: time_series.HoltWinters(0.3, 0.1, 0.6, seasonality=24)),
        ),
        "river SNARIMAX(24)": (2000, river(lambda: time_series.SNARIMAX(p=LAGS, d=0, q=0))),
    }
    try:
        from skaters import laplace
    except ImportError:
        return found

    def skate(ys: np.ndarray) -> None:
        learner, state = laplace(1), None
        for t, y in enumerate(ys.tolist()):
            forecasts, state = learner(y, state)
            if t + 1 < len(ys):
                forecasts[0].logpdf(float(ys[t + 1]))

    found["skaters laplace, with log density"] = (SLOW_POINTS, skate)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", help="ETTh2.csv, or any CSV whose last column is a number")
    path = parser.parse_args().path
    with Path(path).open() as file:
        last = file.readline().strip().split(",")[-1]
    with open_numbers(path, target=[last]) as stream:
        ys = np.ascontiguousarray(np.concatenate([rows.y for rows in stream])[:, 0])
    differences = np.ascontiguousarray(np.diff(ys))

    learners: dict[str, Callable[[], NumberLearner]] = {
        "RLS(24), Normal": lambda: Regression(LAGS, "normal"),
        "RLS(24), posterior of scales and tails": lambda: Regression(LAGS, "posterior"),
        "NumberForecaster()": NumberForecaster,
        "NumberForecaster(season=24)": lambda: NumberForecaster(season=24),
    }
    runs: dict[str, tuple[int, Callable[[np.ndarray], object]]] = {
        "bare numba RLS(24)": (len(ys), lambda _: bare_rls(differences, LAGS, 0.999))
    }
    for name, make in learners.items():
        assert_equal_bits(make, ys)
        runs[name + ", whole stream"] = len(ys), whole(make)
        runs[name + ", one call a point"] = 5000, one_by_one(make)
        if make in (learners["NumberForecaster()"],):
            runs[name + ", whole stream with 21 quantiles, CRPS, PIT"] = len(ys), whole(make, True)
    runs |= peers()
    for n, go in runs.values():
        go(ys[: min(n, 300)])

    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (n, go) in runs.items():
            if n == SLOW_POINTS and len(times[name]) == 3:
                continue
            began = time.perf_counter()
            go(ys[:n])
            times[name].append((time.perf_counter() - began) / n * 1e6)

    def us(name: str) -> float:
        return float(np.median(times[name]))

    bare = times["bare numba RLS(24)"]
    rows = []
    for name, each in times.items():
        ratio = float(np.median(np.array(each) / np.array(bare[: len(each)])))
        rows.append([name, f"{us(name):.2f}", f"{min(each):.2f}", f"{ratio:.2f}"])
    page = Page("What a point costs", __file__, path.rsplit("/")[-1])
    page.say(
        f"{len(ys):,} points of `{last}`, one step ahead, mean and surprise of each; microseconds "
        f"a point, {ROUNDS} rounds in turn."
    )
    page.say(table(["", "median us", "least us", "times bare RLS"], rows))
    page.say("## A call a point above the whole stream's point")
    rows = [
        [name, f"{us(name + ', one call a point') - us(name + ', whole stream'):.2f} us"]
        for name in learners
    ]
    page.say(table(["", "forecast, mean, surprise and learn"], rows))
    page.say("The bits of every mean and surprise were equal both ways.")
    skaters = "skaters laplace, with log density"
    if skaters in times:
        faster = us(skaters) / us("NumberForecaster(), whole stream with 21 quantiles, CRPS, PIT")
        page.say(
            f"NumberForecaster(), with its density and quantiles: {faster:.0f} times faster "
            "than skaters' laplace with its density."
        )
    page.write()


if __name__ == "__main__":
    main()
