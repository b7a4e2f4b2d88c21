"""How a stream is refused: where, what stood there, and what to do about it."""

SHOWN = 80


class StreamError(ValueError):
    """Input that cannot be read one way only.

    Parameters
    ----------
    problem
        What is wrong, as the end of a sentence that starts with the place.
    source
        The file's name, or "standard input".
    line
        Physical line, from 1.
    column
        Name of the column.
    text
        What stood there; it is shown cut at 80 characters.
    advice
        What a person can do.

    Examples
    --------
    >>> print(StreamError("is not a number", "a.csv", 3, "y", "1_000", "Write 1000."))
    a.csv, line 3, column 'y': '1_000' is not a number. Write 1000.
    """

    def __init__(
        self,
        problem: str,
        source: str = "",
        line: int | None = None,
        column: str | None = None,
        text: str | None = None,
        advice: str = "",
    ) -> None:
        self.source, self.line, self.column, self.text = source, line, column, text
        self.advice = advice
        super().__init__(self._sentence(problem))

    def rename(self, source: str) -> None:
        """Call the input by a name that says more to who gave it."""
        (sentence,) = self.args
        self.args = (source + sentence.removeprefix(self.source),)
        self.source = source

    def _sentence(self, problem: str) -> str:
        place = [self.source] if self.source else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column is not None:
            place.append(f"column {shown(self.column)}")
        sentence = ", ".join(place) + ": " if place else ""
        if self.text is not None:
            sentence += shown(self.text) + " "
        sentence += problem
        return f"{sentence}. {self.advice}" if self.advice else sentence


class NoRowsError(StreamError):
    """Input that ends where its first row should be."""


class Refused(Exception):
    """A field that was refused, by its place in the block at hand.

    Parameters
    ----------
    index
        Which of the texts that were given, from 0.
    problem, advice
        As in `StreamError`.
    """

    def __init__(self, index: int, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.index, self.problem, self.advice = index, problem, advice


def shown(text: str) -> str:
    """Quote a text on one line, cut at 80 characters."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
