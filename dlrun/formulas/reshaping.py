"""Formulas of the layers that only move, repeat, add or cut entries."""

from typing import Any

import numpy as np

from dlrun.formulas.windows import as_given, channels_last
from dlrun.formulas.working import Weights, Working, formula_of, refuse
from dlrun.shapes.layer import Layer


@formula_of("Flatten")
def flatten(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(...)` to `(entries,)`."""
    y = channels_last(layer, x).reshape((-1,))
    return Working(y, ("y = the entries of x in one row, the last index running fastest",))


@formula_of("Reshape")
def reshape(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(...)` to `target_shape`."""
    y = x.reshape(layer.wholes("target_shape"))
    return Working(y, ("y = x in another shape, entries in the same order",))


@formula_of("Permute")
def permute(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """The same axes in another order, which counts them from 1."""
    order = [number - 1 for number in layer.wholes("dims")]
    return Working(np.transpose(x, order), (f"y = x with its axes in the order {order}",))


@formula_of("RepeatVector")
def repeat_vector(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`(features,)` to `(n, features)`."""
    count = layer.whole("n")
    return Working(np.repeat(np.expand_dims(x, 0), count, 0), (f"y = x, {count} times",))


@formula_of("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """Zeros before and behind each axis."""
    margins = layer.margins("padding", layer.rank)  # (before, behind) for each axis
    y = np.pad(channels_last(layer, x), [*margins, (0, 0)])
    return Working(as_given(layer, y), ("y = x with zeros around it",))


@formula_of("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """Entries cut off before and behind each axis."""
    last = channels_last(layer, x)  # (*sizes, channels)
    inside = tuple(
        slice(before, size - after)
        for (before, after), size in zip(
            layer.margins("cropping", layer.rank), last.shape, strict=False
        )
    )
    return Working(as_given(layer, last[inside]), ("y = x with its margins cut off",))


@formula_of("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """Each entry several times along each axis."""
    if layer.arguments.get("interpolation", "nearest") != "nearest":
        refuse(layer, f"interpolation: {layer.value('interpolation')}")
    y = channels_last(layer, x)
    for axis, count in enumerate(layer.window("size", layer.rank)):
        y = np.repeat(y, count, axis)
    return Working(as_given(layer, y), ("y = each entry of x several times along each axis",))
