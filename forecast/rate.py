"""How much to learn: every rule is one short function under its equation.

A *rate* in (0, 1] is the weight of the newest observation against everything before it; 1/rate is
the memory in points. A model is moved by a rate and never computes one; a rule gives a rate and
never knows what it paces: a level, a scale, a regression, the frequency of a word or of a label.

    rule(memory, seen, base, strength) -> rate    the rate at which the newest point is learned

``memory`` is what the rule remembers, zeros before the first point. ``seen`` is what the newest
point was to the belief that is about to learn it: its surprise ``s``, the surprise ``h`` that was
expected, and what ``SEEN`` names besides. ``base`` is the rate where nothing is to be said,
``strength`` how much the rule is heard; a rule without use for one ignores it. ``RULES`` lists all.

What was measured (``experiments/results/rates.md``): as a factor of a gradient step, surprise
harms, because the gradient carries the error already; there the bounded step wins. As forgetting
it gains a little. What gains most is no rule for one rate, but several rates at once, weighted by
how well each saw the last point coming: see ``blend.memories`` and ``gate``.
"""

from __future__ import annotations

import math

from forecast.compiled import compiled

TYPE_CHECKING = False  # as typing has it, whose import a mail would wait for
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What a rule sees, in nats but for the error:
(
    SURPRISE,  # s = -log p(y)
    EXPECTED,  # h: the surprise that the belief itself expected
    REFERENCE,  # the surprise of a belief that knows only the whole past, and forgets nothing
    FASTER,  # the surprise of its shadow, the same belief at twice the rate
    SLOWER,  # and of its shadow at half the rate
    ERROR,  # y - forecast, in scales of the forecast; nan where y is no number
    RATE,  # the rate before
) = range(7)
SEEN = 7
MEMORY = 4  # floats that a rule may keep
SLOWEST = 1e-5
LARGEST = 3.0  # nats of surprise beyond the expected that a rule will hear, either way
SHORT, LONG = 0.1, 0.01  # rates of the running means that rules compare


# ---- rates that hear nothing ---------------------------------------------------------------------


@compiled
def constant(rate: float) -> float:
    """Every observation weighs the same share of the whole: a memory of 1/rate points.

    Examples
    --------
    >>> constant(0.1)
    0.1
    """
    return rate


@compiled
def one_over_n(n: float, floor: float) -> float:
    """The mean while it is young, forgetting when it is old: the floor *is* the forgetting.

    rate_n = max(1/n, floor),  n = 1, 2, ...

    Examples
    --------
    >>> one_over_n(1.0, 0.05), one_over_n(4.0, 0.05), one_over_n(1000.0, 0.05)
    (1.0, 0.25, 0.05)
    """
    return max(1.0 / n, floor)


@compiled
def bounded(error: float, bound: float) -> float:
    """The error that is learned from, when one surprise may be an outlier (Huber, 1964).

    psi(e) = max(-bound, min(bound, e))

    A rate times the clipped error is a rate that falls as ``bound/|e|`` once the error is large:
    one surprise moves the model by a bounded step, a persistent one moves it all the way.

    Examples
    --------
    >>> bounded(0.5, 3.0), bounded(-40.0, 3.0)
    (0.5, -3.0)
    """
    return max(-bound, min(bound, error))


@compiled
def constant_step(memory, seen, base, strength):
    """rate = base."""
    return constant(base)


@compiled
def one_over_n_step(memory, seen, base, strength):
    """rate = max(1/n, base)."""
    memory[0] += 1.0
    return one_over_n(memory[0], base)


# ---- rates that hear the surprise ----------------------------------------------------------------


@compiled
def excess(seen):
    """How much more surprising the point was than expected, bounded: its mean is about 0."""
    return bounded(seen[SURPRISE] - seen[EXPECTED], LARGEST)


@compiled
def own_step(memory, seen, base, strength):
    """The thread, word for word, and centred: learn more from what surprises more than expected.

    rate = base exp(strength (s - h))
    """
    return base * math.exp(strength * excess(seen))


@compiled
def last_step(memory, seen, base, strength):
    """The same, one point later: the rate is known before its observation (*predictable*).

    rate_t = base exp(strength (s_t-1 - h_t-1))
    """
    rate = base * math.exp(strength * memory[0])
    memory[0] = excess(seen)
    return rate


@compiled
def mean_step(memory, seen, base, strength):
    """A lone surprise may be an outlier; a run of them is a change.

    x <- x + 1/10 (s - h - x),   rate = base exp(strength x)
    """
    memory[0] += SHORT * (excess(seen) - memory[0])
    return base * math.exp(strength * memory[0])


@compiled
def fast_over_slow_step(memory, seen, base, strength):
    """Surprising lately against surprising usually, whatever the model expected.

    a <- a + 1/10 (s - a),   b <- b + 1/100 (s - b),   rate = base exp(strength (a - b))
    """
    memory[2] += 1.0
    for j in range(2):
        slow = LONG if j == 1 else SHORT
        memory[j] += one_over_n(memory[2], slow) * (seen[SURPRISE] - memory[j])
    return base * math.exp(strength * bounded(memory[0] - memory[1], LARGEST))


@compiled
def relative_step(memory, seen, base, strength):
    """Surprised *relative* to a faster memory: this one could have seen the point coming.

    c = log p_faster(y) - log p_slower(y)
    x <- x + 1/10 (c - x),   rate = base exp(10 strength x)
    """
    c = bounded(seen[SLOWER] - seen[FASTER], LARGEST)
    memory[0] += SHORT * (c - memory[0])
    return base * math.exp(10.0 * strength * bounded(memory[0], 0.4))


@compiled
def bayes_factor_step(memory, seen, base, strength):
    """Surprise against what one would have said without learning (Liakoni et al., 2021).

    S = p_reference(y) / p(y),   m = strength / (1 - strength)
    gamma = m S / (1 + m S)           the chance that this point begins something new
    rate = 1 - (1 - base) (1 - gamma)
    """
    S = math.exp(min(30.0, seen[SURPRISE] - seen[REFERENCE]))
    m = strength / (1.0 - strength)
    gamma = m * S / (1.0 + m * S)
    return 1.0 - (1.0 - base) * (1.0 - gamma)


@compiled
def change_point_step(memory, seen, base, strength):
    """The reduced delta rule of a learner that expects changes (Nassar et al., 2010).

    S = p_reference(y) / p(y),   w = strength S / (strength S + 1 - strength)
    rate = w + (1 - w) / (run + 1),   run <- (run + 1) (1 - w) + w,  at most 1/base
    """
    S = math.exp(min(30.0, seen[SURPRISE] - seen[REFERENCE]))
    w = strength * S / (strength * S + 1.0 - strength)
    run = memory[0]
    memory[0] = min((run + 1.0) * (1.0 - w) + w, 1.0 / base)
    return w + (1.0 - w) / (run + 1.0)


@compiled
def hypergradient_step(memory, seen, base, strength):
    """Towards whichever shadow saw the point coming better: a finite d log p / d log rate.

    c = log p_faster(y) - log p_slower(y)
    log rate <- log rate + strength c / sd(c)
    """
    c = seen[SLOWER] - seen[FASTER]
    memory[1] += LONG * (c * c - memory[1])
    memory[0] += strength * bounded(c / math.sqrt(memory[1] + 1e-12), LARGEST)
    # the rate begins at its base
    log_rate = bounded(math.log(base) + memory[0], -math.log(SLOWEST))
    memory[0] = min(0.0, log_rate) - math.log(base)
    return math.exp(min(0.0, log_rate))


# ---- rates that hear the error -------------------------------------------------------------------


@compiled
def trigg_leach_step(memory, seen, base, strength):
    """Errors of one sign mean that the forecast lags behind (Trigg and Leach, 1967).

    a <- a + strength (e - a),   b <- b + strength (|e| - b),   rate = |a| / b
    """
    e = seen[ERROR]
    memory[0] += strength * (e - memory[0])
    memory[1] += strength * (abs(e) - memory[1])
    return abs(memory[0]) / (memory[1] + 1e-12)


@compiled
def huber_step(memory, seen, base, strength):
    """A bounded step: the rate falls with the error, once that is large (Huber, 1964).

    rate = base min(1, strength / |e|)
    """
    return base * min(1.0, strength / (abs(seen[ERROR]) + 1e-12))


@compiled
def no_faster_than_1(log_rate, base):
    """log(rate/base), held where the rate is 1, so that it turns at once when it is to fall."""
    return max(-12.0, min(-math.log(base), log_rate))


@compiled
def idbd_step(memory, seen, base, strength):
    """A gradient step on the log of the rate (Sutton, 1992), for the one weight that a level is.

    log rate <- log rate + strength e h,   h <- h (1 - rate)+ + rate e
    """
    e = bounded(seen[ERROR], LARGEST)
    memory[0] = no_faster_than_1(memory[0] + strength * e * memory[1], base)
    rate = base * math.exp(memory[0])
    memory[1] = memory[1] * max(0.0, 1.0 - rate) + rate * e
    return rate


@compiled
def autostep_step(memory, seen, base, strength):
    """The same, normed by its largest step lately (Mahmood et al., 2012).

    v <- max(|e h|, v + rate/10^4 (|e h| - v)),   log rate <- log rate + strength e h / v
    h <- h (1 - rate) + rate e
    """
    e = bounded(seen[ERROR], LARGEST)
    correlation = e * memory[1]
    rate = base * math.exp(memory[0])
    memory[2] += 1e-4 * rate * (abs(correlation) - memory[2])
    memory[2] = max(abs(correlation), memory[2])
    if memory[2] > 0.0:
        memory[0] = no_faster_than_1(memory[0] + strength * correlation / memory[2], base)
    rate = base * math.exp(memory[0])
    memory[1] = memory[1] * (1.0 - rate) + rate * e
    return rate


@compiled
def adagrad_step(memory, seen, base, strength):
    """The rate falls with the errors so far (Duchi et al., 2011); one step a point is given.

    G <- G + min(e^2, 25),   rate = 10 base / sqrt(G)
    """
    memory[0] += min(seen[ERROR] * seen[ERROR], 25.0)
    return 10.0 * base / math.sqrt(memory[0] + 1e-9)


@compiled
def within_bounds(rate):
    """A rate as a model can be moved by it."""
    return max(SLOWEST, min(1.0, rate))


class Rule:
    """A rule as it can be chosen by name.

    Attributes
    ----------
    step : kernel
    strengths : tuple of float
        Strengths worth trying, the usual one first.
    shadows : bool
        Whether it looks at shadows, beliefs at twice and at half its rate.
    error : bool
        Whether it needs an error, and so a number or a label.
    """

    __slots__ = ("error", "shadows", "step", "strengths")

    def __init__(
        self,
        step: Callable[..., Any],
        strengths: tuple[float, ...] = (1.0,),
        shadows: bool = False,
        error: bool = False,
    ) -> None:
        self.step, self.strengths, self.shadows, self.error = step, strengths, shadows, error


RULES: dict[str, Rule] = {
    "constant": Rule(constant_step),
    "1/n with a floor": Rule(one_over_n_step),
    "own surprise": Rule(own_step, (0.5, 0.25, 1.0)),
    "last surprise": Rule(last_step, (0.5, 0.25, 1.0)),
    "mean surprise": Rule(mean_step, (0.5, 0.25, 1.0)),
    "fast over slow surprise": Rule(fast_over_slow_step, (0.5, 0.25, 1.0)),
    "relative surprise": Rule(relative_step, (0.25, 0.1, 0.5), shadows=True),
    "Bayes factor": Rule(bayes_factor_step, (0.01, 0.001, 0.1)),
    "change point": Rule(change_point_step, (0.01, 0.001, 0.1)),
    "hypergradient": Rule(hypergradient_step, (0.03, 0.01, 0.1), shadows=True),
    "Trigg-Leach": Rule(trigg_leach_step, (0.1, 0.05, 0.2), error=True),
    "bounded": Rule(huber_step, (2.0, 1.0, 4.0), error=True),
    "IDBD": Rule(idbd_step, (0.01, 0.003, 0.03), error=True),
    "Autostep": Rule(autostep_step, (0.01, 0.003, 0.03), error=True),
    "AdaGrad": Rule(adagrad_step, (1.0,), error=True),
}
