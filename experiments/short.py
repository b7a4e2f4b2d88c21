"""Does it win on short series, where a cold start counts?

    python experiments/short.py

The series are those in data/, which come with the project (where from: data/SOURCES.md). Every
forecaster is asked for its median at the same rows and horizons, and knows no more than the rows
before the question. A score is the MAE relative to the last value's on the same rows: below 1 is
better. The first third of a series is not scored, of one longer than 1,000 rows the first quarter.
"""

import argparse
import math
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from page import Page, table
from river.time_series import HoltWinters
from skaters import laplace
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.mlemodel import MLEModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast import LEVELS, Answers, NumberForecaster, run
from forecast.stream import open_numbers

DATA = Path(__file__).parent.parent / "data"
REFIT = 50  # rows after which the batch models are fitted again
LONG_SEASON = 24  # beyond it one fit of SARIMAX takes minutes, and one of ETS seconds
RARER = 4  # times rarer are the fits of a longer season
EXAMPLE = 0.3, 0.1, 0.6  # rates of Holt and Winters in river's own example
CALMER = 0.5, 0.01, 0.3  # others, chosen in hindsight, as those diverge on long series
HALF = LEVELS.index(0.5)
LOW, HIGH = LEVELS.index(0.05), LEVELS.index(0.95)
DASH = "—"
SEVERAL = {"danish_money", "trump_approval", "macrodata"}  # files of several series


class Case(NamedTuple):
    """A series, what a person would say of it, and the scores that were aimed at."""

    file: str
    column: str
    season: int = 0
    horizons: tuple[int, ...] = (1,)
    targets: tuple[float, ...] = ()
    logs: bool = False  # a batch modeller would take logarithms
    order: tuple[int, int, int] = (1, 1, 1)

    @property
    def name(self) -> str:
        return f"{self.file} {self.column}" if self.file in SEVERAL else self.file


AIMED = [
    Case("co2", "co2", 52, (1, 52), (0.71, 0.43)),
    Case("sunspots", "sunspots", 11, (1, 11), (0.605,), order=(9, 0, 0)),
    Case("nile", "volume", 0, (1,), (0.845,)),
    Case("elnino", "temperature", 12, (1, 12), (0.352, 0.68)),
    Case("airline", "passengers", 12, (1, 12), (0.30, 0.49), logs=True),
    Case("water_flow", "flow", 24, (1, 24), (0.86,)),
]
GROWING = "realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "pop"
OTHERS = [
    Case("electrical", "turnover", 12, (1, 12), logs=True),
    Case("trump_approval", "five_thirty_eight"),
    Case("trump_approval", "gallup"),
    *(Case("danish_money", column, 4) for column in ("lrm", "lry", "lpy", "ibo", "ide")),
    *(Case("macrodata", column, logs=True) for column in GROWING),
    *(Case("macrodata", column) for column in ("tbilrate", "unemp", "infl", "realint")),
]

# A forecaster's medians [rows, horizons] of the rows they are about; nan where it says nothing.
Peer = Callable[[np.ndarray, Case], np.ndarray]


def main() -> None:
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    warnings.simplefilter("ignore")  # the batch models' doubts about where their fits begin
    page = Page("Short series", __file__)
    page.say(
        "MAE of the median over that of the last value, at the same rows; below 1 is better, the "
        "best of a row is bold. The first third of a series is not scored, of one longer than "
        "1,000 rows the first quarter."
    )
    page.say("## The series that were aimed at")
    aimed = [row for case in AIMED for row in compared(case)]
    page.say(table(HEADER, [row.cells() for row in aimed]))
    page.say(verdict(aimed))
    page.say("## The other series in data/")
    others = [row for case in OTHERS for row in compared(case)]
    page.say(table(HEADER, [row.cells() for row in others]))
    page.say(tally(aimed + others))
    page.say(rules())
    page.write()


# ---- scores --------------------------------------------------------------------------------------


class Row(NamedTuple):
    """All scores at one horizon of one series."""

    case: Case
    horizon: int
    n: int
    target: float  # nan: none
    found_season: int
    scores: dict[str, float]  # by forecaster; nan where it cannot say
    covered: float

    def cells(self) -> list[str]:
        """As they stand in the table."""
        best = min(score for score in self.scores.values() if score == score)
        shown = [three(score, score == best) for score in self.scores.values()]
        named = f"{self.case.season or 'none'} / {self.found_season or 'none'}"
        head = [self.case.name, str(self.horizon), str(self.n), named, three(self.target)]
        return [*head, *shown, three(self.covered)]


def three(value: float, bold: bool = False) -> str:
    """With three digits; a dash for nan."""
    if math.isnan(value):
        return DASH
    return f"**{value:.3f}**" if bold else f"{value:.3f}"


def compared(case: Case) -> list[Row]:
    """Every forecaster on one series, a row for each horizon."""
    ys, step = read(case)
    given = run(NumberForecaster(case.horizons, case.season), ys, case.season)
    finder = NumberForecaster(case.horizons, step=step)
    medians = {
        OURS: by_row(given, given.quantiles[:, HALF], case),
        FOUND: by_row(run(finder, ys), None, case),
        **{name: peer(ys, case) for name, peer in PEERS.items()},
        "same season": by_row(given, given.seasonal, case),
    }
    last = by_row(given, given.last, case)
    inside = (given.quantiles[:, LOW] <= given.y) & (given.y <= given.quantiles[:, HIGH])
    covered = by_row(given, inside.astype(float), case)
    rows = []
    for k, horizon in enumerate(case.horizons):
        at = np.arange(first_scored(ys), len(ys))
        at = at[np.isfinite(ys[at])]
        mae = {name: float(np.abs(said[at, k] - ys[at]).mean()) for name, said in medians.items()}
        free = float(np.abs(last[at, k] - ys[at]).mean())
        scores = {name: value / free for name, value in mae.items()}
        target = case.targets[k] if k < len(case.targets) else math.nan
        share = float(covered[at, k].mean())
        rows.append(Row(case, horizon, len(at), target, finder.season, scores, share))
    return rows


def read(case: Case) -> tuple[np.ndarray, str]:
    """The series on its grid, nan where missing, and the step of the grid."""
    with open_numbers(DATA / f"{case.file}.csv", target=[case.column]) as stream:
        ys = np.concatenate([rows.y for rows in stream])[:, 0]
        return ys, str(stream.step)


def first_scored(ys: np.ndarray) -> int:
    """The first row that counts."""
    return len(ys) // (4 if len(ys) > 1_000 else 3)


def by_row(answers: Answers, values: np.ndarray | None, case: Case) -> np.ndarray:
    """Values of answers (their medians where none are named), [rows, horizons]."""
    values = answers.quantiles[:, HALF] if values is None else values
    said = np.full((answers.row[-1] + 1, len(case.horizons)), math.nan)
    said[answers.row, np.searchsorted(case.horizons, answers.horizon)] = values
    return said


# ---- peers ---------------------------------------------------------------------------------------


def on_logs(peer: Peer) -> Peer:
    """A peer that sees the logarithms where a batch modeller would take them."""

    def with_logs(ys: np.ndarray, case: Case) -> np.ndarray:
        return np.exp(peer(np.log(ys), case)) if case.logs else peer(ys, case)

    return with_logs


def sarimax(ys: np.ndarray, case: Case) -> np.ndarray:
    """SARIMAX(1, 1, 1)(0, 1, 1, season), or the series' own order."""
    if case.season > LONG_SEASON:
        return np.full((len(ys), len(case.horizons)), math.nan)
    differenced = case.order[1] > 0
    seasonal = (0, 1, 1, case.season) if case.season and differenced else (0, 0, 0, 0)
    trend = "n" if differenced else "c"
    model = partial(SARIMAX, order=case.order, seasonal_order=seasonal, trend=trend)
    return refitted(model, ys, case, warm=True)


def ets(ys: np.ndarray, case: Case) -> np.ndarray:
    """Exponential smoothing: additive errors, a damped trend, an additive season."""
    model = partial(
        ExponentialSmoothing,
        trend=True,
        damped_trend=True,
        seasonal=case.season or None,
        initialization_method="heuristic",
    )
    return refitted(model, ys, case)


def refitted(
    model: Callable[[np.ndarray], MLEModel], ys: np.ndarray, case: Case, warm: bool = False
) -> np.ndarray:
    """Fitted to all that is known every ``REFIT`` rows, with the rows between appended.

    A ``warm`` fit begins where the last one ended.
    """
    said = np.full((len(ys), len(case.horizons)), math.nan)
    every = REFIT * (RARER if case.season > LONG_SEASON else 1)
    start = None
    for known in range(first_scored(ys) - case.horizons[-1], len(ys), every):
        fit = model(ys[:known]).fit(start, disp=False, cov_type="none")
        start = fit.params if warm else None
        rows = np.arange(known, min(known + every, len(ys)))
        ahead(fit.append(ys[rows]), rows, case.horizons, said)
    return said


def ahead(fit: Any, rows: np.ndarray, horizons: tuple[int, ...], said: np.ndarray) -> None:
    """Write the forecasts whose first step is each of the rows: only rows before it are known."""
    space = fit.model.ssm
    transition, design = space["transition"], space["design"][0]
    drift = space["state_intercept"].reshape(len(transition), -1)[:, :1]  # the same at all rows
    states = fit.predicted_state[:, rows]
    for h in range(1, horizons[-1] + 1):
        if h in horizons:
            inside = rows + h - 1 < len(said)
            said[(rows + h - 1)[inside], horizons.index(h)] = (design @ states)[inside]
        states = transition @ states + drift


def holt_winters(
    ys: np.ndarray, case: Case, rates: tuple[float, float, float] = EXAMPLE
) -> np.ndarray:
    """River's, with rates of the level, the trend and the season.

    A missing value is taken to be as forecast, before the first forecast to be the last one.
    """
    level, trend, season = rates
    if case.season:
        learner = HoltWinters(level, trend, season, seasonality=case.season)
    else:
        learner = HoltWinters(level, trend)
    said = np.full((len(ys) + case.horizons[-1], len(case.horizons)), math.nan)
    last = math.nan
    for t, y in enumerate(ys.tolist()):
        last = next(value for value in (y, said[t, 0], last) if not math.isnan(value))
        learner.learn_one(last)
        try:
            forecasts = learner.forecast(case.horizons[-1])
        except IndexError:
            continue  # it has not yet seen a season
        for k, h in enumerate(case.horizons):
            said[t + h, k] = forecasts[h - 1]
    return said[: len(ys)]


def skater(ys: np.ndarray, case: Case) -> np.ndarray:
    """Skaters' general forecaster, one step ahead; a missing value is taken to be as forecast."""
    learner, state = laplace(1), None
    said = np.full((len(ys) + 1, len(case.horizons)), math.nan)
    for t, y in enumerate(ys.tolist()):
        forecasts, state = learner(said[t, 0] if math.isnan(y) else y, state)
        said[t + 1, 0] = forecasts[0].quantile(0.5)
    return said[: len(ys)]


OURS, FOUND = "NumberForecaster", "its season by the step"
PEERS: dict[str, Peer] = {
    "SARIMAX": on_logs(sarimax),
    "ETS": on_logs(ets),
    "river HoltWinters": on_logs(holt_winters),
    "the same, calmer": on_logs(partial(holt_winters, rates=CALMER)),
    "skaters laplace": on_logs(skater),
}
HEADER = [
    *("series", "h", "rows", "season given / found", "target", OURS, FOUND, *PEERS),
    *("same season", "90 % covered"),
]


# ---- words ---------------------------------------------------------------------------------------


def verdict(rows: list[Row]) -> str:
    """Which targets are met, and what it costs to be told no season."""
    aims = [row for row in rows if row.target == row.target]
    missed = [row for row in aims if row.scores[OURS] > row.target]
    names = ", ".join(
        f"{row.case.name} at {row.horizon} ({row.scores[OURS]:.3f} for {row.target:.3f})"
        for row in missed
    )
    said = f"Targets met: {len(aims) - len(missed)} of {len(aims)}."
    return said + (f" Missed: {names}. " if missed else " ") + cost_of_finding(rows)


def cost_of_finding(rows: list[Row]) -> str:
    """How much worse the season found by the step is than the one given."""
    costs = [row.scores[FOUND] / row.scores[OURS] - 1.0 for row in rows]
    worse = [
        f"{row.case.name} at {row.horizon} ({cost:+.1%})"
        for row, cost in zip(rows, costs, strict=True)
        if cost > 0.01
    ]
    said = "The season found by the step is to cost at most 1 %: "
    return said + (
        f"but it costs more on {', '.join(worse)}." if worse else "and it does everywhere."
    )


def tally(rows: list[Row]) -> str:
    """Who is how often the best, and how often ours is ahead of each."""
    ahead_of = []
    for name in (*PEERS, "same season"):
        pairs = [(row.scores[OURS], row.scores[name]) for row in rows]
        pairs = [(ours, theirs) for ours, theirs in pairs if theirs == theirs]
        middle = float(np.median([ours / theirs for ours, theirs in pairs]))
        wins = sum(ours < theirs for ours, theirs in pairs)
        ahead_of.append([name, f"{wins} of {len(pairs)}", f"{middle:.3f}"])
    worst = max(rows, key=lambda row: row.scores[OURS])
    said = table(["against", "ahead", "median ratio of the MAEs"], ahead_of)
    return (
        "## NumberForecaster, its season given, against each\n\n"
        f"{said}\n\nIts worst score is {worst.scores[OURS]:.3f}, on {worst.case.name} at "
        f"{worst.horizon}."
    )


def rules() -> str:
    """What each peer was given."""
    logs = ", ".join(case.name for case in AIMED + OTHERS if case.logs)
    return (
        "## How the peers are run\n\n"
        f"SARIMAX(1, 1, 1)(0, 1, 1, season) and ETS with a damped trend and an additive season, "
        f"both statsmodels', are fitted again every {REFIT} rows, beginning before the first "
        f"scored row, and the rows between are appended. Sunspots have an AR(9) with a constant "
        f"for SARIMAX. Seasons longer than {LONG_SEASON} are too slow for SARIMAX: a dash; ETS is "
        f"then fitted every {REFIT * RARER} rows. "
        f"River's HoltWinters has the rates {EXAMPLE} of its own example for level, trend and "
        f"season; the calmer one has {CALMER}, chosen in hindsight. Skaters' laplace is asked one "
        "step ahead only. All these are given logarithms, as is usual, of "
        f"{logs}; NumberForecaster and the free rivals see the numbers as they are. A dash also "
        "stands where there is no season or no target."
    )


if __name__ == "__main__":
    main()
