"""What a browser asks for, and whether it may.

Only reading is allowed, and only to pages of this one. A page from elsewhere could ask in the name
of its viewer: by an address of its own that leads here (DNS rebinding), which the Host tells; by a
script, which the Origin tells; by an image or a frame, which Sec-Fetch-Site tells. All of them are
refused, and what is answered may not be read elsewhere, for no header allows it.
"""

import re
import socket
from http import HTTPStatus
from time import monotonic
from typing import NamedTuple

PAGE, EVENTS = "/", "/events"
HEAD = 8192  # bytes of a request
WITHIN = 5.0  # seconds in which it is to be there
HERE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
OWN = "same-origin", "none"  # sites that may ask for more than the page


class Refused(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Request(NamedTuple):
    """What is asked for.

    Attributes
    ----------
    path : str
        `PAGE` or `EVENTS`.
    bare : bool
        Whether only the head of the answer is.
    last : str
        Id of the last event that was heard; "" for none.
    """

    path: str
    bare: bool
    last: str


def heard(connection: socket.socket) -> Request:
    """Hear a request to its end.

    Raises
    ------
    Refused
        Where it is too long or too slow, makes no sense, or is not allowed.
    OSError
        If the connection breaks.
    """
    until, head = monotonic() + WITHIN, b""
    while b"\r\n\r\n" not in head:
        if len(head) > HEAD:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too long.")
        try:
            connection.settimeout(max(1e-3, until - monotonic()))
            piece = connection.recv(HEAD)
        except TimeoutError:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The request did not end.") from None
        if not piece:
            raise ConnectionError("left before it has asked")
        head += piece
    return request_of(head.partition(b"\r\n\r\n")[0].decode("latin-1"))


def request_of(head: str) -> Request:
    """Understand a request, up to the empty line that ends it.

    Examples
    --------
    >>> request_of("GET / HTTP/1.1\\r\\nHost: localhost:8377")
    Request(path='/', bare=False, last='')
    """
    line, *lines = head.split("\r\n")
    match line.split(" "):
        case [method, path, "HTTP/1.1" | "HTTP/1.0"]:
            fields = fields_of(lines)
        case _:
            raise Refused(HTTPStatus.BAD_REQUEST, "That is no request of HTTP/1.1.")
    refuse_foreigners(fields, path)
    if method not in ("GET", "HEAD"):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This page can only be read: GET or HEAD.")
    if path not in (PAGE, EVENTS):
        raise Refused(HTTPStatus.NOT_FOUND, f"There is nothing here but {PAGE} and {EVENTS}.")
    return Request(path, method == "HEAD", fields.get("last-event-id", ""))


def fields_of(lines: list[str]) -> dict[str, str]:
    """Header fields, by their names in small letters; those that are told twice are joined."""
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name.strip() != name:
            raise Refused(HTTPStatus.BAD_REQUEST, "A line of the request is no header field.")
        key, value = name.lower(), value.strip()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def refuse_foreigners(fields: dict[str, str], path: str) -> None:
    """Refuse what a page from elsewhere has asked for, or under the name of elsewhere."""
    host = fields.get("host", "")
    if not HERE.fullmatch(host):
        raise Refused(HTTPStatus.FORBIDDEN, "Ask for localhost or 127.0.0.1, and no other name.")
    own = f"http://{host}"
    if fields.get("origin", own).lower() != own.lower():
        raise Refused(HTTPStatus.FORBIDDEN, "Another page has asked for this one.")
    # a link may lead to the page from anywhere; it cannot be framed, nor read from there
    if path != PAGE and fields.get("sec-fetch-site", "none") not in OWN:
        raise Refused(HTTPStatus.FORBIDDEN, "Another page has asked for this one.")
