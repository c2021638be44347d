"""Reads the columns of an open table as numbers: all rows, some at a time, or a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.column import ColumnFacts, Holds, RawColumn
from dlrun.data.cell_sql import Cell, as_text

if TYPE_CHECKING:
    import duckdb

    from dlrun.data.tables import Slab, Table


WORDED: Final = ("text", "image")
"""What columns hold whose values are places of texts."""

ALIKE: Final = 64
"""From so many columns of texts on, of which the same is asked, it is asked once of all their
cells: to plan an expression for each column takes longer than to work it out."""


@dataclass(frozen=True)
class Expression:
    """The SQL of what is asked of a column."""

    sql: str
    column: str = ""  # where it stands in the table, such as `c0`
    of_text: str = ""  # the SQL of the same of a text `v`; empty where it is not one of texts


def ask_number(cell: Cell) -> Expression:
    """Ask for the number of a cell: NaN where it is missing, NULL where it is none."""

    def sql(one: Cell) -> str:
        return f"coalesce({one.number}, CASE WHEN {one.lacks} THEN 'nan'::DOUBLE END)"

    return expression_of(cell, sql)


def expression_of(cell: Cell, sql: Callable[[Cell], str]) -> Expression:
    """Ask something of a cell."""
    of_text = sql(replace(cell, column="v")) if cell.stored == "text" else ""
    return Expression(sql(cell), cell.column, of_text)


def fetch(
    connection: duckdb.DuckDBPyConnection, asked: Sequence[Expression], source: str
) -> list[NDArray[Any]]:
    """Give what is asked of the rows of a source, `(rows,)` each; masked where some are NULL."""
    alike: dict[str, list[int]] = {}
    for number, one in enumerate(asked):
        alike.setdefault(one.of_text, []).append(number)
    alike = {of: which for of, which in alike.items() if of and len(which) >= ALIKE}
    apart = sorted({*range(len(asked))} - {n for which in alike.values() for n in which})
    found: dict[int, NDArray[Any]] = {}
    if apart:
        picked = ", ".join(f"{asked[n].sql} AS v{n}" for n in apart)
        taken = connection.execute(f"SELECT {picked} FROM {source}").fetchnumpy()
        found = {n: taken[f"v{n}"] for n in apart}
    for of_text, which in alike.items():
        cells = ", ".join(asked[n].column for n in which)
        values = connection.execute(
            f"SELECT {of_text} AS v FROM (SELECT unnest([{cells}]) AS v FROM {source})"
        ).fetchnumpy()["v"]
        by_column = np.moveaxis(values.reshape(-1, len(which)), 1, 0)
        found |= {n: _unmasked(column) for n, column in zip(which, by_column, strict=True)}
    return [found[n] for n in range(len(asked))]


def _unmasked(column: NDArray[Any]) -> NDArray[Any]:
    return column if np.ma.is_masked(column) else np.ma.getdata(column)


class RowReader:
    """Reads columns as float64: numbers and times themselves, texts by their places."""

    def __init__(
        self,
        table: Table,
        wanted: Mapping[str, Holds],
        formats: Mapping[str, str],
        alike: Mapping[str, tuple[str, ...]],
        others: Mapping[str, bool],
    ) -> None:
        self.table = table
        self.others = others
        self.alike = alike
        self.wanted = dict(wanted)
        self.formats = formats
        self.asked: list[Expression] = []
        self.places: list[NDArray[np.float64] | None] = []  # of stored texts, by their codes
        self.cells = {name: table.cell(name) for name in wanted}
        columns = []
        for number, (name, holds) in enumerate(self.wanted.items()):
            if holds in WORDED:
                columns.append(self._text(number, name))
            else:
                self.asked.append(self._number(name, holds))
                self.places.append(None)
                columns.append(RawColumn(name, holds))
        self.columns = tuple(columns)
        self.booleans: set[str] = set()  # columns whose numbers are written as yes and no

    def _text(self, number: int, name: str) -> RawColumn:
        """Number the texts of a column, and prepare to look up what is stored."""
        cell, run = self.cells[name], self.table.connection.execute
        stored = as_text(cell.column, cell.stored)
        kind = f"texts_{number}"
        run(f"DROP TYPE IF EXISTS {kind}")
        found = run(f"SELECT DISTINCT {stored} AS v FROM {self.table.relation} "
                    "WHERE v IS NOT NULL ORDER BY v").fetchall()  # fmt: skip
        raw = [str(text) for (text,) in found]
        meant = run_meant(self.table, cell, raw)
        first = self.alike.get(name, ())
        texts = (*first, *sorted({text for text in meant if text is not None} - {*first}))
        place = {text: at for at, text in enumerate(texts)}
        self.places.append(
            np.array([np.nan if text is None else place[text] for text in meant] or [np.nan])
        )
        if raw:
            run(f"CREATE TYPE {kind} AS ENUM (SELECT DISTINCT {stored} AS v FROM "
                f"{self.table.relation} WHERE v IS NOT NULL ORDER BY v)")  # fmt: skip
            code = f"coalesce(enum_code(CAST({stored} AS {kind})), -1)::BIGINT"
            self.asked.append(Expression(code))
        else:
            self.asked.append(Expression("-1::BIGINT"))
        return RawColumn(name, self.wanted[name], texts)

    def _number(self, name: str, holds: Holds) -> Expression:
        """Ask for a value: NaN where it is missing, NULL where it is none."""
        cell = self.cells[name]
        if holds == "number":
            return ask_number(cell)
        time = cell.time(self.formats.get(name, "iso"))
        return Expression(f"coalesce({time}, CASE WHEN {cell.lacks} THEN 'nan'::DOUBLE END)")

    def take(
        self, slab: Slab, begin: int, end: int, kept: dict[str, list[str | None]]
    ) -> NDArray[np.float64]:
        """Read the rows from one number to before another: `(rows, columns)`, float64.

        `kept` is given the texts of the columns that it names.
        """
        carried = [Expression(self.table.cell(name).stripped) for name in kept]
        source = f"{slab.relation} WHERE {slab.index} >= {begin} AND {slab.index} < {end}"
        taken = fetch(self.table.connection, [*self.asked, *carried], source)
        columns = taken[: len(self.asked)]
        bad = [number for number, values in enumerate(columns) if np.ma.is_masked(values)]
        if bad:
            self._mend([self.columns[number].name for number in bad])
            return self.take(slab, begin, end, kept)
        for name, words in zip(kept, taken[len(columns) :], strict=True):
            kept[name] = words.tolist()
        matrix = np.empty((len(columns[0]), len(columns)))
        for number, values in enumerate(columns):
            places = self.places[number]
            plain = np.asarray(values)
            if places is None:
                matrix[:, number] = plain
            else:
                found = places[np.maximum(plain, 0)]
                matrix[:, number] = np.where(plain < 0, np.nan, found)
        return matrix

    def _mend(self, names: list[str]) -> None:
        """Read columns of yes and no as 1 and 0; refuse what else is no number."""
        odd: dict[str, str] = {}  # where cells are odd, in columns that are mostly yes and no
        for name in names:
            if self.wanted[name] != "number" or not self.others.get(name, True):
                continue
            cell = self.cells[name]
            condition = (
                f"({cell.text}) IS NOT NULL AND ({cell.boolean}) IS NULL "
                f"AND coalesce(({cell.number}) NOT IN (0, 1), true)"
            )
            ((others, answers),) = self.table.connection.execute(
                f"SELECT count(*) FILTER ({condition}), count({cell.boolean}) "
                f"FROM {self.table.relation}"
            ).fetchall()
            if not others:
                at = list(self.wanted).index(name)
                number = f"coalesce({cell.boolean}, {cell.number})"
                self.asked[at] = Expression(
                    f"coalesce({number}, CASE WHEN {cell.lacks} THEN 'nan'::DOUBLE END)"
                )
                self.booleans.add(name)
            elif others <= answers:
                odd[name] = condition
        conditions = {
            name: odd.get(name, f"({asked.sql}) IS NULL")
            for name, asked in zip(self.wanted, self.asked, strict=True)
            if self.wanted[name] not in WORDED and name not in self.booleans
        }  # fmt: skip
        wrong = [name for name in names if name not in self.booleans]
        if wrong:
            self.table.refuse(conditions, self.wanted, self.others, odd)


def run_meant(table: Table, cell: Cell, raw: list[str]) -> list[str | None]:
    """What stored texts mean: without the blanks around them, None where they say: missing."""
    if not raw:
        return []
    missing = {"", *(word.strip() for word in table.reading.missing_values)}
    stripped = [text.strip() for text in raw] if cell.stored == "text" else raw
    if any(word for word in missing) or cell.stored in ("number", "whole"):
        found = table.connection.execute(
            f"SELECT {Cell('t', 'text', table.reading).text_of('t')} "
            "FROM (SELECT unnest($1::VARCHAR[]) AS t)",
            [stripped],
        ).fetchall()
        return [None if text is None else str(text) for (text,) in found]
    return [None if text in missing else text for text in stripped]


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
    if held not in WORDED:
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
