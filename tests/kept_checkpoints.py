"""Checkpoints that were kept, so that a later version is held to what it can still load.

    python tests/kept_checkpoints.py

writes those that are not there yet: of a new format, or of a state that has other places now. Names
that the present version refuses go from NAMES to PAST, and stay.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from forecast import LabelForecaster, Level, LightForecaster, save
from forecast.learner import FlatLearner

FOLDER = Path(__file__).parent / "checkpoints"
LEARNERS: dict[str, Callable[[], FlatLearner]] = {
    "level-1": Level,
    "light-2": lambda: LightForecaster(horizons=(1, 2, 3)),
    "labels-2": lambda: LabelForecaster(("no", "yes"), bits=4),
}
NAMES = list(LEARNERS)
PAST = ["labels-1"]
# still gone on with, though the same input is learned otherwise today: the clock of light-1 went on
# over missing rows before the first value
OTHERWISE = ["light-1"]
FIRST, LATER = range(100), range(100, 150)


def teach(learner: FlatLearner, rows: Iterable[int]) -> None:
    """Tell a learner these rows of an input that needs no file: whole numbers alone make it."""
    for row in rows:
        if isinstance(learner, LabelForecaster):
            learner.learn("yes" if row % 3 == 0 else "no", f"see you at {row % 5}")
        else:
            learner.learn((row * 37 % 17) / 4.0 + (row > 60) * 5.0 if row % 11 else None)


def learned(name: str) -> FlatLearner:
    """The learner of that name when it was saved."""
    learner = LEARNERS[name]()
    teach(learner, FIRST)
    return learner


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        path = FOLDER / f"{name}.checkpoint"
        if not path.exists():
            save(path, learned(name), source="kept_checkpoints.py", offset=len(FIRST))
            print(path)


if __name__ == "__main__":
    main()
