"""What to install, said where a library is missing."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def wanted(library: str, purpose: str) -> Iterator[None]:
    """Say what to install where an import finds nothing.

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
        sentence = f"to {purpose}, install {library}: pip install {library}"
        raise ModuleNotFoundError(sentence, name=library) from None
