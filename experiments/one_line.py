"""How much memory and time does a text take that is one line, as long as it may be?

    python experiments/one_line.py [--megabytes 1 10 100 1000]

The line arrives on standard input, and nothing of it is kept: of a gigabyte as of a megabyte.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
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


def cost(kind: str, pieces: Iterator[bytes], out: Path) -> tuple[dict, float]:
    """What a run says of itself, and its wall time."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "forecast", "run", "-", "--kind", kind, "--json", "--force"]
    command += ["--predictions", "none", "--out", str(out)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as run:
        for piece in pieces:
            run.stdin.write(piece)
        said, _ = run.communicate()
    return json.loads(said), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--kind", default="words", choices=["words", "bytes"])
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, line in LINES.items():
            for megabytes in asked.megabytes:
                record, seconds = cost(asked.kind, line(megabytes), Path(folder, "out"))
                peak = record["cost"]["peak_memory_bytes"] / 1e6
                bits = record["scores"][0]["bits_per_byte"]
                row = [name, f"{megabytes:,}", f"{record['bytes']:,}", f"{peak:.0f}"]
                rows.append([*row, f"{seconds:.0f}", f"{bits:.5f}"])
                print(rows[-1], flush=True)
    sizes = " ".join(map(str, asked.megabytes))
    page = Page("One line", __file__, f"--megabytes {sizes} --kind {asked.kind}")
    page.say(
        f"A text without an end of line through `forecast run - --kind {asked.kind}`. The peak is "
        "that of the whole process, the state of the forecaster and a copy of it included. Letters "
        "by chance have ln 26 / ln 2 = 4.700 bits; to cut them into words of 40 costs the rest."
    )
    header = ["line", "MB", "bytes read", "peak memory, MB", "seconds", "bits a byte"]
    page.say(table(header, rows))
    page.write()


if __name__ == "__main__":
    main()
