"""What the record of a run holds of its config is what its file says."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from dlrun.config import given, load_config
from dlrun.config.resolved import flat
from dlrun.config.stored import given_keys, recorded, stored_config
from dlrun.errors import RunFolderError
from dlrun.rundir.folder import Run, open_run
from dlrun.rundir.record import record_text
from tests.conftest import CONFIGS

CONFIG = """\
dataset: {type: moons}
model: {layers: [{type: Dense, units: 4}, {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.001}
training: {epochs: 2}
"""
CHANGES = [
    [],
    ["seed=1"],
    ["seed=2", "name=other"],
    ["optimizer.learning_rate=1e-5"],
    ["optimizer.learning_rate={type: CosineDecay, initial_learning_rate: 0.1, decay_steps: 5}"],
    ["optimizer.weight_decay=0.1", "optimizer.amsgrad=true"],
    ["optimizer.type=SGD"],
    ["optimizer.type=SGD", "optimizer.momentum=0.9"],
    ["optimizer.type=SGD", "optimizer.name=sgd_fast"],
    ["model.layers[0].units=5", "model.layers[0].activation=relu"],
    ["model.layers[0].name=first"],
    ["model.layers[0].name=dense_7"],
    ["model.layers[0].weights=[[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]], [0, 0, 0, 0]]"],
    ["metrics=[accuracy]"],
    ["metrics=[accuracy, AUC]", "seed=3"],
    ["training.class_weight=balanced", "name='a b: c'"],
    ["training.callbacks=[{type: TerminateOnNaN}]"],
    ["name='1'"],
    ["name='null'"],
    ["name=dense"],
]  # fmt: skip


SHIPPED = sorted(CONFIGS.glob("*.yaml"))


def assert_agrees(experiment, folder):
    """As it is recorded, and as it is read from the file of a run of an older version."""
    folder.mkdir()
    (folder / "config.yaml").write_text(experiment.to_yaml())
    run = SimpleNamespace(path=folder, record={}, file=folder.joinpath)
    values = stored_config(run)
    run.record = json.loads(record_text(recorded(experiment)))
    assert "config" in run.record
    stored = stored_config(run)
    assert stored == values == flat(experiment.to_yaml())
    assert list(map(type, stored.values())) == list(map(type, values.values()))
    assert given_keys(run, stored) == given.given_paths(experiment)


@pytest.mark.parametrize("overrides", CHANGES, ids=lambda overrides: " ".join(overrides) or "-")
def test_what_is_recorded_is_what_would_be_parsed(overrides, tmp_path):
    """Values, their types, and which of them are no defaults."""
    (tmp_path / "source.yaml").write_text(CONFIG)
    assert_agrees(load_config(tmp_path / "source.yaml", overrides), tmp_path / "run")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs(path, tmp_path):
    """Paths of files, graphs, schedules and callbacks among them."""
    extends = "\nextends:" in path.read_text()  # what a run folder says extends nothing
    assert_agrees(load_config(path, data_known=extends), tmp_path / "run")


@pytest.mark.parametrize("record", [{"config": None}, {"config": ["a"]}, {"config": 3}, {}])
def test_a_record_without_a_config(record, tmp_path):
    """What stands in its place is data only: the file tells."""
    (tmp_path / "config.yaml").write_text("optimizer: {type: Adam}")
    assert stored_config(SimpleNamespace(path=tmp_path, record=record)) == {
        "optimizer.type": "Adam"
    }


@pytest.mark.parametrize("text", [None, "name: [", "\x00"])
def test_a_damaged_file(text, tmp_path):
    """It is told of whoever needs the config."""
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(RunFolderError, match=r"config\.yaml"):
        stored_config(SimpleNamespace(path=tmp_path, record={}))


def test_a_config_that_this_version_refuses(tmp_path):
    """All of it was asked for."""
    (tmp_path / "config.yaml").write_text("optimizer: {type: Gone}\nseed: 0")
    values = {"optimizer.type": "Gone", "seed": 0}
    assert given_keys(Run(tmp_path), values) == {"optimizer.type", "seed"}


def test_weights_that_are_written_down_stay_in_the_file(tmp_path):
    """A record is written again and again, and at last on a disk that may be full."""
    (tmp_path / "source.yaml").write_text(CONFIG)
    weights = [[[0.5] * 10_000, [0.5] * 10_000], [0.0] * 10_000]
    layers = f"model.layers[0]={{type: Dense, units: 10000, weights: {weights}}}"
    assert recorded(load_config(tmp_path / "source.yaml", [layers])) == {}


def test_training_records_it(dlrun, tmp_path):
    """From the start of the run, and for a longer training anew."""
    (tmp_path / "source.yaml").write_text(CONFIG)
    dlrun("train", tmp_path / "source.yaml", "--no-report", "--runs-dir", tmp_path / "runs")
    run = open_run("latest", tmp_path / "runs")
    assert run.record["config"] == flat(run.read_text("config.yaml"))
    assert run.record["config"]["training.epochs"] == 2
    dlrun("resume", run.path, "--epochs", 3, "--no-report")
    longer = Run(run.path)
    assert longer.record["config"] == flat(longer.read_text("config.yaml"))
    assert longer.record["config"]["training.epochs"] == 3


def test_a_list_of_runs_needs_neither_schema_nor_yaml():
    """A record holds the config, so that a list does not pay for what reads one."""
    program = (
        "import sys, dlrun.workflows.runs\n"
        "print(*{'yaml', 'dlrun.config.schema', 'dlrun.shapes'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.split() == []
