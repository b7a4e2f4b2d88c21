"""What one trial of the page of faults gives: a row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

RIGHT, REFUSED, WRONG = "right", "refused", "wrong"
KINDS = (RIGHT, REFUSED, WRONG)


class Example(NamedTuple):
    """A file that pandas reads to numbers, and not to those that stand there, without a word."""

    file: str
    here: str
    pandas: str


class Row(NamedTuple):
    """What came of one trial.

    Attributes
    ----------
    trial : str
    here : Counter
        How many were RIGHT, REFUSED and WRONG.
    wrong : list of str
        What was wrong, one sentence each.
    peer : str
        Who tried the same.
    beside : mapping of str to int
        What came of it there.
    examples : sequence of Example
    """

    trial: str
    here: Counter[str]
    wrong: list[str]
    peer: str = ""
    beside: Mapping[str, int] = MappingProxyType(Counter())
    examples: Sequence[Example] = ()


def row_of(trial: str, outcomes: list[tuple[str, str]]) -> Row:
    """A row of outcomes, each with what is wrong about it."""
    wrong = [sentence for came, sentence in outcomes if came == WRONG]
    return Row(trial, Counter(came for came, _ in outcomes), wrong)
