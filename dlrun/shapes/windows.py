"""What a window gives that moves over the axes of an image: convolutions and pooling."""

from typing import NamedTuple

from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import Shape, each, show


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
