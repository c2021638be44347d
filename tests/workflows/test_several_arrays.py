"""An `npz` with several arrays of features: layers name them, each of its own shape."""

from __future__ import annotations

import csv
import io
import json
from unittest.mock import ANY

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.cli import main
from dlrun.data.spec_json import spec_from_json
from tests.exporters.test_script import run_script

CONFIG = """\
seed: 0
dataset: {type: npz, path: data.npz, x: [picture, words, size], x_test: [p, w, s], y_test: t}
model:
  layers:
    - {type: Conv2D, filters: 3, kernel_size: 3, activation: relu, inputs: [picture]}
    - {type: Flatten, name: seen}
    - {type: Embedding, input_dim: 9, output_dim: 2, inputs: [words]}
    - {type: GlobalAveragePooling1D, name: read}
    - {type: Concatenate, inputs: [seen, read, size]}
    - {type: Dense, units: 2, activation: softmax}
loss: categorical_crossentropy
optimizer: {type: Adam, learning_rate: 0.02}
metrics: [accuracy]
training: {epochs: 6, batch_size: 16}
exports: [keras_model, predictions, script]
"""


def arrays(rows, seed):
    """Pictures, (rows, 5, 6, 1), words, (rows, 4), and a number; the class depends on all."""
    random = np.random.default_rng(seed)
    picture = random.normal(size=(rows, 5, 6, 1)).astype(np.float32)
    words = random.integers(0, 9, (rows, 4))
    size = random.normal(size=rows)
    y = (picture.mean(axis=(1, 2, 3)) * 9 + (words > 4).mean(axis=1) + size > 0.5).astype(int)
    return picture, words, size, y


@pytest.fixture(scope="module")
def data():
    names = ("picture", "words", "size", "y", "p", "w", "s", "t")
    return dict(zip(names, (*arrays(120, 0), *arrays(40, 1)), strict=True))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A run over them, which is only read; its config and its data are beside `runs`."""
    home = tmp_path_factory.mktemp("arrays")
    np.savez(home / "data.npz", **data)
    (home / "c.yaml").write_text(CONFIG)
    words = ["train", home / "c.yaml", "--quiet", "--no-report", "--runs-dir", home / "runs"]
    assert main([str(word) for word in words]) == 0
    (found,) = (home / "runs").iterdir()
    return found


def test_a_graph_of_plain_keras_gives_the_same(run, data):
    """The same weights on the arrays as they are, by a model with three inputs."""
    stored = keras.models.load_model(run / "model.keras")
    picture, words, size = (keras.Input(shape) for shape in ((5, 6, 1), (4,), (1,)))
    seen = keras.layers.Flatten()(keras.layers.Conv2D(3, 3, activation="relu")(picture))
    read = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(9, 2)(words))
    last = keras.layers.Dense(2, activation="softmax")
    plain = keras.Model(
        [picture, words, size], last(keras.layers.Concatenate()([seen, read, size]))
    )
    plain.set_weights(stored.get_weights())
    expected = plain.predict([data["p"], data["w"], data["s"][:, None]], verbose=0)
    with (run / "predictions" / "test.csv").open() as file:
        found = [[float(row[f"probability_{n}"]) for n in (0, 1)] for row in csv.DictReader(file)]
    assert np.allclose(found, expected, atol=1e-6)
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] > 0.7


@pytest.mark.slow
def test_later_files_explanations_and_scripts(run, data, dlrun, tmp_path):
    """By the names of training; NumPy follows; the script trains to the same weights."""
    stored = json.loads((run / "spec.json").read_text())
    assert stored["form"]["x"] == ["picture", "words", "size"]
    assert [view.sample for view in spec_from_json(stored).views] == [(5, 6, 1), (4,), (1,)]
    new = {"size": data["s"], "words": data["w"], "picture": data["p"]}
    np.savez(tmp_path / "new.npz", **new)
    rows = [*csv.DictReader(io.StringIO(dlrun("predict", run, "new.npz", "-o", "-").out))]
    with (run / "predictions" / "test.csv").open() as file:
        assert [row["probability_1"] for row in rows] == [
            row["probability_1"] for row in csv.DictReader(file)
        ]
    np.savez(tmp_path / "new.npz", **{**new, "words": data["w"][:, :3]})
    told = dlrun("predict", run, "new.npz", "-o", "-", code=3).err
    assert "array 'words': the array has shape (40, 3); (rows, 4) was expected." in told
    np.savez(tmp_path / "new.npz", words=data["w"])
    assert "no array 'picture'" in dlrun("predict", run, "new.npz", "-o", "-", code=3).err
    assert "TensorFlow agrees" in dlrun("explain", run, "--row", "3").out
    done = run_script(run, tmp_path)
    assert "identical to the run" in done.stdout, done.stderr


@pytest.mark.slow
def test_streamed_arrays_train_to_the_same_bits(run, dlrun, tmp_path, monkeypatch):
    """Where they do not fit into memory."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    other = dlrun("train", run.parents[1] / "c.yaml", "--quiet", "--set", "exports=[]").run
    name = "weights.safetensors"
    assert (run / name).read_bytes() == (tmp_path / other / name).read_bytes()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.layers.0.inputs=[pictures]", "Did you mean 'picture'?"),
        ("model.layers.4.inputs=[seen, read]", "dataset.x: No layer reads 'size'."),
        ("model.layers.4.inputs=[seen, read, size, input]",
         "'input' is nothing where there are several arrays: 'picture', 'words', 'size'."),
        ("model.layers.0.inputs=[words]", "Conv2D takes an input of shape"),
        ("model.layers.2.input_dim=5", "takes whole numbers from 0 to 4 (input_dim: 5)"),
        ("dataset.x=[picture, words, size, words]", "Expected names that differ"),
        ("dataset.x_test=[p, w, w]", "have shape"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(override, message, dlrun, data, tmp_path):
    """With the names of the arrays."""
    np.savez(tmp_path / "data.npz", **data)
    (tmp_path / "c.yaml").write_text(CONFIG)
    told = dlrun("train", "c.yaml", "--quiet", "--set", override, code=ANY)
    assert message in told.err
