"""What is known beside a series: against a plain filter, what is true, and the future."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from forecast import NumberForecaster, load, run, save
from forecast.cli import main
from forecast.numbers.context import (
    CONTEXT_INTS,
    FEATURES,
    context_ask,
    context_begin,
    context_features_of,
    context_floats,
    context_learn,
    context_of,
    context_says,
    context_see,
)
from forecast.numbers.rls import DRIFT, PRIOR
from forecast.prequential import Run, prequential

pytestmark = pytest.mark.usefixtures("undrawn")


def told(n=400, seed=0):
    """A series that moves against a price, known ahead, and after visitors, seen late."""
    rng = np.random.default_rng(seed)
    price = lfilter([1.0], [1.0, -0.9], rng.normal(size=(n + 5, 1)), axis=0)
    visitors = rng.normal(size=(n, 1))
    before = np.concatenate([[0.0], visitors[:-1, 0]])
    y = 50.0 - 3.0 * price[:n, 0] + 2.0 * before + rng.normal(size=n)
    return y, price, visitors


class Filter:
    """The same as the room, by numpy: spreads so far, and a filter whose weights drift."""

    def __init__(self, seen, now, ahead):
        self.D = (seen + 2 * now + 5 * ahead + 3) // 4 * 4
        self.seen, self.now, self.ahead = seen, now, ahead
        self.columns = [[] for _ in range(now)]
        self.w, self.P, self.size, self.asked = np.zeros(self.D), np.eye(self.D) * PRIOR, 0.0, {}

    def spreads(self, k, value):
        past = np.array(self.columns[k])
        past = past[np.isfinite(past)]
        if not np.isfinite(value) or len(past) == 0 or past.std() == 0.0:
            return 0.0
        return float(np.clip((value - past.mean()) / past.std(), -16.0, 16.0))

    def changes(self, k, change):
        past = np.diff(np.array(self.columns[k]))
        past = past[np.isfinite(past)]
        if not np.isfinite(change) or len(past) == 0 or not past.any():
            return 0.0
        return float(np.clip(change / np.sqrt(np.mean(past**2)), -16.0, 16.0))

    def level(self, k, rate):
        past = [value for value in self.columns[k] if np.isfinite(value)]
        level = 0.0
        for n, value in enumerate(past, 1):
            level += max(1.0 / n, rate) * (value - level)
        return level

    def see(self, x):
        for column, value in zip(self.columns, x, strict=False):
            column.append(value)

    def features(self, seen, ahead):
        both = []
        for k, column in enumerate(self.columns):
            before = column[-2] if len(column) > 1 else math.nan
            both += [self.spreads(k, column[-1]), self.changes(k, column[-1] - before)]
        for k, value in enumerate(ahead, self.now - self.ahead):
            both += [self.spreads(k, value), self.changes(k, value - self.columns[k][-1])]
            both += [self.changes(k, value - self.level(k, rate)) for rate in (0.02, 0.1, 0.4)]
        features = np.concatenate([seen, both])
        return np.pad(features, (0, self.D - len(features)))

    def ask(self, time, said, unit, x):
        self.P = self.P + DRIFT * np.eye(self.D)
        self.hold()
        variance = 0.5 * math.pi * max(self.size, 0.02) ** 2 if self.size > 0.0 else 1.0
        gain = self.P @ x / (variance + x @ self.P @ x)
        self.asked[time] = said, unit, x, gain
        self.P = self.P - np.outer(gain, self.P @ x)

    def hold(self):
        for r in np.flatnonzero(np.diag(self.P) > PRIOR):
            shrink = math.sqrt(PRIOR / self.P[r, r])
            self.P[r] *= shrink
            self.P[:, r] *= shrink

    def learn(self, time, y):
        if time not in self.asked:
            return
        said, unit, x, gain = self.asked.pop(time)
        error = (y - said) / unit - x @ self.w
        bound = 3.0 * self.size if self.size > 0.0 else math.inf
        self.w = self.w + gain * np.clip(error, -bound, bound)
        seen = min(abs(error), 8.0 * max(self.size, 0.02))
        rate = max(1.0 / (time + 1.0), 0.01)
        self.size += rate * (seen - self.size) if self.size > 0.0 else seen


def test_it_is_a_plain_filter_of_columns_in_their_own_spreads():
    rng = np.random.default_rng(4)
    seen, now, ahead, longest = 3, 3, 1, 2
    f = np.zeros(context_floats(seen, now, ahead, 1, longest))
    i = np.zeros(CONTEXT_INTS, np.int64)
    context_begin(f, i, seen, now, ahead, longest)
    other, x = Filter(seen, now, ahead), np.empty(i[FEATURES])
    assert other.D == i[FEATURES] == 16
    said_all = []
    for time in range(200):
        y = rng.normal()
        context_learn(f, i, 0, time, 1.0, y)
        other.learn(time, y)
        row = np.array([rng.normal() * 100.0, float(rng.random() < 0.05), rng.normal() + time])
        if time % 17 == 0:
            row[rng.integers(3)] = math.nan
        context_see(f, i, row)
        other.see(row)
        lags = rng.normal(size=seen)
        for h in (1, 2):  # one question is only looked at, the other waits for its answer
            coming = np.array([rng.normal() + time if h == 1 or time % 13 else math.nan])
            known = context_features_of(f, i, lags, coming, x)
            assert known == bool(np.isfinite(coming).all())
            if not known:
                continue
            expected = other.features(lags, coming)
            np.testing.assert_allclose(x, expected, rtol=1e-9, atol=1e-9)
            said_all.append((context_says(f, i, 0, x), expected @ other.w))
            if h == 2:
                context_ask(f, i, 0, time + 2, 0.5, 2.0, x, known)
                other.ask(time + 2, 0.5, 2.0, expected)
    ours, theirs = np.transpose(said_all)
    assert np.ptp(theirs[100:]) > 0.1
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def error(answers, horizon=1, first=200):
    kept = (answers.horizon == horizon) & (answers.row >= first)
    return np.abs(answers.y - answers.quantiles[:, 10])[kept].mean()


def test_what_is_known_is_used_as_well_as_can_be():
    """Noise of one spread is left: its mean distance from 0 is sqrt(2/pi)."""
    y, price, visitors = told(3000)
    learner = NumberForecaster(horizons=(1, 3), known=1, context=1)
    answers = run(learner, y, known=price, context=visitors)
    blind = run(NumberForecaster(horizons=(1, 3)), y)
    late = 1500  # weights are learned by then
    assert error(answers, first=late) < 1.15 * math.sqrt(2.0 / math.pi)
    assert error(blind, first=late) > 3.0 * error(answers, first=late)
    # three ahead the visitors are not known: their spread of 2 joins that of the noise
    assert error(answers, 3, late) < 1.15 * math.sqrt(5.0 * 2.0 / math.pi)


def test_what_tells_nothing_costs_little():
    rng = np.random.default_rng(1)
    y, noise = rng.normal(size=1500).cumsum(), rng.normal(size=(1500, 2))
    blind = run(NumberForecaster(), y)
    answers = run(NumberForecaster(known=1, context=1), y, known=noise[:, :1], context=noise[:, 1:])
    assert error(answers) < 1.005 * error(blind)


def test_no_more_is_known_than_is_said():
    """Values, late columns, and known ones past the furthest horizon change no earlier forecast."""
    y, price, visitors = told(300)
    before = run(NumberForecaster((1, 3), known=1, context=1), y, known=price, context=visitors)
    rng = np.random.default_rng(9)
    for cut in (40, 200):
        y2, price2, visitors2 = y.copy(), price.copy(), visitors.copy()
        y2[cut:] = rng.normal(size=len(y) - cut)
        visitors2[cut:] = rng.normal(size=(len(y) - cut, 1))
        price2[cut + 2 :] = rng.normal(size=(len(price) - cut - 2, 1))
        learner = NumberForecaster((1, 3), known=1, context=1)
        after = run(learner, y2, known=price2, context=visitors2)
        # asked at row t, they may see the price of row t + 3, and everything up to t
        early = before.issued < cut - 1
        assert np.array_equal(before.quantiles[early], after.quantiles[early])
        # what is known of the answer's own row does change its forecast
        asked = (before.issued == cut - 1) & (before.horizon == 3)
        assert not np.array_equal(before.quantiles[asked], after.quantiles[asked])


OTHERS = np.random.default_rng(9).normal(size=(400, 1))


@pytest.fixture(scope="module")
def asked():
    """What was said with what really came, one step, three and six ahead."""
    y, price, visitors = told(160)
    return run(NumberForecaster((1, 3, 6), known=1, context=1), y, known=price, context=visitors)


def asked_with(known_until, seen_until):
    """The same, had other prices come after one row, other values and visitors after another."""
    y, price, visitors = told(160)
    price[known_until + 1 :] = OTHERS[known_until + 1 : len(price)]
    y[seen_until + 1 :] = OTHERS[seen_until + 1 : len(y), 0]
    visitors[seen_until + 1 :] = OTHERS[seen_until + 1 : len(visitors)]
    return run(NumberForecaster((1, 3, 6), known=1, context=1), y, known=price, context=visitors)


@pytest.mark.parametrize("cut", [35, 120])
@pytest.mark.parametrize("horizon", [1, 3, 6])
def test_a_horizon_sees_the_row_of_its_answer_and_none_after_it(horizon, cut, asked):
    """Asked at ``cut``: values and late columns up to it, known ones up to ``cut + horizon``."""
    other = asked_with(cut + horizon, cut)
    early = (asked.horizon == horizon) & (asked.issued <= cut)
    assert early.sum() == cut + 1
    assert np.array_equal(asked.quantiles[early], other.quantiles[early])
    assert np.array_equal(asked.mean[early], other.mean[early])
    # the same question is answered otherwise once what it may see is another: price, or visitors
    question = early & (asked.issued == cut)
    for known_until, seen_until in [(cut + horizon - 1, cut), (cut + horizon, cut - 1)]:
        nearer = asked_with(known_until, seen_until)
        same = (nearer.horizon == horizon) & (nearer.issued == cut)
        assert not np.array_equal(asked.quantiles[question], nearer.quantiles[same])


def test_one_by_one_in_pieces_and_resumed_are_the_same_bits(tmp_path):
    y, price, visitors = told(260)
    y[50:53] = math.nan
    price[80], visitors[90] = math.nan, math.inf
    horizons = (1, 2, 4)

    def learner():
        return NumberForecaster(horizons, known=1, context=1)

    xs = context_of(len(y), horizons, price, visitors)
    whole = run(learner(), y, known=price, context=visitors)
    in_pieces, going_on = Run(learner()), learner()
    parts = [
        in_pieces.feed(a, b)
        for a, b in zip(np.split(y, [7, 100]), np.split(xs, [7, 100]), strict=True)
    ]
    quantiles = np.concatenate([part.quantiles for part in parts])
    assert np.array_equal(whole.quantiles, quantiles)
    steps = list(prequential(zip(range(len(y)), xs, y, strict=True), learner()))
    assert [step.surprise for step in steps] == pytest.approx(whole.surprise, rel=0, nan_ok=True)
    for t, (one, x) in enumerate(zip(y, xs, strict=True)):
        if t == 120:
            save(tmp_path / "state", going_on)
            going_on = load(tmp_path / "state")
        going_on.learn(one, x)
    assert np.array_equal(going_on.floats, in_pieces.learner.floats, equal_nan=True)
    assert going_on.options()["known"] == 1


def test_units_of_the_columns_do_not_matter():
    y, price, visitors = told(400)
    one = run(NumberForecaster(known=1, context=1), y, known=price, context=visitors)
    other = run(
        NumberForecaster(known=1, context=1), y, known=1e4 * price - 3.0, context=0.01 * visitors
    )
    np.testing.assert_allclose(one.quantiles, other.quantiles, rtol=1e-7)


def test_columns_are_lined_up_with_the_rows_of_the_answers():
    known, late = np.arange(8.0)[:, None], np.arange(5.0)[:, None] + 100.0
    xs = context_of(5, (1, 4), known, late)
    assert np.array_equal(xs[0], [100.0, 0.0, 1.0, 4.0])
    assert np.array_equal(xs[4], [104.0, 4.0, 5.0, math.nan], equal_nan=True)
    assert context_of(3, (1,), None, late).shape == (3, 1)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: NumberForecaster(known=-1), "known must be a number of columns from 0"),
        (lambda: NumberForecaster().learn(1.0, [2.0]), "takes no context"),
        (lambda: NumberForecaster(known=1).learn(1.0, [2.0]), "expected 2 numbers"),
        (lambda: NumberForecaster(known=1).predict([2.0]), "with what it learns"),
        (lambda: Run(NumberForecaster(context=1)).feed(np.ones(3), np.ones((2, 1))), r"\[3, 1\]"),
        (lambda: run(NumberForecaster(), np.ones(3), context=np.ones((3, 1))), r"\[3, 0\]"),
    ],
)
def test_wrong_columns_are_refused(act, said):
    with pytest.raises(ValueError, match=said):
        act()


def shop(path, n=300, ahead=3):
    y, price, visitors = told(n)
    price = price[: n + ahead, 0]
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=n + ahead).strftime("%Y-%m-%d"),
            "sold": [*y, *[None] * ahead],
            "price": price,
            "visitors": [*visitors[:, 0], *[None] * ahead],
        }
    )
    frame.to_csv(path, index=False)
    return y, price[:, None], visitors


def test_the_command_reads_what_is_known_and_answers_for_the_future(tmp_path, capsys):
    y, price, visitors = shop(tmp_path / "shop.csv")
    out = tmp_path / "out"
    beside = ["--known", "price", "--context", "visitors", "--season", "none", "--horizon", "1,2"]
    args = ["run", str(tmp_path / "shop.csv"), "--target", "sold", *beside, "--out", str(out)]
    assert main(args) == 0
    written = pd.read_csv(out / "predictions.csv")
    learner = NumberForecaster((1, 2), season=0, known=1, context=1)
    answers = run(learner, y, known=price, context=visitors)
    assert len(written) == len(answers.row) == 300 - 1 + 300 - 2
    np.testing.assert_allclose(written["median"], answers.quantiles[:, 10], rtol=1e-8)
    coming = pd.read_csv(out / "forecast.csv")
    assert list(coming["time"]) == ["2024-10-27", "2024-10-28"]  # after the last one sold
    expected = [learner.predict(horizon=h).median for h in (1, 2)]
    np.testing.assert_allclose(coming["median"], expected, rtol=1e-8)
    capsys.readouterr()


def test_a_column_is_one_thing(tmp_path, capsys):
    shop(tmp_path / "shop.csv")
    args = ["run", str(tmp_path / "shop.csv"), "--target", "sold", "--out", str(tmp_path / "out")]
    assert main([*args, "--known", "sold"]) == 3
    assert "'sold' is named twice" in capsys.readouterr().err
    assert main([*args, "--known", "cost"]) == 3
    assert "is not a column of this file" in capsys.readouterr().err


def test_one_column_may_come_as_a_mere_array() -> None:
    """Before, it ended in an index that was out of range."""
    rng = np.random.default_rng(0)
    price, visitors = rng.choice([0.5, 1.0], 81), rng.normal(size=80)
    y = 30.0 - 20.0 * price[:80]
    given = [(price, visitors), (price[:, None], visitors[:, None])]
    one, two = (
        run(NumberForecaster(known=1, context=1), y, known=known, context=context)
        for known, context in given
    )
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two, strict=True))
    one, two = (NumberForecaster.from_history(y, *columns) for columns in given)
    assert one.floats.tobytes() == two.floats.tobytes()
    with pytest.raises(ValueError, match=r"columns beside 80 observations, \[80, columns\]"):
        run(NumberForecaster(known=1), y, known=price[:70])
    with pytest.raises(ValueError, match="made for so many columns beside"):
        run(NumberForecaster(), y, known=price)
    with pytest.raises(TypeError, match=r"as NumberForecaster\(\), not what makes one"):
        run(NumberForecaster, y)  # type: ignore[arg-type]
