"""The build of the package: a cache that is never stale, plain kernels, rooms in order."""

import ast
import importlib
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import forecast
from forecast.code_cache import BUILD

PACKAGE = Path(forecast.__file__).resolve().parent

# A small kernel of one file that calls kernels of two others.
SMALL = """
import forecast
from forecast.numbers.scale import scale_learn
value = scale_learn(1.0, 100.0, 0.5, 20.0)
print(forecast.__file__, value, sum(scale_learn.stats.cache_hits.values()))
"""
LEARNING = """
from forecast import Level
level = Level()
for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0, 4.0, 104.0, 106.0, 105.0, 104.0]:
    level.learn(y)
print(level.predict().median.hex())
"""


def python(code: str, home: Path, **variables: str) -> str:
    """What a new process prints that finds the package in ``home``, and no place for a cache."""
    unset = {"HOME", "XDG_CACHE_HOME", "PYTHONPATH", "NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"} | variables
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=home
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a copy of the package that was never run."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "home" / "forecast", ignore=ignored)
    return tmp_path / "home"


def small(home: Path, **variables: str) -> tuple[float, int]:
    """The small kernel's value, and how often its code was found in a cache."""
    file, value, hits = python(SMALL, home, **variables).split()
    assert Path(file).parent == home / "forecast"
    return float(value), int(hits)


def forbid_writing(home: Path) -> None:
    """Make the package read-only, for root too, whom permissions do not stop."""
    (home / "forecast" / "__pycache__").touch()
    for path in (home / "forecast").rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)


# --- the cache --------------------------------------------------------------------------------


def test_an_edited_kernel_is_never_served_stale_to_its_callers(home: Path) -> None:
    folders = home / "forecast" / "__pycache__"
    # 1 + 0.5 (min(100, 8) - 1)
    assert small(home) == (4.5, 0)
    before = {path.name for path in folders.glob("kernels-*")}
    assert small(home) == (4.5, 1)
    assert {path.name for path in folders.glob("kernels-*")} == before

    rate = home / "forecast" / "rate.py"
    source = rate.read_text()
    line = "return max(-bound, min(bound, error))"
    assert source.count(line) == 1
    rate.write_text(source.replace(line, "return 10.0 * max(-bound, min(bound, error))"))
    # 1 + 0.5 (10 min(100, 8) - 1)
    assert small(home) == (40.5, 0)
    after = {path.name for path in folders.glob("kernels-*")}
    assert len(after) == 1 and not after & before  # the code of the old source is thrown away


def test_it_is_known_whether_machine_code_is_kept(home: Path) -> None:
    asked = "from forecast.code_cache import nothing_kept; print(nothing_kept())"
    assert python(asked, home) == "True\n"
    small(home)
    assert python(asked, home) == "False\n"


def test_where_nothing_can_be_written_it_forecasts_all_the_same(home: Path) -> None:
    forbid_writing(home)
    level = forecast.Level()
    for y in [3.0, 5.0, 4.0, 4.0, 3.0, 5.0, 4.0, 104.0, 106.0, 105.0, 104.0]:
        level.learn(y)
    assert python(LEARNING, home) == level.predict().median.hex() + "\n"


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_read_only_package_keeps_its_code_in_the_cache_of_its_user(
    home: Path, tmp_path: Path, variable: str
) -> None:
    forbid_writing(home)
    user = tmp_path / "user"
    assert small(home, **{variable: str(user)}) == (4.5, 0)
    assert small(home, **{variable: str(user)}) == (4.5, 1)
    caches = user / ".cache" if variable == "HOME" else user
    assert [path.name.split("-")[0] for path in caches.iterdir()] == ["forecast"]


def test_a_home_that_is_no_folder_costs_time_only(home: Path, tmp_path: Path) -> None:
    forbid_writing(home)
    (tmp_path / "user").touch()
    assert small(home, HOME=str(tmp_path / "user")) == (4.5, 0)


def test_a_cache_that_is_taken_away_costs_time_only(home: Path) -> None:
    taken = (
        "import shutil; from forecast.code_cache import cache_folder\n"
        "import forecast.numbers.scale; shutil.rmtree(cache_folder())\n"
    )
    assert python(taken + SMALL, home).split()[1:] == ["4.5", "0"]


def test_a_linked_kernel_whose_kept_code_was_cut_is_compiled_again(home: Path) -> None:
    assert small(home) == (4.5, 0)
    kept = list((home / "forecast" / "__pycache__").glob("kernels-*/*-linked*.nbc"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:-100])
    for path in (home / "forecast" / "__pycache__").glob("kernels-*/scale.scale_learn*"):
        path.unlink()  # so that what it calls is wanted
    assert small(home) == (4.5, 0)


def test_a_kernel_that_kernels_call_is_linked_and_no_machine_code_of_its_own(home: Path) -> None:
    asked = (
        "from forecast.rate import bounded\n"
        "for kernel in (scale_learn, bounded):\n"
        "    print(len(kernel.overloads), len(kernel.linked.overloads))\n"
    )
    assert python(SMALL + asked, home).split()[3:] == ["1", "0", "0", "1"]


def test_a_kernel_that_is_found_needs_neither_form_of_others_nor_scipy(home: Path) -> None:
    warm = (
        "import sys\n"
        "from forecast.rate import bounded\n"
        "print('linked' in vars(scale_learn), 'linked' in vars(bounded))\n"
        "print('scipy.linalg' in sys.modules)\n"
    )
    assert python(SMALL + warm, home).split()[3:] == ["False", "True", "False"]
    assert python(SMALL + warm, home).split()[3:] == ["False", "False", "False"]
    # and who asks numba for linear algebra gets it
    algebra = (
        "import numba, numpy\n"
        "print(numba.njit(lambda a: numpy.dot(a, numpy.linalg.inv(a)))(2.0 * numpy.eye(2))[0, 0])\n"
    )
    assert python(SMALL + algebra, home).split()[3:] == ["1.0"]


def test_a_kernel_gives_the_same_bits_called_and_linked() -> None:
    from forecast.compiled import bound
    from forecast.distribution.t4 import t4_upper

    def loop(x: float) -> float:
        return upper(x)  # type: ignore[name-defined,no-any-return]  # noqa: F821

    linked = bound(loop, upper=t4_upper)
    for x in [-1e300, -3.7, -1e-9, 0.0, 0.1, 2.0 / 3.0, 41.0, 1e300]:
        assert linked(x).hex() == t4_upper(x).hex()


def test_a_bound_loop_calls_the_kernels_it_was_given() -> None:
    from forecast.compiled import bound
    from forecast.rate import bounded, constant

    def loop(x: float) -> float:
        return chosen(x) + 1.0  # type: ignore[name-defined,no-any-return]  # noqa: F821

    assert bound(loop, chosen=constant)(5.0) == 6.0
    assert bound(loop, chosen=_clipped(bounded))(5.0) == 4.0


def _clipped(bounded: object) -> object:
    """The bounded error with the bound 3."""
    from forecast.compiled import bound

    def clip(x: float) -> float:
        return three(x, 3.0)  # type: ignore[name-defined,no-any-return]  # noqa: F821

    return bound(clip, three=bounded)


# --- what a kernel may say --------------------------------------------------------------------


class Kernel(NamedTuple):
    path: Path
    name: str  # by which kernels call it
    function: ast.FunctionDef
    free: frozenset[str]  # names that stand for whatever it is bound to


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "compiled.py":
            yield path, ast.parse(path.read_text())


def given_to(function: str, tree: ast.Module) -> set[str]:
    """Names that a file gives to a function as its first argument."""
    return {
        node.args[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and isinstance(node.args[0], ast.Name)
    }


def unbound(tree: ast.Module) -> set[str]:
    """Names that stand for whatever a loop of the file is bound to."""
    return {
        name.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Name)
        and node.value.id == "_unbound"
        for name in node.targets
        if isinstance(name, ast.Name)
    }


def kernels() -> Iterator[Kernel]:
    """Every function of the package that is compiled."""
    for path, tree in trees():
        loops = given_to("bound", tree)
        plain = given_to("compiled", tree)  # ``f = compiled(_f)``: Python calls _f, kernels call f
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                marks = {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}
                if marks & {"compiled", "inlined"} or node.name in loops | plain:
                    free = unbound(tree) if node.name in loops else set()
                    name = node.name.removeprefix("_") if node.name in plain else node.name
                    yield Kernel(path, name, node, frozenset(free))


KERNELS = list(kernels())
NAMES = [f"{kernel.path.stem}.{kernel.name}" for kernel in KERNELS]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=NAMES)

ALLOCATIONS = {"empty", "ones", "zeros", "int64", "float64", "uint8", "uint32", "float32"}
ARRAYS = {"floats", "ints"}  # where there is no numpy, these are others
OF_ARRAYS = {"shape", "size", "reshape", "view"}
INSTRUCTIONS = {"add_scaled", "dot", "prefetch"}  # of vectors.py, which fixes the order of sums
BUILTINS = {"abs", "bool", "enumerate", "float", "int", "len", "max", "min", "range"}
PLAIN = (
    *(ast.arguments, ast.arg, ast.expr_context, ast.Constant, ast.Name, ast.Attribute, ast.Call),
    *(ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Pass),
    *(ast.If, ast.For, ast.While, ast.Break, ast.Continue),
    *(ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator, ast.BoolOp, ast.boolop),
    *(ast.Compare, ast.cmpop, ast.IfExp, ast.Subscript, ast.Slice, ast.Tuple),
)


def body(kernel: Kernel) -> Iterator[ast.AST]:
    for statement in kernel.function.body:
        yield from ast.walk(statement)


def test_kernels_are_found() -> None:
    assert {"rate.bounded", "t4.t4_upper", "prequential.walk"} <= set(NAMES)


@every_kernel
def test_a_kernel_is_plain_arithmetic(kernel: Kernel) -> None:
    for node in body(kernel):
        where = f"{kernel.path.name}:{getattr(node, 'lineno', '?')}"
        assert isinstance(node, PLAIN) and not isinstance(node, ast.MatMult), (
            f"{where}: {type(node).__name__} does not belong in a kernel"
        )
        if isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            allowed = {"np": ALLOCATIONS, "math": set(vars(math))}.get(of, OF_ARRAYS)
            assert node.attr in allowed, f"{where}: {of}.{node.attr} does not belong in a kernel"


def names_of(tree: ast.Module) -> dict[str, str]:
    """Where each global name of a file comes from: "" for the file itself, else a module."""
    found = {}
    for node in tree.body:
        for part in ast.walk(node):
            if isinstance(part, ast.ImportFrom) and part.module:
                found |= {alias.asname or alias.name: part.module for alias in part.names}
            elif isinstance(part, ast.Import):
                found |= {alias.asname or alias.name: alias.name for alias in part.names}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = ""
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for part in (name for target in targets for name in ast.walk(target)):
                if isinstance(part, ast.Name):
                    found[part.id] = ""
    return found


@every_kernel
def test_all_that_a_kernel_uses_is_in_the_hash_of_the_cache(kernel: Kernel) -> None:
    # A global of a kernel is frozen into its code: the hash must cover the file that sets it.
    known = names_of(ast.parse(kernel.path.read_text()))
    arguments = {
        argument.arg for argument in ast.walk(kernel.function.args) if isinstance(argument, ast.arg)
    }
    names = [node for node in body(kernel) if isinstance(node, ast.Name)]
    local = arguments | {name.id for name in names if isinstance(name.ctx, ast.Store)}
    assert b"from forecast.compiled import" in kernel.path.read_bytes()
    for name in names:
        if name.id in local | kernel.free | BUILTINS:
            continue
        where = f"{kernel.path.name}:{name.lineno}: {name.id}"
        assert name.id in known, f"{where} is a builtin that does not belong in a kernel"
        room = known[name.id]
        if room.startswith("forecast."):
            source = PACKAGE.parent / Path(*room.split(".")).with_suffix(".py")
            assert (
                source.name in BUILD or b"from forecast.compiled import" in source.read_bytes()
            ), f"{where} comes from a file without kernels"
        else:
            assert room in ("", "math", "numpy"), f"{where} comes from {room}"


@every_kernel
def test_a_kernel_calls_kernels_only(kernel: Kernel) -> None:
    compiled = {other.name for other in KERNELS} | kernel.free | BUILTINS | ARRAYS | INSTRUCTIONS
    for node in body(kernel):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id in compiled, f"{kernel.path.name}:{node.lineno}: {node.func.id}"


# --- imports ----------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["forecast", "forecast.cli"])
def test_importing_loads_nothing_slow(module: str) -> None:
    slow = {"numpy", "numba", "pandas", "matplotlib", "river", "statsmodels", "scipy", "rich"}
    code = f"import sys, {module}\nprint(*sorted({slow!r} & set(sys.modules)))"
    assert python(code, PACKAGE.parent).split() == []


ROOMS = (
    "installed",
    "lock",
    "code_cache",
    "machine_code",
    "vectors",
    "compiled",
    "arrays",
    "distribution",
    "rate",
    "frame",
    "clock",
    "learner",
    "measure",
    "blend",
    "gate",
    "selves",
    "weigh",
    "changepoint",
    "neighbours",
    "rivals",
    "numbers",
    "coming",
    "remembering",
    "words",
    "labels",
    "mail",
    "paced",
    "stream",
    "truth",
    "prequential",
    "lookahead",
    "checkpoint",
    "panel",
    "report",
    "checks",
    "interop",
    "kinds",
    "flow",
    "compare",
    "written",
    "options",
    "terminal",
    "live",
    "completion",
    "cli",
    "evaluation",
    "__main__",
)


def imported(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything of ours that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                # a public name at the top stands for the room that it lives in
                public = forecast._ROOMS.get(alias.name) if module == "forecast" else None
                yield node.lineno, f"{module}.{public or alias.name}"


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_a_file_imports_only_from_rooms_above_it(path: Path) -> None:
    place = path.relative_to(PACKAGE).with_suffix("").parts
    assert place[0] in ROOMS, f"{place[0]} has no place in the list of rooms"
    for line, name in imported(ast.parse(path.read_text()), ".".join(["forecast", *place[:-1]])):
        first, *rest = name.split(".")
        if first == "forecast" and rest and not rest[0].startswith("__"):
            assert rest[0] in ROOMS, f"{path.name}:{line} imports {name}, which is no room"
            assert ROOMS.index(rest[0]) <= ROOMS.index(place[0]), (
                f"{path.name}:{line} imports {name}, which is below {place[0]}"
            )


# --- public names -----------------------------------------------------------------------------

PUBLIC = [
    "Answers",
    "Bernoulli",
    "ByteForecaster",
    "Categorical",
    "Forecast",
    "GradientRegression",
    "LEVELS",
    "LabelForecaster",
    "Learner",
    "LeastSquaresRegression",
    "Level",
    "LightForecaster",
    "Mixture",
    "Naive",
    "Normal",
    "NumberForecaster",
    "Paced",
    "Panel",
    "Quantiles",
    "Regression",
    "Remembering",
    "RememberingLabels",
    "Report",
    "ReturnForecaster",
    "Run",
    "Scale",
    "Step",
    "StudentT",
    "SymbolRun",
    "WordForecaster",
    "check",
    "evaluate",
    "load",
    "run",
    "save",
]


def test_the_public_names_are_these() -> None:
    assert sorted(forecast.__all__) == PUBLIC
    assert dir(forecast) == sorted(forecast.__all__)
    with pytest.raises(AttributeError, match="no attribute 'oracle'"):
        _ = forecast.oracle


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_what_its_room_has(name: str) -> None:
    room = importlib.import_module(f"forecast.{forecast._ROOMS[name]}")
    assert getattr(forecast, name) is getattr(room, name)


def test_names_for_type_checkers_are_the_public_ones() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (checking,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module
        for node in checking.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: f"forecast.{room}" for name, room in forecast._ROOMS.items()}


def test_a_loop_with_a_kernel_of_a_users_file_is_not_kept() -> None:
    from forecast.compiled import compiled
    from forecast.machine_code import _Kept
    from forecast.numbers.memories import Level as Ours
    from forecast.prequential import walk_of

    @compiled
    def own_ask(f, i, c, h, row):  # type: ignore[no-untyped-def]
        row[:] = 0.0

    class Level(Ours):
        """Of the same name as one of the library, and with a kernel of its own."""

        _ask = staticmethod(own_ask)

    kept, mine = (walk_of(of._learn, of._ask, of.family) for of in (Ours, Level))
    assert isinstance(kept._cache, _Kept)
    assert not isinstance(mine._cache, _Kept)
    assert kept.py_func.__name__ != mine.py_func.__name__
