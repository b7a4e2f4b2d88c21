"""A page of results: what was asked, the tables, and all that is needed to make it again."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PEERS = (
    *("forecast", "numpy", "numba", "pandas", "river", "statsmodels", "skaters"),
    *("pyppmd", "zstandard", "brotli"),
)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Page:
    """Collects paragraphs and writes ``results/NAME.md``, NAME being the script's."""

    def __init__(self, title: str, script: str, arguments: str = "") -> None:
        self.name = Path(script).stem
        self.command = f"python experiments/{self.name}.py {arguments}".strip()
        self.parts = [f"# {title}"]

    def say(self, paragraph: str) -> None:
        """Add a paragraph or a table, and print it."""
        self.parts.append(paragraph)
        print(paragraph, flush=True)

    def write(self) -> None:
        """Write the page, with machine, versions, commit and command."""
        self.parts.append(f"---\nMade by `{self.command}`, commit {commit()}, on {machine()}.")
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text("\n\n".join(self.parts) + "\n")


def commit() -> str:
    """The commit of the code, with a plus where the package was changed since."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        name = _said([*git, "rev-parse", "--short", "HEAD"])
        changed = _said([*git, "status", "--porcelain", "--", "../forecast"])
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + "+" * bool(changed)


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    """Processor count and the versions of all that took part."""
    found = []
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    python = f"Python {sys.version.split()[0]}"
    return f"{os.cpu_count()} cores, {platform.machine()}, {python}, {', '.join(found)}"
