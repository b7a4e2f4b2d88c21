"""How well are the seven channels of ETTh2 forecast, by the papers' protocol, leak-free?

    python experiments/ett.py ETTh2.csv

ETTh2.csv is in the ETDataset repository of zhouhaoyi (CC BY-ND 4.0). Protocol of the online
forecasting papers (FSNet, OneNet, DSOF): targets are rows 3600 to 14399; each channel is divided
by the standard deviation of rows 0 to 2879; every hour, all horizons 1..H; MSE and MAE over all.
Leak-free: the answer to a question asked for horizon h is used only once that hour was seen.
"""

import argparse
import time

import numpy as np
from page import Page, table

from forecast import NumberForecaster, Run
from forecast.stream import open_numbers

SCALER = slice(0, 2880)
FIRST, LAST = 3600, 14400
LONGEST = 48
SEASON = 24
BLOCK = 48
PUBLISHED = [
    ["FSNet (H = 1 is leak-free)", ".466", "", "", "", "", ""],
    ["OneNet (H = 1 is leak-free)", ".380", "", "", "", "", ""],
    ["DLinear with DSOF (ICLR 2025)", ".365", "", "1.694", "", "3.015", ""],
    ["FITS with DSOF (ICLR 2025)", ".375", "", "1.757", "", "2.988", ""],
]
WHOLE = (1, 24, 48)


def errors(ys: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Sums over the test rows, [horizons, channels]: of squares and sizes, ours and the rival's."""
    scale = ys[SCALER].std(axis=0)
    channels = ys.shape[1]
    run = Run(NumberForecaster(range(1, LONGEST + 1), SEASON, channels))
    names = "square", "size", "square_last", "size_last", "covered", "n"
    sums = {name: np.zeros((LONGEST, channels)) for name in names}
    began = time.process_time()
    for start in range(0, LAST, BLOCK):
        answers = run.feed(ys[start : start + BLOCK][: LAST - start])
        keep = answers.row >= FIRST
        at = answers.horizon[keep] - 1, answers.series[keep]
        y, s = answers.y[keep], scale[answers.series[keep]]
        quantiles = answers.quantiles[keep]
        for name, value in (
            ("square", ((answers.mean[keep] - y) / s) ** 2),
            ("size", np.abs(quantiles[:, 10] - y) / s),
            ("square_last", ((answers.last[keep] - y) / s) ** 2),
            ("size_last", np.abs(answers.last[keep] - y) / s),
            ("covered", (quantiles[:, 1] <= y) & (y <= quantiles[:, 19])),
            ("n", np.ones(len(y))),
        ):
            np.add.at(sums[name], at, value)
    return sums, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", help="ETTh2.csv")
    path = parser.parse_args().path
    names = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    stream = open_numbers(path, target=names)
    ys = np.concatenate([rows.y for rows in stream])
    sums, seconds = errors(ys)

    def score(name: str, H: int) -> float:
        return float(sums[name][:H].sum() / sums["n"][:H].sum())

    def each(name: str, H: int) -> np.ndarray:
        return np.asarray(sums[name][:H].sum(axis=0) / sums["n"][:H].sum(axis=0))

    page = Page("ETTh2, seven channels, leak-free", __file__, f"{path.rsplit('/')[-1]}")
    kinds = ("square", "size")
    ours = [f"{score(kind, H):.4f}" for H in WHOLE for kind in kinds]
    naive = [f"{score(kind + '_last', H):.4f}" for H in WHOLE for kind in kinds]
    header = ["", *(f"{kind}, H = {H}" for H in WHOLE for kind in ("MSE", "MAE"))]
    rows = [["**NumberForecaster()**", *ours], ["last value", *naive], *PUBLISHED]
    page.say(table(header, rows))
    page.say("MSE is that of the forecast's mean, MAE that of its median: one distribution.")
    page.say("## Each channel, against the last value (below 1 is better), and 90 % coverage")
    header = ["channel", *(f"{kind}, H = {H}" for H in WHOLE for kind in ("MSE", "MAE"))]
    ratios = [each(kind, H) / each(kind + "_last", H) for H in WHOLE for kind in kinds]
    covered = [each("covered", H) for H in WHOLE]
    rows = [
        [name, *(f"{r[c]:.3f}" for r in ratios), *(f"{k[c]:.3f}" for k in covered)]
        for c, name in enumerate(names)
    ]
    page.say(table([*header, *(f"covered, H = {H}" for H in WHOLE)], rows))
    worst = max(r.max() for r in ratios)
    share = each("square", 1)[5] / each("square", 1).sum()
    page.say(
        f"Worst ratio of any channel: {worst:.3f}. LULL alone makes {share:.0%} of MSE, H = 1."
    )
    each_point = seconds / (LAST * len(names)) * 1e6
    page.say(
        f"{each_point:.0f} us of CPU a point and channel, with all 48 horizons and all scores."
    )
    page.write()


if __name__ == "__main__":
    main()
