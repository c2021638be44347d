"""The data of runs that were never trained: small, exact, without TensorFlow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dlrun.arrays import Spec
from dlrun.config import load_config
from dlrun.reports.run_data import Layer, ReportData, Rows
from tests.reports.scoring import classification_report

CONFIG = """\
name: {name}
dataset: {{type: moons}}
model: {{layers: [{{type: Dense, units: 2, activation: softmax}}]}}
loss: sparse_categorical_crossentropy
optimizer: adam
metrics: [accuracy]
training:
  epochs: 5
  callbacks: [{callbacks}]
"""


def experiment(name="a", callbacks=""):
    """A config that is valid."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        text = CONFIG.format(name=repr(name), callbacks=callbacks)
        path.write_text(text, "utf-8")
        return load_config(path)


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def classification(*, classes=3, rows=200, input_shape=(2,), names=None, seed=0, **changes):
    """The data of a run with classes, whose model is a matrix and a softmax."""
    rng = np.random.default_rng(seed)
    columns = int(np.prod(input_shape))
    kernel = rng.normal(size=(columns, classes)).astype(np.float32)

    def answer(x):
        return softmax(x.reshape(len(x), -1) @ kernel)

    def decide(outputs):
        return outputs.argmax(axis=1)

    def split(name, count):
        x = rng.random((count, *input_shape)).astype(np.float32)
        outputs = answer(x)
        true = np.where(rng.random(count) < 0.8, decide(outputs), rng.integers(0, classes, count))
        true[:classes] = np.arange(min(count, classes))
        return Rows(name, count, np.arange(count), x, true, decide(outputs), outputs)

    parts = {name: split(name, rows) for name in ("train", "test")}
    spec = Spec(
        input_shape=input_shape,
        class_names=tuple(names or map(str, range(classes))),
        label_form="index",
        output="probability",
        rows={name: len(part) for name, part in parts.items()},
    )
    judged = parts["test"]
    data = ReportData(
        run="20261120-231455_a_7k2q",
        experiment=experiment(),
        record={"status": "finished", "command": ["dlrun", "train", "a.yaml"], "seconds": 1.5},
        spec=spec,
        layers=(Layer("dense", "Dense", ("input",), (classes,), kernel.size, "softmax"),),
        history={"loss": np.array([1.0, 0.5, 0.3]), "val_loss": np.array([1.1, 0.6, 0.7])},
        weights={"dense/kernel": kernel, "dense/bias": np.zeros(classes, np.float32)},
        metrics={"train": {"loss": 0.3, "accuracy": 0.8}, "test": {"loss": 0.4, "accuracy": 0.8}},
        classification=classification_report(judged.y_true, judged.y_pred, spec.class_names),
        class_counts={
            name: tuple(np.bincount(part.y_true, minlength=classes)) for name, part in parts.items()
        },
        rows=parts,
        answer=answer,
        decide=decide,
    )
    return replace(data, **changes)


def regression(*, columns=1, targets=1, rows=100, **changes):
    """The data of a run with values, whose model is a matrix."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(columns, targets)).astype(np.float32)

    def split(name):
        x = rng.random((rows, columns)).astype(np.float32)
        outputs = x @ kernel
        true = outputs + 0.1 * rng.normal(size=outputs.shape).astype(np.float32)
        return Rows(name, rows, np.arange(rows), x, true, outputs, outputs)

    parts = {name: split(name) for name in ("train", "test")}
    data = ReportData(
        run="20261120-231455_a_7k2q",
        experiment=experiment(),
        record={"status": "finished"},
        spec=Spec(
            input_shape=(columns,),
            target_names=tuple(f"t{number}" for number in range(targets)),
            rows=dict.fromkeys(parts, rows),
        ),
        layers=(Layer("dense", "Dense", ("input",), (targets,), kernel.size),),
        history={"loss": np.array([1.0, 0.5])},
        weights={"dense/kernel": kernel},
        metrics={"train": {"loss": 0.01}, "test": {"loss": 0.01}},
        classification=None,
        class_counts={},
        rows=parts,
        answer=lambda x: x @ kernel,
        decide=lambda outputs: outputs,
    )
    return replace(data, **changes)
