"""Scores of answered questions, streamed: a few numbers for each score, however long the stream.

Every score is a mean over the answers of one series at one horizon, so that a score is a sum and
a count. The sums are compensated: ten million answers, in whatever blocks they come, give the same
scores to twelve digits. ``worst500_coverage90`` needs the last 499 answers beside.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.distribution import LEVELS

if TYPE_CHECKING:
    from forecast.prequential import Answers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Entry = dict[str, Any]  # one series at one horizon: score -> number, or None with a reason

COVERAGES = (50, 80, 90, 95)  # per cent of the central intervals that are scored
WORST = 500  # consecutive answers over which the worst coverage is looked for
MEDIAN = LEVELS.index(0.5)


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
    "surprise": Meaning("surprise", "nats", "mean of -log p(y): lower is better; may be negative"),
    "crps": Meaning("CRPS", "y", "distance of the whole distribution from the truth"),
    "pinball": Meaning("pinball", "y", "mean loss of the 21 quantiles, each at its own level"),
    "coverage50": Meaning(
        "50 % coverage", "share", "truths inside the 50 % interval; wanted: 50 %"
    ),
    "coverage80": Meaning(
        "80 % coverage", "share", "truths inside the 80 % interval; wanted: 80 %"
    ),
    "coverage90": Meaning(
        "90 % coverage", "share", "truths inside the 90 % interval; wanted: 90 %"
    ),
    "coverage95": Meaning(
        "95 % coverage", "share", "truths inside the 95 % interval; wanted: 95 %"
    ),
    "worst500_coverage90": Meaning(
        "worst 500 points", "share", "lowest 90 % coverage over any 500 answers in a row"
    ),
    "width90": Meaning("90 % width", "y", "mean width of the 90 % interval: its sharpness"),
    "winkler90": Meaning(
        "Winkler 90 %", "y", "width plus 20 times whatever the interval missed by"
    ),
    "bias": Meaning("bias", "y", "mean of (mean forecast - truth): above 0 is too high"),
    "skill_last": Meaning("skill, last value", "", "1 - MAE / MAE of the last value; above 0 wins"),
    "skill_seasonal": Meaning(
        "skill, same season", "", "1 - MAE / MAE of the same season's last value; above 0 wins"
    ),
}
SUMMED = (
    *("error", "square", "surprise", "expected", "crps", "pinball", "bias", "width", "winkler"),
    *(f"covered{coverage}" for coverage in COVERAGES),
    *("last", "beside_last", "seasonal", "beside_seasonal"),
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
        block = np.bincount(cell, value, minlength=cells)
        old = self.total[name]
        new = old + block
        # what old + block lost: the smaller term's digits that did not fit
        larger = np.abs(old) >= np.abs(block)
        self.lost[name] += np.where(larger, (old - new) + block, (block - new) + old)
        self.total[name] = new
        self.count[name] += np.bincount(cell, minlength=cells)

    def mean(self, name: str, cell: int) -> float:
        """The mean so far; NaN where nothing was counted."""
        count = int(self.count[name][cell])
        if count == 0:
            return math.nan
        return float(self.total[name][cell] + self.lost[name][cell]) / count


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
        self.sums = Sums(SUMMED, self.cells)
        self.worst = WorstCoverage(self.cells)

    def add(self, answers: "Answers", cell: Ints) -> None:
        """Score a block of answers.

        ``cell`` [n] is series * number of horizons + the place of the horizon.
        """
        y, q = answers.y, np.ascontiguousarray(answers.quantiles.T)
        with np.errstate(over="ignore", invalid="ignore"):
            self._points(answers, y, q[MEDIAN], cell)
            self._intervals(y, q, cell)
            self.sums.add("pinball", cell, pinball(y, q))
        for name in ("surprise", "expected", "crps"):
            self.sums.add(name, cell, getattr(answers, name))

    def _points(self, answers: "Answers", y: Floats, median: Floats, cell: Ints) -> None:
        add = self.sums.add
        error = np.abs(y - median)
        add("error", cell, error)
        add("square", cell, (answers.mean - y) ** 2)
        add("bias", cell, answers.mean - y)
        for rival in ("last", "seasonal"):
            rival_error = np.abs(y - getattr(answers, rival))
            add(rival, cell, rival_error)
            # a rival that was silent is compared on no row
            add(f"beside_{rival}", cell, np.where(np.isnan(rival_error), np.nan, error))

    def _intervals(self, y: Floats, q: Floats, cell: Ints) -> None:
        for coverage in COVERAGES:
            low, high = interval(q, coverage)
            covered = (low <= y) & (y <= high)
            self.sums.add(f"covered{coverage}", cell, covered.astype(float))
            if coverage == 90:
                self.worst.add(cell, covered)
                self.sums.add("width", cell, high - low)
                # winkler = width + 2/alpha max(low - y, 0) + 2/alpha max(y - high, 0), alpha = .1
                missed = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
                self.sums.add("winkler", cell, high - low + 20.0 * missed)

    @property
    def answered(self) -> int:
        """Answers scored so far, over all series and horizons."""
        return int(self.sums.count["error"].sum())

    def entries(self) -> list[Entry]:
        """One entry per series and horizon, series first; undefined scores are None with a reason.

        Beside the scores of the contract stand ``mae_last`` and ``mae_seasonal``, the errors of
        the rivals on the rows where they had a value (``n_last``, ``n_seasonal``), and
        ``expected_surprise``; ``n_surprise`` counts the rows on which surprise is defined.
        """
        names = [(name, horizon) for name in self.series for horizon in self.horizons]
        return [self._entry(cell, *name) for cell, name in enumerate(names)]

    def _entry(self, cell: int, series: str, horizon: int) -> Entry:
        def mean(name: str) -> float:
            return self.sums.mean(name, cell)

        def count(name: str) -> int:
            return int(self.sums.count[name][cell])

        # without a season, the same season's last value is the last value
        scale = "seasonal" if self.season > 1 else "last"
        values = {
            "mae": mean("error"),
            "rmse": math.sqrt(mean("square")),
            "mase": ratio(mean(f"beside_{scale}"), mean(scale)),
            "surprise": mean("surprise"),
            "crps": mean("crps"),
            "pinball": mean("pinball"),
            **{f"coverage{c}": mean(f"covered{c}") for c in COVERAGES},
            "worst500_coverage90": self.worst.lowest(cell),
            "width90": mean("width"),
            "winkler90": mean("winkler"),
            "bias": mean("bias"),
            "skill_last": 1.0 - ratio(mean("beside_last"), mean("last")),
            "skill_seasonal": 1.0 - ratio(mean("beside_seasonal"), mean("seasonal")),
            "mae_last": mean("last"),
            "mae_seasonal": mean("seasonal"),
            "expected_surprise": mean("expected"),
        }
        n = count("error")
        counts = {f"n_{name}": count(name) for name in ("surprise", "last", "seasonal")}
        reason = {k: self._reason(k, n, counts) for k, v in values.items() if not math.isfinite(v)}
        known = {name: None if name in reason else value for name, value in values.items()}
        return {"series": series, "horizon": horizon, "n": n, **known, **counts, "reason": reason}

    def _reason(self, name: str, n: int, counts: dict[str, int]) -> str:
        if n == 0:
            return "no question of this series and horizon was answered"
        if name == "worst500_coverage90" and n < WORST:
            return f"fewer than {WORST} answers"
        if name in ("skill_seasonal", "mae_seasonal") and self.season < 2:
            return "no season is known"
        if name in ("skill_seasonal", "mae_seasonal", "mase") and not counts["n_seasonal"]:
            return "no answer came after a whole season"
        if name in ("skill_last", "skill_seasonal", "mase"):
            return "the rival forecast was never wrong, or was silent"
        if name == "surprise" and not counts["n_surprise"]:
            return "no scale was known when these questions were asked"
        if name in ("expected_surprise", "crps"):
            return "not known for this forecaster"
        return "the values are too large for a sum"


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


class WorstCoverage:
    """The lowest coverage over any 500 answers in a row, for each cell."""

    def __init__(self, cells: int) -> None:
        self.recent: list[Bools] = [np.empty(0, bool)] * cells  # the last 499 of each cell
        self.fewest = np.full(cells, WORST + 1, np.int64)

    def add(self, cell: Ints, covered: Bools) -> None:
        """Add whether each answer of a block was covered, in order of rows."""
        if not len(cell):
            return
        # a stable sort by cell keeps the order of rows inside each; 16 bits sort by radix
        short = cell.astype(np.int16) if len(self.recent) < 2**15 else cell
        order = np.argsort(short, kind="stable")
        present, starts = np.unique(short[order], return_index=True)
        parts = np.split(covered[order], starts[1:])
        for k, part in zip(present.tolist(), parts, strict=True):
            self._extend(k, part)

    def _extend(self, k: int, covered: Bools) -> None:
        hits = np.concatenate((self.recent[k], covered))
        if len(hits) >= WORST:
            # hits in the window that ends at i = hits up to i - hits up to i - 500
            upto = np.concatenate(([0], np.cumsum(hits)))
            fewest = int((upto[WORST:] - upto[:-WORST]).min())
            self.fewest[k] = min(int(self.fewest[k]), fewest)
        self.recent[k] = hits[-(WORST - 1) :].copy()

    def lowest(self, k: int) -> float:
        """The lowest share covered; NaN before the first 500 answers."""
        fewest = int(self.fewest[k])
        return fewest / WORST if fewest <= WORST else math.nan
