"""What a run leaves behind: scores against references, files by the contract, a safe page."""

import base64
import csv
import hashlib
import itertools
import json
import math
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.distribution.t4 import LEVELS
from forecast.prequential import Answers
from forecast.report import Report, table, verdict
from forecast.report import predictions as written
from forecast.report.predictions import COLUMNS, NEXT_COLUMNS, cell, chosen
from forecast.report.scores import Scores
from forecast.report.traces import BINS, Traces

CONTRACT = [
    *("n", "mae", "rmse", "mase", "surprise", "crps", "pinball"),
    *("coverage50", "coverage80", "coverage90", "coverage95", "worst500_coverage90"),
    *("width90", "winkler90", "bias", "skill_last", "skill_seasonal"),
]
LEVEL = np.array(LEVELS)


def made(
    rows: int = 1500, series: int = 2, horizons: Sequence[int] = (1, 12), season: int = 12
) -> Answers:
    """Answers about a seasonal walk with a shift, with intervals that are a little too narrow."""
    rng = np.random.default_rng(3)
    t = np.arange(rows)
    walk = np.cumsum(rng.normal(size=(series, rows)), axis=1) + 5.0 * (t > 0.6 * rows)
    truth = 100.0 + 3.0 * np.sin(2.0 * np.pi * t / season) + walk
    truth[:, rows // 3] -= 40.0
    blocks = [asked(truth, s, h, season, rng) for s in range(series) for h in horizons]
    columns = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return Answers(*(column[order] for column in columns))


def asked(y: np.ndarray, s: int, h: int, season: int, rng: np.random.Generator) -> list[Any]:
    rows = y.shape[1]
    issued = np.arange(rows - h)
    row, n = issued + h, rows - h
    centre = y[s, issued] + rng.normal(size=n) * 0.3
    quantiles = centre[:, None] + math.sqrt(h) * np.quantile(rng.standard_t(4, 4000), LEVEL)
    surprise = rng.gumbel(size=n)
    surprise[:3] = np.nan
    before = row - season * -(-h // season)
    seasonal = np.where(before >= 0, y[s, np.maximum(before, 0)], np.nan)
    expected = np.full(n, np.nan if s else 1.5)
    columns = [row, np.full(n, s), np.full(n, h), issued, y[s, row], centre + 0.1, surprise]
    columns += [expected, rng.exponential(size=n), rng.uniform(size=n)]
    running = (np.cumsum(y[s]) / np.arange(1, rows + 1))[issued]
    return [*columns, rng.uniform(0.001, 1.0, n), y[s, issued], seasonal, running, quantiles]


def part(answers: Answers, which: Any) -> Answers:
    return Answers(*(column[which] for column in answers))


def cells(answers: Answers, horizons: Sequence[int]) -> np.ndarray:
    return answers.series * len(horizons) + np.searchsorted(horizons, answers.horizon)


def time(row: int) -> str:
    return f"2001-01-{row}"


def scored(
    answers: Answers, cuts: Sequence[int] = (), season: int = 12, horizons: Sequence[int] = (1, 12)
) -> list[dict[str, Any]]:
    scores = Scores(("a", "b"), horizons, season)
    edges = [0, *cuts, len(answers.row)]
    for start, stop in itertools.pairwise(edges):
        block = part(answers, slice(start, stop))
        scores.add(block, cells(block, horizons), time)
    return scores.entries()


def run(out: Path, names: Sequence[str] = ("a", "b"), **how: Any) -> dict[str, Any]:
    facts = how.pop("facts", {"source": "data/walk.csv", "rows": 1500, "seconds": 2.0})
    answers = made(series=len(names), horizons=how.get("horizons", (1, 12)))
    options = {"horizons": (1, 12), "season": 12} | how
    with Report(out, names, **options) as report:
        for start in range(0, len(answers.row), 700):
            report.add(part(answers, slice(start, start + 700)), time)
        q = list(100.0 + 3.0 * (LEVEL - 0.5))
        coming = [(time(1500 + h), s, h, 100.1, q) for s in names for h in options["horizons"]]
        return report.finish(coming, facts)


@pytest.fixture(scope="module")
def answers() -> Answers:
    return made()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("run")
    return out, run(out)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the figures, which are most of a report's time."""
    monkeypatch.setattr("forecast.report.plots.drawings", lambda shown: [])


# scores


@pytest.mark.parametrize(("series", "horizon"), [(0, 1), (0, 12), (1, 1), (1, 12)])
def test_scores_are_the_textbook_formulas(answers: Answers, series: int, horizon: int) -> None:
    import scoringrules

    entry = scored(answers)[2 * series + (horizon > 1)]
    own = part(answers, (answers.series == series) & (answers.horizon == horizon))
    y, q, median = own.y, own.quantiles, own.quantiles[:, 10]
    low, high = q[:, LEVELS.index(0.05)], q[:, LEVELS.index(0.95)]
    hits = (y >= low) & (y <= high)
    known = ~np.isnan(own.seasonal)
    seasonal_mae = np.abs(y - own.seasonal)[known].mean()
    levels = {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95), 95: (0.025, 0.975)}
    wanted = {
        "n": len(y),
        "mae": np.abs(y - median).mean(),
        "rmse": np.sqrt(((y - own.mean) ** 2).mean()),
        "mase": np.abs(y - median)[known].mean() / seasonal_mae,
        "surprise": np.nanmean(own.surprise),
        "crps": own.crps.mean(),
        "pinball": np.mean(
            [scoringrules.quantile_score(y, q[:, i], p).mean() for i, p in enumerate(LEVELS)]
        ),
        **{
            f"coverage{c}": ((y >= q[:, LEVELS.index(a)]) & (y <= q[:, LEVELS.index(b)])).mean()
            for c, (a, b) in levels.items()
        },
        "worst500_coverage90": min(hits[i : i + 500].mean() for i in range(len(y) - 499)),
        "width90": (high - low).mean(),
        "winkler90": scoringrules.interval_score(y, low, high, 0.1).mean(),
        "bias": (own.mean - y).mean(),
        "skill_last": 1.0 - np.abs(y - median).mean() / np.abs(y - own.last).mean(),
        "skill_seasonal": 1.0 - np.abs(y - median)[known].mean() / seasonal_mae,
    }
    assert list(entry)[2 : 2 + len(CONTRACT)] == CONTRACT == list(wanted)
    for name, value in wanted.items():
        assert entry[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name
    # twice the mean pinball loss is the CRPS that quantiles alone can give
    crps = scoringrules.crps_quantile(y, q, LEVEL, m_axis=-1).mean()
    assert 2.0 * entry["pinball"] == pytest.approx(crps, rel=1e-12)
    assert entry["n_surprise"] == len(y) - 3
    assert entry["n_seasonal"] == known.sum()


@pytest.mark.parametrize("seed", range(5))
def test_scores_do_not_depend_on_the_blocks(answers: Answers, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, len(answers.row), 40)).tolist()
    for one, many in zip(scored(answers), scored(answers, cuts), strict=True):
        for name in CONTRACT:
            assert many[name] == pytest.approx(one[name], rel=1e-12, abs=1e-13), name


def test_sums_keep_the_digits_that_a_plain_sum_loses() -> None:
    one = part(made(400, 1, (1,)), np.zeros(1, int))
    scores = Scores(("a",), (1,), 0)
    first, rest = np.zeros(1, np.int64), 100_000
    scores.means.sums.add("crps", first, np.array([1e16]))
    for _ in range(rest):
        scores.means.sums.add("crps", first, one.y * 0.0 + 1.0)
    scores.means.sums.add("crps", first, np.array([-1e16]))
    assert scores.means.sums.mean("crps", 0) * (rest + 2) == pytest.approx(rest, rel=1e-12)


def test_what_is_undefined_is_null_with_a_reason() -> None:
    answers = made(60)
    silent = answers._replace(seasonal=answers.y * np.nan, surprise=answers.y * np.nan)
    entry = scored(part(silent, answers.series == 0))[0]
    empty = scored(part(silent, answers.series == 0))[2]
    for name in ("surprise", "skill_seasonal", "mase", "worst500_coverage90"):
        assert entry[name] is None and len(entry["reason"][name]) > 10, name
    assert entry["skill_last"] is not None
    assert empty["n"] == 0 and all(empty[name] is None for name in CONTRACT[1:])
    assert set(empty["reason"]) >= set(CONTRACT[1:])
    # without a season the same season's last value is the last value
    plain = scored(answers, season=0)[0]
    assert plain["mase"] == pytest.approx(1.0 - plain["skill_last"])


def test_a_rival_that_is_never_wrong_gives_no_skill() -> None:
    answers = made(600)
    entry = scored(answers._replace(last=answers.y))[0]
    assert entry["skill_last"] is None and entry["mae_last"] == 0.0
    huge = answers._replace(mean=answers.mean * 1e200)
    assert scored(huge)[0]["rmse"] is None


# words


def entry_of(**values: Any) -> dict[str, Any]:
    usual = {"series": "a", "horizon": 1, "n": 2224, "mae": 0.35, "mae_last": 0.49}
    usual |= {"skill_last": 0.29, "skill_seasonal": 0.4, "coverage90": 0.901}
    return {**usual, "mae_seasonal": 0.6, "worst500_coverage90": 0.86, **values}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "29 % closer than the last value at horizon 1 (MAE 0.35 vs 0.49, 2,224 points)"),
        ({}, "The 90 % intervals held: they covered 90.1 %, worst 500 points 86 %."),
        ({"skill_last": -0.07}, "7 % further off than the last value"),
        ({"skill_last": 0.001}, "no closer than the last value"),
        ({"skill_seasonal": -0.2}, "were 20 % further off than the same season's last value at"),
        ({"coverage90": 0.91}, "The 90 % intervals held: they covered 91.0 %"),
        ({"coverage90": 0.71}, "The 90 % intervals were too narrow: they covered 71.0 %"),
        ({"coverage90": 0.99}, "The 90 % intervals were too wide: they covered 99.0 %"),
        ({"n": 12, "worst500_coverage90": None}, "fewer than 50 points prove little"),
        ({"skill_last": None}, "40 % closer than the same season's last value"),
        (
            {"skill_last": None, "skill_seasonal": None},
            "As for errors, no naive forecaster was a rival at horizon 1 (MAE 0.35, 2,224 points)",
        ),
    ],
)
def test_the_verdict_says_what_happened(values: dict[str, Any], words: str) -> None:
    assert words in verdict([entry_of(**values)])


def test_the_verdict_on_many_and_on_none() -> None:
    many = [entry_of(horizon=h, skill_last=0.3 - 0.1 * h) for h in range(1, 6)]
    assert "at 2 of 5 horizons" in verdict(many)
    assert "the worst was horizon 5 (20 % further off, the last value)" in verdict(many)
    several = [entry_of(series=s) for s in "abc"]
    assert "in 3 of 3 cases (series × horizons)" in verdict(several)
    assert "nothing can be said" in verdict([entry_of(n=0)])
    assert "nothing can be said" in verdict([])


def test_the_table_has_a_row_for_each_entry() -> None:
    header, row = table([entry_of(skill_last=-0.071)])
    assert len(header) == len(row) == 10
    assert row[:6] == ["a", "1", "2,224", "0.3500", "0.4900", "-7.1 %"]


# files


def test_files_and_columns_are_those_of_the_contract(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    tmp_path, record = finished
    quantiles = [f"q{f'{p:.3f}'[2:].removesuffix('0')}" for p in LEVELS]
    assert quantiles[:4] == ["q025", "q05", "q10", "q15"] and quantiles[-1] == "q975"
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = ["time", "series", "horizon", "issued", "y", "mean", "median"]
    assert list(rows[0]) == [*first, *quantiles, "surprise", "rate"] == list(COLUMNS)
    answers = made()
    assert len(rows) == len(answers.row) == record["predictions"]["written"]
    for i in (0, 1, 777, len(rows) - 1):
        assert rows[i]["time"] == time(answers.row[i])
        assert rows[i]["series"] == "ab"[answers.series[i]]
        assert int(rows[i]["issued"]) == answers.issued[i]
        assert rows[i]["y"] == f"{answers.y[i]:.9g}"
        assert float(rows[i]["q25"]) == pytest.approx(answers.quantiles[i, 5], rel=1e-8)
    assert rows[0]["surprise"] == ""  # no scale was known
    with (tmp_path / "forecast.csv").open(newline="") as file:
        coming = list(csv.DictReader(file))
    assert list(coming[0]) == ["time", "series", "horizon", "mean", "median", *quantiles]
    assert list(coming[0]) == list(NEXT_COLUMNS)
    assert [(row["series"], row["horizon"]) for row in coming][:3] == [
        ("a", "1"),
        ("a", "12"),
        ("b", "1"),
    ]
    figures = {path.stem for path in (tmp_path / "figures").iterdir()}
    calibration = {"coverage", "sharpness", "pit", "reliability"}
    assert figures == {"next", "forecast", *calibration, "confusion1", "confusion2"}
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in (tmp_path / "figures").iterdir())
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.usefixtures("undrawn")
def test_scores_json_is_strict_and_is_what_finish_returns(tmp_path: Path) -> None:
    odd = {"source": "x", "rows": np.int64(1500), "seconds": 0.5, "loss": math.nan, "to": tmp_path}
    record = run(tmp_path, facts=odd)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    stored = json.loads((tmp_path / "scores.json").read_text(), parse_constant=refuse)
    assert stored == record
    assert stored["format"] == 1 and stored["loss"] is None
    assert stored["points_per_second"] == 3000.0
    assert [entry["series"] for entry in stored["scores"]] == ["a", "a", "b", "b"]
    assert stored["scores"] == scored(made(), range(700, 5900, 700))


@pytest.mark.usefixtures("undrawn")
def test_another_run_is_refused_without_force(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    run(out)
    with pytest.raises(FileExistsError, match=r"holds another run already .* --force"):
        run(out)
    run(out, force=True, predictions="none")
    assert not (out / "predictions.csv").exists()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file"):
        run(tmp_path / "file")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    run(tmp_path / "notes")


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Report(tmp_path, ("a",), (1,), 0) as report:
        report.add(made(50, 1, (1,)), time)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_thinning_is_bounded_even_and_independent_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = np.arange(8_000_000)
    kept = chosen(answer, answer // 21)
    assert kept[:200_000].all()
    assert 394_000 < kept.sum() < 396_000  # 400,000 less 200,000 * 200,000 / 8,000,000
    rows = np.unique(answer[kept & (answer > 1_000_000)] // 21)
    hours = np.bincount(rows % 24, minlength=24)  # in step with no season
    assert hours.min() > 0.8 * hours.mean()
    monkeypatch.setattr(written, "WHOLE", 1000)
    run(tmp_path / "thin")
    lines = (tmp_path / "thin" / "predictions.csv").read_text().splitlines()[1:]
    assert 1000 < len(lines) < 2000
    run(tmp_path / "all", predictions="all")
    whole = (tmp_path / "all" / "predictions.csv").read_text().splitlines()[1:]
    assert lines[:1000] == whole[:1000] and set(lines) <= set(whole)


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_is_a_formula_to_a_spreadsheet(name: str) -> None:
    (text,) = next(csv.reader([cell(name)], strict=True)) if "\r" not in name else ("'" + name,)
    assert text == "'" + name
    assert cell(name).lstrip('"').startswith("'")


@pytest.mark.parametrize("number", ["-5", "+1.5", "-1e-5", "1871", "2001-01-01T00:00:00+01:00"])
def test_numbers_and_times_stay_as_they_are(number: str) -> None:
    assert cell(number) == number


# the page


class Page(HTMLParser):
    """Collects what a browser would obey."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "path", "use", "rect", "image"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "$\\frac{1}{2}$ & 'x' \x00\u202e",
    "../../etc/passwd",
    "javascript:alert(1)",
    "温度",
]


def test_the_page_obeys_no_name(tmp_path: Path) -> None:
    facts = {"source": "<script>x</script>", "options": {"<b>": HOSTILE}, "rows": 1500}
    run(tmp_path, names=HOSTILE, facts=facts)
    text = (tmp_path / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert not {"img", "iframe", "object", "link", "b>"} & set(page.tags)
    assert page.tags.count("script") == 1  # the one that sorts
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        *("forecast.csv", "predictions.csv", "scores.json", "report.html", "figures")
    }
    assert page.tags.count("svg") == page.tags.count("figure") == 9  # the heat-map among them


def test_the_page_stands_alone(finished: tuple[Path, dict[str, Any]]) -> None:
    text = (finished[0] / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert not re.search(r"https?://|//cdn|@import|src=", text)
    targets = [v for name, v in page.attributes if name == "href"]
    assert all(target.startswith(("#", "data:image/png")) for target in targets)
    names = [value for name, value in page.attributes if name == "id"]
    assert len(names) == len(set(names))
    used = {*re.findall(r"url\(#([^)]*)\)", text), *(t[1:] for t in targets if t[0] == "#")}
    assert used <= set(names)
    assert "prefers-color-scheme:dark" in text and "@media print" in text
    (policy,) = re.findall(r'Policy" content="([^"]*)"', text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';") and f"script-src 'sha256-{digest}';" in policy
    assert len(text.encode()) < 1_000_000
    assert text.index("Median forecasts were") < text.index("The next values")
    assert text.index("The next values") < text.index("Forecast and truth")


def test_the_same_run_gives_the_same_bytes(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    run(tmp_path)
    for path in sorted(finished[0].rglob("*.*")):
        twin = tmp_path / path.relative_to(finished[0])
        assert twin.read_bytes() == path.read_bytes(), path.name


def test_very_many_series_and_horizons_stay_small(tmp_path: Path) -> None:
    names, horizons = [f"series {i}" for i in range(40)], tuple(range(1, 25))
    with Report(tmp_path, names, horizons, 24, predictions="none") as report:
        report.add(made(40, 40, horizons, 24), time)
        q = list(LEVEL)
        coming = [(time(40 + h), name, h, 0.5, q) for name in names for h in horizons]
        record = report.finish(coming, {"source": "many"})
    assert len(record["scores"]) == 40 * 24
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    text = (tmp_path / "report.html").read_text()
    assert "of the first 32" in text and "the 30 worst are shown" in text


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_a_run_of_almost_nothing_has_its_page(tmp_path: Path, rows: int) -> None:
    answers = made(60, 1, (1,))
    with Report(tmp_path, ("a",), (1,), 0) as report:
        if rows:
            report.add(part(answers, slice(0, rows)), time)
        record = report.finish([(time(60), "a", 1, 1.0, [1.0] * 21)], {})
    assert record["scores"][0]["n"] == rows
    assert "The next values" in (tmp_path / "report.html").read_text()


def rows_of(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, line by line, as a reader sees them."""
    under = page[page.index(f"<h2>{heading}</h2>") :]
    table = under[under.index("<tbody>") : under.index("</tbody>")]
    lines = re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in line] for line in cells]


def test_the_page_shows_scores_of_late_beside_all(finished: tuple[Path, dict[str, Any]]) -> None:
    out, record = finished
    text = (out / "report.html").read_text()
    entry = record["scores"][0]
    lines = {line[0]: line[1:] for line in rows_of(text, "Scores")}
    for label, name in (
        ("MAE in units of y", "mae"),
        ("Winkler 95 % in units of y", "winkler95"),
    ):
        wanted = [f"{of[name]:#.4g}" for of in (entry, entry["window"], entry["fading"])]
        assert lines[label][:3] == wanted
    wanted = [f"{of['surprise_bits']:#.4g}" for of in (entry, entry["window"], entry["fading"])]
    assert lines["surprise bits"][:3] == wanted
    assert lines["worst 500 points"][1:3] == ["", ""]
    assert entry["window"]["rows"] == [950, 1499]
    assert "the answers of the rows 950 to 1,499, counted from 0" in text
    # one table for each series and horizon, of which the first is unfolded
    assert text.count("<details open><summary>") == 2
    assert text.count("<summary>b, horizon 12</summary>") == 2


def test_the_page_lists_the_ten_worst_points(finished: tuple[Path, dict[str, Any]]) -> None:
    out, record = finished
    worst = record["scores"][0]["worst"]
    lines = rows_of((out / "report.html").read_text(), "The ten worst points")
    assert [line[0] for line in lines] == [point["time"] for point in worst]
    assert [line[5] for line in lines] == [f"{point['surprise']:#.4g}" for point in worst]
    assert len(lines) == 10 and worst[0]["time"] == time(worst[0]["row"])


def test_the_skill_against_each_rival_is_said_in_words(tmp_path: Path) -> None:
    answers = made(300, 1, (1,))
    far = answers._replace(running=answers.running - 1000.0, seasonal=answers.y + 1e-3)
    with Report(tmp_path, ("a",), (1,), 12, predictions="none") as report:
        report.add(far, time)
        (entry,) = report.finish([], {})["scores"]
    page = (tmp_path / "report.html").read_text()
    (line,) = re.findall(r"<tr>(.*?)</tr>", page[page.index("<tbody>") :])[:1]
    closer = f"{100 * entry['skill_running']:.0f} % closer"
    further = f"{-100 * entry['skill_seasonal']:.0f} % further off"
    assert f'<span class="better">{closer}</span>' in line and entry["skill_running"] > 0.9
    assert f'<span class="worse">{further}</span>' in line and entry["skill_seasonal"] < -1.0


@pytest.mark.usefixtures("undrawn")
def test_the_page_obeys_no_time(tmp_path: Path) -> None:
    with Report(tmp_path, ("a",), (1,), 12) as report:
        report.add(made(60, 1, (1,)), lambda row: f"<img src=x onerror=alert({row})>")
        report.finish([], {})
    page = Page()
    page.feed((tmp_path / "report.html").read_text())
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]


# what the figures are drawn from


def test_envelopes_are_bounded_and_exact(answers: Answers) -> None:
    one = part(answers, (answers.series == 0) & (answers.horizon == 1))
    whole, cut = Traces(("a",), (1,)), Traces(("a",), (1,))
    none = np.zeros(len(one.row), np.int64)
    whole.add(one, none, time)
    for start in range(0, len(one.row), 37):
        block = part(one, slice(start, start + 37))
        cut.add(block, none[: len(block.row)], time)
    a, b = whole.trace("a", 1), cut.trace("a", 1)
    assert a.length == b.length == 8 and len(a.rows) <= BINS
    bins = (one.row - one.row[0]) // 8
    truth = [one.y[bins == k] for k in range(bins[-1] + 1)]
    for trace in (a, b):
        assert trace.lowest["y"].tolist() == [part.min() for part in truth]
        assert trace.highest["y"].tolist() == [part.max() for part in truth]
        assert trace.mean["y"] == pytest.approx([part.mean() for part in truth], rel=1e-12)
    assert whole.instants() == cut.instants()
    assert whole.instants()[1] == (float(one.row[8]), time(one.row[8]))
    recent = cut.recent("a")
    assert recent.y.tolist() == one.y[-100:].tolist()


def test_memory_does_not_grow_with_the_stream(tmp_path: Path) -> None:
    import tracemalloc

    answers = made(2000, 2)
    peaks = []
    for blocks in (5, 25):
        with Report(tmp_path / str(blocks), ("a", "b"), (1, 12), 12, predictions="none") as report:
            tracemalloc.start()
            for k in range(blocks):
                shifted = answers._replace(row=answers.row + 2000 * k)
                report.add(shifted, time)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
