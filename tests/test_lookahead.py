"""The test of a run's own beginning: it holds for what is honest, and tells what is not."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from forecast import LabelForecaster, LightForecaster, NumberForecaster, WordForecaster
from forecast.learner import Symbols
from forecast.lookahead import Beginning, SymbolBeginning, differences, otherwise, symbols
from forecast.numbers.context import context_of
from forecast.prequential import Answers, Run, SymbolRun, Told


class ByTheWhole(Run):
    """Centres on the mean of all that it is given, the future included."""

    def feed(self, ys: np.ndarray, xs: np.ndarray | None = None) -> Answers:
        answers = super().feed(ys, xs)
        return answers._replace(mean=answers.mean + 1e-12 * np.nanmean(ys))


class OneTooEarly(Run):
    """Tells each row before it was asked for: the forecast of a row is that row."""

    def feed(self, ys: np.ndarray, xs: np.ndarray | None = None) -> Answers:
        answers = super().feed(ys, xs)
        return answers._replace(quantiles=np.repeat(answers.y[:, None], 21, axis=1))


def walk(n: int = 500, channels: int = 1) -> np.ndarray:
    values = np.random.default_rng(1).normal(size=(n, channels)).cumsum(axis=0)
    values[::17] = math.nan
    return values[:, 0] if channels == 1 else values


def ran_and_tested(
    make: Callable[[], Run], ys: np.ndarray, piece: int = 10_000
) -> dict[str, object]:
    run, beginning = make(), Beginning(make)
    for start in range(0, len(ys), piece):
        part = ys[start : start + piece]
        beginning.keep(part, run.feed(part))
    return beginning.test()


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_an_honest_run_holds_however_it_is_fed(piece: int) -> None:
    said = ran_and_tested(lambda: Run(LightForecaster(horizons=(1, 5)), season=7), walk(), piece)
    ys = walk()[:310]  # 300 rows and two of the longest horizon
    asked = [(issued, h) for cut in (103, 206) for issued in range(1, cut) for h in (1, 5)]
    wanted = sum(math.isfinite(ys[issued + h]) for issued, h in asked)
    assert said == {
        **{"held": True, "rows": 310, "cuts": [103, 206]},
        **{"forecasts": wanted, "changed": 0},
    }


@pytest.mark.parametrize("broken", [ByTheWhole, OneTooEarly])
def test_a_run_that_knows_what_comes_is_found_out(broken: type[Run]) -> None:
    said = ran_and_tested(lambda: broken(LightForecaster(horizons=(1, 5))), walk())
    assert said["held"] is False
    assert isinstance(said["changed"], int) and said["changed"] > 0


def test_only_those_that_saw_what_was_changed_differ() -> None:
    """One row too early: of each cut only the last question saw a value that was changed."""
    said = ran_and_tested(lambda: OneTooEarly(LightForecaster()), np.arange(90.0) % 7.0)
    assert said["changed"] == 2


def test_the_default_forecaster_with_bounds_and_channels_holds() -> None:
    def make() -> Run:
        return Run(NumberForecaster((1, 3), season=12, channels=2, bounds=(-100.0, None)), 12)

    said = ran_and_tested(make, walk(200, 2))
    assert said["held"] is True and said["changed"] == 0 and said["rows"] == 200


@pytest.mark.parametrize("ys", [np.empty(0), np.ones(1), np.full(200, 5.0), np.full(50, math.nan)])
def test_where_nothing_can_be_compared_nothing_is_claimed(ys: np.ndarray) -> None:
    assert ran_and_tested(lambda: Run(LightForecaster()), ys)["held"] is None


def test_what_is_kept_is_bounded() -> None:
    horizons = tuple(range(1, 49))
    run = Run(LightForecaster(horizons=horizons))
    beginning = Beginning(lambda: Run(LightForecaster(horizons=horizons)))
    beginning.keep(walk(3000), run.feed(walk(3000)))
    assert beginning.rows == beginning.most == 300 + 2 * 48
    assert sum(len(kept.row) for kept in beginning.answers) < 40_000


def test_the_other_future_is_another_and_as_lawful() -> None:
    ys = walk(100) - 2.0
    other = otherwise(ys, 40, (-5.0, 3.0))
    assert np.array_equal(other[:40], ys[:40], equal_nan=True)
    assert np.array_equal(np.isnan(other), np.isnan(ys))
    later = other[40:][np.isfinite(other[40:])]
    assert later.min() >= -5.0 and later.max() <= 3.0
    assert (later != ys[40:][np.isfinite(ys[40:])]).mean() > 0.5


def test_a_forecast_that_is_missing_counts_as_another() -> None:
    answers = Run(LightForecaster()).feed(walk(60))
    fewer = Answers(*(field[:-30] for field in answers))
    count, changed = differences(answers, fewer, 50)
    assert count == changed > 0


def test_columns_known_ahead_are_no_look_ahead_and_columns_seen_later_are_changed_too() -> None:
    ys = walk(160)
    known, context = walk(170, 2)[:, :1], walk(160, 2)[:, 1:]
    xs = context_of(len(ys), (1, 3), known, context)

    def make() -> Run:
        return Run(NumberForecaster((1, 3), season=0, known=1, context=1))

    run, beginning = make(), Beginning(make)
    for start in (0, 70):
        part = slice(start, start + 70 if start == 0 else None)
        beginning.keep(ys[part], run.feed(ys[part], xs[part]), xs[part])
    said = beginning.test()
    assert said["held"] is True and said["rows"] == 160 and said["forecasts"] > 200
    beginning.xs[0][40] += 1.0  # had the run been told something else before the cut
    assert beginning.test()["held"] is False


# ---- words and labels ----------------------------------------------------------------------------


def small() -> WordForecaster:
    return WordForecaster(vocabulary=64, nodes=256)


def labelled(n: int) -> Symbols:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, n)
    texts = [
        b"win prize %d" % (k % 7) if one else b"see you %d" % (k % 5) for k, one in enumerate(y)
    ]
    return symbols(texts, [bytes([one]) for one in y])


def spoken(n: int) -> Symbols:
    rng = np.random.default_rng(4)
    lexicon = [b"the", b" cat", b" sat", b"\n", b"\xff", b" on"]
    return symbols([b""] * n, [lexicon[k] for k in rng.integers(0, 6, n)])


class Restarted(SymbolRun):
    """Has read each block to its end before it is asked about its first row."""

    def feed(self, block: Symbols, wanted: np.ndarray | None = None) -> Told:
        before = SymbolRun(self.learner.copy())
        before.feed(block)
        self.learner.floats[:], self.learner.ints[:] = before.learner.floats, before.learner.ints
        return super().feed(block, wanted)


class ToldOneTooEarly(SymbolRun):
    """Each answer is told before it was asked for."""

    def feed(self, block: Symbols, wanted: np.ndarray | None = None) -> Told:
        told = super().feed(block, wanted)
        answers = [bytes(block.y[a:b]) for a, b in zip(block.y_at, block.y_at[1:], strict=False)]
        names = [answer.decode("utf-8", "surrogateescape") for answer in answers]
        if isinstance(self.learner, LabelForecaster):
            names = [self.learner.labels[answer[0]] for answer in answers]
        self.tops = [[(name, 1.0)] for name in names]
        return told._replace(surprise=np.zeros(len(block)))


class Cheap(SymbolRun):
    """Charges next to nothing for whatever comes: it is told the answer with the question."""

    def feed(self, block: Symbols, wanted: np.ndarray | None = None) -> Told:
        told = super().feed(block, wanted)
        return told._replace(surprise=0.5 * told.surprise)


def read_and_tested(
    make: Callable[[], SymbolRun], block: Symbols, piece: int = 10_000, every: int = 1
) -> dict[str, object]:
    run, beginning = make(), SymbolBeginning(make)
    for start in range(0, len(block), piece):
        to = slice(start, start + piece + 1)
        part = Symbols(start, block.x, block.x_at[to], block.y, block.y_at[to])
        wanted = np.arange(start, start + len(part)) % every == 0
        told = run.feed(part, wanted)
        beginning.keep(
            part, told, dict(zip(np.flatnonzero(wanted).tolist(), run.tops, strict=False))
        )
    return beginning.test()


SPEAKERS = {"words": (small, spoken), "labels": (LabelForecaster, labelled)}


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("kind", SPEAKERS)
def test_an_honest_run_of_symbols_holds_however_it_is_fed(kind: str, piece: int) -> None:
    learner, stream = SPEAKERS[kind]
    said = read_and_tested(lambda: SymbolRun(learner()), stream(350), piece)
    # at each cut the rows before it, and the question of the first row that was another one
    wanted = {"held": True, "rows": 300, "cuts": [100, 200], "forecasts": 302, "changed": 0}
    assert said == wanted


@pytest.mark.parametrize("broken", [Restarted, ToldOneTooEarly, Cheap])
@pytest.mark.parametrize("kind", SPEAKERS)
def test_a_run_of_symbols_that_knows_what_comes_is_found_out(
    kind: str, broken: type[SymbolRun]
) -> None:
    learner, stream = SPEAKERS[kind]
    said = read_and_tested(lambda: broken(learner()), stream(120))
    assert said["held"] is False
    assert isinstance(said["changed"], int) and said["changed"] > 0


@pytest.mark.parametrize("kind", SPEAKERS)
def test_of_one_too_early_the_first_row_that_was_another_one_differs(kind: str) -> None:
    """Only there: before it the same answers were told too early in both runs."""
    learner, stream = SPEAKERS[kind]
    said = read_and_tested(lambda: ToldOneTooEarly(learner()), stream(90))
    assert said["changed"] == 2


def test_without_the_likeliest_answers_the_surprises_are_compared() -> None:
    make = {True: Restarted, False: SymbolRun}
    for broken, run in make.items():
        said = read_and_tested(lambda run=run: run(small()), spoken(120), every=1000)
        assert said["held"] is not broken


@pytest.mark.parametrize("n", [0, 1, 200])
def test_where_no_other_word_came_nothing_is_claimed(n: int) -> None:
    block = symbols([b""] * n, [b"a"] * n)
    assert read_and_tested(lambda: SymbolRun(small()), block)["held"] is None


def test_a_series_that_begins_late_is_tested_from_its_first_value() -> None:
    """Before, a run whose column was empty for its first 100 rows ended in a traceback."""
    ys = walk()
    ys[:150] = math.nan
    said = ran_and_tested(lambda: Run(LightForecaster()), ys)
    wanted = int(np.isfinite(ys[:202]).sum()) - 1  # asked before the later cut, after a first value
    assert said["cuts"] == [100, 201]
    assert (said["held"], said["forecasts"], said["changed"]) == (True, wanted, 0)
    ys[:] = math.nan
    assert ran_and_tested(lambda: Run(LightForecaster()), ys)["held"] is None
