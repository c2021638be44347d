"""Exporters: what else a finished run leaves behind; one file is one word of `exports`."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Written:
    """What an exporter has written into the run folder."""

    paths: list[Path]
    checked: dict[str, Any] = field(default_factory=dict)  # for the record: what was found of it
    lines: tuple[str, ...] = ()  # the same in words


def packs_page(word: str) -> bool:
    """Say whether an exporter packs the page of a run, as `PACKS_PAGE` of its file does."""
    return bool(getattr(import_module(f"dlrun.exporters.{word}"), "PACKS_PAGE", False))


def run_exporter(word: str, arguments: Mapping[str, Any], **trained: Any) -> Written:
    """Run the exporter of a word, which gives the files that it wrote, or all of `Written`.

    `trained` is what every `export` takes: `model`, the trained `keras.Model`; `splits`, the rows
    with fitted labels; `predictor`, which predicts with the model; `folder`, where to write.
    """
    written = import_module(f"dlrun.exporters.{word}").export(**trained, **arguments)
    return written if isinstance(written, Written) else Written(list(written))
