"""Which layers read the data as they are, and which of those look ids up or mask padding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun.shapes.layer import DATA, Layer, UnknownShapeError, layer_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.arrays import View

PASSING: Final = frozenset(
    {
        "ActivityRegularization", "Concatenate", "Cropping1D", "Cropping2D", "Cropping3D",
        "Flatten", "Identity", "Masking", "Permute", "RepeatVector", "Reshape",
        "UpSampling1D", "UpSampling2D", "UpSampling3D",
        "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    }
)  # fmt: skip
"""Layers whose entries are entries of their input, or zeros; they only move or leave out some."""

LOOKUPS: Final[Mapping[str, str | None]] = {
    "Embedding": "input_dim",
    "ReversibleEmbedding": "input_dim",
    "CategoryEncoding": "num_tokens",
    "HashedCrossing": None,
    "Hashing": None,
    "IntegerLookup": None,
}
"""Layers that take ids, and the argument that says how many there are; None where any will do."""


class Reader(NamedTuple):
    """A layer that reads entries of the data, unchanged."""

    place: int  # among the layers, from 0
    name: str
    layer: Layer  # of a `TimeDistributed` the one inside
    inputs: tuple[str, ...]
    through: frozenset[int]  # the places of the layers between the data and this one

    @property
    def path(self) -> str:
        """Where it stands: `model.layers[0]`."""
        return f"model.layers[{self.place}]"


def find_readers(
    layers: Sequence[Mapping[str, Any]], *, of_columns: bool = True
) -> tuple[Reader, ...]:
    """Find the layers that read the data directly or through layers that pass them on.

    Columns that layers name are data too, unless they are left out of it.
    """
    columns = names_of_columns(layers) if of_columns else ()
    passed = dict.fromkeys((DATA, *columns), frozenset[int]())
    readers = []
    for index, mapping in enumerate(layers):
        inputs = tuple(mapping["inputs"] or ())
        if not inputs or not set(inputs) <= set(passed):
            continue
        layer = _innermost(layer_of(mapping))
        through = frozenset().union(*(passed[name] for name in inputs))
        readers.append(Reader(index, mapping["name"], layer, inputs, through))
        if layer.type in PASSING:
            passed[mapping["name"]] = through | {index}
    return tuple(readers)


def find_lookups(
    layers: Sequence[Mapping[str, Any]], *, of_columns: bool = True
) -> tuple[Reader, ...]:
    """Find the layers that take the data for ids; see `LOOKUPS`."""
    readers = find_readers(layers, of_columns=of_columns)
    return tuple(reader for reader in readers if reader.layer.type in LOOKUPS)


def find_masks(layers: Sequence[Mapping[str, Any]]) -> tuple[tuple[Reader, float], ...]:
    """Find the `Masking` layers that look for padding in the data, and the number that it is."""
    found = []
    for reader in find_readers(layers):
        value = reader.layer.arguments.get("mask_value", 0.0)
        if reader.layer.type == "Masking" and isinstance(value, int | float):
            found.append((reader, float(value)))
    return tuple(found)


def looks_up(layer: Layer) -> bool:
    """Whether a layer takes ids, so that a category that it names is given as class numbers."""
    return _innermost(layer).type in LOOKUPS


def is_sized(layer: Layer) -> bool:
    """Whether a layer that looks ids up says how many there are, or does not need to know."""
    argument = LOOKUPS[layer.type]
    return argument is None or layer.arguments.get(argument) is not None


def names_of_columns(layers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What layers read that is neither a layer nor all the data, in the order in which they do."""
    others = {DATA, *(layer["name"] for layer in layers)}
    read = (name for layer in layers for name in layer["inputs"] or ())
    return tuple(dict.fromkeys(name for name in read if name not in others))


def view_for(layer: Layer, name: str, views: Sequence[View]) -> View | None:
    """Which part of a row a layer gets where it reads a column, or `input`; None for no part."""
    found = [view for view in views if view.name == name]
    if len(found) > 1:
        wanted = looks_up(layer)
        found = [view for view in found if view.ids == wanted]
    return found[0] if found else None


def side_by_side(shapes: Mapping[str, tuple[int, ...]]) -> tuple[View, ...]:
    """Lay arrays of these sample shapes into a row, one behind the other."""
    from dlrun.arrays import View  # noqa: PLC0415  who has one array does not pay for it

    views: list[View] = []
    for name, shape in shapes.items():
        begin = views[-1].end if views else 0
        views.append(View(name, begin, begin + math.prod(shape), shape=shape))
    return tuple(views)


def _innermost(layer: Layer) -> Layer:
    """The layer; what `TimeDistributed` does at every step is done to all entries alike."""
    try:
        while layer.type == "TimeDistributed":
            layer = layer.inner("layer")
    except UnknownShapeError:
        pass
    return layer
