"""Serves the page of a live run on this machine: a thread for each who watches, and few of them.

Each connection asks once. Who asks for events keeps his: ten times a second at most he is told what
is new, and who does not take what he is told for half a minute is left.
"""

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Condition, Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from forecast.kinds.kind import UsageError
from forecast.live.serve.page import CAREFUL, NOTHING, LivePage
from forecast.live.serve.request import HEAD, PAGE, Refused, Request, heard
from forecast.live.serve.window import Window

LOOPBACK = "127.0.0.1"
VIEWERS = 16
CONNECTIONS = 48  # at once, those that only ask for the page among them
PACE = 0.1  # seconds between two events of a viewer
BEAT = 10.0  # seconds of silence after which a viewer is told that it is one
STUCK = 30.0  # seconds in which an event is to be taken
BUFFER = 1 << 16  # bytes that the system keeps for a viewer: who is slower skips, and sees the new
LAST_WORDS = 1.0  # seconds in which all are to hear that a run is over
END = b"event: end\ndata: {}\n\n"
SILENCE = b": no row for a while\n\n"
FULL = f"{VIEWERS} are watching, and no more can: close one of the pages.\n"


class Server(ThreadingMixIn, TCPServer):
    """Serves a window until it is closed.

    Parameters
    ----------
    port : int
        0 for one that is free.
    window : Window

    Raises
    ------
    UsageError
        If the port cannot be had.

    Attributes
    ----------
    url : str
    over : Event
        Whether the run is.
    """

    daemon_threads, block_on_close = True, False
    allow_reuse_address = True  # a run that is started again at once finds its port free
    request_queue_size = CONNECTIONS

    def __init__(self, port: int, window: Window) -> None:
        try:
            super().__init__((LOOPBACK, port), Visit)
        except OSError as error:
            raise UsageError(f"port {port} {why_not(error)}") from None
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}/"
        self.window, self.page, self.over = window, LivePage(), Event()
        self._seats = BoundedSemaphore(VIEWERS)
        self._open: set[socket.socket] = set()
        self._changed = Condition()  # what is open

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(PACE,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Tell all who watch that the run is over; wait for none who does not listen."""
        self.shutdown()
        self.server_close()
        self.over.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, LAST_WORDS)
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection; it is closed otherwise."""
        with self._changed:
            if len(self._open) < CONNECTIONS:
                self._open.add(request)
                return True
        with suppress(OSError):
            request.sendall(answer_of(HTTPStatus.SERVICE_UNAVAILABLE, FULL.encode()))
        return False

    def close_request(self, request: Any) -> None:
        """Close a connection, whoever has ended it."""
        super().close_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A place among those who watch; raises Refused where none is free."""
        if not self._seats.acquire(blocking=False):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, FULL)
        try:
            yield
        finally:
            self._seats.release()


class Visit(BaseRequestHandler):
    """One connection: a request and its answer."""

    request: socket.socket
    server: Server

    def handle(self) -> None:
        """Answer what is asked, or say why not; who leaves is no fault."""
        with suppress(OSError):
            try:
                asked = heard(self.request)
                self.request.settimeout(STUCK)
                with self.server.seat():
                    if asked.path == PAGE:
                        self._show(asked)
                    else:
                        self._tell(asked)
            except Refused as refused:
                self.request.settimeout(STUCK)
                self.request.sendall(answer_of(refused.status, refused.sentence.encode()))
            part(self.request)

    def _show(self, asked: Request) -> None:
        html, policy = self.server.page.fresh()
        answer = answer_of(HTTPStatus.OK, html, "text/html; charset=utf-8", policy, asked.bare)
        self.request.sendall(answer)

    def _tell(self, asked: Request) -> None:
        """Tell what is new, as long as somebody listens and the run goes on."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.sendall(answer_of(HTTPStatus.OK, None, "text/event-stream"))
        if asked.bare:
            return
        window, over = self.server.window, self.server.over
        place = window.place_of(asked.last)
        self.request.sendall(window.greeting(place))
        told = monotonic()
        while not left(self.request):
            last = over.is_set()  # asked before the last look
            place, event = window.since(place)
            if not event and monotonic() - told > BEAT:
                event = SILENCE
            if event:
                self.request.sendall(event)
                told = monotonic()
            if last:
                self.request.sendall(END)
                return
            over.wait(PACE)


def answer_of(
    status: HTTPStatus,
    body: bytes | None,
    kind: str = "text/plain; charset=utf-8",
    policy: str = NOTHING,
    bare: bool = False,
) -> bytes:
    """An answer of HTTP; without a body its end is not known yet.

    Examples
    --------
    >>> head, _, body = answer_of(HTTPStatus.NOT_FOUND, b"Not here.").partition(b"\\r\\n\\r\\n")
    >>> head.split(b"\\r\\n")[0], body
    (b'HTTP/1.1 404 Not Found', b'Not here.')
    """
    fields = {"Content-Type": kind, "Content-Security-Policy": policy, **CAREFUL}
    if body is not None:
        fields["Content-Length"] = str(len(body))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        fields["Allow"] = "GET, HEAD"
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if bare or body is None else body)


def left(connection: socket.socket) -> bool:
    """Whether a viewer has gone; what he says otherwise is not listened to."""
    ready, _, _ = select.select([connection], [], [], 0.0)
    return bool(ready) and not connection.recv(HEAD)


def part(connection: socket.socket) -> None:
    """Say that this was all, and hear the other out: else he may lose what he was told last."""
    connection.shutdown(socket.SHUT_WR)
    until = monotonic() + LAST_WORDS
    while (rest := until - monotonic()) > 0.0:
        connection.settimeout(rest)
        if not connection.recv(HEAD):
            return


def why_not(error: OSError) -> str:
    """Why a port cannot be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return "is in use: name another with --serve, or 0 for one that is free."
    why = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot be had ({why}): name another with --serve, or 0 for one that is free."
