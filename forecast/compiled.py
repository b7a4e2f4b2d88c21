"""The only place that knows numba: one decorator, and a cache that is right.

Numba keeps compiled code beside its source and throws it away when *that* file changes. A kernel
that calls a kernel of another file is then served stale, silently, after the other was edited.
Here the code of all kernels lies in one folder, named by one hash over all their sources.
"""

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

PACKAGE = Path(__file__).resolve().parent


@cache
def sources_hash() -> str:
    """Hash of every file of this package that holds a kernel, and of this one."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if path.name == "compiled.py" or b"from forecast.compiled import" in source:
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


class _OneFolder(_CacheLocator):  # type: ignore[misc]
    """Tells numba to keep every kernel in the folder of the present sources."""

    def __init__(self, kernel: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._name = f"{kernel.__module__}-{kernel.__code__.co_firstlineno}"

    @classmethod
    def from_function(cls, kernel: Callable[..., Any], file: str) -> "_OneFolder":
        return cls(kernel, file)

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return sources_hash()

    def get_disambiguator(self) -> str:
        return self._name


class _Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_OneFolder,)


class _Cache(FunctionCache):  # type: ignore[misc]
    _impl_class = _Implementation

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
    dispatcher: Kernel = _jit(kernel, kept=_ours(kernel))
    return dispatcher


def _ours(kernel: Callable[..., Any]) -> bool:
    """Whether the hash covers a kernel: one of a notebook or of a user's own file it does not."""
    return PACKAGE in Path(kernel.__code__.co_filename).resolve().parents


def _jit(kernel: Callable[..., Any], kept: bool) -> Any:
    dispatcher = njit(error_model="numpy", no_cfunc_wrapper=True)(kernel)
    if kept and cache_folder() is not None:
        dispatcher._cache = _Cache(dispatcher.py_func)
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
    parts = [kernel.py_func for kernel in kernels.values()]
    named = ",".join(f"{part.__module__}.{part.__qualname__}" for part in parts)
    name = f"{loop.__name__}_{hashlib.sha256(named.encode()).hexdigest()[:12]}"
    own = FunctionType(loop.__code__, {**loop.__globals__, **kernels}, name)
    own.__module__ = loop.__module__
    own.__qualname__ = name
    return _jit(own, kept=all(_ours(part) for part in [loop, *parts]))
