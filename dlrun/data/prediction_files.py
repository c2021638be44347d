"""Writes columns, chunk by chunk, as a CSV or a Parquet file."""

from __future__ import annotations

import csv
import io
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlrun.data.decimals import decimals, packed, texts, wholes
from dlrun.data.files import spool_folder

_MOST_BYTES: Final = 16 * 2**20  # that rows with wide texts may take while they are laid out
_BLOCK: Final = 2**14  # rows that are laid out at a time


@dataclass(frozen=True)
class Named:
    """A column of classes."""

    numbers: NDArray[np.int64]  # (rows,)
    names: tuple[str, ...]  # by class number


Column: TypeAlias = NDArray[Any] | Named | Sequence[str | None]
"""Numbers `(rows,)`, whole ones of at least 0 or float32, classes, or texts, None where empty."""


class Rows(ABC):
    """A file of rows; every chunk has the same columns."""

    @abstractmethod
    def write(self, names: Sequence[str], columns: Sequence[Column]) -> None:
        """Write one chunk."""


class CsvRows(Rows):
    """A CSV: each number as the shortest decimal that reads back as the same float32."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = False

    def write(self, names: Sequence[str], columns: Sequence[Column]) -> None:
        """Write one chunk, the header before the first one."""
        if not self._begun:
            self._begun = True
            csv.writer(self._stream, lineterminator="\n").writerow(names)
        cells = [_cells(column) for column in columns]
        for begin in range(0, len(cells[0]), _BLOCK):
            self._write([column[begin : begin + _BLOCK] for column in cells])

    def _write(self, cells: list[_Cells]) -> None:
        rows = len(cells[0])
        width = sum(column.width() for column in cells)
        if rows > 1 and rows * width > _MOST_BYTES:  # a long text makes all of its column wide
            for half in (slice(0, rows // 2), slice(rows // 2, rows)):
                self._write([column[half] for column in cells])
            return
        comma, end = (np.full((rows, 1), ord(mark), np.uint8) for mark in ",\n")
        parts = [part for column in cells for part in (column.layout(), comma)]
        self._stream.write(packed([*parts[:-1], end]).decode("utf-8", "surrogateescape"))


class ParquetRows(Rows, AbstractContextManager["ParquetRows"]):
    """A Parquet file, complete when the block ends; till then its rows are beside it on the disk.

    A column of texts that are all whole numbers, written as such, is one of whole numbers.
    """

    def __init__(self, path: Path) -> None:
        import duckdb  # noqa: PLC0415  not needed for a CSV, which most files are

        self._path = path
        self._folder = tempfile.TemporaryDirectory(dir=spool_folder())
        self._duckdb = duckdb.connect(f"{self._folder.name}/rows.duckdb")
        self._names: Sequence[str] = ()
        self._texts: list[str] = []  # the places of columns of texts

    def __exit__(self, kind: object, *_: object) -> None:
        """Write the file, unless the block has failed, and forget the rows."""
        try:
            if kind is None and self._names:
                read = [
                    f"{self._typed(f'c{number}')} AS {_quoted(name)}"
                    for number, name in enumerate(self._names)
                ]
                path = str(self._path).replace("'", "''")
                copied = f"SELECT {', '.join(read)} FROM rows ORDER BY rowid"  # noqa: S608
                self._duckdb.execute(f"COPY ({copied}) TO '{path}' (FORMAT parquet)")
        finally:
            self._duckdb.close()
            self._folder.cleanup()

    def write(self, names: Sequence[str], columns: Sequence[Column]) -> None:
        """Add one chunk."""
        given: dict[str, NDArray[Any]] = {}
        classes: list[list[str]] = []
        read = []
        # Names of our own: to DuckDB `probability_A` and `probability_a` are the same.
        for place, column in ((f"c{number}", column) for number, column in enumerate(columns)):
            if isinstance(column, Named):
                given[place] = column.numbers
                classes.append(list(column.names))
                read.append(f"list_extract(${len(classes)}, {place} + 1) AS {place}")
            elif isinstance(column, np.ndarray):
                given[place] = column
                read.append(place)
            else:
                given[place] = np.array([*column, None], dtype=object)[:-1]
                read.append(f"{place}::VARCHAR AS {place}")
                self._texts += [] if self._names else [place]
        self._duckdb.register("chunk", given)
        how = "INSERT INTO rows" if self._names else "CREATE TABLE rows AS"
        self._duckdb.execute(f"{how} SELECT {', '.join(read)} FROM chunk", classes)  # noqa: S608
        self._duckdb.unregister("chunk")
        self._names = tuple(names)

    def _typed(self, place: str) -> str:
        """Read a column, one of texts as whole numbers where it is one."""
        if place not in self._texts:
            return place
        same = f"TRY_CAST({place} AS BIGINT)::VARCHAR IS NOT DISTINCT FROM {place}"
        found = self._duckdb.execute(f"SELECT bool_and({same}) AND count({place}) > 0 FROM rows")  # noqa: S608
        first = found.fetchone()
        return f"{place}::BIGINT" if first and first[0] else place


@dataclass(frozen=True)
class _Cells:
    """The cells of a column, quoted where CSV needs it."""

    numbers: NDArray[Any] | None  # (rows,); class numbers where there are names
    names: NDArray[np.uint8] | None = None  # (classes, width)
    texts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.texts if self.numbers is None else self.numbers)

    def __getitem__(self, rows: slice) -> _Cells:
        if self.numbers is None:
            return _Cells(None, texts=self.texts[rows])
        return _Cells(self.numbers[rows], self.names)

    def width(self) -> int:
        """How many bytes a cell may have."""
        if self.numbers is None:
            return 4 * max(map(len, self.texts), default=0)
        return 24 if self.names is None else self.names.shape[1]

    def layout(self) -> NDArray[np.uint8]:
        """Lay the cells out as `decimals` does, `(rows, width)`."""
        if self.numbers is None:
            return texts(self.texts)
        if self.names is not None:
            return np.asarray(self.names[self.numbers])
        return (decimals if self.numbers.dtype == np.float32 else wholes)(self.numbers)


def _cells(column: Column) -> _Cells:
    if isinstance(column, Named):
        return _Cells(column.numbers, texts(_in_csv(column.names)))
    return _Cells(column) if isinstance(column, np.ndarray) else _Cells(None, texts=_in_csv(column))


def _in_csv(cells: Sequence[str | None]) -> list[str]:
    """Quote what has to be quoted; no text is an empty cell."""
    plain = [cell or "" for cell in cells]
    joined = "".join(plain)
    if not any(mark in joined for mark in ',"\n\r'):
        return plain
    written = []
    for cell in plain:
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator="\n").writerow([cell, ""])
        written.append(stream.getvalue()[:-2])
    return written


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
