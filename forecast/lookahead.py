"""Did this very run look ahead? Its beginning is held against runs that had another future.

The first rows of a run are kept, with what was forecast then. Afterwards a new learner of the same
options is told the same rows up to a cut, and other values after it. What was asked before the cut
must have been forecast alike, bit for bit: by the run, which had its whole future still to come,
and by those that never saw it.

What is caught is whatever reaches a forecast through the data of the run: a scale, a season or a
grid that was taken from all of it, or a row that was told too early. What a learner was made to
know beforehand cannot be told from what it learned.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from forecast.learner import Symbols
    from forecast.prequential import Answers, Run, SymbolRun, Told

MOST_ROWS = 300  # beside two of the longest horizon
MOST_ANSWERS = 40_000  # of the rows that are kept: bounds what the test costs
COMPARED = ("row", "series", "horizon", "issued", "mean", "rate", "quantiles")


class FirstRows(ABC):
    """The first rows of a run, and what was forecast then."""

    rows = 0  # that are kept

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
        compared, changed = 0, 0
        for cut in cuts if self.rows > 2 else []:
            count, differ = self.compared(cut)
            compared, changed = compared + count, changed + differ
        held = changed == 0 if compared else None
        said = {"held": held, "rows": self.rows, "cuts": cuts}
        return {**said, "forecasts": compared, "changed": changed}

    @abstractmethod
    def compared(self, cut: int) -> tuple[int, int]:
        """Forecasts asked before a row from which on all went otherwise, and how many differ."""


class Beginning(FirstRows):
    """The first rows of a run of numbers and their answers.

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

    def compared(self, cut: int) -> tuple[int, int]:
        """Forecasts asked before a row from which on the values were others; how many differ."""
        ys = np.concatenate(self.ys)
        other = otherwise(ys, cut, self.bounds)
        if np.array_equal(ys, other, equal_nan=True):
            return 0, 0
        beside = [np.concatenate(self.xs)] if self.xs else []
        changed_beside = [otherwise(xs, cut, (None, None)) for xs in beside]
        return differences(self._kept(), self.make().feed(other, *changed_beside), cut)

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
    if not count:
        return 0, 0  # no value has come by then: there is nothing to compare
    alike = np.ones(count, bool)
    for a, b in zip(first, second, strict=True):
        alike &= same(a, b).reshape(count, -1).all(axis=1)
    return count, int(count - alike.sum())


# ---- words and labels ----------------------------------------------------------------------------

Top = Sequence[tuple[str, float]]  # likeliest answers with their probabilities
CLOSE = 1e-9  # two ways to the same probability


class SymbolBeginning(FirstRows):
    """The first rows of a run of words or labels, and the likeliest answers before each.

    Two things are held against each other. A run that went on otherwise must have said the same
    until then, the likeliest answers of the first row that was another one included: when they
    were given, that row was not told. And what was paid for each answer must be what the likeliest
    answers had given it: a learner that is told the answer with the question can charge too little
    for it, but not in answer to a question without.

    Parameters
    ----------
    make : callable
        Makes a run like this one, of a new learner with the same options.

    Examples
    --------
    >>> from forecast import LabelForecaster
    >>> from forecast.prequential import SymbolRun
    >>> run = SymbolRun(LabelForecaster())
    >>> beginning = SymbolBeginning(lambda: SymbolRun(LabelForecaster()))
    >>> block = symbols([b"win", b"see you"] * 20, [bytes([1]), bytes([0])] * 20)
    >>> told = run.feed(block, np.ones(40, bool))
    >>> beginning.keep(block, told, dict(enumerate(run.tops)))
    >>> said = beginning.test()
    >>> said["held"], said["cuts"], said["forecasts"]
    (True, [13, 26], 41)
    """

    def __init__(self, make: "Callable[[], SymbolRun]") -> None:
        self.make = make
        self.xs: list[bytes] = []
        self.ys: list[bytes] = []
        self.told: list[Told] = []
        self.tops: dict[int, Top] = {}

    def keep(self, block: "Symbols", told: "Told", tops: Mapping[int, Top]) -> None:
        """Keep what belongs to the first rows; ``tops`` by places in the block."""
        part = min(len(block), MOST_ROWS - self.rows)
        if part <= 0:
            return
        self.tops |= {self.rows + place: top for place, top in tops.items() if place < part}
        self.xs += slices(block.x, block.x_at[: part + 1])
        self.ys += slices(block.y, block.y_at[: part + 1])
        self.told.append(type(told)._make(column[:part] for column in told))
        self.rows += part

    def compared(self, cut: int) -> tuple[int, int]:
        """Forecasts of the rows up to one from which on others were told; how many differ."""
        ys = others(self.ys, cut)
        if ys == self.ys:
            return 0, 0
        run = self.make()
        xs = [*self.xs[: cut + 1], *self.xs[cut + 1 :][::-1]]  # a message is known before its label
        told = run.feed(symbols(xs, ys), np.ones(self.rows, np.bool_))
        changed = self._charged_otherwise(run)
        mine = map(np.concatenate, zip(*self.told, strict=True))
        for said, again in zip(mine, told, strict=True):
            changed[:cut] |= ~same(said[:cut], again[:cut])
        for row in range(cut + 1):
            changed[row] |= row in self.tops and self.tops[row] != run.tops[row]
        return cut + 1, int(changed[: cut + 1].sum())

    def _charged_otherwise(self, run: "SymbolRun") -> np.ndarray:
        """Of which rows the answer's surprise is not that of the likeliest answers."""
        surprise = np.concatenate([told.surprise for told in self.told])
        wrong = np.zeros(self.rows, np.bool_)
        for row, top in self.tops.items():
            for name, p in top:
                if bytes(run.learner.told(name)) == self.ys[row]:
                    wrong[row] = not math.isclose(math.exp(-surprise[row]), p, rel_tol=CLOSE)
        return wrong


def others(ys: Sequence[bytes], cut: int) -> list[bytes]:
    """The same words or labels up to a row, and from there on each another one that came.

    Examples
    --------
    >>> others([b"a", b"b", b"a", b"c", b"b"], 2)
    [b'a', b'b', b'b', b'a', b'c']
    """
    known = list(dict.fromkeys(ys))
    following = dict(zip(known, [*known[1:], *known[:1]], strict=True))
    return [*ys[:cut], *(following[y] for y in ys[cut:])]


def slices(flat: np.ndarray, at: np.ndarray) -> list[bytes]:
    """The parts of some bytes, as ``Symbols`` holds them."""
    whole, ends = bytes(flat), at.tolist()
    return [whole[a:b] for a, b in pairwise(ends)]


def symbols(xs: Sequence[bytes], ys: Sequence[bytes], first: int = 0) -> "Symbols":
    """A block of observations, each with what is known beside it."""
    from forecast.learner import Symbols

    def joined(parts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        at = np.cumsum([0, *map(len, parts)]).astype(np.int64)
        return np.frombuffer(bytearray(b"".join(parts)), np.uint8), at

    return Symbols(first, *joined(xs), *joined(ys))


def same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two columns hold the same, NaN where NaN."""
    equal: np.ndarray = (a == b) | ((a != a) & (b != b))
    return equal
