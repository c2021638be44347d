"""Finds whole numbers that lose their last digits as floats: identifiers, counts, times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array
from dlrun.data.streams import chunks

FLOAT32_EXACT: Final = 2**24  # up to here float32 holds every whole number
WHOLE: Final = 2**53 - 1
"""Up to here no whole number shares its float64 with another one; beyond, every float64 is whole,
whether it counts something or measures it."""


def rounded_wholes(values: Array, names: Sequence[str] | None, *, what: str, fix: str) -> list[str]:
    """Tell which columns hold whole numbers that float32 rounds: one line each, with the first.

    Values are `(rows, columns)` or `(rows, ...)`, of which more axes are taken together. `what`
    they are is said where they have no names: `feature`. `fix` is what helps, in one sentence.
    """
    if np.can_cast(values.dtype, np.float32, "safe"):
        return []
    width = values.shape[1] if values.ndim == 2 else 1  # noqa: PLR2004
    counts, examples = np.zeros(width, np.int64), [""] * width
    for chunk in chunks(values):
        columns = chunk.reshape(-1, width)
        rounded, changed = _changed(columns)
        if not changed.any():
            continue
        for column in np.flatnonzero(changed.any(axis=0) & (counts == 0)).tolist():
            row = int(np.argmax(changed[:, column]))
            before, after = int(columns[row, column]), int(rounded[row, column])
            examples[column] = f"{before} becomes {after}"
        counts += changed.sum(axis=0)
    if not counts.any():
        return []
    totals = np.full(width, math.prod(values.shape) // width)
    for chunk in chunks(values) if values.dtype.kind == "f" else ():
        totals -= np.isnan(chunk.reshape(-1, width)).sum(axis=0)
    lines = []
    for column in np.flatnonzero(counts).tolist():
        if names is not None and len(names) == width:
            whose = f"{what} {names[column]!r}"
        else:
            whose = f"{what} {column + 1}" if width > 1 else f"the {what}s"
        lines.append(
            f"warning: {whose}: {counts[column]} of {totals[column]} whole numbers are rounded "
            f"by float32, such as: {examples[column]}. {fix}"
        )
    return lines


def exact_whole(cell: str) -> int:
    """Every digit of the whole number that a cell holds, which float64 takes for a whole one."""
    return int(Decimal(cell.strip()))


def merges_wholes(values: Array) -> bool:
    """Whether some of the whole numbers stand where float64 merges neighbours."""
    return any(bool((np.abs(chunk) > WHOLE).any()) for chunk in chunks(values))


def _changed(columns: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What float32 makes of numbers, and which whole ones it changes."""
    large = np.abs(columns) > FLOAT32_EXACT
    if not large.any():
        return columns[:0], large
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = columns.astype(np.float32)
        if columns.dtype.kind == "f":
            large &= (np.abs(columns) < WHOLE) & (columns == np.floor(columns))
            return rounded, large & (rounded != columns)
        return rounded, large & (rounded.astype(columns.dtype) != columns)
