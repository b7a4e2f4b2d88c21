"""Every command of the README is one that is run: here, or by the script that CI runs."""

import re
import shlex
from pathlib import Path

import pytest

from forecast.cli import main

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


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_command(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if command in BY_CI:
        assert BY_CI[command] in (ROOT / ".ci" / "run").read_text()
        return
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/forecast"
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 0
    out = arguments[arguments.index("--out") + 1]
    assert (tmp_path / out / "report.html").stat().st_size > 10_000


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []
