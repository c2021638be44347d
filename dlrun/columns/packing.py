"""Puts all columns of a table side by side into one array, in which layers find theirs by name."""

from __future__ import annotations

from itertools import accumulate, count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlrun.arrays import View
from dlrun.column import CellError
from dlrun.shapes.input_readers import LOOKUPS, looks_up, names_of_columns
from dlrun.shapes.layer import DATA, layer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.column import FittedColumn, RawColumn


class Part(NamedTuple):
    """Where a column stands in a packed row: `x[:, begin:end]`."""

    column: FittedColumn
    begin: int
    end: int
    ids: bool  # whether it is one class number, else the entries of the column


def views(columns: Sequence[FittedColumn], layers: Sequence[Mapping[str, Any]]) -> tuple[View, ...]:
    """Lay out the columns for layers that name some of them; none where no layer names one.

    First stand the columns that no layer names, in their order: they are `input`, unless there are
    none. Behind them stands what is named: entries, and class numbers where a layer that looks ids
    up names a category; both where both are read. An image keeps its shape where it is named, or
    is all of `input`.
    """
    read = _readings(columns, layers)
    plain = [column for column in columns if not read[column.name]]
    width, shape = sum(len(column.entries) for column in plain), sample_of(plain)
    if shape is None and not any(read.values()):
        return ()
    laid: list[tuple[str, int, bool, tuple[int, ...] | None]] = []
    if width:
        laid.append((DATA, width, False, shape))
    for column in columns:
        ways = read[column.name]
        if False in ways:
            laid.append((column.name, len(column.entries), False, column.sample))
        if True in ways:
            laid.append((column.name, 1, True, None))
    ends = accumulate(width for _, width, _, _ in laid)
    return tuple(
        View(name, end - width, end, ids, shape)
        for (name, width, ids, shape), end in zip(laid, ends, strict=True)
    )


def sample_of(columns: Iterable[FittedColumn]) -> tuple[int, ...] | None:
    """Give the shape of the only column that has entries; None where it has none, or not alone."""
    shapes = [column.sample for column in columns if column.entries]
    return shapes[0] if len(shapes) == 1 else None


def _readings(
    columns: Sequence[FittedColumn], layers: Sequence[Mapping[str, Any]]
) -> dict[str, set[bool]]:
    """How layers read each column that they name: as class numbers (True), as entries (False)."""
    read: dict[str, set[bool]] = {column.name: set() for column in columns}
    is_category = {column.name: column.ids is not None for column in columns}
    named = set(names_of_columns(layers))
    for layer in layers:
        for name in layer["inputs"] or ():
            if name in named and name in read:
                read[name].add(is_category[name] and looks_up(layer_of(layer)))
    return read


def parts(columns: Sequence[FittedColumn], laid: Sequence[View]) -> tuple[Part, ...]:
    """Tell where each column stands, from the first entry of a row to the last one."""
    by_name = {column.name: column for column in columns}
    named = [view for view in laid if view.name in by_name]  # others are arrays
    aside = {view.name for view in named}
    plain = [column for column in columns if column.name not in aside]
    ends = accumulate(len(column.entries) for column in plain)
    return (
        *(Part(column, end - len(column.entries), end, ids=False)
          for column, end in zip(plain, ends, strict=True)),
        *(Part(by_name[view.name], view.begin, view.end, view.ids) for view in named),
    )  # fmt: skip


def width_of(columns: Sequence[FittedColumn], laid: Sequence[View]) -> int:
    """Count the entries of a packed row."""
    laid_out = parts(columns, laid)
    return laid_out[-1].end if laid_out else 0


def entry_names(columns: Sequence[FittedColumn], laid: Sequence[View]) -> tuple[str, ...] | None:
    """Name the entries of a packed row, no two alike: `age`, `sex=male`; class numbers: `deck`.

    None where some are pixels, of which there are too many to have names of their own.
    """
    if any(column.sample for column in columns):
        return None
    found: list[str] = []
    taken: set[str] = set()
    for part in parts(columns, laid):
        for name in (part.column.name,) if part.ids else part.column.entries:
            others = (f"{name} ({number})" for number in count(2))
            free = name if name not in taken else next(one for one in others if one not in taken)
            taken.add(free)
            found.append(free)
    return tuple(found)


def pack(
    columns: Sequence[FittedColumn],
    laid: Sequence[View],
    raw: Sequence[RawColumn],
    matrix: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Turn raw rows, `(rows, raw columns)`, into packed rows, `(rows, width)`.

    The raw columns stand in any order, and there may be others among them.

    Raises:
        CellError: A value cannot be taken; it says which row and column.
    """
    places = {column.name: number for number, column in enumerate(raw)}
    packed = np.empty((len(matrix), width_of(columns, laid)), np.float32)
    for part in parts(columns, laid):
        if part.begin == part.end:
            continue
        place = places[part.column.name]
        try:
            block = _turned(part, matrix[:, place], raw[place])  # (rows, entries)
        except CellError as error:
            error.column = part.column.name
            raise
        with np.errstate(over="ignore"):
            packed[:, part.begin : part.end] = block
        _check_range(packed[:, part.begin : part.end], block, part.column.name)
    return packed


def _turned(part: Part, values: NDArray[np.float64], raw: RawColumn) -> NDArray[Any]:
    if raw.holds == "image":
        return part.column.shown(values, raw.pixels)
    turn = part.column.numbered if part.ids else part.column.apply
    return turn(values, raw.texts)


def _check_range(packed: NDArray[np.float32], block: NDArray[Any], name: str) -> None:
    """Refuse what float32 cannot hold."""
    wrong = ~np.isfinite(packed)
    if wrong.any():
        row, entry = np.argwhere(wrong)[0].tolist()
        what = f"{float(block[row, entry]):g} is beyond what float32 holds."
        error = CellError(row, what, "Give the column another unit, or a 'scale'.")
        error.column = name
        raise error


def completed(
    layers: Sequence[Mapping[str, Any]], columns: Sequence[FittedColumn]
) -> list[dict[str, Any]]:
    """Fill in how many class numbers a layer looks up, where that is left to the data."""
    counts = {column.name: column.ids for column in columns}
    named = set(names_of_columns(layers))
    full: list[dict[str, Any]] = []
    for layer in layers:
        argument = LOOKUPS.get(layer["type"])
        read = list(layer["inputs"] or ())
        ids = counts.get(read[0]) if len(read) == 1 and read[0] in named else None
        is_open = argument is not None and layer.get(argument) is None
        told = {argument: ids} if argument and is_open and ids is not None else {}
        full.append({**layer, **told})
    return full


def are_plain(columns: Sequence[FittedColumn]) -> bool:
    """Whether each column that the network gets is a single number that bears its name."""
    return all(column.entries in ((), (column.name,)) for column in columns)


def values_of(
    columns: Sequence[FittedColumn], laid: Sequence[View], x: NDArray[Any]
) -> Iterator[tuple[str, list[str]]]:
    """Write the values of packed rows, `(rows, width)`, as the table would have them, by column."""
    seen: set[str] = set()
    for part in parts(columns, laid):
        if part.column.name not in seen and part.begin < part.end:
            seen.add(part.column.name)
            entries = x[:, part.begin : part.end]  # (rows, entries)
            if part.ids:  # What is new has the last number, and perhaps no entry.
                entries = (entries == np.arange(len(part.column.entries))).astype(np.float32)
            yield part.column.name, part.column.undo(entries)
