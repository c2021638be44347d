"""Tells of all cells of a table that are not what they should be: where, what, and the way out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from dlrun.columns.inference import LIKELY
from dlrun.data.table_files import SHOWN, together
from dlrun.errors import DataError
from dlrun.shapes.cells import is_number_like, number_fix
from dlrun.wording import cut, quote

if TYPE_CHECKING:
    from dlrun.column import Holds
    from dlrun.data.tables import Table


MOST_WORDS: Final = 3
"""So many words and columns are named in a way out."""


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
    cells = [(str(text), names[place], int(origin)) for origin, place, text in found]
    # Those that are not numbers written otherwise have one way out together.
    odd = [cell for cell in cells if _own_fix(cell[0], reading_as[cell[1]]) is None]
    texts = list(dict.fromkeys(text for text, _, _ in odd))
    features = list(dict.fromkeys(name for _, name, _ in odd if name not in others))
    are_few = number <= LIKELY * table.rows * len({name for _, name, _ in cells})  # else few stay
    shared = way_out(texts, features, may_lack=are_few)
    told = [
        cell_error(
            text,
            name,
            place_of.get(origin, str(table.parts[0].source.path)),
            holds=reading_as[name],
            yes_no=name in yes_no,
            otherwise=shared,
        )
        for text, name, origin in cells
    ]
    return together(told, int(number), "cells")


def _own_fix(text: str, holds: Holds) -> str | None:
    return number_fix(text) if holds == "number" else None


def cell_error(
    text: str,
    column: str,
    where: str,
    *,
    holds: Holds = "number",
    yes_no: bool = False,
    otherwise: str | None = None,
) -> DataError:
    """The error for a cell that is no finite number, no time, or neither yes nor no.

    `otherwise` is the way out where it is no number that is written otherwise.
    """
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
        fix=_own_fix(text, holds) or otherwise or way_out([text], []),
    )


def way_out(texts: Sequence[str], features: Sequence[str], *, may_lack: bool = True) -> str:
    """What can be done about cells whose texts are no numbers, some of them in features.

    Where they `may_lack` a value, that is one of the ways.
    """
    cells = "the cell" if len(texts) == 1 else "the cells"
    words = ", ".join(repr(cut(text)) for text in texts[:MOST_WORDS])
    are = "it is a missing value" if len(texts) == 1 else "they are missing values"
    missing = f"say that {are}, `missing_values: [{words}]`"
    if not features:
        return f"Mend {cells}, or {missing}."
    names = [cut(name) for name in features[:MOST_WORDS]]
    classes = ", ".join(f"{name}: category" for name in names)
    ignored = ", ".join(f"{name}: ignore" for name in names)
    column, holds = ("the column", "holds") if len(features) == 1 else ("the columns", "hold")
    lacking = f"or {missing}; or that" if may_lack else "or say that"
    return (
        f"Mend {cells}; {lacking} {column} {holds} classes, `columns: {{{classes}}}`; "
        f"or leave {column} out, `columns: {{{ignored}}}`."
    )
