"""Finds the columns that a model needs in a later file of rows: by name, or by place."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlrun.arrays import Spec
from dlrun.data.csv_header import check_no_numbering, column_positions, near_names
from dlrun.data.headers import DELIMITERS
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.wording import count, list_columns, list_names, quote


@dataclass(frozen=True)
class Columns:
    """Where everything stands in a file, in positions counted from 0."""

    features: list[int]  # in the order in which the network gets them
    targets: list[int]  # empty where the file has none, or they are not read
    weight: int | None
    unused: tuple[str, ...]  # the names of all other columns
    header: bool = False
    notes: tuple[str, ...] = ()


def match_columns(file: Any, spec: Spec, *, with_target: bool, kept: Sequence[str] = ()) -> Columns:
    """Find a model's features and targets in a file, by name or, without a header, by place.

    `kept` are columns that are carried along, and therefore of use.

    What the config says of headers holds. Where it leaves that to the file, a first row with the
    names of all features is a header, and one with numbers for the features is data.
    """
    header = None if spec.table is None else spec.table.reading.header
    if file.named:
        header = True
    has_names = spec.columns is not None or spec.feature_names is not None
    if has_names and (header or {*feature_names_of(spec)} <= {*file.first_row}):
        return _by_name(file, spec, with_target=with_target, kept=kept)
    places = _find_places(spec, len(file.first_row), with_target=with_target)
    if header is None:
        header = not _is_data(file.first_row, places, spec)
        if header and has_names:
            return _by_name(file, spec, with_target=with_target, kept=kept)
        if not header and places:
            check_no_numbering(file, feature_names_of(spec))
    return _by_place(file, spec, places, header=header, with_target=with_target)


def _by_name(file: Any, spec: Spec, *, with_target: bool, kept: Sequence[str]) -> Columns:
    header, names = file.first_row, feature_names_of(spec)
    wanted = spec.target_names if with_target else ()
    features, missing = column_positions(header, names, where=file.where)
    targets, missing_targets = column_positions(header, wanted, where=file.where)
    missing += missing_targets
    known = {*names, *spec.target_names, spec.sample_weight, *kept}
    if missing:
        raise DataError(
            f"missing {'column' if len(missing) == 1 else 'columns'} {list_columns(missing)}; "
            f"the file has {list_columns(header)}.",
            where=file.where,
            fix=_said_of_delimiter(file, spec)
            or file.one_column_fix
            or _meant_names(missing, [one for one in header if one not in known]),
        )
    weight = spec.sample_weight
    weights = [weight] if with_target and weight is not None and weight in header else []
    positions, _ = column_positions(header, weights, where=file.where)
    unused = tuple(column or f"column {place + 1}" for place, column in enumerate(header)
                   if column not in known)  # fmt: skip
    found = Columns(features, targets, positions[0] if positions else None, unused, header=True)
    return replace(found, notes=tuple(_notes(found, spec, with_target=with_target)))


def _by_place(
    file: Any, spec: Spec, places: Sequence[Columns], *, header: bool, with_target: bool
) -> Columns:
    """The columns of the training data, or some of them, in their order."""
    if len(places) != 1:
        raise _misplaced(file, spec, places, with_target=with_target)
    (found,) = places
    notes = [] if header else ["no header: columns are taken in the order of the training data"]
    if found.targets:
        notes.append(_said_of_targets(found.targets, len(file.first_row), spec.target_names))
    notes += _notes(found, spec, with_target=with_target)
    if not with_target:
        found = replace(found, targets=[], weight=None)
    return replace(found, header=header, notes=tuple(notes))


def _notes(found: Columns, spec: Spec, *, with_target: bool) -> Iterator[str]:
    if found.unused:
        yield f"columns not used: {list_names(found.unused)}"
    if with_target and spec.sample_weight is not None and found.weight is None:
        yield f"no column {quote(spec.sample_weight)}: in the loss all rows count alike"


def _said_of_targets(targets: Sequence[int], width: int, names: Sequence[str]) -> str:
    listed = ", ".join(map(quote, names))
    if len(targets) > 1:
        places = ", ".join(str(place + 1) for place in targets)
        return f"columns {places} are taken as the targets {listed}"
    which = "the last column" if targets[0] == width - 1 else f"column {targets[0] + 1}"
    return f"{which} is taken as the target {listed}"


def _is_data(cells: Sequence[str], places: Sequence[Columns], spec: Spec) -> bool:
    """Whether a first row is data: numbers wherever the features may be.

    Without names to look for, a row with any number at all is data; what is wrong with it is told
    when it is read.
    """
    numbers = [parse_number(cell) is not None for cell in cells]
    if spec.feature_names is None:
        return any(numbers)
    return all(numbers) or any(all(numbers[one] for one in place.features) for place in places)


def feature_names_of(spec: Spec) -> tuple[str, ...]:
    """The names of the features; `column 1`, ... where they have none."""
    if spec.columns is not None:
        return tuple(column.name for column in spec.columns if column.is_read or column.carried)
    numbered = range(1, math.prod(spec.input_shape) + 1)
    return spec.feature_names or tuple(f"column {number}" for number in numbered)


def _find_places(spec: Spec, width: int, *, with_target: bool) -> list[Columns]:
    """Every way in which a file of some width can have the form of the training data.

    It has the same columns; or it lacks the targets, or the weight, or both; or it has the features
    alone, in the order in which the network gets them. Data without a table of their own, such as
    images, count as one with the features first and then the targets. Ways read different columns;
    there are none where the width does not fit.
    """
    names, targets = feature_names_of(spec), spec.target_names
    columns = (*names, *targets) if spec.table is None else spec.table.columns
    weights = () if spec.sample_weight is None else (spec.sample_weight,)
    orders: list[Sequence[str]] = [] if with_target else [names]
    if columns is not None:
        absent: list[tuple[str, ...]] = [(), weights]
        absent += [] if with_target else [targets, (*targets, *weights)]
        orders += [[column for column in columns if column not in one] for one in absent]
    ways: dict[tuple[object, ...], Columns] = {}
    for order in orders:
        if len(order) != width:
            continue
        position = {column: place for place, column in reversed([*enumerate(order)])}
        place = Columns(
            [position[name] for name in names],
            [position[name] for name in targets if name in position],
            next((position[name] for name in weights if name in position), None),
            tuple(column for column in order if column not in {*names, *targets, *weights}),
        )
        read: tuple[object, ...] = tuple(place.features)
        ways.setdefault((read, tuple(place.targets), place.weight) if with_target else read, place)
    return list(ways.values())


def _misplaced(file: Any, spec: Spec, places: Sequence[Columns], *, with_target: bool) -> DataError:
    """The error for a file whose width fits in no way, or in several that differ."""
    width, names = len(file.first_row), feature_names_of(spec)
    where, has, form = file.where, count(width, "column"), spec.table
    write_names = f"Write their names into a first row; the features are {list_columns(names)}."
    if places:
        orders = []
        for place in places:
            name_of = dict(zip(place.features, names, strict=True))
            orders.append(", ".join(name_of.get(one, "another") for one in range(width)))
        what = f"the file has {has} without names; they could be {' or '.join(orders)}."
        return DataError(what, where=where, fix=write_names)
    if form is None:
        expected = f"{len(names)} of the features"
        if with_target:
            expected += f" and {len(spec.target_names)} of the target"
        what = f"the file has {has}; {expected} were expected."
        return DataError(what, where=where, fix=file.one_column_fix)
    if form.columns is None:
        expected = "the run did not keep the order of its training data's columns"
    else:
        expected = f"the {len(form.columns)} of the training data "
        expected += "" if with_target else "(or these without the target) "
        expected += f"were expected: {list_columns(form.columns)}"
    fix = _said_of_delimiter(file, spec) or file.one_column_fix or write_names
    return DataError(f"the file has {has} without names; {expected}.", where=where, fix=fix)


def _meant_names(missing: Sequence[str], unused: Sequence[str]) -> str | None:
    """Ask whether columns of the file are those that are missing, under another name."""
    near = [(there, name) for name, there in near_names(missing, unused) if there is not None]
    times = Counter(there for there, _ in near)
    asked = [f"is {quote(there)} the column {quote(name)}" for there, name in near
             if times[there] == 1]  # fmt: skip
    if not asked:
        return None
    return f"Columns are found by their names: {', '.join(asked)}? Then rename it."


def _said_of_delimiter(file: Any, spec: Spec) -> str | None:
    """What the config says of the delimiter, where that may be why columns are missing."""
    if spec.table is None or spec.table.reading.delimiter is None:
        return None
    if not any(one in cell for cell in file.first_row for one in DELIMITERS):
        return None
    word = DELIMITERS[spec.table.reading.delimiter]
    return f"The run reads columns that are separated by {word}: write the file so."
