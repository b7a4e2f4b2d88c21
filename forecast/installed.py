"""What to install, said where a library is missing: before the work begins, not at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

COMPILED = "numpy", "numba", "llvmlite", "scipy"
# what each command, and the function of a notebook, cannot do without
NEEDS = {
    "run": (*COMPILED, "matplotlib", "river", "narwhals"),
    "live": COMPILED,
    "compare": (*COMPILED, "pandas", "matplotlib", "statsmodels"),
    "check": COMPILED,
    "evaluate": (*COMPILED, "pandas", "matplotlib", "river", "narwhals"),
}


def missing(task: str, terminal: bool) -> str:
    """A sentence that says what to install for a command; "" where nothing is missing.

    Examples
    --------
    >>> missing("live", terminal=False)
    ''
    """
    needs = (*NEEDS.get(task, ()), *(["rich"] if terminal and task in NEEDS else []))
    names = [name for name in needs if find_spec(name) is None]
    if not names:
        return ""
    is_not = "is not" if len(names) == 1 else "are not"
    return (
        f"forecast {task} needs {' and '.join(names)}, which {is_not} installed here: "
        f"pip install {' '.join(names)}"
    )


@contextmanager
def wanted(library: str, purpose: str, install: str | None = None) -> Iterator[None]:
    """Say what to install where an import finds nothing; of that library, or what brings it.

    Examples
    --------
    >>> with wanted("nowhere", "see what is not there"):
    ...     import nowhere
    Traceback (most recent call last):
    ModuleNotFoundError: to see what is not there, install nowhere: pip install nowhere
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != library:
            raise
        sentence = f"to {purpose}, install {library}: pip install {install or library}"
        raise ModuleNotFoundError(sentence, name=library) from None
