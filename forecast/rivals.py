"""The free rivals of every forecast: the last value, that of the same season, the running mean."""

import math

import numpy as np

Values = np.ndarray


class Rivals:
    """What a person without a model would have said, for any question about recent rows.

    Parameters
    ----------
    series : int
        Numbers that arrive together.
    longest : int
        The longest horizon.
    season : int
        Rows after which the same season returns; 0 for none.

    Examples
    --------
    >>> rivals = Rivals(series=1, longest=2, season=3)
    >>> rivals.see(np.array([[5.0], [6.0], [math.nan], [8.0]]))
    >>> issued, row, horizon, first = np.array([2]), np.array([4]), np.array([2]), np.array([0])
    >>> rivals.last(issued, first), rivals.seasonal(row, horizon, first)
    (array([6.]), array([6.]))
    >>> rivals.running(issued, first)
    array([5.5])
    """

    def __init__(self, series: int, longest: int, season: int) -> None:
        self.season = season
        self.reach = longest + 2 * season  # rows before a block that its questions may go back to
        self.first = 0  # row of the first value kept
        self.known = np.full((0, series), math.nan)  # the last value known at each row
        self.phase = np.full((0, series), math.nan)  # the last value known at each row's phase
        self.origin = np.full(series, math.nan)  # the first value known, about which sums are taken
        self.total = np.zeros((1, series))  # of known values - origin, up to and with each row
        self.count = np.zeros((1, series))  # of known values; both begin one row before the others

    def see(self, ys: Values) -> None:
        """Take the next rows, float64 [n, series]; NaN or infinite where no value is known."""
        drop = max(0, len(self.known) - self.reach)
        self.first += drop
        start = len(self.known) - drop
        ys = np.where(np.isfinite(ys), ys, math.nan)
        self.known = np.concatenate([self.known[drop:], ys])
        self.phase = np.concatenate([self.phase[drop:], ys])
        self._sum(ys, drop)
        for row, column in np.argwhere(np.isnan(ys)):
            row += start
            if row > 0:
                self.known[row, column] = self.known[row - 1, column]
            if self.season and row >= self.season:
                self.phase[row, column] = self.phase[row - self.season, column]

    def _sum(self, ys: Values, drop: int) -> None:
        """Go on with the running sums; the same bits in whatever blocks the rows come."""
        known = ~np.isnan(ys)
        for column in np.flatnonzero(np.isnan(self.origin) & known.any(axis=0)):
            self.origin[column] = ys[known[:, column], column][0]
        with np.errstate(over="ignore", invalid="ignore"):
            steps = np.where(known, ys - self.origin, 0.0)
            total = np.cumsum(np.concatenate([self.total[-1:], steps]), axis=0)
        count = np.cumsum(np.concatenate([self.count[-1:], known]), axis=0)
        self.total = np.concatenate([self.total[drop:], total[1:]])
        self.count = np.concatenate([self.count[drop:], count[1:]])

    def last(self, issued: Values, series: Values) -> Values:
        """The last value known at the row ``issued`` of each question."""
        known: Values = self.known[issued - self.first, series]
        return known

    def seasonal(self, row: Values, horizon: Values, series: Values) -> Values:
        """The last value known, when asked, at the phase of each answer; NaN if there is none."""
        if not self.season:
            return np.full(len(row), math.nan)
        # whole seasons back, to a row that was known when the question was asked
        back = row - self.first + (-horizon // self.season) * self.season
        return np.where(back >= 0, self.phase[np.maximum(back, 0), series], math.nan)

    def running(self, issued: Values, series: Values) -> Values:
        """The mean of all values known at the row ``issued``; NaN if there is none."""
        at = issued - self.first + 1
        count = self.count[at, series]
        with np.errstate(invalid="ignore"):
            mean: Values = self.origin[series] + self.total[at, series] / np.maximum(count, 1.0)
        return np.where(count > 0.0, mean, math.nan)
