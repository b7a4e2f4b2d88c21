"""What the mail filter knows, in one SQLite file that several deliveries share.

SQLite gives what a filter must not lack: a transaction is whole or not at all, whenever the power
goes, and one delivery waits for another. Of the learner's rows only those are kept that a message
has touched, each with a sum over its bytes: a damaged one is refused. A delivery reads the rows of
its own message alone, learns by the kernels of ``labels.belief``, and writes these rows again.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import zlib

from forecast.arrays import bytes_read, floats_of, ints
from forecast.labels.belief import (
    MEMBERS,
    ROW,
    SHARED,
    UNKNOWN,
    belief_begin,
    belief_evidence,
    belief_learn,
    belief_logits,
    belief_probability,
)
from forecast.labels.evidence import EVIDENCE, SEEN, evidence_of, evidence_text
from forecast.labels.journal import LATELY, message_number

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
BITS = 18
SURE = 0.75  # a delivery learns its own label from here on, until a click says otherwise
KEPT = 64  # labels that can be taken back
PATIENCE = 60.0  # seconds that a delivery waits for others
SMALLEST = 512  # bytes of a page, and of a file, of SQLite
SUM = 4  # bytes of a sum
ROW_BYTES = 8 * ROW
NOTHING = bytes(ROW_BYTES)

TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE shared (one INTEGER PRIMARY KEY, floats BLOB NOT NULL);
CREATE TABLE rows (place INTEGER PRIMARY KEY, floats BLOB NOT NULL);
CREATE TABLE heard (number INTEGER PRIMARY KEY, turn INTEGER NOT NULL, label INTEGER NOT NULL);
CREATE INDEX turns ON heard (turn);
CREATE TABLE journal (turn INTEGER PRIMARY KEY, clicked INTEGER NOT NULL, label INTEGER NOT NULL,
    told INTEGER NOT NULL, places BLOB NOT NULL, floats BLOB NOT NULL, shared BLOB NOT NULL,
    number INTEGER NOT NULL, known INTEGER NOT NULL, known_turn INTEGER NOT NULL);
"""


class StateError(ValueError):
    """The state of the filter cannot be used; the message says why, and what to do."""


class Shown:
    """What a message shows, once for all that is asked of it."""

    __slots__ = ("number", "places", "seen", "text", "told")

    def __init__(self, text: bytes, places: list[int], told: int, number: int, seen: Any) -> None:
        self.text, self.places, self.told = text, places, told
        self.number, self.seen = number, seen


class Verdict:
    """What is believed of a message.

    Attributes
    ----------
    p : float
        Probability of the positive label.
    evidence : list
        What says most, with its nats of log odds for that label.
    """

    __slots__ = ("evidence", "p")

    def __init__(self, p: float, evidence: list[tuple[str, float]]) -> None:
        self.p, self.evidence = p, evidence


def shown(text: bytes, bits: int = BITS) -> Shown:
    """Look at a message."""
    places, seen = ints(EVIDENCE), ints(SEEN * EVIDENCE)
    told, n = evidence_of(bytes_read(text), bits, places, seen)
    number = int(message_number(places, n))
    return Shown(text, [int(place) for place in places[:n]], int(told), number, seen)


class State:
    """The filter's memory, for one transaction; a context that commits, or leaves all as it was.

    Parameters
    ----------
    path : str
        The file; made if it does not exist.

    Raises
    ------
    StateError
        Here or later: if the file is damaged, of another kind or of a newer version, or another
        delivery holds it for longer than a minute.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            file = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        except sqlite3.Error as error:
            raise StateError(f"{self.path} cannot be opened ({error})") from None
        try:
            file.execute("BEGIN IMMEDIATE")
            self._file = file
            self._begin()
        except sqlite3.Error as error:
            file.close()
            raise self._unusable(error) from None
        except BaseException:
            file.close()
            raise
        return file

    def _unusable(self, error: sqlite3.Error) -> StateError:
        if isinstance(error, sqlite3.OperationalError):
            return StateError(f"{self.path} cannot be used now ({error}): try again")
        return self._damaged(str(error))

    def _damaged(self, why: str) -> StateError:
        return StateError(
            f"{self.path} is damaged ({why}): put a copy in its place, or move it away and begin "
            "anew"
        )

    def _begin(self) -> None:
        """Read what the file is about; write it, if it is new."""
        # an empty file is a new state that nobody has written yet; SQLite takes a stump for one
        if 0 < os.stat(self.path).st_size < SMALLEST:  # noqa: PTH116
            raise self._damaged("it is cut off")
        if not self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for command in TABLES.split(";")[:-1]:
                self._file.execute(command)
            about = {"format": FORMAT, "bits": BITS, "little": sys.byteorder == "little"}
            self._file.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            shared = floats_of(bytes(8 * SHARED))
            belief_begin(shared)
            self._write_shared(bytes(shared))
            self._note("learned", 0)
            self._note("delivered", 0)
        try:
            about = dict(self._file.execute("SELECT name, value FROM about"))
        except sqlite3.OperationalError:
            raise StateError(f"{self.path} is no state of the mail filter: name another") from None
        if about.get("format") != FORMAT or about.get("bits") != BITS:
            raise StateError(
                f"{self.path} has format {about.get('format')} with {about.get('bits')} bits; this "
                f"version of forecast knows format {FORMAT} with {BITS}: use the one that wrote it"
            )
        if about["little"] != (sys.byteorder == "little"):
            raise StateError(f"{self.path} is of a machine whose numbers are written otherwise")
        self.learned, self.delivered = about["learned"], about["delivered"]

    def __enter__(self) -> State:
        return self

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        try:
            self._file.execute("ROLLBACK" if kind else "COMMIT")
        except sqlite3.Error as problem:
            if kind is None:
                raise self._unusable(problem) from None
        finally:
            self._file.close()
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from None

    def verdict(self, message: Shown, most: int = 5) -> Verdict:
        """What is believed of a message, and why."""
        d, w, near = self._gathered(message)
        n, z, nats = len(near), floats_of(bytes(8 * MEMBERS)), floats_of(bytes(8 * len(near)))
        belief_logits(d, w, near, message.told, n, z)
        p = float(belief_probability(d, z, 1, self._known(message)[0]))
        if not 0.0 <= p <= 1.0:
            raise self._damaged("a probability is none")
        belief_evidence(d, w, near, message.told, n, nats)
        order = sorted(range(n), key=lambda j: -abs(nats[j]))[:most]
        what = [[int(message.seen[SEEN * j + k]) for k in range(SEEN)] for j in order]
        named = [
            (evidence_text(message.text, *kind), float(nats[j]))
            for j, kind in zip(order, what, strict=True)
        ]
        return Verdict(p, named)

    def deliver(self, message: Shown) -> Verdict:
        """Say what is believed of a new message; learn it as said, where that is sure."""
        said = self.verdict(message)
        self.delivered += 1
        self._note("delivered", self.delivered)
        if self._known(message)[0] == UNKNOWN and max(said.p, 1.0 - said.p) >= SURE:
            self.learn(message, int(said.p > 0.5), clicked=False)
        return said

    def learn(self, message: Shown, label: int, clicked: bool = True) -> None:
        """Learn that a message is positive (1) or not (0); it corrects what was learned before."""
        d, w, near = self._gathered(message)
        known, turn = self._known(message)
        before, shared = bytes(w), bytes(d)
        belief_learn(d, w, near, message.told, len(near), label, self.learned, known)
        places = message.places
        self._write(places, bytes(w), bytes(d))
        number = message.number
        if known == UNKNOWN:
            self._file.execute("INSERT INTO heard VALUES (?, ?, ?)", (number, self.learned, label))
            newest = "SELECT number FROM heard ORDER BY turn DESC LIMIT -1 OFFSET ?"
            self._file.execute(f"DELETE FROM heard WHERE number IN ({newest})", (LATELY,))
        else:
            self._file.execute("UPDATE heard SET label = ? WHERE number = ?", (label, number))
        entry = (self.learned, int(clicked), label, message.told, _packed(places), before, shared)
        self._file.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*entry, number, known, turn),
        )
        self._file.execute("DELETE FROM journal WHERE turn <= ?", (self.learned - KEPT,))
        self.learned += 1
        self._note("learned", self.learned)

    def undo(self) -> None:
        """Take back the last click; what was learned since is learned again, as it was.

        Raises
        ------
        StateError
            If none of the last labels was clicked.
        """
        newest = "SELECT * FROM journal ORDER BY turn DESC"
        again: list[tuple[Any, ...]] = []
        last_click = None
        for entry in self._file.execute(newest).fetchall():
            if entry[1]:
                last_click = entry
                break
            again.append(entry)
        if last_click is None:
            raise StateError(
                f"none of the last {len(again)} labels was clicked: what older ones changed is no "
                "longer kept; click the right label of a message instead"
            )
        for entry in (*again, last_click):
            self._take_back(entry)
        for _, clicked, label, told, places, _, _, number, _, _ in reversed(again):
            message = Shown(b"", _unpacked(places), told, number, None)
            self.learn(message, label, bool(clicked))

    def _take_back(self, entry: tuple[Any, ...]) -> None:
        turn, _, _, _, places, rows, shared, number, known, known_turn = entry
        self._write(_unpacked(places), rows, shared)
        self._file.execute("DELETE FROM heard WHERE number = ?", (number,))
        if known != UNKNOWN:
            self._file.execute("INSERT INTO heard VALUES (?, ?, ?)", (number, known_turn, known))
        self._file.execute("DELETE FROM journal WHERE turn = ?", (turn,))
        self.learned = turn
        self._note("learned", turn)

    def _known(self, message: Shown) -> tuple[int, int]:
        """The label that the same message had lately and the turn when it came, or UNKNOWN."""
        asked = "SELECT label, turn FROM heard WHERE number = ?"
        found = self._file.execute(asked, (message.number,)).fetchone()
        return found or (UNKNOWN, UNKNOWN)

    def _gathered(self, message: Shown) -> tuple[Any, Any, Any]:
        """What messages share, the rows of one, and where each of them lies in these."""
        row = self._file.execute("SELECT floats FROM shared").fetchone()
        shared = self._checked(row[0] if row else b"", 0, 8 * SHARED)
        places = ",".join(map(str, message.places))
        found = dict(
            self._file.execute(f"SELECT place, floats FROM rows WHERE place IN ({places})")
        )
        parts = [
            self._checked(found[place], place, ROW_BYTES) if place in found else NOTHING
            for place in message.places
        ]
        near = ints(len(parts))
        for j in range(len(parts)):
            near[j] = j
        return floats_of(shared), floats_of(b"".join(parts)), near

    def _write(self, places: list[int], rows: bytes, shared: bytes) -> None:
        parts = (rows[at : at + ROW_BYTES] for at in range(0, len(rows), ROW_BYTES))
        summed = [(place, _summed(part, place)) for place, part in zip(places, parts, strict=True)]
        self._file.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", summed)
        self._write_shared(shared)

    def _write_shared(self, shared: bytes) -> None:
        self._file.execute("INSERT OR REPLACE INTO shared VALUES (1, ?)", (_summed(shared, 0),))

    def _note(self, name: str, value: int) -> None:
        self._file.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def _checked(self, blob: bytes, place: int, size: int) -> bytes:
        """The floats of a blob whose sum is right."""
        if len(blob) != size + SUM or blob != _summed(blob[:size], place):
            raise self._damaged("a sum is another than noted")
        return blob[:size]


def _summed(floats: bytes, place: int) -> bytes:
    """Floats with a sum over them and their place."""
    return floats + zlib.crc32(floats, place).to_bytes(SUM, "big")


def _packed(places: list[int]) -> bytes:
    return b"".join(place.to_bytes(4, "big") for place in places)


def _unpacked(blob: bytes) -> list[int]:
    return [int.from_bytes(blob[at : at + 4], "big") for at in range(0, len(blob), 4)]
