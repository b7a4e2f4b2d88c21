"""Numbers of a CSV, read once, strictly and in bounded memory."""

from forecast.clock import Step, season_of
from forecast.stream.csv_numbers import NumberStream, open_numbers
from forecast.stream.errors import StreamError
from forecast.stream.exclusion import ExclusionError
from forecast.stream.rows import Rows

__all__ = [
    "ExclusionError",
    "NumberStream",
    "Rows",
    "Step",
    "StreamError",
    "open_numbers",
    "season_of",
]
