"""A person's way in: shells, terminals, odd files, and what is not installed."""

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecast.cli import main
from forecast.completion import commands, script
from forecast.installed import NEEDS
from forecast.stream.notation import layout_options, layouts, unit_of
from forecast.stream.numerals import Numerals
from forecast.terminal import show_table

pytestmark = pytest.mark.usefixtures("undrawn")

ROOT = Path(__file__).resolve().parent.parent
HEADER = ["series", "horizon", "answers", "MAE", "last value", "skill", "90 % covers", "worst 500"]
ROW = ["a [red] long name", "1", "79", "0.43", "1.696", "+74.6 %", "93.7 %", "81.2 %"]


def days(end: str, rows: int = 60) -> bytes:
    first = date(2024, 1, 1)
    lines = (f"{first + timedelta(days=t)},{t % 7}" for t in range(rows))
    return (end.join(["time,value", *lines]) + end).encode()


# ---- a shell -------------------------------------------------------------------------------------

COMPLETED = {
    ("",): ["run", "compare", "check", "live", "mail", "completion", "--help", "--version"],
    ("r",): ["run"],
    ("run", "--hor"): ["--horizon"],
    ("run", "x.csv", "--kind", ""): ["numbers", "words", "bytes", "labels"],
    ("run", "x.csv", "--kind", "w"): ["words"],
    ("compare", "--score", "w"): ["winkler"],
    ("run", "--thousands", ""): [".", ",", "space"],
    ("live", "--al"): ["--alert"],
    ("mail", "s"): ["score", "spam"],
    ("completion", ""): ["bash", "zsh", "fish"],
    ("run", "--season", ""): [],
    ("run", "x"): [],  # a file: the shell's own
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("words", COMPLETED)
def test_bash_completes(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "forecast.bash").write_text(script("bash"))
    typed = 'source forecast.bash; COMP_WORDS=(forecast "$@"); COMP_CWORD=$#; _forecast; '
    typed += 'printf "%s\\n" "${COMPREPLY[@]}"; complete -p forecast'
    command = ["bash", "--norc", "-c", typed, "bash", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    *said, how = done.stdout.splitlines()
    assert done.stderr == ""
    assert list(filter(None, said)) == COMPLETED[words]
    assert "default" in how  # files where it knows no better


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes(tmp_path: Path) -> None:
    (tmp_path / "forecast.fish").write_text(script("fish"))
    for words in (("r",), ("run", "--hor"), ("run", "x.csv", "--kind", ""), ("mail", "s")):
        typed = f"source forecast.fish; complete -C 'forecast {' '.join(words)}'"
        command = ["fish", "--no-config", "-c", typed]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
        assert sorted(set(offered)) == sorted(COMPLETED[words])


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_reads_its_script(tmp_path: Path) -> None:
    (tmp_path / "_forecast").write_text(script("zsh"))
    typed = (
        "autoload -Uz compinit; compinit -u -d dump; source ./_forecast; print $_comps[forecast]"
    )
    command = ["zsh", "-f", "-c", typed]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("_forecast\n", "")


def test_completion_is_made_of_the_parsers(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        assert capsys.readouterr().out == script(shell)
    assert main(["completion", "tcsh"]) == 2
    assert "choose from" in capsys.readouterr().err
    for command in commands():
        assert main([command.name, "--help"]) == 0
        told = capsys.readouterr().out
        for option in command.options:
            assert option.names[-1] in told or option.names == ("-h", "--help"), command.name


# ---- a terminal ----------------------------------------------------------------------------------


def in_terminal(words: list[str], **env: str) -> tuple[int, str]:
    """What a terminal sees of the command, and its exit code."""
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**clean, "TERM": "xterm-256color", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return process.wait(), seen.decode()


def shown(columns: int, **env: str) -> list[str]:
    code = f"from forecast.terminal import show_table; show_table({HEADER}, [{ROW}])"
    return in_terminal(["-c", code], COLUMNS=str(columns), **env)[1].splitlines()


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip()


def test_colours_are_left_out_where_none_are_wanted() -> None:
    coloured = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|38|48)[;m]")
    assert any(coloured.search(line) for line in shown(100))
    assert not any(coloured.search(line) for line in shown(100, NO_COLOR="1"))


@pytest.mark.parametrize("columns", [120, 88, 80, 71, 70, 60, 40, 24])
def test_no_number_is_lost_in_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    show_table(HEADER, [ROW, ROW])
    lines = [plain(line) for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= columns
    said = "\n".join(lines)
    for cell in ROW[1:]:
        assert said.count(cell) >= 2, cell
    for name in HEADER:
        assert all(word in said for word in name.split())
    # with a line for each cell, names stand before them
    assert ("MAE          0.43" in said) == (columns < 71)


def test_a_module_says_its_version() -> None:
    from forecast import __version__

    command = [sys.executable, "-m", "forecast", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"forecast {__version__}\n"


# ---- files ---------------------------------------------------------------------------------------


def said_by(source: Path, out: Path, *words: str) -> str:
    assert main(["run", str(source), "--out", str(out), "--quiet", *words]) == 0
    return (out / "forecast.csv").read_text()


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    said = []
    for name, end in (("unix", "\n"), ("windows", "\r\n")):
        (tmp_path / name).write_bytes(days(end))
        said.append(said_by(tmp_path / name, tmp_path / f"{name}-out"))
    assert said[0] == said[1]
    messages = ["spam\twin a prize", "ham\tsee you at noon"] * 20
    said = []
    for name, end in (("unix", "\n"), ("windows", "\r\n")):
        source = tmp_path / f"{name}.tsv"
        source.write_bytes((end.join(messages) + end).encode())
        said.append(said_by(source, tmp_path / f"{name}-labels", "--kind", "labels"))
    assert said[0] == said[1]


def test_paths_with_spaces_and_letters_of_any_alphabet(tmp_path: Path) -> None:
    folder = tmp_path / "my data – größer"
    folder.mkdir()
    (folder / "a b.csv").write_bytes(days("\n"))
    said = said_by(folder / "a b.csv", folder / "out 1")
    (tmp_path / "plain.csv").write_bytes(days("\n"))
    assert said == said_by(tmp_path / "plain.csv", tmp_path / "out")
    with (folder / "out 1" / "predictions.csv").open() as file:
        assert len(list(csv.reader(file))) == 60
    answers = folder / "answers 1.jsonl"
    assert main(["live", str(folder / "a b.csv"), "--out", str(answers), "--quiet"]) == 0
    assert len(answers.read_text().splitlines()) == 60


# ---- what is not installed -----------------------------------------------------------------------

WORDS = {
    "run": ["run", "{}/a.csv", "--out", "{}/out"],
    "live": ["live", "{}/a.csv"],
    "compare": ["compare", "{}/one", "{}/two"],
    "check": ["check", "forecast:Level"],
}


@pytest.mark.parametrize(
    ("task", "library"), [(task, name) for task in WORDS for name in NEEDS[task]]
)
def test_what_is_missing_is_named_before_the_work(
    task: str,
    library: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    assert main([word.format(tmp_path) for word in WORDS[task]]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"forecast: forecast {task} needs {library}, which is not installed here: "
        f"pip install {library}\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_several_that_are_missing_are_named_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in ("matplotlib", "river"):
        monkeypatch.setitem(sys.modules, library, None)
    assert main(["run", "a.csv"]) == 1
    assert "pip install matplotlib river" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("task", ["run", "compare"])
def test_what_a_command_needs_is_all_that_it_loads(task: str, tmp_path: Path) -> None:
    """And no more: with any library absent that is not named, it does its work."""
    (tmp_path / "a.csv").write_bytes(days("\n"))
    for out in ("one", "two"):
        said_by(tmp_path / "a.csv", tmp_path / out)
    others = {"pandas", "statsmodels", "rich", "hypothesis", "sklearn"} - set(NEEDS[task])
    words = [word.format(tmp_path) for word in WORDS[task]]
    code = (
        f"import sys\nfor name in {sorted(others)!r}: sys.modules[name] = None\n"
        f"from forecast.cli import main\nsys.exit(main({[*words, '--quiet']!r}))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("library", NEEDS["evaluate"])
def test_a_notebook_is_told_too(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecast import evaluate

    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=f"evaluate needs .*pip install {library}"):
        evaluate([1.0, 2.0])  # type: ignore[arg-type]


def test_river_is_wanted_for_what_is_of_river() -> None:
    code = "import sys; sys.modules['river'] = None\nimport forecast.interop.river"
    done: Any = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: to use forecast's learners with river's, install river: "
        "pip install river"
    )


# ---- files as they are found -------------------------------------------------------------------


def refused(source: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said of a file that is not read."""
    out = source.parent / "refused"
    assert main(["run", str(source), "--out", str(out), *words]) == 3
    assert not out.exists()
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"forecast: {source}")
    return said.removeprefix(f"forecast: {source}")


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """European decimals, thousands and dates, semicolons, a byte order mark, Windows line ends."""
    first, rows = date(2022, 1, 3), ["Datum;Filiale;Umsatz;Menge"]
    for t in range(70):
        at = first + timedelta(days=t)
        rows.append(f"{at:%d.%m.%Y};Nord;{1 + t % 7}.{t:03d},5;{t % 9}")
    (tmp_path / "sales.csv").write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n").encode())
    return tmp_path / "sales.csv"


def test_european_numbers_and_dates_lead_to_what_reads_them(
    sales: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, 'Menge' was taken for the only column of numbers, and rows for instants."""
    assert refused(sales, capsys) == (
        ", line 2, column 'Umsatz': '1.000,5' may be a number, written another way. "
        'Say --decimal "," --thousands ".", or --target Menge.'
    )
    numbers = ("--decimal", ",", "--thousands", ".", "--target", "Umsatz")
    assert refused(sales, capsys, *numbers) == (
        ", line 2, column 'Datum': '03.01.2022' may be a time, in a layout of its own. "
        "Say --time-format '%d.%m.%Y', or --step rows to take each row for one instant."
    )
    layout = ("--time-format", "%d.%m.%Y")
    assert refused(sales, capsys, *layout, "--target", "Umsatz") == (
        ", line 2, column 'Umsatz': '1.000,5' is not a number. Say "
        '--decimal "," --thousands ".", '
        "if that is how numbers are written here, or name the text with --missing."
    )
    said_by(sales, sales.parent / "out", *numbers, *layout)
    with (sales.parent / "out" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["y"]) for row in rows[:8]] == [
        *(2001.5, 3002.5, 4003.5, 5004.5, 6005.5, 7006.5, 1007.5, 2008.5)
    ]
    assert rows[0]["time"] == "04.01.2022"


def test_rows_may_be_taken_as_they_come(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by(sales, sales.parent / "out", "--target", "Menge", "--step", "rows")
    assert said.splitlines()[1].startswith("70,Menge,1,")


@pytest.mark.parametrize(
    ("decimal", "thousands", "texts"),
    [
        (",", ".", ["1.234,5", "1234,5", "1.234,50"]),
        (".", ",", ["1,234.5", "1234.5", "+1,234.5"]),
        (".", "'", ["1'234.5", "1’234.5", " 1234.5 "]),
        (",", " ", ["1 234,5", "1\u00a0234,5", "1\u202f234,5"]),
    ],
)
def test_thousands_are_read_where_they_are_told(
    decimal: str, thousands: str, texts: list[str]
) -> None:
    numerals = Numerals(decimal, thousands=thousands)
    assert numerals.read(texts).tolist() == [1234.5] * 3
    million = thousands.join(["-9", "876", "543"])
    assert numerals.read([million]).tolist() == [-9876543.0]
    for bad in ("12{}34", "1234{}567", "1{}234{}5", "1{}2345"):
        assert not numerals.is_number(bad.replace("{}", thousands)), bad
    for mixed in ("1,234.567,8", "1.234'567", "1 234.567", "1,234'567"):
        assert not numerals.is_number(mixed), mixed
    with pytest.raises(ValueError, match="thousands are parted"):
        Numerals(decimal, thousands=decimal)


def test_a_thousand_and_a_comma_are_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("day;sold\n2024-01-01;1,234\n2024-01-02;1,300\n")
    assert 'Say --decimal "," or --thousands ",".' in refused(source, capsys)
    assert main(["run", str(source), "--decimal", ",", "--thousands", ","]) == 2
    assert "different marks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("1/2/2024", "--time-format '%d/%m/%Y' or --time-format '%m/%d/%Y'"),
        ("1/13/2024 7:05", "--time-format '%m/%d/%Y %H:%M'"),
        ("13/1/24 07:05:09", "--time-format '%d/%m/%y %H:%M:%S'"),
        ("31-12-2024", "--time-format '%d-%m-%Y'"),
        ("2024/1/31", "--time-format '%Y/%m/%d'"),
        ("2024.12.31 23:59", "--time-format '%Y.%m.%d %H:%M'"),
        ("1/13/2024 11:59 PM", "--time-format '%m/%d/%Y %I:%M %p'"),
        ("13.1.2024, 1:05:09am", "--time-format '%d.%m.%Y, %I:%M:%S%p'"),
        ("2024-01-31 11:59", ""),
        ("13/13/2024", ""),
        ("1.5", ""),
    ],
)
def test_layouts_of_dates(text: str, options: str) -> None:
    assert layout_options(text) == options
    for layout in layouts(text):
        datetime.strptime(text, layout)


def test_a_panel_is_named_by_a_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before, each of its columns had to be named."""
    source = tmp_path / "panel.csv"
    lines = ['week,region,"shop [a]",shop b,total,comment']
    for t in range(30):
        at = date(2021, 1, 4) + timedelta(weeks=t)
        comment = '"sale, ""big"""' if t % 9 == 0 else ""
        lines.append(f"{at},north,{t % 5},{'' if t == 0 else t % 3},{t},{comment}")
    source.write_text("\n".join(lines) + "\n")
    said = refused(source, capsys)
    several = "Say --target 'shop [a]' or --target 'shop b' or --target total"
    assert f"has 3 columns of numbers. {several} (empty in the first row: shop b); " in said
    assert "repeat it, or say a pattern" in said
    assert "stands for no column of numbers" in refused(source, capsys, "--target", "reg*")
    said_by(source, tmp_path / "shops", "--target", "shop*")
    with (tmp_path / "shops" / "forecast.csv").open() as file:
        assert [row["series"] for row in csv.DictReader(file)] == ["shop [a]", "shop b"]
    said_by(source, tmp_path / "all", "--target", "*")
    with (tmp_path / "all" / "forecast.csv").open() as file:
        assert [row["series"] for row in csv.DictReader(file)] == ["shop [a]", "shop b", "total"]


def test_a_sensor_with_gaps_and_two_zones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, lines, at = tmp_path / "log.csv", ["at,device,celsius,status"], datetime(2024, 3, 31)
    gone = {*range(20, 26), 40}
    for k in range(60):
        utc = at + timedelta(minutes=5 * k)
        hours = 1 if k < 12 else 2  # summer time begins at 1:00 in UTC
        local = utc + timedelta(hours=hours)
        if k not in gone:
            lines.append(f"{local:%Y-%m-%dT%H:%M:%S}+0{hours}:00,s1,{k % 4}.5,ok")
    source.write_text("\n".join(lines) + "\n")
    said = said_by(source, tmp_path / "out")
    assert said.splitlines()[1].startswith("2024-03-31T07:00:00+02:00,celsius,1,")
    record = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert record["rows"] == 60
    assert record["values"]["celsius"]["missing"] == len(gone)
    # and without offsets, or with names, it is said what to write
    source.write_text("at,c\n2024-03-31 01:00:00 CET,1\n2024-03-31 01:05:00 CEST,2\n")
    assert "Write the zone as its offset from UTC" in refused(source, capsys, "--time", "at")
    source.write_text("at,device,c\n2024-03-31,a,1\n2024-03-31,b,2\n")
    assert "forecast run tells them apart by --series COL" in refused(source, capsys)


def test_a_total_and_the_end_of_a_day_are_told_for_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the advice was another layout, which reads neither."""
    source, layout = tmp_path / "power.csv", ("--time-format", "%d.%m.%Y %H:%M")
    hours = [f"{1 + t // 24:02d}.03.2024 {1 + t % 24:02d}:00" for t in range(72)]
    lines = ["Zeit;kWh", *(f"{hour};{t % 24}" for t, hour in enumerate(hours)), "Summe;828"]
    source.write_text("\n".join(lines) + "\n")
    assert refused(source, capsys, *layout) == (
        f", line 25, column 'Zeit': '01.03.2024 24:00' is not a time of the layout '{layout[1]}'. "
        "Write the end of a day as 00:00 of the next, or say --step rows to read no times."
    )
    written = [f"{1 + (t + 1) // 24:02d}.03.2024 {(t + 1) % 24:02d}:00" for t in range(72)]
    mended = [f"{hour};{t % 24}" for t, hour in enumerate(written)]
    source.write_text("\n".join(["Zeit;kWh", *mended, "Summe;828"]) + "\n")
    assert refused(source, capsys, *layout) == (
        f", line 74, column 'Zeit': 'Summe' is not a time of the layout '{layout[1]}'. "
        "Give the layout that the file has. A line that is no row, as a total, has to be deleted."
    )
    source.write_text("\n".join(["Zeit;kWh", *mended]) + "\n")
    said = said_by(source, tmp_path / "out", *layout)
    assert said.splitlines()[1].startswith("04.03.2024 01:00,kWh,1,")
    source.write_text("year,y\n2001,1\n2002,2\nTotal,3\n")
    assert refused(source, capsys) == (
        ", line 4, column 'year': 'Total' is not a number. Write all times as numbers alone. "
        "A line that is no row, as a total, has to be deleted."
    )


def test_a_unit_beside_each_number_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the advice was --target, and then the decimal mark."""
    source = tmp_path / "sensor.csv"
    source.write_text("at,probe,heat\n2024-01-01,p-3,21.5 °C\n2024-01-02,p-3,21.7 °C\n")
    said = (
        ", line 2, column 'heat': '21.5 °C' is not a number. If '°C' is its unit, write numbers "
        "alone, and the unit in the header; or name the text with --missing."
    )
    assert refused(source, capsys) == said
    assert refused(source, capsys, "--target", "heat") == said


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("21.5 °C", "°C"), ("1.234,50€", "€"), ("$ 12", "$"), ("-3\u00a0m³/h", "m³/h"), ("7%", "%"),
        ("12", ""), ("1e5", ""), ("1_000", ""), ("p-3", ""), ("2024-01-02", ""), ("2\x1b[31m", ""),
        ("10:30", ""), ("", ""), ("nan", ""),
    ],
)  # fmt: skip
def test_units(text: str, unit: str) -> None:
    assert unit_of(text) == unit


def test_a_column_of_text_that_begins_empty_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the advice was --missing for each note of a column that has nothing else."""
    source = tmp_path / "panel.csv"
    first = date(2024, 1, 1)
    lines = [
        f"{first + timedelta(t)},{t % 5},{t % 3},{'sale' if t == 4 else ''}" for t in range(30)
    ]
    source.write_text("\n".join(["day,north,south,note", *lines]) + "\n")
    said = (
        ", line 6, column 'note': 'sale' is not a number. Its field in the first row is empty: if "
        "it is none of numbers, name those that are, each with --target; else name the text with "
        "--missing."
    )
    for words in (["--wide"], ["--target", "*"]):
        assert refused(source, capsys, *words) == said
    said_by(source, tmp_path / "out", "--wide", "--target", "north", "--target", "south")
    with (tmp_path / "out" / "forecast.csv").open() as file:
        assert [row["series"] for row in csv.DictReader(file)] == ["north", "south"]


@pytest.mark.parametrize(
    "text",
    [
        "day,a,b\n2024-01-01,1,2\n",
        "day,probe,y\n2024-01-01,a,1\n2024-01-01,b,2\n",
        "at,y\n2024-01-01 00:00,1\n2024-01-01 00:10,2\n2024-01-01 00:15,2\n",
        "day,y\n2024-01-02,1\n2024-01-01,2\n",
        'day,y\n2024-01-02,"1.000,5"\n',
        "at,until,y\n2024-01-02,2024-01-02,1\n",
    ],
)
def test_a_live_run_is_told_of_no_option_that_it_lacks(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, a wide file was to be read by --wide, and sensors to be told apart by --series."""
    source = tmp_path / "x.csv"
    source.write_text(text)
    main(["live", str(source), "--out", str(tmp_path / "answers")])
    said = [line.partition("forecast run")[0] for line in capsys.readouterr().err.splitlines()]
    named = {option for own in said for option in re.findall(r"--[a-z-]+", own)}
    assert main(["live", "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert named
    assert named <= known


def test_a_column_of_text_leads_to_those_of_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the advice was the decimal mark."""
    source = tmp_path / "a.csv"
    source.write_text("day,region,y,z\n2024-01-01,north,1,2\n2024-01-02,north,2,3\n")
    said = (
        ", line 2, column 'region': 'north' is not a number. Say a column of numbers, as {}; or "
        "name the text with --missing."
    )
    assert refused(source, capsys, "--target", "region") == said.format("y, z")
    words = ("--target", "y", "--known", "region")
    assert refused(source, capsys, *words) == said.format("y, z")
    source.write_text("day,y\n2024-01-01,1\n2024-01-02,2\n")
    assert refused(source, capsys, "--known", "y") == (
        ", line 2: '2024-01-01,1' has no number beside the time and y. All columns are taken; "
        "--delimiter and --decimal tell how numbers are written."
    )


def test_a_day_and_its_hour_in_two_columns_are_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, --duplicates drop was offered, which leaves the first hour of each day."""
    source = tmp_path / "a.csv"
    source.write_text("day,hour,y\n2024-01-01,00:00,1\n2024-01-01,01:00,2\n")
    assert refused(source, capsys) == (
        ", line 3, column 'day': '2024-01-01' is the same time as a row before it. The column "
        "'hour' has times of day: write them behind the dates, in one column, as 2024-01-31 23:59."
    )
    source.write_text("at,open,y\n2024-01-01 00:00,09:00,1\n2024-01-01 00:00,09:00,2\n")
    assert "Say --duplicates drop to keep the first" in refused(source, capsys)


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("2024-01-01T00:00[Europe/Berlin]", "Write the zone as its offset from UTC"),
        ("2024-01-01 00:00 CET", "Write the zone as its offset from UTC"),
        ("01/13/2024 12:00 AM", "Say --time-format '%m/%d/%Y %I:%M %p'"),
    ],
)
def test_rows_are_not_taken_for_instants_where_a_column_has_times(
    text: str, say: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, zones with a name and hours of half a day were taken for mere text."""
    source = tmp_path / "a.csv"
    source.write_text(f"at,y\n{text},1\n{text},2\n")
    said = refused(source, capsys)
    assert said.startswith(f", line 2, column 'at': {text!r} may be a time, in a layout of its own")
    assert say in said and said.endswith("or --step rows to take each row for one instant.")
    said_by(source, tmp_path / "out", "--step", "rows")


def test_a_title_over_the_header_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("Sales of 2024\n\nday,y\n2024-01-01,1\n2024-01-02,2\n")
    said = refused(source, capsys)
    assert said.startswith(", line 3: 'day,y' has 2 fields where the first row has 1.")
    assert said.endswith("A title over the header has to be deleted.")
