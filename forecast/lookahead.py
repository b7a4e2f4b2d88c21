"""Did this very run look ahead? Its beginning is held against runs that had another future.

The first rows of a run are kept, with what was forecast then. Afterwards a new learner of the same
options is told the same rows up to a cut, and other values after it. What was asked before the cut
must have been forecast alike, bit for bit: by the run, which had its whole future still to come,
and by those that never saw it.

What is caught is whatever reaches a forecast through the data of the run: a scale, a season or a
grid that was taken from all of it, or a row that was told too early. What a learner was made to
know beforehand cannot be told from what it learned.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from forecast.prequential import Answers, Run

MOST_ROWS = 300  # beside two of the longest horizon
MOST_ANSWERS = 40_000  # of the rows that are kept: bounds what the test costs
COMPARED = ("row", "series", "horizon", "issued", "mean", "rate", "quantiles")


class Beginning:
    """The first rows of a run and their answers.

    Parameters
    ----------
    make : callable
        Makes a run like this one, of a new learner with the same options.

    Examples
    --------
    >>> from forecast import Level
    >>> from forecast.prequential import Run
    >>> run, beginning = Run(Level()), Beginning(lambda: Run(Level()))
    >>> ys = np.sin(np.arange(100.0))
    >>> beginning.keep(ys, run.feed(ys))
    >>> said = beginning.test()
    >>> said["held"], said["rows"], said["forecasts"]
    (True, 100, 99)
    """

    def __init__(self, make: "Callable[[], Run]") -> None:
        self.make = make
        learner = make().learner
        longest, series = learner.horizons[-1], getattr(learner, "channels", 1)
        rows = MOST_ROWS + 2 * longest
        self.most = max(longest + 2, min(rows, MOST_ANSWERS // (len(learner.horizons) * series)))
        self.bounds = getattr(learner, "bounds", (None, None))
        self.ys: list[np.ndarray] = []
        self.xs: list[np.ndarray] = []
        self.answers: list[Answers] = []
        self.rows = 0

    def keep(self, ys: np.ndarray, answers: "Answers", xs: np.ndarray | None = None) -> None:
        """Keep what belongs to the first rows.

        Parameters
        ----------
        ys : ndarray [n] or [n, series]
            The next rows of the run.
        answers : Answers
            What they answered.
        xs : ndarray [n, beside], optional
            What became known beside them, that of rows to come included.
        """
        if self.rows >= self.most:
            return
        part = np.array(ys[: self.most - self.rows], float)
        if xs is not None:
            self.xs.append(np.array(xs[: len(part)], float))
        self.rows += len(part)
        early = answers.row < self.rows
        self.answers.append(type(answers)._make(field[early] for field in answers))
        self.ys.append(part)

    def test(self) -> dict[str, Any]:
        """Hold the beginning against two runs that went on otherwise.

        Returns
        -------
        dict
            ``held``: True, False, or None where there was nothing to compare; ``rows`` that were
            kept; ``cuts``: rows from which on the values were others; ``forecasts`` compared;
            ``changed``: how many of them were not the same.
        """
        cuts = [self.rows // 3, 2 * self.rows // 3]
        said: dict[str, Any] = {"held": None, "rows": self.rows, "cuts": cuts}
        compared, changed = 0, 0
        for cut in cuts if self.rows > 2 else []:
            ys = np.concatenate(self.ys)
            other = otherwise(ys, cut, self.bounds)
            if np.array_equal(ys, other, equal_nan=True):
                continue
            beside = [np.concatenate(self.xs)] if self.xs else []
            changed_beside = [otherwise(xs, cut, (None, None)) for xs in beside]
            count, differ = differences(self._kept(), self.make().feed(other, *changed_beside), cut)
            compared, changed = compared + count, changed + differ
        held = changed == 0 if compared else None
        return {**said, "held": held, "forecasts": compared, "changed": changed}

    def _kept(self) -> "Answers":
        fields = zip(*self.answers, strict=True)
        return type(self.answers[0])._make(np.concatenate(parts) for parts in fields)


def otherwise(ys: np.ndarray, cut: int, bounds: tuple[float | None, float | None]) -> np.ndarray:
    """The same values up to a row, and from there on others, missing where these are missing.

    Those after the cut are stretched about the middle of the series, three times as wide and upside
    down; none of them lies beyond bounds that were told.

    Examples
    --------
    >>> otherwise(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 3, (None, None)).tolist()
    [1.0, 2.0, 3.0, 0.0, -3.0]
    >>> otherwise(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 3, (0.0, None)).tolist()
    [1.0, 2.0, 3.0, 0.0, 0.0]
    """
    low, high = (np.nan if bound is None else bound for bound in bounds)
    later = ys[cut:]
    known = ys[np.isfinite(ys)]
    middle = float(np.median(known)) if len(known) else 0.0
    other = ys.copy()
    other[cut:] = np.fmin(np.fmax(middle - 3.0 * (later - middle), low), high)
    other[cut:][~np.isfinite(later)] = later[~np.isfinite(later)]
    return other


def differences(one: "Answers", two: "Answers", cut: int) -> tuple[int, int]:
    """Forecasts asked before a row that both runs made, and how many of them are not the same."""
    first = [getattr(one, name)[one.issued < cut] for name in COMPARED]
    second = [getattr(two, name)[two.issued < cut] for name in COMPARED]
    count = max(len(first[0]), len(second[0]))
    if len(first[0]) != len(second[0]):
        return count, count
    same = np.ones(count, bool)
    for a, b in zip(first, second, strict=True):
        equal = (a == b) | ((a != a) & (b != b))  # NaN where NaN
        same &= equal.reshape(count, -1).all(axis=1)
    return count, int(count - same.sum())
