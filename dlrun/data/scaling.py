"""Scales features; fitted on training rows only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dlrun.arrays import Scaling
from dlrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ENTRIES_PER_PIECE = 2**20
"""How many entries are widened to float64 at a time (8 MB)."""


def fit_scaling(x: NDArray[Any], kind: Literal["standard", "minmax", "none"]) -> Scaling | None:
    """Fits `(x - offset) / factor` to rows.

    `standard` takes the mean and the standard deviation (of the population, `ddof=0`), `minmax`
    the minimum and the range, as scikit-learn's `StandardScaler` and `MinMaxScaler` do. A column
    that is constant keeps the factor 1. Rows that are arrays (images) share one number for all
    entries.

    Args:
        x: `(rows, columns)` or `(rows, ...)`.
        kind: What to fit.

    Returns:
        One offset and one factor per column, or None for `none`.
    """
    if kind == "none":
        return None
    columns = x if x.ndim == 2 else x.reshape(-1, 1)  # noqa: PLR2004
    low = columns.min(axis=0).astype(np.float64)
    high = columns.max(axis=0).astype(np.float64)
    with np.errstate(over="ignore"):
        spread = high - low
        offset, factor = (low, spread) if kind == "minmax" else _mean_and_deviation(columns)
    constant = low == high
    offset = np.where(constant, low, offset)
    factor = np.where(constant, 1.0, factor)
    usable = np.isfinite(offset) & np.isfinite(factor) & (factor > 0)
    if not usable.all():
        raise DataError(
            f"column {int(np.argmin(usable)) + 1} of the features cannot be scaled: "
            f"its values, {low[~usable][0]:g} to {high[~usable][0]:g}, are too large or too close."
        )
    return Scaling(kind, tuple(offset.tolist()), tuple(factor.tolist()))


def apply_scaling(
    x: NDArray[Any], scaling: Scaling | None, *, where: str | None = None
) -> NDArray[np.float32]:
    """Scales rows: `(x - offset) / factor`, worked out in float64 and rounded once.

    Args:
        x: `(rows, columns)` or `(rows, ...)`.
        scaling: What was fitted, or None to leave the values as they are.
        where: The file, for messages.

    Returns:
        The same shape, float32.

    Raises:
        DataError: A value is too large for float32.
    """
    if scaling is None:
        return to_float32(x, "features", where=where)
    offset, factor = np.array(scaling.offset), np.array(scaling.factor)
    scaled = np.empty(x.shape, dtype=np.float32)
    for rows in _row_ranges(x):
        with np.errstate(over="ignore"):
            scaled[rows] = (x[rows].astype(np.float64) - offset) / factor
    _check_finite(scaled, x, "features", where)
    return scaled


def to_float32(values: NDArray[Any], name: str, *, where: str | None = None) -> NDArray[np.float32]:
    """Rounds to float32.

    Args:
        values: Finite numbers of any shape.
        name: What they are, for messages.
        where: The file, for messages.

    Returns:
        The same shape, float32; the same array where it is float32 already.

    Raises:
        DataError: A value is too large for float32.
    """
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    _check_finite(rounded, values, name, where)
    return rounded


def _check_finite(
    rounded: NDArray[np.float32], values: NDArray[Any], name: str, where: str | None
) -> None:
    finite = np.isfinite(rounded)
    if not finite.all():
        first = values.reshape(-1)[int(np.argmin(finite.reshape(-1)))]
        raise DataError(
            f"the {name} hold {float(first):g}, which is beyond the range of float32.",
            where=where,
            fix="Measure in a larger unit, or train with `dataset.scale`.",
        )


def _mean_and_deviation(
    columns: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = columns.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for rows in _row_ranges(columns):
        squares += ((columns[rows].astype(np.float64) - mean) ** 2).sum(axis=0)
    return mean, np.sqrt(squares / len(columns))


def _row_ranges(x: NDArray[Any]) -> Iterator[slice]:
    entries_per_row = max(1, x.size // max(1, len(x)))
    step = max(1, ENTRIES_PER_PIECE // entries_per_row)
    for start in range(0, len(x), step):
        yield slice(start, start + step)
