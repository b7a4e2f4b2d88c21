"""The page of a live run: for this machine alone, read only, and never in the way of the run."""

import json
import math
import os
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from live_trials import HEADER, Piped, answered, rows_of
from test_hostile_names import SCRIPTS

from forecast import NumberForecaster, run
from forecast.cli import main
from forecast.distribution.t4 import LEVELS
from forecast.live.answers import Answer, Answering
from forecast.live.options import parser
from forecast.live.serve import request, server
from forecast.live.serve.server import VIEWERS, Server
from forecast.live.serve.window import ALARMS, LAST, Window
from forecast.measure import LONG, QUANTILE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children of POSIX")


def row(number: int, alarm: bool = False) -> Answer:
    """A row whose number is its y, with its forecast of the next: 90 % within 4 of it."""
    coming = np.full((1, LONG), math.nan)
    coming[0, QUANTILE:] = number + np.linspace(-4.0, 4.0, len(LEVELS))
    answer = Answer(number, float(number), coming)
    answer.alarm = alarm
    return answer


def fill(window: Window, rows: range) -> None:
    for number in rows:
        window.put(row(number), str(number), [str(number + 1)])


@pytest.fixture
def window() -> Window:
    return Window("x.csv", (1,), None)


@pytest.fixture
def serving(window: Window, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(server, "PACE", 0.01)
    with Server(0, window) as opened:
        yield opened


def asking(serving: Server) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", serving.server_address[1], timeout=60.0)


def got(
    serving: Server, path: str = "/", method: str = "GET", **fields: str
) -> tuple[HTTPResponse, str]:
    """The answer to a request, and what it holds."""
    connection = asking(serving)
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    events = answer.getheader("Content-Type") == "text/event-stream"  # have no end
    text = "" if events and method != "HEAD" else answer.read().decode()
    connection.close()
    return answer, text


class Viewer:
    """One who hears the events."""

    def __init__(self, port: int, **fields: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60.0)
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self.connection.request("GET", "/events", headers=named)
        self.answer = self.connection.getresponse()

    def hear(self) -> dict[str, Any]:
        """The next event: its fields, and its data as JSON says them."""
        for _ in range(6):  # times that nothing is told, ten seconds each
            told: dict[str, Any] = {}
            while (line := self.answer.readline().decode()) != "\n":
                assert line.endswith("\n"), "the events have ended"
                name, _, value = line.rstrip("\n").partition(": ")
                told[name] = value
            if "data" in told:
                return told | {"data": json.loads(told["data"])}
        raise AssertionError("nothing is told")

    def leave(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def viewer(serving: Server) -> Iterator[Viewer]:
    listening = Viewer(serving.server_address[1])
    yield listening
    listening.leave()


# ---- who may ask, and what -----------------------------------------------------------------------


def test_the_page_is_one_and_allows_only_what_bears_its_number(serving: Server) -> None:
    answer, html = got(serving)
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/html; charset=utf-8")
    policy = answer.getheader("Content-Security-Policy") or ""
    (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", policy))
    assert set(policy.split("; ")) == {
        *(f"{what} 'none'" for what in ("default-src", "base-uri", "form-action")),
        "frame-ancestors 'none'",
        *(f"{what}-src 'nonce-{nonce}'" for what in ("style", "script")),
        "connect-src 'self'",
        "img-src data:",
    }
    assert re.findall(r"<(?:script|style)[^>]*>", html) == [
        f'<style nonce="{nonce}">',
        f'<script nonce="{nonce}">',
    ]
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"'\s>]*)""", html)
    assert addresses == ["data:,"]
    assert not re.search(r"STYLE|SCRIPT|NONCE|\son\w+=", html)
    again, _ = got(serving)
    assert nonce not in (again.getheader("Content-Security-Policy") or nonce)
    head, nothing = got(serving, method="HEAD")
    assert (head.status, nothing) == (200, "")
    assert head.getheader("Content-Length") == str(len(html.encode()))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"Host": "evil.example"}, "/"),
        ({"Host": "evil.example:8377"}, "/events"),
        ({"Host": "localhost.evil.example"}, "/"),
        ({"Host": "127.0.0.1.evil.example"}, "/"),
        ({"Host": "evil.example@localhost"}, "/"),
        ({"Host": "localhost, evil.example"}, "/"),
        ({"Host": "192.168.0.1"}, "/"),
        ({"Host": ""}, "/"),
        ({"Origin": "http://evil.example"}, "/"),
        ({"Origin": "http://evil.example"}, "/events"),
        ({"Origin": "null"}, "/events"),
        ({"Origin": "http://localhost:1"}, "/events"),
        ({"Origin": "https://localhost", "Host": "localhost"}, "/events"),
        ({"Sec_Fetch_Site": "cross-site"}, "/events"),
        ({"Sec_Fetch_Site": "same-site"}, "/events"),
    ],
)
def test_foreigners_are_refused(fields: dict[str, str], path: str, serving: Server) -> None:
    answer, sentence = got(serving, path, **fields)
    assert answer.status == 403 and sentence.endswith(".") and "html" not in sentence
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-")]
    assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:8377", "LOCALHOST:8377"])
def test_own_pages_may_ask_under_each_name_of_this_machine(host: str, serving: Server) -> None:
    answer, _ = got(serving, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
    assert answer.status == 200
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-")]
    assert got(serving, Host=host, Sec_Fetch_Site="cross-site")[0].status == 200  # by a link


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"])
def test_it_can_only_be_read(method: str, serving: Server) -> None:
    for path in ("/", "/events"):
        connection = asking(serving)
        connection.request(method, path, body=b"x" * 5000 if method in ("POST", "PUT") else None)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")
        assert b"can only be read" in answer.read()
        connection.close()


def test_there_is_nothing_else(serving: Server) -> None:
    for path in ("/favicon.ico", "/../etc/passwd", "/events/", "/?a", "//", "*"):
        assert got(serving, path)[0].status == 404
    head, nothing = got(serving, "/events", "HEAD")
    assert (head.status, head.getheader("Content-Type"), nothing) == (200, "text/event-stream", "")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000, 431),
        (b"GET /\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/2\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost : evil.example\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", 408),  # never ends
        (b"\xff\x00" * 10, 408),
    ],
)
def test_a_request_that_makes_no_sense_or_does_not_end(
    said: bytes, status: int, serving: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    if status == 408:
        monkeypatch.setattr(request, "WITHIN", 0.05)
    with socket.create_connection(serving.server_address, timeout=60.0) as connection:
        connection.sendall(said)
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


# ---- how many ------------------------------------------------------------------------------------


def test_a_viewer_too_many_is_told_so_until_one_leaves(serving: Server) -> None:
    port = serving.server_address[1]
    viewers = [Viewer(port) for _ in range(VIEWERS)]
    assert {viewer.hear()["event"] for viewer in viewers} == {"hello"}
    for path in ("/", "/events"):
        answer, sentence = got(serving, path)
        assert (answer.status, sentence) == (503, server.FULL)
    viewers.pop().leave()
    for _ in range(500):
        if (answer := got(serving)[0]).status == 200:
            break
        sleep(0.01)
    assert answer.status == 200
    for viewer in viewers:
        viewer.leave()


def test_connections_that_ask_nothing_are_few(
    serving: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    idle = [socket.create_connection(serving.server_address) for _ in range(3)]
    with socket.create_connection(serving.server_address, timeout=60.0) as connection:
        assert connection.makefile("rb").readline().split()[1] == b"503"
    for each in idle:
        each.close()


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["-", "--serve", port, "--out", str(out)]
        code, answers, said = answered(words, tmp_path, b"1\n2\n")
    assert (code, answers) == (2, [])
    assert said == f"forecast: port {port} is in use: name another with --serve, or 0 for one " + (
        "that is free.\n"
    )
    assert not out.exists()


def test_a_port_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser().parse_args(["-", "--serve"]).serve == 8377
    assert parser().parse_args(["-"]).serve is None
    assert parser().parse_args(["-", "--serve", "0"]).serve == 0
    for wrong in ("x.csv", "65536", "-1", "８３"):
        assert main(["live", "-", f"--serve={wrong}"]) == 2
        assert "is no port: say a number from 0 to 65535" in capsys.readouterr().err


# ---- what is told --------------------------------------------------------------------------------


def test_events_have_ids_and_are_json(window: Window, serving: Server) -> None:
    window.name("y <b>", None)
    odd = row(0)
    odd.y = odd.surprise = math.nan
    odd.rate, odd.tail = 0.25, None
    window.put(odd, "the 'first'\n", [None])
    viewer = Viewer(serving.server_address[1])
    assert viewer.answer.getheader("Content-Type") == "text/event-stream"
    hello = viewer.hear()
    assert (hello["retry"], hello["event"]) == ("1000", "hello")
    assert hello["data"] == {
        "source": "x.csv",
        "horizons": [1],
        "alert": None,
        "anew": True,
        "alarms": [],
    }
    first = viewer.hear()
    assert first["id"] == f"{window.run}.0" and "event" not in first
    quantiles = [float(LEVELS.index(p)) * 0.4 - 4.0 for p in (0.05, 0.25, 0.5, 0.75, 0.95)]
    assert first["data"]["rows"] == [
        [0, "the 'first'\n", None, None, 0.25, None, 0, *map(pytest.approx, quantiles)]
    ]
    assert first["data"]["coming"] == [[1, None, *map(pytest.approx, quantiles)]]
    assert first["data"]["names"] == ["y <b>", ""] and first["data"]["skipped"] == 0
    fill(window, range(1, 3))
    heard = viewer.hear()
    while len(heard["data"]["rows"]) < 2 and heard["id"] != f"{window.run}.2":
        heard = viewer.hear()
    assert heard["data"]["counts"] == [3, 2, 2, 2, 0]
    viewer.leave()


def test_who_comes_again_hears_only_what_is_later(window: Window, serving: Server) -> None:
    fill(window, range(50))
    port = serving.server_address[1]
    for last, rows, anew in (
        (f"{window.run}.41", range(42, 50), False),
        ("", range(50), True),
        ("0badf00d.41", range(50), True),  # of another run at this address
        (f"{window.run}.{'9' * 30}", range(50), True),
        (f"{window.run}.-3", range(50), True),
    ):
        viewer = Viewer(port, Last_Event_ID=last)
        assert viewer.hear()["data"]["anew"] is anew
        assert [each[0] for each in viewer.hear()["data"]["rows"]] == [*rows]
        viewer.leave()
    viewer = Viewer(port, Last_Event_ID=f"{window.run}.49")
    viewer.hear()
    fill(window, range(50, 51))
    assert viewer.hear()["data"]["rows"][0][0] == 50
    viewer.leave()


def test_what_was_missed_is_counted_and_the_last_alarms_are_told(window: Window) -> None:
    for number in range(1000):
        window.put(row(number, alarm=number % 30 == 0), str(number), [None])
    assert len(window._queue) == LAST  # though nobody has watched
    told = json.loads(window.since(99).event.split(b"data: ")[1])
    assert told["skipped"] == 1000 - LAST - 100
    assert [each[0] for each in told["rows"]] == [*range(1000 - LAST, 1000)]
    assert json.loads(window.since(-1).event.split(b"data: ")[1])["skipped"] == 0
    assert window.since(999) == (999, b"")
    greeting = json.loads(window.greeting(99).split(b"data: ")[1])
    assert [each[0] for each in greeting["alarms"]] == [*range(0, 1000, 30)][-ALARMS:]


@pytest.mark.parametrize("horizon", [1, 3])
def test_what_held_is_what_a_run_over_the_file_would_count(horizon: int) -> None:
    rng = np.random.default_rng(0)
    ys = rng.normal(size=300).cumsum()
    ys[rng.random(300) < 0.05] = math.nan
    asked = parser().parse_args(["-", "--horizon", str(horizon)])
    answering, window = Answering(asked, None), Window("-", (horizon,), None)
    for y in ys.tolist():
        answer = answering.told(y, None)
        window.put(answer, "", [None])
    answers = run(NumberForecaster(horizons=(horizon,)), ys)
    inside = [
        np.sum((answers.quantiles[:, low] <= answers.y) & (answers.y <= answers.quantiles[:, high]))
        for low, high in ((LEVELS.index(0.25), LEVELS.index(0.75)), (1, len(LEVELS) - 2))
    ]
    told = json.loads(window.since(-1).event.split(b"data: ")[1])
    assert told["counts"] == [300, len(answers.y), *inside, 0]
    assert len(answers.y) > 250


def test_a_viewer_who_never_reads_is_in_nobodys_way(
    window: Window, serving: Server, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BUFFER", 1 << 12)
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    stuck.connect(serving.server_address)
    stuck.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert viewer.hear()["event"] == "hello"
    heard: list[int] = []
    for start in range(0, 5000, 250):
        fill(window, range(start, start + 250))
        while not heard or heard[-1] < start + 249:
            heard += [each[0] for each in viewer.hear()["data"]["rows"]]
    assert heard == [*range(5000)]
    assert len(window._queue) <= LAST and len(window._written) == LAST
    stuck.settimeout(60.0)
    told = b""
    while f"id: {window.run}.4999\n".encode() not in told:
        told += stuck.recv(1 << 16)
    assert len(told) < 500_000  # and not all of it
    assert sum(map(int, re.findall(rb'"skipped":(\d+)', told))) > 3000
    stuck.close()


@pytest.mark.parametrize("name", SCRIPTS[:12] + SCRIPTS[-1:])
def test_names_are_told_as_json_and_never_stand_in_the_page(
    name: str, window: Window, serving: Server
) -> None:
    window.name(name, name)
    fill(window, range(1))
    event = window.since(-1).event.decode("ascii")
    assert event.count("\n") == 3 and "\r" not in event
    target, time = json.loads(event.split("data: ")[1])["names"]
    assert target == time and target.isprintable() and target.startswith(name[:5])
    assert name not in got(serving)[1]


# ---- the run -------------------------------------------------------------------------------------


def url_of(run: Piped) -> int:
    """The port of a run that has just begun."""
    for _ in range(12_000):
        if found := re.search(r"watch it at http://127\.0\.0\.1:(\d+)/\n", run.words.read_text()):
            return int(found[1])
        sleep(0.005)
    raise AssertionError(run.words.read_text())


@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGINT])
def test_answers_are_the_same_bytes_and_the_page_ends_with_the_run(
    number: int | None, tmp_path: Path
) -> None:
    text = HEADER + "".join(rows_of(60))
    words = ["-", "--horizon", "1,3", "--alert", "3"]
    answered(words, tmp_path, text.encode())
    plain = (tmp_path / "stdout").read_bytes()
    run = Piped([*words, "--serve", "0"], tmp_path)
    port = url_of(run)
    viewers = [Viewer(port), Viewer(port)]
    stuck = socket.create_connection(("127.0.0.1", port))
    stuck.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    run.tell(text)
    heard = b""
    while len(heard) < len(plain):
        heard += os.read(run.hearing, 1 << 16)
    assert heard == plain
    assert run.end(number) == 4
    rows = [json.loads(line) for line in plain.splitlines()]
    for viewer in viewers:
        events = [viewer.hear()]
        while events[-1].get("event") != "end":
            events.append(viewer.hear())
        told = [each for event in events[1:-1] for each in event["data"]["rows"]]
        assert [each[:3] for each in told] == [[r["row"], r["time"], r["y"]] for r in rows]
        assert [bool(each[6]) for each in told] == [each["alarm"] for each in rows]
        last = events[-2]["data"]
        assert last["names"] == ["y", "time"]
        assert last["counts"][4] == sum(each["alarm"] for each in rows) > 0
        assert [each[1] for each in last["coming"]] == [f["time"] for f in rows[-1]["forecasts"]]
        viewer.leave()
    stuck.close()
