"""The forecaster of labels: spam or not, up or down, by what the message says.

Twelve memories in one blend: logistic regression on the words at six rates, and the frequency of
the labels at the same six. The fast ones learn from one click, the slow ones from the long run.
"""

import math
from typing import Any

import numpy as np

from forecast.blend import Floats
from forecast.compiled import compiled
from forecast.distribution import Categorical
from forecast.gate import WEIGHED, gated_begin, gated_floats, gated_learn
from forecast.labels.features import FEATURES, features_of
from forecast.labels.frequency import frequency_floats, frequency_move, frequency_positive
from forecast.labels.logistic import logistic_floats, logistic_positive, logistic_step
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SPELLED,
    SURPRISE,
    TOP,
    Bytes,
    Layout,
    SymbolLearner,
)

RATES = 0.5 * 4.0 ** -np.arange(6.0)
K = len(RATES)
MEMORIES = 2 * K  # the logistic ones, then the frequencies
MOST_BITS = 24

# floats: counts, blend, weights; integers: bits, messages learned
COUNTS = 0
BLEND = frequency_floats(K)
WEIGHTS = BLEND + gated_floats(MEMORIES)
BITS, LEARNED = range(2)


@compiled
def label_positive(f, slots, n, p):
    """Write what each memory gives to the positive label, into ``p`` [MEMORIES]."""
    logistic_positive(f[WEIGHTS:], slots, n, p[:K])
    frequency_positive(f[COUNTS:BLEND], p[K:])


@compiled
def label_probability(f, positive, y):
    """p(y) = sum_k w_k p_k(y), with p_k(0) = 1 - p_k(1)."""
    p = 0.0
    for k in range(MEMORIES):
        p += f[BLEND + k] * (positive[k] if y == 1 else 1.0 - positive[k])
    return p


@compiled
def label_rate(f):
    """Effective rate: the weighted mean of the memories' rates."""
    rate = 0.0
    for k in range(K):
        rate += (f[BLEND + k] + f[BLEND + K + k]) * RATES[k]
    return rate


@compiled
def label_ask(f, i, x, y, said):
    """What the blend says of label y beside the message x."""
    slots = np.empty(FEATURES, np.int64)
    positive = np.empty(MEMORIES)
    label_positive(f, slots, features_of(x, i[BITS], slots), positive)
    p, other = label_probability(f, positive, y[0]), label_probability(f, positive, 1 - y[0])
    said[SURPRISE] = -math.log(p)
    # sum_y p(y) (-log p(y))
    said[EXPECTED] = -p * math.log(p) - other * math.log(other)
    said[EFFECTIVE_RATE] = label_rate(f)
    said[SPELLED] = 0.0


@compiled
def label_top(f, i, x, ids, ps):
    """Both labels, the likelier first."""
    slots = np.empty(FEATURES, np.int64)
    positive = np.empty(MEMORIES)
    label_positive(f, slots, features_of(x, i[BITS], slots), positive)
    for place in range(TOP):
        ids[place] = -1
        ps[place] = 0.0
    no, yes = label_probability(f, positive, 0), label_probability(f, positive, 1)
    ids[0] = 1 if yes > no else 0
    ids[1] = 1 - ids[0]
    ps[0], ps[1] = max(no, yes), min(no, yes)


@compiled
def label_learn(f, i, x, y):
    """Weigh the memories by what they gave to label y, and move each by its own rate."""
    slots = np.empty(FEATURES, np.int64)
    n = features_of(x, i[BITS], slots)
    positive = np.empty(MEMORIES)
    label_positive(f, slots, n, positive)
    likelihood = np.empty(MEMORIES)
    for k in range(MEMORIES):
        likelihood[k] = positive[k] if y[0] == 1 else 1.0 - positive[k]
    gated_learn(f[BLEND:WEIGHTS], likelihood, i[LEARNED])
    logistic_step(f[WEIGHTS:], slots, n, y, positive, RATES)
    frequency_move(f[COUNTS:BLEND], i, x, y, RATES)
    i[LEARNED] += 1


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


class LabelForecaster(SymbolLearner):
    """Forecasts which of two labels a message gets, and learns from each that is told.

    Parameters
    ----------
    labels : pair of str
        The negative and the positive label.
    bits : int
        The weights of all words lie in 2^bits places, 48 bytes each.

    Raises
    ------
    ValueError
        If the labels are not two different ones, or bits is not from 1 to 24.

    Examples
    --------
    >>> spam = LabelForecaster()
    >>> for text, label in [("win a prize now", "spam"), ("see you at 5", "ham")] * 3:
    ...     spam.learn(label, text)
    >>> spam.predict("A PRIZE!").top(1)[0][0], spam.predict("see you now").p("spam") < 0.5
    ('spam', True)
    """

    _learn = staticmethod(label_learn)
    _ask = staticmethod(label_ask)
    _top = staticmethod(label_top)

    def __init__(self, labels: tuple[str, str] = ("ham", "spam"), bits: int = 18) -> None:
        self.labels = checked_labels(labels)
        if not 1 <= bits <= MOST_BITS:
            raise ValueError(f"bits must be from 1 to {MOST_BITS}; got {bits!r}")
        state = Layout()
        state.floats("counts", K, 2)
        state.floats("blend", gated_floats(MEMORIES))
        state.floats("weights", logistic_floats(K, bits) // K, K)
        state.ints("bits", 1)
        state.ints("learned", 1)
        super().__init__(state, (1,))
        self.view("bits")[:] = bits
        gated_begin(self.view("blend"), MEMORIES)

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

    @property
    def rate(self) -> float:
        """Effective rate: the weighted mean of the memories' rates."""
        rate: float = label_rate(self.floats)
        return rate

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

    def moved(self, before: "LabelForecaster") -> Floats:
        """The step of the weights of managers and gate."""
        weighed = slice(MEMORIES + WEIGHED, MEMORIES + WEIGHED + 2)
        step: Floats = self.view("blend")[weighed] - before.view("blend")[weighed]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"labels": self.labels, "bits": self.view("bits").item()}


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
