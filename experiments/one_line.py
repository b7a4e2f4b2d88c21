"""How much memory and time does a text take that is one line, as long as it may be?

    python experiments/one_line.py [--words 1 10 100 1000] [--bytes 1 10]

Its megabytes arrive on standard input, and nothing of them is kept: of a gigabyte as of one. Word
by word a gigabyte of one letter takes minutes; letters by chance, which are all spelled, take an
hour, and so they end at a tenth of it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from page import Page, table

MEGABYTE = 1_000_000
LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)


def one_letter(megabytes: int) -> Iterator[bytes]:
    """The same letter, again and again: cut after every 40th, all words but the last are one."""
    return iter([b"x" * MEGABYTE] * megabytes)


def any_letters(megabytes: int) -> Iterator[bytes]:
    """Letters by chance: every word of 40 is new, and takes its place in what is bounded."""
    rng = np.random.default_rng(0)
    return (rng.choice(LETTERS, MEGABYTE).tobytes() for _ in range(megabytes))


LINES = {"one letter": one_letter, "letters by chance": any_letters}
LONGEST = {"one letter": 1000, "letters by chance": 100}  # megabytes that are waited for


def cost(kind: str, pieces: Iterator[bytes], out: Path) -> tuple[dict, float]:
    """What a run says of itself, and its seconds of CPU."""
    before = spent()
    command = [sys.executable, "-m", "forecast", "run", "-", "--kind", kind, "--json", "--force"]
    command += ["--predictions", "none", "--out", str(out)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as run:
        for piece in pieces:
            run.stdin.write(piece)
        said, _ = run.communicate()
    return json.loads(said), spent() - before


def spent() -> float:
    """Seconds of CPU of all runs that ended."""
    runs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return runs.ru_utime + runs.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--bytes", type=int, nargs="+", default=[1, 10])
    sizes: dict[str, list[int]] = vars(parser.parse_args())
    page = Page("One line", __file__, " ".join(map(option, sizes, sizes.values())))
    page.say(
        "A text without an end of line through `forecast run -`. The peak is that of the whole "
        "process, the state of the forecaster and a copy of it included. Letters by chance have "
        "ln 26 / ln 2 = 4.700 bits; to cut them into words of 40 costs the rest."
    )
    header = ["line", "MB", "bytes read", "peak memory, MB", "seconds of CPU", "bits a byte"]
    with tempfile.TemporaryDirectory() as folder:
        for kind, megabytes in sizes.items():
            page.say(f"## `--kind {kind}`")
            page.say(table(header, list(rows(kind, megabytes, Path(folder, "out")))))
    page.write()


def option(kind: str, megabytes: list[int]) -> str:
    """How these sizes are asked for."""
    return f"--{kind} {' '.join(map(str, megabytes))}"


def rows(kind: str, sizes: list[int], out: Path) -> Iterator[list[str]]:
    """What each line costs, as long as each size."""
    for name, line in LINES.items():
        for megabytes in (size for size in sizes if size <= LONGEST[name]):
            record, seconds = cost(kind, line(megabytes), out)
            peak = record["cost"]["peak_memory_bytes"] / 1e6
            row = [name, f"{megabytes:,}", f"{record['bytes']:,}", f"{peak:.0f}"]
            row += [f"{seconds:.0f}", f"{record['scores'][0]['bits_per_byte']:.5f}"]
            print(kind, row, flush=True)
            yield row


if __name__ == "__main__":
    main()
