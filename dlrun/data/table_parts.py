"""Several files as one table: their columns made alike, and where each row stands."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.data.cell_sql import Stored, as_text
from dlrun.data.csv import open_csv
from dlrun.data.table_files import file_stamp
from dlrun.errors import DataError

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from dlrun.arrays import Reading
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


@dataclass(frozen=True)
class Placer:
    """Where the rows of a table stand that were read, by their number; outlives the open table."""

    places: Places
    # (rows,): their numbers in the files, where others lie between them
    origins: NDArray[Any] | None = None

    def __call__(self, row: int) -> str:
        """Say where one row stands."""
        return self.of([row])[0]

    def of(self, rows: Sequence[int]) -> list[str]:
        """Say where some rows stand, whose numbers ascend: the files are read once."""
        if self.origins is not None:
            rows = [int(self.origins[row]) for row in rows]
        return self.places.of(rows)


class Places:
    """Where rows stand, by their number in all files together; it outlives the open table.

    A CSV file is read again for that, by Python, which knows the lines.
    """

    def __init__(self, parts: Sequence[Part], reading: Reading) -> None:
        self._parts = list(parts)
        self._reading = reading

    def of(self, rows: Sequence[int]) -> list[str]:
        """Name the places of rows, whose numbers ascend: `table.csv:7`, or `t.parquet: row 7`."""
        found: list[str] = []
        for part in self._parts:
            here = [row - part.begin for row in rows if 0 <= row - part.begin < part.rows]
            lines = self._lines(part, here) if part.source.format == "csv" else []
            if len(lines) == len(here):
                found += [f"{part.source.path}:{line}" for line in lines]
            else:
                found += [f"{part.source.path}: row {row + 1}" for row in here]
        return found

    def _lines(self, part: Part, rows: Sequence[int]) -> list[int]:
        """The lines on which rows begin; none where the file is not there as it was."""
        source, wanted = part.source, {*rows}
        lines: list[int] = []
        is_there = source.readable.exists()
        if not is_there and source.stamp is None:
            return []  # a pipe
        reading = self._reading
        if is_there and source.readable != source.path:
            reading = replace(reading, encoding=None)
        with contextlib.suppress(DataError, OSError):
            if source.stamp is not None and file_stamp(source.path) != source.stamp:
                return []
            with open_csv(source.readable if is_there else source.path, reading) as file:
                row = 0
                for record in file.records(header=part.header):
                    # DuckDB reads some rows that are none to Python, such as `"a" ,1`.
                    if record.fault is not None and record.line in part.left_out:
                        continue
                    if row in wanted:
                        lines.append(record.line)
                        if len(lines) == len(wanted):
                            break
                    row += 1
        return lines
