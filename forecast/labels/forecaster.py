"""The forecaster of labels: spam or not, up or down, by what the message says.

Fast members learn from one click, slow ones from the long run, and a gate weighs them by how well
each saw the last labels coming: see ``belief``. The last labels can be taken back: see ``journal``.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from forecast.arrays import Floats, floats, ints
from forecast.compiled import compiled
from forecast.gate import WEIGHED
from forecast.labels.belief import (
    BLEND,
    MEMBERS,
    MIXTURE,
    NAMES,
    ROW,
    SHARED,
    belief_begin,
    belief_evidence,
    belief_learn,
    belief_logits,
    belief_probability,
    belief_rate,
)
from forecast.labels.evidence import EVIDENCE, SEEN, evidence_of, evidence_text
from forecast.labels.journal import (
    AT_HAND,
    JOURNAL_INTS,
    journal_floats,
    journal_undo,
    journal_write,
    known_label,
)
from forecast.labels.learner import LabelLearner, checked_labels
from forecast.learner import EFFECTIVE_RATE, EXPECTED, SPELLED, SURPRISE, TOP, Layout

MOST_BITS = 24

# floats: what all messages share, the journal, the rows; integers: bits, labels learned, journal
JOURNAL = SHARED
BITS, LEARNED = range(2)
NOTES = 2


@compiled
def journal_of(f, i):
    """The floats of the journal."""
    return f[JOURNAL : JOURNAL + journal_floats(i[BITS])]


@compiled
def rows_of(f, i):
    """The rows of all places."""
    return f[JOURNAL + journal_floats(i[BITS]) :]


@compiled
def label_logits(f, i, x, z):
    """Write the logit that each member gives to the positive label, into ``z`` [MEMBERS].

    Returns
    -------
    int
        The label that this very message had lately, or UNKNOWN.
    """
    places, seen = ints(EVIDENCE), ints(SEEN * EVIDENCE)
    told, n = evidence_of(x, i[BITS], places, seen)
    belief_logits(f, rows_of(f, i), places, told, n, z)
    return known_label(i[NOTES:], places, n)


@compiled
def label_ask(f, i, x, y, said):
    """What the blend says of label y beside the message x."""
    z = floats(MEMBERS)
    known = label_logits(f, i, x, z)
    p, other = belief_probability(f, z, y[0], known), belief_probability(f, z, 1 - y[0], known)
    said[SURPRISE] = -math.log(p)
    # sum_y p(y) (-log p(y))
    said[EXPECTED] = -p * math.log(p) - other * math.log(other)
    said[EFFECTIVE_RATE] = belief_rate(f, i[LEARNED])
    said[SPELLED] = 0.0


@compiled
def label_top(f, i, x, ids, ps):
    """Both labels, the likelier first."""
    z = floats(MEMBERS)
    known = label_logits(f, i, x, z)
    for place in range(TOP):
        ids[place] = -1
        ps[place] = 0.0
    no, yes = belief_probability(f, z, 0, known), belief_probability(f, z, 1, known)
    ids[0] = 1 if yes > no else 0
    ids[1] = 1 - ids[0]
    ps[0], ps[1] = max(no, yes), min(no, yes)


@compiled
def label_learn(f, i, x, y):
    """Note what will change, and learn label y of the message x."""
    places, seen = ints(EVIDENCE), ints(SEEN * EVIDENCE)
    told, n = evidence_of(x, i[BITS], places, seen)
    places_learn(f, i, places, told, n, int(y[0]))


@compiled
def places_learn(f, i, places, told, n, y):
    """The same for the places of what a message shows."""
    notes = i[NOTES:]
    known = known_label(notes, places, n)
    w = rows_of(f, i)
    journal_write(journal_of(f, i), notes, f, w, places, told, n, y, i[LEARNED])
    belief_learn(f, w, places, told, n, y, i[LEARNED], known)
    i[LEARNED] += 1


@compiled
def label_undo(f, i):
    """Take the newest label back."""
    i[LEARNED] = journal_undo(journal_of(f, i), i[NOTES:], f, rows_of(f, i))


@compiled
def label_evidence(f, i, x, seen, nats):
    """Write what a message shows and what each piece of it says; returns how many there are."""
    places = ints(EVIDENCE)
    told, n = evidence_of(x, i[BITS], places, seen)
    belief_evidence(f, rows_of(f, i), places, told, n, nats)
    return n


class Evidence(NamedTuple):
    """A piece of what a message shows, and what it says."""

    text: str
    nats: float  # of log odds, for the positive label


class LabelForecaster(LabelLearner):
    """Forecasts which of two labels a message gets, and learns from each that is told.

    Parameters
    ----------
    labels : pair of str
        The negative and the positive label.
    bits : int
        All words, pairs and runs of characters share 2^bits places, 64 bytes each.
    sure : float, optional
        Where no label is told (None), the learner takes its own if it is at least so sure of it.
        Who clicks on what is wrong agrees with the rest. Without it nothing is learned then.

    Raises
    ------
    ValueError
        If the labels are not two different ones, bits is not from 1 to 24, or ``sure`` not from
        1/2 to 1.

    Examples
    --------
    >>> spam = LabelForecaster()
    >>> for text, label in [("win a prize now", "spam"), ("see you at 5", "ham")] * 3:
    ...     spam.learn(label, text)
    >>> spam.predict("A PRIZE!").top(1)[0][0], spam.predict("see you now").p("spam") < 0.5
    ('spam', True)
    """

    _learn = staticmethod(label_learn)
    _ask = staticmethod(label_ask)
    _top = staticmethod(label_top)

    def __init__(
        self,
        labels: tuple[str, str] = ("ham", "spam"),
        bits: int = 18,
        sure: float | None = None,
    ) -> None:
        self.labels = checked_labels(labels)
        if not 1 <= bits <= MOST_BITS:
            raise ValueError(f"bits must be from 1 to {MOST_BITS}; got {bits!r}")
        if sure is not None and not 0.5 <= sure <= 1.0:
            raise ValueError(f"sure must be a probability from 0.5 to 1; got {sure!r}")
        self.sure = sure
        state = Layout()
        state.floats("counts", 1, MIXTURE)
        state.floats("mixture", BLEND - MIXTURE)
        state.floats("blend", SHARED - BLEND)
        state.floats("journal", journal_floats(bits))
        state.floats("weights", 1 << bits, ROW)
        state.ints("bits", 1)
        state.ints("learned", 1)
        state.ints("notes", JOURNAL_INTS)
        super().__init__(state, (1,))
        self.view("bits")[:] = bits
        belief_begin(self.floats[:SHARED])

    @property
    def rate(self) -> float:
        """Effective rate: the weighted mean of the memories' rates."""
        rate: float = belief_rate(self.floats, self.ints[LEARNED])
        return rate

    def weights(self) -> dict[str, float]:
        """How much each member weighs now; they sum to 1.

        Examples
        --------
        >>> weights = LabelForecaster().weights()
        >>> list(weights)[-1], round(sum(weights.values()), 9)
        ('mixture of these', 1.0)
        """
        return dict(zip(NAMES, self.view("blend")[:MEMBERS].tolist(), strict=True))

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the label of a message; one that it had before is corrected.

        Parameters
        ----------
        y : str or None
            One of the labels; None where none is told: see ``sure``.
        x : str or bytes, optional
            The message.
        """
        if y is None and self.sure is not None:
            label, p = self.predict(x).top(1)[0]
            y = label if p >= self.sure else None
        super().learn(y, x)

    def undo(self, n: int = 1) -> None:
        """Take back the last n labels that were learned: all is as it was before them, to the bit.

        Raises
        ------
        ValueError
            If one of them is too old; nothing is changed then.

        Examples
        --------
        >>> spam = LabelForecaster()
        >>> spam.learn("spam", "see you at 5")
        >>> spam.undo()
        >>> round(spam.predict("see you at 5").p("spam"), 6)
        0.5
        """
        at_hand = int(self.view("notes")[AT_HAND])
        if not 0 <= n <= at_hand:
            raise ValueError(
                f"the last {at_hand} labels can be taken back, not {n}: what older ones changed is "
                "no longer kept; tell it the right label of a message instead"
            )
        for _ in range(n):
            label_undo(self.floats, self.ints)

    def explain(self, x: str | bytes | None = None, most: int = 10) -> list[Evidence]:
        """Name the evidence that a message gives, what says most first.

        Parameters
        ----------
        x : str or bytes, optional
            The message.
        most : int
            Pieces of evidence that are named.

        Returns
        -------
        list of Evidence
            What each shows, and its nats of log odds for the positive label: below 0 it speaks
            for the other. Those of all sum to the members' weighted log odds.

        Examples
        --------
        >>> spam = LabelForecaster()
        >>> for text, label in [("win a prize", "spam"), ("see you at 5", "ham")] * 3:
        ...     spam.learn(label, text)
        >>> texts = [text for text, nats in spam.explain("a prize for you") if nats > 0]
        >>> "prize" in texts, "you" in texts
        (True, False)
        """
        message = self.context(x)
        seen, nats = np.empty(SEEN * EVIDENCE, np.int64), np.empty(EVIDENCE)
        n = label_evidence(self.floats, self.ints, message, seen, nats)
        order = np.argsort(-np.abs(nats[:n]), kind="stable")[:most]
        what, text = seen.reshape(-1, SEEN).tolist(), message.tobytes()
        return [Evidence(evidence_text(text, *what[j]), float(nats[j])) for j in order]

    def moved(self, before: "LabelForecaster") -> Floats:
        """The step of the weights of managers and gate."""
        weighed = slice(MEMBERS + WEIGHED, MEMBERS + WEIGHED + 2)
        step: Floats = self.view("blend")[weighed] - before.view("blend")[weighed]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"labels": self.labels, "bits": self.view("bits").item(), "sure": self.sure}
