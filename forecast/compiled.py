"""The only place that knows numba: one decorator, a cache that is right, three vectors.

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

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.extending import intrinsic

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


def inlined(kernel: Kernel) -> Kernel:
    """Compile a kernel into each that calls it: for small ones, called at every bit of a stream.

    A call hands over seven numbers for each array; where the work takes less than that, it is
    better done in place.
    """
    dispatcher: Kernel = _jit(kernel, kept=_ours(kernel), forceinline=True)
    return dispatcher


def _ours(kernel: Callable[..., Any]) -> bool:
    """Whether the hash covers a kernel: one of a notebook or of a user's own file it does not."""
    return PACKAGE in Path(kernel.__code__.co_filename).resolve().parents


def _jit(kernel: Callable[..., Any], kept: bool, **how: bool) -> Any:
    dispatcher = njit(error_model="numpy", no_cfunc_wrapper=True, **how)(kernel)
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


# Three things that a kernel cannot say in Python. All keep the law of bits: a sum has one order,
# whoever calls it, and what is fetched changes nothing. Of 16 numbers at once each is rounded as if
# it stood alone.

COUNT, EIGHT = ir.IntType(64), ir.VectorType(ir.FloatType(), 8)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Where a place of an array lies in memory."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def _eight(builder: Any, pointer: Any, at: Any) -> Any:
    """A pointer to eight numbers, so many after another."""
    return builder.bitcast(builder.gep(pointer, [at]), EIGHT.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def dot(typing: Any, w: Any, first: Any, x: Any, begin: Any, n: Any) -> Any:
    """sum_k w[first + k] x[begin + k] for k < n, float32, n a multiple of 16: eight at a time.

    Sixteen partial sums, each in order of k, are then added in pairs. A loop that adds one by one
    is five times slower, and numba may not change the order of a sum by itself.
    """
    signature = types.float32(w, types.int64, x, types.int64, types.int64)

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        first_w = _pointer(context, builder, kinds[0], arguments[0], arguments[1])
        first_x = _pointer(context, builder, kinds[2], arguments[2], arguments[3])

        def product(at: Any) -> Any:
            pointers = [_eight(builder, first, at) for first in (first_w, first_x)]
            return builder.fmul(*[builder.load(pointer, align=4) for pointer in pointers])

        places = [cgutils.alloca_once_value(builder, ir.Constant(EIGHT, None)) for _ in range(2)]
        with cgutils.for_range_slice(builder, COUNT(0), arguments[4], COUNT(16), intp=COUNT) as (
            k,
            _,
        ):
            for place, at in zip(places, (k, builder.add(k, COUNT(8))), strict=True):
                builder.store(builder.fadd(builder.load(place), product(at)), place)
        both = builder.fadd(*map(builder.load, places))
        parts = [builder.extract_element(both, ir.IntType(32)(lane)) for lane in range(8)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(*two) for two in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]

    return signature, write


@intrinsic  # type: ignore[untyped-decorator]
def add_scaled(typing: Any, w: Any, first: Any, x: Any, begin: Any, n: Any, step: Any) -> Any:
    """w[first + k] += step x[begin + k] for k < n, float32, n a multiple of 8: eight at a time."""
    signature = types.void(w, types.int64, x, types.int64, types.int64, types.float32)

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        first_w = _pointer(context, builder, kinds[0], arguments[0], arguments[1])
        first_x = _pointer(context, builder, kinds[2], arguments[2], arguments[3])
        steps = ir.Constant(EIGHT, ir.Undefined)
        for lane in range(8):
            steps = builder.insert_element(steps, arguments[5], ir.IntType(32)(lane))
        with cgutils.for_range_slice(builder, COUNT(0), arguments[4], COUNT(8), intp=COUNT) as (
            k,
            _,
        ):
            at = _eight(builder, first_w, k)
            move = builder.fmul(steps, builder.load(_eight(builder, first_x, k), align=4))
            builder.store(builder.fadd(builder.load(at, align=4), move), at, align=4)
        return context.get_dummy_value()

    return signature, write


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Have a place of an array on its way from memory, which will be read a while later."""
    signature = types.void(array, types.int64)

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], *arguments)
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], form)
        builder.call(fetch, [builder.bitcast(place, byte), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return signature, write
