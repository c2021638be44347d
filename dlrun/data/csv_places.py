"""Where the columns of a model stand in a CSV file without a header, told by its width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.arrays import TableForm
from dlrun.errors import DataError
from dlrun.shapes.files import DELIMITERS
from dlrun.wording import count, list_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Spec
    from dlrun.data.csv import CsvFile


@dataclass(frozen=True)
class Places:
    """Where everything stands, in positions counted from 0.

    Attributes:
        features: In the order in which the network gets them.
        targets: Empty where the file has none.
        weight: None where the file has none.
        unused: The names of all other columns.
    """

    features: list[int]
    targets: list[int]
    weight: int | None
    unused: tuple[str, ...]


def feature_names(spec: Spec) -> tuple[str, ...]:
    """The names of the features; `column 1`, ... where they have none."""
    numbered = range(1, math.prod(spec.input_shape) + 1)
    return spec.feature_names or tuple(f"column {number}" for number in numbered)


def find_places(spec: Spec, width: int, *, with_target: bool) -> list[Places]:
    """Every way in which a file of some width can have the form of the training data.

    It has the same columns; or it lacks the targets, or the weight, or both; or it has the features
    alone, in the order in which the network gets them. Data without a table of their own, such as
    images, count as one with the features first and then the targets.

    Args:
        spec: What the model was trained on.
        width: The number of the file's columns.
        with_target: Whether targets are needed.

    Returns:
        Ways that read different columns; none where the width does not fit.
    """
    names, targets = feature_names(spec), spec.target_names
    form = spec.form if isinstance(spec.form, TableForm) else None
    columns = (*names, *targets) if form is None else form.columns
    weights = () if spec.sample_weight is None else (spec.sample_weight,)
    orders: list[Sequence[str]] = [] if with_target else [names]
    if columns is not None:
        absent: list[tuple[str, ...]] = [(), weights]
        absent += [] if with_target else [targets, (*targets, *weights)]
        orders += [[column for column in columns if column not in one] for one in absent]
    ways: dict[tuple[object, ...], Places] = {}
    for order in orders:
        if len(order) != width:
            continue
        position = {column: place for place, column in reversed([*enumerate(order)])}
        place = Places(
            [position[name] for name in names],
            [position[name] for name in targets if name in position],
            next((position[name] for name in weights if name in position), None),
            tuple(column for column in order if column not in {*names, *targets, *weights}),
        )
        read: tuple[object, ...] = tuple(place.features)
        ways.setdefault((read, tuple(place.targets), place.weight) if with_target else read, place)
    return list(ways.values())


def misplaced(
    file: CsvFile, spec: Spec, places: Sequence[Places], *, with_target: bool
) -> DataError:
    """The error for a file whose width fits in no way, or in several that differ.

    Args:
        file: The file.
        spec: What the model was trained on.
        places: What `find_places` found: none, or two and more.
        with_target: Whether targets are needed.
    """
    width, names = len(file.first_row), feature_names(spec)
    where, has = f"{file.path}:{file.first_number}", count(len(file.first_row), "column")
    write_names = f"Write their names into a first row; the features are {list_columns(names)}."
    if places:
        orders = []
        for place in places:
            name_of = dict(zip(place.features, names, strict=True))
            orders.append(", ".join(name_of.get(one, "another") for one in range(width)))
        return DataError(
            f"the file has {has} without names; they could be {' or '.join(orders)}.",
            where=where,
            fix=write_names,
        )
    form = spec.form if isinstance(spec.form, TableForm) else None
    if form is None:
        expected = f"{len(names)} of the features"
        if with_target:
            expected += f" and {len(spec.target_names)} of the target"
        return DataError(
            f"the file has {has}; {expected} were expected.",
            where=where,
            fix=file.one_column_fix,
        )
    if form.columns is None:
        expected = "the run did not keep the order of its training data's columns"
    else:
        expected = f"the {len(form.columns)} of the training data "
        expected += "" if with_target else "(or these without the target) "
        expected += f"were expected: {list_columns(form.columns)}"
    return DataError(
        f"the file has {has} without names; {expected}.",
        where=where,
        fix=said_of_delimiter(file, spec) or file.one_column_fix or write_names,
    )


def said_of_delimiter(file: CsvFile, spec: Spec) -> str | None:
    """What the config says of the delimiter, where that may be why columns are missing."""
    if not isinstance(spec.form, TableForm) or spec.form.delimiter is None:
        return None
    if not any(one in cell for cell in file.first_row for one in DELIMITERS):
        return None
    word = DELIMITERS[spec.form.delimiter]
    return f"The columns are separated by {word}: so says `dataset.delimiter` of the run."
