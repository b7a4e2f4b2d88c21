"""Changes that are there and those that are not, what they cost, and what came back."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from forecast.prequential import Answers
from forecast.report.adapting import episodes, returns
from forecast.report.batch_means import SkillIntervals, interval_of_ratio
from forecast.report.changes import Change, alarms, changes, onset, stretches
from forecast.report.course import BLOCKS, CLIP, MOST_SAMPLES, Blocks, Course, Samples
from forecast.report.findings import findings
from forecast.report.scores import RIVALS, errors
from forecast.report.verdict import lately, verdict

N = 4000
HALF = N // 2


def blocks_of(
    surprise: np.ndarray,
    expected: float | np.ndarray = 0.0,
    y: np.ndarray | None = None,
    horizon: int = 1,
) -> Blocks:
    """Blocks of one row each."""
    n = len(surprise)
    wanted = np.zeros(n) + expected
    excess = np.clip(surprise - wanted, -CLIP, CLIP)
    values = np.zeros(n) if y is None else y
    times = [f"t{row}" for row in range(n)]
    return Blocks(
        *("y", horizon, 1, np.arange(n), times, np.isfinite(surprise).astype(float)),
        *(surprise, wanted, excess, values),
    )


def student(rng: np.random.Generator) -> np.ndarray:
    """Surprise less expected surprise of a right Student-t forecast with 4 degrees of freedom."""
    from scipy import stats

    return -stats.t(4).logpdf(rng.standard_t(4, N)) - float(stats.t(4).entropy())


def with_outliers(rng: np.random.Generator) -> np.ndarray:
    values = student(rng)
    values[rng.integers(0, N, 20)] += 15.0
    return values


def overlapping(rng: np.random.Generator) -> np.ndarray:
    """That of forecasts 24 steps ahead: errors that share 23 of their 24 shocks."""
    shocks = rng.normal(size=N + 23)
    z = np.convolve(shocks, np.ones(24) / math.sqrt(24.0), "valid")
    return 0.5 * (z * z - 1.0)


# ---- when it changed -----------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "horizon"), [(student, 1), (with_outliers, 1), (overlapping, 24)])
def test_where_nothing_changes_there_are_few_alarms(
    make: Callable[[np.random.Generator], np.ndarray], horizon: int
) -> None:
    rng = np.random.default_rng(5)
    found = sum(len(changes(blocks_of(make(rng), horizon=horizon))) for _ in range(10))
    assert found <= 3  # 0.15 of a stream of these, measured on 60


@pytest.mark.parametrize(
    ("size", "length", "latest"), [(4.0, 10.0, 20), (1.5, 60.0, 40), (0.6, math.inf, 200)]
)
def test_a_change_is_noticed_soon_and_dated_well(size: float, length: float, latest: int) -> None:
    rng = np.random.default_rng(6)
    late, off = [], []
    for _ in range(10):
        values = student(rng)
        values[HALF:] += size * np.exp(-np.arange(N - HALF) / length)
        found = [c for c in changes(blocks_of(values)) if c.noticed >= HALF]
        assert found
        late.append(found[0].noticed - HALF)
        off.append(abs(found[0].began - HALF))
    assert np.median(late) <= latest
    assert np.median(off) <= latest / 4


def test_a_shift_that_is_learned_at_once_is_still_a_change() -> None:
    """Three surprising answers in a row, as where a level moved by forty spreads; two are none."""
    values = student(np.random.default_rng(7))
    values[HALF : HALF + 2] = 15.0
    assert changes(blocks_of(values)) == []
    values[HALF + 2] = 6.0
    assert changes(blocks_of(values)) == [Change(HALF, HALF + 2)]


def test_less_surprise_is_no_change_and_one_outlier_neither() -> None:
    values = student(np.random.default_rng(7))
    calmer = values.copy()
    calmer[HALF:] -= 1.0
    assert changes(blocks_of(calmer)) == []
    values[HALF] = 1e6
    assert changes(blocks_of(values)) == []


def test_the_alarms_are_those_of_the_recursion_by_hand() -> None:
    """m_t = max(0, ...) of Page's sum, written out: S_t - min S, S of x - mean - slack."""
    rng = np.random.default_rng(8)
    fed = rng.normal(size=600)
    fed[300:340] += 2.0
    total, lowest, mean, n, wanted = 0.0, math.inf, 0.0, 0, []
    for place, x in enumerate(fed):
        n += 1
        mean += (x - mean) / n
        total = (1.0 - 1e-4) * total + x - mean - 0.5
        lowest = min(lowest, total)
        if n >= 10 and total - lowest > 15.0:
            wanted.append(place)
            total, lowest, mean, n = 0.0, math.inf, 0.0, 0
    assert wanted and alarms(fed) == wanted


def test_the_onset_is_where_the_rise_began() -> None:
    values = np.zeros(50)
    values[37:] = 4.0
    assert onset(values) == 37
    assert onset(np.array([1.0])) == 0


@pytest.mark.parametrize("values", [np.zeros(300), np.full(300, 2.5), np.ones(3), np.empty(0)])
def test_a_stream_that_says_nothing_has_no_change(values: np.ndarray) -> None:
    assert changes(blocks_of(values)) == []


def test_missing_answers_are_passed_over() -> None:
    values = student(np.random.default_rng(9))
    values[HALF : HALF + 30] += 3.0
    whole = changes(blocks_of(values))
    holes = np.insert(values, np.repeat([500, 1000, HALF], 40), np.nan)
    (one,), (two,) = whole, changes(blocks_of(holes))
    assert one.noticed + 120 == two.noticed
    assert abs(one.began - HALF) <= 3 and 0 <= two.began - one.began <= 120


# ---- what it cost --------------------------------------------------------------------------------


def test_loss_and_points_of_a_change_that_is_learned() -> None:
    """4 nats that decay over 10 points: 4 / (1 - exp(-1/10)) = 42 nats in all."""
    rng = np.random.default_rng(10)
    points, loss = [], []
    for _ in range(20):
        values = 2.0 + student(rng)
        values[HALF:] += 4.0 * np.exp(-np.arange(N - HALF) / 10.0)
        blocks = blocks_of(values, expected=2.0)
        (one,) = episodes(blocks, [Change(HALF, HALF + 6)])
        assert one.recovered and one.before == pytest.approx(2.0, abs=0.15)
        points.append(one.points)
        loss.append(one.loss)
    # exp(-t/10) * 4 * 10/25 * (1 - exp(-2.5)) = 2 sd / 5 at t = 15: that far within the margin
    assert 10 <= np.median(points) <= 20
    assert np.median(loss) == pytest.approx(42.0 * (1.0 - math.exp(-1.5)), rel=0.2)


def test_a_world_that_became_noisier_is_no_endless_loss() -> None:
    """Surprise stays 1 nat higher, and is expected to after 20 points: only these are lost."""
    surprise, expected = np.ones(1000), np.ones(1000)
    surprise[400:] = 2.0
    surprise[400:420] = 5.0
    expected[420:] = 2.0
    (one,) = episodes(blocks_of(surprise, expected), [Change(400, 403)])
    assert (one.recovered, one.points, one.before, one.level) == (True, 20, 1.0, 2.0)
    assert one.loss == pytest.approx(20 * 3.0)


def test_a_change_that_is_never_learned_is_said_to_be_open() -> None:
    surprise = np.ones(600)
    surprise[400:] = 3.0
    (one,) = episodes(blocks_of(surprise, 1.0), [Change(400, 405)])
    assert not one.recovered
    assert (one.stop, one.points, one.loss) == (600, 200, 400.0)


def test_the_next_change_ends_the_count_of_the_one_before() -> None:
    surprise = np.ones(600)
    surprise[200:230] = 5.0
    surprise[300:310] = 9.0
    first, second = episodes(blocks_of(surprise, 1.0), [Change(200, 203), Change(300, 302)])
    assert (first.points, first.loss, second.points, second.loss) == (30, 120.0, 10, 80.0)
    early, _ = episodes(blocks_of(surprise, 1.0), [Change(200, 203), Change(215, 216)])
    assert (early.recovered, early.points) == (False, 15)


# ---- what came back ------------------------------------------------------------------------------


def switching(levels: tuple[float, ...]) -> tuple[Blocks, list[int]]:
    """A series that stays 400 points at each level; each change surprises less than the last."""
    rng = np.random.default_rng(11)
    y = np.concatenate([level + rng.normal(size=400) for level in levels])
    surprise = 1.0 + 0.2 * rng.normal(size=len(y))
    starts = list(range(400, len(y), 400))
    for visit, start in enumerate(starts):
        surprise[start : start + 20] += 4.0 / (1 + visit)
    return blocks_of(surprise, 1.0, y), starts


def test_a_regime_that_returns_is_held_against_its_first_visit() -> None:
    blocks, starts = switching((0.0, 10.0, 0.0, 10.0, 25.0))
    found = changes(blocks)
    assert [abs(c.began - start) <= 2 for c, start in zip(found, starts, strict=True)] == [True] * 4
    back = returns(blocks, episodes(blocks, found))
    assert [(round(one.first[0], -2), round(one.again[0], -2)) for one in back] == [
        (0, 800),
        (400, 1200),
    ]
    second = back[1]
    assert second.answers == 100
    # 20 of 100 answers were 4 nats more surprising at first, and 4/3 when it came back
    assert second.first_surprise == pytest.approx(1.8, abs=0.08)
    assert second.surprise == pytest.approx(1.0 + 0.2 * 4.0 / 3.0, abs=0.08)


@pytest.mark.parametrize("levels", [(0.0, 10.0, 20.0, 30.0), (0.0, 10.0), (0.0, 0.2, 0.1)])
def test_nothing_returns_where_nothing_does(levels: tuple[float, ...]) -> None:
    blocks, starts = switching(levels)
    found = [Change(start, start + 4) for start in starts]
    assert returns(blocks, episodes(blocks, found)) == []


# ---- what surprised most -------------------------------------------------------------------------


def test_stretches_are_the_highest_means_and_do_not_overlap() -> None:
    rng = np.random.default_rng(12)
    surprise = rng.exponential(size=1500)
    surprise[700:712] += 9.0
    surprise[720:732] += 5.0
    found = stretches(blocks_of(surprise, 1.0))
    means = np.convolve(surprise, np.ones(12) / 12.0, "valid")
    assert found[0].start == means.argmax() == 700
    assert found[0].surprise == pytest.approx(means.max())
    assert found[1].start in range(715, 725)
    assert len(found) == 5
    taken = sorted((one.start, one.stop) for one in found)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(taken))
    assert [one.surprise for one in found] == sorted((s.surprise for s in found), reverse=True)


def test_no_stretch_where_nothing_surprises() -> None:
    assert stretches(blocks_of(np.full(100, 1.0), 2.0)) == []


# ---- blocks, streamed ----------------------------------------------------------------------------


def answers_of(surprise: np.ndarray, first: int = 0, horizon: int = 1) -> Answers:
    n = len(surprise)
    row, zero = np.arange(first, first + n) + horizon, np.zeros(n)
    series, ahead = np.zeros(n, int), np.full(n, horizon)
    columns = [row, series, ahead, row - horizon, surprise * 2.0, zero, surprise, zero + 1.0]
    return Answers(*columns, zero, zero, zero, zero, zero, zero, np.zeros((n, 21)))


def test_blocks_are_exact_bounded_and_independent_of_the_pieces() -> None:
    n = 2 * BLOCKS + 1001
    surprise = np.random.default_rng(13).exponential(size=n)
    whole, pieces = Course(("y",), (1,)), Course(("y",), (1,))
    whole.add(answers_of(surprise), np.zeros(n, int), str)
    for start in range(0, n, 997):
        part = surprise[start : start + 997]
        pieces.add(answers_of(part, start), np.zeros(len(part), int), str)
    (one,), (two,) = whole.blocks(), pieces.blocks()
    assert one.length == two.length == 4 and len(one.count) == -(-n // 4) <= BLOCKS
    cut = surprise[: n // 4 * 4].reshape(-1, 4)
    for blocks in (one, two):
        assert blocks.surprise[: len(cut)] == pytest.approx(cut.mean(axis=1), rel=1e-12)
        assert blocks.y[: len(cut)] == pytest.approx(2.0 * cut.mean(axis=1), rel=1e-12)
        clipped = np.clip(cut - 1.0, -CLIP, CLIP).mean(axis=1)
        assert blocks.excess[: len(cut)] == pytest.approx(clipped, rel=1e-9, abs=1e-12)
        assert blocks.rows[:3].tolist() == [1, 5, 9] and blocks.times[1] == "5"
    assert one.times == two.times


def test_findings_name_rows_and_times() -> None:
    surprise = 1.0 + 0.1 * np.random.default_rng(14).normal(size=1000)
    surprise[500:520] = 5.0
    course = Course(("y",), (3,))
    course.add(answers_of(surprise, 0, 3), np.zeros(1000, int), lambda row: f"day {row}")
    (found,) = findings(course)
    (change,) = found["changes"]
    assert abs(change["began_row"] - 503) <= 3 and change["began"] == f"day {change['began_row']}"
    assert abs(change["until_row"] - 523) <= 3
    assert change["excess_loss"] == pytest.approx(80.0, rel=0.05)
    assert found["stretches"][0]["surprise"] == pytest.approx(5.0)
    said = lately([found])
    assert f"began at {change['began']} and was recovered from after" in said


def test_what_expects_nothing_is_held_against_its_mean() -> None:
    """As words: their expected surprise is not known, and the start is learned, not a change."""
    rng = np.random.default_rng(16)
    surprise = 3.0 + 4.0 * np.exp(-np.arange(3000) / 300.0) + rng.gamma(1.0, 2.0, 3000)
    surprise[2000:2080] += 6.0
    course, zero = Course(("word",), (1,)), np.zeros(3000, int)
    silent = np.full(3000, np.nan)
    course.see(np.arange(3000), zero, (surprise, silent, silent), str)
    (found,) = findings(course)
    assert found["expects"] is False and found["returns"] == []
    (change,) = found["changes"]
    assert abs(change["began_row"] - 2000) <= 5
    assert change["excess_loss"] == pytest.approx(480.0, rel=0.25)


def test_samples_of_weights_stay_few_and_evenly_apart() -> None:
    samples = Samples()
    for row in range(100_000):
        if row % samples.apart == 0:
            samples.add(row, {("y", 1): {"level": row / 1e5, "last value": 1.0 - row / 1e5}})
    rows, weights = samples.of("y", 1)
    assert MOST_SAMPLES / 2 <= len(rows) <= MOST_SAMPLES
    assert set(np.diff(rows)) == {samples.apart}
    assert weights["level"] == pytest.approx(rows / 1e5)
    assert samples.of("other", 1)[0].tolist() == []


# ---- how sure ------------------------------------------------------------------------------------


def covered(seeds: range, n: int, horizon: int) -> float:
    """How often the interval holds the true skill, 1/2, of errors that share their shocks."""
    hits = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        shared = np.convolve(rng.exponential(size=n + horizon - 1), np.ones(horizon), "valid")
        rival = shared + np.convolve(
            rng.exponential(size=n + horizon - 1), np.ones(horizon), "valid"
        )
        answers = answers_of(np.zeros(n), 0, horizon)
        quantiles = np.zeros((n, 21))
        quantiles[:, 10] = shared
        answers = answers._replace(y=np.zeros(n), quantiles=quantiles, last=rival)
        sure = SkillIntervals(("y",), (horizon,), RIVALS)
        for start in range(0, n, 700):
            piece = Answers(*(field[start : start + 700] for field in answers))
            sure.add(piece.row, np.zeros(len(piece.row), int), *errors(piece))
        low, high = sure.entries()[0]["skill_last"]
        hits += low <= 0.5 <= high
    return hits / len(seeds)


@pytest.mark.parametrize(("n", "horizon"), [(2000, 1), (1100, 24), (2200, 24)])
def test_skill_intervals_hold_the_true_skill(n: int, horizon: int) -> None:
    # 95 % wanted; two standard errors of 200 simulations are 3 %
    assert 0.90 <= covered(range(200), n, horizon) <= 0.99


def test_independent_batches_give_the_textbook_interval_of_a_mean() -> None:
    """Where every batch of the rival is 1, it is Student's interval, from scipy."""
    from scipy import stats

    own = np.random.default_rng(15).uniform(size=20)
    low, high = interval_of_ratio(np.ones(20), own, np.ones(20)) or (0.0, 0.0)
    wanted = stats.t.interval(0.95, 19, loc=1.0 - own.mean(), scale=stats.sem(own))
    assert (low, high) == pytest.approx(wanted, rel=1e-12)


def test_batches_are_longer_than_the_horizon_or_nothing_is_said() -> None:
    """1,000 rows are 16 batches of 64; four horizons of 24 need 128, of 40 need 256: too few."""
    answers = answers_of(np.random.default_rng(17).normal(size=1000))
    answers = answers._replace(last=answers.y + 1.0 + np.arange(1000) % 3)
    found = {}
    for horizon in (1, 24, 40):
        sure = SkillIntervals(("y",), (horizon,), RIVALS)
        sure.add(answers.row, np.zeros(1000, int), *errors(answers))
        found[horizon] = sure.entries()[0]["skill_last"]
    assert found[40] is None
    assert found[1] is not None and found[24] is not None and found[1] != found[24]


def test_the_interval_is_about_the_skill_of_all_answers() -> None:
    """A last batch that has only just begun counts, with the one before it."""
    rng = np.random.default_rng(18)
    count = np.array([100.0] * 9 + [3.0])
    own, other = count * rng.uniform(0.5, 0.6, 10), count * rng.uniform(1.0, 1.1, 10)
    own[-1] = 40.0
    low, high = interval_of_ratio(count, own, other) or (0.0, 0.0)
    assert 0.5 * (low + high) == pytest.approx(1.0 - own.sum() / other.sum(), rel=1e-12)


def test_few_batches_give_no_interval() -> None:
    assert interval_of_ratio(np.ones(7), np.ones(7), np.ones(7)) is None
    assert interval_of_ratio(np.ones(20), np.ones(20), np.zeros(20)) is None
    assert interval_of_ratio(np.zeros(32), np.zeros(32), np.zeros(32)) is None


def test_the_verdict_says_how_sure_and_what_changed() -> None:
    entry = {"series": "a", "horizon": 1, "n": 900, "mae": 1.0, "mae_last": 1.25}
    entry |= {"skill_last": 0.2, "skill_seasonal": None, "coverage90": 0.9}
    entry |= {"worst500_coverage90": 0.85}
    sure = {"series": "a", "horizon": 1, "skill_last": [0.1, 0.3]}
    course = [{"series": "a", "horizon": 1, "changes": []}]
    said = verdict([entry], [sure], course)
    assert "20 % closer than the last value at horizon 1 (95 % sure: 10 to 30 %;" in said
    assert said.count(". ") == 2 and said.endswith("No change of the stream was detected.")
    sure["skill_last"] = [-0.1, 0.5]
    assert "may be chance: from 10 % further off to 50 % closer" in verdict([entry], [sure])
