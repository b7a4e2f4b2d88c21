"""The pages in a real browser: from disk, without a fault or a request, in both colour schemes.

Needs a Chromium; the audit of accessibility also needs npm, and fetches axe-core with it.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import chromium
import pytest
from test_compare import finished, noise
from test_report import LEVEL, made, time
from test_symbols_report import some_labels, some_words

from forecast.cli import main
from forecast.compare import compare
from forecast.report import Report
from forecast.report.document import document
from forecast.report.html import Cell, Row, Section, table

pytestmark = pytest.mark.skipif(
    chromium.found() is None, reason=f"no Chromium is found (none of {', '.join(chromium.NAMES)})"
)

LOOKS = [("light", 380), ("light", 1440), ("dark", 380), ("dark", 1440)]


def numbers(out: Path, names: tuple[str, ...] = ("load",)) -> Path:
    horizons = (1, 12)
    with Report(out, names, horizons, 12, predictions="none") as report:
        report.add(made(900, len(names), horizons, 12), time)
        ahead = [(time(900 + h), name, h, 0.5, list(LEVEL)) for name in names for h in horizons]
        report.finish(ahead, {"source": "load.csv", "rows": 900, "seconds": 1.0})
    return out / "report.html"


def channels(out: Path) -> Path:
    return numbers(out, ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"))


def text(out: Path) -> Path:
    return ran(out, "words", b"".join(some_words(400)))


def labels(out: Path) -> Path:
    texts = (b"ham\tsee you at 5, <b>%d</b>\n", b"spam\twin a prize now %d\n")
    lines = (texts[y] % (k % 9) for k, y in enumerate(some_labels(400)[1].tolist()))
    return ran(out, "labels", b"".join(lines))


def ran(out: Path, kind: str, content: bytes) -> Path:
    source = out.parent / "source"
    source.write_bytes(content)
    assert main(["run", str(source), "--kind", kind, "--out", str(out), "--quiet"]) == 0
    return out / "report.html"


def compared(out: Path) -> Path:
    scales = {"plain": 2.0, "seasonal": 1.0}
    runs = [
        finished(out / name, {(f"y{s}", h): noise(s, scale) for s in range(4) for h in (1, 12)})
        for name, scale in scales.items()
    ]
    compare([str(run) for run in runs], ["mae"], out / "comparison")
    return out / "comparison" / "compare.html"


PAGES: dict[str, Callable[[Path], Path]] = {
    "numbers": numbers,
    "channels": channels,
    "words": text,
    "labels": labels,
    "compare": compared,
}


# one series says in a browser what seven say, but for a figure and a column
KINDS = [
    pytest.param("numbers", marks=pytest.mark.slow),
    *(kind for kind in PAGES if kind != "numbers"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A page of each kind, made when it is first asked for."""
    return cache(lambda kind: PAGES[kind](tmp_path_factory.mktemp(kind) / "out"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """One browser for all tests."""
    program = chromium.found()
    assert program is not None
    with chromium.Chromium(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# elements that stick out of the window, but for what lies in a part that scrolls by itself
OUTSIDE = """[...document.querySelectorAll("main *")].filter(one => !one.closest(".wide *")
  && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_disk(
    pages: Callable[[str], Path], browser: chromium.Chromium, kind: str, scheme: str, width: int
) -> None:
    browser.open(pages(kind), scheme, width)
    assert browser.run(WIDER) == 0
    assert browser.run(OUTSIDE) == []
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 23, 26)"}[scheme]
    asked = [address for address in browser.asked if not address.startswith("data:")]
    assert asked == [pages(kind).resolve().as_uri()]
    assert browser.said == []


def test_the_browser_would_say_what_is_wrong(tmp_path: Path, browser: chromium.Chromium) -> None:
    page = tmp_path / "wrong.html"
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    page.write_text(f"<!doctype html>{policy}<script>1</script><img src=x.png><p>x")
    browser.open(page)
    assert len(browser.said) == 2  # the script and the picture are refused, and that is said
    page.write_text("<!doctype html><img src=x.png><pre style='width:2000px'>x")
    browser.open(page)
    assert len(browser.asked) == 2 and browser.run(WIDER) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_contents_list_leads_to_every_part(
    pages: Callable[[str], Path], browser: chromium.Chromium, kind: str
) -> None:
    browser.open(pages(kind))
    links = browser.run("[...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    parts = browser.run("[...document.querySelectorAll('section')].map(s => s.id)")
    assert links == parts and len(set(parts)) == len(parts) >= 4


COLUMN = "[...document.querySelectorAll({})[0].tBodies[0].rows].map(r => r.cells[{}].textContent)"
CLICK = "document.querySelectorAll({})[0].tHead.rows[0].cells[{}].querySelector('button').click()"


def column(browser: chromium.Chromium, table: str, place: int) -> list[str]:
    shown: list[str] = browser.run(COLUMN.format(json.dumps(table), place))
    return shown


def click(browser: chromium.Chromium, table: str, place: int) -> str:
    """Click on the head of a column; returns how it says that it is sorted."""
    browser.run(CLICK.format(json.dumps(table), place))
    head = f"document.querySelector({json.dumps(table)}).tHead.rows[0].cells[{place}]"
    return str(browser.run(f"{head}.getAttribute('aria-sort')"))


def test_a_table_sorts_as_numbers(pages: Callable[[str], Path], browser: chromium.Chromium) -> None:
    worst = "#worst table.sorts"
    browser.open(pages("channels"))
    written = column(browser, worst, 5)
    values = [float(shown.replace(",", "")) for shown in written]
    assert values == sorted(values, reverse=True)  # the page is written with the worst first
    assert click(browser, worst, 5) == "ascending"
    assert column(browser, worst, 5) == written[::-1]
    assert click(browser, worst, 1) == "ascending"
    truths = [float(shown.replace(",", "")) for shown in column(browser, worst, 1)]
    assert truths == sorted(truths)
    assert click(browser, worst, 1) == "descending"
    truths = [float(shown.replace(",", "")) for shown in column(browser, worst, 1)]
    assert truths == sorted(truths, reverse=True)
    assert click(browser, worst, 1) == "None"  # a third click gives the order of the page back
    assert column(browser, worst, 5) == written


def test_what_is_written_in_any_way_sorts_as_the_number_that_it_is(
    tmp_path: Path, browser: chromium.Chromium
) -> None:
    values = {"1,200": 1200.0, "–": None, "-20": -20.0, "50 %": 0.5, "-1.0e-06": -1e-6, "3": 3.0}
    rows: list[Row] = [[shown, Cell(shown, value)] for shown, value in values.items()]
    page = tmp_path / "numbers.html"
    section = Section("some", "Some", table("some", ["as written", "as numbers"], rows))
    page.write_text(document("numbers", [], [section]), encoding="utf-8")
    browser.open(page)
    rising = ["-20", "-1.0e-06", "50 %", "3", "1,200"]
    click(browser, "table.sorts", 1)
    assert column(browser, "table.sorts", 1) == [*rising, "–"]
    click(browser, "table.sorts", 1)
    assert column(browser, "table.sorts", 1) == [*rising[::-1], "–"]  # what is not known stays last


def test_times_sort_by_row_and_names_as_text(
    pages: Callable[[str], Path], browser: chromium.Chromium
) -> None:
    browser.open(pages("channels"))
    worst = "#worst table.sorts"
    click(browser, worst, 0)
    rows = [int(shown.removeprefix(time(0)[:-1])) for shown in column(browser, worst, 0)]
    assert rows == sorted(rows) and len(rows) == 10
    browser.open(pages("channels"))
    click(browser, "#rivals table.sorts", 0)
    names = column(browser, "#rivals table.sorts", 0)
    assert names == sorted(names) and len(set(names)) > 4


def test_a_table_sorts_by_keys(pages: Callable[[str], Path], browser: chromium.Chromium) -> None:
    browser.open(pages("channels"))
    button = "document.querySelector('#worst table.sorts button')"
    browser.run(f"{button}.focus()")
    assert browser.run(f"document.activeElement === {button}")
    for kind in ("keyDown", "keyUp"):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        browser.tell("Input.dispatchKeyEvent", type=kind, text="\r" * (kind == "keyDown"), **key)
    assert browser.run(f"{button}.parentElement.getAttribute('aria-sort')") == "ascending"


def test_a_page_without_scripts_lacks_only_the_buttons(
    pages: Callable[[str], Path], browser: chromium.Chromium
) -> None:
    seen = "document.querySelector('main').innerText"
    browser.open(pages("channels"))
    assert browser.run("document.querySelectorAll('button').length") > 0
    whole = browser.run(seen)
    browser.tell("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages("channels"))
        assert browser.run("document.querySelectorAll('button').length") == 0
        assert browser.run(seen) == whole
    finally:
        browser.tell("Emulation.setScriptExecutionDisabled", value=False)


DIGITS = r"[-+]?\d[-\d,.e+]*( %)?( to .*)?"


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_a_table_that_sorts_says_its_value(
    pages: Callable[[str], Path], kind: str
) -> None:
    sorts = r'<table class="sorts">.*?<tbody>(.*?)</tbody>'
    bodies = re.findall(sorts, pages(kind).read_text(), re.DOTALL)
    assert bodies
    for body in bodies:
        cells = re.findall(r"<t[dh]([^>]*)>([^<]+)", body)
        numbers = [said for said, shown in cells if re.fullmatch(DIGITS, shown)]
        assert numbers and all("data-value" in said for said in numbers)


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, fetched from the registry of npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm is found, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    fetch = [npm, "install", "--no-save", "--no-audit", "--no-fund", "axe-core@4"]
    subprocess.run(fetch, cwd=folder, check=True, capture_output=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


AUDIT = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


def serious(browser: chromium.Chromium, axe: str) -> list[Any]:
    """The serious findings on the page that is open, with all that unfolds unfolded."""
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.run(f"{axe}; null")
    found: list[dict[str, Any]] = browser.run(AUDIT)
    return [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.slow
def test_the_audit_finds_what_is_wrong(
    tmp_path: Path, browser: chromium.Chromium, axe: str
) -> None:
    page = tmp_path / "wrong.html"
    pale = "<p style='color:#bbb'>hardly seen"
    page.write_text(f"<!doctype html><html lang=en><title>x</title>{pale}")
    browser.open(page)
    assert "color-contrast" in {name for name, _, _ in serious(browser, axe)}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("kind", PAGES)
def test_no_serious_finding_of_accessibility(
    pages: Callable[[str], Path],
    browser: chromium.Chromium,
    axe: str,
    kind: str,
    scheme: str,
    width: int,
) -> None:
    browser.open(pages(kind), scheme, width)
    assert serious(browser, axe) == []
