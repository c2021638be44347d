"""Scales features; fitted on training rows only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Scaling, StreamedArray
from dlrun.data.streams import chunks, row_ranges
from dlrun.errors import DataError

STEPS_AND_FEATURES = 2
"""The axes of a sample of a sequence, as Keras's recurrent layers and `Conv1D` read it."""


def fit_scaling(
    x: Array,
    kind: Literal["standard", "minmax", "none"],
    *,
    images: bool = False,
    name: str = "features",
) -> Scaling | None:
    """Fit `(x - offset) / factor` to rows; `none` gives None.

    `standard` takes the mean and the standard deviation (of the population, `ddof=0`), `minmax`
    the minimum and the range, as scikit-learn's `StandardScaler` and `MinMaxScaler` do. A feature
    that is constant keeps the factor 1. In memory or streamed, the numbers are the same.

    `(rows, columns)` and `(rows, steps, features)` are fitted for each entry of the last axis, over
    all rows and steps; `(rows, height, width, channels)` and more axes, and `(rows, height, width)`
    of images, share one number.
    """
    if kind == "none":
        return None
    sample = x.shape[1:]
    apart = 1 if images and len(sample) > 1 else scaled_apart(sample)
    low, high = _range(x, apart)
    with np.errstate(over="ignore"):
        spread = high - low
        offset, factor = (low, spread) if kind == "minmax" else _mean_and_deviation(x, apart)
    constant = low == high
    offset = np.where(constant, low, offset)
    factor = np.where(constant, 1.0, factor)
    usable = np.isfinite(offset) & np.isfinite(factor) & (factor > 0)
    if not usable.all():
        raise DataError(
            f"{'column' if x.ndim == 2 else 'feature'} {int(np.argmin(usable)) + 1} of the "  # noqa: PLR2004
            f"{name} cannot be scaled: "
            f"its values, {low[~usable][0]:g} to {high[~usable][0]:g}, are too large or too close."
        )
    return Scaling(kind, tuple(offset.tolist()), tuple(factor.tolist()))


def scaled_apart(sample: tuple[int, ...]) -> int:
    """How many numbers of a sample are scaled each by itself; 1 for images and the like."""
    return sample[-1] if 1 <= len(sample) <= STEPS_AND_FEATURES else 1


def apply_scaling(x: Array, scaling: Scaling | None, *, where: str | None = None) -> Any:
    """Scale rows: `(x - offset) / factor`, worked out in float64 and rounded once to float32.

    One number stands for all entries, several for those of the last axis; None leaves the values as
    they are. Streamed rows are scaled when they are taken. `where` is the file, for messages.
    """
    if isinstance(x, StreamedArray):
        return x.changed(partial(apply_scaling, scaling=scaling, where=where))
    if scaling is None:
        return to_float32(x, "features", where=where)
    offset, factor = np.array(scaling.offset), np.array(scaling.factor)
    scaled = np.empty(x.shape, dtype=np.float32)
    for rows in row_ranges(x.shape):
        with np.errstate(over="ignore"):
            scaled[rows] = (x[rows].astype(np.float64) - offset) / factor
    _check_finite(scaled, x, "features", where)
    return scaled


def to_float32(values: Array, name: str, *, where: str | None = None) -> Any:
    """Round finite numbers of any shape to float32; streamed rows when they are taken."""
    if isinstance(values, StreamedArray):
        return values.changed(partial(to_float32, name=name, where=where))
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
        what = f"the {name} hold {float(first):g}, which is beyond the range of float32."
        fix = "Measure in a larger unit, or train with `dataset.scale`."
        raise DataError(what, where=where, fix=fix)


def _range(x: Array, apart: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The minimum and the maximum, `(apart,)` each."""
    ends = [(columns.min(axis=0), columns.max(axis=0)) for columns in _columns(x, apart)]
    lows, highs = zip(*ends, strict=True)
    return np.min(lows, axis=0).astype(np.float64), np.max(highs, axis=0).astype(np.float64)


def _mean_and_deviation(x: Array, apart: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean, `(apart,)`, and in a second pass the standard deviation about it."""
    entries = len(x) * (math.prod(x.shape[1:]) // apart)
    total = sum(columns.sum(axis=0, dtype=np.float64) for columns in _columns(x, apart))
    mean: NDArray[np.float64] = np.asarray(total) / entries
    squares = sum(((columns.astype(np.float64) - mean) ** 2).sum(axis=0)
                  for columns in _columns(x, apart))  # fmt: skip
    return mean, np.sqrt(squares / entries)


def _columns(x: Array, apart: int) -> Iterator[NDArray[Any]]:
    """The rows in chunks of `(entries, apart)`."""
    return (chunk.reshape(-1, apart) for chunk in chunks(x))
