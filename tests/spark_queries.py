"""A query on a local Spark: rows come in files, and what is said of them goes to files."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast import LightForecaster
from forecast.interop.spark import STORE, forecasts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

SCHEMA = "key string, at timestamp, y double"
HOW = {"series": "key", "time": "at", "target": "y", "step": "1 hour"}


def session() -> "SparkSession":
    """A Spark on the two cores of this machine."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    said = {
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.session.timeZone": "UTC",
        **dict([STORE]),
        "spark.python.authenticate.socketTimeout": "600s",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in said.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def file_of(folder: Path, number: int, rows: pd.DataFrame) -> None:
    """Let rows come: a file takes its name when it is whole, and its time is its number."""
    beside, path = folder / "part", folder / "in" / f"{number:05d}.parquet"
    path.parent.mkdir(exist_ok=True, parents=True)
    rows.to_parquet(beside, index=False)
    os.utime(beside, (1e9 + number, 1e9 + number))
    beside.rename(path)


def query(spark: "SparkSession", folder: Path, make: Any = LightForecaster) -> "StreamingQuery":
    """A query over the files, one to a micro-batch; it ends when there are no more."""
    come = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1)
    said = forecasts(come.parquet(str(folder / "in")), make, **HOW)
    writing = said.writeStream.trigger(availableNow=True)
    writing = writing.option("checkpointLocation", str(folder / "kept"))
    return writing.start(str(folder / "said"), format="parquet")


def states(spark: "SparkSession", folder: Path) -> dict[str, Any]:
    """The state of each key, as Spark keeps it."""
    reader = spark.read.format("statestore").option("stateVarName", "series")
    found = reader.load(str(folder / "kept")).select("key.series", "value.*").collect()
    return {row["series"]: row for row in found}


def heard(spark: "SparkSession", folder: Path) -> "DataFrame":
    """What was said, each row once: Spark keeps a list of the files that count."""
    return spark.read.parquet(str(folder / "said"))
