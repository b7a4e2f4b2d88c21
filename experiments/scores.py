"""What does every learner score on every bundled stream? Writes tests/scores.csv.

    python experiments/scores.py [tests/scores.csv]

A test recomputes a part of it and fails where a score has changed by more than half a percent; an
improvement rewrites the file in the same commit.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from forecast import (
    GradientRegression,
    LeastSquaresRegression,
    Level,
    LightForecaster,
    NumberForecaster,
    Regression,
    Scale,
    run,
)
from forecast.learner import Learner
from forecast.stream import open_numbers, season_of

HERE = Path(__file__).resolve().parent.parent
HEADER = ["stream", "series", "learner", "horizon", "n", "mae", "surprise", "crps", "covered90"]
HORIZONS = (1, 12)


def learners(season: int) -> dict[str, Learner]:
    """One of each kind, for a series of that season."""
    return {
        "level": Level(HORIZONS),
        "scale": Scale(HORIZONS),
        "gradient regression": GradientRegression(HORIZONS),
        "least squares regression": LeastSquaresRegression(HORIZONS),
        "regression": Regression(12, "posterior", HORIZONS),
        "light": LightForecaster(HORIZONS),
        "forecaster": NumberForecaster(HORIZONS, season),
    }


def scores(path: Path) -> Iterator[list[str]]:
    """A row for each series, learner and horizon of a bundled stream."""
    # the file's rows are its instants, but for the gaps that its own dates show
    names = path.read_text().split("\n", 1)[0].split(",")[1:]
    with open_numbers(path, target=names) as stream:
        ys = np.concatenate([rows.y for rows in stream])
        season = season_of(stream.step)
    for c, series in enumerate(names):
        for name, learner in learners(season).items():
            answers = run(learner, ys[:, c], season)
            for horizon in HORIZONS:
                at = answers.horizon == horizon
                y, quantiles = answers.y[at], answers.quantiles[at]
                covered = (quantiles[:, 1] <= y) & (y <= quantiles[:, 19])
                yield [
                    *(path.stem, series, name, str(horizon), str(at.sum())),
                    f"{np.abs(y - quantiles[:, 10]).mean():.6g}",
                    f"{np.nanmean(answers.surprise[at]):.5f}",
                    f"{answers.crps[at].mean():.6g}",
                    f"{covered.mean():.4f}",
                ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", nargs="?", default=HERE / "tests" / "scores.csv", type=Path)
    with parser.parse_args().path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for path in sorted((HERE / "data").glob("*.csv")):
            writer.writerows(scores(path))


if __name__ == "__main__":
    main()
