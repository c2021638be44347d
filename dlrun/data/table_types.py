"""Guesses which columns of a large CSV file are numbers, so that DuckDB reads them as such at once.

A guess changes no value: DuckDB complains of a cell that is none, and what it would take for a
number and is none here is looked for in the file. Then all columns are read as texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlrun.arrays import Reading
from dlrun.data.cell_sql import literal
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
BUFFER: Final = 2**23  # bytes that DuckDB reads at a time, in each thread
NO_NUMBER: Final = re.compile(rb"[0-9]_[0-9]|\+-")
"""What DuckDB takes for a part of a number, and Python's `float` or dlrun does not."""
CODE: Final = re.compile(r"\s*[+-]?0\d")
"""Codes such as `007` stay texts."""


def guess_numbers(path: Path, reading: Reading, *, header: bool) -> list[bool]:
    """Whether each column of a CSV file surely may be read as numbers; empty where none may."""
    if reading.thousands is not None or path.stat().st_size < LARGE:
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
    guessed = [_are_numbers(column, reading) for column in zip(*rows, strict=True)]
    return guessed if any(guessed) and not _holds_no_number(path) else []


def _are_numbers(cells: tuple[str, ...], reading: Reading) -> bool:
    words = {"", *map(str.strip, reading.missing_values)}
    filled = [cell for cell in cells if cell.strip() not in words]
    if reading.decimal != ".":  # a cell with a point is no number then
        filled = [cell.replace(".", "_").replace(reading.decimal, ".") for cell in filled]
    return bool(filled) and not any(
        parse_number(cell) is None or CODE.match(cell) for cell in filled
    )


def rows_sql(
    path: Path, delimiter: str, reading: Reading, types: Sequence[str], *, header: bool
) -> str:
    """Write the SQL of the rows of a CSV file, `c0`, `c1`, ..., of which each has a type.

    Where some are numbers, words for missing values are NULL at once. One that is a number is read
    as such, and told apart later: -999 is also -999.0.
    """
    with path.open("rb") as content:
        packed = content.read(2) == GZIP_MAGIC
    columns = [f"c{n}" for n in range(len(types))]
    typed = ", ".join(f"'{one}': '{kind}'" for one, kind in zip(columns, types, strict=True))
    table = (
        f"read_csv({literal(str(path))}, auto_detect = false, header = false, "
        f"skip = {int(header)}, delim = {literal(delimiter)}, "
        f"quote = '\"', escape = '\"', columns = {{{typed}}}, store_rejects = true, "
        f"rejects_limit = 1, buffer_size = {BUFFER}, "
        f"compression = {literal('gzip' if packed else 'none')}"
    )
    if "DOUBLE" in types:
        words = [word.strip() for word in reading.missing_values]
        missing = ["", *(word for word in words if parse_number(word) is None)]
        table += (
            f", decimal_separator = {literal(reading.decimal)}, "
            f"nullstr = [{', '.join(map(literal, dict.fromkeys(missing)))}]"
        )
    return f"{table})"


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
