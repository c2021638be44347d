"""What a history shows."""

from __future__ import annotations

import numpy as np
import pytest

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
    ],
)
def test_best_epoch(callback, best):
    """By what was watched; the first of equals, as Keras takes it."""
    history = {
        "loss": np.array([3.0, 2.0, 1.0]),
        "accuracy": np.array([0.1, 0.9, 0.9]),
        "val_loss": np.array([3.0, 1.0, 1.0]),
    }
    assert best_epoch(experiment(callbacks=callback), history) == best


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
