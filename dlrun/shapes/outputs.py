"""What a layer gives and keeps: the shape of its output, its weights, and why it has neither."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, NoReturn

Shape = tuple[int | None, ...]
"""The shape of one sample, without the batch; None for a size that is not known."""


class Weight(NamedTuple):
    """One weight of a layer, by Keras's name; a size is None only where the input is not known."""

    name: str
    shape: Shape
    trainable: bool = True


class Output(NamedTuple):
    """What a layer gives for one sample, and the weights that it keeps, in the order of Keras."""

    shape: Shape
    weights: tuple[Weight, ...] = ()


class MisfitError(Exception):
    """A layer cannot take its input; `argument`, such as `layer.units`, decides it, or nothing."""

    def __init__(self, what: str, fix: str, argument: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.argument = argument


class UnknownShapeError(Exception):
    """What a layer gives cannot be told before the model is built."""


def unknown() -> NoReturn:
    """End the walk here, by an `UnknownShapeError`."""
    raise UnknownShapeError


def known(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """Return the same sizes; ends the walk where one is not known."""
    shape = tuple(size for size in sizes if size is not None)
    return shape if len(shape) == len(sizes) else unknown()


def each(function: Callable[..., int], sizes: Shape, *others: Iterable[Any]) -> Shape:
    """Apply a function to every size, and to what stands beside it in others; None stays None."""
    rows = zip(sizes, *others, strict=True)
    return tuple(None if size is None else function(size, *rest) for size, *rest in rows)


def count_parameters(weights: Iterable[Weight], *, trainable: bool | None = None) -> int:
    """Count the numbers in the weights that training changes, in the others, or (None) in all."""
    return sum(
        math.prod(known(weight.shape))
        for weight in weights
        if trainable in (None, weight.trainable)
    )


def show(shape: Iterable[int | None]) -> str:
    """Write `(8, 8, 1)`, `(3,)`; a size that is not known is `any`."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
