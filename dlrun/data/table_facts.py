"""Counts what the values of the columns of a table are, with DuckDB and without NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlrun.column import ColumnFacts
from dlrun.data.cell_sql import FORMATS, Cell, literal
from dlrun.shapes.cells import CODE

if TYPE_CHECKING:
    from dlrun.data.tables import Table

DIGIT: Final = re.compile("[0-9]")
MOST_TOP: Final = 20
MOST_NO_NUMBERS: Final = 10
MANY: Final = 10_000
"""In more rows, different fractions are counted about."""
FEW: Final = 1000  # so many different fractions are counted exactly


CELLS: Final = 2**18
"""Columns are counted together that have no more cells than this, or one that has more."""
MOST_TOGETHER: Final = 64  # columns of fractions


def count_facts(table: Table, names: Sequence[str]) -> dict[str, ColumnFacts]:
    """Count what the values of columns are; many are counted in one query, if they are short."""
    found: dict[str, ColumnFacts] = {}
    if table.rows > MANY:
        fractions = [name for name in names if table.cell(name).stored == "number"]
        for some in _batches(fractions, MOST_TOGETHER):
            found |= _facts_of_fractions(table, some)
    together: dict[str, list[str]] = {}
    types = _types(table) if len(names) > 1 else {}
    for name in names:
        if name not in found:
            together.setdefault(types.get(table.cell(name).column, ""), []).append(name)
    for alike in together.values():
        for some in _batches(alike, max(1, CELLS // table.rows)):
            found |= _facts_of_tally(Tally(table, some))
    return {name: found[name] for name in names}


def _batches(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[begin : begin + size] for begin in range(0, len(names), size))


def _types(table: Table) -> dict[str, str]:
    """The types of DuckDB by column: only what has one type may stand in one column of a tally."""
    described = table.connection.execute(f"DESCRIBE SELECT * FROM {table.relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


class Tally:
    """How often each value of some columns of one type stands there: a table `c`, `v`, `n`.

    `c` is the place of the column among them. Cells are counted as they stand in the file, and
    worked on once for each different one, where there is something to be done at all. A missing
    value is NULL. There is one tally at a time.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.table = table
        self.names = names
        self.run = table.connection.execute
        self.cell = replace(table.cell(names[0]), column="v")
        columns = [table.cell(name).column for name in names]
        if len(names) > 1:
            self._column, self._group = "c", "c, v"
            places = f"unnest(range({len(names)})) AS c"
            cells = f"(SELECT {places}, unnest([{', '.join(columns)}]) AS v FROM {table.relation})"
        else:
            self._column, self._group = "0 AS c", "v"
            cells = f"(SELECT {columns[0]} AS v FROM {table.relation})"
        self.relation = "cells"
        self.run(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT {self._column}, v, count(*) AS n "
                 f"FROM {cells} GROUP BY {self._group}")  # fmt: skip
        if self._is_to_be_read():
            self.relation = "tally"
            self.run(
                f"CREATE OR REPLACE TEMP TABLE tally AS SELECT {self._column}, v, sum(n) AS n FROM "
                f"(SELECT c, ({self.cell.text}) AS v, n FROM cells) GROUP BY {self._group}"
            )

    def _is_to_be_read(self) -> bool:
        """Whether a cell stands for something else than it says."""
        if self.cell.stored != "text" or self.cell.reading.missing_values:
            return True
        ends = "v < '!' OR v > '~' OR right(v, 1) < '!' OR right(v, 1) > '~'"
        ((odd,),) = self.run(f"SELECT count(*) FROM cells WHERE {ends}").fetchall()
        return bool(odd)

    def of(self, place: int) -> str:
        """The SQL of the values of one of the columns."""
        return f"(SELECT v, n FROM {self.relation} WHERE c = {place})"

    def firsts(self, source: str, most: int) -> dict[int, tuple[tuple[str, int], ...]]:
        """Give the most frequent values of a source of `c`, `v`, `n`, by column."""
        query = f"SELECT c, v, n FROM {source} ORDER BY n DESC, v LIMIT {most}"
        if len(self.names) > 1:
            query = (
                "SELECT c, v, n FROM (SELECT c, v, n, "
                f"row_number() OVER (PARTITION BY c ORDER BY n DESC, v) AS r FROM {source}) "
                f"WHERE r <= {most} ORDER BY c, r"
            )
        found: dict[int, list[Any]] = {}
        for place, value, number in self.run(query).fetchall():
            found.setdefault(int(place), []).append((value, number))
        return {place: self.pairs(pairs) for place, pairs in found.items()}

    def pairs(self, rows: list[Any]) -> tuple[tuple[str, int], ...]:
        """Give values, as people write them, with their counts: of 7.0 it is 7."""
        end = ".0" if self.cell.stored == "number" else ""
        return tuple((str(value).removesuffix(end), int(number)) for value, number in rows)


def _facts_of_tally(tally: Tally) -> dict[str, ColumnFacts]:
    """Count what the values of the columns of a tally are."""
    table, cell, run = tally.table, tally.cell, tally.run
    number, boolean = _of_text(cell)
    is_code = (
        f"x IS NOT NULL AND regexp_matches(v, {literal(CODE)})"
        if cell.stored == "text"
        else "false"
    )
    counted = run(
        "SELECT c, coalesce(sum(n) FILTER (v IS NULL), 0), count(v), "
        "coalesce(sum(n) FILTER (v IS NOT NULL), 0), "
        "coalesce(sum(n) FILTER (x IS NOT NULL), 0), coalesce(sum(n) FILTER (x = trunc(x)), 0), "
        "coalesce(sum(n) FILTER (b IS NOT NULL), 0), min(x), max(x), "
        f"coalesce(sum(n) FILTER ({is_code}), 0) "
        f"FROM (SELECT c, v, n, x, CASE WHEN x IS NULL THEN {boolean} END AS b "
        f"FROM (SELECT c, v, n, {number} AS x FROM {tally.relation})) GROUP BY c"
    ).fetchall()
    top = tally.firsts(f"{tally.relation} WHERE v IS NOT NULL", MOST_TOP)
    wordy = [c for c, _, _, present, numbers, *_ in counted if numbers < present]
    others, words, dated = _words(tally, wordy, number)
    found = {}
    for c, missing, distinct, present, numbers, wholes, booleans, low, high, codes in counted:
        times, form = 0, None
        if not numbers and c in others:
            if cell.stored == "time":
                times, form, low, high = _stored_times(table, tally.names[c])  # noqa: PLW2901
            elif c in dated:
                times, form, low, high = _times(tally, c)  # noqa: PLW2901
        found[tally.names[c]] = ColumnFacts(
            tally.names[c],
            table.rows,
            int(missing),
            int(distinct),
            int(numbers),
            int(wholes),
            int(booleans),
            times,
            form,
            low=None if low is None else float(low),
            high=None if high is None else float(high),
            words=words.get(c, 0) / int(present) if c in others else float(present > 0),
            decimal=table.reading.decimal,
            codes=int(codes),
            top=top.get(c, ()),
            no_numbers=others.get(c, ()),
        )
    return found


def _words(
    tally: Tally, wordy: Sequence[int], number: str
) -> tuple[dict[int, tuple[tuple[str, int], ...]], dict[int, int], set[int]]:
    """Look at columns of which some values are no numbers.

    Returns:
        The most frequent ones of these, how many words all have, and which may be columns of times.
    """
    if not wordy:
        return {}, {}, set()
    there = f"{tally.relation} WHERE v IS NOT NULL AND c IN ({', '.join(map(str, wordy))})"
    no_numbers = f"(SELECT c, v, n, {number} AS x FROM {there}) WHERE x IS NULL"
    others = tally.firsts(no_numbers, MOST_NO_NUMBERS)
    counted = tally.run(rf"SELECT c, sum(n * len(regexp_extract_all(v, '\S+'))) FROM {there} "
                        "GROUP BY c").fetchall()  # fmt: skip
    words = {int(c): int(count) for c, count in counted}
    return others, words, {c for c in others if any(map(DIGIT.search, dict(others[c])))}


def value_counts(table: Table, name: str) -> tuple[tuple[str, int], ...]:
    """Count the rows of every value of a column, the most frequent first; see `ColumnFacts.top`."""
    tally = Tally(table, [name])
    query = f"SELECT v, n FROM {tally.relation} WHERE v IS NOT NULL ORDER BY n DESC, v"
    return tally.pairs(tally.run(query).fetchall())


def _facts_of_fractions(table: Table, names: Sequence[str]) -> dict[str, ColumnFacts]:
    """Facts of those columns of many numbers of which most are no whole ones, in one pass.

    How many different ones there are is counted about, and none of them is frequent. A column is
    left out too where something is no number, such as an infinite one.
    """
    cells = [table.cell(name) for name in names]
    picked = ", ".join(
        f"{cell.number} AS x{n}, CASE WHEN x{n} IS NULL AND NOT {cell.lacks} THEN 1 END AS v{n}"
        for n, cell in enumerate(cells)
    )
    counts = ", ".join(
        f"count(x{n}), count(*) FILTER (x{n} = trunc(x{n})), min(x{n}), max(x{n}), "
        f"approx_count_distinct(x{n}), count(v{n})"
        for n in range(len(names))
    )
    (told,) = table.connection.execute(
        f"SELECT {counts} FROM (SELECT {picked} FROM {table.relation})"
    ).fetchall()
    found = {}
    for n, name in enumerate(names):
        numbers, wholes, low, high, distinct, others = told[6 * n : 6 * n + 6]
        if 2 * wholes > numbers or distinct < FEW or others:
            continue
        found[name] = ColumnFacts(
            name,
            table.rows,
            table.rows - int(numbers),
            min(int(distinct), int(numbers)),
            int(numbers),
            int(wholes),
            0,
            0,
            low=low,
            high=high,
            words=1.0,
        )
    return found


def _of_text(cell: Cell) -> tuple[str, str]:
    """The SQL of the number and of the yes or no that a text `v` of a column stands for."""
    if cell.stored in ("number", "whole"):
        number = "TRY_CAST(v AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END", "CAST(NULL AS DOUBLE)"
    if cell.stored == "boolean":
        return "CAST(NULL AS DOUBLE)", "CASE v WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END"
    if cell.stored != "text":
        return "CAST(NULL AS DOUBLE)", "CAST(NULL AS DOUBLE)"
    return cell.number_in("v"), cell.boolean_in("v")


def _stored_times(table: Table, name: str) -> tuple[int, str | None, float | None, float | None]:
    """How many values of a column of times there are, and the first and the last in seconds."""
    ((count, low, high),) = table.connection.execute(
        f"SELECT count(t), min(t), max(t) FROM (SELECT {table.cell(name).time('iso')} AS t "
        f"FROM {table.relation})"
    ).fetchall()
    return int(count), "iso", low, high


def shares_beyond(table: Table, names: Sequence[str], limit: float) -> dict[str, float]:
    """Give the share of the numbers of columns that are larger than a limit, whatever their sign.

    A column without numbers has none.
    """
    numbers = [f"({table.cell(name).number})" for name in names]
    counts = ", ".join(f"count(*) FILTER (abs({one}) > {limit}), count({one})" for one in numbers)
    (row,) = table.connection.execute(f"SELECT {counts} FROM {table.relation}").fetchall()
    pairs = zip(names, row[::2], row[1::2], strict=True)
    return {name: beyond / max(1, present) for name, beyond, present in pairs}


def _times(tally: Tally, place: int) -> tuple[int, str | None, float | None, float | None]:
    """How many texts are times, in which format, and the first and the last in seconds.

    Formats that fit equally many values, such as day and month in either order, are joined by `|`.
    """
    cell, run, values = tally.cell, tally.run, tally.of(place)
    if cell.stored != "text":
        return 0, None, None, None
    firsts = f"SELECT v FROM {values} WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT 100"
    tried = ", ".join(f"count({cell.time_in('v', form)})" for form in FORMATS)
    (hits,) = run(f"SELECT {tried} FROM ({firsts})").fetchall()
    likely = [form for form, hit in zip(FORMATS, hits, strict=True) if hit]
    if not likely:
        return 0, None, None, None
    sums = ", ".join(
        f"coalesce(sum(n) FILTER (t{at} IS NOT NULL), 0), min(t{at}), max(t{at})"
        for at in range(len(likely))
    )
    times = ", ".join(f"{cell.time_in('v', form)} AS t{at}" for at, form in enumerate(likely))
    (found,) = run(f"SELECT {sums} FROM (SELECT n, {times} FROM {values})").fetchall()
    counts = [int(one) for one in found[::3]]
    most = max(counts)
    best = [at for at, one in enumerate(counts) if one == most]
    at = best[0]
    if not most:
        return 0, None, None, None
    return most, "|".join(likely[one] for one in best), found[3 * at + 1], found[3 * at + 2]
