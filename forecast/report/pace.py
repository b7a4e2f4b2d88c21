"""What one point costs where a program asks and tells point by point, on a copy of the learner."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report.scores import Floats

if TYPE_CHECKING:
    from forecast.learner import FlatLearner, NumberLearner, SymbolLearner

LONGEST = 0.25  # seconds that are spent on it, or on so many points if they take longer
FEWEST = 20  # points that say something


def pace(learner: "NumberLearner", ys: Floats) -> dict[str, float]:
    """Time ``predict`` at every horizon and ``learn``, point by point from Python.

    The copy goes on from where the run ended, and is told its last rows again: [n, channels], or
    [n, channels + beside] with what is known beside them.

    Returns
    -------
    dict of str to float
        ``call_points``, how many were timed; the median and the 99th per cent of a point, and the
        medians of its two parts, all in microseconds. Empty where there are too few values.

    Examples
    --------
    >>> from forecast.numbers.memories import Level
    >>> timed = pace(Level(), np.arange(50.0))
    >>> list(timed)
    ['call_points', 'call_p50_us', 'call_p99_us', 'predict_p50_us', 'learn_p50_us']
    """
    ys = np.asarray(ys, float).reshape(len(ys), -1)
    told = [(row[: learner.channels], row[learner.channels :]) for row in ys]
    rows = [(y, x if len(x) else None) for y, x in told]

    def ask(twin: "NumberLearner", x: Any) -> None:
        for horizon in twin.horizons:
            twin.predict(horizon=horizon)

    return timed(learner, rows, ask)


def symbol_pace(learner: "SymbolLearner", rows: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """The same of words or labels: the likeliest answer is asked for, then the answer is told.

    ``rows`` are the last answers, each with what is known beside it.
    """
    return timed(learner, rows, lambda twin, x: twin.predict(x).top(1))


def timed(
    learner: "FlatLearner", rows: Sequence[tuple[Any, Any]], ask: Callable[[Any, Any], object]
) -> dict[str, float]:
    """Time asking and telling a copy of a learner, row by row."""
    if len(rows) < FEWEST:
        return {}
    twin = learner.copy()
    ask(twin, rows[0][1])
    twin.learn(*rows[0])  # the first call finds its machine code
    spent: list[tuple[float, float]] = []
    begun = perf_counter()
    for y, x in rows:
        start = perf_counter()
        ask(twin, x)
        between = perf_counter()
        twin.learn(y, x)
        end = perf_counter()
        spent.append((between - start, end - between))
        if end - begun > LONGEST and len(spent) >= FEWEST:
            break
    predict, learn = 1e6 * np.array(spent).T
    p50, p99 = np.quantile(predict + learn, (0.5, 0.99)).tolist()
    return {
        "call_points": len(spent),
        "call_p50_us": p50,
        "call_p99_us": p99,
        "predict_p50_us": float(np.median(predict)),
        "learn_p50_us": float(np.median(learn)),
    }


def asking_share(learner: "NumberLearner", ys: Floats) -> float | None:
    """The share of asking in the compiled loop, which asks and learns as one.

    Timed on a copy by the loop's two kernels, called one by one; in learning the experts already
    prepare what they will say, so that asking is little. None where there are too few values.
    """
    from forecast.learner import ROW

    twin, row = learner.copy(), np.empty(ROW)
    cells = [(c, h) for c in range(twin.channels) for h in range(len(twin.horizons))]
    asking = learning = 0.0
    begun, points = perf_counter(), 0
    for y in np.ascontiguousarray(ys, float).reshape(len(ys), -1):
        start = perf_counter()
        twin._learn(twin.floats, twin.ints, y)
        between = perf_counter()
        for c, h in cells:
            twin._ask(twin.floats, twin.ints, c, h, row)
        end = perf_counter()
        points += 1
        learning, asking = learning + between - start, asking + end - between
        if end - begun > LONGEST and points >= FEWEST:
            break
    return asking / (asking + learning) if points >= FEWEST else None
