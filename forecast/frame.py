"""The tables that people hold: of pandas, and of what else narwhals knows, as polars or pyarrow.

Narwhals speaks to all of them, brings none along, and is imported where a table comes in that is
not of pandas or numpy.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.installed import wanted

Floats = NDArray[np.float64]
KNOWN = ("builtins", "numpy", "pandas")  # libraries whose things need nobody who speaks to them


def known_to_narwhals(table: Any) -> Any:
    """A table or series as narwhals has it, read whole; None if it is none, or one of pandas.

    Examples
    --------
    >>> known_to_narwhals([1.0, 2.0]) is None
    True
    """
    library = type(table).__module__.partition(".")[0]
    if library in KNOWN:
        return None
    with wanted("narwhals", f"read what is of {library}"):
        import narwhals as nw
    native = nw.to_native(table, pass_through=True)
    found = nw.from_native(native, pass_through=True, allow_series=True)
    if isinstance(found, nw.LazyFrame):
        found = found.collect()
    return found if isinstance(found, (nw.DataFrame, nw.Series)) else None


def numbers_of(table: Any) -> Floats:
    """The numbers of an array, a table or a series: float64 [n] or [n, columns], NaN where missing.

    Parameters
    ----------
    table : array_like, or a table or series of any library that narwhals knows

    Raises
    ------
    TypeError
        If a column of a table holds no numbers.

    Examples
    --------
    >>> import narwhals as nw
    >>> import pandas as pd
    >>> numbers_of(nw.from_native(pd.DataFrame({"a": [1, 2], "b": [0.5, None]})))
    array([[1. , 0.5],
           [2. , nan]])
    """
    found = known_to_narwhals(table)
    if found is None:
        return np.asarray(table, float)
    if hasattr(found, "columns"):
        columns = [_column(found[name]) for name in found.columns]
        return np.column_stack(columns) if columns else np.empty((0, 0))
    return _column(found)


def _column(series: Any) -> Floats:
    """The numbers of a series of narwhals."""
    import narwhals as nw

    if not (series.dtype.is_numeric() or series.dtype == nw.Boolean):
        raise TypeError(
            f"column {series.name!r} holds {series.dtype}, no numbers: choose the columns that do"
        )
    numbers: Floats = np.asarray(series.cast(nw.Float64()).to_numpy(), float)
    return numbers


def written_by_narwhals(table: Any, path: str | os.PathLike[str]) -> str | None:
    """Write a table or series as a CSV.

    Returns
    -------
    str or None
        The column of its times, where it has exactly one of dates or times; None where it has not.

    Raises
    ------
    TypeError
        If it is no table that narwhals knows.
    """
    import narwhals as nw

    found = known_to_narwhals(table)
    if found is None:
        got = type(table).__name__
        raise TypeError(f"expected a path or a table; got {got}: make it one, as pandas.Series(y)")
    if isinstance(found, nw.Series):
        found = found.alias(found.name or "y").to_frame()
    if len(found.columns) == 1:  # a row that is empty would be none
        found = found.with_columns(nw.all().fill_null(float("nan")))
    found.write_csv(os.fspath(path))
    times = [name for name, dtype in found.schema.items() if dtype.is_temporal()]
    return times[0] if len(times) == 1 else None
