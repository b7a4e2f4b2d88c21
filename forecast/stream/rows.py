"""A block of rows of a stream of numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Rows:
    """A block of consecutive instants of the grid.

    Parameters
    ----------
    first
        Row number, from 0, of the first of them.
    times
        Text of each: the file's own, or the grid's where the file has a gap.
    y
        Numbers [n, series]; NaN where missing.
    beside
        Numbers of the columns beside them, [n, columns].
    """

    first: int
    times: list[str]
    y: NDArray[np.float64]
    beside: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)
