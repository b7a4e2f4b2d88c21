"""A forecaster of labels that remembers its past selves: what counts as spam changes, and returns.

As for numbers, see ``selves``; a message brings along all that is needed to judge it, so that a
self that is woken need not be shown what came of late. What the selves say is mixed by weight.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.compiled import bound
from forecast.labels.forecaster import LabelForecaster
from forecast.labels.learner import LabelLearner
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SAID,
    SPELLED,
    SURPRISE,
    TOP,
    Layout,
)
from forecast.selves import (
    KEEP,
    SELVES,
    TIME,
    change_places,
    copy_state,
    keep_present,
    managers_moved,
    on_turn,
    outweighs,
    past_of,
    selves_begin,
    selves_layout,
    selves_named,
    selves_weigh,
    state_of,
    weights_of,
)


def _unbound(*_: Any) -> None:
    raise TypeError("selves are bound to a learner before they learn")


learn = ask = mix = _unbound  # what free names stand for, before `bound`


def selves_mix(f, i, x, both):
    """Write what all say of either label,  p(y) = sum_k w_k p_k(y),  [2]; returns their rate."""
    weights, said, y = weights_of(f, i), np.empty(SAID), np.zeros(1, np.uint8)
    both[0], both[1], rate = 0.0, 0.0, 0.0
    for k in range(i[SELVES]):
        floats, ints = state_of(f, i, k)
        for label in range(2):
            y[0] = label
            ask(floats, ints, x, y, said)
            both[label] += weights[k] * math.exp(-said[SURPRISE])
        rate += weights[k] * said[EFFECTIVE_RATE]
    return rate


def remembering_ask(f, i, x, y, said):
    """What all say of label y beside the message x."""
    both = np.empty(2)
    said[EFFECTIVE_RATE] = mix(f, i, x, both)
    said[SURPRISE] = -math.log(both[y[0]])
    said[EXPECTED] = -both[0] * math.log(both[0]) - both[1] * math.log(both[1])
    said[SPELLED] = 0.0


def remembering_top(f, i, x, ids, ps):
    """Both labels, the likelier first."""
    both = np.empty(2)
    mix(f, i, x, both)
    for place in range(TOP):
        ids[place], ps[place] = -1, 0.0
    ids[0] = 1 if both[1] > both[0] else 0
    ids[1] = 1 - ids[0]
    ps[0], ps[1] = both[ids[0]], both[ids[1]]


def remembering_learn(f, i, x, y):
    """Weigh the selves, let each learn, and wake one from its past."""
    surprises, said = np.empty(i[SELVES]), np.empty(SAID)
    for k in range(i[SELVES]):
        floats, ints = state_of(f, i, k)
        ask(floats, ints, x, y, said)
        surprises[k] = said[SURPRISE]
        learn(floats, ints, x, y)
    selves_weigh(f, i, surprises)
    i[TIME] += 1
    k = on_turn(i)
    if k > 0 and outweighs(f, i, k):
        change_places(f, i, k)
    elif k > 0:
        copy_state(past_of(f, i, k), state_of(f, i, k))
    if i[TIME] % KEEP == 0:
        keep_present(f, i)


@cache
def _kernels_of(learns: Callable[..., None], asks: Callable[..., None]) -> tuple[Any, Any, Any]:
    """``_learn``, ``_ask`` and ``_top`` of selves of a learner: bound once, however many."""
    both = bound(selves_mix, ask=asks)
    learn = bound(remembering_learn, learn=learns, ask=asks)
    return learn, bound(remembering_ask, mix=both), bound(remembering_top, mix=both)


class RememberingLabels(LabelLearner):
    """A forecaster of labels that remembers its past selves.

    Parameters
    ----------
    learner : LabelForecaster
        What it is now, and goes on from; it is copied and not changed.
    selves : int
        How many states are kept, 2 or more, the present one among them: memory is twice that many
        times the learner's. A past of 2^18 places, 16 MB, is copied every few labels: 2^14 do for
        messages as short as these that one sends by telephone.

    Raises
    ------
    ValueError
        If there are fewer than two selves, or the learner takes labels of its own (``sure``).

    Examples
    --------
    >>> learner = RememberingLabels(LabelForecaster(bits=10))
    >>> for text, label in [("win a prize now", "spam"), ("see you at 5", "ham")] * 3:
    ...     learner.learn(label, text)
    >>> learner.predict("a prize!").top(1)[0][0]
    'spam'
    """

    def __init__(self, learner: LabelForecaster, selves: int = 3) -> None:
        if selves < 2:
            raise ValueError(f"selves must be 2 or more; got {selves!r}")
        if learner.sure is not None:
            raise ValueError("past selves learn from labels that are told: make it without `sure`")
        self.of = type(learner)(**learner.options())
        self.labels = learner.labels
        state = Layout()
        plan = selves_layout(state, selves, len(learner.floats), len(learner.ints), 0)
        super().__init__(state, learner.horizons)
        self.view("plan")[:] = plan
        selves_begin(self.floats, self.ints, learner.floats, learner.ints)
        self._learn, self._ask, self._top = _kernels_of(learner._learn, learner._ask)

    @property
    def rate(self) -> float:
        """Effective rate: the weighted mean of the selves' rates."""
        said = np.empty(SAID)
        self._ask(self.floats, self.ints, self.context(None), self.told(self.labels[0]), said)
        return float(said[EFFECTIVE_RATE])

    def weights(self) -> dict[str, float]:
        """How much each self weighs, the present one and those of so many labels ago."""
        return selves_named(self)

    def moved(self, before: "RememberingLabels") -> Floats:
        """The step of the weights of the managers that weigh the selves."""
        return managers_moved(self, before)

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"learner": self.of, "selves": int(self.view("plan")[SELVES])}
