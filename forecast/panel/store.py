"""One file for many series: the state of each, and how far the input was read, in one transaction.

It is a database of SQLite: a table of the series, a row each, and one of what is said of the run.
Killed at any instant, it holds the state of one chunk of the input, whole.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from forecast.checkpoint import CheckpointError
from forecast.panel.panel import Panel

FORMAT = 1
AGAIN = "put back a whole copy of it, or begin anew with another --checkpoint"
TABLES = """
create table run (name text primary key, value text not null, sum blob not null);
create table series (
  number integer primary key, name text not null unique, grid blob not null, state blob not null,
  sum blob not null
);
"""


class Store:
    """Where a run over a panel stands, kept in one file.

    Parameters
    ----------
    path : str
        Made where there is none.

    Raises
    ------
    CheckpointError
        If the file is of something else, damaged, or in use by another run.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if Path(path).is_dir() or not Path(path).absolute().parent.is_dir():
            raise CheckpointError(
                f"{path} is no file that can be written: name another --checkpoint"
            )
        self._open = sqlite3.connect(path, isolation_level=None)
        try:
            with self._advised():
                # held until it is closed: two runs would overwrite each other's series
                self._open.execute("pragma locking_mode = exclusive")
                self._open.execute("begin exclusive")
                known = [name for (name,) in self._open.execute("select name from sqlite_master")]
                if not known:
                    for statement in TABLES.strip().split(";\n"):
                        self._open.execute(statement.rstrip(";"))
                elif not {"run", "series"} <= set(known):
                    raise CheckpointError(
                        f"{path} is a database of something else: name another --checkpoint"
                    )
                self._open.execute("commit")
        except BaseException:
            self.close()
            raise

    def stands(self) -> dict[str, Any] | None:
        """Where the run stood when it was last kept; None where it never was."""
        with self._advised():
            found = self._open.execute(
                "select value, sum from run where name = 'stands'"
            ).fetchone()
        if found is None:
            return None
        value, told = found
        if summed(str(value).encode()) != told:
            raise self._damaged("what it says of the run")
        stands: dict[str, Any] = json.loads(value)
        if stands.get("format") != FORMAT:
            raise CheckpointError(
                f"{self.path} has format {stands.get('format')}, not {FORMAT}: go on with the "
                "forecast that wrote it, or begin anew with another --checkpoint"
            )
        return stands

    def fill(self, panel: Panel, grids: Callable[[int, bytes], None]) -> None:
        """Put all series on the shelves, and each one's ``grid`` where it belongs."""
        with self._advised():
            rows = self._open.execute(
                "select number, name, grid, state, sum from series order by number"
            )
            for number, name, grid, state, told in rows:
                if summed(name.encode(), grid, state) != told or number != len(panel):
                    raise self._damaged(f"the series {name!r}")
                if len(state) != panel.bytes_each:
                    raise CheckpointError(
                        f"{self.path} keeps {len(state):,} bytes of the series {name!r} where this "
                        f"forecast keeps {panel.bytes_each:,}: begin anew with another --checkpoint"
                    )
                panel.put(name, state)
                grids(number, grid)

    def keep(
        self,
        panel: Panel,
        numbers: np.ndarray,
        grid: Callable[[int], bytes],
        stands: dict[str, Any],
    ) -> None:
        """Keep these series and where the run stands, all of it or nothing."""
        panel.settle()
        text = json.dumps({"format": FORMAT, **stands}, allow_nan=False)
        with self._advised():
            self._open.execute("begin immediate")
            self._open.executemany(
                "insert or replace into series values (?, ?, ?, ?, ?)",
                self._rows(panel, numbers, grid),
            )
            said = ("stands", text, summed(text.encode()))
            self._open.execute("insert or replace into run values (?, ?, ?)", said)
            self._open.execute("commit")

    def close(self) -> None:
        """Let others have it."""
        self._open.close()

    def _rows(
        self, panel: Panel, numbers: np.ndarray, grid: Callable[[int], bytes]
    ) -> Iterator[tuple[int, str, bytes, bytes, bytes]]:
        for number in numbers.tolist():
            name, place, state = panel.names[number], grid(number), panel.whole(number)
            yield number, name, place, state, summed(name.encode(), place, state)

    def _damaged(self, what: str) -> CheckpointError:
        return CheckpointError(
            f"{self.path} is damaged: {what} has another sum than noted; {AGAIN}"
        )

    @contextmanager
    def _advised(self) -> Iterator[None]:
        """Say of a fault of the database what to do about it."""
        try:
            yield
        except sqlite3.OperationalError as error:
            said = str(error)
            advice = (
                "it is in use by another run: wait for it, or name another --checkpoint"
                if "locked" in said
                else "free some space, or name another --checkpoint"
            )
            raise CheckpointError(f"{self.path} cannot be used ({said}): {advice}") from None
        except sqlite3.DatabaseError as error:
            raise CheckpointError(
                f"{self.path} is no store, or damaged ({error}): {AGAIN}"
            ) from None


def summed(*parts: bytes) -> bytes:
    """A sum over bytes that tells damage."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()
