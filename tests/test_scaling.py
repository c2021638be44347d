"""Scaling through the command line: by feature, as it was stored, and never over ids or padding."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dlrun.data import scaling
from dlrun.rundir.tensors import load_tensors
from tests.marking import first

CONFIG = """\
dataset: {type: npz, path: rows.npz, x_test: x_test, y_test: y_test, scale: standard}
model: {layers: [{type: LSTM, units: 4}, {type: Dense, units: 1}]}
loss: mse
optimizer: {type: Adam, learning_rate: 0.01}
training: {epochs: 2}
exports: []
"""
MASKED = """\
dataset: {type: npz, path: rows.npz}
model:
  layers: [{type: Masking, mask_value: -1.0}, {type: LSTM, units: 2}, {type: Dense, units: 1}]
loss: mse
optimizer: sgd
training: {epochs: 1}
exports: []
"""


@pytest.fixture
def weather(tmp_path):
    """Temperature, pressure and humidity over six hours: three features, far apart."""
    generator = np.random.default_rng(0)
    x = generator.normal([20, 101_440, 0.5], [4, 250, 0.1], size=(60, 6, 3))
    y = x[:, -1, 0] + 10 * x[:, -1, 2]
    arrays = {"x": x[:40], "y": y[:40], "x_test": x[40:], "y_test": y[40:]}
    np.savez(tmp_path / "rows.npz", **arrays)
    (tmp_path / "rows.yaml").write_text(CONFIG)
    return arrays


def one_number(sample):
    """How many numbers of a sample dlrun 0.1 scaled apart."""
    return sample[-1] if len(sample) == 1 else 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "oracle"), first(1, [("standard", StandardScaler), ("minmax", MinMaxScaler)])
)
def test_a_sequence_trains_as_if_it_had_been_scaled_by_feature(
    dlrun, weather, tmp_path, kind, oracle
):
    """scikit-learn scales the features of all steps; the same training follows from its rows."""
    scaler = oracle().fit(weather["x"].reshape(-1, 3))
    scaled = {
        name: scaler.transform(array.reshape(-1, 3)).reshape(array.shape) if "x" in name else array
        for name, array in weather.items()
    }
    np.savez(tmp_path / "scaled.npz", **scaled)
    trained = dlrun("train", "rows.yaml", "--set", f"dataset.scale={kind}")
    words = ("--set", "dataset.scale=none", "--set", "dataset.path=scaled.npz")
    by_hand = dlrun("train", "rows.yaml", *words).run
    line = f"scale: {kind}, by feature, the last axis of (6, 3); an image is (6, 3, 1)\n"
    assert line in trained.err
    ours, theirs = (load_tensors(run / "weights.safetensors") for run in (trained.run, by_hand))
    for name, weight in ours.items():
        np.testing.assert_allclose(weight, theirs[name], atol=1e-6)
    assert len(json.loads((trained.run / "spec.json").read_text())["scaling"]["offset"]) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("weather")
def test_an_old_run_keeps_the_scaling_that_it_stored(dlrun):
    """Evaluated, resumed and reproduced, its rows are those that it was trained on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "scaled_apart", one_number)
        run = dlrun("train", "rows.yaml").run
    measured = json.loads((run / "metrics.json").read_text())["test"]["loss"]
    assert len(json.loads((run / "spec.json").read_text())["scaling"]["offset"]) == 1
    again = dlrun("evaluate", run, "--split", "test", "--json")
    assert "warning" not in again.err
    assert json.loads(again.out)["metrics"]["loss"] == measured
    dlrun("predict", run, "rows.npz")
    dlrun("reproduce", run)
    dlrun("resume", run, "--epochs", "3")
    assert len(json.loads((run / "spec.json").read_text())["scaling"]["offset"]) == 1
    dlrun("verify", run)


@pytest.mark.slow
def test_changed_data_are_scaled_as_the_run_was(dlrun, weather, tmp_path):
    """A model that has learned from unit deviations is not measured by other ones."""
    run = dlrun("train", "rows.yaml").run
    before = json.loads(dlrun("evaluate", run, "--split", "test", "--json").out)["metrics"]["loss"]
    np.savez(tmp_path / "rows.npz", **{**weather, "x": weather["x"] * 100})
    changed = dlrun("evaluate", run, "--split", "test", "--json")
    assert "no longer the one that this run was trained on" in changed.err
    assert json.loads(changed.out)["metrics"]["loss"] == before


def test_standard_scaling_would_move_padding(dlrun, tmp_path):
    """It is told from the config alone."""
    (tmp_path / "masked.yaml").write_text(MASKED)
    told = dlrun("validate", "masked.yaml", "--set", "dataset.scale=standard", code=2).err
    assert (
        "dataset.scale: 'standard' would change the padding of -1 that model.layers[0] (Masking) "
        "looks for. Leave 'scale' out, and scale all but the padding in the file."
    ) in told


@pytest.mark.parametrize(("padding", "code"), [(-1.0, 2), (0.0, 0)])
def test_minmax_scaling_may_leave_padding_alone(dlrun, tmp_path, padding, code):
    """0 stays 0 where it is the least number; -1, the least number, becomes 0."""
    x = np.random.default_rng(1).uniform(1, 3, (8, 5, 2))
    x[:, 3:] = padding
    np.savez(tmp_path / "rows.npz", x=x, y=x[:, 0, 0])
    (tmp_path / "masked.yaml").write_text(MASKED)
    words = ("--set", "dataset.scale=minmax", "--set", f"model.layers[0].mask_value={padding}")
    told = dlrun("train", "masked.yaml", *words, code=code).err
    assert ("would change the padding of -1 that model.layers[0] (Masking)" in told) is bool(code)


@pytest.mark.parametrize(
    ("dtype", "shape", "numbers"),
    [("uint8", (8, 8), 1), ("float32", (8, 8), 8), ("uint8", (9, 3), 3), ("uint8", (8, 3, 1), 1)],
)
def test_grey_pixels_share_one_number(dlrun, tmp_path, dtype, shape, numbers):
    """Bytes in two axes are an image, as whatever has three axes; all else is a sequence."""
    x = np.random.default_rng(2).integers(0, 256, (6, *shape)).astype(dtype)
    np.savez(tmp_path / "rows.npz", x=x, y=np.arange(6.0))
    (tmp_path / "rows.yaml").write_text(
        MASKED.replace("Masking, mask_value: -1.0", "Flatten").replace(
            "{type: LSTM, units: 2}, ", ""
        )
    )
    trained = dlrun("train", "rows.yaml", "--set", "dataset.scale=minmax")
    spec = json.loads((trained.run / "spec.json").read_text())
    assert len(spec["scaling"]["offset"]) == numbers
    assert (f"one number for all entries of {shape}" in trained.err) is (numbers == 1)
