"""Classifiers of river as learners of labels, and several learners of labels as one."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecast.arrays import Floats
from forecast.blend import memories_begin, memories_floats, memories_learn
from forecast.distribution.categories import Categorical
from forecast.learner import Learner, checked_horizons

STATED, COUNTED = range(2)  # what a classifier says of its label; how often such labels were right
LEAST = 1e-4  # of probability that each label keeps: no answer is impossible


class LabelGuest(Learner):
    """A classifier of river, or a pipeline that ends in one, as a learner of labels.

    Its probabilities are mixed, by how well each saw the last labels coming, with how often its
    likeliest label was right in the past, and what was true where it was wrong. So it is believed
    as far as it deserves, whether it says probabilities or only labels.

    Parameters
    ----------
    model : river.base.Classifier
        It is copied, never taught.
    labels : sequence
        All that may come, at least two.

    Attributes
    ----------
    out : int
        Questions on which it had nothing to say: then labels are as likely as they were so far.
    unlearned : int
        Labels that it failed to learn, by an exception.
    fault : str
        The last exception, in words.

    Raises
    ------
    ValueError
        If there are not two different labels.

    Examples
    --------
    >>> from river import naive_bayes
    >>> from forecast.interop.labels import LabelGuest
    >>> guest = LabelGuest(naive_bayes.BernoulliNB(), labels=("ham", "spam"))
    >>> for _ in range(20):
    ...     guest.learn("spam", {"prize": 1})
    ...     guest.learn("ham", {"noon": 1})
    >>> guest.predict({"prize": 1}).p("spam") > 0.9
    True
    """

    def __init__(self, model: Any, labels: Sequence[Any] = (False, True)) -> None:
        self.horizons = checked_horizons((1,))
        self.labels = tuple(labels)
        if len(set(self.labels)) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"there are two labels or more, all different; got {labels!r}")
        self.model = copy.deepcopy(model)
        K = len(self.labels)
        # of each label that it said, and of none, how often which was true
        self.counts = np.full((K + 1, K), 1.0 / K)
        self.counts[np.arange(K), np.arange(K)] += 1.0
        self.f = np.empty(memories_floats(2))
        memories_begin(self.f, 2)
        self.learned = self.out = self.unlearned = 0
        self.fault = ""

    def __repr__(self) -> str:
        return f"LabelGuest({type(self.model).__name__}, labels={self.labels!r})"

    @property
    def rate(self) -> float:
        """1/n: its counts are those of the whole past."""
        return 1.0 / (self.learned + 1.0)

    def predict(self, x: Any = None, horizon: int | None = None) -> Categorical:
        """Forecast the label beside ``x``."""
        self.expects(horizon)
        says, _ = self._says(x)
        mixed = self.f[STATED] * says[STATED] + self.f[COUNTED] * says[COUNTED]
        return Categorical(dict(zip(self.labels, (mixed / mixed.sum()).tolist(), strict=True)))

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the label; None where it is missing.

        Raises
        ------
        ValueError
            If it is none of the labels.
        """
        if y is None:
            return
        if y not in self.labels:
            raise ValueError(f"{y!r} is none of the labels {self.labels}")
        answer = self.labels.index(y)
        says, chosen = self._says(x)
        memories_learn(self.f, says[:, answer].copy(), float(self.learned))
        self.counts[chosen, answer] += 1.0
        self.learned += 1
        try:
            self.model.learn_one(x if x is not None else {}, self.labels[answer])
        except Exception as error:  # whatever it is, the others go on without it
            self.fault = f"{type(error).__name__}: {error}"
            self.unlearned += 1

    def _says(self, x: Any) -> tuple[Floats, int]:
        """What it states, and what its past makes of that, [2, labels]; which label it chose."""
        stated = self._stated(x if x is not None else {})
        K = len(self.labels)
        chosen = K if stated is None else int(stated.argmax())
        counted = self.counts[chosen]
        counted = counted / counted.sum()
        says = np.array([counted if stated is None else stated, counted])
        kept: Floats = (1.0 - K * LEAST) * says + LEAST
        return kept, chosen

    def _stated(self, x: Any) -> Floats | None:
        """Its probabilities; None where it has none that can be used."""
        try:
            with np.errstate(all="ignore"):
                try:
                    said = self.model.predict_proba_one(x)
                except NotImplementedError:
                    said = {self.model.predict_one(x): 1.0}
            ps = np.array([float(said.get(label, 0.0)) for label in self.labels])
        except Exception as error:  # as above
            self.fault = f"{type(error).__name__}: {error}"
            ps = np.full(len(self.labels), np.nan)
        total = ps.sum()
        if not (np.isfinite(total) and (ps >= 0.0).all() and total > 0.0):
            self.out += 1
            return None
        stated: Floats = ps / total
        return stated


class BlendedLabels(Learner):
    """Several learners of labels as one: p(y) = sum_k w_k p_k(y), weighted by -log p.

    Over any stream its total surprise is at most ln(8 members) nats above that of the best.

    Parameters
    ----------
    members : mapping of str to Learner
        Each forecasts a ``Categorical`` of the same labels. They belong to the blend from here on.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> from river import linear_model, naive_bayes
    >>> from forecast.interop.labels import BlendedLabels, LabelGuest
    >>> models = {"bayes": naive_bayes.BernoulliNB(), "linear": linear_model.LogisticRegression()}
    >>> blend = BlendedLabels({name: LabelGuest(model) for name, model in models.items()})
    >>> for t in range(100):
    ...     blend.learn(t % 3 == 0, {"third": int(t % 3 == 0)})
    >>> blend.predict({"third": 1}).p(True) > 0.9
    True
    """

    def __init__(self, members: Mapping[str, Learner]) -> None:
        if not members:
            raise ValueError("a blend has members")
        self.members = dict(members)
        self.horizons = checked_horizons((1,))
        self.f = np.empty(memories_floats(len(members)))
        memories_begin(self.f, len(members))
        self.learned = 0

    def __repr__(self) -> str:
        return f"BlendedLabels({self.members!r})"

    @property
    def rate(self) -> float:
        """The mean of the members' rates, by how much each weighs."""
        weights = self.weights().values()
        rates = (member.rate for member in self.members.values())
        return min(1.0, sum(w * rate for w, rate in zip(weights, rates, strict=True)))

    def weights(self) -> dict[str, float]:
        """How much each member weighs; they sum to 1."""
        return dict(zip(self.members, self.f[: len(self.members)].tolist(), strict=True))

    def predict(self, x: Any = None, horizon: int | None = None) -> Categorical:
        """Forecast the label beside ``x``."""
        self.expects(horizon)
        said = [member.predict(x) for member in self.members.values()]
        weights = self.f[: len(said)].tolist()
        mixed: dict[Any, float] = {}
        for weight, one in zip(weights, said, strict=True):
            for label, p in one.probabilities.items():
                mixed[label] = mixed.get(label, 0.0) + weight * p
        total = sum(mixed.values())
        return Categorical({label: p / total for label, p in mixed.items()})

    def learn(self, y: Any, x: Any = None) -> None:
        """Be told the label: the weights move by how likely each member had called it."""
        if y is None:
            return
        likelihood = np.array([member.predict(x).p(y) for member in self.members.values()])
        memories_learn(self.f, likelihood, float(self.learned))
        self.learned += 1
        for member in self.members.values():
            member.learn(y, x)
