"""The laws of learners, as plain functions: run them on a learner of your own.

Each law takes a factory, a function without arguments that makes a new learner, and raises
``LawBroken`` with the numbers that break it. ``check`` runs them all, and so does the command
``forecast check module:factory``. A law reads otherwise for numbers than for words and labels, and
is the same law; what makes no sense for a kind is not asked of it.
"""

from collections.abc import Iterator

from forecast.checks import numbers, symbols
from forecast.checks.law import Factory, Law, LawBroken
from forecast.labels.forecaster import LabelForecaster
from forecast.labels.remembering import RememberingLabels
from forecast.learner import Learner, SymbolLearner
from forecast.numbers.forecaster import NumberForecaster
from forecast.numbers.light import LightForecaster
from forecast.numbers.memories import GradientRegression, LeastSquaresRegression, Level, Scale
from forecast.numbers.naive import Naive
from forecast.numbers.paced import Paced
from forecast.numbers.regression import Regression
from forecast.numbers.returns import ReturnForecaster
from forecast.remembering import Remembering
from forecast.words.byte_forecaster import ByteForecaster
from forecast.words.forecaster import WordForecaster

__all__ = ["LAWS", "LEARNERS", "LawBroken", "check", "judged", "laws_of"]

# Every learner of the library. A new one goes through all laws by standing here.
LEARNERS: dict[str, Factory] = {
    "level": Level,
    "level, horizons 1 and 5": lambda: Level(horizons=(1, 5)),
    "scale": Scale,
    "naive, drift": lambda: Naive(drift=True),
    "naive, season 12": lambda: Naive((1, 5), season=12),
    "gradient regression": GradientRegression,
    "least squares regression": LeastSquaresRegression,
    "regression, normal": lambda: Regression(lags=6, scale="normal"),
    "regression, posterior": lambda: Regression(lags=6),
    "regression, horizons 1 and 3": lambda: Regression(lags=4, horizons=(1, 3)),
    # short ones: of those by default ten overlap, and the laws would take as many more points
    "returns": lambda: ReturnForecaster(discount=0.5),
    "forecaster": NumberForecaster,
    "forecaster, horizon 7": lambda: NumberForecaster(horizons=(7,)),
    "forecaster, season 12": lambda: NumberForecaster(horizons=(1, 12), season=12),
    "forecaster, 3 channels": lambda: NumberForecaster(horizons=(1, 4), season=6, channels=3),
    # wide ones: a scale and a shift would carry the values past those that hold
    "forecaster, bounds": lambda: NumberForecaster(bounds=(-1e9, 1e9)),
    # nothing is said of its columns: laws of what is, in tests/test_context.py
    "forecaster, columns beside": lambda: NumberForecaster(known=1, context=1),
    "light": LightForecaster,
    "light, horizons 1 and 5": lambda: LightForecaster(horizons=(1, 5)),
    # one rate follows a shift by a thousand spreads in 200 points if it is no slower than 0.05
    "paced level, constant": lambda: Paced("level", "constant", rate=0.05),
    "paced level, own surprise": lambda: Paced("level", "own surprise", rate=0.05),
    "paced level, bounded": lambda: Paced("level", "bounded", rate=0.05),
    "paced scale, hypergradient": lambda: Paced("scale", "hypergradient"),
    "paced gradient, bounded": lambda: Paced("gradient", "bounded"),
    "remembering light": lambda: Remembering(LightForecaster(), selves=3),
    # smaller than by default, so that what is full is tried too
    "words": lambda: WordForecaster(vocabulary=64, nodes=256),
    "bytes": lambda: ByteForecaster(bits=10),
    "bytes, light, with words": lambda: ByteForecaster(light=True, bits=10, words=True),
    "labels": lambda: LabelForecaster(bits=10),
    "remembering labels": lambda: RememberingLabels(LabelForecaster(bits=8)),
}


def laws_of(learner: Learner) -> dict[str, Law]:
    """The laws of a learner, by what it forecasts."""
    return symbols.LAWS if isinstance(learner, SymbolLearner) else numbers.LAWS


def _law(name: str) -> Law:
    """A law, whatever a factory's learners forecast; one that is not asked of them is kept."""

    def law(factory: Factory) -> None:
        if asked := laws_of(factory()).get(name):
            asked(factory)

    return law


LAWS: dict[str, Law] = {name: _law(name) for name in numbers.LAWS | symbols.LAWS}


def judged(factory: Factory) -> Iterator[tuple[str, Law, str]]:
    """Each law of the learners that a factory makes, and why it is broken; "" where it is kept."""
    for name, law in laws_of(factory()).items():
        why = ""
        try:
            law(factory)
        except LawBroken as error:
            why = str(error)
        except Exception as error:  # a learner that falls over keeps no law either
            why = f"{type(error).__name__}: {error}"
        yield name, law, why


def check(factory: Factory) -> list[str]:
    """Run every law on the learners that a factory makes.

    Parameters
    ----------
    factory : callable
        Makes a new learner each time, as a class that needs no arguments does.

    Returns
    -------
    list of str
        The laws, all of which held; those of numbers are others than those of words and labels.

    Raises
    ------
    LawBroken
        With a line for each law that did not hold.
    TypeError
        If the factory cannot be called, as a learner that was made.

    Examples
    --------
    >>> from forecast import Level, check
    >>> check(Level)[0]
    'the future changes no forecast'
    """
    if not callable(factory):
        made = type(factory).__name__
        raise TypeError(f"check takes what makes a learner, as {made} or a function, not a {made}")
    said = [(name, why) for name, _, why in judged(factory)]
    if broken := [f"{name}: {why}" for name, why in said if why]:
        raise LawBroken("\n".join(broken))
    return [name for name, _ in said]
