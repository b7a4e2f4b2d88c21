"""Finished runs side by side, on the same questions: ``forecast compare``.

Nothing is forecast again: the losses are those of the answers that the runs wrote down. What two
runs may be asked about each other is refused where the answer would be worth nothing: other input,
other values, or a part of the questions only.
"""

import json
import math
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from forecast.kinds.kind import UsageError
from forecast.report.anytime import ALPHA, LARGEST, Anytime, Floats
from forecast.report.comparison import (
    Compared,
    combined,
    diebold_mariano,
    e_bh,
    holm,
    sentence,
    summary,
    untestable,
)
from forecast.report.delivery import Delivery
from forecast.report.finished import LOSSES, Cell, Finished, Questions
from forecast.report.folder import FORMAT, strict

FILES = ("compare.html", "compare.json")
SCORES = ("mae", "crps", "surprise")  # those compared where none is named
DRAWN = 200  # places at which a comparison is kept over time
TRACED = 30  # series and horizons of which it is


def compare(
    directories: Sequence[str],
    scores: Sequence[str] = (),
    out: str | Path = "comparison",
    force: bool = False,
    command: str = "",
) -> dict[str, Any]:
    """Compare finished runs of one file, and write what came out.

    Parameters
    ----------
    directories : sequence of str
        Two or more that ``forecast run`` has filled; all are compared with the first.
    scores : sequence of {"mae", "crps", "surprise", "pinball", "winkler"}
        The first three by default; of words and labels the surprise alone.
    out : path
        A directory for ``compare.json`` and ``compare.html``, made where there is none.
    force : bool
        Replace the comparison that ``out`` holds already.
    command : str
        The words that make this comparison again.

    Returns
    -------
    dict
        What ``compare.json`` holds.

    Raises
    ------
    UsageError
        If the runs cannot be compared: other input, no question in common, thinned predictions.
    StreamError
        If a directory holds no finished run, or its files are broken.
    FileExistsError
        If ``out`` holds another comparison, is being filled by one, or is no directory.
    """
    from forecast.report.side_by_side import page

    with Delivery(Path(out), FILES, "comparison", force) as delivery:
        record = compared_runs(directories, scores, command)
        delivery.write(FILES[0], page(record))
        delivery.write(FILES[1], json.dumps(record, indent=1, allow_nan=False) + "\n")
        delivery.complete()
    return record


def compared_runs(
    directories: Sequence[str], scores: Sequence[str], command: str
) -> dict[str, Any]:
    """What ``compare.json`` holds."""
    runs = opened(directories)
    wanted = scores_of(runs, scores)
    cells = common_cells(runs)
    answered = [run.questions(wanted) for run in runs]
    names = names_of(directories)
    entries = [
        entry
        for cell in cells
        for entry in compared(cell, wanted, names, [each.get(cell) for each in answered])
    ]
    kept = traced(cells)
    for entry in entries:
        dated(entry, runs[0].times)
        if (entry["series"], entry["horizon"]) not in kept:
            entry["path"] = []
    judge(entries)
    record = strict(
        {
            "format": FORMAT,
            "command": command,
            "source": runs[0].record["source"],
            "sha256": runs[0].record["sha256"],
            "runs": [about(run, name, runs) for run, name in zip(runs, names, strict=True)],
            "series": list(dict.fromkeys(series for series, _ in cells)),
            "horizons": sorted({horizon for _, horizon in cells}),
            "left_out": left_out(runs, cells),
            "scores": list(wanted),
            "confidence": 1.0 - ALPHA,
            "together": together(entries, names),
            "comparisons": entries,
        }
    )
    return dict(record)


# ---- what can be compared ------------------------------------------------------------------------


def opened(directories: Sequence[str]) -> list[Finished]:
    """The runs, all of one file and with all of their answers."""
    if len({Path(each).resolve() for each in directories}) < max(2, len(directories)):
        raise UsageError("name two or more directories, each once: forecast compare DIR DIR ...")
    runs = [Finished(each) for each in directories]
    first = runs[0]
    for run in runs[1:]:
        if run.record["sha256"] != first.record["sha256"]:
            sums = (f"{each.name} read {source_of(each)}" for each in (first, run))
            raise UsageError(
                f"{' and '.join(sums)}: other input, so that their scores cannot be compared. "
                "Run both over the same file."
            )
        if run.record.get("kind") != first.record.get("kind"):
            raise UsageError(f"{first.name} and {run.name} are of other kinds (--kind).")
    for run in runs:
        if run.thinned:
            kept = run.record["predictions"]
            raise UsageError(
                f"{run.name} holds {kept['written']:,} of its {kept['answers']:,} answers, and a "
                "part cannot stand for all: run it again with --predictions all --force."
            )
    return runs


def source_of(run: Finished) -> str:
    """Name and checksum of what a run has read."""
    return f"{run.record['source']} (sha256 {str(run.record['sha256'])[:12]}…)"


def scores_of(runs: Sequence[Finished], asked: Sequence[str]) -> tuple[str, ...]:
    """The scores that are compared."""
    if not runs[0].symbolic:
        return tuple(dict.fromkeys(asked)) or SCORES
    if set(asked) - {"surprise"}:
        raise UsageError(
            f"runs of {runs[0].record['kind']} can be compared by --score surprise only."
        )
    return ("surprise",)


def common_cells(runs: Sequence[Finished]) -> list[Cell]:
    """Series and horizons that all runs have forecast."""
    common = set(runs[0].cells).intersection(*(run.cells for run in runs[1:]))
    cells = [cell for cell in runs[0].cells if cell in common]
    if not cells:
        said = "; ".join(f"{run.name}: {asked_of(run)}" for run in runs)
        raise UsageError(
            f"these runs have no series and horizon in common, so that no question of one is a "
            f"question of all ({said}). Run them again with the same --target and --horizon."
        )
    return cells


def asked_of(run: Finished) -> str:
    """What a run was asked, in short."""
    several = {"series": run.record["series"], "horizons": run.record["horizons"]}
    return ", ".join(
        f"{what} {', '.join(map(str, all_[:5]))}{' …' if len(all_) > 5 else ''}"
        for what, all_ in several.items()
    )


def left_out(runs: Sequence[Finished], cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Series and horizons that not all runs have forecast."""
    common = set(cells)
    beyond = dict.fromkeys(cell for run in runs for cell in run.cells if cell not in common)
    return [{"series": series, "horizon": horizon} for series, horizon in beyond]


def names_of(directories: Sequence[str]) -> list[str]:
    """How the runs are called: by the last part of their directories where that tells them apart.

    Examples
    --------
    >>> names_of(["out/plain", "out/seasonal/"]), names_of(["a/out", "b/out"])
    (['plain', 'seasonal'], ['a/out', 'b/out'])
    """
    last = [Path(each).resolve().name for each in directories]
    return last if len(set(last)) == len(last) and all(last) else list(directories)


def about(run: Finished, name: str, runs: Sequence[Finished]) -> dict[str, Any]:
    """Where a run lies, and in which of its options it differs from the others."""
    options = [each.record.get("options") or {} for each in runs]
    keys = [key for key in options[0] if len({json.dumps(o.get(key)) for o in options}) > 1]
    own = run.record.get("options") or {}
    said = {key: own.get(key) for key in keys if key != "predictions"}
    kept = ("command", "versions", "learner", "seconds")
    facts = {key: run.record.get(key) for key in kept}
    return {"name": name, "directory": run.name, "differs": said, **facts}


# ---- one series at one horizon -------------------------------------------------------------------


def compared(
    cell: Cell, scores: Sequence[str], names: Sequence[str], runs: Sequence[Questions | None]
) -> list[dict[str, Any]]:
    """Every run against the first, by every score, on the questions that all have answered."""
    answered = [run for run in runs if run is not None]
    if len(answered) < len(runs):
        return []
    issued = reduce(np.intersect1d, [run.issued for run in answered])
    places = [np.searchsorted(run.issued, issued) for run in answered]
    truths = [run.y[place] for run, place in zip(answered, places, strict=True)]
    for name, truth in zip(names[1:], truths[1:], strict=True):
        if not np.array_equal(truth, truths[0]):
            raise UsageError(
                f"{names[0]} and {name} have read other values from the same file: run them again "
                "with the same options for reading it (--target, --step, --missing and the like)."
            )
    others = max(len(run.issued) for run in answered) - len(issued)
    entries = []
    for score in scores:
        losses = np.array(
            [run.losses[score][place] for run, place in zip(answered, places, strict=True)]
        )
        known = ~np.isnan(losses).any(axis=0)
        undefined = int(len(known) - known.sum())
        kept = {"questions_not_in_all": others, "losses_undefined": undefined}
        for other in range(1, len(names)):
            pair = losses[:, known][[0, other]]
            entry = one(score, cell, (names[0], names[other]), issued[known] + cell[1], pair)
            entries.append({**entry, "left_out": kept})
    return entries


def one(score: str, cell: Cell, names: tuple[str, str], row: Any, losses: Floats) -> dict[str, Any]:
    """One comparison: ``losses`` [2, n] of the first and the other, answered at ``row`` [n]."""
    series, horizon = cell
    n = losses.shape[1]
    entry: dict[str, Any] = {"score": score, "series": series, "horizon": horizon, "n": n}
    entry |= {"first": names[0], "other": names[1]}
    if why := incomparable(losses):
        return {**entry, "reason": why}
    differences = losses[0] - losses[1]
    watch = Anytime(horizon)
    seen = watch.add(differences)
    shown = seen.log_e >= -math.log(ALPHA)
    at = np.unique(np.linspace(0, n - 1, DRAWN).round().astype(int))
    moving = [moving_mean(own)[at] for own in losses]
    columns = (row[at], seen.mean[at], seen.radius[at], *moving)
    why = untestable(differences, horizon)
    test = None if why else diebold_mariano(differences, horizon)._asdict()
    return {
        **entry,
        "reason": None,
        "loss_first": float(losses[0].mean()),
        "loss_other": float(losses[1].mean()),
        "difference": watch.mean,
        "interval95": watch.interval,
        "log_e": watch.log_e,
        "shown": watch.shown,
        "shown_first_at_row": int(row[shown.argmax()]) if shown.any() else None,
        "answers_needed": None if watch.shown else watch.answers_needed(),
        "diebold_mariano": test,
        "diebold_mariano_reason": why or None,
        "path": [
            dict(zip(PATH, (int(r), None, mean, mean - radius, mean + radius, *own), strict=True))
            for r, mean, radius, *own in zip(*columns, strict=True)
        ],
    }


PATH = ("row", "time", "difference", "low", "high", "recent_loss_first", "recent_loss_other")


def incomparable(losses: Floats) -> str:
    """Why losses cannot be compared; empty where they can."""
    if losses.shape[1] < 2:
        return "fewer than two questions were answered by all runs"
    if not (np.abs(losses) < LARGEST).all():
        return "an answer was held to be impossible, or lay absurdly far off: its loss is infinite"
    return ""


def moving_mean(losses: Floats) -> Floats:
    """The mean of the last twentieth of all losses, and of at least 20."""
    window = max(20, len(losses) // 20)
    upto = np.concatenate(([0.0], np.cumsum(losses)))
    end = np.arange(1, len(losses) + 1)
    start = np.maximum(end - window, 0)
    mean: Floats = (upto[end] - upto[start]) / (end - start)
    return mean


def traced(cells: Sequence[Cell]) -> set[Cell]:
    """Of which the comparison is kept over time: the first ones, and those that are drawn."""
    first = [cell for cell in cells if cell[0] == cells[0][0]]
    return {*cells[:TRACED], *first[:1], *first[-1:]}


def dated(entry: dict[str, Any], times: dict[int, str]) -> None:
    """Give the rows of a comparison the text of their times, where it was kept."""
    for point in entry.get("path", []):
        point["time"] = times.get(point["row"])
    if entry.get("shown_first_at_row") is not None:
        rows = np.array(sorted(times))
        place = np.searchsorted(rows, entry["shown_first_at_row"])
        entry["shown_first"] = times[int(rows[min(int(place), len(rows) - 1)])]


# ---- all of them together ------------------------------------------------------------------------


def judge(entries: Sequence[dict[str, Any]]) -> None:
    """Correct for the number of comparisons, and put each into words."""
    made = [entry for entry in entries if entry["reason"] is None]
    tested = [entry["diebold_mariano"] for entry in made if entry["diebold_mariano"]]
    for test, p in zip(tested, holm([test["p"] for test in tested]), strict=True):
        test["p_holm"] = p
    for entry, claimed in zip(made, e_bh([entry["log_e"] for entry in made]), strict=True):
        entry["claimed"] = claimed
        entry["verdict"] = sentence(case_of(entry))
        entry["skill"] = case_of(entry).skill


def case_of(entry: dict[str, Any]) -> Compared:
    """What words need of a comparison."""
    loss = LOSSES[entry["score"]]
    keys = ("first", "other", "n", "claimed")
    first, other, n, claimed = (entry[key] for key in keys)
    unit = "nats" if loss.unit == "nats" else ""
    losses = entry["loss_first"], entry["loss_other"]
    low, high = entry["interval95"]
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    where = (entry["series"], entry["horizon"])
    parts = (n, losses, *ends, claimed, entry["answers_needed"], *where)
    return Compared(first, other, loss.label, unit, *parts)


def together(entries: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Of each run but the first, all its comparisons in one verdict."""
    found: list[dict[str, Any]] = []
    for other in names[1:]:
        own = [e for e in entries if e["other"] == other and e["reason"] is None]
        if not own:
            why = "no question was answered by all runs"
            said = next((e["reason"] for e in entries if e["other"] == other), why)
            found.append({"other": other, "log_e": None, "verdict": f"{other}: {said}."})
            continue
        log_e = combined([entry["log_e"] for entry in own])
        cases = [case_of(entry) for entry in own]
        many = [summary(names[0], other, cases, log_e)] if len(own) > 1 else []
        verdict = " ".join([own[0]["verdict"], *many])
        found.append({"other": other, "log_e": log_e, "verdict": verdict})
    return found
