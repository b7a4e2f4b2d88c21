"""Seasons are found where there are some, and nowhere else."""

import csv
from pathlib import Path

import numpy as np
import pytest

from forecast import NumberForecaster
from forecast.numbers.period import alike, path_of, period_of, surer, week_of

DATA = Path(__file__).resolve().parent.parent / "data"


def path(ys: np.ndarray) -> tuple[np.ndarray, int]:
    changes = np.diff(ys)
    room = np.empty(2 * len(changes) + 1)
    path_of(changes, float(np.median(np.abs(changes))), room)
    return room, len(changes)


def found(ys: np.ndarray) -> int:
    room, n = path(ys)
    return int(period_of(room, n)[0])


def bundled(name: str, column: int = 1) -> np.ndarray:
    with (DATA / f"{name}.csv").open() as file:
        return np.array([row[column] for row in csv.reader(file)][1:], float)


def test_likeness_is_a_correlation_of_what_a_period_leaves() -> None:
    rng = np.random.default_rng(0)
    y = np.cumsum(np.clip(rng.normal(size=120), -8, 8)) + 0.3 * np.sin(np.arange(120))
    changes = np.diff(y, prepend=0.0)
    room = np.empty(2 * len(changes) + 1)
    path_of(changes, 1.0, room)
    for P in (6, 11, 40):
        mean = np.array([y[t + 1 - P : t + 1].mean() for t in range(P - 1, len(y))])
        x = y[P - 1 :] - mean
        a, b = x[P:], x[:-P]
        r = np.corrcoef(a, b)[0, 1]
        assert alike(room, len(y), P) == pytest.approx(r, rel=1e-9, abs=1e-12)
    assert surer(room, 120, 10, 0.5) == pytest.approx(0.5 * np.sqrt(3.0 * 101 / 10), rel=1e-15)


@pytest.mark.parametrize("P", [7, 12, 24, 52, 168])
def test_a_period_is_found_under_noise_and_trend(P: int) -> None:
    rng = np.random.default_rng(P)
    shape = rng.normal(size=P)
    t = np.arange(6 * P + 200)
    ys = 3.0 * shape[t % P] + 0.02 * t + rng.normal(size=len(t))
    assert found(ys) == P


def test_neither_outliers_nor_shifts_pass_for_a_season() -> None:
    rng = np.random.default_rng(1)
    ys = rng.normal(size=600)
    ys[[100, 151, 260]] += 1e6
    ys[300:] += 1e4
    assert found(ys) == 0
    ys += 8.0 * (np.arange(600) % 24 == 5)
    assert found(ys) == 24


def test_no_season_is_found_where_there_is_none() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=900)
        autoregression = np.zeros(900)
        for t in range(1, 900):
            autoregression[t] = 0.9 * autoregression[t - 1] + noise[t]
        for ys in (noise, noise.cumsum(), autoregression, noise.cumsum() + np.arange(900.0)):
            assert [found(ys[:n]) for n in (100, 300, 900)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "season"), [("airline", 12), ("elnino", 12), ("electrical", 12), ("nile", 0)]
)
def test_bundled_series_have_the_seasons_that_they_are_known_for(name: str, season: int) -> None:
    learner = NumberForecaster()
    for y in bundled(name):
        learner.learn(y)
    assert learner.seasons() == ((season,) if season else ())


def test_sunspots_come_back_after_ten_or_eleven_years() -> None:
    assert found(bundled("sunspots")) in (10, 11)


def test_a_week_joins_a_day_that_leaves_much_unsaid() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(24 * 7 * 6)
    day, weekday = np.sin(2 * np.pi * t / 24), (t // 24) % 7 < 5
    ys = 10.0 * day * np.where(weekday, 1.0, 0.3) + 4.0 * weekday + 0.3 * rng.normal(size=len(t))
    plain, n = path(10.0 * day + rng.normal(size=len(t)))
    assert week_of(plain, n, 24) == 0
    weekly, n = path(ys)
    assert week_of(weekly, n, 24) == 168
    learner = NumberForecaster(step="1 h")
    for y in ys:
        learner.learn(y)
    assert learner.seasons() == (24, 168)


def test_a_season_that_is_given_stays_alone() -> None:
    t = np.arange(400)
    for season in (0, 5):
        learner = NumberForecaster(season=season)
        for y in np.sin(2 * np.pi * t / 20):
            learner.learn(y)
        assert learner.seasons() == ((season,) if season else ())


def test_a_season_of_the_step_gives_way_to_one_that_is_clearly_there() -> None:
    t = np.arange(900)
    rng = np.random.default_rng(3)
    learner = NumberForecaster(step="1 h")
    for y in 5.0 * np.sin(2 * np.pi * t / 31) + rng.normal(size=900):
        learner.learn(y)
    assert learner.seasons()[0] == 31


def test_what_is_found_is_forecast() -> None:
    """Sales with a bump once a week, no step told: nearly the best forecast there can be."""
    rng = np.random.default_rng(7)
    t = np.arange(1200)
    ys = 10.0 * (t % 7 == 3) + 0.05 * t + rng.normal(size=1200)
    learner = NumberForecaster()
    errors = []
    for row, y in enumerate(ys):
        if row >= 400:
            errors.append(abs(y - learner.predict().median))
        learner.learn(y)
    assert learner.seasons() == (7,)
    assert np.mean(errors) < 1.12 * np.sqrt(2 / np.pi)
