"""The last rows of a stream, for those who watch it.

The loop only appends to a bounded queue. Who watches empties it: each row is written down once,
for all, and kept while it is among the last ones. So the loop does the same whether nobody watches
or many do, and what nobody took in time is gone.
"""

import json
import math
import re
import secrets
from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from forecast.distribution.t4 import LEVELS
from forecast.live.answers import Answer
from forecast.measure import QUANTILE
from forecast.terminal import printable

LAST = 300  # rows
ALARMS = 20
AHEAD = 100  # horizons at most; of more every second, third, ... is shown
RETRY = 1000  # milliseconds until a viewer whose connection broke comes again
LONGEST = 200  # letters of a name
# the median, and the ends of the intervals that hold 50 and 90 %
SHOWN = [QUANTILE + LEVELS.index(level) for level in (0.05, 0.25, 0.5, 0.75, 0.95)]
LOW90, LOW50, _, HIGH50, HIGH90 = range(len(SHOWN))


class Counts(NamedTuple):
    """What came of the rows of a run so far."""

    rows: int = 0
    answered: int = 0  # forecasts at the nearest horizon
    in50: int = 0
    in90: int = 0
    alarms: int = 0


class Seen(NamedTuple):
    """A row, and the quantiles of what was then said of the nearest horizon."""

    row: int
    time: str
    y: float
    surprise: float
    rate: float
    tail: float | None
    alarm: bool
    quantiles: list[float]

    def json(self) -> str:
        """All of it as a list of JSON, without one within."""
        row, time, *measured, quantiles = self
        return f"[{row},{json.dumps(time)},{numbers([*measured, *quantiles])}]"


class Latest(NamedTuple):
    """What is of interest of the last row only."""

    row: int
    coming: np.ndarray  # [horizons, LONG]
    times: Sequence[str | None]  # of each horizon
    counts: Counts


class News(NamedTuple):
    """What is new to a viewer.

    Attributes
    ----------
    place : int
        The last row that he has been told with it.
    event : bytes
        Empty where there is nothing.
    """

    place: int
    event: bytes


class Window:
    """The last rows of a run, and what came of all of them.

    Parameters
    ----------
    source : str
        Name of the input.
    horizons : sequence of int
    alert : (str, float) or None
        When an alarm is raised: from so many ``nats`` on, or at a share ``p`` of all points.

    Attributes
    ----------
    run : str
        Tells this run from those that were served at the same address before.
    """

    def __init__(
        self, source: str, horizons: Sequence[int], alert: tuple[str, float] | None
    ) -> None:
        self.run = secrets.token_hex(4)
        self._horizons = list(horizons)
        self._about = {"source": printable(source), "horizons": self._horizons, "alert": alert}
        # the loop's side
        self._names: tuple[str, str | None] = "", None
        self._queue: deque[Seen] = deque(maxlen=LAST)
        nothing = [math.nan] * len(SHOWN)
        self._asked = deque([nothing] * horizons[0], horizons[0])  # quantiles that wait for a row
        self._counts = Counts()
        # replaced, never changed
        self._alarms: tuple[Seen, ...] = ()
        self._latest: Latest | None = None
        # the viewers' side, had by one of them at a time
        self._lock = Lock()
        self._written: deque[tuple[int, str]] = deque(maxlen=LAST)
        self._end = ""  # of an event: what is said of the last row only

    # ---- the loop's side ----------------------------------------------------------------------

    def name(self, target: str, time: str | None) -> None:
        """Name the column that is forecast, and that of the time (None where rows are instants)."""
        self._names = target, time

    def put(self, answer: Answer, time: str, times: Sequence[str | None]) -> None:
        """Take note of a row; the next one is that after it."""
        asked, y = self._asked[0], answer.y
        nearest = answer.coming[0, SHOWN].tolist()
        self._asked.append(nearest)
        rows, answered, in50, in90, alarms = self._counts
        known = not (math.isnan(y) or math.isnan(asked[LOW90]))
        self._counts = Counts(
            rows + 1,
            answered + known,
            in50 + (asked[LOW50] <= y <= asked[HIGH50]),
            in90 + (asked[LOW90] <= y <= asked[HIGH90]),
            alarms + answer.alarm,
        )
        measured = y, answer.surprise, answer.rate, answer.tail, answer.alarm
        seen = Seen(answer.row, time, *measured, nearest)
        if answer.alarm:
            self._alarms = (*self._alarms, seen)[-ALARMS:]
        self._queue.append(seen)
        self._latest = Latest(answer.row, answer.coming, times, self._counts)

    # ---- the viewers' side --------------------------------------------------------------------

    def place_of(self, event: str) -> int:
        """The row that an event has told last, by its id; -1 where it is of no event of this run.

        Examples
        --------
        >>> window = Window("x.csv", (1,), None)
        >>> window.place_of(f"{window.run}.41"), window.place_of("0badf00d.41"), window.place_of("")
        (41, -1, -1)
        """
        run, _, row = event.partition(".")
        return int(row) if run == self.run and re.fullmatch("[0-9]{1,18}", row) else -1

    def greeting(self, place: int) -> bytes:
        """What a viewer is told first: what this is, and whether it is all new to him."""
        alarms = ",".join(seen.json() for seen in self._alarms)
        about = json.dumps({**self._about, "anew": place < 0})[:-1]
        return f'retry: {RETRY}\nevent: hello\ndata: {about},"alarms":[{alarms}]}}\n\n'.encode()

    def since(self, place: int) -> News:
        """What has come after a row, as far as it is still there."""
        with self._lock:
            self._write_down()
            if not self._written or self._written[-1][0] <= place:
                return News(place, b"")
            rows = []
            for row, text in reversed(self._written):
                if row <= place:
                    break
                rows.append(text)
                first = row
            last, end = self._written[-1][0], self._end
        skipped = first - place - 1 if place >= 0 else 0
        told = f'{{"skipped":{skipped},"rows":[{",".join(reversed(rows))}],{end}}}'
        return News(last, f"id: {self.run}.{last}\ndata: {told}\n\n".encode())

    def _write_down(self) -> None:
        """Write down what the loop has put there meanwhile."""
        latest = self._latest
        if latest is None or (self._written and self._written[-1][0] == latest.row):
            return
        # what is appended to a full queue drops its first: it is never found empty here
        while self._queue and self._queue[0].row <= latest.row:
            seen = self._queue.popleft()
            self._written.append((seen.row, seen.json()))
        names = json.dumps([printable(name or "")[:LONGEST] for name in self._names])
        coming, counts = self._coming(latest), json.dumps(latest.counts)
        self._end = f'"coming":{coming},"counts":{counts},"names":{names}'

    def _coming(self, latest: Latest) -> str:
        """What is said of the rows to come, as JSON: number, time and quantiles of each."""
        every = -(-len(self._horizons) // AHEAD)
        horizons, times = self._horizons[::every], latest.times[::every]
        each = zip(horizons, times, latest.coming[::every, SHOWN].tolist(), strict=True)
        row = latest.row
        told = (f"[{row + h},{json.dumps(time)},{numbers(values)}]" for h, time, values in each)
        return f"[{','.join(told)}]"


def numbers(values: Sequence[float | None]) -> str:
    """Members of a list of JSON, null where they are no numbers.

    Examples
    --------
    >>> numbers([2.5, math.nan, None, -math.inf, True])
    '2.5,null,null,null,1'
    """
    known = (value is not None and math.isfinite(value) for value in values)
    return ",".join(f"{value:.9g}" if k else "null" for k, value in zip(known, values, strict=True))
