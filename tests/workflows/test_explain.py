"""`dlrun explain` and `dlrun weights` on real runs: what is told, and what is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from dlrun.rundir.tensors import load_tensors, save_tensors
from tests.conftest import CONFIGS
from tests.folders import change
from tests.forked import loaded_by

HAND = """\
dataset: {type: threshold_sum, samples: 20, test_samples: 4}
model:
  layers:
    - type: Dense
      name: hidden
      units: 5
      activation: tanh
      weights: [[[-1.08239257, .32482854, .95010394, .00501535, -.47380614],
                 [-.56682748, 1.15749049, .91618514, .37518814, -.67639047]],
                [-.18290569, .21453567, .01353107, .27740911, .09604219]]
    - type: Dense
      name: sign
      units: 1
      activation: tanh
      weights: [[[-.8775745], [1.09351909], [.21981503], [1.31380796], [-.10301871]], [.27410847]]
loss: hinge
training: {epochs: 0}
"""
IRIS = ("train", CONFIGS / "iris.yaml", "--set", "training.epochs=1", "--quiet")


@pytest.fixture
def hand(dlrun, tmp_path):
    """A run with the weights of a calculation that was worked out by hand."""
    (tmp_path / "hand.yaml").write_text(HAND)
    return dlrun("train", "hand.yaml", "--quiet").run


def test_the_calculation_by_hand(hand, dlrun):
    """The row (0.3, 0.1) gives h = (-.5112, .4034, .3715, .3063, -.1133) and y = 0.93015909."""
    told = json.loads(dlrun("explain", hand, "--input", "0.3,0.1", "--json").out)
    hidden, last = told["layers"]
    h = [-0.5112, 0.4034, 0.3715, 0.3063, -0.1133]
    np.testing.assert_allclose(hidden["y"], h, atol=5e-5)
    np.testing.assert_allclose(last["y"], [0.93015909], atol=1e-7)
    assert told["tensorflow"]["agrees"]
    assert told["tensorflow"]["difference"] < 1e-6
    assert told["predicted"] == "1"
    terms = hidden["sums"][0]["terms"]
    assert [term["place"] for term in terms] == [[0], [1]]
    assert sum(t["product"] for t in terms) + hidden["sums"][0]["bias"] == pytest.approx(
        hidden["between"]["z"][0]
    )
    slopes = np.array(told["derivative"])
    np.testing.assert_allclose(told["contributions"], slopes * [0.3, 0.1], rtol=1e-6)


def test_it_is_written_as_by_hand(hand, dlrun):
    """Inputs down, units across; each sum written out; TensorFlow's word at the end."""
    told = dlrun("explain", hand, " 0.3, 0.1")
    assert told.out == dlrun("explain", hand, "--input", " 0.3, 0.1").out
    assert told.err == ""
    assert "hidden  Dense, reads input (2,), gives (5,)\n" in told.out
    assert "  z[j] = Σ x[i] · kernel[i, j] + bias[j]\n  y = tanh(z)\n" in told.out
    assert "  x1    0.3000          -1.0824  0.3248  0.9501  0.0050  -0.4738\n" in told.out
    line = "z[0] = 0.3000 · (-1.0824) + 0.1000 · (-0.5668) - 0.1829 = -0.5643, y[0] = -0.5112\n"
    assert line in told.out
    assert "y = 0.9302 is above 0: 1\n" in told.out
    assert "TensorFlow agrees: no layer's output differs by more than" in told.out


def test_one_layer(hand, dlrun):
    """In full, and nothing else."""
    told = dlrun("explain", hand, "--row", "1", "--layer", "sign", "--numpy-only").out
    assert told.startswith("sign  Dense, reads hidden (5,)")
    assert "what moves" not in told
    refused = dlrun("explain", hand, "--layer", "hiden", "--numpy-only", code=2).err
    assert "error: the run has no layer 'hiden'.\n" in refused
    assert "Did you mean 'hidden'? It has: hidden, sign." in refused


def test_rows_of_splits_and_files_are_those_that_predict_sees(dlrun, tmp_path):
    """The row, its class, and its probabilities; scaled by the run's own scaling."""
    run = dlrun(*IRIS).run
    told = json.loads(dlrun("explain", run, "--row", "3", "--json").out)
    with (run / "predictions" / "test.csv").open() as file:
        row = list(csv.DictReader(file))[3]
    assert (told["true"], told["predicted"]) == (row["true"], row["predicted"])
    shares = [float(value) for name, value in row.items() if name.startswith("probability")]
    np.testing.assert_allclose(told["output"], shares, atol=1e-5)
    given = ",".join(f"{value:.4f}" for value in told["given"])
    (tmp_path / "rows.csv").write_text(",".join(told["feature_names"]) + f"\n9,9,9,9\n{given}\n")
    for words in (["--data", "rows.csv", "--row", "1"], ["--input", given]):
        other = json.loads(dlrun("explain", run, *words, "--numpy-only", "--json").out)
        np.testing.assert_allclose(other["output"], told["output"], atol=1e-4)
        assert other["tensorflow"] is None
    text = dlrun("explain", run, "--row", "3", "--numpy-only").out
    assert "scaled as in training; given is in the units of the data" in text
    assert f"row 3 of test, which is {row['true']}" in text
    first = dlrun("explain", run, "--split", "train", "--numpy-only").out
    assert "row 0 of train" in first


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--row", "4"], 2, "--row 4: there is no row 4: the test rows are numbered 0 to 3."),
        (["--row", "-1"], 2, "--row: expected 0 or more, got '-1'."),
        (["--split", "validation"], 3, "the run has no validation rows.\n  It has: train, test."),
        (["--data", "two.csv", "--row", "2"], 2, "there is no row 2: two.csv has the rows 0 to 1."),
        (["--input", "1"], 2, "--input: received 1 value, the run takes 2: x1, x2."),
        (["--input", "1,2,3"], 2, "--input: received 3 values, the run takes 2: x1, x2."),
        (["--input", "1,two"], 2, "--input: 'two' is not a number."),
        (["--input", "1,nan"], 2, "--input: 'nan' is not a number."),
        (["--input", "1,1e300"], 2, "beyond the range of float32"),
        (["--input", "1,2", "--row", "0"], 2, "--input: a row that is typed is one by"),
        (["1,2", "--row", "0"], 2, "INPUT 1,2: a row that is typed is one by itself;"),
        (["1,2,3"], 2, "INPUT 1,2,3: received 3 values, the run takes 2: x1, x2."),
        (
            ["1,2", "--data", "x.csv"],
            2,
            "INPUT 1,2: the row is given twice: by itself, and by",
        ),
        (["absent.csv"], 3, "absent.csv: there is no such file."),
        (["--split", "test", "--data", "two.csv"], 2, "--split names rows of the run's own data"),
    ],
)
def test_rows_that_are_not_there(words, code, told, hand, dlrun):
    """With the numbers that there are."""
    Path("two.csv").write_text("x1,x2\n0,1\n1,1\n")
    assert told in dlrun("explain", hand, *words, "--numpy-only", code=code).err


def test_images(dlrun, tmp_path):
    """A network over images has its pixels named, and no flat row."""
    (tmp_path / "images.yaml").write_text(
        "dataset: {type: digits, test_split: 0.2}\n"
        "model: {layers: [{type: Conv2D, filters: 2, kernel_size: 3}, {type: Flatten},"
        " {type: Dense, units: 10, activation: softmax}]}\n"
        "loss: categorical_crossentropy\ntraining: {epochs: 0}\n"
    )
    run = dlrun("train", "images.yaml", "--quiet").run
    told = dlrun("explain", run, "--row", "1").out
    assert "conv2d  Conv2D, reads input (8, 8, 1), gives (6, 6, 2)" in told
    assert "the largest of its 9 terms first:" in told
    assert "pixels of 0 to 16 are given to the network as 0 to 1" in told
    refused = dlrun("explain", run, "--input", "1,2", code=2).err
    told = "--input: takes the features of a flat row; the run takes arrays of shape (8, 8, 1)."
    assert told in refused
    assert "Use --row N, or --data FILE." in refused


def test_regressions(dlrun):
    """Targets have names and no classes."""
    words = ("--set", "training.epochs=1", "--quiet")
    run = dlrun("train", CONFIGS / "sine_regression.yaml", *words).run
    told = dlrun("explain", run, "--row", "2").out
    target = json.loads((run / "spec.json").read_text())["target_names"][0]
    assert re.search(rf"output\n +{target}\n  y +-?\d\.\d+\n  the row has -?\d", told)
    assert "TensorFlow agrees" in told


def test_a_layer_without_a_formula_ends_the_story(dlrun, tmp_path):
    """What stands before it is shown; the message names it and says what still works."""
    (tmp_path / "masked.yaml").write_text(
        "dataset: {type: moons}\nloss: mse\ntraining: {epochs: 0}\n"
        "model: {layers: [{type: Dense, units: 4}, {type: Reshape, target_shape: [2, 2]},"
        " {type: Masking, name: mask}, {type: LSTM, units: 1}]}\n"
    )
    run = dlrun("train", "masked.yaml", "--quiet").run
    told = dlrun("explain", run, code=1)
    assert "reshape  Reshape, reads dense (4,), gives (2, 2)" in told.out
    assert "TensorFlow agrees" in told.out
    assert "what moves" not in told.out
    assert "error: mask: dlrun has no formula for Masking.\n" in told.err
    assert "The story ends here; `dlrun predict` and `dlrun weights` still work." in told.err


def test_a_disagreement_is_an_error(hand, dlrun, monkeypatch):
    """After the whole story: a script must not miss it."""
    monkeypatch.setattr("dlrun.workflows.explain.TOLERANCE", -1.0)
    told = dlrun("explain", hand, code=1)
    assert "TensorFlow DISAGREES: the output of" in told.out
    assert "error: the formulas and TensorFlow give different numbers.\n" in told.err


def test_damaged_weights(hand, dlrun):
    """Missing, changed, of another shape, or NaN: each is named, and exit code 4."""
    path = hand / "weights.safetensors"
    weights = {name: array.copy() for name, array in load_tensors(path).items()}
    for damage, told in (
        ({"hidden/kernel": weights["hidden/kernel"].T}, "is not the one that the run saved"),
        ({"other/kernel": weights["hidden/kernel"]}, "has no hash of the weight 'other/kernel'"),
    ):
        save_tensors(path, weights | damage)
        for command in ("explain", "weights"):
            assert told in dlrun(command, hand, code=4).err
    change(hand / "run.json", status="running", final_weights=None)
    weights["hidden/bias"][2] = np.nan
    save_tensors(path, weights)
    refused = dlrun("explain", hand, code=4).err
    assert "'hidden/bias' has 1 of 5 numbers that are NaN or infinite" in refused
    assert "not finite 1" in dlrun("weights", hand).out
    assert json.loads(dlrun("weights", hand, "hidden", "--json").out)["layers"][0]["weights"][
        "bias"
    ]
    save_tensors(path, weights | {"hidden/kernel": weights["hidden/kernel"].T})
    told = "does not fit the model: 'hidden/kernel' has the shape (5, 2), expected (2, 5)."
    assert told in dlrun("weights", hand, code=4).err
    save_tensors(path, {"sign/kernel": weights["sign/kernel"]})
    assert (
        "'hidden/kernel' is missing; 'hidden/bias' is missing" in dlrun("explain", hand, code=4).err
    )
    path.write_bytes(b"nothing")
    assert "is damaged" in dlrun("explain", hand, code=4).err
    path.unlink()
    assert "the run has no weights.safetensors" in dlrun("weights", hand, code=4).err


@pytest.mark.parametrize("words", [["explain", "--numpy-only"], ["explain"]], ids=" ".join)
def test_a_spec_of_another_model(words, dlrun):
    """Its hash may be anew; what does not fit is told before anything is worked out."""
    run = dlrun(*IRIS).run
    command, *options = words
    path = run / "spec.json"
    spec = json.loads(path.read_text())
    change(path, class_names=["a", "b", "c", "d"], prior=[0.25] * 4)
    told = dlrun(command, run, "--input", "1,2,3,4", *options, code=4).err
    assert "spec.json: does not fit the model of config.yaml: its classes need 4 outputs" in told
    path.write_text(json.dumps(spec | {"columns": None, "form": None}))
    change(path, input_shape=[2], feature_names=["a", "b"])
    told = dlrun(command, run, "--input", "1,2", *options, code=4).err
    assert "'dense/kernel' has the shape (4, 16), expected (2, 16)" in told


def test_terminals(hand, dlrun, monkeypatch):
    """Tables and sums fit into a narrow one; colours only where they are wanted."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    for command in (["explain", hand, "--numpy-only"], ["weights", hand]):
        monkeypatch.delenv("NO_COLOR", raising=False)
        colored = dlrun(*command).out
        assert "\x1b[1mhidden\x1b[0m" in colored
        monkeypatch.setenv("NO_COLOR", "1")
        plain = dlrun(*command).out
        assert "\x1b" not in plain
        assert max(map(len, plain.splitlines())) <= 40


def test_weights(hand, dlrun):
    """Every number of small ones, with statistics; one layer; JSON; CSV in long form."""
    told = dlrun("weights", hand).out
    assert "hidden  Dense\n  kernel  (2, 5)  mean" in told
    assert "    [0]     -1.0824  0.3248  0.9501  0.0050  -0.4738\n" in told
    assert dlrun("weights", hand, "sign").out.startswith("sign  Dense\n")
    found = json.loads(dlrun("weights", hand, "--json").out)
    kernel = found["layers"][1]["weights"]["kernel"]
    assert kernel["shape"] == [5, 1]
    assert kernel["max"] == pytest.approx(1.31380796)
    rows = list(csv.DictReader(dlrun("weights", hand, "--csv").out.splitlines()))
    assert len(rows) == 21
    first = {"layer": "hidden", "weight": "kernel", "index_0": "0", "index_1": "0"}
    assert rows[0] == first | {"value": "-1.0823926"}
    assert rows[10]["index_1"] == ""
    assert "two forms" in dlrun("weights", hand, "--csv", "--json", code=2).err
    assert "the run has no layer 'x'." in dlrun("weights", hand, "x", code=2).err


def test_graphs_in_mixed_precision(dlrun, tmp_path):
    """The formulas are exact, and compared in float32; weights without a formula are shown."""
    (tmp_path / "graph.yaml").write_text(
        "dataset: {type: digits, flatten: true, test_split: 0.2}\n"
        "loss: sparse_categorical_crossentropy\noptimizer: sgd\n"
        "training: {epochs: 0, precision: mixed_float16}\n"
        "model: {layers: [{type: Reshape, name: rows, target_shape: [8, 8]},"
        " {type: Bidirectional, name: b, inputs: [rows], layer: {type: GRU, units: 3}},"
        " {type: Concatenate, name: c, inputs: [b, input]},"
        " {type: Dense, units: 10, activation: softmax}]}\n"
    )
    run = dlrun("train", "graph.yaml", "--quiet").run
    told = dlrun("explain", run)
    assert "the run computes in mixed_float16; what follows is the exact" in told.err
    assert "c  Concatenate, reads b (6,) and input (64,), gives (70,)" in told.out
    assert "TensorFlow agrees" in told.out
    assert "forward/recurrent_kernel  (3, 9)" in dlrun("weights", run, "b").out


@pytest.mark.parametrize("words", [["explain", "--numpy-only"], ["weights"]], ids=" ".join)
def test_no_tensorflow(words, hand):
    """What needs no TensorFlow does not import it."""
    command, *options = words
    code, loaded = loaded_by(command, hand, *options)
    assert code == 0
    assert not {"tensorflow", "keras", "matplotlib", "sklearn", "pandas"} & loaded


LINEAR = """\
dataset:
  type: table
  path: orders.csv
  target: y
  columns:
    day: {type: date, parts: [month, weekday]}
    note: {type: text, vocabulary: 2}
    n: number
    shop: category
model:
  layers:
    - type: Embedding
      name: places
      inputs: [shop]
      output_dim: 2
      weights: [[[5, 6], [7, 8], [0, 0]]]
    - {type: Flatten, name: flat}
    - {type: Concatenate, name: all, inputs: [flat, input]}
    - {type: Dense, units: 1, weights: [[[0.1], [0.2], [1], [1], [1], [1], [10], [10], [2]], [0]]}
loss: mse
optimizer: sgd
training: {epochs: 0}
"""


def test_a_date_and_words_are_summed_by_column(dlrun, tmp_path):
    """December is the 12th of 12 months, Friday the 5th of 7 days: their points of a circle."""
    rows = ["2025-12-19,red blue,3,a,0", "2025-01-06,red,1,b,1", "2025-02-04,blue,2,a,2"] * 4
    (tmp_path / "orders.csv").write_text("\n".join(["day,note,n,shop,y", *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(LINEAR)
    run = dlrun("train", "c.yaml", "-q").run
    month, weekday = 2 * np.pi * 11 / 12, 2 * np.pi * 4 / 7
    day = np.sin(month) + np.cos(month) + np.sin(weekday) + np.cos(weekday)
    told = json.loads(dlrun("explain", run, "--split", "train", "--json").out)
    assert list(told["contributions_by_column"].items()) == [
        ("note", 20), ("n", 6), ("day", pytest.approx(day, abs=1e-6)),
    ]  # fmt: skip
    out = dlrun("explain", run, "--split", "train").out
    assert "day December, Friday, note " in out
    assert ["day", "December,", "Friday", f"{day:.4f}"] in [one.split() for one in out.splitlines()]
    # Behind a Concatenate an entry is what it was before, and one of a layer is told by its name.
    lines = [one.split() for one in out.splitlines()]
    assert ["flat[1]", "6.0000", "0.2000"] in lines
    assert ["note:", "red", "1.0000", "10.0000"] in lines


def test_class_numbers_are_no_measurements(dlrun, tmp_path):
    """What is looked up stays out of the statistics of a long row, whose entries have names."""
    rows = [f"2025-{n % 12 + 1:02}-{n % 28 + 1:02},{' '.join(WORDS)},{n},s{n:02},0"
            for n in range(30)]  # fmt: skip
    (tmp_path / "orders.csv").write_text("\n".join(["day,note,n,shop,y", *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(
        LINEAR.replace("vocabulary: 2", f"vocabulary: {len(WORDS)}")
        .replace("      weights: [[[5, 6], [7, 8], [0, 0]]]\n", "")
        .replace("units: 1, weights: [[[0.1], [0.2], [1], [1], [1], [1], [10], [10], [2]], [0]]",
                 "units: 1")
    )  # fmt: skip
    run = dlrun("train", "c.yaml", "-q").run
    out = dlrun("explain", run, "--split", "train", "--row", "29").out
    # The largest entry is n, not the number 30 of the shop s29.
    assert "  largest by magnitude: n 29.0000   " in out
    line = next(one for one in out.splitlines() if one.startswith("x "))
    assert f"({4 + len(WORDS) + 1},)" in line
    assert "max 29.0000" in line


WORDS = [f"{one}{other}x" for one in "abcde" for other in "vwyz"]
