"""What does a kill, a full disk or a cut leave? Nothing lost, nothing doubled.

    python experiments/interruptions.py [--share 0.01]

Runs and saves are killed at random instants and at the moment before they touch a file; disks are
full at any byte; streams are cut everywhere, saved, loaded and gone on with (``tests/kills.py`` and
``tests/resumption.py``). A plain ``numpy.savez`` in place is killed at the same instants.
"""

import errno
import math
import resource
import signal
import sys
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from page import Page
from trial import (
    LOST,
    REFUSED,
    RIGHT,
    WRONG,
    Row,
    Trial,
    judged,
    nothing_wrong,
    outcomes_table,
    peers_table,
    row_of,
    said_of,
    share_asked,
    tried,
)

from forecast import LightForecaster, load, save
from forecast.learner import FlatLearner

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from kills import (
    contents,
    ended,
    forked,
    kills_of_runs,
    kills_of_saves,
    named,
    ours,
    ours_again,
    plainly,
    plainly_again,
    silently,
    table,
    told,
)
from resumption import RESUMED, cut_and_resumed

RUNS, PROCESSES, SAVES = 1900, 100, 2000
CUTS = 2000
FULL = 400  # sizes of the disk


def killed_runs(folder: Path, share: float) -> Row:
    """Runs in forked children, each started again after the kill."""
    kills = math.ceil(share * RUNS)
    name = "kills during runs, in forked children (figures drawn before)"
    return row_of(name, judged(kills_of_runs(kills, folder, Random(1))))


def killed_processes(folder: Path, share: float) -> Row:
    """Runs that are whole processes."""
    kills = math.ceil(share * PROCESSES)
    found = kills_of_runs(kills, folder, Random(2), whole_processes=True)
    return row_of("kills during runs, whole processes", judged(found))


def killed_saves(folder: Path, share: float) -> Row:
    """Saves of a learner; the peer writes the same numbers in place."""
    kills = math.ceil(share * SAVES)
    make = LightForecaster
    told(make(), 0, 5)
    places = [folder / "ours", folder / "plain"]
    for place in places:
        place.mkdir()
    here = judged(kills_of_saves(kills, places[0], Random(3), make, ours, ours_again))
    again = partial(plainly_again, make)
    plain = kills_of_saves(kills, places[1], Random(3), make, plainly, again)
    beside = Counter(came_of(wrong) for wrong in plain)
    row = row_of("kills during saves", here)
    return row._replace(peer="`numpy.savez` in place", beside=beside)


def came_of(wrong: str | None) -> str:
    """What came of a peer's save."""
    if wrong is None:
        return RIGHT
    return LOST if wrong.startswith("lost") else WRONG


def full_disks(folder: Path, share: float) -> Row:
    """No file can get longer than so many bytes, from none to all; the earlier result stays."""
    source, out = table(folder / "a.csv"), folder / "out"
    words = ["run", str(source), "--out", str(out), "--quiet"]
    assert ended(forked(partial(silently, words)), 600.0) == 0
    before = contents(out)
    largest = max((out / name).stat().st_size for name in before)
    outcomes = []
    for size in np.linspace(0, largest, math.ceil(share * FULL)).astype(int).tolist():
        code = ended(forked(partial(limited, size, [*words, "--force"])), 600.0)
        after = named(contents(out))
        whole = contents(out) == before
        if code == 0:
            outcomes.append((RIGHT if size >= largest and whole else WRONG, f"went through {size}"))
        else:
            untouched = after == before and code == 1
            outcomes.append((REFUSED if untouched else WRONG, f"{size} bytes, code {code}"))
    return row_of("a disk that is full at any byte of a run", outcomes)


def limited(size: int, words: list[str]) -> int:
    """A command where no file can get longer than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return silently(words)


def full_saves(folder: Path, share: float) -> Row:
    """The same of saves: the older state stays."""
    path = folder / "state"
    old, new = LightForecaster(), LightForecaster()
    told(new, 0, 50)
    save(folder / "new", new)
    size = (folder / "new").stat().st_size
    peer = folder / "state.npz"
    outcomes, beside = [], Counter[str]()
    for limit in range(0, size + 1, max(1, round(1 / share))):
        save(path, old)
        plainly(peer, old, 0)
        code = ended(forked(partial(saved_within, limit, path, peer, new)), 600.0)
        kept = load(path).floats.tobytes() == (new if code == 0 else old).floats.tobytes()
        outcomes.append(((REFUSED if code else RIGHT) if kept else WRONG, f"at {limit} bytes"))
        try:
            plainly_again(LightForecaster, peer)
            beside[RIGHT] += 1
        except Exception:
            beside[LOST] += 1
    row = row_of("a disk that is full at any byte of a save", outcomes)
    return row._replace(peer="`numpy.savez` in place", beside=beside)


def saved_within(limit: int, path: Path, peer: Path, learner: FlatLearner) -> int:
    """Save where no file can get longer than so many bytes; 1 where that is refused."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with suppress(OSError):
        plainly(peer, learner, 1)
    try:
        save(path, learner)
    except OSError as error:
        return 1 if error.errno == errno.EFBIG else 2
    return 0


def resumed(name: str, folder: Path, share: float) -> Row:
    """Cut a stream everywhere, save, load, and go on to its end: the same bits as never cut."""
    outcomes = judged(cut_and_resumed(RESUMED[name], folder, CUTS, max(1, round(1 / share))))
    return row_of(f"a stream of {CUTS:,} points cut and resumed: {name}", outcomes)


TRIALS: list[Trial] = [
    killed_runs,
    killed_processes,
    killed_saves,
    full_disks,
    full_saves,
    *(partial(resumed, name) for name in RESUMED),
]


def main() -> None:
    share = share_asked(__doc__)
    page = Page("Killed, out of room, cut off", __file__, said_of(share))
    page.say(
        "A run that is killed is started again by the same command, up to ten times, and then let "
        "through: *right* is a directory that held nothing but whole files of one run at each "
        "moment, and in the end the same bytes in every file as after a run that was never "
        "interrupted, but for what it cost. A save that is killed has left a state of a learner "
        "that was never interrupted, no older than the one before. On a full disk *refused* is "
        "exit code 1, and an earlier result of which no byte has changed. A stream that was cut is "
        "saved there, loaded and gone on with to its end: the same bits as one never cut."
    )
    rows = tried(TRIALS, share)
    page.say(outcomes_table(rows))
    page.say("## The same beside us\n\n*Lost* is a state that can no longer be read.")
    page.say(peers_table(rows))
    page.write()
    nothing_wrong(rows)


if __name__ == "__main__":
    main()
