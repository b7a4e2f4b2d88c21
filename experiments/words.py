"""What does a text cost, word by word or byte by byte, beside the compressors that people use?

    python experiments/words.py WIKITEXT.txt PTB.txt

Any texts will do: here the validation parts of WikiText-2 (Merity et al., 2016) and of the Penn
Treebank as Mikolov et al. (2010) cut it; the help topics that come with Python are one more. A
forecaster and a compressor are asked the same: how many bits does each byte of this file need,
from nothing, in one pass? pyppmd, zstandard and brotli take part where they are installed
(``pip install pyppmd zstandard brotli``), zpaq where its command is.
"""

import argparse
import bz2
import lzma
import math
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from page import RESULTS, Page, table

from forecast import ByteForecaster, SymbolRun, WordForecaster
from forecast.learner import SymbolLearner, Symbols
from forecast.stream.prose import python_help
from forecast.stream.text import open_bytes, words_of
from forecast.words.bytewise import spelled_nats

PROSE = python_help()
PIECE = 1 << 16  # symbols a block
PPM_ORDERS = (4, 5, 6, 8, 10)
OURS: dict[str, Callable[[], SymbolLearner]] = {
    "**WordForecaster()**": WordForecaster,
    "**WordForecaster(light=True)**": lambda: WordForecaster(light=True),
    "**ByteForecaster()**": ByteForecaster,
    "**ByteForecaster(light=True)**": lambda: ByteForecaster(light=True),
    "**ByteForecaster(words=True)**": lambda: ByteForecaster(words=True),
}
ODD = {
    "random bytes": np.random.default_rng(7).integers(0, 256, 100_000, np.uint8).tobytes(),
    "one word, again and again": b"spam " * 20_000,
    "one line": b"x" * 100_000,
    "a text that is no UTF-8": "Größe und Maß\n".encode("latin-1") * 7_000,
    "a text in UTF-16": PROSE[:50_000].decode().encode("utf-16"),
    "a text that is packed": lzma.compress(PROSE)[:100_000],
    "numbers as they lie in memory": np.cumsum(np.arange(12_500) % 7 - 3.0).tobytes(),
    "one byte": b"x",
}
# where the name of a point stands: the lines of ours rise, so below is room, but not between them
BELOW, BESIDE, UNDER = ((0, -14), "left"), ((8, -3), "left"), ((-1, -13), "center")
NAMED = {
    "**ByteForecaster(light=True)**": ((-4, 6), "right"),
    "pyppmd, order 8": ((0, 6), "center"),  # as fast as order 10, whose name lies below
}
BLUE, VERMILLION, INK = "#0072b2", "#d55e00", "#1b1c1e"  # Okabe and Ito's


class Cost(NamedTuple):
    """What a text costs, and what it took to find out."""

    bits: float  # a byte
    seconds: float  # of CPU
    memory: float  # MB of state; nan where it is not known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", type=Path, nargs="+")
    paths = parser.parse_args().texts
    texts = {path.name: path.read_bytes() for path in paths} | {"Python's help topics": PROSE}
    page = Page("Texts", __file__, " ".join(path.name for path in paths))
    page.say(
        "Bits a byte from nothing in one pass, everything paid for: what is new is spelled. kB are "
        "of the text, a second of CPU, as the machine was. Memory is the state of a learner."
    )
    for name, text in texts.items():
        costs = sorted(everybody(text), key=lambda each: each[1].bits)
        beside_compressors(page, name, text, costs)
        if name == paths[0].name:
            curve(page, name, text, costs)
    if len(paths) > 1:
        first, second = (texts[path.name] for path in paths[:2])
        learning_on(page, paths[0].name, first, paths[1].name, second)
        forgetting(page, paths[0].name, first, paths[1].name, second)
    odd_inputs(page)
    page.write()


# ---- everybody on the same bytes -----------------------------------------------------------------


Costs = list[tuple[str, Cost]]


def beside_compressors(page: Page, name: str, text: bytes, costs: Costs) -> None:
    """A table of all, the cheapest first."""
    rows = []
    for peer, cost in costs:
        memory = "" if math.isnan(cost.memory) else f"{cost.memory:,.0f}"
        rows.append([peer, f"{cost.bits:.4f}", f"{speed(text, cost):,.0f}", memory])
    page.say(f"## `{name}`, {len(text):,} bytes, {len(words_of(text)):,} words")
    page.say(table(["", "bits a byte", "kB/s", "MB"], rows))


def speed(text: bytes, cost: Cost) -> float:
    """kB of a text, a second of CPU."""
    return len(text) / 1e3 / max(cost.seconds, 1e-3)


def curve(page: Page, name: str, text: bytes, costs: Costs) -> None:
    """Bits against speed, all on one picture: to the left and below is better."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, ax = pyplot.subplots(figsize=(7.6, 4.6), dpi=150, layout="constrained")
    for peer, cost in costs:
        ours = peer in OURS
        at = speed(text, cost), cost.bits
        how = {"marker": "o", "color": BLUE} if ours else {"marker": "s", "color": VERMILLION}
        ax.plot(*at, ms=7 if ours else 5, **how)
        label, usual = peer.strip("*"), BELOW if ours else BESIDE
        if peer in ORDERS[1:]:  # of many points on one line the first is named in full
            label, usual = peer.removeprefix("pyppmd, order "), UNDER
        where, side = NAMED.get(peer, usual)
        how = {"textcoords": "offset points", "fontsize": 8, "color": INK, "ha": side}
        ax.annotate(label, at, where, weight="bold" if ours else "normal", **how)
    for family, colour in (("**ByteF", BLUE), ("**WordF", BLUE), ("pyppmd", VERMILLION)):
        points = [(speed(text, cost), cost.bits) for peer, cost in costs if family in peer]
        if points:
            ax.plot(*zip(*points, strict=True), color=colour, lw=1.2, zorder=0)
    ax.set_xscale("log")
    lowest, highest = ax.get_ylim()
    # room for names
    ax.set(xlim=(None, 4.0 * ax.get_xlim()[1]), ylim=(lowest - 0.05 * (highest - lowest), highest))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set_xlabel("speed, kB of text a second of CPU")
    ax.set_ylabel("cost, bits a byte")
    ax.grid(color="#d8d9db", lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"{name}: what it costs from nothing, and how fast", loc="left", fontsize=10)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "words.png")
    page.say(f"![Bits a byte against kB a second, of `{name}`](words.png)")
    page.say("Lower is better, and further right. Lines join presets of one model.")


def everybody(text: bytes) -> Iterator[tuple[str, Cost]]:
    """Each forecaster and each compressor with its cost."""
    for name, make in OURS.items():
        run = SymbolRun(make())
        run.feed(cut(run.learner, text[:1000]))  # compiles, or finds the code
        yield name, forecast(make(), text)
    for name, packed in compressors(text):
        before = spent()
        size = packed()
        yield name, Cost(8.0 * size / len(text), spent() - before, math.nan)


ORDERS = [f"pyppmd, order {order}" for order in PPM_ORDERS]


def compressors(text: bytes) -> Iterator[tuple[str, Callable[[], int]]]:
    """Who writes a text in how many bytes."""
    yield "bzip2 -9", lambda: len(bz2.compress(text, 9))
    yield "xz -9e", lambda: len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    if find_spec("zstandard"):
        import zstandard

        yield "zstd -22", lambda: len(zstandard.ZstdCompressor(level=22).compress(text))
    if find_spec("brotli"):
        import brotli

        yield "brotli -q 11", lambda: len(brotli.compress(text, quality=11, lgwin=24))
    if find_spec("pyppmd"):
        import pyppmd

        for name, order in zip(ORDERS, PPM_ORDERS, strict=True):
            yield (
                name,
                lambda order=order: len(pyppmd.Ppmd7Encoder(order, 1 << 28).encode(text)),
            )
    if shutil.which("zpaq"):
        yield "zpaq -m5", lambda: zpaq(text)


def zpaq(text: bytes) -> int:
    """Bytes of an archive."""
    with tempfile.TemporaryDirectory() as folder:
        source, archive = Path(folder, "text"), Path(folder, "a.zpaq")
        source.write_bytes(text)
        command = ["zpaq", "add", str(archive), str(source), "-m5", "-t1"]
        subprocess.run(command, check=True, capture_output=True)
        return archive.stat().st_size


def spent() -> float:
    """Seconds of CPU of this process and of those that it waited for."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


CHILDREN = resource.RUSAGE_CHILDREN


# ---- a forecaster on a text ----------------------------------------------------------------------


def cut(learner: SymbolLearner, text: bytes) -> Symbols:
    """A text as the symbols that a learner forecasts: bytes, or words."""
    if isinstance(learner, ByteForecaster):
        at = np.arange(len(text) + 1)
    else:
        at = np.cumsum([0, *map(len, words_of(text))])
    y = np.frombuffer(bytearray(text), np.uint8)
    return Symbols(0, np.empty(0, np.uint8), np.zeros(len(at), np.int64), y, at)


def surprises(learner: SymbolLearner, text: bytes) -> np.ndarray:
    """What each symbol costs, nats; all are learned."""
    run, block = SymbolRun(learner), cut(learner, text)
    parts = [np.empty(0)]
    for start in range(0, len(block), PIECE):
        own = slice(start, start + PIECE + 1)
        piece = Symbols(start, block.x, block.x_at[own], block.y, block.y_at[own])
        parts.append(run.feed(piece).surprise)
    return np.concatenate(parts)


def bits(nats: np.ndarray | float, text: bytes) -> float:
    """Bits a byte."""
    return float(np.sum(nats)) / math.log(2.0) / len(text)


def forecast(learner: SymbolLearner, text: bytes) -> Cost:
    """The cost of a text that a learner has not seen."""
    before = spent()
    cost = bits(surprises(learner, text), text)
    memory = (learner.floats.nbytes + learner.ints.nbytes) / 1e6
    return Cost(cost, spent() - before, memory)


# ---- after another text --------------------------------------------------------------------------


WORDS, NODES = 2**15, 2**20


def learning_on(page: Page, a: str, first: bytes, b: str, second: bytes) -> None:
    """Learn one text; then pay for another one frozen, or learning on, or from nothing."""
    rows = []
    for name, make, frozen_bits in (
        ("ByteForecaster()", ByteForecaster, frozen_bytes),
        # smaller, as it is copied for each line, but large enough for both texts
        (f"WordForecaster({WORDS}, {NODES})", lambda: WordForecaster(WORDS, NODES), frozen_lines),
    ):
        learner = make()
        surprises(learner, first)
        frozen = frozen_bits(learner, second)
        going_on = bits(surprises(learner, second), second)
        anew = bits(surprises(make(), second), second)
        cells = [f"{cost:.4f}" for cost in (frozen, going_on, anew)]
        gains = [f"{100.0 * (going_on / other - 1.0):+.1f} %" for other in (frozen, anew)]
        rows.append([f"`{name}`", *cells, *gains])
    page.say("## Learning on")
    page.say(
        f"Who has learned `{a}` is asked for `{b}`, in bits a byte. Frozen: of bytes, what came "
        "since is their context, but not learned; of words, what is learned of a line is forgotten "
        "at its end. Going on: all is learned. From nothing: only this text was ever seen."
    )
    header = ["", "frozen", "going on", "from nothing", "going on against frozen"]
    page.say(table([*header, "against from nothing"], rows))


def frozen_bytes(learner: ByteForecaster, text: bytes) -> float:
    """Bits a byte where nothing is learned."""
    y = np.frombuffer(bytearray(text), np.uint8)
    return bits(spelled_nats(learner.floats, learner.ints, y), text)


def frozen_lines(learner: WordForecaster, text: bytes) -> float:
    """Bits a byte where each line is learned, and then forgotten."""
    twin, nats = learner.copy(), 0.0
    for line in text.splitlines(keepends=True):
        twin.floats[:], twin.ints[:] = learner.floats, learner.ints
        nats += surprises(twin, line).sum()
    return bits(nats, text)


def forgetting(page: Page, a: str, first: bytes, b: str, second: bytes) -> None:
    """One text, another one, and the first again: beside who never saw the other."""
    rows = []
    for name, make in OURS.items():
        fresh = bits(surprises(make(), first), first)
        learner = make()
        surprises(learner, second)
        after = bits(surprises(learner, first), first)
        between = make()
        half = len(first) // 2
        for part in (first[:half], second):
            surprises(between, part)
        later = bits(surprises(between, first[half:]), first[half:])
        alone = make()
        surprises(alone, first[:half])
        unbroken = bits(surprises(alone, first[half:]), first[half:])
        cells = [f"{fresh:.4f}", f"{after:.4f}", f"{100.0 * (after / fresh - 1.0):+.2f} %"]
        cells += [f"{unbroken:.4f}", f"{later:.4f}", f"{100.0 * (later / unbroken - 1.0):+.2f} %"]
        rows.append([name, *cells])
    page.say("## Forgetting")
    page.say(
        f"Left `{a}` from nothing, and after `{b}`. Right the second half of `{a}`, right after "
        f"its first half, and with all of `{b}` between them: what the interruption costs."
    )
    header = ["", "from nothing", "after the other", "", "unbroken", "interrupted", ""]
    page.say(table(header, rows))


def odd_inputs(page: Page) -> None:
    """What is no prose."""
    rows = []
    for name, text in ODD.items():
        costs = [forecast(make(), text).bits for make in OURS.values()]
        strange = ", ".join(f"{count:,} {reason}" for reason, count in told(text).items())
        rows.append([name, f"{len(text):,}", *(f"{cost:.4f}" for cost in costs), strange])
    page.say("## Odd inputs, bits a byte")
    page.say(
        "All are read to the byte, and what is strange in a text is told and kept. Bytes by chance "
        "cost words little more than their 8 bits; what else is no text is a matter of bytes."
    )
    page.say(table(["", "bytes", *OURS, "told"], rows))


def told(text: bytes) -> dict[str, int]:
    """What is strange in a text, by reason."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text")
        path.write_bytes(text)
        with open_bytes(path) as stream:
            for _ in stream:
                pass
            return stream.bad


if __name__ == "__main__":
    main()
