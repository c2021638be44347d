"""Reads cells as numbers: all at once in C, and one by one to say which cell is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlrun.errors import DataError
from dlrun.shapes.cells import LARGEST, SMALLEST, is_number_like, number_fix, parse_number
from dlrun.wording import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dlrun.data.csv import Piece


def parse_numbers(
    piece: Piece, positions: Sequence[int], names: Sequence[str], path: Path
) -> NDArray[np.float64]:
    """Reads some columns of a piece as numbers.

    Args:
        piece: Rows of text.
        positions: The columns to read, counted from 0, at least one.
        names: The names of these columns, for messages.
        path: The file, for messages.

    Returns:
        `(rows, columns)`, float64, all finite.

    Raises:
        DataError: A cell is not a finite number; names file, line, column and text.
    """
    numbers = _parse_lines(piece, positions)
    if numbers is None:
        numbers = _parse_cells(piece, positions, names, path)
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


def _parse_cells(
    piece: Piece, positions: Sequence[int], names: Sequence[str], path: Path
) -> NDArray[np.float64]:
    """Cell by cell."""
    numbers = np.empty((len(piece), len(positions)))
    for row, cells in enumerate(piece.rows):
        for column, position in enumerate(positions):
            number = parse_number(cells[position])
            if number is None:
                where = f"{path}:{piece.numbers[row]}"
                raise cell_error(cells[position], names[column], where)
            numbers[row, column] = number
    return numbers


def parse_weights(piece: Piece, name: str, position: int, path: Path) -> NDArray[np.float32]:
    """Reads a column of row weights.

    Args:
        piece: Rows of the file.
        name: The column's name, for messages.
        position: Where it stands.
        path: The file, for messages.

    Returns:
        `(rows,)`, none negative.

    Raises:
        DataError: A cell is not a number, negative, or infinite or 0 only in float32; names file,
            line and column.
    """
    weights = parse_numbers(piece, [position], [name], path)[:, 0]
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"column {quote(name)}: {quote(piece.rows[row][position].strip())} is negative; "
            "a weight is 0 or more.",
            where=f"{path}:{piece.numbers[row]}",
        )
    with np.errstate(over="ignore", under="ignore"):
        rounded = weights.astype(np.float32)
    lost = np.flatnonzero(~np.isfinite(rounded) | ((rounded < SMALLEST) & (weights > 0)))
    if len(lost):
        row = int(lost[0])
        raise DataError(
            f"column {name!r}: {quote(piece.rows[row][position].strip())} is beyond the range of "
            f"float32, in which a weight is 0 or from {SMALLEST:.2g} to {LARGEST:.2g}.",
            where=f"{path}:{piece.numbers[row]}",
            fix="Multiply all weights by one number: only their ratios count.",
        )
    return rounded
