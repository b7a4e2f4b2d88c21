"""Times as text, and back: ISO 8601, a layout that was named, or plain numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.clock import DAY, HOUR, MINUTE, SECOND
from forecast.stream.errors import Refused
from forecast.stream.numerals import Numerals

MICROSECOND = timedelta(microseconds=1)
ISO = re.compile(
    r"(?P<Y>\d{4})-(?P<m>\d\d)(?:-(?P<d>\d\d)"
    r"(?:(?P<T>[T ])(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?)?"
    r"(?P<z>Z|(?P<sign>[+-])(?P<zH>\d\d):?(?P<zM>\d\d))?)?)?",
    re.ASCII,
)
Unit = Literal["M", "D", "m", "s", "us"]
UNITS: tuple[Unit, ...] = ("M", "D", "m", "s", "us")
LENGTH: dict[Unit, int] = {"M": 7, "D": 10, "m": 16, "s": 19, "us": 26}  # of their texts
WHOLE: dict[Unit, int] = {"D": DAY, "m": MINUTE, "s": SECOND, "us": 1}  # of one length each
WIDTH = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
FEW = 8  # times that are read faster one by one
NAMED_ZONE = re.compile(r"\d ?\[?[A-Z][A-Za-z/_]{2,}\]?$", re.ASCII)
NO_DIGIT = re.compile(r"\D*", re.ASCII)
END_OF_DAY = re.compile(r".*\b24:00\b.*", re.DOTALL | re.ASCII)
SURE = 15  # so many digits every float tells apart
WRITTEN = 4096  # texts that are remembered: those of one row's horizons are the next one's, too
ZEROS = str.maketrans("123456789", "000000000")
Stamp = tuple[float, int | None]  # one time, as `Stamps` has many: at, offset
NO_NAMES = "Write the zone as its offset from UTC, as 2024-01-31T23:59:00+01:00, or Z for none."
ADVICE = (
    "Write 2024-01-31 or 2024-01-31 23:59:00, or name the layout with --time-format "
    "(say '%d/%m/%Y')."
)


class Stamps(NamedTuple):
    """Times of consecutive rows.

    Attributes
    ----------
    at : ndarray [n]
        Microseconds since 1970 on the wall clock (int64), or plain numbers (float64).
    offset : ndarray [n] or None
        Microseconds by which that clock is ahead of UTC; None where the file does not say.
    """

    at: NDArray[np.int64] | NDArray[np.float64]
    offset: NDArray[np.int64] | None = None

    def pick(self, which: NDArray[np.intp] | slice) -> "Stamps":
        return Stamps(self.at[which], None if self.offset is None else self.offset[which])

    def then(self, later: "Stamps") -> "Stamps":
        """These and the later ones."""
        if self.offset is None or later.offset is None:
            return Stamps(np.concatenate([self.at, later.at]))
        offset = np.concatenate([self.offset, later.offset])
        return Stamps(np.concatenate([self.at, later.at]), offset)


class Template:
    """Reads texts that have their digits all in the same places, many at once.

    Parameters
    ----------
    sample
        One such text.
    spans
        Where its parts stand, by the letters of strptime (zH, zM: of the UTC offset).
    """

    def __init__(self, sample: str, spans: dict[str, tuple[int, int]]) -> None:
        self._width = len(sample)
        digits = sorted({at for span in spans.values() for at in range(*span)})
        marks = [at for at in range(len(sample)) if at not in digits]
        self._digits, self._marks = np.array(digits, np.intp), np.array(marks, np.intp)
        self._codes = np.array([ord(sample[at]) for at in marks], np.uint8)[:, None]
        self._rows = {part: [digits.index(at) for at in range(*spans[part])] for part in spans}
        self._spans = [(part, *span) for part, span in spans.items()]
        plain = not any(sample[at].isdigit() for at in marks)
        self._shape = sample.translate(ZEROS) if plain else None

    def read(self, texts: Sequence[str]) -> dict[str, NDArray[np.int64]] | None:
        """Each part as whole numbers [n]; None where a text is made otherwise."""
        joined = "".join(texts)
        if not joined.isascii() or set(map(len, texts)) != {self._width}:
            return None
        codes = np.frombuffer(joined.encode(), np.uint8).reshape(-1, self._width).T
        digits = codes[self._digits] - np.uint8(48)  # what lies below "0" wraps to above 9
        if (digits > 9).any() or (codes[self._marks] != self._codes).any():
            return None
        return {part: _whole(digits, rows) for part, rows in self._rows.items()}

    def read_one(self, text: str) -> dict[str, int] | None:
        """The same of one text."""
        if text.translate(ZEROS) != self._shape:
            return None
        return {part: int(text[first:past]) for part, first, past in self._spans}


def _whole(digits: NDArray[np.uint8], rows: list[int]) -> NDArray[np.int64]:
    """The whole number that these rows of digits spell."""
    value: NDArray[np.int64] = digits[rows[0]].astype(np.int64)
    for row in rows[1:]:
        value *= 10
        value += digits[row]
    return value


def _wall(parts: dict[str, NDArray[np.int64]]) -> NDArray[np.int64] | None:
    """Microseconds since 1970 of a civil date and time; None where one does not exist."""
    year, month = parts["Y"], parts["m"]
    months = (year - 1970) * 12 + month - 1
    days = month_start(months)
    bad = (year < 1) | (month < 1) | (month > 12)
    if (day := parts.get("d")) is not None:
        bad |= (day < 1) | (day > 28) & (day > month_start(months + 1) - days)
        days = days + day - 1
    wall = days * DAY
    for part, size, limit in (("H", HOUR, 24), ("M", MINUTE, 60), ("S", SECOND, 60)):
        if (count := parts.get(part)) is not None:
            bad |= count >= limit
            wall += count * size
    return None if bad.any() else wall


def _wall_of(parts: dict[str, int]) -> int | None:
    """The same of one time."""
    date = parts["Y"], parts["m"], parts.get("d", 1)
    try:
        at = datetime(*date, parts.get("H", 0), parts.get("M", 0), parts.get("S", 0))
    except ValueError:
        return None
    return (at - MIDNIGHT) // MICROSECOND


def month_start(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """First day, in days since 1970, of a month counted from January 1970."""
    days: NDArray[np.int64] = months.view("M8[M]").astype("M8[D]").view(np.int64)
    return days


def month_of(wall: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months since January 1970."""
    return wall.view("M8[us]").astype("M8[M]").view(np.int64)


class IsoTimes:
    """Dates and times of ISO 8601: a month, a day, or a time of day with or without an offset.

    Parameters
    ----------
    first
        The first of them: it tells how to write those that the file leaves out, and whether they
        have an offset from UTC.

    Examples
    --------
    >>> layout = IsoTimes("2024-02-28")
    >>> layout.write(layout.read(["2024-02-29"]))
    ['2024-02-29']
    """

    def __init__(self, first: str) -> None:
        match = ISO.fullmatch(first)
        if match is None:
            raise Refused(0, "is not a time", NO_NAMES if NAMED_ZONE.search(first) else ADVICE)
        parts = match.groupdict()
        self.aware = parts["z"] is not None
        self._separator = parts["T"] or "T"
        self._digits = len(parts["f"] or "")
        self._unit = UNITS[sum(parts[part] is not None for part in "dHSf")]
        self._length = LENGTH[self._unit] - max(0, 6 - self._digits) * (self._unit == "us")
        self._zone = parts["z"] or ""
        names = [name for name in ("Y", "m", "d", "H", "M", "S", "f", "zH", "zM") if parts[name]]
        self._template = Template(first, {name: match.span(name) for name in names})
        self._sign = -1 if parts["sign"] == "-" else 1
        self.read([first])

    def read(self, texts: Sequence[str]) -> Stamps:
        """Times of these texts.

        Raises
        ------
        Refused
            At the first that is no such time, or has an offset where others have none.
        """
        together = self._at_once(texts) if len(texts) > FEW else None
        return together or _stamps([self._one(index, text) for index, text in enumerate(texts)])

    def _at_once(self, texts: Sequence[str]) -> Stamps | None:
        parts = self._template.read(texts)
        if parts is None or self._digits > 6:
            return None
        wall = _wall(parts)
        if wall is None:
            return None
        if "f" in parts:
            wall += parts["f"] * 10 ** (6 - self._digits)
        if not self.aware:
            return Stamps(wall)
        if "zH" not in parts:
            return Stamps(wall, np.zeros_like(wall))
        if (parts["zH"] > 23).any() or (parts["zM"] > 59).any():
            return None
        return Stamps(wall, self._sign * (parts["zH"] * HOUR + parts["zM"] * MINUTE))

    def plain(self, text: str) -> Stamp | None:
        """One time that is written as the first was; None of what only `read` can judge."""
        parts = self._template.read_one(text)
        wall = None if parts is None else _wall_of(parts)
        if parts is None or wall is None or self._digits > 6:
            return None
        if "f" in parts:
            wall += parts["f"] * 10 ** (6 - self._digits)
        if not self.aware:
            return wall, None
        hours, minutes = parts.get("zH", 0), parts.get("zM", 0)
        if hours > 23 or minutes > 59:
            return None
        return wall, self._sign * (hours * HOUR + minutes * MINUTE)

    def _one(self, index: int, text: str) -> datetime:
        match = ISO.fullmatch(text.strip(" "))
        if match is None:
            raise Refused(index, "is not a time", _advice(text, ADVICE))
        parts = match.groupdict(default="0")
        fraction = parts["f"].ljust(9, "0")
        if fraction[6:] != "000":
            raise Refused(index, "is finer than a microsecond", "Round the times.")
        year, month, hour, minute, second = (int(parts[part]) for part in "YmHMS")
        day = 1 if match["d"] is None else int(match["d"])
        try:
            zone = None if match["z"] is None else timezone(_offset(parts))
            at = datetime(year, month, day, hour, minute, second, int(fraction[:6]), zone)
        except ValueError as error:
            problem = f"is not a time that exists ({error})"
            raise Refused(index, problem, _advice(text, ADVICE)) from None
        return _same_kind(index, at, self.aware)

    def write(self, stamps: Stamps) -> list[str]:
        """Text of these times, in the manner of the first."""
        wall = stamps.at.astype(np.int64).view("M8[us]")
        # The first text may be a bare date where others have an hour.
        unit = next(
            unit
            for unit in UNITS[UNITS.index(self._unit) :]
            if unit == "us" or (wall.astype(f"M8[{unit}]") == wall).all()
        )
        texts = np.datetime_as_string(wall, unit=unit).tolist()
        if unit == "us" and 0 < self._digits < 6:
            texts = [text[: self._digits - 6] for text in texts]
        if self._separator == " ":
            texts = [text.replace("T", " ") for text in texts]
        if stamps.offset is None:
            return texts  # type: ignore[no-any-return]
        zones = {offset: self._zone_text(offset) for offset in set(stamps.offset.tolist())}
        return [
            text + zones[offset] for text, offset in zip(texts, stamps.offset.tolist(), strict=True)
        ]

    def write_ahead(self, last: Stamp, step: float, ks: Sequence[int]) -> list[str] | None:
        """Text of the instants so many steps after one; None where `write` has to look at all."""
        at, offset = last
        whole = WHOLE.get(self._unit)
        if whole is None or step % whole:
            return None  # the first time was whole, and so are those of whole steps after it
        zone = "" if offset is None else self._zone_text(offset)
        try:
            return [_iso(at + k * step, self._separator)[: self._length] + zone for k in ks]
        except OverflowError:
            return None

    def _zone_text(self, offset: int) -> str:
        if self._zone == "Z" and offset == 0:
            return "Z"
        minutes = abs(offset) // MINUTE
        colon = ":" if ":" in self._zone or self._zone == "Z" else ""
        return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}{colon}{minutes % 60:02d}"


class FormatTimes:
    """Times in a layout of strptime.

    Parameters
    ----------
    layout
        The layout, with a year: "%d/%m/%Y %H:%M".
    first
        The first text of the file.
    """

    def __init__(self, layout: str, first: str) -> None:
        if not re.search(r"%[YyGcx]", layout):
            raise Refused(0, f"cannot be placed: --time-format {layout!r} has no year", ADVICE)
        self._layout = layout
        self.aware = "%z" in layout
        self._touching = _touching(layout)
        self._template = self._fixed(first)
        self.read([first])

    def _fixed(self, first: str) -> Template | None:
        """The layout as places of digits, where each of its parts has one width."""
        spans: dict[str, tuple[int, int]] = {}
        at = 0
        for part, mark in re.findall(r"%(.)|([^%])", self._layout, re.DOTALL):
            if part and (part not in WIDTH or part in spans):
                return None
            if part:
                spans[part] = (at, at + WIDTH[part])
            elif mark.isspace() and mark != " ":
                return None
            at += WIDTH[part] if part else 1
        return Template(first, spans) if at == len(first) and {"Y", "m"} <= set(spans) else None

    def read(self, texts: Sequence[str]) -> Stamps:
        """Times of these texts; see `IsoTimes.read`."""
        parts = self._template.read(texts) if self._template else None
        wall = None if parts is None else _wall(parts)
        if wall is not None:
            return Stamps(wall)
        return _stamps([self._one(index, text) for index, text in enumerate(texts)])

    def plain(self, text: str) -> Stamp | None:
        """One time; see `IsoTimes.plain`."""
        parts = self._template.read_one(text) if self._template else None
        wall = None if parts is None else _wall_of(parts)
        return None if wall is None else (wall, None)

    def _one(self, index: int, text: str) -> datetime:
        try:
            if any(mark.isdigit() and not mark.isascii() for mark in text):
                raise ValueError  # strptime would take them
            if self._touching and not self._touching.fullmatch(text.strip(" ")):
                raise ValueError  # strptime would take 2024112 for the second of November
            at = datetime.strptime(text.strip(" "), self._layout)
        except (ValueError, re.error):  # the latter where the layout names a part twice
            advice = _advice(text, "Give the layout that the file has.")
            raise Refused(index, f"is not a time of the layout {self._layout!r}", advice) from None
        return _same_kind(index, at, self.aware)

    def write(self, stamps: Stamps) -> list[str]:
        """Text of these times, in the layout."""
        walls = stamps.at.tolist()
        offsets = [None] * len(walls) if stamps.offset is None else stamps.offset.tolist()
        return [_in_layout(self._layout, *time) for time in zip(walls, offsets, strict=True)]

    def write_ahead(self, last: Stamp, step: float, ks: Sequence[int]) -> list[str] | None:
        """Text of the instants so many steps after one; see `IsoTimes.write_ahead`."""
        at, offset = last
        try:
            return [_in_layout(self._layout, at + k * step, offset) for k in ks]
        except OverflowError:
            return None


class NumberTimes:
    """Plain numbers as times: years, seconds, an index.

    Parameters
    ----------
    decimal
        "." or ",".
    first
        The first of them.

    Attributes
    ----------
    digits : int
        Decimals that are written; 17 for all.
    """

    aware = False

    def __init__(self, decimal: str, first: str) -> None:
        self._numerals = Numerals(decimal, missing=())
        self.digits = 0
        self.read([first])
        self.like(first)

    def like(self, text: str) -> None:
        """Write as many decimals as this one has."""
        mark, decimals = self._numerals.decimal, text.strip(" ")
        if "e" in decimals.lower():
            self.digits = 17
        elif mark in decimals:
            self.digits = max(self.digits, len(decimals) - decimals.index(mark) - 1)

    def read(self, texts: Sequence[str]) -> Stamps:
        """Numbers of these texts, all finite and told apart; see `IsoTimes.read`."""
        try:
            values = self._numerals.read(texts)
        except Refused as error:
            advice = _advice(texts[error.index], "Write all times as numbers alone.")
            raise Refused(error.index, error.problem, advice) from None
        if not np.isfinite(values).all():
            raise Refused(int(np.argmin(np.isfinite(values))), "is not a time", ADVICE)
        for index, text in enumerate(texts):
            if len(text) > SURE and not self._holds(float(values[index]), text):
                problem = "has more digits than a time that is a number can hold"
                advice = "Round the times, or say --step rows to take rows as they come."
                raise Refused(index, problem, advice)
        return Stamps(values)

    def plain(self, text: str) -> Stamp | None:
        """One time; see `IsoTimes.plain`."""
        value = self._numerals.plain(text) if len(text) <= SURE else None
        return None if value is None else (value, None)

    def _holds(self, value: float, text: str) -> bool:
        """Whether a float says all that a text does, be it written shortly or in 17 digits."""
        number = Decimal(text.strip(" ").replace(self._numerals.decimal, "."))
        return number in (Decimal(repr(value)), Decimal(f"{value:.17g}"))

    def write(self, stamps: Stamps) -> list[str]:
        """Text of these numbers, with as many decimals as the first ones had."""
        return self._written(stamps.at.tolist())

    def write_ahead(self, last: Stamp, step: float, ks: Sequence[int]) -> list[str]:
        """Text of the numbers so many steps after one; see `IsoTimes.write_ahead`."""
        return self._written([last[0] + k * step for k in ks])

    def _written(self, values: list[float]) -> list[str]:
        if self.digits >= 17:
            texts = [repr(value) for value in values]
        else:
            texts = [f"{value:.{self.digits}f}" for value in values]
        return [text.replace(".", self._numerals.decimal) for text in texts]


Times = IsoTimes | FormatTimes | NumberTimes


def times_like(first: str, decimal: str, layout: str | None, numbers: bool = False) -> Times:
    """How the times of a file are written, told by the first of them.

    Raises
    ------
    Refused
        Where it is no time, or could be two.
    """
    first = first.strip(" ")
    if layout is not None:
        return FormatTimes(layout, first)
    if numbers:
        return NumberTimes(decimal, first)
    if re.fullmatch(r"(1[6-9]|2[0-3])\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", first, re.ASCII):
        return FormatTimes("%Y%m%d", first)
    if re.fullmatch(r"(1[6-9]|2[0-3])\d\d(0[1-9]|1[0-2])", first, re.ASCII):
        raise Refused(
            0,
            "could be a year and a month, or a number",
            "Say --time-format %Y%m, or --step rows to take rows as they come.",
        )
    if Numerals(decimal, missing=()).is_number(first):
        return NumberTimes(decimal, first)
    return IsoTimes(first)


def _advice(text: str, usual: str) -> str:
    """What to do about a text of a later row that is no time."""
    if NO_DIGIT.fullmatch(text):
        return f"{usual} A line that is no row, as a total, has to be deleted."
    if END_OF_DAY.fullmatch(text):
        return "Write the end of a day as 00:00 of the next, or say --step rows to read no times."
    return usual


def _touching(layout: str) -> re.Pattern[str] | None:
    """What a text must be where numbers of a layout touch: these in full width; else None."""
    parts = [part for part, _ in re.findall(r"%(.)|([^%])", layout, re.DOTALL)]
    widths = [{**WIDTH, "y": 2, "I": 2, "j": 3}.get(part, 0) for part in parts]
    touching = [
        width > 0 and any(widths[max(0, place - 1) : place] + widths[place + 1 : place + 2])
        for place, width in enumerate(widths)
    ]
    if not any(touching):
        return None
    pattern = (
        rf"\d{{{width}}}" if touches else ".+" if part else "."
        for part, width, touches in zip(parts, widths, touching, strict=True)
    )
    return re.compile("".join(pattern), re.DOTALL)


def _with_year(layout: str, year: int) -> str:
    """A layout with its year in four digits, which strftime does not write before the year 1000."""
    return re.sub(
        "%(.)", lambda part: f"{year:04d}" if part[1] == "Y" else part[0], layout, flags=re.DOTALL
    )


def _offset(parts: dict[str, str]) -> timedelta:
    if int(parts["zM"]) > 59:
        raise ValueError("minutes of the offset must be in 0..59")
    size = timedelta(hours=int(parts["zH"]), minutes=int(parts["zM"]))
    return -size if parts["sign"] == "-" else size


def _same_kind(index: int, at: datetime, aware: bool) -> datetime:
    if (at.tzinfo is not None) == aware:
        return at
    this, others = ("has an", "have none") if at.tzinfo else ("has no", "have one")
    advice = "Write an offset (Z or +01:00) on all times or on none."
    raise Refused(index, f"{this} offset from UTC where the times before it {others}", advice)


def _stamps(times: list[datetime]) -> Stamps:
    wall = [(at.replace(tzinfo=UTC) - EPOCH) // MICROSECOND for at in times]
    if times[0].tzinfo is None:
        return Stamps(np.array(wall, np.int64))
    ahead = [(at.utcoffset() or timedelta()) // MICROSECOND for at in times]
    return Stamps(np.array(wall, np.int64), np.array(ahead, np.int64))


@lru_cache(WRITTEN)
def _iso(wall: float, separator: str) -> str:
    """A time of ISO 8601 to the microsecond, without its offset."""
    return (MIDNIGHT + wall * MICROSECOND).isoformat(separator, "microseconds")


@lru_cache(WRITTEN)
def _in_layout(layout: str, wall: float, offset: int | None) -> str:
    """A time in a layout of strptime."""
    at = _datetime(wall, offset)
    return at.strftime(_with_year(layout, at.year))


def _datetime(wall: float, offset: int | None) -> datetime:
    at = EPOCH + wall * MICROSECOND
    return at.replace(tzinfo=None if offset is None else timezone(offset * MICROSECOND))


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIDNIGHT = EPOCH.replace(tzinfo=None)  # the same on whatever clock
