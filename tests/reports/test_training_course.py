"""What a history shows."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.reports.plots.style import serves_log
from dlrun.reports.run_data import best_epoch, changes, is_larger_better
from tests.reports.stories import experiment


@pytest.mark.parametrize(
    ("callback", "best"),
    [
        ("", ("val_loss", 2)),
        ("{type: EarlyStopping, monitor: loss}", ("loss", 3)),
        ("{type: EarlyStopping, monitor: accuracy}", ("accuracy", 2)),
        ("{type: EarlyStopping, monitor: accuracy, mode: min}", ("accuracy", 1)),
        ("{type: EarlyStopping, monitor: loss, min_delta: 1.5}", ("loss (min_delta 1.5)", 3)),
        ("{type: EarlyStopping, monitor: loss, min_delta: 2}", ("loss (min_delta 2)", 1)),
        ("{type: EarlyStopping, monitor: accuracy, start_from_epoch: 2}", ("accuracy", 3)),
    ],
)
def test_best_epoch(callback, best):
    """By what was watched; the first of equals, as Keras takes it."""
    history = {
        "loss": np.array([3.0, 2.0, 1.0]),
        "accuracy": np.array([0.1, 0.9, 0.9]),
        "val_loss": np.array([3.0, 1.0, 1.0]),
    }
    found = best_epoch(experiment(callbacks=callback), history)
    assert (found.judge, found.epoch) == best


@pytest.mark.parametrize("seed", range(20))
def test_best_epoch_is_that_of_keras(seed):
    """Whatever does not improve enough is left out, as EarlyStopping leaves it out."""
    generator = np.random.default_rng(seed)
    values, margin = np.cumsum(generator.normal(-0.1, 1.0, 30)), generator.uniform(0, 2)
    mode, start = ("min", "max")[seed % 2], seed % 4
    theirs = keras.callbacks.EarlyStopping(
        "loss", min_delta=margin, mode=mode, patience=99, start_from_epoch=start
    )
    theirs.set_model(keras.Sequential())
    theirs.on_train_begin()
    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {"loss": value})
    told = f"min_delta: {float(margin)}, mode: {mode}, start_from_epoch: {start}"
    stopping = f"{{type: EarlyStopping, monitor: loss, {told}}}"
    ours = best_epoch(experiment(callbacks=stopping), {"loss": values})
    assert ours.epoch == theirs.best_epoch + 1


def test_nothing_tells_the_best_epoch():
    """Without validation every epoch lowers the loss; NaN is no value."""
    assert best_epoch(experiment(), {"loss": np.array([1.0])}) is None
    assert best_epoch(experiment(), {"val_loss": np.array([np.nan])}) is None


def test_directions():
    """Losses and errors small, scores large."""
    assert [is_larger_better(name) for name in ("val_accuracy", "auc", "loss", "mae")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_scales():
    """A logarithm serves positive values of different orders."""
    assert serves_log(np.array([1e-3, 1.0]))
    assert not serves_log(np.array([0.5, 1.0]))
    assert not serves_log(np.array([0.0, 1.0]))
    assert not serves_log(np.array([np.nan]))
    assert changes(np.array([1.0, 2.0]))
    assert not changes(np.array([1.0, np.nan, 1.0]))
    assert not changes(None)
