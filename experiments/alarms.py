"""Do alarms come as often as was asked for?

    python experiments/alarms.py ETTh2.csv exchange_rate.csv nyc_taxi.csv ...

ETTh2.csv is in the ETDataset repository of zhouhaoyi, exchange_rate.csv in
multivariate-time-series-data of laiguokun (without a header), and the others are in the folder data
of NAB, the anomaly benchmark of numenta. The streams in ``data`` are added.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from page import Page, table
from scipy.stats import chi2

from forecast import NumberForecaster, run
from forecast.live.alert import MEMORY, STEP, TOP, RareSurprise
from forecast.stream import open_numbers

DATA = Path(__file__).parent.parent / "data"
RATES = (1e-2, 1e-3)
SHORTEST = 1000  # surprises of a stream


def main() -> None:
    """Whether alarms come as often as was asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("files", nargs="*", type=Path)
    files: list[Path] = asked.parse_args().files
    names = " ".join(path.name for path in files)
    page = Page("Alarms: do they come as often as was asked for?", __file__, names)
    page.say(
        "`--alert p=P`: how many were raised, of how many were to come, and whether "
        "the latter lies in the exact 95 % Poisson interval of the former. Of a stream each column "
        "is one, forecast one row ahead by `NumberForecaster()`. The last "
        f"{MEMORY:,} surprises are remembered, {TOP:.0%} of them tell the tail, and an alarm moves "
        f"the log of the level by {STEP}: chosen on the files named in the command; those of "
        "`data` and the simulated ones were not looked at for it. With twice as many to tell the "
        "tail 1.12 times as many as asked were raised at 0.001 on every second of the streams "
        "named, by which that was changed, and 1.20 times on the others."
    )
    header = ["stream", "surprises"]
    for p in RATES:
        header += [f"at {p:g}", "fits"]
    for title, paths in (("named", files), ("of data", sorted(DATA.glob("*.csv")))):
        streams = {name: found for path in paths for name, found in surprises_of(path)}
        rows = alarm_rows(streams, RATES)
        fits = [sum(row[k] == "yes" for row in rows) for k in (3, 5)]
        page.say(
            f"Streams {title}: {fits[0]} and {fits[1]} of {len(rows)} fit. That is little news at "
            "1 %, where what was raised moves the level that raises; all of them together: "
            + "; ".join(f"at {p:g} {pooled(streams, p)}" for p in RATES)
            + "."
        )
        if rows:
            page.say(table(header, rows))
    page.say("A million simulated surprises each:")
    rare = (1e-4,)
    header = ["stream", "surprises"]
    for p in rare:
        header += [f"at {p:g}", "fits"]
    page.say(table(header, alarm_rows(simulated(), rare)))
    page.write()


def columns(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Every column of numbers of a file, with the name of its stream."""
    first = path.read_text().split("\n", 1)[0].split(",")
    headed = any(cell[:1].isalpha() for cell in first)
    names = first if headed else [f"c{k + 1}" for k in range(len(first))]
    for name in names[1:] if headed else names:
        stream = open_numbers(path, target=[name], step="rows")
        yield f"{path.stem}, {name}", np.concatenate([rows.y[:, 0] for rows in stream])


def surprises_of(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Of each column its surprises, one step ahead."""
    for name, ys in columns(path):
        found = run(NumberForecaster(), ys).surprise
        if len(found) >= SHORTEST:
            yield name, found


def alarms(surprises: np.ndarray, p: float) -> tuple[int, float, tuple[float, float]]:
    """Alarms, how many were to come, and the exact 95 % interval of their mean (Garwood, 1936)."""
    rare = RareSurprise(p)
    judged = [rare.judge(each) for each in surprises[~np.isnan(surprises)].tolist()]
    count = sum(alarm for _, alarm in judged)
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    expected = p * sum(tail is not None for tail, _ in judged)
    return count, expected, (float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2))


def alarm_rows(streams: dict[str, np.ndarray], rates: tuple[float, ...]) -> list[list[str]]:
    """A line for each stream: at each rate the alarms, those to come, and whether it fits."""
    rows = []
    for name, surprises in streams.items():
        line = [name, f"{len(surprises):,}"]
        for p in rates:
            count, expected, (low, high) = alarms(surprises, p)
            fits = "yes" if low <= expected <= high else "**no**"
            line += [f"{count} of {expected:.1f}", fits]
        rows.append(line)
        print(line, flush=True)
    return rows


def pooled(streams: dict[str, np.ndarray], p: float) -> str:
    """The alarms of all streams, of how many that were to come, and their ratio."""
    found = [alarms(surprises, p)[:2] for surprises in streams.values()]
    count, expected = (sum(each[k] for each in found) for k in (0, 1))
    low, high = chi2.ppf(0.025, 2 * count) / 2, chi2.ppf(0.975, 2 * count + 2) / 2
    ratios = f"{count / expected:.2f} times, {low / expected:.2f} to {high / expected:.2f}"
    return f"{count} of {expected:.0f} ({ratios})"


def simulated() -> dict[str, np.ndarray]:
    """A million surprises each, of forecasts right about the scale, and not all about the tails."""
    rng = np.random.default_rng(3)
    n = 1_000_000
    z = rng.normal(size=n)
    return {
        "Normal data, Normal forecast": 0.5 * z**2,
        "Student's t (3), forecast of Student's t (4)": 2.5
        * np.log1p(rng.standard_t(3, size=n) ** 2 / 4),
        "Normal data, forecast of Student's t (4)": 2.5 * np.log1p(z**2 / 4),
    }


if __name__ == "__main__":
    main()
