"""`model.keras` is given what `dlrun predict` is given, by a Keras that knows nothing of dlrun."""

import csv
import io
import json

import numpy as np
import pytest

from tests.conftest import CONFIGS
from tests.forked import PLAIN, run_program
from tests.marking import first

PREDICT = """
import json, sys
assert not any(name.split(".")[0] == "dlrun" for name in sys.modules)
sys.modules["dlrun"] = None
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
x = np.load(sys.argv[2])
facts = {"layers": [layer.name for layer in model.layers], "input": model.inputs[0].name,
         "loss": str(model.loss), "steps": int(model.optimizer.iterations)}
np.save(sys.argv[3], model.predict(x, verbose=0))
print(json.dumps(facts))
"""


def plain_keras(run, x, tmp_path):
    """Predict in a process that cannot import dlrun: the outputs, and what the model is."""
    np.save(tmp_path / "x.npy", x)
    answer = tmp_path / "answer.npy"
    words = (run.resolve() / "model.keras", tmp_path / "x.npy", answer)
    told = run_program(PREDICT, *words, imported=PLAIN)
    assert told.returncode == 0, told.stderr
    return np.load(answer), json.loads(told.stdout.splitlines()[-1])


def predicted(dlrun, run, file):
    """The numbers that dlrun predicts."""
    rows = list(csv.DictReader(io.StringIO(dlrun("predict", run, file, "-o", "-").out)))
    names = [name for name in rows[0] if name.startswith(("probability_", "predicted_", "score"))]
    names = names or ["predicted"]
    return np.array([[float(row[name]) for name in names] for row in rows])


@pytest.mark.parametrize("scale", first(0, ["minmax", "standard"]))
def test_numbers_in_their_own_units(dlrun, tmp_path, scale):
    """Features of very different sizes, as they stand in the table."""
    random = np.random.default_rng(0)
    x = np.stack([random.normal(1998, 2, 60).round(), random.normal(0, 1e-4, 60).round(7),
                  random.normal(-3e6, 40, 60).round()], axis=1)  # fmt: skip
    labels = np.where(x[:, 1] > 0, "up", "down")
    lines = [f"{a:.0f},{b:.7f},{c:.0f}" for a, b, c in x]
    rows = [f"{line},{label}" for line, label in zip(lines, labels, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,c,kind", *rows]) + "\n")
    (tmp_path / "new.csv").write_text("\n".join(["a,b,c", *lines]) + "\n")
    (tmp_path / "c.yaml").write_text(
        f"name: units\ndataset: {{type: csv, path: table.csv, target: kind, scale: {scale}}}\n"
        "model: {layers: [{type: Dense, units: 4, activation: tanh},"
        " {type: Dense, name: scaling_1, units: 2, activation: softmax}]}\n"
        "loss: categorical_crossentropy\noptimizer: Adam\n"
        "training: {epochs: 3, batch_size: 20}\n"
    )
    run = dlrun("train", "c.yaml", "-q").run
    expected = predicted(dlrun, run, "new.csv")
    received, facts = plain_keras(run, x, tmp_path)
    np.testing.assert_allclose(received, expected, atol=1e-6)
    assert expected.std(axis=0).min() > 0.01
    assert facts["layers"] == ["input", "scaling_2", "scaling_3", "dense", "scaling_1"]
    assert (facts["input"], facts["steps"]) == ("input", 9)
    assert "categorical_crossentropy" in facts["loss"]


@pytest.mark.parametrize("name", first(0, ["digits_branches", "digits_mlp"]))
def test_pixels_as_whole_numbers(dlrun, reported, tmp_path, name):
    """Images of 0 to 16, in a graph with branches and in a stack."""
    run = reported(name)
    shape = tuple(json.loads((run / "spec.json").read_text())["input_shape"])
    x = np.random.default_rng(0).integers(0, 17, (20, *shape), dtype=np.uint8)
    np.save(tmp_path / "new.npy", x)
    expected = predicted(dlrun, run, tmp_path / "new.npy")
    received, facts = plain_keras(run, x, tmp_path)
    np.testing.assert_allclose(received, expected, atol=1e-6)
    assert len(facts["layers"]) == len(set(facts["layers"]))
    assert facts["steps"] > 0


@pytest.mark.slow
def test_nothing_scaled(dlrun, reported, tmp_path):
    """The model of the run as it is."""
    run = reported("moons_mlp")
    x = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
    np.save(tmp_path / "new.npy", x)
    received, facts = plain_keras(run, x, tmp_path)
    np.testing.assert_allclose(
        received, predicted(dlrun, run, tmp_path / "new.npy")[:, 1:], atol=1e-6
    )
    assert not [layer for layer in facts["layers"] if layer.startswith("scaling")]


@pytest.mark.slow
def test_bits_of_training_are_those_without_the_file(dlrun):
    """Exporting it changes nothing of the run."""
    config = str(CONFIGS / "iris.yaml")
    runs = [
        dlrun(
            "train", config, "--set", "training.epochs=2", "--set", f"exports={exports}", "-q"
        ).run
        for exports in ("[]", "[keras_model]")
    ]
    one, other = (json.loads((run / "run.json").read_text())["final_weights"] for run in runs)
    assert one == other
