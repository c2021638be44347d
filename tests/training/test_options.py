"""What `training` can ask for besides epochs: precision, XLA, a device."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from dlrun.backend import keras
from dlrun.models.build import build_model
from tests.conftest import CONFIGS
from tests.marking import first
from tests.training.networks import model, rows, splits, trainer

DENSE = {"type": "Dense", "inputs": ["input"], "weights": None, "trainable": True, "units": 2}


@pytest.mark.slow
@pytest.mark.parametrize("count", first(1, [48, 50, 5]))
def test_xla_computes_the_same(count):
    """With full batches only, with a smaller last one, and with fewer rows than a batch."""
    results = []
    for jit_compile in (False, True):
        built = model()
        fitted = trainer(built, splits(count), jit_compile=jit_compile)
        fitted.fit()
        results.append((built.get_weights(), fitted.history.rows[-1]["loss"]))
    (plain, loss), (compiled, compiled_loss) = results
    assert compiled_loss == pytest.approx(loss, rel=1e-5)
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_16_bits_and_keeps_weights_in_32(precision):
    """Keras's dtype policy, for this model only."""
    mixed = build_model(
        [DENSE | {"name": "a"}], input_shape=(3,), seed=0, name="m", precision=precision
    )
    assert mixed.get_layer("a").compute_dtype == precision.removeprefix("mixed_")
    assert {str(variable.dtype) for variable in mixed.weights} == {"float32"}
    plain = build_model([DENSE | {"name": "a"}], input_shape=(3,), seed=0, name="m")
    assert plain.get_layer("a").compute_dtype == "float32"


@pytest.mark.slow
def test_mixed_precision_trains_as_under_fit():
    """Float16 with Keras's scaling of the loss: the history is that of `fit`."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        ours, theirs, data = model(), model(), rows()
        fitted = trainer(ours, splits(validation=0), shuffle=False)
        fitted.fit()
        expected = theirs.fit(data.x, data.y, epochs=4, batch_size=8, shuffle=False, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    losses = [row["loss"] for row in fitted.history.rows]
    np.testing.assert_allclose(losses, expected.history["loss"], rtol=1e-3)


@pytest.mark.slow
def test_a_run_in_mixed_precision_predicts_as_it_was_trained(dlrun):
    """The policy stands in the resolved config, so the run is rebuilt with it."""
    run = dlrun(
        "train",
        CONFIGS / "moons_mlp.yaml",
        *("--set", "training.precision=mixed_bfloat16"),
        *("--set", "training.epochs=3"),
    ).run
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    evaluated = json.loads(dlrun("evaluate", run, "--json").out)["metrics"]
    assert evaluated["loss"] == metrics["loss"]
    assert {array.dtype for array in load_file(run / "weights.safetensors").values()} == {
        np.dtype("float32")
    }


def test_the_device_is_recorded(dlrun):
    """With the number of threads, which can change results."""
    run = dlrun(
        "train", CONFIGS / "moons_mlp.yaml", "--device", "cpu", "--set", "training.epochs=1"
    ).run
    record = json.loads((run / "run.json").read_text())
    assert record["device"] == "cpu"
    assert set(record["threads"]) == {"intra_op", "inter_op"}


def test_a_device_that_is_none_is_told(dlrun):
    """Wrong words at once; a GPU that is not there as soon as TensorFlow knows."""
    config = CONFIGS / "moons_mlp.yaml"
    assert "'tpu' is not a device" in dlrun("train", config, "--device", "tpu", code=2).err
    told = dlrun("train", config, "--device", "gpu:99", code=2).err
    assert "so there is no gpu:99." in told


def test_a_failing_operation_is_an_error_and_not_a_traceback(dlrun, tmp_path):
    """An index beyond an embedding's table is found by TensorFlow, in the middle of training."""
    (tmp_path / "table.csv").write_text("word,kind\n1,a\n2,b\n1,a\n3,b\n")
    # What a layer computes is not held against the table before: here twice the numbers.
    twice = {"type": "Rescaling", "scale": 2.0}
    layers = [twice, {"type": "Embedding", "input_dim": 5, "output_dim": 2}, {"type": "Flatten"}]
    last = {"type": "Dense", "units": 2, "activation": "softmax"}
    config = {
        "dataset": {"type": "csv", "path": "table.csv"},
        "model": {"layers": [*layers, last]},
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "SGD",
        "training": {"epochs": 1},
    }
    (tmp_path / "words.yaml").write_text(json.dumps(config))
    told = dlrun("train", "words.yaml", code=1).err
    assert "error: TensorFlow stopped: " in told
    assert "is not in [0, 5)" in told


def test_a_layer_that_crops_while_training_only_is_told(dlrun, tmp_path):
    """Keras's RandomCrop leaves images as large as they were where nothing is trained."""
    layers = [{"type": "RandomCrop", "height": 6, "width": 6}, {"type": "Flatten"}]
    config = {
        "dataset": {"type": "digits", "flatten": False},
        "model": {"layers": [*layers, {"type": "Dense", "units": 10, "activation": "softmax"}]},
        "loss": "categorical_crossentropy",
        "optimizer": "SGD",
        "training": {"epochs": 1, "batch_size": 600},
    }
    (tmp_path / "crop.yaml").write_text(json.dumps(config))
    told = dlrun("train", "crop.yaml", code=2).err
    assert "Keras cannot evaluate this: Input 0 with name 'None' of layer 'dense'" in told
    assert told.endswith("value 36, but received input with shape (None, 64)\n")


def test_rows_of_a_table_count_as_much_as_their_weight(dlrun, tmp_path):
    """A row of weight 3 is the same as three rows of weight 1, for a loss summed over the rows."""
    (tmp_path / "weighted.csv").write_text("a,b,kind,w\n1,0,x,3\n0,1,y,1\n1,1,y,0\n")
    (tmp_path / "repeated.csv").write_text("a,b,kind\n1,0,x\n1,0,x\n1,0,x\n0,1,y\n")
    weights = []
    for name, extra in (("weighted", {"sample_weight": "w", "target": "kind"}), ("repeated", {})):
        config = {
            "dataset": {"type": "csv", "path": f"{name}.csv", **extra},
            "model": {"layers": [{"type": "Dense", "units": 1, "activation": "sigmoid"}]},
            "loss": {"type": "BinaryCrossentropy", "reduction": "sum"},
            "optimizer": "SGD",
            "training": {"epochs": 20},
        }
        (tmp_path / f"{name}.yaml").write_text(json.dumps(config))
        run = dlrun("train", f"{name}.yaml").run
        weights.append(load_file(run / "weights.safetensors"))
    for path, value in weights[0].items():
        np.testing.assert_allclose(value, weights[1][path], rtol=1e-5)


def test_a_negative_weight_is_told_with_its_line(dlrun, tmp_path):
    """A weight is 0 or more."""
    (tmp_path / "table.csv").write_text("a,kind,w\n1,x,1\n0,y,-2\n")
    config = {
        "dataset": {"type": "csv", "path": "table.csv", "sample_weight": "w"},
        "model": {"layers": [{"type": "Dense", "units": 1, "activation": "sigmoid"}]},
        "loss": "binary_crossentropy",
        "optimizer": "SGD",
    }
    (tmp_path / "weighted.yaml").write_text(json.dumps(config))
    told = dlrun("train", "weighted.yaml", code=3).err
    assert "table.csv:3: column 'w': '-2' is negative; a weight is 0 or more." in told
