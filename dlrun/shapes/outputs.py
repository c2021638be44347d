"""What a layer gives and keeps: the shape of its output, its weights, and why it has neither."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Shape = tuple[int | None, ...]
"""The shape of one sample, without the batch; None for a size that is not known."""


class Weight(NamedTuple):
    """One weight of a layer.

    Attributes:
        name: What Keras calls it, such as `kernel`.
        shape: Its shape.
        trainable: Whether training changes it.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool = True


class Output(NamedTuple):
    """What a layer gives for one sample, and the weights that it keeps, in the order of Keras."""

    shape: Shape
    weights: tuple[Weight, ...] = ()


class MisfitError(Exception):
    """A layer cannot take its input.

    Args:
        what: What was received and what was expected.
        fix: How to mend it.
        argument: The argument of the layer that decides it, such as `layer.units`, or nothing.
    """

    def __init__(self, what: str, fix: str, argument: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.argument = argument


class UnknownShapeError(Exception):
    """What a layer gives cannot be told before the model is built."""


def unknown() -> NoReturn:
    """End the walk here.

    Raises:
        UnknownShapeError: Always.
    """
    raise UnknownShapeError


def known(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """The same sizes, where all of them are known.

    Raises:
        UnknownShapeError: One is not.
    """
    shape = tuple(size for size in sizes if size is not None)
    return shape if len(shape) == len(sizes) else unknown()


def count_parameters(weights: Iterable[Weight], *, trainable: bool | None = None) -> int:
    """Count the numbers in weights.

    Args:
        weights: The weights.
        trainable: Whether to count only those that training changes, or only the others; None
            counts all.
    """
    return sum(
        math.prod(weight.shape) for weight in weights if trainable in (None, weight.trainable)
    )


def show(shape: Iterable[int | None]) -> str:
    """`(8, 8, 1)`, `(3,)`; a size that is not known is `any`."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
