"""A query on a local Spark that may be killed: rows come in files, and what is said goes to files.

    python tests/spark_queries.py FOLDER

walks through what has come in FOLDER/in, one file to a micro-batch, and ends. Killed and started
again, it goes on from FOLDER/kept; what was said lies in FOLDER/said.
"""

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast import LightForecaster
from forecast.interop.spark import STORE, forecasts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

SCHEMA = "key string, at timestamp, y double"
HOW = {"series": "key", "time": "at", "target": "y", "step": "1 hour"}
# Java compiles itself less, and Spark its queries not at all: for those that end soon
BRIEF = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": False,
}
PATIENCE = 600.0  # seconds, of a machine that has other things to do


def session(**options: Any) -> "SparkSession":
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
        **options,
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


def heard_in_all(folder: Path) -> pd.DataFrame:
    """All rows of all files, also of those that a killed query had written and writes again.

    A file whose writing was killed lacks its end, and is on no list.
    """
    files = (folder / "said").glob("*.parquet")
    whole = [path for path in files if path.read_bytes()[-4:] == b"PAR1"]
    return pd.concat([pd.read_parquet(path) for path in whole])


def committed(folder: Path) -> int:
    """Micro-batches that are done."""
    return sum(path.name.isdigit() for path in (folder / "kept" / "commits").glob("*"))


def killed(folder: Path, rng: Random, kills: int, within: float) -> Iterator[int]:
    """Kill the query at random instants, and start it again; the last start is the caller's.

    Every third time it is killed while it starts, otherwise within some seconds after its first
    micro-batch. Yields how many micro-batches were done at each kill.
    """
    for kill in range(kills):
        child, began = start(folder), time.monotonic()
        before = committed(folder)
        while kill % 3 != 2 and committed(folder) == before and child.poll() is None:
            time.sleep(0.05)
            assert time.monotonic() - began < PATIENCE
        time.sleep(rng.uniform(0.0, within))
        os.killpg(child.pid, signal.SIGKILL)  # the virtual machine of Java with it
        assert child.wait() == -signal.SIGKILL, "it had ended by itself: let more come"
        yield committed(folder)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    """The query in a process group of its own."""
    command = [sys.executable, "-W", "ignore", __file__, str(folder)]
    log = (folder / "log").open("ab")
    with log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    query(session(**BRIEF), Path(sys.argv[1])).awaitTermination()
