"""Probabilities of words and of labels."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.distribution.held import Forecast


class Categorical(Forecast):
    """Probabilities of the words or labels that may come next.

    Parameters
    ----------
    probabilities : mapping
        From what may come to its probability; they sum to 1.

    Raises
    ------
    ValueError
        If they are negative or do not sum to 1.

    Examples
    --------
    >>> forecast = Categorical({"sun": 0.5, "rain": 0.25, "snow": 0.25})
    >>> forecast.top(1), round(forecast.surprise("rain"), 4), forecast.p("fog")
    ([('sun', 0.5)], 1.3863, 0.0)
    """

    __slots__ = ("probabilities",)

    def __init__(self, probabilities: Mapping[Any, float]) -> None:
        ps = probabilities.values()
        if not (all(p >= 0.0 for p in ps) and abs(math.fsum(ps) - 1.0) < 1e-9):
            raise ValueError(f"probabilities must be positive and sum to 1; got {probabilities}")
        self.probabilities = dict(probabilities)

    def p(self, y: Any) -> float:
        """Probability of y; 0 where it was not thought of."""
        p: float = self.probabilities.get(y, 0.0)
        return p

    def top(self, k: int) -> list[tuple[Any, float]]:
        """The k most probable, with their probabilities."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:k]

    def surprise(self, y: Any) -> float:
        p = self.p(y)
        return -math.log(p) if p > 0.0 else math.inf

    def expected_surprise(self) -> float:
        return -math.fsum(p * math.log(p) for p in self.probabilities.values() if p > 0.0)

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[Any]:
        """Draw n of them, by their probabilities."""
        labels, ps = zip(*self.probabilities.items(), strict=True)
        return [labels[k] for k in rng.choice(len(labels), n, p=np.array(ps) / math.fsum(ps))]

    def __repr__(self) -> str:
        likely = ", ".join(f"{label!r}: {p:.3g}" for label, p in self.top(3))
        return f"Categorical({likely}{', ...' if len(self.probabilities) > 3 else ''})"


class Bernoulli(Categorical):
    """True with probability p, False otherwise.

    Parameters
    ----------
    p : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If it does not lie there.

    Examples
    --------
    >>> round(Bernoulli(0.9).surprise(False), 4)
    2.3026
    """

    __slots__ = ()

    def __init__(self, p: float) -> None:
        super().__init__({True: p, False: 1.0 - p})
