"""Is NumberForecaster() better than skaters' laplace one step ahead, on every stream?

    python experiments/streams.py ETTh2.csv exchange_rate.csv nyc_taxi.csv ...

Every column of at least 600 numbers is a stream, its first 2,000 points. ETTh2.csv is in the
ETDataset repository of zhouhaoyi, exchange_rate.csv in multivariate-time-series-data of laiguokun
(without a header), and the others are in the folder data of NAB, the anomaly benchmark of numenta.
Each forecaster sees a row after it has said what it expects there, and no forecaster is told
anything of a stream but its season: that of the time step of the file.
"""

import argparse
import math
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import at_hand
import numpy as np
from page import Page, table
from river import linear_model, optim, preprocessing, time_series
from skaters import laplace
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from forecast import NumberForecaster, run
from forecast.prequential import prequential
from forecast.stream import open_numbers, season_of

POINTS, SHORTEST = 2_000, 600
COLD, WARM = 20, 300  # the first rows whose forecasts are scored: early on, and afterwards
LEVELS = np.arange(1, 20) / 20
MEDIAN = 9
SMALLEST_LOG_DENSITY, SMALLEST_MASS = -690.0, 1e-12
REFIT = 200  # points after which statsmodels fits again
LAGS = 12


class Stream(NamedTuple):
    """A series, and how it is scored."""

    name: str
    ys: np.ndarray
    season: int
    cell: float  # width of what is observed; 0 where a density is asked for


class Said(NamedTuple):
    """What a forecaster said of each row before it saw it."""

    quantiles: np.ndarray  # [rows, levels]
    log_score: np.ndarray  # of what came, nats
    us: float  # CPU, a point


class Scores(NamedTuple):
    """How good that was."""

    pinball: float
    error: float  # mean absolute, of the median
    log_score: float
    covered: float
    cold: float  # pinball of the early rows


class Points(NamedTuple):
    """What a forecaster of single values said, and how often it had to be held."""

    said: np.ndarray
    us: float
    held: float


class Match(NamedTuple):
    """One stream: both forecasters, and the errors of all relative to the last value's."""

    stream: Stream
    ours: Scores
    laplace: Scores
    errors: dict[str, float]
    us: dict[str, float]
    held: dict[str, float]

    @property
    def pinball(self) -> float:
        return self.ours.pinball / self.laplace.pinball

    @property
    def error(self) -> float:
        return self.ours.error / self.laplace.error

    @property
    def gain(self) -> float:
        return self.ours.log_score - self.laplace.log_score

    @property
    def cold(self) -> float:
        return self.ours.cold / self.laplace.cold


# ------------------------------------------------------------------------------- the streams


def streams(paths: list[Path]) -> list[Stream]:
    """Every column of numbers of the files, and of no others."""
    by_stem = {path.stem: path for path in paths}
    found = []
    for name, values in at_hand.series(paths).items():
        stem, _, column = name.partition("/")
        if stem in by_stem and len(values) >= SHORTEST:
            ys = values[:POINTS]
            found.append(Stream(name, ys, season(by_stem[stem], column), observed_cell(ys)))
    return found


def season(path: Path, column: str) -> int:
    """The season that the distance of the first two times suggests."""
    named = f"c{int(column) + 1}" if column.isdigit() else column  # of files without a header
    with open_numbers(path, target=[named], block=2) as stream:
        next(iter(stream))
        return season_of(stream.step)


def observed_cell(ys: np.ndarray) -> float:
    """The smallest gap between values; 0 where they are many and seldom repeat."""
    values = np.unique(ys)
    many, repeats = len(values) >= 0.3 * len(ys), np.mean(np.diff(ys) == 0.0)
    return 0.0 if many and repeats < 0.02 else float(np.diff(values).min())


# ------------------------------------------------------------------- forecasts as distributions


def mass_around(cdf: Callable[[float], float], y: float, cell: float) -> float:
    """The probability of the cell around y; an atom at either end counts whole."""
    low, high = y - 0.5 * cell, y + 0.5 * cell
    return cdf(high) - cdf(math.nextafter(low, -math.inf))


def ours(stream: Stream) -> Said:
    """What NumberForecaster() said; the masses of cells are asked for in a second run, untimed."""
    ys, n = stream.ys, len(stream.ys)
    began = time.process_time()
    answers = run(NumberForecaster(season=stream.season), ys)
    us = (time.process_time() - began) / n * 1e6
    said = Said(np.full((n, len(LEVELS)), math.nan), np.full(n, math.nan), us)
    said.quantiles[answers.row] = answers.quantiles[:, 1:-1]
    if stream.cell == 0.0:
        said.log_score[answers.row] = np.maximum(-answers.surprise, SMALLEST_LOG_DENSITY)
        return said
    for step in prequential(ys.tolist(), NumberForecaster(season=stream.season)):
        mass = mass_around(step.forecast.cdf, step.y, stream.cell)
        said.log_score[step.time] = math.log(max(mass, SMALLEST_MASS))
    return said


def laplaces(stream: Stream) -> Said:
    """What skaters' laplace said, as it comes."""
    n = len(stream.ys)
    quantiles, log_score = np.full((n, len(LEVELS)), math.nan), np.full(n, math.nan)
    learn, forecasts, state = laplace(k=1), None, None
    began = time.process_time()
    for row, y in enumerate(stream.ys.tolist()):
        if forecasts is not None:
            forecast = forecasts[0]
            quantiles[row] = [forecast.quantile(level) for level in LEVELS]
            if stream.cell == 0.0:
                log_score[row] = max(forecast.logpdf(y), SMALLEST_LOG_DENSITY)
            else:
                mass = mass_around(forecast.cdf, y, stream.cell)
                log_score[row] = math.log(max(mass, SMALLEST_MASS))
        forecasts, state = learn(y, state)
    return Said(quantiles, log_score, (time.process_time() - began) / n * 1e6)


def pinball(ys: np.ndarray, quantiles: np.ndarray) -> float:
    """The mean over rows and levels."""
    above = ys[:, None] - quantiles
    return float(np.maximum(LEVELS * above, (LEVELS - 1.0) * above).mean())


def scores(ys: np.ndarray, said: Said) -> Scores:
    """Over the rows from ``WARM`` on, and the pinball loss of those before."""
    y, quantiles = ys[WARM:], said.quantiles[WARM:]
    return Scores(
        pinball(y, quantiles),
        float(np.abs(y - quantiles[:, MEDIAN]).mean()),
        float(said.log_score[WARM:].mean()),
        float(((quantiles[:, 0] <= y) & (y <= quantiles[:, -1])).mean()),
        pinball(ys[COLD:WARM], said.quantiles[COLD:WARM]),
    )


# ------------------------------------------------------------------ forecasts of single values


def last_value(ys: np.ndarray, season: int) -> np.ndarray:
    return np.concatenate([ys[:1], ys[:-1]])


def seasonal_naive(ys: np.ndarray, season: int) -> np.ndarray:
    """The last value of the same season; the last one where there is no season."""
    said = last_value(ys, season)
    if season:
        said[season:] = ys[:-season]
    return said


def holt_winters(ys: np.ndarray, season: int) -> np.ndarray:
    """River's, additive, with the rates of its documentation."""
    gamma = 0.6 if season else None
    return rivers(time_series.HoltWinters(0.3, 0.1, gamma, seasonality=season), ys)


def snarimax(ys: np.ndarray, season: int, step: float = 0.01) -> np.ndarray:
    """River's, on the differences, lags and target both standardized; the step is river's own."""
    plain = linear_model.LinearRegression(optim.SGD(step), intercept_lr=step)
    line = preprocessing.TargetStandardScaler(plain)
    regressor = preprocessing.StandardScaler() | line
    return rivers(time_series.SNARIMAX(p=LAGS, d=1, q=0, regressor=regressor), ys)


def rivers(model: time_series.base.Forecaster, ys: np.ndarray) -> np.ndarray:
    """One step ahead, row after row; nan where it has nothing to say, or cannot go on."""
    said = np.full(len(ys), math.nan)
    for row, y in enumerate(ys.tolist()):
        try:
            said[row] = model.forecast(horizon=1)[0]
        except (IndexError, ValueError):
            said[row] = math.nan  # it has not yet seen what it begins with
        try:
            model.learn_one(y)
        except ArithmeticError:  # HoltWinters divides by the mean of the first season
            break
    return said


def smoothing(ys: np.ndarray, season: int) -> np.ndarray:
    """Statsmodels' simple exponential smoothing, its rate fitted again and again."""
    said = last_value(ys, season)
    for start in range(REFIT, len(ys), REFIT):
        fit = SimpleExpSmoothing(ys[:start], initialization_method="estimated").fit()
        rate, level = float(fit.params["smoothing_level"]), float(fit.level[-1])
        for row in range(start, min(start + REFIT, len(ys))):
            said[row] = level
            level += rate * (ys[row] - level)
    return said


def autoregression(ys: np.ndarray, season: int) -> np.ndarray:
    """Statsmodels' AutoReg on the last values, fitted again and again."""
    said = last_value(ys, season)
    for start in range(REFIT, len(ys), REFIT):
        constant, *weights = AutoReg(ys[:start], lags=LAGS).fit().params
        for row in range(start, min(start + REFIT, len(ys))):
            said[row] = constant + np.dot(weights, ys[row - LAGS : row][::-1])
    return said


PEERS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "last value": last_value,
    "same season's last value": seasonal_naive,
    "river HoltWinters": holt_winters,
    f"river SNARIMAX({LAGS}, 1)": snarimax,
    "the same, a tenth of the step": partial(snarimax, step=0.001),
    "statsmodels SimpleExpSmoothing": smoothing,
    f"statsmodels AutoReg({LAGS})": autoregression,
}


def points(peer: Callable[[np.ndarray, int], np.ndarray], stream: Stream) -> Points:
    """What a peer said. Where it diverged it is held: the last value stands in for it.

    It has diverged where it says no number, or one outside all that was seen by more than the
    range of all that was seen.
    """
    began = time.process_time()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        said = peer(stream.ys, stream.season)
    us = (time.process_time() - began) / len(said) * 1e6
    last = last_value(stream.ys, 0)
    lowest, highest = np.minimum.accumulate(last), np.maximum.accumulate(last)
    span = highest - lowest
    sane = (said >= lowest - span) & (said <= highest + span)
    return Points(np.where(sane, said, last), us, float(1.0 - sane[WARM:].mean()))


# ---------------------------------------------------------------------------------- the page


def match(stream: Stream) -> Match:
    """All forecasters on one stream."""
    said = {"**NumberForecaster()**": ours(stream), "skaters laplace": laplaces(stream)}
    peers = {name: points(peer, stream) for name, peer in PEERS.items()}
    ys = stream.ys[WARM:]
    errors = {name: float(np.abs(peer.said[WARM:] - ys).mean()) for name, peer in peers.items()}
    one, other = (scores(stream.ys, each) for each in said.values())
    errors = dict(zip(said, (one.error, other.error), strict=True)) | errors
    return Match(
        stream,
        one,
        other,
        {name: error / errors["last value"] for name, error in errors.items()},
        {name: each.us for name, each in (said | peers).items()},
        {name: peer.held for name, peer in peers.items() if peer.held > 0.0},
    )


def beside_laplace(matches: list[Match]) -> str:
    """Each stream's scores against laplace's."""
    header = ["stream", "season", "pinball", "MAE", "log score, nats", "scored by", "pinball, cold"]
    rows = [
        [
            one.stream.name,
            str(one.stream.season or ""),
            f"{one.pinball:.3f}",
            f"{one.error:.3f}",
            f"{one.gain:+.3f}",
            f"cell of {one.stream.cell:.3g}" if one.stream.cell else "density",
            f"{one.cold:.3f}",
            f"{one.ours.covered:.3f}",
            f"{one.laplace.covered:.3f}",
        ]
        for one in matches
    ]
    return table([*header, "covered", "covered, laplace"], rows)


def targets(matches: list[Match]) -> str:
    """What was to be reached, and what was."""
    n = len(matches)
    ratios = [np.array([getattr(one, name) for one in matches]) for name in ("pinball", "error")]
    gains, cold = np.array([one.gain for one in matches]), np.array([one.cold for one in matches])
    wins = [int((each < 1.0).sum()) for each in (*ratios, cold)]
    log_wins, median = int((gains > 0.0).sum()), float(np.median(ratios[0]))

    def worst(place: int) -> str:
        return matches[place].stream.name

    rows = [
        ["pinball better on all", wins[0] == n, f"{wins[0]} of {n}", worst(ratios[0].argmax())],
        [
            "MAE better on all but one at most",
            wins[1] >= n - 1,
            f"{wins[1]} of {n}",
            worst(ratios[1].argmax()),
        ],
        ["log score better on all", log_wins == n, f"{log_wins} of {n}", worst(gains.argmin())],
        ["median ratio of pinball at most .84", median <= 0.84, f"{median:.3f}", ""],
        [
            "pinball of the cold rows better on 95 %",
            wins[2] >= 0.95 * n,
            f"{wins[2]} of {n}",
            worst(cold.argmax()),
        ],
    ]
    shown = [[name, reached, "yes" if held else "**no**", at] for name, held, reached, at in rows]
    return table(["target", "reached", "held", "worst stream"], shown)


def medians(matches: list[Match]) -> str:
    """The same over all streams, in a sentence."""
    middle = {
        name: float(np.median([getattr(one, name) for one in matches]))
        for name in ("pinball", "error", "gain", "cold")
    }
    covered = [
        float(np.mean([each.covered for each in side]))
        for side in ([one.ours for one in matches], [one.laplace for one in matches])
    ]
    return (
        f"Medians: pinball {middle['pinball']:.3f}, MAE {middle['error']:.3f}, log score "
        f"{middle['gain']:+.3f} nats, cold pinball {middle['cold']:.3f} of laplace's. The "
        f"intervals of 90 % cover {covered[0]:.1%} on average, laplace's {covered[1]:.1%}."
    )


def beside_all(matches: list[Match]) -> str:
    """Each forecaster's MAE on each stream relative to the last value's, and the medians."""
    names = [name for name in matches[0].errors if name != "last value"]
    rows = []
    for one in matches:
        held = {name: f" ({share:.1%} held)" for name, share in one.held.items()}
        cells = [f"{one.errors[name]:.3f}{held.get(name, '')}" for name in names]
        rows.append([one.stream.name, *cells])
    middle = [f"{np.median([one.errors[name] for one in matches]):.3f}" for name in names]
    return table(["stream", *names], [*rows, ["median", *middle]])


def costs(matches: list[Match]) -> str:
    """Each forecaster's CPU time a point, and where it is the best of all."""
    rows = []
    for name in matches[0].us:
        best = sum(min(one.errors.values()) == one.errors[name] for one in matches)
        us = float(np.median([one.us[name] for one in matches]))
        rows.append([name, f"{us:,.1f}", str(best)])
    return table(["", "us a point, median", "streams of the least MAE"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="CSV files")
    paths = parser.parse_args().paths
    for warm in (0, 24):
        run(NumberForecaster(season=warm), np.sin(np.arange(99.0)))  # compiles
    matches = []
    for stream in streams(paths):
        print(stream.name, flush=True)
        matches.append(match(stream))

    page = Page(
        "One step ahead, against skaters' laplace", __file__, " ".join(path.name for path in paths)
    )
    page.say(targets(matches))
    page.say(medians(matches))
    page.say(
        f"## Each stream\n\nThe first {POINTS:,} points at most; scores over the rows from {WARM} "
        f"on, cold ones over rows {COLD} to {WARM}. Pinball, the mean over the levels .05 to .95, "
        "and MAE, of the median, are ratios to laplace's: below 1 is better. The log score is what "
        "is gained on laplace's: above 0 is better. It is the log of the density where at least "
        "30 % of the values differ and fewer than 2 % repeat the one before; elsewhere that of the "
        "probability of the cell around the value, as wide as the smallest gap between two values "
        "of the stretch. "
        f"No density counts below exp({SMALLEST_LOG_DENSITY:.0f}), no cell below "
        f"{SMALLEST_MASS:g}. Covered: how often the value lay between the quantiles .05 and .95."
    )
    page.say(beside_laplace(matches))
    page.say("## Each forecaster's MAE, relative to the last value's\n\nBelow 1 is better.")
    page.say(beside_all(matches))
    page.say(
        f"Held: the share of rows where a forecast was no number, or further outside all seen "
        f"before than its range, and the last value stood in for it. Statsmodels' are fitted again "
        f"every {REFIT} points; HoltWinters has river's documented rates .3, .1 and .6; laplace is "
        "as it comes."
    )
    page.say("## What a point costs")
    page.say(costs(matches))
    page.say(
        "Equal ones count for each. CPU time of learning and forecasting: ours with 21 "
        "quantiles, CRPS and PIT in the compiled loop, laplace's with 19 quantiles and the log "
        "score."
    )
    page.say(
        "No constant of any forecaster is set for a stream, but for its season. Yet these streams "
        "were looked at while the parts of NumberForecaster were chosen: they are not unseen data."
    )
    page.write()


if __name__ == "__main__":
    main()
