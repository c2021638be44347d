"""Finds where rows of a table stand in its files; reads a CSV file again for that, with Python."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dlrun.data.csv import open_csv
from dlrun.data.table_files import file_stamp
from dlrun.errors import DataError

if TYPE_CHECKING:
    from dlrun.arrays import Reading
    from dlrun.data.table_files import Part


class Places:
    """Where rows stand, by their number in all files together; it outlives the open table."""

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
