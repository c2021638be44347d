"""Arrays of one's own from a NumPy `.npz` file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.arrays import ArrayForm
from dlrun.data.npz_dataset import read_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.arrays import Dataset, Spec


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    x: str = "x",
    y: str = "y",
    x_test: str | None = None,
    y_test: str | None = None,
) -> Dataset:
    """The rows of two arrays, in their order; nothing is scaled.

    Targets of text hold classes, numbered in the order of their sorted names. Targets of numbers
    hold values, which become classes if the loss asks for classes.

    Args:
        seed: Not used.
        path: The file; arrays of Python objects are refused.
        x: The name of the array of features, `(rows, ...)`.
        y: The name of the array of targets, `(rows,)` or `(rows, targets)`; or `(rows, ...,
            classes)`, one-hot, for a class at every position.
        x_test: The name of the features of test rows, or null.
        y_test: The name of their targets; with `x_test`.

    Returns:
        `x`, `(rows, ...)`, float32 or float64; `y`, class numbers `(rows,)` or values
        `(rows, targets)`.

    Raises:
        DataError: The file or an array is missing or malformed.
    """
    return read_dataset(Path(path), x, y, x_test, y_test)


def recall_form(arguments: Mapping[str, Any], spec: Spec) -> Spec:
    """Complete the spec of an older run, which did not keep the names of its arrays."""
    return replace(spec, form=ArrayForm(str(arguments["x"]), str(arguments["y"])))
