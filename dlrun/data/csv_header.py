"""Tells whether the first row of a CSV file holds the names of its columns."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dlrun.data.csv import QUOTE
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.wording import cut, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.data.csv import CsvFile

LOOKED_AT = 100
"""How many lines below the first row are looked at."""
FEWEST_COUNTED = 3
"""So many numbers in a row that count up are no chance; of two, only 0 and 1 are asked about."""


def tell_header(file: CsvFile) -> bool:
    """Whether the first row holds names: none of its cells is a number.

    Args:
        file: Just opened.

    Returns:
        True where no cell is a number, False where all are.

    Raises:
        DataError: It could be either: some cells are numbers and some are not, or the numbers
            look like those of columns.
    """
    where, fix = f"{file.path}:{file.first_number}", "Set `dataset.header` to true or to false."
    numbers = [cell for cell in file.first_row if parse_number(cell) is not None]
    texts = [cell for cell in file.first_row if parse_number(cell) is None]
    if numbers and texts:
        raise DataError(
            f"the first row has numbers such as {quote(numbers[0])} and texts such as "
            f"{quote(texts[0])}; it could be a header or data.",
            where=where,
            fix=fix,
        )
    if numbers and numbers_columns(file):
        raise DataError(
            f"the first row, {_shown(numbers)}, looks like numbers of the columns, as pandas "
            "writes them; it could be a header or data.",
            where=where,
            fix=fix,
        )
    return not numbers


def check_no_numbering(file: CsvFile, names: Sequence[str]) -> None:
    """Refuses rows without a header whose first row looks like the numbers of its columns.

    Args:
        file: Just opened.
        names: How the features are called.

    Raises:
        DataError: It could be a header or data.
    """
    if numbers_columns(file):
        numbers = [cell for cell in file.first_row if parse_number(cell) is not None]
        shown = ",".join(names) if len(names) <= 6 else f"{names[0]},{names[1]},..."  # noqa: PLR2004
        raise DataError(
            f"the first row, {_shown(numbers)}, looks like numbers of the columns, as pandas "
            "writes them; it could be a header or data.",
            where=f"{file.path}:{file.first_number}",
            fix=f"Write the names of the columns into a first row ({shown}).",
        )


def numbers_columns(file: CsvFile) -> bool:
    """Whether the numbers of the first row look like those of columns.

    They are whole, without a sign or a point, and grow. They count up from any number, or every
    column below them is written with points: nobody writes whole numbers on one line only.

    Args:
        file: Just opened; texts in its first row are passed over.
    """
    places = [place for place, cell in enumerate(file.first_row) if parse_number(cell) is not None]
    cells = [file.first_row[place] for place in places]
    if not cells or not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    if any(later <= number for number, later in pairwise(numbers)):
        return False
    counted = numbers[-1] - numbers[0] == len(numbers) - 1
    if counted and (len(numbers) >= FEWEST_COUNTED or numbers == [0, 1]):
        return len(numbers) > len((0, 1)) or bool(file.next_lines(1))
    return (len(numbers) > 1 or numbers == [0]) and _points_below(file, places)


def _points_below(file: CsvFile, places: Sequence[int]) -> bool:
    """Whether two rows or more follow, in which each of some columns is written with a point."""
    lines = [line.strip() for line in file.next_lines(LOOKED_AT)]
    rows = [line.split(file.delimiter) for line in lines if line and QUOTE not in line]
    rows = [row for row in rows if len(row) == len(file.first_row)]
    return len(rows) > 1 and all("." in row[place] for row in rows for place in places)


def _shown(numbers: Sequence[str]) -> str:
    few = len(numbers) <= 6  # noqa: PLR2004
    return cut(",".join(numbers) if few else f"{numbers[0]},{numbers[1]},...,{numbers[-1]}")
