"""How far apart two instants are, and after how many of them a season returns."""

import re
from dataclasses import dataclass

SECOND = 1_000_000  # all lengths of time are whole microseconds
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND

# What a step is counted in: (its unit, how many of that unit)
NAMES: dict[str, tuple[str, int]] = {
    "second": ("second", SECOND),
    "minute": ("second", MINUTE),
    "hour": ("second", HOUR),
    "day": ("second", DAY),
    "week": ("second", 7 * DAY),
    "month": ("month", 1),
    "quarter": ("month", 3),
    "year": ("month", 12),
}
SHORT = {
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "d": "day", "w": "week",
    "y": "year",
}  # fmt: skip
LARGEST_SEASON = 400


@dataclass(frozen=True)
class Step:
    """The distance of neighbouring instants.

    Parameters
    ----------
    unit
        "second" (a fixed length of time), "month", "number" (plain numbers as times), or "row"
        (rows are taken as they come).
    size
        Microseconds, months, numbers, rows.

    Examples
    --------
    >>> Step.named("30 minutes"), str(Step("month", 3))
    (Step(unit='second', size=1800000000), '1 quarter')
    """

    unit: str
    size: float

    @classmethod
    def named(cls, text: str) -> "Step":
        """The step that a person wrote: "rows", "15 minutes", "month", "0.5"."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)?\s*([a-z]*)\s*", text.lower(), re.ASCII)
        count, word = match.groups() if match else (None, "")
        if count is None and word in ("row", "rows"):
            return cls("row", 1)
        if count and not word and float(count) > 0:
            return cls("number", float(count))
        word = SHORT.get(word, word.removesuffix("s"))
        size = float(count or 1) * NAMES[word][1] if word in NAMES else 0
        if size < 1 or size != int(size):
            raise ValueError(
                f"{text!r} is not a step: say '15 minutes', '1 day', 'month', 'quarter', a number "
                "where times are plain numbers, or 'rows'"
            )
        return cls(NAMES[word][0], int(size))

    def __str__(self) -> str:
        if self.unit == "row":
            return "1 row"
        if self.unit == "number":
            return f"{self.size:.12g}"
        for name in reversed(NAMES):
            unit, size = NAMES[name]
            if unit == self.unit and self.size % size == 0:
                count = int(self.size // size)
                return f"{count} {name}{'s' * (count > 1)}"
        return f"{self.size / SECOND:.6g} seconds"


def season_of(step: Step | None) -> int:
    """Instants after which a stream of this step is likely to repeat itself; 0 for none.

    A day of hours or minutes (an hour or a minute where a day has more than 400), a week of days,
    a year of weeks, months or quarters.

    Examples
    --------
    >>> season_of(Step.named("1 hour")), season_of(Step.named("month")), season_of(None)
    (24, 12, 0)
    """
    if step is None or step.unit not in ("second", "month"):
        return 0
    if step.unit == "month":
        return _cycle(step.size, 12)
    if step.size % (7 * DAY) == 0:
        return int(52 * 7 * DAY // step.size) if step.size < 52 * 7 * DAY else 0
    if step.size % DAY == 0:
        return _cycle(step.size, 7 * DAY)
    for cycle in (DAY, HOUR, MINUTE):
        if 2 <= (season := _cycle(step.size, cycle)) <= LARGEST_SEASON:
            return season
    return 0


def _cycle(step: float, cycle: int) -> int:
    """Whole steps in a cycle; 0 where it is not a whole number of them, or only one."""
    return int(cycle // step) if cycle % step == 0 and cycle > step else 0
