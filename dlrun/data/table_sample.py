"""A look at some rows of a table, evenly spread, and at how many are there twice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.column import RawColumn
from dlrun.data.cell_sql import Cell
from dlrun.data.table_rows import expression_of, fetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.column import ColumnFacts, Holds
    from dlrun.data.tables import Table

_FACTOR = 2654435761  # the golden section of 2^32: Knuth, The Art of Computer Programming 6.4


def sample_rows(
    table: Table, facts: Mapping[str, ColumnFacts], holds: Mapping[str, Holds], most: int
) -> dict[str, tuple[RawColumn, NDArray[np.float64]]]:
    """Read about so many rows, evenly spread, or all; each column's raw values, `(rows,)`.

    Rows are chosen by their number times a large one, modulo 2^32, which no period of the rows
    meets. Cells that are not what their column holds are taken for missing ones, and not told.
    """
    below = 2**32 if table.rows <= most else 2**32 * most // table.rows
    forms = {name: (facts[name].time_format or "").partition("|")[0] or None for name in holds}
    asked = [
        expression_of(table.cell(name), partial(Cell.value, holds=held, form=forms[name]))
        for name, held in holds.items()
    ]
    source = (
        f"(FROM {table.relation} WHERE ({table.origin}::HUGEINT * {_FACTOR}) % 4294967296 "
        f"< {below} ORDER BY {table.origin})"
    )
    found = fetch(table.connection, asked, source)
    return {
        name: _raw(name, held, cells)
        for (name, held), cells in zip(holds.items(), found, strict=True)
    }


def _raw(name: str, held: Holds, cells: NDArray[Any]) -> tuple[RawColumn, NDArray[np.float64]]:
    missing = np.ma.getmaskarray(cells)
    filled = np.ma.getdata(cells)
    if held != "text":
        values = filled.astype(np.float64)
        values[missing] = np.nan
        return RawColumn(name, held), values
    words = [None if gone else str(cell) for cell, gone in zip(filled, missing, strict=True)]
    texts = tuple(sorted({word for word in words if word is not None}))
    codes = {word: float(code) for code, word in enumerate(texts)}
    values = np.array([np.nan if word is None else codes[word] for word in words], np.float64)
    return RawColumn(name, held, texts), values


def count_duplicates(table: Table, facts: Mapping[str, ColumnFacts]) -> int:
    """Count the rows that an earlier row equals in all columns, by hashes of 64 bits."""
    if any(one.distinct == one.rows for one in facts.values()):
        return 0  # a column that tells all rows apart
    columns = ", ".join(table.cell(name).column for name in table.columns)
    ((count,),) = table.connection.execute(
        f"SELECT count(*) - count(DISTINCT hash({columns})) FROM {table.relation}"
    ).fetchall()
    return int(count)
