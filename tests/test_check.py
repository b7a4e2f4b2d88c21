"""``forecast check``: which law a fault breaks, and the smallest stream that shows it."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_learners import Peeks

from forecast.checks import LAWS, laws_of, numbers, search
from forecast.checks.law import StreamLaw, sentence_of
from forecast.checks.named import NotFoundError, UnusableError, factory_named
from forecast.cli import main


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One test imports nothing for the next, and no run is remembered from another."""
    before = set(sys.modules)
    monkeypatch.setattr(Peeks, "heard", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in set(sys.modules) - before:
        if name.startswith("mine"):
            del sys.modules[name]


# Laws that take a second each; the sound learner is asked for them too.
SLOW = (
    *("edges are outlived", "the last value is near", "edges leave no scar"),
    "the loop is aligned",
)

# Of each learner of tests/faulty_learners.py: the laws it breaks, and what is said of the first.
FAULTS: dict[str, tuple[list[str], str, str]] = {
    # two runs of the law: the second has heard the first
    "Peeks": (
        [
            *("the future changes no forecast", "chunks change nothing", "bad values do no harm"),
            *("scale and shift go through", "what returns is held"),
        ],
        "forecasts of rows up to 2 changed with the rows after them",
        "0, 1, 0",
    ),
    # errors of 0 leave it as sure as floats can be, and no two units round alike there
    "Swapped": (
        [
            *("scale and shift go through", "what returns is held"),
            "forecasts are distributions",
        ],
        "surprise of 1000 y +0 is not log a more",
        "0, 1, 0",
    ),
    # what returns every second row is certain two rows ahead, and never three
    "OneEarly": (["what returns is held"], "within the 95 % interval at horizon 3", "0, 1"),
    "OneLate": (["what returns is held"], "within the 95 % interval at horizon 1", "0, 1"),
    "Drops": (["every answer is learned"], "row 4 was not learned", "0, 0, 0, 0, 0"),
    "Writes": (
        ["predicting changes nothing", "scale and shift go through"],
        "the same question got two answers",
        "0, 1",
    ),
    # one value, its repetition and another: an error is known when it is copied
    "Forgets": (["resuming changes nothing"], "resumed at 2, it forecasts otherwise", "0, 0, 1"),
    "Metric": (["scale and shift go through"], "quantiles of 1000 y +0 are off by", "0, 1, 0"),
    "Moody": (["chunks change nothing"], "surprise differs alone", "1, 0"),
}


def said_of(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[tuple[str, ...]]]:
    """The exit code, and of each broken law its name, why, and its smallest stream."""
    code = main(["check", name])
    found = re.findall(
        r"^broken  (.*)\n {8}.*\n {8}(.*)\n(?: {8}smallest stream found: (.*)\n)?",
        capsys.readouterr().out,
        re.M,
    )
    return code, found


def asks_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the slow laws out, and the others in their order."""
    kept = {name: law for name, law in numbers.LAWS.items() if name not in SLOW}
    monkeypatch.setattr(numbers, "LAWS", kept)


def test_a_sound_learner_keeps_every_law_and_each_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "faulty_learners:LastValue"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    *lines, last = told.out.splitlines()
    assert last == f"{len(numbers.LAWS)} of {len(numbers.LAWS)} laws are kept."
    assert lines[::2] == [f"held    {name}" for name in numbers.LAWS]
    assert lines[1::2] == [f"        {sentence_of(law)}" for law in numbers.LAWS.values()]
    assert all(line.endswith(".") for line in lines[1::2])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_shown_on_a_small_stream(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asks_quickly(monkeypatch)
    laws, sentence, stream = FAULTS[name]
    code, found = said_of(f"faulty_learners:{name}", capsys)
    assert code == 1
    assert [law for law, _, _ in found] == laws
    assert sentence in found[0][1]
    assert found[0][2] == stream


def test_a_stream_that_is_shown_breaks_the_law_and_a_shorter_one_does_not() -> None:
    law = numbers.LAWS["every answer is learned"]
    assert isinstance(law, StreamLaw)
    drops = factory_named("faulty_learners:Drops")
    found = search.smallest_stream(law, drops)
    assert found == [0.0] * 5
    assert search._breaks(law, drops, found)
    assert not search._breaks(law, drops, found[:-1])


def test_a_learner_that_keeps_a_law_has_no_such_stream() -> None:
    law = numbers.LAWS["predicting changes nothing"]
    assert search.smallest_stream(law, factory_named("faulty_learners:LastValue")) is None


def test_when_time_is_up_nothing_more_is_tried() -> None:
    law = numbers.LAWS["every answer is learned"]
    drops = factory_named("faulty_learners:Drops")
    assert search.smallest_stream(law, drops, seconds=0.0) is None


@pytest.mark.parametrize(
    ("factory", "drawn", "first", "second"),
    [
        ("forecast:WordForecaster", "symbols", (None, "a"), (None, "a")),
        ("forecast:LabelForecaster", "symbols", ("a", "no"), ("a", "no")),
        ("faulty_learners:LastValue", "numbers", 0.0, 0.0),
        ("test_check:two_channels", "numbers", [0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_streams_are_of_the_kind_that_the_learner_hears(
    factory: str, drawn: str, first: object, second: object
) -> None:
    def at_most_one(factory: object, stream: list[object]) -> None:
        assert len(stream) <= 1

    made = factory_named(factory)
    if factory == "forecast:LabelForecaster":
        made = lambda: factory_named(factory)(("no", "yes"))  # noqa: E731
    law = StreamLaw(at_most_one, lambda learner: [], drawn)
    assert search.smallest_stream(law, made) == [first, second]


def two_channels() -> object:
    """A learner of two series."""
    from forecast import NumberForecaster

    return NumberForecaster(channels=2)


def test_without_hypothesis_the_laws_are_run_and_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asks_quickly(monkeypatch)
    usual = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "hypothesis" else usual(name)
    )
    assert main(["check", "faulty_learners:Writes"]) == 1
    told = capsys.readouterr()
    assert "broken  predicting changes nothing" in told.out
    assert "smallest stream" not in told.out
    assert "10 of 12 laws are kept." in told.out
    assert "pip install hypothesis" in told.err


def test_a_learner_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(
        "from faulty_learners import Forgets\n\n\ndef forgets():\n    return Forgets()\n"
    )
    monkeypatch.chdir(tmp_path)
    asks_quickly(monkeypatch)
    code, found = said_of("mine:forgets", capsys)
    assert (code, found[0][0], found[0][2]) == (1, "resuming changes nothing", "0, 0, 1")


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("forecast", 2, "say module:factory"),
        ("forecast:", 2, "say module:factory"),
        (":Level", 2, "say module:factory"),
        ("forecast:Level()", 2, "say module:factory"),
        ("no_such_module:Level", 2, "there is no module no_such_module"),
        ("forecast.no_such:Level", 2, "there is no module forecast.no_such"),
        ("forecast:Lever", 2, "module forecast has no Lever"),
        ("forecast:__version__", 2, "has no __version__ that could be called"),
        ("forecast:Run", 3, "cannot be called without arguments (TypeError"),
        ("builtins:dict", 3, "has no horizons, no rate, no rate_of, no predict, no learn"),
        ("mine_raises:Level", 3, "module mine_raises does not load: ZeroDivisionError"),
        ("mine_imports:Level", 3, "module mine_imports does not load: No module named 'nowhere'"),
    ],
)
def test_what_is_no_learner_is_refused(
    name: str,
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "mine_raises.py").write_text("1 / 0\n")
    (tmp_path / "mine_imports.py").write_text("import nowhere\n")
    monkeypatch.chdir(tmp_path)
    assert main(["check", name]) == code
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""
    with pytest.raises(NotFoundError if code == 2 else UnusableError, match=re.escape(says)):
        factory_named(name)


def test_laws_of_one_stream_hold_on_streams_of_no_and_of_one_point() -> None:
    """Else a search would end there, whatever is wrong."""
    for name in ("faulty_learners:LastValue", "forecast:Level", "forecast:WordForecaster"):
        factory = factory_named(name)
        for law in laws_of(factory()).values():
            if isinstance(law, StreamLaw):
                one: list[object] = [(None, "a")] if law.drawn == "symbols" else [0.0]
                assert not search._breaks(law, factory, [])
                assert not search._breaks(law, factory, one)


def test_every_fault_that_laws_are_tried_on_is_one_in_the_code_as_it_is() -> None:
    """``experiments/mutations.py`` replaces pieces of text: the code moves on, and so must they."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "experiments"))
    from mutations import MUTATIONS, PACKAGE, mutated

    assert {mutation.law for mutation in MUTATIONS} == set(LAWS)
    for mutation in MUTATIONS:
        source = (PACKAGE / mutation.file).read_text()
        assert mutated(source, mutation) != source
