"""Formulas of the layers that read several others."""

from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import numpy as np

from dlrun.formulas.normalizations import UNIT_EPSILON
from dlrun.formulas.working import Weights, Working, formula_of
from dlrun.shapes.layer import Layer


@formula_of("Add", "Average", "Subtract", "Multiply", "Maximum", "Minimum")
def elementwise(layer: Layer, weights: Weights, *xs: Any) -> Working:  # noqa: ARG001
    """Entry by entry."""
    names = [f"x{number}" for number in range(1, len(xs) + 1)]
    function, sign = ENTRIES[layer.type]
    y = reduce(function, xs)
    text = sign.join(names) if sign.strip() else f"{layer.type.lower()}({', '.join(names)})"
    if layer.type == "Average":
        y, text = y / len(xs), f"({text}) / {len(xs)}"
    return Working(y, (f"y = {text}",))


@formula_of("Concatenate")
def concatenate(layer: Layer, weights: Weights, *xs: Any) -> Working:  # noqa: ARG001
    """One behind the other along an axis."""
    axis = layer.axes(xs[0].shape)[0]
    names = ", ".join(f"x{number}" for number in range(1, len(xs) + 1))
    return Working(np.concatenate(list(xs), axis), (f"y = [{names}], one behind the other",))


@formula_of("Dot")
def dot(layer: Layer, weights: Weights, *xs: Any) -> Working:  # noqa: ARG001
    """The sum of products along an axis of each.

    `normalize` makes both of length 1 first, so that the result is the cosine of their angle.
    """
    one, other = xs
    axes = layer.wholes("axes") * 2  # one number stands for both
    first, second = layer.axis(axes[0], one.shape), layer.axis(axes[1], other.shape)
    if layer.flag("normalize"):
        one, other = (
            x / np.sqrt(np.maximum(np.sum(np.square(x), axis=at, keepdims=True), UNIT_EPSILON))
            for x, at in ((one, first), (other, second))
        )
    left, right = np.moveaxis(one, first, -1), np.moveaxis(other, second, -1)
    rows, columns = left.shape[:-1], right.shape[:-1]
    # (rows, 1, terms) times (1, columns, terms), every row with every column
    pairs = left.reshape((-1, 1, left.shape[-1])) * right.reshape((1, -1, right.shape[-1]))
    y = np.sum(pairs, axis=-1).reshape((rows + columns) or (1,))
    words = ", both of length 1" if layer.flag("normalize") else ""
    return Working(y, (f"y = Σ x1[i] · x2[i]{words}",))


ENTRIES: Final[dict[str, tuple[Callable[[Any, Any], Any], str]]] = {
    "Add": (np.add, " + "),
    "Average": (np.add, " + "),
    "Subtract": (np.subtract, " - "),
    "Multiply": (np.multiply, " · "),
    "Maximum": (np.maximum, ""),
    "Minimum": (np.minimum, ""),
}
