"""Runs go on to the bits of a run that was never stopped, through the command line."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import signal
from pathlib import Path

import pytest

from dlrun.cli import main
from dlrun.cli.terminal.progress import LineListener
from dlrun.rundir.checkpoints import Checkpoint, save_checkpoint
from dlrun.rundir.folder import Run
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.tensors import load_tensors
from tests.conftest import CONFIGS
from tests.folders import change
from tests.test_bad_input import TABLE, config

MOONS = """\
dataset: {type: moons, samples: 100, noise: 0.2, validation_split: 0.2, test_samples: 20}
model:
  layers:
    - {type: Dense, units: 8, activation: relu}
    - {type: Dropout, rate: 0.2}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [accuracy]
training: {epochs: 12, batch_size: 16, checkpoint_seconds: 0, callbacks: [CALLBACK]}
"""
STOPPING = (
    "{type: EarlyStopping, monitor: loss, patience: 1, min_delta: 1, restore_best_weights: true}"
)
SAME = ("history.csv", "weights.safetensors", "metrics.json", "config.yaml", "predictions/test.csv")


@pytest.fixture
def moons(tmp_path):
    """A config that commits its state after every stretch."""
    path = tmp_path / "moons.yaml"
    path.write_text(MOONS.replace("CALLBACK", ""))
    return path


@pytest.fixture(scope="module")
def moons_run(tmp_path_factory):
    """Train that config once for each number of epochs: gives the run folder."""
    folder = tmp_path_factory.mktemp("moons")
    (folder / "moons.yaml").write_text(MOONS.replace("CALLBACK", ""))

    @functools.cache
    def run_of(epochs):
        words = ["train", folder / "moons.yaml", "--set", f"training.epochs={epochs}"]
        words += ["--runs-dir", folder / str(epochs), "--no-report"]
        assert main([str(word) for word in words]) == 0
        (run,) = (folder / str(epochs)).iterdir()
        return run

    return run_of


@pytest.fixture
def finished(moons_run, dlrun):  # noqa: ARG001 - it enters the folder of the test
    """Give a copy of a finished run, among the runs of the test."""

    def copy(epochs=12):
        run = moons_run(epochs)
        return shutil.copytree(run, Path("runs", run.name))

    return copy


@contextlib.contextmanager
def interrupted(epochs=4, *numbers):
    """Stretches of an epoch, and signals to this process as soon as some of them are done."""

    def progressed(_, *, epoch, **_others):
        for number in (numbers or [signal.SIGINT]) if epoch >= epochs else ():
            signal.raise_signal(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlrun.training.trainer._GROWTH", 1)
        patch.setattr(LineListener, "progressed", progressed)
        yield


def assert_same(run, other):
    """Every file that does not tell the time is the same to the byte."""
    for name in SAME:
        assert (run / name).read_bytes() == (other / name).read_bytes(), name
    assert not list(run.rglob(".tmp-*"))


def checkpoints(run):
    """The names of the checkpoints, the newest last."""
    return sorted((run / "checkpoint").iterdir())


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU]
)
def test_an_interrupted_run_goes_on(number, moons, dlrun, finished):
    """The exit code is the signal's, the state is kept, and the end is that of a whole run."""
    with interrupted(2, number):
        dlrun("train", moons, code=128 + number)
    (run,) = (moons.parent / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "interrupted"
    done = dlrun("resume", "latest")
    assert done.out == f"runs/{run.name}\n"
    assert "interrupted: going on after epoch " in done.err
    assert_same(run, finished())
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished"
    (resumption,) = record["resumed"]
    assert (resumption["was"], resumption["epochs"]) == ("interrupted", 12)
    assert len(checkpoints(run)) == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_an_ignored_signal_ends_no_training(number, moons, dlrun):
    """As under `nohup`: what was ignored at the start is ignored while the epochs run too."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interrupted(2, number):
            run = dlrun("train", moons).run
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


def test_what_follows_a_warning_ends_nothing_at_once(moons, dlrun):
    """A scheduler warns, perhaps more than once, and then ends the job: the state is kept."""
    with interrupted(2, signal.SIGUSR1, signal.SIGUSR1, signal.SIGTERM):
        told = dlrun("train", moons, code=128 + signal.SIGUSR1).err
    (run,) = (moons.parent / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["reason"]) == ("interrupted", "Interrupted by SIGUSR1.")
    done = len((run / "history.csv").read_text().splitlines()) - 1
    (said,) = [line for line in told.splitlines() if line.startswith("saved: ")]
    assert said.startswith(f"saved: epoch {done} of ")
    assert said.endswith(f"; `dlrun resume {run.relative_to(moons.parent)}` goes on")
    assert checkpoints(run)


@pytest.mark.slow
def test_a_finished_run_is_extended(dlrun, finished):
    """The result is that of having asked for all epochs at the start."""
    run = finished(5)
    extended = dlrun("resume", run, "--epochs", 12)
    assert "finished: going on after epoch 5" in extended.err
    assert_same(run, finished())
    assert "12 epochs already" in dlrun("resume", run, "--epochs", 12).err
    told = dlrun("resume", run, "--epochs", 11, code=2).err
    assert told == "error: --epochs 11: the run has completed 12 epochs already.\n"


def test_a_finished_run_has_nothing_left(dlrun, finished):
    """So a script may resume until all is done."""
    run = finished()
    before = (run / "run.json").read_bytes()
    done = dlrun("resume", run)
    assert done.out == f"{run}\n"
    assert done.err == "this run is finished; --epochs N goes on with it\n"
    assert json.loads(dlrun("resume", run, "--json").out)["status"] == "finished"
    assert (run / "run.json").read_bytes() == before


def test_a_run_that_a_callback_ended(moons, dlrun):
    """More epochs would not have changed its end."""
    moons.write_text(MOONS.replace("CALLBACK", STOPPING))
    run = dlrun("train", moons).run
    told = dlrun("resume", run, "--epochs", 50).err
    assert told == (
        "a callback ended this run after epoch 2; asked for 50 epochs, it would have ended there "
        "too\n"
    )


def test_a_diverged_run_would_diverge_again(moons, dlrun):
    """It is told apart from one that failed for a reason that may pass."""
    dlrun("train", moons, "--set", "optimizer={type: SGD, learning_rate: 1e30}",
          "--set", "loss=mean_squared_error",
          "--set", "model.layers[2].activation=linear", code=5)  # fmt: skip
    told = dlrun("resume", "latest", code=5).err
    assert "this run diverged, and the same bits would diverge again." in told
    assert "`dlrun train --from " in told


@pytest.fixture
def run(dlrun, moons):
    """An interrupted run with two checkpoints."""
    with interrupted():
        dlrun("train", moons, code=130)
    (run,) = (moons.parent / "runs").iterdir()
    assert len(checkpoints(run)) == 2
    return run


@pytest.mark.parametrize("name", ["state.json", "tensors.safetensors"])
def test_a_damaged_checkpoint(name, run, moons, dlrun, finished):
    """The one before it is gone on from, which is said; the bits are the same."""
    damaged = checkpoints(run)[-1] / name
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 4
    damaged.write_bytes(content)
    place = damaged.relative_to(moons.parent)
    assert f"  {place}:" in dlrun("verify", run.name, code=4).out
    told = dlrun("resume", run.name).err
    assert f"warning: {place}:" in told
    assert_same(run, finished())


def test_a_run_without_a_checkpoint_begins_anew(run, dlrun, finished):
    """The seed gives the same start again."""
    for place in checkpoints(run):
        (place / "state.json").unlink()
    told = dlrun("resume", run.name).err
    assert "interrupted before its first checkpoint: beginning anew" in told
    assert_same(run, finished())


def test_two_processes_never_work_in_one_folder(run, dlrun):
    """The second one is told who holds it."""
    change(run / "run.json", status="running")
    with holding_lock(run):
        told = dlrun("resume", run.name, code=4).err
    record = Run(run).read_record()
    assert f"process {record['pid']} on {record['host']} works in this run folder." in told
    change(run / "run.json", status="running")
    assert json.loads(dlrun("runs", "--json").out)[0]["status"] == "killed"
    assert dlrun("runs").err == f"1 killed: `dlrun resume runs/{run.name}` goes on with it.\n"
    assert "killed: going on after epoch " in dlrun("resume", run.name).err


def test_data_that_have_changed(dlrun, tmp_path):
    """A run does not go on with other rows than it began with."""
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    (tmp_path / "csv.yaml").write_text(config(training={"epochs": 4}))
    run = dlrun("train", "csv.yaml").run
    table.write_text(TABLE.replace("1", "2", 1))
    told = dlrun("resume", run, "--epochs", 6, code=3).err
    assert "the data are no longer those that this run began with: " in told
    assert f"{table} is no longer what the run was trained on: it was {len(TABLE)} bytes" in told
    assert told.endswith("...).\n  Bring them back, or train anew.\n")
    table.write_text(TABLE)
    assert "finished: going on after epoch 4" in dlrun("resume", run, "--epochs", 6).err


def test_a_config_that_is_gone(run, dlrun):
    """Nothing can go on without it."""
    (run / "config.yaml").unlink()
    assert "config.yaml: is missing." in dlrun("resume", run.name, code=4).err


@pytest.mark.slow
def test_a_run_continues_on_the_shipped_digits(dlrun):
    """A config with early stopping that restores weights."""
    digits = ("train", CONFIGS / "digits_mlp.yaml", "--set")
    run = dlrun(*digits, "training.epochs=2").run
    dlrun("resume", run, "--epochs", 5)
    assert_same(run, dlrun(*digits, "training.epochs=5").run)


def test_a_resumption_that_fails_early_touches_nothing(dlrun, finished):
    """The weights and the history of the finished run stay until its state is back."""
    run = finished()
    names = ("weights.safetensors", "history.csv")
    before = [(run / name).read_bytes() for name in names]
    (checkpoint,) = (run / "checkpoint").iterdir()
    tensors = load_tensors(checkpoint / "tensors.safetensors")
    kernel = next(name for name in tensors if name.endswith("/kernel"))
    state = json.loads((checkpoint / "state.json").read_text())
    save_checkpoint(run, Checkpoint(state, tensors | {kernel: tensors[kernel][:1]}))
    told = dlrun("resume", run, "--epochs", 20, code=4).err
    assert "the checkpoint does not fit the model: 'variables/" in told
    assert [(run / name).read_bytes() for name in names] == before


def test_an_extension_that_is_killed_at_its_first_step_goes_on(dlrun, monkeypatch, finished):
    """The record is written before the longer config: in between, the run is still one's own."""
    run = finished(5)
    write_text = Run.write_text

    def killed(folder, name, text):
        if name == "config.yaml":
            raise OSError
        write_text(folder, name, text)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_text", killed)
        dlrun("resume", run, "--epochs", 12, code=1)
    dlrun("resume", run, "--epochs", 12)
    assert_same(run, finished())
