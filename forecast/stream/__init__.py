"""Numbers of a CSV, read once, strictly and in bounded memory."""

from forecast.stream.csv_numbers import NumberStream, Rows, open_numbers
from forecast.stream.errors import StreamError
from forecast.stream.grid import Step, season_of

__all__ = ["NumberStream", "Rows", "Step", "StreamError", "open_numbers", "season_of"]
