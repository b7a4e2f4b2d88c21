"""Do features of the calendar, or holidays, gain anything over the seasons that a learner finds?

    python experiments/calendar_known.py ETTh2.csv nyc_taxi.csv Twitter_volume_AAPL.csv ...

ETTh2.csv is in the ETDataset repository of zhouhaoyi, the other streams are in the folder data of
NAB, the anomaly benchmark of numenta; the bundled hours and days of water take part. Every set of
columns goes through the door of ``--known``: it is known of the row of each answer. Nothing was
tuned: every set is shown; one of them is chosen on the streams that are marked so, and judged on
the others. Holidays come from the library of that name (pip install holidays).
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from page import Page, table

from forecast import NumberForecaster, run

Floats = NDArray[np.float64]
HERE = Path(__file__).resolve().parent.parent
MOST = 10_400  # rows of a stream
FIRST = 500  # rows that are not scored
DAY = 86_400.0  # seconds


class Stream(NamedTuple):
    """One column of a file with its times."""

    file: str
    column: str
    step: str  # between two rows
    day: int  # rows in a day, or in a week of days: the second horizon
    place: str  # where it was measured, for holidays; "" where that is nowhere
    chosen: bool = False  # whether the columns were chosen on it


STREAMS = (
    Stream("ETTh2", "OT", "1 h", 24, "CN", chosen=True),
    Stream("ETTh2", "HULL", "1 h", 24, "CN", chosen=True),
    Stream("water_flow", "flow", "1 h", 24, "", chosen=True),
    Stream("ETTh2", "HUFL", "1 h", 24, "CN"),
    Stream("ETTh2", "MUFL", "1 h", 24, "CN"),
    Stream("ETTh2", "LUFL", "1 h", 24, "CN"),
    Stream("nyc_taxi", "value", "30 min", 48, "US"),
    Stream("exchange-4_cpc_results", "value", "1 h", 24, "US"),
    Stream("Twitter_volume_AAPL", "value", "5 min", 288, "US"),
    Stream("machine_temperature_system_failure", "value", "5 min", 288, ""),
    Stream("trump_approval", "five_thirty_eight", "1 d", 7, "US"),
)
Times = pd.DatetimeIndex


def waves(times: Times, period: float, many: int) -> Floats:
    """Sines and cosines of a period in days, [n, 2 many]."""
    days = (times - pd.Timestamp("2001-01-01")) / pd.Timedelta(days=1)  # a Monday
    turns = np.outer(np.asarray(days), np.arange(1, many + 1)) * 2.0 * np.pi / period
    return np.hstack([np.sin(turns), np.cos(turns)])


def smooth(times: Times, day: int, week: int, year: int) -> Floats:
    """So many waves of the hour of the day, of the day of the week, and of the day of the year."""
    return np.hstack(
        [waves(times, 1.0, day), waves(times, 7.0, week), waves(times, 365.2425, year)]
    )


def weekend(times: Times) -> Floats:
    """1 on Saturday and Sunday."""
    return np.asarray(times.day_of_week >= 5, float)[:, None]


def flag(times: Times, place: str) -> Floats:
    """1 on a public holiday."""
    free = holidays.country_holidays(place)
    return np.array([[float(day in free)] for day in times.date])


def hourly(times: Times, place: str) -> Floats:
    """That, and the hours of a holiday as two waves of their own."""
    free = flag(times, place)
    return np.hstack([free, free * waves(times, 1.0, 2)])


Made = Callable[[Times, Stream], Floats]
SETS: dict[str, Made] = {
    "one wave each": lambda times, of: smooth(times, 1, 1, 1),
    "waves of day and week": lambda times, of: smooth(times, 2, 3, 0),
    "day, week, year": lambda times, of: smooth(times, 2, 3, 1),
    "weekend": lambda times, of: weekend(times),
    "weekend, waves of the year": lambda times, of: np.hstack(
        [weekend(times), smooth(times, 0, 0, 2)]
    ),
}
FREE: dict[str, Made] = {
    "holidays": lambda times, of: flag(times, of.place),
    "holidays by hour": lambda times, of: hourly(times, of.place),
}


def read(stream: Stream, paths: dict[str, Path]) -> tuple[Times, Floats]:
    """Times and values of the first rows."""
    path = paths.get(stream.file, HERE / "data" / f"{stream.file}.csv")
    frame = pd.read_csv(path, nrows=MOST)
    # the clock on the wall, whatever its distance from UTC
    times = pd.DatetimeIndex(pd.to_datetime(frame.iloc[:, 0].str[:19]))
    return times, frame[stream.column].to_numpy(float)


def errors(stream: Stream, ys: Floats, known: Floats | None) -> dict[int, tuple[Floats, Floats]]:
    """Of each horizon the absolute errors and the CRPS of each answer, by its row."""
    columns = 0 if known is None else known.shape[1]
    learner = NumberForecaster((1, stream.day), step=stream.step, known=columns)
    answers = run(learner, ys, known=known)
    found = {}
    for horizon in learner.horizons:
        at = answers.horizon == horizon
        each = np.full((2, len(ys)), np.nan)
        each[0, answers.row[at]] = np.abs(answers.y - answers.quantiles[:, 10])[at]
        each[1, answers.row[at]] = answers.crps[at]
        found[horizon] = each[0], each[1]
    return found


def ratios(
    stream: Stream, paths: dict[str, Path]
) -> Iterator[tuple[str, int, tuple[float, float, float]]]:
    """Of each set of columns and horizon: MAE and CRPS over those without; on holidays alone."""
    times, ys = read(stream, paths)
    plain = errors(stream, ys, None)
    sets = {**SETS, **(FREE if stream.place else {})}
    free = flag(times, stream.place)[:, 0] > 0.0 if stream.place else np.zeros(len(ys), bool)
    for name, made in sets.items():
        known = made(times, stream)
        if not np.ptp(known, axis=0).all():
            continue  # no such day comes in these rows
        for horizon, each in errors(stream, ys, known).items():
            row = []
            for kind in (0, 1):
                rows = np.arange(len(ys)) >= FIRST
                row.append(np.nansum(each[kind][rows]) / np.nansum(plain[horizon][kind][rows]))
            rows = free & (np.arange(len(ys)) >= FIRST)
            of = np.nansum(plain[horizon][0][rows])
            row.append(np.nansum(each[0][rows]) / of if of else np.nan)
            yield name, horizon, (row[0], row[1], row[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("streams", type=Path, nargs="+")
    paths = {path.stem: path for path in parser.parse_args().streams}
    page = Page("Calendar and holidays", __file__, " ".join(path.name for path in paths.values()))
    page.say(
        f"Of each stream the first {MOST:,} rows, scored from row {FIRST} on, one step and one day "
        "ahead (of days a week): MAE, and in brackets CRPS, with these columns known ahead over "
        "those of the same learner without; below 1 they gain. The learner's own season is that of "
        "its step (`auto`), with the week that joins a day where that says more."
    )
    found: dict[tuple[Stream, int], dict[str, tuple[float, float, float]]] = {}
    for stream in STREAMS:
        for columns, horizon, said in ratios(stream, paths):
            found.setdefault((stream, horizon), {})[columns] = said
            print(stream.file, stream.column, columns, horizon, said, flush=True)
    page.say("## Waves of the calendar, and weekends")
    page.say(of_streams(found, SETS))
    page.say("## Holidays")
    page.say(
        "In the last two columns the MAE on the holidays alone. ETTh2 is of a place in China, the "
        "taxis are New York's; where the advertisements of exchange-4 were shown is not told, the "
        "holidays of the United States were taken."
    )
    page.say(of_streams(found, FREE, alone=True))
    page.say("## Geometric means over streams and horizons")
    page.say(means(found))
    best = {kind: chosen_of(found, sets) for kind, sets in (("calendar", SETS), ("free", FREE))}
    weekends, _, _ = found[STREAMS[TAXI], 48]["weekend"]
    free, _, on_them = found[STREAMS[TAXI], 48]["holidays by hour"]
    worst = worst_of(found, "holidays by hour", marked=False)
    page.say(
        f"Chosen on the marked streams they are {best['calendar']}; and {best['free']}. So the "
        "command has no option for either. The seasons that a learner finds say what the "
        f"calendar would; weekends help the taxis a day ahead ({weekends:.3f}), others hardly. "
        "Holidays help those whose days they change: the taxis a day ahead by "
        f"{100 * (1 - free):.1f} %, on the holidays themselves by {100 * (1 - on_them):.0f} %. "
        "Where they came once or twice, or mean nothing, they cost up to "
        f"{100 * (worst - 1):.1f} %. Who knows that they matter has them as a column of the file, "
        "`--known holiday`: 0 or 1, or as here that and its products with two waves of the hour."
    )
    page.write()


TAXI = 6  # its place among the streams
Found = dict[tuple[Stream, int], dict[str, tuple[float, float, float]]]


def of_streams(found: Found, sets: dict[str, Made], alone: bool = False) -> str:
    """A row for each stream and horizon, a column for each set."""
    rows = []
    for (stream, horizon), each in found.items():
        if not set(sets) & set(each):
            continue
        row = [f"{stream.file} {stream.column}{' *' * stream.chosen}", str(horizon)]
        told = [each.get(name) for name in sets]
        row += ["" if said is None else f"{said[0]:.3f} ({said[1]:.3f})" for said in told]
        if alone:
            row += ["" if said is None else f"{said[2]:.3f}" for said in told]
        rows.append(row)
    more = [f"{name}, on them" for name in sets] if alone else []
    return table(["stream (* chosen on)", "ahead", *sets, *more], rows)


def means(found: Found) -> str:
    """Geometric means, of the streams that columns were chosen on and of the others."""
    rows = []
    for name in (*SETS, *FREE):
        for chosen in (True, False):
            mae, crps = mean_of(found, name, chosen)
            worst = f"{worst_of(found, name, chosen):.3f}"
            which = "chosen on" if chosen else "others"
            rows.append([name, which, f"{mae:.4f}", f"{crps:.4f}", worst])
    return table(["columns", "streams", "MAE", "CRPS", "worst MAE"], rows)


def chosen_of(found: Found, sets: dict[str, Made]) -> str:
    """The set with the least MAE on the marked streams, with its figures there and on others."""
    ratio = {
        (name, marked): mean_of(found, name, marked)[0] for name in sets for marked in (True, False)
    }
    best = min(sets, key=lambda name: ratio[name, True])
    return f'"{best}", {ratio[best, True]:.4f} there and {ratio[best, False]:.4f} on the others'


def mean_of(found: Found, name: str, marked: bool) -> Floats:
    """Geometric means of the ratios of MAE and CRPS."""
    said = [
        each[name][:2]
        for (stream, _), each in found.items()
        if stream.chosen == marked and name in each
    ]
    means: Floats = np.exp(np.log(np.array(said)).mean(axis=0))
    return means


def worst_of(found: Found, name: str, marked: bool) -> float:
    """The largest ratio of MAE."""
    return max(
        each[name][0]
        for (stream, _), each in found.items()
        if stream.chosen == marked and name in each
    )


if __name__ == "__main__":
    main()
