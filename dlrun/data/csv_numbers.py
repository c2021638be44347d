"""Reads cells as numbers: all at once in C, and one by one to say which cell is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlrun.errors import DataError, quote
from dlrun.shapes.cells import LARGEST, SMALLEST, is_number_like, number_fix, parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlrun.data.csv import Piece


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
                raise cell_error(cells[position], names[column], piece.where(row))
            numbers[row, column] = number
    return numbers


def cell_error(cell: str, column: str, where: str) -> DataError:
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
