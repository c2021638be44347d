"""`dlrun train` hands the config on, and stdout carries the run folder's path alone."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlrun.rundir.folder import Run

METRICS = {"train": {"loss": 0.03, "accuracy": 0.99}, "test": {"loss": 0.05, "accuracy": 0.98}}


@pytest.fixture
def trained(monkeypatch):
    """The calls that a training in name only receives."""
    calls = []

    def train(experiment, options, listener):
        calls.append(SimpleNamespace(experiment=experiment, options=options))
        print("a library talks")  # noqa: T201 - the behaviour under test
        listener.message("labels: as they are")
        listener.started(epochs=10, steps=2)
        listener.progressed(epoch=10, step=0, logs={"loss": 0.03})
        listener.finished()
        return SimpleNamespace(
            folder=Run(Path("runs/20261120-231455_tiny_7k2q")),
            metrics=METRICS,
            judged=SimpleNamespace(classification=None),
            baseline=None,
            seconds=3.21,
        )

    monkeypatch.setattr("dlrun.workflows.train.train", train)
    return calls


def test_path_and_messages(config, dlrun, trained):
    """The path on stdout; what libraries print, messages and the closing table on stderr."""
    exit_code, out, err = dlrun("train", config)
    assert (exit_code, out) == (0, "runs/20261120-231455_tiny_7k2q\n")
    assert err == (
        "a library talks\n"
        "labels: as they are\n"
        "epoch 10/10  loss 0.0300\n"
        "           train    test\n"
        "loss      0.0300  0.0500\n"
        "accuracy  0.9900  0.9800\n"
        "\n"
        "3.2 s  runs/20261120-231455_tiny_7k2q\n"
    )
    assert trained[0].options.runs_dir == Path("runs")
    assert trained[0].options.command == ["dlrun", "train", config]


def test_quiet(config, dlrun, trained):
    """Nothing of ours but the path."""
    exit_code, out, err = dlrun("train", config, "--quiet")
    assert (exit_code, out) == (0, "runs/20261120-231455_tiny_7k2q\n")
    assert err == "a library talks\n"
    assert len(trained) == 1


def test_json(config, dlrun, trained):
    """The path and the metrics as data."""
    exit_code, out, _ = dlrun("train", config, "--json", "-q")
    assert exit_code == 0
    assert json.loads(out) == {
        "run": "runs/20261120-231455_tiny_7k2q",
        "status": "finished",
        "seconds": 3.21,
        "metrics": METRICS,
    }
    assert len(trained) == 1


def test_options_change_the_config(config, dlrun, trained):
    """--set, --seed and --name; a name stays a text whatever it looks like."""
    words = [
        "--set",
        "training.epochs=7",
        "--set",
        "optimizer=sgd",
        "--seed",
        "3",
        "--runs-dir",
        "x",
    ]
    dlrun("train", config, *words, "--name", "no: [1")
    experiment = trained[0].experiment
    assert (experiment.training.epochs, experiment.optimizer.type) == (7, "SGD")
    assert (experiment.seed, experiment.name) == (3, "no: [1")
    assert trained[0].options.runs_dir == Path("x")
    for name in ("3", "1e-3", "null", 'a "b" \\ c', "\u65e5\u672c", "\U0001f642"):
        dlrun("train", config, "--name", name)
        assert trained[-1].experiment.name == name


def test_a_wrong_config_is_told_before_anything(config, dlrun, trained):
    """All problems at once, exit code 2, no run folder."""
    exit_code, out, err = dlrun("train", config, "--set", "sed=1", "--set", "training.epoch=1")
    assert (exit_code, out) == (2, "")
    assert err.startswith("error: 2 problems in the config\n  --set sed: ")
    assert trained == []
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "axis",
    ["optimizer.learning_rate=[0.01,0.001]", "training.callbacks[0].patience=[20,30]"],
)
def test_a_list_is_an_axis_though_its_key_is_inherited(config, dlrun, trained, axis):
    """Over two files: what is refused is what several runs cannot do, before any is trained."""
    callback = "{type: EarlyStopping, monitor: loss, patience: 3}"
    stopping = f"training: {{callbacks: [{callback}]}}\n"
    Path("stopping.yaml").write_text(f"extends: {config}\n{stopping}")
    Path("child.yaml").write_text("extends: stopping.yaml\nname: child\n")
    exit_code, _, err = dlrun("train", "child.yaml", "--set", axis, "--devices", "2")
    assert exit_code == 2
    assert "--devices: each of several runs computes on one device" in err
    assert trained == []


def test_a_missing_config(config, dlrun, trained):
    """The file that is missing is named."""
    exit_code, out, err = dlrun("train", "nothing.yaml")
    assert (exit_code, out) == (2, "")
    assert err.startswith("error: nothing.yaml")
    assert trained == []
    assert config
