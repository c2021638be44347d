"""Reads cells as numbers: all at once in C, and one by one to say which cell is wrong."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from dlrun.errors import MOST_QUOTED, DataError, quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dlrun.data.csv import Piece

SMALLEST = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)
"""Between them float32 keeps its digits; what is smaller, some processors take for 0."""


_WITH_UNIT = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[$\u20ac\u00a3\u00a5\u20b9]|[A-Z]{3}(?= ?\d))? ?"
    r"(?P<inner_sign>[+-]?)"
    r"(?P<number>\d[\d,.' \u00a0\u202f]*\d|\d|\.\d+) ?"
    r"(?P<after>[$\u20ac\u00a3\u00a5\u20b9%\u2030\u00b0]"
    r"|(?!(?:st|nd|rd|th)$)[A-Za-z\u00b5]{1,3}[\u00b2\u00b3]?)?"
)
"""A currency before a number, or a unit behind it; not what orders, as in `1st`."""


_MULTIPLES = ("k", "K", "M", "B", "bn", "G", "T")


def parse_number(cell: str) -> float | None:
    """The number that a cell holds, or None; `nan`, `inf` and Python's `1_000` are no numbers."""
    if "_" in cell or not cell.strip().isascii():
        return None
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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


def bare_number(text: str) -> str | None:
    """The number in a text that holds a number and its unit: `$1,200` gives `1,200`, `5kg` `5`.

    Args:
        text: A stripped cell.

    Returns:
        None where the text is a number itself, or is something else: `1st`, `B12`, `3 of 4`.
    """
    match = _WITH_UNIT.fullmatch(text)
    if match is None or not (match["before"] or match["after"]) or is_number_like(text):
        return None
    return (match["sign"] or match["inner_sign"]) + match["number"]


def number_fix(text: str) -> str | None:
    """How a cell that people read as a number is to be written; None where it is no such cell."""
    if len(text) > MOST_QUOTED:
        return None
    bare = bare_number(text)
    number = text if bare is None else bare
    plain = re.sub(r"[, '\u00a0\u202f]", "", number)
    if text.endswith(_MULTIPLES) and bare is not None:
        return "Write the number out, in digits alone."
    if re.fullmatch(r"[+-]?\d{1,3},\d{3}", number):
        return (
            f"Write thousands without commas ({plain}), decimals with a point "
            f"({number.replace(',', '.')})."
        )
    if re.fullmatch(r"[+-]?\d+,\d+", number):
        return f"Write decimals with a point: {number.replace(',', '.')}."
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", number):
        plain = number.replace(".", "").replace(",", ".")
    elif parse_number(plain) is None:
        return None
    return f"Write the number alone: {plain}." if plain != text else None


def is_number_like(cell: str) -> bool:
    """Whether Python reads a cell as a float; `nan` and `inf` too."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
