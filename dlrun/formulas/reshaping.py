"""Formulas of the layers that only move, repeat, add or cut entries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas.windows import as_given, channels_last
from dlrun.formulas.working import Working, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

    Weights = Mapping[str, NDArray[Any]]


def flatten(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(...)` to `(entries,)`."""
    return Working(
        channels_last(layer, x).reshape((-1,)),
        ("y = the entries of x in one row, the last index running fastest",),
    )


def reshape(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(...)` to `target_shape`."""
    sizes = layer.wholes("target_shape")
    return Working(x.reshape(sizes), ("y = x in another shape, entries in the same order",))


def permute(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """The same axes in another order."""
    order = [number - 1 for number in layer.wholes("dims")]
    return Working(np.transpose(x, order), (f"y = x with its axes in the order {order}",))


def repeat_vector(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(features,)` to `(n, features)`."""
    count = layer.whole("n")
    y = np.repeat(np.expand_dims(x, 0), count, 0)
    return Working(y, (f"y = x, {count} times",))


def zero_padding(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:  # noqa: ARG001
    """Zeros before and behind each axis."""
    margins = layer.margins("padding", rank)
    y = np.pad(channels_last(layer, x), [*margins, (0, 0)])
    return Working(as_given(layer, y), ("y = x with zeros around it",))


def cropping(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:  # noqa: ARG001
    """Entries cut off before and behind each axis."""
    last = channels_last(layer, x)
    margins = layer.margins("cropping", rank)
    inside = tuple(
        slice(before, size - after)
        for (before, after), size in zip(margins, last.shape, strict=False)
    )
    return Working(as_given(layer, last[inside]), ("y = x with its margins cut off",))


def up_sampling(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:  # noqa: ARG001
    """Each entry several times along each axis."""
    if layer.arguments.get("interpolation", "nearest") != "nearest":
        refuse(layer, f"interpolation: {layer.value('interpolation')}")
    y = channels_last(layer, x)
    for axis, count in enumerate(layer.window("size", rank)):
        y = np.repeat(y, count, axis)
    return Working(as_given(layer, y), ("y = each entry of x several times along each axis",))


LAYERS: Final[dict[str, Callable[[Layer, Weights, Any], Working]]] = {
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    **{f"ZeroPadding{rank}D": partial(zero_padding, rank=rank) for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": partial(cropping, rank=rank) for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": partial(up_sampling, rank=rank) for rank in (1, 2, 3)},
}
