"""What does every learner score on every bundled stream? Writes tests/scores.csv.

    python experiments/scores.py [tests/scores.csv]

A test recomputes a part of it and fails where a score has changed by more than half a percent; an
improvement rewrites the file in the same commit. No text and no messages are bundled: words, bytes
and labels are scored on the stream of two subjects that ``forecast.checks`` makes for its laws.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from forecast import (
    ByteForecaster,
    GradientRegression,
    LabelForecaster,
    LeastSquaresRegression,
    Level,
    LightForecaster,
    Naive,
    NumberForecaster,
    Regression,
    Remembering,
    RememberingLabels,
    ReturnForecaster,
    Scale,
    SymbolRun,
    WordForecaster,
    run,
)
from forecast.checks import symbols
from forecast.learner import Learner, SymbolLearner
from forecast.stream import open_numbers, season_of

HERE = Path(__file__).resolve().parent.parent
HEADER = ["stream", "series", "learner", "horizon", "n", "mae", "surprise", "crps", "covered90"]
HORIZONS = (1, 12)
MADE, ITEMS = "two subjects", 3_000
SPEAKERS: dict[tuple[str, str], Callable[[], SymbolLearner]] = {
    ("word", "words"): WordForecaster,
    ("word", "words, light"): lambda: WordForecaster(light=True),
    ("byte", "bytes"): ByteForecaster,
    ("byte", "bytes, light"): lambda: ByteForecaster(light=True),
    ("byte", "bytes, with words"): lambda: ByteForecaster(words=True),
    ("label", "labels"): LabelForecaster,
    ("label", "remembering labels"): lambda: RememberingLabels(LabelForecaster(bits=14)),
}


def learners(season: int) -> dict[str, Learner]:
    """One of each kind, for a series of that season."""
    return {
        "level": Level(HORIZONS),
        "scale": Scale(HORIZONS),
        "naive": Naive(HORIZONS, season),
        "naive, drift": Naive(HORIZONS, drift=True),
        "gradient regression": GradientRegression(HORIZONS),
        "least squares regression": LeastSquaresRegression(HORIZONS),
        "regression": Regression(12, "posterior", HORIZONS),
        "light": LightForecaster(HORIZONS),
        "forecaster": NumberForecaster(HORIZONS, season),
        "returns": ReturnForecaster(),
        "remembering light": Remembering(LightForecaster(HORIZONS)),
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
            for horizon in learner.horizons:
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


def spoken() -> Iterator[list[str]]:
    """A row for each learner of words, bytes or labels."""
    for (series, name), make in SPEAKERS.items():
        learner = make()
        block = symbols.symbols(learner, symbols.stream(learner, ITEMS))
        surprise = SymbolRun(learner).feed(block).surprise.mean()
        yield [MADE, series, name, "1", str(ITEMS), "", f"{surprise:.5f}", "", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", nargs="?", default=HERE / "tests" / "scores.csv", type=Path)
    with parser.parse_args().path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for path in sorted((HERE / "data").glob("*.csv")):
            writer.writerows(scores(path))
        writer.writerows(spoken())


if __name__ == "__main__":
    main()
