"""Spark: each key as if it were alone on one machine, in whatever micro-batches, killed or not.

What Spark calls is asked without it; what it does with that, where it is installed (slow).
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from spark_queries import BRIEF, HOW, file_of, heard, heard_in_all, killed, query, session, states

from forecast import LightForecaster, run
from forecast.checkpoint import CheckpointError
from forecast.clock import DAY, HOUR, Step
from forecast.interop.keyed import (
    AT,
    HORIZON,
    ISSUED,
    MEASURED,
    SAID,
    SAYS,
    WHAT,
    Make,
    Series,
    Told,
)
from forecast.interop.spark import Forecasting, backtest, forecasts, scores_of
from forecast.measure import ASKED_RATE, MEAN, QUANTILE, SURPRISE, Y
from forecast.panel.panel import Panel
from forecast.panel.scores import LISTED, panel_scores
from forecast.report.predictions import QUANTILES

HOURLY = Step.named("1 hour")


def far() -> LightForecaster:
    return LightForecaster((1, 3))


class Kept:
    """Where Spark keeps states by key, without it."""

    def __init__(self) -> None:
        self.states: dict[Any, tuple[Any, ...]] = {}
        self.key: Any = None

    def getValueState(self, name: str, schema: str) -> "Kept":  # noqa: N802
        assert (name, len(schema.split(","))) == ("series", 6)
        return self

    def get(self) -> tuple[Any, ...] | None:
        return self.states.get(self.key)

    def update(self, state: tuple[Any, ...]) -> None:
        self.states[self.key] = state


class Query:
    """A query over micro-batches, without Spark: each has a new worker."""

    def __init__(self, make: Make, step: Step, numbers: bool = False) -> None:
        self.how, self.kept = (make, step, numbers), Kept()

    def batch(self, key: Any, at: Any, y: Any, pieces: int = 1, ahead: Any = 0.0) -> np.ndarray:
        """What is said of some rows, brought in pieces."""
        working = Forecasting(*self.how)
        working.init(self.kept)
        self.kept.key = key
        rows = pd.DataFrame({"at": at, "ahead": ahead, "y": y}, dtype=float)
        cuts = [rows.iloc[part] for part in np.array_split(np.arange(len(rows)), pieces)]
        said = [out["said"][0] for out in working.handleInputRows((key,), iter(cuts), None)]
        working.close()
        assert list(working.handleExpiredTimer(key, None, None)) == []
        return np.concatenate([np.empty(0), *said]).reshape(-1, SAID)


def says(said: np.ndarray, what: str) -> np.ndarray:
    """The rows that say so."""
    return said[said[:, WHAT] == SAYS.index(what)]


def rows_of(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Hours of which some are missing, and numbers of which some are."""
    rng = np.random.default_rng(seed)
    hours = np.flatnonzero(rng.random(n) > 0.1)
    y = rng.normal(size=len(hours)).cumsum()
    y[rng.random(len(y)) < 0.05] = math.nan
    y[20] = math.inf
    return hours * float(HOUR), y


def on_the_grid(at: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same with every hour, by pandas."""
    index = pd.to_datetime(at.astype(np.int64), unit="us")
    whole = pd.date_range(index[0], index[-1], freq="h")
    return pd.Series(y, index).reindex(whole).to_numpy(float)


def same_as_run(said: np.ndarray, make: Make, ys: np.ndarray, first: float, step: float) -> None:
    """What was answered is what a run over the whole series answers, to the bit."""
    answers = run(make(), ys)
    got = says(said, "answer")
    got = got[np.lexsort((got[:, HORIZON], got[:, AT]))]
    order = np.lexsort((answers.horizon, answers.row))
    assert (got[:, AT] == first + answers.row[order] * step).all()
    assert (got[:, HORIZON] == answers.horizon[order]).all()
    assert (got[:, ISSUED] == answers.issued[order]).all()
    columns = (Y, answers.y), (MEAN, answers.mean), (ASKED_RATE, answers.rate)
    for column, expected in (*columns, (SURPRISE, answers.surprise)):
        assert got[:, MEASURED + column].tobytes() == expected[order].tobytes()
    assert got[:, MEASURED + QUANTILE :].tobytes() == answers.quantiles[order].tobytes()


@pytest.mark.parametrize("make", [LightForecaster, far])
@pytest.mark.parametrize("batches", [1, 7, 150])
def test_micro_batches_change_no_bit(make: Make, batches: int) -> None:
    rng = np.random.default_rng(batches)
    query = Query(make, HOURLY)
    told = {key: rows_of(seed=seed) for seed, key in enumerate(["north", "south"])}
    all_said: dict[str, list[np.ndarray]] = {key: [] for key in told}
    for k in range(batches):
        for key, (at, y) in told.items():
            cut = np.array_split(np.arange(len(at)), batches)[k]
            if len(cut):
                some = rng.permutation(cut)  # a shuffle leaves no order
                all_said[key].append(query.batch(key, at[some], y[some], 1 + len(some) // 10))
    for key, (at, y) in told.items():
        ys = on_the_grid(at, y)
        same_as_run(np.concatenate(all_said[key]), make, ys, at[0], HOUR)
        learner = make()
        run(learner, ys)
        floats, ints, *_, rows, _ = query.kept.states[key]
        assert (floats, ints) == (learner.floats.tobytes(), learner.ints.tobytes())
        assert rows == len(ys)


def test_what_comes_next_is_what_the_learner_says() -> None:
    query, (at, y) = Query(far, HOURLY), rows_of()
    query.batch("a", at[:100], y[:100])
    said = says(query.batch("a", at[100:], y[100:]), "next")
    learner = far()
    run(learner, on_the_grid(at, y))
    assert said[:, AT].tolist() == [at[-1] + HOUR, at[-1] + 3 * HOUR]
    assert said[:, ISSUED].tolist() == [(at[-1] - at[0]) / HOUR] * 2
    for row, horizon in zip(said, (1, 3), strict=True):
        forecast = learner.predict(horizon=horizon)
        assert row[MEASURED + QUANTILE + 10] == pytest.approx(forecast.median, rel=1e-12)
        assert row[MEASURED + QUANTILE + 19] == pytest.approx(forecast.quantile(0.95), rel=1e-12)
    assert np.isnan(said[:, [MEASURED + Y, MEASURED + SURPRISE]]).all()


def test_rows_that_are_left_out_are_told_and_move_nothing() -> None:
    clean, query = Query(LightForecaster, HOURLY), Query(LightForecaster, HOURLY)
    hours = np.arange(30.0) * HOUR
    y = np.sin(np.arange(30.0))
    clean.batch("a", hours, y)
    query.batch("a", hours[:20], y[:20])
    odd = {
        "left out: duplicate time": 19.0 * HOUR,
        "left out: time out of order": 3.0 * HOUR,
        "left out: off the grid": 22.5 * HOUR,
        "left out: after too long a gap": 2e6 * HOUR,
        "left out: no time": math.nan,
    }
    at = [*hours[20:], *odd.values(), -math.inf, 23.1 * HOUR, 24.0 * HOUR]
    said = query.batch("a", at, [*y[20:], *range(5), 5, 6, 99.0])
    assert query.kept.states == clean.kept.states
    for k, (what, when) in enumerate(odd.items()):
        rows = says(said, what)
        assert k in rows[:, MEASURED + Y]
        assert rows[rows[:, MEASURED + Y] == k, AT].tobytes() == np.float64(when).tobytes()
    assert len(says(said, "answer")) == 10
    assert sorted(says(said, "left out: off the grid")[:, MEASURED + Y]) == [2, 6]
    assert says(said, "left out: duplicate time")[:, MEASURED + Y].tolist() == [0, 99]
    # a series that nobody named is none
    (nobody,) = query.batch(None, [0.0], [7.0])
    assert (SAYS[int(nobody[WHAT])], nobody[MEASURED + Y]) == ("left out: no series", 7.0)
    assert set(query.kept.states) == {"a"}
    # and what begins with a row that is refused begins with the next
    later = query.batch("b", [math.nan, 1.0 * HOUR], [1.0, 2.0])
    assert (later[0, WHAT], query.kept.states["b"][4]) == (SAYS.index("left out: no time"), 1)


def test_of_equal_times_one_is_kept_whatever_the_shuffle() -> None:
    at, y = np.repeat(np.arange(20.0) * HOUR, 3), np.tile([3.0, 1.0, math.nan], 20)
    states = set()
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(60)
        query = Query(LightForecaster, HOURLY)
        said = query.batch("a", at[order], y[order])
        states.add(query.kept.states["a"])
        assert len(says(said, "left out: duplicate time")) == 40
        assert set(says(said, "answer")[:, MEASURED + Y]) == {1.0}
    assert len(states) == 1


def test_days_are_counted_on_the_wall_clock() -> None:
    days = pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin")  # one of 23 hours among them
    at = days.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[us]").astype(float)
    ahead = days.tz_localize(None).to_numpy().astype("M8[us]").astype(float) - at
    said = Query(LightForecaster, Step.named("1 day")).batch("a", at, range(12), ahead=ahead)
    assert len(says(said, "answer")) == 11
    assert says(said, "next")[0, AT] == at[-1] + DAY


def test_plain_numbers_and_mere_rows() -> None:
    y = np.cos(np.arange(40.0))
    said = Query(LightForecaster, Step.named("0.1"), True).batch("a", np.arange(40) * 0.1, y)
    assert (len(says(said, "answer")), says(said, "next")[0, AT]) == (39, pytest.approx(4.0))
    query = Query(LightForecaster, Step.named("rows"))
    said = query.batch("a", np.arange(40) // 2 * 1.0, y)  # in order of time, then of number
    assert (len(says(said, "answer")), len(said)) == (39, 40)
    assert math.isnan(says(said, "next")[0, AT])
    assert len(says(query.batch("a", [1.0], [2.0]), "answer")) == 1


def test_a_long_gap_is_walked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    at, y = rows_of()
    at[100:] += 500.0 * HOUR
    monkeypatch.setattr("forecast.interop.keyed.PART", 64)
    monkeypatch.setattr("forecast.interop.spark.AT_ONCE", 10)
    same_as_run(Query(far, HOURLY).batch("a", at, y), far, on_the_grid(at, y), at[0], HOUR)


def test_a_state_that_is_damaged_or_of_another_is_refused() -> None:
    one = Series(LightForecaster, HOURLY, False)
    one.tell(Told(np.arange(9.0) * HOUR, np.zeros(9), np.arange(9.0)))
    state = one.state()
    Series(LightForecaster, HOURLY, False).go_on(state)
    broken = (b"\x01" + state[0][1:], *state[1:])
    for make, step, given in (
        (LightForecaster, HOURLY, broken),
        (LightForecaster, HOURLY, (*state[:4], 7, state[5])),
        (far, HOURLY, state),
        (lambda: LightForecaster((2,)), HOURLY, state),
        (LightForecaster, Step.named("2 hours"), state),
    ):
        with pytest.raises(CheckpointError, match="another checkpointLocation"):
            Series(make, step, False).go_on(given)


def test_scores_are_those_of_a_panel() -> None:
    at, y = rows_of()
    lost = Told(np.append(at, at[-1] + 7.0), np.zeros(len(at) + 1), np.append(y, 1.0))
    scores = scores_of(lost, far, HOURLY, False, season=24)
    panel = Panel(far, season=24, workers=1)
    panel.learn({"a": on_the_grid(at, y)})
    table = panel_scores(panel)
    for name in ("n", *LISTED):
        np.testing.assert_array_equal(scores[name], table[name][0])
    missing = int(np.isnan(on_the_grid(at, y)).sum())
    assert scores[["horizon", "missing", "refused", "left_out"]].to_numpy().tolist() == [
        [1, missing, 1, 1],
        [3, missing, 1, 1],
    ]
    panel.close()


@pytest.mark.parametrize("lacking", ["pyspark", "pyarrow", "google"])
def test_what_is_not_installed_is_said(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == lacking]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, lacking, None)
    if lacking != "pyspark":
        pytest.importorskip("pyspark")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'forecast\[spark\]'"):
        forecasts(None, LightForecaster, series="s", time="t", target="y", step="1")  # type: ignore[arg-type]


# ---- on a local Spark ------------------------------------------------------------------------

# PySpark warns of pandas 3, which it does not yet support in all things
on_spark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark")
    found = session(**BRIEF)
    yield found
    found.stop()


def frame_of(told: dict[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Rows of several series, by time."""
    frames = [
        pd.DataFrame({"key": key, "at": pd.to_datetime(at.astype(np.int64), unit="us"), "y": y})
        for key, (at, y) in told.items()
    ]
    return pd.concat(frames).sort_values("at", kind="stable", ignore_index=True)


def same_rows(frame: pd.DataFrame, told: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """The answers of each series are those of a run on this machine, to the bit."""
    frame = frame[frame["what"] == "answer"].sort_values(["time", "horizon"])
    assert set(frame["series"]) == set(told)
    for key, (at, y) in told.items():
        got, answers = frame[frame["series"] == key], run(LightForecaster(), on_the_grid(at, y))
        instants = (at[0] + answers.row * HOUR).astype(np.int64)
        assert (got["time"].to_numpy().astype("M8[us]").astype(np.int64) == instants).all()
        expected = {"y": answers.y, "mean": answers.mean, "surprise": answers.surprise}
        for name, column in {**expected, "issued": answers.issued, "rate": answers.rate}.items():
            np.testing.assert_array_equal(got[name].to_numpy(column.dtype), column)
        quantiles = got[[*QUANTILES]].to_numpy(float)
        assert quantiles.tobytes() == answers.quantiles.tobytes()


def same_states(kept: dict[str, Any], told: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """The state of each key is that of a learner that was never interrupted."""
    assert set(kept) == set(told)
    for key, (at, y) in told.items():
        learner, ys = LightForecaster(), on_the_grid(at, y)
        run(learner, ys)
        assert bytes(kept[key]["floats"]) == learner.floats.tobytes()
        assert bytes(kept[key]["ints"]) == learner.ints.tobytes()
        assert kept[key]["rows"] == len(ys)


class TestOnSpark:
    pytestmark = on_spark

    def test_a_stream_and_a_table_are_what_one_machine_says(
        self, spark: Any, tmp_path: Path
    ) -> None:
        told = {f"s{seed}": rows_of(120, seed) for seed in range(5)}
        rows = frame_of(told)
        for number, part in enumerate(np.array_split(np.arange(len(rows)), 4)):
            file_of(tmp_path, number, rows.iloc[part].sample(frac=1.0, random_state=number))
        query(spark, tmp_path).awaitTermination()
        same_rows(heard(spark, tmp_path).toPandas(), told)
        same_states(states(spark, tmp_path), told)
        table = spark.read.schema("key string, at timestamp, y double").parquet(
            str(tmp_path / "in")
        )
        whole = forecasts(table, LightForecaster, **HOW)
        assert dict(whole.dtypes)["time"] == "timestamp"
        assert [name for name, _ in whole.dtypes][5:9] == ["y", "mean", "median", "q025"]
        same_rows(whole.toPandas(), told)
        scored = backtest(table, LightForecaster, **HOW).toPandas().set_index("series")
        panel = Panel(LightForecaster, season=24, workers=1)
        panel.learn({key: on_the_grid(at, y) for key, (at, y) in told.items()})
        alone = panel_scores(panel)
        for number, key in enumerate(panel.names):
            for name in ("n", *LISTED):
                np.testing.assert_array_equal(float(scored.loc[key, name]), alone[name][number, 0])
        panel.close()

    def test_times_come_back_as_they_came(self, spark: Any) -> None:
        frame = spark.range(40).selectExpr(
            *("'a' as key", "cast(id % 7 as float) as y", "cast(id as int) as number"),
            *("date_add(date'2024-02-01', cast(id as int)) as day", "cast(null as int) as nothing"),
        )
        for time, step, last in (("day", "1 day", "2024-03-12"), ("number", "1", "40")):
            how = {"series": "key", "time": time, "target": "y", "step": step}
            found = forecasts(frame, LightForecaster, **how)
            assert dict(found.dtypes)["time"] == dict(frame.dtypes)[time]
            (following,) = found.where("what = 'next'").collect()
            assert str(following["time"]) == last
            assert following["y"] is None
        for named, error, match in (
            ({"time": "key"}, TypeError, "cast it to timestamp, date or double"),
            ({"target": "day"}, TypeError, "day is no number"),
            ({"step": "1 day"}, ValueError, "lie on no grid of step '1 day'"),
        ):
            how = {"series": "key", "time": "number", "target": "y", "step": "1", **named}
            with pytest.raises(error, match=match):
                forecasts(frame, LightForecaster, **how)

    def test_a_killed_query_goes_on_as_if_it_never_was(self, spark: Any, tmp_path: Path) -> None:
        told = {f"s{seed}": rows_of(400, seed) for seed in range(5)}
        rows = frame_of(told)
        for number, part in enumerate(np.array_split(np.arange(len(rows)), 60)):
            file_of(tmp_path, number, rows.iloc[part])
        done = list(killed(tmp_path, Random(1), 2, 5.0))
        assert done == sorted(done)
        assert 0 < done[-1] < 60
        query(spark, tmp_path).awaitTermination()
        once, often = heard(spark, tmp_path).toPandas(), heard_in_all(tmp_path)
        same_rows(once, told)
        same_rows(often.drop_duplicates(), told)
        same_states(states(spark, tmp_path), told)
