"""Boxes of mail in one folder, a box for each label: read together, by the time of the mails.

A Maildir has its boxes within it: what came lies in it, what nobody wanted in its folder ``.Spam``.
"""

import hashlib
import heapq
import os
from collections.abc import Iterator
from pathlib import Path

from forecast.mail.box import maildir_files, mbox_messages
from forecast.mail.message import header_end, mail_text
from forecast.stream.errors import StreamError
from forecast.stream.labelled import Messages

READABLE = 1 << 24  # bytes of a mail that are read
DATED = 1 << 16  # bytes in which its date is looked for
UNWANTED = ("spam", "junk")  # folders of a Maildir, as .Spam or .INBOX.Junk

Mail = tuple[float, int, str, bytes]  # seconds, place in its box, label, message


class MessageBoxes:
    """The mails of a folder whose every part is a box named by its label; see `Reader`.

    Or those of a Maildir with a folder of spam: its own are ham; its other folders are left out.
    A box is a Maildir, a folder of messages, or an mbox (``ham``, or ``ham.mbox``). Mails of a
    Maildir have the time of their names, others of a folder that of the file, those of an mbox the
    date that they say, or that of the one before.
    """

    nothing = "Put a box for each label into it: a Maildir, a folder of messages or an mbox."

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        self.bad: dict[str, int] = {}
        self.line = 1
        self.bytes_read = 0
        self.size: int | None = None
        self._hash = hashlib.sha256()
        self._over = False
        boxes = boxes_of(Path(path))
        if [box for _, box in boxes] == [Path(path)]:
            advice = (
                "Name the folder in which it lies beside a box of the other label, or put what "
            )
            raise self.error("is one box", advice=advice + "is spam into its folder .Spam.")
        mails = [_mails(label, box) for label, box in boxes]
        self._mails: Iterator[Mail] = heapq.merge(*mails, key=lambda mail: mail[0])

    @property
    def sha256(self) -> str | None:
        """Hash of all labels and mails as they were read; None before the last."""
        return self._hash.hexdigest() if self._over else None

    def error(self, problem: str, line: int | None = None, advice: str = "") -> StreamError:
        """An error that names the folder."""
        return StreamError(problem, self.name, line, advice=advice)

    def close(self) -> None:
        """Nothing stays open but while it is read."""

    def read(self, most: int) -> Messages:
        """The next mails; none at the end."""
        messages = Messages([], [], [])
        held = 0
        while len(messages.lines) < most and held < READABLE:
            mail = next(self._mails, None)
            if mail is None:
                self._over = True
                break
            _, _, label, raw = mail
            name = os.fsencode(label)
            self._hash.update(name + b"\t%d\n" % len(raw) + raw)
            self.bytes_read += len(raw)
            messages.lines.append(self.line)
            messages.labels.append(name)
            messages.texts.append(mail_text(raw))
            held += len(raw)
            self.line += 1
        return messages


def boxes_of(folder: Path) -> list[tuple[str, Path]]:
    """The boxes of a folder, each behind its label.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("cur", "new", "tmp", ".Sent", ".INBOX.Junk"):
    ...     (folder / name).mkdir()
    >>> [(label, box.name) for label, box in boxes_of(folder)][1:]
    [('spam', '.INBOX.Junk')]
    """
    parts = sorted(folder.iterdir())
    if any(part.name in ("cur", "new", "tmp") for part in parts):
        # the parts of a folder's name stand behind dots, the first of them too
        last = [(part.name.rpartition(".")[2].lower(), part) for part in parts if part.is_dir()]
        return [("ham", folder), *(("spam", part) for name, part in last if name in UNWANTED)]
    boxes = [part for part in parts if not part.name.startswith(".")]
    return [(box.name if box.is_dir() else box.stem, box) for box in boxes]


def _mails(label: str, box: Path) -> Iterator[Mail]:
    """The mails of one box, in the order of their times."""
    if box.is_dir():
        for place, name in enumerate(maildir_files(str(box))):
            path = Path(name)
            seconds = path.name.partition(".")[0]
            time = float(seconds) if seconds.isdecimal() else path.stat().st_mtime
            with path.open("rb") as file:
                yield time, place, label, file.read(READABLE)
        return
    time = 0.0
    with box.open("rb") as file:
        for place, raw in enumerate(mbox_messages(file)):
            # what is dated earlier than one before it came no earlier
            time = max(time, date_of(raw) or time)
            yield time, place, label, raw


def date_of(raw: bytes) -> float | None:
    """The seconds of the date that a mail says; None where it says none."""
    from email.utils import mktime_tz, parsedate_tz

    head = b"\n" + raw[: min(header_end(raw), DATED)]
    at = head.lower().find(b"\ndate:")
    if at < 0:
        return None
    line = head[at + len(b"\ndate:") :].partition(b"\n")[0]
    parsed = parsedate_tz(line.decode("latin-1").strip())
    try:
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None
