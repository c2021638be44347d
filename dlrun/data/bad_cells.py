"""Tells of all cells of a table that are not what they should be: where, what, and the way out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dlrun.columns.inference import LIKELY, ODD_SHARE, ways_otherwise
from dlrun.data.table_files import SHOWN, together
from dlrun.errors import DataError
from dlrun.shapes.cells import is_number_like, number_fix, ways_fix
from dlrun.wording import cut, quote

if TYPE_CHECKING:
    from dlrun.arrays import Reading
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
    fixes, reading = _ways(table, [name for name in bad if reading_as[name] == "number"])
    queries = [
        f"SELECT {table.origin} AS origin, {place} AS place, ({table.cell(name).text}) AS v, "
        f"{_fits(table, name, reading.get(name))} AS fits FROM {table.relation} WHERE {condition}"
        for place, (name, condition) in enumerate(bad.items())
    ]
    every = " UNION ALL ".join(queries)
    ((number,),) = run(f"SELECT count(*) FROM ({every})").fetchall()
    found = run(f"SELECT * FROM ({every}) ORDER BY origin, place LIMIT {SHOWN}").fetchall()
    names = list(bad)
    origins = sorted({int(origin) for origin, *_ in found})
    place_of = dict(zip(origins, table.places(origins), strict=False))
    cells = [
        (text := str(cell), name := names[place], int(origin),
         fixes[name] if fits else _own_fix(text, reading_as[name], table.reading.decimal))
        for origin, place, cell, fits in found
    ]  # fmt: skip
    # Those that are not numbers written otherwise have one way out together.
    odd = [cell for cell in cells if cell[-1] is None]
    texts = list(dict.fromkeys(text for text, *_ in odd))
    features = list(dict.fromkeys(name for _, name, *_ in odd if name not in others))
    are_few = number <= LIKELY * table.rows * len({name for _, name, *_ in cells})  # else few stay
    shared = way_out(texts, features, may_lack=are_few)
    told = [
        cell_error(
            text,
            name,
            place_of.get(origin, str(table.parts[0].source.path)),
            holds=reading_as[name],
            yes_no=name in yes_no,
            fix=fix or shared,
        )
        for text, name, origin, fix in cells
    ]
    return together(told, int(number), "cells")


def _own_fix(text: str, holds: Holds, decimal: str = ".") -> str | None:
    return number_fix(text, decimal) if holds == "number" else None


def keys_fix(table: Table, name: str) -> str | None:
    """Say by which keys of the dataset nearly all bad cells of a column are numbers, if any."""
    return _ways(table, [name])[0].get(name)


def _fits(table: Table, name: str, reading: Reading | None) -> str:
    """The SQL that tells whether a cell is a number in another reading."""
    if reading is None:
        return "false"
    return f"({replace(table.cell(name), reading=reading).number}) IS NOT NULL"


def _ways(table: Table, names: Sequence[str]) -> tuple[dict[str, str], dict[str, Reading]]:
    """Find keys of the dataset by which nearly all bad cells of columns are numbers.

    No cell of any of these columns may be lost by them. None is named for a later file of a run,
    which is read as the run's own was.

    Returns:
        The way out, and the reading that it leads to, by column.
    """
    names = [name for name in names if table.cell(name).stored == "text"]
    if table.is_later or not names:
        return {}, {}
    facts = table.facts(names)
    ways = {name: found for name in names if (found := ways_otherwise(facts[name])[1])}
    fixes: dict[str, list[dict[str, str]]] = {}
    readings: dict[str, Reading] = {}
    for keys in {str(one): one for found in ways.values() for one in found}.values():
        decimal = keys.get("decimal", table.reading.decimal)
        thousands = keys.get("thousands", table.reading.thousands)
        reading = replace(table.reading, decimal=decimal, thousands=thousands)
        if decimal == thousands:
            continue
        counts = ", ".join(
            f"count({replace(table.cell(name), reading=reading).number})" for name in names
        )
        query = f"SELECT {counts} FROM {table.relation}"
        after = dict(zip(names, table.connection.execute(query).fetchone() or (), strict=True))
        if any(after[name] < facts[name].numbers for name in names):
            continue
        for name, own in ways.items():
            present = facts[name].rows - facts[name].missing
            left = present - after[name]
            if keys in own and left <= ODD_SHARE * (present - facts[name].numbers):
                fixes.setdefault(name, []).append(keys)
                readings.setdefault(name, reading)
    return {name: ways_fix(found) for name, found in fixes.items()}, readings


def cell_error(
    text: str,
    column: str,
    where: str,
    *,
    holds: Holds = "number",
    yes_no: bool = False,
    fix: str | None = None,
) -> DataError:
    """The error for a cell that is no finite number, no time, or neither yes nor no.

    `fix` is the way out, where it does not depend on this cell alone.
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
        fix=fix or _own_fix(text, holds) or way_out([text], []),
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
