"""Who is listened to: the members of a learner's blends, by name, and how much each weighs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.learner import FlatLearner


def weights_of(
    learner: "FlatLearner", parts: Mapping[str, Sequence[str]] | None = None
) -> dict[str, float]:
    """How much each member of a learner's blends weighs now; all together sum to 1.

    A learner with a method ``weights`` says it. Of any other it is read from its state: a place
    that its layout calls a blend, and that is as long as a gated one, begins with the weights of
    its members, the memory that forgets fastest first.

    Parameters
    ----------
    learner : FlatLearner
    parts : mapping of str to sequence of str
        Of what the members of a blend are memories, where they are of several things.

    Returns
    -------
    dict of str to float
        Empty where nothing is known of it.

    Examples
    --------
    >>> from forecast import LabelForecaster
    >>> weights = weights_of(LabelForecaster(), {"blend": ("message", "frequency")})
    >>> len(weights), list(weights)[6], round(sum(weights.values()), 9)
    (12, 'frequency, memory 1', 1.0)
    """
    said = getattr(learner, "weights", None)
    if said is not None:
        told: dict[str, float] = said()
        return told
    sizes = {name: members(len(learner.view(name))) for name in learner.places if "blend" in name}
    blends = {name: size for name, size in sizes.items() if size}
    found: dict[str, float] = {}
    for blend, size in blends.items():
        values = (learner.view(blend)[:size] / len(blends)).tolist()
        found |= dict(zip(names(blend, size, (parts or {}).get(blend, ())), values, strict=True))
    return found


def members(floats: int) -> int:
    """How many memories a gated blend of so many floats has; 0 where there is none as long."""
    from forecast.gate import gated_floats  # late: it brings the compiler along

    size = 1
    while gated_floats(size) < floats:
        size += 1
    return size if gated_floats(size) == floats else 0


def names(blend: str, size: int, parts: Sequence[str]) -> list[str]:
    """The names of the memories of a blend; what stands before a comma is drawn as one.

    Examples
    --------
    >>> names("blend", 4, ("message", "frequency"))
    ['message, memory 1', 'message, memory 2', 'frequency, memory 1', 'frequency, memory 2']
    >>> names("pair blend", 2, ())
    ['memory 1, pair', 'memory 2, pair']
    """
    if parts:
        each = size // len(parts)
        return [f"{part}, memory {k + 1}" for part in parts for k in range(each)]
    of = blend.removesuffix("blend").strip()
    return [f"memory {k + 1}{', ' if of else ''}{of}" for k in range(size)]
