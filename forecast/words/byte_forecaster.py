"""Which byte comes next: a learner of any file, from nothing, in bounded memory."""

import math
from typing import Any

import numpy as np

from forecast.learner import TOP, Bytes, Floats, Layout, SymbolLearner
from forecast.words import contexts
from forecast.words.bitwise import (
    BITS,
    FROM_MATCHES,
    FROM_PAIRS,
    N_CONTEXTS,
    N_CURVES,
    N_INPUTS,
    N_MIXERS,
    N_PAIRS,
    N_SECONDS,
    OF_HINTS,
    PARTS,
    PLAN,
    RUNS,
    SECONDS,
    SETS,
    WORDS,
)
from forecast.words.bytewise import (
    bytes_answer,
    bytes_ask,
    bytes_learn,
    bytes_probabilities,
    bytes_top,
    keys_write,
)
from forecast.words.chances import EVEN, chance_of
from forecast.words.contexts import CONTEXTS, FOLLOWED_INTS, TEXT_INTS
from forecast.words.forecaster import WordForecaster
from forecast.words.hints import HINT_SETS, hints_begin, hints_floats, hints_ints
from forecast.words.histories import STATES
from forecast.words.match import MATCH_INTS, MATCHES, SEEN, match_chances
from forecast.words.mixer import lanes_for
from forecast.words.refine import FIRST_WEIGHTS, SAYERS, curves_begin
from forecast.words.rows import rows_bytes
from forecast.words.runs import RUN_CHANCES, run_chances
from forecast.words.upcoming import NOTHING, Upcoming

BYTES = 256

LIGHT = range(8)  # contexts of a light learner
LIGHT_MIXERS = 4
LEAST_WORDS, MOST_WORDS = 2**6, 2**16  # of the model of words
PAIRS = (
    (contexts.ORDER_2, contexts.ORDER_3),
    (contexts.ORDER_3, contexts.ORDER_4),
    (contexts.ORDER_4, contexts.WORD_0),
    (contexts.WORD_0, contexts.WORDS_2),
)
FIRST_WEIGHT = 0.7  # of a logit, over the root of how many there are


def history_chances() -> list[int]:
    """A chance for each history of one context, as its counts have it; unused states stay even."""
    known = [
        chance_of((ones + 0.4) / (zeros + ones + 0.8), zeros + ones) for zeros, ones, _ in STATES
    ]
    return [EVEN, *known[1:], *[EVEN] * (BYTES - len(known))]


def pair_chances() -> np.ndarray:
    """A chance for each two histories, where logits add: the finer one's weighs more."""
    logits, weights = np.zeros(BYTES), np.array([0.5, 0.8])
    logits[: len(STATES)] = [math.log((ones + 0.4) / (zeros + 0.4)) for zeros, ones, _ in STATES]
    both = weights[0] * logits[:, None] + weights[1] * logits[None, :]
    chances = np.array([chance_of(p, 2) for p in (1.0 / (1.0 + np.exp(-both))).ravel()])
    chances[0] = EVEN
    return chances


class ByteForecast(Upcoming):
    """Which byte comes next: a distribution over all 256.

    It is made where it is looked at: ask it before its learner learns again. A byte is an int, one
    of ``bytes``, or a string that is one byte; a byte that is no UTF-8 by itself stands in a string
    as Python's ``surrogateescape`` has it.
    """

    __slots__ = ()
    thing = "byte"

    def known(self) -> Floats:
        """Probability of each byte, [256]; they sum to 1."""
        learner, p = self._asked(), np.empty(BYTES)
        bytes_probabilities(learner.floats, learner.ints, p)
        return p

    @property
    def new(self) -> float:
        """Probability of anything else: none."""
        self._asked()
        return 0.0

    def expected_surprise(self) -> float:
        """The mean of -log p(y) over all bytes: the entropy, nats."""
        p = self.known()
        return float(-(p * np.log(p)).sum())

    def top(self, k: int = TOP) -> list[tuple[str, float]]:
        """The k likeliest bytes, with their probabilities: of so many bytes as there are."""
        return super().top(min(k, BYTES))

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[str]:
        """Draw n bytes, each as a string."""
        learner, p = self._asked(), self.known()
        return [learner.name(int(y)) for y in rng.choice(BYTES, n, p=p / math.fsum(p))]


class ByteForecaster(SymbolLearner):
    """Forecasts the next byte of a file, and learns each byte when it comes.

    Parameters
    ----------
    light : bool
        Whether to look at fewer contexts: three to four times as fast, for 3 % more bits.
    bits : int
        Room: 2^bits rows of 16 bytes for what followed each context, and about a fifth of that for
        the rest. Where it is full, the youngest of what is known makes place. Words may be
        2^(bits - 7), from 64 to 65,536, and four times fewer than rows may be counted after others.
    words : bool
        Whether a model of words has its say while a word is spelled (``forecast.words.hints``):
        1 to 2 % fewer bits for a text, in two to five times the time. What is no text needs none.

    Raises
    ------
    ValueError
        If ``bits`` is not from 8 to 26.

    Examples
    --------
    >>> learner = ByteForecaster(bits=12)
    >>> for byte in b"the cat sat on the mat; the cat sat on the m":
    ...     learner.learn(byte)
    >>> learner.predict().top(1)[0][0]
    'a'
    """

    _ask = staticmethod(bytes_ask)
    _learn = staticmethod(bytes_learn)
    _answer = staticmethod(bytes_answer)
    _top = staticmethod(bytes_top)

    def __init__(self, light: bool = False, bits: int = 23, words: bool = False) -> None:
        if not 8 <= bits <= 26:
            raise ValueError(f"bits must be from 8 to 26; got {bits!r}")
        self.light, self.bits, self.words = bool(light), int(bits), bool(words)
        kinds = LIGHT if light else range(CONTEXTS)
        pairs = () if light else PAIRS
        mixed_by = [*(SETS[:LIGHT_MIXERS] if light else SETS), *([HINT_SETS] if words else [])]
        mixers, sets = len(mixed_by), sum(mixed_by)
        seconds = SECONDS if words else SECONDS[:-1]
        n = len(kinds)
        first = FROM_PAIRS + 2 * len(pairs)
        inputs = lanes_for(first + (1 if light else 2) * n)
        state = Layout()
        state.floats("last weights", BYTES, SAYERS)
        state.floats("rate", 1)
        state.floats("second weights", sum(seconds), mixers)
        of_hints = state.n_floats
        if words:
            vocabulary = min(max(2 ** (bits - 7), LEAST_WORDS), MOST_WORDS)
            model = WordForecaster(vocabulary, 2 ** (bits - 2), contexts=1)  # its spelling is ours
            state.floats("hints", hints_floats(vocabulary, len(model.floats)))
        state.ints("plan", PLAN)
        n_curves = 2 ** min(16, bits)
        line = curves_begin(BYTES + 2 * n_curves)
        parts = [
            state.ints("contexts", n),
            state.ints("pairs", len(pairs), 2),
            state.ints("text", TEXT_INTS),
            state.ints("match", MATCH_INTS),
            state.ints("keys", n),
            state.ints("followed", FOLLOWED_INTS),
            # from here on the ints are read as smaller numbers
            state.ints("past", 2 ** (bits - 1) // 8),
            state.ints("rows", rows_bytes(bits) // 8),
            state.ints("heads", MATCHES * 2 ** (bits - 3) // 2),
            state.ints("runs", 1 if light else 2 ** (bits - 1) // 2),
            state.ints("chances", n * BYTES // 2),
            state.ints("run chances", n * RUN_CHANCES // 2),
            state.ints("match chances", len(match_chances()) // 2),
            state.ints("pair chances", len(pairs) * BYTES * BYTES // 2),
            state.ints("weights", sets, inputs // 2),
            state.ints("uses", sets // 2),
            state.ints("curves", len(line) // 2),
            state.n_ints,
        ]
        if words:
            state.ints("hints in order", hints_ints(vocabulary, len(model.ints)))
        parts.append(state.n_ints)
        super().__init__(state, (1,))
        plan = self.view("plan")
        plan[N_CONTEXTS], plan[N_MIXERS], plan[N_INPUTS] = n, mixers, inputs
        plan[N_PAIRS], plan[RUNS], plan[BITS] = len(pairs), not light, bits
        plan[N_CURVES], plan[N_SECONDS] = n_curves, len(seconds)
        plan[WORDS], plan[OF_HINTS] = words, of_hints
        plan[PARTS : PARTS + len(parts)] = parts
        self.view("contexts")[:] = kinds
        self.view("pairs")[:] = pairs if pairs else np.empty((0, 2))
        self.view("chances").view(np.uint32)[:] = history_chances() * n
        self.view("run chances").view(np.uint32)[:] = run_chances() * n
        self.view("match chances").view(np.uint32)[:] = match_chances()
        if pairs:
            self.view("pair chances").view(np.uint32)[:] = np.tile(pair_chances(), len(pairs))
        self.view("curves").view(np.float32)[:] = line
        weights = self.view("weights").view(np.float32)
        weights[:, first : first + n] = FIRST_WEIGHT / math.sqrt(n)
        weights[:, FROM_MATCHES] = FIRST_WEIGHT / math.sqrt(n)
        self.view("second weights")[:] = 1.0 / mixers
        self.view("last weights")[:] = FIRST_WEIGHTS
        self.view("rate")[:] = 1.0
        if words:
            hints = self.view("hints"), self.view("hints in order")
            hints_begin(*hints, vocabulary, (model.floats, model.ints))
        views = self.ints.view(np.uint32), self.ints.view(np.uint8)
        keys_write(self.ints, *views, *map(self.view, ("text", "match", "keys")))

    @property
    def seen(self) -> int:
        """Bytes learned so far."""
        return int(self.view("match")[SEEN])

    @property
    def rate(self) -> float:
        """Effective rate: the mean rate of the chances that were asked for the last bit."""
        return float(self.view("rate")[0])

    def context(self, x: None = None) -> Bytes:
        """Nothing is known beside a byte.

        Raises
        ------
        ValueError
            If something is given.
        """
        if x is not None:
            raise ValueError(f"{type(self).__name__} takes no context x")
        return NOTHING

    def told(self, y: int | str | bytes) -> Bytes:
        """A byte, as an array of one.

        Raises
        ------
        TypeError
            If it is neither an int nor a string nor bytes.
        ValueError
            If it is not one byte.
        """
        if isinstance(y, str):
            y = y.encode("utf-8", "surrogateescape")
        if isinstance(y, bytes | bytearray):
            if len(y) != 1:
                raise ValueError(f"a byte is asked for, and these are {len(y)}: give one by one")
            y = y[0]
        if isinstance(y, bool) or not isinstance(y, int | np.integer):
            raise TypeError(f"a byte is an int, a string or bytes, not {type(y).__name__}")
        if not 0 <= y < BYTES:
            raise ValueError(f"a byte is 0 to 255, not {y}")
        return np.array([y], np.uint8)

    def name(self, number: int) -> str:
        """A byte as a string; what is no UTF-8 by itself as ``surrogateescape`` has it."""
        return bytes([number]).decode("utf-8", "surrogateescape")

    def predict(self, x: None = None, horizon: int | None = None) -> ByteForecast:
        """Forecast the next byte; look at it before the learner learns again."""
        self.context(x)
        self.expects(horizon)
        return ByteForecast(self)

    def moved(self, before: "ByteForecaster") -> Floats:
        """The step of the last weights of a byte's first bit, of which the forecast speaks."""
        step: Floats = self.view("last weights")[1] - before.view("last weights")[1]
        return step

    def options(self) -> dict[str, Any]:
        """The arguments that make this learner again."""
        return {"light": self.light, "bits": self.bits, "words": self.words}
