"""Numbers as people write them in files, strictly: what is not plainly a number is refused."""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.stream.errors import Refused
from forecast.stream.notation import number_options, unit_of

MISSING = ("", "NA", "NaN", "nan", "null", "None")
NUMERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
PLAIN = b"0123456789+-.eE "
# what a mark between thousands may look like in a file
THOUSANDS = {"": "", ".": ".", ",": ",", "'": "'’", " ": " \u00a0\u202f"}


class Numerals:
    """Reads fields as numbers.

    Parameters
    ----------
    decimal
        "." or ",".
    missing
        What stands for a missing number; read as NaN.
    thousands
        What may stand between groups of three digits: ".", ",", "'" or " "; "" for nothing. A mark
        anywhere else is refused.

    Examples
    --------
    >>> Numerals().read(["1.5", " -2e1", "NA", "inf"]).tolist()
    [1.5, -20.0, nan, inf]
    >>> Numerals(",", thousands=".").read(["1.234,5", "12"]).tolist()
    [1234.5, 12.0]
    """

    def __init__(
        self, decimal: str = ".", missing: Sequence[str] = MISSING, thousands: str = ""
    ) -> None:
        if decimal not in (".", ","):
            raise ValueError(f"decimal is '.' or ',', not {decimal!r}")
        if thousands not in THOUSANDS or thousands == decimal:
            raise ValueError(
                f"thousands are parted by '.', ',', a space or ', and not by the decimal mark "
                f"{decimal!r}; got {thousands!r}"
            )
        self.decimal = decimal
        self._parted = None
        if thousands:
            marks = re.escape(THOUSANDS[thousands])
            whole = rf"([+-]?\d{{1,3}}(?:([{marks}])\d{{3}}(?:\2\d{{3}})*))"
            self._parted = re.compile(rf"{whole}((?:{re.escape(decimal)}\d*)?)", re.ASCII)
        self.missing = frozenset(missing)
        # "-999" may stand for a missing number: then every field is compared.
        self._plain = all(self._value(word) is None for word in self.missing)

    def read(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Numbers of these fields; NaN where missing.

        Raises
        ------
        Refused
            At the first field that is neither a number nor missing.
        """
        if self._plain:
            values = self._at_once(texts)
            if values is not None:
                return values
        return np.array([self._one(index, text) for index, text in enumerate(texts)], np.float64)

    def plain(self, text: str) -> float | None:
        """The number of one field, NaN where missing; None of what only `read` can judge."""
        text = text.strip(" ")
        if text in self.missing:
            return math.nan
        value = self._value(text)
        return None if value is None or math.isinf(value) else value

    def is_number(self, text: str) -> bool:
        """Whether this reads as a number; what is missing does not."""
        return text.strip(" ") not in self.missing and self._value(text.strip(" ")) is not None

    def is_missing(self, text: str) -> bool:
        return text.strip(" ") in self.missing

    def _at_once(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """All of them, if they are made of the characters of numbers alone."""
        if self._parted is not None:
            texts = [self._together(text) for text in texts]
        joined = "".join(texts)
        if self.decimal == ",":
            if "." in joined:
                return None
            texts = [text.replace(",", ".") for text in texts]
            joined = joined.replace(",", ".")
        if not joined.isascii() or joined.encode().translate(None, PLAIN):
            return None
        # Of these characters float() takes exactly what NUMERAL does, and spaces around it.
        try:
            values = np.array(list(map(float, texts)), np.float64)
        except ValueError:
            return None
        return None if np.isinf(values).any() else values

    def _one(self, index: int, text: str) -> float:
        text = text.strip(" ")
        if text in self.missing:
            return math.nan
        value = self._value(text)
        if value is None:
            raise Refused(index, "is not a number", self._advice(text))
        if math.isinf(value) and not INFINITE.fullmatch(text):
            problem = "is beyond the largest number that 64 bits hold (1.8e308)"
            raise Refused(index, problem, "Is it right? Else name the text with --missing.")
        return value

    def _advice(self, text: str) -> str:
        """What to do about a text that is no number."""
        if options := number_options(text):
            said = f"Say {options}, if that is how numbers are written here"
            return f"{said}, or name the text with --missing."
        if unit := unit_of(text):
            said = f"If {unit!r} is its unit, write numbers alone, and the unit in the header"
            return f"{said}; or name the text with --missing."
        return (
            f"Write digits with the decimal mark {self.decimal!r} (--decimal, --thousands), or "
            "name the text with --missing."
        )

    def _together(self, text: str) -> str:
        """A number without the marks between its thousands; any other text as it is."""
        match = None if self._parted is None else self._parted.fullmatch(text.strip(" "))
        return text if match is None else match[1].replace(match[2], "") + match[3]

    def _value(self, text: str) -> float | None:
        text = self._together(text)
        if self.decimal == ",":
            if "." in text:
                return None
            text = text.replace(",", ".")
        if NUMERAL.fullmatch(text) or INFINITE.fullmatch(text):
            return float(text)
        return None
