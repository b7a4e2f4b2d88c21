"""One decorator, that compiles a kernel, and one spelling of a loop for each use.

A process that scores one mail and ends cannot wait for numba to arrive: after ``plainly()`` the
kernels that it imports are the functions that they are written as, and give the same bits.
"""

from __future__ import annotations

import sys
from types import FunctionType

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_plain = False


def plainly() -> None:
    """Let the kernels that are imported from here on be plain Python, unless numba is here."""
    global _plain
    _plain = "numba" not in sys.modules


def is_plain() -> bool:
    """Whether kernels are plain Python in this process."""
    return _plain


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
    return _made(kernel)


def inlined(kernel: Kernel) -> Kernel:
    """Compile a kernel into each that calls it: for small ones, called at every bit of a stream.

    A call hands over seven numbers for each array; where the work takes less than that, it is
    better done in place.
    """
    return _made(kernel, forceinline=True)


def _made(kernel: Kernel, forceinline: bool = False) -> Kernel:
    if _plain:
        return kernel
    called: Kernel = _dispatcher(kernel, kept=_ours(kernel), forceinline=forceinline)
    return called


def _dispatcher(
    kernel: Callable[..., Any], kept: bool, forceinline: bool = False, nogil: bool = False
) -> Any:
    from forecast.machine_code import dispatcher  # late: it brings numba along

    return dispatcher(kernel, kept, forceinline, nogil)


def _ours(kernel: Callable[..., Any]) -> bool:
    """Whether the hash covers a kernel: one of a notebook or of a user's own file it does not."""
    from pathlib import Path

    from forecast.code_cache import PACKAGE

    return PACKAGE in Path(kernel.__code__.co_filename).resolve().parents


def bound(loop: Callable[..., Any], nogil: bool = False, /, **kernels: Any) -> Any:
    """A compiled loop whose free names are these kernels: one spelling, a code for each use.

    Kernels given as arguments would be compiled anew by every process; kernels that a loop finds
    under its global names are found in the cache again. So each use gets the loop with global
    names of its own. With a kernel of a user's file, whose changes the hash does not see, the
    loop is not kept.

    Parameters
    ----------
    loop : function
        Not compiled itself.
    nogil : bool
        Whether other threads run while Python waits for the loop.
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
    return _dispatcher(own, kept=all(_ours(part) for part in [loop, *parts]), nogil=nogil)
