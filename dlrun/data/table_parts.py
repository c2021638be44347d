"""Makes the columns of several files alike, where these have types that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlrun.data.cell_sql import Stored, as_text

if TYPE_CHECKING:
    import duckdb

    from dlrun.data.table_files import Part


def make_alike(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> list[Stored]:
    """Tell what each column holds in all files; where types differ, it is made of one in all.

    Numbers of several types become float64, times moments, all else the texts that CSV files have:
    then `7` in one file and 7 in another one are the same number. Parts that need it get another
    relation; those of CSV and JSON share one, which is left as it is.
    """
    if len(parts) == 1 or parts[0].index == "rowid":
        return list(parts[0].stored)
    types = [[str(row[1]) for row in connection.execute(f"DESCRIBE {part.relation}").fetchall()]
             for part in parts]  # fmt: skip
    common: list[Stored] = []
    for kinds in zip(*(part.stored for part in parts), strict=True):
        if set(kinds) <= {"number", "whole"}:
            common.append("number" if "number" in kinds else "whole")
        else:
            common.append(kinds[0] if len(set(kinds)) == 1 else "text")
    differ = [len({of_part[at] for of_part in types}) > 1 for at in range(len(common))]
    if not any(differ):
        return common
    for number, part in enumerate(parts):
        columns = ", ".join(
            f"{_cast(f'c{at}', part.stored[at], held) if differ[at] else f'c{at}'} AS c{at}"
            for at, held in enumerate(common)
        )
        connection.execute(f"CREATE TEMP VIEW alike_{number} AS SELECT {columns}, {part.index} "
                           f"FROM {part.relation}")  # fmt: skip
        part.relation, part.stored = f"alike_{number}", list(common)
    return common


def _cast(column: str, stored: Stored, held: Stored) -> str:
    """The SQL of a column as one that holds something."""
    if held == "number":
        return f"CAST({column} AS DOUBLE)"
    if held == "time":
        return f"CAST({column} AS TIMESTAMP)"
    return column if held == "whole" else as_text(column, stored)
