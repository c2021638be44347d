"""Reads the arrays of an `.npz` file as a dataset to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.arrays import Dataset, Samples
from dlrun.data.array_files import ArchiveFile, check_numbers, check_rows
from dlrun.data.classes import classes_of_text, match_names
from dlrun.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_dataset(path: Path, x: str, y: str, x_test: str | None, y_test: str | None) -> Dataset:
    """Reads training rows, and test rows where they are named.

    Args:
        path: The file.
        x: The name of the array of features.
        y: The name of the array of targets.
        x_test: The name of the features of test rows, or None.
        y_test: The name of their targets, or None.

    Returns:
        The dataset, with classes where the targets are text.

    Raises:
        ConfigError: Only one of `x_test` and `y_test` is given.
        DataError: An array is missing or malformed, or two do not have equally many rows.
    """
    if (x_test is None) != (y_test is None):
        given, other = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise ConfigError(Problem(f"dataset.{given}", f"{given} was given without {other}."))
    archive = ArchiveFile(path)
    features, targets = _read_pair(archive, x, y)
    class_names: tuple[str, ...] | None = None
    if targets.dtype.kind == "U":
        class_names, targets = classes_of_text(targets.tolist(), y)
    test = None
    if x_test is not None and y_test is not None:
        test_x, test_y = _read_pair(archive, x_test, y_test)
        where = f"{path}: array {y_test!r}"
        if test_x.shape[1:] != features.shape[1:]:
            raise DataError(
                f"the rows of {x_test!r} have shape {test_x.shape[1:]}, "
                f"those of {x!r} {features.shape[1:]}.",
                where=str(path),
            )
        if (test_y.dtype.kind == "U") != (class_names is not None):
            raise DataError(f"the array holds {test_y.dtype}, unlike {y!r}.", where=where)
        if class_names is not None:
            test_y = match_names(test_y.tolist(), class_names, where)
        test = Samples(test_x, test_y)
    return Dataset(
        Samples(features, targets),
        test,
        class_names=class_names,
        target_names=_target_names(y, targets),
    )


def _target_names(name: str, targets: NDArray[Any]) -> tuple[str, ...]:
    """One name per column of targets: `y_1`, `y_2`, ... where there are several."""
    if targets.ndim != 2 or targets.shape[1] == 1:  # noqa: PLR2004
        return (name,)
    return tuple(f"{name}_{number + 1}" for number in range(targets.shape[1]))


def _read_pair(archive: ArchiveFile, x: str, y: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features with at least one axis a row, and targets: `(rows,)` text or `(rows, ...)`."""
    where = f"{archive.path}: array {x!r}"
    features = archive.read(x)
    check_rows(features, where)
    numbers = check_numbers(features, where)
    targets, where = archive.read(y), f"{archive.path}: array {y!r}"
    check_rows(targets, where)
    if len(targets) != len(features):
        raise DataError(
            f"the array has {len(targets)} rows, but {x!r} has {len(features)}.", where=where
        )
    if numbers.ndim == 1:
        numbers = numbers.reshape(-1, 1)
    if targets.dtype.kind == "U":
        if targets.size != len(targets):
            raise DataError(f"the array has shape {targets.shape}; one class for each row was "
                            "expected.", where=where)  # fmt: skip
        return numbers, np.asarray(targets.reshape(-1))
    values = check_numbers(targets, where)
    return numbers, values.reshape(-1, 1) if values.ndim == 1 else values
