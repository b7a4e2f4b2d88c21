"""A learner that a person names on the command line, as ``module:factory``."""

import importlib
import sys
from pathlib import Path

from forecast.checks.law import Factory

PARTS = ("horizons", "rate", "rate_of", "predict", "learn")  # what the loop asks of a learner


class NotFoundError(ValueError):
    """A name that leads to no learner; the message says where it ends."""


class UnusableError(ValueError):
    """What a name leads to cannot be used; the message says why."""


def factory_named(name: str) -> Factory:
    """The class or function without arguments that a name leads to.

    Parameters
    ----------
    name : str
        ``module:factory``, the module being found from the working directory too.

    Raises
    ------
    NotFoundError
        If there is no such module, or nothing of that name in it.
    UnusableError
        If the module or the factory raises, or what is made is no learner.

    Examples
    --------
    >>> factory_named("forecast:Level")().horizons
    (1,)
    """
    module, colon, wanted = name.partition(":")
    if not (module and colon and wanted.isidentifier()):
        raise NotFoundError(f"{name!r} names no learner: say module:factory, as forecast:Level")
    factory = getattr(_imported(module), wanted, None)
    if not callable(factory):
        raise NotFoundError(f"module {module} has no {wanted} that could be called")
    try:
        learner = factory()
    except Exception as error:
        raise UnusableError(
            f"{name} cannot be called without arguments ({type(error).__name__}: {error}): "
            "name a function that makes the learner"
        ) from error
    if missing := [part for part in PARTS if not hasattr(learner, part)]:
        raise UnusableError(
            f"what {name} makes has no {', no '.join(missing)}: a learner is a forecast.Learner"
        )
    made: Factory = factory
    return made


def _imported(name: str) -> object:
    """A module, found from the working directory first."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise NotFoundError(f"there is no module {error.name}, from here: {here}") from None
        raise UnusableError(f"module {name} does not load: {error}") from error
    except Exception as error:
        raise UnusableError(
            f"module {name} does not load: {type(error).__name__}: {error}"
        ) from error
