"""Shapes of pooling layers."""

from collections.abc import Callable
from typing import Final

from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import Output, Shape
from dlrun.shapes.windows import image, move, pool_window, sample


def pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*places, channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, move(layer, sizes, pool_window(layer), "pool_size"), channels))


def global_pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(channels,)`, or to `(1, ..., channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, (1,) * len(sizes) if layer.flag("keepdims") else (), channels))


POOLING: Final[dict[str, Callable[[Layer, Shape], Output]]] = {
    f"{scope}{kind}Pooling{rank}D": function
    for scope, function in (("", pooling), ("Global", global_pooling))
    for kind in ("Average", "Max")
    for rank in (1, 2, 3)
}
