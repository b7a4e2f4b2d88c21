"""River both ways: its own checks on our learners, and its models in our blends."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import (
    base,
    checks,
    datasets,
    evaluate,
    feature_extraction,
    linear_model,
    metrics,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    optim,
    preprocessing,
    stats,
    time_series,
    tree,
)

from forecast import Learner, LightForecaster, NumberForecaster, Quantiles, run
from forecast.checks import judged
from forecast.interop.blended import Blended
from forecast.interop.guest import Guest
from forecast.interop.labels import BlendedLabels, LabelGuest
from forecast.interop.river import Classifier, Forecaster, Regressor, Surprise, message_of
from forecast.prequential import Answers, prequential

ROOT = Path(__file__).resolve().parent.parent
TRUMP = list(datasets.TrumpApproval().take(300))


# ---- ours, as river's ----------------------------------------------------------------------------

OFFERED: dict[str, base.Estimator] = {
    "forecaster": Forecaster(),
    "forecaster, light": Forecaster(LightForecaster(horizons=(1, 2, 3))),
    "regressor": Regressor(),
    "classifier": Classifier(),
    "surprise": Surprise(),
}
OF_ALL = {
    *("check_repr", "check_str", "check_tags", "check_doc", "check_mutate_can_be_idempotent"),
    *("check_clone_same_class", "check_clone_is_idempotent", "check_get_params_matches_signature"),
    *("check_clone_changes_memory_addresses", "check_clone_with_new_params_applies"),
    *("check_init_has_default_params_for_tests", "check_init_default_params_are_not_mutable"),
    *("check_pickling_supports_roundtrip", "check_repr_roundtrips_clone"),
}
OF_ROWS = {
    *("check_learn_one", "check_pickling", "check_predict_one_pure", "check_clone_is_independent"),
    *("check_shuffle_features_no_impact", "check_emerging_features"),
    *("check_disappearing_features", "check_radically_disappearing_features"),
    *("check_predict_one_before_any_learn", "check_no_state_aliasing_with_input"),
    "check_bounded_memory_growth",
}
CHECKS = {
    "forecaster": OF_ALL | {"check_learn_one", "check_forecast"},
    "forecaster, light": OF_ALL | {"check_learn_one", "check_forecast"},
    "regressor": OF_ALL | OF_ROWS,
    "classifier": OF_ALL
    | OF_ROWS
    | {"check_classifier_tracks_seen_labels", "check_predict_proba_one"}
    | {"check_predict_proba_one_binary"},
    "surprise": OF_ALL | OF_ROWS | {"check_transform_one"},
}


@pytest.mark.parametrize("name", OFFERED)
def test_river_checks_pass_whole(name: str) -> None:
    pytest.importorskip("sklearn", reason="river's checks want scikit-learn")
    model = OFFERED[name]
    assert not model._unit_test_skips()
    assert CHECKS[name] <= {check.__name__ for check in checks.yield_checks(model)}
    checks.check_estimator(model)


def test_a_forecaster_says_what_the_learner_says() -> None:
    model, learner = Forecaster(horizon=3), NumberForecaster(horizons=(1, 2, 3))
    for y in (5.0 + math.sin(t) for t in range(60)):
        model.learn_one(y)
        learner.learn(y)
        said = [learner.predict(horizon=h).median for h in (1, 2, 3)]
        assert model.forecast(horizon=3) == said


@pytest.mark.parametrize("horizons", [(1,), (1, 2, 3)])
def test_features_beside_the_rows_are_columns_known_ahead_to_the_bit(
    horizons: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(3)
    columns = rng.normal(size=(90, 2)).round(2)
    ys = columns @ [3.0, -1.0] + rng.normal(size=90)
    model = Forecaster(NumberForecaster(horizons, known=2))
    n, said = 80, []
    for t in range(n):
        xs = [{"b": float(b), "a": float(a)} for a, b in columns[t + 1 : t + 1 + len(horizons)]]
        model.learn_one(float(ys[t]), {"a": float(columns[t, 0]), "b": float(columns[t, 1])})
        said.append([one.median for one in model.distributions(len(horizons), xs)])
    answers = run(NumberForecaster(horizons, known=2), ys, known=columns)
    for h in horizons:
        at = (answers.horizon == h) & (answers.issued < n)
        assert answers.quantiles[at, 10].tolist() == [said[t][h - 1] for t in answers.issued[at]]


def test_a_regressor_hears_the_features_of_the_row() -> None:
    rng = np.random.default_rng(4)
    rows = [({"a": float(a)}, float(3.0 * a + 1.0)) for a in rng.normal(size=400)]
    model, plain = Regressor(), Forecaster(horizon=1)
    off, off_plain = [], []
    for x, y in rows:
        off.append(abs(model.predict_one(x) - y))
        off_plain.append(abs(plain.forecast(1)[0] - y))
        model.learn_one(x, y)
        plain.learn_one(y)
    assert np.mean(off[200:]) < 0.2 * np.mean(off_plain[200:])


def test_a_text_among_the_numbers_is_told_of_by_its_name() -> None:
    model = Regressor()
    with pytest.raises(TypeError, match=r"the feature 'town' is 'Ulm', no number: .*SelectType"):
        model.learn_one({"town": "Ulm"}, 1.0)
        model.predict_one({"town": "Ulm"})


def test_a_horizon_too_far_says_what_to_do() -> None:
    model = Forecaster(horizon=2)
    model.learn_one(1.0)
    with pytest.raises(ValueError, match="make it with horizon=3"):
        model.forecast(horizon=3)


def test_pipelines_metrics_and_model_selection() -> None:
    model = preprocessing.StandardScaler() | Regressor()
    naive, mean = metrics.MAE(), stats.Mean()
    for _, y in TRUMP:
        naive.update(y, mean.get())
        mean.update(y)
    mae = evaluate.progressive_val_score(TRUMP, model, metrics.MAE())
    assert mae.get() < 0.5 * naive.get()
    *_, last = evaluate.iter_progressive_val_score(TRUMP, model.clone(), metrics.MAE(), step=50)
    assert last["MAE"].get() == mae.get()
    greedy = model_selection.GreedyRegressor(
        [preprocessing.StandardScaler() | linear_model.LinearRegression(), Regressor()],
        metric=metrics.MAE(),
    )
    evaluate.progressive_val_score(TRUMP, greedy, metrics.MAE())
    assert isinstance(greedy.best_model, Regressor)


def test_a_forecaster_in_the_loop_of_river() -> None:
    # river scores a forecast of the next row by the one after it (river 0.26), and so, of a series
    # that rises by 1 at each row, a perfect forecaster is off by 1; it says so of each horizon
    rows = [({}, float(t)) for t in range(200)]
    said = evaluate.evaluate(rows, Forecaster(horizon=3), metrics.MAE(), horizon=3)
    perfect = evaluate.evaluate(rows, Rising(), metrics.MAE(), horizon=3)
    assert said.get() == pytest.approx(perfect.get(), abs=0.2)


class Rising(time_series.base.Forecaster):
    """Knows that each value is 1 more than the last."""

    def __init__(self) -> None:
        self.last = 0.0

    def learn_one(self, y: float, x: Any = None) -> None:
        self.last = y

    def forecast(self, horizon: int, xs: Any = None) -> list[float]:
        return [self.last + h for h in range(1, horizon + 1)]


def test_texts_and_bags_of_words_and_more_than_two_labels() -> None:
    messages = [("win a prize now", True), ("see you at noon", False)] * 15
    for model in (Classifier(), feature_extraction.BagOfWords() | Classifier()):
        for text, label in messages:
            model.learn_one(text, label)
        assert model.predict_proba_one("a prize")[True] > 0.8
        assert model.predict_one("at noon") is False
    score = evaluate.progressive_val_score(
        datasets.Phishing().take(400), Classifier(), metrics.Accuracy()
    )
    assert score.get() > 0.8
    three = multiclass.OneVsRestClassifier(Classifier(bits=10))
    for label in ("sun", "rain", "snow") * 12:
        three.learn_one({label: 1}, label)
    assert [three.predict_one({name: 1}) for name in ("rain", "snow")] == ["rain", "snow"]


def test_a_label_that_was_not_named_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'spam' is none of the labels \(False, True\)"):
        Classifier().learn_one("prize", "spam")


def test_features_are_a_message_whatever_their_order() -> None:
    x = {"b": 0.5, "a": True, "c": 0, "d": None, "e": -2.0, "f": "so so", "g": math.nan}
    said = "a bis0o5 eism2 f so so"
    assert message_of(x) == message_of(dict(reversed(x.items()))) == said


def test_surprise_knows_nothing_of_the_target_of_its_row() -> None:
    model, learner, last = Surprise(), NumberForecaster(), math.nan
    for t in range(80):
        y = float(t % 5) + 0.1 * (t % 3)
        added = model.transform_one({"a": 1.0})
        said = learner.predict()
        if t > 1:
            assert (added["a"], added["median"]) == (1.0, said.median)
            assert added["width"] == said.interval(0.9)[1] - said.interval(0.9)[0]
            assert added["surprise"] == (last if math.isfinite(last) else 0.0)
        last = said.surprise(y) - said.expected_surprise()
        model.learn_one({"a": 1.0}, y)
        learner.learn(y)
    with pytest.raises(ValueError, match="no such features"):
        Surprise(("mood",))


def test_a_model_behind_surprise_learns_what_it_adds() -> None:
    linear = linear_model.LinearRegression()
    model = Surprise() | preprocessing.StandardScaler() | linear
    for t in range(60):
        x = {"a": float(t % 3)}
        model.predict_one(x)
        model.learn_one(x, float(t % 5))
    learned = model["LinearRegression"].weights
    assert {"a", *Surprise.FEATURES} == set(learned)
    assert all(learned[name] != 0.0 for name in Surprise.FEATURES)


# ---- river's, as ours ----------------------------------------------------------------------------


def sunspots() -> np.ndarray:
    path = ROOT / "data" / "sunspots.csv"
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=1)


def water(rows: int) -> np.ndarray:
    lines = (ROOT / "data" / "water_flow.csv").read_text().splitlines()[1 : rows + 1]
    return np.array([float(line.split(",")[1] or "nan") for line in lines])


@pytest.mark.parametrize("horizons", [(1, 3), (1,), (3,)])
def test_a_forecaster_of_river_says_what_it_says(horizons: tuple[int, ...]) -> None:
    ys = sunspots()[:120]
    guest = Guest(time_series.HoltWinters(alpha=0.3, beta=0.1), horizons=horizons)
    model = time_series.HoltWinters(alpha=0.3, beta=0.1)
    compared = 0
    for t, y in enumerate(ys):
        guest.learn(y)
        model.learn_one(y)
        if t < 3:
            continue
        near, _, far = model.forecast(3)
        low, high = ys[: t + 1].min(), ys[: t + 1].max()
        edges = low - 0.25 * (high - low), high + 0.25 * (high - low)
        for h in horizons:
            expected = np.clip(near if h == 1 else far, *edges)
            assert guest.predict(horizon=h).mean == pytest.approx(expected, abs=1e-9)
        compared += edges[0] <= near <= edges[1]
    assert compared > 100


@pytest.mark.parametrize("horizons", [(1,), (2,)])
def test_a_forecaster_that_misses_a_value_keeps_in_step(horizons: tuple[int, ...]) -> None:
    guest = Guest(time_series.HoltWinters(0.3, 0.1, 0.6, seasonality=4), horizons=horizons)
    pattern = [10.0, 20.0, 40.0, 20.0]
    for t in range(101):
        guest.learn(math.nan if t in (60, 75, 76) else pattern[t % 4])
    assert guest.predict().mean == pytest.approx(pattern[(100 + horizons[0]) % 4], abs=2.0)


def test_a_regressor_of_river_says_what_it_says_of_its_context() -> None:
    make = preprocessing.StandardScaler() | linear_model.BayesianLinearRegression()
    guest, model, inside, past = Guest(make), copy.deepcopy(make), 0, []
    for x, y in TRUMP:
        said = guest.predict(x).mean
        if len(past) > 3 and min(past) <= model.predict_one(x) <= max(past):
            inside += 1
            assert said == model.predict_one(x)
        past.append(y)
        guest.learn(y, x)
        model.learn_one(x, y)
    assert inside > 150
    assert len(list(prequential([(t, x, y) for t, (x, y) in enumerate(TRUMP)], Guest(make)))) > 290


def test_lags_are_differences_in_units() -> None:
    class Noting(base.Regressor):
        def __init__(self) -> None:
            self.told: list[Any] = []

        def learn_one(self, x: Any, y: Any) -> None:
            self.told.append((x, y))

        def predict_one(self, x: Any) -> float:
            return 0.0

    guest = Guest(Noting(), lags=2, horizons=(1, 2))
    for y in (1.0, 3.0, 2.0, 6.0, 5.0):
        guest.learn(y)
    # the unit is the running mean |difference|: 2, then 1.5, then 7/3
    one, two = (model.told for model in guest.models)
    assert one == [
        ({"d1": 1.0}, -0.5),
        ({"d1": -1 / 1.5, "d2": 2 / 1.5}, 4 / 1.5),
        (pytest.approx({"d1": 12 / 7, "d2": -3 / 7}), pytest.approx(-3 / 7)),
    ]
    assert two == [({"d1": 1.0}, 1.5), ({"d1": -1 / 1.5, "d2": 2 / 1.5}, 3 / 1.5)]


BROKEN_BY = {  # a plain linear regression of river is no match for the last value among spikes
    "linear": {"the last value is near"},
    "winters": set(),
    "blend": set(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN_BY)
def test_guests_and_blends_keep_the_laws(name: str) -> None:
    make = {
        "linear": lambda: Guest(linear_model.LinearRegression(), lags=6),
        "winters": lambda: Guest(time_series.HoltWinters(alpha=0.3)),
        "blend": lambda: Blended(
            {
                "ours": LightForecaster(),
                "linear": Guest(linear_model.LinearRegression(), lags=6),
            }
        ),
    }[name]
    broken = {law for law, _, why in judged(make) if why}
    assert broken == BROKEN_BY[name]


class Moody(base.Regressor):
    """Says 1 more than the last value, but each third time something unusable."""

    def __init__(self, says: str = "nan") -> None:
        self.says = says
        self.asked = 0

    def learn_one(self, x: Any, y: Any) -> None:
        if self.says == "raise":
            raise RuntimeError("no")

    def predict_one(self, x: Any) -> Any:
        self.asked += 1
        if self.asked % 3:
            return 1.0
        if self.says == "raise":
            return 1 // 0
        return {"nan": math.nan, "inf": -math.inf, "none": None, "text": "x", "huge": 10**400}[
            self.says
        ]


@pytest.mark.parametrize("says", ["nan", "inf", "none", "text", "huge", "raise"])
def test_who_fails_is_out_for_that_point_and_counted(says: str) -> None:
    guest = Guest(Moody(says))
    for t in range(30):
        guest.learn(float(t % 4))
        known = math.isfinite(guest.predict().mean)
        assert known == bool(guest.models[0].asked % 3)
    assert guest.out == guest.models[0].asked // 3 > 15
    assert guest.unlearned == (30 if says == "raise" else 0)
    assert (guest.fault in ("", "RuntimeError: no")) and (guest.fault != "") == (says == "raise")
    blend = Blended({"ours": LightForecaster(), "moody": Guest(Moody(says))})
    alone = Blended({"ours": LightForecaster()})
    for t in range(30):
        y = float(t % 4)
        blend.learn(y)
        alone.learn(y)
        if t > 1 and blend.members["moody"].models[0].asked % 3 == 0:  # type: ignore[attr-defined]
            assert blend.predict().mean == alone.predict().mean  # ours is all that is heard


def test_what_diverges_stays_within_the_recent_range() -> None:
    wild = time_series.SNARIMAX(
        p=12, d=0, q=0, regressor=linear_model.LinearRegression(optimizer=optim.SGD(1.0))
    )
    ys = water(200)
    answers = run(guest := Guest(wild), ys)
    assert np.isfinite(answers.mean).all()
    low, high = np.nanmin(ys), np.nanmax(ys)
    assert (answers.mean >= low - 0.25 * (high - low)).all()
    assert (answers.mean <= high + 0.25 * (high - low)).all()
    assert guest.clipped > 150
    for y in ys[:14]:
        wild.learn_one(y)  # the one that was given is as it came
    assert max(abs(y) for y in wild.forecast(3)) > 1e6


def five(season: int) -> dict[str, Guest]:
    """Models of river; the last of them diverges."""
    scaled = preprocessing.StandardScaler() | linear_model.LinearRegression()
    wild = linear_model.LinearRegression(optimizer=optim.SGD(1.0))
    return {
        "winters": Guest(time_series.HoltWinters(0.3, 0.1, 0.6, seasonality=season)),
        "snarimax": Guest(time_series.SNARIMAX(p=12, d=1, q=0, regressor=scaled)),
        "neighbours": Guest(neighbors.KNNRegressor(n_neighbors=10), lags=6),
        "tree": Guest(tree.HoeffdingTreeRegressor(), lags=6),
        "wild": Guest(time_series.SNARIMAX(p=12, d=0, q=0, regressor=wild)),
    }


class Replayed(Learner):
    """A learner whose forecasts are those that another one said in a run."""

    def __init__(self, answers: Answers, ys: np.ndarray) -> None:
        self.horizons = (1,)
        self.said = dict(zip(answers.issued.tolist(), answers.quantiles, strict=True))
        self.means = dict(zip(answers.issued.tolist(), answers.mean.tolist(), strict=True))
        self.row = -1

    @property
    def rate(self) -> float:
        return 0.5

    def predict(self, x: Any = None, horizon: int | None = None) -> Any:
        if self.row not in self.said:
            return NumberForecaster().predict()
        return Quantiles(self.said[self.row], mean=self.means[self.row], cell=0.01)

    def learn(self, y: Any, x: Any = None) -> None:
        self.row += 1


STREAMS = {"sunspots": (sunspots, 11), "water": (lambda: water(300), 24)}


@pytest.mark.parametrize("name", STREAMS)
def test_a_blend_of_five_models_of_river_with_ours_is_harmed_by_none(name: str) -> None:
    read, season = STREAMS[name]
    ys = read()
    guests = {"ours": NumberForecaster(), **five(season)}
    alone = {member: run(learner, ys) for member, learner in guests.items()}
    ours = score(alone["ours"])
    assert score(alone["wild"]) > 5.0 * ours
    blend = Blended({member: Replayed(answers, ys) for member, answers in alone.items()})
    all_six = score(run(blend, ys))
    assert all_six < 1.02 * min(map(score, alone.values()))
    assert blend.weights()["wild"] < 0.01
    for member in set(alone) - {"ours"}:
        left = {other: Replayed(answers, ys) for other, answers in alone.items() if other != member}
        assert all_six < 1.02 * score(run(Blended(left), ys)), member
        pair = {"ours": Replayed(alone["ours"], ys), member: Replayed(alone[member], ys)}
        assert score(run(Blended(pair), ys)) < 1.02 * ours, member


def score(answers: Answers) -> float:
    """Mean CRPS after the first fifty points."""
    return float(answers.crps[answers.row >= 50].mean())


# ---- classifiers of river, as learners of labels -------------------------------------------------

PHISHING = [(t, x, bool(y)) for t, (x, y) in enumerate(datasets.Phishing().take(250))]


class Unsure(base.Classifier):
    """Says labels only, and of some rows nothing."""

    def learn_one(self, x: Any, y: Any) -> None:
        raise RuntimeError("no")

    def predict_one(self, x: Any, **more: Any) -> Any:
        return None if x["popup_window"] == 0.5 else x["empty_server_form_handler"] == 0.0


def log_loss(learner: Learner) -> float:
    return float(np.mean([step.surprise for step in prequential(PHISHING, learner)]))


def test_a_blend_of_classifiers_is_bounded_by_the_best() -> None:
    models: dict[str, base.Classifier] = {
        "ours": Classifier(bits=12),
        "linear": preprocessing.StandardScaler() | linear_model.LogisticRegression(),
        "bayes": naive_bayes.GaussianNB(),
        "unsure": Unsure(),
    }
    alone = {name: log_loss(LabelGuest(model)) for name, model in models.items()}
    blend = BlendedLabels({name: LabelGuest(model) for name, model in models.items()})
    n = len(PHISHING) - 1
    assert log_loss(blend) <= min(alone.values()) + math.log(8 * len(models)) / n
    unsure: Any = blend.members["unsure"]
    assert unsure.unlearned == len(PHISHING)
    assert unsure.out > 30
    assert unsure.fault == "KeyError: 'popup_window'"  # asked without a context, for what may come
    assert math.isfinite(alone["unsure"])
    # what a label alone is worth is found in how often it was right
    assert alone["unsure"] < math.log(2.0)


def test_a_classifier_that_is_too_sure_is_believed_as_far_as_it_deserves() -> None:
    class Sure(base.Classifier):
        def learn_one(self, x: Any, y: Any) -> None: ...

        def predict_proba_one(self, x: Any, **more: Any) -> dict[bool, float]:
            return {True: 1.0, False: 0.0}

    guest, rng = LabelGuest(Sure()), np.random.default_rng(6)
    for y in rng.uniform(size=2000) < 0.7:
        guest.learn(bool(y), {})
    assert guest.predict({}).p(True) == pytest.approx(0.7, abs=0.03)
    with pytest.raises(ValueError, match="'maybe' is none of the labels"):
        guest.learn("maybe", {})
