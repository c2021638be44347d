"""The values of a column in the training rows, and their sums, always in the order of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Change: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

SAMPLE = 100_000
"""From so many rows, evenly taken, it is told how the values of a column are spread."""

BINS = 10
"""Into so many parts of about equally many training rows."""


@dataclass(frozen=True, eq=False)
class TrainingValues:
    """What a column is fitted to: changed and added up block by block, never copied as a whole.

    Sums are taken row by row, block by block, as NumPy adds up the rows of a matrix of several
    columns; of a matrix with a single one (`alone`) it adds up pairs.
    """

    array: NDArray[np.float64]  # (rows,), NaN where a value is missing
    block: int | None = None  # how many rows are added up before their sum is added; None for all
    alone: bool = False
    changes: tuple[Change, ...] = ()  # done to each block when it is taken

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.array)

    def changed(self, change: Change) -> TrainingValues:
        """Do one more thing to the values, each by itself."""
        return replace(self, changes=(*self.changes, change))

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """Give the values in their order, `(some rows,)` at a time."""
        step = self.block or max(len(self), 1)
        for begin in range(0, len(self), step):
            part = self.array[begin : begin + step]
            for change in self.changes:
                part = change(part)
            yield part

    def whole(self) -> NDArray[np.float64]:
        """Give all values at once, `(rows,)`: 8 bytes a row."""
        return _joined(self.blocks(), len(self)) if self.changes else self.array

    @cached_property
    def missing(self) -> int:
        """How many rows have no value."""
        return sum(int(np.count_nonzero(np.isnan(part))) for part in self.blocks())

    @property
    def present(self) -> TrainingValues:
        """The values that are there, in the order of the rows; a copy where some are missing."""
        if not self.missing:
            return self
        there = _joined(map(_there, self.blocks()), len(self) - self.missing)
        return replace(self, array=there, changes=())

    @property
    def sample(self) -> NDArray[np.float64]:
        """At most `SAMPLE` of the values, evenly taken, missing ones among them."""
        return self.array[:: math.ceil(max(len(self), 1) / SAMPLE)]

    def sum(self) -> float:
        """Add them up."""
        total = 0.0
        for part in self.blocks():
            total += float(part.sum() if self.alone else np.add.accumulate(part)[-1])
        return total

    def mean_and_deviation(self) -> tuple[float, float]:
        """Give the mean and, in a second pass, the standard deviation about it (`ddof=0`)."""
        mean = self.sum() / len(self)
        squares = self.changed(lambda part: (part - mean) ** 2)
        return mean, math.sqrt(squares.sum() / len(self))

    def median(self) -> float:
        """Give the median of what is there."""
        there = self.present.whole()
        return float(np.median(there, overwrite_input=there is not self.array))

    def range(self) -> tuple[float, float]:
        """Give the smallest and the largest of what is there."""
        parts = [part for part in map(_there, self.blocks()) if len(part)]
        return float(min(part.min() for part in parts)), float(max(part.max() for part in parts))

    def tally(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Give the different ones of what is there, ascending, and how many rows have each."""
        tallies = [np.unique(_there(part), return_counts=True) for part in self.blocks()]
        if not tallies:
            return np.empty(0), np.empty(0, np.int64)
        values, counts = (np.concatenate(each) for each in zip(*tallies, strict=True))
        found, places = np.unique(values, return_inverse=True)
        return found, np.bincount(places, counts, len(found)).astype(np.int64)


def _there(part: NDArray[np.float64]) -> NDArray[np.float64]:
    lacking = np.isnan(part)
    return part[~lacking] if lacking.any() else part


def _joined(parts: Iterable[NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
    """Put parts of so many rows together; `concatenate` would hold all of them twice."""
    whole, begin = np.empty(rows), 0
    for part in parts:
        whole[begin : begin + len(part)] = part
        begin += len(part)
    return whole


def edges_between(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Give the values that end a tenth, two tenths, ... of those that are not missing."""
    there = values[~np.isnan(values)]
    if not len(there):
        return ()
    inner = np.quantile(there, np.arange(1, BINS) / BINS, method="lower")
    return tuple(np.unique(inner).tolist())


def name_bins(edges: Sequence[str]) -> tuple[str, ...]:
    """Name what lies between edges, and what is missing."""
    if not edges:
        return ("any", "missing")
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return (f"to {edges[0]}", *between, f"above {edges[-1]}", "missing")


def count_between(values: NDArray[np.float64], edges: Sequence[float]) -> NDArray[np.int64]:
    """Count values up to and including each edge, those above all, and those that are missing."""
    lacking = np.isnan(values)
    places = np.searchsorted(np.array(edges), values[~lacking], side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return np.append(counts, np.count_nonzero(lacking)).astype(np.int64)
