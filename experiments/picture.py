"""What does a forecast look like? Draws the README's picture: the next year of weekly co2.

python experiments/picture.py data/co2.csv
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from forecast import NumberForecaster
from forecast.stream import open_numbers

HERE = Path(__file__).parent
BLUE = "#0072B2"
SHOWN = 130


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", help="data/co2.csv, or any weekly CSV of one number")
    path = parser.parse_args().path
    with open_numbers(path) as stream:
        blocks = list(stream)
    times = np.array([time for block in blocks for time in block.times])
    ys = np.concatenate([block.y for block in blocks])[:, 0]
    horizons = range(1, 53)
    learner = NumberForecaster(horizons, season=52)
    for y in ys:
        learner.learn(y)
    forecasts = [learner.predict(horizon=h) for h in horizons]

    figure = Figure(figsize=(8.4, 3.1), layout="constrained")
    axes = figure.add_subplot()
    now = len(ys) - 1
    ahead = now + np.arange(1, 53)
    axes.plot(range(now - SHOWN, now + 1), ys[-SHOWN - 1 :], color="black", lw=1.2)
    for coverage, shade in ((0.95, 0.15), (0.8, 0.25), (0.5, 0.4)):
        low, high = zip(*(forecast.interval(coverage) for forecast in forecasts), strict=True)
        label = f"{coverage:.0%} interval"
        axes.fill_between(ahead, low, high, color=BLUE, alpha=shade, lw=0, label=label)
    axes.plot(
        ahead, [forecast.median for forecast in forecasts], color=BLUE, lw=1.6, label="median"
    )
    axes.axvline(now, color="grey", lw=0.8, ls="--")
    ticks = np.arange(now - SHOWN, now, 52)
    axes.set_xticks([*ticks, now], [str(times[t])[:7] for t in ticks] + [str(times[now])[:7]])
    axes.set_ylabel("co2, parts per million")
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    (HERE / "results").mkdir(exist_ok=True)
    figure.savefig(HERE / "results" / "co2.png", dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
