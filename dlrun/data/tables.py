"""Reads the cells of a CSV file as numbers, and the file as a dataset to train on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, Spec, StreamedArray
from dlrun.data.classes import TextClasses, is_single_one, match_values
from dlrun.data.csv import Chunk, CsvFile
from dlrun.data.csv_header import Choice, check_no_numbering, column_positions
from dlrun.data.headers import DELIMITERS
from dlrun.data.images import scale_pixels
from dlrun.data.rounding import WHOLE, exact_whole
from dlrun.data.streams import DiskRows, MemoryRows
from dlrun.errors import DataError
from dlrun.shapes.cells import (
    LARGEST,
    SMALLEST,
    is_name,
    is_number_like,
    number_fix,
    parse_number,
)
from dlrun.wording import count, list_classes, list_columns, list_names, quote


def read_dataset(file: CsvFile, choice: Choice, *, streamed: str | None = None) -> Dataset:
    """Read all rows of a file that was just opened; `streamed` says why they stay on the disk."""
    classes, weights = TextClasses(choice.target_names[0]), []
    exact: dict[int, int] = {}  # by row: whole numbers that float64 would merge
    rows = 0
    first: tuple[str, str] | None = None
    is_text = False
    collector = MemoryRows if streamed is None else DiskRows
    with collector() as features, collector() as values:
        for chunk in file.chunks(header=choice.header is True):
            if first is None:
                first = chunk.where(0), chunk.rows[0][choice.targets[0]].strip()
                is_text = len(choice.targets) == 1 and is_name(first[1])
            features.write(parse_numbers(chunk, choice.features, choice.feature_names))
            if choice.weight is not None:
                weights.append(parse_weights(chunk, *choice.weight))
            if is_text:
                classes.add(_read_labels(chunk, choice, first))
            else:
                numbers = parse_numbers(chunk, choice.targets, choice.target_names)
                if len(choice.targets) == 1 and streamed is None:
                    exact |= {
                        rows + row: exact_whole(chunk.rows[row][choice.targets[0]])
                        for row in np.flatnonzero(np.abs(numbers[:, 0]) > WHOLE).tolist()
                    }
                values.write(numbers)
            rows += len(chunk)
        x = features.array()  # (rows, columns), float64
        # Class numbers (rows,), int64, of text, else values (rows, targets), float64.
        class_names, y = classes.numbered() if is_text else (None, values.array())
    if exact and not isinstance(y, StreamedArray):
        y = y.astype(object)  # Python's numbers
        y[list(exact), 0] = list(exact.values())
    return Dataset(
        Samples(x, y, np.concatenate(weights) if weights else None),
        class_names=class_names,
        feature_names=choice.feature_names,
        target_names=choice.target_names,
        sample_weight=None if choice.weight is None else choice.weight[0],
        streamed=streamed,
    )


def _read_labels(chunk: Chunk, choice: Choice, first: tuple[str, str]) -> list[str]:
    """The classes of some rows; `first` is the place and the class of the first row of all."""
    position, name = choice.targets[0], choice.target_names[0]
    labels = [row[position].strip() for row in chunk.rows]
    for label in set(labels):
        if is_name(label):
            continue
        is_number = parse_number(label) is not None
        if is_number and number_fix(first[1]):
            raise _cell_error(first[1], name, first[0])  # the others are right
        what = "the cell is empty"
        if label:
            what = f"{quote(label)} is {'a number' if is_number else 'no value'}"
        raise DataError(
            f"column {quote(name)}: {what}, but the column begins with text; "
            "a target is all numbers or all text.",
            where=chunk.where(labels.index(label)),
            fix="Mend the cell, or leave the row out.",
        )
    return labels


def parse_numbers(
    chunk: Chunk, positions: Sequence[int], names: Sequence[str]
) -> NDArray[np.float64]:
    """Read some columns of a chunk, by position, as finite numbers: `(rows, columns)`, float64."""
    numbers = _parse_lines(chunk, positions)
    if numbers is not None:
        return numbers
    numbers = np.empty((len(chunk), len(positions)))
    for row, cells in enumerate(chunk.rows):
        for column, position in enumerate(positions):
            number = parse_number(cells[position])
            if number is None:
                raise _cell_error(cells[position], names[column], chunk.where(row))
            numbers[row, column] = number
    return numbers


def _cell_error(cell: str, column: str, where: str) -> DataError:
    """The error for a cell that is not a finite number."""
    text = cell.strip()
    fix = number_fix(text) or "Mend the cell, or leave the row out."
    if not text:
        what = "the cell is empty; a number was expected."
    elif is_number_like(text) and "_" not in text and text.isascii():
        what = f"{quote(text)} is not a finite number."
    else:
        what = f"{quote(text)} is not a number."
    return DataError(f"column {quote(column)}: {what}", where=where, fix=fix)


def _parse_lines(chunk: Chunk, positions: Sequence[int]) -> NDArray[np.float64] | None:
    """All cells at once, or None where some cell is quoted or needs a closer look."""
    if chunk.lines is None:
        return None
    try:
        numbers = np.loadtxt(
            chunk.lines,
            dtype=np.float64,
            comments=None,
            delimiter=chunk.delimiter,
            usecols=positions,
            ndmin=2,
        )
    except ValueError:
        return None
    # NumPy passes over lines that it takes for empty.
    return numbers if len(numbers) == len(chunk) and np.isfinite(numbers).all() else None


def parse_weights(chunk: Chunk, name: str, position: int) -> NDArray[np.float32]:
    """Read a column of row weights, `(rows,)`, none negative."""
    weights = parse_numbers(chunk, [position], [name])[:, 0]
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"column {quote(name)}: {quote(chunk.rows[row][position].strip())} is negative; "
            "a weight is 0 or more.",
            where=chunk.where(row),
        )
    with np.errstate(over="ignore", under="ignore"):
        rounded = weights.astype(np.float32)
    lost = np.flatnonzero(~np.isfinite(rounded) | ((rounded < SMALLEST) & (weights > 0)))
    if len(lost):
        row = int(lost[0])
        raise DataError(
            f"column {name!r}: {quote(chunk.rows[row][position].strip())} is beyond the range of "
            f"float32, in which a weight is 0 or from {SMALLEST:.2g} to {LARGEST:.2g}.",
            where=chunk.where(row),
            fix="Multiply all weights by one number: only their ratios count.",
        )
    return rounded


@dataclass(frozen=True)
class Columns:
    """Where everything stands in a file, in positions counted from 0."""

    features: list[int]  # in the order in which the network gets them
    targets: list[int]  # empty where the file has none, or they are not read
    weight: int | None
    unused: tuple[str, ...]  # the names of all other columns
    header: bool = False
    notes: tuple[str, ...] = ()


def match_columns(file: CsvFile, spec: Spec, *, with_target: bool) -> Columns:
    """Find a model's features and targets in a file, by name or, without a header, by place.

    What the config says of headers holds. Where it leaves that to the file, a first row with the
    names of all features is a header, and one with numbers for the features is data.
    """
    header = None if spec.table is None else spec.table.header
    has_names = spec.feature_names is not None
    if has_names and (header or {*_feature_names(spec)} <= {*file.first_row}):
        return _by_name(file, spec, with_target=with_target)
    places = _find_places(spec, len(file.first_row), with_target=with_target)
    if header is None:
        header = not _is_data(file.first_row, places, spec)
        if header and has_names:
            return _by_name(file, spec, with_target=with_target)
        if not header and places:
            check_no_numbering(file, _feature_names(spec))
    return _by_place(file, spec, places, header=header, with_target=with_target)


def read_csv_samples(file: CsvFile, columns: Columns, spec: Spec) -> Iterator[Samples]:
    """Read the rows of a file, chunk by chunk."""
    for chunk in file.chunks(header=columns.header):
        # (rows, *input_shape), float64, not yet scaled
        x: NDArray[Any] = parse_numbers(chunk, columns.features, _feature_names(spec))
        if spec.pixel_max is not None:
            x = scale_pixels(x, spec.pixel_max, chunk.where(0))
        x = x.reshape(len(x), *spec.input_shape)
        y = _read_targets(chunk, columns.targets, spec) if columns.targets else None
        weight = None
        if spec.sample_weight is not None and columns.weight is not None:
            weight = parse_weights(chunk, spec.sample_weight, columns.weight)
        yield Samples(x, y, weight)


def _by_name(file: CsvFile, spec: Spec, *, with_target: bool) -> Columns:
    header, names = file.first_row, _feature_names(spec)
    wanted = spec.target_names if with_target else ()
    features, missing = column_positions(header, names, where=file.where)
    targets, missing_targets = column_positions(header, wanted, where=file.where)
    missing += missing_targets
    if missing:
        raise DataError(
            f"missing {'column' if len(missing) == 1 else 'columns'} {list_columns(missing)}; "
            f"the file has {list_columns(header)}.",
            where=file.where,
            fix=_said_of_delimiter(file, spec) or file.one_column_fix,
        )
    weights = [spec.sample_weight] if with_target and spec.sample_weight in header else []
    positions, _ = column_positions(header, weights, where=file.where)
    known = {*names, *spec.target_names, spec.sample_weight}
    unused = tuple(column or f"column {place + 1}" for place, column in enumerate(header)
                   if column not in known)  # fmt: skip
    found = Columns(features, targets, positions[0] if positions else None, unused, header=True)
    return replace(found, notes=tuple(_notes(found, spec, with_target=with_target)))


def _by_place(
    file: CsvFile, spec: Spec, places: Sequence[Columns], *, header: bool, with_target: bool
) -> Columns:
    """The columns of the training data, or some of them, in their order."""
    if len(places) != 1:
        raise _misplaced(file, spec, places, with_target=with_target)
    (found,) = places
    notes = [] if header else ["no header: columns are taken in the order of the training data"]
    if found.targets:
        notes.append(_said_of_targets(found.targets, len(file.first_row), spec.target_names))
    notes += _notes(found, spec, with_target=with_target)
    if not with_target:
        found = replace(found, targets=[], weight=None)
    return replace(found, header=header, notes=tuple(notes))


def _notes(found: Columns, spec: Spec, *, with_target: bool) -> Iterator[str]:
    if found.unused:
        yield f"columns not used: {list_names(found.unused)}"
    if with_target and spec.sample_weight is not None and found.weight is None:
        yield f"no column {quote(spec.sample_weight)}: in the loss all rows count alike"


def _said_of_targets(targets: Sequence[int], width: int, names: Sequence[str]) -> str:
    listed = ", ".join(map(quote, names))
    if len(targets) > 1:
        places = ", ".join(str(place + 1) for place in targets)
        return f"columns {places} are taken as the targets {listed}"
    which = "the last column" if targets[0] == width - 1 else f"column {targets[0] + 1}"
    return f"{which} is taken as the target {listed}"


def _is_data(cells: Sequence[str], places: Sequence[Columns], spec: Spec) -> bool:
    """Whether a first row is data: numbers wherever the features may be.

    Without names to look for, a row with any number at all is data; what is wrong with it is told
    when it is read.
    """
    numbers = [parse_number(cell) is not None for cell in cells]
    if spec.feature_names is None:
        return any(numbers)
    return all(numbers) or any(all(numbers[one] for one in place.features) for place in places)


def _read_targets(chunk: Chunk, targets: list[int], spec: Spec) -> NDArray[Any]:
    if spec.class_names is None:
        return parse_numbers(chunk, targets, spec.target_names)
    if len(targets) > 1:
        return _read_one_hot(chunk, targets, spec)
    labels: list[Any]
    known: tuple[Any, ...]
    if spec.class_values is None:
        labels, known = [row[targets[0]].strip() for row in chunk.rows], spec.class_names
    else:
        values = parse_numbers(chunk, targets, spec.target_names)
        labels, known = values[:, 0].tolist(), spec.class_values
    numbers = {label: number for number, label in enumerate(known)}
    unseen = set(labels) - set(numbers)
    if unseen:
        row = next(index for index, label in enumerate(labels) if label in unseen)
        column, cell = quote(spec.target_names[0]), quote(chunk.rows[row][targets[0]].strip())
        raise DataError(
            f"column {column}: {cell} is none of the classes of the training data "
            f"({list_classes(spec.class_names)}).",
            where=chunk.where(row),
        )
    return np.fromiter(map(numbers.__getitem__, labels), np.int64, len(labels))


def _read_one_hot(chunk: Chunk, targets: list[int], spec: Spec) -> NDArray[np.int64]:
    """The position of the one in each row; where classes have numbers, the class of that number."""
    values = parse_numbers(chunk, targets, spec.target_names)  # (rows, classes)
    wrong = np.flatnonzero(~is_single_one(values))
    if len(wrong):
        shown = ", ".join(f"{value:g}" for value in values[wrong[0]].tolist())
        raise DataError(
            f"columns {list_columns(spec.target_names)}: {shown} is no class; a single 1 among "
            "zeros was expected.",
            where=chunk.where(int(wrong[0])),
        )
    positions: NDArray[np.int64] = values.argmax(axis=1).astype(np.int64)
    if spec.class_values is None:
        return positions
    return match_values(positions, np.array(spec.class_values), str(chunk.path))


def _feature_names(spec: Spec) -> tuple[str, ...]:
    """The names of the features; `column 1`, ... where they have none."""
    numbered = range(1, math.prod(spec.input_shape) + 1)
    return spec.feature_names or tuple(f"column {number}" for number in numbered)


def _find_places(spec: Spec, width: int, *, with_target: bool) -> list[Columns]:
    """Every way in which a file of some width can have the form of the training data.

    It has the same columns; or it lacks the targets, or the weight, or both; or it has the features
    alone, in the order in which the network gets them. Data without a table of their own, such as
    images, count as one with the features first and then the targets. Ways read different columns;
    there are none where the width does not fit.
    """
    names, targets = _feature_names(spec), spec.target_names
    columns = (*names, *targets) if spec.table is None else spec.table.columns
    weights = () if spec.sample_weight is None else (spec.sample_weight,)
    orders: list[Sequence[str]] = [] if with_target else [names]
    if columns is not None:
        absent: list[tuple[str, ...]] = [(), weights]
        absent += [] if with_target else [targets, (*targets, *weights)]
        orders += [[column for column in columns if column not in one] for one in absent]
    ways: dict[tuple[object, ...], Columns] = {}
    for order in orders:
        if len(order) != width:
            continue
        position = {column: place for place, column in reversed([*enumerate(order)])}
        place = Columns(
            [position[name] for name in names],
            [position[name] for name in targets if name in position],
            next((position[name] for name in weights if name in position), None),
            tuple(column for column in order if column not in {*names, *targets, *weights}),
        )
        read: tuple[object, ...] = tuple(place.features)
        ways.setdefault((read, tuple(place.targets), place.weight) if with_target else read, place)
    return list(ways.values())


def _misplaced(
    file: CsvFile, spec: Spec, places: Sequence[Columns], *, with_target: bool
) -> DataError:
    """The error for a file whose width fits in no way, or in several that differ."""
    width, names = len(file.first_row), _feature_names(spec)
    where, has, form = file.where, count(width, "column"), spec.table
    write_names = f"Write their names into a first row; the features are {list_columns(names)}."
    if places:
        orders = []
        for place in places:
            name_of = dict(zip(place.features, names, strict=True))
            orders.append(", ".join(name_of.get(one, "another") for one in range(width)))
        what = f"the file has {has} without names; they could be {' or '.join(orders)}."
        return DataError(what, where=where, fix=write_names)
    if form is None:
        expected = f"{len(names)} of the features"
        if with_target:
            expected += f" and {len(spec.target_names)} of the target"
        what = f"the file has {has}; {expected} were expected."
        return DataError(what, where=where, fix=file.one_column_fix)
    if form.columns is None:
        expected = "the run did not keep the order of its training data's columns"
    else:
        expected = f"the {len(form.columns)} of the training data "
        expected += "" if with_target else "(or these without the target) "
        expected += f"were expected: {list_columns(form.columns)}"
    fix = _said_of_delimiter(file, spec) or file.one_column_fix or write_names
    return DataError(f"the file has {has} without names; {expected}.", where=where, fix=fix)


def _said_of_delimiter(file: CsvFile, spec: Spec) -> str | None:
    """What the config says of the delimiter, where that may be why columns are missing."""
    if spec.table is None or spec.table.delimiter is None:
        return None
    if not any(one in cell for cell in file.first_row for one in DELIMITERS):
        return None
    word = DELIMITERS[spec.table.delimiter]
    return f"The columns are separated by {word}: so says `dataset.delimiter` of the run."
