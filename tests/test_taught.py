"""What others teach a new series: what they have in common, in its own unit, and safely."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from forecast import LightForecaster, NumberForecaster, run
from forecast.checks import LAWS
from forecast.numbers.light import EXPERTS, MEDIAN, MIX, SHAPE
from forecast.numbers.regression import regression_parts
from forecast.numbers.rls import PRIOR
from forecast.numbers.series import LONG, UNIT
from forecast.numbers.taught import FEWEST, OLD_ENOUGH, taught
from forecast.panel.panel import Panel


def alike(n: int, rows: int, seed: int = 0) -> list[np.ndarray]:
    """Series whose differences return by half, of scales and levels of their own."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        noise, ys = rng.normal(size=rows), np.zeros(rows)
        for t in range(2, rows):
            ys[t] = ys[t - 1] - 0.6 * (ys[t - 1] - ys[t - 2]) + noise[t]
        made.append(rng.normal() * 100.0 + np.exp(rng.normal()) * ys)
    return made


def teachers(
    n: int = 6, rows: int = 400, horizons: tuple[int, ...] = (1,)
) -> list[LightForecaster]:
    """Learners of such series."""
    made = [LightForecaster(horizons) for _ in range(n)]
    for learner, ys in zip(made, alike(n, rows), strict=True):
        run(learner, ys)
    return made


def begun(old: list[LightForecaster], horizons: tuple[int, ...] = (1,)) -> LightForecaster:
    """A new learner that they have taught."""
    new = taught(LightForecaster(horizons), [learner.floats[None] for learner in old])
    assert new is not None
    return new


def parts(learner: LightForecaster) -> tuple[np.ndarray, ...]:
    """Covariance, with its last change taken off, and weights of the regression."""
    found = regression_parts(learner.view("regression"), learner.view("sizes"))
    _, covariance, change, weights = found
    return covariance - np.outer(change, change), weights


def test_it_begins_with_what_they_have_in_common() -> None:
    old = teachers()
    new, n = begun(old), len(old)
    weights = np.array([parts(learner)[1][0] for learner in old])
    covariance, own = parts(new)
    assert own[0] == pytest.approx(weights.mean(axis=0))
    # the variance of Student's t with n - 1 degrees of freedom is (n - 1) / (n - 3)
    spread = weights.var(axis=0, ddof=1) * (1 + 1 / n) * (n - 1) / (n - 3)
    doubt = np.mean([np.diag(parts(learner)[0]) for learner in old], axis=0)
    assert np.diag(covariance) == pytest.approx(np.minimum(PRIOR, spread + doubt))
    assert np.count_nonzero(covariance) == len(covariance)
    shapes = [learner.view("bands")[0, SHAPE:MIX] for learner in old]
    assert new.view("bands")[0, SHAPE:MIX] == pytest.approx(np.mean(shapes, axis=0))
    # what they agree on is believed, drawn a little towards none; what the regrets stand for
    logs = np.log([learner.view("bands")[0, MIX : MIX + EXPERTS] for learner in old])
    logs = np.maximum(logs, -6.0)
    logs -= logs.mean(axis=1, keepdims=True)
    mean, vary = logs.mean(axis=0), logs.var(axis=0, ddof=1)
    told = np.exp(mean**3 / (mean**2 + vary))
    weight, R, V, E = new.view("bands")[0, MIX:MEDIAN].reshape(4, EXPERTS)
    assert weight == pytest.approx(told / told.sum())
    eta = np.sqrt(math.log(EXPERTS) / V)
    stood_for = eta * np.exp(eta * R)
    assert stood_for / stood_for.sum() == pytest.approx(weight)
    assert not E.any()
    # nothing else: no value, no scale, no case
    fresh = LightForecaster()
    for name in ("measures", "memory", "asked"):
        assert np.array_equal(new.view(name), fresh.view(name), equal_nan=True)
    assert np.array_equal(new.ints, fresh.ints)


def test_of_what_a_newcomer_lacks_a_third_is_gained() -> None:
    old, over, nats = teachers(), [], []
    for ys in alike(40, 50, seed=1):
        knows = np.abs(ys[2:] - (ys[1:-1] - 0.6 * np.diff(ys)[:-1])).mean()
        alone, told = run(LightForecaster(), ys), run(begun(old), ys)
        off = [np.abs(each.y - each.quantiles[:, 10])[each.row >= 2] for each in (alone, told)]
        over.append([each.mean() / knows - 1.0 for each in off])
        nats.append(np.nanmean(told.surprise - alone.surprise))
    alone_over, told_over = np.mean(over, axis=0)
    assert 0.0 < told_over < 0.67 * alone_over
    assert np.mean(nats) + 2.0 * np.std(nats) / math.sqrt(len(nats)) < 0.0


def test_units_of_a_newcomer_are_its_own() -> None:
    old = teachers(horizons=(1, 3))
    (ys,) = alike(1, 60, seed=2)
    plain = run(begun(old, (1, 3)), ys)
    for a, b in ((1e6, 0.0), (1e-6, 0.0), (3.0, -1e4)):
        moved = run(begun(old, (1, 3)), a * ys + b)
        median = moved.quantiles[:, 10]
        assert median == pytest.approx(a * plain.quantiles[:, 10] + b, rel=1e-6, abs=1e-6 * a)
        known = np.isfinite(plain.surprise)
        nats = moved.surprise[known] - math.log(a)
        assert nats == pytest.approx(plain.surprise[known], abs=1e-5)


@pytest.mark.parametrize(
    "law",
    ["resuming changes nothing", "scale and shift go through", "what was expected teaches nothing"],
)
def test_a_taught_learner_keeps_the_laws(law: str) -> None:
    old = teachers(4, 200)
    LAWS[law](lambda: begun(old))


def test_few_or_young_ones_do_not_teach() -> None:
    states = [learner.floats[None] for learner in teachers(FEWEST)]
    assert taught(LightForecaster(), states) is not None
    assert taught(LightForecaster(), states[1:]) is None
    young = [learner.floats[None] for learner in teachers(9, OLD_ENOUGH - 1)]
    assert taught(LightForecaster(), young) is None
    assert taught(LightForecaster(), []) is None


def test_one_wild_teacher_is_not_listened_to() -> None:
    old = teachers(8)
    broken = old[0].copy()
    broken.view("bands")[:, MIX + 2 * EXPERTS : MEDIAN] *= 1e200
    broken.view("measures")[[UNIT, LONG]] = 1e-200
    both = [*(learner.floats[None] for learner in old), broken.floats[None]]
    new = taught(LightForecaster(), both)
    assert new is not None and np.isfinite(new.view("bands")).all()
    assert np.array_equal(new.floats, begun(old).floats, equal_nan=True)


# ---- a panel ---------------------------------------------------------------------------------


def test_a_series_that_joins_a_panel_is_taught() -> None:
    series = alike(7, 300)
    panel = Panel(LightForecaster, workers=2, taught=True)
    panel.learn({f"s{k}": ys for k, ys in enumerate(series[:6])})
    assert panel.pupils == 0  # all began at once
    new = begun([panel.learner(f"s{k}") for k in range(6)])
    panel.learn({"new": series[6][:40], "s0": series[0]})
    run(new, series[6][:40])
    assert panel.pupils == 1
    assert panel.learner("new").floats.tobytes() == new.floats.tobytes()
    alone = Panel(LightForecaster)
    alone.learn({"new": series[6][:40]})
    assert panel.learner("new").floats.tobytes() != alone.learner("new").floats.tobytes()


def test_shelves_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {f"s{k}": ys for k, ys in enumerate(alike(9, 200))}
    found = []
    for most in (1024, 2, 5):
        monkeypatch.setattr("forecast.panel.shelf.MOST", most)
        panel = Panel(LightForecaster, taught=True)
        panel.learn(dict(list(told.items())[:8]))
        panel.learn({"s8": told["s8"]})
        found.append(panel.learner("s8").floats)
    assert np.allclose(found[0], found[1], rtol=1e-9, equal_nan=True)
    assert np.array_equal(found[0], found[2], equal_nan=True)


@pytest.mark.parametrize("make", [NumberForecaster, lambda: NumberForecaster(season=4)])
def test_who_cannot_be_taught_is_said(make: Callable[[], NumberForecaster]) -> None:
    with pytest.raises(TypeError, match="teach a LightForecaster, no NumberForecaster"):
        Panel(make, taught=True)
