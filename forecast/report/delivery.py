"""Files that belong together: written beside, and all of them named at the end.

A run may be killed at any instant, or find the disk full. Until all its files lie beside, whole,
those of an earlier run are untouched. Then the seal of the earlier run goes, the files take their
names, and the seal of this run comes last: files beside a seal are those of one run. Meanwhile the
directory is locked, for two runs in one directory would take each other's files for their own.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from forecast.lock import locked

UNFINISHED = ".unfinished"  # is locked by the run that fills the directory; a killed one leaves it
MARK = b"A run fills this directory, or was killed while it did.\n"
ELSEWHERE = "name a directory that can be written with --out"
SPACE = "free some space, or name a directory on another disk with --out"
ADVICE = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: SPACE,
    errno.ENOENT: "leave the directory where it is until the run has ended, and run it again",
    errno.EIO: "look after the disk, or name a directory on another one with --out",
}


class Delivery:
    """The files that a run leaves in a directory: all of them, or none.

    Parameters
    ----------
    out : Path
        A directory, made where there is none.
    names : sequence of str
        Every file that such a run may leave there, the seal last.
    what : str
        What fills the directory: a run, or a comparison.
    force : bool
        Replace what the directory holds already.

    Raises
    ------
    FileExistsError
        If ``out`` holds another run, is being filled by one, or is no directory.
    OSError
        If it cannot be written; the message says what to do.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with Delivery(Path(folder), ["page.html", "scores.json"], "run", False) as delivery:
    ...         delivery.write("page.html", "<p>")
    ...         delivery.write("scores.json", "{}")
    ...         delivery.complete()
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['page.html', 'scores.json']
    """

    def __init__(self, out: Path, names: Sequence[str], what: str, force: bool) -> None:
        self.out, self.names, self.what = out, tuple(names), what
        self._begun: set[str] = set()
        self._lock: BinaryIO | None = None
        if out.exists() and not out.is_dir():
            raise FileExistsError(f"{out} is a file: name a directory for the {what} with --out.")
        self._made = not out.exists()
        with self.advised():
            out.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
        try:
            self._refuse_another(force)
            self._forget()
            with self.advised():
                self._lock.write(MARK)
                self._lock.flush()
        except BaseException:
            self.close()
            raise

    def open(self, name: str) -> TextIO:
        """A text that is written piece by piece; it has to be closed before all are named."""
        with self.advised():
            self._begun.add(name)
            return self._beside(name).open("w", encoding="utf-8", newline="")

    def write(self, name: str, content: str | bytes) -> None:
        """Write a whole file."""
        path = self._beside(name)
        self._begun.add(name)
        with self.advised():
            if path.parent != self.out:
                path.parent.mkdir(exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def complete(self) -> None:
        """Name all files, and remove what an earlier run has left that this one has not written."""
        *files, seal = self.names
        with self.advised():
            for name in self._begun:
                self._beside(name).stat()  # raises where somebody has removed it
            (self.out / seal).unlink(missing_ok=True)
            for name in [*files, seal]:
                if name in self._begun:
                    self._beside(name).replace(self.out / name)
                else:
                    (self.out / name).unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Leave nothing half written behind, and let others in."""
        if self._lock is None:
            return
        self._forget()
        with suppress(OSError):  # the directory may be gone
            (self.out / UNFINISHED).unlink()
        with suppress(OSError):  # the disk may be full
            self._lock.close()
        self._lock = None
        if self._made:
            with suppress(OSError):  # it is filled
                self.out.rmdir()

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def advised(self) -> Iterator[None]:
        """Say of a fault of the directory what to do about it."""
        try:
            yield
        except FileExistsError:
            raise
        except OSError as error:
            self.close()
            code = error.errno or errno.EIO
            advice = ADVICE.get(code, ELSEWHERE)
            said = f"cannot be written ({error.strerror or error}): {advice}."
            raise OSError(code, said, str(self.out)) from error

    def _beside(self, name: str) -> Path:
        """Where a file lies before it gets its name."""
        path = self.out / name
        return path.with_name(f".{path.name}.partial")

    def _forget(self) -> None:
        """Remove what lies beside, of this run or of a killed one."""
        for name in self.names:
            with suppress(OSError):
                self._beside(name).unlink()
        for folder in {Path(name).parent for name in self.names} - {Path()}:
            with suppress(OSError):  # it holds something, or was never made
                (self.out / folder).rmdir()

    def _locked(self) -> BinaryIO:
        """The lock of this directory."""
        file = locked(self.out / UNFINISHED, wait=False)
        if file is None:
            raise FileExistsError(
                f"{self.out} is being filled by another {self.what}: wait until that has ended, "
                "or name another directory with --out."
            )
        return file

    def _refuse_another(self, force: bool) -> None:
        """Refuse a directory that holds a run, unless it is to be replaced.

        What a killed run has left without a seal is nobody's result.
        """
        assert self._lock is not None
        killed = os.fstat(self._lock.fileno()).st_size > 0
        found = [name for name in self.names if (self.out / name).exists()]
        if found and not force and not (killed and self.names[-1] not in found):
            raise FileExistsError(
                f"{self.out} holds another {self.what} already ({found[0]}): name another "
                "directory with --out, or use --force (force=True) to replace it."
            )
