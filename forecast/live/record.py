"""What a live run leaves behind: the answers, and a checkpoint to go on from.

The checkpoint says how far was read and how many bytes of answers were written by then. They are
made durable before it, and cut back to it when a run goes on: so each answer stands in the file
once, whenever the run was killed. Of standard output nothing can be taken back: there answers that
came after the last checkpoint are written again.
"""

import os
import select
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from forecast.checkpoint import Kept, load_whole, save
from forecast.kinds.kind import UsageError
from forecast.learner import FlatLearner
from forecast.live.stop import Stop
from forecast.lock import locked

TOGETHER = select.PIPE_BUF  # bytes that are written at once, where answers are many


class Gone(Exception):
    """Nobody takes the answers any more."""


class Output(ABC):
    """Answers on their way out: a few are gathered, but only while the next rows are there.

    Attributes
    ----------
    path : str or None
    written : int
        Bytes that were written; of standard output they are not counted.
    """

    path: str | None = None
    written = 0
    _gathered = b""

    def write(self, line: bytes) -> None:
        """Take a line, and write those taken once they are many; raises what `flush` does."""
        self._gathered += line
        if len(self._gathered) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what was taken; raises Gone where its reader left, or stop while it is stuck."""
        lines, self._gathered = self._gathered, b""
        self._write(lines)

    @abstractmethod
    def _write(self, lines: bytes) -> None:
        """Write lines at once."""

    @abstractmethod
    def settle(self) -> None:
        """Make sure that what was written outlives the machine."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened."""


class Printed(Output):
    """Answers on standard output.

    Parameters
    ----------
    stop : Stop
        Heeded while nobody reads.
    """

    def __init__(self, stop: Stop) -> None:
        self._file, self._stop = sys.stdout.fileno(), stop

    def _write(self, lines: bytes) -> None:
        while lines:
            _, able, _ = select.select([], [self._file], [], 0.0)
            # a wish to stop is heeded even while a pipe is full
            if not able and not self._stop.wait(None, writing=[self._file]):
                raise Gone
            try:
                lines = lines[os.write(self._file, lines[: select.PIPE_BUF]) :]
            except BrokenPipeError:
                raise Gone from None

    def settle(self) -> None:
        """Nothing can be made sure of."""

    def close(self) -> None:
        """It stays open."""


class Appended(Output):
    """Answers in a file of their own, of which a number of bytes is known to be right.

    Parameters
    ----------
    path : str
    written : int
        What lies beyond is cut off.

    Raises
    ------
    UsageError
        Where the file is shorter than that.
    """

    def __init__(self, path: str, written: int) -> None:
        self.path, self.written = path, written
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        if (found := os.fstat(self._file).st_size) < written:
            os.close(self._file)
            raise UsageError(
                f"{path} has {found:,} bytes, and {written:,} had been written: put it back, or "
                "begin anew with another --checkpoint and --out."
            )
        os.ftruncate(self._file, written)
        os.lseek(self._file, written, os.SEEK_SET)

    def _write(self, lines: bytes) -> None:
        self.written += len(lines)
        while lines:
            lines = lines[os.write(self._file, lines) :]

    def settle(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


class Record:
    """The checkpoint of a run, had by one process at a time.

    Parameters
    ----------
    path : str or None
        None to keep nothing.
    said : dict
        What makes a run this one: a checkpoint of another is refused.

    Attributes
    ----------
    kept : Kept or None
        What was found there.

    Raises
    ------
    UsageError
        If another process has it, or it belongs to another run.
    CheckpointError
        If it is damaged.
    """

    def __init__(self, path: str | None, said: dict[str, Any]) -> None:
        self.path, self.said = path, said
        self.kept: Kept | None = None
        self._lock: BinaryIO | None = None
        if path is None:
            return
        self._lock_path = Path(path).parent / f".{Path(path).name}.live"
        self._lock = locked(self._lock_path, wait=False)
        if self._lock is None:
            raise UsageError(f"{path} is in use by another run: wait for it, or name another.")
        try:
            if Path(path).exists():
                self.kept = load_whole(path)
                self._refuse_another(self.kept.notes.get("said"))
        except BaseException:
            self.close()
            raise

    def _refuse_another(self, said: Any) -> None:
        if said == self.said:
            return
        if not isinstance(said, dict):
            raise UsageError(f"{self.path} is not of a live run: name another --checkpoint.")
        other = [name for name in self.said if said.get(name) != self.said[name]]
        listed = ", ".join(f"{name} {said.get(name)!r}" for name in other)
        raise UsageError(
            f"{self.path} is of a run that was asked otherwise ({listed}): ask the same, or begin "
            "anew with another --checkpoint."
        )

    def refuse_filled(self, path: str) -> None:
        """Refuse a file that holds something, where no checkpoint says that it is of this run."""
        with suppress(FileNotFoundError):
            if self.kept is None and Path(path).stat().st_size:
                raise UsageError(
                    f"{path} holds something already: name another --out, or the --checkpoint that "
                    "goes with it, or say --force to replace it."
                )

    def output(self, path: str | None, stop: Stop) -> Output:
        """Where answers go; what a killed run wrote after its checkpoint is cut off."""
        if path is None:
            return Printed(stop)
        return Appended(path, 0 if self.kept is None else self.kept.notes["written"])

    def save(
        self,
        learner: FlatLearner,
        more: np.ndarray,
        stands: dict[str, Any],
        output: Output | None = None,
    ) -> None:
        """Keep where the run stands, in one step, once all of its answers are safe."""
        if self.path is None:
            return
        if output is not None:
            output.settle()
        written = 0 if output is None else output.written
        notes = {"said": self.said, "written": written, **stands}
        place = stands["place"]
        offset = None if place is None else place["offset"]
        save(self.path, learner, source=stands["name"], offset=offset, more=more, notes=notes)

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock_path.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None
