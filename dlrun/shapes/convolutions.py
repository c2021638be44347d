"""Shapes of convolutions: plain, transposed, depthwise and separable, over one to three axes."""

from functools import partial

from dlrun.shapes.core import bias
from dlrun.shapes.layer import Layer, shape_of
from dlrun.shapes.outputs import Output, Shape, Weight, each, known, show, unknown
from dlrun.shapes.windows import image, kernel_window, move, sample


@shape_of("Conv1D", "Conv2D", "Conv3D")
def convolution(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*places, filters)`."""
    sizes, read = image(layer, shape)
    filters, groups = layer.whole("filters"), layer.whole("groups")
    for number, name in ((filters, "filters"), (read, "channels of the input")):
        if number is not None and number % groups:
            what = f"The {number} {name} cannot be dealt out to {groups} groups."
            layer.refuse(what, f"Choose a number of groups that divides {number}.", "groups")
    window = kernel_window(layer)
    each = None if read is None else read // groups
    kernel = Weight("kernel", (*window.sizes, each, filters))
    places = move(layer, sizes, window, "kernel_size")
    return Output(sample(layer, places, filters), (kernel, *bias(layer, filters)))


@shape_of("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*larger sizes, filters)`."""
    sizes, channels = image(layer, shape)
    filters, window = layer.whole("filters"), kernel_window(layer)
    if window.padding == "causal":
        unknown()
    more: tuple[int | None, ...] = (None,) * layer.rank
    if layer.value("output_padding") is not None:
        more = padding = layer.window("output_padding", layer.rank, low=0)
        if any(one >= stride for one, stride in zip(padding, window.strides, strict=True)):
            what = f"The output padding {show(padding)} must be smaller than the strides "
            layer.refuse(f"{what}{show(window.strides)}.", "Make it smaller.", "output_padding")
    grown = each(partial(_grown, window.padding), sizes, window.reach, window.strides, more)
    kernel = Weight("kernel", (*window.sizes, filters, channels))
    return Output(sample(layer, grown, filters), (kernel, *bias(layer, filters)))


@shape_of("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
def by_channel(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*places, depth_multiplier * channels)`, each channel by itself.

    What is separable mixes them then: `(*places, filters)`.
    """
    sizes, channels = image(layer, shape)
    depth, window = layer.whole("depth_multiplier"), kernel_window(layer)
    (read,) = known((channels,))
    kernel, given = Weight("kernel", (*window.sizes, read, depth)), depth * read
    kernels: tuple[Weight, ...] = (kernel,)
    if layer.type.startswith("Separable"):
        mixing = Weight("pointwise_kernel", (*(1,) * layer.rank, given, layer.whole("filters")))
        kernels, given = (kernel._replace(name="depthwise_kernel"), mixing), layer.whole("filters")
    places = move(layer, sizes, window, "kernel_size")
    return Output(sample(layer, places, given), (*kernels, *bias(layer, given)))


def _grown(padding: str, size: int, reach: int, stride: int, extra: int | None) -> int:
    """Return the size of an axis after a transposed convolution."""
    if padding == "valid":
        return (size - 1) * stride + (max(reach, stride) if extra is None else reach + extra)
    return size * stride if extra is None else (size - 1) * stride + reach % 2 + extra
