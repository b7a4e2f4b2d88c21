"""The next difference from the last ones, by one rate: gradient steps, or least squares.

    (y[t+1] - y[t]) / unit_t  ~  w . x_t,   x_t = 1 and the last eight differences, in units

Anchored on the last value, in the series' own unit, with bounded features and bounded forecasts,
so that no stream makes it diverge.
"""

from forecast.compiled import compiled
from forecast.numbers.local import Model
from forecast.numbers.series import LAST, unit_of
from forecast.rate import bounded

ORDER = 8
FEATURES = ORDER + 1
BOUND = 8.0  # units, of features and of forecasts
HUBER = 3.0  # units: an error beyond it is learned from as if it were this large
PRIOR = 1.0  # how much the weights are doubted at the start
MOST_DOUBT = 1e3  # trace of the covariance above which nothing is forgotten
FASTEST = 0.5  # rate of least squares: it needs more than one point for nine weights


@compiled
def _feature(f, unit, j):
    """1, then the last differences, newest first; they stand at the start of ``f``."""
    return 1.0 if j == 0 else bounded(f[j - 1] / unit, BOUND)


@compiled
def autoregression_believe(f, series, locations):
    """last + unit (w_k . x), bounded."""
    K = len(locations)
    unit = unit_of(series)
    for k in range(K):
        locations[k] = 0.0
    if unit > 0.0:
        for j in range(FEATURES):
            x = _feature(f, unit, j)
            for k in range(K):
                locations[k] += f[ORDER + j * K + k] * x
    for k in range(K):
        locations[k] = series[LAST] + unit * bounded(locations[k], BOUND)


@compiled
def _remember(f, series, y):
    """The newest difference enters."""
    for j in range(ORDER - 1, 0, -1):
        f[j] = f[j - 1]
    f[0] = y - series[LAST] if unit_of(series) > 0.0 else 0.0


def gradient_floats(K: int) -> int:
    """Floats of K regressions by gradient: differences [ORDER], weights [FEATURES, K]."""
    return ORDER + FEATURES * K


@compiled
def gradient_move(f, series, y, locations, rates):
    """Normalised least mean squares with a bounded step (Widrow and Hoff, 1960; Huber, 1964).

    w_k <- w_k + rate_k psi(e_k) x / (x . x),   e_k = (y - forecast_k) / unit
    """
    K = len(rates)
    unit = unit_of(series)
    if unit > 0.0:
        square = 0.0
        for j in range(FEATURES):
            x = _feature(f, unit, j)
            square += x * x
        for j in range(FEATURES):
            x = _feature(f, unit, j)
            for k in range(K):
                error = bounded((y - locations[k]) / unit, HUBER)
                f[ORDER + j * K + k] += rates[k] * error * x / square
    _remember(f, series, y)


def least_squares_floats(K: int) -> int:
    """Floats of K least squares: as by gradient, then points [1], gain, covariance."""
    return ORDER + FEATURES * K + 1 + FEATURES + FEATURES * FEATURES * K


@compiled
def least_squares_move(f, series, y, locations, rates):
    """Recursive least squares that forgets by its rate, and stops where it doubts too much.

    lambda_k = 1 - rate_k,   g = P x,   w <- w + g e / (lambda + x . g)
    P <- (P - g g' / (lambda + x . g)) / lambda       (Plackett, 1950)
    """
    K = len(rates)
    D = FEATURES
    unit = unit_of(series)
    seen = ORDER + D * K
    gain = seen + 1
    if unit > 0.0:
        for k in range(K):
            P = gain + D + k * D * D
            if f[seen] == 0.0:
                for j in range(D):
                    f[P + j * D + j] = PRIOR
            doubt = 0.0
            for j in range(D):
                doubt += f[P + j * D + j]
            keep = 1.0 if doubt > MOST_DOUBT else 1.0 - min(FASTEST, rates[k])
            over = keep
            for i in range(D):
                f[gain + i] = 0.0
                for j in range(D):
                    f[gain + i] += f[P + i * D + j] * _feature(f, unit, j)
                over += _feature(f, unit, i) * f[gain + i]
            error = bounded((y - locations[k]) / unit, BOUND)
            for i in range(D):
                f[ORDER + i * K + k] += f[gain + i] / over * error
                for j in range(D):
                    taken = f[gain + i] * f[gain + j] / over  # the same for i, j and for j, i
                    f[P + i * D + j] = (f[P + i * D + j] - taken) / keep
        f[seen] += 1.0
    _remember(f, series, y)


def weights_of(K: int) -> slice:
    """Where the weights of K regressions stand."""
    return slice(ORDER, ORDER + FEATURES * K)


GRADIENT = Model(gradient_floats, autoregression_believe, gradient_move, weights_of)
LEAST_SQUARES = Model(
    least_squares_floats, autoregression_believe, least_squares_move, weights_of, fastest=FASTEST
)
