"""A text as a stream of words, cut so that joined again they are the text; or of its bytes."""

import codecs
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from forecast.compiled import compiled
from forecast.learner import Bytes, Ints, Symbols
from forecast.stream import prose
from forecast.stream.errors import StreamError
from forecast.stream.source import Given, Source
from forecast.words.vocabulary import LONGEST

# Kinds of bytes. A word is a run of letters, of digits or of marks, with one space before it if
# there is one; a tag like <unk> is one word, and so is an apostrophe with one or two letters. What
# else lies between words, spaces but for the last one and newlines, is a word of its own.
LETTER, DIGIT, MARK, SPACE, OTHER = range(5)
LONGEST_TAG = LONGEST - 3  # letters, so that a space and its brackets have room
LONGEST_ENDING = 2  # letters after an apostrophe: it's, we're
APOSTROPHE, OPEN, CLOSE = 39, 60, 62
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
def _run(text: Bytes, first: int, kind: int, past: int) -> int:
    """Where a run of bytes of one kind ends, that begins there and ends before ``past``."""
    while first < past and kind_of(text[first]) == kind:
        first += 1
    return first


@compiled
def _plain_letters(text: Bytes, first: int, most: int) -> int:
    """Where a run of at most so many letters of ASCII ends."""
    past = min(len(text), first + most)
    while first < past and text[first] < 128 and kind_of(text[first]) == LETTER:
        first += 1
    return first


@compiled
def _between(text: Bytes, first: int) -> int:
    """Where what lies between words ends, if it begins there; at most a byte after the longest."""
    past = min(len(text), first + LONGEST + 1)
    while first < past and kind_of(text[first]) >= SPACE:
        first += 1
    return first


@compiled
def _bound(text: Bytes, mark: int, over: bool) -> int:
    """Where a tag or an ending ends that begins with that mark.

    0 where it begins none, -1 where only what follows the text can tell.
    """
    if text[mark] == OPEN:
        past = _plain_letters(text, mark + 1, LONGEST_TAG)
        if past == len(text):
            return 0 if over else -1
        return past + 1 if past > mark + 1 and text[past] == CLOSE else 0
    if text[mark] == APOSTROPHE:
        past = _plain_letters(text, mark + 1, LONGEST_ENDING)
        if past == len(text):
            return (past if past > mark + 1 else 0) if over else -1
        return past if past > mark + 1 and kind_of(text[past]) != LETTER else 0
    return 0


@compiled
def _end(text: Bytes, first: int, over: bool) -> int:
    """Where the word that begins there ends; 0 where only what follows the text can tell."""
    n = len(text)
    word = _between(text, first)
    if word > first + LONGEST:
        return first + LONGEST
    if word == n:
        return n if over else 0
    spaced = word > first and kind_of(text[word - 1]) == SPACE
    if word > first + 1 or (word > first and not spaced):
        return word - 1 if spaced else word
    kind = kind_of(text[word])
    if kind == MARK:
        past = _bound(text, word, over)
        if past != 0:
            return max(past, 0)
    past = _run(text, word, kind, min(n, first + LONGEST))
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
    >>> words_of(b"The cat's <unk>, 12 ...\\n\\n  He")
    [b'The', b' cat', b"'s", b' <unk>', b',', b' 12', b' ...', b'\\n\\n ', b' He']
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
        Handed on so far; of a stream of bytes the same.
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


class ByteStream(TextStream):
    """Bytes of a text, in blocks, read once; see `open_bytes`."""

    def _cut(self, text: bytes, over: bool) -> Generator[Symbols, None, bytes]:
        """Hand on each byte."""
        if text:
            yield self._handed_on(
                np.frombuffer(bytearray(text), np.uint8), np.arange(len(text) + 1)
            )
        return b""


def _source(path: str | os.PathLike[str], wanted: str | None) -> Source:
    """A file, or the prose that needs none."""
    if os.fspath(path) != prose.NAME or Path(path).exists():
        return Source(path, wanted)
    try:
        text = prose.python_help()
    except ImportError:
        problem, advice = "came not with this Python", "Name a file instead."
        raise StreamError(problem, prose.NAME, advice=advice) from None
    return Given(prose.NAME, text, wanted)


def open_bytes(path: str | os.PathLike[str]) -> ByteStream:
    """Open a file as a stream of bytes.

    Parameters
    ----------
    path
        A file of any kind; what is gzip is unpacked. Or "-" for standard input, or "python-help".

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
    ...     _ = path.write_bytes(b"The cat")
    ...     [block.y.tolist() for block in open_bytes(path)]
    [[84, 104, 101, 32, 99, 97, 116]]
    """
    return ByteStream(_source(path, None))


def open_text(path: str | os.PathLike[str]) -> TextStream:
    """Open a text as a stream of words.

    A word is a run of letters (all bytes of what is not ASCII are letters), of digits or of other
    marks, each with the one space before it if there is one; a tag of letters like <unk>, and an
    apostrophe with one or two letters, are words too. What else lies between words, newlines, tabs,
    further spaces, is a word of its own. A run longer than 40 bytes is cut. Joined again the words
    are the text.

    Parameters
    ----------
    path
        A file, plain or gzip, or "-" for standard input; or "python-help", where no file has that
        name, for English prose that comes with Python: its help topics.

    Raises
    ------
    StreamError
        Where it cannot be opened or read, or is plainly no text, as a PDF or a zip archive.

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
    return TextStream(_source(path, "text"))
