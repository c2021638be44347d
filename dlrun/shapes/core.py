"""Shapes of the layers that multiply or look up: Dense and Embedding; and of those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.shapes.outputs import Output, Shape, Weight, known, unknown

if TYPE_CHECKING:
    from dlrun.shapes.layer import Layer

RANKS = {"SpatialDropout1D": 2, "SpatialDropout2D": 3, "SpatialDropout3D": 4}
"""How many axes a sample must have for the layers that change no shape but are particular."""


def unchanged(layer: Layer, shape: Shape) -> Output:
    """A layer without weights whose output is as large as its input."""
    if layer.type in RANKS:
        layer.expect_rank(shape, RANKS[layer.type])
    if layer.type == "Softmax":
        for axis in layer.wholes("axis"):
            layer.axis(axis, shape)
    return Output(shape)


def dense(layer: Layer, shape: Shape) -> Output:
    """`(..., features)` to `(..., units)`."""
    if not shape:
        layer.expect_rank(shape, 1)
    if not layer.has_plain_weights:
        unknown()
    units = layer.whole("units")
    kernel = Weight("kernel", known((shape[-1], units)))
    return Output((*shape[:-1], units), (kernel, *bias(layer, units)))


def embedding(layer: Layer, shape: Shape) -> Output:
    """`(...)` to `(..., output_dim)`."""
    if not layer.has_plain_weights:
        unknown()
    table = (layer.whole("input_dim"), layer.whole("output_dim"))
    return Output((*shape, table[1]), (Weight("embeddings", table),))


def prelu(layer: Layer, shape: Shape) -> Output:
    """A slope for every entry of a sample, or one for all along the shared axes."""
    slopes = list(shape)
    shared = layer.value("shared_axes")
    for axis in () if shared is None else layer.wholes("shared_axes"):
        slopes[layer.axis(axis, shape, "shared_axes")] = 1
    return Output(shape, (Weight("alpha", known(slopes)),))


def bias(layer: Layer, *shape: int) -> tuple[Weight, ...]:
    """The bias of a layer, if it has one."""
    return (Weight("bias", shape),) if layer.flag("use_bias") else ()
