"""Which of two forecasters is better: does each test of `forecast compare` keep its promise?

    python experiments/comparison.py [--paths N] [--points N]

Differences of losses are drawn whose mean is known. The test of Diebold and Mariano should claim a
difference where there is none in 5 % of samples; the band that may be looked at always should hold
the mean at *every* time in at least 95 % of paths; and both should see a difference that is there.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
from page import Page, table

from forecast.report.anytime import ALPHA, GUARD, MOVES, PER_STEP, PRIOR, Anytime
from forecast.report.comparison import diebold_mariano

DAY = 24  # steps ahead of the questions that overlap
ONE_LOOK = 1.959963984540054  # standard errors
EFFECTS = (0.05, 0.1, 0.2)  # true differences, in standard deviations
LONGEST = 60_000
Draw = Callable[[np.random.Generator, int], np.ndarray]


def main() -> None:
    """Simulate, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=1_000)
    parser.add_argument("--points", type=int, default=10_000)
    asked = parser.parse_args()
    page = Page("Which of two forecasters is better?", __file__)
    start = time.perf_counter()
    page.say(
        "`forecast compare` looks at the paired differences of two runs' losses. Here they are "
        f"drawn with a mean that is known; {asked.paths:,} samples or paths each, so that a share "
        f"of 5 % is known to {200.0 * math.sqrt(0.05 * 0.95 / asked.paths):.1f} points (two "
        "standard errors)."
    )
    page.say("## The test of Diebold and Mariano: its size\n\n" + sizes(asked.paths))
    page.say("## The band that may be looked at always: does it hold at every time?\n\n"
             + coverages(asked.paths, asked.points))  # fmt: skip
    page.say("## How long until a difference is seen?\n\n" + powers(asked.paths // 5))
    page.say("## What is seen by so many answers?\n\n" + seen_by(asked.paths // 2))
    page.say(f"All of it took {time.perf_counter() - start:.0f} seconds.")
    page.write()


# ---- differences of mean 0 -----------------------------------------------------------------------


def overlapping(values: np.ndarray) -> np.ndarray:
    """Sums of a day's values in a row, as errors 24 steps ahead are; variance as of one."""
    upto = np.concatenate(([0.0], np.cumsum(values)))
    return (upto[DAY:] - upto[:-DAY]) / math.sqrt(DAY)


def cold(rng: np.random.Generator, n: int) -> np.ndarray:
    """Learners that begin with errors thirty times as large."""
    return rng.normal(size=n) * (1.0 + 30.0 * np.exp(-np.arange(n) / 20.0))


def clustered(rng: np.random.Generator, n: int) -> np.ndarray:
    """Calm and excited stretches: GARCH(1, 1)."""
    z, variance = rng.normal(size=n).tolist(), 1.0
    for i, shock in enumerate(z):
        z[i] = math.sqrt(variance) * shock
        variance = 0.05 + 0.1 * z[i] ** 2 + 0.85 * variance
    return np.array(z)


def hourly(rng: np.random.Generator, n: int) -> np.ndarray:
    """Each hour of a day has a mean of its own."""
    return rng.normal(size=n) + 3.0 * np.sin(2.0 * np.pi * np.arange(n) / DAY)


# name: horizon, and how they are drawn
KINDS: dict[str, tuple[int, Draw]] = {
    "normal": (1, lambda rng, n: rng.normal(size=n)),
    "Student t, 3 degrees": (1, lambda rng, n: rng.standard_t(3, size=n)),
    "skewed: exponential": (1, lambda rng, n: rng.exponential(size=n) - 1.0),
    "very skewed: lognormal": (1, lambda rng, n: rng.lognormal(size=n) - math.exp(0.5)),
    "equal but for 5 %": (
        1,
        lambda rng, n: (rng.random(n) < 0.05) * rng.exponential(size=n) - 0.05,
    ),
    "a cold start": (1, cold),
    "calm and excited: GARCH": (1, clustered),
    "overlapping, normal": (DAY, lambda rng, n: overlapping(rng.normal(size=n + DAY - 1))),
    "overlapping, Student t": (DAY, lambda rng, n: overlapping(rng.standard_t(3, n + DAY - 1))),
    "overlapping, squared": (
        DAY,
        lambda rng, n: overlapping(rng.normal(size=n + DAY - 1)) ** 2 - 1.0,
    ),
    "independent": (DAY, lambda rng, n: rng.normal(size=n)),
    "each hour its own mean": (DAY, hourly),
}


# ---- tables --------------------------------------------------------------------------------------


def sizes(samples: int) -> str:
    """False claims at 5 % of the test, and of other weights for the autocovariances."""
    header = ["horizon", "answers", "differences", "false claims", "falling weights (Bartlett)"]
    header += ["equal weights, not corrected for small samples", "as if independent"]
    rows, highest = [], 0.0
    plain = ("normal", "Student t, 3 degrees", "skewed: exponential")
    asked = [(1, 500, name) for name in plain]
    late = [name for name, (horizon, _) in KINDS.items() if horizon == DAY]
    asked += [(DAY, times * DAY, name) for times in (PER_STEP, 50) for name in late]
    for horizon, n, name in asked:
        rng = np.random.default_rng(1)
        drawn = np.array([KINDS[name][1](rng, n) for _ in range(samples)])
        found = np.array([diebold_mariano(d, horizon).p for d in drawn])
        correct = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
        equal = statistics(drawn, np.ones(horizon))
        falling = statistics(drawn, 1.0 - np.arange(horizon) / horizon)
        alone = statistics(drawn, np.ones(1))
        others = [(np.abs(each) > ONE_LOOK).mean() for each in (correct * falling, equal, alone)]
        claimed = float((found < 0.05).mean())
        highest = max(highest, claimed)
        shares = [f"{100.0 * share:.1f} %" for share in (claimed, *others)]
        rows.append([f"{horizon}", f"{n:,}", name, *shares])
    note = (
        "Wanted: 5 %. The test that is used weighs the autocovariances up to lag h - 1 equally "
        "and is corrected for small samples (Harvey, Leybourne and Newbold 1997); falling weights, "
        "the usual choice, claim more where answers overlap. Below "
        f"{PER_STEP} answers for each step it is refused; even there it claims up to "
        f"{100.0 * highest:.0f} % in place of 5: at long horizons a p-value near 5 % is weak."
    )
    return table(header, rows) + "\n\n" + note


def statistics(drawn: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over its standard error [samples], by weighted autocovariances; all samples at once."""
    n = drawn.shape[1]
    x = drawn - drawn.mean(axis=1, keepdims=True)
    variance = sum(
        w * (1.0 + (k > 0)) * (x[:, k:] * x[:, : n - k]).sum(axis=1) / n
        for k, w in enumerate(weights)
    )
    with np.errstate(invalid="ignore"):  # a variance below 0 claims nothing
        return np.nan_to_num(drawn.mean(axis=1) / np.sqrt(variance / n))


def coverages(paths: int, points: int) -> str:
    """The share of paths that stay in the band at every time."""
    header = ["horizon", "differences", "held at every time", "held at the end"]
    header += ["a band for one look held at every time", "half width at the end, deviations"]
    rows = []
    for name, (horizon, draw) in KINDS.items():
        rng = np.random.default_rng(2)
        always, last, once, widths = [], [], [], []
        for _ in range(paths):
            d = draw(rng, points)
            seen = Anytime(horizon).add(d)
            inside = np.abs(seen.mean) <= seen.radius
            always.append(inside.all())
            last.append(inside[-1])
            widths.append(seen.radius[-1] / d.std())
            once.append(one_look(d, seen.counted, horizon).all())
        shares = [f"{100.0 * np.mean(each):.1f} %" for each in (always, last, once)]
        rows.append([f"{horizon}", name, *shares, f"{np.mean(widths):.3f}"])
    note = (
        f"Wanted: at least 95 % at every one of {points:,} times. Exact for the first line, "
        "asymptotic for the others. The band for one look is the mean and 1.96 standard errors "
        "(by the autocovariances that overlapping answers have), looked at from the same answer "
        f"on as ours: what watching a test costs. Constants: c = {PRIOR:g}, g = {GUARD:g}, nothing "
        f"said before {MOVES} differences unlike the one before and, above horizon 1, before "
        f"{PER_STEP} h answers."
    )
    return table(header, rows) + "\n\n" + note


def one_look(d: np.ndarray, counted: np.ndarray, horizon: int) -> np.ndarray:
    """Where 0 lies within 1.96 standard errors of the mean, after each answer."""
    n = np.arange(1.0, len(d) + 1.0)
    mean = np.cumsum(d) / n
    spread = np.maximum(np.cumsum(d * d) - n * mean**2, 0.0)
    inside = np.abs(mean) <= ONE_LOOK * np.sqrt(counted * spread) / n
    return inside[max(MOVES, PER_STEP * horizon if horizon > 1 else 0) :]


def powers(paths: int) -> str:
    """Answers until the band leaves 0 out."""
    header = ["horizon", "differences"]
    header += [f"{effect:g} deviations" for effect in EFFECTS]
    rows = [["1", "one look, known beforehand, seen in 80 %"]]
    rows[0] += [f"{((ONE_LOOK + 0.8416) / effect) ** 2:,.0f}" for effect in EFFECTS]
    for name, (horizon, draw) in KINDS.items():
        if name in ("each hour its own mean", "a cold start"):
            continue
        rng = np.random.default_rng(3)
        first: dict[float, list[int]] = {effect: [] for effect in EFFECTS}
        for _ in range(paths):
            d = draw(rng, LONGEST)
            deviation = d.std()
            for effect, found in first.items():
                shown = Anytime(horizon).add(d + effect * deviation).log_e >= -math.log(ALPHA)
                found.append(int(shown.argmax()) + 1 if shown.any() else LONGEST)
        rows.append([f"{horizon}", name, *map(deciles, first.values())])
    note = (
        "Median answers until the band leaves 0 out, and in brackets the first and last decile, "
        f"over {paths:,} paths of {LONGEST:,}. Errors that overlap 24-fold tell as much as one in "
        "24 that do not."
    )
    return table(header, rows) + "\n\n" + note


def seen_by(samples: int) -> str:
    """The share of samples in which a difference of a tenth of a deviation is seen."""
    header = ["horizon", "differences"]
    header += [f"{n:,}: {what}" for n in (500, 1_000, 2_000, 4_000) for what in ("test", "band")]
    rows = []
    for name in ("normal", "Student t, 3 degrees", "overlapping, normal", "independent"):
        horizon, draw = KINDS[name]
        row = [f"{horizon}", name]
        for n in (500, 1_000, 2_000, 4_000):
            rng = np.random.default_rng(4)
            tested, watched = [], []
            for _ in range(samples):
                d = draw(rng, n)
                d += 0.1 * d.std()
                tested.append(diebold_mariano(d, horizon).p < 0.05)
                watched.append((Anytime(horizon).add(d).log_e >= -math.log(ALPHA)).any())
            row += [f"{100.0 * np.mean(each):.0f} %" for each in (tested, watched)]
        rows.append(row)
    note = (
        f"A true difference of a tenth of a deviation, {samples:,} samples: seen by the test of "
        "Diebold and Mariano in one look after so many answers, and by the band in all looks up to "
        "then."
    )
    return table(header, rows) + "\n\n" + note


def deciles(first: list[int]) -> str:
    """The median, and the first and the last decile."""
    low, middle, high = np.quantile(first, [0.1, 0.5, 0.9])
    beyond = "> " if middle >= LONGEST else ""
    return f"{beyond}{middle:,.0f} ({low:,.0f} to {high:,.0f})"


if __name__ == "__main__":
    main()
