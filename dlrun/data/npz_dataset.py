"""Reads the arrays of an `.npz` file as a dataset to train on."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, ArrayForm, Dataset, Samples, StreamedArray
from dlrun.data.array_files import ArchiveFile, check_numbers, check_rows
from dlrun.data.classes import TextClasses, match_names
from dlrun.data.memory import reason_to_stream
from dlrun.data.pieces import pieces
from dlrun.data.rounding import merges_wholes
from dlrun.errors import ConfigError, DataError, Problem

SMALLEST_SIDE: Final = 8  # what has fewer entries along an axis is no image


def read_dataset(path: Path, x: str, y: str, x_test: str | None, y_test: str | None) -> Dataset:
    """Read training rows, and test rows where they are named; text makes classes."""
    if (x_test is None) != (y_test is None):
        given, other = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise ConfigError(Problem(f"dataset.{given}", f"{given} was given without {other}."))
    archive = ArchiveFile(path)
    names = [name for name in (x, y, x_test, y_test) if name is not None]
    streamed = reason_to_stream(path, archive.size(names))
    read = archive.read if streamed is None else archive.stream
    features, targets, image_shape = _read_pair(path, read, x, y)
    class_names: tuple[str, ...] | None = None
    if targets.dtype.kind == "U":
        classes = TextClasses(y)
        for piece in pieces(targets):
            classes.add(piece.reshape(-1).tolist())
        class_names, targets = classes.numbered()
    test = None
    if x_test is not None and y_test is not None:
        test_x, test_y, _ = _read_pair(path, read, x_test, y_test)
        where = f"{path}: array {y_test!r}"
        if test_x.shape[1:] != features.shape[1:]:
            shapes = f"{test_x.shape[1:]}, those of {x!r} {features.shape[1:]}"
            raise DataError(f"the rows of {x_test!r} have shape {shapes}.", where=str(path))
        if (test_y.dtype.kind == "U") != (class_names is not None):
            raise DataError(f"the array holds {test_y.dtype}, unlike {y!r}.", where=where)
        if class_names is not None:
            texts = (text for piece in pieces(test_y) for text in piece.reshape(-1).tolist())
            test_y = match_names(texts, class_names, where)
        test = Samples(test_x, test_y)
    return Dataset(
        Samples(features, targets),
        test,
        class_names=class_names,
        target_names=_target_names(y, targets),
        form=ArrayForm(x, y),
        image_shape=image_shape,
        streamed=streamed,
    )


def _target_names(name: str, targets: Array) -> tuple[str, ...]:
    """One name per column of targets: `y_1`, `y_2`, ... where there are several."""
    if targets.ndim != 2 or targets.shape[1] == 1:  # noqa: PLR2004
        return (name,)
    return tuple(f"{name}_{number + 1}" for number in range(targets.shape[1]))


def _read_pair(
    path: Path, read: Callable[[str], Array], x: str, y: str
) -> tuple[Array, Array, tuple[int, ...] | None]:
    """Read features and targets, and tell the shape of an image where the features are some."""
    where = f"{path}: array {x!r}"
    features = read(x)
    check_rows(features, where)
    numbers = check_numbers(features, where)
    targets, where = read(y), f"{path}: array {y!r}"
    check_rows(targets, where)
    if len(targets) != len(features):
        what = f"the array has {len(targets)} rows, but {x!r} has {len(features)}."
        raise DataError(what, where=where)
    if targets.dtype.kind == "U":
        if math.prod(targets.shape) != len(targets):
            what = f"the array has shape {targets.shape}; one class for each row was expected."
            raise DataError(what, where=where)
        return _as_columns(numbers), targets, _image_shape(features)
    values = check_numbers(targets, where)  # (rows, ...)
    if targets.dtype.kind in "iu" and merges_wholes(targets):
        values = targets
    return _as_columns(numbers), _as_columns(values), _image_shape(features)


def _image_shape(features: Array) -> tuple[int, ...] | None:
    """`(height, width, 1)` of bytes in two axes, which are grey pixels and no series; else None."""
    shape = features.shape[1:]
    is_grey = features.dtype == np.uint8 and len(shape) == 2 and min(shape) >= SMALLEST_SIDE  # noqa: PLR2004
    return (*shape, 1) if is_grey else None


def _as_columns(array: Array) -> Array:
    if array.ndim > 1:
        return array
    return array.changed(_column) if isinstance(array, StreamedArray) else _column(array)


def _column(rows: NDArray[Any]) -> NDArray[Any]:
    return rows.reshape(-1, 1)
