"""The page of a live run in a real browser: it follows the stream, and comes back after a kill."""

import csv
import io
import os
import random
import re
import signal
from pathlib import Path
from time import sleep
from typing import Any

import chromium
import pytest
from kills import KILLED, LONG, ended
from live_trials import Piped
from test_serve import url_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.found() is None, reason="no Chromium is found"),
]

NAME = "<img src=x onerror=alert(1)> °C"
WIDER = "document.documentElement.scrollWidth - innerWidth"


def shown(name: str) -> str:
    return f"document.getElementById({name!r}).textContent"


def seen(browser: chromium.Chromium, script: str, wanted: Any) -> None:
    """Wait until an expression has a value."""
    found = None
    for _ in range(600):
        if (found := browser.run(script)) == wanted:
            return
        sleep(0.1)
    raise AssertionError(f"{script} is {found!r} instead of {wanted!r}")


def begun(folder: Path, port: int, name: str) -> Piped:
    """A run that has read the header of a table with a column of that name."""
    words = ["--horizon", "1-6", "--alert", "p=1e-3", "--out", str(folder / "answers"), "--force"]
    run = Piped(["-", "--serve", str(port), *words], folder)
    header = io.StringIO()
    csv.writer(header).writerow(["time", name])
    run.tell(header.getvalue())
    return run


def tell(run: Piped, rows: range, rng: random.Random) -> None:
    for row in rows:
        run.tell(f"2024-03-{1 + row // 24:02d} {row % 24:02d}:00,{20 + rng.gauss(0, 1):.2f}\n")


def test_a_stream_is_followed_and_comes_back_after_a_kill(tmp_path: Path) -> None:
    program = chromium.found()
    assert program is not None
    rng, run = random.Random(0), begun(tmp_path, 0, NAME)
    port = url_of(run)
    with chromium.Chromium(program, tmp_path / "profile") as browser:
        browser.tell("Page.navigate", url=f"http://127.0.0.1:{port}/")
        browser.wait(lambda told: told.get("method") == "Page.loadEventFired")
        seen(browser, shown("state"), "waiting for the first row")
        tell(run, range(200), rng)
        seen(browser, shown("rows"), "200")
        seen(browser, "document.title", f"{NAME} · live · forecast")
        assert browser.run(shown("target")) == NAME
        assert browser.run("document.querySelector('img')") is None
        assert re.fullmatch(r"\d+\.\d %", browser.run(shown("held90")))
        assert browser.run(shown("observed-at")) == "2024-03-09 07:00"
        assert browser.run("document.querySelectorAll('svg .mark').length") == 0
        run.tell("2024-03-09 08:00,90\n")
        seen(browser, "document.title", f"▲ 1 · {NAME} · live · forecast")
        assert browser.run("document.querySelectorAll('svg .mark').length") == 1
        assert browser.run(shown("alarm-rows")).startswith("2024-03-09 08:0090")
        for scheme, width in (("light", 1200), ("dark", 1200), ("light", 400)):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            browser.tell("Emulation.setDeviceMetricsOverride", **size)
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.tell("Emulation.setEmulatedMedia", features=[feature])
            seen(browser, f"document.getElementById('plot').viewBox.baseVal.width <= {width}", True)
            assert browser.run(WIDER) <= 0
            browser.picture(tmp_path / f"{scheme}-{width}.png")
        # paused, the picture stands still and the numbers go on
        drawn = "document.getElementById('plot').innerHTML"
        browser.run("document.getElementById('pause').click()")
        before = browser.run(drawn)
        tell(run, range(201, 211), rng)
        seen(browser, shown("rows"), "211")
        assert browser.run(drawn) == before
        browser.run("document.getElementById('pause').click()")
        assert browser.run(drawn) != before
        assert browser.said == []
        assert set(browser.asked) == {
            f"http://127.0.0.1:{port}/",
            f"http://127.0.0.1:{port}/events",
        }

        os.kill(run.child, signal.SIGKILL)
        assert ended(run.child, LONG) == KILLED
        seen(browser, shown("state"), "no connection; tried again")
        run = begun(tmp_path, port, "another")
        seen(browser, shown("state"), "waiting for the first row")
        assert browser.run(shown("rows")) == browser.run(shown("observed")) == "–"
        assert browser.run("document.getElementById('plot').childElementCount") == 0
        tell(run, range(30), rng)
        seen(browser, "document.title", "another · live · forecast")
        seen(browser, shown("rows"), "30")
        assert browser.run("document.getElementById('alarm-list').hidden")
        assert run.end(signal.SIGTERM) == 0
        seen(browser, shown("state"), "the run has ended")
        assert all("net::ERR_" in each for each in browser.said)
