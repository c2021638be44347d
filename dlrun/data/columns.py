"""Fits the columns of a table to training rows, and turns raw rows into packed ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, StreamedArray
from dlrun.column import CellError
from dlrun.columns import fit_column
from dlrun.columns.packing import pack
from dlrun.columns.values import TrainingValues
from dlrun.data.streams import ENTRIES_PER_CHUNK, chunks, row_ranges
from dlrun.errors import DataError
from dlrun.wording import count, list_some, quote

if TYPE_CHECKING:
    from dlrun.arrays import View
    from dlrun.column import ColumnKind, FittedColumn, RawColumn

MOST_NAMED: Final = 8
"""How many columns of which the same is said are named."""

MAX_PLACES: Final = 10
"""How many cells that cannot be taken are named with their places."""


def fit_columns(
    x: Array, raw: Sequence[RawColumn], kinds: Sequence[ColumnKind], *, scale: str
) -> tuple[FittedColumn, ...]:
    """Fit every column to the raw training rows `x`, `(rows, columns)`, NaN where none is."""
    block = max(1, ENTRIES_PER_CHUNK // max(1, len(raw)))
    return tuple(
        fit_column(
            kind, column, TrainingValues(_column(x, place), block, len(raw) == 1), scale=scale
        )
        for place, (kind, column) in enumerate(zip(kinds, raw, strict=True))
    )


def _column(x: Array, place: int) -> NDArray[np.float64]:
    """Hold one column in memory, `(rows,)`: 8 bytes a row, whatever the others are."""
    return np.concatenate([chunk[:, place] for chunk in chunks(x)])


def check_missing(dataset: Dataset, columns: Sequence[FittedColumn]) -> None:
    """Refuse missing values where their column does not say what becomes of them, all at once."""
    refused = _refusals(columns, dataset.raw_columns or ())
    if not refused:
        return
    cells: list[tuple[int, str]] = []
    totals = dict.fromkeys(refused, 0)
    begin = 0
    for chunk in chunks(dataset.train.x):
        for place, (name, _) in refused.items():
            rows = np.flatnonzero(np.isnan(chunk[:, place]))
            totals[place] += len(rows)
            cells += [(begin + int(row), name) for row in rows[:MAX_PLACES]]
        begin += len(chunk)
    if dataset.test is not None:
        for chunk in chunks(dataset.test.x):
            for place in refused:
                totals[place] += int(np.isnan(chunk[:, place]).sum())
    if sum(totals.values()):
        raise _missing(dataset, cells, [(*refused[place], n) for place, n in totals.items() if n])


def _refusals(
    columns: Sequence[FittedColumn], raw: Sequence[RawColumn]
) -> dict[int, tuple[str, CellError]]:
    """The columns that take no missing value, by place: their names and what they say to one."""
    refused = {}
    for place, (column, read) in enumerate(zip(columns, raw, strict=True)):
        try:
            column.apply(np.array([np.nan]), read.texts)
        except CellError as error:
            refused[place] = (column.name, error)
    return refused


def _missing(
    dataset: Dataset,
    cells: Sequence[tuple[int, str]],
    totals: Sequence[tuple[str, CellError, int]],
) -> DataError:
    shown = [f"{_place(dataset, row)}: {quote(name)}" for row, name in sorted(cells)[:MAX_PLACES]]
    total = sum(number for _, _, number in totals)
    by_column = ", ".join(f"{quote(name)} {number}" for name, _, number in totals)
    more = f"\n  ... and {total - len(shown)} more" if total > len(shown) else ""
    return DataError(
        f"{count(total, 'cell')} of the features {'is' if total == 1 else 'are'} empty "
        f"({by_column}):\n  " + "\n  ".join(shown) + more,
        fix=totals[0][1].fix,
    )


def pack_rows(
    x: Array,
    raw: Sequence[RawColumn],
    columns: Sequence[FittedColumn],
    views: Sequence[View],
) -> Any:
    """Turn raw rows into packed ones, `(rows, width)`, float32; streamed ones when they are taken.

    Raises:
        CellError: A value cannot be taken; rows are counted from the first one.
    """
    if isinstance(x, StreamedArray):
        return x.changed(partial(pack_rows, raw=raw, columns=columns, views=views))
    packed: list[NDArray[np.float32]] = []
    for rows in row_ranges(x.shape):
        try:
            packed.append(pack(columns, views, raw, x[rows]))
        except CellError as error:
            error.row += rows.start
            raise
    return np.concatenate(packed) if packed else pack(columns, views, raw, x)


def wrong_cell(error: CellError, dataset: Dataset, x: Array) -> DataError:
    """Say where in the file of a dataset the cell stands of which some of its rows, `x`, told."""
    row = x[np.array([error.row])][0]  # (columns,)
    begin = 0
    for chunk in chunks(dataset.train.x):
        same = ((chunk == row) | (np.isnan(chunk) & np.isnan(row))).all(axis=1)
        if same.any():
            where: str | None = _place(dataset, begin + int(np.argmax(same)))
            break
        begin += len(chunk)
    else:
        where = None
    return DataError(
        f"column {quote(error.column or '')}: {error.what}", where=where, fix=error.fix
    )


def _place(dataset: Dataset, row: int) -> str:
    return f"row {row + 1}" if dataset.place is None else dataset.place(row)


def plain_numbers(
    dataset: Dataset, columns: Sequence[FittedColumn]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Give the columns of numbers that the network gets as they are: their raw rows, `(rows, 1)`.

    Missing values are left out.
    """
    for place, (raw, column) in enumerate(zip(dataset.raw_columns or (), columns, strict=True)):
        probe = np.array([[0.0] * len(column.entries), [1.0] * len(column.entries)])
        is_plain = raw.holds == "number" and column.ids is None and probe.size
        if is_plain and (column.in_units(probe) == probe).all():
            values = _column(dataset.train.x, place)
            yield column.name, values[~np.isnan(values)][:, None]


def column_notes(columns: Iterable[FittedColumn], kinds: Iterable[ColumnKind]) -> list[str]:
    """Say of every column what it is, why, and what is done to its values; of like ones at once."""
    alike: dict[str, list[str]] = {}
    for column, kind in zip(columns, kinds, strict=True):
        said = "; ".join(filter(None, (kind.reason, *column.notes())))
        alike.setdefault(f"{column.kind}" + f", {said}" * bool(said), []).append(column.name)
    return [
        f"column{'s' * (len(names) > 1)} {list_some(names, MOST_NAMED, quote)}: {said}"
        for said, names in alike.items()
    ]
