"""A learner of labels: which of two a message gets is asked of it, and told.

How a message is read, and what is made of it, is the same for all of them: what they believe, and
how it is moved, lies in their kernels.
"""

from typing import Any

import numpy as np

from forecast.distribution.categories import Categorical
from forecast.learner import TOP, Bytes, SymbolLearner


class LabelForecast(Categorical):
    """The probabilities of two labels, as a forecaster of labels says them.

    Examples
    --------
    >>> forecast = LabelForecast({"spam": 0.75, "ham": 0.25})
    >>> forecast.p("spam"), forecast.top(1), round(forecast.surprise("ham"), 4)
    (0.75, [('spam', 0.75)], 1.3863)
    """

    __slots__ = ()

    def __init__(self, probabilities: dict[str, float]) -> None:
        # they sum to 1 by how they were made; it need not be looked at for each message
        self.probabilities = probabilities


class LabelLearner(SymbolLearner):
    """A learner of two labels.

    Attributes
    ----------
    labels : pair of str
        The negative and the positive one.
    """

    lazy = False
    labels: tuple[str, str]

    def predict(self, x: str | bytes | None = None, horizon: int | None = None) -> LabelForecast:
        """Forecast the label of a message; changes nothing.

        Parameters
        ----------
        x : str or bytes, optional
            The message; None where there is no text.
        horizon : int, optional
            1: the label of this message.

        Raises
        ------
        TypeError
            If the message is neither.
        ValueError
            If the horizon is another.
        """
        self.expects(horizon)
        ids, ps = np.empty(TOP, np.int64), np.empty(TOP)
        self._top(self.floats, self.ints, self.context(x), ids, ps)
        both = zip(ids[:2].tolist(), ps[:2].tolist(), strict=True)
        return LabelForecast({self.labels[k]: p for k, p in both})

    def context(self, x: Any) -> Bytes:
        """The bytes of a message: of a text those of UTF-8, of None none.

        Raises
        ------
        TypeError
            If it is neither text nor bytes.
        """
        if isinstance(x, str):
            x = x.encode(errors="surrogatepass")
        elif x is None:
            x = b""
        elif not isinstance(x, bytes):
            raise TypeError(f"a message is text, bytes or None, not {type(x).__name__}")
        return np.frombuffer(bytearray(x), np.uint8)

    def told(self, y: Any) -> Bytes:
        """One byte: 0 for the negative label, 1 for the positive one.

        Raises
        ------
        ValueError
            If it is neither.
        """
        if y not in self.labels:
            no, yes = self.labels
            raise ValueError(f"{y!r} is none of the labels, which are {no!r} and {yes!r}")
        return np.array([self.labels.index(y)], np.uint8)

    def name(self, number: int) -> str:
        """The label of a number, 0 or 1."""
        return self.labels[number]


def checked_labels(labels: tuple[str, str]) -> tuple[str, str]:
    """The two labels, negative and positive.

    Raises
    ------
    ValueError
        If they are not two different texts.
    """
    found = tuple(labels)
    whole = all(isinstance(label, str) and label for label in found)
    if len(found) != 2 or not whole or found[0] == found[1]:
        raise ValueError(f"labels are two different texts, negative and positive; got {labels!r}")
    return found
