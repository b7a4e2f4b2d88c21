"""The answer to a question: the observation itself, or what several of them add up to.

Most learners are asked for one observation, a horizon from now. One that is asked for a sum, as a
discounted return is, has its answer when the last term has come: the question waits in the same
queue, for as many rows as the sum has terms.
"""

from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import compiled
from forecast.learner import checked_vector


@compiled
def weighted_sums(seen, weights, sums):
    """Write  sum_k weights_k seen_(t+k), [n, series]; NaN where a term is missing."""
    for t in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            total = 0.0
            for k in range(len(weights)):
                total += weights[k] * seen[t + k, c]
            sums[t, c] = total


class Truth:
    """The answers that a stream gives, row by row.

    Parameters
    ----------
    weights : ndarray [terms] or None
        Of the last observations in an answer, the earliest first; None where it is the last alone.
    series : int
        Numbers that arrive together.

    Attributes
    ----------
    whole : float
        The answer to a stream that is always 1.
    spread : float
        The standard deviation of the answers to noise of 1.
    overlap : int
        How many answers that follow each other tell as much as one: what they are sums of they
        share.

    Examples
    --------
    >>> truth = Truth(np.array([1.0, 0.5]), series=1)
    >>> truth.see(np.array([[8.0], [4.0], [2.0]]))[:, 0]
    array([nan, 10.,  5.])
    >>> truth.after(1.0)
    2.5
    """

    def __init__(self, weights: Floats | None, series: int) -> None:
        self.weights = weights
        each = np.ones(1) if weights is None else weights
        self.whole = float(each.sum())
        self.spread = float(np.sqrt(np.square(each).sum()))
        self.overlap = round(float(each.sum() / each.max()))
        terms = len(each)
        self._earlier = np.full((terms - 1, series), np.nan)

    def see(self, ys: Floats) -> Floats:
        """What the next rows answer, [n, series]; the same bits in whatever blocks they come."""
        if self.weights is None:
            return ys
        seen = np.concatenate([self._earlier, ys])
        self._earlier = seen[len(ys) :]
        sums = np.empty_like(ys)
        weighted_sums(seen, self.weights, sums)
        return sums

    def after(self, y: Any) -> Any:
        """What the next row answers; a number, or a list with one for each channel."""
        if self.weights is None:
            return y
        series = self._earlier.shape[1]
        answer = self.see(checked_vector(y, series)[None])[0].tolist()
        return answer[0] if series == 1 else answer
