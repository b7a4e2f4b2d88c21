"""A text as a stream of words: cut so that joined again they are the text, to the byte."""

import codecs
import os
import re
from collections.abc import Generator, Iterator

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Bytes, Ints, Symbols
from forecast.stream.source import Source
from forecast.words.vocabulary import LONGEST

# Kinds of bytes. A word is a run of letters, a run of digits or one mark, with one space before it
# if there is one; any other byte, and a space before such a one, is a word of its own.
LETTER, DIGIT, MARK, SPACE, OTHER = range(5)
NOT_UTF8, NUL = "bytes that are not UTF-8", "NUL bytes"
ESCAPED = re.compile("[\udc80-\udcff]")  # what stands for a byte that is not UTF-8


@compiled
def kind_of(byte: int) -> int:
    """Letter, digit, mark, space or other; all bytes of what is not ASCII are letters."""
    if byte >= 128 or 65 <= byte <= 90 or 97 <= byte <= 122:
        return LETTER
    if 48 <= byte <= 57:
        return DIGIT
    if 32 < byte < 127:
        return MARK
    return SPACE if byte == 32 else OTHER


@compiled
def _end(text: Bytes, first: int, over: bool) -> int:
    """Where the word that begins there ends; 0 where only what follows the text can tell."""
    n = len(text)
    kind = kind_of(text[first])
    past = first + 1
    if kind == SPACE:
        if past == n:
            return past if over else 0
        kind = kind_of(text[past])
        if kind in (SPACE, OTHER):
            return past
        past += 1
    if kind in (MARK, OTHER):
        return past
    longest = first + LONGEST
    while past < n and past < longest and kind_of(text[past]) == kind:
        past += 1
    return past if over or past < n else 0


@compiled
def cut(text: Bytes, over: bool, at: Ints) -> int:
    """Cut a text into words, as far as it tells where they end.

    Parameters
    ----------
    text : uint8 [n]
    over : bool
        Whether the text ends here; else a word at its end that may go on is left.
    at : int64 [n + 1]
        Written: where words begin, and after the last of them where it ends.

    Returns
    -------
    int
        Number of words.
    """
    words = 0
    at[0] = 0
    while at[words] < len(text):
        end = _end(text, at[words], over)
        if end == 0:
            break
        words += 1
        at[words] = end
    return words


def words_of(text: bytes) -> list[bytes]:
    """The words of a text.

    Examples
    --------
    >>> words_of(b"The cat, 12\\n")
    [b'The', b' cat', b',', b' 12', b'\\n']
    """
    at = np.empty(len(text) + 1, np.int64)
    n = cut(np.frombuffer(bytearray(text), np.uint8), True, at)
    return [text[at[t] : at[t + 1]] for t in range(n)]


class TextStream:
    """Words of a text, in blocks, read once; see `open_text`.

    Attributes
    ----------
    source : str
        Name of the input.
    words, bytes : int
        Handed on so far.
    bad : dict of str to int
        Bytes that are strange in a text, by reason: told, and kept.
    """

    def __init__(self, source: Source) -> None:
        self.words = self.bytes = 0
        self.bad: dict[str, int] = {}
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._begun = False

    @property
    def source(self) -> str:
        return self._source.name

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, packed as they lie there."""
        return self._source.bytes_read

    @property
    def sha256(self) -> str | None:
        """Hash of the file's bytes; None before its end was read."""
        return self._source.sha256

    def progress(self) -> float | None:
        """Fraction of the file that was read; None where its size is not known."""
        size = self._source.size
        return None if size is None else min(1.0, self.bytes_read / max(1, size))

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> "TextStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Symbols]:
        if self._begun:
            raise ValueError("a stream is read once: open it again")
        self._begun = True
        rest = b""
        try:
            while piece := self._source.read():
                self._look(piece, over=False)
                rest = yield from self._cut(rest + piece, over=False)
            self._look(b"", over=True)
            yield from self._cut(rest, over=True)
        finally:
            self.close()

    def _look(self, piece: bytes, over: bool) -> None:
        """Count what is strange in a text."""
        text = self._decoder.decode(piece, over)
        if not text.isascii():
            self._tell(NOT_UTF8, len(ESCAPED.findall(text)))
        self._tell(NUL, piece.count(0))

    def _tell(self, reason: str, count: int) -> None:
        if count:
            self.bad[reason] = self.bad.get(reason, 0) + count

    def _cut(self, text: bytes, over: bool) -> Generator[Symbols, None, bytes]:
        """Hand on the words that are whole; returns the bytes that are left."""
        y = np.frombuffer(bytearray(text), np.uint8)
        at = np.empty(len(text) + 1, np.int64)
        n = cut(y, over, at)
        end = int(at[n])
        if n:
            yield self._handed_on(y[:end], at[: n + 1].copy())
        return text[end:]

    def _handed_on(self, y: Bytes, at: Ints) -> Symbols:
        first = self.words
        self.words += len(at) - 1
        self.bytes += len(y)
        return Symbols(first, np.empty(0, np.uint8), np.zeros(len(at), np.int64), y, at)


def open_text(path: str | os.PathLike[str]) -> TextStream:
    """Open a text as a stream of words.

    A word is a run of letters (all bytes of what is not ASCII are letters), a run of digits or one
    other mark, each with the one space before it if there is one; a newline, a tab, a further space
    is a word of its own. A run longer than 40 bytes is cut. Joined again the words are the text.

    Parameters
    ----------
    path
        A file, plain or gzip, or "-" for standard input.

    Raises
    ------
    StreamError
        Where it cannot be opened or read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     _ = path.write_bytes(b"The cat, 12")
    ...     stream = open_text(path)
    ...     words = sum(len(block) for block in stream)
    >>> words, stream.words, stream.bytes, stream.bad
    (4, 4, 11, {})
    """
    return TextStream(Source(path))
