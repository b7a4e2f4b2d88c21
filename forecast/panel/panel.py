"""Many series, each with a learner of its own, walked on all cores.

Every series gets the bits that it would get alone, however many stand beside it, in whatever parts
they come and however many threads walk.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.coming import coming_of
from forecast.frame import known_to_narwhals, numbers_of
from forecast.learner import NumberLearner
from forecast.measure import LONG, MEAN, QUANTILE, SCORE
from forecast.numbers.light import LightForecaster
from forecast.numbers.taught import taught as common
from forecast.panel.loop import loop_of
from forecast.panel.shelf import Shelf

if TYPE_CHECKING:
    from pandas import DataFrame

PART = 16384  # answers of one part of a series that are held until they are scored
SHARES = 4  # jobs to a worker, at least: who is done early takes another


class Part(NamedTuple):
    """What has come of some series: number ``who[k]`` goes on with ``ys[at[k]:at[k + 1]]``."""

    who: np.ndarray  # int64 [n]: numbers of series, each once, rising
    at: np.ndarray  # int64 [n + 1]
    ys: np.ndarray  # float64; NaN where missing


class Panel:
    """Learners of many series, and their scores.

    Parameters
    ----------
    make : callable
        Makes a learner of one number: ``LightForecaster``, in two kilobytes, by default.
    season : int
        Of the rival that repeats the last season; 0 for none.
    workers : int, optional
        Threads; one for each core by default. They change no bit.
    taught : bool
        Let a new series begin with what the others, as they stand then, have in common (see
        ``forecast.numbers.taught``), instead of with nothing. Of light learners only.

    Attributes
    ----------
    names : list of str
        The series, in the order in which they came.
    bytes_each : int
        Memory of one series: its learner, its open questions, its scores.
    pupils : int
        Series that began with what others had taught.

    Raises
    ------
    ValueError
        If the learner is one of several numbers, of columns beside them, or of sums of numbers.
    TypeError
        If its state is not two arrays, or one that cannot be taught is to be, or a learner is given
        in the place of what makes one.

    Examples
    --------
    >>> from forecast import LightForecaster
    >>> panel = Panel(LightForecaster)
    >>> panel.learn({"north": [1.0, 2.0] * 20, "south": [5.0, 4.0, 3.0] * 10})
    >>> panel.learn({"north": [1.0, 2.0]})
    >>> round(panel.learner("north").predict().median, 1), panel.rows("south")
    (1.0, 30)
    """

    path = "compiled"

    def __init__(
        self,
        make: Callable[[], NumberLearner],
        season: int = 0,
        workers: int | None = None,
        taught: bool = False,
    ) -> None:
        if not callable(make):
            made = type(make).__name__
            raise TypeError(f"a panel takes what makes learners, as {made}, not a {made}")
        self.pattern = self._beginning = make()
        if not isinstance(self.pattern, NumberLearner):
            raise TypeError(f"a panel is of learners of numbers, not {type(self.pattern).__name__}")
        if self.pattern.channels != 1 or self.pattern.beside:
            raise ValueError("each series of a panel has a learner of one number, and none beside")
        if self.pattern.window is not None:
            raise ValueError("a panel is of learners of the next values, not of their sums")
        if taught and not isinstance(self.pattern, LightForecaster):
            raise TypeError(f"others can teach a LightForecaster, no {type(self.pattern).__name__}")
        self.taught, self.pupils = taught, 0
        self.season = season
        self.names: list[str] = []
        self.places: dict[str, int] = {}
        self.shelves: list[Shelf] = []
        self.bytes_each = Shelf(self.pattern, season).bytes_each
        self.points = 0  # values that were told, missing ones included
        self.workers = workers or cores()
        self._loop = loop_of(type(self.pattern))
        self._pool = ThreadPoolExecutor(self.workers)
        self._walking: list[Future[None]] = []

    @property
    def horizons(self) -> tuple[int, ...]:
        """How many observations ahead each series is forecast; rising."""
        return self.pattern.horizons

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """The number of a series; a new one is put on the shelf, as the last that joined."""
        found = self.places.get(name)
        if found is not None:
            return found
        found = self.places[name] = len(self.names)
        self.names.append(name)
        if not self.shelves or found == len(self.shelves) * self.shelves[0].room:
            self.shelves.append(Shelf(self.pattern, self.season))
        shelf, place = self._place(found)
        shelf.begin(place, self._beginning)
        return found

    def join(self, names: Iterable[str]) -> None:
        """Put those of these series on the shelf that are new."""
        new = [name for name in names if name not in self.places]
        if new and self.taught:
            self._beginning = self._taught()
            self.pupils += len(new) if self._beginning is not self.pattern else 0
        for name in new:
            self.number(name)

    def _taught(self) -> NumberLearner:
        """How a series begins now: as the others have taught, if they are old enough."""
        assert isinstance(self.pattern, LightForecaster)
        self.settle()
        room = self.shelves[0].room if self.shelves else 0
        states = [
            shelf.arrays["floats"][: len(self) - k * room] for k, shelf in enumerate(self.shelves)
        ]
        return common(self.pattern, states) or self.pattern

    def warm(self) -> None:
        """Compile the loop, or find its code, before the first values come."""
        shelf = Shelf(self.pattern, self.season)
        shelf.begin(0)
        self._walk(shelf, Part(np.zeros(1, np.int64), np.array([0, 3]), np.arange(3.0)))

    def put(self, name: str, whole: bytes) -> None:
        """Put a new series on the shelf in a state that it was in: see ``whole``."""
        shelf, place = self._place(self.number(name))
        shelf.put(place, whole)

    def whole(self, number: int) -> bytes:
        """All that there is of a series."""
        shelf, place = self._place(number)
        return shelf.whole(place)

    def learn(self, told: "Mapping[str, Any] | DataFrame") -> None:
        """Forecast, score and learn the next values of some series; NaN where missing.

        Parameters
        ----------
        told : mapping of str to array_like [n], or a table of pandas, polars and the like
            Of a table each column is a series, and each row an instant, one step after the other.

        Raises
        ------
        ValueError
            If a series holds what is no number, or the times of a table do not rise.
        TypeError
            If a series is not called by a text. Nothing is learned then.
        """
        values = checked(told)
        self.join(values)
        numbers = {self.places[name]: ys for name, ys in values.items()}
        who = np.array(sorted(numbers), np.int64)
        at = np.cumsum([0, *(len(numbers[each]) for each in who.tolist())])
        ys = np.concatenate([np.empty(0), *(numbers[each] for each in who.tolist())])
        self.feed(Part(who, at, ys))
        self.settle()

    def feed(self, part: Part) -> None:
        """Let some series walk on; ``settle`` waits for them.

        Meanwhile the next part may be read.
        """
        self.settle()
        self.points += len(part.ys)
        for job in self._jobs(part):
            self._walking.append(self._pool.submit(self._walk, *job))

    def settle(self) -> None:
        """Wait until all series stand still."""
        walking, self._walking = self._walking, []
        for each in walking:
            each.result()

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(cancel_futures=True)

    def _place(self, number: int) -> tuple[Shelf, int]:
        shelf, place = divmod(number, self.shelves[0].room)
        return self.shelves[shelf], place

    def _jobs(self, part: Part) -> Iterator[tuple[Shelf, Part]]:
        """The part in pieces, each of one shelf, of about as many points."""
        if not len(part.who):
            return
        who, at, ys = part
        room = self.shelves[0].room
        most = max(1, len(ys) // (SHARES * self.workers))
        begins, begun, shelf = [0], 0, who[0] // room
        for k in range(1, len(who)):
            if who[k] // room != shelf or at[k] - at[begun] >= most:
                begins.append(k)
                begun, shelf = k, who[k] // room
        for start, stop in zip(begins, [*begins[1:], len(who)], strict=True):
            shelf = int(who[start]) // room
            piece = Part(who[start:stop] - shelf * room, at[start : stop + 1], ys)
            yield self.shelves[shelf], piece

    def _walk(self, shelf: Shelf, part: Part) -> None:
        """Walk over the series of one job, in this thread."""
        H = len(self.horizons)
        who, at = cut(part.who, part.at, max(1, PART // H))
        most = int(np.diff(at).max()) * H
        out, where = np.empty((most, LONG)), np.empty((most, 4), np.int64)
        horizons = np.array(self.horizons)
        ys = part.ys.reshape(-1, 1)
        self._loop(*shelf.arrays.values(), horizons, self.season, who, at, ys, out, where)

    # ---- what is known of the series ---------------------------------------------------------

    def __repr__(self) -> str:
        return f"Panel of {len(self)} series, each of a {self.pattern!r}"

    def _found(self, name: str) -> tuple[Shelf, int]:
        """Where a series is kept that has been told something."""
        if name not in self.places:
            raise KeyError(f"there is no series {name!r}: nothing was told of it")
        return self._place(self.places[name])

    def rows(self, name: str) -> int:
        """Values that a series was told, missing ones included.

        Raises
        ------
        KeyError
            If there is no such series.
        """
        shelf, place = self._found(name)
        return int(shelf.arrays["rows"][place])

    def learner(self, name: str) -> NumberLearner:
        """The learner of a series: a copy, that goes its own way.

        Raises
        ------
        KeyError
            If there is no such series.
        """
        shelf, place = self._found(name)
        twin = self.pattern.copy()
        twin.floats[:] = shelf.arrays["floats"][place]
        twin.ints[:] = shelf.arrays["ints"][place]
        return twin

    def row(self, array: str, number: int) -> np.ndarray:
        """The row of a series in one of the arrays."""
        shelf, place = self._place(number)
        row: np.ndarray = shelf.arrays[array][place]
        return row

    def kept(self, array: str) -> np.ndarray:
        """An array of all shelves, a row for each series."""
        self.settle()
        empty = Shelf(self.pattern, self.season).arrays[array][:0]
        whole = np.concatenate([empty, *(shelf.arrays[array] for shelf in self.shelves)])
        return whole[: len(self)]

    def coming(self) -> Iterator[tuple[int, int, float, np.ndarray]]:
        """Of each series and horizon the next value: number, horizon, mean, quantiles [21]."""
        self.settle()
        score = SCORE[self.pattern.family]
        for number in range(len(self)):
            shelf, place = self._place(number)
            rows, queue = int(shelf.arrays["rows"][place]), shelf.arrays["queue"][place, :, 0]
            for horizon, said in zip(self.horizons, coming_of(queue, rows, score), strict=True):
                yield number, horizon, float(said[MEAN]), said[QUANTILE:]


def checked(told: "Mapping[str, Any] | DataFrame") -> dict[str, np.ndarray]:
    """The values of each series, float64 [n]: see ``Panel.learn``.

    Examples
    --------
    >>> checked({"north": [1, None], "south": "2"})
    Traceback (most recent call last):
    ...
    ValueError: the series 'south' is not a row of numbers: give it as [1.0, 2.0, ...]
    """
    columns = known_to_narwhals(told)
    if columns is not None:
        told = columns.to_dict()
    times: Any = getattr(told, "index", None)
    if hasattr(times, "freq") and not (times.is_monotonic_increasing and times.is_unique):
        raise ValueError("the times of the table do not rise: sort it, and keep one row of each")
    if len(set(told)) < len(list(told)):
        raise ValueError("two columns of the table have the same name: rename one")
    values: dict[str, np.ndarray] = {}
    for name, ys in told.items():
        if not isinstance(name, str):
            raise TypeError(
                f"a series is called by a text; got {name!r}: of a table, table.rename(columns=str)"
            )
        try:
            values[name] = numbers_of(ys)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the series {name!r} holds what is no number: {error}") from None
        if values[name].ndim != 1:
            raise ValueError(
                f"the series {name!r} is not a row of numbers: give it as [1.0, 2.0, ...]"
            )
    return values


def cut(who: np.ndarray, at: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Parts that are no longer than ``most``: a longer one comes as several, one after another.

    Examples
    --------
    >>> cut(np.array([3, 8]), np.array([0, 5, 7]), 2)
    (array([3, 3, 3, 8]), array([0, 2, 4, 5, 7]))
    """
    length = np.diff(at)
    if length.max() <= most:
        return who, at
    pieces = np.maximum(1, -(-length // most))
    within = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begins = np.repeat(at[:-1], pieces) + within * most
    return np.repeat(who, pieces), np.append(begins, at[-1])


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
