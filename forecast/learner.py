"""What every learner is: something that is asked, told the truth, and learns.

``predict`` reads and ``learn`` writes, whatever is forecast: numbers, words or labels.
A learner of numbers keeps its whole state in one float64 and one int64 array with named views, so
that a checkpoint is two arrays, a copy is a copy of memory, and one compiled call moves it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from inspect import signature
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.compiled import compiled
from forecast.distribution.held import Forecast
from forecast.distribution.hinged import Hinged
from forecast.distribution.mixture import Mixture
from forecast.distribution.normal import Normal
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import LEVELS

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Batch = Sequence[Any] | NDArray[Any]

# A forecast of a number as one row of floats: what a kernel writes and the loop keeps.
FAMILY, LOCATION, CELL, RATE = range(4)  # which distribution, its centre, cell, effective rate
NORMAL, MIXTURE, QUANTILES, HINGED = range(4)
# NORMAL: sd.  MIXTURE: n, then n weights, locations, scales, degrees of freedom.
# HINGED: the hinge, P(Y <= hinge) of the mixture and as believed, then as a mixture.
# QUANTILES: slopes of the two tails, the values at the levels, the two bounds, a
# point of the lattice and its pitch (0 for none).
SPREAD = 4
MOST_PARTS = 12
HINGE = SPREAD
HINGED_MIXTURE = HINGE + 3
ROW = HINGED_MIXTURE + 1 + 4 * MOST_PARTS
N_LEVELS = len(LEVELS)
VALUES = SPREAD + 2
BOUNDS = VALUES + N_LEVELS
LATTICE = BOUNDS + 2
# What is said of a word or label before it is learned: its surprise, the surprise that the
# forecast itself expected (nan where that is not known), the effective rate, and the part of the
# surprise that spells a word never seen; nats.
SURPRISE, EXPECTED, EFFECTIVE_RATE, SPELLED = range(4)
SAID = 4
TOP = 10  # likeliest words or labels that are told


class Learner(ABC):
    """Forecasts the next observations, and learns from each when it arrives."""

    horizons: tuple[int, ...]
    # where an answer is a sum of several observations: their weights, the earliest first
    window: Floats | None = None

    @property
    @abstractmethod
    def rate(self) -> float:
        """Effective rate in (0, 1]: the weight of the newest observation in what is believed."""

    def rate_of(self, series: int, horizon: int) -> float:
        """The effective rate of one series at one horizon, where a learner has several."""
        return self.rate

    @abstractmethod
    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        """Forecast the observation ``horizon`` steps from now; changes nothing."""

    @abstractmethod
    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the next observation: the only call that changes the learner."""

    def learn_many(self, ys: Batch, xs: Batch | None = None) -> None:
        """Be told a batch of observations in their order: the same as each in its turn.

        Parameters
        ----------
        ys : sequence
            Observations, as ``learn`` takes them.
        xs : sequence, optional
            What is known beside each.

        Raises
        ------
        ValueError
            If there are not as many contexts as observations; nothing is learned then. One that
            ``learn`` refuses ends the batch: those before it have been learned.

        Examples
        --------
        >>> from forecast import Level
        >>> level = Level()
        >>> level.learn_many([3.0, 5.0, 5.0])
        >>> 3.0 < level.predict().median < 5.0
        True
        """
        if xs is not None and len(xs) != len(ys):
            raise ValueError(f"{len(ys)} observations take as many contexts; got {len(xs)}")
        for t, y in enumerate(ys):
            self.learn(y, None if xs is None else xs[t])

    def expects(self, horizon: int | None) -> int:
        """Return ``horizon``, or the first of ``horizons`` for None.

        Raises
        ------
        ValueError
            If this learner was not made for that horizon.
        """
        if horizon is None:
            return self.horizons[0]
        if horizon not in self.horizons:
            raise ValueError(f"horizon {horizon} is none of this learner's {self.horizons}")
        return horizon


class Layout:
    """Names places in the two flat arrays of a learner, in the order in which they are asked for.

    Examples
    --------
    >>> layout = Layout()
    >>> layout.floats("level", 2), layout.floats("weights", 2, 3), layout.n_floats
    (0, 2, 8)
    """

    def __init__(self) -> None:
        self.places: dict[str, tuple[str, int, tuple[int, ...]]] = {}
        self.n_floats = 0
        self.n_ints = 0

    def floats(self, name: str, *shape: int) -> int:
        """Reserve ``shape`` floats under a name; returns their offset."""
        offset = self.n_floats
        self.places[name] = ("floats", offset, shape)
        self.n_floats += math.prod(shape)
        return offset

    def ints(self, name: str, *shape: int) -> int:
        """Reserve ``shape`` integers under a name; returns their offset."""
        offset = self.n_ints
        self.places[name] = ("ints", offset, shape)
        self.n_ints += math.prod(shape)
        return offset


class FlatLearner(Learner):
    """A learner whose whole state lies in two flat arrays with named places."""

    def __init__(self, layout: Layout, horizons: Sequence[int]) -> None:
        self.horizons = checked_horizons(horizons)
        self.places = layout.places
        self.floats = np.zeros(layout.n_floats)
        self.ints = np.zeros(layout.n_ints, np.int64)

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again; JSON can hold them."""

    @abstractmethod
    def moved(self, before: Self) -> np.ndarray:
        """How the newest error moved what is believed, ``before`` being a copy made before it.

        Where y follows the learner's own forecast its mean is 0: nothing is learned from what was
        expected.
        """

    def view(self, name: str) -> np.ndarray:
        """A named part of the state, as an array that shares its memory."""
        array, offset, shape = self.places[name]
        flat: np.ndarray = getattr(self, array)
        return flat[offset : offset + math.prod(shape)].reshape(shape)

    def copy(self) -> Self:
        """A learner in the same state that goes its own way."""
        twin = type(self)(**self.options())
        twin.floats[:] = self.floats
        twin.ints[:] = self.ints
        return twin

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments that make this learner again, as scikit-learn asks for them.

        Parameters
        ----------
        deep : bool
            Whether to list those of a learner among them too, as ``learner__horizons``.

        Examples
        --------
        >>> from forecast import LightForecaster, Remembering
        >>> Remembering(LightForecaster((1, 7))).get_params()["learner__horizons"]
        (1, 7)
        """
        params = self.options()
        within = {
            f"{name}__{inner}": value
            for name, learner in params.items()
            if isinstance(learner, FlatLearner)
            for inner, value in learner.get_params().items()
        }
        return {**params, **within} if deep else params

    def __sklearn_clone__(self) -> Self:
        """What ``sklearn.base.clone`` gives: the same learner, that has learned nothing."""
        return type(self)(**self.options())

    def __repr__(self) -> str:
        """As it would be written: the arguments that are not the usual ones."""
        usual = signature(type(self)).parameters
        given = [
            f"{name}={value!r}"
            for name, value in self.options().items()
            if name not in usual or value != usual[name].default
        ]
        return f"{type(self).__name__}({', '.join(given)})"


class NumberLearner(FlatLearner):
    """A learner of one number, or of a vector of them.

    A subclass lays out its state and names two kernels:
    ``_learn(floats, ints, y)`` moves the state by one observation, y float64 [channels + beside]:
    the numbers, then what has become known beside them;
    ``_ask(floats, ints, channel, position, row)`` writes the forecast for the horizon at that
    position of ``horizons`` into ``row``, float64 [ROW], and changes nothing else.
    """

    family: int  # NORMAL, MIXTURE, HINGED or QUANTILES: what its forecasts are once a unit is known
    _learn: Callable[..., None]
    _ask: Callable[..., None]

    def __init__(
        self, layout: Layout, horizons: Sequence[int], channels: int = 1, beside: int = 0
    ) -> None:
        super().__init__(layout, horizons)
        self.channels, self.beside = channels, beside
        self._y = np.full(channels + beside, math.nan)

    def predict(self, x: None = None, horizon: int | None = None) -> Any:
        """Forecast the observation ``horizon`` steps from now.

        Returns
        -------
        Forecast or tuple of Forecast
            One distribution; for a vector, one for each channel.

        Raises
        ------
        ValueError
            If the learner was not made for that horizon, or is given a context.
        """
        if x is not None:
            how = "its context x with what it learns" if self.beside else "no context x"
            raise ValueError(f"{type(self).__name__} takes {how}")
        position = self.horizons.index(self.expects(horizon))
        if self.channels == 1:
            return self.forecast(0, position)
        return tuple(self.forecast(channel, position) for channel in range(self.channels))

    def forecast(self, channel: int, position: int) -> Forecast:
        """The forecast for one channel and the horizon at that position of ``horizons``."""
        row = np.empty(ROW)
        self._ask(self.floats, self.ints, channel, position, row)
        return read_row(row)

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the next observation.

        Parameters
        ----------
        y : float or sequence
            A number, or one for each channel; None or NaN where missing.
        x : sequence of float, optional
            What has become known beside it, [beside]: columns of now, then those of the row of the
            answer of each horizon (see ``forecast.numbers.context.context_of``); NaN where missing.

        Raises
        ------
        ValueError
            If the number of values is not the number of channels, or that of x is another.
        TypeError
            If a value is no number. Nothing is learned then.
        """
        if self.channels == 1 and not hasattr(y, "__len__"):
            self._y[0] = math.nan if y is None else y
        else:
            self._y[: self.channels] = checked_vector(y, self.channels)
        if x is not None or self.beside:
            self._y[self.channels :] = self._checked_context(x)
        self._learn(self.floats, self.ints, self._y)

    def _checked_context(self, x: Any) -> np.ndarray | float:
        """What is known beside an observation; NaN where nothing is."""
        if x is None:
            return math.nan
        if self.beside == 0:
            raise ValueError(f"{type(self).__name__} takes no context x: make it for one")
        if len(x) != self.beside:
            raise ValueError(f"expected {self.beside} numbers of context; got {len(x)}")
        return np.array([math.nan if value is None else value for value in x], float)

    @property
    def rate(self) -> float:
        """Effective rate of the first channel at the first horizon."""
        return self.rate_of(0, self.horizons[0])

    def rate_of(self, series: int, horizon: int) -> float:
        """Effective rate of one channel at one horizon."""
        row = np.empty(ROW)
        self._ask(self.floats, self.ints, series, self.horizons.index(horizon), row)
        return float(row[RATE])


@dataclass(frozen=True, slots=True)
class Symbols:
    """A block of observations of words or labels, each of them two slices of bytes.

    Observation t is ``y[y_at[t]:y_at[t + 1]]``: the bytes of a word, or one byte, the number of a
    label. What is known beside it is ``x[x_at[t]:x_at[t + 1]]``: a message, or nothing.
    """

    first: int  # row number of the first observation
    x: Bytes
    x_at: Ints  # [n + 1]
    y: Bytes
    y_at: Ints  # [n + 1]

    def __len__(self) -> int:
        return len(self.y_at) - 1


class SymbolLearner(FlatLearner):
    """A learner of words or labels: what comes next is one of many, or of two.

    Its forecast may be about every word there is, and is therefore made only where it is looked
    at. A subclass encodes what a person gives, and names three kernels, x and y being uint8 slices:
    ``_ask(floats, ints, x, y, said)`` writes what the learner says of y into ``said``, float64
    [SAID], and changes nothing else; ``_top(floats, ints, x, ids, ps)`` writes the likeliest
    answers, most likely first, int64 and float64 [TOP], with -1 where there are no more;
    ``_learn(floats, ints, x, y)`` moves the state. Where both would look for the same things,
    ``_answer(floats, ints, x, y, said)`` does what ``_ask`` and then ``_learn`` do, bit for bit.
    """

    lazy = True  # its forecasts are past once it has learned again: they cannot wait

    _learn: Callable[..., None]
    _ask: Callable[..., None]
    _answer: Callable[..., None] | None = None
    _top: Callable[..., None]

    def weights(self) -> dict[str, float]:
        """How much each of its parts weighs now; they sum to 1. Empty where it does not tell."""
        return {}

    @abstractmethod
    def context(self, x: Any) -> Bytes:
        """The bytes of what is known beside an observation."""

    @abstractmethod
    def told(self, y: Any) -> Bytes:
        """The bytes of an observation."""

    @abstractmethod
    def name(self, number: int) -> str:
        """The word or label of a number."""

    def named(self, ids: Ints, ps: Floats) -> list[list[tuple[str, float]]]:
        """Likeliest answers with their probabilities, as ``_top`` wrote them, [n, TOP]."""
        names = {number: self.name(number) for number in np.unique(ids).tolist() if number >= 0}
        both = zip(ids.tolist(), ps.tolist(), strict=True)
        return [
            [(names[number], p) for number, p in zip(*row, strict=True) if number >= 0]
            for row in both
        ]

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the next word or label; None where it is missing."""
        if y is not None:
            self._learn(self.floats, self.ints, self.context(x), self.told(y))


def checked_horizons(horizons: Sequence[int]) -> tuple[int, ...]:
    """The horizons as a tuple; they are positive, whole and different, in rising order.

    Raises
    ------
    ValueError
        If they are not.
    """
    try:
        checked = tuple(int(horizon) for horizon in horizons)
    except (TypeError, ValueError, OverflowError):  # no sequence, or of no numbers
        checked = ()
    rising = all(a < b for a, b in pairwise(checked))
    if not checked or checked[0] < 1 or not rising or checked != tuple(horizons):
        raise ValueError(f"horizons must be whole numbers from 1 up, rising; got {horizons!r}")
    return checked


def checked_vector(y: Any, channels: int) -> np.ndarray:
    """One float for each channel, None as NaN; of None alone nothing was observed.

    Raises
    ------
    ValueError
        If there are more values, or fewer.
    TypeError
        If it is text or bytes, a set or a mapping, or holds something that is no number.

    Examples
    --------
    >>> checked_vector([1, None], 2), checked_vector(None, 2)
    (array([ 1., nan]), array([nan, nan]))
    """
    if isinstance(y, (str, bytes, bytearray, Set, Mapping)):
        raise TypeError(f"expected a number, or one for each channel; got {y!r:.60}")
    if y is None:
        return np.full(channels, math.nan)
    values = [y] if not hasattr(y, "__len__") else list(y)
    if any(hasattr(value, "__len__") for value in values):
        raise TypeError(f"expected numbers, one for each channel; got {y!r:.60}")
    if len(values) != channels:
        raise ValueError(f"expected {channels} values, one for each channel; got {len(values)}")
    return np.array([math.nan if value is None else value for value in values], float)


@compiled
def write_unknown(row):
    """The forecast before the first value: nothing is known."""
    row[FAMILY] = QUANTILES
    for slot in range(LOCATION, BOUNDS):
        row[slot] = math.nan
    write_boundless(row)
    row[RATE] = 1.0


@compiled
def write_boundless(row):
    """Quantiles of what has no bounds and lies on no lattice."""
    row[BOUNDS], row[BOUNDS + 1] = -math.inf, math.inf
    row[LATTICE], row[LATTICE + 1] = 0.0, 0.0


@compiled
def write_certain(row, y):
    """The forecast while a series has only ever had one value: that one, all of it."""
    write_unknown(row)
    row[LOCATION] = y
    row[SPREAD] = 0.0
    row[SPREAD + 1] = 0.0
    for p in range(N_LEVELS):
        row[VALUES + p] = y


def read_row(row: np.ndarray) -> Forecast:
    """The distribution that a row of floats stands for."""
    family = int(row[FAMILY])
    if family == NORMAL:
        return Normal(row[LOCATION], row[SPREAD], row[CELL])
    if family == MIXTURE:
        return _read_mixture(row, SPREAD)
    if family == HINGED:
        return Hinged.of(_read_mixture(row, HINGED_MIXTURE), *row[HINGE:HINGED_MIXTURE])
    values, tails = row[VALUES:BOUNDS], row[SPREAD:VALUES]
    bounds, lattice = row[BOUNDS:LATTICE], row[LATTICE : LATTICE + 2]
    return Quantiles.of(values, tails, bounds, lattice, row[CELL], float(row[LOCATION]))


def _read_mixture(row: np.ndarray, at: int) -> Mixture:
    """The mixture whose number of parts stands at a place of the row."""
    n = int(row[at])
    return Mixture.of(row[at + 1 : at + 1 + 4 * n].reshape(4, n), row[CELL])
