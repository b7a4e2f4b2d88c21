"""What a person wrote behind an option, read: horizons, a season, bounds, a step.

Each raises ``argparse.ArgumentTypeError`` with what to say instead.
"""

import argparse
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.clock import Step

LONGEST_SEASON = 1_000_000


def horizons_named(text: str) -> tuple[int, ...]:
    """The horizons that a person wrote.

    Examples
    --------
    >>> horizons_named("24"), horizons_named("1-4"), horizons_named("1,24,48")
    ((24,), (1, 2, 3, 4), (1, 24, 48))
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:-(\d{1,6}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise argparse.ArgumentTypeError(
                f"{text!r} names no horizons: say 24, or 1-48, or 1,24,48 (steps from 1 up)"
            )
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def labels_named(text: str) -> tuple[str, str]:
    """The two labels that a person wrote, the negative and the positive.

    Examples
    --------
    >>> labels_named("ham,spam")
    ('ham', 'spam')
    """
    no, comma, yes = text.partition(",")
    if not (no and comma and yes) or "," in yes or no == yes:
        raise argparse.ArgumentTypeError(
            f"{text!r} names no two labels: say the negative, a comma, the positive, as ham,spam"
        )
    return no, yes


def season_named(text: str) -> int | str:
    """A season that a person wrote; 0 for none.

    Examples
    --------
    >>> season_named("24"), season_named("none"), season_named("auto")
    (24, 0, 'auto')
    """
    if text == "auto":
        return "auto"
    if text == "none":
        return 0
    if re.fullmatch(r"\d{1,7}", text, re.ASCII) and 2 <= int(text) <= LONGEST_SEASON:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is no season: say a number of steps from 2 up, or none, or auto"
    )


def bounds_named(text: str) -> tuple[float | None, float | None]:
    """The bounds that a person wrote; None where there is none.

    Examples
    --------
    >>> bounds_named("0,"), bounds_named("-1.5,1e3")
    ((0.0, None), (-1.5, 1000.0))
    """
    from forecast.stream.numerals import NUMERAL

    parts = [part.strip(" ") for part in text.split(",")]
    written = len(parts) == 2 and any(parts)
    if not written or not all(not part or NUMERAL.fullmatch(part) for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} names no bounds: say LOW,HIGH with either left empty, as 0,100 or 0, "
            "(--bounds=-1,1 where the lower one is negative)"
        )
    low, high = (float(part) if part else None for part in parts)
    if low is not None and high is not None and not low < high:
        raise argparse.ArgumentTypeError(f"{text!r}: say the lower bound first")
    return low, high


def step_named(text: str) -> "Step":
    """A step that a person wrote."""
    from forecast.clock import Step

    try:
        return Step.named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def exclusion_named(text: str) -> str:
    """A range that a person wrote; what its times mean, the file will tell."""
    from forecast.stream.exclusion import ExclusionError, sides

    try:
        sides(text)
    except ExclusionError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def delimiter_named(text: str) -> str:
    r"""A delimiter that a person wrote; a tab is hard to type in a shell.

    Examples
    --------
    >>> delimiter_named(";"), delimiter_named("tab"), delimiter_named(r"\t")
    (';', '\t', '\t')
    """
    mark = "\t" if text in ("tab", r"\t") else text
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n\0':
        raise argparse.ArgumentTypeError(f"{text!r} is not one ASCII character, or tab")
    return mark


def workers_named(text: str) -> int:
    """How many threads a person wants.

    Examples
    --------
    >>> workers_named("2")
    2
    """
    if re.fullmatch(r"\d{1,4}", text, re.ASCII) and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of threads: say 1 or more")
