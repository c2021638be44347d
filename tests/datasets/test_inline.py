"""Rows that are written into the config."""

import pytest

from dlrun.datasets import inline
from tests.conftest import CONFIGS

NETWORK = """\
model: {layers: [{type: Dense, units: 4, activation: tanh}, {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.1}
metrics: [accuracy]
training: {epochs: 200, batch_size: 4}
"""  # noqa: E501
XOR = "dataset: {type: inline, x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 0]}\n"


@pytest.fixture
def config(tmp_path):
    """Write a config with such a dataset."""

    def write(dataset):
        path = tmp_path / "c.yaml"
        path.write_text(dataset + NETWORK)
        return path

    return write


def test_arrays_are_what_is_written():
    """Numbers alone are rows of one; texts are classes in the order of their names."""
    found = inline.load_data(seed=0, x=[1, 2.5], y=["no", "yes"], x_test=[3], y_test=["no"])
    assert found.train.x.tolist() == [[1.0], [2.5]]
    assert (found.class_names, found.train.y.tolist()) == (("no", "yes"), [0, 1])
    assert (found.test.x.tolist(), found.test.y.tolist()) == ([[3.0]], [0])
    series = inline.load_data(seed=0, x=[[[1, 2], [3, 4]]] * 2, y=[[1, 2], [3, 4]])
    assert series.train.x.shape == (2, 2, 2)
    assert (series.target_names, series.feature_names) == (("y1", "y2"), None)


@pytest.mark.slow
def test_exclusive_or_is_learnt_and_asked_by_typing_a_row(dlrun, config, tmp_path, monkeypatch):
    """The rows as the dataset `xor` draws them give the same weights as that."""
    monkeypatch.chdir(tmp_path)
    run = dlrun("train", config(XOR)).run
    same = dlrun("train", config("dataset: xor\n")).run
    for name in ("history.csv", "weights.safetensors"):
        assert (run / name).read_bytes() == (same / name).read_bytes()
    for row, answer in (("0,1", "1"), ("1,1", "0")):
        lines = dlrun("predict", run, row).out.splitlines()
        assert lines[0].split(",")[:2] == ["row", "predicted"]
        assert lines[1].split(",")[:2] == ["0", answer]
    (tmp_path / "new.csv").write_text("x1,x2\n0,1\n")
    assert dlrun("predict", run, "new.csv", "-o", "-").out == dlrun("predict", run, "0,1").out
    assert not (run / "predictions" / "0,1.csv").exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0", "INPUT 0: received 1 value, the run takes 2: x1, x2."),
        ("0,a", "INPUT 0,a: 'a' is not a number."),
    ],
)
def test_a_row_that_does_not_fit_is_told(dlrun, config, row, message):
    """As the command line's, not as of a file that nobody knows."""
    run = dlrun("train", config(XOR), "--set", "training.epochs=1").run
    assert message in dlrun("predict", run, row, code=2).err
    assert "there is no such file" in dlrun("predict", run, "0,1.csv", code=3).err


def test_a_row_of_a_table_is_typed_too(dlrun, tmp_path, monkeypatch):
    """With its categories and gaps as in training."""
    monkeypatch.chdir(tmp_path)
    words = [
        "--set",
        "training.epochs=1",
        "--set",
        "dataset.columns.petal_width_cm={type: number, missing: mean}",
    ]
    run = dlrun("train", CONFIGS / "iris.yaml", *words).run
    (tmp_path / "new.csv").write_text(
        "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n5.1,3.5,1.4,\n"
    )
    file = dlrun("predict", run, "new.csv", "-o", "-").out
    assert dlrun("predict", run, "5.1, 3.5, 1.4,").out == file


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("x: [[0, 1], [1]], y: [0, 1]", "dataset.x[1]: Its shape is (1,), that of the first row"),
        ("x: [[0, 1], [1, a]], y: [0, 1]", "dataset.x[1][1]: Expected a number, got 'a'."),
        ("x: [[0, [1]]], y: [0]", "dataset.x[0][1]: Its shape is (1,), that of the first one ()."),
        ("x: [], y: []", "dataset.x: Expected a list of rows, got []. Write such as x: [[0, 1]"),
        ("x: [1, 2], y: [0]", "dataset.y: x has 2 rows, y has 1. Write one target for each row."),
        (
            "x: [1, 2], y: [a, 1]",
            "dataset.y[1]: Expected a text as in the first row, got 1. Put it",
        ),
        ("x: [1, 2], y: [0, 1], x_test: [3]", "dataset.x_test: x_test was given without y_test."),
        (
            "x: [1, 2], y: [0, 1], x_test: [[3, 4]], y_test: [1]",
            "dataset.x_test: Its rows have the shape (2,), those of x (1,).",
        ),
        ("x: [1, .nan], y: [0, 1]", "dataset.x: Expected finite numbers, got [1, nan]."),
    ],
)
def test_mistakes_are_told_with_their_place(dlrun, config, dataset, message):
    """By `validate`, before anything is trained."""
    told = dlrun("validate", config(f"dataset: {{type: inline, {dataset}}}\n"), code=2).err
    assert message in told
    assert "c.yaml:1:" in told


def test_shapes_are_known_without_numpy():
    """What `validate` says of the layers needs them."""
    known = inline.sample(x=[[1, 2], [3, 4]], y=["a", "b"], x_test=None, form="categorical")
    assert (known.shape, known.classes, known.rows) == ((2,), ("a", "b"), 2)
    assert inline.sample(x=[1, 2], y=[[1, 2], [3, 4]], x_test=[3], form="value").target == (2,)
