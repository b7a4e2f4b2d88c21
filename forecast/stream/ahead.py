"""Columns beside the series, lined up: each row is handed on with what is known of rows to come.

A row waits until the rows of its answers were read, no longer: what is known ahead of them belongs
to the question. Rows at the end of a file that have numbers beside the series and none of the
series are the future.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from forecast.stream.rows import Rows


class Ahead:
    """Lines up what is known beside the rows of a stream.

    Parameters
    ----------
    known : int
        Columns that are known ahead: the last ones.
    context : int
        Columns that are seen with each row: the first ones.
    horizons : sequence of int

    Attributes
    ----------
    future : int
        Rows at the end that have no number of the series: they say what is known of the future.

    Examples
    --------
    >>> ahead = Ahead(1, 0, (1,))
    >>> price = np.array([[1.0], [2.0], [3.0]])
    >>> sold = np.array([[7.0], [6.0], [np.nan]])
    >>> [(rows.times, rows.beside) for rows in ahead.of([Rows(0, ["a", "b", "c"], sold, price)])]
    [(['a', 'b'], array([[1., 2.],
           [2., 3.]]))]
    >>> ahead.future
    1
    """

    def __init__(self, known: int, context: int, horizons: Sequence[int]) -> None:
        self.known, self.context, self.horizons = known, context, tuple(horizons)
        self.future = 0

    def of(self, blocks: Iterable[Rows]) -> Iterator[Rows]:
        """The rows of the blocks, [n, columns of now, then those of each horizon's row] beside."""
        if self.known == 0:
            yield from blocks
            return
        held: Rows | None = None
        for rows in blocks:
            held = rows if held is None else _joined(held, rows)
            ready = min(len(held) - self.horizons[-1], _observed(held))
            if ready > 0:
                yield self._lined(held, ready)
                held = _from(held, ready)
        if held is not None:
            observed = _observed(held)
            self.future = len(held) - observed
            if observed:
                yield self._lined(held, observed)

    def _lined(self, held: Rows, n: int) -> Rows:
        """The first rows of those held, with what the others say of their answers."""
        from forecast.numbers.context import context_of  # late: it brings the compiler along

        late, known = np.split(held.beside, [self.context], axis=1)
        beside = context_of(n, self.horizons, known, late)
        return Rows(held.first, held.times[:n], held.y[:n], beside)


def _observed(rows: Rows) -> int:
    """How many rows there are up to the last one that has a number of the series."""
    seen = np.flatnonzero(~np.isnan(rows.y).all(axis=1))
    return int(seen[-1]) + 1 if len(seen) else 0


def _joined(first: Rows, second: Rows) -> Rows:
    y, beside = np.concatenate([first.y, second.y]), np.concatenate([first.beside, second.beside])
    return Rows(first.first, first.times + second.times, y, beside)


def _from(rows: Rows, n: int) -> Rows:
    return Rows(rows.first + n, rows.times[n:], rows.y[n:], rows.beside[n:])
