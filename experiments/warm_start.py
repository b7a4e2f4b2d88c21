"""What is a history worth to a forecaster that begins?

    python experiments/warm_start.py ETTh2.csv nyc_taxi.csv ...

ETTh2.csv is in the ETDataset repository of zhouhaoyi, the other streams are in the folder data of
NAB, the anomaly benchmark of numenta; the bundled ones take part. Of each column of at least 2,000
numbers 1,000 are the history; what is told anew are the next 1,000, one by one, each asked before
it is told. Errors are absolute, of the medians, over those of one that begins with nothing.
"""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path

import at_hand
import numpy as np
from numpy.typing import NDArray
from page import Page, table
from statsmodels.tsa.ar_model import AutoReg

from forecast import NumberForecaster, run
from forecast.numbers.regression import REGRESSION_INTS, regression_parts
from forecast.numbers.rls import PRIOR
from forecast.numbers.series import LONG, SERIES_INTS, UNIT

Floats = NDArray[np.float64]

HISTORY, TOLD = 1_000, 1_000
SOON = 100
LAGS = 24
SHOWN = 60  # points that a fit of statsmodels is given to know where it is
NOTHING, FROZEN = "from nothing", "frozen"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("streams", type=Path, nargs="+")
    paths = parser.parse_args().streams
    warnings.simplefilter("ignore")
    page = Page("Warm starts", __file__, " ".join(path.name for path in paths))
    series = {
        name: ys[: HISTORY + TOLD]
        for name, ys in at_hand.series(paths).items()
        # a fit needs some change in what it is shown
        if len(ys) >= HISTORY + TOLD and np.ptp(ys[HISTORY - SHOWN : HISTORY]) > 0.0
    }
    page.say(
        f"{HISTORY:,} points of history, then {TOLD:,} told one by one: mean absolute error over "
        f"that of `NumberForecaster()` from nothing, in the first {SOON} of them and in all; "
        "geometric means over streams, and the worst."
    )
    histories(page, series)
    page.say(
        "A fit by statsmodels, weights and covariance, adds nothing to a walk through the history, "
        "and neither does a second walk. What another stream has taught was tried as well, before "
        "this page was made, told the first ten values of the new one and in its unit, and is not "
        "in the package: with the weights of the regression alone the first 100 errors were 0.996 "
        "times those from nothing and all 1.006 times, with the weights and shapes of all experts "
        "1.067 and 1.030 times, at worst 1.79 (13 pairs of these streams)."
    )
    page.write()


# ---- a history of the same stream ----------------------------------------------------------------


def histories(page: Page, series: dict[str, Floats]) -> None:
    """What each way to use a history is worth."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    rows = []
    for name, ys in series.items():
        errors = dict(from_history(ys[:HISTORY], ys[HISTORY:]))
        nothing = errors[NOTHING]
        best = min(nothing.sum(), errors[FROZEN].sum())
        row = [name]
        for way, each in errors.items():
            soon, whole = each[:SOON].sum() / nothing[:SOON].sum(), each.sum() / nothing.sum()
            found.setdefault(way, []).append((soon, whole, each.sum() / best))
            if way != NOTHING:
                row.append(f"{soon:.3f}, {whole:.3f}")
        rows.append(row)
    page.say("## Its own history")
    summary(page, found)
    page.say(table(["", *(way for way in found if way != NOTHING)], rows))


def summary(page: Page, found: dict[str, list[tuple[float, float, float]]]) -> None:
    """Means over streams, and the worst of all beside the better of nothing and frozen."""
    rows = []
    for way, each in found.items():
        ratios = np.array(each)
        soon, whole, _ = np.exp(np.log(ratios).mean(axis=0))
        worst = ratios[:, 2].max()
        safe = int((ratios[:, 2] <= 1.005).sum())
        counted = f"{safe} of {len(each)}"
        rows.append([way, f"{soon:.3f}", f"{whole:.3f}", f"{worst:.3f}", counted])
    worst = "worst of all, over the better of nothing and frozen"
    page.say(table(["", f"first {SOON}", "all", worst, "within .5 % of it"], rows))


def from_history(history: Floats, told: Floats) -> Iterator[tuple[str, Floats]]:
    """Absolute errors of each way to begin."""
    yield NOTHING, said(NumberForecaster(), told)
    yield FROZEN, frozen(history, told)
    walked = NumberForecaster.from_history(history)
    yield "from_history", said(walked.copy(), told)
    fitted = walked.copy()
    put_fit(fitted, history)
    yield "from_history, then statsmodels' fit", said(fitted, told)
    run(walked, history)
    yield "walked through twice", said(walked, told)
    shown = NumberForecaster.from_history(history[-SHOWN:])
    put_fit(shown, history)
    yield f"statsmodels' fit, {SHOWN} points shown", said(shown, told)


def said(learner: NumberForecaster, told: Floats) -> Floats:
    """Absolute errors of the medians, one step ahead; 0 for the first of a new learner."""
    errors = np.zeros(len(told))
    first = learner.predict().median
    if np.isfinite(first):
        errors[0] = abs(told[0] - first)
    answers = run(learner, told)
    errors[answers.row] = np.abs(answers.y - answers.quantiles[:, 10])
    return errors


def fit_of(differences: Floats) -> tuple[Floats, Floats]:
    """Weights of an autoregression by statsmodels, the newest lag first, and their covariance.

    The covariance is that of errors of variance 1.
    """
    fit = AutoReg(differences, LAGS, trend="c").fit()
    newest_first = [0, *range(1, LAGS + 1)]
    covariance = np.asarray(fit.cov_params()) / fit.sigma2
    return np.asarray(fit.params)[newest_first], covariance[np.ix_(newest_first, newest_first)]


def frozen(history: Floats, told: Floats) -> Floats:
    """Errors of statsmodels' autoregression of the differences, never fitted again."""
    weights, _ = fit_of(np.diff(history))
    differences = np.diff(np.concatenate([history[-LAGS - 1 :], told]))
    lags = np.lib.stride_tricks.sliding_window_view(differences, LAGS)[:-1, ::-1]
    return np.abs(differences[LAGS:] - weights[0] - lags @ weights[1:])


def put_fit(learner: NumberForecaster, history: Floats) -> None:
    """Put weights and covariance of a fit by statsmodels into a forecaster's first regression."""
    series = learner.view("series")
    weights, covariance = fit_of(np.diff(history) / max(series[UNIT], series[LONG]))
    sizes = learner.view("counts")[0][SERIES_INTS : SERIES_INTS + REGRESSION_INTS]
    _, P, change, W = regression_parts(learner.view("regression"), sizes)
    # its lags stand the oldest first
    order = [0, *range(LAGS, 0, -1)]
    n = LAGS + 1
    W[:] = 0.0
    W[0, :n] = weights[order]
    P[:] = np.eye(len(P)) * PRIOR
    P[:n, :n] = covariance[np.ix_(order, order)]
    change[:] = 0.0


if __name__ == "__main__":
    main()
