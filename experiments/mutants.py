"""Small faults by the hundred, each in one place of one file: do the tests tell them?

    python experiments/mutants.py [FILE ...]

Cosmic Ray says where a file can be changed and how (``pip install cosmic-ray``); here each mutant
is a child of a process that has already loaded everything else, so that it costs little more than
the first test that fails. A kernel whose file is changed is run as plain Python: nothing is
compiled, and nothing compiled before is used.
"""

import gc
import importlib.abc
import importlib.util
import json
import math
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest
from page import Page, table

ROOT = Path(__file__).parent.parent
SEED = 6
TOLD_AT_IMPORT = 71

# On floats these are type errors: killed for nothing, they would only raise the score.
NOT_ASKED = {"RShift", "LShift", "BitOr", "BitAnd", "BitXor", "Invert", "Is", "IsNot"}
# Lines that are no part of the question, by what stands in them, and why.
EXCLUDED = {
    "@compiled": "nothing is compiled here",
    "@abstractmethod": "forbids what no test makes",
    "@cache": "what is made again is the same",
    "TYPE_CHECKING": "read by mypy alone",
}
# Survivors that are no gap in the tests: what stands in the line, and why it changes nothing.
SETTING = "a strength that is worth trying: a setting, chosen by experiments/rates.py"
EQUIVALENT: dict[str, dict[str, str]] = {
    "rate": {
        "max(-12.0": "far below SLOWEST: no rate is another, only the time to come back",
        ": Rule(": SETTING,
    },
    "distribution/bent": {
        "right <= 0.0:": "the slope is 0 there, and what is divided by it infinite as well",
        "if right > 0.0 else": "no tail is below 0, and one of 0 adds nothing",
        "median = values": "any of the values will do to count from",
    },
    "distribution/student": {
        "out = 1e30": "the same number, written in another way",
    },
    "distribution/quantiles": {
        "for tail in tails": "a tail that is no number is not at least 0 either",
    },
    "distribution/bounded": {
        "if x < low:": "x is the bound itself then",
        "return high if x > high": "x is the bound itself then",
        "if mass > 0.0:": "where no float holds the mass of a tail, hardly one holds its density",
    },
    "distribution/mixture": {
        "x = x - step if low": "after a worse step the bracket is halved: more steps, the same end",
        "high = max(high": "a wider bracket: more steps, the same end",
        "x = 0.5 * (low + high)": "a worse first guess: more steps, the same end",
        "abs(w.sum() - 1.0)": "no sum of weights is just so far from 1",
        "self.locations[0], self.scales[0]": "it has one part",
    },
    "distribution/hinged": {
        "if not (0.0 < before": "a distribution function is never below 0",
        "if p <= below": "both sides of the hinge meet there",
        "self.pdf(self.quantile(p))": "a mean over 2,000 quantiles is no nearer than that",
    },
    "prequential": {
        'getattr(learner, "beside", 0)': "who lacks it is walked in Python, and told nothing",
        'getattr(forecast, "mean", 0.0)': "any number is known",
        "judge(np.array([0.0": "of what was said it looks at the cell and the rate only",
        "reshape(-1": "any negative number means the same",
        "len(item) == 2": "no item of a stream is a tuple of one",
        "y is None else y, strict=True": "learn refuses another number of channels as well",
        "self._columns == LONG": "none is longer, and rivals that nobody asks cost time",
        "if self._beside or": "ours take a row without columns for one whose columns are missing; "
        "kernels of another learner may read them",
        "if asked < 0": "before its first row a queue knows nothing",
        "late = x is not None and horizon": "no horizon is below 1",
        "if self._columns == SHORT": "none is shorter",
        "if self.series == 1 else": "no stream has fewer than one series",
        "* (len(Answers._fields)": "15 % 8 is 15 - 8",
    },
    "checkpoint": {
        "LONGEST_FIRST_LINE =": "no first line is so long",
        "said := int(": "the space behind the number is no digit",
        "continue": "what may be left out is the last",
        'else "goes on after its end"': "of the same size it is not wrong",
        "type(shape[0])": "the shape has one number, the first and the last",
        "not 0 <= shape[0]": "the shape has one number, the first and the last",
        '["shape"][0])': "the shape has one number, the first and the last",
        "agree = shapes": "with another shape the sum over the places differs as well",
        "beside.unlink(": "it lies there until it is renamed",
    },
}


class Subject(NamedTuple):
    """A file, the tests that know it, and how its kernels are run."""

    file: str
    most: int  # mutants; a sample where there are more
    plain: str  # what is run as plain Python: "kernels", "loops" or "nothing"
    slowest: float  # s; tests that take longer without a fault are left out
    tests: list[str]


OF_DISTRIBUTIONS = {
    "bent": 60,
    "bounded": 40,
    "student": 30,
    "mixture": 40,
    "hinged": 30,
    "quantiles": 30,
}
SUBJECTS = [
    Subject("rate", 200, "kernels", 2.0, ["tests/test_rate.py", "forecast/rate.py"]),
    *(
        Subject(
            f"distribution/{name}",
            most,
            "kernels",
            2.0,
            [
                *("tests/test_distribution.py", "tests/test_references.py"),
                *("tests/test_bounds.py", "tests/test_lattice.py"),
                f"forecast/distribution/{name}.py",
            ],
        )
        for name, most in OF_DISTRIBUTIONS.items()
    ),
    Subject(
        "prequential",
        200,
        "loops",
        4.0,
        [
            *("tests/test_prequential.py", "tests/test_laws.py", "tests/test_context.py"),
            *("tests/test_words.py", "tests/test_labels.py", "forecast/prequential.py"),
        ],
    ),
    Subject("checkpoint", 100, "nothing", 4.0, ["tests/test_checkpoint.py"]),
]
# Of these files only some tests are asked: laws of learners whose loop is quick in Python.
CHOSEN = {
    "test_laws.py": ("[level", "[words", "[labels", "[light-", "a_sound", "[forecaster, 3"),
    "test_words.py": ("block", "run", "loop", "chunk"),
    "test_labels.py": ("block", "run", "loop", "chunk", "come_late", "cannot_wait"),
    "test_lattice.py": ("mass", "points"),
    "test_bounds.py": ("an_atom", "mean_and_crps", "beyond_the_bounds"),
}


class Mutant(NamedTuple):
    """A file with one fault in it."""

    line: int
    before: str
    after: str
    source: str


class Outcome(NamedTuple):
    """What became of the mutants of a file."""

    subject: Subject
    possible: int
    tried: int
    excluded: int
    survivors: list[Mutant]
    tests: int
    left_out: list[str]
    seconds: float  # of CPU


# ---- mutants -------------------------------------------------------------------------------------


def mutants_of(subject: Subject) -> tuple[int, int, list[Mutant]]:
    """How many are possible, how many of them lie in excluded lines, and a sample of the rest."""
    from cosmic_ray.commands.init import _all_work_items
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    path = ROOT / "forecast" / f"{subject.file}.py"
    source = path.read_text()
    lines = source.split("\n")
    specs = [item.mutations[0] for item in _all_work_items([path], {})]
    asked = [spec for spec in specs if not NOT_ASKED & set(spec.operator_name.split("_"))]
    kept = [
        spec for spec in asked if not any(mark in lines[spec.start_pos[0] - 1] for mark in EXCLUDED)
    ]
    chosen = kept
    if len(kept) > subject.most:
        chosen = random.Random(SEED).sample(kept, subject.most)
    found = []
    for spec in sorted(chosen, key=lambda spec: spec.start_pos):
        mutated = mutate_code(source, get_operator(spec.operator_name)(), spec.occurrence)
        found.append(_shown(spec.start_pos[0], lines, mutated))
    return len(kept), len(asked) - len(kept), found


def _shown(line: int, lines: list[str], mutated: str) -> Mutant:
    """A mutant with the first line that it changes, before and after."""
    others = mutated.split("\n")
    for number, (before, after) in enumerate(zip(lines, others, strict=False), 1):
        if before != after:
            return Mutant(number, before.strip(), after.strip(), mutated)
    return Mutant(line, "", "", mutated)


# ---- one child -----------------------------------------------------------------------------------


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds one module in its place, and gives it another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_source(self, fullname: str) -> str:
        return self.source

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.source, str(self.path))


def plain_kernels() -> None:
    """Put a room in the place of ``forecast.compiled`` that compiles nothing."""
    room = ModuleType("forecast.compiled")
    lenient = ModuleType("math")
    lenient.__dict__.update(math.__dict__)
    # a compiled log of 0 is -inf and raises nothing
    lenient.log = lambda x: math.log(x) if x != 0.0 else -math.inf

    def compiled(kernel: Any) -> Any:
        kernel.py_func = kernel
        if "math" in kernel.__globals__:
            kernel.__globals__["math"] = lenient
        return kernel

    room.compiled = room.inlined = compiled
    room.bound, room.is_plain = bound, lambda: False
    sys.modules["forecast.compiled"] = room


def bound(loop: Any, **kernels: Any) -> Any:
    """A loop in Python whose free names are these kernels."""
    own = FunctionType(loop.__code__, {**loop.__globals__, **kernels}, loop.__name__)
    own.__module__ = loop.__module__
    return own


def plain_loops() -> None:
    """Leave the kernels compiled, and the loops that call them in Python."""
    import forecast.compiled

    forecast.compiled.bound = bound


class Ordered:
    """Asks the quickest tests first, and leaves out those that are not asked."""

    def __init__(self, subject: Subject, seconds: dict[str, float], passed: set[str]) -> None:
        self.subject, self.seconds, self.passed = subject, seconds, passed

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = []
        for item in items:
            parts = CHOSEN.get(item.path.name)
            if parts is None or any(part in item.nodeid for part in parts):
                wanted.append(item)
        if self.passed:
            wanted = [item for item in wanted if item.nodeid in self.passed]
            wanted.sort(key=lambda item: self.seconds[item.nodeid])
        items[:] = wanted


class Noted(Ordered):
    """Notes of each test whether it passes and how long it takes."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def tested(subject: Subject, plugin: Ordered, source: str | None) -> int:
    """Run the tests in this process, with a file changed; returns pytest's exit code."""
    name = f"forecast.{subject.file.replace('/', '.')}"
    if subject.plain == "kernels":
        plain_kernels()
    if subject.plain == "loops":
        plain_loops()
    if source is not None:
        path = ROOT / "forecast" / f"{subject.file}.py"
        sys.meta_path.insert(0, Changed(name, path, source))
        # before pytest, which would load the file itself to find its doctests
        try:
            importlib.import_module(name)
        except Exception:
            return TOLD_AT_IMPORT
    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", "-W", "ignore"]
    options += ["--doctest-modules", "-m", "not slow", "--tb=no", "--no-header"]
    # nobody reads why an assertion failed, nor waits for what was never collected
    options += ["--assert=plain", "-p", "no:unraisableexception", "-p", "no:threadexception"]
    stop = ["-x"] if source is not None else []
    return int(pytest.main([*options, *stop, *subject.tests], plugins=[plugin]))


def child(work: Any, cpu: int) -> tuple[int, float]:
    """Do some work in a fork with so many seconds; returns its exit code and CPU seconds."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = work()
        finally:
            os._exit(code)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


# ---- all of them ---------------------------------------------------------------------------------


def preload() -> None:
    """Load what all tests need, but nothing of forecast: a child inherits it."""
    names = ["hypothesis", "numba", "scipy.integrate", "scipy.special", "scipy.stats", "pandas"]
    names += ["scoringrules", "mpmath", "statsmodels.tsa.api", "scipy.optimize"]
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)
    assert not any(name.startswith("forecast") for name in sys.modules)
    gc.collect()
    gc.freeze()


def faultless(subject: Subject) -> tuple[dict[str, float], set[str]]:
    """Seconds of each test without a fault, and which of them pass."""
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "noted"

        def work() -> int:
            plugin = Noted(subject, {}, set())
            tested(subject, plugin, None)
            noted.write_text(json.dumps([plugin.seconds, sorted(plugin.passed)]))
            return 0

        code, _ = child(work, 1200)
        assert code == 0, f"{subject.file}: the tests do not run ({code})"
        seconds, passed = json.loads(noted.read_text())
    return seconds, set(passed)


def outcomes() -> Iterator[Outcome]:
    """Try the mutants of all files."""
    preload()
    os.chdir(ROOT)
    for subject in SUBJECTS:
        faultless(subject)  # compiles what is compiled, so that no test is slow for that
        seconds, passed = faultless(subject)
        quick = {name for name in passed if seconds[name] <= subject.slowest}
        assert quick, f"{subject.file}: no test passes"
        whole = sum(seconds[name] for name in quick)
        unchanged = (ROOT / "forecast" / f"{subject.file}.py").read_text()
        plugin = Ordered(subject, seconds, quick)
        code, _ = child(partial(tested, subject, plugin, unchanged), _cpu(whole))
        assert code == 0, f"{subject.file}: a file without a fault is killed ({code})"
        possible, excluded, mutants = mutants_of(subject)
        survivors, spent = [], 0.0
        started = time.monotonic()
        for at, mutant in enumerate(mutants):
            plugin = Ordered(subject, seconds, quick)
            code, cpu = child(partial(tested, subject, plugin, mutant.source), _cpu(whole))
            spent += cpu
            if code == 0:
                survivors.append(mutant)
                print(f"{subject.file}:{mutant.line} {mutant.before} -> {mutant.after}", flush=True)
            if at % 50 == 49:
                done = f"{at + 1} of {len(mutants)}, {len(survivors)} alive"
                print(f"# {subject.file}: {done}, {time.monotonic() - started:.0f} s", flush=True)
        left_out = sorted(set(seconds) - quick)
        tried = len(mutants)
        yield Outcome(subject, possible, tried, excluded, survivors, len(quick), left_out, spent)


def _cpu(whole: float) -> int:
    """Seconds that a child may use: one that takes longer hangs, and is killed by that."""
    return int(20 + 4 * whole)


def explained(file: str, mutant: Mutant) -> str:
    """Why a survivor is no gap, or "" where it may be one."""
    known = EQUIVALENT.get(file, {}).items()
    return next((why for part, why in known if part in mutant.before), "")


def main(names: list[str]) -> None:
    if names:
        SUBJECTS[:] = [subject for subject in SUBJECTS if subject.file in names]
    page = Page("Do the tests tell small faults?", __file__, " ".join(names))
    marks = "; ".join(f"`{mark}` ({why})" for mark, why in EXCLUDED.items())
    page.say(
        "A mutant is a file with one operator, number, comparison or condition changed, by the "
        "operators of Cosmic Ray; those that only make a type error of a float (shifts, bitwise, "
        f"`is`) are not asked. Where there are too many, a sample is taken (seed {SEED}). A mutant "
        "is killed when one of the file's own quick tests fails, or runs for four times as long. "
        f"Lines left out: {marks}. Kernels of rate and distributions are run as plain Python; of "
        "prequential the loops; of checkpoint nothing is."
    )
    rows, lists = [], []
    for outcome in outcomes():
        file, alive = outcome.subject.file, outcome.survivors
        killed = outcome.tried - len(alive)
        rows.append(
            [
                f"`{file}.py`",
                *(f"{n:,}" for n in (outcome.possible, outcome.excluded, outcome.tried, killed)),
                f"**{100.0 * killed / outcome.tried:.1f} %**",
                f"{sum(bool(explained(file, mutant)) for mutant in alive)} of {len(alive)}",
                f"{outcome.tests}",
                f"{outcome.seconds:,.0f}",
            ]
        )
        for mutant in alive:
            why = explained(file, mutant) or "a gap, or not looked into"
            change = f"`{mutant.before}` → `{mutant.after}`".replace("|", "\\|")
            lists.append([f"{file}.py:{mutant.line}", change, why])
    header = ["file", "possible", "left out", "tried", "killed", "score"]
    page.say(table([*header, "survivors explained", "tests", "CPU s"], rows))
    if lists:
        page.say("## Survivors\n\n" + table(["where", "change", "why it lives"], lists))
    page.write()


if __name__ == "__main__":
    main(sys.argv[1:])
