"""Guesses which columns of a large CSV file are numbers, so that DuckDB reads them as such at once.

A guess changes no value: DuckDB complains of a cell that is none, and what it would take for a
number and is none here is looked for in the file. Then all columns are read as texts.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlrun.arrays import Reading
from dlrun.data.csv import open_csv
from dlrun.data.headers import GZIP_MAGIC
from dlrun.data.rounding import WHOLE
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number

if TYPE_CHECKING:
    import duckdb

LARGE: Final = 2**22
"""From so many bytes on, guessing takes less time than it spares."""
MOST_COLUMNS: Final = 1000
LOOKED_AT: Final = 1000  # rows
BYTES_AT_ONCE: Final = 2**22
NO_NUMBER: Final = re.compile(rb"[0-9]_[0-9]|\+-")
"""What DuckDB takes for a part of a number, and Python's `float` or dlrun does not."""
CODE: Final = re.compile(r"\s*[+-]?0\d")
"""Codes such as `007` stay texts."""


def guess_numbers(path: Path, reading: Reading, *, header: bool) -> list[bool]:
    """Whether each column of a CSV file surely may be read as numbers; empty where none may."""
    is_plain = not reading.missing_values and reading.decimal == "." and reading.thousands is None
    if not is_plain or path.stat().st_size < LARGE:
        return []
    with path.open("rb") as content:
        if content.read(2) == GZIP_MAGIC:
            return []
    try:
        with open_csv(path, reading) as file:
            width = len(file.first_row)
            rows = [record.cells for record in islice(file.rows(header=header), LOOKED_AT)]
    except DataError:
        return []  # told by whoever reads all of it
    if not 1 < width <= MOST_COLUMNS:
        return []
    guessed = [_are_numbers(column) for column in zip(*rows, strict=True)]
    return guessed if any(guessed) and not _holds_no_number(path) else []


def _are_numbers(cells: tuple[str, ...]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and not any(
        parse_number(cell) is None or CODE.match(cell) for cell in filled
    )


def _holds_no_number(path: Path) -> bool:
    """Whether something stands in a file that DuckDB alone may take for a number."""
    with path.open("rb") as content:
        before = b""
        while part := content.read(BYTES_AT_ONCE):
            if (b"_" in part or b"+-" in before + part) and NO_NUMBER.search(before + part):
                return True
            before = part[-2:]
    return False


def are_sound(connection: duckdb.DuckDBPyConnection, columns: list[str]) -> bool:
    """Whether columns read as numbers hold finite ones, and whole ones to the last digit."""
    asked = ", ".join(
        f"coalesce(bool_and(isfinite({one}) AND abs({one}) <= {WHOLE}), true)" for one in columns
    )
    (found,) = connection.execute(f"SELECT {asked} FROM rows_of_files").fetchall()
    return all(found)
