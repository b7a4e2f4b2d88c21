"""Rows gathered into steps, against what pandas makes of the same rows."""

import numpy as np
import pandas as pd
import pytest

from forecast.cli import main
from forecast.stream import StreamError, open_numbers

pytestmark = pytest.mark.usefixtures("undrawn")


def readings(n=500, seed=0):
    """A sensor that answers when it likes, sometimes twice at once, sometimes not for hours."""
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(
        rng.choice([0, 7, 40, 95, 600, 9000], n, p=[0.05, 0.3, 0.3, 0.2, 0.14, 0.01])
    )
    times = pd.Timestamp("2024-03-30 22:10:03") + pd.to_timedelta(seconds, unit="s")
    numbers = np.round(rng.normal(20.0, 3.0, (n, 2)), 3)
    numbers[rng.random((n, 2)) < 0.05] = np.nan
    return pd.DataFrame(numbers, index=times, columns=["a", "b"])


def written(frame, path, times=None):
    out = frame.copy()
    out.insert(0, "time", frame.index.strftime("%Y-%m-%d %H:%M:%S") if times is None else times)
    out.to_csv(path, index=False)
    return path


def gathered(path, **how):
    stream = open_numbers(path, target=["a", "b"], **how)
    blocks = list(stream)
    y = np.concatenate([block.y for block in blocks])
    return [text for block in blocks for text in block.times], y, stream


@pytest.mark.parametrize("how", ["mean", "sum", "last"])
@pytest.mark.parametrize("step", ["5 minutes", "1 hour"])
@pytest.mark.parametrize("block", [1, 7, 4096])
def test_steps_are_those_of_pandas(tmp_path, how, step, block):
    frame = readings()
    times, y, stream = gathered(
        written(frame, tmp_path / "a.csv"), step=step, gather=how, block=block
    )
    resampled = frame.resample(pd.Timedelta(step))
    expected = resampled.sum(min_count=1) if how == "sum" else getattr(resampled, how)()
    over = len(expected) - (1 if stream.bad else 0)
    assert list(times) == list(expected.index[:over].strftime("%Y-%m-%d %H:%M:%S"))
    np.testing.assert_allclose(y, expected.to_numpy()[:over], rtol=1e-12)
    assert stream.rows == over and stream.rows_read == len(frame)


def test_hours_are_those_of_utc_and_days_those_of_the_wall(tmp_path):
    """The clocks of Berlin go forward in the night to 31 March."""
    frame = readings(900)
    local = frame.tz_localize("UTC").tz_convert("Europe/Berlin")
    stamps = [t.isoformat(sep=" ") for t in local.index]
    path = written(frame, tmp_path / "a.csv", stamps)
    times, y, _ = gathered(path, step="1 hour", gather="mean")
    expected = frame.tz_localize("UTC").resample("1h").mean()
    assert [pd.Timestamp(t).tz_convert("UTC") for t in times] == list(expected.index[: len(y)])
    np.testing.assert_allclose(y, expected.to_numpy()[: len(y)], rtol=1e-12)
    times, y, _ = gathered(path, step="1 day", gather="sum")
    days = frame.groupby(local.index.strftime("%Y-%m-%d")).sum(min_count=1)
    assert [t[:10] for t in times] == list(days.index[: len(y)])
    np.testing.assert_allclose(y, days.to_numpy()[: len(y)], rtol=1e-12)


def test_the_last_step_counts_only_if_it_was_over(tmp_path):
    lines = [f"2024-01-01 00:{minute:02d},{minute}" for minute in range(0, 40)]
    path = tmp_path / "minutes.csv"
    path.write_text("time,y\n" + "\n".join(lines) + "\n")
    over = open_numbers(path, step="20 min", gather="sum")
    assert [rows.y[:, 0].tolist() for rows in over] == [[190.0], [590.0]] and not over.bad
    path.write_text("time,y\n" + "\n".join(lines[:-3]) + "\n")
    cut = open_numbers(path, step="20 min", gather="sum")
    assert [rows.y[:, 0].tolist() for rows in cut] == [[190.0]]
    assert cut.bad == {"in the last step, which was not over": 17}


def test_rows_out_of_order_are_refused_by_line_or_dropped(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("time,y\n0.5,1\n1.5,2\n1.2,9\n2.5,3\n3.5,4\n")
    with pytest.raises(StreamError, match=r"line 4.*'1.2' is earlier than a row before it"):
        list(open_numbers(path, step="1", gather="mean"))
    stream = open_numbers(path, step="1", gather="mean", unsorted="drop")
    assert np.concatenate([rows.y for rows in stream])[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert stream.bad == {"time out of order": 1}


def test_excluded_and_bounds(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("time,y\n0.5,1\n0.6,500\n1.5,2\n2.5,3\n3.5,4\n")
    how = {"step": "1", "gather": "mean"}
    with pytest.raises(StreamError, match=r"line 3.*beyond the bounds"):
        list(open_numbers(path, bounds=(0.0, 9.0), **how))
    kept = open_numbers(path, bounds=(0.0, 9.0), exclude=["0.6..0.7"], **how)
    assert next(iter(kept)).y[0, 0] == 1.0


@pytest.mark.parametrize("step", [None, "month", "rows"])
def test_a_length_of_time_has_to_be_named(tmp_path, step):
    path = tmp_path / "a.csv"
    path.write_text("time,y\n2024-01-01,1\n2024-01-02,2\n")
    with pytest.raises(StreamError, match=r"gathered only by the time.*Say --step"):
        open_numbers(path, step=step, gather="mean")


def test_a_gap_without_end_is_refused(tmp_path):
    path = tmp_path / "gap.csv"
    path.write_text("time,y\n1,1\n2,2\n3000000,3\n3000001,3\n")
    with pytest.raises(StreamError, match="gap of 2,999,997 missing steps"):
        list(open_numbers(path, step="1", gather="mean"))


def test_the_command_gathers(tmp_path, capsys):
    path = written(readings(), tmp_path / "a.csv")
    args = ["run", str(path), "--target", "a", "--out", str(tmp_path / "out")]
    assert main([*args, "--duplicates", "drop"]) == 3
    assert "--gather mean" in capsys.readouterr().err
    assert main([*args, "--step", "5 min", "--gather", "mean"]) == 0
    answered = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert answered["time"].str.fullmatch(r"[0-9-]{10} \d\d:[0-5][05]:00").all()
