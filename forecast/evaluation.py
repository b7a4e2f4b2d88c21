"""A run from Python: of a file, or of a table that a notebook holds."""

import csv
import os
from argparse import Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from weakref import finalize

from forecast.clock import Step
from forecast.flow import KINDS, carried_out
from forecast.frame import written_by_narwhals
from forecast.installed import missing
from forecast.learner import checked_horizons
from forecast.options import options_for, refuse_options_of_others
from forecast.stream.errors import StreamError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from forecast.report import Report
    from forecast.report.panel import PanelReport
    from forecast.report.symbols import SymbolReport

READING = (
    "delimiter",
    "decimal",
    "thousands",
    "missing",
    "duplicates",
    "unsorted",
    "time_format",
    "gather",
)


def evaluate(
    data: "str | os.PathLike[str] | DataFrame | Series[Any]",
    target: str | Sequence[str] = (),
    horizon: int | Sequence[int] = 1,
    *,
    kind: str = "numbers",
    labels: tuple[str, str] | None = None,
    time: str | None = None,
    season: int | str = "auto",
    known: str | Sequence[str] = (),
    context: str | Sequence[str] = (),
    bounds: tuple[float | None, float | None] = (None, None),
    step: str | None = None,
    exclude: str | Sequence[str] = (),
    series: str | None = None,
    wide: bool = False,
    taught: bool = False,
    learner: str = "light",
    workers: int | None = None,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    **reading: Any,
) -> "Report | SymbolReport | PanelReport":
    """Forecast every value of a series, word or label before it is learned, and report.

    What ``forecast run`` does. A table is written as a CSV and read like any other: there is one
    reader, and it refuses the same things.

    Parameters
    ----------
    data : path, or a table or series
        Of pandas the index is the time, if it is one of times or has a name; of polars, pyarrow and
        whatever else narwhals knows, the only column of dates or times. Words and labels are read
        from a file.
    target : str or sequence of str
        Columns to forecast; by default the only one of numbers.
    horizon : int or sequence of int
        Observations ahead.
    kind : {"numbers", "words", "bytes", "labels"}
        What is forecast: numbers of a table, words of a text, labels of messages.
    labels : (str, str), optional
        The negative and the positive label; the two that are found, by default.
    time : str, optional
        Column of times.
    season : int or "auto"
        Steps after which the pattern comes back, 0 for none.
    known, context : str or sequence of str
        Columns beside it: known ahead, and seen with the value.
    bounds : (float or None, float or None)
        The least and the greatest value that can be.
    step : str, optional
        Time between two rows, as "30 minutes"; that of the first two by default.
    exclude : str or sequence of str
        Ranges of time, FROM..TO, whose values are taken for missing.
    series : str, optional
        Column that says of which series a row is: each then has a learner of its own.
    wide : bool
        Each column of numbers, or each that ``target`` names, is such a series.
    taught : bool
        A series that begins later than others begins with what they have in common.
    learner : {"light", "full"}
        Of each of many series.
    workers : int, optional
        Threads that many series are shared by; one for each core by default.
    out : path, optional
        Directory for the files; one that goes with the report by default.
    force : bool
        Replace the run that ``out`` holds.
    **reading
        How a file is read, as the command's options: delimiter, decimal, thousands, missing,
        duplicates, unsorted, time_format, gather.

    Returns
    -------
    Report, SymbolReport or PanelReport
        With ``scores``, ``predictions`` and ``forecast`` as tables, ``verdict``, ``plot(kind)``
        and ``to_html(path)``; of numbers, of words or labels, and of many series, whose
        predictions are not kept.

    Raises
    ------
    StreamError
        If the data cannot be read one way only.
    ValueError
        If an argument is out of range, or about another kind.
    TypeError
        At a name that is no option, and at a table of words or labels.
    ModuleNotFoundError
        Where a library is missing; it says what to install.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=120, name="day")
    >>> frame = pd.DataFrame({"sold": [5.0, 3.0, 4.0, 6.0, 8.0, 12.0, 9.0] * 17 + [5.0]}, days)
    >>> report = evaluate(frame, horizon=(1, 7))
    >>> report.scores.loc[("sold", 7), "n"], round(report.forecast["median"].iloc[0])
    (np.int64(113), 3)
    """
    if sentence := missing("evaluate", terminal=False):
        raise ModuleNotFoundError(sentence)
    if unknown := set(reading) - set(READING):
        raise TypeError(
            f"evaluate has no option {' or '.join(sorted(unknown))}; of how a file is read it has "
            f"{', '.join(sorted(READING))}"
        )
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: say one of {', '.join(KINDS)}")
    horizons = checked_horizons((horizon,) if isinstance(horizon, int) else tuple(horizon))
    said = {
        "kind": kind,
        "labels": labels,
        "target": listed(target),
        "time": time,
        "season": season,
        "known": listed(known),
        "context": listed(context),
        "bounds": bounds,
        "step": None if step is None else Step.named(step),
        "exclude": listed(exclude),
        "series": series,
        "wide": wide,
        "taught": taught,
        "learner": learner,
        "workers": workers,
        "force": force,
        **reading,
    }
    folder = Path(mkdtemp(prefix="forecast-"))
    try:
        given = isinstance(data, (str, os.PathLike))
        if not given and kind != "numbers":
            raise TypeError(f"{kind} are read from a file: name its path")
        source = os.fspath(data) if given else written(data, folder / "table.csv", said)  # type: ignore[arg-type]
        where = folder / "run" if out is None else Path(out)
        usual = vars(options_for(source))
        asked = Namespace(**{**usual, **said, "horizon": horizons, "out": where})
        refuse_options_of_others(asked)
        named: dict[str, Any] = {"series": series, "wide": wide, "taught": taught, "target": target}
        named |= {"horizon": horizon, "season": season}
        named |= {"labels": labels}
        report = quietly(
            asked, {**({} if kind == "numbers" else {"kind": kind}), **named, **reading}
        )
        if not given:
            lay_beside(report, data, source)
    except StreamError as error:
        rmtree(folder, ignore_errors=True)
        if not given and error.source == source:
            error.rename("the table, as a CSV with a header")
        raise
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    finalize(report, rmtree, folder, ignore_errors=True)  # it goes with its report
    return report


def quietly(asked: Namespace, arguments: dict[str, Any]) -> "Report | SymbolReport | PanelReport":
    """Carry out a run without a word."""
    named = ", ".join(f"{name}={value!r}" for name, value in arguments.items() if value)
    report: Report | SymbolReport | PanelReport
    report, _ = carried_out(
        asked,
        f"forecast.evaluate({named})",
        say=lambda sentence: None,
        progress=lambda stream: nullcontext(lambda rows: None),
    )
    return report


def listed(names: str | Sequence[str]) -> list[str]:
    """One name, or several, as a list."""
    return [names] if isinstance(names, str) else list(names)


def lay_beside(report: Any, data: Any, source: str) -> None:
    """Tell the report of one table the index of it, and what the run's files call its rows."""
    import pandas as pd

    from forecast.report import Report

    if not isinstance(report, Report) or not isinstance(data, (pd.DataFrame, pd.Series)):
        return
    report.index = data.index
    report.stamps = partial(stamps_in, source, report.record["time"])


def stamps_in(source: str, time: str | None) -> list[str]:
    """The text of the time of each row of a CSV; the number of the row where it has none."""
    with Path(source).open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows)
        place = header.index(time) if time in header else None
        return [str(t) if place is None else row[place] for t, row in enumerate(rows)]


def written(table: "DataFrame | Series[Any]", path: Path, said: dict[str, Any]) -> str:
    """Write a table as a CSV, its index as the time if it is one; returns where."""
    import pandas as pd

    if isinstance(table, pd.Series):
        table = table.to_frame(table.name if table.name is not None else "y")
    if not isinstance(table, pd.DataFrame):
        times_of_it = written_by_narwhals(table, path)
        said["time"] = said["time"] or times_of_it
        return os.fspath(path)
    index = table.index
    times = isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)) or index.name is not None
    if times and said["time"] is None:
        said["time"] = str(index.name or "time")
        table = table.rename_axis(said["time"])
    table.to_csv(path, index=times)
    return os.fspath(path)
