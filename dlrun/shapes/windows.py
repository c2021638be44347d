"""What a window gives that moves over the axes of an image: convolutions and pooling."""

from functools import partial
from typing import NamedTuple

from dlrun.shapes.core import bias
from dlrun.shapes.layer import Layer, Output, Shape, Weight, each, known, shape_of, show, unknown


class Window(NamedTuple):
    """How a window moves; every tuple has one number for each axis of the image."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    gaps: tuple[int, ...]  # the distance of neighbours in it; 1 without dilation
    padding: str  # `valid`, `same` or `causal`

    @property
    def reach(self) -> tuple[int, ...]:
        """From its first entry to its last: `(size - 1) · gap + 1`."""
        return tuple((size - 1) * gap + 1 for size, gap in zip(self.sizes, self.gaps, strict=True))

    def places(self, sizes: Shape) -> Shape:
        """Count the places that it has along each axis of an image."""
        # What is padded has a place wherever a window of one entry has one.
        reach = self.reach if self.padding == "valid" else (1,) * len(sizes)
        return each(lambda size, far, by: (size - far) // by + 1, sizes, reach, self.strides)


def kernel_window(layer: Layer) -> Window:
    """Read how the kernel of a convolution moves."""
    names = ("kernel_size", "strides", "dilation_rate")
    sizes, strides, gaps = (layer.window(name, layer.rank) for name in names)
    return Window(sizes, strides, gaps, layer.choice("padding", "valid", "same", "causal"))


def pool_window(layer: Layer) -> Window:
    """Read how the window of a pooling layer moves: by its own size where nothing else is said."""
    sizes = layer.window("pool_size", layer.rank)
    strides = sizes if layer.value("strides") is None else layer.window("strides", layer.rank)
    return Window(sizes, strides, (1,) * layer.rank, layer.choice("padding", "valid", "same"))


def image(layer: Layer, shape: Shape, rank: int | None = None) -> tuple[Shape, int | None]:
    """Take a sample apart: its sizes and its channels; refuses another number of axes."""
    layer.expect_rank(shape, (rank or layer.rank) + 1)
    if layer.is_channels_first:
        return shape[1:], shape[0]
    return shape[:-1], shape[-1]


def sample(layer: Layer, sizes: Shape, channels: int | None) -> Shape:
    """Put a sample together again."""
    return (channels, *sizes) if layer.is_channels_first else (*sizes, channels)


def move(layer: Layer, sizes: Shape, window: Window, argument: str) -> Shape:
    """Count the places that a window has along each axis; `argument` sets its size."""
    places = window.places(sizes)
    if window.padding == "valid" and any(place is not None and place <= 0 for place in places):
        what = f"A window of {show(window.reach)} does not fit into {show(sizes)}"
        what += f", which is what {layer.type} gets."
        fix = "Make it smaller, use 'padding: same', or shrink the input less before it."
        layer.refuse(what, fix, argument)
    return places


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


@shape_of("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D",
          "MaxPooling2D", "MaxPooling3D")  # fmt: skip
def pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(*places, channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, move(layer, sizes, pool_window(layer), "pool_size"), channels))


@shape_of("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
          "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")  # fmt: skip
def global_pooling(layer: Layer, shape: Shape) -> Output:
    """`(*sizes, channels)` to `(channels,)`, or to `(1, ..., channels)`."""
    sizes, channels = image(layer, shape)
    return Output(sample(layer, (1,) * len(sizes) if layer.flag("keepdims") else (), channels))
