"""Learners as scikit-learn has its estimators: repr, parameters, clones, and what is refused."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

import forecast
from forecast import (
    ByteForecaster,
    GradientRegression,
    LabelForecaster,
    LeastSquaresRegression,
    Level,
    LightForecaster,
    Naive,
    NumberForecaster,
    Paced,
    Regression,
    Remembering,
    RememberingLabels,
    ReturnForecaster,
    Scale,
    WordForecaster,
)
from forecast.learner import FlatLearner

# One of each, with something that is not as usual; small ones.
LEARNERS: dict[str, Callable[[], FlatLearner]] = {
    "Level(horizons=(1, 3))": lambda: Level((1, 3)),
    "Scale()": Scale,
    "Naive(horizons=(2,), season=7)": lambda: Naive((2,), 7),
    "GradientRegression()": GradientRegression,
    "LeastSquaresRegression(horizons=(2,))": lambda: LeastSquaresRegression((2,)),
    "Regression(lags=3, scale='normal')": lambda: Regression(3, "normal"),
    "Paced(rule='bounded', rate=0.1, strength=2.0)": lambda: Paced(rule="bounded", rate=0.1),
    "ReturnForecaster(discount=0.5)": lambda: ReturnForecaster(0.5),
    "LightForecaster(horizons=(1, 7))": lambda: LightForecaster((1, 7)),
    "NumberForecaster(season=12, bounds=(0.0, None))": lambda: NumberForecaster(
        season=12, bounds=(0, None)
    ),
    "Remembering(learner=Level(horizons=(1, 2)), selves=2)": lambda: Remembering(Level((1, 2)), 2),
    # sizes that were not told are those of a preset, and stand as what they are
    "WordForecaster(vocabulary=20, nodes=50, orders=2, sides=2, contexts=7)": lambda: (
        WordForecaster(vocabulary=20, nodes=50)
    ),
    "ByteForecaster(light=True, bits=8)": lambda: ByteForecaster(light=True, bits=8),
    "LabelForecaster(labels=('no', 'yes'), bits=4)": lambda: LabelForecaster(("no", "yes"), 4),
    "RememberingLabels(learner=LabelForecaster(bits=4), selves=2)": lambda: RememberingLabels(
        LabelForecaster(bits=4), 2
    ),
}


def as_written(node: ast.expr) -> Any:
    """The learner, or the value, that a piece of text stands for."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    assert isinstance(node.func, ast.Name) and not node.args
    given = {str(each.arg): as_written(each.value) for each in node.keywords}
    return getattr(forecast, node.func.id)(**given)


def test_these_are_all_public_learners() -> None:
    public = [getattr(forecast, name) for name in forecast.__all__]
    flat = {one for one in public if inspect.isclass(one) and issubclass(one, FlatLearner)}
    assert {type(make()) for make in LEARNERS.values()} == flat


@pytest.mark.parametrize("written", LEARNERS)
def test_it_is_shown_as_it_would_be_written(written: str) -> None:
    learner = LEARNERS[written]()
    usual = inspect.signature(type(learner)).parameters
    params = learner.get_params(deep=False)
    assert set(params) <= set(usual)
    assert repr(learner) == written
    again = as_written(ast.parse(repr(learner), mode="eval").body)
    assert repr(again) == repr(learner) and again.get_params(deep=False).keys() == params.keys()


@pytest.mark.parametrize("written", LEARNERS)
def test_scikit_learn_clones_it(written: str) -> None:
    clone = pytest.importorskip("sklearn.base").clone
    learner, new = LEARNERS[written](), LEARNERS[written]()
    learner.floats[:] = 7.0  # it has learned something
    learner.ints[-1] += 1
    cloned = clone(learner)
    assert type(cloned) is type(learner) and repr(cloned) == repr(learner)
    assert cloned.floats.tobytes() == new.floats.tobytes() != learner.floats.tobytes()
    assert cloned.ints.tobytes() == new.ints.tobytes()


def test_parameters_of_a_learner_within_are_named_after_it() -> None:
    learner = Remembering(Naive((1, 2), season=7), selves=2)
    params = learner.get_params()
    assert params["learner__season"] == 7 and params["learner__horizons"] == (1, 2)
    assert list(learner.get_params(deep=False)) == ["learner", "selves"]


BAD: list[tuple[type[Any], str, Any]] = [
    *((made, "horizons", bad) for made in (Level, Naive, Regression, NumberForecaster)
      for bad in (3, (), (0,), (2, 1), (1.5,), "ab", (None,), (float("inf"),))),
    *((Naive, "season", bad) for bad in (1, -2, 3.0)),
    *((NumberForecaster, "season", bad) for bad in (1, -2, 3.0, "week")),
    *((NumberForecaster, name, bad) for name in ("known", "context") for bad in (-1, 0.5)),
    *((NumberForecaster, "channels", bad) for bad in (0, -1, "two")),
    *((NumberForecaster, "bounds", bad) for bad in ((2, 1), 3, (0, 1, 2), ("a", "b"))),
    (NumberForecaster, "step", "soon"),
    (Regression, "lags", 0),
    (Regression, "scale", "uniform"),
    (Paced, "model", "trend"),
    (Paced, "rule", "faith"),
    *((Paced, "rate", bad) for bad in (0.0, 1.5, float("nan"))),
    *((ReturnForecaster, "discount", bad) for bad in (0.0, 1.0)),
    *((WordForecaster, name, -1) for name in ("vocabulary", "nodes")),
    *((ByteForecaster, "bits", bad) for bad in (7, 27)),
    *((LabelForecaster, "bits", bad) for bad in (0, 60)),
    (LabelForecaster, "labels", ("a", "a")),
    (LabelForecaster, "sure", 0.3),
    (lambda selves: Remembering(Level(), selves), "selves", 1),
    (lambda selves: RememberingLabels(LabelForecaster(bits=4), selves), "selves", 1),
]  # fmt: skip


@pytest.mark.parametrize(("make", "name", "bad"), BAD)
def test_what_is_refused_is_named(make: Callable[..., Any], name: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        make(**{name: bad})


def test_what_is_no_learner_is_refused() -> None:
    with pytest.raises(TypeError, match="learner must be one of numbers"):
        Remembering(LabelForecaster(bits=4))  # type: ignore[arg-type]


def test_a_learner_in_the_place_of_what_makes_one_is_told() -> None:
    """Before, it was said that an object is not callable."""
    with pytest.raises(TypeError, match="takes what makes a learner, as Level or a function"):
        forecast.check(Level())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes what makes learners, as LightForecaster, not a"):
        forecast.Panel(LightForecaster())  # type: ignore[arg-type]
    panel = forecast.Panel(LightForecaster)
    panel.learn({"north": [1.0, 2.0]})
    assert repr(panel) == "Panel of 1 series, each of a LightForecaster()"
    for asked in (panel.learner, panel.rows):
        with pytest.raises(KeyError, match="there is no series 'south'"):
            asked("south")


def test_a_coverage_in_percent_is_told() -> None:
    """Before, a level of -44.5 was refused that nobody had named."""
    for bad in (90, 0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match=r"a coverage lies between 0 and 1, as 0\.9; got"):
            forecast.Normal(0.0, 1.0).interval(bad)


def test_members_and_guests_are_shown_by_their_names() -> None:
    pytest.importorskip("river")
    from river import naive_bayes, time_series

    from forecast.interop.blended import Blended
    from forecast.interop.guest import Guest
    from forecast.interop.labels import BlendedLabels, LabelGuest

    guest = Guest(time_series.HoltWinters(alpha=0.3))
    shown = "Blended({'ours': Level(), 'winters': Guest(HoltWinters, horizons=(1,))})"
    assert repr(Blended({"ours": Level(), "winters": guest})) == shown
    bayes = LabelGuest(naive_bayes.BernoulliNB())
    shown = "BlendedLabels({'bayes': LabelGuest(BernoulliNB, labels=(False, True))})"
    assert repr(BlendedLabels({"bayes": bayes})) == shown


def test_a_forecast_of_nothing_is_shown_as_one() -> None:
    assert repr(WordForecaster(vocabulary=20, nodes=50).predict()) == "WordForecast(...)"
