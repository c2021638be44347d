"""The files of callbacks: what the operating system refuses is told with the name of the file."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config.schema import Component
from dlrun.errors import DlrunError, RunFolderError
from dlrun.execution.assembly import build_callbacks
from dlrun.rundir.folder import Run
from dlrun.training.callbacks import CallbackChain, load_callback, prepare_callback, save_callback


class FullDisk(keras.callbacks.Callback):
    """Writes to a file on a disk without room."""

    filename = "epochs.csv"

    def on_epoch_end(self, *_):
        """Fail as a write does: the error names no file."""
        raise OSError(28, "No space left on device")


def test_a_callback_that_cannot_write_names_its_file():
    """With the reason, in place of the bare reason alone."""
    chain = CallbackChain([FullDisk()], keras.Sequential(), [], epochs=1, steps=1)
    with pytest.raises(DlrunError) as told:
        chain.call("on_epoch_end", 0, {})
    assert str(told.value) == "epochs.csv: cannot be written: no space left on device."


def test_the_file_of_a_logger_replaces_a_link(tmp_path):
    """What a symbolic link in a run folder leads to is not written."""
    outside, log = tmp_path / "outside.csv", tmp_path / "log.csv"
    outside.write_text("mine")
    log.symlink_to(outside)
    content = np.frombuffer(b"epoch,loss\n", np.uint8)
    prepare_callback(keras.callbacks.CSVLogger(str(log)), {"file": content})
    assert (outside.read_text(), log.read_text()) == ("mine", "epoch,loss\n")


def checkpoint(folder, filepath):
    """A callback that writes weights, as a config makes it."""
    arguments = {"filepath": filepath, "save_weights_only": True}
    (built,) = build_callbacks([Component(type="ModelCheckpoint", arguments=arguments)], folder)
    built.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    return built


@pytest.mark.parametrize(
    ("filepath", "logs"),
    [
        ("{loss}/{loss}/x.weights.h5", {"loss": ".."}),
        ("{loss}.weights.h5", {"loss": "../x"}),
        ("cp/{epoch}/x.weights.h5", {}),
    ],
)
def test_a_checkpoint_stays_in_the_run_folder(tmp_path, filepath, logs):
    """Whatever is written into its name, and wherever links in the folder lead."""
    outside, run = tmp_path / "outside", tmp_path / "run"
    outside.mkdir()
    (run / "cp").mkdir(parents=True)
    built = checkpoint(Run(run), filepath)
    (run / "cp" / "1").symlink_to(outside)
    with pytest.raises(RunFolderError, match="leads out of the run folder"):
        built.on_epoch_end(0, logs)
    assert sorted(tmp_path.rglob("*.h5")) == []
    checkpoint(Run(tmp_path / "other"), "{epoch:02d}.weights.h5").on_epoch_end(0, {})
    assert (tmp_path / "other" / "01.weights.h5").exists()


def test_links_below_the_folder_of_a_callback_are_not_followed(tmp_path):
    """Such as the one that TensorBoard would write its training log to."""
    outside, logs = tmp_path / "outside", tmp_path / "run" / "logs"
    outside.mkdir()
    logs.mkdir(parents=True)
    (logs / "train").symlink_to(outside)
    with pytest.raises(RunFolderError, match="not followed out of a run folder"):
        checkpoint(Run(tmp_path / "run"), "logs")


PLANTED = {
    "filepath": "../planted.weights.h5",
    "monitor": "val_loss",
    "save_weights_only": False,
    "_get_file_path": 3,
    "_model": None,
    "new": 1,
}


def test_only_what_is_saved_is_restored(tmp_path):
    """A stranger's checkpoint sets no path, no argument and nothing that the callback has not."""
    built = checkpoint(Run(tmp_path), "x.weights.h5")
    before = dict(vars(built))
    memory, arrays = save_callback(built)
    assert memory.keys() == {"best", "_batches_seen_since_last_saving", "_last_batch_seen"}
    load_callback(built, {**memory, "best": {"float": (0.5).hex()}, **PLANTED}, arrays)
    assert vars(built) == before | {"best": 0.5}


@pytest.mark.parametrize("value", ["../x", {"better": "less"}, {"a": 1}, {"float": "x"}, None])
def test_a_memory_of_another_kind_is_refused(tmp_path, value):
    """It is none that was saved."""
    built = checkpoint(Run(tmp_path), "x.weights.h5")
    with pytest.raises(ValueError, match=r"remembers|hexadecimal"):
        load_callback(built, {"best": value}, {})


def test_a_memory_of_an_earlier_dlrun_goes_on():
    """It held arguments and how to compare, too: they come from the config, and once only."""

    def stopping():
        callback = keras.callbacks.EarlyStopping("loss", mode="min", min_delta=0.1, patience=3)
        callback.set_model(keras.Sequential())
        callback.on_train_begin()
        return callback

    before, after = stopping(), stopping()
    before.on_epoch_end(0, {"loss": 1.0})
    before.on_epoch_end(1, {"loss": 0.95})
    memory, arrays = save_callback(before)
    earlier = {"patience": 3, "monitor_op": {"better": "less"}, "min_delta": {"float": "-0x1p-3"}}
    load_callback(after, memory | earlier, arrays)
    for callback in (before, after):
        callback.on_epoch_end(2, {"loss": 0.92})
    told = [(one.wait, one.best, one.best_epoch, one.min_delta) for one in (before, after)]
    assert told == [(2, 1.0, 0, -0.1)] * 2
