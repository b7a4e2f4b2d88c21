"""No learner's score on a bundled stream changes unseen."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "experiments"))

from scores import HEADER, MADE, scores, spoken  # noqa: E402

QUICK = ["airline", "danish_money", "nile", "sunspots"]


def both(stream: str, rows: Iterable[list[str]]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The scores that are found of a stream, each beside what was kept of it."""
    with (HERE / "scores.csv").open(newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["stream"] == stream]
    found = [dict(zip(HEADER, row, strict=True)) for row in rows]
    assert len(found) == len(kept) > 0
    for new, old in zip(found, kept, strict=True):
        assert [new[key] for key in HEADER[:5]] == [old[key] for key in HEADER[:5]]
        yield new, old


@pytest.mark.parametrize("stream", QUICK)
def test_scores_stay(stream: str) -> None:
    for new, old in both(stream, scores(HERE.parent / f"data/{stream}.csv")):
        which = tuple(new[key] for key in HEADER[:5])
        for score in ("mae", "crps"):
            assert float(new[score]) == pytest.approx(float(old[score]), rel=0.005), which
        # half a percent of the likelihood of a point
        assert float(new["surprise"]) == pytest.approx(float(old["surprise"]), abs=0.005), which
        assert float(new["covered90"]) == pytest.approx(float(old["covered90"]), abs=0.005), which


def test_scores_of_words_bytes_and_labels_stay() -> None:
    for new, old in both(MADE, spoken()):
        # half a percent of the likelihood of an item
        assert float(new["surprise"]) == pytest.approx(float(old["surprise"]), abs=0.005), new


def test_every_stream_has_its_scores() -> None:
    with (HERE / "scores.csv").open(newline="") as file:
        streams = {row["stream"] for row in csv.DictReader(file)}
    assert streams == {path.stem for path in (HERE.parent / "data").glob("*.csv")} | {MADE}
