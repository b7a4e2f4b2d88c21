"""What a run of words or labels leaves behind: scores by the textbook, files that read back."""

import copy
import csv
import json
import math
import re
import tracemalloc
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import binom, rankdata

from forecast.learner import Symbols
from forecast.prequential import Told
from forecast.report.symbols import Kind, SymbolReport, table, verdict
from forecast.report.symbols import labels as label_room
from forecast.report.symbols.bytewise import MEANINGS as OF_BYTES
from forecast.report.symbols.bytewise import ByteScores
from forecast.report.symbols.labels import MEANINGS as OF_LABELS
from forecast.report.symbols.predictions import COLUMNS, NEXT_COLUMNS, spelled
from forecast.report.symbols.reliability import Reliability
from forecast.report.symbols.surprises import Surprises
from forecast.report.symbols.words import MEANINGS as OF_WORDS
from forecast.report.window import FADING
from forecast.report.worst import TEN
from forecast.rivals import Frequencies, Successors, WordFrequencies

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "=HYPERLINK(1)",
    "\x1b[31m\u202e",
]
FORMULAS = [b"=", b"+", b"-", b"@", b"\t", b"\r", b"\n"]


def joined(parts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    at = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return np.frombuffer(bytearray(b"".join(parts)), np.uint8), at


def words(parts: Sequence[bytes], first: int = 0) -> Symbols:
    return Symbols(first, np.empty(0, np.uint8), np.zeros(len(parts) + 1, np.int64), *joined(parts))


def messages(texts: Sequence[bytes], labels: Sequence[int], first: int = 0) -> Symbols:
    return Symbols(first, *joined(texts), *joined([bytes([label]) for label in labels]))


def told(block: Symbols, seed: int = 4) -> Told:
    """Answers of a forecaster that knows a little."""
    n = len(block)
    rng = np.random.default_rng([seed, block.first])
    surprise = rng.exponential(size=n) * 3.0 + 1e-3
    new = rng.uniform(size=n) < 0.2
    spelled = np.where(new, 0.6 * surprise, 0.0)
    rows = block.first + np.arange(n)
    return Told(rows, surprise, surprise + rng.normal(size=n), rng.uniform(0.01, 0.3, n), spelled)


def part(block: Symbols, answers: Told, start: int, stop: int) -> tuple[Symbols, Told]:
    own = slice(start, stop + 1)
    cut = Symbols(block.first + start, block.x, block.x_at[own], block.y, block.y_at[own])
    return cut, Told(*(column[start:stop] for column in answers))


def told_labels(p: np.ndarray, y: np.ndarray) -> Told:
    """The answers of a forecaster that gave p to the positive label."""
    surprise = -np.log(np.where(y == 1, p, 1.0 - p))
    expected = -p * np.log(p) - (1.0 - p) * np.log1p(-p)
    n = len(y)
    return Told(np.arange(n), surprise, expected, np.full(n, 0.02), np.zeros(n))


Made = tuple[Path, dict[str, Any], Symbols, Told]


def left_behind(
    out: Path,
    block: Symbols,
    answers: Told,
    labels: tuple[str, str] | None = None,
    cuts: Sequence[int] = (),
    top: Callable[[int], list[tuple[str, float]]] = lambda row: [(" the", 0.25), (",", 0.125)],
    coming: Sequence[tuple[str, float]] = ((" the", 0.5), ("\n", 0.25)),
    kind: Kind | None = None,
    **how: Any,
) -> dict[str, Any]:
    """Report a block, cut at some rows."""
    kind = kind or ("words" if labels is None else "labels")
    facts = {"source": how.pop("source", "data/some.txt"), "rows": len(block), "seconds": 2.0}
    with SymbolReport(out, kind, labels, **how) as report:
        for start, stop in zip((0, *cuts), (*cuts, len(block)), strict=True):
            piece, said = part(block, answers, start, stop)
            rows = said.row[report.wanted(piece)]
            report.add(piece, said, [top(row) for row in rows.tolist()])
        return report.finish(coming, facts)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the figures, which are most of a report's time."""
    monkeypatch.setattr("forecast.report.symbols.plots.drawings", lambda shown: [])


def some_words(n: int = 900) -> list[bytes]:
    rng = np.random.default_rng(8)
    lexicon = [
        b" the",
        b" of",
        b",",
        b"\n",
        b" caf\xc3\xa9",
        b"=",
        b" \xff\xfe",
        b'"',
        b"\\",
        b"\0",
    ]
    return [lexicon[k] for k in rng.integers(0, len(lexicon), n)]


def read_back(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def unspelled(text: str) -> bytes:
    """The bytes that a word stands for, by the rule of the file."""
    short = {"\\\\": b"\\", "\\n": b"\n", "\\r": b"\r", "\\t": b"\t"}
    parts = re.split(r"(\\x[0-9a-f]{2}|\\.)", text)
    return b"".join(
        short.get(one, bytes([int(one[2:], 16)]) if one.startswith("\\x") else one.encode())
        for one in parts
    )


# ---- scores --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("undrawn")
def test_scores_of_words_are_their_formulas(tmp_path: Path) -> None:
    parts = some_words()
    block = words(parts)
    answers = told(block)
    (entry,) = left_behind(tmp_path, block, answers, cuts=(1, 300, 301))["scores"]
    everything = words_by_hand(parts, answers, np.ones(900))
    assert set(everything) == set(OF_WORDS)
    assert {name: entry[name] for name in everything} == pytest.approx(everything, rel=1e-11)
    assert entry["reason"] == {}
    first, last = entry["window"]["rows"]
    assert (first, last) == (350, 899)
    weights = {"window": np.arange(900) >= 350, "fading": FADING ** np.arange(899, -1, -1)}
    for late, weight in weights.items():
        wanted = words_by_hand(parts, answers, weight.astype(float))
        assert {name: entry[late][name] for name in wanted} == pytest.approx(wanted, rel=1e-11)


COUNTS = ("n", "bytes", "new_words", "n_likeliest")


def words_by_hand(parts: Sequence[bytes], answers: Told, weight: np.ndarray) -> dict[str, float]:
    """The scores of words, each weighing something, by their formulas, rivals word by word."""
    single, seen = [], np.full(256, 0.5)
    frequency, times, spelling = [], dict.fromkeys(parts, 0), np.full(257, 0.5)
    new = 0
    for n, word in enumerate(parts):
        nats = 0.0
        for byte in word:  # each byte before it is counted
            nats -= math.log(seen[byte] / seen.sum())
            seen[byte] += 1.0
        single.append(nats)
        if times[word]:
            nats = -math.log(times[word] / (n + new))
        else:
            nats = -math.log(new / (n + new)) if n else 0.0
            for byte in [*word, 256]:
                nats -= math.log(spelling[byte] / spelling.sum())
                spelling[byte] += 1.0
            new += 1
        frequency.append(nats)
        times[word] += 1
    nats, length = answers.surprise, np.array([len(word) for word in parts])
    size = weight @ length
    costs = {"frequency": np.array(frequency), "single": np.array(single)}
    costs["raw"] = length * math.log(256.0)
    mean = weight @ nats / weight.sum()
    first = np.array([word == b" the" for word in parts])
    return {
        "n": weight.sum(),
        "bytes": size,
        "bits_per_byte": weight @ nats / math.log(2.0) / size,
        **{f"bits_per_byte_{k}": weight @ v / math.log(2.0) / size for k, v in costs.items()},
        **{f"skill_{k}": 1.0 - weight @ nats / (weight @ v) for k, v in costs.items()},
        "bits_per_word": mean / math.log(2.0),
        "surprise": mean,
        "expected_surprise": weight @ answers.expected / weight.sum(),
        "perplexity": np.exp(mean),
        "perplexity_without_spelling": np.exp(weight @ (nats - answers.spelled) / weight.sum()),
        "new_words": weight @ (answers.spelled > 0),
        "n_likeliest": weight.sum(),
        # the likeliest was always " the", then ","
        "accuracy": weight @ first / weight.sum(),
        "top10": weight @ (first | np.array([word == b"," for word in parts])) / weight.sum(),
    }


@pytest.mark.usefixtures("undrawn")
def test_scores_of_bytes_are_their_formulas(tmp_path: Path) -> None:
    file = b"".join(some_words(200))
    n = len(file)
    block = words([bytes([byte]) for byte in file])
    answers = told(block)._replace(spelled=np.zeros(n), expected=np.full(n, math.nan))
    top = {"top": lambda row: [("e", 0.25), (" ", 0.125)], "coming": [("e", 0.5)]}
    (entry,) = left_behind(tmp_path, block, answers, cuts=(1, 300, 301), kind="bytes", **top)[
        "scores"
    ]
    single, seen = [], np.full(256, 0.5)
    after, last = [], 256
    follow = np.full((257, 256), 0.5)
    for byte in file:  # each byte before it is counted
        single.append(-math.log(seen[byte] / seen.sum()))
        seen[byte] += 1.0
        after.append(-math.log(follow[last, byte] / follow[last].sum()))
        follow[last, byte] += 1.0
        last = byte
    costs = {"frequency": sum(single), "pairs": sum(after), "raw": n * math.log(256.0)}
    nats = answers.surprise.sum()
    e, space = file.count(b"e"), file.count(b" ")
    wanted = {
        "n": n,
        "bits_per_byte": nats / math.log(2.0) / n,
        **{f"bits_per_byte_{k}": v / math.log(2.0) / n for k, v in costs.items()},
        **{f"skill_{k}": 1.0 - nats / v for k, v in costs.items()},
        "surprise": nats / n,
        "perplexity": math.exp(nats / n),
        "n_likeliest": n,
        "accuracy": e / n,
        "top10": (e + space) / n,
    }
    assert set(wanted) == set(OF_BYTES)
    assert {name: entry[name] for name in wanted} == pytest.approx(wanted, rel=1e-11)
    assert entry["reason"] == {}
    page = (tmp_path / "report.html").read_text()
    assert f"bytes · {n:,} of them, each" in page and "The next byte" in page


@pytest.mark.parametrize("cuts", [[], [1], [2, 3], range(1, 9)])
def test_what_follows_each_symbol_is_counted_whatever_the_blocks(cuts: Sequence[int]) -> None:
    """Of each symbol the product of (c + 1/2) / (n + K/2) is a quotient of gamma functions."""
    symbols = np.array([0, 1, 1, 2, 0, 1, 0, 0, 2], np.uint8)
    rival = Successors(3)
    nats = np.concatenate([rival.see(part) for part in np.split(symbols, list(cuts))]).sum()
    counts = np.zeros((4, 3))
    for before, now in zip([3, *symbols[:-1]], symbols, strict=True):
        counts[before, now] += 1
    wanted = gammaln(counts.sum(axis=1) + 1.5) - gammaln(1.5)
    wanted -= (gammaln(counts + 0.5) - gammaln(0.5)).sum(axis=1)
    assert nats == pytest.approx(wanted.sum(), abs=1e-12)
    assert len(rival.see(symbols[:0])) == 0


def some_labels(n: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities in few steps, so that there are ties, and labels that follow them."""
    rng = np.random.default_rng(2)
    p = rng.choice([0.01, 0.2, 0.45, 0.5, 0.5, 0.55, 0.9, 0.999], n)
    return p, (rng.uniform(size=n) < p).astype(np.int64)


@pytest.mark.usefixtures("undrawn")
def test_scores_of_labels_are_their_formulas(tmp_path: Path) -> None:
    p, y = some_labels()
    block = messages([b"text"] * len(y), y)
    answers = told_labels(p, y)
    (entry,) = left_behind(tmp_path, block, answers, ("no", "yes"), cuts=(7, 8, 600))["scores"]
    n, positives = len(y), int(y.sum())
    ranks = rankdata(p)
    auc = (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (n - positives))
    wanted = {**labels_by_hand(p, y, np.ones(n)), "auc": auc}
    assert set(wanted) == set(OF_LABELS)
    assert {name: entry[name] for name in wanted} == pytest.approx(wanted, rel=1e-11)
    assert entry["auc_exact"] is True
    assert entry["window"]["rows"] == [650, 1199]
    weights = {"window": np.arange(n) >= 650, "fading": FADING ** np.arange(n - 1, -1, -1)}
    for late, weight in weights.items():
        wanted = labels_by_hand(p, y, weight.astype(float))
        assert {name: entry[late][name] for name in wanted} == pytest.approx(wanted, rel=1e-11)


def labels_by_hand(p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """The scores of labels, each weighing something, by their formulas."""
    t = np.arange(len(y))
    before = np.concatenate(([0], np.cumsum(y)[:-1]))
    running = np.where(y == 1, before + 0.5, t - before + 0.5) / (t + 1.0)
    last = [0.5]
    twice = other = 0
    for one, two in pairwise(y):
        same = one == two
        last.append(((twice if same else other) + 0.5) / (twice + other + 1.0))
        twice, other = twice + same, other + (not same)
    again = np.concatenate(([0.0], y[1:] == y[:-1]))
    surprise = -(y * np.log(p) + (1 - y) * np.log(1.0 - p))
    rivals = {"frequency": -np.log(running), "last": -np.log(last)}

    def mean(values: np.ndarray, of: np.ndarray | float = 1.0) -> float:
        return float((weight * of) @ values / (weight * of).sum())

    return {
        "n": weight.sum(),
        "base_rate": mean(y),
        "accuracy": mean((p > 0.5) == (y == 1)),
        "accuracy_commoner": mean((before > t - before) == (y == 1)),
        "accuracy_last": mean(again, t > 0),
        "log_loss": mean(surprise),
        **{f"log_loss_{rival}": mean(cost) for rival, cost in rivals.items()},
        **{f"skill_{rival}": 1.0 - mean(surprise) / mean(cost) for rival, cost in rivals.items()},
        "expected_surprise": mean(-p * np.log(p) - (1.0 - p) * np.log1p(-p)),
        "false_alarm_rate": mean(p > 0.5, y == 0),
        "miss_rate": mean(p <= 0.5, y == 1),
    }


@pytest.mark.parametrize("counts", [[0, 0], [5, 0], [3, 4], [1, 2, 3, 0]])
def test_running_frequencies_are_a_quotient_of_gamma_functions(counts: list[int]) -> None:
    """Whatever the order and the blocks, the product of (c + 1/2) / (n + K/2) is that."""
    symbols = np.repeat(np.arange(len(counts)), counts)
    n, half = sum(counts), 0.5 * len(counts)
    wanted = gammaln(n + half) - gammaln(half)
    wanted -= sum(gammaln(count + 0.5) - gammaln(0.5) for count in counts)
    for order in (symbols, symbols[::-1]):
        for cuts in ([], [1], range(1, n)):
            seen = Frequencies(len(counts))
            nats = [seen.see(part) for part in np.split(order, list(cuts))]
            assert np.concatenate(nats).sum() == pytest.approx(wanted, abs=1e-12)


def test_running_words_are_a_distribution() -> None:
    """What known words and all that can be spelled with up to two bytes get is at most 1."""
    text = [b"a", b"ab", b"a", b"c", b"b", b"a"]
    rival = WordFrequencies()
    rival.see(*joined(text))
    known = [-WordFrequencies.see(copied(rival), *joined([word]))[0] for word in set(text)]
    spelled = [bytes([a]) for a in range(256)] + [
        bytes([a, b]) for a in range(97, 100) for b in range(97, 100)
    ]
    new = [-copied(rival).see(*joined([w]))[0] for w in spelled if w not in text]
    share = np.exp(known).sum()
    assert share == pytest.approx(6.0 / 10.0)  # of six words four were new
    assert 0.0 < np.exp(new).sum() < 1.0 - share


def copied(rival: WordFrequencies) -> WordFrequencies:
    return copy.deepcopy(rival)


@pytest.mark.usefixtures("undrawn")
def test_auc_beyond_what_is_kept_is_a_histogram(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(size=3000) * 3.0
    y = (rng.uniform(size=3000) < 1.0 / (1.0 + np.exp(-odds))).astype(np.int64)
    answers = told_labels(1.0 / (1.0 + np.exp(-odds)), y)
    block = messages([b""] * 3000, y)
    exact, rough = (
        left_behind(tmp_path / name, block, answers, ("no", "yes"), cuts=(900, 1800))["scores"][0]
        for name, kept in (("exact", 3000), ("rough", 1000))
        if monkeypatch.setattr(label_room, "EXACT", kept) is None
    )
    assert (exact["auc_exact"], rough["auc_exact"]) == (True, False)
    ranks, n = rankdata(odds), int(y.sum())
    auc = (ranks[y == 1].sum() - n * (n + 1) / 2) / (n * (3000 - n))
    assert exact["auc"] == pytest.approx(auc, abs=1e-12)
    assert rough["auc"] == pytest.approx(auc, abs=1e-4)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("surprise", [0.0, 1e-300, 800.0])
def test_a_sure_forecaster_is_scored(tmp_path: Path, surprise: float) -> None:
    y = np.array([0, 1, 0, 1])
    one = np.full(4, surprise)
    answers = Told(np.arange(4), one, one, one + 0.1, one * 0.0)
    record = left_behind(tmp_path, messages([b""] * 4, y), answers, ("no", "yes"))
    right = surprise < 1.0
    assert record["scores"][0]["auc"] == record["scores"][0]["accuracy"] == float(right)
    assert record["scores"][0]["miss_rate"] == float(not right)


@pytest.mark.usefixtures("undrawn")
def test_what_was_impossible_or_absent_is_null_with_a_reason(tmp_path: Path) -> None:
    block = words([b"a", b" b"])
    answers = told(block)._replace(surprise=np.array([1.0, np.inf]), expected=np.full(2, np.nan))
    (entry,) = left_behind(tmp_path / "w", block, answers)["scores"]
    assert entry["perplexity"] is None and "impossible" in entry["reason"]["perplexity"]
    assert "not known" in entry["reason"]["expected_surprise"]
    only = told_labels(np.array([0.2, 0.1]), np.array([0, 0]))
    record = left_behind(tmp_path / "l", messages([b"", b""], [0, 0]), only, ("no", "yes"))
    (entry,) = record["scores"]
    assert entry["auc"] is entry["miss_rate"] is None
    assert set(entry["reason"]) == {"auc", "miss_rate"}
    assert "All of them were no; " in verdict(record)


@pytest.mark.parametrize("labels", [None, ("no", "yes")])
def test_an_empty_stream_has_its_page(tmp_path: Path, labels: tuple[str, str] | None) -> None:
    block = words([]) if labels is None else messages([], [])
    record = left_behind(tmp_path, block, told(block), labels, coming=[])
    (entry,) = record["scores"]
    scores = OF_WORDS if labels is None else OF_LABELS
    unscored = [name for name in scores if name not in COUNTS]
    assert entry["n"] == 0 and all(entry[name] is None for name in unscored)
    assert set(entry["reason"]) >= set(unscored)
    assert "nothing was forecast" in verdict(record)
    assert "nothing was forecast" in (tmp_path / "report.html").read_text()
    assert read_back(tmp_path / "predictions.csv") == []


# ---- what is said --------------------------------------------------------------------------------


RIGHT = {"n": 4000, "said": 0.25, "was": 0.255, "low": 0.23, "high": 0.27}
OFF = {"n": 900, "said": 0.9, "was": 0.75, "low": 0.88, "high": 0.92}
CHANGE = {"began": "byte 12", "began_row": 7, "recovered": None, "points": 1, "excess_loss": 31.4}


def of_words(**values: Any) -> dict[str, Any]:
    usual = {"series": "word", "n": 5000, "bytes": 20_000, "bits_per_byte": 2.0}
    usual |= {"bits_per_byte_single": 4.0, "bits_per_byte_frequency": 2.5, "accuracy": 0.25}
    usual |= {"skill_single": 0.5, "skill_frequency": 0.2, "skill_raw": 0.75, "perplexity": 90.4}
    usual |= {
        "perplexity_without_spelling": 40.0,
        "new_words": 250,
        "bits_per_word": 8.0,
        "reliability": [RIGHT],
    }
    return {**usual, **values}


def of_labels(**values: Any) -> dict[str, Any]:
    usual = {"series": "label", "n": 5000, "accuracy": 0.98, "accuracy_commoner": 0.87}
    usual |= {"log_loss": 0.06, "auc": 0.99, "log_loss_last": 0.5, "skill_last": 0.9}
    usual |= {"log_loss_frequency": 0.4, "skill_frequency": 0.85, "miss_rate": 0.06}
    return {**usual, "false_alarm_rate": 0.009, "reliability": [RIGHT], **values}


NO_SKILL = dict.fromkeys(("skill_frequency", "skill_single", "skill_raw", "skill_last"))


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("words", {}, "needs 2.00 bits a byte, 20 % less than the running frequency of its words"),
        ("words", {}, "5,000 words was as hard to guess as one of 90 equally likely ones, and 5.0"),
        ("words", {}, "The likeliest word came in 25.0 % of cases; the probabilities held, 0.5 p"),
        ("words", {"reliability": [RIGHT, OFF]}, "off in 1 of 2 tenths: where 90 % was said, it w"),
        ("words", {"skill_single": -0.1}, "10 % more than the running frequency of its bytes"),
        ("words", {"n": 9}, "fewer than 50 words prove little"),
        ("words", {"perplexity": 4e6}, "more than a million"),
        ("words", {"bits_per_byte": None, **NO_SKILL}, "at least one was held to be impossible"),
        ("labels", {}, "98.0 % got the right label before it was told"),
        ("labels", {}, "Of spam 94.0 % was found, of ham 0.9 % taken for it; the prob"),
        ("labels", {}, "85 % less than the running frequency of the labels (95 % sure: 80 to 90 %"),
        ("labels", {"skill_last": 0.3}, "30 % less than the last label and how often it came ag"),
        ("labels", {"skill_frequency": -0.2}, "20 % more than the running frequency"),
        ("labels", {"skill_frequency": 0.001}, "no less than the running frequency"),
        ("labels", {"false_alarm_rate": None}, "All of them were spam; "),
        ("labels", {"n": 9}, "fewer than 50 messages prove little"),
        ("labels", {"log_loss": None, **NO_SKILL}, "held to be impossible"),
        ("labels", {}, "The last change began at byte 12 and was not recovered from until the end"),
    ],
)
def test_the_verdict_says_what_happened(kind: str, values: dict[str, Any], said: str) -> None:
    entry = of_words(**values) if kind == "words" else of_labels(**values)
    sure = {"series": entry["series"], "horizon": 1, "skill_frequency": [0.8, 0.9]}
    course = [{"series": entry["series"], "horizon": 1, "changes": [CHANGE]}]
    record = {"kind": kind, "scores": [entry], "skill_intervals": [sure], "course": course}
    assert said in verdict({**record, "labels": ("ham", "spam") if kind == "labels" else ()})


def test_the_table_has_a_cell_for_each_column() -> None:
    header, row = table({"kind": "words", "scores": [of_words()]})
    assert row[header.index("byte counts") :][:2] == ["4.000", "+50.0 %"]
    header, row = table({"kind": "labels", "labels": ("n", "y"), "scores": [of_labels()]})
    assert dict(zip(header, row, strict=True))["misses"] == "6.0 %"


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("undrawn")
def test_predictions_give_every_byte_of_the_text_back(tmp_path: Path) -> None:
    parts = [*some_words(300), *FORMULAS, b"\x85", "\u0085\u2028é".encode(), b" \\", b"\\x41"]
    block = words(parts)
    answers = told(block)
    odd = [(spelled, 1.0 / k) for k, spelled in enumerate(["a,b", '"', "\\", "\n", " é"], 3)]
    record = left_behind(tmp_path, block, answers, cuts=(100,), top=lambda row: odd[: row % 6])
    rows = read_back(tmp_path / "predictions.csv")
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(parts) == record["predictions"]["written"]
    starts = np.cumsum([0, *map(len, parts)])
    for k, (row, word) in enumerate(zip(rows, parts, strict=True)):
        assert int(row["time"]) == starts[k]
        assert (row["series"], row["horizon"], row["issued"]) == ("word", "1", str(k - 1))
        formula = word in (b"=", b"+", b"-", b"@")
        assert unspelled(row["y"].removeprefix("'") if formula else row["y"]) == word
        assert row["y"].startswith("'") == formula
        assert float(row["surprise"]) == pytest.approx(answers.surprise[k], rel=1e-8)
        assert float(row["p"]) == pytest.approx(math.exp(-answers.surprise[k]), rel=1e-8)
        assert float(row["rate"]) == pytest.approx(answers.rate[k], rel=1e-8)
        top = json.loads(row["top"])
        assert [unspelled(name) for name, _ in top] == [w.encode() for w, _ in odd[: k % 6]]
        assert [p for _, p in top] == pytest.approx([p for _, p in odd[: k % 6]], rel=1e-3)
    lines = (tmp_path / "predictions.csv").read_bytes().split(b"\n")
    assert len(lines) == len(parts) + 2  # a line for each answer, whatever the words are
    assert "JSON" in record["predictions"]["top"]


@pytest.mark.usefixtures("undrawn")
def test_predictions_of_labels(tmp_path: Path) -> None:
    p, y = some_labels(60)
    names = ("=cmd|' /C calc'!A0", "-yes")
    block = messages([b"x"] * 60, y)
    answers = told_labels(p, y)
    with SymbolReport(tmp_path, "labels", names) as report:
        lines = 3 + 2 * np.arange(60)
        report.add(block, answers, [[(names[1], 0.5)]] * 60, lines)
        report.finish([(names[0], 0.75), (names[1], 0.25)], {})
    rows = read_back(tmp_path / "predictions.csv")
    assert [row["time"] for row in rows] == [str(line) for line in lines]
    assert [row["y"] for row in rows] == ["'" + names[k] for k in y]
    assert json.loads(rows[0]["top"]) == [[names[1], 0.5]]
    wanted = np.where(y == 1, p, 1.0 - p)
    assert [float(row["p"]) for row in rows] == pytest.approx(wanted, rel=1e-8)
    coming = read_back(tmp_path / "forecast.csv")
    assert tuple(coming[0]) == NEXT_COLUMNS
    assert [row["y"] for row in coming] == ["'" + name for name in names]
    assert [row["time"] for row in coming] == ["122", "122"]  # the line after the last


@pytest.mark.parametrize("word", [b" the", b"\n", b"\xff", b"\\", "é\u0085".encode(), b"a\0"])
def test_a_word_is_spelled_reversibly(word: bytes) -> None:
    assert unspelled(spelled(word)) == word
    assert spelled(word).encode()  # it can be written
    assert "\n" not in spelled(word) and "\0" not in spelled(word)


@pytest.mark.usefixtures("undrawn")
def test_the_record_is_strict_json_and_what_comes_next_is_a_file(tmp_path: Path) -> None:
    block = words(some_words(40))
    record = left_behind(tmp_path, block, told(block)._replace(expected=np.full(40, np.nan)))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    stored = json.loads((tmp_path / "scores.json").read_text(), parse_constant=refuse)
    assert stored == record
    assert (stored["format"], stored["kind"], stored["horizons"]) == (1, "words", [1])
    assert stored["points_per_second"] == 20.0
    coming = read_back(tmp_path / "forecast.csv")
    assert [(row["y"], row["p"]) for row in coming] == [(" the", "0.5"), ("\\n", "0.25")]
    assert {row["time"] for row in coming} == {str(len(block.y))}
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("keep", ["all", "none", "auto"])
def test_rows_are_kept_as_for_numbers(
    keep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast.report.predictions.WHOLE", 100)
    block = words([b"a"] * 400)
    told_of = told(block)
    record = left_behind(tmp_path, block, told_of, predictions=keep, cuts=(30, 31, 250))
    written, looked = record["predictions"]["written"], record["scores"][0]["n_likeliest"]
    # where none is listed, a sixteenth of those that would be is looked at
    assert looked == written if keep != "none" else 6 <= looked <= 20
    if keep == "none":
        assert not (tmp_path / "predictions.csv").exists() and written == 0
        return
    issued = [int(row["issued"]) + 1 for row in read_back(tmp_path / "predictions.csv")]
    assert len(issued) == written
    if keep == "all":
        assert issued == list(range(400))
    else:
        assert issued[:100] == list(range(100)) and 130 < written < 200


def test_one_run_in_one_folder(tmp_path: Path) -> None:
    block = words([b"a"] * 30)
    p, y = some_labels(30)
    labelled = (messages([b"x"] * 30, y), told_labels(p, y), ("no", "yes"))
    left_behind(tmp_path, *labelled)
    assert (tmp_path / "figures" / "reliability.png").exists()
    with pytest.raises(FileExistsError, match="--force"):
        left_behind(tmp_path, block, told(block))
    left_behind(tmp_path, block, told(block), force=True)
    figures = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert figures == {"loss", "reliability", "confusion1"}
    with pytest.raises(ValueError, match="two labels"):
        SymbolReport(tmp_path / "other", "labels")
    assert not (tmp_path / "other").exists()


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    block = words([b"a"] * 30)
    with pytest.raises(ZeroDivisionError), SymbolReport(tmp_path, "words") as report:
        report.add(block, told(block), [[]] * 30)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


# ---- the page ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects what a browser would obey."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "path", "use", "rect", "image"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def obeyed(out: Path) -> Page:
    """What a browser would obey of a page: nothing that came from the data."""
    html = (out / "report.html").read_text()
    page = Page()
    page.feed(html)
    assert not {"img", "iframe", "object", "link"} & set(page.tags)
    assert page.tags.count("script") == 1  # the one that sorts
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not re.search(r"https?://|//cdn|@import", html)
    assert "src" not in {name for name, _ in page.attributes}
    assert "default-src 'none'" in html and "prefers-color-scheme:dark" in html
    assert "\x1b" not in html and "\u202e" not in html
    targets = [v for name, v in page.attributes if name == "href"]
    assert all(target.startswith(("#", "data:image/png")) for target in targets)
    names = [value for name, value in page.attributes if name == "id"]
    assert len(names) == len(set(names))
    assert page.open == []
    return page


PARTS = (
    *("Beside naive forecasters", "Scores", "Calibration", "What it was confused by"),
    *("Adapting and forgetting", "Honesty", "Where this came from", "What it cost"),
)


def test_the_page_of_words_obeys_no_word(tmp_path: Path) -> None:
    parts = [word.encode() for word in HOSTILE] * 4
    block = words(parts)
    coming = [(word, 0.1) for word in HOSTILE]
    left_behind(tmp_path, block, told(block), coming=coming, source=HOSTILE[0])
    page = obeyed(tmp_path)
    html = (tmp_path / "report.html").read_text()
    assert page.tags.count("svg") == page.tags.count("figure") == 3  # one of each kind
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    titles = ("The next word", "Bits a byte", "The most surprising words", *PARTS)
    for title in titles:
        assert f"<h2>{title}</h2>" in html
    assert html.index("Forecast word by word") < html.index("The next word")


def test_the_page_of_labels_obeys_no_label_and_no_message(tmp_path: Path) -> None:
    p, y = some_labels(200)
    texts = [HOSTILE[k % len(HOSTILE)].encode() + b"\xff" + b"y" * 100 for k in range(200)]
    names = (HOSTILE[0], HOSTILE[1])
    coming = [(names[0], 0.9), (names[1], 0.1)]
    left_behind(tmp_path, messages(texts, y), told_labels(p, y), names, coming=coming)
    page = obeyed(tmp_path)
    html = (tmp_path / "report.html").read_text()
    assert page.tags.count("svg") == page.tags.count("figure") == 3
    for title in ("The next label", "Log loss", "The most surprising labels", *PARTS):
        assert f"<h2>{title}</h2>" in html
    assert "y" * 80 not in html and "y" * 30 in html  # a message is cut at 80 characters


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    p, y = some_labels(400)
    block = messages([b"x"] * 400, y)
    for name, cuts in (("one", ()), ("two", (5, 6, 200))):
        left_behind(tmp_path / name, block, told_labels(p, y), ("no", "yes"), cuts=cuts)
    names = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*")]
    assert len(names) == 7
    for name in names:
        if name.suffix == ".csv":
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    ones, twos = (json.loads((tmp_path / n / "scores.json").read_text()) for n in ("one", "two"))
    one, two = ones["scores"][0], twos["scores"][0]
    assert {name: one[name] for name in OF_LABELS} == pytest.approx(
        {name: two[name] for name in OF_LABELS}, rel=1e-12
    )
    left_behind(tmp_path / "three", block, told_labels(p, y), ("no", "yes"))
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", ["words", "labels"])
def test_a_run_of_almost_nothing_has_its_page(tmp_path: Path, kind: str, n: int) -> None:
    if kind == "words":
        record = left_behind(tmp_path, words([b"a"] * n), told(words([b"a"] * n)))
    else:
        p, y = some_labels(n)
        record = left_behind(tmp_path, messages([b""] * n, y), told_labels(p, y), ("no", "yes"))
    assert record["scores"][0]["n"] == n
    assert (tmp_path / "report.html").stat().st_size > 10_000


# ---- calibration, and what stands beside the scores ----------------------------------------------


def test_reliability_is_counted_by_tenths_with_binomial_bands() -> None:
    rng = np.random.default_rng(6)
    said = np.append(rng.uniform(size=5000) ** 2, [0.0, 1.0, np.nan])
    was = np.append((rng.uniform(size=5000) < said[:5000]).astype(float), [0.0, 1.0, 1.0])
    whole, merged = Reliability(), Reliability()
    whole.add(said, was)
    for part in (slice(3000, None), slice(3000)):
        seen = Reliability()
        seen.add(said[part], was[part])
        merged.merge(seen)
    place = np.minimum(np.digitize(said[:-1], np.linspace(0.0, 1.0, 11)) - 1, 9)
    for tenth, (bar, again) in enumerate(zip(whole.told(), merged.told(), strict=True)):
        own = place == tenth
        p = said[:-1][own].mean()
        assert bar["n"] == own.sum() == again["n"]
        assert bar["said"] == pytest.approx(p, rel=1e-12) == again["said"]
        assert bar["was"] == pytest.approx(was[:-1][own].mean(), rel=1e-12)
        low, high = binom.interval(0.95, own.sum(), p)
        assert (bar["low"], bar["high"]) == pytest.approx((low / own.sum(), high / own.sum()))
    assert tenth == 9


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("cuts", [(), (1, 2, 600)])
def test_how_sure_questions_and_the_worst_stand_beside_the_scores(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    p, y = some_labels()
    answers = told_labels(p, y)
    texts = [b"message %d" % k for k in range(len(y))]
    record = left_behind(tmp_path, messages(texts, y), answers, ("no", "yes"), cuts=cuts)
    (entry,), (asked,) = record["scores"], record["questions"]
    asked_for = {"asked": 1201, "answered": 1200, "open": 1, "unanswered": 0}
    assert asked == {"series": "label", "horizon": 1, **asked_for}
    (sure,) = record["skill_intervals"]
    for rival in ("frequency", "last"):
        low, high = sure[f"skill_{rival}"]
        assert low < entry[f"skill_{rival}"] < high
    order = np.argsort(-answers.surprise, kind="stable")[:TEN]
    assert [one["row"] for one in entry["worst"]] == order.tolist()
    for one, row in zip(entry["worst"], order.tolist(), strict=True):
        assert one["surprise"] == pytest.approx(answers.surprise[row])
        assert one["expected_surprise"] == pytest.approx(answers.expected[row])
        assert (one["y"], one["after"]) == (("no", "yes")[y[row]], f"message {row}")
        assert one["time"] == row + 1


@pytest.mark.usefixtures("undrawn")
def test_a_skill_that_is_the_same_in_every_batch_is_sure(tmp_path: Path) -> None:
    """A forecaster that pays half of what the running frequency pays, always."""
    _, y = some_labels()
    answers = told_labels(np.full(len(y), 0.5), y)
    answers = answers._replace(surprise=0.5 * Frequencies(2).see(y))
    record = left_behind(tmp_path, messages([b""] * len(y), y), answers, ("no", "yes"))
    assert record["skill_intervals"][0]["skill_frequency"] == pytest.approx([0.5, 0.5])
    assert "50 % less than the running frequency of the labels (95 % sure" in verdict(record)


@pytest.mark.usefixtures("undrawn")
def test_a_change_of_labels_is_noticed_and_one_surprise_is_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    y = (rng.uniform(size=1500) < 0.1).astype(np.int64)
    p = np.where(y == 1, 0.97, 0.03)
    alone, turned = p.copy(), p.copy()
    alone[700] = 1.0 - p[700] + 0.029 * (1 - 2 * y[700])  # held to be all but impossible
    turned[700:760] = 1.0 - p[700:760]
    found = {}
    for name, said in (("alone", alone), ("turned", turned)):
        block, answers = messages([b""] * 1500, y), told_labels(said, y)
        record = left_behind(tmp_path / name, block, answers, ("no", "yes"))
        (found[name],) = record["course"]
    assert answers.surprise[700] == pytest.approx(-math.log(0.03))
    assert found["alone"]["changes"] == []
    (change,) = found["turned"]["changes"]
    assert change["began"] == "line 701" and 700 <= change["noticed_row"] <= 703
    assert change["excess_loss"] == pytest.approx(60 * math.log(0.97 / 0.03), rel=0.05)


# ---- what was most surprising --------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [(), (1,), (40, 41, 42, 43), tuple(range(1, 120))])
def test_the_most_surprising_words_stand_in_their_text(cuts: tuple[int, ...]) -> None:
    parts = [b" w%d" % k for k in range(120)]
    block = words(parts)
    surprise = np.random.default_rng(3).exponential(size=120)
    surprise[[60, 119]] = 50.0
    seen = Surprises(running=True)
    starts = np.cumsum([0, *map(len, parts)])
    for start, stop in zip((0, *cuts), (*cuts, 120), strict=True):
        piece, said = part(block, told(block)._replace(surprise=surprise), start, stop)
        seen.add(piece, said, starts[start:stop])
    text = b"".join(parts)
    order = np.argsort(-surprise, kind="stable")[:TEN]
    assert [one.time for one in seen.kept] == starts[order].tolist()
    for one, row in zip(seen.kept, order.tolist(), strict=True):
        assert (one.row, one.surprise) == (row, surprise[row])
        end = one.time + len(one.y)
        assert one.y == text[one.time : end] == parts[starts.tolist().index(one.time)]
        assert one.before == text[max(0, one.time - 60) : one.time]
        assert one.after == text[end : end + 30]


def passages_by_hand(
    parts: Sequence[bytes], nats: np.ndarray, shortest: int = 320
) -> list[tuple[float, int, int, float]]:
    """Of each passage its excess, first and last word, and nats a byte that were usual."""
    found, first, usual, n = [], 0, 8.0 * math.log(2.0), 1
    while sum(map(len, parts[first:])) >= shortest:
        stop = first + 1
        while sum(map(len, parts[first:stop])) < shortest:
            stop += 1
        size = sum(map(len, parts[first:stop]))
        cost = float(nats[first:stop].sum())
        found.append((cost - usual * size, first, stop, usual))
        usual += (cost / size - usual) / (n + 1)
        n, first = min(n + 1, 64), stop
    return found


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("cuts", [(), (1, 2, 500, 501)])
def test_the_most_confusing_passages_are_those_above_what_was_usual(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    parts = some_words(1500)
    block = words(parts)
    answers = told(block)
    record = left_behind(
        *(tmp_path, block, answers), cuts=cuts, top=lambda row: [(f" w{row}", 0.25), (",", 0.125)]
    )
    at, bits = np.cumsum([0, *map(len, parts)]), answers.surprise / math.log(2.0)
    wanted = sorted(passages_by_hand(parts, answers.surprise), key=lambda one: -one[0])[:5]
    worst = record["passages"]["worst"]
    assert len(worst) == 5 and wanted[0][1] > 0
    for one, (_, first, stop, usual) in zip(worst, wanted, strict=True):
        assert (one["row"], one["time"]) == (first, at[first])
        assert [unspelled(y) for y in one["y"]] == parts[first:stop]
        size = at[stop] - at[first]
        assert one["bits_per_byte"] == pytest.approx(bits[first:stop].sum() / size)
        assert one["usual_bits_per_byte"] == pytest.approx(usual / math.log(2.0))
        assert one["bits"] == pytest.approx(bits[first:stop], abs=6e-4)
        spelling = answers.spelled[first:stop] / math.log(2.0)
        assert one["spelling_bits"] == pytest.approx(spelling, abs=6e-4)
        assert one["likeliest"] == [f" w{row}" for row in range(first, stop)]
        assert set(one["likeliest_p"]) == {0.25}
        before = b"".join(parts)[max(0, at[first] - 60) : at[first]].decode(errors="ignore")
        assert one["before"] == spelled(before)
    end = record["passages"]["end"]
    first = end["row"]
    assert [unspelled(y) for y in end["y"]] == parts[first:]
    assert at[-1] - at[first] <= 320 < at[-1] - at[first - 1]
    steps = [0.0, 2.0, 4.0, 8.0, 16.0, math.inf]
    for part, low, high in zip(record["passages"]["by_bits"], steps, steps[1:], strict=False):
        own = (bits >= low) & (bits < high)
        assert (part["from"], part["n"]) == (low, own.sum())
        assert part["bits"] == pytest.approx(bits[own].sum())


@pytest.mark.usefixtures("undrawn")
def test_a_passage_is_coloured_text_that_is_never_obeyed(tmp_path: Path) -> None:
    parts = [*(name.encode() for name in HOSTILE), b" the", b"\n", b"  ", b" \xff", b"\\n"] * 2
    block = words(parts)
    nats = np.tile([0.1, 2.0, 4.0, 7.0, 12.0], 4)
    answers = told(block)._replace(surprise=nats, spelled=np.zeros(20))
    left_behind(tmp_path, block, answers, top=lambda row: [(HOSTILE[1], 0.25)])
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page and "<img" not in page and "<svg onload" not in page
    seen = {"text": "", "looks": [], "titles": []}

    class Reader(HTMLParser):
        """What a reader sees of the first passage."""

        inside = done = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            held = dict(attrs)
            if tag == "h3" or seen["text"].endswith(" …"):
                self.inside = False
            if tag == "p" and held.get("class") == "passage" and not seen["text"]:
                self.inside = True
            if tag == "span" and self.inside and "title" in held:
                seen["looks"].append(held["class"])
                seen["titles"].append(held["title"])

        def handle_data(self, data: str) -> None:
            seen["text"] += data if self.inside else ""

    Reader().feed(page)
    assert seen["looks"][:10] == ["took0", "took1", "took2", "took3", "took4"] * 2
    assert seen["titles"][1].startswith("2.9 bits; likeliest: ") and "25 %" in seen["titles"][1]
    for shown in ("<script>alert(1)</script>", " the↵\n␣␣ \\xff\\n"):
        assert shown in seen["text"]


@pytest.mark.usefixtures("undrawn")
def test_a_letter_of_several_bytes_is_shown_whole(tmp_path: Path) -> None:
    file = "aß€𝄞".encode() * 40 + b"\xe2\x82a\xc3"
    block = words([bytes([byte]) for byte in file])
    answers = told(block)._replace(spelled=np.zeros(len(file)))
    record = left_behind(tmp_path, block, answers, kind="bytes", top=lambda row: [("e", 0.5)])
    end = record["passages"]["end"]
    assert end["y"][-8:] == ["a", "ß", "€", "𝄞", "\\xe2", "\\x82", "a", "\\xc3"]
    bits = answers.surprise / math.log(2.0)
    assert end["bits"][-5] == pytest.approx(bits[-8:-4].sum(), abs=1e-3)
    assert sum(end["bits"]) == pytest.approx(bits[end["row"] :].sum(), abs=0.2)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("parts", [[], [b" the"]])
def test_a_text_shorter_than_a_passage(tmp_path: Path, parts: list[bytes]) -> None:
    block = words(parts)
    record = left_behind(tmp_path, block, told(block))
    assert record["passages"]["worst"] == []
    page = (tmp_path / "report.html").read_text()
    assert ("shorter than a passage" in page) == bool(parts)
    assert (record["passages"]["end"] is None) == (not parts)


def test_memory_does_not_grow_with_the_stream(tmp_path: Path) -> None:
    block = words(some_words(3000))
    peaks = []
    for blocks in (5, 25):
        with SymbolReport(tmp_path / str(blocks), "words", predictions="none") as report:
            tracemalloc.start()
            for k in range(blocks):
                later = Symbols(3000 * k, block.x, block.x_at, block.y, block.y_at)
                report.add(later, told(later), [[]] * int(report.wanted(later).sum()))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_byte_that_was_held_to_be_impossible_is_said() -> None:
    entry = {"n": 5, "bits_per_byte": None, "reliability": []}
    impossible = "Of 5 bytes, at least one was held to be impossible: no cost can be given."
    assert ByteScores.said(entry, {}) == [impossible]
