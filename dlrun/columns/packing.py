"""Puts all columns of a table side by side into one array, in which layers find theirs by name."""

from __future__ import annotations

from itertools import accumulate, count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlrun.arrays import View
from dlrun.column import CellError, Way
from dlrun.columns.inference import TEXT, UNREAD
from dlrun.shapes.input_readers import LOOKUPS, looks_up, names_of_columns
from dlrun.shapes.layer import DATA, layer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.column import ColumnKind, FittedColumn, RawColumn


class Part(NamedTuple):
    """Where a column stands in a packed row: `x[:, begin:end]`."""

    column: FittedColumn
    begin: int
    end: int
    ids: bool  # whether it is class numbers, else the entries of the column

    @property
    def names(self) -> tuple[str, ...]:
        """What its entries are called; of several class numbers `review[0]`, `review[1]`, ... ."""
        name, steps = self.column.name, self.column.steps
        if not self.ids:
            return self.column.entries
        return (name,) if steps == 1 else tuple(f"{name}[{step}]" for step in range(steps))


def ways_to_read(
    kinds: Sequence[ColumnKind], layers: Sequence[Mapping[str, Any]]
) -> dict[str, frozenset[Way]]:
    """Tell as what layers read each column: those that none names are read as entries.

    Where a table has a single column for the network, and it is a text, `input` is its words, if
    layers look up whatever reads it.
    """
    read = {kind.name for kind in kinds if kind.kind not in UNREAD}
    found: dict[str, set[Way]] = {kind.name: set() for kind in kinds}
    named = set(names_of_columns(layers))
    of_data: set[Way] = set()
    for layer in layers:
        for name in layer["inputs"] or ():
            way: Way = "ids" if looks_up(layer_of(layer)) else "entries"
            if name in named and name in found:
                found[name].add(way)
            elif name == DATA:
                of_data.add(way)
    is_alone = len(read) == 1 and not named & found.keys()
    for kind in kinds:
        if is_alone and kind.name in read and kind.kind == TEXT and of_data == {"ids"}:
            found[kind.name] = {"ids"}
    return {name: frozenset(ways or {"entries"}) for name, ways in found.items()}


def views(columns: Sequence[FittedColumn], layers: Sequence[Mapping[str, Any]]) -> tuple[View, ...]:
    """Lay out the columns for layers that name some of them; none where no layer names one.

    First stand the columns that no layer names, in their order: they are `input`, unless there are
    none. Behind them stands what is named: entries, and class numbers where a layer that looks ids
    up names a category or a text; both where both are read. An image keeps its shape where it is
    named, or is all of `input`.
    """
    read = _readings(columns, layers)
    plain = [column for column in columns if not read[column.name]]
    width, shape = sum(len(column.entries) for column in plain), sample_of(plain)
    if (alone := numbered_input(columns)) and not any(read.values()):
        return alone
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
            laid.append((column.name, column.steps, True, None))
    ends = accumulate(width for _, width, _, _ in laid)
    return tuple(
        View(name, end - width, end, ids, shape)
        for (name, width, ids, shape), end in zip(laid, ends, strict=True)
    )


def numbered_alone(columns: Sequence[FittedColumn]) -> FittedColumn | None:
    """Give the column of which `input` is the class numbers, if no layer names it; else None."""
    read = [column for column in columns if column.is_read]
    return read[0] if len(read) == 1 and not read[0].entries else None


def numbered_input(columns: Sequence[FittedColumn]) -> tuple[View, ...]:
    """Lay out a table of which `input` is the class numbers of a column; none for others."""
    alone = numbered_alone(columns)
    return () if alone is None else (View(DATA, 0, alone.steps, ids=True),)


def sample_of(columns: Iterable[FittedColumn]) -> tuple[int, ...] | None:
    """Give the shape of the only column that is read; None where it has none, or is not alone."""
    shapes = [column.sample for column in columns if column.is_read]
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
    alone = numbered_alone(columns)
    if alone is not None and [(view.name, view.ids) for view in laid] == [(DATA, True)]:
        return (Part(alone, laid[0].begin, laid[0].end, ids=True),)
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
    return None if any(column.sample for column in columns) else every_entry(columns, laid)


def every_entry(columns: Sequence[FittedColumn], laid: Sequence[View]) -> tuple[str, ...]:
    """Name the entries of a packed row, pixels too: `photo[3, 4, 0]`."""
    found: list[str] = []
    taken: set[str] = set()
    for part in parts(columns, laid):
        for name in part.names:
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
    alone = numbered_alone(columns)
    if alone is not None and not named & counts.keys():  # `input` is its numbers
        named.add(DATA)
        counts[DATA] = alone.ids
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
    read = [column for column in columns if column.is_read]
    return all(column.entries == (column.name,) for column in read)


def values_of(
    columns: Sequence[FittedColumn], laid: Sequence[View], x: NDArray[Any]
) -> Iterator[tuple[str, list[str]]]:
    """Write the values of packed rows, `(rows, width)`, as the table would have them, by column."""
    seen: set[str] = set()
    for part in parts(columns, laid):
        if part.column.name not in seen and part.begin < part.end:
            seen.add(part.column.name)
            entries = x[:, part.begin : part.end]  # (rows, entries)
            undo = part.column.undo_numbered if part.ids else part.column.undo
            yield part.column.name, undo(entries)
