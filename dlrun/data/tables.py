"""An open table: what its columns hold, and its rows as numbers, read by DuckDB."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import Array, Reading
from dlrun.column import ColumnFacts, Holds, RawColumn
from dlrun.data.bad_cells import bad_cells_error
from dlrun.data.cell_sql import Cell
from dlrun.data.csv_header import tell_header
from dlrun.data.table_engine import connect
from dlrun.data.table_facts import count_facts
from dlrun.data.table_files import Loader, Part, open_sources
from dlrun.data.table_parts import Placer, Places, make_alike
from dlrun.data.where_sql import where_sql
from dlrun.errors import DataError
from dlrun.wording import tally

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

CELLS_PER_CHUNK: Final = 2**20


@dataclass(frozen=True)
class Slab:
    """Rows that lie in one relation of SQL, with a number for each."""

    relation: str
    index: str  # the SQL of the number
    span: int  # numbers go from 0 to here; where rows were left out, some are missing


class Table:
    """The rows of one or several files; `columns` are their names, in order.

    In SQL its columns are `c0`, `c1`, ..., and `relation` is what they are columns of.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, loader: Loader, reading: Reading
    ) -> None:
        self.connection = connection
        self.reading = reading
        self.columns = tuple(loader.columns)
        self._positions = positions_of(self.columns)
        self.named = loader.named
        self.parts: list[Part] = loader.parts
        self.stored = make_alike(connection, self.parts)
        self._has_types = self.parts[0].index != "rowid"
        self.head: Any = loader.head
        self._places = Places(loader.parts, reading)
        self._where: str | None = None
        self.is_later = False  # whether it is read for a run that was trained on another
        self._dropped = ""  # the SQL of rows that were left out for their cells
        self.notes: tuple[str, ...] = (*loader.notes, *self._said_of_rows())
        self._lay_out()

    def _said_of_rows(self) -> Iterator[str]:
        for part in self.parts:
            if part.left_out:
                yield said_of_lines(part.source.path, part.left_out)

    def _lay_out(self) -> None:
        """Make one relation of all rows, those that the condition leaves."""
        run = self.connection.execute
        conditions = [one for one in (self._where, self._dropped) if one]
        clause = f" WHERE {' AND '.join(f'({one})' for one in conditions)}" if conditions else ""
        if self._has_types:
            self.slabs = [
                Slab(f"(SELECT * FROM {part.relation}{clause})", part.index, part.rows)
                for part in self.parts
            ]
            every = " UNION ALL ".join(
                f"SELECT {self._all()}, {part.index} + {part.begin} AS origin "
                f"FROM {part.relation}{clause}"
                for part in self.parts
            )
            run(f"CREATE OR REPLACE TEMP VIEW kept AS {every}")
            self.relation, self.origin = "kept", "origin"
        elif conditions:
            run(f"CREATE OR REPLACE TABLE kept AS SELECT {self._all()}, rowid AS origin "
                f"FROM rows_of_files{clause}")  # fmt: skip
            self.relation, self.origin = "kept", "origin"
        else:
            self.relation, self.origin = "rows_of_files", "rowid"
        ((rows,),) = run(f"SELECT count(*) FROM {self.relation}").fetchall()
        self.rows = int(rows)
        if not self._has_types:
            self.slabs = [Slab(self.relation, "rowid", self.rows)]

    def _all(self) -> str:
        return ", ".join(f"c{n}" for n in range(len(self.columns)))

    def keep(self, where: str) -> None:
        """Keep the rows that fulfil a condition of `dlrun.conditions`."""
        cells = {name: self.cell(name) for name in self.columns}
        self._where = where_sql(where, cells, self._distinct)
        before = self.rows
        self._lay_out()
        self.notes += (f"where: {self.rows:,} of {before:,} rows are kept",)
        if not self.rows:
            where_from = str(self.parts[0].source.path)
            raise DataError("no row fulfils `dataset.where`.", where=where_from)

    def _distinct(self, expression: str) -> list[str]:
        query = f"SELECT DISTINCT {expression} AS v FROM {self.relation} WHERE v IS NOT NULL"
        return [str(text) for (text,) in self.connection.execute(query).fetchall()]

    def distinct(self, name: str) -> list[str]:
        """Give the different texts of a column; none for missing values."""
        return self._distinct(self.cell(name).text)

    def call(self, names: Mapping[int, str]) -> None:
        """Call the columns at some places by other names, and all others by none."""
        self.columns = tuple(names.get(n, f"\0{n}") for n in range(len(self.columns)))
        self._positions = positions_of(self.columns)

    def cell(self, name: str) -> Cell:
        """The SQL of a column."""
        position = self._positions[name]
        return Cell(f"c{position}", self.stored[position], self.reading)

    def facts(self, names: Sequence[str] | None = None) -> dict[str, ColumnFacts]:
        """Count what the values of columns are, over all rows; without NumPy."""
        chosen = self.columns if names is None else names
        return count_facts(self, chosen)

    def read(
        self,
        wanted: Mapping[str, Holds],
        formats: Mapping[str, str] | None = None,
        *,
        streamed: bool = False,
    ) -> tuple[tuple[RawColumn, ...], Array]:
        """Read columns as a matrix, `(rows, columns)`, float64; see `RawColumn`.

        Rows with bad cells are an error that names them, or left out, as the config says.
        """
        everything = range(len(wanted))
        columns, (values,) = self.gather(wanted, formats, (everything,), streamed=streamed)
        return columns, values

    def gather(
        self,
        wanted: Mapping[str, Holds],
        formats: Mapping[str, str] | None,
        groups: Sequence[range],
        *,
        streamed: bool = False,
        alike: Mapping[str, tuple[str, ...]] | None = None,
        others: Mapping[str, bool] | None = None,
    ) -> tuple[tuple[RawColumn, ...], list[Array]]:
        """Read columns as several matrices, one for each group of neighbours; see `read`."""
        import numpy as np  # noqa: PLC0415

        from dlrun.data.streams import DiskRows, MemoryRows  # noqa: PLC0415

        while True:
            try:
                with contextlib.ExitStack() as stack:
                    collectors: list[Any] = [
                        stack.enter_context((DiskRows if streamed else MemoryRows)())
                        for _ in groups
                    ]
                    columns: tuple[RawColumn, ...] = ()
                    for columns, values in self.chunks(wanted, formats, alike=alike, others=others):  # noqa: B007
                        for group, collector in zip(groups, collectors, strict=True):
                            part = values[:, group.start : group.stop]
                            collector.write(np.ascontiguousarray(part))
                    return columns, [collector.array() for collector in collectors]
            except _BadCellsError as bad:
                self._drop(bad)

    def chunks(
        self,
        wanted: Mapping[str, Holds],
        formats: Mapping[str, str] | None = None,
        *,
        alike: Mapping[str, tuple[str, ...]] | None = None,
        others: Mapping[str, bool] | None = None,
        kept: dict[str, list[str | None]] | None = None,
    ) -> Iterator[tuple[tuple[RawColumn, ...], NDArray[np.float64]]]:
        """Read columns some rows at a time, in order; see `read`.

        `alike` are texts, by column, that keep their places; other texts stand behind them.
        `others` are columns that are no features, and whether yes and no are numbers in them.
        `kept` has the names of columns; each time it is given the texts of the rows that are read.
        """
        from dlrun.data.table_rows import RowReader  # noqa: PLC0415

        reader = RowReader(self, wanted, formats or {}, alike or {}, others or {})
        texts = {} if kept is None else kept
        for slab in self.slabs:
            step = 2 ** int(math.log2(max(1, CELLS_PER_CHUNK // max(1, len(wanted)))))
            for begin in range(0, slab.span, step):
                yield reader.columns, reader.take(slab, begin, begin + step, texts)

    def refuse(
        self,
        bad: Mapping[str, str],
        reading_as: Mapping[str, Holds],
        others: Collection[str],
        yes_no: Collection[str] = (),
    ) -> None:
        """Tell of bad cells; `bad` is the SQL that holds for them, by column.

        `others` are columns that are no features, `yes_no` those that are mostly yes and no.
        """
        if self.reading.bad_rows == "error":
            raise bad_cells_error(self, bad, reading_as, others, yes_no)
        raise _BadCellsError(bad)

    def _drop(self, bad: _BadCellsError) -> None:
        condition = " OR ".join(f"({one})" for one in bad.conditions.values())
        origins = self.connection.execute(
            f"SELECT {self.origin} FROM {self.relation} WHERE {condition} ORDER BY 1"
        ).fetchall()
        places = self.places([int(row) for (row,) in origins][:10])
        shown = ", ".join(places) + (", ..." if len(origins) > len(places) else "")
        left_out = f"{tally(len(origins), 'row is', 'rows are')} left out"
        self.notes += (f"bad_rows: {left_out} for their cells: {shown}",)
        self._dropped = " AND ".join(
            part for part in (self._dropped, f"NOT coalesce({condition}, false)") if part
        )
        self._lay_out()
        if not self.rows:
            what = "no row is left: all have bad cells."
            raise DataError(what, where=str(self.parts[0].source.path))

    def place(self, row: int) -> str:
        """Where one of the rows that were read stands, for messages: `file:line`."""
        return self.places(self._origins([row]))[0]

    def places(self, origins: Sequence[int]) -> list[str]:
        """Where rows stand, by their number in the files, which ascends."""
        return self._places.of(origins)

    def placer(self) -> Placer:
        """Give a function like `place` that works when the table is closed."""
        if self.origin == "rowid" or not self.is_filtered:
            return Placer(self._places)
        import numpy as np  # noqa: PLC0415

        query = f"SELECT {self.origin} AS o FROM {self.relation} ORDER BY o"
        origins = np.asarray(self.connection.execute(query).fetchnumpy()["o"])
        compact = origins.astype(np.uint32) if self._span() < 2**32 else origins
        return Placer(self._places, compact)

    def _span(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def is_filtered(self) -> bool:
        """Whether some rows of the files are not among those of the table."""
        return bool(self._where or self._dropped)

    def _origins(self, rows: Sequence[int]) -> list[int]:
        """The numbers in the files of rows that were read."""
        if not self.is_filtered:
            return list(rows)
        run = self.connection.execute
        return [
            int(run(f"SELECT {self.origin} FROM {self.relation} ORDER BY {self.origin} "
                    f"LIMIT 1 OFFSET {row}").fetchall()[0][0])
            for row in rows
        ]  # fmt: skip

    def texts(self, name: str, rows: Sequence[int]) -> list[str]:
        """The texts of a column's cells in some rows, which ascend."""
        origins = self._origins(rows)
        found = self.connection.execute(
            f"SELECT {self.cell(name).stripped} FROM {self.relation} "
            f"WHERE {self.origin} IN (SELECT unnest($1::BIGINT[])) ORDER BY {self.origin}",
            [origins],
        ).fetchall()
        return ["" if text is None else str(text) for (text,) in found]


def positions_of(columns: Sequence[str]) -> dict[str, int]:
    """Where each name stands first."""
    return {name: n for n, name in reversed([*enumerate(columns)])}


class _BadCellsError(Exception):
    """Rows are to be left out."""

    def __init__(self, conditions: Mapping[str, str]) -> None:
        super().__init__()
        self.conditions = conditions


def said_of_lines(path: Path, lines: Sequence[int]) -> str:
    """Say which lines of a file were left out: the first ten, and how many."""
    shown = ", ".join(map(str, lines[:10])) + (", ..." if len(lines) > 10 else "")  # noqa: PLR2004
    word = "row is" if len(lines) == 1 else "rows are"
    return f"bad_rows: {len(lines):,} {word} left out of {path.name}: lines {shown}"


@contextmanager
def open_table(
    paths: Sequence[Path],
    reading: Reading | None = None,
    *,
    tell: Callable[[Any], bool] = tell_header,
    threads: int | None = None,
    verbatim: Collection[str] = (),
) -> Iterator[Table]:
    """Open files as one table; `tell` says of each head whether its first row holds names.

    The texts of columns that are `verbatim` are those of the file: of 7 neither 7.0 nor 07.
    """
    reading = reading or Reading()
    with open_sources(paths, reading) as sources, connect(sources, threads) as connection:
        told = tell if reading.header is None else _as_told(reading)
        loader = Loader(connection, reading, told, verbatim)
        loader.load(sources)
        table = Table(connection, loader, reading)
        if reading.where is not None:
            table.keep(reading.where)
        yield table


def _as_told(reading: Reading) -> Callable[[Any], bool]:
    return lambda _: bool(reading.header)
