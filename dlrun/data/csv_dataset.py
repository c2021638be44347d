"""Reads a CSV file as a dataset to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlrun.arrays import Dataset, Samples, StreamedArray
from dlrun.data.classes import TextClasses
from dlrun.data.csv_numbers import cell_error, parse_numbers, parse_weights
from dlrun.data.rounding import WHOLE, exact_whole
from dlrun.data.spool import Pile, Spool
from dlrun.errors import DataError, quote
from dlrun.shapes.cells import is_name, number_fix, parse_number

if TYPE_CHECKING:
    from dlrun.data.csv import CsvFile, Piece
    from dlrun.data.csv_header import Choice


def read_dataset(file: CsvFile, choice: Choice, *, streamed: str | None = None) -> Dataset:
    """Read all rows.

    Args:
        file: Just opened.
        choice: Which columns are what.
        streamed: Why the numbers are to be kept on the disk; None to keep them in memory.

    Returns:
        `x`, `(rows, columns)`, float64; `y`, class numbers `(rows,)`, int64, where the target is
        text, else values `(rows, targets)`, float64; of Python's numbers where one target holds
        whole ones that float64 would merge.
    """
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
        x = features.array()
        class_names, y = classes.numbered() if is_text else (None, values.array())
    if exact and not isinstance(y, StreamedArray):
        y = y.astype(object)
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
            raise cell_error(first[1], name, first[0])  # the others are right
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
