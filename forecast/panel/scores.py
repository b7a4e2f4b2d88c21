"""Scores of a panel: of each series, over all of them, and how they are spread."""

import numpy as np

from forecast.panel.loop import COUNT, LOST, SUMMED, TOTAL
from forecast.panel.panel import Panel

Table = dict[str, np.ndarray]  # score -> float64 [series, horizon]; NaN where undefined
# a row of scores.csv, beside series, horizon and n
LISTED = (
    *("mae", "rmse", "mase", "surprise", "crps", "pinball"),
    *(f"coverage{c}" for c in (50, 80, 90, 95)),
    *("width90", "winkler90", "bias", "skill_last", "skill_seasonal"),
    *("mae_last", "mae_seasonal", "expected_surprise"),
)


def panel_scores(panel: Panel) -> Table:
    """The scores of each series and horizon, as a run of it alone has them, to twelve digits."""
    panel.settle()
    return scored(panel.kept("sums"), panel.season)


def pooled_scores(panel: Panel) -> Table:
    """The same over the answers of all series, [1, horizon]; units of y are those of all."""
    panel.settle()
    sums = panel.kept("sums")
    with np.errstate(over="ignore", invalid="ignore"):
        return scored(sums.sum(axis=0, keepdims=True), panel.season)


def scored(sums: np.ndarray, season: int) -> Table:
    """The scores that these sums [..., measures, 3] stand for."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        means = (sums[..., TOTAL] + sums[..., LOST]) / sums[..., COUNT]

        def mean(name: str) -> np.ndarray:
            found: np.ndarray = means[..., SUMMED.index(name)]
            return found

        def ratio(rival: str) -> np.ndarray:
            below = mean(rival)
            return np.where(below > 0.0, mean(f"beside_{rival}") / below, np.nan)

        table = {
            "mae": mean("error"),
            "rmse": np.sqrt(mean("square")),
            # without a season, the same season's last value is the last value
            "mase": ratio("seasonal" if season > 1 else "last"),
            **{name: mean(name) for name in ("surprise", "crps", "pinball")},
            **{f"coverage{c}": mean(f"covered{c}") for c in (50, 80, 90, 95)},
            "width90": mean("width90"),
            "winkler90": mean("winkler90"),
            "bias": mean("bias"),
            "skill_last": 1.0 - ratio("last"),
            "skill_seasonal": 1.0 - ratio("seasonal"),
            "mae_last": mean("last"),
            "mae_seasonal": mean("seasonal"),
            "expected_surprise": mean("expected"),
        }
    defined = {name: np.where(np.isfinite(value), value, np.nan) for name, value in table.items()}
    return {"n": sums[..., SUMMED.index("error"), COUNT], **defined}


def mean_skill(skill: np.ndarray, n: np.ndarray) -> float:
    """1 - the geometric mean over series of the MAE over the rival's, each as it was often asked.

    An error of 0 would make all others vanish: a ratio counts as no less than 0.001.

    Source: Davydenko and Fildes (2013), AvgRelMAE.

    Examples
    --------
    Twice as good on one series, half as good on another: as good as the rival.

    >>> mean_skill(np.array([0.5, -1.0]), np.array([10.0, 10.0]))
    0.0
    """
    known = ~np.isnan(skill) & (n > 0)
    if not known.any():
        return float("nan")
    logs = np.log(np.maximum(1.0 - skill[known], 1e-3))
    return float(1.0 - np.exp(np.average(logs, weights=n[known])))
