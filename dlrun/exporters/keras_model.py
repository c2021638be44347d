"""Exports `model.keras`: the whole model, for every other Keras tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.backend.components import zip_dates
from dlrun.rundir.files import replace_with
from dlrun.rundir.names import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write architecture, weights, loss and optimizer state in Keras's own format.

    dlrun never reads this file: a run is rebuilt from its config and its weights.
    """
    del splits, predictor
    path = folder.file(MODEL)
    with zip_dates():
        replace_with(path, model.save)
    return [path]
