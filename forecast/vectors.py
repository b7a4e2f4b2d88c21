"""What a kernel cannot say in Python: sums and steps eight at a time, and a look ahead.

All keep the law of bits: a sum has one order, whoever calls it, and what is fetched changes
nothing. Of 16 numbers at once each is rounded as if it stood alone.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

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
