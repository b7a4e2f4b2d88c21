"""The forecaster of words, and what it says of the next one."""

import math
from typing import Any

import numpy as np

from forecast.learner import (
    Bytes,
    Floats,
    Layout,
    SymbolLearner,
)
from forecast.words.by_chance import CHANCE_FLOATS, NONE, WEIGHT, chance_begin, draw
from forecast.words.grams import (
    MOST_NODES,
    MOST_WORDS,
    grams_begin,
    grams_ints,
)
from forecast.words.letters import CONTEXTS as CONTEXTS_OF_LETTERS
from forecast.words.letters import (
    LETTERS_FLOATS,
    letters_begin,
    letters_ints,
    rows_for,
    spell,
)
from forecast.words.newness import BIAS, newness_begin, newness_floats
from forecast.words.outlook import (
    words_new,
    words_probabilities,
    words_rate,
    words_top,
    words_weights,
)
from forecast.words.parts import (
    BY_CLASS,
    BY_REACH,
    MOST_ORDERS,
    MOST_SIDES,
    NAMES,
    PARTS,
    PARTS_FLOATS,
    parts_begin,
)
from forecast.words.recent import (
    KNOWN,
    blocks_for,
    recent_floats,
    recent_ints,
)
from forecast.words.repeats import (
    history_for,
    repeats_begin,
    repeats_ints,
)
from forecast.words.shape import NO_CLASS
from forecast.words.upcoming import NOTHING, Upcoming
from forecast.words.vocabulary import (
    LONGEST,
    vocabulary_begin,
    vocabulary_ints,
    word_bytes,
    word_find,
)
from forecast.words.wordwise import (
    AT_PARTS,
    BLOCKS,
    CLASS_1,
    CLASS_2,
    FORM,
    LAST,
    LAST_BUT_ONE,
    ORDERS,
    PLAN,
    ROOM,
    SEEN,
    SIDES,
    came_before,
    words_answer,
    words_ask,
    words_learn,
)


class WordForecast(Upcoming):
    """Which word comes next: a distribution over all words, known and new.

    It is made where it is looked at: ask it before its learner learns again. Words are strings, or
    bytes; a byte that is no UTF-8 stands in a string as Python's ``surrogateescape`` has it.
    """

    __slots__ = ()
    thing = "word"

    def expected_surprise(self) -> float:
        """Not known: it would take a sum over every way to spell a new word."""
        raise NotImplementedError("the expected surprise of words is not known: new words have one")

    @property
    def new(self) -> float:
        """Probability that a word comes which was never seen."""
        return math.fsum(self._new())

    def _new(self) -> list[float]:
        """The same in two parts: as the model of words has it, and by chance."""
        learner, ways = self._asked(), np.empty(2)
        words_new(learner.floats, learner.ints, ways)
        return [float(way) for way in ways]

    def known(self) -> Floats:
        """Probability of each known word, by its number; with ``new`` they sum to 1."""
        learner = self._asked()
        p = np.empty(int(learner.view("recent")[KNOWN]))
        words_probabilities(learner.floats, learner.ints, p)
        return p

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[str]:
        """Draw n words."""
        learner, p = self._asked(), np.append(self.known(), self.new)
        drawn = rng.choice(len(p), n, p=p / math.fsum(p))
        return [learner.name(w) if w < len(p) - 1 else self._new_word(rng) for w in drawn]

    def _new_word(self, rng: np.random.Generator) -> str:
        """Draw a word that was never seen."""
        learner, (model, chance) = self._learner, self._new()
        letters, known = learner.view("letters"), learner.view("vocabulary")
        counts, before = learner.view("letters learned"), int(came_before(learner.ints))
        form, modelled = int(learner.ints[FORM]), rng.random() * (model + chance) < model
        while True:
            word = spell(letters, counts, known, before, rng) if modelled else draw(form, rng)
            # of those that are spelled only one of the longest may be known
            if word_find(known, np.frombuffer(bytearray(word), np.uint8)) < 0:
                return word.decode("utf-8", "surrogateescape")


# nodes, orders, sides, contexts
FULL = (2**21, 2, 2, 7)
LIGHT = (2**19, 1, 0, 3)


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}; got {value}")


class WordForecaster(SymbolLearner):
    """Forecasts the next word of a text, and learns each word when it comes.

    Parameters
    ----------
    vocabulary : int
        Words that it may know; what is new when it knows so many is spelled each time it comes.
    nodes : int, optional
        Words after a context that it may count; of more, those that came longest ago give way.
    orders : int, optional
        Words that a context may have, 1 to 5. Longer ones are told by what repeats.
    sides : int, optional
        Contexts that are no run of words, 0 to 3: the last word but one; the classes of the last
        two; the last word but one with the class of the last.
    contexts : int, optional
        Contexts of the letters of a new word, 1 to 7.
    light : bool
        Whether to have fewer parts, where they are not told: twice as fast and a third of the
        memory, for 3 % more bits.

    Raises
    ------
    ValueError
        If a size is out of bounds.

    Examples
    --------
    >>> learner = WordForecaster(vocabulary=100, nodes=100)
    >>> for word in ["the", " cat", " and"] * 9:
    ...     learner.learn(word)
    >>> learner.learn("the")
    >>> learner.predict().top(1)[0][0]
    ' cat'
    >>> learner.predict().sample_ahead(np.random.default_rng(0), 4)
    [[' cat', ' and', 'the', 'the']]
    """

    _ask = staticmethod(words_ask)
    _learn = staticmethod(words_learn)
    _answer = staticmethod(words_answer)
    _top = staticmethod(words_top)

    def __init__(
        self,
        vocabulary: int = 2**16,
        nodes: int | None = None,
        orders: int | None = None,
        sides: int | None = None,
        contexts: int | None = None,
        light: bool = False,
    ) -> None:
        told = (nodes, orders, sides, contexts)
        preset = LIGHT if light else FULL
        nodes, orders, sides, contexts = (
            usual if size is None else size for size, usual in zip(told, preset, strict=True)
        )
        _check("vocabulary", vocabulary, 1, MOST_WORDS - 1)
        _check("nodes", nodes, 1, MOST_NODES)
        _check("orders", orders, 1, MOST_ORDERS)
        _check("sides", sides, 0, MOST_SIDES)
        _check("contexts", contexts, 1, CONTEXTS_OF_LETTERS)
        self._sizes = {
            "vocabulary": vocabulary,
            "nodes": nodes,
            "orders": orders,
            "sides": sides,
            "contexts": contexts,
        }
        rows, kept = rows_for(vocabulary), history_for(nodes)
        state = Layout()
        state.ints("plan", PLAN)
        nodes_at = state.ints("grams", grams_ints(nodes))
        at = [
            state.floats("factors", PARTS_FLOATS),
            state.floats("shares", recent_floats(vocabulary)),
            state.floats("newness", newness_floats(vocabulary)),
            state.floats("chance", CHANCE_FLOATS),
            state.floats("letters", LETTERS_FLOATS),
            state.ints("vocabulary", vocabulary_ints(vocabulary)),
            state.ints("recent", recent_ints(vocabulary)),
            state.ints("repeats", repeats_ints(kept)),
            state.ints("letters learned", letters_ints(contexts, rows)),
            nodes_at,
            state.n_ints,
        ]
        super().__init__(state, (1,))
        plan = self.view("plan")
        plan[[ROOM, BLOCKS, ORDERS, SIDES]] = vocabulary, blocks_for(vocabulary), orders, sides
        plan[[LAST, LAST_BUT_ONE, CLASS_1, CLASS_2]] = vocabulary, vocabulary, NO_CLASS, NO_CLASS
        plan[AT_PARTS : AT_PARTS + len(at)] = at
        plan[FORM] = NONE
        parts_begin(self.view("factors"))
        newness_begin(self.view("newness"))
        chance_begin(self.view("chance"))
        letters_begin(self.view("letters"), self.view("letters learned"), contexts, rows)
        vocabulary_begin(self.view("vocabulary"), vocabulary)
        repeats_begin(self.view("repeats"), kept)
        grams_begin(self.view("grams"), nodes)

    @property
    def seen(self) -> int:
        """Words learned so far."""
        return int(self.ints[SEEN])

    @property
    def rate(self) -> float:
        """Effective rate: how much the last that came in each context weighs."""
        return float(words_rate(self.floats, self.ints))

    def weights(self) -> dict[str, float]:
        """How much each part of the mixture weighs for the next word; they sum to 1.

        The last of them is chance: that bytes come which are no text.

        Examples
        --------
        >>> learner = WordForecaster(vocabulary=100, nodes=100)
        >>> for word in ["the", " cat", " and"] * 9:
        ...     learner.learn(word)
        >>> weights = learner.weights()
        >>> round(sum(weights.values()), 9), weights["repeats"] > weights["commonness"]
        (1.0, True)
        """
        weights = np.empty(PARTS)
        words_weights(self.floats, self.ints, weights)
        chance = float(self.view("chance")[WEIGHT])
        of_model = ((1.0 - chance) * weights).tolist()
        return dict(zip(NAMES, of_model, strict=True)) | {"chance": chance}

    def context(self, x: None = None) -> Bytes:
        """Nothing is known beside a word.

        Raises
        ------
        ValueError
            If something is given.
        """
        if x is not None:
            raise ValueError(f"{type(self).__name__} takes no context x")
        return NOTHING

    def told(self, y: str | bytes) -> Bytes:
        """The bytes of a word.

        Raises
        ------
        TypeError
            If it is neither a string nor bytes.
        ValueError
            If it is empty or longer than 40 bytes.
        """
        if not isinstance(y, str | bytes | bytearray):
            raise TypeError(f"a word is a string or bytes, not {type(y).__name__}")
        word = y.encode("utf-8", "surrogateescape") if isinstance(y, str) else y
        if not 1 <= len(word) <= LONGEST:
            raise ValueError(f"a word has 1 to {LONGEST} bytes, this one {len(word)}: cut it")
        return np.frombuffer(bytearray(word), np.uint8)

    def name(self, number: int) -> str:
        """The word of a number."""
        return word_bytes(self.view("vocabulary"), number).decode("utf-8", "surrogateescape")

    def predict(self, x: None = None, horizon: int | None = None) -> WordForecast:
        """Forecast the next word; look at it before the learner learns again.

        Further ahead look by ``predict().sample_ahead(rng, n)``: a horizon of 2 or more is refused.

        Raises
        ------
        ValueError
            If ``horizon`` is another than 1, or something is given beside the word.
        """
        self.context(x)
        self.expects(horizon)
        return WordForecast(self)

    def moved(self, before: "WordForecaster") -> Floats:
        """The step of what is new in general, and of how far counts below all contexts matter."""
        new = self.view("newness")[BIAS] - before.view("newness")[BIAS]
        step: Floats = self.view("factors") - before.view("factors")
        return np.array([new, step[BY_REACH:BY_CLASS:PARTS].sum()])

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return dict(self._sizes)
