"""Exporters: what else a finished run leaves behind; one file is one word of `exports`."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlrun.catalog.shelves import says

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlrun.config import Component


@dataclass(frozen=True)
class Written:
    """What an exporter has written into the run folder."""

    paths: list[Path]
    checked: dict[str, Any] = field(default_factory=dict)  # for the record: what was found of it
    lines: tuple[str, ...] = ()  # the same in words


def names_functions(exports: Sequence[Component]) -> bool:
    """Say whether files will hold the names of TensorFlow's functions, which a process counts.

    So says `NAMES_FUNCTIONS` of the file of an exporter.
    """
    return any(says("exporters", one.type, "NAMES_FUNCTIONS") for one in exports)


def packs_run(word: str) -> bool:
    """Say whether an exporter packs the run with all that it holds, as `PACKS_RUN` of its file."""
    return says("exporters", word, "PACKS_RUN")


def packing_last(exports: Sequence[Component]) -> list[list[Component]]:
    """Put those that pack the run into a second part, for they pack what the first has written."""
    packing = [one for one in exports if packs_run(one.type)]
    others = [one for one in exports if not packs_run(one.type)]
    return [others, packing] if packing else [others]


def run_exporter(word: str, arguments: Mapping[str, Any], **trained: Any) -> Written:
    """Run the exporter of a word, which gives the files that it wrote, or all of `Written`.

    `trained` is what every `export` takes: `model`, the trained `keras.Model`; `splits`, the rows
    with fitted labels; `predictor`, which predicts with the model; `folder`, where to write.
    """
    written = import_module(f"dlrun.exporters.{word}").export(**trained, **arguments)
    return written if isinstance(written, Written) else Written(list(written))
