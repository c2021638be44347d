"""The files of callbacks: what the operating system refuses is told with the name of the file."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.errors import DlrunError
from dlrun.training.callback_state import prepare_callback
from dlrun.training.callbacks import CallbackChain


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
