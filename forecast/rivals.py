"""The free rivals of every forecast: what a person without a model would have said.

Of numbers the last value, that of the same season, and the running mean; of words and labels how
often each came so far, and whether the last one came again.
"""

import math
from itertools import pairwise

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


class Frequencies:
    """How often each of K symbols came so far, and what one pays who knows nothing else.

    p(k) = (c_k + 1/2) / (n + K/2),  before each of n symbols.

    Source: Krichevsky and Trofimov (1981).

    Parameters
    ----------
    symbols : int
        K: they are numbered from 0.

    Examples
    --------
    Three heads in a row:  1/2, 3/4, 5/6.

    >>> coin = Frequencies(2)
    >>> np.exp(-coin.see(np.array([0, 0, 0]))).round(4).tolist()
    [0.5, 0.75, 0.8333]
    """

    def __init__(self, symbols: int) -> None:
        self.counts = np.zeros(symbols, np.int64)

    def see(self, symbols: Values) -> Values:
        """What each of the next symbols [n] costs, in nats; they are counted one after another."""
        before = self.counts[symbols] + came_before(symbols)
        n = self.counts.sum() + np.arange(len(symbols))
        self.counts += np.bincount(symbols, minlength=len(self.counts))
        nats: Values = np.log(n + 0.5 * len(self.counts)) - np.log(before + 0.5)
        return nats


class Successors:
    """How often each of K symbols followed the one before it.

    p(k | j) = (c_jk + 1/2) / (n_j + K/2),  j the last symbol; before the first there is none.

    Parameters
    ----------
    symbols : int
        K: they are numbered from 0.

    Examples
    --------
    After nothing 1/2; after a head 1/2, 3/4, then the first tail after one: 1/6.

    >>> coin = Successors(2)
    >>> np.exp(-coin.see(np.array([0, 0, 0, 1]))).round(4).tolist()
    [0.5, 0.5, 0.75, 0.1667]
    """

    def __init__(self, symbols: int) -> None:
        self.symbols = self.last = symbols  # as if a symbol of its own had come before the first
        self.counts = np.zeros((symbols + 1, symbols), np.int64)

    def see(self, symbols: Values) -> Values:
        """What each of the next symbols [n] costs, in nats; they are counted one after another."""
        if not len(symbols):
            return np.empty(0)
        symbols = symbols.astype(np.int64)
        last = np.concatenate([[self.last], symbols[:-1]])
        pair = last * self.symbols + symbols
        before = self.counts[last, symbols] + came_before(pair)
        n = self.counts.sum(axis=1)[last] + came_before(last)
        np.add.at(self.counts, (last, symbols), 1)
        self.last = int(symbols[-1])
        nats: Values = np.log(n + 0.5 * self.symbols) - np.log(before + 0.5)
        return nats


END = 256  # after the bytes of a word that is spelled
MOST_WORDS = 1 << 16  # that are known: a word beyond them is spelled each time it comes


class WordFrequencies:
    """How often each word came so far; a new one is spelled by how often each byte was.

    p(w) = c_w / (n + u)  for a word that came before,  u / (n + u) p(spelling)  for a new one,

    before each of n words of which u were new: nothing was set by hand.

    Source: Witten and Bell (1991), method C of the chance of something new.

    Examples
    --------
    The first word is spelled. Of two words, one of them new each time, half is for a third.

    >>> rival = WordFrequencies()
    >>> text = np.frombuffer(b"abb", np.uint8)
    >>> nats = rival.see(text, np.array([0, 1, 2, 3]))
    >>> round(float(np.exp(-nats[2])), 9)
    0.25
    """

    def __init__(self) -> None:
        self.number: dict[bytes, int] = {}
        self.times = np.zeros(MOST_WORDS, np.int64)
        self.spelling = Frequencies(END + 1)
        self.n = self.new = 0

    def see(self, text: Values, at: Values) -> Values:
        """What each of the next words costs, in nats; word t is ``text[at[t]:at[t + 1]]``."""
        number, new = self._numbered(bytes(text), at.tolist())
        n = self.n + np.arange(len(number))
        u = self.new + np.cumsum(new) - new
        known = np.maximum(number, 0)
        before = self.times[known] + came_before(number)
        # before the first word there is nothing but its spelling
        chance = np.where(new, np.where(n > 0, u, 1.0), before) / np.maximum(n + u, 1)
        nats: Values = -np.log(chance)
        nats[new] += self._spelled(text, at, np.flatnonzero(new))
        np.add.at(self.times, number[number >= 0], 1)
        self.n, self.new = self.n + len(number), self.new + int(new.sum())
        return nats

    def _numbered(self, text: bytes, at: list[int]) -> tuple[Values, Values]:
        """The number of each word, -1 where there is no room for it, and whether it is new."""
        known = self.number
        number, new = [], []
        for start, end in pairwise(at):
            word = text[start:end]
            found = known.get(word, -1)
            new.append(found < 0)
            if found < 0 and len(known) < MOST_WORDS:
                found = known[word] = len(known)
            number.append(found)
        return np.array(number, np.int64), np.array(new, np.bool_)

    def _spelled(self, text: Values, at: Values, words: Values) -> Values:
        """What it costs to spell some of the words, each with its end."""
        if not len(words):
            return np.empty(0)
        parts = [np.append(text[at[t] : at[t + 1]].astype(np.int64), END) for t in words.tolist()]
        nats = self.spelling.see(np.concatenate(parts))
        starts = np.cumsum([0, *map(len, parts[:-1])])
        whole: Values = np.add.reduceat(nats, starts)
        return whole


def came_before(symbols: Values) -> Values:
    """How often each symbol came before it in the same array.

    Examples
    --------
    >>> came_before(np.array([7, 2, 7, 7, 2])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(symbols, kind="stable")
    place = np.arange(len(symbols))
    first = np.ones(len(symbols), np.bool_)
    first[1:] = symbols[order][1:] != symbols[order][:-1]
    times = np.empty(len(symbols), np.int64)
    times[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    return times
