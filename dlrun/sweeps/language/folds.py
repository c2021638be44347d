"""Folds of a cross-validation as an axis: one run a fold, whose rows are its validation rows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dlrun.config.extends import read_whole
from dlrun.config.nodes import Node, Place, Problems
from dlrun.config.overrides import Override
from dlrun.reports.repeats import FOLD, FOLDS

VALIDATION: Final = "dataset.validation_split"


def folded(folds: int, place: Place) -> tuple[Override, ...]:
    """What all runs of a cross-validation set: how many folds, and no other validation rows."""
    return (
        Override(VALIDATION, Node(None, place), place),
        Override(FOLDS, Node(folds, place), place),
    )


def folds_of(folds: int, place: Place) -> list[Override]:
    """What each run of a cross-validation sets: its fold, from 1."""
    return [Override(FOLD, Node(number, place), place) for number in range(1, folds + 1)]


def replaced(config: Path) -> str | None:
    """Say that a config asks for validation rows, in whose place come those of the folds.

    Whatever is wrong with the config is told by whoever loads it.
    """
    root = read_whole(config, Problems())
    dataset = root.child("dataset") if isinstance(root.value, dict) else None
    held = (
        dataset.child("validation_split") if dataset and isinstance(dataset.value, dict) else None
    )
    if held is None or held.value is None:
        return None
    return f"folds: their rows are the validation rows; {VALIDATION} of {config} is left aside"
