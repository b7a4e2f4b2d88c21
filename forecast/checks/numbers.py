"""The laws of learners of numbers: a series to try them on, and what must hold of it."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from forecast.checks.edges import EDGES
from forecast.checks.law import (
    Factory,
    Law,
    LawBroken,
    StreamLaw,
    require,
    rows_of,
    same,
    same_state,
    saved_and_loaded,
    steps,
    thirds,
)
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import LEVELS
from forecast.learner import Learner, NumberLearner
from forecast.numbers.memories import GradientRegression, LeastSquaresRegression, Scale
from forecast.numbers.naive import Naive
from forecast.numbers.paced import Paced
from forecast.numbers.regression import Regression
from forecast.prequential import Answers, Run, prequential
from forecast.truth import Truth

# one model each
ALONE = (Naive, Scale, GradientRegression, LeastSquaresRegression, Regression, Paced)
FEW = ("one step", "missing until late", "spikes of thirty spreads")  # for slow learners
KNOWN = 1e75  # a learner may refuse a value beyond it, and know nothing yet
LONGEST_PATTERN = 50


def stream(learner: Learner, n: int, seed: int = 0) -> np.ndarray:
    """A series to try a learner on: level, season, noise, a few repeats; [n] or [n, channels]."""
    rng = np.random.default_rng(seed)
    channels = getattr(learner, "channels", 1)
    t = np.arange(n)[:, None] + 2.0 * np.arange(channels)
    walk = 0.2 * rng.normal(size=(n, channels)).cumsum(axis=0)
    ys = 50.0 + 3.0 * np.sin(2.0 * np.pi * t / 12.0) + walk + rng.standard_t(4, (n, channels))
    repeats = rng.random(n) < 0.05
    ys[1:][repeats[1:]] = ys[:-1][repeats[1:]]
    values: np.ndarray = ys[:, 0] if channels == 1 else ys
    return values


def said(learner: Learner) -> np.ndarray:
    """All that a learner forecasts now, as numbers: [horizons, channels, 22]."""
    answers = []
    for horizon in learner.horizons:
        each = forecasts(learner, horizon)
        answers.append([[f.mean, *map(f.quantile, LEVELS)] for f in each])
    return np.array(answers)


def forecasts(learner: Learner, horizon: int) -> tuple[Any, ...]:
    """What a learner forecasts for one horizon, one for each channel."""
    found = learner.predict(horizon=horizon)
    return found if isinstance(found, tuple) else (found,)


def told(factory: Factory, ys: np.ndarray) -> Learner:
    """A new learner that was told a series."""
    learner: Learner = factory()
    for y in ys:
        learner.learn(y)
    return learner


def future_changes_nothing(factory: Factory, ys: np.ndarray) -> None:
    """What comes later changes no earlier forecast, whatever it is."""
    for cut in rows_of(ys, 1, 2, 30, 150):
        other = ys.copy()
        other[cut:] = stream(factory(), len(ys), seed=1)[cut:] * 1e3 - 7.0
        one, two = Run(factory()), Run(factory())
        first, second = one.feed(ys), two.feed(other)
        early = first.row <= cut
        require(
            same(first.quantiles[early], second.quantiles[early])
            and same(first.mean[early], second.mean[early]),
            f"forecasts of rows up to {cut} changed with the rows after them",
        )


def predicting_changes_nothing(factory: Factory, ys: np.ndarray) -> None:
    """Asking reads: a learner that was asked is, bit for bit, one that was not."""
    asked, silent = factory(), factory()
    for y in ys:
        for _ in range(3):
            before = said(asked)
        require(same(before, said(asked)), "the same question got two answers")
        asked.learn(y)
        silent.learn(y)
    require(same(said(asked), said(silent)), "a learner that was asked forecasts otherwise")
    require(same_state(asked, silent), "the state of a learner that was asked is another")


def with_a_gap(learner: Learner) -> np.ndarray:
    """A series of which three rows in a row are missing."""
    ys = stream(learner, 240)
    ys[100:103] = math.nan
    return ys


def chunks_change_nothing(factory: Factory, ys: np.ndarray) -> None:
    """One point at a time, in random chunks, or all at once: the same bits."""
    whole = Run(factory()).feed(ys)
    rng = np.random.default_rng(3)
    cuts = np.sort(rng.integers(0, max(1, len(ys)), 9))
    pieces = Run(factory())
    blocks = [pieces.feed(block) for block in np.split(ys, cuts)]
    for name in whole._fields:
        joined = np.concatenate([getattr(block, name) for block in blocks])
        require(same(getattr(whole, name), joined), f"{name} differs in random chunks")
    answered = list(prequential(ys, factory()))
    for name in ("surprise", "rate", "y", "horizon", "series", "issued"):
        one_by_one = np.array([getattr(step, name) for step in answered], float)
        require(same(np.asarray(getattr(whole, name), float), one_by_one), f"{name} differs alone")
    means = np.array([step.forecast.mean for step in answered])  # type: ignore[attr-defined]
    require(same(whole.mean, means), "the mean differs one point at a time")


def resuming_changes_nothing(factory: Factory, ys: np.ndarray) -> None:
    """Saved and loaded at any cut, a learner goes on as if nothing had happened."""
    going_on = factory()
    with tempfile.TemporaryDirectory() as folder:
        for t, y in enumerate(ys):
            if t in rows_of(ys, 0, 1, 2, 17, 90):
                resumed = saved_and_loaded(going_on, Path(folder) / "state")
                for later in ys[t : t + 40]:
                    resumed.learn(later)
                expected = said(told(factory, ys[: t + 40]))
                require(same(said(resumed), expected), f"resumed at {t}, it forecasts otherwise")
            going_on.learn(y)


def a_batch_is_its_observations(factory: Factory, ys: np.ndarray) -> None:
    """Told a batch, a learner is what it is when told the same observations in their order."""
    batch = factory()
    if not isinstance(batch, Learner):
        return  # one that is none of ours need not take batches
    for some in thirds(ys):
        batch.learn_many(some)
    one_by_one = told(factory, ys)
    require(same(said(batch), said(one_by_one)), "told a batch, it forecasts otherwise")
    require(same_state(batch, one_by_one), "told a batch, its state is another")


def every_answer_is_learned(factory: Factory, ys: np.ndarray) -> None:
    """What came moves what is said next: had another value come, a forecast would be another."""
    if len(ys) == 0:
        return
    learner = factory()
    ys = ys.reshape(len(ys), -1)
    # a step of an odd size, so that nothing mirrors it
    step = 0.7371 * (np.abs(np.diff(ys, axis=0)).mean() if len(ys) > 1 else 1.0) or 0.7371
    for t in range(len(ys)):
        for series in range(ys.shape[1]):
            other = ys.copy()
            other[t, series] += step
            if not _told_apart(factory, ys, other, t, series, learner.horizons[-1]):
                of = f" of series {series}" if ys.shape[1] > 1 else ""
                require(False, f"row {t}{of} was not learned: {step:.4g} more changes no forecast")


def _told_apart(
    factory: Factory, ys: np.ndarray, other: np.ndarray, t: int, series: int, longest: int
) -> bool:
    """Whether a learner comes to forecast otherwise, soon after the row in which two streams part.

    A question of the longest horizon is answered, and can be learned from, so many rows later.
    """
    one, two = (told(factory, _rows(each[: t + 1])) for each in (ys, other))
    for later in range(t + 1, min(len(ys), t + 1 + longest) + 1):
        if not same(said(one)[:, series], said(two)[:, series]):
            return True
        for y in _rows(ys[later : later + 1]):
            one.learn(y)
            two.learn(y)
    return False


def _rows(ys: np.ndarray) -> Any:
    """Rows as a learner is told them: numbers, or vectors."""
    return ys[:, 0] if ys.shape[1] == 1 else ys


def patterns(learner: Learner) -> list[np.ndarray]:
    """Short patterns, and those that come again one row before or after a horizon."""
    near = {horizon + off for horizon in learner.horizons for off in (-1, 1)}
    periods = sorted({2, 3} | {period for period in near if 2 <= period <= LONGEST_PATTERN})
    return [np.arange(period) ** 2 % 7.0 for period in periods]


def what_returns_is_held(factory: Factory, pattern: np.ndarray) -> None:
    """A pattern that comes again and again lies within the 95 % intervals, at each horizon."""
    if len(pattern) == 0:
        return
    learner = factory()
    n = 120 + 4 * len(pattern) + 2 * learner.horizons[-1]
    answers, _ = _over(learner, np.resize(pattern, n))
    slack = 1e-9 * (1.0 + np.abs(answers.y))
    inside = (answers.quantiles[:, 0] - slack <= answers.y) & (
        answers.y <= answers.quantiles[:, -1] + slack
    )
    for horizon in learner.horizons:
        late = (answers.horizon == horizon) & (answers.row >= n // 2)
        share = float(inside[late].mean())
        require(
            share >= 0.5,
            f"of a pattern that returns, {100 * share:.0f} % of the answers lie within the 95 % "
            f"interval at horizon {horizon}",
        )


def bad_values_do_no_harm(factory: Factory) -> None:
    """Missing, infinite, huge and tiny values: the state stays finite and the score recovers."""
    clean = stream(factory(), 700)
    ys = clean.copy()
    ys[200:240:8] = math.nan
    ys[201:240:8] = math.inf
    ys[202:240:8] = -1e300
    ys[203:240:8] = 1e17
    ys[204:240:8] = 5e-324
    learner, other = factory(), factory()
    scarred, unharmed = Run(learner).feed(ys), Run(other).feed(clean)
    if isinstance(learner, NumberLearner) and isinstance(other, NumberLearner):
        lost = ~np.isfinite(learner.floats) & np.isfinite(other.floats)
        require(not lost.any(), f"{lost.sum()} numbers of its state are no longer finite")
    require(bool(np.isfinite(said(learner)).all()), "the forecast is no longer finite")
    late = scarred.row >= 450
    harmed = np.abs(scarred.y - scarred.quantiles[:, 10])[late].mean()
    usual = np.abs(unharmed.y - unharmed.quantiles[:, 10])[unharmed.row >= 450].mean()
    require(
        harmed <= 1.25 * usual, f"mean error {harmed:.4g} after bad values, {usual:.4g} without"
    )


def shifts_are_learned(factory: Factory) -> None:
    """A level that moved for good, by a thousand spreads, is forecast there."""
    clean = stream(factory(), 600)
    ys = clean.copy()
    ys[300:] += 1e4
    shifted, unmoved = Run(factory()).feed(ys), Run(factory()).feed(clean)
    error = np.abs(shifted.y - shifted.quantiles[:, 10])[shifted.row >= 500].mean()
    usual = np.abs(unmoved.y - unmoved.quantiles[:, 10])[unmoved.row >= 500].mean()
    require(error <= 3.0 * usual, f"mean error {error:.4g} after a shift, {usual:.4g} without")


def scale_and_shift_go_through(factory: Factory, ys: np.ndarray) -> None:
    """Told ``a*y + b``, it forecasts ``a*forecast + b``, and is surprised by log a more.

    Of a sum of many values, ``b`` counts as often as a value does.
    """
    plain = Run(factory()).feed(ys)
    if len(plain.row) == 0:
        return
    whole = Truth(getattr(factory(), "window", None), 1).whole
    for a, b in ((1000.0, 0.0), (0.01, 3.0), (2.0, -500.0)):
        other = Run(factory()).feed(a * ys + b)
        spread = np.abs(plain.quantiles[:, 19] - plain.quantiles[:, 1]).mean()
        # where all is one value, what its floats can tell apart
        spread = max(spread, 1e-6 * np.abs(plain.y).max(), 1e-6 * abs(whole * b / a), 1e-300)
        off = np.abs((other.quantiles - whole * b) / a - plain.quantiles).max() / spread
        require(off < 1e-6, f"quantiles of {a:g} y {b:+g} are off by {off:.2g} of their spread")
        known = ~np.isnan(plain.surprise)
        require(same(np.isnan(other.surprise), ~known), "a surprise is missing")
        more = np.abs(other.surprise - plain.surprise - math.log(a))[known].max(initial=0.0)
        require(more < 1e-5, f"surprise of {a:g} y {b:+g} is not log a more, by {more:.2g} nats")


def forecasts_are_distributions(factory: Factory, ys: np.ndarray) -> None:
    """cdf(quantile(p)) = p; the density integrates to 1, and so does that of the cells."""
    learner = told(factory, ys)
    for horizon in learner.horizons:
        for forecast in forecasts(learner, horizon):
            if not forecast.quantile(0.05) < forecast.quantile(0.95):
                continue  # nothing is known yet, or one value only
            levels = np.linspace(0.001, 0.999, 999)
            off = max(abs(forecast.cdf(forecast.quantile(p)) - p) for p in levels)
            require(off < 1e-9, f"cdf(quantile(p)) is off by {off:.2g}")
            xs = np.array([forecast.quantile(p) for p in np.linspace(0.0005, 0.9995, 20001)])
            middles = 0.5 * (xs[1:] + xs[:-1])
            mass = math.fsum(forecast.pdf(x) * w for x, w in zip(middles, np.diff(xs), strict=True))
            require(abs(mass - 0.999) < 1e-4, f"the density integrates to {mass + 0.001:.6f}")


def expected_teaches_nothing(factory: Factory) -> None:
    """Where y follows the learner's own forecast, the mean step of what it believes is 0."""
    learner = told(factory, stream(factory(), 400))
    if not isinstance(learner, NumberLearner) or learner.horizons[0] != 1:
        return  # the step of an answer that comes late mixes with those in between
    rng = np.random.default_rng(5)
    draws = np.stack([f.sample(rng, 1000) for f in forecasts(learner, 1)], axis=1)
    found = steps(learner, [y if len(y) > 1 else y[0] for y in draws])
    mean, error = found.mean(axis=0), found.std(axis=0) / math.sqrt(1000)
    moved = error > 0.0
    require(bool(moved.any()), "nothing was moved")
    worst = np.abs(mean[moved] / error[moved]).max()
    require(worst < 4.5, f"the mean step is {worst:.1f} standard errors from 0")


def edges_are_outlived(factory: Factory) -> None:
    """Whatever a series is, each value is forecast; forecasts are finite, and quantiles rise."""
    for name, edge in EDGES.items():
        # by its own methods a learner walks slowly: every fifth point has the same story
        ys = edge() if isinstance(factory(), NumberLearner) else edge()[::5]
        try:
            is_outlived(factory, ys)
        except LawBroken as broken:
            raise LawBroken(f"{name}: {broken}") from None
        except Exception as error:
            raise LawBroken(f"{name}: {type(error).__name__}: {error}") from error


def is_outlived(factory: Factory, one: np.ndarray) -> None:
    """Whatever a series is, each value is forecast; forecasts are finite, and quantiles rise."""
    learner = factory()
    channels = getattr(learner, "channels", 1)
    answers, _ = _over(learner, one)
    with np.errstate(all="ignore"):
        rounding = 1e-13 * np.abs(answers.quantiles[:, 1:])
        falls = (np.diff(answers.quantiles, axis=1) + rounding).min(initial=0.0)
    said = np.column_stack([answers.mean, answers.quantiles])
    lost = np.flatnonzero(~np.isfinite(said).all(axis=1))
    if len(lost):
        raise LawBroken(f"the forecast for row {answers.row[lost[0]]} is not finite")
    unsaid = channels * answerable(one, learner) - len(said)
    require(unsaid <= 0, f"of {unsaid} values nothing was said, though some were known")
    require(falls >= 0.0, f"a quantile lies {-falls:.2g} below the one before it")


def the_last_value_is_near(factory: Factory) -> None:
    """On no strange series is it 3 times worse than the last value, over any 1,000 points.

    A millionth of the mean change so far is forgiven. It is a blend that can promise this, if the
    last value, or a level as fast, is among its experts. A regression alone may have wrong weights
    for a while (on a series that fades away it is 80 times worse), a scale alone has no level, and
    one rate that was given may be a slow one: none of these is asked.
    """
    if isinstance(factory(), ALONE) or 1 not in factory().horizons:
        return
    for name in EDGES if isinstance(factory(), NumberLearner) else FEW:
        learner = factory()
        answers, _ = _over(learner, EDGES[name]())
        for channel in range(getattr(learner, "channels", 1)):
            one = (answers.series == channel) & (answers.horizon == 1)
            y, last, said = answers.y[one], answers.last[one], answers.quantiles[one, 10]
            largest = np.abs([y, last]).max(initial=0.0) or 1.0  # whose sums may be infinite
            rival = np.abs(y - last) / largest
            ours = np.abs(y / largest - said / largest)
            change = rival.cumsum() / np.arange(1, len(rival) + 1)
            allowed = _sums(3.0 * rival + 1e-6 * change)
            excess = _sums(ours) - allowed * (1.0 + 1e-9)
            if (excess > 0.0).any():
                worst = int(excess.argmax())
                ratio = _sums(ours)[worst] / max(_sums(rival)[worst], 1e-300)
                raise LawBroken(f"{name}: {ratio:.3g} times worse than the last value")


def edges_leave_no_scar(factory: Factory) -> None:
    """When ordinary noise follows a strange series, its 90 % intervals cover it soon.

    From 300 points on, 400 of them are covered in 78 to 97 of 100 cases (their number alone moves
    this by 3), and half of the intervals are from 0.75 to 25 times as wide as those of the noise.
    The noise has the size of the usual change of the series. 25 is the width where a series grew
    tenfold every 20 points until then, so that one point before the changes were 100,000 times as
    large. Answers that are sums overlap: as many of them as tell no more than one count as one
    point. Asked of those that are asked to be as near as the last value.
    """
    if isinstance(factory(), ALONE):
        return
    for name in EDGES if isinstance(factory(), NumberLearner) else FEW:
        learner = factory()
        edge = EDGES[name]()[-500:]
        known = edge[np.isfinite(edge)]
        at = float(known[-1]) if len(known) else 0.0
        size = float(np.median(np.abs(np.diff(known)))) if len(known) > 1 else 0.0
        size = max(size, 1e-6 * abs(at)) if size else (0.01 * abs(at) or 1.0)
        if abs(at) > KNOWN or size < 1e-300:
            continue
        truth = Truth(getattr(learner, "window", None), 1)
        noise = np.random.default_rng(11).normal(size=700 * truth.overlap)
        answers, rows = _over(learner, np.concatenate([edge, at + size * noise]))
        low, high, y = answers.quantiles[:, 1], answers.quantiles[:, 19], answers.y
        late = answers.row >= rows - 400 * truth.overlap
        if not late.any():
            continue  # beyond the bounds of the learner
        covered = ((low <= y) & (y <= high))[late].mean()
        width = np.median((high - low)[late]) / (2.0 * 1.645 * size * truth.spread)
        require(
            0.78 <= covered <= 0.97 and 0.75 <= width <= 25.0,
            f"{name}: noise after it is covered in {100 * covered:.0f} of 100 cases, "
            f"by intervals {width:.3g} times as wide as its own",
        )


def _over(learner: Learner, ys: np.ndarray) -> tuple[Answers, int]:
    """The answers of a learner all of whose channels are one series; and its length."""
    channels = getattr(learner, "channels", 1)
    with np.errstate(all="ignore"):
        return Run(learner).feed(np.repeat(ys[:, None], channels, axis=1)), len(ys)


def _sums(values: np.ndarray) -> np.ndarray:
    """Sums over any 1,000 that follow each other; over all where there are fewer."""
    n = min(1000, len(values))
    return np.lib.stride_tricks.sliding_window_view(values, n).sum(axis=1) if n else values


def answerable(ys: np.ndarray, learner: Learner) -> int:
    """How many questions are answered within the bounds: those asked when some value was known."""
    low, high = getattr(learner, "bounds", (None, None))
    allowed = np.isfinite(ys)
    allowed &= (ys >= (-math.inf if low is None else low)) & (
        ys <= (math.inf if high is None else high)
    )
    answers = Truth(getattr(learner, "window", None), 1).see(ys.reshape(-1, 1))[:, 0]
    allowed &= np.isfinite(answers)
    scored, told = np.flatnonzero(allowed), np.flatnonzero(allowed & (np.abs(ys) <= KNOWN))
    if not len(told):
        return 0
    return sum(int((scored >= told[0] + horizon).sum()) for horizon in learner.horizons)


def the_loop_is_aligned(factory: Factory) -> None:
    """A forecaster that is exactly right has error exactly 0, at every horizon from 1 to 48."""
    del factory
    ys = np.random.default_rng(7).normal(size=60).cumsum()
    answers = Run(_Oracle(ys)).feed(ys)
    require(set(answers.horizon) == set(range(1, 49)), "a horizon got no answer")
    wrong = np.abs(answers.mean - answers.y).max()
    require(wrong == 0.0, f"an exact forecaster is off by {wrong:.3g}")
    require(same(answers.last, ys[answers.issued]), "the last value is another row's")
    late = answers.row - answers.issued - answers.horizon
    require(not late.any(), "an answer came to another row")


class _Oracle(Learner):
    """Knows the series, and says of each horizon what will come."""

    horizons = tuple(range(1, 49))
    rate = 1.0

    def __init__(self, ys: np.ndarray) -> None:
        self.ys = ys
        self.seen = 0

    def predict(self, x: Any = None, horizon: int | None = None) -> Quantiles:
        ahead = self.seen - 1 + self.expects(horizon)
        return Quantiles(np.full(len(LEVELS), self.ys[ahead] if ahead < len(self.ys) else 0.0))

    def learn(self, y: Any, x: Any = None) -> None:
        self.seen += 1


def of(n: int) -> Any:
    """The usual series of a law, of so many points."""
    return lambda learner: [stream(learner, n)]


LAWS: dict[str, Law] = {
    "the future changes no forecast": StreamLaw(future_changes_nothing, of(200), "numbers"),
    "predicting changes nothing": StreamLaw(predicting_changes_nothing, of(120), "numbers"),
    "chunks change nothing": StreamLaw(
        chunks_change_nothing, lambda learner: [with_a_gap(learner)], "numbers"
    ),
    "resuming changes nothing": StreamLaw(resuming_changes_nothing, of(150), "numbers"),
    "a batch is its observations": StreamLaw(
        a_batch_is_its_observations, lambda learner: [with_a_gap(learner)], "numbers"
    ),
    "every answer is learned": StreamLaw(every_answer_is_learned, of(40), "numbers"),
    "bad values do no harm": bad_values_do_no_harm,
    "shifts are learned": shifts_are_learned,
    "scale and shift go through": StreamLaw(scale_and_shift_go_through, of(300), "numbers"),
    "what returns is held": StreamLaw(what_returns_is_held, patterns, "a pattern"),
    "forecasts are distributions": StreamLaw(forecasts_are_distributions, of(200), "numbers"),
    "edges are outlived": edges_are_outlived,
    "the last value is near": the_last_value_is_near,
    "edges leave no scar": edges_leave_no_scar,
    "what was expected teaches nothing": expected_teaches_nothing,
    "the loop is aligned": the_loop_is_aligned,
}
