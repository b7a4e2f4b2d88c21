"""SIGTERM and Ctrl-C as a wish, that is granted between two rows."""

import os
import select
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType

WISHES = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether somebody wishes an end; waiting ends with the wish.

    Attributes
    ----------
    asked : bool
        Whether a signal came.

    Examples
    --------
    >>> with Stop() as stop:
    ...     stop.wait(0.0)
    ...     signal.raise_signal(signal.SIGTERM)
    ...     stop.wait(60.0)
    ...     stop.asked
    False
    False
    True
    """

    def __init__(self) -> None:
        self.asked = False
        self._held = ExitStack()

    def __enter__(self) -> "Stop":
        self._reading, writing = os.pipe()
        os.set_blocking(writing, False)
        for each in (self._reading, writing):
            self._held.callback(os.close, each)
        # a signal that comes before the wait begins is then not slept through
        self._held.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writing))
        for wish in WISHES:
            self._held.callback(signal.signal, wish, signal.signal(wish, self._ask))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def wait(
        self, seconds: float | None, reading: Sequence[int] = (), writing: Sequence[int] = ()
    ) -> bool:
        """Wait so long at most, for ever for None; whether one of the files is ready by then."""
        if self.asked:
            return False
        inputs = [self._reading, *reading]
        ready, able, _ = select.select(inputs, writing, [], seconds)
        return not self.asked and bool(able or set(ready) - {self._reading})
