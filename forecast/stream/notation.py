"""Numbers and times that are written another way: what to say so that they are read."""

import re

_GROUPS = r"[+-]?\d{1,3}(?:%s\d{3})+"
# of each way to write a number: how it looks, and the options that read it
_NUMBERS = tuple(
    (re.compile(pattern, re.ASCII), options)
    for pattern, options in (
        (_GROUPS % r"\." + r",\d+", '--decimal "," --thousands "."'),
        (_GROUPS % "," + r"\.\d+", '--thousands ","'),
        (_GROUPS % "['’]" + r"(?:\.\d+)?", '--thousands "\'"'),
        (_GROUPS % "[ \u00a0\u202f]" + r",\d+", '--decimal "," --thousands space'),
        (_GROUPS % "[ \u00a0\u202f]" + r"(?:\.\d+)?", "--thousands space"),
        (r"[+-]?\d{1,3}(?:\.\d{3}){2,}", '--decimal "," --thousands "."'),
        (r"[+-]?\d{1,3}(?:,\d{3}){2,}", '--thousands ","'),
        (r"[+-]?[1-9]\d{0,2},\d{3}", '--decimal "," or --thousands ","'),
        (r"[+-]?\d*,\d+", '--decimal ","'),
    )
)
_WITH_UNIT = re.compile(
    r"(?P<before>[$€£¥])?[ \u00a0\u202f]?[+-]?\d[\d.,'’ \u00a0\u202f]*?"
    r"(?P<after>[a-zA-Zµμ°%‰$€£¥][a-zA-Zµμ°%‰$€£¥/·²³]{0,9})?"
)
_CLOCK = r"(?:(?P<between> |, |T)\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<half> ?[AaPp][Mm])?)?"
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}|\d\d){_CLOCK}", re.ASCII)
_YEAR_FIRST = re.compile(rf"\d{{4}}([./])\d{{1,2}}\1\d{{1,2}}{_CLOCK}", re.ASCII)


def number_options(text: str) -> str:
    """The options by which a text reads as a number; "" where there are none.

    Examples
    --------
    >>> number_options("1.234,56"), number_options("1,234"), number_options("Ulm")
    ('--decimal "," --thousands "."', '--decimal "," or --thousands ","', '')
    """
    found = (options for pattern, options in _NUMBERS if pattern.fullmatch(text.strip(" ")))
    return next(found, "")


def unit_of(text: str) -> str:
    """What stands beside a number in the same field, as its unit; "" where nothing does.

    Examples
    --------
    >>> unit_of("21.5 °C"), unit_of("1.234,50€"), unit_of("$12"), unit_of("12"), unit_of("a 12")
    ('°C', '€', '$', '', '')
    """
    match = _WITH_UNIT.fullmatch(text.strip(" "))
    return "" if match is None else match["before"] or match["after"] or ""


def layouts(text: str) -> list[str]:
    """The layouts in which a text is a date that is none of ISO 8601, and may have a time of day.

    Examples
    --------
    >>> layouts("31.01.2024"), layouts("1/2/24 23:59"), layouts("2024-01-31")
    (['%d.%m.%Y'], ['%d/%m/%y %H:%M', '%m/%d/%y %H:%M'], [])
    >>> layouts("2024/01/31 11:59 PM")
    ['%Y/%m/%d %I:%M %p']
    """
    text = text.strip(" ")
    if match := _YEAR_FIRST.fullmatch(text):
        return [f"%Y{match[1]}%m{match[1]}%d{_clock(match)}"]
    if match := _YEAR_LAST.fullmatch(text):
        first, mark, second, year = match.groups()[:4]
        orders = []
        if int(second) <= 12:
            orders.append(("d", "m"))
        if int(first) <= 12 and mark != ".":
            orders.append(("m", "d"))
        end = "Y" if len(year) == 4 else "y"
        return [f"%{a}{mark}%{b}{mark}%{end}{_clock(match)}" for a, b in orders]
    return []


def _clock(match: re.Match[str]) -> str:
    """The layout of the time of day behind a date; "" where there is none."""
    if match["between"] is None:
        return ""
    minutes = "%M:%S" if match["seconds"] else "%M"
    if half := match["half"]:
        return f"{match['between']}%I:{minutes}{half[:-2]}%p"
    return f"{match['between']}%H:{minutes}"


def layout_options(text: str) -> str:
    """The same as options; "" where there are none.

    Examples
    --------
    >>> layout_options("31.01.2024")
    "--time-format '%d.%m.%Y'"
    """
    return " or ".join(f"--time-format '{layout}'" for layout in layouts(text))
