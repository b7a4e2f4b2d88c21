"""A run over the numbers of a CSV."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from forecast.kinds.kind import LAST_ROWS, Kind, UsageError, joined

if TYPE_CHECKING:
    import numpy as np

    from forecast.clock import Step
    from forecast.lookahead import Beginning
    from forecast.numbers.forecaster import NumberForecaster
    from forecast.prequential import Answers, Run
    from forecast.report import Report
    from forecast.stream import NumberStream, Rows
    from forecast.stream.source import Source


PIECE = 16384  # answers that one call of the loop may give: bounds memory
MOST_WAITING = 2_000_000  # questions that wait for their answers at once: about 850 MB


class Numbers(Kind):
    """A run over the numbers of a CSV."""

    bad = "left out"
    beginning: "Beginning"
    last: "np.ndarray"  # what was told in the last rows
    stream: "NumberStream"
    learner: "NumberForecaster"
    loop: "Run"
    report: "Report"

    def load(self) -> None:
        """Import what it needs."""
        import forecast.numbers.forecaster
        import forecast.prequential
        import forecast.report  # noqa: F401

    def open(self, asked: Namespace) -> "NumberStream":
        """Open the source."""
        self.stream = opened(asked)
        return self.stream

    def blocks(self) -> "Iterator[Rows]":
        """What is read."""
        return first_two(self.stream)

    def begin(self, asked: Namespace) -> list[str]:
        """Make the learner; returns what was guessed, in sentences."""
        import numpy as np

        from forecast.lookahead import Beginning
        from forecast.prequential import Run
        from forecast.stream.ahead import Ahead

        stream, self.horizons = self.stream, asked.horizon
        self.season = season_for(asked.season, stream.step)
        channels = len(stream.series)
        refuse_too_many(self.horizons, channels)
        self.learner = learner_for(asked, channels, stream.step)
        self.ahead = Ahead(len(asked.known), len(asked.context), self.horizons)
        self.loop = Run(self.learner, self.season)
        self.beginning = Beginning(self._again)
        self.last = np.empty((0, channels + self.learner.beside))
        said = season_said(asked.season, self.season, stream.step)
        return [*(f"guessed: {guess}" for guess in stream.guessed), said]

    def reporting(self, asked: Namespace) -> "Report":
        """Make the report."""
        from forecast.report import Report

        what = (self.stream.series, self.horizons, self.season)
        self.report = Report(asked.out, *what, asked.predictions, asked.force)
        return self.report

    def nothing(self) -> "Rows":
        """A piece without rows."""
        import numpy as np

        from forecast.stream import Rows

        empty = np.empty((0, len(self.stream.series))), np.empty((0, self.learner.beside))
        return Rows(0, [], *empty)

    def pieces(self, blocks: "Iterable[Rows]") -> "Iterator[Rows]":
        """The blocks in pieces whose answers can be held."""
        return pieces(self.ahead.of(blocks), len(self.horizons) * len(self.stream.series))

    def feed(self, rows: "Rows") -> "Answers":
        """Forecast, be told, learn; between rows that lie evenly apart, note who is listened to."""
        import numpy as np

        from forecast.prequential import Answers

        parts: list[Answers] = []
        beside = rows.beside if self.learner.beside else None
        for start, stop in self.listened(rows.first, len(rows)):
            part = slice(start, stop)
            parts.append(self.loop.feed(rows.y[part], None if beside is None else beside[part]))
        answers = Answers(*joined(parts))
        self.beginning.keep(rows.y, answers, beside)
        told = rows.y if beside is None else np.concatenate((rows.y, beside), axis=1)
        self.last = np.concatenate((self.last, told[-LAST_ROWS:]))[-LAST_ROWS:]
        return answers

    def weights(self) -> dict[tuple[str, int], dict[str, float]]:
        """How much each expert weighs now, of the series and horizons that are watched."""
        place = {name: channel for channel, name in enumerate(self.stream.series)}
        return {
            (name, horizon): self.learner.weights(place[name], horizon)
            for name, horizon in self.report.course.watched
        }

    def _again(self) -> "Run":
        """A run like this one that has seen nothing."""
        from forecast.prequential import Run

        return Run(type(self.learner)(**self.learner.options()), self.season)

    def tested(self) -> dict[str, Any]:
        """Whether the run looked ahead."""
        return {"look_ahead": self.beginning.test()}

    def paced(self) -> dict[str, float | None]:
        """What one point costs by itself, and the share of asking in the loop."""
        from forecast.report.pace import asking_share, pace

        share = asking_share(self.learner, self.last)
        return {**pace(self.learner, self.last), "asking_share_of_loop": share}

    def score(self, rows: "Rows", answers: "Answers") -> None:
        """Score the answers, and write them."""
        self.report.add(answers, times_of(rows))

    def coming(self) -> list[Any]:
        """What comes after the end of the data."""
        return list(next_rows(self.learner, self.stream, self.ahead.future))

    def read(self) -> dict[str, Any]:
        """What was read, and how."""
        stream = self.stream
        return {
            "rows": stream.rows,
            "rows_ahead": self.ahead.future,
            "rows_read": stream.rows_read,
            "bad_rows": stream.bad,
            "values": values_of(self.learner, stream.series),
            "time": stream.time,
            "step": None if stream.step is None else str(stream.step),
            "guessed": stream.guessed,
            "seasons": self.seasons(),
        }

    def seasons(self) -> dict[str, list[int]]:
        """The seasons in force at the end, in steps, of each series."""
        names = self.stream.series
        return {name: list(self.learner.seasons(c)) for c, name in enumerate(names)}

    def notices(self) -> list[str]:
        """Seasons that were found, exclusions that no row has met, a file that may be cut."""
        found: dict[tuple[int, ...], list[str]] = {}
        for name, seasons in self.seasons().items():
            if set(seasons) - {self.season}:
                found.setdefault(tuple(seasons), []).append(name)
        said = [
            f"seasons found: {' and '.join(map(str, seasons))} steps, of {', '.join(names)}"
            for seasons, names in found.items()
        ]
        said += [f"warning: --exclude {text} met no row" for text in self.stream.unmet]
        if self.stream.unended:
            said.append("warning: the last line ends without a newline: was the file cut there?")
        return said

    def points(self) -> int:
        """Values on the grid, missing ones included."""
        return (self.stream.rows - self.ahead.future) * self.learner.channels


def learner_for(asked: Namespace, channels: int, step: "Step | None") -> "NumberForecaster":
    """Who forecasts what was asked for, of so many series that come in this step."""
    from forecast.numbers.forecaster import NumberForecaster

    # of a step without a season nothing is known: any is looked for
    known = asked.season == "auto" and season_for(asked.season, step) > 0
    beside = len(asked.known), len(asked.context)
    named = str(step) if known else None
    return NumberForecaster(asked.horizon, asked.season, channels, named, asked.bounds, *beside)


def opened(asked: Namespace, source: "Source | None" = None) -> "NumberStream":
    """The source that was asked for, or one at hand, as a stream of numbers."""
    from forecast.stream import open_numbers

    beside = {"beside": (*asked.context, *asked.known), "gather": asked.gather}
    stream: NumberStream = read_as(
        asked, open_numbers, source or asked.source, target=asked.target, **beside
    )
    return stream


def read_as(asked: Namespace, reader: Callable[..., Any], *what: Any, **more: Any) -> Any:
    """A source in the hands of a reader of CSV, that is told how the rows were said to be read."""
    from forecast.stream import ExclusionError
    from forecast.stream.numerals import MISSING

    if asked.thousands == asked.decimal:
        raise UsageError("--decimal and --thousands are different marks.")
    try:
        return reader(
            *what,
            time=asked.time,
            delimiter=asked.delimiter,
            decimal=asked.decimal,
            thousands={None: "", "space": " "}.get(asked.thousands, asked.thousands),
            missing=(*MISSING, *asked.missing),
            step=asked.step,
            duplicates=asked.duplicates,
            unsorted=asked.unsorted,
            time_format=asked.time_format,
            exclude=asked.exclude,
            bounds=asked.bounds,
            **more,
        )
    except ExclusionError as error:
        raise UsageError(str(error)) from None


def first_two(stream: "NumberStream") -> "Iterator[Rows]":
    """The blocks of a stream, read so far that its step is known: of two times, if it has two."""
    blocks = iter(stream)
    read: list[Rows] = []
    while stream.step is None and (rows := next(blocks, None)) is not None:
        read.append(rows)
    return chain(read, blocks)


def season_for(asked: int | str, step: "Step | None") -> int:
    """The season asked for; for "auto" the natural one of the step."""
    from forecast.clock import season_of

    return asked if isinstance(asked, int) else season_of(step)


def season_said(asked: int | str, season: int, step: "Step | None") -> str:
    """The season in words; nothing where a person named it.

    Examples
    --------
    >>> from forecast.clock import Step
    >>> season_said("auto", 48, Step.named("30 minutes"))
    'season: 48 steps of 30 minutes, a day (--season to name another)'
    """
    if asked != "auto" or step is None:
        return ""
    if season == 0:
        return f"season: none is known for a step of {step}; looked for (--season to name one)"
    whole = str(type(step)(step.unit, step.size * season))
    names = {"1 minute": "a minute", "1 hour": "an hour", "1 day": "a day", "1 week": "a week"}
    named = {**names, "1 year": "a year", "52 weeks": "a year"}.get(whole, whole)
    return f"season: {season} steps of {step}, {named} (--season to name another)"


def refuse_too_many(horizons: Sequence[int], series: int) -> None:
    """Refuse questions that no memory could hold until they are answered."""
    waiting = len(horizons) * horizons[-1] * series
    if waiting > MOST_WAITING:
        raise UsageError(
            f"{len(horizons):,} horizons up to {horizons[-1]:,} of {series:,} series would keep "
            f"{waiting:,} questions waiting, more than {MOST_WAITING:,}: name fewer with --horizon."
        )


def pieces(blocks: "Iterable[Rows]", questions: int) -> "Iterator[Rows]":
    """The blocks in pieces whose answers are few enough to be held, so many for each row."""
    from forecast.stream import Rows

    most = max(1, PIECE // questions)
    for rows in blocks:
        for start in range(0, len(rows), most):
            part = slice(start, start + most)
            yield Rows(rows.first + start, rows.times[part], rows.y[part], rows.beside[part])


def times_of(rows: "Rows") -> Callable[[int], str]:
    """The text of the time of a row."""
    return lambda row: rows.times[row - rows.first]


def next_rows(
    learner: "NumberForecaster", stream: "NumberStream", future: int
) -> Iterator[tuple[str, str, int, float, list[float]]]:
    """What comes after the end of the data, for every series and horizon.

    Of the rows that were read the last ``future`` are not of the past.
    """
    from forecast.distribution.t4 import LEVELS

    for series, name in enumerate(stream.series):
        for horizon in learner.horizons:
            said = learner.predict(horizon=horizon)
            one = said[series] if isinstance(said, tuple) else said
            quantiles = [float(one.quantile(level)) for level in LEVELS]
            yield stream.future(horizon - future), name, horizon, float(one.mean), quantiles


def values_of(learner: "NumberForecaster", names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of each series, how many values were observed, missing, and refused as absurd."""
    from forecast.numbers.series import MISSING, OBSERVED, REFUSED

    columns = {"observed": OBSERVED, "missing": MISSING, "refused": REFUSED}
    return {
        name: {what: int(count[column]) for what, column in columns.items()}
        for name, count in zip(names, learner.view("counts"), strict=True)
    }
