"""A run from Python is that of the command, and tells what it has written."""

import gc
import json

import numpy as np
import pandas as pd
import pytest

from forecast import NumberForecaster, Report, evaluate, run
from forecast.cli import main
from forecast.distribution.t4 import LEVELS
from forecast.report.plots import FIGURES
from forecast.stream import StreamError

pytestmark = pytest.mark.usefixtures("undrawn")


def sales(n=200):
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=n, name="day")
    week = np.array([5.0, 3.0, 4.0, 6.0, 8.0, 12.0, 9.0])[np.arange(n) % 7]
    return pd.DataFrame({"sold": week + rng.normal(size=n), "visitors": rng.normal(size=n)}, days)


@pytest.fixture(scope="module")
def report():
    return evaluate(sales(), "sold", horizon=(1, 7))


def test_it_is_the_run_of_the_command(tmp_path, capsys):
    sales().to_csv(tmp_path / "sales.csv")
    words = ["run", str(tmp_path / "sales.csv"), "--target", "sold", "--context", "visitors"]
    assert main([*words, "--horizon", "1,7", "--out", str(tmp_path / "command")]) == 0
    capsys.readouterr()
    how = {"target": "sold", "context": "visitors", "horizon": (1, 7)}
    for data in (sales(), tmp_path / "sales.csv"):
        report = evaluate(data, **how)
        for name in ("predictions.csv", "forecast.csv"):
            written = (tmp_path / "command" / name).read_bytes()
            assert (report.out / name).read_bytes() == written
    assert capsys.readouterr() == ("", "")


def test_scores_are_those_of_the_answers(report):
    answers = run(NumberForecaster((1, 7), step="1 d"), sales()["sold"].to_numpy())
    for horizon in (1, 7):
        kept = answers.horizon == horizon
        error = np.abs(answers.y - answers.quantiles[:, LEVELS.index(0.5)])[kept]
        entry = report.scores.loc[("sold", horizon)]
        assert entry["n"] == kept.sum()
        assert entry["mae"] == pytest.approx(error.mean(), rel=1e-12)
        assert entry["surprise"] == pytest.approx(np.nanmean(answers.surprise[kept]), rel=1e-12)
    assert len(report.predictions) == len(answers.row)
    np.testing.assert_allclose(report.predictions["mean"], answers.mean, rtol=1e-8)
    assert list(report.forecast["time"]) == ["2024-07-19", "2024-07-25"]
    assert report.record == json.loads((report.out / "scores.json").read_text())


@pytest.mark.parametrize("kind", [*FIGURES, "confusion"])
def test_every_figure_can_be_drawn(report, kind):
    axes = report.plot(kind)
    assert axes and all(ax.has_data() for ax in axes)
    assert any(ax.get_xlabel() or ax.get_ylabel() for ax in axes)


def test_a_figure_shows_what_was_asked_for(report):
    (one,) = report.plot("forecast", horizon=7)
    assert "7 steps ahead" in one.get_title(loc="left")
    median = max(one.lines, key=lambda line: len(line.get_ydata()))
    assert len(median.get_ydata()) >= 190


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda r: r.plot("pie"), "'pie' cannot be drawn.*next, forecast"),
        (
            lambda r: r.plot("pit", horizon=3),
            "nothing was kept of None at horizon 3: say sold at 1",
        ),
        (lambda r: r.plot("pit", series="cost"), "nothing was kept of 'cost'"),
    ],
)
def test_what_cannot_be_drawn_is_said(report, act, said):
    with pytest.raises(ValueError, match=said):
        act(report)


def test_a_notebook_shows_the_verdict_and_obeys_no_name(tmp_path):
    frame = sales(60)[["sold"]].rename(columns={"sold": "<script>alert(1)</script>"})
    report = evaluate(frame)
    shown = report._repr_html_()
    assert report.verdict.split(".")[0].split()[0] in shown
    assert "<table" in shown and "<script" not in shown
    report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == (report.out / "report.html").read_bytes()


def test_the_folder_goes_with_the_report_unless_it_was_named(tmp_path):
    report = evaluate(sales(40), "sold")
    folder = report.out
    assert folder.exists()
    del report
    gc.collect()
    assert not folder.exists()
    evaluate(sales(40), "sold", out=tmp_path / "kept")
    assert (tmp_path / "kept" / "report.html").exists()
    with pytest.raises(FileExistsError, match="force=True"):
        evaluate(sales(40), "sold", out=tmp_path / "kept")


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(50),
        pd.period_range("2020-01", periods=50, freq="M"),
        pd.date_range("2020-01-01", periods=50, freq="h", tz="Europe/Berlin"),
        pd.Index(np.arange(50) * 0.5, name="seconds"),
    ],
    ids=["rows", "months", "hours of Berlin", "numbers"],
)
def test_an_index_of_times_is_the_time(index):
    series = pd.Series(np.arange(50.0) % 5, index)
    report = evaluate(series)
    assert report.series == ("y",) and report.record["rows"] == 50
    first = str(report.predictions["time"].iloc[0])
    assert first.startswith(str(index[1])[:7]) or float(first) == float(index[1])
    aligned = report.aligned()
    assert aligned.index.equals(index) and len(aligned) == 50
    assert list(aligned["y"].iloc[1:]) == list(series.iloc[1:]) and np.isnan(aligned["y"].iloc[0])
    assert list(aligned["median"].iloc[1:]) == list(report.predictions["median"])


def test_forecasts_lie_on_the_index_that_was_given():
    """Whatever is missing, out of the grid or asked of several series far ahead."""
    frame = sales().drop(sales().index[[60, 61, 130]])
    frame.loc[frame.index[20], "sold"] = np.nan
    report = evaluate(frame, ["sold", "visitors"], horizon=(1, 7))
    for series, horizon in [("sold", 1), ("visitors", 7)]:
        aligned = report.aligned(series, horizon)
        assert aligned.index.equals(frame.index)
        said = aligned["median"].notna()
        assert list(np.flatnonzero(~said)) == [*range(horizon), *[20] * (series == "sold")]
        pd.testing.assert_series_equal(
            aligned["y"][said], frame[series][said], check_names=False, rtol=1e-8
        )
        errors = (aligned["y"] - aligned["median"]).abs()
        assert errors.mean() == pytest.approx(report.scores.loc[(series, horizon), "mae"], rel=1e-7)
    assert list(report.aligned().columns) == list(report.aligned("sold", 1).columns)
    with pytest.raises(
        ValueError, match="nothing was asked of 'cost' at horizon 1: series are sold"
    ):
        report.aligned("cost")
    with pytest.raises(ValueError, match=r"at horizon 3: .*horizons 1, 7"):
        report.aligned(horizon=3)


def test_a_file_has_no_index_to_align_with(tmp_path):
    sales(40).to_csv(tmp_path / "sales.csv")
    report = evaluate(tmp_path / "sales.csv", "sold")
    with pytest.raises(ValueError, match="where a table of pandas was given"):
        report.aligned()


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"horizons": 3}, TypeError, "no option horizons"),
        ({"horizon": (3, 1)}, ValueError, "rising"),
        ({"step": "soon"}, ValueError, "not a step"),
        ({}, StreamError, "2 columns of numbers"),
        ({"target": "cost"}, StreamError, "not a column"),
    ],
)
def test_wrong_options_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        evaluate(sales(20), **how)
    with pytest.raises(TypeError, match="expected a path or a table; got list"):
        evaluate([1.0, 2.0])


# ---- words and labels ----------------------------------------------------------------------------

TEXT = b"The cat sat on the mat, the cat sat.\n" * 30 + b" NA nan =1+1 <b>null"
MAIL = b"".join(
    b"%s\t%s %d\n" % ((b"spam", b"Win a prize now", k) if k % 3 else (b"ham", b"See you at 5", k))
    for k in range(90)
)
SYMBOLS = {"words": TEXT, "labels": MAIL}


@pytest.fixture(scope="module", params=SYMBOLS)
def symbols(request, tmp_path_factory):
    """A text or messages in a file, and their report."""
    path = tmp_path_factory.mktemp(request.param) / "file"
    path.write_bytes(SYMBOLS[request.param])
    return path, evaluate(path, kind=request.param)


def test_words_and_labels_are_the_run_of_the_command(symbols, tmp_path, capsys):
    path, report = symbols
    assert main(["run", str(path), "--kind", report.kind, "--out", str(tmp_path), "--force"]) == 0
    assert report.verdict == capsys.readouterr().out.splitlines()[0]
    for name in ("predictions.csv", "forecast.csv"):
        assert (report.out / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_tables_of_words_and_labels(symbols):
    _, report = symbols
    (entry,) = report.record["scores"]
    scores = report.scores.loc[(entry["series"], 1)]
    assert scores["n"] == entry["n"] and scores["surprise"] == entry["surprise"]
    assert "window" not in report.scores
    rows = report.predictions
    assert len(rows) == entry["n"] and rows["surprise"].mean() == pytest.approx(entry["surprise"])
    assert (np.exp(-rows["surprise"]) - rows["p"]).abs().max() < 1e-6
    if report.kind == "words":  # what looks like a missing number is a word
        assert {" NA", " nan", "null"} <= set(rows["y"]) and rows["y"].notna().all()
        assert rows["time"].iloc[-1] == len(TEXT) - len("null")
    else:
        assert set(rows["y"]) == {"ham", "spam"} == set(report.forecast["y"])
    assert 0.0 < report.forecast["p"].sum() < 1.0 + 1e-9
    assert report.verdict.split(".")[0] in report._repr_html_() and "<table" in report._repr_html_()


@pytest.mark.parametrize("kind", ["loss", "reliability", "confusion"])
def test_every_figure_of_words_and_labels_can_be_drawn(symbols, kind):
    _, report = symbols
    axes = report.plot(kind, series=report.record["series"][0], horizon=1)
    assert axes and all(ax.has_data() for ax in axes)
    with pytest.raises(ValueError, match="loss, reliability, confusion"):
        report.plot("pit")
    with pytest.raises(ValueError, match=r"say (word|label) at 1"):
        report.plot(kind, horizon=2)


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"kind": "letters"}, ValueError, "say one of numbers, words, bytes, labels"),
        (
            {"data": "a.txt", "kind": "words", "season": 7},
            ValueError,
            "--season can only be said of numbers",
        ),
        ({"data": "a.txt", "kind": "words", "horizon": 2}, ValueError, "forecast one ahead"),
        ({"labels": ("a", "b")}, ValueError, "--labels can only be said of labels"),
        ({"kind": "labels"}, TypeError, "labels are read from a file"),
    ],
)
def test_wrong_options_of_words_and_labels_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        evaluate(**{"data": sales(20), **how})


def test_what_is_refused_of_a_table_names_no_file_that_is_gone(tmp_path):
    """Before, a path was named that had been removed by then."""
    twice = sales(20).reset_index().loc[[0, 1, 1, 2]]
    with pytest.raises(StreamError) as refused:
        evaluate(twice, "sold", time=str(twice.columns[0]))
    assert str(refused.value).startswith("the table, as a CSV with a header, line 4, column ")
    assert refused.value.source == "the table, as a CSV with a header"
    twice.to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(StreamError) as refused:
        evaluate(tmp_path / "twice.csv", "sold")
    assert str(refused.value).startswith(f"{tmp_path / 'twice.csv'}, line 4, column ")


def test_a_report_is_shown_by_what_it_says(tmp_path):
    report = evaluate(sales(40), "sold", out=tmp_path / "out")
    assert repr(report) == f"<Report in {tmp_path / 'out'}: {report.verdict}>"
    with Report(tmp_path / "new", ["y"], [1], season=0) as begun:
        assert repr(begun) == f"<Report in {tmp_path / 'new'}: not finished>"
