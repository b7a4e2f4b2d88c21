"""What do the figures of a report look like, and how is each read? One of each, on real data.

    python experiments/gallery.py data/co2.csv ETTh2.csv TEXT MESSAGES

A series, several series in columns, a text, and lines of label, tab, message. The figures are drawn
as the page draws them, and made smaller here.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from page import RESULTS, Page
from PIL import Image

from forecast.report.side_by_side import drawings

MOST = 600_000  # bytes of all pictures together
WIDTH, COLOURS = 880, 128  # of a picture
# of which run; the figure; how it is read, in one sentence
FIGURES = [
    (
        *("series", "next", "The next values"),
        "Right of the vertical line is the forecast: the truth should fall into the dark part of a "
        "bar half of the time and into the whole bar nine times in ten.",
    ),
    (
        *("series", "forecast", "Forecast and truth"),
        "Each value under the forecast that was made before it was known: the truth should run "
        "inside the band nine times in ten.",
    ),
    (
        *("columns", "skill", "Skill of every series and horizon"),
        "Blue cells: closer to the truth than the last value by so many per cent; orange ones: "
        "further off.",
    ),
    (
        *("series", "coverage", "Do the 90 % intervals hold?"),
        "The line is the share of late truths inside the interval: below the grey band the "
        "intervals were too narrow, and that was not chance.",
    ),
    (
        *("series", "sharpness", "How wide are the intervals?"),
        "Of two forecasters whose intervals hold, the one with the narrower ones knows more.",
    ),
    (
        *("series", "pit", "Are the probabilities right?"),
        "Flat bars are right; a hump means too wide, horns at the ends too narrow, a slope too "
        "high or too low.",
    ),
    (
        *("series", "reliability", "Does each quantile hold?"),
        "At 0 just as many truths lay below the quantile as it promised; outside the grey band "
        "that is no chance.",
    ),
    (
        *("columns", "confusion1", "What it was confused by"),
        "A lone spike of surprise is an outlier; surprise that stays above what was expected is a "
        "change (dashed), and shaded until it was learned; below, how much each point taught and "
        "to whom was listened.",
    ),
    (
        *("comparison", "compare-mae", "Two runs side by side"),
        "When the band has left the dashed line, one of the two is better, and one may stop.",
    ),
    (
        *("words", "loss", "Bits a byte"),
        "The fewer bits a byte, the better the text was foreseen; a line that falls is a "
        "forecaster that learns.",
    ),
    (
        *("labels", "reliability", "Are the probabilities of labels right?"),
        "Points on the diagonal: of the messages called spam with 30 %, 30 % were.",
    ),
]


def forecast(*words: object) -> None:
    """Run the command."""
    command = [sys.executable, "-m", "forecast", *map(str, words), "--quiet"]
    subprocess.run(command, check=True)


def runs(paths: argparse.Namespace, out: Path) -> None:
    """The runs whose figures are shown."""
    forecast("run", paths.series, "--horizon", "1,52", "--out", out / "series")
    forecast("run", paths.series, "--horizon", "1,52", "--season", "none", "--out", out / "plain")
    columns = numeric_columns(paths.columns)
    targets = [f"--target={name}" for name in columns]
    forecast("run", paths.columns, *targets, "--horizon", "1,24,48", "--out", out / "columns")
    forecast("run", paths.text, "--kind", "words", "--out", out / "words")
    forecast("run", paths.messages, "--kind", "labels", "--out", out / "labels")
    both = (out / "plain", out / "series")
    forecast("compare", *both, "--score", "mae", "--out", out / "comparison")


def numeric_columns(path: str) -> list[str]:
    """All columns but the first, which holds the times."""
    with Path(path).open(newline="") as file:
        return next(csv.reader(file))[1:]


def picture(out: Path, run: str, name: str) -> bytes:
    """A figure as the report has drawn it."""
    if run != "comparison":
        return (out / run / "figures" / f"{name}.png").read_bytes()
    record = json.loads((out / run / "compare.json").read_text())
    (drawn,) = drawings(record)
    return drawn.png


def smaller(png: bytes) -> bytes:
    """The same picture in fewer points and colours."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    size = (WIDTH, round(whole.height * WIDTH / whole.width))
    small = whole.resize(size, Image.Resampling.LANCZOS)
    # by coverage, so that a colour of few points stays what it is
    how = {"method": Image.Quantize.MAXCOVERAGE, "dither": Image.Dither.NONE}
    written = io.BytesIO()
    small.quantize(COLOURS, **how).save(written, "PNG", optimize=True)
    return written.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("series", "columns", "text", "messages"):
        parser.add_argument(name)
    paths = parser.parse_args()
    page = Page("Gallery: a figure of each kind, and how to read it", __file__, "CSV CSV TEXT TSV")
    of = {name: Path(value).name for name, value in vars(paths).items()}
    sources = {"words": of["text"], "labels": of["messages"], "comparison": of["series"]}
    folder = RESULTS / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    with TemporaryDirectory() as out:
        runs(paths, Path(out))
        for run, name, title, reading in FIGURES:
            png = smaller(picture(Path(out), run, name))
            total += len(png)
            file = f"{run}-{name.removeprefix('compare-')}.png"
            (folder / file).write_bytes(png)
            source = {**of, **sources}[run]
            page.say(f"## {title}\n\n`{source}`. {reading}\n\n![{title}](gallery/{file})")
    assert total <= MOST, f"the pictures are {total:,} bytes"
    page.write()


if __name__ == "__main__":
    main()
