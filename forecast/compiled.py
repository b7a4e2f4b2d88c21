"""The only place that knows numba: one decorator, and a cache that is right.

Numba keeps compiled code beside its source and throws it away when *that* file changes. A kernel
that calls a kernel of another file is then served stale, silently, after the other was edited.
Here the code of all kernels lies in one folder, named by one hash over all their sources.

A process that scores one mail and ends cannot wait for numba to arrive: after ``plainly()`` the
kernels that it imports are the functions that they are written as, and give the same bits.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from types import FunctionType

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, TypeVar

    Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_plain = False


@cache
def package() -> Path:
    """The folder of this package."""
    from pathlib import Path

    return Path(__file__).resolve().parent


@cache
def sources_hash() -> str:
    """Hash of every file of this package that holds a kernel, and of this one."""
    import hashlib

    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(package().rglob("*.py")):
        source = path.read_bytes()
        if path.name == "compiled.py" or b"from forecast.compiled import" in source:
            digest.update(path.relative_to(package()).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _places() -> list[Path]:
    """Where a cache may lie: beside the package, else in the user's cache."""
    import hashlib
    from pathlib import Path

    # Two installations may share one user's cache: the package's own path tells them apart.
    here = "forecast-" + hashlib.sha256(os.fsencode(package())).hexdigest()[:8]
    places = [package() / "__pycache__"]
    if home := os.environ.get("XDG_CACHE_HOME"):
        places.append(Path(home) / here)
    elif home := os.environ.get("HOME"):
        places.append(Path(home) / ".cache" / here)
    return places


@cache
def cache_folder() -> Path | None:
    """The folder of this very source's machine code, or None where nothing can be written."""
    import shutil

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


def plainly() -> None:
    """Let the kernels that are imported from here on be plain Python, unless numba is here."""
    global _plain
    _plain = "numba" not in sys.modules


def is_plain() -> bool:
    """Whether kernels are plain Python in this process."""
    return _plain


@cache
def kept_code() -> Any:
    """Numba's cache of one kernel, told to lie in our folder; a class."""
    import contextlib

    from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

    class OneFolder(_CacheLocator):  # type: ignore[misc]
        """Tells numba to keep every kernel in the folder of the present sources."""

        def __init__(self, kernel: Callable[..., Any], file: str) -> None:
            self._py_file = file
            self._name = f"{kernel.__module__}-{kernel.__code__.co_firstlineno}"

        @classmethod
        def from_function(cls, kernel: Callable[..., Any], file: str) -> OneFolder:
            return cls(kernel, file)

        def get_cache_path(self) -> str:
            return str(cache_folder())

        def get_source_stamp(self) -> str:
            return sources_hash()

        def get_disambiguator(self) -> str:
            return self._name

    class Implementation(CompileResultCacheImpl):  # type: ignore[misc]
        _locator_classes = (OneFolder,)

    class Kept(FunctionCache):  # type: ignore[misc]
        _impl_class = Implementation

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            # Code that a power failure cut short, or that may not be read, is compiled again.
            try:
                return super().load_overload(sig, target_context)
            except Exception:
                with contextlib.suppress(OSError):
                    self.flush()
                return None

        def save_overload(self, sig: Any, data: Any) -> None:
            # A full disk or a folder that was taken away costs time, never the forecast.
            with contextlib.suppress(OSError):
                super().save_overload(sig, data)

    return Kept


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel at its first call, and keep its code for the next process.

    A kernel uses ``math`` and loops of its own, never numpy's functions: then the same line gives
    the same bits whether it is called once a point or runs over a whole stream.

    Examples
    --------
    >>> @compiled
    ... def half(x):
    ...     return x / 2
    >>> half(3.0)
    1.5
    """
    if _plain:
        return kernel
    dispatcher: Kernel = _jit(kernel, kept=_ours(kernel))
    return dispatcher


def _ours(kernel: Callable[..., Any]) -> bool:
    """Whether the hash covers a kernel: one of a notebook or of a user's own file it does not."""
    from pathlib import Path

    return package() in Path(kernel.__code__.co_filename).resolve().parents


def _jit(kernel: Callable[..., Any], kept: bool) -> Any:
    from numba import njit

    dispatcher = njit(error_model="numpy", no_cfunc_wrapper=True)(kernel)
    if kept and cache_folder() is not None:
        dispatcher._cache = kept_code()(dispatcher.py_func)
    return dispatcher


def bound(loop: Callable[..., Any], **kernels: Any) -> Any:
    """A compiled loop whose free names are these kernels: one spelling, a code for each use.

    Kernels given as arguments would be compiled anew by every process; kernels that a loop finds
    under its global names are found in the cache again. So each use gets the loop with global
    names of its own. With a kernel of a user's file, whose changes the hash does not see, the
    loop is not kept.

    Parameters
    ----------
    loop : function
        Not compiled itself.
    **kernels
        What the loop's free names stand for.
    """
    import hashlib

    parts = [kernel.py_func for kernel in kernels.values()]
    named = ",".join(f"{part.__module__}.{part.__qualname__}" for part in parts)
    name = f"{loop.__name__}_{hashlib.sha256(named.encode()).hexdigest()[:12]}"
    own = FunctionType(loop.__code__, {**loop.__globals__, **kernels}, name)
    own.__module__ = loop.__module__
    own.__qualname__ = name
    return _jit(own, kept=all(_ours(part) for part in [loop, *parts]))
