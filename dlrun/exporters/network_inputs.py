"""What exported models are given: the names of their inputs, and rows in the units of the data."""

from __future__ import annotations

import re
from itertools import chain, count
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from dlrun.data.units import formula
from dlrun.shapes.layer import DATA

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from numpy.typing import NDArray

    from dlrun.arrays import Spec


TAKEN: Final = frozenset({"self", "file", "allow_pickle", "outputs"})
"""What functions that take inputs by their names call arguments of their own, and what answers."""


class Input(NamedTuple):
    """An input of a network in the units of the data, `(rows, *shape)`."""

    name: str
    begin: int | None  # of a row, `x[:, begin:end]`; None for all of it
    end: int | None
    shape: tuple[int, ...]


def inputs_of(spec: Spec) -> tuple[Input, ...]:
    """Tell what a network reads: the row, or the parts of it that layers name, as the config does.

    Where a column is read both as entries and as a class number, the latter is `<column>_number`.
    """
    if not spec.views:
        return (Input(DATA, None, None, spec.input_shape),)
    entries = {view.name for view in spec.views if not view.ids}
    names = [
        f"{view.name}_number" if view.ids and view.name in entries else view.name
        for view in spec.views
    ]
    return tuple(
        Input(name, view.begin, view.end, (view.end - view.begin,))
        for name, view in zip(input_names(names), spec.views, strict=True)
    )


def input_names(names: Iterable[str]) -> list[str]:
    """Give each column the name of an input, which every tool takes: `Land__ISO_` for `Land (ISO)`.

    Letters and digits of ASCII and `_`, the first one a letter, no word of Python and none of
    `TAKEN`, no two alike, be letters small or large.
    """
    found: list[str] = []
    taken = {*TAKEN}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"column_{plain}"
        plain += "_" * (iskeyword(plain) or plain in TAKEN)
        found.append(free_name(plain, taken))
        taken.add(found[-1].lower())
    return found


def free_name(name: str, taken: Container[str]) -> str:
    """Give a name that is not taken, in small letters: itself, or with a number behind it."""
    others = (f"{name}_{number}" for number in count(2))
    return next(one for one in chain([name], others) if one.lower() not in taken)


def dtype_of(spec: Spec) -> str:
    """Tell how exactly a network is given its numbers.

    Of what a table holds, 1998.5 or 1600000001, the differences count.
    """
    is_scaled = formula(spec) is not None and spec.pixel_max is None
    return "float64" if is_scaled else "float32"


def as_given(x: NDArray[Any], spec: Spec) -> dict[str, NDArray[Any]]:
    """Turn rows as the network takes them, `(rows, *input_shape)`, into inputs by their names."""
    values: NDArray[Any] = x.astype(np.float64)
    scaling = formula(spec)
    if scaling is not None:
        values = values * scaling.factor + scaling.offset
        powers = np.sign(values) * np.expm1(np.where(scaling.logs, np.abs(values), 0))
        values = np.where(scaling.logs, powers, values)
    if spec.pixel_max is not None:
        values = values * spec.pixel_max
    values = values.astype(dtype_of(spec))
    return {
        one.name: values if one.begin is None else values[:, one.begin : one.end]
        for one in inputs_of(spec)
    }
