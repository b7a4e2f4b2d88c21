"""Spark: a learner for each key of a stream that never ends, and back-tests of tables of series.

::

    from pyspark.sql import SparkSession
    from forecast import LightForecaster
    from forecast.interop.spark import STORE, backtest, forecasts

    spark = SparkSession.builder.config(*STORE).getOrCreate()
    how = {"series": "shop", "time": "day", "target": "sold", "step": "1 day"}
    sold = spark.readStream.schema("shop string, day date, sold double").parquet("sold")
    said = forecasts(sold, LightForecaster, **how)
    query = said.writeStream.option("checkpointLocation", "kept").start("said", format="parquet")
    backtest(spark.read.parquet("sold"), LightForecaster, **how).show()

Each series gets the bits that ``forecast.run`` gives it alone, in whatever micro-batches its rows
come. A query that was killed goes on from its checkpoint location, where Spark keeps the state of
each key: the two flat arrays of its learner, the questions that wait, its place in time. It takes
Java 17 or later, and ``pip install 'forecast[spark]'`` for the driver and for all that work for it;
PYSPARK_PYTHON says which Python those have.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.clock import DAY, Step, season_of
from forecast.installed import wanted
from forecast.interop.keyed import (
    AT,
    HORIZON,
    ISSUED,
    MEASURED,
    NAMELESS,
    SAID,
    SAYS,
    WHAT,
    Make,
    Place,
    Series,
    Told,
    filled,
    left_out,
)
from forecast.measure import ASKED_RATE, MEAN, QUANTILE, SURPRISE, Y
from forecast.panel.found import counted
from forecast.panel.panel import Panel
from forecast.panel.scores import LISTED, panel_scores
from forecast.report.predictions import QUANTILES
from forecast.report.scores import MEDIAN
from forecast.stream.grid import KEPT

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

# Spark keeps the states of such a query in no other store
STORE = (
    "spark.sql.streaming.stateStore.providerClass",
    "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
)
STATE = "floats binary, ints binary, waiting binary, place binary, rows bigint, sum binary"
AT_ONCE = 4096  # rows that are said in one field
COUNTS = ("observed", "missing", "refused", "left_out")


def forecasts(
    frame: "DataFrame", make: Make, *, series: str, time: str, target: str, step: str
) -> "DataFrame":
    """Forecast each series of a stream, or of a table, one step after the other.

    Parameters
    ----------
    frame : DataFrame
        Of Spark, streaming or not: a row for each series and time, in any order within a
        micro-batch.
    make : callable
        Makes a learner of one number, as ``LightForecaster``. A query begun with another one
        cannot go on.
    series, time, target : str
        Columns: which series, when (a timestamp, a date or a number), how much (null where
        missing).
    step : str
        Of the grid of all series: "1 hour", "day", "month", a number where times are numbers; or
        "rows" to take the rows of each micro-batch as they come, in order of time.

    Returns
    -------
    DataFrame
        ``what`` each row says, and the columns of ``predictions.csv``. "answer": a forecast and its
        answer, once each, whatever the micro-batches were. "next": what is forecast now, after the
        newest row of a series in a micro-batch. "left out: ...": a row of the input that was not
        learned, and why; no such row ends a query. Files that Spark writes hold each row once,
        whenever it was killed; of a sink that may get one twice, drop what is equal.

    Raises
    ------
    ModuleNotFoundError
        If what Spark needs is not installed; the sentence says what is to be.
    TypeError, ValueError
        If the learner, the step or the type of a column is none that can be used.
    """
    told, how = asked(frame, make, series, time, target, step)
    kind = told.schema["series"].dataType.simpleString()
    grouped = told.groupBy("series")
    working = Forecasting(make, *how)
    said = grouped.transformWithStateInPandas(
        working, f"series {kind}, said array<double>", outputMode="Append", timeMode="None"
    )
    return in_columns(said, frame.schema[time].dataType.simpleString())


def backtest(
    frame: "DataFrame",
    make: Make,
    *,
    series: str,
    time: str,
    target: str,
    step: str,
    season: int | None = None,
) -> "DataFrame":
    """Score the forecasts of each series of a table, asked one step after the other.

    Parameters
    ----------
    frame, make, series, time, target, step
        As of ``forecasts``; the table ends.
    season : int, optional
        Of the rival that repeats the last season; by default that of the step, 0 for none.

    Returns
    -------
    DataFrame
        A row for each series and horizon: the columns of ``scores.csv`` of a panel, and
        ``left_out``, rows that were not learned.

    Raises
    ------
    ModuleNotFoundError, TypeError, ValueError
        As ``forecasts``.
    """
    told, how = asked(frame, make, series, time, target, step)
    from pyspark.sql import functions as sql

    rival = season_of(how[0]) if season is None else season

    def scored(key: tuple[Any], rows: "pd.DataFrame") -> "pd.DataFrame":
        scores = scores_of(told_of([rows]), make, *how, season=rival)
        scores.insert(0, "series", key[0])
        return scores

    kind = told.schema["series"].dataType.simpleString()
    whole = ", ".join(f"{name} bigint" for name in ("horizon", *COUNTS, "n"))
    schema = f"series {kind}, {whole}, " + ", ".join(f"{name} double" for name in LISTED)
    scores = told.groupBy("series").applyInPandas(scored, schema)
    return scores.withColumns({name: sql.nanvl(name, sql.lit(None)) for name in LISTED})


def asked(
    frame: "DataFrame", make: Make, series: str, time: str, target: str, step: str
) -> tuple["DataFrame", tuple[Step, bool]]:
    """The rows as ``Told`` has them; the step, and whether times are plain numbers."""
    install = "'forecast[spark]'"
    with wanted("pyspark", "forecast on Spark", install):
        from pyspark.sql import functions as sql
        from pyspark.sql.types import DateType, NumericType, TimestampType
    for library in ("pyarrow", "google.protobuf"):
        with wanted(library.partition(".")[0], "forecast on Spark", install):
            import_module(library)
    Panel(make, workers=1).close()  # which refuses a learner that is not of one series
    parsed, kind, at = Step.named(step), frame.schema[time].dataType, sql.col(time)
    numbers = isinstance(kind, NumericType)
    if not isinstance(kind, (DateType, NumericType, TimestampType)):
        raise TypeError(f"{time} is a {kind.simpleString()}: cast it to timestamp, date or double")
    if parsed.unit != "row" and numbers != (parsed.unit == "number"):
        times = "plain numbers" if numbers else "dates or instants"
        raise ValueError(f"{time} holds {times}, which lie on no grid of step {step!r}")
    if not isinstance(frame.schema[target].dataType, NumericType):
        raise TypeError(f"{target} is no number: cast it to double")
    ahead = sql.lit(0)
    if isinstance(kind, TimestampType):
        here = sql.from_utc_timestamp(at, frame.sparkSession.conf.get("spark.sql.session.timeZone"))
        at, ahead = sql.unix_micros(at), sql.unix_micros(here) - sql.unix_micros(at)
    elif not numbers:
        at = sql.unix_date(at).cast("long") * DAY
    columns = {"at": at, "ahead": ahead, "y": sql.col(target)}
    told = (column.cast("double").alias(name) for name, column in columns.items())
    return frame.select(sql.col(series).alias("series"), *told), (parsed, numbers)


def told_of(rows: "Iterable[pd.DataFrame]") -> Told:
    """The rows of a series, which Spark brings in pieces."""
    pieces = [[piece[name].to_numpy(float) for name in Told._fields] for piece in rows]
    return Told(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


class Forecasting:
    """What Spark calls for the rows of each key of a micro-batch (its ``StatefulProcessor``).

    Parameters
    ----------
    make, step, numbers
        As of a ``Series``.
    """

    def __init__(self, make: Make, step: Step, numbers: bool) -> None:
        self.made_of = make, step, numbers

    @cached_property
    def one(self) -> Series:
        """The series that is told its rows: each in its turn."""
        return Series(*self.made_of)

    def init(self, handle: Any) -> None:
        """Be told where states are kept."""
        self.kept = handle.getValueState("series", STATE)

    def handleInputRows(  # noqa: N802
        self, key: tuple[Any], rows: "Iterator[pd.DataFrame]", timerValues: Any
    ) -> "Iterator[pd.DataFrame]":
        """Answer and learn the rows of a series."""
        import pandas as pd

        del timerValues
        told = told_of(rows)
        if key[0] is None or key[0] != key[0]:
            said = left_out(told, NAMELESS)
        else:
            state = self.kept.get()
            self.one.begin() if state is None else self.one.go_on(state)
            said = self.one.tell(told)
            self.kept.update(self.one.state())
        # all in one field, which is taken apart outside Python, where it costs less
        for start in range(0, len(said), AT_ONCE):
            part = said[start : start + AT_ONCE]
            yield pd.DataFrame({"series": [key[0]], "said": [part.ravel()]})

    def handleExpiredTimer(self, *_: Any) -> "Iterator[pd.DataFrame]":  # noqa: N802
        """Nothing happens where no rows come."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def scores_of(told: Told, make: Make, step: Step, numbers: bool, season: int) -> "pd.DataFrame":
    """The scores of one series, a row for each horizon."""
    import pandas as pd

    told, fate, ahead = Place(step, numbers).put(told)
    panel = Panel(make, season, workers=1)
    panel.learn({"": filled(told, fate, ahead)[1]})
    table = panel_scores(panel)
    counts = {name: int(each[0]) for name, each in counted(panel).items()}
    columns = {name: table[name][0] for name in ("n", *LISTED)}
    lost = int((fate != KEPT).sum())
    panel.close()
    return pd.DataFrame({"horizon": panel.horizons, **counts, "left_out": lost, **columns})


def in_columns(said: "DataFrame", time: str) -> "DataFrame":
    """What was said, in the columns of ``predictions.csv``; times are of the type that came."""
    from pyspark.sql import functions as sql

    def column(place: int) -> "Column":
        return sql.nanvl(sql.element_at("row", place + 1), sql.lit(None))

    count = (sql.size("said") / SAID).cast("int")
    rows = sql.transform(
        sql.sequence(sql.lit(1), count), lambda k: sql.slice("said", (k - 1) * SAID + 1, SAID)
    )
    at = column(AT)
    if time == "timestamp":
        at = sql.timestamp_micros(at.cast("long"))
    elif time == "date":
        at = sql.date_from_unix_date((at / DAY).cast("int"))
    places = {"y": Y, "mean": MEAN, "median": QUANTILE + MEDIAN}
    places |= {name: QUANTILE + k for k, name in enumerate(QUANTILES)}
    places |= {"surprise": SURPRISE, "rate": ASKED_RATE}
    texts = sql.array(*(sql.lit(text) for text in SAYS))
    return said.select("series", sql.explode(rows).alias("row")).select(
        sql.element_at(texts, column(WHAT).cast("int") + 1).alias("what"),
        at.cast(time).alias("time"),
        "series",
        column(HORIZON).cast("int").alias("horizon"),
        column(ISSUED).cast("long").alias("issued"),
        *(column(MEASURED + place).alias(name) for name, place in places.items()),
    )
