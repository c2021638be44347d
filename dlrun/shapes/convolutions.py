"""Shapes of convolutions: plain, transposed, depthwise and separable, over one to three axes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dlrun.shapes.core import bias
from dlrun.shapes.outputs import Output, Shape, Weight, known, show, unknown
from dlrun.shapes.windows import image, move, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlrun.shapes.layer import Layer


def convolution(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(*places, filters)`."""
    sizes, channels = image(layer, shape, rank)
    filters, groups = layer.whole("filters"), layer.whole("groups")
    (read,) = known((channels,))
    if not layer.has_plain_weights:
        unknown()
    for number, name in ((filters, "filters"), (read, "channels of the input")):
        if number % groups:
            what = f"The {number} {name} cannot be dealt out to {groups} groups."
            layer.refuse(what, f"Choose a number of groups that divides {number}.", "groups")
    kernel = Weight("kernel", (*layer.window("kernel_size", rank), read // groups, filters))
    places = _places(layer, sizes)
    return Output(sample(layer, places, filters), (kernel, *bias(layer, filters)))


def transposed(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(*larger sizes, filters)`."""
    sizes, channels = image(layer, shape, rank)
    filters, window = layer.whole("filters"), layer.window("kernel_size", rank)
    strides, dilation = layer.window("strides", rank), layer.window("dilation_rate", rank)
    more: tuple[int | None, ...] = (None,) * rank
    if layer.value("output_padding") is not None:
        padding = layer.window("output_padding", rank, low=0)
        if any(one >= stride for one, stride in zip(padding, strides, strict=True)):
            what = f"The output padding {show(padding)} must be smaller than the strides "
            layer.refuse(f"{what}{show(strides)}.", "Make it smaller.", "output_padding")
        more = padding
    is_valid = layer.choice("padding", "valid", "same") == "valid"
    grown = tuple(
        None if size is None else _grown(size, (wide - 1) * gap + 1, stride, extra, is_valid)
        for size, wide, gap, stride, extra in zip(
            sizes, window, dilation, strides, more, strict=True
        )
    )
    kernel = Weight("kernel", known((*window, filters, channels)))
    return Output(sample(layer, grown, filters), (kernel, *bias(layer, filters)))


def depthwise(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(*places, depth_multiplier * channels)`."""
    sizes, channels = image(layer, shape, rank)
    depth = layer.whole("depth_multiplier")
    (read,) = known((channels,))
    kernel = Weight("kernel", (*layer.window("kernel_size", rank), read, depth))
    places = _places(layer, sizes)
    return Output(sample(layer, places, depth * read), (kernel, *bias(layer, depth * read)))


def separable(layer: Layer, shape: Shape, *, rank: int) -> Output:
    """`(*sizes, channels)` to `(*places, filters)`, each channel by itself and then mixed."""
    sizes, channels = image(layer, shape, rank)
    depth, filters = layer.whole("depth_multiplier"), layer.whole("filters")
    (read,) = known((channels,))
    window = layer.window("kernel_size", rank)
    kernels = (
        Weight("depthwise_kernel", (*window, read, depth)),
        Weight("pointwise_kernel", (*(1,) * rank, depth * read, filters)),
    )
    places = _places(layer, sizes)
    return Output(sample(layer, places, filters), (*kernels, *bias(layer, filters)))


def _places(layer: Layer, sizes: Shape) -> Shape:
    rank = len(sizes)
    window, gaps = layer.window("kernel_size", rank), layer.window("dilation_rate", rank)
    dilated = tuple((wide - 1) * gap + 1 for wide, gap in zip(window, gaps, strict=True))
    return move(layer, sizes, dilated, layer.window("strides", rank), "kernel_size")


def _grown(size: int, window: int, stride: int, extra: int | None, is_valid: bool) -> int:
    """The size of an axis after a transposed convolution."""
    if is_valid:
        return (size - 1) * stride + (max(window, stride) if extra is None else window + extra)
    return size * stride if extra is None else (size - 1) * stride + window % 2 + extra


LAYERS: Final[dict[str, Callable[[Layer, Shape], Output]]] = {
    **{f"Conv{rank}D": partial(convolution, rank=rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": partial(transposed, rank=rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": partial(depthwise, rank=rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": partial(separable, rank=rank) for rank in (1, 2)},
}
