"""Every command of the README is one that is run: here, or by the script that CI runs."""

import re
import shlex
from pathlib import Path

import pytest

from forecast.cli import main
from forecast.live.options import parser as live_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    command.strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.S)
    for line in block.strip().splitlines()
    for command in line.split("&&")
]
BY_CI = {
    "python3 -m venv .venv": "python3 -m venv",
    ".venv/bin/pip install -e .": 'pip" install',
    ".venv/bin/pip install -e '.[test]'": "-e '.[test",
    ".venv/bin/pip install -e '.[test,lint]'": "-e '.[test,lint]'",
    ".venv/bin/python -m pytest": "-m pytest",
    ".venv/bin/ruff check .": 'ruff" check',
    ".venv/bin/mypy": "bin/mypy",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader stands who follows the README from its beginning."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "data").symlink_to(ROOT / "data")
    return folder


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_command(command: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if command in BY_CI:
        assert BY_CI[command] in (ROOT / ".ci" / "run").read_text()
        return
    if " live " in command:  # ends with its input only: tests/test_live.py carries out the like
        *_, words = command.split(" live ")
        assert live_parser().parse_args(shlex.split(words)).task == "live"
        return
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/forecast"
    monkeypatch.chdir(here)
    assert main(arguments) == 0
    if arguments[0] == "check":
        return
    out = arguments[arguments.index("--out") + 1]
    page = {"run": "report.html", "compare": "compare.html"}[arguments[0]]
    assert (here / out / page).stat().st_size > 10_000


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []
