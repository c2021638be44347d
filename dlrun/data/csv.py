"""Reads CSV files in pieces, and says exactly which cell is wrong."""

from __future__ import annotations

import csv
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TextIO

import numpy as np

from dlrun.data.files import open_error
from dlrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CELLS_PER_PIECE = 2**18
"""About how many cells are held as Python strings at a time (some 20 MB)."""

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, as text.

    Attributes:
        rows: The cells of each row, all rows of equal width.
        lines: The line of the file on which each row begins, counted from 1.
    """

    rows: list[list[str]]
    lines: list[int]


class CsvFile:
    """An open CSV file, read from front to back once, so that a pipe will do.

    Attributes:
        path: The file, for messages.
        first_row: The cells of the first row that is not blank, stripped.
        first_line: Its line number.
    """

    def __init__(self, path: Path, file: TextIO, delimiter: str | None) -> None:
        self.path = path
        self._records = _records(path, file, delimiter)
        first = next(self._records, None)
        if first is None:
            raise DataError("the file is empty.", where=str(path))
        self.first_line = first[0]
        self._first_record = first[1]
        self.first_row = [cell.strip() for cell in first[1]]

    def pieces(self, *, header: bool) -> Iterator[Piece]:
        """The rows, a bounded number at a time.

        Args:
            header: Whether the first row holds names and is left out.

        Returns:
            Pieces of equal size, a power of two of rows; the last may be shorter.

        Raises:
            DataError: A row has another number of cells than the first, or there is no row.
        """
        width = len(self.first_row)
        rows_per_piece = 2 ** max(0, int(math.log2(CELLS_PER_PIECE / width)))
        records = self._records
        if not header:
            records = chain([(self.first_line, self._first_record)], records)
        empty = True
        while batch := list(islice(records, rows_per_piece)):
            empty = False
            lines, rows = map(list, zip(*batch, strict=True))
            self._check_width(rows, lines, width)
            yield Piece(rows, lines)
        if empty:
            raise DataError("the file has a header but no rows.", where=str(self.path))

    def _check_width(self, rows: list[list[str]], lines: list[int], width: int) -> None:
        if set(map(len, rows)) == {width}:
            return
        for line, row in zip(lines, rows, strict=True):
            if len(row) != width:
                raise DataError(
                    f"the row has {_count(len(row), 'cell')}, "
                    f"but the first row (line {self.first_line}) has {width}.",
                    where=f"{self.path}:{line}",
                )


@contextmanager
def open_csv(path: Path, *, delimiter: str | None = None) -> Iterator[CsvFile]:
    """Opens a CSV file: UTF-8 with or without a byte-order mark, any line ends, quoted cells.

    Args:
        path: The file.
        delimiter: `,`, `;` or a tab; None reads it off the first line.

    Returns:
        A context manager over the open file.

    Raises:
        DataError: The file cannot be opened, is empty, or its delimiter cannot be told.
    """
    if path.is_dir():
        raise DataError("this is a directory; a CSV file was expected.", where=str(path))
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise open_error(path, error) from error
    with file:
        yield CsvFile(path, file, delimiter)


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
        positions: The columns to read, counted from 0.
        names: The names of these columns, for messages.
        path: The file, for messages.

    Returns:
        `(rows, columns)`, float64, all finite.

    Raises:
        DataError: A cell is not a finite number; names file, line, column and text.
    """
    if not positions:
        return np.empty((len(piece.rows), 0))
    if len(positions) == 1:
        cells = list(map(itemgetter(positions[0]), piece.rows))
    else:
        cells = list(chain.from_iterable(map(itemgetter(*positions), piece.rows)))
    shape = (len(piece.rows), len(positions))
    numbers = _parse_quickly(cells)
    if numbers is None:
        numbers = _parse_one_by_one(cells, piece.lines, names, path)
    return numbers.reshape(shape)


def column_positions(
    header: Sequence[str], names: Sequence[str], *, where: str
) -> tuple[list[int], list[str]]:
    """Finds columns by name.

    Args:
        header: All names of the file.
        names: The names to find.
        where: The file and the header's line, for messages.

    Returns:
        The positions of the names that are there, and the names that are not.

    Raises:
        DataError: A name to find stands in the header twice.
    """
    positions, missing = [], []
    for name in names:
        found = [index for index, column in enumerate(header) if column == name]
        if len(found) > 1:
            raise DataError(
                f"column {name!r} appears {len(found)} times "
                f"(columns {', '.join(str(index + 1) for index in found)}).",
                where=where,
                fix="Give each column a name of its own.",
            )
        if found:
            positions.append(found[0])
        else:
            missing.append(name)
    return positions, missing


def _records(path: Path, file: TextIO, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """The line number and the cells of every row that is not blank."""
    blank = 0
    line = 1
    try:
        for first in file:
            if first.strip():
                break
            blank += 1
        else:
            return
        line = blank + 1
        delimiter = delimiter or _sniff_delimiter(path, first, line)
        reader = csv.reader(
            chain([first], file), delimiter=delimiter, strict=True, skipinitialspace=True
        )
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield line, cells
            line = blank + reader.line_num + 1
    except csv.Error as error:
        raise _quoting_error(path, line, error) from error
    except UnicodeDecodeError as error:
        raise _encoding_error(path) from error
    except OSError as error:
        raise open_error(path, error) from error


def _sniff_delimiter(path: Path, line: str, line_number: int) -> str:
    """The delimiter that occurs outside quotes in the first line."""
    bare = re.sub(r'"[^"]*"', "", line)
    found = [delimiter for delimiter in DELIMITERS if delimiter in bare.rstrip("\r\n")]
    if len(found) > 1:
        raise DataError(
            f"the line has {' and '.join(DELIMITERS[delimiter] for delimiter in found)}; "
            "which of them separates the columns cannot be told.",
            where=f"{path}:{line_number}",
            fix="Put cells that contain one of them in double quotes, and numbers with a point.",
        )
    return found[0] if found else ","


def _parse_quickly(cells: list[str]) -> NDArray[np.float64] | None:
    """All cells at once, or None where any of them needs a closer look."""
    text = "".join(cells)
    if "_" in text or not text.isascii():
        return None
    try:
        numbers = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _parse_one_by_one(
    cells: list[str], lines: list[int], names: Sequence[str], path: Path
) -> NDArray[np.float64]:
    numbers = np.empty(len(cells))
    for index, cell in enumerate(cells):
        number = parse_number(cell)
        if number is None:
            row, column = divmod(index, len(names))
            raise cell_error(cell, names[column], f"{path}:{lines[row]}")
        numbers[index] = number
    return numbers


def cell_error(cell: str, column: str, where: str) -> DataError:
    """The error for a cell that is not a finite number."""
    if not cell.strip():
        what, fix = "the cell is empty; a number was expected.", None
    elif re.fullmatch(r"[+-]?(nan|inf|infinity)", cell.strip(), re.IGNORECASE):
        what, fix = f"{cell!r} is not a finite number.", None
    elif re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell):
        what, fix = f"{cell!r} is not a number.", "Write decimals with a point."
    else:
        what, fix = f"{cell!r} is not a number.", None
    if fix is None:
        fix = "Mend the cell, or leave the row out."
    return DataError(f"column {column!r}: {what}", where=where, fix=fix)


def _quoting_error(path: Path, line: int, error: csv.Error) -> DataError:
    reason = str(error)
    if "field larger" in reason or "unexpected end" in reason:
        what = "a quoted cell begins here and does not end."
    else:
        what = f"the quotes of this row are broken ({reason})."
    return DataError(what, where=f"{path}:{line}", fix='Inside a quoted cell, write a quote as "".')


def _encoding_error(path: Path) -> DataError:
    fix = "Save it as UTF-8."
    if path.is_file():
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    return DataError(
                        f"byte 0x{line[error.start]:02x} is not UTF-8 text.",
                        where=f"{path}:{number}",
                        fix=fix,
                    )
    return DataError("the file is not UTF-8 text.", where=str(path), fix=fix)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
