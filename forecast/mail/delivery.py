"""``forecast mail``: a filter for procmail, maildrop and sieve, that learns from clicks.

    forecast mail score < message     the message with X-Forecast-Spam: as its first header
    forecast mail spam < message      learn that it is spam, whatever was said or learned before
    forecast mail ham < message       learn that it is not
    forecast mail undo [N]            take the last of these back, or the last N

Standard input holds one message, or many as an mbox; a PATH is an mbox, a Maildir or a message.
"""

from __future__ import annotations

import os
import sys

from forecast.mail.box import FROM, box_messages, mbox_messages
from forecast.mail.message import HEAD, header_end, mail_text
from forecast.mail.state import State, StateError, Verdict, shown

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, BinaryIO

HEADER = b"X-Forecast-Spam:"
DONE, FAULT, USAGE, BAD_INPUT = range(4)  # as everywhere
SPAM, UNSURE = 10, 11  # and of score; ham is DONE
SPAM_FROM, HAM_TO = 0.9, 0.1
VERDICTS = {SPAM: "spam", UNSURE: "unsure", DONE: "ham"}
TASKS = ("score", "spam", "ham", "undo")
PIECE = 1 << 16

HELP = """\
usage: forecast mail score [--filter] [--state FILE] [PATH] [< message]
       forecast mail spam|ham [--state FILE] [PATH] [< message]
       forecast mail undo [--state FILE] [N]

score   write the message with a header, X-Forecast-Spam: spam|ham|unsure; p=0.98; and what says
        most, in nats of log odds; with PATH a line for each message of it instead
spam    learn that a message is spam: a click; it corrects what was learned of it before
ham     learn that it is not
undo    take the last click back, or the last N, all or none; what was learned since is kept

Standard input holds one message, or many as an mbox; PATH is an mbox, a Maildir or one message.
What is delivered counts as what was said where that was sure, until a click says otherwise.

--state FILE   what was learned (~/.local/state/forecast/mail.sqlite, by XDG_STATE_HOME)
--filter       exit with 0 whatever is said: procmail's filters with w, maildrop's xfilter and
               sieve's filter take any other code for a failure

exit codes: of score 0 ham (p to 0.1, and where there are many), 10 spam (p from 0.9), 11 unsure;
of all 1 fault, 2 wrong usage, 3 bad input, as a state that is damaged. The message is written in
any case, as it came where it could not be scored.

examples:
  :0fw                                   procmail
  | forecast mail score --filter
  xfilter "forecast mail score --filter" maildrop
  filter "forecast-mail-score";          sieve, with vnd.dovecot.filter"""


def main(words: Sequence[str]) -> int:
    """Do what the words behind ``forecast mail`` say; returns the exit code."""
    if not words or words[0] in ("-h", "--help"):
        print(HELP)
        return DONE if words else USAGE
    try:
        task, path, state, silent = asked(words)
    except ValueError as error:
        return failed(USAGE, f"{error}; forecast mail --help says more")
    try:
        if task == "undo":
            with State(state) as memory:
                for _ in range(int(path or 1)):
                    memory.undo()
            return DONE
        if task == "score":
            code = listed(path, state) if path else passed_through(state)
            return DONE if silent and code in VERDICTS else code
        click(task, path, state)
    except StateError as error:
        return failed(BAD_INPUT, str(error))
    except FileNotFoundError as error:
        return failed(BAD_INPUT, f"{error.filename}: there is no such file or folder")
    except OSError as error:
        return failed(FAULT, str(error))
    return DONE


def asked(words: Sequence[str]) -> tuple[str, str, str, bool]:
    """Task, path (of undo a number), state, and whether the exit code is silent.

    Raises
    ------
    ValueError
        If the words say nothing that can be done.
    """
    task, *rest = words
    if task not in TASKS:
        raise ValueError(f"{task!r} is none of {', '.join(TASKS)}")
    path, state, silent = "", "", False
    while rest:
        word = rest.pop(0)
        if word == "--filter" and task == "score":
            silent = True
        elif word == "--state" and rest:
            state = rest.pop(0)
        elif word.startswith("--state="):
            state = word.partition("=")[2]
        elif word.startswith("-") or path or (task == "undo" and not _counts(word)):
            raise ValueError(f"{word!r} does not belong to {task}")
        else:
            path = word
    return task, path, state or usual_state(), silent


def _counts(word: str) -> bool:
    """Whether a word is a number of clicks, from 1 up."""
    return word.isascii() and word.isdigit() and len(word) < 9 and int(word) > 0


def usual_state() -> str:
    """Where the state lies if nobody says; its folder is made."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(  # noqa: PTH118
        os.path.expanduser("~"),  # noqa: PTH111
        ".local",
        "state",
    )
    folder = os.path.join(home, "forecast")  # noqa: PTH118
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    return os.path.join(folder, "mail.sqlite")  # noqa: PTH118


def failed(code: int, sentence: str) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    print(f"forecast: {sentence}", file=sys.stderr)
    return code


def judged(raw: bytes, state: str) -> Verdict:
    """Deliver one message."""
    message = shown(mail_text(raw))
    with State(state) as memory:
        return memory.deliver(message)


def code_of(p: float) -> int:
    """What is said of a message of which spam is believed so much."""
    return SPAM if p >= SPAM_FROM else DONE if p <= HAM_TO else UNSURE


def header_of(verdict: Verdict) -> bytes:
    """The header that is added, without the end of its line.

    Examples
    --------
    >>> header_of(Verdict(0.97, [("free prize", 1.234), ("lunch", -0.5)]))
    b'X-Forecast-Spam: spam; p=0.9700; "free prize" +1.23, "lunch" -0.50'
    """
    named = ", ".join(f'"{_printable(text)}" {nats:+.2f}' for text, nats in verdict.evidence)
    said = f" {VERDICTS[code_of(verdict.p)]}; p={verdict.p:.4f}; {named}"
    return HEADER + said.encode("ascii")


def _printable(text: str) -> str:
    """Text that may stand in a header: ASCII, without quotes, and short."""
    short = "".join(letter if " " <= letter <= "~" else "?" for letter in text[:60])
    return short.replace('"', "'").replace("\\", "/")


def marked(head: bytes, header: bytes) -> bytes:
    """The beginning of a message with the header in it, and without any that it had before.

    Examples
    --------
    >>> marked(b"From a b\\nX-Forecast-Spam: ham\\nTo: c\\n\\nhi\\n", b"X-Forecast-Spam: spam")
    b'From a b\\nX-Forecast-Spam: spam\\nTo: c\\n\\nhi\\n'
    """
    envelope = head[: head.find(b"\n") + 1] if head.startswith(FROM) else b""
    rest = head[len(envelope) :]
    end = header_end(rest)
    kept, forged = [], False
    for line in rest[:end].splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t"):
            forged = line.lower().startswith(HEADER.lower())
        if not forged:
            kept.append(line)
    newline = (
        b"\r\n" if rest.find(b"\r\n") >= 0 and rest.find(b"\r\n") < rest.find(b"\n") else b"\n"
    )
    return envelope + header + newline + b"".join(kept) + rest[end:]


def passed_through(state: str) -> int:
    """Write what came on standard input, each message with its header."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    if not begins_an_mbox(source):
        return _one(source, out, state)
    codes = [_written(message, out, state) for message in mbox_messages(source)]
    out.flush()
    faults = [code for code in codes if code not in VERDICTS]
    if faults:
        return max(faults)
    return codes[0] if len(codes) == 1 else DONE


def begins_an_mbox(source: Any) -> bool:
    """Whether the first line is that of an mbox; nothing is read."""
    first: bytes = source.peek(len(FROM))
    return first.startswith(FROM)


def _one(source: BinaryIO, out: BinaryIO, state: str) -> int:
    """One message: its beginning is scored, and all of it is written, piece by piece."""
    code = _written(source.read(HEAD), out, state)
    while piece := source.read(PIECE):
        out.write(piece)
    out.flush()
    return code


def _written(message: bytes, out: BinaryIO, state: str) -> int:
    """Write a message with its header, or as it came where that cannot be."""
    try:
        verdict = judged(message, state)
    except (StateError, OSError) as error:
        out.write(message)
        return failed(BAD_INPUT if isinstance(error, StateError) else FAULT, str(error))
    out.write(marked(message, header_of(verdict)))
    return code_of(verdict.p)


def listed(path: str, state: str) -> int:
    """A line for each message of a box: its name, what is said, and how likely it is spam."""
    for name, raw in box_messages(path):
        p = judged(raw, state).p
        print(f"{name}\t{VERDICTS[code_of(p)]}\t{p:.4f}")
    return DONE


def click(task: str, path: str, state: str) -> None:
    """Learn the label of each message, all of a box or none."""
    label = int(task == "spam")
    messages: Iterator[bytes]
    if path:
        messages = (raw for _, raw in box_messages(path))
    elif begins_an_mbox(sys.stdin.buffer):
        messages = mbox_messages(sys.stdin.buffer)
    else:
        messages = iter([sys.stdin.buffer.read(HEAD)])
    with State(state) as memory:
        for raw in messages:
            memory.learn(shown(mail_text(raw)), label)
