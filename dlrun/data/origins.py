"""Tells by what rows are found again in the data they come from: their keys and their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, Origin, Samples, StreamedArray
from dlrun.column import FittedColumn, RawColumn
from dlrun.data.rounding import WHOLE

Places = Callable[[Sequence[int]], list[str]]


def origins_of(
    dataset: Dataset,
    present: Mapping[str, Samples],
    numbers: Mapping[str, NDArray[Any]],
    columns: Sequence[FittedColumn],
) -> dict[str, Origin]:
    """Tell where the rows of each split come from.

    Args:
        dataset: What was divided.
        present: The raw rows of each split.
        numbers: Which of the dataset's own training rows they are, by split.
        columns: The columns of its table, fitted.
    """
    at = [place for place, column in enumerate(columns) if column.carried]
    raw = tuple((dataset.raw_columns or ())[place] for place in at)
    return {
        split: Origin(
            raw, _columns(rows.x, at) if at else None, _places(dataset, split, numbers.get(split))
        )
        for split, rows in present.items()
    }


def _columns(x: Array, at: list[int]) -> Array:
    return x.changed(lambda rows: rows[:, at]) if isinstance(x, StreamedArray) else x[:, at]


def _places(dataset: Dataset, split: str, numbers: NDArray[Any] | None) -> Places | None:
    """What says where rows of a split stand; nothing where a whole file is too long to be read."""
    place = dataset.own_places.get(split) if numbers is None else dataset.place
    if place is None or dataset.streamed is not None:
        return None
    many: Places = getattr(place, "of", None) or (lambda rows: [place(row) for row in rows])
    if numbers is None:
        return many
    return lambda rows: many([int(numbers[row]) for row in rows])


def keys_of(origin: Origin | None, rows: slice | NDArray[Any]) -> dict[str, list[str | None]]:
    """Write the keys of some rows of a split, by column; None where a cell is empty."""
    if origin is None or origin.values is None:
        return {}
    taken = np.asarray(origin.values[rows], np.float64)  # (rows, keys)
    return {
        key.name: [_written(key, value) for value in column.tolist()]
        for key, column in zip(origin.keys, taken.T, strict=True)
    }


def _written(column: RawColumn, value: float) -> str | None:
    if value != value:  # noqa: PLR0124  NaN: it is missing
        return None
    if column.holds == "text":
        return column.texts[int(value)]
    if column.holds == "time":
        return write_time(value)
    return f"{int(value)}" if value.is_integer() and abs(value) <= WHOLE else f"{value}"


def write_time(seconds: float) -> str:
    """Write a time, in seconds since 1970, as ISO 8601 has it; of a midnight the day."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%d" if seconds % 86400 == 0 else "%Y-%m-%d %H:%M:%S")
