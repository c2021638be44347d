"""Fits the columns of a table to training rows, and turns raw rows into packed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, StreamedArray
from dlrun.column import CellError
from dlrun.columns import fit_column
from dlrun.columns.fitted import Ranged
from dlrun.columns.packing import pack
from dlrun.columns.values import TrainingValues
from dlrun.data.streams import ENTRIES_PER_CHUNK, chunks, row_ranges
from dlrun.data.table_kinds import LARGE
from dlrun.errors import DataError
from dlrun.wording import count, list_some, quote

if TYPE_CHECKING:
    from dlrun.arrays import View
    from dlrun.column import ColumnKind, FittedColumn, RawColumn, Way

MOST_NAMED: Final = 8
"""How many columns of which the same is said are named."""

COLUMN_BYTES: Final = 2**26
"""So many bytes of columns are taken out of the rows at a time, or one column that has more."""

MAX_PLACES: Final = 10
"""How many cells that cannot be taken are named with their places."""


def fit_columns(
    x: Array,
    raw: Sequence[RawColumn],
    kinds: Sequence[ColumnKind],
    *,
    scale: str,
    ways: Mapping[str, frozenset[Way]],
) -> tuple[FittedColumn, ...]:
    """Fit every column to the raw training rows `x`, `(rows, columns)`, NaN where none is."""
    block = max(1, ENTRIES_PER_CHUNK // max(1, len(raw)))
    values = (TrainingValues(column, block, len(raw) == 1) for column in _columns(x, len(raw)))
    return tuple(
        fit_column(kind, replace(column, ways=ways[kind.name]), taken, scale=scale)
        for kind, column, taken in zip(kinds, raw, values, strict=True)
    )


def _columns(x: Array, width: int) -> Iterator[NDArray[np.float64]]:
    """Give each column, `(rows,)`, which is there until the next one is asked for.

    All rows are read once for as many columns as fill `COLUMN_BYTES`.
    """
    step = min(width, max(1, COLUMN_BYTES // (8 * max(1, len(x)))))
    taken = np.empty((step, len(x)))  # (columns, rows)
    for begin in range(0, width, step):
        for rows, chunk in zip(row_ranges(x.shape), chunks(x), strict=True):
            part = chunk[:, begin : begin + step].T
            taken[: len(part), rows] = part
        yield from taken[: width - begin]


class EmptyCells:
    """Counts the empty cells of columns that take none, and knows where the first of them stand."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names  # of those columns, by their places
        self._totals = dict.fromkeys(names, 0)
        self._first: list[str] = []

    def look(self, rows: NDArray[np.float64], place: Callable[[int], str] | None) -> None:
        """Count those of some rows, `(rows, columns)`; `place` tells where one of them stands."""
        columns = list(self.names)
        empty = np.isnan(rows[:, columns])  # (rows, columns that take none)
        for column, number in zip(columns, empty.sum(axis=0).tolist(), strict=True):
            self._totals[column] += number
        room = MAX_PLACES - len(self._first)
        if place is not None and room > 0 and empty.any():
            for row, column in np.argwhere(empty)[:room].tolist():
                self._first.append(f"{place(row)}: {quote(self.names[columns[column]])}")

    def columns(self) -> list[int]:
        """The places of the columns that have some."""
        return [column for column, number in self._totals.items() if number]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.columns())

    def error(self, fix: str | None) -> DataError:
        """Tell of all of them."""
        total = sum(self._totals.values())
        by_column = ", ".join(
            f"{quote(self.names[one])} {self._totals[one]:,}" for one in self.columns()
        )
        more = f"\n  ... and {total - len(self._first):,} more" if total > len(self._first) else ""
        what = f"{count(total, 'cell')} of the features {'is' if total == 1 else 'are'} empty "
        return DataError(what + f"({by_column}):\n  " + "\n  ".join(self._first) + more, fix=fix)


def check_missing(dataset: Dataset, columns: Sequence[FittedColumn]) -> None:
    """Refuse missing values where their column does not say what becomes of them, all at once."""
    refused = refusals(columns, dataset.raw_columns or ())
    cells = EmptyCells({place: name for place, (name, _) in refused.items()})
    begin = 0
    for chunk in chunks(dataset.train.x) if refused else ():
        cells.look(chunk, lambda row, begin=begin: _place(dataset, begin + row))  # type: ignore[misc]
        begin += len(chunk)
    for chunk in chunks(dataset.test.x) if refused and dataset.test is not None else ():
        cells.look(chunk, None)
    if cells:
        raise cells.error(next(refused[one][1].fix for one in cells.columns()))


def refusals(
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


def are_unscaled(raw: RawColumn, column: FittedColumn) -> bool:
    """Whether a column holds numbers, and the network gets them as they are."""
    probe = np.array([[0.0] * len(column.entries), [1.0] * len(column.entries)])
    is_plain = raw.holds == "number" and column.ids is None and probe.size > 0
    return is_plain and bool((column.in_units(probe) == probe).all())


def large_columns(columns: Iterable[FittedColumn]) -> dict[str, tuple[str, str]]:
    """Tell which numbers and times come to a network unscaled and are large, see `LARGE`.

    The smallest and the largest value of the training rows are in words.
    """
    found = {}
    for column in columns:
        if isinstance(column, Ranged) and column.edges:
            tenths = np.array([column.edges[0], column.edges[-1]])
            if (np.abs(column.apply(tenths, ())) > LARGE).any():
                found[column.name] = (column.write(column.low), column.write(column.high))
    return found


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
