"""Spam from one click: labels of messages beside the filters and libraries that people use.

    python experiments/mail.py MESSAGES.tsv

MESSAGES.tsv has lines of ``label<TAB>text``, ham or spam, in the order in which they came: the SMS
Spam Collection (Almeida and Hidalgo, 2011; UCI Machine Learning Repository, data set 228), or any
such file. Everybody forecasts each label before it is told, and learns it then. scikit-learn,
bogofilter and crm114 take part where they are installed.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from page import Page, table
from river import feature_extraction, linear_model, naive_bayes, optim
from scipy.stats import rankdata

from forecast import LabelForecaster, SymbolRun
from forecast.learner import Symbols

HAM, SPAM = b"ham", b"spam"
FIRST = 300  # messages before the first click that is tried
SURE = 0.75  # what forecast mail takes for its own label
LIKE = 5  # near-duplicates of each message that was clicked
DROPPED = 0.2  # of the words of a near-duplicate
OLD = 200  # earlier messages that are looked at again
DELIVERIES = 21

Message = tuple[int, bytes]  # 1 for spam, and the text


class Peer(NamedTuple):
    """Somebody who says how likely spam is, and learns."""

    p: Callable[[bytes], float]
    learn: Callable[[bytes, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("messages", type=Path)
    path = parser.parse_args().messages
    made = read(path)
    page = Page("Mail", __file__, "MESSAGES.tsv")
    page.say(
        f"{len(made):,} messages of `{path.name}`, {sum(y for y, _ in made):,} of them spam; each "
        "label is forecast before it is told. The constants of the forecaster were chosen on the "
        "first half; the second is reported beside the whole. Log loss in nats, a probability "
        "being held to lie between 1e-6 and 1 - 1e-6; CPU as it was on a machine with other work."
    )
    side_by_side(page, made)
    clicks(page, made)
    late_and_partial(page, made)
    cold(page)
    page.write()


def read(path: Path) -> list[Message]:
    """The messages of a file."""
    lines = (line.partition(b"\t") for line in path.read_bytes().splitlines())
    return [(int(label == SPAM), text) for label, _, text in lines if label in (HAM, SPAM)]


# ---- everybody on the same stream ----------------------------------------------------------------


def side_by_side(page: Page, made: list[Message]) -> None:
    """Scores of all, on the whole and on its second half."""
    y = np.array([label for label, _ in made])
    half = len(y) // 2
    rows = []
    for name, (p, seconds) in everybody(made):
        entry = [name, *scores(p, y), *scores(p[half:], y[half:]), f"{1e3 * seconds / len(y):.3f}"]
        rows.append(entry)
        print(" | ".join(entry), flush=True)
    columns = ["accuracy %", "(1-AUC) %", "log loss", "ham taken for spam %", "spam missed %"]
    later = [f"2nd half: {column}" for column in columns]
    page.say("## Everybody on the same stream")
    page.say(table(["", *columns, *later, "ms a message (CPU)"], rows))
    page.say(
        "*forecast* is `LabelForecaster()` in the compiled loop. River's models see bags of words; "
        "scikit-learn's a hashed one with pairs of words, learned by `partial_fit`; bogofilter "
        "and crm114 start two processes for each message; the scores of the one are what it calls "
        "spamicity, those of the other its probabilities by orthogonal sparse bigrams."
    )


def everybody(made: list[Message]) -> Iterator[tuple[str, tuple[np.ndarray, float]]]:
    """Each with what it said before it was told, and its seconds of CPU."""
    yield "forecast", ours(made)
    for name, peer in peers():
        yield name, walked(peer, made)
    if shutil.which("bogofilter"):
        with tempfile.TemporaryDirectory() as folder:
            yield "bogofilter", walked(bogofilter(folder), made)
    if shutil.which("crm"):
        with tempfile.TemporaryDirectory() as folder:
            yield "crm114", walked(crm114(folder), made)


def ours(made: list[Message]) -> tuple[np.ndarray, float]:
    """The forecaster, in the compiled loop."""
    run = SymbolRun(LabelForecaster())
    run.feed(block(made[:0]))  # compiles, or finds the code
    start = cpu()
    surprise = run.feed(block(made)).surprise
    seconds = cpu() - start
    right = np.exp(-surprise)
    return np.where([label for label, _ in made], right, 1.0 - right), seconds


def block(made: list[Message]) -> Symbols:
    """Messages as the loop walks over them."""
    texts = np.frombuffer(bytearray(b"".join(text for _, text in made)), np.uint8)
    at = np.cumsum([0, *(len(text) for _, text in made)], dtype=np.int64)
    labels = np.array([label for label, _ in made], np.uint8)
    return Symbols(0, texts, at, labels, np.arange(len(made) + 1))


def peers() -> Iterator[tuple[str, Peer]]:
    """Models of river and of scikit-learn."""
    bag = feature_extraction.BagOfWords
    river = {
        "river logistic, AdaGrad .3": lambda: (
            bag() | linear_model.LogisticRegression(optim.AdaGrad(0.3))
        ),
        "river logistic, AdaGrad 1": lambda: (
            bag() | linear_model.LogisticRegression(optim.AdaGrad(1.0))
        ),
        "river MultinomialNB": lambda: bag() | naive_bayes.MultinomialNB(),
    }
    for name, make in river.items():
        yield name, of_river(make())
    if find_spec("sklearn"):
        from sklearn.linear_model import SGDClassifier
        from sklearn.naive_bayes import MultinomialNB

        yield "scikit-learn SGD, log loss", of_sklearn(SGDClassifier(loss="log_loss"), "l2")
        yield "scikit-learn MultinomialNB", of_sklearn(MultinomialNB(), None)


def of_river(model: Any) -> Peer:
    """A model of river."""

    def learn(text: bytes, label: int) -> None:
        model.learn_one(text.decode(errors="replace"), bool(label))

    def p(text: bytes) -> float:
        return float(model.predict_proba_one(text.decode(errors="replace")).get(True, 0.5))

    return Peer(p, learn)


def of_sklearn(model: Any, norm: str | None) -> Peer:
    """A model of scikit-learn on hashed words and pairs of words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashed = HashingVectorizer(
        n_features=2**16, ngram_range=(1, 2), alternate_sign=False, norm=norm
    )
    seen = []

    def learn(text: bytes, label: int) -> None:
        model.partial_fit(hashed.transform([text.decode(errors="replace")]), [label], [0, 1])
        seen.append(label)

    def p(text: bytes) -> float:
        if not seen:
            return 0.5
        return float(model.predict_proba(hashed.transform([text.decode(errors="replace")]))[0, 1])

    return Peer(p, learn)


def bogofilter(folder: str) -> Peer:
    """The filter of that name: one process to ask it, another to tell it."""
    command = ["bogofilter", "-d", folder]
    told = set()

    def learn(text: bytes, label: int) -> None:
        subprocess.run([*command, "-s" if label else "-n"], input=b"\n" + text, check=True)
        told.add(label)

    def p(text: bytes) -> float:
        if not told:
            return 0.5
        done = subprocess.run([*command, "-T"], input=b"\n" + text, capture_output=True)
        return float(done.stdout.split()[1])

    return Peer(p, learn)


def crm114(folder: str) -> Peer:
    """The filter of that name, with its sparse pairs of words: a process each, as above."""
    how, files = "<osb unique microgroom>", ("ham.css", "spam.css")
    classify = f"{{ classify {how} ({' '.join(files)}) (:stats:) }}"
    ask = f"-{{ isolate (:stats:); {classify} output /:*:stats:/ }}"
    told = set()

    def learn(text: bytes, label: int) -> None:
        tell = f"-{{ learn {how} ({files[label]}) }}"
        subprocess.run(["crm", tell], input=text, cwd=folder, check=True)
        told.add(label)

    def p(text: bytes) -> float:
        if len(told) < len(files):
            return 0.5
        done = subprocess.run(["crm", ask], input=text, cwd=folder, capture_output=True, check=True)
        line = next(line for line in done.stdout.splitlines() if line.startswith(b"#1 (spam.css)"))
        return float(line.partition(b"prob: ")[2].partition(b",")[0])

    return Peer(p, learn)


def walked(peer: Peer, made: list[Message]) -> tuple[np.ndarray, float]:
    """Ask, then tell, message by message."""
    said = np.empty(len(made))
    start = cpu()
    for t, (label, text) in enumerate(made):
        said[t] = peer.p(text)
        peer.learn(text, label)
    return said, cpu() - start


def cpu() -> float:
    """Seconds of CPU of this process and of those that it started and that have ended."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, -1))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def scores(p: np.ndarray, y: np.ndarray) -> list[str]:
    """Accuracy, 1 - AUC, log loss, ham taken for spam, spam missed."""
    held = np.clip(p, 1e-6, 1.0 - 1e-6)
    loss = -np.log(np.where(y == 1, held, 1.0 - held)).mean()
    spam = int(y.sum())
    auc = (rankdata(p)[y == 1].sum() - spam * (spam + 1) / 2) / (spam * (len(y) - spam))
    said = p > 0.5
    return [
        f"{100 * (said == y).mean():.2f}",
        f"{100 * (1 - auc):.2f}",
        f"{loss:.4f}",
        f"{100 * said[y == 0].mean():.2f}",
        f"{100 * (~said[y == 1]).mean():.2f}",
    ]


# ---- clicks --------------------------------------------------------------------------------------


def says(learner: LabelForecaster, text: bytes) -> int:
    """The likelier label."""
    return int(learner.predict(text).p("spam") > 0.5)


def clicks(page: Page, made: list[Message]) -> None:
    """Each error is clicked once, and looked at again with its likes and with old messages."""
    rng = np.random.default_rng(0)
    learner = LabelForecaster()
    same: list[bool] = []
    like: list[bool] = []
    changed: list[float] = []
    for t, (label, text) in enumerate(made):
        wrong = says(learner, text) != label
        learner.learn(learner.labels[label], text)
        if wrong and t >= FIRST:
            same.append(says(learner, text) == label)
            for _ in range(LIKE):
                words = [word for word in text.split() if rng.random() >= DROPPED]
                like.append(says(learner, b" ".join(words)) == label)
            old = [made[at] for at in rng.choice(t, OLD, replace=False)]
            after = statistics.mean(says(learner, text) == y for y, text in old)
            learner.undo()
            before = statistics.mean(says(learner, text) == y for y, text in old)
            changed.append(100 * (after - before))
            learner.learn(learner.labels[label], text)
    page.say("## One click")
    page.say(
        f"{len(same)} messages after the first {FIRST} were forecast wrongly, and clicked. "
        f"Afterwards {100 * statistics.mean(same):.1f} % of them are forecast rightly, and "
        f"{100 * statistics.mean(like):.1f} % of {len(like)} near-duplicates, which lack "
        f"{100 * DROPPED:.0f} % of their words. The accuracy on {OLD} earlier messages changes by "
        f"{statistics.mean(changed):+.2f} points in the mean, by {min(changed):+.2f} at worst."
    )


def late_and_partial(page: Page, made: list[Message]) -> None:
    """Labels that come late, and labels that come for half of the errors only."""
    right = accuracy(made, LabelForecaster(), lambda t, wrong: True)
    rows = [["all labels, at once", f"{right:.2f}", ""]]
    for delay in (10, 100):
        found = delayed(made, delay)
        rows.append([f"all labels, {delay} messages late", f"{found:.2f}", f"{found - right:+.2f}"])
    for name, sure in (("nothing else", None), (f"its own where it is {SURE} sure", SURE)):
        for told in (0, 50):
            found = statistics.mean(half_clicked(made, sure, told, seed) for seed in range(5))
            what = f"half of the errors clicked, {name}"
            what += f", the first {told} told" if told else ""
            rows.append([what, f"{found:.2f}", f"{found - right:+.2f}"])
    page.say("## Labels that come late, or not at all")
    page.say(table(["", "accuracy %", "points"], rows))
    page.say("Which half of the errors is clicked is drawn by lot; the mean of five draws.")


def accuracy(
    made: list[Message], learner: LabelForecaster, told: Callable[[int, bool], bool]
) -> float:
    """Right labels in percent, where a message's label is told or not."""
    right = 0
    for t, (label, text) in enumerate(made):
        wrong = says(learner, text) != label
        right += not wrong
        learner.learn(learner.labels[label] if told(t, wrong) else None, text)
    return 100 * right / len(made)


def half_clicked(made: list[Message], sure: float | None, first: int, seed: int) -> float:
    """Accuracy where every second error is clicked, and the first messages are told."""
    rng = np.random.default_rng(seed)
    return accuracy(
        made,
        LabelForecaster(sure=sure),
        lambda t, wrong: t < first or (wrong and rng.random() < 0.5),
    )


def delayed(made: list[Message], delay: int) -> float:
    """Accuracy where every label comes so many messages late."""
    from forecast.prequential import prequential

    learner = LabelForecaster()
    stream = ((t, text, learner.labels[label]) for t, (label, text) in enumerate(made))
    steps = prequential(stream, learner, delay)
    said: Iterator[Any] = ((step.forecast, step.y) for step in steps)
    return 100 * statistics.mean(forecast.top(1)[0][0] == y for forecast, y in said)


# ---- one delivery from cold ----------------------------------------------------------------------

PLAIN = b"From: ann@example.org\nSubject: Lunch\n\n" + b"See you at the usual place at 12:30. " * 12
PARTS = (
    b"From: shop@example.org\nSubject: =?utf-8?q?f=C3=BCr?= you\nMIME-Version: 1.0\n"
    b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    + b"An offer that ends today. " * 20
    + b"\n--b\nContent-Type: text/html\n\n<p>"
    + b"An <b>offer</b> that ends today. " * 20
    + b"\n--b--\n"
)


def cold(page: Page) -> None:
    """A process for each mail: Python, a score, a state that is written."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        state = str(Path(folder) / "mail.sqlite")
        command = [sys.executable, "-m", "forecast", "mail"]
        for task, mail in (("ham", PLAIN), ("spam", PARTS)):
            subprocess.run([*command, task, "--state", state], input=mail, check=True)
        score = [*command, "score", "--filter", "--state", state]
        for name, words, mail in (
            ("Python alone", [sys.executable, "-c", "pass"], b""),
            ("a plain mail", score, PLAIN),
            ("a mail with MIME parts and HTML", score, PARTS),
        ):
            rows.append([name, *timed(words, mail)])
    page.say("## One delivery from cold")
    page.say(table(["", "wall, ms", "CPU, ms", "least wall, ms", "least CPU, ms"], rows))
    load = os.getloadavg()[0]
    page.say(
        f"Medians of {DELIVERIES} deliveries, while {load:.1f} processes wanted "
        f"{os.cpu_count()} cores: of a busy machine the least is nearer to the truth."
    )


def timed(words: list[str], mail: bytes) -> list[str]:
    """Wall and CPU of a process: medians, then the least."""
    environment = {**os.environ}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # its bytecode is kept, as where it is installed
    walls, cpus = [], []
    for _ in range(DELIVERIES):
        spent, start = cpu(), time.perf_counter()
        subprocess.run(words, input=mail, stdout=subprocess.DEVNULL, check=True, env=environment)
        walls.append(1e3 * (time.perf_counter() - start))
        cpus.append(1e3 * (cpu() - spent))
    both = (statistics.median, min)
    return [f"{of(kind):.0f}" for of in both for kind in (walls, cpus)]


if __name__ == "__main__":
    main()
