"""The loop: ask, be told, measure the surprise, learn.

Every observation answers the questions that were asked for it, and only then is learned from: each
point is a test point before it is a training point. ``prequential`` says it for any learner;
``run`` does the same for a whole stream of numbers in one compiled loop, to the last bit.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from forecast.compiled import bound, compiled
from forecast.distribution.held import Forecast
from forecast.distribution.quantiles import Quantiles
from forecast.frame import numbers_of
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    N_LEVELS,
    ROW,
    SAID,
    SPELLED,
    SURPRISE,
    TOP,
    Learner,
    NumberLearner,
    SymbolLearner,
    Symbols,
)
from forecast.measure import LONG, PIT, QUANTILE, SCORE, SHORT, answers, judge
from forecast.numbers.context import context_of
from forecast.numbers.series import turn
from forecast.rivals import Rivals
from forecast.truth import Truth


class Step(NamedTuple):
    """One answered question."""

    time: Any  # of the answer; its row number where the stream gives no time
    series: int  # channel
    horizon: int
    issued: int  # row of the last observation known when the question was asked
    y: Any
    forecast: Forecast
    surprise: float  # nats; nan while the series has no unit to measure in
    rate: float  # the learner's effective rate when asked


class Answers(NamedTuple):
    """A block of answered questions of a stream of numbers, in order of their answers."""

    row: np.ndarray  # int64 [n]: row of the answer
    series: np.ndarray  # int64 [n]
    horizon: np.ndarray  # int64 [n]
    issued: np.ndarray  # int64 [n]
    y: np.ndarray
    mean: np.ndarray
    surprise: np.ndarray  # nats; nan while the series has no unit to measure in
    expected: np.ndarray  # the surprise that the forecast itself expected
    crps: np.ndarray
    pit: np.ndarray  # cdf(y); on a lattice about the middle of its step there
    rate: np.ndarray  # the learner's effective rate when asked
    last: np.ndarray  # the last value known when asked; of a sum, what it comes to if it stays
    seasonal: np.ndarray  # the last value known at the answer's phase when asked; nan if none
    running: np.ndarray  # the mean of all values known when asked
    quantiles: np.ndarray  # float64 [n, 21]


def prequential(stream: Iterable[Any], learner: Learner, delay: int = 0) -> Iterator[Step]:
    """Ask, be told, measure the surprise, learn.

    Parameters
    ----------
    stream : iterable
        Of observations ``y``, of ``(time, y)`` or of ``(time, x, y)``; ``x`` is what is known of
        that row before its ``y``. A missing ``y`` is None or NaN.
    learner : Learner
        Asked after each observation for all of its ``horizons``; of words and labels, before each
        for that one.
    delay : int
        Labels come so many messages after their own; until then their questions wait. One that
        is None closes its question unanswered.

    Raises
    ------
    ValueError
        If there is a delay, and the learner's forecasts cannot wait: those of words are past once
        it has learned, and numbers have horizons instead.

    Yields
    ------
    Step
        One for each answered question, before the learner has learned from the answer.

    Examples
    --------
    >>> from forecast.numbers.memories import Level
    >>> steps = list(prequential([1.0, 2.0, 1.0, 2.0, 1.0], Level()))
    >>> [(step.time, step.issued, step.y) for step in steps]
    [(1, 0, 2.0), (2, 1, 1.0), (3, 2, 2.0), (4, 3, 1.0)]
    """
    if delay < 0 or (delay and getattr(learner, "lazy", True)):
        raise ValueError(f"only labels can come late, by 1 or more; got a delay of {delay!r}")
    if isinstance(learner, SymbolLearner):
        yield from _symbol_steps(stream, learner, delay)
    else:
        truth = Truth(getattr(learner, "window", None), getattr(learner, "channels", 1))
        yield from _steps(stream, learner, truth, {}, 0)


# A question about a word or label that waits: time, context, answer to come, row, rate, forecast
Unanswered = tuple[Any, Any, Any, int, float, Any]
# A question that waits for its answer: horizon, row when asked, each series' rate then, forecast
Question = tuple[int, int, list[float], Any]


def _steps(
    stream: Iterable[Any],
    learner: Learner,
    truth: Truth,
    waiting: dict[int, list[Question]],
    first: int,
) -> Iterator[Step]:
    for row, item in enumerate(stream, first):
        time, x, y = _observation(item, row)
        came = truth.after(y)
        # they stand as they were asked: reversed, the horizons rise as in the compiled loop
        for horizon, issued, rates, forecast in reversed(waiting.pop(row, [])):
            # a context belongs to the row of the answer: the nearest question is asked with it,
            # unless the learner was told before what is known of that row
            late = x is not None and horizon == 1 and not isinstance(learner, NumberLearner)
            said = learner.predict(x) if late else forecast
            for series, (one, answer) in enumerate(_channels(said, came)):
                if _scorable(one, answer):
                    surprise = one.surprise(answer)
                    yield Step(time, series, horizon, issued, answer, one, surprise, rates[series])
        learner.learn(y, x)
        for horizon in learner.horizons:
            said = learner.predict(horizon=horizon)
            several = len(said) if isinstance(said, tuple) else 1
            rates = [learner.rate_of(series, horizon) for series in range(several)]
            waiting.setdefault(row + horizon, []).append((horizon, row, rates, said))


def _symbol_steps(stream: Iterable[Any], learner: SymbolLearner, delay: int) -> Iterator[Step]:
    """Of words and labels each row is asked for beside its own context, before it is told."""
    waiting: dict[int, list[Unanswered]] = {}
    for row, item in enumerate(stream):
        time, x, y = _observation(item, row)
        said = None if y is None else learner.predict(x)
        question = (time, x, y, row, learner.rate, said)
        waiting.setdefault(row + delay, []).append(question)
        yield from _symbol_answers(waiting.pop(row, []), learner, delay)
    for answered in sorted(waiting):
        yield from _symbol_answers(waiting[answered], learner, delay)


def _symbol_answers(
    questions: list[Unanswered], learner: SymbolLearner, delay: int
) -> Iterator[Step]:
    """Questions that are answered now: each is scored, then its answer is learned."""
    for time, x, y, row, rate, said in questions:
        if y is not None:
            issued = max(-1, row - 1 - delay)
            yield Step(time, 0, 1 + delay, issued, y, said, said.surprise(y), rate)
        learner.learn(y, x)


def _observation(item: Any, row: int) -> tuple[Any, Any, Any]:
    """Time, context and observation of an item of a stream."""
    if isinstance(item, tuple) and len(item) == 3:
        return item
    if isinstance(item, tuple) and len(item) == 2:
        return item[0], None, item[1]
    return row, None, item


def _channels(forecast: Any, y: Any) -> list[tuple[Forecast, Any]]:
    """A forecast and its answer for each channel."""
    if isinstance(forecast, tuple):
        return list(zip(forecast, [None] * len(forecast) if y is None else y, strict=True))
    return [(forecast, y)]


def _scorable(forecast: Any, y: Any) -> bool:
    """Whether there is an answer within the bounds, and something was known when it was asked."""
    if y is None or (isinstance(y, float) and not math.isfinite(y)):
        return False
    if isinstance(forecast, Quantiles) and not forecast.bounds[0] <= y <= forecast.bounds[1]:
        return False
    return not math.isnan(getattr(forecast, "mean", 0.0))


def _unbound(*_: Any) -> None:
    raise TypeError("a loop is bound to the kernels of a learner before it is run")


# what the loops' free names stand for, before `bound`
learn = ask = score = top = _unbound


def walk(f, i, horizons, first, queue, ys, truths, out, where):
    """The loop over the observations ``ys`` [n, series], the first of them row ``first``.

    ``truths`` [n, series] are what they answer, mostly the same. ``learn``, ``ask`` and ``score``
    are the kernels of the learner that it is bound to.
    ``queue`` [longest, series, horizons, ROW] holds the forecasts that wait for their answers.
    ``out`` [answers, SHORT or LONG] and ``where`` [answers, 4] are written; returns how many.
    """
    longest, C, H = queue.shape[:3]
    n = 0
    for t in range(ys.shape[0]):
        row = first + t
        for h in range(H):
            asked = row - horizons[h]
            for c in range(C):
                forecast = queue[turn(asked, longest), c, h]
                if asked < 0 or not answers(forecast, truths[t, c]):
                    continue
                score(forecast, truths[t, c], out[n])
                where[n, 0], where[n, 1], where[n, 2], where[n, 3] = row, c, horizons[h], asked
                n += 1
        learn(f, i, ys[t])
        for c in range(C):
            for h in range(H):
                ask(f, i, c, h, queue[turn(row, longest), c, h])
    return n


@cache
def walk_of(learn: Callable[..., None], ask: Callable[..., None], family: int) -> Any:
    """The compiled loop of a learner's kernels with a family of forecasts."""
    return bound(walk, learn=learn, ask=ask, score=SCORE[family])


class Run:
    """A run of a learner over a stream of numbers, block by block.

    Parameters
    ----------
    learner : Learner
        A ``NumberLearner`` is run by the compiled loop, any other by ``prequential``.
    season : int
        Of the rival that repeats the last season; 0 for none.
    measure : bool
        Whether to measure quantiles, CRPS, PIT and rivals beside mean and surprise.

    Attributes
    ----------
    path : str
        "compiled" or "python".
    """

    def __init__(self, learner: Learner, season: int = 0, measure: bool = True) -> None:
        self.learner = learner
        self.path = "compiled" if isinstance(learner, NumberLearner) else "python"
        self.rows = 0
        self.series = getattr(learner, "channels", 1)
        self._beside: int = getattr(learner, "beside", 0)
        self._columns = LONG if measure else SHORT
        self._rivals = Rivals(self.series, learner.horizons[-1], season)
        self._horizons = np.array(learner.horizons)
        self._truth = Truth(getattr(learner, "window", None), self.series)
        self._waiting: dict[int, list[Question]] = {}
        open_for = learner.horizons[-1]
        self._queue = np.full((open_for, self.series, len(learner.horizons), ROW), math.nan)

    def feed(self, ys: np.ndarray, xs: np.ndarray | None = None) -> Answers:
        """Walk over the next observations; returns what they answered.

        Parameters
        ----------
        ys : ndarray [n] or [n, series]
        xs : ndarray [n, beside], optional
            What becomes known beside each of them: see ``NumberLearner.learn``.
        """
        ys = np.ascontiguousarray(ys, float).reshape(-1, self.series)
        told = self._with_context(ys, xs) if self._beside or xs is not None else ys
        most = ys.size * len(self._horizons)
        out = np.empty((most, self._columns))
        where = np.empty((most, 4), np.int64)
        if isinstance(self.learner, NumberLearner):
            learner = self.learner
            walk = walk_of(learner._learn, learner._ask, learner.family)
            # where a row answers for itself the loop reads both from one array
            truths = told if learner.window is None else self._truth.see(ys)
            state = learner.floats, learner.ints, self._horizons
            n = walk(*state, self.rows, self._queue, told, truths, out, where)
        else:
            n = self._walk_in_python(ys, out, where)
        self.rows += len(ys)
        if self._columns == LONG:
            self._rivals.see(ys)
        return self._answers(out[:n], where[:n])

    def _with_context(self, ys: np.ndarray, xs: np.ndarray | None) -> np.ndarray:
        """The observations with what is known beside them, [n, series + beside]."""
        if xs is None:
            return np.pad(ys, ((0, 0), (0, self._beside)), constant_values=math.nan)
        if np.shape(xs) != (len(ys), self._beside):
            wanted = f"[{len(ys)}, {self._beside}]"
            made = "it is made for so many columns beside, as NumberForecaster(known=1, context=1)"
            raise ValueError(f"expected a context {wanted}; got {list(np.shape(xs))}: {made}")
        return np.concatenate([ys, np.asarray(xs, float)], axis=1)

    def _walk_in_python(self, ys: np.ndarray, out: np.ndarray, where: np.ndarray) -> int:
        """The same for a learner that is not two arrays, by its own methods."""
        n = 0
        stream = ys[:, 0].tolist() if self.series == 1 else ys.tolist()
        for step in _steps(stream, self.learner, self._truth, self._waiting, self.rows):
            where[n] = step.time, step.series, step.horizon, step.issued
            said: Any = step.forecast
            out[n, :SHORT] = step.y, said.mean, step.surprise
            if self._columns == LONG:
                out[n, PIT] = said.cdf(step.y)
                out[n, QUANTILE:] = said.at_levels()
                judge(np.array([0.0, said.mean, said.cell, step.rate]), step.y, out[n])
            n += 1
        return n

    def _answers(self, out: np.ndarray, where: np.ndarray) -> Answers:
        row, series, horizon, issued = where.T
        columns = [out[:, column] for column in range(min(self._columns, QUANTILE))]
        if self._columns == SHORT:
            unmeasured = [np.broadcast_to(math.nan, len(row))] * (len(Answers._fields) - 8)
            nothing = np.broadcast_to(math.nan, (len(row), N_LEVELS))
            return Answers._make([row, series, horizon, issued, *columns, *unmeasured, nothing])
        whole = self._truth.whole
        last = whole * self._rivals.last(issued, series)
        seasonal = whole * self._rivals.seasonal(row, horizon, series)
        rivals = last, seasonal, whole * self._rivals.running(issued, series)
        quantiles = out[:, QUANTILE:]
        return Answers._make([row, series, horizon, issued, *columns, *rivals, quantiles])


def run(
    learner: Learner,
    ys: Any,
    season: int = 0,
    known: Any = None,
    context: Any = None,
) -> Answers:
    """Walk a learner over a whole stream of numbers; the same bits as ``prequential``.

    Parameters
    ----------
    learner : Learner
        It has learned the stream when this returns.
    ys : array_like, or a table or series of pandas, polars or others that narwhals knows
        The observations, [n] or [n, channels]; NaN where missing.
    season : int
        Of the rival that repeats the last season; 0 for none.
    known : array_like [n or more, columns], or [n or more] of one column, optional
        Beside the series and known ahead; rows past the last observation are the future.
    context : array_like [n, columns], or [n] of one column, optional
        Beside the series, seen with each observation.

    Returns
    -------
    Answers
        Of each answered question its row, forecast and errors, in units of the series.

    Raises
    ------
    ValueError
        If there are not as many columns as the learner was made for, or fewer rows of them than
        observations.
    TypeError
        If the learner is a class, or something is no number.

    Examples
    --------
    >>> from forecast.numbers.memories import Level
    >>> answers = run(Level(), np.array([1.0, 2.0, 1.0, 2.0, 1.0]))
    >>> answers.row, answers.last
    (array([1, 2, 3, 4]), array([1., 2., 1., 2.]))
    """
    if isinstance(learner, type):
        raise TypeError(f"run takes a learner, as {learner.__name__}(), not what makes one")
    ys = numbers_of(ys)
    known = None if known is None else numbers_of(known)
    context = None if context is None else numbers_of(context)
    beside = known is not None or context is not None
    xs = context_of(len(ys), learner.horizons, known, context) if beside else None
    return Run(learner, season).feed(ys, xs)


class Told(NamedTuple):
    """A block of answered questions of a stream of words or labels."""

    row: np.ndarray  # int64 [n]: row of the answer
    surprise: np.ndarray  # nats
    expected: np.ndarray  # the surprise that the forecast itself expected; nan where not known
    rate: np.ndarray  # the learner's effective rate when asked
    spelled: np.ndarray  # the part of the surprise that spells a word never seen


def walk_symbols(f, i, block, said, wanted, ids, ps):
    """The loop over words or labels: ask, be told, learn.

    ``learn``, ``ask`` and ``top`` are the kernels of the learner that it is bound to; ``block``
    holds x, x_at, y and y_at. ``said`` [n, SAID] is written, and of the rows that are ``wanted``
    the likeliest answers, ``ids`` and ``ps`` [rows wanted, TOP].
    """
    xs, x_at, ys, y_at = block
    looked = 0
    for t in range(len(y_at) - 1):
        x, y = xs[x_at[t] : x_at[t + 1]], ys[y_at[t] : y_at[t + 1]]
        if wanted[t]:
            top(f, i, x, ids[looked], ps[looked])
            looked += 1
        ask(f, i, x, y, said[t])
        learn(f, i, x, y)


@compiled
def has_learned(f, i, x, y):
    """Nothing is left to learn for who learned as it answered."""


@cache
def walk_symbols_of(
    learn: Callable[..., None], ask: Callable[..., None], top: Callable[..., None]
) -> Any:
    """The compiled loop of a learner's kernels over words or labels."""
    return bound(walk_symbols, learn=learn, ask=ask, top=top)


class SymbolRun:
    """A run of a learner over a stream of words or labels, block by block.

    Parameters
    ----------
    learner : SymbolLearner

    Attributes
    ----------
    rows : int
        Observations so far.
    tops : list
        Of each row that was wanted of the last block: the likeliest answers before it was told,
        as (word or label, probability).
    """

    path = "compiled"

    def __init__(self, learner: SymbolLearner) -> None:
        self.learner = learner
        self.rows = 0
        self.tops: list[list[tuple[str, float]]] = []

    def feed(self, block: Symbols, wanted: np.ndarray | None = None) -> Told:
        """Walk over the next observations; returns what they answered.

        Parameters
        ----------
        block : Symbols
        wanted : ndarray of bool [n], optional
            The rows of which ``tops`` is to tell.
        """
        looks = np.zeros(len(block), np.bool_) if wanted is None else wanted
        said = np.empty((len(block), SAID))
        ids = np.empty((int(looks.sum()), TOP), np.int64)
        ps = np.empty(ids.shape)
        learner = self.learner
        if learner._answer is None:
            walk = walk_symbols_of(learner._learn, learner._ask, learner._top)
        else:
            walk = walk_symbols_of(has_learned, learner._answer, learner._top)
        flat = (block.x, block.x_at, block.y, block.y_at)
        walk(learner.floats, learner.ints, flat, said, looks, ids, ps)
        rows = np.arange(self.rows, self.rows + len(block))
        self.rows += len(block)
        self.tops = self.learner.named(ids, ps)
        columns = (SURPRISE, EXPECTED, EFFECTIVE_RATE, SPELLED)
        return Told(rows, *(said[:, column] for column in columns))
