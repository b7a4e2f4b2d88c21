"""Which column of a CSV is what: the header, the delimiter, the times and the targets."""

import re
import shlex
from collections.abc import Sequence

from forecast.clock import Step
from forecast.stream.errors import SHOWN, NoRowsError, Refused, StreamError, shown
from forecast.stream.gather import Gather, How
from forecast.stream.notation import layout_options, number_options, unit_of
from forecast.stream.numerals import Numerals
from forecast.stream.table import Malformed, TableReader, fields_of
from forecast.stream.times import (
    ISO,
    NAMED_ZONE,
    NO_DIGIT,
    NO_NAMES,
    NumberTimes,
    Times,
    times_like,
)

DELIMITERS = (",", ";", "\t", "|")
TIME_WORDS = (
    "time date datetime date_time timestamp time_stamp times dates timestamps ds year years"
)
TIME_NAMES = {*TIME_WORDS.split(), "index", "t", "unnamed: 0"}
PATTERN = {"*": ".*", "?": "."}
ANY_NAME = re.compile(".*", re.DOTALL)
CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?", re.ASCII)
PLAIN_NAME = re.compile(r"[\w.:+/-]+")
SEVERAL = (
    "; forecast run takes several together: repeat it, or say a pattern, as --target '*'; or, with "
    "--wide, each as a series of its own."
)
HTML = re.compile(r"\s*<(?:!doctype|html)", re.IGNORECASE)  # what a server says instead of a file


class Columns:
    """Which columns are read, told by the header and the first row.

    Parameters
    ----------
    reader
        At the beginning of the file; afterwards at its first row.
    numerals
        How numbers are written.
    time
        Name of the column and layout of its times, as in `open_numbers`.
    target, delimiter, beside
        As there.

    Attributes
    ----------
    names : list of str
        All columns of the file.
    series, beside : tuple of str
    time : str or None
    fields : list of int
        Places of the series, of the columns beside them, then that of the time.
    guessed : list of str
    """

    def __init__(
        self,
        reader: TableReader,
        numerals: Numerals,
        time: tuple[str | None, str | None],
        target: Sequence[str],
        delimiter: str | None,
        beside: Sequence[str],
    ) -> None:
        self.guessed: list[str] = []
        self._by_pattern: set[str] = set()
        self._reader, self._numerals = reader, numerals
        self._source = reader.lines.source.name
        self._read_header(delimiter)
        named, self._layout = time
        self.time = self._find_time() if named is None else self._named(named)
        self.beside = tuple(self._named(name) for name in beside)
        self.series = self._named_targets(target) if target else (self._find_target(),)
        self._refuse_twice()
        place = {name: field for field, name in enumerate(self.names)}
        places = [place[name] for name in (*self.series, *self.beside)]
        self.fields = places if self.time is None else [*places, place[self.time]]

    @property
    def first_time(self) -> str:
        """Text of the first time; nothing where there is no time column."""
        return "" if self.time is None else self._first[self.names.index(self.time)].strip(" ")

    @property
    def in_two(self) -> str:
        """What to do where dates and times of day stand in two columns; "" where they do not."""
        both = zip(self.names, self._first, strict=True)
        clocks = [name for name, text in both if CLOCK.fullmatch(text.strip(" "))]
        if not clocks or ":" in self.first_time:
            return ""
        return (
            f"The column {shown(clocks[0])} has times of day: write them behind the dates, in one "
            "column, as 2024-01-31 23:59."
        )

    def times(self, step: Step | None, decimal: str, layout: str | None) -> Times | None:
        """How times are read; None where rows are instants and times mere text."""
        if self.time is None:
            if step is not None and step.unit != "row":
                raise self._error(f"has no time column to count steps of {step} on", "Say --time.")
            if step is None:
                self._refuse_unread_times()
            return None
        if step is not None and step.unit == "row":
            return None
        text = self._first[self.names.index(self.time)]
        known = self._proposed.get(self.time, "") if layout is None else ""
        number = step is not None and step.unit == "number"
        try:
            times = times_like(text, decimal, layout, number)
        except Refused as error:
            raise StreamError(
                error.problem, self._source, self._line, self.time, text,
                f"Say {known}." if known else error.advice,
            ) from None  # fmt: skip
        if step is not None and not number and isinstance(times, NumberTimes):
            advice = "Give --step as a number, or the times with --time-format."
            raise self._error(f"has plain numbers as times, not steps of {step}", advice)
        return times

    def gather(self, times: Times | None, step: Step | None, how: How) -> Gather:
        """How the rows of a step are taken together."""
        if times is None or step is None or step.unit not in ("second", "number"):
            problem = "can be gathered only by the time of its rows"
            raise self._error(problem, "Say --step, as '1 h', and --time if there are several.")
        return Gather(step, how)

    def _error(self, problem: str, advice: str) -> StreamError:
        return StreamError(problem, self._source, advice=advice)

    # ---- the header and the first row -------------------------------------------------------

    def _read_header(self, delimiter: str | None) -> None:
        reader = self._reader
        found = reader.record()
        if found is None:
            advice = "A CSV has a header and at least one row."
            raise NoRowsError("is empty", self._source, advice=advice)
        line, header, taken = found
        if HTML.match(header):
            raise self._error("is an HTML page, not CSV", "Fetch the file itself.")
        if delimiter is None:
            delimiter = self._guess_delimiter(header)
        elif len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
            raise ValueError(f"a delimiter is one ASCII character, not {delimiter!r}")
        reader.delimiter = delimiter
        names = [name.strip(" ") for name in reader.fields(header, line)]
        reader.width = len(names)
        if self._is_data(names):
            reader.lines.put_back(taken, line)
            names = [""] * len(names)
            self.guessed.append("there is no header: its first row has numbers and times alone")
        self.names = self._complete(names, line)
        self._read_first()

    def _is_data(self, names: list[str]) -> bool:
        """Whether a first row has numbers and times alone, some of them missing, but not its first.

        Nothing before numbers is a header of years, as pandas writes one.
        """
        named = [name for name in names if not self._numerals.is_missing(name)]
        plain = all(self._numerals.is_number(name) or ISO.fullmatch(name) for name in named)
        return plain and bool(named) and names[0] != ""

    def _complete(self, names: list[str], line: int) -> list[str]:
        """The names, with c1, c2 and so on where there is none."""
        nameless = [place for place, name in enumerate(names) if not name]
        names = [name or f"c{place + 1}" for place, name in enumerate(names)]
        if nameless:
            called = _listed([names[place] for place in nameless])
            self.guessed.append(f"columns without a name are called by their place: {called}")
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise StreamError(
                    "is the name of two columns",
                    self._source,
                    line,
                    text=name,
                    advice="Rename one of them.",
                )
            seen.add(name)
        return names

    def _read_first(self) -> None:
        """Look at the first row, and leave it to be read."""
        lines = self._reader.lines
        found = self._reader.record()
        if found is None:
            problem, advice = "has a header and no rows", "Is the file whole?"
            raise NoRowsError(problem, self._source, advice=advice)
        self._line, record, taken = found
        self._first = self._reader.fields(record, self._line)
        lines.put_back(taken, self._line)

    def _guess_delimiter(self, header: str) -> str:
        splits = []
        for delimiter in DELIMITERS:
            if delimiter == self._numerals.decimal:
                continue
            try:
                if len(fields_of(header, delimiter)) > 1:
                    splits.append(delimiter)
            except Malformed:
                continue
        if len(splits) > 1:
            choices = " or ".join(f"--delimiter {shown(mark)}" for mark in splits)
            raise StreamError(
                "could be split in several ways", self._source, 1, text=header,
                advice=f"Say {choices}.",
            )  # fmt: skip
        if splits and splits != [","]:
            self.guessed.append(f"the delimiter is {shown(splits[0])}: no other splits the header")
        if splits:
            return splits[0]
        return ";" if self._numerals.decimal == "," else ","

    # ---- which column is what ----------------------------------------------------------------

    def _named(self, name: str) -> str:
        if name in self.names:
            return name
        raise StreamError(
            "is not a column of this file", self._source, text=name,
            advice=f"Its columns are {_listed(self.names)}.",
        )  # fmt: skip

    def _named_targets(self, target: Sequence[str]) -> tuple[str, ...]:
        names = [target] if isinstance(target, str) else target
        return tuple(one for name in names for one in self._meant(name))

    def _meant(self, name: str) -> list[str]:
        """The column of this name, or those that a pattern stands for."""
        if name in self.names or not {"*", "?"} & set(name):
            return [self._named(name)]
        pattern = re.compile("".join(PATTERN.get(letter, re.escape(letter)) for letter in name))
        found = [column for column in self._of_numbers() if pattern.fullmatch(column)]
        if not found:
            raise StreamError(
                "stands for no column of numbers", self._source, text=name,
                advice=f"The columns are {_listed(self.names)}.",
            )  # fmt: skip
        self._refuse_other_numbers(found, pattern)
        self._by_pattern |= set(found)
        self.guessed.append(f"{shown(name)} stands for {_listed(found)}")
        return found

    def _of_numbers(self) -> list[str]:
        """Columns whose first field is a number, or missing, and that are nothing else."""
        first = dict(zip(self.names, self._first, strict=True))
        is_number, is_missing = self._numerals.is_number, self._numerals.is_missing
        return [
            name
            for name in self.names
            if name != self.time
            and name not in self.beside
            and (is_number(first[name]) or is_missing(first[name]))
        ]

    @property
    def _proposed(self) -> dict[str, str]:
        """Of each column that may hold times in a layout of its own, how to say which."""
        both = zip(self.names, self._first, strict=True)
        return {name: options for name, text in both if (options := layout_options(text))}

    def _refuse_unread_times(self) -> None:
        """Refuse to take rows for instants where a column has dates in another layout."""
        for name, text in zip(self.names, self._first, strict=True):
            say = f"Say {options}," if (options := layout_options(text)) else ""
            if ISO.match(text) and NAMED_ZONE.search(text):
                say = NO_NAMES.removesuffix(".") + ","
            if say:
                raise StreamError(
                    "may be a time, in a layout of its own", self._source, self._line, name, text,
                    f"{say} or --step rows to take each row for one instant.",
                )  # fmt: skip

    def _refuse_twice(self) -> None:
        """Refuse a column that is to be two things."""
        seen: set[str] = set()
        for place, name in enumerate([*self.series, *self.beside]):
            if name in seen or name == self.time:
                what = "the time column" if name == self.time else "named twice"
                advice = f"Say {'--target' if place < len(self.series) else 'another column'}."
                raise StreamError(f"is {what}", self._source, text=name, advice=advice)
            seen.add(name)

    def _find_time(self) -> str | None:
        first = dict(zip(self.names, self._first, strict=True))
        shaped = [name for name in self.names if self._is_time(first[name].strip(" "))]
        called = [name for name in self.names if name.lower() in TIME_NAMES]
        choices = shaped or called
        if len(choices) > 1:
            raise self._several("times", "--time", choices, ".")
        if not choices:
            self.guessed.append("there is no time column: each row is one instant")
            return None
        why = "its first field is a date or time" if shaped else "it has the name of one"
        self.guessed.append(f"the time column is {shown(choices[0])}: only {why}")
        return choices[0]

    def _is_time(self, text: str) -> bool:
        """Whether a text is a time of the layout that was named, or of ISO 8601."""
        if self._layout is None:
            return ISO.fullmatch(text) is not None
        try:
            times_like(text, self._numerals.decimal, self._layout)
        except Refused:
            return False
        return True

    def _find_target(self) -> str:
        choices = self._of_numbers()
        if len(choices) > 1:
            raise self._several("numbers", "--target", choices, f"{self._maybe(choices)}{SEVERAL}")
        self._refuse_other_numbers(choices)
        if not choices:
            self._refuse_units()
            taken = _listed(["the time", *self.beside], " and ")
            others = [name for name in self.names if name != self.time and name not in self.beside]
            say = f"Say --target, of {_listed(others)}" if others else "All columns are taken"
            raise StreamError(
                f"has no number beside {taken}", self._source, self._line,
                text=self._reader.delimiter.join(self._first),
                advice=f"{say}; --delimiter and --decimal tell how numbers are written.",
            )  # fmt: skip
        self.guessed.append(f"the target is {shown(choices[0])}: the only column of numbers")
        return choices[0]

    def _maybe(self, choices: list[str]) -> str:
        """Which of some columns say nothing in the first row, and may hold anything."""
        first = dict(zip(self.names, self._first, strict=True))
        empty = [name for name in choices if self._numerals.is_missing(first[name])]
        return f" (empty in the first row: {_listed(empty)})" if empty else ""

    def doubt(self, field: int) -> str:
        """What to do about a column that is none of numbers, as far as its first field tells."""
        numbers = self._of_numbers()
        if self.names[field] not in numbers and NO_DIGIT.fullmatch(self._first[field]) and numbers:
            return (
                f"Say a column of numbers, as {_listed(numbers)}; or name the text with --missing."
            )
        if self.names[field] in self._by_pattern and self._numerals.is_missing(self._first[field]):
            return (
                "Its field in the first row is empty: if it is none of numbers, name those that "
                "are, each with --target; else name the text with --missing."
            )
        return ""

    def _refuse_units(self) -> None:
        """Say it where a column has numbers with units in its fields."""
        for name, text in zip(self.names, self._first, strict=True):
            if name != self.time and unit_of(text):
                try:
                    self._numerals.read([text])
                except Refused as error:
                    where = self._source, self._line, name, text
                    raise StreamError(error.problem, *where, error.advice) from None

    def _refuse_other_numbers(self, choices: list[str], meant: re.Pattern[str] = ANY_NAME) -> None:
        """Refuse to guess where a column may hold numbers that are written another way."""
        read = {self.time, *choices, *self.beside}
        for name, text in zip(self.names, self._first, strict=True):
            options = number_options(text) if name not in read else ""
            if options and meant.fullmatch(name):
                other = f", or --target {choices[0]}" if choices else ""
                raise StreamError(
                    "may be a number, written another way", self._source, self._line, name, text,
                    f"Say {options}{other}.",
                )  # fmt: skip

    def _several(self, what: str, option: str, choices: list[str], more: str) -> StreamError:
        listed = _listed([f"{option} {_typed(name)}" for name in choices], " or ")
        return self._error(f"has {len(choices)} columns of {what}", f"Say {listed}{more}")


def _typed(name: str) -> str:
    """A name as it is typed in a shell."""
    return name if PLAIN_NAME.fullmatch(name) else shlex.quote(name)


def _listed(names: Sequence[str], between: str = ", ", most: int = 20) -> str:
    """Some names in a row, the first ones where they are many."""
    cut = [name if len(name) <= SHOWN else name[:SHOWN] + "…" for name in names[:most]]
    return between.join(cut) + (" ..." if len(names) > most else "")
