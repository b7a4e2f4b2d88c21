"""Where machine code is kept: one folder, that is right.

Numba keeps compiled code beside its source and throws it away when *that* file changes. A kernel
that calls a kernel of another file is then served stale, silently, after the other was edited.
Here the code of all kernels lies in one folder, named by one hash over all their sources.
"""

import hashlib
import os
import shutil
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# say how a kernel is compiled
BUILD = ("code_cache.py", "compiled.py", "machine_code.py", "vectors.py")


@cache
def sources_hash() -> str:
    """Hash of every file of this package that holds a kernel, or says how one is compiled."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if path.name in BUILD or b"from forecast.compiled import" in source:
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _places() -> list[Path]:
    """Where a cache may lie: beside the package, else in the user's cache."""
    # Two installations may share one user's cache: the package's own path tells them apart.
    here = "forecast-" + hashlib.sha256(os.fsencode(PACKAGE)).hexdigest()[:8]
    places = [PACKAGE / "__pycache__"]
    if home := os.environ.get("XDG_CACHE_HOME"):
        places.append(Path(home) / here)
    elif home := os.environ.get("HOME"):
        places.append(Path(home) / ".cache" / here)
    return places


@cache
def cache_folder() -> Path | None:
    """The folder of this very source's machine code, or None where nothing can be written."""
    for place in _places():
        folder = place / f"kernels-{sources_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f"writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            continue
        # One installation has one source: code of any other is of an edited or replaced one.
        for other in place.glob("kernels-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return folder
    return None


def nothing_kept() -> bool:
    """Whether no machine code is kept yet, so that what comes first takes its time."""
    folder = cache_folder()
    return folder is None or next(folder.iterdir(), None) is None
