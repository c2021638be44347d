"""Shapes of layers that only move, repeat, add or cut entries."""

import math
from operator import mul

from dlrun.shapes.layer import Layer, Output, Shape, each, known, shape_of, show, unknown
from dlrun.shapes.windows import image, sample


@shape_of("Flatten")
def flatten(layer: Layer, shape: Shape) -> Output:  # noqa: ARG001  all layers are called alike
    """`(...)` to `(entries,)`."""
    return Output((_entries(shape),))


@shape_of("Reshape")
def reshape(layer: Layer, shape: Shape) -> Output:
    """`(...)` to `target_shape`, where -1 stands for what is left over."""
    target = layer.value("target_shape")
    if not isinstance(target, list | tuple):
        unknown()
    if None in target:  # Keras takes it as a size that is not known
        return Output(tuple(None if size in (None, -1) else size for size in target))
    sizes = layer.wholes("target_shape")
    if any(size < -1 for size in sizes) or sizes.count(-1) > 1:
        what = f"A target shape has sizes from 0 up and one -1 at most, got {show(sizes)}."
        fix = "Let -1 stand for one size that follows from the others."
        layer.refuse(what, fix, "target_shape")
    entries = _entries(shape)
    if entries is None:
        return Output(tuple(None if size == -1 else size for size in sizes))
    rest = math.prod(size for size in sizes if size != -1)
    if (-1 not in sizes and rest != entries) or (-1 in sizes and (not rest or entries % rest)):
        has = f"{show(sizes)} has {rest}" if -1 not in sizes else f"{show(sizes)} takes {rest} each"
        what = f"The input {layer.got(shape)} has {entries} numbers, but {has}."
        layer.refuse(what, _fitting(entries, sizes), "target_shape")
    return Output(tuple(entries // rest if size == -1 else size for size in sizes))


@shape_of("Permute")
def permute(layer: Layer, shape: Shape) -> Output:
    """The same axes in another order; 1 is the first one of a sample."""
    order = layer.wholes("dims")
    if sorted(order) != list(range(1, len(shape) + 1)):
        wanted = ", ".join(str(number + 1) for number in range(len(shape)))
        what = f"Permute has 'dims: {list(order)}', but its input is {layer.got(shape)}."
        layer.refuse(what, f"Name each of its axes once: {wanted}, in the new order.", "dims")
    return Output(tuple(shape[number - 1] for number in order))


@shape_of("RepeatVector")
def repeat_vector(layer: Layer, shape: Shape) -> Output:
    """`(features,)` to `(n, features)`."""
    layer.expect_rank(shape, 1)
    return Output((layer.whole("n"), shape[0]))


@shape_of("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def padding(layer: Layer, shape: Shape) -> Output:
    """Zeros before and behind each axis."""
    sizes, channels = image(layer, shape)
    margins = layer.margins("padding", layer.rank)
    grown = each(lambda size, margin: size + sum(margin), sizes, margins)
    return Output(sample(layer, grown, channels))


@shape_of("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(layer: Layer, shape: Shape) -> Output:
    """Entries cut off before and behind each axis."""
    sizes, channels = image(layer, shape)
    margins = layer.margins("cropping", layer.rank)
    left = each(lambda size, margin: size - sum(margin), sizes, margins)
    if any(size is not None and size <= 0 for size in left):
        cut = show(tuple(map(sum, margins)))
        what = f"{layer.type} cuts {cut} off {show(sizes)}: nothing is left."
        layer.refuse(what, "Crop less.", "cropping")
    return Output(sample(layer, left, channels))


@shape_of("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(layer: Layer, shape: Shape) -> Output:
    """Each entry several times along each axis."""
    sizes, channels = image(layer, shape)
    grown = each(mul, sizes, layer.window("size", layer.rank))
    return Output(sample(layer, grown, channels))


def _entries(shape: Shape) -> int | None:
    """Count the numbers of a sample; None where a size is not known."""
    return None if None in shape else math.prod(known(shape))


def _fitting(entries: int, sizes: tuple[int, ...]) -> str:
    """Say what to write instead of a target shape of another size."""
    for index in range(len(sizes) - 1, -1, -1):
        others = math.prod((*sizes[:index], *sizes[index + 1 :]))
        if others > 0 and entries % others == 0:
            shown = [*sizes[:index], entries // others, *sizes[index + 1 :]]
            return f"Write such as 'target_shape: {shown}'."
    return f"Choose sizes whose product is {entries}, or use a Flatten layer."
