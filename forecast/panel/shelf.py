"""A shelf of series: of every array each has one row, and these rows are all of it."""

import math

import numpy as np

from forecast.learner import ROW, NumberLearner
from forecast.panel.loop import DRAWN, EXCESS, MEASURES, PEAK, TRACE

SHELF = 1 << 22  # bytes of a shelf, about
MOST = 1024  # series on one


class Shelf:
    """The learners of some series, the questions that wait, and what was scored.

    Parameters
    ----------
    pattern : NumberLearner
        Of one number, as it is before it has learned anything.
    season : int
        Of the rival that repeats the last season; 0 for none.

    Attributes
    ----------
    room : int
        Series that it can hold.
    bytes_each : int
        Memory of one series.
    """

    def __init__(self, pattern: NumberLearner, season: int) -> None:
        self.pattern = pattern
        H, longest = len(pattern.horizons), pattern.horizons[-1]
        phase = math.ceil(longest / season) * season if season else 0
        shapes: dict[str, tuple[tuple[int, ...], type]] = {
            "floats": (pattern.floats.shape, np.float64),
            "ints": (pattern.ints.shape, np.int64),
            "rows": ((), np.int64),  # that it has seen
            "queue": ((longest, 1, H, ROW), np.float64),  # questions that wait
            "rings": ((longest + phase,), np.float64),  # of the rivals
            "sums": ((H, MEASURES, 3), np.float64),
            "peaks": ((PEAK,), np.float64),
            "traces": ((TRACE, DRAWN), np.float32),
        }
        each = {
            name: math.prod(shape) * np.dtype(of).itemsize for name, (shape, of) in shapes.items()
        }
        self.bytes_each = sum(each.values())
        self.room = max(1, min(MOST, SHELF // self.bytes_each))
        self.arrays: dict[str, np.ndarray] = {
            name: np.empty((self.room, *shape), of) for name, (shape, of) in shapes.items()
        }

    def begin(self, place: int, learner: NumberLearner | None = None) -> None:
        """Put a series that has seen nothing in its place, with this learner or the pattern."""
        learner = learner or self.pattern
        for name, array in self.arrays.items():
            array[place] = {"queue": math.nan, "rings": math.nan, "traces": math.nan}.get(name, 0)
        self.arrays["floats"][place] = learner.floats
        self.arrays["ints"][place] = learner.ints
        self.arrays["peaks"][place, EXCESS] = -math.inf

    def whole(self, place: int) -> bytes:
        """All that there is of a series."""
        return b"".join(array[place].tobytes() for array in self.arrays.values())

    def put(self, place: int, whole: bytes) -> None:
        """Put a series in its place as it was."""
        at = 0
        for array in self.arrays.values():
            row = array[place : place + 1]
            row[:] = np.frombuffer(whole, array.dtype, row.size, at).reshape(row.shape)
            at += row.nbytes
