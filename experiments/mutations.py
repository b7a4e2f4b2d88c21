"""Does every law fail where the code is wrong?

    python experiments/mutations.py

A copy of the package gets one fault, the law that forbids it is run there on one learner, and what
the law said is noted. A fault is one replaced piece of text, found exactly once in its file: where
the code has moved on, this script stops and says so.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from page import Page, table

import forecast
from forecast.checks import LAWS

PACKAGE = Path(forecast.__file__).parent
KEPT = "kept"
ORACLE = "its own"  # the law makes its learner itself, whoever it is asked of
# The law, run in the folder of a copy: it is the copy's own code that is imported there.
JUDGE = f"""
import sys
from pathlib import Path
import forecast
from forecast.checks import LAWS, LEARNERS, LawBroken
assert Path(forecast.__file__).resolve().parent.parent == Path.cwd().resolve()
law, learner = sys.argv[1:]
try:
    LAWS[law](LEARNERS.get(learner, LEARNERS["level"]))
    print("{KEPT}")
except LawBroken as broken:
    print(broken)
"""


class Mutation(NamedTuple):
    """One fault, and the law and the learner that tell it."""

    law: str
    fault: str
    file: str
    before: str
    after: str
    learner: str


MUTATIONS = [
    Mutation(
        "the future changes no forecast",
        "the loop teaches the row after",
        "prequential.py",
        "        learn(f, i, ys[t])",
        "        learn(f, i, ys[min(t + 1, len(ys) - 1)])",
        "level",
    ),
    Mutation(
        "the future changes no forecast",
        "a word is learned, as it answers, with one byte of the next",
        "prequential.py",
        "        ask(f, i, x, y, said[t])",
        "        ask(f, i, x, ys[y_at[t] : y_at[t + 1] + 1], said[t])",
        "words",
    ),
    Mutation(
        "predicting changes nothing",
        "each question counts as a point",
        "numbers/memories.py",
        "    row[CELL] = cell_of(f)",
        "    row[CELL] = cell_of(f)\n    f[at + ANSWERED] += 1.0",
        "level",
    ),
    Mutation(
        "chunks change nothing",
        "a block forgets the questions of the last",
        "prequential.py",
        "self.rows, self._queue, told",
        "self.rows, self._queue.copy(), told",
        "regression, horizons 1 and 3",
    ),
    Mutation(
        "chunks change nothing",
        "the compiled queue is read one place off",
        "prequential.py",
        "                forecast = queue[turn(asked, longest), c, h]",
        "                forecast = queue[turn(asked - 1, longest), c, h]",
        "level, horizons 1 and 5",
    ),
    Mutation(
        "chunks change nothing",
        "the compiled loop asks before it learns",
        "prequential.py",
        "        learn(f, i, ys[t])\n        for c in range(C):\n            for h in range(H):\n"
        "                ask(f, i, c, h, queue[turn(row, longest), c, h])\n",
        "        for c in range(C):\n            for h in range(H):\n"
        "                ask(f, i, c, h, queue[turn(row, longest), c, h])\n"
        "        learn(f, i, ys[t])\n",
        "level",
    ),
    Mutation(
        "chunks change nothing",
        "the compiled loop drops every tenth answer",
        "prequential.py",
        "if asked < 0 or not answers(",
        "if asked < 0 or row % 10 == 3 or not answers(",
        "level",
    ),
    Mutation(
        "chunks change nothing",
        "a label is learned before it is asked for",
        "prequential.py",
        "        ask(f, i, x, y, said[t])\n        learn(f, i, x, y)",
        "        learn(f, i, x, y)\n        ask(f, i, x, y, said[t])",
        "labels",
    ),
    Mutation(
        "resuming changes nothing",
        "a checkpoint keeps half of the digits",
        "checkpoint.py",
        'learner.floats.astype("<f8")',
        'learner.floats.astype("<f4").astype("<f8")',
        "forecaster, season 12",
    ),
    Mutation(
        "resuming changes nothing",
        "the integers are not read back",
        "checkpoint.py",
        '    learner.ints[:] = np.frombuffer(body[n:past], "<i8")',
        '    np.frombuffer(body[n:past], "<i8")',
        "forecaster",
    ),
    Mutation(
        "a batch is its observations",
        "the last observation of a batch is dropped",
        "learner.py",
        "        for t, y in enumerate(ys):",
        "        for t, y in enumerate(ys[:-1]):",
        "level",
    ),
    Mutation(
        "bad values do no harm",
        "infinity is refused and learned",
        "numbers/series.py",
        "        i[REFUSED] += 1\n        return SKIP\n    away",
        "        i[REFUSED] += 1\n        return LEARN\n    away",
        "level",
    ),
    Mutation(
        "shifts are learned",
        "every mean is over all points",
        "numbers/local.py",
        "        f[k] = (1.0 - rates[k]) * f[k] + 1.0",
        "        f[k] = f[k] + 1.0",
        "level",
    ),
    Mutation(
        "a change is followed",
        "after 500 labels nothing is learned",
        "labels/belief.py",
        "    gated_learn(d[BLEND:], likelihood, t)",
        "    if t >= 500:\n        return\n    gated_learn(d[BLEND:], likelihood, t)",
        "labels",
    ),
    Mutation(
        "every answer is learned",
        "every tenth answer is dropped",
        "numbers/series.py",
        "    if math.isnan(y):\n        i[MISSING] += 1",
        "    if math.isnan(y) or i[TIME] % 10 == 3:\n        i[MISSING] += 1",
        "level",
    ),
    Mutation(
        "what returns is held",
        "errors are counted for a thirtieth",
        "numbers/memories.py",
        "        size = abs(y - locations[k])\n        if n > YOUNG:",
        "        size = 0.03 * abs(y - locations[k])\n        if n > YOUNG:",
        "level",
    ),
    Mutation(
        "edges are outlived",
        "a missing value is the last one known",
        "numbers/memories.py",
        "series_pass(f, i, f[LAST])",
        "series_pass(f, i, y[0])",
        "level",
    ),
    Mutation(
        "the last value is near",
        "the fastest memory is slow",
        "numbers/memories.py",
        "model.fastest * APART",
        "0.01 * model.fastest * APART",
        "level",
    ),
    Mutation(
        "edges leave no scar",
        "every scale is over all errors",
        "numbers/memories.py",
        "        f[counts + k] = (1.0 - min(rates[k], fastest)) * f[counts + k] + 1.0",
        "        f[counts + k] = f[counts + k] + 1.0",
        "level",
    ),
    Mutation(
        "scale and shift go through",
        "errors are not divided by the unit",
        "numbers/regression.py",
        "        target = (y - anchor) / unit",
        "        target = y - anchor",
        "regression, posterior",
    ),
    Mutation(
        "forecasts are distributions",
        "the density forgets its scale",
        "distribution/mixture.py",
        "student_pdf((x - locations[k]) / scales[k], nus[k]) / scales[k]",
        "student_pdf((x - locations[k]) / scales[k], nus[k])",
        "level",
    ),
    Mutation(
        "what was expected teaches nothing",
        "a likelihood that is no density",
        "numbers/memories.py",
        "student_mass((y - location) / scale, cell / scale, TAIL) / cell",
        "student_mass((y - location) / scale, cell / scale, TAIL) / cell * scale",
        "level",
    ),
    Mutation(
        "forecasts are distributions",
        "what is given out is not taken from the counts",
        "words/discounted.py",
        "    return (times - discount(times) + given) / total(i, context)",
        "    return (times + given) / total(i, context)",
        "words",
    ),
    Mutation(
        "what was expected teaches nothing",
        "a negative label weighs less",
        "labels/belief.py",
        "        likelihood[k] = member_probability(z[k], y, known)",
        "        likelihood[k] = member_probability(z[k], y, known) ** (2 - y)",
        "labels",
    ),
    Mutation(
        "what was expected teaches nothing",
        "upward errors count double",
        "numbers/rls.py",
        "    step = bounded(error, bound)",
        "    step = bounded(error, bound) * (2.0 if error > 0.0 else 1.0)",
        "regression, posterior",
    ),
    Mutation(
        "what was expected teaches nothing",
        "every level is moved as the median",
        "numbers/pool.py",
        "(1.0 if y < x else 0.0) - LEVEL[every * m]",
        "(1.0 if y < x else 0.0) - 0.5",
        "forecaster",
    ),
    Mutation(
        "the loop is aligned",
        "an answer is awaited one row late",
        "prequential.py",
        "waiting.setdefault(row + horizon, [])",
        "waiting.setdefault(row + horizon + 1, [])",
        ORACLE,
    ),
    Mutation(
        "the loop is aligned",
        "one of the answers of each row is dropped",
        "prequential.py",
        "reversed(waiting.pop(row, []))",
        "reversed(waiting.pop(row, [])[1:])",
        ORACLE,
    ),
]


def mutated(source: str, mutation: Mutation) -> str:
    """The source with the fault in it."""
    found = source.count(mutation.before)
    assert found == 1, f"{mutation.file} has {mutation.before!r} {found} times, not once"
    return source.replace(mutation.before, mutation.after)


def verdict(mutation: Mutation) -> str:
    """What the law says of the learner in a copy of the package with the fault."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "forecast"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / mutation.file
        file.write_text(mutated(file.read_text(), mutation))
        judge = [sys.executable, "-c", JUDGE, mutation.law, mutation.learner]
        ran = subprocess.run(judge, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{mutation.fault}: the copy does not run\n{ran.stderr}"
    return ran.stdout.strip()


def code(text: str) -> str:
    """Text as code in a cell of a table."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "<br>".join(f"`{line}`" for line in lines)


def main() -> None:
    for mutation in MUTATIONS:
        mutated((PACKAGE / mutation.file).read_text(), mutation)
    assert {mutation.law for mutation in MUTATIONS} == set(LAWS), "a law has no mutation"
    page = Page("Every law fails where the code is wrong", __file__)
    page.say(
        "Each row is a copy of the package with one fault, and what the law that forbids it said "
        'of one learner there. "The loop is aligned" brings a learner of its own, an oracle in '
        "plain Python, and so tells faults of the loop for such; a fault of the compiled queue is "
        'told by "chunks change nothing", which holds the two loops against each other.'
    )
    rows, kept = [], []
    for mutation in MUTATIONS:
        said = verdict(mutation)
        print(f"{mutation.law} | {mutation.fault} | {said}", flush=True)
        if said == KEPT:
            kept.append(mutation.fault)
        change = f"`{mutation.file}`: {code(mutation.before)} → {code(mutation.after)}"
        cell = "**did not fail**" if said == KEPT else said
        rows.append([mutation.law, mutation.fault, change, mutation.learner, cell])
    page.say(table(["law", "fault", "before → after", "learner", "what the law said"], rows))
    page.say(f"{len(rows) - len(kept)} of {len(rows)} faults were told.")
    page.write()
    assert not kept, f"no law told of: {', '.join(kept)}"


if __name__ == "__main__":
    main()
