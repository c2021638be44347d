"""Numbers that float32 does not hold, through the command line."""

import csv
import json

import numpy as np
import pytest

CONFIG = """\
dataset: {type: csv, path: rows.csv, target: y}
model: {layers: [{type: Dense, units: 2, activation: softmax}]}
loss: sparse_categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
training: {epochs: 1}
"""
LOW, HIGH = "9007199254740992", "9007199254740993"
REGRESSION = ("--set", "model.layers=[{type: Dense, units: 1}]", "--set", "loss=mse", "--set",
              "metrics=[]", "--set", "exports=[]")  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write a table, and the config that reads it."""

    def written(head, *rows):
        (tmp_path / "rows.csv").write_text("\n".join([head, *rows, ""]))
        (tmp_path / "rows.yaml").write_text(CONFIG)

    return written


def predicted(run):
    """The true classes of the training rows, as the run wrote them down."""
    with (run / "predictions" / "train.csv").open(encoding="utf-8") as file:
        return [row["true"] for row in csv.DictReader(file)]


def test_large_labels_of_a_table_stay_two_classes(dlrun, write):
    """float64 takes 2**53 + 1 for 2**53."""
    rows = [f"{number},{LOW if number % 2 else HIGH}" for number in range(8)]
    write("x,y", *rows)
    run = dlrun("train", "rows.yaml").run
    spec = json.loads((run / "spec.json").read_text())
    assert spec["class_names"] == [LOW, HIGH]
    assert predicted(run) == [HIGH, LOW] * 4
    support = json.loads(dlrun("evaluate", run, "--data", "rows.csv", "--json").out)
    assert [one["support"] for one in support["classification"]["classes"]] == [4, 4]


@pytest.mark.parametrize("stream", ["1000", "0"])
def test_large_labels_of_an_array_stay_two_classes(dlrun, tmp_path, monkeypatch, stream):
    """In memory and streamed, with test rows that are smaller."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", stream)
    y = np.array([int(LOW), int(HIGH)] * 4)
    np.savez(tmp_path / "rows.npz", x=np.arange(8.0), y=y, a=np.zeros((2, 1)), b=y[:2])
    (tmp_path / "rows.yaml").write_text(CONFIG)
    words = ("--set", "dataset={type: npz, path: rows.npz, x_test: a, y_test: b}")
    run = dlrun("train", "rows.yaml", *words).run
    assert json.loads((run / "spec.json").read_text())["class_names"] == [LOW, HIGH]
    told = json.loads(dlrun("evaluate", run, "--data", "rows.npz", "--json").out)
    assert [one["support"] for one in told["classification"]["classes"]] == [4, 4]


def test_streamed_tables_refuse_labels_that_would_merge(dlrun, write, monkeypatch):
    """Their numbers are kept as float64."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    write("x,y", f"0,{LOW}", f"1,{HIGH}", "2,5")
    assert "of which neighbours become one" in dlrun("train", "rows.yaml", code=3).err


def test_large_numbers_are_a_regression_as_before(dlrun, write):
    """Where no classes are asked for, the targets are told to be rounded."""
    write("x,y", f"0,{LOW}", f"1,{HIGH}", "2,5")
    told = dlrun("train", "rows.yaml", *REGRESSION, "--set", "training.epochs=0").err
    assert (
        "warning: target 'y': 1 of 3 whole numbers are rounded by float32, such as: "
        f"{HIGH} becomes {LOW}. Subtract what they have in common, or use a larger unit.\n"
    ) in told


@pytest.mark.parametrize(("scale", "told"), [("none", True), ("minmax", False)])
def test_a_rounded_feature_is_warned_of(dlrun, write, scale, told):
    """Scaled in float64, numbers that are close together stay apart."""
    write("when,x,y", *(f"{1_700_000_001 + number},1,{number % 2}" for number in range(4)))
    trained = dlrun("train", "rows.yaml", "--set", f"dataset.scale={scale}")
    warning = (
        "warning: column 'when': 4 of 4 whole numbers are rounded by float32, such as: 1700000001 "
        "becomes 1700000000. Use 'dataset.scale', or subtract what they have in common.\n"
    )
    assert (warning in trained.err) is told
    assert (warning in (trained.run / "log.txt").read_text()) is told


@pytest.mark.parametrize("weight", ["1e39", "1e-46", "1e-39"])
@pytest.mark.parametrize("quotes", ["", '"'])
def test_weights_beyond_float32_are_told(dlrun, write, weight, quotes):
    """They were infinite, or 0, without a word."""
    write("x,w,y", "0,1,0", f"1,{quotes}{weight}{quotes},1", "2,0,1")
    told = dlrun("train", "rows.yaml", "--set", "dataset.sample_weight=w", code=3).err
    assert (
        f"rows.csv:3: column 'w': '{weight}' is beyond the range of float32, in which a weight is "
        "0 or from 1.2e-38 to 3.4e+38.\n  Multiply all weights by one number"
    ) in told


@pytest.mark.parametrize("class_weight", ["{'0': 1e39}", "{'0': 1e-46}", "{'0': 1e30}"])
def test_weights_of_classes_beyond_float32_are_told(dlrun, write, class_weight):
    """Alone, or times the weight of the row."""
    write("x,w,y", "0,1e30,0", "1,1,1", "2,0,1")
    words = ("--set", "dataset.sample_weight=w", "--set", f"training.class_weight={class_weight}")
    told = dlrun("train", "rows.yaml", *words, code=2).err
    assert "training.class_weight: the weight of a class, 1e" in told
    assert "is beyond the range of float32." in told
