"""What stands behind an installation: its packages, their licences, known holes, and the wheel.

    python experiments/supply.py

wants ``pip install build hatchling pip-audit`` beside the package. The audit asks a service for
known vulnerabilities; where there is none, the page says so. Everything else is done offline.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from page import Page, table

ROOT = Path(__file__).parent.parent
MADE = "1700000000"  # SOURCE_DATE_EPOCH: the time that the wheel's files get
OFFLINE = ["tests/test_rate.py", "tests/test_supply.py"]


def required(name: str, extra: str = "") -> list[str]:
    """Names of what a distribution requires here, without its extras but the one named."""
    from packaging.requirements import Requirement

    found = []
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            found.append(requirement.name)
    return found


def closure(names: list[str]) -> list[Distribution]:
    """All distributions that these need, and themselves, as they are installed here."""
    found: dict[str, Distribution] = {}
    while names:
        name = names.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            found[key] = distribution(name)
        except PackageNotFoundError:
            continue
        names += required(name)
    return [found[key] for key in sorted(found)]


def licence(of: Distribution) -> str:
    """What a distribution says of its licence, in a few words."""
    data = of.metadata
    said = data.get("License-Expression") or ""
    if not said:
        named = [
            line.split("::")[-1].strip()
            for line in data.get_all("Classifier") or []
            if line.startswith("License ::")
        ]
        said = ", ".join(named) or (data.get("License") or "").strip().split("\n")[0]
    return said[:80] or "not said"


def audit(names: list[Distribution]) -> str:
    """What pip-audit says of these versions."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        lines = [f"{each.metadata['Name']}=={each.version}" for each in names]
        listed.write_text("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-f", "json"]
        ran = subprocess.run(
            [*command, "-r", str(listed), "--timeout", "10"],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        record = json.loads(ran.stdout)
    except json.JSONDecodeError:
        why = (ran.stderr.strip() or "it said nothing").split("\n")[-1]
        kind = "No module named" if "No module named" in why else "its data could not be had"
        return f"**Not audited here**: {kind} ({why[:160]})."
    holes = [
        f"{each['name']} {each['version']}: {', '.join(hole['id'] for hole in each['vulns'])}"
        for each in record["dependencies"]
        if each.get("vulns")
    ]
    asked = sum("vulns" in each for each in record["dependencies"])
    if asked == 0:
        why = record["dependencies"][0].get("skip_reason", "it said nothing of them")
        return f"**Not audited here**: pip-audit had no data of any version ({why[:160]})."
    said = "; ".join(holes) or "none has a known vulnerability"
    return f"pip-audit, {asked} of {len(names)} versions known to it: {said}."


def wheel(folder: Path) -> tuple[str, str]:
    """Name and sha256 of a wheel built from a fresh copy of the sources."""
    copy = folder / "sources"
    kept = shutil.ignore_patterns("__pycache__", ".*", "results", "*.egg-info", "dist", "out")
    shutil.copytree(ROOT, copy, ignore=kept)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": MADE}
    subprocess.run(
        [*command, str(copy)], check=True, capture_output=True, env=environment, cwd=folder
    )
    (built,) = folder.glob("*.whl")
    return built.name, hashlib.sha256(built.read_bytes()).hexdigest()


def offline() -> str:
    """Run some tests in a network namespace that has no network, or say why not."""
    if shutil.which("unshare") is None:
        return "**Not run here**: there is no `unshare`."
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-m", "pytest", "-q"]
    command += ["-p", "no:cacheprovider", "-n", "0", *OFFLINE]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    last = (ran.stdout.strip() or ran.stderr.strip()).split("\n")[-1]
    return f"`unshare --net`, {', '.join(f'`{name}`' for name in OFFLINE)}: {last}"


def main() -> None:
    page = Page("What stands behind an installation", __file__)
    packages = [each for each in closure(["forecast"]) if each.metadata["Name"] != "forecast"]
    direct = {re.sub(r"[-_.]+", "-", name).lower() for name in required("forecast")}
    page.say(
        f"The package asks for {len(direct)} others, and these for "
        f"{len(packages) - len(direct)} more. Licences are as each of them says."
    )
    rows = [
        [
            each.metadata["Name"],
            each.version,
            "yes" if re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower() in direct else "",
            licence(each),
        ]
        for each in packages
    ]
    page.say(table(["package", "version", "asked for by forecast", "licence"], rows))
    page.say("## Known vulnerabilities\n\n" + audit(packages))
    built = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            built.append(wheel(Path(folder)))
    same = "the same hash" if built[0] == built[1] else "**different hashes**"
    page.say(
        f"## The wheel, built twice\n\nFrom two fresh copies of the sources, SOURCE_DATE_EPOCH "
        f"{MADE}: {same}. `{built[0][0]}`, sha256 `{built[0][1]}`."
    )
    page.say("## Tests without a network\n\n" + offline())
    page.say(
        "Every test of the suite is refused a socket to anywhere but this machine: "
        "`tests/conftest.py`."
    )
    page.write()
    assert built[0] == built[1], "two builds of the same sources differ"


if __name__ == "__main__":
    main()
