"""What was found in the course of a stream, as ``scores.json`` holds it."""

from typing import Any

import numpy as np

from forecast.report.adapting import Episode, Return, episodes, returns
from forecast.report.changes import Stretch, changes, stretches
from forecast.report.course import Blocks, Course

Finding = dict[str, Any]  # of one series at one horizon


def findings(course: Course) -> list[Finding]:
    """Changes, what they cost, what returned, what surprised most, and who was listened to last.

    One entry for each watched series and horizon that was answered. Rows are numbered from 0;
    times are those of the first answer of a block.
    """
    return [finding(blocks, course) for blocks in course.blocks()]


def finding(blocks: Blocks, course: Course) -> Finding:
    """What was found in one series at one horizon."""
    found = episodes(blocks, changes(blocks))
    _, weights = course.weights.of(blocks.series, blocks.horizon)
    return {
        "series": blocks.series,
        "horizon": blocks.horizon,
        "rows_per_block": blocks.length,
        "expects": bool(np.isfinite(blocks.expected).any()),
        "changes": [change_entry(blocks, one) for one in found],
        "returns": [return_entry(blocks, one) for one in returns(blocks, found)],
        "stretches": [stretch_entry(blocks, one) for one in stretches(blocks)],
        "weights": {name: float(values[-1]) for name, values in weights.items()},
    }


def change_entry(blocks: Blocks, one: Episode) -> dict[str, Any]:
    """A change: when it began, was noticed and recovered from, and what it cost."""
    began, noticed = one.change.began, one.change.noticed
    return {
        "began": time_of(blocks, began),
        "began_row": int(blocks.rows[began]),
        "noticed": time_of(blocks, noticed),
        "noticed_row": int(blocks.rows[noticed]),
        "recovered": time_of(blocks, one.stop) if one.recovered else None,
        "until_row": row_of(blocks, one.stop),
        "points": one.points,
        "excess_loss": one.loss,
        "surprise_before": one.before,
        "level": one.level,
    }


def return_entry(blocks: Blocks, one: Return) -> dict[str, Any]:
    """A regime that came back, beside its first visit."""
    return {
        "first": time_of(blocks, one.first[0]),
        "first_row": int(blocks.rows[one.first[0]]),
        "again": time_of(blocks, one.again[0]),
        "again_row": int(blocks.rows[one.again[0]]),
        "answers": one.answers,
        "first_surprise": one.first_surprise,
        "surprise": one.surprise,
    }


def stretch_entry(blocks: Blocks, one: Stretch) -> dict[str, Any]:
    """A stretch that surprised: from its first block to its last."""
    return {
        "from": time_of(blocks, one.start),
        "to": end_of(blocks, one.stop),
        "first_row": int(blocks.rows[one.start]),
        "last_row": row_of(blocks, one.stop) - 1,
        "answers": int(blocks.count[one.start : one.stop].sum()),
        "surprise": one.surprise,
        "expected": one.expected,
    }


def row_of(blocks: Blocks, block: int) -> int:
    """The first row of a block, or the row after the last."""
    return int(blocks.rows[0]) + block * blocks.length


def end_of(blocks: Blocks, stop: int) -> str:
    """The time of the last answer before a block; of longer blocks, that of the block itself."""
    if blocks.length > 1 and stop < len(blocks.times):
        return time_of(blocks, stop)
    return time_of(blocks, stop - 1, back=True)


def time_of(blocks: Blocks, block: int, back: bool = False) -> str:
    """The time of the first answer in a block, or in the nearest one after (before) that has any.

    Examples
    --------
    >>> n, values = np.arange(3), np.zeros(3)
    >>> blocks = Blocks("y", 1, 1, n, ["a", "", "c"], *[values] * 5)
    >>> time_of(blocks, 1), time_of(blocks, 1, back=True)
    ('c', 'a')
    """
    around = blocks.times[block::-1] if back else blocks.times[block:]
    return next((time for time in around if time), "")
