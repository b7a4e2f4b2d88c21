"""Which word comes next: counts after the last words, memories of what was recent, and spelling.

A word that was never seen is told in two steps: that something new comes, and how it is spelled.
All others share what is left, by a mixture of what several parts say; see ``forecast.words.parts``.
Every count, weight and rate is learned on the way, from nothing, and in bounded memory.
"""

import math
from typing import Any

import numpy as np

from forecast.compiled import compiled
from forecast.distribution.held import Forecast
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SAID,
    SPELLED,
    SURPRISE,
    TOP,
    Bytes,
    Floats,
    Layout,
    SymbolLearner,
)
from forecast.words.grams import (
    MOST_NODES,
    MOST_WORDS,
    follower_key,
    gram_add,
    gram_came,
    gram_count,
    gram_find,
    gram_touch,
    grams_begin,
    grams_ints,
    side_key,
)
from forecast.words.letters import (
    ASKED,
    BITS,
    LETTERS_FLOATS,
    letters_begin,
    letters_ints,
    letters_learn,
    rows_for,
    spell,
    spelled,
)
from forecast.words.letters import CONTEXTS as CONTEXTS_OF_LETTERS
from forecast.words.likeliest import followed, in_order, likeliest_words
from forecast.words.mixing import mixed, step_after
from forecast.words.newness import BIAS, newness, newness_begin, newness_floats, newness_learn
from forecast.words.parts import (
    BY_CLASS,
    BY_REACH,
    CACHE,
    FOLLOWING,
    IN_HAND,
    MOST_ORDERS,
    MOST_SIDES,
    PARTS,
    PARTS_FLOATS,
    REPEAT,
    SIDE,
    follow,
    look,
    parts_begin,
    parts_move,
    parts_rate,
    reach,
    say,
    weigh,
)
from forecast.words.recent import (
    CACHES,
    CLASS,
    KNOWN,
    blocks_for,
    fade,
    recent_came,
    recent_floats,
    recent_ints,
    recent_surprised,
    word_at,
)
from forecast.words.repeats import (
    agreed,
    history_for,
    repeated,
    repeats_begin,
    repeats_ints,
    repeats_learn,
)
from forecast.words.shape import NO_CLASS, shape
from forecast.words.vocabulary import (
    LONGEST,
    vocabulary_begin,
    vocabulary_ints,
    word_add,
    word_bytes,
    word_find,
)

# ints of a forecaster: words it may know and their blocks; orders, side contexts; words that came;
# the last two words and their classes; the contexts in hand; then where its parts begin: of the
# floats the factors, what is recent, newness, letters; of the ints the vocabulary, what is recent,
# what repeats, letters, the nodes
ROOM, BLOCKS, ORDERS, SIDES, SEEN, LAST, LAST_BUT_ONE, CLASS_1, CLASS_2 = range(9)
CONTEXTS = 9
AT = CONTEXTS + IN_HAND
(
    AT_PARTS,
    AT_SHARES,
    AT_NEWNESS,
    AT_LETTERS,
    AT_VOCABULARY,
    AT_RECENT,
    AT_REPEATS,
    AT_LETTERS_INTS,
    AT_GRAMS,
    END,
) = range(AT, AT + 10)
PLAN = 30  # and its length leaves the windows of the nodes, which follow it, on lines of memory
EAGER = 2  # orders of which a context counts from the first time that it comes
NOTHING = np.empty(0, np.uint8)  # the context of a word


@compiled
def _parts(f, i):
    return f[i[AT_PARTS] : i[AT_SHARES]]


@compiled
def _shares(f, i):
    return f[i[AT_SHARES] : i[AT_NEWNESS]]


@compiled
def _newness(f, i):
    return f[i[AT_NEWNESS] : i[AT_LETTERS]]


@compiled
def _letters(f, i):
    return f[i[AT_LETTERS] :]


@compiled
def _vocabulary(i):
    return i[i[AT_VOCABULARY] : i[AT_RECENT]]


@compiled
def _recent(i):
    return i[i[AT_RECENT] : i[AT_REPEATS]]


@compiled
def _repeats(i):
    return i[i[AT_REPEATS] : i[AT_LETTERS_INTS]]


@compiled
def _letters_ints(i):
    return i[i[AT_LETTERS_INTS] : i[END]]


@compiled
def _grams(i):
    return i[i[AT_GRAMS] : i[AT_VOCABULARY]]


@compiled
def in_hand():
    """Room for the nodes in hand, where each part stands, and the weights."""
    return np.empty(2 * IN_HAND, np.int64), np.empty(PARTS, np.int64), np.empty(PARTS)


@compiled
def survey(f, i, nodes, spots, weights):
    """What is known before a word: contexts in hand, where each part stands, and its weight.

    Returns the probability that the word is new.
    """
    for n in range(IN_HAND):
        nodes[n] = i[CONTEXTS + n]
    grams, repeats = _grams(i), _repeats(i)
    far = reach(grams, nodes)
    look(grams, nodes, agreed(repeats) if repeated(repeats) < i[ROOM] else -1, spots)
    weigh(_parts(f, i), spots, far, i[CLASS_1], weights)
    if _recent(i)[KNOWN] == 0:
        return 1.0
    return newness(_newness(f, i), i[LAST], i[CLASS_1], i[CLASS_2], _surety(spots, far))


@compiled
def _surety(spots, far):
    """How far the contexts reach, and how sure the last of them is, as one number below 128."""
    return far * 16 + spots[far]


@compiled
def known_probability(f, i, nodes, spots, weights, w, p):
    """Probability of a known word where nothing new comes; p [PARTS], written: each part's."""
    grams = _grams(i)
    follow(grams, nodes, w)
    word = repeated(_repeats(i))
    say(grams, _recent(i), _shares(f, i), i[BLOCKS], nodes, spots, word, w, p)
    return mixed(weights, p, PARTS)


@compiled
def _rate(f, i, nodes, spots, weights, fades):
    """How much the last that came weighs in what is believed."""
    if _recent(i)[KNOWN] == 0:
        return 1.0
    fade(1, fades)
    return parts_rate(_grams(i), nodes, spots, weights, fades)


@compiled
def words_rate(f, i):
    """Effective rate: how much the last that came weighs in what is believed."""
    nodes, spots, weights = in_hand()
    survey(f, i, nodes, spots, weights)
    return _rate(f, i, nodes, spots, weights, np.empty(CACHES))


@compiled
def new_probability(f, i):
    """Probability that a word comes which is not known."""
    nodes, spots, weights = in_hand()
    return survey(f, i, nodes, spots, weights)


@compiled
def words_probabilities(f, i, p):
    """Probability of each known word, written to p [known]."""
    nodes, spots, weights = in_hand()
    new, each = survey(f, i, nodes, spots, weights), np.empty(PARTS)
    for w in range(len(p)):
        p[w] = (1.0 - new) * known_probability(f, i, nodes, spots, weights, w, each)


@compiled
def words_ask(f, i, x, y, said):
    """How surprising a word would be, and how much the last one weighs."""
    nodes, spots, weights = in_hand()
    p, words = np.empty(PARTS), _vocabulary(i)
    new = survey(f, i, nodes, spots, weights)
    said[EXPECTED] = math.nan
    said[EFFECTIVE_RATE] = _rate(f, i, nodes, spots, weights, p)
    w = word_find(words, y)
    if w >= 0:
        said[SPELLED] = 0.0
        said[SURPRISE] = -math.log(
            (1.0 - new) * known_probability(f, i, nodes, spots, weights, w, p)
        )
    else:
        letters = _letters_ints(i)
        slots, bits = _bits_of(letters, y)
        said[SPELLED] = spelled(_letters(f, i), letters, words, y, i[LAST], slots, bits)
        said[SURPRISE] = said[SPELLED] - math.log(new)


@compiled
def _bits_of(letters, y):
    """Room for the bits of a word."""
    n = (len(y) + 1) * BITS
    return np.empty(n * letters[ASKED], np.int64), np.empty((n, 2))


@compiled
def words_answer(f, i, x, y, said):
    """What `words_ask` says of a word; then it is learned."""
    nodes, spots, weights = in_hand()
    p, words = np.empty(PARTS), _vocabulary(i)
    new = survey(f, i, nodes, spots, weights)
    said[EXPECTED] = math.nan
    said[EFFECTIVE_RATE] = _rate(f, i, nodes, spots, weights, p)
    far = reach(_grams(i), nodes)
    w = word_find(words, y)
    if w >= 0:
        known = known_probability(f, i, nodes, spots, weights, w, p)
        said[SPELLED] = 0.0
        said[SURPRISE] = -math.log((1.0 - new) * known)
        parts_move(_parts(f, i), spots, far, i[CLASS_1], weights, p, known, step_after(i[SEEN]))
        class_ = _recent(i)[word_at(_recent(i), i[BLOCKS], w) + CLASS]
    else:
        letters = _letters_ints(i)
        slots, bits = _bits_of(letters, y)
        said[SPELLED] = spelled(_letters(f, i), letters, words, y, i[LAST], slots, bits)
        said[SURPRISE] = said[SPELLED] - math.log(new)
        letters_learn(_letters(f, i), letters, y, slots, bits)
        class_ = shape(y)
    if _recent(i)[KNOWN] > 0:
        sure = _surety(spots, far)
        newness_learn(_newness(f, i), i[LAST], i[CLASS_1], i[CLASS_2], sure, new, w < 0)
    if w < 0:
        w = _become_known(i, y, class_, nodes)
    if w >= 0:
        _count(f, i, nodes, w, p)
    _go_on(i, nodes, w, class_)


@compiled
def words_learn(f, i, x, y):
    """Take a word in."""
    words_answer(f, i, x, y, np.empty(SAID))


@compiled
def _become_known(i, y, class_, nodes):
    """Number of a new word, -1 if there is no room; no context has counted it."""
    recent = _recent(i)
    w = word_add(_vocabulary(i), y)
    if w >= 0:
        recent[KNOWN] = w + 1
        recent[word_at(recent, i[BLOCKS], w) + CLASS] = class_
        for n in range(IN_HAND):
            nodes[FOLLOWING + n] = 0
    return w


@compiled
def _count(f, i, nodes, w, scratch):
    """Word w came: the finest context counts it, and each coarser one until one had seen it."""
    grams, recent, now = _grams(i), _recent(i), i[SEEN]
    surprised = True
    for o in range(i[ORDERS], 0, -1):
        if nodes[o] > 0:
            old = nodes[FOLLOWING + o]
            node = old if old > 0 else gram_add(grams, follower_key(nodes[o], w), nodes)
            nodes[FOLLOWING + o] = node
            if node > 0:
                gram_touch(grams, node, now)
                if surprised and gram_count(grams, nodes[o], node) > 0:
                    surprised = False
            gram_came(grams, nodes[o], w)
            if old == 0 and o >= EAGER:
                nodes[FOLLOWING + o] = -node  # its first time: it is no context yet
    if surprised:
        recent_surprised(recent, i[BLOCKS], w)
    for s in range(SIDE, SIDE + i[SIDES]):
        if nodes[s] > 0:
            node = nodes[FOLLOWING + s]
            if node == 0:
                node = gram_add(grams, follower_key(nodes[s], w), nodes)
            if node > 0:
                gram_touch(grams, node, now)
                gram_count(grams, nodes[s], node)
    recent_came(_shares(f, i), recent, i[BLOCKS], w, scratch)


@compiled
def _context(grams, key, now, nodes, eager):
    """The node of a context, which is added where it is not known.

    Unless it is ``eager``, a context counts from the second time that it comes: 0 for the first.
    """
    known = gram_find(grams, key)
    node = known if known > 0 else gram_add(grams, key, nodes)
    if node > 0:
        gram_touch(grams, node, now)
    return node if eager else known


@compiled
def _go_on(i, nodes, w, class_):
    """The contexts of the word after this one."""
    grams, now = _grams(i), i[SEEN]
    i[SEEN] += 1
    repeats_learn(_repeats(i), w if w >= 0 else i[ROOM])
    for n in range(IN_HAND):
        i[CONTEXTS + n] = 0
    if w >= 0:
        for o in range(1, i[ORDERS]):
            if nodes[o] > 0:
                i[CONTEXTS + o + 1] = max(nodes[FOLLOWING + o], 0)
        for n in range(IN_HAND):
            nodes[n], nodes[FOLLOWING + n] = 0, i[CONTEXTS + n]
        i[CONTEXTS + 1] = _context(grams, follower_key(0, w), now, nodes, True)
        nodes[FOLLOWING + 1] = i[CONTEXTS + 1]
        for s in range(i[SIDES]):
            before, class_1 = i[LAST], class_
            if s == 0:
                key = side_key(0, before, 0)
            elif s == 1:
                key = side_key(1, class_1, i[CLASS_1])
            else:
                key = side_key(2, before, class_1)
            i[CONTEXTS + SIDE + s] = _context(grams, key, now, nodes, s == 0)
            nodes[FOLLOWING + SIDE + s] = i[CONTEXTS + SIDE + s]
    i[LAST_BUT_ONE], i[LAST] = i[LAST], w if w >= 0 else i[ROOM]
    i[CLASS_2], i[CLASS_1] = i[CLASS_1], class_


@compiled
def words_top(f, i, x, ids, ps):
    """The likeliest words and their probabilities, most likely first; exact."""
    nodes, spots, weights = in_hand()
    new, p = survey(f, i, nodes, spots, weights), np.empty(PARTS)
    grams, recent = _grams(i), _recent(i)
    extra = np.zeros(recent[KNOWN])
    ground = followed(grams, nodes, spots, weights, extra)
    word = repeated(_repeats(i))
    if spots[REPEAT] >= 0:
        extra[word] += weights[REPEAT]
    likeliest_words(_shares(f, i), recent, i[BLOCKS], weights[CACHE:], ground, extra, ids, ps)
    for place in range(len(ids)):
        if ids[place] >= 0:
            likely = known_probability(f, i, nodes, spots, weights, ids[place], p)
            ps[place] = (1.0 - new) * likely
    in_order(ids, ps)


class WordForecast(Forecast):
    """Which word comes next: a distribution over all words, known and new.

    It is made where it is looked at: ask it before its learner learns again. Words are strings, or
    bytes; a byte that is no UTF-8 stands in a string as Python's ``surrogateescape`` has it.
    """

    __slots__ = ("_learner", "_seen")

    def __init__(self, learner: "WordForecaster") -> None:
        self._learner = learner
        self._seen = learner.seen

    def _asked(self) -> "WordForecaster":
        """The learner, in the state that this forecast was made in."""
        if self._learner.seen != self._seen:
            raise RuntimeError(
                "this forecast is past: its learner has learned since; ask `predict` again, "
                "or look at a forecast before the next word is learned"
            )
        return self._learner

    def surprise(self, y: str | bytes) -> float:
        """-log p(y), nats; of a word never seen, with its spelling."""
        learner, said = self._asked(), np.empty(SAID)
        learner._ask(learner.floats, learner.ints, NOTHING, learner.told(y), said)
        return float(said[SURPRISE])

    def expected_surprise(self) -> float:
        """Not known: it would take a sum over every way to spell a new word."""
        raise NotImplementedError("the expected surprise of words is not known: new words have one")

    def p(self, y: str | bytes) -> float:
        """Probability of a word."""
        return math.exp(-self.surprise(y))

    @property
    def new(self) -> float:
        """Probability that a word comes which was never seen."""
        learner = self._asked()
        return float(new_probability(learner.floats, learner.ints))

    def known(self) -> Floats:
        """Probability of each known word, by its number; with ``new`` they sum to 1."""
        learner = self._asked()
        p = np.empty(int(learner.view("recent")[KNOWN]))
        words_probabilities(learner.floats, learner.ints, p)
        return p

    def top(self, k: int = TOP) -> list[tuple[str, float]]:
        """The k likeliest words, with their probabilities."""
        learner, k = self._asked(), max(0, k)
        ids, ps = np.empty(k, np.int64), np.empty(k)
        if k:
            learner._top(learner.floats, learner.ints, NOTHING, ids, ps)
        return learner.named(ids[None], ps[None])[0]

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[str]:
        """Draw n words."""
        learner, p = self._asked(), np.append(self.known(), self.new)
        drawn = rng.choice(len(p), n, p=p / math.fsum(p))
        return [learner.name(w) if w < len(p) - 1 else self._new_word(rng) for w in drawn]

    def _new_word(self, rng: np.random.Generator) -> str:
        """Draw a word that was never seen."""
        learner = self._learner
        letters, known = learner.view("letters"), learner.view("vocabulary")
        counts, before = learner.view("letters learned"), int(learner.ints[LAST])
        while True:
            word = spell(letters, counts, known, before, rng)
            # only one of the longest may be known: the end of any other was left out
            if word_find(known, np.frombuffer(bytearray(word), np.uint8)) < 0:
                return word.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        likely = ", ".join(f"{word!r}: {p:.3g}" for word, p in self.top(3))
        return f"WordForecast({likely}, ...)"


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}; got {value}")


class WordForecaster(SymbolLearner):
    """Forecasts the next word of a text, and learns each word when it comes.

    Parameters
    ----------
    vocabulary : int
        Words that it may know; what is new when it knows so many is spelled each time it comes.
    nodes : int
        Words after a context that it may count; of more, those that came longest ago give way.
    orders : int
        Words that a context may have, 1 to 5. Longer ones are told by what repeats.
    sides : int
        Contexts that are no run of words, 0 to 3: the last word but one; the classes of the last
        two; the last word but one with the class of the last.
    contexts : int
        Contexts of the letters of a new word, 1 to 7.

    Examples
    --------
    >>> learner = WordForecaster(vocabulary=100, nodes=100)
    >>> for word in ["the", " cat", " and"] * 9:
    ...     learner.learn(word)
    >>> learner.learn("the")
    >>> learner.predict().top(1)[0][0]
    ' cat'
    """

    _ask = staticmethod(words_ask)
    _learn = staticmethod(words_learn)
    _answer = staticmethod(words_answer)
    _top = staticmethod(words_top)

    def __init__(
        self,
        vocabulary: int = 2**16,
        nodes: int = 2**21,
        orders: int = 2,
        sides: int = 2,
        contexts: int = 7,
    ) -> None:
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
        nodes_at = state.ints("nodes", grams_ints(nodes))
        at = [
            state.floats("factors", PARTS_FLOATS),
            state.floats("shares", recent_floats(vocabulary)),
            state.floats("newness", newness_floats(vocabulary)),
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
        parts_begin(self.view("factors"))
        newness_begin(self.view("newness"))
        letters_begin(self.view("letters"), self.view("letters learned"), contexts, rows)
        vocabulary_begin(self.view("vocabulary"), vocabulary)
        repeats_begin(self.view("repeats"), kept)
        grams_begin(self.view("nodes"), nodes)

    @classmethod
    def light(cls, vocabulary: int = 2**16, nodes: int = 2**19) -> "WordForecaster":
        """Fewer parts of the same model: faster, in less memory, at a few percent more bits."""
        return cls(vocabulary, nodes, orders=1, sides=0, contexts=3)

    @property
    def seen(self) -> int:
        """Words learned so far."""
        return int(self.ints[SEEN])

    @property
    def rate(self) -> float:
        """Effective rate: how much the last that came in each context weighs."""
        return float(words_rate(self.floats, self.ints))

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
        """Forecast the next word; look at it before the learner learns again."""
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
