"""One model of a series at one rate, paced by any rule of ``rate``: to compare rules honestly.

    forecast, be surprised, ask the rule how much to learn, learn that much

A rule that looks at shadows gets two more copies of the model, at twice and at half its rate.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from forecast.compiled import bound, compiled
from forecast.learner import (
    CELL,
    FAMILY,
    LOCATION,
    MIXTURE,
    RATE,
    SPREAD,
    Layout,
    NumberLearner,
    write_certain,
    write_unknown,
)
from forecast.numbers.autoregression import GRADIENT, LEAST_SQUARES
from forecast.numbers.local import LEVEL, SCALE, Model
from forecast.numbers.memories import (
    TAIL,
    cell_surprise,
    floor_of,
    scale_of_errors_move,
    scales_of,
)
from forecast.numbers.series import (
    LAST,
    LEARN,
    LONG,
    OBSERVED,
    SERIES_FLOATS,
    SERIES_INTS,
    cell_of,
    screen,
    series_begin,
    series_learn,
    series_pass,
)
from forecast.rate import (
    ERROR,
    EXPECTED,
    FASTER,
    MEMORY,
    REFERENCE,
    RULES,
    SEEN,
    SLOWER,
    SURPRISE,
    one_over_n,
    within_bounds,
)
from forecast.rate import RATE as RATE_BEFORE

MODELS: dict[str, Model] = {
    "level": LEVEL,
    "scale": SCALE,
    "gradient": GRADIENT,
    "least squares": LEAST_SQUARES,
}
ENTROPY = 1.6817600168786664  # of Student's t with 4 degrees of freedom and scale 1, nats
USUAL_RATE = 0.001  # of the reference: what one would say without learning

# floats after those of the series: strength, fastest rate of a scale, errors so far, the
# reference's location and mean |error|; then for C copies: rates, counts, scales, each [C]; for
# each of the K that are paced: base, memory of the rule [MEMORY]; then the model
STRENGTH, FASTEST_SCALE, ERRORS, USUAL, USUAL_ERROR = range(SERIES_FLOATS, SERIES_FLOATS + 5)
COPIES = SERIES_FLOATS + 5
# integers after those of the series
PACED, SHADOWS = SERIES_INTS, SERIES_INTS + 1  # K, and whether the copies are K or 3 K
PACED_INTS = SERIES_INTS + 2


def paced_begin(model: Model, rule: str, bases: np.ndarray, strength: float) -> tuple[Any, Any]:
    """State of copies of a model, each paced from a base rate of its own: floats and ints."""
    K = len(bases)
    copies = K * (3 if RULES[rule].shadows else 1)
    f = np.zeros(COPIES + 3 * copies + K * (1 + MEMORY) + model.floats(copies))
    i = np.zeros(PACED_INTS, np.int64)
    series_begin(f[:SERIES_FLOATS], i[:SERIES_INTS], 48)
    f[STRENGTH], f[FASTEST_SCALE] = strength, model.fastest_scale
    f[COPIES : COPIES + K] = bases
    if RULES[rule].shadows:
        f[COPIES + K : COPIES + 2 * K] = np.minimum(1.0, 2.0 * bases)
        f[COPIES + 2 * K : COPIES + 3 * K] = 0.5 * bases
    f[COPIES + 3 * copies : COPIES + 3 * copies + K] = bases
    i[PACED], i[SHADOWS] = K, RULES[rule].shadows
    return f, i


def _unbound(*_: Any) -> None:
    raise TypeError("a paced model is bound to a model and a rule before it learns")


believe = move = rule = _unbound  # what the kernels' free names stand for, before `bound`


def paced_learn(f, i, y, surprises, locations):
    """Screen the value; measure the surprise of each copy, pace it, move it.

    Written are ``surprises`` [C], nats, and ``locations`` [C], what each forecast; nan where there
    is no unit to measure in.
    """
    K, C = i[PACED], len(surprises)
    rates = f[COPIES : COPIES + C]
    memories = COPIES + 3 * C + K
    model = f[memories + K * MEMORY :]
    for k in range(C):
        surprises[k] = locations[k] = math.nan
    if screen(f, i, y[0]) != LEARN:
        series_pass(f, i, f[LAST])
        return
    scales, seen = np.empty(C), np.zeros(SEEN)
    believe(model, f, locations)
    scales_of(f, COPIES + C, COPIES + 2 * C, 1, scales)
    cell = cell_of(f)
    if i[OBSERVED] > 0 and f[LONG] > 0.0:
        for k in range(C):
            surprises[k] = cell_surprise(locations[k], scales[k], cell, y[0])
        usual = max(f[USUAL_ERROR], floor_of(f))
        seen[REFERENCE] = cell_surprise(f[USUAL], usual, cell, y[0])
        for k in range(K):
            seen[SURPRISE] = surprises[k]
            # the entropy of the forecast, never below that of a cell
            seen[EXPECTED] = max(ENTROPY + math.log(scales[k]), math.log(cell))
            seen[ERROR] = (y[0] - locations[k]) / scales[k]
            seen[RATE_BEFORE] = rates[k]
            if i[SHADOWS]:
                seen[FASTER], seen[SLOWER] = surprises[K + k], surprises[2 * K + k]
            base = f[COPIES + 3 * C + k]
            memory = f[memories + k * MEMORY : memories + (k + 1) * MEMORY]
            rates[k] = within_bounds(rule(memory, seen, base, f[STRENGTH]))
            if i[SHADOWS]:
                rates[K + k] = min(1.0, 2.0 * rates[k])
                rates[2 * K + k] = 0.5 * rates[k]
    if i[OBSERVED] > 0:
        f[ERRORS] += 1.0
        n, fastest = f[ERRORS], f[FASTEST_SCALE]
        scale_of_errors_move(f, COPIES + C, COPIES + 2 * C, locations, rates, fastest, n, y[0])
    slow = one_over_n(i[OBSERVED] + 1.0, USUAL_RATE)
    f[USUAL_ERROR] += slow * (abs(y[0] - f[USUAL]) - f[USUAL_ERROR])
    f[USUAL] += slow * (y[0] - f[USUAL])
    move(model, f, y[0], locations, rates)
    series_learn(f, i, y[0])


def paced_walk(f, i, ys, surprises, locations, rates):
    """Every observation in turn; written are [n, C], [n, C] and [n, K]."""
    K = i[PACED]
    for t in range(len(ys)):
        learn(f, i, ys[t : t + 1], surprises[t], locations[t])
        for k in range(K):
            rates[t, k] = f[COPIES + k]


learn = _unbound


@cache
def paced_kernel(model: str, by: str) -> Any:
    """``paced_learn`` of a model and a rule."""
    kernels = MODELS[model]
    return bound(paced_learn, believe=kernels.believe, move=kernels.move, rule=RULES[by].step)


@cache
def paced_loop(model: str, by: str) -> Any:
    """``paced_walk`` of a model and a rule."""
    return bound(paced_walk, learn=paced_kernel(model, by))


def surprises(
    model: str,
    ys: np.ndarray,
    bases: np.ndarray,
    rule: str = "constant",
    strength: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What a model would have been surprised by at each of several rates.

    Parameters
    ----------
    model : {"level", "scale", "gradient", "least squares"}
    ys : ndarray [n]
    bases : ndarray [K]
        Base rates in (0, 1]; each has a copy of the model of its own.
    rule : str
        One of ``rate.RULES``.
    strength : float, optional
        Of the rule; its usual one for None.

    Returns
    -------
    surprises : ndarray [n, K]
        Nats; nan where the series had no unit to measure in.
    rates : ndarray [n, K]
        The rate at which each point was learned.

    Examples
    --------
    >>> ys = np.array([1.0, 2.0, 1.0, 2.0, 9.0, 9.0, 8.0, 9.0])
    >>> nats, rates = surprises("level", ys, np.array([1.0, 0.1]))
    >>> nats.shape, rates[-1].tolist()
    ((8, 2), [1.0, 0.1])
    """
    nats, _, rates = paced(model, ys, bases, rule, strength)
    return nats, rates


def paced(
    model: str,
    ys: np.ndarray,
    bases: np.ndarray,
    rule: str = "constant",
    strength: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with what each copy forecast: surprises, forecasts and rates, [n, K] each.

    Examples
    --------
    >>> _, forecasts, _ = paced("level", np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.5]))
    >>> forecasts[2].round(3).tolist()  # the last value; (1/2 + 2) / (1/2 + 1)
    [2.0, 1.667]
    """
    chosen = RULES[rule]
    bases = np.asarray(bases, float)
    K = len(bases)
    strength = chosen.strengths[0] if strength is None else strength
    f, i = paced_begin(MODELS[model], rule, bases, strength)
    nats = np.empty((len(ys), K * (3 if chosen.shadows else 1)))
    forecasts, rates = np.empty_like(nats), np.empty((len(ys), K))
    paced_loop(model, rule)(f, i, np.asarray(ys, float), nats, forecasts, rates)
    return nats[:, :K], forecasts[:, :K], rates


def paced_learner_learn(f, i, y):
    """The same for a learner of one rate, whose loop has measured its surprise already."""
    learn(f, i, y, np.empty(_copies(i)), np.empty(_copies(i)))


@compiled
def _copies(i):
    return i[PACED] * (3 if i[SHADOWS] else 1)


def paced_learner_ask(f, i, c, h, row):
    """Student's t around the forecast of the one model."""
    if i[OBSERVED] == 0:
        write_unknown(row)
        return
    if f[LONG] <= 0.0:
        write_certain(row, f[LAST])
        return
    C = _copies(i)
    locations, scales = np.empty(C), np.empty(C)
    believe(f[COPIES + 3 * C + i[PACED] * (1 + MEMORY) :], f, locations)
    scales_of(f, COPIES + C, COPIES + 2 * C, 1, scales)
    row[FAMILY], row[LOCATION], row[CELL], row[RATE] = MIXTURE, locations[0], cell_of(f), f[COPIES]
    row[SPREAD] = 1
    part = SPREAD + 1
    row[part], row[part + 1], row[part + 2], row[part + 3] = 1.0, locations[0], scales[0], TAIL


@cache
def paced_learner_kernels(model: str, by: str) -> tuple[Any, Any]:
    """``_learn`` and ``_ask`` of a learner: bound once, however many there are."""
    learn = bound(paced_learner_learn, learn=paced_kernel(model, by))
    return learn, bound(paced_learner_ask, believe=MODELS[model].believe)


class Paced(NumberLearner):
    """One model of a series at one rate, paced by a rule.

    Parameters
    ----------
    model : {"level", "scale", "gradient", "least squares"}
    rule : str
        One of ``rate.RULES``.
    rate : float
        In (0, 1]: the rate where the rule has nothing to say.
    strength : float, optional
        How much the rule is heard; as usual for None.

    Raises
    ------
    ValueError
        If there is no such model or rule, or the rate is none.

    Examples
    --------
    >>> level = Paced("level", "constant", rate=0.5)
    >>> for y in [0.0, 1.0, 1.0, 1.0]:
    ...     level.learn(y)
    >>> round(level.predict().mean, 4)  # weights 1/8, 1/4, 1/2, 1 of the values, over their sum
    0.9333
    """

    family = MIXTURE

    def __init__(
        self,
        model: str = "level",
        rule: str = "constant",
        rate: float = 0.05,
        strength: float | None = None,
    ) -> None:
        for name, asked, known in (("model", model, MODELS), ("rule", rule, RULES)):
            if asked not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; got {asked!r}")
        if not 0.0 < rate <= 1.0:
            raise ValueError(f"rate must lie in (0, 1]; got {rate!r}")
        self.model, self.rule, self.base = model, rule, rate
        self.strength = RULES[rule].strengths[0] if strength is None else strength
        f, i = paced_begin(MODELS[model], rule, np.array([rate]), self.strength)
        state = Layout()
        state.floats("paced", len(f))
        state.ints("counts", len(i))
        super().__init__(state, (1,))
        self.floats[:], self.ints[:] = f, i
        self._learn, self._ask = paced_learner_kernels(model, rule)

    def moved(self, before: "Paced") -> np.ndarray:
        """The step of what the model believes: its means or weights, or else its scale."""
        copies = 3 if RULES[self.rule].shadows else 1
        scale = COPIES + 2 * copies
        model = COPIES + 3 * copies + 1 + MEMORY
        beliefs = MODELS[self.model].beliefs(copies)
        where = slice(model + beliefs.start, model + beliefs.stop, copies)
        if not beliefs.stop:
            where = slice(scale, scale + 1)
        step: np.ndarray = self.floats[where] - before.floats[where]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {
            "model": self.model, "rule": self.rule, "rate": self.base, "strength": self.strength
        }  # fmt: skip
