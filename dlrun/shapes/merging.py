"""Shapes of the layers that read several others."""

from typing import Final

from dlrun.shapes.layer import SEVERAL_INPUTS, Layer, Output, Shape, shape_of, unknown

PAIR: Final = 2


@shape_of("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", table=SEVERAL_INPUTS)
def elementwise(layer: Layer, *shapes: Shape) -> Output:
    """Entry by entry; an axis of size 1 is repeated."""
    if layer.type == "Subtract" and len(shapes) != PAIR:
        unknown()
    merged: Shape | None = shapes[0]
    for shape in shapes[1:]:
        merged = _broadcast(merged, shape)
    if merged is None:
        what = f"{layer.type} takes inputs of one shape, got {layer.got(*shapes)}."
        layer.refuse(what, _bring_together(shapes), "inputs")
    return Output(merged)


@shape_of("Concatenate", table=SEVERAL_INPUTS)
def concatenate(layer: Layer, *shapes: Shape) -> Output:
    """One behind the other along an axis."""
    axis = layer.whole("axis", low=-100)
    ranks = {len(shape) for shape in shapes}
    if len(ranks) > 1:
        what = f"Concatenate takes inputs with equally many axes, got {layer.got(*shapes)}."
        layer.refuse(what, "Put a Flatten or a Reshape layer before one of them.", "inputs")
    at = layer.axis(axis, shapes[0])
    others = [(*shape[:at], *shape[at + 1 :]) for shape in shapes]
    if any(len(set(sizes) - {None}) > 1 for sizes in zip(*others, strict=True)):
        what = f"Concatenate takes inputs that differ along axis {axis} only, "
        fix = "Choose another axis, or bring the inputs to one size."
        layer.refuse(f"{what}got {layer.got(*shapes)}.", fix, "inputs")
    numbers = [shape[at] for shape in shapes]
    total = None if None in numbers else sum(number or 0 for number in numbers)
    return Output((*shapes[0][:at], total, *shapes[0][at + 1 :]))


@shape_of("Dot", table=SEVERAL_INPUTS)
def dot(layer: Layer, *shapes: Shape) -> Output:
    """The sum of products along an axis of each."""
    axes = layer.wholes("axes")
    pair = axes * PAIR if len(axes) == 1 else axes  # one number stands for both
    if len(pair) != PAIR or len(shapes) != PAIR:
        unknown()
    first, second = (
        layer.axis(axis, shape, "axes") for axis, shape in zip(pair, shapes, strict=True)
    )
    if shapes[0][first] != shapes[1][second]:
        what = f"Dot sums along axes of one size, got {layer.got(*shapes)}."
        layer.refuse(what, "Choose other axes, or bring the inputs to one size.", "axes")
    left = (*shapes[0][:first], *shapes[0][first + 1 :])
    right = (*shapes[1][:second], *shapes[1][second + 1 :])
    return Output((left + right) or (1,))


def _broadcast(one: Shape | None, other: Shape) -> Shape | None:
    """Return the shape of both together; None where they do not fit."""
    if one is None:
        return None
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    merged = list(longer[: len(longer) - len(shorter)])
    for left, right in zip(longer[len(merged) :], shorter, strict=True):
        if left is None or right is None:
            merged.append(None)
        elif 1 not in (left, right) and left != right:
            return None
        else:
            merged.append(right if left == 1 else left)
    return tuple(merged)


def _bring_together(shapes: tuple[Shape, ...]) -> str:
    """Say which layers can bring inputs to one shape."""
    if len({len(shape) for shape in shapes}) > 1:
        return "Put a Flatten or a Reshape layer before one of them."
    if len({shape[:-1] for shape in shapes}) == 1:
        layer = "a Dense layer" if len(shapes[0]) == 1 else "a convolution of kernel_size 1"
        return f"Bring them to one width, such as with {layer} before one of them."
    return "Bring them to one size, such as with 'padding: same' or a pooling layer."
