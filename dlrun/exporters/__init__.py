"""Exporters: what else a finished run leaves behind; one file is one word of `exports`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlrun.arrays import Splits
    from dlrun.rundir.folder import RunFolder
    from dlrun.training.evaluation import Predictor


def run_exporter(
    word: str,
    arguments: Mapping[str, Any],
    *,
    model: Any,
    splits: Splits,
    predictor: Predictor,
    folder: RunFolder,
) -> list[Path]:
    """Run the exporter of a word, and return the files that it wrote into the run folder."""
    exporter = importlib.import_module(f"dlrun.exporters.{word}")
    return list(
        exporter.export(model=model, splits=splits, predictor=predictor, folder=folder, **arguments)
    )
