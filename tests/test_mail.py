"""The mail filter: messages as they come, a state that is never wrong, a pipe that loses none."""

import io
import json
import mailbox
import os
import sqlite3
import subprocess
import sys
import zlib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forecast
from forecast import LabelForecaster
from forecast.labels.belief import SHARED
from forecast.labels.evidence import EVIDENCE
from forecast.mail import delivery, state
from forecast.mail.box import box_messages, mbox_messages
from forecast.mail.delivery import HEADER, header_of, marked
from forecast.mail.message import HEAD, html_text, mail_text
from forecast.mail.state import State, StateError, Verdict, shown

sys.path.insert(0, str(Path(__file__).parent))
from mails import mail

HOME = Path(forecast.__file__).resolve().parent.parent


def run(words: list[str], given: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(HOME)} | more
    command = [sys.executable, "-m", "forecast", "mail", *words]
    return subprocess.run(command, input=given, capture_output=True, env=environment)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "mail.sqlite")


# ------------------------------------------------- what a mail says


def mime(*parts: tuple[str, bytes], headers: bytes = b"Subject: s\n") -> bytes:
    """A message of parts, each with its own headers."""
    body = b"".join(b"--X\n" + head.encode() + b"\n\n" + text + b"\n" for head, text in parts)
    return headers + b"Content-Type: multipart/mixed; boundary=X\n\n" + body + b"--X--\n"


def said(raw: bytes) -> str:
    return mail_text(raw).replace(b"\xff", b":").decode(errors="replace")


def test_a_plain_mail() -> None:
    raw = b"From: Ann <a@b.org>\r\nSubject: A\r\n folded line\r\nX-Spam: no\r\n\r\nHello\r\nyou\r\n"
    assert said(raw) == (
        "from:ann from:a from:b from:org subject:a subject:folded subject:line\n"
        "A folded line\nHello\r\nyou\r\n"
    )
    assert said(b"From ann Mon Jan 1\n" + raw) == said(raw)


def test_parts_encodings_and_charsets() -> None:
    plain = (
        "Content-Type: text/plain; charset=latin-1\nContent-Transfer-Encoding: base64",
        b"6Q==",
    )
    page = ("Content-Type: text/html; charset=utf-8", "<p>h\u00e9 <b>you</b>&amp;".encode())
    data = ("Content-Type: image/png\nContent-Disposition: attachment; filename=a.png", b"\0\1")
    quoted = ("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable", b"a=3Db")
    text = said(mime(plain, page, data, quoted))
    assert text.endswith("s\né\nhé you&\nimage/png attachment; filename=a.png\na=b\n")
    text = said(b"Subject: =?utf-8?q?f=C3=BCr?= =?latin-1?b?6Q==?= you\n\nx")
    assert "\nfüré you\nx" in text or "\nfür\u00e9 you\nx" in text


@pytest.mark.parametrize(
    "charset", ["utf-8", "no-such-charset", "utf-16", "ascii", "rot13", "idna", "\xff", '"']
)
@pytest.mark.parametrize("content", [b"caf\xc3\xa9", b"caf\xe9", b"\xff\xfe\xfd", b""])
def test_wrong_charsets_are_survived(charset: str, content: bytes) -> None:
    head = f"Content-Type: text/plain; charset={charset}"
    raw = mime((head, content)) + f"Subject: =?{charset}?b?6Q?= =?{charset}?q?=FF?=\n".encode()
    text = mail_text(raw)
    assert (b"caf" in text) == content.startswith(b"caf") or charset == "utf-16"
    headers = f"Subject: =?{charset}?b?6Q=?=\nContent-Transfer-Encoding: 8bit\n\n".encode()
    assert isinstance(mail_text(headers + content), bytes)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\n\n\n",
        b"Subject: only headers",
        b"Subject: only headers\n",
        b": no name\nno colon at all\n\nbody",
        b"\0" * 100,
        bytes(range(256)) * 20,
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: multipart/mixed; boundary=\n\n--\n--\n",
        b"Content-Transfer-Encoding: base64\n\n=====",
        b"Content-Transfer-Encoding: x-uuencode\n\nbegin\n\xff",
        b"Content-Type: text/html\n\n<html><![CDATA[<!x <a href=<<<\xff &#99999999999; &#xD800;",
        b"From: =?utf-8?q?=?=\nSubject: =?x?y?z?=\n\n",
    ],
)
def test_no_mail_does_harm(raw: bytes, path: str) -> None:
    with State(path) as memory:
        assert 0.0 < memory.deliver(shown(mail_text(raw))).p < 1.0
        memory.learn(shown(mail_text(raw)), 1)


def test_headers_alone_say_something() -> None:
    assert said(b"Subject: only headers\n").startswith("subject:only subject:headers\nonly headers")


@pytest.mark.parametrize("deep", [10, 200, 3000])
def test_parts_within_parts(deep: int) -> None:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (k, k) for k in range(deep)
    )
    assert len(mail_text(head + b"Content-Type: text/plain\n\ninside\n")) < 2 * HEAD


def test_many_parts_are_read_up_to_a_bound() -> None:
    raw = mime(*[("Content-Type: text/plain", b"part%d" % k) for k in range(5000)])
    text = mail_text(raw)
    assert b"part0" in text and b"part62" in text and b"part99" not in text


def test_of_a_page_what_is_seen() -> None:
    page = "<head><title>t</title></head><style>s{}</style><p>a&nbsp;b<br>c<img src='x.png'>"
    assert html_text(page) == "a b c x.png"
    assert html_text("<script>no</script>yes <!-- no --> &lt;") == "yes <"
    assert "late" not in html_text("<p>" * 100_000 + "late")  # bounded


# ------------------------------------------------- boxes


def test_an_mbox_is_that_of_the_library(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    made = [mail(seed)[0] for seed in range(20)] + [b"Subject: x\n\n>From me\n\nTo you\n"]
    for message in made:
        box.add(message)
    box.flush()
    ours = [raw.partition(b"\n")[2] for _, raw in box_messages(str(tmp_path / "box"))]
    theirs = [box.get_bytes(key) for key in sorted(box.iterkeys())]
    box.close()
    assert [raw.rstrip(b"\n") for raw in ours] == [raw.rstrip(b"\n") for raw in theirs]
    assert len(ours) == len(made)


def test_a_maildir_and_a_file(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    made = [mail(seed)[0] for seed in range(10)]
    for message in made:
        box.add(message)
    assert sorted(raw for _, raw in box_messages(str(tmp_path / "box"))) == sorted(made)
    (tmp_path / "one").write_bytes(made[0])
    assert list(box_messages(str(tmp_path / "one"))) == [(str(tmp_path / "one"), made[0])]
    names = ["12.b", "9.a", "100.c"]
    for name in names:
        (tmp_path / "box" / "cur" / name).write_bytes(b"x")
    listed = [Path(name).name for name, raw in box_messages(str(tmp_path / "box")) if raw == b"x"]
    assert listed == ["9.a", "12.b", "100.c"]


def test_an_empty_box_has_no_messages() -> None:
    assert list(mbox_messages(io.BytesIO(b""))) == []


# ------------------------------------------------- the state


def rows_of(path: str) -> dict[int, bytes]:
    with sqlite3.connect(path) as file:
        return {place: blob[:-4] for place, blob in file.execute("SELECT * FROM rows")}


def rows_of_bytes(whole: bytes, path: str) -> dict[int, bytes]:
    """The rows of a state with their sums, as they lie in its file."""
    Path(path).write_bytes(whole)
    with sqlite3.connect(path) as file:
        return dict(file.execute("SELECT * FROM rows"))


def shared_of(path: str) -> bytes:
    with sqlite3.connect(path) as file:
        blob: bytes = file.execute("SELECT floats FROM shared").fetchone()[0]
    return blob[:-4]


def assert_same(path: str, learner: LabelForecaster) -> None:
    """The state is, bit for bit, that of a learner."""
    assert shared_of(path) == learner.floats[:SHARED].tobytes()
    weights, rows = learner.view("weights"), rows_of(path)
    touched = set(np.flatnonzero(weights.any(axis=1)).tolist())
    assert touched <= rows.keys()
    for place, row in rows.items():
        assert row == weights[place].tobytes()


def test_the_state_is_that_of_the_learner(path: str) -> None:
    learner = LabelForecaster()
    for seed in [*range(60), 3, 4, 5]:
        raw, label = mail(seed)
        message = shown(mail_text(raw))
        label = 1 - label if seed in (4, 5) and learner.view("learned")[0] > 60 else label
        with State(path) as memory:
            verdict = memory.verdict(message, most=10)
            memory.learn(message, label)
        assert verdict.p == learner.predict(mail_text(raw)).p("spam")
        assert verdict.evidence == [tuple(piece) for piece in learner.explain(mail_text(raw))]
        learner.learn(learner.labels[label], mail_text(raw))
    assert_same(path, learner)


def test_what_is_sure_is_learned_as_it_was_said_once(path: str) -> None:
    learner = LabelForecaster(sure=state.SURE)
    for seed in range(40):
        raw, label = mail(seed)
        with State(path) as memory:
            memory.learn(shown(mail_text(raw)), label)
        learner.learn(learner.labels[label], mail_text(raw))
    for seed in range(100, 130):
        raw, _ = mail(seed)
        for _ in range(2):  # delivered again, it teaches nothing
            with State(path) as memory:
                memory.deliver(shown(mail_text(raw)))
        learner.learn(None, mail_text(raw))
    assert_same(path, learner)
    with State(path) as memory:
        assert memory.delivered == 60
        assert 45 < memory.learned == learner.view("learned")[0] <= 70


def test_a_click_is_taken_back_and_what_came_after_is_kept(path: str) -> None:
    learner = LabelForecaster()
    for seed in range(20):
        raw, label = mail(seed)
        with State(path) as memory:
            memory.learn(shown(mail_text(raw)), label)
        learner.learn(learner.labels[label], mail_text(raw))
    with State(path) as memory:  # the click that was none
        memory.learn(shown(mail_text(mail(50)[0])), 1 - mail(50)[1])
    later: list[tuple[bytes, int]] = []
    for seed in range(60, 80):
        raw, _ = mail(seed)
        with State(path) as memory:
            before = memory.learned
            p = memory.deliver(shown(mail_text(raw))).p
            if memory.learned > before:
                later.append((raw, int(p > 0.5)))
    assert later
    with State(path) as memory:
        memory.undo()
    for raw, label in later:
        learner.learn(learner.labels[label], mail_text(raw))
    assert_same(path, learner)
    with State(path) as memory:
        for _ in range(20):
            memory.undo()
        with pytest.raises(StateError, match=r"none of the last \d+ labels was clicked"):
            memory.undo()


def test_what_is_begun_and_not_ended_changes_nothing(path: str) -> None:
    raw, label = mail(1)
    with State(path) as memory:
        memory.learn(shown(mail_text(raw)), label)
    before = Path(path).read_bytes()
    with pytest.raises(KeyboardInterrupt), State(path) as memory:
        memory.learn(shown(mail_text(mail(2)[0])), 1)
        raise KeyboardInterrupt
    assert Path(path).read_bytes() == before


def test_a_damaged_state_is_refused_and_never_wrong(path: str) -> None:
    for seed in range(8):
        raw, label = mail(seed)
        with State(path) as memory:
            memory.learn(shown(mail_text(raw)), label)
    asked = shown(mail_text(mail(3)[0]))
    with State(path) as memory:
        expected = memory.verdict(asked)
    whole = Path(path).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for at in [*range(0, 100, 7), *rng.integers(0, len(whole), 150).tolist()]:
        harmed = bytearray(whole)
        harmed[at] ^= 1 << int(rng.integers(8))
        Path(path).write_bytes(harmed)
        try:
            with State(path) as memory:
                said = memory.verdict(asked)
                assert (said.p, said.evidence) == (expected.p, expected.evidence)
        except StateError as error:
            refused += 1
            assert path in str(error)
    assert refused >= 5
    for place, row in list(rows_of_bytes(whole, path).items())[::25]:
        if place in asked.places:
            for byte in (0, len(row) - 1):
                other = bytearray(row)
                other[byte] ^= 1
                Path(path).write_bytes(whole.replace(row, bytes(other)))
                with (
                    pytest.raises(StateError, match="a sum is another than noted"),
                    State(path) as memory,
                ):
                    memory.verdict(asked)
    for size in (1, 100, 511, 512, 1000, 4096, 5000, len(whole) // 2):
        Path(path).write_bytes(whole[:size])
        with pytest.raises(StateError, match=r"is damaged|is no state"), State(path) as memory:
            memory.verdict(asked)


def test_what_is_no_state_is_refused(path: str) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(StateError, match="is no state of the mail filter: name another"):
        State(path)
    Path(path).unlink()
    with State(path):
        pass
    with sqlite3.connect(path) as file:
        file.execute("UPDATE about SET value = 2 WHERE name = 'format'")
    with pytest.raises(StateError, match="has format 2 with 18 bits; this version of forecast"):
        State(path)
    with pytest.raises(StateError, match="cannot be opened"):
        State(str(Path(path).parent / "absent" / "mail.sqlite"))


# ------------------------------------------------- plain Python and machine code

PLAINLY = """
import array, json, sys, zlib
from forecast.compiled import plainly
plainly()
from forecast.arrays import floats_of, ints
from forecast.labels.belief import *
from forecast.labels.evidence import EVIDENCE, SEEN, evidence_of
from forecast.labels.journal import message_number
d, w = floats_of(bytes(8 * SHARED)), floats_of(bytes(8 * ROW << 12))
belief_begin(d)
heard = {}
places, seen, z = ints(EVIDENCE), ints(SEEN * EVIDENCE), ints(MEMBERS)
for t, (label, text) in enumerate(json.load(sys.stdin)):
    told, n = evidence_of(text.encode("latin-1"), 12, places, seen)
    number = message_number(places, n)
    known = heard.get(number, UNKNOWN)
    belief_logits(d, w, places, told, n, z)
    print(belief_probability(d, z, 1, known).hex())
    belief_learn(d, w, places, told, n, label, t, known)
    if len(heard) == 1024 and number not in heard:
        del heard[next(iter(heard))]
    heard[number] = label
print(zlib.crc32(bytes(d)), zlib.crc32(bytes(w)))
assert not {"numpy", "numba"} & set(sys.modules)
"""


def both_ways(n: int) -> None:
    """The kernels as they are written, without numba and numpy, give the same bits."""
    made = [(mail(seed)[1], mail_text(mail(seed)[0]).decode("latin-1")) for seed in range(n)]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-c", PLAINLY],
        input=json.dumps(made).encode(),
        capture_output=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr.decode()
    *ps, sums = done.stdout.decode().split("\n")[:-1]
    learner = LabelForecaster(bits=12)
    for p, (label, text) in zip(ps, made, strict=True):
        assert learner.predict(text.encode("latin-1")).p("spam").hex() == p
        learner.learn(learner.labels[label], text.encode("latin-1"))
    parts = (learner.floats[:SHARED], learner.view("weights"))
    assert sums == " ".join(str(zlib.crc32(part.tobytes())) for part in parts)


def test_plain_kernels_give_the_same_bits() -> None:
    both_ways(120)


@pytest.mark.slow
def test_plain_kernels_give_the_same_bits_on_ten_thousand_mails() -> None:
    both_ways(10_000)


@pytest.mark.parametrize("task", ["score", "spam", "undo"])
def test_a_delivery_loads_neither_numpy_nor_numba(task: str, path: str) -> None:
    code = (
        "import sys; from forecast.__main__ import main; main()\n"
        "slow = {'numpy', 'numba', 'typing', 'argparse', 'pathlib', 're', 'email', 'html.parser'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)"
    )
    raw = b"Subject: plain\n\nno parts here\n"
    run(["spam", "--state", path], raw)
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, "mail", task, "--state", path],
        input=raw,
        capture_output=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr.decode()


# ------------------------------------------------- the pipe


def test_a_header_says_verdict_and_evidence() -> None:
    verdict = Verdict(0.5, [('a "b" \\ \x1b\u00e9\n', 0.25), ("x" * 100, -1.0)])
    header = header_of(verdict)
    assert header == (
        b'X-Forecast-Spam: unsure; p=0.5000; "a \'b\' / ???" +0.25, "' + b"x" * 60 + b'" -1.00'
    )
    for p, word in ((0.9, b" spam;"), (0.89, b" unsure;"), (0.11, b" unsure;"), (0.1, b" ham;")):
        assert header_of(Verdict(p, [])).startswith(HEADER + word)


@pytest.mark.parametrize(
    "raw, expected",
    [
        (b"", b"H\n"),
        (b"\nbody", b"H\n\nbody"),
        (b"A: b\n\nx", b"H\nA: b\n\nx"),
        (b"A: b\r\n\r\nx", b"H\r\nA: b\r\n\r\nx"),
        (b"From x\nA: b\n\nx", b"From x\nH\nA: b\n\nx"),
        (b"a: b\nx-forecast-SPAM: ham\n\tp=1\nC: d\n\nX-Forecast-Spam: x\n", None),
    ],
)
def test_the_header_is_the_first_and_the_only_one(raw: bytes, expected: bytes | None) -> None:
    expected = expected or b"H\na: b\nC: d\n\nX-Forecast-Spam: x\n"
    assert marked(raw, b"H") == expected


def test_a_pipe(path: str) -> None:
    spam, ham = b"Subject: Win\n\nfree prize\n", b"Subject: Hi\r\n\r\nlunch\r\n"
    first = run(["score", "--state", path], spam)
    assert (first.returncode, first.stderr) == (11, b"")
    assert run(["spam", "--state", path], spam).returncode == 0
    assert run(["ham", f"--state={path}"], ham).returncode == 0
    scored = run(["score", "--state", path], spam)
    line, rest = scored.stdout.split(b"\n", 1)
    assert scored.returncode == 10 and rest == spam
    assert line.startswith(b"X-Forecast-Spam: spam; p=0.9") and b'"free" +' in line
    scored = run(["score", "--state", path, "--filter"], scored.stdout)
    assert scored.returncode == 0 and scored.stdout.count(b"X-Forecast-Spam") == 1
    scored = run(["score", "--state", path], ham)
    assert scored.returncode == 0 and scored.stdout.endswith(b"\r\n" + ham)
    # a click in the other direction, and what was meant after all
    for task, code in (("ham", 0), ("spam", 10)):
        run([task, "--state", path], spam)
        assert run(["score", "--state", path], spam).returncode in (code, 11)
    assert run(["undo", "--state", path]).returncode == 0


def test_the_last_clicks_are_taken_back_all_or_none(path: str) -> None:
    learner = LabelForecaster()
    for seed in range(5):
        raw, label = mail(seed)
        assert run([("ham", "spam")[label], "--state", path], raw).returncode == 0
        if seed < 2:
            learner.learn(learner.labels[label], mail_text(raw))
    told = run(["undo", "6", "--state", path])
    assert told.returncode == 3 and b"was clicked" in told.stderr
    assert run(["undo", "3", "--state", path]).returncode == 0
    assert_same(path, learner)


def test_many_at_once(path: str, tmp_path: Path) -> None:
    box = b"".join(b"From x\n" + mail(seed)[0] + b"\n" for seed in range(6))
    done = run(["score", "--state", path], box)
    assert done.returncode == 0
    assert done.stdout.count(b"X-Forecast-Spam: unsure") == 6
    kept = b"".join(
        line for line in done.stdout.splitlines(keepends=True) if not line.startswith(HEADER)
    )
    assert kept == box
    (tmp_path / "box").write_bytes(box)
    assert run(["spam", "--state", path, str(tmp_path / "box")]).returncode == 0
    with State(path) as memory:
        assert (memory.learned, memory.delivered) == (6, 6)
    done = run(["score", "--state", path, str(tmp_path / "box")])
    lines = done.stdout.decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == [
        f"{tmp_path / 'box'}:{k}" for k in range(1, 7)
    ]
    assert min(float(line.split("\t")[2]) for line in lines) > 0.5


def test_the_state_lies_where_the_system_keeps_such(tmp_path: Path) -> None:
    assert run(["ham"], b"x\n", XDG_STATE_HOME=str(tmp_path)).returncode == 0
    assert (tmp_path / "forecast" / "mail.sqlite").exists()


@pytest.mark.parametrize(
    "words, code, sentence",
    [
        ([], 2, ""),
        (["sco"], 2, "'sco' is none of score, spam, ham, undo"),
        (["spam", "--filter"], 2, "'--filter' does not belong to spam"),
        (["score", "--state"], 2, "'--state' does not belong to score"),
        (["undo", "x"], 2, "'x' does not belong to undo"),
        (["undo", "0"], 2, "'0' does not belong to undo"),
        (["undo", "2", "3"], 2, "'3' does not belong to undo"),
        (["score", "absent"], 3, "absent: there is no such file or folder"),
    ],
)
def test_wrong_usage(
    words: list[str], code: int, sentence: str, capsys: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert delivery.main(words) == code
    assert sentence in capsys.readouterr().err
    assert delivery.main(["--help"]) == 0
    assert "exit codes" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["score"], ["score", "--filter"]])
def test_no_mail_is_lost_where_the_state_is_damaged(words: list[str], path: str) -> None:
    Path(path).write_bytes(b"garbage" * 1000)
    raw, _ = mail(0)
    done = run([*words, "--state", path], raw)
    assert (done.returncode, done.stdout) == (3, raw)
    assert b"is damaged" in done.stderr
    assert Path(path).read_bytes() == b"garbage" * 1000


def test_a_message_of_50_megabytes(path: str) -> None:
    message = EmailMessage()
    message["Subject"] = "large"
    message.set_content("see what I send")
    head = bytes(message) + b"x"
    raw = head + b"0123456789abcde\n" * (50_000_000 // 16)
    done = run(["score", "--state", path], raw)
    assert done.returncode == 11
    assert done.stdout.partition(b"\n")[2] == raw


# ------------------------------------------------- several deliveries at once

WORKER = """
import sys
from forecast.compiled import plainly
plainly()
sys.path.insert(0, sys.argv[5])
from mails import mail
from forecast.mail import state
from forecast.mail.message import mail_text
state.KEPT = 10**6
path, begin, end, clicks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
for seed in range(begin, end):
    raw, label = mail(seed)
    with state.State(path) as memory:
        memory.deliver(state.shown(mail_text(raw)))
    if seed % clicks == 0:
        with state.State(path) as memory:
            memory.learn(state.shown(mail_text(raw)), label)
"""


def delivered_at_once(path: str, n: int, clicks: int) -> None:
    """Four processes deliver n mails, and click on some: nothing is lost, and an order explains."""
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    share = n // 4
    workers = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", WORKER, path, str(k * share), str((k + 1) * share)),
                *(str(clicks), str(Path(__file__).parent)),
            ],
            env=environment,
        )
        for k in range(4)
    ]
    assert [worker.wait() for worker in workers] == [0] * 4
    numbers = {shown(mail_text(mail(seed)[0])).number: seed for seed in range(n)}
    with sqlite3.connect(path) as file:
        about = dict(file.execute("SELECT * FROM about"))
        turns = file.execute("SELECT turn, clicked, label, number FROM journal ORDER BY turn")
        order = [(clicked, label, numbers[number]) for _, clicked, label, number in turns]
    assert about["delivered"] == n
    assert about["learned"] == len(order)
    clicked = [seed for by_hand, _, seed in order if by_hand]
    assert sorted(clicked) == [seed for seed in range(n) if seed % clicks == 0]
    assert len(order) > len(clicked)
    learner = LabelForecaster()
    for by_hand, label, seed in order:
        raw, own = mail(seed)
        if by_hand:
            assert label == own
        else:
            p = learner.predict(mail_text(raw)).p("spam")
            assert max(p, 1 - p) >= state.SURE and label == (p > 0.5)
        learner.learn(learner.labels[label], mail_text(raw))
    assert_same(path, learner)


def test_deliveries_at_once_lose_nothing(path: str) -> None:
    delivered_at_once(path, 48, 3)


@pytest.mark.slow
def test_a_thousand_deliveries_at_once_lose_nothing(path: str) -> None:
    delivered_at_once(path, 1000, 5)


def test_a_long_mail_has_its_bounds(path: str) -> None:
    rng = np.random.default_rng(0)
    raw = b"Subject: long\n\n" + bytes(rng.integers(97, 123, 100_000).astype(np.uint8))
    message = shown(mail_text(raw))
    assert len(message.places) == EVIDENCE
    with State(path) as memory:
        memory.learn(message, 1)
    with State(path) as memory:
        assert memory.verdict(message).p > 0.5
