"""Exporters: what else a finished run leaves behind; one file is one word of `exports`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor


def run_exporter(
    word: str,
    arguments: Mapping[str, Any],
    *,
    model: Any,
    splits: Splits,
    predictor: Predictor,
    folder: Run,
) -> None:
    """Run the exporter of a word.

    Args:
        word: The name of a file in this folder.
        arguments: The exporter's own arguments.
        model: The trained `keras.Model`.
        splits: The rows, with fitted labels, and their spec.
        predictor: Predicts with the model.
        folder: Where to write.
    """
    exporter = importlib.import_module(f"dlrun.exporters.{word}")
    exporter.export(
        model=model, splits=splits, predictor=predictor, folder=folder, **dict(arguments)
    )
