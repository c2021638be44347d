"""Tables in the order of time as datasets: windows, borders, gaps, and what is refused."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.data.spec_json import spec_from_json, spec_to_json
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DlrunError, RunFolderError
from dlrun.execution.loading import load_splits
from tests.forked import loaded_by

CONFIG = """\
dataset:
  type: series
  path: table.csv
  {lines}
model: {{layers: [Flatten, {layers}]}}
loss: mean_squared_error
optimizer: Adam
training: {{epochs: 1}}
"""
USUAL = ("target: sales", "window: 4", "horizon: 2")


def config(*more, layers="{type: Dense, units: 2}"):
    """Write a config; a key that is given takes the place of the usual one."""
    given = {line.partition(":")[0] for line in more}
    usual = [line for line in USUAL if line.partition(":")[0] not in given]
    return CONFIG.format(lines="\n  ".join([*usual, *more]), layers=layers)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table, and load the splits of a config over it."""
    monkeypatch.chdir(tmp_path)

    def load(text, *more, layers="{type: Dense, units: 2}"):
        (tmp_path / "table.csv").write_text(text)
        (tmp_path / "c.yaml").write_text(config(*more, layers=layers))
        return load_splits(load_config(tmp_path / "c.yaml"))

    return load


def days(rows, *, first=date(2024, 1, 1), sales=lambda day: day + 0.5, skip=()):
    """Days with two numbers each."""
    lines = [
        f"{first + timedelta(days=day)},{day % 7},{sales(day)}"
        for day in range(rows)
        if day not in skip
    ]
    return "\n".join(["day,weekday,sales", *lines]) + "\n"


def keras_windows(values, targets, **given):
    """Give the windows that Keras cuts: `(windows, length, features)`, and what is said of each."""
    parts = keras.utils.timeseries_dataset_from_array(values, targets, batch_size=None, **given)
    x, y = zip(*((one.numpy(), other.numpy()) for one, other in parts), strict=True)
    return np.stack(x), np.stack(y)


@pytest.mark.parametrize("stride", [1, 3])
def test_windows_are_those_of_keras(table, stride):
    """`timeseries_dataset_from_array` with the step that follows each window; number by number."""
    splits = table(days(40), "time: day", f"stride: {stride}", "test_split: 0.25")
    sales = np.arange(40) + 0.5
    rows = np.stack([np.arange(40) % 7, sales], axis=1).astype(np.float32)  # (steps, features)
    for name, (begin, end) in {"train": (0, 30), "test": (26, 40)}.items():
        part, followers = rows[begin : end - 2], sales[begin + 4 : end]
        x, y = keras_windows(
            part[: len(followers) + 2], followers[:-1], sequence_length=4, sequence_stride=stride
        )
        samples = splits.present()[name]
        np.testing.assert_array_equal(samples.x, x)
        np.testing.assert_array_equal(samples.y[:, 0], y.astype(np.float32))
        np.testing.assert_array_equal(samples.y[:, 1], (y + 1).astype(np.float32))


def test_no_target_of_one_split_is_seen_by_an_earlier_one(table):
    """Windows look back over a border, never forward; whole windows where that is asked for."""
    asked = ("time: day", "test_split: 0.2", "validation_split: 0.2")
    splits = table(days(60), *asked)
    seen = {name: samples.x[:, :, 1] for name, samples in splits.present().items()}
    told = {name: samples.y for name, samples in splits.present().items()}
    assert told["train"].max() < told["validation"].min()
    assert told["validation"].max() < told["test"].min()
    assert seen["train"].max() < told["validation"].min()
    assert seen["validation"].min() < told["train"].max()  # the past is known
    assert (len(told["train"]), len(told["validation"]), len(told["test"])) == (33, 9, 11)
    assert told["test"][0].tolist() == [48.5, 49.5]

    apart = table(days(60), *asked, "border: windows").present()
    bounds = [(one.x[:, :, 1].min(), one.y.max()) for one in apart.values()]
    assert bounds == [(0.5, 37.5), (38.5, 47.5), (48.5, 59.5)]


def test_scaling_is_fitted_on_the_past_alone(table):
    """By mean and deviation of the steps before the first border, each once; targets too."""
    asked = ("time: day", "scale: standard", "target_scale: standard")
    splits = table(days(50, sales=lambda day: day**2), *asked, "test_split: 0.2",
                   "validation_split: 0.25")  # fmt: skip
    past = np.arange(30.0) ** 2  # 50 without 10 for testing, 40 without 10 for validation
    column = splits.spec.columns[-1]
    assert column.name == "sales"
    assert column.scale.offset == pytest.approx(past.mean())
    assert column.scale.factor == pytest.approx(past.std())
    np.testing.assert_allclose(
        splits.test.x[-1, :, 1], (np.arange(44, 48) ** 2 - past.mean()) / past.std(), rtol=1e-6
    )
    scaling = splits.spec.target_scaling
    assert scaling.offset == pytest.approx((splits.train.y.mean(axis=0)).tolist(), rel=1e-6)
    assert splits.test.y[-1].tolist() == [48**2, 49**2]  # in the units of the table


def test_rows_in_any_order_and_several_series(table):
    """Series by their keys, sorted; each in the order of time, whatever order the rows have."""
    lines = [f"{shop},{day},{100 * place + day}" for place, shop in enumerate(["ü b", "a"])
             for day in range(12)]  # fmt: skip
    shuffled = [lines[place] for place in np.random.Generator(np.random.PCG64(0)).permutation(24)]
    text = "\n".join(["shop,day,sales", *shuffled])
    splits = table(text, "time: day", "key: shop")
    assert splits.train.x[:, :, 0].tolist() == [
        [100 * place + day + step for step in range(4)] for place in (1, 0) for day in range(7)
    ]
    assert splits.train.foretold.keys == (("a",), ("ü b",))
    assert splits.train.foretold.numbers.tolist() == [0] * 7 + [1] * 7
    assert splits.train.foretold.times[0].tolist() == [4, 5]
    assert "the rows are put in the order of 'day'" in splits.notes
    assert splits.spec.input_shape == (4, 1)
    seen = table(text, "time: day", "key: shop", "columns: {shop: category}")
    assert seen.spec.input_shape == (4, 3)


def test_naive_forecasts_by_hand(table):
    """The last value, and what was a season ago, as often as it takes to lie in the past."""
    asked = ("time: day", "season: 3", "horizon: 4")
    layers = "{type: Dense, units: 4}"
    splits = table(days(20, sales=lambda day: day**2), *asked, layers=layers)
    told = splits.train.foretold.naive
    assert told["last value"][0].tolist() == [9, 9, 9, 9]
    assert told["season of 3"][0].tolist() == [1, 4, 9, 1]
    far = table(days(20, sales=lambda day: day**2), "time: day", "season: 6").train.foretold.naive
    assert np.isnan(far["season of 6"][0]).all()  # the table begins later than that
    assert far["season of 6"][2].tolist() == [0, 1]


def test_gaps_are_told_and_no_window_goes_across(table):
    """Which, how many, and what can be done; or the steps as they come, or an error."""
    text = days(30, skip=(10, 11, 20))
    splits = table(text, "time: day")
    (said,) = [note for note in splits.notes if note.startswith("warning")]
    assert said == (
        "warning: time 'day': 2 gaps: after 2024-01-10 2 steps missing; after 2024-01-20 1 step "
        "missing; no window goes across (fill in the missing rows, or `gaps: join` takes the steps "
        "as they come)"
    )
    assert "time 'day': from 2024-01-01 to 2024-01-30, a step is 1 day" in splits.notes
    assert (np.diff(splits.train.x[:, :, 1], axis=1) == 1).all()
    assert len(splits.train) == 5 + 3 + 4
    assert len(table(text, "time: day", "gaps: join").train) == 27 - 5
    with pytest.raises(DlrunError, match=r"(?s)2 gaps: after 2024-01-10 2 steps.*gaps: break"):
        table(text, "time: day", "gaps: error")


def test_unequal_steps_are_told(table):
    """What is no multiple of the usual step."""
    hours = [0, 1, 2, 3, 4, 5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5]
    text = "hour,sales\n" + "".join(f"{hour},{hour}\n" for hour in hours)
    splits = table(text, "time: hour")
    (said,) = [note for note in splits.notes if note.startswith("warning")]
    assert "1 unequal step: after 5 the next is 6.5; no window goes across" in said
    assert len(splits.train) == 1 + 2


def test_windows_that_lack_a_target_are_left_out(table):
    """And counted; where the network sees the cell, its column says what becomes of it."""
    text = days(20).replace("2024-01-10,2,9.5", "2024-01-10,2,")
    features = ("time: day", "features: [weekday]")
    splits = table(text, *features)
    assert "2 train windows lack a target and are left out" in splits.notes
    assert len(splits.train) == 15 - 2
    flagged = table(text, "time: day")  # as in every table: one more entry tells
    assert flagged.train.x[4, 3].tolist() == [2, np.median(np.delete(np.arange(20) + 0.5, 9)), 1]
    with pytest.raises(DlrunError, match=r"(?s)1 cell of the features is empty .*table.csv:11"):
        table(text, "time: day", "columns: {sales: number}")
    filled = table(text, "time: day", "columns: {sales: {type: number, missing: median}}")
    assert filled.train.x[4, 3, 1] == pytest.approx(np.median(np.delete(np.arange(20) + 0.5, 9)))


def test_one_number_for_the_gaps_of_several_series_is_told(table):
    """By the steps that are trained on; where all series are alike there is nothing to say."""

    def told(large, lacking):
        rows = [
            f"2024-01-{day:02},{shop},{'' if day in lacking else size + day % 3}"
            for shop, size in (("A", 3), ("B", large))
            for day in range(1, 29)
        ]
        text = "\n".join(["day,shop,sales", *rows])
        kind = "columns: {sales: {type: number, missing: median}}"
        splits = table(text, "time: day", "key: shop", kind, "test_split: 0.25")
        return [line for line in splits.notes if line.startswith("warning: column")]

    (warning,) = told(200, {5, 9})
    assert warning == (
        "warning: column 'sales': the gaps of 2 series become 102.5, the median of all 2 series "
        "together, whose own medians go from 4 to 201. Fill them in the table, each from the past "
        "of its own series, or leave these steps out with 'dataset.where': then no window goes "
        "across"
    )
    assert not told(3, {5, 9})
    assert not told(200, {27})  # tested on: nothing was fitted to it


def test_the_order_of_the_rows_is_time_where_none_is_named(table):
    """One column is enough."""
    splits = table("sales\n" + "".join(f"{n}\n" for n in range(10)))
    assert splits.train.x[0].tolist() == [[0], [1], [2], [3]]
    assert len(splits.train) == 5


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (days(12), ["time: dy"], "There is no column 'dy' in .*Did you mean 'day'"),
        (days(12), ["time: day", "key: day"], "'day' is the time and a key at once"),
        (days(12), ["time: sales"], "'sales' is the time"),
        (days(12) + "2024-01-03,1,9\n", ["time: day"],
         r"'day': 2024-01-03 comes twice \(.*table.csv:4 and .*table.csv:14\).*dataset.key"),
        (days(12) + ",1,9\n", ["time: day"], r"1 row without a time: .*table.csv:14"),
        (days(12).replace("2024-01-03", "soon"), ["time: day"], "'soon'"),
        ("day,sales\n" + "a,1\nb,2\n" * 6, ["time: day"], "'day' holds text such as 'a'"),
        ("day,sales\n" + "".join(f"0{n}/0{n}/2024,{n}\n" for n in range(1, 9)), ["time: day"],
         "may begin with the day or with the month"),
        (days(12).replace("3.5", "much"), ["time: day"], "'much'"),
        (days(5), ["time: day"], "no train window fits: its 5 moments must hold 2 to be"),
        (days(12), ["time: day", "test_split: 0.1"], "no test window fits: its 1 moment"),
        (days(12), ["time: day", "window: 0"], "a whole number from 1"),
        (days(12), ["time: day", "season: 0"], "a whole number from 1"),
        (days(12), ["time: day", "gaps: fill"], "gaps"),
        (days(12), ["time: day", "folds: 3", "fold: 1"], "Folds would train on moments"),
        (days(12), ["time: day", "split_by: {time: day}"], "split_by"),
        (days(12), ["time: day", "target_scale: log", "scale: none"], None),
        ("day,sales\n", ["time: day"], "no rows|has no"),
        ("", ["time: day"], "empty"),
    ],
)  # fmt: skip
def test_what_is_refused(table, text, more, said):
    """With the reason and a way out; nothing is guessed."""
    if said is None:
        assert table(text, *more).spec.target_scaling.kind == "log"
        return
    with pytest.raises((ConfigError, DlrunError), match=f"(?s){said}"):
        table(text, *more)


def test_layers_cannot_name_columns(table):
    """A window is one array."""
    with pytest.raises(ConfigError, match="There is no layer and no column 'weekday'"):
        table(days(12), "time: day", layers="{type: Dense, units: 2, inputs: [weekday]}")


def test_the_spec_comes_back_and_a_damaged_one_is_named(table):
    """As it was stored; each field that cannot be is told."""
    stored = spec_to_json(table(days(20), "time: day", "season: 7", "target_scale: log").spec)
    assert spec_to_json(spec_from_json(stored)) == stored
    assert spec_from_json(stored).series.clock.unit == "second"
    for path, value, said in [
        ("window", 5, "feature_names should be the entries of the columns"),
        ("horizon", 0, "form.horizon should be from 1"),
        ("targets", ["a", "b"], "target_names should be one for each target and step"),
        ("keys", ["?"], "form.table.columns should be all columns"),
        ("clock", {"column": "day", "format": None, "unit": "second", "step": 1.0}, "form.clock"),
        ("clock", {"column": "day", "format": "iso", "unit": "second", "step": -1.0}, "form.clock"),
        ("gaps", "fill", "form.gaps"),
    ]:
        with pytest.raises(RunFolderError, match=said):
            spec_from_json({**stored, "form": {**stored["form"], path: value}})


def test_streamed_windows_are_those_in_memory(table, monkeypatch):
    """To the bit, from a table on the disk, out of order, with gaps and two series."""
    lines = days(60, skip=(7, 30)).splitlines()
    text = "\n".join([f"{lines[0]},shop", *(f"{line},{place % 2}" for place, line in
                                            enumerate(reversed(lines[1:])))])  # fmt: skip
    asked = ("time: day", "key: shop", "gaps: join", "scale: standard", "test_split: 0.2",
             "season: 2")  # fmt: skip
    held = table(text, *asked)
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    streamed = table(text, *asked)
    assert streamed.streamed.startswith("streaming from the disk")
    assert streamed.train.streamed
    assert streamed.spec == held.spec
    for name, samples in held.present().items():
        other = streamed.present()[name]
        chosen = np.array([3, 0, len(samples) - 1])
        assert (other.x[:] == samples.x).all()
        assert (other.y[:] == samples.y).all()
        assert (other.at(chosen).take(slice(None)).x == samples.x[chosen]).all()
        for naive, values in samples.foretold.naive.items():
            np.testing.assert_array_equal(other.foretold.naive[naive][:], values)


def test_what_a_window_looks_like_is_told_without_numpy(tmp_path):
    """By the first rows; of what only the values tell it is not known."""
    path = tmp_path / "table.csv"
    path.write_text(days(30))
    given = {"path": path, "window": 4, "horizon": 2, "header": None, "delimiter": None}
    sample = find_sample("series", {**given, "time": "day"})
    assert (sample.shape, sample.target, sample.is_regression) == ((4, 2), (2,), True)
    assert find_sample("series", given).shape is None  # a date has no numbers of its own
    (tmp_path / "c.yaml").write_text(config("time: day"))
    code, loaded = loaded_by("validate", tmp_path / "c.yaml")
    assert code == 0
    assert not {"numpy", "duckdb", "tensorflow"} & loaded


def test_steps_of_months_and_their_ends(table):
    """All times on one day of the month, or on the last: no gap between 28 and 31 days."""
    for last in (False, True):
        times = [
            date(2023 + (month + last) // 12, (month + last) % 12 + 1, 1) for month in range(20)
        ]
        shown = [day - timedelta(days=1) if last else day for day in times]
        text = "\n".join(["day,sales", *(f"{day},{place}" for place, day in enumerate(shown))])
        splits = table(text, "time: day")
        assert splits.spec.series.clock.unit == ("month_end" if last else "month")
        assert any("a step is 1 month" in note for note in splits.notes)
        assert not any("warning" in note for note in splits.notes)
        assert math.isclose(splits.spec.series.clock.step, 1)
