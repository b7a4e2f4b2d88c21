"""A mail as one text: words of its headers, its subject, and what its parts say.

A message is parsed by the standard library where it says that it has parts, is encoded, or is
HTML; a plain one is read as it stands, which is faster than the library is imported. Nothing that
is wrong with a message is an error: what cannot be decoded is read byte by byte.
"""

from __future__ import annotations

from forecast.labels.evidence import READ

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from typing import Any

HEAD = 1 << 18  # bytes of a message that are looked at
MOST_PARTS = 64
HEADER_WORDS = 2048  # bytes of the text that are of headers
GLUE = b"\xff"  # between a header and a word of it: a letter to who reads words, and none in UTF-8

HEADERS = (
    *("from", "to", "cc", "reply-to", "return-path", "sender", "list-id", "content-type"),
    *("x-mailer", "user-agent"),
)
DECODED = (b"content-transfer-encoding:", b"content-type: multipart", b"<html", b"=?")
SILENT = ("script", "style", "head")


def mail_text(raw: bytes) -> bytes:
    """What a mail says, as UTF-8: header words, a line each, the subject, and the body.

    Parameters
    ----------
    raw : bytes
        The message, as it came; of a long one the beginning is enough.

    Examples
    --------
    >>> raw = b"From: Ann <ann@example.org>\\nSubject: Lunch\\n\\nSee you at 5\\n"
    >>> mail_text(raw).replace(b"\\xff", b":")
    b'from:ann from:example from:org subject:lunch\\nLunch\\nSee you at 5\\n'
    """
    raw = raw[:HEAD]
    if raw.startswith(b"From "):
        raw = raw[raw.find(b"\n") + 1 :]
    if any(mark in raw.lower() for mark in DECODED):
        headers, body = _parsed(raw)
    else:
        headers, body = _plain(raw)
    subject = headers.get("subject", b"")
    # what parts the parts is drawn by lot
    headers["content-type"] = headers.get("content-type", b"").partition(b"boundary")[0]
    words = [
        name.encode() + GLUE + word
        for name in (*HEADERS, "subject")
        for word in dict.fromkeys(_words(headers.get(name, b"")))
    ]
    head = b" ".join(words)[:HEADER_WORDS]
    return head + b"\n" + subject + b"\n" + body


def header_end(raw: bytes) -> int:
    """Where the empty line stands that ends the headers; the end, if there is none."""
    found = [at + 1 for mark in (b"\n\n", b"\n\r\n") if (at := raw.find(mark)) >= 0]
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return 0
    return min(found, default=len(raw))


def _words(value: bytes) -> list[bytes]:
    """Runs of letters, digits and what is not ASCII, small."""
    return bytes(_LETTERS[byte] for byte in value.lower()).split()


_LETTERS = bytes(byte if byte >= 0x80 or chr(byte).isalnum() else 0x20 for byte in range(256))


def _plain(raw: bytes) -> tuple[dict[str, bytes], bytes]:
    """Headers, and the body as it stands."""
    end = header_end(raw)
    headers: dict[str, bytes] = {}
    lines = raw[:end].replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ")
    for line in lines.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().lower().decode("latin-1"), value.strip())
    return headers, raw[end:].lstrip(b"\r\n")


def _parsed(raw: bytes) -> tuple[dict[str, bytes], bytes]:
    """Headers, and the texts of all parts, by the library."""
    from email.message import Message
    from email.parser import BytesParser

    try:
        message: Message = BytesParser().parsebytes(raw)
    except Exception:  # parts within parts, to no end; whatever else is thrown at a parser
        return _plain(raw)
    headers = {name: _header(message, name) for name in (*HEADERS, "subject")}
    body = b""
    waiting = [message]
    for _ in range(MOST_PARTS):
        if not waiting or len(body) >= READ:
            break
        part = waiting.pop()
        if part.is_multipart():
            inside: Any = part.get_payload()
            waiting += [each for each in reversed(inside) if isinstance(each, Message)]
        else:
            body += _part_text(part) + b"\n"
    return headers, body


def _header(message: Any, name: str) -> bytes:
    """One header, its encoded words decoded."""
    value = message.get(name, "")
    text = str(value)
    if "=?" in text:
        from email.header import decode_header

        try:
            parts = decode_header(text)
        except Exception:
            parts = [(text, None)]
        text = "".join(
            part if isinstance(part, str) else _decoded(part, charset) for part, charset in parts
        )
    return text.encode(errors="replace")


def _part_text(part: Any) -> bytes:
    """What a part says; of an attachment its type and name."""
    kind: str = part.get_content_type()
    if not kind.startswith("text/"):
        name = part.get("Content-Disposition", "")
        return f"{kind} {name}".encode(errors="replace")
    try:
        content = part.get_payload(decode=True) or b""
        charset = part.get_content_charset()
    except Exception:  # its parameters are no parameters
        return kind.encode(errors="replace")
    text = _decoded(content, charset)
    return (html_text(text) if kind == "text/html" else text).encode(errors="replace")


def _decoded(content: bytes, charset: str | None) -> str:
    """Bytes as text: as they say, else as UTF-8, else byte by byte."""
    for name in (charset, "utf-8"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def html_text(html: str) -> str:
    """What a reader of a page sees, and where its links lead.

    Examples
    --------
    >>> html_text("<p>Win <b>now</b>!<script>x()</script><a href='http://a.example/b'>here</a>")
    'Win now! http://a.example/b here'
    """
    from html.parser import HTMLParser

    class Page(HTMLParser):
        def __init__(self) -> None:
            super().__init__(convert_charrefs=True)
            self.said: list[str] = []
            self.silent = 0

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.silent += tag in SILENT
            if tag in ("p", "br", "div", "td", "li"):
                self.said.append(" ")
            self.said += [
                f" {value} " for name, value in attributes if name in ("href", "src") and value
            ]

        def handle_endtag(self, tag: str) -> None:
            self.silent = max(0, self.silent - (tag in SILENT))

        def handle_data(self, data: str) -> None:
            if not self.silent:
                self.said.append(data)

    page = Page()
    try:
        page.feed(html[: 8 * READ])
        page.close()
    except Exception:  # the library says what it will not read by more than one error
        return html
    return " ".join("".join(page.said).split())
