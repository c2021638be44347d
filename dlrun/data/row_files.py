"""Reads rows of an array in a file by their numbers, without ever holding the whole file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.errors import DataError

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
