"""Every score against a reference that others wrote, or that integrates and counts.

A learner walks over a stream; its last answers are scored by the report, and again from the
forecasts that it gave in the plain loop and from the stream itself.
"""

import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.tools import eval_measures

from forecast import NumberForecaster
from forecast.distribution.quantiles import Quantiles
from forecast.distribution.t4 import LEVELS
from forecast.prequential import Answers, prequential, run
from forecast.report.calibration import Calibration, band, overlap
from forecast.report.scores import MEANINGS, RIVALS, Entry, Scores, Sums
from forecast.report.window import BLOCK, FADING, WINDOW, Fading, Window
from forecast.report.worst import TEN, WORST, Point, WorstCoverage, WorstPoints

Floats = np.ndarray
LEVEL = np.array(LEVELS)
SEASON, HORIZONS, FIRST = 6, (1, 3), 340  # scored from this row on
ENDS = {50: (5, 15), 80: (2, 18), 90: (1, 19), 95: (0, 20)}  # places of the ends of intervals
T4 = stats.t(4)
NODES, WEIGHTS = (
    np.polynomial.legendre.leggauss(80)[i] / 2.0 + (0.5 if i == 0 else 0.0) for i in (0, 1)
)
EXACT = 1e-10


class Scored(NamedTuple):
    """What was asked of a stream at one horizon, and how it was scored."""

    ys: Floats
    answers: Answers
    forecasts: list[Quantiles]
    entry: Entry


def part(answers: Answers, which: Any) -> Answers:
    return Answers(*(column[which] for column in answers))


@pytest.fixture(scope="module")
def stream() -> Floats:
    rng = np.random.default_rng(5)
    noise = rng.standard_t(5, 400)
    ys = 20.0 + 4.0 * np.sin(2.0 * np.pi * np.arange(400) / SEASON) + np.cumsum(0.2 * noise)
    ys[[100, 350, 351]] = math.nan
    return ys + 0.3 * rng.normal(size=400)


@pytest.fixture(scope="module", params=HORIZONS)
def scored(request: pytest.FixtureRequest, stream: Floats) -> Scored:
    horizon = request.param
    answers = run(NumberForecaster(HORIZONS, SEASON), stream, SEASON)
    steps = [
        step
        for step in prequential(stream.tolist(), NumberForecaster(HORIZONS, SEASON))
        if step.horizon == horizon and step.time >= FIRST
    ]
    own = part(answers, (answers.horizon == horizon) & (answers.row >= FIRST))
    scores = Scores(("y",), (horizon,), SEASON)
    scores.add(own, np.zeros(len(own.row), np.int64))
    forecasts = [step.forecast for step in steps]
    assert [step.time for step in steps] == own.row.tolist() and len(steps) > 50
    assert all(isinstance(f, Quantiles) and f.bounds == (-math.inf, math.inf) for f in forecasts)
    return Scored(stream, own, forecasts, scores.entries()[0])  # type: ignore[arg-type]


class Bent:
    """Student's t with 4 degrees of freedom, by scipy, bent through quantiles by hand."""

    def __init__(self, values: Floats, tails: tuple[float, float] | None = None) -> None:
        z = T4.ppf(LEVEL)
        end = (z[1] - z[0], z[-1] - z[-2])
        gaps = (values[1] - values[0], values[-1] - values[-2])
        left, right = tails or (gaps[0] / end[0], gaps[1] / end[1])
        self.x, self.z = values, z
        self.slopes = np.concatenate(([left], np.diff(values) / np.diff(z), [right]))

    def score(self, x: Floats | float) -> Any:
        stretch = np.searchsorted(self.x, x)
        start = np.maximum(stretch - 1, 0)
        return self.z[start] + (x - self.x[start]) / self.slopes[stretch]

    def cdf(self, x: Floats | float) -> Any:
        return T4.cdf(self.score(x))

    def upper(self, x: Floats) -> Floats:
        return T4.sf(self.score(x))

    def density(self, x: Floats) -> Floats:
        return np.asarray(T4.pdf(self.score(x)) / self.slopes[np.searchsorted(self.x, x)])

    def surprising(self, x: Floats) -> Floats:
        p = self.density(x)
        return -p * np.log(p)

    def integral(self, f: Callable[[Floats], Floats], low: float, high: float) -> float:
        """Gauss and Legendre's quadrature, so that no bend lies inside a panel."""
        edges = np.array([low, *(x for x in self.x if low < x < high), high])
        width = np.diff(edges)[:, None]
        return float((f(edges[:-1, None] + width * NODES) * WEIGHTS * width).sum())

    def tail(self, f: Callable[[Floats], Floats], end: float, side: int) -> float:
        """The integral from the outermost quantile, or what lies further out, to infinity."""
        scale = self.slopes[-1 if side > 0 else 0]
        # x = end + side scale u / (1 - u)
        out = NODES / (1.0 - NODES)
        return float((f(end + side * scale * out) * WEIGHTS * scale / (1.0 - NODES) ** 2).sum())


def test_surprise_is_the_integral_of_the_density_over_the_cell(scored: Scored) -> None:
    bits = []
    for f, y in zip(scored.forecasts, scored.answers.y.tolist(), strict=True):
        bent, half = Bent(f.values, f.tails), f.cell / 2.0
        mass = bent.integral(bent.density, y - half, y + half)
        bits.append(-math.log2(mass / f.cell))
    assert scored.entry["surprise_bits"] == pytest.approx(np.mean(bits), rel=EXACT)
    assert scored.entry["surprise"] == pytest.approx(np.mean(bits) * math.log(2.0), rel=EXACT)


def test_expected_surprise_is_the_entropy_of_the_printed_quantiles(scored: Scored) -> None:
    entropies = []
    for f, q in zip(scored.forecasts, scored.answers.quantiles, strict=True):
        bent = Bent(q)
        assert bent.slopes.min() > f.cell  # else the cell stands in for the slope
        tails = bent.tail(bent.surprising, q[0], -1) + bent.tail(bent.surprising, q[-1], 1)
        entropies.append(bent.integral(bent.surprising, q[0], q[-1]) + tails)
    assert scored.entry["expected_surprise"] == pytest.approx(np.mean(entropies), rel=EXACT)


def test_crps_is_the_integral_of_the_squared_distance(scored: Scored) -> None:
    distances = []
    for q, y in zip(scored.answers.quantiles, scored.answers.y.tolist(), strict=True):
        bent, low, high = Bent(q), min(q[0], y), max(q[-1], y)

        def below(x: Floats, bent: Bent = bent) -> Floats:
            return np.asarray(bent.cdf(x) ** 2)

        def above(x: Floats, bent: Bent = bent) -> Floats:
            return bent.upper(x) ** 2

        inside = bent.integral(below, low, y) + bent.integral(above, y, high)
        distances.append(inside + bent.tail(below, low, -1) + bent.tail(above, high, 1))
    assert scored.entry["crps"] == pytest.approx(np.mean(distances), rel=EXACT)


def test_errors_against_statsmodels(scored: Scored) -> None:
    own, entry = scored.answers, scored.entry
    median = np.array([f.median for f in scored.forecasts])
    mean = np.array([f.mean for f in scored.forecasts])
    y = scored.ys[own.row]
    assert entry["mae"] == pytest.approx(eval_measures.meanabs(median, y), rel=EXACT)
    assert entry["rmse"] == pytest.approx(eval_measures.rmse(mean, y), rel=EXACT)
    assert entry["bias"] == pytest.approx(eval_measures.bias(mean, y), rel=EXACT)


def test_quantiles_and_intervals_against_scoringrules(scored: Scored) -> None:
    import scoringrules  # slow: whoever collects these tests is not to wait for it

    y, entry = scored.answers.y, scored.entry
    q = np.array([[f.quantile(p) for p in LEVELS] for f in scored.forecasts])
    losses = [scoringrules.quantile_score(y, q[:, i], p) for i, p in enumerate(LEVELS)]
    assert entry["pinball"] == pytest.approx(np.mean(losses), rel=EXACT)
    for coverage, (a, b) in ENDS.items():
        low, high = q[:, a], q[:, b]
        winkler = scoringrules.interval_score(y, low, high, 1.0 - coverage / 100.0)
        assert entry[f"winkler{coverage}"] == pytest.approx(winkler.mean(), rel=EXACT)
        assert entry[f"width{coverage}"] == pytest.approx((high - low).mean(), rel=EXACT)
        inside = sum(
            1 for one, *ends in zip(y, low, high, strict=True) if sorted([one, *ends])[1] == one
        )
        assert entry[f"coverage{coverage}"] == pytest.approx(inside / len(y), rel=EXACT)


def test_rivals_skill_and_mase_from_the_stream_alone(scored: Scored) -> None:
    own, entry, ys = scored.answers, scored.entry, scored.ys
    errors: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    for row, horizon in zip(own.row.tolist(), own.horizon.tolist(), strict=True):
        known = pd.Series(ys[: row - horizon + 1])
        same_season = known[known.index % SEASON == row % SEASON]
        said = {"last": known.dropna().iloc[-1], "running": known.mean()}
        said["seasonal"] = same_season.dropna().iloc[-1]
        for rival in RIVALS:
            errors[rival].append(abs(ys[row] - said[rival]))
    mae = np.mean([abs(ys[r] - f.median) for r, f in zip(own.row, scored.forecasts, strict=True)])
    for rival, error in errors.items():
        assert entry[f"mae_{rival}"] == pytest.approx(np.mean(error), rel=EXACT)
        assert entry[f"skill_{rival}"] == pytest.approx(1.0 - mae / np.mean(error), rel=EXACT)
    assert entry["mase"] == pytest.approx(mae / np.mean(errors["seasonal"]), rel=EXACT)


def test_calibration_against_scipy_and_counting(scored: Scored) -> None:
    y = scored.answers.y
    pit = [Bent(f.values, f.tails).cdf(one) for f, one in zip(scored.forecasts, y, strict=True)]
    assert scored.entry["pit"] == np.histogram(pit, 20, (0.0, 1.0))[0].tolist()
    q = np.array([f.values for f in scored.forecasts])
    for name, holds in (("below", y[:, None] < q), ("upto", y[:, None] <= q)):
        assert scored.entry["reliability"][name] == pytest.approx(holds.mean(axis=0), rel=EXACT)


def test_the_worst_points_are_those_of_a_whole_sort(scored: Scored) -> None:
    own = scored.answers
    spread = np.abs(own.quantiles - own.quantiles[:, [10]]).mean(axis=1)
    ratio = np.abs(own.y - own.quantiles[:, 10]) / spread
    for name, values in (("worst", own.surprise), ("worst_error", ratio)):
        order = np.argsort(-values, kind="stable")[:TEN]
        points = scored.entry[name]
        assert [point["row"] for point in points] == own.row[order].tolist()
        assert [point["y"] for point in points] == own.y[order].tolist()
        assert [point["low90"] for point in points] == own.quantiles[order, 1].tolist()
        assert [point["error_ratio"] for point in points] == pytest.approx(ratio[order], rel=EXACT)
        assert points[0]["time"] == str(own.row[order[0]])


# of late


def long(rows: int = 1300, seed: int = 2) -> Answers:
    """Answers of two series at two horizons, with gaps and scores that are undefined at times."""
    rng = np.random.default_rng(seed)
    row = np.repeat(np.arange(12, rows), 4)
    n = len(row)
    series, horizon = np.tile([0, 0, 1, 1], n // 4), np.tile([1, 12], n // 2)
    y = rng.normal(50.0, 3.0, n)
    q = np.sort(rng.normal(50.0, 3.0, (n, 21)), axis=1)
    undefined = np.where(rng.random((3, n)) < 0.1, math.nan, 1.0)
    surprise = undefined[0] * rng.integers(0, 40, n)  # ties
    last, seasonal, running = rng.normal(50.0, 4.0, (3, n)) * [
        undefined[1],
        undefined[2],
        1.0 + 0 * y,
    ]
    columns = [row, series, horizon, row - horizon, y, q.mean(axis=1), surprise, surprise / 2.0]
    columns += [rng.exponential(size=n), rng.uniform(size=n), rng.uniform(size=n)]
    return part(Answers(*columns, last, seasonal, running, q), rng.random(n) < 0.8)


LONG = long()


def cells(answers: Answers) -> np.ndarray:
    return answers.series * 2 + (answers.horizon > 1)


def over(answers: Answers) -> Scores:
    scores = Scores(("a", "b"), (1, 12), 12)
    scores.add(answers, cells(answers))
    return scores


@pytest.mark.parametrize("cell", range(4))
def test_scores_of_late_against_pandas(cell: int) -> None:
    import scoringrules

    entry = over(LONG).entries()[cell]
    own = part(LONG, cells(LONG) == cell)
    first, last = entry["window"]["rows"]
    assert (first, last) == (750, 1299) and first == 1299 // BLOCK * BLOCK - WINDOW
    q = own.quantiles
    error = np.abs(own.y - q[:, 10])
    frame = pd.DataFrame(
        {
            "error": error,
            "square": (q.mean(axis=1) - own.y) ** 2,
            "surprise": own.surprise,
            "coverage80": (q[:, 2] <= own.y) & (own.y <= q[:, 18]),
            "winkler95": scoringrules.interval_score(own.y, q[:, 0], q[:, 20], 0.05),
            "width50": q[:, 15] - q[:, 5],
            "crps": own.crps,
            "seasonal": np.abs(own.y - own.seasonal),
            "beside": np.where(np.isnan(own.seasonal), math.nan, error),
        },
        index=own.row,
        dtype=float,
    )
    recent = frame.loc[first:last]
    faded = frame.ewm(alpha=1.0 - FADING, adjust=True, ignore_na=False).mean().iloc[-1]
    for name, mean in (("window", recent.mean()), ("fading", faded)):
        late = entry[name]
        assert late["mae"] == pytest.approx(mean["error"], rel=EXACT)
        assert late["rmse"] == pytest.approx(math.sqrt(mean["square"]), rel=EXACT)
        for score in ("surprise", "coverage80", "winkler95", "width50", "crps"):
            assert late[score] == pytest.approx(mean[score], rel=EXACT), score
        assert late["mase"] == pytest.approx(mean["beside"] / mean["seasonal"], rel=EXACT)
        assert late["skill_seasonal"] == pytest.approx(1.0 - late["mase"], rel=EXACT)
        assert late["surprise_bits"] == pytest.approx(mean["surprise"] / math.log(2), rel=EXACT)
    assert entry["window"]["n"] == len(recent)
    assert entry["window"]["n_surprise"] == recent["surprise"].count()
    assert entry["fading"]["n"] == pytest.approx((1.0 - FADING ** len(own.y)) / (1.0 - FADING))


def test_a_series_that_ends_has_no_scores_of_late_with_a_reason() -> None:
    ended = part(LONG, (LONG.series == 1) | (LONG.row < 500))
    entry = over(ended).entries()[0]
    assert entry["n"] > 100 and entry["mae"] > 0.0 and entry["fading"]["mae"] > 0.0
    assert entry["window"]["n"] == 0 and entry["window"]["mae"] is None
    assert "in these rows" in entry["window"]["reason"]["mae"]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40), st.integers(0, 4000))
def test_the_window_holds_what_it_says(gaps: list[int], begin: int) -> None:
    row = begin + np.cumsum(gaps)
    value = np.sqrt(row)
    window = Window(["value"], 2)
    for r, v in zip(row, value, strict=True):
        window.add(np.array([r]), np.array([1]), {"value": np.array([v])})
        inside = value[(row >= window.first_row) & (row <= r)]
        assert window.last_row == r
        assert r < WINDOW or WINDOW < r - window.first_row + 1 <= WINDOW + BLOCK
        assert window.counted("value", 1) == len(inside)
        assert window.mean("value", 1) == pytest.approx(inside.mean(), rel=1e-12)
        assert window.counted("value", 0) == 0 and math.isnan(window.mean("value", 0))


def test_fading_is_the_recursion_of_its_source() -> None:
    x = np.random.default_rng(0).normal(size=2000)
    fading = Fading(["x"], 1)
    S = N = 0.0
    for block in np.split(x, [1, 5, 900, 1400]):
        for value in block:
            S, N = value + FADING * S, 1.0 + FADING * N
        fading.add(np.zeros(len(block), np.int64), {"x": block})
        assert fading.mean("x", 0) == pytest.approx(S / N, rel=1e-11)
        assert fading.counted("x", 0) == pytest.approx(N, rel=1e-12)


# blocks and parts


def same(one: Any, other: Any, where: str = "") -> None:
    """Hold two entries against each other: numbers to twelve digits, all else alike."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            same(one[name], other[name], f"{where} {name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for a, b in zip(one, other, strict=True):
            same(a, b, where)
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-12, abs=1e-12), where
    else:
        assert one == other, where


cuts = st.lists(st.integers(0, len(LONG.row)), max_size=6).map(sorted)


def pieces(at: Sequence[int]) -> list[Answers]:
    edges = [0, *at, len(LONG.row)]
    return [part(LONG, slice(a, b)) for a, b in itertools.pairwise(edges)]


@settings(max_examples=30)
@given(cuts)
def test_any_blocks_give_the_scores_of_one_pass(at: list[int]) -> None:
    scores = Scores(("a", "b"), (1, 12), 12)
    for piece in pieces(at):
        scores.add(piece, cells(piece))
    same(over(LONG).entries(), scores.entries())


@settings(max_examples=30)
@given(cuts)
def test_parts_that_are_merged_give_the_scores_of_one_pass(at: list[int]) -> None:
    first, *others = [over(piece) for piece in pieces(at)]
    for later in others:
        first.merge(later)
    same(over(LONG).entries(), first.entries())


@settings(max_examples=10)
@given(cuts)
def test_later_parts_may_be_merged_first(at: list[int]) -> None:
    scored = [over(piece) for piece in pieces(at)]
    whole = scored.pop()
    while scored:
        before = scored.pop()
        before.merge(whole)
        whole = before
    same(over(LONG).entries(), whole.entries())


@settings(max_examples=10)
@given(st.permutations(range(5)))
def test_what_knows_no_order_merges_in_any(order: list[int]) -> None:
    parts = [over(piece) for piece in pieces([900, 1000, 2500, 3000])]
    whole = over(LONG)
    merged = Scores(("a", "b"), (1, 12), 12)
    for k in order:
        for name in ("sums", "window"):
            getattr(merged.means, name).merge(getattr(parts[k].means, name))
        for name in ("surprises", "errors", "calibration"):
            getattr(merged, name).merge(getattr(parts[k], name))
    for cell in range(4):
        for kind in ("sums", "window"):
            sums, reference = (getattr(scores.means, kind) for scores in (merged, whole))
            for name in ("error", "surprise", "winkler80", "seasonal"):
                assert sums.counted(name, cell) == reference.counted(name, cell)
                assert sums.mean(name, cell) == pytest.approx(reference.mean(name, cell), rel=1e-12)
        for points, reference in (
            (merged.surprises.points[cell], whole.surprises.points[cell]),
            (merged.errors.points[cell], whole.errors.points[cell]),
        ):
            same([point.told() for point in reference], [point.told() for point in points])
    assert (merged.calibration.pit == whole.calibration.pit).all()
    assert (merged.calibration.passed == whole.calibration.passed).all()


def test_what_does_not_fit_is_not_merged() -> None:
    early, late = (over(piece) for piece in pieces([3000]))
    with pytest.raises(ValueError, match="merge parts of a stream in its order"):
        late.merge(early)
    with pytest.raises(ValueError, match="cannot be merged into those of"):
        early.merge(Scores(("a", "b"), (1, 12), 7))
    nothing = Scores(("a", "b"), (1, 12), 12)
    nothing.merge(early)
    same(early.entries(), nothing.entries())
    nothing.merge(Scores(("a", "b"), (1, 12), 12))
    same(early.entries(), nothing.entries())


def test_merged_sums_keep_the_digits_that_a_plain_sum_loses() -> None:
    parts = [[1e16, *[1.0] * 500], [*[1.0] * 500, -1e16], [1e16, 3.0], [-1e16, 0.5]]
    whole = Sums(["x"], 1)
    for values in parts:
        one = Sums(["x"], 1)
        for value in values:
            one.add("x", np.zeros(1, np.int64), np.array([value]))
        whole.merge(one)
    values = [value for part in parts for value in part]
    assert whole.mean("x", 0) == math.fsum(values) / len(values)


flags = st.builds(
    lambda share, n, seed: np.random.default_rng(seed).random(n) < share,
    st.floats(0.5, 1.0),
    st.integers(400, 1600),
    st.integers(0, 99),
)


@settings(max_examples=25)
@given(flags, st.lists(st.integers(0, 1600), max_size=5).map(sorted))
def test_the_worst_coverage_is_found_across_parts(hits: np.ndarray, at: list[int]) -> None:
    merged = WorstCoverage(1)
    for block in np.split(hits, [min(a, len(hits)) for a in at]):
        one = WorstCoverage(1)
        one.add(np.zeros(len(block), np.int64), block)
        merged.merge(one)
    windows = [hits[i : i + WORST].mean() for i in range(len(hits) - WORST + 1)]
    if windows:
        assert merged.lowest(0) == min(windows)
    else:
        assert math.isnan(merged.lowest(0))


@settings(max_examples=50)
@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0, math.inf, math.nan]), max_size=60))
def test_the_ten_worst_are_the_first_of_equals(values: list[float]) -> None:
    column = np.array(values)
    worst: WorstPoints[Point] = WorstPoints(1, by="surprise")
    rows = np.arange(len(values))
    for block in np.array_split(rows, 4):

        def point(place: int, first: int = int(block[0]) if len(block) else 0) -> Point:
            row = first + place
            return Point(str(row), row, *[float(column[row])] * 7)

        worst.add(np.zeros(len(block), np.int64), column[block], point)
    known = [row for row in rows.tolist() if not math.isnan(values[row])]
    wanted = heapq.nlargest(TEN, known, key=lambda row: (values[row], -row))
    assert [point.row for point in worst.points[0]] == wanted


# calibration


def test_truths_on_a_quantile_are_below_or_at_it_and_not_below() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 5, 500).astype(float)
    q = np.sort(rng.integers(0, 5, (21, 500)), axis=0).astype(float)
    counted = Calibration(2)
    counted.add(rng.random(500), y, q, np.ones(500, np.int64))
    one = counted.of(1, "whole numbers", 1)
    assert one.below == pytest.approx((y < q).mean(axis=1), rel=EXACT)
    assert one.upto == pytest.approx((y <= q).mean(axis=1), rel=EXACT)
    assert (one.upto > one.below).all() and not counted.passed[0].any()


@pytest.mark.parametrize("n", [1, 20, 333])
@pytest.mark.parametrize("p", [0.025, 0.05, 0.5, 0.9])
def test_bands_hold_95_in_100_and_no_wider_than_needed(n: int, p: float) -> None:
    (low,), (high,) = (n * share for share in band(np.array([p]), np.array([n + 0.7])))
    mass = [math.comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1)]
    low, high = round(low), round(high)
    assert math.fsum(mass[:low]) <= 0.025 < math.fsum(mass[: low + 1]) + 1e-12
    assert math.fsum(mass[high + 1 :]) <= 0.025 < math.fsum(mass[high:]) + 1e-12


def both_below(a: float, b: float, rho: float) -> float:
    """P(X <= a, Y <= b) of two Normals that correlate by rho, one integrated out by scipy."""
    rest = math.sqrt(1.0 - rho * rho)

    def inner(x: float) -> float:
        return float(stats.norm.pdf(x) * stats.norm.cdf((b - rho * x) / rest))

    value: float = integrate.quad(inner, -11.0, a, epsabs=1e-13, limit=200)[0]
    return value


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize(("lower", "upper"), [(0.0, 0.025), (0.45, 0.5), (0.05, 0.95), (0.95, 1.0)])
def test_overlap_is_the_variance_of_a_count_along_a_walk(
    lower: float, upper: float, horizon: int
) -> None:
    a, b = (max(-10.0, min(10.0, z)) for z in stats.norm.ppf([lower, upper]))
    p, inflated = upper - lower, 1.0
    for k in range(1, horizon):
        rho = 1.0 - k / horizon
        together = both_below(a, a, rho) - 2.0 * both_below(a, b, rho) + both_below(b, b, rho)
        inflated += 2.0 * (together - p * p) / (p * (1.0 - p))
    (found,) = overlap(np.array([lower]), np.array([upper]), horizon)
    assert found == pytest.approx(inflated, rel=1e-8)


def test_overlap_beyond_the_lags_that_are_summed_goes_on_evenly() -> None:
    lower, upper = np.array([0.0, 0.45]), np.array([0.5, 0.5])
    near, far = overlap(lower, upper, 256), overlap(lower, upper, 257)
    assert far == pytest.approx(near, rel=0.01) and (far > near).all()
    assert overlap(lower, upper, 512) == pytest.approx(2.0 * near)


EDGES = np.linspace(0.0, 1.0, 21)


def inside_the_bands(horizon: int, spread: float) -> tuple[Floats, Floats]:
    """The share of walks, forecast by their own law or a wrong one, inside the bands.

    Of the 20 bars, and of the 21 levels.
    """
    rng = np.random.default_rng(horizon)
    bars, levels = [], []
    none = np.zeros(1200 - horizon + 1, np.int64)
    z = stats.norm.ppf(LEVEL)[:, None] * spread * math.sqrt(horizon) + 0.0 * none
    for _ in range(300):
        moved = np.convolve(rng.normal(size=1200), np.ones(horizon), "valid")
        counted = Calibration(1)
        counted.add(stats.norm.cdf(moved / (spread * math.sqrt(horizon))), moved, z, none)
        one = counted.of(0, "walk", horizon)
        low, high = one.band(EDGES[:-1], EDGES[1:])
        bars.append((low <= one.pit / one.n) & (one.pit / one.n <= high))
        low, high = one.band(0.0 * LEVEL, LEVEL)
        levels.append((low <= one.upto) & (one.below <= high))
    return np.mean(bars, axis=0), np.mean(levels, axis=0)


@pytest.mark.parametrize("horizon", [1, 12])
def test_a_right_forecast_stays_inside_the_bands_and_a_wrong_one_does_not(horizon: int) -> None:
    # of 300 walks a share of .95 is known within .025 at one place, 2 standard errors
    for right in inside_the_bands(horizon, 1.0):
        assert right.min() > 0.91 and 0.94 < right.mean() < 0.985
    for narrow in inside_the_bands(horizon, 0.6):
        assert narrow[[0, -1]].max() < 0.15


def test_every_score_that_the_page_explains_is_there() -> None:
    entry = over(LONG).entries()[0]
    assert set(MEANINGS) <= set(entry)
    assert set(MEANINGS) - {"worst500_coverage90"} <= set(entry["window"]) & set(entry["fading"])
