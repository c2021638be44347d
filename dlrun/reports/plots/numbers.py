"""The numbers that a plot shows, as the CSV beside it holds them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Sequence[tuple[str, Iterable[Any]]]
"""The columns of a table in their order, each with its name; two may have the same one."""

MOST_POINTS = 1_000  # of a curve: more than a plot has pixels


def to_csv(columns: Columns) -> bytes:
    """Write columns of one length as CSV: numbers in full, nothing for what is not finite."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    cells = ([_cell(value) for value in values] for _, values in columns)
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode("utf-8", "backslashreplace")


def stacked(parts: Iterable[Columns]) -> Columns:
    """Put tables with the same columns below each other."""
    names: list[str] = []
    below: list[list[Any]] = []
    for part in parts:
        if not names:
            names, below = [name for name, _ in part], [[] for _ in part]
        for column, (_, values) in zip(below, part, strict=True):
            column.extend(values)
    return list(zip(names, below, strict=True))


def thinned(count: int, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Choose at most so many of the points of a curve, evenly spaced, both ends among them."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.int64)


def _cell(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    is_missing = plain is None or (isinstance(plain, float) and not math.isfinite(plain))
    return "" if is_missing else plain
