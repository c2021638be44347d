"""Tells of all cells of a table that are not what they should be: where, what, and the way out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dlrun.data.table_files import SHOWN, together
from dlrun.errors import DataError
from dlrun.shapes.cells import is_number_like, number_fix
from dlrun.wording import cut, quote

if TYPE_CHECKING:
    from dlrun.column import Holds
    from dlrun.data.tables import Table


def bad_cells_error(
    table: Table,
    bad: Mapping[str, str],
    reading_as: Mapping[str, Holds],
    others: Collection[str] = (),
    yes_no: Collection[str] = (),
) -> DataError:
    """One error for all bad cells, by row and then by column; `bad` is their SQL, by column."""
    run = table.connection.execute
    queries = [
        f"SELECT {table.origin} AS origin, {place} AS place, ({table.cell(name).text}) AS v "
        f"FROM {table.relation} WHERE {condition}"
        for place, (name, condition) in enumerate(bad.items())
    ]
    every = " UNION ALL ".join(queries)
    ((number,),) = run(f"SELECT count(*) FROM ({every})").fetchall()
    found = run(f"SELECT * FROM ({every}) ORDER BY origin, place LIMIT {SHOWN}").fetchall()
    names = list(bad)
    origins = sorted({int(origin) for origin, _, _ in found})
    place_of = dict(zip(origins, table.places(origins), strict=False))
    told = [
        cell_error(
            str(text),
            names[place],
            place_of.get(int(origin), str(table.parts[0].source.path)),
            holds=reading_as[names[place]],
            is_feature=names[place] not in others,
            yes_no=names[place] in yes_no,
        )
        for origin, place, text in found
    ]
    return together(told, int(number), "cells")


def cell_error(
    text: str,
    column: str,
    where: str,
    *,
    holds: Holds = "number",
    is_feature: bool = False,
    yes_no: bool = False,
) -> DataError:
    """The error for a cell that is no finite number, no time, or neither yes nor no."""
    fix = number_fix(text) if holds == "number" else None
    if holds == "time":
        what = f"{quote(text)} is no time in the format of the column."
    elif yes_no:
        what = f"{quote(text)} is neither yes nor no, which the column holds."
    elif is_number_like(text) and "_" not in text and text.isascii():
        what = f"{quote(text)} is not a finite number."
    else:
        what = f"{quote(text)} is not a number."
    return DataError(
        f"column {quote(column)}: {what}",
        where=where,
        fix=fix or way_out(text, column, is_feature=is_feature),
    )


def way_out(text: str, column: str, *, is_feature: bool) -> str:
    """What can be done about a cell whose text is no number."""
    missing = f"say that it is a missing value, `missing_values: [{cut(text)!r}]`"
    if not is_feature:
        return f"Mend the cell, or {missing}."
    name = cut(column)
    return (
        f"Mend the cell; or {missing}; or "
        f"that the column holds classes, `columns: {{{name}: category}}`; or leave the column out, "
        f"`columns: {{{name}: ignore}}`."
    )
