"""State to a file and back: whole or not at all, and checked to the last byte.

A checkpoint is one file: a first line that names it, a header in JSON on one line, and the bytes of
the learner's two arrays. ``head -2`` shows what it holds; nothing in it is ever executed.

    forecast checkpoint 1 <bytes of the header> <sha256 of the header>
    {"learner": "Level", "options": {"horizons": [1]}, ..., "sha256": <of the bytes below>}
    floats, then ints, then what else was to be kept: 8 bytes each, least significant byte first

The sums find damage, not malice: load checkpoints that you or somebody you trust has written.
"""

import contextlib
import hashlib
import json
import operator
import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from forecast import __version__
from forecast.lock import locked

if TYPE_CHECKING:
    from forecast.learner import FlatLearner

FORMAT = 1
MAGIC = b"forecast checkpoint "
FIRST_LINE = re.compile(rb"forecast checkpoint ([0-9]{1,9}) ([0-9]{1,9}) ([0-9a-f]{64})\n")
LONGEST_FIRST_LINE = 128
MOST_HEADER = 1_000_000  # bytes
MOST_PLACES = 1 << 60  # in one array

# The learners that a checkpoint can hold, and where each lives.
ROOMS = {
    "Level": "forecast.numbers.memories",
    "Scale": "forecast.numbers.memories",
    "GradientRegression": "forecast.numbers.memories",
    "LeastSquaresRegression": "forecast.numbers.memories",
    "Naive": "forecast.numbers.naive",
    "Paced": "forecast.numbers.paced",
    "Regression": "forecast.numbers.regression",
    "ReturnForecaster": "forecast.numbers.returns",
    "LightForecaster": "forecast.numbers.light",
    "NumberForecaster": "forecast.numbers.forecaster",
    "Remembering": "forecast.remembering",
    "ByteForecaster": "forecast.words.byte_forecaster",
    "WordForecaster": "forecast.words.forecaster",
    "LabelForecaster": "forecast.labels.forecaster",
    "RememberingLabels": "forecast.labels.remembering",
}

# What a header holds, by type.
FIELDS: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "version": str,  # of the package that wrote it
    "learner": str,
    "options": dict,  # the arguments that make the learner
    "layout": str,  # sha256 of the names, offsets and shapes of its state
    "floats": dict,  # dtype, with the order of its bytes, and shape
    "ints": dict,
    "source": (str, type(None)),  # the input that was learned, if told
    "offset": (int, type(None)),  # where in it to go on
    "sha256": str,  # of the bytes of both arrays
}
# What it holds where a run keeps more than its learner.
MORE: dict[str, type | tuple[type, ...]] = {
    "more": dict,  # as of floats: what belongs to no learner, as questions that wait
    "notes": dict,  # where a run stands, in its own words
}
DTYPES = {"floats": "<f8", "ints": "<i8", "more": "<f8"}
AGAIN = "copy it again from where it was written, or go on from an older one"


class CheckpointError(ValueError):
    """A file is no checkpoint that can be gone on from; the message says why, and what to do."""


class Kept(NamedTuple):
    """All that a checkpoint holds."""

    learner: "FlatLearner"
    more: np.ndarray  # float64 [n]: what was kept beside the learner; empty where nothing was
    notes: dict[str, Any]


def save(
    path: str | os.PathLike[str],
    learner: "FlatLearner",
    *,
    source: str | None = None,
    offset: int | None = None,
    more: np.ndarray | None = None,
    notes: dict[str, Any] | None = None,
) -> None:
    """Write a learner's whole state to a file, in one step: the old file stays until then.

    Parameters
    ----------
    path : path
        Replaced if it exists.
    learner : FlatLearner
        One of the library.
    source : str, optional
        Name of the input that it has learned.
    offset : int, optional
        Where in that input to go on, in whatever unit the reader of it counts.
    more : ndarray of float64 [n], optional
        What a run keeps beside its learner: see `load_whole`.
    notes : dict, optional
        Where a run stands; JSON can hold it.

    Raises
    ------
    CheckpointError
        If the learner is of a kind that no checkpoint can hold, or the header gets too long.
    OSError
        If the file cannot be written; one that was there before is then untouched.

    Examples
    --------
    >>> import tempfile
    >>> from forecast import Level
    >>> level = Level()
    >>> level.learn(3.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder + "/level.checkpoint", level, source="sales.csv", offset=1)
    ...     again = load(folder + "/level.checkpoint")
    >>> again.predict().median
    3.0
    """
    name = type(learner).__name__
    _refuse_foreign(learner)
    body = learner.floats.astype("<f8").tobytes() + learner.ints.astype("<i8").tobytes()
    beside: dict[str, Any] = {}
    if more is not None:
        body += more.astype("<f8").tobytes()
        beside["more"] = {"dtype": "<f8", "shape": list(more.shape)}
    if notes is not None:
        beside["notes"] = notes
    header = {
        "format": FORMAT,
        "version": __version__,
        "learner": name,
        "options": learner.options(),
        "layout": _layout_hash(learner),
        "floats": {"dtype": "<f8", "shape": list(learner.floats.shape)},
        "ints": {"dtype": "<i8", "shape": list(learner.ints.shape)},
        "source": source,
        "offset": None if offset is None else operator.index(offset),
        **beside,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    text = json.dumps(header, default=_spoken, allow_nan=False).encode() + b"\n"
    if len(text) > MOST_HEADER:
        raise CheckpointError(
            f"the header would take {len(text)} bytes, more than {MOST_HEADER}: "
            "give fewer horizons or a shorter name of the source"
        )
    first = MAGIC + f"{FORMAT} {len(text)} {hashlib.sha256(text).hexdigest()}\n".encode()
    _replace(Path(path), first + text + body)


def _refuse_foreign(learner: Any) -> None:
    """Stop at a learner that is not one of the library."""
    name = type(learner).__name__
    if name not in ROOMS or type(learner) is not _kind(name):
        raise CheckpointError(
            f"a checkpoint cannot hold a {name}: it holds one of {', '.join(ROOMS)}; "
            "keep the arrays `floats` and `ints` of a learner of your own yourself"
        )


def _spoken(option: Any) -> Any:
    """An option as JSON has it: one of numpy's integers, or a learner that another is made of."""
    if not hasattr(option, "options"):
        return operator.index(option)
    _refuse_foreign(option)
    return {"learner": type(option).__name__, "options": option.options()}


def load(path: str | os.PathLike[str]) -> "FlatLearner":
    """The learner that a file holds, in the very state in which it was saved.

    Parameters
    ----------
    path : path
        What `save` has written.

    Returns
    -------
    FlatLearner
        Of the class that was saved; it goes on as that one would have, bit for bit.

    Raises
    ------
    CheckpointError
        If the file is damaged, cut short, of another kind or of a newer version, or if this version
        keeps the state of such a learner in another way. No part of it is used then.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from forecast import Level
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder + "/level.checkpoint", Level(horizons=(1, 7)))
    ...     load(folder + "/level.checkpoint")
    Level(horizons=(1, 7))
    """
    return load_whole(path).learner


def load_whole(path: str | os.PathLike[str]) -> Kept:
    """The learner that a file holds, and what a run has kept beside it; raises as `load` does."""
    path = Path(path)
    with path.open("rb") as file:
        header = _read_header(path, file)
        body = file.read(_body_size(header))
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise CheckpointError(f"{path} is damaged: its state has another sum than noted; {AGAIN}")
    learner = _rebuilt(path, header)
    n = learner.floats.nbytes
    past = n + learner.ints.nbytes
    learner.floats[:] = np.frombuffer(body[:n], "<f8")
    learner.ints[:] = np.frombuffer(body[n:past], "<i8")
    more = np.frombuffer(body[past:], "<f8").astype(np.float64)
    return Kept(learner, more, header.get("notes", {}))


def read_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file says of itself: learner, options, source, offset, version; not its state.

    Raises
    ------
    CheckpointError
        If the file is no checkpoint, is not whole, or its header is damaged.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        return _read_header(path, file)


def _read_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    """The header, once it is known to be whole and to fit the size of the file."""
    first = file.readline(LONGEST_FIRST_LINE)
    if not first:
        raise CheckpointError(f"{path} is empty; {AGAIN}")
    if not first.startswith(MAGIC) and not MAGIC.startswith(first):
        raise CheckpointError(f"{path} is not a checkpoint of forecast: give one that it has saved")
    _refuse_other_format(path, first)
    line = FIRST_LINE.fullmatch(first)
    if line is None:
        raise CheckpointError(f"{path} is damaged or cut short in its first line; {AGAIN}")
    size, digest = int(line[2]), line[3].decode()
    if size > MOST_HEADER:
        raise CheckpointError(
            f"{path} says that its header takes {size} bytes, more than {MOST_HEADER}; {AGAIN}"
        )
    text = file.read(size)
    if len(text) < size:
        raise CheckpointError(f"{path} is cut short in its header; {AGAIN}")
    if hashlib.sha256(text).hexdigest() != digest:
        raise CheckpointError(f"{path} is damaged: its header has another sum than noted; {AGAIN}")
    header = _checked_header(path, text)
    expected = len(first) + size + _body_size(header)
    if (found := os.fstat(file.fileno()).st_size) != expected:
        wrong = "is cut short" if found < expected else "goes on after its end"
        raise CheckpointError(f"{path} {wrong}: {found} bytes instead of {expected}; {AGAIN}")
    return header


def _refuse_other_format(path: Path, first: bytes) -> None:
    """Stop at the number of a format that this version does not know; nothing else is read."""
    number = re.match(rb"([0-9]{1,9}) ", first[len(MAGIC) :])
    if number is not None and (said := int(number[1])) != FORMAT:
        newer = "update forecast to load it"
        older = "load it with the forecast that saved it, or learn the input anew"
        raise CheckpointError(
            f"{path} has format {said}, and forecast {__version__} knows {FORMAT} only: "
            f"{newer if said > FORMAT else older}"
        )


def _checked_header(path: Path, text: bytes) -> dict[str, Any]:
    """The header as a dict of the fields that it must have, each of its type."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} has a header that is not JSON; {AGAIN}") from None
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} has a header that is not a JSON object; {AGAIN}")
    if _numbers(str(header.get("version"))) > _numbers(__version__):
        raise CheckpointError(
            f"{path} was saved by forecast {header['version']}, which is newer than {__version__}: "
            "update forecast to load it"
        )
    for field, kind in FIELDS.items():
        if field not in header or not isinstance(header[field], kind):
            raise CheckpointError(f"{path} has a header without a valid {field!r}; {AGAIN}")
    if header["format"] != FORMAT:
        raise CheckpointError(f"{path} has a header of another format than its first line; {AGAIN}")
    for field, kind in MORE.items():
        if not isinstance(header.get(field, {}), kind):
            raise CheckpointError(f"{path} has a header without a valid {field!r}; {AGAIN}")
    for array, dtype in DTYPES.items():
        if array not in header and array in MORE:
            continue
        shape = header[array].get("shape")
        counts = isinstance(shape, list) and len(shape) == 1 and type(shape[0]) is int
        if header[array].get("dtype") != dtype or not counts or not 0 <= shape[0] <= MOST_PLACES:
            raise CheckpointError(f"{path} has a header without a valid {array!r}; {AGAIN}")
    return header


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to tell the newer of two: (0, 1, 0) of "0.1.0"."""
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version))


def _body_size(header: dict[str, Any]) -> int:
    """Bytes of all arrays."""
    return sum(8 * int(header[array]["shape"][0]) for array in DTYPES if array in header)


def _rebuilt(path: Path, header: dict[str, Any]) -> "FlatLearner":
    """A learner made of the header's options, if its state has the places that the file has."""
    name = header["learner"]
    if name not in ROOMS:
        raise CheckpointError(
            f"{path} holds a {name[:80]!r}, and forecast {__version__} knows {', '.join(ROOMS)}: "
            "load it with the version of forecast that saved it"
        )
    _refuse_large(path, header, header["options"])
    other = f"load it with forecast {header['version']}, which saved it, or learn the input anew"
    try:
        learner = _kind(name)(**_heard(header["options"]))
    except Exception as error:  # whatever is said to options that nobody has foreseen
        why = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path} has options that make no {name} in forecast {__version__} ({why}): {other}"
        ) from error
    shapes = [learner.floats.shape, learner.ints.shape]
    agree = shapes == [tuple(header[array]["shape"]) for array in ("floats", "ints")]
    if not agree or _layout_hash(learner) != header["layout"]:
        raise CheckpointError(
            f"{path} keeps the state of a {name} in other places than forecast {__version__} does: "
            f"{other}"
        )
    return learner


def _heard(options: dict[str, Any]) -> dict[str, Any]:
    """Options as a learner takes them: tuples for lists, a learner for what is said of one."""
    heard = {
        option: tuple(value) if isinstance(value, list) else value
        for option, value in options.items()
    }
    for option, value in heard.items():
        if isinstance(value, dict):
            if value["learner"] not in ROOMS:
                raise ValueError(f"no learner is called {value['learner']!r:.80}")
            heard[option] = _kind(value["learner"])(**_heard(value["options"]))
    return heard


def _refuse_large(path: Path, header: dict[str, Any], options: dict[str, Any]) -> None:
    """Options are believed only as far as the state is large: each lag or season has its place."""
    places = _body_size(header) // 8
    for option, value in options.items():
        if isinstance(value, dict) and isinstance(value.get("options"), dict):
            _refuse_large(path, header, value["options"])
        for number in value if isinstance(value, list) else (value,):
            # of bits there are as many places as numbers that they can write
            large = places.bit_length() if option == "bits" else places
            if isinstance(number, int) and number > large:
                raise CheckpointError(
                    f"{path} has {option} {number}, which does not fit a state of {places} values; "
                    f"{AGAIN}"
                )


def _kind(name: str) -> "Callable[..., FlatLearner]":
    """The class of a learner's name; its room is entered only now."""
    kind: Callable[..., FlatLearner] = getattr(import_module(ROOMS[name]), name)
    return kind


def _layout_hash(learner: "FlatLearner") -> str:
    """One sum over the name, array, offset and shape of every part of a learner's state."""
    places = [[name, *place] for name, place in learner.places.items()]
    return hashlib.sha256(json.dumps(places, default=operator.index).encode()).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file in the place of another: written beside, made durable, renamed.

    What a killed process has left beside is written over; of two that save at once one waits.
    """
    beside = path.parent / f".{path.name}.new"
    file = locked(beside, wait=True)
    assert file is not None
    with file:
        try:
            file.truncate(0)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(beside, path)  # noqa: PTH105 - one step on every system
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    # Some systems cannot make a folder durable; the file itself is whole by now.
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
