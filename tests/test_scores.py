"""No learner's score on a bundled stream changes unseen."""

import csv
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "experiments"))

from scores import HEADER, scores  # noqa: E402

QUICK = ["airline", "danish_money", "nile", "sunspots"]


@pytest.mark.parametrize("stream", QUICK)
def test_scores_stay(stream: str) -> None:
    with (HERE / "scores.csv").open(newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["stream"] == stream]
    found = [
        dict(zip(HEADER, row, strict=True)) for row in scores(HERE.parent / f"data/{stream}.csv")
    ]
    assert len(found) == len(kept) > 0
    for new, old in zip(found, kept, strict=True):
        which = tuple(new[key] for key in HEADER[:5])
        assert which == tuple(old[key] for key in HEADER[:5])
        for score in ("mae", "crps"):
            assert float(new[score]) == pytest.approx(float(old[score]), rel=0.005), which
        # half a percent of the likelihood of a point
        assert float(new["surprise"]) == pytest.approx(float(old["surprise"]), abs=0.005), which
        assert float(new["covered90"]) == pytest.approx(float(old["covered90"]), abs=0.005), which


def test_every_stream_has_its_scores() -> None:
    with (HERE / "scores.csv").open(newline="") as file:
        streams = {row["stream"] for row in csv.DictReader(file)}
    assert streams == {path.stem for path in (HERE.parent / "data").glob("*.csv")}
