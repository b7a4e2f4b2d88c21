"""A text as words: reversible to the byte, whatever the bytes and wherever a block ends."""

import gzip
import hashlib
import io
import re
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.stream import prose
from forecast.stream.errors import StreamError
from forecast.stream.source import Source
from forecast.stream.text import NOT_UTF8, NUL, TextStream, open_bytes, open_text, words_of

# The rule once more, as a pattern that knows nothing of the 40 bytes.
PATTERN = re.compile(
    rb" ?(?:[A-Za-z\x80-\xff]+|[0-9]+|<[A-Za-z]{1,37}>|'[A-Za-z]{1,2}(?![A-Za-z\x80-\xff])"
    rb"|[!-/:-@\[-`{-~]+)|[\x00-\x20\x7f]+(?= [^\x00-\x20\x7f])|[\x00-\x20\x7f]+",
    re.DOTALL,
)


def second_reading(text: bytes) -> list[bytes]:
    """Words by the pattern; a long run is cut, and what is left of it begins a word."""
    words, at = [], 0
    while match := PATTERN.match(text, at):
        words.append(match[0][:40])
        at += len(words[-1])
    return words


class Pieces(Source):
    """A source that hands on its bytes in pieces of a given size."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(path)
        self.step = size

    def read(self) -> bytes:
        if not self._packed:
            self._packed = self._raw()
        piece, self._packed = self._packed[: self.step], self._packed[self.step :]
        return piece


def read(stream: TextStream) -> list[bytes]:
    """All words of a stream; its blocks follow one another and say nothing beside a word."""
    words: list[bytes] = []
    for block in stream:
        assert block.first == len(words)
        assert block.y_at[0] == 0 and block.y_at[-1] == len(block.y)
        assert not block.x_at.any() and len(block.x_at) == len(block) + 1 and not len(block.x)
        text = block.y.tobytes()
        words += [text[block.y_at[t] : block.y_at[t + 1]] for t in range(len(block))]
    assert stream.words == len(words) and stream.bytes == sum(map(len, words))
    return words


def written(folder: Path, text: bytes) -> Path:
    path = folder / "a.txt"
    path.write_bytes(text)
    return path


CUT = [
    (b"The cat, 12", [b"The", b" cat", b",", b" 12"]),
    (b"don't  stop\n", [b"don", b"'t", b" ", b" stop", b"\n"]),
    (b"'tis 'he' we'll", [b"'", b"tis", b" 'he", b"'", b" we", b"'ll"]),
    (b"a \n b", [b"a", b" \n", b" b"]),
    (b"x2y 3.14", [b"x", b"2", b"y", b" 3", b".", b"14"]),
    (b" ", [b" "]),
    (b"", []),
    (b"\r\n\t\x00\x7f", [b"\r\n\t\x00\x7f"]),
    ("Zürich – 東京".encode(), ["Zürich".encode(), " –".encode(), " 東京".encode()]),
    (b"<unk> @-@ <a b> <>", [b"<unk>", b" @-@", b" <", b"a", b" b", b">", b" <>"]),
    (b"if x:\n    y", [b"if", b" x", b":", b"\n   ", b" y"]),
]


@pytest.mark.parametrize(("text", "words"), CUT)
def test_words_of_a_text(text: bytes, words: list[bytes]) -> None:
    assert words_of(text) == words == second_reading(text)


def test_a_run_longer_than_40_bytes_is_cut() -> None:
    assert [len(word) for word in words_of(b"a" * 100)] == [40, 40, 20]
    assert [len(word) for word in words_of(b" " + b"7" * 80)] == [40, 40, 1]
    assert [len(word) for word in words_of(b"a" * 40 + b" b")] == [40, 2]
    assert [len(word) for word in words_of(b" " * 45 + b"b")] == [40, 4, 2]
    assert [len(word) for word in words_of(b" " * 41 + b"b")] == [40, 2]
    assert [len(word) for word in words_of(b" <" + b"a" * 37 + b">")] == [40]
    assert [len(word) for word in words_of(b" <" + b"a" * 38 + b">")] == [2, 38, 1]


@given(st.binary(max_size=300) | st.text("ab7 ,<>'\n", max_size=90).map(str.encode))
def test_any_bytes_are_cut_as_by_a_second_reading(text: bytes) -> None:
    words = words_of(text)
    assert b"".join(words) == text
    assert words == second_reading(text)


@given(st.text("ab7 ,<>'\n\tü", max_size=200).map(str.encode), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_where_a_block_ends_changes_no_word(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, size: int
) -> None:
    path = written(tmp_path_factory.mktemp("text"), text)
    assert read(TextStream(Pieces(path, size))) == second_reading(text)


@pytest.mark.parametrize("size", [1, 2, 39, 40, 41, 42, 131072])
def test_long_runs_over_blocks(tmp_path: Path, size: int) -> None:
    text = b"a" * 95 + b" " + b"1" * 83 + b"  \n" + b" \xc3\xbc" * 30 + b" "
    assert read(TextStream(Pieces(written(tmp_path, text), size))) == second_reading(text)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_bytes_that_are_not_utf8_are_told_and_kept(tmp_path: Path, size: int) -> None:
    # a byte that never occurs, one that goes on nothing, a letter cut off, a surrogate (3 bytes)
    text = "ü東𝄞 ".encode() + b"\xff a\x80b \xe6\x9d \xed\xa0\x80\x00\x00 \xc3"
    stream = TextStream(Pieces(written(tmp_path, text), size))
    assert b"".join(read(stream)) == text
    assert stream.bad == {NOT_UTF8: 1 + 1 + 2 + 3 + 1, NUL: 2}


def test_good_text_is_told_nothing_of(tmp_path: Path) -> None:
    stream = open_text(written(tmp_path, "Zürich – 東京\n".encode()))
    read(stream)
    assert stream.bad == {}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_and_its_hash(tmp_path: Path, pack: type[bytes]) -> None:
    text = b"to be or not to be, that is 1 question\n" * 9000
    packed = pack(text)
    with open_text(written(tmp_path, packed)) as stream:
        assert stream.source == str(tmp_path / "a.txt") and stream.sha256 is None
        assert b"".join(read(stream)) == text
        assert stream.sha256 == hashlib.sha256(packed).hexdigest()
        assert stream.progress() == 1.0 and stream.bytes_read == len(packed)
        with pytest.raises(ValueError, match="read once"):
            next(iter(stream))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a b")))
    stream = open_text("-")
    assert read(stream) == [b"a", b" b"]
    assert stream.source == "standard input" and stream.progress() is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="there is no such file"):
        open_text(tmp_path / "b.txt")


FOREIGN = [
    (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is a PNG, not text"),
    (b"PK\x03\x04" + b"\0" * 90, "is a zip archive (or an .xlsx workbook), not text"),
    (b"%PDF-1.7 and so on", "is a PDF, not text"),
    ("a text".encode("utf-16"), "is text in UTF-16, not text"),
]


@pytest.mark.parametrize(("content", "said"), FOREIGN)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_plainly_no_text_has_bytes_and_no_words(
    tmp_path: Path, content: bytes, said: str, pack: type[bytes]
) -> None:
    path = written(tmp_path, pack(content))
    with pytest.raises(StreamError, match=re.escape(said)) as refused:
        read(open_text(path))
    assert "Save it as text in UTF-8" in str(refused.value)
    assert read(open_bytes(path)) == [bytes([byte]) for byte in content]


def test_a_file_of_any_bytes_is_read_to_the_byte_and_what_is_strange_is_told(
    tmp_path: Path,
) -> None:
    content = np.random.default_rng(3).bytes(5000)
    for opened in (open_text, open_bytes):
        stream = opened(written(tmp_path, content))
        assert b"".join(read(stream)) == content
        strange = [c for c in content.decode(errors="surrogateescape") if "\udc80" <= c <= "\udcff"]
        assert stream.bad == {NOT_UTF8: len(strange), NUL: content.count(0)}


@pytest.mark.parametrize("opened", [open_text, open_bytes])
def test_gzip_that_is_cut_off_is_refused(tmp_path: Path, opened: type[TextStream]) -> None:
    packed = gzip.compress(np.random.default_rng(3).bytes(5000))
    with pytest.raises(StreamError, match="is gzip that ends too early"):
        read(opened(written(tmp_path, packed[:-200])))


def test_gzip_inside_gzip_is_bytes_and_no_words(tmp_path: Path) -> None:
    inner = gzip.compress(b"a text", mtime=0)
    path = written(tmp_path, gzip.compress(inner))
    with pytest.raises(StreamError, match="is gzip inside gzip"):
        read(open_text(path))
    assert b"".join(read(open_bytes(path))) == inner


def test_prose_that_comes_with_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = prose.python_help()
    assert len(text) > 300_000 and b'"for" statement' in text
    with open_text("python-help") as stream:
        assert b"".join(read(stream)) == text
        assert (stream.source, stream.bad) == ("python-help", {})
        assert stream.sha256 == hashlib.sha256(text).hexdigest() and stream.progress() == 1.0
    Path("python-help").write_bytes(b"a file")  # of that name is meant before all
    assert read(open_text("python-help")) == [b"a", b" file"]
    Path("python-help").unlink()
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(StreamError, match="came not with this Python"):
        open_text("python-help")


def test_memory_is_bounded_whatever_the_length_of_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, b"x" * 20_000_000)
    words_of(b"a")  # compiled before it is measured
    tracemalloc.start()
    words = sum(len(block) for block in open_text(path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert words == 500_000
    assert most < 8_000_000


def test_blocks_can_be_written_to_and_are_of_the_compiled_types(tmp_path: Path) -> None:
    # arrays that are read-only would have every loop compiled a second time
    for block in open_text(written(tmp_path, b"a b")):
        for array, dtype in ((block.x, np.uint8), (block.y, np.uint8), (block.y_at, np.int64)):
            assert array.dtype == dtype and array.flags.writeable and array.flags.c_contiguous
