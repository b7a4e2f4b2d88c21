"""How much to learn: the rules that pace a model.

A *rate* in (0, 1] is the weight of the newest observation against everything before it; 1/rate is
the memory in points. A model is moved by a rate and never computes one; a rule gives a rate and
never knows what it paces. Each rule is one short function under its equation.

Several rates at once, weighted by how well each saw the last point coming, are not a rule but a
blend: see ``blend.memories``.
"""

from forecast.compiled import compiled


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
