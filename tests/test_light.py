"""The light forecaster: how small it is, what it recovers from, and whom it beats."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from forecast import LightForecaster, NumberForecaster, run
from forecast.distribution.t4 import LEVELS, SCORES
from forecast.neighbours import sample_quantile
from forecast.numbers.light import (
    CASE,
    CASES,
    CONTEXT,
    FADE,
    MEMORY,
    MIDPOINTS,
    PART,
    _exchange,
    _recall,
)
from forecast.numbers.series import MISSING

DATA = Path(__file__).parent.parent / "data"


def column(stream: str) -> np.ndarray:
    """The last column of a bundled stream, without its gaps."""
    with (DATA / f"{stream}.csv").open(newline="") as file:
        cells = [row[-1] for row in csv.reader(file)][1:]
    return np.array([float(cell) for cell in cells if cell])


def errors(answers: object, first: int) -> np.ndarray:
    """How far off the medians were, from a row on."""
    late = answers.row >= first  # type: ignore[attr-defined]
    return np.abs(answers.y - answers.quantiles[:, 10])[late]  # type: ignore[attr-defined]


def test_the_whole_state_fits_in_two_kilobytes() -> None:
    learner = LightForecaster()
    assert learner.floats.nbytes + learner.ints.nbytes <= 2048
    # it does not grow
    before = learner.floats.nbytes + learner.ints.nbytes
    run(learner, np.random.default_rng(0).normal(size=500))
    assert learner.floats.nbytes + learner.ints.nbytes == before
    full = NumberForecaster()
    assert 15 * before < full.floats.nbytes + full.ints.nbytes


def test_the_cases_are_the_nearest_of_each_class() -> None:
    memory = np.random.default_rng(1).normal(size=MEMORY).round(1)
    sample = np.empty(CASES)
    for horizon, held in ((1, MEMORY), (5, MEMORY), (1, 40), (3, 25)):
        _recall(memory, held, horizon, 0.0, 1.0, sample)
        now, fades = memory[-CONTEXT:], FADE ** np.arange(CONTEXT)[::-1]
        last = MEMORY - horizon
        usable = (last - (MEMORY - held + CONTEXT - 1)) // CASES * CASES
        instants = np.arange(last - usable, last)
        contexts = np.stack([memory[u - CONTEXT + 1 : u + 1] for u in instants])
        distance = np.abs(contexts - now) @ fades
        expected = []
        for k in range(CASES):
            of_class = np.arange(k, usable, CASES)
            nearest = distance[of_class].min()
            latest = of_class[distance[of_class] <= nearest + 1e-12][-1]
            expected.append(memory[instants[latest] + horizon])
        assert sample.tolist() == sorted(expected)


def test_without_enough_instants_the_cases_are_students_t() -> None:
    sample = np.empty(CASES)
    _recall(np.zeros(MEMORY), CASES, 1, 3.0, 2.0, sample)
    assert sample == pytest.approx(3.0 + 2.0 * MIDPOINTS, rel=1e-15)
    # and their quantiles are about those of the shape that errors begin with
    rising = MIDPOINTS[CASE] + PART * (MIDPOINTS[CASE + 1] - MIDPOINTS[CASE])
    assert rising[1:-1] == pytest.approx(SCORES[1:-1], abs=0.15)


def test_quantiles_of_the_cases_are_those_of_a_sample() -> None:
    sample = np.random.default_rng(2).normal(size=CASES)
    ordered = sample.copy()
    _exchange(ordered)
    assert ordered.tolist() == sorted(sample)
    for p, level in enumerate(LEVELS):
        found = ordered[CASE[p]] + PART[p] * (ordered[CASE[p] + 1] - ordered[CASE[p]])
        assert found == pytest.approx(sample_quantile(ordered, CASES, level), abs=1e-12)


def test_a_shift_of_level_costs_little_time() -> None:
    ys = np.random.default_rng(3).normal(size=800)
    ys[400:] += 100.0
    late = errors(run(LightForecaster(), ys), 410)
    # the mean |error| of the forecaster that knows everything is .80
    assert late[:20].mean() < 1.6
    assert late[100:].mean() < 0.95


def test_intervals_cover_what_they_say() -> None:
    rng = np.random.default_rng(4)
    noise = rng.standard_t(5, 6000)
    ys = np.zeros(6000)
    for t in range(2, 6000):
        ys[t] = 1.2 * ys[t - 1] - 0.5 * ys[t - 2] + noise[t]
    answers = run(LightForecaster(), ys)
    late = answers.row >= 1000
    y, quantiles = answers.y[late], answers.quantiles[late]
    for low, high in ((1, 19), (5, 15), (3, 17)):
        covered = (quantiles[:, low] <= y) & (y <= quantiles[:, high])
        assert covered.mean() == pytest.approx(LEVELS[high] - LEVELS[low], abs=0.02)
    # within 4 % of the forecaster that knows the process
    assert errors(answers, 1000).mean() < 1.04 * np.abs(noise[1000:]).mean()


def test_values_that_come_back_are_forecast_as_those_values() -> None:
    rng = np.random.default_rng(5)
    ys = np.array([0.0, 1.0, 5.0])[rng.integers(0, 3, 2000)]
    answers = run(LightForecaster(), ys)
    late = answers.row >= 500
    lies_on = np.isin(answers.quantiles[late], (0.0, 1.0, 5.0))
    assert lies_on.mean() > 0.5
    # of three values, as likely each, in cells of width 1: log 3 at best
    assert answers.surprise[late].mean() < math.log(3.0) + 0.4


@pytest.mark.parametrize(("stream", "most"), [("sunspots", 0.75), ("nile", 0.95)])
def test_better_than_the_last_value(stream: str, most: float) -> None:
    ys = column(stream)
    answers = run(LightForecaster(), ys)
    first = 20
    last = np.abs(answers.y - answers.last)[answers.row >= first].mean()
    assert errors(answers, first).mean() < most * last


def test_a_random_walk_is_forecast_by_its_last_value() -> None:
    ys = np.random.default_rng(6).normal(size=4000).cumsum()
    answers = run(LightForecaster(), ys)
    last = np.abs(answers.y - answers.last)[answers.row >= 300].mean()
    assert errors(answers, 300).mean() < 1.01 * last


def test_several_horizons_are_each_their_own() -> None:
    ys = np.random.default_rng(7).normal(size=600).cumsum()
    both, far = run(LightForecaster((1, 5)), ys), run(LightForecaster((5,)), ys)
    at = both.horizon == 5
    assert np.array_equal(both.quantiles[at], far.quantiles)
    wide = (both.quantiles[:, 19] - both.quantiles[:, 1])[both.row >= 300]
    ratio = wide[both.horizon[both.row >= 300] == 5].mean()
    ratio /= wide[both.horizon[both.row >= 300] == 1].mean()
    assert ratio == pytest.approx(math.sqrt(5.0), rel=0.3)


@pytest.mark.parametrize("value", [0.0, 7.5, -1e200])
def test_a_constant_is_forecast_as_that_constant(value: float) -> None:
    answers = run(LightForecaster(), np.full(50, value))
    assert (answers.quantiles == value).all()
    assert np.isnan(answers.surprise).all()


def test_missing_values_are_waited_out() -> None:
    ys = np.random.default_rng(8).normal(size=400)
    ys[100:110] = math.nan
    learner = LightForecaster()
    answers = run(learner, ys)
    assert len(answers.row) == 389
    assert 0.0 < learner.rate <= 1.0
    with pytest.raises(ValueError, match="horizon 2 is none of"):
        learner.predict(horizon=2)


def test_a_series_begins_with_its_first_value() -> None:
    ys = 1000.0 + np.sin(np.arange(80.0))
    late, alone = LightForecaster((1, 3)), LightForecaster((1, 3))
    answers = run(late, np.concatenate([np.full(50, np.nan), ys]))
    assert np.array_equal(answers.quantiles, run(alone, ys).quantiles)
    assert late.floats.tobytes() == alone.floats.tobytes()
    moved = np.flatnonzero(late.ints != alone.ints)
    assert moved.tolist() == [late.places["counts"][1] + MISSING]
    assert late.view("counts")[MISSING] == 50
