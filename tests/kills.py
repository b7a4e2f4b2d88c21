"""Children that are killed at any instant, and what they may leave behind.

A child is forked from a parent that has all kernels compiled, so that it is at work at once; its
instant is one of time, or the moment before its next call that opens, renames or removes a file.
Figures, which take most of a run, are drawn once by the parent and handed down.
"""

import json
import os
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from forecast.checkpoint import load, read_header, save
from forecast.cli import main
from forecast.learner import FlatLearner
from forecast.report import Report

KILLED = -signal.SIGKILL
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
COST = ("seconds", "points_per_second", "cost")
LONG = 600.0  # seconds, for what is not to be killed
COMPLETE = 2  # exit code of a run into a directory that holds a whole one, as without --force


# ---- children ------------------------------------------------------------------------------------


def forked(work: Callable[[], int]) -> int:
    """The number of a new child that does the work and ends with its code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy that do nothing
        child = os.fork()
    if child:
        return child
    code = 70
    try:
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(child: int, within: float) -> int:
    """The code of a child that has ended within these seconds; KILLED if it was killed by then."""
    until = time.monotonic() + within
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.0005)


def dying_at(event: int, folder: Path, work: Callable[[], int]) -> Callable[[], int]:
    """The work, killed before its call of that number which touches a file of the folder."""

    def watched() -> int:
        calls = count()

        def hook(name: str, arguments: tuple[Any, ...]) -> None:
            inside = name in TOUCHES and str(arguments[0]).startswith(str(folder))
            if inside and next(calls) == event:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        return work()

    return watched


@contextmanager
def drawn_once() -> Iterator[None]:
    """Within it, figures are drawn once for each set of horizons: draw them before the fork."""
    really, kept = Report._figures, {}

    def figures(report: Report, pairs: Any) -> Any:
        if report.horizons not in kept:
            kept[report.horizons] = really(report, pairs)
        return kept[report.horizons]

    Report._figures = figures  # type: ignore[method-assign]
    try:
        yield
    finally:
        Report._figures = really  # type: ignore[method-assign]


def silently(words: list[str]) -> int:
    """A command whose words nobody hears, but for the last line it says on stderr."""
    sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until it ends
    return main(words)


# ---- runs ----------------------------------------------------------------------------------------


def table(path: Path, rows: int = 400, seed: int = 1) -> Path:
    """A file of numbers to run over."""
    rng = Random(seed)
    lines = [f"{row},{10 + row % 7 + rng.random():.3f}" for row in range(rows)]
    path.write_text("\n".join(["t,y", *lines, ""]))
    return path


def contents(out: Path) -> dict[str, bytes]:
    """What a directory holds, but for what a run cost and what it is called by."""
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in found.items()}
    if "scores.json" in files:
        record = json.loads(files["scores.json"])
        kept = {name: value for name, value in record.items() if name not in COST}
        files["scores.json"] = json.dumps(kept).encode()
    if "report.html" in files:
        section = rb'<section[^>]*id="cost".*?</section>'
        files["report.html"], cut = re.subn(section, b"", files["report.html"], flags=re.DOTALL)
        assert cut == 1
    return files


def named(files: dict[str, bytes]) -> dict[str, bytes]:
    """Those that have their names: others are being written, or were when a run was killed."""
    return {name: data for name, data in files.items() if not Path(name).name.startswith(".")}


def odd_left(out: Path, results: list[dict[str, bytes]]) -> str | None:
    """What a killed run has left that it may not; None where all is well.

    Where there is a seal all files are those of one result; without one, each is a whole file.
    """
    left = named(contents(out)) if out.exists() else {}
    if "scores.json" in left:
        return None if left in results else f"a seal beside {differing(left, results[-1])}"
    for name, data in left.items():
        if not any(data == whole.get(name) for whole in results):
            return f"{name} is of no whole result"
    return None


def differing(left: dict[str, bytes], whole: dict[str, bytes]) -> str:
    """The names whose files differ, with rows of predictions that are lost or doubled."""
    names = [name for name in {*left, *whole} if left.get(name) != whole.get(name)]
    a, b = (files.get("predictions.csv", b"").splitlines() for files in (left, whole))
    lost, more = len(set(b) - set(a)), len(a) - len(set(a))
    return f"other files: {sorted(names)}; {lost} rows lost, {more} doubled"


def kills_of_runs(
    kills: int, folder: Path, rng: Random, chain: int = 10, whole_processes: bool = False
) -> Iterator[str | None]:
    """Kill runs at random instants, and start the same command again, until it is let through.

    Every second chain of kills replaces an earlier result. Yields None for each kill, or what was
    wrong with what it left; a further one for a run that did not go through, or to another end. A
    run may be killed when all its files have their names and its process only has to end: then the
    same command is refused, as the directory holds its result.
    """
    source, out = table(folder / "a.csv"), folder / "out"
    asked = ["run", str(source), "--out", str(out), "--quiet", "--horizon"]
    plain, earlier = [*asked, "1,3"], [*asked, "1"]

    def start(command: list[str], event: int | None = None) -> int:
        if whole_processes:
            return spawned(command)
        work = partial(silently, command)
        return forked(work if event is None else dying_at(event, out, work))

    with nullcontext() if whole_processes else drawn_once():
        results = []
        for command in (earlier, [*plain, "--force"], plain):
            if command is plain:
                remove(out)
            began = time.monotonic()
            code = ended(spawned(command), LONG) if whole_processes else main(command)
            assert code == 0
            took = time.monotonic() - began
            results.append(named(contents(out)))
        before, forced, after = results
        events = 2 * len(after) + 20
        done = 0
        for turn in count():
            if done >= kills:
                return
            remove(out)
            command, allowed = plain, [after]
            if turn % 2:
                assert ended(start(earlier), LONG) == 0
                command, allowed = [*plain, "--force"], [before, forced]
            wrong: list[str | None] = []
            code = KILLED
            while code == KILLED and len(wrong) < min(chain, kills - done):
                if whole_processes or rng.random() < 0.5:
                    code = ended(start(command), rng.uniform(0.0, took))
                else:
                    code = ended(start(command, rng.randrange(events)), LONG)
                if code == KILLED:
                    wrong.append(odd_left(out, allowed))
            if code == KILLED:
                code = ended(start(command), LONG)
            found = contents(out)
            if found != allowed[-1]:
                wrong.append(differing(found, allowed[-1]))
            elif code not in (0, COMPLETE):
                wrong.append(f"refused with code {code} after {len(wrong)} kills")
            done += len(wrong)
            yield from wrong


def spawned(command: list[str]) -> int:
    """The number of a new process that carries out a command."""
    null = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    words = [sys.executable, "-m", "forecast", *command]
    child = os.posix_spawn(sys.executable, words, os.environ, file_actions=actions)
    os.close(null)
    return child


def remove(out: Path) -> None:
    """Remove a directory and all in it."""
    for path in sorted(out.rglob("*"), reverse=True) if out.exists() else []:
        path.rmdir() if path.is_dir() else path.unlink()
    if out.exists():
        out.rmdir()


# ---- saves ---------------------------------------------------------------------------------------


def told(learner: FlatLearner, begin: int, end: int) -> None:
    """Tell a learner these points of a series that is made of its own row numbers."""
    for row in range(begin, end):
        learner.learn((row * 37 % 17) / 4.0 + (row % 200 > 100) * 5.0)


def bits(learner: FlatLearner) -> bytes:
    """All that a learner is."""
    return learner.floats.tobytes() + learner.ints.tobytes()


Save = Callable[[Path, FlatLearner, int], None]
Resume = Callable[[Path], tuple[FlatLearner, int]]  # the learner, and how many points it was told


def kills_of_saves(
    kills: int,
    folder: Path,
    rng: Random,
    make: Callable[[], FlatLearner],
    saved: Save,
    resumed: Resume,
) -> Iterator[str | None]:
    """Kill children that learn and save in a loop, each going on from what the last has left.

    After each kill the file has to be whole, hold the state that a learner has which was never
    interrupted, and be no older than before; nothing but it and one file more may lie there.
    Yields None, or what is wrong.
    """
    path = folder / "state"
    never, at = make(), 0
    for _ in range(kills):
        child = forked(lambda: saving(path, make, saved, resumed))
        code = ended(child, rng.uniform(0.0, 0.03))
        wrong = None if code == KILLED else f"ended by itself with {code}"
        if path.exists():
            try:
                found, offset = resumed(path)
            except Exception as error:
                yield f"lost: {error!r}"
                path.unlink()
                never, at = make(), 0
                continue
            if offset < at:
                wrong = f"an older state, of {offset} points after {at}"
            else:
                told(never, at, offset)
                at = offset
                wrong = wrong if bits(found) == bits(never) else f"another state at {offset}"
        if len(list(folder.iterdir())) > 2:
            wrong = f"litter: {[each.name for each in folder.iterdir()]}"
        yield wrong


def saving(path: Path, make: Callable[[], FlatLearner], saved: Save, resumed: Resume) -> int:
    """Learn and save until killed."""
    learner, at = resumed(path) if path.exists() else (make(), 0)
    while True:
        told(learner, at, at + 5)
        at += 5
        saved(path, learner, at)


def ours(path: Path, learner: FlatLearner, at: int) -> None:
    """Save as this library does."""
    save(path, learner, source="rows", offset=at)


def ours_again(path: Path) -> tuple[FlatLearner, int]:
    """What it has saved."""
    return load(path), read_header(path)["offset"]


def plainly(path: Path, learner: FlatLearner, at: int) -> None:
    """Save in place, as one would."""
    with path.open("wb") as file:
        np.savez(file, floats=learner.floats, ints=learner.ints, at=at)


def plainly_again(make: Callable[[], FlatLearner], path: Path) -> tuple[FlatLearner, int]:
    """What was saved in place."""
    learner = make()
    with path.open("rb") as file, np.load(file) as held:
        learner.floats[:], learner.ints[:] = held["floats"], held["ints"]
        return learner, int(held["at"])
