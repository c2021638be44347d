"""A finished run that is trained on: it is there as it was until the longer one is whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from dlrun.cli import main
from dlrun.rundir.checkpoints import load_checkpoint
from dlrun.rundir.integrity import signed
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.names import EXTENSION
from dlrun.rundir.tensors import load_tensors
from tests.marking import first
from tests.test_bad_input import TABLE, config
from tests.workflows.test_resume import (  # noqa: F401 - fixtures
    MOONS,
    assert_same,
    finished,
    interrupted,
    moons,
    moons_run,
)

CALLBACKS = {
    "none": "",
    "EarlyStopping": "{type: EarlyStopping, monitor: val_loss, patience: 9}",
    "EarlyStopping, best weights": (
        "{type: EarlyStopping, monitor: val_loss, patience: 9, restore_best_weights: true}"
    ),
    "ReduceLROnPlateau": "{type: ReduceLROnPlateau, monitor: loss, patience: 1, min_delta: 0.05}",
    "LearningRateScheduler": (
        "{type: LearningRateScheduler, schedule: {type: ExponentialDecay, "
        "initial_learning_rate: 0.1, decay_steps: 3, decay_rate: 0.5}}"
    ),
    "ModelCheckpoint": "{type: ModelCheckpoint, filepath: 'kept/{epoch}.keras'}",
    "ModelCheckpoint, best": (
        "{type: ModelCheckpoint, filepath: best.weights.h5, monitor: val_loss, "
        "save_best_only: true, save_weights_only: true}"
    ),
    "ModelCheckpoint, batches": (
        "{type: ModelCheckpoint, filepath: '{epoch}.weights.h5', save_freq: 7, "
        "save_weights_only: true}"
    ),
    "CSVLogger": "{type: CSVLogger, filename: epochs.csv}",
    "SwapEMAWeights": "SwapEMAWeights",
    "SwapEMAWeights, epochs": "{type: SwapEMAWeights, swap_on_epoch: true}",
    "SwapEMAWeights, epochs, best weights": (
        "{type: SwapEMAWeights, swap_on_epoch: true}, "
        "{type: EarlyStopping, monitor: val_loss, patience: 9, restore_best_weights: true}"
    ),
    "TerminateOnNaN": "TerminateOnNaN",
}


def contents(run):
    """Every file of a run by its name."""
    return {
        str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()
    }


def state_of(run):
    """The tensors of its checkpoint, and what else it says, by name."""
    saved, damaged = load_checkpoint(run)
    assert damaged == []
    facts = {key: value for key, value in saved.facts.items() if "sha256" not in key}
    return {name: value.tobytes() for name, value in saved.tensors.items()} | {"facts": facts}


@pytest.mark.parametrize("name", first(2, CALLBACKS))
def test_with_every_callback_it_is_the_run_trained_whole(name, dlrun, tmp_path):
    """To the bit: weights, history, metrics, state, and what callbacks wrote."""
    averaging = ", use_ema: true, ema_momentum: 0.9" if "EMA" in name else ""
    (tmp_path / "moons.yaml").write_text(
        MOONS.replace("CALLBACK", CALLBACKS[name]).replace("0.01}", f"0.01{averaging}}}")
    )
    whole = dlrun("train", "moons.yaml", "--set", "training.epochs=7").run
    run = dlrun("train", "moons.yaml", "--set", "training.epochs=2").run
    for epochs in (4, 7) if name.endswith("best weights") else (7,):
        dlrun("resume", run, "--epochs", epochs)
    dlrun("verify", run)
    assert_same(run, whole)
    assert state_of(run) == state_of(whole)
    assert {path.name for path in run.iterdir()} == {path.name for path in whole.iterdir()}
    for path in run.rglob("*.csv"):
        assert path.read_bytes() == (whole / path.relative_to(run)).read_bytes()
    kept = [sorted(path.name for path in one.glob("kept/*")) for one in (run, whole)]
    assert kept[0] == kept[1]


def test_a_run_that_swapped_by_an_earlier_dlrun_is_refused(dlrun, tmp_path):
    """Its checkpoint has the averages twice, and the weights not at all."""
    averaging = CALLBACKS["SwapEMAWeights, epochs"]
    (tmp_path / "moons.yaml").write_text(
        MOONS.replace("CALLBACK", averaging).replace("0.01}", "0.01, use_ema: true}")
    )
    run = dlrun("train", "moons.yaml", "--set", "training.epochs=2").run
    (state,) = run.glob("checkpoint/*/state.json")
    values = json.loads(state.read_text())
    del values["apart"]
    state.write_text(signed(values))
    before = contents(run)
    told = dlrun("resume", run, "--epochs", 4, code=4).err
    assert "kept only the averages of SwapEMAWeights at its end" in told
    assert "Train anew with 4 epochs" in told
    assert contents(run) == before


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run over a table, trained once, and its table."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "table.csv").write_text(TABLE)
    (folder / "csv.yaml").write_text(config(training={"epochs": 3}))
    words = ["train", str(folder / "csv.yaml"), "--runs-dir", str(folder / "runs"), "--no-report"]
    assert main(words) == 0
    (run,) = (folder / "runs").iterdir()
    return run, folder / "table.csv"


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of that run."""
    return shutil.copytree(trained[0], tmp_path / "runs" / trained[0].name)


@pytest.fixture
def table(trained):
    """The table of that run, which a test may change, rename or replace."""
    _, path = trained
    yield path
    path.with_name("moved.csv").unlink(missing_ok=True)
    path.write_text(TABLE)


def gone(table):
    """The data are moved away."""
    table.rename(table.with_name("moved.csv"))


def changed(table):
    """Other rows."""
    table.write_text(TABLE.replace("1", "2", 1))


def broken(table):
    """Half of a row."""
    table.write_text(TABLE + "1,\n")


REFUSED = {
    "no GPU": (lambda _: None, ("--epochs", 5, "--device", "gpu"), 2, "there is no gpu"),
    "gone": (gone, ("--epochs", 5), 3, "table.csv"),
    "changed": (changed, ("--epochs", 5), 3, "the data are no longer those that this run began"),
    "broken": (broken, ("--epochs", 5), 3, "table.csv:"),
    "fewer": (lambda _: None, ("--epochs", 2), 2, "has completed 3 epochs already"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("status", ["finished", "interrupted"])
def test_what_is_refused_changes_nothing(case, status, copied, table, dlrun):
    """Not one byte of the run, and no file more."""
    run = copied
    if status == "interrupted":
        record = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(signed({**record, "status": status, "exit_code": 130}))
    before = contents(run)
    damage, words, code, message = REFUSED[case]
    damage(table)
    told = dlrun("resume", run, *words, code=code).err
    assert message in told
    assert "run folder" not in told
    assert contents(run) == before
    dlrun("verify", run)
    assert dlrun("predict", run, table.with_name("moved.csv") if case == "gone" else table,
                 "-o", "-", code=3 if case == "broken" else 0)  # fmt: skip


@pytest.mark.slow
def test_a_run_that_another_process_holds_is_left_alone(dlrun, finished):  # noqa: F811
    """Also by the extension of a finished one."""
    run = finished(2)
    with holding_lock(run):
        before = contents(run)
        assert "works in this run folder" in dlrun("resume", run, "--epochs", 3, code=4).err
        assert contents(run) == before


def test_a_folder_that_cannot_be_written_is_left_alone(dlrun, monkeypatch, finished):  # noqa: F811
    """The first thing that is written is the extension's folder."""
    run = finished(2)
    before = contents(run)
    mkdir = Path.mkdir

    def refusing(path, *arguments, **options):
        if EXTENSION in path.parts:
            raise OSError(30, os.strerror(30))
        mkdir(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refusing)
        told = dlrun("resume", run, "--epochs", 3, code=1).err
    assert f"{run}/extension: cannot be written: read-only file system." in told
    assert contents(run) == before


@pytest.mark.slow
def test_an_interrupted_extension_goes_on(dlrun, finished):  # noqa: F811
    """The finished run is usable meanwhile, and as it was."""
    run = finished(2)
    before = contents(run)
    with interrupted(5, signal.SIGTERM):
        told = dlrun("resume", run, "--epochs", 12, code=143).err
    assert f"the finished run is as it was: {run}\n" in told
    assert f"`dlrun resume {run}` goes on with its extension." in told
    now = contents(run)
    assert {name: now[name] for name in before} == before
    assert {name.split("/")[0] for name in now.keys() - before.keys()} == {EXTENSION}
    waits = "a longer training of it was begun: `dlrun resume` without --epochs goes on"
    assert waits in dlrun("verify", run).out
    dlrun("evaluate", run)
    assert json.loads(dlrun("runs", "--json").out)[0]["status"] == "finished"
    assert f"2 epochs already; {waits}" in dlrun("resume", run, "--epochs", 2).err
    refused = dlrun("resume", run, "--device", "gpu:99", code=2).err
    assert "going on" not in refused
    told = dlrun("resume", run).err
    assert "extension to 12 epochs, interrupted: going on after epoch " in told
    assert_same(run, finished())
    assert waits not in dlrun("verify", run).out
    assert not (run / EXTENSION).exists()
    assert [one["was"] for one in json.loads((run / "run.json").read_text())["resumed"]] == [
        "finished",
        "interrupted",
    ]


def test_to_fewer_epochs_an_extension_begins_anew(dlrun, finished):  # noqa: F811
    """From the finished run, not from what is past them."""
    run = finished(2)
    with interrupted(7):
        dlrun("resume", run, "--epochs", 12, code=130)
    assert "finished: going on after epoch 2" in dlrun("resume", run, "--epochs", 5).err
    assert_same(run, finished(5))


@pytest.mark.slow
def test_an_extension_that_diverges(dlrun, moons):  # noqa: F811
    """Its weights of the last good epoch are there, and the finished run is too."""
    schedule = (
        "{type: PiecewiseConstantDecay, boundaries: [30], values: [0.01, 1e38]}"  # in epoch 7
    )
    words = (f"--set=optimizer={{type: SGD, learning_rate: {schedule}}}", "--set=training.epochs=2")
    run = dlrun("train", moons, *words).run
    before = contents(run)
    told = dlrun("resume", run, "--epochs", 12, code=5).err
    assert f"the finished run is as it was: {run}\nrun folder: {run}/extension\n" in told
    now = contents(run)
    assert {name: now[name] for name in before} == before
    dlrun("verify", run)
    assert "would diverge again" in dlrun("resume", run, code=5).err
    dlrun("evaluate", run / EXTENSION)
    kept = len((run / EXTENSION / "history.csv").read_text().splitlines()) - 1
    dlrun("resume", run, "--epochs", kept)
    assert_same(run, dlrun("train", moons, *words[:1], "--set", f"training.epochs={kept}").run)
    assert not (run / EXTENSION).exists()


@pytest.mark.slow
def test_a_committed_extension_is_moved_by_whoever_comes_next(dlrun, monkeypatch, finished):  # noqa: F811
    """Broken off after any of its moves."""
    run = finished(2)
    whole = finished(3)
    replace, moves = Path.replace, []

    def counted(path, target):
        is_move = EXTENSION in path.parts and EXTENSION not in Path(target).parts
        if is_move and len(moves) == allowed:
            raise OSError(5, os.strerror(5))
        moves.extend([path] * is_move)
        return replace(path, target)

    for number, command in enumerate(("verify", "evaluate", "runs", "diff", "resume", "verify")):
        copy = shutil.copytree(run, run.with_name(f"{run.name[:-4]}aaa{'abcdef'[number]}"))
        allowed = number
        moves.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", counted)
            told = dlrun("resume", copy, "--epochs", 3, code=1).err
        assert "cannot be written: input/output error." in told
        assert len(moves) == number
        words = {"runs": ["runs"], "diff": ["diff", copy, whole]}.get(command, [command, copy])
        dlrun(*words)
        assert not (copy / EXTENSION).exists()
        dlrun("verify", copy)
        if command != "evaluate":
            assert_same(copy, whole)


@pytest.mark.slow
def test_a_run_without_epochs_is_extended(dlrun, moons):  # noqa: F811
    """To the bits of a run that had them from the start; also one that began elsewhere."""
    other = dlrun("train", moons, "--set", "training.epochs=3", "--seed", 7).run
    for words in ((), ("--from", other)):
        run = dlrun("train", moons, "--set", "training.epochs=0", *words).run
        assert "1 epochs" not in dlrun("resume", run, "--epochs", 4).err
        assert_same(run, dlrun("train", moons, "--set", "training.epochs=4", *words).run)
        assert json.loads((run / "run.json").read_text())["identity"]
        dlrun("verify", run)


def test_a_run_without_a_loss_cannot_be_extended(dlrun, moons):  # noqa: F811
    """That is said of the config, which is not damaged."""
    words = ("--set", "training.epochs=0", "--set", "loss=null", "--set", "metrics=[]")
    run = dlrun("train", moons, *words).run
    before = contents(run)
    told = dlrun("resume", run, "--epochs", 3, code=2).err
    assert "error: --epochs 3: the config of this run does not allow it: " in told
    assert contents(run) == before


def test_an_obsolete_checkpoint_that_cannot_be_removed(dlrun, moons, monkeypatch):  # noqa: F811
    """One I/O error in its removal: nothing is damaged, and the next command removes the rest."""
    monkeypatch.setattr("dlrun.training.trainer._GROWTH", 1)
    unlink, failed = os.unlink, []

    def failing(path, *, dir_fd=None):
        if os.fspath(path).endswith("tensors.safetensors") and not failed:
            failed.append(path)
            raise OSError(5, os.strerror(5))
        unlink(path, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", failing)
        run = dlrun("train", moons, "--set", "training.epochs=4").run
    assert failed
    dlrun("verify", run)
    dlrun("resume", run, "--epochs", 6)
    dlrun("verify", run)
    assert not list(run.rglob(".tmp-*"))


@pytest.mark.parametrize("part", ["state.json", "tensors.safetensors"])
def test_half_of_an_obsolete_checkpoint_is_no_damage(part, dlrun, finished):  # noqa: F811
    """As an earlier dlrun left it behind such an error; half of the only one is damage."""
    run = finished(2)
    (newest,) = (run / "checkpoint").iterdir()
    old = newest.with_name("00000000")
    shutil.copytree(newest, old)
    (old / part).unlink()
    dlrun("verify", run)
    shutil.copyfile(newest / part, old / part)
    (newest / part).unlink()
    shutil.rmtree(old)
    assert f"{newest / part}: is missing." in dlrun("verify", run, code=4).out


def test_what_a_killed_beginning_leaves_is_dropped(dlrun, finished):  # noqa: F811
    """An extension without a record is none."""
    run = finished(2)
    (run / EXTENSION / "checkpoint").mkdir(parents=True)
    dlrun("verify", run)
    assert not (run / EXTENSION).exists()


def test_a_stranger_cannot_lead_an_extension_out(dlrun, tmp_path, finished):  # noqa: F811
    """Neither by a link in the place of the folder nor by one in the way of a file."""
    run = finished(2)
    outside = tmp_path / "outside"
    outside.mkdir()
    record = json.loads((run / "run.json").read_text())
    (outside / "run.json").write_text(signed(record))
    (run / EXTENSION).symlink_to(outside)
    dlrun("verify", run)
    assert [path.name for path in outside.iterdir()] == ["run.json"]
    (run / EXTENSION).unlink()
    (run / EXTENSION / "way").mkdir(parents=True)
    (run / EXTENSION / "way" / "file").write_text("x")
    (run / EXTENSION / "run.json").write_text(signed(record))
    (run / "way").symlink_to(outside)
    assert "is a symbolic link" in dlrun("verify", run, code=4).err
    assert [path.name for path in outside.iterdir()] == ["run.json"]


def test_the_weights_are_those_of_the_finished_run_meanwhile(dlrun, finished):  # noqa: F811
    """What other tools read is not half of something."""
    run = finished(2)
    before = load_tensors(run / "weights.safetensors")
    with interrupted(4):
        dlrun("resume", run, "--epochs", 12, code=130)
    after = load_tensors(run / "weights.safetensors")
    assert all((before[name] == after[name]).all() for name in before)
