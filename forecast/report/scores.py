"""Scores of answered questions, streamed: a few numbers for each score, however long the stream.

Every score is a mean over the answers of one series at one horizon, so that a score is a sum and
a count. The sums are compensated: ten million answers, in whatever blocks they come, give the same
scores to twelve digits. Beside the sums over all answers stand those over the last rows and those
that fade; the worst points and the counts of calibration are kept with them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.distribution.t4 import LEVELS
from forecast.report.calibration import Calibrated, Calibration
from forecast.report.window import FADING, Fading, Window
from forecast.report.worst import WORST, Point, WorstCoverage, WorstPoints

if TYPE_CHECKING:
    from forecast.prequential import Answers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Entry = dict[str, Any]  # one series at one horizon: score -> number, or None with a reason

COVERAGES = (50, 80, 90, 95)  # per cent of the central intervals that are scored
MEDIAN = LEVELS.index(0.5)
RIVALS = {"last": "last value", "seasonal": "same season", "running": "running mean"}


class Meaning(NamedTuple):
    """How a score is read by people: its name, its unit and a sentence."""

    label: str
    unit: str
    reading: str


MEANINGS = {
    "n": Meaning("answers", "", "questions that were asked, answered and scored"),
    "mae": Meaning("MAE", "y", "mean distance of the median forecast from the truth"),
    "rmse": Meaning("RMSE", "y", "root of the mean squared error of the mean forecast"),
    "mase": Meaning(
        "MASE", "", "MAE over that of the same season's last value; below 1 is better than it"
    ),
    "bias": Meaning("bias", "y", "mean of (mean forecast - truth): above 0 is too high"),
    "surprise": Meaning("surprise", "nats", "mean of -log p(y): lower is better; may be negative"),
    "surprise_bits": Meaning("surprise", "bits", "the same in bits: one more halves p(y)"),
    "crps": Meaning("CRPS", "y", "distance of the whole distribution from the truth"),
    "pinball": Meaning("pinball", "y", "mean loss of the 21 quantiles, each at its own level"),
    **{
        f"coverage{c}": Meaning(
            f"{c} % coverage", "share", f"truths inside the interval; wanted: {c} %"
        )
        for c in COVERAGES
    },
    "worst500_coverage90": Meaning(
        "worst 500 points", "share", "lowest 90 % coverage over any 500 answers in a row"
    ),
    **{
        f"width{c}": Meaning(f"{c} % width", "y", "mean width of the interval: its sharpness")
        for c in COVERAGES
    },
    **{
        f"winkler{c}": Meaning(
            f"Winkler {c} %",
            "y",
            f"width plus {200 // (100 - c)} times what it missed by",
        )
        for c in COVERAGES
    },
    **{
        f"skill_{rival}": Meaning(f"skill, {name}", "skill", f"1 - MAE / MAE of {whose}")
        for (rival, name), whose in zip(
            RIVALS.items(),
            ("the last value", "the same season's last value", "the mean so far"),
            strict=True,
        )
    },
}
SUMMED = (
    *("error", "square", "surprise", "expected", "crps", "pinball", "bias"),
    *(f"{what}{c}" for c in COVERAGES for what in ("covered", "width", "winkler")),
    *(f"{beside}{rival}" for rival in RIVALS for beside in ("", "beside_")),
)


class Sums:
    """Sums and counts of named measures, one for each cell; NaN is not counted.

    Neumaier's compensation keeps beside each sum what rounding took from it.
    """

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self.count: dict[str, Ints] = {name: np.zeros(cells, np.int64) for name in names}
        self.total = {name: np.zeros(cells) for name in names}
        self.lost = {name: np.zeros(cells) for name in names}

    def add(self, name: str, cell: Ints, value: Floats) -> None:
        """Add ``value`` [n] to the sums of ``cell`` [n]."""
        cells = len(self.total[name])
        defined = ~np.isnan(value)
        if not defined.all():
            cell, value = cell[defined], value[defined]
        block = np.asarray(np.bincount(cell, value, minlength=cells), float)
        self._carry(name, block)
        self.count[name] += np.bincount(cell, minlength=cells)

    def _carry(self, name: str, block: Floats) -> None:
        old = self.total[name]
        new = old + block
        # what old + block lost: the smaller term's digits that did not fit
        larger = np.abs(old) >= np.abs(block)
        self.lost[name] += np.where(larger, (old - new) + block, (block - new) + old)
        self.total[name] = new

    def merge(self, other: "Sums") -> None:
        """Add the sums of other answers; in any order."""
        for name, count in other.count.items():
            self._carry(name, other.total[name])
            self.lost[name] += other.lost[name]
            self.count[name] += count

    def mean(self, name: str, cell: int) -> float:
        """The mean so far; NaN where nothing was counted."""
        count = self.counted(name, cell)
        if count == 0:
            return math.nan
        return float(self.total[name][cell] + self.lost[name][cell]) / count

    def counted(self, name: str, cell: int) -> int:
        """How many values were counted."""
        return int(self.count[name][cell])


class Means:
    """Means of named measures: over all answers, over the last rows, and fading; of each cell.

    Parameters
    ----------
    names : sequence of str
        Of the measures; a NaN of one is not counted.
    cells : int

    Examples
    --------
    >>> means = Means(["loss"], cells=1)
    >>> rows = np.arange(600)
    >>> means.add(rows, rows * 0, {"loss": np.where(rows < 100, 2.0, 1.0)})
    >>> told = means.told(0, lambda sums: {"mean": sums.mean("loss", 0)})
    >>> round(told["mean"], 3), told["window"]
    (1.167, {'rows': [50, 599], 'mean': 1.0909090909090908})
    """

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self.names = tuple(names)
        self.sums = Sums(self.names, cells)
        self.window = Window(self.names, cells)
        self.fading = Fading(self.names, cells)

    def add(self, row: Ints, cell: Ints, values: Mapping[str, Floats]) -> None:
        """Add ``values`` [n] of every name; ``row`` [n] ascends."""
        with np.errstate(over="ignore", invalid="ignore"):  # absurd values: the sums say so
            for name in self.names:
                self.sums.add(name, cell, values[name])
            self.window.add(row, cell, values)
            self.fading.add(cell, values)

    def merge(self, later: "Means") -> None:
        """Add what a later part of the same stream has seen."""
        with np.errstate(over="ignore", invalid="ignore"):
            self.sums.merge(later.sums)
            self.window.merge(later.window)
            self.fading.merge(later.fading)

    def told(self, cell: int, scored: "Callable[[Sums | Window | Fading], Entry]") -> Entry:
        """What ``scored`` makes of the means over all answers, and of those of late beside it."""
        rows = [self.window.first_row, self.window.last_row]
        return {
            **scored(self.sums),
            "window": {"rows": rows, **scored(self.window)},
            "fading": {"factor": FADING, **scored(self.fading)},
        }


class Scores:
    """All scores of all series and horizons.

    Parameters
    ----------
    series : sequence of str
    horizons : sequence of int
    season : int
        Steps in a season; 0 or 1 for none.
    """

    def __init__(self, series: Sequence[str], horizons: Sequence[int], season: int) -> None:
        self.series, self.horizons, self.season = tuple(series), tuple(horizons), season
        self.cells = len(self.series) * len(self.horizons)
        self.first_row = -1  # of the answers seen
        self.means = Means(SUMMED, self.cells)
        self.worst = WorstCoverage(self.cells)
        self.surprises: WorstPoints[Point] = WorstPoints(self.cells, by="surprise")
        self.errors: WorstPoints[Point] = WorstPoints(self.cells, by="error_ratio")
        self.calibration = Calibration(self.cells)

    def add(self, answers: "Answers", cell: Ints, times: Callable[[int], str] = str) -> None:
        """Score a block of answers.

        ``cell`` [n] is series * number of horizons + the place of the horizon; ``times`` gives
        the text of the time of a row.
        """
        if not len(cell):
            return
        y, q = answers.y, np.ascontiguousarray(answers.quantiles.T)
        with np.errstate(over="ignore", invalid="ignore"):  # absurd values: the sums say so
            values = {**points(answers), **intervals(y, q), "pinball": pinball(y, q)}
            ratios = error_ratio(y, q)
        self.means.add(answers.row, cell, values)
        self.worst.add(cell, values["covered90"] > 0.0)
        columns = (y, q[MEDIAN], *interval(q, 90), answers.surprise, answers.expected, ratios)

        def point(place: int) -> Point:
            row = int(answers.row[place])
            return Point(times(row), row, *(float(column[place]) for column in columns))

        self.surprises.add(cell, answers.surprise, point)
        self.errors.add(cell, ratios, point)
        self.calibration.add(answers.pit, y, q, cell)
        self.first_row = int(answers.row[0]) if self.first_row < 0 else self.first_row

    def merge(self, later: "Scores") -> None:
        """Add the scores of a later part of the same stream, as if this had seen both.

        Sums, windows, the worst points and the counts of calibration merge in any order. What
        fades and the worst coverage in a row do not: which answers came first is lost to them.

        Parameters
        ----------
        later : Scores
            Of the same series, horizons and season; of answers that all came after these.

        Raises
        ------
        ValueError
            If it is of other questions, or does not begin where this ends or after.
        """
        mine, other = ((s.series, s.horizons, s.season) for s in (self, later))
        if mine != other:
            raise ValueError(f"scores of {other} cannot be merged into those of {mine}")
        last = self.means.window.last_row
        if 0 <= later.first_row < last:
            raise ValueError(
                f"the scores to merge begin at row {later.first_row}, before row "
                f"{last}, where these end: merge parts of a stream in its order"
            )
        self.means.merge(later.means)
        self.worst.merge(later.worst)
        self.surprises.merge(later.surprises)
        self.errors.merge(later.errors)
        self.calibration.merge(later.calibration)
        self.first_row = later.first_row if self.first_row < 0 else self.first_row

    @property
    def answered(self) -> int:
        """Answers scored so far, over all series and horizons."""
        return int(self.means.sums.count["error"].sum())

    def entries(self) -> list[Entry]:
        """One entry per series and horizon, series first; undefined scores are None with a reason.

        Beside the scores of the contract stand

        - ``mae_last``, ``mae_seasonal``, ``mae_running``: the errors of the rivals on the rows
          where they had a value (``n_last``, ``n_seasonal``, ``n_running``);
        - ``expected_surprise``, and in ``n_surprise`` the rows on which surprise is defined;
        - ``window`` and ``fading``: the same scores of late, with the rows of the window and the
          factor of the fading (``forecast.report.window``);
        - ``worst``, ``worst_error``: the ten points of highest surprise, and of the highest
          error over what was expected of it;
        - ``pit`` [20 bars], and in ``reliability`` the shares of truths below each of the 21
          quantiles, and below or at it.
        """
        return [self._entry(cell, *name) for cell, name in enumerate(self._cells())]

    def calibrated(self, series: str, horizon: int) -> Calibrated:
        """The counts of calibration of a series at a horizon."""
        return self.calibration.of(self._cells().index((series, horizon)), series, horizon)

    def _cells(self) -> list[tuple[str, int]]:
        return [(name, horizon) for name in self.series for horizon in self.horizons]

    def _entry(self, cell: int, series: str, horizon: int) -> Entry:
        known = self.calibration.of(cell, series, horizon)
        return {
            "series": series,
            "horizon": horizon,
            **self.means.told(cell, lambda sums: self._scored(sums, cell)),
            "worst": [point.told() for point in self.surprises.points[cell]],
            "worst_error": [point.told() for point in self.errors.points[cell]],
            "pit": known.pit.tolist(),
            "reliability": {"below": known.below.tolist(), "upto": known.upto.tolist()},
        }

    def _scored(self, sums: "Sums | Window | Fading", cell: int) -> Entry:
        """All scores that are means, over whatever the sums are taken over."""

        def mean(name: str) -> float:
            return sums.mean(name, cell)

        # without a season, the same season's last value is the last value
        scale = "seasonal" if self.season > 1 else "last"
        whole = sums is self.means.sums
        values = {
            "mae": mean("error"),
            "rmse": math.sqrt(mean("square")),
            "mase": ratio(mean(f"beside_{scale}"), mean(scale)),
            **{name: mean(name) for name in ("surprise", "crps", "pinball")},
            **{f"coverage{c}": mean(f"covered{c}") for c in COVERAGES},
            **({"worst500_coverage90": self.worst.lowest(cell)} if whole else {}),
            "width90": mean("width90"),
            "winkler90": mean("winkler90"),
            "bias": mean("bias"),
            **{f"skill_{r}": 1.0 - ratio(mean(f"beside_{r}"), mean(r)) for r in RIVALS},
            **{f"mae_{rival}": mean(rival) for rival in RIVALS},
            "expected_surprise": mean("expected"),
            "surprise_bits": mean("surprise") / math.log(2.0),
            **{f"{s}{c}": mean(f"{s}{c}") for s in ("width", "winkler") for c in COVERAGES},
        }
        n = sums.counted("error", cell)
        counts = {f"n_{name}": sums.counted(name, cell) for name in ("surprise", *RIVALS)}
        known, reason = told_or_why(values, lambda name: self._reason(name, cell, n, counts))
        return {"n": n, **known, **counts, "reason": reason}

    def _reason(self, name: str, cell: int, n: float, counts: Mapping[str, float]) -> str:
        if n == 0 and self.means.sums.counted("error", cell):
            return "no question of this series and horizon was answered in these rows"
        if n == 0:
            return "no question of this series and horizon was answered"
        if name == "worst500_coverage90" and n < WORST:
            return f"fewer than {WORST} answers"
        if name in ("skill_seasonal", "mae_seasonal") and self.season < 2:
            return "no season is known"
        if name in ("skill_seasonal", "mae_seasonal", "mase") and not counts["n_seasonal"]:
            return "no answer came after a whole season"
        if name == "mase" or name.startswith("skill_"):
            return "the rival forecast was never wrong, or was silent"
        if name.startswith("surprise") and not counts["n_surprise"]:
            return "no scale was known when these questions were asked"
        if name in ("expected_surprise", "crps"):
            return "not known for this forecaster"
        return "the values are too large for a sum"


def told_or_why(
    values: Mapping[str, float], why: Callable[[str], str]
) -> tuple[Entry, dict[str, str]]:
    """The scores, those that are undefined as None, and of each of these the reason.

    Examples
    --------
    >>> told_or_why({"mae": 0.5, "mase": math.nan}, lambda name: "the rival was silent")
    ({'mae': 0.5, 'mase': None}, {'mase': 'the rival was silent'})
    """
    reason = {name: why(name) for name, value in values.items() if not math.isfinite(value)}
    return {name: None if name in reason else v for name, v in values.items()}, reason


def points(answers: "Answers") -> dict[str, Floats]:
    """Measures [n] of each answer by itself, and beside the rivals."""
    y = answers.y
    over = answers.mean - y
    error, rivals = errors(answers)
    measured = {"error": error, "square": over**2, "bias": over, "surprise": answers.surprise}
    measured |= {"expected": answers.expected, "crps": answers.crps}
    for rival, its in rivals.items():
        measured |= {rival: its, f"beside_{rival}": beside(error, its)}
    return measured


def errors(answers: "Answers") -> tuple[Floats, dict[str, Floats]]:
    """How far the median was off [n], and each rival."""
    y = answers.y
    with np.errstate(over="ignore", invalid="ignore"):
        own = np.abs(y - answers.quantiles[:, MEDIAN])
        return own, {rival: np.abs(y - getattr(answers, rival)) for rival in RIVALS}


def beside(own: Floats, rival: Floats) -> Floats:
    """The losses of a forecaster where its rival had one: a silent rival is compared on no row."""
    compared: Floats = np.where(np.isnan(rival), np.nan, own)
    return compared


def intervals(y: Floats, q: Floats) -> dict[str, Floats]:
    """Whether each central interval covered, its width, and its score [n].

    winkler = width + 2/alpha max(low - y, 0) + 2/alpha max(y - high, 0),  alpha = 1 - coverage

    Source: Winkler (1972); Gneiting and Raftery (2007).
    """
    measured = {}
    for coverage in COVERAGES:
        low, high = interval(q, coverage)
        width = high - low
        missed = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
        measured[f"covered{coverage}"] = ((low <= y) & (y <= high)).astype(float)
        measured[f"width{coverage}"] = width
        measured[f"winkler{coverage}"] = width + 200.0 / (100 - coverage) * missed
    return measured


def error_ratio(y: Floats, q: Floats) -> Floats:
    """The error of the median over the mean distance of the 21 quantiles from it [n].

    That is about how large the forecast itself expected its error to be; infinite where it
    expected none.
    """
    expected = (q[MEDIAN + 1 :].sum(axis=0) - q[:MEDIAN].sum(axis=0)) / len(LEVELS)
    error = np.abs(y - q[MEDIAN])
    beyond = np.where(error > 0.0, np.inf, 0.0)
    ratios: Floats = np.divide(error, expected, out=beyond, where=expected > 0.0)
    return ratios


def interval(q: Floats, coverage: int) -> tuple[Floats, Floats]:
    """The central interval of ``coverage`` per cent from quantiles ``q`` [21, n]."""
    low = LEVELS.index(round(0.5 - coverage / 200.0, 3))
    return q[low], q[len(LEVELS) - 1 - low]


def pinball(y: Floats, q: Floats) -> Floats:
    """Mean pinball loss [n] of the quantiles ``q`` [21, n], each at its own level.

    pinball_p(y) = p (y - q_p) + max(q_p - y, 0)

    Source: Koenker and Bassett (1978).
    """
    loss = np.zeros(len(y))
    for level, value in zip(LEVELS, q, strict=True):
        above = value - y
        loss += np.maximum(above, 0.0) - level * above
    return loss / len(LEVELS)


def ratio(above: float, below: float) -> float:
    """``above / below``; NaN where there is nothing to divide by."""
    return above / below if below > 0.0 else math.nan
