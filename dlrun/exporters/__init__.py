"""Exporters: what else a finished run leaves behind; one file is one word of `exports`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run_exporter(word: str, arguments: Mapping[str, Any], **trained: Any) -> list[Path]:
    """Run the exporter of a word, and return the files that it wrote into the run folder.

    `trained` is what every `export` takes: `model`, the trained `keras.Model`; `splits`, the rows
    with fitted labels; `predictor`, which predicts with the model; `folder`, where to write.
    """
    return list(import_module(f"dlrun.exporters.{word}").export(**trained, **arguments))
