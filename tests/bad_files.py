"""Bad and strange files, each with what has to come of it, written down before it was read.

What has to come is `READ`, and then the numbers and times are those of ``second_reading``, or a
`Refusal`: the line, the column where there is one, and words of the sentence. In doubt the law is:
a file that a careful person could read in two ways is refused; one that is only ugly is read.

Decided here, since nobody else has:

- A number is the nearest one that 64 bits hold: 9007199254740993 is ...992, 1e-400 is 0, and so is
  every other reader's. One beyond the largest (1e400) is refused: no number is near to it.
- A time that is a number is told apart from its neighbours by all of its digits: one with more of
  them than 64 bits hold is refused.
- ``inf`` is a number (a learner will not learn it), the infinities of spreadsheets are not.
- A last line without its end is a line; that its number was cut cannot be known. It is told.
- No encoding is guessed but UTF-8; what is of another may look right and be wrong.
"""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

READ = "read"


class Refusal(NamedTuple):
    """How a file is refused: the words of the sentence, and the place."""

    says: str
    line: int | None = None
    column: str | None = None


class BadFile(NamedTuple):
    """A file, what has to come of it, and the options that it is read with."""

    name: str
    data: bytes
    expected: str | Refusal
    options: dict[str, Any] = {}  # noqa: RUF012 - never written to


def good(name: str, data: bytes, **options: Any) -> BadFile:
    """A file that is only strange."""
    return BadFile(name, data, READ, options)


def bad(
    name: str,
    data: bytes,
    says: str,
    line: int | None = None,
    column: str | None = None,
    **options: Any,
) -> BadFile:
    """A file that is refused in these words, at this place."""
    return BadFile(name, data, Refusal(says, line, column), options)


def table(*values: str, header: str = "time,y") -> bytes:
    """Days of January with these values."""
    rows = [f"2024-01-{day:02d},{value}" for day, value in enumerate(values, 1)]
    return "\n".join([header, *rows, ""]).encode()


def noted(note: bytes, quoted: bool = True) -> bytes:
    """Three days, with a note beside the second of them, on line 3."""
    mark = b'"' if quoted else b""
    second = b"2024-01-02,2," + mark + note + mark + b"\n"
    return b"time,y,note\n2024-01-01,1,a\n" + second + b"2024-01-03,3,c\n"


def valued(text: str) -> bytes:
    """Three days; the value of the second, on line 3, is this text."""
    return table("1", '"' + text + '"', "3")


def timed(*times: str) -> bytes:
    """Rows of these times."""
    quoted = [f'"{at}"' if "," in at else at for at in times]
    return "\n".join(["time,y", *(f"{at},{row}" for row, at in enumerate(quoted)), ""]).encode()


PLAIN = table("1", "2.5", "-3")
LONG = table(*(str(day / 7) for day in range(1, 28)))
UTF8 = "not UTF-8"


def encodings() -> Iterator[BadFile]:
    """Files in other encodings, and in UTF-8 that is none."""
    accents = "time,température\n2024-01-01,1\n2024-01-02,2\n"
    yield good("UTF-8 with accents", accents.encode())
    yield bad("latin-1 in the header", accents.encode("latin-1"), UTF8, 1)
    yield bad("latin-1 in a column that nobody asked for", noted(b"caf\xe9"), UTF8, 3)
    yield bad("cp1252: curly quotes in a note", noted(b"\x93a\x94"), UTF8, 3)
    yield bad(
        "a byte that is not UTF-8 in a number",
        table("1", "2", "3").replace(b"2\n", b"\xff\n"),
        UTF8,
        3,
    )
    yield bad("a digit in UTF-8 that is too long", noted(b"\xc0\xb1"), UTF8, 3)
    yield bad("half of a surrogate pair", noted(b"\xed\xa0\x80"), UTF8, 3)
    yield bad("UTF-8 cut in a letter", noted(b"a") + b"2024-01-04,4,caf\xc3", UTF8, 5)
    for name in ("utf-16-le", "utf-16-be"):
        mark = "\ufeff".encode(name)
        text = PLAIN.decode().encode(name)
        yield bad(f"{name} with its mark", mark + text, "UTF-16")
        yield bad(f"{name} without a mark", text, "NUL byte", 1)
    yield bad("UTF-32", PLAIN.decode().encode("utf-32"), "UTF-16")
    yield bad("EBCDIC", PLAIN.decode().encode("cp500"), UTF8, 1)
    yield good("a byte order mark", b"\xef\xbb\xbf" + PLAIN)
    yield good("a mark before a quoted header", b'\xef\xbb\xbf"time",y\n2024-01-01,1\n')
    yield good("a mark, and a blank line", b"\xef\xbb\xbf\n" + PLAIN)
    yield good("a mark and no header", b"\xef\xbb\xbf1\n2\n3\n")
    yield good("two marks", b"\xef\xbb\xbf" * 2 + PLAIN)
    yield bad(
        "two files with marks, one after the other",
        PLAIN + b"\xef\xbb\xbf" + PLAIN,
        "is not a number",
        5,
        "y",
    )


def rows() -> Iterator[BadFile]:
    """Rows of other lengths, quotes, and bytes that end nothing."""
    yield bad("a short row", table("1", "2") + b"2024-01-03\n", "1 fields where", 4)
    yield bad("a long row", table("1", "2,9", "3"), "3 fields where", 3)
    yield bad("a delimiter more at the end of each row", table("1,", "2,"), "3 fields where", 2)
    more = table("1,", "2,", "3,", header="time,y,")
    yield bad("a delimiter more on every line", more, "2 columns of numbers")
    yield good("the same, and the target is named", more, target=["y"])
    yield bad("row names without a header, as R writes them", b"y,z\n1,5,6\n", "3 fields where", 2)
    yield bad("a row cut short at the end", PLAIN + b"2024-01-0", "1 fields where", 5)
    yield good("a last row that may be cut in its number", PLAIN + b"2024-01-04,12")
    yield bad("a header and a row cut short", b"time,y\n2024-0", "1 fields where", 2)
    yield good("a quoted field over three lines", noted(b"a\n\nb"))
    yield good("the same, with other line ends", noted(b"a\n\nb").replace(b"\n", b"\r\n"))
    late = noted(b"a\n\nb") + b"2024-01-04,x,d\n"
    yield bad("a bad value after it", late, "is not a number", 7, "y")
    yield bad(
        "a bad value behind it",
        b'time,note,y\n2024-01-01,a,1\n2024-01-02,"b\nc",x\n',
        "is not a number",
        4,
        "y",
    )
    yield good("a header over two lines", b'time,"y in\nm"\n2024-01-01,1\n2024-01-02,2\n')
    yield good("doubled quotes in a note", noted(b'say ""hi"", ""'))
    yield good(
        "numbers and times in quotes", PLAIN.replace(b"2024-01-02,2.5", b'"2024-01-02","2.5"')
    )
    never = "a quote that is never closed"
    yield bad("a quote that is not closed", noted(b'"a', False), never, 3)
    yield bad("one not closed on the last line", PLAIN + b'2024-01-04,"4\n', never, 5)
    yield bad("one not closed in the header", b'time,"y\n2024-01-01,1\n', never, 1)
    inside = "a quote inside a field"
    yield bad("inches: a quote inside a field", noted(b'5" a 6" b', False), inside, 3)
    yield bad("a space before a quote", noted(b' "a"', False), inside, 3)
    yield bad(
        "letters after a quoted field", noted(b'"a"b', False), "after the end of a quoted field", 3
    )
    yield bad("quotes escaped by a backslash", noted(rb"say \"hi\""), "quote", 3)
    yield bad("single quotes", valued("'2'"), "is not a number", 3, "y")
    yield bad("NUL in a number", table("1", "2\0", "3"), "NUL byte", 3)
    yield bad("NUL in a note", noted(b"a\0b"), "NUL byte", 3)
    yield bad("NULs at the end, after a power failure", PLAIN + b"\0" * 512, "NUL byte", 5)
    yield bad("NULs alone", b"\0" * 4096, "NUL byte", 1)
    yield bad("Ctrl-Z at the end, as DOS wrote it", PLAIN + b"\x1a", "1 fields where", 5)
    marks = {"U+2028": "\u2028", "U+0085": "\x85", "a form feed": "\f", "a vertical tab": "\v"}
    for name, mark in marks.items():
        yield good(f"{name} in a note, which ends no line", noted(mark.encode(), False))
    yield bad("CR alone at line ends", PLAIN.replace(b"\n", b"\r"), "carriage return", 1)
    yield bad("CR CR LF at line ends", PLAIN.replace(b"\n", b"\r\r\n"), "carriage return", 1)
    yield bad("one CR among the rows", PLAIN.replace(b"2.5\n", b"2.5\r"), "carriage return", 3)
    yield good("LF and CR LF mixed", PLAIN.replace(b"2.5\n", b"2.5\r\n"))
    yield good("no newline at the end", PLAIN.removesuffix(b"\n"))
    yield good("blank lines and lines of spaces", PLAIN.replace(b"\n", b"\n\n  \n"))
    yield good("blank lines before the header", b"\n \n\n" + PLAIN)
    yield good("an indented file", PLAIN.replace(b"\n", b"\n   "))


NUMBERS = {
    READ: [
        "7", "007", "+7", "-0", ".5", "5.", "1e3", "1E-3", "+2.5e+2", "-.5e0", "0.1",
        "0.30000000000000004", "5e-324", "1e-400", "-1e-400", "1.7976931348623157e308",
        "2.2250738585072011e-308", "9007199254740993", "9223372036854775807",
        "18446744073709551617", "123456789012345678901234567890", "inf", "-inf", "Infinity",
        "+INF", "-infinity", "NaN", "nan", "NA", "null", "None", "1e00000000000000000001", "",
        " ", "  2", "2  ", "0." + "3" * 20000, "1" * 300, "0" * 5000 + "2",
    ],
    "is not a number": [
        "1_000", "1,234", "1,234.5", "1.234,5", "1,5", "1'234", "0x1F", "0x1p3", "0b1", "0o17",
        "1e", "e5", "1e+", "1d3", "1.2.3", ".", "+", "-", "--", "--1", "+-1", "1-", "5-", "(5)",
        "$5", "5$", "€5", "£5", "5€", "5%", "5kg", "1/2", "1:30", "½", "²", "Ⅷ", "١٢", "１２", "१२",
        "一", "−1", "–1", "∞", "1.#INF", "-1.#IND", "1.#QNAN", "#DIV/0!", "#N/A", "#VALUE!", "N/A",
        "n/a", "NULL", "none", "NAN", "-nan", "sNaN", "nan(0x8)", "?", "x", "TRUE", "true", "yes",
        "2024-01-01", "1e5.0", "infin", "1f", "1L", "1j", "0x", "1 234", "1\xa0234", "1\u2009234",
        "1\u202f234", "2\t", "\t2", "2\xa0", "\u200b2", "2\ufeff", "2\u200e", "1 2", "- 2", "2;",
        "1e 5", "2\u0301", "2\x0b", "2\x7f", "2\x1b[31m",
    ],
    "is beyond the largest number": [
        "1e400", "-1e400", "1.7976931348623159e308", "1" * 310,
    ],
}  # fmt: skip


def numbers() -> Iterator[BadFile]:
    """Numbers as people and programs write them; each is the value on line 3."""
    for expected, texts in NUMBERS.items():
        for text in texts:
            outcome = READ if expected == READ else Refusal(expected, 3, "y")
            shown = text if len(text) < 40 else f"{text[:8]}... of {len(text)}"
            yield BadFile(f"the number {shown!r}", valued(text), outcome)
    yield bad("thousands without quotes", table("1", "1,234", "3"), "3 fields", 3)
    comma = b"time;y\n2024-01-01;1\n2024-01-02;2,5\n2024-01-03;3\n"
    yield bad("a decimal comma", comma, "is not a number", 3, "y")
    yield good("a decimal comma, told", comma, decimal=",")
    yield bad(
        "a decimal comma, and a point",
        comma + b"2024-01-04;2.5\n",
        "is not a number",
        5,
        "y",
        decimal=",",
    )
    yield bad(
        "a decimal comma and thousands",
        comma.replace(b"2,5", b"1.234,5"),
        "is not a number",
        3,
        "y",
        decimal=",",
    )
    yield good(
        "a decimal comma in quotes between commas",
        table("1", '"2,5"', "3"),
        decimal=",",
        delimiter=",",
    )
    yield good("-999 that stands for a missing one", table("1", "-999", "-999.0"), missing=["-999"])
    yield bad("a number that comes late", table("x", "2"), "has no number", 2)
    yield bad(
        "a value beyond belief among thousands",
        b"y\n" + b"1.5\n" * 6000 + b"1e999\n",
        "is beyond the largest",
        6002,
        "y",
    )


FIRST = "2024-01-01"
BAD_TIMES = {
    "is not a time that exists": [
        "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10",
        "2024-01-00", "0000-01-01", "2024-01-02T24:00", "2024-01-02T23:60", "2024-01-02T23:59:60",
        "2024-01-02T12:00:00+25:00", "2024-01-02T12:00:00+01:60",
    ],
    "is not a time": [
        "02/01/2024", "1/2/2024", "2.1.2024", "2024/01/02", "24-01-02", "2024-1-2", "20240102",
        "2024-01-02x", "2024-W01-2", "2024-002", "2024-01-02t00:00", "2024-01-02T12",
        "2024-01-02T12:00:00,5", "2024-01-02T1:00", "2024-01-02T12:00CET",
        "2024-01-02T12:00:00+1", "10000-01-01", "-0001-01-01", "+2024-01-02", "٢٠٢٤-01-02",
        "２024-01-02", "2024−01−02", "2024‑01‑02", "NaN", "NaT", "null", "45293", "yesterday", "",
        "Jan 2 2024", "2 January 2024", "2024-01-02 12:00 PM", "2024-01-02  12:00", "2024- 1-02",
    ],
    "is finer than a microsecond": [
        "2024-01-02T00:00:00.0000001",
    ],
}  # fmt: skip


def times() -> Iterator[BadFile]:
    """Times; the bad ones stand on line 3."""
    for problem, texts in BAD_TIMES.items():
        for text in texts:
            yield bad(f"the time {text!r}", timed(FIRST, text), problem, 3, "time")
    firsts = ("01/02/2024", "2024-W01", "2024-001", "Jan 2024", "2024-01-01 00:00 CET", "yesterday")
    for text in firsts:
        yield bad(f"times like {text}", timed(text), "is not a time", 2, "time")
    yield bad("times like 2024-02-30", timed("2024-02-30"), "is not a time that exists", 2, "time")
    yield bad("times like 202401", timed("202401", "202402"), "a year and a month", 2, "time")
    yield good("spaces around times", timed(" 2024-01-01", "2024-01-02 ", " 2024-01-04  "))
    yield bad(
        "day and month exchanged",
        timed("01/01/2024", "01/13/2024"),
        "is not a time of the layout",
        3,
        "time",
        time_format="%d/%m/%Y",
    )
    yield bad(
        "days of 1900, as strptime has them",
        timed("28.02.1900", "29.02.1900"),
        "is not a time of the layout",
        3,
        "time",
        time_format="%d.%m.%Y",
    )
    # ---- clocks and zones
    yield good(
        "two offsets",
        timed("2024-01-01T00:00Z", "2024-01-01T02:00+01:00", "2024-01-01T04:00+02:00"),
    )
    yield bad(
        "an offset is missing",
        timed("2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T02:00"),
        "has no offset",
        4,
        "time",
    )
    yield bad(
        "an offset too many",
        timed(FIRST, "2024-01-02", "2024-01-03T00:00Z"),
        "has an offset",
        4,
        "time",
    )
    spring = [f"2024-03-31 {hour:02d}:00" for hour in (0, 1, 3, 4)]
    yield good("a clock set forward: an hour is missing", timed(*spring))
    autumn = [f"2024-10-27 {hour:02d}:00" for hour in (1, 2, 2, 3)]
    yield bad(
        "a clock set back: an hour comes twice", timed(*autumn), "is the same time", 4, "time"
    )
    minutes = [f"2024-10-27 02:{minute}" for minute in ("00", "30", "00", "30")]
    yield bad("a clock set back, half hours", timed(*minutes), "is earlier", 4, "time")
    aware = [f"2024-10-27T0{hour}:00+0{zone}:00" for hour, zone in ((1, 2), (2, 2), (2, 1), (3, 1))]
    yield good("a clock set back, with offsets", timed(*aware))
    aware = [f"2024-03-31T0{hour}:00+0{zone}:00" for hour, zone in ((0, 1), (1, 1), (3, 2), (4, 2))]
    yield good("a clock set forward, with offsets", timed(*aware))
    days = ["2024-10-26T00:00+02:00", "2024-10-27T00:00+02:00", "2024-10-28T00:00+01:00"]
    yield good("days over a clock set back", timed(*days, "2024-10-30T00:00+01:00"))
    # ---- far away
    yield good("the year 1677", timed("1677-09-20", "1677-09-21", "1677-09-23"))
    yield good("the year 2262", timed("2262-04-11", "2262-04-12", "2262-04-14"))
    yield good("the year 1", timed("0001-01-01", "0001-01-02", "0001-01-04"))
    yield good("the year 9999", timed("9999-12-28", "9999-12-29", "9999-12-31"))
    layout = "%d.%m.%Y"
    yield good(
        "the year 1 in a layout",
        timed("01.01.0001", "02.01.0001", "04.01.0001"),
        time_format=layout,
    )
    yield good(
        "the year 9999 in a layout",
        timed("28.12.9999", "29.12.9999", "31.12.9999"),
        time_format=layout,
    )
    yield good(
        "before and after 1970", timed("1969-12-31T23:00", "1970-01-01T00:00", "1970-01-01T02:00")
    )
    # ---- numbers as times
    yield good("days of a spreadsheet", timed("45292", "45293", "45295"))
    yield good("seconds since 1970", timed("1704067200", "1704067260", "1704067380"))
    whole = [str(1704067200 * 10**9 + second * 10**9) for second in (0, 1, 3)]
    yield good("nanoseconds since 1970, whole seconds", timed(*whole))
    odd = [str(9007199254740993 + 2 * step) for step in (0, 1, 3)]
    yield bad("times of more digits than 64 bits hold", timed(*odd), "has more digits", 2, "time")
    fine = [f"1704067200.{step:09d}" for step in (0, 400, 800, 1600)]
    yield bad("seconds to the nanosecond", timed(*fine), "has more digits", 3, "time")
    yield bad("an infinite time", timed("1", "2", "inf"), "is not a time", 4, "time")
    yield bad("a time beyond all", timed("1", "2", "1e999"), "is beyond the largest", 4, "time")
    yield bad("times too far apart to count", timed("-1e308", "1e308"), "", 3, "time")
    yield bad("times too near to count", timed("0", "5e-324", "1"), "", 4, "time")
    yield good("tenths, as a float writes them", timed("0.1", "0.2", "0.30000000000000004", "0.5"))
    yield good(
        "tenths to 17 digits",
        timed("0.10000000000000001", "0.20000000000000001", "0.29999999999999999"),
    )
    yield good("dates of eight digits", timed("20240101", "20240102", "20240104"))
    yield bad(
        "one of them has lost a digit",
        timed("20240110", "20240111", "2024112"),
        "is not a time of the layout",
        4,
        "time",
    )
    yield bad(
        "a layout whose parts touch",
        timed("20240101 0000", "20240101 0100", "20240101 1200", "2024011 1300"),
        "is not a time of the layout",
        5,
        "time",
        time_format="%Y%m%d %H%M",
    )
    yield good(
        "days without a leading zero, told",
        timed("9.1.2024", "10.1.2024", "11.1.2024"),
        time_format=layout,
    )
    # ---- order and steps
    yield bad(
        "a time that comes twice",
        timed(FIRST, "2024-01-02", "2024-01-02", "2024-01-03"),
        "is the same time",
        4,
        "time",
    )
    yield bad(
        "one instant written in two ways",
        timed("2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T02:00+01:00"),
        "is the same time",
        4,
        "time",
    )
    yield bad(
        "rows out of order",
        timed(FIRST, "2024-01-02", "2024-01-05", "2024-01-03"),
        "is earlier",
        5,
        "time",
    )
    yield bad("newest first", timed("2024-01-03", "2024-01-02", FIRST), "is earlier", 3, "time")
    yield bad(
        "a year that was mistyped",
        timed("2024-01-01 00:00", "2024-01-01 00:01", "2204-01-01 00:02"),
        "leaves a gap",
        4,
        "time",
    )
    yield bad(
        "a time off the grid",
        timed(FIRST, "2024-01-03", "2024-01-04"),
        "is not a whole number of steps",
        4,
        "time",
    )
    yield good("ends of months", timed("2024-01-31", "2024-02-29", "2024-04-30"))
    yield bad(
        "a month without its day",
        timed("2023-01-30", "2023-02-28", "2023-03-30"),
        "is not a whole number of steps",
        4,
        "time",
    )


def shapes() -> Iterator[BadFile]:
    """Whole files: empty ones, headers, delimiters, comments, and sizes."""
    empty = {"empty": b"", "newlines": b"\n" * 100, "spaces": b"   \n  \n"}
    for name, data in {**empty, "one newline": b"\n", "a mark alone": b"\xef\xbb\xbf"}.items():
        yield bad(name, data, "is empty")
    yield bad("a header alone", b"time,y\n", "has a header and no rows")
    yield bad("half a header", b"time,", "has a header and no rows")
    yield bad("a header and blank lines", b"time,y\n\n\n", "has a header and no rows")
    yield good("one row", b"time,y\n2024-01-01,1\n")
    yield good("one number", b"7")
    yield good("no header", b"2024-01-01,1\n2024-01-02,2\n")
    yield good(
        "no header, and the first number is missing",
        b"2024-01-01,NA,5\n2024-01-02,2,6\n",
        target=["c2", "c3"],
    )
    yield good(
        "no header, and the first number is empty",
        b"2024-01-01,,5\n2024-01-02,2,6\n",
        target=["c2", "c3"],
    )
    yield good(
        "a header of years under nothing, as pandas writes one",
        b",2019,2020\n0,5,6\n1,7,8\n",
        target=["2019", "2020"],
    )
    yield bad(
        "two columns of one name", b"time,y,y\n2024-01-01,1,2\n", "is the name of two columns", 1
    )
    yield bad(
        "two names that differ by spaces",
        b"time,y, y \n2024-01-01,1,2\n",
        "is the name of two columns",
        1,
    )
    yield good("names that differ by case", b"time,y,Y\n2024-01-01,1,2\n", target=["Y"])
    yield good("a column without a name", b",y\n2024-01-01,1\n2024-01-02,2\n")
    yield bad("two columns of times", b"from,to,y\n2024-01-01,2024-01-02,1\n", "2 columns of times")
    yield bad("no number in it", b"time,y\n2024-01-01,a\n", "has no number", 2)
    yield bad("the header again amid the rows", PLAIN + PLAIN, "is not a number", 5, "y")
    yield bad(
        "a row of units under the header",
        table("1").replace(b"y\n", b"y\n-,kWh\n"),
        "has no number",
        2,
    )
    yield bad("a total under the rows", PLAIN + b"Total,0.5\n", "is not a time", 5, "time")
    yield bad("a title over the header", b"Sales of 2024\n" + PLAIN, "2 fields where", 2)
    yield bad("a comment over the header", b"# sales\n" + PLAIN, "2 fields where", 2)
    yield bad(
        "a comment amid the rows", PLAIN + b"# more\n" + b"2024-01-04,4\n", "1 fields where", 5
    )
    yield bad(
        "sep=; as a spreadsheet wants it",
        b"sep=;\n" + PLAIN.replace(b",", b";"),
        "has no number",
        2,
    )
    for name, delimiter in {"semicolons": b";", "tabs": b"\t", "bars": b"|"}.items():
        yield good(name, PLAIN.replace(b",", delimiter))
    yield good("colons, told", PLAIN.replace(b",", b":"), delimiter=":")
    yield bad("colons", PLAIN.replace(b",", b":"), "has no number", 2)
    yield bad("spaces between columns", PLAIN.replace(b",", b" "), "has no number", 2)
    yield good("spaces between columns, told", PLAIN.replace(b",", b" "), delimiter=" ")
    yield good(
        "a row of missing ones between spaces",
        b"a b\n1 2\n \n3 4\n",
        delimiter=" ",
        target=["a", "b"],
    )
    yield bad(
        "a header that could be split in two ways",
        b"time;y,z\n2024-01-01;1,2\n",
        "could be split in several ways",
        1,
    )
    yield bad(
        "another delimiter from line 3 on", PLAIN.replace(b"2,2.5", b"2;2.5"), "1 fields where", 3
    )
    wide = "time," + ",".join(f"v{place}" for place in range(10_000)) + "\n"
    wide += "".join(f"2024-01-0{day}" + f",{day}" * 10_000 + "\n" for day in (1, 2, 3))
    yield bad("ten thousand columns", wide.encode(), "10000 columns of numbers")
    yield good("ten thousand columns, one of them", wide.encode(), target=["v9999"])
    yield bad(
        "ten thousand columns, one without its end",
        wide.encode()[:-3],
        "fields where",
        4,
        target=["v0"],
    )
    large = b"x" * (1 << 20)
    yield good("a note of 1 MB", noted(large))
    yield bad("a note of more than 1 MB", noted(large + b"x"), "more than 1 MB", 3)
    yield bad("a name of more than 1 MB", b"time,y," + large + b"x\n", "more than 1 MB", 1)
    yield bad("a number of more than 1 MB", table("1", "0." + "1" * (1 << 20)), "more than 1 MB", 3)
    yield bad(
        "a line of more than 16 MB", PLAIN + b"1" * (17 << 20) + b"\n", "longer than 16 MB", 5
    )
    yield good("a column called PAR1", b"PAR1,PAR2\n1,2\n3,4\n", target=["PAR1"])
    yield good("a column called BZh", b"BZh\n1\n2\n")


def packed() -> Iterator[BadFile]:
    """gzip, whole and broken."""
    whole = gzip.compress(LONG, mtime=0)
    early = "is gzip that ends too early"
    yield good("gzip", whole)
    for cut in (2, 5, 10, 20, len(whole) // 2, len(whole) - 9, len(whole) - 4, len(whole) - 1):
        yield bad(f"gzip cut after {cut} bytes", whole[:cut], early)
    for name, place in {"sum": -8, "length": -4}.items():
        wrong = bytearray(whole)
        wrong[place] ^= 1
        yield bad(f"gzip with a wrong {name}", bytes(wrong), "is damaged gzip")
    wrong = bytearray(whole)
    wrong[3] = 0xE0
    yield bad("gzip with flags that nobody knows", bytes(wrong), "is damaged gzip")
    yield good("two members of gzip", gzip.compress(LONG[:50]) + gzip.compress(LONG[50:]))
    yield good(
        "a member of nothing between two",
        gzip.compress(LONG[:50]) + gzip.compress(b"") + gzip.compress(LONG[50:]),
    )
    yield bad("a second member cut short", gzip.compress(LONG[:50]) + whole[:30], early)
    yield good("zeros after the last member", whole + b"\0" * 1000)
    yield bad("text after the last member", whole + b"2024-01-28,4\n", "is damaged gzip")
    yield bad("gzip in gzip", gzip.compress(whole), "is gzip inside gzip")
    yield bad("gzip of nothing", gzip.compress(b""), "is empty")
    yield bad("gzip of a zip", gzip.compress(foreign()["a zip archive"]), "zip archive")
    yield bad("gzip of UTF-16", gzip.compress(PLAIN.decode().encode("utf-16")), "UTF-16")
    yield good(
        "gzip with a mark and CR LF", gzip.compress(b"\xef\xbb\xbf" + LONG.replace(b"\n", b"\r\n"))
    )
    yield bad("gzip of zeros", bomb(b"0", 64), "longer than 16 MB", 1)
    yield bad("gzip of NULs", bomb(b"\0", 64), "longer than 16 MB", 1)


def bomb(letter: bytes, megabytes: int) -> bytes:
    """A small file that unpacks to so many megabytes of one letter, in members of one each."""
    return gzip.compress(letter * (1 << 20), mtime=0) * megabytes


def foreign() -> dict[str, bytes]:
    """What people name .csv and is not."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", PLAIN)
    return {
        "a zip archive": archive.getvalue(),
        "a Parquet file": b"PAR1\x15\x04\x15\x10\x15\x14\x4c" + b"\0" * 40 + b"PAR1",
        "an .xls workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
        "a bzip2 file": bz2.compress(PLAIN),
        "an xz file": lzma.compress(PLAIN),
        "a zstd file": b"\x28\xb5\x2f\xfd\x24\x10" + b"\x81\0\0" + PLAIN,
        "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
        "a PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 20,
        "an HTML page": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
    }


def foreigners() -> Iterator[BadFile]:
    """Files of other formats that are named .csv."""
    for name, data in foreign().items():
        yield bad(name, data, name.removeprefix("an ").removeprefix("a "))
    yield bad("HTML in small letters", b"\n <html>\n<p>1,2\n", "HTML page")
    yield bad("JSON", b'{"time": "2024-01-01", "y": 1}\n', "quote", 1)
    yield bad("JSON over many lines", b'[\n {"y": 1},\n {"y": 2}\n]\n', "", 2)
    yield bad("SQLite", b"SQLite format 3\0" + b"\0" * 84, "NUL byte", 1)
    yield bad("a program", b"\x7fELF\x02\x01\x01\0" + b"\0" * 56, "NUL byte", 1)


def bad_files() -> list[BadFile]:
    """All of them."""
    kinds = (encodings, rows, numbers, times, shapes, packed, foreigners)
    return [file for kind in kinds for file in kind()]
