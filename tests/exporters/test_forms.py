"""`saved_model`, `onnx` and `litert` answer as `dlrun predict` does, in processes without dlrun."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dlrun.data.spec_json import spec_from_json
from dlrun.execution.opening import load_split, open_trained
from dlrun.exporters.network_inputs import as_given
from dlrun.rundir.folder import Run
from tests.exporters.conftest import FORMS, SHIPPED
from tests.exporters.outside import ask, predicted

WRITTEN = {
    "series": """\
dataset: {type: sine, samples: 80}
model:
  layers:
    - {type: Reshape, target_shape: [1, 1]}
    - {type: Bidirectional, layer: {type: LSTM, units: 3, return_sequences: true}}
    - {type: GRU, units: 4}
    - {type: Dense, units: 4, activation: gelu}
    - {type: LayerNormalization}
    - {type: Dense, units: 1}
loss: mse
optimizer: Adam
training: {epochs: 1, batch_size: 20}
""",
    "logits": """\
dataset: {type: moons, samples: 80, noise: 0.1, test_split: 0.2, scale: standard}
model:
  layers: [{type: Dense, units: 8, activation: selu}, BatchNormalization, {type: Dense, units: 1}]
loss: {type: BinaryCrossentropy, from_logits: true}
optimizer: Adam
training: {epochs: 1, batch_size: 20}
""",
}
LIKE_OTHERS = [
    *("digits_fine_tune", "digits_head", "digits_mlp", "majority_full_batch", "majority_logistic"),
    *("moons_mlp", "travel_mode", "two_points_sigmoid", "two_points_softmax", "wine"),
]
"""Configs of which others have all kinds of layers, columns and targets."""


def exported(dlrun, folder, name):
    """Train a config of this page as briefly as can be, and write it in all forms."""
    config = folder / f"{name}.yaml"
    config.write_text(WRITTEN[name])
    return dlrun("train", config, "--set", f"exports={json.dumps([*FORMS])}", "-q").run


def jobs_of(run, folder):
    """What is asked of each form: the very file of raw rows that `dlrun predict` takes.

    Cells of the table as it was trained on; of a series a window of them; of arrays what the
    dataset gives before it is scaled, pixels as whole numbers.
    """
    opened = open_trained(Run(run))
    spec = opened.spec
    images = [one.name for one in spec.columns or () if one.holds == "image"]
    if spec.columns is not None:
        rows = folder / f"{run.name}.csv"
        table = Path(opened.experiment.dataset.arguments["path"])
        with gzip.open(table, "rt") if table.suffix == ".gz" else table.open() as file:
            head, *lines = file.readlines()
        lines = lines[:119] if spec.series is None else lines[-spec.series.window :]
        rows.write_text(head + "".join(lines))
        for one in csv.DictReader([head, *lines]):
            for name in images:  # files beside the table
                (folder / one[name]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(table.parent / one[name], folder / one[name])
    else:
        rows = folder / f"{run.name}.npz"
        (x,) = as_given(load_split(opened, None)[1].x[:120], spec).values()
        np.savez(rows, x=np.rint(x).astype(np.uint8) if spec.pixel_max else x)
    raw = {"rows": rows, "images": images}
    return [
        {"form": form, "model": run.resolve() / file, **raw} for form, file in FORMS.items()
    ], rows


def check_all(dlrun, folder, runs):
    """Ask all forms of all runs in one process."""
    asked = {name: jobs_of(run, folder) for name, run in runs.items()}
    answers = iter(ask([job for jobs, _ in asked.values() for job in jobs], folder))
    for name, (jobs, rows) in asked.items():
        assert "warning: model" not in (runs[name] / "log.txt").read_text()
        classes, expected = predicted(dlrun, runs[name], rows)
        spec = spec_from_json(json.loads((runs[name] / "spec.json").read_text()))
        checked = json.loads((runs[name] / "run.json").read_text())["exports_checked"]
        for job in jobs:
            answer = next(answers)
            told = [answer[key] for key in ("probabilities", "scores") if key in answer]
            numbers = [*told, answer["predicted"]][0].reshape(expected.shape)
            size = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(
                numbers, expected, atol=1e-5 * size, err_msg=f"{name} {job['form']}"
            )
            if spec.class_names:
                assert answer["predicted"].tolist() == classes
        assert set(checked) == {"model.onnx", "model.tflite"}
        assert all(one["largest_difference"] < 1e-5 * size for one in checked.values())


@pytest.mark.slow
def test_every_kind_of_config_in_every_form(written, dlrun, tmp_path):
    """Tables, texts, dates, images, graphs, series, regressions, scores, logits."""
    runs = {name: written(name) for name in SHIPPED if name not in LIKE_OTHERS}
    runs |= {name: exported(dlrun, tmp_path, name) for name in WRITTEN}
    assert len(runs) >= 15
    check_all(dlrun, tmp_path, runs)
