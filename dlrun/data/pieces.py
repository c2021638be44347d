"""Cuts arrays into pieces of rows, so that what is worked out in between stays small."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from dlrun.arrays import Array

ENTRIES_PER_PIECE = 2**20  # how many entries a piece has; as float64 they are 8 MB


def row_ranges(shape: tuple[int, ...]) -> Iterator[slice]:
    """The rows of each piece; they depend on the shape alone, not on where the rows are kept."""
    step = max(1, ENTRIES_PER_PIECE // max(1, math.prod(shape[1:])))
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def pieces(array: Array) -> Iterator[NDArray[Any]]:
    """The rows, in order, in pieces that are in memory; see `row_ranges`."""
    for rows in row_ranges(array.shape):
        yield array[rows]
