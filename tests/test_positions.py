"""A class at every position: one-hot tags of steps and masks of images."""

import csv
import json

import numpy as np
import pytest

from tests.marking import first

CONFIG = """\
dataset: {type: npz, path: rows.npz, x_test: x_test, y_test: y_test}
model: {layers: [{type: Dense, units: 3, activation: softmax}]}
loss: categorical_crossentropy
optimizer: {type: SGD, learning_rate: 0.5}
metrics: [categorical_accuracy]
training: {epochs: 3, batch_size: 8}
"""


def one_hot(classes):
    return np.eye(3, dtype=np.float32)[classes]


@pytest.fixture
def write(tmp_path):
    """Write rows whose classes stand at every position of a shape; gives the arrays."""

    def written(shape, **changes):
        x = np.random.default_rng(len(shape)).normal(size=(36, *shape, 2)).astype(np.float32)
        y = one_hot((x[..., 0] > 0).astype(int) + (x[..., 1] > 0))
        arrays = {"x": x[:24], "y": y[:24], "x_test": x[24:], "y_test": y[24:], **changes}
        np.savez(tmp_path / "rows.npz", **arrays)
        np.savez(tmp_path / "new.npz", x=arrays["x_test"], y=arrays["y_test"])
        (tmp_path / "rows.yaml").write_text(CONFIG)
        return arrays

    return written


def table(path):
    """The columns of a CSV by name, float64."""
    with path.open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert all(len(row) == len(head) for row in rows)
    return dict(zip(head, np.array(rows, float).T, strict=True))


@pytest.mark.parametrize("shape", first(2, [((5,),), ((3, 4),), ((1,),), ((2, 2, 2),)]))
def test_one_hot_targets_at_every_position(dlrun, write, shape):
    """They train, and every number agrees with NumPy's from the predictions."""
    arrays = write(shape)
    run = dlrun("train", "rows.yaml", "--report").run
    columns = table(run / "predictions" / "test.csv")
    size = 3 * np.prod(shape, dtype=int)
    assert len(columns) == 1 + 2 * size
    true, predicted = (
        np.stack([values for name, values in columns.items() if name.startswith(word)], axis=-1)
        for word in ("true", "predicted")
    )
    np.testing.assert_array_equal(true.reshape(arrays["y_test"].shape), arrays["y_test"])
    predicted = predicted.reshape(arrays["y_test"].shape)
    same = predicted.argmax(-1) == arrays["y_test"].argmax(-1)
    loss = -np.log((predicted * arrays["y_test"]).sum(-1)).mean()
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    assert metrics["categorical_accuracy"] == pytest.approx(same.mean(), abs=1e-6)
    assert metrics["loss"] == pytest.approx(loss, rel=1e-5)
    assert (run / "report.html").exists()
    told = json.loads(dlrun("evaluate", run, "--data", "new.npz", "--json").out)["metrics"]
    assert told["loss"] == pytest.approx(metrics["loss"])
    path = dlrun("predict", run, "new.npz").run
    assert list(table(path))[-1] == "_".join(["predicted", *(str(n) for n in shape if n != 1), "3"])
    dlrun("explain", run, "--numpy-only")


def test_masks_of_two_classes_train_under_a_binary_loss(dlrun, write):
    """Each class is asked for by itself; the rows were taken for one-hot classes."""
    y = one_hot(np.zeros((36, 4), int))[..., :2]
    y[::2] = y[::2, :, ::-1]
    write((4,), y=y[:24], y_test=y[24:])
    words = (
        "model.layers=[{type: Dense, units: 2, activation: sigmoid}]",
        "loss=binary_crossentropy",
        "metrics=[binary_accuracy]",
    )
    dlrun("train", "rows.yaml", *(part for word in words for part in ("--set", word)))


def test_targets_beyond_0_and_1_are_no_shares(dlrun, write):
    """Of a mask of 0 and 255 a cross-entropy means nothing."""
    y = one_hot(np.zeros((24, 4), int)) * 255
    write((4,), y=y)
    assert (
        "the targets of the train rows hold 255; CategoricalCrossentropy takes shares from 0 to 1, "
        "such as one-hot rows.\n"
        "  Divide them, or choose a loss for numbers such as mean_squared_error."
    ) in dlrun("train", "rows.yaml", code=3).err


def test_class_numbers_at_every_position_are_told_the_way(dlrun, write):
    """They are not taken; one-hot they are."""
    write((4,), y=np.zeros((24, 4)), y_test=np.zeros((12, 4)))
    words = ("--set", "loss=sparse_categorical_crossentropy", "--set", "metrics=[]")
    told = dlrun("train", "rows.yaml", *words, code=3).err
    assert "each row has 4 targets; classes need one, or a one-hot row." in told
    assert "give one-hot targets (rows, ..., classes) to categorical_crossentropy." in told


def test_sequences_of_numbers_have_a_column_for_each(dlrun, write):
    """The table of predictions had one name for all of them."""
    arrays = write((4,))
    write((4,), y=arrays["x"][..., :1], y_test=arrays["x_test"][..., :1])
    words = ("model.layers=[{type: Dense, units: 1}]", "loss=mse", "metrics=[]")
    run = dlrun("train", "rows.yaml", *(part for word in words for part in ("--set", word))).run
    columns = table(run / "predictions" / "test.csv")
    assert list(columns)[1:] == [
        f"{word}_{step}" for word in ("true", "predicted") for step in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("shape", [(1, 1), (1,), (4, 2)])
def test_targets_of_another_shape_are_not_stretched(dlrun, write, tmp_path, shape):
    """Keras subtracts (rows, 1, 1) from (rows, 4, 1) without a word."""
    arrays = write((4,))
    write((4,), y=arrays["x"][..., :1], y_test=arrays["x_test"][..., :1])
    words = ("model.layers=[{type: Dense, units: 1}]", "loss=mse", "metrics=[]", "exports=[]")
    run = dlrun("train", "rows.yaml", *(part for word in words for part in ("--set", word))).run
    np.savez(tmp_path / "other.npz", x=arrays["x_test"], y=np.zeros((12, *shape)))
    told = dlrun("evaluate", run, "--data", "other.npz", code=3).err
    assert f"other.npz: each row has targets of shape {shape}; the run gives (4, 1)." in told
