"""The reader of messages: exact, strict, and bounded in memory."""

import csv
import gzip
import hashlib
import io
import mailbox
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.stream.boxes import date_of
from forecast.stream.errors import StreamError
from forecast.stream.messages import MessageStream, open_messages

Pairs = list[tuple[str, bytes]]


def pairs(stream: MessageStream) -> Pairs:
    """Every label with its text; blocks follow one another without a gap."""
    found: Pairs = []
    for block in stream:
        assert block.first == len(found)
        assert len(block) == len(block.x_at) - 1 == len(block.y) == len(stream.lines)
        for t in range(len(block)):
            text = bytes(block.x[block.x_at[t] : block.x_at[t + 1]])
            (number,) = block.y[block.y_at[t] : block.y_at[t + 1]].tolist()
            found.append((stream.labels[number], text))
    assert stream.rows == len(found)
    return found


class Reader:
    """Writes bytes to a file and reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, data: bytes, labels: tuple[str, str] | None = None) -> MessageStream:
        self.path.write_bytes(data)
        return open_messages(self.path, labels)

    def __call__(self, data: bytes, labels: tuple[str, str] | None = None) -> Pairs:
        return pairs(self.open(data, labels))

    def refuses(self, data: bytes, labels: tuple[str, str] | None = None) -> str:
        """The sentence of the error, without the file's name at its beginning."""
        with pytest.raises(StreamError) as caught:
            self(data, labels)
        sentence = str(caught.value)
        assert "\n" not in sentence
        return sentence.removeprefix(str(self.path))


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "messages.tsv")


PLAIN = b"spam\tWin a prize\nham\tSee you\tat 5\nham\t\nspam\tcaf\xc3\xa9"
SAID: Pairs = [
    ("spam", b"Win a prize"),
    ("ham", b"See you\tat 5"),  # the first tab ends the label
    ("ham", b""),
    ("spam", "café".encode()),
]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_line_says(
    read: Reader, ending: bytes, last: bytes, mark: bytes, packed: bool
) -> None:
    data = mark + (PLAIN + last).replace(b"\n", ending)
    data = gzip.compress(data) if packed else data
    stream = read.open(data)
    assert pairs(stream) == SAID
    assert stream.labels == ("ham", "spam")
    assert stream.bad == {}
    assert stream.source == str(read.path)
    assert stream.sha256 == hashlib.sha256(data).hexdigest()
    assert stream.progress() == 1.0


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Given:
        buffer = io.BytesIO(PLAIN)

    monkeypatch.setattr(sys, "stdin", Given)
    stream = open_messages("-")
    assert pairs(stream) == SAID
    assert (stream.source, stream.progress()) == ("standard input", None)


@pytest.mark.parametrize(
    "first, second, labels",
    [
        (b"spam", b"ham", ("ham", "spam")),
        (b"no", b"yes", ("no", "yes")),
        (b"1", b"0", ("0", "1")),
        (b"up", b"down", ("down", "up")),
        ("été".encode(), b"hiver", ("hiver", "été")),
        (b"not spam", b"spam ", ("not spam", "spam ")),
    ],
)
def test_labels_are_found_in_sorted_order(
    read: Reader, first: bytes, second: bytes, labels: tuple[str, str]
) -> None:
    stream = read.open(first + b"\ta\n" + second + b"\tb\n")
    assert stream.labels == labels
    assert len(stream.guessed) == 1 and all(repr(label) in stream.guessed[0] for label in labels)
    assert pairs(stream) == [(first.decode(), b"a"), (second.decode(), b"b")]


def test_labels_that_are_named_have_the_order_of_their_names(read: Reader) -> None:
    stream = read.open(b"ham\ta\nspam\tb\n", ("spam", "ham"))
    assert (stream.labels, stream.guessed) == (("spam", "ham"), [])
    (block,) = stream
    assert block.y.tolist() == [1, 0]
    # once they are named, a file may hold one of them only
    assert read(b"ham\ta\n", ("ham", "spam")) == [("ham", b"a")]


def test_blank_lines_are_told_and_left_out(read: Reader) -> None:
    stream = read.open(b"\n\nham\ta\n  \nspam\tb\n\r\n\n")
    assert pairs(stream) == [("ham", b"a"), ("spam", b"b")]
    assert stream.bad == {"blank line": 5}
    assert stream.lines.tolist() == [3, 5]


def test_any_bytes_of_a_text_are_kept(read: Reader) -> None:
    texts = [b"\x00\x01", b"\xff\xfe\xe9t\xe9", "\u2028\x85\x0b\x0c".encode(), b"a\rb", b"\xc3"]
    stream = read.open(b"".join(b"ham\t" + text + b"\n" for text in texts) + b"spam\tb\n")
    assert [text for _, text in pairs(stream)] == [*texts, b"b"]
    assert stream.bad == {"line that is not UTF-8": 2}


def test_a_thousand_blank_lines_end_nothing(read: Reader) -> None:
    stream = read.open(b"ham\ta\nspam\tb\n" + b"\n" * 5000 + b"ham\tc\n")
    assert [text for _, text in pairs(stream)] == [b"a", b"b", b"c"]
    assert stream.bad == {"blank line": 5000}
    assert stream.lines.tolist() == [5003]


NO_TAB = " has no tab after a label. Write label<TAB>text on every line."
REFUSED = [
    (b"ham\ta\nspam b\n", ", line 2: 'spam b'" + NO_TAB),
    (b"label,text\nham,a\n", ", line 1: 'label,text'" + NO_TAB),
    (b"ham\ta\n\nx\xff\n", ", line 3: 'x\\\\xff'" + NO_TAB),
    (
        b"ham\ta\nspam\tb\n\tc\n",
        ", line 3: '\\tc' has no label before its tab. Write the label before the tab.",
    ),
    (
        b"ham\ta\nspam\tb\n \tc\n",
        ", line 3: ' \\tc' has no label before its tab. Write the label before the tab.",
    ),
    (
        b"spam\ta\nham\tb\neggs\tc\n",
        ", line 3: 'eggs' is a third label beside 'ham' and 'spam'. "
        "Labels are two: leave out lines of any other, and a header.",
    ),
    (
        b"label\ttext\nham\ta\nspam\tb\n",
        ", line 3: 'spam' is a third label beside 'ham' and 'label'. "
        "Labels are two: leave out lines of any other, and a header.",
    ),
    (
        b"ham\ta\nham\tb\n",
        ": has only the label 'ham' in its first 2 lines. "
        "Name both, the negative first: --labels no,yes.",
    ),
    (
        b"ham\ta\nsp\xe4m\tb\n",
        ", line 2: 'sp\\\\xe4m' is a label that is not UTF-8. Save the file as UTF-8.",
    ),
    (b"", ": has no messages. Write label<TAB>text, a line each."),
    (b"\n \n\r\n", ": has no messages. Write label<TAB>text, a line each."),
]


@pytest.mark.parametrize("data, sentence", REFUSED)
def test_what_is_refused_is_told_by_its_place(read: Reader, data: bytes, sentence: str) -> None:
    assert read.refuses(data) == sentence


def test_a_third_label_far_down_has_its_line(read: Reader) -> None:
    data = b"ham\ta\nspam\tb\n\n" * 1500
    assert read.refuses(data + b"Ham\tc\n").startswith(
        ", line 4501: 'Ham' is a third label beside 'ham' and 'spam'."
    )


def test_a_label_beside_those_named(read: Reader) -> None:
    assert read.refuses(b"ham\ta\neggs\tb\n", ("ham", "spam")) == (
        ", line 2: 'eggs' is neither of the labels 'ham' and 'spam'. "
        "Labels are two: leave out lines of any other, and a header."
    )


def test_a_second_label_after_the_first_thousand_lines_must_be_named(read: Reader) -> None:
    data = b"ham\ta\n" * 1000 + b"spam\tb\n"
    assert read.refuses(data).startswith(": has only the label 'ham' in its first 1,000 lines.")
    assert read(data, ("ham", "spam"))[-1] == ("spam", b"b")
    assert read(data[len(b"ham\ta\n") :])[-1] == ("spam", b"b")


def test_long_lines_do_not_move_where_the_search_ends(read: Reader) -> None:
    long = b"ham\t" + b"word " * 500 + b"\n"  # so long that they come in several blocks
    found = read(long * 999 + b"spam\tb\n" + long)
    assert [label for label, _ in found] == ["ham"] * 999 + ["spam", "ham"]
    sentence = read.refuses(long * 500 + b"ham\ta\n" * 500 + b"spam\tb\n")
    assert sentence.startswith(": has only the label 'ham' in its first 1,000 lines.")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="there is no such file"):
        open_messages(tmp_path / "absent.tsv")


def test_gzip_that_is_cut_off(read: Reader) -> None:
    sentence = read.refuses(gzip.compress(PLAIN)[:-9])
    assert sentence == ": is gzip that ends too early. Fetch it again."


def test_a_stream_is_read_once(read: Reader) -> None:
    with read.open(PLAIN) as stream:
        pairs(stream)
        with pytest.raises(ValueError, match="read once"):
            list(stream)


def test_memory_is_that_of_a_block(read: Reader) -> None:
    line = b"ham\t" + b"word " * 400 + b"\nspam\tb\n"
    read.path.write_bytes(gzip.compress(line * 20_000))  # 40 MB
    tracemalloc.start()
    try:
        rows = sum(len(block) for block in open_messages(read.path))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 40_000
    assert most < 8e6


def test_a_long_line_is_one_message(read: Reader) -> None:
    text = b"ab " * 1_000_000
    found = read(b"ham\t" + text + b"\nspam\t" + text + b"\nham\tb\n")
    assert found == [("ham", text), ("spam", text), ("ham", b"b")]


def test_the_search_for_a_second_label_is_bounded(read: Reader) -> None:
    # without a bound the first 1,000 lines would be held, whatever they weigh
    data = (b"ham\t" + b"ab " * 2_000_000 + b"\n") * 8
    sentence = read.refuses(data + b"spam\tb\n")
    assert sentence.startswith(": has only the label 'ham' in its first 3 lines.")
    assert len(read(data + b"spam\tb\n", ("ham", "spam"))) == 9


ANY_TEXT = st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"").replace(b"\r", b""))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["ham", "spam"]), ANY_TEXT), min_size=1))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, written: Pairs) -> None:
    path = tmp_path_factory.mktemp("any") / "messages.tsv"
    lines = [label.encode() + b"\t" + text + b"\n" for label, text in written]
    path.write_bytes(b"".join(lines))
    stream = open_messages(path, ("ham", "spam"))
    assert pairs(stream) == written
    broken = sum(line.decode(errors="ignore").encode() != line for line in lines)
    assert stream.bad.get("line that is not UTF-8", 0) == broken


# ------------------------------------------------- tables


def table(tmp_path: Path, data: bytes, labels: tuple[str, str] | None = None) -> MessageStream:
    path = tmp_path / "messages.csv"
    path.write_bytes(data)
    return open_messages(path, labels, ("kind", "body"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_two_columns_of_a_table(tmp_path: Path, delimiter: str, ending: str) -> None:
    made = [("ham", "a, b; c | d\te"), ("spam", 'said "so"'), ("ham", "two\nlines"), ("ham", "é")]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    writer.writerow(["id", "body", "kind"])
    writer.writerows([k, text, label] for k, (label, text) in enumerate(made))
    stream = table(tmp_path, b"\xef\xbb\xbf" + out.getvalue().encode())
    assert pairs(stream) == [(label, text.encode()) for label, text in made]
    assert stream.lines.tolist() == [2, 3, 4, 6]
    assert stream.labels == ("ham", "spam")
    assert stream.sha256 == hashlib.sha256(b"\xef\xbb\xbf" + out.getvalue().encode()).hexdigest()


def test_a_long_table_is_read_in_blocks(tmp_path: Path) -> None:
    rows = b"".join(b"%s,text %d\n" % (b"spam" if k % 2 else b"ham", k) for k in range(2500))
    stream = table(tmp_path, b"kind,body\n" + rows + b"\n")
    assert [text for _, text in pairs(stream)] == [b"text %d" % k for k in range(2500)]
    assert stream.bad == {"blank line": 1}


def test_bytes_of_a_table_that_are_no_utf8_are_kept(tmp_path: Path) -> None:
    stream = table(tmp_path, b"kind,body\nham,caf\xe9\nspam,x\n")
    assert pairs(stream) == [("ham", b"caf\xe9"), ("spam", b"x")]
    assert stream.bad == {"row that is not UTF-8": 1}


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"", ": has no header. Name the columns in the first line."),
        (b"a,body\n", ", line 1: has no column 'kind'. Its header has 'a', 'body'."),
        (b"kind,body\n", ": has no messages. Write a row for each message."),
        (
            b"kind,body\nham,a\nspam,b,c\n",
            ", line 3: has 3 columns where the header has 2. "
            "Quote a field that holds the delimiter.",
        ),
        (b"kind,body\nham,a\n,b\n", ", line 3: has no label. Leave out rows without one."),
        (
            b'kind,body\nham,"a"b\n',
            ", line 2: is no CSV (',' expected after '\"'). "
            "Quote a field that holds a quote, and double the quote in it.",
        ),
    ],
)
def test_a_table_that_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(StreamError) as caught:
        pairs(table(tmp_path, data))
    assert str(caught.value) == str(tmp_path / "messages.csv") + sentence


# ------------------------------------------------- boxes


def letter(text: str, day: int) -> bytes:
    return f"Subject: {text}\nDate: {day} Jan 2024 10:00:00 +0000\n\n{text} body\n".encode()


def body_of(pair: tuple[str, bytes]) -> tuple[str, bytes]:
    return pair[0], pair[1].rstrip(b"\n").rpartition(b"\n")[2]


def test_boxes_are_read_together_by_time(tmp_path: Path) -> None:
    for label, names in (("ham", ["100.a", "300.b", "50.c"]), ("spam", ["200.d", "60.e"])):
        for part in ("cur", "new", "tmp"):
            (tmp_path / label / part).mkdir(parents=True)
        for name in names:
            folder = "new" if name in ("50.c", "200.d") else "cur"
            (tmp_path / label / folder / name).write_bytes(letter(name, 1))
    stream = open_messages(tmp_path)
    assert list(map(body_of, pairs(stream))) == [
        *(("ham", b"50.c body"), ("spam", b"60.e body"), ("ham", b"100.a body")),
        *(("spam", b"200.d body"), ("ham", b"300.b body")),
    ]
    assert (stream.labels, stream.source) == (("ham", "spam"), str(tmp_path))
    again = open_messages(tmp_path)
    pairs(again)
    assert stream.sha256 == again.sha256 is not None


@pytest.mark.parametrize("spam", ["Spam", "INBOX.Junk"])
def test_a_maildir_has_its_spam_within_it(tmp_path: Path, spam: str) -> None:
    """As the standard library makes it: what came, what nobody wanted, what was sent."""
    box = mailbox.Maildir(tmp_path / "Maildir")
    for n in range(3):
        box.add(letter(f"wanted {n}", 1))
        box.add_folder(spam).add(letter(f"unwanted {n}", 1))
    box.add_folder("Sent").add(letter("sent", 1))
    box.add_folder("Spam of others").add(letter("another", 1))
    stream = open_messages(tmp_path / "Maildir")
    assert sorted(map(body_of, pairs(stream))) == [
        *(("ham", b"wanted %d body" % n) for n in range(3)),
        *(("spam", b"unwanted %d body" % n) for n in range(3)),
    ]
    assert stream.labels == ("ham", "spam")


def test_mboxes_are_read_by_their_dates(tmp_path: Path) -> None:
    boxes = {"ham.mbox": [1, 5, None, 9], "junk": [3, 2, 7]}
    for name, days in boxes.items():
        mails = [
            b"From x\n" + (letter(f"{name} {day}", day) if day else b"Subject: none\n\nx body\n")
            for day in days
        ]
        (tmp_path / name).write_bytes(b"\n".join(mails))
    found = [text for _, text in map(body_of, pairs(open_messages(tmp_path)))]
    assert found == [
        *(b"ham.mbox 1 body", b"junk 3 body", b"junk 2 body", b"ham.mbox 5 body", b"x body"),
        *(b"junk 7 body", b"ham.mbox 9 body"),
    ]
    assert date_of(b"Subject: x\n\nDate: 1 Jan 2024\n") is None
    assert date_of(b"Date: no date\n\n") is None
    assert date_of(b"date: Thu, 01 Jan 1970 00:01:00 +0000\n\n") == 60.0


def test_what_is_no_folder_of_boxes(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match=r"has no messages\. Put a box for each label into it"):
        open_messages(tmp_path)
    (tmp_path / "cur").mkdir()
    with pytest.raises(StreamError, match=r"is one box\. Name the folder in which it lies.*\.Spam"):
        open_messages(tmp_path)
