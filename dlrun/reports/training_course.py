"""What the history of a training shows: which epoch was the best, whether the rate changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlrun.config import Experiment
from dlrun.rundir.metrics import is_larger_better

LEARNING_RATE = "learning_rate"
_STOPPERS = ("EarlyStopping", "ModelCheckpoint")


def quantities(history: Mapping[str, NDArray[np.float64]]) -> tuple[str, ...]:
    """Name what was logged, training and validation as one, such as `("loss", "accuracy")`."""
    names = dict.fromkeys(name.removeprefix("val_") for name in history)
    return tuple(name for name in names if name != LEARNING_RATE)


def best_epoch(
    experiment: Experiment, history: Mapping[str, NDArray[np.float64]]
) -> tuple[str, int] | None:
    """Find the best epoch, from 1, and what it was judged by; None where nothing tells.

    That is what EarlyStopping or ModelCheckpoint watched, else the validation loss.
    """
    watched, mode = "val_loss", "min"
    for callback in experiment.training.callbacks:
        if callback.type in _STOPPERS and callback.arguments.get("monitor") in history:
            watched = str(callback.arguments["monitor"])
            mode = str(callback.arguments.get("mode", "auto"))
            break
    values = history.get(watched)
    if values is None or not np.isfinite(values).any():
        return None
    larger = is_larger_better(watched) if mode == "auto" else mode == "max"
    best = np.nanargmax(values) if larger else np.nanargmin(values)
    return watched, int(best) + 1


def changes(values: NDArray[np.float64] | None) -> bool:
    """Whether a column takes more than one value."""
    return values is not None and len(np.unique(values[np.isfinite(values)])) > 1
