"""The test of a run's own beginning: it holds for what is honest, and tells what is not."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from forecast import LightForecaster, NumberForecaster
from forecast.lookahead import Beginning, differences, otherwise
from forecast.numbers.context import context_of
from forecast.prequential import Answers, Run


class ByTheWhole(Run):
    """Centres on the mean of all that it is given, the future included."""

    def feed(self, ys: np.ndarray, xs: np.ndarray | None = None) -> Answers:
        answers = super().feed(ys, xs)
        return answers._replace(mean=answers.mean + 1e-12 * np.nanmean(ys))


class OneTooEarly(Run):
    """Tells each row before it was asked for: the forecast of a row is that row."""

    def feed(self, ys: np.ndarray, xs: np.ndarray | None = None) -> Answers:
        answers = super().feed(ys, xs)
        return answers._replace(quantiles=np.repeat(answers.y[:, None], 21, axis=1))


def walk(n: int = 500, channels: int = 1) -> np.ndarray:
    values = np.random.default_rng(1).normal(size=(n, channels)).cumsum(axis=0)
    values[::17] = math.nan
    return values[:, 0] if channels == 1 else values


def ran_and_tested(
    make: Callable[[], Run], ys: np.ndarray, piece: int = 10_000
) -> dict[str, object]:
    run, beginning = make(), Beginning(make)
    for start in range(0, len(ys), piece):
        part = ys[start : start + piece]
        beginning.keep(part, run.feed(part))
    return beginning.test()


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_an_honest_run_holds_however_it_is_fed(piece: int) -> None:
    said = ran_and_tested(lambda: Run(LightForecaster(horizons=(1, 5)), season=7), walk(), piece)
    ys = walk()[:310]  # 300 rows and two of the longest horizon
    asked = [(issued, h) for cut in (103, 206) for issued in range(1, cut) for h in (1, 5)]
    wanted = sum(math.isfinite(ys[issued + h]) for issued, h in asked)
    assert said == {
        **{"held": True, "rows": 310, "cuts": [103, 206]},
        **{"forecasts": wanted, "changed": 0},
    }


@pytest.mark.parametrize("broken", [ByTheWhole, OneTooEarly])
def test_a_run_that_knows_what_comes_is_found_out(broken: type[Run]) -> None:
    said = ran_and_tested(lambda: broken(LightForecaster(horizons=(1, 5))), walk())
    assert said["held"] is False
    assert isinstance(said["changed"], int) and said["changed"] > 0


def test_only_those_that_saw_what_was_changed_differ() -> None:
    """One row too early: of each cut only the last question saw a value that was changed."""
    said = ran_and_tested(lambda: OneTooEarly(LightForecaster()), np.arange(90.0) % 7.0)
    assert said["changed"] == 2


def test_the_default_forecaster_with_bounds_and_channels_holds() -> None:
    def make() -> Run:
        return Run(NumberForecaster((1, 3), season=12, channels=2, bounds=(-100.0, None)), 12)

    said = ran_and_tested(make, walk(200, 2))
    assert said["held"] is True and said["changed"] == 0 and said["rows"] == 200


@pytest.mark.parametrize("ys", [np.empty(0), np.ones(1), np.full(200, 5.0), np.full(50, math.nan)])
def test_where_nothing_can_be_compared_nothing_is_claimed(ys: np.ndarray) -> None:
    assert ran_and_tested(lambda: Run(LightForecaster()), ys)["held"] is None


def test_what_is_kept_is_bounded() -> None:
    horizons = tuple(range(1, 49))
    run = Run(LightForecaster(horizons=horizons))
    beginning = Beginning(lambda: Run(LightForecaster(horizons=horizons)))
    beginning.keep(walk(3000), run.feed(walk(3000)))
    assert beginning.rows == beginning.most == 300 + 2 * 48
    assert sum(len(kept.row) for kept in beginning.answers) < 40_000


def test_the_other_future_is_another_and_as_lawful() -> None:
    ys = walk(100) - 2.0
    other = otherwise(ys, 40, (-5.0, 3.0))
    assert np.array_equal(other[:40], ys[:40], equal_nan=True)
    assert np.array_equal(np.isnan(other), np.isnan(ys))
    later = other[40:][np.isfinite(other[40:])]
    assert later.min() >= -5.0 and later.max() <= 3.0
    assert (later != ys[40:][np.isfinite(ys[40:])]).mean() > 0.5


def test_a_forecast_that_is_missing_counts_as_another() -> None:
    answers = Run(LightForecaster()).feed(walk(60))
    fewer = Answers(*(field[:-30] for field in answers))
    count, changed = differences(answers, fewer, 50)
    assert count == changed > 0


def test_columns_known_ahead_are_no_look_ahead_and_columns_seen_later_are_changed_too() -> None:
    ys = walk(160)
    known, context = walk(170, 2)[:, :1], walk(160, 2)[:, 1:]
    xs = context_of(len(ys), (1, 3), known, context)

    def make() -> Run:
        return Run(NumberForecaster((1, 3), season=0, known=1, context=1))

    run, beginning = make(), Beginning(make)
    for start in (0, 70):
        part = slice(start, start + 70 if start == 0 else None)
        beginning.keep(ys[part], run.feed(ys[part], xs[part]), xs[part])
    said = beginning.test()
    assert said["held"] is True and said["rows"] == 160 and said["forecasts"] > 200
    beginning.xs[0][40] += 1.0  # had the run been told something else before the cut
    assert beginning.test()["held"] is False
