"""A headless Chromium that is told what to do through a pipe, for the tests of pages.

It speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over two file
descriptors, so that no driver has to be installed beside the browser itself.
"""

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0  # seconds until an answer that does not come is a failure
QUIET = (
    *("--headless=new", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--disable-dev-shm-usage", "--remote-debugging-pipe"),
)


def found() -> str | None:
    """Where a Chromium is, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def started(command: list[str], to_read: int, to_write: int) -> subprocess.Popen[bytes]:
    """Start a program that reads from descriptor 3 and writes to descriptor 4."""
    # copies above 4, so that neither is overwritten by the other
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]

    def take_their_numbers() -> None:
        for number, end in zip((3, 4), ends, strict=True):
            os.dup2(end, number)

    process = subprocess.Popen(
        command, preexec_fn=take_their_numbers, pass_fds=(3, 4), stderr=subprocess.DEVNULL
    )
    for end in (*ends, to_read, to_write):
        os.close(end)
    return process


class Chromium:
    """One browser with one open page.

    Parameters
    ----------
    program : str
    profile : Path
        A directory of its own.

    Attributes
    ----------
    said : list of str
        What the page has written to its console, and what has gone wrong in it.
    asked : list of str
        The addresses that it asked for.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.numbers = itertools.count(1)
        self.rest = b""
        (to_read, self.write), (self.read, to_write) = os.pipe(), os.pipe()
        command = [program, *QUIET, f"--user-data-dir={profile}", "about:blank"]
        self.process = started(command, to_read, to_write)
        self.session: str | None = None
        target = next(
            one for one in self.tell("Target.getTargets")["targetInfos"] if one["type"] == "page"
        )
        attached = self.tell("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.tell(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Close the browser."""
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.read)
        os.close(self.write)

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have something done; returns the answer."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        return self.wait(lambda told: told.get("id") == number)["result"]

    def wait(self, wanted: Any) -> dict[str, Any]:
        """Hear what the browser says until it is what is wanted."""
        until = monotonic() + PATIENCE
        while True:
            told = self.next_message(until)
            self.note(told)
            if "error" in told:
                raise RuntimeError(told["error"]["message"])
            if wanted(told):
                return told

    def next_message(self, until: float) -> dict[str, Any]:
        """The next message, which ends with a zero byte."""
        while b"\0" not in self.rest:
            if not select.select([self.read], [], [], max(0.0, until - monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self.read, 1 << 16)
            if not part:
                raise ConnectionError("the browser has closed")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def note(self, told: dict[str, Any]) -> None:
        """Keep what was asked for, and what was said or went wrong."""
        method, parameters = told.get("method"), told.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(parameters["request"]["url"])
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(parameters))

    def open(self, page: Path, scheme: str = "light", width: int = 1280) -> None:
        """Open a file in a colour scheme, in a window of some pixels."""
        self.said.clear()
        self.asked.clear()
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.tell("Emulation.setEmulatedMedia", features=[feature])
        self.tell("Page.navigate", url=page.resolve().as_uri())
        self.wait(lambda told: told.get("method") == "Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression, as JSON can hold it; a promise is waited for."""
        how = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self.tell("Runtime.evaluate", **how)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, path: Path, whole: bool = True) -> None:
        """A picture of the page."""
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
