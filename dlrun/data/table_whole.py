"""Tells whether DuckDB has read all of a CSV file, and each cell in its column.

DuckDB passes over empty cells behind the last column without a complaint. They may end a row whose
cells have moved: below `name,age,city`, the row `Smith, John,5,` has `John` for an age.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from dlrun.data.cell_sql import literal
from dlrun.data.csv import QUOTE, CsvFile
from dlrun.data.headers import GZIP_MAGIC

if TYPE_CHECKING:
    import duckdb

BYTES_AT_ONCE: Final = 2**22


def is_whole(
    connection: duckdb.DuckDBPyConnection,
    file: CsvFile,
    path: Path,
    *,
    header: bool,
    texts: Sequence[str],
    begin: int,
) -> bool:
    """Whether each delimiter of a file is one between two cells that were read, or within one.

    Args:
        connection: Where the rows of the file are those of `rows_of_files` from `begin` on.
        file: The file as it was opened, of which only the first row was read.
        path: What was read, gzipped or not.
        header: Whether the first row holds names.
        texts: The columns of SQL that may hold delimiters within their cells.
        begin: The number of its first row.
    """
    mark = file.delimiter
    there, has_quotes = _count(path, mark)
    if header:
        there -= sum(line.count(mark) for line in file.first_lines)
    within = "0"
    if has_quotes and texts:
        within = " + ".join(
            f"CASE WHEN contains({one}, {literal(mark)}) THEN length({one}) "
            f"- length(replace({one}, {literal(mark)}, '')) ELSE 0 END"
            for one in texts
        )
    ((rows, quoted),) = connection.execute(
        f"SELECT count(*), coalesce(sum({within}), 0) FROM rows_of_files WHERE rowid >= {begin}"
    ).fetchall()
    return there == int(rows) * (len(file.first_row) - 1) + int(quoted)


def _count(path: Path, mark: str) -> tuple[int, bool]:
    """How often a file holds a delimiter, and whether it holds a quote at all."""
    number, has_quotes = 0, False
    with path.open("rb") as content:
        is_packed = content.read(2) == GZIP_MAGIC
        content.seek(0)
        plain = cast("IO[bytes]", gzip.GzipFile(fileobj=content)) if is_packed else content
        while part := plain.read(BYTES_AT_ONCE):
            number += part.count(mark.encode())
            has_quotes = has_quotes or QUOTE.encode() in part
    return number, has_quotes
