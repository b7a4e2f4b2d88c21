"""Write the bundled series as CSV, and where they come from.

    python experiments/export_data.py [FOLDER]

Every series ships inside statsmodels or river: nothing is downloaded. The same versions write the
same bytes; numbers are written so that they read back as the very same floats.
"""

import gzip
import hashlib
import importlib
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

Table = list[list[str]]  # the header, then the rows


class Series(NamedTuple):
    """A bundled file: its rows, and what is known of them."""

    name: str
    rows: Table
    package: str
    origin: str
    licence: str
    unit: str
    step: str


def text(value: float) -> str:
    """Shortest text that reads back as this number; whole ones without a point; "" if missing."""
    number = float(value)
    if number != number:
        return ""
    return str(int(number)) if number == int(number) else repr(number)


def statsmodels_series(
    module: str, name: str, rows: Table, origin: str, unit: str, step: str
) -> Series:
    """A series of statsmodels, with the licence that its module states."""
    data = importlib.import_module(f"statsmodels.datasets.{module}.data")
    licence = " ".join(data.COPYRIGHT.split()).rstrip(".")
    return Series(name, rows, f"statsmodels.datasets.{module}", origin, licence, unit, step)


def frame(module: str):  # type: ignore[no-untyped-def]
    """The table of a series of statsmodels."""
    return importlib.import_module(f"statsmodels.datasets.{module}").load_pandas().data


def co2() -> Series:
    data = frame("co2")
    rows = [[str(day.date()), text(value)] for day, value in data["co2"].items()]
    return statsmodels_series(
        "co2", "co2.csv", [["date", "co2"], *rows],
        "Keeling and Whorf 2004, CDIAC: air at Mauna Loa, weekly means; "
        "weeks without a measurement are empty",
        "parts per million by volume", "1 week",
    )  # fmt: skip


def sunspots() -> Series:
    data = frame("sunspots")
    rows = [[text(a), text(b)] for a, b in zip(data["YEAR"], data["SUNACTIVITY"], strict=True)]
    return statsmodels_series(
        "sunspots", "sunspots.csv", [["year", "sunspots"], *rows],
        "National Geophysical Data Center", "sunspot number, mean of the year", "1 year",
    )  # fmt: skip


def nile() -> Series:
    data = frame("nile")
    rows = [[text(a), text(b)] for a, b in zip(data["year"], data["volume"], strict=True)]
    return statsmodels_series(
        "nile", "nile.csv", [["year", "volume"], *rows],
        "Cobb 1978: flow of the Nile at Aswan", "10^8 cubic metres a year", "1 year",
    )  # fmt: skip


def elnino() -> Series:
    data = frame("elnino").set_index("YEAR")
    rows = [
        [f"{int(year)}-{month + 1:02d}-01", text(value)]
        for year, values in data.iterrows()
        for month, value in enumerate(values)
    ]
    return statsmodels_series(
        "elnino", "elnino.csv", [["date", "temperature"], *rows],
        "NOAA, ERSST.V3B, Nino 1+2: sea surface of the eastern Pacific; "
        "one row a month, where the package has one a year",
        "degrees Celsius", "1 month",
    )  # fmt: skip


def macrodata() -> Series:
    data = frame("macrodata")
    names = [name for name in data.columns if name not in ("year", "quarter")]
    rows = [
        [f"{int(row['year'])}-{3 * int(row['quarter']) - 2:02d}-01", *map(text, row[names])]
        for _, row in data.iterrows()
    ]
    return statsmodels_series(
        "macrodata", "macrodata.csv", [["date", *names], *rows],
        "FRED, Federal Reserve Bank of St. Louis, and Bureau of Labor Statistics (unemp): economy "
        "of the United States; the date is the first day of the quarter",
        "billions of chained 2005 US$ (realgdp, realcons, realinv, realgovt, realdpi), "
        "1982-84 = 100 (cpi), billions of US$ (m1), % (tbilrate, unemp, infl, realint), "
        "millions (pop)",
        "1 quarter",
    )  # fmt: skip


def electrical() -> Series:
    data = frame("elec_equip")
    rows = [[str(day.date()), text(value)] for day, value in data.iloc[:, 0].items()]
    return statsmodels_series(
        "elec_equip", "electrical.csv", [["date", "turnover"], *rows],
        "Eurostat: turnover of the makers of electrical equipment, euro area, adjusted for working "
        "days",
        "index", "1 month",
    )  # fmt: skip


def danish_money() -> Series:
    data = frame("danish_data")
    rows = [[str(day.date()), *map(text, row)] for day, row in data.iterrows()]
    return statsmodels_series(
        "danish_data", "danish_money.csv", [["date", *data.columns], *rows],
        "Johansen and Juselius 1990: demand for money in Denmark; the date is the first day of the "
        "quarter",
        "logarithms of real money (lrm), real income (lry), prices (lpy); rates of bonds (ibo) "
        "and deposits (ide)",
        "1 quarter",
    )  # fmt: skip


def river_series(name: str, rows: Table, of: str, origin: str, unit: str, step: str) -> Series:
    licence = "none stated for the series; river itself is BSD-3-Clause"
    return Series(name, rows, f"river.datasets.{of}", origin, licence, unit, step)


def river_rows(of: str) -> Table:
    """Fields of a file of river, as it is written there."""
    dataset = getattr(importlib.import_module("river.datasets"), of)()
    data = Path(dataset.path).read_bytes()
    lines = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode().splitlines()
    return [[field.strip('"') for field in line.split(",")] for line in lines]


def airline() -> Series:
    return river_series(
        "airline.csv", river_rows("AirlinePassengers"), "AirlinePassengers",
        "Box and Jenkins: passengers of international airlines, 1949 to 1960",
        "thousands a month", "1 month",
    )  # fmt: skip


def water_flow() -> Series:
    _, *rows = river_rows("WaterFlow")
    return river_series(
        "water_flow.csv", [["time", "flow"], *rows], "WaterFlow",
        "Tecnojest s.r.l.: a branch of a pipeline; times have their offset from UTC, through a "
        "change to summer time; hours that were not recorded are left out, as in the package",
        "litres a second", "1 hour",
    )  # fmt: skip


def trump_approval() -> Series:
    header, *rows = river_rows("TrumpApproval")
    dated = [[str(date.fromordinal(int(day))), *row] for day, *row in rows]
    return river_series(
        "trump_approval.csv", [["date", *header[1:]], *dated], "TrumpApproval",
        "FiveThirtyEight: approval of the president in its model (five_thirty_eight) and in five "
        "polls; the package counts days from the year 1",
        "%", "1 day",
    )  # fmt: skip


ALL = (
    airline,
    co2,
    danish_money,
    electrical,
    elnino,
    macrodata,
    nile,
    sunspots,
    trump_approval,
    water_flow,
)


def csv_bytes(rows: Table) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def sources(all_series: list[Series]) -> Iterator[str]:
    """Lines of SOURCES.md."""
    yield "# Where the bundled series come from"
    yield ""
    yield "Written by `experiments/export_data.py` from series that ship inside two packages."
    yield ""
    yield f"Versions: statsmodels {version('statsmodels')}, river {version('river')}"
    for series in all_series:
        header, *rows = series.rows
        yield ""
        yield f"## {series.name}"
        yield f"- from: `{series.package}`"
        yield f"- origin: {series.origin}"
        yield f"- licence, as the package states it: {series.licence}"
        yield f"- columns: {', '.join(header)}"
        yield f"- rows: {len(rows)}"
        yield f"- missing: {sum(field == '' for row in rows for field in row)}"
        yield f"- unit: {series.unit}"
        yield f"- step: {series.step}"
        yield f"- sha256: {hashlib.sha256(csv_bytes(series.rows)).hexdigest()}"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    all_series = [make() for make in ALL]
    for series in all_series:
        (folder / series.name).write_bytes(csv_bytes(series.rows))
    (folder / "SOURCES.md").write_text("\n".join(sources(all_series)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
