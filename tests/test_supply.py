"""What is shipped is what was built from these sources, and nothing here needs a network."""

import ast
import re
import socket
import sys
import tomllib
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import NetworkError

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {"pytest-xdist": "xdist", "pandas-stubs": "pandas-stubs"}


def test_no_test_reaches_a_network() -> None:
    with pytest.raises(NetworkError, match=r"look up example\.org"):
        urllib.request.urlopen("http://example.org", timeout=1)
    with socket.socket() as plug, pytest.raises(NetworkError, match=r"connect to 192\.0\.2\.1"):
        plug.connect(("192.0.2.1", 80))


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in requirements}


def imported(folder: str) -> set[str]:
    """Names of all third-party packages that the files of a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    here = {path.stem for path in (ROOT / folder).glob("*.py")} | {"forecast"}
    return found - here - sys.stdlib_module_names


def test_what_is_imported_is_asked_for() -> None:
    """Nothing that happens to be installed: a wheel brings what its package needs."""
    needed = names_of(PROJECT["dependencies"])
    extras = PROJECT["optional-dependencies"]
    spark = names_of(extras["spark"])  # which CI does without
    assert imported("forecast") <= needed | names_of(extras["check"]) | spark
    beside = {path.stem for path in (ROOT / "experiments").glob("*.py")}
    assert imported("tests") - beside <= needed | names_of(extras["test"]) | spark
    assert names_of(extras["check"]) <= names_of(extras["test"])
    # and nothing is asked for that nobody imports
    assert needed <= imported("forecast")


def test_every_version_that_ci_installs_is_pinned() -> None:
    pins = (ROOT / "tests" / "constraints.txt").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    extras = PROJECT["optional-dependencies"]
    asked = names_of([*PROJECT["dependencies"], *extras["test"], *extras["lint"], *extras["check"]])
    assert asked <= pinned
    assert find_spec("mpmath") is not None
