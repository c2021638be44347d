"""Reads `metrics.json` as numbers, and tells which numbers are the better ones."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from dlrun.rundir.files import read_json
from dlrun.rundir.names import METRICS, TEST, TRAIN, VALIDATION

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
