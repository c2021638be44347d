"""Writes a condition on the rows of a table as SQL that holds for the rows for which it holds."""

from __future__ import annotations

from collections.abc import Mapping

from dlrun.data.cell_sql import Cell


def where_sql(where: str, cells: Mapping[str, Cell]) -> str:
    """The SQL of a condition."""
    raise NotImplementedError
