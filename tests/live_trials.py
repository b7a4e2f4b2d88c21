"""Live runs as children of their own, that are told things, rotated, and killed at any instant."""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from kills import KILLED, LONG, dying_at, ended, forked

from forecast.cli import main

HEADER = "time,y\n"
SOON = 60.0  # seconds


def rows_of(n: int, seed: int = 1) -> list[str]:
    """Lines of a file of numbers, some of them missing, with gaps between some times."""
    rng, minute, lines = Random(seed), 0, []
    for row in range(n):
        minute += 1 if row < 2 or rng.random() < 0.95 else rng.randint(2, 5)
        y = "" if rng.random() < 0.03 else f"{10 + row % 7 + rng.gauss(0.0, 1.0):.3f}"
        lines.append(
            f"2024-01-{1 + minute // 1440:02d} {minute // 60 % 24:02d}:{minute % 60:02d},{y}\n"
        )
    return lines


def live(words: Sequence[str], stdin: int, stdout: int, stderr: int) -> Callable[[], int]:
    """The work of a child that is a live run with these files."""

    def work() -> int:
        for number, file in enumerate((stdin, stdout, stderr)):
            os.dup2(file, number)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - until it ends
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        return main(["live", *words])

    return work


def answered(
    words: Sequence[str], folder: Path, stdin: bytes = b""
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, answers and words of a live run that ends by itself."""
    names = [folder / f"std{name}" for name in ("in", "out", "err")]
    names[0].write_bytes(stdin)
    flags = (os.O_RDONLY, *(2 * [os.O_WRONLY | os.O_CREAT | os.O_TRUNC]))
    files = [os.open(name, flag, 0o666) for name, flag in zip(names, flags, strict=True)]
    code = ended(forked(live(words, *files)), LONG)
    for file in files:
        os.close(file)
    return code, parsed(names[1].read_bytes()), names[2].read_text()


def parsed(said: bytes) -> list[dict[str, Any]]:
    """Answers, a line each."""
    return [json.loads(line) for line in said.splitlines()]


class Piped:
    """A live run that is told through a pipe and heard through another."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        told, self.telling = os.pipe()
        self.hearing, said = os.pipe()
        self.words = folder / "said"
        errors = os.open(self.words, os.O_WRONLY | os.O_CREAT, 0o666)
        run = live(words, told, said, errors)

        def work() -> int:
            os.close(self.telling)
            os.close(self.hearing)
            return run()

        self.child = forked(work)
        for file in (told, said, errors):
            os.close(file)
        self._heard = b""

    def tell(self, text: str) -> None:
        """Write to its standard input."""
        os.write(self.telling, text.encode())

    def hear(self) -> dict[str, Any]:
        """The next line that it says."""
        while b"\n" not in self._heard:
            assert select.select([self.hearing], [], [], SOON)[0], "it says nothing"
            piece = os.read(self.hearing, 1 << 16)
            assert piece, self.words.read_text()
            self._heard += piece
        line, self._heard = self._heard.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self, number: int | None = None) -> int:
        """Its exit code, once it is sent a signal, or nothing is told any more."""
        os.close(self.telling)
        if number is not None:
            os.kill(self.child, number)
        code = ended(self.child, LONG)
        os.close(self.hearing)
        return code


# ---- kills ---------------------------------------------------------------------------------------


def kills_of_live(
    kills: int, folder: Path, rng: Random, rows: int = 150, chain: int = 6
) -> Iterator[str | None]:
    """Kill runs that follow a file into another, at random instants, and start them again.

    The file grows between the kills, by half lines too, and is rotated once in each chain. Yields
    None for each kill, and what was wrong with the output once a chain is through.
    """
    lines = rows_of(rows)
    source, out, state = folder / "x.csv", folder / "out.jsonl", folder / "state"
    words = ["--follow", str(source), "--out", str(out), "--checkpoint", str(state), "--horizon"]
    words += ["1,3", "--alert", "p=0.01", "--quiet", "--every"]
    whole = HEADER + "".join(lines)

    def start(event: int | None, every: float) -> int:
        null = os.open(os.devnull, os.O_RDWR)
        work = live([*words, str(every)], null, null, null)
        child = forked(work if event is None else dying_at(event, folder, work))
        os.close(null)
        return child

    def begin(text: str) -> None:
        for path in list(folder.iterdir()):
            path.unlink()
        source.write_text(text)

    begin(whole)
    began, child = time.time(), start(None, 0.02)
    wanted = lasting(out, child)
    took = out.stat().st_mtime - began
    done = 0
    while done < kills:
        begin("")
        given, wrong, rotated, size = 0, [], False, min(chain, kills - done)
        for kill in range(size):
            more = rng.randint(0, 2 * len(whole) // chain)
            # a file that has another name before any run came to note its place is nobody's
            known = state.exists()
            if rng.random() < 0.3 and known and not rotated and whole[:given].endswith("\n"):
                source.rename(folder / "x.csv.1")
                source.write_text(HEADER)
                rotated = True
            with source.open("a") as file:
                file.write(whole[given : given + more])
            given += more
            if rng.random() < 0.5:
                code = ended(start(None, rng.choice([0.0, 0.02])), rng.uniform(0.0, took))
            else:
                code = ended(start(rng.randrange(30), 0.0), took)
            wrong.append(None if code == KILLED else f"kill {kill} ended by itself with {code}")
        with source.open("a") as file:
            file.write(whole[given:])
        found = lasting(out, start(None, 0.02), len(wanted))
        if found != wanted:
            wrong[-1] = differing(found, wanted)
        done += size
        yield from wrong


def lasting(out: Path, child: int, size: int | None = None) -> bytes:
    """What a run has written when it has no more to say, or so much, and is told to end."""
    last, until = -1, time.monotonic() + LONG
    while time.monotonic() < until:
        found = out.stat().st_size if out.exists() else 0
        if size is not None and found >= size:
            break
        if size is None and found == last > 0:
            break
        last = found
        if os.waitpid(child, os.WNOHANG)[0]:
            return out.read_bytes() if out.exists() else b""
        time.sleep(0.001 if size else 2.0)
    os.kill(child, signal.SIGTERM)
    code = ended(child, LONG)
    # what was killed last may have written it all: then this one had no time to heed the signal
    assert code in (0, 4, -signal.SIGTERM), code
    return out.read_bytes()


def differing(found: bytes, wanted: bytes) -> str:
    """Where two outputs part."""
    a, b = found.splitlines(), wanted.splitlines()
    same = next(
        (k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return f"{len(a)} lines instead of {len(b)}, the same up to line {same}"


def kills_on_stdout(
    kills: int, folder: Path, rng: Random, rows: int = 150, chain: int = 6
) -> Iterator[str | None]:
    """The same of runs that write to standard output: equal once repeats are removed."""
    source, state = folder / "x.csv", folder / "state"
    source.write_text(HEADER + "".join(rows_of(rows)))
    words = [str(source), "--horizon", "1,3", "--quiet", "--every"]
    began = time.monotonic()
    _, unbroken, _ = answered([*words, "1"], folder)
    took = time.monotonic() - began
    words = [*words, "0.01", "--checkpoint", str(state)]
    done = 0
    while done < kills:
        state.unlink(missing_ok=True)
        heard: dict[int, dict[str, Any]] = {}
        wrong: list[str | None] = []
        size = min(chain, kills - done)
        for kill in range(size + 1):
            null = os.open(os.devnull, os.O_RDONLY)
            said = os.open(folder / "said", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
            child = forked(live(words, null, said, said))
            code = ended(child, rng.uniform(0.0, took) if kill < size else LONG)
            for file in (null, said):
                os.close(file)
            cut = (folder / "said").read_bytes()
            answers = parsed(cut[: cut.rfind(b"\n") + 1])
            odd = [each["row"] for each in answers if heard.setdefault(each["row"], each) != each]
            wrong.append(f"rows {odd} were answered in two ways" if odd else None)
            assert code in (0, KILLED), code
        if list(heard.values()) != unbroken:
            wrong[-1] = f"{len(heard)} rows, or other answers than the unbroken run's"
        done += size
        yield from wrong[1:]
