"""What a window gives that moves over the axes of an image: convolutions and pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dlrun.shapes.outputs import Shape, show

if TYPE_CHECKING:
    from dlrun.shapes.layer import Layer


class Image(NamedTuple):
    """A sample with its channels apart from the other axes."""

    sizes: Shape
    channels: int | None


def image(layer: Layer, shape: Shape, rank: int) -> Image:
    """Take a sample apart; refuses one with another number of axes."""
    layer.expect_rank(shape, rank + 1)
    if layer.is_channels_first:
        return Image(shape[1:], shape[0])
    return Image(shape[:-1], shape[-1])


def sample(layer: Layer, sizes: Shape, channels: int | None) -> Shape:
    """Put a sample together again."""
    return (channels, *sizes) if layer.is_channels_first else (*sizes, channels)


def move(
    layer: Layer, sizes: Shape, window: tuple[int, ...], strides: tuple[int, ...], argument: str
) -> Shape:
    """How many places a window has along each axis.

    Args:
        layer: Whose window it is.
        sizes: The axes that it moves over.
        window: Its sizes, gaps included.
        strides: How far it moves.
        argument: The argument that sets its size.

    Raises:
        MisfitError: It does not fit in.
    """
    if layer.choice("padding", "valid", "same", "causal") != "valid":
        return tuple(
            None if size is None else (size - 1) // stride + 1
            for size, stride in zip(sizes, strides, strict=True)
        )
    places = tuple(
        None if size is None else (size - wide) // stride + 1
        for size, wide, stride in zip(sizes, window, strides, strict=True)
    )
    if any(place is not None and place <= 0 for place in places):
        what = f"A window of {show(window)} does not fit into {show(sizes)}"
        what += f", which is what {layer.type} gets."
        fix = "Make it smaller, use 'padding: same', or shrink the input less before it."
        layer.refuse(what, fix, argument)
    return places
