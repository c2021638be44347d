"""The values of a column in the training rows, and their sums, always in the order of the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SAMPLE = 100_000
"""From so many rows, evenly taken, it is told how the values of a column are spread."""

BINS = 10
"""Into so many parts of about equally many training rows."""


@dataclass(frozen=True, eq=False)
class TrainingValues:
    """What a column is fitted to.

    Sums are taken row by row, block by block, as NumPy adds up the rows of a matrix of several
    columns; of a matrix with a single one (`alone`) it adds up pairs.
    """

    array: NDArray[np.float64]  # (rows,), NaN where a value is missing
    block: int | None = None  # how many rows are added up before their sum is added; None for all
    alone: bool = False

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.array)

    @cached_property
    def lacking(self) -> NDArray[np.bool_]:
        """Which rows have no value, `(rows,)`."""
        return np.isnan(self.array)

    @cached_property
    def missing(self) -> int:
        """How many rows have no value."""
        return int(np.count_nonzero(self.lacking))

    @cached_property
    def present(self) -> NDArray[np.float64]:
        """The values that are there, in the order of the rows."""
        return self.array if not self.missing else self.array[~self.lacking]

    @property
    def sample(self) -> NDArray[np.float64]:
        """At most `SAMPLE` of the values, evenly taken, missing ones among them."""
        return self.array[:: math.ceil(max(len(self), 1) / SAMPLE)]

    def sum(self, values: NDArray[np.float64]) -> float:
        """Add up something that was made of the values, `(rows,)`."""
        total, block = 0.0, self.block or max(len(values), 1)
        for begin in range(0, len(values), block):
            part = values[begin : begin + block]
            total += float(part.sum() if self.alone else np.add.accumulate(part)[-1])
        return total

    def mean_and_deviation(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Give the mean and, in a second pass, the standard deviation about it (`ddof=0`)."""
        mean = self.sum(values) / len(values)
        return mean, math.sqrt(self.sum((values - mean) ** 2) / len(values))


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
