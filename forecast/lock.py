"""One at a time: a file that its opener has for itself.

The lock of a process that was killed is gone with it; its file stays, and can be told from a new
one by what was written to it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def locked(path: Path, wait: bool) -> BinaryIO | None:
    """Open a file, or make it, and have it alone until it is closed.

    Parameters
    ----------
    path : Path
        It may be removed or renamed by whoever has the lock.
    wait : bool
        Until it is free.

    Returns
    -------
    file or None
        Open for writing at its end; None where another has it and ``wait`` is false.

    Raises
    ------
    OSError
        If it cannot be opened.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "lock")
    ...     with locked(path, wait=False):
    ...         print(locked(path, wait=False))
    None
    """
    while True:
        file = path.open("ab")
        try:
            if not _lock(file, wait):
                file.close()
                return None
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()  # by now it has another name, or none


def _lock(file: BinaryIO, wait: bool) -> bool:
    """Lock an open file; returns whether that was done, or cannot be done on this system."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        return True
    return True
