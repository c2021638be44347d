"""Reads `metrics.json` as numbers, and tells which numbers are the better ones."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from pathlib import Path

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.files import check_size, read_json, read_text, write_text
from dlrun.rundir.names import HISTORY, METRICS, TEST, TRAIN, VALIDATION

JUDGING_ORDER = (VALIDATION, TEST, TRAIN)
"""The rows by which the best of several runs is chosen come first.

Whoever chooses by the test rows has none left that tell how good the chosen one is.
"""

_LARGER_IS_BETTER = (
    "acc", "auc", "precision", "recall", "sensitivity", "specificity", "f1", "fbeta", "iou", "r2",
    "cosine", "true_positives", "true_negatives",
)  # fmt: skip


def read_metrics(folder: Path) -> dict[str, dict[str, float | None]]:
    """Read the metrics of a run: finite numbers by split and name, None for what was not finite.

    In the order of `JUDGING_ORDER`, and in each split the loss first; without splits of which
    nothing was measured.
    """
    path = folder / METRICS
    if not os.path.lexists(path):
        return {}
    stored = read_json(path)
    found = {}
    for split in JUDGING_ORDER:
        values = stored.get(split)
        if isinstance(values, dict):
            found[split] = {
                name: finite_number(value)
                for name, value in values.items()
                if not isinstance(value, bool | str | list | dict)
            }
    return {split: values for split, values in found.items() if values}


def main_metric(*runs: Mapping[str, Mapping[str, float | None]]) -> tuple[str, str] | None:
    """Choose the metric by which runs are judged: the one rule for all that names a best run.

    It is a metric that all runs have of which anything was measured: of the validation rows, else
    of the test rows, else of the training rows; the first that is not the loss, else the loss.
    Returns its split and name; None where there is none.
    """
    measured = [run for run in runs if run]
    for split in JUDGING_ORDER if measured else ():
        shared = [
            name
            for name in measured[0].get(split, {})
            if all(name in run.get(split, {}) for run in measured)
        ]
        if shared:
            return split, next((name for name in shared if name != "loss"), shared[0])
    return None


def is_larger_better(name: str) -> bool:
    """Tell by a name such as `val_loss` whether a larger value is a better one."""
    return any(word in name.lower() for word in _LARGER_IS_BETTER)


def finite_number(value: object) -> float | None:
    """Read a number that may be written by hand; None for what is none, or beyond float64."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


EPOCH = "epoch"
MAX_BYTES = 2**30  # some ten million epochs: what is larger is neither written nor read


def write_history(folder: Path, text: str) -> None:
    """Write the logs of a run, a CSV as `read_history` reads it."""
    check_size(folder / HISTORY, text, MAX_BYTES)
    write_text(folder / HISTORY, text)


def history_text(folder: Path) -> str:
    """Read `history.csv` as it is."""
    return read_text(folder / HISTORY, MAX_BYTES)


def epochs_of(folder: Path) -> int:
    """Count the completed epochs of a run: a line each, below that with the names."""
    try:
        return max(history_text(folder).count("\n") - 1, 0)
    except DlrunError:
        return 0


def read_history(folder: Path) -> dict[str, list[float]]:
    """Read the logs of a run: the values of all epochs by name, NaN where a cell is empty.

    The column `epoch`, whose numbers are 1, 2, ..., is left out. Empty where nothing was trained.
    """
    path = folder / HISTORY
    if not os.path.lexists(path):
        return {}
    try:
        rows = list(csv.reader(history_text(folder).splitlines(), strict=True))
    except csv.Error as error:
        raise RunFolderError(f"is damaged: {error}.", where=str(path)) from error
    names = rows[0] if rows else []
    if names[:1] != [EPOCH] or len(set(names)) < len(names):
        raise RunFolderError(
            f"is damaged: its first line should name columns, first '{EPOCH}'.", where=str(path)
        )
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names) or row[0] != str(number):
            raise RunFolderError(
                "is damaged: not a row of the table.", where=f"{path}:{number + 1}"
            )
        for name, cell in zip(names, row, strict=True):
            columns[name].append(_number(cell, f"{path}:{number + 1}"))
    del columns[EPOCH]
    return columns


def _number(cell: str, where: str) -> float:
    if not cell:
        return math.nan
    try:
        return float(cell)
    except ValueError as error:
        raise RunFolderError(f"is damaged: {cell[:40]!r} is not a number.", where=where) from error
