"""What numba is told: where its code is kept, and that a kernel of kernels is linked into them.

By itself numba optimises every kernel, and makes machine code of it, before it does the same with
the kernel that calls it and with all that this one calls. What lies six calls deep is optimised
six times, and runs once: where it was linked in. Here a kernel has two forms. The one that Python
calls is machine code. The one that other kernels call is no more than a text to be linked into
theirs: it is optimised with them. A first forecast comes in two thirds of the time.
"""

import contextlib
import sys
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompileResult, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

from forecast.code_cache import cache_folder, sources_hash

# ---- code that is only linked ------------------------------------------------------------------


class _Linked(JITCodeLibrary):  # type: ignore[misc]
    """Code that is linked into other code, and optimised there."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def serialize_using_object_code(self) -> tuple[str, str, bytes]:
        kept: tuple[str, str, bytes] = self.serialize_using_bitcode()
        return kept


def _uncalled() -> Any:
    """Stands for a function that Python never calls: numba knows code by a builtin of its own."""
    return object().__sizeof__


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):  # type: ignore[misc]
    _name = "lowering_to_be_linked"

    def run_pass(self, state: Any) -> bool:
        state.library = _Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state["cr"] = state["cr"]._replace(cfunc=_uncalled())
        state.targetctx.insert_user_function(state["cr"].cfunc, state["cr"].fndesc, [state.library])
        return True


class _ToBeLinked(Compiler):  # type: ignore[misc]
    """Numba's compiler, as far as code that can be linked."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes[:] = [
            (_Lowering if each is NativeLowering else each, said) for each, said in passes.passes
        ]
        passes.finalize()
        return [passes]


class _Called(CPUDispatcher):  # type: ignore[misc]
    """A kernel as Python calls it; a kernel that names it gets the form to be linked."""

    how: dict[str, Any]  # it is compiled to be linked
    kept: bool

    @cached_property
    def linked(self) -> CPUDispatcher:
        """The form to be linked: made when a kernel that names this one is compiled, if ever."""
        form = njit(**self.how)(self.py_func)
        if self.kept:
            form._cache = _KeptLinked(self.py_func)
        return form

    @property
    def _numba_type_(self) -> Any:
        return types.Dispatcher(self.linked)


# ---- what is kept ------------------------------------------------------------------------------


class _Place(_CacheLocator):  # type: ignore[misc]
    """Tells numba to keep every kernel in the folder of the present sources."""

    def __init__(self, kernel: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._name = f"{kernel.__module__}-{kernel.__code__.co_firstlineno}"

    @classmethod
    def from_function(cls, kernel: Callable[..., Any], file: str) -> "_Place":
        return cls(kernel, file)

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return sources_hash()

    def get_disambiguator(self) -> str:
        return self._name


class _PlaceOfLinked(_Place):
    def get_disambiguator(self) -> str:
        return f"{self._name}-linked"


class _Form(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Place,)


class _FormOfLinked(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_PlaceOfLinked,)

    def rebuild(self, target_context: Any, payload: Any) -> CompileResult:
        # As CompileResult._rebuild does, but nothing is handed to the engine that runs code.
        (name, _, code), fndesc, environment, signature, objectmode, lifted, annotation, *rest = (
            payload
        )
        reload_init, referenced = rest
        library = _Linked(target_context.codegen(), name)
        library._final_module = llvm.parse_bitcode(code)
        library._finalize_final_module()
        return CompileResult(
            typing_context=target_context.typing_context,
            target_context=target_context,
            entry_point=_uncalled(),
            typing_error=None,
            type_annotation=annotation,
            signature=signature,
            objectmode=objectmode,
            lifted=lifted,
            fndesc=fndesc,
            library=library,
            call_helper=None,
            environment=environment,
            metadata=None,
            reload_init=reload_init,
            referenced_envs=referenced,
        )


class _Kept(FunctionCache):  # type: ignore[misc]
    _impl_class = _Form

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


class _KeptLinked(_Kept):
    _impl_class = _FormOfLinked


def dispatcher(
    kernel: Callable[..., Any], kept: bool, forceinline: bool = False, nogil: bool = False
) -> Any:
    """What calls a kernel in its machine code, which is made at the first call.

    Parameters
    ----------
    kernel : function
    kept : bool
        Whether its code is kept for the next process, where a folder can be written.
    forceinline : bool
        Whether it is put in the place of each call, however large.
    nogil : bool
        Whether other threads run while Python waits for it.
    """
    _leave_scipy_out()
    called = njit(error_model="numpy", no_cfunc_wrapper=True, nogil=nogil)(kernel)
    called.__class__ = _Called
    called.how = {
        "error_model": "numpy",
        "no_cfunc_wrapper": True,
        "no_cpython_wrapper": True,
        "pipeline_class": _ToBeLinked,
        "forceinline": forceinline,
    }
    called.kept = kept and cache_folder() is not None
    if called.kept:
        called._cache = _Kept(kernel)
    return called


@cache
def _leave_scipy_out() -> None:
    """Let numba's arrays arrive without SciPy's linear algebra, a fifth of a first forecast.

    Numba imports it to see whether it is there, as it is. No kernel asks for it; of other code
    that does, numba makes sure once more.
    """
    if "numba.np.arraymath" in sys.modules:
        return
    from numba.np import linalg

    ensure_blas = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = ensure_blas
    arraymath.ensure_blas = ensure_blas
