"""Shapes of pooling layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dlrun.shapes.outputs import Output, Shape
from dlrun.shapes.windows import image, move, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlrun.shapes.layer import Layer


def pooling(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(*places, channels)`."""
    sizes, channels = image(layer, shape, rank)
    window = layer.window("pool_size", rank)
    strides = window if layer.value("strides") is None else layer.window("strides", rank)
    places = move(layer, sizes, window, strides, "pool_size")
    return Output(sample(layer, places, channels))


def global_pooling(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(channels,)`, or to `(1, ..., channels)`."""
    _, channels = image(layer, shape, rank)
    return Output(sample(layer, (1,) * rank if layer.flag("keepdims") else (), channels))


LAYERS: Final[dict[str, Callable[[Layer, Shape], Output]]] = {
    f"{scope}{kind}Pooling{rank}D": partial(function, rank=rank)
    for scope, function in (("", pooling), ("Global", global_pooling))
    for kind in ("Average", "Max")
    for rank in (1, 2, 3)
}
