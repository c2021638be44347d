"""An array in a few numbers, for those that are too large to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.formulas.working import Place


@dataclass(frozen=True)
class Statistics:
    """What an array is like. Entries that are not finite count in `not_finite` only.

    Attributes:
        shape: Its shape.
        dtype: Its dtype, such as `float32`.
        mean: The mean; None where there is no finite entry, as for the next three.
        std: The standard deviation (of the population).
        min: The smallest entry.
        max: The largest entry.
        zeros: The share of entries that are 0, from 0 to 1.
        norm: The Euclidean length.
        not_finite: How many entries are NaN or infinite.
    """

    shape: tuple[int, ...]
    dtype: str
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    zeros: float
    norm: float
    not_finite: int


def statistics(array: NDArray[Any]) -> Statistics:
    """Measure an array, in float64.

    Args:
        array: Numbers of any shape.
    """
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
    """Find the entries of the largest magnitude.

    Args:
        array: Numbers of any shape.
        count: How many at most.

    Returns:
        Their indices, the largest first; of equal ones the first.
    """
    order = np.argsort(-np.abs(np.asarray(array).reshape(-1)), kind="stable")[:count]
    return [tuple(int(n) for n in np.unravel_index(one, np.shape(array))) for one in order]
