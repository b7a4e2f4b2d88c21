"""A stream without end: is memory flat, the state finite, and the last part scored as well as ever?

    python experiments/soak.py [--light 1e9] [--default 3e7] [--words 1e8]

Each stream is drawn in chunks from a process that is known, so that the loss of an oracle, who
knows it too, stands beside. Of each, the last 2 % are given to a learner that is new as well, and
both are scored on the last 1 %: one that has walked so far may be no worse than one that has just
learned what matters now. What is counted: resident memory at ten marks, after the first; numbers of
the state that are not finite after any chunk of these, and are in the new one; points a second of
CPU.

A stream that is asked for no points keeps the line that it has on the page, with its commit.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from page import RESULTS, Page, commit, table

from forecast import LightForecaster, NumberForecaster, WordForecaster
from forecast.learner import FlatLearner, SymbolLearner, Symbols
from forecast.prequential import Run, SymbolRun

CHUNK, LEAST = 50_000, 200  # points of a chunk, and how many chunks there are at least
SEASON = 24
MARKS = 10
MOST_GROWTH = 20e6  # bytes, from the first mark on
WITHIN = {"light": 0.02, "default": 0.02, "words": 0.02}  # nats, of one that is new


class Chunk(NamedTuple):
    """Some points of a stream, and what an oracle loses on them, nats."""

    points: Any
    oracle: float


def numbers(n: int, chunk: int, seed: int) -> Iterator[Chunk]:
    """A level that wanders and a season around it, in noise whose spread changes now and then.

    y_t = m_t + 3 sin(2 pi t / 24) + s e_t,  m_t = m_{t-1} + 0.1 s w_t, s drawn anew each 100,000
    points.  The oracle knows s and the season, and follows m by the Kalman filter's gain in its
    steady state: g = (sqrt(q^2 + 4 q) - q) / 2 of q = 0.01, with the variance s^2 / (1 - g).
    """
    rng = np.random.default_rng(seed)
    q = 0.01
    g = (np.sqrt(q * q + 4.0 * q) - q) / 2.0
    level = followed = 0.0
    spread = 1.0
    for start in range(0, n, chunk):
        size = min(chunk, n - start)
        if start % 100_000 == 0:
            spread = float(np.exp(rng.normal(scale=0.7)))
        t = np.arange(start, start + size)
        season = 3.0 * np.sin(2.0 * np.pi * (t % SEASON) / SEASON)
        walk = level + np.sqrt(q) * spread * rng.normal(size=size).cumsum()
        level = float(walk[-1])
        plain = walk + spread * rng.normal(size=size)
        errors = innovations(plain, g, followed)
        followed = float(plain[-1] - errors[-1] * (1.0 - g))
        sd = spread / np.sqrt(1.0 - g)
        loss = 0.5 * np.log(2.0 * np.pi * sd * sd) + 0.5 * (errors / sd) ** 2
        yield Chunk(plain + season, float(loss.sum()))


def innovations(ys: np.ndarray, gain: float, level: float) -> np.ndarray:
    """e_t = y_t - m_t, m_{t+1} = m_t + gain e_t: exponential smoothing."""
    from scipy.signal import lfilter

    decay = 1.0 - gain
    smoothed, _ = lfilter([gain], [1.0, -decay], ys, zi=[decay * level])
    return ys - np.concatenate([[level], smoothed[:-1]])


def words(n: int, chunk: int, seed: int) -> Iterator[Chunk]:
    """Words of a chain: each has eight that may follow it, and a Zipf law among them.

    Every millionth word the ones that follow are drawn anew for a tenth of the vocabulary. The
    oracle knows the chain.
    """
    rng = np.random.default_rng(seed)
    vocabulary = [f" w{number}" for number in range(2000)]
    p = 1.0 / np.arange(1.0, 9.0)
    p /= p.sum()
    follow = rng.integers(len(vocabulary), size=(len(vocabulary), len(p)))
    spelled = [np.frombuffer(word.encode(), np.uint8) for word in vocabulary]
    lengths = np.array([len(word) for word in spelled])
    here = 0
    for start in range(0, n, chunk):
        size = min(chunk, n - start)
        if start and start % 1_000_000 == 0:
            anew = rng.integers(len(vocabulary), size=len(vocabulary) // 10)
            follow[anew] = rng.integers(len(vocabulary), size=(len(anew), len(p)))
        ranks = rng.choice(len(p), size=size, p=p)
        chain = np.empty(size, np.int64)
        loss = 0.0
        for t, rank in enumerate(ranks.tolist()):
            after = follow[here]
            here = int(after[rank])
            chain[t] = here
            loss -= float(np.log(p[after == here].sum()))
        at = np.concatenate([[0], lengths[chain].cumsum()])
        ys = np.concatenate([spelled[word] for word in chain.tolist()])
        nothing = np.empty(0, np.uint8), np.zeros(size + 1, np.int64)
        yield Chunk(Symbols(start, *nothing, ys, at), loss)


class Soaked(NamedTuple):
    """What came of a soak; surprises are nats a point over the last 1 %."""

    name: str
    points: int
    ours: float
    new: float  # a learner that saw the last 2 % only
    oracle: float
    growth: float  # bytes of memory since the first mark
    memory: float
    infinite: int
    seconds: float

    @property
    def wrong(self) -> list[str]:
        """What may not be."""
        found = []
        if not self.growth <= MOST_GROWTH:
            found.append(f"memory grew by {self.growth / 1e6:.0f} MB")
        if self.infinite:
            found.append(f"{self.infinite} numbers of the state are not finite")
        if not self.ours <= self.new + WITHIN[self.name]:
            found.append(f"{self.ours:.4f} nats a point; one that is new {self.new:.4f}")
        return found


def soak(
    name: str, make: Callable[[], FlatLearner], chunks: Callable[[int, int, int], Any], n: int
) -> Soaked:
    """Walk a learner over n points, in whole chunks."""
    chunk = CHUNK if n >= LEAST * CHUNK else CHUNK // 10 if n >= LEAST * CHUNK // 10 else 100
    n = max(LEAST, n // chunk) * chunk
    learner, fresh = make(), make()
    for each in (learner, fresh):  # memory is given when it is written to: all of it, now
        each.floats[:], each.ints[:] = each.floats.copy(), each.ints.copy()
    walks = [walk(learner), walk(fresh)]
    begun, scored = n - n // 50, n - n // 100
    marks = []
    ours = new = oracle = 0.0
    count = 0
    # a learner marks with NaN what it does not know yet, and a range that has just begun is
    # infinite: lost is what a new one comes to know, and what stays infinite after each chunk
    lost, known = np.ones(learner.floats.shape, np.bool_), np.zeros(fresh.floats.shape, np.bool_)
    began = time.perf_counter()
    walked = 0.0
    for turn, (points, loss) in enumerate(chunks(n, chunk, 1)):
        start = turn * chunk
        before = time.process_time()
        said = walks[0](points)
        walked += time.process_time() - before
        again = walks[1](points) if start >= begun else None
        if again is not None:
            lost &= ~np.isfinite(learner.floats)
            known |= np.isfinite(fresh.floats)
        if start >= scored and again is not None:
            ours, new, oracle = ours + said.sum(), new + again.sum(), oracle + loss
            count += len(said)
        if (turn + 1) % (n // chunk // MARKS) == 0:
            marks.append(resident())
            print(
                f"  {name}: {start + chunk:,} points, {marks[-1] / 1e6:.0f} MB, "
                f"{(start + chunk) / walked:,.0f} points/s, "
                f"{time.perf_counter() - began:.0f} s in all",
                flush=True,
            )
    scores = (total / count for total in (ours, new, oracle))
    growth = max(marks[1:]) - marks[0]
    return Soaked(name, n, *scores, growth, marks[-1], int((lost & known).sum()), walked)


def walk(learner: FlatLearner) -> Callable[[Any], np.ndarray]:
    """The loop of a learner, as a function of a chunk that tells its surprises."""
    if isinstance(learner, SymbolLearner):
        symbols = SymbolRun(learner)
        return lambda block: symbols.feed(block).surprise
    run = Run(learner, measure=False)
    return lambda ys: run.feed(ys).surprise


def resident() -> int:
    """Bytes that this process holds now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


SOAKS: dict[str, tuple[Callable[[], FlatLearner], Callable[[int, int, int], Any]]] = {
    "light": (LightForecaster, numbers),
    "default": (NumberForecaster, numbers),
    "words": (WordForecaster, words),
}


def line(one: Soaked) -> list[str]:
    """A line of the table."""
    scores = [f"{score:.4f}" for score in (one.ours, one.new, one.oracle)]
    memory = [f"{one.memory / 1e6:.0f} MB", f"{one.growth / 1e6:.1f} MB"]
    speed = f"{one.points / one.seconds:,.0f}"
    return [one.name, f"{one.points:,}", *scores, *memory, str(one.infinite), speed, commit()]


def lines_kept(page: Path) -> dict[str, list[str]]:
    """The lines that stand on the page, by the names of their learners."""
    text = page.read_text() if page.exists() else ""
    rows = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("|")]
    return {row[0]: row for row in rows if row[0] in SOAKS}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--light", type=float, default=1e9, help="points (1e9); 0 for none")
    asked.add_argument("--default", type=float, default=3e7, help="points (3e7); 0 for none")
    asked.add_argument("--words", type=float, default=1e8, help="words (1e8); 0 for none")
    points = vars(asked.parse_args())
    said = [f"--{name} {n:g}" for name, n in points.items() if n != asked.get_default(name)]
    page = Page("A stream without end", __file__, " ".join(said))
    page.say(" ".join(__doc__.split("\n\n")[2].split("\n")))
    found = [soak(name, *SOAKS[name], int(n)) for name, n in points.items() if n > 0]
    lines = lines_kept(RESULTS / "soak.md") | {one.name: line(one) for one in found}
    header = ["learner", "points", "nats a point, last 1 %", "one that is new", "oracle"]
    header += ["memory", "grew by", "not finite", "points/s", "commit"]
    page.say(table(header, list(lines.values())))
    page.write()
    wrong = [f"{one.name}: {sentence}" for one in found for sentence in one.wrong]
    assert not wrong, "; ".join(wrong)


if __name__ == "__main__":
    main()
