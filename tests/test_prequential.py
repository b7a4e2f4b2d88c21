"""The loop: what is asked when, and what a rival would have said."""

import math
import statistics

import numpy as np
import pytest

from forecast import Level, NumberForecaster, ReturnForecaster, Run, WordForecaster, run
from forecast.learner import Learner, Symbols
from forecast.prequential import SymbolRun, prequential
from forecast.rivals import Rivals


def test_steps_are_answered_questions() -> None:
    ys = [("mon", 1.0), ("tue", 3.0), ("wed", None), ("thu", 2.0), ("fri", math.inf), ("sat", 4.0)]
    steps = list(prequential(ys, Level(horizons=(1, 2))))
    found = [(s.time, s.horizon, s.issued, s.y) for s in steps]
    assert found == [
        ("tue", 1, 0, 3.0),
        ("thu", 1, 2, 2.0),
        ("thu", 2, 1, 2.0),
        ("sat", 1, 4, 4.0),
        ("sat", 2, 3, 4.0),
    ]
    assert math.isnan(steps[0].surprise)  # no unit was known when it was asked
    assert steps[1].surprise == steps[1].forecast.surprise(2.0)


class Counts(Learner):
    """Says how often it was taught, and takes a context as the answer."""

    horizons: tuple[int, ...] = (1,)
    rate = 0.5

    def __init__(self) -> None:
        self.taught = 0

    def predict(self, x: object = None, horizon: int | None = None) -> "Said":
        self.expects(horizon)
        return Said(self.taught, x)

    def learn(self, y: object, x: object = None) -> None:
        self.taught += 1


class Said:
    def __init__(self, taught: int, x: object) -> None:
        self.taught, self.x, self.mean = taught, x, 0.0

    def surprise(self, y: object) -> float:
        return 0.0


def test_a_context_is_that_of_the_answer() -> None:
    stream = [("a", 10, 1.0), ("b", 20, 2.0), ("c", 30, 3.0)]
    steps = list(prequential(stream, Counts()))
    assert [(s.time, s.forecast.x, s.forecast.taught) for s in steps] == [
        ("b", 20, 1),
        ("c", 30, 2),
    ]


def test_a_question_further_ahead_is_asked_without_the_context_of_its_answer() -> None:
    far = Counts()
    far.horizons = (2,)
    steps = list(prequential([("a", 10, 1.0), ("b", 20, 2.0), ("c", 30, 3.0)], far))
    assert [(s.time, s.issued, s.forecast.x, s.forecast.taught) for s in steps] == [
        ("c", 0, None, 1)
    ]


def test_each_word_is_one_series_asked_for_one_row_ahead() -> None:
    words = [("mon", None, "a"), ("tue", None, "b"), ("wed", None, None), ("thu", None, "a")]
    steps = list(prequential(words, WordForecaster()))
    assert [(s.time, s.series, s.horizon, s.issued, s.y) for s in steps] == [
        ("mon", 0, 1, -1, "a"),
        ("tue", 0, 1, 0, "b"),
        ("thu", 0, 1, 2, "a"),
    ]


class Outside(Learner):
    """Levels, one a channel, that the loop cannot compile."""

    horizons: tuple[int, ...] = (1, 3)

    def __init__(self, channels: int = 1) -> None:
        self.channels = channels
        self.levels = [Level(self.horizons) for _ in range(channels)]

    @property
    def rate(self) -> float:
        return self.levels[0].rate

    def rate_of(self, series: int, horizon: int) -> float:
        return self.levels[series].rate_of(0, horizon)

    def predict(self, x: object = None, horizon: int | None = None) -> object:
        said = tuple(level.predict(horizon=horizon) for level in self.levels)
        return said if self.channels > 1 else said[0]

    def learn(self, y: object, x: object = None) -> None:
        several = isinstance(y, list | tuple)
        for level, value in zip(self.levels, y if several else (y,), strict=True):
            level.learn(value)


@pytest.mark.parametrize("measure", [True, False])
def test_a_python_learner_and_a_compiled_one_walk_the_same_way(measure: bool) -> None:
    ys = np.random.default_rng(0).normal(size=120).cumsum()
    ys[40] = math.nan
    inside, outside = (Run(each, 5, measure) for each in (Level((1, 3)), Outside()))
    assert (inside.path, outside.path) == ("compiled", "python")
    for start in (0, 50):
        one, two = inside.feed(ys[start : start + 60]), outside.feed(ys[start : start + 60])
        for name in one._fields:
            a, b = getattr(one, name), getattr(two, name)
            assert a == pytest.approx(b, rel=1e-12, nan_ok=True), name


def test_each_channel_is_walked_in_python_as_it_is_alone() -> None:
    ys = np.random.default_rng(1).normal(size=(60, 2)).cumsum(axis=0)
    both = Run(Outside(2)).feed(ys)
    for channel in range(2):
        alone, of_both = run(Level((1, 3)), ys[:, channel]), both.series == channel
        for name in set(alone._fields) - {"series"}:
            found = getattr(both, name)[of_both]
            assert found == pytest.approx(getattr(alone, name), rel=1e-12, nan_ok=True), name


def test_what_is_not_measured_is_not_known() -> None:
    ys = np.random.default_rng(2).normal(size=40)
    short, measured = Run(Level(), measure=False).feed(ys), run(Level(), ys)
    for name in ("row", "series", "horizon", "issued", "y", "mean", "surprise"):
        assert np.array_equal(getattr(short, name), getattr(measured, name), equal_nan=True)
    for name in ("pit", "crps", "last", "seasonal"):
        assert np.isnan(getattr(short, name)).all() and len(getattr(short, name)) == 39
    assert np.isnan(short.quantiles).all() and short.quantiles.shape == (39, 21)


def test_symbols_are_told_by_the_rows_of_their_stream() -> None:
    walk = SymbolRun(WordForecaster(9, 9))
    at = np.array([0, 1, 2, 3])
    block = Symbols(
        0, np.empty(0, np.uint8), np.zeros(4, np.int64), np.array([97, 98, 97], "u1"), at
    )
    assert walk.feed(block).row.tolist() == [0, 1, 2]
    assert walk.feed(block).row.tolist() == [3, 4, 5]
    assert walk.rows == 6


def test_rivals_know_what_was_known() -> None:
    rng = np.random.default_rng(1)
    S, longest = 4, 6
    ys = rng.normal(size=60)
    ys[rng.random(60) < 0.2] = math.nan
    ys[:9] = np.arange(9.0)
    rivals = Rivals(1, longest, S)
    for block in np.split(ys, [7, 20, 21, 50]):
        first = rivals.first + len(rivals.known)
        rivals.see(block[:, None])
        for row in range(max(first, longest + S), first + len(block)):
            for horizon in (1, 4, 5, 6):
                issued = row - horizon
                asked = [np.array([v]) for v in (row, horizon, issued)]
                zero = np.array([0])
                known = [ys[r] for r in range(issued + 1) if not math.isnan(ys[r])]
                assert rivals.last(asked[2], zero)[0] == known[-1]
                mean = statistics.fmean(known)
                assert rivals.running(asked[2], zero)[0] == pytest.approx(mean, rel=1e-14)
                same = range(row % S, issued + 1, S)
                known = [ys[r] for r in same if not math.isnan(ys[r])]
                assert rivals.seasonal(asked[0], asked[1], zero)[0] == known[-1]


def test_answers_hold_what_each_rival_would_have_said() -> None:
    ys = np.array([0.5, 3.25, -1.75, 2.5, 0.75, 4.5, -2.25])
    answers = run(Level(), ys, season=3)
    assert answers.row.tolist() == [1, 2, 3, 4, 5, 6]
    assert answers.last.tolist() == ys[:-1].tolist()
    assert answers.seasonal[2:].tolist() == ys[:-3].tolist()
    assert answers.running.tolist() == pytest.approx([ys[:row].mean() for row in answers.row])


def test_a_sum_of_what_is_to_come_is_told_when_its_last_term_has_come() -> None:
    ys = np.array([0.5, 3.25, -1.75, 2.5, 0.75, 4.5, -2.25, 1.5, 8.25, -0.5])
    learner = ReturnForecaster(0.5)
    weights = learner.window
    assert weights is not None and len(weights) == 7
    answers = run(learner, ys, season=2)
    sums = [weights @ ys[first : first + 7] for first in (1, 2, 3)]
    assert answers.row.tolist() == [7, 8, 9]
    assert answers.y.tolist() == pytest.approx(sums, rel=1e-14)
    # a rival says the same value for each term
    assert answers.last.tolist() == pytest.approx((weights.sum() * ys[:3]).tolist(), rel=1e-14)


def test_the_running_mean_is_the_same_in_any_blocks_and_far_from_zero() -> None:
    ys = np.random.default_rng(2).normal(size=(3000, 2))
    ys[:5, 1] = ys[7, 0] = math.nan
    issued, series = np.arange(3000), np.ones(3000, int)
    whole, cut, far = (Rivals(2, 3000, 0) for _ in range(3))
    whole.see(ys)
    far.see(ys + 1e9)
    for block in np.split(ys, [1, 2, 6, 900]):
        cut.see(block)
    said = whole.running(issued, series)
    assert np.array_equal(said, cut.running(issued, series), equal_nan=True)
    assert np.isnan(said[:5]).all() and not np.isnan(said[5:]).any()
    # about the first value known: only the rounding of y + 1e9 itself is left
    assert far.running(issued, series)[5:] - 1e9 == pytest.approx(said[5:], abs=2e-7)
    assert said[-1] == pytest.approx(math.fsum(ys[5:, 1]) / 2995, rel=1e-13)


def test_an_empty_block_answers_nothing() -> None:
    answers = run(Level(), np.empty(0))
    assert len(answers.row) == 0
    assert answers.quantiles.shape == (0, 21)


TWO = np.array([[1.0, 5.0], [2.0, 4.0], [math.nan, 6.0], [2.0, math.nan], [1.0, 5.0], [3.0, 4.0]])


def test_what_one_channel_lacks_the_others_answer() -> None:
    answers = Run(NumberForecaster(channels=2)).feed(TWO)
    told = [(0, 1), (1, 1), (1, 2), (0, 3), (0, 4), (1, 4), (0, 5), (1, 5)]
    assert list(zip(answers.series.tolist(), answers.row.tolist(), strict=True)) == told


def test_a_row_that_is_missing_as_a_whole_answers_nothing() -> None:
    stream = [("a", (1.0, 5.0)), ("b", None), ("c", (2.0, 4.0))]
    steps = list(prequential(stream, NumberForecaster(channels=2)))
    assert [(step.time, step.series, step.y) for step in steps] == [("c", 0, 2.0), ("c", 1, 4.0)]
    rows = [[1.0, 5.0], [math.nan, math.nan], [2.0, 4.0]]
    answers = Run(NumberForecaster(channels=2)).feed(np.array(rows))
    assert answers.surprise.tolist() == pytest.approx([s.surprise for s in steps], nan_ok=True)


def test_an_item_of_more_than_three_parts_is_an_observation() -> None:
    four = (1.0, 2.0, 3.0, 4.0)
    steps = list(prequential([four, four], NumberForecaster(channels=4)))
    assert [(step.time, step.series, step.y) for step in steps] == [
        (1, series, four[series]) for series in range(4)
    ]


def test_values_on_the_bounds_are_scored_and_those_beyond_are_not() -> None:
    ys = [3.0, 5.0, 4.0, 0.0, 10.0, -1.0, 11.0, 5.0, 6.0]
    steps = list(prequential(ys, NumberForecaster(bounds=(0.0, 10.0))))
    assert [step.y for step in steps] == [5.0, 4.0, 0.0, 10.0, 5.0, 6.0]
    answers = Run(NumberForecaster(bounds=(0.0, 10.0))).feed(np.array(ys))
    assert answers.y.tolist() == [step.y for step in steps]


def test_without_a_season_no_rival_repeats_it() -> None:
    answers = Run(Level()).feed(np.arange(9.0))
    assert np.isnan(answers.seasonal).all() and not np.isnan(answers.last).any()
    assert np.isnan(run(Level(), np.arange(9.0)).seasonal).all()


def test_a_context_that_is_not_told_is_not_known() -> None:
    ys = np.random.default_rng(3).normal(size=120).cumsum().reshape(2, 60)
    silent, unknown = (Run(NumberForecaster(known=1, context=1)) for _ in range(2))
    for block in ys:  # the second shows whether the first was told a row too many
        said, expected = silent.feed(block), unknown.feed(block, np.full((60, 3), math.nan))
        for one, other in zip(said, expected, strict=True):
            assert np.array_equal(one, other, equal_nan=True)
