"""The account of a run: what was asked and answered, whether it looked ahead, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.report.scores import Entry


def questions(rows: int, scores: Sequence[Entry]) -> list[dict[str, Any]]:
    """What became of the questions that were asked: one of each series and horizon at each row.

    A question is *open* if its answer lies past the end; *without an answer* if the value that
    would have answered it was missing, excluded, refused or out of bounds, or if nothing was
    known yet when it was asked.

    Examples
    --------
    >>> questions(100, [{"series": "y", "horizon": 12, "n": 80}])
    [{'series': 'y', 'horizon': 12, 'asked': 100, 'answered': 80, 'open': 12, 'unanswered': 8}]
    """
    found = []
    for entry in scores:
        still = min(rows, entry["horizon"])
        found.append(
            {
                "series": entry["series"],
                "horizon": entry["horizon"],
                "asked": rows,
                "answered": entry["n"],
                "open": still,
                "unanswered": max(0, rows - still - entry["n"]),
            }
        )
    return found


def looked_ahead(test: Mapping[str, Any]) -> str:
    """What the test of the very run found, in a sentence.

    Examples
    --------
    >>> print(looked_ahead({"held": True, "rows": 302, "cuts": [100, 201], "forecasts": 298,
    ...                     "changed": 0}))
    Held: 298 forecasts of the first 302 rows were made again by a new learner of the same \
options, to which other values came from row 100 or 201 on; each was the same, bit for bit. What \
comes later changes no earlier forecast.
    """
    if test["held"] is None:
        return "Not tested: the series is too short, or no value could be made another one."
    again = (
        f"{test['forecasts']:,} forecasts of the first {test['rows']:,} rows were made again by a "
        "new learner of the same options, to which other values came from row "
        f"{' or '.join(f'{cut:,}' for cut in test['cuts'])} on"
    )
    if test["held"]:
        same = "each was the same, bit for bit"
        return f"Held: {again}; {same}. What comes later changes no earlier forecast."
    return (
        f"BROKEN: {again}, and {test['changed']:,} of them were others. This forecaster knew what "
        "was still to come: its scores are worth nothing."
    )
