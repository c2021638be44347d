"""Who watches a run hears of every epoch, however the training is cut into stretches."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.errors import PausedRunError
from dlrun.execution.options import RunOptions
from dlrun.rundir.folder import Run
from dlrun.training import trainer as trainer_module
from dlrun.training.listener import Listener
from dlrun.workflows.resume import resume
from dlrun.workflows.train import train
from tests.conftest import CONFIGS
from tests.marking import first
from tests.training.networks import Silent, model, trainer

SETTINGS = [
    "training.epochs=12",
    "dataset.validation_split=0.3",
    "training.callbacks=[{type: ReduceLROnPlateau, patience: 1, min_delta: 0.5}]",
]


class Tracker(Listener):
    """Collects what a tracker would send on."""

    def __init__(self):
        self.rows, self.recalled_epochs = [], []

    def recalled(self, *, epoch, logs):
        """Count it."""
        written = {name: str(np.float32(value)) for name, value in logs.items()}
        assert {"epoch": str(epoch), **written} == self.rows[epoch - 1]
        self.recalled_epochs.append(epoch)

    def epoch_ended(self, *, epoch, logs):
        """Keep it as `history.csv` writes it."""
        written = {name: str(np.float32(value)) for name, value in logs.items()}
        self.rows.append({"epoch": str(epoch), **written})


@pytest.mark.slow
@pytest.mark.parametrize("budget", first(1, [1, 7, 10_000]))
def test_a_tracker_hears_the_rows_of_the_history(budget, tmp_path, monkeypatch):
    """In order, each once; the rows of a run that went on are those of both its parts."""
    monkeypatch.setattr(trainer_module, "_FIRST_BUDGET", budget)
    monkeypatch.setattr(trainer_module, "_GROWTH", 1)
    options = RunOptions(tmp_path, ["dlrun"], device="cpu", report=False, pauses=(5,))
    experiment = load_config(CONFIGS / "iris.yaml", SETTINGS)
    tracker = Tracker()
    with pytest.raises(PausedRunError):
        train(experiment, options, tracker)
    assert [row["epoch"] for row in tracker.rows] == [str(epoch) for epoch in range(1, 6)]
    assert tracker.recalled_epochs == []
    (path,) = tmp_path.iterdir()
    resume(Run(path), replace(options, pauses=()), tracker)
    assert tracker.recalled_epochs == [1, 2, 3, 4, 5]
    with (path / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert len(history) == 12
    assert "learning_rate" in history[0]
    assert tracker.rows == history


def test_progress_may_pass_over_epochs_that_are_heard_all_the_same():
    """Many epochs are one stretch: one word of progress, and one of each epoch."""
    listener = Silent()
    fitted = trainer(model(), epochs=40, listener=listener)
    fitted.fit()
    assert len(listener.progress) < 40
    assert listener.epochs == list(enumerate(fitted.history.rows, start=1))


def test_the_epochs_before_a_divergence_are_heard():
    """Those that are kept, and no other."""
    listener = Silent()
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([16], [0.01, 1e38])
    built = model(optimizer=keras.optimizers.SGD(rate), loss="mse")
    fitted = trainer(built, epochs=5, listener=listener)
    with pytest.raises(Exception, match="in epoch 3"):
        fitted.fit()
    assert listener.epochs == list(enumerate(fitted.history.rows, start=1))
    assert len(listener.epochs) == 2
