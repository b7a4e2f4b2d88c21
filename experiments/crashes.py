"""Trials of the page of faults: kills, full disks, resumption, bad values; and peers beside.

Each is a function of a folder and a share, 1 for all of it, that gives a row; the figures of the
peers are of the same values and the same instants.
"""

import errno
import math
import resource
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from trial import REFUSED, RIGHT, WRONG, Row, row_of

from forecast import LightForecaster, NumberForecaster, load, save
from forecast.checks import LEARNERS, numbers
from forecast.learner import FlatLearner
from forecast.prequential import Run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import bad_values
from kills import (
    contents,
    ended,
    forked,
    kills_of_runs,
    kills_of_saves,
    named,
    ours,
    ours_again,
    plainly,
    plainly_again,
    silently,
    table,
    told,
)
from resumption import RESUMED, cut_and_resumed

RUNS, PROCESSES, SAVES = 1900, 100, 2000
CUTS, POSITIONS = 2000, 500
LOST = "lost"
FULL = 400  # sizes of the disk


def judged(outcomes: Iterable[str | None]) -> list[tuple[str, str]]:
    """RIGHT for None, WRONG for a sentence."""
    return [(RIGHT, "") if wrong is None else (WRONG, wrong) for wrong in outcomes]


def killed_runs(folder: Path, share: float) -> Row:
    """Runs in forked children, each started again after the kill."""
    kills = math.ceil(share * RUNS)
    name = "kills during runs, in forked children (figures drawn before)"
    return row_of(name, judged(kills_of_runs(kills, folder, Random(1))))


def killed_processes(folder: Path, share: float) -> Row:
    """Runs that are whole processes."""
    kills = math.ceil(share * PROCESSES)
    found = kills_of_runs(kills, folder, Random(2), whole_processes=True)
    return row_of("kills during runs, whole processes", judged(found))


def killed_saves(folder: Path, share: float) -> Row:
    """Saves of a learner; the peer writes the same numbers in place."""
    kills = math.ceil(share * SAVES)
    make = LightForecaster
    told(make(), 0, 5)
    places = [folder / "ours", folder / "plain"]
    for place in places:
        place.mkdir()
    here = judged(kills_of_saves(kills, places[0], Random(3), make, ours, ours_again))
    again = partial(plainly_again, make)
    plain = kills_of_saves(kills, places[1], Random(3), make, plainly, again)
    beside = Counter(came_of(wrong) for wrong in plain)
    row = row_of("kills during saves", here)
    return row._replace(peer="`numpy.savez` in place", beside=beside)


def came_of(wrong: str | None) -> str:
    """What came of a peer's save."""
    if wrong is None:
        return RIGHT
    return LOST if wrong.startswith("lost") else WRONG


def full_disks(folder: Path, share: float) -> Row:
    """No file can get longer than so many bytes, from none to all; the earlier result stays."""
    source, out = table(folder / "a.csv"), folder / "out"
    words = ["run", str(source), "--out", str(out), "--quiet"]
    assert ended(forked(partial(silently, words)), 600.0) == 0
    before = contents(out)
    largest = max((out / name).stat().st_size for name in before)
    outcomes = []
    for size in np.linspace(0, largest, math.ceil(share * FULL)).astype(int).tolist():
        code = ended(forked(partial(limited, size, [*words, "--force"])), 600.0)
        after = named(contents(out))
        whole = contents(out) == before
        if code == 0:
            outcomes.append((RIGHT if size >= largest and whole else WRONG, f"went through {size}"))
        else:
            untouched = after == before and code == 1
            outcomes.append((REFUSED if untouched else WRONG, f"{size} bytes, code {code}"))
    return row_of("a disk that is full at any byte of a run", outcomes)


def limited(size: int, words: list[str]) -> int:
    """A command where no file can get longer than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return silently(words)


def full_saves(folder: Path, share: float) -> Row:
    """The same of saves: the older state stays."""
    path = folder / "state"
    old, new = LightForecaster(), LightForecaster()
    told(new, 0, 50)
    save(folder / "new", new)
    size = (folder / "new").stat().st_size
    peer = folder / "state.npz"
    outcomes, beside = [], Counter[str]()
    for limit in range(0, size + 1, max(1, round(1 / share))):
        save(path, old)
        plainly(peer, old, 0)
        code = ended(forked(partial(saved_within, limit, path, peer, new)), 600.0)
        kept = load(path).floats.tobytes() == (new if code == 0 else old).floats.tobytes()
        outcomes.append(((REFUSED if code else RIGHT) if kept else WRONG, f"at {limit} bytes"))
        try:
            plainly_again(LightForecaster, peer)
            beside[RIGHT] += 1
        except Exception:
            beside[LOST] += 1
    row = row_of("a disk that is full at any byte of a save", outcomes)
    return row._replace(peer="`numpy.savez` in place", beside=beside)


def saved_within(limit: int, path: Path, peer: Path, learner: FlatLearner) -> int:
    """Save where no file can get longer than so many bytes; 1 where that is refused."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with suppress(OSError):
        plainly(peer, learner, 1)
    try:
        save(path, learner)
    except OSError as error:
        return 1 if error.errno == errno.EFBIG else 2
    return 0


def resumed(name: str, folder: Path, share: float) -> Row:
    """Cut a stream everywhere, save, load, and go on to its end: the same bits as never cut."""
    outcomes = judged(cut_and_resumed(RESUMED[name], folder, CUTS, max(1, round(1 / share))))
    return row_of(f"a stream of {CUTS:,} points cut and resumed: {name}", outcomes)


def bad_values_for(name: str, folder: Path, share: float) -> Row:
    """Each bad value at each position; gone on with, and compared with one that never met it."""
    del folder
    positions = range(0, POSITIONS, max(1, round(1 / share)))
    outcomes = []
    worst = 0.0
    for met in bad_values.met(LEARNERS[name], positions):
        came = WRONG if met.wrong else REFUSED if met.came == bad_values.REFUSED else RIGHT
        outcomes.append((came, f"{met.value} at {met.position}: {met.wrong}"))
        worst = max(worst, met.ratio)
    return row_of(f"7 bad values: {name} (later at most {worst:.2f} times the loss)", outcomes)


# ---- peers ---------------------------------------------------------------------------------------

VALUES = (math.nan, math.inf, 1e308)
PLACES = (3, 50, 150)
PEER_POINTS, PEER_SCORED = 650, 100  # 400 points and more to recover


def river_forecasters() -> dict[str, Callable[[], Any]]:
    """Models of river that follow one series."""
    from river import time_series

    return {
        "HoltWinters": lambda: time_series.HoltWinters(
            alpha=0.3, beta=0.1, gamma=0.5, seasonality=12
        ),
        "SNARIMAX(3,1,1)": lambda: time_series.SNARIMAX(p=3, d=1, q=1),
    }


def river_regressors() -> dict[str, Callable[[], Any]]:
    """Models of river that learn a value from three before it."""
    from river import ensemble, forest, linear_model, neighbors, preprocessing, tree

    scaled = preprocessing.StandardScaler
    return {
        "LinearRegression": lambda: scaled() | linear_model.LinearRegression(),
        "PARegressor": lambda: scaled() | linear_model.PARegressor(),
        "BayesianLinearRegression": lambda: linear_model.BayesianLinearRegression(),
        "KNNRegressor": lambda: neighbors.KNNRegressor(),
        "HoeffdingTreeRegressor": lambda: tree.HoeffdingTreeRegressor(grace_period=50),
        "HoeffdingAdaptiveTree": lambda: tree.HoeffdingAdaptiveTreeRegressor(
            grace_period=50, seed=1
        ),
        "ARFRegressor": lambda: forest.ARFRegressor(n_models=3, seed=1),
        "BaggingRegressor": lambda: ensemble.BaggingRegressor(
            scaled() | linear_model.LinearRegression(), n_models=3, seed=1
        ),
    }


def with_river(name: str, make: Callable[[], Any], ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by a model of river; what is told is told, and remembered."""
    model = make()
    said = np.zeros(len(ys))
    if name in river_forecasters():
        for t, y in enumerate(ys.tolist()):
            said[t] = model.forecast(1)[0] if t > 30 else 0.0
            model.learn_one(y)
        return said
    for t in range(3, len(ys)):
        x = {f"lag{k}": float(ys[t - k]) for k in (1, 2, 3)}
        said[t] = model.predict_one(x)
        model.learn_one(x, float(ys[t]))
    return said


def with_skaters(name: str, make: Callable[[], Any], ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by a skater."""
    del name
    skater, state = make(), None
    said = np.zeros(len(ys))
    for t, y in enumerate(ys.tolist()):
        (dist,), state = skater(y, state)
        if t + 1 < len(ys):
            said[t + 1] = dist.quantile(0.5)
    return said


Said = Callable[[str, Callable[[], Any], np.ndarray], np.ndarray]


def one_bad_value(peer: str, models: dict[str, Callable[[], Any]], said: Said) -> Row:
    """One bad value in each of some models at a few positions; and in our default beside."""
    clean = numbers.stream(NumberForecaster(), PEER_POINTS)
    beside: Counter[str] = Counter()
    ruined: Counter[str] = Counter()
    for name, make in models.items():
        usual = error(said(name, make, clean), clean)
        for value in VALUES:
            for place in PLACES:
                ys = clean.copy()
                ys[place] = value
                try:
                    with np.errstate(all="ignore"), warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        later = error(said(name, make, ys), clean)
                except Exception:
                    beside[REFUSED] += 1
                    continue
                came = RIGHT if later <= 2.0 * usual else LOST
                beside[came] += 1
                ruined[name] += came == LOST
    outcomes = []
    usual = error(by_ours(clean), clean)
    for value in VALUES:
        for place in PLACES:
            ys = clean.copy()
            ys[place] = value
            ratio = error(by_ours(ys), clean) / usual
            outcomes.append((RIGHT if ratio <= 2.0 else WRONG, f"{value} at {place}: {ratio:.3g}"))
    print("  ruined:", dict(ruined), flush=True)
    return row_of(
        f"one bad value, 400 points and more before the score, beside {peer}", outcomes
    )._replace(peer=peer, beside=beside)


def error(said: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error of the last points; infinite where one is no number."""
    found = float(np.abs(said - truth)[-PEER_SCORED:].mean())
    return found if math.isfinite(found) else math.inf


def by_ours(ys: np.ndarray) -> np.ndarray:
    """One-step forecasts by the default."""
    answers = Run(NumberForecaster()).feed(ys)
    said = np.full(len(ys), math.nan)
    said[answers.row] = answers.quantiles[:, 10]
    return said


def river_peers(folder: Path, share: float) -> Row:
    """One bad value in models of river."""
    del folder, share
    models = river_forecasters() | river_regressors()
    return one_bad_value(f"{len(models)} models of river", models, with_river)


def skaters_peer(folder: Path, share: float) -> Row:
    """One bad value in skaters' laplace."""
    del folder, share
    from skaters import laplace

    return one_bad_value("skaters `laplace`", {"laplace": lambda: laplace(1)}, with_skaters)


Trial = Callable[[Path, float], Row]
CRASHES: list[Trial] = [
    killed_runs,
    killed_processes,
    killed_saves,
    full_disks,
    full_saves,
    *(partial(resumed, name) for name in RESUMED),
    *(partial(bad_values_for, name) for name in LEARNERS),
    river_peers,
    skaters_peer,
]
