"""What it takes to read a table and to profile one, beside DuckDB's own ways."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dlrun.datasets import load_dataset
from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row, alternating

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = 8
WORDS = {"decimal": ",", "missing_values": ["NA", "-99"]}

SUMMARIZE = """\
import sys, duckdb
duckdb.sql(f"SUMMARIZE FROM '{sys.argv[1]}'").fetchall()
"""


def read_table(tiny: bool) -> Row:
    """Read 1 million rows of 10 columns, one of them text: its kinds told, as one matrix."""
    note = "from the file to float64, kinds of columns told, by DuckDB's read_csv and fetchnumpy"
    return _read(tiny, "read a table of 1M x 10", note, "", {})


def read_table_local(tiny: bool) -> Row:
    """The same with decimal commas and words for missing values."""
    note = "the same, with `decimal` and `missing_values`; DuckDB: decimal_separator, nullstr"
    options = ", decimal_separator = ',', nullstr = 'NA'"
    columns = {f"x{n}": {"type": "number", "missing": "median"} for n in range(NUMBERS)}
    return _read(tiny, "read it with decimal commas", note, options, {**WORDS, "columns": columns})


def read_table_thousands(tiny: bool) -> Row:
    """The same with decimal commas and points between the thousands."""
    note = "the same, with `decimal` and `thousands`; DuckDB: decimal_separator, thousands"
    options = ", decimal_separator = ',', thousands = '.'"
    marks = {"decimal": ",", "thousands": "."}
    return _read(tiny, "read it with thousands apart", note, options, marks)


def profile_table(tiny: bool) -> Row:
    """`dlrun data` of 1 million rows of 10 columns, from the start to the end of the command."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "table.csv"
        _write(path, 3_000 if tiny else 10**6)
        words = (sys.executable, "-m", "dlrun", "data", str(path))
        seconds = alternating(
            lambda: launch(*words)["seconds"],
            lambda: launch(sys.executable, "-c", SUMMARIZE, str(path))["seconds"],
            1 if tiny else 5,
        )
    note = "the whole command; DuckDB's SUMMARIZE in a Python of its own"
    return Row("profile a table of 1M x 10", "s", *seconds, goal=1.5, faster=False, note=note)


def _write(path: Path, rows: int, *, local: bool = False, grouped: bool = False) -> None:
    with duckdb.connect() as connection:
        numbers = [f"round(random() * 100 - 50, 5) AS x{n}" for n in range(NUMBERS)]
        connection.execute(
            f"CREATE TABLE t AS SELECT {', '.join(numbers)}, range AS n, "
            "['red', 'green', 'blue', 'a longer name'][1 + range % 4] AS colour, "
            f"range % 2 AS y FROM range({rows})"
        )
        cells = "* EXCLUDE n"
        if local:
            texts = [
                f"if(n % 50 = {n}, 'NA', replace(x{n}::VARCHAR, '.', ',')) AS x{n}"
                for n in range(NUMBERS)
            ]
            cells = f"{', '.join(texts)}, colour, y"
        if grouped:
            texts = [
                f"translate(format('{{:,.2f}}', x{n} * 1e4), ',.', '.,') AS x{n}"
                for n in range(NUMBERS)
            ]
            cells = f"{', '.join(texts)}, colour, y"
        mark = ";" if local or grouped else ","
        connection.execute(f"COPY (SELECT {cells} FROM t) TO '{path}' (HEADER, DELIMITER '{mark}')")


def _read(tiny: bool, name: str, note: str, options: str, arguments: dict[str, Any]) -> Row:
    rows = 3_000 if tiny else 10**6
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "table.csv"
        _write(path, rows, local="missing_values" in arguments, grouped="thousands" in arguments)

        def ours() -> None:
            assert len(load_dataset("table", seed=0, path=path, **arguments).train) == rows

        def theirs() -> None:
            with duckdb.connect() as connection:
                connection.execute(f"CREATE TABLE t AS FROM read_csv('{path}'{options})")
                connection.execute("FROM t").fetchnumpy()

        seconds = alternating(_timed(ours), _timed(theirs), 1 if tiny else 5)
    return Row(name, "s", *seconds, goal=2.0, faster=False, note=note)


def _timed(work: Callable[[], None]) -> Callable[[], float]:
    def measure() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure


BENCHMARKS = (read_table, read_table_local, read_table_thousands, profile_table)
