"""Runs side by side: the same questions, who is better, a safe page, and what is refused."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas import read_csv

from forecast import LabelForecaster
from forecast.cli import main
from forecast.compare import compare
from forecast.distribution.t4 import LEVELS
from forecast.kinds.kind import UsageError
from forecast.report.anytime import Anytime
from forecast.report.comparison import diebold_mariano
from forecast.report.predictions import COLUMNS, cell
from forecast.stream import StreamError

ROOT = Path(__file__).parent.parent
SPREAD = np.linspace(-2.0, 2.0, len(LEVELS))  # of the quantiles about the median
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=1+1",
    "_hidden",
    "温$x$",
]


def finished(
    out: Path,
    errors: dict[tuple[str, int], np.ndarray],
    skip: Sequence[int] = (),
    time: Callable[[int], str] = lambda row: f"t{row}",
    **facts: Any,
) -> Path:
    """A finished run with these errors of the median forecast, by series and horizon."""
    out.mkdir(parents=True)
    series, horizons = (sorted({key[i] for key in errors}) for i in (0, 1))
    rows = 10 + max(len(e) + h for (_, h), e in errors.items())
    lines = []
    for (name, horizon), error in errors.items():
        for issued, off in enumerate(error.tolist()):
            if issued in skip:
                continue
            y = 10.0 * math.sin(issued)
            surprise = "" if issued == 0 else f"{0.5 * off * off:.9g}"
            q = ",".join(f"{y + off + s:.9g}" for s in SPREAD)
            at = cell(time(issued + horizon))
            row = f"{at},{cell(name)},{horizon},{issued},{y:.9g},{y + off:.9g}"
            lines.append((issued + horizon, f"{row},{y + off:.9g},{q},{surprise},0.1\n"))
    lines.sort(key=lambda line: line[0])
    (out / "predictions.csv").write_text(
        ",".join(COLUMNS) + "\n" + "".join(line for _, line in lines), encoding="utf-8"
    )
    kept = {"keep": "auto", "answers": len(lines), "written": len(lines)}
    record = {
        "format": 1, "source": "data/a.csv", "sha256": "ab" * 32, "rows": rows,
        "series": series, "horizons": horizons, "predictions": kept, "options": {"season": 0},
        "command": f"forecast run data/a.csv --out {out.name}",
    }  # fmt: skip
    (out / "scores.json").write_text(json.dumps({**record, **facts}))
    return out


def noise(seed: int, scale: float = 1.0, n: int = 600) -> np.ndarray:
    return scale * np.random.default_rng(seed).normal(size=n)


def compared(*words: object) -> int:
    return main(["compare", *map(str, words)])


def read(out: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    record: dict[str, Any] = json.loads((out / "compare.json").read_text(), parse_constant=refuse)
    return record


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a comparison that ought to be refused would be written by default."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the figures, which are most of the time."""
    monkeypatch.setattr("forecast.report.side_by_side.drawings", lambda record: [])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A bad run and a good one."""
    bad = finished(tmp_path / "bad", {("y", 1): noise(1, 2.0), ("y", 3): noise(2, 2.0)})
    good = finished(tmp_path / "good", {("y", 1): noise(3), ("y", 3): noise(4)})
    return bad, good


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of one file, with a day known and without."""
    folder = tmp_path_factory.mktemp("real")
    rng = np.random.default_rng(5)
    t = np.arange(560)
    load = 50.0 + 10.0 * np.sin(2.0 * np.pi * t / 24.0) + rng.normal(size=len(t))
    lines = [
        f"{at}:00,{v:.3f}" for at, v in zip(np.datetime64("2021-03-01T00") + t, load, strict=True)
    ]
    (folder / "load.csv").write_text("\n".join(["time,load", *lines]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.report.plots.drawings", lambda shown: [])
        for name, season in (("plain", "none"), ("daily", "24")):
            words = ["run", str(folder / "load.csv"), "--horizon", "1,12", "--season", season]
            assert main([*words, "--out", str(folder / name), "--quiet"]) == 0
    return folder / "plain", folder / "daily"


# ---- what comes out ------------------------------------------------------------------------------


@pytest.mark.usefixtures("undrawn")
def test_losses_are_those_of_the_runs(real: tuple[Path, Path], tmp_path: Path) -> None:
    words = [w for s in ("mae", "crps", "surprise", "pinball", "winkler") for w in ("--score", s)]
    assert compared(*real, *words, "--out", tmp_path / "c", "--quiet") == 0
    record = read(tmp_path / "c")
    scores = [json.loads((out / "scores.json").read_text())["scores"] for out in real]
    assert len(record["comparisons"]) == 10
    for entry in record["comparisons"]:
        name = {"winkler": "winkler90"}.get(entry["score"], entry["score"])
        assert entry["n"] >= 540
        for run, which in zip(scores, ("first", "other"), strict=True):
            (own,) = (e for e in run if e["horizon"] == entry["horizon"])
            # nine digits were printed
            assert entry[f"loss_{which}"] == pytest.approx(own[name], rel=1e-7)
    page = (tmp_path / "c" / "compare.html").read_text()
    assert "2021-03-" in page
    assert "daily is better than plain" in page
    assert record["runs"][0]["differs"] == {"season": 0}
    assert record["runs"][1]["differs"] == {"season": 24}


@pytest.mark.usefixtures("undrawn")
def test_tests_are_those_of_the_differences(pair: tuple[Path, Path], tmp_path: Path) -> None:
    compare([str(out) for out in pair], ["mae"], tmp_path / "c")
    one, three = read(tmp_path / "c")["comparisons"]
    for entry, seeds, horizon in ((one, (1, 3), 1), (three, (2, 4), 3)):
        d = np.abs(noise(seeds[0], 2.0)) - np.abs(noise(seeds[1]))
        test = diebold_mariano(d, horizon)
        watch = Anytime(horizon)
        seen = watch.add(d)
        assert entry["difference"] == pytest.approx(d.mean(), rel=1e-6)
        assert entry["diebold_mariano"]["statistic"] == pytest.approx(test.statistic, rel=1e-6)
        assert entry["diebold_mariano"]["kernel"] == "uniform"
        assert entry["log_e"] == pytest.approx(watch.log_e, rel=1e-5)
        assert entry["interval95"] == pytest.approx(list(watch.interval), rel=1e-5)
        first = int((seen.mean > seen.radius).argmax())
        assert entry["shown_first_at_row"] == first + horizon
        assert entry["shown_first"] == f"t{first + horizon}"
        assert entry["skill"] == pytest.approx(0.5, abs=0.1)
        last = entry["path"][-1]
        assert (last["row"], last["time"]) == (599 + horizon, f"t{599 + horizon}")
        assert last["difference"] == pytest.approx(entry["difference"])
        assert last["recent_loss_first"] == pytest.approx(
            np.abs(noise(seeds[0], 2.0))[-30:].mean(), rel=1e-6
        )
        assert entry["path"][0]["low"] is None  # nothing could be said
    p = [entry["diebold_mariano"]["p"] for entry in (one, three)]
    corrected = [entry["diebold_mariano"]["p_holm"] for entry in (one, three)]
    wanted = [2.0 * min(p), max(2.0 * min(p), max(p))]
    assert sorted(corrected) == pytest.approx(wanted, rel=1e-9, abs=0.0)


@pytest.mark.usefixtures("undrawn")
def test_the_better_one_is_named_whichever_comes_first(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = pair
    for runs in ((bad, good), (good, bad)):
        assert compared(*runs, "--out", tmp_path / "c", "--force") == 0
        said = capsys.readouterr()
        assert said.out.startswith("good is better than bad: over 600 questions its MAE was 0.")
        assert "one may stop now" in said.out.splitlines()[0]
        assert said.err == ""
    header, first = said.out.splitlines()[2:4]
    assert header.split()[:5] == ["loss", "horizon", "questions", "good", "bad"]
    assert first.split()[-1] == "good"
    assert said.out.splitlines()[-1] == str(tmp_path / "c" / "compare.html")


@pytest.mark.usefixtures("undrawn")
def test_what_is_alike_stays_open(tmp_path: Path) -> None:
    runs = [
        str(finished(tmp_path / name, {("y", 1): noise(s)})) for name, s in (("a", 1), ("b", 2))
    ]
    record = compare(runs, ["mae", "surprise"], tmp_path / "c")
    assert [entry["claimed"] for entry in record["comparisons"]] == [False, False]
    (said,) = record["together"]
    assert "It is open whether" in said["verdict"]
    assert "better in 0, worse in 0, and 2 are open" in said["verdict"]
    twin = finished(tmp_path / "twin", {("y", 1): noise(1)})
    record = compare([runs[0], str(twin)], ["mae"], tmp_path / "d")
    assert record["together"][0]["verdict"] == (
        "twin and a were equally good over 600 questions (MAE)."
    )
    assert "equal" in record["comparisons"][0]["diebold_mariano_reason"]


@pytest.mark.usefixtures("undrawn")
def test_only_questions_that_all_have_answered(tmp_path: Path) -> None:
    off = noise(1)
    a = finished(tmp_path / "a", {("y", 1): off, ("z", 1): off}, skip=range(50, 90))
    b = finished(tmp_path / "b", {("y", 1): 2.0 * off, ("y", 2): off}, skip=range(80, 100))
    c = finished(tmp_path / "c", {("y", 1): 3.0 * off})
    record = compare([str(a), str(b), str(c)], ["mae", "surprise"], tmp_path / "out")
    common = np.array([i for i in range(600) if i not in range(50, 100)])
    mae = [entry for entry in record["comparisons"] if entry["score"] == "mae"]
    assert [entry["other"] for entry in mae] == ["b", "c"]
    for entry, times in zip(mae, (2.0, 3.0), strict=True):
        assert entry["n"] == 550
        assert entry["left_out"] == {"questions_not_in_all": 50, "losses_undefined": 0}
        assert entry["loss_first"] == pytest.approx(np.abs(off[common]).mean(), rel=1e-6)
        assert entry["loss_other"] == pytest.approx(times * np.abs(off[common]).mean(), rel=1e-6)
        assert entry["skill"] == pytest.approx(1.0 - times, rel=1e-6)
    surprise = record["comparisons"][-1]
    assert surprise["left_out"]["losses_undefined"] == 1  # before a scale was known
    assert surprise["skill"] is None
    assert record["left_out"] == [
        {"series": "z", "horizon": 1},
        {"series": "y", "horizon": 2},
    ]
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "not all runs have forecast z at horizon 1; y at horizon 2" in page


@pytest.mark.usefixtures("undrawn")
def test_very_many_comparisons_stay_small(tmp_path: Path) -> None:
    horizons = range(1, 51)
    runs = [
        str(finished(tmp_path / f"{k}", {("y", h): noise(100 * k + h, n=60) for h in horizons}))
        for k in range(2)
    ]
    record = compare(runs, ["mae", "surprise"], tmp_path / "c")
    assert len(record["comparisons"]) == 100
    paths = {e["horizon"] for e in record["comparisons"] if e["path"]}
    assert paths == {*range(1, 31), 50}
    assert "compare.json has 40 more" in (tmp_path / "c" / "compare.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_too_few_answers_for_a_test_are_said(tmp_path: Path) -> None:
    runs = [
        str(finished(tmp_path / name, {("y", 24): noise(s, n=300)}))
        for name, s in (("a", 1), ("b", 2))
    ]
    (entry,) = compare(runs, ["mae"], tmp_path / "c")["comparisons"]
    assert entry["diebold_mariano"] is None
    assert "fewer than 20 x 24" in entry["diebold_mariano_reason"]
    assert entry["interval95"] == [None, None]
    assert "too few answers yet" in entry["verdict"]
    assert "fewer than 20 x 24" in (tmp_path / "c" / "compare.html").read_text()


def test_infinite_surprise_is_not_averaged(tmp_path: Path) -> None:
    runs = [finished(tmp_path / name, {("y", 1): noise(s)}) for name, s in (("a", 1), ("b", 2))]
    path = runs[1] / "predictions.csv"
    lines = path.read_text().splitlines()
    cells = lines[300].split(",")
    lines[300] = ",".join([*cells[:-2], "inf", cells[-1]])
    path.write_text("\n".join(lines) + "\n")
    record = compare([str(run) for run in runs], ["surprise"], tmp_path / "c")
    (entry,) = record["comparisons"]
    assert "impossible" in entry["reason"]
    assert "impossible" in record["together"][0]["verdict"]
    assert "Nothing could be compared" in (tmp_path / "c" / "compare.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_words_are_compared_by_their_surprise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast.report.symbols.plots.drawings", lambda shown: [])
    text = "the cat sat on the mat and the dog sat on the cat " * 12
    (tmp_path / "a.txt").write_text(text)
    for name in ("one", "two"):
        words = ["run", str(tmp_path / "a.txt"), "--kind", "words", "--out", str(tmp_path / name)]
        assert main([*words, "--quiet"]) == 0
    runs = [str(tmp_path / name) for name in ("one", "two")]
    (entry,) = compare(runs, [], tmp_path / "c")["comparisons"]
    scores = json.loads((tmp_path / "one" / "scores.json").read_text())["scores"][0]
    assert entry["score"] == "surprise"
    assert entry["n"] == scores["n"]
    assert entry["loss_first"] == pytest.approx(scores["surprise"], rel=1e-7)
    assert entry["difference"] == 0.0
    with pytest.raises(UsageError, match="--score surprise only"):
        compare(runs, ["mae"], tmp_path / "d")


@pytest.mark.usefixtures("undrawn")
def test_labels_are_compared_by_what_the_probabilities_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecaster whose words fall into two places, and the usual one."""
    monkeypatch.setattr("forecast.report.symbols.plots.drawings", lambda shown: [])
    rng = np.random.default_rng(2)
    said = {0: ("see", "you", "at", "home"), 1: ("win", "a", "prize", "now")}
    labels = rng.integers(0, 2, 400).tolist()
    texts = [" ".join(rng.choice(said[y], 3)) for y in labels]
    lines = [f"{('ham', 'spam')[y]}\t{one}\n" for y, one in zip(labels, texts, strict=True)]
    (tmp_path / "mail.tsv").write_text("".join(lines))
    for name, bits in (("coarse", 1), ("fine", 18)):
        with monkeypatch.context() as patch:
            patch.setattr(
                "forecast.labels.forecaster.LabelForecaster", partial(LabelForecaster, bits=bits)
            )
            words = ["run", str(tmp_path / "mail.tsv"), "--kind", "labels", "--labels", "ham,spam"]
            assert main([*words, "--out", str(tmp_path / name), "--quiet"]) == 0
    runs = [tmp_path / name for name in ("coarse", "fine")]
    assert compared(*runs, "--out", tmp_path / "c") == 0
    assert capsys.readouterr().out.startswith("fine is better than coarse: over 400 questions its")
    (entry,) = read(tmp_path / "c")["comparisons"]
    losses = [
        json.loads((run / "scores.json").read_text())["scores"][0]["log_loss"] for run in runs
    ]
    assert (entry["loss_first"], entry["loss_other"]) == pytest.approx(losses, rel=1e-7)
    assert losses[0] > 2.0 * losses[1] and entry["claimed"]
    columns = [read_csv(run / "predictions.csv")["surprise"].to_numpy() for run in runs]
    test = diebold_mariano(columns[0] - columns[1], 1)
    assert entry["diebold_mariano"]["statistic"] == pytest.approx(test.statistic, rel=1e-6)


# ---- the page ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects what a browser would obey."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_the_page_obeys_no_name(tmp_path: Path) -> None:
    # a directory cannot be called with a slash
    names = [name.replace("/", "∕") for name in HOSTILE[:3]]
    runs = [
        finished(
            tmp_path / name,
            {(series, 1): noise(i + k) for k, series in enumerate(HOSTILE)},
            source=HOSTILE[0],
            command=HOSTILE[1],
            options={"target": HOSTILE[i]},
        )
        for i, name in enumerate(names)
    ]
    record = compare([str(run) for run in runs], ["mae"], tmp_path / "c", command=HOSTILE[0])
    assert {entry["series"] for entry in record["comparisons"]} == set(HOSTILE)
    text = (tmp_path / "c" / "compare.html").read_text()
    page = Page()
    page.feed(text)
    assert not {"img", "iframe", "object", "link"} & set(page.tags)
    assert page.tags.count("script") == 1  # the one that sorts
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert page.tags.count("svg") == 1
    assert not re.search(r"https?://|//cdn|@import|src=\"", text.replace("&quot;", ""))
    assert "default-src 'none'" in text and "prefers-color-scheme:dark" in text
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {path.name for path in (tmp_path / "c").iterdir()} == {"compare.json", "compare.html"}


def test_the_same_runs_give_the_same_bytes(pair: tuple[Path, Path], tmp_path: Path) -> None:
    runs = [str(out) for out in pair]
    for out in ("c", "d"):
        compare(runs, ["mae"], tmp_path / out)
    for name in ("compare.json", "compare.html"):
        assert (tmp_path / "c" / name).read_bytes() == (tmp_path / "d" / name).read_bytes()
    assert (tmp_path / "c" / "compare.html").stat().st_size < 1_000_000


# ---- what is refused -----------------------------------------------------------------------------


def changed(out: Path, **facts: Any) -> None:
    path = out / "scores.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def refused(code: int, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert compared(*words) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.count("\n") == 1
    return said.err


def test_other_input_is_refused(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(pair[1], sha256="cd" * 32, source="data/b.csv")
    said = refused(2, capsys, *pair, "--out", tmp_path / "c")
    assert "read data/a.csv (sha256 abababababab…)" in said
    assert "read data/b.csv (sha256 cdcdcdcdcdcd…): other input" in said
    assert not (tmp_path / "c").exists()


def test_a_part_is_refused(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    changed(pair[0], predictions={"keep": "auto", "answers": 9000, "written": 1200})
    said = refused(2, capsys, *pair)
    assert "holds 1,200 of its 9,000 answers" in said
    assert "--predictions all --force" in said


def test_nothing_in_common_is_refused(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = finished(tmp_path / "other", {("x", 1): noise(1)})
    said = refused(2, capsys, pair[0], other)
    assert "no series and horizon in common" in said
    assert "series y, horizons 1, 3" in said and "series x, horizons 1)" in said


def test_other_values_are_refused(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = pair[1] / "predictions.csv"
    lines = path.read_text().splitlines()
    lines[7] = ",".join([*lines[7].split(",")[:4], "77.5", *lines[7].split(",")[5:]])
    path.write_text("\n".join(lines) + "\n")
    assert "have read other values from the same file" in refused(2, capsys, *pair)


def test_one_run_is_nothing_to_compare(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for runs in ([pair[0]], [pair[0], pair[0]], [pair[0], tmp_path / "good" / ".." / "bad"]):
        assert "two or more directories, each once" in refused(2, capsys, *runs)
    assert compared(*pair, "--score", "luck") == 2
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda out: (out / "scores.json").unlink(), "holds no finished run"),
        (lambda out: (out / "scores.json").write_text("{"), "not what forecast run writes"),
        (lambda out: (out / "scores.json").write_text("[1]"), "not what forecast run writes"),
        (lambda out: changed(out, horizons="ab"), "not what forecast run writes"),
        (lambda out: changed(out, rows="many"), "not what forecast run writes"),
        (lambda out: (out / "predictions.csv").unlink(), "is missing"),
        (lambda out: (out / "predictions.csv").write_text(""), "not what forecast run writes"),
        (lambda out: (out / "predictions.csv").write_text("time,y\n1,2\n"), "not what forecast"),
        (lambda out: (out / "predictions.csv").write_bytes(b"\xff\xfe\x00"), "not what forecast"),
        (lambda out: doubled(out / "predictions.csv"), "out of order, or twice"),
        (lambda out: changed(out, series=["z"], horizons=[1, 3]), "does not name"),
    ],
)
def test_broken_runs_are_bad_input(
    spoil: Any, words: str, pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(pair[1])
    if words == "does not name":
        changed(pair[0], series=["z", "y"])
    said = refused(3, capsys, *pair)
    assert words in said
    assert str(pair[1]) in said


def doubled(path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")


@pytest.mark.usefixtures("undrawn")
def test_another_comparison_is_refused_without_force(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(*pair, "--out", tmp_path / "c", "--quiet") == 0
    assert capsys.readouterr().out == ""
    said = refused(2, capsys, *pair, "--out", tmp_path / "c")
    assert "holds another comparison already" in said and "--force" in said
    assert compared(*pair, "--out", tmp_path / "c", "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out) == read(tmp_path / "c")
    (tmp_path / "file").write_text("mine")
    assert "is a file" in refused(2, capsys, *pair, "--out", tmp_path / "file")


def test_the_library_raises(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="holds no finished run"):
        compare([str(tmp_path / "a"), str(tmp_path / "b")])


# ---- help ----------------------------------------------------------------------------------------


def test_help_has_examples_and_loads_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "scipy", "pandas", "matplotlib", "statsmodels", "rich")
    code = (
        "import sys\nfrom forecast.cli import main\nmain(['compare', '--help'])\n"
        f"print('LOADED', *[name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "LOADED"
    assert "examples:" in lines
    assert any(line.startswith("exit codes:") for line in lines)
