"""Numbers of a CSV, read once, strictly and in bounded memory."""

from forecast.clock import Step, season_of
from forecast.stream.csv_numbers import NumberStream, Rows, open_numbers
from forecast.stream.errors import StreamError

__all__ = ["NumberStream", "Rows", "Step", "StreamError", "open_numbers", "season_of"]
