"""Series at the edge: what a learner of numbers may meet once in a year, and must outlive."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
N = 1500  # points of each; some are shorter

SMALLEST = 5e-324


def _noise(seed: int = 0) -> Floats:
    noise: Floats = np.random.default_rng(seed).normal(size=N)
    return noise


def _at(places: "slice | list[int]", value: float, base: Floats) -> Floats:
    changed = base.copy()
    changed[places] = value
    return changed


def _growing(base: float) -> Floats:
    grown: Floats = base ** np.linspace(0.0, 1.0, N) * _noise()
    return grown


def _spikes(size: float) -> Floats:
    spiky = _noise()
    spiky[100::97] += size
    return spiky


def _walk(seed: int = 0) -> Floats:
    walk: Floats = _noise(seed).cumsum()
    return walk


TIME = np.arange(N, dtype=float)
EDGES: dict[str, Callable[[], Floats]] = {
    "no point": lambda: np.empty(0),
    "one point": lambda: np.ones(1),
    "two points": lambda: np.array([1.0, 2.0]),
    "constant": lambda: np.full(N, 7.3),
    "all zero": lambda: np.zeros(N),
    "zero of both signs": lambda: np.where(TIME % 2 == 0, 0.0, -0.0),
    "only missing": lambda: np.full(N, math.nan),
    "missing but every tenth": lambda: np.where(TIME % 10 == 3, _noise(), math.nan),
    "missing for a long time": lambda: _at(slice(300, 1000), math.nan, _noise()),
    "missing until late": lambda: _at(slice(0, 1200), math.nan, _noise()),
    "infinite now and then": lambda: _at(slice(50, None, 61), math.inf, _noise()),
    "two values in turn": lambda: np.where(TIME % 2 == 0, 3.0, 5.0),
    "two values by chance": lambda: np.where(_noise() > 0.0, 3.0, 5.0),
    "one step": lambda: np.where(TIME < 700, 1.0, 2.0),
    "one step in noise": lambda: _noise() + np.where(TIME < 700, 0.0, 50.0),
    "a step every hundred": lambda: _noise() + 100.0 * np.floor(TIME / 100.0) ** 1.5,
    "one spike": lambda: _at([800], 1e9, np.full(N, 2.0)),
    "spikes of a million spreads": lambda: _spikes(1e6),
    "spikes of thirty spreads": lambda: _spikes(30.0),
    "300 equal values, then life": lambda: np.where(TIME < 300, 4.0, 4.0 + _noise()),
    "life, then equal values": lambda: np.where(TIME < 700, _noise(), 0.5),
    "a change at the end": lambda: _at([N - 1], 10.0, np.full(N, 1.0)),
    "ramp": lambda: 0.25 * TIME,
    "ramp in noise": lambda: 0.25 * TIME + _noise(),
    "parabola": lambda: TIME**2,
    "growing by a tenth of a hundredth": lambda: 1.001**TIME,
    "doubling and doubling": lambda: 2.0 ** (TIME * 0.15),
    "fading away": lambda: 0.98**TIME,
    "a spread that grows a billionfold": lambda: _growing(1e9),
    "a spread that shrinks a billionfold": lambda: _growing(1e-9),
    "huge": lambda: 1e74 * (1.0 + 0.01 * _noise()),
    "beyond all measure": lambda: 1e300 * (1.0 + 0.01 * _noise()),
    "huge in turn": lambda: np.where(TIME % 2 == 0, 1e74, -1e74),
    "the smallest": lambda: np.where(TIME % 3 == 0, SMALLEST, 0.0),
    "tiny": lambda: 1e-300 * _noise(),
    "noise far from zero": lambda: 1e12 + _noise(),
    "at the last digit": lambda: 1e15 + 0.125 * np.rint(_noise()),
    "Cauchy": lambda: np.random.default_rng(0).standard_cauchy(N),
    "walk": _walk,
    "walk of logarithms": lambda: np.exp(0.1 * _walk()),
    "sine": lambda: np.sin(TIME * 2.0 * np.pi / 24.0),
    "ever faster": lambda: np.sin((TIME / 40.0) ** 2),
    "saw": lambda: TIME % 17.0,
    "counts, mostly none": lambda: np.random.default_rng(0).poisson(0.1, N).astype(float),
    "two series in turn": lambda: np.where(TIME % 2 == 0, 100.0 + _noise(), -100.0 + _noise()),
}
