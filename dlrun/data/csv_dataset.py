"""Reads the cells of a CSV file as numbers, and the file as a dataset to train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, StreamedArray
from dlrun.data.classes import TextClasses
from dlrun.data.csv import CsvFile, Piece
from dlrun.data.csv_header import Choice
from dlrun.data.rounding import WHOLE, exact_whole
from dlrun.data.spool import Pile, Spool
from dlrun.errors import DataError
from dlrun.shapes.cells import (
    LARGEST,
    SMALLEST,
    is_name,
    is_number_like,
    number_fix,
    parse_number,
)
from dlrun.wording import quote


def read_dataset(file: CsvFile, choice: Choice, *, streamed: str | None = None) -> Dataset:
    """Read all rows of a file that was just opened; `streamed` says why they stay on the disk."""
    classes, weights = TextClasses(choice.target_names[0]), []
    exact: dict[int, int] = {}  # by row: whole numbers that float64 would merge
    rows = 0
    first: tuple[str, str] | None = None
    is_text = False
    collector = Pile if streamed is None else Spool
    with collector() as features, collector() as values:
        for piece in file.pieces(header=choice.header is True):
            if first is None:
                first = piece.where(0), piece.rows[0][choice.targets[0]].strip()
                is_text = len(choice.targets) == 1 and is_name(first[1])
            features.write(parse_numbers(piece, choice.features, choice.feature_names))
            if choice.weight is not None:
                weights.append(parse_weights(piece, *choice.weight))
            if is_text:
                classes.add(_read_labels(piece, choice, first))
            else:
                numbers = parse_numbers(piece, choice.targets, choice.target_names)
                if len(choice.targets) == 1 and streamed is None:
                    exact |= {
                        rows + row: exact_whole(piece.rows[row][choice.targets[0]])
                        for row in np.flatnonzero(np.abs(numbers[:, 0]) > WHOLE).tolist()
                    }
                values.write(numbers)
            rows += len(piece)
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


def _read_labels(piece: Piece, choice: Choice, first: tuple[str, str]) -> list[str]:
    """The classes of some rows; `first` is the place and the class of the first row of all."""
    position, name = choice.targets[0], choice.target_names[0]
    labels = [row[position].strip() for row in piece.rows]
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
            where=piece.where(labels.index(label)),
            fix="Mend the cell, or leave the row out.",
        )
    return labels


def parse_numbers(
    piece: Piece, positions: Sequence[int], names: Sequence[str]
) -> NDArray[np.float64]:
    """Read some columns of a piece, by position, as finite numbers: `(rows, columns)`, float64."""
    numbers = _parse_lines(piece, positions)
    if numbers is not None:
        return numbers
    numbers = np.empty((len(piece), len(positions)))
    for row, cells in enumerate(piece.rows):
        for column, position in enumerate(positions):
            number = parse_number(cells[position])
            if number is None:
                raise _cell_error(cells[position], names[column], piece.where(row))
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


def _parse_lines(piece: Piece, positions: Sequence[int]) -> NDArray[np.float64] | None:
    """All cells at once, or None where some cell is quoted or needs a closer look."""
    if piece.lines is None:
        return None
    try:
        numbers = np.loadtxt(
            piece.lines,
            dtype=np.float64,
            comments=None,
            delimiter=piece.delimiter,
            usecols=positions,
            ndmin=2,
        )
    except ValueError:
        return None
    # NumPy passes over lines that it takes for empty.
    return numbers if len(numbers) == len(piece) and np.isfinite(numbers).all() else None


def parse_weights(piece: Piece, name: str, position: int) -> NDArray[np.float32]:
    """Read a column of row weights, `(rows,)`, none negative."""
    weights = parse_numbers(piece, [position], [name])[:, 0]
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"column {quote(name)}: {quote(piece.rows[row][position].strip())} is negative; "
            "a weight is 0 or more.",
            where=piece.where(row),
        )
    with np.errstate(over="ignore", under="ignore"):
        rounded = weights.astype(np.float32)
    lost = np.flatnonzero(~np.isfinite(rounded) | ((rounded < SMALLEST) & (weights > 0)))
    if len(lost):
        row = int(lost[0])
        raise DataError(
            f"column {name!r}: {quote(piece.rows[row][position].strip())} is beyond the range of "
            f"float32, in which a weight is 0 or from {SMALLEST:.2g} to {LARGEST:.2g}.",
            where=piece.where(row),
            fix="Multiply all weights by one number: only their ratios count.",
        )
    return rounded
