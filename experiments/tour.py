"""Does confusion teach? A tour for a student of the thread: cell after cell, each with a picture.

    python experiments/tour.py

Or open it in an editor that runs cells (`# %%`) and change things. All that it reads comes with the
project and with Python.
"""

# %% Set up
import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from page import RESULTS, Page

import forecast
from forecast import LabelForecaster, Level, NumberForecaster, Paced, Remembering, WordForecaster
from forecast.prequential import prequential
from forecast.stream.prose import python_help
from forecast.stream.text import words_of

DATA = Path(forecast.__file__).parent.parent / "data"
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
mpl.use("Agg" if mpl.get_backend().lower() == "agg" else mpl.get_backend())
mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "font.size": 9})
mpl.rcParams.update({"legend.frameon": False, "figure.constrained_layout.use": True})
page = Page("A tour: does confusion teach?", "tour.py")


def shown(figure, name, says):
    """Keep a picture, put it on the page and say what is seen."""
    (RESULTS / "tour").mkdir(parents=True, exist_ok=True)
    figure.savefig(RESULTS / "tour" / f"{name}.png", dpi=120, metadata={"Software": None})
    page.say(f"![{says.split('.')[0]}](tour/{name}.png)\n\n{says}")


# %% One loop
page.say(
    "## One loop\n\nForecast the next observation as a distribution; be told the truth; measure "
    "the surprise, -log p, in nats; learn. `prequential(stream, learner)` is that loop: it asks "
    "before it tells, so that every observation is a test. Here the yearly flow of the Nile at "
    "Aswan, forecast by nothing but a level."
)
nile = pd.read_csv(DATA / "nile.csv").set_index("year")["volume"]
steps = list(prequential(nile.items(), Level()))

figure, (flow, nats, rate) = plt.subplots(
    3, 1, figsize=(7, 5), sharex=True, height_ratios=(3, 1, 1)
)
years = [step.time for step in steps]
low, high = zip(*(step.forecast.interval(0.9) for step in steps), strict=True)
seen = years[5:]
flow.fill_between(seen, low[5:], high[5:], color=BLUE, alpha=0.2, lw=0, label="90 % interval")
flow.plot(seen, [s.forecast.median for s in steps[5:]], color=BLUE, label="forecast, a year before")
flow.plot(nile.index, nile, "k.-", lw=0.6, ms=4, label="flow")
flow.set(ylabel="flow, 10$^8$ m³ a year")
flow.legend(ncols=3, loc="upper right")
nats.vlines(seen, 0, [step.surprise for step in steps[5:]], color="black", lw=1.2)
nats.set(ylabel="surprise,\nnats", ylim=(0, None))
rate.step(seen, [step.rate for step in steps[5:]], where="mid", color=ORANGE)
rate.set(ylabel="rate", xlabel="year", ylim=(0, None))
shown(
    figure,
    "nile",
    "The Nile, forecast a year before. About 1899 the flow falls (rains had changed, and the old "
    "dam was begun). No one told the forecaster: the rate, how much the newest year counts against "
    "all before, had been falling, and rises threefold by itself until the new level is known.",
)

# %% Not every surprise teaches
page.say(
    "## Not every surprise teaches\n\nThe thread said: the more confused by a point, the more is "
    "to be learned from it. A stream that we make ourselves shows where that is right and where "
    "not: one wild value at 60, a change for good at 120."
)
random = np.random.default_rng(7)
made = random.normal(10.0, 1.0, 180)
made[60] += 9.0
made[120:] += 5.0
rivals = {
    "one rate, slow (.02)": (Paced("level", "constant", rate=0.02), GREEN),
    "one rate, fast (.5)": (Paced("level", "constant", rate=0.5), GREY),
    "six rates, weighed by surprise": (Level(), BLUE),
}
figure, (values, rates) = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True, height_ratios=(2, 1))
values.plot(made, ".", color="black", ms=3)
losses = {}
for name, (learner, colour) in rivals.items():
    steps = list(prequential(made, learner))[20:]
    losses[name] = np.mean([step.surprise for step in steps])
    now = [step.time for step in steps]
    label = f"{name}: {losses[name]:.3f} nats"
    values.plot(now, [s.forecast.median for s in steps], color=colour, lw=1.4, label=label)
    rates.plot(now, [s.rate for s in steps], color=colour, lw=1.4)
values.set(ylabel="value")
values.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
rates.set(ylabel="rate", xlabel="point", yscale="log", ylim=(0.01, 1.0))
rates.set_yticks([0.01, 0.1, 1.0], ["0.01", "0.1", "1"])
shown(
    figure,
    "rates",
    "An outlier, a change, and three levels. The slow one shrugs at the outlier and has not "
    "arrived sixty points after the change; the fast one runs after everything. The third keeps "
    "six memories at once and listens to the ones that are less surprised: it sleeps through the "
    "outlier, whose surprise is the largest of all, and wakes at the change. So the thread is "
    "right about the surprise of *two memories beside each other*, not about the last one alone.",
)
assert losses["six rates, weighed by surprise"] == min(losses.values())

# %% Season, trend, and an honest test
page.say(
    "## An honest test\n\nThe whole forecaster on the carbon dioxide at Mauna Loa, week by week. "
    "Nothing was fitted beforehand: what stands beside each week was said before that week was "
    "known, so the mean of its errors is the test, and it can be looked at while it goes on."
)
co2 = pd.read_csv(DATA / "co2.csv", parse_dates=["date"]).set_index("date")["co2"]
steps = list(prequential(co2.items(), NumberForecaster(season=52)))
ours = pd.Series({s.time: abs(s.y - s.forecast.median) for s in steps})
inside = pd.Series(
    {
        s.time: np.less_equal(*s.forecast.interval(0.9)[:1], s.y)
        & (s.y <= s.forecast.interval(0.9)[1])
        for s in steps[52:]
    }
)
last = co2.ffill().diff().abs().reindex(ours.index)
season = (co2 - co2.ffill().shift(52)).abs().reindex(ours.index)

figure, (errors, covered) = plt.subplots(2, 1, figsize=(7, 4.4), sharex=True)
for name, off, colour in (
    ("the same week of last year", season, GREEN),
    ("last value", last, GREY),
    ("forecast", ours, BLUE),
):
    errors.plot(off.expanding(52).mean(), color=colour, label=f"{name}: {off.mean():.3f}")
errors.set(ylabel="mean |error| so far, ppm", ylim=(0, None))
errors.legend()
covered.plot(inside.rolling(200).mean(), color=BLUE)
covered.axhline(0.9, color="black", ls="--", lw=0.8)
covered.set(
    ylabel="inside the 90 % interval,\nof the last 200 weeks", ylim=(0.5, 1.0), xlabel="year"
)
shown(
    figure,
    "co2",
    f"Carbon dioxide, week by week. Errors fall while it learns, below those of the last value, "
    f"and {inside.mean():.1%} of all weeks fall into their 90 % intervals.",
)

# %% The last word
page.say(
    "## The last word is the last data point\n\nThe same function, the same loop; the stream is "
    "the help of Python, word by word, and what learns is a `WordForecaster`. It has never seen a "
    "text before: a new word is spelled, and all of it is paid for."
)
words = [word.decode() for word in words_of(python_help())][:31_000]
reader = WordForecaster()
steps = list(prequential(words, reader))
bits = pd.Series([step.surprise for step in steps]) / np.log(2)
size = pd.Series([len(word.encode()) for word in words])
smooth = bits.rolling(2_000).sum() / size.rolling(2_000).sum()
figure, axes = plt.subplots(figsize=(7, 2.2))
axes.plot(smooth, color=BLUE)
axes.set(ylabel="bits a byte,\nof the last 2,000 words", xlabel="word", ylim=(0, None))
shown(
    figure,
    "words",
    f"Surprise falls as words are learned, and stays where a text is new. From {smooth[1999]:.2f} "
    f"bits a byte to {smooth.iloc[-1]:.2f}; a byte takes eight by itself. Where it dips, the help "
    "says again what it has said before.",
)

# %% What surprised it
COLUMNS, LINES = 100, 8
SIZE, WIDE, TALL = 8.0, 4.8, 13.5  # points of a letter and of its place
figure = plt.figure(figsize=(COLUMNS * WIDE / 72, LINES * TALL / 72), layout="none")
axes = figure.add_axes((0, 0, 1, 1))
axes.set(xlim=(0, COLUMNS), ylim=(LINES, 0))
axes.axis("off")
line, column = 0, 0
for step in steps[-220:]:
    word = step.y.replace("\n", " ")
    if column + len(word) > COLUMNS:
        line, column, word = line + 1, 0, word.lstrip()
    if line == LINES:
        break
    strength = min(step.surprise / np.log(2) / 16.0, 1.0)
    box = (column, line + 0.08), len(word), 0.84
    axes.add_patch(plt.Rectangle(*box, color=ORANGE, alpha=0.8 * strength, lw=0))
    axes.text(column, line + 0.5, word, family="monospace", fontsize=SIZE, va="center_baseline")
    column += len(word)
shown(
    figure,
    "text",
    "The last words that it read. The darker, the more surprising: sixteen bits and more are "
    "darkest; what has no colour had been foreseen.",
)
likely = ", ".join(f"`{word!r}` {p:.2f}" for word, p in reader.predict().top(5))
page.say(f"What it would say next, of all the words that it knows: {likely}.")

# %% The label of a message
page.say(
    "## A click is the last data point too\n\nA label is forecast, told by a click, and learned at "
    "once: there is no night in which a filter is trained."
)
clicks = [
    ("ham", "are you home for dinner tonight"),
    ("ham", "the meeting moved to noon, same room"),
    ("spam", "win a free prize, reply now"),
    ("ham", "thanks for the notes, see you monday"),
    ("spam", "free ringtones, reply to claim"),
    ("ham", "can you send me the report"),
]
coming = [
    "your parcel waits, pay the small fee now",
    "your parcel waits, pay a fee today",
    "win a free parcel",
    "the parcel from mum is here",
    "see you at dinner",
]
box = LabelForecaster(labels=("ham", "spam"))
for label, message in clicks:
    box.learn(label, message)
before = [box.predict(message).p("spam") for message in coming]
box.learn("spam", coming[0])
after = [box.predict(message).p("spam") for message in coming]
figure, (moved, why) = plt.subplots(1, 2, figsize=(7.4, 3.0))
rows = np.arange(len(coming))
moved.hlines(rows, before, after, color=GREY, lw=1)
moved.plot(before, rows, "o", color="white", mec="black", label="before the click")
moved.plot(after, rows, "o", color=ORANGE, label="after it")
moved.set(yticks=rows, yticklabels=coming, xlim=(0, 1), xlabel="probability of spam")
moved.tick_params(axis="y", labelsize=7.5)
moved.invert_yaxis()
moved.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=7.5)
evidence = box.explain(coming[3], most=10)[::-1]
why.barh(
    [piece.text for piece in evidence],
    [piece.nats for piece in evidence],
    color=[ORANGE if piece.nats > 0 else BLUE for piece in evidence],
)
why.axvline(0, color="black", lw=0.8)
why.set(xlabel="nats of log odds for spam,\nof the last but one")
why.tick_params(axis="y", labelsize=7.5)
shown(
    figure,
    "click",
    "One click on the first message, *spam*. It and its neighbour flip; the others move as far as "
    "they share words with it, and each says why.",
)
assert after[0] > 0.5 > before[0]
box.undo()
assert [box.predict(message).p("spam") for message in coming] == before

# %% Without forgetting
page.say(
    "## Without forgetting\n\nAn old regime comes back. Who learned the new one by unlearning the "
    "old must learn twice; who kept its past selves asks them again."
)
term, holiday = random.normal(size=(2, 24))
parts = [np.resize(term, 700), np.resize(holiday, 2_000), np.resize(term, 700)]
regimes = np.concatenate(parts) + random.normal(0.0, 0.1, 3_400)
figure, axes = plt.subplots(figsize=(7, 2.8))
returned = {}
for name, learner, colour in (
    ("one self", NumberForecaster(), GREY),
    ("with past selves", Remembering(NumberForecaster()), BLUE),
):
    off = pd.Series([abs(s.y - s.forecast.median) for s in prequential(regimes, learner)])
    returned[name] = off[2699:2749].mean()
    label = f"{name}: {returned[name]:.3f} in the first 50 points after the return"
    axes.plot(off.rolling(25).mean(), color=colour, label=label, lw=1.3)
for at in (700, 2700):
    axes.axvline(at, color="black", ls="--", lw=0.8)
axes.set(ylabel="mean |error|,\nof the last 25 points", xlabel="point", ylim=(0, None))
axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
shown(
    figure,
    "selves",
    "The hours of a day in term, those of holidays, and those of term again. The dashed lines are "
    "where they change.",
)

# %% Killed, and gone on with
page.say(
    "## Killed, and gone on with\n\nA learner is two flat arrays, so it is saved whole and goes on "
    "as if it had never stopped: bit for bit."
)
whole, half = NumberForecaster(season=52), NumberForecaster(season=52)
values = co2.to_numpy()
half.learn_many(values[:1_000])
with tempfile.TemporaryDirectory() as folder:
    forecast.save(Path(folder) / "state", half)
    resumed = forecast.load(Path(folder) / "state")
whole.learn_many(values)
resumed.learn_many(values[1_000:])
same = whole.predict().quantile(0.9) == resumed.predict().quantile(0.9)
assert same
page.say(f"The same forecast after a kill at week 1,000, to the last bit: {same}.")
page.write()
