"""Matches the columns of a CSV file to what a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.arrays import Samples, TableForm
from dlrun.data.classes import is_single_one, match_values
from dlrun.data.csv_columns import column_positions
from dlrun.data.csv_header import check_no_numbering
from dlrun.data.csv_numbers import parse_numbers, parse_weights
from dlrun.data.csv_places import feature_names, find_places, misplaced, said_of_delimiter
from dlrun.data.pixels import scale_pixels
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.wording import list_classes, list_columns, list_names, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dlrun.arrays import Spec
    from dlrun.data.csv import CsvFile, Piece
    from dlrun.data.csv_places import Places


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

    What the config says of headers holds. Where it leaves that to the file, a first row with the
    names of all features is a header, and one with numbers for the features is data.

    Args:
        file: Just opened.
        spec: What the model was trained on.
        with_target: Whether the targets are wanted.

    Returns:
        Their positions.

    Raises:
        DataError: A column is missing or stands there twice, or the places cannot be told.
    """
    form = spec.form if isinstance(spec.form, TableForm) else None
    header = None if form is None else form.header
    names = feature_names(spec)
    is_named = spec.feature_names is not None and set(names) <= set(file.first_row)
    if is_named or (header and spec.feature_names is not None):
        return _by_name(file, spec, names, with_target=with_target)
    places = find_places(spec, len(file.first_row), with_target=with_target)
    if header is None:
        header = not _is_data(file.first_row, places, spec)
        if header and spec.feature_names is not None:
            return _by_name(file, spec, names, with_target=with_target)
        if not header and places:
            check_no_numbering(file, names)
    return _by_place(file, spec, places, header=header, with_target=with_target)


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
        raise _missing(missing, file, spec)
    weight: tuple[str, int] | None = None
    if with_target and spec.sample_weight in header:
        (position,), _ = column_positions(header, [spec.sample_weight], where=where)
        weight = (spec.sample_weight, position)
    known = {*names, *spec.target_names, spec.sample_weight}
    extra = [column or f"column {place + 1}" for place, column in enumerate(header)
             if column not in known]  # fmt: skip
    notes = [f"columns not used: {list_names(extra)}"] if extra else []
    notes += _said_of_weights(spec, weight, with_target=with_target)
    return Columns(True, names, features, targets, weight, tuple(notes))


def _by_place(
    file: CsvFile, spec: Spec, places: Sequence[Places], *, header: bool, with_target: bool
) -> Columns:
    """The columns of the training data, or some of them, in their order."""
    if len(places) != 1:
        raise misplaced(file, spec, places, with_target=with_target)
    (place,) = places
    notes = [] if header else ["no header: columns are taken in the order of the training data"]
    if place.targets:
        notes.append(_said_of_targets(place.targets, len(file.first_row), spec.target_names))
    if place.unused:
        notes.append(f"columns not used: {list_names(place.unused)}")
    weight: tuple[str, int] | None = None
    if with_target and spec.sample_weight is not None and place.weight is not None:
        weight = (spec.sample_weight, place.weight)
    notes += _said_of_weights(spec, weight, with_target=with_target)
    targets = place.targets if with_target else []
    return Columns(header, feature_names(spec), place.features, targets, weight, tuple(notes))


def _said_of_weights(spec: Spec, weight: tuple[str, int] | None, *, with_target: bool) -> list[str]:
    if not with_target or spec.sample_weight is None or weight is not None:
        return []
    return [f"no column {quote(spec.sample_weight)}: in the loss all rows count alike"]


def _said_of_targets(targets: Sequence[int], width: int, names: Sequence[str]) -> str:
    listed = ", ".join(map(quote, names))
    if len(targets) > 1:
        places = ", ".join(str(place + 1) for place in targets)
        return f"columns {places} are taken as the targets {listed}"
    which = "the last column" if targets[0] == width - 1 else f"column {targets[0] + 1}"
    return f"{which} is taken as the target {listed}"


def _is_data(cells: Sequence[str], places: Sequence[Places], spec: Spec) -> bool:
    """Whether a first row is data: numbers wherever the features may be.

    Without names to look for, a row with any number at all is data; what is wrong with it is told
    when it is read.
    """
    numbers = [parse_number(cell) is not None for cell in cells]
    if spec.feature_names is None:
        return any(numbers)
    return all(numbers) or any(all(numbers[one] for one in place.features) for place in places)


def _read_targets(piece: Piece, targets: list[int], spec: Spec, file: CsvFile) -> NDArray[Any]:
    if spec.class_names is None:
        return parse_numbers(piece, targets, spec.target_names, file.path)
    if len(targets) > 1:
        return _read_one_hot(piece, targets, spec, file)
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


def _read_one_hot(piece: Piece, targets: list[int], spec: Spec, file: CsvFile) -> NDArray[np.int64]:
    """The position of the one in each row; where classes have numbers, the class of that number."""
    values = parse_numbers(piece, targets, spec.target_names, file.path)
    wrong = np.flatnonzero(~is_single_one(values))
    if len(wrong):
        shown = ", ".join(f"{value:g}" for value in values[wrong[0]].tolist())
        raise DataError(
            f"columns {list_columns(spec.target_names)}: {shown} is no class; a single 1 among "
            "zeros was expected.",
            where=f"{file.path}:{piece.numbers[wrong[0]]}",
        )
    positions: NDArray[np.int64] = values.argmax(axis=1).astype(np.int64)
    if spec.class_values is None:
        return positions
    return match_values(positions, np.array(spec.class_values), str(file.path))


def _missing(missing: list[str], file: CsvFile, spec: Spec) -> DataError:
    return DataError(
        f"missing {'column' if len(missing) == 1 else 'columns'} {list_columns(missing)}; "
        f"the file has {list_columns(file.first_row)}.",
        where=f"{file.path}:{file.first_number}",
        fix=said_of_delimiter(file, spec) or file.one_column_fix,
    )
