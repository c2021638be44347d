"""What it takes to read a table, beside DuckDB's own reading of it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dlrun.datasets import load_dataset
from tests.benchmarks.rows import Row, alternating

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = 8


def read_table(tiny: bool) -> Row:
    """Read 1 million rows of 10 columns, one of them text: its kinds told, as one matrix."""
    rows = 3_000 if tiny else 10**6
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "table.csv"
        with duckdb.connect() as connection:
            numbers = ", ".join(f"round(random() * 100 - 50, 5) AS x{n}" for n in range(NUMBERS))
            colours = "['red', 'green', 'blue', 'a longer name'][1 + range % 4] AS colour"
            connection.execute(
                f"COPY (SELECT {numbers}, {colours}, range % 2 AS y FROM range({rows})) "
                f"TO '{path}' (HEADER)"
            )

        def ours() -> None:
            assert len(load_dataset("table", seed=0, path=path).train) == rows

        def theirs() -> None:
            with duckdb.connect() as connection:
                connection.execute(f"CREATE TABLE t AS FROM read_csv('{path}')")
                connection.execute("FROM t").fetchnumpy()

        seconds = alternating(_timed(ours), _timed(theirs), 1 if tiny else 5)
    note = "from the file to float64, kinds of columns told, by DuckDB's read_csv and fetchnumpy"
    return Row("read a table of 1M x 10", "s", *seconds, goal=2.0, faster=False, note=note)


def _timed(work: Callable[[], None]) -> Callable[[], float]:
    def measure() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure


BENCHMARKS = (read_table,)
