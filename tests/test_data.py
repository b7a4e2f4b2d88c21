"""The bundled series: what SOURCES.md says of them is so, and the export writes them again."""

import csv
import hashlib
import importlib.util
import math
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from forecast.stream import open_numbers, season_of

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
FILES = sorted(path.name for path in DATA.glob("*.csv"))

# rows in the file, instants on the grid, missing numbers, step, season, the next instant
EXPECTED = {
    "airline.csv": (144, 144, 0, "1 month", 12, "1961-01"),
    "co2.csv": (2284, 2284, 59, "1 week", 52, "2002-01-05"),
    "danish_money.csv": (55, 55, 0, "1 quarter", 4, "1987-10-01"),
    "electrical.csv": (257, 257, 0, "1 month", 12, "2016-06-01"),
    "elnino.csv": (732, 732, 0, "1 month", 12, "2011-01-01"),
    "macrodata.csv": (203, 203, 0, "1 quarter", 4, "2009-10-01"),
    "nile.csv": (100, 100, 0, "1", 0, "1971"),
    "sunspots.csv": (309, 309, 0, "1", 0, "2009"),
    "trump_approval.csv": (1001, 1001, 0, "1 day", 7, "2019-11-27"),
    "water_flow.csv": (1268, 1379, 111, "1 hour", 24, "2022-05-16T23:00:00+02:00"),
}


def said() -> dict[str, dict[str, str]]:
    """What SOURCES.md says of each file."""
    sections = re.split(r"^## ", (DATA / "SOURCES.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    return {
        section.split("\n", 1)[0]: dict(re.findall(r"^- ([^:]+): (.*)$", section, flags=re.M))
        for section in sections
    }


def table(name: str) -> list[list[str]]:
    return list(csv.reader((DATA / name).read_text(encoding="utf-8").splitlines()))


def test_every_file_is_named() -> None:
    assert list(said()) == FILES == sorted(EXPECTED)


@pytest.mark.parametrize("name", FILES)
def test_sources_say_what_the_file_is(name: str) -> None:
    facts = said()[name]
    header, *rows = table(name)
    assert facts["sha256"] == hashlib.sha256((DATA / name).read_bytes()).hexdigest()
    assert facts["rows"] == str(len(rows)) == str(EXPECTED[name][0])
    assert facts["missing"] == str(sum(field == "" for row in rows for field in row))
    assert facts["columns"] == ", ".join(header)
    assert facts["step"].endswith("year" if EXPECTED[name][3] == "1" else EXPECTED[name][3])
    assert all(facts[key] for key in ("from", "origin", "unit"))
    assert any("licence" in key for key in facts)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_a_stream(name: str) -> None:
    rows_read, instants, missing, step, season, after = EXPECTED[name]
    header, *rows = table(name)
    stream = open_numbers(DATA / name, target=header[1:] if len(header) > 2 else ())
    blocks = list(stream)
    y = np.vstack([block.y for block in blocks])
    times = [time for block in blocks for time in block.times]
    assert (stream.time, *stream.series) == tuple(header)
    assert (stream.rows_read, len(y), int(np.isnan(y).sum())) == (rows_read, instants, missing)
    assert (str(stream.step), season_of(stream.step), stream.future(1)) == (step, season, after)
    assert stream.sha256 == said()[name]["sha256"]
    assert stream.bad == {}
    # Each row of the file stands at its own time, with the very numbers that are written there.
    at = dict(zip(times, y.tolist(), strict=True))
    for time, *fields in rows:
        for value, field in zip(at[time], fields, strict=True):
            assert math.isnan(value) if field == "" else value == float(Decimal(field))


def test_the_export_writes_the_same_bytes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("export", ROOT / "experiments/export_data.py")
    assert spec is not None
    assert spec.loader is not None
    export = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(export)
    export.main(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()

    def without_versions(path: Path) -> list[str]:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not line.startswith("Versions:")]

    assert without_versions(tmp_path / "SOURCES.md") == without_versions(DATA / "SOURCES.md")


def test_numbers_read_back_as_the_same_floats() -> None:
    from statsmodels.datasets import co2, elnino, macrodata

    def column(name: str, series: str) -> list[float]:
        stream = open_numbers(DATA / name, target=[series])
        return np.concatenate([rows.y[:, 0] for rows in stream]).tolist()

    np.testing.assert_array_equal(column("co2.csv", "co2"), co2.load_pandas().data["co2"])
    wide = elnino.load_pandas().data.set_index("YEAR")
    np.testing.assert_array_equal(column("elnino.csv", "temperature"), wide.to_numpy().ravel())
    quarters = macrodata.load_pandas().data
    np.testing.assert_array_equal(column("macrodata.csv", "m1"), quarters["m1"])
    np.testing.assert_array_equal(column("macrodata.csv", "infl"), quarters["infl"])
