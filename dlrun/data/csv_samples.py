"""Matches the columns of a CSV file to what a model was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.arrays import Samples
from dlrun.data.csv_columns import column_positions
from dlrun.data.csv_numbers import parse_number, parse_numbers, parse_weights
from dlrun.data.pixels import scale_pixels
from dlrun.data.wording import count, list_classes, list_columns, list_names
from dlrun.errors import DataError, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dlrun.arrays import Spec
    from dlrun.data.csv import CsvFile, Piece


@dataclass(frozen=True)
class Columns:
    """Where in a file the features and the targets stand.

    Attributes:
        header: Whether the first row holds names.
        feature_names: The names of the features, for messages.
        features: Their positions, counted from 0.
        targets: The positions of the targets; empty where they are not read.
        weight: The name and the position of the column of row weights, or None.
        notes: What the user should know about the choice.
    """

    header: bool
    feature_names: tuple[str, ...]
    features: list[int]
    targets: list[int]
    weight: tuple[str, int] | None
    notes: tuple[str, ...]


def match_columns(file: CsvFile, spec: Spec, *, with_target: bool) -> Columns:
    """Finds a model's features and targets in a file, by name or, without a header, by place.

    Args:
        file: Just opened.
        spec: What the model was trained on.
        with_target: Whether the targets are wanted.

    Returns:
        Their positions.

    Raises:
        DataError: A column is missing or stands there twice.
    """
    entries = math.prod(spec.input_shape)
    names = spec.feature_names or tuple(f"column {number + 1}" for number in range(entries))
    if spec.feature_names is not None and set(names) <= set(file.first_row):
        return _by_name(file, spec, names, with_target=with_target)
    header = not _is_data(file.first_row, entries, len(spec.target_names))
    if header and spec.feature_names is not None:
        return _by_name(file, spec, names, with_target=with_target)
    return _by_place(file, spec, names, header=header, with_target=with_target)


def read_csv_samples(file: CsvFile, columns: Columns, spec: Spec) -> Iterator[Samples]:
    """Reads the rows of a file, piece by piece.

    Args:
        file: The file.
        columns: Where the features and the targets stand.
        spec: What the model was trained on.

    Returns:
        Pieces with `x`, `(rows, *input_shape)`, float64, not yet scaled; `y`: class numbers,
        values, or None; and the row weights, where the file has them.

    Raises:
        DataError: A cell is not a number, or a class was never seen; names file, line and column.
    """
    for piece in file.pieces(header=columns.header):
        x: NDArray[Any] = parse_numbers(piece, columns.features, columns.feature_names, file.path)
        if spec.pixel_max is not None:
            x = scale_pixels(x, spec.pixel_max, f"{file.path}:{piece.numbers[0]}")
        x = x.reshape(len(x), *spec.input_shape)
        y = _read_targets(piece, columns.targets, spec, file) if columns.targets else None
        weight = (
            None if columns.weight is None else parse_weights(piece, *columns.weight, file.path)
        )
        yield Samples(x, y, weight)


def _by_name(file: CsvFile, spec: Spec, names: tuple[str, ...], *, with_target: bool) -> Columns:
    header, where = file.first_row, f"{file.path}:{file.first_number}"
    features, missing = column_positions(header, names, where=where)
    targets: list[int] = []
    if with_target:
        targets, missing_targets = column_positions(header, spec.target_names, where=where)
        missing = missing + missing_targets
    if missing:
        raise _missing(missing, file, where)
    weight: tuple[str, int] | None = None
    if with_target and spec.sample_weight in header:
        (position,), _ = column_positions(header, [spec.sample_weight], where=where)
        weight = (spec.sample_weight, position)
    known = {*names, *spec.target_names, spec.sample_weight}
    extra = [column or f"column {place + 1}" for place, column in enumerate(header)
             if column not in known]  # fmt: skip
    notes = (f"columns not used: {list_names(extra)}",) if extra else ()
    return Columns(True, names, features, targets, weight, notes)


def _by_place(
    file: CsvFile, spec: Spec, names: tuple[str, ...], *, header: bool, with_target: bool
) -> Columns:
    """Features first, then the targets: for files without names and models without names."""
    width, entries = len(file.first_row), len(names)
    has_targets = width == entries + len(spec.target_names)
    wanted = entries + len(spec.target_names) if with_target else entries
    if width != wanted and not (has_targets and not with_target):
        expected = f"{entries} of the features"
        if with_target:
            expected += f" and {len(spec.target_names)} of the target"
        raise DataError(
            f"the file has {count(width, 'column')}; {expected} were expected.",
            where=f"{file.path}:{file.first_number}",
            fix=file.one_column_fix,
        )
    notes = []
    if not header:
        notes.append("no header: columns are taken in the order of the training data")
    if has_targets:
        notes.append(f"the last column is taken as the target {quote(spec.target_names[-1])}")
    targets = list(range(entries, width)) if with_target else []
    return Columns(header, names, list(range(entries)), targets, None, tuple(notes))


def _is_data(cells: Sequence[str], entries: int, targets: int) -> bool:
    """Whether a first row is data: all numbers, or numbers and then a target of text."""
    leading = cells[:entries] if len(cells) == entries + targets else cells
    return all(parse_number(cell) is not None for cell in leading)


def _read_targets(piece: Piece, targets: list[int], spec: Spec, file: CsvFile) -> NDArray[Any]:
    if spec.class_names is None:
        return parse_numbers(piece, targets, spec.target_names, file.path)
    labels: list[Any]
    known: tuple[Any, ...]
    if spec.class_values is None:
        labels, known = [row[targets[0]].strip() for row in piece.rows], spec.class_names
    else:
        values = parse_numbers(piece, targets, spec.target_names, file.path)
        labels, known = values[:, 0].tolist(), spec.class_values
    numbers = {label: number for number, label in enumerate(known)}
    unseen = set(labels) - set(numbers)
    if unseen:
        row = next(index for index, label in enumerate(labels) if label in unseen)
        column, cell = quote(spec.target_names[0]), quote(piece.rows[row][targets[0]].strip())
        raise DataError(
            f"column {column}: {cell} is none of the classes of the training data "
            f"({list_classes(spec.class_names)}).",
            where=f"{file.path}:{piece.numbers[row]}",
        )
    return np.fromiter(map(numbers.__getitem__, labels), np.int64, len(labels))


def _missing(missing: list[str], file: CsvFile, where: str) -> DataError:
    return DataError(
        f"missing {'column' if len(missing) == 1 else 'columns'} {list_columns(missing)}; "
        f"the file has {list_columns(file.first_row)}.",
        where=where,
        fix=file.one_column_fix,
    )
