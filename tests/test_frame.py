"""Tables of any library that narwhals knows are the same numbers, and the same run."""

import importlib
import subprocess
import sys
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from forecast import LightForecaster, NumberForecaster, Panel, evaluate, run
from forecast.checks.law import same, same_state
from forecast.frame import numbers_of, written_by_narwhals

pytestmark = pytest.mark.usefixtures("undrawn")
N = 90


def sales() -> pd.DataFrame:
    """Days with sales, some of them missing, and visitors, counted."""
    rng = np.random.default_rng(3)
    week = np.array([5.0, 3.0, 4.0, 6.0, 8.0, 12.0, 9.0])[np.arange(N) % 7]
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=N),
            "sold": week + rng.normal(size=N),
            "visitors": rng.integers(0, 9, N),
        }
    )
    frame.loc[[4, 40], "sold"] = np.nan
    return frame


def as_polars(frame: pd.DataFrame) -> Any:
    polars = importlib.import_module("polars")
    columns = {name: frame[name].to_numpy() for name in frame}
    return polars.DataFrame(columns).with_columns(polars.col("sold").fill_nan(None))


def as_arrow(frame: pd.DataFrame) -> Any:
    pyarrow = importlib.import_module("pyarrow")
    return pyarrow.Table.from_pandas(frame, preserve_index=False)


# narwhals itself is always here: by way of it every line is run, and slowly by the large ones
WAYS = {
    "narwhals": lambda frame: nw.from_native(frame),
    "lazy narwhals": lambda frame: nw.from_native(frame).lazy(),
    "polars": as_polars,
    "lazy polars": lambda frame: as_polars(frame).lazy(),
    "pyarrow": as_arrow,
}
LIBRARIES = [
    pytest.param(way, id=way, marks=[] if way.endswith("narwhals") else [pytest.mark.slow])
    for way in WAYS
]


def held(way: str, frame: pd.DataFrame) -> Any:
    """The same table, of another library."""
    if not way.endswith("narwhals"):
        pytest.importorskip(way.split()[-1])
    return WAYS[way](frame)


@pytest.mark.parametrize("way", LIBRARIES)
def test_learners_take_them(way: str) -> None:
    frame = sales()
    table = held(way, frame[["sold", "visitors"]])
    ys = frame[["sold", "visitors"]].to_numpy(float)
    assert same(numbers_of(table), ys)
    told = NumberForecaster.from_history(ys, horizons=(1, 2))
    assert same_state(NumberForecaster.from_history(table, horizons=(1, 2)), told)
    one, other = (run(NumberForecaster(known=2), ys[:, 0], known=known) for known in (ys, table))
    assert same(one.quantiles, other.quantiles)


@pytest.mark.parametrize("way", [way for way in LIBRARIES if "lazy" not in str(way.id)])
def test_a_series_is_one(way: str) -> None:
    frame = sales()
    series = held(way, frame)["sold"]
    assert same(numbers_of(series), frame["sold"].to_numpy())
    panel, plain = Panel(LightForecaster), Panel(LightForecaster)
    panel.learn({"shop": series})
    plain.learn({"shop": frame["sold"].to_numpy()})
    assert same_state(panel.learner("shop"), plain.learner("shop"))


@pytest.mark.parametrize("way", LIBRARIES)
def test_evaluate_reads_times_and_all(way: str) -> None:
    frame = sales()
    how = {"target": "sold", "context": "visitors", "horizon": (1, 7)}
    ours, theirs = evaluate(frame.set_index("day"), **how), evaluate(held(way, frame), **how)
    assert theirs.record["time"] == "day" and theirs.record["step"] == "1 day"
    for table in ("predictions", "forecast"):
        one, other = getattr(ours, table), getattr(theirs, table)
        assert list(pd.to_datetime(one["time"])) == list(pd.to_datetime(other["time"]))
        pd.testing.assert_frame_equal(one.drop(columns="time"), other.drop(columns="time"))


def test_a_series_alone_is_evaluated_missing_values_and_all() -> None:
    frame = sales()
    ours, theirs = evaluate(frame["sold"]), evaluate(nw.from_native(frame)["sold"])
    assert theirs.series == ("sold",) and theirs.record["rows"] == N
    pd.testing.assert_frame_equal(ours.predictions, theirs.predictions)


def test_what_holds_no_numbers_is_named() -> None:
    with pytest.raises(TypeError, match=r"column 'day' holds Datetime.*choose the columns"):
        numbers_of(nw.from_native(sales()))
    with pytest.raises(TypeError, match="expected a path or a table; got list"):
        written_by_narwhals([1.0], "nowhere")
    flags = nw.from_native(pd.DataFrame({"open": [True, False]}))
    assert numbers_of(flags).tolist() == [[1.0], [0.0]]


def test_its_absence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    table = nw.from_native(sales())
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(ModuleNotFoundError, match="install narwhals: pip install narwhals"):
        numbers_of(table)


def test_narwhals_is_imported_for_strangers_only() -> None:
    code = (
        "import sys, numpy, pandas\n"
        "from forecast.frame import numbers_of\n"
        "numbers_of([1.0]), numbers_of(numpy.ones(3)), numbers_of(pandas.Series([1.0]))\n"
        "sys.exit('narwhals' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
