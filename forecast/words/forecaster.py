"""Which word comes next, by memories: how frequent words are of late, and after the last one.

Six memories of all words, from the last sixteen to the last sixteen thousand, are weighed into one;
it is the ground on which six memories of each pair of words stand, from the last time to the last
thousand times that the word before came, and these are weighed too. Both by how well each saw the
last word coming, and nobody sets a rate.
"""

import math
from typing import Any

import numpy as np

from forecast.compiled import compiled
from forecast.distribution import Forecast
from forecast.gate import WEIGHED, gated_begin, gated_floats, gated_learn
from forecast.learner import (
    EFFECTIVE_RATE,
    EXPECTED,
    SAID,
    SPELLED,
    SURPRISE,
    TOP,
    Bytes,
    Floats,
    Ints,
    Layout,
    SymbolLearner,
)
from forecast.words import bigram, unigram
from forecast.words.bigram import (
    group_count,
    group_next,
    newest,
    pair_context,
    pair_count,
    pair_group,
    pair_next,
    pair_word,
    pairs_begin,
    pairs_floats,
    pairs_ints,
    pairs_likelihood,
    pairs_move,
)
from forecast.words.counts import context_floats, mass, weighed
from forecast.words.lexicon import lexicon_begin, lexicon_ints, lexicon_learn, vocabulary_of
from forecast.words.likeliest import (
    block_lift,
    block_of,
    blocks_floats,
    likeliest_recent,
    nobody,
    offer,
)
from forecast.words.spelling import SPELLING_INTS, spell, spelled
from forecast.words.unigram import recent_count, recent_floats, recent_likelihood, recent_move
from forecast.words.vocabulary import (
    KNOWN,
    LONGEST,
    SEEN,
    frequency,
    word_bytes,
    word_find,
    word_times,
)

K = len(unigram.RATES)
RECENT_RATES, PAIR_RATES = unigram.RATES, bigram.RATES
RECENT_GROUND, PAIR_GROUND = unigram.GROUND, bigram.GROUND

# ints of a forecaster begin with where its parts begin: of the floats what was recent, the pairs,
# the blends of both and the blocks; of the ints the lexicon and the pairs
AT_RECENT, AT_PAIRS, AT_RECENT_BLEND, AT_PAIR_BLEND, AT_BLOCKS, AT_LEXICON, AT_PAIR_INTS = range(7)
PLAN = 7
NOTHING = np.empty(0, np.uint8)  # the context of a word


@compiled
def _recent(f, i):
    return f[i[AT_RECENT] : i[AT_PAIRS]]


@compiled
def _pairs(f, i):
    return f[i[AT_PAIRS] : i[AT_RECENT_BLEND]]


@compiled
def _recent_blend(f, i):
    return f[i[AT_RECENT_BLEND] : i[AT_PAIR_BLEND]]


@compiled
def _pair_blend(f, i):
    return f[i[AT_PAIR_BLEND] : i[AT_BLOCKS]]


@compiled
def _lexicon(i):
    return i[i[AT_LEXICON] : i[AT_PAIR_INTS]]


@compiled
def _pair_ints(i):
    return i[i[AT_PAIR_INTS] :]


@compiled
def mixed(weights, p):
    """sum_k w_k p_k."""
    total = 0.0
    for k in range(len(p)):
        total += weights[k] * p[k]
    return total


@compiled
def likelihoods(f, i, w, recent, pair):
    """What each memory says of a word, -1 being all new words together.

    ``recent`` and ``pair`` [K] are written; returns the blend's probability.
    """
    ground = frequency(vocabulary_of(_lexicon(i)), w)
    recent_likelihood(_recent(f, i), w, ground, recent)
    ground = mixed(_recent_blend(f, i), recent)
    pairs_likelihood(_pairs(f, i), _pair_ints(i), w, ground, pair)
    return mixed(_pair_blend(f, i), pair)


@compiled
def word_probability(f, i, w):
    """Probability of a known word, or for -1 of all new words together."""
    recent, pair = np.empty(K), np.empty(K)
    return likelihoods(f, i, w, recent, pair)


@compiled
def words_probabilities(f, i, p):
    """Probability of each known word, written to p [known]."""
    recent, pair = np.empty(K), np.empty(K)
    for w in range(len(p)):
        p[w] = likelihoods(f, i, w, recent, pair)


@compiled
def words_rate(f, i):
    """Effective rate: the weighted mean of the rates of the pairs' memories."""
    return mixed(_pair_blend(f, i), PAIR_RATES)


@compiled
def words_ask(f, i, x, y, said):
    """How surprising a word would be, and how much it would teach."""
    lexicon = _lexicon(i)
    w = word_find(vocabulary_of(lexicon), y)
    said[SPELLED] = spelled(lexicon, y) if w < 0 else 0.0
    said[SURPRISE] = said[SPELLED] - math.log(word_probability(f, i, w))
    said[EXPECTED] = math.nan
    said[EFFECTIVE_RATE] = words_rate(f, i)


@compiled
def words_learn(f, i, x, y):
    """Weigh the memories by what they said of the word, then let them all take it in."""
    lexicon = _lexicon(i)
    words = vocabulary_of(lexicon)
    recent, pair = np.empty(K), np.empty(K)
    likelihoods(f, i, word_find(words, y), recent, pair)
    gated_learn(_recent_blend(f, i), recent, words[SEEN])
    gated_learn(_pair_blend(f, i), pair, words[SEEN])
    w = lexicon_learn(lexicon, y)
    recent_move(_recent(f, i), w, RECENT_RATES)
    pairs_move(_pairs(f, i), _pair_ints(i), w, PAIR_RATES)
    if w >= 0:
        block = block_of(f[i[AT_BLOCKS] :], len(recent), w)
        context = _recent(f, i)[: context_floats(len(recent))]
        block_lift(
            block, context, recent_count(_recent(f, i), len(recent), w), word_times(words, w)
        )


@compiled
def _factors(context, weights, weight, factors):
    """Write w_k / (N_k + A), what a count is worth; returns what the ground is worth."""
    ground = 0.0
    for k in range(K):
        factors[k] = weights[k] / (mass(context, k) + weight)
        ground += weight * factors[k]
    return ground


@compiled
def followers_top(f, i, factors, least, ids, ps):
    """Offer those that ever followed the last word, if their counts are worth enough."""
    pairs, ints = _pairs(f, i), _pair_ints(i)
    context = pair_context(pairs, ints, len(factors))
    entry, looked = newest(ints), -1
    while entry >= 0:
        group = pair_group(ints, entry)
        if group not in (-1, looked):
            looked = group
            largest = group_count(pairs, ints, len(factors), group)
            if weighed(context, largest, factors) + least <= ps[len(ps) - 1]:
                entry = group_next(ints, group)
                continue
        count = pair_count(pairs, ints, len(factors), entry)
        if weighed(context, count, factors) + least > ps[len(ps) - 1]:
            w = pair_word(ints, entry)
            offer(ids, ps, w, word_probability(f, i, w))
        entry = pair_next(ints, entry)


@compiled
def words_top(f, i, x, ids, ps):
    """The likeliest words and their probabilities, most likely first; exact.

    With g the ground of the recent words, p(w) = sum_k b_k c_k(w) + l g(w). Of the words that never
    came after the last one, c = 0, those of the largest g are the likeliest: so the likeliest of
    all are among the followers of the last word and the likeliest by g.
    """
    recent, words = _recent(f, i), vocabulary_of(_lexicon(i))
    factors = np.empty(K)
    size = context_floats(len(factors))
    context = recent[:size]
    ground = _factors(context, _recent_blend(f, i), RECENT_GROUND, factors)
    by_ground, g = np.empty(len(ids), np.int64), np.empty(len(ids))
    blocks = f[i[AT_BLOCKS] :]
    likeliest_recent(words, context, recent[size:], blocks, factors, ground, by_ground, g)
    nobody(ids, ps)
    for place in range(len(ids)):
        if by_ground[place] >= 0:
            offer(ids, ps, by_ground[place], word_probability(f, i, by_ground[place]))
    context = pair_context(_pairs(f, i), _pair_ints(i), len(factors))
    ground = _factors(context, _pair_blend(f, i), PAIR_GROUND, factors)
    # more than this the ground gives to none that is left
    followers_top(f, i, factors, ground * g[len(g) - 1], ids, ps)


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
        return float(word_probability(learner.floats, learner.ints, -1))

    def known(self) -> Floats:
        """Probability of each known word, by its number; with ``new`` they sum to 1."""
        learner = self._asked()
        p = np.empty(int(learner.vocabulary()[KNOWN]))
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
        lexicon = self._learner.view("lexicon")
        while True:
            word = spell(lexicon, rng)
            if word_find(vocabulary_of(lexicon), np.frombuffer(bytearray(word), np.uint8)) < 0:
                return word.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        likely = ", ".join(f"{word!r}: {p:.3g}" for word, p in self.top(3))
        return f"WordForecast({likely}, ...)"


class WordForecaster(SymbolLearner):
    """Forecasts the next word of a text, and learns each word when it comes.

    Parameters
    ----------
    vocabulary : int
        Words that it may know; what is new when it knows so many is spelled each time it comes.
    pairs : int
        Pairs of words that it may know; what follows otherwise is told by its frequency.

    Examples
    --------
    >>> learner = WordForecaster(vocabulary=100, pairs=100)
    >>> for word in ["the", " cat", " and"] * 9:
    ...     learner.learn(word)
    >>> learner.learn("the")
    >>> learner.predict().top(1)[0][0]
    ' cat'
    """

    _ask = staticmethod(words_ask)
    _learn = staticmethod(words_learn)
    _top = staticmethod(words_top)

    def __init__(self, vocabulary: int = 2**16, pairs: int = 2**19) -> None:
        if vocabulary < 1 or pairs < 1:
            raise ValueError(f"needs room for a word and a pair; got {vocabulary} and {pairs}")
        self._sizes = {"vocabulary": int(vocabulary), "pairs": int(pairs)}
        state = Layout()
        plan = [
            state.floats("recent", recent_floats(K, vocabulary)),
            state.floats("pairs", pairs_floats(K, vocabulary, pairs)),
            state.floats("recent blend", gated_floats(K)),
            state.floats("pair blend", gated_floats(K)),
            state.floats("blocks", blocks_floats(K, vocabulary)),
        ]
        state.ints("plan", PLAN)
        plan.append(state.ints("lexicon", lexicon_ints(vocabulary)))
        plan.append(state.ints("pair words", pairs_ints(vocabulary, pairs)))
        super().__init__(state, (1,))
        self._words_at = plan[AT_LEXICON] + SPELLING_INTS
        self.view("plan")[:] = plan
        gated_begin(self.view("recent blend"), K)
        gated_begin(self.view("pair blend"), K)
        lexicon_begin(self.view("lexicon"), vocabulary)
        pairs_begin(self.view("pair words"), vocabulary, pairs)

    def vocabulary(self) -> Ints:
        """The ints of its vocabulary."""
        ints: Ints = vocabulary_of(self.view("lexicon"))
        return ints

    @property
    def seen(self) -> int:
        """Words learned so far."""
        return int(self.vocabulary()[SEEN])

    @property
    def rate(self) -> float:
        """Effective rate of the pairs: how much the last time that a word came weighs."""
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
        return word_bytes(self.ints[self._words_at :], number).decode("utf-8", "surrogateescape")

    def predict(self, x: None = None, horizon: int | None = None) -> WordForecast:
        """Forecast the next word; look at it before the learner learns again."""
        self.context(x)
        self.expects(horizon)
        return WordForecast(self)

    def moved(self, before: "WordForecaster") -> Floats:
        """The step of the weights of managers and gate, of the pairs' memories."""
        weighed = slice(K + WEIGHED, K + WEIGHED + 2)
        step: Floats = self.view("pair blend")[weighed] - before.view("pair blend")[weighed]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return dict(self._sizes)
