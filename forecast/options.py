"""What can be asked on the command line, and how it is said."""

import argparse

from forecast import __version__
from forecast.kinds.kind import OF_PANELS, OPTIONS_OF, UsageError, of_many
from forecast.written import (
    bounds_named,
    delimiter_named,
    exclusion_named,
    horizons_named,
    labels_named,
    season_named,
    step_named,
    workers_named,
)

ABOUT = """\
Forecast the next observation, be surprised by it, learn that much, report.

Every row, word or label of the file is forecast before it is learned from: the whole file is a
test, and nothing has to be set aside for one."""
EXAMPLES = """\
examples:
  forecast run co2.csv
      the only column of numbers, one step ahead
  forecast run co2.csv --horizon 1,52 --out co2-report
      one step and 52 steps ahead; open co2-report/report.html
  forecast run power.csv --time date --target OT --target HUFL --horizon 1-48
      two series together, each step of the next 48
  forecast run sales.csv --decimal , --thousands . --time-format %d.%m.%Y --missing -999
      times as 31.01.2024, numbers as 1.234,5; -999 stands for a missing one
  forecast run shop.csv --exclude 2020-12-24..2020-12-26 --exclude ..2019-03-31
      a holiday and a bad start: their values are missing ones, not scored and not learned
  forecast run sales.csv --bounds 0,
      nothing is sold back: no forecast lies below 0
  forecast run sensor.csv --step '5 min' --gather mean
      times lie on no grid: what stands for five minutes is the mean of their readings
  forecast run shop.csv --target sold --known price --known holiday --context visitors
      prices and holidays are known ahead, visitors are counted with the sales; rows at the end
      that say a price and no sales yet are the future, and forecast.csv answers for them
  forecast run shops.csv --series shop --time day --target sold --horizon 1,7
      a row for each shop and day: thousands of series, each with a learner of its own
  forecast run shops.csv --wide --target 'shop_*'
      the same where each shop has a column
  forecast run log.csv.gz --step rows --json > scores.json
      one instant per row, whatever its time says; the scores as JSON
  forecast run book.txt --kind words
      each word of a text before it is read
  forecast run python-help --kind words
      the same of prose that comes with Python: nothing is needed to see it work
  forecast run mail.tsv --kind labels --labels ham,spam
      each label before it is told; a line is a label, a tab and the message
  forecast run tickets.csv --kind labels --label urgent --text body
      the same of a CSV with a header
  forecast run Mail --kind labels
      Mail/ham and Mail/spam are Maildirs, folders of messages, or mboxes: read by their times;
      or Mail is a Maildir, with its spam in the folder .Spam

  tail -f x.csv | forecast live - --target value --horizon 12 --checkpoint state
      a line of JSON for each row, as soon as it came; forecast live --help has more
  forecast compare plain seasonal
      two runs of one file, on the same questions; forecast compare --help has more
  forecast check forecast:Level
      does a learner keep the laws? name your own as module:factory

what it leaves in OUT:
  forecast.csv     what comes next: values with 21 quantiles each; words or labels with their p
  predictions.csv  each answered question: forecast, truth, surprise
  scores.json      errors, surprise and coverage; bits a byte; accuracy and log loss; beside rivals
  scores.csv       of many series: those of each
  report.html      all of it on one page that opens from disk

exit codes: 0 done, 1 fault, 2 wrong usage, 3 bad input, 4 an alert was asked for and raised"""
COMPARE = """\
Set finished runs of one file side by side, on the same questions: who is better, by how much, how
sure that is, and whether one may stop watching now. All runs are compared with the first."""
COMPARE_EXAMPLES = """\
examples:
  forecast run co2.csv --season none --out plain
  forecast run co2.csv --season 52 --out seasonal
  forecast compare plain seasonal
      what the season gains; open comparison/compare.html
  forecast compare plain seasonal third --score surprise --score winkler --out three
      two others against the first, by the surprise and by the score of the 90 % interval
  forecast compare plain seasonal --json > compare.json
      all of it as JSON

what it leaves in OUT:
  compare.json  each comparison: losses, difference with its band over time, e-value, p, in words
  compare.html  all of it on one page that opens from disk

The band may be looked at after every answer and still holds with 95 % confidence; the test of
Diebold and Mariano (p) is for one look, and refused below 20 answers for each step of the horizon.
A run whose predictions were thinned has to be run again with --predictions all.

exit codes: 0 done, 1 fault, 2 wrong usage or runs of other input, 3 bad input"""
CHECK = """\
Run the laws of learners on one of your own, or of the library: the future changes no forecast,
predicting changes nothing, every answer is learned, and so on. Of a law that is broken the smallest
stream that breaks it is looked for, and shown; Hypothesis does that, where it is installed
(pip install 'forecast[check]')."""
CHECK_EXAMPLES = """\
examples:
  forecast check forecast:LightForecaster
      a class of the library
  forecast check mine:Mine
      the class Mine, or a function that makes a learner, in mine.py of this directory

A learner has horizons and a rate, predict and learn: see help(forecast.Learner). A factory is
called without arguments, many times.

exit codes: 0 all laws are kept, 1 one is broken, 2 no such learner, 3 it cannot be made"""

COMPLETION = """\
Write a script by which a shell completes commands, options and their values.

  bash  in ~/.bashrc:                   eval "$(forecast completion bash)"
  zsh   in ~/.zshrc, after compinit:    eval "$(forecast completion zsh)"
  fish  in ~/.config/fish/config.fish:  forecast completion fish | source"""


def parser() -> argparse.ArgumentParser:
    """The words of the command line and their help."""
    layout = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        "forecast", description=ABOUT, epilog=EXAMPLES, formatter_class=layout, allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"forecast {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="task", required=True)
    command = commands.add_parser(
        "run",
        help="forecast every row of a file before it is seen; forecast --help has examples",
        description="Forecast every row of a file before it is seen, score that, and forecast on.",
        epilog=EXAMPLES,
        formatter_class=layout,
        allow_abbrev=False,
    )
    command.add_argument(
        "source",
        metavar="SOURCE",
        help="a CSV, a text, lines of label<TAB>message, plain or gzip; - for stdin; a folder with "
        "a box of mail for each label; or python-help, a text that comes with Python",
    )
    add_question(command.add_argument_group("the question"))
    file = command.add_argument_group(
        "the file of numbers; guessed, and said aloud, where it is plain"
    )
    add_file(file)
    file.add_argument(
        "--gather",
        choices=["mean", "sum", "last"],
        help="take all rows of a --step together, where their times lie on no grid: readings of a "
        "sensor, sales at a till",
    )
    add_panel(command.add_argument_group("many series"))
    add_output(command.add_argument_group("what is left behind"))
    add_compare(
        commands.add_parser(
            "compare",
            help="set finished runs of one file side by side; forecast compare --help has examples",
            description=COMPARE,
            epilog=COMPARE_EXAMPLES,
            formatter_class=layout,
            allow_abbrev=False,
        )
    )
    checked = commands.add_parser(
        "check",
        help="run the laws of learners on one of your own; forecast check --help has more",
        description=CHECK,
        epilog=CHECK_EXAMPLES,
        formatter_class=layout,
        allow_abbrev=False,
    )
    checked.add_argument("learner", metavar="MODULE:FACTORY", help="a class, or a function")
    # its own words are read by forecast.live.options
    commands.add_parser(
        "live", help="answer each row of a stream as it comes; forecast live --help", add_help=False
    )
    # its own words are read by forecast.mail.delivery, which cannot wait for argparse
    commands.add_parser(
        "mail", help="score a mail, and learn from clicks; forecast mail --help", add_help=False
    )
    completed = commands.add_parser(
        "completion",
        help="write a script by which a shell completes these words; forecast completion --help",
        description=COMPLETION,
        formatter_class=layout,
        allow_abbrev=False,
    )
    completed.add_argument("shell", metavar="SHELL", choices=["bash", "zsh", "fish"])
    return top


def add_compare(command: argparse.ArgumentParser) -> None:
    """Which runs are compared, and by what."""
    command.add_argument("runs", metavar="DIR", nargs="+", help="what forecast run --out has left")
    command.add_argument(
        "--score",
        choices=["mae", "crps", "surprise", "pinball", "winkler"],
        action="append",
        default=[],
        help="loss to compare by; repeatable (mae, crps, surprise; of words and labels surprise)",
    )
    command.add_argument(
        "--out", metavar="DIR", default="comparison", help="directory of the files (comparison)"
    )
    command.add_argument("--force", action="store_true", help="replace what DIR holds")
    command.add_argument("--json", action="store_true", help="compare.json on stdout, no words")
    command.add_argument("--quiet", action="store_true", help="say nothing but errors")


def add_question(group: "argparse._ArgumentGroup") -> None:
    """What is to be forecast, and how far ahead."""
    group.add_argument(
        "--kind",
        choices=["numbers", "words", "bytes", "labels"],
        default="numbers",
        help="what is forecast: numbers of a CSV, words or bytes of a text, labels of messages "
        "(numbers)",
    )
    group.add_argument(
        "--labels",
        metavar="NEG,POS",
        type=labels_named,
        help="the negative and the positive label (the two that are found, in sorted order)",
    )
    group.add_argument(
        "--label", metavar="COL", help="of a CSV of messages: the column of their labels"
    )
    group.add_argument("--text", metavar="COL", help="of a CSV of messages: the column of texts")
    group.add_argument(
        "--target",
        metavar="COL",
        action="append",
        default=[],
        help="column to forecast; repeat it for several, or say a pattern, as 'shop_*': they are "
        "then forecast together",
    )
    group.add_argument(
        "--known",
        metavar="COL",
        action="append",
        default=[],
        help="column of numbers that is known ahead, as a price or a holiday; rows at the end that "
        "have no value yet say it of the future; repeatable",
    )
    group.add_argument(
        "--context",
        metavar="COL",
        action="append",
        default=[],
        help="column of numbers that is seen with the value, not before; repeatable",
    )
    add_distance(group)


def add_distance(group: "argparse._ArgumentGroup") -> None:
    """How far ahead numbers are forecast, and what is known of them from the start."""
    group.add_argument(
        "--horizon",
        metavar="H",
        type=horizons_named,
        default="1",
        help="steps ahead, exactly those named: 24, or 1-48, or 1,24,48 (1)",
    )
    group.add_argument(
        "--season",
        metavar="N",
        type=season_named,
        default="auto",
        help="steps after which the pattern comes back: a number, none, or auto: that of the step, "
        "as a day for hours and a year for weeks, and what else the past shows (auto)",
    )
    group.add_argument(
        "--bounds",
        metavar="LOW,HIGH",
        type=bounds_named,
        default=(None, None),
        help="the least and the greatest value that can be, either left empty, as '0,': forecasts "
        "stay between them, and a value beyond them is bad input (what the series shows by itself)",
    )


def add_file(group: "argparse._ArgumentGroup") -> None:
    """How the file is to be read."""
    refuse = ("refuse", "drop")
    group.add_argument("--time", metavar="COL", help="column of times")
    group.add_argument(
        "--time-format", metavar="F", help="layout of times that are not ISO 8601, as %%d.%%m.%%Y"
    )
    group.add_argument(
        "--step",
        metavar="STEP",
        type=step_named,
        help="time between two rows, as '30 minutes', 'month', or 'rows' to take rows as they "
        "come; steps that the file leaves out are missing values (that of the first two times)",
    )
    group.add_argument(
        "--delimiter", metavar="D", type=delimiter_named, help="what parts the columns; tab for it"
    )
    group.add_argument("--decimal", metavar="D", choices=[".", ","], default=".", help="'.' or ','")
    group.add_argument(
        "--thousands",
        metavar="M",
        choices=[".", ",", "'", "space"],
        help="what may stand between groups of three digits: '.', ',', \"'\" or space (nothing)",
    )
    group.add_argument(
        "--missing",
        metavar="TOKEN",
        action="append",
        default=[],
        help="stands for a missing number too, beside empty, NA, NaN, null and None; repeatable",
    )
    group.add_argument(
        "--duplicates",
        choices=refuse,
        default="refuse",
        help="what to do with a time that came before (refuse)",
    )
    group.add_argument(
        "--unsorted",
        choices=refuse,
        default="refuse",
        help="what to do with a time earlier than the one before (refuse)",
    )

    group.add_argument(
        "--exclude",
        metavar="FROM..TO",
        type=exclusion_named,
        action="append",
        default=[],
        help="take the values from FROM to TO, both inside, for missing: an outage, a holiday; "
        "times as the file writes them, or dates, or row numbers where rows are instants; either "
        "side may be left open; repeatable",
    )


def add_panel(group: "argparse._ArgumentGroup") -> None:
    """How a file of many series is run."""
    group.add_argument(
        "--series",
        metavar="COL",
        help="column that says of which series a row is, as unique_id: each has a learner of its "
        "own, and is scored by itself and with all; rows of a series come in order of time",
    )
    group.add_argument(
        "--wide",
        action="store_true",
        help="the same of a wide file: each column of numbers, or each that --target names, is a "
        "series of its own",
    )
    group.add_argument(
        "--taught",
        action="store_true",
        help="a series that begins later than others begins with what they have in common; light "
        "learners only (with nothing)",
    )
    group.add_argument(
        "--learner",
        choices=["light", "full"],
        default="light",
        help="of each series: light, in 2 kB and two or three microseconds a point, or full, as a "
        "single series has it (light)",
    )
    group.add_argument(
        "--workers",
        metavar="N",
        type=workers_named,
        help="threads; they change no result (one for each core)",
    )
    group.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="one store for all series: killed and started again, or started when the file has "
        "grown, the run goes on from there",
    )


def add_output(group: "argparse._ArgumentGroup") -> None:
    """What is written, and what is said."""
    group.add_argument("--out", metavar="DIR", default="out", help="directory of the files (out)")
    group.add_argument("--force", action="store_true", help="replace the run that DIR holds")
    group.add_argument(
        "--predictions",
        choices=["auto", "all", "none"],
        default="auto",
        help="rows of predictions.csv; auto: all up to 200,000, then ever fewer (auto)",
    )
    group.add_argument("--json", action="store_true", help="scores.json on stdout, no words")
    group.add_argument("--quiet", action="store_true", help="say nothing but errors")


def options_for(source: str) -> argparse.Namespace:
    """The options of a run of which nothing but its source was said."""
    return parser().parse_args(["run", source])


def refuse_options_of_others(asked: argparse.Namespace) -> None:
    """Refuse what was said about a kind of file that this is not."""
    usual = options_for("-")
    said = [name for name in vars(usual) if getattr(asked, name) != getattr(usual, name)]
    for kind, names in OPTIONS_OF.items():
        foreign = [f"--{name.replace('_', '-')}" for name in said if name in names]
        if foreign and asked.kind != kind:
            raise UsageError(
                f"{' and '.join(foreign)} can only be said of {kind}; this run is of {asked.kind} "
                "(--kind)."
            )
    alone = [f"--{name}" for name in said if name in OF_PANELS]
    if alone and not of_many(asked):
        raise UsageError(
            f"{' and '.join(alone)} can only be said of many series (--series COL, or --wide)."
        )
    if asked.kind != "numbers" and asked.horizon != (1,):
        raise UsageError(f"{asked.kind} are forecast one ahead: leave --horizon out, or say 1.")
