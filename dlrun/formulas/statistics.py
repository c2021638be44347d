"""An array in a few numbers, for those that are too large to be read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.working import Place


@dataclass(frozen=True)
class Statistics:
    """What an array is like. Entries that are not finite count in `not_finite` only."""

    shape: tuple[int, ...]
    dtype: str
    mean: float | None  # None where no entry is finite, as for the next three
    std: float | None  # of the population
    min: float | None
    max: float | None
    zeros: float  # the share of entries that are 0, from 0 to 1
    norm: float  # the Euclidean length
    not_finite: int  # how many entries are NaN or infinite


def statistics(array: NDArray[Any]) -> Statistics:
    """Measure an array of any shape, in float64."""
    numbers = np.asarray(array, dtype=np.float64).reshape(-1)
    finite = numbers[np.isfinite(numbers)]
    mean, std, low, high = (
        (float(function(finite)) if finite.size else None)
        for function in (np.mean, np.std, np.min, np.max)
    )
    return Statistics(
        shape=tuple(array.shape),
        dtype=str(array.dtype),
        mean=mean,
        std=std,
        min=low,
        max=high,
        zeros=float(np.mean(numbers == 0)) if numbers.size else 0.0,
        norm=float(np.linalg.norm(finite)),
        not_finite=int(numbers.size - finite.size),
    )


def largest_places(array: NDArray[Any], count: int) -> list[Place]:
    """Find the entries of the largest magnitude, the largest first; of equal ones the first."""
    order = np.argsort(-np.abs(np.asarray(array).reshape(-1)), kind="stable")[:count]
    return [tuple(int(n) for n in np.unravel_index(one, np.shape(array))) for one in order]
