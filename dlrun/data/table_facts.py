"""Counts what the values of a column of a table are, with DuckDB and without NumPy."""

from __future__ import annotations

import re
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


def column_facts(table: Table, name: str) -> ColumnFacts:
    """Count what the values of one column are."""
    cell, run = table.cell(name), table.connection.execute
    if cell.stored == "number" and table.rows > MANY:
        fractions = _facts_of_fractions(table, name, cell)
        if fractions is not None:
            return fractions
    tally = tally_values(table, cell)
    number, boolean = _of_text(cell)
    is_code = (
        f"x IS NOT NULL AND regexp_matches(v, {literal(CODE)})"
        if cell.stored == "text"
        else "false"
    )
    ((missing, distinct, present, numbers, wholes, booleans, low, high, codes),) = run(
        "SELECT coalesce(sum(n) FILTER (v IS NULL), 0), count(v), "
        "coalesce(sum(n) FILTER (v IS NOT NULL), 0), "
        "coalesce(sum(n) FILTER (x IS NOT NULL), 0), coalesce(sum(n) FILTER (x = trunc(x)), 0), "
        "coalesce(sum(n) FILTER (b IS NOT NULL), 0), min(x), max(x), "
        f"coalesce(sum(n) FILTER ({is_code}), 0) "
        f"FROM (SELECT v, n, x, CASE WHEN x IS NULL THEN {boolean} END AS b "
        f"FROM (SELECT v, n, {number} AS x FROM {tally}))"
    ).fetchall()
    top = run(f"SELECT v, n FROM {tally} WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT {MOST_TOP}")
    facts: dict[str, Any] = {
        "top": _pairs(top.fetchall()),
        "low": None if low is None else float(low),
        "high": None if high is None else float(high),
        "codes": int(codes),
    }
    times, form = 0, None
    if numbers < present:
        others = run(
            f"SELECT v, n FROM (SELECT v, n, {number} AS x FROM {tally} WHERE v IS NOT NULL) "
            f"WHERE x IS NULL ORDER BY n DESC, v LIMIT {MOST_NO_NUMBERS}"
        ).fetchall()
        facts["no_numbers"] = _pairs(others)
        ((words,),) = run(rf"SELECT sum(n * len(regexp_extract_all(v, '\S+'))) FROM {tally} "
                          "WHERE v IS NOT NULL").fetchall()  # fmt: skip
        facts["words"] = int(words) / int(present)
        if not numbers and (cell.stored == "time" or any(map(DIGIT.search, dict(others)))):
            times, form, earliest, latest = _times(table, cell, tally)
            if times:
                facts |= {"low": earliest, "high": latest}
    elif present:
        facts["words"] = 1.0
    return ColumnFacts(
        name,
        table.rows,
        int(missing),
        int(distinct),
        int(numbers),
        int(wholes),
        int(booleans),
        times,
        form,
        **facts,
    )


def value_counts(table: Table, name: str) -> tuple[tuple[str, int], ...]:
    """Count the rows of every value of a column, the most frequent first; see `ColumnFacts.top`."""
    query = f"SELECT v, n FROM {tally_values(table, table.cell(name))} WHERE v IS NOT NULL "
    return _pairs(table.connection.execute(f"{query}ORDER BY n DESC, v").fetchall())


def _facts_of_fractions(table: Table, name: str, cell: Cell) -> ColumnFacts | None:
    """Facts of many numbers of which most are no whole ones, in one pass; None where they are.

    How many different ones there are is counted about, and none of them is frequent. None too
    where something is no number, such as an infinite one.
    """
    ((numbers, wholes, low, high, distinct, others),) = table.connection.execute(
        "SELECT count(x), count(*) FILTER (x = trunc(x)), min(x), max(x), "
        "approx_count_distinct(x), count(v) FROM "
        f"(SELECT {cell.number} AS x, CASE WHEN x IS NULL AND NOT {cell.lacks} THEN 1 END AS v "
        f"FROM {table.relation})"
    ).fetchall()
    if 2 * wholes > numbers or distinct < FEW or others:
        return None
    return ColumnFacts(
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


def tally_values(table: Table, cell: Cell) -> str:
    """Count the different values `v` of a column, a missing one as NULL; give the table of them.

    Cells are counted as they stand in the file, and worked on once for each different one, where
    there is something to be done at all.
    """
    run = table.connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT {cell.column} AS v, count(*) AS n "
        f"FROM {table.relation} GROUP BY v")  # fmt: skip
    if cell.stored == "text" and not cell.reading.missing_values:
        ends = "v < '!' OR v > '~' OR right(v, 1) < '!' OR right(v, 1) > '~'"
        ((odd,),) = run(f"SELECT count(*) FROM cells WHERE {ends}").fetchall()
        if not odd:
            return "cells"
    text = replace(cell, column="v").text
    run("CREATE OR REPLACE TEMP TABLE tally AS SELECT v, sum(n) AS n "
        f"FROM (SELECT ({text}) AS v, n FROM cells) GROUP BY v")  # fmt: skip
    return "tally"


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


def _pairs(rows: list[Any]) -> tuple[tuple[str, int], ...]:
    return tuple((str(value), int(number)) for value, number in rows)


def _times(
    table: Table, cell: Cell, tally: str
) -> tuple[int, str | None, float | None, float | None]:
    """How many values are times, in which format, and the first and the last in seconds.

    Formats that fit equally many values, such as day and month in either order, are joined by `|`.
    """
    run = table.connection.execute
    if cell.stored == "time":
        ((count, low, high),) = run(
            f"SELECT count(t), min(t), max(t) FROM (SELECT {cell.time('iso')} AS t "
            f"FROM {table.relation})"
        ).fetchall()
        return int(count), "iso", low, high
    if cell.stored != "text":
        return 0, None, None, None
    firsts = f"SELECT v FROM {tally} WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT 100"
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
    (found,) = run(f"SELECT {sums} FROM (SELECT n, {times} FROM {tally})").fetchall()
    counts = [int(one) for one in found[::3]]
    most = max(counts)
    best = [at for at, one in enumerate(counts) if one == most]
    at = best[0]
    return most, "|".join(likely[one] for one in best), found[3 * at + 1], found[3 * at + 2]
