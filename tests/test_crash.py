"""A run or a save that is cut short loses nothing, and says what to do."""

import errno
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from bad_values import met
from kills import (
    KILLED,
    bits,
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

from forecast import LightForecaster, load, save
from forecast.checkpoint import read_header
from forecast.checks import LEARNERS
from forecast.cli import main
from forecast.learner import FlatLearner
from forecast.report import Report
from forecast.report.delivery import UNFINISHED, Delivery
from forecast.report.folder import FILES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children of POSIX")

OLD, NEW = b"old", b"new"


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without figures: these take most of a run."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(Report, "_figures", lambda report, pairs: [])


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A directory that holds a finished delivery of three files."""
    out = tmp_path / "out"
    deliver(out, OLD)
    return out


NAMES = ("page.html", "figures/a.png", "figures/b.png", "scores.json")


def deliver(
    out: Path, content: bytes, force: bool = False, names: tuple[str, ...] = NAMES[:2] + NAMES[3:]
) -> int:
    """A run that has nothing to compute."""
    with Delivery(out, NAMES, "run", force) as delivery:
        for name in names:
            delivery.write(name, content)
        delivery.complete()
    return 0


def held(out: Path) -> dict[str, bytes]:
    """What a directory holds."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


# ---- kills ---------------------------------------------------------------------------------------


def dies_at(call: int, work: Callable[[], int]) -> Callable[[], int]:
    """The work, killed before its call of that number to the file system."""
    from kills import dying_at

    return dying_at(call, Path("/"), work)


def test_a_delivery_killed_at_each_of_its_calls(filled: Path) -> None:
    """Where there is a seal, all files are of one run; and the next run needs no persuasion."""
    old = held(filled)
    new = dict.fromkeys(old, NEW)
    seen = set()
    for call in range(200):
        child = forked(dies_at(call, lambda: deliver(filled, NEW, force=True)))
        code = ended(child, 60.0)
        left = named(held(filled))
        if "scores.json" in left:
            assert left in (old, new), (call, left)
        seen.add(("scores.json" in left, left == new))
        if code == 0:
            break
        assert code == KILLED
        if "scores.json" not in left:
            deliver(filled, OLD)  # no force: what was killed is nobody's result
            assert held(filled) == old
        elif left == new:
            deliver(filled, OLD, force=True)
    assert code == 0 and call > 15
    assert held(filled) == new
    # before, between and after the names were given
    assert seen == {(True, False), (False, False), (True, True)}


def test_what_a_killed_run_left_does_not_excuse_another_result(filled: Path) -> None:
    (filled / UNFINISHED).write_text("killed")
    with pytest.raises(FileExistsError, match="--force"):
        deliver(filled, NEW)
    (filled / "scores.json").unlink()  # by hand, and nothing was killed
    with pytest.raises(FileExistsError, match=r"page\.html.*--force"):
        deliver(filled, NEW)


def test_files_that_a_run_replaced_and_did_not_write_go(filled: Path) -> None:
    deliver(filled, NEW, force=True, names=("page.html", "figures/b.png", "scores.json"))
    assert held(filled) == dict.fromkeys(["page.html", "figures/b.png", "scores.json"], NEW)
    deliver(filled, OLD, force=True, names=("scores.json",))
    assert held(filled) == {"scores.json": OLD}


def test_a_run_that_is_killed_again_and_again_ends_the_same(tmp_path: Path) -> None:
    assert list(kills_of_runs(12, tmp_path, Random(0), chain=6)) == [None] * 12


@pytest.mark.slow
@pytest.mark.parametrize("whole_processes", [False, True])
def test_runs_that_are_killed_end_the_same(whole_processes: bool, tmp_path: Path) -> None:
    kills = 20 if whole_processes else 300
    wrong = list(kills_of_runs(kills, tmp_path, Random(1), whole_processes=whole_processes))
    assert wrong == [None] * kills


def test_a_save_that_is_killed_leaves_one_of_the_states_saved(tmp_path: Path) -> None:
    told(LightForecaster(), 0, 5)
    saves = kills_of_saves(40, tmp_path, Random(0), LightForecaster, ours, ours_again)
    assert list(saves) == [None] * 40


@pytest.mark.slow
def test_a_thousand_saves_that_are_killed(tmp_path: Path) -> None:
    told(LightForecaster(), 0, 5)
    saves = kills_of_saves(1000, tmp_path, Random(1), LightForecaster, ours, ours_again)
    assert list(saves) == [None] * 1000


def test_the_trial_can_tell_a_save_that_is_lost(tmp_path: Path) -> None:
    """Written in place, a state is lost soon."""
    again = partial(plainly_again, LightForecaster)
    saves = list(kills_of_saves(40, tmp_path, Random(0), LightForecaster, plainly, again))
    assert any(wrong is not None and wrong.startswith("lost") for wrong in saves)


def test_what_a_killed_save_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "state"
    (tmp_path / ".state.new").write_bytes(b"x" * 100_000)
    learner = LightForecaster()
    save(path, learner)
    assert bits(load(path)) == bits(learner)
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


# ---- two at once ---------------------------------------------------------------------------------


def test_two_runs_into_one_directory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The second is refused while the first is on; the first one's files are those it wrote."""
    source, out = table(tmp_path / "a.csv"), tmp_path / "out"
    other = table(tmp_path / "b.csv", seed=2)
    words = ["run", str(source), "--predictions", "all", "--out", str(out), "--quiet"]
    with Delivery(out, FILES, "run", False):
        for more in ([], ["--force"]):
            assert main([*words, *more]) == 2
            said = capfd.readouterr().err.splitlines()[-1]
            assert said == (
                f"forecast: {out} is being filled by another run: wait until that has ended, "
                "or name another directory with --out."
            )
    assert not out.exists()
    reading, writing = os.pipe()

    def waiting() -> int:
        os.read(reading, 1)
        return silently(words)

    children = [forked(waiting), forked(waiting)]
    os.write(writing, b"go")
    assert sorted(ended(child, 120.0) for child in children) == [0, 2]
    found = contents(out)
    assert UNFINISHED not in found
    assert main(["run", str(other), *words[2:]]) == 2  # it holds a run
    assert contents(out) == found
    assert len(found["predictions.csv"].splitlines()) == 400  # the header, and all but the first


def test_two_that_save_at_once(tmp_path: Path) -> None:
    """Each save is whole: the file is always one of both, and the last one to save stays."""
    path = tmp_path / "state"
    learners = [LightForecaster(), LightForecaster()]
    told(learners[1], 0, 100)
    states = {bits(learner) for learner in learners}
    save(path, learners[0])

    def saves(learner: LightForecaster) -> int:
        for _ in range(60):
            save(path, learner)
        return 0

    children = [forked(partial(saves, learner)) for learner in learners]
    for _ in range(60):
        assert bits(load(path)) in states
    assert [ended(child, 120.0) for child in children] == [0, 0]
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


# ---- a disk that is full, a directory that cannot be written or goes away -----------------------


def limited(size: int, work: Callable[[], int]) -> int:
    """The work where no file can get longer than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return work()


def test_a_disk_that_is_full_at_any_byte(filled: Path) -> None:
    old = held(filled)
    content = b"x" * 20_000  # more than a file object holds back
    for size in (0, 1, 56, 100, 8192, 19_999, 20_000):
        child = forked(partial(limited, size, lambda: refused(filled, content)))
        code = ended(child, 60.0)
        assert code == (0 if size == 20_000 else 5), size
        assert held(filled) == (old if code else dict.fromkeys(old, content))


def refused(out: Path, content: bytes) -> int:
    """A run that has nothing to compute; 5 where it is refused by a sentence."""
    try:
        return deliver(out, content, force=True)
    except OSError as error:
        clear = error.filename == str(out) and "free some space" in str(error.strerror)
        return 5 if clear and error.errno == errno.EFBIG else 6


def test_a_run_on_a_disk_that_is_full(tmp_path: Path) -> None:
    """Full at the predictions, at the page, or at neither; the earlier result stays."""
    source, out = table(tmp_path / "a.csv"), tmp_path / "out"
    words = ["run", str(source), "--out", str(out), "--quiet"]
    assert main(words) == 0
    old = contents(out)
    sizes = {name: (out / name).stat().st_size for name in old}
    for size in (0, sizes["predictions.csv"] // 2, sizes["report.html"] - 1):
        reading, writing = os.pipe()
        child = forked(partial(limited, size, partial(heard, writing, [*words, "--force"])))
        os.close(writing)
        with open(reading) as said:  # noqa: PTH123
            assert said.read() == (
                f"forecast: {out}: cannot be written (File too large): "
                "free some space, or name a directory on another disk with --out.\n"
            )
        assert ended(child, 120.0) == 1
        assert contents(out) == old


def heard(pipe: int, words: list[str]) -> int:
    """A command whose words go to a pipe."""
    with open(pipe, "w") as sys.stderr:
        return main(words)


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[None]:
    """A file system of its own, where one may mount it."""
    if subprocess.run(["mount", *words, str(folder)], capture_output=True).returncode:
        pytest.skip("nobody may mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="root may mount")
def test_a_small_disk_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source, disk = table(tmp_path / "a.csv"), tmp_path / "disk"
    disk.mkdir()
    words = ["run", str(source), "--out", str(disk / "out"), "--quiet"]
    with mounted(disk, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        assert main(words) == 1
        said = capfd.readouterr().err
        assert said == (
            f"forecast: {disk / 'out'}: cannot be written (No space left on device): "
            "free some space, or name a directory on another disk with --out.\n"
        )
        assert not list(disk.iterdir())
        learner = LightForecaster()
        save(disk / "state", learner)
        (disk / "fill").write_bytes(b"x" * 60_000)
        with pytest.raises(OSError, match="No space"):
            for _ in range(40):
                save(disk / f"state{_}", learner)
        assert bits(load(disk / "state")) == bits(learner)
        assert not [each for each in disk.iterdir() if each.name.startswith(".")]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="root may mount")
def test_a_disk_that_is_read_only(
    filled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, old = table(tmp_path / "a.csv"), held(filled)
    with mounted(filled, "--bind", str(filled)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(filled)], check=True)
        for out in (filled, filled / "new"):
            assert main(["run", str(source), "--out", str(out), "--force", "--quiet"]) == 1
            said = capfd.readouterr().err
            assert said == (
                f"forecast: {out}: cannot be written (Read-only file system): "
                "name a directory that can be written with --out.\n"
            )
        with pytest.raises(OSError, match="Read-only"):
            save(filled / "state", LightForecaster())
    assert held(filled) == old


@pytest.mark.parametrize("fault", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EIO])
def test_a_fault_of_the_directory_says_what_to_do(
    fault: int, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = held(filled)
    delivery = Delivery(filled, NAMES, "run", force=True)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match=r"cannot be written \(.*\): .* --out\.") as caught:
        delivery.write("page.html", NEW)
    assert caught.value.errno == fault and caught.value.filename == str(filled)
    assert held(filled) == old  # and no lock is left


def test_a_directory_that_goes_away_during_a_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = table(tmp_path / "a.csv"), tmp_path / "out"
    from forecast.kinds.numbers import Numbers

    coming = Numbers.coming

    def gone(self: Numbers) -> list[Any]:
        for path in out.iterdir():
            path.unlink()
        out.rmdir()
        return coming(self)

    monkeypatch.setattr(Numbers, "coming", gone)
    assert main(["run", str(source), "--out", str(out), "--quiet"]) == 1
    assert capfd.readouterr().err == (
        f"forecast: {out}: cannot be written (No such file or directory): "
        "leave the directory where it is until the run has ended, and run it again.\n"
    )
    assert not out.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_scores_that_nobody_can_take(tmp_path: Path) -> None:
    """The files are there, the code is not 0, and there is one sentence."""
    source, out = table(tmp_path / "a.csv", rows=30), tmp_path / "out"
    code = (
        "import sys\nfrom forecast.cli import main\nfrom forecast.report import Report\n"
        "Report._figures = lambda report, pairs: []\nsys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", code, "run", str(source), "--out", str(out), "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    said = done.stderr.splitlines()
    assert done.returncode == 1
    assert said[-1].startswith("forecast: ") and "No space left" in said[-1]
    assert json.loads((out / "scores.json").read_text())["rows"] == 30


# ---- cuts and bad values -------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESUMED)
def test_a_stream_cut_and_resumed(name: str, tmp_path: Path) -> None:
    assert list(cut_and_resumed(RESUMED[name], tmp_path, 300, apart=37)) == [None] * 9


@pytest.mark.slow
@pytest.mark.parametrize("name", RESUMED)
def test_a_stream_cut_everywhere_and_resumed(name: str, tmp_path: Path) -> None:
    assert list(cut_and_resumed(RESUMED[name], tmp_path, 2000, apart=1)) == [None] * 2000


def test_a_learner_that_is_not_whole_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers lose their last digits on the way."""
    import resumption

    def lossy(path: Path) -> FlatLearner:
        learner = load(path)
        learner.floats *= 1.0 + 1e-12
        return learner

    monkeypatch.setattr(resumption, "load", lossy)
    found = list(cut_and_resumed(LightForecaster, tmp_path, 300, apart=100))
    assert [str(wrong)[:6] for wrong in found[1:]] == ["cut at"] * 2


@pytest.mark.parametrize("name", LEARNERS)
def test_bad_values_at_some_positions(name: str) -> None:
    assert [each for each in met(LEARNERS[name], range(0, 400, 190)) if each.wrong] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_bad_values_at_any_position(name: str) -> None:
    found = list(met(LEARNERS[name], range(500)))
    assert len(found) == 7 * 500
    assert [each for each in found if each.wrong] == []


@pytest.mark.parametrize(
    "value", ["seven", "7", b"7", 1j, [], ["7"], [[1.0]], {1.0}, {1.0: 2.0}, np.ones((1, 1))]
)
def test_what_is_no_number_is_refused_and_changes_nothing(value: Any) -> None:
    """The byte 7 was learned as 55, the text "7" as 7, and a set as what is in it."""
    learner = LightForecaster()
    told(learner, 0, 50)
    before = bits(learner)
    with pytest.raises((TypeError, ValueError)):
        learner.learn(value)
    assert bits(learner) == before


# ---- locks ---------------------------------------------------------------------------------------


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    """And one that was removed while somebody waited for it is not taken for a lock."""
    from forecast.lock import locked

    path = tmp_path / "lock"
    first = locked(path, wait=False)
    assert first is not None and locked(path, wait=False) is None
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(locked(path, wait=True)))
    waiting.start()
    path.unlink()
    first.close()
    waiting.join(60.0)
    (second,) = got
    assert os.path.samestat(os.fstat(second.fileno()), path.stat())
    assert locked(path, wait=False) is None
    second.close()
    # the child waits for it: asked once, it might ask just while this process has it
    held_by_a_child = forked(lambda: (locked(path, wait=True), signal.pause(), 0)[-1])
    while (mine := locked(path, wait=False)) is not None:
        mine.close()
    os.kill(held_by_a_child, signal.SIGKILL)
    ended(held_by_a_child, 60.0)
    again = locked(path, wait=False)
    assert again is not None
    again.close()


def test_a_file_system_without_locks_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    deliver(tmp_path / "out", NEW)
    assert held(tmp_path / "out").keys() == {"page.html", "figures/a.png", "scores.json"}
    save(tmp_path / "state", LightForecaster(), offset=3)
    assert read_header(tmp_path / "state")["offset"] == 3
    assert np.isfinite(load(tmp_path / "state").floats).any()
