"""An answer as one line of JSON."""

import math
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted

from forecast.distribution.t4 import LEVELS
from forecast.live.answers import Answer
from forecast.measure import MEAN, QUANTILE

# the median and the intervals that hold 50, 80, 90 and 95 %
SHOWN = {
    "q025": 0.025,
    "q05": 0.05,
    "q10": 0.1,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q90": 0.9,
    "q95": 0.95,
    "q975": 0.975,
}
COLUMNS = [MEAN, *(QUANTILE + list(LEVELS).index(level) for level in SHOWN.values())]
UNKNOWN = re.compile(r'(?<=\w"):-?(?:nan|inf)')  # after a name: a text may hold the same letters


class Text:
    """Writes answers about a series and these horizons.

    Parameters
    ----------
    horizons : sequence of int
    tails : bool
        Whether to say how rare a surprise is.
    alarms : bool
        Whether to say if it raises an alarm.

    Examples
    --------
    >>> import json
    >>> import numpy as np
    >>> text = Text((1,), tails=False, alarms=False)
    >>> answer = Answer(7, 2.5, np.full((1, 28), 3.0))
    >>> json.loads(text.of(answer, "7", ["8"]))["forecasts"][0]["median"]
    3
    """

    def __init__(self, horizons: Sequence[int], tails: bool, alarms: bool) -> None:
        numbers = ",".join(f'"{name}":%.9g' for name in ("mean", *SHOWN))
        each = [f'{{"horizon":{horizon},"time":%s,{numbers}}}' for horizon in horizons]
        rarity = ',"tail":%s' * tails + ',"alarm":%s' * alarms
        self._tails, self._alarms = tails, alarms
        self._template = (
            f'{{"row":%d,"time":%s,"y":%.9g,"surprise":%.9g,"rate":%.9g{rarity},'
            f'"forecasts":[{",".join(each)}]}}\n'
        )

    def of(self, answer: Answer, time: str, times: Sequence[str | None]) -> bytes:
        """The line of an answer at a time, with the times of what comes, None where unknown."""
        measured = [answer.y, answer.surprise, answer.rate]
        values: list[object] = [answer.row, quoted(time), *measured]
        if self._tails:
            values.append("null" if answer.tail is None else f"{answer.tail:.4g}")
        if self._alarms:
            values.append("true" if answer.alarm else "false")
        coming = answer.coming.take(COLUMNS, axis=1).tolist()
        for at, numbers in zip(times, coming, strict=True):
            values.append("null" if at is None else quoted(at))
            values += numbers
        line = self._template % tuple(values)
        # where one of them is no number the sum is none
        known = math.isfinite(sum(map(sum, coming), sum(measured)))
        return (line if known else UNKNOWN.sub(":null", line)).encode()
