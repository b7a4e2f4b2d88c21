"""The streams that scripts about rates look at, gathered from files by kind.

CSV files give one stream of numbers for each column of numbers; texts (.txt) streams of words;
lines of ``label<TAB>text`` (.tsv) streams of labels. Labels are also made of the others: whether a
series went up, and whether the next word is the commonest one or begins with a capital, with the
two words before it as the message. The standard library's help topics, which come with Python, are
one more text.
"""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from pydoc_data import topics

import numpy as np
import pandas as pd

from forecast.learner import Symbols
from forecast.stream.messages import open_messages
from forecast.stream.text import open_text

BUNDLED = Path(__file__).parent.parent / "data"
LONGEST = 8_000  # points of a series that are looked at
SHORTEST = 90
MOST_WORDS = 100_000
MOST_LABELS = 30_000
TURN = 8_000  # words after which the text that is made of all texts turns to the next


def series(paths: list[Path]) -> dict[str, np.ndarray]:
    """Every column of numbers, gaps left out, up to ``LONGEST`` points."""
    found = {}
    for path in [*sorted(BUNDLED.glob("*.csv")), *paths]:
        head = path.open().readline().split(",")[0]
        frame = pd.read_csv(path, header=0 if pd.isna(pd.to_numeric(head, "coerce")) else None)
        columns = [c for c in frame.columns[1:] if frame[c].dtype.kind in "fi"]
        if frame[frame.columns[0]].dtype.kind == "f":  # no column of times
            columns = list(frame.columns)
        for column in columns:
            values = frame[column].dropna().to_numpy(float)[:LONGEST]
            if len(values) >= SHORTEST and np.ptp(values) > 0.0:
                found[f"{path.stem}/{column}"] = values
    return found


def texts(paths: list[Path]) -> dict[str, list[bytes]]:
    """Every text, word by word, up to ``MOST_WORDS``; and one that turns from each to the next."""
    found = {path.stem: list(words(path))[:MOST_WORDS] for path in paths}
    help_topics = " ".join(topics.topics[name] for name in sorted(topics.topics))
    found["help topics"] = cut(help_topics.encode())[:MOST_WORDS]
    turning: list[bytes] = []
    for start in range(0, 4 * TURN, TURN):
        for text in list(found.values()):
            turning += text[start : start + TURN]
    return {**found, "turning": turning[:MOST_WORDS]}


def words(path: Path) -> list[bytes]:
    """The words of a text."""
    found = []
    for block in open_text(path):
        flat = block.y.tobytes()
        edges = block.y_at.tolist()
        found += [flat[a:b] for a, b in pairwise(edges)]
    return found


def cut(text: bytes) -> list[bytes]:
    """The words of a text at hand, parted at spaces."""
    return [b" " + word for word in text.split()]


def as_symbols(ys: list[bytes], xs: list[bytes] | None = None) -> Symbols:
    """Observations, and what is known beside each, as one block."""
    xs = [b""] * len(ys) if xs is None else xs
    x_at = np.concatenate([[0], np.cumsum([len(x) for x in xs])]).astype(np.int64)
    y_at = np.concatenate([[0], np.cumsum([len(y) for y in ys])]).astype(np.int64)
    return Symbols(0, flat(xs), x_at, flat(ys), y_at)


def flat(pieces: list[bytes]) -> np.ndarray:
    """Bytes one after the other."""
    return np.frombuffer(bytearray(b"".join(pieces)), np.uint8)


def labels(paths: list[Path], numbers: dict[str, np.ndarray]) -> dict[str, Symbols]:
    """Labels without a message: of files, ups of series, words of texts."""
    found = {}
    for name, values in numbers.items():
        found[f"up: {name}"] = as_symbols([bytes([up]) for up in (np.diff(values) > 0.0).tolist()])
    for name, block in messages(paths).items():
        at = np.zeros_like(block.x_at)
        found[name] = Symbols(0, block.x[:0], at, block.y, block.y_at)
    return found


def messages(paths: list[Path]) -> dict[str, Symbols]:
    """Labels with their messages: of files, and next words of texts."""
    found = {}
    for path in (path for path in paths if path.suffix == ".tsv"):
        blocks = list(open_messages(path))
        ys = [bytes([y]) for block in blocks for y in block.y]
        xs = [
            block.x[a:b].tobytes()
            for block in blocks
            for a, b in zip(block.x_at[:-1], block.x_at[1:], strict=True)
        ]
        found[path.stem] = as_symbols(ys, xs)
    for name, text in texts([path for path in paths if path.suffix == ".txt"]).items():
        text = text[:MOST_LABELS]
        earlier = zip([b"", b"", *text], [b"", *text], text, strict=False)
        before = [b"a%b b%b" % (one.strip(), two.strip()) for one, two, _ in earlier]
        usual = Counter(word for word in text if word[:1] == b" " and word[1:].isalpha())
        for word, _ in usual.most_common(3):
            answers = [bytes([answer == word]) for answer in text]
            found[f"{name}: {word.decode().strip()!r} next"] = as_symbols(answers, before)
        capital = [bytes([answer.strip()[:1].isupper()]) for answer in text]
        if len(set(capital)) == 2:
            found[f"{name}: capital next"] = as_symbols(capital, before)
    return found
