"""Matches the arrays of `.npz` and `.npy` files to what a model was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, ArrayForm, Dataset, Samples, Spec, StreamedArray, View
from dlrun.data.archives import (
    ArchiveFile,
    ArrayFiles,
    check_numbers,
    check_rows,
    open_arrays,
    read_npy,
)
from dlrun.data.classes import TextClasses, match_names, match_values, see
from dlrun.data.images import scale_pixels
from dlrun.data.rounding import merges_wholes
from dlrun.data.streaming import reason_to_stream
from dlrun.data.streams import ENTRIES_PER_CHUNK, chunks
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.shapes.input_readers import side_by_side
from dlrun.wording import count, list_names


def read_array_samples(
    path: Path, spec: Spec, *, with_target: bool
) -> tuple[tuple[str, ...], Iterator[Samples]]:
    """Read the rows of an `.npz` or `.npy` file, chunk by chunk, and what the user should know."""
    notes: tuple[str, ...] = ()
    y: NDArray[Any] | None = None
    if path.suffix == ".npy":
        x, where = read_npy(path), str(path)
        if spec.views:
            expected = list_names([view.name for view in spec.views])
            what = f"a .npy file has one array; {expected} were expected."
            raise DataError(what, where=where)
        if with_target:
            what = "a .npy file has no targets; a .npz file with x and y was expected."
            raise DataError(what, where=where)
    else:
        archive = ArchiveFile(path)
        form = spec.form if isinstance(spec.form, ArrayForm) else ArrayForm("x", "y")
        names = form.xs
        if len(archive.names) == len(names) == 1 and archive.names[0] != form.y:
            names = archive.names  # The targets alone would be no features.
        _check_arrays(archive, [*names, form.y] if with_target else names, spec)
        extra = [other for other in archive.names if other not in (*names, form.y)]
        if extra:
            notes = (f"arrays not used: {list_names(extra)}",)
        if spec.views:
            x, where = _read_side_by_side(archive, spec), str(path)
        else:
            x, where = archive.read(names[0]), f"{path}: array {names[0]!r}"
        if with_target:
            y = _read_targets(archive, form.y, len(x) if x.ndim else 0, spec)
    check_rows(x, where)
    _check_shape(x, spec.input_shape, where)
    return notes, _chunks(x, y, spec, where)


def _read_side_by_side(archive: ArchiveFile, spec: Spec) -> NDArray[Any]:
    """Read arrays that stand side by side in a row, `(rows, entries)`."""
    arrays: list[NDArray[Any]] = []
    for view in spec.views:
        array, where = archive.read(view.name), f"{archive.path}: array {view.name!r}"
        check_rows(array, where)
        _check_shape(array, view.sample, where)
        if arrays and len(array) != len(arrays[0]):
            what = f"the array has {count(len(array), 'row')}, but {spec.views[0].name!r} has "
            raise DataError(f"{what}{len(arrays[0])}.", where=where)
        arrays.append(check_numbers(array, where).reshape(len(array), -1))
    return np.concatenate(arrays, axis=1)


def _check_arrays(archive: ArchiveFile, names: Sequence[str], spec: Spec) -> None:
    """Tell where the names come from, if the config of the run has chosen them."""
    missing = [name for name in names if name not in archive.names]
    if missing and isinstance(spec.form, ArrayForm):
        raise DataError(
            f"there is no array {missing[0]!r}; the file has {', '.join(archive.names) or 'none'}.",
            where=str(archive.path),
            fix=f"The run was trained on the arrays {list_names([*map(repr, spec.form.xs)])} and "
            f"{spec.form.y!r}: give them these names.",
        )


def _chunks(x: NDArray[Any], y: NDArray[Any] | None, spec: Spec, where: str) -> Iterator[Samples]:
    step = 2 ** int(math.log2(max(1, ENTRIES_PER_CHUNK // math.prod(spec.input_shape))))
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        floats = check_numbers(np.asarray(rows), where)
        if spec.pixel_max is not None and rows.dtype.kind in "iu":
            floats = scale_pixels(rows, spec.pixel_max, where)
        elif spec.pixel_max is not None and ((floats < 0) | (floats > 1)).any():
            raise DataError(
                "the pixels are fractions beyond 0 to 1; fractions from 0 to 1 or whole numbers "
                f"from 0 to {spec.pixel_max:g} (an integer dtype) were expected.",
                where=where,
            )
        labels = None if y is None else y[start : start + step]  # class numbers or values
        yield Samples(floats.reshape(len(rows), *spec.input_shape), labels)


def _check_shape(x: NDArray[Any], expected: tuple[int, ...], where: str) -> None:
    """Let through what differs from the model's input by axes of size 1, or by flattening."""
    received = x.shape[1:]
    if _without_ones(received) == _without_ones(expected):
        return
    two_axes = len(_without_ones(received)) <= 2  # noqa: PLR2004
    if len(expected) == 1 and two_axes and (math.prod(received),) == expected:
        return
    one_sample = _without_ones(x.shape) == _without_ones(expected)
    what = f"the array has shape {x.shape}; {('rows', *expected)} was expected.".replace("'", "")
    fix = "For a single row, add a first axis: `x[None]`." if one_sample else None
    raise DataError(what, where=where, fix=fix)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _read_targets(archive: ArchiveFile, name: str, rows: int, spec: Spec) -> NDArray[Any]:
    y, where = archive.read(name), f"{archive.path}: array {name!r}"
    if y.ndim == 0 or len(y) != rows:
        what = f"the array has shape {y.shape}, but x has {count(rows, 'row')}."
        raise DataError(what, where=where)
    if y.dtype.kind == "U" and spec.class_names is not None and spec.class_values is None:
        return match_names(y.reshape(rows).tolist(), spec.class_names, where)
    values: NDArray[Any] = check_numbers(y, where)
    if spec.class_names is None:
        _check_target_count(values, spec, where)
        return values
    numbered = spec.class_values is not None or len(spec.target_names) > 1
    by_class = numbered and values.shape == (rows, len(spec.class_names))
    if by_class and see(values).labels == "one_hot":
        return np.asarray(values.argmax(axis=1))
    if spec.class_values is None and y.dtype.kind in "iu" and y.size == rows:
        labels = list(map(str, y.reshape(rows).tolist()))
        # Whole numbers that are names, because float64 would merge them: see `as_classes`.
        if set(labels) & set(spec.class_names):
            return match_names(labels, spec.class_names, where)
    if spec.class_values is None:
        what = f"the array holds {y.dtype}; the names of the classes were expected."
        raise DataError(what, where=where)
    if values.size != rows:
        what = f"the array has shape {y.shape}; one class for each row was expected."
        raise DataError(what, where=where)
    return match_values(values.reshape(rows), np.array(spec.class_values), where)


def _check_target_count(values: NDArray[Any], spec: Spec, where: str) -> None:
    columns = values.shape[1] if values.ndim > 1 else 1
    if values.ndim <= 2 and columns != len(spec.target_names):  # noqa: PLR2004
        expected = len(spec.target_names)
        what = f"the array has {columns} targets for each row; {expected} were expected."
        raise DataError(what, where=where)


SMALLEST_SIDE: Final = 8  # what has fewer entries along an axis is no image


Names: TypeAlias = str | tuple[str, ...]
"""The name of an array of features, or of several that stand side by side."""


def read_dataset(
    path: Path | Sequence[Path], x: Names, y: str, x_test: Names | None, y_test: str | None
) -> Dataset:
    """Read training rows, and test rows where they are named; text makes classes.

    `path` is an `.npz` file, or a list of `.npy` files.
    """
    if (x_test is None) != (y_test is None):
        given, other = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise ConfigError(Problem(f"dataset.{given}", f"{given} was given without {other}."))
    names = [*_several(x), y, *_several(x_test), *_several(y_test)]
    if len(set(names[: len(_several(x))])) < len(_several(x)) or not x:
        raise ConfigError(Problem("dataset.x", "Expected names that differ, one at least."))
    archive = open_arrays(path)
    called = archive.path if isinstance(archive, ArchiveFile) else "what the .npy files hold"
    streamed = reason_to_stream(called, archive.size(names))
    source = _Source(archive, is_streamed=streamed is not None)
    features, views, image_shape = _read_features(source, x)
    targets = _read_labels(source, y, len(features), of=x)
    class_names: tuple[str, ...] | None = None
    if targets.dtype.kind == "U":
        classes = TextClasses(y)
        for chunk in chunks(targets):
            classes.add(chunk.reshape(-1).tolist())
        class_names, targets = classes.numbered()
    test = None
    if x_test is not None and y_test is not None:
        test_x, test_views, _ = _read_features(source, x_test)
        test_y = _read_labels(source, y_test, len(test_x), of=x_test)
        where = archive.where(y_test)
        shapes = [[view.sample for view in each] for each in (test_views, views)]
        if shapes[0] != shapes[1] or test_x.shape[1:] != features.shape[1:]:
            one, other = map(str, shapes if views else (test_x.shape[1:], features.shape[1:]))
            told = f"{one}, those of {x!r} {other}"
            raise DataError(f"the rows of {x_test!r} have shape {told}.", where=str(archive.path))
        if (test_y.dtype.kind == "U") != (class_names is not None):
            raise DataError(f"the array holds {test_y.dtype}, unlike {y!r}.", where=where)
        if class_names is not None:
            texts = (text for chunk in chunks(test_y) for text in chunk.reshape(-1).tolist())
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
        views=views,
    )


def _target_names(name: str, targets: Array) -> tuple[str, ...]:
    """One name per column of targets: `y_1`, `y_2`, ... where there are several."""
    if targets.ndim != 2 or targets.shape[1] == 1:  # noqa: PLR2004
        return (name,)
    return tuple(f"{name}_{number + 1}" for number in range(targets.shape[1]))


class _Source(NamedTuple):
    """Where arrays are read from, and how."""

    archive: ArchiveFile | ArrayFiles
    is_streamed: bool

    def read(self, name: str) -> Array:
        """Read an array, or open it."""
        return self.archive.stream(name) if self.is_streamed else self.archive.read(name)


def _read_features(
    source: _Source, names: Names
) -> tuple[Array, tuple[View, ...], tuple[int, ...] | None]:
    """Read features; where several stand in the rows, where each; and the shape of an image."""
    arrays: dict[str, Array] = {}
    image_shape = None
    for name in _several(names):
        array = source.read(name)
        where = source.archive.where(name)
        check_rows(array, where)
        arrays[name] = _as_columns(check_numbers(array, where))
        image_shape = _image_shape(array)
        first, *_ = arrays
        if len(array) != len(arrays[first]):
            what = (
                f"the array has {count(len(array), 'row')}, but {first!r} has {len(arrays[first])}."
            )
            raise DataError(what, where=where)
    if isinstance(names, str):
        return arrays[names], (), image_shape
    views = side_by_side({name: array.shape[1:] for name, array in arrays.items()})
    joined = Joined([*arrays.values()])
    is_streamed = any(isinstance(array, StreamedArray) for array in arrays.values())
    return StreamedArray(joined) if is_streamed else joined[:], views, None


class Joined:
    """Arrays side by side: rows of all their entries, `(rows, entries)`."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._arrays = arrays

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._arrays[0])

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Take rows of all arrays."""
        taken = [array[rows] for array in self._arrays]
        return np.concatenate([part.reshape(len(part), -1) for part in taken], axis=1)


def _read_labels(source: _Source, name: str, rows: int, *, of: Names) -> Array:
    """Read targets, `(rows,)` texts or `(rows, ...)` numbers."""
    targets, where = source.read(name), source.archive.where(name)
    check_rows(targets, where)
    if len(targets) != rows:
        what = f"the array has {count(len(targets), 'row')}, but {_several(of)[0]!r} has {rows}."
        raise DataError(what, where=where)
    if targets.dtype.kind == "U":
        if math.prod(targets.shape) != len(targets):
            what = f"the array has shape {targets.shape}; one class for each row was expected."
            raise DataError(what, where=where)
        return targets
    values = check_numbers(targets, where)  # (rows, ...)
    if targets.dtype.kind in "iu" and merges_wholes(targets):
        values = targets
    return _as_columns(values)


def _several(names: Names | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else names


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
