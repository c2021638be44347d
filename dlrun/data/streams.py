"""Reads rows of an array in a file by their numbers, without ever holding the whole file."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, StreamedArray
from dlrun.data.files import spool_folder
from dlrun.errors import DataError, DlrunError

PART_BYTES = 2**20
PART_ROWS = 1024
"""How many rows are looked up at a time: so many, or as many as have so many bytes. What lies
between them then stays below 4 MB, which the caches of a processor hold."""

PAGE_BYTES = 4096
"""Rows are read with all that lies between them where that is no more than this for each row."""


class RowFile:
    """The rows, `(rows, ...)`, of an array that begins at some offset in an open file.

    They are read, not mapped into memory: every page of a mapping that was ever touched counts as
    memory of the process, and with it, in the end, the whole file.
    """

    def __init__(
        self,
        descriptor: int,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        *,
        offset: int = 0,
    ) -> None:
        self._descriptor = os.dup(descriptor)
        self._dtype = dtype
        self._shape = shape
        self._offset = offset
        self._row_bytes = dtype.itemsize * math.prod(shape[1:])

    def __del__(self) -> None:
        """Close the file; one without a name is gone then."""
        os.close(self._descriptor)

    def __len__(self) -> int:
        """The number of rows."""
        return self._shape[0]

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Read the rows of a slice without a step, or of row numbers."""
        if isinstance(rows, slice):
            begin, end, _ = rows.indices(len(self))
            return self._read(begin, max(0, end - begin))
        taken = np.empty((len(rows), *self._shape[1:]), self._dtype)
        order = np.argsort(rows)
        step = min(PART_ROWS, max(1, PART_BYTES // max(1, self._row_bytes)))
        for begin in range(0, len(rows), step):
            places = order[begin : begin + step]
            self._gather(rows[places], places, taken)
        return taken

    def _gather(self, numbers: NDArray[Any], places: NDArray[Any], taken: NDArray[Any]) -> None:
        """Read ascending rows to their places: at once where they are close together, or singly."""
        size = self._row_bytes
        first, span = int(numbers[0]), int(numbers[-1]) - int(numbers[0]) + 1
        if span * size <= max(PAGE_BYTES, 2 * size) * len(numbers):
            taken[places] = self._read(first, span)[numbers - first]
            return
        view = memoryview(taken.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        offsets = (numbers.astype(np.int64) * size + self._offset).tolist()
        starts = (places * size).tolist()
        with _reading():
            done = sum(
                os.preadv(self._descriptor, [view[start : start + size]], offset)
                for start, offset in zip(starts, offsets, strict=True)
            )
        _check(done, size * len(numbers))

    def _read(self, begin: int, count: int) -> NDArray[Any]:
        rows = np.empty((count, *self._shape[1:]), self._dtype)
        if not rows.size:
            return rows
        view = memoryview(rows.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        done, place = 0, self._offset + begin * self._row_bytes
        with _reading():
            while step := os.preadv(self._descriptor, [view[done:]], place + done):
                done += step
        _check(done, len(view))
        return rows


def _check(done: int, wanted: int) -> None:
    if done != wanted:
        raise DataError("the file with the rows has become shorter while it was read.")


@contextmanager
def _reading() -> Iterator[None]:
    """Turn an error of reading into one that the user can read."""
    try:
        yield
    except OSError as error:
        raise DataError(f"the rows cannot be read from the disk: {error.strerror}.") from error


ENTRIES_PER_CHUNK = 2**20  # how many entries a chunk has; as float64 they are 8 MB


def row_ranges(shape: tuple[int, ...]) -> Iterator[slice]:
    """The rows of each chunk; they depend on the shape alone, not on where the rows are kept."""
    step = max(1, ENTRIES_PER_CHUNK // max(1, math.prod(shape[1:])))
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def chunks(array: Array) -> Iterator[NDArray[Any]]:
    """The rows, in order, in chunks that are in memory; see `row_ranges`."""
    for rows in row_ranges(array.shape):
        yield array[rows]


class MemoryRows(AbstractContextManager["MemoryRows"]):
    """Rows that are collected in memory; used like a `DiskRows`."""

    def __init__(self) -> None:
        self._chunks: list[NDArray[Any]] = []

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        self._chunks.append(rows)

    def array(self) -> NDArray[Any]:
        """Return all rows that were added."""
        return np.concatenate(self._chunks)


class DiskRows(AbstractContextManager["DiskRows"]):
    """Rows that are written one chunk after another to a file without a name.

    The system forgets the file when it is closed, however the process ends, so there is nothing to
    clean up. Use as a context manager; what `array` returns stays usable after it.
    """

    def __init__(self) -> None:
        self._folder = spool_folder()
        with _writing(self._folder):
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  closed in __exit__
        self._rows = 0
        self._like: NDArray[Any] | None = None

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        with _writing(self._folder):
            self._file.close()

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows, of the same dtype and row shape each time."""
        self._like = rows[:0]
        self._rows += len(rows)
        with _writing(self._folder):
            self._file.write(np.ascontiguousarray(rows).data.cast("B") if rows.size else b"")

    def fileno(self) -> int:
        """Return the descriptor of the file, in which everything written stands."""
        with _writing(self._folder):
            self._file.flush()
        return self._file.fileno()

    def array(self) -> StreamedArray:
        """Return all rows that were written."""
        like = np.empty((0,)) if self._like is None else self._like
        return StreamedArray(RowFile(self.fileno(), like.dtype, (self._rows, *like.shape[1:])))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn an error of writing into one that the user can mend."""
    try:
        yield
    except OSError as error:
        what = f"rows that do not fit into memory cannot be kept here: {error.strerror}."
        fix = "They need 8 bytes for each number; name a folder with enough space in TMPDIR."
        raise DlrunError(what, where=str(folder), fix=fix) from error
