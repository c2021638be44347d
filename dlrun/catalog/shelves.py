"""dlrun's own words: the files in datasets/, callbacks/ and exporters/, read as text."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlrun.catalog import docstrings, signatures, text

if TYPE_CHECKING:
    from dlrun.catalog.signatures import Parameter

DATASETS: Final = "datasets"
CALLBACKS: Final = "callbacks"
EXPORTERS: Final = "exporters"
SHELVES: Final = (DATASETS, CALLBACKS, EXPORTERS)
ENTRIES: Final = {DATASETS: "load_data", EXPORTERS: "export"}
"""The function that a file must define to be a word."""
FILLED_IN: Final = {DATASETS: {"seed"}, EXPORTERS: {"model", "splits", "predictor", "folder"}}
"""Arguments of that function that dlrun gives, not the config."""


@lru_cache
def origins(shelf: str) -> dict[str, str]:
    """The words of a shelf, each with the module that defines it."""
    if shelf not in SHELVES:
        return {}
    folder = Path(__file__).parents[1] / shelf
    modules = [
        f"dlrun.{shelf}.{file.stem}"
        for file in sorted(folder.glob("*.py"))
        if not file.stem.startswith("_")
    ]
    return {word: module for module in modules if (word := _word(shelf, module))}


def parameters(shelf: str, word: str) -> tuple[Parameter, ...]:
    """The arguments that a config may give to a word of a shelf."""
    module = origins(shelf)[word]
    if shelf == CALLBACKS:
        return signatures.of_class(module, word)
    return tuple(
        parameter
        for parameter in signatures.of_function(module, ENTRIES[shelf])
        if parameter.keyword_only and parameter.name not in FILLED_IN[shelf]
    )


def docstring(shelf: str, word: str) -> str:
    """What a word says about itself."""
    module = origins(shelf)[word]
    if shelf == CALLBACKS:
        return docstrings.of(text.class_head(module, word))
    return docstrings.of(text.function(module, ENTRIES[shelf]))


def _word(shelf: str, module: str) -> str | None:
    """The word that a file defines, or None where it only serves its neighbours."""
    source = text.module_text(module)
    if shelf == CALLBACKS:
        found = re.search(r"^class ([A-Z]\w*)", source, re.MULTILINE)
        return found[1] if found else None
    entry = re.search(rf"^def {ENTRIES[shelf]}\(", source, re.MULTILINE)
    return module.rpartition(".")[2] if entry else None
