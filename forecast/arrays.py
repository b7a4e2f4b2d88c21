"""Arrays that kernels make and read: of numpy where they are compiled, plain where they are not."""

from __future__ import annotations

from forecast.compiled import compiled, is_plain

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

if TYPE_CHECKING or not is_plain():
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

    @compiled
    def floats(n: int) -> Floats:
        """So many floats, all 0."""
        return np.zeros(n)

    @compiled
    def ints(n: int) -> Ints:
        """So many integers, all 0."""
        return np.zeros(n, np.int64)

    def table(values: Sequence[Any]) -> Any:
        """Numbers that kernels read and nobody writes."""
        return np.array(values)

    def floats_of(data: bytes) -> Any:
        """Floats that lie in bytes, to be read and written."""
        return np.frombuffer(bytearray(data))

    def bytes_read(data: bytes) -> Any:
        """Bytes as kernels read them."""
        return np.frombuffer(bytearray(data), np.uint8)

else:  # lists are faster to read and write than anything else that plain Python has
    Floats = Ints = memoryview

    def floats(n: int) -> list[float]:
        """So many floats, all 0."""
        return [0.0] * n

    def ints(n: int) -> list[int]:
        """So many integers, all 0."""
        return [0] * n

    def table(values: Sequence[Any]) -> Any:
        """Numbers that kernels read and nobody writes."""
        return tuple(values)

    def floats_of(data: bytes) -> Any:
        """Floats that lie in bytes, to be read and written; a slice is a view."""
        return memoryview(bytearray(data)).cast("d")

    def bytes_read(data: bytes) -> bytes:
        """Bytes as kernels read them."""
        return data
