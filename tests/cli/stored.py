"""Runs as they lie on the disk after a training that never was."""

from __future__ import annotations

from dlrun.config import load_config
from dlrun.config.stored import recorded
from dlrun.rundir.folder import create_run
from dlrun.rundir.record import recording

CONFIG = """\
dataset: {type: moons}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.001}
metrics: [accuracy]
training: {epochs: 2}
"""


def store(runs_dir, name, *overrides, accuracy=0.9, loss=0.3, history=None, **facts):
    """Write a run folder: config, metrics, history; with `config=None` as older ones are."""
    source = runs_dir.parent / "source.yaml"
    source.write_text(CONFIG)
    run = create_run(runs_dir, name)
    experiment = load_config(source, overrides)
    facts = {**recorded(experiment), "versions": {"keras": "3.15.1"}, **facts}
    with recording(run, {"seed": experiment.seed, **facts}):
        run.write_text("config.yaml", experiment.to_yaml())
        run.write_text("history.csv", history or "epoch,loss\n1,0.5\n2,0.25\n")
        test = {"loss": loss, "accuracy": accuracy}
        run.write_json("metrics.json", {"train": {"loss": loss / 2, "accuracy": 1.0}, "test": test})
    return run
